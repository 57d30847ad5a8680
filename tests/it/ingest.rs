//! Files into the index, once: what is said when there is nothing to read.

use crate::harness::TestEnv;

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let env = TestEnv::new();
    let output = env.run(&["ingest", "logs/missing.log"]);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{talk}");
    assert!(talk.contains("cannot read `logs/missing.log`"), "{talk}");
}

#[test]
fn a_pattern_that_finds_nothing_is_said() {
    let env = TestEnv::new();
    let output = env.run(&["ingest", "logs/*.nothing"]);
    let talk = String::from_utf8_lossy(&output.stderr);
    // Whoever typed it meant something: an empty index with status 0 would hide the mistake.
    assert_eq!(output.status.code(), Some(2), "{talk}");
    assert!(talk.contains("matches the pattern"), "{talk}");
}

/// A store of some lines; the folder of its newest partition.
fn ingested(env: &TestEnv) -> std::path::PathBuf {
    let line =
        |n: u32| format!("{{\"timestamp\":\"2026-03-01T09:00:{:02}Z\",\"msg\":\"hello {n}\"}}\n", n % 60);
    std::fs::write(env.log("app.log"), (0..200).map(line).collect::<String>()).expect("a log");
    env.stdout_of(&["ingest", "logs/app.log", "--data-dir", "data"], 0);
    env.path("data/partitions/p00000001")
}

fn changed(file: &std::path::Path) {
    let mut bytes = std::fs::read(file).expect("a file of the index");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("the file is damaged");
}

#[test]
fn doctor_shows_parts_sources_and_that_all_is_whole() {
    let env = TestEnv::new();
    ingested(&env);
    let said = env.stdout_of(&["doctor", "--data-dir", "data"], 0);
    assert!(said.contains("p00000001"), "{said}");
    assert!(said.contains("app.log: read to byte"), "{said}");
    assert!(said.contains("200 lines; read to its end"), "{said}");
    assert!(said.contains("no damage found (every byte was compared)"), "{said}");
}

#[test]
fn doctor_names_what_is_damaged_and_puts_it_aside() {
    let env = TestEnv::new();
    let partition = ingested(&env);
    changed(&partition.join("lines.blocks"));
    let said = env.stdout_of(&["doctor", "--data-dir", "data"], 1);
    assert!(
        said.contains("DAMAGED p00000001: `lines.blocks`: 200 events are not what was written"),
        "{said}"
    );
    let output = env.run(&["doctor", "--quarantine", "--data-dir", "data"]);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    assert!(talk.contains("p00000001 is now in"), "{talk}");
    assert!(talk.contains("can be read again"), "{talk}");
    assert!(!partition.exists());
    let said = env.stdout_of(&["doctor", "--data-dir", "data"], 0);
    assert!(said.contains("no damage found"), "{said}");
    // Nothing is read twice: the position was kept.
    env.stdout_of(&["ingest", "logs/app.log", "--data-dir", "data"], 0);
    assert_eq!(env.stdout_of(&["search", "--count", "--data-dir", "data"], 1).trim(), "0");
}

#[test]
fn doctor_finds_a_changed_bit_in_every_part_of_the_index() {
    let env = TestEnv::new();
    let partition = ingested(&env);
    for entry in std::fs::read_dir(partition).expect("the partition").flatten() {
        let path = entry.path();
        let is_part = ["term", "idx", "pos", "fast", "blocks"]
            .iter()
            .any(|part| path.extension().is_some_and(|it| it == *part));
        if is_part {
            let whole = std::fs::read(&path).expect("a file of the index");
            changed(&path);
            let said = env.stdout_of(&["doctor", "--data-dir", "data"], 1);
            assert!(said.contains("DAMAGED p00000001"), "{}: {said}", path.display());
            std::fs::write(&path, whole).expect("the file is whole again");
        }
    }
    env.stdout_of(&["doctor", "--data-dir", "data"], 0);
}

#[test]
fn status_says_who_reads_and_what_is_not_read() {
    let env = TestEnv::new();
    ingested(&env);
    let said = env.stdout_of(&["status", "--data-dir", "data"], 1);
    assert!(said.contains("not running"), "{said}");
    assert!(said.contains("200 events"), "{said}");
    assert!(!said.contains("not read yet"), "{said}");
    let mut lines = std::fs::read(env.log("app.log")).expect("the log");
    lines.extend_from_slice(b"one more\n");
    std::fs::write(env.log("app.log"), lines).expect("the log grows");
    let said = env.stdout_of(&["status", "--data-dir", "data"], 1);
    assert!(said.contains("app.log: 9 bytes are not read yet"), "{said}");
    let output = env.run(&["status", "--data-dir", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
}
