//! Events that several streams write and that are one occurrence (`once_per`).
//!
//! Systems write one thing to a file, to another file and to standard output. Of the events with one key
//! within a short time, as many count as the stream holds that has most of them: two streams with three
//! each are three occurrences. Within one stream every event counts, so that nobody hides repetition behind an
//! id that is constant or of their own choosing. How many count does not depend on the order in which the
//! streams are read.
//!
//! A stream is a file. Within a file, loggers are streams of a request only: the middleware and the server write
//! a line each, with the same path and status. What else loggers write may be something else each time.
//!
//! An occurrence ends: a stream that was ahead for long would otherwise hide a burst of another.

use std::borrow::Cow;

use hashbrown::hash_map::Entry as Slot;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::aggregate::KeyedMap;
use super::hashes::{OccurrenceKey, StreamKey};
use super::keys::OccurrenceKeys;
use crate::event::{Nanos, Timestamp};

/// Occurrences remembered per rule. Beyond it the oldest are forgotten: their copies count, too high and never
/// too low.
pub(super) const MOST_OCCURRENCES: usize = 65_536;
/// The same while memory is scarce: copies that come within seconds are still recognised.
pub(super) const SPARING_OCCURRENCES: usize = 8_192;
/// Fewer are not looked through for those that are over.
const FEW_KEYS: usize = 128;
/// Streams told apart under one key; further ones count by themselves.
const MOST_STREAMS: usize = 8;
/// Longest occurrence, in times of `within`.
const MOST_SPAN: i64 = 5;

/// What one rule remembers of occurrences.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deduplicator {
    of: KeyedMap<OccurrenceKey, Known>,
    held: usize,
    /// When so many are held, those that are over are looked for.
    clean_at: usize,
    /// It holds fewer than this.
    most: usize,
}

impl Default for Deduplicator {
    fn default() -> Self {
        Self { of: KeyedMap::default(), held: 0, clean_at: 0, most: MOST_OCCURRENCES }
    }
}

/// What is known of one key. Most come once, and there are many of them.
#[derive(Clone, Debug, PartialEq)]
enum Known {
    Lone {
        time: Timestamp,
        stream: StreamKey,
    },
    /// Occurrences at different times, in the order of their last events.
    More(Vec<Occurrence>),
}

/// Events of one key, each at most so far from the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Occurrence {
    first: Timestamp,
    last: Timestamp,
    /// Events that counted: as many as the stream has that has most.
    counted: u32,
    streams: SmallVec<[(StreamKey, u32); 2]>,
}

impl Deduplicator {
    /// Remembers fewer occurrences than this from now on.
    pub(super) fn hold_at_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Whether an event is the copy of one that counted already. Of several ids (a proxy knows its own and that of the
    /// application) one in common is enough.
    pub(super) fn is_copy(
        &mut self,
        keys: &OccurrenceKeys,
        time: Timestamp,
        within: Nanos,
        settled: Timestamp,
    ) -> bool {
        let mut copy = false;
        for (key, request) in &keys.of {
            let mut is_new = |key, stream| self.is_new(key, stream, time, within, settled);
            let told_by_logger = keys.logger.is_some_and(|logger| !is_new(*request, logger));
            copy |= told_by_logger || !is_new(*key, keys.file);
        }
        copy
    }

    /// Whether an event of this key is new, and not the copy of one from another stream. What is older
    /// than `settled` is expected no more.
    pub(crate) fn is_new(
        &mut self,
        key: OccurrenceKey,
        stream: StreamKey,
        time: Timestamp,
        within: Nanos,
        settled: Timestamp,
    ) -> bool {
        self.clean(within, settled);
        let known = match self.of.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(Known::Lone { time, stream });
                self.held += 1;
                return true;
            }
            Slot::Occupied(slot) => slot.into_mut(),
        };
        let mut occurrences = std::mem::take(known).into_occurrences();
        let before = occurrences.len();
        let new = meet(&mut occurrences, stream, time, within);
        self.held = self.held + occurrences.len() - before;
        *known = Known::More(occurrences);
        new
    }

    /// Everything remembered, for [`Deduplicator::restore`].
    pub(crate) fn all(&self) -> impl Iterator<Item = (OccurrenceKey, Cow<'_, [Occurrence]>)> {
        self.of.iter().map(|(key, known)| match known {
            Known::Lone { time, stream } => (*key, Cow::Owned(vec![Occurrence::lone(*time, *stream)])),
            Known::More(occurrences) => (*key, Cow::Borrowed(occurrences.as_slice())),
        })
    }

    pub(crate) fn restore(stored: Vec<(OccurrenceKey, Cow<'_, [Occurrence]>)>) -> Self {
        let held = stored.iter().map(|(_, occurrences)| occurrences.len()).sum();
        let known = |occurrences: Cow<'_, [Occurrence]>| Known::of(occurrences.into_owned());
        let of = stored.into_iter().map(|(key, occurrences)| (key, known(occurrences))).collect();
        Self { of, held, ..Self::default() }
    }

    fn clean(&mut self, within: Nanos, settled: Timestamp) {
        if self.held < self.clean_at.max(FEW_KEYS).min(self.most) {
            return;
        }
        self.retain(|end| end.plus(within) >= settled);
        while self.held >= self.most {
            let mut times: Vec<Timestamp> = self.of.values().flat_map(Known::ends).collect();
            let middle = times.len() / 2;
            let median = *times.select_nth_unstable(middle).1;
            self.retain(|end| end > median);
        }
        if self.of.capacity() > 4 * self.of.len().max(FEW_KEYS) {
            self.of.shrink_to(2 * self.of.len());
        }
        self.clean_at = (self.held * 2).min(self.most);
    }

    /// Forgets occurrences by the time of their last event.
    fn retain(&mut self, keep: impl Fn(Timestamp) -> bool) {
        let mut held = 0;
        self.of.retain(|_, known| {
            let left = known.retain(&keep);
            held += left;
            left > 0
        });
        self.held = held;
    }
}

