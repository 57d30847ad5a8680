//! When the steps of a trace were, how sure that is, and where it stands on an axis.

use std::collections::HashMap;

use crate::alert::Alert;
use crate::event::{HOUR, LogLevel, Nanos, Record, SECOND, Timestamp};
use crate::query::Trace;
use crate::safe;
use crate::text::Safe;

/// One row of the timeline.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Event(&'a Record),
    Alert(&'a Alert),
    /// Nothing was written for this long after this event, which is remarkable.
    Gap {
        after: &'a Record,
        nanos: Nanos,
    },
}

impl Step<'_> {
    pub(super) fn time(&self) -> Timestamp {
        match self {
            Step::Event(record) => record.time,
            Step::Alert(alert) => alert.time,
            Step::Gap { after, .. } => after.time,
        }
    }

    /// An event is written when what it tells of is over.
    fn began(&self) -> Timestamp {
        match self {
            Step::Event(record) => record.time.plus(-duration(record).unwrap_or(0)),
            Step::Alert(_) | Step::Gap { .. } => self.time(),
        }
    }

    pub(super) fn is_event(&self) -> bool {
        matches!(self, Step::Event(_))
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self, Step::Event(record) if record.level >= LogLevel::Error)
    }
}

/// Events, alerts and gaps by when they began; at the same moment the event comes first.
#[must_use]
pub fn steps(trace: &Trace) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = trace.records.iter().map(Step::Event).collect();
    steps.extend(gaps(trace));
    steps.extend(trace.alerts.iter().map(Step::Alert));
    steps.sort_by_key(Step::began);
    steps
}

/// Longer spans than this are not believed: a field that is called duration may hold anything.
const LONGEST: Nanos = HOUR;

/// Nanoseconds, as the Elastic Common Schema has it.
pub(super) fn duration(record: &Record) -> Option<Nanos> {
    let value: f64 = record.get("event.duration")?.parse().ok()?;
    (value >= 0.0 && value <= LONGEST as f64).then_some(value as Nanos)
}

/// A pause is remarkable from this many usual ones on,
const USUAL_PAUSES: Nanos = 5;
/// and if it is at least this part of the whole.
const LEAST_PART: Nanos = 5;

/// The pauses in which nothing was written, by the finest stamps.
fn gaps(trace: &Trace) -> Vec<Step<'_>> {
    let grains = Grains::of(trace.records.iter());
    let fine: Vec<&Record> = trace.records.iter().filter(|record| !grains.is_coarsest(record)).collect();
    let records = if fine.is_empty() { trace.records.iter().collect() } else { fine };
    let pauses = records.windows(2).filter_map(|pair| match pair {
        [before, after] => Some((*before, after.time.since(before.time))),
        _ => None,
    });
    let pauses: Vec<(&Record, Nanos)> = pauses.collect();
    let mut lengths: Vec<Nanos> = pauses.iter().map(|(_, nanos)| *nanos).collect();
    lengths.sort_unstable();
    let usual = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let whole: Nanos = lengths.iter().sum();
    let is_remarkable =
        |nanos: Nanos| nanos > usual.saturating_mul(USUAL_PAUSES) && nanos > whole / LEAST_PART;
    let remarkable = pauses.into_iter().filter(|(_, nanos)| lengths.len() > 1 && is_remarkable(*nanos));
    remarkable.map(|(after, nanos)| Step::Gap { after, nanos }).collect()
}

/// How fine the stamps of each source are: the largest unit that all of them are multiples of.
struct Grains<'a> {
    of_source: HashMap<&'a str, Nanos>,
}

impl<'a> Grains<'a> {
    fn of(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut of_source: HashMap<&str, Nanos> = HashMap::new();
        for record in records {
            let grain = of_source.entry(&record.source).or_insert(SECOND);
            while record.time.0 % *grain != 0 {
                *grain /= 1000;
            }
        }
        Self { of_source }
    }

