//! The follower against a model: random histories of one log, each line of which is written once
//! and must be read once, unless it was destroyed before anyone could read it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use proptest::prelude::*;
use tempfile::TempDir;

use super::Follow;
use crate::event::{Cause, Cursor, GenerationId, SourceMessage};
use crate::source::identity::Identity;
use crate::source::outbox::Outbox;
use crate::source::{Input, Options, Stop};

/// What can happen to a log, and to us.
#[derive(Clone, Debug)]
enum Deed {
    /// Complete lines, then perhaps the beginning of one.
    Append {
        lines: u8,
        partial: bool,
    },
    Rename,
    CopyTruncate,
    Truncate,
    /// The writer goes on at its old offset: the head of the file becomes NULs.
    TruncateUnderWriter,
    Delete,
    Replace,
    Look,
    /// Everything read so far is committed.
    Commit,
    /// We end without a word and begin again from what was committed.
    Crash,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (0_u8..6, any::<bool>()).prop_map(|(lines, partial)| Deed::Append { lines, partial }),
        6 => Just(Deed::Look),
        2 => Just(Deed::Rename),
        2 => Just(Deed::CopyTruncate),
        1 => Just(Deed::Truncate),
        1 => Just(Deed::TruncateUnderWriter),
        1 => Just(Deed::Delete),
        1 => Just(Deed::Replace),
        3 => Just(Deed::Commit),
        2 => Just(Deed::Crash),
    ];
    prop::collection::vec(deed, 1..40)
}

/// A line that was written, and what has become of the file that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Must be read.
    Present,
    /// Must be read unless we crash: it is gone from the disk, but was read or is still open.
    Held,
    /// Was destroyed when it may not have been read.
    Destroyed,
    /// The same by a truncation that we must notice.
    Truncated,
}

struct Model {
    directory: TempDir,
    pattern: &'static str,
    follow: Option<Follow>,
    messages: Receiver<SourceMessage>,
    next_line: u32,
    next_name: u32,
    /// Every line begun, by its text.
    written: BTreeMap<String, Fate>,
    /// Lines in the file at the path, complete and not.
    current: Vec<String>,
    partial: Option<String>,
    /// Read and committed; read and not yet committed.
    committed: Vec<(GenerationId, u64, String)>,
    pending: Vec<(GenerationId, u64, String)>,
    cursors: HashMap<GenerationId, Cursor>,
    pending_cursors: Vec<Cursor>,
    gaps: usize,
    pending_gaps: usize,
    /// Where each generation stands by the ledger, in this run.
    ledger: HashMap<GenerationId, u64>,
    /// The file at the path has been seen by a look since it came there.
    seen: bool,
    crashed: bool,
}

impl Model {
    fn new(pattern: &'static str) -> Self {
        let (_, messages) = unbounded();
        let mut model = Self {
            directory: tempfile::tempdir().unwrap(),
            pattern,
            follow: None,
            messages,
            next_line: 0,
            next_name: 0,
            written: BTreeMap::new(),
            current: Vec::new(),
            partial: None,
            committed: Vec::new(),
            pending: Vec::new(),
            cursors: HashMap::new(),
            pending_cursors: Vec::new(),
            gaps: 0,
            pending_gaps: 0,
            ledger: HashMap::new(),
            seen: false,
            crashed: false,
        };
        File::create(model.log()).unwrap();
        model.begin();
        // Before its first commit soctop does not know that it has ever seen the log.
        model.commit();
        model
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("app.log")
    }

    fn rotated(&mut self) -> PathBuf {
        self.next_name += 1;
        self.directory.path().join(format!("app.log.{}", self.next_name))
    }

    fn begin(&mut self) {
        let (sender, messages) = unbounded();
        // In no order, as a map would give them.
        let mut cursors: Vec<Cursor> = self.cursors.values().cloned().collect();
        cursors.sort_by_key(|cursor| cursor.generation);
        let options = Options {
            notifications: false,
            rotation_quiet: Duration::ZERO,
            chunk_bytes: 24,
            cursors,
            // Any lines may be parts of one event, and wait until something is read without anything new.
            waiting: |_, lines| lines.iter().rev().take_while(|line| line.offset % 3 > 0).count(),
            patience: Duration::ZERO,
            ..Options::default()
        };
        let inputs = vec![Input::parse(self.directory.path().join(self.pattern)).unwrap()];
        let outbox = Outbox::new(sender, Stop::new().unwrap());
        let mut follow = Follow::new(inputs, options, outbox).unwrap();
        follow.begin();
        follow.pump().unwrap();
        follow.end_waits(Instant::now());
        follow.pump().unwrap();
        self.follow = Some(follow);
        self.messages = messages;
        self.ledger.clear();
        self.seen = true;
        self.receive();
    }

