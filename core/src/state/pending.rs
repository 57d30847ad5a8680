//! What happened since the last publication, added up: a screen is drawn ten times a second, events come by the
//! hundred thousand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::traffic::{RequestCopies, Tally};
use super::update::{Counted, Ledger, Update};
use crate::event::number::to_u64;
use crate::event::{Event, LogLevel, Paths, Record, Redacted, canonical};

/// Rows of one publication. A screen shows less; the rest is counted as not shown.
const ROWS_PER_PUBLICATION: usize = 500;
/// Services and seconds of which requests are counted between two publications; logs choose their names and
/// times, and what is beyond this is only left out of the numbers of the last minute.
const SERVICES_PER_PUBLICATION: usize = 200;
const SECONDS_PER_PUBLICATION: usize = 200;

/// What the next publication will show.
#[derive(Default)]
pub struct Pending {
    rows: Vec<Arc<Record>>,
    not_shown: u64,
    by_second: HashMap<i64, [u64; 8]>,
    /// By service and second.
    traffic: HashMap<Arc<str>, BTreeMap<i64, Tally>>,
    ledger: Ledger,
    /// What is written of a request again may come with a later publication.
    copies: RequestCopies,
}

impl Pending {
    /// Nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.ledger == Ledger::default()
    }

    /// Takes the events that were read of a source.
    pub fn add_events(&mut self, events: &[Redacted], source: &Arc<str>, paths: &Paths) {
        events.iter().for_each(|event| self.count(event, source));
        self.keep_rows(events, source, paths);
    }

    /// Takes counts of lines.
    pub fn add_ledger(&mut self, ledger: &Ledger) {
        self.ledger.add(ledger);
    }

    /// What the state is to be told; nothing is pending afterwards.
    #[must_use]
    pub fn take_updates(&mut self) -> Vec<Update> {
        let by_second = std::mem::take(&mut self.by_second).into_iter().collect();
        let traffic = std::mem::take(&mut self.traffic).into_iter().flat_map(|(service, seconds)| {
            seconds.into_iter().map(move |(second, tally)| (Arc::clone(&service), second, tally))
        });
        let traffic = traffic.filter(|(_, _, tally)| !tally.is_empty()).collect();
        let ledger = std::mem::take(&mut self.ledger);
        let mut updates = vec![Update::Counted(Counted { by_second, ledger, traffic })];
        let (rows, not_shown) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.not_shown));
        if !rows.is_empty() {
            updates.push(Update::Events { rows, not_shown });
        }
        updates
    }

    fn count(&mut self, event: &Event, source: &str) {
        let level = level(event);
        let second = event.meta.time.unwrap_or(event.meta.ingested).seconds();
        self.by_second.entry(second).or_default()[level as usize] += 1;
        let service = event.service(source);
        if !self.copies.holds(event, service, source) {
            self.count_request(event, service, second);
        }
    }

    fn count_request(&mut self, event: &Event, service: &str, second: i64) {
        if let Some(seconds) = self.traffic.get_mut(service) {
            if seconds.len() < SECONDS_PER_PUBLICATION || seconds.contains_key(&second) {
                seconds.entry(second).or_default().count(event);
            }
        } else if self.traffic.len() < SERVICES_PER_PUBLICATION {
            self.traffic.entry(service.into()).or_default().entry(second).or_default().count(event);
        }
    }

    /// Keeps the newest events as rows, and of older ones those that name an error; only these are
    /// ever copied for the screen.
    fn keep_rows(&mut self, events: &[Redacted], source: &Arc<str>, paths: &Paths) {
        let newest = events.len().saturating_sub(ROWS_PER_PUBLICATION);
        let names = paths.read();
        let kept = events.iter().enumerate().filter(|(index, event)| *index >= newest || is_error(event));
        let before = self.rows.len();
        self.rows.extend(kept.map(|(_, event)| Arc::new(Record::from_event(event, source, &names))));
        self.not_shown += to_u64(events.len() - (self.rows.len() - before));
        self.drop_excess();
    }

    /// Drops the oldest rows that name no error first, then the oldest errors.
    fn drop_excess(&mut self) {
        for least in [LogLevel::Error, LogLevel::Critical] {
            let mut excess = self.rows.len().saturating_sub(ROWS_PER_PUBLICATION);
            self.not_shown += to_u64(excess);
            self.rows.retain(|row| {
                let dropped = excess > 0 && row.level < least;
                excess -= usize::from(dropped);
                !dropped
            });
            self.not_shown -= to_u64(excess);
        }
        let excess = self.rows.len().saturating_sub(ROWS_PER_PUBLICATION);
        self.rows.drain(..excess);
        self.not_shown += to_u64(excess);
    }
}

