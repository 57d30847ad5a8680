//! The configuration: what is in force and who decided it, what is refused and where, and that every key
//! has an effect.

use std::path::PathBuf;
use std::process::Output;

use crate::harness::{TestEnv, append};

/// A rule that needs the list `admins`.
const RULE_WITH_LIST: &str = "\
title: An administrator came in
id: 0b0e9a36-7b0f-4a53-9c2f-0f6f3a2f9c11
name: admin_login
status: test
logsource: {category: application}
detection:
  selection:
    event.action: login
    user.name|expand: '%admins%'
  condition: selection
level: medium
";

fn configured(text: &str) -> TestEnv {
    let env = TestEnv::new();
    std::fs::write(env.path("config.toml"), text).expect("the configuration can be written");
    env
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// Runs with `--config config.toml`.
fn run(env: &TestEnv, args: &[&str]) -> Output {
    let mut all = vec!["--config", "config.toml"];
    all.extend(args);
    env.run(&all)
}

/// Standard output of a run that must succeed.
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_template_explains_every_key_and_is_valid_as_it_stands_and_without_the_signs() {
    let env = TestEnv::new();
    let template = env.stdout_of(&["config"], 0);
    insta::assert_snapshot!(template);

    std::fs::write(env.path("config.toml"), &template).expect("the configuration can be written");
    stdout(&run(&env, &["config", "--effective"]));

    let uncommented: String = template.lines().map(|line| format!("{}\n", uncomment(line))).collect();
    std::fs::write(env.path("config.toml"), uncommented).expect("the configuration can be written");
    append(&env.path("scanners.txt"), "nikto\n");
    stdout(&run(&env, &["config", "--effective"]));
}

/// `# ` begins a remark, `#` alone a setting.
fn uncomment(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)
}

