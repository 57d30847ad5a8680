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
    assert!(said.contains("`user.name` is bob, expected eve"), "{said}");
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

#[test]
fn a_line_that_stands_for_several_counts_for_all_of_them() {
    let env = TestEnv::new();
    let replayed = |times: &[usize]| {
        let lines = times.iter().enumerate().map(|(at, times)| {
            format!("Nov 29 12:00:0{at} web1 sshd[812]: message repeated {times} times: [ Failed password for root from 203.0.113.9 port 4 ssh2]\n")
        });
        std::fs::write(env.path("auth.log"), lines.collect::<String>()).expect("a log");
        env.stdout_of(&["replay", "auth.log"], 0)
    };
    assert!(!replayed(&[2, 2]).contains("Account locked out"));
    assert!(replayed(&[2, 3]).contains("root would be locked after 5 failed logins"));
    assert!(replayed(&[60]).contains("Passwords guessed from one address"));
}

#[test]
fn programs_that_write_to_the_socket_of_their_host_name_no_host() {
    let env = TestEnv::new();
    let failed = "Failed password for erin from 203.0.113.80 port 1 ssh2";
    for head in ["<38>Nov 29 19:03:18 sshd[1]: ", "<38>sshd[1]: ", "<38>Nov 29 19:03:18 web1 sshd[1]: "] {
        let said = env.stdout_of(&["explain", "--format", "ndjson", &format!("{head}{failed}")], 0);
        let read: serde_json::Value = serde_json::from_str(said.trim()).expect("an object");
        assert_eq!(read["fields"]["program"][0], "sshd", "{head}");
        assert_eq!(read["fields"]["process.pid"][0].as_str().unwrap_or_default(), "1", "{head}");
        assert_eq!(read["facts"][0]["fact"], "login_failed", "{head}");
    }
}

