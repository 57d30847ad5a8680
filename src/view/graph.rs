//! Graphs of blocks: one lane per severity instead of stacked colours, so that they can be read
//! without colour. Every graph says its span, bucket and peak in words.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, LeadsTo};
use super::format;
use super::format::Clock;
use super::scene::Scene;
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

    /// The column that holds a second.
    fn column(&self, second: i64) -> Option<i64> {
        (self.start..self.end()).contains(&second).then(|| (second - self.start) / self.bucket)
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

/// What a lane counts, from the top one down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelLane {
    /// None counts all.
    severity: Option<Severity>,
    label: &'static str,
    short_label: &'static str,
    /// Asks the index for the same events.
    pub query: &'static str,
}

impl LevelLane {
    const ALL: [LevelLane; 5] = [
        LevelLane::of(Severity::Critical, "CRIT", "C", "level:>=critical"),
        LevelLane::of(Severity::High, "ERROR", "E", "level:error"),
        LevelLane::of(Severity::Medium, "WARN", "W", "level:warn"),
        // What names no level is not worse.
        LevelLane::of(Severity::Low, "INFO", "I", "-level:>=warn"),
        LevelLane { severity: None, label: "all", short_label: "all", query: "" },
    ];

    const fn of(
        severity: Severity,
        label: &'static str,
        short_label: &'static str,
        query: &'static str,
    ) -> Self {
        Self { severity: Some(severity), label, short_label, query }
    }

    fn counts(self, level: LogLevel) -> bool {
        self.severity.is_none_or(|severity| {
            Severity::from(level) == severity || (severity == Severity::Low && level < LogLevel::Info)
        })
    }

    fn values(self, axis: &Axis, rates: &Rates) -> Vec<u64> {
        axis.buckets(rates, |level| self.counts(level))
    }
}

/// What a frame showed of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphShown {
    pub axis: Axis,
    pub lanes: usize,
}

impl GraphShown {
    /// The lane of a row; below the last one is the last one.
    #[must_use]
    pub fn lane(&self, row: usize) -> LevelLane {
        LevelLane::ALL[row.min(self.lanes.clamp(1, LevelLane::ALL.len()) - 1)]
    }

    /// The time of the bar with this second; without one, of all bars.
    #[must_use]
    pub fn time(&self, second: Option<i64>) -> (Timestamp, Timestamp) {
        let (start, end) = match second.and_then(|second| self.axis.column(second)) {
            Some(column) => {
                let start = self.axis.start + column * self.axis.bucket;
                (start, start + self.axis.bucket)
            }
            None => (self.axis.start, self.axis.end()),
        };
        (Timestamp::from_seconds(start), Timestamp::from_seconds(end))
    }

    /// A second of the bar beside: from all bars to the newest or the oldest, beyond the ends to all again.
    #[must_use]
    pub fn beside(&self, second: Option<i64>, later: bool) -> Option<i64> {
        let column = match (second.and_then(|second| self.axis.column(second)), later) {
            (None, true) => 0,
            (None, false) => self.axis.columns - 1,
            (Some(column), true) => column + 1,
            (Some(column), false) => column - 1,
        };
        (0..self.axis.columns).contains(&column).then(|| self.axis.start + column * self.axis.bucket)
    }
}

/// The lane and the bar that have the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphCursor {
    pub row: usize,
    pub second: Option<i64>,
}

/// Width of the labels at the left and of the totals at the right.
fn margins(width: u16) -> (u16, u16) {
    if width >= 56 { (9, 8) } else { (4, 6) }
}

/// What [`severity_lanes`] shows in this area.
pub fn shown_in(area: Rect, snapshot: &Snapshot) -> GraphShown {
    let (label, total) = margins(area.width);
    let columns = area.width.saturating_sub(label + total + 1);
    let lanes = usize::from(area.height.saturating_sub(footer(area))).clamp(1, LevelLane::ALL.len());
    GraphShown { axis: Axis::new(snapshot.now, snapshot.rates.first_second(), columns), lanes }
}

