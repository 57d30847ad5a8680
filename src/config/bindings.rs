//! Other keys for what the dashboard does: `[keys]`. What the actions are called is the business of the dashboard.

use super::document::{Reader, Value};
use crate::sigma::rule::Position;

/// Actions and the keys that each shall have, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyBindings(Vec<KeyBinding>);

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyBinding {
    pub action: String,
    pub keys: Vec<String>,
    pub at: Position,
}

impl KeyBindings {
    pub fn iter(&self) -> impl Iterator<Item = &KeyBinding> {
        self.0.iter()
    }

    pub(super) fn read<'t>(reader: &mut Reader<'t>, value: &Value<'t>) -> Self {
        let Some(table) = reader.table(value, "keys") else { return Self::default() };
        let mut all = Vec::new();
        for (action, value) in table {
            let at = reader.position(&value.span());
            let keys = reader.texts(value, action.get_ref()).into_iter().map(|text| text.into_inner());
            all.push(KeyBinding { action: action.get_ref().to_string(), keys: keys.collect(), at });
        }
        all.sort_by_key(|binding| binding.at.line);
        Self(all)
    }
}
