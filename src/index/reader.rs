//! Questions to the store: searches, traces, look-ups. Any number of readers, in any process.
//!
//! A reader works on a [`View`]: the segments of one commit with their columns opened. Opening a
//! column costs time that grows with the segment, so it is done once for each segment and kept,
//! not once for each question. tantivy may panic on files that were damaged behind its back; such
//! a panic becomes an error at the door ([`guarded`]) and the program goes on.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet};
use std::mem;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tantivy::columnar::Column;
use tantivy::index::SegmentId;
use tantivy::query::{AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::document::{
    DeserializeError, DocumentDeserialize, DocumentDeserializer, ValueDeserialize, ValueDeserializer,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{
    BitSet, COLLECT_BLOCK_BUFFER_LEN, DateTime, DocAddress, DocId, IndexReader, ReloadPolicy, Searcher,
    SegmentReader, Term,
};

use super::codec::{self, DocumentKind, Names};
use super::convert;
use super::deadline::Deadline;
use super::directory::Directory;
use super::error::Error;
use super::gap::{StoredGap, among_gaps};
use super::partition::{self, Partition};
use super::payload::Payload;
use super::schema::{Fields, KIND, KIND_ALERT, KIND_GAP, LEVEL, SEQ, TIME};
use super::tokenizer::{own_term, pair_term};
use super::values::{self, TopValues};
use crate::alert::Alert;
use crate::event::number::to_u64;
use crate::event::{HOUR, Record, SECOND, Timestamp};
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
/// Decompressed blocks kept for each segment.
const STORE_BLOCKS: usize = 64;

/// A handle for questions; cloning shares it.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

struct Shared {
    reader: IndexReader,
    partition: Partition,
    view: ArcSwap<View>,
    /// Columns of segments that are still there; taken while a new view is built.
    columns: Mutex<BTreeMap<SegmentId, Columns>>,
}

/// One commit, as questions see it.
struct View {
    searcher: Searcher,
    columns: Vec<Columns>,
    epoch: u64,
    read_to: Option<Timestamp>,
    /// Documents of a failed commit are visible and must be left out.
    has_beyond: bool,
}

#[derive(Clone)]
struct Columns {
    time: Column<DateTime>,
    seq: Column<u64>,
    level: Column<u64>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self { time: columns.date(TIME)?, seq: columns.u64(SEQ)?, level: columns.u64(LEVEL)? })
    }

    fn time(&self, doc: DocId) -> i64 {
        self.time.first(doc).map_or(0, DateTime::into_timestamp_nanos)
    }

    fn seq(&self, doc: DocId) -> u64 {
        self.seq.first(doc).unwrap_or_default()
    }

    fn times(&self) -> (i64, i64) {
        (self.time.min_value().into_timestamp_nanos(), self.time.max_value().into_timestamp_nanos())
    }
}

/// Numbers of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub events: u64,
    pub alerts: u64,
    pub gaps: u64,
    pub segments: usize,
}

/// Events over time and by severity; see [`Reader::histogram`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Start of each interval, oldest first, and events by level in the order of `LogLevel::ALL`.
    pub buckets: Vec<(Timestamp, [u64; 8])>,
    /// Width of each interval in nanoseconds, a whole number of seconds.
    pub width: i64,
    pub total: u64,
}

