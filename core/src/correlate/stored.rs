//! Entries as they are stored: each event that windows remember stands there once, however many hold it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compact::CompactStream;
use super::entry::{Entry, Values};
use super::evidence::{Evidence, Spans};
use crate::event::{EventId, MILLISECOND, Nanos, Timestamp};

/// A time after another. Whole milliseconds, as nearly all are, make a short number.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredTime(Nanos);

impl StoredTime {
    pub(super) fn after(since: Timestamp, time: Timestamp) -> Self {
        Self(time.0.wrapping_sub(since.0))
    }

    pub(super) fn since(self, since: Timestamp) -> Timestamp {
        Timestamp(since.0.wrapping_add(self.0))
    }
}

impl Serialize for StoredTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = i128::from(self.0);
        let is_short = self.0 % MILLISECOND == 0;
        serializer.serialize_i128(if is_short { nanos / i128::from(MILLISECOND) * 2 } else { nanos * 2 + 1 })
    }
}

impl<'de> Deserialize<'de> for StoredTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i128::deserialize(deserializer)?;
        let nanos = match number & 1 {
            0 => (number / 2).checked_mul(i128::from(MILLISECOND)),
            _ => Some((number - 1) / 2),
        };
        let time = nanos.and_then(|nanos| i64::try_from(nanos).ok());
        time.map(Self).ok_or_else(|| serde::de::Error::custom("a time is out of range"))
    }
}

/// An event or firing that some group holds: its time and its order, both after those of the one before it, and the place
/// of its evidence among all.
#[derive(Debug, Serialize, Deserialize)]
struct StoredEvent(StoredTime, i64, Option<usize>);

/// An entry: the place of its event, bits with the marks first, values, and what is kept of the event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEntry<'m>(usize, u64, Cow<'m, Values>, Kept);

#[derive(Debug, Serialize, Deserialize)]
enum Kept {
    Nothing,
    /// What others keep of it.
    AsOthers,
    /// Other evidence, at this place among all.
    Own(usize),
}

/// A piece of evidence, with the places of its path and of those behind it; they come before it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEvidence<'m> {
    id: EventId,
    path: usize,
    line: u64,
    text: Cow<'m, str>,
    spans: Spans,
    parts: Vec<usize>,
}

/// All events that groups hold, with their evidence, and the paths of its files: as [`Shared::write`] writes them.
#[derive(Debug, Deserialize)]
pub(super) struct StoredEvents {
    paths: Vec<String>,
    evidence: Vec<StoredEvidence<'static>>,
    events: Vec<StoredEvent>,
}

/// What the entries of all groups have in common.
#[derive(Default)]
pub(super) struct Shared<'m> {
    places: HashMap<*const Evidence, usize, foldhash::fast::RandomState>,
    evidence: Vec<&'m Evidence>,
    path_places: HashMap<*const u8, usize, foldhash::fast::RandomState>,
    paths: Vec<&'m str>,
    /// Order and time of each event, ascending, and its evidence.
    events: Vec<(u64, Timestamp)>,
    shown: Vec<Option<usize>>,
}

/// Marks stand in this many of the highest bits of an entry: rotated, usual bits are a small number.
const MARKS: u32 = 4;

/// Fewer events are not looked through for those that stand there twice.
const MANY_TWICE: usize = 65_536;

/// In their order, each once.
fn settle(events: &mut Vec<(u64, Timestamp)>) {
    events.sort_unstable();
    events.dedup();
}

impl<'m> Shared<'m> {
    /// For these entries and no others.
    pub(super) fn of(entries: impl Iterator<Item = &'m Entry>) -> Self {
        let (mut events, mut settled) = (Vec::new(), 0);
        for entry in entries {
            events.push((entry.order, entry.time));
            // Several windows hold each: so there is never much more here than there are events.
            if events.len() >= MANY_TWICE.max(2 * settled) {
                settle(&mut events);
                settled = events.len();
            }
        }
        settle(&mut events);
        events.shrink_to_fit();
        Self { shown: vec![None; events.len()], events, ..Self::default() }
    }

    /// All of it, after what it was asked for.
    pub(super) fn write<W: Write>(&self, out: &mut CompactStream<W>) -> io::Result<()> {
        out.list(self.paths.iter())?;
        out.list(self.evidence.iter().map(|evidence| self.evidence(evidence)))?;
        let (mut before, mut since) = (0, Timestamp::default());
        out.list(self.events.iter().zip(&self.shown).map(|((order, time), shown)| {
            let after = order.wrapping_sub(std::mem::replace(&mut before, *order)).cast_signed();
            StoredEvent(StoredTime::after(std::mem::replace(&mut since, *time), *time), after, *shown)
        }))
    }

