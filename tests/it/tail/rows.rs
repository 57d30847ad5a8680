//! The reader against what operators and rotators do, named by the rows of the fault matrix (`A1`: rename
//! rotation, and so on; `RELIABILITY.md` says what is promised).

use std::os::unix::ffi::OsStrExt;

use std::time::SystemTime;

use soctop::event::{Cause, Trouble};

use super::*;

/// Reads `inputs` until `count` lines came, and a little longer: one too many must not slip by.
fn read(logs: &Logs, inputs: &[&str], cursors: &[Cursor], count: usize) -> (Vec<String>, Vec<Cursor>) {
    let inputs = inputs.iter().map(|input| Input::parse(logs.path(input)).unwrap()).collect();
    // As the store keeps them.
    let cursors = serde_json::from_str(&serde_json::to_string(cursors).unwrap()).unwrap();
    let options = Options { cursors, chunk_bytes: 64, ..quick() };
    let mut tail = Tail::start(inputs, options);
    tail.until("lines", |tail| tail.lines().len() >= count);
    let looked = Instant::now() + 4 * quick().reconcile_interval;
    while let Ok(message) = tail.messages.recv_deadline(looked) {
        tail.seen.push(message);
    }
    tail.stop()
}

/// Goes through runs with the committed cursors of all runs before, and keeps every line.
struct Runs<'a> {
    logs: &'a Logs,
    inputs: Vec<&'a str>,
    cursors: BTreeMap<GenerationId, Cursor>,
    lines: Vec<String>,
    written: usize,
}

impl<'a> Runs<'a> {
    fn new(logs: &'a Logs, inputs: &[&'a str]) -> Self {
        Self { logs, inputs: inputs.to_vec(), cursors: BTreeMap::new(), lines: Vec::new(), written: 0 }
    }

    fn write(&mut self, name: &str, count: usize) {
        let lines = numbered(self.written..self.written + count);
        self.logs.append(name, &as_text(&lines));
        self.written += count;
    }

    /// One run to the end of what there is.
    fn run(&mut self) {
        let cursors: Vec<Cursor> = self.cursors.values().cloned().collect();
        let missing = self.written - self.lines.len();
        let (lines, cursors) = read(self.logs, &self.inputs, &cursors, missing);
        self.lines.extend(lines);
        self.cursors.extend(cursors.into_iter().map(|cursor| (cursor.generation, cursor)));
    }

    /// Every line once.
    fn judge(mut self, what: &str) {
        self.lines.sort();
        let mut all = numbered(0..self.written);
        all.sort();
        assert_eq!(self.lines, all, "{what}");
    }
}

#[test]
fn a1_renumbered_files_are_not_read_again_after_a_restart() {
    for input in ["", "*.log*"] {
        let logs = Logs::new();
        let mut runs = Runs::new(&logs, &[input]);
        for name in ["app.log", "app.log.1", "app.log.2"] {
            runs.write(name, 40);
        }
        runs.run();
        for _night in 0..3 {
            for number in (1..6).rev().filter(|number| logs.path(&format!("app.log.{number}")).exists()) {
                logs.rename(&format!("app.log.{number}"), &format!("app.log.{}", number + 1));
            }
            runs.write("app.log", 5);
            logs.rename("app.log", "app.log.1");
            runs.write("app.log", 7);
            runs.run();
        }
        runs.judge(input);
    }
}

#[test]
fn a1_a_rotated_file_is_found_whatever_its_name() {
    for target in [
        "app-2026-11-29T02-00-00.000.log",
        "app.log.20261129T102233",
        "app.log-20261129",
        "archive.log",
        "one\nline\u{1b}[31m.log",
    ] {
        for input in ["app.log", "*.log*"] {
            let logs = Logs::new();
            let mut runs = Runs::new(&logs, &[input]);
            runs.write("app.log", 50);
            runs.run();
            runs.write("app.log", 20);
            logs.rename("app.log", target);
            runs.write("app.log", 10);
            runs.run();
            runs.judge(&format!("{target:?} {input}"));
        }
    }
}

