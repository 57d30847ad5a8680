//! The reader against real files that grow, rotate, shrink and vanish.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use soctop::event::{Chunk, Cursor, Gap, GapCause, GenerationId, SourceMessage};
use soctop::source::{self, Input, Options, Stop};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

/// A directory with logs in it.
struct Logs(TempDir);

impl Logs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }
}

/// Options whose times are short enough for tests.
fn quick() -> Options {
    Options {
        reconcile_interval: Duration::from_millis(100),
        rotation_quiet: Duration::from_millis(300),
        ..Options::default()
    }
}

/// A running source and everything it has sent.
struct Tail {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    messages: Receiver<SourceMessage>,
    seen: Vec<SourceMessage>,
}

impl Tail {
    fn start(inputs: Vec<Input>, options: Options) -> Self {
        let stop = Stop::new().unwrap();
        let (sender, messages) = crossbeam_channel::bounded(4);
        let token = stop.clone();
        let thread = std::thread::spawn(move || source::run(inputs, options, sender, token).unwrap());
        Self { stop, thread: Some(thread), messages, seen: Vec::new() }
    }

    fn path(path: impl AsRef<Path>, options: Options) -> Self {
        Self::start(vec![Input::parse(path.as_ref()).unwrap()], options)
    }

    /// Receives until `done` holds for what was received so far.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !done(self) {
            match self.messages.recv_deadline(deadline) {
                Ok(message) => self.seen.push(message),
                Err(RecvTimeoutError::Timeout) => panic!("no {what} in time; seen: {:#?}", self.summary()),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("ended without {what}; seen: {:#?}", self.summary())
                }
            }
        }
    }

    fn until_lines(&mut self, expect: &[&str]) {
        self.until("lines", |tail| tail.lines().len() >= expect.len());
        assert_eq!(self.lines(), expect);
    }

    fn until_finished(&mut self) {
        self.until("end", |tail| tail.seen.iter().any(|message| matches!(message, SourceMessage::Finished)));
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.seen.iter().filter_map(|message| match message {
            SourceMessage::Lines(chunk) => Some(chunk),
            _ => None,
        })
    }

    fn lines(&self) -> Vec<String> {
        self.chunks().flat_map(texts).collect()
    }

    fn gaps(&self) -> Vec<&Gap> {
        self.seen
            .iter()
            .filter_map(|message| match message {
                SourceMessage::Gap(_, gap) => Some(gap),
                _ => None,
            })
            .collect()
    }

    fn closed(&self) -> Vec<&Cursor> {
        self.seen
            .iter()
            .filter_map(|message| match message {
                SourceMessage::Closed { cursor, .. } => Some(cursor),
                _ => None,
            })
            .collect()
    }

    fn troubles(&self) -> Vec<&str> {
        self.seen
            .iter()
            .filter_map(|message| match message {
                SourceMessage::Trouble { message, .. } => Some(message.as_str()),
                _ => None,
            })
            .collect()
    }

    fn summary(&self) -> Vec<String> {
        self.seen
            .iter()
            .map(|message| match message {
                SourceMessage::Lines(chunk) => format!("{} {:?}", chunk.generation.0, texts(chunk)),
                other => format!("{other:?}"),
            })
            .collect()
    }

    /// Stops and returns what is to be committed: the newest cursor of each generation.
    fn stop(mut self) -> (Vec<String>, Vec<Cursor>) {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap();
        while let Ok(message) = self.messages.try_recv() {
            self.seen.push(message);
        }
        assert_ledger(&self.seen);
        (self.lines(), committed(&self.seen))
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.stop.stop();
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            while self.messages.recv_timeout(Duration::from_millis(1)).is_ok() {}
        }
    }
}

fn texts(chunk: &Chunk) -> Vec<String> {
    chunk
        .lines
        .iter()
        .map(|line| {
            let start = line.start as usize;
            String::from_utf8_lossy(&chunk.bytes[start..start + line.len as usize]).into_owned()
        })
        .collect()
}

/// The newest cursor of each generation, in the order in which the generations were last heard of.
fn committed(messages: &[SourceMessage]) -> Vec<Cursor> {
    let mut cursors: Vec<Cursor> = Vec::new();
    for message in messages {
        let cursor = match message {
            SourceMessage::Lines(chunk) => &chunk.cursor,
            SourceMessage::Closed { cursor, .. } => cursor,
            _ => continue,
        };
        cursors.retain(|own| own.generation != cursor.generation);
        cursors.push(cursor.clone());
    }
    cursors
}

/// Every byte between where a generation was opened and its last cursor belongs to a line or to padding.
fn assert_ledger(messages: &[SourceMessage]) {
    let mut expected: BTreeMap<GenerationId, (u64, Option<u64>)> = BTreeMap::new();
    for message in messages {
        match message {
            SourceMessage::Opened { generation, offset, .. } => {
                expected.entry(*generation).or_insert((*offset, None)).0 = *offset;
            }
            SourceMessage::Lines(chunk) => {
                let entry =
                    expected.get_mut(&chunk.generation).expect("a generation is opened before its lines");
                let disk: u64 = chunk.lines.iter().map(|line| line.disk_len).sum();
                entry.0 += disk + chunk.padding_bytes;
                assert_eq!(entry.0, chunk.cursor.end, "the ledger of {:?}", chunk.cursor.path);
                if let Some(next) = entry.1 {
                    assert_eq!(chunk.first_line, next, "line numbers are consecutive");
                }
                entry.1 = Some(chunk.first_line + chunk.lines.len() as u64);
            }
            _ => {}
        }
    }
}

