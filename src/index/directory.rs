//! The data directory: who may use it, what was promised about it, and files that are replaced
//! whole.
//!
//! ```text
//! DIR/                         0700
//!   soctop-store.json          format and instance: "this directory was initialised"
//!   lock                       held while a writer lives; names its process
//!   position.json              copy of the last payload, for when the index cannot be opened
//!   cursors-<epoch>.json       cursors too many for the payload
//!   detection-<epoch>.bin      detection state
//!   redaction.key              of the pseudonyms
//!   decisions.ndjson           what people decided
//!   spool/<listener>/          what is received and not stored yet
//!   reserve                    space that is given up when the disk is full
//!   partitions/p<number>/      tantivy, and
//!     lines.blocks             the lines
//!     ids.filter, summary.json of a sealed one
//!   quarantine-<epoch>/        what was damaged and put aside
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use serde::{Deserialize, Serialize};

use super::error::Error;

/// Version of everything on disk: layout, schema, stored records. 3: lines in blocks beside the index. 4: terms in
/// packed blocks.
pub const FORMAT: u32 = 4;

const MARKER: &str = "soctop-store.json";
const LOCK: &str = "lock";
/// Copy of the last payload.
pub const POSITION: &str = "position.json";
const PARTITIONS: &str = "partitions";
/// Space for the last commit before the disk is full; no part of what is stored.
pub const RESERVE: &str = "reserve";
/// What a file ends with that is being written, until it gets its name.
pub const UNFINISHED: &str = ".new";

/// What the marker file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub format: u32,
    /// Random name of this store, also in every payload.
    pub instance: String,
}

/// An existing data directory.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// Held by the one writer; the kernel releases it when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Directory {
    /// Opens the directory for a writer, creating it with mode 0700.
    pub fn create(path: &Path) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::io("create the data directory", path))?;
        let directory = Self { path: path.to_owned() };
        directory.check_permissions()?;
        Ok(directory)
    }

    /// Opens the directory for a reader.
    pub fn existing(path: &Path) -> Result<Self, Error> {
        if !path.join(MARKER).exists() {
            return Err(Error::NotAStore { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn partitions(&self) -> PathBuf {
        self.path.join(PARTITIONS)
    }

    /// Another user who can write here could replace the index under us.
    fn check_permissions(&self) -> Result<(), Error> {
        let metadata =
            fs::metadata(&self.path).map_err(Error::io("look at the data directory", &self.path))?;
        let mode = metadata.permissions().mode() & 0o7777;
        self.check_owner(&metadata)?;
        if mode & 0o022 == 0 {
            return Ok(());
        }
        if self.is_empty() {
            return fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700))
                .map_err(Error::io("restrict the data directory", &self.path));
        }
        Err(Error::Insecure { path: self.path.clone(), mode })
    }

    /// Whoever owns the folder, or the link that leads to it, could put another in its place.
    fn check_owner(&self, folder: &fs::Metadata) -> Result<(), Error> {
        let own = rustix::process::geteuid().as_raw();
        let link = fs::symlink_metadata(&self.path).map_err(Error::io("look at", &self.path))?;
        let foreign = [folder.uid(), link.uid()].into_iter().find(|uid| *uid != own && *uid != 0);
        match foreign {
            Some(owner) => Err(Error::Foreign { path: self.path.clone(), owner }),
            None => Ok(()),
        }
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none())
    }

    /// Takes the writer's lock or says who has it.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.path.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(Error::Locked { path: self.path.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
        }
        let named = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", process::id()));
        named.map_err(Error::io("write", &path))?;
        Ok(Lock { _file: file })
    }

    /// The process that writes, if there is one.
    pub fn holder(&self) -> Option<u32> {
        let mut file = File::open(self.path.join(LOCK)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).ok()?;
                text.trim().parse().ok()
            }
            _ => None,
        }
    }

    /// The marker, if the directory was ever initialised.
    pub fn marker(&self) -> Result<Option<Marker>, Error> {
        let path = self.path.join(MARKER);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let marker: Marker = serde_json::from_str(&text).map_err(|error| Error::Damaged {
            path: self.path.clone(),
            reason: format!("`{MARKER}` is not readable: {error}"),
        })?;
        if marker.format != FORMAT {
            return Err(Error::Format { path: self.path.clone(), found: marker.format, expected: FORMAT });
        }
        Ok(Some(marker))
    }

    pub fn write_marker(&self, marker: &Marker) -> Result<(), Error> {
        let text = serde_json::to_vec(marker).map_err(|error| Error::form(&error))?;
        self.replace(MARKER, &text)
    }

    /// Replaces a file whole and durably: written beside, synced, renamed, directory synced.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_beside(&self.path, name, bytes, true)?;
        self.sync()
    }

    /// Replaces a file whole, without waiting for the disk: for copies that nothing relies on.
    pub fn replace_lazily(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_beside(&self.path, name, bytes, false)
    }

    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.path.join(name);
        fs::read(&path).map_err(Error::io("read", &path))
    }

    /// Removes side files of commits before the ones named in `keep`.
    pub fn remove_side_files(&self, keep: &[&str]) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let side_file = name.starts_with("cursors-") || name.starts_with("detection-");
            if side_file && !keep.contains(&name) {
                // Left behind, it costs a little space and nothing else.
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Makes renames in the directory durable.
    pub fn sync(&self) -> Result<(), Error> {
        sync_directory(&self.path)
    }
}

/// Replaces a file whole in a folder below the data directory; the folder is to be synced afterwards.
pub fn replace_in(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    write_beside(folder, name, bytes, true)
}

fn write_beside(folder: &Path, name: &str, bytes: &[u8], sync: bool) -> Result<(), Error> {
    let beside = folder.join(format!("{name}{UNFINISHED}"));
    let path = folder.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(Error::io("create", &beside))?;
    file.write_all(bytes).map_err(Error::io("write", &beside))?;
    if sync {
        file.sync_all().map_err(Error::io("sync", &beside))?;
    }
    fs::rename(&beside, &path).map_err(Error::io("replace", &path))
}

/// Removes files that a crash left half written on the way to their names. Call it while nobody writes.
pub fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // The former are tantivy's.
        if name.starts_with(".tmp") || name.ends_with(UNFINISHED) {
            // What cannot be removed costs space and nothing else.
            drop(fs::remove_file(entry.path()));
        }
    }
}

pub fn sync_directory(path: &Path) -> Result<(), Error> {
    let directory = File::open(path).map_err(Error::io("open", path))?;
    directory.sync_all().map_err(Error::io("sync", path))
}

/// A directory only we can look into.
pub fn create_private(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("create", path))
}

/// Bytes of all files below `path`, without the reserve.
pub fn disk_bytes(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .filter(|entry| entry.file_name() != RESERVE)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
