//! Rules that are edited under a running `watch`: real files, the real binary.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use termlens::Key;

use crate::harness::{Running, TestEnv, append, start, wait_for};

/// `watch --plain` over `app.log` with the rules of a folder, and one that has said that it runs.
struct Watch {
    env: TestEnv,
    child: Running,
    run: u32,
}

impl Watch {
    fn start(rules: &[(&str, &str)]) -> Self {
        let env = TestEnv::new();
        fs::create_dir(env.path("rules")).expect("a folder for rules");
        for (name, text) in rules {
            fs::write(env.path("rules").join(name), text).expect("a rule is written");
        }
        fs::write(env.path("rules/zero.yml"), seen("started")).expect("a rule is written");
        append(&env.log("app.log"), &line("started", "nobody"));
        let child = Self::spawn(&env, 0);
        let watch = Self { env, child, run: 0 };
        watch.wait_for_alert("Saw started");
        watch
    }

    fn spawn(env: &TestEnv, run: u32) -> Running {
        let to = |name: &str| File::create(env.path(&format!("{name}{run}"))).expect("a file for output");
        let mut command = env.command(&["watch", "--plain", "logs/app.log", "--only-rules", "rules"]);
        command.stdin(Stdio::null()).stdout(to("alerts")).stderr(to("talk"));
        start(&mut command)
    }

    fn kill(&mut self) {
        self.child.crash();
    }

    fn start_again(&mut self) {
        self.run += 1;
        self.child = Self::spawn(&self.env, self.run);
    }

    fn rule(&self, name: &str) -> PathBuf {
        self.env.path("rules").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.rule(name), text).expect("a rule is written");
    }

    fn log(&self, event: &str, user: &str) {
        append(&self.env.log("app.log"), &line(event, user));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.env.path(&format!("{name}{}", self.run))).unwrap_or_default()
    }

    /// Alerts that have been printed, without their times.
    fn alerts(&self) -> Vec<String> {
        self.read("alerts").lines().map(|line| line.get(26..).unwrap_or(line).trim().to_owned()).collect()
    }

    fn wait_for_alert(&self, words: &str) {
        let alerts = || self.alerts().iter().any(|alert| alert.contains(words)).then_some(());
        wait_for(&format!("an alert `{words}`, {}", self.env.path("").display()), alerts);
    }

    /// Waits until this many lines on standard error contain the words; returns the last.
    fn wait_for_talk(&self, words: &str, times: usize) -> String {
        wait_for(&format!("{times} times `{words}` on standard error"), || {
            let talk = self.read("talk");
            let found: Vec<&str> = talk.lines().filter(|line| line.contains(words)).collect();
            (found.len() >= times).then(|| found.last().copied().unwrap_or_default().to_owned())
        })
    }
}

fn line(event: &str, user: &str) -> String {
    let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!("{{\"timestamp\":\"{time}\",\"level\":\"INFO\",\"event\":\"{event}\",\"username\":\"{user}\"}}\n")
}

/// A rule that reports each user of an event once.
fn seen(event: &str) -> String {
    format!(
        "title: Saw {event}\nname: saw_{event}\nlogsource: {{category: application}}\ndetection:\n  \
         selection: {{event: {event}}}\n  condition: selection\nlevel: medium\n"
    )
}

/// Two documents: failures, and this many of one user.
fn guessing(count: u32) -> String {
    seen("failed")
        + &format!(
            "---\ntitle: Guessing\nname: guessing\ncorrelation:\n  type: event_count\n  rules: [saw_failed]\n  \
             group-by: [user.name]\n  timespan: 10m\n  condition: {{gte: {count}}}\nlevel: high\n"
        )
}

