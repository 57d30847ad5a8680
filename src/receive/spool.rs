//! Files that hold what was received until the index does.
//!
//! A spool is a folder of segments, `0000000001.log` and so on: lines as they will be read. Beside each lies a
//! `.sum` file, one line for each time that the segment was made sure of: the bytes it then had, and a hash of
//! those since the time before. A new run begins a new segment, so that nothing is ever changed but appended to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::event::Cursor;

/// How much a spool may hold.
#[derive(Clone, Copy, Debug)]
pub struct SpoolLimits {
    /// A segment that has grown to this is followed by another.
    pub segment_bytes: u64,
    /// Beyond this nothing is taken.
    pub spool_bytes: u64,
    /// After so many ticks (seconds) a segment that holds anything is followed by another: what was received lies
    /// here as it came, secrets included, and goes with its segment.
    pub segment_ticks: u32,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, spool_bytes: 1 << 30, segment_ticks: 5 }
    }
}

/// There is no room, or none can be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error("{0} MiB wait for the index")]
    Waiting(u64),
    #[error("{0}")]
    Disk(#[from] io::Error),
}

/// Nothing was kept.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Full {
    reason: NoRoom,
    /// It was not so when something was to be kept before.
    pub(crate) is_news: bool,
}

/// Bytes of a segment that are not those that were received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) path: PathBuf,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// One folder of segments, of which the last is written.
pub struct Spool {
    folder: PathBuf,
    limits: SpoolLimits,
    sealed: Vec<SealedSegment>,
    active: Segment,
    number: u64,
    is_full: bool,
    /// Ticks since the segment that is written holds something.
    age: u32,
    /// Bytes of it that the last commit held.
    active_stored: u64,
    /// The last line says where to go on, and nothing else does yet.
    is_last_needed: bool,
}

/// A segment that is complete.
struct SealedSegment {
    path: PathBuf,
    /// In bytes.
    size: u64,
    /// A commit holds all of it.
    is_stored: bool,
}

struct Segment {
    path: PathBuf,
    log: File,
    sums: File,
    /// Bytes written.
    size: u64,
    /// Bytes that are certain to be on the disk.
    synced: u64,
    /// Of the bytes since then.
    hash: Xxh3,
}

