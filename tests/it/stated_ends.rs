//! When a lock, block, limit or open breaker is over, by what its line says: fields and sentences of many forms, and what only
//! looks like one.

use crate::harness::{TestEnv, append};
use crate::other_products::{explained, objects, texts};

/// One object a line: `kind`, `line`, and `until`: a time, `never` or `none`. All happen at half past ten.
const LINES: &str = include_str!("stated_ends.ndjson");

#[test]
fn ends_are_read_in_all_their_forms() {
    let cases = objects(LINES);
    let lines: Vec<&str> = cases.iter().map(|case| case["line"].as_str().expect("a line")).collect();
    let read = explained(&lines);
    assert_eq!(read.len(), cases.len());
    for (case, read) in cases.iter().zip(&read) {
        let ends = texts(&read["fields"]["soctop.fact.until"], "");
        match case["until"].as_str() {
            Some("none") => assert!(ends.is_empty(), "{ends:?} of {case}"),
            Some(end) => assert_eq!(ends, [end], "{case}"),
            None => panic!("no end in {case}"),
        }
    }
}

#[test]
fn a_lock_that_is_watched_ends_when_its_service_has_said() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, "{\"message\":\"started\"}\n");
    let mut terminal = env.terminal(120, 36, &["watch", "logs/app.log"]);
    terminal.wait_until(|screen| screen.contains("THREAT")).expect("the overview is drawn");
    let now = chrono::Utc::now();
    let time = |seconds: i64| (now + chrono::Duration::seconds(seconds)).to_rfc3339();
    append(
        &log,
        &format!(
            "{{\"timestamp\":\"{}\",\"event\":\"account_locked\",\"user\":\"dora\",\"locked_until\":\"{}\"}}\n",
            time(0),
            time(4 * 3600)
        ),
    );
    append(
        &log,
        &format!(
            "{{\"timestamp\":\"{}\",\"event\":\"account_locked\",\"user\":\"emil\",\"lockout_duration_seconds\":3}}\n",
            time(0)
        ),
    );
    terminal
        .wait_until(|screen| screen.contains("dora") && screen.contains("3h59m"))
        .expect("the end that was said, which no rule knows");
    terminal.wait_until(|screen| screen.contains("1 locked")).expect("the short one is over");
}
