//! The thread between the sources and everything that shows or stores: it runs [`Engine`] on every
//! line, in order, keeps the [`State`], publishes snapshots and hands batches to the index thread.
//!
//! It blocks when the index thread is behind (the files are the buffer), and never waits for the
//! dashboard: snapshots are latest-wins.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, select, tick};

use super::clock::{Clock, StepWatch};
use super::engine::{self, Engine};
use super::handle::Notice;
use super::indexer::{Batch, IndexReport, SavedDetection};
use super::ingest::Line;
use super::reload::{self, Prepared, RuleNews, Tail};
use crate::correlate::Output;
use crate::event::number::to_u64;
use crate::event::{
    self, Cause, Chunk, Cursor, Event, EventId, Gap, Outcome, Redacted, SECOND, SourceId, SourceMessage,
    Timestamp, canonical, shown,
};
use crate::receive::listener_behind;
use crate::state::{Pending, Remark, Snapshot, SourceStatus, State, Trouble, Update};
use crate::triage::Decisions;

/// Ten times a second at the most: the frame rate of the dashboard.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// Gaps that are told one by one between two publications; of more only the number.
const GAPS_PER_PUBLICATION: u64 = 5;

/// What a trouble of the index is about.
const INDEX: &str = "index";

/// Correlation state is saved this often; after a crash, what came later is looked at again.
const SAVE_DETECTION_EVERY: Duration = Duration::from_secs(5);

/// Groups of each rule that are told when they are close to firing.
const NEAR_MISSES: usize = 3;

/// The same when files are read once: the state is large then, and of most of those that are saved nothing would remain.
const SAVE_DETECTION_EVERY_BULK: Duration = Duration::from_secs(60);

/// After a longer pause between two ticks this thread itself was held up, not the sources.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The engine's ends of the channels.
pub(super) struct Channels {
    pub sources: Receiver<SourceMessage>,
    pub reports: Receiver<IndexReport>,
    pub rules: Receiver<RuleNews>,
    pub batches: Sender<Batch>,
    /// Event buffers that the index thread has finished with.
    pub recycled: Receiver<Vec<Event>>,
    pub notices: Sender<Notice>,
    /// Where sentences go when there is no dashboard.
    pub remarks: Option<Sender<String>>,
    pub snapshots: Arc<ArcSwap<Snapshot>>,
    /// What people decided, kept by the thread that writes the journal.
    pub decisions: Arc<ArcSwap<Decisions>>,
}

/// Whether timers may fire by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerPolicy {
    /// Where there is nothing to read.
    WhenIdle,
    /// Never: files are read one after the other, and between two of them there is much to read.
    ByEvents,
}

/// What is known of one source.
#[derive(Default)]
struct Known {
    status: SourceStatus,
    name: Arc<str>,
    /// It is a segment of a spool, and shares its name with the others.
    is_received: bool,
}

/// How a file is called, and whether it is a segment of a spool: that is called like its listener.
fn named(path: &Path) -> (Arc<str>, bool) {
    match listener_behind(path) {
        Some(listener) => (listener.into(), true),
        None => (shown(path).to_string().into(), false),
    }
}

pub(super) struct EngineThread {
    engine: Engine,
    /// Fingerprint of the rules; a saved state of detection belongs to it.
    rules: String,
    /// What is read while other rules are being prepared.
    tail: Tail,
    state: State,
    channels: Channels,
    clock: Clock,
    steps: StepWatch,
    /// Arrival of the newest line: does not go back while the clock is only adjusted.
    arrived: Timestamp,
    timers: TimerPolicy,
    sources: BTreeMap<SourceId, Known>,
    changed_sources: BTreeSet<SourceId>,
    /// Of segments that have ended, by the name of their spool.
    lines_of_ended: BTreeMap<Arc<str>, u64>,
    pending: Pending,
    dirty: bool,
    /// Gaps since the last publication.
    said_gaps: u64,
    /// Remarks that nobody took.
    unsaid: u64,
    /// The index cannot be written at the moment.
    store_fails: bool,
    published_at: Instant,
    saved_at: Instant,
    shown_second: i64,
    /// When time was last let pass.
    looked_at: Instant,
    /// Those that the state knows.
    decisions: Arc<Decisions>,
}

