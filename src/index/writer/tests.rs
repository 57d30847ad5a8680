//! Failures that need a look inside; the rest is in `tests/it/search`.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::event::{Event, GenerationId, Kind, Origin, Paths, Redacted, canonical};
use crate::normalize::{Redaction, Redactor};
use crate::query::SearchRequest;

fn options() -> Options {
    Options { heap_bytes: 15 << 20, ..Options::default() }
}

fn event(seq: u64) -> Redacted {
    let mut event = Event::default();
    event.reset(&format!("line {seq}"));
    event.meta.generation = GenerationId(1);
    event.meta.offset = seq;
    event.meta.seq = seq;
    event.meta.time = Some(Timestamp::from_seconds(seq as i64));
    event.push_text(canonical::CORRELATION_ID, Kind::String, &format!("id-{}", seq % 3), Origin::Canonical);
    Redacted::by(&mut Redactor::new(&Paths::new(), Redaction::default()), event)
}

fn add(writer: &mut Writer, seq: u64) -> Result<(), Error> {
    let paths = Paths::new();
    writer.add_event(&event(seq), &paths.read(), "app.log")
}

fn commit(writer: &mut Writer, seq_next: u64) -> Result<Committed, Error> {
    writer.commit(Position { seq_next, ..Position::default() })
}

fn numbers(reader: &Reader) -> Vec<u64> {
    let request = SearchRequest { limit: 1_000_000, ascending: true, ..SearchRequest::default() };
    reader.search(&request).unwrap().records.iter().map(|record| record.seq).collect()
}

/// What a merge does that finishes after a failed commit: everything added so far is published,
/// under the payload of the commit before.
fn publish_under_old_payload(writer: &mut Writer) {
    let text = writer.payload.to_text().unwrap();
    let State::Working(ends) = &mut writer.state else { panic!("degraded") };
    ends.send(mem::take(&mut writer.batch), &writer.queue).unwrap();
    ends.archive.sync().unwrap();
    let mut prepared = ends.index.prepare_commit().unwrap();
    prepared.set_payload(&text);
    prepared.commit().unwrap();
}

#[test]
fn documents_published_under_an_old_payload_are_hidden_and_then_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    (0..20).for_each(|seq| add(&mut writer, seq).unwrap());
    commit(&mut writer, 20).unwrap();
    (20..30).for_each(|seq| add(&mut writer, seq).unwrap());
    publish_under_old_payload(&mut writer);
    drop(writer);

    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.counts().unwrap().events, 20);
    assert_eq!(numbers(&reader), (0..20).collect::<Vec<_>>());
    assert_eq!(reader.trace("id-0").unwrap().records.len(), 7);

    let mut writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.recovered(), &Recovered { fresh: false, trimmed: 10 });
    assert_eq!(writer.payload().seq_next, 20);
    (20..30).for_each(|seq| add(&mut writer, seq).unwrap());
    commit(&mut writer, 30).unwrap();
    assert_eq!(numbers(&writer.reader()), (0..30).collect::<Vec<_>>());
    drop(writer);
    assert_eq!(Writer::open(dir.path(), options()).unwrap().recovered().trimmed, 0);
}

/// A crash leaves behind what was on the way to its name; the next start removes it, and nothing else.
#[test]
fn what_a_crash_left_half_written_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    add(&mut writer, 0).unwrap();
    commit(&mut writer, 1).unwrap();
    let partition = writer.partition.path.clone();
    drop(writer);
    let left = [".tmpAb12Cd", "lines.blocks.new", "summary.json.new"].map(|name| partition.join(name));
    let left: Vec<PathBuf> = left.into_iter().chain([dir.path().join("position.json.new")]).collect();
    left.iter().for_each(|path| fs::write(path, "half").unwrap());
    let foreign = dir.path().join("notes.txt");
    fs::write(&foreign, "of somebody").unwrap();
    let writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(left.iter().filter(|path| path.exists()).count(), 0);
    assert!(foreign.exists());
    assert_eq!(numbers(&writer.reader()), [0]);
}

