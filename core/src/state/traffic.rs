//! Requests of the last minute, by service: how many, how many failed, how long they took.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;

use crate::correlate::{Deduplicator, OccurrenceKey, StreamKey};
use crate::event::number::{rounded, to_f64, to_u64, to_usize};
use crate::event::{Event, Nanos, SECOND, Timestamp, canonical};

/// Seconds that are looked back.
const WINDOW: i64 = 60;
/// Seconds held of a service: those that are looked back, and as many ahead of the clock as a count may
/// claim to lie. Fewer, and forged times would push real ones out.
#[expect(clippy::cast_possible_truncation, reason = "two minutes")]
const MOST_SECONDS: usize = (WINDOW + super::MOST_SECONDS_AHEAD) as usize;
/// Services held at most; what others say is counted under [`OTHERS`]. With all their tallies that is
/// less than two megabytes.
const MOST_SERVICES: usize = 64;
/// Stands for services beyond the limit.
const OTHERS: &str = "(others)";
/// Steps of the histogram: half a doubling each from a tenth of a millisecond, to 27 minutes.
const STEPS: usize = 48;
const SHORTEST: f64 = 1e5;

/// Requests that are written more than once: by the middleware and the server into one file, and into
/// several files of one service.
#[derive(Default)]
pub struct RequestCopies {
    of_loggers: Deduplicator,
    of_files: Deduplicator,
    hasher: RandomState,
}

/// All that is written of one request is written within this time.
const COPIED_WITHIN: Nanos = 2 * SECOND;

impl RequestCopies {
    /// Whether another logger of the file, or another file of the service, has counted this request already.
    /// Loggers agree on address, path and status (access lines have no id), files on the correlation id: two
    /// instances of a service may well be asked the same, and so may two services that write to one file.
    pub fn holds(&mut self, event: &Event, service: &str, source: &str) -> bool {
        let Some(status) = event.get(canonical::HTTP_STATUS) else { return false };
        let time = event.meta.time.unwrap_or(event.meta.ingested);
        let settled = time.minus(WINDOW * SECOND);
        let (path, address) = (event.get(canonical::URL_PATH), event.get(canonical::SOURCE_IP));
        let key = OccurrenceKey(self.hasher.hash_one((service, source, status, path, address)));
        let logger = StreamKey(self.hasher.hash_one(event.get(canonical::LOG_LOGGER)));
        if path.is_some() && !self.of_loggers.is_new(key, logger, time, COPIED_WITHIN, settled) {
            return true;
        }
        let id = event.all(canonical::CORRELATION_ID).next();
        id.filter(|id| !id.is_empty()).is_some_and(|id| {
            let key = OccurrenceKey(self.hasher.hash_one((service, status, id)));
            let file = StreamKey(self.hasher.hash_one(source));
            !self.of_files.is_new(key, file, time, COPIED_WITHIN, settled)
        })
    }
}

/// What was counted of one service in one second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Events with the status of an answer.
    pub requests: u32,
    /// Answers of 500 and above.
    pub errors: u32,
    /// Answers of 429.
    pub limited: u32,
    /// Tokens given, renewed, checked or taken back.
    pub tokens: u32,
    /// Values encrypted or decrypted, or not.
    pub encryption: u32,
    took: [u32; STEPS],
}

impl Default for Tally {
    fn default() -> Self {
        Self { requests: 0, errors: 0, limited: 0, tokens: 0, encryption: 0, took: [0; STEPS] }
    }
}

impl Tally {
    /// Counts an event, if it is one of the things that are counted here.
    pub fn count(&mut self, event: &Event) {
        match event.get(canonical::HTTP_STATUS).and_then(|status| status.parse::<u16>().ok()) {
            Some(status) => self.answer(status, event),
            None => self.operation(event),
        }
    }

    fn answer(&mut self, status: u16, event: &Event) {
        self.requests += 1;
        self.errors += u32::from(status >= 500);
        self.limited += u32::from(status == 429);
        let path = event.get(canonical::URL_PATH).unwrap_or_default();
        self.tokens += u32::from(path.ends_with("/token") || path.ends_with("/refresh"));
        let nanos = event.get(canonical::EVENT_DURATION).and_then(|nanos| nanos.parse::<f64>().ok());
        if let Some(slot) = nanos.and_then(|nanos| self.took.get_mut(step(nanos))) {
            *slot += 1;
        }
    }

