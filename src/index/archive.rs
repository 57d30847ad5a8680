//! The lines of a partition: blocks one after the other in one file beside the index, which only ever grows.
//!
//! A commit names how many documents the file holds and how long it then is; the blocks are on the disk before
//! the commit that names them. What a crash left behind that length is cut off when the store is opened for
//! writing.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::block::{Block, Builder, HEAD_BYTES, Head, SEALED, WRITTEN};
use super::codec::FormView;
use super::directory::{UNFINISHED, sync_directory};
use super::error::Error;
use super::places::{self, Place, PlaceFile};
use crate::event::number::to_u64;

/// The file in the directory of a partition.
pub const LINES: &str = "lines.blocks";
/// Unpacked blocks that a reader keeps.
const KEPT_BLOCKS: usize = 16;

/// How far the file goes, as of a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveExtent {
    pub documents: u64,
    pub bytes: u64,
}

/// The end that writes.
pub struct Archive {
    path: PathBuf,
    file: File,
    places: PlaceFile,
    block: Builder,
    /// What is in the file; the open block not included.
    written: ArchiveExtent,
    /// The number of the next document.
    next: u64,
}

impl Archive {
    /// Creates the file of a new partition.
    pub fn create(partition: &Path) -> Result<Self, Error> {
        let path = partition.join(LINES);
        let file = open_for_writing(&path, true)?;
        let places = PlaceFile::create(partition, &[])?;
        Ok(Self {
            path,
            file,
            places,
            block: Builder::new(WRITTEN),
            written: ArchiveExtent::default(),
            next: 0,
        })
    }

    /// Opens the file to go on after a commit. What stands behind that is cut off.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is shorter than the commit says.
    pub fn open(partition: &Path, extent: ArchiveExtent) -> Result<Self, Error> {
        let path = partition.join(LINES);
        if !path.exists() {
            return Err(Error::Lost { path: partition.to_owned(), missing: path });
        }
        let file = open_for_writing(&path, false)?;
        let len = file.metadata().map_err(Error::io("look at", &path))?.len();
        if len < extent.bytes {
            let reason = format!("`{LINES}` has {len} of {} bytes", extent.bytes);
            return Err(Error::Damaged { path: partition.to_owned(), reason });
        }
        if len > extent.bytes {
            file.set_len(extent.bytes).map_err(Error::io("cut", &path))?;
        }
        let places = PlaceFile::create(partition, &State::undamaged(&path, extent.documents)?)?;
        Ok(Self { path, file, places, block: Builder::new(WRITTEN), written: extent, next: extent.documents })
    }

    /// Adds a document; its number.
    pub fn push(&mut self, form: FormView<'_>, line: &str) -> Result<u64, Error> {
        self.block.push(form, line);
        let number = self.next;
        self.next += 1;
        if self.block.is_full() {
            self.close_block()?;
        }
        Ok(number)
    }

    fn close_block(&mut self) -> Result<(), Error> {
        if self.block.is_empty() {
            return Ok(());
        }
        let finished = self.block.finish(self.written.documents);
        let (bytes, count) = finished.map_err(Error::io("write", &self.path))?;
        // At a place of its own: after a failed write the next begins where this one did.
        let written = self.file.write_all_at(&bytes, self.written.bytes);
        written.map_err(Error::io("write", &self.path))?;
        let place = Place { first: self.written.documents, offset: self.written.bytes };
        self.places.push(place).map_err(Error::io("write", &self.path.with_file_name(places::PLACES)))?;
        self.written.bytes += bytes.len() as u64;
        self.written.documents += u64::from(count);
        Ok(())
    }

    /// Puts everything on the disk. Returns what a commit may name.
    pub fn sync(&mut self) -> Result<ArchiveExtent, Error> {
        self.close_block()?;
        self.file.sync_data().map_err(Error::io("sync", &self.path))?;
        Ok(self.written)
    }
}

fn open_for_writing(path: &Path, new: bool) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(new).truncate(new).mode(0o600);
    options.open(path).map_err(Error::io("open", path))
}

/// The end that reads: any number of them, in any process.
pub struct LineFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    /// The blocks as far as they are known, by their first document.
    blocks: Vec<Place>,
    /// How far they are known.
    end: ArchiveExtent,
    /// The list of places was not right: the blocks were looked at instead.
    is_scanned: bool,
    kept: VecDeque<(u64, Arc<Block>)>,
}

/// What a check of the file found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub blocks: u64,
    pub documents: u64,
    /// Documents in blocks that are not what was written.
    pub damaged: u64,
    /// Documents that the commit names and the file does not hold.
    pub missing: u64,
    /// The list of places does not fit: lines are found more slowly.
    pub misplaced: bool,
}