    fn look(&mut self) {
        let follow = self.follow.as_mut().unwrap();
        follow.next_look = Instant::now();
        follow.rests_until = follow.next_look;
        follow.observe();
        follow.pump().unwrap();
        follow.end_waits(Instant::now());
        follow.pump().unwrap();
        self.seen = true;
        self.receive();
    }

    fn receive(&mut self) {
        let mut opened = None;
        for message in self.messages.try_iter() {
            match message {
                SourceMessage::Opened { offset, .. } => opened = Some(offset),
                SourceMessage::Lines(chunk) => {
                    if let Some(offset) = opened.take() {
                        self.ledger.insert(chunk.generation, offset);
                    }
                    let end = self.ledger.get_mut(&chunk.generation).expect("opened before it is read");
                    *end += chunk.padding_bytes + chunk.lines.iter().map(|line| line.disk_len).sum::<u64>();
                    assert_eq!(*end, chunk.cursor.end, "the ledger");
                    for line in &chunk.lines {
                        let text = &chunk.bytes[line.start as usize..(line.start + line.len) as usize];
                        let text = String::from_utf8(text.to_vec()).unwrap();
                        self.pending.push((chunk.generation, line.offset, text));
                    }
                    self.pending_cursors.push(chunk.cursor);
                }
                SourceMessage::Closed { cursor, .. } => self.pending_cursors.push(cursor),
                SourceMessage::Gap(..) => self.pending_gaps += 1,
                SourceMessage::Trouble(trouble)
                    if !matches!(trouble.cause, Cause::Missing | Cause::NothingNamed) =>
                {
                    panic!("{}", trouble.message)
                }
                _ => {}
            }
        }
    }

    fn commit(&mut self) {
        self.committed.append(&mut self.pending);
        for cursor in self.pending_cursors.drain(..) {
            self.cursors.insert(cursor.generation, cursor);
        }
        self.gaps += std::mem::take(&mut self.pending_gaps);
    }

    fn crash(&mut self) {
        self.follow = None;
        self.pending.clear();
        self.pending_cursors.clear();
        self.pending_gaps = 0;
        self.crashed = true;
        let committed: HashSet<&String> = self.committed.iter().map(|(_, _, text)| text).collect();
        for (text, fate) in &mut self.written {
            if *fate == Fate::Held && !committed.contains(text) {
                *fate = Fate::Destroyed;
            }
        }
        self.begin();
    }

    fn line(&mut self) -> String {
        self.next_line += 1;
        let text = format!("line {}", self.next_line);
        self.written.insert(text.clone(), Fate::Present);
        text
    }

