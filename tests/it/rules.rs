//! `soctop rules check|list|show|test` as a transcript: what is typed, what is answered, how it ends.

use std::fmt::Write as _;

use super::harness::{TestEnv, make_pipe};

/// A home with some rule files and logs in it.
fn env(files: &[(&str, &str)]) -> TestEnv {
    let env = TestEnv::new();
    for (name, text) in files {
        std::fs::write(env.log(name), text).expect("a file");
    }
    env
}

/// Runs commands in the folder of the files; shows standard output, standard error and the status.
fn transcript(env: &TestEnv, commands: &[&str]) -> String {
    let mut text = String::new();
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = env.command(&arguments).current_dir(env.log("")).output().expect("the binary runs");
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("all output is UTF-8");
        let status = output.status.code().expect("it ends by itself");
        write!(text, "$ soctop {command}\n{}{}[{status}]\n", said(&output.stdout), said(&output.stderr))
            .expect("writing to a string");
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

const LOGIN: &str = r#"
title: Failed login
name: failed_login
description: Somebody gave a wrong password.
logsource: {product: app, category: auth}
detection:
  failed:
    event|startswith: [login_failed, signin_failed]
    client_ip|cidr: 203.0.113.0/24
  filter_health: {user: [probe, monitor]}
  condition: failed and not filter_health
level: low
soctop:
  schema: 1
  show: "{user.name} from {source.ip}"
  tests:
    - name: is found
      events: [{timestamp: "2026-03-01T09:30:00Z", event: login_failed, client_ip: 203.0.113.9, user: eve}]
      expect: [{count: 1}]
    - name: probes are left out
      events: [{timestamp: "2026-03-01T09:30:00Z", event: login_failed, client_ip: 203.0.113.9, user: probe}]
      expect: []
---
title: Guessing
name: guessing
level: high
generate: true
correlation:
  type: event_count
  rules: [failed_login]
  group-by: [user.name]
  timespan: 5m
  condition: {gte: 3}
soctop:
  schema: 1
  tests:
    - name: three are enough
      events:
        - {timestamp: "2026-03-01T09:30:00Z", event: login_failed, client_ip: 203.0.113.9, user: eve, repeat: 3, every: 1s}
      expect: [{group: {user.name: eve}, count: 3, level: high}]
"#;

const LOG: &str = r#"{"timestamp":"2026-03-01T09:30:00Z","event":"login_failed","client_ip":"203.0.113.9","user":"eve"}
{"timestamp":"2026-03-01T09:30:01Z","event":"login_failed","client_ip":"198.51.100.7","uzer":"bob"}
{"timestamp":"2026-03-01T09:30:02Z","event":"login_ok","client_ip":"203.0.113.9","user":"eve"}
"#;

#[test]
fn check_shows_every_mistake_of_a_file_with_its_place_and_what_was_meant() {
    let env = env(&[(
        "broken.yml",
        "title: Broken
logsource:
  produkt: app
detection:
  sel:
    user|startwith: adm
    addr|cidr: 10.0.0.1/8
    path|re: '(unclosed'
  condition: sel and filtr
levl: high
---
title: Old
logsource: {product: app}
detection:
  sel: {a: 1}
  condition: sel | count() by user > 5
---
title: No condition
logsource: {product: app}
detection:
  sel: {a: 1}
---
title: Fine
logsource: {product: app}
detection:
  sel: {a: 1}
  condition: sel
",
    )]);
    insta::assert_snapshot!(transcript(&env, &["rules check broken.yml"]), @r"
    $ soctop rules check broken.yml
    warning: unknown key `produkt` in `logsource`
     --> broken.yml:3:3
      |
    3 |   produkt: app
      |   ^
      = hint: did you mean `product`?

    error: unknown modifier `startwith` on `user|startwith`
     --> broken.yml:6:10
      |
    6 |     user|startwith: adm
      |          ^
      = hint: did you mean `startswith`?

    error: host bits are set in `10.0.0.1/8`; the network is `10.0.0.0/8` (in `addr|cidr`)
     --> broken.yml:7:16
      |
    7 |     addr|cidr: 10.0.0.1/8
      |                ^

    error: not a regular expression that can be run: unclosed group (in `path|re`)
     --> broken.yml:8:14
      |
    8 |     path|re: '(unclosed'
      |              ^

    error: unknown search identifier `filtr`
     --> broken.yml:9:22
      |
    9 |   condition: sel and filtr
      |                      ^

    warning: unknown key `levl` is kept but has no meaning
      --> broken.yml:10:1
       |
    10 | levl: high
       | ^
       = hint: did you mean `level`?

    error: aggregations (`|`) were removed from Sigma
      --> broken.yml:16:18
       |
    16 |   condition: sel | count() by user > 5
       |                  ^
       = hint: count with a correlation rule (`type: event_count`) that refers to this one

    error: the key `condition` is missing in `detection`
      --> broken.yml:21:3
       |
    21 |   sel: {a: 1}
       |   ^

    1 rule of 1 file loads, 6 errors, 2 warnings
    [2]
    ");
}

#[test]
fn check_warns_of_what_is_allowed_but_probably_not_meant() {
    let env = env(&[(
        "doubtful.yml",
        "title: Everything
id: 11111111-1111-4111-8111-111111111111
logsource: {product: app}
detection:
  a: {x: 1}
  b: {y: '*'}
  condition: a or not a
---
title: Twice
id: 11111111-1111-4111-8111-111111111111
logsource: {product: app}
detection:
  a: {x: 2}
  condition: a
---
title: Unreachable
logsource: {product: app}
detection:
  a: {x: 3}
  b: {y: 2}
  c: {z: 2}
  condition: a or (a and b)
---
title: Filter that selects
logsource: {product: app}
detection:
  a: {x: 4}
  filter_b: {y: 2}
  condition: a and filter_b
---
title: Keeps
logsource: {product: app}
filter:
  rules: any
  f: {x: 9}
  condition: f
",
    )]);
    insta::assert_snapshot!(transcript(&env, &["rules check doubtful.yml"]), @r"
    $ soctop rules check doubtful.yml
    warning: this value matches whatever `y` holds
     --> doubtful.yml:6:10
      |
    6 |   b: {y: '*'}
      |          ^
      = hint: `y|exists: true` says so openly

    warning: the condition holds for an event in which nothing is found
     --> doubtful.yml:7:14
      |
    7 |   condition: a or not a
      |              ^
      = hint: the rule looks only at events whose logsource is known and equal; add something it must find

    warning: the condition is always true
     --> doubtful.yml:7:14
      |
    7 |   condition: a or not a
      |              ^
      = hint: the rule reports every event of its logsource

    error: another rule has the same id: `11111111-1111-4111-8111-111111111111`
     --> doubtful.yml:9:1
      |
    9 | title: Twice
      | ^
      = hint: the other one is at doubtful.yml:1:1

    warning: `b` has no effect on the condition
      --> doubtful.yml:20:3
       |
    20 |   b: {y: 2}
       |   ^

    warning: the condition does not use `c`
      --> doubtful.yml:21:3
       |
    21 |   c: {z: 2}
       |   ^

    warning: `filter_b` is asked for by the condition, not left out
      --> doubtful.yml:28:3
       |
    28 |   filter_b: {y: 2}
       |   ^
       = hint: write `not filter_b`, or give it another name

    warning: the filter keeps only events that match its condition
      --> doubtful.yml:36:14
       |
    36 |   condition: f
       |              ^
       = hint: to leave such events out, write `not` in front

    3 rules of 1 file load, 1 error, 7 warnings
    [2]
    ");
}

#[test]
fn bombs_deep_nesting_and_huge_files_are_refused_clearly() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for n in 1..9 {
        let copies = vec![format!("*a{}", n - 1); 10].join(",");
        writeln!(bomb, "a{n}: &a{n} [{copies}]").expect("writing to a string");
    }
    let env = env(&[
        ("bomb.yml", &bomb),
        ("deep.yml", &format!("a: {}", "[".repeat(200_000))),
        ("huge.yml", &format!("title: T\n# {}\n", "x".repeat(2 << 20))),
        (
            "condition.yml",
            &format!(
                "title: T\nlogsource: {{product: a}}\ndetection:\n  s: {{a: 1}}\n  condition: {}s{}\n",
                "(".repeat(70),
                ")".repeat(70)
            ),
        ),
    ]);
    insta::assert_snapshot!(transcript(&env, &["rules check ."]), @r"
    $ soctop rules check .
    error: more than 50000 values in one document
     --> ./bomb.yml:4:5
      |
    4 | a3: &a3 [*a2,*a2,*a2,*a2,*a2,*a2,*a2,*a2,*a2,*a2]
      |     ^

    error: the condition is nested deeper than 64 levels
     --> ./condition.yml:5:14
      |
    5 |   condition: ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((s))))))))))))))))))))))))))))))))))))
      |              ^

    error: not valid YAML: recursion limit exceeded
     --> ./deep.yml:1:259
      |
    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      |                                                             ^

    error: the file has 2097164 bytes, at most 1048576 are read
     --> ./huge.yml:1:1
      |
    1 | title: T
      | ^
      = hint: split it into several files

    0 rules of 4 files load, 4 errors, 0 warnings
    [2]
    ");
}