impl EngineThread {
    /// `rules` is the fingerprint of those that `engine` was made of.
    pub fn new(
        engine: Engine,
        rules: String,
        state: State,
        channels: Channels,
        clock: Clock,
        timers: TimerPolicy,
    ) -> Self {
        let now = Instant::now();
        Self {
            engine,
            rules,
            tail: Tail::default(),
            state,
            channels,
            clock,
            steps: StepWatch::new(),
            arrived: Timestamp::MIN,
            timers,
            sources: BTreeMap::new(),
            changed_sources: BTreeSet::new(),
            lines_of_ended: BTreeMap::new(),
            pending: Pending::default(),
            dirty: true,
            said_gaps: 0,
            unsaid: 0,
            store_fails: false,
            published_at: now,
            saved_at: now,
            shown_second: 0,
            looked_at: now,
            decisions: Arc::default(),
        }
    }

    /// Runs until the sources have hung up, then hands over the last state of detection.
    pub fn run(mut self) {
        let ticks = tick(PUBLISH_EVERY);
        let sources = self.channels.sources.clone();
        let reports = self.channels.reports.clone();
        let mut rules = self.channels.rules.clone();
        self.publish();
        loop {
            select! {
                recv(sources) -> message => match message {
                    Ok(message) => self.source(message),
                    Err(_) => break,
                },
                recv(reports) -> report => if let Ok(report) = report {
                    self.report(report);
                },
                recv(rules) -> news => match news {
                    Ok(news) => self.rule_news(news),
                    Err(_) => rules = reload::never(),
                },
                recv(ticks) -> _ => self.tick(),
            }
            if self.published_at.elapsed() >= PUBLISH_EVERY {
                self.publish_if_changed();
            }
        }
        // Of files that are read once it was saved when the last of them ended.
        if self.timers == TimerPolicy::WhenIdle || self.engine.changed_since_saved() {
            self.save_detection();
        }
        self.publish();
    }

    fn source(&mut self, message: SourceMessage) {
        match message {
            SourceMessage::Opened { source, path, offset, size, .. } => {
                self.opened(source, &path, offset, size)
            }
            SourceMessage::Lines(mut chunk) => self.chunk(&mut chunk),
            SourceMessage::Gap(source, gap) => self.gap(source, gap),
            SourceMessage::CaughtUp { source, size } => self.grown(source, size, true),
            SourceMessage::Grown { source, size } => self.grown(source, size, false),
            SourceMessage::Closed { source, cursor } => self.closed(source, cursor),
            SourceMessage::Remark { message, hint } => self.remark(message, hint),
            SourceMessage::Trouble(trouble) => self.trouble(trouble),
            SourceMessage::Over { about, cause } => self.over(&named(&about).0, cause),
            SourceMessage::Gone(generation) => {
                let mut batch = Batch::empty(&self.engine, self.clock.now());
                batch.gone.push(generation);
                self.send(batch);
            }
            SourceMessage::Finished => self.finished(),
        }
    }

    fn opened(&mut self, source: SourceId, path: &Path, offset: u64, size: u64) {
        let known = self.sources.entry(source).or_default();
        let (name, is_received) = named(path);
        if !known.status.path.is_empty() {
            known.status.rotations += 1;
        }
        known.is_received = is_received;
        known.name = Arc::clone(&name);
        known.status.path = Arc::clone(&name);
        known.status.read_bytes = offset;
        known.status.size_bytes = size.max(offset);
        known.status.closed = false;
        if is_received {
            self.fold_segments(&name);
        }
        self.changed_sources.insert(source);
        self.engine.source_opened(source);
    }