impl Spool {
    /// Opens the spool of `folder`, and says what of the earlier runs is damaged. A line that was not
    /// received to its end is cut off.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(crate) fn open(folder: &Path, limits: SpoolLimits) -> io::Result<(Self, Vec<Damage>)> {
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder)?;
        let mut sealed = Vec::new();
        let mut damage = Vec::new();
        let mut number = 0;
        for (found, path) in segments(&folder)? {
            number = number.max(found);
            let size = cut_torn_end(&path)?;
            if size == 0 {
                remove(&path)?;
                continue;
            }
            damage.extend(verify(&path)?);
            sealed.push(SealedSegment { path, size, is_stored: false });
        }
        let active = Segment::create(&folder, number + 1)?;
        let spool = Self {
            folder,
            limits,
            sealed,
            active,
            number: number + 1,
            is_full: false,
            age: 0,
            active_stored: 0,
            is_last_needed: false,
        };
        Ok((spool, damage))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps whole lines, each with its line break. True when there had been no room before.
    ///
    /// # Errors
    /// When there is no room; then none of the lines is kept.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<bool, Full> {
        match self.try_append(lines) {
            Ok(()) => Ok(std::mem::take(&mut self.is_full)),
            Err(reason) => Err(Full { reason, is_news: !std::mem::replace(&mut self.is_full, true) }),
        }
    }

    fn try_append(&mut self, lines: &[u8]) -> Result<(), NoRoom> {
        let added = lines.len() as u64;
        let held = self.held_bytes();
        if held + added > self.limits.spool_bytes {
            return Err(NoRoom::Waiting(held >> 20));
        }
        if self.active.size > 0 && self.active.size + added > self.limits.segment_bytes {
            self.seal()?;
        }
        Ok(self.active.append(lines)?)
    }

    fn held_bytes(&self) -> u64 {
        self.sealed.iter().map(|segment| segment.size).sum::<u64>() + self.active.size
    }

    fn seal(&mut self) -> io::Result<()> {
        self.active.sync()?;
        let next = Segment::create(&self.folder, self.number + 1)?;
        self.number += 1;
        let Segment { path, size, .. } = std::mem::replace(&mut self.active, next);
        let is_stored = std::mem::take(&mut self.active_stored) >= size;
        self.age = 0;
        self.sealed.push(SealedSegment { path, size, is_stored });
        self.sweep();
        Ok(())
    }

    /// Removes what a commit holds. What cannot be removed is tried again.
    fn sweep(&mut self) {
        let newest = self.sealed.len().checked_sub(1);
        let kept = newest.filter(|_| self.is_last_needed && self.active.size == 0);
        let mut index = 0;
        self.sealed.retain(|segment| {
            let may_go = segment.is_stored && Some(index) != kept;
            index += 1;
            !(may_go && remove(&segment.path).is_ok())
        });
    }

    /// Makes sure of what was kept, and of a segment that grows old the last.
    pub(crate) fn tick(&mut self) -> io::Result<()> {
        self.sync()?;
        self.sweep();
        if self.active.size > 0 {
            self.age += 1;
        }
        if self.age >= self.limits.segment_ticks { self.seal() } else { Ok(()) }
    }

    /// Nothing is to be kept after this: all that lies here goes as soon as it is stored.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if self.active.size > 0 {
            self.seal()?;
        }
        remove(&self.active.path)
    }

    /// Whether the last line is still needed when it is stored.
    pub(crate) fn hold_last(&mut self, is_needed: bool) {
        self.is_last_needed = is_needed;
    }

    /// Everything that was kept is on the disk afterwards.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.active.sync()
    }

    /// Removes the segments that were read to their end, as these cursors of the last commit say.
    pub(crate) fn stored(&mut self, cursors: &[Cursor]) {
        for segment in &mut self.sealed {
            segment.is_stored |=
                cursors.iter().any(|cursor| cursor.path == segment.path && cursor.end >= segment.size);
        }
        let active = cursors.iter().filter(|cursor| cursor.path == self.active.path);
        self.active_stored = active.map(|cursor| cursor.end).max().unwrap_or(self.active_stored);
        self.sweep();
    }
}

/// Digits of the number that names a segment.
const NUMBER_DIGITS: usize = 10;

/// The folder of the spool, where `path` is named like a segment of one.
pub(super) fn folder_of_segment(path: &Path) -> Option<&Path> {
    let number = path.file_name()?.to_str()?.strip_suffix(".log")?;
    let is_number = number.len() == NUMBER_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    path.parent().filter(|_| is_number)
}

impl Segment {
    fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let path = folder.join(format!("{number:0NUMBER_DIGITS$}.log"));
        let new = |path: &Path| OpenOptions::new().append(true).create_new(true).open(path);
        let log = new(&path)?;
        let rest = || {
            let sums = new(&path.with_extension("sum"))?;
            File::open(folder)?.sync_all()?;
            Ok(sums)
        };
        match rest() {
            Ok(sums) => Ok(Self { path, log, sums, size: 0, synced: 0, hash: Xxh3::new() }),
            Err(error) => {
                // The next attempt makes the same file.
                drop(remove(&path));
                Err(error)
            }
        }
    }

    /// All of it, or none: what was written of it is taken back.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.log.write_all(lines) {
            Ok(()) => {
                self.size += lines.len() as u64;
                self.hash.update(lines);
                Ok(())
            }
            Err(error) => {
                self.log.set_len(self.size)?;
                Err(error)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.synced == self.size {
            return Ok(());
        }
        self.log.sync_data()?;
        let line = format!("{} {:016x}\n", self.size, self.hash.digest());
        self.sums.write_all(line.as_bytes())?;
        self.sums.sync_data()?;
        self.hash.reset();
        self.synced = self.size;
        Ok(())
    }
}

