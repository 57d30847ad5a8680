//! Entries as they are stored: each event that windows remember stands there once, however many hold it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Values};
use super::evidence::{Evidence, Spans};
use crate::event::EventId;

/// An entry: time after the one before it, order, bits with the marks first, values, and the place of its evidence
/// among all.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEntry<'m>(i64, u64, u64, Cow<'m, Values>, Option<usize>);

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

/// All evidence, and the paths of its files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredEvidences<'m> {
    paths: Vec<Cow<'m, str>>,
    all: Vec<StoredEvidence<'m>>,
}

/// The evidence of all entries.
#[derive(Default)]
pub(super) struct Shared<'m> {
    places: HashMap<*const Evidence, usize, foldhash::fast::RandomState>,
    paths: HashMap<*const u8, usize, foldhash::fast::RandomState>,
    stored: StoredEvidences<'m>,
}

/// Marks stand in so many of the highest bits of an entry: rotated, usual bits are a small number.
const MARKS: u32 = 4;

/// What a time is told after.
pub(super) type Since = i64;

impl<'m> Shared<'m> {
    pub(super) fn into_all(self) -> StoredEvidences<'m> {
        self.stored
    }

    /// Entries one after the other; the first is told after `since`.
    pub(super) fn store_all(
        &mut self,
        entries: impl Iterator<Item = &'m Entry>,
        mut since: Since,
    ) -> Vec<StoredEntry<'m>> {
        entries.map(|entry| self.store(entry, std::mem::replace(&mut since, entry.time))).collect()
    }

    fn store(&mut self, entry: &'m Entry, since: Since) -> StoredEntry<'m> {
        let evidence = entry.evidence.as_ref().map(|evidence| self.place(evidence));
        let bits = entry.bits().rotate_left(MARKS);
        StoredEntry(entry.time.wrapping_sub(since), entry.order, bits, Cow::Borrowed(&entry.values), evidence)
    }

    fn place(&mut self, evidence: &'m Arc<Evidence>) -> usize {
        if let Some(place) = self.places.get(&Arc::as_ptr(evidence)) {
            return *place;
        }
        let parts = evidence.parts.iter().map(|part| self.place(part)).collect();
        let path = self.path(&evidence.path);
        let place = self.stored.all.len();
        let (text, spans) = (Cow::Borrowed(evidence.text()), evidence.spans().clone());
        let (id, line) = (evidence.id, evidence.line);
        self.stored.all.push(StoredEvidence { id, path, line, text, spans, parts });
        self.places.insert(Arc::as_ptr(evidence), place);
        place
    }

    fn path(&mut self, path: &'m Arc<str>) -> usize {
        let paths = &mut self.stored.paths;
        *self.paths.entry(path.as_ptr()).or_insert_with(|| {
            paths.push(Cow::Borrowed(path));
            paths.len() - 1
        })
    }
}

/// Puts evidence together again. What is behind a piece of it that lies is left out.
pub(super) fn load_evidence(stored: StoredEvidences<'_>) -> Vec<Arc<Evidence>> {
    let paths: Vec<Arc<str>> = stored.paths.into_iter().map(|path| Arc::from(&*path)).collect();
    let mut all: Vec<Arc<Evidence>> = Vec::with_capacity(stored.all.len());
    for StoredEvidence { id, path, line, text, spans, parts } in stored.all {
        let path = paths.get(path).map_or_else(|| Arc::from(""), Arc::clone);
        let parts = parts.into_iter().filter_map(|place| all.get(place).cloned()).collect();
        let mut evidence = Evidence::of_text(text.into(), spans);
        (evidence.id, evidence.path, evidence.line, evidence.parts) = (id, path, line, parts);
        all.push(Arc::new(evidence));
    }
    all
}

/// Puts entries together again, the first of which was told after `since`.
pub(super) fn load_entries(
    stored: Vec<StoredEntry<'_>>,
    mut since: Since,
    evidence: &[Arc<Evidence>],
) -> Vec<Entry> {
    let load = |StoredEntry(after, order, bits, values, place)| {
        since = since.wrapping_add(after);
        let mut entry = Entry::with_bits(since, order, u64::rotate_right(bits, MARKS));
        entry.values = values.into_owned();
        entry.evidence = place.and_then(|place| evidence.get(place).cloned());
        entry
    };
    stored.into_iter().map(load).collect()
}
