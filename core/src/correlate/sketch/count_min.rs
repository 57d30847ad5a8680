//! Counting without a place for every key: a count-min sketch over panes of time.
//!
//! An estimate is never below the truth: every cell that a key shares with others only adds, and a pane
//! stays until it lies outside the window as a whole.

use serde::{Deserialize, Serialize};

use super::{PANES, pane_of};
use crate::correlate::hashes::SketchKey;
use crate::event::{Nanos, Timestamp};

/// Estimates what the events of a key in the last `span` add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CountMin {
    span: Nanos,
    panes: Vec<Pane>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pane {
    number: i64,
    cells: Vec<u8>,
}

const ROWS: usize = 4;
/// 1 MiB a pane: a quarter of a million keys in it leave most cells at 0 or 1.
const COLUMNS: usize = 1 << 18;
/// A full cell may stand for any number.
const FULL: u8 = u8::MAX;
/// What is said then: more than any threshold, and little enough to be added to.
const ANY_NUMBER: u64 = 1 << 40;

impl CountMin {
    pub(crate) fn new(span: Nanos) -> Self {
        Self { span, panes: Vec::new() }
    }

    /// Adds `weight` to `key` and estimates its sum in the window that ends at `time`.
    pub(crate) fn add(&mut self, key: SketchKey, weight: u64, time: Timestamp) -> u64 {
        let number = self.turn_to(pane_of(time, self.span));
        for pane in self.panes.iter_mut().filter(|pane| pane.number == number) {
            pane.add(key, weight);
        }
        self.estimate(key)
    }

    /// The sum of `key` in the newest window.
    pub(crate) fn estimate(&self, key: SketchKey) -> u64 {
        let counts = self.panes.iter().map(|pane| match pane.count(key) {
            FULL => ANY_NUMBER,
            count => u64::from(count),
        });
        counts.fold(0, u64::saturating_add)
    }

    /// Makes the pane the newest, unless there is a newer one, and drops those outside the window.
    fn turn_to(&mut self, number: i64) -> i64 {
        let newest = self.panes.last().map(|pane| pane.number);
        let number = newest.map_or(number, |newest| number.max(newest));
        if newest != Some(number) {
            self.panes.retain(|pane| pane.number >= number - PANES);
            self.panes.push(Pane { number, cells: vec![0; ROWS * COLUMNS] });
        }
        number
    }
}

impl Pane {
    fn cells_of(key: SketchKey) -> [usize; ROWS] {
        std::array::from_fn(|row| row * COLUMNS + (key.0 >> (row * 32)) as usize % COLUMNS)
    }

    fn count(&self, key: SketchKey) -> u8 {
        let cells = Self::cells_of(key).into_iter();
        cells.map(|cell| self.cells.get(cell).copied().unwrap_or(FULL)).min().unwrap_or(FULL)
    }

    /// Raises only the cells that hold the least: the others already count more than this key.
    fn add(&mut self, key: SketchKey, weight: u64) {
        let count = self.count(key).saturating_add(u8::try_from(weight).unwrap_or(FULL));
        for cell in Self::cells_of(key) {
            if let Some(cell) = self.cells.get_mut(cell) {
                *cell = (*cell).max(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_million_single_events_hardly_reach_a_threshold_of_five() {
        let mut sketch = CountMin::new(1_000_000);
        let reached = (0..1_000_000_i64).filter(|n| {
            let key = xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes());
            sketch.add(SketchKey(key), 1, Timestamp(*n)) >= 5
        });
        assert!(reached.count() < 100);
    }

    #[test]
    fn a_full_cell_never_hides_a_large_count() {
        let mut sketch = CountMin::new(1_000);
        let counts: Vec<u64> = (0..1_000).map(|_| sketch.add(SketchKey(1), 1, Timestamp(0))).collect();
        assert!(
            sketch.add(SketchKey(1), u64::MAX, Timestamp(900)) < u64::from(u32::MAX).pow(2),
            "it can be added to"
        );
        assert_eq!(counts[253], 254);
        assert!(counts.iter().zip(1..).all(|(count, truth)| *count >= truth));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn an_estimate_is_never_below_the_truth(events in prop::collection::vec((0u8..20, 0i64..50), 1..300)) {
            let mut sketch = CountMin::new(40);
            let mut seen: Vec<(u8, i64)> = Vec::new();
            let mut time = 0;
            for (key, step) in events {
                time += step / 10;
                seen.push((key, time));
                let truth = seen.iter().filter(|(k, t)| *k == key && *t >= time - 40).count() as u64;
                let hash = u128::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
                prop_assert!(sketch.add(SketchKey(hash), 1, Timestamp(time)) >= truth);
            }
        }
    }
}
