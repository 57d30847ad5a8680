//! An event made again of what the index holds of it.

use super::dating;
use crate::event::{Event, Field, Kind, Origin, Paths, Record, RecordField, TimeQuality};

/// Whether an event that was decoded from the line of `record` is the one that was stored: a line may hold several.
pub(super) fn is_of(event: &Event, record: &Record) -> bool {
    let decoded = event.fields().iter().filter(|field| !field.kind.is_container() && is_of_line(field));
    let stored = record.fields.iter().filter(|field| !field.derived && !field.joined);
    decoded.map(|field| event.text(field.span)).eq(stored.map(|field| field.value.as_str()))
}

fn is_of_line(field: &Field) -> bool {
    matches!(field.origin, Origin::Line | Origin::Quoted)
}

/// The time that an event was given when it was read first: it names none.
pub(super) fn date(record: &Record, event: &mut Event) {
    if event.meta.time.is_none() && record.time_quality != TimeQuality::Absent {
        dating::give(event, record.time, record.time_quality);
    }
}

/// Puts the time and the derived and joined fields of `record` in place of those of `event`: what normalisation
/// knew then, and what it saw before anything was hidden.
pub(super) fn overlay(record: &Record, paths: &Paths, event: &mut Event) {
    event.fields_mut().retain(|field| field.kind.is_container() || is_of_line(field));
    for field in record.fields.iter().filter(|field| field.derived || field.joined) {
        let origin = if field.joined { Origin::Joined } else { Origin::Canonical };
        event.push_text(paths.intern(&field.name), kind(field), &field.value, origin);
    }
    event.meta.time = (record.time_quality != TimeQuality::Absent).then_some(record.time);
    // Whether a claim is believed is decided anew.
    if record.time_quality != TimeQuality::Future {
        event.meta.time_quality = record.time_quality;
    }
    event.meta.outcome = record.outcome;
    event.meta.flags = record.flags;
}

fn kind(field: &RecordField) -> Kind {
    match (field.is_string, field.value.as_str()) {
        (true, _) => Kind::String,
        (false, "true") => Kind::True,
        (false, "false") => Kind::False,
        (false, "null") => Kind::Null,
        (false, _) => Kind::Number,
    }
}
