//! The lines that stand on every screen: header, tabs, status and hints.
//!
//! The header never loses the threat level, the state of the stream and what was lost, however
//! narrow it is; it first drops the host, then the rate, then the lower counts.

use std::sync::Arc;

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, LeadsTo, Part};
use super::format;
use super::scene::{AskedAbout, Flow, Hint, Overlay, Prompt, PromptPurpose, Scene, Stream, Tab};
use super::theme::{Role, Severity};
use crate::event::number::to_u16;
use crate::event::{MINUTE, Nanos, SECOND};
use crate::safe;
use crate::state::{Incident, Sight, Snapshot, SourceHealth};
use crate::text::{Safe, plural};

/// An event older than this when it was read comes from a backlog and says nothing about lag.
const HISTORY: Nanos = 10 * MINUTE;

/// A source without a line for this long says nothing about how late lines are now.
const SPEAKING: Nanos = 10 * SECOND;

fn plain() -> Style {
    Style::new()
}

fn gap(cells: usize) -> Part {
    (safe!("{}", Safe::literal("        ").truncate(cells, "")), plain())
}

pub fn header(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let inner = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
    let (left, right) = header_that_fits(canvas, usize::from(inner.width), scene);
    canvas.parts(inner.x, inner.y, inner.width, &left);
    canvas.parts_right(inner, &right);
}

fn width(parts: &[Part]) -> usize {
    parts.iter().map(|(text, _)| text.width()).sum()
}

/// The fullest of several forms that fits.
fn header_that_fits(canvas: &Canvas<'_>, room: usize, scene: &Scene<'_>) -> (Vec<Part>, Vec<Part>) {
    let forms = [(4, 2), (3, 2), (3, 1), (2, 2), (2, 1), (1, 1), (1, 0)];
    for (left_detail, right_detail) in forms {
        let left = header_left(canvas, scene, left_detail);
        let right = header_right(canvas, scene, right_detail);
        if width(&left) + width(&right) + 2 <= room {
            return (left, right);
        }
    }
    (header_left(canvas, scene, 0), header_right(canvas, scene, 0))
}

/// 0: the level and what is urgent; 1: and its points; 2: and short counts; 3: and counts; 4: and the host.
fn header_left(canvas: &Canvas<'_>, scene: &Scene<'_>, detail: u8) -> Vec<Part> {
    let threat = &scene.snapshot.threat;
    let severity = Severity::from(threat.level);
    let mut parts = vec![canvas.own("soctop", Role::Title), gap(1)];
    if detail >= 4 && !scene.host.is_empty() {
        parts.push(canvas.part(canvas.safe(scene.host).truncate(20, "…"), Role::Text));
        parts.push(gap(2));
    }
    if detail >= 3 {
        parts.push(canvas.own("THREAT ", Role::Muted));
    }
    if scene.snapshot.sight.is_blind() {
        parts.push(canvas.own("? NOT WATCHING", Role::Bad));
    } else {
        let level = safe!("{} {}", severity.shape(), threat.level.word());
        parts.push((level, canvas.theme.severity(severity)));
        if detail >= 1 {
            parts.push(canvas.part(safe!(" {:.0}{}", threat.points, arrow(threat.trend)), Role::Strong));
        }
        parts.extend(half_blind(canvas, scene.snapshot.sight, detail >= 1));
    }
    if detail >= 2 {
        // Those that somebody has acknowledged are open, too.
        parts.extend([gap(2), canvas.own("new", Role::Muted)]);
    }
    let mut is_worst = true;
    for severity in Severity::ALERTING {
        let count = unseen(scene.snapshot, severity);
        let is_urgent = count > 0 && (severity >= Severity::High || is_worst);
        is_worst &= count == 0;
        if detail >= 2 || is_urgent {
            parts.extend([gap(1), unseen_count(canvas, severity, count, detail >= 3)]);
        }
    }
    parts
}

/// The level holds for what can be read only.
fn half_blind(canvas: &Canvas<'_>, sight: Sight, in_words: bool) -> Option<Part> {
    match sight {
        Sight::Partial { unreadable } if !in_words => Some(canvas.part(safe!(" !{}", unreadable), Role::Bad)),
        Sight::Partial { unreadable } => Some(canvas.part(safe!(" !{} unreadable", unreadable), Role::Bad)),
        _ => None,
    }
}