/// Takes an event of a key in among its occurrences; true when it is new.
fn meet(occurrences: &mut Vec<Occurrence>, stream: StreamKey, time: Timestamp, within: Nanos) -> bool {
    let mut occurrence = Occurrence { first: time, last: time, ..Occurrence::default() };
    // Nearly always there is one, and the event belongs to it.
    if let [only] = occurrences.as_mut_slice()
        && occurrence.is_one_with(only, within)
    {
        (only.first, only.last) = (only.first.min(time), only.last.max(time));
        return only.add(stream);
    }
    while let Some(near) = occurrences.iter().position(|other| occurrence.is_one_with(other, within)) {
        occurrence.absorb(occurrences.remove(near));
    }
    let new = occurrence.add(stream);
    let at = occurrences.partition_point(|other| other.last <= occurrence.last);
    occurrences.insert(at, occurrence);
    new
}

impl Default for Known {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl Known {
    fn of(occurrences: Vec<Occurrence>) -> Self {
        let lone = match occurrences.as_slice() {
            [only] => only.as_lone(),
            _ => None,
        };
        lone.map_or(Self::More(occurrences), |(time, stream)| Self::Lone { time, stream })
    }

    fn into_occurrences(self) -> Vec<Occurrence> {
        match self {
            Self::Lone { time, stream } => vec![Occurrence::lone(time, stream)],
            Self::More(occurrences) => occurrences,
        }
    }

    /// Times of the last events of its occurrences.
    fn ends(&self) -> impl Iterator<Item = Timestamp> {
        let (lone, more): (_, &[Occurrence]) = match self {
            Self::Lone { time, .. } => (Some(*time), &[]),
            Self::More(occurrences) => (None, occurrences),
        };
        lone.into_iter().chain(more.iter().map(|occurrence| occurrence.last))
    }

    /// Forgets occurrences by the time of their last event. How many are left.
    fn retain(&mut self, keep: impl Fn(Timestamp) -> bool) -> usize {
        match self {
            Self::Lone { time, .. } => usize::from(keep(*time)),
            Self::More(occurrences) => {
                occurrences.retain(|occurrence| keep(occurrence.last));
                occurrences.len()
            }
        }
    }
}

impl Occurrence {
    /// Of one event.
    fn lone(time: Timestamp, stream: StreamKey) -> Self {
        Self { first: time, last: time, counted: 1, streams: SmallVec::from_slice(&[(stream, 1)]) }
    }

    /// Time and stream, where it is of one event.
    fn as_lone(&self) -> Option<(Timestamp, StreamKey)> {
        match (self.first == self.last, self.counted, self.streams.as_slice()) {
            (true, 1, [(stream, 1)]) => Some((self.last, *stream)),
            _ => None,
        }
    }

    /// Whether another occurrence of the key reaches into the time around this one, and both together do not last too
    /// long.
    fn is_one_with(&self, other: &Occurrence, within: Nanos) -> bool {
        let near = other.last >= self.first.minus(within) && other.first <= self.last.plus(within);
        let lasts = self.last.max(other.last).since(self.first.min(other.first));
        near && lasts <= within.saturating_mul(MOST_SPAN)
    }

