//! One tantivy index: the unit that is written, sealed and dropped whole.
//!
//! There is one partition today, the active one. The seam for more: a partition is a directory
//! whose name sorts by age, the writer owns the newest, readers open all.

use std::fs;
use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, IndexWriter};

use super::directory::{create_private, sync_directory};
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
        let settings = IndexSettings {
            docstore_compression: Compressor::Lz4,
            docstore_blocksize: 16 * 1024,
            ..IndexSettings::default()
        };
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

    pub fn writer(&self, threads: usize, heap_bytes: usize) -> Result<IndexWriter<Doc>, Error> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread(heap_bytes)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options).map_err(|error| Error::write(&error))?;
        let mut policy = LogMergePolicy::default();
        // Merging costs 30 % of indexing when segments grow without end; past this size they stay.
        policy.set_max_docs_before_merge(MERGED_DOCUMENTS);
        policy.set_del_docs_ratio_before_merge(0.5);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }
}

const MERGED_DOCUMENTS: usize = 1_000_000;

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

/// `p00000001`: other folders are not ours.
fn is_name(name: &str) -> bool {
    name.strip_prefix('p')
        .is_some_and(|number| number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit()))
}
