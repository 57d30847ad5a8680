//! Finding what moved while nobody looked: rotated files, missed generations, copies.
//!
//! A file is searched for by what it is, over everything that the inputs hold and the folders where it, or
//! the target of its link, was last seen; its name may be anything. It is given up when two looks in a row
//! have not found it, because a rotation takes more than one step.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Follow;
use super::census::Companion;
use crate::event::{
    Cause, Cursor, Gap, GapCause, SECOND, SourceId, SourceMessage, Timestamp, Trouble, shown,
};
use crate::source::Symlinks;
use crate::source::identity::Identity;
use crate::source::input::rotation_bases;
use crate::source::reader::{FileReader, Place, continues, is_empty_inside, open_regular};

/// Birth times come from a clock that ticks every few milliseconds, and from a server elsewhere.
const CLOCK_SLACK: i64 = 2_000_000_000;

/// This many looks in a row must have searched in vain.
const LOOKS_TO_GIVE_UP: u8 = 2;

/// A file that is not where it was.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    /// Where it was.
    pub(super) path: PathBuf,
    /// How many looks have searched for it.
    pub(super) looks: u8,
}

/// A copy of a log that is open; its name may be gone.
pub(super) struct OpenCopy {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) size: u64,
}

impl Follow {
    /// Which file was last at each path, by the cursors of earlier runs: the youngest; those before it are
    /// accounted for.
    pub(super) fn remember_last(&mut self) {
        use crate::source::watch::Interest;
        let cursors = self.known.values().map(|known| &known.cursor);
        let mut cursors: Vec<&Cursor> = cursors.filter(|cursor| self.interest.covers(&cursor.path)).collect();
        cursors.sort_by_key(|cursor| cursor.birth);
        let last = cursors.into_iter().map(|cursor| (cursor.path.clone(), Identity::of_cursor(cursor)));
        self.last = last.collect();
    }

    /// Searches for every file that left its place. Those that are `here`, where an input names them, are
    /// taken up by the look at their path.
    pub(super) fn search_missing(&mut self, here: &std::collections::HashSet<Identity>) {
        let missing: Vec<Identity> = self.missing.keys().copied().collect();
        for identity in missing {
            if self.active.contains_key(&identity) || !self.known.contains_key(&identity) {
                self.missing.remove(&identity);
            } else if !here.contains(&identity) {
                // Of thousands that were rotated each look takes up as many as may be open, and no more.
                if !self.make_room() {
                    return;
                }
                if let Some(missing) = self.missing.get(&identity).cloned() {
                    self.search(identity, missing);
                }
            }
        }
    }

    fn search(&mut self, identity: Identity, missing: Missing) {
        let Some(known) = self.known.get(&identity) else { return };
        let (cursor, finished) = (known.cursor.clone(), known.cursor.finished);
        for place in places_of(&cursor, &missing.path) {
            self.census.visit(&place);
        }
        if let Some(path) = self.census.place_of(identity).map(Path::to_owned) {
            // One that was read to its end may lie anywhere.
            if finished || self.take_up_moved(&path, identity, &missing.path) {
                self.missing.remove(&identity);
            }
        } else if !finished && self.continue_elsewhere(&cursor, identity) {
            self.missing.remove(&identity);
        } else if missing.looks + 1 < LOOKS_TO_GIVE_UP || !self.waiting.is_empty() {
            self.missing.insert(identity, Missing { looks: missing.looks.saturating_add(1), ..missing });
            self.look_soon();
        } else {
            self.missing.remove(&identity);
            self.give_up(identity);
        }
    }

    /// The file is gone; what was not read of it may stand in a copy, or in what it was compressed to.
    fn continue_elsewhere(&mut self, cursor: &Cursor, identity: Identity) -> bool {
        let source = self.sources.id(&cursor.path);
        if self.continue_in_copy(cursor, source, Some(cursor.size), None) {
            self.known.remove(&identity);
            return true;
        }
        if self.continue_in_compressed(cursor) {
            self.known.remove(&identity);
            return true;
        }
        false
    }

    /// A file that was not found. It is remembered: it may come back, as it was or as a copy.
    fn give_up(&mut self, identity: Identity) {
        let Some(known) = self.known.get_mut(&identity) else { return };
        known.gone = true;
        let was_finished = std::mem::replace(&mut known.cursor.finished, true);
        let cursor = known.cursor.clone();
        let size = known.stamp.map_or(cursor.size, |stamp| stamp.size.max(cursor.size));
        if !was_finished {
            let source = self.sources.id(&cursor.path);
            let is_known_empty = self.was_compressed_empty(&cursor);
            let gap = Gap {
                generation: cursor.generation,
                path: cursor.path.clone(),
                from: cursor.end,
                to: Some(size).filter(|size| *size > cursor.end),
                cause: GapCause::Vanished,
            };
            // A segment of a spool is removed when all of it is stored, and by nobody else; no other gets its name.
            if self.options.spools.iter().any(|spool| cursor.path.starts_with(spool)) {
                self.sources.forget(&cursor.path);
            } else if !is_known_empty {
                self.outbox.push(SourceMessage::Gap(source, gap));
            }
            self.outbox.closed(source, cursor.clone());
        }
        self.outbox.push(SourceMessage::Gone(cursor.generation));
    }

