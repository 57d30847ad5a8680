//! The configuration: flags, environment, one file and defaults, resolved once into typed values.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};
use toml::Spanned;

use super::benign::BenignConfig;
use super::bindings::KeyBindings;
use super::document::{Reader, Table, Value};
use super::lists::Lists;
use super::networks::NamedNetworks;
use super::schema;
use super::source::{RedactionConfig, SourceConfig};
use crate::event::{Nanos, quantity};
use crate::sigma::Diagnostic;

/// Read when the user has no file of their own.
const SYSTEM_FILE: &str = "/etc/soctop/config.toml";

/// What the command line says; `None` and empty: nothing.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub rules: Vec<PathBuf>,
    pub only_rules: Vec<PathBuf>,
    pub vocabulary: Vec<PathBuf>,
    pub routing: Option<bool>,
    pub data_dir: Option<PathBuf>,
    pub retain: Option<Nanos>,
    pub max_size: Option<u64>,
    pub keep_free: Option<u64>,
    pub memory: Option<u64>,
    pub fps: Option<u16>,
    pub ascii: Option<bool>,
    pub no_motion: Option<bool>,
}

/// What the environment says. An empty variable says nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub no_motion: Option<bool>,
}

impl Environment {
    /// `SOCTOP_CONFIG`, `SOCTOP_DATA_DIR`, `NO_MOTION`.
    #[must_use]
    pub fn read() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        Self {
            config: variable("SOCTOP_CONFIG").map(PathBuf::from),
            data_dir: variable("SOCTOP_DATA_DIR").map(PathBuf::from),
            no_motion: variable("NO_MOTION").map(|value| !is_falsy(&value.to_string_lossy())),
        }
    }
}

fn is_falsy(word: &str) -> bool {
    ["n", "no", "f", "false", "off", "0"].iter().any(|falsy| word.eq_ignore_ascii_case(falsy))
}

/// Who decided a value, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Default,
    /// The configuration file, at this line.
    File(u32),
    Environment(&'static str),
    Flag(&'static str),
}

/// A value and who decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub(super) fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Takes over what the environment says, if anything.
    fn environment(self, name: &'static str, value: Option<T>) -> Self {
        value.map_or(self, |value| Self { value, origin: Origin::Environment(name) })
    }

    /// Takes over what the command line says, if anything.
    fn flag(self, name: &'static str, value: Option<T>) -> Self {
        value.map_or(self, |value| Self { value, origin: Origin::Flag(name) })
    }
}

/// Everything that can be configured, with flag > environment > file > default applied.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read, if there is one, and who named it.
    pub file: Option<Setting<PathBuf>>,
    pub rules: RuleConfig,
    pub lists: Lists,
    pub networks: NamedNetworks,
    pub sources: Vec<SourceConfig>,
    /// What is known to be harmless.
    pub benign: Vec<BenignConfig>,
    pub redaction: RedactionConfig,
    pub store: StoreConfig,
    pub retention: RetentionConfig,
    pub screen: ScreenConfig,
    pub keys: KeyBindings,
}

/// `[rules]`
#[derive(Clone, Debug)]
pub struct RuleConfig {
    /// Files and folders that add to the bundled rules.
    pub paths: Setting<Vec<PathBuf>>,
    /// The bundled rules run, too.
    pub bundled: Setting<bool>,
    pub routing: Setting<bool>,
    /// Files and folders with the words of more products.
    pub vocabulary: Setting<Vec<PathBuf>>,
}

/// `[store]`
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `None`: the default, which needs a home folder (see [`super::data_dir`]).
    pub data_dir: Setting<Option<PathBuf>>,
    /// Bytes that soctop may take; `None`: what is usual.
    pub memory: Setting<Option<u64>>,
}

/// `[retention]`: what of the index is kept; `None` is everything.
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// Since it was read.
    pub age: Setting<Option<Nanos>>,
    /// Bytes of the data directory.
    pub max_size: Setting<Option<u64>>,
    /// Bytes of its file system that stay free; `None`: what is right for its size.
    pub keep_free: Setting<Option<u64>>,
}

/// `[screen]`
#[derive(Clone, Debug)]
pub struct ScreenConfig {
    pub frames_per_second: Setting<u16>,
    pub ascii: Setting<bool>,
    pub no_motion: Setting<bool>,
    /// Name of the colours.
    pub theme: Setting<String>,
    pub mouse: Setting<bool>,
}

/// Names that `theme` takes.
pub const THEMES: [&str; 6] = ["terminal", "dark", "light", "high-contrast", "colour-blind", "monochrome"];

