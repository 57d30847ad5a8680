//! What a window remembers of an event: enough to show it and to feed rules above.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::field_set::FieldSet;
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::EventId;
use crate::event::number::to_u16;

/// Longest value kept for display and for rules above; longer ones are cut.
pub(crate) const LONGEST_VALUE: usize = 256;

/// An event (or the firing of a rule below, with the events behind it), shared by every window
/// that holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) id: EventId,
    pub(crate) path: Arc<str>,
    pub(crate) line: u64,
    /// All values, one behind the other.
    text: Box<str>,
    /// Field and length of each; correlation ids have the field [`ID`].
    spans: Spans,
    /// The events behind a firing, at most [`Evidence::MOST_PARTS`].
    pub(crate) parts: Box<[Arc<Evidence>]>,
}

const ID: FieldNumber = FieldNumber::MAX;

/// There is one for each event in a window: a usual one is a single piece of memory beside its text.
pub(super) type Spans = SmallVec<[(FieldNumber, u16); 8]>;

impl Evidence {
    pub(crate) const MOST_PARTS: usize = 32;

    /// With the values of those fields that somebody may ask for.
    pub(crate) fn of(record: &MatchRecord, parts: Vec<Arc<Evidence>>, asked: &FieldSet) -> Self {
        let ids = record.correlation_ids().map(|id| (ID, id));
        let values = record.all_values().filter(|(field, _)| asked.contains(*field));
        let (text, spans) = packed(values.chain(ids));
        let (path, parts) = (Arc::clone(&record.path), parts.into());
        Self { id: record.event_id, path, line: record.line, text, spans, parts }
    }

    /// All values with their fields.
    fn all_values(&self) -> impl Iterator<Item = (FieldNumber, &str)> + Clone {
        let mut end = 0;
        self.spans.iter().map(move |(field, len)| {
            let start = end;
            end += usize::from(*len);
            (*field, self.text.get(start..end).unwrap_or_default())
        })
    }

    pub(crate) fn values(&self, field: FieldNumber) -> impl Iterator<Item = &str> {
        let mut end = 0;
        self.spans.iter().filter_map(move |(other, len)| {
            let start = end;
            end += usize::from(*len);
            (*other == field).then(|| self.text.get(start..end).unwrap_or_default())
        })
    }

    pub(crate) fn correlation_ids(&self) -> impl Iterator<Item = &str> {
        self.values(ID)
    }

    /// The same with other field numbers; fields without one are dropped.
    pub(crate) fn renumbered(&self, number: &impl Fn(FieldNumber) -> Option<FieldNumber>) -> Self {
        let keep = |(field, value)| {
            let field = if field == ID { Some(ID) } else { number(field) };
            field.map(|field| (field, value))
        };
        let (text, spans) = packed(self.all_values().filter_map(keep));
        let parts = self.parts.iter().map(|part| Arc::new(part.renumbered(number))).collect();
        Self { text, spans, parts, ..self.clone() }
    }

    /// All values one behind the other, for [`Evidence::of_text`].
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The field and the length of each of them.
    pub(super) fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Of values that were stored.
    pub(super) fn of_text(text: Box<str>, spans: Spans) -> Self {
        Self { text, spans, ..Self::default() }
    }

    /// Calls `visit` with the values of a field: its own, else those of the events behind it.
    pub(crate) fn each_value<'e>(&'e self, field: FieldNumber, visit: &mut impl FnMut(&'e str)) {
        let mut own = self.values(field).peekable();
        match own.peek() {
            Some(_) => own.for_each(visit),
            None => self.each_event(&mut |event| event.values(field).for_each(&mut *visit)),
        }
    }

    /// Calls `visit` with every event behind this: the parts of a firing, else the event itself.
    pub(crate) fn each_event<'e>(&'e self, visit: &mut impl FnMut(&'e Evidence)) {
        if self.parts.is_empty() {
            visit(self);
        }
        for part in &*self.parts {
            part.each_event(visit);
        }
    }
}

/// Values cut to their longest, one behind the other.
fn packed<'v>(values: impl Iterator<Item = (FieldNumber, &'v str)> + Clone) -> (Box<str>, Spans) {
    // Text that lies as long as this one takes no room that it does not fill.
    let size = values.clone().map(|(_, value)| value.len().min(LONGEST_VALUE)).sum();
    let (mut text, mut spans) = (String::with_capacity(size), Spans::new());
    for (field, value) in values {
        let value = cut(value);
        spans.push((field, to_u16(value.len())));
        text.push_str(value);
    }
    (text.into(), spans)
}

/// `value` without what is beyond [`LONGEST_VALUE`] bytes, cut at a character.
pub(crate) fn cut(value: &str) -> &str {
    let mut end = value.len().min(LONGEST_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}
