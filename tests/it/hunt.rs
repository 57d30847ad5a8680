//! `soctop hunt`: rules over the index find what a replay of the same lines finds.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use soctop::alert::{Alert, AlertId, AlertStatus};
use soctop::correlate::{CorrelatorOptions, Output};
use soctop::event::{Event, Outcome, Redacted, Timestamp};
use soctop::index::{Options, Position, Reader, Writer};
use soctop::normalize::{self, Redactor};
use soctop::pipeline::{self, Clock, Engine, EngineOptions, Line, Recording, groups, recordings, replay};
use soctop::sigma::{LoadOptions, RuleSet, assemble, parse_documents};
use soctop::source::Input;

use super::harness::{TestEnv, append};
use super::queries;

fn options(normalize: normalize::Options) -> EngineOptions {
    let correlate = CorrelatorOptions { replayed: true, ..CorrelatorOptions::default() };
    EngineOptions { routing: true, normalize, correlate, ..EngineOptions::default() }
}

fn recorded() -> normalize::Options {
    normalize::Options { max_skew: None, ..normalize::Options::default() }
}

/// Incidents in their last state, told apart by what a person would: addresses of events differ between a file
/// and the index.
#[derive(Default)]
struct Told {
    last: HashMap<AlertId, Alert>,
}

type Row = (String, BTreeMap<String, String>, Timestamp, bool, u64, String);

impl Told {
    fn take(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            if let Output::Alert(alert) = output {
                self.last.insert(alert.alert_id, alert);
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |alert: &Alert| {
            let rule = alert.rule.reference().to_owned();
            let (group, summary) = (BTreeMap::clone(&alert.group), alert.summary.clone());
            (rule, group, alert.time, alert.status == AlertStatus::Close, alert.count, summary)
        };
        let mut rows: Vec<Row> = self.last.values().map(row).collect();
        rows.sort();
        rows
    }
}

fn replayed(rules: &RuleSet, files: &[PathBuf]) -> Vec<Row> {
    let mut engine = Engine::new(rules, &options(recorded()));
    let inputs: Vec<Input> = files.iter().cloned().map(Input::Path).collect();
    let (recordings, _) = recordings(&inputs).unwrap();
    let mut told = Told::default();
    let sink = |outputs, _: Option<&Event>| {
        told.take(outputs);
        anyhow::Ok(())
    };
    replay(recordings, &mut engine, |_| anyhow::Ok(()), sink).unwrap();
    told.rows()
}

/// All lines in an index, one file after the other, as they would have been read live.
fn ingested(folder: &Path, files: &[PathBuf]) -> Reader {
    let store = Options { heap_bytes: 15 << 20, ..Options::default() };
    let mut writer = Writer::open(folder, store).unwrap();
    let mut engine =
        Engine::new(&RuleSet::default(), &EngineOptions { routing: true, ..EngineOptions::default() });
    let mut redactor = Redactor::new(engine.paths(), normalize::Redaction::default());
    let inputs: Vec<Input> = files.iter().cloned().map(Input::Path).collect();
    for Recording { path, chunks } in recordings(&inputs).unwrap().0 {
        for chunk in chunks {
            let mut chunk = chunk.unwrap();
            for group in groups(&mut chunk) {
                let line = Line { read_at: Clock::Wall.now(), ..Line::of(&chunk, &group, &path) };
                let mut event = Event::default();
                let mut more = engine.line(&line, &mut event) != Outcome::Blank;
                while more {
                    let redacted = Redacted::by(&mut redactor, event.clone());
                    writer.add_event(&redacted, &engine.paths().read(), &path).unwrap();
                    more = engine.next(&line, &mut event);
                }
            }
        }
    }
    writer.commit(Position { seq_next: engine.next_seq(), ..Position::default() }).unwrap();
    let reader = writer.reader();
    drop(writer);
    reader
}

fn hunted(reader: &Reader, rules: &RuleSet) -> (Vec<Row>, pipeline::Hunted) {
    let mut normalize = recorded();
    normalize.redaction.enabled = false;
    let mut engine = Engine::new(rules, &options(normalize));
    let mut told = Told::default();
    let mut hunt = reader.hunt(rules, None, None);
    let hunted = pipeline::hunt(&mut hunt, &mut engine, |outputs| {
        told.take(outputs);
        anyhow::Ok(())
    });
    (told.rows(), hunted.unwrap())
}

#[track_caller]
fn assert_same(what: &str, replayed: &[Row], hunted: &[Row]) {
    let missing: Vec<_> = replayed.iter().filter(|row| !hunted.contains(row)).collect();
    let more: Vec<_> = hunted.iter().filter(|row| !replayed.contains(row)).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "{what}: of {} incidents a hunt misses {}: {missing:#?}\nand invents {}: {more:#?}",
        replayed.len(),
        missing.len(),
        more.len()
    );
}