impl LineFile {
    /// The file is opened now, where it can be: what is open stays readable whatever happens to its folder.
    pub fn of(partition: &Path) -> Self {
        let path = partition.join(LINES);
        let state = State { file: File::open(&path).ok(), ..State::default() };
        Self { path, state: Mutex::new(state) }
    }

    /// The block that holds the document `number`, and its place in it. `documents`: how many the commit has.
    ///
    /// # Errors
    /// [`Error::Search`] when it is not in the file, or not what was written.
    pub fn block_of(&self, number: u64, documents: u64) -> Result<(Arc<Block>, usize), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match state.find(&self.path, number, documents)? {
            Some(found) => Some(found),
            None => {
                // A damaged block hides those behind it from a scan, and not from the list.
                state.scan(&self.path, documents).inspect_err(|_| state.forget())?;
                state.find(&self.path, number, documents)?
            }
        };
        let (place, head) = found.ok_or_else(|| self.damaged("a line is missing"))?;
        let within = usize::try_from(number - place.first).unwrap_or(usize::MAX);
        if let Some((_, block)) = state.kept.iter().find(|(kept, _)| *kept == place.offset) {
            return Ok((Arc::clone(block), within));
        }
        let packed = state.packed(place, &head).map_err(|error| self.damaged(&error.to_string()))?;
        // Several may unpack at a time.
        drop(state);
        let block = head.unpack(&packed).map_err(|error| self.damaged(&error.to_string()))?;
        let block = Arc::new(block);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.push_back((place.offset, Arc::clone(&block)));
        if state.kept.len() > KEPT_BLOCKS {
            state.kept.pop_front();
        }
        Ok((block, within))
    }

    /// Reads the whole file and compares it with what was written; `extent` is that of the commit.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn check(&self, documents: u64) -> Result<Checked, Error> {
        let mut state = State::default();
        let mut checked = Checked::default();
        // Behind a head that is none, nothing can be found.
        let end = state.scan(&self.path, documents);
        if let Err(error @ Error::Io { .. }) = end {
            return Err(error);
        }
        for place in &state.blocks {
            let Some(head) = state.head(&self.path, *place)? else { continue };
            let count = u64::from(head.count);
            checked.blocks += 1;
            checked.documents += count;
            let fits = state.packed(*place, &head).is_ok_and(|packed| head.fits(&packed));
            checked.damaged += if fits { 0 } else { count };
        }
        checked.missing = documents.saturating_sub(checked.documents);
        let mut listed = Vec::new();
        places::read_on(self.folder(), &mut listed);
        // Older stores have none.
        let is_listed = self.folder().join(places::PLACES).exists();
        checked.misplaced = is_listed && !listed.starts_with(&state.blocks);
        Ok(checked)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Search { reason: format!("`{}` is damaged: {reason}", self.path.display()) }
    }
}

/// What the file holds with the block at this place.
fn end_of(place: Place, head: &Head) -> ArchiveExtent {
    let documents = place.first + u64::from(head.count);
    ArchiveExtent { documents, bytes: place.offset + HEAD_BYTES as u64 + u64::from(head.packed) }
}

impl State {
    /// Knows the blocks of that many documents from their heads.
    fn scanned(path: &Path, documents: u64) -> Result<Self, Error> {
        let mut state = Self::default();
        state.scan(path, documents)?;
        Ok(state)
    }

    /// The blocks of that many documents, or those before the first that is damaged: what is written from now on does
    /// not need the others.
    fn undamaged(path: &Path, documents: u64) -> Result<Vec<Place>, Error> {
        let mut state = Self::default();
        match state.scan(path, documents) {
            Ok(()) | Err(Error::Search { .. }) => Ok(state.blocks),
            Err(error) => Err(error),
        }
    }

    /// Forgets where blocks begin: the list is read again.
    fn forget(&mut self) {
        (self.blocks, self.end, self.is_scanned) = (Vec::new(), ArchiveExtent::default(), false);
    }

    /// The block of a document, with its head; `None` where there is no such block.
    fn find(&mut self, path: &Path, number: u64, documents: u64) -> Result<Option<(Place, Head)>, Error> {
        self.learn(path, documents)?;
        let at = self.blocks.partition_point(|place| place.first <= number).checked_sub(1);
        let Some(place) = at.and_then(|at| self.blocks.get(at).copied()) else { return Ok(None) };
        let head = self.head(path, place)?;
        Ok(head.filter(|head| number - place.first < u64::from(head.count)).map(|head| (place, head)))
    }

