//! The services of a trace, a lane each over one axis: who worked when, who waited, who failed.

use ratatui::layout::Rect;

use super::length;
use super::timing::{AxisSpot, Step, StepSpan, TimeScale};
use crate::event::number::{to_u16, to_u64};
use crate::event::{LogLevel, Nanos};
use crate::safe;
use crate::text::{Safe, plural};
use crate::view::canvas::{Canvas, Part};
use crate::view::records;
use crate::view::theme::Role;

/// Lanes of so few rows stand without a frame.
const LOW: u16 = 4;
/// Cells for the name of a service and for its sum.
const NAME: u16 = 14;
const SUM: u16 = 22;

/// Everything that one service did.
pub(super) struct ServiceLane {
    name: Safe,
    /// No service says its name there.
    is_file: bool,
    spans: Vec<(StepSpan, bool)>,
    events: usize,
    errors: usize,
}

/// The lanes, by first appearance.
pub(super) fn of(canvas: &Canvas<'_>, steps: &[Step<'_>], spans: &[StepSpan]) -> Vec<ServiceLane> {
    let mut lanes: Vec<ServiceLane> = Vec::new();
    for (step, span) in steps.iter().zip(spans) {
        let Step::Event(record) = step else { continue };
        let (name, _) = records::service(canvas, record);
        let at = lanes.iter().position(|lane| lane.name == name).unwrap_or_else(|| {
            let is_file = record.service.is_empty();
            lanes.push(ServiceLane { name, is_file, spans: Vec::new(), events: 0, errors: 0 });
            lanes.len() - 1
        });
        let failed = record.level >= LogLevel::Error;
        if let Some(lane) = lanes.get_mut(at) {
            lane.spans.push((*span, failed));
            lane.events += 1;
            lane.errors += usize::from(failed);
        }
    }
    lanes
}

/// Time in which at least one step of the lane went on, as far as that is known.
fn busy(lane: &ServiceLane) -> Nanos {
    let mut spans: Vec<(i64, i64)> = lane
        .spans
        .iter()
        .filter(|(span, _)| !span.coarse)
        .map(|(span, _)| (span.start.0, span.end.0))
        .collect();
    spans.sort_unstable();
    let (mut sum, mut reached) = (0, i64::MIN);
    for (start, end) in spans {
        sum += (end - start.max(reached)).max(0);
        reached = reached.max(end);
    }
    sum
}

/// Cells that are left for the axis in an area.
pub(super) fn axis_width(area: Rect) -> u16 {
    area.width.saturating_sub(NAME + SUM + 4).max(1)
}

/// From this height of the screen on there is a frame around the lanes.
pub(super) const FRAMED_FROM: u16 = 24;

/// Draws as many lanes as there are rows, and says how many more there are; `alerts` are marks on the same axis.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    lanes: &[ServiceLane],
    scale: TimeScale,
    alerts: &Safe,
) {
    let inner = framed(canvas, area, lanes.len());
    let room = usize::from(inner.height.saturating_sub(1));
    let listed = if lanes.len() > room { room.saturating_sub(1) } else { lanes.len() };
    for (row, lane) in lanes.iter().take(listed).enumerate() {
        let parts = parts_of(canvas, lane, scale);
        canvas.row(inner, to_u16(row), &parts);
    }
    if listed < lanes.len() {
        let more = safe!(" +{} more", lanes.len() - listed);
        canvas.row(inner, to_u16(listed), &[canvas.part(more, Role::Muted)]);
    }
    let last = inner.height.saturating_sub(1);
    let name = canvas.part(safe!(" {:<1$} ", "incidents", usize::from(NAME)), Role::Muted);
    canvas.row(inner, last, &[name, canvas.part(alerts.clone(), Role::Warning)]);
}

/// A frame where it is worth its rows.
fn framed(canvas: &mut Canvas<'_>, area: Rect, lanes: usize) -> Rect {
    if area.height <= LOW {
        return Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    }
    let title = canvas.part(safe!("{} service{}", lanes, plural(to_u64(lanes))), Role::Title);
    let note = canvas.own("┄ when is not sure · ! incident · ← → outside", Role::Muted);
    canvas.frame(area, &[title], &[note], false)
}

fn parts_of(canvas: &Canvas<'_>, lane: &ServiceLane, scale: TimeScale) -> Vec<Part> {
    let errors = match lane.errors {
        0 => Safe::default(),
        errors => safe!(" ×{}", errors),
    };
    let sum = safe!("{}  {} ev{}", length(busy(lane)), lane.events, errors);
    let name = match lane.is_file {
        true => records::file_within(lane.name.clone(), NAME),
        false => lane.name.truncate(usize::from(NAME), "…"),
    };
    let (bar, failed) = (bar(lane, scale), lane.errors > 0);
    vec![
        canvas.part(safe!(" {:<1$} ", name, usize::from(NAME)), Role::Strong),
        canvas.part(bar, if failed { Role::Bad } else { Role::Link }),
        canvas.part(safe!(" {:>1$}", sum, usize::from(SUM) - 2), Role::Muted),
    ]
}

/// What a cell shows, the stronger wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ink {
    Blank,
    Doubt,
    Inferred,
    Known,
    Failed,
}

impl Ink {
    fn glyph(self) -> &'static str {
        match self {
            Ink::Blank => " ",
            Ink::Doubt => "┄",
            Ink::Inferred => "░",
            Ink::Known => "█",
            Ink::Failed => "×",
        }
    }
}

fn bar(lane: &ServiceLane, scale: TimeScale) -> Safe {
    let mut cells = vec![Ink::Blank; usize::from(scale.cells)];
    let mut put = |at: usize, ink: Ink| {
        if let Some(cell) = cells.get_mut(at) {
            *cell = (*cell).max(ink);
        }
    };
    for (span, failed) in &lane.spans {
        let AxisSpot::On(from, to) = scale.spot(span.start, span.end) else { continue };
        let ink = match span {
            StepSpan { coarse: true, .. } => Ink::Doubt,
            StepSpan { inferred: true, .. } => Ink::Inferred,
            _ => Ink::Known,
        };
        (from..=to).for_each(|at| put(at, ink));
        if span.inferred && !span.coarse {
            put(from, Ink::Known);
        }
        if *failed {
            put(if span.inferred { from } else { to }, Ink::Failed);
        }
    }
    let mut bar = Safe::default();
    cells.into_iter().for_each(|ink| bar.push(&Safe::literal(ink.glyph())));
    bar
}

/// The alerts on the axis, in the row below the lanes.
pub(super) fn alert_marks(steps: &[Step<'_>], scale: TimeScale) -> Safe {
    let mut cells = vec![" "; usize::from(scale.cells)];
    for step in steps {
        let Step::Alert(alert) = step else { continue };
        let (at, mark) = scale.place(alert.time);
        if let Some(cell) = cells.get_mut(at) {
            *cell = mark;
        }
    }
    let mut marks = Safe::default();
    cells.into_iter().for_each(|cell| marks.push(&Safe::literal(cell)));
    marks
}
