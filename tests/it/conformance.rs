//! Detection against answers that others worked out: hand-written vectors, SigmaHQ's regression
//! recordings, and two oracles over real events.
//!
//! The data is not part of the project. `SOCTOP_SHARED` names the folder that holds it (default:
//! `shared` beside the checkout); where there is none, these tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers too")]
#![expect(clippy::print_stderr, reason = "what is left out, and how much passed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use soctop::decode::Decoder;
use soctop::detect::{Matcher, MatcherOptions};
use soctop::event::{Event, LogSource, Origin, Paths};
use soctop::sigma::{Diagnostic, Document, LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

/// Cases that fail today, each with its reason. One that passes must leave this list.
const KNOWN_FAILURES: &[(&str, &str)] = &[];

/// A file or folder of the shared data, or `None` after saying that the check is left out.
fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SOCTOP_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there (set SOCTOP_SHARED)", path.display());
    None
}

fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .collect()
}

fn rule_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn errors(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect()
}

/// Rules, paths, decoder and matcher that belong together.
struct Bench {
    rules: RuleSet,
    matcher: Matcher,
    decoder: Decoder,
    event: Event,
}

impl Bench {
    fn new(rules: RuleSet, routing: bool) -> Self {
        let paths = Paths::new();
        let matcher = Matcher::compile(&rules, &paths, MatcherOptions { routing });
        Self { rules, matcher, decoder: Decoder::new(paths), event: Event::default() }
    }

    /// Ids of the rules that match one event.
    fn matches(&mut self, json: &str, prepare: impl FnOnce(&mut Event)) -> Vec<String> {
        self.decoder.decode(json.as_bytes(), false, &mut self.event);
        prepare(&mut self.event);
        let mut matched: Vec<RuleIndex> = Vec::new();
        self.matcher.matches(&self.event, &mut matched);
        matched.iter().map(|rule| self.rules.header(*rule).unwrap().reference().to_owned()).collect()
    }
}

#[derive(Deserialize)]
struct Case {
    id: String,
    about: String,
    rules: Vec<String>,
    events: Vec<Box<RawValue>>,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    matches: Option<BTreeMap<String, Vec<String>>>,
    firings: Option<serde_json::Value>,
    #[serde(default)]
    load_error: bool,
}

#[derive(Deserialize)]
struct Id {
    _id: String,
}

/// Runs a case; `Err` says what was expected and what came.
fn run(case: &Case) -> Result<(), String> {
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    for (n, text) in case.rules.iter().enumerate() {
        let (more, said) = parse_documents(&format!("{n}.yml"), text);
        documents.extend(more);
        diagnostics.extend(said);
    }
    let (rules, said) = assemble(documents, &LoadOptions::default());
    diagnostics.extend(said);
    let refused = errors(&diagnostics);
    if case.expect.load_error {
        return if refused.is_empty() { Err("a rule must be refused".to_owned()) } else { Ok(()) };
    }
    if !refused.is_empty() {
        return Err(format!("refused: {refused:?}"));
    }
    let Some(expected) = &case.expect.matches else {
        return if case.expect.firings.is_some() { Ok(()) } else { Err("nothing expected".to_owned()) };
    };
    let mut got: BTreeMap<String, Vec<String>> =
        expected.keys().map(|rule| (rule.clone(), Vec::new())).collect();
    let mut bench = Bench::new(rules, false);
    for event in &case.events {
        let id: Id = serde_json::from_str(event.get()).unwrap();
        for rule in bench.matches(event.get(), hide_envelope) {
            if let Some(events) = got.get_mut(&rule) {
                events.push(id._id.clone());
            }
        }
    }
    if got == *expected { Ok(()) } else { Err(format!("expected {expected:?}, got {got:?}")) }
}

/// `_id` and `timestamp`, the first two members, are no part of what keywords search.
fn hide_envelope(event: &mut Event) {
    for field in event.fields_mut().iter_mut().take(2) {
        field.origin = Origin::Canonical;
    }
}

