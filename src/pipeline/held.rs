//! Chunks whose events wait for those of the next ones where lines come late and more is waiting to be read: all of them
//! are correlated at once, in the order of time. Without a backlog nothing waits.

use super::backlog::Passage;
use super::reordering::{LONGEST_WAIT, Wariness, time_of};
use super::worker::Lot;
use crate::event::Timestamp;

/// Events that wait at most; they are stored in one commit.
const MOST_WAITING: usize = 8_192;

/// A chunk whose events were judged.
pub(super) struct JudgedChunk {
    pub passage: Passage,
    pub lot: Lot,
}

#[derive(Default)]
pub(super) struct Held {
    chunks: Vec<JudgedChunk>,
    events: usize,
    wariness: Wariness,
}

impl Held {
    pub fn add(&mut self, passage: Passage, lot: Lot) {
        for event in lot.leaving.iter().flatten() {
            self.wariness.note(time_of(event));
        }
        self.events += lot.records.len();
        self.chunks.push(JudgedChunk { passage, lot });
    }

    /// Whether it is worth while to wait for more.
    pub fn may_wait(&self) -> bool {
        self.wariness.is_wary() && self.events < MOST_WAITING
    }

    /// When the first of the chunks arrived.
    pub fn waits_since(&self) -> Option<Timestamp> {
        self.chunks.first().map(|chunk| chunk.passage.read_at)
    }

    /// What has waited, in the order of arrival.
    pub fn take(&mut self) -> Vec<JudgedChunk> {
        self.events = 0;
        std::mem::take(&mut self.chunks)
    }
}

/// The events of some chunks in the order of time, each by the place of its chunk and its own. One that is far behind those
/// before it stays there, as in a recording.
pub(super) fn in_order_of_time(chunks: &[JudgedChunk]) -> Vec<(usize, usize)> {
    let (mut order, mut newest) = (Vec::new(), Timestamp::MIN);
    for (of, chunk) in chunks.iter().enumerate() {
        for (at, event) in chunk.lot.leaving.iter().flatten().enumerate() {
            let time = time_of(event);
            newest = newest.max(time);
            let is_far_behind = time < newest.minus(LONGEST_WAIT);
            order.push((if is_far_behind { newest } else { time }, of, at));
        }
    }
    // Those of one time stay as they came.
    order.sort_by_key(|(time, ..)| *time);
    order.into_iter().map(|(_, of, at)| (of, at)).collect()
}
