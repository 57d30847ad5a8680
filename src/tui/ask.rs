//! Questions to the engine: a search, a trace. The screen of the answer opens at once and says that it waits.

use std::collections::HashSet;
use std::sync::Arc;

use super::effect::Effect;
use super::model::Model;
use super::question::Question;
use crate::alert::{Alert, AlertId};
use crate::event::{EventId, Record};
use crate::pipeline::Request;
use crate::query::{SearchFailure, SearchRequest, SearchResponse, Trace};
use crate::view::scene::{Answer, DetailPane, ListState, SearchScreen, Tab, TraceScreen};

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

/// Opens the trace of an id, or says that there is none.
pub(super) fn open_trace_of(model: &mut Model, id: Option<String>) -> Vec<Effect> {
    match id {
        Some(id) => open_trace(model, id),
        None => {
            model.say("this carries no correlation id");
            Vec::new()
        }
    }
}

/// Adds what the engine still holds and the index does not know yet, so that a trace is complete
/// from its first frame on and goes on growing.
pub(super) fn extend_trace(model: &mut Model) {
    let screen = &mut model.screens.trace;
    let Answer::Ready(trace) = &mut screen.answer else { return };
    let known: HashSet<EventId> = trace.records.iter().map(|record| record.event_id).collect();
    let carries =
        |row: &&Arc<Record>| row.correlation_ids.contains(&screen.id) && !known.contains(&row.event_id);
    let rows = &model.snapshot.rows;
    let before = trace.records.len();
    trace.records.extend(rows.after(screen.seen).filter(carries).map(|row| Record::clone(row)));
    screen.seen = rows.get(rows.len().saturating_sub(1)).map_or(screen.seen, |row| row.seq);
    if trace.records.len() > before {
        trace.records.sort_by_key(|record| (record.time, record.seq));
    }
    let is_listed = |id: AlertId| trace.alerts.iter().any(|alert| alert.alert_id == id);
    let incidents = model.snapshot.incidents.iter().map(|incident| &incident.alert);
    let fresh: Vec<Alert> = incidents
        .filter(|alert| alert.correlation_ids.contains(&screen.id) && !is_listed(alert.alert_id))
        .cloned()
        .collect();
    trace.alerts.extend(fresh);
}

pub(super) fn search(model: &mut Model, question: Question) -> Vec<Effect> {
    let Question { query, about } = question;
    let ticket = model.next_ticket();
    if about.is_none() {
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
    search.waiting = true;
    search.ticket = ticket;
    model.show(Tab::Search);
    let request = SearchRequest { query, limit: SEARCH_LIMIT, ..SearchRequest::default() };
    vec![Effect::Request(Request::Search { ticket, request })]
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
