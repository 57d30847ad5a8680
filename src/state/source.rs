//! Sources: how fast each one speaks, how far behind it is, and whether it has fallen silent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::SourceStatus;
use crate::event::number::to_f64;
use crate::event::{HOUR, MINUTE, Nanos, SECOND, Timestamp};

/// The rate is taken over this time.
const RATE_WINDOW: Nanos = 5 * SECOND;
/// Silence shorter than this is never remarkable.
const SHORTEST_SILENCE: Nanos = MINUTE;
/// Until this many pauses were seen nobody knows what is usual for a source.
const PAUSES_TO_KNOW: u32 = 5;
/// Silence that is remarkable of a source that is hardly known.
const LONG_SILENCE: Nanos = HOUR;
/// Silence this many times as long as usual is.
const UNUSUAL: Nanos = 5;
/// Less than this behind the end of the file is the normal state of a file being written.
const BEHIND_BYTES: u64 = 256 * 1024;
/// Sources held at the most; a glob may match without end.
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
    /// The longest recent pause between lines; it decays, so that one long night is forgotten.
    usual_pause: Nanos,
    pauses: u32,
}

#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<Arc<str>, Held>);

impl Sources {
    pub fn apply(&mut self, status: SourceStatus, now: Timestamp) {
        if let Some(held) = self.0.get_mut(&status.path) {
            held.renew(status, now);
        } else if self.0.len() < LIMIT {
            let samples = VecDeque::from([(now, status.lines)]);
            self.0.insert(Arc::clone(&status.path), Held { status, samples, usual_pause: 0, pauses: 0 });
        }
    }

    pub fn rows(&self, now: Timestamp) -> Vec<SourceRow> {
        self.0.values().map(|held| held.row(now)).collect()
    }
}

impl Held {
    fn renew(&mut self, status: SourceStatus, now: Timestamp) {
        if let (Some(before), Some(after)) = (self.status.last_line_at, status.last_line_at)
            && after > before
        {
            let decayed = self.usual_pause - self.usual_pause / 64;
            self.usual_pause = decayed.max(after.since(before));
            self.pauses = self.pauses.saturating_add(1);
        }
        self.samples.push_back((now, status.lines));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.since(*at) >= RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        self.status = status;
    }

    fn row(&self, now: Timestamp) -> SourceRow {
        let silent_for = self.status.last_line_at.map(|at| now.since(at).max(0));
        SourceRow {
            health: self.health(silent_for),
            lines_per_second: self.lines_per_second(now),
            silent_for,
            behind_bytes: self.status.size_bytes.saturating_sub(self.status.read_bytes),
            status: self.status.clone(),
        }
    }

    fn lines_per_second(&self, now: Timestamp) -> f64 {
        let Some((first_at, first_lines)) = self.samples.front() else { return 0.0 };
        let seconds = to_f64(now.since(*first_at).max(SECOND)) / to_f64(SECOND);
        to_f64(self.status.lines.saturating_sub(*first_lines)) / seconds
    }

    fn health(&self, silent_for: Option<Nanos>) -> SourceHealth {
        let status = &self.status;
        let least = if self.pauses < PAUSES_TO_KNOW { LONG_SILENCE } else { SHORTEST_SILENCE };
        let usual = self.usual_pause.saturating_mul(UNUSUAL).max(least);
        match silent_for {
            _ if status.trouble.is_some() => SourceHealth::Trouble,
            _ if status.closed => SourceHealth::Closed,
            _ if status.size_bytes.saturating_sub(status.read_bytes) > BEHIND_BYTES => SourceHealth::Behind,
            None => SourceHealth::Waiting,
            Some(silence) if silence > usual => SourceHealth::Silent,
            Some(_) => SourceHealth::Live,
        }
    }
}
