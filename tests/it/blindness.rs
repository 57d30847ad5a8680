//! Where the times of lines cannot be relied upon, what counts still sees them, or it is said in words.

use std::fmt::Write as _;
use std::net::UdpSocket;
use std::process::{Output, Stdio};

use crate::harness::{Running, TestEnv, append, fed, start, wait_for};

/// A failed login, with these members before.
fn failure(members: &str) -> String {
    format!("{{{members}\"event\":\"login_failed\",\"user\":\"alice\",\"client_ip\":\"203.0.113.9\"}}\n")
}

fn stamped(time: chrono::DateTime<chrono::Utc>) -> String {
    format!("\"timestamp\":\"{}\",", time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

/// Seconds after some noon.
fn at(second: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(1_780_315_200 + second, 0).expect("a time")
}

fn piped(env: &TestEnv, text: &str) -> Output {
    fed(&mut env.command(&["watch", "--plain", "-"]), text.as_bytes()).expect("watch starts and ends")
}

/// A plain watch that is killed when it goes out of scope; what it says stands in two files.
struct Watch<'e> {
    env: &'e TestEnv,
    /// Ends with the test.
    _child: Running,
}

impl<'e> Watch<'e> {
    fn start(env: &'e TestEnv, args: &[&str]) -> Self {
        let file = |name: &str| std::fs::File::create(env.path(name)).expect("a file");
        let mut command = env.command(&[&["watch", "--plain"], args].concat());
        let told = command.stdin(Stdio::null()).stdout(file("alerts.txt")).stderr(file("said.txt"));
        Self { env, _child: start(told) }
    }

    fn told(&self, file: &str) -> String {
        std::fs::read_to_string(self.env.path(file)).unwrap_or_default()
    }

    fn wait_for(&self, file: &str, words: &str) {
        wait_for(words, || self.told(file).contains(words).then_some(()));
    }
}

#[test]
fn what_names_no_time_counts_when_it_arrives() {
    let times = [
        "",
        "\"timestamp\":\"yesterday\",",
        "\"timestamp\":\"0001-01-01T00:00:00Z\",",
        "\"timestamp\":\"9999-12-31T23:59:59Z\",",
        "\"timestamp\":1e400,",
        "\"timestamp\":null,",
    ];
    for time in times {
        let env = TestEnv::new();
        let output = piped(&env, &failure(time).repeat(12));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("alice") && told.contains("203.0.113.9"), "{time}: {output:?}");
    }
}

#[test]
fn a_file_without_times_invents_no_burst_and_says_so() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &failure("").repeat(12));
    let watch = Watch::start(&env, &["logs/app.log"]);
    watch.wait_for("said.txt", "app.log` have no time that soctop can read: no rule that counts sees them");
    append(&env.log("app.log"), &failure("").replace("alice", "bob").repeat(12));
    watch.wait_for("alerts.txt", "bob");
    assert!(!watch.told("alerts.txt").contains("alice"), "{}", watch.told("alerts.txt"));
}

#[test]
fn datagrams_without_a_time_count_when_they_arrive() {
    let env = TestEnv::new();
    let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let watch = Watch::start(&env, &["--listen", &format!("udp://{address}")]);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let said = "Failed password for alice from 203.0.113.9 port 4242 ssh2";
    let forms = [format!("<86>1 - gate sshd 7 - - {said}"), format!("<86>sshd[7]: {said}")];
    for form in forms {
        // Nobody says when the socket listens: what comes before is lost, so more is sent until it is told.
        wait_for("the guessing to be told", || {
            sender.send_to(form.as_bytes(), address).expect("a datagram is sent");
            watch.told("alerts.txt").contains("alice").then_some(())
        });
    }
}

#[test]
fn a_replay_says_how_many_lines_have_no_time() {
    let env = TestEnv::new();
    append(&env.log("some.log"), &(failure(&stamped(at(0))) + &failure("").repeat(11)));
    let told = env.stdout_of(&["replay", "logs/some.log"], 0);
    assert!(!told.contains("203.0.113.9") && told.contains("without time: 11; no rule"), "{told}");
    append(&env.log("none.log"), &failure("").repeat(12));
    let told = env.stdout_of(&["replay", "logs/none.log"], 0);
    assert!(told.contains("without time: 12; no rule"), "{told}");
}

/// Visits, then failures at `second` and after.
fn visits_then_failures(visits: &[i64], second: i64) -> String {
    let mut text = String::new();
    for visit in visits {
        let time = stamped(at(*visit));
        writeln!(text, "{{{time}\"event\":\"page_view\",\"user\":\"eve\",\"client_ip\":\"198.51.100.7\"}}")
            .expect("text");
    }
    (0..12).for_each(|n| text.push_str(&failure(&stamped(at(second + n)))));
    text
}

