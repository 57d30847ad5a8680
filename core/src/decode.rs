//! From the bytes of one line to the flat fields of an [`Event`]. Never fails.
//!
//! Formats are recognised by content, line by line: a file may mix them, and in real standard output
//! it does. What no decoder understands stays an event with the line as its `message`, seen by
//! keyword rules and by search. Every line has exactly one [`Outcome`].
//!
//! Broken input is data: bad UTF-8, an object without its end, commas and quotes that are missing or too many are
//! read as far as they go, and the outcome says `Repaired`; only what cannot be read at all becomes `Raw`.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod batch;
mod cef;
mod daemons;
mod format;
pub mod joining;
mod json;
mod keys;
mod line;
mod names;
mod packed;
mod shell;
mod telemetry;
mod text;
mod walk;
mod windows;

use batch::Batch;
pub use format::{LineFormat, LinePattern, PatternError};
use line::{Line, Writer};
use names::Names;
use shell::Shells;
use text::{Reading, Wrapped};

use crate::event::number::{offset_in, to_u32};
use crate::event::{Event, Field, Flags, Format, Kind, Mark, Origin, Outcome, PathId, Paths, canonical};

/// Longest line that is read whole, in bytes. Of a longer one the first [`HEAD_LIMIT`] and the last [`TAIL_LIMIT`]
/// bytes are kept.
pub const LINE_LIMIT: usize = 1 << 20;
/// How much of the beginning of a line over [`LINE_LIMIT`] is kept.
pub const HEAD_LIMIT: usize = LINE_LIMIT - TAIL_LIMIT;
/// How much of the end of a line over [`LINE_LIMIT`] is kept.
pub const TAIL_LIMIT: usize = 64 << 10;
/// Stands between the two pieces of a line that was cut.
pub const CUT_MARK: &str = "…";
/// Containers inside containers; what lies deeper stays the text of its container.
pub const DEPTH_LIMIT: usize = 64;

/// Wrappers around wrappers that are taken off.
const WRAPPER_LIMIT: usize = 4;
/// Room for a line inside of a line that is kept.
const USUAL_INNER_BYTES: usize = 64 << 10;

/// Decodes lines one after the other, learning the order of their keys. One per thread.
pub struct Decoder {
    json: json::Parser,
    names: Names,
    /// The line inside a line that is being read.
    inner: String,
    /// What is left of a line of many events.
    batch: Batch,
    /// The wrappers that were taken off the line.
    shells: Shells,
}

impl Decoder {
    #[must_use]
    pub fn new(paths: Paths) -> Self {
        Self {
            names: Names::new(&paths),
            json: json::Parser::new(paths),
            inner: String::new(),
            batch: Batch::default(),
            shells: Shells::default(),
        }
    }

    /// Fills `event` from one line without its newline: the raw text, the fields that stand in it
    /// ([`Origin::Line`]), `meta.outcome`, `meta.format`, `meta.flags`. `cut` says that the middle of the line is
    /// missing; what can be read of it is kept.
    ///
    /// Linear in the length of the line, whatever it holds.
    pub fn decode(&mut self, line: &[u8], cut: bool, event: &mut Event) -> Outcome {
        self.decode_as(&LineFormat::Recognised, line, cut, event)
    }

    /// Like [`Decoder::decode`], where the format is configured.
    pub fn decode_as(&mut self, format: &LineFormat, line: &[u8], cut: bool, event: &mut Event) -> Outcome {
        if line.len() > LINE_LIMIT + CUT_MARK.len() {
            return self.decode_as(format, &both_ends(line), true, event);
        }
        self.batch.clear();
        self.shells.clear();
        let outcome = match simdutf8::basic::from_utf8(line) {
            Ok(text) => self.decode_text(format, text, cut, event),
            Err(_) => {
                self.decode_text(format, &String::from_utf8_lossy(line), cut, event).and(Outcome::Repaired)
            }
        };
        let guessed = matches!(format, LineFormat::Json | LineFormat::Recognised);
        if guessed && self.may_hold_many(event) && self.batch.open(self.shells.innermost(event).trim()) {
            self.shells.keep(event);
            let outcome = self.decode_next(event).map_or(outcome, |first| outcome.and(first));
            return settle(if outcome == Outcome::Raw { Outcome::Parsed } else { outcome }, cut, event);
        }
        settle(outcome, cut, event)
    }

