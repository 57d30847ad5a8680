//! Log lines written to order: the story behind `soctop demo`.
//!
//! Five small back ends of our own invention write in the shapes that real ones use: JSON from two
//! Python formatters, a plain text logger, nginx, PostgreSQL with pgaudit, an audit trail. Their
//! people, addresses (documentation ranges) and secrets do not exist.
//!
//! Everything is a pure function of a seed and a start time, so a demo always tells the same story.
//! The files of `sample-logs/` are written by the same back ends, from `tests/it/samples.rs`.

mod random;
mod scenario;
mod story;
pub mod systems;

pub use random::Random;
pub use story::{STORY_MILLIS, story};

use crate::event::Timestamp;

/// One log line of one stream, and when it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds after the start of the recording.
    pub at_millis: u64,
    /// Relative path of the log file, `shop/app.log`.
    pub stream: &'static str,
    /// The line without its newline. A stack trace is several lines.
    pub text: String,
}

/// A recording being written: lines in any order, sorted at the end.
pub struct Tape {
    start: Timestamp,
    /// Where ids and durations come from.
    pub random: Random,
    /// What is written so far, in the order of writing.
    pub lines: Vec<Line>,
}

impl Tape {
    /// An empty tape; equal seeds draw equal ids and durations.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self { start, random: Random::new(seed), lines: Vec::new() }
    }

    /// One more line of a stream, `at_millis` milliseconds after the start.
    pub fn push(&mut self, at_millis: u64, stream: &'static str, text: impl Into<String>) {
        self.lines.push(Line { at_millis, stream, text: text.into() });
    }

    /// The time of day at which a line is written.
    #[must_use]
    pub fn time(&self, at_millis: u64) -> Timestamp {
        self.start.plus(i64::try_from(at_millis).unwrap_or(i64::MAX).saturating_mul(1_000_000))
    }

    /// The lines by time; lines of the same millisecond keep the order in which they were written.
    #[must_use]
    pub fn into_lines(mut self) -> Vec<Line> {
        self.lines.sort_by_key(|line| line.at_millis);
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        Timestamp::parse_rfc3339("2026-03-01T09:00:00Z").unwrap()
    }

    #[test]
    fn a_story_is_the_same_for_the_same_seed_and_differs_for_another() {
        assert_eq!(story(7, start()), story(7, start()));
        assert_ne!(story(7, start()), story(8, start()));
    }

    #[test]
    fn a_story_is_in_order_and_fills_ten_minutes() {
        let lines = story(7, start());
        assert!(lines.is_sorted_by_key(|line| line.at_millis));
        assert!(lines.len() > 2_000, "{} lines", lines.len());
        assert!(lines.last().unwrap().at_millis <= STORY_MILLIS);
        for minute in 0..10 {
            let from = minute * 60_000;
            let of_minute =
                lines.iter().filter(|line| (from..from + 60_000).contains(&line.at_millis)).count();
            assert!(of_minute > 100, "minute {minute} has {of_minute} lines");
        }
    }

    #[test]
    fn no_line_holds_a_line_break() {
        for line in story(7, start()) {
            assert!(!line.text.contains('\n'), "{}", line.text);
        }
    }
}
