//! Questions to the store: searches, traces, look-ups. Any number of readers, in any process.
//!
//! A question goes to the partitions one after the other, the newest first; a sealed partition that cannot
//! hold an answer, by its times or by its filter of ids, is not even opened.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocAddress, DocId, Term};

use super::convert;
use super::deadline::Deadline;
use super::directory::Directory;
use super::error::Error;
use super::gap::among_gaps;
use super::guard::guarded;
use super::part::Part;
use super::partition::{self, Partition};
use super::payload::Payload;
use super::tokenizer::pair_term;
use super::top::{Found, Histogram, Order, Span, Spot, Times, Top};
use super::values::{Counter, TopValues};
use super::view::{Counts, Gathered, View};
use crate::alert::Alert;
use crate::event::Record;
use crate::event::number::to_u64;
use crate::query::name::{CORRELATION_ID, typed};
use crate::query::words::fold;
use crate::query::{Expression, SearchRequest, SearchResponse, Trace};

/// A trace lists at most so many events: the newest.
pub const TRACE_LIMIT: usize = 10_000;
/// A search gives up after so long.
const SEARCH_TIME: Duration = Duration::from_secs(20);
/// The beginning of an id that is looked up has at least this many characters.
const SHORTEST_BEGINNING: usize = 4;
/// Ids listed where a beginning fits several.
const MANY_IDS: usize = 10;
/// Names of fields among which one is looked for that may have been meant.
const SUGGESTED_NAMES: usize = 10_000;
/// Events of a page that are read together.
const RECORDS_AT_ONCE: usize = 32;

/// A handle for questions; cloning shares it.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

struct Shared {
    directory: PathBuf,
    /// Oldest first; the last is the one that is written.
    parts: ArcSwap<Vec<Arc<Part>>>,
    /// Taken while the list changes.
    changing: Mutex<()>,
    /// The newest commit.
    payload: ArcSwap<Payload>,
}

/// A question over a list of partitions, which stays the same until it is answered.
struct Inquiry {
    parts: Arc<Vec<Arc<Part>>>,
    times: Times,
    deadline: Deadline,
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
        let (newest, payload) = guarded(|| Part::open(newest))?;
        let parts = sealed.iter().map(|path| Arc::new(Part::at(path))).chain([Arc::new(newest)]).collect();
        Ok(Self::over(directory.partitions(), parts, payload))
    }

    pub(super) fn over(directory: PathBuf, parts: Vec<Arc<Part>>, payload: Payload) -> Self {
        Self(Arc::new(Shared {
            directory,
            parts: ArcSwap::from_pointee(parts),
            changing: Mutex::default(),
            payload: ArcSwap::from_pointee(payload),
        }))
    }

    /// Looks at the newest commit. Readers from [`Writer::reader`](super::Writer::reader) do so by
    /// themselves after each commit.
    pub fn refresh(&self) -> Result<(), Error> {
        let partitions = partition::list_begun(&self.0.directory)?;
        self.change(|parts| {
            let known = |path: &PathBuf| parts.iter().find(|part| part.path == *path).cloned();
            partitions.iter().map(|path| known(path).unwrap_or_else(|| Arc::new(Part::at(path)))).collect()
        });
        let parts = self.0.parts.load_full();
        let Some(newest) = parts.last() else { return Ok(()) };
        let payload = guarded(|| {
            let payload = Partition::open(&newest.path)?.payload()?;
            newest.follow(&payload).map(|()| payload)
        })?;
        self.0.payload.store(Arc::new(payload));
        Ok(())
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
            let asked = self.ask(request);
            let order = if request.ascending { Order::OldestFirst } else { Order::NewestFirst };
            let mut top = Top::new(request.limit, order);
            asked.visit_hits(&request.query, &mut |found| top.offer(found, asked.times))?;
            let total = top.total;
            let records = asked.records(&top.into_sorted())?;
            let indexed = asked.counts()?.events;
            let complete_to = self.0.payload.load().read_to;
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

    /// Calls `visit` with every event whose number is `seq` or greater, in the order of reading,
    /// found by pages of `page` and read a few at a time. Replay of detection and hunts use it.
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

    /// Files of the index that are not what was written. Reads all of them: minutes for a large store.
    ///
    /// # Errors
    /// [`Error::Search`] when files are missing or so short that not even their checksum is there.
    pub fn damaged_files(&self) -> Result<Vec<PathBuf>, Error> {
        let parts = self.0.parts.load_full();
        let damaged = parts.iter().map(|part| part.damaged_files()).collect::<Result<Vec<_>, _>>()?;
        Ok(damaged.concat())
    }

    /// How many documents of each kind there are.
    pub fn counts(&self) -> Result<Counts, Error> {
        guarded(|| self.ask_all().counts())
    }

    /// The names of fields that occur, sorted, at most `limit`.
    pub fn field_names(&self, limit: usize) -> Result<Vec<String>, Error> {
        guarded(|| self.ask_all().names(limit))
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
        // LineFile may be long: few are in memory at once.
        for places in places.chunks(RECORDS_AT_ONCE) {
            for record in guarded(|| view.records(places))? {
                *next = record.seq + 1;
                visit(record)?;
            }
        }
    }
    Ok(())
}

