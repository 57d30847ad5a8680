//! What a log line becomes: a flat list of (path, value) over one text buffer.
//!
//! No JSON tree is built. An [`Event`] owns one `String` (the raw line first, then everything that
//! had to be decoded or derived) and one `Vec` of [`Field`]s that point into it. Both are reused
//! from event to event, so that decoding a stream allocates almost nothing. Paths are interned
//! once per process in [`Paths`]; the rule engine and the index speak [`PathId`], never strings.
//!
//! Three facts the rest of the program relies on:
//! - an absent field has no entry, a JSON `null` has one with [`Kind::Null`];
//! - a path may occur several times (array members, duplicate keys, several correlation ids);
//! - canonical (Elastic Common Schema) names are fields like any other, appended by `normalize`
//!   with [`Origin::Canonical`], usually pointing at the same bytes as the original.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

use crate::event::number::{to_u32, to_usize};

pub mod address;
mod cadence;
mod chunk;
mod end;
mod field;
mod file;
mod flags;
mod id;
mod logsource;
pub mod number;
mod path;
pub mod quantity;
mod record;
mod redacted;
mod source;
pub mod stamp;
mod time;
mod trouble;
pub mod veil;
pub mod wildcard;
mod zone;

pub use cadence::Cadence;
pub use chunk::{Chunk, Cursor, Gap, GapCause, LineSpan, SourceMessage};
pub use end::End;
pub use field::{Field, Kind, Origin, Span};
pub use file::shown;
pub use flags::Flags;
pub use id::EventId;
pub use logsource::LogSource;
pub use path::{PathId, Paths, canonical};
pub use record::{LogLevel, Record, RecordField};
pub use redacted::{Redact, Redacted};
pub use source::{GenerationId, SourceId};
pub use time::{DAY, HOUR, MILLISECOND, MINUTE, Nanos, SECOND, Timestamp};
pub use trouble::{Cause, Trouble};
pub use zone::Zone;

/// What became of the bytes of one line. Every line read has exactly one outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Understood as it stands.
    Parsed,
    /// Understood after a repair (bad UTF-8, lone surrogate, number out of range, ...).
    Repaired,
    /// Kept as text: no known format. Still searched, still seen by keyword rules.
    #[default]
    Raw,
    /// Longer than the line limit: head and end are kept, the middle was discarded while streaming.
    Cut,
    /// Nothing but white space; no event.
    Blank,
}

impl Outcome {
    /// Of an event with a part that has an outcome of its own: repaired if either is.
    #[must_use]
    pub fn and(self, part: Outcome) -> Outcome {
        if self == Outcome::Parsed && part == Outcome::Repaired { part } else { self }
    }

    /// As it is searched for.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Repaired => "repaired",
            Self::Raw => "raw",
            Self::Cut => "cut",
            Self::Blank => "blank",
        }
    }
}

/// How the event time was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeQuality {
    /// A timestamp with a zone, or an epoch number.
    Exact,
    /// A timestamp without a zone, read in the source's configured zone (UTC unless configured).
    Zoneless,
    /// A timestamp that lacks a part (the year), completed from the arrival.
    Completed,
    /// More than the allowed skew ahead of the arrival; correlation uses the arrival.
    Future,
    /// No usable timestamp: the event is detected, but takes no part in correlation.
    #[default]
    Absent,
    /// No usable timestamp; it was read as it was written, and its arrival counts.
    Arrival,
}

/// What of a line goes on with a secret that an earlier line of its source begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretBefore {
    #[default]
    No,
    /// All of it: a line of a private key.
    Line,
    /// Its text: a piece of a line that a container runtime has cut.
    Text,
}

/// The shape a line was recognised as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Nginx,
    NginxError,
    PostgresCsv,
    Syslog,
    Logfmt,
    Access,
    /// A Python-style text line: time, level, logger and message.
    TextLog,
    #[default]
    Plain,
}