    fn append(&mut self, lines: u8, partial: bool) {
        let mut text = String::new();
        for _ in 0..lines {
            let line = match self.partial.take() {
                // The part that is missing.
                Some(line) => {
                    text.push_str(line.split_at(4).1);
                    line
                }
                None => {
                    let line = self.line();
                    text.push_str(&line);
                    line
                }
            };
            text.push('\n');
            self.current.push(line);
        }
        if partial && self.partial.is_none() {
            let line = self.line();
            text.push_str(line.split_at(4).0);
            self.partial = Some(line);
        }
        if !self.log().exists() {
            self.seen = false;
        }
        let mut file = OpenOptions::new().append(true).create(true).open(self.log()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// The incomplete line will never be completed: what is there of it is a line if it is read.
    fn abandon_partial(&mut self) {
        if let Some(line) = self.partial.take() {
            self.written.remove(&line);
        }
    }

    /// The content of the file at the path is gone from the disk.
    fn destroy(&mut self, fate: impl Fn(&Self, &String) -> Fate) {
        self.abandon_partial();
        for line in std::mem::take(&mut self.current) {
            let fate = fate(self, &line);
            self.written.insert(line, fate);
        }
    }

    fn was_read(&self, line: &String) -> bool {
        self.pending.iter().chain(&self.committed).any(|(_, _, text)| text == line)
    }

    /// Deleted: what was open is still read.
    fn delete(&mut self) {
        let seen = self.seen;
        self.destroy(|_, _| if seen { Fate::Held } else { Fate::Destroyed });
    }

    fn truncate(&mut self) {
        // What was never there at a look cannot be missed.
        let noticed = self.current.iter().any(|line| self.was_read(line));
        self.destroy(|model, line| match model.was_read(line) {
            true => Fate::Held,
            false if noticed => Fate::Truncated,
            false => Fate::Destroyed,
        });
    }

    /// Copied and truncated: the copy can be told from another file when something of it was read.
    fn copy_truncate(&mut self) {
        let is_known = |lines: &[(GenerationId, u64, String)]| {
            lines.iter().any(|(_, _, text)| self.current.contains(text))
        };
        let fate = match () {
            () if is_known(&self.committed) => Fate::Present,
            () if is_known(&self.pending) => Fate::Held,
            () => return self.truncate(),
        };
        self.destroy(|_, _| fate);
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Append { lines, partial } => self.append(*lines, *partial),
            Deed::Look => self.look(),
            Deed::Commit => self.commit(),
            Deed::Crash => self.crash(),
            Deed::Rename if self.log().exists() => {
                // A file that came and went between two looks before anything was seen at its path
                // is found by its birth time, so it is not lost either.
                let to = self.rotated();
                fs::rename(self.log(), to).unwrap();
                self.abandon_partial();
                self.current.clear();
                File::create(self.log()).unwrap();
                self.seen = false;
            }
            Deed::CopyTruncate if self.log().exists() => {
                let to = self.rotated();
                fs::copy(self.log(), to).unwrap();
                File::create(self.log()).unwrap();
                self.copy_truncate();
            }
            Deed::Truncate if self.log().exists() => {
                File::create(self.log()).unwrap();
                self.truncate();
            }
            Deed::TruncateUnderWriter if self.log().exists() => {
                let size = fs::metadata(self.log()).unwrap().len();
                File::create(self.log()).unwrap();
                OpenOptions::new().write(true).open(self.log()).unwrap().set_len(size).unwrap();
                self.truncate();
            }
            Deed::Delete if self.log().exists() => {
                fs::remove_file(self.log()).unwrap();
                self.delete();
            }
            Deed::Replace if self.log().exists() => {
                self.delete();
                let line = self.line();
                let new = self.directory.path().join("new");
                fs::write(&new, format!("{line}\n")).unwrap();
                fs::rename(new, self.log()).unwrap();
                self.current.push(line);
                self.seen = false;
            }
            _ => {}
        }
    }

    fn judge(&mut self, deeds: &[Deed]) {
        // Twice: what left its path is closed by the second look.
        self.look();
        self.look();
        self.look();
        self.commit();
        let context = || format!("{deeds:?}\nread: {:?}", self.committed);
        let mut places = HashSet::new();
        let mut texts = HashSet::new();
        let mut last: HashMap<GenerationId, u64> = HashMap::new();
        for (generation, offset, text) in &self.committed {
            assert!(places.insert((generation, offset)), "an address twice: {text}; {}", context());
            if let Some(before) = last.insert(*generation, *offset) {
                assert!(before < *offset, "out of order: {text}; {}", context());
            }
            if text == "line" {
                continue; // an abandoned partial line
            }
            assert!(self.written.contains_key(text), "never written: {text:?}; {}", context());
            assert!(texts.insert(text), "twice: {text}; {}", context());
        }
        for (text, fate) in &self.written {
            let is_read = texts.contains(text) || self.partial.as_ref() == Some(text);
            match fate {
                Fate::Present | Fate::Held => assert!(is_read, "lost: {text}; {}", context()),
                Fate::Truncated => {
                    assert!(is_read || self.crashed || self.gaps > 0, "no gap: {text}; {}", context());
                }
                Fate::Destroyed => {}
            }
        }
    }
}

fn check(pattern: &'static str, deeds: &[Deed]) {
    let mut model = Model::new(pattern);
    for deed in deeds {
        model.act(deed);
    }
    model.judge(deeds);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_of_a_log_that_still_exists_is_read_once(deeds in deeds()) {
        check("app.log", &deeds);
    }

    #[test]
    fn every_line_of_all_logs_that_match_is_read_once(deeds in deeds()) {
        check("app.log*", &deeds);
    }
}

/// A folder with one log of this many lines, all read.
struct ReadLog {
    folder: TempDir,
    follow: Follow,
    messages: Receiver<SourceMessage>,
}

impl ReadLog {
    fn new(lines: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text: String = (0..lines).map(long_line).collect();
        fs::write(folder.path().join("app.log"), text).unwrap();
        let (sender, messages) = unbounded();
        let options = Options { notifications: false, rotation_quiet: Duration::ZERO, ..Options::default() };
        let inputs = vec![Input::parse(folder.path().join("*.log*")).unwrap()];
        let mut follow = Follow::new(inputs, options, Outbox::new(sender, Stop::new().unwrap())).unwrap();
        follow.begin();
        follow.pump().unwrap();
        Self { folder, follow, messages }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.path("app.log")
    }

