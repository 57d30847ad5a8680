//! From a key inside an object to its path, mostly without looking: the key that followed the
//! previous one last time is compared in place first.
//!
//! An [`Entry`] stands for a key under a given parent entry, so the same key under two parents is two
//! entries and a path is never put together twice. Entries double as the nodes of the objects they
//! hold: `entries[0]` is the root. Log content chooses keys, therefore the table is bounded (a path
//! beyond the bound is [`PathId::OVERFLOW`], its name goes into the event) and its hashes are seeded
//! at random.

use std::hash::BuildHasher;
use std::sync::RwLockReadGuard;

use hashbrown::HashTable;

use crate::event::number::to_usize;
use crate::event::{PathId, PathNames, Paths};

/// Index of an [`Entry`].
pub(super) type EntryId = u32;

/// The object at the top of a line.
pub(super) const ROOT: EntryId = 0;
/// No entry: the path is not interned, or nothing is predicted yet.
pub(super) const NONE: EntryId = u32::MAX;

/// Bytes of a key (with quotes and colon) that are compared as one number.
const HEAD: usize = 16;

/// A key under a parent.
pub(super) struct Entry {
    /// The first bytes of `"key":` as they stand in a line, and which of them count.
    head: u128,
    mask: u128,
    /// `"key":` as it stands in a line when nothing in it is escaped.
    pattern: Box<[u8]>,
    pub(super) path: PathId,
    parent: EntryId,
    /// The two keys that followed this one most recently.
    next: [EntryId; 2],
    /// The two keys that came first most recently in the object this key holds.
    first: [EntryId; 2],
    /// Serial number of the object this key was last seen in: finds duplicates.
    pub(super) seen: u32,
    /// The key itself contains a dot.
    pub(super) dotted: bool,
}

impl Entry {
    fn new(parent: EntryId, key: &str, path: PathId) -> Self {
        let mut pattern = Vec::with_capacity(key.len() + 3);
        pattern.push(b'"');
        pattern.extend_from_slice(key.as_bytes());
        pattern.extend_from_slice(b"\":");
        let mut head = [0; HEAD];
        let mut mask = [0; HEAD];
        for ((head, mask), byte) in head.iter_mut().zip(&mut mask).zip(&pattern) {
            *head = *byte;
            *mask = 0xff;
        }
        Self {
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
            pattern: pattern.into(),
            path,
            parent,
            next: [NONE; 2],
            first: [NONE; 2],
            seen: 0,
            dotted: key.contains('.'),
        }
    }

    fn key(&self) -> &[u8] {
        self.pattern.get(1..self.pattern.len() - 2).unwrap_or_default()
    }

    /// How many bytes of `line` this key covers at `at`, its colon included; 0 if it does not stand there.
    #[inline(always)]
    fn covers(&self, line: &[u8], at: usize) -> usize {
        let Some(rest) = line.get(at..) else { return 0 };
        let hit = match rest.first_chunk::<HEAD>() {
            Some(head) => {
                u128::from_le_bytes(*head) & self.mask == self.head
                    && (self.pattern.len() <= HEAD || rest.starts_with(&self.pattern))
            }
            None => rest.starts_with(&self.pattern),
        };
        if hit { self.pattern.len() } else { 0 }
    }
}

/// All keys seen under their parents.
pub(super) struct Keys {
    paths: Paths,
    entries: Vec<Entry>,
    table: HashTable<EntryId>,
    hasher: foldhash::fast::RandomState,
    name: String,
}

impl Keys {
    pub(super) fn new(paths: Paths) -> Self {
        let root = Entry::new(NONE, "", PathId::OVERFLOW);
        Self {
            paths,
            entries: vec![root],
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            name: String::new(),
        }
    }

    #[inline(always)]
    pub(super) fn entry_mut(&mut self, id: EntryId) -> Option<&mut Entry> {
        self.entries.get_mut(to_usize(id))
    }

    #[inline(always)]
    pub(super) fn path(&self, id: EntryId) -> PathId {
        self.entries.get(to_usize(id)).map_or(PathId::OVERFLOW, |entry| entry.path)
    }

