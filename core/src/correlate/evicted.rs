//! What a group remembers of events that it had to give up although they are still in its window, and of events
//! that it may have had before it got a place.
//!
//! Two bounds: what certainly was there (events of panes that lie in the window as a whole, the newest of each
//! rule, distinct values one by one), and what may have been there. A condition holds where it holds for both.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::numbers::{Total, each_bit};
use super::plan::{Measure, WindowPlan};
use super::sketch::{DistinctInTime, pane_of, start_of, touches};
use crate::event::{Nanos, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EvictedSummary {
    span: Nanos,
    panes: VecDeque<Pane>,
    /// Values that no entry holds any more, by the time of their newest event; each once.
    values: VecDeque<(Timestamp, u64)>,
    /// Some of these did not find room: how many there may be.
    distinct: Option<DistinctInTime>,
    /// Newest event that was given up, of all and of each rule.
    newest: Timestamp,
    newest_of: Vec<Timestamp>,
}

/// Values that are remembered one by one.
const MOST_VALUES: usize = 1024;

/// Events of one pane, added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    number: i64,
    pub(crate) events: u64,
    /// Events of which no more is known than that there may have been this many.
    pub(crate) unknown: u64,
    /// Sums of the numbers above and below zero.
    pub(crate) above: Total,
    pub(crate) below: Total,
    pub(crate) numbers: u64,
    /// By rule bit.
    pub(crate) rules: Vec<u32>,
}

impl Pane {
    fn add(&mut self, other: &Pane) {
        self.events += other.events;
        self.unknown += other.unknown;
        self.above = self.above.plus(other.above);
        self.below = self.below.plus(other.below);
        self.numbers += other.numbers;
        self.rules.resize(self.rules.len().max(other.rules.len()), 0);
        self.rules.iter_mut().zip(&other.rules).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }

    /// Events that may have been of the first rule.
    pub(crate) fn first_rule(&self) -> u32 {
        let unknown = u32::try_from(self.unknown).unwrap_or(u32::MAX);
        self.rules.first().map_or(unknown, |count| count.saturating_add(unknown))
    }

    /// Events that may have been of the second rule.
    pub(crate) fn second_rule(&self) -> u32 {
        let unknown = u32::try_from(self.unknown).unwrap_or(u32::MAX);
        self.rules.get(1).map_or(unknown, |count| count.saturating_add(unknown))
    }

    pub(crate) fn total(&self) -> Total {
        self.above.plus(self.below)
    }
}

