//! States with a timer: breakers, lockouts, blocks, limits. One row each, and the history of the selected one.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::scene::Scene;
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use super::{Drawn, format};
use crate::alert::Transition;
use crate::event::Timestamp;
use crate::event::number::{to_u16, to_u64};
use crate::safe;
use crate::sigma::Board;
use crate::state::{BoardRow, Snapshot};
use crate::text::{Safe, plural};

/// All rows: what alarms first, lockouts before all else, breakers that are open before those that are half-open, then the
/// least time left first.
#[must_use]
pub fn rows(snapshot: &Snapshot) -> Vec<&BoardRow> {
    let mut rows: Vec<&BoardRow> = snapshot.boards.iter().collect();
    rows.sort_by_key(|row| {
        let board = (row.board != Board::Lockout, row.board, breaker_urgency(row));
        (row.transition.resting, board, row.transition.until)
    });
    rows
}

/// Open before half-open before closed.
pub fn breaker_urgency(row: &BoardRow) -> u8 {
    match &row.transition {
        resting if resting.resting => 2,
        half if half.to.to_lowercase().contains("half") => 1,
        _ => 0,
    }
}

/// Mark and word of a state, and how it looks.
pub fn state(row: &BoardRow) -> (&'static str, &'static str, Role) {
    match (row.board, breaker_urgency(row)) {
        (Board::Breaker, 0) => ("×", "OPEN", Role::Bad),
        (Board::Breaker, 1) => ("~", "HALF", Role::Warning),
        (Board::Breaker, _) => ("o", "closed", Role::Muted),
        (_, 2) => ("o", "over", Role::Muted),
        (Board::Lockout, _) => ("×", "locked", Role::Warning),
        (Board::BlockedAddress, _) => ("×", "blocked", Role::Warning),
        (Board::RateLimited, _) => ("~", "limited", Role::Warning),
        (Board::RevokedToken, _) => ("×", "revoked", Role::Warning),
        (Board::SilentSource, _) => ("!", "silent", Role::Warning),
        (Board::Other, _) => ("!", "state", Role::Warning),
    }
}