impl Reader {
    /// Opens the store in `path` for questions only. Another process may be writing.
    ///
    /// # Errors
    /// [`Error::NotAStore`] where nothing was ever written; [`Error::Lost`], [`Error::Damaged`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let directory = Directory::existing(path)?;
        directory.marker()?;
        let partitions = partition::list(&directory.partitions())?;
        let Some(newest) = partitions.last() else {
            return Err(Error::Lost { path: path.to_owned(), missing: directory.partitions() });
        };
        let partition = Partition::open(newest)?;
        let payload = partition.payload()?;
        Self::over(&partition, &payload)
    }

    pub(super) fn over(partition: &Partition, payload: &Payload) -> Result<Self, Error> {
        let columns = Mutex::default();
        let (reader, view) = guarded(|| {
            let reader: IndexReader = partition
                .index
                .reader_builder()
                .reload_policy(ReloadPolicy::Manual)
                .doc_store_cache_num_blocks(STORE_BLOCKS)
                .try_into()
                .map_err(|error| Error::search(&error))?;
            let view = View::new(&reader, partition.fields, payload, &columns)?;
            Ok((reader, view))
        })?;
        Ok(Self(Arc::new(Shared {
            reader,
            partition: partition.clone(),
            view: ArcSwap::from_pointee(view),
            columns,
        })))
    }

    /// Looks at the newest commit. Readers from [`Writer::reader`](super::Writer::reader) do so by
    /// themselves after each commit.
    pub fn refresh(&self) -> Result<(), Error> {
        let payload = self.0.partition.payload()?;
        self.follow(&payload)
    }

    pub(super) fn follow(&self, payload: &Payload) -> Result<(), Error> {
        guarded(|| {
            self.0.reader.reload().map_err(|error| Error::search(&error))?;
            let view = View::new(&self.0.reader, self.0.partition.fields, payload, &self.0.columns)?;
            self.0.view.store(Arc::new(view));
            Ok(())
        })
    }

    /// Answers a search over events.
    ///
    /// # Errors
    /// [`Error::Query`] with position and hint when the text is no query or asks for a field that no event has;
    /// [`Error::Search`] when it takes too long or the index is damaged.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResponse, Error> {
        let started = Instant::now();
        let mut response = guarded(|| {
            let view = self.0.view.load_full();
            let order = if request.ascending { Order::OldestFirst } else { Order::NewestFirst };
            let mut top = Top::new(request.limit, order);
            let times = Times::of(request.since, request.until);
            self.visit_hits(&view, &request.query, &mut |segment, docs, columns| {
                top.offer(segment, docs, columns, times);
            })?;
            let total = top.total;
            let records = view.records(&top.into_sorted(), self.fields())?;
            let indexed = self.counts_of(&view)?.events;
            Ok(SearchResponse { records, total, indexed, complete_to: view.read_to, elapsed_micros: 0 })
        })?;
        response.elapsed_micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(response)
    }

    /// Hands over the events that match a query, of any time, segment by segment.
    fn visit_hits(
        &self,
        view: &View,
        query: &str,
        visit: &mut dyn FnMut(u32, &[DocId], &Columns),
    ) -> Result<(), Error> {
        let expression = crate::query::parse(query)?;
        let is_known = |name: &str| convert::holds_name(&view.searcher, self.fields(), name);
        let names = || self.names_of(view, SUGGESTED_NAMES).unwrap_or_default();
        if let Some(error) = crate::query::unknown_field(&expression, query, is_known, names) {
            return Err(error.into());
        }
        let deadline = Deadline::after(SEARCH_TIME);
        let fields = self.fields();
        let convert = |expression: &Expression| convert::query(expression, &view.searcher, fields, &deadline);
        let events = view.events_only(convert(&expression)?, fields);
        let query = match among_gaps(&expression) {
            Some(rest) => view.with_gaps(events, convert(&rest)?, fields),
            None => events,
        };
        view.visit(&*query, &deadline, visit)
    }

    /// Events that match, over time: intervals of equal width that cover all of them, at most
    /// `buckets` and at least one second each.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn histogram(&self, request: &SearchRequest, buckets: usize) -> Result<Histogram, Error> {
        guarded(|| {
            let view = self.0.view.load_full();
            let times = Times::of(request.since, request.until);
            let mut span = Span::default();
            self.visit_hits(&view, &request.query, &mut |_, docs, columns| {
                let hits = docs.iter().map(|doc| columns.time(*doc));
                hits.filter(|time| times.holds(*time)).for_each(|time| span.add(time));
            })?;
            // A second pass instead of keeping the times: there may be any number of them.
            let mut histogram = Histogram::over(span, request.since, buckets);
            self.visit_hits(&view, &request.query, &mut |_, docs, columns| {
                for doc in docs.iter().filter(|doc| times.holds(columns.time(**doc))) {
                    let level = columns.level.first(*doc).unwrap_or_default();
                    histogram.add(columns.time(*doc), usize::try_from(level).unwrap_or(usize::MAX));
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
            let view = self.0.view.load_full();
            // The field is checked as if the query asked for it.
            self.visit_hits(&view, &format!("{}:*", typed(field)), &mut |_, _, _| {})?;
            let times = Times::of(request.since, request.until);
            let segments = view.searcher.segment_readers();
            let mut hits: Vec<BitSet> =
                segments.iter().map(|segment| BitSet::with_max_value(segment.max_doc())).collect();
            self.visit_hits(&view, &request.query, &mut |segment, docs, columns| {
                let Some(hits) = hits.get_mut(segment as usize) else { return };
                docs.iter().filter(|doc| times.holds(columns.time(**doc))).for_each(|doc| {
                    hits.insert(*doc);
                });
            })?;
            let deadline = Deadline::after(SEARCH_TIME);
            let counted = values::count(&view.searcher, self.fields(), field, &hits, &deadline)?;
            let examples: Vec<DocAddress> = counted.examples(request.limit);
            let records = view.records(&examples, self.fields())?;
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
            let view = self.0.view.load_full();
            let whole = self.trace_in(&view, id)?;
            let known = !(whole.records.is_empty() && whole.alerts.is_empty());
            if known || id.chars().count() < SHORTEST_BEGINNING {
                return Ok(whole);
            }
            let mut ids = self.ids_beginning(&view, id)?;
            match ids.len() {
                0 => Ok(whole),
                1 => self.trace_in(&view, &ids.remove(0)),
                _ => Err(Error::AmbiguousId { beginning: id.to_owned(), ids }),
            }
        })
    }

    /// The ids that begin like this, as the logs spell them; at most [`MANY_IDS`].
    fn ids_beginning(&self, view: &View, beginning: &str) -> Result<Vec<String>, Error> {
        let found = convert::first_documents(&view.searcher, self.fields(), beginning, MANY_IDS);
        let found = found.map_err(|error| Error::search(&error))?;
        let mut trace = Trace::default();
        view.fill_trace(&found, self.fields(), &mut trace)?;
        let of_records = trace.records.into_iter().flat_map(|record| record.correlation_ids);
        let of_alerts = trace.alerts.into_iter().flat_map(|alert| alert.correlation_ids);
        let beginning = fold(beginning).into_owned();
        let begins = |id: &String| fold(id).starts_with(&beginning);
        let ids: BTreeSet<String> = of_records.chain(of_alerts).filter(begins).collect();
        Ok(ids.into_iter().take(MANY_IDS).collect())
    }

    fn trace_in(&self, view: &View, id: &str) -> Result<Trace, Error> {
        let term = Term::from_field_text(self.fields().fields, &pair_term(CORRELATION_ID, id));
        let query = view.visible(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), self.fields());
        let mut top = Top::new(TRACE_LIMIT, Order::NewestFirst);
        let mut span = Span::default();
        view.visit(&*query, &Deadline::after(SEARCH_TIME), &mut |segment, docs, columns| {
            docs.iter().for_each(|doc| span.add(columns.time(*doc)));
            top.offer(segment, docs, columns, Times::ALL);
        })?;
        let (total, hits) = (top.total, top.into_sorted());
        let mut trace = Trace { id: id.to_owned(), ..Trace::default() };
        view.fill_trace(&hits, self.fields(), &mut trace)?;
        trace.omitted = total - hits.len() as u64;
        // A term has no letter case and only the head of a long id.
        trace.records.retain(|record| record.correlation_ids.iter().any(|it| it == id));
        trace.alerts.retain(|alert| alert.correlation_ids.iter().any(|it| it == id));
        trace.doubt = doubt(&trace, span);
        Ok(trace)
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
        let mut width = page.max(1) as u64;
        loop {
            let view = self.0.view.load_full();
            let places = guarded(|| self.page(&view, next, width))?;
            if places.is_empty() {
                match view.newest_seq() {
                    Some(newest) if newest > next.saturating_add(width - 1) => {
                        // A hole in the numbers is crossed in ever longer steps.
                        next = next.saturating_add(width);
                        width = width.saturating_mul(2);
                        continue;
                    }
                    _ => return Ok(()),
                }
            }
            width = page.max(1) as u64;
            // Lines may be long: few are in memory at once.
            for places in places.chunks(RECORDS_AT_ONCE) {
                for record in guarded(|| view.records(places, self.fields()))? {
                    next = record.seq + 1;
                    visit(record)?;
                }
            }
        }
    }

    /// The events with the `width` numbers from `next` on, in order.
    fn page(&self, view: &View, next: u64, width: u64) -> Result<Vec<DocAddress>, Error> {
        let number = |seq| Term::from_field_u64(self.fields().seq, seq);
        let last = next.saturating_add(width - 1);
        let range = RangeQuery::new(Bound::Included(number(next)), Bound::Included(number(last)));
        let query = view.events_only(Box::new(range), self.fields());
        let mut found: Vec<(u64, DocAddress)> = Vec::new();
        view.visit(&*query, &Deadline::never(), &mut |segment, docs, columns| {
            let place = |doc: &DocId| (columns.seq(*doc), DocAddress::new(segment, *doc));
            found.extend(docs.iter().map(place));
        })?;
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, address)| address).collect())
    }

    /// Files of the index that are not what was written. Reads all of them: minutes for a large store.
    ///
    /// # Errors
    /// [`Error::Search`] when files are missing or so short that not even their checksum is there.
    pub fn damaged_files(&self) -> Result<Vec<PathBuf>, Error> {
        guarded(|| {
            let partition = &self.0.partition;
            let damaged = partition.index.validate_checksum().map_err(|error| Error::search(&error))?;
            let mut damaged: Vec<_> = damaged.into_iter().map(|file| partition.path.join(file)).collect();
            damaged.sort();
            Ok(damaged)
        })
    }

    /// How many documents of each kind there are.
    pub fn counts(&self) -> Result<Counts, Error> {
        guarded(|| self.counts_of(&self.0.view.load_full()))
    }

    fn counts_of(&self, view: &View) -> Result<Counts, Error> {
        let count = |query: Box<dyn Query>| {
            let query = view.visible(query, self.fields());
            query.count(&view.searcher).map(|n| n as u64).map_err(|error| Error::search(&error))
        };
        let alerts = count(kind_query(self.fields(), KIND_ALERT))?;
        let gaps = count(kind_query(self.fields(), KIND_GAP))?;
        let events = count(Box::new(AllQuery))? - alerts - gaps;
        Ok(Counts { events, alerts, gaps, segments: view.searcher.segment_readers().len() })
    }

    /// The names of fields that occur, sorted, at most `limit`.
    pub fn field_names(&self, limit: usize) -> Result<Vec<String>, Error> {
        guarded(|| self.names_of(&self.0.view.load_full(), limit))
    }

    fn names_of(&self, view: &View, limit: usize) -> Result<Vec<String>, Error> {
        let mut names = BTreeSet::new();
        for segment in view.searcher.segment_readers() {
            let index =
                segment.inverted_index(self.fields().fields).map_err(|error| Error::search(&error))?;
            let segment_names =
                convert::names(&index, limit).map_err(|error| Error::search(&error.into()))?;
            names.extend(segment_names);
        }
        Ok(names.into_iter().take(limit).collect())
    }

    fn fields(&self) -> Fields {
        self.0.partition.fields
    }
}