/// Rows below the lanes: the times, then the facts in words.
fn footer(area: Rect) -> u16 {
    u16::from(area.height >= 6) + u16::from(area.height >= 5)
}

/// Events by severity over time: a lane each, the total, the axis, and the facts in words.
pub fn severity_lanes(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    cursor: Option<GraphCursor>,
) -> GraphShown {
    let (snapshot, clock) = (scene.snapshot, &scene.clock);
    let shown = shown_in(area, snapshot);
    let axis = shown.axis;
    let room = area.height.saturating_sub(footer(area));
    let rows_each = (room / to_u16(shown.lanes)).clamp(1, 4);
    let mut y = area.y;
    for (row, lane) in LevelLane::ALL.into_iter().take(shown.lanes).enumerate() {
        let lane_area = Rect { y, height: rows_each, ..area };
        let values = lane.values(&axis, &snapshot.rates);
        lane_rows(canvas, lane_area, lane, &values);
        let chosen = cursor.filter(|cursor| cursor.row.min(shown.lanes - 1) == row);
        if let Some(cursor) = chosen {
            mark_bar(canvas, lane_area, &axis, cursor.second);
        }
        y += rows_each;
    }
    let lanes_area = Rect { height: y - area.y, ..area };
    brushable(canvas, lanes_area, &axis, scene);
    if footer(area) > 0 {
        time_row(canvas, Rect { y, height: 1, ..area }, &axis, clock);
    }
    if footer(area) > 1 {
        let row = Rect { y: area.bottom() - 1, height: 1, ..area };
        facts_row(canvas, row, &axis, &axis.totals(&snapshot.rates), clock);
    }
    shown
}

/// Dragging over the bars chooses their time.
fn brushable(canvas: &mut Canvas<'_>, area: Rect, axis: &Axis, scene: &Scene<'_>) {
    let (label, _) = margins(area.width);
    for column in 0..axis.columns {
        let start = axis.start + column * axis.bucket;
        let span = (Timestamp::from_seconds(start), Timestamp::from_seconds(start + axis.bucket));
        let bar = Rect { x: area.x + label + to_u16(column), width: 1, ..area };
        canvas.hit(bar, LeadsTo::Time(span));
        let brushed = scene.screens.search.brushed();
        if brushed.is_some_and(|(since, until)| span.0 < until && span.1 > since) {
            canvas.restyle(bar, canvas.style(Role::Selection));
        }
    }
}

/// The lane that has the keys, or one bar of it.
fn mark_bar(canvas: &mut Canvas<'_>, area: Rect, axis: &Axis, second: Option<i64>) {
    let (label, _) = margins(area.width);
    let style = canvas.style(Role::Selection);
    canvas.restyle(Rect { width: label.saturating_sub(1), y: area.bottom() - 1, height: 1, ..area }, style);
    if let Some(column) = second.and_then(|second| axis.column(second)) {
        canvas.restyle(Rect { x: area.x + label + to_u16(column), width: 1, ..area }, style);
    }
}

/// How many events the chosen bar stands for, and when they were.
pub fn chosen_in_words(shown: &GraphShown, cursor: GraphCursor, scene: &Scene<'_>) -> Safe {
    let (from, to) = shown.time(cursor.second);
    let lane = shown.lane(cursor.row);
    let count = scene.snapshot.rates.count(from.seconds()..to.seconds(), |level| lane.counts(level));
    let now = scene.snapshot.now;
    let (from, to) = (scene.clock.seconds(from, now), scene.clock.seconds(to, now));
    safe!("{} {}: {} to {}", format::count(count), lane.label, from, to)
}

fn lane_rows(canvas: &mut Canvas<'_>, area: Rect, lane: LevelLane, values: &[u64]) {
    let (label_width, total_width) = margins(area.width);
    let style = lane.severity.map_or_else(|| canvas.style(Role::Text), |severity| canvas.theme.bar(severity));
    let total: u64 = values.iter().sum();
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
    for (row, line) in stack(values, u64::from(area.height)).iter().enumerate() {
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