    /// A log that was compressed before it was read to its end, or a copy of it, is read on in what became of it.
    pub(super) fn continue_in_compressed(&mut self, cursor: &Cursor) -> bool {
        if cursor.end == 0 || cursor.fingerprint_len == 0 || !self.make_room() {
            return false;
        }
        let names = names_of(cursor);
        let candidates: Vec<PathBuf> = names.iter().flat_map(|name| self.census.compressed(name)).collect();
        let found = candidates.into_iter().find_map(|path| self.compressed_reader(&path, cursor));
        let Some(reader) = found else { return false };
        // One that was read to its end is looked at once more all the same: it may have grown.
        if cursor.size > cursor.end {
            let message = format!("`{}` was compressed before it was read to its end", shown(&cursor.path));
            let message = format!("{message}: the rest is read from `{}`", shown(&reader.path));
            self.remark(&reader.path.clone(), "compressed", message);
        }
        let (size, identity) = (cursor.size, reader.identity);
        self.take_up(reader, size);
        if let Some(active) = self.active.get_mut(&identity) {
            active.moved = Some(Instant::now());
        }
        true
    }

    /// A log that was empty when it was last looked at, and is gone, held nothing to its end if the file that it was
    /// compressed to is empty inside. Nothing that was read tells which one that is, but packers give a file the time
    /// of what they pack: it is the first since the log began.
    fn was_compressed_empty(&mut self, cursor: &Cursor) -> bool {
        let Some(began) = cursor.birth.filter(|_| cursor.end == 0) else { return false };
        let mut first: Option<(i64, File)> = None;
        for name in names_of(cursor) {
            for path in self.census.compressed(&name) {
                let Ok((file, metadata)) = open_regular(&path, Symlinks::Never) else { return false };
                let changed = last_changed(&metadata);
                if changed >= began && first.as_ref().is_none_or(|(earliest, _)| changed < *earliest) {
                    first = Some((changed, file));
                }
            }
        }
        first.is_some_and(|(_, file)| is_empty_inside(file))
    }

    /// A reader of a compressed file that stands where the cursor does, if the file holds what was read.
    fn compressed_reader(&mut self, path: &Path, cursor: &Cursor) -> Option<FileReader> {
        let (file, metadata) = open_regular(path, Symlinks::Never).ok()?;
        let identity = Identity::of(&metadata);
        // It may be the very file in which an earlier run was reading.
        if self.is_taken(identity) && identity != Identity::of_cursor(cursor) {
            return None;
        }
        let mut place = Place::start(path, self.sources.id(&cursor.path), cursor.generation);
        place.resume(cursor);
        let reader = FileReader::decoded(file, identity, place, self.options.sizes()).ok()?;
        reader.fits(cursor).then_some(reader)
    }

    /// Reads generations that came to `path` and were rotated away between two looks: companions
    /// born after the one that was there last and before the one that is there now, if any.
    pub(super) fn recover_missed(&mut self, path: &Path, last: Identity, new: Option<Identity>) {
        let Some(after) = last.birth else { return };
        self.notice_truncation(last, None);
        let before = new.and_then(|new| new.birth).unwrap_or(i64::MAX);
        let mut missed: Vec<Companion> = self
            .companions_of(path, last)
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
        for Companion { path: place, identity, .. } in missed {
            if !self.is_taken(identity) && !self.is_being_copied(&place, identity) {
                self.last.insert(path.to_owned(), identity);
                self.take_up_moved(&place, identity, path);
            }
        }
    }

    /// In the middle of a rotation by copying, no file has the first of the rotated names, then an empty one, then the
    /// copy of a log that is still there: none of them was missed.
    fn is_being_copied(&mut self, place: &Path, identity: Identity) -> bool {
        use crate::source::watch::Interest;
        let Some(file) = open_this(place, identity) else { return false };
        match file.metadata() {
            // It is looked at again where it lies.
            Ok(metadata) if metadata.len() == 0 => self.interest.covers(place),
            _ => self.is_copy(place, &file, identity).unwrap_or(false),
        }
    }

    /// The rotated and copied files beside a path, beside the target of its link, and beside the place where
    /// the last file of the path was seen.
    fn companions_of(&mut self, path: &Path, last: Identity) -> Vec<Companion> {
        let seen = self.active.get(&last).map(|active| active.reader.path.clone());
        let seen = seen.or_else(|| self.known.get(&last)?.cursor.seen_at.clone());
        let target = path.is_symlink().then(|| fs::canonicalize(path).ok()).flatten();
        let mut found: Vec<Companion> = Vec::new();
        for name in [Some(path.to_owned()), target, seen].into_iter().flatten() {
            for companion in self.census.companions(&name) {
                if !found.iter().any(|own| own.identity == companion.identity) {
                    found.push(companion);
                }
            }
        }
        found
    }

