//! Questions to the index: the query, the answer, and one event in detail.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::records::{self, RowStyle};
use super::scene::{Answer, Scene};
use super::table::{self, Focus, Table};
use super::theme::Role;
use super::{Drawn, detail, format};
use crate::query::SearchResponse;
use crate::safe;
use crate::text::{Safe, plural};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.search;
    query_line(canvas, Rect { height: 1, ..area }, scene);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let has_rows = !screen.records().is_empty();
    let (list, pane) = super::split_detail(body, screen.detail.open && has_rows);
    let page = results(canvas, list, scene);
    if let Some(pane) = pane {
        detail::draw(canvas, pane, screen.selected_row(), screen.detail, scene.clock, scene.snapshot.now);
    }
    Drawn { page, position: position(scene), ..Drawn::default() }
}

fn query_line(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let screen = &scene.screens.search;
    let query = if screen.query.is_empty() { safe!("everything") } else { canvas.safe(&screen.query) };
    let parts = [canvas.own(" query ▸ ", Role::Muted), canvas.part(query, Role::Key)];
    let used = canvas.row(row, 0, &parts);
    let right = match &screen.answer {
        Answer::Ready(answer) => {
            let millis = answer.elapsed_micros as f64 / 1000.0;
            safe!("{} hit{} in {:.1} ms ", format::count(answer.total), plural(answer.total), millis)
        }
        Answer::Waiting => safe!("searching … "),
        Answer::None | Answer::Failed(_) => Safe::default(),
    };
    let room = Rect { x: row.x + used, width: row.width - used, ..row };
    canvas.parts_right(room, &[canvas.part(right, Role::Muted)]);
}

fn results(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let screen = &scene.screens.search;
    let records = screen.records();
    let focused = !screen.detail.focused;
    let title = canvas.own("Results", Role::Title);
    let note = match &screen.answer {
        Answer::Ready(answer) if (records.len() as u64) < answer.total => {
            let shown = format::count(records.len() as u64);
            canvas.part(safe!("the newest {} of {}", shown, format::count(answer.total)), Role::Muted)
        }
        Answer::Ready(answer) => canvas.part(format::count(answer.total), Role::Muted),
        _ => canvas.own("", Role::Muted),
    };
    let inner = canvas.frame(area, &[title], &[note], focused);
    if records.is_empty() {
        let (sentence, advice) = nothing_found(canvas, scene);
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let columns = records::columns(inner.width, true);
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list: screen.list, len: records.len(), focus };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(record) = records.get(index) else { return Vec::new() };
        let style = RowStyle { clock: scene.clock, now: scene.snapshot.now, faint: false, with_date: true };
        records::row(canvas, record, inner.width, style)
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

fn nothing_found(canvas: &Canvas<'_>, scene: &Scene<'_>) -> (Safe, Safe) {
    let indexed = format::count(scene.snapshot.index.indexed);
    match &scene.screens.search.answer {
        Answer::None => (
            safe!("Search all {} indexed events.", indexed),
            safe!("/ type a query, for example  event.outcome:failure AND user.name:alice"),
        ),
        Answer::Waiting => (safe!("Searching …"), Safe::default()),
        Answer::Failed(message) => (safe!("× {}", canvas.safe(message)), safe!("/ change the query")),
        Answer::Ready(answer) => {
            let complete = completeness(answer, scene);
            (safe!("No event matches. {}", complete), safe!("/ change the query"))
        }
    }
}

/// How far the answer reaches.
fn completeness(answer: &SearchResponse, scene: &Scene<'_>) -> Safe {
    match answer.complete_to {
        Some(time) => safe!("complete to {}", scene.clock.seconds(time, scene.snapshot.now)),
        None => {
            let indexed = scene.snapshot.index.indexed;
            safe!("{} event{} indexed", format::count(indexed), plural(indexed))
        }
    }
}

fn position(scene: &Scene<'_>) -> Vec<Safe> {
    let screen = &scene.screens.search;
    let mut items = Vec::new();
    if let Some(answer) = screen.answer.ready() {
        if !answer.records.is_empty() {
            let selected = screen.list.selected.min(answer.records.len() - 1) + 1;
            items.push(safe!("{} of {}", format::count(selected as u64), format::count(answer.total)));
        }
        items.push(completeness(answer, scene));
    }
    let pending = scene.snapshot.index.pending;
    if pending > 0 {
        items.push(safe!("{} event{} not searchable yet", format::count(pending), plural(pending)));
    }
    items.push(scene.clock.name());
    items
}