#[test]
fn what_is_no_file_among_rules_is_reported_and_keeps_nobody_waiting() {
    let env = env(&[("login.yml", LOGIN)]);
    make_pipe(&env.log("pipe.yml"));
    let links = [("dangling.yml", "nowhere"), ("endless.yml", "/dev/zero"), ("here", "."), ("there", ".")];
    for (link, target) in links {
        std::os::unix::fs::symlink(target, env.log(link)).expect("a link");
    }
    insta::assert_snapshot!(transcript(&env, &["rules check .", "rules check pipe.yml"]), @r"
    $ soctop rules check .
    error: cannot be read (No such file or directory (os error 2))
     --> ./dangling.yml:1:1

    error: cannot be read (it is not a regular file)
     --> ./endless.yml:1:1

    error: cannot be read (it is not a regular file)
     --> ./pipe.yml:1:1

    2 rules of 4 files load, 3 errors, 0 warnings
    [2]
    $ soctop rules check pipe.yml
    error: cannot read rules from `pipe.yml`
    caused by: it is not a regular file
    [2]
    ");
}

#[test]
fn list_shows_level_logsource_hits_and_cost() {
    let env = env(&[("login.yml", LOGIN), ("app.log", LOG)]);
    let commands = [
        "rules list login.yml",
        "rules list login.yml --events app.log",
        "rules list login.yml --events app.log --format ndjson",
    ];
    insta::assert_snapshot!(transcript(&env, &commands), @r#"
    $ soctop rules list login.yml
    level   type             product/category/service           rule
    ▁ LOW   detection        app/auth/-                         Failed login  failed_login
    ▅ HIGH  event_count      -                                  Guessing  guessing
    [0]
    $ soctop rules list login.yml --events app.log
    level   type             product/category/service                 hits  cost/event  rule
    ▁ LOW   detection        app/auth/-                                  1       0.667  Failed login  failed_login
    ▅ HIGH  event_count      -                                           -           -  Guessing  guessing
    [0]
    $ soctop rules list login.yml --events app.log --format ndjson
    {"rule":"failed_login","title":"Failed login","level":"low","type":"detection","logsource":"app/auth/-","looked_up_by":["event starts with `login_failed`","event starts with `signin_failed`"],"events":3,"evaluated":2,"matched":1}
    {"rule":"guessing","title":"Guessing","level":"high","type":"event_count","logsource":"-","looked_up_by":[],"events":3}
    [0]
    "#);
}

#[test]
fn paths_stand_by_themselves_or_after_a_flag() {
    let env = env(&[("login.yml", LOGIN)]);
    for [plain, flagged] in [
        ["rules check login.yml", "rules check --rules login.yml"],
        ["rules list login.yml", "rules list --rules login.yml"],
        ["rules show guessing login.yml", "rules show guessing --rules login.yml"],
        ["rules test login.yml", "rules test --rules login.yml"],
    ] {
        let answer = |command| transcript(&env, &[command]).split_once('\n').expect("a command").1.to_owned();
        assert_eq!(answer(plain), answer(flagged), "{plain}");
        assert!(answer(plain).trim_end().ends_with("[0]"), "{plain}: {}", answer(plain));
    }
}

#[test]
fn show_explains_a_rule_in_words_and_as_it_is_compiled() {
    let env = env(&[("login.yml", LOGIN)]);
    let commands = ["rules show failed_login --rules login.yml", "rules show Guessing --rules login.yml"];
    insta::assert_snapshot!(transcript(&env, &commands), @r"
    $ soctop rules show failed_login --rules login.yml
    ▁ LOW   Failed login
    name       failed_login
    file       login.yml:2:1
               Somebody gave a wrong password.
    logsource  product: app, category: auth

    matches when failed and not filter_health
      failed
        all of
          event starts with `login_failed`, or starts with `signin_failed`
          client_ip is in 203.0.113.0/24
      filter_health
        user is `probe`, or is `monitor`

    compiled to  1 and 2 and not 3
    looked at only when one of these holds
      event starts with `login_failed`
      event starts with `signin_failed`
    [0]
    $ soctop rules show Guessing --rules login.yml
    ▅ HIGH  Guessing
    name       guessing
    file       login.yml:24:1

    fires when 3 or more events match
      within 5m for the same user.name
    over the matches of
      failed_login (Failed login)
    [0]
    ");
}

#[test]
fn show_says_for_each_event_what_matched_and_why_the_rest_did_not() {
    let env = env(&[("login.yml", LOGIN), ("app.log", LOG)]);
    let commands = [
        "rules show failed_login --rules login.yml --event app.log",
        "rules show guessing --rules login.yml --event app.log",
    ];
    insta::assert_snapshot!(transcript(&env, &commands), @r#"
    $ soctop rules show failed_login --rules login.yml --event app.log
    ▁ LOW   Failed login
    name       failed_login
    file       login.yml:2:1
               Somebody gave a wrong password.

    {"timestamp":"2026-03-01T09:30:00Z","event":"login_failed","client_ip":"203.0.113.9","user":"eve"}
    ✓ matches when failed and not filter_health
      ✓ failed
        ✓ all of
          ✓ event starts with `login_failed`, or starts with `signin_failed`   is `login_failed`
          ✓ client_ip is in 203.0.113.0/24   is `203.0.113.9`
      ✗ filter_health
        ✗ user is `probe`, or is `monitor`   is `eve`

    {"timestamp":"2026-03-01T09:30:01Z","event":"login_failed","client_ip":"198.51.100.7","uzer":"bob"}
    ✗ matches when failed and not filter_health
      ✗ failed
        ✗ all of
          ✓ event starts with `login_failed`, or starts with `signin_failed`   is `login_failed`
          ✗ client_ip is in 203.0.113.0/24   is `198.51.100.7`
      ✗ filter_health
        ✗ user is `probe`, or is `monitor`   the event has no `user`, but `uzer`

    {"timestamp":"2026-03-01T09:30:02Z","event":"login_ok","client_ip":"203.0.113.9","user":"eve"}
    ✗ matches when failed and not filter_health
      ✗ failed
        ✗ all of
          ✗ event starts with `login_failed`, or starts with `signin_failed`   is `login_ok`
          ✓ client_ip is in 203.0.113.0/24   is `203.0.113.9`
      ✗ filter_health
        ✗ user is `probe`, or is `monitor`   is `eve`
    [0]
    $ soctop rules show guessing --rules login.yml --event app.log
    ▅ HIGH  Guessing
    name       guessing
    file       login.yml:24:1

    {"timestamp":"2026-03-01T09:30:00Z","event":"login_failed","client_ip":"203.0.113.9","user":"eve"}
    ✓ an event for `failed_login`
      ✓ matches when failed and not filter_health
        ✓ failed
          ✓ all of
            ✓ event starts with `login_failed`, or starts with `signin_failed`   is `login_failed`
            ✓ client_ip is in 203.0.113.0/24   is `203.0.113.9`
        ✗ filter_health
          ✗ user is `probe`, or is `monitor`   is `eve`

    {"timestamp":"2026-03-01T09:30:01Z","event":"login_failed","client_ip":"198.51.100.7","uzer":"bob"}
    ✗ an event for `failed_login`
      ✗ matches when failed and not filter_health
        ✗ failed
          ✗ all of
            ✓ event starts with `login_failed`, or starts with `signin_failed`   is `login_failed`
            ✗ client_ip is in 203.0.113.0/24   is `198.51.100.7`
        ✗ filter_health
          ✗ user is `probe`, or is `monitor`   the event has no `user`, but `uzer`

    {"timestamp":"2026-03-01T09:30:02Z","event":"login_ok","client_ip":"203.0.113.9","user":"eve"}
    ✗ an event for `failed_login`
      ✗ matches when failed and not filter_health
        ✗ failed
          ✗ all of
            ✗ event starts with `login_failed`, or starts with `signin_failed`   is `login_ok`
            ✓ client_ip is in 203.0.113.0/24   is `203.0.113.9`
        ✗ filter_health
          ✗ user is `probe`, or is `monitor`   is `eve`
    [0]
    "#);
}

#[test]
fn tests_in_rules_pass_or_fail_with_what_came_instead() {
    let wrong = LOGIN
        .replace("expect: [{count: 1}]", "expect: [{count: 2, level: medium}]")
        .replace("expect: []", "expect: [{count: 1}]")
        .replace("level: high}]", "level: high}, {group: {user.name: bob}}]");
    let unread = LOGIN.replace("schema: 1", "schema: 9");
    let none = "title: T\nlogsource: {product: app}\ndetection:\n  s: {a: 1}\n  condition: s\n";
    let env =
        env(&[("login.yml", LOGIN), ("wrong.yml", &wrong), ("unread.yml", &unread), ("none.yml", none)]);
    let commands =
        ["rules test login.yml", "rules test wrong.yml", "rules test unread.yml", "rules test none.yml"];
    insta::assert_snapshot!(transcript(&env, &commands), @r#"
    $ soctop rules test login.yml
    ok      failed_login: is found
    ok      failed_login: probes are left out
    ok      guessing: three are enough
    3 passed, 0 failed
    [0]
    $ soctop rules test wrong.yml
    FAILED  failed_login: is found  (wrong.yml:17:7)
            incident 1, count: expected 2, got 1
            incident 1, level: expected "medium", got "low"
    FAILED  failed_login: probes are left out  (wrong.yml:20:7)
            expected 1 incident, got 0
            incident 1 is missing: {"count":1}
    FAILED  guessing: three are enough  (wrong.yml:37:7)
            expected 2 incidents, got 1
            incident 2 is missing: {"group":{"user.name":"bob"}}
    0 passed, 3 failed
    [1]
    $ soctop rules test unread.yml
    unread.yml:14:11: `schema` must be 1, the only version there is
    unread.yml:35:11: `schema` must be 1, the only version there is
    0 passed, 0 failed
    [2]
    $ soctop rules test none.yml
    0 passed, 0 failed: no rule has `soctop: tests:`
    [0]
    "#);
}

#[test]
fn what_cannot_be_found_is_said_with_a_next_step() {
    let env = env(&[("login.yml", LOGIN), ("notes.txt", "no rules here")]);
    std::fs::create_dir(env.log("empty")).expect("a folder");
    let commands = [
        "rules check nowhere.yml",
        "rules check empty",
        "rules show failed_logn --rules login.yml",
        "rules show nothing --rules login.yml",
        "rules show login.yml",
        "hunt my-rules/",
        "rules show failed_login --rules login.yml --event nowhere.log",
    ];
    insta::assert_snapshot!(transcript(&env, &commands), @r"
    $ soctop rules check nowhere.yml
    error: cannot read rules from `nowhere.yml`
    caused by: No such file or directory (os error 2)
    [2]
    $ soctop rules check empty
    error: there is no rule file to check
    hint: rule files end in `.yml` or `.yaml`
    [2]
    $ soctop rules show failed_logn --rules login.yml
    error: no rule is called `failed_logn`
    hint: did you mean `failed_login`?
    [2]
    $ soctop rules show nothing --rules login.yml
    error: no rule is called `nothing`
    hint: `soctop rules list` lists all
    [2]
    $ soctop rules show login.yml
    error: no rule is called `login.yml`
    hint: name the rule (title, name or id) first, then its files
    [2]
    $ soctop hunt my-rules/
    error: there is no file or folder `my-rules/`
    hint: `soctop rules list` lists all
    [2]
    $ soctop rules show failed_login --rules login.yml --event nowhere.log
    ▁ LOW   Failed login
    name       failed_login
    file       login.yml:2:1
               Somebody gave a wrong password.
    error: cannot read `nowhere.log`
    caused by: No such file or directory (os error 2)
    [2]
    ");
}

/// Titles, keys, values and messages are chosen by whoever wrote the rule.
#[test]
fn hostile_text_of_rules_never_reaches_the_terminal() {
    let hostile = "\\e[2J\\e]0;x\\a\\u202e\\u2066\\u200b\\b\\0\\x9b31m";
    let fine = format!(
        "title: \"T {hostile}\"\nid: \"{hostile}\"\nname: evil\ndescription: \"{hostile}\"\nauthor: \"{hostile}\"
logsource: {{product: \"{hostile}\"}}\ndetection:\n  s: {{\"a{hostile}\": \"{hostile}\"}}\n  condition: s\n
soctop:\n  schema: 1\n  tests: [{{name: \"{hostile}\", events: [{{a: \"{hostile}\"}}], expect: [{{count: \"{hostile}\"}}]}}]\n"
    );
    let raw = "\u{1b}[2J\u{202e}\u{2066}\u{9b}31m";
    let broken = format!(
        "titel: {raw}\nlogsource: {{\"{raw}\": x}}\ndetection:\n  '{raw}': {{'a|{raw}': 1}}\n  condition: {raw}\n"
    );
    let broken_too = format!(
        "title: \"{hostile}\"\nlogsource: {{product: a}}\ndetection:\n  s: {{\"a|{hostile}\": 1}}\n  condition: \"{hostile}\"\n"
    );
    let log = format!("{{\"a\":\"{raw}\"}}\n{raw}\n");
    let env = env(&[
        ("fine.yml", &fine),
        ("broken.yml", &broken),
        ("broken_too.yml", &broken_too),
        ("evil.log", &log),
    ]);
    let said = transcript(
        &env,
        &[
            "rules check .",
            "rules list fine.yml",
            "rules list fine.yml --events evil.log --format ndjson",
            "rules list broken.yml",
            "rules show evil --rules fine.yml",
            "rules show evil --rules fine.yml --event evil.log",
            "rules test fine.yml",
        ],
    );
    assert!(said.contains("unknown modifier"), "{said}");
    assert!(said.contains("FAILED"), "{said}");
    let harmless = |c: char| {
        c == '\n'
            || !(c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    let bad: Vec<&str> = said.lines().filter(|line| !line.chars().all(harmless)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

const MINE: &str = "\
title: Mine
id: 3f1f2b61-0a51-4d0f-9d0e-6f3f6a1c2e77
name: mine
logsource: {category: application}
detection:
  seen: {event.action: thing_seen}
  condition: seen
level: medium
";

#[test]
fn rules_of_ones_own_add_to_the_bundled_ones_or_stand_alone() {
    let env = TestEnv::new();
    std::fs::write(env.path("mine.yml"), MINE).expect("a rule");
    let lines = [
        r#"{"timestamp":"2026-03-01T09:30:00Z","event":"thing_seen","user":"ann"}"#,
        r#"{"timestamp":"2026-03-01T09:30:01Z","event":"refresh_token_reuse","user":"ann"}"#,
    ];
    std::fs::write(env.path("app.log"), lines.join("\n") + "\n").expect("a log");
    let titles = |arguments: &[&str]| {
        let told = env.stdout_of(&[&["replay", "app.log", "--format", "ndjson"], arguments].concat(), 0);
        let has = |title: &str| told.contains(&format!("\"title\":\"{title}\""));
        [has("Mine"), has("Refresh token used twice")]
    };
    assert_eq!(titles(&["--rules", "mine.yml"]), [true, true]);
    assert_eq!(titles(&["--only-rules", "mine.yml"]), [true, false]);
    assert_eq!(titles(&[]), [false, true]);
    let instead = MINE.replace("name: mine", "name: refresh_token_reused");
    std::fs::write(env.path("mine.yml"), instead).expect("a rule");
    assert_eq!(titles(&["--rules", "mine.yml"]), [true, false]);
}

#[test]
fn bundled_rules_are_written_out_and_nothing_is_overwritten() {
    let env = TestEnv::new();
    env.stdout_of(&["rules", "export", "out"], 0);
    let text = std::fs::read_to_string(env.path("out/host/log_cleared.yml")).expect("a rule");
    assert!(text.contains("name: log_cleared"), "{text}");
    env.stdout_of(&["rules", "check", "out"], 0);
    assert!(!env.run(&["rules", "export", "out"]).status.success());
}

/// A scanner of one's own: what is proposed hides it, and nothing else.
#[test]
fn tuning_proposes_filters_that_hide_what_they_say() {
    let env = TestEnv::new();
    let rule = "title: Scan\nname: scan\nlogsource: {category: application}\ndetection:\n  s: {event: scan}\n  condition: s\nlevel: low\nsoctop:\n  schema: 1\n  show: '{source.ip} scans'\n  alert: {group-by: [source.ip], close_after: 1m}\n";
    std::fs::create_dir(env.path("rules")).expect("a folder");
    std::fs::write(env.path("rules/scan.yml"), rule).expect("a rule");
    let line = |hour: u32, ip: &str| {
        format!(
            "{{\"timestamp\":\"2026-11-28T{hour:02}:00:00Z\",\"event\":\"scan\",\"client_ip\":\"{ip}\"}}\n"
        )
    };
    let log: String = (1..5).map(|hour| line(hour, "192.0.2.7")).chain([line(6, "203.0.113.9")]).collect();
    std::fs::write(env.log("app.log"), log).expect("a log");
    let page = env.stdout_of(&["rules", "tune", "--only-rules", "rules", "logs/app.log"], 0);
    assert!(page.contains("# 4 of 5 incidents of scan (low)") && page.contains("192.0.2.7 scans"), "{page}");
    assert!(!page.contains("203.0.113.9"), "{page}");
    std::fs::write(env.path("rules/known.yml"), page).expect("a filter");
    let left = env.stdout_of(&["replay", "--only-rules", "rules", "--format", "ndjson", "logs/app.log"], 0);
    assert!(left.contains("203.0.113.9 scans") && !left.contains("192.0.2.7 scans"), "{left}");
}