    fn chunk(&mut self, chunk: &mut Chunk) {
        let name = self.sources.get(&chunk.source).map(|known| Arc::clone(&known.name)).unwrap_or_default();
        let mut events = self.channels.recycled.try_recv().unwrap_or_default();
        let mut used = 0;
        let mut newest = None;
        let read_at = self.clock.now().max(self.arrived);
        self.arrived = read_at;
        for group in engine::groups(chunk) {
            let line = Line { read_at, ..Line::of(chunk, &group, &name) };
            let mut more = self.engine.line(&line, room_for(&mut events, used)) != Outcome::Blank;
            while more {
                newest = newest.max(events.get(used).and_then(|event| event.meta.time));
                used += 1;
                more = self.engine.next(&line, room_for(&mut events, used));
            }
        }
        events.truncate(used);
        self.tail.keep(&events, &name);
        // Detection has seen them as they were read; from here on they leave.
        let events: Vec<Redacted> =
            events.into_iter().map(|event| self.engine.redact(event, &name)).collect();
        self.pending.add_events(&events, &name, self.engine.paths());
        self.pending.add_ledger(&self.engine.take_ledger());
        self.note_progress(chunk, newest, read_at);
        let mut batch = Batch {
            events,
            source: name,
            cursor: Some(chunk.cursor.clone()),
            ..Batch::empty(&self.engine, read_at)
        };
        self.take_outputs(&mut batch);
        self.tell_origins(&batch);
        self.send(batch);
    }

    /// Where the events came from that fired the alerts of the batch. Few of them are ever shown as rows.
    fn tell_origins(&mut self, batch: &Batch) {
        if batch.alerts.is_empty() {
            return;
        }
        let wanted: HashSet<EventId> =
            batch.alerts.iter().flat_map(|alert| alert.events.iter().copied()).collect();
        let origins = batch.events.iter().filter_map(|event| {
            let address = event.get(canonical::SOURCE_IP)?;
            wanted.contains(&event.id()).then(|| (event.id(), Arc::from(address)))
        });
        self.state.apply(Update::Origins(origins.collect()));
    }

    fn note_progress(&mut self, chunk: &Chunk, newest: Option<Timestamp>, read_at: Timestamp) {
        let known = self.sources.entry(chunk.source).or_default();
        let status = &mut known.status;
        status.read_bytes = chunk.cursor.end;
        status.size_bytes = status.size_bytes.max(chunk.cursor.end);
        status.lines += to_u64(chunk.lines.len());
        status.last_line_at = Some(read_at);
        status.last_event_time = newest.or(status.last_event_time);
        self.changed_sources.insert(chunk.source);
    }

    fn gap(&mut self, source: SourceId, gap: Gap) {
        if let Some(known) = self.sources.get_mut(&source) {
            known.status.gaps += 1;
        }
        self.changed_sources.insert(source);
        let lost = gap.to.map(|to| to.saturating_sub(gap.from));
        self.engine.lost(lost.unwrap_or(0));
        self.pending.add_ledger(&self.engine.take_ledger());
        self.said_gaps += 1;
        if self.said_gaps <= GAPS_PER_PUBLICATION {
            self.remark(gap_in_words(&gap, lost), Some("`soctop search kind:gap` lists what is lost".into()));
        }
        let mut batch = Batch::empty(&self.engine, self.clock.now());
        batch.gaps.push(gap);
        self.send(batch);
    }

    fn grown(&mut self, source: SourceId, size: u64, caught_up: bool) {
        if let Some(known) = self.sources.get_mut(&source) {
            known.status.size_bytes = size;
        }
        self.changed_sources.insert(source);
        if caught_up {
            self.engine.source_idle(source);
            self.send_outputs();
        }
    }

    /// A file has ended. A segment of a spool goes on in the next one.
    fn ended(&mut self, source: SourceId) {
        let Some(known) = self.sources.get_mut(&source) else { return };
        known.status.closed = true;
        if known.is_received {
            let name = Arc::clone(&known.name);
            self.fold_segments(&name);
        }
        self.changed_sources.insert(source);
    }