    fn operation(&mut self, event: &Event) {
        static TOKEN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("oken "));
        static CRYPT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("crypt"));
        let action = event.get(canonical::EVENT_ACTION).unwrap_or_default();
        let message = event.get(canonical::MESSAGE).unwrap_or_default().as_bytes();
        self.tokens += u32::from(action.contains("token") || TOKEN.find(message).is_some());
        self.encryption += u32::from(action.contains("crypt") || CRYPT.find(message).is_some());
    }

    /// Nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests == 0 && self.tokens == 0 && self.encryption == 0
    }

    fn add(&mut self, other: &Tally) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.limited = self.limited.saturating_add(other.limited);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.encryption = self.encryption.saturating_add(other.encryption);
        for (mine, theirs) in self.took.iter_mut().zip(other.took) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The time that `share` of the measured requests did not exceed, to within a fifth.
    fn quantile(&self, share: f64) -> Option<Nanos> {
        let all: u64 = self.took.iter().map(|count| u64::from(*count)).sum();
        let wanted = to_u64(rounded((share * to_f64(all)).ceil().max(1.0)));
        let mut seen = 0;
        let reached = |count: &u32| {
            seen += u64::from(*count);
            seen >= wanted
        };
        let step = self.took.iter().position(reached).filter(|_| all > 0)?;
        Some(rounded(SHORTEST * 2_f64.powf((to_f64(step) + 0.5) / 2.0)))
    }
}

fn step(nanos: f64) -> usize {
    let steps = (nanos.max(SHORTEST) / SHORTEST).log2() * 2.0;
    to_usize(rounded(steps.floor()).max(0)).min(STEPS - 1)
}

/// The last minute of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficRow {
    pub service: Arc<str>,
    pub requests_per_second: f64,
    /// Share of answers that were server errors, 0 to 1.
    pub error_share: f64,
    pub p50: Option<Nanos>,
    pub p95: Option<Nanos>,
    pub p99: Option<Nanos>,
    /// Within the minute.
    pub limited: u32,
    pub tokens: u32,
    pub encryption: u32,
}

#[derive(Debug, Default)]
pub(super) struct Traffic(BTreeMap<Arc<str>, VecDeque<(i64, Tally)>>);

impl Traffic {
    /// Takes what was counted of a service in one second; seconds may come in any order.
    pub fn add(&mut self, service: &Arc<str>, second: i64, tally: &Tally) {
        let full = self.0.len() >= MOST_SERVICES && !self.0.contains_key(service);
        let service = if full { OTHERS.into() } else { Arc::clone(service) };
        let seconds = self.0.entry(service).or_default();
        let at = seconds.partition_point(|(held, _)| *held < second);
        match seconds.get_mut(at) {
            Some((held, known)) if *held == second => known.add(tally),
            _ => seconds.insert(at, (second, tally.clone())),
        }
        if seconds.len() > MOST_SECONDS {
            seconds.pop_front();
        }
    }

    /// The busiest first. Services of which nothing was heard for a minute are forgotten.
    pub fn rows(&mut self, now: Timestamp) -> Vec<TrafficRow> {
        let since = now.seconds() - WINDOW;
        self.0.retain(|_, seconds| {
            seconds.retain(|(second, _)| *second > since);
            !seconds.is_empty()
        });
        let mut rows: Vec<TrafficRow> =
            self.0.iter().map(|(service, seconds)| row(service, seconds)).collect();
        rows.sort_by(|a, b| b.requests_per_second.total_cmp(&a.requests_per_second));
        rows
    }
}

