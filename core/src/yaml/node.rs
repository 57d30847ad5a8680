//! A YAML tree whose every node knows its place.

use std::fmt;
use std::sync::Arc;

/// A place in a rule file; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub at: Position,
}

/// A YAML node with its position. Numbers keep their text.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    pub at: Position,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    Null,
    Bool(bool),
    /// An integer or float as written (plain scalar).
    Number(String),
    String(String),
    List(Vec<Node>),
    /// In document order; duplicate keys are an error of the reader.
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    /// The value under `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// The entries of a map; nothing for any other node.
    #[must_use]
    pub fn entries(&self) -> &[(Spanned<String>, Node)] {
        match &self.value {
            NodeValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar as written; `None` for null, lists and maps.
    #[must_use]
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            NodeValue::Bool(value) => Some(value.to_string()),
            NodeValue::Number(text) | NodeValue::String(text) => Some(text.clone()),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind_word(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Number(_) => "a number",
            NodeValue::String(_) => "a text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }
}
