//! Follows files as they grow, rotate, shrink and vanish.
//!
//! One thread, one loop: wait for a hint or the clock, look at what may have changed, read what is
//! there, a bounded share of each file in turn, so that a flood in one cannot starve another.
//! Looking and reading are apart: while the consumer is behind and nothing can be sent, new files
//! are still looked at and opened, so that a rotation during the wait loses nothing.
//!
//! Files are known by [`Identity`]; a path only says where to look. A file that left its path is
//! drained and closed after a quiet time, because its writer may not have noticed yet.

mod census;
mod discover;
mod origin;
mod recover;
#[cfg(test)]
mod tests;
mod troubles;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, getrlimit};

use super::identity::Identity;
use super::input::Input;
use super::once::{stdin_reader, stdin_trouble, unreadable};
use super::outbox::{Outbox, Sent, Sources, Stopped};
use super::reader::{FileReader, Stamp, Step, continues, is_whole_head};
use super::stop::Wake;
use super::watch::{Inputs, Watcher};
use super::{Error, Options};
use crate::event::number::to_i64;
use crate::event::{Cause, Cursor, GenerationId, SourceMessage, Trouble, shown};
use census::Census;
use recover::Missing;
use troubles::Troubles;
use turns::Waiting;

/// Descriptors that are left to the index and everything else, at least.
const RESERVED_DESCRIPTORS: u64 = 32;
/// How much of one file is read before the next one has its turn, in bytes.
const TURN_BYTES: u64 = 4 << 20;
/// How often a file without a path is looked at: nothing tells when such a file grows.
const MOVED_LOOK: Duration = Duration::from_millis(250);
/// A moved file is closed after this while others wait for its descriptor.
const SHORT_QUIET: Duration = Duration::from_secs(1);
/// After a look that took long the folders are left alone for this many times as long: while thousands of files are
/// rotated each look is a long one, and hints come all the time.
const REST: u32 = 3;
/// What is not worth a rest.
const SHORT_LOOK: Duration = Duration::from_millis(10);
/// A file that could not be read is tried again after this.
const RETRY: Duration = Duration::from_secs(5);

pub(crate) fn run(inputs: Vec<Input>, options: Options, outbox: Outbox) -> Result<(), Error> {
    let mut follow = Follow::new(inputs, options, outbox)?;
    // To be stopped is not an error: the caller asked for it.
    follow.run().unwrap_or(());
    Ok(())
}

/// A file that is open.
struct Active {
    reader: FileReader,
    /// Since when it is silent, once it has left its path.
    moved: Option<Instant>,
    /// There may be something to read that was not read yet.
    behind: bool,
    queued: bool,
    /// Size and time when last looked at.
    stamp: Option<Stamp>,
    /// Reading failed; not tried again before this.
    failed_until: Option<Instant>,
    /// When it was last found to hold what was read of it.
    last_read: Instant,
    /// Since when it is not read, and its size then: it may be the copy of another.
    held: Option<(Instant, u64)>,
    /// How it begins is remembered.
    indexed: bool,
    /// Since when its last lines wait for others that may belong to them.
    waits: Option<Wait>,
}

/// Complete lines that wait for what may belong to them.
#[derive(Clone, Copy)]
struct Wait {
    since: Instant,
    /// Where the first of them begins.
    from: u64,
}

impl Wait {
    /// The wait of the lines that a reader holds; it goes on while they are the same.
    fn of(reader: &FileReader, before: Option<Self>) -> Option<Self> {
        let from = reader.end();
        let goes_on = before.filter(|wait| wait.from == from);
        reader.holds_lines().then(|| goes_on.unwrap_or_else(|| Self { since: Instant::now(), from }))
    }
}

/// A file that is not open, but has been read.
struct Known {
    cursor: Cursor,
    /// Earlier generations of the same file, when it was truncated in its time.
    others: Vec<Cursor>,
    /// `None`: from an earlier run, or not read to its end.
    stamp: Option<Stamp>,
    /// It was searched for and not found.
    gone: bool,
}

