//! What a window remembers of an event: enough to show it and to feed rules above.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::EventId;

/// Longest value kept for display and for rules above; longer ones are cut.
pub(crate) const LONGEST_VALUE: usize = 256;

/// An event (or the firing of a rule below, with the events behind it), shared by every window
/// that holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) id: EventId,
    pub(crate) path: Arc<str>,
    pub(crate) line: u64,
    text: Box<str>,
    /// (field, start, length) in `text`; correlation ids have the field [`ID`].
    spans: Box<[(FieldNumber, u32, u32)]>,
    /// The events behind a firing, at most [`Evidence::MOST_PARTS`].
    pub(crate) parts: Vec<Arc<Evidence>>,
}

const ID: FieldNumber = FieldNumber::MAX;

impl Evidence {
    pub(crate) const MOST_PARTS: usize = 32;

    pub(crate) fn of(record: &MatchRecord, parts: Vec<Arc<Evidence>>) -> Self {
        let mut text = String::with_capacity(record.text_len());
        let mut spans = Vec::with_capacity(record.spans());
        let ids = record.correlation_ids().map(|id| (ID, id));
        for (field, value) in record.all_values().chain(ids) {
            let value = cut(value);
            spans.push((field, text.len() as u32, value.len() as u32));
            text.push_str(value);
        }
        Self {
            id: record.event_id,
            path: Arc::clone(&record.path),
            line: record.line,
            text: text.into(),
            spans: spans.into(),
            parts,
        }
    }

    pub(crate) fn values(&self, field: FieldNumber) -> impl Iterator<Item = &str> {
        self.spans
            .iter()
            .filter(move |span| span.0 == field)
            .map(|(_, start, len)| self.text.get(*start as usize..(start + len) as usize).unwrap_or_default())
    }

    pub(crate) fn correlation_ids(&self) -> impl Iterator<Item = &str> {
        self.values(ID)
    }

    /// The same with other field numbers; fields without one are dropped.
    pub(crate) fn renumbered(&self, number: &impl Fn(FieldNumber) -> Option<FieldNumber>) -> Self {
        let keep = |(field, start, len): &(FieldNumber, u32, u32)| {
            let field = if *field == ID { Some(ID) } else { number(*field) };
            field.map(|field| (field, *start, *len))
        };
        Self {
            spans: self.spans.iter().filter_map(keep).collect(),
            parts: self.parts.iter().map(|part| Arc::new(part.renumbered(number))).collect(),
            ..self.clone()
        }
    }

    /// Calls `visit` with every event behind this: the parts of a firing, else the event itself.
    pub(crate) fn each_event<'e>(&'e self, visit: &mut impl FnMut(&'e Evidence)) {
        if self.parts.is_empty() {
            visit(self);
        }
        for part in &self.parts {
            part.each_event(visit);
        }
    }
}

/// `value` without what is beyond [`LONGEST_VALUE`] bytes, cut at a character.
pub(crate) fn cut(value: &str) -> &str {
    let mut end = value.len().min(LONGEST_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}
