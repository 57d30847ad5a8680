//! The newest events, shared with every snapshot at the price of a few dozen pointers.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::event::Record;
use crate::event::number::to_u64;

/// Rows are kept in chunks: a snapshot shares whole chunks, and only the last one is copied when
/// the next row comes.
const CHUNK: usize = 128;

/// A ring of events in the order they were read. Cloning shares the rows.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    chunks: VecDeque<Arc<Vec<Arc<Record>>>>,
    /// Rows that were pushed out since the start.
    forgotten: u64,
}

impl Rows {
    /// Rows held at most; older ones are found through the index. A record of a common line
    /// takes two kilobytes, so this is about ten megabytes.
    pub const LIMIT: usize = 40 * CHUNK;

    pub(super) fn push(&mut self, row: Arc<Record>) {
        match self.chunks.back_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(row),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(row);
                self.chunks.push_back(Arc::new(chunk));
            }
        }
        if self.count() > Self::LIMIT {
            self.forgotten += self.chunks.pop_front().map_or(0, |chunk| to_u64(chunk.len()));
        }
    }

    /// Rows held.
    #[must_use]
    pub fn count(&self) -> usize {
        let last = self.chunks.back().map_or(0, |chunk| chunk.len());
        self.chunks.len().saturating_sub(1) * CHUNK + last
    }

    /// Rows that were held once and are no longer.
    #[cfg(test)]
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// By position, oldest first.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Record>> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Whether a row has a field of this name.
    #[must_use]
    pub fn has_field(&self, name: &str) -> bool {
        self.iter().any(|row| row.fields.iter().any(|field| &*field.name == name))
    }

    /// The names of all fields, sorted.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        let names: BTreeSet<&str> =
            self.iter().flat_map(|row| row.fields.iter().map(|field| &*field.name)).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Rows whose sequence number is greater than `seq`, oldest first.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Arc<Record>> {
        let start = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|row| row.seq <= seq));
        self.chunks.iter().skip(start).flat_map(|chunk| chunk.iter()).filter(move |row| row.seq > seq)
    }
}

impl FromIterator<Arc<Record>> for Rows {
    fn from_iter<I: IntoIterator<Item = Arc<Record>>>(rows: I) -> Self {
        let mut ring = Self::default();
        rows.into_iter().for_each(|row| ring.push(row));
        ring
    }
}
