//! One request across all services: its events and alerts in time order, as a timeline.
//!
//! A bar is what the event says it took (`event.duration`, ending at its time); without that it
//! runs to the next event of the same service and is drawn hollow, because it is inferred.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::records;
use super::scene::{Answer, Scene, TraceScreen};
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use super::{Drawn, detail, format};
use crate::alert::Alert;
use crate::event::number::{to_u16, to_u64};
use crate::event::{HOUR, LogLevel, Nanos, Record, SECOND, Timestamp};
use crate::query::Trace;
use crate::safe;
use crate::text::{Safe, plural};

/// One row of the timeline.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Event(&'a Record),
    Alert(&'a Alert),
}

impl Step<'_> {
    fn time(&self) -> Timestamp {
        match self {
            Step::Event(record) => record.time,
            Step::Alert(alert) => alert.time,
        }
    }

    /// An event is written when what it tells of is over.
    fn began(&self) -> Timestamp {
        match self {
            Step::Event(record) => record.time.plus(-duration(record).unwrap_or(0)),
            Step::Alert(alert) => alert.time,
        }
    }
}

/// Events and alerts by when they began; at the same moment the event comes first.
#[must_use]
pub fn steps(trace: &Trace) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = trace.records.iter().map(Step::Event).collect();
    steps.extend(trace.alerts.iter().map(Step::Alert));
    steps.sort_by_key(Step::began);
    steps
}

/// When a step began and ended, and whether that is only inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StepSpan {
    start: Timestamp,
    end: Timestamp,
    inferred: bool,
    /// The stamp is of a whole second among finer ones: it was somewhere in between.
    coarse: bool,
}

/// Whether the stamp says the second only.
fn is_whole_second(time: Timestamp) -> bool {
    time.0 % SECOND == 0
}

fn spans(steps: &[Step<'_>]) -> Vec<StepSpan> {
    let has_finer = steps.iter().any(|step| matches!(step, Step::Event(it) if !is_whole_second(it.time)));
    let of = |(index, step): (usize, &Step<'_>)| {
        let span = span(step, steps.get(index + 1..).unwrap_or_default());
        let coarse = has_finer && matches!(step, Step::Event(record) if is_whole_second(record.time));
        match coarse {
            true => StepSpan { end: step.time().plus(SECOND - 1), coarse, ..span },
            false => span,
        }
    };
    steps.iter().enumerate().map(of).collect()
}

fn span(step: &Step<'_>, later: &[Step<'_>]) -> StepSpan {
    let time = step.time();
    let Step::Event(record) = step else {
        return StepSpan { start: time, end: time, inferred: false, coarse: false };
    };
    if let Some(duration) = duration(record) {
        return StepSpan { start: time.plus(-duration), end: time, inferred: false, coarse: false };
    }
    let of_same_service =
        |later: &&Step<'_>| matches!(later, Step::Event(next) if next.service == record.service);
    let end = later.iter().find(of_same_service).map_or(time, Step::time);
    StepSpan { start: time, end, inferred: true, coarse: false }
}

/// Longer spans than this are not believed: a field that is called duration may hold anything.
const LONGEST: Nanos = HOUR;

/// Nanoseconds, as the Elastic Common Schema has it.
fn duration(record: &Record) -> Option<Nanos> {
    let value: f64 = record.get("event.duration")?.parse().ok()?;
    (value >= 0.0 && value <= LONGEST as f64).then_some(value as Nanos)
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.trace;
    let Some(trace) = screen.answer.ready() else {
        return without_trace(canvas, area, scene);
    };
    let steps = steps(trace);
    if steps.is_empty() {
        return without_trace(canvas, area, scene);
    }
    let spans = spans(&steps);
    let head_height = if trace.doubt.is_some() { 3 } else { 2 };
    head(canvas, Rect { height: head_height, ..area }, scene, trace, bounds(&steps, &spans));
    let body = Rect { y: area.y + head_height, height: area.height - head_height, ..area };
    let detail_height = (body.height * 2 / 5).clamp(5, 16);
    let timeline_area = Rect { height: body.height - detail_height, ..body };
    let detail_area = Rect { y: timeline_area.bottom(), height: detail_height, ..body };
    let page = timeline(canvas, timeline_area, scene, &steps, &spans);
    step_detail(canvas, detail_area, scene, &steps);
    Drawn { page, position: position(screen, trace, &steps), ..Drawn::default() }
}

