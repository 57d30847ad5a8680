//! A partition among those of a reader: opened when the first question needs it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tantivy::{IndexReader, ReloadPolicy};

use super::archive::LineFile;
use super::error::Error;
use super::filter;
use super::guard::guarded;
use super::partition::Partition;
use super::payload::Payload;
use super::summary::SealedSummary;
use super::top::Times;
use super::view::{KeptColumns, View};

/// See the module.
pub struct Part {
    pub path: PathBuf,
    /// Of a sealed one.
    pub summary: Option<SealedSummary>,
    opened: Mutex<Option<Arc<Opened>>>,
}

struct Opened {
    partition: Partition,
    reader: IndexReader,
    columns: KeptColumns,
    view: ArcSwap<View>,
}

impl Part {
    /// The partition at `path`, not opened yet.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), summary: SealedSummary::read(path), opened: Mutex::default() }
    }

    /// The partition at `path`, opened, and its last commit.
    pub fn open(path: &Path) -> Result<(Self, Payload), Error> {
        let partition = Partition::open(path)?;
        let payload = partition.payload()?;
        Ok((Self::over(&partition, &payload)?, payload))
    }

    /// A partition that is open already.
    pub fn over(partition: &Partition, payload: &Payload) -> Result<Self, Error> {
        let part = Self { path: partition.path.clone(), summary: None, opened: Mutex::default() };
        let opened = Opened::new(partition.clone(), payload)?;
        *part.lock() = Some(Arc::new(opened));
        Ok(part)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Opened>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its newest view; `None` once the partition has been removed.
    pub fn view(&self) -> Result<Option<Arc<View>>, Error> {
        Ok(self.opened()?.map(|opened| opened.view.load_full()))
    }

    fn opened(&self) -> Result<Option<Arc<Opened>>, Error> {
        let mut held = self.lock();
        if let Some(opened) = &*held {
            return Ok(Some(Arc::clone(opened)));
        }
        let opened = Partition::open(&self.path).and_then(|partition| {
            let payload = partition.payload()?;
            Opened::new(partition, &payload)
        });
        match opened {
            Ok(opened) => Ok(Some(Arc::clone(held.insert(Arc::new(opened))))),
            Err(_) if !self.path.exists() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// There is a new commit.
    pub fn follow(&self, payload: &Payload) -> Result<(), Error> {
        match self.opened()? {
            Some(opened) => opened.follow(payload),
            None => Ok(()),
        }
    }

    /// Whether it may hold something of these times.
    pub fn may_meet(&self, times: Times) -> bool {
        let Some(summary) = &self.summary else { return true };
        summary.times.is_some_and(|of_all| times.meets(of_all))
    }

    /// Whether an event or alert in it may carry the correlation id with this term.
    pub fn may_hold_id(&self, term: &str) -> bool {
        self.summary.is_none() || filter::may_hold(&self.path, filter::hash(term.as_bytes()))
    }

    /// Files of the index that are not what was written. Reads all of them: minutes for a large store.
    ///
    /// # Errors
    /// [`Error::Search`] when files are missing or so short that not even their checksum is there.
    pub fn damaged_files(&self) -> Result<Vec<PathBuf>, Error> {
        guarded(|| {
            let Some(opened) = self.opened()? else { return Ok(Vec::new()) };
            let damaged =
                opened.partition.index.validate_checksum().map_err(|error| Error::search(&error))?;
            let mut damaged: Vec<_> = damaged.into_iter().map(|file| self.path.join(file)).collect();
            damaged.sort();
            Ok(damaged)
        })
    }
}

impl Opened {
    fn new(partition: Partition, payload: &Payload) -> Result<Self, Error> {
        let columns = KeptColumns::default();
        let (reader, view) = guarded(|| {
            let reader: IndexReader = partition
                .index
                .reader_builder()
                .reload_policy(ReloadPolicy::Manual)
                .doc_store_cache_num_blocks(0)
                .try_into()
                .map_err(|error| Error::search(&error))?;
            let lines = Arc::new(LineFile::of(&partition.path));
            let view = View::new(&reader, partition.fields, payload, &columns, lines)?;
            Ok((reader, view))
        })?;
        Ok(Self { partition, reader, columns, view: ArcSwap::from_pointee(view) })
    }

    fn follow(&self, payload: &Payload) -> Result<(), Error> {
        self.reader.reload().map_err(|error| Error::search(&error))?;
        let lines = self.view.load().lines();
        let view = View::new(&self.reader, self.partition.fields, payload, &self.columns, lines)?;
        self.view.store(Arc::new(view));
        Ok(())
    }
}