impl View {
    fn new(
        reader: &IndexReader,
        fields: Fields,
        payload: &Payload,
        kept: &Mutex<BTreeMap<SegmentId, Columns>>,
    ) -> Result<Self, Error> {
        let searcher = reader.searcher();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = mem::take(&mut *kept);
        let mut columns = Vec::with_capacity(searcher.segment_readers().len());
        for segment in searcher.segment_readers() {
            let opened = match before.remove(&segment.segment_id()) {
                Some(opened) => opened,
                None => Columns::open(segment).map_err(|error| Error::search(&error))?,
            };
            kept.insert(segment.segment_id(), opened.clone());
            columns.push(opened);
        }
        let beyond = beyond_query(fields, payload.epoch);
        let beyond = beyond.count(&searcher).map_err(|error| Error::search(&error))?;
        let (epoch, read_to) = (payload.epoch, payload.read_to);
        Ok(Self { searcher, columns, epoch, read_to, has_beyond: beyond > 0 })
    }

    /// The greatest number that a document has.
    fn newest_seq(&self) -> Option<u64> {
        self.columns.iter().map(|columns| columns.seq.max_value()).max()
    }

    /// Leaves out what a failed commit left behind.
    fn visible(&self, query: Box<dyn Query>, fields: Fields) -> Box<dyn Query> {
        if !self.has_beyond {
            return query;
        }
        let beyond: Box<dyn Query> = Box::new(beyond_query(fields, self.epoch));
        Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::MustNot, beyond)]))
    }

    fn events_only(&self, query: Box<dyn Query>, fields: Fields) -> Box<dyn Query> {
        let others = [KIND_ALERT, KIND_GAP].map(|kind| (Occur::MustNot, kind_query(fields, kind)));
        let clauses = [(Occur::Must, query)].into_iter().chain(others).collect();
        self.visible(Box::new(BooleanQuery::new(clauses)), fields)
    }

    /// Events, and gaps for which `rest` holds.
    fn with_gaps(&self, events: Box<dyn Query>, rest: Box<dyn Query>, fields: Fields) -> Box<dyn Query> {
        let gaps = vec![(Occur::Must, kind_query(fields, KIND_GAP)), (Occur::Must, rest)];
        let gaps = self.visible(Box::new(BooleanQuery::new(gaps)), fields);
        Box::new(BooleanQuery::new(vec![(Occur::Should, events), (Occur::Should, gaps)]))
    }

    /// Hands over the documents that match, segment by segment, in blocks.
    fn visit(
        &self,
        query: &dyn Query,
        deadline: &Deadline,
        visit: &mut dyn FnMut(u32, &[DocId], &Columns),
    ) -> Result<(), Error> {
        let weight = query
            .weight(EnableScoring::disabled_from_searcher(&self.searcher))
            .map_err(|error| Error::search(&error))?;
        let mut buffer = [0; COLLECT_BLOCK_BUFFER_LEN];
        for ((segment, reader), columns) in (0..).zip(self.searcher.segment_readers()).zip(&self.columns) {
            let mut docs = weight.scorer(reader, 1.0).map_err(|error| Error::search(&error))?;
            loop {
                deadline.check()?;
                let found = docs.fill_buffer(&mut buffer);
                let block = buffer.get_mut(..found).unwrap_or_default();
                let alive = match reader.alive_bitset() {
                    Some(alive) => keep(block, |doc| alive.is_alive(doc)),
                    None => found,
                };
                visit(segment, block.get(..alive).unwrap_or_default(), columns);
                if found < COLLECT_BLOCK_BUFFER_LEN {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The stored documents at `hits`, read in the order of the disk, returned in that of `hits`.
    fn stored(&self, hits: &[DocAddress], fields: Fields) -> Result<Vec<Stored>, Error> {
        let mut order: Vec<usize> = (0..hits.len()).collect();
        order.sort_unstable_by_key(|at| hits[*at]);
        let mut documents: Vec<(usize, Stored)> = Vec::with_capacity(hits.len());
        for at in order {
            let document: Stored = self.searcher.doc(hits[at]).map_err(|error| Error::search(&error))?;
            documents.push((at, document));
        }
        debug_assert!(fields.line < fields.record, "`Stored` tells the two by their order");
        documents.sort_unstable_by_key(|(at, _)| *at);
        Ok(documents.into_iter().map(|(_, document)| document).collect())
    }

    fn records(&self, hits: &[DocAddress], fields: Fields) -> Result<Vec<Record>, Error> {
        let mut names = Names::default();
        let unreadable = |error: &dyn std::fmt::Display| Error::Search { reason: error.to_string() };
        let mut decode = |stored: Stored| match codec::kind(&stored.record) {
            Ok(DocumentKind::Gap) => {
                let gap: StoredGap =
                    serde_json::from_str(&stored.line).map_err(|error| unreadable(&error))?;
                Ok(gap.into_record(stored.line))
            }
            _ => codec::decode_event(&stored.line, &stored.record, &mut names)
                .map_err(|error| unreadable(&error)),
        };
        self.stored(hits, fields)?.into_iter().map(&mut decode).collect()
    }

    /// Sorts stored documents into events and alerts, by time; of an alert the last state stays.
    fn fill_trace(&self, hits: &[DocAddress], fields: Fields, trace: &mut Trace) -> Result<(), Error> {
        let unreadable = |error: &dyn std::fmt::Display| Error::Search { reason: error.to_string() };
        let mut names = Names::default();
        let mut alerts: BTreeMap<_, (u64, Alert)> = BTreeMap::new();
        for (hit, stored) in hits.iter().zip(self.stored(hits, fields)?) {
            match codec::kind(&stored.record).map_err(|error| unreadable(&error))? {
                DocumentKind::Event => {
                    let record = codec::decode_event(&stored.line, &stored.record, &mut names);
                    trace.records.push(record.map_err(|error| unreadable(&error))?);
                }
                DocumentKind::Alert => {
                    let alert: Alert =
                        serde_json::from_str(&stored.line).map_err(|error| unreadable(&error))?;
                    let number =
                        self.columns.get(hit.segment_ord as usize).map_or(0, |it| it.seq(hit.doc_id));
                    match alerts.entry(alert.alert_id) {
                        std::collections::btree_map::Entry::Occupied(mut entry) => {
                            if entry.get().0 <= number {
                                entry.insert((number, alert));
                            }
                        }
                        std::collections::btree_map::Entry::Vacant(entry) => {
                            entry.insert((number, alert));
                        }
                    }
                }
                DocumentKind::Gap => {}
            }
        }
        trace.records.sort_by_key(|record| (record.time, record.seq));
        trace.alerts = alerts.into_values().map(|(_, alert)| alert).collect();
        trace.alerts.sort_by_key(|alert| (alert.time, alert.alert_id));
        Ok(())
    }
}

fn keep(docs: &mut [DocId], keep: impl Fn(DocId) -> bool) -> usize {
    let mut kept = 0;
    for at in 0..docs.len() {
        if keep(docs[at]) {
            docs[kept] = docs[at];
            kept += 1;
        }
    }
    kept
}

fn kind_query(fields: Fields, kind: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(fields.fields, &own_term(KIND, kind));
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn beyond_query(fields: Fields, epoch: u64) -> RangeQuery {
    RangeQuery::new(Bound::Excluded(Term::from_field_u64(fields.epoch, epoch)), Bound::Unbounded)
}

/// Documents of commits after `epoch`.
pub(super) fn beyond(partition: &Partition, epoch: u64) -> RangeQuery {
    beyond_query(partition.fields, epoch)
}

/// Which event times are asked for: from `since` on, before `until`.
#[derive(Clone, Copy)]
struct Times {
    since: i64,
    until: i64,
}

impl Times {
    const ALL: Times = Times { since: i64::MIN, until: i64::MAX };

    fn of(since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self { since: since.map_or(i64::MIN, |it| it.0), until: until.map_or(i64::MAX, |it| it.0) }
    }

    fn holds(self, time: i64) -> bool {
        time >= self.since && (time < self.until || self.until == i64::MAX)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// The first few documents of an order, and the number of all. Ties in time fall to `seq`.
struct Top {
    limit: usize,
    order: Order,
    /// The worst of the kept is on top.
    heap: BinaryHeap<Hit>,
    total: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    /// Smaller is better, here and below.
    rank: i64,
    seq: u64,
    address: DocAddress,
}

impl Top {
    fn new(limit: usize, order: Order) -> Self {
        Self { limit, order, heap: BinaryHeap::with_capacity(limit.min(1_024) + 1), total: 0 }
    }

    fn offer(&mut self, segment: u32, docs: &[DocId], columns: &Columns, times: Times) {
        let (oldest, newest) = columns.times();
        let all_in = times.holds(oldest) && times.holds(newest);
        for &doc in docs {
            let time = columns.time(doc);
            if !all_in && !times.holds(time) {
                continue;
            }
            self.total += 1;
            let rank = match self.order {
                // `!` instead of `-`: no overflow, same order.
                Order::NewestFirst => !time,
                Order::OldestFirst => time,
            };
            let full = self.heap.len() >= self.limit;
            let worst = self.heap.peek().copied().filter(|_| full);
            if full && worst.is_none_or(|worst| rank > worst.rank) {
                continue;
            }
            let seq = columns.seq(doc);
            let seq = if self.order == Order::NewestFirst { !seq } else { seq };
            let hit = Hit { rank, seq, address: DocAddress::new(segment, doc) };
            if worst.is_some_and(|worst| hit > worst) {
                continue;
            }
            self.heap.push(hit);
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
    }

    fn into_sorted(self) -> Vec<DocAddress> {
        self.heap.into_sorted_vec().into_iter().map(|hit| hit.address).collect()
    }
}

/// A stored document as it comes from the disk.
#[derive(Default)]
struct Stored {
    line: String,
    record: Vec<u8>,
}

enum StoredValue {
    Text(String),
    Bytes(Vec<u8>),
}

impl ValueDeserialize for StoredValue {
    fn deserialize<'de, D: ValueDeserializer<'de>>(deserializer: D) -> Result<Self, DeserializeError> {
        struct Visitor;
        impl tantivy::schema::document::ValueVisitor for Visitor {
            type Value = StoredValue;
            fn visit_string(&self, value: String) -> Result<StoredValue, DeserializeError> {
                Ok(StoredValue::Text(value))
            }
            fn visit_bytes(&self, value: Vec<u8>) -> Result<StoredValue, DeserializeError> {
                Ok(StoredValue::Bytes(value))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl DocumentDeserialize for Stored {
    fn deserialize<'de, D: DocumentDeserializer<'de>>(mut deserializer: D) -> Result<Self, DeserializeError> {
        let mut stored = Self::default();
        while let Some((_, value)) = deserializer.next_field::<StoredValue>()? as Option<(Field, _)> {
            match value {
                StoredValue::Text(text) => stored.line = text,
                StoredValue::Bytes(bytes) => stored.record = bytes,
            }
        }
        Ok(stored)
    }
}

impl Histogram {
    fn over(span: Span, since: Option<Timestamp>, buckets: usize) -> Self {
        let Some((oldest, newest)) = span.0 else { return Self::default() };
        let start =
            since.map_or(oldest, |since| since.0.min(oldest)).div_euclid(SECOND).saturating_mul(SECOND);
        let length = newest.saturating_sub(start);
        let width = (length / buckets.max(1) as i64 / SECOND).saturating_add(1).saturating_mul(SECOND);
        let count = length / width + 1;
        let bucket = |n: i64| (Timestamp(start.saturating_add(n.saturating_mul(width))), [0; 8]);
        Self { buckets: (0..count).map(bucket).collect(), width, total: 0 }
    }

    fn add(&mut self, time: i64, level: usize) {
        let Some((start, _)) = self.buckets.first() else { return };
        let at = usize::try_from(time.saturating_sub(start.0).div_euclid(self.width.max(1)));
        let levels = at.ok().and_then(|at| self.buckets.get_mut(at)).map(|(_, levels)| levels);
        if let Some(cell) = levels.and_then(|levels| levels.get_mut(level)) {
            *cell += 1;
            self.total += 1;
        }
    }
}

/// From the smallest to the greatest of the times added.
#[derive(Clone, Copy, Default)]
struct Span(Option<(i64, i64)>);

impl Span {
    fn add(&mut self, time: i64) {
        let (oldest, newest) = self.0.unwrap_or((time, time));
        self.0 = Some((oldest.min(time), newest.max(time)));
    }

    fn hours(self) -> i64 {
        self.0.map_or(0, |(oldest, newest)| newest.saturating_sub(oldest) / HOUR)
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

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is about to be turned into an error; a panic hook that restores
/// the terminal or prints should leave it alone.
#[must_use]
pub fn panic_is_handled() -> bool {
    GUARDED.get()
}

/// Runs a question. A panic inside tantivy (damaged files) becomes an error.
pub(super) fn guarded<T>(question: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let outer = GUARDED.replace(true);
    let answer = catch_unwind(AssertUnwindSafe(question));
    GUARDED.set(outer);
    answer.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(Error::Search { reason: format!("the index is damaged ({said})") })
    })
}
