//! One partition as of one commit, as questions see it: its segments, with their columns opened, and its lines.
//!
//! Opening a column costs time that grows with the segment, so it is done once for each segment and kept,
//! not once for each question.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZero;
use std::ops::Bound;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use tantivy::columnar::Column;
use tantivy::index::SegmentId;
use tantivy::query::{AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DateTime, DocAddress, DocId, IndexReader, Searcher, SegmentReader, Term,
};

use super::alert;
use super::archive::LineFile;
use super::codec::{self, DocumentKind, FormView, Names};
use super::deadline::Deadline;
use super::error::Error;
use super::gap::StoredGap;
use super::partition::Partition;
use super::payload::Payload;
use super::schema::{Fields, LEVEL, PLACE, SEQ, TIME};
use super::tokenizer::own_term;
use crate::alert::{Alert, AlertId};
use crate::event::Record;
use crate::query::name::{KIND, KIND_ALERT, KIND_GAP, KINDS};

/// Fewer documents are not worth a thread.
const HITS_OF_WORKER: usize = 32;

/// Columns of segments that are still there; taken while a new view is built.
pub type KeptColumns = Mutex<BTreeMap<SegmentId, Columns>>;

/// See the module.
pub struct View {
    pub searcher: Searcher,
    pub columns: Vec<Columns>,
    pub fields: Fields,
    epoch: u64,
    /// Documents of a failed commit are visible and must be left out.
    has_beyond: bool,
    lines: Arc<LineFile>,
    /// How many documents of the archive belong to the commit.
    documents: u64,
}

#[derive(Clone)]
pub struct Columns {
    time: Column<DateTime>,
    seq: Column<u64>,
    pub level: Column<u64>,
    place: Column<u64>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            time: columns.date(TIME)?,
            seq: columns.u64(SEQ)?,
            level: columns.u64(LEVEL)?,
            place: columns.u64(PLACE)?,
        })
    }

    pub fn time(&self, doc: DocId) -> i64 {
        self.time.first(doc).map_or(0, DateTime::into_timestamp_nanos)
    }

    pub fn seq(&self, doc: DocId) -> u64 {
        self.seq.first(doc).unwrap_or_default()
    }

    /// The least and the greatest event time, in nanoseconds.
    pub fn times(&self) -> (i64, i64) {
        (self.time.min_value().into_timestamp_nanos(), self.time.max_value().into_timestamp_nanos())
    }
}

/// Numbers of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub events: u64,
    pub alerts: u64,
    pub gaps: u64,
    pub segments: usize,
}

impl Counts {
    /// The sum with those of another partition.
    pub(super) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.alerts += other.alerts;
        self.gaps += other.gaps;
        self.segments += other.segments;
    }
}

impl View {
    pub fn new(
        reader: &IndexReader,
        fields: Fields,
        payload: &Payload,
        kept: &KeptColumns,
        lines: Arc<LineFile>,
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
        let (epoch, documents) = (payload.epoch, payload.archive.documents);
        Ok(Self { searcher, columns, fields, epoch, has_beyond: beyond > 0, lines, documents })
    }

    /// The lines of the partition, for the view of the next commit.
    pub fn lines(&self) -> Arc<LineFile> {
        Arc::clone(&self.lines)
    }

    /// The greatest number that a document has.
    pub fn newest_seq(&self) -> Option<u64> {
        self.columns.iter().map(|columns| columns.seq.max_value()).max()
    }

    /// All states of alerts of finished commits.
    pub fn visible_alerts(&self) -> Box<dyn Query> {
        self.visible(kind_query(self.fields, KIND_ALERT))
    }