impl Default for Config {
    fn default() -> Self {
        Self {
            file: None,
            rules: RuleConfig {
                paths: Setting::default(Vec::new()),
                bundled: Setting::default(true),
                routing: Setting::default(true),
                vocabulary: Setting::default(Vec::new()),
            },
            lists: Lists::default(),
            networks: NamedNetworks::default(),
            keys: KeyBindings::default(),
            sources: Vec::new(),
            benign: Vec::new(),
            redaction: RedactionConfig::default(),
            store: StoreConfig { data_dir: Setting::default(None), memory: Setting::default(None) },
            retention: RetentionConfig {
                age: Setting::default(None),
                max_size: Setting::default(None),
                keep_free: Setting::default(None),
            },
            screen: ScreenConfig {
                frames_per_second: Setting::default(10),
                ascii: Setting::default(false),
                no_motion: Setting::default(false),
                theme: Setting::default("terminal".to_owned()),
                mouse: Setting::default(true),
            },
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration `{path}`")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Each mistake with its place.
    #[error("the configuration `{path}` cannot be used")]
    Mistakes { path: PathBuf, diagnostics: Vec<Diagnostic> },
}

impl Config {
    /// Resolves everything. Reads the configuration file and the files of lists; no rule is opened.
    ///
    /// # Errors
    /// When the file that was named does not exist, one cannot be read, or it has mistakes. A mistake
    /// never leaves a part of the configuration in force.
    pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let mut config = match find_file(flags, environment) {
            None => Self::default(),
            Some(file) => Self::read(file)?,
        };
        config.override_with(flags, environment);
        Ok(config)
    }

    /// Files whose change changes the configuration.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let own = self.file.iter().map(|file| file.value.as_path());
        own.chain(self.lists.files())
    }

    fn read(file: Setting<PathBuf>) -> Result<Self, ConfigError> {
        let path = file.value.clone();
        let text = super::read::read_text(&path)
            .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        let home = etcetera::home_dir().ok();
        let mut reader = Reader::new(&path, &text, home.as_deref());
        let mut config = Self { file: Some(file), ..Self::default() };
        let root = reader.parse();
        config.fill(&mut reader, &root);
        let mut diagnostics = reader.diagnostics;
        if diagnostics.is_empty() {
            return Ok(config);
        }
        diagnostics.sort_by(|a, b| a.at.cmp(&b.at));
        Err(ConfigError::Mistakes { path, diagnostics })
    }

    fn fill<'t>(&mut self, reader: &mut Reader<'t>, root: &Table<'t>) {
        let sections: Vec<&str> = schema::SECTIONS.iter().map(|section| section.name).collect();
        reader.check_keys(root, "", &sections);
        if let Some(table) = section(reader, root, "rules") {
            self.rules.fill(reader, table);
        }
        if let Some(value) = root.get("lists") {
            self.lists = Lists::read(reader, value);
        }
        if let Some(value) = root.get("networks") {
            self.networks = NamedNetworks::read(reader, value);
        }
        if let Some(value) = root.get("source") {
            let sources = reader.list(value, "source");
            self.sources = sources.iter().filter_map(|value| SourceConfig::read(reader, value)).collect();
        }
        if let Some(value) = root.get("benign") {
            let all = reader.list(value, "benign");
            self.benign = all.iter().filter_map(|value| BenignConfig::read(reader, value)).collect();
        }
        if let Some(value) = root.get("redaction") {
            self.redaction = RedactionConfig::read(reader, value);
        }
        if let Some(table) = section(reader, root, "store") {
            self.store.fill(reader, table);
        }
        if let Some(table) = section(reader, root, "retention") {
            self.retention.fill(reader, table);
        }
        if let Some(table) = section(reader, root, "screen") {
            self.screen.fill(reader, table);
        }
        if let Some(value) = root.get("keys") {
            self.keys = KeyBindings::read(reader, value);
        }
    }

    fn override_with(&mut self, flags: &Flags, environment: &Environment) {
        let named = |paths: Vec<PathBuf>| Some(paths).filter(|paths| !paths.is_empty());
        let only =
            named([&flags.only_rules[..], &flags.rules].concat()).filter(|_| !flags.only_rules.is_empty());
        replace(&mut self.rules.bundled, |bundled| {
            bundled.flag("--only-rules", only.as_ref().map(|_| false))
        });
        replace(&mut self.rules.paths, |paths| {
            paths.flag("--rules", named(flags.rules.clone())).flag("--only-rules", only)
        });
        replace(&mut self.rules.routing, |routing| routing.flag("--no-routing", flags.routing));
        let vocabulary = (!flags.vocabulary.is_empty()).then(|| flags.vocabulary.clone());
        replace(&mut self.rules.vocabulary, |paths| paths.flag("--vocabulary", vocabulary));
        replace(&mut self.store.data_dir, |folder| {
            let named = environment.data_dir.clone();
            folder
                .environment("SOCTOP_DATA_DIR", named.map(Some))
                .flag("--data-dir", flags.data_dir.clone().map(Some))
        });
        replace(&mut self.store.memory, |size| size.flag("--memory", flags.memory.map(Some)));
        replace(&mut self.retention.age, |age| age.flag("--retain", flags.retain.map(Some)));
        replace(&mut self.retention.max_size, |size| size.flag("--max-size", flags.max_size.map(Some)));
        replace(&mut self.retention.keep_free, |size| size.flag("--keep-free", flags.keep_free.map(Some)));
        replace(&mut self.screen.frames_per_second, |fps| fps.flag("--fps", flags.fps));
        replace(&mut self.screen.ascii, |ascii| ascii.flag("--ascii", flags.ascii));
        replace(&mut self.screen.no_motion, |still| {
            still.environment("NO_MOTION", environment.no_motion).flag("--no-motion", flags.no_motion)
        });
    }
}

