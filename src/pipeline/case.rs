//! What goes into a case, and a case through the same [`Engine`] that found its incident.

use std::collections::HashSet;
use std::sync::Arc;

use super::engine::{Engine, LookBack};
use super::in_order::InOrder;
use super::reporter::evidence;
use crate::alert::{Alert, AlertKind};
use crate::correlate::Output;
use crate::detect::MatchRecord;
use crate::event::number::to_u32;
use crate::event::{Event, EventId, HOUR, Nanos, Record, SourceId, TimeQuality, Timestamp};
use crate::index::{Error, Reader};
use crate::query::SearchRequest;
use crate::query::name::term;
use crate::report::MOST_CASE_EVENTS;

/// How long before it was reached what adds up to a risk is looked for.
const RISK_BEFORE: Nanos = HOUR;

/// The events of an incident: those that are stored with it, and all of its group within its time, which a replay
/// needs where more were counted than are stored.
///
/// # Errors
/// The index cannot be read.
pub fn case_records(reader: &Reader, alert: &Alert) -> Result<Vec<Record>, Error> {
    let mut records = evidence(reader, alert)?;
    let known: HashSet<EventId> = records.iter().map(|record| record.event_id).collect();
    let of_group = of_group(reader, alert)?;
    records.extend(of_group.into_iter().filter(|record| !known.contains(&record.event_id)));
    records.sort_by_key(|record| (record.time, record.seq));
    records.truncate(MOST_CASE_EVENTS);
    Ok(records)
}

/// An incident without a group may be about anything: it has nothing but what is stored with it.
fn of_group(reader: &Reader, alert: &Alert) -> Result<Vec<Record>, Error> {
    let terms: Vec<String> = alert.group.iter().map(|(name, value)| term(name, value)).collect();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    // Risk adds up from before the event that it was reached with.
    let before = if alert.kind == AlertKind::Risk { RISK_BEFORE } else { 0 };
    let request = SearchRequest {
        query: terms.join(" AND "),
        since: Some(alert.window.start.plus(-before)),
        until: Some(alert.window.end.plus(1)),
        limit: MOST_CASE_EVENTS,
        ascending: true,
    };
    match reader.search(&request) {
        Ok(found) => Ok(found.records),
        // A field of the group that no event has under this name: somebody else's query, not ours.
        Err(Error::Query(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Runs the events of a case through `engine`, in the order of their times. `pace` is called with the time of every
/// event before it is looked at; `sink` gets what detection says, in order.
///
/// # Errors
/// Those of `pace` and of `sink`.
pub fn replay_case<E>(
    records: &[Record],
    engine: &mut Engine,
    pace: impl FnMut(Timestamp) -> Result<(), E>,
    mut sink: impl FnMut(Vec<Output>) -> Result<(), E>,
) -> Result<(), E> {
    let mut in_order = InOrder::new(engine, pace, |outputs, _| sink(outputs));
    let mut files: Vec<&Arc<str>> = records.iter().map(|record| &record.source).collect();
    files.sort_unstable();
    files.dedup();
    let (mut event, mut known) = (Event::default(), MatchRecord::default());
    for record in records {
        let file = files.binary_search(&&record.source).unwrap_or_default();
        let place = LookBack {
            source: SourceId(to_u32(file)),
            time: record.time,
            is_forged: record.time_quality == TimeQuality::Future,
        };
        if in_order.engine().judge_again(record, place, &mut event, &mut known) {
            in_order.take_in(&mut event, &mut known)?;
        }
    }
    in_order.end()
}