    /// Leaves out what a failed commit left behind.
    pub fn visible(&self, query: Box<dyn Query>) -> Box<dyn Query> {
        if !self.has_beyond {
            return query;
        }
        let beyond: Box<dyn Query> = Box::new(beyond_query(self.fields, self.epoch));
        Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::MustNot, beyond)]))
    }

    /// Every event of finished commits.
    pub fn all_events(&self) -> Box<dyn Query> {
        self.events_only(Box::new(AllQuery))
    }

    pub fn events_only(&self, query: Box<dyn Query>) -> Box<dyn Query> {
        self.events_and(&[], query)
    }

    /// Of what fits a question the events, and what is of one of these kinds.
    pub fn events_and(&self, kinds: &[&str], query: Box<dyn Query>) -> Box<dyn Query> {
        let others = KINDS.into_iter().filter(|kind| !kinds.contains(kind));
        let others = others.map(|kind| (Occur::MustNot, kind_query(self.fields, kind)));
        let clauses = [(Occur::Must, query)].into_iter().chain(others).collect();
        self.visible(Box::new(BooleanQuery::new(clauses)))
    }

    /// Hands over the documents that match, segment by segment, in blocks.
    pub fn visit(
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

    /// Hands over the stored documents at `hits`, in the order of the disk, each with its place among the hits.
    fn stored(
        &self,
        hits: &[DocAddress],
        mut each: impl FnMut(usize, &FormView<'_>, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let place = |hit: &DocAddress| self.columns.get(hit.segment_ord as usize)?.place.first(hit.doc_id);
        let missing = || Error::Search { reason: "an event has no place in the archive".to_owned() };
        let mut order = Vec::with_capacity(hits.len());
        for (at, hit) in hits.iter().enumerate() {
            order.push((place(hit).ok_or_else(missing)?, at));
        }
        order.sort_unstable();
        for (number, at) in order {
            let (block, within) = self.lines.block_of(number, self.documents)?;
            let (form, line) = block.document(within).map_err(unreadable)?;
            each(at, &form, line)?;
        }
        Ok(())
    }

    /// The records at `hits`, in their order.
    pub fn records(&self, hits: &[DocAddress]) -> Result<Vec<Record>, Error> {
        let mut names = Names::default();
        let mut records = Vec::with_capacity(hits.len());
        self.stored(hits, |at, form, line| {
            let record = match codec::kind(form).map_err(unreadable)? {
                DocumentKind::Gap => {
                    let gap: StoredGap = serde_json::from_str(line).map_err(unreadable)?;
                    gap.into_record(line.to_owned())
                }
                DocumentKind::Alert => {
                    let [number, ..] = form.numbers;
                    let stored: Alert = serde_json::from_str(line).map_err(unreadable)?;
                    alert::into_record(stored, number.try_into().unwrap_or_default(), line)
                }
                DocumentKind::Event => codec::decode_event(line, form, &mut names).map_err(unreadable)?,
            };
            records.push((at, record));
            Ok(())
        })?;
        records.sort_unstable_by_key(|(at, _)| *at);
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// Adds the events and alerts at `hits`. What lies far apart is unpacked on several cores: of a trace of many events each
    /// is in a block of its own.
    pub fn gather(&self, hits: &[DocAddress], gathered: &mut Gathered) -> Result<(), Error> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let workers = cores.min(hits.len() / HITS_OF_WORKER);
        if workers < 2 {
            return self.gather_here(hits, gathered);
        }
        let parts = thread::scope(|scope| {
            let work = |part| {
                scope.spawn(move || {
                    let mut gathered = Gathered::default();
                    self.gather_here(part, &mut gathered).map(|()| gathered)
                })
            };
            let workers: Vec<_> = hits.chunks(hits.len().div_ceil(workers)).map(work).collect();
            let parts =
                workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            parts.collect::<Vec<_>>()
        });
        for part in parts {
            gathered.add(part?);
        }
        Ok(())
    }

    fn gather_here(&self, hits: &[DocAddress], gathered: &mut Gathered) -> Result<(), Error> {
        self.stored(hits, |_, form, line| {
            match codec::kind(form).map_err(unreadable)? {
                DocumentKind::Event => {
                    let record = codec::decode_event(line, form, &mut gathered.names);
                    gathered.records.push(record.map_err(unreadable)?);
                }
                DocumentKind::Alert => {
                    let [number, ..] = form.numbers;
                    gathered.alert(number, serde_json::from_str(line).map_err(unreadable)?);
                }
                DocumentKind::Gap => {}
            }
            Ok(())
        })
    }

    /// The events with the `width` numbers from `next` on, in order.
    pub fn page(&self, next: u64, width: u64) -> Result<Vec<DocAddress>, Error> {
        let number = |seq| Term::from_field_u64(self.fields.seq, seq);
        let last = next.saturating_add(width - 1);
        let range = RangeQuery::new(Bound::Included(number(next)), Bound::Included(number(last)));
        let query = self.events_only(Box::new(range));
        let mut found: Vec<(u64, DocAddress)> = Vec::new();
        self.visit(&*query, &Deadline::never(), &mut |segment, docs, columns| {
            let place = |doc: &DocId| (columns.seq(*doc), DocAddress::new(segment, *doc));
            found.extend(docs.iter().map(place));
        })?;
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, address)| address).collect())
    }

    /// How many documents of each kind there are.
    pub fn counts(&self) -> Result<Counts, Error> {
        let count = |query: Box<dyn Query>| {
            let query = self.visible(query);
            query.count(&self.searcher).map(|n| n as u64).map_err(|error| Error::search(&error))
        };
        let alerts = count(kind_query(self.fields, KIND_ALERT))?;
        let gaps = count(kind_query(self.fields, KIND_GAP))?;
        let events = count(Box::new(AllQuery))? - alerts - gaps;
        Ok(Counts { events, alerts, gaps, segments: self.columns.len() })
    }

    /// The least and the greatest event time; `None` without a document.
    pub fn times(&self) -> Option<(i64, i64)> {
        let times = self.columns.iter().map(Columns::times);
        times.reduce(|(oldest, newest), (from, to)| (oldest.min(from), newest.max(to)))
    }
}

/// Events and alerts of one question, from any number of partitions.
#[derive(Default)]
pub struct Gathered {
    names: Names,
    records: Vec<Record>,
    /// By id, with the number of the state.
    alerts: BTreeMap<AlertId, (i64, Alert)>,
}

impl Gathered {
    fn add(&mut self, other: Self) {
        self.records.extend(other.records);
        for (number, alert) in other.alerts.into_values() {
            self.alert(number, alert);
        }
    }

    /// Of an alert the last state stays.
    fn alert(&mut self, number: i64, alert: Alert) {
        let is_newest = self.alerts.get(&alert.alert_id).is_none_or(|(before, _)| *before <= number);
        if is_newest {
            self.alerts.insert(alert.alert_id, (number, alert));
        }
    }

    /// Both in the order of time.
    pub fn in_order(self) -> (Vec<Record>, Vec<Alert>) {
        let (mut records, alerts) = (self.records, self.alerts);
        records.sort_by_key(|record| (record.time, record.seq));
        let mut alerts: Vec<Alert> = alerts.into_values().map(|(_, alert)| alert).collect();
        alerts.sort_by_key(|alert| (alert.time, alert.alert_id));
        (records, alerts)
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Search { reason: error.to_string() }
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
pub fn beyond(partition: &Partition, epoch: u64) -> RangeQuery {
    beyond_query(partition.fields, epoch)
}
