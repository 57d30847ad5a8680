//! How products say what happened: every bundled line is read right, and a user's file comes first.

use crate::harness::TestEnv;

#[test]
fn the_bundled_vocabulary_has_no_mistake_and_tests_for_all_it_says() {
    let env = TestEnv::new();
    env.stdout_of(&["vocabulary", "check"], 0);
}

#[test]
fn every_line_under_tests_is_read_as_it_says() {
    let env = TestEnv::new();
    assert_eq!(env.stdout_of(&["vocabulary", "test"], 0), "");
}

const MINE: &str = "
product: mine
when: {program: [gate]}
facts:
  - fact: login_failed
    say: '{user.name} was not let in from {source.ip}'
tests:
  - {message: 'bob was not let in from 203.0.113.9', fact: login_failed, user.name: bob, source.ip: 203.0.113.9}
  - {message: 'bob was let in', fact: none}
  - {message: 'bob was not let in from 198.51.100.77 was not let in from 203.0.113.9', never: {source.ip: [198.51.100.77]}}
";

#[test]
fn a_file_of_ones_own_is_tested_and_in_force() {
    let env = TestEnv::new();
    std::fs::create_dir(env.path("words")).expect("a folder");
    std::fs::write(env.path("words/mine.yml"), MINE).expect("a file");
    env.stdout_of(&["vocabulary", "check", "words"], 0);
    env.stdout_of(&["vocabulary", "test", "words"], 0);
    let line = "Nov 28 09:00:01 web1 gate[1]: bob was not let in from 203.0.113.9";
    let explain = |more: &[&str]| {
        let arguments = [&["explain", "--format", "ndjson"], more, &[line]].concat();
        env.stdout_of(&arguments, 0)
    };
    assert!(
        explain(&["--vocabulary", "words"])
            .contains(r#""fact":"login_failed","confidence":"phrase","entry":"mine.yml:5""#)
    );
    assert!(!explain(&[]).contains("login_failed"));
}

#[test]
fn a_wrong_line_is_told_with_its_place() {
    let env = TestEnv::new();
    std::fs::write(env.path("mine.yml"), MINE.replace("user.name: bob", "user.name: eve")).expect("a file");
    let said = env.stdout_of(&["vocabulary", "test", "mine.yml"], 2);
    assert!(said.contains("`user.name` is bob and not eve"), "{said}");
    assert!(said.contains("mine.yml:8:5"), "{said}");
}

#[test]
fn a_new_file_passes_its_own_test() {
    let env = TestEnv::new();
    let file = env.stdout_of(
        &["vocabulary", "new", "--fact", "login_failed", "user bob could not get in (203.0.113.9)"],
        0,
    );
    std::fs::write(env.path("new.yml"), file).expect("a file");
    env.stdout_of(&["vocabulary", "test", "new.yml"], 0);
}

#[test]
fn what_nobody_understands_is_counted_by_its_shape() {
    let env = TestEnv::new();
    let mut log = String::new();
    for n in 1..4 {
        log += &format!(
            "2026-11-28T09:30:0{n}Z WARN gate: badge {n}77 of 'user{n}' opened nothing at 203.0.113.{n}\n"
        );
    }
    log += "2026-11-28T09:30:05Z INFO gate: 12 badges are in use\n";
    log += "Nov 28 09:30:06 web1 sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2\n";
    log += "2026-11-28T09:30:07Z INFO gate: login by badge is on\n";
    std::fs::write(env.log("gate.log"), log).expect("a log");
    let said = env.stdout_of(&["vocabulary", "unknown", "logs/gate.log"], 0);
    let counted: Vec<&str> =
        said.lines().filter(|line| !line.starts_with("          ")).map(str::trim).collect();
    assert_eq!(counted, ["3  badge 0 of '_' opened nothing at 0", "1  login by badge is on"], "{said}");
}
