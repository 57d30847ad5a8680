//! A case on the screen: a snapshot of what is in it, and answers from its events alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::handle::{Notice, Request};
use super::reporter;
use crate::alert::RuleBook;
use crate::event::number::{to_i64, to_u64};
use crate::event::{DAY, LogLevel, Record, SECOND, Timestamp};
use crate::query::{FrequentValues, OverTime, SearchFailure, SearchRequest, SearchResponse, Trace};
use crate::report::Case;
use crate::sigma::RuleSet;
use crate::state::{Counted, Filter, Ledger, Snapshot, SourceStatus, State, Update};
use crate::triage::Decisions;

/// What is on the screen where nothing is read any more.
pub(super) fn snapshot(case: &Case, rules: &RuleSet) -> Snapshot {
    let mut state = State::new();
    // The clock stands where the incident stood when the case was made.
    state.apply(Update::Clock { now: case.made_at });
    state.apply(Update::Rules { loaded: rules.len(), problems: Vec::new() });
    state.apply(Update::RuleBook(Arc::new(RuleBook::of(rules))));
    for status in sources(&case.records) {
        state.apply(Update::Source(status));
    }
    let ledger = Ledger { parsed: to_u64(case.records.len()), ..Ledger::default() };
    let by_second = case.records.iter().map(|record| (record.time.seconds(), counts(record.level))).collect();
    state.apply(Update::Counted(Counted { by_second, ledger, ..Counted::default() }));
    let rows = case.records.iter().cloned().map(Arc::new).collect();
    state.apply(Update::Events { rows, not_shown: 0 });
    state.apply(Update::Alert(case.alert.clone()));
    state.apply(Update::Decided(Arc::new(Decisions::new(case.decisions.clone()))));
    state.apply(Update::Finished);
    state.snapshot()
}

fn counts(level: LogLevel) -> [u64; 8] {
    let mut counts = [0; 8];
    if let Some(count) =
        LogLevel::ALL.iter().position(|known| *known == level).and_then(|at| counts.get_mut(at))
    {
        *count = 1;
    }
    counts
}

/// The files that the events are of. None of them is here, and nobody looks for them.
fn sources(records: &[Record]) -> Vec<SourceStatus> {
    let mut sources: Vec<SourceStatus> = Vec::new();
    for record in records {
        let at = sources.iter().position(|known| known.path == record.source);
        let at = at.unwrap_or_else(|| {
            let path = Arc::clone(&record.source);
            sources.push(SourceStatus { path, closed: true, ..SourceStatus::default() });
            sources.len() - 1
        });
        let Some(source) = sources.get_mut(at) else { continue };
        source.lines += 1;
        source.last_line_at = Some(record.ingested);
        source.last_event_time = Some(record.time);
    }
    sources
}

/// Answers until the dashboard has hung up.
pub(super) fn run(case: &Case, requests: &Receiver<Request>, notices: &Sender<Notice>) {
    for request in requests {
        if notices.send(answer(case, request)).is_err() {
            return;
        }
    }
}

fn answer(case: &Case, request: Request) -> Notice {
    match request {
        Request::Search { ticket, request } => Notice::Search { ticket, result: search(case, &request) },
        Request::OverTime { ticket, request, intervals } => {
            Notice::OverTime { ticket, result: over_time(case, &request, intervals) }
        }
        Request::Facets { ticket, request, fields, values } => {
            Notice::Facets { ticket, result: facets(case, &request, &fields, values) }
        }
        Request::Trace { ticket, id } => Notice::Trace { ticket, result: Ok(trace(case, id)) },
        Request::Export { .. } => {
            Notice::Exported(Err("a case is events already: it is one file".to_owned()))
        }
        Request::Decide { .. } => {
            Notice::Decided(Err("a case is a copy: decide where the incident was found".to_owned()))
        }
        Request::Report { alert, rule, by, at } => {
            let wanted =
                reporter::WantedReport { alert: &alert, rule: rule.as_deref(), made_by: &by, made_at: at };
            let decisions = Decisions::new(case.decisions.clone());
            let records: Vec<Record> = case.evidence().cloned().collect();
            let written = reporter::write(&records, &decisions, &wanted);
            Notice::Reported(written.map(|path| path.display().to_string()))
        }
    }
}

/// The events that match, oldest first.
fn matching<'c>(
    case: &'c Case,
    request: &SearchRequest,
) -> Result<impl Iterator<Item = &'c Record>, SearchFailure> {
    let filter = Filter::parse(&request.query).map_err(|error| SearchFailure::from(&error))?;
    let (since, until) = (request.since, request.until);
    let is_within = move |record: &&Record| {
        since.is_none_or(|since| record.time >= since) && until.is_none_or(|until| record.time < until)
    };
    Ok(case.records.iter().filter(is_within).filter(move |record| filter.matches(record)))
}

fn search(case: &Case, request: &SearchRequest) -> Result<SearchResponse, SearchFailure> {
    let mut found: Vec<&Record> = matching(case, request)?.collect();
    if !request.ascending {
        found.reverse();
    }
    Ok(SearchResponse {
        total: to_u64(found.len()),
        records: found.into_iter().take(request.limit).cloned().collect(),
        indexed: to_u64(case.records.len()),
        complete_to: Some(case.made_at),
        elapsed_micros: 0,
    })
}

fn over_time(case: &Case, request: &SearchRequest, intervals: usize) -> Result<OverTime, SearchFailure> {
    let times: Vec<Timestamp> = matching(case, request)?.map(|record| record.time).collect();
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(OverTime::default()) };
    // What claims to be of another century does not stretch the axis.
    let span = last.since(*first).clamp(0, 400 * DAY);
    let most = to_i64(to_u64(intervals.max(1)));
    let width = (span / SECOND / most + 1) * SECOND;
    let mut buckets: Vec<(Timestamp, u64)> = Vec::new();
    let count = span / width + 1;
    for number in 0..count {
        let start = first.plus(number * width);
        let within = |time: &&Timestamp| **time >= start && **time < start.plus(width);
        buckets.push((start, to_u64(times.iter().filter(within).count())));
    }
    Ok(OverTime { buckets, width })
}

fn facets(
    case: &Case,
    request: &SearchRequest,
    fields: &[String],
    values: usize,
) -> Result<Vec<FrequentValues>, SearchFailure> {
    let found: Vec<&Record> = matching(case, request)?.collect();
    let of_field = |field: &String| {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        found
            .iter()
            .filter_map(|record| record.get(field))
            .for_each(|value| *counts.entry(value).or_default() += 1);
        let distinct = to_u64(counts.len());
        let mut counted: Vec<(String, u64)> =
            counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        counted.sort_by_key(|(_, count)| Reverse(*count));
        counted.truncate(values);
        (distinct > 0).then(|| FrequentValues { field: field.clone(), values: counted, distinct })
    };
    Ok(fields.iter().filter_map(of_field).collect())
}

fn trace(case: &Case, id: String) -> Trace {
    let carries = |ids: &[String]| ids.contains(&id);
    let records = case.records.iter().filter(|record| carries(&record.correlation_ids)).cloned().collect();
    let alerts = Some(&case.alert).filter(|alert| carries(&alert.correlation_ids)).cloned();
    Trace { records, alerts: alerts.into_iter().collect(), id, ..Trace::default() }
}
