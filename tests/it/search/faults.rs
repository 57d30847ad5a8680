//! Crashes, damage, foreign hands and hostile input.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use soctop::event::{Cursor, Event, GenerationId, Kind, Origin, Paths, Record, Timestamp, canonical};
use soctop::index::{Error, Position, Reader, examine, quarantine};
use soctop::query::SearchRequest;

use super::{Sample, add, found, login_store, open_store, options, position, records, redacted};
use crate::harness::{start, wait_for};

fn partition(dir: &Path) -> PathBuf {
    let mut entries = fs::read_dir(dir.join("partitions")).unwrap();
    entries.next().unwrap().unwrap().path()
}

#[test]
fn a_restart_continues_without_loss_or_duplicates() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    for round in 0..4 {
        let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
        let next = writer.payload().seq_next;
        assert_eq!((next, writer.recovered().fresh), (round * 10, round == 0));
        (next..next + 10).for_each(|seq| add(&mut writer, &Sample::new(&paths, seq, "x")));
        writer.commit(position(next + 10)).unwrap();
        // Never committed: to be read again.
        (next + 10..next + 15).for_each(|seq| add(&mut writer, &Sample::new(&paths, seq, "x")));
        assert_eq!(found(&reader, "x"), (0..next + 10).collect::<Vec<_>>());
    }
}

const CHILD: &str = "SOCTOP_TEST_STORE";

/// Not a test by itself: the child of the next one. Adds events for ever and says what it does.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let paths = Paths::new();
    let (mut writer, _) = open_store(Path::new(&dir), options()).unwrap();
    let mut next = writer.payload().seq_next;
    for round in 0_u64.. {
        for _ in 0..=round * 37 % 300 {
            add(&mut writer, &Sample::new(&paths, next, "written by a child").text("n", &next.to_string()));
            next += 1;
        }
        println!("\ncommitting {next}");
        writer.commit(position(next)).unwrap();
        println!("\ncommitted {next}");
    }
}

#[test]
fn after_a_kill_at_any_moment_the_index_is_exactly_what_was_committed() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..12 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["search::faults::child_that_writes_until_it_is_killed", "--exact", "--nocapture"]);
        let mut child = start(command.env(CHILD, dir.path()).stdout(Stdio::piped()).stderr(Stdio::null()));
        // Killed after a different line each time: while adding, while committing, in between.
        let mut acknowledged = 0;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map(Result::unwrap).filter(|line| line.starts_with("commit")).take(2 + round);
        for line in said {
            if let Some(count) = line.strip_prefix("committed ") {
                acknowledged = count.parse().unwrap();
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let (writer, reader) = open_store(dir.path(), options()).unwrap();
        let committed = writer.payload().seq_next;
        assert!(committed >= acknowledged, "acknowledged {acknowledged}, found {committed}");
        let request = SearchRequest { limit: usize::MAX, ascending: true, ..SearchRequest::default() };
        let mut numbers: Vec<u64> =
            reader.search(&request).unwrap().records.iter().map(|it| it.seq).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..committed).collect::<Vec<_>>(), "round {round}");
    }
}

#[test]
fn a_second_writer_is_told_who_has_the_directory_and_readers_are_welcome() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, _) = login_store(dir.path());
    let error = open_store(dir.path(), options()).err().unwrap();
    assert!(matches!(&error, Error::Locked { pid: Some(pid), .. } if *pid == std::process::id()));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())));
    assert!(error.hint().is_some());
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.counts().unwrap().events, 5);
    drop(writer);
    assert!(open_store(dir.path(), options()).is_ok());
}

/// What to do when the index cannot be read.
const DAMAGED_HINT: &str = "`soctop doctor` shows what is damaged, and `--quarantine` puts it aside; or name another \
                            `--data-dir` and read the logs again with `soctop ingest`";

#[test]
fn a_lost_index_is_never_taken_for_a_fresh_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    let meta = partition(dir.path()).join("meta.json");
    let text = fs::read(&meta).unwrap();
    fs::remove_file(&meta).unwrap();
    let lost = |result: Result<(), Error>| {
        let error = result.expect_err("the index is lost");
        assert!(matches!(&error, Error::Lost { missing, .. } if *missing == meta), "{error}");
        assert_eq!(error.hint().as_deref(), Some(DAMAGED_HINT));
    };
    lost(open_store(dir.path(), options()).map(drop));
    lost(Reader::open(dir.path()).map(drop));

    fs::write(&meta, text.get(..text.len() / 2).unwrap()).unwrap();
    assert!(matches!(open_store(dir.path(), options()).map(drop), Err(Error::Damaged { .. })));
    fs::write(&meta, "").unwrap();
    assert!(matches!(open_store(dir.path(), options()).map(drop), Err(Error::Damaged { .. })));

    fs::write(&meta, &text).unwrap();
    assert_eq!(Reader::open(dir.path()).unwrap().counts().unwrap().events, 5);

    fs::remove_dir_all(dir.path().join("partitions")).unwrap();
    assert!(matches!(open_store(dir.path(), options()).map(drop), Err(Error::Lost { .. })));
}