impl Known {
    fn new(cursor: Cursor, stamp: Option<Stamp>) -> Self {
        Self { cursor, others: Vec::new(), stamp, gone: false }
    }

    /// Adds a generation of the same file. At most one is unfinished, and that is the newest.
    fn add(&mut self, cursor: &Cursor) {
        let mut cursor = cursor.clone();
        if !cursor.finished {
            std::mem::swap(&mut cursor, &mut self.cursor);
        }
        self.others.push(cursor);
    }

    /// The generation that a file holds: the one that has read most of what is there.
    fn of(&self, file: &File) -> std::io::Result<Option<&Cursor>> {
        let mut best: Option<&Cursor> = None;
        for cursor in std::iter::once(&self.cursor).chain(&self.others) {
            if best.is_none_or(|best| cursor.end > best.end) && continues(file, cursor)? {
                best = Some(cursor);
            }
            if best.is_some_and(|best| !best.finished) {
                break;
            }
        }
        Ok(best)
    }
}

struct Follow {
    inputs: Vec<Input>,
    interest: Arc<Inputs>,
    options: Options,
    outbox: Outbox,
    sources: Sources,
    active: HashMap<Identity, Active>,
    known: HashMap<Identity, Known>,
    /// All addresses in use.
    generations: HashSet<GenerationId>,
    /// Copies of a log that was still there when they were made.
    copies: HashSet<Identity>,
    /// What was found at the paths that the inputs name.
    paths: BTreeMap<PathBuf, Identity>,
    /// What was last at a path, also while nothing is there.
    last: BTreeMap<PathBuf, Identity>,
    /// What left its place and is searched for.
    missing: BTreeMap<Identity, Missing>,
    /// What lies in the folders around, as of the last look.
    census: Census,
    /// Files that appeared since the start and of which nothing has been read yet.
    fresh: HashSet<Identity>,
    /// At the start: files of which nothing was ever read, by the hash of their first bytes.
    strangers: Option<HashMap<u64, Vec<(Identity, PathBuf)>>>,
    /// Files by the hash of their first bytes.
    heads: HashMap<u64, Vec<Identity>>,
    /// Since when there is nothing at a path.
    absent_since: HashMap<PathBuf, Instant>,
    /// Where the files that were named by themselves led at the start, if they were links.
    trusted: HashMap<PathBuf, Option<PathBuf>>,
    waiting: Waiting,
    troubles: Troubles,
    /// Where links lead, to the path that was named.
    targets: HashMap<PathBuf, PathBuf>,
    /// Files that have left their path and hold what was not read yet: may vanish, are read first.
    urgent: VecDeque<Identity>,
    ready: VecDeque<Identity>,
    stdin: Option<FileReader>,
    /// Since when its last lines wait for others.
    stdin_waits: Option<Wait>,
    watcher: Watcher,
    wake: Arc<Wake>,
    blind: bool,
    /// What has been said once: paths and words.
    said: HashSet<(PathBuf, String)>,
    first_look: bool,
    next_look: Instant,
    /// Not before this is looked again, whatever the hints say.
    rests_until: Instant,
    last_pump: Instant,
}