#[test]
fn an_edit_takes_effect_a_broken_one_does_not_and_is_shown() {
    let watch = Watch::start(&[("a.yml", &seen("alpha"))]);
    watch.log("alpha", "ann");
    watch.wait_for_alert("Saw alpha: ann");

    watch.write("b.yml", &seen("beta"));
    watch.wait_for_talk("rules reloaded: 1 added; 3 run", 1);
    watch.log("beta", "bob");
    watch.wait_for_alert("Saw beta: bob");

    let broken = seen("alpha").replace("event: alpha", "event|startwith: alp");
    watch.write("a.yml", &broken);
    let problem = watch.wait_for_talk("a.yml:5:", 1);
    assert!(problem.starts_with("rules/a.yml:5:21: ") && problem.contains("startwith"), "{problem}");
    watch.log("alpha", "cleo");
    watch.wait_for_alert("Saw alpha: cleo");

    let corrected = broken.replace("startwith", "startswith").replace("Saw alpha", "Saw alp-something");
    watch.write("a.yml", &corrected);
    watch.wait_for_talk("rules reloaded: 1 changed; 3 run", 1);
    watch.wait_for_talk("nothing is wrong any more", 1);
    watch.log("alpine", "dora");
    watch.wait_for_alert("Saw alp-something: dora");

    fs::remove_file(watch.rule("a.yml")).expect("a rule is removed");
    watch.wait_for_talk("rules reloaded: 1 removed; 2 run", 1);
    watch.log("alpha", "emil");
    watch.log("beta", "emil");
    watch.wait_for_alert("Saw beta: emil");
    assert!(!watch.alerts().iter().any(|alert| alert.contains("alp") && alert.contains("emil")));
    watch.wait_for_alert("Saw alp-something: dora (over)");
}

#[test]
fn a_rule_that_did_not_change_counts_on_and_one_that_did_looks_back() {
    let watch = Watch::start(&[("guessing.yml", &guessing(5)), ("other.yml", &seen("other"))]);
    for user in ["ann", "ann", "ann", "bob", "bob", "cleo"] {
        watch.log("failed", user);
    }
    watch.write("other.yml", &seen("another"));
    watch.wait_for_talk("rules reloaded: 1 added, 1 removed; 4 run", 1);
    watch.log("failed", "ann");
    watch.log("failed", "ann");
    watch.wait_for_alert("Guessing: ann");

    watch.write("guessing.yml", &guessing(2));
    watch.wait_for_talk("rules reloaded: 1 changed; 4 run", 1);
    watch.wait_for_alert("Guessing: bob");
    watch.log("failed", "cleo");
    watch.wait_for_alert("Guessing: cleo");
    let of = |user: &str| watch.alerts().iter().filter(|alert| alert.contains(user)).count();
    assert_eq!((of("ann"), of("bob"), of("cleo")), (1, 1, 1), "nobody is told twice: {:?}", watch.alerts());
}

#[test]
fn every_way_of_saving_is_one_edit() {
    let watch = Watch::start(&[("a.yml", &seen("alpha"))]);
    watch.log("alpha", "ann");
    watch.wait_for_alert("Saw alpha: ann");

    // A temporary file that takes the place of the old one.
    fs::write(watch.rule(".a.yml.tmp"), seen("beta")).expect("a temporary file");
    fs::rename(watch.rule(".a.yml.tmp"), watch.rule("a.yml")).expect("a rename");
    watch.wait_for_talk("rules reloaded", 1);
    watch.log("beta", "bob");
    watch.wait_for_alert("Saw beta: bob");

    // The old file becomes a backup; another is written beside a swap file.
    fs::write(watch.rule(".a.yml.swp"), "b0VIM 9.1").expect("a swap file");
    fs::rename(watch.rule("a.yml"), watch.rule("a.yml~")).expect("a rename");
    fs::write(watch.rule("a.yml"), seen("gamma")).expect("a rule");
    fs::remove_file(watch.rule(".a.yml.swp")).expect("the swap file goes");
    watch.wait_for_talk("rules reloaded", 2);
    watch.log("gamma", "cleo");
    watch.wait_for_alert("Saw gamma: cleo");

    // The folder is replaced as a whole.
    fs::rename(watch.env.path("rules"), watch.env.path("away")).expect("the folder goes");
    watch.wait_for_talk("rules:1:1: cannot be read", 1);
    watch.log("gamma", "dora");
    watch.wait_for_alert("Saw gamma: dora");
    fs::create_dir(watch.env.path("new")).expect("a folder");
    fs::write(watch.env.path("new").join("z.yml"), seen("delta")).expect("a rule");
    fs::rename(watch.env.path("new"), watch.env.path("rules")).expect("the folder comes");
    watch.wait_for_talk("rules reloaded", 3);
    watch.log("delta", "emil");
    watch.wait_for_alert("Saw delta: emil");
    assert_eq!(watch.read("talk").matches("rules reloaded").count(), 3, "{}", watch.read("talk"));
}

