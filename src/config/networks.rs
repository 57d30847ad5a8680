//! Names for networks of one's own: `[networks]`.

use super::document::{Reader, Value};
use crate::sigma::matcher::Cidr;

/// The networks that are configured, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedNetworks(Vec<NamedNetwork>);

/// A name and the networks that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedNetwork {
    pub name: String,
    /// As they are written.
    pub written: Vec<String>,
    pub networks: Vec<Cidr>,
    /// Line of the configuration.
    pub line: u32,
}

impl NamedNetworks {
    pub fn iter(&self) -> impl Iterator<Item = &NamedNetwork> {
        self.0.iter()
    }

    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Self {
        let Some(table) = reader.table(value, "networks") else { return Self::default() };
        let mut all = Vec::new();
        for (name, value) in table {
            let line = reader.position(&value.span()).line;
            let mut named = NamedNetwork {
                name: name.get_ref().to_string(),
                written: Vec::new(),
                networks: Vec::new(),
                line,
            };
            for text in reader.texts(value, name.get_ref()) {
                match Cidr::parse(text.get_ref()) {
                    Ok(network) => {
                        named.networks.push(network);
                        named.written.push(text.into_inner());
                    }
                    Err(message) => reader.error_hint(
                        text.span(),
                        message,
                        "write an address or a network, as in `10.0.0.0/8`",
                    ),
                }
            }
            all.push(named);
        }
        all.sort_by_key(|named| named.line);
        Self(all)
    }
}