impl Follow {
    fn new(inputs: Vec<Input>, mut options: Options, outbox: Outbox) -> Result<Self, Error> {
        let wake = Arc::new(Wake::new().map_err(Error::Pipe)?);
        let interest = Arc::new(Inputs::new(&inputs, options.directory_depth));
        let (watcher, failure) =
            Watcher::new(Arc::clone(&interest), Arc::clone(&wake), options.notifications);
        let known = known_of(&options.cursors);
        options.open_files_max = options.open_files_max.min(descriptors());
        let generations = options.cursors.iter().map(|cursor| cursor.generation).collect();
        let now = Instant::now();
        let mut follow = Self {
            inputs,
            interest,
            options,
            outbox,
            sources: Sources::default(),
            active: HashMap::new(),
            known,
            generations,
            copies: HashSet::new(),
            paths: BTreeMap::new(),
            last: BTreeMap::new(),
            missing: BTreeMap::new(),
            census: Census::default(),
            fresh: HashSet::new(),
            strangers: None,
            heads: HashMap::new(),
            absent_since: HashMap::new(),
            trusted: HashMap::new(),
            waiting: Waiting::default(),
            troubles: Troubles::default(),
            targets: HashMap::new(),
            urgent: VecDeque::new(),
            ready: VecDeque::new(),
            stdin: None,
            stdin_waits: None,
            watcher,
            wake,
            blind: false,
            said: HashSet::new(),
            first_look: true,
            next_look: now,
            rests_until: now,
            last_pump: now,
        };
        follow.blind = failure.is_some();
        follow.note_notifications(failure);
        for cursor in follow.options.cursors.clone() {
            follow.index_head(&cursor, Identity::of_cursor(&cursor));
        }
        Ok(follow)
    }

    fn run(&mut self) -> Result<(), Stopped> {
        self.begin();
        loop {
            self.pump()?;
            if self.is_over() {
                self.outbox.push(SourceMessage::Finished);
                return self.outbox.flush();
            }
            let stdin_ready = self.wait();
            if self.outbox.stop.is_stopped() {
                return Err(Stopped);
            }
            if stdin_ready {
                self.read_stdin()?;
            }
            self.observe();
        }
    }

    /// Opens what is there.
    fn begin(&mut self) {
        if self.inputs.iter().any(|input| matches!(input, Input::Stdin)) {
            self.open_stdin();
        }
        self.look_everywhere();
        self.first_look = false;
        self.strangers = None;
    }

    /// Standard input has ended and there is nothing else.
    fn is_over(&self) -> bool {
        self.stdin.is_none() && self.inputs.iter().all(|input| matches!(input, Input::Stdin))
    }

    // --- waiting ---

