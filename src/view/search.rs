//! Questions to the index: the query, the answer, and one event in detail.

use ratatui::layout::Rect;

use super::canvas::{Canvas, LeadsTo};
use super::records::{self, RowStyle};
use super::scene::{Answer, Scene};
use super::table::{self, Focus, Table};
use super::theme::Role;
use super::{Drawn, detail, format, graph};
use crate::event::Timestamp;
use crate::event::number::{to_f64, to_u16, to_u64};
use crate::query::marks::Marks;
use crate::query::{self, SearchResponse};
use crate::safe;
use crate::text::{Safe, plural};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.search;
    query_line(canvas, Rect { height: 1, ..area }, scene);
    let problem = u16::from(screen.problem.is_some() && area.height > 3);
    if problem > 0 {
        problem_line(canvas, Rect { y: area.y + 1, height: 1, ..area }, scene);
    }
    let has_hits = screen.over_time.as_ref().is_some_and(|it| !it.buckets.is_empty());
    let graph = if has_hits && area.height >= 14 { 2 } else { 0 };
    if graph > 0 {
        over_time(canvas, Rect { y: area.y + 1 + problem, height: graph, ..area }, scene);
    }
    let used = 1 + problem + graph;
    let body = Rect { y: area.y + used, height: area.height - used, ..area };
    let has_rows = !screen.records().is_empty();
    let (list, pane) = super::split_detail(body, screen.detail.open && has_rows);
    let page = results(canvas, list, scene);
    if let Some(pane) = pane {
        detail::draw(canvas, pane, screen.selected_row(), screen.detail, scene.clock, scene.snapshot.now);
    }
    Drawn { page, position: position(canvas, scene), ..Drawn::default() }
}

/// The hits over time: bars, then their axis in words.
fn over_time(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let screen = &scene.screens.search;
    let Some(over_time) = &screen.over_time else { return };
    let cells = usize::from(area.width.saturating_sub(2)).max(1);
    let per_cell = over_time.buckets.len().div_ceil(cells).max(1);
    let counts: Vec<u64> =
        over_time.buckets.chunks(per_cell).map(|chunk| chunk.iter().map(|(_, count)| count).sum()).collect();
    let bars = graph::spark(&counts, canvas.style(Role::Text));
    canvas.row(Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area }, 0, &bars);
    let width = over_time.width.saturating_mul(per_cell as i64);
    for (cell, chunk) in over_time.buckets.chunks(per_cell).enumerate() {
        let Some((from, _)) = chunk.first() else { continue };
        let (x, span) = (area.x + 1 + to_u16(cell), (*from, from.plus(width)));
        let cell = Rect { x, y: area.y, width: 1, height: 1 };
        canvas.hit(cell, LeadsTo::Time(span));
        if screen.brushed().is_some_and(|(since, until)| span.0 < until && span.1 > since) {
            canvas.restyle(cell, canvas.style(Role::Selection));
        }
    }
    let now = scene.snapshot.now;
    let at = |place: Option<&(Timestamp, u64)>| {
        place.map_or_else(Safe::default, |(time, _)| scene.clock.day_and_seconds(*time, now))
    };
    let bucket = format::duration(over_time.width.saturating_mul(per_cell as i64));
    let peak = counts.iter().copied().max().unwrap_or(0);
    let range = match screen.range {
        Some(_) => safe!("   a part of the time · {} widens", canvas.key(",")),
        None => safe!("   {} narrows around the row", canvas.key(".")),
    };
    let (from, to) = (at(over_time.buckets.first()), at(over_time.buckets.last()));
    let words = match over_time.buckets.len() {
        1 => safe!(" all at {}", from),
        _ => safe!(" {} to {} · a bar is {} · peak {}", from, to, bucket, format::count(peak)),
    };
    let parts = [words, range].map(|text| canvas.part(text, Role::Muted));
    canvas.row_fitting(area, 1, &parts, 1);
}

fn query_line(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let screen = &scene.screens.search;
    let query = if screen.query.is_empty() { safe!("everything") } else { canvas.safe(&screen.query) };
    let parts = match &screen.about {
        Some(about) => [canvas.own(" events ▸ ", Role::Muted), canvas.part(canvas.safe(about), Role::Key)],
        None => [canvas.own(" query ▸ ", Role::Muted), canvas.part(query, Role::Key)],
    };
    let right = match &screen.answer {
        _ if screen.problem.is_some() => Safe::default(),
        _ if screen.waiting => safe!("searching … "),
        Answer::Ready(answer) => {
            let millis = to_f64(answer.elapsed_micros) / 1000.0;
            safe!("{} hit{} in {:.1} ms ", format::count(answer.total), plural(answer.total), millis)
        }
        Answer::Waiting => safe!("searching … "),
        Answer::None | Answer::Failed(_) => Safe::default(),
    };
    let left = Rect { width: row.width.saturating_sub(to_u16(right.width()) + 1), ..row };
    let now = scene.snapshot.now;
    let range = screen.range.map_or_else(Safe::default, |(since, until)| {
        safe!("   {} to {}", scene.clock.day_and_seconds(since, now), scene.clock.seconds(until, now))
    });
    let [label, asked] = parts;
    canvas.row(left, 0, &[label, asked, canvas.part(range, Role::Text)]);
    canvas.parts_right(row, &[canvas.part(right, Role::Muted)]);
}

