//! The reader against real files that grow, rotate, shrink and vanish.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

mod rows;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use soctop::event::{Chunk, Cursor, Gap, GapCause, GenerationId, SourceMessage};
use soctop::source::{self, Input, Options, Stop};
use tempfile::TempDir;

use crate::harness::fed;

const DEADLINE: Duration = Duration::from_secs(60);

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

    fn until_caught_up(&mut self) {
        self.until("end of the file", |tail| {
            tail.seen.iter().any(|message| matches!(message, SourceMessage::CaughtUp { .. }))
        });
    }

    fn until_finished(&mut self) {
        self.until("end", |tail| tail.seen.iter().any(|message| matches!(message, SourceMessage::Finished)));
    }

    /// The chunks that hold lines.
    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.seen.iter().filter_map(|message| match message {
            SourceMessage::Lines(chunk) if !chunk.lines.is_empty() => Some(chunk),
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
                SourceMessage::Remark { message, .. } => Some(message.as_str()),
                SourceMessage::Trouble(trouble) => Some(trouble.message.as_str()),
                _ => None,
            })
            .collect()
    }

    fn summary(&self) -> Vec<String> {
        self.seen
            .iter()
            .map(|message| match message {
                SourceMessage::Lines(chunk) => {
                    let texts = texts(chunk);
                    format!(
                        "{} lines of {}: {:?} to {:?}",
                        texts.len(),
                        chunk.generation.0,
                        texts.first(),
                        texts.last()
                    )
                }
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
    let mut opened = None;
    for message in messages {
        match message {
            SourceMessage::Opened { offset, .. } => opened = Some(*offset),
            SourceMessage::Lines(chunk) => {
                if let Some(offset) = opened.take() {
                    expected.entry(chunk.generation).or_insert((offset, None)).0 = offset;
                }
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
    tail.until_caught_up();
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

/// A source whose consumer does not take anything until [`Tail::until`] is called.
fn blocked(logs: &Logs, input: &str, lines: usize, options: Options) -> (Tail, Vec<String>) {
    let all = numbered(0..lines);
    logs.append("app.log", &as_text(&all));
    let tail = Tail::path(logs.path(input), Options { chunk_bytes: 64, ..options });
    // Opened, then as many chunks as the channel holds: the source cannot have read much more.
    let deadline = Instant::now() + DEADLINE;
    while !tail.messages.is_full() {
        assert!(Instant::now() < deadline, "the channel never filled");
        std::thread::yield_now();
    }
    (tail, all)
}

#[test]
fn copytruncate_reads_the_rest_from_the_copy_beside_the_log() {
    for input in ["app.log", "app.log*"] {
        let logs = Logs::new();
        let (mut tail, mut all) = blocked(&logs, input, 200, quick());
        fs::copy(logs.path("app.log"), logs.path("app.log.1")).unwrap();
        File::create(logs.path("app.log")).unwrap();
        logs.append("app.log", "after 1\nafter 2\n");
        all.extend(["after 1".to_owned(), "after 2".to_owned()]);
        tail.until("all lines", |tail| tail.lines().len() >= all.len());
        let mut lines = tail.lines();
        lines.sort();
        all.sort();
        assert_eq!(lines, all, "{input}");
        assert_eq!(tail.gaps(), Vec::<&Gap>::new(), "{input}");
        // Nothing more comes: the copy is not read again under its own name.
        tail.until("closed copy", |tail| tail.closed().len() == 1);
        assert_eq!(tail.stop().0.len(), all.len(), "{input}");
    }
}

#[test]
fn copytruncate_of_a_log_that_was_read_leaves_nothing_to_read_in_the_copy() {
    let logs = Logs::new();
    let mut all = numbered(0..100);
    logs.append("app.log", &as_text(&all));
    let mut tail = Tail::path(logs.path("app.log*"), quick());
    for round in 0..3 {
        tail.until("all lines", |tail| tail.lines().len() >= all.len());
        fs::copy(logs.path("app.log"), logs.path(&format!("app.log.{round}"))).unwrap();
        File::create(logs.path("app.log")).unwrap();
        let more = format!("after {round}");
        logs.append("app.log", &format!("{more}\n"));
        all.push(more);
    }
    tail.until_lines(&all.iter().map(String::as_str).collect::<Vec<_>>());
    tail.until("closed copies", |tail| tail.closed().len() == 3);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    assert_eq!(tail.stop().0, all);
}

#[test]
fn a_writer_with_an_old_offset_leaves_nuls_that_are_counted() {
    let logs = Logs::new();
    let mut writer = File::create(logs.path("app.log")).unwrap();
    writer.write_all(b"before truncation\n").unwrap();
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["before truncation"]);
    File::create(logs.path("app.log")).unwrap();
    tail.until("gap", |tail| !tail.gaps().is_empty());
    writer.write_all(b"after truncation\n").unwrap();
    tail.until_lines(&["before truncation", "after truncation"]);
    let last = tail.chunks().last().unwrap();
    assert_eq!((last.padding_bytes, last.lines[0].offset), (18, 18));
    tail.stop();
}

#[test]
fn a_deleted_file_is_drained_to_its_end() {
    let logs = Logs::new();
    let (mut tail, all) = blocked(&logs, "app.log", 500, quick());
    fs::remove_file(logs.path("app.log")).unwrap();
    tail.until("closed generation", |tail| !tail.closed().is_empty());
    assert_eq!(tail.lines(), all);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn a_file_deleted_and_created_again_and_again_is_read_once_each_time() {
    let logs = Logs::new();
    let mut tail = Tail::path(logs.path("app.log"), quick());
    let mut all = Vec::new();
    for round in 0..50 {
        let line = format!("round {round}");
        logs.append("app.log", &format!("{line}\n"));
        all.push(line);
        tail.until("line of the round", |tail| tail.lines().len() >= all.len());
        fs::remove_file(logs.path("app.log")).unwrap();
    }
    assert_eq!(tail.lines(), all);
    tail.stop();
}

#[test]
fn an_atomic_replacement_is_read_from_its_start() {
    let logs = Logs::new();
    logs.append("app.log", "old 1\nold 2\n");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["old 1", "old 2"]);
    logs.append("app.new", "new 1\n");
    logs.rename("app.new", "app.log");
    tail.until_lines(&["old 1", "old 2", "new 1"]);
    tail.stop();
}

#[test]
fn a_replacement_that_only_adds_to_what_was_read_is_read_on() {
    let logs = Logs::new();
    let all = numbered(0..500);
    logs.append("app.log", &as_text(&all[..400]));
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until("lines", |tail| tail.lines().len() == 400);
    logs.append("app.new", &as_text(&all));
    logs.rename("app.new", "app.log");
    tail.until("the added lines", |tail| tail.lines().len() >= 500);
    assert_eq!(tail.stop().0, all);
}

#[test]
fn rotations_between_two_looks_lose_no_generation_that_still_exists() {
    let logs = Logs::new();
    let (mut tail, mut all) = blocked(&logs, "app.log", 200, Options { notifications: false, ..quick() });
    for round in 0..5 {
        for older in (1..=round).rev() {
            logs.rename(&format!("app.log.{older}"), &format!("app.log.{}", older + 1));
        }
        logs.rename("app.log", "app.log.1");
        let line = format!("generation {round}");
        logs.append("app.log", &format!("{line}\n"));
        all.push(line);
    }
    tail.until("all lines", |tail| tail.lines().len() >= all.len());
    let (mut lines, mut all) = (tail.lines(), all);
    lines.sort();
    all.sort();
    assert_eq!(lines, all);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn rotation_under_load_loses_and_doubles_nothing() {
    let logs = Logs::new();
    logs.append("app.log", "");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    // What was rotated away before the first look is nobody's promise.
    tail.until_caught_up();
    let directory = logs.0.path().to_owned();
    let writer = std::thread::spawn(move || {
        let log = directory.join("app.log");
        let mut all = Vec::new();
        for round in 0..20 {
            // Append mode, reopened after each rotation, as a service does on its signal.
            let mut file = OpenOptions::new().append(true).create(true).open(&log).unwrap();
            for line in 0..500 {
                let text = format!("{round} {line}");
                writeln!(file, "{text}").unwrap();
                all.push(text);
                if line == 400 {
                    fs::rename(&log, directory.join(format!("app.log.{}", 100 - round))).unwrap();
                }
            }
        }
        all
    });
    tail.until("all lines", |tail| tail.lines().len() >= 20 * 500);
    let mut all = writer.join().unwrap();
    let mut lines = tail.lines();
    for round in 0..20 {
        let of_round: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{round} "))).collect();
        let expect: Vec<_> = all.iter().filter(|line| line.starts_with(&format!("{round} "))).collect();
        assert_eq!(of_round, expect, "order within a generation");
    }
    lines.sort();
    all.sort();
    assert_eq!(lines, all);
    tail.stop();
}

#[test]
fn a_link_that_changes_its_target_is_followed() {
    let logs = Logs::new();
    logs.append("first", "first 1\n");
    logs.append("second", "second 1\n");
    std::os::unix::fs::symlink(logs.path("first"), logs.path("current.log")).unwrap();
    let mut tail = Tail::path(logs.path("current.log"), quick());
    tail.until_lines(&["first 1"]);
    std::os::unix::fs::symlink(logs.path("second"), logs.path("next")).unwrap();
    logs.rename("next", "current.log");
    tail.until_lines(&["first 1", "second 1"]);
    logs.append("second", "second 2\n");
    tail.until_lines(&["first 1", "second 1", "second 2"]);
    // The old target is still drained.
    logs.append("first", "first 2\n");
    tail.until("old target", |tail| tail.lines().contains(&"first 2".to_owned()));
    tail.stop();
}

#[test]
fn files_that_appear_later_are_read_from_their_start() {
    let logs = Logs::new();
    for input in ["", "**/*.log"] {
        let directory = logs.path(if input.is_empty() { "tree" } else { "globbed" });
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("a.log"), "a1\n").unwrap();
        let mut tail = Tail::path(directory.join(input), Options { from: source::From::End, ..quick() });
        tail.until_caught_up();
        fs::write(directory.join("b.log"), "b1\n").unwrap();
        tail.until_lines(&["b1"]);
        fs::create_dir_all(directory.join("new/deep")).unwrap();
        fs::write(directory.join("new/deep/c.log"), "c1\n").unwrap();
        tail.until_lines(&["b1", "c1"]);
        fs::write(directory.join("new/deep/notes.md"), "no log\n").unwrap();
        fs::write(directory.join("new/deep/.hidden.log"), "hidden\n").unwrap();
        fs::write(directory.join("new/deep/d.log"), "d1\n").unwrap();
        tail.until_lines(&["b1", "c1", "d1"]);
        tail.stop();
    }
}

#[test]
fn what_is_not_a_regular_file_is_refused_without_waiting() {
    let logs = Logs::new();
    let fifo = logs.path("pipe.log");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let socket = logs.path("socket.log");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let null = PathBuf::from("/dev/null");
    for follow in [true, false] {
        for (path, word) in [(&fifo, "a FIFO"), (&socket, "a socket"), (&null, "a device")] {
            let mut tail = Tail::path(path, Options { follow, ..quick() });
            tail.until("refusal", |tail| tail.troubles().iter().any(|text| text.contains(word)));
            assert!(tail.troubles()[0].contains("not a regular file"), "{:?}", tail.troubles());
            tail.stop();
        }
    }
    // Named as a whole, the directory is still read around them.
    logs.append("good.log", "good\n");
    let mut tail = Tail::path(logs.0.path(), quick());
    tail.until_lines(&["good"]);
    tail.stop();
}

#[test]
fn two_names_of_one_file_are_read_once() {
    let logs = Logs::new();
    logs.append("a.log", "one\n");
    fs::hard_link(logs.path("a.log"), logs.path("b.log")).unwrap();
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until("note", |tail| tail.troubles().iter().any(|text| text.contains("is the same file as")));
    logs.append("b.log", "two\n");
    tail.until_lines(&["one", "two"]);
    tail.stop();
}

#[test]
fn files_with_the_same_beginning_are_different_files() {
    let logs = Logs::new();
    let banner = as_text(&numbered(0..1000));
    logs.append("a.log", &banner);
    logs.append("b.log", &banner);
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until("both files", |tail| tail.lines().len() >= 2000);
    logs.append("a.log", "of a\n");
    logs.append("b.log", "of b\n");
    tail.until("both lines", |tail| tail.lines().len() >= 2002);
    tail.stop();
}

#[test]
fn names_that_are_not_utf8_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let logs = Logs::new();
    let path = logs.0.path().join(std::ffi::OsStr::from_bytes(b"\xff\x1b\n.log"));
    fs::write(&path, "one\n").unwrap();
    let mut tail = Tail::path(logs.0.path(), quick());
    tail.until_lines(&["one"]);
    fs::write(&path, "one\ntwo\n").unwrap();
    tail.until_lines(&["one", "two"]);
    tail.stop();
}

fn gzipped(members: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for member in members {
        let mut encoder = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
        encoder.write_all(member.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    bytes
}

#[test]
fn compressed_files_are_read_in_replay_and_left_out_when_following() {
    let logs = Logs::new();
    let compressed = gzipped(&["one\ntw", "o\nthree"]);
    fs::write(logs.path("app.log.1.gz"), &compressed).unwrap();
    logs.append("app.log", "four\n");
    let mut tail = Tail::path(logs.0.path(), Options { follow: false, ..quick() });
    tail.until_finished();
    assert_eq!(tail.lines(), ["four", "one", "two", "three"]);
    tail.stop();
    let mut tail = Tail::path(logs.0.path(), quick());
    tail.until_lines(&["four"]);
    assert!(tail.troubles().iter().any(|text| text.contains("compressed")), "{:?}", tail.troubles());
    tail.stop();
    // Half a file: what can be read is read, and the rest is a gap.
    fs::write(logs.path("half.log.gz"), &compressed[..compressed.len() - 12]).unwrap();
    let mut tail = Tail::path(logs.path("half.log.gz"), Options { follow: false, ..quick() });
    tail.until_finished();
    assert_eq!(tail.lines().first().map(String::as_str), Some("one"));
    assert_eq!(tail.gaps()[0].cause, GapCause::Unreadable);
    tail.stop();
}

/// `one` and `two`, each on a line, as the usual tools compress them.
const XZ: &[u8] = b"\
      \xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\
      \x01\x00\x07\x6f\x6e\x65\x0a\x74\x77\x6f\x0a\x00\x51\xab\x9e\xaf\x57\x75\x70\x49\x00\x01\x20\x08\
      \xbb\x19\xd9\xbb\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";
const BZIP2: &[u8] = b"\
      \x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xa7\x14\x2b\x77\x00\x00\x02\xc1\x80\x00\x10\x02\x01\x84\
      \x80\x20\x00\x21\x80\x0c\x02\x38\xf5\x1b\x8b\xb9\x22\x9c\x28\x48\x53\x8a\x15\xbb\x80";

#[test]
fn xz_and_bzip2_are_told_by_their_first_bytes() {
    for packed in [XZ, BZIP2] {
        let logs = Logs::new();
        // As `cat a.xz b.xz` writes it, under any name.
        fs::write(logs.path("app.log"), [packed, packed].concat()).unwrap();
        fs::write(logs.path("half.log"), &packed[..packed.len() - 9]).unwrap();
        let once = || Options { follow: false, ..quick() };
        let mut tail = Tail::path(logs.path("app.log"), once());
        tail.until_finished();
        assert_eq!(tail.lines(), ["one", "two", "one", "two"]);
        tail.stop();
        let mut tail = Tail::path(logs.path("half.log"), once());
        tail.until_finished();
        assert_eq!(tail.gaps().first().map(|gap| gap.cause), Some(GapCause::Unreadable));
        tail.stop();
    }
}

#[test]
fn memory_for_xz_is_bounded() {
    let logs = Logs::new();
    // The header of a block says how much memory its reader needs: 4 GiB less one byte.
    let mut greedy = XZ.to_vec();
    greedy[16] = 40;
    let crc = crc32(&greedy[12..20]);
    greedy[20..24].copy_from_slice(&crc.to_le_bytes());
    fs::write(logs.path("app.log.xz"), &greedy).unwrap();
    let mut tail = Tail::path(logs.path("app.log.xz"), Options { follow: false, ..quick() });
    tail.until_finished();
    assert!(tail.lines().is_empty());
    assert!(tail.troubles().iter().any(|text| text.contains("mem")), "{:?}", tail.troubles());
    tail.stop();
}

/// As in the headers of xz.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// As PowerShell writes it.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf_16_is_followed_as_it_is_written() {
    let logs = Logs::new();
    let path = logs.path("app.log");
    let write = |bytes: &[u8]| {
        OpenOptions::new().append(true).create(true).open(&path).unwrap().write_all(bytes).unwrap();
    };
    write(b"");
    let mut tail = Tail::path(&path, quick());
    tail.until_caught_up();
    let text = utf16("\u{feff}one\r\nb\u{f6}b \u{1f600}\r\nthree");
    // In the middle of a character.
    write(&text[..text.len() - 19]);
    tail.until("a line", |tail| tail.lines().len() == 1);
    write(&text[text.len() - 19..]);
    tail.until_lines(&["one", "b\u{f6}b \u{1f600}"]);
    let (_, cursors) = tail.stop();
    write(&utf16("\r\nfour\r\n"));
    let mut tail = Tail::path(&path, Options { cursors: cursors.clone(), ..quick() });
    tail.until_lines(&["three", "four"]);
    assert!(tail.gaps().is_empty());
    fs::write(&path, b"five\n").unwrap();
    tail.until_lines(&["three", "four", "five"]);
    assert_eq!(tail.gaps()[0].cause, GapCause::Truncated);
    tail.stop();
    fs::write(logs.path("new.log"), utf16("\u{feff}old\n")).unwrap();
    let mut tail = Tail::path(logs.path("new.log"), Options { from: source::From::End, ..quick() });
    tail.until_caught_up();
    fs::write(logs.path("new.log"), utf16("\u{feff}old\nnew\n")).unwrap();
    tail.until_lines(&["new"]);
    tail.stop();
}

/// Lines that begin with a blank belong to the one before them.
fn until_indented(tail: Options) -> Options {
    let waiting = |bytes: &[u8], lines: &[soctop::event::LineSpan]| {
        let indented = lines.iter().rev().take_while(|line| bytes.get(line.start as usize) == Some(&b' '));
        (indented.count() + 1).min(lines.len())
    };
    Options { waiting, ..tail }
}

#[test]
fn lines_of_one_event_come_together_however_they_are_written() {
    let logs = Logs::new();
    logs.append("app.log", "a\nb\n");
    let patient = Options { patience: Duration::from_secs(3_600), ..until_indented(quick()) };
    let mut tail = Tail::path(logs.path("app.log"), patient);
    tail.until_lines(&["a"]);
    tail.until_caught_up();
    for piece in [" c\n", " d", "\n"] {
        logs.append("app.log", piece);
        tail.until("a look", |tail| tail.seen.len() > 2);
    }
    let committed = tail.chunks().last().unwrap().cursor.clone();
    assert_eq!(committed.end, 2, "what waits is not read yet");
    logs.append("app.log", "e\n");
    tail.until_lines(&["a", "b", " c", " d"]);
    assert_eq!(texts(tail.chunks().last().unwrap()), ["b", " c", " d"]);
    // What waits when its file is emptied was read nevertheless.
    fs::write(logs.path("app.log"), "").unwrap();
    tail.until_lines(&["a", "b", " c", " d", "e"]);
    let (_, mut cursors) = tail.stop();
    // After a crash it is read again.
    logs.append("app.log", "f\n");
    cursors.retain(|cursor| !cursor.finished);
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors, ..until_indented(quick()) });
    tail.until_lines(&["f"]);
    tail.stop();
}

/// Reads `app.log` until `count` lines came, and stops.
fn read_some(logs: &Logs, cursors: &[Cursor], count: usize) -> (Vec<String>, Vec<Cursor>) {
    let options = Options { cursors: cursors.to_vec(), chunk_bytes: 64, ..quick() };
    let mut tail = Tail::path(logs.path("app.log"), options);
    tail.until("some lines", |tail| tail.lines().len() >= count);
    tail.stop()
}

#[test]
fn a_rotation_while_stopped_is_read_on_in_the_renamed_file() {
    let logs = Logs::new();
    let all = numbered(0..300);
    logs.append("app.log", &as_text(&all[..100]));
    let (mut lines, cursors) = read_some(&logs, &[], 50);
    logs.rename("app.log", "app.log.2");
    logs.append("app.log", &as_text(&all[100..200]));
    logs.rename("app.log", "app.log.1");
    logs.append("app.log", &as_text(&all[200..]));
    let missing = 300 - lines.len();
    let (rest, _) = read_some(&logs, &cursors, missing);
    lines.extend(rest);
    lines.sort();
    let mut all = all;
    all.sort();
    assert_eq!(lines, all);
}

#[test]
fn truncated_and_regrown_while_stopped_is_told_from_grown() {
    let logs = Logs::new();
    let header = "# the same header as ever\n";
    logs.append("app.log", header);
    logs.append("app.log", &as_text(&numbered(0..200)));
    let (_, cursors) = read_some(&logs, &[], 201);
    fs::write(logs.path("app.log"), format!("{header}{}", as_text(&numbered(1000..1300)))).unwrap();
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors, ..quick() });
    tail.until("the new content", |tail| tail.lines().len() >= 301);
    assert_eq!(tail.gaps()[0].cause, GapCause::Rewritten);
    assert_eq!(tail.gaps()[0].to, None);
    assert_eq!(tail.lines()[1], "line 1000");
    tail.stop();
}

#[test]
fn a_file_that_vanished_while_stopped_leaves_a_gap() {
    let logs = Logs::new();
    logs.append("app.log", &as_text(&numbered(0..100)));
    let (_, cursors) = read_some(&logs, &[], 50);
    fs::remove_file(logs.path("app.log")).unwrap();
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors: cursors.clone(), ..quick() });
    tail.until("gap", |tail| !tail.gaps().is_empty() && !tail.closed().is_empty());
    assert_eq!((tail.gaps()[0].cause, tail.gaps()[0].from), (GapCause::Vanished, cursors[0].end));
    let (_, cursors) = tail.stop();
    // It is said once: the cursor is finished now.
    logs.append("app.log", "new\n");
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors, ..quick() });
    tail.until_lines(&["new"]);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn an_incomplete_line_survives_a_restart() {
    let logs = Logs::new();
    logs.append("app.log", "one\nhal");
    let (lines, cursors) = read_some(&logs, &[], 1);
    assert_eq!(lines, ["one"]);
    logs.append("app.log", "f\n");
    let (lines, _) = read_some(&logs, &cursors, 1);
    assert_eq!(lines, ["half"]);
}