    fn evidence(&self, evidence: &'m Evidence) -> StoredEvidence<'m> {
        let place = |part: &Arc<Evidence>| self.places.get(&Arc::as_ptr(part)).copied().unwrap_or_default();
        let path = self.path_places.get(&evidence.path.as_ptr()).copied().unwrap_or_default();
        let (text, spans) = (Cow::Borrowed(evidence.text()), evidence.spans().clone());
        let parts = evidence.parts.iter().map(place).collect();
        StoredEvidence { id: evidence.id, path, line: evidence.line, text, spans, parts }
    }

    pub(super) fn store(&mut self, entry: &'m Entry) -> StoredEntry<'m> {
        let evidence = entry.evidence.as_ref().map(|evidence| self.place(evidence));
        let event = self.events.partition_point(|event| *event < (entry.order, entry.time));
        let others = self.shown.get_mut(event);
        let kept = match evidence {
            None => Kept::Nothing,
            Some(own) if others.is_some_and(|others| *others.get_or_insert(own) == own) => Kept::AsOthers,
            Some(own) => Kept::Own(own),
        };
        StoredEntry(event, entry.bits().rotate_left(MARKS), Cow::Borrowed(&entry.values), kept)
    }

    fn place(&mut self, evidence: &'m Arc<Evidence>) -> usize {
        if let Some(place) = self.places.get(&Arc::as_ptr(evidence)) {
            return *place;
        }
        for part in &evidence.parts {
            self.place(part);
        }
        self.path_places.entry(evidence.path.as_ptr()).or_insert_with(|| {
            self.paths.push(&evidence.path);
            self.paths.len() - 1
        });
        let place = self.evidence.len();
        self.evidence.push(evidence);
        self.places.insert(Arc::as_ptr(evidence), place);
        place
    }
}

/// Events that were stored, put together again.
pub(super) struct LoadedEvents {
    events: Vec<(Timestamp, u64, Option<Arc<Evidence>>)>,
    evidence: Vec<Arc<Evidence>>,
}

impl LoadedEvents {
    /// `renumber` gives evidence the field numbers of now.
    pub(super) fn of(stored: StoredEvents, renumber: impl Fn(&Arc<Evidence>) -> Arc<Evidence>) -> Self {
        let evidence = load_evidence(stored.paths, stored.evidence);
        let evidence: Vec<Arc<Evidence>> = evidence.iter().map(renumber).collect();
        let (mut order, mut time) = (0_u64, Timestamp::default());
        let events = stored.events.into_iter().map(|StoredEvent(passed, after, shown)| {
            order = order.wrapping_add(after.cast_unsigned());
            time = passed.since(time);
            (time, order, shown.and_then(|place| evidence.get(place).cloned()))
        });
        Self { events: events.collect(), evidence }
    }

    /// An entry of them; `None` where its event is none of those stored.
    pub(super) fn entry(&self, stored: StoredEntry<'_>) -> Option<Entry> {
        let StoredEntry(event, bits, values, kept) = stored;
        let (time, order, shown) = self.events.get(event)?;
        let mut entry = Entry::with_bits(*time, *order, bits.rotate_right(MARKS));
        entry.values = values.into_owned();
        entry.evidence = match kept {
            Kept::Nothing => None,
            Kept::AsOthers => shown.clone(),
            Kept::Own(place) => self.evidence.get(place).cloned(),
        };
        Some(entry)
    }
}

/// Puts evidence together again. What is behind a piece of it that lies is left out.
fn load_evidence(paths: Vec<String>, stored: Vec<StoredEvidence<'_>>) -> Vec<Arc<Evidence>> {
    let paths: Vec<Arc<str>> = paths.into_iter().map(Arc::from).collect();
    let mut all: Vec<Arc<Evidence>> = Vec::with_capacity(stored.len());
    for StoredEvidence { id, path, line, text, spans, parts } in stored {
        let path = paths.get(path).map_or_else(|| Arc::from(""), Arc::clone);
        let parts = parts.into_iter().filter_map(|place| all.get(place).cloned()).collect();
        let mut evidence = Evidence::of_text(text.into(), spans);
        (evidence.id, evidence.path, evidence.line, evidence.parts) = (id, path, line, parts);
        all.push(Arc::new(evidence));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::compact::{read, write};
    use super::*;

    proptest! {
        #[test]
        fn every_time_is_what_it_was(since in any::<i64>(), time in any::<i64>(), whole in -9_000_000_000_i64..9_000_000_000) {
            for time in [time, i64::MIN, i64::MAX, whole * MILLISECOND] {
                let (since, time) = (Timestamp(since), Timestamp(time));
                let bytes = write(&StoredTime::after(since, time)).expect("a number");
                prop_assert_eq!(read::<StoredTime>(&bytes).expect("own bytes").since(since), time);
            }
        }
    }
}
