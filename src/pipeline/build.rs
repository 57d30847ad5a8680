//! Starts a live engine: opens the index, makes the channels, starts the threads, and stops both.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::case_desk;
use super::clock::Clock;
use super::crew::Crew;
use super::engine::{Engine, EngineOptions};
use super::engine_thread::{Channels, Conditions, EngineThread, TimerPolicy};
use super::handle::{Handle, Notice, Request};
use super::indexer::{self, Batch, Ends, IndexReport, Indexer, Keeping};
use super::journal::Journal;
use super::memory::{MemoryBudget, MemoryWatch};
use super::mutes::MuteFolder;
use super::reload::{self, RECALLED_EVENTS, RECALLED_PAGE, Reloader, RuleNews};
use super::searcher::Searcher;
use super::signals::Hangups;
use crate::alert::{Alert, RuleBook};
use crate::config::{
    KeyError, LoadedRules, RedactionConfig, RuleFiles, SourceConfig, VocabularyFiles, redaction_key,
};
use crate::event::number::to_u64;
use crate::event::{Cause, Event, SourceMessage, Trouble, shown};
use crate::facts::Vocabulary;
use crate::index::{self, DiskRoom, Retention, Sealing, Writer};
use crate::normalize::{Benign, Emails, Redaction, Redactor};
use crate::receive::{self, ReceiverReport, Receivers, SharedSpool};
use crate::report::Case;
use crate::sigma::RuleSet;
use crate::source::{self, Changes, Input, Stop};
use crate::state::{self, Snapshot, State, Update};
use crate::triage::Decisions;

/// Chunks between the readers and the engine. Small: a chunk may be a megabyte, and the files are
/// the buffer. Full: the readers wait.
const SOURCE_CHUNKS: usize = 4;
/// Batches between the engine and the committer. Full: the engine waits.
const INDEX_BATCHES: usize = 2;
/// Event buffers on their way back. Full: the buffer is dropped.
const RECYCLED_BUFFERS: usize = INDEX_BATCHES + 2;
/// Status reports of the index. Full: skipped, the next one is newer.
const REPORTS: usize = 8;
/// Questions of the dashboard. Full: the dashboard says so.
const REQUESTS: usize = 16;
/// Notices to the dashboard. A full channel is skipped for `Changed`; answers wait.
const NOTICES: usize = 64;
/// Documents of a segment that is left alone when files are read once.
const BULK_SEGMENT: usize = 5_000;
/// News of the rules. Full: whoever prepares them waits.
const RULE_NEWS: usize = 1;
/// Full partitions on their way to be sealed. Full: the committer waits, so that at most one is behind.
const SEALS: usize = 1;
/// Alerts on their way to standard output. Full: the committer waits, for each must be printed.
pub const PLAIN_ALERTS: usize = 256;

/// What a live engine is started with.
pub struct LiveOptions {
    pub inputs: Vec<Input>,
    /// What others send.
    pub received: receive::Listeners,
    /// Where to begin in files that have not been read before.
    pub from: source::From,
    /// Go on when everything has been read.
    pub follow: bool,
    pub rules: LoadedRules,
    /// Where the rules came from, to keep them as their files are; `None`: they stay as they are.
    pub reload: Option<RuleFiles>,
    /// What is configured about single sources, and about secrets of all.
    pub sources: Vec<SourceConfig>,
    /// What is known to be harmless.
    pub benign: Arc<[Benign]>,
    pub redaction: RedactionConfig,
    /// Match rules only against events of their logsource.
    pub routing: bool,
    /// How products say what happened.
    pub vocabulary: Arc<Vocabulary>,
    /// Where the user's part of it came from, to keep it as its files are where rules are kept so.
    pub vocabulary_files: VocabularyFiles,
    pub data_dir: PathBuf,
    /// What of the index is kept.
    pub retention: Retention,
    pub limits: Limits,
    pub clock: Clock,
    /// Where lines go instead of a dashboard, if anywhere.
    pub plain: Option<PlainOutput>,
}

/// What of disk and memory is left to others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes that stay free on the disk of the index; `None`: what is right for its size.
    pub keep_free: Option<u64>,
    /// Bytes of memory for all that grows with what is read; `None`: what is usual.
    pub memory: Option<u64>,
}

