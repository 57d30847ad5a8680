//! Graphs of blocks: one lane per severity instead of stacked colours, so that they can be read
//! without colour. Every graph says its span, bucket and peak in words.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::Canvas;
use super::format;
use super::format::Clock;
use super::theme::{Role, Severity};
use crate::event::number::{to_f64, to_i64, to_u16, to_usize};
use crate::event::{LogLevel, Timestamp};
use crate::safe;
use crate::state::{Rates, Snapshot};
use crate::text::Safe;

const BLOCKS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Bucket widths in seconds that people can name.
const BUCKETS: [i64; 9] = [1, 2, 5, 10, 15, 20, 30, 60, 120];

/// The time axis of a graph: `columns` buckets, the last of which holds the present moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub bucket: i64,
    pub columns: i64,
    /// First second of the first bucket.
    pub start: i64,
}

impl Axis {
    /// The finest axis that shows everything since `first`, at most an hour. Buckets begin at
    /// multiples of their width, so that bars do not change shape as time goes on.
    pub fn new(now: Timestamp, first: Option<i64>, columns: u16) -> Self {
        let columns = i64::from(columns.max(1));
        let now = now.seconds();
        let elapsed = first.map_or(0, |first| now - first).clamp(0, to_i64(Rates::LIMIT) - 1);
        let fits = |bucket: &&i64| **bucket * (columns - 1) > elapsed;
        let bucket = BUCKETS.iter().find(fits).copied().unwrap_or(BUCKETS[BUCKETS.len() - 1]);
        let last_start = now.div_euclid(bucket) * bucket;
        Self { bucket, columns, start: last_start - bucket * (columns - 1) }
    }

    pub fn end(&self) -> i64 {
        self.start + self.bucket * self.columns
    }

    fn buckets(&self, rates: &Rates, wanted: impl Fn(LogLevel) -> bool) -> Vec<u64> {
        (0..self.columns)
            .map(|column| {
                let start = self.start + column * self.bucket;
                rates.count(start..start + self.bucket, &wanted)
            })
            .collect()
    }

    /// All events per bucket.
    pub fn totals(&self, rates: &Rates) -> Vec<u64> {
        self.buckets(rates, |_| true)
    }

    /// `15 min`, `40 s`.
    pub fn span(&self) -> Safe {
        match self.columns * self.bucket {
            seconds @ 0..120 => safe!("{} s", seconds),
            seconds => safe!("{} min", (seconds + 30) / 60),
        }
    }
}

/// One block per value, scaled to the largest; what is not zero is never invisible.
pub fn spark(values: &[u64], style: Style) -> Vec<(Safe, Style)> {
    stack(values, 1).into_iter().next().map(|line| (line, style)).into_iter().collect()
}

/// One block per value on a fixed scale from zero, which is a line, to `full`.
pub fn scaled(values: &[u64], full: u64) -> Safe {
    let mut line = Safe::default();
    for value in values {
        let block = (value * 8 / full.max(1)).clamp(1, 8);
        line.push(&Safe::literal(BLOCKS[to_usize(block)]));
    }
    line
}

/// Bars of several rows, from the top row to the bottom row.
pub fn stack(values: &[u64], rows: u64) -> Vec<Safe> {
    let largest = values.iter().copied().max().unwrap_or(0).max(SMALLEST_SCALE);
    let steps = rows * 8;
    let height = |value: u64| match value {
        0 => 0,
        value => {
            (u128::from(value) * u128::from(steps) / u128::from(largest)).clamp(1, u128::from(steps)) as u64
        }
    };
    (0..rows)
        .rev()
        .map(|row| {
            let mut line = Safe::default();
            for value in values {
                let block = height(*value).saturating_sub(row * 8).min(8);
                line.push(&Safe::literal(BLOCKS[to_usize(block)]));
            }
            line
        })
        .collect()
}

/// A full bar is never less than this: a single event must not look like a storm.
const SMALLEST_SCALE: u64 = 8;

struct GraphLane {
    severity: Option<Severity>,
    label: &'static str,
    short_label: &'static str,
    values: Vec<u64>,
}

fn lanes(axis: &Axis, rates: &Rates) -> Vec<GraphLane> {
    let lane = |severity: Severity, label, short_label| GraphLane {
        severity: Some(severity),
        label,
        short_label,
        values: axis.buckets(rates, |level| {
            Severity::from(level) == severity || (severity == Severity::Low && level < LogLevel::Info)
        }),
    };
    vec![
        lane(Severity::Critical, "CRIT", "C"),
        lane(Severity::High, "ERROR", "E"),
        lane(Severity::Medium, "WARN", "W"),
        lane(Severity::Low, "INFO", "I"),
        GraphLane { severity: None, label: "all", short_label: "all", values: axis.buckets(rates, |_| true) },
    ]
}

/// Width of the labels at the left and of the totals at the right.
fn margins(width: u16) -> (u16, u16) {
    if width >= 56 { (9, 8) } else { (4, 6) }
}

/// The axis that [`severity_lanes`] uses in this area.
pub fn axis_for(area: Rect, snapshot: &Snapshot) -> Axis {
    let (label, total) = margins(area.width);
    Axis::new(snapshot.now, snapshot.rates.first_second(), area.width.saturating_sub(label + total + 1))
}