/// Which way the threat has gone over ten minutes.
pub fn arrow(trend: Option<f64>) -> &'static str {
    match trend {
        Some(trend) if trend >= 1.0 => "↑",
        Some(trend) if trend <= -1.0 => "↓",
        Some(_) => "→",
        None => "",
    }
}

/// Open incidents of a level that nobody has seen.
fn unseen(snapshot: &Snapshot, severity: Severity) -> usize {
    let is_of = |incident: &&Arc<Incident>| Severity::from(incident.alert.rule.level) == severity;
    snapshot.incidents.iter().filter(|incident| incident.is_new()).filter(is_of).count()
}

fn unseen_count(canvas: &Canvas<'_>, severity: Severity, count: usize, in_words: bool) -> Part {
    let role = if count == 0 { Role::Muted } else { Role::Severity(severity) };
    match in_words {
        true => canvas.part(safe!("{} {} {}", severity.shape(), severity.word(), count), role),
        false => canvas.part(safe!("{}{}", severity.shape(), count), role),
    }
}

/// 0: stream and loss; 1: and lag; 2: and rate.
fn header_right(canvas: &Canvas<'_>, scene: &Scene<'_>, detail: u8) -> Vec<Part> {
    let snapshot = scene.snapshot;
    let mut parts = Vec::new();
    if let Some(fps) = scene.slow_link {
        parts.push(canvas.part(safe!("slow link {} fps  ", fps), Role::Warning));
    }
    if scene.mask.is_some() {
        parts.push(canvas.own("MASKED  ", Role::Warning));
    }
    parts.push(stream_state(canvas, scene));
    if detail >= 2 {
        // By arrival: what claims to be of another time is read now all the same.
        let rate = snapshot.sources.iter().map(|source| source.lines_per_second).sum();
        parts.push(canvas.part(safe!("  {} lines/s", format::rate(rate)), Role::Text));
    }
    if detail >= 1 {
        parts.push(canvas.part(safe!("  lag {}", format::short_duration(lag(snapshot))), Role::Text));
    }
    parts.push(gap(2));
    parts.push(loss(canvas, snapshot));
    parts
}