    /// Waits for a hint, for standard input or for the clock. True when standard input can be read.
    fn wait(&mut self) -> bool {
        let now = Instant::now();
        let mut until = self.next_look.max(self.rests_until);
        if self.active.values().any(|active| active.moved.is_some() || active.held.is_some()) {
            until = until.min(now + MOVED_LOOK);
        }
        let waits = self.active.values().filter_map(|active| active.waits).chain(self.stdin_waits);
        let waits = waits.map(|wait| wait.since).min();
        if let Some(since) = waits {
            until = until.min(since + self.options.patience);
        }
        let stop = self.outbox.stop.fd();
        let mut waited = vec![PollFd::from_borrowed_fd(stop, PollFlags::IN)];
        // While data keeps coming, hints are collected instead of answered one by one.
        let settle = self.last_pump + self.options.coalesce;
        if settle > now {
            poll_until(&mut waited, settle);
        }
        let stdin = self.stdin.as_ref().and_then(FileReader::stream_fd);
        let stdin_at = waited.len();
        waited.extend(stdin.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN)));
        if self.rests_until <= Instant::now() {
            waited.push(PollFd::from_borrowed_fd(self.wake.fd(), PollFlags::IN));
        } else {
            until = until.min(self.rests_until);
        }
        poll_until(&mut waited, until);
        stdin.is_some() && waited.get(stdin_at).is_some_and(|stdin| !stdin.revents().is_empty())
    }

    // --- looking ---

    /// Looks at everything that may have changed. Opens and notes, but reads no lines.
    fn observe(&mut self) {
        let now = Instant::now();
        if now >= self.rests_until {
            self.look(now);
        }
        self.look_at_moved(now);
        self.end_waits(now);
    }

    fn look(&mut self, now: Instant) {
        let dirty = self.watcher.take();
        if dirty.everything || now >= self.next_look {
            self.look_everywhere();
        } else {
            let named = |path: PathBuf| self.targets.get(&path).cloned().unwrap_or(path);
            let paths: BTreeSet<PathBuf> = dirty.paths.into_iter().map(named).collect();
            if !paths.is_empty() {
                self.look_at(paths.into_iter().collect(), false);
            }
        }
        let took = now.elapsed();
        if took > SHORT_LOOK {
            self.rests_until = Instant::now() + took * REST;
        }
    }

    /// Lines that have waited long enough are read as they are.
    fn end_waits(&mut self, now: Instant) {
        let patience = self.options.patience;
        let is_over = |wait: Option<Wait>| wait.is_some_and(|wait| now >= wait.since + patience);
        let mut over = Vec::new();
        for (identity, active) in self.active.iter_mut().filter(|(_, active)| is_over(active.waits)) {
            active.waits = None;
            active.reader.release();
            over.push(*identity);
        }
        over.into_iter().for_each(|identity| self.enqueue(identity));
        if is_over(self.stdin_waits)
            && let Some(reader) = &mut self.stdin
        {
            self.stdin_waits = None;
            reader.release();
            if let Ok(Step::Lines(chunk)) = reader.step() {
                self.outbox.push(SourceMessage::Lines(chunk));
            }
        }
    }

    /// Files without a path are read on, and closed when they have been silent for long enough.
    fn look_at_moved(&mut self, now: Instant) {
        let waits = |active: &Active| active.moved.is_some() || active.held.is_some();
        let moved: Vec<Identity> =
            self.active.iter().filter(|(_, active)| waits(active)).map(|(id, _)| *id).collect();
        let quiet = match self.waiting.is_empty() && self.missing.is_empty() {
            true => self.options.rotation_quiet,
            false => self.options.rotation_quiet.min(SHORT_QUIET),
        };
        for identity in moved {
            self.enqueue(identity);
            let silent =
                |active: &Active| active.moved.is_some_and(|since| now.duration_since(since) >= quiet);
            if self.active.get(&identity).is_some_and(|active| !active.behind && silent(active)) {
                self.close(identity);
            }
        }
    }

    fn enqueue(&mut self, identity: Identity) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        if active.queued || active.failed_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        active.queued = true;
        let queue = if active.moved.is_some() && active.behind { &mut self.urgent } else { &mut self.ready };
        queue.push_back(identity);
    }

    // --- reading ---

    /// Reads until nothing is left, sending as it goes.
    fn pump(&mut self) -> Result<(), Stopped> {
        self.send()?;
        self.open_waiting();
        while let Some(identity) = self.urgent.pop_front().or_else(|| self.ready.pop_front()) {
            if let Some(active) = self.active.get_mut(&identity) {
                active.queued = false;
            }
            self.turn(identity)?;
            if !self.waiting.is_empty() {
                self.give_way(identity);
                self.open_waiting();
            }
            self.read_ready_stdin()?;
            self.observe_if_due();
        }
        self.last_pump = Instant::now();
        Ok(())
    }

    /// Looks around between two turns of a long pump.
    fn observe_if_due(&mut self) {
        if self.last_pump.elapsed() >= MOVED_LOOK && !self.ready.is_empty() {
            self.last_pump = Instant::now();
            self.observe();
        }
    }

    /// Reads one file's share.
    fn turn(&mut self, identity: Identity) -> Result<(), Stopped> {
        if !self.may_read(identity) {
            return self.send();
        }
        let Some(active) = self.active.get(&identity) else { return Ok(()) };
        let begin = active.reader.end();
        let mut has_read = false;
        loop {
            let Some(active) = self.active.get_mut(&identity) else { return Ok(()) };
            let step = active.step(&mut has_read);
            if matches!(step, Ok(Step::Lines(_) | Step::More | Step::End)) {
                active.last_read = Instant::now();
            }
            match step {
                Ok(Step::Lines(chunk)) => {
                    active.stir();
                    self.outbox.push(SourceMessage::Lines(chunk));
                    self.send()?;
                }
                Ok(Step::More) => active.stir(),
                Ok(Step::End) => {
                    self.caught_up(identity);
                    return self.send();
                }
                Ok(Step::Truncated | Step::Rewritten) => {
                    self.start_over(identity, None);
                    return self.send();
                }
                Err(error) => {
                    self.cannot_read(identity, &error);
                    return self.send();
                }
            }
            let Some(active) = self.active.get_mut(&identity) else { return Ok(()) };
            if active.reader.end().saturating_sub(begin) >= TURN_BYTES {
                active.behind = true;
                let source = active.reader.source;
                let size = active.reader.size().unwrap_or_else(|_| active.reader.end());
                self.outbox.push(SourceMessage::Grown { source, size });
                self.enqueue(identity);
                return self.send();
            }
        }
    }

    fn caught_up(&mut self, identity: Identity) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        active.stamp = active.reader.stamp();
        active.failed_until = None;
        active.waits = Wait::of(&active.reader, active.waits);
        let first = std::mem::take(&mut active.behind);
        let cursor = (!active.indexed).then(|| active.reader.cursor(false));
        active.indexed |= cursor.as_ref().is_some_and(is_whole_head);
        let (about, source) = (active.reader.path.clone(), active.reader.source);
        if first {
            let size = active.reader.size().unwrap_or_else(|_| active.reader.end());
            self.outbox.push(SourceMessage::CaughtUp { source, size });
            self.end_trouble(&about, Cause::Unreadable);
        }
        if let Some(cursor) = cursor {
            self.index_head(&cursor, identity);
        }
    }

    fn cannot_read(&mut self, identity: Identity, error: &std::io::Error) {
        let Some(active) = self.active.get_mut(&identity) else { return };
        let first = active.failed_until.replace(Instant::now() + RETRY).is_none();
        let (source, path) = (active.reader.source, active.reader.path.clone());
        let cursor = active.reader.cursor(true);
        let is_lost = active.moved.is_some();
        if first {
            let message = format!("cannot read `{}`: {error}", shown(&path));
            let hint = Some("it is tried again every few seconds".to_owned());
            let cause = Cause::Unreadable;
            self.begin_trouble(Trouble { source: Some(source), about: path, cause, message, hint });
        } else if is_lost {
            self.outbox.push(SourceMessage::Gap(source, unreadable(&cursor)));
            self.active.remove(&identity);
            self.outbox.closed(source, cursor);
        }
    }

    /// Sends what is waiting; while it cannot be sent, looks at what changes.
    fn send(&mut self) -> Result<(), Stopped> {
        while let Sent::Blocked = self.outbox.try_flush()? {
            self.observe();
        }
        Ok(())
    }

    /// The generation will not grow any more: its incomplete last line is a line.
    fn close(&mut self, identity: Identity) {
        let Some(mut active) = self.active.remove(&identity) else { return };
        let source = active.reader.source;
        let stamp = active.reader.stamp();
        self.outbox.lines(active.reader.finish());
        let cursor = active.reader.cursor(true);
        self.outbox.closed(source, cursor.clone());
        if !active.reader.is_deleted() {
            self.known.insert(identity, Known::new(cursor, stamp));
        }
    }

    // --- standard input ---

    fn open_stdin(&mut self) {
        let source = self.sources.id(Path::new(super::once::STDIN_NAME));
        match stdin_reader(source, &self.options) {
            Ok(reader) => {
                self.outbox.opened(&reader, 0, true);
                self.stdin = Some(reader);
            }
            Err(error) => self.begin_trouble(stdin_trouble(source, &error)),
        }
    }

    /// Standard input has its turn while files are being read, too.
    fn read_ready_stdin(&mut self) -> Result<(), Stopped> {
        let Some(descriptor) = self.stdin.as_ref().and_then(FileReader::stream_fd) else { return Ok(()) };
        if is_readable(descriptor) { self.read_stdin() } else { Ok(()) }
    }

    /// Reads standard input once; to be called when that does not block.
    fn read_stdin(&mut self) -> Result<(), Stopped> {
        let Some(reader) = &mut self.stdin else { return Ok(()) };
        let source = reader.source;
        match reader.step() {
            Ok(Step::Lines(chunk)) => {
                self.outbox.push(SourceMessage::Lines(chunk));
                self.stdin_told_all();
            }
            Ok(Step::More) => self.stdin_told_all(),
            Ok(Step::End | Step::Truncated | Step::Rewritten) => self.end_stdin(),
            Err(error) => {
                self.begin_trouble(stdin_trouble(source, &error));
                self.end_stdin();
            }
        }
        self.send()
    }

    /// Says that nothing more waits in the pipe, where that is so: nobody needs to wait for what its writer will
    /// say next.
    fn stdin_told_all(&mut self) {
        let Some(reader) = &self.stdin else { return };
        self.stdin_waits = Wait::of(reader, self.stdin_waits);
        if reader.stream_fd().is_some_and(|descriptor| !is_readable(descriptor)) {
            let (source, size) = (reader.source, reader.end());
            self.outbox.push(SourceMessage::CaughtUp { source, size });
        }
    }

    fn end_stdin(&mut self) {
        let Some(mut reader) = self.stdin.take() else { return };
        let source = reader.source;
        self.outbox.lines(reader.finish());
        self.outbox.push(SourceMessage::CaughtUp { source, size: reader.end() });
        self.outbox.closed(source, reader.cursor(true));
    }
}

