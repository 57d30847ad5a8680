//! Questions to the engine: a search, a trace. The screen of the answer opens at once and says that it waits.

use std::collections::HashSet;
use std::sync::Arc;

use super::effect::Effect;
use super::model::Model;
use super::question::Question;
use crate::alert::{Alert, AlertId};
use crate::event::{DAY, EventId, Nanos, Record, SECOND, Timestamp};
use crate::pipeline::Request;
use crate::query::{self, SearchFailure, SearchRequest, SearchResponse, Trace};
use crate::state::Snapshot;
use crate::view::scene::{Answer, DetailPane, ListState, SearchScreen, Span, Tab, TraceScreen};
use crate::view::trace_steps;

/// Results asked for at a time.
const SEARCH_LIMIT: usize = 500;
/// Queries remembered.
const MOST_QUERIES: usize = 100;

pub(super) fn open_trace(model: &mut Model, id: String) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let answer = Answer::Ready(Trace { id: id.clone(), ..Trace::default() });
    model.screens.trace =
        TraceScreen { id: id.clone(), answer, waiting: true, ticket, ..TraceScreen::default() };
    extend_trace(model);
    model.show(Tab::Trace);
    vec![Effect::Request(Request::Trace { ticket, id })]
}

/// Opens the trace of an id, or says that there is none. The alert it was asked from is part of it.
pub(super) fn open_trace_of(model: &mut Model, id: Option<String>, from: Option<Alert>) -> Vec<Effect> {
    let Some(id) = id else {
        model.say("this carries no correlation id: v asks for its events");
        return Vec::new();
    };
    let effects = open_trace(model, id);
    model.screens.trace.opened_from = from;
    extend_trace(model);
    effects
}

/// Adds what the engine still holds and the index does not know yet, so that a trace is complete
/// from its first frame on and goes on growing. A cursor on the last step goes on with it.
pub(super) fn extend_trace(model: &mut Model) {
    let screen = &mut model.screens.trace;
    let Answer::Ready(trace) = &mut screen.answer else { return };
    let steps_before = trace_steps(trace).len();
    let follows = steps_before > 0 && screen.list.selected + 1 >= steps_before;
    add_records(trace, &screen.id, &model.snapshot, screen.seen);
    let rows = &model.snapshot.rows;
    screen.seen = rows.get(rows.count().saturating_sub(1)).map_or(screen.seen, |row| row.seq);
    add_alerts(trace, &model.snapshot, screen.opened_from.as_ref());
    let steps = trace_steps(trace).len();
    if follows && steps > steps_before {
        screen.list.select(steps - 1, steps, model.page);
    }
}

fn add_records(trace: &mut Trace, id: &String, snapshot: &Snapshot, seen: u64) {
    let known: HashSet<EventId> = trace.records.iter().map(|record| record.event_id).collect();
    let carries = |row: &&Arc<Record>| row.correlation_ids.contains(id) && !known.contains(&row.event_id);
    let before = trace.records.len();
    trace.records.extend(snapshot.rows.after(seen).filter(carries).map(|row| Record::clone(row)));
    if trace.records.len() > before {
        trace.records.sort_by_key(|record| (record.time, record.seq));
    }
}

/// The alerts that carry the id, those that one of its events fired, and the one it was opened from.
fn add_alerts(trace: &mut Trace, snapshot: &Snapshot, opened_from: Option<&Alert>) {
    let events: HashSet<EventId> = trace.records.iter().map(|record| record.event_id).collect();
    let is_listed = |id: AlertId| trace.alerts.iter().any(|alert| alert.alert_id == id);
    let belongs = |alert: &Alert| {
        alert.correlation_ids.contains(&trace.id) || alert.events.iter().any(|event| events.contains(event))
    };
    let incidents = snapshot.incidents.iter().map(|incident| &incident.alert);
    let own = incidents.filter(|alert| belongs(alert) && !is_listed(alert.alert_id));
    let from = opened_from.filter(|alert| !is_listed(alert.alert_id) && !belongs(alert));
    let fresh: Vec<Alert> = own.chain(from).cloned().collect();
    trace.alerts.extend(fresh);
}

