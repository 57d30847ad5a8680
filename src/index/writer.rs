//! The one writer of a store: adds documents, makes them durable together with the position that
//! produced them, and survives its own failures.
//!
//! Crash-only (see `ARCHITECTURE.md`): after any error the tantivy writer is dropped at once, which
//! also stops its merges from publishing; nothing is rolled back, no sync is repeated. Documents
//! since the last commit are held in memory, so that reopening writes them again under the same
//! epoch. A merge that finished in between may have published some of them under the old payload:
//! opening deletes every document whose epoch lies above the payload's before anything is added.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, mem};

use tantivy::IndexWriter;
use tantivy::collector::Count;
use tantivy::indexer::UserOperation;

use super::archive::{Archive, ArchiveExtent};
use super::cursor_file::CursorFile;
use super::directory::{
    Directory, FORMAT, Lock, Marker, POSITION, disk_bytes, remove_unfinished, sync_directory,
};
use super::document::{Contents, Doc, Draft};
use super::error::Error;
use super::guard::guarded;
use super::part::Part;
use super::partition::{self, Partition, WriterSetting};
use super::payload::{Detection, DetectionReference, FileReference, Payload, Position, Retired};
use super::queue::Queue;
use super::reader::Reader;
use super::schema::Fields;
use super::seal::Sealing;
use super::summary::SealedSummary;
use super::view::Counts;
use crate::alert::Alert;
use crate::event::number::to_u64;
use crate::event::{Gap, HOUR, PathNames, Redacted, Timestamp};

/// How a store is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Indexing threads. One follows any live log; two fill two cores when reading in bulk.
    pub threads: usize,
    /// Memory for terms in each thread; more is not faster.
    pub heap_bytes: usize,
    /// Documents since the last commit are held up to this size, to be written again after a
    /// failure. Beyond it a failure means reading again from the committed cursors.
    pub hold_bytes: usize,
    /// A partition is sealed when it holds this many documents.
    pub partition_documents: u64,
    /// Segments of so many documents are not merged before that.
    pub merged_documents: usize,
}

impl Options {
    fn setting(&self) -> WriterSetting {
        let Self { threads, heap_bytes, merged_documents, .. } = *self;
        WriterSetting { threads, heap_bytes, merged_documents }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 1,
            heap_bytes: 64 << 20,
            hold_bytes: 32 << 20,
            partition_documents: 1_000_000,
            merged_documents: 50_000,
        }
    }
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The directory was empty.
    pub fresh: bool,
    /// Documents that a failed commit had left behind and that were deleted.
    pub trimmed: u64,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    pub epoch: u64,
    /// Documents (events, alerts, gaps) that became durable with it.
    pub documents: u64,
}

/// The writer; there is one for each data directory at a time, in all processes.
pub struct Writer {
    directory: Directory,
    partition: Partition,
    options: Options,
    state: State,
    payload: Payload,
    recovered: Recovered,
    reader: Reader,
    draft: Draft,
    batch: Batch,
    queue: Arc<Queue>,
    held: Held,
    cursor_file: CursorFile,
    /// Not yet committed: a snapshot of a commit that failed.
    detection: Option<Detection>,
    alerts_next: u64,
    _lock: Lock,
}

enum State {
    Working(Box<Outlets>),
    Degraded {
        reason: String,
        /// Commits to let pass before the next attempt, and how many were let pass for this one.
        wait: u32,
        waited: u32,
    },
}

/// What is written to: the index, and the lines beside it.
struct Outlets {
    index: IndexWriter<Doc>,
    archive: Archive,
    fields: Fields,
}

/// Longest pause between attempts to reopen, counted in commits.
const MAX_WAIT: u32 = 32;