    /// Of the segments of a spool that have ended only the lines are remembered, while another one is read.
    fn fold_segments(&mut self, name: &Arc<str>) {
        let is_segment = |known: &Known| known.is_received && known.name == *name;
        if !self.sources.values().any(|known| is_segment(known) && !known.status.closed) {
            return;
        }
        let ended = self.sources.extract_if(.., |_, known| is_segment(known) && known.status.closed);
        let lines: u64 = ended.map(|(_, known)| known.status.lines).sum();
        *self.lines_of_ended.entry(Arc::clone(name)).or_default() += lines;
    }

    /// What is shown of a source: of a spool all its segments as one.
    fn shown_status(&self, known: &Known) -> SourceStatus {
        let mut status = known.status.clone();
        if known.is_received {
            status.lines += self.lines_of_ended.get(&known.name).copied().unwrap_or(0);
        }
        status
    }

    fn closed(&mut self, source: SourceId, cursor: Cursor) {
        self.ended(source);
        self.engine.source_idle(source);
        let mut batch = Batch::empty(&self.engine, self.clock.now());
        batch.cursor = Some(cursor);
        self.take_outputs(&mut batch);
        self.send(batch);
    }

    /// Something keeps from reading.
    fn trouble(&mut self, trouble: event::Trouble) {
        let event::Trouble { source, about, cause, message, hint } = trouble;
        if let Some(source) = source {
            let known = self.sources.entry(source).or_default();
            if known.status.path.is_empty() {
                known.status.path = named(&about).0;
            }
            known.status.trouble = Some(message.clone());
            self.changed_sources.insert(source);
        }
        self.begin(Trouble { since: self.clock.now(), about: named(&about).0, cause, message, hint });
        if let Some(source) = source {
            // Whatever it still has cannot be read now; nobody waits for it.
            self.engine.source_idle(source);
            self.send_outputs();
        }
    }

    fn begin(&mut self, trouble: Trouble) {
        let (message, hint) = (trouble.message.clone(), trouble.hint.clone());
        self.apply(Update::Trouble(trouble));
        self.remark(message, hint);
    }

    fn over(&mut self, about: &Arc<str>, cause: Cause) {
        for (source, known) in &mut self.sources {
            if known.status.path == *about && known.status.trouble.take().is_some() {
                self.changed_sources.insert(*source);
            }
        }
        self.apply(Update::Over { about: Arc::clone(about), cause });
        let what = if about.is_empty() { String::new() } else { format!("`{about}`: ") };
        self.remark(format!("{what}{}", cause.over_in_words()), None);
    }

    /// Something that happened, for the dashboard and for standard error.
    fn remark(&mut self, message: String, hint: Option<String>) {
        if let Some(remarks) = &self.channels.remarks {
            let line = match &hint {
                Some(hint) => format!("{message} ({hint})"),
                None => message.clone(),
            };
            // Whoever does not read standard error does not stop the watch.
            self.unsaid += u64::from(remarks.try_send(line).is_err());
        }
        self.apply(Update::Notice { time: self.clock.now(), message, hint });
    }

    /// What was too much to be said at once.
    fn say_the_rest(&mut self) {
        let gaps = std::mem::take(&mut self.said_gaps).saturating_sub(GAPS_PER_PUBLICATION);
        if gaps > 0 {
            self.remark(format!("{gaps} more gaps: lines were lost in other files, too"), None);
        }
        if let Some(remarks) = self.channels.remarks.as_ref().filter(|_| self.unsaid > 0)
            && remarks.try_send(format!("{} more remarks were left out", self.unsaid)).is_ok()
        {
            self.unsaid = 0;
        }
    }

    fn finished(&mut self) {
        self.save_detection();
        self.apply(Update::Finished);
    }

    fn rule_news(&mut self, news: RuleNews) {
        match news {
            RuleNews::Announced { next_seq } => {
                self.tail.begin();
                if next_seq.send(self.engine.next_seq()).is_err() {
                    // Whoever asked has left.
                    self.tail = Tail::default();
                }
            }
            RuleNews::Prepared(prepared) => self.exchange_rules(*prepared),
            RuleNews::Standing(report) => report.show(&mut self.state, self.clock),
            RuleNews::Vocabulary(vocabulary, message) => {
                self.engine.exchange_vocabulary(&vocabulary);
                self.apply(Update::Notice { time: self.clock.now(), message, hint: None });
            }
        }
        self.dirty = true;
    }

