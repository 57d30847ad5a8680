//! From the bytes of one line to the flat fields of an [`Event`]. Never fails.
//!
//! Formats are recognised by content, line by line: a file may mix them, and in real standard output
//! it does. What no decoder understands stays an event with the line as its `message`, seen by
//! keyword rules and by search. Every line has exactly one [`Outcome`].
//!
//! Broken input is data: bad UTF-8, lone surrogates, raw control characters and numbers outside the
//! grammar are repaired and the outcome says so; only what cannot be read at all becomes `Raw`.

mod daemons;
mod format;
mod json;
mod keys;
mod line;
mod names;
mod text;

pub use format::{LineFormat, LinePattern, PatternError};
use line::Line;
use names::Names;
use text::Reading;

use crate::event::{Event, Format, Kind, Origin, Outcome, Paths, Span, canonical};

/// Longest line that is read whole, in bytes. A longer one is cut to [`HEAD_LIMIT`].
pub const LINE_LIMIT: usize = 1 << 20;
/// How much of a line over [`LINE_LIMIT`] is kept.
pub const HEAD_LIMIT: usize = 64 << 10;
/// Fields of one event, containers included; what comes after is only counted.
pub const FIELD_LIMIT: usize = 1_024;
/// Containers inside containers; what lies deeper stays the text of its container.
pub const DEPTH_LIMIT: usize = 64;

/// Wrappers around wrappers that are taken off.
const WRAPPER_LIMIT: usize = 3;

/// Decodes lines one after the other, learning the order of their keys. One per thread.
pub struct Decoder {
    json: json::Parser,
    names: Names,
    /// The line inside a line that is being read.
    inner: String,
}

impl Decoder {
    #[must_use]
    pub fn new(paths: Paths) -> Self {
        Self { names: Names::new(&paths), json: json::Parser::new(paths), inner: String::new() }
    }

    /// Fills `event` from one line without its newline: the raw text, the fields that stand in it
    /// ([`Origin::Line`]), `meta.outcome`, `meta.format`, `meta.duplicate_keys`. `cut` says that the
    /// line is the head of a longer one; what can be read of it is kept.
    ///
    /// Linear in the length of the line, whatever it holds.
    pub fn decode(&mut self, line: &[u8], cut: bool, event: &mut Event) -> Outcome {
        self.decode_as(&LineFormat::Recognised, line, cut, event)
    }

    /// Like [`Decoder::decode`], where the format is configured.
    pub fn decode_as(&mut self, format: &LineFormat, line: &[u8], cut: bool, event: &mut Event) -> Outcome {
        let too_long = line.len() > LINE_LIMIT;
        let cut = cut || too_long;
        let line = if too_long { line.get(..HEAD_LIMIT).unwrap_or(line) } else { line };
        let outcome = match simdutf8::basic::from_utf8(line) {
            Ok(text) => self.decode_text(format, text, cut, event),
            Err(_) => match self.decode_text(format, &String::from_utf8_lossy(line), cut, event) {
                Outcome::Parsed => Outcome::Repaired,
                other => other,
            },
        };
        let outcome = if cut && outcome != Outcome::Blank { Outcome::Cut } else { outcome };
        event.meta.outcome = outcome;
        outcome
    }

    fn decode_text(&mut self, format: &LineFormat, line: &str, cut: bool, event: &mut Event) -> Outcome {
        if !matches!(format, LineFormat::Recognised) {
            return self.decode_configured(format, line, cut, event);
        }
        event.reset(line);
        let Some(start) = first_visible(line.as_bytes()) else { return Outcome::Blank };
        let text = line.get(start..).unwrap_or_default();
        let mut part = Line { text, base: start as u32 };
        let mut wrapped = false;
        for _ in 0..WRAPPER_LIMIT {
            if part.text.starts_with('{') {
                if let Some(outcome) = self.decode_json(part, cut, event) {
                    self.unwrap_json(event);
                    return outcome;
                }
                break;
            }
            match text::read(part, &self.names, event) {
                Reading::Inside(inside) => {
                    part = inside;
                    wrapped = true;
                }
                Reading::Done(format) => {
                    event.meta.format = format;
                    self.unwrap_json(event);
                    self.json_at_end(part, event);
                    return Outcome::Parsed;
                }
                Reading::Unknown => break,
            }
        }
        if self.logfmt(part, event) {
            return Outcome::Parsed;
        }
        let message_end = self.json_at_end(part, event);
        let known = wrapped || message_end.is_some();
        let message = part.text.get(..message_end.unwrap_or(part.text.len())).unwrap_or_default().trim_end();
        let span = Span { start: part.base, len: message.len() as u32 };
        event.push(canonical::MESSAGE, Kind::String, span, Origin::Line);
        event.meta.format = if known { Format::TextLog } else { Format::Plain };
        if known { Outcome::Parsed } else { Outcome::Raw }
    }