fn without_trace(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let screen = &scene.screens.trace;
    let title = canvas.own("Trace", Role::Title);
    let inner = canvas.frame(area, &[title], &[], true);
    let id = canvas.safe(&screen.id);
    let (sentence, advice) = match &screen.answer {
        Answer::Waiting => (safe!("Looking for {} …", id), Safe::default()),
        Answer::Failed(failure) => {
            let hint =
                failure.hint.as_ref().map_or(Safe::default(), |hint| safe!("{}   ", canvas.safe(hint)));
            (safe!("× {}", canvas.safe(&failure.message)), safe!("{}/ another id   Esc back", hint))
        }
        Answer::Ready(_) if screen.waiting => (safe!("Looking for {} …", id), Safe::default()),
        Answer::Ready(_) => {
            (safe!("No event with the id {} is indexed.", id), safe!("/ another id   3 search it as text"))
        }
        Answer::None => (
            safe!("Everything that carries one correlation id, across all services, in time order."),
            safe!("o on any event or alert opens its trace   / type an id   or paste one on any screen"),
        ),
    };
    table::empty(canvas, inner, &sentence, &advice);
    Drawn { page: usize::from(inner.height), ..Drawn::default() }
}

fn head(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    trace: &Trace,
    bounds: (Timestamp, Timestamp),
) {
    let (start, end) = bounds;
    let services = services(canvas, trace);
    let errors = trace.records.iter().filter(|record| record.level >= LogLevel::Error).count();
    let plural = |count: usize| plural(to_u64(count));
    let first = [
        canvas.own(" trace ▸ ", Role::Muted),
        canvas.part(canvas.safe(&trace.id), Role::Link),
        canvas.part(
            safe!(
                "   {} event{} · {} service{} · {}",
                trace.records.len(),
                plural(trace.records.len()),
                services.len(),
                plural(services.len()),
                length(end.since(start))
            ),
            Role::Text,
        ),
        canvas.part(
            safe!(" · {} error{}", errors, plural(errors)),
            if errors > 0 { Role::Bad } else { Role::Text },
        ),
        canvas.part(
            safe!(" · {} alert{}", trace.alerts.len(), plural(trace.alerts.len())),
            if trace.alerts.is_empty() { Role::Text } else { Role::Warning },
        ),
    ];
    canvas.row(area, 0, &first);
    let now = scene.snapshot.now;
    let mut second = vec![canvas.part(
        safe!(" start {}   end {}", scene.clock.millis(start, now), scene.clock.millis(end, now)),
        Role::Muted,
    )];
    if let Some((gap, after)) = longest_gap(trace) {
        let (after, _) = records::service(canvas, after);
        second.push(canvas.part(safe!("   longest gap {} after {}", length(gap), after), Role::Muted));
    }
    canvas.row(area, 1, &second);
    if let Some(doubt) = &trace.doubt {
        canvas.row(area, 2, &[canvas.part(safe!(" ! {}", canvas.safe(doubt)), Role::Warning)]);
    }
}