    /// Fills `event` with the next event of a line that holds several: a batch, an array, objects glued together.
    /// `None`: there is none left. Each has an outcome; the line has the one of [`Decoder::decode`].
    pub fn decode_next(&mut self, event: &mut Event) -> Option<Outcome> {
        let mut text = std::mem::take(&mut self.inner);
        let found = self.batch.next(&mut text);
        let Some(next) = found else {
            self.inner = text;
            return None;
        };
        // A record stands alone, in the wrappers of its batch.
        let (line, wrapped) = self.shells.around(text);
        let outcome = self.decode_text(&LineFormat::Recognised, &line, false, event);
        if line.capacity() <= USUAL_INNER_BYTES {
            self.inner = line;
        }
        event.meta.part = next.part;
        event.meta.flags.set_if(!(next.whole && wrapped), Flags::OUT_OF_BOUNDS);
        Some(settle(outcome, false, event))
    }

    /// Whether a line could be more than one event.
    fn may_hold_many(&self, event: &Event) -> bool {
        let text = self.shells.innermost(event).trim_start();
        match text.bytes().next() {
            Some(b'[') => begins_a_list(text),
            Some(b'{') => {
                let list = |path, kind| kind == Kind::Array && self.names.lists.contains(&path);
                let packed = |path, kind| kind == Kind::String && self.names.packed.contains(&path);
                event
                    .fields()
                    .iter()
                    .any(|field| list(field.path, field.kind) || packed(field.path, field.kind))
                    || event.get(self.names.trailing).is_some_and(|rest| rest.starts_with(['{', ',', '\x1e']))
            }
            _ => false,
        }
    }

    fn decode_text(&mut self, format: &LineFormat, line: &str, cut: bool, event: &mut Event) -> Outcome {
        if !matches!(format, LineFormat::Recognised) {
            return self.decode_configured(format, line, cut, event);
        }
        event.reset(line);
        let Some(start) = first_visible(line) else { return Outcome::Blank };
        let (before, text) = line.split_at_checked(start).unwrap_or(("", line));
        if text::is_directive(text) {
            return Outcome::Blank;
        }
        let (text, more) = head_and_rest(text);
        let part = Line { text, base: to_u32(start) };
        let outcome = match self.read_part(part, cut, WRAPPER_LIMIT, event) {
            Some(outcome) => outcome,
            None => self.prose(part, event),
        };
        if !more.is_empty() {
            self.add_rest(more, line, event);
        }
        let is_odd = |c: char| !c.is_whitespace() && c != '\u{feff}';
        if before.contains(is_odd) { outcome.and(Outcome::Repaired) } else { outcome }
    }

    /// The lines that continue the one that was read: a trace, or more of its message.
    fn add_rest(&self, more: &str, line: &str, event: &mut Event) {
        let whole = Line { text: line, base: 0 };
        let message = event.fields().iter().rposition(|field| field.path == canonical::MESSAGE);
        let head_end = to_u32(line.len() - more.len() - 1);
        let message = message.and_then(|index| event.fields_mut().get_mut(index));
        let goes_on =
            message.filter(|field| field.span.start + field.span.len == head_end && !is_trace(more));
        match goes_on {
            Some(field) => field.span.len = to_u32(line.trim_end().len()) - field.span.start,
            None => {
                event.push(self.names.stack_trace, Kind::String, whole.span(more.trim_end()), Origin::Line)
            }
        }
    }

    /// Reads a line, or what a wrapper has left of it, as if it stood alone. `None`, and nothing added: it has no
    /// known format.
    fn read_part(
        &mut self,
        part: Line<'_>,
        cut: bool,
        wrappers: usize,
        event: &mut Event,
    ) -> Option<Outcome> {
        let start = event.mark();
        if part.text.starts_with('{') {
            let outcome = self.decode_json(part, cut, event)?;
            self.add_plain_fields(event);
            let inner = self.unwrap_json(start, wrappers, event);
            return Some(outcome.and(inner));
        }
        if begins_a_list(part.text) && batch::is_list(part.text.trim_end()) {
            event.push(canonical::MESSAGE, Kind::String, part.span(part.text.trim_end()), Origin::Line);
            event.meta.format = Format::Json;
            return Some(Outcome::Parsed);
        }
        if let Some(format) =
            self.read_extension(part, event).or_else(|| self.read_windows_event(part, event))
        {
            event.meta.format = format;
            return Some(Outcome::Parsed);
        }
        match text::read(part, &self.names, event) {
            Reading::Done(format) => {
                event.meta.format = format;
                Some(self.read_message(start, wrappers, event))
            }
            Reading::Context(context) => {
                event.meta.format = Format::TextLog;
                for (name, object) in ["context", "extra"].into_iter().zip(context) {
                    self.json.parse_under(name, object, event);
                }
                Some(Outcome::Parsed)
            }
            Reading::Inside(wrapped) => Some(self.read_inside(wrapped, start, cut, wrappers, event)),
            Reading::Perhaps(wrapped) => {
                let outcome = self.read_wrapped(wrapped, start, cut, wrappers, event);
                if outcome.is_none() {
                    event.rewind(start);
                }
                outcome
            }
            Reading::Unknown => self.logfmt(part, event).then_some(Outcome::Parsed),
        }
    }

