//! What is known of the time of each source. Thousands of files may be followed, and how far all of them have come is
//! asked with every event: those that have told all, which are nearly all of them, are not looked at one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::number::to_usize;
use crate::event::{Nanos, SourceId, Timestamp};

/// Sources beyond this share the clock of the last one: the number comes from the caller.
const MOST_SOURCES: usize = 65_536;

/// What belongs to no source in particular.
pub(crate) const NO_SOURCE: SourceId = SourceId(u32::MAX);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SourceClock {
    /// `None` before its first event.
    pub(super) newest: Option<Timestamp>,
    /// When its newest event arrived.
    pub(super) arrived: Option<Timestamp>,
    /// Since when patience is needed: its last event, or the first look at it.
    pub(super) silent_since: Option<Timestamp>,
    /// It has told all that it has.
    pub(super) idle: bool,
    /// It had told all before: what it says now has just been written.
    pub(super) live: bool,
    /// How far its newest event lagged behind its arrival when it had just been written and was the last: a
    /// clock or a zone that is wrong.
    pub(super) lag: Option<Nanos>,
}

impl SourceClock {
    /// The lag of its clock; while it has more to tell, what that is at most.
    pub(super) fn lag_at_most(&self) -> Option<Nanos> {
        let arrived = || Some(self.arrived?.since(self.newest?).max(0));
        self.lag.filter(|_| self.idle).or_else(arrived)
    }

    fn lag_while_live(&self) -> Option<Nanos> {
        self.lag_at_most().filter(|_| self.live)
    }
}

/// All sources by their numbers; how they are stored, they are a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Option<SourceClock>>", into = "Vec<Option<SourceClock>>")]
pub(super) struct Sources {
    /// `None` for a number that was never used.
    all: Vec<Option<SourceClock>>,
    /// Those that have more to tell than they have told.
    telling: BTreeSet<usize>,
    /// The newest events of the others.
    newest: Multiset<Timestamp>,
    /// The lags of the others, as far as they are live.
    lags: Multiset<Nanos>,
}

impl From<Vec<Option<SourceClock>>> for Sources {
    fn from(all: Vec<Option<SourceClock>>) -> Self {
        let mut sources = Self::default();
        for (at, clock) in all.iter().enumerate().filter_map(|(at, clock)| Some((at, clock.as_ref()?))) {
            sources.count(at, clock);
        }
        Self { all, ..sources }
    }
}

impl From<Sources> for Vec<Option<SourceClock>> {
    fn from(sources: Sources) -> Self {
        sources.all
    }
}

impl Sources {
    pub(super) fn get(&self, source: SourceId) -> Option<SourceClock> {
        if source == NO_SOURCE {
            return None;
        }
        self.all.get(place(source)).copied().flatten()
    }

    pub(super) fn set(&mut self, source: SourceId, clock: SourceClock) {
        self.set_at(place(source), clock);
    }

    fn set_at(&mut self, at: usize, clock: SourceClock) {
        if self.all.len() <= at {
            self.all.resize(at + 1, None);
        }
        let old = self.all[at].replace(clock);
        // Of one that goes on telling nothing is counted.
        if old.is_some_and(|old| !old.idle) && !clock.idle {
            return;
        }
        if let Some(old) = &old {
            self.discount(at, old);
        }
        self.count(at, &clock);
    }

    fn count(&mut self, at: usize, clock: &SourceClock) {
        if clock.idle {
            self.newest.add(clock.newest);
            self.lags.add(clock.lag_while_live());
        } else {
            self.telling.insert(at);
        }
    }

    fn discount(&mut self, at: usize, clock: &SourceClock) {
        if clock.idle {
            self.newest.remove(clock.newest);
            self.lags.remove(clock.lag_while_live());
        } else {
            self.telling.remove(&at);
        }
    }

    /// Those that have more to tell.
    pub(super) fn telling(&self) -> impl Iterator<Item = &SourceClock> {
        self.telling.iter().filter_map(|at| self.all.get(*at)?.as_ref())
    }

    pub(super) fn change_telling(&mut self, change: impl Fn(SourceClock) -> SourceClock) {
        for at in self.telling.iter().copied().collect::<Vec<_>>() {
            if let Some(clock) = self.all.get(at).copied().flatten() {
                self.set_at(at, change(clock));
            }
        }
    }

    /// The numbers that are used.
    pub(super) fn numbers(&self) -> impl Iterator<Item = SourceId> {
        (0..).map(SourceId).zip(&self.all).filter(|(_, clock)| clock.is_some()).map(|(source, _)| source)
    }

    /// The newest event of all.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.telling().map(|clock| clock.newest).max().flatten().max(self.newest.greatest())
    }

    /// How far the best clock among those that are live lags, at most.
    pub(super) fn least_lag(&self) -> Option<Nanos> {
        self.telling().filter_map(SourceClock::lag_while_live).chain(self.lags.least()).min()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn place(source: SourceId) -> usize {
    to_usize(source.0).min(MOST_SOURCES - 1)
}

/// Numbers, and how often each is there.
#[derive(Clone, Debug, PartialEq)]
struct Multiset<N>(BTreeMap<N, usize>);

impl<N> Default for Multiset<N> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<N: Copy + Ord> Multiset<N> {
    fn add(&mut self, number: Option<N>) {
        if let Some(number) = number {
            *self.0.entry(number).or_default() += 1;
        }
    }

    fn remove(&mut self, number: Option<N>) {
        let Some(number) = number else { return };
        if let Some(times) = self.0.get_mut(&number) {
            *times -= 1;
            if *times == 0 {
                self.0.remove(&number);
            }
        }
    }

    fn least(&self) -> Option<N> {
        self.0.first_key_value().map(|(number, _)| *number)
    }

    fn greatest(&self) -> Option<N> {
        self.0.last_key_value().map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock() -> impl Strategy<Value = SourceClock> {
        let number = || proptest::option::of(-20..20_i64);
        let time = || number().prop_map(|number| number.map(Timestamp));
        (time(), time(), time(), any::<bool>(), any::<bool>(), number()).prop_map(
            |(newest, arrived, silent_since, idle, live, lag)| SourceClock {
                newest,
                arrived,
                silent_since,
                idle,
                live,
                lag,
            },
        )
    }

    proptest! {
        #[test]
        fn what_all_come_to_is_what_each_says(changes in proptest::collection::vec((0..5_u32, clock()), 0..40)) {
            let mut sources = Sources::default();
            for (source, clock) in changes {
                sources.set(SourceId(source), clock);
                let all = || sources.all.iter().flatten();
                prop_assert_eq!(sources.newest(), all().map(|clock| clock.newest).max().flatten());
                let lags = all().filter(|clock| clock.live).filter_map(SourceClock::lag_at_most);
                prop_assert_eq!(sources.least_lag(), lags.min());
                let telling: Vec<_> = all().filter(|clock| !clock.idle).collect();
                prop_assert_eq!(sources.telling().collect::<Vec<_>>(), telling);
                prop_assert_eq!(&Sources::from(sources.all.clone()), &sources);
            }
        }
    }

    #[test]
    fn sources_without_end_share_a_clock() {
        let mut sources = Sources::default();
        sources.set(
            SourceId(u32::MAX - 1),
            SourceClock { newest: Some(Timestamp(7)), ..SourceClock::default() },
        );
        assert_eq!(sources.all.len(), MOST_SOURCES);
        assert_eq!(sources.get(SourceId(u32::MAX - 2)).and_then(|clock| clock.newest), Some(Timestamp(7)));
        assert_eq!(sources.get(NO_SOURCE), None);
    }
}