/// What is said where there is no dashboard.
#[derive(Clone)]
pub struct PlainOutput {
    /// Alerts, once they are committed.
    pub alerts: Sender<Alert>,
    /// Sentences about rules.
    pub remarks: Sender<String>,
}

/// Why a live engine did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Index(#[from] index::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It would read what it writes, without end.
    #[error("the data directory `{}` is among the files to be read", shown(data_dir))]
    ReadsItself { data_dir: PathBuf },
    #[error("cannot start the thread `{name}`")]
    Thread { name: &'static str, source: io::Error },
    #[error(transparent)]
    Receive(#[from] receive::Error),
    #[error("cannot watch for changes")]
    Watch(#[source] io::Error),
    /// A bug: the message of the panic went to standard error.
    #[error("the thread `{name}` panicked")]
    Panicked { name: String },
}

/// A running engine.
pub struct Live {
    handle: Handle,
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
    failure: Failure,
}

/// Who answers the dashboard.
fn searcher(
    options: &LiveOptions,
    writer: &Writer,
    engine: &Engine,
    decisions: Arc<ArcSwap<Decisions>>,
    notices: Sender<Notice>,
) -> Result<Searcher, LiveError> {
    Ok(Searcher {
        reader: writer.reader(),
        journal: Journal::of(&options.data_dir),
        redactor: Redactor::new(engine.paths(), redaction_of_notes(options)?),
        mutes: MuteFolder::of(&options.data_dir),
        clock: options.clock,
        decisions,
        notices,
    })
}

/// Who writes a note names people on purpose.
fn redaction_of_notes(options: &LiveOptions) -> Result<Redaction, LiveError> {
    let redaction = Redaction { key: redaction_key(&options.data_dir)?, ..Redaction::default() };
    Ok(Redaction { emails: Emails::Keep, ..options.redaction.applied(redaction) })
}

/// The error that ended the committer.
type Failure = Arc<Mutex<Option<index::Error>>>;

/// Starts everything: what stands in the store, what goes on from there, then a thread after the other, each with
/// its ends of the channels. The engine is last, so that everything it sends to is there.
///
/// # Errors
/// When the index cannot be opened (for instance because another soctop writes to it) or a thread
/// cannot be started.
pub fn start(mut options: LiveOptions) -> Result<Live, LiveError> {
    refuse_own_data(&options)?;
    let writer = open_store(&options)?;
    let prepared = prepare(&mut options, &writer)?;
    let pipes = Pipes::new();
    let snapshots = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let mut threads = Threads::new(pipes.notices.sender.clone())?;

    let spools = start_receiving(&mut threads, &mut options, &writer, &pipes.chunks.sender)?;
    start_reading(&mut threads, &mut options, &writer, pipes.chunks.sender, &spools)?;
    start_following_rules(&mut threads, &mut options, &prepared, &writer, pipes.rules.sender)?;
    let decisions = Arc::new(ArcSwap::from_pointee(Decisions::default()));
    let notices = pipes.notices.sender.clone();
    let searcher = searcher(&options, &writer, &prepared.engine, Arc::clone(&decisions), notices)?;
    let requests = pipes.requests.receiver;
    threads.start("search", move || searcher.run(&requests))?;
    let ends = Ends {
        batches: pipes.batches.receiver,
        recycled: pipes.recycled.sender,
        reports: pipes.reports.sender.clone(),
        alerts: options.plain.as_ref().map(|plain| plain.alerts.clone()),
        stored: Box::new(move |cursors| spools.iter().for_each(|spool| spool.stored(cursors))),
        seals: start_sealing(&mut threads, pipes.reports.sender.clone())?,
        stop: threads.stop.clone(),
    };
    let paths = prepared.engine.paths().clone();
    let indexer = Indexer::new(writer, paths, ends, options.clock, keeping(&options));
    let failure = start_committing(&mut threads, indexer)?;
    let channels = Channels {
        sources: pipes.chunks.receiver,
        reports: pipes.reports.receiver,
        rules: pipes.rules.receiver,
        batches: pipes.batches.sender,
        recycled: pipes.recycled.receiver,
        notices: pipes.notices.sender,
        remarks: options.plain.map(|plain| plain.remarks),
        snapshots: Arc::clone(&snapshots),
        decisions,
    };
    let timers = if options.follow { TimerPolicy::WhenIdle } else { TimerPolicy::ByEvents };
    let fingerprint = options.rules.fingerprint;
    let EngineStart { engine, state, .. } = prepared;
    let memory = MemoryWatch::new(MemoryBudget::of(options.limits.memory));
    let conditions = Conditions { clock: options.clock, timers, memory };
    let workers = engine.workers();
    let mut engine = EngineThread::new(engine, fingerprint, state, channels, conditions);
    if workers > 0 {
        engine = engine.with(Crew::new(workers, |name, body| threads.start(name, body))?);
    }
    threads.start("engine", move || engine.run())?;

    let handle = Handle { snapshots, requests: pipes.requests.sender, notices: pipes.notices.receiver };
    Ok(Live { handle, stop: threads.stop, threads: threads.running, failure })
}

/// A case instead of a running engine: what is in it is shown, and answered from.
///
/// # Errors
/// The thread that answers cannot be started.
pub fn open_case(case: Case, rules: &RuleSet) -> Result<Live, LiveError> {
    let requests = Pipe::<Request>::new(REQUESTS);
    let notices = Pipe::<Notice>::new(NOTICES);
    let snapshots = Arc::new(ArcSwap::from_pointee(case_desk::snapshot(&case, rules)));
    let mut threads = Threads::new(notices.sender.clone())?;
    threads.start("search", move || case_desk::run(&case, &requests.receiver, &notices.sender))?;
    let handle = Handle { snapshots, requests: requests.sender, notices: notices.receiver };
    Ok(Live { handle, stop: threads.stop, threads: threads.running, failure: Failure::default() })
}

/// Both ends of a bounded channel, until a thread takes each.
struct Pipe<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Pipe<T> {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = bounded(capacity);
        Self { sender, receiver }
    }
}

/// Every channel of the engine.
struct Pipes {
    chunks: Pipe<SourceMessage>,
    batches: Pipe<Batch>,
    recycled: Pipe<Vec<Event>>,
    reports: Pipe<IndexReport>,
    requests: Pipe<Request>,
    notices: Pipe<Notice>,
    rules: Pipe<RuleNews>,
}

impl Pipes {
    fn new() -> Self {
        Self {
            chunks: Pipe::new(SOURCE_CHUNKS),
            batches: Pipe::new(INDEX_BATCHES),
            recycled: Pipe::new(RECYCLED_BUFFERS),
            reports: Pipe::new(REPORTS),
            requests: Pipe::new(REQUESTS),
            notices: Pipe::new(NOTICES),
            rules: Pipe::new(RULE_NEWS),
        }
    }
}

/// What the engine starts from.
struct EngineStart {
    engine: Engine,
    /// How rules that are loaded later are set up.
    options: EngineOptions,
    state: State,
    /// What is wrong with the rules, and with the saved state of detection.
    problems: Vec<String>,
}

fn keeping(options: &LiveOptions) -> Keeping {
    let room = DiskRoom::of(&options.data_dir, options.limits.keep_free);
    let commit_bytes = MemoryBudget::of(options.limits.memory).commit();
    Keeping { bulk: !options.follow, retention: options.retention, room, commit_bytes }
}

fn open_store(options: &LiveOptions) -> Result<Writer, LiveError> {
    let budget = MemoryBudget::of(options.limits.memory);
    let default = index::Options::default();
    let heap_bytes = default.heap_bytes.min(budget.index_heap());
    // Held is all that one commit may take, to write it again after a failure.
    let usual = index::Options { heap_bytes, hold_bytes: budget.held(), ..default };
    // Where nobody watches, commits are large and what they write need not be merged before the partition is sealed.
    let bulk = index::Options { threads: indexing_threads(), merged_documents: BULK_SEGMENT, ..usual };
    let store = if options.follow { usual } else { bulk };
    Ok(Writer::open(&options.data_dir, store)?)
}

/// One keeps up with what two cores read; each more takes memory and makes smaller segments.
fn indexing_threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores < 4 { 1 } else { 2 }
}

