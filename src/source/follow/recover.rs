//! Finding what moved while nobody looked: rotated files, missed generations, copies.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Follow, Known};
use crate::event::{Cursor, Gap, GapCause, SourceId, SourceMessage, Timestamp};
use crate::source::Symlinks;
use crate::source::identity::Identity;
use crate::source::input::{is_compressed, is_rotation_of};
use crate::source::reader::{FileReader, Place, continues, open_regular};

/// A cursor must cover this many bytes before a file is taken for a copy on the strength of its
/// content alone; shorter beginnings are often the same in different logs.
const EVIDENCE_BYTES: u64 = 1024;

/// Birth times come from a clock that ticks every few milliseconds, and from a server elsewhere.
const CLOCK_SLACK: i64 = 2_000_000_000;

impl Follow {
    /// At the start, before anything is read: goes on with the files that were being read when
    /// soctop ended, wherever they are now. What they held must not be taken for new in a copy.
    pub(super) fn recover_rotated(&mut self) {
        let is_ours = |cursor: &Cursor| {
            self.inputs.iter().any(|input| input.covers(&cursor.path, self.options.directory_depth))
        };
        let mut cursors: Vec<Cursor> =
            self.known.values().map(|known| known.cursor.clone()).filter(is_ours).collect();
        cursors.sort_by_key(|cursor| cursor.birth);
        for cursor in cursors.iter().filter(|cursor| !cursor.finished) {
            let identity = Identity::of_cursor(cursor);
            if identity_at(&cursor.path) == Some(identity) {
                self.look(&cursor.path);
            } else if self.known.contains_key(&identity) {
                self.recover_closed(identity, &cursor.path);
            }
        }
        // The youngest generation known of each path; those before it are accounted for.
        let youngest: BTreeMap<PathBuf, Identity> =
            cursors.into_iter().map(|cursor| (cursor.path.clone(), Identity::of_cursor(&cursor))).collect();
        for (path, last) in youngest {
            let current = identity_at(&path);
            if current != Some(last) {
                self.recover_missed(&path, last, current);
                self.last.entry(path).or_insert(last);
            }
        }
    }

    /// Finds a file that is not open, was not read to its end and left `path`; else notes a gap.
    pub(super) fn recover_closed(&mut self, identity: Identity, path: &Path) {
        if let Some(companion) = companions(path).into_iter().find(|companion| companion.identity == identity)
        {
            return self.take_up_moved(companion, path);
        }
        let Some(Known { cursor, .. }) = self.known.remove(&identity) else { return };
        let source = self.sources.id(path);
        let gap = Gap {
            generation: cursor.generation,
            path: cursor.path.clone(),
            from: cursor.end,
            to: None,
            cause: GapCause::Vanished,
        };
        self.end_of_generation(Cursor { finished: true, ..cursor }, source, gap, None);
    }

    /// Reads generations that came to `path` and were rotated away between two looks: companions
    /// born after the one that was there last and before the one that is there now, if any.
    pub(super) fn recover_missed(&mut self, path: &Path, last: Identity, new: Option<Identity>) {
        let Some(after) = last.birth else { return };
        self.notice_truncation(last);
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
        for companion in missed {
            self.last.insert(path.to_owned(), companion.identity);
            self.take_up_moved(companion, path);
        }
    }

    fn is_copy_of(&self, companion: &Companion, origin: Identity) -> bool {
        let Some(active) = self.active.get(&origin) else { return false };
        companion.metadata.len() > 0 && active.reader.begins_like(&companion.file).unwrap_or(false)
    }

    /// After a truncation: reads on in the copy that was made before it, if there is one. The log was
    /// whole at `intact`, so the copy was made later: one from an earlier rotation may begin alike.
    pub(super) fn continue_in_copy(
        &mut self,
        cursor: &Cursor,
        source: SourceId,
        last_size: Option<u64>,
        intact: Option<Timestamp>,
    ) -> bool {
        let own = Identity::of_cursor(cursor);
        let not_before = intact.map_or(i64::MIN, |intact| intact.plus(-CLOCK_SLACK).0);
        let copy = companions(&cursor.path).into_iter().find(|companion| {
            companion.identity != own
                && companion.identity.birth.is_none_or(|birth| birth >= not_before)
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
        let Companion { path, identity, file, .. } = copy;
        let mut place = Place::start(&path, source, cursor.generation);
        place.resume(cursor);
        self.take_up_at(file, identity, place, size);
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

    /// Reads a file that has left `origin`, from where it was left, to its end.
    fn take_up_moved(&mut self, companion: Companion, origin: &Path) {
        let Companion { path, identity, file, metadata } = companion;
        let source = self.sources.id(origin);
        match self.place_known(&path, &file, identity) {
            Ok(known) => {
                let fresh = || Place {
                    origin: origin.to_owned(),
                    ..Place::start(&path, source, self.fresh_generation(identity))
                };
                let place = known.unwrap_or_else(fresh);
                self.take_up_at(file, identity, place, metadata.len());
            }
            Err(error) => self.cannot_recover(&path, source, &error),
        }
    }

    fn take_up_at(&mut self, file: File, identity: Identity, place: Place, size: u64) {
        let (path, source) = (place.path.clone(), place.source);
        match FileReader::plain(file, identity, place, self.options.sizes()) {
            Ok(reader) => {
                self.take_up(reader, size);
                if let Some(active) = self.active.get_mut(&identity) {
                    active.moved = Some(Instant::now());
                }
            }
            Err(error) => self.cannot_recover(&path, source, &error),
        }
    }

    fn cannot_recover(&mut self, path: &Path, source: SourceId, error: &std::io::Error) {
        self.say(path, Some(source), format!("cannot read `{}`: {error}", path.display()), None);
    }
}

fn identity_at(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|metadata| Identity::of(&metadata))
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