    /// Empties the log and writes one more line into it.
    fn empty(&self, line: u32) {
        File::options().write(true).open(self.log()).unwrap().set_len(0).unwrap();
        OpenOptions::new()
            .append(true)
            .open(self.log())
            .unwrap()
            .write_all(long_line(line).as_bytes())
            .unwrap();
    }

    /// Looks and reads until nothing comes any more, and tells how often each line was read.
    fn read(mut self) -> BTreeMap<String, usize> {
        for _ in 0..2 {
            self.follow.next_look = Instant::now();
            self.follow.observe();
            self.follow.pump().unwrap();
            self.follow.end_waits(Instant::now());
            self.follow.pump().unwrap();
        }
        let mut read = BTreeMap::new();
        for message in self.messages.try_iter() {
            let SourceMessage::Lines(chunk) = message else { continue };
            for line in &chunk.lines {
                let text = chunk.bytes[line.start as usize..(line.start + line.len) as usize].to_vec();
                *read.entry(String::from_utf8(text).unwrap()).or_insert(0) += 1;
            }
        }
        read
    }
}

fn long_line(number: u32) -> String {
    format!("line {number} {}\n", "x".repeat(100))
}

#[test]
fn a_copy_that_is_younger_than_the_last_look_is_found_when_its_log_is_emptied() {
    let mut log = ReadLog::new(50);
    let identity = *log.follow.paths.get(&log.log()).unwrap();
    assert_eq!(log.follow.census.companions(&log.log()).len(), 1, "the folder is listed");
    fs::copy(log.log(), log.path("app.log.1")).unwrap();
    log.empty(50);
    log.follow.enqueue(identity);
    log.follow.pump().unwrap();

    let read = log.read();
    assert_eq!(read.len(), 51);
    assert!(read.values().all(|times| *times == 1), "{read:?}");
}

#[test]
fn a_copy_that_is_compressed_while_it_is_looked_at_is_read_once() {
    let mut log = ReadLog::new(50);
    let copy = log.path("app.log.1");
    // As a copy has it that was made before the log was read to its end.
    let mut all: String = (0..50).map(long_line).collect();
    all.push_str(&long_line(50));
    fs::write(&copy, &all).unwrap();
    let file = File::open(&copy).unwrap();
    let identity = Identity::of(&file.metadata().unwrap());
    log.empty(51);
    let packed = File::create(log.path("app.log.1.gz")).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
    encoder.write_all(all.as_bytes()).unwrap();
    encoder.finish().unwrap();
    fs::remove_file(&copy).unwrap();

    assert!(log.follow.is_copy(&copy, &file, identity).unwrap(), "it is no log of its own");
    let read = log.read();
    assert_eq!(read.len(), 52);
    assert!(read.values().all(|times| *times == 1), "{read:?}");
}

#[test]
fn a_copy_that_is_made_when_a_look_has_found_its_name_free_is_read_once() {
    // Short logs hold too little to be known by it.
    let mut log = ReadLog::new(5);
    let copy = log.path("app.log.1");
    fs::write(&copy, long_line(1_000)).unwrap();
    log.follow.next_look = Instant::now();
    log.follow.observe();
    log.follow.pump().unwrap();
    let last = *log.follow.last.get(&copy).unwrap();

    fs::rename(&copy, log.path("app.log.2")).unwrap();
    fs::copy(log.log(), &copy).unwrap();
    log.follow.census.distrust(&copy, Instant::now());
    log.follow.recover_missed(&copy, last, None);
    log.empty(5);

    let read = log.read();
    assert_eq!(read.len(), 7);
    assert!(read.values().all(|times| *times == 1), "{read:?}");
}
