//! Looking at paths: what is there now, and is it what was there before?

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::recover::is_evidence;
use super::{Active, Follow, Known};
use crate::event::{Cursor, Gap, GapCause, GenerationId, SourceId, SourceMessage, Timestamp};
use crate::source::identity::{Identity, successor};
use crate::source::input::{Input, is_gzip, rotation_bases};
use crate::source::once::rewritten;
use crate::source::paths::{Skip, expand};
use crate::source::reader::{FileReader, OpenError, Place, Stamp, continues, last_line_end, open_regular};
use crate::source::{From, Symlinks, now};

/// Files that are closed are remembered up to this many, then only those that still have a path.
const KNOWN_MAX: usize = 4096;

/// Birth times are taken from a clock that advances this often, nanoseconds.
const KERNEL_TICK: i64 = 10_000_000;

impl Follow {
    /// Looks at all paths of all inputs.
    pub(super) fn look_everywhere(&mut self) {
        let expansion = expand(&self.inputs, &self.options);
        for (directory, error) in &expansion.failures {
            let message = format!("cannot read the directory `{}`: {error}", directory.display());
            self.say(directory, None, message, None);
        }
        self.note_skipped(&expansion.skipped);
        // Watches first: what changes after this look gives a hint.
        if let Some(failure) = self.watcher.watch(&expansion.directories) {
            self.say(Path::new(""), None, failure.message, failure.hint);
        }
        self.blind = self.watcher.is_blind(&expansion.directories);
        if self.first_look {
            self.recover_rotated();
        }
        let there: HashSet<&PathBuf> = expansion.files.iter().collect();
        let gone: Vec<PathBuf> = self.paths.keys().filter(|path| !there.contains(path)).cloned().collect();
        for path in gone.iter().chain(&expansion.files) {
            self.look(path);
        }
        self.refresh_targets(&expansion.files);
        self.forget_old();
        let interval = if self.blind { self.options.poll_interval } else { self.options.reconcile_interval };
        self.next_look = Instant::now() + interval.min(self.options.reconcile_interval);
    }

    fn note_skipped(&mut self, skipped: &[(PathBuf, Skip)]) {
        for (reason, why) in [
            (Skip::Compressed, "compressed files are not followed (`soctop ingest` reads gzip)"),
            (Skip::UnknownCompression, "only gzip is decompressed"),
            (Skip::OwnData, "soctop does not read its own data"),
        ] {
            let mut of_reason = skipped.iter().filter(|(_, own)| *own == reason).map(|(path, _)| path);
            let Some(first) = of_reason.next() else { continue };
            let others = match of_reason.count() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            // Said once for each kind, with the first example.
            let message = format!("`{}`{others} left out: {why}", first.display());
            if self.said.insert((PathBuf::new(), why.to_owned())) {
                self.outbox.trouble(None, message, None);
            }
        }
    }

    /// Where links lead now; a change of the target is a change of the link.
    fn refresh_targets(&mut self, files: &[PathBuf]) {
        self.targets.clear();
        for path in files {
            if let Ok(target) = fs::canonicalize(path)
                && target != *path
            {
                self.targets.insert(target, path.clone());
            }
        }
        self.watcher.also(self.targets.keys().cloned());
    }

    fn forget_old(&mut self) {
        if self.known.len() > KNOWN_MAX {
            let at_paths: HashSet<_> = self.paths.values().copied().collect();
            self.known.retain(|identity, known| !known.cursor.finished || at_paths.contains(identity));
        }
        if self.last.len() > KNOWN_MAX {
            self.last.retain(|path, _| self.paths.contains_key(path));
        }
    }

    /// Says something about a path, once.
    pub(super) fn say(
        &mut self,
        path: &Path,
        source: Option<SourceId>,
        message: String,
        hint: Option<String>,
    ) {
        if self.said.insert((path.to_owned(), message.clone())) {
            self.outbox.trouble(source, message, hint);
        }
    }

    /// Looks at one path.
    pub(super) fn look(&mut self, path: &Path) {
        let before = self.paths.get(path).copied();
        let found = match fs::metadata(path) {
            Ok(metadata) => Some((Identity::of(&metadata), metadata)),
            Err(_) => None,
        };
        match (before, found) {
            (Some(old), Some((new, metadata))) if old == new => self.look_again(path, new, &metadata),
            (before, found) => {
                if let Some(old) = before {
                    self.paths.remove(path);
                    self.has_moved(old, path);
                }
                let new = found.as_ref().map(|(new, _)| *new);
                if let Some(last) = self.last.get(path).copied().filter(|last| Some(*last) != new) {
                    self.recover_missed(path, last, new);
                }
                match found {
                    Some((new, metadata)) => self.arrive(path, new, &metadata),
                    None => self.absent(path),
                }
            }
        }
    }

