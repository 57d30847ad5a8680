//! The live list: filter, what must not scroll away, the events, and one of them in detail.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::graph;
use super::records::{self, RowStyle};
use super::scene::{Flow, PromptPurpose, Scene};
use super::table::{self, Focus, Table};
use super::theme::Role;
use super::{Drawn, detail, format};
use crate::event::number::{to_u16, to_u64};
use crate::event::{DAY, Record};
use crate::safe;
use crate::state::{Filter, Pin, PinSubject};
use crate::text::{Safe, plural};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.events;
    let [top, body] = split_top(area);
    filter_line(canvas, Rect { height: 1, ..top }, scene);
    strip(canvas, Rect { y: top.y + 1, height: 1, ..top }, scene);
    let pinned = Rect { y: top.y + 2, height: top.height.saturating_sub(2), ..top };
    pins(canvas, pinned, scene);
    let (list, pane) = super::split_detail(body, screen.detail.open);
    let page = rows(canvas, list, scene);
    if let Some(pane) = pane {
        let record = screen.selected_row().map(AsRef::as_ref);
        detail::draw(canvas, pane, record, screen.detail, scene.clock, scene.snapshot.now);
    }
    Drawn { page, position: position(canvas, scene), ..Drawn::default() }
}

/// Filter, strip and pinned lane: a box of two rows where there is room, else one line.
fn split_top(area: Rect) -> [Rect; 2] {
    let pinned = match area.height {
        26.. => 4,
        12..26 => 1,
        _ => 0,
    };
    let height = (2 + pinned).min(area.height);
    let body = Rect { y: area.y + height, height: area.height - height, ..area };
    [Rect { height, ..area }, body]
}

fn filter_line(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let filter = &scene.screens.events.filter;
    let mut parts = vec![canvas.own(" filter ▸ ", Role::Muted)];
    if filter.is_empty() {
        parts.push(canvas.own("none", Role::Text));
        parts.push(canvas.part(safe!("   {} to type one", canvas.key("/")), Role::Muted));
        parts.push(canvas.own(", for example  level:>=warn service:auth -healthz", Role::Muted));
    } else {
        for chip in filter.chips() {
            let role = if chip.starts_with('-') { Role::Warning } else { Role::Key };
            parts.push(canvas.part(safe!("[{}]", canvas.safe(chip)), role));
            parts.push(canvas.own(" ", Role::Text));
        }
        let drop = safe!("  {} drop last  {} drop all", canvas.key("x"), canvas.key("X"));
        parts.push(canvas.part(drop, Role::Muted));
    }
    canvas.row_fitting(row, 0, &parts, 2);
}

/// All traffic over the last minutes, so that a spike is seen even while the list is paused.
fn strip(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let snapshot = scene.snapshot;
    let rate = safe!(" {} ev/s", format::rate(snapshot.rates.per_second(snapshot.now)));
    let room = row.width.saturating_sub(6 + 24);
    let axis = graph::Axis::new(snapshot.now, snapshot.rates.first_second(), room);
    let spark = graph::spark(&axis.totals(&snapshot.rates), canvas.style(Role::Text));
    let mut parts = vec![canvas.own(" all ", Role::Muted)];
    parts.extend(spark);
    parts.push(canvas.part(safe!(" {} {}", axis.span(), rate), Role::Muted));
    canvas.parts(row.x, row.y, row.width, &parts);
}

/// The lane stands there even when it is empty: rows that come and go would make the list jump.
fn pins(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let pins = &scene.snapshot.pins;
    if area.height == 0 {
        return;
    }
    if area.height == 1 {
        let mut parts = vec![canvas.own(" PIN ", Role::Strong)];
        match pins.first() {
            Some(pin) => parts.extend(pin_parts(canvas, pin, scene)),
            None => parts.push(canvas.own("nothing high or critical in the last 60 s", Role::Muted)),
        }
        if pins.len() > 1 {
            parts.insert(1, canvas.part(safe!("1/{} ", pins.len()), Role::Muted));
        }
        canvas.parts(area.x, area.y, area.width, &parts);
        return;
    }
    let title = canvas.own("Pinned: incidents and errors of the last 60 s", Role::Title);
    let hidden = pins.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
    let note = match hidden {
        0 => canvas.part(safe!("{}", pins.len()), Role::Muted),
        hidden => canvas.part(
            safe!(
                "{} · +{} more: {} incidents, {} errors",
                pins.len(),
                hidden,
                canvas.key("5"),
                canvas.key("e")
            ),
            Role::Warning,
        ),
    };
    let inner = canvas.frame(area, &[title], &[note], false);
    for (row, pin) in pins.iter().take(usize::from(inner.height)).enumerate() {
        let parts = pin_parts(canvas, pin, scene);
        canvas.row(Rect { x: inner.x + 1, width: inner.width - 1, ..inner }, to_u16(row), &parts);
    }
    if pins.is_empty() {
        canvas.row(inner, 0, &[canvas.own(" nothing high or critical, and no errors", Role::Muted)]);
    }
}

