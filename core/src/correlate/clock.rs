//! How far event time has come: how far each source has told, and the least of that for all.
//!
//! No wall clock is read. Time moves with the events; where there is nothing to read the caller says how
//! late it is. Three things may hold time back, and each of them ends:
//! - a source that has more to read than it has told, until it has told all;
//! - a source that was opened and has said nothing, until the caller's patience is over;
//! - a source whose clock lags: it holds back what rests on its own events, and nobody else.
//!
//! A source that has told all it has holds nothing back, whatever was read before. Where several recordings
//! are merged in the order of their times, one time is enough for all ([`Clock::reach`]). Events far ahead of
//! their arrival never move it.

use serde::{Deserialize, Serialize};

use crate::event::{Nanos, SECOND, SourceId, Timestamp};
pub(crate) use sources::NO_SOURCE;
use sources::{SourceClock, Sources};

mod sources;

/// Event times seen so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    sources: Sources,
    /// How far events alone have brought time; goes back only where the wall clock is set back.
    by_events: Option<Timestamp>,
    /// What the wall clock said when there was last nothing to read.
    wall: Option<Timestamp>,
    /// What it said at the last look at it, or at the last event.
    seen: Option<Timestamp>,
    /// How far the source with the best clock lags behind the wall clock.
    least_lag: Nanos,
    /// The greatest event time of all.
    greatest: Option<Timestamp>,
    /// Events come merged in the order of their times: no source holds another back.
    merged: bool,
}

/// Less than this is no wrong clock: stamps with whole seconds, writers that collect lines.
const SMALLEST_LAG: Nanos = 2 * SECOND;

impl Clock {
    /// All sources that may hold time back have reached this event time.
    pub(crate) fn high(&self) -> Timestamp {
        let by_wall = self.wall.map(|wall| wall.minus(self.least_lag));
        self.by_events.max(by_wall).unwrap_or(Timestamp::MIN)
    }

    /// How far `source` has told everything, as far as the others have.
    pub(crate) fn frontier(&self, source: SourceId) -> Timestamp {
        let high = self.high();
        match self.sources.get(source) {
            Some(clock) if !clock.idle => clock.newest.map_or(Timestamp::MIN, |newest| newest.min(high)),
            Some(clock) if clock.live => match (clock.lag, self.seen) {
                (Some(lag), Some(wall)) if lag >= SMALLEST_LAG => wall.minus(lag).min(high),
                _ => high,
            },
            _ => high,
        }
    }

    /// How far every source has told everything that is expected of it: nothing older is of use to any.
    pub(crate) fn low(&self) -> Timestamp {
        let told = self.sources.numbers().map(|source| self.frontier(source));
        told.min().unwrap_or(Timestamp::MAX).min(self.high())
    }

    /// How far the clock of a source lags behind the best one.
    fn further_behind(&self, clock: &SourceClock) -> Nanos {
        let lag = clock.lag.filter(|_| clock.live).unwrap_or(0).saturating_sub(self.least_lag);
        if lag < SMALLEST_LAG { 0 } else { lag }
    }

    /// A source will be read: until its first event it holds everything back.
    pub(crate) fn open(&mut self, source: SourceId) {
        if self.sources.get(source).is_none() {
            self.sources.set(source, SourceClock::default());
        }
    }

    /// An event of `source` with this event time arrived.
    pub(crate) fn observe(&mut self, source: SourceId, time: Timestamp, arrived: Timestamp) {
        self.greatest = self.greatest.max(Some(time));
        if self.merged {
            return;
        }
        self.seen = self.seen.max(Some(arrived));
        let old = self.sources.get(source);
        let live = old.is_some_and(|old| old.live || old.idle);
        // A source that speaks again is taken at its word: its clock may have been set back.
        let newest = old.filter(|old| !old.idle).and_then(|old| old.newest).max(Some(time));
        let lag = old.and_then(|old| old.lag);
        let heard = Some(arrived);
        let clock = SourceClock { newest, arrived: heard, silent_since: heard, idle: false, live, lag };
        self.sources.set(source, clock);
        // Only a source that held the others back, or came back, can move the least.
        let moves = old.is_none_or(|old| old.idle || (newest > old.newest && old.newest <= self.by_events));
        if moves {
            self.settle();
        }
    }

