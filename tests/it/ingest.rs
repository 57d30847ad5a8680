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