/// The names of the services, as the rows show them, by first appearance.
fn services(canvas: &Canvas<'_>, trace: &Trace) -> Vec<Safe> {
    let mut names: Vec<Safe> = Vec::new();
    for record in &trace.records {
        let (name, _) = records::service(canvas, record);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `35 µs`, `812 ms`, `1.482 s`, `12m41s`.
fn length(nanos: Nanos) -> Safe {
    match nanos / 1_000_000 {
        0 => safe!("{} us", nanos / 1000),
        millis @ ..1000 => safe!("{} ms", millis),
        millis @ 1000..60_000 => safe!("{:.3} s", millis as f64 / 1000.0),
        _ => format::duration(nanos),
    }
}

/// From the first event to the last. Alerts do not count: an incident may go on for hours.
fn bounds(steps: &[Step<'_>], spans: &[StepSpan]) -> (Timestamp, Timestamp) {
    let is_event = |step: &Step<'_>| matches!(step, Step::Event(_));
    let only_alerts = !steps.iter().any(is_event);
    let counted = || {
        // A stamp of a second would take most of the axis of a request of milliseconds.
        let pairs = steps.iter().zip(spans);
        pairs.filter(|(step, span)| only_alerts || (is_event(step) && !span.coarse)).map(|(_, span)| span)
    };
    let start = counted().map(|span| span.start).min().unwrap_or_default();
    let end = counted().map(|span| span.end).max().unwrap_or_default();
    (start, end)
}

/// The longest pause, if it is remarkable: five times the usual one.
fn longest_gap(trace: &Trace) -> Option<(Nanos, &Record)> {
    let fine: Vec<&Record> = trace.records.iter().filter(|record| !is_whole_second(record.time)).collect();
    let records = if fine.is_empty() { trace.records.iter().collect() } else { fine };
    let pairs = records.windows(2);
    let mut gaps: Vec<(Nanos, &Record)> = pairs
        .filter_map(|pair| match pair {
            [before, after] => Some((after.time.since(before.time), *before)),
            _ => None,
        })
        .collect();
    gaps.sort_by_key(|(gap, _)| *gap);
    let usual = gaps.get(gaps.len() / 2)?.0;
    let longest = *gaps.last()?;
    (longest.0 > usual.saturating_mul(5) && longest.0 > 0).then_some(longest)
}

fn timeline(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    steps: &[Step<'_>],
    spans: &[StepSpan],
) -> usize {
    let screen = &scene.screens.trace;
    let (start, end) = bounds(steps, spans);
    let focused = !screen.detail.focused;
    let wide = area.width >= 100;
    let columns = [
        Column::fixed("", if wide { 7 } else { 1 }),
        Column::fixed("service", if wide { 12 } else { 9 }),
        Column::fixed("event", if wide { 32 } else { 24 }),
        Column::fixed("+ms", 8).right(),
        Column::flexible(""),
    ];
    let used: u16 = columns.iter().filter(|column| !column.flexible).map(|column| column.width + 2).sum();
    let bar_width = area.width.saturating_sub(used + 5);
    let scale = TimeScale { start, nanos: end.since(start).max(1), cells: bar_width.max(1) };
    let title = canvas.own("Timeline", Role::Title);
    let note = canvas.part(
        safe!(
            "{} per column · █ took · ░ until the next of its service",
            length(scale.nanos / i64::from(scale.cells))
        ),
        Role::Muted,
    );
    let inner = canvas.frame(area, &[title], &[note], focused);
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list: screen.list, len: steps.len(), focus };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let (Some(step), Some(span)) = (steps.get(index), spans.get(index)) else { return Vec::new() };
        step_row(canvas, step, *span, scale, wide)
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

/// From times to cells.
#[derive(Clone, Copy)]
struct TimeScale {
    start: Timestamp,
    nanos: Nanos,
    cells: u16,
}

impl TimeScale {
    /// Where an alert stands: `!` on the axis, an arrow where it lies outside.
    fn place(&self, time: Timestamp) -> (usize, &'static str) {
        let offset = time.since(self.start);
        let mark = match offset {
            ..0 => "←",
            _ if offset > self.nanos => "→",
            _ => "!",
        };
        (self.column(time), mark)
    }

    fn column(&self, time: Timestamp) -> usize {
        let offset = i128::from(time.since(self.start).clamp(0, self.nanos));
        (offset * i128::from(self.cells.saturating_sub(1)) / i128::from(self.nanos)) as usize
    }
}

fn step_row(
    canvas: &Canvas<'_>,
    step: &Step<'_>,
    span: StepSpan,
    scale: TimeScale,
    wide: bool,
) -> table::Row {
    let offset = span.start.since(scale.start);
    match step {
        Step::Event(record) => {
            let (mark, style) = records::level(canvas, record);
            let mark = if wide { mark } else { Safe::literal(Severity::from(record.level).shape()) };
            let failed = record.level >= LogLevel::Error;
            let bar_style = if failed { canvas.theme.bar(record.level) } else { canvas.style(Role::Link) };
            vec![
                (mark, style),
                records::service(canvas, record),
                canvas.part(records::message(canvas, record), Role::Text),
                canvas.part(format::step(offset), Role::Text),
                (bar(span, scale, failed), bar_style),
            ]
        }
        Step::Alert(alert) => {
            let severity = Severity::from(alert.rule.level);
            let style = canvas.theme.severity(severity);
            let mark = if wide { canvas.severity(severity).0 } else { Safe::literal(severity.shape()) };
            let (column, place) = scale.place(alert.time);
            vec![
                (mark, style),
                canvas.own("ALERT", Role::Strong),
                canvas.part(canvas.safe(&alert.rule.title), Role::Strong),
                canvas.part(format::step(offset), Role::Text),
                (safe!("{:>1$}", place, column + 1), canvas.style(Role::Warning)),
            ]
        }
    }
}

/// A bar on the axis; a failure ends in `×`.
fn bar(span: StepSpan, scale: TimeScale, failed: bool) -> Safe {
    let (from, to) = (scale.column(span.start), scale.column(span.end).max(scale.column(span.start)));
    let length = to - from + 1;
    let (block, first) = match span {
        StepSpan { coarse: true, .. } => ("┄", "┄"),
        StepSpan { inferred: true, .. } => ("░", "█"),
        _ => ("█", "█"),
    };
    let mut bar = safe!("{:>1$}", "", from);
    for cell in 0..length {
        let is_failure = failed && if span.inferred { cell == 0 } else { cell + 1 == length };
        bar.push(&Safe::literal(match cell {
            _ if is_failure => "×",
            0 => first,
            _ => block,
        }));
    }
    bar
}

fn step_detail(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, steps: &[Step<'_>]) {
    let screen = &scene.screens.trace;
    let selected = screen.list.selected.min(steps.len().saturating_sub(1));
    match steps.get(selected) {
        Some(Step::Event(record)) => {
            detail::draw(canvas, area, Some(record), screen.detail, scene.clock, scene.snapshot.now);
        }
        Some(Step::Alert(alert)) => alert_detail(canvas, area, alert),
        None => {}
    }
}

fn alert_detail(canvas: &mut Canvas<'_>, area: Rect, alert: &Alert) {
    let title = canvas.own("Alert", Role::Title);
    let note = canvas.own("5 alerts", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let gap: Part = (safe!("  "), canvas.style(Role::Text));
    canvas.row(
        inner,
        0,
        &[canvas.severity(alert.rule.level), gap, canvas.part(canvas.safe(&alert.rule.title), Role::Strong)],
    );
    let lines = canvas.safe(&alert.summary).wrap(usize::from(inner.width));
    for (row, line) in lines.iter().enumerate() {
        canvas.row(inner, to_u16(row) + 1, &[canvas.part(line.clone(), Role::Text)]);
    }
}

fn position(screen: &TraceScreen, trace: &Trace, steps: &[Step<'_>]) -> Vec<Safe> {
    let selected = screen.list.selected.min(steps.len().saturating_sub(1)) + 1;
    let mut items = vec![match steps.len() {
        0 => safe!("no events"),
        len => safe!("step {} of {}", selected, len),
    }];
    if screen.waiting {
        items.push(safe!("asking the index …"));
    }
    if trace.omitted > 0 {
        items.push(match trace.omitted {
            1 => safe!("1 more event is not listed"),
            more => safe!("{} more events are not listed", format::count(more)),
        });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(cells: u16) -> TimeScale {
        TimeScale { start: Timestamp(0), nanos: 100, cells }
    }

    #[test]
    fn bars_stand_where_their_time_is() {
        let span = |start, end, inferred| StepSpan {
            start: Timestamp(start),
            end: Timestamp(end),
            inferred,
            coarse: false,
        };
        for (span, failed, expect) in [
            (span(0, 100, false), false, "███████████"),
            (span(0, 100, true), false, "█░░░░░░░░░░"),
            (span(50, 50, true), false, "     █"),
            (span(50, 70, false), true, "     ██×"),
            (span(50, 70, true), true, "     ×░░"),
            (span(-50, 500, false), false, "███████████"),
        ] {
            assert_eq!(bar(span, scale(11), failed), expect, "{span:?}");
        }
    }

    #[test]
    fn a_coarse_stamp_is_drawn_as_doubt_and_an_alert_outside_as_an_arrow() {
        let coarse = StepSpan { start: Timestamp(0), end: Timestamp(100), inferred: false, coarse: true };
        assert_eq!(bar(coarse, scale(11), false), "┄┄┄┄┄┄┄┄┄┄┄");
        let place = |time| scale(11).place(Timestamp(time));
        assert_eq!([place(-5), place(50), place(101)], [(0, "←"), (5, "!"), (10, "→")]);
    }

    #[test]
    fn lengths_have_the_unit_that_fits() {
        assert_eq!(length(812_000_000), "812 ms");
        assert_eq!(length(35_400), "35 us");
        assert_eq!(length(1_482_000_000), "1.482 s");
        assert_eq!(length(761_000_000_000), "12m41s");
    }
}
