//! One request across all services: its events and alerts in time order, as a timeline.
//!
//! A bar is what the event says it took (`event.duration`, ending at its time); without that it
//! runs to the next event of the same service and is drawn hollow, because it is inferred.

mod lanes;
mod timing;

use ratatui::layout::Rect;

pub use self::timing::{Step, steps};
use self::timing::{StepSpan, TimeScale, bar, bounds, spans};
use super::canvas::{Canvas, Part};
use super::records;
use super::scene::{Answer, Scene, TraceScreen};
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use super::{Drawn, detail, format};
use crate::alert::Alert;
use crate::event::number::{to_u16, to_u64};
use crate::event::{LogLevel, Nanos, Timestamp};
use crate::query::Trace;
use crate::safe;
use crate::text::{Safe, plural};

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
    let lanes = lanes::of(canvas, &steps, &spans);
    let [lane_area, timeline_area, detail_area] = parts_of(body, lanes.len(), steps.len());
    let selected = screen.list.selected.min(steps.len() - 1);
    let moment = spans.get(selected).map_or(Timestamp::default(), |span| span.start);
    let axis = TraceAxis { bounds: bounds(&steps, &spans), moment, zoom: screen.zoom };
    if lane_area.height > 0 {
        let scale = axis.scale(lanes::axis_width(lane_area));
        lanes::draw(canvas, lane_area, &lanes, scale, &lanes::alert_marks(&steps, scale));
    }
    let page = timeline(canvas, timeline_area, scene, &Timeline { steps: &steps, spans: &spans, axis });
    step_detail(canvas, detail_area, scene, &steps);
    Drawn { page, position: position(screen, trace, &steps), ..Drawn::default() }
}

/// What the axes of the screen show: the same moment at the same zoom, each in its own width.
#[derive(Clone, Copy)]
struct TraceAxis {
    bounds: (Timestamp, Timestamp),
    moment: Timestamp,
    zoom: u32,
}

impl TraceAxis {
    fn scale(&self, cells: u16) -> TimeScale {
        TimeScale::around(self.bounds, self.moment, self.zoom, cells)
    }
}

/// Lanes, timeline and detail. One service needs no lane, and a low screen has no room for a frame around them. The
/// detail has the rows that the timeline has no step for.
fn parts_of(body: Rect, lanes: usize, steps: usize) -> [Rect; 3] {
    let frame = if body.height >= lanes::FRAMED_FROM { 2 } else { 0 };
    let most = if body.height >= lanes::FRAMED_FROM { body.height / 3 } else { 4 };
    let lanes = match lanes {
        0 | 1 => 0,
        _ if body.height < 14 => 0,
        lanes => (to_u16(lanes) + 1 + frame).min(most),
    };
    let detail = ((body.height - lanes) * 2 / 5).clamp(5, 16);
    let detail = if body.height < lanes::FRAMED_FROM { 5 } else { detail };
    let detail = detail.max((body.height - lanes).saturating_sub(to_u16(steps).saturating_add(3)));
    let timeline = body.height - lanes - detail;
    [
        Rect { height: lanes, ..body },
        Rect { y: body.y + lanes, height: timeline, ..body },
        Rect { y: body.y + lanes + timeline, height: detail, ..body },
    ]
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
            (
                safe!("× {}", canvas.safe(&failure.message)),
                safe!("{}{} another id   {} back", hint, canvas.key("/"), canvas.key("Esc")),
            )
        }
        Answer::Ready(_) if screen.waiting => (safe!("Looking for {} …", id), Safe::default()),
        Answer::Ready(_) => {
            (safe!("No event with the id {} is indexed.", id), safe!("/ another id   3 search it as text"))
        }
        Answer::None => (
            safe!("Everything that carries one correlation id, across all services, in time order."),
            safe!("o on any event or incident opens its trace   / type an id   or paste one on any screen"),
        ),
    };
    table::empty(canvas, inner, &sentence, &advice);
    Drawn { page: usize::from(inner.height), ..Drawn::default() }
}

/// Narrower heads leave out how many services there are: the lanes below are one each.
const WIDE: u16 = 96;

