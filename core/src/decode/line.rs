//! A line and the event that is filled from it.

use crate::event::number::{offset_in, to_u32};
use crate::event::{Event, Kind, Origin, PathId, Span};

/// One line, or what a wrapper left of it, and where it stands in the event's buffer.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) base: u32,
}

impl<'a> Line<'a> {
    pub(super) fn span(&self, part: &str) -> Span {
        let offset = offset_in(part, self.text);
        let offset = if offset > self.text.len() { 0 } else { offset };
        Span { start: self.base + to_u32(offset), len: to_u32(part.len()) }
    }

    /// The rest of the line from a part of it on.
    pub(super) fn from(&self, part: &'a str) -> Line<'a> {
        Line { text: part, base: self.span(part).start }
    }
}

/// Fills an event from one line; the fields point into the event's buffer.
pub(super) struct Writer<'w, 'a> {
    pub(super) line: Line<'a>,
    pub(super) event: &'w mut Event,
}

impl Writer<'_, '_> {
    pub(super) fn string(&mut self, path: PathId, part: &str) {
        if !part.is_empty() && part != "-" {
            let span = self.line.span(part);
            self.event.push(path, Kind::String, span, Origin::Line);
        }
    }

    pub(super) fn number(&mut self, path: PathId, part: &str) {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let span = self.line.span(part);
        if number {
            self.event.push(path, Kind::Number, span, Origin::Line);
        }
    }
}