fn replace<T: Clone>(setting: &mut Setting<T>, with: impl FnOnce(Setting<T>) -> Setting<T>) {
    *setting = with(setting.clone());
}

/// The table of a section, its keys checked.
fn section<'v, 't>(reader: &mut Reader<'t>, root: &'v Table<'t>, name: &str) -> Option<&'v Table<'t>> {
    let table = reader.table(root.get(name)?, name)?;
    reader.check_keys(table, name, &schema::keys(name));
    Some(table)
}

/// Sets a value that the file has under `key`, if `read` accepts it.
fn set<'t, T>(
    setting: &mut Setting<T>,
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    key: &str,
    read: impl FnOnce(&mut Reader<'t>, &Value<'t>) -> Option<T>,
) {
    let Some(value) = table.get(key) else { return };
    let line = reader.position(&value.span()).line;
    if let Some(value) = read(reader, value) {
        *setting = Setting { value, origin: Origin::File(line) };
    }
}

impl RuleConfig {
    fn fill<'t>(&mut self, reader: &mut Reader<'t>, table: &Table<'t>) {
        for (setting, key) in [(&mut self.paths, "paths"), (&mut self.vocabulary, "vocabulary")] {
            set(setting, reader, table, key, |reader, value| {
                let texts: Vec<Spanned<String>> = reader.texts(value, key);
                Some(texts.iter().map(|text| reader.path(text)).collect())
            });
        }
        set(&mut self.bundled, reader, table, "bundled", |reader, value| reader.boolean(value, "bundled"));
        set(&mut self.routing, reader, table, "routing", |reader, value| reader.boolean(value, "routing"));
    }
}

impl StoreConfig {
    fn fill<'t>(&mut self, reader: &mut Reader<'t>, table: &Table<'t>) {
        set(&mut self.data_dir, reader, table, "data_dir", |reader, value| {
            let text = Spanned::new(value.span(), reader.text(value, "data_dir")?);
            Some(Some(reader.path(&text)))
        });
        set(&mut self.memory, reader, table, "memory", |reader, value| {
            quantity_of(reader, value, "memory", quantity::size).map(Some)
        });
    }
}

impl RetentionConfig {
    fn fill<'t>(&mut self, reader: &mut Reader<'t>, table: &Table<'t>) {
        set(&mut self.age, reader, table, "age", |reader, value| {
            quantity_of(reader, value, "age", quantity::span).map(Some)
        });
        set(&mut self.max_size, reader, table, "max_size", |reader, value| {
            quantity_of(reader, value, "max_size", quantity::size).map(Some)
        });
        set(&mut self.keep_free, reader, table, "keep_free", |reader, value| {
            quantity_of(reader, value, "keep_free", quantity::size).map(Some)
        });
    }
}

/// A number with its unit.
fn quantity_of<'t, T>(
    reader: &mut Reader<'t>,
    value: &Value<'t>,
    what: &str,
    read: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let text = reader.text(value, what)?;
    match read(&text) {
        Ok(read) => Some(read),
        Err(message) => {
            reader.error(value.span(), format!("`{what}`: {message}"));
            None
        }
    }
}

impl ScreenConfig {
    fn fill<'t>(&mut self, reader: &mut Reader<'t>, table: &Table<'t>) {
        set(&mut self.frames_per_second, reader, table, "fps", |reader, value| {
            let fps = reader.integer(value, "fps", 1..=30)?;
            u16::try_from(fps).ok()
        });
        set(&mut self.ascii, reader, table, "ascii", |reader, value| reader.boolean(value, "ascii"));
        set(&mut self.no_motion, reader, table, "no_motion", |reader, value| {
            reader.boolean(value, "no_motion")
        });
        set(&mut self.theme, reader, table, "theme", theme);
        set(&mut self.mouse, reader, table, "mouse", |reader, value| reader.boolean(value, "mouse"));
    }
}

fn theme<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Option<String> {
    let name = reader.text(value, "theme")?;
    if THEMES.contains(&name.as_str()) {
        return Some(name);
    }
    reader.error_hint(
        value.span(),
        format!("there is no theme `{name}`"),
        format!("known: {}", THEMES.join(", ")),
    );
    None
}

/// The file to read: the one that was named, else the user's, else the system's, if there is one.
fn find_file(flags: &Flags, environment: &Environment) -> Option<Setting<PathBuf>> {
    if let Some(path) = &flags.config {
        return Some(Setting { value: path.clone(), origin: Origin::Flag("--config") });
    }
    if let Some(path) = &environment.config {
        return Some(Setting { value: path.clone(), origin: Origin::Environment("SOCTOP_CONFIG") });
    }
    let own = choose_base_strategy().ok().map(|base| base.config_dir().join("soctop/config.toml"));
    let candidates = own.into_iter().chain([PathBuf::from(SYSTEM_FILE)]);
    candidates.into_iter().find(|path| path.exists()).map(Setting::default)
}