/// The engine as the last commit left it, and what the dashboard shows first.
fn prepare(options: &mut LiveOptions, writer: &Writer) -> Result<EngineStart, LiveError> {
    let sources = std::mem::take(&mut options.sources);
    let mut set_up = EngineOptions { routing: options.routing, sources, ..EngineOptions::default() };
    let budget = MemoryBudget::of(options.limits.memory);
    set_up.correlate.groups_in_all = budget.groups();
    set_up.correlate.entries_in_all = budget.entries();
    set_up.normalize.redaction = options.redaction.applied(Redaction::default());
    set_up.normalize.vocabulary = Arc::clone(&options.vocabulary);
    set_up.normalize.benign = Arc::clone(&options.benign);
    set_up.normalize.redaction.key = redaction_key(&options.data_dir)?;
    let problems = reload::problems(&options.rules.diagnostics);
    let (mut engine, afresh) = prepare_engine(&options.rules, &set_up, writer);
    let mut state = prepare_state(&options.rules, &problems, writer);
    if let Some(reason) = afresh {
        let message = format!("detection starts afresh: {reason}");
        let hint = Some("what was counted before is counted again from here on".to_owned());
        state.apply(Update::Notice { time: Clock::Wall.now(), message, hint });
    }
    let now = options.clock.now();
    state.apply(Update::Clock { now });
    reload::show_standing(engine.standing(), &mut state);
    let risks = engine.correlator().risks(now, 1.0);
    state.apply(Update::Superseded { void: Vec::new(), risks });
    Ok(EngineStart { engine, options: set_up, state, problems })
}