    /// The formats of security appliances.
    fn read_extension(&mut self, part: Line<'_>, event: &mut Event) -> Option<Format> {
        let mut extension = cef::PairReader { json: &mut self.json };
        extension.read(&mut Writer { line: part, event }, &self.names)
    }

    /// An event of Windows as XML.
    fn read_windows_event(&mut self, part: Line<'_>, event: &mut Event) -> Option<Format> {
        for member in windows::members(part.text)? {
            let Some(path) = self.json.top_path(member.name) else { continue };
            match windows::unescaped(member.value) {
                Some(text) => event.push_text(path, Kind::String, &text, Origin::Line),
                None => {
                    event.push(path, json::scalar_kind(member.value), part.span(member.value), Origin::Line)
                }
            }
        }
        Some(Format::TextLog)
    }

    /// What a wrapper holds: a line of a known format, else the message.
    fn read_inside(
        &mut self,
        wrapped: Wrapped<'_>,
        start: Mark,
        cut: bool,
        wrappers: usize,
        event: &mut Event,
    ) -> Outcome {
        if let Some(outcome) = self.read_wrapped(wrapped, start, cut, wrappers, event) {
            return outcome;
        }
        event.meta.format = wrapped.format;
        event.meta.prose = true;
        // A line of syslog with prose in it is just that.
        event.meta.wrapper = if wrapped.format == Format::Syslog { event.meta.wrapper } else { wrapped.by };
        let message = wrapped.line.text.trim();
        let has_time = |event: &Event| {
            let is_time = |path| [self.names.timestamp, self.names.time].contains(&path);
            event.fields_since(start).iter().any(|field| is_time(field.path))
        };
        if let Some(time) = text::leading_time(message).filter(|_| !has_time(event)) {
            event.push(self.names.timestamp, json::scalar_kind(time), wrapped.line.span(time), Origin::Line);
        }
        event.push(canonical::MESSAGE, Kind::String, wrapped.line.span(message), Origin::Line);
        self.quote_object(event);
        Outcome::Parsed
    }

    /// The line in a wrapper, if it has a known format: its fields come first, what the wrapper says is only its
    /// envelope.
    fn read_wrapped(
        &mut self,
        wrapped: Wrapped<'_>,
        start: Mark,
        cut: bool,
        wrappers: usize,
        event: &mut Event,
    ) -> Option<Outcome> {
        let mark = event.mark();
        let text = wrapped.line.text;
        let inside = wrapped.line.from(text.get(first_visible(text)?..)?);
        let left = wrappers.checked_sub(1)?;
        let outer = self.shells.enter(wrapped.line.span(text));
        let Some(outcome) = self.read_part(inside, cut, left, event) else {
            self.shells.leave(outer);
            return None;
        };
        event.bring_forward(start, mark);
        event.meta.wrapper = wrapped.by;
        Some(outcome)
    }

    /// A line of no known format.
    fn prose(&mut self, part: Line<'_>, event: &mut Event) -> Outcome {
        if let Some(time) = text::leading_time(part.text) {
            event.push(self.names.timestamp, json::scalar_kind(time), part.span(time), Origin::Line);
        }
        event.push(canonical::MESSAGE, Kind::String, part.span(part.text.trim_end()), Origin::Line);
        let quotes = self.quote_object(event);
        event.meta.prose = true;
        event.meta.format = if quotes { Format::TextLog } else { Format::Plain };
        if quotes { Outcome::Parsed } else { Outcome::Raw }
    }

    /// Reads an object; `None`, and nothing added, if it is none.
    fn decode_json(&mut self, part: Line<'_>, cut: bool, event: &mut Event) -> Option<Outcome> {
        let mark = event.mark();
        let flags = event.meta.flags;
        let outcome = match self.json.parse(part, cut, event) {
            json::Verdict::Broken => {
                event.rewind(mark);
                event.meta.flags = flags;
                return None;
            }
            json::Verdict::Clean => Outcome::Parsed,
            json::Verdict::Mended => Outcome::Repaired,
        };
        self.keep_rest(part, event);
        event.meta.format = Format::Json;
        Some(outcome)
    }

