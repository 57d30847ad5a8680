//! How the dashboard changes: a message in, effects out. Opens nothing, sends nothing, sleeps not.

use std::collections::HashSet;
use std::sync::Arc;

use tui_input::InputRequest;

use super::keymap::{Action, Code, Key, action};
use super::model::{Message, Model};
use crate::alert::AlertId;
use crate::alert::{Alert, AlertStatus};
use crate::event::{EventId, LogLevel, Record};
use crate::pipeline::{Notice, Request};
use crate::query::name::term;
use crate::query::words::fold;
use crate::query::{SearchFailure, SearchRequest, SearchResponse, Trace};
use crate::sigma::Level;
use crate::state::{Filter, Incident, Snapshot};
use crate::text::Safe;
use crate::view::scene::{
    AlertsShown, Answer, ClockStyle, DetailPane, Flow, ListState, Overlay, PromptPurpose, SearchScreen, Tab,
    TraceScreen,
};
use crate::view::{detail, held_evidence, listed_incidents, trace_steps};

/// What the loop has to do for the dashboard.
#[derive(Clone, Debug)]
pub enum Effect {
    Request(Request),
    /// Hand this text to the terminal's clipboard.
    Copy(String),
    Bell,
    Redraw,
    Suspend,
    Quit,
}

/// Results asked for at a time.
const SEARCH_LIMIT: usize = 500;
/// Bytes that are copied at the most; terminals refuse more.
const COPY_LIMIT: usize = 64 * 1024;
/// A pasted text longer than this is no identifier.
const LONGEST_ID: usize = 200;
/// Queries remembered.
const MOST_QUERIES: usize = 100;
const BELL_PAUSE_MILLIS: u64 = 10_000;

/// Takes one message.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => on_key(model, key),
        Message::Paste(text) => on_paste(model, &text),
        Message::Snapshot(snapshot) => on_snapshot(model, snapshot),
        Message::Notice(notice) => {
            on_notice(model, notice);
            Vec::new()
        }
        Message::Drawn(drawn) => {
            model.page = drawn.page.max(1);
            model.scrollable = drawn.scrollable;
            Vec::new()
        }
        Message::Tick(millis) => {
            model.millis = millis;
            if model.toast.as_ref().is_some_and(|toast| toast.until_millis <= millis) {
                model.toast = None;
            }
            Vec::new()
        }
        Message::Trouble(text) => {
            model.say(text);
            Vec::new()
        }
        Message::SlowLink(frames_per_second) => {
            model.slow_link = frames_per_second;
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.toast = None;
    if key == Key::control('c') {
        return vec![Effect::Quit];
    }
    if model.prompt.is_some() {
        return on_prompt_key(model, key);
    }
    if model.overlay == Some(Overlay::Copy) {
        return on_copy_key(model, key);
    }
    match action(model.tab, key) {
        Some(action) => on_action(model, action),
        None => Vec::new(),
    }
}

fn on_action(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Back => return back(model),
        Action::Open => return open(model),
        Action::Trace => return open_trace_of_selection(model),
        Action::ViewEvents => return view_events(model),
        Action::Close => {
            close_topmost(model);
        }
        Action::Show(tab) => {
            model.overlay = None;
            model.show(tab);
        }
        Action::NextPane | Action::PreviousPane => switch_pane(model),
        Action::Down => move_by(model, 1),
        Action::Up => move_by(model, -1),
        Action::PageDown => move_by(model, page(model)),
        Action::PageUp => move_by(model, -page(model)),
        Action::First => move_by(model, isize::MIN / 2),
        Action::Last => last(model),
        Action::HistoryBack => go_back(model),
        Action::HistoryForward => go_forward(model),
        Action::Edit => edit(model),
        Action::FilterIn => filter_by_selection(model, true),
        Action::FilterOut => filter_by_selection(model, false),
        Action::DropLast => change_filter(model, Filter::pop),
        Action::DropAll => change_filter(model, |filter| *filter = Filter::default()),
        Action::NextProblem => to_problem(model, true),
        Action::PreviousProblem => to_problem(model, false),
        Action::Why => toggle(model, Overlay::Why { list: ListState::default() }),
        Action::Help => toggle(model, Overlay::Help { scrolled: 0 }),
        Action::Pause => pause_or_resume(model),
        Action::Follow => follow(model),
        Action::ClockStyle => {
            model.clock.style = match model.clock.style {
                ClockStyle::Utc => ClockStyle::Local,
                ClockStyle::Local => ClockStyle::Ago,
                ClockStyle::Ago => ClockStyle::Utc,
            };
        }
        Action::Copy => model.overlay = Some(Overlay::Copy),
        Action::Detail => toggle_detail(model),
        Action::Switch => {
            let alerts = &mut model.screens.alerts;
            alerts.shown = match alerts.shown {
                AlertsShown::Open => AlertsShown::All,
                AlertsShown::All => AlertsShown::Open,
            };
        }
    }
    Vec::new()
}

