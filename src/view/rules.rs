//! Rules: what each did, and what is wrong with those that do not run.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::scene::Scene;
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use super::{Drawn, format};
use crate::event::number::{to_u16, to_u64};
use crate::safe;
use crate::text::{Safe, plural};

/// Before a problem, and before its further lines.
const MARK: &str = " ! ";
const INDENT: &str = "   ";

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let rules = &scene.snapshot.rules;
    let problems = problem_lines(canvas, scene, usize::from(area.width.saturating_sub(2)));
    let below = if problems.is_empty() { 0 } else { (to_u16(problems.len()) + 2).min(area.height / 2) };
    let list_area = Rect { height: area.height - below, ..area };
    let page = hits(canvas, list_area, scene);
    if below > 0 {
        let problem_area = Rect { y: list_area.bottom(), height: below, ..area };
        draw_problems(canvas, problem_area, &problems);
    }
    let loaded = safe!("{} rule{} loaded", format::count(rules.loaded as u64), plural(rules.loaded as u64));
    let broken = to_u64(rules.problem_count);
    let broken = safe!("{} problem{}", format::count(broken), plural(broken));
    Drawn { page, position: vec![loaded, broken], ..Drawn::default() }
}

/// What is wrong, as lines of so many cells; the first of each problem is marked.
fn problem_lines(canvas: &Canvas<'_>, scene: &Scene<'_>, cells: usize) -> Vec<(bool, Safe)> {
    let problems = scene.snapshot.rules.problems.iter();
    let lines = problems.flat_map(|problem| {
        let lines = canvas.safe(problem).wrap(cells.saturating_sub(MARK.len()));
        lines.into_iter().enumerate().map(|(at, line)| (at == 0, line))
    });
    lines.collect()
}

fn draw_problems(canvas: &mut Canvas<'_>, area: Rect, problems: &[(bool, Safe)]) {
    let title = canvas.own("Problems", Role::Title);
    let note = canvas.own("the other rules run; soctop rules check says more", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    for (row, (is_first, line)) in problems.iter().take(usize::from(inner.height)).enumerate() {
        let mark = if *is_first { canvas.own(MARK, Role::Bad) } else { canvas.own(INDENT, Role::Text) };
        let parts = [mark, canvas.part(line.clone(), Role::Text)];
        canvas.row(inner, to_u16(row), &parts);
    }
}

fn hits(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let rules = &scene.snapshot.rules;
    let title = canvas.own("Rules", Role::Title);
    let note = canvas.own("most alerts first, since the start", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if rules.hits.is_empty() {
        let loaded = format::count(to_u64(rules.loaded));
        table::empty(
            canvas,
            inner,
            &match rules.loaded {
                1 => safe!("1 rule is loaded; it has not matched yet."),
                _ => safe!("{} rules are loaded; none has matched yet.", loaded),
            },
            &Safe::default(),
        );
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("level", 6),
        Column::flexible("rule"),
        Column::fixed("matches", 9).right(),
        Column::fixed("alerts", 7).right(),
        Column::fixed("tags", 26).from(110),
    ];
    let table =
        Table { columns: &columns, list: scene.screens.rules, len: rules.hits.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(hit) = rules.hits.get(index) else { return Vec::new() };
        let role = if hit.matches == 0 && hit.alerts == 0 { Role::Muted } else { Role::Text };
        vec![
            canvas.severity(hit.rule.level),
            canvas.part(canvas.safe(&hit.rule.title), role),
            canvas.part(format::count(hit.matches), role),
            canvas.part(format::count(hit.alerts), role),
            canvas.part(canvas.safe(&hit.rule.tags.join(" ")), Role::Muted),
        ]
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}
