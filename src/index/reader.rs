//! Questions to the store: searches, traces, look-ups. Any number of readers, in any process.
//!
//! A question goes to the partitions one after the other, the newest first; a sealed partition that cannot
//! hold an answer, by its times or by its filter of ids, is not even opened.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tantivy::BitSet;

use super::deadline::Deadline;
use super::directory::Directory;
use super::error::Error;
use super::guard::guarded;
use super::hunt::Hunt;
use super::inquiry::Inquiry;
use super::part::Part;
use super::partition;
use super::payload::Payload;
use super::top::{Histogram, Order, Span, Times, Top};
use super::values::{Counter, TopValues};
use super::view::Counts;
use crate::alert::Alert;
use crate::event::number::to_u64;
use crate::event::{Record, Timestamp};
use crate::query::name::typed;
use crate::query::{SearchRequest, SearchResponse, Trace};
use crate::sigma::RuleSet;

/// A search gives up after so long.
const SEARCH_TIME: Duration = Duration::from_secs(20);
/// The beginning of an id that is looked up has at least this many characters.
const SHORTEST_BEGINNING: usize = 4;
/// Events of a page that are read together.
const RECORDS_AT_ONCE: usize = 32;

/// A handle for questions; cloning shares it.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

struct Shared {
    /// Oldest first; the last is the one that is written.
    parts: ArcSwap<Vec<Arc<Part>>>,
    /// Taken while the list changes.
    changing: Mutex<()>,
    /// The newest commit.
    payload: ArcSwap<Payload>,
}