#[test]
fn a_list_that_changes_reaches_the_rules_that_use_it() {
    let listed = seen("listed").replace("{event: listed}", "{event|expand: '%words%'}");
    let watch = Watch::start(&[("listed.yml", &listed)]);
    watch.wait_for_talk("the placeholder `%words%` has no values", 1);
    fs::write(watch.env.path("words.txt"), "alpha\n").expect("a list");
    let config = watch.env.path(".config/soctop/config.toml");
    fs::write(&config, "[lists]\nwords = { file = \"../../words.txt\" }\n").expect("a configuration");
    watch.wait_for_talk("rules reloaded: 1 added", 1);
    watch.log("alpha", "ann");
    watch.wait_for_alert("Saw listed: ann");

    fs::write(watch.env.path("words.txt"), "# none of the old ones\nbeta\n").expect("a list");
    watch.wait_for_talk("rules reloaded: same texts", 1);
    watch.log("alpha", "bob");
    watch.log("beta", "cleo");
    watch.wait_for_alert("Saw listed: cleo");
    assert!(!watch.alerts().iter().any(|alert| alert.contains("bob")));

    fs::write(&config, "[lists]\nwords = 7\n").expect("a configuration");
    watch.wait_for_talk("config.toml:2:", 1);
    watch.log("beta", "dora");
    watch.wait_for_alert("Saw listed: dora");
}

#[test]
fn every_event_is_detected_once_while_rules_come_and_go() {
    // No storm, of which only a part would be printed.
    const USERS: usize = 90;
    let watch = Watch::start(&[("a.yml", &seen("alpha"))]);
    for user in 0..USERS {
        watch.log("alpha", &format!("user{user:03}"));
        if user % 30 == 8 {
            watch.write("b.yml", &seen("beta"));
        }
        if user % 30 == 22 {
            fs::remove_file(watch.rule("b.yml")).expect("a rule is removed");
        }
        // Not faster than a change is noticed, or there would be none.
        if user % 30 == 15 {
            watch.wait_for_talk("1 added", user / 30 + 1);
        }
        if user % 30 == 29 {
            watch.wait_for_talk("1 removed", user / 30 + 1);
        }
    }
    watch.wait_for_alert("user089");
    let told = watch.alerts();
    let user =
        |alert: &String| alert.rsplit_once("Saw alpha: user").map(|(_, rest)| rest.get(..3)?.parse().ok());
    let mut users: Vec<Option<usize>> = told.iter().filter_map(user).collect();
    users.sort_unstable();
    assert!(users.iter().copied().eq((0..USERS).map(Some)), "each once: {told:?}");
}

#[test]
fn a_crash_after_a_reload_loses_nothing_that_was_counted() {
    let mut watch = Watch::start(&[("guessing.yml", &guessing(5))]);
    for _ in 0..3 {
        watch.log("failed", "ann");
    }
    watch.write("other.yml", &seen("other"));
    watch.wait_for_talk("rules reloaded: 1 added; 4 run", 1);
    watch.log("other", "bob");
    watch.wait_for_alert("Saw other: bob");
    watch.kill();
    watch.start_again();
    watch.log("failed", "ann");
    watch.log("failed", "ann");
    watch.wait_for_alert("Guessing: ann");
    assert_eq!(watch.alerts().len(), 1, "what was told before the crash is not told again");
}

