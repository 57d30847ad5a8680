//! Lines of no known format where they are out of place: among those of a source that has one.
//!
//! Plain text says nothing alone, for many programs write nothing else. That a program which writes records begins to
//! write something else does: its format was broken, by an update or by somebody who does not want to be read.

use std::collections::HashMap;

use crate::event::{Event, Flags, SourceId};

/// This many lines of a source tell what is usual in it.
const LEARNED: u32 = 200;
/// Shares of lines are counted in parts of this.
const WHOLE: u32 = 1 << 20;
/// Up to a tenth of all lines, those of no format are out of place.
const FEW: u32 = WHOLE / 10;
/// From a quarter of the newest lines on, the format is lost; below a sixteenth it is there again.
const LOST: u32 = WHOLE / 4;
const THERE: u32 = WHOLE / 16;
/// How many lines the two shares look back upon.
const LONG: u32 = 1_024;
const SHORT: u32 = 64;
/// Sources of which that is remembered.
const MOST_SOURCES: usize = 16_384;

/// What one source has shown so far.
#[derive(Clone, Copy, Default)]
struct Habit {
    lines: u32,
    /// Of lines without a format, over all and over the newest, in parts of [`WHOLE`].
    usual: u32,
    newest: u32,
    lost: bool,
}

impl Habit {
    /// Takes a line in; says what is out of the ordinary about it.
    fn take(&mut self, is_prose: bool) -> Flags {
        let mut flags = Flags::default();
        flags.set_if(is_prose && self.lines >= LEARNED && self.usual < FEW, Flags::STRAY);
        self.lines = self.lines.saturating_add(1);
        self.usual = moved(self.usual, is_prose, self.lines.min(LONG));
        self.newest = moved(self.newest, is_prose, self.lines.min(SHORT));
        let lost = self.newest >= LOST && flags.has(Flags::STRAY);
        flags.set_if(lost && !self.lost, Flags::FORMAT_LOST);
        self.lost = lost || self.lost && self.newest >= THERE;
        flags
    }
}

/// A share after one more line.
fn moved(share: u32, counts: bool, weight: u32) -> u32 {
    share - share / weight + if counts { WHOLE / weight } else { 0 }
}

/// How much of each source has no known format.
#[derive(Default)]
pub(super) struct Strays {
    habits: HashMap<SourceId, Habit>,
    /// The source of the last line: lines of a source come together.
    last: Option<(SourceId, Habit)>,
}

impl Strays {
    /// Flags an event that is out of place in its source. Events of a source come in their order.
    pub(super) fn follow(&mut self, event: &mut Event) {
        let source = event.meta.source;
        let mut habit = match self.last {
            Some((last, habit)) if last == source => habit,
            _ => self.turn_to(source),
        };
        event.meta.flags.set(habit.take(event.meta.prose));
        self.last = Some((source, habit));
    }

    /// Nothing of a source is to be remembered.
    pub(super) fn forget(&mut self, source: SourceId) {
        self.habits.remove(&source);
        self.last = self.last.take().filter(|(last, _)| *last != source);
    }

    #[cold]
    fn turn_to(&mut self, source: SourceId) -> Habit {
        if let Some((last, habit)) = self.last.take()
            && (self.habits.len() < MOST_SOURCES || self.habits.contains_key(&last))
        {
            self.habits.insert(last, habit);
        }
        self.habits.get(&source).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many lines are out of place, and how often the format is said to be lost; each line is prose or not.
    fn found(lines: impl IntoIterator<Item = bool>) -> (usize, usize) {
        let mut strays = Strays::default();
        let mut found = (0, 0);
        for is_prose in lines {
            let mut event = Event::default();
            event.meta.prose = is_prose;
            strays.follow(&mut event);
            found.0 += usize::from(event.meta.flags.has(Flags::STRAY));
            found.1 += usize::from(event.meta.flags.has(Flags::FORMAT_LOST));
        }
        found
    }

    #[test]
    fn what_breaks_a_habit_is_out_of_place_until_it_is_one() {
        assert_eq!(found(std::iter::repeat_n(true, 2_000)), (0, 0), "it never wrote anything else");
        assert_eq!(found((0..2_000).map(|n| n % 5 == 0)), (0, 0), "a fifth is usual");
        assert_eq!(found((0..200).map(|n| n >= 150)), (0, 0), "too early to tell");
        assert_eq!(found((0..2_000).map(|n| n % 500 == 499)), (4, 0), "one now and then");
        assert_eq!(found((0..2_000).map(|n| (1_000..1_010).contains(&n))), (10, 0), "a banner");
        let jump = |n: usize| (1_000..1_500).contains(&n);
        let (strays, lost) = found((0..2_000).map(jump));
        assert!((90..=130).contains(&strays) && lost == 1, "{strays} {lost}");
        let twice = |n: usize| (1_000..1_030).contains(&n) || (1_500..1_530).contains(&n);
        assert_eq!(found((0..2_000).map(twice)), (60, 2));
    }
}