/// What is wrong with the query, with a caret under the place where there is room.
fn problem_line(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let screen = &scene.screens.search;
    let Some(problem) = &screen.problem else { return };
    let hint = problem.hint.as_ref().map_or(Safe::default(), |hint| safe!("   {}", canvas.safe(hint)));
    let message = canvas.safe(&problem.message);
    let before = |column: usize| screen.query.chars().take(column - 1).collect::<String>();
    let indent = problem.column.map(|column| PROMPT_WIDTH + canvas.safe(&before(column)).width());
    let fits = |indent: &usize| indent + message.width() + 2 < usize::from(row.width);
    let lead = match indent.filter(fits) {
        Some(indent) => safe!("{:>1$} ", "^", indent + 1),
        None => safe!(" × "),
    };
    let parts = [canvas.part(safe!("{}{}", lead, message), Role::Warning), canvas.part(hint, Role::Muted)];
    canvas.row_fitting(row, 0, &parts, 1);
}

/// Cells before the query.
const PROMPT_WIDTH: usize = 9;

fn results(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let screen = &scene.screens.search;
    let records = screen.records();
    let focused = !screen.detail.focused;
    let title = match screen.problem.is_some() && !records.is_empty() {
        true => {
            let before = match screen.answered.is_empty() {
                true => safe!("everything"),
                false => canvas.safe(&screen.answered),
            };
            canvas.part(safe!("Results of the query before: {}", before), Role::Title)
        }
        false => canvas.own("Results", Role::Title),
    };
    let faint = screen.problem.is_some() || screen.waiting;
    let note = match &screen.answer {
        Answer::Ready(answer) if to_u64(records.len()) < answer.total => {
            let shown = format::count(to_u64(records.len()));
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
    let columns = records::columns(scene.columns, inner.width, true);
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list: screen.list, len: records.len(), focus };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(record) = records.get(index) else { return Vec::new() };
        let style = RowStyle {
            clock: scene.clock,
            now: scene.snapshot.now,
            faint,
            columns: scene.columns,
            with_date: true,
        };
        records::row(canvas, record, inner.width, style)
    });
    table::note_cut(canvas, inner, &shown, table.len);
    mark_hits(canvas, inner, &screen.answered);
    shown.page
}

/// The words that were asked for stand out where they are.
fn mark_hits(canvas: &mut Canvas<'_>, area: Rect, query: &str) {
    let Ok(expression) = query::parse(query) else { return };
    let marks = Marks::of(&expression);
    canvas.underline(area, |line| marks.places(line));
}

fn nothing_found(canvas: &Canvas<'_>, scene: &Scene<'_>) -> (Safe, Safe) {
    let indexed = format::count(scene.snapshot.index.indexed);
    match &scene.screens.search.answer {
        Answer::None => (
            safe!("Search all {} indexed events.", indexed),
            safe!(
                "{} type a query: user:alice status:>=500 -healthz   {} saved hunts",
                canvas.key("/"),
                canvas.key("H")
            ),
        ),
        Answer::Waiting => (safe!("Searching …"), Safe::default()),
        Answer::Failed(failure) => {
            (safe!("× {}", canvas.safe(&failure.message)), safe!("{} change the query", canvas.key("/")))
        }
        Answer::Ready(answer) => {
            let looked_at = canvas.safe(&looked_at(&scene.screens.search.answered));
            let indexed = format::count(answer.indexed);
            let sentence = safe!("None of {} events matches; looked at {}.", indexed, looked_at);
            let mut reach = completeness(answer, scene);
            for silence in super::sources::unheard(canvas, scene.snapshot) {
                reach.push(&safe!("; {}", silence));
            }
            (sentence, safe!("{}   {} change the query", reach, canvas.key("/")))
        }
    }
}

/// The names that a query looks at.
fn looked_at(query: &str) -> String {
    query::parse(query).map(|parsed| query::looked_at(&parsed).join(", ")).unwrap_or_default()
}

/// How far the answer reaches.
fn completeness(answer: &SearchResponse, scene: &Scene<'_>) -> Safe {
    match answer.complete_to {
        Some(time) => safe!("complete to {}", scene.clock.moment(time, scene.snapshot.now)),
        None => {
            let indexed = scene.snapshot.index.indexed;
            safe!("{} event{} indexed", format::count(indexed), plural(indexed))
        }
    }
}

fn position(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<Safe> {
    let screen = &scene.screens.search;
    let mut items = Vec::new();
    if let Some(answer) = screen.answer.ready() {
        if !answer.records.is_empty() {
            let selected = screen.list.selected.min(answer.records.len() - 1) + 1;
            items.push(safe!("{} of {}", format::count(selected as u64), format::count(answer.total)));
        }
        items.push(completeness(answer, scene));
        items.extend(super::sources::unheard(canvas, scene.snapshot));
    }
    let pending = scene.snapshot.index.pending;
    if pending > 0 {
        items.push(safe!("{} event{} not searchable yet", format::count(pending), plural(pending)));
    }
    items.push(scene.clock.name());
    items
}