#[test]
fn a_file_rewritten_in_place_without_changing_its_size_is_noticed() {
    let logs = Logs::new();
    logs.append("app.log", "aaaa\n");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["aaaa"]);
    let mut file = OpenOptions::new().write(true).open(logs.path("app.log")).unwrap();
    file.write_all(b"bbbb\n").unwrap();
    tail.until_lines(&["aaaa", "bbbb"]);
    assert_eq!(tail.gaps()[0].cause, GapCause::Rewritten);
    tail.stop();
}

#[test]
fn an_incomplete_line_may_be_taken_back() {
    let logs = Logs::new();
    logs.append("app.log", "one\nhalf");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_caught_up();
    OpenOptions::new().write(true).open(logs.path("app.log")).unwrap().set_len(4).unwrap();
    logs.append("app.log", "two\n");
    tail.until("two lines", |tail| tail.lines().len() >= 2);
    // Whether the shorter file was seen or not, nothing of the half line may stand before the next.
    assert!(["two", "halftwo"].contains(&tail.lines()[1].as_str()), "{:?}", tail.lines());
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn everything_works_without_notifications() {
    let logs = Logs::new();
    logs.append("app.log", "one\n");
    let options = Options { notifications: false, poll_interval: Duration::from_millis(20), ..quick() };
    let mut tail = Tail::path(logs.path("*.log"), options);
    tail.until_lines(&["one"]);
    logs.append("app.log", "two\n");
    tail.until_lines(&["one", "two"]);
    logs.rename("app.log", "app.log.1");
    logs.append("app.log", "three\n");
    tail.until_lines(&["one", "two", "three"]);
    tail.stop();
}

#[test]
fn more_files_than_may_be_open_are_all_followed() {
    let logs = Logs::new();
    for file in 0..20 {
        logs.append(&format!("{file}.log"), &format!("{file} first\n"));
    }
    let mut tail = Tail::path(logs.path("*.log"), Options { open_files_max: 3, ..quick() });
    tail.until("first lines", |tail| tail.lines().len() >= 20);
    for round in 1..4 {
        for file in 0..20 {
            logs.append(&format!("{file}.log"), &format!("{file} {round}\n"));
        }
        tail.until("next lines", |tail| tail.lines().len() >= 20 * (round + 1));
    }
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    assert_eq!(tail.stop().0.len(), 80);
}

#[test]
fn own_data_is_never_read() {
    let logs = Logs::new();
    fs::create_dir(logs.path("data")).unwrap();
    logs.append("data/soctop.log", "of our own\n");
    logs.append("app.log", "one\n");
    let mut tail = Tail::path(logs.path("**/*.log"), Options { exclude: vec![logs.path("data")], ..quick() });
    tail.until_lines(&["one"]);
    assert!(tail.troubles().iter().any(|text| text.contains("own data")), "{:?}", tail.troubles());
    tail.stop();
}

#[test]
fn a_flood_in_one_file_does_not_starve_another() {
    let logs = Logs::new();
    fs::write(logs.path("flood.log"), format!("{}\n", "x".repeat(99)).repeat(400_000)).unwrap();
    logs.append("quiet.log", "an audit line\n");
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until("the quiet file", |tail| tail.lines().contains(&"an audit line".to_owned()));
    assert!(tail.lines().len() < 200_000, "the quiet file had its turn early");
    tail.stop();
}

#[test]
fn a_stop_ends_a_source_that_cannot_send() {
    let logs = Logs::new();
    let (tail, _) = blocked(&logs, "app.log", 1000, quick());
    tail.stop();
}

#[test]
fn a_source_ends_when_nobody_receives() {
    let logs = Logs::new();
    logs.append("app.log", "one\n");
    let (sender, messages) = crossbeam_channel::bounded(1);
    drop(messages);
    source::run(vec![Input::parse(logs.path("app.log")).unwrap()], quick(), sender, Stop::new().unwrap())
        .unwrap();
}

#[test]
fn replay_gives_the_same_addresses_for_the_same_content_elsewhere() {
    let ids = |logs: &Logs| {
        let options = Options { follow: false, addresses: source::Addresses::Content, ..quick() };
        let mut tail = Tail::path(logs.0.path(), options);
        tail.until_finished();
        tail.chunks().map(|chunk| chunk.generation).collect::<Vec<_>>()
    };
    let (one, two) = (Logs::new(), Logs::new());
    for logs in [&one, &two] {
        logs.append("a.log", "same\n");
        logs.append("b.log", "same\n");
    }
    assert_eq!(ids(&one), ids(&two));
    assert_ne!(ids(&one)[0], ids(&one)[1]);
}

/// Runs one test of this file again as another process, prepared by `wrapper`: as another user, in a
/// namespace, with something on its standard input. False when the wrapper does not work here.
fn run_again(test: &str, wrapper: &[&str], input: &[u8]) -> bool {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(wrapper.first().copied().unwrap_or("env"));
    command.args(wrapper.get(1..).unwrap_or_default()).arg(program);
    command.args(["--exact", &format!("tail::{test}"), "--nocapture"]).env(AGAIN, "1");
    // The directory must be one that the other user may use.
    command.env("TMPDIR", std::env::temp_dir()).current_dir("/");
    let Ok(output) = fed(&mut command, input) else { return false };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if !text.contains("running 1 test") {
        return false;
    }
    assert!(output.status.success(), "{text}");
    true
}

const AGAIN: &str = "SOCTOP_TEST_AGAIN";

fn is_again() -> bool {
    std::env::var_os(AGAIN).is_some()
}

#[test]
fn a_forbidden_file_is_reported_and_read_when_it_is_allowed() {
    // Root may read everything; another user may not.
    if rustix::process::geteuid().is_root() {
        let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
        run_again("a_forbidden_file_is_reported_and_read_when_it_is_allowed", &wrapper, b"");
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let logs = Logs::new();
    logs.append("app.log", "one\n");
    logs.append("other.log", "other\n");
    let mode = |mode| fs::set_permissions(logs.path("app.log"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until("report", |tail| tail.troubles().iter().any(|text| text.contains("app.log")));
    tail.until_lines(&["other"]);
    assert_eq!(tail.troubles().len(), 1, "{:?}", tail.troubles());
    mode(0o644);
    tail.until_lines(&["other", "one"]);
    // Forbidding it again does not close what is open.
    mode(0o000);
    logs.append("other.log", "more\n");
    tail.until_lines(&["other", "one", "more"]);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    tail.stop();
}

#[test]
fn without_free_inotify_instances_files_are_polled() {
    if !is_again() {
        let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"";
        let wrapper = ["unshare", "--user", "--map-root-user", "--", "sh", "-c", script];
        run_again("without_free_inotify_instances_files_are_polled", &wrapper, b"");
        return;
    }
    polled_with("fs.inotify.max_user_instances");
}

#[test]
fn without_free_inotify_watches_files_are_polled() {
    if !is_again() {
        let script = "echo 0 > /proc/sys/user/max_inotify_watches && exec \"$0\" \"$@\"";
        let wrapper = ["unshare", "--user", "--map-root-user", "--", "sh", "-c", script];
        run_again("without_free_inotify_watches_files_are_polled", &wrapper, b"");
        return;
    }
    polled_with("fs.inotify.max_user_watches");
}

/// Follows a file where the kernel refuses to notify; `sysctl` is the limit to be named.
fn polled_with(sysctl: &str) {
    let logs = Logs::new();
    logs.append("app.log", "one\n");
    let options = Options { reconcile_interval: Duration::from_secs(3600), ..quick() };
    let options = Options { poll_interval: Duration::from_millis(20), ..options };
    let mut tail = Tail::path(logs.path("app.log"), options);
    tail.until_lines(&["one"]);
    logs.append("app.log", "two\n");
    tail.until_lines(&["one", "two"]);
    let hints = tail.seen.iter().filter_map(|message| match message {
        SourceMessage::Trouble(trouble) => trouble.hint.as_deref(),
        _ => None,
    });
    let hints: Vec<&str> = hints.collect();
    assert!(hints.iter().any(|hint| hint.contains(sysctl)), "{hints:?}");
    assert_eq!(hints.len(), 1, "said once");
    tail.stop();
}

#[test]
fn standard_input_is_read_to_its_end() {
    if !is_again() {
        assert!(run_again("standard_input_is_read_to_its_end", &[], b"one\r\ntwo\n\nthree without newline"));
        return;
    }
    let mut tail = Tail::start(vec![Input::Stdin], quick());
    tail.until_finished();
    assert_eq!(tail.lines(), ["one", "two", "", "three without newline"]);
    tail.stop();
}

#[test]
fn standard_input_is_read_beside_files() {
    if !is_again() {
        assert!(run_again("standard_input_is_read_beside_files", &[], b"from stdin\n"));
        return;
    }
    let logs = Logs::new();
    logs.append("app.log", "from a file\n");
    let mut tail = Tail::start(vec![Input::Stdin, Input::Path(logs.path("app.log"))], quick());
    tail.until("both", |tail| tail.lines().len() == 2 && tail.closed().len() == 1);
    logs.append("app.log", "and more\n");
    tail.until("more of the file", |tail| tail.lines().len() == 3);
    assert!(!tail.seen.iter().any(|message| matches!(message, SourceMessage::Finished)));
    tail.stop();
}
