//! How far event time has come: one watermark for each source, the least of them for all.
//!
//! No wall clock is read. Time moves with the events; on an idle stream the caller says how late it
//! is. A source holds the others back until it is idle, which means that it had nothing to read, not
//! that reading it was slow. Events far ahead of their arrival never move it.

use serde::{Deserialize, Serialize};

/// Event times seen so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// By source number: `None` for a number that was never used.
    sources: Vec<Option<SourceClock>>,
    /// The least newest event time of all active sources; never goes back.
    high: Option<i64>,
    /// How far events alone have brought `high`, without the wall clock.
    #[serde(default)]
    by_events: Option<i64>,
    /// The greatest event time of all.
    greatest: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SourceClock {
    newest: i64,
    arrived: i64,
    idle: bool,
    /// It was idle before: what it says now has just been written.
    #[serde(default)]
    live: bool,
    /// How far behind its arrival the newest live event was: a clock or a zone that is wrong.
    #[serde(default)]
    lag: i64,
}

/// Sources beyond this share the clock of the last one: the number comes from the caller.
const MOST_SOURCES: usize = 65_536;

impl Clock {
    /// All active sources have reached this event time.
    pub(crate) fn high(&self) -> i64 {
        self.high.unwrap_or(i64::MIN)
    }

    /// A source will be read: until its first event it holds everything back.
    pub(crate) fn open(&mut self, source: u32) {
        let index = self.slot(source);
        self.sources[index].get_or_insert(SourceClock {
            newest: i64::MIN,
            arrived: i64::MAX,
            idle: false,
            live: false,
            lag: 0,
        });
    }

    fn slot(&mut self, source: u32) -> usize {
        let index = (source as usize).min(MOST_SOURCES - 1);
        if self.sources.len() <= index {
            self.sources.resize(index + 1, None);
        }
        index
    }

    /// An event of `source` with this event time arrived.
    pub(crate) fn observe(&mut self, source: u32, time: i64, arrived: i64) {
        self.greatest = Some(self.greatest.map_or(time, |greatest| greatest.max(time)));
        let index = self.slot(source);
        let old = self.sources[index];
        let newest = old.map_or(time, |old| old.newest.max(time));
        let live = old.is_some_and(|old| old.live || old.idle);
        let lag = if live { arrived.saturating_sub(newest).max(0) } else { 0 };
        self.sources[index] = Some(SourceClock { newest, arrived, idle: false, live, lag });
        if live {
            self.take_back(time);
        }
        // Only a source that held the others back, or came back, can move the least.
        let leading = old.is_some_and(|old| !old.idle && self.high.is_some_and(|high| old.newest > high));
        if !leading {
            self.settle();
        }
    }

    /// The source has nothing to read for now.
    pub(crate) fn idle(&mut self, source: u32) {
        if let Some(Some(clock)) = self.sources.get_mut(source as usize) {
            clock.idle = true;
            self.settle();
        }
    }

    /// The wall clock had gone further than the newest line of a source whose clock lags: that line is not late.
    fn take_back(&mut self, time: i64) {
        if self.high > self.by_events && self.high > Some(time) {
            self.high = self.by_events.max(Some(time));
        }
    }

    /// The sources of an earlier run are gone: their numbers mean others now, and none of them holds
    /// anything back. The time that was reached stays.
    pub(crate) fn forget_sources(&mut self) {
        self.sources.clear();
    }

    /// The wall clock says `now`; sources silent for longer than `patience` are idle.
    pub(crate) fn advance(&mut self, now: i64, patience: i64) {
        for clock in self.sources.iter_mut().flatten() {
            clock.idle |= clock.arrived < now.saturating_sub(patience);
        }
        if self.sources.iter().flatten().all(|clock| clock.idle) {
            let lag = self.sources.iter().flatten().filter(|clock| clock.live).map(|clock| clock.lag).min();
            self.raise(now.saturating_sub(lag.unwrap_or(0)));
        } else {
            self.settle();
        }
    }

    /// The wall clock was wrong and says `now` again: what comes next is not late because of that.
    pub(crate) fn set_back(&mut self, now: i64) {
        self.high = self.high.map(|high| high.min(now));
        self.by_events = self.by_events.map(|high| high.min(now));
    }

    /// Nothing more will come.
    pub(crate) fn finish(&mut self) {
        if let Some(greatest) = self.greatest {
            self.raise(greatest);
        }
    }

    fn settle(&mut self) {
        let active = self.sources.iter().flatten().filter(|clock| !clock.idle);
        let least = active.map(|clock| clock.newest).min();
        let newest = || self.sources.iter().flatten().map(|clock| clock.newest).max();
        if let Some(time) = least.or_else(newest) {
            self.by_events = self.by_events.max(Some(time));
            self.raise(time);
        }
    }

    fn raise(&mut self, time: i64) {
        self.high = Some(self.high.map_or(time, |high| high.max(time)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_active_source_holds_the_clock() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 0);
        clock.observe(1, 40, 0);
        assert_eq!(clock.high(), 100, "the clock never goes back");
        clock.observe(0, 200, 0);
        assert_eq!(clock.high(), 100);
        clock.observe(1, 150, 0);
        assert_eq!(clock.high(), 150);
        clock.idle(1);
        assert_eq!(clock.high(), 200);
    }

    #[test]
    fn an_idle_stream_follows_the_wall_clock() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 100);
        clock.advance(105, 10);
        assert_eq!(clock.high(), 100, "not yet idle");
        clock.advance(120, 10);
        assert_eq!(clock.high(), 120);
    }

    #[test]
    fn a_source_whose_clock_lags_is_not_late_for_ever() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 100);
        clock.idle(0);
        clock.advance(10_000, 10);
        assert_eq!(clock.high(), 10_000, "what was read at first says nothing about the clock");
        clock.observe(0, 9_000, 10_001);
        assert_eq!(clock.high(), 9_000);
        clock.idle(0);
        clock.advance(10_101, 10);
        assert_eq!(clock.high(), 9_100, "time goes on from its newest line");
    }

    #[test]
    fn one_source_that_lags_does_not_hold_back_those_that_do_not() {
        let mut clock = Clock::default();
        for source in [0, 1] {
            clock.observe(source, 100, 100);
            clock.idle(source);
        }
        clock.observe(0, 1_000, 1_000);
        clock.observe(1, 200, 1_000);
        assert_eq!(clock.high(), 1_000);
        clock.idle(0);
        clock.idle(1);
        clock.advance(2_000, 10);
        assert_eq!(clock.high(), 2_000);
    }

    #[test]
    fn a_wall_clock_that_was_wrong_for_a_while_leaves_no_trace() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 100);
        clock.advance(1_000_000, 10);
        clock.set_back(130);
        assert_eq!(clock.high(), 130);
        clock.set_back(500);
        assert_eq!(clock.high(), 130, "only back");
    }

    #[test]
    fn sources_of_an_earlier_run_hold_nothing_back() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 0);
        clock.observe(1, 40, 0);
        clock.forget_sources();
        clock.observe(1, 200, 0);
        assert_eq!(clock.high(), 200);
    }

    #[test]
    fn an_event_out_of_order_does_not_move_it() {
        let mut clock = Clock::default();
        clock.observe(0, 100, 0);
        clock.observe(0, 50, 0);
        assert_eq!(clock.high(), 100);
        assert_eq!(clock.greatest, Some(100));
    }
}