fn head(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    trace: &Trace,
    bounds: (Timestamp, Timestamp),
) {
    let (start, end) = bounds;
    let mut first =
        vec![canvas.own(" trace ▸ ", Role::Muted), canvas.part(canvas.safe(&trace.id), Role::Link)];
    first.extend(counts(canvas, trace, end.since(start), area.width >= WIDE));
    // The numbers are not cut: of a long id its beginning and its end tell enough.
    let others: usize = first.iter().map(|(text, _)| text.width()).sum::<usize>() - first[1].0.width();
    let room = usize::from(area.width).saturating_sub(others).max(12);
    first[1].0 = canvas.safe(&trace.id).shorten_middle(room, "…");
    canvas.row(area, 0, &first);
    let now = scene.snapshot.now;
    let mut second = vec![canvas.part(
        safe!(" start {}   end {}", scene.clock.millis(start, now), scene.clock.millis(end, now)),
        Role::Muted,
    )];
    let gaps = steps(trace).into_iter().filter_map(|step| match step {
        Step::Gap { after, nanos } => Some((nanos, after)),
        _ => None,
    });
    if let Some((gap, after)) = gaps.max_by_key(|(nanos, _)| *nanos) {
        let (after, _) = records::service(canvas, after);
        second.push(canvas.part(safe!("   longest gap {} after {}", length(gap), after), Role::Muted));
    }
    canvas.row(area, 1, &second);
    if let Some(doubt) = &trace.doubt {
        canvas.row(area, 2, &[canvas.part(safe!(" ! {}", canvas.safe(doubt)), Role::Warning)]);
    }
}

/// How many events, services, errors and incidents there are, and how long it took.
fn counts(canvas: &Canvas<'_>, trace: &Trace, took: Nanos, wide: bool) -> [Part; 3] {
    let of = |count: usize, what: &'static str| safe!("{} {}{}", count, what, plural(to_u64(count)));
    let errors = trace.records.iter().filter(|record| record.level >= LogLevel::Error).count();
    let services = match wide {
        true => safe!(" · {}", of(services(canvas, trace).len(), "service")),
        false => Safe::default(),
    };
    let (events, incidents) = (of(trace.records.len(), "event"), of(trace.alerts.len(), "incident"));
    [
        canvas.part(safe!("   {}{} · {}", events, services, length(took)), Role::Text),
        canvas.part(safe!(" · {}", of(errors, "error")), if errors > 0 { Role::Bad } else { Role::Text }),
        canvas.part(
            safe!(" · {}", incidents),
            if trace.alerts.is_empty() { Role::Text } else { Role::Warning },
        ),
    ]
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
        0 => safe!("{} µs", nanos / 1000),
        millis @ ..1000 => safe!("{} ms", millis),
        millis @ 1000..60_000 => safe!("{:.3} s", millis as f64 / 1000.0),
        _ => format::duration(nanos),
    }
}

/// What the timeline lists.
struct Timeline<'a> {
    steps: &'a [Step<'a>],
    spans: &'a [StepSpan],
    axis: TraceAxis,
}

fn timeline(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, timeline: &Timeline<'_>) -> usize {
    let Timeline { steps, spans, axis } = *timeline;
    let screen = &scene.screens.trace;
    let focused = !screen.detail.focused;
    let wide = area.width >= 100;
    let columns = [
        Column::fixed("", if wide { 7 } else { 1 }),
        Column::fixed("service", service_cells(wide)),
        Column::fixed("event", event_cells(area.width)),
        Column::fixed("+ms", 8).right(),
        Column::flexible(""),
    ];
    let used: u16 = columns.iter().filter(|column| !column.flexible).map(|column| column.width + 2).sum();
    let scale = axis.scale(area.width.saturating_sub(used + 5).max(1));
    let title = canvas.own("Timeline", Role::Title);
    let note = canvas.part(scale_in_words(scale, screen.zoom, wide), Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], focused);
    let focus = if focused { Focus::Here } else { Focus::Elsewhere };
    let table = Table { columns: &columns, list: screen.list, len: steps.len(), focus };
    let look = RowLook { scale, from: axis.bounds.0, wide };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let (Some(step), Some(span)) = (steps.get(index), spans.get(index)) else { return Vec::new() };
        step_row(canvas, step, *span, look)
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