fn numbered(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("line {number}")).collect()
}

fn as_text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_file_is_read_from_its_start_and_followed() {
    let logs = Logs::new();
    logs.append("app.log", "one\ntwo\n");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["one", "two"]);
    logs.append("app.log", "three\nfo");
    tail.until_lines(&["one", "two", "three"]);
    logs.append("app.log", "ur\n");
    tail.until_lines(&["one", "two", "three", "four"]);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn following_from_the_end_begins_with_the_next_line() {
    let logs = Logs::new();
    logs.append("app.log", "old\nolder\nhalf");
    let mut tail = Tail::path(logs.path("app.log"), Options { from: source::From::End, ..quick() });
    tail.until("end of the file", |tail| {
        tail.seen.iter().any(|message| matches!(message, SourceMessage::CaughtUp { .. }))
    });
    logs.append("app.log", " done\nnew\n");
    tail.until_lines(&["half done", "new"]);
    assert_eq!(tail.chunks().next().unwrap().first_line, 3);
    tail.stop();
}

#[test]
fn a_file_that_is_not_there_yet_is_read_when_it_appears() {
    let logs = Logs::new();
    let mut tail = Tail::path(logs.path("later.log"), Options { from: source::From::End, ..quick() });
    tail.until("note", |tail| tail.troubles().iter().any(|text| text.contains("later.log")));
    logs.append("later.log", "here\n");
    tail.until_lines(&["here"]);
    tail.stop();
}

#[test]
fn rename_rotation_reads_the_old_file_to_its_end_and_the_new_one_from_its_start() {
    let logs = Logs::new();
    logs.append("app.log", "a1\n");
    let mut old = OpenOptions::new().append(true).open(logs.path("app.log")).unwrap();
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["a1"]);
    logs.rename("app.log", "app.log.1");
    logs.append("app.log", "b1\n");
    tail.until("new file", |tail| tail.lines().contains(&"b1".to_owned()));
    // The writer has not noticed the rotation.
    old.write_all(b"a2\na3 without newline").unwrap();
    tail.until("closed generation", |tail| tail.closed().len() == 1);
    assert_eq!(tail.lines(), ["a1", "b1", "a2", "a3 without newline"]);
    assert!(tail.closed()[0].finished);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn truncation_is_a_new_generation_and_a_gap() {
    let logs = Logs::new();
    logs.append("app.log", "one\ntwo\n");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["one", "two"]);
    File::create(logs.path("app.log")).unwrap();
    tail.until("gap", |tail| tail.gaps().len() == 1);
    logs.append("app.log", "three\n");
    tail.until_lines(&["one", "two", "three"]);
    let gap = tail.gaps()[0];
    assert_eq!((gap.from, gap.to, gap.cause), (8, Some(8), GapCause::Truncated));
    let generations: Vec<_> = tail.chunks().map(|chunk| chunk.generation).collect();
    assert_ne!(generations[0], *generations.last().unwrap());
    tail.stop();
}

#[test]
fn every_line_is_sent_once_when_stopped_and_resumed_anywhere() {
    let logs = Logs::new();
    let all = numbered(0..3000);
    logs.append("app.log", &as_text(&all[..1000]));
    let options = Options { chunk_bytes: 512, ..quick() };
    let (mut lines, mut cursors) = (Vec::new(), Vec::new());
    for round in 1..=3 {
        let mut tail =
            Tail::path(logs.path("app.log"), Options { cursors: cursors.clone(), ..options.clone() });
        let wanted = 1000 * round - 500 - lines.len();
        tail.until("some lines", |tail| tail.lines().len() >= wanted);
        let (more, newest) = tail.stop();
        lines.extend(more);
        if !newest.is_empty() {
            cursors = newest;
        }
        if round < 3 {
            logs.append("app.log", &as_text(&all[1000 * round..1000 * (round + 1)]));
        }
    }
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors, ..options });
    let missing = 3000 - lines.len();
    tail.until("the rest", |tail| tail.lines().len() >= missing);
    lines.extend(tail.stop().0);
    assert_eq!(lines, all);
}

#[test]
fn replay_reads_each_file_once_in_order_and_ends() {
    let logs = Logs::new();
    logs.append("b.log", "b1\nb2 without newline");
    logs.append("a.log", "a1\n");
    logs.append("README.md", "not a log\n");
    let mut tail = Tail::path(logs.0.path(), Options { follow: false, ..quick() });
    tail.until_finished();
    assert_eq!(tail.lines(), ["a1", "b1", "b2 without newline"]);
    tail.stop();
}
