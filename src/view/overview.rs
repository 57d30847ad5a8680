//! The first screen: how bad it is and why, what fired, what is locked, broken or silent.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::feed::{self, Feed, FeedItem};
use super::format::ClockStyle;
use super::graph::{GraphCursor, GraphShown};
use super::scene::{Panel, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use super::{Drawn, boards, chrome, columns, entities, format, graph, incidents, sources, why};
use crate::event::MINUTE;
use crate::event::number::{rounded, to_u16, to_u64};
use crate::safe;
use crate::sigma::{Board, Level};
use crate::state::{BoardRow, Sight, Snapshot, SourceRow, ThreatLevel, ThreatSample};
use crate::text::{Safe, plural};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let [top, middle, bottom] = rows(area);
    let wide = area.width >= 76;
    let mut graph = None;
    if wide {
        let [threat_area, graph_area] =
            two(columns(top, if area.width >= 100 { &[40, 60] } else { &[50, 50] }));
        threat(canvas, threat_area, scene);
        graph = Some(severity_graph(canvas, graph_area, scene));
    } else {
        threat(canvas, top, scene);
    }
    let open = Feed::of_overview(scene.snapshot, scene.screens);
    let [middle, chosen_area] = feed_and_chosen(middle, &open);
    let page = if area.width >= 110 {
        let [feed_area, entities_area] = two(columns(middle, &[65, 35]));
        top_entities(canvas, entities_area, scene);
        feed(canvas, feed_area, scene, &open)
    } else {
        feed(canvas, middle, scene, &open)
    };
    if chosen_area.height > 0 {
        let chosen = open.item(open.position(scene.screens.overview.selected.as_ref()));
        incidents::about(canvas, chosen_area, scene, chosen);
    }
    if bottom.height > 0 {
        // Where there is little room, a name and until when it is locked fit; healthy sources say little.
        let weights: &[u16] = match area.width {
            100.. => &[32, 32, 36],
            _ if wide => &[13, 15, 12],
            _ => &[1, 1],
        };
        let three = columns(bottom, weights);
        if let [breakers_area, lockouts_area, rest @ ..] = three.as_slice() {
            breakers(canvas, *breakers_area, scene);
            lockouts(canvas, *lockouts_area, scene);
            if let [sources_area] = rest {
                source_panel(canvas, *sources_area, scene);
            }
        }
    }
    Drawn { page, position: position(scene), graph, ..Drawn::default() }
}

/// Threat and graph, feed, boards. Low screens lose the boards first.
fn rows(area: Rect) -> [Rect; 3] {
    let body = area.height;
    let bottom = if body < 17 { 0 } else { (body * 9 / 32).clamp(5, 13) };
    let top = if body < 17 { 5 } else { (body * 10 / 32).clamp(6, 15) };
    let middle = body.saturating_sub(top + bottom);
    [
        Rect { height: top.min(body), ..area },
        Rect { y: area.y + top, height: middle, ..area },
        Rect { y: area.y + top + middle, height: bottom, ..area },
    ]
}

fn two(columns: Vec<Rect>) -> [Rect; 2] {
    columns.try_into().unwrap_or_default()
}