fn pin_parts(canvas: &Canvas<'_>, pin: &Pin, scene: &Scene<'_>) -> Vec<Part> {
    let now = scene.snapshot.now;
    let times = if pin.count > 1 { safe!("  ×{}", format::count(pin.count)) } else { Safe::default() };
    let (mark, time, text) = match &pin.subject {
        PinSubject::Incident(incident) => {
            let alert = &incident.alert;
            (canvas.severity(alert.rule.level), alert.time, canvas.safe(&alert.summary))
        }
        PinSubject::Event(record) => {
            let (service, _) = records::service(canvas, record);
            let text = safe!("{}  {}", service, records::message(canvas, record));
            (records::level(canvas, record), record.time, text)
        }
    };
    let style = canvas.style(Role::Text);
    let time = scene.clock.moment(time, now);
    vec![
        (safe!("{:<7}", mark.0), mark.1),
        (safe!(" {}  ", time), style),
        (text, style),
        (times, canvas.style(Role::Strong)),
    ]
}

fn rows(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let screen = &scene.screens.events;
    let snapshot = scene.snapshot;
    let note = list_note(canvas, scene);
    let title = canvas.own("Events", Role::Title);
    let focused = !screen.detail.focused;
    let inner = canvas.frame(area, &[title], &[note], focused);
    if screen.rows.is_empty() {
        let (sentence, advice) = nothing_to_list(canvas, scene);
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let preview = previewed_filter(scene);
    let height = usize::from(inner.height.saturating_sub(1));
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let list = screen.list(height);
    // A time of day alone would be taken for one of today.
    let is_old = |row: &Arc<Record>| snapshot.now.since(row.time) >= DAY;
    let with_date =
        screen.rows.get(list.selected).is_some_and(is_old) || screen.rows.back().is_some_and(is_old);
    let columns = records::columns(scene.columns, inner.width, with_date);
    let table = Table { columns: &columns, list, len: screen.rows.len(), focus };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(record) = screen.rows.get(index) else { return Vec::new() };
        let faint = preview.is_some_and(|filter| !filter.matches(record));
        let style =
            RowStyle { clock: scene.clock, now: snapshot.now, faint, columns: scene.columns, with_date };
        records::row(canvas, record, inner.width, style)
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

/// The filter that is being typed, when it can be understood.
fn previewed_filter<'a>(scene: &Scene<'a>) -> Option<&'a Filter> {
    let prompt = scene.prompt.filter(|prompt| prompt.purpose == PromptPurpose::Filter)?;
    prompt.filter.as_ref().ok()
}

fn list_note(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Part {
    let screen = &scene.screens.events;
    let shown = format::count(to_u64(screen.rows.len()));
    match screen.flow {
        Flow::Paused { since } => {
            let paused = format::duration(scene.snapshot.now.since(since));
            canvas.part(safe!("PAUSED {} · {} shown", paused, shown), Role::Warning)
        }
        Flow::Detached => {
            canvas.part(safe!("{} shown · {} to follow again", shown, canvas.key("f")), Role::Warning)
        }
        Flow::Following => canvas.part(safe!("{} shown · newest at the bottom", shown), Role::Muted),
    }
}

fn nothing_to_list(canvas: &Canvas<'_>, scene: &Scene<'_>) -> (Safe, Safe) {
    let snapshot = scene.snapshot;
    let held = to_u64(snapshot.rows.count());
    if scene.screens.events.filter.is_empty() || held == 0 {
        let sources = snapshot.sources.len();
        let waiting = match sources {
            0 => safe!("Waiting for the first event. No source has reported yet."),
            _ => safe!("Waiting for the first event in {} source{}.", sources, plural(sources as u64)),
        };
        return (waiting, safe!("{} shows the sources", canvas.key("8")));
    }
    let sentence = safe!("0 of the {} newest events match the filter.", format::count(held));
    let keys = [canvas.key("x"), canvas.key("X"), canvas.key("3")];
    let [last, all, search] = &keys;
    (sentence, safe!("{} drop the last part   {} drop all   {} search the whole history", last, all, search))
}

fn position(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<Safe> {
    let screen = &scene.screens.events;
    let snapshot = scene.snapshot;
    let shown = format::count(to_u64(screen.rows.len()));
    let row = match screen.rows.len() {
        0 => safe!("no rows"),
        _ => safe!("row {} of {}", format::count(screen.selected_index() as u64 + 1), shown),
    };
    let held = to_u64(snapshot.rows.count());
    let mut items = vec![row, safe!("{}", scene.clock.name())];
    if !screen.filter.is_empty() {
        items.push(safe!("of the newest {}", format::count(held)));
    }
    if snapshot.not_shown > 0 {
        items.push(safe!(
            "{} came too fast to list: {} finds them",
            format::compact(snapshot.not_shown),
            canvas.key("3")
        ));
    }
    items
}
