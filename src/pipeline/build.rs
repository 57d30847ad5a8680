//! Starts a live engine: opens the index, makes the channels, starts the threads, and stops both.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, bounded};

use super::clock::Clock;
use super::engine::{Engine, EngineOptions};
use super::engine_thread::{Channels, EngineThread, Timers};
use super::handle::{Handle, Notice};
use super::indexer::{Ends, Indexer};
use super::journal::Journal;
use super::reload::{self, RECALLED_EVENTS, RECALLED_PAGE, Reloader};
use super::searcher::Searcher;
use super::signals::Hangups;
use crate::alert::Alert;
use crate::config::{KeyError, LoadedRules, RedactionConfig, RuleFiles, SourceConfig, redaction_key};
use crate::event::{Cause, Event, SourceMessage, Trouble, shown};
use crate::facts::Vocabulary;
use crate::index::{self, Writer};
use crate::normalize::Redaction;
use crate::source::{self, Changes, Input, Stop};
use crate::state::{self, Snapshot, State, Update};
use crate::triage::Decisions;

/// Chunks between the readers and the engine. Small: a chunk may be a megabyte, and the files are
/// the buffer. Full: the readers wait.
const SOURCE_CHUNKS: usize = 4;
/// Batches between the engine and the committer. Full: the engine waits.
const INDEX_BATCHES: usize = 4;
/// Event buffers on their way back. Full: the buffer is dropped.
const RECYCLED_BUFFERS: usize = INDEX_BATCHES + 2;
/// Status reports of the index. Full: skipped, the next one is newer.
const REPORTS: usize = 8;
/// Questions of the dashboard. Full: the dashboard says so.
const REQUESTS: usize = 16;
/// Notices to the dashboard. A full channel is skipped for `Changed`; answers wait.
const NOTICES: usize = 64;
/// What the writer keeps of the events since the last commit, to write them again after a failure. Room
/// for all that one commit may take.
const HELD_BYTES: usize = 256 << 20;
/// News of the rules. Full: whoever prepares them waits.
const RULE_NEWS: usize = 1;
/// Alerts on their way to standard output. Full: the committer waits, for each must be printed.
pub const PLAIN_ALERTS: usize = 256;

/// What a live engine is started with.
pub struct LiveOptions {
    pub inputs: Vec<Input>,
    /// Where to begin in files that have not been read before.
    pub from: source::From,
    /// Go on when everything has been read.
    pub follow: bool,
    pub rules: LoadedRules,
    /// Where the rules came from, to keep them as their files are; `None`: they stay as they are.
    pub reload: Option<RuleFiles>,
    /// What is configured about single sources, and about secrets of all.
    pub sources: Vec<SourceConfig>,
    pub redaction: RedactionConfig,
    /// Match rules only against events of their logsource.
    pub routing: bool,
    /// How products say what happened.
    pub vocabulary: Arc<Vocabulary>,
    pub data_dir: PathBuf,
    pub clock: Clock,
    /// Where lines go instead of a dashboard, if anywhere.
    pub plain: Option<Plain>,
}