/// `7 ms per column · zoom 4× · . , zoom`.
fn scale_in_words(scale: TimeScale, zoom: u32, wide: bool) -> Safe {
    let zoomed = match zoom {
        0 => Safe::default(),
        zoom => safe!(" · zoom {}×", 1_u64 << zoom.min(40)),
    };
    let legend = if wide { " · █ took · ░ until the next of its service" } else { "" };
    // What happened at one moment has no scale.
    let column = scale.nanos / i64::from(scale.cells);
    if column < 1000 && zoom == 0 {
        return safe!("all at one moment");
    }
    let column = length(column);
    safe!("{} per column{}{} · . , zoom", column, zoomed, legend)
}

/// Cells for what happened; the bars have the rest.
fn event_cells(width: u16) -> u16 {
    match width {
        ..100 => 24,
        100..160 => 32,
        _ => 64,
    }
}

/// Cells for the name of a service.
fn service_cells(wide: bool) -> u16 {
    if wide { 14 } else { 9 }
}

/// How the rows of the timeline are drawn.
#[derive(Clone, Copy)]
struct RowLook {
    scale: TimeScale,
    /// What `+ms` counts from.
    from: Timestamp,
    wide: bool,
}

fn step_row(canvas: &Canvas<'_>, step: &Step<'_>, span: StepSpan, look: RowLook) -> table::Row {
    let RowLook { scale, from, wide } = look;
    let offset = span.start.since(from);
    match step {
        Step::Event(record) => {
            let (mark, style) = records::level(canvas, record);
            let mark = if wide { mark } else { Safe::literal(Severity::from(record.level).shape()) };
            let failed = step.has_failed();
            let bar_style = if failed { canvas.theme.bar(record.level) } else { canvas.style(Role::Link) };
            vec![
                (mark, style),
                records::service_within(canvas, record, service_cells(wide)),
                canvas.part(records::message(canvas, record), Role::Text),
                canvas.part(format::step(offset), Role::Text),
                (bar(span, scale, failed), bar_style),
            ]
        }
        Step::Gap { after, nanos } => {
            let (service, _) = records::service(canvas, after);
            let said = safe!("nothing for {} after {}", length(*nanos), service);
            vec![
                canvas.own("", Role::Muted),
                canvas.own("", Role::Muted),
                canvas.part(said, Role::Muted),
                canvas.part(format::step(offset), Role::Muted),
                (gap_bar(span, scale), canvas.style(Role::Muted)),
            ]
        }
        Step::Alert(alert) => {
            let severity = Severity::from(alert.rule.level);
            let style = canvas.theme.severity(severity);
            let mark = if wide { canvas.severity(severity).0 } else { Safe::literal(severity.shape()) };
            let (column, place) = scale.place(alert.time);
            vec![
                (mark, style),
                canvas.own("INCIDENT", Role::Strong),
                canvas.part(canvas.safe(&alert.rule.title), Role::Strong),
                canvas.part(format::step(offset), Role::Text),
                (safe!("{:>1$}", place, column + 1), canvas.style(Role::Warning)),
            ]
        }
    }
}

/// Silence is a thin line.
fn gap_bar(span: StepSpan, scale: TimeScale) -> Safe {
    bar(StepSpan { coarse: true, ..span }, scale, false)
}

fn step_detail(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, steps: &[Step<'_>]) {
    let screen = &scene.screens.trace;
    let selected = screen.list.selected.min(steps.len().saturating_sub(1));
    match steps.get(selected) {
        Some(Step::Event(record)) => {
            detail::draw(canvas, area, Some(record), screen.detail, scene.clock, scene.snapshot.now);
        }
        Some(Step::Alert(alert)) => alert_detail(canvas, area, alert),
        Some(Step::Gap { after, .. }) => {
            detail::draw(canvas, area, Some(after), screen.detail, scene.clock, scene.snapshot.now);
        }
        None => {}
    }
}

fn alert_detail(canvas: &mut Canvas<'_>, area: Rect, alert: &Alert) {
    let title = canvas.own("Incident", Role::Title);
    let note = canvas.keyed("<5> lists all", Role::Muted);
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
    items.push(match selected == steps.len() {
        true => safe!("following: what comes is added"),
        false => safe!("G follows"),
    });
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

    #[test]
    fn lengths_have_the_unit_that_fits() {
        assert_eq!(length(812_000_000), "812 ms");
        assert_eq!(length(35_400), "35 µs");
        assert_eq!(length(1_482_000_000), "1.482 s");
        assert_eq!(length(761_000_000_000), "12m41s");
    }
}
