//! One document as tantivy reads it: borrowed texts and numbers, built once, copied never.
//!
//! tantivy walks a document twice (terms, columns). [`Doc`] answers from one buffer, without a value tree; what
//! is shown of a document goes to the [archive](super::archive). It is shared: the writer keeps a document
//! until its commit is durable, so that a failed commit can be repeated without reading again.

use std::iter::Empty;
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;
use tantivy::DateTime;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf};
use tantivy::schema::{Document, Field, Value};

use super::alert;
use super::codec::{self, DocumentKind, FormView, StoredForm};
use super::error::Error;
use super::gap::{self, StoredGap};
use super::queue::Ticket;
use super::schema::{self, Fields};
use super::tokenizer::{push_marker, push_own, push_pair};
use crate::alert::Alert;
use crate::event::number::to_usize;
use crate::event::{
    Event, Field as EventField, Gap, Kind, LogLevel, Origin, PathId, PathNames, Redacted, SEARCHED_FIELDS,
    Span, TimeQuality, Timestamp, canonical, shown,
};
use crate::query::name::{KIND, KIND_ALERT, KIND_GAP, OUTCOME, SOURCE, is_repeated};
use crate::query::value::is_time_of;
use crate::query::words::{VALUE_BYTES, WORDS_BYTES, clean_name, head, is_wordy, push_value};

/// The marker of a value that is found among the words of the message and of the other texts.
pub const IN_WORDS: &str = "";

/// Buffers in which documents are made, one after the other. Each then takes as much memory as it needs: they wait by
/// the ten thousands.
#[derive(Default)]
pub struct Draft {
    buffer: String,
    form: StoredForm,
}

/// The contents of a document.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The stored line, then the words of other values, then the framed pairs.
    buffer: Box<str>,
    line: Range<usize>,
    message: Range<usize>,
    text: Range<usize>,
    pairs: Range<usize>,
    form: StoredForm,
    time: i64,
    seq: u64,
    event_key: u64,
    level: u64,
    epoch: u64,
}

impl Contents {
    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        self.buffer.len() + self.form.bytes() + size_of::<Self>()
    }

    /// What the archive holds of it.
    pub fn stored(&self) -> (FormView<'_>, &str) {
        (self.form.view(), self.buffer.get(self.line.clone()).unwrap_or_default())
    }

    /// Moves the document to another commit.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    pub fn event(draft: &mut Draft, event: &Redacted, names: &PathNames, source: &str, epoch: u64) -> Self {
        let Draft { buffer, form } = draft;
        buffer.clear();
        let message = codec::encode_event(event, names, source, buffer, form);
        let line = 0..buffer.len();
        let message = clip(buffer, message, WORDS_BYTES);
        let plan = Plan::of(event);
        let text = appended(buffer, |buffer| plan.push_text(names, buffer));
        let pairs = appended(buffer, |buffer| plan.push_pairs(names, source, buffer));
        let level = LogLevel::parse(event.get(canonical::LOG_LEVEL).unwrap_or_default());
        Self {
            line,
            message,
            text,
            pairs,
            form: form.clone(),
            time: event.meta.time.unwrap_or(event.meta.ingested).0,
            seq: event.meta.seq,
            event_key: event_key(event.id().0),
            level: codec::level_code(level),
            epoch,
            buffer: buffer.as_str().into(),
        }
    }

    /// A search is about events unless it asks for alerts: then what an alert says, and its fields, are those of it.
    pub fn alert(alert: &Alert, number: u64, epoch: u64) -> Result<Self, Error> {
        let json = serde_json::to_string(alert).map_err(|error| Error::form(&error))?;
        let pairs = |frames: &mut String| {
            push_own(frames, KIND, KIND_ALERT);
            for field in alert::fields(alert) {
                push_pair(frames, field.name, &field.value);
            }
        };
        let key = event_key(alert.alert_id.0);
        let (kind, message, time) = (DocumentKind::Alert, head(&alert.summary, WORDS_BYTES), alert.time);
        let level = codec::level_code(alert::log_level(alert));
        Ok(Self::other(
            &Other { kind, json: &json, message, time, seq: number, event_key: key, level, epoch },
            pairs,
        ))
    }

    pub fn gap(gap: &Gap, at: Timestamp, number: u64, epoch: u64) -> Result<Self, Error> {
        let stored = StoredGap { at, gap: gap.clone() };
        let json = serde_json::to_string(&stored).map_err(|error| Error::form(&error))?;
        let path = shown(&gap.path).to_string();
        let pairs = |frames: &mut String| {
            push_own(frames, KIND, KIND_GAP);
            push_pair(frames, SOURCE, &path);
        };
        let (kind, event_key, level) = (DocumentKind::Gap, 0, codec::level_code(gap::LEVEL));
        Ok(Self::other(
            &Other { kind, json: &json, message: &path, time: at, seq: number, event_key, level, epoch },
            pairs,
        ))
    }

    fn other(what: &Other<'_>, pairs: impl FnOnce(&mut String)) -> Self {
        let Other { kind, json, message, time, seq, event_key, level, epoch } = *what;
        let mut buffer = json.to_owned();
        let line = 0..buffer.len();
        let message = appended(&mut buffer, |buffer| buffer.push_str(message));
        let pairs = appended(&mut buffer, pairs);
        let form = codec::encode_other(kind, seq, time);
        let (text, buffer) = (0..0, buffer.into_boxed_str());
        Self { buffer, line, message, text, pairs, form, time: time.0, seq, event_key, level, epoch }
    }
}