// --- layers ---------------------------------------------------------------------------------------

fn toggle(model: &mut Model, overlay: Overlay) {
    let is_open =
        model.overlay.is_some_and(|open| std::mem::discriminant(&open) == std::mem::discriminant(&overlay));
    model.overlay = (!is_open).then_some(overlay);
}

/// Closes exactly one thing; says whether there was one.
fn close_topmost(model: &mut Model) -> bool {
    if model.overlay.take().is_some() {
        return true;
    }
    if model.tab == Tab::Alerts && std::mem::take(&mut model.screens.alerts.evidence_focused) {
        return true;
    }
    let Some(pane) = detail_pane(model) else { return false };
    if pane.focused {
        pane.focused = false;
        return true;
    }
    std::mem::take(&mut pane.open)
}

fn back(model: &mut Model) -> Vec<Effect> {
    if close_topmost(model) {
        return Vec::new();
    }
    if model.back.is_empty() {
        return vec![Effect::Quit];
    }
    go_back(model);
    Vec::new()
}

fn go_back(model: &mut Model) {
    if let Some(tab) = model.back.pop() {
        model.forward.push(model.tab);
        model.enter(tab);
    }
}

fn go_forward(model: &mut Model) {
    if let Some(tab) = model.forward.pop() {
        model.back.push(model.tab);
        model.enter(tab);
    }
}

fn detail_pane(model: &mut Model) -> Option<&mut DetailPane> {
    match model.tab {
        Tab::Events => Some(&mut model.screens.events.detail),
        Tab::Search => Some(&mut model.screens.search.detail),
        Tab::Trace => Some(&mut model.screens.trace.detail),
        _ => None,
    }
}

fn switch_pane(model: &mut Model) {
    if model.tab == Tab::Alerts {
        let alerts = &mut model.screens.alerts;
        alerts.evidence_focused = !alerts.evidence_focused;
        alerts.evidence = 0;
    } else if let Some(pane) = detail_pane(model) {
        pane.focused = !pane.focused;
        pane.open |= pane.focused;
        pane.selected = 0;
    }
}

fn toggle_detail(model: &mut Model) {
    if let Some(pane) = detail_pane(model) {
        *pane = DetailPane { open: !pane.open, ..DetailPane::default() };
    }
}

// --- moving ---------------------------------------------------------------------------------------

fn page(model: &Model) -> isize {
    isize::try_from(model.page).unwrap_or(1).max(1)
}

fn move_by(model: &mut Model, rows: isize) {
    match &mut model.overlay {
        Some(Overlay::Help { scrolled }) => {
            *scrolled = scrolled.saturating_add_signed(rows).min(model.scrollable);
            return;
        }
        Some(Overlay::Why { list }) => {
            list.move_by(rows, model.snapshot.threat.reasons.len(), model.page);
            return;
        }
        Some(Overlay::Copy) | None => {}
    }
    if let Some((selected, len)) = focused_detail(model) {
        let moved = selected.saturating_add_signed(rows).min(len.saturating_sub(1));
        if let Some(pane) = detail_pane(model) {
            pane.selected = moved;
        }
        return;
    }
    let (page, snapshot) = (model.page, Arc::clone(&model.snapshot));
    let screens = &mut model.screens;
    match model.tab {
        Tab::Overview => {
            let ids = ids(listed_incidents(&snapshot, AlertsShown::Open).into_iter());
            screens.overview.selected = moved(&ids, screens.overview.selected, rows);
        }
        Tab::Events => move_in_events(model, rows),
        Tab::Search => {
            let len = screens.search.records().len();
            screens.search.list.move_by(rows, len, page);
        }
        Tab::Trace => {
            let len = screens.trace.answer.ready().map_or(0, |trace| trace_steps(trace).len());
            screens.trace.list.move_by(rows, len, page);
        }
        Tab::Alerts if screens.alerts.evidence_focused => {
            let len = selected_alert(model).map_or(0, |alert| held_evidence(&snapshot, &alert.alert).len());
            let evidence = &mut model.screens.alerts.evidence;
            *evidence = evidence.saturating_add_signed(rows).min(len.saturating_sub(1));
        }
        Tab::Alerts => move_in_alerts(model, rows),
        Tab::Rules => screens.rules.move_by(rows, snapshot.rules.hits.len(), page),
        Tab::Entities => screens.entities.move_by(rows, snapshot.entities.len(), page),
        Tab::Sources => screens.sources.move_by(rows, snapshot.sources.len(), page),
    }
}