/// The segments of a folder, in the order in which they were written.
fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let Some(number) = number.filter(|_| is_log) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether anything waits in a folder to be stored.
pub(crate) fn holds_lines(folder: &Path) -> bool {
    let has_bytes = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    segments(folder).is_ok_and(|segments| segments.iter().any(|(_, path)| has_bytes(path)))
}

/// The last line of the newest segment that holds any.
pub(crate) fn last_line(folder: &Path) -> Option<Vec<u8>> {
    let newest = segments(folder).ok()?.into_iter().rev();
    newest.filter_map(|(_, path)| fs::read(path).ok()).find_map(|lines| {
        let end = lines.len().checked_sub(1)?;
        let line = lines.get(..end)?;
        let start = memchr::memrchr(b'\n', line).map_or(0, |at| at + 1);
        line.get(start..).map(<[u8]>::to_vec)
    })
}

/// Cuts off what follows the last line break; the size in bytes that remains.
fn cut_torn_end(path: &Path) -> io::Result<u64> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    let mut end = size;
    while end > 0 {
        let from = end.saturating_sub(64 << 10);
        let block = read_range(&file, from, end)?;
        if let Some(at) = memchr::memrchr(b'\n', &block) {
            end = from + at as u64 + 1;
            break;
        }
        end = from;
    }
    if end < size {
        file.set_len(end)?;
    }
    Ok(end)
}

/// The parts of a segment that are not as they were received. What was never made sure of is not known.
fn verify(path: &Path) -> io::Result<Vec<Damage>> {
    let sums = match fs::read(path.with_extension("sum")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        sums => sums?,
    };
    // Bytes that are no text any more name no sum, like a line that was not written to its end.
    let sums = String::from_utf8_lossy(&sums);
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut damage = Vec::new();
    let mut from = 0;
    for line in sums.lines() {
        // A last line that was not written to its end says nothing.
        let Some((to, sum)) = sum_of(line) else { break };
        let is_whole = to <= size && to >= from && xxh3_64(&read_range(&file, from, to)?) == sum;
        if !is_whole {
            damage.push(Damage { path: path.to_owned(), from, to });
        }
        from = to;
    }
    Ok(damage)
}

fn sum_of(line: &str) -> Option<(u64, u64)> {
    let (to, sum) = line.split_once(' ')?;
    let is_whole = sum.len() == 16;
    Some((to.parse().ok()?, u64::from_str_radix(sum, 16).ok().filter(|_| is_whole)?))
}

