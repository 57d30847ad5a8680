//! A TOML file as tables that know where everything stands, so that every mistake is reported with its
//! place, all of them at once.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::event::number::to_u32;
use crate::sigma::Diagnostic;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::rule::Position;

pub(super) type Table<'t> = DeTable<'t>;
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Collects what is wrong with one file.
pub(super) struct Reader<'t> {
    file: Arc<str>,
    text: &'t str,
    /// Folder that relative paths of the file start from.
    folder: PathBuf,
    /// What `~/` stands for.
    home: Option<PathBuf>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A setting as it stands in the file.
#[derive(Clone, Debug)]
pub struct Written {
    pub key: String,
    pub value: String,
    pub line: u32,
}

impl<'t> Reader<'t> {
    pub(super) fn new(path: &Path, text: &'t str, home: Option<&Path>) -> Self {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            file: path.to_string_lossy().into(),
            text,
            folder: absolute.parent().map(Path::to_owned).unwrap_or_default(),
            home: home.map(Path::to_owned),
            diagnostics: Vec::new(),
        }
    }

    /// The whole file; what is no TOML is reported and left out.
    pub(super) fn parse(&mut self) -> Table<'t> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            let message = error.message().lines().next().unwrap_or("not valid TOML").to_owned();
            self.error(span, message);
        }
        root.into_inner()
    }

    pub(super) fn position(&self, span: &Range<usize>) -> Position {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Position { file: Arc::clone(&self.file), line: to_u32(line), column: to_u32(column) }
    }

    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.report(span, message.into(), None);
    }

    pub(super) fn error_hint(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(span, message.into(), Some(hint.into()));
    }

    pub(super) fn report(&mut self, span: Range<usize>, message: String, hint: Option<String>) {
        let mut diagnostic = Diagnostic::error(&self.position(&span), message);
        diagnostic.hint = hint;
        diagnostic.quote(self.text);
        self.diagnostics.push(diagnostic);
    }

    /// Reports every key of `table` that is not `known`.
    pub(super) fn check_keys(&mut self, table: &Table<'t>, section: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.as_ref().as_ref())) {
            let message = match section {
                "" => format!("unknown key `{}`", key.as_ref()),
                _ => format!("unknown key `{}` in `[{section}]`", key.as_ref()),
            };
            let hint = did_you_mean(key.as_ref(), known.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
            self.error_hint(key.span(), message, hint);
        }
    }

    /// Everything in a table as it is written.
    pub(super) fn written(&self, table: &Table<'t>) -> Vec<Written> {
        let all = table.iter().map(|(key, value)| Written {
            key: key.get_ref().to_string(),
            value: self.text.get(value.span()).unwrap_or_default().to_owned(),
            line: self.position(&value.span()).line,
        });
        let mut all: Vec<Written> = all.collect();
        all.sort_by_key(|written| written.line);
        all
    }

    pub(super) fn wrong_kind(&mut self, value: &Value<'t>, what: &str, expected: &str) {
        let kind = kind_word(value.get_ref());
        self.error(value.span(), format!("`{what}` must be {expected}, this is {kind}"));
    }

    pub(super) fn table<'v>(&mut self, value: &'v Value<'t>, what: &str) -> Option<&'v Table<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_kind(value, what, "a table");
        }
        table
    }

    /// The tables of `[[what]]`.
    pub(super) fn list<'v>(&mut self, value: &'v Value<'t>, what: &str) -> &'v [Value<'t>] {
        if let Some(values) = value.get_ref().as_array() {
            return values;
        }
        let message = format!("`{what}` must be a list of tables, this is {}", kind_word(value.get_ref()));
        self.error_hint(value.span(), message, format!("write `[[{what}]]`"));
        &[]
    }

    pub(super) fn text(&mut self, value: &Value<'t>, what: &str) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            Some(_) => {
                self.error(value.span(), format!("`{what}` is empty"));
                None
            }
            None => {
                self.wrong_kind(value, what, "a text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, value: &Value<'t>, what: &str) -> Option<bool> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong_kind(value, what, "true or false");
        }
        boolean
    }

    pub(super) fn integer(
        &mut self,
        value: &Value<'t>,
        what: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_kind(value, what, "a whole number");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{what}` must be from {} to {}", range.start(), range.end());
            self.error(value.span(), message);
        }
        number
    }

    /// A list of texts (or one text), each with its place.
    pub(super) fn texts(&mut self, value: &Value<'t>, what: &str) -> Vec<Spanned<String>> {
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![value],
        };
        values
            .into_iter()
            .filter_map(|value| Some(Spanned::new(value.span(), self.text(value, what)?)))
            .collect()
    }

    /// A path as the program uses it: relative ones start at the folder of the file, `~/` is the home folder.
    pub(super) fn path(&mut self, text: &Spanned<String>) -> PathBuf {
        let written = text.get_ref();
        match (written.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_), None) => {
                self.error(text.span(), format!("there is no home folder for `{written}`"));
                PathBuf::from(written)
            }
            (None, _) => self.folder.join(written),
        }
    }
}

fn kind_word(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
