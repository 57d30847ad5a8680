//! Starts a live engine: opens the index, makes the channels, starts the threads, and stops both.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, bounded};

use super::clock::Clock;
use super::handle::{Handle, Notice};
use super::indexer::{Ends, Indexer};
use super::searcher;
use super::work::{Work, WorkOptions};
use super::worker::{Channels, Timers, Worker};
use crate::config::{KeyError, LoadedRules, RedactionConfig, SourceConfig, redaction_key};
use crate::detect::{Alert, Output};
use crate::event::{Event, SourceMessage};
use crate::index::{self, Writer};
use crate::normalize::Redaction;
use crate::source::{self, Input, Stop};
use crate::state::{Snapshot, State, Update};

/// Chunks between the readers and the worker. Small: a chunk may be a megabyte, and the files are
/// the buffer. Full: the readers wait.
const SOURCE_CHUNKS: usize = 4;
/// Batches between the worker and the committer. Full: the worker waits.
const INDEX_BATCHES: usize = 4;
/// Event buffers on their way back. Full: the buffer is dropped.
const RECYCLED_BUFFERS: usize = INDEX_BATCHES + 2;
/// Status reports of the index. Full: skipped, the next one is newer.
const REPORTS: usize = 8;
/// Questions of the dashboard. Full: the dashboard says so.
const REQUESTS: usize = 16;
/// Notices to the dashboard. A full channel is skipped for `Changed`; answers wait.
const NOTICES: usize = 64;
/// Events of the index that are looked at again at the start, at the most.
const RECALLED_EVENTS: u64 = 20_000;
/// As many of them are in memory at once.
const RECALLED_PAGE: usize = 1_000;
/// What the writer keeps of the events since the last commit, to write them again after a failure. Room
/// for all that one commit may take.
const HELD_BYTES: usize = 256 << 20;
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
    /// What is configured about single sources, and about secrets of all.
    pub sources: Vec<SourceConfig>,
    pub redaction: RedactionConfig,
    /// Match rules only against events of their logsource.
    pub routing: bool,
    pub data_dir: PathBuf,
    pub clock: Clock,
    /// Where alerts go once they are committed, if anywhere.
    pub alerts: Option<Sender<Alert>>,
}

/// Why a live engine did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Index(#[from] index::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("cannot start the thread `{name}`")]
    Thread { name: &'static str, source: io::Error },
    #[error("cannot watch for changes")]
    Watch(#[source] io::Error),
    /// A bug: the message of the panic went to standard error.
    #[error("the thread `{name}` broke down")]
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
pub fn start(options: LiveOptions) -> Result<Live, LiveError> {
    let threads = if options.follow { 1 } else { 2 };
    let writer = Writer::open(
        &options.data_dir,
        index::Options { threads, hold_bytes: HELD_BYTES, ..index::Options::default() },
    )?;
    let mut work = prepare_work(&options, &writer)?;
    let mut state = prepare_state(&options.rules, &mut work.1, &writer);
    let mut work = work.0;
    for output in work.standing() {
        match output {
            Output::Alert(alert) => state.apply(Update::Alert(alert)),
            Output::Transition(transition) => state.apply(Update::Transition(transition)),
            _ => {}
        }
    }

    let (chunk_sender, chunks) = bounded(SOURCE_CHUNKS);
    let (batch_sender, batches) = bounded(INDEX_BATCHES);
    let (recycle_sender, recycled) = bounded(RECYCLED_BUFFERS);
    let (report_sender, reports) = bounded(REPORTS);
    let (request_sender, requests) = bounded(REQUESTS);
    let (notice_sender, notices) = bounded(NOTICES);
    let snapshots = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let stop = Stop::new().map_err(LiveError::Watch)?;
    let failure = Arc::new(Mutex::new(None));
    let mut threads = Threads { running: Vec::new(), stop: stop.clone(), told: notice_sender.clone() };

    let reading = source_options(&options, &writer);
    let (inputs, source_stop) = (options.inputs, stop.clone());
    let troubled = chunk_sender.clone();
    threads.start("source", move || {
        if let Err(error) = source::run(inputs, reading, chunk_sender, source_stop) {
            let trouble = SourceMessage::Trouble { source: None, message: error.to_string(), hint: None };
            // The worker is gone only when everything ends anyway.
            drop(troubled.send(trouble));
        }
    })?;

    let searching = (writer.reader(), notice_sender.clone());
    threads.start("search", move || searcher::run(&searching.0, &requests, &searching.1))?;

    let ends = Ends {
        batches,
        recycled: recycle_sender,
        reports: report_sender,
        alerts: options.alerts,
        stop: stop.clone(),
    };
    let indexer = Indexer::new(
        writer,
        work.paths().clone(),
        ends,
        options.clock,
        options.rules.fingerprint,
        !options.follow,
    );
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
        batches: batch_sender,
        recycled,
        notices: notice_sender,
        snapshots: Arc::clone(&snapshots),
    };
    let timers = if options.follow { Timers::WhenIdle } else { Timers::ByEvents };
    let worker = Worker::new(work, state, channels, options.clock, timers);
    threads.start("work", move || worker.run())?;

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
fn prepare_work(options: &LiveOptions, writer: &Writer) -> Result<(Work, Vec<String>), LiveError> {
    let sources = options.sources.clone();
    let mut work_options = WorkOptions { routing: options.routing, sources, ..WorkOptions::default() };
    work_options.normalize.redaction = options.redaction.applied(Redaction::default());
    work_options.normalize.redaction.key = redaction_key(&options.data_dir)?;
    let (mut work, diagnostics) = Work::new(&options.rules.rules, &work_options);
    let mut problems: Vec<String> =
        diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.at, diagnostic.message)).collect();
    if let Err(reason) = recover(&mut work, writer) {
        problems.push(format!("detection starts anew: {reason}"));
    }
    Ok((work, problems))
}

/// Takes over the saved state of detection and looks again at what was committed after it. Without
/// a saved state the newest events warm the windows.
fn recover(work: &mut Work, writer: &Writer) -> Result<(), String> {
    let next = writer.payload().seq_next;
    let mut from = next.saturating_sub(RECALLED_EVENTS);
    let saved = writer.detection();
    let restored = saved.map(|saved| work.restore(&saved.snapshot).map(|()| saved.seq)).transpose();
    if let Ok(Some(seq)) = restored {
        from = from.max(seq);
    }
    let mut event = Event::default();
    let recalled = writer.reader().replay(from, RECALLED_PAGE, |record| {
        work.recall(&record, &mut event);
        Ok(())
    });
    // Whatever could not be read: no number is given twice.
    work.continue_at(next);
    restored.map_err(|error| error.to_string())?;
    recalled.map_err(|error| error.to_string())
}

fn prepare_state(rules: &LoadedRules, problems: &mut Vec<String>, writer: &Writer) -> State {
    let mut state = State::new();
    let broken =
        rules.diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.at, diagnostic.message));
    let problems = broken.chain(problems.drain(..)).collect();
    state.apply(Update::Rules { loaded: rules.rules.len(), problems });
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

fn source_options(options: &LiveOptions, writer: &Writer) -> source::Options {
    source::Options {
        from: options.from,
        follow: options.follow,
        cursors: writer.payload().cursors.clone(),
        exclude: vec![options.data_dir.clone()],
        // Lines of standard input have addresses that no earlier run has used.
        instance: Clock::Wall.now().0.unsigned_abs(),
        ..source::Options::default()
    }
}