/// Gives back the spools in which what is received waits to be read.
fn start_receiving(
    threads: &mut Threads,
    options: &mut LiveOptions,
    writer: &Writer,
    chunks: &Sender<SourceMessage>,
) -> Result<Vec<SharedSpool>, LiveError> {
    let wanted = std::mem::take(&mut options.received);
    if !options.follow {
        return Ok(Vec::new());
    }
    let receivers = Receivers::open(wanted, &options.data_dir.join(receive::SPOOLS))?;
    let spools = receivers.spools();
    spools.iter().for_each(|spool| spool.stored(&writer.payload().cursors));
    if receivers.is_idle() {
        return Ok(spools);
    }
    let (reports, failed, stop) = (chunks.clone(), chunks.clone(), threads.stop.clone());
    threads.start("receive", move || {
        // The engine is gone only when everything ends anyway.
        let tell = move |report| drop(reports.send(received(report)));
        if let Err(error) = receivers.run(&stop, tell) {
            drop(failed.send(SourceMessage::Remark { message: error.to_string(), hint: None }));
        }
    })?;
    Ok(spools)
}

fn start_reading(
    threads: &mut Threads,
    options: &mut LiveOptions,
    writer: &Writer,
    chunks: Sender<SourceMessage>,
    spools: &[SharedSpool],
) -> Result<(), LiveError> {
    let mut reading = source_options(options, writer);
    reading.spools = spools.iter().map(SharedSpool::folder).collect();
    let (mut inputs, stop) = (std::mem::take(&mut options.inputs), threads.stop.clone());
    inputs.extend(reading.spools.iter().cloned().map(Input::Directory));
    let troubled = chunks.clone();
    threads.start("source", move || {
        if let Err(error) = source::run(inputs, reading, chunks, stop) {
            let (about, cause, message) = (PathBuf::new(), Cause::Unreadable, error.to_string());
            let trouble = Trouble { source: None, about, cause, message, hint: None };
            let trouble = SourceMessage::Trouble(trouble);
            // The engine is gone only when everything ends anyway.
            drop(troubled.send(trouble));
        }
    })
}

