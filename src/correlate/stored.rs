//! Entries as they are stored: each event that windows remember stands there once, however many hold it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Values};
use super::evidence::Evidence;

/// An entry: time, order, bits, values, and the place of its evidence among all.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEntry(i64, u64, u64, Values, Option<usize>);

/// A piece of evidence, and the places of those behind it; they come before it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEvidence(Evidence, Vec<usize>);

/// The evidence of all entries.
#[derive(Default)]
pub(super) struct Shared {
    places: HashMap<*const Evidence, usize>,
    all: Vec<StoredEvidence>,
}

impl Shared {
    pub(super) fn into_all(self) -> Vec<StoredEvidence> {
        self.all
    }

    pub(super) fn store(&mut self, entry: &Entry) -> StoredEntry {
        let evidence = entry.evidence.as_ref().map(|evidence| self.place(evidence));
        StoredEntry(entry.time, entry.order, entry.bits(), entry.values.clone(), evidence)
    }

    fn place(&mut self, evidence: &Arc<Evidence>) -> usize {
        if let Some(place) = self.places.get(&Arc::as_ptr(evidence)) {
            return *place;
        }
        let parts = evidence.parts.iter().map(|part| self.place(part)).collect();
        let place = self.all.len();
        self.all.push(StoredEvidence(evidence.without_parts(), parts));
        self.places.insert(Arc::as_ptr(evidence), place);
        place
    }
}

/// Puts evidence together again. What is behind a piece of it that lies is left out.
pub(super) fn load_evidence(stored: Vec<StoredEvidence>) -> Vec<Arc<Evidence>> {
    let mut all: Vec<Arc<Evidence>> = Vec::with_capacity(stored.len());
    for StoredEvidence(mut evidence, parts) in stored {
        evidence.parts = parts.into_iter().filter_map(|place| all.get(place).cloned()).collect();
        all.push(Arc::new(evidence));
    }
    all
}

impl StoredEntry {
    pub(super) fn load(self, evidence: &[Arc<Evidence>]) -> Entry {
        let Self(time, order, bits, values, place) = self;
        let mut entry = Entry::with_bits(time, order, bits);
        entry.values = values;
        entry.evidence = place.and_then(|place| evidence.get(place).cloned());
        entry
    }
}
