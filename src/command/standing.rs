//! How far sources were read, compared with what lies on the disk now.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::print;
use crate::event::{Cursor, shown};
use crate::text::Safe;

/// One source.
pub struct ReadSource<'c> {
    pub cursor: &'c Cursor,
    pub state: SourceState,
}

/// What is left to read of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    ReadToItsEnd,
    /// So many bytes are there and not read.
    Behind(u64),
    /// Another file has the name. What was left of the old one, if anything, is read where it lies now.
    Replaced,
    /// There is no file, and so many bytes of it had not been read when it was last seen.
    Gone(u64),
    /// There is none, and it had been read to its end.
    Over,
}

impl SourceState {
    /// Whether somebody should look.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Behind(_) | Self::Gone(_))
    }

    pub fn in_words(self) -> String {
        match self {
            Self::ReadToItsEnd => "read to its end".to_owned(),
            Self::Behind(bytes) => format!("{} bytes are not read yet", print::count(bytes)),
            Self::Replaced => "another file has its name now".to_owned(),
            Self::Gone(bytes) => format!("gone, {} bytes of it unread", print::count(bytes)),
            Self::Over => "gone, read to its end".to_owned(),
        }
    }
}

impl ReadSource<'_> {
    /// The name as it may be printed.
    pub fn name(&self) -> String {
        Safe::new(&shown(&self.cursor.path).to_string()).as_str().to_owned()
    }
}

/// The sources, by name; of several generations of a file the one that goes on. Of what was read to its end and is
/// gone there is nothing to say.
pub fn of(cursors: &[Cursor]) -> Vec<ReadSource<'_>> {
    let mut by_name: BTreeMap<&Path, &Cursor> = BTreeMap::new();
    for cursor in cursors {
        let known = by_name.entry(&cursor.path).or_insert(cursor);
        if !cursor.finished {
            *known = cursor;
        }
    }
    let standing = by_name.into_values().map(|cursor| ReadSource { cursor, state: state(cursor) });
    standing
        .filter(|it| {
            !it.cursor.finished || matches!(it.state, SourceState::ReadToItsEnd | SourceState::Behind(_))
        })
        .collect()
}

fn state(cursor: &Cursor) -> SourceState {
    let here = |path: &Path| fs::metadata(path).ok().filter(|file| file.ino() == cursor.inode);
    let named = fs::metadata(&cursor.path);
    match here(&cursor.path).or_else(|| here(cursor.seen_at.as_deref()?)) {
        Some(file) if file.len() > cursor.end => SourceState::Behind(file.len() - cursor.end),
        Some(_) => SourceState::ReadToItsEnd,
        None if named.is_ok() => SourceState::Replaced,
        None if cursor.size > cursor.end => SourceState::Gone(cursor.size - cursor.end),
        None => SourceState::Over,
    }
}