/// Rules follow their files, where they came from files that may change.
fn start_following_rules(
    threads: &mut Threads,
    options: &mut LiveOptions,
    prepared: &EngineStart,
    writer: &Writer,
    news: Sender<RuleNews>,
) -> Result<(), LiveError> {
    let Some(files) = options.reload.take() else { return Ok(()) };
    let reloader = Reloader {
        files,
        vocabulary: std::mem::take(&mut options.vocabulary_files),
        fingerprint: options.rules.fingerprint.clone(),
        problems: prepared.problems.clone(),
        changes: Changes::new().map_err(LiveError::Watch)?,
        hangups: Hangups::new(options.plain.is_some()).map_err(LiveError::Watch)?,
        stop: threads.stop.clone(),
        reader: writer.reader(),
        paths: prepared.engine.paths().clone(),
        options: prepared.options.clone(),
        seeds: prepared.engine.correlator().seeds(),
        engine: news,
        remarks: options.plain.as_ref().map(|plain| plain.remarks.clone()),
    };
    threads.start("rules", move || reloader.run())
}

/// Full partitions are finished here; the sender takes one at a time.
fn start_sealing(threads: &mut Threads, reports: Sender<IndexReport>) -> Result<Sender<Sealing>, LiveError> {
    let Pipe { sender, receiver } = Pipe::<Sealing>::new(SEALS);
    threads.start("seal", move || receiver.iter().for_each(|sealing| indexer::seal(sealing, &reports)))?;
    Ok(sender)
}

/// Gives back where the committer leaves the error that ended it, if one does.
fn start_committing(threads: &mut Threads, indexer: Indexer) -> Result<Failure, LiveError> {
    let failure = Failure::default();
    let (failed, stop, told) = (Arc::clone(&failure), threads.stop.clone(), threads.told.clone());
    threads.start("index", move || {
        if let Err(error) = indexer.run() {
            let words = error.to_string();
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            stop.stop();
            // Waits for a dashboard that has other news to take first; fails when it has left.
            drop(told.send(Notice::Stopped(Err(words))));
        }
    })?;
    Ok(failure)
}

impl Live {
    /// The dashboard's end.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops the engine from another thread; [`Live::stop`] then returns soon.
    #[must_use]
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// Stops reading, takes everything that was read to its end, commits, and waits for the threads.
    ///
    /// # Errors
    /// What ended the engine before, if something did.
    pub fn stop(self) -> Result<(), LiveError> {
        self.stop.stop();
        let Self { handle, threads, failure, .. } = self;
        drop(handle);
        let mut panicked = None;
        for thread in threads {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                panicked = Some(LiveError::Panicked { name });
            }
        }
        let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (failure, panicked) {
            (Some(error), _) => Err(error.into()),
            (None, Some(panicked)) => Err(panicked),
            (None, None) => Ok(()),
        }
    }
}

struct Threads {
    running: Vec<JoinHandle<()>>,
    stop: Stop,
    told: Sender<Notice>,
}

impl Threads {
    /// None yet; `told` hears of one that breaks down.
    fn new(told: Sender<Notice>) -> Result<Self, LiveError> {
        Ok(Self { running: Vec::new(), stop: Stop::new().map_err(LiveError::Watch)?, told })
    }

    fn start(&mut self, name: &'static str, body: impl FnOnce() + Send + 'static) -> Result<(), LiveError> {
        let alarm = Alarm { name, stop: self.stop.clone(), told: self.told.clone() };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _alarm = alarm;
            body();
        });
        self.running.push(thread.map_err(|source| LiveError::Thread { name, source })?);
        Ok(())
    }
}

/// Without one of its threads the engine is of no use: when one breaks down, the others end in order
/// and the dashboard hears of it.
struct Alarm {
    name: &'static str,
    stop: Stop,
    told: Sender<Notice>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.stop.stop();
            let words = LiveError::Panicked { name: self.name.to_owned() }.to_string();
            // Fails when the dashboard has left.
            drop(self.told.send(Notice::Stopped(Err(words))));
        }
    }
}

/// Detection continues where the last commit left it; rules whose text has changed start anew.
/// The engine, and why it starts without what it knew when that could not be taken over.
fn prepare_engine(rules: &LoadedRules, options: &EngineOptions, writer: &Writer) -> (Engine, Option<String>) {
    let mut engine = Engine::new(&rules.rules, options);
    let afresh = recover(&mut engine, writer).err();
    (engine, afresh)
}