/// A document that is no event.
struct Other<'a> {
    kind: DocumentKind,
    json: &'a str,
    message: &'a str,
    time: Timestamp,
    seq: u64,
    event_key: u64,
    level: u64,
    epoch: u64,
}

/// The part of an event id (or alert id) that is kept in a column: an event shares
/// it with one of a hundred million others by a chance of one in ten thousand; who needs to be certain looks at the record.
pub fn event_key(id: u128) -> u64 {
    id as u64 & ((1 << 40) - 1)
}

fn appended(buffer: &mut String, write: impl FnOnce(&mut String)) -> Range<usize> {
    let start = buffer.len();
    write(buffer);
    start..buffer.len()
}

/// Whether soctop has added the field to those of the line.
fn is_added(field: &EventField) -> bool {
    !matches!(field.origin, Origin::Line | Origin::Quoted)
}

fn clip(buffer: &str, span: Span, limit: usize) -> Range<usize> {
    let start = to_usize(span.start);
    let text = buffer.get(start..start + to_usize(span.len)).unwrap_or_default();
    start..start + head(text, limit).len()
}

/// How the values of one event are indexed. `state::Filter` decides the same of an event in memory.
///
/// A canonical field usually repeats a value of the line under another name. Its value is indexed
/// once, under the canonical name (its *home*); the original name gets a marker that says so. That
/// halves the distinct terms of an event. The values of the message and of the time are not terms at
/// all: they stand in fields of their own, and the marker leads there.
struct Plan<'e> {
    event: &'e Event,
    message: &'e str,
    homes: [Home; MAX_HOMES],
    count: usize,
    /// Which homes have the value of each scalar field, a bit each.
    same: SmallVec<[u64; 64]>,
}

/// A canonical field whose value others may point at.
#[derive(Clone, Copy)]
struct Home {
    path: PathId,
    span: Span,
    /// No other field of the event has this name: a marker that leads here is exact.
    single: bool,
    /// It is no value, and not indexed: no marker may lead here.
    is_null: bool,
}

const MAX_HOMES: usize = 64;

impl<'e> Plan<'e> {
    fn of(event: &'e Event) -> Self {
        let message = event.get(canonical::MESSAGE).unwrap_or(event.raw());
        let none = Home { path: PathId::OVERFLOW, span: Span::default(), single: false, is_null: true };
        let homes = [none; MAX_HOMES];
        let mut plan = Self { event, message, homes, count: 0, same: SmallVec::new() };
        for field in plan.scalars() {
            plan.note(field);
        }
        // Names used by the line as well are no homes.
        for field in plan.scalars().filter(|field| field.origin != Origin::Canonical) {
            let homes = plan.homes.iter_mut().take(plan.count);
            homes.filter(|home| home.path == field.path).for_each(|home| home.single = false);
        }
        plan.same = plan.scalars().map(|field| plan.same_as(field.span)).collect();
        plan
    }

