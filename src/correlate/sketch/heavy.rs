//! The heaviest of the groups that have no place of their own: a space-saving table.
//!
//! A group that is heavier than the lightest in the table takes its slot and begins with what the
//! count-min sketch says of it, as if all of that had been its own. So a count is never too low, and
//! every group with more than one in [`SLOTS`] of the events of a window has a slot: from then on its
//! events are counted one by one, and its distinct values by HyperLogLog.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hyperloglog::DistinctInTime;
use super::{PANES, pane_of};

/// Groups in the table; with distinct values about 1 MiB.
pub(crate) const SLOTS: usize = 256;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heavy {
    span: i64,
    slots: BTreeMap<u128, Slot>,
    /// While this is the newest pane, no slot has less than this.
    floor: (i64, u64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Slot {
    /// What it may have had before it got the slot, in the pane of that time.
    inherited: (i64, u64),
    /// (pane, sum) of its own events, ascending.
    own: Vec<(i64, u64)>,
    distinct: Option<Box<DistinctInTime>>,
}

/// What the table knows of one group, in the newest window and at the most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) sum: u64,
    /// Distinct values, where those are counted.
    pub(crate) distinct: u64,
}

impl Heavy {
    pub(crate) fn new(span: i64) -> Self {
        Self { span, slots: BTreeMap::new(), floor: (i64::MIN, 0) }
    }

    /// Takes note of an event of `key`, whose sum is `estimate` at the most, this event included.
    /// `value` is the hash of what is counted distinctly. `None`: the group is among the light ones.
    pub(crate) fn add(
        &mut self,
        key: u128,
        (weight, estimate): (u64, u64),
        value: Option<u64>,
        time: i64,
    ) -> Option<Known> {
        let pane = pane_of(time, self.span);
        if !self.slots.contains_key(&key) && !self.make_room(pane, estimate) {
            return None;
        }
        let span = self.span;
        let slot = self.slots.entry(key).or_insert_with(|| Slot {
            inherited: (pane, estimate.saturating_sub(weight)),
            own: Vec::new(),
            distinct: None,
        });
        slot.count(pane, weight);
        if let Some(value) = value {
            slot.distinct.get_or_insert_with(|| Box::new(DistinctInTime::new(span))).add(value, time);
        }
        let distinct = slot.distinct.as_ref().map_or(0, |distinct| distinct.upper());
        Some(Known { sum: slot.sum(pane), distinct: distinct.saturating_add(slot.before(pane)) })
    }

    /// Gives up the lightest group for one with this estimate; false when there is none so light.
    fn make_room(&mut self, pane: i64, estimate: u64) -> bool {
        if self.slots.len() < SLOTS {
            return true;
        }
        if self.floor.0 == pane && estimate <= self.floor.1 {
            return false;
        }
        let sums = self.slots.iter().map(|(key, slot)| (slot.sum(pane), *key));
        let Some((least, lightest)) = sums.min() else { return true };
        self.floor = (pane, least);
        if least >= estimate {
            return false;
        }
        self.slots.remove(&lightest);
        true
    }
}

impl Slot {
    fn count(&mut self, pane: i64, weight: u64) {
        match self.own.last_mut() {
            Some((newest, sum)) if *newest >= pane => *sum = sum.saturating_add(weight),
            _ => {
                self.own.push((pane, weight));
                self.own.retain(|(own, _)| *own >= pane - PANES);
            }
        }
    }

    /// What it may have had before it got the slot, as far as that is still in the window.
    fn before(&self, pane: i64) -> u64 {
        if self.inherited.0 >= pane - PANES { self.inherited.1 } else { 0 }
    }

    fn sum(&self, pane: i64) -> u64 {
        let own = self.own.iter().filter(|(own, _)| *own >= pane - PANES);
        own.fold(self.before(pane), |total, (_, sum)| total.saturating_add(*sum))
    }
}

#[cfg(test)]
mod tests {
    use super::super::count_min::CountMin;
    use super::*;
    use xxhash_rust::xxh3::xxh3_128;

    #[test]
    fn a_heavy_group_is_found_among_a_hundred_thousand_light_ones() {
        let (mut counts, mut heavy) = (CountMin::new(1_000_000), Heavy::new(1_000_000));
        let mut event = |name: u64, value: u64, time: i64| {
            let key = xxh3_128(&name.to_le_bytes());
            let estimate = counts.add(key, 1, time);
            heavy.add(key, (1, estimate), Some(xxh3_128(&value.to_le_bytes()) as u64), time)
        };
        let mut last = None;
        for n in 0..100_000 {
            event(n, n, n as i64);
            if n % 100 == 0 {
                // A thousand events, twenty values.
                last = event(u64::MAX, n % 2_000, n as i64);
            }
        }
        let known = last.expect("a slot");
        assert!((1_000..=1_010).contains(&known.sum), "{known:?}");
        assert!((20..=40).contains(&known.distinct), "{known:?}");
    }
}