#[test]
fn a1_renumbering_while_running_leaves_nothing_to_double_after_a_restart() {
    let logs = Logs::new();
    let mut runs = Runs::new(&logs, &["*.log*"]);
    for name in ["app.log", "app.log.1"] {
        runs.write(name, 30);
    }
    runs.run();
    let cursors = runs.cursors.values().cloned().collect();
    let mut tail = Tail::path(logs.path("*.log*"), Options { cursors, ..quick() });
    for _ in 0..3 {
        for number in (1..6).rev().filter(|number| logs.path(&format!("app.log.{number}")).exists()) {
            logs.rename(&format!("app.log.{number}"), &format!("app.log.{}", number + 1));
        }
        logs.rename("app.log", "app.log.1");
        runs.write("app.log", 4);
        let wanted = runs.written - runs.lines.len();
        tail.until("new lines", |tail| tail.lines().len() >= wanted);
    }
    let (lines, cursors) = tail.stop();
    runs.lines.extend(lines);
    runs.cursors.extend(cursors.into_iter().map(|cursor| (cursor.generation, cursor)));
    runs.write("app.log", 1);
    runs.run();
    runs.judge("live");
}

#[test]
fn a4_copytruncate_to_any_name_while_stopped() {
    for copy in ["app.log.1", "app.log-20261129", "archive.log"] {
        let logs = Logs::new();
        let mut runs = Runs::new(&logs, &["*.log*"]);
        runs.write("app.log", 200);
        runs.run();
        runs.write("app.log", 30);
        fs::copy(logs.path("app.log"), logs.path(copy)).unwrap();
        File::create(logs.path("app.log")).unwrap();
        runs.write("app.log", 10);
        runs.run();
        runs.judge(copy);
    }
}

#[test]
fn a11_the_first_of_two_names_goes() {
    let logs = Logs::new();
    let mut runs = Runs::new(&logs, &["*.log"]);
    runs.write("a.log", 30);
    fs::hard_link(logs.path("a.log"), logs.path("b.log")).unwrap();
    runs.run();
    fs::remove_file(logs.path("a.log")).unwrap();
    runs.write("b.log", 5);
    runs.run();
    runs.judge("hard link");
}

#[test]
fn a16_a_log_moved_by_copying_goes_on_where_it_stood() {
    let logs = Logs::new();
    for folder in ["one", "two"] {
        fs::create_dir(logs.path(folder)).unwrap();
    }
    let mut runs = Runs::new(&logs, &["one", "two"]);
    runs.write("one/app.log", 300);
    runs.run();
    fs::copy(logs.path("one/app.log"), logs.path("two/app.log")).unwrap();
    fs::remove_file(logs.path("one/app.log")).unwrap();
    runs.write("two/app.log", 20);
    runs.run();
    // And back, while it is watched.
    let cursors = runs.cursors.values().cloned().collect();
    let inputs = ["one", "two"].map(|folder| Input::parse(logs.path(folder)).unwrap());
    let mut tail = Tail::start(inputs.into(), Options { cursors, ..quick() });
    tail.until_caught_up();
    fs::copy(logs.path("two/app.log"), logs.path("one/moved.log")).unwrap();
    fs::remove_file(logs.path("two/app.log")).unwrap();
    runs.write("one/moved.log", 20);
    tail.until("the new lines", |tail| tail.lines().len() >= 20);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    runs.lines.extend(tail.stop().0);
    runs.judge("moved");
}

#[test]
fn a18_the_target_of_a_link_is_renamed_while_stopped() {
    for input in ["logs/*.log", "logs/c.log"] {
        let logs = Logs::new();
        for folder in ["logs", "pods"] {
            fs::create_dir(logs.path(folder)).unwrap();
        }
        let mut runs = Runs::new(&logs, &[input]);
        runs.write("pods/0.log", 50);
        std::os::unix::fs::symlink(logs.path("pods/0.log"), logs.path("logs/c.log")).unwrap();
        runs.run();
        runs.write("pods/0.log", 30);
        logs.rename("pods/0.log", "pods/0.log.20261129-102233");
        runs.write("pods/0.log", 10);
        logs.rename("pods/0.log", "pods/0.log.20261129-112233");
        runs.write("pods/0.log", 10);
        runs.run();
        runs.judge(input);
    }
}

#[test]
fn a19_a_named_log_that_becomes_a_foreign_link_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let logs = Logs::new();
    logs.append("app.log", "mine\n");
    logs.append("secret", "of root\n");
    let mut tail = Tail::path(logs.path("app.log"), quick());
    tail.until_lines(&["mine"]);
    std::os::unix::fs::symlink(logs.path("secret"), logs.path("link")).unwrap();
    std::os::unix::fs::lchown(logs.path("link"), Some(65534), Some(65534)).unwrap();
    logs.rename("link", "app.log");
    tail.until("a refusal", |tail| {
        tail.seen.iter().any(|message| {
            matches!(message, SourceMessage::Trouble(Trouble { cause: Cause::ForeignLink, .. }))
        })
    });
    assert_eq!(tail.stop().0, ["mine"]);
}