fn ids<'a>(incidents: impl Iterator<Item = &'a Arc<Incident>>) -> Vec<AlertId> {
    incidents.map(|incident| incident.alert.alert_id).collect()
}

/// The id that many rows away from the selected one. None is the first row, whatever stands there: who
/// goes to the top sees the worst from then on.
fn moved(ids: &[AlertId], selected: Option<AlertId>, rows: isize) -> Option<AlertId> {
    let at = ids.iter().position(|id| Some(*id) == selected).unwrap_or(0);
    match at.saturating_add_signed(rows).min(ids.len().saturating_sub(1)) {
        0 => None,
        row => ids.get(row).copied(),
    }
}

fn move_in_alerts(model: &mut Model, rows: isize) {
    let snapshot = Arc::clone(&model.snapshot);
    let listed = listed_incidents(&snapshot, model.screens.alerts.shown);
    let ids = ids(listed.into_iter());
    let alerts = &mut model.screens.alerts;
    alerts.selected = moved(&ids, alerts.selected, rows);
    alerts.above = alerts.above.saturating_add_signed(rows).min(model.page.saturating_sub(1));
}

fn move_in_events(model: &mut Model, rows: isize) {
    let events = &mut model.screens.events;
    let before = events.selected_index();
    let after = before.saturating_add_signed(rows).min(events.rows.len().saturating_sub(1));
    let was_above = match events.flow {
        Flow::Following => before.min(model.page.saturating_sub(1)),
        Flow::Detached | Flow::Paused { .. } => events.above,
    };
    if events.flow == Flow::Following {
        if after == before {
            return;
        }
        events.flow = Flow::Detached;
    }
    let step = isize::try_from(after).unwrap_or(0) - isize::try_from(before).unwrap_or(0);
    events.above = was_above.saturating_add_signed(step).min(model.page.saturating_sub(1));
    events.selected = events.rows.get(after).map(|row| row.seq);
    events.detail.selected = 0;
}

fn last(model: &mut Model) {
    let in_list = model.overlay.is_none() && focused_detail(model).is_none();
    if model.tab == Tab::Events && in_list {
        return follow(model);
    }
    move_by(model, isize::MAX / 2);
}

/// To the next event that reports an error, in the direction of reading.
fn to_problem(model: &mut Model, forward: bool) {
    let levels: Vec<LogLevel> = match model.tab {
        Tab::Events => model.screens.events.rows.iter().map(|row| row.level).collect(),
        Tab::Search => model.screens.search.records().iter().map(|row| row.level).collect(),
        Tab::Trace => trace_levels(model),
        _ => return,
    };
    let at = match model.tab {
        Tab::Events => model.screens.events.selected_index(),
        Tab::Search => model.screens.search.list.selected,
        _ => model.screens.trace.list.selected,
    };
    let is_problem = |row: &usize| levels.get(*row).is_some_and(|level| *level >= LogLevel::Error);
    let found = match forward {
        true => (at + 1..levels.len()).find(is_problem),
        false => (0..at.min(levels.len())).rev().find(is_problem),
    };
    match found {
        Some(row) => move_by(model, row as isize - at as isize),
        None if forward => model.say("no error below"),
        None => model.say("no error above"),
    }
}