    fn exchange_rules(&mut self, mut prepared: Prepared) {
        let (change, sentence) = reload::exchange(&mut self.engine, &mut prepared, &mut self.tail);
        let now = self.clock.now();
        let risks = self.engine.correlator().risks(now, 0.0);
        self.state.apply(Update::Superseded { void: change.void, risks });
        let mut batch = Batch::empty(&self.engine, now);
        self.handle(change.told, &mut batch);
        self.send(batch);
        reload::show_standing(change.standing, &mut self.state);
        let Prepared { engine, fingerprint, mut report, done, .. } = prepared;
        let remark = Remark { time: now, message: sentence.clone(), hint: None };
        self.state.apply(Update::RulesChanged(remark));
        report.remarks.insert(0, sentence);
        let remarks = report.remarks.clone();
        report.show(&mut self.state, self.clock);
        self.rules = fingerprint;
        // After a crash the rules that have changed go on from here.
        self.save_detection();
        // Whoever prepared them may have left by now.
        drop(done.send((engine, remarks)));
    }

    fn report(&mut self, report: IndexReport) {
        match report {
            IndexReport::Status(status) => {
                self.apply(Update::Index(status));
                if !status.degraded && std::mem::take(&mut self.store_fails) {
                    self.over(&Arc::from(INDEX), Cause::Store);
                }
            }
            IndexReport::Trouble { message, hint } if !self.store_fails => {
                self.store_fails = true;
                let (since, about) = (self.clock.now(), Arc::from(INDEX));
                self.begin(Trouble { since, about, cause: Cause::Store, message, hint });
            }
            IndexReport::Trouble { .. } => {}
            IndexReport::Remark { message } => {
                let hint = "`--retain` and `--max-size` say what is kept".to_owned();
                self.remark(message, Some(hint));
            }
        }
    }

    fn tick(&mut self) {
        self.watch_clock();
        self.take_decisions();
        if self.timers == TimerPolicy::WhenIdle {
            self.let_time_pass();
        }
        let save_every = match self.timers {
            TimerPolicy::WhenIdle => SAVE_DETECTION_EVERY,
            TimerPolicy::ByEvents => SAVE_DETECTION_EVERY_BULK,
        };
        if self.saved_at.elapsed() >= save_every && self.engine.changed_since_saved() {
            self.save_detection();
        }
        if self.clock.now().seconds() != self.shown_second {
            self.dirty = true;
        }
        self.publish_if_changed();
    }

    fn take_decisions(&mut self) {
        let newest = self.channels.decisions.load_full();
        if !Arc::ptr_eq(&newest, &self.decisions) {
            self.decisions = Arc::clone(&newest);
            self.state.apply(Update::Decided(newest));
            self.dirty = true;
        }
    }

    /// Time goes on by the clock where there is nothing to read. A source with a backlog lives in the past and
    /// holds back what waits for it; one that has told all, or says nothing, does not. While this thread had
    /// to wait itself nobody was silent.
    fn let_time_pass(&mut self) {
        let waited = std::mem::replace(&mut self.looked_at, Instant::now()).elapsed();
        let now = self.clock.now();
        if waited > LONGEST_PAUSE || !self.channels.sources.is_empty() {
            self.engine.was_busy_until(now);
        } else if !self.sources.is_empty() {
            // Before the first source is opened there may be much to read.
            self.engine.advance(now);
            self.send_outputs();
        }
    }

    /// A clock that was set explains times that look wrong; the dashboard says so.
    fn watch_clock(&mut self) {
        if !matches!(self.clock, Clock::Wall) {
            return;
        }
        let Some(step) = self.steps.look(self.clock.now(), Instant::now()) else { return };
        if step < 0 {
            self.arrived = self.clock.now();
            self.engine.clock_set_back(self.arrived);
        }
        let (seconds, way) = (step.abs() / SECOND, if step > 0 { "forward" } else { "back" });
        let message = format!("the clock of this machine jumped {way} by {seconds} s");
        let hint = Some("it was set, or the machine slept: times around it may look wrong".to_owned());
        self.apply(Update::Notice { time: self.clock.now(), message, hint });
    }

