//! One field of an event: 16 bytes, no text of its own.

use super::PathId;

/// A range of bytes in an event's buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

/// The JSON type a value had. Numbers stay text: no precision is lost and nothing is parsed until
/// a rule needs a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    /// The span is the JSON text of the object; its members are fields of their own.
    Object,
    /// The span is the JSON text of the array; its scalar members repeat the path of the array.
    Array,
}

impl Kind {
    #[must_use]
    pub fn is_container(self) -> bool {
        matches!(self, Kind::Object | Kind::Array)
    }
}

/// Who put the field there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Origin {
    /// It stands in the line. Keyword searches look at these only.
    Line,
    /// It stands in a text of the line that holds an object: addressable by the name of that text, but whoever
    /// wrote the text chose it, so it never becomes the user, the action or the address of the event.
    Quoted,
    /// `normalize` gave a field of the line its canonical name, or found it inside a message.
    Canonical,
    /// Filled in from another event with the same correlation id.
    Joined,
}

/// A path, a value, and where both came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub path: PathId,
    pub span: Span,
    pub kind: Kind,
    pub origin: Origin,
}