/// An alert in a trace counts as a problem.
fn trace_levels(model: &Model) -> Vec<LogLevel> {
    use crate::view::TraceStep::{Alert, Event};
    let Some(trace) = model.screens.trace.answer.ready() else { return Vec::new() };
    let level = |step| match step {
        Event(record) => record.level,
        Alert(_) => LogLevel::Critical,
    };
    trace_steps(trace).into_iter().map(level).collect()
}

// --- the live list --------------------------------------------------------------------------------

fn on_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    let new_critical = newly_critical(&model.snapshot, &snapshot);
    if let Some(message) = new_remark(&model.snapshot, &snapshot) {
        model.say(message);
    }
    model.snapshot = snapshot;
    take_new_rows(model);
    extend_trace(model);
    let Some(summary) = new_critical else { return Vec::new() };
    if model.tab != Tab::Overview && model.tab != Tab::Alerts {
        model.say(format!("CRIT {summary}: 5 alerts"));
    }
    let is_due = model.last_bell_millis.is_none_or(|last| model.millis >= last + BELL_PAUSE_MILLIS);
    if model.bell && is_due {
        model.last_bell_millis = Some(model.millis);
        return vec![Effect::Bell];
    }
    Vec::new()
}

/// The newest remark, if it came while the dashboard was open. Of several the first of the same moment:
/// what follows explains it.
fn new_remark(old: &Snapshot, new: &Snapshot) -> Option<String> {
    let is_open = old.started.is_some() && !Arc::ptr_eq(&old.notices, &new.notices);
    let newest = new.notices.back().filter(|_| is_open && old.notices.back() != new.notices.back())?;
    Some(newest.message.clone())
}

/// The summary of a critical incident that the older snapshot does not have.
fn newly_critical(old: &Snapshot, new: &Snapshot) -> Option<String> {
    if Arc::ptr_eq(&old.incidents, &new.incidents) {
        return None;
    }
    let is_critical =
        |incident: &&Arc<Incident>| incident.is_open() && incident.alert.rule.level == Level::Critical;
    let is_known =
        |id: AlertId| old.incidents.iter().any(|known| known.alert.alert_id == id && known.is_open());
    // Open critical incidents stand first.
    let critical = new.incidents.iter().take_while(|incident| is_critical(incident));
    let fresh = critical.filter(|incident| incident.alert.status == AlertStatus::Open);
    fresh.into_iter().find(|incident| !is_known(incident.alert.alert_id)).map(|i| i.alert.summary.clone())
}

/// Appends what passed the filter since the last snapshot, and forgets what the engine forgot.
fn take_new_rows(model: &mut Model) {
    let rows = &model.snapshot.rows;
    let events = &mut model.screens.events;
    let paused = matches!(events.flow, Flow::Paused { .. });
    let fresh: Vec<&Arc<Record>> = match events.seen {
        Some(seen) => rows.after(seen).collect(),
        None => rows.iter().collect(),
    };
    if let Some(newest) = fresh.last() {
        events.seen = Some(newest.seq);
    }
    for row in fresh {
        if !events.filter.matches(row) {
            continue;
        }
        if events.flow != Flow::Following {
            events.waiting += 1;
        }
        if !paused {
            events.rows.push_back(Arc::clone(row));
        }
    }
    if paused {
        return;
    }
    if let Some(oldest) = rows.get(0) {
        while events.rows.front().is_some_and(|row| row.seq < oldest.seq) {
            events.rows.pop_front();
        }
    }
}

/// Filters everything that is held anew, up to the pause if there is one.
fn rebuild_rows(model: &mut Model) {
    let events = &mut model.screens.events;
    let limit = events.frozen_at.unwrap_or(u64::MAX);
    let held = model.snapshot.rows.iter().filter(|row| row.seq <= limit);
    events.rows = held.filter(|row| events.filter.matches(row)).cloned().collect();
    events.waiting = 0;
    if let (Flow::Paused { .. }, Some(frozen_at)) = (events.flow, events.frozen_at) {
        let waiting = model.snapshot.rows.after(frozen_at).filter(|row| events.filter.matches(row));
        events.waiting = waiting.count() as u64;
    }
}