    /// The entry of the key at `at` (just where its quote stands) and the length of `"key":`, if it is
    /// one of the two that came after `previous` lately. `previous` is the parent for the first key.
    #[inline(always)]
    pub(super) fn predict(&self, after: After, line: &[u8], at: usize) -> Option<(EntryId, usize)> {
        let candidates = self.successors(after)?;
        for id in candidates {
            let length = self.entries.get(to_usize(id))?.covers(line, at);
            if length != 0 {
                return Some((id, length));
            }
        }
        None
    }

    #[inline(always)]
    fn successors(&self, after: After) -> Option<[EntryId; 2]> {
        match after {
            After::Opening(parent) => self.entries.get(to_usize(parent)).map(|entry| entry.first),
            After::Key(previous) => self.entries.get(to_usize(previous)).map(|entry| entry.next),
        }
    }

    /// Remembers that `id` came after `after`, unless its key can stand in a line only with escapes: compared
    /// in place, such a key would be found where it means something else, or nothing.
    pub(super) fn learn(&mut self, after: After, id: EntryId) {
        let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        if self.entries.get(to_usize(id)).is_none_or(|entry| entry.key().iter().any(escaped)) {
            return;
        }
        let successors = match after {
            After::Opening(parent) => self.entries.get_mut(to_usize(parent)).map(|entry| &mut entry.first),
            After::Key(previous) => self.entries.get_mut(to_usize(previous)).map(|entry| &mut entry.next),
        };
        if let Some(successors) = successors
            && successors[0] != id
        {
            *successors = [id, successors[0]];
        }
    }

    /// The entry of `key` (decoded) under `parent`, interning its path if there is room. `None`: the
    /// path cannot be interned.
    pub(super) fn find(&mut self, parent: EntryId, key: &str) -> Option<EntryId> {
        let hash = self.hasher.hash_one((parent, key.as_bytes()));
        let entries = &self.entries;
        let found = self.table.find(hash, |id| {
            entries
                .get(to_usize(*id))
                .is_some_and(|entry| entry.parent == parent && entry.key() == key.as_bytes())
        });
        if let Some(id) = found {
            return Some(*id);
        }
        self.insert(parent, key, hash)
    }

    #[cold]
    fn insert(&mut self, parent: EntryId, key: &str, hash: u64) -> Option<EntryId> {
        if self.entries.len() > Paths::LIMIT || key.len() > Paths::NAME_LIMIT {
            return None;
        }
        self.name.clear();
        if parent != ROOT {
            self.name.push_str(self.paths.read().name(self.path(parent)));
        }
        join(&mut self.name, parent == ROOT, key);
        let path = self.paths.intern_from_log(&self.name);
        if path == PathId::OVERFLOW {
            return None;
        }
        let id = EntryId::try_from(self.entries.len()).unwrap_or(EntryId::MAX);
        self.entries.push(Entry::new(parent, key, path));
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.table.insert_unique(hash, id, |id| {
            let entry = &entries[to_usize(*id)];
            hasher.hash_one((entry.parent, entry.key()))
        });
        Some(id)
    }

    pub(super) fn names(&self) -> RwLockReadGuard<'_, PathNames> {
        self.paths.read()
    }

    /// Appends the dotted name of an entry to `name`.
    pub(super) fn push_name(&self, id: EntryId, name: &mut String) {
        if id != ROOT && id != NONE {
            name.push_str(self.paths.read().name(self.path(id)));
        }
    }
}

/// Appends `key` to the dotted name of its parent. Names that soctop gives itself are not for logs
/// to choose: they move to `claimed.`.
pub(super) fn join(name: &mut String, at_root: bool, key: &str) {
    if at_root {
        if key == "soctop" || key.starts_with("soctop.") {
            name.push_str("claimed.");
        }
    } else {
        name.push('.');
    }
    name.push_str(key);
}

/// Where in its object a key stands.
#[derive(Clone, Copy)]
pub(super) enum After {
    /// First, in the object that this entry holds.
    Opening(EntryId),
    /// After this key.
    Key(EntryId),
}