#[test]
fn the_effective_configuration_says_who_decided_each_value() {
    let env = configured("[rules]\nrouting = false\n\n[screen]\nfps = 5\nascii = true\nno_motion = true\n");
    let output = env
        .command(&["config", "--effective", "--fps", "20", "--ascii=false"])
        .env("SOCTOP_CONFIG", "config.toml")
        .env("SOCTOP_DATA_DIR", "/var/lib/soctop")
        .env("NO_MOTION", "0")
        .output()
        .expect("the binary runs");
    insta::assert_snapshot!(stdout(&output), @r#"
    # config.toml (SOCTOP_CONFIG)

    [rules]
    paths = []                               # default
    routing = false                          # file, line 2

    [store]
    data_dir = "/var/lib/soctop"             # environment SOCTOP_DATA_DIR

    [screen]
    fps = 20                                 # flag --fps
    ascii = false                            # flag --ascii
    no_motion = false                        # environment NO_MOTION
    "#);
}

#[test]
fn the_file_of_the_user_is_found_without_being_named() {
    let env = TestEnv::new();
    std::fs::write(env.path(".config/soctop/config.toml"), "[screen]\nfps = 7\n").expect("written");
    let shown = env.stdout_of(&["config", "--effective"], 0);
    assert!(shown.contains("fps = 7") && shown.contains("file, line 2"), "{shown}");

    std::fs::create_dir_all(env.path("elsewhere/soctop")).expect("a folder");
    std::fs::write(env.path("elsewhere/soctop/config.toml"), "[screen]\nfps = 8\n").expect("written");
    let output = env
        .command(&["config", "--effective"])
        .env("XDG_CONFIG_HOME", env.path("elsewhere"))
        .output()
        .expect("the binary runs");
    assert!(stdout(&output).contains("fps = 8"));
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let env = TestEnv::new();
    let output = env.run(&["--config", "missing.toml", "search", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot read the configuration `missing.toml`"));
}

/// One mistake each: the file, where it is wrong, and what is said.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("[scren]\n", "1:2", "unknown key `scren`"),
    ("[scren]\n", "1:2", "did you mean `screen`?"),
    ("[screen]\nfsp = 3\n", "2:1", "unknown key `fsp` in `[screen]`"),
    ("[screen]\nfsp = 3\n", "2:1", "did you mean `fps`?"),
    ("[screen]\nbanana = 3\n", "2:1", "known here: fps, ascii, no_motion"),
    ("[screen]\nfps = 0\n", "2:7", "`fps` must be from 1 to 30"),
    ("[screen]\nfps = \"many\"\n", "2:7", "`fps` must be a whole number, this is a text"),
    ("[screen]\nascii = 1\n", "2:9", "`ascii` must be true or false, this is a number"),
    ("screen = 3\n", "1:10", "`screen` must be a table, this is a number"),
    ("[rules]\npaths = [1]\n", "2:10", "`paths` must be a text, this is a number"),
    ("[rules]\npaths = [\"\"]\n", "2:10", "`paths` is empty"),
    ("[store]\ndata_dir = true\n", "2:12", "`data_dir` must be a text, this is true or false"),
    ("[lists]\nadmins = []\n", "2:10", "the list `admins` has no values"),
    ("[lists]\nadmins = {}\n", "2:10", "neither values nor a file"),
    ("[lists]\nadmins = { fil = \"x\" }\n", "2:12", "did you mean `file`?"),
    ("[lists]\nadmins = { file = \"nowhere.txt\" }\n", "2:19", "cannot read"),
    ("[lists]\n\"%admins%\" = [\"root\"]\n", "2:1", "has no `%`"),
    ("[screen\nfps = 3\n", "1:8", "error"),
    ("[screen]\nfps = 3\nfps = 4\n", "3:1", "duplicate key"),
];

#[test]
fn every_mistake_is_reported_with_its_place_and_nothing_runs() {
    for (file, place, said) in MISTAKES {
        let env = configured(file);
        let output = run(&env, &["replay", "--rules", "none", "none"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{file}\n{stderr}");
        assert!(stderr.contains(&format!("config.toml:{place}")), "{place} of\n{file}\n{stderr}");
        assert!(stderr.contains(said), "{said} of\n{file}\n{stderr}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    let env = configured("[screen]\nfps = 99\nasci = true\n\n[rules]\nrouting = \"no\"\n");
    let stderr = text(&run(&env, &["config", "--effective"]).stderr);
    insta::assert_snapshot!(stderr, @r#"
    error: `fps` must be from 1 to 30
     --> config.toml:2:7
      |
    2 | fps = 99
      |       ^

    error: unknown key `asci` in `[screen]`
     --> config.toml:3:1
      |
    3 | asci = true
      | ^
      = hint: did you mean `ascii`?

    error: `routing` must be true or false, this is a text
     --> config.toml:6:11
      |
    6 | routing = "no"
      |           ^

    error: the configuration `config.toml` cannot be used
    hint: `soctop config` prints a file in which every key is explained
    "#);
}

/// A home with a rule that needs a list, and a log that it matches.
fn with_list_rule(config: &str) -> TestEnv {
    let env = configured(config);
    std::fs::write(env.path("rule.yml"), RULE_WITH_LIST).expect("the rule can be written");
    let line = r#"{"timestamp":"2026-03-01T09:00:00Z","event":"login","user":"root"}"#;
    append(&env.log("app.log"), &format!("{line}\n"));
    env
}

#[test]
fn a_list_fills_a_placeholder_in_replay_check_and_test() {
    for list in ["admins = [\"root\", \"adm*\"]", "admins = { file = \"admins.txt\" }"] {
        let env = with_list_rule(&format!("[rules]\npaths = [\"rule.yml\"]\n[lists]\n{list}\n"));
        std::fs::write(env.path("admins.txt"), "# people who may\nroot\n").expect("the list can be written");
        let shown = stdout(&run(&env, &["replay", "logs/app.log"]));
        assert!(shown.contains("An administrator came in"), "{shown}");
        let output = run(&env, &["rules", "check"]);
        assert!(text(&output.stderr).contains("1 rules of 1 files load, 0 errors"), "{output:?}");
    }
}

#[test]
fn a_rule_whose_list_is_not_configured_is_refused_by_name() {
    let env = with_list_rule("[lists]\nadminz = [\"root\"]\n");
    let output = run(&env, &["rules", "check", "rule.yml"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("the placeholder `%admins%` has no values"), "{shown}");
    assert!(shown.contains("did you mean `adminz`?"), "{shown}");
}

#[test]
fn rules_of_the_file_run_unless_a_flag_names_others() {
    let env = with_list_rule("[rules]\npaths = [\"rule.yml\"]\n[lists]\nadmins = [\"root\"]\n");
    let listed = stdout(&run(&env, &["rules", "list"]));
    assert_eq!(listed.lines().count(), 1, "{listed}");
    std::fs::create_dir(env.path("others")).expect("a folder");
    let listed = stdout(&run(&env, &["rules", "list", "others"]));
    assert!(listed.is_empty(), "{listed}");
}

#[test]
fn routing_can_be_switched_off_in_the_file_and_on_again_by_the_flag() {
    let env = configured("[rules]\npaths = [\"rule.yml\"]\nrouting = false\n");
    let rule = RULE_WITH_LIST
        .replace("event.action: login", "url.path: /admin")
        .replace("user.name|expand: '%admins%'", "source.ip: 203.0.113.9");
    std::fs::write(env.path("rule.yml"), rule).expect("the rule can be written");
    // The format proves that this is a web server, and no application.
    let line = r#"203.0.113.9 - - [01/Mar/2026:09:00:00 +0000] "GET /admin HTTP/1.1" 200 5 "-" "curl/8""#;
    append(&env.log("access.log"), &format!("{line}\n"));
    let found = |args: &[&str]| stdout(&run(&env, args)).contains("An administrator came in");
    assert!(found(&["replay", "logs/access.log"]));
    assert!(!found(&["replay", "--no-routing=false", "logs/access.log"]));
}

#[test]
fn the_index_is_where_the_file_says() {
    let env = configured("[store]\ndata_dir = \"here/index\"\n");
    append(&env.log("app.log"), "{\"message\":\"hello\"}\n");
    stdout(&run(&env, &["ingest", "logs/app.log"]));
    assert!(env.path("here/index").is_dir());
    assert!(stdout(&run(&env, &["search", "hello"])).contains("hello"));
    let elsewhere: PathBuf = env.path("elsewhere");
    let output = run(&env, &["search", "--data-dir", &elsewhere.to_string_lossy(), "hello"]);
    assert!(text(&output.stderr).contains("there is no index"), "{output:?}");
}