fn pause_or_resume(model: &mut Model) {
    let now = model.snapshot.now;
    let events = &mut model.screens.events;
    if let Flow::Paused { .. } = events.flow {
        let following = events.resume_following;
        events.flow = if following { Flow::Following } else { Flow::Detached };
        events.frozen_at = None;
        rebuild_rows(model);
        return;
    }
    events.resume_following = events.flow == Flow::Following;
    events.selected = events.selected_row().map(|row| row.seq);
    if events.resume_following {
        events.above = events.selected_index().min(model.page.saturating_sub(1));
    }
    events.frozen_at = Some(events.seen.unwrap_or(0));
    events.waiting = 0;
    events.flow = Flow::Paused { since: now };
}

fn follow(model: &mut Model) {
    let events = &mut model.screens.events;
    let was_paused = matches!(events.flow, Flow::Paused { .. });
    events.flow = Flow::Following;
    events.selected = None;
    events.frozen_at = None;
    events.waiting = 0;
    events.detail.selected = 0;
    if was_paused {
        rebuild_rows(model);
    }
}

fn change_filter(model: &mut Model, change: impl FnOnce(&mut Filter)) {
    // The same event stays selected if it is still there.
    let events = &mut model.screens.events;
    events.selected = events.selected_row().map(|row| row.seq).or(events.selected);
    change(&mut events.filter);
    rebuild_rows(model);
}

/// The value under the cursor of the detail pane becomes a part of the live filter.
fn filter_by_selection(model: &mut Model, wanted: bool) {
    let Some((name, value)) = selected_field(model) else {
        model.say("choose a field first: Tab goes to the detail pane");
        return;
    };
    let mut pushed = Ok(());
    change_filter(model, |filter| pushed = filter.push_field(&name, &value, wanted));
    if let Err(error) = pushed {
        model.say(error.kind.to_string());
        return;
    }
    let shown = Safe::new(&value).truncate(40, "…");
    let verb = if wanted { "only" } else { "without" };
    model.say(format!("events {verb} {name} {shown}"));
    model.screens.events.detail.focused = false;
    model.show(Tab::Events);
}

fn selected_field(model: &Model) -> Option<(String, String)> {
    let record = selected_record(model)?;
    let pane = match model.tab {
        Tab::Events => model.screens.events.detail,
        Tab::Search => model.screens.search.detail,
        Tab::Trace => model.screens.trace.detail,
        _ => return None,
    };
    match detail::items(&record).get(pane.selected).filter(|_| pane.focused)? {
        detail::Item::Field { name, value, .. } => Some(((*name).to_owned(), (*value).to_owned())),
        detail::Item::CorrelationId(id) => Some(("corr".to_owned(), (*id).to_owned())),
        detail::Item::Source => Some(("source".to_owned(), record.source.to_string())),
        detail::Item::Heading => Some(("service".to_owned(), record.service.clone())),
        detail::Item::Time | detail::Item::Raw => None,
    }
}

// --- what is selected -----------------------------------------------------------------------------

/// The selected entry and the number of entries, when the detail pane has the keys.
fn focused_detail(model: &Model) -> Option<(usize, usize)> {
    let pane = match model.tab {
        Tab::Events => model.screens.events.detail,
        Tab::Search => model.screens.search.detail,
        Tab::Trace => model.screens.trace.detail,
        _ => return None,
    };
    let record = selected_record(model).filter(|_| pane.focused)?;
    Some((pane.selected, detail::items(&record).len()))
}

/// The event under the cursor of the screen.
fn selected_record(model: &Model) -> Option<Arc<Record>> {
    let screens = &model.screens;
    match model.tab {
        Tab::Events => screens.events.selected_row().cloned(),
        Tab::Search => screens.search.selected_row().cloned().map(Arc::new),
        Tab::Trace => {
            let trace = screens.trace.answer.ready()?;
            let steps = trace_steps(trace);
            match steps.get(screens.trace.list.selected.min(steps.len().checked_sub(1)?))? {
                crate::view::TraceStep::Event(record) => Some(Arc::new((*record).clone())),
                crate::view::TraceStep::Alert(_) => None,
            }
        }
        Tab::Alerts if screens.alerts.evidence_focused => {
            let alert = selected_alert(model)?;
            let held = held_evidence(&model.snapshot, &alert.alert);
            held.get(screens.alerts.evidence.min(held.len().checked_sub(1)?)).map(|row| Arc::clone(row))
        }
        _ => None,
    }
}

