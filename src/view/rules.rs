//! Rules: what each did and cost, how close its groups are to firing, and what is wrong with those that do not run.

use std::collections::{HashMap, HashSet};

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::mutes;
use super::scene::{RuleOrder, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use super::{Drawn, format};
use crate::alert::{RuleNote, RuleSummary};
use crate::event::number::{to_f64, to_u16, to_u64};
use crate::safe;
use crate::state::{NearMiss, RuleHits, Snapshot};
use crate::text::{Safe, plural};

/// Before a problem, and before its further lines.
const MARK: &str = " ! ";
const INDENT: &str = "   ";

/// A rule as the list shows it.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow<'a> {
    pub rule: &'a RuleSummary,
    /// None for a rule that did nothing yet.
    hits: Option<&'a RuleHits>,
    /// Its incidents, open or closed: those that opening the row lists.
    pub incidents: usize,
    /// The group that is closest to firing.
    near: Option<&'a NearMiss>,
}

impl RuleRow<'_> {
    fn count(&self, of: fn(&RuleHits) -> u64) -> u64 {
        self.hits.map_or(0, of)
    }

    /// It opened incidents without a match of its own: a correlation.
    fn counts_others(&self) -> bool {
        self.incidents > 0 && self.count(|hits| hits.matches) == 0
    }

    fn nearness(&self) -> f64 {
        self.near.map_or(0.0, NearMiss::share)
    }
}

/// All rules that run, in the order that was asked for.
#[must_use]
pub fn rule_rows(snapshot: &Snapshot, order: RuleOrder) -> Vec<RuleRow<'_>> {
    let rules = &snapshot.rules;
    let mut near: HashMap<&str, &NearMiss> = HashMap::new();
    for miss in &rules.near {
        near.entry(&miss.rule.id).or_insert(miss);
    }
    let mut incidents: HashMap<&str, usize> = HashMap::new();
    for incident in snapshot.incidents.iter() {
        *incidents.entry(&incident.alert.rule.id).or_default() += 1;
    }
    let row = |rule, hits| RuleRow {
        rule,
        hits,
        incidents: incidents.get(rule.id.as_str()).copied().unwrap_or_default(),
        near: near.get(rule.id.as_str()).copied(),
    };
    let counted: HashSet<&str> = rules.hits.iter().map(|hits| hits.rule.id.as_str()).collect();
    let active = rules.hits.iter().map(|hits| row(&hits.rule, Some(hits)));
    let idle = rules.book.notes().filter(|note| !counted.contains(note.rule.id.as_str()));
    let idle = idle.map(|note| row(&note.rule, None));
    let mut rows: Vec<RuleRow<'_>> = active.chain(idle).collect();
    match order {
        // What has none stays as it came.
        RuleOrder::Incidents => rows.sort_by_key(|row| std::cmp::Reverse(row.incidents)),
        RuleOrder::Cost => rows.sort_by_key(|row| std::cmp::Reverse(row.count(|hits| hits.evaluated))),
        RuleOrder::Near => rows.sort_by(|one, other| other.nearness().total_cmp(&one.nearness())),
    }
    rows
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let rules = &scene.snapshot.rules;
    let rows = rule_rows(scene.snapshot, scene.screens.rules.order);
    let problems = problem_lines(canvas, scene, usize::from(area.width.saturating_sub(2)));
    let below = if problems.is_empty() { 0 } else { (to_u16(problems.len()) + 2).min(area.height / 3) };
    let about = if rows.is_empty() || area.height < 14 { 0 } else { (area.height * 2 / 5).clamp(6, 12) };
    let list_area = Rect { height: area.height - below - about, ..area };
    let about_area = Rect { y: list_area.bottom(), height: about, ..area };
    let page = list(canvas, list_area, scene, &rows);
    let selected = scene.screens.rules.list.selected.min(rows.len().saturating_sub(1));
    if let Some(row) = rows.get(selected).filter(|_| about > 0) {
        about_rule(canvas, about_area, scene, row);
    }
    if below > 0 {
        draw_problems(canvas, Rect { y: about_area.bottom(), height: below, ..area }, &problems);
    }
    let loaded = safe!("{} rule{} loaded", format::count(rules.loaded as u64), plural(rules.loaded as u64));
    let broken = to_u64(rules.problem_count);
    let broken = safe!("{} problem{}", format::count(broken), plural(broken));
    let row = if rows.is_empty() { 0 } else { selected + 1 };
    let [row, len] = [row, rows.len()].map(|number| format::count(to_u64(number)));
    let at = safe!("row {} of {}", row, len);
    Drawn { page, position: vec![at, loaded, broken], ..Drawn::default() }
}