    /// Reads an object; `None`, and nothing added, if it is none.
    fn decode_json(&mut self, part: Line<'_>, cut: bool, event: &mut Event) -> Option<Outcome> {
        let mark = event.mark();
        let (duplicate_keys, over_limit) = (event.meta.duplicate_keys, event.meta.fields_over_limit);
        match self.json.parse(part, cut, event) {
            json::Verdict::Broken => {
                event.rewind(mark);
                event.meta.duplicate_keys = duplicate_keys;
                event.meta.fields_over_limit = over_limit;
                return None;
            }
            json::Verdict::Clean => event.meta.outcome = Outcome::Parsed,
            json::Verdict::Mended => event.meta.outcome = Outcome::Repaired,
        }
        event.meta.format = Format::Json;
        Some(event.meta.outcome)
    }

    /// JSON inside JSON, up to three levels: a `message` (or Docker's `log`) that holds an object, or a
    /// line of another format, is read as well. What stands inside comes first: it is the event, the
    /// rest is its envelope.
    fn unwrap_json(&mut self, event: &mut Event) {
        for _ in 0..WRAPPER_LIMIT {
            let Some(index) = self.wrapper(event) else { return };
            let Some(field) = event.fields().get(index).copied() else { return };
            let mut inner = std::mem::take(&mut self.inner);
            inner.clear();
            inner.push_str(event.text(field.span).trim_end());
            let mark = event.mark();
            let part = Line { text: &inner, base: field.span.start };
            let format = event.meta.format;
            let understood = if inner.starts_with('{') {
                self.decode_json(part, false, event).is_some()
            } else {
                matches!(text::read(part, &self.names, event), Reading::Done(inner) if {
                    event.meta.format = inner;
                    true
                })
            };
            if inner.capacity() <= HEAD_LIMIT {
                self.inner = inner;
            }
            if !understood {
                event.meta.format = format;
                return;
            }
            if let Some(field) = event.fields_mut().get_mut(index) {
                field.kind = Kind::Object;
            }
            event.move_to_front(mark);
        }
    }

    /// The field that holds a line of its own.
    fn wrapper(&self, event: &Event) -> Option<usize> {
        let buffer = event.buffer().as_bytes();
        let mut docker = None;
        event.fields().iter().position(|field| {
            if field.kind != Kind::String || field.span.len < 2 {
                return false;
            }
            let first = buffer.get(field.span.start as usize);
            let object = first == Some(&b'{') && self.names.wrapping.contains(&field.path);
            let has_stream = || event.fields().iter().any(|other| other.path == self.names.stream);
            object || (field.path == self.names.log && *docker.get_or_insert_with(has_stream))
        })
    }

    /// `text {"key": ...}`: reads the object that a line of text ends with; returns where it starts.
    fn json_at_end(&mut self, part: Line<'_>, event: &mut Event) -> Option<usize> {
        if !part.text.trim_end().ends_with('}') {
            return None;
        }
        let start = memchr::memmem::find(part.text.as_bytes(), b"{\"")?;
        let object = part.from(part.text.get(start..)?);
        let format = event.meta.format;
        self.decode_json(object, false, event)?;
        event.meta.format = if format == Format::Plain { Format::TextLog } else { format };
        Some(start)
    }

    fn logfmt(&mut self, part: Line<'_>, event: &mut Event) -> bool {
        if !text::logfmt(part.text, |_, _, _| {}) {
            return false;
        }
        self.push_logfmt(part, event);
        true
    }

    fn push_logfmt(&mut self, part: Line<'_>, event: &mut Event) {
        text::logfmt(part.text, |key, value, quoted| {
            if event.fields().len() >= FIELD_LIMIT {
                event.meta.fields_over_limit = event.meta.fields_over_limit.saturating_add(1);
                return;
            }
            let kind = if quoted { Kind::String } else { json::scalar_kind(value) };
            let span = part.span(value);
            match self.json.top_path(key) {
                Some(path) if quoted && value.contains('\\') => {
                    event.push_text(path, kind, &text::unescaped(value), Origin::Line);
                }
                Some(path) => event.push(path, kind, span, Origin::Line),
                None => event.push_overflow(key, kind, span, Origin::Line),
            }
        });
        event.meta.format = Format::Logfmt;
    }
}

/// Where the text starts, past white space and a byte order mark; `None` for a blank line.
fn first_visible(bytes: &[u8]) -> Option<usize> {
    let mark = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let rest = bytes.get(mark..)?;
    rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).map(|at| at + mark)
}

#[cfg(test)]
mod tests;