/// The incident under the cursor of the screen.
fn selected_alert(model: &Model) -> Option<Arc<Incident>> {
    let (listed, selected): (Vec<&Arc<Incident>>, _) = match model.tab {
        Tab::Overview => {
            (listed_incidents(&model.snapshot, AlertsShown::Open), model.screens.overview.selected)
        }
        Tab::Alerts => {
            (listed_incidents(&model.snapshot, model.screens.alerts.shown), model.screens.alerts.selected)
        }
        _ => return None,
    };
    let is_selected = |incident: &&&Arc<Incident>| Some(incident.alert.alert_id) == selected;
    listed.iter().find(is_selected).or(listed.first()).map(|incident| Arc::clone(incident))
}

// --- opening --------------------------------------------------------------------------------------

fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Why { list }) = model.overlay {
        open_reason(model, list.selected);
        return Vec::new();
    }
    match model.tab {
        Tab::Overview => {
            let selected = selected_alert(model).map(|incident| incident.alert.alert_id);
            show_alert(model, selected);
            Vec::new()
        }
        Tab::Events | Tab::Search | Tab::Trace => {
            if let Some(pane) = detail_pane(model) {
                *pane = DetailPane { open: true, focused: true, selected: pane.selected };
            }
            Vec::new()
        }
        Tab::Alerts if model.screens.alerts.evidence_focused => open_trace_of_selection(model),
        Tab::Alerts => {
            switch_pane(model);
            Vec::new()
        }
        Tab::Entities => view_events(model),
        Tab::Rules | Tab::Sources => Vec::new(),
    }
}

fn show_alert(model: &mut Model, alert: Option<AlertId>) {
    let is_open = |id| model.snapshot.incidents.iter().any(|i| i.alert.alert_id == id && i.is_open());
    if alert.is_some_and(|id| !is_open(id)) {
        model.screens.alerts.shown = AlertsShown::All;
    }
    model.screens.alerts.selected = alert;
    model.screens.alerts.evidence_focused = false;
    model.show(Tab::Alerts);
}

fn open_reason(model: &mut Model, row: usize) {
    let reasons = &model.snapshot.threat.reasons;
    let Some(reason) = reasons.get(row.min(reasons.len().saturating_sub(1))) else { return };
    match reason.alert {
        Some(alert) => {
            model.overlay = None;
            show_alert(model, Some(alert));
        }
        None => {
            model.overlay = None;
            model.show(Tab::Entities);
        }
    }
}

fn open_trace_of_selection(model: &mut Model) -> Vec<Effect> {
    let of_record = selected_record(model).and_then(|record| record.correlation_ids.first().cloned());
    let of_alert = || selected_alert(model).and_then(|i| i.alert.correlation_ids.first().cloned());
    match of_record.or_else(of_alert) {
        Some(id) => open_trace(model, id),
        None => {
            model.say("this carries no correlation id");
            Vec::new()
        }
    }
}

fn open_trace(model: &mut Model, id: String) -> Vec<Effect> {
    let ticket = model.next_ticket();
    let answer = Answer::Ready(Trace { id: id.clone(), ..Trace::default() });
    model.screens.trace =
        TraceScreen { id: id.clone(), answer, waiting: true, ticket, ..TraceScreen::default() };
    extend_trace(model);
    model.show(Tab::Trace);
    vec![Effect::Request(Request::Trace { ticket, id })]
}

