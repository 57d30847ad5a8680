//! How the dashboard changes: a message in, effects out. Opens nothing, sends nothing, sleeps not.

use std::sync::Arc;

use super::Options;
use super::arranging;
use super::ask;
use super::away;
use super::brushing;
use super::commanding::{self, Choice};
use super::copying::on_copy_key;
use super::deciding;
use super::effect::Effect;
use super::exporting;
use super::hunts;
use super::keymap::{Action, Code, Key};
use super::model::{Message, Model, Mouse};
use super::narrowing;
use super::screen::focused_detail;
use super::screens;
use super::screens::events::{change_filter, follow, pause_or_resume, take_new_rows};
use super::screens::incidents::show_incident;
use super::typing::{on_paste, on_prompt_key};
use crate::alert::{AlertId, AlertStatus};
use crate::event::LogLevel;
use crate::pipeline::Notice;
use crate::query::words::fold;
use crate::sigma::Level;
use crate::state::{Entity, Filter, Incident, Narrowing, Snapshot};
use crate::view::scene::{Answer, DetailPane, IncidentsShown, ListState, Overlay, Panel, PromptPurpose, Tab};
use crate::view::{ClockStyle, LeadsTo, mute_rows};

const BELL_PAUSE_MILLIS: u64 = 10_000;

/// A dashboard over its first snapshot.
#[must_use]
pub fn start(options: &Options, snapshot: Arc<Snapshot>) -> Model {
    let mut model = Model::new(options);
    on_snapshot(&mut model, snapshot);
    options.session.resume(&mut model);
    model
}

/// Takes one message.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => on_key(model, key),
        Message::Paste(text) => on_paste(model, &text),
        Message::Mouse(mouse) => on_mouse(model, mouse),
        Message::Snapshot(snapshot) => on_snapshot(model, snapshot),
        Message::Notice(notice) => {
            on_notice(model, notice);
            Vec::new()
        }
        Message::Drawn(drawn) => {
            model.page = drawn.page.max(1);
            model.scrollable = drawn.scrollable;
            model.graph = drawn.graph;
            model.hits = drawn.hits;
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
    (model.toast, model.moved_to) = (None, None);
    if key == Key::control('c') {
        return quit(model);
    }
    if model.prompt.is_some() {
        return on_typed_key(model, key);
    }
    if hunts::on_key(model, key) {
        return Vec::new();
    }
    match model.overlay {
        Some(Overlay::Copy) => return on_copy_key(model, key),
        Some(Overlay::Export) => return exporting::on_key(model, key),
        Some(Overlay::Judge) => {
            deciding::on_judge_key(model, key);
            return Vec::new();
        }
        Some(Overlay::Snooze) => return deciding::on_snooze_key(model, key),
        Some(Overlay::Away) => model.away = None,
        _ => {}
    }
    if let Some(action) = model.keymap.action(model.tab, key) {
        let effects = on_action(model, action);
        // The keys may have gone to another pane.
        model.renew_hints();
        return effects;
    }
    let is_trace = model.keymap.action(Tab::Events, key) == Some(Action::Trace);
    match model.keymap.elsewhere(model.tab, key) {
        Some(_) if is_trace && model.tab == Tab::Trace => {
            model.say_keyed("this is the trace; </> asks for another id");
        }
        Some(command) => commanding::say_where(model, &command),
        None => {}
    }
    Vec::new()
}

