//! Is a file that has just appeared a copy of one that we know? Moved to another file system, restored from
//! a backup, saved by an editor, copied before a truncation: its lines have been read.
//!
//! Nothing is read from such a file while that is open: the original may be about to go, and then reading
//! goes on in the copy where it stood. A copy whose original stays is another file after a while.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use super::recover::open_this;
use super::{Active, Follow};
use crate::event::{Cursor, SourceId};
use crate::source::identity::{Identity, is_evidence};
use crate::source::reader::{FileReader, Place, continues, hash_of_head, is_whole_head};
use crate::source::watch::Interest;

/// So many known files that begin alike are compared.
const CANDIDATES: usize = 64;

/// What a new file is.
enum Origin {
    /// A log of its own.
    Itself,
    /// So far nothing but a copy of a file that is still there.
    Undecided,
    /// What was read of the other file goes on here.
    Of(Identity),
}

impl Follow {
    /// Remembers how a file begins.
    pub(super) fn index_head(&mut self, cursor: &Cursor, identity: Identity) {
        if is_whole_head(cursor) {
            let those = self.heads.entry(cursor.head_hash).or_default();
            if !those.contains(&identity) && those.len() < CANDIDATES {
                those.push(identity);
            }
        }
    }

    /// Whether a file may be read now; one that has just appeared is compared with what is known first.
    pub(super) fn may_read(&mut self, identity: Identity) -> bool {
        if !self.fresh.contains(&identity) {
            return true;
        }
        let Some(active) = self.active.get(&identity) else { return true };
        let size = active.reader.size().unwrap_or(0);
        if size == 0 {
            return true;
        }
        match self.origin_of(identity).unwrap_or(Origin::Itself) {
            Origin::Itself => {}
            Origin::Of(original) => self.go_on_in(identity, original),
            Origin::Undecided if self.waits_on(identity, size) => return false,
            Origin::Undecided => {}
        }
        self.fresh.remove(&identity);
        if let Some(active) = self.active.get_mut(&identity) {
            active.held = None;
        }
        true
    }

    /// While it grows, a copy is being made; then the original has some time to go.
    fn waits_on(&mut self, identity: Identity, size: u64) -> bool {
        let quiet = self.options.rotation_quiet;
        let Some(active) = self.active.get_mut(&identity) else { return false };
        let now = Instant::now();
        let (since, before) = *active.held.get_or_insert((now, size));
        if before != size {
            active.held = Some((now, size));
        }
        before != size || now.duration_since(since) < quiet
    }

    fn origin_of(&mut self, identity: Identity) -> std::io::Result<Origin> {
        let Some(file) = self.active.get(&identity).and_then(|active| active.reader.again()) else {
            return Ok(Origin::Itself);
        };
        let Some(hash) = hash_of_head(&file)? else { return Ok(Origin::Itself) };
        let mut answer = Origin::Itself;
        for candidate in self.heads.get(&hash).cloned().unwrap_or_default() {
            if candidate == identity {
                continue;
            }
            // What it was a copy of may have been truncated since; reading may have gone on here by that.
            self.notice_truncation(candidate, None);
            if !self.fresh.contains(&identity) {
                return Ok(Origin::Itself);
            }
            match self.relation(&file, candidate)? {
                Origin::Itself => {}
                Origin::Undecided => answer = Origin::Undecided,
                found @ Origin::Of(_) => return Ok(found),
            }
        }
        Ok(answer)
    }

    fn relation(&self, file: &File, candidate: Identity) -> std::io::Result<Origin> {
        if let Some(active) = self.active.get(&candidate) {
            return relation_to_open(file, active, candidate);
        }
        let Some(known) = self.known.get(&candidate) else { return Ok(Origin::Itself) };
        let searched = self.missing.get(&candidate).is_some_and(|missing| missing.looks > 0);
        let size = file.metadata()?.len();
        match known.of(file)? {
            Some(cursor) if !is_evidence(cursor) => Ok(Origin::Itself),
            Some(_) if known.gone || searched => Ok(Origin::Of(candidate)),
            Some(_) if size <= known.cursor.size => Ok(Origin::Undecided),
            // Not found where it was, and not searched for yet.
            Some(_) if self.missing.contains_key(&candidate) => Ok(Origin::Undecided),
            None if !known.gone && size < known.cursor.end => Ok(Origin::Undecided),
            _ => Ok(Origin::Itself),
        }
    }

    /// Reading of `original` goes on in the file of `identity`, which holds all that was read of it.
    fn go_on_in(&mut self, identity: Identity, original: Identity) {
        let cursor = match self.active.remove(&original) {
            Some(active) => Some(active.reader.cursor(false)),
            None => self.known.remove(&original).map(|known| known.cursor),
        };
        self.missing.remove(&original);
        if let Some(cursor) = cursor {
            self.take_over(identity, &cursor);
        }
    }

