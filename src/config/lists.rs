//! Lists for rules: `[lists]` gives the values that `%name%` stands for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::document::{Reader, Table, Value};
use crate::sigma::Placeholders;

/// The lists that are configured, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, List>);

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub values: Vec<String>,
    /// Where the values stand, if not in the configuration itself.
    pub file: Option<PathBuf>,
    /// Line of the configuration.
    pub line: u32,
}

impl Lists {
    /// The lists as rules take them.
    #[must_use]
    pub fn placeholders(&self) -> Placeholders {
        self.0.iter().map(|(name, list)| (name.clone(), list.values.clone())).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &List)> {
        self.0.iter().map(|(name, list)| (name.as_str(), list))
    }

    /// Files that hold values.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.values().filter_map(|list| list.file.as_deref())
    }

    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Self {
        let Some(table) = reader.table(value, "lists") else { return Self::default() };
        let mut lists = BTreeMap::new();
        for (name, value) in table {
            if name.get_ref().contains('%') {
                reader.error_hint(name.span(), "the name of a list has no `%`", "write it without the signs");
            }
            let line = reader.position(&value.span()).line;
            let mistakes = reader.diagnostics.len();
            let (values, file) = match value.get_ref().as_table() {
                Some(table) => list_of_file(reader, value, table),
                None => (reader.texts(value, name.get_ref()), None),
            };
            let values: Vec<String> = values.into_iter().map(Spanned::into_inner).collect();
            // A rule with an empty list would be refused, with a reason that leads nowhere.
            if values.is_empty() && reader.diagnostics.len() == mistakes {
                reader.error(value.span(), format!("the list `{}` has no values", name.get_ref()));
            }
            lists.insert(name.get_ref().to_string(), List { values, file, line });
        }
        Self(lists)
    }
}

/// `{ file = "..." }`
fn list_of_file<'t>(
    reader: &mut Reader<'t>,
    value: &Value<'t>,
    table: &Table<'t>,
) -> (Vec<Spanned<String>>, Option<PathBuf>) {
    reader.check_keys(table, "lists", &["file"]);
    let Some(file) = table.get("file") else {
        reader.error_hint(
            value.span(),
            "this list has neither values nor a file",
            "write `[\"a\", \"b\"]` or `{ file = \"...\" }`",
        );
        return (Vec::new(), None);
    };
    let Some(text) = reader.text(file, "file") else { return (Vec::new(), None) };
    match read_values(reader, &Spanned::new(file.span(), text)) {
        Some((path, values)) => (values, Some(path)),
        None => (Vec::new(), None),
    }
}

/// The path and the values of a file that is named in the configuration.
pub(super) fn read_values(
    reader: &mut Reader<'_>,
    file: &Spanned<String>,
) -> Option<(PathBuf, Vec<Spanned<String>>)> {
    let path = reader.path(file);
    match super::read::read_text(&path) {
        Ok(text) => {
            let values = values(&text).map(|value| Spanned::new(file.span(), value.to_owned())).collect();
            Some((path, values))
        }
        Err(error) => {
            reader.error(file.span(), format!("cannot read `{}`: {error}", path.display()));
            None
        }
    }
}

/// One value a line; empty lines and those that begin with `#` are none.
fn values(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_values_may_have_remarks_and_empty_lines() {
        let found: Vec<_> = values("# ours\nroot\n\n  adm* \n#x\n").collect();
        assert_eq!(found, ["root", "adm*"]);
    }
}