    fn get(&self, record: &Record) -> Nanos {
        self.of_source.get(&*record.source).copied().unwrap_or(1)
    }

    fn finest(&self) -> Nanos {
        self.of_source.values().copied().min().unwrap_or(1)
    }

    /// There are finer stamps than those of this event's source.
    fn is_coarsest(&self, record: &Record) -> bool {
        self.get(record) > self.finest()
    }
}

/// When a step began and ended, and whether that is only inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepSpan {
    pub start: Timestamp,
    pub end: Timestamp,
    pub inferred: bool,
    /// The stamp is so coarse that it could be anywhere in between.
    pub coarse: bool,
}

/// An uncertainty of this part of the axis is drawn.
const DOUBT_PART: Nanos = 20;

/// The span of every step.
pub(super) fn spans(steps: &[Step<'_>]) -> Vec<StepSpan> {
    let grains = Grains::of(steps.iter().filter_map(|step| match step {
        Step::Event(record) => Some(*record),
        _ => None,
    }));
    let spans = steps.iter().enumerate();
    let spans = spans.map(|(at, step)| span(step, steps.get(at + 1..).unwrap_or_default()));
    let mut spans: Vec<StepSpan> = spans.collect();
    // What is coarse beside finer ones is left out first, so that it does not stretch what it is measured by.
    for (step, span) in steps.iter().zip(&mut spans) {
        span.coarse = matches!(step, Step::Event(record) if grains.is_coarsest(record));
    }
    let (start, end) = bounds(steps, &spans);
    for (step, span) in steps.iter().zip(&mut spans) {
        let Step::Event(record) = step else { continue };
        let grain = grains.get(record);
        span.coarse &= grain > end.since(start) / DOUBT_PART;
        if span.coarse {
            span.end = record.time.plus(grain - 1);
        }
    }
    spans
}

fn span(step: &Step<'_>, later: &[Step<'_>]) -> StepSpan {
    let time = step.time();
    let known = |start, end| StepSpan { start, end, inferred: false, coarse: false };
    let record = match step {
        Step::Event(record) => record,
        Step::Alert(_) => return known(time, time),
        Step::Gap { nanos, .. } => return known(time, time.plus(*nanos)),
    };
    if let Some(duration) = duration(record) {
        return known(time.plus(-duration), time);
    }
    let of_same_service =
        |later: &&Step<'_>| matches!(later, Step::Event(next) if next.service == record.service);
    let end = later.iter().find(of_same_service).map_or(time, Step::time);
    StepSpan { start: time, end, inferred: true, coarse: false }
}

/// From the first event to the last. Alerts do not count: an incident may go on for hours.
pub(super) fn bounds(steps: &[Step<'_>], spans: &[StepSpan]) -> (Timestamp, Timestamp) {
    let only_alerts = !steps.iter().any(Step::is_event);
    let counted = || {
        // A stamp of a second would take most of the axis of a request of milliseconds.
        let pairs = steps.iter().zip(spans);
        pairs.filter(|(step, span)| only_alerts || (step.is_event() && !span.coarse)).map(|(_, span)| span)
    };
    let start = counted().map(|span| span.start).min().unwrap_or_default();
    let end = counted().map(|span| span.end).max().unwrap_or_default();
    (start, end)
}

/// From times to cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeScale {
    pub start: Timestamp,
    pub nanos: Nanos,
    pub cells: u16,
}

/// Where something lies on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AxisSpot {
    Before,
    /// From this cell to that one.
    On(usize, usize),
    After,
}

impl TimeScale {
    /// A part of the whole around a moment: each step of `zoom` halves it.
    pub fn around(bounds: (Timestamp, Timestamp), moment: Timestamp, zoom: u32, cells: u16) -> Self {
        let (start, end) = bounds;
        let whole = end.since(start).max(1);
        let nanos = (whole >> zoom.min(40)).max(whole.min(1000)).max(1);
        let wanted = moment.since(start).saturating_sub(nanos / 2);
        let start = start.plus(wanted.clamp(0, whole - nanos));
        Self { start, nanos, cells: cells.max(1) }
    }

