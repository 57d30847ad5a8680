//! `[[source]]`: what is configured about single sources; `[redaction]`: about secrets of all.

use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use regex::Regex;
use toml::Spanned;

use super::document::{Reader, Table, Value, Written};
use super::schema;
use crate::decode::{LineFormat, LinePattern};
use crate::event::{LogSource, PathId, Zone, canonical};
use crate::glob;
use crate::normalize::{FieldTarget, Network, Options, Overrides, Redaction};
use crate::sigma::diagnostic::did_you_mean;

/// What is configured about the sources that some patterns match.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    pub paths: Vec<SourcePath>,
    pub format: LineFormat,
    pub zone: Option<Zone>,
    pub year: Option<i32>,
    pub overrides: Overrides,
    pub redaction: RedactionConfig,
    /// Line of the configuration.
    pub line: u32,
    pub written: Vec<Written>,
}

/// A pattern over the paths of sources.
#[derive(Clone, Debug)]
pub struct SourcePath {
    /// As [`crate::config`] resolves paths; `-` is standard input.
    pub pattern: PathBuf,
    matcher: GlobMatcher,
}

/// Secrets that nobody could know of.
#[derive(Clone, Debug, Default)]
pub struct RedactionConfig {
    pub fields: Vec<String>,
    pub patterns: Vec<Regex>,
    pub written: Vec<Written>,
}

impl RedactionConfig {
    /// `known` and what is configured beside it.
    #[must_use]
    pub fn applied(&self, mut known: Redaction) -> Redaction {
        known.names.extend(self.fields.iter().cloned());
        known.patterns.extend(self.patterns.iter().cloned());
        known
    }

    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Self {
        let Some(table) = reader.table(value, "redaction") else { return Self::default() };
        reader.check_keys(table, "redaction", &schema::keys("redaction"));
        let mut found = Self { written: reader.written(table), ..Self::default() };
        if let Some(value) = table.get("fields") {
            found.fields = reader.texts(value, "fields").into_iter().map(Spanned::into_inner).collect();
        }
        if let Some(value) = table.get("patterns") {
            let texts = reader.texts(value, "patterns");
            found.patterns = texts.iter().filter_map(|text| secret_pattern(reader, text)).collect();
        }
        found
    }
}

fn secret_pattern(reader: &mut Reader<'_>, text: &Spanned<String>) -> Option<Regex> {
    match Regex::new(text.get_ref()) {
        Ok(pattern) if pattern.is_match("") => {
            let hint = "say what the secret looks like, for example `KD-\\d{8}`";
            reader.error_hint(text.span(), "the pattern matches the empty text", hint);
            None
        }
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let text_of_error = error.to_string();
            let reason = text_of_error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            reader.error(text.span(), format!("not a regular expression: {reason}"));
            None
        }
    }
}

/// How the reader calls standard input.
const STDIN: &str = "(stdin)";

impl SourcePath {
    fn read(reader: &mut Reader<'_>, text: &Spanned<String>) -> Option<Self> {
        let written = text.get_ref();
        let pattern = match written.as_str() {
            "-" => PathBuf::from("-"),
            written if written.starts_with("**/") => PathBuf::from(written),
            _ => reader.path(text),
        };
        let glob = if written == "-" { STDIN.to_owned() } else { pattern.to_string_lossy().into_owned() };
        match glob::compile(&glob) {
            Ok(matcher) => Some(Self { pattern, matcher }),
            Err(reason) => {
                reader.error(text.span(), format!("`{written}` is not a pattern: {reason}"));
                None
            }
        }
    }

    /// Whether the pattern says by itself where to look.
    fn is_watched(&self) -> bool {
        !self.pattern.starts_with("**")
    }

    fn matches(&self, path: &Path) -> bool {
        self.matcher.is_match(path)
            || (!self.pattern.starts_with("-")
                && path.ancestors().skip(1).any(|folder| folder == self.pattern))
    }
}

impl SourceConfig {
    /// Whether the source at `path` is meant.
    #[must_use]
    pub fn is_about(&self, path: &str) -> bool {
        let path = Path::new(path);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.paths.iter().any(|pattern| pattern.matches(&absolute) || pattern.matches(path))
    }

    /// What `watch` reads when no path is named.
    pub fn watched(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().filter(|path| path.is_watched()).map(|path| path.pattern.as_path())
    }

    /// How events of the source are normalised, given how all others are.
    #[must_use]
    pub fn options(&self, others: &Options) -> Options {
        Options {
            zone: self.zone.unwrap_or(others.zone),
            year: self.year.or(others.year),
            redaction: self.redaction.applied(others.redaction.clone()),
            overrides: Some(self.overrides.clone()),
            ..others.clone()
        }
    }

    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Option<Self> {
        let table = reader.table(value, "source")?;
        reader.check_keys(table, "source", &schema::keys("source"));
        let Some(paths) = table.get("paths") else {
            reader.error_hint(
                value.span(),
                "this source has no `paths`",
                "say which files are meant: `paths = [\"/var/log/app/*.log\"]`",
            );
            return None;
        };
        let texts = reader.texts(paths, "paths");
        let line = reader.position(&paths.span()).line;
        let paths = texts.iter().filter_map(|text| SourcePath::read(reader, text)).collect();
        Some(Self {
            paths,
            format: format(reader, table),
            zone: table.get("timezone").and_then(|value| zone(reader, value)),
            year: table.get("year").and_then(|value| {
                let year = reader.integer(value, "year", 1970..=2200)?;
                i32::try_from(year).ok()
            }),
            overrides: overrides(reader, table),
            redaction: table
                .get("redaction")
                .map(|value| RedactionConfig::read(reader, value))
                .unwrap_or_default(),
            line,
            written: reader.written(table),
        })
    }
}

