//! Where the lines of one recording stand in time.
//!
//! A line that is late in its file keeps its place there, and one without a time stays behind the line before it; one
//! before all times stands at the first of them. A line far ahead of most of the next ones does not move time: nobody may blind a replay with forged timestamps. Where lines are in no order at all, as in a collection of
//! samples, only the next few are asked.

use std::collections::VecDeque;

use crate::event::{MINUTE, Nanos, Timestamp};

/// How far ahead of its neighbours a line is believed; live, it is how far ahead of its arrival.
const FUTURE_LIMIT: Nanos = 5 * MINUTE;
/// Lines that are looked at in advance at most, to find times.
const MOST_AHEAD: usize = 10_000;
/// Times that are asked whether one before them is believed.
const WITNESSES: usize = 2_048;
/// What the witnesses say is asked for anew after this part of them.
const ASKED_AGAIN: usize = 8;
/// Where more than this part of them is far behind the one before it, they are in no order.
const DISORDER: usize = 8;
/// Of lines in no order this many are asked.
const FEW: usize = 9;

/// The lines of one recording that have no place yet, in their order; see the module.
pub(super) struct Placing<T> {
    waiting: VecDeque<(Option<Timestamp>, T)>,
    /// Time of the newest line so far; lines without a time stand here.
    last_time: Timestamp,
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
    /// The time around which they stand; none where they are in no order.
    level: Option<Timestamp>,
    /// It holds for this many lines more.
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
        let jump = claim.filter(|time| self.last_time != Timestamp::MIN && ahead(*time, self.last_time));
        let is_forged = match jump {
            Some(jump) => ahead(jump, self.level()?),
            None => false,
        };
        if !is_forged {
            self.last_time = self.last_time.max(claim.unwrap_or(self.last_time));
        }
        let (_, line) = self.waiting.pop_front()?;
        self.testimony = self.testimony.and_then(Testimony::for_one_line_less);
        Some(Placed { line, time: self.last_time, is_forged })
    }

    /// The time around which the next lines stand. Who forges more lines than there are honest ones moves time; how the
    /// recording ends says nothing, for recordings of several days are put together in any order.
    fn level(&mut self) -> Option<Timestamp> {
        if let Some(testimony) = self.testimony {
            return testimony.level.or_else(|| self.level_of_few());
        }
        let waiting = self.waiting.iter().take(MOST_AHEAD);
        self.times.clear();
        self.times.extend(waiting.filter_map(|(time, _)| *time).take(WITNESSES));
        if self.times.len() < WITNESSES && self.waiting.len() < MOST_AHEAD && !self.is_whole {
            return None;
        }
        let lines = self.times.len() / ASKED_AGAIN;
        if self.is_disordered() {
            self.testimony = Some(Testimony { level: None, lines });
            return self.level_of_few();
        }
        let level = middle(&mut self.times)?;
        self.testimony = Some(Testimony { level: Some(level), lines });
        Some(level)
    }

    fn is_disordered(&self) -> bool {
        let pairs = self.times.iter().zip(self.times.iter().skip(1));
        let back = pairs.filter(|(before, after)| ahead(**before, **after)).count();
        back * DISORDER > self.times.len()
    }

    /// The time around which the few lines behind the next one stand.
    fn level_of_few(&mut self) -> Option<Timestamp> {
        let next = self.waiting.iter().take(MOST_AHEAD).filter_map(|(time, _)| *time);
        self.times.clear();
        self.times.extend(next.skip(1).take(FEW));
        let own = self.waiting.iter().take(MOST_AHEAD).find_map(|(time, _)| *time);
        middle(&mut self.times).or(own)
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
        for (before, ahead, after) in [(0, 7, 12), (20, 20, 42), (500, 30, 40), (3_000, 400, 3_000)] {
            let claims = (0..before).map(|_| 10).chain((0..ahead).map(|_| 70)).chain((0..after).map(|_| 11));
            let all = placed(claims);
            let doubted = all.iter().filter(|place| place.is_none()).count();
            assert_eq!(doubted, ahead, "{ahead} lines between {before} and {after}");
            assert_eq!(all.last(), Some(&Some(11)));
        }
    }

    #[test]
    fn lines_in_no_order_are_believed_but_for_what_the_next_ones_contradict() {
        let claims: Vec<i64> = (0..4_000).map(|n| n * 7_919 % 10_007).collect();
        let doubted = placed(claims).iter().filter(|place| place.is_none()).count();
        assert!(doubted < 2_500, "{doubted}");
    }

    #[test]
    fn recordings_that_were_put_together_are_believed() {
        let claims: Vec<i64> = (9_000..9_500).chain(100..600).collect();
        let doubted = placed(claims).iter().filter(|place| place.is_none()).count();
        assert!(doubted < 20, "{doubted}");
    }
}