/// A click on a tab shows it, on a row selects it, on the selected row opens it. While something is typed the
/// mouse does nothing.
fn on_mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    (model.toast, model.moved_to) = (None, None);
    if model.prompt.is_some() {
        return Vec::new();
    }
    let (x, y) = match mouse {
        Mouse::Scroll { rows } => {
            move_by(model, rows);
            return Vec::new();
        }
        Mouse::Release => return brushing::release(model),
        Mouse::Click { x, y } | Mouse::Drag { x, y } => (x, y),
    };
    // What was drawn last lies on top.
    let hit = model.hits.iter().rev().find(|hit| hit.area.contains((x, y).into())).map(|hit| hit.leads_to);
    if let Mouse::Drag { .. } = mouse {
        brushing::drag(model, hit);
        return Vec::new();
    }
    match hit {
        Some(LeadsTo::Time(span)) => {
            brushing::press(model, span);
            Vec::new()
        }
        Some(LeadsTo::Tab(tab)) => on_action(model, Action::Show(tab)),
        Some(LeadsTo::Row(0)) => open(model),
        Some(LeadsTo::Row(rows)) => {
            move_by(model, rows);
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn on_typed_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let is_command = model.prompt.as_ref().is_some_and(|prompt| prompt.purpose == PromptPurpose::Command);
    if !(is_command && key.code == Code::Enter) {
        return on_prompt_key(model, key);
    }
    let typed = model.prompt.take().map(|prompt| prompt.text).unwrap_or_default();
    match commanding::submit(model, typed.trim()) {
        Choice::Act(action) => on_action(model, action),
        Choice::Effects(effects) => effects,
    }
}

fn on_action(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => return quit(model),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Back => return back(model),
        Action::Close => return close(model),
        Action::Open => return open(model),
        Action::Trace => {
            let screen = screens::of(model.tab);
            if screen.value(model).is_none() {
                model.say("nothing is selected here that a trace could be of");
                return Vec::new();
            }
            let from = screen.incident(model).map(|incident| incident.alert.clone());
            return ask::open_trace_of(model, screen.correlation_id(model), from);
        }
        Action::ViewEvents => return view_events(model),
        Action::Editor => return screens::rules::edit(model),
        Action::Mouse => return switch_mouse(model),
        Action::Unfold
        | Action::Fold
        | Action::Acknowledge
        | Action::Judge
        | Action::Snooze
        | Action::Mute
        | Action::Undo
        | Action::Report => return on_incidents(model, action),
        Action::FilterIn => return narrowing::narrow(model, Narrowing::With),
        Action::FilterOut => return narrowing::narrow(model, Narrowing::Without),
        Action::FilterOnly => return narrowing::narrow(model, Narrowing::Only),
        Action::Facets => return narrowing::open_values(model),
        Action::Edit
        | Action::Columns
        | Action::DropLast
        | Action::DropAll
        | Action::Pause
        | Action::Follow
        | Action::Switch
        | Action::Detail => choose(model, action),
        Action::Why | Action::Mutes | Action::Hunts | Action::Help | Action::Copy | Action::Commands => {
            lay_over(model, action)
        }
        Action::ClockStyle => model.clock.style = next_clock(model.clock.style),
        Action::Mask => model.switch_mask(),
        Action::ZoomIn | Action::ZoomOut if model.tab == Tab::Search => {
            return ask::zoom(model, action == Action::ZoomIn);
        }
        Action::ZoomIn => zoom(model, 1),
        Action::ZoomOut => zoom(model, -1),
        _ => go(model, action),
    }
    Vec::new()
}

/// To another row, pane or screen.
fn go(model: &mut Model, action: Action) {
    match action {
        Action::Show(tab) => {
            model.overlay = None;
            model.show(tab);
        }
        Action::NextPane | Action::PreviousPane => screens::of(model.tab).switch_pane(model),
        Action::Down => move_by(model, 1),
        Action::Up => move_by(model, -1),
        Action::PageDown => move_by(model, page(model)),
        Action::PageUp => move_by(model, -page(model)),
        Action::First => move_by(model, isize::MIN / 2),
        Action::Last => last(model),
        Action::HistoryBack => go_back(model),
        Action::HistoryForward => go_forward(model),
        Action::NextProblem => to_problem(model, true),
        Action::PreviousProblem => to_problem(model, false),
        _ => {}
    }
}

/// What is listed, and how.
fn choose(model: &mut Model, action: Action) {
    match action {
        Action::Edit => edit(model),
        Action::Columns => arranging::open(model),
        Action::DropLast => change_filter(model, Filter::pop),
        Action::DropAll => change_filter(model, |filter| *filter = Filter::default()),
        Action::Pause => pause_or_resume(model),
        Action::Follow => follow(model),
        Action::Switch => switch_shown(model),
        Action::Detail => toggle_detail(model),
        _ => {}
    }
}

/// What lies over the screen.
fn lay_over(model: &mut Model, action: Action) {
    match action {
        Action::Why => toggle(model, Overlay::Why { list: ListState::default() }),
        Action::Mutes => toggle(model, Overlay::Mutes { list: ListState::default() }),
        Action::Hunts => hunts::open(model),
        Action::Help => toggle(model, Overlay::Help { scrolled: 0 }),
        Action::Copy => model.overlay = Some(Overlay::Copy),
        Action::Commands => commanding::open(model),
        _ => {}
    }
}

/// The mouse selects rows, or text as the terminal does it.
fn switch_mouse(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    model.say_keyed(match model.mouse {
        true => "the mouse selects rows; <m> frees it",
        false => "the mouse is free: select text as ever; <m> takes it back",
    });
    vec![Effect::Mouse(model.mouse)]
}

/// Twice or half as much of the axis, around the selected step.
fn zoom(model: &mut Model, step: i32) {
    const MOST_HALVINGS: u32 = 24;
    let zoom = &mut model.screens.trace.zoom;
    *zoom = zoom.saturating_add_signed(step).min(MOST_HALVINGS);
}

