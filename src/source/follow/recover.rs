//! Finding what moved while nobody looked: rotated files, missed generations, copies.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Follow, Known};
use crate::event::{Cursor, Gap, GapCause, SourceId, SourceMessage};
use crate::source::Symlinks;
use crate::source::identity::Identity;
use crate::source::input::{is_compressed, is_rotation_of};
use crate::source::reader::{FileReader, Place, continues, open_regular};

/// A cursor must cover this many bytes before a file is taken for a copy on the strength of its
/// content alone; shorter beginnings are often the same in different logs.
const EVIDENCE_BYTES: u64 = 1024;

impl Follow {
    /// At the start: files that were being read when soctop ended and are no longer at their path.
    pub(super) fn recover_rotated(&mut self) {
        let lost: Vec<(Identity, PathBuf)> = self
            .known
            .iter()
            .filter(|(_, known)| !known.cursor.finished && known.stamp.is_none())
            .filter(|(_, known)| {
                let path = &known.cursor.path;
                self.inputs.iter().any(|input| input.covers(path, self.options.directory_depth))
            })
            .map(|(identity, known)| (*identity, known.cursor.path.clone()))
            .collect();
        for (identity, path) in lost {
            let missed_until = self.paths.get(&path).copied();
            self.recover_closed(identity, &path);
            self.recover_missed(&path, identity, missed_until);
        }
    }

    /// Finds a file that is not open, was not read to its end and left `path`; else notes a gap.
    pub(super) fn recover_closed(&mut self, identity: Identity, path: &Path) {
        let Some(Known { cursor, .. }) = self.known.remove(&identity) else { return };
        let source = self.sources.id(path);
        let renamed = companions(path).into_iter().find(|companion| companion.identity == identity);
        if let Some(companion) = renamed
            && continues(&companion.file, &cursor).unwrap_or(false)
        {
            return self.begin_moved(companion, &cursor, source);
        }
        if self.continue_in_copy(&cursor, source, None) {
            return;
        }
        let gap = Gap {
            generation: cursor.generation,
            path: cursor.path.clone(),
            from: cursor.end,
            to: None,
            cause: GapCause::Vanished,
        };
        self.outbox.push(SourceMessage::Gap(source, gap));
        self.outbox.closed(source, Cursor { finished: true, ..cursor });
    }

    /// Reads generations that came to `path` and were rotated away between two looks: companions
    /// born after the one that was there last and before the one that is there now, if any.
    pub(super) fn recover_missed(&mut self, path: &Path, last: Identity, new: Option<Identity>) {
        let Some(after) = last.birth else { return };
        let before = new.and_then(|new| new.birth).unwrap_or(i64::MAX);
        let mut missed: Vec<Companion> = companions(path)
            .into_iter()
            .filter(|companion| companion.identity != last && Some(companion.identity) != new)
            .filter(|companion| {
                companion.identity.birth.is_some_and(|birth| after <= birth && birth <= before)
            })
            .filter(|companion| {
                !self.is_taken(companion.identity) && !self.copies.contains(&companion.identity)
            })
            .filter(|companion| !self.is_copy_of(companion, last))
            .collect();
        missed.sort_by_key(|companion| companion.identity.birth);
        let source = self.sources.id(path);
        for companion in missed {
            self.last.insert(path.to_owned(), companion.identity);
            let fresh = Cursor { generation: companion.identity.generation(), ..Cursor::default() };
            self.begin_moved(companion, &fresh, source);
        }
    }

    fn is_copy_of(&self, companion: &Companion, origin: Identity) -> bool {
        let Some(active) = self.active.get(&origin) else { return false };
        companion.metadata.len() > 0 && active.reader.begins_like(&companion.file).unwrap_or(false)
    }

    /// After a truncation: reads on in the copy that was made before it, if there is one.
    pub(super) fn continue_in_copy(
        &mut self,
        cursor: &Cursor,
        source: SourceId,
        last_size: Option<u64>,
    ) -> bool {
        let own = Identity::of_cursor(cursor);
        let copy = companions(&cursor.path).into_iter().find(|companion| {
            companion.identity != own
                && !self.is_taken(companion.identity)
                && cursor.end > 0
                && continues(&companion.file, cursor).unwrap_or(false)
        });
        let Some(copy) = copy else { return false };
        let size = copy.metadata.len();
        if let Some(known) = last_size.filter(|known| *known > size) {
            let gap = Gap {
                generation: cursor.generation,
                path: cursor.path.clone(),
                from: size,
                to: Some(known),
                cause: GapCause::Truncated,
            };
            self.outbox.push(SourceMessage::Gap(source, gap));
        }
        self.begin_moved(copy, cursor, source);
        true
    }

    /// The cursor of a file that was at `path` and was replaced by a copy of itself: restored from a
    /// backup, moved from another file system, rewritten by an editor.
    pub(super) fn take_restored(&mut self, path: &Path, file: &File) -> std::io::Result<Option<Cursor>> {
        let mut found = None;
        for (identity, known) in &self.known {
            let cursor = &known.cursor;
            let eligible = cursor.path == path && is_evidence(cursor);
            if eligible && continues(file, cursor)? && !exists(*identity, path) {
                found = Some(*identity);
            }
        }
        Ok(found.and_then(|identity| self.known.remove(&identity)).map(|known| known.cursor))
    }

    fn is_taken(&self, identity: Identity) -> bool {
        self.active.contains_key(&identity) || self.known.contains_key(&identity)
    }

    /// Reads a file that will not be at its path again from `cursor` to its end.
    fn begin_moved(&mut self, companion: Companion, cursor: &Cursor, source: SourceId) {
        let Companion { path, identity, file, metadata } = companion;
        let place = Place {
            path: path.clone(),
            source,
            generation: cursor.generation,
            end: cursor.end,
            lines: cursor.lines,
        };
        match FileReader::plain(file, identity, place, self.options.sizes()) {
            Ok(reader) => {
                self.begin(reader, metadata.len());
                if let Some(active) = self.active.get_mut(&identity) {
                    active.moved = Some(Instant::now());
                }
            }
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                self.say(&path, Some(source), message, None);
            }
        }
    }
}

/// True when a file that holds what stands before the cursor can only be a copy of the cursor's file.
pub(super) fn is_evidence(cursor: &Cursor) -> bool {
    cursor.end >= EVIDENCE_BYTES && cursor.head_len > 0
}

/// A file beside a log whose name says that it comes from the log.
struct Companion {
    path: PathBuf,
    identity: Identity,
    file: File,
    metadata: Metadata,
}

/// The rotated and copied files beside a log, and the log itself, as far as they can be read.
fn companions(path: &Path) -> Vec<Companion> {
    let Some(Ok(entries)) = path.parent().map(fs::read_dir) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|other| (other == path || is_rotation_of(other, path)) && !is_compressed(other))
        .filter_map(|path| {
            let (file, metadata) = open_regular(&path, Symlinks::Never).ok()?;
            Some(Companion { path, identity: Identity::of(&metadata), file, metadata })
        })
        .collect()
}

/// True when the file of this identity is still beside `path`.
fn exists(identity: Identity, path: &Path) -> bool {
    companions(path).iter().any(|companion| companion.identity == identity)
}