/// Who or what is in the state; where the log does not say, what has happened.
pub fn name(canvas: &Canvas<'_>, transition: &Transition) -> Safe {
    canvas.safe(if transition.entity.is_empty() { &transition.rule.title } else { &transition.entity })
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let rows = rows(scene.snapshot);
    let below = (area.height * 2 / 5).max(5);
    let list_area = Rect { height: area.height - below, ..area };
    let history_area = Rect { y: list_area.bottom(), height: below, ..area };
    let page = list(canvas, list_area, scene, &rows);
    let selected = scene.screens.boards.selected.min(rows.len().saturating_sub(1));
    history(canvas, history_area, scene, rows.get(selected).copied());
    let alarming = rows.iter().filter(|row| !row.transition.resting).count();
    let count = |rows: usize| format::count(to_u64(rows));
    let alarming = match rows.len() {
        0 => safe!("nothing is locked, blocked or open"),
        all => safe!("{} of {} in an unusual state", count(alarming), count(all)),
    };
    let position = vec![alarming, scene.clock.name()];
    Drawn { page, position, ..Drawn::default() }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, rows: &[&BoardRow]) -> usize {
    let title = canvas.own("Boards", Role::Title);
    let note = counts(canvas, rows);
    let inner = canvas.frame(area, &[title], &[note], true);
    if rows.is_empty() {
        let sentence = safe!("Nobody is locked out or blocked, and no circuit breaker is known.");
        table::empty(canvas, inner, &sentence, &Safe::default());
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("state", 9),
        Column::flexible("who or what"),
        Column::fixed("until", 8),
        Column::fixed("left", 7).right(),
        Column::fixed("events", 8).right(),
        Column::fixed("known by", 8).from(90),
        Column::fixed("since", 8).from(100),
        Column::fixed("entries", 7).right().from(110),
    ];
    let table = Table { columns: &columns, list: scene.screens.boards, len: rows.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        rows.get(index).map(|row| cells(canvas, row, scene)).unwrap_or_default()
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

/// Of a name that is too long for so many cells the end stays: a breaker stands there behind its service.
pub fn short_name(canvas: &Canvas<'_>, transition: &Transition, cells: usize) -> Safe {
    let whole = name(canvas, transition);
    if whole.width() <= cells {
        return whole;
    }
    let parted = transition.entity.rsplit_once(['/', '→']);
    let Some(own) = parted.map(|(_, own)| canvas.safe(own)) else { return whole };
    match cells.checked_sub(own.width()).filter(|room| *room >= 3) {
        // The mark between them is of one cell and stays.
        Some(room) => {
            let service = whole.truncate(room.saturating_sub(1), "…");
            let mark = if transition.entity.contains('→') { safe!("→") } else { safe!("/") };
            safe!("{}{}{}", service, mark, own)
        }
        None => own,
    }
}

/// `3 locked · 1 blocked · 2 revoked · 1 of 4 breakers not closed`.
pub fn counts(canvas: &Canvas<'_>, rows: &[&BoardRow]) -> Part {
    let unusual =
        |board: Board| rows.iter().filter(|row| row.board == board && !row.transition.resting).count();
    let breakers = rows.iter().filter(|row| row.board == Board::Breaker).count();
    let counted = [
        (Board::Lockout, "locked"),
        (Board::BlockedAddress, "blocked"),
        (Board::RateLimited, "limited"),
        (Board::RevokedToken, "revoked"),
        (Board::SilentSource, "silent"),
    ];
    let counted = counted.map(|(board, word)| (unusual(board), word)).into_iter();
    let mut texts: Vec<Safe> =
        counted.filter(|(count, _)| *count > 0).map(|(count, word)| safe!("{} {}", count, word)).collect();
    if breakers > 0 {
        let open = unusual(Board::Breaker);
        texts.push(safe!("{} of {} breaker{} not closed", open, breakers, plural(to_u64(breakers))));
    }
    let mut text = Safe::default();
    for (number, part) in texts.iter().enumerate() {
        text.push(&safe!("{}{}", if number > 0 { " · " } else { "" }, part));
    }
    canvas.part(text, Role::Muted)
}

/// How long it still lasts; about so long where the service has said the state, and only its rule the end.
pub(super) fn time_left(transition: &Transition, until: Timestamp, now: Timestamp) -> Safe {
    let about = if transition.until_said || transition.inferred { "" } else { "~" };
    safe!("{}{}", about, format::duration(until.since(now)))
}

fn cells(canvas: &Canvas<'_>, row: &BoardRow, scene: &Scene<'_>) -> table::Row {
    let (transition, now) = (&row.transition, scene.snapshot.now);
    let (mark, word, role) = state(row);
    let text = if transition.resting { Role::Muted } else { Role::Text };
    let until = transition.until.filter(|_| !transition.resting);
    let left = match until {
        Some(until) if until > now => time_left(transition, until, now),
        Some(_) => safe!("due"),
        None => Safe::default(),
    };
    let ends = until.map_or_else(Safe::default, |until| scene.clock.cell(until, now));
    // Failures of a time that is over say nothing about a breaker that is closed.
    let counts = transition.count > 0 && !transition.resting;
    let count = if counts { format::compact(transition.count) } else { Safe::default() };
    let known_by = if transition.inferred { "inferred" } else { "said" };
    vec![
        canvas.part(safe!("{} {}", mark, word), role),
        canvas.part(name(canvas, transition), if transition.resting { Role::Muted } else { Role::Strong }),
        canvas.part(ends, text),
        canvas.part(left, text),
        canvas.part(count, text),
        canvas.own(known_by, Role::Muted),
        canvas.part(scene.clock.day_cell(row.since, now), Role::Muted),
        canvas.part(safe!("{}", entries(transition)), Role::Muted),
    ]
}

/// How often it came into an unusual state within an hour. What is in one came into it, whether or not its rule calls
/// that alerting.
fn entries(transition: &Transition) -> u32 {
    transition.recent_entries.max(u32::from(!transition.resting))
}

/// How it came to be in this state.
fn history(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, row: Option<&BoardRow>) {
    let title = match row {
        Some(row) => canvas.part(name(canvas, &row.transition), Role::Title),
        None => canvas.own("History", Role::Title),
    };
    let note = canvas.keyed("<Enter> its events · <o> trace", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let Some(row) = row else { return };
    let (transition, now) = (&row.transition, scene.snapshot.now);
    let title = canvas.safe(&transition.rule.title);
    let known_by = if transition.inferred { "inferred from failures" } else { "said by the service" };
    let entries = entries(transition);
    let times = plural(u64::from(entries));
    let head = safe!("{} · {} · entered {} time{} within an hour", title, known_by, entries, times);
    canvas.row(inner, 0, &[canvas.part(head, Role::Muted)]);
    for (line, change) in row.history.iter().enumerate().take(usize::from(inner.height.saturating_sub(1))) {
        let (from, to) = (canvas.safe(&change.from), canvas.safe(&change.to));
        let from = if from.is_empty() { safe!("(not known)") } else { from };
        let how = if change.inferred { "inferred" } else { "" };
        let events = match change.count {
            0 => Safe::default(),
            count => safe!("{} event{}", format::count(count), plural(count)),
        };
        let parts = [
            canvas.part(safe!("{}  ", scene.clock.moment(change.time, now)), Role::Muted),
            canvas.part(safe!("{} → {}", from, to), Role::Text),
            canvas.part(safe!("  {}  {}", events, how), Role::Muted),
        ];
        canvas.row(inner, to_u16(line) + 1, &parts);
    }
}