    /// The head of the block at a place; `None` where none stands there.
    fn head(&self, path: &Path, place: Place) -> Result<Option<Head>, Error> {
        let mut bytes = [0; HEAD_BYTES];
        let file = self.file.as_ref().ok_or_else(|| io::Error::other("it is not open"));
        match file.and_then(|file| file.read_exact_at(&mut bytes, place.offset)) {
            Ok(()) => Ok(Head::parse(&bytes).filter(|head| head.first == place.first)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    fn open(&mut self, path: &Path) -> Result<(), Error> {
        if self.file.is_none() {
            self.file = Some(File::open(path).map_err(Error::io("open", path))?);
        }
        Ok(())
    }

    /// Knows the blocks up to that many documents.
    fn learn(&mut self, path: &Path, documents: u64) -> Result<(), Error> {
        self.open(path)?;
        if self.is_scanned {
            return self.scan(path, documents);
        }
        if self.end.documents < documents {
            places::read_on(path.parent().unwrap_or(Path::new("")), &mut self.blocks);
            self.end.documents = documents;
        }
        Ok(())
    }

    /// Looks at the heads of the blocks up to that many documents.
    fn scan(&mut self, path: &Path, documents: u64) -> Result<(), Error> {
        self.open(path)?;
        if !self.is_scanned {
            (self.blocks, self.end, self.is_scanned) = (Vec::new(), ArchiveExtent::default(), true);
        }
        while self.end.documents < documents {
            let place = Place { first: self.end.documents, offset: self.end.bytes };
            let Some(head) = self.head(path, place)? else {
                let reason = format!("`{}` is damaged: a block has no head", path.display());
                return Err(Error::Search { reason });
            };
            self.blocks.push(place);
            self.end = end_of(place, &head);
        }
        Ok(())
    }

    fn packed(&self, place: Place, head: &Head) -> io::Result<Vec<u8>> {
        let file = self.file.as_ref().ok_or_else(|| io::Error::other("it is not open"))?;
        let mut packed = vec![0; head.packed as usize];
        file.read_exact_at(&mut packed, place.offset + HEAD_BYTES as u64)?;
        Ok(packed)
    }
}

/// Writes the file anew in the blocks of a sealed partition: the same documents with the same numbers. Readers that have the old file open go on with it. False where it does not pay.
pub fn pack(partition: &Path, documents: u64) -> Result<bool, Error> {
    let lines = LineFile::of(partition);
    let state = State::scanned(&lines.path, documents)?;
    let heads = state.blocks.iter().map(|place| state.head(&lines.path, *place));
    let heads: Vec<Head> = heads.collect::<Result<Option<Vec<_>>, _>>()?.unwrap_or_default();
    let small = heads.iter().filter(|head| !head.is_full(SEALED)).count();
    if small <= heads.len() / 8 + 1 {
        places::replace(partition, &state.blocks)?;
        return Ok(false);
    }
    let beside = partition.join(format!("{LINES}{UNFINISHED}"));
    let mut packed = Repacked::new(open_for_writing(&beside, true)?);
    let damaged = |error: super::codec::Unreadable| lines.damaged(&error.to_string());
    for (place, head) in state.blocks.iter().zip(&heads) {
        let bytes = state.packed(*place, head).map_err(Error::io("read", &lines.path))?;
        let block = head.unpack(&bytes).map_err(damaged)?;
        for at in 0..block.len() {
            let (form, line) = block.document(at).map_err(damaged)?;
            packed.push(form, line).map_err(Error::io("write", &beside))?;
        }
    }
    let places = packed.finish().map_err(Error::io("write", &beside))?;
    fs::rename(&beside, &lines.path).map_err(Error::io("replace", &lines.path))?;
    places::replace(partition, &places)?;
    sync_directory(partition)?;
    Ok(true)
}

/// A file that is written anew.
struct Repacked {
    file: File,
    builder: Builder,
    places: Vec<Place>,
    end: ArchiveExtent,
}

impl Repacked {
    fn new(file: File) -> Self {
        Self { file, builder: Builder::new(SEALED), places: Vec::new(), end: ArchiveExtent::default() }
    }

    fn push(&mut self, form: FormView<'_>, line: &str) -> io::Result<()> {
        self.builder.push(form, line);
        if self.builder.is_full() { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> io::Result<()> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let (bytes, count) = self.builder.finish(self.end.documents)?;
        self.file.write_all(&bytes)?;
        self.places.push(Place { first: self.end.documents, offset: self.end.bytes });
        self.end.documents += u64::from(count);
        self.end.bytes += to_u64(bytes.len());
        Ok(())
    }

    /// All is on the disk; where the blocks begin.
    fn finish(mut self) -> io::Result<Vec<Place>> {
        self.close_block()?;
        self.file.sync_all()?;
        Ok(self.places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> FormView<'static> {
        FormView { numbers: [1; 6], shape: b"s", lengths: b"l" }
    }

    /// An archive with `commits` times `each` lines; what each commit names.
    fn filled(folder: &Path, commits: u64, each: u64) -> Vec<ArchiveExtent> {
        let mut archive = Archive::create(folder).unwrap();
        let commit = |commit: u64| {
            for number in 0..each {
                let number = commit * each + number;
                assert_eq!(archive.push(form(), &format!("line {number}")).unwrap(), number);
            }
            archive.sync().unwrap()
        };
        (0..commits).map(commit).collect()
    }

    #[track_caller]
    fn check(folder: &Path, documents: u64) {
        let lines = LineFile::of(folder);
        for number in [documents - 1, 0, documents / 2] {
            let (block, at) = lines.block_of(number, documents).unwrap();
            assert_eq!(block.document(at).unwrap().1, format!("line {number}"));
        }
        assert!(lines.block_of(documents, documents).is_err());
        let checked = lines.check(documents).unwrap();
        assert_eq!((checked.documents, checked.damaged, checked.missing), (documents, 0, 0));
    }

    #[test]
    fn lines_are_found_by_number_over_many_commits() {
        let folder = tempfile::tempdir().unwrap();
        let extents = filled(folder.path(), 40, 25);
        assert_eq!(extents.last().unwrap().documents, 1_000);
        check(folder.path(), 1_000);
    }

    #[test]
    fn what_stands_behind_the_commit_is_cut_off_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let extents = filled(folder.path(), 3, 10);
        let mut archive = Archive::open(folder.path(), extents[1]).unwrap();
        assert_eq!(archive.push(form(), "line 20").unwrap(), 20);
        assert_eq!(archive.sync().unwrap().documents, 21);
        check(folder.path(), 21);
        let file = folder.path().join(LINES);
        fs::write(&file, &fs::read(&file).unwrap()[..40]).unwrap();
        assert!(matches!(Archive::open(folder.path(), extents[1]), Err(Error::Damaged { .. })));
    }

    #[test]
    fn packing_keeps_every_line_and_makes_the_file_smaller() {
        let folder = tempfile::tempdir().unwrap();
        let extents = filled(folder.path(), 200, 3);
        assert!(pack(folder.path(), 600).unwrap());
        let len = fs::metadata(folder.path().join(LINES)).unwrap().len();
        assert!(len * 3 < extents.last().unwrap().bytes, "{len} bytes");
        check(folder.path(), 600);
        assert!(!pack(folder.path(), 600).unwrap(), "there is nothing more to gain");
    }

    /// Whatever the list of places says, the lines are found.
    #[test]
    fn a_wrong_list_of_places_costs_time_and_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let extents = filled(folder.path(), 5, 10);
        let list = folder.path().join(places::PLACES);
        let good = fs::read(&list).unwrap();
        assert!(!LineFile::of(folder.path()).check(50).unwrap().misplaced);
        let mut shifted = good.clone();
        shifted[16 + 8] += 1;
        let wrong = [&[][..], &good[..40], &[0; 80], &shifted, &good[16..]];
        for bytes in wrong {
            fs::write(&list, bytes).unwrap();
            assert!(LineFile::of(folder.path()).check(50).unwrap().misplaced);
            check(folder.path(), 50);
            let mut archive = Archive::open(folder.path(), extents[2]).unwrap();
            assert_eq!(fs::read(&list).unwrap(), good[..48], "made anew for whoever writes on");
            assert_eq!(archive.push(form(), "line 30").unwrap(), 30);
            archive.sync().unwrap();
            check(folder.path(), 31);
            fs::remove_file(folder.path().join(LINES)).unwrap();
            filled(folder.path(), 5, 10);
        }
    }

    #[test]
    fn a_damaged_block_is_counted_and_costs_only_its_own_lines() {
        let folder = tempfile::tempdir().unwrap();
        let extents = filled(folder.path(), 3, 10);
        let file = folder.path().join(LINES);
        let mut bytes = fs::read(&file).unwrap();
        let at = usize::try_from(extents[0].bytes).unwrap() + HEAD_BYTES + 3;
        bytes[at] ^= 1;
        fs::write(&file, bytes).unwrap();
        let lines = LineFile::of(folder.path());
        assert_eq!(
            lines.check(30).unwrap(),
            Checked { blocks: 3, documents: 30, damaged: 10, ..Checked::default() }
        );
        assert!(lines.block_of(9, 30).is_ok());
        assert!(lines.block_of(10, 30).is_err());
        assert!(lines.block_of(20, 30).is_ok());
    }
}