/// Runs all cases of a file and compares the failures with the known ones.
fn run_file(name: &str) {
    let Some(path) = shared("conformance").map(|root| root.join(name)) else { return };
    let cases: Vec<Case> = lines(&path);
    let mut report = String::new();
    let mut unexpected = false;
    let mut passed = 0;
    for case in &cases {
        let known = KNOWN_FAILURES.iter().find(|(id, _)| *id == case.id);
        match (run(case), known) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => {
                unexpected = true;
                writeln!(report, "{} passes and must leave the list of known failures", case.id).unwrap();
            }
            (Err(why), None) => {
                unexpected = true;
                writeln!(report, "{} ({}): {why}", case.id, case.about).unwrap();
            }
        }
    }
    eprintln!("{name}: {passed} passed of {}", cases.len());
    assert!(!unexpected, "{name}: {passed} passed of {}\n{report}", cases.len());
}

#[test]
fn detection_vectors_all_pass() {
    run_file("detection.ndjson");
}

#[test]
fn edges_of_the_language_and_of_the_fields_pass() {
    run_file("edges-detection.ndjson");
}

#[test]
fn recordings_of_sigmahq_match_their_rules() {
    run_file("sigmahq-regression.ndjson");
}

/// What became of the rule files of one folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tree {
    files: usize,
    /// Rules that load.
    rules: usize,
    /// Files with a document that is refused, by [`REFUSALS`].
    refused: [usize; REFUSALS.len()],
}

/// What rule files are refused for, by a part of the first message.
const REFUSALS: [&str; 4] = [
    "aggregations",
    "expected `and` or `or` before",
    "rule collections (`action`) were removed",
    "has no values",
];

/// Every SigmaHQ rule loads, but for those in a syntax that Sigma gave up (two thirds of `unsupported`), and
/// those that wait for lists from the configuration (`rules-placeholder`).
const TREES: [(&str, Tree); 4] = [
    ("rules", Tree { files: 3_141, rules: 3_141, refused: [0; REFUSALS.len()] }),
    ("rules-compliance", Tree { files: 3, rules: 3, refused: [0; REFUSALS.len()] }),
    ("rules-placeholder", Tree { files: 23, rules: 0, refused: [0, 0, 0, 23] }),
    ("unsupported", Tree { files: 87, rules: 27, refused: [54, 3, 3, 0] }),
];

#[test]
fn rules_of_sigmahq_load_or_are_refused_for_a_right_reason() {
    let Some(root) = shared("data/sigma-rules") else { return };
    let mut trees: BTreeMap<String, Tree> = BTreeMap::new();
    let mut surprises = String::new();
    for path in rule_files(&root) {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let tree = trees.entry(name.split('/').next().unwrap().to_owned()).or_default();
        let (documents, mut diagnostics) = parse_documents(&name, &fs::read_to_string(&path).unwrap());
        let (rules, said) = assemble(documents, &LoadOptions::default());
        diagnostics.extend(said);
        tree.files += 1;
        tree.rules += rules.len();
        let errors = errors(&diagnostics);
        let first = errors.first().map(|error| &error.message);
        match first.map(|message| REFUSALS.iter().position(|reason| message.contains(reason))) {
            None if rules.is_empty() => writeln!(surprises, "{name}: no rule, and no word why").unwrap(),
            None => {}
            Some(Some(reason)) => tree.refused[reason] += 1,
            Some(None) => writeln!(surprises, "{}", errors[0]).unwrap(),
        }
    }
    assert!(surprises.is_empty(), "{surprises}");
    let expected = TREES.map(|(name, tree)| (name.to_owned(), tree));
    assert_eq!(trees, BTreeMap::from(expected));
}

/// All rules that are meant to load.
pub fn sigmahq() -> Option<RuleSet> {
    let root = shared("data/sigma-rules")?;
    let mut documents: Vec<Document> = Vec::new();
    for path in rule_files(&root) {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        if name.starts_with("unsupported") {
            continue;
        }
        documents.extend(parse_documents(&name, &fs::read_to_string(&path).unwrap()).0);
    }
    Some(assemble(documents, &LoadOptions::default()).0)
}