    fn scalars(&self) -> impl Iterator<Item = &'e EventField> + use<'e> {
        self.event.fields().iter().filter(|field| !field.kind.is_container())
    }

    fn note(&mut self, field: &EventField) {
        if field.origin != Origin::Canonical || field.span.len == 0 || field.path == PathId::OVERFLOW {
            return;
        }
        let mut single = true;
        for home in self.homes.iter_mut().take(self.count).filter(|home| home.path == field.path) {
            home.single = false;
            single = false;
        }
        if let Some(free) = self.homes.get_mut(self.count) {
            let is_null = field.kind == Kind::Null;
            *free = Home { path: field.path, span: field.span, single, is_null };
            self.count += 1;
        }
    }

    /// The homes with the same value, a bit each.
    fn same_as(&self, span: Span) -> u64 {
        let is_same = |home: &Home| {
            home.span == span
                || (home.span.len == span.len && self.event.text(home.span) == self.event.text(span))
        };
        let homes = self.homes.iter().take(self.count).enumerate();
        homes.filter(|(_, home)| is_same(home)).fold(0, |same, (bit, _)| same | 1 << bit)
    }

    /// Canonical fields with the value of the scalar field of this number.
    fn homes(&self, scalar: usize) -> impl Iterator<Item = &Home> {
        let same = self.same.get(scalar).copied().unwrap_or_default();
        let homes = self.homes.iter().take(self.count).enumerate();
        homes.filter(move |(bit, _)| same >> bit & 1 == 1).map(|(_, home)| home)
    }

    /// The words of texts in the line that are neither the message nor the time nor an id.
    fn push_text(&self, names: &PathNames, buffer: &mut String) {
        let start = buffer.len();
        let scalars = self.scalars().take(SEARCHED_FIELDS).enumerate();
        for (scalar, field) in scalars.filter(|(_, field)| !is_added(field)) {
            let text = self.event.text(field.span);
            let is_string = field.kind == Kind::String;
            if !is_wordy(is_string, text) || text == self.message {
                continue;
            }
            let elsewhere = |home: &Home| {
                [canonical::TIMESTAMP, canonical::CORRELATION_ID].contains(&home.path)
                    || text.len() <= VALUE_BYTES && is_repeated(names.name(home.path))
            };
            if !self.is_time(text) && !self.homes(scalar).any(elsewhere) {
                push_value(buffer, start, text);
            }
        }
    }

    fn is_time(&self, text: &str) -> bool {
        is_time_of(text, self.event.meta.time.unwrap_or(self.event.meta.ingested))
    }

    fn push_pairs(&self, names: &PathNames, source: &str, frames: &mut String) {
        let fields = self.event.fields().iter().enumerate();
        let scalars = fields.filter(|(_, field)| !field.kind.is_container()).enumerate();
        let searched = scalars.filter(|(at, (_, field))| *at < SEARCHED_FIELDS || is_added(field));
        for (scalar, (index, field)) in searched {
            let is_column = field.path == canonical::MESSAGE || field.path == canonical::TIMESTAMP;
            if !is_column && field.kind != Kind::Null {
                let named = Named { scalar, field, name: self.event.name(index, names) };
                self.push_field(&named, names, frames);
            }
        }
        push_pair(frames, SOURCE, source);
        push_pair(frames, OUTCOME, self.event.meta.outcome.word());
        self.push_own_names(names, source, frames);
    }

    /// What only a hunt asks for.
    fn push_own_names(&self, names: &PathNames, source: &str, frames: &mut String) {
        push_own(frames, schema::FILE, source);
        if self.event.meta.time_quality == TimeQuality::Absent {
            push_own(frames, schema::TIMELESS, "");
        }
        let fields = || self.event.fields().iter().enumerate();
        let is_cut = fields().filter(|(_, field)| !field.kind.is_container()).nth(SEARCHED_FIELDS).is_some();
        if is_cut || self.message.len() > WORDS_BYTES {
            push_own(frames, schema::PARTIAL, "");
        }
        let is_void = |(_, field): &(usize, &EventField)| match field.kind {
            Kind::Null => true,
            kind => kind.is_container() && self.event.text(field.span).bytes().all(is_bracket),
        };
        for (index, _) in fields().filter(is_void).take(SEARCHED_FIELDS) {
            push_own(frames, schema::VOID, &clean_name(self.event.name(index, names)));
        }
    }

