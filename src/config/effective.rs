//! The configuration in force, as TOML with a remark on each line that says who decided it.

use std::fmt::{Display, Write};
use std::path::Path;

use super::document::Written;
use super::settings::{Config, Origin, Setting};
use crate::event::quantity;

/// What is in force. `data_dir` is the folder of the index as resolved, if there is one.
#[must_use]
pub fn effective(config: &Config, data_dir: Option<&Path>) -> String {
    let mut page = Page::default();
    match &config.file {
        Some(file) => page.line(&format!("# {}{}", file.value.display(), named_by(file.origin))),
        None => page.line("# no configuration file"),
    }
    page.section("rules");
    page.setting("paths", &config.rules.paths, |paths| match paths.as_slice() {
        [] => "[]".to_owned(),
        paths => list(paths.iter().map(|path| quoted(&path.display()))),
    });
    page.setting("bundled", &config.rules.bundled, bool::to_string);
    page.setting("routing", &config.rules.routing, bool::to_string);
    page.setting("vocabulary", &config.rules.vocabulary, |paths| match paths.as_slice() {
        [] => "[]".to_owned(),
        paths => list(paths.iter().map(|path| quoted(&path.display()))),
    });
    page.lists(config);
    page.networks(config);
    page.benign(config);
    page.sources(config);
    page.redaction(config);
    page.section("store");
    page.setting("data_dir", &config.store.data_dir, |folder| {
        quoted(&folder.as_deref().or(data_dir).unwrap_or(Path::new("")).display())
    });
    if let Some(size) = config.store.memory.value {
        page.setting("memory", &config.store.memory, |_| quoted(&quantity::size_text(size)));
    }
    page.section("retention");
    if let Some(age) = config.retention.age.value {
        page.setting("age", &config.retention.age, |_| quoted(&quantity::span_text(age)));
    }
    if let Some(size) = config.retention.max_size.value {
        page.setting("max_size", &config.retention.max_size, |_| quoted(&quantity::size_text(size)));
    }
    if let Some(size) = config.retention.keep_free.value {
        page.setting("keep_free", &config.retention.keep_free, |_| quoted(&quantity::size_text(size)));
    }
    page.section("screen");
    page.setting("fps", &config.screen.frames_per_second, u16::to_string);
    page.setting("ascii", &config.screen.ascii, bool::to_string);
    page.setting("no_motion", &config.screen.no_motion, bool::to_string);
    page.setting("theme", &config.screen.theme, quoted);
    page.setting("mouse", &config.screen.mouse, bool::to_string);
    page.bindings(config);
    page.0
}

fn named_by(origin: Origin) -> String {
    match origin {
        Origin::Flag(name) | Origin::Environment(name) => format!(" ({name})"),
        Origin::File(_) | Origin::Default => String::new(),
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.line(&format!("\n[{name}]"));
    }

    fn setting<T>(&mut self, name: &str, setting: &Setting<T>, show: impl FnOnce(&T) -> String) {
        self.value(name, &show(&setting.value), setting.origin);
    }

    fn value(&mut self, name: &str, value: &str, origin: Origin) {
        let setting = format!("{name} = {value}");
        let origin = match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(line) => format!("file, line {line}"),
            Origin::Environment(name) => format!("environment {name}"),
            Origin::Flag(name) => format!("flag {name}"),
        };
        self.line(&format!("{setting:<40} # {origin}"));
    }

    /// Paths as they are understood, the rest as it is written.
    fn sources(&mut self, config: &Config) {
        for source in &config.sources {
            self.line("\n[[source]]");
            let paths = list(source.paths.iter().map(|path| quoted(&path.pattern.display())));
            self.value("paths", &paths, Origin::File(source.line));
            self.written(source.written.iter().filter(|written| written.key != "paths"));
        }
    }

    fn benign(&mut self, config: &Config) {
        for known in &config.benign {
            self.line("\n[[benign]]");
            self.value("name", &quoted(&known.benign.name), Origin::File(known.line));
            self.written(known.written.iter().filter(|written| written.key != "name"));
        }
    }

    fn redaction(&mut self, config: &Config) {
        if !config.redaction.written.is_empty() {
            self.section("redaction");
            self.written(config.redaction.written.iter());
        }
    }

    fn written<'w>(&mut self, all: impl Iterator<Item = &'w Written>) {
        all.for_each(|written| self.value(&written.key, &written.value, Origin::File(written.line)));
    }

    fn lists(&mut self, config: &Config) {
        if config.lists.iter().next().is_none() {
            return;
        }
        self.section("lists");
        for (name, found) in config.lists.iter() {
            let values = list(found.values.iter().map(quoted));
            self.value(&key(name), &values, Origin::File(found.line));
        }
    }

    fn bindings(&mut self, config: &Config) {
        if config.keys.iter().next().is_none() {
            return;
        }
        self.section("keys");
        for binding in config.keys.iter() {
            let keys = list(binding.keys.iter().map(quoted));
            self.value(&key(&binding.action), &keys, Origin::File(binding.at.line));
        }
    }

    fn networks(&mut self, config: &Config) {
        if config.networks.iter().next().is_none() {
            return;
        }
        self.section("networks");
        for named in config.networks.iter() {
            let values = list(named.written.iter().map(quoted));
            self.value(&key(&named.name), &values, Origin::File(named.line));
        }
    }
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// A key, in quotes where TOML needs them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(&name) }
}

/// A text as TOML writes it.
fn quoted(value: &impl Display) -> String {
    let mut text = String::from("\"");
    for c in value.to_string().chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => drop(write!(text, "\\u{:04X}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
