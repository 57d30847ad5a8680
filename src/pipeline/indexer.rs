//! The thread that owns the index writer: the single committer.
//!
//! Events, alerts, cursors and the state of detection go into one commit, so that after a crash
//! everything agrees. While writing fails the writer holds what it was given and tries again;
//! this thread then takes nothing more, the channels fill up, and reading stops: files wait on disk.
//! The same while the disk is nearly full.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::clock::Clock;
use super::engine::Engine;
use crate::alert::{Alert, AlertStatus};
use crate::correlate::FrozenState;
use crate::event::number::to_u64;
use crate::event::{Cursor, Event, Gap, GenerationId, Paths, Redacted, Timestamp};
use crate::index::{Detection, DiskRoom, Error, Position, Retention, Retired, Sealing, Shortage, Writer};
use crate::source::Stop;
use crate::state::{IndexStatus, Ledger};

/// Visible to search this long after it was read, at the latest, while nothing waits behind it.
const COMMIT_EVERY: Duration = Duration::from_millis(250);

/// The same for an alert, which leaves only with its commit.
const COMMIT_FOR_ALERT: Duration = Duration::from_millis(60);

/// But no more often than this: of many alerts none is urgent.
const HURRY_EVERY: Duration = Duration::from_secs(1);

/// The same while there is a backlog: every commit makes a segment, and segments must be merged.
const COMMIT_EVERY_BEHIND: Duration = Duration::from_millis(1_500);

/// The same when files are read once and nobody watches.
const COMMIT_EVERY_BULK: Duration = Duration::from_secs(10);

/// A commit takes no more than this part of the time, however slow the disk or long the list of files: the next comes
/// later.
const COMMIT_PART: u32 = 5;

/// The same, at the longest.
const COMMIT_AT_LAST: Duration = Duration::from_secs(10);

/// Commit earlier when this many events wait, so that memory stays bounded.
const COMMIT_AFTER_EVENTS: u64 = 50_000;

/// While writing fails, the next attempt comes this much later.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What is too old or too much is looked for this often.
const RETIRE_EVERY: Duration = Duration::from_secs(30);

/// Finished generations are remembered while their files exist, and then for this many newer ones: a
/// rotated file may reappear under another name, or compressed, and must not be read again.
const GONE_CURSORS: usize = 1_000;
/// Never more than this, however many old files lie about.
const FINISHED_CURSORS: usize = 50_000;

/// The events of one chunk.
pub(super) struct StoredChunk {
    pub events: Vec<Redacted>,
    pub source: Arc<str>,
    /// How far the source is read with them.
    pub cursor: Cursor,
}

/// What the engine hands over: the events of chunks that were correlated together, and all that belongs to the same commit.
pub(super) struct Batch {
    pub chunks: Vec<StoredChunk>,
    pub alerts: Vec<Alert>,
    pub gaps: Vec<Gap>,
    /// Finished generations whose files exist no more.
    pub gone: Vec<GenerationId>,
    /// How far a source was read that has ended.
    pub cursor: Option<Cursor>,
    /// The number the next event will get.
    pub next_seq: u64,
    /// Everything that was read before this arrival is in this batch or an earlier one.
    pub read_to: Timestamp,
    /// Counts since the start of the run.
    pub ledger: Ledger,
    /// State of detection as of `next_seq`.
    pub detection: Option<SavedDetection>,
    /// What cannot be read from now on, in words; `None`: as before.
    pub unread: Option<Vec<String>>,
}

/// The state of detection, and the fingerprint of the rules that it belongs to.
pub(super) struct SavedDetection {
    pub state: SavedState,
    pub rules: String,
    /// Where to say how long it took to write, in nanoseconds.
    pub took: Arc<AtomicU64>,
}

impl SavedDetection {
    /// It as of the event `seq`, packed.
    fn written(self, seq: u64) -> Result<Detection, Error> {
        let Self { state, rules, took } = self;
        match state {
            SavedState::Written(detection) => Ok(detection),
            SavedState::Frozen(state) => {
                let began = Instant::now();
                let detection = Detection::written(rules, seq, |packer| state.write(packer));
                note_time(&took, began);
                detection
            }
        }
    }
}

