//! The configuration: what is in force and who decided it, what is refused and where, and that every key
//! has an effect.

use std::path::{Path, PathBuf};
use std::process::Output;

use soctop::config;
use soctop::normalize::FieldTarget;

use crate::harness::{TestEnv, append, make_pipe};

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
    append(&env.path("crawlers.txt"), "192.0.2.0/24\n");
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
    bundled = true                           # default
    routing = false                          # file, line 2
    vocabulary = []                          # default

    [store]
    data_dir = "/var/lib/soctop"             # environment SOCTOP_DATA_DIR

    [retention]

    [screen]
    fps = 20                                 # flag --fps
    ascii = false                            # flag --ascii
    no_motion = false                        # environment NO_MOTION
    theme = "terminal"                       # default
    mouse = true                             # default
    "#);
}

#[test]
fn what_is_kept_is_told_by_the_file_or_by_a_flag() {
    let env = configured("[retention]\nage = \"4w\"\nmax_size = \"20GB\"\n");
    let effective = |flags: &[&str]| stdout(&run(&env, &[&["config", "--effective"], flags].concat()));
    let shown = effective(&[]);
    assert!(shown.contains("age = \"4w\"") && shown.contains("max_size = \"20GB\""), "{shown}");
    let shown = effective(&["--retain", "12h"]);
    assert!(shown.contains("age = \"12h\"") && shown.contains("flag --retain"), "{shown}");
    assert!(shown.contains("max_size = \"20GB\"") && shown.contains("file, line 3"), "{shown}");
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

#[test]
fn a_pipe_in_place_of_a_file_is_refused_without_waiting_for_a_writer() {
    let env = configured("[lists]\nadmins = { file = \"pipe\" }\n");
    make_pipe(&env.path("pipe"));
    for file in ["pipe", "config.toml"] {
        let output = env.run(&["--config", file, "config", "--effective"]);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(said.contains("it is not a regular file"), "{said}");
    }
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
    ("[retention]\nage = 30\n", "2:7", "`age` must be a text, this is a number"),
    ("[retention]\nage = \"30\"\n", "2:7", "`age`: a span is a number and a unit: `30d`, `12h`, `4w`"),
    (
        "[retention]\nmax_size = \"1 heap\"\n",
        "2:12",
        "`max_size`: a size is a number and a unit: `20GB`, `500MB`",
    ),
    ("[lists]\nadmins = []\n", "2:10", "the list `admins` has no values"),
    ("[lists]\nadmins = {}\n", "2:10", "neither values nor a file"),
    ("[lists]\nadmins = { fil = \"x\" }\n", "2:12", "did you mean `file`?"),
    ("[lists]\nadmins = { file = \"nowhere.txt\" }\n", "2:19", "cannot read"),
    ("[lists]\n\"%admins%\" = [\"root\"]\n", "2:1", "has no `%`"),
    ("[source]\npaths = [\"a\"]\n", "1:1", "write `[[source]]`"),
    ("[[source]]\nformat = \"json\"\n", "1:1", "this source has no `paths`"),
    ("[[source]]\npaths = [\"a[\"]\n", "2:10", "is not a pattern"),
    ("[[source]]\npaths = [\"a\"]\nfomat = \"json\"\n", "3:1", "did you mean `format`?"),
    ("[[source]]\npaths = [\"a\"]\nformat = \"jsn\"\n", "3:10", "did you mean `json`?"),
    ("[[source]]\npaths = [\"a\"]\nformat = \"xml\"\n", "3:10", "can be described by `pattern`"),
    ("[[source]]\npaths = [\"a\"]\nformat = \"json\"\npattern = '(?<a>b)'\n", "3:10", "not both"),
    ("[[source]]\npaths = [\"a\"]\npattern = '(a'\n", "3:11", "not a regular expression: unclosed group"),
    ("[[source]]\npaths = [\"a\"]\npattern = '(a)'\n", "3:11", "no group of the expression has a name"),
    ("[[source]]\npaths = [\"a\"]\nfields = { a = \"user.nam\" }\n", "3:16", "did you mean `user.name`?"),
    ("[[source]]\npaths = [\"a\"]\nfields = { a = 1 }\n", "3:16", "`a` must be a text"),
    ("[[source]]\npaths = [\"a\"]\ntimezone = \"Berlin\"\n", "3:12", "did you mean `Europe/Berlin`?"),
    ("[[source]]\npaths = [\"a\"]\ntimezone = \"Europe/Berln\"\n", "3:12", "did you mean `Europe/Berlin`?"),
    ("[[source]]\npaths = [\"a\"]\ntimezone = \"+25:00\"\n", "3:12", "unknown time zone"),
    ("[[source]]\npaths = [\"a\"]\nyear = 26\n", "3:8", "`year` must be from 1970 to 2200"),
    ("[[source]]\npaths = [\"a\"]\ncorrelation = { user = [\"a\"] }\n", "3:17", "did you mean `use`?"),
    ("[[source]]\npaths = [\"a\"]\nlogsource = { produkt = \"a\" }\n", "3:15", "did you mean `product`?"),
    (
        "[[source]]\npaths = [\"a\"]\ndefaults = { \"servce.name\" = \"a\" }\n",
        "3:14",
        "did you mean `service.name`?",
    ),
    ("[[source]]\npaths = [\"a\"]\nredaction = { patterns = ['('] }\n", "3:27", "not a regular expression"),
    ("[redaction]\npatterns = ['x*']\n", "2:13", "matches the empty text"),
    ("[redaction]\nenabled = false\n", "2:1", "unknown key `enabled`"),
    ("[screen\nfps = 3\n", "1:8", "error"),
    ("[screen]\nfps = 3\nfps = 4\n", "3:1", "duplicate key"),
];

#[test]
fn every_mistake_is_reported_with_its_place_and_nothing_runs() {
    let mut wrong = Vec::new();
    for (file, place, said) in MISTAKES {
        let env = configured(file);
        let output = run(&env, &["replay", "--rules", "none", "none"]);
        let stderr = text(&output.stderr);
        let at = format!("config.toml:{place}\n");
        if output.status.code() != Some(2) || !stderr.contains(&at) || !stderr.contains(said) {
            wrong.push(format!("{place} {said}\n{file}\n{stderr}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
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
        let env =
            with_list_rule(&format!("[rules]\nbundled = false\npaths = [\"rule.yml\"]\n[lists]\n{list}\n"));
        std::fs::write(env.path("admins.txt"), "# people who may\nroot\n").expect("the list can be written");
        let shown = stdout(&run(&env, &["replay", "logs/app.log"]));
        assert!(shown.contains("An administrator came in"), "{shown}");
        let output = run(&env, &["rules", "check"]);
        assert!(text(&output.stderr).contains("1 rule of 1 file loads, 0 errors"), "{output:?}");
    }
}

#[test]
fn a_rule_whose_list_is_not_configured_is_refused_by_name() {
    let env = with_list_rule("[lists]\nadminz = [\"root\"]\n");
    let output = run(&env, &["rules", "check", "rule.yml"]);
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stdout);
    assert!(shown.contains("the placeholder `%admins%` has no values"), "{shown}");
    assert!(shown.contains("did you mean `adminz`?"), "{shown}");
}

#[test]
fn rules_of_the_file_run_unless_a_flag_names_others() {
    let env =
        with_list_rule("[rules]\nbundled = false\npaths = [\"rule.yml\"]\n[lists]\nadmins = [\"root\"]\n");
    let listed = stdout(&run(&env, &["rules", "list"]));
    assert_eq!(listed.lines().count(), 2, "a heading and the rule: {listed}");
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

/// Incidents of a rule that is given in short: `field: value` of its selection.
fn matches(env: &TestEnv, selection: &str, log: &str) -> bool {
    let rule = RULE_WITH_LIST
        .replace("    event.action: login\n    user.name|expand: '%admins%'", &format!("    {selection}"));
    std::fs::write(env.path("rule.yml"), rule).expect("the rule can be written");
    stdout(&run(env, &["replay", "--only-rules", "rule.yml", log])).contains("An administrator came in")
}

fn source(lines: &str, log: &str) -> TestEnv {
    let env = configured(&format!("[[source]]\npaths = [\"logs/*.log\"]\n{lines}\n"));
    append(&env.log("app.log"), &format!("{log}\n"));
    env
}

#[test]
fn every_key_of_a_source_has_an_effect() {
    let json = r#"{"zeit":"2026-07-01 12:00:00","wer":"alice","wo":{"ip":"203.0.113.9"},"vorgang":"4711-a"}"#;
    let text = "2026-07-01T12:00:00Z;login;alice";
    // What is configured, a line, and what a rule then finds (and does not find without it).
    let cases = [
        ("fields = { wer = \"user.name\" }", json, "user.name: alice"),
        ("fields = { wo.ip = \"source.ip\" }", json, "source.ip: 203.0.113.9"),
        ("correlation = { use = [\"vorgang\"] }", json, "correlation.id: 4711-a"),
        ("defaults = { \"service.name\" = \"lattice\" }", json, "service.name: lattice"),
        (r"pattern = '^(?<time>[^;]+);(?<event.action>\w+);(?<user.name>\w+)$'", text, "user.name: alice"),
        ("format = \"plain\"", json, "message|contains: vorgang"),
        ("format = \"logfmt\"", "wer=alice", "wer: alice"),
        ("format = \"json\"", "a=1 b=2 c=3", "message: a=1 b=2 c=3"),
    ];
    for (configured, line, selection) in cases {
        assert!(matches(&source(configured, line), selection, "logs/app.log"), "{configured}");
        assert!(!matches(&source("", line), selection, "logs/app.log"), "without {configured}");
    }
    for configured in ["redaction = { fields = [\"wer\"] }", "redaction = { patterns = ['[a-z]lic[a-z]'] }"] {
        let env = source(configured, json);
        assert!(matches(&env, "wer: alice", "logs/app.log"), "rules see what was read: {configured}");
        stdout(&run(&env, &["ingest", "logs/app.log"]));
        let found = stdout(&run(&env, &["search", "*", "--format", "ndjson"]));
        assert!(found.contains("‹secret:") && !found.contains("alice"), "{configured}: {found}");
    }
}

#[test]
fn an_id_that_is_not_trusted_is_no_correlation_id() {
    let line = r#"{"request_id":"chosen-1"}"#;
    assert!(matches(&source("", line), "correlation.id: chosen-1", "logs/app.log"));
    let never = source("correlation = { never = [\"request_id\"] }", line);
    assert!(!matches(&never, "correlation.id: chosen-1", "logs/app.log"));
    assert!(matches(&never, "request_id: chosen-1", "logs/app.log"));
}

#[test]
fn a_logsource_routes_rules() {
    let line = r#"{"user":"alice"}"#;
    assert!(matches(&source("", line), "user.name: alice", "logs/app.log"));
    let other = source("logsource = { category = \"webserver\" }", line);
    assert!(!matches(&other, "user.name: alice", "logs/app.log"));
    let same = source("logsource = { category = \"application\" }", line);
    assert!(matches(&same, "user.name: alice", "logs/app.log"));
}

/// When the only alert of a replay happened.
fn alert_time(env: &TestEnv) -> String {
    let rule =
        RULE_WITH_LIST.replace("    event.action: login\n    user.name|expand: '%admins%'", "    x: y");
    std::fs::write(env.path("rule.yml"), rule).expect("the rule can be written");
    let shown =
        stdout(&run(env, &["replay", "--only-rules", "rule.yml", "--format", "ndjson", "logs/app.log"]));
    let alert: serde_json::Value =
        serde_json::from_str(shown.lines().next().expect("an alert")).expect("an alert is JSON");
    alert["time"].as_str().expect("an alert has a time").to_owned()
}

#[test]
fn timestamps_without_a_zone_or_year_are_completed_as_configured() {
    let zoneless = r#"{"time":"2026-07-01 12:00:00","x":"y"}"#;
    assert!(alert_time(&source("", zoneless)).starts_with("2026-07-01T12:00:00"));
    let berlin = source("timezone = \"Europe/Berlin\"", zoneless);
    assert!(alert_time(&berlin).starts_with("2026-07-01T10:00:00"));
    let fixed = source("timezone = \"-03:30\"", zoneless);
    assert!(alert_time(&fixed).starts_with("2026-07-01T15:30:00"));
    let yearless = r#"{"time":"Jul  1 12:00:00","x":"y"}"#;
    assert!(alert_time(&source("year = 2019", yearless)).starts_with("2019-07-01T12:00:00"));
}

#[test]
fn the_first_source_that_matches_counts_and_others_are_left_alone() {
    let env = configured(
        "[[source]]\npaths = [\"**/special.log\"]\nfields = { wer = \"user.name\" }\n\
         [[source]]\npaths = [\"logs\"]\nfields = { wer = \"source.ip\" }\n",
    );
    let line = "{\"wer\":\"203.0.113.9\"}\n";
    for name in ["special.log", "other.log", "../outside.log"] {
        append(&env.log(name), line);
    }
    assert!(matches(&env, "user.name: 203.0.113.9", "logs/special.log"));
    assert!(!matches(&env, "source.ip: 203.0.113.9", "logs/special.log"));
    assert!(matches(&env, "source.ip: 203.0.113.9", "logs/other.log"));
    assert!(!matches(&env, "source.ip: 203.0.113.9", "outside.log"));
}

#[test]
fn configured_secrets_reach_neither_the_index_nor_the_screen() {
    let env = configured("[redaction]\nfields = [\"tax_id\"]\npatterns = ['KD-\\d{4}']\n");
    append(&env.log("app.log"), "{\"tax_id\":\"geheim-1\",\"message\":\"order of KD-1234\"}\n");
    stdout(&run(&env, &["ingest", "logs/app.log"]));
    let found = stdout(&run(&env, &["search", "--format", "ndjson", "order"]));
    assert!(found.contains("‹secret:"), "{found}");
    assert!(!found.contains("geheim") && !found.contains("KD-1"), "{found}");
}

#[test]
fn watch_without_paths_reads_those_of_the_configuration() {
    let env = configured("[[source]]\npaths = [\"logs/*.log\"]\nfields = { wer = \"user.name\" }\n");
    append(&env.log("app.log"), "{\"wer\":\"alice\",\"message\":\"hello\"}\n");
    let mut terminal = env.terminal(120, 36, &["--config", "config.toml", "watch"]);
    terminal.wait_until(|screen| screen.contains("THREAT")).expect("the overview is drawn");
    terminal.send(termlens::Key::Char('2')).expect("a key is sent");
    terminal.wait_until(|screen| screen.contains("hello")).expect("the event is on the screen");
    terminal.send(termlens::Key::Ctrl('c')).expect("a key is sent");
    assert!(terminal.wait_exit().expect("the program ends").success());
    assert!(stdout(&run(&env, &["search", "user.name:alice"])).contains("hello"));
}

#[test]
fn watch_without_paths_and_sources_says_what_to_type() {
    let output = configured("").run(&["watch"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("soctop watch /var/log/app/*.log"));
}

/// A document before, between and after `<!-- name -->` and `<!-- /name -->`.
fn marked<'d>(document: &'d str, name: &str) -> (&'d str, &'d str, &'d str) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = document.find(&open).expect("the part begins") + open.len();
    let (before, rest) = document.split_at(start);
    let (part, after) = rest.split_at(rest.find(&close).expect("the part ends"));
    (before, part, after)
}

fn reference() -> String {
    let mut page = String::new();
    for section in config::SECTIONS {
        let heading =
            if section.repeated { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
        page += &format!("### `{heading}`\n\n{}\n\n", section.about);
        for key in section.keys {
            page +=
                &format!("- `{} = {}`<br>\n  {}\n", key.name, key.example, key.about.replace('\n', "\n  "));
        }
        page += if section.keys.is_empty() { "" } else { "\n" };
    }
    page
}

fn targets() -> String {
    let mut names: Vec<String> = FieldTarget::names().map(|name| format!("`{name}`")).collect();
    names.sort();
    names.chunks(5).map(|row| row.join(" ") + "\n").collect()
}

#[test]
fn the_document_lists_every_key_and_every_field_that_can_be_meant() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let mut document = std::fs::read_to_string(&path).expect("the document can be read");
    let mut stale = Vec::new();
    for (name, now) in [("reference", reference()), ("targets", targets())] {
        let (before, is, after) = marked(&document, name);
        if is != now {
            stale.push(name);
            document = format!("{before}{now}{after}");
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, document).expect("the document can be written");
    } else {
        assert!(stale.is_empty(), "UPDATE_EXPECT=1 writes {stale:?} of docs/configuration.md anew");
    }
}

/// The example of the document, as a new user would copy it.
#[test]
fn the_example_of_the_document_makes_an_unknown_format_events() {
    let document = include_str!("../../docs/configuration.md");
    let block = |head: &str| {
        let (_, block) = document.split_at(document.find(head).expect("the example"));
        block.split("```").next().unwrap_or_default().trim_end().to_owned()
    };
    let line = block("29.11.2026");
    let env = TestEnv::new();
    append(&env.log("gate.log"), &format!("{line}\nTraceback: nothing\n"));
    std::fs::write(env.path("config.toml"), block("[[source]]\n").replace("/var/log/gate", "logs"))
        .expect("the configuration can be written");
    stdout(&run(&env, &["ingest", "logs/gate.log"]));
    let found = stdout(&run(&env, &["search", "--format", "ndjson", "user.name:a.meier"]));
    let event: serde_json::Value = serde_json::from_str(&found).expect("one event");
    let fields = event["fields"].as_array().expect("fields").iter().filter(|field| field["derived"] == true);
    let shown: Vec<String> = fields.map(|field| format!("{} = {}", field["name"], field["value"])).collect();
    insta::assert_snapshot!(format!("{}\n{}", event["@timestamp"], shown.join("\n")), @r#"
    "2026-11-29T22:59:58Z"
    "correlation.id" = "7731"
    "event.action" = "KARTE ABGELEHNT"
    "user.name" = "a.meier"
    "source.ip" = "203.0.113.9"
    "service.name" = "gate"
    "related.user" = "a.meier"
    "#);
    assert!(stdout(&run(&env, &["trace", "7731"])).contains("7731"));
    assert!(!found.contains("00471100"), "{found}");
}

#[test]
fn what_is_known_to_be_harmless_is_named_once_and_left_alone() {
    const LINE: &str =
        "Nov 28 09:00:01 web1 sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2\n";
    let guessing = |configured: &str| {
        let env = configured_with(configured, &LINE.repeat(30));
        stdout(&run(&env, &["replay", "ssh.log"]))
    };
    assert!(guessing("").contains("root would be locked"));
    for (known, is_it) in [
        ("from = [\"203.0.113.0/24\"]", true),
        ("from_file = \"ours.txt\"", true),
        ("from = [\"203.0.113.9\"]\nusers = [\"ro*\"]", true),
        ("hosts = [\"web*\"]\nusers = [\"root\"]", true),
        ("from = [\"203.0.113.8\"]", false),
        ("from = [\"203.0.113.9\"]\nusers = [\"backup\"]", false),
        ("from = [\"203.0.113.9\"]\nagents = [\"*probe*\"]", false),
        ("from = [\"203.0.113.9\"]\npaths = [\"/health\"]", false),
        ("hosts = [\"db*\"]", false),
    ] {
        let said = guessing(&format!("[[benign]]\nname = \"scanner\"\n{known}\n"));
        assert_eq!(said.contains("0 incidents"), is_it, "{known}: {said}");
    }
    let env = configured_with("[[benign]]\nname = \"scanner\"\nfrom = [\"203.0.113.9\"]\n", LINE);
    let explained = stdout(&run(&env, &["explain", "ssh.log"]));
    assert!(explained.contains("soctop.benign") && explained.contains("scanner"), "{explained}");
    let refused = run(
        &configured_with("[[benign]]\nname = \"probe\"\nagents = [\"*\"]\n", LINE),
        &["replay", "ssh.log"],
    );
    assert!(text(&refused.stderr).contains("anybody can claim to be `probe`"), "{}", text(&refused.stderr));
}

/// A configuration, a log of sshd, and a file of addresses.
fn configured_with(text: &str, log: &str) -> TestEnv {
    let env = configured(text);
    append(&env.path("ssh.log"), log);
    append(&env.path("ours.txt"), "# ours\n203.0.113.9\n");
    env
}
