//! Looking at paths: what is there now, and is it what was there before?
//!
//! A look goes in steps: first everything is looked up, then what has left its path is noted and searched
//! for, then what has arrived is taken in. So a file that has only another name is never taken for a new one.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::census::Census;
use super::recover::{Missing, OpenCopy};
use super::{Active, Follow, Known, MOVED_LOOK};
use crate::event::number::to_i64;
use crate::event::{Cursor, Gap, GapCause, GenerationId, SourceId, SourceMessage, Timestamp, shown};
use crate::source::encoding::Encoding;
use crate::source::identity::{Identity, successor};
use crate::source::input::{is_packed, rotation_bases};
use crate::source::once::rewritten;
use crate::source::paths::{expand, skip_by_name, skip_reason};
use crate::source::reader::{FileReader, OpenError, Place, Stamp, last_line_end, open_regular};
use crate::source::watch::Interest;
use crate::source::{From, Symlinks, now};

/// Files that are closed are remembered up to this many, then only those that still have a path.
const KNOWN_MAX: usize = 4096;

/// Birth times are taken from a clock that advances this often, nanoseconds.
const KERNEL_TICK: i64 = 10_000_000;

/// What was found at a path.
struct PathSight {
    path: PathBuf,
    there: Option<(Identity, Metadata)>,
}

impl PathSight {
    fn of(path: PathBuf) -> Self {
        let there = fs::metadata(&path).ok().map(|metadata| (Identity::of(&metadata), metadata));
        Self { path, there }
    }

    fn identity(&self) -> Option<Identity> {
        self.there.as_ref().map(|(identity, _)| *identity)
    }
}

impl Follow {
    /// Looks at all paths of all inputs.
    pub(super) fn look_everywhere(&mut self) {
        let expansion = expand(&self.inputs, &self.options);
        self.note_failures(&expansion);
        self.note_empty(&expansion);
        self.note_skipped(&expansion.skipped);
        // Watches first: what changes after this look gives a hint.
        let failure = self.watcher.watch(&expansion.directories);
        self.blind = self.watcher.is_blind(&expansion.directories);
        self.note_notifications(failure);
        let interval = if self.blind { self.options.poll_interval } else { self.options.reconcile_interval };
        self.next_look = Instant::now() + interval.min(self.options.reconcile_interval);
        let there: HashSet<&PathBuf> = expansion.files.iter().collect();
        let mut paths: Vec<PathBuf> =
            self.expected().into_iter().filter(|path| !there.contains(path)).collect();
        paths.extend_from_slice(&expansion.files);
        self.look_at(paths, true);
        self.targets = expansion.targets.into_iter().collect();
        self.watcher.also(self.targets.keys().cloned());
        self.forget_old();
    }

    /// Where files were that we know of.
    fn expected(&mut self) -> Vec<PathBuf> {
        if self.first_look {
            self.remember_last();
            return self.last.keys().cloned().collect();
        }
        self.paths.keys().cloned().collect()
    }

    /// One look at some paths; `everywhere`: these are all there are.
    pub(super) fn look_at(&mut self, paths: Vec<PathBuf>, everywhere: bool) {
        self.census = Census::default();
        let sights: Vec<PathSight> = paths.into_iter().map(PathSight::of).collect();
        for sight in &sights {
            self.note_departure(sight);
        }
        if everywhere {
            let here: HashSet<Identity> = sights.iter().filter_map(PathSight::identity).collect();
            if self.first_look {
                self.miss_what_was_read(&sights, &here);
            }
            self.search_missing(&here);
        }
        // Files that were read first: what they held and do not hold any more must not be taken for new in
        // a copy.
        let is_known = |sight: &&PathSight| sight.identity().is_some_and(|it| self.known.contains_key(&it));
        let (known, others): (Vec<&PathSight>, Vec<&PathSight>) = sights.iter().partition(is_known);
        for sight in known.into_iter().chain(others) {
            self.compare(sight);
        }
    }