#[test]
fn a_failed_commit_is_repeated_with_what_was_held_and_each_document_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    add(&mut writer, 0).unwrap();
    commit(&mut writer, 1).unwrap();
    let partition = writer.partition.path.clone();
    let away = dir.path().join("away");

    (1..300).for_each(|seq| add(&mut writer, seq).unwrap());
    fs::rename(&partition, &away).unwrap();
    assert!(matches!(commit(&mut writer, 300), Err(Error::Write { .. })));
    assert!(writer.degraded().is_some());
    assert_eq!(writer.payload().seq_next, 1);
    // Reading goes on as long as there is room, searching too.
    (300..310).for_each(|seq| add(&mut writer, seq).unwrap());
    assert_eq!(numbers(&writer.reader()), [0]);
    assert!(commit(&mut writer, 310).is_err());

    fs::rename(&away, &partition).unwrap();
    let attempts = (0..100).find(|_| commit(&mut writer, 310).is_ok());
    assert!(attempts.is_some_and(|attempts| attempts > 0), "it backs off, then recovers");
    assert_eq!(writer.degraded(), None);
    assert_eq!(numbers(&writer.reader()), (0..310).collect::<Vec<_>>());
    drop(writer);
    assert_eq!(numbers(&Reader::open(dir.path()).unwrap()), (0..310).collect::<Vec<_>>());
}

#[test]
fn the_last_commit_does_not_wait_for_an_attempt_that_was_put_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let partition = writer.partition.path.clone();
    let away = dir.path().join("away");
    (0..10).for_each(|seq| add(&mut writer, seq).unwrap());
    fs::rename(&partition, &away).unwrap();
    assert!((0..5).all(|_| commit(&mut writer, 10).is_err()));
    fs::rename(&away, &partition).unwrap();
    assert!(commit(&mut writer, 10).is_err(), "the next attempt is put off");
    writer.wait_no_longer();
    commit(&mut writer, 10).unwrap();
    assert_eq!(numbers(&writer.reader()), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_commit_that_reported_an_error_but_became_durable_is_not_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    (0..10).for_each(|seq| add(&mut writer, seq).unwrap());
    // The commit succeeds on disk, then its directory cannot be synced: an error for the caller.
    let position = Position { seq_next: 10, ..Position::default() };
    let mut payload = writer.write_side_files(position).unwrap();
    let State::Working(ends) = &mut writer.state else { panic!("degraded") };
    ends.send(mem::take(&mut writer.batch), &writer.queue).unwrap();
    payload.archive = ends.archive.sync().unwrap();
    let mut prepared = ends.index.prepare_commit().unwrap();
    prepared.set_payload(&payload.to_text().unwrap());
    prepared.commit().unwrap();
    writer.held.attempted = writer.held.contents.len();
    assert!(matches!(writer.fail("sync failed"), Error::Write { .. }));

    (10..15).for_each(|seq| add(&mut writer, seq).unwrap());
    commit(&mut writer, 15).unwrap();
    assert_eq!(numbers(&writer.reader()), (0..15).collect::<Vec<_>>());
    assert_eq!(writer.payload().epoch, 2);
}

#[test]
fn more_than_can_be_held_asks_for_a_rewind() {
    let dir = tempfile::tempdir().unwrap();
    let small = Options { hold_bytes: 4_000, ..options() };
    let mut writer = Writer::open(dir.path(), small).unwrap();
    add(&mut writer, 0).unwrap();
    commit(&mut writer, 1).unwrap();
    (1..100).for_each(|seq| add(&mut writer, seq).unwrap());
    let partition = writer.partition.path.clone();
    let away = dir.path().join("away");
    fs::rename(&partition, &away).unwrap();
    assert!(matches!(commit(&mut writer, 100), Err(Error::Rewind { .. })));
    assert!(matches!(add(&mut writer, 100), Err(Error::Rewind { .. })));
    drop(writer);
    fs::rename(&away, &partition).unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.payload().seq_next, 1);
    (1..5).for_each(|seq| add(&mut writer, seq).unwrap());
    commit(&mut writer, 5).unwrap();
    assert_eq!(numbers(&writer.reader()), [0, 1, 2, 3, 4]);
}