    /// A file that was named by itself and is not there is waited for, audibly.
    fn absent(&mut self, path: &Path) {
        // Whatever is born from now on and has gone again by the next look is found by its birth.
        let nothing = Identity { device: 0, inode: 0, birth: Some(now().plus(-KERNEL_TICK).0) };
        self.last.entry(path.to_owned()).or_insert(nothing);
        if self.first_look && self.inputs.iter().any(|input| matches!(input, Input::Path(own) if own == path))
        {
            let source = self.sources.id(path);
            // A broken link or a forbidden directory says so by its error.
            if let Err(error) = open_regular(path, Symlinks::Follow) {
                let hint = match error.is_absent() {
                    true => Some("it is read as soon as it appears".to_owned()),
                    false => error.hint(),
                };
                self.say(path, Some(source), error.to_string(), hint);
            }
        }
    }

    /// The same file is at the same path.
    fn look_again(&mut self, path: &Path, identity: Identity, metadata: &Metadata) {
        if self.active.contains_key(&identity) {
            self.enqueue(identity);
        } else if self.known.get(&identity).is_none_or(|known| known.stamp != Some(Stamp::of(metadata))) {
            self.open(path);
        }
    }

    /// A file left its path: renamed, deleted or replaced.
    fn has_moved(&mut self, identity: Identity, path: &Path) {
        if let Some(active) = self.active.get_mut(&identity) {
            active.moved.get_or_insert_with(Instant::now);
            active.behind = true;
            self.enqueue(identity);
        } else if self.known.get(&identity).is_some_and(|known| !known.cursor.finished) {
            self.recover_closed(identity, path);
        }
    }

    /// A file is at a path where it was not before.
    fn arrive(&mut self, path: &Path, identity: Identity, metadata: &Metadata) {
        if self.active.contains_key(&identity) {
            return self.arrive_known(path, identity);
        }
        let unchanged = |known: &Known| known.stamp == Some(Stamp::of(metadata));
        if self.known.get(&identity).is_some_and(unchanged) {
            self.settle(path, identity);
            return;
        }
        self.open(path);
    }

    /// Notes what is at a path now.
    fn settle(&mut self, path: &Path, identity: Identity) {
        self.paths.insert(path.to_owned(), identity);
        self.last.insert(path.to_owned(), identity);
    }