impl Writer {
    /// Opens or creates the store in `path` for writing; the reader sees every commit.
    ///
    /// # Errors
    /// [`Error::Locked`] while another process writes; [`Error::Lost`] when the store was
    /// initialised but its index is gone; [`Error::Damaged`] when it cannot be read;
    /// [`Error::Insecure`] when others may write to the directory; [`Error::Format`].
    pub fn open(path: &Path, options: Options) -> Result<Self, Error> {
        let directory = Directory::create(path)?;
        let lock = directory.lock()?;
        // Not when it is made anew after an error: a partition may be sealed at the time.
        remove_unfinished(directory.path());
        partition::remove_leftovers(&directory.partitions());
        let (partition, payload, fresh) = open_newest(&directory, options)?;
        let (ends, trimmed) = open_ends(&partition, options, &payload)?;
        let sealed = partition::list(&directory.partitions())?.into_iter().filter(|it| *it != partition.path);
        let parts = sealed.map(|path| Part::at(&path)).chain([Part::over(&partition, &payload)?]);
        let parts = parts.map(Arc::new).collect();
        let reader = Reader::over(parts, payload.clone());
        Ok(Self {
            alerts_next: payload.alerts_next,
            directory,
            partition,
            options,
            state: State::Working(Box::new(ends)),
            payload,
            recovered: Recovered { fresh, trimmed },
            reader,
            draft: Draft::default(),
            batch: Batch::default(),
            queue: Arc::default(),
            held: Held::default(),
            cursor_file: CursorFile::default(),
            detection: None,
            _lock: lock,
        })
    }

    /// A reader of this store that sees every commit as soon as [`Writer::commit`] returns.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// The last commit: where reading and detection continue.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Why writing does not work at the moment; it is tried again with every few commits.
    #[must_use]
    pub fn degraded(&self) -> Option<&str> {
        match &self.state {
            State::Working(_) => None,
            State::Degraded { reason, .. } => Some(reason),
        }
    }

    /// Documents added since the last commit.
    #[must_use]
    pub fn uncommitted(&self) -> u64 {
        self.held.documents
    }

