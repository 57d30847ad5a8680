//! What is known to be harmless: `[[benign]]`.

use toml::Spanned;

use super::document::{Reader, Table, Value, Written};
use super::{lists, schema};
use crate::normalize::{Benign, Network};

/// One harmless thing, and how it is written.
#[derive(Clone, Debug)]
pub struct BenignConfig {
    pub benign: Benign,
    pub(super) line: u32,
    pub(super) written: Vec<Written>,
}

impl BenignConfig {
    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Option<Self> {
        let table = reader.table(value, "benign")?;
        reader.check_keys(table, "benign", &schema::keys("benign"));
        let Some(name) = table.get("name").and_then(|value| reader.text(value, "name")) else {
            reader.error_hint(value.span(), "this has no `name`", "say what it is: `name = \"scanner\"`");
            return None;
        };
        let mut texts = |key: &str| -> Vec<String> {
            let texts = table.get(key).map(|value| reader.texts(value, key)).unwrap_or_default();
            texts.into_iter().map(Spanned::into_inner).collect()
        };
        let (hosts, users, agents, paths) = (texts("hosts"), texts("users"), texts("agents"), texts("paths"));
        let from = networks(reader, table);
        if from.is_empty() && hosts.is_empty() {
            reader.error_hint(
                value.span(),
                format!(
                    "anybody can claim to be `{name}`: clients choose the user, agent and path they send"
                ),
                "add `from` (addresses) or `hosts`",
            );
            return None;
        }
        let line = reader.position(&value.span()).line;
        let written = reader.written(table);
        Some(Self { benign: Benign { name, from, hosts, users, agents, paths }, line, written })
    }
}

/// The addresses of `from` and those of the file, one a line.
fn networks<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Vec<Network> {
    let mut texts = table.get("from").map(|value| reader.texts(value, "from")).unwrap_or_default();
    if let Some(file) = table.get("from_file")
        && let Some(name) = reader.text(file, "from_file")
        && let Some((_, values)) = lists::read_values(reader, &Spanned::new(file.span(), name))
    {
        texts.extend(values);
    }
    texts.iter().filter_map(|text| super::source::network(reader, text)).collect()
}