/// Takes over the saved state of detection and looks again at what was committed after it. Without
/// a saved state the newest events warm the windows.
fn recover(engine: &mut Engine, writer: &Writer) -> Result<(), String> {
    let next = writer.payload().seq_next;
    let saved = writer.detection().and_then(|saved| Some((saved.snapshot().ok()?, saved.seq)));
    let restored = saved.map(|(snapshot, seq)| engine.restore(&snapshot).map(|()| seq)).transpose();
    let from = match restored {
        Ok(Some(seq)) => seq,
        _ => next.saturating_sub(to_u64(RECALLED_EVENTS)),
    };
    let mut event = Event::default();
    let recalled = writer.reader().replay(from, RECALLED_PAGE, |record| {
        engine.recall(&record, &mut event);
        Ok(())
    });
    // Whatever could not be read: no number is given twice.
    engine.continue_at(next);
    restored.map_err(|error| error.to_string())?;
    recalled.map_err(|error| error.to_string())
}

/// What to do where no rule is loaded.
pub const NO_RULES_HINT: &str = "`soctop rules check` says what is wrong; leave out `--only-rules` (or `bundled = false`) to \
                                 use the bundled rules";

fn prepare_state(rules: &LoadedRules, problems: &[String], writer: &Writer) -> State {
    let mut state = State::new();
    state.apply(Update::Rules { loaded: rules.rules.len(), problems: problems.to_vec() });
    state.apply(Update::RuleBook(Arc::new(RuleBook::of(&rules.rules))));
    if rules.rules.is_empty() {
        state.apply(Update::Trouble(state::Trouble {
            since: Clock::Wall.now(),
            about: "rules".into(),
            cause: Cause::NoRules,
            message: "no rule is loaded: nothing will be detected".to_owned(),
            hint: Some(NO_RULES_HINT.into()),
        }));
    }
    if writer.recovered().trimmed > 0 {
        state.apply(Update::Notice {
            time: Clock::Wall.now(),
            message: format!(
                "{} events of an unfinished commit were removed and are read again",
                writer.recovered().trimmed
            ),
            hint: None,
        });
    }
    state
}

/// What a receiver reports, as sources do.
fn received(report: ReceiverReport) -> SourceMessage {
    match report {
        ReceiverReport::Remark { message, hint } => SourceMessage::Remark { message, hint },
        ReceiverReport::Over { about, cause } => SourceMessage::Over { about: about.into(), cause },
        ReceiverReport::Begins { about, cause, message, hint } => {
            let (about, hint) = (about.into(), Some(hint));
            SourceMessage::Trouble(Trouble { source: None, about, cause, message, hint })
        }
    }
}

/// Files that a store consists of, by name.
const STORE_FILES: [&str; 3] = ["soctop-store.json", "position.json", "partitions/p00000001/meta.json"];

fn refuse_own_data(options: &LiveOptions) -> Result<(), LiveError> {
    let data_dir = &options.data_dir;
    let reading = source::Options::default();
    let reads = |place: &PathBuf| {
        STORE_FILES.iter().any(|file| {
            options.inputs.iter().any(|input| source::would_read(input, &place.join(file), &reading))
        })
    };
    match places(data_dir).iter().any(reads) {
        true => Err(LiveError::ReadsItself { data_dir: data_dir.clone() }),
        false => Ok(()),
    }
}

/// A folder by all the names it goes by here.
fn places(folder: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(folder).ok();
    // It may not be there yet.
    let real = std::fs::canonicalize(folder).ok().or_else(|| {
        let parent = std::fs::canonicalize(folder.parent().filter(|it| !it.as_os_str().is_empty())?).ok()?;
        Some(parent.join(folder.file_name()?))
    });
    [Some(folder.to_owned()), absolute, real].into_iter().flatten().collect()
}

fn source_options(options: &LiveOptions, writer: &Writer) -> source::Options {
    source::Options {
        from: options.from,
        follow: options.follow,
        cursors: writer.payload().cursors.clone(),
        exclude: places(&options.data_dir),
        // Lines of standard input have addresses that no earlier run has used.
        instance: Clock::Wall.now().0.unsigned_abs(),
        ..source::Options::default()
    }
}