impl Reader {
    /// Opens the store in `path` for questions only. Another process may be writing.
    ///
    /// # Errors
    /// [`Error::NotAStore`] where nothing was ever written; [`Error::Lost`], [`Error::Damaged`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let directory = Directory::existing(path)?;
        directory.marker()?;
        let partitions = partition::list_begun(&directory.partitions())?;
        let Some((newest, sealed)) = partitions.split_last() else {
            return Err(Error::Lost { path: path.to_owned(), missing: directory.partitions() });
        };
        let (newest, mut payload) = guarded(|| Part::open(newest))?;
        // Whoever writes may have committed since; a question is answered without them.
        payload.read_cursors(&directory).unwrap_or_default();
        let parts = sealed.iter().map(|path| Arc::new(Part::at(path))).chain([Arc::new(newest)]).collect();
        Ok(Self::over(parts, payload))
    }

    pub(super) fn over(parts: Vec<Arc<Part>>, payload: Payload) -> Self {
        Self(Arc::new(Shared {
            parts: ArcSwap::from_pointee(parts),
            changing: Mutex::default(),
            payload: ArcSwap::from_pointee(payload),
        }))
    }

    /// The newest partition has a new commit.
    pub(super) fn follow(&self, payload: &Payload) -> Result<(), Error> {
        let parts = self.0.parts.load_full();
        if let Some(newest) = parts.last() {
            guarded(|| newest.follow(payload))?;
        }
        self.0.payload.store(Arc::new(payload.clone()));
        Ok(())
    }

    /// A new partition is written from now on.
    pub(super) fn begin(&self, part: Part, payload: &Payload) {
        let part = Arc::new(part);
        self.change(|parts| parts.iter().cloned().chain([Arc::clone(&part)]).collect());
        self.0.payload.store(Arc::new(payload.clone()));
    }

    /// A partition was sealed: its files are others now.
    pub(super) fn settled(&self, path: &Path) {
        let settle = |part: &Arc<Part>| match part.path == path {
            true => Arc::new(Part::at(path)),
            false => Arc::clone(part),
        };
        self.change(|parts| parts.iter().map(settle).collect());
    }

    /// A partition is about to be removed.
    pub(super) fn forget(&self, path: &Path) {
        self.change(|parts| parts.iter().filter(|part| part.path != path).cloned().collect());
    }

    fn change(&self, change: impl FnOnce(&[Arc<Part>]) -> Vec<Arc<Part>>) {
        let changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = change(&self.0.parts.load());
        self.0.parts.store(Arc::new(parts));
        drop(changing);
    }

    /// The newest commit: how far each source was read, and what became of the lines.
    #[must_use]
    pub fn payload(&self) -> Arc<Payload> {
        self.0.payload.load_full()
    }

    /// Answers a search over events.
    ///
    /// # Errors
    /// [`Error::Query`] with position and hint when the text is no query or asks for a field that no event has;
    /// [`Error::Search`] when it takes too long or the index is damaged.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResponse, Error> {
        let started = Instant::now();
        let mut response = guarded(|| {
            // Before the parts are looked at: what is committed meanwhile may be missing from the answer.
            let complete_to = self.0.payload.load().read_to;
            let asked = self.ask(request);
            let order = if request.ascending { Order::OldestFirst } else { Order::NewestFirst };
            let mut top = Top::new(request.limit, order);
            asked.visit_hits(&request.query, &mut |found| top.offer(found, asked.times))?;
            let total = top.total;
            let records = asked.records(&top.into_sorted())?;
            let indexed = asked.counts()?.events;
            Ok(SearchResponse { records, total, indexed, complete_to, elapsed_micros: 0 })
        })?;
        response.elapsed_micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(response)
    }

    fn ask(&self, request: &SearchRequest) -> Inquiry {
        let times = Times::of(request.since, request.until);
        Inquiry { parts: self.0.parts.load_full(), times, deadline: Deadline::after(SEARCH_TIME) }
    }

    fn ask_all(&self) -> Inquiry {
        self.ask(&SearchRequest::default())
    }

    /// Events that match, over time: intervals of equal width that cover all of them, at most
    /// `buckets` and at least one second each.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn histogram(&self, request: &SearchRequest, buckets: usize) -> Result<Histogram, Error> {
        guarded(|| {
            let asked = self.ask(request);
            let mut span = Span::default();
            asked.visit_hits(&request.query, &mut |found| {
                found.times().filter(|time| asked.times.holds(*time)).for_each(|time| span.add(time));
            })?;
            // A second pass instead of keeping the times: there may be any number of them.
            let mut histogram = Histogram::over(span, request.since, buckets);
            asked.visit_hits(&request.query, &mut |found| {
                let hits = found.docs.iter().zip(found.times());
                for (doc, time) in hits.filter(|(_, time)| asked.times.holds(*time)) {
                    let level = found.columns.level.first(*doc).unwrap_or_default();
                    histogram.add(time, usize::try_from(level).unwrap_or(usize::MAX));
                }
            })?;
            Ok(histogram)
        })
    }

    /// The values of a field among the events that match, the most frequent first.
    ///
    /// # Errors
    /// As [`Self::search`]; [`Error::Search`] when there are too many different values.
    pub fn top(&self, request: &SearchRequest, field: &str) -> Result<TopValues, Error> {
        guarded(|| {
            let asked = self.ask(request);
            // The field is checked as if the query asked for it.
            asked.expression(&format!("{}:*", typed(field)))?;
            let expression = asked.expression(&request.query)?;
            let mut counter = Counter::of(field, asked.deadline)?;
            for (number, part) in asked.parts() {
                let Some(view) = part.view()? else { continue };
                let segments = view.searcher.segment_readers();
                let mut hits: Vec<BitSet> =
                    segments.iter().map(|segment| BitSet::with_max_value(segment.max_doc())).collect();
                asked.visit_view(number, &view, &expression, &mut |found| {
                    let Some(hits) = hits.get_mut(found.segment as usize) else { return };
                    let held = found.docs.iter().zip(found.times());
                    held.filter(|(_, time)| asked.times.holds(*time)).for_each(|(doc, _)| {
                        hits.insert(*doc);
                    });
                })?;
                counter.count(number, &view, &hits)?;
            }
            let counted = counter.sorted();
            let records = asked.records(&counted.examples(request.limit))?;
            Ok(counted.spelled(&records))
        })
    }

    /// Every event and alert that carries the correlation id, in time order. The beginning of an id,
    /// from four characters on, stands for the whole where only one begins so.
    ///
    /// # Errors
    /// [`Error::AmbiguousId`] with the ids that begin so, when there are several.
    pub fn trace(&self, id: &str) -> Result<Trace, Error> {
        guarded(|| {
            let asked = self.ask_all();
            let whole = asked.trace(id)?;
            let known = !(whole.records.is_empty() && whole.alerts.is_empty());
            if known || id.chars().count() < SHORTEST_BEGINNING {
                return Ok(whole);
            }
            let mut ids = asked.ids_beginning(id)?;
            match ids.len() {
                0 => Ok(whole),
                1 => asked.trace(&ids.remove(0)),
                _ => Err(Error::AmbiguousId { beginning: id.to_owned(), ids }),
            }
        })
    }

    /// The newest state of each incident whose id begins like this, in time order.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn incidents(&self, beginning: &str) -> Result<Vec<Alert>, Error> {
        guarded(|| self.ask_all().incidents(&beginning.to_lowercase()))
    }

    /// A hunt with these rules over the events from `since` on and before `until`.
    #[must_use]
    pub fn hunt(&self, rules: &RuleSet, since: Option<Timestamp>, until: Option<Timestamp>) -> Hunt {
        let (parts, times) = (self.0.parts.load_full(), Times::of(since, until));
        Hunt::new(Inquiry { parts, times, deadline: Deadline::never() }, rules)
    }

    /// Calls `visit` with every event whose number is `seq` or greater, in the order of reading,
    /// found by pages of `page` and read a few at a time. Replay of detection uses it.
    pub fn replay(
        &self,
        seq: u64,
        page: usize,
        mut visit: impl FnMut(Record) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut next = seq;
        let mut last = None;
        // Once more while there is more: others may write.
        while last != Some(next) {
            last = Some(next);
            for part in self.0.parts.load_full().iter() {
                replay_part(part, &mut next, to_u64(page.max(1)), &mut visit)?;
            }
        }
        Ok(())
    }

    /// How many documents of each kind there are.
    pub fn counts(&self) -> Result<Counts, Error> {
        guarded(|| self.ask_all().counts())
    }
}

fn replay_part(
    part: &Part,
    next: &mut u64,
    page: u64,
    visit: &mut dyn FnMut(Record) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(view) = guarded(|| part.view())? else { return Ok(()) };
    let mut width = page;
    while view.newest_seq().is_some_and(|newest| newest >= *next) {
        let places = guarded(|| view.page(*next, width))?;
        if places.is_empty() {
            // A hole in the numbers is crossed in ever longer steps.
            *next = next.saturating_add(width);
            width = width.saturating_mul(2);
            continue;
        }
        width = page;
        // Lines may be long: few are in memory at once.
        for places in places.chunks(RECORDS_AT_ONCE) {
            for record in guarded(|| view.records(places))? {
                *next = record.seq + 1;
                visit(record)?;
            }
        }
    }
    Ok(())
}
