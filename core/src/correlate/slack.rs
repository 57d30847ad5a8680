//! How far a group is from firing: what lets an event come late without another look at all that came after it.
//!
//! Lines are nearly in order everywhere and hardly ever quite. A late event raises every window after it, by what it
//! weighs at most; where each of them lacks more than that, none of them changes what it says.

use std::collections::VecDeque;

use super::plan::WindowPlan;
use crate::event::{Nanos, Timestamp};

/// The least that any of the windows lacks that end in one stretch of time, and the least that those can spare which
/// hold, if any does.
#[derive(Clone, Copy, Debug)]
struct Pane {
    number: i64,
    lacks: u64,
    /// Of windows that have too few events for a share, and are not among those of `lacks`: what is missing at least.
    short: u64,
    spare: Option<u64>,
}

/// How far one window is from changing what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Margin {
    /// It lacks this much to hold. Lacking nothing: it may come to hold by anything.
    Lacks(u64),
    /// It needs this many more events before its share matters.
    Short(u64),
    /// It holds, and can spare this much.
    Spares(u64),
}

/// An event that comes late: what it adds to windows that do not hold, and takes from those that do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) weight: u64,
    /// Events of the whole.
    pub(crate) events: u64,
    /// Nothing, where that is not known.
    pub(crate) loss: Option<u64>,
}

/// What is known of the windows of a group.
#[derive(Clone, Debug)]
pub(crate) struct Slack {
    /// Of windows that end earlier nothing is known.
    known_since: Timestamp,
    older: VecDeque<Pane>,
    newest: Pane,
}

/// What all windows that end in some time have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Headroom {
    /// Those that do not hold lack at least this much.
    pub(crate) lacks: u64,
    /// Those that have too few events for a share need at least this many.
    pub(crate) short: u64,
    /// Some hold, and can spare at least this much.
    pub(crate) spare: Option<u64>,
}

impl Headroom {
    /// Whether some hold.
    pub(crate) fn holds(self) -> bool {
        self.spare.is_some()
    }
}

/// The least of what some windows can spare.
fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

/// Panes of one timespan.
const PANES: i64 = 64;
/// For this many timespans panes are kept.
const KEPT: i64 = 3;

impl Pane {
    fn new(number: i64) -> Self {
        Self { number, lacks: u64::MAX, short: u64::MAX, spare: None }
    }
}

impl Default for Slack {
    fn default() -> Self {
        Self { known_since: Timestamp::MIN, older: VecDeque::new(), newest: Pane::new(i64::MIN) }
    }
}

impl Slack {
    /// Nothing is known of the windows that end before `time`.
    pub(crate) fn known_since(time: Timestamp) -> Self {
        Self { known_since: time, ..Self::default() }
    }

    /// Takes note of a window that ends at `time`.
    pub(crate) fn note(&mut self, time: Timestamp, margin: Margin, plan: &WindowPlan) {
        let pane = self.pane(pane_of(time, plan), plan);
        match margin {
            Margin::Spares(spare) => pane.spare = least(pane.spare, Some(spare)),
            Margin::Short(short) => pane.short = pane.short.min(short),
            Margin::Lacks(lacks) => pane.lacks = plan.distance.common(pane.lacks, lacks),
        }
    }

    fn pane(&mut self, number: i64, plan: &WindowPlan) -> &mut Pane {
        // Nearly always.
        if number == self.newest.number {
            return &mut self.newest;
        }
        if number > self.newest.number {
            let before = std::mem::replace(&mut self.newest, Pane::new(number));
            if before.number != i64::MIN {
                self.older.push_back(before);
                self.forget_before(number.saturating_sub(KEPT * PANES), plan);
            }
            return &mut self.newest;
        }
        let at = self.older.partition_point(|pane| pane.number < number);
        if self.older.get(at).is_none_or(|pane| pane.number != number) {
            self.older.insert(at, Pane::new(number));
        }
        &mut self.older[at]
    }

    /// Forgets windows that end so long before `time` that it is not in their pane.
    pub(crate) fn forget_until(&mut self, time: Timestamp, plan: &WindowPlan) {
        self.forget_before(pane_of(time, plan), plan);
        if self.older.capacity() > 4 * self.older.len().max(4) {
            self.older.shrink_to(2 * self.older.len());
        }
    }

    fn forget_before(&mut self, number: i64, plan: &WindowPlan) {
        while let Some(pane) = self.older.front().filter(|pane| pane.number < number) {
            self.known_since =
                self.known_since.max(Timestamp::of_period(pane.number.saturating_add(1), width(plan)));
            self.older.pop_front();
        }
    }

    /// The panes in which windows end from `first` to `last`.
    fn between(
        &mut self,
        first: Timestamp,
        last: Timestamp,
        plan: &WindowPlan,
    ) -> impl Iterator<Item = &mut Pane> {
        let (first, last) = (pane_of(first, plan), pane_of(last, plan));
        let from = self.older.partition_point(|pane| pane.number < first);
        let newest = Some(&mut self.newest).filter(|pane| (first..=last).contains(&pane.number));
        self.older.range_mut(from..).take_while(move |pane| pane.number <= last).chain(newest)
    }

    /// Of windows that end from `first` to `last`; `None` where that is not known.
    pub(crate) fn room(&mut self, first: Timestamp, last: Timestamp, plan: &WindowPlan) -> Option<Headroom> {
        if first < self.known_since {
            return None;
        }
        let none = Headroom { lacks: u64::MAX, short: u64::MAX, spare: None };
        Some(self.between(first, last, plan).fold(none, |room, pane| Headroom {
            lacks: plan.distance.common(room.lacks, pane.lacks),
            short: room.short.min(pane.short),
            spare: least(room.spare, pane.spare),
        }))
    }

    /// An event came that the windows have in common which end from `first` to `last`.
    pub(crate) fn bear(&mut self, first: Timestamp, last: Timestamp, load: Load, plan: &WindowPlan) {
        let loss = load.loss.unwrap_or(u64::MAX);
        if load.weight == 0 && load.events == 0 && loss == 0 {
            return;
        }
        self.between(first, last, plan).for_each(|pane| {
            pane.lacks = plan.distance.after(pane.lacks, load.weight);
            pane.short = pane.short.saturating_sub(load.events);
            pane.spare = pane.spare.map(|spare| spare.saturating_sub(loss));
        });
    }

    /// All windows will be looked at again that end after `first` and before `last`, both in their panes.
    pub(crate) fn renew(&mut self, first: Timestamp, last: Timestamp, plan: &WindowPlan) {
        let (first, last) = (pane_of(first, plan), pane_of(last, plan));
        let all = self.older.iter_mut().chain([&mut self.newest]);
        for pane in all.filter(|pane| first < pane.number && pane.number < last) {
            *pane = Pane::new(pane.number);
        }
    }
}

fn width(plan: &WindowPlan) -> Nanos {
    (plan.span / PANES).max(1)
}

fn pane_of(time: Timestamp, plan: &WindowPlan) -> i64 {
    time.period(width(plan))
}