    /// A file that is open has another path: it was renamed, or has two names.
    fn arrive_known(&mut self, path: &Path, identity: Identity) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        let own = active.reader.path.clone();
        let still_there = fs::metadata(&own).is_ok_and(|metadata| Identity::of(&metadata) == identity);
        if still_there && own != path {
            let message =
                format!("`{}` is the same file as `{}` and is read once", path.display(), own.display());
            return self.say(path, None, message, None);
        }
        if own != path {
            active.reader.path = path.to_owned();
            active.moved.get_or_insert_with(Instant::now);
        }
        self.settle(path, identity);
        self.enqueue(identity);
    }

    /// Opens what is at a path and begins to read it where that has to begin.
    fn open(&mut self, path: &Path) {
        let source = self.sources.id(path);
        match self.try_open(path, source) {
            Ok(()) => self.said.retain(|(said, _)| said != path),
            Err(error) if error.is_absent() => {}
            Err(error) => {
                if error.is_out_of_descriptors() {
                    self.close_idle(1);
                }
                let hint = error.hint();
                self.say(path, Some(source), error.to_string(), hint);
            }
        }
    }

    fn try_open(&mut self, path: &Path, source: SourceId) -> Result<(), OpenError> {
        let fail = |source| OpenError::Io { path: path.to_owned(), source };
        let named = self.inputs.iter().any(|input| matches!(input, Input::Path(own) if own == path));
        let symlinks = if named { Symlinks::Follow } else { self.options.symlinks };
        let (file, metadata) = open_regular(path, symlinks)?;
        let identity = Identity::of(&metadata);
        if self.active.contains_key(&identity) {
            self.arrive_known(path, identity);
            return Ok(());
        }
        if self.is_copy(path, &file, identity).map_err(fail)? || self.must_wait(path, &file).map_err(fail)? {
            return Ok(());
        }
        self.make_room();
        let place = self.place(path, source, &file, identity).map_err(fail)?;
        let sizes = self.options.sizes();
        let reader = match is_gzip(path) {
            true => FileReader::gzip(file, identity, place, sizes),
            false => FileReader::plain(file, identity, place, sizes),
        };
        let reader = reader.map_err(fail)?;
        self.settle(path, identity);
        self.take_up(reader, metadata.len());
        if is_gzip(path)
            && let Some(active) = self.active.get_mut(&identity)
        {
            // It has all it will ever have.
            active.moved = Some(Instant::now());
        }
        Ok(())
    }

    /// Takes a reader into service.
    pub(super) fn take_up(&mut self, reader: FileReader, size: u64) {
        let identity = reader.identity;
        self.outbox.opened(&reader, size);
        self.generations.insert(reader.generation);
        self.known.remove(&identity);
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
        if let Some(cursor) = self.take_restored(path, file)? {
            place.resume(&cursor);
        } else if self.first_look && self.options.from == From::End && !is_gzip(path) {
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
        let held = if is_gzip(path) { Some(&known.cursor) } else { known.of(file)? };
        let mut cursor = held.unwrap_or(&known.cursor).clone();
        let is_held = held.is_some();
        let source = self.sources.id(&cursor.path);
        let mut place = Place::start(path, source, cursor.generation);
        place.origin.clone_from(&cursor.path);
        if is_held {
            place.resume(&cursor);
            return Ok(Some(place));
        }
        place.generation = successor(cursor.generation, cursor.end, cursor.witness_hash);
        self.known.remove(&identity);
        cursor.finished = true;
        let gap = rewritten(&cursor, file.metadata()?.len());
        self.end_of_generation(cursor, source, gap, None);
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

    /// The file was truncated or rewritten: what it holds now is another generation.
    pub(super) fn start_over(&mut self, identity: Identity) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        let cursor = active.reader.cursor(true);
        let source = active.reader.source;
        let last_size = active.stamp.map(|stamp| stamp.size.max(cursor.end));
        let intact = now().plus(-(active.last_read.elapsed().as_nanos() as i64));
        let size = active.reader.size().unwrap_or(0);
        active.reader.restart();
        active.behind = true;
        let mut gap = rewritten(&cursor, size);
        if gap.cause == GapCause::Truncated {
            gap.to = last_size;
        }
        self.end_of_generation(cursor, source, gap, Some(intact));
        if let Some(active) = self.active.get(&identity) {
            self.outbox.opened(&active.reader, size);
        }
        self.enqueue(identity);
    }

    /// A generation is gone from its file: it goes on in a copy that was made after `intact`, or
    /// ends with a gap.
    pub(super) fn end_of_generation(
        &mut self,
        cursor: Cursor,
        source: SourceId,
        gap: Gap,
        intact: Option<Timestamp>,
    ) {
        if !self.continue_in_copy(&cursor, source, gap.to, intact) {
            self.outbox.push(SourceMessage::Gap(source, gap));
            self.outbox.closed(source, cursor);
        }
    }

    /// True when a file that appears beside a log is a copy of it, made by a rotation that will
    /// truncate the log next: what has been read must not be read again.
    fn is_copy(&mut self, path: &Path, file: &File, identity: Identity) -> std::io::Result<bool> {
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
        // The log may have been truncated before we saw the copy.
        self.notice_truncation(origin);
        Ok(self.active.contains_key(&identity) || self.known.contains_key(&identity))
    }

    /// Looks whether an open file still holds what was read of it, before conclusions are drawn from it.
    pub(super) fn notice_truncation(&mut self, identity: Identity) {
        let is_intact = |active: &super::Active| {
            let reader = &active.reader;
            reader.size().unwrap_or(u64::MAX) >= reader.end() && reader.witness_holds().unwrap_or(true)
        };
        if self.active.get(&identity).is_some_and(|active| !is_intact(active)) {
            self.start_over(identity);
        }
    }

    /// True when the file replaces one of which it holds all that was read, and that one is still
    /// being read. Once it is read to its end, reading goes on in the replacement.
    fn must_wait(&mut self, path: &Path, file: &File) -> std::io::Result<bool> {
        let Some(old) = self.last.get(path).copied() else { return Ok(false) };
        let Some(active) = self.active.get(&old) else { return Ok(false) };
        let cursor = active.reader.cursor(false);
        if !active.reader.is_deleted() || !is_evidence(&cursor) || !continues(file, &cursor)? {
            return Ok(false);
        }
        if active.behind || active.queued {
            self.next_look = self.next_look.min(Instant::now() + super::MOVED_LOOK);
            return Ok(true);
        }
        self.active.remove(&old);
        self.known.insert(old, Known::new(cursor, None));
        Ok(false)
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

    /// Keeps the number of open files below the limit.
    fn make_room(&mut self) {
        if self.active.len() >= self.options.open_files_max.max(1) {
            self.close_idle(1 + self.options.open_files_max / 16);
        }
    }

    /// Closes files that have nothing to read, those that were silent longest first.
    fn close_idle(&mut self, count: usize) {
        let mut idle: Vec<(Instant, Identity)> = self
            .active
            .iter()
            .filter(|(_, active)| active.moved.is_none() && !active.behind && !active.queued)
            .map(|(identity, active)| (active.last_read, *identity))
            .collect();
        idle.sort_by_key(|(last_read, _)| *last_read);
        for (_, identity) in idle.into_iter().take(count) {
            if let Some(active) = self.active.remove(&identity) {
                self.known.insert(identity, Known::new(active.reader.cursor(false), active.stamp));
            }
        }
    }
}