/// Notes how long something took.
pub(super) fn note_time(took: &AtomicU64, began: Instant) {
    took.store(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

pub(super) enum SavedState {
    /// To be written beside the engine, which goes on.
    Frozen(Box<FrozenState>),
    Written(Detection),
}

impl Batch {
    pub fn empty(engine: &Engine, read_to: Timestamp) -> Self {
        Self {
            chunks: Vec::new(),
            alerts: Vec::new(),
            gaps: Vec::new(),
            gone: Vec::new(),
            cursor: None,
            next_seq: engine.concluded(),
            read_to,
            ledger: engine.total_ledger(),
            detection: None,
            unread: None,
        }
    }
}

/// What the dashboard is told of the index.
#[derive(Clone, Debug)]
pub(super) enum IndexReport {
    Status(IndexStatus),
    Trouble {
        message: String,
        hint: Option<String>,
    },
    /// Nothing is written until there is room.
    Pause(Shortage),
    /// Something that happened and is no trouble.
    Remark {
        message: String,
    },
}

/// Takes the cursors of a commit.
pub(super) type Stored = Box<dyn Fn(&[Cursor]) + Send>;

/// The committer's ends of the channels.
pub(super) struct Ends {
    pub batches: Receiver<Batch>,
    /// Event buffers go back to the engine.
    pub recycled: Sender<Vec<Event>>,
    /// Latest wins: a full channel is skipped.
    pub reports: Sender<IndexReport>,
    /// Alerts leave the process here, after the commit that contains them.
    pub alerts: Option<Sender<Alert>>,
    /// Told after each commit how far everything is read in it.
    pub stored: Stored,
    /// Partitions that are full. A full channel: the last one is still being sealed, and reading waits.
    pub seals: Sender<Sealing>,
    /// Once it is rung, nothing waits any longer for writing to work again.
    pub stop: Stop,
}

/// How an index is kept.
pub(super) struct Keeping {
    /// Files are read once and nobody watches.
    pub bulk: bool,
    pub retention: Retention,
    pub room: DiskRoom,
    /// Commit earlier when events that wait take this much.
    pub commit_bytes: usize,
}

pub(super) struct Indexer {
    writer: Writer,
    paths: Paths,
    ends: Ends,
    clock: Clock,
    keeping: Keeping,
    cursors: Cursors,
    position: Position,
    /// Counts since the start of the run, as of the last batch.
    ledger: Option<Ledger>,
    committed_alerts: Vec<Alert>,
    indexed: u64,
    dirty: bool,
    /// The disk is nearly full.
    paused: bool,
    committed_at: Instant,
    /// When a commit was last made for an alert.
    hurried_at: Instant,
    /// What the last commit took.
    committing: Duration,
    retired_at: Option<Instant>,
}

impl Indexer {
    pub fn new(writer: Writer, paths: Paths, ends: Ends, clock: Clock, keeping: Keeping) -> Self {
        let payload = writer.payload();
        Self {
            cursors: Cursors::of(&payload.cursors),
            position: Position {
                seq_next: payload.seq_next,
                read_to: payload.read_to,
                ledger: payload.ledger.clone(),
                outbox_done: payload.outbox_done,
                ..Position::default()
            },
            ledger: None,
            indexed: writer.reader().counts().map_or(0, |counts| counts.events),
            writer,
            paths,
            ends,
            clock,
            keeping,
            committed_alerts: Vec::new(),
            dirty: false,
            paused: false,
            committed_at: Instant::now(),
            hurried_at: Instant::now(),
            committing: Duration::ZERO,
            retired_at: None,
        }
    }

    /// Runs until the engine has hung up, then commits what is left and waits for merges.
    ///
    /// # Errors
    /// When what was taken can no longer be written; after a restart it is read again.
    pub fn run(mut self) -> Result<(), Error> {
        self.keeping.room.hold_reserve();
        self.report_status();
        for sealing in self.writer.unfinished()? {
            self.hand_over(sealing);
        }
        loop {
            self.wait_for_room()?;
            let wait = self.patience().saturating_sub(self.committed_at.elapsed());
            match self.ends.batches.recv_timeout(if self.dirty { wait } else { COMMIT_EVERY }) {
                Ok(batch) => self.take(batch)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let due = self.committed_at.elapsed() >= self.patience()
                || self.writer.uncommitted() >= COMMIT_AFTER_EVENTS
                || self.writer.held_bytes() >= self.keeping.commit_bytes;
            if self.dirty && due {
                self.commit()?;
            }
            self.retire();
        }
        if self.dirty {
            self.writer.wait_no_longer();
            self.try_commit()?;
        }
        self.report_status();
        self.writer.close()
    }

    /// Waits while the disk is nearly full. What was taken is stored first, at the price of the reserve.
    fn wait_for_room(&mut self) -> Result<(), Error> {
        if self.keeping.room.shortage(to_u64(self.writer.held_bytes())).is_none() {
            return Ok(());
        }
        if self.dirty {
            self.commit()?;
        }
        // Less than what waited to be written may still be free.
        let mut shortage = self.keeping.room.shortage(0);
        while let Some(short) = shortage.filter(|_| !self.ends.stop.is_stopped()) {
            self.pause(short)?;
            shortage = self.keeping.room.still_short();
        }
        match shortage {
            // It ends: what is left to store is not much.
            Some(_) => self.keeping.room.give_up_reserve(),
            None => {
                self.paused = false;
                self.keeping.room.hold_reserve();
            }
        }
        self.report_status();
        Ok(())
    }

    fn pause(&mut self, shortage: Shortage) -> Result<(), Error> {
        self.paused = true;
        self.report(IndexReport::Pause(shortage));
        if self.dirty {
            self.keeping.room.give_up_reserve();
            self.commit()?;
        }
        self.retire();
        self.report_status();
        std::thread::park_timeout(RETRY_AFTER);
        Ok(())
    }

    /// How long what was taken may stay invisible.
    fn patience(&self) -> Duration {
        let usual = match (self.keeping.bulk, self.ends.batches.is_empty()) {
            (true, _) => COMMIT_EVERY_BULK,
            (false, true) if self.is_urgent() => COMMIT_FOR_ALERT,
            (false, true) => COMMIT_EVERY,
            (false, false) => COMMIT_EVERY_BEHIND,
        };
        usual.max((self.committing * COMMIT_PART).min(COMMIT_AT_LAST))
    }

    /// An incident was opened after a while without one, and somebody waits for it.
    fn is_urgent(&self) -> bool {
        self.hurried_at.elapsed() >= HURRY_EVERY
            && self.committed_alerts.iter().any(|alert| alert.status == AlertStatus::Open)
    }

    fn take(&mut self, batch: Batch) -> Result<(), Error> {
        self.dirty = true;
        for StoredChunk { events, source, .. } in &batch.chunks {
            for event in events {
                self.until_taken(|writer, paths| writer.add_event(event, &paths.read(), source))?;
            }
        }
        for alert in &batch.alerts {
            self.until_taken(|writer, _| writer.add_alert(alert))?;
        }
        let now = self.clock.now();
        for gap in &batch.gaps {
            self.until_taken(|writer, _| writer.add_gap(gap, now))?;
        }
        self.indexed += to_u64(batch.chunks.iter().map(|chunk| chunk.events.len()).sum::<usize>());
        if self.ends.alerts.is_some() {
            self.committed_alerts.extend(batch.alerts);
        }
        self.position.seq_next = batch.next_seq;
        self.position.read_to = Some(batch.read_to);
        self.ledger = Some(batch.ledger);
        if let Some(unread) = batch.unread {
            self.position.unread = unread;
        }
        if let Some(saved) = batch.detection {
            self.position.detection = Some(saved.written(batch.next_seq)?);
        }
        for StoredChunk { events, cursor, .. } in batch.chunks {
            self.cursors.remember(cursor);
            // A full channel: the engine has buffers enough.
            let buffers = events.into_iter().map(Redacted::into_inner).collect();
            drop(self.ends.recycled.try_send(buffers));
        }
        if let Some(cursor) = batch.cursor {
            self.cursors.remember(cursor);
        }
        for generation in batch.gone {
            self.cursors.let_go(generation);
        }
        Ok(())
    }

    /// Adds, waiting while the writer can hold no more.
    fn until_taken(&mut self, add: impl Fn(&mut Writer, &Paths) -> Result<(), Error>) -> Result<(), Error> {
        loop {
            match add(&mut self.writer, &self.paths) {
                Err(Error::Full { .. }) if self.ends.stop.is_stopped() => {
                    self.writer.wait_no_longer();
                    self.writer.recover()?;
                }
                Err(Error::Full { .. }) => self.wait_and_recover()?,
                other => return other,
            }
        }
    }

    /// No commit here: part of a batch is added whose cursor is not in the position yet.
    fn wait_and_recover(&mut self) -> Result<(), Error> {
        std::thread::park_timeout(RETRY_AFTER);
        match self.writer.recover() {
            Err(error @ Error::Rewind { .. }) => return Err(error),
            Err(error) => self.report_trouble(&error),
            Ok(()) => {}
        }
        self.report_status();
        Ok(())
    }

    fn report_trouble(&self, error: &Error) {
        let hint = error.hint().unwrap_or_else(|| "see the message".to_owned());
        self.report(IndexReport::Trouble {
            message: error.to_string(),
            hint: Some(format!("{hint}; nothing is lost: reading resumes when writing works again")),
        });
    }

    /// One commit. A failure is reported and tried again with the next one; only a writer that can
    /// no longer hold what it was given ends the thread.
    fn commit(&mut self) -> Result<(), Error> {
        match self.try_commit() {
            Ok(()) => self.seal_if_full()?,
            Err(error @ Error::Rewind { .. }) => return Err(error),
            Err(error) => self.report_trouble(&error),
        }
        self.report_status();
        Ok(())
    }

    /// A full partition is ended here and sealed by another thread.
    fn seal_if_full(&mut self) -> Result<(), Error> {
        if !self.writer.is_full(self.clock.now()) {
            return Ok(());
        }
        match self.writer.seal() {
            Ok(sealing) => self.hand_over(sealing),
            Err(error @ Error::Rewind { .. }) => return Err(error),
            Err(error) => self.report_trouble(&error),
        }
        Ok(())
    }

    fn hand_over(&self, sealing: Sealing) {
        // Nobody takes it while the engine ends: the next start does.
        drop(self.ends.seals.send(sealing));
    }

    /// Removes what is too old or too much, and says so.
    fn retire(&mut self) {
        if self.retired_at.is_some_and(|at| at.elapsed() < RETIRE_EVERY) {
            return;
        }
        self.retired_at = Some(Instant::now());
        let retired = self.writer.retire(self.keeping.retention, self.clock.now());
        let message = match retired {
            Ok(Retired { partitions: 0, .. }) => return,
            Ok(retired) => retired.in_words(),
            Err(error) => format!("old events cannot be removed: {error}"),
        };
        self.dirty = true;
        self.report(IndexReport::Remark { message });
    }

    fn try_commit(&mut self) -> Result<(), Error> {
        if self.is_urgent() {
            self.hurried_at = Instant::now();
        }
        self.committed_at = Instant::now();
        if let Some(ledger) = &self.ledger {
            self.position.ledger = serde_json::to_value(ledger).unwrap_or_default();
        }
        // It may be large: it is handed on, not copied.
        let detection = self.position.detection.take();
        let committed =
            self.writer.commit(Position { cursors: self.cursors.all(), detection, ..self.position.clone() });
        self.committing = self.committed_at.elapsed();
        committed?;
        self.dirty = false;
        (self.ends.stored)(&self.writer.payload().cursors);
        self.hand_out_alerts();
        Ok(())
    }

    fn hand_out_alerts(&mut self) {
        let alerts = std::mem::take(&mut self.committed_alerts);
        let Some(sender) = &self.ends.alerts else { return };
        for alert in alerts {
            if sender.send(alert).is_err() {
                // Whoever printed them has left: there is nobody to tell.
                self.ends.alerts = None;
                return;
            }
        }
    }

    fn report_status(&self) {
        let pending = self.writer.uncommitted();
        self.report(IndexReport::Status(IndexStatus {
            indexed: self.indexed.saturating_sub(pending),
            pending,
            disk_bytes: self.writer.disk_bytes(),
            degraded: self.writer.degraded().is_some(),
            paused: self.paused,
        }));
    }

    fn report(&self, report: IndexReport) {
        drop(self.ends.reports.try_send(report));
    }
}

/// What is left to do with a full partition. A failure costs space and time of later searches, and nothing else.
pub(super) fn seal(sealing: Sealing, reports: &Sender<IndexReport>) {
    if let Err(error) = sealing.finish() {
        let message = format!("a full partition stays as it is and is sealed after the next start: {error}");
        drop(reports.try_send(IndexReport::Remark { message }));
    }
}

/// How far each generation was read, as long as that matters.
#[derive(Default)]
struct Cursors {
    all: HashMap<GenerationId, Cursor>,
    /// Finished ones, the oldest first; some may have been forgotten, or go on, since.
    finished: VecDeque<GenerationId>,
    gone: VecDeque<GenerationId>,
}

impl Cursors {
    fn of(cursors: &[Cursor]) -> Self {
        let mut all = Self::default();
        cursors.iter().for_each(|cursor| all.remember(cursor.clone()));
        all
    }

    fn all(&self) -> Vec<Cursor> {
        self.all.values().cloned().collect()
    }

    fn remember(&mut self, cursor: Cursor) {
        if cursor.finished {
            self.finished.push_back(cursor.generation);
        }
        self.all.insert(cursor.generation, cursor);
        if self.finished.len() > FINISHED_CURSORS {
            let oldest = self.finished.pop_front();
            self.forget(oldest);
        }
    }

    /// The file of a finished generation is gone.
    fn let_go(&mut self, generation: GenerationId) {
        self.gone.push_back(generation);
        if self.gone.len() > GONE_CURSORS {
            let oldest = self.gone.pop_front();
            self.forget(oldest);
        }
    }

    fn forget(&mut self, generation: Option<GenerationId>) {
        let finished = |generation: &GenerationId| self.all.get(generation).is_some_and(|it| it.finished);
        if let Some(generation) = generation.filter(finished) {
            self.all.remove(&generation);
        }
    }
}