/// Facts about an event that are not fields of it.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    pub source: SourceId,
    pub generation: GenerationId,
    /// Byte offset of the line in its generation.
    pub offset: u64,
    /// Number of the line in its generation, from 1.
    pub line: u64,
    /// Place of the event in a line that holds several, from 0.
    pub part: u32,
    /// Claimed event time, UTC, or the one given to it. `None` exactly when `time_quality` is `Absent`.
    pub time: Option<Timestamp>,
    pub time_quality: TimeQuality,
    /// When the line was read (replay: the event time), UTC.
    pub ingested: Timestamp,
    /// Order of reading across all sources; the only order that storage and replay use.
    pub seq: u64,
    pub outcome: Outcome,
    pub format: Format,
    pub logsource: LogSource,
    /// Whether a secret goes on in it that an earlier line of the source begins.
    pub secret_before: SecretBefore,
    /// What is out of the ordinary about how it was read.
    pub flags: Flags,
    /// The line, or what its wrapper holds, is text of no known format.
    pub prose: bool,
    /// What the line was wrapped in; empty if it stands alone.
    pub wrapper: &'static str,
    /// This many fields, from the first, are those of a wrapped line; the rest of the line is its envelope. 0: the
    /// line stands alone.
    pub inner_fields: u32,
}

/// At most this many fields of a line can be searched for; all are matched by rules and stored. What soctop adds to
/// them is always searched.
pub const SEARCHED_FIELDS: usize = 1_024;

/// Room for this much is kept from event to event. Thousands are under way at a time, and every one of them meets an
/// extraordinary line sooner or later.
const USUAL_FIELDS: usize = 1_024;
const USUAL_TEXT_BYTES: usize = 32 << 10;

/// One event: the raw line, its fields, and where it came from. Meant to be reused by [`Event::reset`].
#[derive(Clone, Debug, Default)]
pub struct Event {
    pub meta: Meta,
    text: String,
    raw_len: u32,
    fields: Vec<Field>,
    /// Names of fields whose path could not be interned (see [`Paths`]): (index in `fields`, name), by index.
    overflow_names: Vec<(u32, Span)>,
}

/// A state of an event to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    fields: usize,
    text: usize,
    names: usize,
}

impl Event {
    /// Forgets everything and starts over with `raw` as the line; buffers keep their capacity.
    pub fn reset(&mut self, raw: &str) {
        self.meta = Meta::default();
        self.give_back();
        self.text.clear();
        self.text.push_str(raw);
        self.raw_len = to_u32(raw.len());
        self.fields.clear();
        self.overflow_names.clear();
    }

    /// Gives back what a line out of the ordinary took: events are kept and used again.
    fn give_back(&mut self) {
        if self.fields.capacity() > USUAL_FIELDS {
            self.fields = Vec::new();
            self.overflow_names = Vec::new();
        }
        if self.text.capacity() > USUAL_TEXT_BYTES {
            self.text = String::new();
        }
    }

