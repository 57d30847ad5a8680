//! Sources: how fast each one speaks, how far behind it is, and whether it has fallen silent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::SourceStatus;
use crate::event::number::to_f64;
use crate::event::{Cadence, Nanos, SECOND, Timestamp};

/// The rate is taken over this time.
const RATE_WINDOW: Nanos = 5 * SECOND;
/// Less than this behind the end of the file is the normal state of a file being written.
const BEHIND_BYTES: u64 = 256 * 1024;
/// Sources held at most; a glob may match without end.
const LIMIT: usize = 1000;

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceHealth {
    Live,
    /// Reading, but not yet at the end of what is there.
    Behind,
    /// Nothing new for much longer than usual.
    Silent,
    /// Cannot be read, or something was lost.
    Trouble,
    /// Ended: a pipe was closed, a replay is through.
    Closed,
    /// Nothing was ever read from it.
    Waiting,
}

/// A source and what follows from its status.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    pub status: SourceStatus,
    pub health: SourceHealth,
    pub lines_per_second: f64,
    /// Since the newest line.
    pub silent_for: Option<Nanos>,
    /// Bytes on disk that are not read yet.
    pub behind_bytes: u64,
}

#[derive(Debug)]
struct Held {
    status: SourceStatus,
    /// (when, lines) within the rate window, oldest first.
    samples: VecDeque<(Timestamp, u64)>,
    cadence: Cadence,
}

#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<Arc<str>, Held>);

impl Sources {
    pub fn apply(&mut self, status: SourceStatus, now: Timestamp) {
        if let Some(held) = self.0.get_mut(&status.path) {
            held.renew(status, now);
        } else if self.0.len() < LIMIT {
            let samples = VecDeque::from([(now, status.lines)]);
            let mut cadence = Cadence::default();
            status.last_line_at.into_iter().for_each(|at| cadence.hear(at));
            self.0.insert(Arc::clone(&status.path), Held { status, samples, cadence });
        }
    }

    pub fn rows(&self, now: Timestamp) -> Vec<SourceRow> {
        self.0.values().map(|held| held.row(now)).collect()
    }
}

impl Held {
    fn renew(&mut self, status: SourceStatus, now: Timestamp) {
        status.last_line_at.into_iter().for_each(|at| self.cadence.hear(at));
        self.samples.push_back((now, status.lines));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.since(*at) >= RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        self.status = status;
    }

    fn row(&self, now: Timestamp) -> SourceRow {
        SourceRow {
            health: self.health(now),
            lines_per_second: self.lines_per_second(now),
            silent_for: self.cadence.silent_for(now),
            behind_bytes: self.status.size_bytes.saturating_sub(self.status.read_bytes),
            status: self.status.clone(),
        }
    }

    fn lines_per_second(&self, now: Timestamp) -> f64 {
        let Some((first_at, first_lines)) = self.samples.front() else { return 0.0 };
        let seconds = to_f64(now.since(*first_at).max(SECOND)) / to_f64(SECOND);
        to_f64(self.status.lines.saturating_sub(*first_lines)) / seconds
    }

    fn health(&self, now: Timestamp) -> SourceHealth {
        let status = &self.status;
        match self.cadence.silent_for(now) {
            _ if status.trouble.is_some() => SourceHealth::Trouble,
            _ if status.closed => SourceHealth::Closed,
            _ if status.size_bytes.saturating_sub(status.read_bytes) > BEHIND_BYTES => SourceHealth::Behind,
            None => SourceHealth::Waiting,
            Some(_) if self.cadence.silent_since(now).is_some() => SourceHealth::Silent,
            Some(_) => SourceHealth::Live,
        }
    }
}