fn level(event: &Event) -> LogLevel {
    LogLevel::parse(event.get(canonical::LOG_LEVEL).unwrap_or_default())
}

fn is_error(event: &Event) -> bool {
    level(event) >= LogLevel::Error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, Origin, Redact, Timestamp};

    /// Nothing is hidden.
    struct Open;

    impl Redact for Open {
        fn redact(&mut self, _: &mut Event) {}

        fn redact_beside(&mut self, _: &mut Event, _: &mut Event) -> bool {
            false
        }
    }

    fn event(number: usize, level: &str, status: Option<&str>) -> Redacted {
        let mut event = Event::default();
        event.meta.seq = number as u64;
        event.meta.time = Some(Timestamp::from_seconds(7));
        event.push_text(canonical::LOG_LEVEL, Kind::String, level, Origin::Line);
        if let Some(status) = status {
            event.push_text(canonical::HTTP_STATUS, Kind::String, status, Origin::Line);
        }
        Redacted::by(&mut Open, event)
    }

    fn published(pending: &mut Pending) -> (Counted, Vec<Arc<Record>>, u64) {
        let (mut counted, mut rows, mut not_shown) = (Counted::default(), Vec::new(), 0);
        for update in pending.take_updates() {
            match update {
                Update::Counted(numbers) => counted = numbers,
                Update::Events { rows: new, not_shown: left_out } => (rows, not_shown) = (new, left_out),
                other => panic!("{other:?}"),
            }
        }
        (counted, rows, not_shown)
    }

    #[test]
    fn a_flood_leaves_the_newest_rows_and_older_errors_and_counts_the_rest() {
        let mut pending = Pending::default();
        let many = 3 * ROWS_PER_PUBLICATION;
        let events: Vec<Redacted> =
            (0..many).map(|n| event(n, if n == 1 { "error" } else { "info" }, None)).collect();
        for part in events.chunks(700) {
            pending.add_events(part, &"app.log".into(), &Paths::new());
        }
        let (counted, rows, not_shown) = published(&mut pending);
        assert_eq!(rows.len(), ROWS_PER_PUBLICATION);
        assert_eq!(not_shown as usize, many - ROWS_PER_PUBLICATION);
        assert_eq!(rows.first().map(|row| row.seq), Some(1), "the error outlives what came after it");
        assert_eq!(rows.last().map(|row| row.seq), Some(many as u64 - 1));
        let total: u64 = counted.by_second.iter().flat_map(|(_, levels)| levels).sum();
        assert_eq!(total, many as u64);
        assert!(pending.is_empty());
    }

    #[test]
    fn what_is_published_is_over_and_a_copy_of_it_counts_no_more() {
        let mut pending = Pending::default();
        let request = |logger: &str| {
            let mut event = (*event(0, "info", Some("200"))).clone();
            event.push_text(canonical::URL_PATH, Kind::String, "/cart", Origin::Line);
            event.push_text(canonical::LOG_LOGGER, Kind::String, logger, Origin::Line);
            Redacted::by(&mut Open, event)
        };
        let mut publish = |logger| {
            pending.add_events(&[request(logger)], &"app.log".into(), &Paths::new());
            published(&mut pending).0.traffic.len()
        };
        assert_eq!((publish("middleware"), publish("access")), (1, 0));
    }
}