    /// Bytes of memory that they take until they are committed.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.bytes
    }

    /// Bytes of the store on disk.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        disk_bytes(self.directory.path())
    }

    /// Adds an event. Blocks while the queue to the indexing threads is full.
    ///
    /// # Errors
    /// [`Error::Full`] while writing fails and no more can be held: stop reading and commit again
    /// later. [`Error::Rewind`]: read again from the committed cursors, with a new writer.
    pub fn add_event(&mut self, event: &Redacted, names: &PathNames, source: &str) -> Result<(), Error> {
        let epoch = self.epoch();
        let contents = Contents::event(&mut self.draft, event, names, source, epoch);
        self.add(contents)
    }

    /// Adds one state of an alert. Errors as [`Writer::add_event`].
    pub fn add_alert(&mut self, alert: &Alert) -> Result<(), Error> {
        let contents = Contents::alert(alert, self.alerts_next, self.epoch())?;
        self.alerts_next += 1;
        self.add(contents)
    }

    /// Adds a gap found at `at`. Errors as [`Writer::add_event`].
    pub fn add_gap(&mut self, gap: &Gap, at: Timestamp) -> Result<(), Error> {
        let contents = Contents::gap(gap, at, self.alerts_next, self.epoch())?;
        self.alerts_next += 1;
        self.add(contents)
    }

    /// Makes everything added so far durable together with `position`, and visible to readers.
    ///
    /// # Errors
    /// Any error leaves the store as it was at the last commit, and the writer degraded; what was
    /// added is kept and written again by a later commit, unless the error is [`Error::Rewind`].
    pub fn commit(&mut self, position: Position) -> Result<Committed, Error> {
        self.ensure_working()?;
        match self.try_commit(position) {
            Ok(committed) => Ok(committed),
            Err(error) => {
                self.held.attempted = self.held.contents.len();
                Err(self.fail(&describe(&error)))
            }
        }
    }

    /// While degraded, tries to write again without committing: what is held goes back to the
    /// indexing threads. For callers that are in the middle of something and have no position to
    /// commit yet.
    ///
    /// # Errors
    /// While it still does not work; [`Error::Rewind`] as in [`Writer::commit`].
    pub fn recover(&mut self) -> Result<(), Error> {
        self.ensure_working()
    }

    /// The next attempt to write is made at once, however short a time ago one failed: for the end, after which nobody
    /// tries again.
    pub fn wait_no_longer(&mut self) {
        if let State::Degraded { wait, .. } = &mut self.state {
            *wait = 0;
        }
    }

    /// Waits for running merges, then closes. Only for orderly ends; dropping is always safe.
    pub fn close(self) -> Result<(), Error> {
        match self.state {
            State::Working(ends) => ends.index.wait_merging_threads().map_err(|error| Error::write(&error)),
            State::Degraded { .. } => Ok(()),
        }
    }

    /// The detection state of the last commit, if there is one and its file is what was written.
    #[must_use]
    pub fn detection(&self) -> Option<Detection> {
        let reference = self.payload.detection.as_ref()?;
        let packed = self.directory.read(&reference.file.name).ok()?;
        let packed = reference.file.fits(&packed).then_some(packed)?;
        Some(Detection { packed, rules: reference.rules.clone(), seq: reference.seq })
    }

    fn epoch(&self) -> u64 {
        self.payload.epoch + 1
    }

    fn add(&mut self, contents: Contents) -> Result<(), Error> {
        if let State::Degraded { reason, .. } = &self.state {
            if self.held.lost {
                return Err(Error::Rewind { reason: reason.clone() });
            }
            if self.held.bytes + contents.bytes() > self.options.hold_bytes {
                return Err(Error::Full { held: self.held.contents.len(), reason: reason.clone() });
            }
        }
        let contents = Arc::new(contents);
        self.held.push(&contents, self.options.hold_bytes);
        if !matches!(self.state, State::Working(_)) {
            return Ok(());
        }
        self.batch.push(contents);
        if self.batch.is_full() {
            self.send_batch()?;
        }
        Ok(())
    }

    fn send_batch(&mut self) -> Result<(), Error> {
        let State::Working(ends) = &mut self.state else { return Ok(()) };
        match ends.send(mem::take(&mut self.batch), &self.queue) {
            Ok(()) => Ok(()),
            Err(error) => match self.fail(&describe(&error)) {
                Error::Rewind { reason } => Err(Error::Rewind { reason }),
                // Everything is held and will be written again.
                _ => Ok(()),
            },
        }
    }

    fn try_commit(&mut self, mut position: Position) -> Result<Committed, Error> {
        let documents = self.held.documents;
        if let Some(detection) = position.detection.take() {
            self.detection = Some(detection);
        }
        let mut payload = self.write_side_files(position)?;
        let State::Working(ends) = &mut self.state else {
            return Err(Error::Write { reason: "not open".to_owned() });
        };
        ends.send(mem::take(&mut self.batch), &self.queue)?;
        payload.archive = ends.archive.sync()?;
        let text = commit_payload(&mut ends.index, &payload)?;
        sync_directory(&self.partition.path)?;
        self.committed(payload, &text);
        Ok(Committed { epoch: self.payload.epoch, documents })
    }

    fn committed(&mut self, payload: Payload, text: &str) {
        self.payload = payload;
        self.held = Held::default();
        self.detection = None;
        // Copies and leftovers: nothing relies on them, the next commit tries again.
        drop(self.directory.replace_lazily(POSITION, text.as_bytes()));
        let keep = [self.payload.cursors_file.as_ref(), self.payload.detection.as_ref().map(|it| &it.file)];
        let keep: Vec<&str> = keep.into_iter().flatten().map(|file| file.name.as_str()).collect();
        self.directory.remove_side_files(&keep);
        // A reader that cannot follow keeps its older view; the commit stands.
        drop(self.reader.follow(&self.payload));
    }

    fn write_side_files(&mut self, position: Position) -> Result<Payload, Error> {
        let epoch = self.epoch();
        let mut payload = Payload {
            epoch,
            instance: self.payload.instance.clone(),
            seq_next: position.seq_next,
            alerts_next: self.alerts_next,
            cursors: position.cursors,
            told: Vec::new(),
            cursors_file: None,
            read_to: position.read_to.or(self.payload.read_to),
            ledger: position.ledger,
            detection: self.payload.detection.clone(),
            outbox_done: position.outbox_done,
            unread: position.unread,
            archive: self.payload.archive,
            sealed: false,
            began: self.payload.began.or(position.read_to),
            retired: self.payload.retired,
        };
        (payload.told, payload.cursors_file) =
            self.cursor_file.write(&payload.cursors, &self.directory, epoch)?;
        if let Some(detection) = &self.detection {
            let file = FileReference::of(format!("detection-{epoch}.bin"), &detection.packed);
            self.directory.replace(&file.name, &detection.packed)?;
            let (rules, seq) = (detection.rules.clone(), detection.seq);
            payload.detection = Some(DetectionReference { file, rules, seq });
        }
        Ok(payload)
    }

    /// Drops the tantivy writer and says what the failure means for the caller.
    fn fail(&mut self, reason: &str) -> Error {
        let wait = match &self.state {
            State::Degraded { wait, .. } => (wait * 2).clamp(1, MAX_WAIT),
            State::Working(_) => 0,
        };
        self.state = State::Degraded { reason: reason.to_owned(), wait, waited: 0 };
        self.batch = Batch::default();
        let reason = reason.to_owned();
        if self.held.lost { Error::Rewind { reason } } else { Error::Write { reason } }
    }

    fn ensure_working(&mut self) -> Result<(), Error> {
        let State::Degraded { reason, wait, waited } = &mut self.state else { return Ok(()) };
        if self.held.lost {
            return Err(Error::Rewind { reason: reason.clone() });
        }
        if *waited < *wait {
            *waited += 1;
            return Err(Error::Write { reason: reason.clone() });
        }
        self.reopen().map_err(|error| self.fail(&describe(&error)))
    }

    /// Opens the store as after a crash, then adds again what was held.
    fn reopen(&mut self) -> Result<(), Error> {
        let held_epoch = self.epoch();
        if let State::Working(_) = self.state {
            self.state = State::Degraded { reason: "reopening".to_owned(), wait: 0, waited: 0 };
        }
        if !self.partition.path.exists() {
            let path = self.partition.path.clone();
            return Err(Error::Lost { missing: path.clone(), path });
        }
        let (partition, payload, _) = open_newest(&self.directory, self.options)?;
        let (mut ends, _) = open_ends(&partition, self.options, &payload)?;
        if payload.epoch >= held_epoch {
            // The commit that reported an error had become durable after all.
            self.held.forget_attempted(payload.epoch + 1);
        }
        for contents in &self.held.contents {
            self.batch.push(Arc::clone(contents));
            if self.batch.is_full() {
                ends.send(mem::take(&mut self.batch), &self.queue)?;
            }
        }
        if partition.path != self.partition.path {
            self.reader.begin(Part::over(&partition, &payload)?, &payload);
        }
        self.partition = partition;
        self.payload = payload;
        self.state = State::Working(Box::new(ends));
        self.reader.follow(&self.payload)
    }

    /// Whether the partition is full, by its documents, or by its age at `now`.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        let documents = self.payload.archive.documents;
        let age = self.payload.began.map_or(0, |began| now.since(began));
        documents >= self.options.partition_documents
            || age >= OLD_PARTITION && documents >= WORTH_A_PARTITION
            || age >= OLDEST_PARTITION && documents > 0
    }

    /// Outlets the partition and begins the next. Call it after a commit, with nothing added since; what is left to
    /// do with the old one may take its time in another thread.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn seal(&mut self) -> Result<Sealing, Error> {
        self.try_seal().map_err(|error| self.fail(&describe(&error)))
    }

    fn try_seal(&mut self) -> Result<Sealing, Error> {
        let not_now = |reason: &str| Error::Write { reason: reason.to_owned() };
        if self.held.documents > 0 {
            return Err(not_now("a partition is sealed after a commit only"));
        }
        let State::Working(ends) = &mut self.state else { return Err(not_now("not open")) };
        self.payload.epoch += 1;
        self.payload.sealed = true;
        commit_payload(&mut ends.index, &self.payload)?;
        sync_directory(&self.partition.path)?;
        let (partition, payload) = begin(&self.directory, self.options, &self.payload, &self.partition)?;
        let (ends, _) = open_ends(&partition, self.options, &payload)?;
        self.reader.begin(Part::over(&partition, &payload)?, &payload);
        let writer = match mem::replace(&mut self.state, State::Working(Box::new(ends))) {
            State::Working(old) => Some(old.index),
            State::Degraded { .. } => None,
        };
        let path = mem::replace(&mut self.partition, partition).path;
        self.payload = payload;
        Ok(Sealing { path, writer, reader: self.reader.clone() })
    }

    /// Partitions that were ended, but not sealed to the end, by an earlier run.
    ///
    /// # Errors
    /// When the partitions cannot be listed.
    pub fn unfinished(&self) -> Result<Vec<Sealing>, Error> {
        let sealed = partition::list(&self.directory.partitions())?.into_iter();
        let unfinished = sealed.filter(|it| *it != self.partition.path && SealedSummary::read(it).is_none());
        Ok(unfinished.map(|path| Sealing { path, writer: None, reader: self.reader.clone() }).collect())
    }

    /// Removes the oldest partitions, whole, as far as `keep` asks for it. What is written now stays, and so does
    /// a partition that is still being sealed. What was removed stands in the next commit.
    ///
    /// # Errors
    /// When a partition cannot be removed.
    pub fn retire(&mut self, keep: Retention, now: Timestamp) -> Result<Retired, Error> {
        let mut retired = Retired::default();
        if keep == Retention::default() {
            return Ok(retired);
        }
        let mut size = disk_bytes(self.directory.path());
        for path in partition::list(&self.directory.partitions())? {
            let Some(summary) = SealedSummary::read(&path).filter(|_| path != self.partition.path) else {
                break;
            };
            let is_old =
                keep.age.is_some_and(|age| summary.ended.is_some_and(|ended| now.since(ended) > age));
            if !is_old && keep.bytes.is_none_or(|most| size <= most) {
                break;
            }
            size = size.saturating_sub(disk_bytes(&path));
            self.reader.forget(&path);
            partition::remove(&path)?;
            let Counts { events, alerts, .. } = summary.counts;
            retired = retired.and(Retired { partitions: 1, events, alerts, read_to: summary.ended });
        }
        self.payload.retired = self.payload.retired.and(retired);
        Ok(retired)
    }
}