    /// Gives a record of OpenTelemetry its attributes, and an event of Windows its members, by name.
    fn add_plain_fields(&mut self, event: &mut Event) {
        if event.get(self.names.windows_channel).is_some() {
            let plain = windows::plain_fields(event, &self.json.names());
            for field in plain {
                if let Some(path) = self.json.top_path(&field.name) {
                    event.push(path, field.kind, field.span, Origin::Line);
                }
            }
        }
        let is_batch = |path| self.names.telemetry.contains(&path);
        if !event.fields().iter().any(|field| field.kind == Kind::Array && is_batch(field.path)) {
            return;
        }
        let plain = telemetry::plain_fields(event, &self.json.names());
        for field in plain {
            match self.json.top_path(&field.name) {
                Some(path) => event.push(path, field.kind, field.span, Origin::Line),
                None => event.push_overflow(&field.name, field.kind, field.span, Origin::Line),
            }
        }
    }

    /// Text after the end of an object: no field of it, but not to be missed either.
    fn keep_rest(&self, part: Line<'_>, event: &mut Event) {
        let Some(rest) = self.json.end().and_then(|end| part.text.get(end..)) else { return };
        let rest = text::without_leading_colour(rest.trim()).trim();
        if !rest.is_empty() {
            event.push(self.names.trailing, Kind::String, part.span(rest), Origin::Line);
        }
    }

    /// The line inside of an object that a shipper has put around it, up to three levels; [`Outcome::Parsed`] if
    /// there is none. An object in a text of an event that has fields of its own is data of that event: its members
    /// are found under the name of the text and say nothing about who did what.
    fn unwrap_json(&mut self, start: Mark, wrappers: usize, event: &mut Event) -> Outcome {
        self.names.text_of_bytes(start, event);
        let Some(held) = self.names.held_line(start, event) else { return Outcome::Parsed };
        let Some(field) = event.fields().get(held.index).copied() else { return Outcome::Parsed };
        let mut inner = std::mem::take(&mut self.inner);
        inner.clear();
        inner.push_str(event.text(field.span));
        let line = Line { text: &inner, base: field.span.start };
        let format = event.meta.format;
        let mut outcome = None;
        match held.by {
            Some(by) => {
                outcome = self.read_wrapped(Wrapped { line, format, by }, start, false, wrappers, event);
                if outcome.is_none() {
                    event.meta.format = format;
                    event.meta.prose = true;
                    self.quote_end(field.path, line, event);
                }
            }
            None => self.json.parse_quoted(field.path, line, event),
        }
        if inner.capacity() <= USUAL_INNER_BYTES {
            self.inner = inner;
        }
        if outcome.is_some() {
            event.hold(field);
        }
        outcome.unwrap_or(Outcome::Parsed)
    }

    /// The message of a line of text: an object or pairs that are all of it are the event itself, an object at its end is
    /// quoted.
    fn read_message(&mut self, start: Mark, wrappers: usize, event: &mut Event) -> Outcome {
        let Some(field) = event.message_since(start) else { return Outcome::Parsed };
        if !event.text(field.span).ends_with('}') {
            self.read_pairs(field, event);
            return Outcome::Parsed;
        }
        if !event.text(field.span).starts_with('{') {
            self.quote_object(event);
            return Outcome::Parsed;
        }
        let inner = event.text(field.span).to_owned();
        let line = Line { text: &inner, base: field.span.start };
        let wrapped = Wrapped { line, format: event.meta.format, by: "text" };
        let format = event.meta.format;
        let outcome = self.read_wrapped(wrapped, start, false, wrappers, event);
        event.meta.format = format;
        if outcome.is_some() {
            event.hold(field);
        }
        outcome.unwrap_or(Outcome::Parsed)
    }

    /// `[id] method=POST path=/login status=401`: what a framework's logger was given, behind the tags of the request.
    fn read_pairs(&mut self, message: Field, event: &mut Event) {
        let text = event.text(message.span);
        let pairs = text::behind_tags(text);
        let first = pairs.split(' ').next().unwrap_or_default();
        if !first.contains('=') || !text::logfmt(pairs, |_, _, _| {}) {
            return;
        }
        let base = message.span.start + to_u32(offset_in(pairs, text));
        let pairs = pairs.to_owned();
        let format = event.meta.format;
        self.push_logfmt(Line { text: &pairs, base }, event);
        event.meta.format = format;
    }

