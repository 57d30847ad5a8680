//! What a group remembers of events that it had to give up although they are still in its window.
//!
//! Panes of time with counts and sums, and for distinct values a HyperLogLog that also gets the events
//! which are held. A pane counts as long as any of it is in the window, so that a count is too high for
//! a while rather than too low.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::aggregate::{each_bit, fixed};
use super::plan::{Measure, WindowPlan};
use super::sketch::{DistinctInTime, end_of, pane_of, touches};
use super::window::Entry;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Residue {
    span: i64,
    panes: VecDeque<Pane>,
    distinct: Option<DistinctInTime>,
    /// Newest event that was given up.
    newest: i64,
}

/// Events of one pane, added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    number: i64,
    pub(crate) events: u64,
    /// As in the sum of a window.
    pub(crate) total: i128,
    pub(crate) numbers: u64,
    /// By rule bit.
    pub(crate) rules: Vec<u32>,
}

impl Residue {
    pub(crate) fn new<'e>(plan: &WindowPlan, held: impl Iterator<Item = &'e Entry>) -> Self {
        let counted = matches!(plan.measure, Measure::Distinct);
        let distinct = counted.then(|| DistinctInTime::new(plan.span));
        let mut residue = Self { span: plan.span, panes: VecDeque::new(), distinct, newest: i64::MIN };
        held.for_each(|entry| residue.see(entry));
        residue
    }

    /// An entry that is held.
    pub(crate) fn see(&mut self, entry: &Entry) {
        if let (Some(distinct), Some(value)) = (&mut self.distinct, entry.value()) {
            distinct.add(value, entry.time);
        }
    }

    /// An entry that is given up; they come in the order of their time.
    pub(crate) fn fold(&mut self, entry: &Entry, plan: &WindowPlan) {
        let number = pane_of(entry.time, self.span);
        if self.panes.back().is_none_or(|pane| pane.number < number) {
            self.panes.push_back(Pane { number, ..Pane::default() });
            while self
                .panes
                .front()
                .is_some_and(|pane| !touches(pane.number, entry.time - self.span, self.span))
            {
                self.panes.pop_front();
            }
        }
        self.newest = self.newest.max(entry.time);
        let Some(pane) = self.panes.back_mut() else { return };
        pane.events += 1;
        if let Some(number) =
            entry.number().filter(|_| matches!(plan.measure, Measure::Sum | Measure::Average))
        {
            // A sum with a lower bound must not become too low when only a part of a pane has left.
            let kept =
                if plan.is_lower_bound() && plan.measure == Measure::Sum { number.max(0.0) } else { number };
            pane.total = pane.total.saturating_add(fixed(kept));
            pane.numbers += 1;
        }
        if matches!(plan.measure, Measure::Rules { .. } | Measure::OrderedRules { .. }) {
            each_bit(entry.rules(), |bit| {
                if pane.rules.len() <= bit {
                    pane.rules.resize(bit + 1, 0);
                }
                pane.rules[bit] = pane.rules[bit].saturating_add(1);
            });
        }
    }

    /// Everything given up that may be in a window that starts at `start`.
    pub(crate) fn since(&self, start: i64) -> Pane {
        let mut all = Pane::default();
        for pane in self.panes.iter().filter(|pane| touches(pane.number, start, self.span)) {
            all.events += pane.events;
            all.total = all.total.saturating_add(pane.total);
            all.numbers += pane.numbers;
            all.rules.resize(all.rules.len().max(pane.rules.len()), 0);
            all.rules.iter_mut().zip(&pane.rules).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
        }
        all
    }

    /// Calls `visit` with the rules that matched in each pane, and the latest they can have.
    pub(crate) fn each_pane(&self, visit: &mut impl FnMut(u64, i64)) {
        for pane in &self.panes {
            let rules = pane.rules.iter().zip(0..).filter(|(count, _)| **count > 0);
            let end = end_of(pane.number, self.span).saturating_sub(1);
            visit(rules.fold(0, |bits, (_, bit)| bits | 1 << bit), end.min(self.newest));
        }
    }

    /// Distinct values in the newest window, at the most.
    pub(crate) fn distinct(&self) -> u64 {
        self.distinct.as_ref().map_or(0, DistinctInTime::upper)
    }

    /// Nothing that was given up is in a window that ends at `time`.
    pub(crate) fn is_over(&self, time: i64) -> bool {
        self.newest < time.saturating_sub(self.span)
    }
}
