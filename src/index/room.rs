//! Whether there is room on the disk. Writing pauses before a disk is full, for a full one fails in the middle of
//! something and takes others down with it; a file held in reserve is given up to let the last commit through.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::directory::RESERVE;

/// What is free on a file system for those who are not its administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub total_bytes: u64,
    pub free_bytes: u64,
    /// Files that can still be made; `None` where the file system has no such limit.
    pub free_files: Option<u64>,
}

impl Space {
    /// Of the file system that holds `path`.
    ///
    /// # Errors
    /// When it does not say.
    pub fn of(path: &Path) -> io::Result<Self> {
        let stat = statvfs(path)?;
        Ok(Self {
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            free_files: (stat.f_files > 0).then_some(stat.f_favail),
        })
    }
}

/// Why writing pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    Bytes { left: u64, kept: u64 },
    Files { left: u64 },
}

impl fmt::Display for Shortage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bytes { left, kept } => {
                let [left, kept] = [left, kept].map(|bytes| bytes / 1_000_000);
                write!(
                    out,
                    "disk nearly full: {left} MB left on the file system of the data directory, {kept} MB are kept free; \
                     reading waits"
                )
            }
            Self::Files { left } => write!(
                out,
                "disk nearly full: only {left} more files can be made on the file system of the data directory (it has \
                 no free inodes); reading waits"
            ),
        }
    }
}

impl Shortage {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Bytes { .. } => {
                "free some space, let old events go with `--max-size`, or keep less free with `--keep-free`; nothing is \
                 lost: logs are read on when there is room"
            }
            Self::Files { .. } => {
                "remove some files, or name a directory on another file system with `--data-dir`; nothing is lost: logs \
                 are read on when there is room"
            }
        }
    }
}

/// Kept free unless something else is said: a twentieth, within these bounds, and never more than a quarter.
const LEAST_KEPT: u64 = 8 << 20;
const MOST_KEPT: u64 = 512 << 20;
/// A commit makes some dozen files, a merge as many.
const FILES_KEPT: u64 = 64;
/// The reserve is this part of what is kept free, and no larger than this.
const RESERVED_PART: u64 = 8;
const MOST_RESERVED: u64 = 8 << 20;
/// Once paused, this part more must be free, or writing would stop again at once.
const RETURN_PART: u64 = 4;

type MeasureDisk = Box<dyn Fn(&Path) -> io::Result<Space> + Send>;

/// The room for a data directory.
pub struct DiskRoom {
    folder: PathBuf,
    kept: Option<u64>,
    measure: MeasureDisk,
}

impl DiskRoom {
    /// `kept` bytes stay free; without a number, what is right for the file system.
    #[must_use]
    pub fn of(folder: &Path, kept: Option<u64>) -> Self {
        Self::measured(folder, kept, Box::new(Space::of))
    }

    fn measured(folder: &Path, kept: Option<u64>, measure: MeasureDisk) -> Self {
        Self { folder: folder.to_owned(), kept, measure }
    }

    /// Why `waiting` bytes should not be written now. A file system that does not say how much is free has room.
    #[must_use]
    pub fn shortage(&self, waiting: u64) -> Option<Shortage> {
        self.beyond(|kept| kept.saturating_add(waiting))
    }

    /// After a pause: why it goes on.
    #[must_use]
    pub fn still_short(&self) -> Option<Shortage> {
        self.beyond(|kept| kept + kept / RETURN_PART)
    }

    fn beyond(&self, needed: impl Fn(u64) -> u64) -> Option<Shortage> {
        let space = (self.measure)(&self.folder).ok()?;
        let kept = self.kept(space);
        match space.free_files {
            _ if space.free_bytes < needed(kept) => Some(Shortage::Bytes { left: space.free_bytes, kept }),
            Some(left) if kept > 0 && left < FILES_KEPT => Some(Shortage::Files { left }),
            _ => None,
        }
    }

    fn kept(&self, space: Space) -> u64 {
        let usual = || (space.total_bytes / 20).clamp(LEAST_KEPT, MOST_KEPT).min(space.total_bytes / 4);
        self.kept.unwrap_or_else(usual)
    }

    /// Takes the reserve from what is free, where there is enough. Without one all else works.
    pub fn hold_reserve(&self) {
        let Ok(space) = (self.measure)(&self.folder) else { return };
        let kept = self.kept(space);
        let size = (kept / RESERVED_PART).min(MOST_RESERVED);
        let path = self.folder.join(RESERVE);
        let held = fs::metadata(&path).map_or(0, |it| it.len());
        if size == 0 || held == size || space.free_bytes < kept.saturating_add(size) {
            return;
        }
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let taken = options.and_then(|file| Ok(fallocate(&file, FallocateFlags::empty(), 0, size)?));
        if taken.is_err() {
            self.give_up_reserve();
        }
    }