    /// Exchanges a reader at the start of a file for one that stands at the cursor.
    fn take_over(&mut self, identity: Identity, cursor: &Cursor) {
        let Some(active) = self.active.get(&identity) else { return };
        let Some(file) = active.reader.again() else { return };
        let source = self.sources.id(&cursor.path);
        let mut place = Place::start(&active.reader.path, source, cursor.generation);
        place.resume(cursor);
        self.fresh.remove(&identity);
        // A file that cannot be read now is read from its start: rather twice than never.
        if let Ok(reader) = FileReader::plain(file, identity, place, self.options.sizes()) {
            let size = reader.size().unwrap_or(cursor.end);
            self.take_up(reader, size);
        }
    }

    /// After a truncation: goes on in a file that has just appeared and holds what was read.
    pub(super) fn continue_in_fresh(&mut self, cursor: &Cursor) -> bool {
        if !is_evidence(cursor) {
            return false;
        }
        let holds = |identity: &&Identity| {
            let file = self.active.get(identity).and_then(|active| active.reader.again());
            file.is_some_and(|file| continues(&file, cursor).unwrap_or(false))
        };
        let Some(found) = self.fresh.iter().find(holds).copied() else { return false };
        self.take_over(found, cursor);
        true
    }

    /// The same at the start, among the files that were never read.
    pub(super) fn continue_in_stranger(&mut self, cursor: &Cursor, source: SourceId) -> bool {
        if !self.first_look || !is_evidence(cursor) || !is_whole_head(cursor) {
            return false;
        }
        if self.strangers.is_none() {
            self.strangers = Some(self.meet_strangers());
        }
        let met = self.strangers.as_ref().and_then(|met| met.get(&cursor.head_hash));
        for (identity, path) in met.cloned().unwrap_or_default() {
            let Some(file) = open_this(&path, identity).filter(|_| !self.is_taken(identity)) else {
                continue;
            };
            if continues(&file, cursor).unwrap_or(false) {
                let mut place = Place::start(&path, source, cursor.generation);
                place.resume(cursor);
                let size = file.metadata().map_or(cursor.end, |metadata| metadata.len());
                self.take_up_at(file, identity, place, size);
                return true;
            }
        }
        false
    }

    /// The files of which nothing was ever read, by how they begin.
    fn meet_strangers(&self) -> HashMap<u64, Vec<(Identity, PathBuf)>> {
        let mut met: HashMap<u64, Vec<(Identity, PathBuf)>> = HashMap::new();
        for (identity, path) in self.census.all().filter(|(identity, _)| !self.is_taken(*identity)) {
            let file = open_this(path, identity).filter(|_| self.interest.covers(path));
            if let Some(hash) = file.and_then(|file| hash_of_head(&file).ok().flatten()) {
                met.entry(hash).or_default().push((identity, path.to_owned()));
            }
        }
        met
    }

    /// The cursor of a file that is gone, or emptied, and goes on in this one, which has never been read.
    pub(super) fn take_homeless(&mut self, file: &File) -> std::io::Result<Option<Cursor>> {
        let Some(hash) = hash_of_head(file)? else { return Ok(None) };
        for candidate in self.heads.get(&hash).cloned().unwrap_or_default() {
            let Some(known) = self.known.get(&candidate) else { continue };
            let Some(cursor) = known.of(file)?.filter(|cursor| is_evidence(cursor)) else { continue };
            let homeless = known.gone || self.missing.contains_key(&candidate) || is_emptied(cursor);
            if homeless {
                let cursor = cursor.clone();
                self.missing.remove(&candidate);
                self.known.remove(&candidate);
                return Ok(Some(cursor));
            }
        }
        Ok(None)
    }
}

/// True when the file of the cursor is where it was, and does not hold what was read of it any more.
fn is_emptied(cursor: &Cursor) -> bool {
    let path = cursor.seen_at.as_ref().unwrap_or(&cursor.path);
    let Ok(file) = File::open(path) else { return false };
    let is_it = file.metadata().is_ok_and(|metadata| Identity::of(&metadata) == Identity::of_cursor(cursor));
    is_it && !continues(&file, cursor).unwrap_or(true)
}

fn relation_to_open(file: &File, active: &Active, candidate: Identity) -> std::io::Result<Origin> {
    let cursor = active.reader.cursor(false);
    let deleted = active.reader.is_deleted();
    let holds_all = is_evidence(&cursor) && continues(file, &cursor)?;
    if deleted && holds_all && !active.behind && !active.queued {
        return Ok(Origin::Of(candidate));
    }
    let may_be = (deleted && holds_all) || active.reader.begins_like(file)?;
    Ok(if may_be { Origin::Undecided } else { Origin::Itself })
}
