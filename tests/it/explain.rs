//! `soctop explain`: every field with the way it was found, and the same in NDJSON.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers too")]

use serde_json::Value;

use crate::harness::{TestEnv, append};

const LOGIN: &str = r#"{"timestamp":"2026-11-20T10:00:00Z","event":"login_failed","user":"alice","client_ip":"203.0.113.9","request_id":"req-7f3c2a90"}"#;
const SSHD: &str =
    "<38>Nov 20 10:00:01 web sshd[991]: Failed password for bob from 203.0.113.9 port 4022 ssh2";

/// What is said of each line of a file.
fn explained(env: &TestEnv, args: &[&str]) -> Vec<Value> {
    let args = [&["explain", "--format", "ndjson"], args].concat();
    env.stdout_of(&args, 0).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_is_explained_with_fields_ids_time_and_rules() {
    let env = TestEnv::new();
    let said = explained(&env, &[LOGIN]);
    let [login] = said.as_slice() else { panic!("one line, one object: {said:?}") };
    assert_eq!(login["line"], 1);
    assert_eq!((&login["format"], &login["outcome"]), (&"json".into(), &"parsed".into()));
    assert_eq!((&login["time"], &login["time_quality"]), (&"2026-11-20T10:00:00Z".into(), &"exact".into()));
    assert_eq!(login["fields"]["user.name"], serde_json::json!(["alice"]));
    assert_eq!(login["fields"]["user"], serde_json::json!(["alice"]));
    assert_eq!(login["found"]["user"], "as written");
    assert_eq!(login["found"]["source.ip"], "alias of client_ip");
    assert_eq!(login["correlation_ids"], serde_json::json!(["req-7f3c2a90"]));
    assert!(login["rules"].as_array().unwrap().contains(&"login_failed".into()), "{login}");
}

#[test]
fn a_file_is_explained_line_by_line_and_blank_lines_say_nothing() {
    let env = TestEnv::new();
    append(&env.log("auth.log"), &format!("{LOGIN}\n\n{SSHD}\nno format at all\n"));
    let said = explained(&env, &["logs/auth.log"]);
    let lines: Vec<_> = said.iter().map(|said| said["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 3, 4]);
    assert_eq!(said[1]["found"]["user.name"], "from the message");
    assert_eq!(said[2]["outcome"], "raw");
    let table = env.stdout_of(&["explain", "logs/auth.log"], 0);
    for words in ["line 3  syslog, parsed", "from the message", "alias of client_ip", "none found"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
}

#[test]
fn a_line_of_a_configured_source_is_read_as_that_source() {
    let env = TestEnv::new();
    let config = "[[source]]\npaths = [\"gate.log\"]\nfields = { who = \"user.name\" }\n";
    std::fs::write(env.path("own.toml"), config).unwrap();
    let line = r#"{"time":"2026-11-20T10:00:00Z","who":"carol"}"#;
    let gate = env.path("gate.log");
    let gate = gate.to_str().unwrap();
    let as_gate = explained(&env, &["--config", "own.toml", "--source", gate, line]);
    assert_eq!(as_gate[0]["fields"]["user.name"], serde_json::json!(["carol"]));
    let alone = explained(&env, &["--config", "own.toml", line]);
    assert_eq!(alone[0]["fields"]["user.name"], Value::Null);
}

#[test]
fn a_file_that_is_not_there_is_no_line() {
    let env = TestEnv::new();
    let output = env.run(&["explain", "line.log"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no file `line.log`"), "{output:?}");
    env.stdout_of(&["explain", r#"{"path":"/a.log"}"#], 0);
    env.stdout_of(&["explain", "login failed for alice: see /var/log/app.log"], 0);
}