    /// Before anything is read: which of the files of earlier runs are not where the inputs look?
    fn miss_what_was_read(&mut self, sights: &[PathSight], here: &HashSet<Identity>) {
        for sight in sights {
            if let Some(identity) = sight.identity() {
                self.census.note(identity, &sight.path);
            }
        }
        let ours = |known: &Known| self.interest.covers(&known.cursor.path);
        let absent = self.known.iter().filter(|(identity, known)| !here.contains(identity) && ours(known));
        let absent: Vec<(Identity, PathBuf)> =
            absent.map(|(identity, known)| (*identity, known.cursor.path.clone())).collect();
        for (identity, path) in absent {
            match self.census.remounted(identity).filter(|new| !self.known.contains_key(new)) {
                Some(new) => self.rename_device(identity, new),
                None => self.miss(identity, &path),
            }
        }
    }

    /// The same file, on a file system that has got another number.
    fn rename_device(&mut self, old: Identity, new: Identity) {
        let Some(mut known) = self.known.remove(&old) else { return };
        known.cursor.device = new.device;
        for cursor in &mut known.others {
            cursor.device = new.device;
        }
        self.index_head(&known.cursor, new);
        self.known.insert(new, known);
    }

    /// Notes that a file is to be searched for.
    pub(super) fn miss(&mut self, identity: Identity, path: &Path) {
        self.missing.entry(identity).or_insert_with(|| Missing { path: path.to_owned(), looks: 0 });
        self.look_soon();
    }

    pub(super) fn look_soon(&mut self) {
        self.next_look = self.next_look.min(Instant::now() + MOVED_LOOK);
    }

    fn forget_old(&mut self) {
        if self.known.len() > KNOWN_MAX {
            let at_paths: HashSet<_> = self.paths.values().copied().collect();
            self.known.retain(|identity, known| !known.cursor.finished || at_paths.contains(identity));
            let (known, active) = (&self.known, &self.active);
            self.heads.retain(|_, those| {
                those.retain(|identity| known.contains_key(identity) || active.contains_key(identity));
                !those.is_empty()
            });
        }
        if self.last.len() > KNOWN_MAX {
            self.last.retain(|path, _| self.paths.contains_key(path));
        }
    }

    /// What was at a path is not there any more.
    fn note_departure(&mut self, sight: &PathSight) {
        if let Some(old) = self.paths.get(&sight.path).copied()
            && sight.identity() != Some(old)
        {
            self.paths.remove(&sight.path);
            self.has_moved(old, &sight.path);
        }
    }

    /// Takes in what is at a path now.
    fn compare(&mut self, sight: &PathSight) {
        let path = &sight.path;
        if skip_by_name(path, self.interest.names(path), &self.options).is_some() {
            return;
        }
        let new = sight.identity();
        if new.is_some() && self.paths.get(path).copied() == new {
            return self.look_again(sight);
        }
        if let Some(last) = self.last.get(path).copied().filter(|last| Some(*last) != new) {
            self.recover_missed(path, last, new);
        }
        match &sight.there {
            Some((new, metadata)) => self.arrive(path, *new, metadata),
            None => self.absent(path),
        }
    }

    /// A file that was named by itself and is not there is waited for, audibly.
    fn absent(&mut self, path: &Path) {
        // Whatever is born from now on and has gone again by the next look is found by its birth.
        let nothing = Identity { device: 0, inode: 0, birth: Some(now().plus(-KERNEL_TICK).0) };
        self.last.entry(path.to_owned()).or_insert(nothing);
        if !self.interest.names(path) {
            return self.end_troubles(path, None);
        }
        // Between the two steps of a rotation there is no file either.
        let since = *self.absent_since.entry(path.to_owned()).or_insert_with(Instant::now);
        if (self.first_look || since.elapsed() >= self.options.reconcile_interval)
            && let Err(error) = open_regular(path, Symlinks::Follow)
        {
            // A broken link or a forbidden directory says so by its error.
            self.cannot_open(path, &error);
        }
    }

    /// The same file is at the same path.
    fn look_again(&mut self, sight: &PathSight) {
        let Some((identity, metadata)) = &sight.there else { return };
        if self.active.contains_key(identity) {
            self.enqueue(*identity);
        } else if !self.waiting.holds(&sight.path) {
            let known = self.known.get(identity);
            if known.is_none_or(|known| known.stamp != Some(Stamp::of(metadata))) {
                self.open(&sight.path, *identity);
            }
        }
    }

