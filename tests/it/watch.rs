//! The whole way, with the real binary in a pseudo-terminal: from a line appended to a file to the
//! lockout on the screen, and through a crash.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use termlens::Key;

use crate::harness::{Running, TestEnv, append, start, wait_for};

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
fn a_signal_to_end_restores_the_terminal() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 2));
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT, Signal::ABORT] {
        let mut terminal = env.terminal(80, 24, &["watch", "logs"]);
        terminal.wait_until(|screen| screen.contains("Threat")).expect("the overview is drawn");
        let id = terminal.pid().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a process");
        kill_process(id, signal).expect("the signal is sent");
        terminal.wait_exit().expect("the program ends");
        assert!(!terminal.screen().alternate_screen(), "{signal:?}: the terminal is restored");
        assert!(terminal.screen().cursor_visible(), "{signal:?}: the cursor is shown again");
    }
}

/// What the kernel says of a process.
fn proc_of(id: u32, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{id}/{file}")).expect("the process is there")
}

#[test]
fn a_watching_process_leaves_no_core_and_gains_no_rights() {
    let env = TestEnv::new();
    let mut child = env.watch(&["logs"]);
    wait_for("rights to be given up", || {
        proc_of(child.id(), "status").contains("NoNewPrivs:\t1").then_some(())
    });
    let limits = proc_of(child.id(), "limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    child.crash();
}

#[test]
fn status_names_what_is_not_read_until_it_is() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 2));
    let mut command = env.command(&["watch", "--plain", "logs/app.log", "logs/late.log"]);
    let watch = start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    let status = || String::from_utf8_lossy(&env.run(&["status"]).stdout).into_owned();
    wait_for("what is missing", || status().contains("late.log").then_some(()));
    assert_eq!(env.run(&["status"]).status.code(), Some(1));
    append(&env.log("late.log"), &brute_force("carol", "203.0.113.11", 2));
    wait_for("that it is there", || (!status().contains("late.log")).then_some(()));
    wait_for("its lines", || (indexed(&env) == 4).then_some(()));
    assert_eq!(env.run(&["status"]).status.code(), Some(0));
    drop(watch);
}

#[test]
fn alerts_that_cannot_be_printed_end_nothing() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 6));
    let said = env.path("said.txt");
    let full =
        std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let told = std::fs::File::create(&said).expect("a file");
    let mut watch = start(env.command(&["watch", "--plain", "logs"]).stdout(full).stderr(told));
    wait_for("a word about it", || {
        let said = std::fs::read_to_string(&said).unwrap_or_default();
        said.contains("alerts cannot be printed").then_some(())
    });
    append(&env.log("app.log"), &brute_force("carol", "203.0.113.11", 6));
    wait_for("what comes then", || (indexed(&env) >= 12).then_some(()));
    assert!(watch.try_wait().expect("its state").is_none(), "it goes on");
}

#[test]
fn f14_root_is_told_that_less_is_enough() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 2));
    let said = env.path("said.txt");
    let told = std::fs::File::create(&said).expect("a file");
    let watch = start(env.command(&["watch", "--plain", "logs"]).stdout(Stdio::null()).stderr(told));
    wait_for("a store", || env.path(".local/state/soctop/position.json").exists().then_some(()));
    let said = std::fs::read_to_string(&said).expect("what it says");
    assert_eq!(said.contains("running as root"), rustix::process::geteuid().is_root(), "{said}");
    drop(watch);
}