#[test]
fn a_lost_index_can_be_put_aside_and_reading_continues_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, _) = login_store(dir.path());
    let cursor = Cursor { generation: GenerationId(7), end: 500, lines: 5, ..Cursor::default() };
    writer.commit(Position { cursors: vec![cursor.clone()], ..position(5) }).unwrap();
    assert!(matches!(quarantine(dir.path(), options()), Err(Error::Locked { .. })));
    drop(writer);
    fs::remove_file(partition(dir.path()).join("meta.json")).unwrap();

    // A program that another test starts holds the lock for a moment, too: it has a copy of everything that is open.
    let aside = wait_for("the lock", || match quarantine(dir.path(), options()) {
        Err(Error::Locked { .. }) => None,
        other => Some(other.unwrap()),
    });
    assert!(aside.join("p00000001").exists());
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    assert_eq!((writer.payload().seq_next, &writer.payload().cursors), (5, &vec![cursor]));
    assert_eq!(reader.counts().unwrap().events, 0);
    add(&mut writer, &Sample::new(&paths, 5, "x"));
    writer.commit(position(6)).unwrap();
    assert_eq!(found(&reader, ""), [5]);
}

#[test]
fn a_flipped_bit_is_found_by_the_checksums() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    let damage = || {
        let examined = examine(dir.path(), true).unwrap().partitions.into_iter();
        examined.flat_map(|partition| partition.damage).collect::<Vec<_>>()
    };
    assert_eq!(damage(), Vec::<String>::new());
    let mut entries = fs::read_dir(partition(dir.path())).unwrap().map(|entry| entry.unwrap().path());
    let file = entries.find(|path| path.extension().is_some_and(|it| it == "term")).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[20] ^= 1;
    fs::write(&file, bytes).unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(matches!(damage().as_slice(), [only] if only.contains(&name)), "{:?}", damage());
}

#[test]
fn a_cut_list_of_files_is_mended_because_no_data_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    for content in ["", "[\"meta.js"] {
        fs::write(partition(dir.path()).join(".managed.json"), content).unwrap();
        let (_writer, reader) = open_store(dir.path(), options()).unwrap();
        assert_eq!(reader.counts().unwrap().events, 5);
    }
}

#[test]
fn a_first_start_that_was_cut_short_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("partitions/p00000001")).unwrap();
    fs::write(dir.path().join("partitions/p00000001/.managed.json"), "[]").unwrap();
    let (writer, _) = open_store(dir.path(), options()).unwrap();
    assert!(writer.recovered().fresh);
}

#[test]
fn a_lost_marker_is_written_again_from_the_index() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    fs::remove_file(dir.path().join("soctop-store.json")).unwrap();
    let (writer, reader) = open_store(dir.path(), options()).unwrap();
    assert_eq!((writer.payload().seq_next, reader.counts().unwrap().events), (5, 5));
    assert!(dir.path().join("soctop-store.json").exists());
}

#[test]
fn the_index_of_another_store_is_refused() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(login_store(ours.path()));
    drop(login_store(theirs.path()));
    fs::remove_dir_all(ours.path().join("partitions")).unwrap();
    fs::rename(theirs.path().join("partitions"), ours.path().join("partitions")).unwrap();
    let error = open_store(ours.path(), options()).map(drop).unwrap_err();
    assert!(error.to_string().contains("belongs to another store"), "{error}");
}

#[test]
fn another_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    let marker = dir.path().join("soctop-store.json");
    let text = fs::read_to_string(&marker).unwrap().replace("\"format\":4", "\"format\":99");
    fs::write(&marker, &text).unwrap();
    for error in [
        open_store(dir.path(), options()).map(drop).unwrap_err(),
        Reader::open(dir.path()).map(drop).err().unwrap(),
    ] {
        assert!(matches!(error, Error::Format { found: 99, expected: 4, .. }));
        assert!(error.hint().unwrap().contains("newer"));
    }
    assert_eq!(fs::read_to_string(&marker).unwrap(), text);
}

#[test]
fn only_the_owner_can_look_in_and_others_must_not_be_able_to_write() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    drop(login_store(&dir));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("partitions")), 0o700);
    assert_eq!(mode(&dir.join("lock")), 0o600);
    assert_eq!(mode(&dir.join("soctop-store.json")), 0o600);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let error = open_store(&dir, options()).map(drop).unwrap_err();
    assert_eq!(error.hint(), Some(format!("run `chmod 700 {}`", dir.display())));
}