/// Intervals of the graph above the results.
const INTERVALS: usize = 120;

/// What is asked now.
pub(super) fn search_request(model: &Model) -> SearchRequest {
    let screen = &model.screens.search;
    let (since, until) = screen.range.unzip();
    SearchRequest { query: screen.query.clone(), since, until, limit: SEARCH_LIMIT, ascending: false }
}

/// Asks again, for another time or while the query is being typed.
pub(super) fn search_again(model: &mut Model) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let search = &mut model.screens.search;
    search.waiting = true;
    search.ticket = ticket;
    let request = search_request(model);
    vec![
        Effect::Request(Request::Search { ticket, request: request.clone() }),
        Effect::Request(Request::OverTime { ticket, request, intervals: INTERVALS }),
    ]
}

/// The answer comes while the question is being typed, as soon as it can be understood.
pub(super) fn preview(model: &mut Model) -> Vec<Effect> {
    let Some(prompt) = &model.prompt else { return Vec::new() };
    if model.tab != Tab::Search || query::parse(&prompt.text).is_err() {
        return Vec::new();
    }
    let search = &mut model.screens.search;
    search.query.clone_from(&prompt.text);
    search.about = None;
    search_again(model)
}

/// Half of the time around the selected event, or twice as much; everything again where that is all there is.
pub(super) fn zoom(model: &mut Model, closer: bool) -> Vec<Effect> {
    let screen = &model.screens.search;
    let Some((from, to)) = screen.range.or_else(|| whole(screen)) else {
        model.say("there are no results yet to zoom into");
        return Vec::new();
    };
    let middle = from.plus(to.since(from) / 2);
    let around = screen.selected_row().filter(|_| closer).map_or(middle, |record| record.time);
    let span = if closer { to.since(from) / 2 } else { to.since(from).saturating_mul(2) };
    let span = span.max(SECOND);
    let range = (around.plus(-span / 2), around.plus(span / 2));
    let is_all = !closer && span > LONGEST_RANGE;
    model.screens.search.range =
        if is_all || (!closer && screen.range.is_none()) { None } else { Some(range) };
    search_again(model)
}

/// A range that is longer than this is none.
const LONGEST_RANGE: Nanos = 400 * DAY;

/// The time of all hits.
fn whole(screen: &SearchScreen) -> Option<(Timestamp, Timestamp)> {
    let over_time = screen.over_time.as_ref()?;
    let (first, last) = (over_time.buckets.first()?.0, over_time.buckets.last()?.0);
    Some((first, last.plus(over_time.width)))
}

pub(super) fn search(model: &mut Model, question: Question) -> Vec<Effect> {
    search_within(model, question, None)
}

/// Asks for events of a time alone, if one is given.
pub(super) fn search_within(model: &mut Model, question: Question, range: Option<Span>) -> Vec<Effect> {
    let Question { query, about } = question;
    if about.is_none() && !query.is_empty() {
        model.queries.retain(|known| *known != query);
        model.queries.push(query.clone());
    }
    if model.queries.len() > MOST_QUERIES {
        model.queries.remove(0);
    }
    let search = &mut model.screens.search;
    search.query.clone_from(&query);
    search.about = about;
    if search.answer.ready().is_none() {
        search.answer = Answer::Waiting;
    }
    search.range = range;
    model.show(Tab::Search);
    search_again(model)
}

/// Takes an answer to the newest question. What was found before stays until something else is found.
pub(super) fn take_answer(search: &mut SearchScreen, result: Result<SearchResponse, SearchFailure>) {
    search.waiting = false;
    match result {
        Ok(answer) => {
            search.answer = Answer::Ready(answer);
            search.answered.clone_from(&search.query);
            search.problem = None;
            search.list = ListState::default();
            search.detail = DetailPane { open: search.detail.open, ..DetailPane::default() };
        }
        Err(failure) => {
            if search.answer.ready().is_none() {
                search.answer = Answer::Failed(failure.clone());
            }
            search.problem = Some(failure);
        }
    }
}