/// Adds what the engine still holds and the index does not know yet, so that a trace is complete
/// from its first frame on and goes on growing.
fn extend_trace(model: &mut Model) {
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

/// The events behind what is selected, as a question to the index.
fn view_events(model: &mut Model) -> Vec<Effect> {
    let query = match model.tab {
        Tab::Overview | Tab::Alerts => selected_alert(model).map(|incident| query_of_alert(&incident.alert)),
        Tab::Entities => {
            let entities = &model.snapshot.entities;
            let selected = model.screens.entities.selected.min(entities.len().saturating_sub(1));
            entities.get(selected).map(|entity| term(&entity.field, &entity.value))
        }
        _ => selected_field(model).map(|(name, value)| {
            let name = if name == "corr" { "correlation.id" } else { &name };
            term(name, &value)
        }),
    };
    match query.filter(|query| !query.is_empty()) {
        Some(query) => search(model, query),
        None => {
            model.say("nothing here leads to events");
            Vec::new()
        }
    }
}

fn query_of_alert(alert: &Alert) -> String {
    if alert.group.is_empty() {
        return alert.correlation_ids.first().map_or(String::new(), |id| term("correlation.id", id));
    }
    let terms: Vec<String> = alert.group.iter().map(|(name, value)| term(name, value)).collect();
    terms.join(" AND ")
}

fn search(model: &mut Model, query: String) -> Vec<Effect> {
    let ticket = model.next_ticket();
    model.queries.retain(|known| *known != query);
    model.queries.push(query.clone());
    if model.queries.len() > MOST_QUERIES {
        model.queries.remove(0);
    }
    let search = &mut model.screens.search;
    search.query.clone_from(&query);
    if search.answer.ready().is_none() {
        search.answer = Answer::Waiting;
    }
    search.waiting = true;
    search.ticket = ticket;
    model.show(Tab::Search);
    let request = SearchRequest { query, limit: SEARCH_LIMIT, ..SearchRequest::default() };
    vec![Effect::Request(Request::Search { ticket, request })]
}

/// What was found before stays until something else is found.
fn on_search_answer(search: &mut SearchScreen, result: Result<SearchResponse, SearchFailure>) {
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

fn on_notice(model: &mut Model, notice: Notice) {
    match notice {
        Notice::Changed => {}
        Notice::Search { ticket, result } if ticket == model.screens.search.ticket => {
            on_search_answer(&mut model.screens.search, result);
        }
        Notice::Trace { ticket, result } if ticket == model.screens.trace.ticket => {
            let trace = &mut model.screens.trace;
            trace.waiting = false;
            trace.seen = 0;
            // The beginning of an id was answered with the whole.
            if let Ok(answer) = result.as_ref()
                && fold(&answer.id).starts_with(&*fold(&trace.id))
            {
                trace.id.clone_from(&answer.id);
            }
            trace.answer = result.map_or_else(Answer::Failed, Answer::Ready);
            extend_trace(model);
        }
        // The answer to a question that is no longer asked.
        Notice::Search { .. } | Notice::Trace { .. } => {}
        Notice::Stopped(Ok(())) => {}
        Notice::Stopped(Err(message)) => model.failure = Some(message),
    }
}

// --- typing ---------------------------------------------------------------------------------------

fn edit(model: &mut Model) {
    model.overlay = None;
    match model.tab {
        Tab::Events => {
            let text = model.screens.events.filter.text();
            let text = if text.is_empty() { text } else { format!("{text} ") };
            model.open_prompt(PromptPurpose::Filter, &text);
        }
        Tab::Trace => model.open_prompt(PromptPurpose::Trace, ""),
        _ => {
            let query = model.screens.search.query.clone();
            model.open_prompt(PromptPurpose::Search, &query);
        }
    }
}

fn on_prompt_key(model: &mut Model, key: Key) -> Vec<Effect> {
    match (key.code, key.control, key.alt) {
        (Code::Enter, ..) => return submit(model),
        (Code::Escape, ..) => model.prompt = None,
        (Code::Up, ..) => recall(model, -1),
        (Code::Down, ..) => recall(model, 1),
        _ => {
            if let Some(request) = edit_request(key) {
                let _unchanged = model.input.handle(request);
                model.renew_prompt();
            }
        }
    }
    Vec::new()
}

/// The keys of a line editor.
fn edit_request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.control, key.alt) {
        (Code::Char('a'), true, _) | (Code::Home, ..) => InputRequest::GoToStart,
        (Code::Char('e'), true, _) | (Code::End, ..) => InputRequest::GoToEnd,
        (Code::Char('w'), true, _) | (Code::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Code::Char('u'), true, _) => InputRequest::DeleteFromStart,
        (Code::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        (Code::Char('b'), false, true) => InputRequest::GoToPrevWord,
        (Code::Char('f'), false, true) => InputRequest::GoToNextWord,
        (Code::Char('b'), true, _) | (Code::Left, ..) => InputRequest::GoToPrevChar,
        (Code::Char('f'), true, _) | (Code::Right, ..) => InputRequest::GoToNextChar,
        (Code::Char('d'), true, _) | (Code::Delete, ..) => InputRequest::DeleteNextChar,
        (Code::Backspace, ..) => InputRequest::DeletePrevChar,
        (Code::Char(c), false, false) if !c.is_control() => InputRequest::InsertChar(c),
        _ => return None,
    })
}

