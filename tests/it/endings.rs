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
            "10:05:00 close high nora is locked, says the service (now unlocked)"
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
            "10:01:00 close high paul is locked, says the service (now unlocked)"
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
        ["10:00:00 open medium 203.0.113.9 blocked", "10:05:00 close medium 203.0.113.9 blocked (now free)"]
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
            "10:00:45 update high breaker geo opened, now half open (inferred)",
        ]
    );
}

#[test]
fn a_breaker_that_was_said_to_close_is_not_inferred_to_be_closed() {
    let lines = [
        (0, r#""message":"circuit breaker opened","cb":"geo""#),
        (50, r#""message":"circuit breaker closed","cb":"geo""#),
    ];
    assert_eq!(
        told(&lines)[1..],
        [
            "10:00:45 update high breaker geo opened, now half open (inferred)",
            "10:00:50 close high breaker geo opened, now closed",
        ]
    );
}

#[test]
fn a_lock_lasts_as_long_as_its_service_says() {
    let lines = [
        (0, r#""event":"account_locked","user":"nora","locked_until":"2026-11-20T11:30:00Z""#),
        (60, r#""message":"Account paul locked for 2 minutes""#),
        LATER,
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high nora is locked, says the service, until 11:30:00 UTC",
            "10:01:00 open high paul is locked, says the service, until 10:03:00 UTC",
            "10:03:00 close high paul is locked, says the service (now unlocked)",
            "11:30:00 close high nora is locked, says the service (now unlocked)",
        ]
    );
}

#[test]
fn a_breaker_probes_when_it_said_it_would() {
    let lines = [
        (0, r#""event":"circuit_breaker_opened","breaker":"geo","service":"shop","open_seconds":90"#),
        (100, r#""event":"circuit_breaker_closed","breaker":"geo","service":"shop""#),
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high breaker geo opened, now open until 10:01:30 UTC, in shop",
            "10:01:30 update high breaker geo opened, now half open, in shop",
            "10:01:40 close high breaker geo opened, now closed, in shop",
        ]
    );
}

#[test]
fn two_services_with_a_breaker_of_one_name_have_two() {
    let lines = [
        (0, r#""event":"circuit_breaker_opened","breaker":"geo","service":"shop""#),
        (5, r#""event":"circuit_breaker_opened","breaker":"geo","service":"mail""#),
        (10, r#""event":"circuit_breaker_closed","breaker":"geo","service":"shop""#),
    ];
    assert_eq!(
        told(&lines),
        [
            "10:00:00 open high breaker geo opened, now open, in shop",
            "10:00:05 open high breaker geo opened, now open, in mail",
            "10:00:10 close high breaker geo opened, now closed, in shop",
        ]
    );
}

#[test]
fn what_a_breaker_guards_is_told_by_the_words_of_its_name() {
    let rule = |name: &str| {
        let env = TestEnv::new();
        let log = env.log("app.log");
        append(
            &log,
            &format!(
                "{{\"timestamp\":\"2026-11-20T10:00:00Z\",\"event\":\"circuit_breaker_opened\",\"breaker\":\"{name}\"}}\n"
            ),
        );
        let said = env.stdout_of(&["replay", "--format", "ndjson", &log.to_string_lossy()], 0);
        let mut records = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        let alert = records.find(|record| record["kind"] == "alert").expect("an alert");
        alert["rule"]["name"].as_str().unwrap_or_default().to_owned()
    };
    for (name, expect) in [
        ("fulfillment", "breaker_external"),
        ("mailgun", "breaker_external"),
        ("airline-api", "breaker_external"),
        ("llm-gateway", "breaker_ai_provider"),
        ("OpenAIChat", "breaker_ai_provider"),
        ("gpt4", "breaker_ai_provider"),
        ("orders_db", "breaker_database"),
        ("postgresPrimary", "breaker_database"),
        ("feedbacks", "breaker_external"),
        ("redis-llm-cache", "breaker_database"),
    ] {
        assert_eq!(rule(name), expect, "{name}");
    }
}

#[test]
fn a_breaker_that_flaps_is_told_in_words_and_its_probes_count_for_nothing() {
    let opened = r#""event":"circuit_breaker_opened","breaker":"geo","open_seconds":20"#;
    let lines: Vec<(i64, &str)> = (0..5).map(|round| (round * 30, opened)).collect();
    let told = told(&lines);
    let (last, before) = told.split_last().expect("alerts");
    assert!(before.iter().all(|line| !line.contains("critical")), "{told:?}");
    assert_eq!(
        last,
        "10:02:00 update critical breaker geo opened 5 times, now open until 10:02:20 UTC (flapping: 5 times open within \
         10m) (now critical)"
    );
}