    /// Takes over what turned out to be the same occurrence. What has counted has counted.
    fn absorb(&mut self, other: Occurrence) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.counted = self.counted.saturating_add(other.counted);
        for (stream, count) in other.streams {
            match self.streams.iter_mut().find(|(known, _)| *known == stream) {
                Some((_, known)) => *known = known.saturating_add(count),
                None => self.streams.push((stream, count)),
            }
        }
        self.streams.truncate(MOST_STREAMS);
    }

    /// Counts an event of a stream; true when no other stream has as many.
    fn add(&mut self, stream: StreamKey) -> bool {
        let known = self.streams.iter().position(|(known, _)| *known == stream);
        if known.is_none() {
            if self.streams.len() == MOST_STREAMS {
                return true;
            }
            self.streams.push((stream, 0));
        }
        let last = self.streams.len() - 1;
        let Some((_, count)) = self.streams.get_mut(known.unwrap_or(last)) else { return true };
        *count = count.saturating_add(1);
        let count = *count;
        let new = count > self.counted;
        self.counted = self.counted.max(count);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an event counts of (key, stream, time), where nothing older than `settled` is expected.
    fn is_new(once: &mut Deduplicator, event: (u64, u64, i64), settled: i64) -> bool {
        let (key, stream, time) = event;
        once.is_new(OccurrenceKey(key), StreamKey(stream), Timestamp(time), 10, Timestamp(settled))
    }

    /// How many of some (key, stream, time) count.
    fn counted(of: &[(u64, u64, i64)]) -> usize {
        let mut once = Deduplicator::default();
        of.iter().filter(|event| is_new(&mut once, **event, i64::MIN)).count()
    }

    fn check(of: &[(u64, u64, i64)], expect: usize) {
        assert_eq!(counted(of), expect, "{of:?}");
        let backwards: Vec<_> = of.iter().copied().rev().collect();
        assert_eq!(counted(&backwards), expect, "{of:?} backwards");
    }

    #[test]
    fn the_stream_with_most_counts() {
        check(&[(1, 1, 0), (1, 2, 1), (1, 3, 2)], 1);
        check(&[(1, 1, 0), (2, 1, 0), (1, 2, 0), (2, 2, 0)], 2);
        // One stream repeats itself: whoever sends a constant id gains nothing.
        check(&[(1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 2, 0), (1, 2, 1), (1, 2, 2)], 3);
    }

    #[test]
    fn later_is_another_fact() {
        check(&[(1, 1, 0), (1, 2, 1), (1, 1, 20), (1, 2, 21)], 2);
        // A stream that lags far behind: all of the first, then all of the second.
        check(&[(1, 1, 0), (1, 1, 20), (1, 2, 1), (1, 2, 21)], 2);
    }

    #[test]
    fn a_stream_that_is_ahead_hides_no_burst_of_another() {
        let mut once = Deduplicator::default();
        let mut count = |stream, times: &mut dyn Iterator<Item = i64>| {
            times.filter(|time| is_new(&mut once, (1, stream, *time), i64::MIN)).count()
        };
        assert_eq!(count(1, &mut (0..1_000).map(|n| n * 9)), 1_000);
        let burst = count(2, &mut std::iter::repeat_n(9_000, 500));
        assert!(burst >= 494, "{burst}");
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_goes_first() {
        let mut once = Deduplicator::default();
        for n in 0..200_000_i64 {
            assert!(is_new(&mut once, (n as u64, 1, n), n - 100));
        }
        assert!(once.held <= 2_048, "{}", once.held);
        let mut once = Deduplicator::default();
        for n in 0..200_000_i64 {
            assert!(is_new(&mut once, (n as u64, 1, n), i64::MIN));
        }
        assert!(once.held <= MOST_OCCURRENCES);
        assert!(!is_new(&mut once, (199_999, 2, 199_999), i64::MIN), "the newest are kept");
        let room = once.of.capacity();
        once.hold_at_most(SPARING_OCCURRENCES);
        assert!(!is_new(&mut once, (199_998, 2, 199_998), i64::MIN), "the newest are kept");
        assert!(once.held <= SPARING_OCCURRENCES && once.of.capacity() < room / 2, "room is given back");
    }

    proptest::proptest! {
        #[test]
        fn as_many_count_as_the_stream_with_most_holds(
            of in proptest::collection::vec((0..3_u64, 0..4_u64, 0..5_i64), 0..40)
        ) {
            let most = |key: u64| {
                let of_stream = |stream| of.iter().filter(|event| event.0 == key && event.1 == stream).count();
                (0..4).map(of_stream).max().unwrap_or(0)
            };
            let expect: usize = (0..3).map(most).sum();
            proptest::prop_assert_eq!(counted(&of), expect);
        }
    }
}
