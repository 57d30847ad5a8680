//! The thread between the sources and everything that shows or stores: it runs [`Engine`] on every
//! line, in order, keeps the [`State`], publishes snapshots and hands batches to the index thread. What needs no order
//! a crew does, where there is one (see `worker`).
//!
//! It blocks when the index thread is behind (the files are the buffer), and never waits for the
//! dashboard: snapshots are latest-wins.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, never, select, tick};

use super::backlog::{Arrival, Backlog, Passage};
use super::clock::{Clock, StepWatch};
use super::crew::Crew;
use super::dating::Undated;
use super::engine::Engine;
use super::handle::Notice;
use super::held::{Held, JudgedChunk, in_order_of_time};
use super::indexer::{Batch, IndexReport, SavedDetection, SavedState, StoredChunk, note_time};
use super::memory::{self, MemoryTurn, MemoryWatch};
use super::reload::{self, Prepared, RuleNews, Tail};
use super::worker::{Lot, LotOrigin, Read, Unread};
use crate::alert::AlertStatus;
use crate::correlate::Output;
use crate::event::number::to_u64;
use crate::event::{
    self, Cadence, Cause, Chunk, Cursor, Event, EventId, Gap, SECOND, SourceId, SourceMessage, Timestamp,
    canonical, shown,
};
use crate::index::Detection;
use crate::receive::listener_behind;
use crate::state::{Ledger, MemoryStatus, Pending, Remark, Snapshot, SourceStatus, State, Trouble, Update};
use crate::triage::Decisions;

/// Ten times a second at most: the frame rate of the dashboard.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// The same where nobody looks: what is shown at the end is made then.
const PUBLISH_UNSEEN_EVERY: Duration = Duration::from_secs(1);

/// Whoever looks sees a new alert by then.
const PUBLISH_NEWS_AFTER: Duration = Duration::from_millis(20);

/// Gaps that are told one by one between two publications; of more only the number.
const GAPS_PER_PUBLICATION: u64 = 5;

/// Files and folders that cannot be read and are told of by name to whoever asks the store.
const UNREAD: usize = 20;

/// What a trouble of the index is about.
const INDEX: &str = "index";

/// And one of memory.
const MEMORY: &str = "memory";

/// Correlation state is saved this often; after a crash, what came later is looked at again.
const SAVE_DETECTION_EVERY: Duration = Duration::from_secs(5);

/// Saving takes one part in this many of the time at most: a large state is saved less often, but still each
/// [`SAVE_DETECTION_EVERY_BULK`].
const SAVING_SHARE: u32 = 50;

/// Groups of each rule that are told when they are close to firing.
const NEAR_MISSES: usize = 3;

/// The same when files are read once: the state is large then, and of most of those that are saved nothing would remain.
const SAVE_DETECTION_EVERY_BULK: Duration = Duration::from_secs(60);

/// A chunk of fewer lines is read here where nothing else waits: to hand it out costs more.
const FEW_LINES: usize = 48;

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

/// How time passes for an engine, and what it may hold.
pub(super) struct Conditions {
    pub clock: Clock,
    pub timers: TimerPolicy,
    pub memory: MemoryWatch,
}

