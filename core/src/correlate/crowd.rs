//! Who gets a place when there are more groups than places.
//!
//! A flood of invented keys must not push out those that matter. Who has many events stays, who has one goes:
//! groups wait in tiers by the number of their events, and a newcomer takes the place of the oldest of the lowest
//! tier. A count-min sketch remembers how much those without a place may have had, so that whoever comes again is
//! worth more than whoever comes once. Of those that had to go with a single event, the event is kept for a while:
//! a group that comes back is then complete.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::aggregate::KeyedMap;
use super::entry::Values;
use super::hashes::{GroupKey, SketchKey};
use super::sketch::CountMin;
use crate::event::{Nanos, Timestamp};

/// Single events kept of groups without a place.
const MOST_GHOSTS: usize = 65_536;
/// Tiers of groups: with one event, two, up to four, up to eight and so on.
const TIERS: usize = 16;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crowd {
    counts: CountMin,
    ghosts: Ghosts,
    /// Keys of groups in the order in which they came to the tier; some have moved on since.
    tiers: Vec<VecDeque<GroupKey>>,
}

/// The only event of a group that had to go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ghost {
    pub(crate) key: GroupKey,
    pub(crate) time: Timestamp,
    pub(crate) order: u64,
    pub(crate) rules: u64,
    pub(crate) values: Values,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "VecDeque<Ghost>", into = "VecDeque<Ghost>")]
struct Ghosts {
    all: VecDeque<Ghost>,
    /// How many have left at the front, and where each key stands counted from there.
    gone: u64,
    places: KeyedMap<GroupKey, u64>,
}

fn tier_of(events: u64) -> usize {
    let steps = events.max(1).next_power_of_two().trailing_zeros();
    usize::try_from(steps).unwrap_or(TIERS).min(TIERS - 1)
}

impl Crowd {
    /// Begins when there is no more room; `groups` with the number of their events, oldest first.
    pub(crate) fn new(span: Nanos, groups: impl Iterator<Item = (GroupKey, usize)>) -> Self {
        let tiers = vec![VecDeque::new(); TIERS];
        let mut crowd = Self { counts: CountMin::new(span), ghosts: Ghosts::default(), tiers };
        groups.for_each(|(key, events)| crowd.stands(key, events));
        crowd
    }

    /// A group came to this number of events.
    pub(crate) fn stands(&mut self, key: GroupKey, events: usize) {
        let events = events as u64;
        if events <= 1 || events.is_power_of_two() {
            self.tiers[tier_of(events)].push_back(key);
        }
    }

    /// How many events a group without a place may have had, and the one that is known of.
    pub(crate) fn recall(&mut self, key: GroupKey, sketch_key: SketchKey) -> (u64, Option<Ghost>) {
        (self.counts.estimate(sketch_key), self.ghosts.take(key))
    }

    /// The group that makes room for one that may have had this many events; `events_of` is the truth of now.
    pub(crate) fn make_room(
        &mut self,
        worth: u64,
        events_of: impl Fn(GroupKey) -> Option<usize>,
    ) -> Option<GroupKey> {
        let highest = tier_of(worth);
        for (tier, keys) in self.tiers.iter_mut().enumerate().take(highest + 1) {
            // Among equals the oldest goes only where all have come just once.
            if tier == highest && tier > 0 {
                return None;
            }
            while let Some(key) = keys.pop_front() {
                if events_of(key).is_some_and(|events| tier_of(events as u64) == tier) {
                    return Some(key);
                }
            }
        }
        None
    }

    /// Events of a group that is not held (any more).
    pub(crate) fn count(&mut self, sketch_key: SketchKey, events: u64, time: Timestamp) {
        self.counts.add(sketch_key, events, time);
    }

    pub(crate) fn keep(&mut self, ghost: Ghost) {
        self.ghosts.push(ghost);
    }

    /// Forgets keys that have moved on, and those that came back while they still waited, when there are too many of
    /// them. What stays is at most one for each group, so that this is not due again before many more have come.
    pub(crate) fn tidy(&mut self, places: usize, events_of: impl Fn(GroupKey) -> Option<usize>) {
        if self.waiting() < places.saturating_mul(8).max(4096) {
            return;
        }
        let mut kept: KeyedMap<GroupKey, ()> = KeyedMap::default();
        for (tier, keys) in self.tiers.iter_mut().enumerate() {
            let is_here = |key| events_of(key).is_some_and(|events| tier_of(events as u64) == tier);
            keys.retain(|key| is_here(*key) && kept.insert(*key, ()).is_none());
        }
    }

    fn waiting(&self) -> usize {
        self.tiers.iter().map(VecDeque::len).sum()
    }
}

impl Ghosts {
    fn push(&mut self, ghost: Ghost) {
        let place = self.gone + self.all.len() as u64;
        self.places.insert(ghost.key, place);
        self.all.push_back(ghost);
        while self.all.len() > MOST_GHOSTS
            && let Some(first) = self.all.pop_front()
        {
            if self.places.get(&first.key) == Some(&self.gone) {
                self.places.remove(&first.key);
            }
            self.gone += 1;
        }
    }

    fn take(&mut self, key: GroupKey) -> Option<Ghost> {
        let place = self.places.remove(&key)?;
        let index = usize::try_from(place.checked_sub(self.gone)?).ok()?;
        self.all.get(index).filter(|ghost| ghost.key == key).cloned()
    }
}

impl From<VecDeque<Ghost>> for Ghosts {
    fn from(all: VecDeque<Ghost>) -> Self {
        let places = all.iter().zip(0..).map(|(ghost, place)| (ghost.key, place)).collect();
        Self { all, gone: 0, places }
    }
}

impl From<Ghosts> for VecDeque<Ghost> {
    fn from(ghosts: Ghosts) -> Self {
        // Those that were taken back are no ghosts any more.
        let known = |ghost: &Ghost, place: u64| ghosts.places.get(&ghost.key) == Some(&place);
        let stays: Vec<bool> =
            ghosts.all.iter().zip(ghosts.gone..).map(|(ghost, at)| known(ghost, at)).collect();
        ghosts.all.into_iter().zip(stays).filter(|(_, stays)| *stays).map(|(ghost, _)| ghost).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_comes_back_to_a_tier_waits_there_once() {
        let mut crowd = Crowd::new(1_000, std::iter::empty());
        // Windows slide: each of a hundred groups has one event again and again.
        for round in 0..1_000 {
            for key in (0..100).map(GroupKey) {
                crowd.stands(key, 1);
                crowd.tidy(100, |_| Some(1));
            }
            assert!(crowd.waiting() <= 4096, "round {round}");
        }
        crowd.stands(GroupKey(100), 1);
        assert_eq!(crowd.make_room(0, |_| Some(1)), Some(GroupKey(0)), "the oldest goes first");
        while crowd.waiting() < 4096 {
            crowd.stands(GroupKey(1), 1);
        }
        crowd.tidy(100, |_| Some(1));
        assert!(crowd.waiting() <= 101, "{}", crowd.waiting());
    }
}