    /// The object that a text ends with is addressable by the name of the text; gives the text before it.
    fn quote_end<'a>(&mut self, path: PathId, text: Line<'a>, event: &mut Event) -> Option<&'a str> {
        let trimmed = text.text.trim_end();
        let at = memchr::memmem::find(trimmed.as_bytes(), b"{\"").filter(|_| trimmed.ends_with('}'))?;
        let (sentence, object) = trimmed.split_at_checked(at)?;
        let mark = event.mark();
        if self.json.parse_strictly_quoted(path, text.from(object), event) {
            return Some(sentence);
        }
        event.rewind(mark);
        None
    }

    /// `text {"key": ...}`: the sentence is the message, the object at its end is addressable by the name of the
    /// message. Whether there was one.
    fn quote_object(&mut self, event: &mut Event) -> bool {
        let message = event.fields().last().copied().filter(|field| field.path == canonical::MESSAGE);
        let Some(field) = message.filter(|field| event.text(field.span).ends_with('}')) else { return false };
        let text = event.text(field.span).to_owned();
        let line = Line { text: &text, base: field.span.start };
        let Some(sentence) = self.quote_end(canonical::MESSAGE, line, event) else { return false };
        let object = line.span(text.get(sentence.len()..).unwrap_or_default());
        event.push(self.names.object, Kind::String, object, Origin::Line);
        event.shorten_message(to_u32(sentence.trim_end().len()));
        true
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

/// Whether a text begins like an array of objects.
fn begins_a_list(text: &str) -> bool {
    text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'))
}

/// The first line of several; an object is not cut.
fn head_and_rest(text: &str) -> (&str, &str) {
    if text.starts_with(['{', '[']) { (text, "") } else { text.split_once('\n').unwrap_or((text, "")) }
}

/// Whether lines that follow another are the frames of a call stack.
fn is_trace(more: &str) -> bool {
    let first = more.trim_start();
    ["at ", "File \"", "Traceback", "Caused by", "goroutine ", "..."]
        .iter()
        .any(|sign| first.starts_with(sign))
        || more.contains("\n\tat ")
}

/// Writes down what became of a line.
fn settle(outcome: Outcome, cut: bool, event: &mut Event) -> Outcome {
    event.meta.flags.set_if(outcome == Outcome::Repaired, Flags::REPAIRED);
    let cut = cut && outcome != Outcome::Blank;
    event.meta.flags.set_if(cut, Flags::CUT);
    event.meta.outcome = if cut { Outcome::Cut } else { outcome };
    event.meta.outcome
}

/// Where the text starts, past white space and a byte order mark; `None` for a blank line. An object is found
/// behind what a terminal would obey, too; readers of text take colours off themselves.
fn first_visible(line: &str) -> Option<usize> {
    let text = line.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']);
    let mut rest = text;
    while rest.starts_with(|c: char| c.is_control() || c == '\u{feff}' || c == ' ') {
        rest = match rest.strip_prefix('\x1b') {
            Some(after) => after_escape(after),
            None => rest
                .trim_start_matches(|c: char| c != '\x1b' && (c.is_control() || c == '\u{feff}' || c == ' ')),
        };
    }
    let text = if rest.starts_with('{') { rest } else { text };
    (!text.is_empty()).then(|| line.len() - text.len())
}

/// What follows an escape sequence of which the first character is read already.
fn after_escape(text: &str) -> &str {
    let end = match text.bytes().next() {
        Some(b'{') => Some(0),
        Some(b'[') => text.find(|c: char| c != '[' && ('@'..='~').contains(&c)).map(|at| at + 1),
        Some(b']') => text.find(['\x07', '\x1b']).map(|at| at + 1),
        Some(_) => text.char_indices().nth(1).map(|(at, _)| at),
        None => None,
    };
    text.get(end.unwrap_or(text.len())..).unwrap_or_default()
}

/// The first and the last bytes of a line that is too long.
fn both_ends(line: &[u8]) -> Vec<u8> {
    let head = line.get(..HEAD_LIMIT).unwrap_or_default();
    let tail = line.get(line.len() - TAIL_LIMIT..).unwrap_or_default();
    [head, CUT_MARK.as_bytes(), tail].concat()
}

#[cfg(test)]
mod tests;