fn next_clock(style: ClockStyle) -> ClockStyle {
    match style {
        ClockStyle::Utc => ClockStyle::Local,
        ClockStyle::Local => ClockStyle::Ago,
        ClockStyle::Ago => ClockStyle::Utc,
    }
}

/// Open incidents, or all; the rules in another order.
fn switch_shown(model: &mut Model) {
    if model.tab == Tab::Rules {
        return screens::rules::reorder(model);
    }
    let screen = &mut model.screens.incidents;
    screen.held = None;
    screen.shown = match screen.shown {
        IncidentsShown::Open => IncidentsShown::All,
        IncidentsShown::All => IncidentsShown::Open,
    };
}

/// What is done with the incidents under the cursor.
fn on_incidents(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Unfold => screens::of(model.tab).unfold(model, true),
        Action::Fold => screens::of(model.tab).unfold(model, false),
        Action::Acknowledge => deciding::acknowledge(model),
        Action::Judge => deciding::ask_letter(model, Overlay::Judge),
        Action::Snooze => deciding::ask_letter(model, Overlay::Snooze),
        Action::Mute => deciding::mute(model),
        Action::Undo => return deciding::undo(model),
        Action::Report if matches!(model.tab, Tab::Events | Tab::Search) => {
            model.overlay = Some(Overlay::Export);
        }
        Action::Report => return deciding::report(model),
        _ => {}
    }
    Vec::new()
}

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
    screens::of(model.tab).close(model)
}

/// Esc: the topmost thing; on the search screen also the time that was chosen.
fn close(model: &mut Model) -> Vec<Effect> {
    if close_topmost(model) {
        return Vec::new();
    }
    if model.tab == Tab::Search && model.screens.search.range.take().is_some() {
        return ask::search_again(model);
    }
    model.say_keyed(match model.back.is_empty() {
        true => "nothing is open over this screen: <q> quits",
        false => "nothing is open over this screen: <q> goes back",
    });
    Vec::new()
}

fn back(model: &mut Model) -> Vec<Effect> {
    if close_topmost(model) {
        return Vec::new();
    }
    if model.back.is_empty() {
        return quit(model);
    }
    go_back(model);
    Vec::new()
}

fn quit(model: &Model) -> Vec<Effect> {
    vec![deciding::looked(model), Effect::Quit]
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

fn page(model: &Model) -> isize {
    isize::try_from(model.page).unwrap_or(1).max(1)
}

fn on_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    let new_critical = newly_critical(&model.snapshot, &snapshot);
    if let Some(message) = new_remark(&model.snapshot, &snapshot) {
        model.say(message);
    }
    screens::take_snapshot(model, snapshot);
    take_new_rows(model);
    away::welcome(model);
    ask::extend_trace(model);
    let Some(summary) = new_critical else { return Vec::new() };
    if !shows_the_worst(model) {
        let alerts = model.keys.get("5");
        model.say(format!("CRIT {summary} · {alerts} lists it"));
    }
    let is_due = model.last_bell_millis.is_none_or(|last| model.millis >= last + BELL_PAUSE_MILLIS);
    if model.bell && is_due {
        model.last_bell_millis = Some(model.millis);
        return vec![Effect::Bell];
    }
    Vec::new()
}

/// The list of incidents is open at its top, where the worst stands.
fn shows_the_worst(model: &Model) -> bool {
    let screens = &model.screens;
    model.overlay.is_none()
        && match model.tab {
            Tab::Overview => screens.overview.selected.is_none(),
            Tab::Incidents => screens.incidents.selected.is_none() && screens.incidents.rule.is_none(),
            _ => false,
        }
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

fn open_reason(model: &mut Model, row: usize) {
    let reasons = &model.snapshot.threat.reasons;
    let Some(reason) = reasons.get(row.min(reasons.len().saturating_sub(1))) else { return };
    let (alert, entity) = (reason.alert, reason.entity.clone());
    model.overlay = None;
    if alert.is_some() {
        return show_incident(model, alert);
    }
    let is_it = |known: &Entity| {
        entity.as_ref().is_some_and(|(field, value)| *known.field == **field && *known.value == **value)
    };
    let selected = model.snapshot.entities.iter().position(is_it).unwrap_or_default();
    model.screens.entities = ListState { selected, top: 0 };
    model.show(Tab::Entities);
}

fn toggle_detail(model: &mut Model) {
    if let Some(pane) = screens::of(model.tab).detail(model) {
        *pane = DetailPane { open: !pane.open, ..DetailPane::default() };
    }
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
        Some(Overlay::Values) => {
            let len = model.screens.values.rows().len();
            model.screens.values.list.move_by(rows, len, model.page);
            return;
        }
        Some(Overlay::Hunts { list }) => {
            list.move_by(rows, model.hunts.len(), model.page);
            return;
        }
        Some(Overlay::Mutes { list }) => {
            list.move_by(rows, mute_rows(&model.snapshot).len(), model.page);
            return;
        }
        _ => {}
    }
    let screen = screens::of(model.tab);
    let Some((pane, len)) = focused_detail(screen, model) else {
        model.is_held = false;
        return screen.move_by(model, rows);
    };
    let moved = pane.selected.saturating_add_signed(rows).min(len.saturating_sub(1));
    if let Some(pane) = screen.detail(model) {
        pane.selected = moved;
    }
}

