//! What has begun ends when its service says, and is told of whom it was done to: locks, blocks, breakers.

use serde_json::Value;

use crate::harness::{TestEnv, append};

/// What a replay tells above informational of lines of JSON: seconds after ten o'clock, what became of the incident, its level and
/// summary.
fn told(lines: &[(i64, &str)]) -> Vec<String> {
    let env = TestEnv::new();
    let log = env.log("app.log");
    for (second, rest) in lines {
        let time =
            format!("2026-11-20T{:02}:{:02}:{:02}Z", 10 + second / 3600, second / 60 % 60, second % 60);
        append(&log, &format!("{{\"timestamp\":\"{time}\",{rest}}}\n"));
    }
    let said = env.stdout_of(&["replay", "--format", "ndjson", &log.to_string_lossy()], 0);
    let records = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let alerts =
        records.filter(|record| record["kind"] == "alert" && record["rule"]["level"] != "informational");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    alerts
        .map(|record| {
            let (time, status) = (text(&record["time"]), text(&record["status"]));
            let clock = time.get(11..19).unwrap_or_default();
            format!("{clock} {status} {} {}", text(&record["rule"]["level"]), text(&record["summary"]))
        })
        .collect()
}

const LATER: (i64, &str) = (3 * 3600, r#""message":"cache warmed""#);

#[test]
fn a_lock_ends_when_the_service_unlocks() {
    let lines = [
        (0, r#""event":"account_locked","user":"nora""#),
        (300, r#""message":"Account unlocked for user nora""#),
        LATER,
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high nora is locked, says the service",
            "10:05:00 close high nora is locked, says the service"
        ]
    );
}

#[test]
fn what_was_inferred_and_is_then_said_is_told_as_what_it_has_become() {
    let failure = r#""event":"login_failed","user":"nora""#;
    let mut lines: Vec<(i64, &str)> = (0..5).map(|second| (second, failure)).collect();
    lines.push((60, r#""event":"account_locked","user":"nora""#));
    assert_eq!(
        told(&lines)[1],
        "10:01:00 update high nora is locked, says the service (now high)",
        "{:?}",
        told(&lines)
    );
}

#[test]
fn who_locks_an_account_is_not_locked() {
    let lines = [
        (0, r#""event":"account_locked","admin":"helen","target_user":"paul""#),
        (60, r#""event":"account_unlocked","admin":"helen","target_user":"paul""#),
        LATER,
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high paul is locked, says the service",
            "10:01:00 close high paul is locked, says the service"
        ]
    );
}

#[test]
fn a_block_ends_when_the_service_lifts_it() {
    let lines = [
        (0, r#""event":"ip_blocked","ip":"203.0.113.9""#),
        (300, r#""event":"ip_unblocked","ip":"203.0.113.9""#),
        LATER,
    ];
    assert_eq!(
        told(&lines),
        ["10:00:00 open medium 203.0.113.9 blocked", "10:05:00 close medium 203.0.113.9 blocked"]
    );
}

#[test]
fn a_probe_that_nobody_spoke_of_is_inferred() {
    let lines = [
        (0, r#""message":"circuit breaker opened","cb":"geo""#),
        (50, r#""message":"circuit breaker half-open","cb":"geo""#),
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high breaker geo opened, now open",
            "10:00:45 update high breaker geo opened, now half_open (inferred)",
        ]
    );
}
