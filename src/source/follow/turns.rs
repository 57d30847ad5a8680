//! More files than may be open: they take turns. A file that has nothing to read is closed first; when all
//! have, one that had its turn is closed and waits behind those that had none.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Active, Follow, Known, TURN_BYTES};
use crate::event::{Cause, SourceMessage, Trouble};
use crate::source::identity::Identity;
use crate::source::reader::{FileReader, OpenError, Step};

/// Paths that wait for a descriptor, each once.
#[derive(Default)]
pub(super) struct Waiting {
    queue: VecDeque<PathBuf>,
    queued: HashSet<PathBuf>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        self.queued.contains(path)
    }

    fn push(&mut self, path: &Path) {
        if self.queued.insert(path.to_owned()) {
            self.queue.push_back(path.to_owned());
        }
    }

    fn pop(&mut self) -> Option<PathBuf> {
        let path = self.queue.pop_front()?;
        self.queued.remove(&path);
        Some(path)
    }
}

impl Follow {
    /// Makes room for one more open file, if that can be.
    pub(super) fn make_room(&mut self) -> bool {
        let most = self.options.open_files_max.max(1);
        if self.active.len() >= most {
            self.close_idle(1 + most / 16);
        }
        self.active.len() < most
    }

    /// Closes files that have nothing to read, those that were silent longest first.
    fn close_idle(&mut self, count: usize) {
        let idle = |active: &Active| {
            active.moved.is_none() && !active.behind && !active.queued && active.held.is_none()
        };
        let mut idle: Vec<(Instant, Identity)> = self
            .active
            .iter()
            .filter(|(_, active)| idle(active))
            .map(|(identity, active)| (active.last_read, *identity))
            .collect();
        idle.sort_by_key(|(last_read, _)| *last_read);
        for (_, identity) in idle.into_iter().take(count) {
            self.put_aside(identity);
        }
    }

    /// Closes a file and remembers where reading stood.
    fn put_aside(&mut self, identity: Identity) {
        let Some(mut active) = self.active.remove(&identity) else { return };
        active.reader.release();
        if active.reader.holds_lines()
            && let Ok(Step::Lines(chunk)) = active.reader.step()
        {
            self.outbox.push(SourceMessage::Lines(chunk));
        }
        let stamp = active.stamp.filter(|_| !active.behind && !active.queued);
        let cursor = active.reader.cursor(false);
        self.index_head(&cursor, identity);
        self.known.insert(identity, Known::new(cursor, stamp));
    }

    /// A file that cannot be open now: what is known of it is kept, and it is opened when it has its turn.
    pub(super) fn defer(&mut self, path: &Path, reader: &FileReader) {
        let identity = reader.identity;
        self.generations.insert(reader.generation);
        self.known.entry(identity).or_insert_with(|| Known::new(reader.cursor(false), None));
        self.waiting.push(path);
    }

    /// Closes a file that had its turn, for one that waits.
    pub(super) fn give_way(&mut self, identity: Identity) {
        let Some(active) = self.active.get(&identity) else { return };
        let needed = active.moved.is_some() || active.held.is_some() || active.failed_until.is_some();
        // In the middle of a long line nothing would be gained: it would be read again from its start.
        if self.waiting.is_empty() || needed || active.reader.held_bytes() >= TURN_BYTES {
            return;
        }
        let names = [&active.reader.origin, &active.reader.path];
        let name = names.into_iter().find(|path| self.paths.get(*path) == Some(&identity)).cloned();
        let Some(path) = name else { return };
        let is_behind = active.behind || active.queued;
        self.put_aside(identity);
        if is_behind {
            self.waiting.push(&path);
        }
    }

    /// Opens files that wait, as long as there is room.
    pub(super) fn open_waiting(&mut self) {
        while !self.waiting.is_empty() && self.make_room() {
            let Some(path) = self.waiting.pop() else { return };
            if let Some(identity) = self.paths.get(&path).copied() {
                self.open(&path, identity);
            }
        }
        if self.waiting.is_empty() {
            self.end_trouble(Path::new(""), Cause::Descriptors);
        }
    }

    /// The system grants fewer descriptors than we counted on.
    pub(super) fn out_of_descriptors(&mut self, path: &Path, error: &OpenError) {
        self.options.open_files_max = (self.active.len() * 3 / 4).max(1);
        self.close_idle(self.active.len() / 4 + 1);
        let message = format!("{error}; files take turns");
        let (about, cause, hint) = (PathBuf::new(), Cause::Descriptors, error.hint());
        self.begin_trouble(Trouble { source: None, about, cause, message, hint });
        self.waiting.push(path);
    }
}
