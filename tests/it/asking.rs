//! `soctop search` and `soctop trace` from the command line: what is printed, what is said, how they end.

use super::harness::{TestEnv, append};

/// Four events of two requests.
fn indexed() -> TestEnv {
    let env = TestEnv::new();
    let lines = [
        r#"{"timestamp":"2026-03-01T09:00:01Z","level":"ERROR","message":"payment failed","user":"Alice","client_ip":"203.0.113.9","status":503,"request_id":"req-aaaa-0001","service":"pay"}"#,
        r#"{"timestamp":"2026-03-01T09:00:02Z","level":"info","message":"healthz ok","status":200,"request_id":"req-aaab-0002","service":"pay"}"#,
        r#"{"timestamp":"2026-03-01T09:00:03Z","level":"warn","message":"login failed","user":"bob","client_ip":"203.0.113.9","status":401,"request_id":"req-bbbb-0003","service":"auth"}"#,
        r#"{"timestamp":"2026-03-01T09:00:04Z","level":"info","message":"login","user":"alice","status":200,"request_id":"req-bbbb-0003","service":"auth"}"#,
    ];
    append(&env.log("app.log"), &format!("{}\n", lines.join("\n")));
    env.stdout_of(&["ingest", "logs/app.log"], 0);
    env
}

#[test]
fn short_names_levels_and_unwanted_words_find_what_the_filter_finds() {
    let env = indexed();
    let count = |query: &[&str], expect: &str, status: i32| {
        let words: Vec<&str> = ["search", "--count"].iter().chain(query).copied().collect();
        assert_eq!(env.stdout_of(&words, status).trim(), expect, "{query:?}");
    };
    count(&["user:alice"], "2", 0);
    count(&["user.name:ALICE"], "2", 0);
    // The last one by the address of its request.
    count(&["ip:203.0.113.9"], "3", 0);
    count(&["status:>=500"], "1", 0);
    count(&["level:>=warn"], "2", 0);
    count(&["level:error"], "1", 0);
    count(&["-healthz", "status:200"], "1", 0);
    count(&["failed", "-user:alice"], "1", 0);
    count(&["nowhere"], "0", 1);
}

#[test]
fn values_in_json_keep_the_kind_that_the_log_gave_them() {
    let env = indexed();
    let shown = env.stdout_of(&["search", "status:503", "--format", "ndjson"], 0);
    let event: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(event["values"]["status"], serde_json::json!([503]));
    assert_eq!(event["values"]["user"], serde_json::json!(["Alice"]));
}

#[test]
fn nothing_found_is_said_with_what_was_looked_at_and_ends_with_1() {
    let env = indexed();
    let output = env.run(&["search", "user:carol"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("none of 4 indexed events matches; looked at user = user.name; complete to"),
        "{said}"
    );
    let output = env.run(&["search", "user.nmae:alice"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no field user.nmae; did you mean user.name?"), "{said}");
    assert_eq!(env.run(&["ingest", "logs/*.nothing"]).status.code(), Some(2));
}

#[test]
fn the_beginning_of_an_id_is_enough_where_only_one_begins_so() {
    let env = indexed();
    assert!(env.stdout_of(&["trace", "req-bb"], 0).contains("login failed"));
    let output = env.run(&["trace", "req-aa"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("req-aaaa-0001") && said.contains("req-aaab-0002"), "{said}");
    assert_eq!(env.run(&["trace", "req"]).status.code(), Some(1), "too short a beginning");
    assert_eq!(env.run(&["trace", "unheard-of"]).status.code(), Some(1));
}

#[test]
fn tables_say_who_and_from_where_and_what_was_asked_for() {
    let env = indexed();
    let table = env.stdout_of(&["search", "failed", "--sort", "oldest"], 0);
    let first = table.lines().next().unwrap();
    assert!(
        first.contains("Alice") && first.contains("203.0.113.9") && first.ends_with("payment failed"),
        "{table}"
    );
    let columns = env.stdout_of(&["search", "login", "--columns", "user,status", "--sort", "oldest"], 0);
    assert_eq!(columns, "bob    401\nalice  200\n");
    assert_eq!(env.run(&["search", "login", "--columns", "usr.nam"]).status.code(), Some(2));
    let top = env.stdout_of(&["search", "", "--top", "user"], 0);
    let values: Vec<Vec<&str>> = top.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((values.len(), values[0][0], values[0][1].to_lowercase()), (2, "2", "alice".to_owned()));
    let histogram = env.stdout_of(&["search", "", "--histogram"], 0);
    assert_eq!(histogram.lines().count(), 4, "{histogram}");
    let json = env.stdout_of(&["search", "user:bob", "--format", "ndjson"], 0);
    let event: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(event["values"]["user.name"], serde_json::json!(["bob"]));
    assert!(event["fields"].is_array());
}

/// What soctop says of an event is found however wide the line is, and the event says what is not.
#[test]
fn of_a_line_with_very_many_fields_what_counts_is_found() {
    let env = TestEnv::new();
    let many: String = (0..1_500).map(|n| format!("\"k{n}\":\"v{n}\",")).collect();
    append(&env.log("wide.log"), &format!("{{{many}\"user\":\"alice\",\"client_ip\":\"203.0.113.9\"}}\n"));
    env.stdout_of(&["ingest", "logs/wide.log"], 0);
    for query in ["k7:v7", "user.name:alice", "source.ip:203.0.113.9", "soctop.flags:unsearched_fields"] {
        assert_eq!(env.stdout_of(&["search", query, "--count"], 0).trim(), "1", "{query}");
    }
    let shown = env.stdout_of(&["search", "user.name:alice", "--format", "ndjson"], 0);
    assert!(shown.contains("v1400"), "all of it is stored");
}
