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
    cells: Vec<u32>,
}

/// A window covers at most this many whole panes and one more.
const PANES: i64 = 4;
const ROWS: usize = 4;
const COLUMNS: usize = 8192;

impl Sketch {
    pub(crate) fn new(span: i64) -> Self {
        Self { span: span.max(PANES), panes: Vec::new() }
    }

    /// Counts an event of `key` (a keyed hash) and estimates how many there are in the window that
    /// ends at `time`.
    pub(crate) fn add(&mut self, key: u128, time: i64) -> u64 {
        let number = time.div_euclid(self.span / PANES);
        self.panes.retain(|pane| pane.number >= number - PANES);
        let newest = self.panes.iter().map(|pane| pane.number).max();
        let number = newest.map_or(number, |newest| number.max(newest));
        if !self.panes.iter().any(|pane| pane.number == number) {
            self.panes.push(Pane { number, cells: vec![0; ROWS * COLUMNS] });
        }
        let mut least = u64::MAX;
        for row in 0..ROWS {
            let column = ((key >> (row * 24)) as u64 & 0xff_ffff) as usize % COLUMNS;
            let cell = row * COLUMNS + column;
            let mut sum = 0;
            for pane in &mut self.panes {
                if pane.number == number {
                    pane.cells[cell] = pane.cells[cell].saturating_add(1);
                }
                sum += u64::from(pane.cells[cell]);
            }
            least = least.min(sum);
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
