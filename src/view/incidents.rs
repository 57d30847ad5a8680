//! Incidents and why they fired.

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::feed::{Feed, FeedItem};
use super::records;
use super::scene::{IncidentsShown, ListState, Scene, Tab};
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use super::{Drawn, columns, format};
use crate::alert::{Alert, AlertKind};
use crate::event::number::{to_u16, to_u64};
use crate::event::{EventId, Record};
use crate::safe;
use crate::state::{Incident, Party, PartyName, Snapshot};
use crate::text::{Safe, plural};
use crate::triage::sentence;

/// Nothing has fired: a sentence that says what was tried, and advice.
pub fn nothing_fired(canvas: &Canvas<'_>, snapshot: &Snapshot) -> (Safe, Safe) {
    let rules = format::count(to_u64(snapshot.rules.loaded));
    let events = format::count(snapshot.ledger.events());
    if snapshot.started.is_none() {
        return (safe!("The engine is starting."), Safe::default());
    }
    let sentence = match (snapshot.rules.loaded, snapshot.ledger.events()) {
        (0, _) => safe!("No rules are loaded."),
        (1, 0) => safe!("Nothing has fired. 1 rule waits for the first event."),
        (_, 0) => safe!("Nothing has fired. {} rules wait for the first event.", rules),
        (loaded, read) => {
            let (rule, event) = (plural(to_u64(loaded)), plural(read));
            safe!("Nothing has fired. {} rule{} ran on {} event{}.", rules, rule, events, event)
        }
    };
    let advice = if snapshot.rules.problem_count > 0 {
        canvas.keyed("<6> shows what is wrong with some rules", Role::Muted).0
    } else {
        Safe::default()
    };
    (sentence, advice)
}

/// Nothing is listed as open, whatever has fired before.
pub fn nothing_open(canvas: &Canvas<'_>, snapshot: &Snapshot) -> (Safe, Safe) {
    let all = snapshot.incidents.len();
    let quiet = snapshot.incidents.iter().filter(|incident| incident.is_open()).count();
    match (all, super::feed::decided(snapshot).filter(|_| quiet > 0)) {
        (0, _) => nothing_fired(canvas, snapshot),
        (_, Some(decided)) => {
            let closed = all - quiet;
            (
                safe!("Nothing else is open: {}; {} closed.", decided, closed),
                canvas.keyed("<5> <s> shows all, <L> what is muted", Role::Muted).0,
            )
        }
        (1, None) => {
            (safe!("No incident is open; 1 is closed."), canvas.keyed("<5> <s> shows it", Role::Muted).0)
        }
        (closed, None) => {
            let advice = canvas.keyed("<5> <s> shows them", Role::Muted).0;
            (safe!("No incident is open; {} are closed.", closed), advice)
        }
    }
}

/// Nothing is listed of the only rule that is looked at, whatever there is of others.
fn nothing_of_rule(canvas: &Canvas<'_>, scene: &Scene<'_>, rule: &str) -> (Safe, Safe) {
    let title = canvas.safe(rule_title(scene.snapshot, rule));
    let own = scene.snapshot.incidents.iter().filter(|incident| incident.alert.rule.id == rule);
    match own.count() {
        0 => (
            safe!("The rule `{}` has opened no incident.", title),
            canvas.keyed("<Esc> shows those of all rules", Role::Muted).0,
        ),
        all => (
            safe!(
                "The rule `{}` has no open incident; {} {} closed, muted or snoozed.",
                title,
                format::count(to_u64(all)),
                if all == 1 { "is" } else { "are" }
            ),
            canvas.keyed("<s> shows what there is   <Esc> shows those of all rules", Role::Muted).0,
        ),
    }
}

/// Title of a rule; its id where it is no longer loaded.
fn rule_title<'s>(snapshot: &'s Snapshot, rule: &'s str) -> &'s str {
    snapshot.rules.book.get(rule).map_or(rule, |note| note.rule.title.as_str())
}