    /// Gives the reserve back to the file system.
    pub fn give_up_reserve(&self) {
        // Where there is none there is nothing to give up.
        drop(fs::remove_file(self.folder.join(RESERVE)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const MIB: u64 = 1 << 20;

    /// A file system of `total` bytes whose free space a test sets.
    fn room(total_bytes: u64, kept: Option<u64>) -> (tempfile::TempDir, DiskRoom, Arc<AtomicU64>) {
        let folder = tempfile::tempdir().expect("a folder");
        let free = Arc::new(AtomicU64::new(total_bytes));
        let shown = Arc::clone(&free);
        let measure = move |_: &Path| {
            let free_bytes = shown.load(Ordering::Relaxed);
            Ok(Space { total_bytes, free_bytes, free_files: Some(1_000) })
        };
        let room = DiskRoom::measured(folder.path(), kept, Box::new(measure));
        (folder, room, free)
    }

    #[test]
    fn what_waits_to_be_written_counts_as_written() {
        let (_folder, room, free) = room(1_000 * MIB, None);
        free.store(60 * MIB, Ordering::Relaxed);
        assert_eq!(room.shortage(10 * MIB), None);
        let shortage = room.shortage(11 * MIB).expect("50 MiB are kept free");
        assert_eq!(shortage, Shortage::Bytes { left: 60 * MIB, kept: 50 * MIB });
    }

    #[test]
    fn a_pause_ends_where_the_next_would_not_begin_at_once() {
        let (_folder, room, free) = room(1_000 * MIB, None);
        free.store(51 * MIB, Ordering::Relaxed);
        assert_eq!(room.shortage(0), None);
        assert!(room.still_short().is_some());
        free.store(63 * MIB, Ordering::Relaxed);
        assert_eq!(room.still_short(), None);
    }

    #[test]
    fn small_and_large_file_systems_keep_what_suits_them() {
        for (total, kept) in [(20 * MIB, 5 * MIB), (64 * MIB, 8 * MIB), (1_000_000 * MIB, 512 * MIB)] {
            let (_folder, room, free) = room(total, None);
            free.store(kept, Ordering::Relaxed);
            assert_eq!(room.shortage(0), None, "{total}");
            free.store(kept - 1, Ordering::Relaxed);
            assert_eq!(room.shortage(0), Some(Shortage::Bytes { left: kept - 1, kept }), "{total}");
        }
    }

    #[test]
    fn whoever_keeps_nothing_free_is_never_short() {
        let (folder, room, free) = room(1_000 * MIB, Some(0));
        free.store(0, Ordering::Relaxed);
        assert_eq!(room.shortage(0), None);
        room.hold_reserve();
        assert!(!folder.path().join(RESERVE).exists());
    }

    #[test]
    fn the_reserve_is_taken_where_there_is_room_and_given_up() {
        let (folder, room, free) = room(1_000 * MIB, Some(8 * MIB));
        free.store(8 * MIB, Ordering::Relaxed);
        room.hold_reserve();
        assert!(!folder.path().join(RESERVE).exists(), "there is no room for it");
        free.store(20 * MIB, Ordering::Relaxed);
        room.hold_reserve();
        assert_eq!(fs::metadata(folder.path().join(RESERVE)).map(|it| it.len()).ok(), Some(MIB));
        room.give_up_reserve();
        assert!(!folder.path().join(RESERVE).exists());
    }

    #[test]
    fn files_may_run_out_before_bytes_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let space = Space { total_bytes: 1_000 * MIB, free_bytes: 900 * MIB, free_files: Some(12) };
        let room = DiskRoom::measured(folder.path(), None, Box::new(move |_| Ok(space)));
        let shortage = room.shortage(0).expect("only 12 files can be made");
        assert!(shortage.to_string().contains("only 12 more files"), "{shortage}");
    }

    #[test]
    fn a_file_system_that_does_not_answer_has_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let room = DiskRoom::measured(folder.path(), None, Box::new(|_| Err(io::Error::other("no answer"))));
        assert_eq!(room.shortage(u64::MAX), None);
    }

    #[test]
    fn the_file_system_of_a_folder_is_measured() {
        let folder = tempfile::tempdir().expect("a folder");
        let space = Space::of(folder.path()).expect("it says how much is free");
        assert!(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
    }
}