    fn save_detection(&mut self) {
        self.saved_at = Instant::now();
        let mut batch = Batch::empty(&self.engine, self.clock.now());
        batch.detection = Some(SavedDetection { snapshot: self.engine.save(), rules: self.rules.clone() });
        self.send(batch);
    }

    /// Sends what detection said without a line being read.
    fn send_outputs(&mut self) {
        let mut batch = Batch::empty(&self.engine, self.clock.now());
        self.take_outputs(&mut batch);
        if !batch.alerts.is_empty() {
            self.send(batch);
        }
    }

    fn take_outputs(&mut self, batch: &mut Batch) {
        let outputs = self.engine.take_outputs();
        self.handle(outputs, batch);
    }

    fn handle(&mut self, outputs: Vec<Output>, batch: &mut Batch) {
        for output in outputs {
            match output {
                Output::Alert(alert) => {
                    batch.alerts.push(alert.clone());
                    self.state.apply(Update::Alert(alert));
                }
                Output::Transition(transition) => self.state.apply(Update::Transition(transition)),
                Output::Risk(risk) => self.state.apply(Update::Risk(risk)),
                Output::Degraded { rule, since } => {
                    let message = rule.over_budget();
                    let hint = "someone may be inventing keys; what is told is certain, counts may be too high, and \
                                groups with few events and absences may be missed";
                    let hint = Some(hint.to_owned());
                    self.state.apply(Update::Notice { time: since, message, hint });
                }
                // Raw matches and firings are for test vectors and never asked for here.
                Output::Match { .. } | Output::Firing { .. } => continue,
            }
            self.dirty = true;
        }
    }

    /// Blocks while the index thread is behind. When it is gone there is nobody to store for, and
    /// the dashboard has been told why.
    fn send(&mut self, batch: Batch) {
        if self.channels.batches.send(batch).is_err() {
            self.dirty = true;
        }
    }

    fn apply(&mut self, update: Update) {
        self.state.apply(update);
        self.dirty = true;
    }

    fn publish_if_changed(&mut self) {
        if self.dirty || !self.pending.is_empty() || !self.changed_sources.is_empty() {
            self.publish();
        }
    }

    fn publish(&mut self) {
        self.say_the_rest();
        let now = self.clock.now();
        self.published_at = Instant::now();
        if now.seconds() != self.shown_second {
            let near = self.engine.correlator().near_misses(NEAR_MISSES);
            self.state.apply(Update::NearMisses(near));
        }
        self.shown_second = now.seconds();
        self.dirty = false;
        for source in std::mem::take(&mut self.changed_sources) {
            if let Some(known) = self.sources.get(&source) {
                self.state.apply(Update::Source(self.shown_status(known)));
            }
        }
        self.pending.take_updates().into_iter().for_each(|update| self.state.apply(update));
        self.state.apply(Update::RuleHits(self.engine.rule_hits()));
        self.state.apply(Update::Clock { now });
        self.channels.snapshots.store(Arc::new(self.state.snapshot()));
        // A full channel already holds a notice that will make the dashboard look.
        drop(self.channels.notices.try_send(Notice::Changed));
    }
}

fn gap_in_words(gap: &Gap, lost: Option<u64>) -> String {
    let path = shown(&gap.path);
    let why = gap.cause.in_words();
    match lost {
        Some(0) => format!("`{path}` was emptied after it was read; nothing is known to be lost"),
        Some(bytes) => format!("`{path}`: {bytes} bytes were lost: {why}"),
        None => format!("`{path}`: lines after byte {} may be lost: {why}", gap.from),
    }
}

/// The buffer of this number, a new one where there is none yet.
fn room_for(events: &mut Vec<Event>, number: usize) -> &mut Event {
    if number >= events.len() {
        events.resize_with(number + 1, Event::default);
    }
    &mut events[number]
}