    /// The source has told all that it has.
    pub(crate) fn idle(&mut self, source: SourceId) {
        let Some(mut clock) = self.sources.get(source) else { return };
        if clock.live && !clock.idle {
            clock.lag = clock.lag_at_most();
        }
        self.sources.set(source, SourceClock { idle: true, ..clock });
        self.compare_lags();
        self.settle();
    }

    fn compare_lags(&mut self) {
        self.least_lag = self.sources.least_lag().unwrap_or(self.least_lag);
    }

    /// All events up to this time are known: they come merged, and what lies between two of them is silence.
    pub(crate) fn reach(&mut self, time: Timestamp) {
        self.merged = true;
        self.by_events = self.by_events.max(Some(time));
    }

    /// The sources of an earlier run are gone: their numbers mean others now, and none of them holds
    /// anything back. The time that was reached stays.
    pub(crate) fn forget_sources(&mut self) {
        self.sources.clear();
    }

    /// The wall clock says `now` and there is nothing to read; sources silent for longer than `patience` have
    /// told all that they have.
    pub(crate) fn advance(&mut self, now: Timestamp, patience: Nanos) {
        self.sources.change_telling(|clock| {
            let since = clock.silent_since.unwrap_or(now);
            let idle = since < now.minus(patience);
            SourceClock { silent_since: Some(since), idle, ..clock }
        });
        self.seen = self.seen.max(Some(now));
        self.compare_lags();
        self.settle();
        let held = self.sources.telling().any(|clock| self.holds_back(clock));
        if !held {
            self.wall = self.wall.max(Some(now));
        }
    }

    /// Whoever reads was busy until `now`: the silence of a source begins there.
    pub(crate) fn restart_patience(&mut self, now: Timestamp) {
        let patient = |clock: SourceClock| clock.silent_since.max(Some(now));
        self.sources.change_telling(|clock| SourceClock { silent_since: patient(clock), ..clock });
    }

    /// The wall clock was wrong and says `now` again: what comes next is not late because of that.
    pub(crate) fn set_back(&mut self, now: Timestamp) {
        self.wall = self.wall.map(|wall| wall.min(now));
        self.seen = self.seen.map(|wall| wall.min(now));
        self.by_events = self.by_events.map(|high| high.min(now));
    }

    /// Nothing more will come.
    pub(crate) fn finish(&mut self) {
        self.sources.clear();
        self.by_events = self.by_events.max(self.greatest);
    }

    /// Whether a source that has more to tell holds the others back.
    fn holds_back(&self, clock: &SourceClock) -> bool {
        self.further_behind(clock) == 0
    }

