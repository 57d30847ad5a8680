//! The time of an event that names none.
//!
//! A line that is read as it is written has just happened: its arrival counts. One that was there before may be of any
//! day, and a burst of reading is no burst of events: no rule that counts sees it, and that is told.
//!
//! Text without a time among lines that have one is what a server prints beside its log, as uvicorn does of each
//! request: the log has told it, and it would count twice.

use std::collections::HashMap;

use crate::event::{Event, Format, SourceId, TimeQuality, Timestamp};

/// Sources of which something is remembered; every segment of a spool is one.
const MOST_SOURCES: usize = 16_384;

/// Events of a source that no rule that counts has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undated {
    pub events: u64,
    /// This many of them some rule matches.
    pub matched: u64,
    /// The source has named a time since.
    pub has_times: bool,
}

/// What is known of one source.
#[derive(Clone, Copy, Default)]
struct Dated {
    /// A line of it has named a time that can be believed.
    names_times: bool,
    undated: u64,
    matched: u64,
}

/// Gives events the time that they do not name.
#[derive(Default)]
pub(super) struct Dating {
    habits: HashMap<SourceId, Dated>,
    /// The source of the last event: those of a source come together.
    last: Option<(SourceId, Dated)>,
}

impl Dating {
    /// Nothing of a source is to be remembered.
    pub fn forget(&mut self, source: SourceId) {
        self.habits.remove(&source);
        self.last = self.last.take().filter(|(last, _)| *last != source);
    }

    /// Gives the next event of its source a time, if it names none and there is one for it. `is_live`: it was read as
    /// it was written.
    pub fn date(&mut self, event: &mut Event, is_live: bool) {
        let habit = self.turn_to(event.meta.source);
        if event.meta.time.is_some() {
            habit.names_times |= event.meta.time_quality != TimeQuality::Future;
        } else if habit.names_times && is_beside(event) {
            // Told by another line.
        } else if is_live {
            give(event, event.meta.ingested, TimeQuality::Arrival);
        } else {
            habit.undated += 1;
        }
    }

    /// Rules match an event to which no time could be given.
    pub fn matched(&mut self, source: SourceId) {
        self.turn_to(source).matched += 1;
    }

    /// What of a source nobody has counted since the last call.
    pub fn take_undated(&mut self, source: SourceId) -> Option<Undated> {
        let habit = self.turn_to(source);
        let (events, matched) = (std::mem::take(&mut habit.undated), std::mem::take(&mut habit.matched));
        (events > 0).then_some(Undated { events, matched, has_times: habit.names_times })
    }

    fn turn_to(&mut self, source: SourceId) -> &mut Dated {
        if self.last.is_none_or(|(last, _)| last != source) {
            self.exchange(source);
        }
        let (_, habit) = self.last.get_or_insert((source, Dated::default()));
        habit
    }

    #[cold]
    fn exchange(&mut self, source: SourceId) {
        if let Some((last, habit)) = self.last.take()
            && (self.habits.len() < MOST_SOURCES || self.habits.contains_key(&last))
        {
            self.habits.insert(last, habit);
        }
        self.last = Some((source, self.habits.get(&source).copied().unwrap_or_default()));
    }
}

/// Whether an event that names no time is text that stands beside a log whose lines do.
pub(super) fn is_beside(event: &Event) -> bool {
    matches!(event.meta.format, Format::Plain | Format::TextLog | Format::Access)
}

/// Puts an event that names no time where somebody knows that it belongs.
pub(super) fn give(event: &mut Event, time: Timestamp, quality: TimeQuality) {
    event.meta.time = Some(time);
    event.meta.time_quality = quality;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(
        dating: &mut Dating,
        names: Option<i64>,
        read_at: i64,
        is_live: bool,
    ) -> (Option<i64>, TimeQuality) {
        dated_as(Format::Json, dating, (names, read_at, is_live))
    }

    fn dated_as(
        format: Format,
        dating: &mut Dating,
        line: (Option<i64>, i64, bool),
    ) -> (Option<i64>, TimeQuality) {
        let (names, read_at, is_live) = line;
        let mut event = Event::default();
        event.meta.format = format;
        event.meta.ingested = Timestamp(read_at);
        if let Some(time) = names {
            give(&mut event, Timestamp(time), TimeQuality::Exact);
        }
        dating.date(&mut event, is_live);
        (event.meta.time.map(|time| time.0), event.meta.time_quality)
    }

    #[test]
    fn what_was_there_is_not_counted_and_what_is_written_counts_when_it_arrives() {
        let mut dating = Dating::default();
        assert_eq!(dated(&mut dating, None, 90, false), (None, TimeQuality::Absent));
        dating.matched(SourceId(0));
        assert_eq!(dated(&mut dating, Some(10), 90, false), (Some(10), TimeQuality::Exact));
        assert_eq!(dated(&mut dating, None, 90, false), (None, TimeQuality::Absent));
        assert_eq!(dated(&mut dating, None, 91, true), (Some(91), TimeQuality::Arrival));
        let undated = Undated { events: 2, matched: 1, has_times: true };
        assert_eq!(dating.take_undated(SourceId(0)), Some(undated));
        assert_eq!(dating.take_undated(SourceId(0)), None, "told once");
        assert_eq!(dating.take_undated(SourceId(1)), None);
    }

    #[test]
    fn text_beside_a_log_with_times_is_not_told_again() {
        let mut dating = Dating::default();
        let text = |dating: &mut Dating, is_live| dated_as(Format::Access, dating, (None, 91, is_live));
        assert_eq!(text(&mut dating, true), (Some(91), TimeQuality::Arrival), "all that there is");
        dated(&mut dating, Some(10), 90, false);
        assert_eq!(text(&mut dating, true), (None, TimeQuality::Absent));
        assert_eq!(text(&mut dating, false), (None, TimeQuality::Absent));
    }

    #[test]
    fn sources_know_nothing_of_each_other() {
        let mut dating = Dating::default();
        let text = |dating: &mut Dating| dated_as(Format::Plain, dating, (None, 91, true)).0;
        dated(&mut dating, Some(10), 90, false);
        assert_eq!(text(&mut dating), None);
        dating.forget(SourceId(0));
        assert_eq!(text(&mut dating), Some(91));
    }
}