fn row(service: &Arc<str>, seconds: &VecDeque<(i64, Tally)>) -> TrafficRow {
    let mut all = Tally::default();
    for (_, tally) in seconds {
        all.add(tally);
    }
    TrafficRow {
        service: Arc::clone(service),
        requests_per_second: f64::from(all.requests) / to_f64(WINDOW),
        error_share: f64::from(all.errors) / f64::from(all.requests.max(1)),
        p50: all.quantile(0.5),
        p95: all.quantile(0.95),
        p99: all.quantile(0.99),
        limited: all.limited,
        tokens: all.tokens,
        encryption: all.encryption,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, Origin};

    fn second(requests: u32, errors: u32, millis: &[f64]) -> Tally {
        let mut tally = Tally { requests, errors, ..Tally::default() };
        for millis in millis {
            tally.took[step(millis * 1e6)] += 1;
        }
        tally
    }

    fn near(found: Option<Nanos>, millis: f64) -> bool {
        found.is_some_and(|nanos| (nanos as f64 / 1e6 / millis - 1.0).abs() < 0.21)
    }

    #[test]
    fn a_minute_is_summed_up_by_service_and_then_forgotten() {
        let mut traffic = Traffic::default();
        let (api, web): (Arc<str>, Arc<str>) = ("api".into(), "web".into());
        for n in 0..100 {
            traffic.add(&api, 1_000 + n, &second(3, u32::from(n % 2 == 0), &[10.0, 10.0, 400.0]));
        }
        traffic.add(&web, 1_099, &second(6, 0, &[]));
        let rows = traffic.rows(Timestamp::from_seconds(1_099));
        assert_eq!(rows.len(), 2);
        assert_eq!((&*rows[0].service, rows[0].requests_per_second), ("api", 3.0));
        assert!((rows[0].error_share - 1.0 / 6.0).abs() < 1e-9);
        assert!(near(rows[0].p50, 10.0) && near(rows[0].p95, 400.0), "{rows:?}");
        assert_eq!((rows[1].p50, rows[1].requests_per_second), (None, 0.1));
        assert!(traffic.rows(Timestamp::from_seconds(1_200)).is_empty());
    }

    #[test]
    fn seconds_that_come_late_are_counted_where_they_belong() {
        let mut traffic = Traffic::default();
        let api: Arc<str> = "api".into();
        for at in [50, 48, 50, 49] {
            traffic.add(&api, at, &second(60, 0, &[]));
        }
        assert_eq!(traffic.rows(Timestamp::from_seconds(50))[0].requests_per_second, 4.0);
        assert_eq!(traffic.rows(Timestamp::from_seconds(108))[0].requests_per_second, 3.0);
    }

    #[test]
    fn services_beyond_the_limit_share_a_row() {
        let mut traffic = Traffic::default();
        for n in 0..500 {
            traffic.add(&format!("service {n}").into(), 7, &second(1, 0, &[]));
        }
        let rows = traffic.rows(Timestamp::from_seconds(7));
        assert_eq!(rows.len(), MOST_SERVICES + 1);
        assert_eq!(&*rows[0].service, OTHERS);
    }

    /// A request as one logger of a file tells it.
    fn request(millis: i64, logger: &str, ip: &str, id: &str) -> Event {
        let mut event = Event::default();
        event.meta.time = Some(Timestamp(millis * 1_000_000));
        let fields = [
            (canonical::HTTP_STATUS, "200"),
            (canonical::URL_PATH, "/cart"),
            (canonical::SOURCE_IP, ip),
            (canonical::LOG_LOGGER, logger),
            (canonical::CORRELATION_ID, id),
        ];
        for (path, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
            event.push_text(path, Kind::String, text, Origin::Line);
        }
        event
    }

    fn counted<'a>(of: impl IntoIterator<Item = (Event, &'a str)>) -> usize {
        let mut copies = RequestCopies::default();
        of.into_iter().filter(|(event, file)| !copies.holds(event, event.service("shop"), file)).count()
    }

    #[test]
    fn a_request_that_two_loggers_and_two_files_tell_counts_once() {
        let told = |n: i64| {
            let id = format!("id{n}");
            ["app.log", "stdout"].into_iter().flat_map(move |file| {
                let middleware = request(n * 10, "middleware", "192.0.2.1", &id);
                [(middleware, file), (request(n * 10 + 1, "access", "192.0.2.1", ""), file)]
            })
        };
        assert_eq!(counted((0..5).flat_map(told)), 5);
    }

    #[test]
    fn requests_that_are_alike_all_count() {
        assert_eq!(counted((0..5).map(|n| (request(n, "", "192.0.2.1", ""), "access.log"))), 5);
        // Of two instances, and with one id for all.
        let instances =
            |n| [(request(n, "", "192.0.2.1", ""), "a.log"), (request(n, "", "192.0.2.1", ""), "b.log")];
        assert_eq!(counted((0..5).flat_map(instances)), 10);
        assert_eq!(counted((0..5).map(|n| (request(n, "", "192.0.2.1", "constant"), "a.log"))), 5);
        // Of two services that write to one file.
        let services = ["cart", "search"].map(|service| {
            let mut event = request(1, service, "", "");
            event.push_text(canonical::SERVICE_NAME, Kind::String, service, Origin::Line);
            (event, "compose.log")
        });
        assert_eq!(counted(services), 2);
    }

    #[test]
    fn a_duration_of_any_size_has_a_step() {
        for nanos in [f64::NAN, -1.0, 0.0, 1e3, 1e9, 1e30, f64::INFINITY] {
            assert!(step(nanos) < STEPS, "{nanos}");
        }
    }
}