/// What is wrong, as lines of this many cells; the first of each problem is marked.
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
    let room = usize::from(inner.height);
    let shown = table::Shown { page: room, window: 0..problems.len().min(room) };
    table::note_cut(canvas, inner, &shown, problems.len());
    for (row, (is_first, line)) in problems.iter().take(room).enumerate() {
        let mark = if *is_first { canvas.own(MARK, Role::Bad) } else { canvas.own(INDENT, Role::Text) };
        let parts = [mark, canvas.part(line.clone(), Role::Text)];
        canvas.row(inner, to_u16(row), &parts);
    }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, rows: &[RuleRow<'_>]) -> usize {
    let screen = &scene.screens.rules;
    let title = canvas.own("Rules", Role::Title);
    let note = match screen.order {
        RuleOrder::Incidents => "most incidents first · <s> another order",
        RuleOrder::Cost => "most events looked at first · <s> another order",
        RuleOrder::Near => "closest to firing first · <s> another order",
    };
    let note = canvas.keyed(note, Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if rows.is_empty() {
        let sentence = match scene.snapshot.rules.loaded {
            0 => safe!("No rule is loaded: nothing can be found."),
            1 => safe!("1 rule is loaded; it has not matched yet."),
            loaded => safe!("{} rules are loaded; none has matched yet.", format::count(to_u64(loaded))),
        };
        table::empty(canvas, inner, &sentence, &safe!("`soctop rules check` says what is wrong with rules."));
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("level", 6),
        Column::flexible("rule"),
        Column::fixed("looked at", 9).right(),
        Column::fixed("matches", 9).right().from(70),
        Column::fixed("incidents", 9).right(),
        Column::fixed("closest", 9).right().from(90),
        Column::fixed("", 5).from(92),
        Column::fixed("tags", 26).from(130),
    ];
    let table = Table { columns: &columns, list: screen.list, len: rows.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        rows.get(index).map(|row| cells(canvas, row, scene.snapshot)).unwrap_or_default()
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

fn cells(canvas: &Canvas<'_>, row: &RuleRow<'_>, snapshot: &Snapshot) -> table::Row {
    let matches = row.count(|hits| hits.matches);
    let role = if matches == 0 && row.incidents == 0 { Role::Muted } else { Role::Text };
    let near = match row.near {
        Some(near) => safe!("{:.0}/{:.0}", near.value, near.needs),
        None => Safe::default(),
    };
    let is_muted = snapshot.decisions.mutes(snapshot.now).any(|(_, mute)| mute.rules.contains(&row.rule.id));
    vec![
        canvas.severity(row.rule.level),
        canvas.part(canvas.safe(&row.rule.title), role),
        canvas.part(share(row.count(|hits| hits.evaluated), snapshot.ledger.events()), role),
        canvas.part(if row.counts_others() { Safe::default() } else { format::count(matches) }, role),
        canvas.part(format::count(to_u64(row.incidents)), role),
        canvas.part(near, if row.nearness() >= 0.75 { Role::Warning } else { Role::Text }),
        canvas.own(if is_muted { "muted" } else { "" }, Role::Warning),
        canvas.part(canvas.safe(&row.rule.tags.join(" ")), Role::Muted),
    ]
}

/// `12 %`, `<1 %`: what a rule costs is how many events it has to be held against in full.
fn share(evaluated: u64, events: u64) -> Safe {
    match (evaluated, events) {
        (0, _) | (_, 0) => Safe::default(),
        _ if evaluated.saturating_mul(100) < events => safe!("<1 %"),
        _ => safe!("{:.0} %", (to_f64(evaluated) * 100.0 / to_f64(events)).min(100.0)),
    }
}

/// What the selected rule says of itself, what it did, what is close, what is muted, what was edited.
fn about_rule(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, row: &RuleRow<'_>) {
    let snapshot = scene.snapshot;
    let title = canvas.part(canvas.safe(&row.rule.title).truncate(40, "…"), Role::Title);
    let [open, editor, mute] = [canvas.key("Enter"), canvas.key("^o"), canvas.key("M")];
    let note = safe!("{} its incidents · {} editor · {} mutes it", open, editor, mute);
    let note = canvas.part(note, Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut lines = vec![what_it_did(canvas, row, snapshot)];
    lines.extend(close_to_firing(canvas, row, scene));
    lines.extend(mutes::of_rule(canvas, &row.rule.id, scene));
    let note = snapshot.rules.book.get(&row.rule.id);
    lines.extend(note.map(|note| written(canvas, note)));
    if let Some(change) = &snapshot.rules.last_change {
        let ago = format::duration(snapshot.now.since(change.time));
        let text = safe!("{} ago: {}", ago, canvas.safe(&change.message));
        lines.push(labelled(canvas, "last edit", text));
    }
    let says = note.map(|note| canvas.safe(&note.description)).unwrap_or_default();
    let says = if says.is_empty() { safe!("nothing about itself") } else { says };
    let said = says.wrap(usize::from(inner.width).saturating_sub(LABEL));
    let room = usize::from(inner.height).saturating_sub(lines.len());
    for (at, line) in said.into_iter().take(room).enumerate() {
        lines.push(labelled(canvas, if at == 0 { "says" } else { "" }, line));
    }
    for (at, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
        canvas.row(inner, to_u16(at), line);
    }
}

/// Cells of a label.
const LABEL: usize = 11;

fn labelled(canvas: &Canvas<'_>, label: &'static str, text: Safe) -> Vec<Part> {
    vec![canvas.part(safe!("{:<1$}", label, LABEL), Role::Muted), canvas.part(text, Role::Text)]
}

fn what_it_did(canvas: &Canvas<'_>, row: &RuleRow<'_>, snapshot: &Snapshot) -> Vec<Part> {
    let Some(hits) = row.hits else {
        return labelled(canvas, "did", safe!("nothing yet: no event had what it asks for"));
    };
    if row.counts_others() {
        let opened = safe!("opened {} incident{}", format::count(hits.alerts), plural(hits.alerts));
        return labelled(
            canvas,
            "did",
            safe!("{}; it matches no event itself, it counts what others match", opened),
        );
    }
    let events = snapshot.ledger.events();
    let text = safe!(
        "looked at {} of {} events, matched {}, opened {} incident{}",
        format::count(hits.evaluated),
        format::count(events),
        format::count(hits.matches),
        format::count(hits.alerts),
        plural(hits.alerts)
    );
    labelled(canvas, "did", text)
}

/// The groups of the rule that have come closest, a line each.
fn close_to_firing(canvas: &Canvas<'_>, row: &RuleRow<'_>, scene: &Scene<'_>) -> Vec<Vec<Part>> {
    let snapshot = scene.snapshot;
    let of_rule = snapshot.rules.near.iter().filter(|miss| miss.rule.id == row.rule.id);
    let lines = of_rule.enumerate().map(|(at, miss)| {
        let group: Vec<&str> = miss.group.values().map(String::as_str).collect();
        let who =
            if group.is_empty() { safe!("all") } else { canvas.safe(&group.join(" ")).truncate(40, "…") };
        let ago = format::duration(snapshot.now.since(miss.newest));
        let text = safe!("{}: {:.0} of {:.0}, the last {} ago", who, miss.value, miss.needs, ago);
        labelled(canvas, if at == 0 { "closest" } else { "" }, text)
    });
    lines.collect()
}

fn written(canvas: &Canvas<'_>, note: &RuleNote) -> Vec<Part> {
    let place = safe!("{}:{}", canvas.safe(&note.file).keep_end(60), note.line);
    let version = format!("{:016x}", note.version);
    labelled(canvas, "written", safe!("{}   version {}", place, canvas.safe(&version).truncate(8, "")))
}
