//! The wrappers around a line of many events, which each of its events keeps.
//!
//! A batch inside of a container's or a syslog's line is taken apart like one that stands alone. Each event gets a
//! line of its own that reads the same when it is read again: its record, in the wrappers of the batch.

use std::ops::Range;

use super::json::skip_string;
use crate::event::number::to_usize;
use crate::event::{Event, Span};

/// What all the wrappers of one batch add to its events, in bytes.
const REPEATED_BYTES: usize = 8 << 20;

/// The wrappers of a line, from the outside.
#[derive(Debug, Default)]
pub(super) struct Shells {
    /// Where the line in each wrapper stands in the event's buffer.
    inner: Vec<Span>,
    /// What stands around the line in each wrapper.
    around: Vec<Shell>,
    /// Bytes of wrappers repeated so far.
    repeated: usize,
}

/// What stands before and behind the line in a wrapper.
#[derive(Debug, Default)]
struct Shell {
    before: String,
    after: String,
    /// The line is a text of an object.
    is_quoted: bool,
}

impl Shells {
    pub(super) fn clear(&mut self) {
        self.inner.clear();
        self.around.clear();
        self.repeated = 0;
    }

    /// A wrapper is being taken off, in which the line stands at `inner`. Gives what [`Shells::leave`] needs.
    pub(super) fn enter(&mut self, inner: Span) -> usize {
        self.inner.push(inner);
        self.inner.len() - 1
    }

    /// It was none, and neither were those in it.
    pub(super) fn leave(&mut self, outer: usize) {
        self.inner.truncate(outer);
    }

    /// The line in all of its wrappers.
    pub(super) fn innermost<'a>(&self, event: &'a Event) -> &'a str {
        self.inner.last().map_or_else(|| event.raw(), |span| event.text(*span))
    }

    /// Copies what the wrappers say: the event is about to become another one.
    pub(super) fn keep(&mut self, event: &Event) {
        let mut outer = event.raw_span();
        for inner in &self.inner {
            let Some(shell) = Shell::new(event, outer, *inner) else {
                self.around.clear();
                self.repeated = REPEATED_BYTES + 1;
                return;
            };
            self.around.push(shell);
            outer = *inner;
        }
    }

    /// A record in the wrappers of its batch, and true; false: without them, for they have been repeated too often
    /// or are not known.
    pub(super) fn around(&mut self, record: String) -> (String, bool) {
        self.repeated += self.around.iter().map(Shell::len).sum::<usize>();
        if self.repeated > REPEATED_BYTES {
            return (record, false);
        }
        (self.around.iter().rev().fold(record, |line, shell| shell.around(&line)), true)
    }
}

impl Shell {
    /// `None`: it cannot be told where the line stands in its wrapper.
    fn new(event: &Event, outer: Span, inner: Span) -> Option<Self> {
        let text = event.text(outer);
        let is_part = inner.start >= outer.start && inner.start + inner.len <= outer.start + outer.len;
        let range = if is_part {
            let start = to_usize(inner.start - outer.start);
            start..start + to_usize(inner.len)
        } else {
            literal(text, event.text(inner))?
        };
        Some(Self {
            before: text.get(..range.start)?.to_owned(),
            after: text.get(range.end..)?.to_owned(),
            is_quoted: !is_part,
        })
    }

    fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }

    fn around(&self, line: &str) -> String {
        let quoted = self.is_quoted.then(|| serde_json::Value::from(line).to_string());
        [&self.before, quoted.as_deref().unwrap_or(line), &self.after].concat()
    }
}

/// Where an object writes a text, with its quotes. Each text of the object is decoded at most once.
fn literal(object: &str, text: &str) -> Option<Range<usize>> {
    let bytes = object.as_bytes();
    let mut at = 0;
    loop {
        let quote = at + memchr::memchr(b'"', bytes.get(at..)?)?;
        let end = skip_string(bytes, quote + 1).ok()? + 1;
        let written = object.get(quote..end)?;
        if written.len() >= text.len() + 2
            && serde_json::from_str::<String>(written).is_ok_and(|decoded| decoded == text)
        {
            return Some(quote..end);
        }
        at = end;
    }
}