#[test]
fn where_nothing_was_written_a_reader_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = Reader::open(&dir.path().join("nothing")).map(drop).err().unwrap();
    assert!(matches!(error, Error::NotAStore { .. }));
    assert!(error.hint().unwrap().contains("soctop ingest"));
}

#[test]
fn a_damaged_segment_is_an_error_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    drop(login_store(dir.path()));
    let files: Vec<PathBuf> = fs::read_dir(partition(dir.path()))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it != "json" && it != "lock"))
        .collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 16 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            fs::write(&file, bytes).unwrap();
            let Ok(reader) = Reader::open(dir.path()) else { continue };
            for query in ["", "failed", "user:alice", "user:*", "\"login failed\"", "status:>=300"] {
                let request = SearchRequest { query: query.into(), limit: 10, ..SearchRequest::default() };
                if let Err(error) = reader.search(&request) {
                    assert_eq!(error.hint().as_deref(), Some(DAMAGED_HINT), "{error}");
                }
            }
            drop(reader.trace("req-1"));
        }
        fs::write(&file, whole).unwrap();
    }
}

/// Events no honest program writes.
fn hostile_events(paths: &Paths) -> Vec<Event> {
    let long = "é".repeat(30_000);
    let mut values: Vec<(String, String)> = vec![
        (String::new(), String::new()),
        ("a.b.c".into(), long.clone()),
        (long.clone(), long.clone()),
        ("nul\0key\u{1}".into(), "nul\0value\u{1}\u{2}".into()),
        ("\u{1}kind".into(), "alert".into()),
        ("\u{2}message".into(), "\u{2}message".into()),
        ("line\nbreak".into(), "\u{1b}[31m\u{202e}\r\n\u{7f}".into()),
        ("\\.\"':{}[]()*?^~/".into(), "AND OR NOT".into()),
        ("message".into(), "x".repeat(60 * 1024)),
        ("correlation.id".into(), "i".repeat(60 * 1024)),
        ("@timestamp".into(), "not a time".into()),
        ("seq".into(), "18446744073709551616".into()),
        ("number".into(), "1e400".into()),
    ];
    values.extend((0..1_500).map(|n| (format!("key{n}"), format!("value{n}"))));
    let mut events = Vec::new();
    let kinds = [Kind::String, Kind::Number, Kind::True, Kind::Null, Kind::Object];
    for (round, kind) in (0..).zip(kinds) {
        let mut event = Event::default();
        event.reset(if round == 0 { &long } else { "{}" });
        event.meta.generation = GenerationId(1);
        event.meta.offset = round;
        event.meta.seq = round;
        event.meta.time = Some(Timestamp([i64::MIN, i64::MAX, 0, -1, 1][round as usize]));
        event.meta.ingested = Timestamp([i64::MAX, i64::MIN, 0, 1, -1][round as usize]);
        for (name, value) in &values {
            event.push_text(paths.intern(name), kind, value, Origin::Line);
        }
        let span = event.append_text("overflown");
        event.push_overflow("overflow\0name", kind, span, Origin::Line);
        event.push_text(canonical::MESSAGE, Kind::String, &"w ".repeat(40_000), Origin::Canonical);
        events.push(event);
    }
    events
}

#[test]
fn hostile_events_are_added_found_and_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, _) = open_store(dir.path(), options()).unwrap();
    let events = hostile_events(&paths);
    let source: std::sync::Arc<str> = "\u{1b}]0;evil\u{7}.log".into();
    for event in &events {
        writer.add_event(&redacted(event, &paths), &paths.read(), &source).unwrap();
    }
    writer.commit(position(events.len() as u64)).unwrap();
    drop(writer);
    let (_writer, reader) = open_store(dir.path(), options()).unwrap();
    for event in &events {
        let expect = Record::from_event(&redacted(event, &paths), &source, &paths.read());
        let found = records(&reader, &format!("event_id:{}", event.id()));
        assert!(found == [expect], "event {}", event.meta.seq);
    }
    assert_eq!(found(&reader, "key7:value7"), found(&reader, "key8:value8"));
    assert!(!found(&reader, "key7:value7").is_empty());
    assert!(!found(&reader, &format!("a.b.c:{}", "é".repeat(30_000))).is_empty());
    assert_eq!(reader.trace(&"i".repeat(60 * 1024)).unwrap().records.len(), 3);
    let beginning = reader.trace(&"i".repeat(50 * 1024)).unwrap();
    assert_eq!((beginning.records.len(), beginning.id.len()), (3, 60 * 1024), "it stands for the whole id");
    let other = format!("{}j", "i".repeat(50 * 1024));
    assert_eq!(reader.trace(&other).unwrap().records.len(), 0, "the whole id counts");
    let counts = reader.counts().unwrap();
    assert_eq!((counts.events, counts.alerts), (5, 0), "no event can pass for an alert");
}