/// How many incidents of which level a list hides on one side, worst first; nothing where it hides none.
pub fn out_of_sight(
    canvas: &Canvas<'_>,
    arrow: &'static str,
    hidden: &[&Arc<Incident>],
) -> Option<Vec<Part>> {
    if hidden.is_empty() {
        return None;
    }
    let mut parts =
        vec![canvas.part(safe!("{} {}", arrow, format::count(to_u64(hidden.len()))), Role::Strong)];
    for severity in Severity::ALERTING {
        let of_level = |incident: &&&Arc<Incident>| Severity::from(incident.alert.rule.level) == severity;
        let count = hidden.iter().filter(of_level).count();
        if count > 0 {
            let text = safe!(" {}{}", severity.shape(), count);
            parts.push(canvas.part(text, Role::Severity(severity)));
        }
    }
    Some(parts)
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.incidents;
    let feed = Feed::of_list(scene.snapshot, scene.screens);
    let filter_row = Rect { height: 1, ..area };
    shown_line(canvas, filter_row, scene);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let chosen = feed.item(feed.position(screen.selected.as_ref()));
    let [list_area, why_area] = list_and_pane(body, feed.len(), chosen, screen.evidence_focused);
    let page = list(canvas, list_area, scene, &feed);
    about(canvas, why_area, scene, chosen);
    Drawn { page, position: status(scene, &feed), ..Drawn::default() }
}

/// Rows of the list with its frame and titles, however much there is to read about the chosen one.
const LEAST_LIST: u16 = 6;
/// The same while somebody reads: the cursor and the row beside it.
const LEAST_LIST_READ: u16 = 5;

/// The list and what is said of its chosen row. Neither keeps rows that only the other has a use for; while somebody
/// reads why a rule fired, the list keeps the rows around the cursor.
fn list_and_pane(body: Rect, rows: usize, chosen: Option<FeedItem<'_>>, is_read: bool) -> [Rect; 2] {
    let usual = (body.height * 9 / 20).max(6);
    let list = to_u16(rows).saturating_add(3).max(LEAST_LIST);
    let pane = match chosen {
        Some(FeedItem::Party { party, .. }) => {
            usual.min(to_u16(party.incidents.len()).saturating_add(4)).max(6)
        }
        Some(FeedItem::Incident { incident, .. }) if is_read => {
            let room = body.height.saturating_sub(LEAST_LIST_READ).max(usual);
            rows_to_read(incident, body.width >= WIDE + 2).clamp(usual, room)
        }
        _ => usual,
    };
    // What the list leaves empty is the pane's as well.
    let pane = pane.max(body.height.saturating_sub(list)).min(body.height);
    let list_area = Rect { height: body.height - pane, ..body };
    [list_area, Rect { y: list_area.bottom(), height: pane, ..body }]
}

/// From this width on facts and evidence stand side by side.
const WIDE: u16 = 100;
/// Facts of every incident, and the rows that a long sentence may take.
const USUAL_FACTS: usize = 11;

/// Rows of all that is said of an incident, with the frame.
fn rows_to_read(incident: &Incident, wide: bool) -> u16 {
    let alert = &incident.alert;
    let (facts, evidence) = (USUAL_FACTS + alert.group.len(), alert.events.len() + 1);
    to_u16(if wide { facts.max(evidence) } else { facts + evidence }).saturating_add(2)
}

/// What is known of a row of the feed.
pub fn about(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, chosen: Option<FeedItem<'_>>) {
    match chosen {
        Some(FeedItem::Party { party, .. }) => about_party(canvas, area, scene, party),
        Some(FeedItem::Incident { incident, .. }) => why_it_fired(canvas, area, scene, Some(incident)),
        None => why_it_fired(canvas, area, scene, None),
    }
}

fn shown_line(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let rule = scene.screens.incidents.rule.as_ref();
    // Of the rule alone, where no other is listed.
    let own = |incident: &&Arc<Incident>| rule.is_none_or(|rule| incident.alert.rule.id == *rule);
    let all = scene.snapshot.incidents.iter().filter(own).count();
    let open = scene.snapshot.incidents.iter().filter(own).filter(|incident| incident.is_listed()).count();
    let shown = scene.screens.incidents.shown;
    let choice = |own: IncidentsShown, text: Safe| {
        let chosen = shown == own;
        let text = if chosen { safe!("[{}]", text) } else { safe!(" {} ", text) };
        (text, if chosen { Role::Title } else { Role::Muted })
    };
    let mut parts = vec![
        (safe!(" show ▸ "), Role::Muted),
        choice(IncidentsShown::Open, safe!("open {}", format::count(to_u64(open)))),
        (safe!(" "), Role::Muted),
        choice(IncidentsShown::All, safe!("all {}", format::count(to_u64(all)))),
        (safe!("   {} switch", canvas.key("s")), Role::Muted),
    ];
    match rule {
        Some(rule) => {
            let used: usize = parts.iter().map(|(text, _)| text.width()).sum();
            let (lead, tail) = (safe!("   only of `"), safe!("` · {} all rules", canvas.key("Esc")));
            let room = usize::from(row.width).saturating_sub(used + lead.width() + tail.width() + 1);
            let title = canvas.safe(rule_title(scene.snapshot, rule)).truncate(room, "…");
            parts.push((safe!("{}{}{}", lead, title, tail), Role::Warning));
        }
        None => {
            let decided = super::feed::decided(scene.snapshot);
            parts.push((decided.map_or_else(Safe::default, |it| safe!("   {}", it)), Role::Muted));
        }
    }
    let parts: Vec<Part> = parts.into_iter().map(|(text, role)| canvas.part(text, role)).collect();
    canvas.row(row, 0, &parts);
}

fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, feed: &Feed) -> usize {
    let screen = &scene.screens.incidents;
    let focused = !screen.evidence_focused;
    let title = canvas.own("Incidents", Role::Title);
    let selected = feed.position(screen.selected.as_ref());
    let list = ListState { selected, top: selected.saturating_sub(screen.above) };
    // The frame takes two rows, the titles one.
    let (window, _) = list.window(feed.len(), usize::from(area.height.saturating_sub(3)));
    let above = out_of_sight(canvas, "↑", &feed.standing_in(0..window.start));
    let note = above.unwrap_or_else(|| vec![canvas.own("by who, worst first", Role::Muted)]);
    let inner = canvas.frame(area, &[title], &note, focused);
    if feed.is_empty() {
        let (sentence, advice) = match &screen.rule {
            Some(rule) => nothing_of_rule(canvas, scene, rule),
            None => nothing_open(canvas, scene.snapshot),
        };
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("level", 6),
        Column::fixed("age", 6).right(),
        Column::fixed("rule", 34).from(150),
        Column::flexible("what"),
        Column::fixed("count", 5).right(),
        Column::fixed("opened", 8).from(100),
        Column::fixed("last", 8).from(90),
        Column::fixed("state", 8).from(if screen.shown == IncidentsShown::All { 0 } else { 130 }),
    ];
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list, len: feed.len(), focus };
    let shown = table::draw(canvas, inner, &table, |canvas, index| match feed.item(index) {
        Some(FeedItem::Party { party, is_folded }) => party_row(canvas, party, is_folded, scene),
        Some(FeedItem::Incident { incident, is_member }) => row(canvas, incident, is_member, scene),
        None => Vec::new(),
    });
    let border = Rect { y: inner.bottom(), height: 1, width: inner.width.saturating_sub(1), ..inner };
    let below = feed.standing_in(shown.window.end..feed.len());
    if let Some(mut below) = out_of_sight(canvas, " ↓", &below) {
        below.push(canvas.own(" ", Role::Muted));
        canvas.parts_right(border, &below);
    }
    shown.page
}

fn party_row(canvas: &Canvas<'_>, party: &Party, is_folded: bool, scene: &Scene<'_>) -> table::Row {
    let now = scene.snapshot.now;
    let rules = party.incidents.iter().map(|incident| &incident.alert.rule.id).collect::<BTreeSet<_>>().len();
    let open = party.incidents.iter().filter(|incident| incident.is_listed()).count();
    vec![
        canvas.severity(party.level()),
        canvas.part(format::duration(now.since(party.last())), Role::Strong),
        canvas.part(safe!("{} rule{}", rules, plural(rules as u64)), Role::Text),
        canvas.part(super::feed::party_text(canvas, party, is_folded, scene), Role::Strong),
        canvas.part(format::compact(party.events()), Role::Text),
        canvas.part(scene.clock.day_cell(party.first(), now), Role::Text),
        canvas.part(scene.clock.day_cell(party.last(), now), Role::Text),
        canvas.part(safe!("{} open", open), Role::Strong),
    ]
}

fn row(canvas: &Canvas<'_>, incident: &Incident, is_member: bool, scene: &Scene<'_>) -> table::Row {
    let alert = &incident.alert;
    let now = scene.snapshot.now;
    let open = incident.is_open();
    let text = if incident.is_new() { Role::Text } else { Role::Muted };
    let severity = canvas.severity(alert.rule.level);
    let about = if alert.approximate { "~" } else { "" };
    vec![
        if open { severity } else { (severity.0, canvas.style(Role::Muted)) },
        canvas.part(format::duration(now.since(alert.time)), text),
        canvas.part(canvas.safe(&alert.rule.title), text),
        canvas.part(super::feed::incident_text(canvas, incident, is_member), text),
        canvas.part(safe!("{}{}", about, format::compact(alert.count)), text),
        canvas.part(scene.clock.day_cell(incident.opened, now), text),
        canvas.part(scene.clock.day_cell(alert.time, now), text),
        if open { canvas.own("open", Role::Strong) } else { canvas.own("closed", Role::Muted) },
    ]
}