#[test]
fn a24_more_files_than_may_be_open_take_turns() {
    let logs = Logs::new();
    let mut runs = Runs::new(&logs, &["*.log*"]);
    for file in 0..60 {
        runs.write(&format!("{file}.log"), 20);
    }
    let options = Options { open_files_max: 4, chunk_bytes: 64, ..quick() };
    let mut tail = Tail::path(logs.path("*.log*"), options.clone());
    tail.until("all lines", |tail| tail.lines().len() >= 1200);
    for file in 0..60 {
        logs.rename(&format!("{file}.log"), &format!("{file}.log.1"));
        runs.write(&format!("{file}.log"), 1);
    }
    tail.until("the lines after rotation", |tail| tail.lines().len() >= 1260);
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    let (lines, cursors) = tail.stop();
    runs.lines.extend(lines);
    runs.cursors.extend(cursors.into_iter().map(|cursor| (cursor.generation, cursor)));
    runs.write("0.log", 1);
    runs.run();
    runs.judge("turns");
}

#[test]
fn a33_names_that_are_no_text_are_resumed() {
    let logs = Logs::new();
    let names = [&b"x\xff.log"[..], b"two\nlines\x1b[2J.log", &[&[b'y'; 251][..], b".log"].concat()];
    let path = |name: &[u8]| logs.0.path().join(std::ffi::OsStr::from_bytes(name));
    let append = |name: &[u8], text: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    names.iter().for_each(|name| append(name, "one\n"));
    let (lines, cursors) = read(&logs, &[""], &[], 3);
    assert_eq!(lines, ["one"; 3]);
    names.iter().for_each(|name| append(name, "two\n"));
    assert_eq!(read(&logs, &[""], &cursors, 3).0, ["two"; 3]);
}

#[test]
fn a34_what_was_compressed_while_stopped_is_read_on_and_not_again() {
    for input in ["", "app.log"] {
        let logs = Logs::new();
        let mut runs = Runs::new(&logs, &[input]);
        runs.write("app.log", 50);
        runs.run();
        runs.write("app.log", 30);
        let text = fs::read_to_string(logs.path("app.log")).unwrap();
        fs::write(logs.path("app.log.1.gz"), gzipped(&[&text])).unwrap();
        fs::remove_file(logs.path("app.log")).unwrap();
        runs.write("app.log", 5);
        runs.run();
        runs.judge(input);
    }
}

#[test]
fn a34_a_compressed_copy_of_what_was_read_goes_on_after_it() {
    let logs = Logs::new();
    logs.append("app.log", &as_text(&numbered(0..50)));
    let (_, cursors) = read(&logs, &["app.log"], &[], 50);
    fs::remove_file(logs.path("app.log")).unwrap();
    fs::write(logs.path("app.log.1.gz"), gzipped(&[&as_text(&numbered(0..55))])).unwrap();
    let options = Options { follow: false, cursors, ..quick() };
    let mut tail = Tail::path(logs.path("app.log.1.gz"), options);
    tail.until_finished();
    assert_eq!(tail.lines(), numbered(50..55));
    tail.stop();
}

/// What a packer does to a file that it has made.
fn set_changed(file: &Path, when: SystemTime) {
    File::options().write(true).open(file).unwrap().set_modified(when).unwrap();
}

#[test]
fn a34_an_empty_log_that_was_compressed_while_stopped_has_lost_nothing() {
    for (text, is_lost) in [("", false), ("one\n", true)] {
        let logs = Logs::new();
        let log = logs.path("app.log");
        // What was compressed before is older.
        fs::write(logs.path("app.log.1.gz"), gzipped(&["long ago\n"])).unwrap();
        set_changed(&logs.path("app.log.1.gz"), SystemTime::UNIX_EPOCH);
        fs::write(&log, "").unwrap();
        let mut tail = Tail::path(&log, quick());
        tail.until_caught_up();
        let (_, cursors) = tail.stop();
        assert_eq!(cursors.len(), 1, "{cursors:?}");
        logs.append("app.log", text);
        let changed = fs::metadata(&log).unwrap().modified().unwrap();
        fs::remove_file(&log).unwrap();
        fs::write(logs.path("app.log.2.gz"), gzipped(&[text])).unwrap();
        set_changed(&logs.path("app.log.2.gz"), changed);
        let mut tail = Tail::path(logs.0.path(), Options { cursors, ..quick() });
        logs.append("other.log", "one\n");
        tail.until_lines(&["one"]);
        tail.until("it is given up", |tail| !tail.closed().is_empty());
        assert_eq!(!tail.gaps().is_empty(), is_lost, "{text:?}");
        tail.stop();
    }
}

