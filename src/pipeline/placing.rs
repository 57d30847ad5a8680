//! Where the lines of one recording stand in time.
//!
//! A line that is late in its file keeps its place there, and one without a time stays behind the line before it; one
//! before all times stands at the first of them. A line far ahead of most of the next ones, or of how they end, does not
//! move time: nobody may blind a replay with forged timestamps.

use std::collections::VecDeque;

use crate::event::{MINUTE, Nanos, Timestamp};

/// How far ahead of its neighbours a line is believed; live, it is how far ahead of its arrival.
const FUTURE_LIMIT: Nanos = 5 * MINUTE;
/// Lines that are looked at in advance at the most, to find times.
const MOST_AHEAD: usize = 10_000;
/// Times that are asked whether one before them is believed.
const WITNESSES: usize = 2_048;
/// What the witnesses say is asked for anew after this part of them.
const ASKED_AGAIN: usize = 8;
/// This part of the witnesses, the last, tells how the recording goes on.
const LAST: usize = 4;
/// At the end of a recording so many are enough.
const LAST_OF_ALL: usize = 16;

/// The lines of one recording that have no place yet, in their order; see the module.
pub(super) struct Placing<T> {
    waiting: VecDeque<(Option<Timestamp>, T)>,
    /// Time of the newest line so far; lines without a time stand here.
    last_time: Timestamp,
    /// The newest time that the witnesses were asked about.
    asked_at: Timestamp,
    testimony: Option<Testimony>,
    /// Room for times, used again.
    times: Vec<Timestamp>,
    /// Lines before the first time have been given that time, if there is one.
    has_begun: bool,
    /// There will be no more lines.
    is_whole: bool,
}

/// What the next lines say.
#[derive(Clone, Copy)]
struct Testimony {
    /// The time around which they stand, or at which they end where that is before it.
    level: Timestamp,
    /// It holds for so many lines more.
    lines: usize,
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
        Self {
            waiting: VecDeque::new(),
            last_time: Timestamp::MIN,
            asked_at: Timestamp::MIN,
            testimony: None,
            times: Vec::new(),
            has_begun: false,
            is_whole: false,
        }
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
        let jump = claim.filter(|time| self.last_time != Timestamp::MIN && ahead(*time, self.asked_at));
        let is_forged = match jump {
            Some(jump) => self.is_forged(jump)?,
            None => false,
        };
        if !is_forged {
            self.last_time = self.last_time.max(claim.unwrap_or(self.last_time));
        }
        let (_, line) = self.waiting.pop_front()?;
        self.testimony = self.testimony.and_then(Testimony::for_one_line_less);
        Some(Placed { line, time: self.last_time, is_forged })
    }

    /// Whether the next lines stand far behind this time; `None` when that depends on lines that have not come yet.
    fn is_forged(&mut self, time: Timestamp) -> Option<bool> {
        let is_forged = ahead(time, self.level()?);
        if !is_forged {
            self.asked_at = self.asked_at.max(time);
        }
        Some(is_forged)
    }

    /// The time around which the next lines stand. Were it only the middle one of them, many lines that are forged
    /// would outvote few that are not; those that claim what nobody after them claims are not believed either.
    fn level(&mut self) -> Option<Timestamp> {
        if let Some(testimony) = self.testimony {
            return Some(testimony.level);
        }
        let waiting = self.waiting.iter().take(MOST_AHEAD);
        self.times.clear();
        self.times.extend(waiting.filter_map(|(time, _)| *time).take(WITNESSES));
        if self.times.len() < WITNESSES && self.waiting.len() < MOST_AHEAD && !self.is_whole {
            return None;
        }
        let lines = self.times.len() / ASKED_AGAIN;
        let most = if self.times.len() < WITNESSES { LAST_OF_ALL } else { WITNESSES };
        let end = self.times.len() - (self.times.len() / LAST).min(most);
        let at_the_end = middle(self.times.get_mut(end..).unwrap_or_default());
        let level = middle(&mut self.times)?.min(at_the_end.unwrap_or(Timestamp::MAX));
        self.testimony = Some(Testimony { level, lines });
        Some(level)
    }

    /// Finds the time at which the recording begins; false when that depends on lines that have not come yet.
    fn begin(&mut self) -> bool {
        let Some(level) = self.level() else {
            // Nothing that waits names a time.
            self.has_begun = self.is_whole || self.waiting.len() >= MOST_AHEAD;
            return self.has_begun;
        };
        let times = self.waiting.iter().take(MOST_AHEAD).filter_map(|(time, _)| *time);
        let first = times.clone().find(|time| !ahead(*time, level)).unwrap_or(level);
        self.last_time = first;
        self.asked_at = first;
        self.has_begun = true;
        true
    }
}

impl Testimony {
    fn for_one_line_less(self) -> Option<Self> {
        let lines = self.lines.checked_sub(1)?;
        Some(Self { lines, ..self })
    }
}

/// The time in the middle; of two the later one.
fn middle(times: &mut [Timestamp]) -> Option<Timestamp> {
    let at = times.len() / 2;
    (at < times.len()).then(|| *times.select_nth_unstable(at).1)
}

/// Further than a line is believed.
fn ahead(time: Timestamp, other: Timestamp) -> bool {
    time.since(other) > FUTURE_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minutes at which lines that claim these minutes are placed; `None` where a claim is not believed.
    fn placed(claims: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
        let mut placing = Placing::default();
        let mut all = Vec::new();
        let mut take = |placing: &mut Placing<()>| {
            while let Some(placed) = placing.next() {
                all.push((!placed.is_forged).then_some(placed.time.0 / MINUTE));
            }
        };
        for claim in claims {
            placing.push(Some(Timestamp(claim * MINUTE)), ());
            take(&mut placing);
        }
        placing.end();
        take(&mut placing);
        assert!(placing.is_empty());
        all
    }

    fn in_order(claims: &[i64]) -> Vec<Option<i64>> {
        claims.iter().map(|claim| Some(*claim)).collect()
    }

    #[test]
    fn nothing_is_doubted_where_time_only_goes_on() {
        for pauses in [0, 7, 600] {
            let claims: Vec<i64> = (0..9_000).map(|n| 10 + n / 50 + n / 97 * pauses).collect();
            assert_eq!(placed(claims.clone()), in_order(&claims), "with pauses of {pauses} minutes");
        }
        let end: Vec<i64> = (0..40).chain([900]).collect();
        assert_eq!(placed(end.clone()), in_order(&end), "the last line comes after a long pause");
    }

    #[test]
    fn what_is_ahead_of_all_that_follows_is_not_believed() {
        for (before, ahead, after) in
            [(0, 7, 12), (0, 20, 12), (20, 20, 12), (500, 300, 40), (3_000, 400, 3_000)]
        {
            let claims = (0..before).map(|_| 10).chain((0..ahead).map(|_| 70)).chain((0..after).map(|_| 11));
            let all = placed(claims);
            let doubted = all.iter().filter(|place| place.is_none()).count();
            assert_eq!(doubted, ahead, "{ahead} lines between {before} and {after}");
            assert_eq!(all.last(), Some(&Some(11)));
        }
    }

    #[test]
    fn steps_that_are_too_small_to_doubt_do_not_add_up() {
        let honest = || (0..30).map(|_| 10);
        let creeping = (0..100).map(|n| 10 + 4 * n);
        let all = placed(honest().chain(creeping).chain(honest()));
        let furthest = all.iter().flatten().max();
        assert_eq!(furthest, Some(&14));
    }
}