/// What is said where there is no dashboard.
#[derive(Clone)]
pub struct Plain {
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
    #[error("the data directory `{}` lies among the files to be read", shown(data_dir))]
    ReadsItself { data_dir: PathBuf },
    #[error("cannot start the thread `{name}`")]
    Thread { name: &'static str, source: io::Error },
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
    failure: Arc<Mutex<Option<index::Error>>>,
}

/// Starts everything.
///
/// # Errors
/// When the index cannot be opened (for instance because another soctop writes to it) or a thread
/// cannot be started.
pub fn start(mut options: LiveOptions) -> Result<Live, LiveError> {
    refuse_own_data(&options)?;
    let threads = if options.follow { 1 } else { 2 };
    let writer = Writer::open(
        &options.data_dir,
        index::Options { threads, hold_bytes: HELD_BYTES, ..index::Options::default() },
    )?;
    let sources = std::mem::take(&mut options.sources);
    let mut engine_options = EngineOptions { routing: options.routing, sources, ..EngineOptions::default() };
    engine_options.normalize.redaction = options.redaction.applied(Redaction::default());
    engine_options.normalize.vocabulary = Arc::clone(&options.vocabulary);
    engine_options.normalize.redaction.key = redaction_key(&options.data_dir)?;
    let mut problems = reload::problems(&options.rules.diagnostics);
    let mut engine = prepare_engine(&options.rules, &engine_options, &writer, &mut problems);
    let mut state = prepare_state(&options.rules, &problems, &writer);
    reload::show_standing(engine.standing(), &mut state);

    let (chunk_sender, chunks) = bounded(SOURCE_CHUNKS);
    let (batch_sender, batches) = bounded(INDEX_BATCHES);
    let (recycle_sender, recycled) = bounded(RECYCLED_BUFFERS);
    let (report_sender, reports) = bounded(REPORTS);
    let (request_sender, requests) = bounded(REQUESTS);
    let (notice_sender, notices) = bounded(NOTICES);
    let (rules_sender, rules) = bounded(RULE_NEWS);
    let snapshots = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let stop = Stop::new().map_err(LiveError::Watch)?;
    let failure = Arc::new(Mutex::new(None));
    let mut threads = Threads { running: Vec::new(), stop: stop.clone(), told: notice_sender.clone() };

    let reading = source_options(&options, &writer);
    let (inputs, source_stop) = (options.inputs, stop.clone());
    let troubled = chunk_sender.clone();
    threads.start("source", move || {
        if let Err(error) = source::run(inputs, reading, chunk_sender, source_stop) {
            let (about, cause, message) = (PathBuf::new(), Cause::Unreadable, error.to_string());
            let trouble = Trouble { source: None, about, cause, message, hint: None };
            let trouble = SourceMessage::Trouble(trouble);
            // The engine is gone only when everything ends anyway.
            drop(troubled.send(trouble));
        }
    })?;

    if let Some(files) = options.reload.take() {
        let reloader = Reloader {
            files,
            fingerprint: options.rules.fingerprint.clone(),
            problems,
            changes: Changes::new().map_err(LiveError::Watch)?,
            hangups: Hangups::new(options.plain.is_some()).map_err(LiveError::Watch)?,
            stop: stop.clone(),
            reader: writer.reader(),
            paths: engine.paths().clone(),
            options: engine_options,
            seeds: engine.correlator().seeds(),
            engine: rules_sender,
            remarks: options.plain.as_ref().map(|plain| plain.remarks.clone()),
        };
        threads.start("rules", move || reloader.run())?;
    }

    let remarks = options.plain.as_ref().map(|plain| plain.remarks.clone());
    let decisions = Arc::new(ArcSwap::from_pointee(Decisions::default()));
    let searcher = Searcher {
        reader: writer.reader(),
        journal: Journal::of(&options.data_dir),
        decisions: Arc::clone(&decisions),
        notices: notice_sender.clone(),
    };
    threads.start("search", move || searcher.run(&requests))?;

    let ends = Ends {
        batches,
        recycled: recycle_sender,
        reports: report_sender,
        alerts: options.plain.map(|plain| plain.alerts),
        stop: stop.clone(),
    };
    let indexer = Indexer::new(writer, engine.paths().clone(), ends, options.clock, !options.follow);
    let (failed, stop_on_failure, told) = (Arc::clone(&failure), stop.clone(), notice_sender.clone());
    threads.start("index", move || {
        if let Err(error) = indexer.run() {
            let words = error.to_string();
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            stop_on_failure.stop();
            // Waits for a dashboard that has other news to take first; fails when it has left.
            drop(told.send(Notice::Stopped(Err(words))));
        }
    })?;

    let channels = Channels {
        sources: chunks,
        reports,
        rules,
        batches: batch_sender,
        recycled,
        notices: notice_sender,
        remarks,
        snapshots: Arc::clone(&snapshots),
        decisions,
    };
    let timers = if options.follow { Timers::WhenIdle } else { Timers::ByEvents };
    let fingerprint = options.rules.fingerprint;
    let engine = EngineThread::new(engine, fingerprint, state, channels, options.clock, timers);
    threads.start("engine", move || engine.run())?;

    let handle = Handle { snapshots, requests: request_sender, notices };
    Ok(Live { handle, stop, threads: threads.running, failure })
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
fn prepare_engine(
    rules: &LoadedRules,
    options: &EngineOptions,
    writer: &Writer,
    problems: &mut Vec<String>,
) -> Engine {
    let mut engine = Engine::new(&rules.rules, options);
    if let Err(reason) = recover(&mut engine, writer) {
        problems.push(format!("detection starts afresh: {reason}"));
    }
    engine
}

/// Takes over the saved state of detection and looks again at what was committed after it. Without
/// a saved state the newest events warm the windows.
fn recover(engine: &mut Engine, writer: &Writer) -> Result<(), String> {
    let next = writer.payload().seq_next;
    let mut from = next.saturating_sub(RECALLED_EVENTS as u64);
    let saved = writer.detection();
    let restored = saved.map(|saved| engine.restore(&saved.snapshot).map(|()| saved.seq)).transpose();
    if let Ok(Some(seq)) = restored {
        from = from.max(seq);
    }
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

fn prepare_state(rules: &LoadedRules, problems: &[String], writer: &Writer) -> State {
    let mut state = State::new();
    state.apply(Update::Rules { loaded: rules.rules.len(), problems: problems.to_vec() });
    if rules.rules.is_empty() {
        state.apply(Update::Trouble(state::Trouble {
            since: Clock::Wall.now(),
            about: "rules".into(),
            cause: Cause::NoRules,
            message: "no rule is loaded: nothing will be detected".to_owned(),
            hint: Some(
                "`soctop rules check` says why; without `--rules` those that come along are used".into(),
            ),
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
        waiting: super::engine::waiting,
        ..source::Options::default()
    }
}
