//! The whole way, with the real binary in a pseudo-terminal: from a line appended to a file to the
//! lockout on the screen, and through a crash.

use std::process::Stdio;

use termlens::{Key, Signal};

use crate::harness::{TestEnv, append, wait_for};

/// Failed logins of one account, as the commerce platform writes them, with current times.
fn brute_force(user: &str, address: &str, attempts: u32) -> String {
    let now = chrono::Utc::now();
    (0..attempts)
        .map(|n| {
            let time = now + chrono::Duration::milliseconds(i64::from(n) * 50);
            format!(
                "{}\n",
                serde_json::json!({
                    "timestamp": time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
                    "level": "WARNING",
                    "logger": "auth",
                    "service": "commerce-api",
                    "message": "login failed: wrong password",
                    "event": "login_failed",
                    "username": user,
                    "ip_address": address,
                    "status_code": 401,
                    "correlation_id": format!("c0ffee{n:02}-0000-4000-8000-{user:0>12}"),
                })
            )
        })
        .collect()
}

#[test]
fn a_brute_force_appears_as_a_lockout_and_its_trace_opens() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, "{\"timestamp\":\"2026-03-01T09:00:00Z\",\"level\":\"INFO\",\"message\":\"started\"}\n");
    let mut terminal = env.terminal(120, 36, &["watch", "logs/app.log"]);
    terminal.wait_until(|screen| screen.contains("THREAT")).expect("the overview is drawn");
    assert!(terminal.screen().alternate_screen());

    append(&log, &brute_force("alice", "203.0.113.9", 8));
    terminal
        .wait_until(|screen| screen.contains("alice") && screen.contains("locked"))
        .expect("the lockout is on the screen");

    terminal.send(Key::Char('2')).expect("a key is sent");
    terminal
        .wait_until(|screen| screen.contains("c0ffee07") || screen.contains("login failed"))
        .expect("events");
    terminal.send(Key::Char('o')).expect("a key is sent");
    terminal
        .wait_until(|screen| screen.contains("TRACE") || screen.contains("Trace"))
        .expect("the trace opens");

    terminal.send(Key::Ctrl('c')).expect("a key is sent");
    let status = terminal.wait_exit().expect("the program ends");
    assert!(status.success(), "{status:?}");
    assert!(!terminal.screen().alternate_screen(), "the terminal is restored");
    assert!(terminal.screen().cursor_visible(), "the cursor is shown again");
}

#[test]
fn a_termination_signal_restores_the_terminal() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 2));
    let mut terminal = env.terminal(80, 24, &["watch", "logs"]);
    terminal.wait_until(|screen| screen.contains("Threat")).expect("the overview is drawn");
    terminal.signal(Signal::Term).expect("the signal is sent");
    terminal.wait_exit().expect("the program ends");
    assert!(!terminal.screen().alternate_screen(), "the terminal is restored");
    assert!(terminal.screen().cursor_visible(), "the cursor is shown again");
}

/// Kills `watch` at arbitrary moments while a file grows, and proves that every line is in the index
/// exactly once in the end.
#[test]
fn every_line_is_indexed_exactly_once_although_watch_is_killed() {
    const ROUNDS: usize = 5;
    const LINES_PER_ROUND: usize = 400;
    let env = TestEnv::new();
    let log = env.log("app.log");
    let mut written = 0;
    for round in 0..ROUNDS {
        let mut child = env
            .command(&["watch", "--plain", "logs/app.log"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("watch starts");
        let target = written + LINES_PER_ROUND;
        while written < target {
            append(&log, &numbered_line(written));
            written += 1;
        }
        // Kill at a different point of progress each round: before, within and after a commit.
        let enough = round * LINES_PER_ROUND / 2;
        wait_for("some lines to be indexed", || (indexed(&env) >= enough as u64).then_some(()));
        child.kill().expect("watch is killed");
        child.wait().expect("watch is reaped");
    }
    let mut last = env
        .command(&["watch", "--plain", "logs/app.log"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("watch starts");
    wait_for("all lines to be indexed", || (indexed(&env) >= written as u64).then_some(()));
    last.kill().expect("watch is killed");
    last.wait().expect("watch is reaped");

    let found = env.stdout_of(&["search", "", "--limit", "10000", "--format", "ndjson"], 0);
    let mut numbers: Vec<u64> = found
        .lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).expect("a record");
            let raw: serde_json::Value =
                serde_json::from_str(record["raw"].as_str().expect("raw")).expect("a line");
            raw["number"].as_u64().expect("a number")
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..written as u64).collect::<Vec<_>>());
}

fn numbered_line(number: usize) -> String {
    let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!(
        "{{\"timestamp\":\"{time}\",\"level\":\"INFO\",\"message\":\"request served\",\"number\":{number}}}\n"
    )
}

/// Events that a search finds now; 0 while there is no index yet.
fn indexed(env: &TestEnv) -> u64 {
    let output = env.run(&["search", "", "--limit", "1"]);
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    talk.split(" of ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.replace(',', "").parse().ok())
        .unwrap_or(0)
}

#[test]
fn appended_lines_are_searchable_soon_after() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, &numbered_line(0));
    let mut child = env
        .command(&["watch", "--plain", "logs/app.log"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("watch starts");
    wait_for("the first line", || (indexed(&env) >= 1).then_some(()));
    append(&log, &brute_force("carol", "203.0.113.11", 1));
    let trace = wait_for("the trace of the new line", || {
        let output = env.run(&["trace", "c0ffee00-0000-4000-8000-0000000carol", "--format", "ndjson"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (!text.is_empty()).then_some(text)
    });
    assert!(trace.contains("carol"), "{trace}");
    child.kill().expect("watch is killed");
    child.wait().expect("watch is reaped");
}

#[test]
fn after_a_crash_the_dashboard_still_knows_who_is_locked_out() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, &brute_force("dora", "203.0.113.12", 6));
    let mut child = env
        .command(&["watch", "--plain", "logs/app.log"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("watch starts");
    wait_for("the lines to be indexed", || (indexed(&env) >= 6).then_some(()));
    child.kill().expect("watch is killed");
    child.wait().expect("watch is reaped");

    let mut terminal = env.terminal(120, 36, &["watch", "logs/app.log"]);
    terminal
        .wait_until(|screen| screen.contains("dora") && screen.contains("left"))
        .expect("the lockout is on the board again");
    terminal.send(Key::Ctrl('c')).expect("a key is sent");
    assert!(terminal.wait_exit().expect("the program ends").success());
}

#[test]
fn watch_ends_when_nobody_reads_its_alerts() {
    let env = TestEnv::new();
    // More incidents than alerts can be on their way.
    let attempts: String = (0..400)
        .map(|n| brute_force(&format!("user{n}"), &format!("198.51.{}.{}", n / 250, n % 250), 6))
        .collect();
    append(&env.log("app.log"), &attempts);
    let mut child = env
        .command(&["watch", "--plain", "logs/app.log"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("watch starts");
    drop(child.stdout.take());
    let status = wait_for("watch to end", || child.try_wait().expect("watch is a child"));
    assert!(status.success(), "a closed pipe is no error: {status:?}");
}

#[test]
fn an_interrupt_commits_what_was_read_and_says_130() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("erin", "203.0.113.13", 3));
    let mut child = env
        .command(&["watch", "--plain", "logs/app.log"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("watch starts");
    wait_for("the lines to be indexed", || (indexed(&env) >= 3).then_some(()));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the signal is sent");
    assert_eq!(child.wait().expect("watch ends").code(), Some(130));
    assert_eq!(indexed(&env), 3);
}
