//! Events per second by log level, for the graph and the header.

use std::collections::VecDeque;

use crate::event::number::{to_f64, to_i64};
use crate::event::{LogLevel, Timestamp};

/// A count for every second of the last while, without holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// The second behind the newest count.
    end: i64,
    /// One entry per second up to `end`, by log level in the order of [`LogLevel::ALL`].
    seconds: VecDeque<[u32; 8]>,
}

impl Rates {
    /// Seconds held: an hour. At four bytes for each of eight levels that is 115 kB.
    pub const LIMIT: usize = 3600;

    /// Counts of more than an hour before the newest are dropped; they are in the ledger.
    pub(super) fn add(&mut self, second: i64, counts: &[u64; 8]) {
        if self.seconds.is_empty() {
            self.end = second;
        }
        let new_seconds = second.saturating_add(1).saturating_sub(self.end).max(0);
        if new_seconds >= to_i64(Self::LIMIT) {
            self.seconds.clear();
        }
        for _ in 0..new_seconds.min(to_i64(Self::LIMIT)) {
            self.seconds.push_back([0; 8]);
        }
        self.end = self.end.max(second.saturating_add(1));
        while self.seconds.len() > Self::LIMIT {
            self.seconds.pop_front();
        }
        // A source that was read later may begin earlier.
        let reach = self.end.saturating_sub(second);
        while reach <= to_i64(Self::LIMIT) && to_i64(self.seconds.len()) < reach {
            self.seconds.push_front([0; 8]);
        }
        let Some(slot) = self.index(second).and_then(|index| self.seconds.get_mut(index)) else { return };
        for (total, count) in slot.iter_mut().zip(counts) {
            *total = total.saturating_add(u32::try_from(*count).unwrap_or(u32::MAX));
        }
    }

    fn index(&self, second: i64) -> Option<usize> {
        let back = usize::try_from(self.end.checked_sub(1)?.checked_sub(second)?).ok()?;
        self.seconds.len().checked_sub(1)?.checked_sub(back)
    }

    /// Events of one second, by level.
    #[must_use]
    pub fn second(&self, second: i64) -> [u32; 8] {
        self.index(second).and_then(|index| self.seconds.get(index)).copied().unwrap_or_default()
    }

    /// The first second that is held, if any count was ever added.
    #[must_use]
    pub fn first_second(&self) -> Option<i64> {
        (!self.seconds.is_empty()).then(|| self.end - to_i64(self.seconds.len()))
    }

    /// Events of a span of seconds of the levels that `wanted` names.
    #[must_use]
    pub fn count(&self, span: std::ops::Range<i64>, wanted: impl Fn(LogLevel) -> bool) -> u64 {
        let first = self.first_second().unwrap_or(self.end);
        (span.start.max(first)..span.end.min(self.end))
            .map(|second| {
                let counts = self.second(second);
                let wanted = LogLevel::ALL.iter().zip(counts).filter(|(level, _)| wanted(**level));
                wanted.map(|(_, count)| u64::from(count)).sum::<u64>()
            })
            .sum()
    }

    /// Events per second over the last five complete seconds before `now`.
    #[must_use]
    pub fn per_second(&self, now: Timestamp) -> f64 {
        const SECONDS: i64 = 5;
        let end = now.seconds();
        let held = self.first_second().map_or(SECONDS, |first| (end - first).clamp(1, SECONDS));
        to_f64(self.count(end - held..end, |_| true)) / to_f64(held)
    }
}
