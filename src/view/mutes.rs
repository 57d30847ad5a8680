//! What is muted: for whom, until when, why, and how much it hid today.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::{Canvas, Part};
use super::format;
use super::scene::{ListState, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use crate::event::number::to_u16;
use crate::event::{DAY, Timestamp};
use crate::safe;
use crate::state::Snapshot;
use crate::text::{Safe, plural};
use crate::triage::{Mute, Quiet};

/// The mutes that hold, by the numbers of their entries, the newest first.
#[must_use]
pub fn mute_rows(snapshot: &Snapshot) -> Vec<(usize, &Mute)> {
    let mut rows: Vec<_> = snapshot.decisions.mutes(snapshot.now).collect();
    rows.reverse();
    rows
}

/// Incidents that an entry of the journal keeps off the list and that changed today (UTC), and the events they
/// counted.
fn hidden_today(snapshot: &Snapshot, number: usize) -> (usize, u64) {
    let today = Timestamp(snapshot.now.0.div_euclid(DAY) * DAY);
    let by_it = |quiet: &Option<Quiet>| matches!(quiet, Some(Quiet::Muted { entry, .. }) if *entry == number);
    let hidden = snapshot.incidents.iter().filter(|it| by_it(&it.standing.quiet) && it.alert.time >= today);
    hidden.fold((0, 0), |(incidents, events), it| (incidents + 1, events + it.alert.count))
}

fn hid(snapshot: &Snapshot, number: usize) -> Safe {
    match hidden_today(snapshot, number) {
        (0, _) => safe!("hid nothing today"),
        (incidents, events) => {
            let more = plural(incidents as u64);
            safe!("hid {} incident{} of {} events today", incidents, more, format::count(events))
        }
    }
}

fn whom(canvas: &Canvas<'_>, mute: &Mute) -> Safe {
    let values: Vec<&str> = mute.group.values().map(String::as_str).collect();
    if values.is_empty() { safe!("everybody") } else { canvas.safe(&values.join(" ")).truncate(40, "…") }
}

/// The mutes of a rule, a line each.
pub fn of_rule(canvas: &Canvas<'_>, rule: &str, scene: &Scene<'_>) -> Vec<Vec<Part>> {
    let snapshot = scene.snapshot;
    let of_it = mute_rows(snapshot).into_iter().filter(|(_, mute)| mute.rules.iter().any(|id| id == rule));
    let lines = of_it.map(|(number, mute)| {
        let until = scene.clock.day_and_seconds(mute.until, snapshot.now);
        let text = safe!(
            "for {} until {}: {}; {}",
            whom(canvas, mute),
            until,
            canvas.safe(&mute.reason).truncate(40, "…"),
            hid(snapshot, number)
        );
        vec![canvas.own("muted      ", Role::Warning), canvas.part(text, Role::Text)]
    });
    lines.collect()
}

/// From this width on the rules have a column of their own.
const NAMES_RULES: u16 = 70;

/// Draws over the screen; returns the rows that fit.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, list: ListState) -> usize {
    let snapshot = scene.snapshot;
    let rows = mute_rows(snapshot);
    let area = super::help::overlay_area(body, 116, (to_u16(rows.len()) + 3).max(8));
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("Muted", Role::Title);
    let note = canvas.keyed("<U> ends the chosen one · <Esc> close", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if rows.is_empty() {
        let advice = safe!("M on an incident mutes its rule for it, with a reason and an end.");
        table::empty(canvas, inner, &safe!("Nothing is muted."), &advice);
        return 1;
    }
    let columns = [
        Column::fixed("until", 14),
        Column::fixed("for", if inner.width < 90 { 15 } else { 18 }),
        Column::fixed("rules", if inner.width < 90 { 18 } else { 22 }).from(NAMES_RULES),
        Column::flexible("why, and what it hid"),
        Column::fixed("by", 8).from(90),
    ];
    let table = Table { columns: &columns, list, len: rows.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some((number, mute)) = rows.get(index) else { return Vec::new() };
        let by = snapshot.decisions.entry(*number).map_or("", |entry| entry.by.as_str());
        let why = safe!("{}; {}", canvas.safe(&mute.reason), hid(snapshot, *number));
        // Which rules is what the rest is about.
        let named = inner.width >= NAMES_RULES;
        let why = if named { why } else { safe!("{}: {}", rules(canvas, mute, snapshot), why) };
        vec![
            canvas.part(scene.clock.day_and_seconds(mute.until, snapshot.now), Role::Text),
            canvas.part(whom(canvas, mute), Role::Strong),
            canvas.part(rules(canvas, mute, snapshot), Role::Text),
            canvas.part(why, Role::Text),
            canvas.part(canvas.safe(by), Role::Muted),
        ]
    });
    table::note_cut(canvas, inner, &shown, rows.len());
    shown.page
}

/// The title of the only rule, or how many there are.
fn rules(canvas: &Canvas<'_>, mute: &Mute, snapshot: &Snapshot) -> Safe {
    match mute.rules.as_slice() {
        [only] => {
            let loaded = snapshot.rules.book.get(only).map(|note| note.rule.title.as_str());
            // A rule that is gone is known by what it found.
            let of_incident = || {
                let found = snapshot.incidents.iter().find(|incident| incident.alert.rule.id == *only);
                found.map(|incident| incident.alert.rule.title.as_str())
            };
            canvas.safe(loaded.or_else(of_incident).unwrap_or(only))
        }
        several => safe!("{} rules", several.len()),
    }
}