#[test]
fn lines_from_the_future_do_not_blind_a_replay() {
    let years = 64 * 365 * 86_400;
    for visits in [vec![years; 7], vec![years; 20], vec![3_600; 20], (0..90).map(|n| n * 240).collect()] {
        let env = TestEnv::new();
        append(&env.log("app.log"), &visits_then_failures(&visits, 60));
        let told = env.stdout_of(&["replay", "logs/app.log"], 0);
        assert!(told.contains("203.0.113.9"), "{} visits: {told}", visits.len());
    }
}

/// An hour of visits on one host, and in the middle of them failures on another whose clock is an hour behind.
fn two_hosts(now: chrono::DateTime<chrono::Utc>) -> String {
    let time = |second: i64| stamped(now + chrono::Duration::seconds(second));
    let mut text = String::new();
    for n in 0..60 {
        let visit = "\"event\":\"page_view\",\"user\":\"eve\",\"client_ip\":\"198.51.100.7\"";
        writeln!(text, "{{{}\"host\":\"a\",{visit}}}", time(n * 60 - 3_600)).expect("text");
        if (30..42).contains(&n) {
            text.push_str(&failure(&format!("{}\"host\":\"b\",", time((n - 30) * 5 - 5_400))));
        }
    }
    text
}

#[test]
fn a_host_whose_clock_lags_is_seen_among_others_and_it_is_said() {
    let env = TestEnv::new();
    append(&env.log("app.log"), &two_hosts(at(0)));
    let told = env.stdout_of(&["replay", "logs/app.log"], 0);
    assert!(told.contains("203.0.113.9") && told.contains("times: 12 far behind"), "{told}");
    append(&env.log("live.log"), "{\"message\":\"started\"}\n");
    let watch = Watch::start(&env, &["logs/live.log"]);
    watch.wait_for("said.txt", "has no time");
    append(&env.log("live.log"), &two_hosts(chrono::Utc::now()));
    watch.wait_for("alerts.txt", "203.0.113.9");
    watch.wait_for("said.txt", "far behind what was read before");
}

#[test]
fn what_no_rule_could_see_is_no_good_news() {
    let env = TestEnv::new();
    std::fs::write(env.path("empty.log"), "").expect("a file");
    std::fs::write(
        env.path("program"),
        [&b"\x7fELF\x02\x01\0\0"[..], &[0xff, 0, 0x0a, 0xfe].repeat(40)].concat(),
    )
    .expect("a file");
    for (file, why) in
        [("empty.log", "there was nothing to read"), ("program", "no line has a format that soctop knows")]
    {
        env.stdout_of(&["replay", "--fail-on", "critical", file], 2);
        let said = env.stdout_of(&["replay", file], 0);
        assert!(said.contains(&format!("threat level NOT KNOWN   {why}")), "{said}");
        assert!(!said.contains("LOW"), "{said}");
        let summary = env.stdout_of(&["replay", "--format", "ndjson", file], 0);
        let summary: serde_json::Value = serde_json::from_str(summary.trim()).expect("an object");
        assert!(summary["threat_level"].is_null(), "{summary}");
    }
}

#[test]
fn where_nothing_was_stored_each_command_says_how_to_begin() {
    let env = TestEnv::new();
    for command in
        [&["status"][..], &["doctor"], &["search", "alice"], &["trace", "a1"], &["hunt", "--since", "7d"]]
    {
        let output = env.command(command).output().expect("soctop runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(
            said.contains("there is no index in") && said.contains("soctop watch PATH"),
            "{command:?}: {said}"
        );
    }
}

#[test]
fn what_a_folder_holds_beside_its_logs_is_said() {
    let env = TestEnv::new();
    let logs = env.path("logs");
    std::fs::create_dir_all(logs.join("journal/0123456789abcdef0123456789abcdef")).expect("a folder");
    for name in
        ["journal/0123456789abcdef0123456789abcdef/system.journal", "wtmp", "btmp", "audit-trail", "README"]
    {
        std::fs::write(logs.join(name), "x\n").expect("a file");
    }
    // Logs of Apache, Exim and Samba, whose names have no extension.
    for name in ["access_log", "mainlog", "log.smbd"] {
        std::fs::write(logs.join(name), failure("")).expect("a file");
    }
    let told = [
        "system.journal` left out: systemd's journal is read with `--journald`",
        "btmp` and 1 more left out: binary records of logins",
        "audit-trail` left out: by its name it is no log; name the file itself to read it",
    ];
    let replay = env.run(&["replay", "logs"]);
    let said = String::from_utf8_lossy(&replay.stderr).into_owned();
    assert!(told.iter().all(|words| said.contains(words)) && !said.contains("README"), "{said}");
    assert!(String::from_utf8_lossy(&replay.stdout).contains("3 lines = 3 parsed"), "{replay:?}");
    let watch = Watch::start(&env, &["logs"]);
    for words in told {
        watch.wait_for("said.txt", words);
    }
    assert!(!watch.told("said.txt").contains("README"));
}
