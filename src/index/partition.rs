//! One tantivy index: the unit that is written, sealed and dropped whole.
//!
//! A partition is a directory whose name sorts by age. The writer owns the newest; the others are sealed: their
//! segments are merged into one, and nothing changes in them any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, IndexWriter, TantivyError};

use super::directory::{create_private, remove_unfinished, sync_directory};
use super::document::Doc;
use super::error::Error;
use super::payload::{Payload, PayloadError};
use super::schema::{self, Fields};

const META: &str = "meta.json";
const MANAGED: &str = ".managed.json";

/// An open index.
#[derive(Clone)]
pub struct Partition {
    pub path: PathBuf,
    pub index: Index,
    pub fields: Fields,
}

impl Partition {
    /// Creates an empty partition in a new directory.
    pub fn create(path: &Path) -> Result<Self, Error> {
        create_private(path)?;
        let (schema, fields) = schema::build();
        // What is shown stands in the archive; tantivy's store holds nothing.
        let settings = IndexSettings { docstore_compression: Compressor::Lz4, ..IndexSettings::default() };
        let directory = MmapDirectory::open(path).map_err(|error| refused(path, &error))?;
        let index = Index::create(directory, schema, settings).map_err(|error| refused(path, &error))?;
        schema::register(&index);
        sync_directory(path)?;
        Ok(Self { path: path.to_owned(), index, fields })
    }

    /// Opens an existing partition. A missing `meta.json` is never an empty index.
    ///
    /// # Errors
    /// [`Error::Lost`] without `meta.json`, [`Error::Damaged`] when it is unreadable or of another
    /// schema.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let meta = path.join(META);
        if !meta.exists() {
            return Err(Error::Lost { path: path.to_owned(), missing: meta });
        }
        let index = open_index(path)?;
        schema::register(&index);
        let (expected, fields) = schema::build();
        if index.schema() != expected {
            return Err(damaged(path, "it has other fields"));
        }
        Ok(Self { path: path.to_owned(), index, fields })
    }

    /// The position in the last commit.
    pub fn payload(&self) -> Result<Payload, Error> {
        let meta = self.index.load_metas().map_err(|error| refused(&self.path, &error))?;
        Payload::parse(meta.payload.as_deref())
            .map_err(|error: PayloadError| damaged(&self.path, &error.to_string()))
    }

    pub fn writer(&self, setting: WriterSetting) -> Result<IndexWriter<Doc>, Error> {
        let options = || {
            IndexWriterOptions::builder()
                .num_worker_threads(setting.threads)
                .memory_budget_per_thread(setting.heap_bytes)
                .num_merge_threads(1)
                .build()
        };
        let writer = once_unlocked(|| self.index.writer_with_options(options()));
        let writer = writer.map_err(|error| Error::write(&error))?;
        let mut policy = LogMergePolicy::default();
        policy.set_max_docs_before_merge(setting.merged_documents);
        policy.set_del_docs_ratio_before_merge(0.5);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }
}

/// Waits a moment for the lock of a writer that was given up: a child that has been forked and does not run its program yet
/// still holds it. Whoever else writes to the store is told by a lock of our own before.
fn once_unlocked<T>(mut open: impl FnMut() -> tantivy::Result<T>) -> tantivy::Result<T> {
    const TRIES: u32 = 100;
    for _ in 1..TRIES {
        match open() {
            Err(TantivyError::LockFailure(..)) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    open()
}

/// How tantivy writes.
#[derive(Clone, Copy, Debug)]
pub struct WriterSetting {
    pub threads: usize,
    /// Memory for terms in each thread.
    pub heap_bytes: usize,
    /// Segments of this many documents are left alone: merging costs 30 % of indexing when it is done again and again, and
    /// sealing makes one of all anyway.
    pub merged_documents: usize,
}

/// `.managed.json` only lists files for garbage collection: tantivy refuses to open when it is cut,
/// although all data is intact. Without it the index opens.
fn open_index(path: &Path) -> Result<Index, Error> {
    let first = match Index::open_in_dir(path) {
        Ok(index) => return Ok(index),
        Err(error) => error,
    };
    let managed = path.join(MANAGED);
    let readable =
        fs::read(&managed).is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    if readable || !managed.exists() {
        return Err(refused(path, &first));
    }
    fs::remove_file(&managed).map_err(Error::io("remove", &managed))?;
    Index::open_in_dir(path).map_err(|error| refused(path, &error))
}

/// What kept the index from being opened: the operating system, or what lies in the files.
fn refused(path: &Path, error: &(dyn std::error::Error + 'static)) -> Error {
    match super::error::refusal(error) {
        Some(source) => Error::io("open the index in", path)(source),
        None => damaged(path, &error.to_string()),
    }
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}

/// The partitions below `path`, oldest first.
pub fn list(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    if !path.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(path).map_err(Error::io("list", path))? {
        let entry = entry.map_err(Error::io("list", path))?;
        let is_ours = entry.file_name().to_str().is_some_and(is_name);
        if is_ours && entry.path().is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The partitions below `path` that hold a commit, oldest first. The newest may not yet: a crash while it was
/// being made leaves a folder without one, and then the one before, which says that it is sealed, is the newest.
///
/// # Errors
/// As [`list`].
pub fn list_begun(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = list(path)?;
    if let [.., before, newest] = found.as_slice()
        && is_unbegun(newest)
        && Partition::open(before).and_then(|it| it.payload()).is_ok_and(|it| it.sealed)
    {
        found.pop();
    }
    Ok(found)
}

/// Whether a partition has no commit and holds no document that could be lost.
pub fn is_unbegun(partition: &Path) -> bool {
    let has_commit = Partition::open(partition).and_then(|it| it.payload()).is_ok();
    !has_commit && holds_no_documents(partition)
}

fn holds_no_documents(partition: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(partition) else { return false };
    !entries.any(|entry| entry.map_or(true, |entry| entry.path().extension().is_some_and(|it| it == "store")))
}

/// Removes a partition. It disappears from the list at once, its files after that; a crash in between is
/// made good by [`remove_leftovers`].
pub fn remove(partition: &Path) -> Result<(), Error> {
    let name = partition.file_name().unwrap_or_default().to_string_lossy();
    let going = partition.with_file_name(format!("{GOING}{name}"));
    fs::rename(partition, &going).map_err(Error::io("remove", partition))?;
    fs::remove_dir_all(&going).map_err(Error::io("remove", &going))
}

/// Removes what [`remove`] did not get to, and files that a crash left half written on the way to their names. Call it while
/// nobody writes.
pub fn remove_leftovers(path: &Path) {
    let Ok(entries) = fs::read_dir(path) else { return };
    // What cannot be removed costs space and nothing else.
    for entry in entries.flatten() {
        match entry.file_name().to_string_lossy() {
            name if name.starts_with(GOING) => drop(fs::remove_dir_all(entry.path())),
            name if is_name(&name) => remove_unfinished(&entry.path()),
            _ => {}
        }
    }
}

const GOING: &str = "removed-";

/// The name after that of `newest`.
pub fn next_name(newest: Option<&Path>) -> String {
    let number = newest.and_then(|path| path.file_name()?.to_str()?.strip_prefix('p')?.parse::<u64>().ok());
    format!("p{:08}", number.unwrap_or_default() + 1)
}

/// `p00000001`: other folders are not ours.
fn is_name(name: &str) -> bool {
    name.strip_prefix('p')
        .is_some_and(|number| number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit()))
}
