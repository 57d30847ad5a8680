//! Sources: what is read, how far, how fast, and which one has fallen silent.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::scene::{ListState, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use super::{Drawn, format};
use crate::event::number::to_u16;
use crate::event::{Nanos, SECOND, Timestamp};
use crate::safe;
use crate::state::{Ledger, Snapshot, SourceHealth, SourceRow, TrafficRow, Trouble};
use crate::text::{Safe, plural};

/// The more urgent, the smaller.
pub fn urgency(health: SourceHealth) -> u8 {
    match health {
        SourceHealth::Trouble => 0,
        SourceHealth::Silent => 1,
        SourceHealth::Behind => 2,
        SourceHealth::Live => 3,
        SourceHealth::Waiting => 4,
        SourceHealth::Closed => 5,
    }
}

fn mark(health: SourceHealth) -> (&'static str, &'static str, Role) {
    match health {
        SourceHealth::Live => ("o", "live", Role::Text),
        SourceHealth::Behind => ("~", "BEHIND", Role::Warning),
        SourceHealth::Silent => ("!", "SILENT", Role::Warning),
        SourceHealth::Trouble => ("×", "TROUBLE", Role::Bad),
        SourceHealth::Closed => ("=", "ended", Role::Muted),
        SourceHealth::Waiting => (".", "waiting", Role::Muted),
    }
}

/// `1 silent`, `2 in trouble`, or how many there are.
pub fn health_note(canvas: &Canvas<'_>, snapshot: &Snapshot) -> Part {
    let count = |health| snapshot.sources.iter().filter(|source| source.health == health).count();
    match (count(SourceHealth::Trouble), count(SourceHealth::Silent), snapshot.sources.len()) {
        (0, 0, 0) => canvas.own("", Role::Muted),
        (0, 0, all) => canvas.part(safe!("{} ok", all), Role::Muted),
        (0, silent, _) => canvas.part(safe!("{} silent", silent), Role::Warning),
        (trouble, _, _) => canvas.part(safe!("{} in trouble", trouble), Role::Bad),
    }
}

/// The folder that all sources have in common, with its last slash; empty for a single source.
fn common_folder(snapshot: &Snapshot) -> &str {
    let mut paths = snapshot.sources.iter().map(|source| &*source.status.path);
    let Some(first) = paths.next() else { return "" };
    let folder_of = |path: &str| path.rfind('/').map_or(0, |slash| slash + 1);
    let mut common = folder_of(first);
    for path in paths {
        let same = first.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        common = common.min(first.get(..same).map_or(0, folder_of));
    }
    first.get(..common).unwrap_or_default()
}

/// The path without what all have in common.
fn short_name<'a>(path: &'a str, snapshot: &Snapshot) -> &'a str {
    path.strip_prefix(common_folder(snapshot)).unwrap_or(path)
}

/// Sources that are named for their silence; of more only the number.
const NAMED_UNHEARD: usize = 2;

/// What an answer does not know because a source is silent, in trouble or behind: `mailer.log silent 6m10s`.
pub fn unheard(canvas: &Canvas<'_>, snapshot: &Snapshot) -> Vec<Safe> {
    let is_unheard = |source: &&SourceRow| {
        matches!(source.health, SourceHealth::Silent | SourceHealth::Trouble | SourceHealth::Behind)
    };
    let unheard: Vec<&SourceRow> = snapshot.sources.iter().filter(is_unheard).collect();
    let named = unheard.iter().take(NAMED_UNHEARD).map(|source| {
        let name = canvas.safe(short_name(&source.status.path, snapshot)).shorten_middle(24, "…");
        safe!("{} {}", name, doing(source, snapshot.now, false))
    });
    let more = unheard.len().saturating_sub(NAMED_UNHEARD);
    named.chain((more > 0).then(|| safe!("{} more sources not heard", more))).collect()
}

/// A lag that says more than the rate where there is room for one of them.
const NOTABLE_LAG: Nanos = 5 * SECOND;

/// What a source does now, in a few words.
fn doing(source: &SourceRow, now: Timestamp, terse: bool) -> Safe {
    let lag = lag(source, now);
    match source.health {
        SourceHealth::Trouble if terse => safe!("trouble"),
        SourceHealth::Trouble => safe!("in trouble"),
        SourceHealth::Silent => safe!("silent {}", format::duration(source.silent_for.unwrap_or_default())),
        SourceHealth::Behind => safe!("{} behind", format::bytes(source.behind_bytes)),
        SourceHealth::Live if source.lines_per_second < 0.05 => {
            safe!("quiet {}", format::duration(source.silent_for.unwrap_or_default()))
        }
        SourceHealth::Live if terse && lag >= NOTABLE_LAG => safe!("lag {}", format::short_duration(lag)),
        SourceHealth::Live if terse => safe!("{}/s", format::rate(source.lines_per_second)),
        SourceHealth::Live => {
            safe!("{}/s  lag {}", format::rate(source.lines_per_second), format::short_duration(lag))
        }
        SourceHealth::Closed => safe!("ended"),
        SourceHealth::Waiting => safe!("nothing yet"),
    }
}