#[derive(Deserialize)]
struct RealEvent {
    id: String,
    logsources: Vec<BTreeMap<String, String>>,
    event: Box<RawValue>,
}

/// A rule applies when its logsource is part of one of the event's.
fn admits(rule: &LogSource, sources: &[BTreeMap<String, String>]) -> bool {
    let wanted = [("category", &rule.category), ("product", &rule.product), ("service", &rule.service)];
    sources.iter().any(|source| {
        wanted.iter().all(|(key, value)| {
            value.as_deref().is_none_or(|value| source.get(*key).is_some_and(|s| s == value))
        })
    })
}

fn logsource(rules: &RuleSet, rule: &str) -> LogSource {
    let pattern = &rules.detections[rules.find(rule).unwrap().index()].logsource;
    LogSource {
        category: pattern.category.clone(),
        product: pattern.product.clone(),
        service: pattern.service.clone(),
    }
}

/// Which rule matches which event, by logsource, over all files: (rule, event).
fn judge(rules: &RuleSet, events: &[RealEvent]) -> BTreeSet<(String, String)> {
    let mut bench = Bench::new(rules.clone(), false);
    let mut found = BTreeSet::new();
    for event in events {
        for rule in bench.matches(event.event.get(), |_| ()) {
            if admits(&logsource(rules, &rule), &event.logsources) {
                found.insert((rule, event.id.clone()));
            }
        }
    }
    found
}

#[derive(Deserialize)]
struct Expected {
    rule: String,
    rule_id: String,
    expected: Vec<String>,
    #[serde(default)]
    contested: serde_json::Value,
}

#[test]
fn real_events_match_exactly_what_two_oracles_found() {
    let (Some(data), Some(rules)) = (shared("data"), sigmahq()) else { return };
    let mut events: Vec<RealEvent> = Vec::new();
    for entry in fs::read_dir(data.join("events")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            events.extend(lines::<RealEvent>(&path));
        }
    }
    let mut found = judge(&rules, &events);
    let mut report = String::new();
    let mut total = 0;
    for expected in lines::<Expected>(&data.join("oracle/expected-gated.ndjson")) {
        let contested = expected.contested.to_string();
        for event in &expected.expected {
            total += 1;
            let present = found.remove(&(expected.rule_id.clone(), event.clone()));
            if !present && !contested.contains(event) {
                writeln!(report, "missed: {} on {event}", expected.rule).unwrap();
            }
        }
        found.retain(|(rule, event)| *rule != expected.rule_id || !contested.contains(event.as_str()));
    }
    for (rule, event) in &found {
        writeln!(report, "invented: {rule} on {event}").unwrap();
    }
    eprintln!("{total} expected matches over {} events", events.len());
    assert!(report.is_empty(), "{report}");
}

#[derive(Deserialize)]
struct Verdict {
    rule: String,
    rule_id: String,
    event: String,
    expected: bool,
}

#[test]
fn regression_recordings_match_and_nothing_else_does() {
    let (Some(data), Some(rules)) = (shared("data"), sigmahq()) else { return };
    let events: Vec<RealEvent> = lines(&data.join("regression/events.ndjson"));
    let found = judge(&rules, &events);
    let mut report = String::new();
    let verdicts: Vec<Verdict> = lines(&data.join("regression/manifest.ndjson"));
    for verdict in &verdicts {
        let got = found.contains(&(verdict.rule_id.clone(), verdict.event.clone()));
        if got != verdict.expected {
            writeln!(
                report,
                "{} on {}: expected {}, got {got}",
                verdict.rule, verdict.event, verdict.expected
            )
            .unwrap();
        }
    }
    eprintln!("{} verdicts", verdicts.len());
    assert!(report.is_empty(), "{report}");
}