#[test]
fn a_degraded_writer_takes_events_until_it_is_full_and_then_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), Options { hold_bytes: 4_000, ..options() }).unwrap();
    writer.fail("disk full");
    let taken = (0..1_000).take_while(|seq| add(&mut writer, *seq).is_ok()).count();
    assert!(taken > 2);
    let Err(Error::Full { held, reason }) = add(&mut writer, 1_000) else { panic!("not full") };
    assert_eq!((held, reason.as_str()), (taken, "disk full"));
    writer.recover().unwrap();
    assert_eq!(writer.degraded(), None);
    assert_eq!(numbers(&writer.reader()), [0; 0], "recovering commits nothing");
    commit(&mut writer, taken as u64).unwrap();
    assert_eq!(numbers(&writer.reader()).len(), taken);
}

#[test]
fn many_cursors_go_to_a_side_file_and_come_back() {
    use crate::event::Cursor;
    let dir = tempfile::tempdir().unwrap();
    let cursors: Vec<Cursor> = (0..2_000)
        .map(|n| Cursor {
            generation: GenerationId(n),
            path: format!("/var/log/{n}.log").into(),
            end: n,
            ..Cursor::default()
        })
        .collect();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let position = Position { cursors: cursors.clone(), ..Position::default() };
    writer.commit(position.clone()).unwrap();
    // None has changed since: the file of the first commit holds them all.
    writer.commit(position).unwrap();
    drop(writer);
    let side_files = || {
        let names =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("cursors-")).collect::<BTreeSet<_>>()
    };
    assert_eq!(side_files(), BTreeSet::from(["cursors-1.json".to_owned()]));
    let writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.payload().cursors, cursors);
    drop(writer);
    fs::write(dir.path().join("cursors-1.json"), "[]").unwrap();
    assert!(matches!(Writer::open(dir.path(), options()), Err(Error::Damaged { .. })));
}

