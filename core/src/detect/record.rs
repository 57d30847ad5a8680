//! What stage one hands to stage two: one event that matched, reduced to what correlation needs.
//!
//! Flat and reusable: one text buffer, spans into it, no string per field. It serialises, so that
//! matching can run near the source and correlation where the key is owned.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::number::{to_u16, to_u32, to_usize};
use crate::event::veil::Pseudonyms;
use crate::event::{Event, EventId, Kind, PathId, Paths, SourceId, TimeQuality, Timestamp, canonical};
use crate::sigma::decimal::Decimal;
use crate::sigma::rule::RuleIndex;
use crate::sigma::taxonomy::{FieldResolver, FieldSlot, SERVICE};

/// Number of a needed field: its index in `Correlator::needed_fields`.
pub type FieldNumber = u16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Value {
    field: FieldNumber,
    start: u32,
    len: u32,
}

/// One event with the rules it matched. Cleared and refilled by [`MatchRecord::begin`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchRecord {
    pub event_id: EventId,
    /// Order of reading.
    pub seq: u64,
    /// Number of the source, for its watermark.
    pub source: SourceId,
    /// Claimed event time; `None` when there is none that can be used.
    pub time: Option<Timestamp>,
    pub time_quality: TimeQuality,
    /// Arrival (replay: the event time).
    pub ingested: Timestamp,
    /// File the line stands in; empty when unknown.
    pub path: Arc<str>,
    pub line: u64,
    /// Indexes of the matched rules, ascending.
    pub rules: Vec<RuleIndex>,
    text: String,
    values: Vec<Value>,
    /// Spans of correlation ids.
    ids: Vec<(u32, u32)>,
}

impl Default for MatchRecord {
    fn default() -> Self {
        Self {
            event_id: EventId::default(),
            seq: 0,
            source: SourceId::default(),
            time: None,
            time_quality: TimeQuality::Absent,
            ingested: Timestamp::default(),
            path: Arc::from(""),
            line: 0,
            rules: Vec::new(),
            text: String::new(),
            values: Vec::new(),
            ids: Vec::new(),
        }
    }
}

impl MatchRecord {
    /// Starts over with the place of `event` and no values; buffers keep their capacity.
    pub fn begin(&mut self, event: &Event, path: &Arc<str>) {
        self.clear();
        self.event_id = event.id();
        self.seq = event.meta.seq;
        self.source = event.meta.source;
        self.time = event.meta.time;
        self.time_quality = event.meta.time_quality;
        self.ingested = event.meta.ingested;
        if !Arc::ptr_eq(&self.path, path) {
            self.path = Arc::clone(path);
        }
        self.line = event.meta.line;
    }

    /// Forgets rules, values and correlation ids.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.text.clear();
        self.values.clear();
        self.ids.clear();
    }

    /// A record of no event, at a place in time: what a firing hands to the rules above.
    pub(crate) fn at(time: Timestamp, seq: u64) -> Self {
        Self { time: Some(time), time_quality: TimeQuality::Exact, seq, ..Self::default() }
    }

    /// Adds a value of a needed field. A field may have several, for example of an array.
    pub fn push_value(&mut self, field: FieldNumber, text: &str) {
        let start = to_u32(self.text.len());
        self.text.push_str(text);
        self.values.push(Value { field, start, len: to_u32(text.len()) });
    }

    pub fn push_correlation_id(&mut self, id: &str) {
        let start = to_u32(self.text.len());
        self.text.push_str(id);
        self.ids.push((start, to_u32(id.len())));
    }

    /// All values of a field, in the order of the event.
    pub fn values(&self, field: FieldNumber) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(move |value| value.field == field)
            .map(|value| self.slice(value.start, value.len))
    }

    /// The first value of a field.
    #[must_use]
    pub fn value(&self, field: FieldNumber) -> Option<&str> {
        self.values(field).next()
    }

    /// Every value with the number of its field.
    pub fn all_values(&self) -> impl Iterator<Item = (FieldNumber, &str)> + Clone {
        self.values.iter().map(|value| (value.field, self.slice(value.start, value.len)))
    }

    pub fn correlation_ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.ids.iter().map(|(start, len)| self.slice(*start, *len))
    }

    fn slice(&self, start: u32, len: u32) -> &str {
        self.text.get(to_usize(start)..to_usize(start + len)).unwrap_or_default()
    }
}

/// An event as it was read, and what may be shown of it.
#[derive(Clone, Copy)]
pub struct View<'e> {
    pub event: &'e Event,
    /// With the same fields in the same order.
    pub shown: &'e Event,
    /// Makes what cannot be shown comparable; `None` when all of it may be.
    pub pseudonyms: Option<Pseudonyms>,
}

impl<'e> View<'e> {
    /// Nothing of it is secret.
    #[must_use]
    pub fn all_of(event: &'e Event) -> Self {
        Self { event, shown: event, pseudonyms: None }
    }

    /// Adds a value of some kind: a number is one value however it is written (27, 27.0, 2.7e1).
    fn push_kind(&self, record: &mut MatchRecord, wanted: (FieldNumber, Kind), raw: &str, shown: &str) {
        let (field, kind) = wanted;
        let is_plain = || raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let is_usual = || is_plain() || Decimal::is_spelled_so(raw);
        let number =
            if kind != Kind::Number || !same(raw, shown) || is_usual() { None } else { Decimal::parse(raw) };
        match number {
            Some(number) => record.push_value(field, &number.to_string()),
            None => self.push(record, field, raw, shown),
        }
    }