/// Earlier queries, with the arrow keys.
fn recall(model: &mut Model, step: isize) {
    let is_search = model.prompt.as_ref().is_some_and(|prompt| prompt.purpose == PromptPurpose::Search);
    if !is_search || model.queries.is_empty() {
        return;
    }
    model.recalled = model.recalled.saturating_add_signed(step).min(model.queries.len());
    let text = model.queries.get(model.recalled).cloned().unwrap_or_default();
    model.input = tui_input::Input::new(text);
    model.renew_prompt();
}

fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(prompt) = model.prompt.take() else { return Vec::new() };
    let text = prompt.text.trim().to_owned();
    match (prompt.purpose, prompt.filter) {
        (PromptPurpose::Filter, Ok(filter)) => {
            change_filter(model, |current| *current = filter);
            Vec::new()
        }
        (PromptPurpose::Filter, Err(error)) => {
            model.open_prompt(PromptPurpose::Filter, &prompt.text);
            model.say(error.to_string());
            Vec::new()
        }
        (PromptPurpose::Search, _) => search(model, text),
        (PromptPurpose::Trace, _) if text.is_empty() => Vec::new(),
        (PromptPurpose::Trace, _) => open_trace(model, text),
    }
}

/// Pasted text is never keys: in a prompt it is text, elsewhere one word is an id to go to.
fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.prompt.is_some() {
        for c in text.chars().filter(|c| !c.is_control()).take(COPY_LIMIT) {
            let _unchanged = model.input.handle(InputRequest::InsertChar(c));
        }
        model.renew_prompt();
        return Vec::new();
    }
    let word = text.trim();
    let is_id = !word.is_empty() && word.len() <= LONGEST_ID && !word.contains(char::is_whitespace);
    if is_id && !word.contains(char::is_control) {
        return open_trace(model, word.to_owned());
    }
    model.say("paste one correlation id to open its trace");
    Vec::new()
}

// --- copying --------------------------------------------------------------------------------------

/// The letter behind `y`. What is copied is the safe form, except for the raw line: pasting a line
/// break into a shell would run what stands before it.
fn on_copy_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.overlay = None;
    let text = match key.code {
        Code::Char('v') => {
            selected_value(model).map(|value| Safe::with_limit(&value, COPY_LIMIT).to_string())
        }
        Code::Char('r') => selected_record(model).map(|record| record.raw.clone()),
        Code::Char('c') => selected_id(model).map(|id| Safe::new(&id).to_string()),
        Code::Char('j') => selected_json(model),
        _ => return Vec::new(),
    };
    let Some(text) = text else {
        model.say("there is nothing of that kind here");
        return Vec::new();
    };
    if !model.clipboard {
        model.say("copying is switched off");
        return Vec::new();
    }
    let Some(kept) = (text.len() <= COPY_LIMIT).then_some(text) else {
        model.say("more than 64 KiB: not copied");
        return Vec::new();
    };
    model.say(format!("copied {} bytes", kept.len()));
    vec![Effect::Copy(kept)]
}

fn selected_value(model: &Model) -> Option<String> {
    if model.tab == Tab::Entities {
        let entities = &model.snapshot.entities;
        let row = model.screens.entities.selected.min(entities.len().checked_sub(1)?);
        return Some(entities.get(row)?.value.to_string());
    }
    if let (Some((selected, _)), Some(record)) = (focused_detail(model), selected_record(model)) {
        return detail::items(&record).get(selected).map(|item| item.value(&record));
    }
    let message = selected_record(model).map(|record| record.message.clone());
    message.or_else(|| selected_alert(model).map(|incident| incident.alert.summary.clone()))
}

fn selected_id(model: &Model) -> Option<String> {
    if model.tab == Tab::Trace {
        return Some(model.screens.trace.id.clone()).filter(|id| !id.is_empty());
    }
    let of_record = selected_record(model).and_then(|record| record.correlation_ids.first().cloned());
    of_record.or_else(|| selected_alert(model)?.alert.correlation_ids.first().cloned())
}

fn selected_json(model: &Model) -> Option<String> {
    if let Some(record) = selected_record(model) {
        return serde_json::to_string(&*record).ok();
    }
    serde_json::to_string(&selected_alert(model)?.alert).ok()
}