#[test]
fn a36_own_data_is_not_read_by_notification_either() {
    let logs = Logs::new();
    fs::create_dir(logs.path("data")).unwrap();
    let mut tail = Tail::path(logs.0.path(), Options { exclude: vec![logs.path("data")], ..quick() });
    logs.append("app.log", "one\n");
    tail.until_lines(&["one"]);
    logs.append("data/soctop.log", "of our own\n");
    fs::write(logs.path("app.log.1.gz"), gzipped(&["compressed\n"])).unwrap();
    logs.append("app.log", "two\n");
    tail.until_lines(&["one", "two"]);
    tail.stop();
}

#[test]
fn a5_a_file_that_vanished_unread_is_a_gap_of_its_size() {
    let logs = Logs::new();
    logs.append("app.log", &as_text(&numbered(0..100)));
    let size = fs::metadata(logs.path("app.log")).unwrap().len();
    let (_, cursors) = read_some(&logs, &[], 50);
    let from = cursors[0].end;
    fs::remove_file(logs.path("app.log")).unwrap();
    let mut tail = Tail::path(logs.path("app.log"), Options { cursors, ..quick() });
    tail.until("gap", |tail| !tail.gaps().is_empty());
    let gap = tail.gaps()[0];
    assert_eq!((gap.cause, gap.from), (GapCause::Vanished, from));
    assert!(gap.to == Some(size) || from == size, "{gap:?}");
    tail.stop();
}

#[test]
fn a22_a_trouble_begins_and_is_over() {
    let logs = Logs::new();
    let mut tail = Tail::path(logs.path("nothing/*.log"), quick());
    let began = |cause| {
        move |tail: &Tail| {
            let is =
                |message: &SourceMessage| matches!(message, SourceMessage::Trouble(it) if it.cause == cause);
            tail.seen.iter().any(is)
        }
    };
    tail.until("the trouble", began(Cause::NothingNamed));
    fs::create_dir(logs.path("nothing")).unwrap();
    logs.append("nothing/app.log", "one\n");
    tail.until_lines(&["one"]);
    tail.until("its end", |tail| {
        let over = |message: &SourceMessage| {
            matches!(message, SourceMessage::Over { cause: Cause::NothingNamed, .. })
        };
        tail.seen.iter().any(over)
    });
    tail.stop();
}

#[test]
fn a12_a13_a_file_is_read_from_its_first_byte_whenever_that_comes() {
    let logs = Logs::new();
    logs.append("app.log", "");
    logs.append("other.log", "other\n");
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until_lines(&["other"]);
    for piece in ["o", "n", "e\n", "two\n"] {
        logs.append("app.log", piece);
        let size = std::fs::metadata(logs.path("app.log")).unwrap().len();
        assert!(size > 0);
    }
    logs.append("app.log", &as_text(&numbered(0..1_000)));
    tail.until("all lines", |tail| tail.lines().len() >= 1_003);
    assert_eq!(tail.lines().get(1..3).unwrap(), ["one", "two"]);
    tail.stop();
}

#[test]
fn a17_two_logs_that_change_places_keep_their_positions() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let logs = Logs::new();
    logs.append("a.log", "a one\n");
    logs.append("b.log", "b one\nb two\n");
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until("both", |tail| tail.lines().len() >= 3);
    for round in 0..4 {
        renameat_with(CWD, logs.path("a.log"), CWD, logs.path("b.log"), RenameFlags::EXCHANGE).unwrap();
        logs.append("a.log", &format!("after {round}\n"));
        logs.append("b.log", &format!("after {round}\n"));
        tail.until("the lines after it", |tail| tail.lines().len() >= 3 + 2 * (round + 1));
    }
    assert_eq!(tail.gaps(), Vec::<&Gap>::new());
    assert_eq!(tail.stop().0.len(), 11);
}

/// More notifications than the kernel holds: what they would have said is found by looking.
#[test]
fn a27_notifications_that_were_dropped_are_made_up_for() {
    let logs = Logs::new();
    logs.append("app.log", "one\n");
    let mut tail = Tail::path(logs.path("*.log"), quick());
    tail.until_lines(&["one"]);
    for number in 0..20_000 {
        let name = logs.path(&format!("{number}.tmp"));
        fs::write(&name, "").unwrap();
        fs::remove_file(&name).unwrap();
    }
    logs.rename("app.log", "app.log.1");
    logs.append("app.log", "two\n");
    logs.append("late.log", "three\n");
    tail.until("all lines", |tail| tail.lines().len() >= 3);
    tail.stop();
}