    /// Adds a value to a record: as it was read where it may be shown, else veiled.
    fn push(&self, record: &mut MatchRecord, field: FieldNumber, raw: &str, shown: &str) {
        match self.pseudonyms {
            Some(pseudonyms) if !same(raw, shown) || Pseudonyms::must_veil(raw) => {
                record.push_value(field, &pseudonyms.veiled(raw, shown));
            }
            _ => record.push_value(field, raw),
        }
    }
}

/// Equal, most often because it is the same text.
fn same(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

/// Fills records from events: looks up the needed fields, in one pass over the event.
pub struct Extractor {
    resolver: FieldResolver,
    slots: Vec<FieldSlot>,
    /// By path: the needed fields that it is the name of, and those it stands in for.
    wanted: Vec<Vec<Wanted>>,
    /// By path, in few cache lines: whether there are any.
    is_wanted: Vec<bool>,
    /// Needed fields whose path found no room in the table of paths.
    overflow: Vec<FieldNumber>,
    /// The number of [`SERVICE`], if it is needed.
    service: Option<FieldNumber>,
    /// By field, for the event at hand: its own name occurs.
    named: Vec<bool>,
    /// Places of the fields of the event at hand that may be needed, with their paths.
    found: Vec<(u32, u32)>,
}

#[derive(Clone, Copy)]
struct Wanted {
    field: FieldNumber,
    /// The path is the canonical name of the field, asked only when the name itself is absent.
    fallback: bool,
}

impl Extractor {
    /// `fields` are those of `Correlator::needed_fields`.
    #[must_use]
    pub fn new(paths: &Paths, fields: &[String]) -> Self {
        let mut resolver = FieldResolver::new(paths);
        let slots: Vec<FieldSlot> = fields.iter().map(|name| resolver.slot(name)).collect();
        let mut wanted: Vec<Vec<Wanted>> = Vec::new();
        let mut overflow = Vec::new();
        let mut want = |path: PathId, entry: Wanted| {
            if path == PathId::OVERFLOW {
                overflow.push(entry.field);
                return;
            }
            if wanted.len() <= path.index() {
                wanted.resize_with(path.index() + 1, Vec::new);
            }
            wanted[path.index()].push(entry);
        };
        for (number, slot) in slots.iter().enumerate() {
            let field = to_u16(number);
            let (primary, fallback) = resolver.paths_of(*slot);
            want(primary, Wanted { field, fallback: false });
            if let Some(path) = fallback {
                want(path, Wanted { field, fallback: true });
            }
        }
        let service = fields.iter().position(|field| field == SERVICE).map(to_u16);
        let named = vec![false; slots.len()];
        let is_wanted = wanted.iter().map(|wanted| !wanted.is_empty()).collect();
        Self { resolver, slots, wanted, is_wanted, overflow, service, named, found: Vec::new() }
    }

    /// Finds the fields of an event that may be needed. Without a branch for each: which they are, nobody can
    /// foresee.
    fn find(&mut self, event: &Event) {
        self.found.clear();
        self.found.resize(event.fields().len(), (0, 0));
        let mut count = 0;
        for (at, field) in event.fields().iter().enumerate() {
            let path = field.path.index();
            self.found[count] = (to_u32(at), to_u32(path));
            count += usize::from(self.is_wanted.get(path).copied().unwrap_or(false));
        }
        self.found.truncate(count);
    }

    /// Makes `record` the record of `event`, which matched `rules` and holds no secrets.
    pub fn fill(&mut self, event: &Event, rules: &[RuleIndex], path: &Arc<str>, record: &mut MatchRecord) {
        self.fill_view(View::all_of(event), rules, path, record);
    }

    /// Makes `record` the record of an event that matched `rules`.
    pub fn fill_view(
        &mut self,
        view: View<'_>,
        rules: &[RuleIndex],
        path: &Arc<str>,
        record: &mut MatchRecord,
    ) {
        let event = view.event;
        record.begin(event, path);
        view.shown.all(canonical::CORRELATION_ID).for_each(|id| record.push_correlation_id(id));
        record.rules.extend_from_slice(rules);
        self.find(event);
        self.named.fill(false);
        for path in self.found.iter().map(|(_, path)| to_usize(*path)) {
            for wanted in &self.wanted[path] {
                self.named[usize::from(wanted.field)] |= !wanted.fallback;
            }
        }
        self.push_found(view, record);
        if let Some(field) = self.service {
            view.push(record, field, event.service(path), view.shown.service(path));
        }
        for field in &self.overflow {
            self.push_overflow(view, *field, record);
        }
    }

    /// Adds the values of the fields that were found.
    fn push_found(&self, view: View<'_>, record: &mut MatchRecord) {
        for (at, path) in &self.found {
            let at = to_usize(*at);
            let Some(field) = view.event.fields().get(at) else { continue };
            if field.kind.is_container() || field.kind == Kind::Null {
                continue;
            }
            let shown = view.shown.fields().get(at).map_or("", |field| view.shown.text(field.span));
            for wanted in &self.wanted[to_usize(*path)] {
                if !wanted.fallback || !self.named[usize::from(wanted.field)] {
                    view.push_kind(record, (wanted.field, field.kind), view.event.text(field.span), shown);
                }
            }
        }
    }

    /// Adds the values of a field without a path. Nothing of them is shown where what is shown cannot be told apart,
    /// because a name was hidden.
    fn push_overflow(&self, view: View<'_>, field: FieldNumber, record: &mut MatchRecord) {
        let slot = self.slots[usize::from(field)];
        let shown: Vec<&str> = self.resolver.values(view.shown, slot).collect();
        let values: Vec<&str> = self.resolver.values(view.event, slot).collect();
        for (at, value) in values.iter().enumerate() {
            let told = shown.get(at).filter(|_| shown.len() == values.len());
            view.push(record, field, value, told.copied().unwrap_or(""));
        }
    }
}