impl Inquiry {
    /// The partitions that may hold an answer, the newest first, each with its place in the list.
    fn parts(&self) -> impl Iterator<Item = (usize, &Part)> {
        let parts = self.parts.iter().map(|part| &**part).enumerate().rev();
        parts.filter(|(_, part)| part.may_meet(self.times))
    }

    /// Reads a query; every field in it occurs somewhere.
    fn expression(&self, query: &str) -> Result<Expression, Error> {
        let expression = crate::query::parse(query)?;
        let holds = |part: &Part, name: &str| match part.view() {
            Ok(Some(view)) => convert::holds_name(&view.searcher, view.fields, name),
            Ok(None) => false,
            // What cannot be opened is an error when it is searched, not an unknown name.
            Err(_) => true,
        };
        let is_known = |name: &str| self.parts.iter().rev().any(|part| holds(part, name));
        let names = || self.names(SUGGESTED_NAMES).unwrap_or_default();
        match crate::query::unknown_field(&expression, query, is_known, names) {
            Some(error) => Err(error.into()),
            None => Ok(expression),
        }
    }

    /// Hands over the events that match a query, of any time, segment by segment.
    fn visit_hits(&self, query: &str, visit: &mut dyn FnMut(Found<'_>)) -> Result<(), Error> {
        let expression = self.expression(query)?;
        for (number, part) in self.parts() {
            if let Some(view) = part.view()? {
                self.visit_view(number, &view, &expression, visit)?;
            }
        }
        Ok(())
    }

    fn visit_view(
        &self,
        part: usize,
        view: &View,
        expression: &Expression,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Result<(), Error> {
        let convert =
            |expression: &Expression| convert::query(expression, &view.searcher, view.fields, &self.deadline);
        let events = view.events_only(convert(expression)?);
        let query = match among_gaps(expression) {
            Some(rest) => view.with_gaps(events, convert(&rest)?),
            None => events,
        };
        view.visit(&*query, &self.deadline, &mut |segment, docs, columns| {
            visit(Found { part, segment, docs, columns });
        })
    }

    /// The records at these addresses, in their order.
    fn records(&self, hits: &[Spot]) -> Result<Vec<Record>, Error> {
        let mut records: Vec<Option<Record>> = hits.iter().map(|_| None).collect();
        for (number, part) in self.parts.iter().enumerate() {
            let here = |(_, hit): &(usize, &Spot)| hit.part == number;
            let (places, documents): (Vec<usize>, Vec<DocAddress>) =
                hits.iter().enumerate().filter(here).map(|(at, hit)| (at, hit.document)).unzip();
            if documents.is_empty() {
                continue;
            }
            let Some(view) = part.view()? else { continue };
            for (at, record) in places.into_iter().zip(view.records(&documents)?) {
                if let Some(place) = records.get_mut(at) {
                    *place = Some(record);
                }
            }
        }
        // Of a partition that retention removed meanwhile nothing is left.
        Ok(records.into_iter().flatten().collect())
    }

    fn incidents(&self, beginning: &str) -> Result<Vec<Alert>, Error> {
        let mut top = Top::new(TRACE_LIMIT, Order::NewestFirst);
        for (number, part) in self.parts() {
            let Some(view) = part.view()? else { continue };
            view.visit(&*view.visible_alerts(), &self.deadline, &mut |segment, docs: &[DocId], columns| {
                top.offer(Found { part: number, segment, docs, columns }, Times::ALL);
            })?;
        }
        let (_, mut alerts) = self.gathered(&top.into_sorted())?.in_order();
        alerts.retain(|alert| alert.alert_id.to_string().starts_with(beginning));
        Ok(alerts)
    }

    fn counts(&self) -> Result<Counts, Error> {
        let mut all = Counts::default();
        for part in self.parts.iter() {
            let counts = match &part.summary {
                Some(summary) => summary.counts,
                None => part.view()?.map(|view| view.counts()).transpose()?.unwrap_or_default(),
            };
            all.add(counts);
        }
        Ok(all)
    }

    fn names(&self, limit: usize) -> Result<Vec<String>, Error> {
        let mut names = BTreeSet::new();
        for part in self.parts.iter() {
            let Some(view) = part.view()? else { continue };
            for segment in view.searcher.segment_readers() {
                let index =
                    segment.inverted_index(view.fields.fields).map_err(|error| Error::search(&error))?;
                names.extend(convert::names(&index, limit).map_err(|error| Error::search(&error.into()))?);
            }
        }
        Ok(names.into_iter().take(limit).collect())
    }

    /// The ids that begin like this, as the logs spell them; at most [`MANY_IDS`].
    fn ids_beginning(&self, beginning: &str) -> Result<Vec<String>, Error> {
        let mut gathered = Gathered::default();
        for part in self.parts.iter().rev() {
            let Some(view) = part.view()? else { continue };
            let found = convert::first_documents(&view.searcher, view.fields, beginning, MANY_IDS);
            view.gather(&found.map_err(|error| Error::search(&error))?, &mut gathered)?;
        }
        let (records, alerts) = gathered.in_order();
        let of_records = records.into_iter().flat_map(|record| record.correlation_ids);
        let of_alerts = alerts.into_iter().flat_map(|alert| alert.correlation_ids);
        let beginning = fold(beginning).into_owned();
        let begins = |id: &String| fold(id).starts_with(&beginning);
        let ids: BTreeSet<String> = of_records.chain(of_alerts).filter(begins).collect();
        Ok(ids.into_iter().take(MANY_IDS).collect())
    }

    fn trace(&self, id: &str) -> Result<Trace, Error> {
        let mut top = Top::new(TRACE_LIMIT, Order::NewestFirst);
        let mut span = Span::default();
        let key = pair_term(CORRELATION_ID, id);
        for (number, part) in self.parts.iter().enumerate().rev().filter(|(_, part)| part.may_hold_id(&key)) {
            let Some(view) = part.view()? else { continue };
            let term = Term::from_field_text(view.fields.fields, &key);
            let query = view.visible(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
            view.visit(&*query, &self.deadline, &mut |segment, docs: &[DocId], columns| {
                let found = Found { part: number, segment, docs, columns };
                found.times().for_each(|time| span.add(time));
                top.offer(found, Times::ALL);
            })?;
        }
        let (total, hits) = (top.total, top.into_sorted());
        let (records, alerts) = self.gathered(&hits)?.in_order();
        let omitted = total - to_u64(hits.len());
        let mut trace = Trace { id: id.to_owned(), records, alerts, omitted, doubt: None };
        // A term has no letter case and only the head of a long id.
        trace.records.retain(|record| record.correlation_ids.iter().any(|it| it == id));
        trace.alerts.retain(|alert| alert.correlation_ids.iter().any(|it| it == id));
        trace.doubt = doubt(&trace, span);
        Ok(trace)
    }

    fn gathered(&self, hits: &[Spot]) -> Result<Gathered, Error> {
        let mut gathered = Gathered::default();
        for (number, part) in self.parts.iter().enumerate() {
            let here = hits.iter().filter(|hit| hit.part == number).map(|hit| hit.document);
            let here: Vec<DocAddress> = here.collect();
            if here.is_empty() {
                continue;
            }
            if let Some(view) = part.view()? {
                view.gather(&here, &mut gathered)?;
            }
        }
        Ok(gathered)
    }
}

/// Why an id ties together what may not belong together.
fn doubt(trace: &Trace, span: Span) -> Option<String> {
    let events = to_u64(trace.records.len()) + trace.omitted;
    if is_placeholder(&trace.id) {
        return Some("the id is a placeholder, not the name of one request".to_owned());
    }
    if trace.omitted > 0 {
        return Some(format!("{events} events carry this id: it does not name one request"));
    }
    let distinct =
        |name: &str| trace.records.iter().filter_map(|it| it.get(name)).collect::<HashSet<_>>().len();
    let addresses = distinct("source.ip");
    if addresses > MANY_ADDRESSES {
        return Some(format!("{addresses} different addresses use this id"));
    }
    let users = distinct("user.name");
    if users > MANY_USERS {
        return Some(format!("{users} different users use this id"));
    }
    let hours = span.hours();
    (events > 1 && hours >= LONG_HOURS).then(|| format!("the events are {hours} hours apart"))
}

const MANY_ADDRESSES: usize = 8;
const MANY_USERS: usize = 4;
const LONG_HOURS: i64 = 24;

fn is_placeholder(id: &str) -> bool {
    let mut characters = id.chars().filter(|c| c.is_alphanumeric());
    let first = characters.next();
    let one_character = characters.all(|c| Some(c) == first);
    one_character
        || ["null", "none", "nil", "undefined", "unknown", "test", "n/a"]
            .iter()
            .any(|word| id.eq_ignore_ascii_case(word))
}