#[test]
fn a_detection_snapshot_is_kept_until_the_next_and_refused_when_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.detection(), None);
    let first = Detection::written("r1".into(), 3, |packer| packer.write_all(b"state one")).unwrap();
    let position = Position { detection: Some(first.clone()), seq_next: 3, ..Position::default() };
    writer.commit(position).unwrap();
    commit(&mut writer, 4).unwrap();
    drop(writer);
    let writer = Writer::open(dir.path(), options()).unwrap();
    let stored = writer.detection();
    assert_eq!(stored, Some(first));
    assert_eq!(stored.unwrap().snapshot().unwrap(), b"state one");
    fs::write(dir.path().join("detection-1.bin"), "state two").unwrap();
    assert_eq!(writer.detection(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Commit,
    Crash,
    Close,
    /// A merge publishes under the old payload, then the process dies.
    PublishAndCrash,
    /// The directory goes away for one commit.
    FailCommit,
    /// The partition is ended; with `true` it is sealed to the end.
    Seal(bool),
    /// The process dies when the partition was ended and the next not begun, or half.
    EndAndCrash(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u8..40).prop_map(Step::Add),
        3 => Just(Step::Commit),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
        1 => Just(Step::PublishAndCrash),
        1 => Just(Step::FailCommit),
        2 => any::<bool>().prop_map(Step::Seal),
        1 => any::<bool>().prop_map(Step::EndAndCrash),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_index_holds_what_lies_before_the_committed_position(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path(), options()).unwrap();
        let (mut committed, mut next) = (0, 0);
        for step in steps {
            match step {
                Step::Add(count) => {
                    (next..next + u64::from(count)).for_each(|seq| add(&mut writer, seq).unwrap());
                    next += u64::from(count);
                }
                Step::Commit => {
                    commit(&mut writer, next).unwrap();
                    committed = next;
                }
                Step::FailCommit => {
                    let partition = writer.partition.path.clone();
                    fs::rename(&partition, dir.path().join("away")).unwrap();
                    let failed = commit(&mut writer, next).is_err();
                    fs::rename(dir.path().join("away"), &partition).unwrap();
                    prop_assert!(failed);
                    commit(&mut writer, next).unwrap();
                    committed = next;
                }
                Step::Seal(to_the_end) => {
                    commit(&mut writer, next).unwrap();
                    committed = next;
                    let sealing = writer.seal().unwrap();
                    if to_the_end {
                        sealing.finish().unwrap();
                    }
                }
                Step::EndAndCrash(half) => {
                    commit(&mut writer, next).unwrap();
                    committed = next;
                    end_and_crash(writer, half);
                    writer = Writer::open(dir.path(), options()).unwrap();
                }
                Step::Crash | Step::Close | Step::PublishAndCrash => {
                    match step {
                        Step::Close => writer.close().unwrap(),
                        Step::Crash => drop(writer),
                        _ => {
                            publish_under_old_payload(&mut writer);
                            drop(writer);
                        }
                    }
                    writer = Writer::open(dir.path(), options()).unwrap();
                    next = writer.payload().seq_next;
                }
            }
            prop_assert_eq!(writer.payload().seq_next, committed);
            prop_assert_eq!(numbers(&writer.reader()), (0..committed).collect::<Vec<_>>());
            let fresh = Reader::open(dir.path()).unwrap();
            prop_assert_eq!(fresh.counts().unwrap().events, committed);
            let mut replayed = Vec::new();
            let from = committed / 2;
            let visit = |record: crate::event::Record| { replayed.push(record.seq); Ok(()) };
            fresh.replay(from, 7, visit).unwrap();
            prop_assert_eq!(replayed, (from..committed).collect::<Vec<_>>());
            let traced = fresh.trace("id-1").unwrap().records.len() as u64;
            prop_assert_eq!(traced, (0..committed).filter(|seq| seq % 3 == 1).count() as u64);
        }
        for sealing in writer.unfinished().unwrap() {
            sealing.finish().unwrap();
        }
        prop_assert_eq!(numbers(&writer.reader()), (0..committed).collect::<Vec<_>>());
    }
}

/// Outlets the partition and dies before the next one is there; `half`: its folder is, without a commit.
fn end_and_crash(mut writer: Writer, half: bool) {
    let State::Working(ends) = &mut writer.state else { panic!("degraded") };
    writer.payload.epoch += 1;
    writer.payload.sealed = true;
    commit_payload(&mut ends.index, &writer.payload).unwrap();
    if half {
        let next = writer.partition.path.with_file_name(partition::next_name(Some(&writer.partition.path)));
        fs::create_dir(&next).unwrap();
        fs::write(next.join("lines.blocks"), "").unwrap();
    }
}

/// Nothing is left of the segments of which one was made, whoever still looks at them.
#[test]
fn sealing_leaves_the_files_of_one_segment() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    for seq in 0..5 {
        add(&mut writer, seq).unwrap();
        commit(&mut writer, seq + 1).unwrap();
    }
    let reader = writer.reader();
    assert_eq!(reader.counts().unwrap().events, 5);
    let partition = writer.partition.path.clone();
    let dictionaries = || {
        let files = fs::read_dir(&partition).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|it| it == "term")).count()
    };
    assert!(dictionaries() > 1);
    writer.seal().unwrap().finish().unwrap();
    assert_eq!(dictionaries(), 1);
    assert_eq!(reader.counts().unwrap().events, 5);
}