    fn settle(&mut self) {
        let holding = self.sources.telling().filter(|clock| self.holds_back(clock));
        let least = holding.map(|clock| clock.newest).min();
        self.by_events = self.by_events.max(least.unwrap_or_else(|| self.sources.newest()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SourceId = SourceId(0);
    const OTHER: SourceId = SourceId(1);

    fn at(nanos: Nanos) -> Timestamp {
        Timestamp(nanos)
    }

    #[test]
    fn the_slowest_active_source_holds_the_clock() {
        let mut clock = Clock::default();
        clock.observe(ONE, at(100), at(0));
        clock.observe(OTHER, at(40), at(0));
        assert_eq!(clock.high(), at(100), "the clock never goes back");
        clock.observe(ONE, at(200), at(0));
        assert_eq!(clock.high(), at(100));
        clock.observe(OTHER, at(150), at(0));
        assert_eq!(clock.high(), at(150));
        clock.idle(OTHER);
        assert_eq!(clock.high(), at(200));
    }

    #[test]
    fn an_idle_stream_follows_the_wall_clock() {
        let mut clock = Clock::default();
        clock.observe(ONE, at(100), at(100));
        clock.advance(at(105), 10);
        assert_eq!(clock.high(), at(100), "not yet idle");
        clock.advance(at(120), 10);
        assert_eq!(clock.high(), at(120));
    }

    #[test]
    fn a_source_that_was_opened_and_says_nothing_holds_no_longer_than_patience() {
        let mut clock = Clock::default();
        clock.open(ONE);
        clock.open(OTHER);
        clock.observe(ONE, at(100), at(100));
        clock.advance(at(105), 10);
        assert_eq!(clock.high(), Timestamp::MIN, "it may have much to tell");
        clock.advance(at(116), 10);
        assert_eq!(clock.high(), at(116));
    }

    #[test]
    fn whoever_reads_may_be_busy_for_long() {
        let mut clock = Clock::default();
        clock.open(ONE);
        clock.advance(at(100), 10);
        clock.restart_patience(at(200));
        clock.advance(at(205), 10);
        assert_eq!(clock.high(), Timestamp::MIN);
    }

    #[test]
    fn a_source_whose_clock_lags_is_not_late_for_ever() {
        let second = SECOND;
        let mut clock = Clock::default();
        clock.observe(ONE, at(100 * second), at(100 * second));
        clock.idle(ONE);
        clock.advance(at(10_000 * second), 10 * second);
        assert_eq!(clock.high(), at(10_000 * second), "what was read at first says nothing about the clock");
        clock.observe(ONE, at(9_000 * second), at(10_001 * second));
        assert_eq!(clock.frontier(ONE), at(9_000 * second));
        clock.idle(ONE);
        clock.advance(at(10_101 * second), 10 * second);
        assert_eq!(clock.high(), at(9_100 * second), "time goes on from its newest line");
        assert_eq!(clock.frontier(ONE), at(9_100 * second));
    }

    #[test]
    fn a_source_that_lags_is_judged_by_its_own_time_and_holds_back_no_other() {
        let second = SECOND;
        let mut clock = Clock::default();
        for source in [ONE, OTHER] {
            clock.observe(source, at(100), at(100));
            clock.idle(source);
        }
        clock.observe(ONE, at(1_000 * second), at(1_000 * second));
        clock.observe(OTHER, at(200 * second), at(1_000 * second));
        assert_eq!((clock.high(), clock.frontier(OTHER)), (at(1_000 * second), at(200 * second)));
        clock.idle(ONE);
        clock.idle(OTHER);
        clock.advance(at(2_000 * second), 10 * second);
        assert_eq!((clock.high(), clock.frontier(OTHER)), (at(2_000 * second), at(1_200 * second)));
        clock.observe(OTHER, at(1_201 * second), at(2_001 * second));
        clock.advance(at(2_002 * second), 10 * second);
        assert_eq!(clock.high(), at(2_002 * second), "also while it speaks");
        assert_eq!(clock.low(), at(1_201 * second));
    }

    #[test]
    fn merged_recordings_hold_nothing_back() {
        let mut clock = Clock::default();
        clock.reach(at(100));
        clock.observe(ONE, at(100), at(100));
        clock.reach(at(5_000));
        clock.observe(OTHER, at(5_000), at(5_000));
        assert_eq!((clock.high(), clock.frontier(ONE)), (at(5_000), at(5_000)));
    }

    #[test]
    fn a_wall_clock_that_was_wrong_for_a_while_leaves_no_trace() {
        let mut clock = Clock::default();
        clock.observe(ONE, at(100), at(100));
        clock.advance(at(1_000_000), 10);
        clock.set_back(at(130));
        assert_eq!(clock.high(), at(130));
        clock.set_back(at(500));
        assert_eq!(clock.high(), at(130), "only back");
    }

    #[test]
    fn sources_of_an_earlier_run_hold_nothing_back() {
        let mut clock = Clock::default();
        clock.observe(ONE, at(100), at(0));
        clock.observe(OTHER, at(40), at(0));
        clock.forget_sources();
        clock.observe(OTHER, at(200), at(0));
        assert_eq!(clock.high(), at(200));
    }

    #[test]
    fn an_event_out_of_order_does_not_move_it() {
        let mut clock = Clock::default();
        clock.observe(ONE, at(100), at(0));
        clock.observe(ONE, at(50), at(0));
        assert_eq!(clock.high(), at(100));
        assert_eq!(clock.greatest, Some(at(100)));
    }
}