#[test]
fn root_can_go_on_as_somebody_else() {
    let env = TestEnv::new();
    let data = env.path("data");
    std::fs::create_dir(&data).expect("a folder");
    if !rustix::process::geteuid().is_root() {
        env.stdout_of(&["watch", "--plain", "--user", "nobody", "logs"], 2);
        return;
    }
    std::os::unix::fs::chown(&data, Some(65534), Some(65534)).expect("a folder of somebody else");
    for folder in [env.path("."), env.path("logs")] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("others may look in");
    }
    append(&env.log("app.log"), &brute_force("bob", "203.0.113.10", 2));
    let mut child = env.watch(&["--user", "nobody", "--data-dir", "data", "logs"]);
    wait_for("a store", || data.join("position.json").exists().then_some(()));
    let owner = std::fs::metadata(data.join("position.json")).expect("a file").uid();
    assert_eq!(owner, 65534);
    child.crash();
    env.stdout_of(&["watch", "--plain", "--user", "nobody-of-this-name", "logs"], 2);
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
        let mut child = env.watch(&["logs/app.log"]);
        let target = written + LINES_PER_ROUND;
        while written < target {
            append(&log, &numbered_line(written));
            written += 1;
        }
        // Kill at a different point of progress each round: before, within and after a commit.
        let enough = round * LINES_PER_ROUND / 2;
        wait_for("some lines to be indexed", || (indexed(&env) >= enough as u64).then_some(()));
        child.crash();
    }
    let mut last = env.watch(&["logs/app.log"]);
    wait_for("all lines to be indexed", || (indexed(&env) >= written as u64).then_some(()));
    last.crash();

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
    let mut child = env.watch(&["logs/app.log"]);
    wait_for("the first line", || (indexed(&env) >= 1).then_some(()));
    append(&log, &brute_force("carol", "203.0.113.11", 1));
    let trace = wait_for("the trace of the new line", || {
        let output = env.run(&["trace", "c0ffee00-0000-4000-8000-0000000carol", "--format", "ndjson"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (!text.is_empty()).then_some(text)
    });
    assert!(trace.contains("carol"), "{trace}");
    child.crash();
}

#[test]
fn after_a_crash_the_dashboard_still_knows_who_is_locked_out() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, &brute_force("dora", "203.0.113.12", 6));
    let mut child = env.watch(&["logs/app.log"]);
    wait_for("the lines to be indexed", || (indexed(&env) >= 6).then_some(()));
    child.crash();

    let mut terminal = env.terminal(120, 36, &["watch", "logs/app.log"]);
    terminal
        .wait_until(|screen| screen.contains("dora") && screen.contains("1 locked"))
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
    let mut child = start(
        env.command(&["watch", "--plain", "logs/app.log"]).stdout(Stdio::piped()).stderr(Stdio::null()),
    );
    drop(child.stdout.take());
    let status = wait_for("watch to end", || child.try_wait().expect("watch is a child"));
    assert!(status.success(), "a closed pipe is no error: {status:?}");
}

#[test]
fn an_interrupt_commits_what_was_read_and_says_130() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &brute_force("erin", "203.0.113.13", 3));
    let mut child = env.watch(&["logs/app.log"]);
    wait_for("the lines to be indexed", || (indexed(&env) >= 3).then_some(()));
    let pid = rustix::process::Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("the signal is sent");
    assert_eq!(child.wait().expect("watch ends").code(), Some(130));
    assert_eq!(indexed(&env), 3);
}

/// Ends `watch` and returns its status and what it said on standard error.
fn interrupted(mut child: Running) -> (Option<i32>, String) {
    let pid = rustix::process::Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("the signal is sent");
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("standard error is piped");
    std::io::Read::read_to_string(&mut stderr, &mut said).expect("what was said");
    (child.wait().expect("watch ends").code(), said)
}

#[test]
fn plain_watching_says_what_it_cannot_read_once() {
    let env = TestEnv::new();
    crate::harness::make_pipe(&env.log("pipe.log"));
    append(&env.log("app.log"), &brute_force("frank", "203.0.113.14", 3));
    let inputs = ["logs/pipe.log", "logs/missing.log", "nowhere/*.log", "logs/app.log"];
    let child = start(
        env.command(&[&["watch", "--plain"][..], &inputs].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped()),
    );
    wait_for("the lines to be indexed", || (indexed(&env) >= 3).then_some(()));
    std::fs::File::create(env.log("app.log")).expect("the log is emptied");
    append(&env.log("missing.log"), &brute_force("frank", "203.0.113.14", 1));
    wait_for("the other log", || (indexed(&env) >= 4).then_some(()));
    wait_for("the gap", || {
        let found = env.run(&["search", "kind:gap", "--format", "ndjson"]);
        String::from_utf8_lossy(&found.stdout).contains("app.log").then_some(())
    });
    let (status, said) = interrupted(child);
    assert_eq!(status, Some(130), "{said}");
    for words in
        ["is a FIFO", "missing.log`: No such file", "no folder", "app.log` was emptied", "is there now"]
    {
        assert_eq!(said.matches(words).count(), 1, "{words}: {said}");
    }
}

