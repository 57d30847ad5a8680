//! Counting without a place for every key: a count-min sketch over panes of time.
//!
//! Used for groups beyond a rule's budget. An estimate is never below the truth: every cell that a key
//! shares with others only adds, and a pane stays until it lies outside the window as a whole.

use serde::{Deserialize, Serialize};

/// Estimates how many events of a key lie in the last `span`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    span: i64,
    panes: Vec<Pane>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pane {
    /// Number of the pane: time / (span / [`PANES`]).
    number: i64,
    #[serde(with = "cells")]
    cells: Vec<u8>,
}

/// A window covers at most this many whole panes and one more.
const PANES: i64 = 4;
const ROWS: usize = 4;
/// 1 MiB a pane: a quarter of a million keys in it leave most cells at 0 or 1.
const COLUMNS: usize = 1 << 18;
/// A full cell may stand for any number.
const FULL: u8 = u8::MAX;

impl Sketch {
    pub(crate) fn new(span: i64) -> Self {
        Self { span: span.max(PANES), panes: Vec::new() }
    }

    /// Counts an event of `key` (a keyed hash) and estimates how many there are in the window that
    /// ends at `time`.
    pub(crate) fn add(&mut self, key: u128, time: i64) -> u64 {
        let number = time.div_euclid(self.span / PANES);
        let newest = self.panes.iter().map(|pane| pane.number).max();
        let number = newest.map_or(number, |newest| number.max(newest));
        if newest != Some(number) {
            self.panes.retain(|pane| pane.number >= number - PANES);
            self.panes.push(Pane { number, cells: vec![0; ROWS * COLUMNS] });
        }
        self.panes.iter_mut().fold(0, |sum: u64, pane| {
            let count = if pane.number == number { pane.count_up(key) } else { pane.count(key) };
            sum.saturating_add(if count == FULL { u64::MAX } else { u64::from(count) })
        })
    }
}

impl Pane {
    fn cells_of(key: u128) -> [usize; ROWS] {
        std::array::from_fn(|row| row * COLUMNS + (key >> (row * 32)) as usize % COLUMNS)
    }

    fn count(&self, key: u128) -> u8 {
        Self::cells_of(key).into_iter().map(|cell| self.cells[cell]).min().unwrap_or(FULL)
    }

    /// Raises only the cells that hold the least: the others already count more than this key.
    fn count_up(&mut self, key: u128) -> u8 {
        let count = self.count(key).saturating_add(1);
        for cell in Self::cells_of(key) {
            self.cells[cell] = self.cells[cell].max(count);
        }
        count
    }
}

/// Cells as base64: most of a megabyte of numbers would be commas.
mod cells {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(cells: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(cells))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let cells = STANDARD.decode(text).map_err(de::Error::custom)?;
        let right = cells.len() == super::ROWS * super::COLUMNS;
        right.then_some(cells).ok_or_else(|| de::Error::custom("a pane of another size"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_million_single_events_hardly_reach_a_threshold_of_five() {
        let mut sketch = Sketch::new(1_000_000);
        let reached = (0..1_000_000_i64).filter(|n| {
            let key = xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes());
            sketch.add(key, *n) >= 5
        });
        assert!(reached.count() < 100);
    }

    #[test]
    fn a_full_cell_never_hides_a_large_count() {
        let mut sketch = Sketch::new(1_000);
        let counts: Vec<u64> = (0..1_000).map(|_| sketch.add(1, 0)).collect();
        assert_eq!(counts[253], 254);
        assert!(counts.iter().zip(1..).all(|(count, truth)| *count >= truth));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn an_estimate_is_never_below_the_truth(events in prop::collection::vec((0u8..20, 0i64..50), 1..300)) {
            let mut sketch = Sketch::new(40);
            let mut seen: Vec<(u8, i64)> = Vec::new();
            let mut time = 0;
            for (key, step) in events {
                time += step / 10;
                seen.push((key, time));
                let truth = seen.iter().filter(|(k, t)| *k == key && *t >= time - 40).count() as u64;
                let hash = u128::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
                prop_assert!(sketch.add(hash, time) >= truth);
            }
        }
    }
}