/// What is known of one source.
#[derive(Default)]
struct Known {
    status: SourceStatus,
    cadence: Cadence,
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
    /// How sources are called, also of those whose opening is not taken in yet.
    names: HashMap<SourceId, Arc<str>>,
    /// Sources of which what is said now was written, or received, just before.
    live: HashSet<SourceId>,
    /// Sources of which it was said that lines come late.
    said_late: HashSet<SourceId>,
    /// What is handed out; `None`: this thread does everything itself.
    backlog: Option<Backlog>,
    /// What is judged and waits for what comes next.
    held: Held,
    memory: MemoryWatch,
    sources: BTreeMap<SourceId, Known>,
    changed_sources: BTreeSet<SourceId>,
    /// Of segments that have ended, by the name of their spool.
    lines_of_ended: BTreeMap<Arc<str>, u64>,
    pending: Pending,
    dirty: bool,
    /// An incident was opened since the last publication.
    has_news: bool,
    /// Gaps since the last publication.
    said_gaps: u64,
    /// Remarks that nobody took.
    unsaid: u64,
    /// The index cannot be written at the moment.
    store_fails: bool,
    /// The disk of the index is nearly full.
    disk_full: bool,
    published_at: Instant,
    saved_at: Instant,
    /// Of the last state that was stored, in nanoseconds: known when the index thread has written it.
    saving_took: Arc<AtomicU64>,
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
        conditions: Conditions,
    ) -> Self {
        let Conditions { clock, timers, memory } = conditions;
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
            names: HashMap::new(),
            live: HashSet::new(),
            said_late: HashSet::new(),
            backlog: None,
            held: Held::default(),
            memory,
            sources: BTreeMap::new(),
            changed_sources: BTreeSet::new(),
            lines_of_ended: BTreeMap::new(),
            pending: Pending::default(),
            dirty: true,
            has_news: false,
            said_gaps: 0,
            unsaid: 0,
            store_fails: false,
            disk_full: false,
            published_at: now,
            saved_at: now,
            saving_took: Arc::default(),
            shown_second: 0,
            looked_at: now,
            decisions: Arc::default(),
        }
    }

    /// Hands out what needs no order.
    #[must_use]
    pub fn with(self, crew: Crew) -> Self {
        Self { backlog: Some(Backlog::new(crew)), ..self }
    }

    /// Runs until the sources have hung up and what they said is taken in, then hands over the last state of detection.
    pub fn run(mut self) {
        let ticks = tick(PUBLISH_EVERY);
        let reports = self.channels.reports.clone();
        let mut rules = self.channels.rules.clone();
        let mut hung_up = false;
        self.publish();
        while !(hung_up && self.is_idle()) {
            let sources = if hung_up { never() } else { self.sources_now() };
            let (reading, judging) = self.under_way();
            select! {
                recv(sources) -> message => match message {
                    Ok(message) => self.hear(message),
                    Err(_) => hung_up = true,
                },
                recv(reading) -> read => self.was_read(read.ok()),
                recv(judging) -> lot => self.was_judged(lot.ok()),
                recv(reports) -> report => if let Ok(report) = report {
                    self.report(report);
                },
                recv(rules) -> news => match news {
                    Ok(news) => self.rule_news(news),
                    Err(_) => rules = reload::never(),
                },
                recv(ticks) -> _ => self.tick(),
            }
            self.publish_after(self.publish_every());
        }
        // Of files that are read once it was saved when the last of them ended.
        if self.timers == TimerPolicy::WhenIdle || self.engine.changed_since_saved() {
            self.save_detection();
        }
        self.publish();
    }

    /// Everything that was said is taken in.
    fn is_idle(&self) -> bool {
        self.backlog.as_ref().is_none_or(Backlog::is_empty)
    }

    /// Nobody is listened to while too much is under way.
    fn sources_now(&self) -> Receiver<SourceMessage> {
        let is_full = self.backlog.as_ref().is_some_and(Backlog::is_full);
        if is_full { never() } else { self.channels.sources.clone() }
    }

    fn under_way(&self) -> (Receiver<Read>, Receiver<Lot>) {
        let backlog = self.backlog.as_ref();
        backlog.map_or_else(|| (never(), never()), |backlog| (backlog.reading(), backlog.judging()))
    }

    /// Takes in what a source says, at once where nothing is under way that was said before.
    fn hear(&mut self, message: SourceMessage) {
        match &message {
            SourceMessage::Opened { source, path, is_live, .. } => {
                let (name, is_received) = named(path);
                self.names.insert(*source, name);
                self.was_written_now(*source, *is_live || is_received);
            }
            SourceMessage::CaughtUp { source, .. } if self.timers == TimerPolicy::WhenIdle => {
                self.was_written_now(*source, true);
            }
            _ => {}
        }
        match (message, &mut self.backlog) {
            (SourceMessage::Lines(chunk), _) => self.chunk(chunk),
            (message, Some(backlog)) if !backlog.is_empty() => backlog.say(message),
            (message, _) => self.source(message),
        }
    }

    /// Whether what a source says from here on was written, or received, just before.
    fn was_written_now(&mut self, source: SourceId, is_so: bool) {
        if is_so {
            self.live.insert(source);
        } else {
            self.live.remove(&source);
        }
    }

    fn source(&mut self, message: SourceMessage) {
        match message {
            SourceMessage::Opened { source, path, offset, size, .. } => {
                self.opened(source, &path, offset, size)
            }
            SourceMessage::Lines(chunk) => self.chunk(chunk),
            SourceMessage::Gap(source, gap) => self.gap(source, gap),
            SourceMessage::CaughtUp { source, size } => self.grown(source, size, true),
            SourceMessage::Grown { source, size } => self.grown(source, size, false),
            SourceMessage::Closed { source, cursor } => self.closed(source, cursor),
            SourceMessage::Remark { message, hint } => self.remark(message, hint),
            SourceMessage::Trouble(trouble) => self.trouble(trouble),
            SourceMessage::Over { about, cause } => {
                self.over(&named(&about).0, cause);
                self.store_unread();
            }
            SourceMessage::Gone(generation) => {
                let mut batch = self.empty_batch();
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

    fn chunk(&mut self, chunk: Chunk) {
        let path = self.names.get(&chunk.source).map(Arc::clone).unwrap_or_default();
        let spare = self.channels.recycled.try_recv().unwrap_or_default();
        let read_at = self.clock.now().max(self.arrived);
        self.arrived = read_at;
        let is_small = chunk.lines.len() < FEW_LINES;
        let arrival =
            Arrival { name: Arc::clone(&path), read_at, is_live: self.live.contains(&chunk.source) };
        let unread = Unread { chunk, path, read_at: Some(read_at), spare };
        match &mut self.backlog {
            Some(backlog) if !(is_small && backlog.is_empty()) => {
                backlog.read(self.engine.setup(), unread, arrival);
            }
            _ => {
                let read = self.engine.read(unread);
                let (passage, mut lot) = self.put_in_order(read, arrival);
                self.engine.judge(&mut lot);
                self.conclude(passage, lot);
            }
        }
    }

    /// The next chunk was read: its events get their place.
    fn was_read(&mut self, read: Option<Read>) {
        let coming = self.backlog.as_ref().and_then(Backlog::being_read);
        let (Some(read), Some(arrival)) = (read, coming) else { return self.abandon() };
        let (passage, lot) = self.put_in_order(read, arrival);
        if let Some(backlog) = &mut self.backlog {
            backlog.judge(self.engine.setup(), passage, lot);
        }
    }

    /// The events that come first were judged: they happen.
    fn was_judged(&mut self, lot: Option<Lot>) {
        let passage = self.backlog.as_mut().and_then(Backlog::pass);
        let (Some(lot), Some(passage)) = (lot, passage) else { return self.abandon() };
        self.conclude(passage, lot);
        while let Some(message) = self.backlog.as_mut().and_then(Backlog::next_said) {
            self.source(message);
        }
    }

    /// A worker broke down; everything is about to end.
    fn abandon(&mut self) {
        self.backlog = None;
    }

    /// Takes in everything that is under way.
    fn catch_up(&mut self) {
        while !self.is_idle() {
            self.go_on();
        }
    }

    /// Takes the next result of what is under way.
    fn go_on(&mut self) {
        let (reading, judging) = self.under_way();
        select! {
            recv(reading) -> read => self.was_read(read.ok()),
            recv(judging) -> lot => self.was_judged(lot.ok()),
        }
    }

    /// A batch without an event. What has arrived and is still under way is in a later one.
    fn empty_batch(&self) -> Batch {
        let under_way = || self.backlog.as_ref().and_then(Backlog::waits_since);
        let waits_since = self.held.waits_since().or_else(under_way);
        let now = self.clock.now();
        Batch::empty(&self.engine, waits_since.map_or(now, |arrived| arrived.min(now)))
    }

    fn put_in_order(&mut self, read: Read, arrival: Arrival) -> (Passage, Lot) {
        let Arrival { name, read_at, is_live } = arrival;
        let Read { chunk, mut events, mut ledger, .. } = read;
        for event in &mut events {
            self.engine.follow(event, &mut ledger);
            self.engine.date(event, is_live);
            self.engine.place(event, &mut ledger);
        }
        self.tail.keep(&events, &name);
        let passage = Passage {
            source: chunk.source,
            lines: chunk.lines.len(),
            cursor: chunk.cursor,
            name: Arc::clone(&name),
            read_at,
            ledger,
            newest: events.iter().filter_map(|event| event.meta.time).max(),
        };
        // Detection sees them as they were read; from there on they leave.
        let leaving = Some(Vec::with_capacity(events.len()));
        (passage, Lot { events, origin: LotOrigin::One(name), leaving, ..Lot::default() })
    }

    /// Events that were judged happen, unless others are waiting that may have happened before.
    fn conclude(&mut self, passage: Passage, lot: Lot) {
        self.held.add(passage, lot);
        let is_more_coming = self.backlog.as_ref().is_some_and(Backlog::goes_on);
        if !(is_more_coming && self.held.may_wait()) {
            self.conclude_held();
        }
    }

    /// The events of all chunks that waited happen, and are stored together.
    fn conclude_held(&mut self) {
        let held = self.held.take();
        let Some(read_at) = held.last().map(|chunk| chunk.passage.read_at) else { return };
        self.conclude_in_order(&held);
        let mut batch = Batch::empty(&self.engine, read_at);
        self.take_outputs(&mut batch);
        for JudgedChunk { passage, lot } in held {
            self.engine.account(&passage.ledger);
            self.engine.account(&Ledger { redacted: lot.hidden, ..Ledger::default() });
            let events = lot.leaving.unwrap_or_default();
            if self.is_watched() {
                self.pending.add_events(&events, &passage.name, self.engine.paths());
            }
            let ledger = self.engine.take_ledger();
            self.pending.add_ledger(&ledger);
            self.note_progress(&passage);
            let cursor = self.paced(passage.source, passage.cursor);
            batch.chunks.push(StoredChunk { events, source: passage.name, cursor });
        }
        batch.ledger = self.engine.total_ledger();
        self.tell_origins(&batch);
        self.send(batch);
    }

    /// Correlates the events of some chunks.
    fn conclude_in_order(&mut self, chunks: &[JudgedChunk]) {
        let mut late_of: BTreeMap<SourceId, u64> = BTreeMap::new();
        for (of, at) in in_order_of_time(chunks) {
            let Some(JudgedChunk { passage, lot }) = chunks.get(of) else { continue };
            let event = lot.leaving.as_ref().and_then(|events| events.get(at));
            let (Some(event), Some(record)) = (event, lot.records.get(at)) else { continue };
            let late_before = self.engine.late_events();
            self.engine.conclude(event, record);
            let late = self.engine.late_events() - late_before;
            if late > 0 {
                *late_of.entry(passage.source).or_default() += late;
            }
        }
        for (source, late) in late_of {
            self.say_late(source, late);
        }
    }

    /// Where the events came from that fired the alerts of the batch. Few of them are ever shown as rows.
    fn tell_origins(&mut self, batch: &Batch) {
        if batch.alerts.is_empty() {
            return;
        }
        let wanted: HashSet<EventId> =
            batch.alerts.iter().flat_map(|alert| alert.events.iter().copied()).collect();
        let origins = batch.chunks.iter().flat_map(|chunk| &chunk.events).filter_map(|event| {
            let address = event.get(canonical::SOURCE_IP)?;
            wanted.contains(&event.id()).then(|| (event.id(), Arc::from(address)))
        });
        self.state.apply(Update::Origins(origins.collect()));
    }

    fn note_progress(&mut self, passage: &Passage) {
        let known = self.sources.entry(passage.source).or_default();
        if passage.lines > 0 {
            known.cadence.hear(passage.read_at);
        }
        let status = &mut known.status;
        status.read_bytes = passage.cursor.end;
        status.size_bytes = status.size_bytes.max(passage.cursor.end);
        status.lines += to_u64(passage.lines);
        status.last_line_at = Some(passage.read_at);
        status.last_event_time = passage.newest.or(status.last_event_time);
        self.changed_sources.insert(passage.source);
    }

    /// Whether somebody may look at rows and rates: there is a dashboard.
    fn is_watched(&self) -> bool {
        self.timers == TimerPolicy::WhenIdle && self.channels.remarks.is_none()
    }

    /// A cursor with how its source has spoken: whoever asks the store learns which are silent.
    fn paced(&self, source: SourceId, cursor: Cursor) -> Cursor {
        let cadence = self.sources.get(&source).map(|known| known.cadence).unwrap_or_default();
        Cursor { cadence, ..cursor }
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
        let mut batch = self.empty_batch();
        batch.gaps.push(gap);
        self.send(batch);
    }

    fn grown(&mut self, source: SourceId, size: u64, caught_up: bool) {
        if let Some(known) = self.sources.get_mut(&source) {
            known.status.size_bytes = size;
        }
        self.changed_sources.insert(source);
        if caught_up {
            self.say_undated(source);
            self.engine.source_idle(source);
            self.send_outputs();
        }
    }

    /// A file has ended. A segment of a spool goes on in the next one.
    fn ended(&mut self, source: SourceId) {
        let Some(known) = self.sources.get_mut(&source) else { return };
        known.status.closed = true;
        if known.is_received {
            let name = Arc::clone(&known.status.path);
            self.fold_segments(&name);
            self.names.remove(&source);
            self.live.remove(&source);
            self.said_late.remove(&source);
        }
        self.changed_sources.insert(source);
    }

    /// Of the segments of a spool that have ended only the lines are remembered, while another one is read.
    fn fold_segments(&mut self, name: &Arc<str>) {
        let is_segment = |known: &Known| known.is_received && known.status.path == *name;
        if !self.sources.values().any(|known| is_segment(known) && !known.status.closed) {
            return;
        }
        let mut lines = 0;
        self.sources.retain(|_, known| {
            let has_ended = is_segment(known) && known.status.closed;
            lines += if has_ended { known.status.lines } else { 0 };
            !has_ended
        });
        *self.lines_of_ended.entry(Arc::clone(name)).or_default() += lines;
    }

    /// What is shown of a source: of a spool all its segments as one.
    fn shown_status(&self, known: &Known) -> SourceStatus {
        let mut status = known.status.clone();
        if known.is_received {
            status.lines += self.lines_of_ended.get(&known.status.path).copied().unwrap_or(0);
        }
        status
    }

    fn closed(&mut self, source: SourceId, cursor: Cursor) {
        let cursor = self.paced(source, cursor);
        self.say_undated(source);
        self.ended(source);
        self.engine.source_closed(source);
        let mut batch = self.empty_batch();
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
        self.store_unread();
        if let Some(source) = source {
            // Whatever it still has cannot be read now; nobody waits for it.
            self.engine.source_idle(source);
            self.send_outputs();
        }
    }

    /// Whoever asks the store learns what is not read.
    fn store_unread(&mut self) {
        let troubles = self.state.troubles();
        let mut of_sources = troubles.iter().filter(|it| it.cause.is_of_source());
        let mut unread: Vec<String> = of_sources.by_ref().take(UNREAD).map(in_one_line).collect();
        let more = of_sources.count();
        if more > 0 {
            unread.push(format!("{more} more cannot be read: the dashboard lists them"));
        }
        let mut batch = self.empty_batch();
        batch.unread = Some(unread);
        self.send(batch);
    }

    /// Lines that were there before and that no rule that counts has seen. A few without a time before the first that
    /// has one are its head, unless rules match them.
    fn say_undated(&mut self, source: SourceId) {
        let undated = self.engine.take_undated(source).filter(|it| it.matched > 0 || !it.has_times);
        let name = self.sources.get(&source).map(|known| Arc::clone(&known.status.path));
        if let Some((undated, about)) = undated.zip(name) {
            let message = undated_in_words(undated, &about);
            let hint = Some(format!("`soctop explain {about}` shows what is read of a line"));
            self.begin(Trouble { since: self.clock.now(), about, cause: Cause::NoTime, message, hint });
        }
    }

    /// Lines that came when the windows in which they count were given up: what counts looks at them apart. Said once of a
    /// source; their number is shown.
    fn say_late(&mut self, source: SourceId, lines: u64) {
        if lines == 0 || !self.said_late.insert(source) {
            return;
        }
        let about = self.sources.get(&source).map(|known| Arc::clone(&known.status.path)).unwrap_or_default();
        let (line, are) = if lines == 1 { ("line", "is") } else { ("lines", "are") };
        let message = format!(
            "{lines} {line} of `{about}` {are} far behind what was read before: rules count them apart from it, \
             and those about order or silence do not see them"
        );
        let hint = Some("`soctop hunt` looks at all lines in the order of their times".to_owned());
        self.begin(Trouble { since: self.clock.now(), about, cause: Cause::Late, message, hint });
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
            let line = with_hint(&message, hint.as_deref());
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
        // What is under way was judged by the rules that ran.
        self.catch_up();
        let (change, sentence) = reload::exchange(&mut self.engine, &mut prepared, &mut self.tail);
        let now = self.clock.now();
        let risks = self.engine.correlator().risks(now, 0.0);
        self.state.apply(Update::Superseded { void: change.void, risks });
        let mut batch = self.empty_batch();
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
                if !status.paused && std::mem::take(&mut self.disk_full) {
                    self.over(&Arc::from(INDEX), Cause::DiskFull);
                }
            }
            IndexReport::Trouble { message, hint } => {
                if !std::mem::replace(&mut self.store_fails, true) {
                    self.index_trouble(Cause::Store, message, hint);
                }
            }
            IndexReport::Pause(shortage) => {
                if !std::mem::replace(&mut self.disk_full, true) {
                    let hint = Some(shortage.hint().to_owned());
                    self.index_trouble(Cause::DiskFull, shortage.to_string(), hint);
                }
            }
            IndexReport::Remark { message } => {
                let hint = "`--retain` and `--max-size` say what is kept".to_owned();
                self.remark(message, Some(hint));
            }
        }
    }

    fn index_trouble(&mut self, cause: Cause, message: String, hint: Option<String>) {
        self.begin(Trouble { since: self.clock.now(), about: Arc::from(INDEX), cause, message, hint });
    }

    /// Near the bound less is followed exactly, and that is said.
    fn watch_memory(&mut self) {
        let Some(used) = memory::used_bytes() else { return };
        let status = self.memory.status(used);
        self.state.apply(Update::Memory(status));
        match self.memory.look(used) {
            Some(MemoryTurn::Scarce) => self.begin(scarce_memory(self.clock.now(), status)),
            Some(MemoryTurn::Enough) => self.over(&Arc::from(MEMORY), Cause::Memory),
            None => {}
        }
        self.engine.be_sparing(self.memory.is_scarce());
    }

    fn tick(&mut self) {
        self.watch_clock();
        self.take_decisions();
        if self.timers == TimerPolicy::WhenIdle {
            self.let_time_pass();
        }
        if self.saved_at.elapsed() >= self.save_every() && self.engine.changed_since_saved() {
            self.save_detection();
        }
        if self.clock.now().seconds() != self.shown_second {
            self.dirty = true;
        }
        // Ticks are no more punctual than publications.
        self.publish_after(self.publish_every() / 2);
    }

    fn save_every(&self) -> Duration {
        let least = match self.timers {
            TimerPolicy::WhenIdle => SAVE_DETECTION_EVERY,
            TimerPolicy::ByEvents => SAVE_DETECTION_EVERY_BULK,
        };
        let took = Duration::from_nanos(self.saving_took.load(Ordering::Relaxed));
        (took * SAVING_SHARE).clamp(least, SAVE_DETECTION_EVERY_BULK)
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
        if waited > LONGEST_PAUSE || !self.channels.sources.is_empty() || !self.is_idle() {
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
        self.conclude_held();
        self.saved_at = Instant::now();
        let mut batch = self.empty_batch();
        let (state, took) = (self.state_at(batch.next_seq), Arc::clone(&self.saving_took));
        batch.detection = Some(SavedDetection { state, rules: self.rules.clone(), took });
        self.send(batch);
    }

    /// The state of detection as of the event `seq`: a copy, of which most is shared until it changes. Where a crowd keeps it
    /// busy nearly all of it does, before it is written; while memory is scarce everything waits until that is done.
    fn state_at(&mut self, seq: u64) -> SavedState {
        if self.memory.is_scarce() {
            let began = Instant::now();
            let engine = &mut self.engine;
            let written = Detection::written(self.rules.clone(), seq, |packer| engine.write_state(packer));
            note_time(&self.saving_took, began);
            if let Ok(detection) = written {
                return SavedState::Written(detection);
            }
        }
        SavedState::Frozen(Box::new(self.engine.save()))
    }

    /// Sends what detection said without a line being read.
    fn send_outputs(&mut self) {
        let mut batch = self.empty_batch();
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
                    self.has_news |= alert.status == AlertStatus::Open;
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
    fn send(&mut self, mut batch: Batch) {
        while let Err(error) = self.channels.batches.send_timeout(batch, PUBLISH_EVERY) {
            let SendTimeoutError::Timeout(unsent) = error else {
                self.dirty = true;
                return;
            };
            batch = unsent;
            self.say_what_holds_up();
        }
    }

    /// The index thread may wait for hours, for room on its disk; that it does is shown nevertheless.
    fn say_what_holds_up(&mut self) {
        while let Ok(report) = self.channels.reports.try_recv() {
            self.report(report);
        }
        self.dirty |= self.clock.now().seconds() != self.shown_second;
        self.publish_after(self.publish_every() / 2);
    }

    fn apply(&mut self, update: Update) {
        self.state.apply(update);
        self.dirty = true;
    }

    /// Publishes what has changed, if that was not done within this time.
    fn publish_after(&mut self, least: Duration) {
        let has_changed = self.dirty || !self.pending.is_empty() || !self.changed_sources.is_empty();
        if has_changed && self.published_at.elapsed() >= least {
            self.publish();
        }
    }

    fn publish_every(&self) -> Duration {
        match self.channels.remarks {
            Some(_) => PUBLISH_UNSEEN_EVERY,
            None if self.has_news => PUBLISH_NEWS_AFTER,
            None => PUBLISH_EVERY,
        }
    }

    fn publish(&mut self) {
        self.say_the_rest();
        let now = self.clock.now();
        self.published_at = Instant::now();
        if now.seconds() != self.shown_second && self.is_watched() {
            let near = self.engine.correlator().near_misses(NEAR_MISSES);
            self.state.apply(Update::NearMisses(near));
        }
        if now.seconds() != self.shown_second {
            self.watch_memory();
        }
        self.shown_second = now.seconds();
        (self.dirty, self.has_news) = (false, false);
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

fn with_hint(message: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message} ({hint})"))
}

fn in_one_line(trouble: &Trouble) -> String {
    with_hint(&trouble.message, trouble.hint.as_deref())
}

fn scarce_memory(since: Timestamp, status: MemoryStatus) -> Trouble {
    let [used, bound] = [status.used_bytes, status.bound_bytes].map(|bytes| bytes / 1_000_000);
    let message = format!(
        "memory nearly used up: {used} MB of {bound} MB; new groups are counted by estimate, never too low"
    );
    let hint = "`--memory` allows more; somebody may be inventing users, addresses or ids".to_owned();
    Trouble { since, about: Arc::from(MEMORY), cause: Cause::Memory, message, hint: Some(hint) }
}

fn undated_in_words(undated: Undated, name: &str) -> String {
    let Undated { events, .. } = undated;
    let (line, have, them) = if events == 1 { ("line", "has", "it") } else { ("lines", "have", "them") };
    format!(
        "{events} {line} of `{name}` {have} no time that soctop can read: no rule that counts sees {them}"
    )
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

#[cfg(test)]
mod tests;