/// What is kept; without an answer everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Nanoseconds since the last line of a partition was read.
    pub age: Option<i64>,
    /// Of the whole store on disk.
    pub bytes: Option<u64>,
}

/// A partition is sealed after an hour if that pays, and after a day in any case: it is removed whole, so none may
/// reach over much more time than the others.
const OLD_PARTITION: i64 = HOUR;
const OLDEST_PARTITION: i64 = 24 * HOUR;
const WORTH_A_PARTITION: u64 = 100_000;

/// An error with its cause, as one line.
fn describe(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Puts a damaged partition aside that is not the newest: what it holds is gone from search, all else stays.
/// Returns where it lies now.
///
/// # Errors
/// [`Error::Locked`] while another process writes; when the folder cannot be renamed.
pub fn quarantine_sealed(path: &Path, partition: &Path) -> Result<PathBuf, Error> {
    let directory = Directory::create(path)?;
    let _lock = directory.lock()?;
    let name = partition.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.join(format!("quarantine-{name}"));
    super::directory::create_private(&aside)?;
    let to = aside.join(&*name);
    fs::rename(partition, &to).map_err(Error::io("move aside", partition))?;
    sync_directory(&directory.partitions())?;
    Ok(aside)
}

/// Puts the newest partition aside, damaged or lost, and begins another that continues where the last commit
/// said, by the copy of its position: nothing is read twice, only the history is gone from search.
/// Returns where the old partition lies now.
///
/// # Errors
/// [`Error::Locked`] while another process writes; [`Error::Damaged`] when there is no readable copy.
pub fn quarantine(path: &Path, options: Options) -> Result<PathBuf, Error> {
    let directory = Directory::create(path)?;
    let _lock = directory.lock()?;
    let copy = directory.read(POSITION)?;
    let mut payload = Payload::parse(std::str::from_utf8(&copy).ok())
        .map_err(|error| Error::Damaged { path: path.join(POSITION), reason: error.to_string() })?;
    payload.read_cursors(&directory)?;
    payload.epoch += 1;
    payload.archive = ArchiveExtent::default();
    let aside = path.join(format!("quarantine-{}", payload.epoch));
    let newest = partition::list(&directory.partitions())?.pop();
    super::directory::create_private(&aside)?;
    if let Some(newest) = &newest {
        let to = aside.join(newest.file_name().unwrap_or_default());
        fs::rename(newest, to).map_err(Error::io("move aside", newest))?;
    }
    begin_at(&directory.partitions().join(partition::next_name(newest.as_deref())), options, &payload)?;
    directory.write_marker(&Marker { format: FORMAT, instance: payload.instance })?;
    Ok(aside)
}

/// The partition that is written, and the position in its last commit. One that was ended is followed by a new.
fn open_newest(directory: &Directory, options: Options) -> Result<(Partition, Payload, bool), Error> {
    let begun = partition::list_begun(&directory.partitions())?;
    let (partition, mut payload, fresh) = match (directory.marker()?, begun.last()) {
        (None, None) => initialise(directory, options)?,
        (None, Some(newest)) => adopt(directory, options, newest)?,
        (Some(_), None) => {
            let missing = directory.partitions();
            return Err(Error::Lost { path: directory.path().to_owned(), missing });
        }
        (Some(marker), Some(newest)) => {
            let partition = Partition::open(newest)?;
            let payload = partition.payload()?;
            if payload.instance != marker.instance {
                let reason = "the index belongs to another store".to_owned();
                return Err(Error::Damaged { path: directory.path().to_owned(), reason });
            }
            (partition, payload, false)
        }
    };
    payload.read_cursors(directory)?;
    refuse_older(directory, &payload, &partition)?;
    if payload.sealed {
        let (partition, payload) = begin(directory, options, &payload, &partition)?;
        return Ok((partition, payload, fresh));
    }
    Ok((partition, payload, fresh))
}

/// The newest partition may have disappeared; the one before is then the newest, and would be taken for all.
fn refuse_older(directory: &Directory, payload: &Payload, newest: &Partition) -> Result<(), Error> {
    let copy =
        directory.read(POSITION).ok().and_then(|copy| Payload::parse(std::str::from_utf8(&copy).ok()).ok());
    match copy {
        Some(copy) if copy.instance == payload.instance && copy.epoch > payload.epoch => {
            let missing = newest.path.with_file_name(partition::next_name(Some(&newest.path)));
            Err(Error::Lost { path: directory.path().to_owned(), missing })
        }
        _ => Ok(()),
    }
}

/// Creates the first partition with an empty commit; the marker comes last, so that a crash in
/// between starts over.
fn initialise(directory: &Directory, options: Options) -> Result<(Partition, Payload, bool), Error> {
    let instance = format!("{:016x}{:016x}", random(), random());
    let payload = Payload { instance: instance.clone(), ..Payload::default() };
    let partition = begin_at(&directory.partitions().join(partition::next_name(None)), options, &payload)?;
    directory.write_marker(&Marker { format: FORMAT, instance })?;
    Ok((partition, payload, true))
}

/// Creates the partition after `newest`, which was ended by the commit of `payload`.
fn begin(
    directory: &Directory,
    options: Options,
    payload: &Payload,
    newest: &Partition,
) -> Result<(Partition, Payload), Error> {
    let path = directory.partitions().join(partition::next_name(Some(&newest.path)));
    if path.exists() {
        // Begun and given up by a crash: there is no commit in it.
        partition::remove(&path)?;
    }
    let epoch = payload.epoch + 1;
    let (archive, began) = (ArchiveExtent::default(), None);
    let payload = Payload { epoch, archive, began, sealed: false, ..payload.clone() };
    Ok((begin_at(&path, options, &payload)?, payload))
}

/// Creates a partition with a commit and without a document.
fn begin_at(path: &Path, options: Options, payload: &Payload) -> Result<Partition, Error> {
    let partition = Partition::create(path)?;
    Archive::create(path)?.sync()?;
    let mut writer = partition.writer(options.setting())?;
    commit_payload(&mut writer, payload)?;
    drop(writer);
    sync_directory(path)?;
    if let Some(all) = path.parent() {
        sync_directory(all)?;
    }
    Ok(partition)
}

/// Commits what was added, with this position; the text of it.
fn commit_payload(writer: &mut IndexWriter<Doc>, payload: &Payload) -> Result<String, Error> {
    let text = payload.to_text()?;
    let mut prepared = writer.prepare_commit().map_err(|error| Error::write(&error))?;
    prepared.set_payload(&text);
    prepared.commit().map_err(|error| Error::write(&error))?;
    Ok(text)
}

/// There is an index but no marker: either the first start was cut short, or the marker was lost.
fn adopt(
    directory: &Directory,
    options: Options,
    newest: &Path,
) -> Result<(Partition, Payload, bool), Error> {
    match Partition::open(newest).and_then(|partition| Ok((partition.payload()?, partition))) {
        Ok((payload, partition)) => {
            directory.write_marker(&Marker { format: FORMAT, instance: payload.instance.clone() })?;
            Ok((partition, payload, false))
        }
        Err(_) if partition::is_unbegun(newest) => {
            fs::remove_dir_all(newest).map_err(Error::io("remove", newest))?;
            initialise(directory, options)
        }
        Err(error) => Err(error),
    }
}

/// A random number for naming, from the seed of the standard hash map.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Opens both ends and removes what a failed commit left behind. Returns how many documents.
fn open_ends(partition: &Partition, options: Options, payload: &Payload) -> Result<(Outlets, u64), Error> {
    let (index, trimmed) = open_writer(partition, options, payload)?;
    let archive = Archive::open(&partition.path, payload.archive)?;
    Ok((Outlets { index, archive, fields: partition.fields }, trimmed))
}

/// Opens the tantivy writer and deletes what a failed commit left behind. Returns how many.
fn open_writer(
    partition: &Partition,
    options: Options,
    payload: &Payload,
) -> Result<(IndexWriter<Doc>, u64), Error> {
    let mut writer = partition.writer(options.setting())?;
    let beyond = super::view::beyond(partition, payload.epoch);
    let reader = partition.index.reader().map_err(|error| Error::write(&error))?;
    let trimmed =
        guarded(|| reader.searcher().search(&beyond, &Count).map_err(|error| Error::write(&error)))?;
    if trimmed > 0 {
        writer.delete_query(Box::new(beyond)).map_err(|error| Error::write(&error))?;
        commit_payload(&mut writer, payload)?;
        sync_directory(&partition.path)?;
    }
    Ok((writer, to_u64(trimmed)))
}

/// Documents on their way to the indexing threads: one message for many, because waking a thread
/// costs as much as indexing half a document.
#[derive(Default)]
struct Batch {
    contents: Vec<Arc<Contents>>,
    bytes: usize,
}

const BATCH_DOCUMENTS: usize = 128;
const BATCH_BYTES: usize = 1 << 20;

impl Batch {
    fn push(&mut self, contents: Arc<Contents>) {
        self.bytes += contents.bytes();
        self.contents.push(contents);
    }

    fn is_full(&self) -> bool {
        self.contents.len() >= BATCH_DOCUMENTS || self.bytes >= BATCH_BYTES
    }
}

impl Outlets {
    fn send(&mut self, batch: Batch, queue: &Arc<Queue>) -> Result<(), Error> {
        if batch.contents.is_empty() {
            return Ok(());
        }
        let ticket = Some(Queue::enter(queue, batch.bytes));
        let mut operations = Vec::with_capacity(batch.contents.len());
        for contents in batch.contents {
            let (form, line) = contents.stored();
            let place = self.archive.push(form, line)?;
            let document = Doc { fields: self.fields, contents, place, _ticket: ticket.clone() };
            operations.push(UserOperation::Add(document));
        }
        self.index.run(operations).map(drop).map_err(|error| Error::write(&error))
    }
}

/// Documents since the last commit.
#[derive(Default)]
struct Held {
    contents: Vec<Arc<Contents>>,
    bytes: usize,
    documents: u64,
    /// There were too many to hold; a failure now means reading again.
    lost: bool,
    /// How many of them were part of a commit that reported an error.
    attempted: usize,
}

impl Held {
    fn push(&mut self, contents: &Arc<Contents>, limit: usize) {
        self.documents += 1;
        if self.lost {
            return;
        }
        self.bytes += contents.bytes();
        if self.bytes > limit {
            self.contents = Vec::new();
            self.lost = true;
            return;
        }
        self.contents.push(Arc::clone(contents));
    }

    /// Keeps what was added after the attempted commit, for the commit `epoch`.
    fn forget_attempted(&mut self, epoch: u64) {
        self.contents.drain(..self.attempted.min(self.contents.len()));
        self.attempted = 0;
        self.documents = to_u64(self.contents.len());
        self.bytes = self.contents.iter().map(|contents| contents.bytes()).sum();
        for contents in &mut self.contents {
            Arc::make_mut(contents).set_epoch(epoch);
        }
    }
}

#[cfg(test)]
mod tests;