fn last(model: &mut Model) {
    let screen = screens::of(model.tab);
    if model.overlay.is_none() && focused_detail(screen, model).is_none() {
        return screen.last(model);
    }
    move_by(model, isize::MAX / 2);
}

/// To the next event that reports an error, in the direction of reading.
fn to_problem(model: &mut Model, forward: bool) {
    let Some((levels, at)) = screens::of(model.tab).levels(model) else { return };
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

fn edit(model: &mut Model) {
    if matches!(model.overlay, Some(Overlay::Help { .. })) {
        model.overlay = Some(Overlay::Help { scrolled: 0 });
        model.open_prompt(PromptPurpose::Help, "");
        return;
    }
    model.overlay = None;
    screens::of(model.tab).edit(model);
}

fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Why { list }) = model.overlay {
        open_reason(model, list.selected);
        return Vec::new();
    }
    if model.overlay == Some(Overlay::Values) {
        return narrowing::narrow(model, Narrowing::With);
    }
    if let Some(Overlay::Hunts { list }) = model.overlay {
        return hunts::run(model, list);
    }
    if matches!(model.overlay.take(), Some(Overlay::Away | Overlay::Mutes { .. })) {
        return Vec::new();
    }
    screens::of(model.tab).open(model)
}

/// The events behind what is selected, as a question to the index.
fn view_events(model: &mut Model) -> Vec<Effect> {
    if model.tab == Tab::Overview && model.screens.overview.panel == Panel::Graph {
        return open(model);
    }
    match screens::of(model.tab).events_query(model).filter(|question| !question.query.is_empty()) {
        Some(question) => ask::search(model, question),
        None if screens::of(model.tab).record(model).is_some() => {
            model.say_keyed("<Tab>, then choose a field: <v> asks for all events with its value");
            Vec::new()
        }
        None => {
            model.say("nothing is selected here that has events");
            Vec::new()
        }
    }
}

fn on_notice(model: &mut Model, notice: Notice) {
    match notice {
        Notice::Changed => {}
        Notice::Search { ticket, result } if ticket == model.screens.search.ticket => {
            ask::take_answer(&mut model.screens.search, result);
        }
        Notice::Trace { ticket, result } if ticket == model.screens.trace.ticket => {
            let trace = &mut model.screens.trace;
            trace.waiting = false;
            trace.seen = 0;
            // The beginning of an id is answered with the whole.
            if let Ok(answer) = result.as_ref()
                && fold(&answer.id).starts_with(&*fold(&trace.id))
            {
                trace.id.clone_from(&answer.id);
            }
            trace.answer = result.map_or_else(Answer::Failed, Answer::Ready);
            ask::extend_trace(model);
        }
        // The answer to a question that is no longer asked.
        Notice::OverTime { ticket, result } if ticket == model.screens.search.ticket => {
            model.screens.search.over_time = result.ok();
        }
        Notice::Facets { ticket, result } if ticket == model.screens.values.ticket => {
            narrowing::take_values(model, result);
        }
        Notice::Facets { .. } | Notice::Search { .. } | Notice::OverTime { .. } | Notice::Trace { .. } => {}
        Notice::Exported(Ok((count, file))) => {
            let are = if count == 1 { "event is" } else { "events are" };
            model.say(format!("{count} {are} in {file}"));
        }
        Notice::Exported(Err(message)) => model.say(message),
        Notice::Decided(result) => deciding::on_decided(model, result),
        Notice::Reported(Ok(file)) => {
            // Which one it is of, then the file, then its folder: the end is cut first.
            let about = &model.meant.about;
            let (folder, name) = file.rsplit_once(['/', '\\']).unwrap_or(("", file.as_str()));
            let place = if folder.is_empty() { String::new() } else { format!(", in {folder}") };
            model.say(format!("{about}: {name}{place}"));
        }
        Notice::Reported(Err(message)) => model.say(message),
        Notice::Stopped(Ok(())) => {}
        Notice::Stopped(Err(message)) => model.failure = Some(message),
    }
}