    pub fn spot(&self, from: Timestamp, to: Timestamp) -> AxisSpot {
        if to < self.start {
            return AxisSpot::Before;
        }
        if from.since(self.start) > self.nanos {
            return AxisSpot::After;
        }
        AxisSpot::On(self.column(from), self.column(to).max(self.column(from)))
    }

    /// Where an alert stands: `!` on the axis, an arrow where it lies outside.
    pub fn place(&self, time: Timestamp) -> (usize, &'static str) {
        match self.spot(time, time) {
            AxisSpot::Before => (0, "←"),
            AxisSpot::On(column, _) => (column, "!"),
            AxisSpot::After => (usize::from(self.cells.saturating_sub(1)), "→"),
        }
    }

    fn column(&self, time: Timestamp) -> usize {
        let offset = i128::from(time.since(self.start).clamp(0, self.nanos));
        (offset * i128::from(self.cells.saturating_sub(1)) / i128::from(self.nanos)) as usize
    }
}

/// A bar on the axis; a failure ends in `×`. What lies outside is an arrow at the edge.
pub(super) fn bar(span: StepSpan, scale: TimeScale, failed: bool) -> Safe {
    let (from, to) = match scale.spot(span.start, span.end) {
        AxisSpot::On(from, to) => (from, to),
        AxisSpot::Before => return safe!("‹"),
        AxisSpot::After => return safe!("{:>1$}", "›", usize::from(scale.cells)),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(cells: u16) -> TimeScale {
        TimeScale { start: Timestamp(0), nanos: 100, cells }
    }

    fn span(start: i64, end: i64, inferred: bool, coarse: bool) -> StepSpan {
        StepSpan { start: Timestamp(start), end: Timestamp(end), inferred, coarse }
    }

    #[test]
    fn bars_stand_where_their_time_is() {
        for (span, failed, expect) in [
            (span(0, 100, false, false), false, "███████████"),
            (span(0, 100, true, false), false, "█░░░░░░░░░░"),
            (span(50, 50, true, false), false, "     █"),
            (span(50, 70, false, false), true, "     ██×"),
            (span(50, 70, true, false), true, "     ×░░"),
            (span(-50, 500, false, false), false, "███████████"),
            (span(-50, -1, false, false), false, "‹"),
            (span(101, 150, false, false), false, "          ›"),
        ] {
            assert_eq!(bar(span, scale(11), failed), expect, "{span:?}");
        }
    }

    #[test]
    fn a_coarse_stamp_is_drawn_as_doubt_and_an_alert_outside_as_an_arrow() {
        assert_eq!(bar(span(0, 100, false, true), scale(11), false), "┄┄┄┄┄┄┄┄┄┄┄");
        let place = |time| scale(11).place(Timestamp(time));
        assert_eq!([place(-5), place(50), place(101)], [(0, "←"), (5, "!"), (10, "→")]);
    }

    #[test]
    fn a_zoom_halves_the_axis_around_a_moment_and_stays_within_the_whole() {
        let of = |moment, zoom| {
            let bounds = (Timestamp(0), Timestamp(1_000_000));
            let scale = TimeScale::around(bounds, Timestamp(moment), zoom, 10);
            (scale.start.0, scale.nanos)
        };
        assert_eq!(of(500_000, 0), (0, 1_000_000));
        assert_eq!(of(500_000, 1), (250_000, 500_000));
        assert_eq!(of(0, 1), (0, 500_000));
        assert_eq!(of(1_000_000, 1), (500_000, 500_000));
        assert_eq!(of(500_000, 40).1, 1000, "a microsecond is the finest");
        let point = TimeScale::around((Timestamp(5), Timestamp(5)), Timestamp(5), 3, 10);
        assert_eq!((point.start.0, point.nanos), (5, 1));
    }
}