fn read_range(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    match fs::remove_file(path.with_extension("sum")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small() -> SpoolLimits {
        SpoolLimits { segment_bytes: 20, spool_bytes: 60, segment_ticks: 2 }
    }

    fn logs(folder: &Path) -> Vec<String> {
        segments(folder).unwrap().iter().map(|(_, path)| fs::read_to_string(path).unwrap()).collect()
    }

    fn cursor(path: PathBuf, end: u64) -> Cursor {
        Cursor { path, end, ..Cursor::default() }
    }

    #[test]
    fn segments_go_when_they_are_stored_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        for number in 0..4 {
            spool.append(format!("line number {number}\n").as_bytes()).unwrap();
        }
        assert_eq!(logs(folder.path()).len(), 4);
        let full = spool.append(b"a line too many\n").unwrap_err();
        assert!(full.is_news);
        assert!(!spool.append(b"a line too many\n").unwrap_err().is_news);
        let first = spool.folder().join("0000000001.log");
        spool.stored(&[cursor(first.clone(), 13)]);
        assert_eq!(logs(folder.path()).len(), 4);
        spool.stored(&[cursor(first, 14)]);
        assert_eq!(logs(folder.path()).len(), 3);
        assert!(spool.append(b"now there is\n").unwrap());
    }

    #[test]
    fn the_segment_that_is_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        spool.append(b"one\n").unwrap();
        spool.stored(&[cursor(spool.folder().join("0000000001.log"), 4)]);
        assert_eq!(logs(folder.path()), ["one\n"]);
    }

    #[test]
    fn what_is_stored_does_not_lie_in_the_spool_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        let first = spool.folder().join("0000000001.log");
        spool.tick().unwrap();
        spool.append(b"password=hunter2\n").unwrap();
        spool.stored(&[cursor(first.clone(), 17)]);
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), ["password=hunter2\n"]);
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), [""]);
        // One that is not stored yet goes when it is.
        spool.append(b"two\n").unwrap();
        spool.tick().unwrap();
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), ["two\n", ""]);
        spool.stored(&[cursor(spool.folder().join("0000000002.log"), 4)]);
        assert_eq!(logs(folder.path()), [""]);
    }

    #[test]
    fn what_says_where_to_go_on_stays_until_it_is_said_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        spool.hold_last(true);
        spool.append(b"entry\n").unwrap();
        spool.stored(&[cursor(spool.folder().join("0000000001.log"), 6)]);
        spool.tick().unwrap();
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), ["entry\n", ""]);
        assert_eq!(last_line(folder.path()).as_deref(), Some(b"entry".as_slice()));
        spool.append(b"next\n").unwrap();
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), ["next\n"]);
        spool.stored(&[cursor(spool.folder().join("0000000002.log"), 5)]);
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), ["next\n", ""]);
        spool.hold_last(false);
        spool.tick().unwrap();
        assert_eq!(logs(folder.path()), [""]);
    }

    #[test]
    fn at_the_end_only_what_is_not_stored_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        spool.append(b"password=hunter2\n").unwrap();
        spool.close().unwrap();
        assert!(holds_lines(folder.path()));
        assert_eq!(logs(folder.path()), ["password=hunter2\n"]);
        spool.stored(&[cursor(spool.folder().join("0000000001.log"), 17)]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!holds_lines(folder.path()));
    }

    #[test]
    fn what_was_received_is_there_after_a_restart_without_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        spool.append(b"one\n").unwrap();
        spool.sync().unwrap();
        spool.active.append(b"two, and the power f").unwrap();
        drop(spool);
        let (mut spool, damage) = Spool::open(folder.path(), small()).unwrap();
        spool.append(b"three\n").unwrap();
        assert_eq!(damage, []);
        assert_eq!(logs(folder.path()), ["one\n", "three\n"]);
    }

    #[test]
    fn bytes_that_changed_on_the_disk_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
        for line in [b"one\n", b"two\n", b"six\n"] {
            spool.append(line).unwrap();
            spool.sync().unwrap();
        }
        let path = spool.folder().join("0000000001.log");
        drop(spool);
        fs::write(&path, "one\ntwX\nsix\n").unwrap();
        let (_, damage) = Spool::open(folder.path(), small()).unwrap();
        assert_eq!(damage, [Damage { path, from: 4, to: 8 }]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Whatever the disk has made of both files: what is left are whole lines, and more can be received.
        #[test]
        fn any_bytes_in_the_folder_are_survived(
            segment in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n')], 0..80),
            sums in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                "([0-9]{1,20} [0-9a-f]{0,17}\n){0,4}".prop_map(String::into_bytes),
            ],
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
            spool.append(b"one\n").unwrap();
            let path = spool.folder().join("0000000001.log");
            drop(spool);
            fs::write(&path, &segment).unwrap();
            fs::write(path.with_extension("sum"), &sums).unwrap();
            let (mut spool, _) = Spool::open(folder.path(), small()).unwrap();
            spool.append(b"two\n").ok();
            let left = fs::read(&path).unwrap_or_default();
            prop_assert!(left.is_empty() || left.ends_with(b"\n"));
        }
    }
}