impl EvictedSummary {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        Self {
            span: plan.span,
            panes: VecDeque::new(),
            values: VecDeque::new(),
            distinct: None,
            newest: Timestamp::MIN,
            newest_of: Vec::new(),
        }
    }

    /// Before `time` there may have been so many events that nobody kept.
    pub(crate) fn of_unknown(plan: &WindowPlan, events: u64, time: Timestamp) -> Self {
        let mut evicted = Self::new(plan);
        evicted.newest = time;
        evicted.pane(time).unknown = events;
        evicted
    }

    /// An entry that is held from now on.
    pub(crate) fn see(&mut self, entry: &Entry) {
        for value in entry.fingerprints() {
            self.values.retain(|(_, known)| known != value);
        }
    }

    fn pane(&mut self, time: Timestamp) -> &mut Pane {
        let number = pane_of(time, self.span);
        let newest = self.panes.back().map(|pane| pane.number);
        if newest.is_none_or(|newest| newest < number) {
            self.panes.push_back(Pane { number, ..Pane::default() });
            let start = time.minus(self.span);
            let span = self.span;
            self.panes.retain(|pane| touches(pane.number, start, span));
        }
        // What comes late is counted with the newest: it may have been later than it was.
        let last = self.panes.len() - 1;
        &mut self.panes[last]
    }

    /// An entry that is given up; they come in the order of their time. `is_held`: whether others have a value
    /// of it.
    pub(crate) fn fold(&mut self, entry: &Entry, plan: &WindowPlan, is_held: impl Fn(u64) -> bool) {
        self.newest = self.newest.max(entry.time);
        if plan.measure == Measure::Distinct {
            self.keep_values(entry, is_held);
        }
        let pane = self.pane(entry.time);
        pane.events += 1;
        for number in entry.numbers().iter().filter_map(|number| Total::of(*number)) {
            let above = number.at_least_zero();
            pane.above = pane.above.plus(above);
            pane.below = pane.below.plus(number.minus(above));
            pane.numbers += 1;
        }
        if matches!(plan.measure, Measure::Rules { .. } | Measure::OrderedRules { .. }) {
            self.count_rules(entry);
        }
    }

    fn count_rules(&mut self, entry: &Entry) {
        let newest_of = &mut self.newest_of;
        let Some(pane) = self.panes.back_mut() else { return };
        each_bit(entry.rules(), |bit| {
            if pane.rules.len() <= bit {
                pane.rules.resize(bit + 1, 0);
            }
            pane.rules[bit] = pane.rules[bit].saturating_add(1);
            if newest_of.len() <= bit {
                newest_of.resize(bit + 1, Timestamp::MIN);
            }
            newest_of[bit] = newest_of[bit].max(entry.time);
        });
    }

    fn keep_values(&mut self, entry: &Entry, is_held: impl Fn(u64) -> bool) {
        let start = entry.time.minus(self.span);
        while self.values.front().is_some_and(|(time, _)| *time < start) {
            self.values.pop_front();
        }
        for value in entry.fingerprints().iter().filter(|value| !is_held(**value)) {
            self.values.retain(|(_, known)| known != value);
            self.values.push_back((entry.time, *value));
        }
        while self.values.len() > MOST_VALUES
            && let Some((time, value)) = self.values.pop_front()
        {
            let span = self.span;
            self.distinct.get_or_insert_with(|| DistinctInTime::new(span)).add(value, time);
        }
    }

    /// Everything that may be in a window that starts at `start`.
    pub(crate) fn may_hold(&self, start: Timestamp) -> Pane {
        self.added_up(|pane| touches(pane.number, start, self.span))
    }

    /// Everything that certainly is in the window from `start` to `end`.
    pub(crate) fn holds(&self, start: Timestamp, end: Timestamp) -> Pane {
        // Where a late event is looked at, it may be older than what was given up.
        let whole = |pane: &Pane| start_of(pane.number, self.span) >= start && self.newest <= end;
        Pane { unknown: 0, ..self.added_up(whole) }
    }

    fn added_up(&self, wanted: impl Fn(&Pane) -> bool) -> Pane {
        let mut all = Pane::default();
        self.panes.iter().filter(|pane| wanted(pane)).for_each(|pane| all.add(pane));
        all
    }

    /// Rules of which an event was given up that certainly is in the window from `start` to `end`.
    pub(crate) fn rules_in(&self, start: Timestamp, end: Timestamp) -> u64 {
        let inside = |time: &Timestamp| (start..=end).contains(time);
        let bits = self.newest_of.iter().enumerate().filter(|(_, time)| inside(time));
        bits.fold(0, |bits, (bit, _)| bits | 1 << bit)
    }

    /// The newest event of each rule, oldest first.
    pub(crate) fn newest_of_rules(&self) -> Vec<(Timestamp, u64)> {
        let known = self.newest_of.iter().enumerate().filter(|(_, time)| **time > Timestamp::MIN);
        let mut known: Vec<(Timestamp, u64)> = known.map(|(bit, time)| (*time, 1 << bit)).collect();
        known.sort_unstable();
        known
    }

    /// Distinct values that no entry holds, in a window from `start` to `end`: certainly, and at most.
    pub(crate) fn distinct(&self, start: Timestamp, end: Timestamp) -> (u64, u64) {
        let (from, until) = (
            self.values.partition_point(|(time, _)| *time < start),
            self.values.partition_point(|(time, _)| *time <= end),
        );
        let known = until.saturating_sub(from) as u64;
        let more = self.distinct.as_ref().map_or(0, DistinctInTime::upper);
        (known, known + more + self.may_hold(start).unknown)
    }

    /// Nothing that was given up is in a window that ends at `time`.
    pub(crate) fn is_over(&self, time: Timestamp) -> bool {
        self.newest < time.minus(self.span)
    }
}