    /// A file left its path: renamed, deleted or replaced.
    fn has_moved(&mut self, identity: Identity, path: &Path) {
        if let Some(active) = self.active.get_mut(&identity) {
            active.moved.get_or_insert_with(Instant::now);
            active.behind = true;
            self.enqueue(identity);
        } else if self.known.contains_key(&identity) {
            self.miss(identity, path);
        }
    }

    /// A file is at a path where it was not before.
    fn arrive(&mut self, path: &Path, identity: Identity, metadata: &Metadata) {
        self.absent_since.remove(path);
        if self.active.contains_key(&identity) {
            return self.arrive_known(path, identity);
        }
        let unchanged = |known: &Known| known.stamp == Some(Stamp::of(metadata));
        if self.known.get(&identity).is_some_and(unchanged) {
            self.settle(path, identity);
            return;
        }
        self.open(path, identity);
    }

    /// Notes what is at a path now.
    pub(super) fn settle(&mut self, path: &Path, identity: Identity) {
        self.missing.remove(&identity);
        self.paths.insert(path.to_owned(), identity);
        self.last.insert(path.to_owned(), identity);
    }

    /// A file that is open has another path: it was renamed, or has two names.
    fn arrive_known(&mut self, path: &Path, identity: Identity) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        let (own, origin) = (active.reader.path.clone(), active.reader.origin.clone());
        let still_there = fs::metadata(&own).is_ok_and(|metadata| Identity::of(&metadata) == identity);
        if still_there && own != path && origin != path {
            let message = format!("`{}` is the same file as `{}` and is read once", shown(path), shown(&own));
            return self.remark(path, "same", message);
        }
        if origin == path {
            // It is back.
            active.moved = None;
        } else if own != path {
            active.reader.path = path.to_owned();
            active.moved.get_or_insert_with(Instant::now);
        }
        self.settle(path, identity);
        self.enqueue(identity);
    }

    /// Opens what is at a path and begins to read it where that has to begin.
    pub(super) fn open(&mut self, path: &Path, expected: Identity) {
        match self.try_open(path, expected) {
            Ok(()) => self.end_troubles(path, None),
            Err(error) if error.is_absent() => self.look_soon(),
            Err(error) if error.is_out_of_descriptors() => self.out_of_descriptors(path, &error),
            Err(error) => self.cannot_open(path, &error),
        }
    }

    fn try_open(&mut self, path: &Path, expected: Identity) -> Result<(), OpenError> {
        let fail = |source| OpenError::Io { path: path.to_owned(), source };
        if let Some(reason) = skip_reason(path, self.interest.names(path), &self.options) {
            self.note_skipped(&[(path.to_owned(), reason)]);
            return Ok(());
        }
        let (file, metadata) = open_regular(path, self.link_rule(path))?;
        let identity = Identity::of(&metadata);
        if identity != expected {
            // Exchanged in between: what was there a moment ago must be accounted for first.
            self.look_soon();
            return Ok(());
        }
        if self.active.contains_key(&identity) {
            self.arrive_known(path, identity);
            return Ok(());
        }
        if !self.known.contains_key(&identity) && self.is_copy(path, &file, identity).map_err(fail)? {
            return Ok(());
        }
        let source = self.sources.id(path);
        let mut place = self.place(path, source, &file, identity).map_err(fail)?;
        place.path = where_it_lies(path);
        let sizes = self.options.sizes();
        let reader = match is_packed(path) {
            true => FileReader::decoded(file, identity, place, sizes),
            false => FileReader::plain(file, identity, place, sizes),
        };
        self.settle(path, identity);
        self.admit(path, reader.map_err(fail)?, &metadata);
        Ok(())
    }

    /// Takes a file into service, or has it wait for its turn.
    fn admit(&mut self, path: &Path, reader: FileReader, metadata: &Metadata) {
        if !self.make_room() {
            return self.defer(path, &reader);
        }
        let (identity, renamed) = (reader.identity, reader.origin != path);
        self.take_up(reader, metadata.len());
        if let Some(active) = self.active.get_mut(&identity)
            && (is_packed(path) || renamed)
        {
            // It has all it will ever have, or nearly so.
            active.moved = Some(Instant::now());
        }
    }

    /// A link that was named by itself is followed to where it led then; for all others, and when it leads
    /// elsewhere, the rule for links holds.
    fn link_rule(&mut self, path: &Path) -> Symlinks {
        if !self.interest.names(path) {
            return self.options.symlinks;
        }
        let target = fs::canonicalize(path).ok().filter(|target| target != path);
        if self.first_look {
            self.trusted.insert(path.to_owned(), target);
            return Symlinks::Follow;
        }
        match self.trusted.get(path) {
            Some(trusted) if *trusted == target && target.is_some() => Symlinks::Follow,
            _ => Symlinks::SameOwner,
        }
    }

    /// Takes a reader into service.
    pub(super) fn take_up(&mut self, reader: FileReader, size: u64) {
        let identity = reader.identity;
        self.outbox.opened(&reader, size, !self.first_look);
        self.generations.insert(reader.generation);
        self.known.remove(&identity);
        self.missing.remove(&identity);
        self.active.insert(identity, Active::new(reader));
        self.enqueue(identity);
    }

    /// Where reading of a file begins that was found where its input names it.
    fn place(
        &mut self,
        path: &Path,
        source: SourceId,
        file: &File,
        identity: Identity,
    ) -> std::io::Result<Place> {
        if let Some(place) = self.place_known(path, file, identity)? {
            return Ok(place);
        }
        let mut place = Place::start(path, source, self.fresh_generation(identity));
        // What was received is no copy of anything, even where it is the same again.
        if is_packed(path) || self.options.spools.iter().any(|spool| path.starts_with(spool)) {
            return Ok(place);
        }
        if !self.first_look {
            // Before its first byte is read: is it a copy of one that is gone?
            self.fresh.insert(identity);
        } else if let Some(cursor) = self.take_homeless(file)? {
            place.source = self.sources.id(&cursor.path);
            place.resume(&cursor);
        } else if self.options.from == From::End {
            (place.end, place.lines) = last_line_end(file, self.options.sizes().limits)?;
        }
        Ok(place)
    }

    /// Where reading of a file goes on that has been read before; at its start, if it does not hold
    /// what was read.
    pub(super) fn place_known(
        &mut self,
        path: &Path,
        file: &File,
        identity: Identity,
    ) -> std::io::Result<Option<Place>> {
        let Some(known) = self.known.get(&identity) else { return Ok(None) };
        let in_its_text = is_packed(path) || Encoding::of(file)?.is_wide();
        let held = if in_its_text { Some(&known.cursor) } else { known.of(file)? };
        let mut cursor = held.unwrap_or(&known.cursor).clone();
        let is_held = held.is_some();
        let source = self.sources.id(&cursor.path);
        let mut place = Place::start(path, source, cursor.generation);
        place.origin.clone_from(&cursor.path);
        if is_held {
            place.resume(&cursor);
            return Ok(Some(place));
        }
        place.generation = successor(cursor.generation, cursor.end, cursor.fingerprint_hash);
        self.known.remove(&identity);
        cursor.finished = true;
        let gap = rewritten(&cursor, file.metadata()?.len());
        self.end_of_generation(cursor, source, gap, None, None);
        Ok(Some(place))
    }

    /// The address of a file that was never read. Another file may bear it already: the copy in
    /// which the generation that was in this file before a truncation was read to its end.
    pub(super) fn fresh_generation(&self, identity: Identity) -> GenerationId {
        let mut generation = identity.generation();
        while self.generations.contains(&generation) {
            generation = successor(generation, 0, 0);
        }
        generation
    }

    /// The file was truncated or rewritten: what it holds now is another generation. What was there may stand in
    /// `copy`.
    pub(super) fn start_over(&mut self, identity: Identity, copy: Option<OpenCopy>) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        let cursor = active.reader.cursor(true);
        let source = active.reader.source;
        let last_size = active.stamp.map(|stamp| stamp.size.max(cursor.end));
        let intact = now().plus(-(to_i64(active.last_read.elapsed().as_nanos())));
        let size = active.reader.size().unwrap_or(0);
        active.reader.restart();
        active.behind = true;
        active.indexed = false;
        let mut gap = rewritten(&cursor, size);
        if gap.cause == GapCause::Truncated {
            gap.to = last_size;
        }
        self.end_of_generation(cursor, source, gap, Some(intact), copy);
        if let Some(active) = self.active.get(&identity) {
            self.outbox.opened(&active.reader, size, !self.first_look);
        }
        self.enqueue(identity);
    }

    /// A generation is gone from its file: it goes on in `copy`, if that holds it, or in one that was made after
    /// `intact`, or ends with a gap.
    pub(super) fn end_of_generation(
        &mut self,
        cursor: Cursor,
        source: SourceId,
        gap: Gap,
        intact: Option<Timestamp>,
        copy: Option<OpenCopy>,
    ) {
        if copy.is_some_and(|copy| self.go_on_in_copy(copy, &cursor, source, gap.to)) {
            return;
        }
        // A copy may have been made since the folder was looked at: between two looks, or within one.
        self.census.distrust(&cursor.path, Instant::now());
        if !self.continue_in_copy(&cursor, source, gap.to, intact) && !self.continue_in_compressed(&cursor) {
            self.outbox.push(SourceMessage::Gap(source, gap));
            self.outbox.closed(source, cursor);
        }
    }

    /// True when a file that appears beside a log is a copy of it, made by a rotation that will
    /// truncate the log next: what has been read must not be read again.
    pub(super) fn is_copy(&mut self, path: &Path, file: &File, identity: Identity) -> std::io::Result<bool> {
        let origin = rotation_bases(path).into_iter().find_map(|base| {
            let identity = *self.paths.get(&base)?;
            self.active
                .get(&identity)
                .filter(|active| active.moved.is_none())
                .map(|active| (identity, active))
        });
        let Some((origin, active)) = origin else {
            return Ok(self.copies.remove(&identity) && self.know_copy(path, file, identity)?);
        };
        let size = file.metadata()?.len();
        // A copy may have been begun; an empty file has nothing to read in any case.
        if size == 0 {
            return Ok(true);
        }
        if active.reader.begins_like(file)? {
            self.copies.insert(identity);
            return Ok(true);
        }
        // The log may have been truncated before we saw the copy, which may have been compressed by now: then its
        // name is gone, and only what is open here is sure to hold what was read.
        let copy = OpenCopy { path: path.to_owned(), file: file.try_clone()?, identity, size };
        self.notice_truncation(origin, Some(copy));
        Ok(self.active.contains_key(&identity) || self.known.contains_key(&identity))
    }

    /// Looks whether an open file still holds what was read of it, before conclusions are drawn from it. What it
    /// held may stand in `copy`.
    pub(super) fn notice_truncation(&mut self, identity: Identity, copy: Option<OpenCopy>) {
        let is_intact = |active: &Active| {
            let reader = &active.reader;
            reader.size().unwrap_or(u64::MAX) >= reader.end() && reader.fingerprint_matches().unwrap_or(true)
        };
        if self.active.get(&identity).is_some_and(|active| !is_intact(active)) {
            self.start_over(identity, copy);
        }
    }

    /// The log that was copied is gone, and was read itself: the copy counts as read.
    fn know_copy(&mut self, path: &Path, file: &File, identity: Identity) -> std::io::Result<bool> {
        let metadata = file.metadata()?;
        let (end, lines) = last_line_end(file, self.options.sizes().limits)?;
        let place = Place { end, lines, ..Place::start(path, self.sources.id(path), identity.generation()) };
        let reader = FileReader::plain(file.try_clone()?, identity, place, self.options.sizes())?;
        let known = Known::new(reader.cursor(true), Some(Stamp::of(&metadata)));
        self.known.insert(identity, known);
        self.settle(path, identity);
        Ok(true)
    }
}

/// Where the file itself is: links lead elsewhere.
fn where_it_lies(path: &Path) -> PathBuf {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let target = is_link.then(|| fs::canonicalize(path).ok()).flatten();
    target.unwrap_or_else(|| path.to_owned())
}
