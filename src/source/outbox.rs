//! Messages on their way out: a bounded channel that can be waited for without losing the stop.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};

use super::reader::FileReader;
use super::stop::Stop;
use crate::event::{Chunk, Cursor, SourceId, SourceMessage};

/// How often a blocked sender looks whether it should stop. Only while the consumer is behind.
const BLOCKED_LOOK: Duration = Duration::from_millis(50);

/// The receiver is gone or a stop was asked for: nothing can be sent any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

/// What one attempt to send gave.
pub(crate) enum Sent {
    All,
    /// The channel is full; messages are still waiting.
    Blocked,
}

pub(crate) struct Outbox {
    sender: Sender<SourceMessage>,
    pub(crate) stop: Stop,
    waiting: VecDeque<SourceMessage>,
}

impl Outbox {
    pub(crate) fn new(sender: Sender<SourceMessage>, stop: Stop) -> Self {
        Self { sender, stop, waiting: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, message: SourceMessage) {
        self.waiting.push_back(message);
    }

    pub(crate) fn remark(&mut self, message: String, hint: Option<String>) {
        self.push(SourceMessage::Remark { message, hint });
    }

    /// A generation is going to be read from where its reader stands. `is_live`: what it holds has just been written.
    pub(crate) fn opened(&mut self, reader: &FileReader, size: u64, is_live: bool) {
        self.push(SourceMessage::Opened {
            source: reader.source,
            path: reader.origin.clone(),
            offset: reader.end(),
            size,
            is_live,
        });
        self.push(SourceMessage::Lines(reader.standing()));
    }

    pub(crate) fn lines(&mut self, chunks: Vec<Chunk>) {
        self.waiting.extend(chunks.into_iter().map(SourceMessage::Lines));
    }

    pub(crate) fn closed(&mut self, source: SourceId, cursor: Cursor) {
        self.push(SourceMessage::Closed { source, cursor });
    }

    /// Sends what is waiting, for as long as one message takes at most [`BLOCKED_LOOK`].
    pub(crate) fn try_flush(&mut self) -> Result<Sent, Stopped> {
        while let Some(message) = self.waiting.pop_front() {
            if self.stop.is_stopped() {
                return Err(Stopped);
            }
            match self.sender.send_timeout(message, BLOCKED_LOOK) {
                Ok(()) => {}
                Err(SendTimeoutError::Timeout(message)) => {
                    self.waiting.push_front(message);
                    return Ok(Sent::Blocked);
                }
                Err(SendTimeoutError::Disconnected(_)) => return Err(Stopped),
            }
        }
        if self.stop.is_stopped() { Err(Stopped) } else { Ok(Sent::All) }
    }

    /// Sends everything that is waiting, however long it takes.
    pub(crate) fn flush(&mut self) -> Result<(), Stopped> {
        while let Sent::Blocked = self.try_flush()? {}
        Ok(())
    }
}

/// Numbers sources by path, in the order of their first appearance.
#[derive(Default)]
pub(crate) struct Sources {
    ids: std::collections::HashMap<PathBuf, SourceId>,
    /// The number of the next one.
    next: u32,
}

impl Sources {
    pub(crate) fn id(&mut self, path: &Path) -> SourceId {
        if let Some(known) = self.ids.get(path) {
            return *known;
        }
        let new = SourceId(self.next);
        self.next += 1;
        self.ids.insert(path.to_owned(), new);
        new
    }

    /// Nothing will bear this name again.
    pub(crate) fn forget(&mut self, path: &Path) {
        self.ids.remove(path);
    }
}