fn sample_logs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    files
}

#[test]
fn a_hunt_finds_what_a_replay_finds_in_every_sample() {
    let (rules, _) = queries::load();
    let folder = tempfile::tempdir().unwrap();
    let files = sample_logs();
    let reader = ingested(folder.path(), &files);
    let (found, hunted) = hunted(&reader, &rules);
    assert!(found.len() > 100, "{} incidents", found.len());
    assert_eq!(hunted.events, reader.counts().unwrap().events);
    assert_same("all samples", &replayed(&rules, &files), &found);
    each_rule_matches_as_in_a_replay(&rules, &files, &reader);
}

#[test]
fn a_hunt_of_one_rule_finds_what_a_replay_of_all_finds_of_it() {
    let (rules, _) = queries::load();
    let folder = tempfile::tempdir().unwrap();
    let files = sample_logs();
    let reader = ingested(folder.path(), &files);
    let all = replayed(&rules, &files);
    let telling: BTreeSet<&str> = all.iter().map(|row| row.0.as_str()).collect();
    assert!(telling.len() > 30, "{} rules", telling.len());
    for name in telling {
        let named = BTreeSet::from([rules.find(name).unwrap()]);
        let reaching = rules.reaching_into(&named);
        let chosen = rules.only(&rules.with_all_they_name(named.into_iter().chain(reaching)));
        let of_it = |rows: &[Row]| rows.iter().filter(|row| row.0 == name).cloned().collect::<Vec<_>>();
        let (found, _) = hunted(&reader, &chosen);
        assert_same(name, &of_it(&all), &of_it(&found));
    }
}

/// What the index rules out for all rules together hides what it would wrongly rule out for one.
fn each_rule_matches_as_in_a_replay(rules: &RuleSet, files: &[PathBuf], reader: &Reader) {
    let wanted = matches_of_replay(rules, files);
    let mut narrowed = 0;
    for (rule, wanted) in rules.detections.iter().zip(wanted) {
        let alone = RuleSet { detections: vec![rule.clone()], correlations: Vec::new() };
        let (matches, looked_at, events) = matches_of_hunt(reader, &alone);
        assert_eq!(matches, wanted, "{} ({looked_at} of {events} events)", rule.header.title);
        narrowed += usize::from(looked_at < events);
    }
    assert!(narrowed * 10 > rules.detections.len() * 9, "only {narrowed} rules are narrowed");
}

/// How often each detection rule matches.
fn matches_of_replay(rules: &RuleSet, files: &[PathBuf]) -> Vec<u64> {
    let mut engine = Engine::new(rules, &options(recorded()));
    let inputs: Vec<Input> = files.iter().cloned().map(Input::Path).collect();
    let (recordings, _) = recordings(&inputs).unwrap();
    replay(recordings, &mut engine, |_| anyhow::Ok(()), |_, _| anyhow::Ok(())).unwrap();
    rules.detections.iter().map(|rule| matches(&engine, rule.header.reference())).collect()
}

fn matches(engine: &Engine, rule: &str) -> u64 {
    engine.rule_hits().iter().find(|hits| hits.rule.reference() == rule).map_or(0, |hits| hits.matches)
}

/// How often the only rule matches, how many events were looked at, and of how many.
fn matches_of_hunt(reader: &Reader, rules: &RuleSet) -> (u64, u64, u64) {
    let mut normalize = recorded();
    normalize.redaction.enabled = false;
    let mut engine = Engine::new(rules, &options(normalize));
    let mut hunt = reader.hunt(rules, None, None);
    let hunted = pipeline::hunt(&mut hunt, &mut engine, |_| anyhow::Ok(())).unwrap();
    let rule = rules.detections[0].header.reference();
    (matches(&engine, rule), hunted.looked_at, hunted.events)
}