/// What all incidents of a party have in common, and each of them in a line.
fn about_party(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, party: &Party) {
    let title = canvas.part(super::feed::name(canvas, &party.name, scene), Role::Title);
    let all = party.incidents.len();
    let note = canvas.part(
        safe!(
            "{} acks all {} · {} verdict · {} snooze · {} mutes",
            canvas.key("a"),
            all,
            canvas.key("V"),
            canvas.key("z"),
            canvas.key("M")
        ),
        Role::Muted,
    );
    let inner = canvas.frame(area, &[title], &[note], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let now = scene.snapshot.now;
    let from = scene.clock.moment(party.first(), now);
    let to = scene.clock.moment(party.last(), now);
    let span = safe!("{}, {}", counted_in(party), between(&from, &to));
    canvas.row(inner, 0, &[canvas.part(span, Role::Text)]);
    canvas.row(inner, 1, &[canvas.part(risk_of(&party.name, scene), Role::Muted)]);
    let room = usize::from(inner.height.saturating_sub(3));
    for (row, incident) in party.incidents.iter().take(room).enumerate() {
        let severity = canvas.severity(incident.alert.rule.level);
        let text = safe!("  {}", super::feed::incident_text(canvas, incident, false));
        canvas.row(inner, to_u16(row) + 2, &[severity, canvas.part(text, Role::Text)]);
    }
    if party.incidents.len() > room {
        let more = safe!("and {} more: Enter", party.incidents.len() - room);
        canvas.row(inner, inner.height.saturating_sub(1), &[canvas.part(more, Role::Muted)]);
    }
}

/// `7 incidents count 11 events, 9 different ones`: one that counts for two incidents counts twice.
fn counted_in(party: &Party) -> Safe {
    let (incidents, counted) = (to_u64(party.incidents.len()), party.events());
    let different: BTreeSet<EventId> =
        party.incidents.iter().flat_map(|incident| incident.alert.events.iter().copied()).collect();
    let omitted: u64 = party.incidents.iter().map(|incident| incident.alert.events_omitted).sum();
    let different = to_u64(different.len()) + omitted;
    let sum = safe!("{} incidents count {}", format::count(incidents), format::count(counted));
    match different {
        0 => sum,
        same if same == counted => safe!("{} event{}", sum, plural(counted)),
        1 => safe!("{}, all of the same event", sum),
        fewer if fewer < counted => safe!("{}, of {} different events", sum, format::count(fewer)),
        more => safe!("{}, in {} events", sum, format::count(more)),
    }
}

/// The same without a word before a single moment.
fn span_of(from: &Safe, to: &Safe) -> Safe {
    if from == to { from.clone() } else { between(from, to) }
}

/// `A to B`; one moment is said once.
fn between(from: &Safe, to: &Safe) -> Safe {
    if from == to { safe!("at {}", from) } else { safe!("{} to {}", from, to) }
}

/// The risk score of the party, where it has one.
fn risk_of(name: &PartyName, scene: &Scene<'_>) -> Safe {
    let entity = scene.snapshot.entities.iter().find(|entity| *entity.value == *name.value);
    match entity {
        Some(entity) => safe!("risk {:.0}", entity.score),
        None => safe!("no risk score"),
    }
}

fn why_it_fired(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, incident: Option<&Incident>) {
    let is_here = scene.tab == Tab::Incidents;
    let focused = is_here && scene.screens.incidents.evidence_focused;
    let title = canvas.own("Why it fired", Role::Title);
    let note = match focused {
        _ if !is_here => canvas.keyed("<Enter> opens it · <o> trace · <v> events", Role::Muted),
        true => canvas.part(
            safe!(
                "{} or {} opens the trace · {} back",
                canvas.key("Enter"),
                canvas.key("o"),
                canvas.key("Esc")
            ),
            Role::Muted,
        ),
        false => canvas.keyed("<Tab> to the evidence · <o> trace · <v> events", Role::Muted),
    };
    let inner = canvas.frame(area, &[title], &[note], focused);
    let Some(incident) = incident else { return };
    if inner.width >= WIDE {
        let halves = columns(inner, &[45, 55]);
        if let [left, right] = halves.as_slice() {
            facts(
                canvas,
                Rect { x: left.x + 1, width: left.width.saturating_sub(3), ..*left },
                scene,
                incident,
            );
            evidence(canvas, *right, scene, &incident.alert);
        }
        return;
    }
    // The head of the evidence and up to three of its events, where there is room for both.
    let held = to_u16(held_evidence(scene.snapshot, &incident.alert).len());
    let facts_height = inner.height.saturating_sub((held + 1).clamp(2, 4)).max(4).min(inner.height);
    let used = facts(
        canvas,
        Rect { x: inner.x + 1, width: inner.width - 2, height: facts_height, ..inner },
        scene,
        incident,
    );
    let rest = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    evidence(canvas, rest, scene, &incident.alert);
}

/// The rule, the group, the window. Returns the rows used.
fn facts(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, incident: &Incident) -> u16 {
    let alert = &incident.alert;
    let mut lines: Vec<Vec<Part>> = vec![vec![
        canvas.severity(alert.rule.level),
        (safe!("  "), canvas.style(Role::Text)),
        canvas.part(canvas.safe(&alert.rule.title), Role::Strong),
    ]];
    for piece in canvas.safe(&alert.summary).wrap(usize::from(area.width)) {
        lines.push(vec![canvas.part(piece, Role::Text)]);
    }
    let moment = |time| scene.clock.moment(time, scene.snapshot.now);
    let (from, to) = (moment(alert.window.start), moment(alert.window.end));
    // One event has one moment and needs no window.
    let label = if from == to { "when" } else { "window" };
    lines.push(labelled(canvas, label, safe!("{}   {}", span_of(&from, &to), kind(alert.kind))));
    for (name, value) in alert.group.iter() {
        lines.push(labelled_foreign(canvas, name, value));
    }
    lines.push(labelled(canvas, "counted", counted(alert)));
    if let Some(id) = alert.correlation_ids.first() {
        let more = alert.correlation_ids.len() - 1;
        let more = if more > 0 { safe!("  and {} more", more) } else { Safe::default() };
        lines.push(labelled(canvas, "trace", safe!("{}{}", canvas.safe(id), more)));
    }
    lines.push(labelled(canvas, "incident", canvas.safe(&alert.alert_id.to_string())));
    for entry in scene.snapshot.decisions.about(alert.alert_id) {
        let said = canvas.safe(&format!("{} {}", entry.by, sentence(entry)));
        lines.push(labelled(
            canvas,
            "decided",
            safe!("{} {}", scene.clock.moment(entry.at, scene.snapshot.now), said),
        ));
    }
    if let Some(source) = &alert.source {
        let path = canvas.safe(&source.path);
        let place = safe!("{}:{}", path, source.line);
        lines.push(labelled(canvas, "line", place));
    }
    lines.push(labelled(canvas, "rule id", canvas.safe(&alert.rule.id)));
    if !alert.rule.tags.is_empty() {
        lines.push(labelled(canvas, "tags", canvas.safe(&alert.rule.tags.join(" "))));
    }
    lines = unfolded(lines, usize::from(area.width), usize::from(area.height));
    let can_grow = scene.tab == Tab::Incidents && !scene.screens.incidents.evidence_focused;
    let shown = cut_off(canvas, lines, usize::from(area.height), can_grow);
    for (row, parts) in shown.iter().enumerate() {
        canvas.row(area, to_u16(row), parts);
    }
    to_u16(shown.len())
}

/// What the rule counted, which may be other than events: paths, users.
fn counted(alert: &Alert) -> Safe {
    let (count, events) = (alert.count, to_u64(alert.events.len()) + alert.events_omitted);
    match (alert.approximate, events > count) {
        (true, _) => safe!("about {} (state was over its budget; never too low)", format::count(count)),
        (false, true) => safe!("{}, in {} events", format::count(count), format::count(events)),
        (false, false) => safe!("{} event{}", format::count(count), plural(count)),
    }
}

/// Cells of the labels of facts.
const FACT_LABEL: usize = 10;

/// What is too long for a line goes on below it, as long as all of it fits.
fn unfolded(lines: Vec<Vec<Part>>, width: usize, height: usize) -> Vec<Vec<Part>> {
    let room = width.saturating_sub(FACT_LABEL).max(8);
    let rows = |line: &Vec<Part>| match line.as_slice() {
        [_, (text, _)] => text.wrap(room).len(),
        _ => 1,
    };
    if lines.iter().map(rows).sum::<usize>() > height {
        return lines;
    }
    let mut unfolded = Vec::new();
    for line in lines {
        let [label, (text, style)] = line.as_slice() else {
            unfolded.push(line);
            continue;
        };
        for (at, piece) in text.wrap(room).into_iter().enumerate() {
            let blank = safe!("{:<1$}", "", FACT_LABEL);
            let label = if at == 0 { label.clone() } else { (blank, label.1) };
            unfolded.push(vec![label, (piece, *style)]);
        }
    }
    unfolded
}

/// As many lines as there is room for; the last one says what is missing and how one gets to read it.
fn cut_off(canvas: &Canvas<'_>, mut lines: Vec<Vec<Part>>, room: usize, can_grow: bool) -> Vec<Vec<Part>> {
    if lines.len() > room && room > 0 {
        let hidden = lines.len() - room + 1;
        lines.truncate(room - 1);
        let more = match can_grow {
            true => safe!("… {} more lines: {}", hidden, canvas.key("Enter")),
            false => safe!("… {} more lines on a taller screen", hidden),
        };
        lines.push(vec![canvas.part(more, Role::Muted)]);
    }
    lines.truncate(room);
    lines
}

fn labelled(canvas: &Canvas<'_>, label: &'static str, text: Safe) -> Vec<Part> {
    vec![canvas.part(safe!("{:<10}", label), Role::Muted), canvas.part(text, Role::Text)]
}

fn labelled_foreign(canvas: &Canvas<'_>, name: &str, value: &str) -> Vec<Part> {
    let name = canvas.safe(name).truncate(24, "…");
    vec![canvas.part(safe!("{:<9} ", name), Role::Muted), canvas.part(canvas.safe(value), Role::Strong)]
}

fn kind(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Match => "one event matched",
        AlertKind::Correlation => "events correlated",
        AlertKind::State => "a state changed",
        AlertKind::Risk => "risk passed a threshold",
        AlertKind::Absence => "something did not happen",
    }
}