/// `format`, or the `pattern` that is one.
fn format<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> LineFormat {
    if let Some(value) = table.get("pattern") {
        if let Some(format) = table.get("format").filter(|format| format.get_ref().as_str() != Some("auto")) {
            reader.error(format.span(), "a source has a `format` or a `pattern`, not both");
        }
        let Some(text) = reader.text(value, "pattern") else { return LineFormat::default() };
        return match LinePattern::new(&text) {
            Ok(pattern) => LineFormat::Pattern(pattern),
            Err(error) => {
                reader.error(value.span(), error.to_string());
                LineFormat::default()
            }
        };
    }
    let Some(value) = table.get("format") else { return LineFormat::default() };
    let Some(word) = reader.text(value, "format") else { return LineFormat::default() };
    let known = [LineFormat::Recognised, LineFormat::Json, LineFormat::Logfmt, LineFormat::Plain];
    let words = known.each_ref().map(LineFormat::word);
    known.into_iter().find(|format| format.word() == word).unwrap_or_else(|| {
        let hint = did_you_mean(&word, words).unwrap_or_else(|| {
            format!("known are {}; another one can be described by `pattern`", words.join(", "))
        });
        reader.error_hint(value.span(), format!("unknown format `{word}`"), hint);
        LineFormat::default()
    })
}

fn zone<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Option<Zone> {
    let name = reader.text(value, "timezone")?;
    let zone = Zone::parse(&name);
    if zone.is_none() {
        let city = |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name));
        let hint = Zone::names()
            .find(city)
            .map(|zone| format!("did you mean `{zone}`?"))
            .or_else(|| did_you_mean(&name, Zone::names()))
            .unwrap_or_else(|| "for example `Europe/Berlin`, `UTC` or `+02:00`".to_owned());
        reader.error_hint(value.span(), format!("unknown time zone `{name}`"), hint);
    }
    zone
}

fn overrides<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Overrides {
    let mut overrides = Overrides::default();
    if let Some(fields) = table.get("fields").and_then(|value| reader.table(value, "fields")) {
        read_fields(reader, "", fields, &mut overrides.fields);
    }
    if let Some(ids) = table.get("correlation").and_then(|value| reader.table(value, "correlation")) {
        reader.check_keys(ids, "correlation", &["use", "never"]);
        let mut names = |key: &str| {
            let texts = ids.get(key).map(|value| reader.texts(value, key)).unwrap_or_default();
            texts.into_iter().map(Spanned::into_inner).collect()
        };
        overrides.id_fields = names("use");
        overrides.never_ids = names("never");
    }
    if let Some(source) = table.get("logsource").and_then(|value| reader.table(value, "logsource")) {
        reader.check_keys(source, "logsource", &["category", "product", "service"]);
        let mut part = |key: &str| source.get(key).and_then(|value| reader.text(value, key)).map(Into::into);
        overrides.logsource =
            LogSource { category: part("category"), product: part("product"), service: part("service") };
    }
    if let Some(value) = table.get("proxies") {
        let texts = reader.texts(value, "proxies");
        overrides.proxies = texts.iter().filter_map(|text| network(reader, text)).collect();
    }
    if let Some(defaults) = table.get("defaults").and_then(|value| reader.table(value, "defaults")) {
        overrides.defaults = read_defaults(reader, defaults);
    }
    overrides
}

pub(super) fn network(reader: &mut Reader<'_>, text: &Spanned<String>) -> Option<Network> {
    let network = Network::parse(text.get_ref());
    if network.is_none() {
        let problem = format!("`{}` is not an address or network", text.get_ref());
        reader.error_hint(text.span(), problem, "for example `203.0.113.7` or `203.0.113.0/24`");
    }
    network
}

/// `"vendor name" = "canonical name"`; what stands in tables has dotted names, as in the log.
fn read_fields<'t>(
    reader: &mut Reader<'t>,
    prefix: &str,
    table: &Table<'t>,
    found: &mut Vec<(String, FieldTarget)>,
) {
    for (name, value) in table {
        let name = format!("{prefix}{}", name.get_ref());
        if let Some(inner) = value.get_ref().as_table() {
            read_fields(reader, &format!("{name}."), inner, found);
            continue;
        }
        let Some(target) = reader.text(value, &name) else { continue };
        match FieldTarget::parse(&target) {
            Some(target) => found.push((name, target)),
            None => {
                let hint = did_you_mean(&target, FieldTarget::names())
                    .unwrap_or_else(|| "canonical fields are listed in docs/configuration.md".to_owned());
                reader.error_hint(value.span(), format!("`{target}` is not a canonical field"), hint);
            }
        }
    }
}

/// Fields that a source may leave out because they are always the same.
const DEFAULTS: [PathId; 3] = [canonical::SERVICE_NAME, canonical::SERVICE_ENVIRONMENT, canonical::HOST_NAME];

fn read_defaults<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Vec<(PathId, String)> {
    let names = DEFAULTS.map(|path| canonical::NAMES.get(path.index()).copied().unwrap_or_default());
    reader.check_keys(table, "defaults", &names);
    let known = names.iter().zip(DEFAULTS);
    known.filter_map(|(name, path)| Some((path, reader.text(table.get(*name)?, name)?))).collect()
}