#[test]
fn a_hangup_without_a_terminal_asks_for_the_files_to_be_read_again() {
    let watch = Watch::start(&[("a.yml", &seen("alpha"))]);
    watch.log("alpha", "ann");
    watch.wait_for_alert("Saw alpha: ann");
    kill_process(Pid::from_child(&watch.child), Signal::HUP).expect("the signal is sent");
    watch.wait_for_talk("rules: nothing has changed", 1);
    watch.log("alpha", "bob");
    watch.wait_for_alert("Saw alpha: bob");
}

#[test]
fn the_dashboard_shows_a_broken_edit_until_it_is_corrected() {
    let env = TestEnv::new();
    fs::create_dir(env.path("rules")).expect("a folder for rules");
    let rule = env.path("rules").join("a.yml");
    fs::write(&rule, seen("alpha")).expect("a rule");
    append(&env.log("app.log"), &line("alpha", "ann"));
    let mut terminal = env.terminal(80, 24, &["watch", "logs/app.log", "--only-rules", "rules"]);
    terminal.wait_until(|screen| screen.contains("Saw alpha")).expect("the alert");

    fs::write(&rule, seen("alpha").replace("condition: selection", "condition: selektion")).expect("an edit");
    terminal.wait_until(|screen| screen.contains("rules/a.yml:6:")).expect("where it is, on the status line");
    terminal.wait_until(|screen| screen.contains("6Rul(!1)")).expect("a mark on the tab");
    append(&env.log("app.log"), &line("alpha", "bob"));
    terminal.wait_until(|screen| screen.contains("Saw alpha: bob")).expect("the old text still detects");
    terminal.send_str("6").expect("a key");
    terminal
        .wait_until(|screen| screen.contains("selektion"))
        .expect("what is wrong, on the screen of rules");

    fs::write(&rule, seen("alpha").replace("Saw alpha", "Noticed alpha")).expect("an edit");
    terminal
        .wait_until(|screen| !screen.contains("selektion") && !screen.contains("(!1)"))
        .expect("nothing is wrong any more");
    append(&env.log("app.log"), &line("alpha", "cleo"));
    terminal.send_str("1").expect("a key");
    terminal.wait_until(|screen| screen.contains("Noticed alpha: cleo")).expect("the new text detects");
    terminal.send(Key::Ctrl('c')).expect("a key");
    assert!(terminal.wait_exit().expect("the program ends").success());
}

const WORDS: &str = "product: gate\nseen: gate 1\nwhen: {logger: [gate]}\nfacts:\n  - fact: login_failed\n    say: '{user.name} was sent away'\n";

/// The user's words for facts are read again like rules, between two lines.
#[test]
fn a_vocabulary_file_that_comes_later_is_in_force_at_once() {
    let env = TestEnv::new();
    for folder in ["rules", "words"] {
        fs::create_dir(env.path(folder)).expect("a folder");
    }
    let rule = seen("x")
        .replace("event: x", "event.action: login_failed")
        .replace("{category: application}", "{definition: any}");
    fs::write(env.path("rules/a.yml"), rule + &format!("---\n{}", seen("started")))
        .expect("rules are written");
    append(&env.log("app.log"), &line("started", "nobody"));
    let to = |name: &str| File::create(env.path(name)).expect("a file for output");
    let mut command =
        env.command(&["watch", "--plain", "logs/app.log", "--only-rules", "rules", "--vocabulary", "words"]);
    command.stdin(Stdio::null()).stdout(to("alerts0")).stderr(to("talk0"));
    let child = start(&mut command);
    let watch = Watch { env, child, run: 0 };
    watch.wait_for_alert("Saw started");
    let sent_away = |user: &str| {
        let line = line("x", user)
            .replace("\"event\":\"x\"", &format!("\"logger\":\"gate\",\"message\":\"{user} was sent away\""));
        append(&watch.env.log("app.log"), &line);
    };
    sent_away("ann");
    fs::write(watch.env.path("words/gate.yml"), WORDS).expect("a vocabulary file is written");
    watch.wait_for_talk("vocabulary reloaded: ", 1);
    sent_away("bob");
    watch.wait_for_alert("Saw x: bob");
    assert!(!watch.alerts().iter().any(|alert| alert.contains("ann")), "{:?}", watch.alerts());
}