fn stream_state(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Part {
    let events = &scene.screens.events;
    let waiting = format::count(events.waiting);
    match events.flow {
        // The other screens go on.
        Flow::Paused { .. } if scene.tab == Tab::Events => {
            return canvas.part(safe!("‖ PAUSED +{} new", waiting), Role::Warning);
        }
        Flow::Detached if scene.tab == Tab::Events => {
            return canvas.part(safe!("DETACHED +{}", waiting), Role::Warning);
        }
        _ => {}
    }
    let snapshot = scene.snapshot;
    let behind: u64 = snapshot
        .sources
        .iter()
        .filter(|source| source.health == SourceHealth::Behind)
        .map(|source| source.behind_bytes)
        .sum();
    match scene.stream {
        _ if scene.failure.is_some() => canvas.own("× STOPPED", Role::Bad),
        _ if snapshot.sight.is_blind() => canvas.own("× BLIND", Role::Bad),
        _ if behind > 0 => canvas.part(safe!("BEHIND {}", format::bytes(behind)), Role::Warning),
        _ if snapshot.started.is_none() => canvas.own("starting", Role::Muted),
        Stream::Live if snapshot.finished => canvas.own("END OF INPUT", Role::Strong),
        Stream::Live => canvas.own("► LIVE", Role::Strong),
        Stream::Case => canvas.own("A CASE", Role::Strong),
        Stream::Demo if scene.is_over => canvas.own("END OF THE STORY", Role::Warning),
        Stream::Demo => canvas.own("► DEMO", Role::Strong),
    }
}

/// How old the newest line was when it was read, over all sources that speak.
pub fn lag(snapshot: &Snapshot) -> Nanos {
    let lags = snapshot.sources.iter().filter_map(|source| {
        let status = &source.status;
        let lag = status.last_line_at?.since(status.last_event_time?);
        let speaks = source.silent_for.is_some_and(|silence| silence < SPEAKING);
        (speaks && (0..HISTORY).contains(&lag)).then_some(lag)
    });
    lags.max().unwrap_or_default()
}

fn loss(canvas: &Canvas<'_>, snapshot: &Snapshot) -> Part {
    let ledger = &snapshot.ledger;
    match (ledger.gaps, ledger.lost_bytes) {
        (0, _) => canvas.own("lost 0", Role::Text),
        (gaps, 0) => canvas.part(safe!("LOST {} gap{}", format::count(gaps), plural(gaps)), Role::Bad),
        (_, bytes) => canvas.part(safe!("LOST {}", format::bytes(bytes)), Role::Bad),
    }
}

pub fn tabs(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let wide = row.width >= 112;
    let texts = tab_texts(scene, wide, false);
    let open = Tab::ALL.iter().position(|tab| *tab == scene.tab).unwrap_or(0);
    let before: usize = texts.iter().take(open + 1).map(|text| text.width() + 2).sum();
    // The name of the open screen is never cut: the others lose theirs first.
    let texts = if before >= usize::from(row.width) { tab_texts(scene, wide, true) } else { texts };
    let all: usize = texts.iter().map(|text| text.width() + 2).sum();
    let now = scene.snapshot.now;
    let time = match scene.clock.name() {
        name if name == "ago" => safe!("{} UTC", format::Clock::default().seconds(now, now)),
        name => safe!("{} {}", scene.clock.seconds(now, now), name),
    };
    // Gaps between the names are the first to go: the time says more.
    let is_loose = all + texts.len() + time.width() + 3 <= usize::from(row.width);
    let mut parts = Vec::new();
    for (tab, text) in Tab::ALL.into_iter().zip(texts) {
        let x = row.x + 1 + to_u16(width(&parts));
        canvas.hit(Rect { x, width: to_u16(text.width() + 2), ..row }, LeadsTo::Tab(tab));
        if tab == scene.tab {
            parts.push(canvas.part(safe!("[{}]", text), Role::Title));
        } else {
            let role = if badge(tab, scene).is_some() { Role::Text } else { Role::Muted };
            parts.push(canvas.part(safe!(" {} ", text), role));
        }
        parts.push(gap(usize::from(wide && is_loose)));
    }
    let used = canvas.parts(row.x + 1, row.y, row.width.saturating_sub(1), &parts);
    let room = Rect { x: row.x + 1 + used, width: row.width.saturating_sub(used + 2), ..row };
    if scene.snapshot.started.is_some() {
        // Of the two, the zone stands in the status line too.
        let time = if time.width() <= usize::from(room.width) { time } else { time.truncate(8, "") };
        canvas.parts_right(room, &[canvas.part(time, Role::Muted)]);
    }
}

/// Number, name and badge of each screen; where it is tight only the open one has its name.
fn tab_texts(scene: &Scene<'_>, wide: bool, tight: bool) -> Vec<Safe> {
    let text = |(index, tab): (usize, Tab)| {
        let name = match (wide, tight && tab != scene.tab) {
            (_, true) => safe!("{}", index + 1),
            (true, _) => safe!("{} {}", index + 1, tab.title()),
            (false, _) => safe!("{}{}", index + 1, tab.short_title()),
        };
        safe!("{}{}", name, badge(tab, scene).unwrap_or_default())
    };
    Tab::ALL.into_iter().enumerate().map(text).collect()
}

/// What a tab has to say while it is not open.
fn badge(tab: Tab, scene: &Scene<'_>) -> Option<Safe> {
    let snapshot = scene.snapshot;
    match tab {
        Tab::Incidents => {
            let open = snapshot.incidents.iter().filter(|incident| incident.is_listed()).count();
            (open > 0).then(|| safe!("({})", open))
        }
        Tab::Rules => {
            let broken = snapshot.rules.problem_count;
            (broken > 0).then(|| safe!("(!{})", broken))
        }
        Tab::Sources => {
            // After the end of a story nobody is expected to speak.
            let is_wrong = |health| match health {
                SourceHealth::Silent => !scene.is_over,
                health => health == SourceHealth::Trouble,
            };
            let wrong = snapshot.sources.iter().filter(|source| is_wrong(source.health)).count();
            (wrong > 0).then(|| safe!("(!{})", wrong))
        }
        _ => None,
    }
}

/// `SCREEN │ position │ completeness │ last action`; a prompt takes its place while one is open.
/// Returns where the text cursor stands.
pub fn status(
    canvas: &mut Canvas<'_>,
    row: Rect,
    scene: &Scene<'_>,
    position: &[Safe],
) -> Option<(u16, u16)> {
    if let Some(failure) = scene.failure {
        let text = safe!(" × the engine stopped: {}", canvas.safe(failure));
        canvas.parts(row.x, row.y, row.width, &[(text, canvas.style(Role::Bad))]);
        return None;
    }
    if scene.prompt.is_some() {
        return prompt(canvas, row, scene);
    }
    if let Some(overlay) = scene.overlay.filter(|overlay| overlay.is_choice()) {
        choice(canvas, row, scene, overlay);
        return None;
    }
    let mut parts = vec![gap(1), canvas.part(Safe::literal(scene.tab.title()), Role::Strong)];
    if let Some(moved_to) = scene.moved_to {
        // Where the cursor is now is not cut for what was done.
        let cells = usize::from(row.width) * 2 / 3;
        let now = asked(canvas, moved_to, cells);
        let said = scene.toast.map_or_else(Safe::default, |toast| safe!(" │ {}", canvas.safe(toast)));
        let mut parts = vec![gap(1), canvas.part(now, Role::Warning), canvas.part(said, Role::Key)];
        parts.extend(position.iter().map(|item| canvas.part(safe!(" │ {}", item), Role::Text)));
        canvas.row_fitting(row, 0, &parts, 3);
        return None;
    }
    if let Some(toast) = scene.toast {
        let toast = canvas.safe(toast);
        // The tabs say where this is, too.
        if width(&parts) + toast.width() + 3 > usize::from(row.width) {
            canvas.row(row, 0, &[gap(1), canvas.part(toast, Role::Key)]);
            return None;
        }
        parts.push(canvas.part(safe!(" │ {}", toast), Role::Key));
    }
    let (first, rest) = position.split_first().map_or((None, position), |(first, rest)| (Some(first), rest));
    // The row and the clock stay beside it.
    let over = match scene.is_over && scene.toast.is_none() {
        true => vec![
            (safe!("the story is over: {} quits", canvas.key("^c")), Role::Warning),
            (rest.last().cloned().unwrap_or_default(), Role::Text),
            (safe!("`soctop demo` tells it again"), Role::Warning),
        ],
        false => Vec::new(),
    };
    let rest = rest.iter().take(rest.len().saturating_sub(usize::from(!over.is_empty())));
    let items = first.map(|item| (item.clone(), Role::Text)).into_iter().chain(over);
    for (item, role) in items.chain(rest.map(|item| (item.clone(), Role::Text))) {
        if !item.is_empty() {
            parts.push(canvas.part(safe!(" │ {}", item), role));
        }
    }
    // What was just said is cut rather than left out.
    canvas.row_fitting(row, 0, &parts, 2 + usize::from(scene.toast.is_some()));
    None
}

fn prompt(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) -> Option<(u16, u16)> {
    let prompt = scene.prompt?;
    let label = canvas.part(prompt_label(canvas, row, scene, prompt), Role::Key);
    let before: String = prompt.text.chars().take(prompt.cursor).collect();
    let after: String = prompt.text.chars().skip(prompt.cursor).collect();
    let (before, after) = (canvas.safe(&before), canvas.safe(&after));
    let room = usize::from(row.width).saturating_sub(label.0.width() + 1);
    let before = before.keep_end(room);
    let cursor = row.x + to_u16(label.0.width() + before.width());
    canvas.parts(row.x, row.y, row.width, &[label, (before, plain()), (after, plain())]);
    Some((cursor.min(row.right().saturating_sub(1)), row.y))
}

/// What was just said to who is asked something, else what is wrong so far. The line with what is typed has no room
/// for it.
fn trouble(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Option<Safe> {
    match (scene.toast, scene.prompt) {
        (Some(toast), Some(_)) => Some(canvas.safe(toast)),
        (Some(toast), None) if scene.overlay.is_some_and(Overlay::is_choice) => Some(canvas.safe(toast)),
        (None, Some(prompt)) if prompt.purpose == PromptPurpose::Filter => {
            let error = prompt.filter.as_ref().err()?;
            Some(safe!("{} (column {})", canvas.safe(&error.kind.to_string()), error.column()))
        }
        _ => None,
    }
}

/// Cells that are kept for what is typed.
const TYPED: usize = 20;
/// The same where whom an act is for leaves no more.
const LEAST_TYPED: usize = 8;

/// What is asked for. An act says first what it is about.
fn prompt_label(canvas: &Canvas<'_>, row: Rect, scene: &Scene<'_>, prompt: &Prompt) -> Safe {
    let label = match prompt.purpose {
        PromptPurpose::Filter => " filter ▸ ",
        PromptPurpose::Search => " query ▸ ",
        PromptPurpose::Trace => " trace id ▸ ",
        PromptPurpose::Acknowledge | PromptPurpose::Judge => " note ▸ ",
        PromptPurpose::Mute => " for how long, why ▸ ",
        PromptPurpose::Command => " command ▸ ",
        PromptPurpose::Help => " look for ▸ ",
        PromptPurpose::HuntName => " name of this hunt ▸ ",
        PromptPurpose::Columns => " columns ▸ ",
    };
    if !matches!(prompt.purpose, PromptPurpose::Acknowledge | PromptPurpose::Judge | PromptPurpose::Mute) {
        return Safe::literal(label);
    }
    let width = usize::from(row.width).saturating_sub(1);
    let needed = asked(canvas, scene.asked, 0).width() + TYPED;
    // The keys below say what is to be typed, too.
    let label = if needed + label.chars().count() + 2 <= width { label } else { " ▸ " };
    let dot = if label == " ▸ " { "" } else { " ·" };
    let besides = label.chars().count() + dot.chars().count();
    let about = asked(canvas, scene.asked, width.saturating_sub(besides + TYPED));
    let about = about.shorten_middle(width.saturating_sub(besides + LEAST_TYPED), "…");
    safe!(" {}{}{}", about, dot, label)
}

/// Cells from which on a part of a title says something.
const LEAST_TITLE: usize = 6;

/// What is done to how many and for whom; what that is takes what is left of so many cells.
fn asked(canvas: &Canvas<'_>, asked: &AskedAbout, cells: usize) -> Safe {
    let whom = safe!("{} {}", Safe::literal(asked.verb), canvas.safe(&asked.whom));
    let room = cells.saturating_sub(whom.width() + 2);
    if asked.what.is_empty() || room < LEAST_TITLE {
        return whom;
    }
    safe!("{}: {}", whom, canvas.safe(&asked.what).truncate(room, "…"))
}

/// Hints that do not fit are dropped from the right; `?` comes first and stays. While something is typed or asked for,
/// they are the keys of that.
pub fn hints(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>) {
    let asked = match (scene.prompt, scene.overlay) {
        (Some(prompt), Some(Overlay::Commands { selected })) if prompt.purpose == PromptPurpose::Command => {
            Some(command_hints(scene, selected))
        }
        (Some(prompt), _) => Some(prompt_hints(prompt.purpose)),
        (None, Some(overlay)) => Some(overlay_hints(overlay)),
        (None, None) => None,
    };
    let filled = |(keys, label): &KeyLabel| Hint { keys: Cow::Owned(scene.keys.fill(keys)), label };
    let asked: Option<Vec<Hint>> = asked.map(|hints| hints.iter().map(filled).collect());
    let hints = asked.as_deref().unwrap_or(scene.hints);
    let mut parts = vec![gap(1)];
    if let Some(trouble) = trouble(canvas, scene) {
        parts.push(canvas.part(safe!("{}   ", trouble), Role::Warning));
    }
    let mut used = width(&parts);
    for (index, hint) in hints.iter().enumerate() {
        let key = canvas.part(Safe::new(&hint.keys), Role::Key);
        let label = canvas.part(safe!(" {}", hint.label), Role::Muted);
        let before = gap(if index > 0 { 2 } else { 0 });
        let needed = before.0.width() + key.0.width() + label.0.width();
        if used + needed > usize::from(row.width) {
            break;
        }
        used += needed;
        parts.extend([before, key, label]);
    }
    canvas.parts(row.x, row.y, row.width, &parts);
}

/// A key, in `<>` where it can be another one by configuration, and what it does.
type KeyLabel = (&'static str, &'static str);

/// What Enter does with the chosen command; what is no command is searched for.
fn command_hints(scene: &Scene<'_>, selected: usize) -> &'static [KeyLabel] {
    match scene.commands.get(selected) {
        None => &[("Enter", "search the index for it"), ("Esc", "leave it")],
        Some(command) if !command.only_on.is_empty() => {
            &[("Enter", "say where it works"), ("↑ ↓", "choose"), ("Esc", "leave it")]
        }
        Some(_) => prompt_hints(PromptPurpose::Command),
    }
}

/// What is chosen for; the keys to choose by stand below.
fn choice(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene<'_>, overlay: Overlay) {
    let text = match overlay {
        Overlay::Copy => safe!("copy what the cursor stands on:"),
        Overlay::Export => safe!("export what is listed:"),
        _ => asked(canvas, scene.asked, usize::from(row.width).saturating_sub(2)),
    };
    canvas.row(row, 0, &[gap(1), canvas.part(text, Role::Key)]);
}

/// What Enter, Tab and the arrows do while something is typed.
fn prompt_hints(purpose: PromptPurpose) -> &'static [KeyLabel] {
    const LEAVE: KeyLabel = ("Esc", "leave it");
    match purpose {
        PromptPurpose::Filter => &[("Enter", "filter"), ("Tab", "complete"), LEAVE],
        PromptPurpose::Search => &[("Enter", "search"), ("Tab", "complete"), ("↑", "asked before"), LEAVE],
        PromptPurpose::Trace => &[("Enter", "open the trace"), LEAVE],
        PromptPurpose::Acknowledge => &[("Enter", "acknowledge, with or without a note"), LEAVE],
        PromptPurpose::Judge => &[("Enter", "say so, with or without a note"), LEAVE],
        PromptPurpose::Mute => &[("Enter", "mute: first for how long (m h d w), then why"), LEAVE],
        PromptPurpose::Command => &[("Enter", "run"), ("↑ ↓", "choose"), LEAVE],
        PromptPurpose::Help => &[("Enter", "keep these lines"), LEAVE],
        PromptPurpose::HuntName => &[("Enter", "save"), LEAVE],
        PromptPurpose::Columns => {
            &[("Enter", "show these; none: the usual ones"), ("Tab", "complete"), LEAVE]
        }
    }
}

/// The keys of what lies over the screen.
fn overlay_hints(overlay: Overlay) -> &'static [KeyLabel] {
    const CLOSE: KeyLabel = ("<Esc>", "close");
    const NOTHING: KeyLabel = ("Esc", "nothing");
    match overlay {
        Overlay::Copy => {
            &[("v", "value"), ("r", "raw line"), ("c", "correlation id"), ("j", "JSON"), NOTHING]
        }
        Overlay::Export => {
            &[("n", "NDJSON"), ("c", "CSV"), ("l", "copy the command that gives the same"), NOTHING]
        }
        Overlay::Judge => &[("t", "true positive"), ("f", "false positive"), ("b", "benign"), NOTHING],
        // A number beside a number: the colon keeps them apart.
        Overlay::Snooze => &[("1:", "15 min"), ("2:", "1 hour"), ("3:", "4 hours"), ("4:", "1 day"), NOTHING],
        Overlay::Help { .. } => &[("</>", "look for"), ("<j>", "down"), ("<k>", "up"), CLOSE],
        Overlay::Why { .. } => &[("<Enter>", "open the incident"), CLOSE],
        Overlay::Mutes { .. } => &[("<U>", "end the chosen one"), CLOSE],
        Overlay::Values => &[("<Enter>", "with it"), ("<->", "without it"), ("<=>", "nothing else"), CLOSE],
        Overlay::Hunts { .. } => &[("<Enter>", "run"), ("n", "save this query"), ("d", "delete"), CLOSE],
        Overlay::Away => &[CLOSE],
        Overlay::Commands { .. } => &[("Enter", "run"), ("↑ ↓", "choose"), CLOSE],
    }
}