    fn push_field(&self, named: &Named<'_>, names: &PathNames, frames: &mut String) {
        let Named { field, name, .. } = *named;
        let text = self.event.text(field.span);
        let is_marked = field.origin != Origin::Canonical && self.push_markers(named, names, frames);
        // An id is asked for by its value as well, whatever else has the same.
        if is_marked && field.path != canonical::CORRELATION_ID {
            return;
        }
        let long = field.kind == Kind::String && text.len() > VALUE_BYTES;
        match long && field.path != canonical::CORRELATION_ID && field.origin != Origin::Joined {
            true => push_marker(frames, name, IN_WORDS),
            false => push_pair(frames, name, text),
        }
    }

    /// Says where the value is found instead; false when it is nowhere else.
    fn push_markers(&self, named: &Named<'_>, names: &PathNames, frames: &mut String) -> bool {
        let Named { scalar, field, name } = *named;
        let columns = [canonical::MESSAGE, canonical::TIMESTAMP];
        let homes = || self.homes(scalar).filter(|home| home.single && !home.is_null);
        let canonical = homes().find(|home| !columns.contains(&home.path)).map(|home| home.path);
        let is_time = || self.is_time(self.event.text(field.span));
        let time = homes().any(|home| home.path == canonical::TIMESTAMP) || is_time();
        let time = time.then_some(canonical::TIMESTAMP);
        let is_message = field.span.len > 0 && self.event.text(field.span) == self.message;
        let message = is_message.then_some(canonical::MESSAGE);
        let found = [canonical, time, message];
        found.iter().flatten().for_each(|home| push_marker(frames, name, names.name(*home)));
        found.iter().any(Option::is_some)
    }
}

/// A scalar field of an event.
#[derive(Clone, Copy)]
struct Named<'e> {
    /// Its number among them.
    scalar: usize,
    field: &'e EventField,
    name: &'e str,
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'{' | b'}') || byte.is_ascii_whitespace()
}

/// A document on its way into the index.
#[derive(Clone, Debug)]
pub struct Doc {
    pub fields: Fields,
    pub contents: Arc<Contents>,
    /// Its number in the archive.
    pub place: u64,
    /// Gives back its share of the queue when tantivy is done with the document.
    pub _ticket: Option<Arc<Ticket>>,
}

/// A value inside a [`Doc`].
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'d> {
    Text(&'d str),
    Number(u64),
    Time(i64),
}

impl<'d> Value<'d> for Leaf<'d> {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'d str, Self)>;

    fn as_value(&self) -> ReferenceValue<'d, Self> {
        ReferenceValue::Leaf(match *self {
            Leaf::Text(text) => ReferenceValueLeaf::Str(text),
            Leaf::Number(number) => ReferenceValueLeaf::U64(number),
            Leaf::Time(nanos) => ReferenceValueLeaf::Date(DateTime::from_timestamp_nanos(nanos)),
        })
    }
}

impl Document for Doc {
    type Value<'d> = Leaf<'d>;
    type FieldsValuesIter<'d> = std::array::IntoIter<(Field, Leaf<'d>), 9>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let (fields, it) = (&self.fields, &*self.contents);
        let text = |range: &Range<usize>| Leaf::Text(it.buffer.get(range.clone()).unwrap_or_default());
        [
            (fields.fields, text(&it.pairs)),
            (fields.message, text(&it.message)),
            (fields.text, text(&it.text)),
            (fields.time, Leaf::Time(it.time)),
            (fields.seq, Leaf::Number(it.seq)),
            (fields.event_key, Leaf::Number(it.event_key)),
            (fields.level, Leaf::Number(it.level)),
            (fields.epoch, Leaf::Number(it.epoch)),
            (fields.place, Leaf::Number(self.place)),
        ]
        .into_iter()
    }
}
