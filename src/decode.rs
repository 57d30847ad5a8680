//! From the bytes of one line to the flat fields of an [`Event`]. Never fails.
//!
//! Formats are recognised by content, line by line: a file may mix them, and in real standard output
//! it does. What no decoder understands stays an event with the line as its `message`, seen by
//! keyword rules and by search. Every line has exactly one [`Outcome`].
//!
//! Broken input is data: bad UTF-8, lone surrogates, raw control characters and numbers outside the
//! grammar are repaired and the outcome says so; only what cannot be read at all becomes `Raw`.

mod json;
mod keys;

use crate::event::{Event, Format, Kind, Origin, Outcome, Paths, Span, canonical};

/// Longest line that is read whole, in bytes. A longer one is cut to [`HEAD_LIMIT`].
pub const LINE_LIMIT: usize = 1 << 20;
/// How much of a line over [`LINE_LIMIT`] is kept.
pub const HEAD_LIMIT: usize = 64 << 10;
/// Fields of one event, containers included; what comes after is only counted.
pub const FIELD_LIMIT: usize = 1_024;
/// Containers inside containers; what lies deeper stays the text of its container.
pub const DEPTH_LIMIT: usize = 64;

/// Decodes lines one after the other, learning the order of their keys. One per thread.
pub struct Decoder {
    json: json::Parser,
}

impl Decoder {
    #[must_use]
    pub fn new(paths: Paths) -> Self {
        Self { json: json::Parser::new(paths) }
    }

    /// Fills `event` from one line without its newline: the raw text, the fields that stand in it
    /// ([`Origin::Line`]), `meta.outcome`, `meta.format`, `meta.duplicate_keys`. `cut` says that the
    /// line is the head of a longer one; what can be read of it is kept.
    ///
    /// Linear in the length of the line, whatever it holds.
    pub fn decode(&mut self, line: &[u8], cut: bool, event: &mut Event) -> Outcome {
        let too_long = line.len() > LINE_LIMIT;
        let cut = cut || too_long;
        let line = if too_long { line.get(..HEAD_LIMIT).unwrap_or(line) } else { line };
        let outcome = match simdutf8::basic::from_utf8(line) {
            Ok(text) => self.decode_text(text, cut, event),
            Err(_) => match self.decode_text(&String::from_utf8_lossy(line), cut, event) {
                Outcome::Parsed => Outcome::Repaired,
                other => other,
            },
        };
        let outcome = if cut && outcome != Outcome::Blank { Outcome::Cut } else { outcome };
        event.meta.outcome = outcome;
        outcome
    }

    fn decode_text(&mut self, line: &str, cut: bool, event: &mut Event) -> Outcome {
        event.reset(line);
        let bytes = line.as_bytes();
        let Some(start) = first_visible(bytes) else { return Outcome::Blank };
        if bytes.get(start) == Some(&b'{') {
            match self.json.parse(line, start, cut, event) {
                json::Verdict::Clean => {
                    event.meta.format = Format::Json;
                    return Outcome::Parsed;
                }
                json::Verdict::Mended => {
                    event.meta.format = Format::Json;
                    return Outcome::Repaired;
                }
                json::Verdict::Broken => event.reset(line),
            }
        }
        plain(line, start, event)
    }
}

/// Where the text starts, past white space and a byte order mark; `None` for a blank line.
fn first_visible(bytes: &[u8]) -> Option<usize> {
    let mark = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let rest = bytes.get(mark..)?;
    rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).map(|at| at + mark)
}

/// A line of no known format: all of it is the message.
fn plain(line: &str, start: usize, event: &mut Event) -> Outcome {
    let end = line.trim_end().len().max(start);
    let span = Span { start: start as u32, len: (end - start) as u32 };
    event.push(canonical::MESSAGE, Kind::String, span, Origin::Line);
    event.meta.format = Format::Plain;
    Outcome::Raw
}

#[cfg(test)]
mod tests;