/// Lines in which values stand where an index may lose them.
fn odd_lines() -> String {
    let long = "Lorem ipsum ".repeat(40);
    let values = [
        r#""plain""#.to_owned(),
        r#""Mixed CASE""#.to_owned(),
        r#""GRÜN İ""#.to_owned(),
        "null".to_owned(),
        r#""""#.to_owned(),
        "{}".to_owned(),
        "[[]]".to_owned(),
        r#"{"in":"Plain","deep":{"x":null}}"#.to_owned(),
        r#"["a","Plain",7]"#.to_owned(),
        "42".to_owned(),
        "42.50".to_owned(),
        "true".to_owned(),
        r#""2026-03-01T09:15:00Z""#.to_owned(),
        r#""192.0.2.77""#.to_owned(),
        format!("\"{long}END\""),
        format!("\"{}\"", "x".repeat(253)),
        r#""\u0002marked""#.to_owned(),
    ];
    let names = ["thing", "user", "message", "client_ip", "status", "path", "error.type", "timestamp"];
    let mut lines = String::new();
    for name in names {
        for (number, value) in values.iter().enumerate() {
            // The same value under another name: the index holds it once.
            let also = if number % 2 == 0 { format!(r#","twin":{value}"#) } else { String::new() };
            let time = if name == "timestamp" {
                String::new()
            } else {
                r#""ts":"2026-03-01T09:00:00Z","#.to_owned()
            };
            lines += &format!("{{{time}\"{name}\":{value}{also},\"number\":{number}}}\n");
        }
    }
    let many: String = (0..1_100).map(|n| format!(",\"f{n}\":\"v{n}\"")).collect();
    lines + &format!("{{\"ts\":\"2026-03-01T09:00:01Z\"{many},\"thing\":\"plain\"}}\n")
}

/// Every way to ask for every field.
fn odd_rules() -> String {
    let fields = ["thing", "thing.in", "twin", "user", "user.name", "message", "client_ip", "source.ip"];
    let fields =
        fields.iter().chain(&["status", "http.response.status_code", "path", "timestamp", "@timestamp"]);
    let asked = [
        ("", "plain"),
        ("", "'*'"),
        ("", "''"),
        ("", "'{*'"),
        ("", "'pl?in'"),
        ("", "'?lain'"),
        ("|cased", "Mixed CASE"),
        ("|contains", "case"),
        ("|contains", "end"),
        ("|contains", "marked"),
        ("|contains", "deep"),
        ("|startswith", "lorem"),
        ("|endswith", "77"),
        ("|contains|all", "[ips, rem]"),
        ("", "grün i\u{0307}"),
        ("", "42"),
        ("", "42.5"),
        ("|gt", "41"),
        ("|lte", "42.5"),
        ("", "true"),
        ("", "null"),
        ("|exists", "true"),
        ("|exists", "false"),
        ("|re", "'[A-Z]{4}'"),
        ("|cidr", "192.0.2.0/24"),
        ("|hour", "9"),
        ("|neq", "plain"),
        ("|fieldref", "twin"),
    ];
    let mut rules = Vec::new();
    for field in fields {
        for (modifiers, value) in asked {
            let number = rules.len();
            rules.push(format!(
                "title: rule {number} {field}{modifiers}\nid: 00000000-0000-4000-8000-{number:012}\n\
                 logsource:\n  category: any\ndetection:\n  s:\n    '{field}{modifiers}': {value}\n  condition: s\n\
                 level: low\n"
            ));
        }
    }
    rules.join("---\n")
}

#[test]
fn nothing_that_a_rule_matches_is_ruled_out() {
    let env = tempfile::tempdir().unwrap();
    let file = env.path().join("odd.log");
    std::fs::write(&file, odd_lines()).unwrap();
    let (documents, problems) = parse_documents("odd", &odd_rules());
    assert!(problems.is_empty(), "{problems:?}");
    let (rules, _) = assemble(documents, &LoadOptions::default());
    assert!(rules.detections.len() > 300, "{} rules", rules.detections.len());
    let wanted = matches_of_replay(&rules, std::slice::from_ref(&file));
    assert!(wanted.iter().filter(|count| **count > 0).count() > 150);
    let reader = ingested(&env.path().join("data"), &[file]);
    for (rule, wanted) in rules.detections.iter().zip(wanted) {
        let alone = RuleSet { detections: vec![rule.clone()], correlations: Vec::new() };
        let (matches, looked_at, _) = matches_of_hunt(&reader, &alone);
        assert_eq!(matches, wanted, "{} looked at {looked_at}", rule.header.title);
    }
}

const GUESSING: &str = "\
title: Login refused
name: refused
id: 10000000-0000-4000-8000-000000000001
logsource:
  category: any
detection:
  s:
    event: login_failed
  condition: s
level: low
---
title: Guessing
id: 10000000-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [refused]
  group-by: [client_ip]
  timespan: 1m
  condition:
    gte: 3
level: high
";

/// Refused logins of one address, one every ten seconds, and as many others.
fn refused(env: &TestEnv) {
    let line = |n: u32| {
        let (event, time) = (["login_failed", "page_seen"][n as usize % 2], n * 5);
        let (minute, second) = (time / 60, time % 60);
        format!(
            "{{\"timestamp\":\"2026-03-01T09:{minute:02}:{second:02}Z\",\"event\":\"{event}\",\"client_ip\":\"192.0.2.9\"}}\n"
        )
    };
    append(&env.log("app.log"), &(0..20).map(line).collect::<String>());
    std::fs::write(env.path("old.yml"), GUESSING).unwrap();
    std::fs::write(env.path("new.yml"), GUESSING.replace("gte: 3", "gte: 30")).unwrap();
    env.stdout_of(&["ingest", "logs/app.log"], 0);
}

#[test]
fn a_hunt_says_what_was_found_and_what_was_looked_at() {
    let env = TestEnv::new();
    refused(&env);
    let output = env.run(&["hunt", "old.yml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("10 of 20 events read: the index rules out the others"), "{said}");
    assert!(said.contains("complete to"), "{said}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("Guessing") && shown.contains("10 matches  Login refused"), "{shown}");
    let replayed = env.stdout_of(&["replay", "--only-rules", "old.yml", "--print-expect", "logs/app.log"], 0);
    assert_eq!(env.stdout_of(&["hunt", "old.yml", "--print-expect"], 0), replayed);
    // Of the correlation only what it is made of is looked for.
    let named = env.stdout_of(&["hunt", "Guessing", "--only-rules", "old.yml", "--print-expect"], 0);
    assert_eq!(named, replayed);
    let late = ["hunt", "old.yml", "--since", "2026-03-01T09:01:20Z", "--print-expect"];
    assert_eq!(env.stdout_of(&late, 0), "", "two events are no guessing");
    let output = env.run(&["hunt", "new.yml", "--since", "2026-03-02"]);
    assert_eq!(output.status.code(), Some(1), "nothing was found");
}

#[test]
fn a_rule_that_the_index_cannot_narrow_says_so() {
    let env = TestEnv::new();
    refused(&env);
    std::fs::write(env.path("old.yml"), GUESSING.replace("    event: login_failed", "    - login_failed"))
        .unwrap();
    let output = env.run(&["hunt", "old.yml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("nothing that `Login refused` asks for is indexed: every event was read"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn an_edit_of_a_rule_is_compared_by_what_it_finds() {
    let env = TestEnv::new();
    refused(&env);
    let said = env.stdout_of(&["rules", "diff", "old.yml", "new.yml"], 1);
    assert!(said.contains("Guessing: matches 0 → 0, incidents 1 → 0"), "{said}");
    assert!(said.contains("- {\"rule\":\"10000000-0000-4000-8000-000000000002\""), "{said}");
    assert_eq!(env.stdout_of(&["rules", "diff", "old.yml", "old.yml"], 0), "");
    assert_eq!(env.stdout_of(&["rules", "diff", "old.yml", "new.yml", "--since", "2026-03-02"], 0), "");
}

/// The same with recordings of real systems, where they are at hand.
#[test]
fn a_hunt_finds_what_a_replay_finds_in_real_logs() {
    let Some(shared) = std::env::var_os("SOCTOP_SHARED") else { return };
    let (rules, _) = queries::load();
    let mut folders = vec![Path::new(&shared).join("data")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_log =
                path.extension().is_some_and(|extension| extension == "log" || extension == "ndjson");
            match path.is_dir() {
                true => folders.push(path),
                false if is_log => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let folder = tempfile::tempdir().unwrap();
        let one = std::slice::from_ref(&file);
        let reader = ingested(folder.path(), one);
        assert_same(&file.display().to_string(), &replayed(&rules, one), &hunted(&reader, &rules).0);
    }
}
