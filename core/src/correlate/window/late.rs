//! Entries that come late.

use crate::correlate::entry::Entry;
use crate::correlate::slack::Load;
use crate::event::Timestamp;

/// A time, and the place of an entry of it.
#[derive(Clone, Copy)]
pub(super) struct EntrySpot {
    pub(super) at: usize,
    pub(super) time: Timestamp,
    pub(super) looks: Looks,
}

/// At which points after it windows are looked at again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    All,
    /// At a few, for all say what they said and only their values are others.
    Few,
}

/// An entry that comes late.
pub(super) struct LateEntry {
    /// Where it belongs, and whether nothing is known of its event yet.
    pub(super) at: usize,
    pub(super) is_new: bool,
    /// It is one that is counted, as another rule.
    pub(super) adds_nothing: bool,
    /// What it adds.
    pub(super) more: Entry,
    /// What it counts for of the part and of the whole, with what is known of its event.
    pub(super) shares: [u32; 2],
    pub(super) load: Load,
}

/// How windows bear a late entry.
pub(super) struct Borne {
    /// What its own window lacks at least; nothing: it has to be looked at.
    pub(super) own: u64,
    /// Some of those that there were hold.
    pub(super) holds: bool,
}