#[test]
fn watching_nothing_that_can_be_read_is_a_mistake() {
    let env = TestEnv::new();
    crate::harness::make_pipe(&env.log("pipe.log"));
    let mut child = start(
        env.command(&["watch", "--plain", "logs/pipe.log"]).stdout(Stdio::null()).stderr(Stdio::piped()),
    );
    let mut said = std::io::BufReader::new(child.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.contains("is a FIFO") {
        line.clear();
        std::io::BufRead::read_line(&mut said, &mut line).expect("a line");
    }
    let pid = rustix::process::Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("the signal is sent");
    assert_eq!(child.wait().expect("watch ends").code(), Some(2));
}

#[test]
fn a_data_directory_among_the_logs_is_refused() {
    let env = TestEnv::new();
    append(&env.log("app.log"), "one\n");
    for input in ["logs", "logs/**/*"] {
        let output = env.run(&["watch", "--plain", input, "--data-dir", "logs/data"]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("is among the files to be read") && said.contains("--data-dir"), "{said}");
    }
}

#[test]
fn a_query_that_is_pasted_key_by_key_is_answered() {
    let env = TestEnv::new();
    let lines: String = (0..3000).map(numbered_line).collect();
    append(&env.log("many.log"), &lines);
    env.stdout_of(&["ingest", "logs/many.log", "--data-dir", "data"], 0);
    let mut terminal = env.terminal(100, 28, &["watch", "logs/many.log", "--data-dir", "data"]);
    terminal.wait_until(|screen| screen.contains("Threat")).expect("the overview is drawn");
    terminal.send_str("3/").expect("keys are sent");
    terminal.wait_until(|screen| screen.contains("query ▸")).expect("the query is asked for");
    // Each beginning is a query of its own, and more of them come at once than the engine lets wait.
    terminal.send_str(&format!("{}\r", ["request number"; 6].join(" "))).expect("keys are sent");
    terminal.wait_until(|screen| screen.contains("of 3,000")).expect("all are found");
    assert!(!terminal.screen().contains("busy"), "{:?}", terminal.screen());
    terminal.send(Key::Ctrl('c')).expect("a key is sent");
    assert!(terminal.wait_exit().expect("the program ends").success());
}

/// A panic in the library that reads the index becomes an error; a living dashboard must not notice.
#[test]
fn a_search_in_a_damaged_index_leaves_the_dashboard_alone() {
    let env = TestEnv::new();
    let lines: String = (0..3000).map(numbered_line).collect();
    append(&env.log("many.log"), &lines);
    env.stdout_of(&["ingest", "logs/many.log", "--data-dir", "data"], 0);
    let partition = env.path("data/partitions/p00000001");
    for entry in std::fs::read_dir(&partition).expect("the partition").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "blocks" || extension == "idx") {
            let mut bytes = std::fs::read(&path).expect("a file of the index");
            let (from, to) = (bytes.len() / 10, bytes.len() * 9 / 10);
            bytes.iter_mut().take(to).skip(from).for_each(|byte| *byte ^= 0xa5);
            std::fs::write(path, bytes).expect("the file is damaged");
        }
    }
    let mut terminal = env.terminal(100, 28, &["watch", "logs/many.log", "--data-dir", "data"]);
    terminal.wait_until(|screen| screen.contains("Threat")).expect("the overview is drawn");
    for key in [Key::Char('3'), Key::Char('/')] {
        terminal.send(key).expect("a key is sent");
    }
    for letter in "request".chars() {
        terminal.send(Key::Char(letter)).expect("a key is sent");
    }
    terminal.send(Key::Enter).expect("a key is sent");
    terminal.wait_until(|screen| screen.contains("the search failed")).expect("the error is on the screen");
    assert!(terminal.screen().alternate_screen(), "the dashboard keeps the screen");
    assert!(!terminal.screen().contains("panicked"), "{:?}", terminal.screen());
    terminal.send(Key::Char('1')).expect("a key is sent");
    terminal.wait_until(|screen| screen.contains("Threat")).expect("the overview is drawn again");
    terminal.send(Key::Ctrl('c')).expect("a key is sent");
    assert!(terminal.wait_exit().expect("the program ends").success());
}