fn threat(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    if scene.snapshot.sight.is_blind() {
        return not_watching(canvas, area, scene);
    }
    let threat = &scene.snapshot.threat;
    let title = canvas.own("Threat", Role::Title);
    let note = canvas.part(safe!("{} why", canvas.key("w")), Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    let row =
        |y: u16| Rect { x: inner.x + 1, y: inner.y + y, width: inner.width.saturating_sub(2), height: 1 };
    let severity = Severity::from(threat.level);
    let mut head = vec![
        (safe!("{} {}", severity.shape(), threat.level.word()), canvas.theme.severity(severity)),
        canvas.part(safe!("  {:.0}", threat.points), Role::Strong),
        canvas.own(" / 100", Role::Muted),
    ];
    if let Some(trend) = threat.trend {
        head.push(
            canvas.part(safe!("   {} {:+.0} in 10 min", chrome::arrow(threat.trend), trend), Role::Text),
        );
    } else if threat.holding {
        head.push(canvas.own("   calming down", Role::Muted));
    }
    canvas.row_fitting(row(0), 0, &head, 2);
    let with_history = inner.height >= 8;
    let says_why = inner.height >= 7 || (inner.height >= 3 && needs_words(scene.snapshot));
    if says_why {
        // The end of the sentence says less than its beginning.
        canvas.row(row(1), 0, &[canvas.part(why::word(canvas, scene), Role::Muted)]);
    }
    let from = if says_why { 2 } else { 1 };
    let until = if with_history { inner.height - 2 } else { inner.height };
    reasons(canvas, Rect { y: inner.y + from, height: until.saturating_sub(from), ..row(0) }, scene);
    if with_history {
        history(canvas, Rect { height: 2, ..row(inner.height - 2) }, scene);
    }
}

/// The word is another than that of the worst reason: several together raised it, or it is still coming down.
fn needs_words(snapshot: &Snapshot) -> bool {
    let worst = snapshot.threat.reasons.iter().map(|reason| ThreatLevel::of(reason.level)).max();
    worst.unwrap_or_default() != snapshot.threat.level
}

/// In the place of the level: why there is none, and what to do.
fn not_watching(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let title = canvas.own("Threat", Role::Title);
    let inner = canvas.frame(area, &[title], &[], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    canvas.row(inner, 0, &[canvas.own("? NOT WATCHING", Role::Bad)]);
    let rest = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let mut row = 0;
    for (text, role) in blindness(canvas, scene.snapshot) {
        for line in text.wrap(usize::from(rest.width)) {
            canvas.row(rest, row, &[canvas.part(line, role)]);
            row += 1;
        }
    }
}

/// Why nothing is watched, cause first, then what to type.
fn blindness(canvas: &Canvas<'_>, snapshot: &Snapshot) -> Vec<(Safe, Role)> {
    match snapshot.sight {
        Sight::NoRules => vec![
            (safe!("No rule is loaded: nothing can be found."), Role::Text),
            (safe!("{} shows what is wrong; `soctop rules check` says where.", canvas.key("6")), Role::Muted),
        ],
        Sight::NoSource { unreadable: 0 } => vec![
            (safe!("Nothing is being read: no input exists yet."), Role::Text),
            (safe!("`soctop watch FILE` names one; new files are picked up."), Role::Muted),
        ],
        _ => {
            let troubles = snapshot.troubles.iter().map(|trouble| {
                // The end of a path tells files apart, and the cause must not be cut.
                let about = canvas.safe(&trouble.about).keep_end(24);
                (safe!("{}: {}", about, trouble.cause.in_words()), Role::Text)
            });
            let more = snapshot.trouble_count - snapshot.troubles.len();
            let more = (more > 0).then(|| (safe!("and {more} more that are not listed"), Role::Text));
            troubles
                .chain(more)
                .chain([(safe!("{} shows each source and what to type.", canvas.key("8")), Role::Muted)])
                .collect()
        }
    }
}

fn reasons(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let reasons = &scene.snapshot.threat.reasons;
    if reasons.is_empty() {
        canvas.row(area, 0, &[canvas.own("no open incident, no risky entity", Role::Muted)]);
        let closed = scene.snapshot.incidents.iter().filter(|incident| !incident.is_open());
        let over = to_u64(closed.count());
        if over > 0 && area.height > 1 {
            let noun = if over == 1 { "incident is" } else { "incidents are" };
            let key = canvas.key("5");
            let past = safe!("{} {} over: {} lists them", format::count(over), noun, key);
            canvas.row(area, 1, &[canvas.part(past, Role::Muted)]);
        }
        return;
    }
    let fits = usize::from(area.height);
    let listed = if reasons.len() > fits { fits.saturating_sub(1) } else { reasons.len() };
    for (index, reason) in reasons.iter().take(listed).enumerate() {
        let severity = Severity::from(reason.level);
        let parts = [
            (safe!("{:>4} ", why::points(reason.points)), canvas.style(Role::Strong)),
            (safe!("{} ", severity.shape()), canvas.theme.bar(severity)),
            canvas.part(canvas.safe(&reason.text), Role::Text),
        ];
        canvas.row(area, to_u16(index), &parts);
    }
    if listed < reasons.len() {
        let more = safe!("     and {} more: {}", reasons.len() - listed, canvas.key("w"));
        canvas.row(area, to_u16(listed), &[canvas.part(more, Role::Muted)]);
    }
}

/// The points over the last hour; the strip ends now.
fn history(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let samples = &scene.snapshot.threat.history;
    let Some(first) = samples.front() else { return };
    let points: Vec<u64> = resampled(samples.iter().copied(), usize::from(area.width));
    let style = canvas.style(Role::Muted);
    let line = graph::scaled(&points, 100);
    canvas.text(area.x, area.y, area.width, &line, canvas.style(Role::Text));
    let begin = scene.clock.minutes(first.time);
    canvas.text(area.x, area.y + 1, area.width, &begin, style);
    let width = to_u16(points.len());
    if width > 12 {
        canvas.text(area.x + width - 3, area.y + 1, 3, &safe!("now"), style);
    }
}

/// At most `columns` values; the worst of those that share a column.
fn resampled(samples: impl ExactSizeIterator<Item = ThreatSample>, columns: usize) -> Vec<u64> {
    let per_column = samples.len().div_ceil(columns.max(1)).max(1);
    let points: Vec<u64> = samples.map(|sample| to_u64(rounded(sample.points))).collect();
    points.chunks(per_column).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect()
}

fn severity_graph(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> GraphShown {
    let screen = &scene.screens.overview;
    let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    let inside = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..inside };
    let shown = graph::shown_in(inside, scene.snapshot);
    let has_keys = has_keys(scene, Panel::Graph);
    let cursor = has_keys.then_some(GraphCursor { row: screen.row, second: screen.second });
    let title = match cursor {
        Some(cursor) => canvas.part(graph::chosen_in_words(&shown, cursor, scene), Role::Title),
        None => canvas.own("Events by level", Role::Title),
    };
    let note = match cursor {
        Some(_) => canvas.keyed("<←> <→> a bar · <Enter> its events", Role::Muted),
        // What the numbers are of is said at every width.
        None if area.width < 48 => canvas.part(safe!("last {}", shown.axis.span()), Role::Muted),
        None => canvas.part(safe!("{} · bucket {} s", shown.axis.span(), shown.axis.bucket), Role::Muted),
    };
    canvas.frame(area, &[title], &[note], has_keys);
    graph::severity_lanes(canvas, inside, scene, cursor)
}

/// Rows below the feed from which on it is said there what is known of the chosen one.
const LEAST_CHOSEN: u16 = 9;

/// The feed, and on a tall screen what is known of its chosen row.
fn feed_and_chosen(area: Rect, feed: &Feed) -> [Rect; 2] {
    // Frame and summary take three rows; half is for incidents to come.
    let list = to_u16(feed.len()).saturating_add(3).max(area.height / 2).min(area.height);
    let chosen = area.height - list;
    let list = if feed.is_empty() || chosen < LEAST_CHOSEN { area.height } else { list };
    let [list_area, below] = [Rect { height: list, ..area }, Rect { y: area.y + list, ..area }];
    [list_area, Rect { height: area.height - list, ..below }]
}

/// The open incidents by who, worst first. Returns the rows that fit.
fn feed(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, feed: &Feed) -> usize {
    let title = canvas.own("Open incidents", Role::Title);
    // What stands above and below is never the part that is left out.
    let subtitle = canvas.own(if area.width < 76 { "" } else { "  by who, worst first" }, Role::Muted);
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..inner };
    let columns =
        [Column::fixed("", 6), Column::fixed("", 8), Column::flexible(""), Column::fixed("", 6).right()];
    let list_area = Rect { height: inner.height.saturating_sub(1), ..inner };
    let selected = feed.position(scene.screens.overview.selected.as_ref());
    let mut list = super::scene::ListState { selected, top: 0 };
    list.select(selected, feed.len(), usize::from(list_area.height));
    let above = feed.standing_in(0..list.top);
    let keys = feed::keys(canvas, feed, selected);
    let note = incidents::out_of_sight(canvas, "↑", &above).unwrap_or_else(|| vec![keys]);
    let has_keys = has_keys(scene, Panel::Feed);
    let inner = canvas.frame(area, &[title, subtitle], &note, has_keys);
    if feed.is_empty() {
        let (sentence, advice) = incidents::nothing_open(canvas, scene.snapshot);
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let focus = if has_keys { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list, len: feed.len(), focus };
    let shown = table::draw(canvas, list_area, &table, |canvas, index| {
        feed.item(index).map(|item| feed_row(canvas, item, scene)).unwrap_or_default()
    });
    let below = feed.standing_in(shown.window.end..feed.len());
    // What is out of sight is not cut for the sums.
    let hidden = incidents::out_of_sight(canvas, "  ·  ↓", &below).unwrap_or_default();
    let hidden_cells: usize = hidden.iter().map(|(text, _)| text.width()).sum();
    let (summary, style) = feed_summary(canvas, scene);
    let room = usize::from(inner.width).saturating_sub(hidden_cells + 2);
    let mut foot = vec![canvas.own(" ", Role::Muted), (summary.truncate(room, "…"), style)];
    foot.extend(hidden);
    canvas.row(inner, inner.height.saturating_sub(1), &foot);
    shown.page
}

fn feed_row(canvas: &Canvas<'_>, item: FeedItem<'_>, scene: &Scene<'_>) -> table::Row {
    let now = scene.snapshot.now;
    match item {
        FeedItem::Party { party, is_folded } => vec![
            canvas.severity(party.level()),
            canvas.part(scene.clock.day_cell(party.last(), now), Role::Text),
            canvas.part(feed::party_text(canvas, party, is_folded, scene), Role::Strong),
            feed::times(canvas, party.events(), false),
        ],
        FeedItem::Incident { incident, is_member } => {
            let alert = &incident.alert;
            let role = if incident.is_new() { Role::Text } else { Role::Muted };
            vec![
                canvas.severity(alert.rule.level),
                canvas.part(scene.clock.day_cell(alert.time, now), Role::Text),
                canvas.part(feed::incident_text(canvas, incident, is_member), role),
                feed::times(canvas, alert.count, alert.approximate),
            ]
        }
    }
}

/// How many there are, and the one number a shift lead asks for.
fn feed_summary(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Part {
    let snapshot = scene.snapshot;
    // Open is what is listed, acknowledged or not; what is quiet is counted by itself.
    let open = snapshot.incidents.iter().filter(|incident| incident.is_listed()).count();
    let new = snapshot.incidents.iter().filter(|incident| incident.is_new()).count();
    let oldest = snapshot
        .incidents
        .iter()
        .filter(|incident| incident.alert.rule.level == Level::Critical && incident.is_new())
        .map(|incident| snapshot.now.since(incident.opened))
        .max();
    let oldest = match oldest {
        Some(age) => safe!(" · oldest new CRIT {}", format::duration(age)),
        None => Safe::default(),
    };
    let decided = feed::decided(snapshot).map_or_else(Safe::default, |text| safe!(" · {}", text));
    let total = snapshot.incidents.len();
    let new = if new < open { safe!(" · {} new", new) } else { Safe::default() };
    let [open, total] = [open, total].map(|number| format::count(to_u64(number)));
    canvas.part(safe!("{} open of {}{}{}{}", open, total, new, decided, oldest), Role::Muted)
}

fn top_entities(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let title = canvas.own("Top entities", Role::Title);
    let note = canvas.own("risk", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], has_keys(scene, Panel::Entities));
    let all = &scene.snapshot.entities;
    if all.is_empty() {
        table::empty(canvas, inner, &safe!("No entity has risk points."), &Safe::default());
        return;
    }
    let rows: Vec<Vec<Part>> =
        all.iter().map(|entity| entities::line(canvas, entity, inner.width.saturating_sub(3))).collect();
    let chosen = chosen_row(scene, Panel::Entities);
    board(canvas, inner, &BoardRows { rows: &rows, nothing: "", chosen, to_border: inner.height });
}

/// The lines of a panel, and what it says without any.
struct BoardRows<'a> {
    rows: &'a [Vec<Part>],
    nothing: &'static str,
    /// The row of the cursor, where the panel has the keys.
    chosen: Option<usize>,
    /// Rows from the first to the lower border.
    to_border: u16,
}

/// What is listed of a board: as many as fit; the border says how many more there are.
fn board(canvas: &mut Canvas<'_>, inner: Rect, board: &BoardRows<'_>) {
    let rows = board.rows;
    if rows.is_empty() {
        canvas.row(inner, 0, &[canvas.part(safe!(" {}", board.nothing), Role::Muted)]);
        return;
    }
    let fits = usize::from(inner.height);
    let chosen = board.chosen.map(|row| row.min(rows.len() - 1));
    let first = chosen.map_or(0, |row| (row + 1).saturating_sub(fits.max(1)));
    let window = first..rows.len().min(first + fits);
    for (line, (index, parts)) in rows.iter().enumerate().skip(first).take(fits).enumerate() {
        let area = Rect {
            x: inner.x + 1,
            y: inner.y + to_u16(line),
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        let (last, rest) =
            parts.split_last().map_or((Part::default(), parts.as_slice()), |(l, f)| (l.clone(), f));
        let last_width = to_u16(last.0.width());
        let left = Rect { width: area.width.saturating_sub(last_width + 1), ..area };
        canvas.row_fitting(left, 0, rest, 2);
        canvas.parts_right(area, &[last]);
        if chosen == Some(index) {
            table::mark_selected(canvas, Rect { x: inner.x, width: inner.width, ..area }, Focus::Here);
        }
    }
    let border = Rect { height: board.to_border, ..inner };
    table::note_cut(canvas, border, &table::Shown { page: fits, window }, rows.len());
}

fn breakers(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let known = known_breakers(scene.snapshot);
    let alarming = known.iter().filter(|row| !row.transition.resting).count();
    let cells = area.width.saturating_sub(4);
    let is_due = |row: &&BoardRow| !row.transition.resting && row.transition.until.is_some();
    // Over bare numbers it is said what they are.
    let has_timers = cells + 2 < TERSE_BREAKERS && known.iter().any(is_due);
    let title = canvas.own(if has_timers { "Breakers" } else { "Circuit breakers" }, Role::Title);
    let note = match (alarming, known.len()) {
        _ if has_timers => canvas.own("probe in", Role::Warning),
        (_, 0) => canvas.own("", Role::Muted),
        (0, known) => canvas.part(safe!("{} closed", known), Role::Muted),
        (alarming, known) => canvas.part(safe!("{} of {}", alarming, known), Role::Warning),
    };
    let inner = canvas.frame(area, &[title], &[note], has_keys(scene, Panel::Breakers));
    let rows: Vec<Vec<Part>> = known.iter().map(|row| breaker_row(canvas, row, scene, cells)).collect();
    let chosen = chosen_row(scene, Panel::Breakers);
    board(
        canvas,
        inner,
        &BoardRows { rows: &rows, nothing: "no breaker is known", chosen, to_border: inner.height },
    );
}

/// What the rows of a panel are of; drawing and opening agree on it.
fn known_breakers(snapshot: &Snapshot) -> Vec<&BoardRow> {
    let mut known: Vec<&BoardRow> =
        snapshot.boards.iter().filter(|row| row.board == Board::Breaker).collect();
    known.sort_by_key(|row| boards::breaker_urgency(row));
    known
}

fn timed(snapshot: &Snapshot) -> Vec<&BoardRow> {
    let boards = snapshot.boards.iter();
    boards.filter(|row| row.board != Board::Breaker && !row.transition.resting).collect()
}

fn worst_sources(snapshot: &Snapshot) -> Vec<&SourceRow> {
    let mut worst: Vec<_> = snapshot.sources.iter().collect();
    worst.sort_by_key(|source| sources::urgency(source.health));
    worst
}

/// What Enter on the row of a panel leads to.
#[derive(Clone, Copy, Debug)]
pub enum PanelRow<'a> {
    Board(&'a BoardRow),
    Source(&'a SourceRow),
    /// By its place among the entities.
    Entity(usize),
}

/// The rows of a panel, all of them, in the order in which it lists them. The feed has its own, the graph lanes.
#[must_use]
pub fn panel_rows(snapshot: &Snapshot, panel: Panel) -> Vec<PanelRow<'_>> {
    match panel {
        Panel::Feed | Panel::Graph => Vec::new(),
        Panel::Breakers => known_breakers(snapshot).into_iter().map(PanelRow::Board).collect(),
        Panel::Lockouts => timed(snapshot).into_iter().map(PanelRow::Board).collect(),
        Panel::Sources => worst_sources(snapshot).into_iter().map(PanelRow::Source).collect(),
        Panel::Entities => (0..snapshot.entities.len()).map(PanelRow::Entity).collect(),
    }
}

fn has_keys(scene: &Scene<'_>, panel: Panel) -> bool {
    scene.screens.overview.panel == panel
}

/// The row of the cursor, where the panel has the keys.
fn chosen_row(scene: &Scene<'_>, panel: Panel) -> Option<usize> {
    has_keys(scene, panel).then_some(scene.screens.overview.row)
}

/// A panel of breakers that is narrower than this says durations without words: the names need the room.
const TERSE_BREAKERS: u16 = 36;
/// Panels narrower than this say durations without words.
const TERSE_WIDTH: u16 = 30;
/// Panels as wide as this have room for sentences.
const WIDE_WIDTH: u16 = 44;

/// How much a panel of boards can say of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// `→09:44`
    Terse,
    /// `12m41s →09:44`
    Narrow,
    /// `12m41s until 09:44:48`
    Wide,
}

impl Room {
    fn of(width: u16) -> Self {
        match width {
            ..TERSE_WIDTH => Room::Terse,
            TERSE_WIDTH..WIDE_WIDTH => Room::Narrow,
            _ => Room::Wide,
        }
    }
}

fn breaker_row(canvas: &Canvas<'_>, row: &BoardRow, scene: &Scene<'_>, cells: u16) -> Vec<Part> {
    let terse = cells + 2 < TERSE_BREAKERS;
    let transition = &row.transition;
    let now = scene.snapshot.now;
    let (mark, word, role) = boards::state(row);
    let flaps = match transition.recent_entries {
        0 | 1 => Safe::default(),
        entries => safe!(" ×{}", entries),
    };
    let timer = match transition.until.filter(|_| !transition.resting) {
        Some(until) if until > now && terse => format::duration(until.since(now)),
        Some(until) if until > now => safe!("probe in {}", boards::time_left(transition, until, now)),
        Some(_) if terse => safe!("due"),
        Some(_) => safe!("probe due"),
        // The name of one at rest says more than since when.
        None if terse && transition.resting => Safe::default(),
        None if transition.resting => format::duration(now.since(row.since)),
        None => safe!("for {}", format::duration(now.since(row.since))),
    };
    let text = if transition.resting { Role::Muted } else { Role::Text };
    // The word says it all, and the name needs the room.
    let state = if terse { safe!("{} ", word) } else { safe!("{} {} ", mark, word) };
    // Of service and name the name tells them apart.
    let room = |timer: &Safe| usize::from(cells).saturating_sub(state.width() + timer.width() + 1);
    let name = |timer: &Safe| boards::short_name(canvas, transition, room(timer));
    // How often it came into the state is said where the name keeps its room.
    let with_flaps = safe!("{}{}", timer, flaps);
    let is_roomy = !terse && name(&with_flaps).width() <= room(&with_flaps);
    let is_cut = !terse && name(&timer).width() > room(&timer);
    let timer = match transition.until.filter(|until| is_cut && *until > now) {
        Some(until) => safe!("probe {}", format::duration(until.since(now))),
        None if is_roomy => with_flaps,
        None => timer,
    };
    let name = name(&timer);
    let mut parts = vec![canvas.part(state, role), canvas.part(name, text)];
    if transition.inferred {
        parts.push(canvas.own(" (inferred)", Role::Muted));
    }
    parts.push(canvas.part(timer, text));
    parts
}

/// Cells that the frame of the lockouts needs beside its note.
const LOCKOUTS_TITLE: u16 = 28;

/// Lockouts first, then what else is blocked or limited for a while.
fn lockouts(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let rows = timed(scene.snapshot);
    let locked = rows.iter().filter(|row| row.board == Board::Lockout).count();
    // What else is listed is counted too, where it has room.
    let all = boards::counts(canvas, &rows).0;
    let others = rows.len() - locked;
    let is_tight = area.width < LOCKOUTS_TITLE + to_u16(all.width());
    let note = match (locked, others) {
        (0, 0) => Safe::default(),
        (0, _) | (_, 0) => all,
        (_, _) if !is_tight => all,
        (locked, others) => safe!("{} locked, +{}", locked, others),
    };
    let is_tight = area.width < LOCKOUTS_TITLE + to_u16(note.width());
    let title = canvas.own(if is_tight { "Lockouts" } else { "Lockouts and blocks" }, Role::Title);
    let note = canvas.part(note, Role::Warning);
    let inner = canvas.frame(area, &[title], &[note], has_keys(scene, Panel::Lockouts));
    let room = Room::of(inner.width);
    let rows: Vec<Vec<Part>> = rows.iter().map(|row| lockout_row(canvas, row, scene, room)).collect();
    let chosen = chosen_row(scene, Panel::Lockouts);
    board(
        canvas,
        inner,
        &BoardRows { rows: &rows, nothing: "nobody is locked out", chosen, to_border: inner.height },
    );
}

fn lockout_row(canvas: &Canvas<'_>, row: &BoardRow, scene: &Scene<'_>, room: Room) -> Vec<Part> {
    let transition = &row.transition;
    let now = scene.snapshot.now;
    let (mark, what) = match row.board {
        Board::Lockout => ("×", ""),
        Board::BlockedAddress => ("×", " blocked"),
        Board::RateLimited => ("~", " limited"),
        Board::RevokedToken => ("×", " revoked"),
        Board::SilentSource => ("!", " silent"),
        Board::Breaker | Board::Other => ("!", ""),
    };
    let inferred = if transition.inferred { " (inferred)" } else { "" };
    let count = match transition.count {
        0 => Safe::default(),
        count => safe!("  ×{}", format::compact(count)),
    };
    let left = match transition.until {
        Some(until) if until > now && room == Room::Terse => safe!("→{}", scene.clock.minutes(until)),
        Some(until) if until > now => {
            let left = boards::time_left(transition, until, now);
            match room {
                Room::Wide if scene.clock.style != ClockStyle::Ago => {
                    safe!("{} until {}", left, scene.clock.seconds(until, now))
                }
                _ => safe!("{} →{}", left, scene.clock.minutes(until)),
            }
        }
        // In logs of the past: their time has not come so far yet.
        Some(until) if now.since(until) >= MINUTE => safe!("over"),
        Some(_) if room == Room::Terse => safe!("0s"),
        Some(_) => safe!("ends now"),
        None if transition.until_said => safe!("until it is lifted"),
        None => safe!("for {}", format::duration(now.since(row.since))),
    };
    vec![
        canvas.part(safe!("{} ", mark), Role::Warning),
        canvas.part(boards::name(canvas, transition), Role::Strong),
        canvas.part(safe!("{}{}", what, inferred), Role::Muted),
        canvas.part(count, Role::Muted),
        canvas.part(left, Role::Text),
    ]
}

fn source_panel(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let snapshot = scene.snapshot;
    let title = canvas.own("Sources", Role::Title);
    let note = sources::health_note(canvas, snapshot);
    let inner = canvas.frame(area, &[title], &[note], has_keys(scene, Panel::Sources));
    let terse = inner.width < TERSE_WIDTH;
    let rows: Vec<Vec<Part>> = worst_sources(snapshot)
        .iter()
        .map(|source| sources::panel_line(canvas, source, snapshot, terse))
        .collect();
    // Where there is little room the index has a line only when something is wrong with it.
    let index_rows =
        u16::from(inner.height > SMALL_PANEL || snapshot.index.degraded || snapshot.index.paused);
    let list = Rect { height: inner.height.saturating_sub(index_rows), ..inner };
    let chosen = chosen_row(scene, Panel::Sources);
    let nothing = "no source yet";
    board(canvas, list, &BoardRows { rows: &rows, nothing, chosen, to_border: inner.height });
    if index_rows > 0 {
        let last = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
        let index = sources::index_line(canvas, snapshot);
        canvas.row(last, 0, &[canvas.own(" ", Role::Muted), index]);
    }
}

/// Panels of so many rows show nothing that is as it should be.
const SMALL_PANEL: u16 = 3;

fn position(scene: &Scene<'_>) -> Vec<Safe> {
    let snapshot = scene.snapshot;
    let open = Feed::of_overview(snapshot, scene.screens);
    let selected = open.position(scene.screens.overview.selected.as_ref());
    let feed = match open.len() {
        0 => safe!("no open incident"),
        len => {
            let [at, len] = [selected + 1, len].map(|number| format::count(to_u64(number)));
            safe!("row {} of {}, {}", at, len, open.counted())
        }
    };
    let loaded = safe!(
        "{} rule{}",
        format::count(to_u64(snapshot.rules.loaded)),
        plural(snapshot.rules.loaded as u64)
    );
    let rules = match snapshot.rules.problem_count {
        0 => loaded,
        broken => safe!("{}, {} with problems", loaded, broken),
    };
    let events = snapshot.ledger.events();
    let read = safe!("{} event{}", format::count(events), plural(events));
    vec![feed, rules, read, scene.clock.name()]
}
