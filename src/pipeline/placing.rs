//! Where the lines of one recording stand in time.
//!
//! A line that is late in its file keeps its place there, and one without a time stays behind the line before it; one
//! before all times stands at the first of them. A line far ahead of both the lines before it and most of the next ones
//! does not move time: nobody may blind a replay with a few forged timestamps.

use std::collections::VecDeque;

use crate::event::{MINUTE, Nanos, Timestamp};

/// How far ahead of its neighbours a line is believed; live, it is how far ahead of its arrival.
const FUTURE_LIMIT: Nanos = 5 * MINUTE;
/// Lines that are looked at in advance at the most, to find times.
const MOST_AHEAD: usize = 10_000;
/// Times that are asked whether one before them is believed.
const WITNESSES: usize = 9;

/// The lines of one recording that have no place yet, in their order; see the module.
pub(super) struct Placing<T> {
    waiting: VecDeque<(Option<Timestamp>, T)>,
    /// Time of the newest line so far; lines without a time stand here.
    last_time: Timestamp,
    /// Lines before the first time have been given that time, if there is one.
    has_begun: bool,
    /// There will be no more lines.
    is_whole: bool,
}

/// A line with its place.
pub(super) struct Placed<T> {
    pub line: T,
    /// Never before that of the line before it.
    pub time: Timestamp,
    /// What it claims is not believed.
    pub is_forged: bool,
}

impl<T> Default for Placing<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), last_time: Timestamp::MIN, has_begun: false, is_whole: false }
    }
}

impl<T> Placing<T> {
    /// The next line, with the time that it claims.
    pub fn push(&mut self, time: Option<Timestamp>, line: T) {
        self.waiting.push_back((time, line));
    }

    /// There is no further line.
    pub fn end(&mut self) {
        self.is_whole = true;
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first line that waits; `None` when there is none, or its place depends on lines that have not come yet.
    pub fn next(&mut self) -> Option<Placed<T>> {
        if !self.has_begun && !self.begin() {
            return None;
        }
        let claim = self.waiting.front()?.0;
        let jump = claim.filter(|time| self.last_time != Timestamp::MIN && ahead(*time, self.last_time));
        let is_forged = match jump {
            Some(jump) => self.is_forged(jump, 1)?,
            None => false,
        };
        if !is_forged {
            self.last_time = self.last_time.max(claim.unwrap_or(self.last_time));
        }
        let (_, line) = self.waiting.pop_front()?;
        Some(Placed { line, time: self.last_time, is_forged })
    }

    /// Whether most of the times from one line on are far behind this one; `None` when that depends on
    /// lines that have not come yet.
    fn is_forged(&self, time: Timestamp, from: usize) -> Option<bool> {
        let waiting = self.waiting.iter().take(MOST_AHEAD).skip(from);
        let next = waiting.filter_map(|(time, _)| *time).take(WITNESSES);
        let (asked, against) =
            next.fold((0, 0), |(asked, against), next| (asked + 1, against + usize::from(ahead(time, next))));
        if asked < WITNESSES && self.waiting.len() < MOST_AHEAD && !self.is_whole {
            return None;
        }
        Some(2 * against > asked)
    }

    /// Finds the time at which the recording begins; false when that depends on lines that have not come yet.
    fn begin(&mut self) -> bool {
        let lines = self.waiting.iter().take(MOST_AHEAD).enumerate();
        let times = lines.filter_map(|(at, (time, _))| time.map(|time| (at, time)));
        let mut first = None;
        for (at, time) in times.take(WITNESSES) {
            first = first.or(Some(time));
            match self.is_forged(time, at + 1) {
                None => return false,
                Some(true) => {}
                Some(false) => {
                    first = Some(time);
                    break;
                }
            }
        }
        if first.is_none() && self.waiting.len() < MOST_AHEAD && !self.is_whole {
            return false;
        }
        self.last_time = first.unwrap_or(self.last_time);
        self.has_begun = true;
        true
    }
}

/// Further than a line is believed.
fn ahead(time: Timestamp, other: Timestamp) -> bool {
    time.since(other) > FUTURE_LIMIT
}