/// How old the newest line was when it was read.
fn lag(source: &SourceRow, now: Timestamp) -> i64 {
    let status = &source.status;
    match (status.last_line_at, status.last_event_time) {
        (Some(read), Some(said)) => read.since(said).max(0),
        (Some(read), None) => now.since(read).max(0),
        _ => 0,
    }
}

/// One line for the overview; its last part stands at the right.
pub fn panel_line(canvas: &Canvas<'_>, source: &SourceRow, snapshot: &Snapshot, terse: bool) -> Vec<Part> {
    let (mark, _, role) = mark(source.health);
    let text = if role == Role::Muted { Role::Muted } else { Role::Text };
    vec![
        canvas.part(safe!("{} ", mark), role),
        canvas.part(canvas.safe(short_name(&source.status.path, snapshot)), text),
        canvas.part(doing(source, snapshot.now, terse), text),
    ]
}

/// How far behind the index is.
pub fn index_line(canvas: &Canvas<'_>, snapshot: &Snapshot) -> Part {
    let index = &snapshot.index;
    let size = format::bytes(index.disk_bytes);
    match (index.degraded, index.pending) {
        _ if index.paused => canvas.own("disk nearly full: new events wait", Role::Bad),
        (true, _) => canvas.own("index cannot be written: new events wait", Role::Bad),
        (false, 0) => canvas.part(safe!("index up to date · {}", size), Role::Muted),
        (false, pending) => canvas
            .part(safe!("index {} event{} behind", format::compact(pending), plural(pending)), Role::Muted),
    }
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let snapshot = scene.snapshot;
    let in_trouble = troubles_in_words(canvas, snapshot, usize::from(area.width.saturating_sub(6)));
    let trouble_rows = in_trouble.iter().map(Vec::len).sum();
    let Heights {
        list: list_height,
        trouble: trouble_height,
        traffic: traffic_height,
        ledger: ledger_height,
    } = Heights::of(area.height, snapshot, trouble_rows);
    let list_area = Rect { height: list_height, ..area };
    let page = list(canvas, list_area, scene);
    if trouble_height > 0 {
        let area = Rect { y: list_area.bottom(), height: trouble_height, ..area };
        troubles(canvas, area, scene, &in_trouble);
    }
    let traffic_top = list_area.bottom() + trouble_height;
    if traffic_height > 0 {
        traffic(canvas, Rect { y: traffic_top, height: traffic_height, ..area }, scene);
    }
    let ledger_top = traffic_top + traffic_height;
    if ledger_height > 0 {
        ledger(canvas, Rect { y: ledger_top, height: ledger_height, ..area }, scene);
    }
    let at = safe!("{} source{}", snapshot.sources.len(), plural(snapshot.sources.len() as u64));
    Drawn { page, position: vec![at, scene.clock.name()], ..Drawn::default() }
}

/// How the rows of the screen are shared out.
struct Heights {
    list: u16,
    trouble: u16,
    traffic: u16,
    ledger: u16,
}

impl Heights {
    /// The list has at least half of the screen as long as it has rows for it; what is in trouble comes next, then what
    /// became of the lines, then the requests.
    fn of(height: u16, snapshot: &Snapshot, trouble_rows: usize) -> Self {
        // Frame and titles take three rows.
        let wanted = to_u16(snapshot.sources.len()).saturating_add(3);
        let least = wanted.clamp(4, (height / 2).max(4));
        let mut rest = height.saturating_sub(least);
        let mut take = |wanted: u16, least: u16| {
            let taken = if rest < least { 0 } else { wanted.min(rest) };
            rest -= taken;
            taken
        };
        // A frame, up to half of the screen: what to type must not be cut.
        let trouble = match to_u16(trouble_rows) {
            0 => 0,
            rows => take(rows.saturating_add(2).min(height / 2).max(4), 4),
        };
        let ledger = take(5.min(height / 3), 3);
        let traffic = take(traffic_height(height, snapshot.traffic.len()), 4);
        Self { list: height - trouble - ledger - traffic, trouble, traffic, ledger }
    }
}

