//! How far sources were read, compared with what lies on the disk now.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::print;
use crate::event::{Cursor, Timestamp, shown};
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
    /// Read to its end, and nothing new since then, which is much longer than usual.
    Silent(Timestamp),
    /// This many bytes are there and not read.
    Behind(u64),
    /// Another file has the name. What was left of the old one, if anything, is read where it lies now.
    Replaced,
    /// There is no file, and this many bytes of it had not been read when it was last seen.
    Gone(u64),
    /// There is none, and it had been read to its end.
    Over,
}

impl SourceState {
    /// Whether somebody should look.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Silent(_) | Self::Behind(_) | Self::Gone(_))
    }

    pub fn in_words(self) -> String {
        match self {
            Self::ReadToItsEnd => "read to its end".to_owned(),
            Self::Silent(since) => format!("silent since {}, longer than usual", print::time(since)),
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

/// The sources at this time, by name; of several generations of a file the one that goes on. Of what was read to its end and is
/// gone there is nothing to say.
pub fn of(cursors: &[Cursor], now: Timestamp) -> Vec<ReadSource<'_>> {
    let mut by_name: BTreeMap<&Path, &Cursor> = BTreeMap::new();
    // Of two that go on the writer of the older may not have noticed its rotation yet.
    let rank = |cursor: &Cursor| (!cursor.finished, cursor.birth);
    for cursor in cursors {
        let known = by_name.entry(&cursor.path).or_insert(cursor);
        if rank(cursor) > rank(known) {
            *known = cursor;
        }
    }
    let standing = by_name.into_values().map(|cursor| ReadSource { cursor, state: state(cursor, now) });
    standing
        .filter(|it| {
            !it.cursor.finished || matches!(it.state, SourceState::ReadToItsEnd | SourceState::Behind(_))
        })
        .collect()
}

fn state(cursor: &Cursor, now: Timestamp) -> SourceState {
    let here = |path: &Path| fs::metadata(path).ok().filter(|file| file.ino() == cursor.inode);
    let named = fs::metadata(&cursor.path);
    match here(&cursor.path).or_else(|| here(cursor.seen_at.as_deref()?)) {
        Some(file) if file.len() > cursor.end => SourceState::Behind(file.len() - cursor.end),
        Some(_) if cursor.finished => SourceState::ReadToItsEnd,
        Some(_) => cursor.cadence.silent_since(now).map_or(SourceState::ReadToItsEnd, SourceState::Silent),
        None if named.is_ok() => SourceState::Replaced,
        None if cursor.size > cursor.end => SourceState::Gone(cursor.size - cursor.end),
        None => SourceState::Over,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A file that was read to its end, last at the time 0.
    fn read_file(folder: &Path) -> Cursor {
        let path: PathBuf = folder.join("auth.log");
        fs::write(&path, "a line\n").unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        let mut cursor = Cursor { path, inode, end: 7, size: 7, ..Cursor::default() };
        cursor.cadence.hear(Timestamp(0));
        cursor
    }

    #[track_caller]
    fn check(cursor: &Cursor, hours: i64, expect: SourceState) {
        let now = Timestamp::from_seconds(hours * 3_600);
        let found: Vec<SourceState> =
            of(std::slice::from_ref(cursor), now).iter().map(|it| it.state).collect();
        assert_eq!(found, [expect]);
    }

    #[test]
    fn of_two_files_of_a_name_the_newer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let new = Cursor { birth: Some(2), ..read_file(folder.path()) };
        let old = Cursor { birth: Some(1), inode: 1, ..new.clone() };
        for cursors in [[new.clone(), old.clone()], [old, new]] {
            let found: Vec<SourceState> = of(&cursors, Timestamp(1)).iter().map(|it| it.state).collect();
            assert_eq!(found, [SourceState::ReadToItsEnd]);
        }
    }

    #[test]
    fn a_source_that_says_nothing_for_long_is_told_from_one_that_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut cursor = read_file(folder.path());
        check(&cursor, 1, SourceState::ReadToItsEnd);
        check(&cursor, 2, SourceState::Silent(Timestamp(0)));
        assert!(SourceState::Silent(Timestamp(0)).is_trouble());
        let words = SourceState::Silent(Timestamp(0)).in_words();
        assert!(words.starts_with("silent since ") && words.ends_with("longer than usual"), "{words}");
        cursor.end = 5;
        check(&cursor, 2, SourceState::Behind(2));
        cursor.end = 7;
        cursor.finished = true;
        check(&cursor, 2, SourceState::ReadToItsEnd);
    }
}
