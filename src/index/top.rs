//! What is gathered of the events that match: the first few of an order, and how they lie in time.

use std::collections::BinaryHeap;

use tantivy::{DocAddress, DocId};

use super::view::Columns;
use crate::event::{HOUR, SECOND, Timestamp};

/// Which event times are asked for: from `since` on, before `until`.
#[derive(Clone, Copy)]
pub struct Times {
    pub since: i64,
    pub until: i64,
}

impl Times {
    pub const ALL: Times = Times { since: i64::MIN, until: i64::MAX };

    pub fn of(since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self { since: since.map_or(i64::MIN, |it| it.0), until: until.map_or(i64::MAX, |it| it.0) }
    }

    /// Whether something from `oldest` to `newest` may be asked for.
    pub fn meets(self, span: (i64, i64)) -> bool {
        let (oldest, newest) = span;
        self.since <= newest && (oldest < self.until || self.until == i64::MAX)
    }

    pub fn holds(self, time: i64) -> bool {
        time >= self.since && (time < self.until || self.until == i64::MAX)
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

/// The first few documents of an order, and the number of all. Ties in time fall to `seq`.
pub struct Top {
    limit: usize,
    order: Order,
    /// The worst of the kept is on top.
    heap: BinaryHeap<Hit>,
    pub total: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    /// Smaller is better, here and below.
    rank: i64,
    seq: u64,
    address: Spot,
}

/// A document: its partition, by place among those that were asked, and where it is in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub part: usize,
    pub document: DocAddress,
}

/// Some documents of one segment.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    pub part: usize,
    pub segment: u32,
    pub docs: &'a [DocId],
    pub columns: &'a Columns,
}

impl Found<'_> {
    pub fn address(&self, doc: DocId) -> Spot {
        Spot { part: self.part, document: DocAddress::new(self.segment, doc) }
    }

    /// The event times of the documents.
    pub fn times(&self) -> impl Iterator<Item = i64> {
        self.docs.iter().map(|doc| self.columns.time(*doc))
    }
}

impl Top {
    pub fn new(limit: usize, order: Order) -> Self {
        Self { limit, order, heap: BinaryHeap::with_capacity(limit.min(1_024) + 1), total: 0 }
    }

    pub fn offer(&mut self, found: Found<'_>, times: Times) {
        let columns = found.columns;
        let (oldest, newest) = columns.times();
        let all_in = times.holds(oldest) && times.holds(newest);
        let best = self.rank(oldest).min(self.rank(newest));
        if all_in && self.excludes(best) {
            // The partitions are asked the newest first: of most nothing is wanted but their number.
            self.total += found.docs.len() as u64;
            return;
        }
        for &doc in found.docs {
            let time = columns.time(doc);
            if !all_in && !times.holds(time) {
                continue;
            }
            self.total += 1;
            let rank = self.rank(time);
            let full = self.heap.len() >= self.limit;
            let worst = self.heap.peek().copied().filter(|_| full);
            if full && worst.is_none_or(|worst| rank > worst.rank) {
                continue;
            }
            let seq = columns.seq(doc);
            let seq = if self.order == Order::NewestFirst { !seq } else { seq };
            let hit = Hit { rank, seq, address: found.address(doc) };
            if worst.is_some_and(|worst| hit > worst) {
                continue;
            }
            self.heap.push(hit);
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
    }

    fn rank(&self, time: i64) -> i64 {
        match self.order {
            // `!` instead of `-`: no overflow, same order.
            Order::NewestFirst => !time,
            Order::OldestFirst => time,
        }
    }

    /// Whether nothing of this rank or a worse one will be among the first.
    fn excludes(&self, rank: i64) -> bool {
        self.heap.len() >= self.limit && self.heap.peek().is_none_or(|worst| rank > worst.rank)
    }

    pub fn into_sorted(self) -> Vec<Spot> {
        self.heap.into_sorted_vec().into_iter().map(|hit| hit.address).collect()
    }
}

/// Events over time and by severity; see [`Reader::histogram`](super::Reader::histogram).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Start of each interval, oldest first, and events by level in the order of `LogLevel::ALL`.
    pub buckets: Vec<(Timestamp, [u64; 8])>,
    /// Width of each interval in nanoseconds, a whole number of seconds.
    pub width: i64,
    pub total: u64,
}

impl Histogram {
    pub(super) fn over(span: Span, since: Option<Timestamp>, buckets: usize) -> Self {
        let Some((oldest, newest)) = span.0 else { return Self::default() };
        let start =
            since.map_or(oldest, |since| since.0.min(oldest)).div_euclid(SECOND).saturating_mul(SECOND);
        let length = newest.saturating_sub(start);
        let width = (length / buckets.max(1) as i64 / SECOND).saturating_add(1).saturating_mul(SECOND);
        let count = length / width + 1;
        let bucket = |n: i64| (Timestamp(start.saturating_add(n.saturating_mul(width))), [0; 8]);
        Self { buckets: (0..count).map(bucket).collect(), width, total: 0 }
    }

    pub(super) fn add(&mut self, time: i64, level: usize) {
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
pub struct Span(Option<(i64, i64)>);

impl Span {
    pub fn add(&mut self, time: i64) {
        let (oldest, newest) = self.0.unwrap_or((time, time));
        self.0 = Some((oldest.min(time), newest.max(time)));
    }

    pub fn hours(self) -> i64 {
        self.0.map_or(0, |(oldest, newest)| newest.saturating_sub(oldest) / HOUR)
    }
}