/// What keeps from watching, since when, and what to type: the lines of each trouble, in so many cells.
fn troubles_in_words(canvas: &Canvas<'_>, snapshot: &Snapshot, cells: usize) -> Vec<Vec<Vec<Part>>> {
    let of_one = |trouble: &Trouble| {
        let since = format::duration(snapshot.now.since(trouble.since));
        let said = safe!("{}   for {}", canvas.safe(&trouble.message), since);
        let said = said.wrap(cells).into_iter().enumerate().map(|(at, line)| {
            let mark = canvas.own(if at == 0 { " × " } else { "   " }, Role::Bad);
            vec![mark, canvas.part(line, Role::Text)]
        });
        let hint = trouble.hint.iter().flat_map(|hint| canvas.safe(hint).wrap(cells));
        let hint = hint.map(|line| vec![canvas.part(safe!("   {}", line), Role::Muted)]);
        said.chain(hint).collect()
    };
    snapshot.troubles.iter().map(of_one).collect()
}

fn troubles(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, troubles: &[Vec<Vec<Part>>]) {
    let room = usize::from(area.height.saturating_sub(2));
    let mut used = 0;
    let whole = troubles.iter().take_while(|lines| {
        used += lines.len();
        used <= room
    });
    // One that is cut says more than none.
    let fits = whole.count().max(1);
    let title = canvas.own("Trouble, and what to do", Role::Title);
    let count = scene.snapshot.trouble_count;
    let note = match count.saturating_sub(fits) {
        0 => canvas.part(safe!("{}", count), Role::Muted),
        more => canvas.part(safe!("{} · +{} more", count, more), Role::Warning),
    };
    let inner = canvas.frame(area, &[title], &[note], false);
    for (row, line) in troubles.iter().take(fits).flatten().take(room).enumerate() {
        canvas.row(inner, to_u16(row), line);
    }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let snapshot = scene.snapshot;
    let title = canvas.own("Sources", Role::Title);
    let folder = canvas.safe(common_folder(snapshot));
    let folder = folder.shorten_middle(usize::from(area.width) / 2, "…");
    let folder = if folder.is_empty() { folder } else { safe!("  {}", folder) };
    let folder = canvas.part(folder, Role::Muted);
    let note = health_note(canvas, snapshot);
    let inner = canvas.frame(area, &[title, folder], &[note], true);
    if snapshot.sources.is_empty() {
        let sentence = safe!("No source has reported yet.");
        let advice = safe!("soctop watch FILE, DIRECTORY, 'GLOB' or - for standard input");
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("state", 9),
        Column::flexible("source"),
        Column::fixed("lines", 11).right().from(90),
        Column::fixed("lines/s", 8).right(),
        Column::fixed("lag", 6).right(),
        Column::fixed("behind", 8).right().from(76),
        Column::fixed("last line", 9).right().from(100),
        Column::fixed("rotated", 7).right().from(110),
    ];
    let table = Table {
        columns: &columns,
        list: scene.screens.sources,
        len: snapshot.sources.len(),
        focus: Focus::Here,
    };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        snapshot.sources.get(index).map(|source| row(canvas, source, scene)).unwrap_or_default()
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

fn row(canvas: &Canvas<'_>, source: &SourceRow, scene: &Scene<'_>) -> table::Row {
    let status = &source.status;
    let now = scene.snapshot.now;
    let (mark, word, role) = mark(source.health);
    let text = if role == Role::Muted { Role::Muted } else { Role::Text };
    let name = canvas.safe(short_name(&status.path, scene.snapshot));
    let name = match &status.trouble {
        Some(trouble) => safe!("{}: {}", name, canvas.safe(trouble)),
        None => name,
    };
    let last = status.last_line_at.map_or_else(|| safe!("never"), |at| scene.clock.day_cell(at, now));
    vec![
        canvas.part(safe!("{} {}", mark, word), role),
        canvas.part(name, text),
        canvas.part(format::count(status.lines), text),
        canvas.part(format::rate(source.lines_per_second), text),
        canvas.part(format::short_duration(lag(source, now)), text),
        canvas.part(format::bytes(source.behind_bytes), text),
        canvas.part(last, text),
        canvas.part(safe!("{}", status.rotations), text),
    ]
}

/// Frame, titles and a row for each service, up to a third of the screen; nothing while nobody asked anything.
fn traffic_height(height: u16, services: usize) -> u16 {
    match u16::try_from(services).unwrap_or(u16::MAX) {
        0 => 0,
        _ if height < 15 => 0,
        services => services.saturating_add(3).min(height / 3),
    }
}

/// Requests of the last minute by service.
fn traffic(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let rows = &scene.snapshot.traffic;
    let title = canvas.own("Requests of the last minute", Role::Title);
    // Frame and titles take three rows; the busiest services come first.
    let hidden = rows.len().saturating_sub(usize::from(area.height.saturating_sub(3)));
    let note =
        (hidden > 0).then(|| canvas.part(safe!("{} quieter services not listed", hidden), Role::Muted));
    let inner = canvas.frame(area, &[title], note.as_slice(), false);
    let columns = [
        Column::flexible("service"),
        Column::fixed("req/s", 7).right(),
        Column::fixed("errors", 6).right(),
        Column::fixed("p50", 6).right().from(64),
        Column::fixed("p95", 6).right(),
        Column::fixed("p99", 6).right().from(72),
        Column::fixed("limited", 7).right(),
        Column::fixed("tokens", 6).right().from(90),
        Column::fixed("encryption", 10).right().from(104),
    ];
    let list = ListState::default();
    let table = Table { columns: &columns, list, len: rows.len(), focus: Focus::None };
    table::draw(canvas, inner, &table, |canvas, index| {
        rows.get(index).map(|row| traffic_row(canvas, row, scene.snapshot)).unwrap_or_default()
    });
}

fn traffic_row(canvas: &Canvas<'_>, row: &TrafficRow, snapshot: &Snapshot) -> table::Row {
    let time = |quantile: Option<Nanos>| quantile.map_or_else(|| safe!("-"), format::response_time);
    let alarming = if row.error_share >= 0.05 { Role::Warning } else { Role::Text };
    vec![
        canvas.part(canvas.safe(short_name(&row.service, snapshot)), Role::Text),
        canvas.part(format::rate(row.requests_per_second), Role::Text),
        canvas.part(safe!("{:.1}%", row.error_share * 100.0), alarming),
        canvas.part(time(row.p50), Role::Text),
        canvas.part(time(row.p95), Role::Text),
        canvas.part(time(row.p99), Role::Text),
        canvas.part(format::compact(u64::from(row.limited)), Role::Text),
        canvas.part(format::compact(u64::from(row.tokens)), Role::Text),
        canvas.part(format::compact(u64::from(row.encryption)), Role::Text),
    ]
}

/// Outcomes that are named although no line has them.
const USUAL: usize = 5;

/// What the lines became, as a sum that adds up; in this many cells, if that can be.
fn outcomes(ledger: &Ledger, cells: usize) -> Safe {
    let (lines, count) = (ledger.lines(), format::count);
    let sum = |all: bool| {
        let mut text = safe!(" {} line{} =", count(lines), plural(lines));
        let listed = ledger.outcomes().into_iter().enumerate();
        let listed = listed.filter(|(at, (number, _))| *number > 0 || *at == 0 || (all && *at < USUAL));
        listed.for_each(|(at, (number, word))| {
            text = safe!("{}{} {} {}", text, if at > 0 { " +" } else { "" }, count(number), word);
        });
        text
    };
    let whole = sum(true);
    if whole.width() <= cells { whole } else { sum(false) }
}

/// What became of every line: the sum must be the lines read.
fn ledger(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let ledger = &scene.snapshot.ledger;
    let title = canvas.own("What became of every line", Role::Title);
    let memory = scene.snapshot.memory;
    let taken = safe!("memory {} of {}", format::bytes(memory.used_bytes), format::bytes(memory.bound_bytes));
    let note = (memory.bound_bytes > 0).then(|| canvas.part(taken, Role::Muted));
    let inner = canvas.frame(area, &[title], note.as_slice(), false);
    let count = format::count;
    let timeless = match ledger.timeless {
        0 => Safe::default(),
        _ if ledger.dated == 0 => safe!(" (no rule counts them)"),
        timeless => safe!(" (no rule counts {} of them)", count(timeless)),
    };
    let padding = match ledger.padding_bytes {
        0 => Safe::default(),
        bytes => safe!(" · zeros {}", format::bytes(bytes)),
    };
    let lines = [
        outcomes(ledger, usize::from(inner.width)),
        safe!(
            " late {} · future {} · without a time {}{} · secrets masked {}{}",
            count(ledger.late),
            count(ledger.future),
            count(ledger.timeless + ledger.dated),
            timeless,
            count(ledger.redacted),
            padding
        ),
        safe!(
            " lost: {} gap{}, {} · duplicate keys {} · over a limit {} · lines joined {}",
            count(ledger.gaps),
            plural(ledger.gaps),
            format::bytes(ledger.lost_bytes),
            count(ledger.duplicate_keys),
            count(ledger.out_of_bounds),
            count(ledger.joined)
        ),
    ];
    for (row, line) in lines.into_iter().enumerate() {
        canvas.row(inner, to_u16(row), &[canvas.part(line, Role::Text)]);
    }
}