/// What an application wrote, what it states, and of whom.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("authentication failed for user [mona] from host '203.0.113.9'", "login_failed", "mona"),
    ("Login failed for user `mona` from IP `203.0.113.9`.", "login_failed", "mona"),
    ("Authentication attempt by mona@203.0.113.9 was not successful", "login_failed", "mona"),
    ("User mona failed to authenticate from 203.0.113.9", "login_failed", "mona"),
    ("203.0.113.9 tried to log in as mona with a wrong password", "login_failed", "mona"),
    ("auth failed user=mona ip=203.0.113.9", "login_failed", "mona"),
    ("mona has logged in successfully (203.0.113.9)", "login_succeeded", "mona"),
    ("Login OK for mona, remote 203.0.113.9", "login_succeeded", "mona"),
    ("mona logged out", "logout", "mona"),
    ("mona changed their password", "password_changed", "mona"),
    ("mona created API key ci-runner", "api_key_created", "mona"),
    ("mona exported 48000 customer records to CSV", "data_exported", "mona"),
    ("Two-factor authentication disabled for user mona", "mfa_disabled", "mona"),
    ("Locking account mona due to too many failed login attempts", "account_locked", "mona"),
    ("IP 203.0.113.9 has been banned for 1h after 10 failed logins", "address_blocked", ""),
    ("Breaker 'weather' moved to HALF-OPEN", "breaker_half_opened", ""),
    ("rate limit reached for client 203.0.113.9", "rate_limited", ""),
    ("no failed logins for user mona since 2026-03-01", "", ""),
    ("order locked for user mona", "", ""),
    ("Password must be changed by mona within 3 days", "", ""),
    ("jobs created by the scheduler for mona", "", ""),
    ("Opened circuit diagram for breaker panel 7", "", ""),
    ("Account statement for mona was opened", "", ""),
    ("Multiple failed checks of the disk, 203.0.113.9", "", ""),
    ("Payment failed for user mona from 203.0.113.9", "", ""),
    ("invoice for user mona rejected: invalid address", "", ""),
    // The service repeats what somebody sent.
    ("query=login succeeded for alice", "", ""),
    ("query=shoes login succeeded for alice", "", ""),
    ("search: login succeeded for alice", "", ""),
    ("q=account unlocked for alice", "", ""),
    ("search:account unlocked for alice", "", ""),
    ("title=helen promoted mallory to admin", "", ""),
    ("Unknown user: login succeeded for alice", "", ""),
    ("login attempt for user login successful for alice", "", ""),
    ("Rejected username Login succeeded for user alice from 203.0.113.9", "", ""),
    ("Chat <mallory> account locked: victim", "", ""),
    ("title=Login failed for alice from 203.0.113.9", "", ""),
    ("user agent: Login failed for user victim from 203.0.113.9", "", ""),
    ("File uploaded: Failed login for admin from 203.0.113.9.pdf", "", ""),
    ("name=Circuit breaker opened for database", "", ""),
    ("Failed login attempt by Circuit breaker opened", "login_failed", "Circuit"),
    // It speaks itself, behind a name of its part or of the request.
    ("auth: login failed for user mona", "login_failed", "mona"),
    ("AuthController: Login failed for user mona", "login_failed", "mona"),
    ("Security alert: account locked for user mona", "account_locked", "mona"),
    ("request_id=7f3c2a90 Login failed for user mona", "login_failed", "mona"),
    ("user=mona ip=203.0.113.9 login failed", "login_failed", "mona"),
    ("[api] error: authentication failed for user mona", "login_failed", "mona"),
    // Who opens a clause, whose it is, and what is done to an address.
    ("mona entered the wrong password", "login_failed", "mona"),
    ("Too many failed logins, mona is locked out", "account_locked", "mona"),
    ("Locking out mona for 15 minutes", "account_locked", "mona"),
    ("mona's account was temporarily disabled because of repeated failures", "account_locked", "mona"),
    ("Incorrect PIN for mona, attempt 3 of 5", "login_failed", "mona"),
    ("Banned 203.0.113.9 for one hour", "address_blocked", ""),
    ("Firewall: blocking 203.0.113.9 after 20 bad requests", "address_blocked", ""),
    ("203.0.113.9 has been added to the blocklist", "address_blocked", ""),
    ("Throttling 203.0.113.9: more than 100 requests in a minute", "rate_limited", ""),
    ("203.0.113.9 hit the rate limit on /api/search", "rate_limited", ""),
    // Who gives what to whom, and who enters a wrong code.
    ("helen promoted mona to admin", "role_granted", "helen"),
    ("admin role granted to mona by helen", "role_granted", "helen"),
    ("helen unlocked mona", "account_unlocked", "helen"),
    ("wrong code from user mona", "mfa_failed", "mona"),
    ("mona entered an incorrect code", "mfa_failed", "mona"),
    ("wrong code for the discount", "", ""),
    ("Blocked request from 203.0.113.9", "", ""),
    ("Blocking call took 20 ms", "", ""),
];

#[test]
fn sentences_state_what_they_say_of_whom_and_nothing_else() {
    let env = TestEnv::new();
    let lines: Vec<String> = SENTENCES
        .iter()
        .map(|(message, ..)| format!("Nov 28 09:00:01 web1 portal[812]: {message}\n"))
        .collect();
    std::fs::write(env.path("portal.log"), lines.concat()).expect("a file");
    let said = env.stdout_of(&["explain", "--format", "ndjson", "portal.log"], 0);
    assert_eq!(said.lines().count(), SENTENCES.len());
    for ((message, fact, user), said) in SENTENCES.iter().zip(said.lines()) {
        let read: serde_json::Value = serde_json::from_str(said).expect("an object");
        assert_eq!(read["facts"][0]["fact"].as_str().unwrap_or_default(), *fact, "{message}");
        if !fact.is_empty() {
            assert_eq!(read["fields"]["user.name"][0].as_str().unwrap_or_default(), *user, "{message}");
        }
    }
}