/// The events of an alert that are still held, in order.
#[must_use]
pub fn held_evidence<'a>(snapshot: &'a Snapshot, alert: &Alert) -> Vec<&'a Arc<Record>> {
    let is_evidence = |id: EventId| alert.events.contains(&id);
    snapshot.rows.iter().filter(|row| is_evidence(row.event_id)).collect()
}

/// Cells for the service of an event.
const SERVICE_CELLS: u16 = 14;

fn evidence(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, alert: &Alert) {
    let held = held_evidence(scene.snapshot, alert);
    let all = to_u64(alert.events.len()) + alert.events_omitted;
    let head = match to_u64(held.len()) {
        0 => safe!(" evidence: {} in the index ({})", format::count(all), canvas.key("v")),
        shown if shown < all => {
            safe!(
                " evidence: {} of {}, the rest in the index ({})",
                shown,
                format::count(all),
                canvas.key("v")
            )
        }
        1 => safe!(" evidence: its only event"),
        _ => safe!(" evidence: all {} events", format::count(all)),
    };
    canvas.row(area, 0, &[canvas.part(head, Role::Muted)]);
    let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let screen = &scene.screens.incidents;
    let columns = [
        Column::fixed("", 8),
        Column::fixed("", 7),
        Column::fixed("", SERVICE_CELLS).from(60),
        Column::flexible(""),
    ];
    let selected = if screen.evidence_focused { screen.evidence } else { usize::MAX };
    let list = ListState { selected, top: selected };
    let focus = if screen.evidence_focused { Focus::Here } else { Focus::None };
    let table = Table { columns: &columns, list, len: held.len(), focus };
    let shown = table::draw(canvas, rest, &table, |canvas, index| {
        let Some(record) = held.get(index) else { return Vec::new() };
        vec![
            canvas.part(scene.clock.cell(record.time, scene.snapshot.now), Role::Text),
            records::level(canvas, record),
            records::service_within(canvas, record, SERVICE_CELLS),
            canvas.part(records::message(canvas, record), Role::Text),
        ]
    });
    table::note_cut(canvas, rest, &shown, held.len());
}

fn status(scene: &Scene<'_>, feed: &Feed) -> Vec<Safe> {
    let at = match feed.len() {
        0 => safe!("no incidents"),
        len => {
            let row = feed.position(scene.screens.incidents.selected.as_ref()) + 1;
            let [row, len] = [row, len].map(|number| format::count(to_u64(number)));
            safe!("row {} of {}, {}", row, len, feed.counted())
        }
    };
    vec![at, scene.clock.name()]
}
