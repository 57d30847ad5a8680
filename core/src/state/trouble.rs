//! What keeps the engine from watching now: it begins, lasts and is over.

use std::sync::Arc;

use crate::event::{Cause, Timestamp};

/// Something that is not read, or not stored, at the moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub since: Timestamp,
    /// The file, folder, pattern or data directory; empty when it is about everything.
    pub about: Arc<str>,
    pub cause: Cause,
    /// A sentence with path and operation.
    pub message: String,
    /// What to do, or to type.
    pub hint: Option<String>,
}

/// The troubles there are.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    current: Arc<Vec<Trouble>>,
    /// Those that are not held because there are too many.
    more: usize,
}

/// Troubles held; a glob may match without end.
const LIMIT: usize = 1000;

impl Troubles {
    pub(super) fn begin(&mut self, trouble: Trouble) {
        let is_it = |own: &Trouble| own.cause == trouble.cause && own.about == trouble.about;
        if self.current.iter().any(is_it) {
            return;
        }
        if self.current.len() >= LIMIT {
            self.more += 1;
            return;
        }
        let current = Arc::make_mut(&mut self.current);
        // What blinds first, then what began first.
        let rank = |it: &Trouble| (!it.cause.blinds(), it.since);
        let at = current.partition_point(|own| rank(own) <= rank(&trouble));
        current.insert(at, trouble);
    }

    /// Returns what is over.
    pub(super) fn end(&mut self, about: &str, cause: Cause) -> Option<Trouble> {
        match self.current.iter().position(|own| own.cause == cause && &*own.about == about) {
            Some(at) => Some(Arc::make_mut(&mut self.current).remove(at)),
            None => {
                self.more = self.more.saturating_sub(1);
                None
            }
        }
    }

    pub(super) fn current(&self) -> Arc<Vec<Trouble>> {
        Arc::clone(&self.current)
    }

    /// How many there are, held or not.
    pub(super) fn count(&self) -> usize {
        self.current.len() + self.more
    }
}