    fn is_copy_of(&self, companion: &Companion, origin: Identity) -> bool {
        let Some(active) = self.active.get(&origin) else { return false };
        let file = || open_this(&companion.path, companion.identity);
        companion.size > 0 && file().is_some_and(|file| active.reader.begins_like(&file).unwrap_or(false))
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
        if cursor.end == 0 {
            return false;
        }
        if self.continue_in_fresh(cursor) || self.continue_in_stranger(cursor, source) {
            return true;
        }
        let own = Identity::of_cursor(cursor);
        let not_before = intact.map_or(i64::MIN, |intact| intact.plus(-CLOCK_SLACK).0);
        let names = names_of(cursor);
        let companions: Vec<Companion> = names.iter().flat_map(|name| self.census.companions(name)).collect();
        let is_younger = |it: &Companion| it.identity.birth.is_none_or(|birth| birth >= not_before);
        let fits = |it: &Companion| it.identity != own && it.size >= cursor.end && is_younger(it);
        companions.into_iter().filter(fits).any(|Companion { path, identity, size }| {
            let file = if self.is_taken(identity) { None } else { open_this(&path, identity) };
            file.is_some_and(|file| {
                self.go_on_in_copy(OpenCopy { path, file, identity, size }, cursor, source, last_size)
            })
        })
    }

    /// Reads on in a copy, if it holds what was read of the log.
    pub(super) fn go_on_in_copy(
        &mut self,
        copy: OpenCopy,
        cursor: &Cursor,
        source: SourceId,
        last_size: Option<u64>,
    ) -> bool {
        let OpenCopy { path, file, identity, size } = copy;
        if cursor.end == 0 || !continues(&file, cursor).unwrap_or(false) {
            return false;
        }
        self.note_lost_after_copy(cursor, source, size, last_size);
        let mut place = Place::start(&path, source, cursor.generation);
        place.resume(cursor);
        self.take_up_at(file, identity, place, size);
        true
    }

    /// What was written between the copy and the truncation is lost.
    fn note_lost_after_copy(&mut self, cursor: &Cursor, source: SourceId, size: u64, last_size: Option<u64>) {
        let Some(known) = last_size.filter(|known| *known > size) else { return };
        let gap = Gap {
            generation: cursor.generation,
            path: cursor.path.clone(),
            from: size,
            to: Some(known),
            cause: GapCause::Truncated,
        };
        self.outbox.push(SourceMessage::Gap(source, gap));
    }

    pub(super) fn is_taken(&self, identity: Identity) -> bool {
        self.active.contains_key(&identity) || self.known.contains_key(&identity)
    }

    /// Reads a file that has left `origin`, from where it was left, to its end. False: not yet.
    fn take_up_moved(&mut self, path: &Path, identity: Identity, origin: &Path) -> bool {
        if !self.make_room() {
            return false;
        }
        let Some(file) = open_this(path, identity) else { return false };
        let source = self.sources.id(origin);
        match self.place_known(path, &file, identity) {
            Ok(known) => {
                let fresh = || Place {
                    origin: origin.to_owned(),
                    ..Place::start(path, source, self.fresh_generation(identity))
                };
                let place = known.unwrap_or_else(fresh);
                let size = file.metadata().map_or(0, |metadata| metadata.len());
                self.take_up_at(file, identity, place, size);
            }
            Err(error) => self.cannot_recover(path, source, &error),
        }
        true
    }

    pub(super) fn take_up_at(&mut self, file: File, identity: Identity, place: Place, size: u64) {
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
        let message = format!("cannot read `{}`: {error}", shown(path));
        let (about, cause) = (path.to_owned(), Cause::Unreadable);
        self.begin_trouble(Trouble { source: Some(source), about, cause, message, hint: None });
    }
}

/// The places in whose folders a file is searched for.
fn places_of(cursor: &Cursor, path: &Path) -> Vec<PathBuf> {
    let mut places = vec![path.to_owned(), cursor.path.clone()];
    places.extend(cursor.seen_at.clone());
    places.extend(fs::canonicalize(&cursor.path).ok());
    places
}

/// The names that rotated and compressed companions of a file may come from.
fn names_of(cursor: &Cursor) -> Vec<PathBuf> {
    let own = [Some(cursor.path.clone()), cursor.seen_at.clone()];
    let mut names: Vec<PathBuf> = own.into_iter().flatten().collect();
    names.extend(names.clone().iter().flat_map(|name| rotation_bases(name)));
    names.dedup();
    names
}

/// When a file was changed, in nanoseconds since 1970. Some packers keep whole seconds: such a time may be any moment of
/// its second.
fn last_changed(metadata: &Metadata) -> i64 {
    let within = if metadata.mtime_nsec() == 0 { SECOND - 1 } else { metadata.mtime_nsec() };
    metadata.mtime().saturating_mul(SECOND).saturating_add(within)
}

/// Opens a file, if it is still the one that was seen there.
pub(super) fn open_this(path: &Path, identity: Identity) -> Option<File> {
    let (file, metadata) = open_regular(path, Symlinks::Never).ok()?;
    (Identity::of(&metadata) == identity).then_some(file)
}