/// A store with `partitions` sealed ones of ten events each, an id of its own in each, and one that is written.
fn with_partitions(path: &Path, partitions: u64) -> Writer {
    let mut writer = Writer::open(path, options()).unwrap();
    for partition in 0..=partitions {
        (partition * 10..partition * 10 + 10).for_each(|seq| add(&mut writer, seq).unwrap());
        let read_to = Some(Timestamp::from_seconds(partition as i64 * 100 + 99));
        let position = Position { seq_next: partition * 10 + 10, read_to, ..Position::default() };
        writer.commit(position).unwrap();
        if partition < partitions {
            writer.seal().unwrap().finish().unwrap();
        }
    }
    writer
}

#[test]
fn questions_go_to_the_partitions_that_may_answer() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_partitions(dir.path(), 4));
    let reader = Reader::open(dir.path()).unwrap();
    // A partition that cannot be opened is not missed by who has no business there.
    fs::write(dir.path().join("partitions/p00000002/meta.json"), "").unwrap();
    let some = SearchRequest {
        since: Some(Timestamp::from_seconds(25)),
        until: Some(Timestamp::from_seconds(45)),
        limit: 100,
        ascending: true,
        ..SearchRequest::default()
    };
    let found: Vec<u64> = reader.search(&some).unwrap().records.iter().map(|it| it.seq).collect();
    assert_eq!(found, (25..45).collect::<Vec<_>>());
    assert_eq!(reader.trace("no").unwrap().records, []);
    assert!(reader.trace("id-1").is_err(), "this one is in all of them");
    assert_eq!(reader.counts().unwrap().events, 50);
}

#[test]
fn retention_removes_whole_partitions_by_age_and_by_size_and_the_next_commit_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = with_partitions(dir.path(), 4);
    let reader = writer.reader();
    let now = Timestamp::from_seconds(500);
    assert_eq!(writer.retire(Retention::default(), now).unwrap(), Retired::default());
    let age = Some(310 * 1_000_000_000);
    let retired = writer.retire(Retention { age, bytes: None }, now).unwrap();
    assert_eq!((retired.partitions, retired.events), (1, 10));
    assert_eq!(numbers(&reader), (10..50).collect::<Vec<_>>());
    assert_eq!(numbers(&Reader::open(dir.path()).unwrap()), (10..50).collect::<Vec<_>>());
    // Nothing fits: all goes but what is being written.
    let retired = writer.retire(Retention { age: None, bytes: Some(1) }, now).unwrap();
    assert_eq!(retired.partitions, 3);
    assert_eq!(numbers(&reader), (40..50).collect::<Vec<_>>());
    commit(&mut writer, 50).unwrap();
    drop(writer);
    let writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!((writer.payload().retired.partitions, writer.payload().retired.events), (4, 40));
}

#[test]
fn a_newest_partition_that_disappeared_is_a_loss_and_no_start_from_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_partitions(dir.path(), 2));
    fs::remove_dir_all(dir.path().join("partitions/p00000003")).unwrap();
    assert!(matches!(Writer::open(dir.path(), options()), Err(Error::Lost { .. })));
}

#[test]
fn an_answer_is_as_complete_as_it_says_while_others_write() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let (reader, over) = (writer.reader(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) || asked == 0 {
                let answer = reader.search(&SearchRequest::default()).unwrap();
                // Event n arrived in second n.
                let arrived = answer.complete_to.map_or(0, Timestamp::seconds);
                assert!(answer.total as i64 >= arrived, "{} of {arrived}", answer.total);
                asked += 1;
            }
        });
        for seq in 0..150 {
            add(&mut writer, seq).unwrap();
            let read_to = Some(Timestamp::from_seconds(seq as i64 + 1));
            writer.commit(Position { seq_next: seq + 1, read_to, ..Position::default() }).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        asking.join().unwrap();
    });
}