    /// The line as read, without its newline.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.text.get(..to_usize(self.raw_len)).unwrap_or_default()
    }

    /// The span of the raw line.
    #[must_use]
    pub fn raw_span(&self) -> Span {
        Span { start: 0, len: self.raw_len }
    }

    /// Becomes a copy of another one; buffers keep their capacity.
    pub fn copy_from(&mut self, other: &Self) {
        self.meta.clone_from(&other.meta);
        self.text.clone_from(&other.text);
        self.raw_len = other.raw_len;
        self.fields.clone_from(&other.fields);
        self.overflow_names.clone_from(&other.overflow_names);
    }

    /// Bytes that a copy of it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(self.fields.as_slice())
    }

    /// The whole buffer that spans point into: the raw line, then decoded and derived text.
    #[must_use]
    pub fn buffer(&self) -> &str {
        &self.text
    }

    /// Appends to the buffer and returns where it stands. Never moves earlier text.
    pub fn append_text(&mut self, text: &str) -> Span {
        let start = to_u32(self.begin_text());
        self.text.push_str(text);
        Span { start, len: to_u32(text.len()) }
    }

    /// Where text that is appended next will stand. A newline is put before it, so that two pieces never
    /// read as one word: redaction looks for secrets in the whole buffer.
    pub(crate) fn begin_text(&mut self) -> usize {
        self.text.push('\n');
        self.text.len()
    }

    /// The buffer, for stages that decode text straight into it, after [`Event::begin_text`]. Text before the
    /// current end must stay.
    pub(crate) fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    /// Where the event stands now, for [`Event::rewind`].
    pub(crate) fn mark(&self) -> Mark {
        Mark { fields: self.fields.len(), text: self.text.len(), names: self.overflow_names.len() }
    }

    /// Forgets the fields and the text added since `mark`.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.fields.truncate(mark.fields);
        self.text.truncate(mark.text);
        self.overflow_names.truncate(mark.names);
    }

    /// Moves the fields added since `mark` before those added since `start`: they are found first, and what
    /// stood there is only their envelope.
    pub(crate) fn bring_forward(&mut self, start: Mark, mark: Mark) {
        let (moved, passed) = (self.fields.len() - mark.fields, mark.fields - start.fields);
        self.fields.get_mut(start.fields..).unwrap_or_default().rotate_right(moved);
        let at = |limit: usize| self.overflow_names.partition_point(|(index, _)| to_usize(*index) < limit);
        let (from, first_moved) = (at(start.fields), at(mark.fields));
        let names = self.overflow_names.get_mut(from..).unwrap_or_default();
        names.rotate_left(first_moved - from);
        for (index, _) in names {
            let old = to_usize(*index);
            *index = to_u32(if old >= mark.fields { old - passed } else { old + moved });
        }
        if self.meta.inner_fields == 0 {
            self.meta.inner_fields = to_u32(start.fields + moved);
        } else {
            // They are the first of those that move.
            self.meta.inner_fields -= to_u32(passed);
        }
    }

    /// The field, whose text has been read by itself, is no text any more.
    pub(crate) fn hold(&mut self, text: Field) {
        if let Some(field) = self.fields.iter_mut().rev().find(|field| **field == text) {
            field.kind = Kind::Object;
        }
    }

    /// The fields added since `start`.
    pub(crate) fn fields_since(&self, start: Mark) -> &[Field] {
        self.fields.get(start.fields..).unwrap_or_default()
    }

    /// The message among the fields added since `start`.
    pub(crate) fn message_since(&self, start: Mark) -> Option<Field> {
        self.fields_since(start).iter().rfind(|field| field.path == canonical::MESSAGE).copied()
    }

    /// Ends the newest message after this many bytes.
    pub(crate) fn shorten_message(&mut self, len: u32) {
        let message = |field: &&mut Field| field.path == canonical::MESSAGE && field.origin == Origin::Line;
        if let Some(field) = self.fields.iter_mut().rev().find(message) {
            field.span.len = len;
        }
    }

    /// Replaces ranges of the buffer (ascending, apart from each other, between characters) by what `write`
    /// appends, and moves all spans along. A span that begins or ends inside of a range covers all of its
    /// replacement afterwards.
    pub(crate) fn rewrite(
        &mut self,
        ranges: &[std::ops::Range<usize>],
        mut write: impl FnMut(usize, &str, &mut String),
    ) {
        let mut text = String::with_capacity(self.text.len());
        let mut replaced = Vec::with_capacity(ranges.len());
        let mut at = 0;
        for (index, range) in ranges.iter().enumerate() {
            text.push_str(self.text.get(at..range.start).unwrap_or_default());
            let start = text.len();
            write(index, self.text.get(range.clone()).unwrap_or_default(), &mut text);
            replaced.push(start..text.len());
            at = range.end;
        }
        text.push_str(self.text.get(at..).unwrap_or_default());
        let place = |position: usize, is_end: bool| -> usize {
            let next =
                ranges.partition_point(
                    |range| if is_end { range.start < position } else { range.start <= position },
                );
            match next.checked_sub(1).and_then(|index| Some((ranges.get(index)?, replaced.get(index)?))) {
                None => position,
                Some((old, new)) if position < old.end || (is_end && position == old.end) => {
                    if is_end {
                        new.end
                    } else {
                        new.start
                    }
                }
                Some((old, new)) => position - old.end + new.end,
            }
        };
        let moved = |span: Span| {
            let start = place(to_usize(span.start), false);
            let end = if span.len == 0 { start } else { place(to_usize(span.start + span.len), true) };
            Span { start: to_u32(start), len: to_u32(end.saturating_sub(start)) }
        };
        for field in &mut self.fields {
            field.span = moved(field.span);
        }
        for (_, name) in &mut self.overflow_names {
            *name = moved(*name);
        }
        self.raw_len = to_u32(place(to_usize(self.raw_len), true));
        self.text = text;
    }

    /// The name of a field whose path could not be interned.
    pub(crate) fn overflow_name(&self, index: usize) -> Option<&str> {
        let place = self.overflow_names.binary_search_by_key(&to_u32(index), |(at, _)| *at).ok()?;
        let (_, span) = self.overflow_names.get(place)?;
        Some(self.text(*span))
    }

    /// Takes a field out of the reach of [`Event::get`] and [`Event::all`] without losing its name or
    /// its place: it is still listed, shown and searched.
    pub(crate) fn shadow(&mut self, index: usize, name: &str) {
        let Some(field) = self.fields.get_mut(index) else { return };
        if field.path != PathId::OVERFLOW {
            field.path = PathId::OVERFLOW;
            let name = self.append_text(name);
            let place = self.overflow_names.partition_point(|(at, _)| to_usize(*at) < index);
            self.overflow_names.insert(place, (to_u32(index), name));
        }
    }

    /// Adds a field whose text already stands in the buffer.
    pub fn push(&mut self, path: PathId, kind: Kind, span: Span, origin: Origin) {
        self.fields.push(Field { path, span, kind, origin });
    }

    /// Adds a field with text of its own.
    pub fn push_text(&mut self, path: PathId, kind: Kind, text: &str, origin: Origin) {
        let span = self.append_text(text);
        self.push(path, kind, span, origin);
    }

    /// Adds a field whose path could not be interned; `name` is its dotted path.
    pub fn push_overflow(&mut self, name: &str, kind: Kind, span: Span, origin: Origin) {
        // The elements of an array follow each other.
        let before = self.overflow_names.last().map(|(_, span)| *span);
        let name = match before {
            Some(span) if self.text(span) == name => span,
            _ => self.append_text(name),
        };
        self.overflow_names.push((to_u32(self.fields.len()), name));
        self.push(PathId::OVERFLOW, kind, span, origin);
    }

    /// All fields: those of the line in document order, then derived ones.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Mutable access for the stages that own the event (decode, normalize).
    pub fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    /// The text a span points at; empty when the span is not one of this event.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.text.get(to_usize(span.start)..to_usize(span.start + span.len)).unwrap_or_default()
    }

    /// The text of the first field with this path. Containers (objects, arrays) give their JSON.
    #[must_use]
    pub fn get(&self, path: PathId) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.path == path)?;
        Some(self.text(field.span))
    }

    /// The texts of all scalar fields with this path.
    pub fn all(&self, path: PathId) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |field| field.path == path && !field.kind.is_container())
            .map(|field| self.text(field.span))
    }

    /// What the event speaks for: the service that says its name, else the file that it stands in, with its
    /// folder (`shop/access.log`).
    #[must_use]
    pub fn service<'a>(&'a self, source: &'a str) -> &'a str {
        self.all(canonical::SERVICE_NAME).next().unwrap_or_else(|| file_with_folder(source))
    }

    /// The dotted name of a field.
    #[must_use]
    pub fn name<'a>(&'a self, index: usize, paths: &'a PathNames) -> &'a str {
        let Some(field) = self.fields.get(index) else { return "" };
        if field.path != PathId::OVERFLOW {
            return paths.name(field.path);
        }
        self.overflow_name(index).unwrap_or_default()
    }

    /// The address of the event: (source generation, byte offset, place in the line). Two equal lines are two
    /// events.
    #[must_use]
    pub fn id(&self) -> EventId {
        EventId::of(self.meta.generation, self.meta.offset).part(self.meta.part)
    }
}

/// The file of a path with its folder (`shop/access.log`): logs of one name lie in many folders.
#[must_use]
pub fn file_with_folder(path: &str) -> &str {
    let folder = path.rmatch_indices('/').nth(1);
    folder.map_or(path, |(at, _)| path.get(at + 1..).unwrap_or(path))
}

pub use path::PathNames;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_speaks_for_its_service_or_its_file() {
        let mut event = Event::default();
        let files = [
            ("/var/log/shop/access.log", "shop/access.log"),
            ("shop/access.log", "shop/access.log"),
            ("/app.log", "/app.log"),
            ("app.log", "app.log"),
            ("", ""),
        ];
        for (source, service) in files {
            assert_eq!(event.service(source), service);
        }
        event.push_text(canonical::SERVICE_NAME, Kind::String, "payments", Origin::Line);
        assert_eq!(event.service("/var/log/shop/access.log"), "payments");
    }
}