/// Events by severity over time: a lane each, the total, the axis, and the facts in words.
pub fn severity_lanes(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot, clock: &Clock) {
    let axis = axis_for(area, snapshot);
    let mut lanes = lanes(&axis, &snapshot.rates);
    let facts = area.height >= 6;
    let axis_row = area.height >= 5;
    let footer = u16::from(facts) + u16::from(axis_row);
    while to_u16(lanes.len()) > area.height.saturating_sub(footer) && lanes.len() > 1 {
        lanes.remove(lanes.len() - 1);
    }
    let room = area.height.saturating_sub(footer);
    let rows_each = (room / to_u16(lanes.len())).clamp(1, 4);
    let mut y = area.y;
    for lane in &lanes {
        lane_rows(canvas, Rect { y, height: rows_each, ..area }, lane);
        y += rows_each;
    }
    if axis_row {
        time_row(canvas, Rect { y, height: 1, ..area }, &axis, clock);
    }
    if facts {
        let row = Rect { y: area.bottom() - 1, height: 1, ..area };
        facts_row(canvas, row, &axis, &axis.totals(&snapshot.rates), clock);
    }
}

fn lane_rows(canvas: &mut Canvas<'_>, area: Rect, lane: &GraphLane) {
    let (label_width, total_width) = margins(area.width);
    let style = lane.severity.map_or_else(|| canvas.style(Role::Text), |severity| canvas.theme.bar(severity));
    let total: u64 = lane.values.iter().sum();
    let wide = label_width > 4;
    let name = if wide { lane.label } else { lane.short_label };
    let label = match lane.severity {
        Some(severity) if wide => safe!("{} {}", severity.shape(), name),
        Some(severity) => safe!("{}{}", severity.shape(), name),
        None => safe!("{}", name),
    };
    let bottom = area.bottom() - 1;
    let label_style = if total == 0 { canvas.style(Role::Muted) } else { style };
    canvas.text(area.x, bottom, label_width, &label, label_style);
    for (row, line) in stack(&lane.values, u64::from(area.height)).iter().enumerate() {
        canvas.text(area.x + label_width, area.y + to_u16(row), to_u16(line.width()), line, style);
    }
    let number = if wide { format::count(total) } else { format::compact(total) };
    let number = safe!("{:>1$}", number, usize::from(total_width));
    let role = if total == 0 { Role::Muted } else { Role::Text };
    canvas.text(area.right() - total_width, bottom, total_width, &number, canvas.style(role));
}

fn time_row(canvas: &mut Canvas<'_>, row: Rect, axis: &Axis, clock: &Clock) {
    let (label, _) = margins(row.width);
    let muted = canvas.style(Role::Muted);
    let marks = if axis.columns >= 48 { 4 } else { 2 };
    let time = |second: i64| match axis.bucket * axis.columns {
        0..600 => clock.seconds(Timestamp::from_seconds(second), Timestamp::from_seconds(axis.end())),
        _ => clock.minutes(Timestamp::from_seconds(second)),
    };
    for mark in 0..marks {
        let column = axis.columns * mark / marks;
        canvas.text(
            row.x + label + to_u16(column),
            row.y,
            10,
            &time(axis.start + column * axis.bucket),
            muted,
        );
    }
    let now = safe!("now");
    canvas.text(row.x + label + to_u16(axis.columns).saturating_sub(3), row.y, 3, &now, muted);
}

fn facts_row(canvas: &mut Canvas<'_>, row: Rect, axis: &Axis, total: &[u64], clock: &Clock) {
    let (index, peak) = total.iter().copied().enumerate().max_by_key(|(_, n)| *n).unwrap_or_default();
    let at = Timestamp::from_seconds(axis.start + to_i64(index) * axis.bucket);
    let rate = format::rate(to_f64(peak) / to_f64(axis.bucket));
    let text = match peak {
        0 => safe!("no events yet"),
        _ => safe!("peak {}/s at {}", rate, clock.seconds(at, Timestamp::from_seconds(axis.end()))),
    };
    let muted = canvas.style(Role::Muted);
    canvas.text(row.x, row.y, row.width, &text, muted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_scaled_and_never_vanish() {
        assert_eq!(stack(&[0, 1, 50, 100], 1), ["", " ▁▄█"].map(Safe::literal).get(1..).expect("one"));
        assert_eq!(stack(&[0, 1, 8, 16], 2), [safe!("   █"), safe!(" ▁██")]);
        assert_eq!(stack(&[0, 1, 2], 1), [safe!(" ▁▂")], "few events stay small");
        assert_eq!(stack(&[], 1), [safe!("")]);
        assert_eq!(stack(&[u64::MAX, u64::MAX / 2], 1), [safe!("█▃")]);
    }

    #[test]
    fn the_axis_is_the_finest_that_shows_everything() {
        let now = Timestamp::from_seconds(10_000);
        let axis = |first, columns| Axis::new(now, first, columns);
        assert_eq!(axis(None, 60), Axis { bucket: 1, columns: 60, start: 9941 });
        assert_eq!(axis(Some(9_950), 60).bucket, 1);
        assert_eq!(axis(Some(9_900), 60).bucket, 2);
        assert_eq!(axis(Some(0), 60).bucket, 120);
        assert_eq!(axis(Some(0), 62).bucket, 60);
        assert_eq!(axis(Some(20_000), 1).columns, 1);
        let coarse = axis(Some(9_000), 60);
        assert_eq!((coarse.start % coarse.bucket, coarse.end() > 10_000), (0, true));
    }
}