/// What earlier runs have read, by file.
fn known_of(cursors: &[Cursor]) -> HashMap<Identity, Known> {
    let mut known: HashMap<Identity, Known> = HashMap::new();
    for cursor in cursors {
        known
            .entry(Identity::of_cursor(cursor))
            .and_modify(|own| own.add(cursor))
            .or_insert_with(|| Known::new(cursor.clone(), None));
    }
    known
}

/// How many files may be open for reading: the rest of the process needs descriptors, too.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let ours = (limit / 2).min(limit.saturating_sub(RESERVED_DESCRIPTORS));
    usize::try_from(ours).unwrap_or(usize::MAX)
}

impl Active {
    fn new(reader: FileReader) -> Self {
        Self {
            reader,
            moved: None,
            behind: true,
            queued: false,
            stamp: None,
            failed_until: None,
            last_read: Instant::now(),
            held: None,
            indexed: false,
            waits: None,
        }
    }

    /// Reads once. A file that did not grow but was written to is compared with what was read.
    fn step(&mut self, has_read: &mut bool) -> std::io::Result<Step> {
        let step = self.reader.step()?;
        if !matches!(step, Step::End) || *has_read {
            *has_read = true;
            return Ok(step);
        }
        *has_read = true;
        let stamp = self.reader.stamp();
        if self.stamp.is_none() || self.stamp == stamp {
            return Ok(Step::End);
        }
        self.stamp = stamp;
        self.reader.step_again()
    }

    /// Something was read: a file that moved is not silent yet.
    fn stir(&mut self) {
        if let Some(since) = &mut self.moved {
            *since = Instant::now();
        }
    }
}

/// Waits until something is ready or the time has come.
pub(crate) fn poll_until(waited: &mut [PollFd<'_>], until: Instant) {
    let left = until.saturating_duration_since(Instant::now());
    let timeout = Timespec { tv_sec: to_i64(left.as_secs()), tv_nsec: i64::from(left.subsec_nanos()) };
    // An interrupted wait is a short wait; the caller looks at the facts anyway.
    poll(waited, Some(&timeout)).unwrap_or_default();
}

/// Whether a stream can be read, or has ended, without waiting.
fn is_readable(descriptor: BorrowedFd<'_>) -> bool {
    let mut waited = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    poll_until(&mut waited, Instant::now());
    !waited[0].revents().is_empty()
}
