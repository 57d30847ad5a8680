//! Detection sees every event as it was read; what it says and stores holds no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use soctop::alert::Alert;
use soctop::correlate::{CorrelatorOptions, Output};
use soctop::event::{Event, GenerationId, SourceId, Timestamp};
use soctop::normalize::{Options, Redaction};
use soctop::pipeline::{Engine, EngineOptions, Line};
use soctop::sigma::{LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SOCTOP_SHARED").map(PathBuf::from)?;
    Some(root.join(part)).filter(|path| path.exists())
}

fn rules(texts: &[&str]) -> RuleSet {
    let documents = texts.iter().zip(0..).map(|(text, number)| {
        let (documents, said) = parse_documents(&format!("{number}.yml"), text);
        assert!(said.iter().all(|diagnostic| !diagnostic.is_error()), "{said:?}");
        documents
    });
    assemble(documents.flatten().collect(), &LoadOptions::default()).0
}

/// A stream of lines, a second apart.
struct Stream {
    engine: Engine,
    read: u64,
    outputs: Vec<Output>,
}

impl Stream {
    fn new(rules: &RuleSet, redaction: Redaction, conformance: bool) -> Self {
        let options = EngineOptions {
            normalize: Options { max_skew: None, redaction, ..Options::default() },
            correlate: CorrelatorOptions { conformance, ..CorrelatorOptions::default() },
            ..EngineOptions::default()
        };
        Self { engine: Engine::new(rules, &options), read: 0, outputs: Vec::new() }
    }

    fn line(&mut self, text: &str) {
        let path: Arc<str> = "app.log".into();
        let line = Line {
            bytes: text.as_bytes(),
            cut: false,
            source: SourceId(1),
            path: &path,
            generation: GenerationId(1),
            offset: self.read,
            number: self.read + 1,
            lines: 1,
            read_at: Timestamp::from_seconds(1_800_000_000 + self.read as i64),
        };
        self.read += 1;
        self.engine.line(&line, &mut Event::default());
        self.outputs.append(&mut self.engine.take_outputs());
    }

    /// An object without a time gets that of its arrival.
    fn event(&mut self, object: &str) {
        let time = Timestamp::from_seconds(1_800_000_000 + self.read as i64);
        self.line(&object.replacen('{', &format!("{{\"timestamp\":\"{time}\","), 1));
    }

    fn finish(mut self) -> Vec<Output> {
        self.engine.finish();
        self.outputs.append(&mut self.engine.take_outputs());
        self.outputs
    }

    fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.outputs.iter().filter_map(|output| match output {
            Output::Alert(alert) => Some(alert),
            _ => None,
        })
    }
}

/// Matches as (rule, number of the line), and firings as (rule, group, time), as they are compared.
fn said(
    rules: &RuleSet,
    redaction: Redaction,
    lines: &[String],
) -> (BTreeSet<(u32, u128)>, BTreeSet<String>) {
    let mut stream = Stream::new(rules, redaction, true);
    lines.iter().for_each(|line| stream.line(line));
    let (mut matches, mut firings) = (BTreeSet::new(), BTreeSet::new());
    for output in stream.finish() {
        match output {
            Output::Match { rule, event } => drop(matches.insert((rule.0, event.0))),
            Output::Firing { rule, time, value, .. } => {
                firings.insert(format!("{} {time} {value}", rule.0));
            }
            _ => {}
        }
    }
    (matches, firings)
}

fn off() -> Redaction {
    Redaction { enabled: false, ..Redaction::default() }
}

/// The vectors about what redaction must not do to rules.
#[test]
fn rules_see_what_was_read() {
    let Some(path) = shared("conformance/edges-redaction.ndjson") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    for case in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let texts: Vec<&str> =
            case["rules"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let rules = rules(&texts);
        let mut stream = Stream::new(&rules, Redaction::default(), true);
        let events = case["events"].as_array().unwrap();
        for event in events {
            let mut event = event.as_object().unwrap().clone();
            event.remove("_id");
            stream.line(&serde_json::to_string(&event).unwrap());
        }
        let name = |rule: RuleIndex| rules.header(rule).unwrap().reference().to_owned();
        let (mut matches, mut firings) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
        let ids: BTreeMap<_, _> = (0..events.len())
            .map(|at| (soctop::event::EventId::of(GenerationId(1), at as u64), &events[at]["_id"]))
            .collect();
        for output in stream.finish() {
            match output {
                Output::Match { rule, event } => {
                    matches.entry(name(rule)).or_default().push(ids[&event].as_str().unwrap().to_owned());
                }
                Output::Firing { rule, group, time, value } => {
                    firings.push(
                        serde_json::json!({"rule": name(rule), "group": group, "time": time, "value": value}),
                    );
                }
                _ => {}
            }
        }
        for (rule, events) in case["expect"]["matches"].as_object().into_iter().flatten() {
            let found = matches.get(rule).cloned().unwrap_or_default();
            assert_eq!(serde_json::json!(found), *events, "{}", case["id"]);
        }
        if let Some(expected) = case["expect"]["firings"].as_array() {
            assert_eq!(firings.len(), expected.len(), "{}: {firings:?}", case["id"]);
            for (found, expected) in firings.iter().zip(expected) {
                for key in ["rule", "group"] {
                    assert_eq!(found[key], expected[key], "{}", case["id"]);
                }
                let time = |firing: &Value| Timestamp::parse_rfc3339(firing["time"].as_str().unwrap());
                assert_eq!(time(found), time(expected), "{}", case["id"]);
                assert_eq!(found["value"].as_f64(), expected["value"].as_f64(), "{}", case["id"]);
            }
        }
    }
}

/// Events of others under the rules of others: the same matches, whether redaction is on or off.
#[test]
fn redaction_changes_no_match() {
    let Some(root) = shared("data/events") else { return };
    let bundled = crate::queries::load().0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<String> = text
            .lines()
            .take(1_500)
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].to_string())
            .collect();
        let with = said(&bundled, Redaction::default(), &lines);
        assert!(with == said(&bundled, off(), &lines), "{}", path.display());
    }
}

/// Whether the events of others are told from each other in the same way with and without redaction.
fn same_matches(rules: &RuleSet, lines: &[String]) -> bool {
    said(rules, Redaction::default(), lines) == said(rules, off(), lines)
}

/// The same of the rules that others wrote, on more than ten thousand events.
#[test]
fn redaction_changes_no_match_of_sigmahq() {
    let (Some(root), Some(rules)) = (shared("data/events"), crate::conformance::sigmahq()) else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let event = |line| serde_json::from_str::<Value>(line).unwrap()["event"].to_string();
        let lines: Vec<String> = text.lines().map(event).collect();
        assert!(same_matches(&rules, &lines), "{}", path.display());
        count += lines.len();
    }
    assert!(count >= 10_000, "{count}");
}

const PAY: &str =
    "title: pay\nname: pay\nlogsource: {product: app}\ndetection: {sel: {action: pay}, condition: sel}\n";

fn correlation(kind: &str, group: &str, condition: &str) -> String {
    format!(
        "title: C\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: high\ncorrelation: {{type: {kind}, rules: [pay], \
         group-by: [{group}], timespan: 10m, condition: {condition}}}\n"
    )
}

/// Secrets that a rule groups by or counts.
const SECRETS: [(&str, [&str; 3]); 4] = [
    ("session", ["sess-0-canary", "sess-1-canary", "sess-2-canary"]),
    ("token", ["tok-0-canary", "tok-1-canary", "tok-2-canary"]),
    ("recipient", ["canary0@shop.example", "canary1@shop.example", "canary2@shop.example"]),
    (
        "key",
        [
            "ghp_canary0abcdefghijABCDEFGHIJ012345678",
            "ghp_canary1abcdefghijABCDEFGHIJ012345678",
            "ghp_canary2abcdefghijABCDEFGHIJ012345678",
        ],
    ),
];

fn pay(field: &str, value: &str, address: usize) -> String {
    format!(
        r#"{{"action":"pay","user":"ann","{field}":"{value}","src":"203.0.113.{address}","note":"with {value}"}}"#
    )
}

#[test]
fn equal_secrets_are_one_group_and_different_ones_are_not() {
    for (field, values) in SECRETS {
        let rules = rules(&[PAY, &correlation("value_count", field, "{gte: 2, field: src}")]);
        let mut apart = Stream::new(&rules, Redaction::default(), false);
        (0..3).for_each(|n| apart.event(&pay(field, values[n], n)));
        assert_eq!(apart.alerts().count(), 0, "{field}");
        let mut together = Stream::new(&rules, Redaction::default(), false);
        (0..2).for_each(|n| together.event(&pay(field, values[0], n)));
        let alert = together.alerts().next().unwrap();
        let told = serde_json::to_string(alert).unwrap();
        assert!(!told.contains("canary") && told.contains('‹') && !told.contains("‹="), "{told}");
    }
}

#[test]
fn distinct_secrets_are_counted() {
    for (field, values) in SECRETS {
        let rules =
            rules(&[PAY, &correlation("value_count", "user", &format!("{{gte: 3, field: {field}}}"))]);
        let mut stream = Stream::new(&rules, Redaction::default(), false);
        (0..3).for_each(|n| stream.event(&pay(field, values[n], n)));
        assert_eq!(stream.alerts().count(), 1, "{field}");
    }
}

/// What a window remembers of a secret is stored without it, and still equals it after a restart.
#[test]
fn the_saved_state_holds_no_secret_and_goes_on_where_it_stood() {
    for (field, values) in SECRETS {
        let rules = rules(&[PAY, &correlation("event_count", field, "{gte: 3}")]);
        let mut before = Stream::new(&rules, Redaction::default(), false);
        (0..2).for_each(|n| before.event(&pay(field, values[0], n)));
        let mut saved = Vec::new();
        before.engine.save().write(&mut saved).unwrap();
        assert!(!String::from_utf8_lossy(&saved).contains("canary"), "{field}");
        let restarted = |key: u8| {
            let redaction = Redaction { key: [key; 32], ..Redaction::default() };
            let mut after = Stream::new(&rules, redaction, false);
            after.engine.restore(&saved).unwrap();
            after.read = before.read;
            after
        };
        let mut after = restarted(0);
        after.event(&pay(field, values[1], 8));
        assert_eq!(after.alerts().count(), 0, "{field}: another one");
        after.event(&pay(field, values[0], 9));
        assert_eq!(after.alerts().count(), 1, "{field}: the third of the same");
    }
}

/// One person under two fields, of which one is known to hold users: the address is readable in one event and not
/// in the other, and yet one.
#[test]
fn an_address_that_is_shown_equals_the_same_one_that_is_not() {
    let texts = [
        "title: a\nname: a\nlogsource: {product: app}\ndetection: {sel: {action: reset}, condition: sel}\n",
        "title: b\nname: b\nlogsource: {product: app}\ndetection: {sel: {action: hired}, condition: sel}\n",
        "title: C\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: high\ncorrelation: {type: temporal, rules: [a, b], \
         aliases: {who: {a: user, b: employee.contact}}, group-by: [who], timespan: 10m}\n",
    ];
    let rules = rules(&texts);
    for order in [[0, 1], [1, 0]] {
        let lines = [
            r#"{"action":"reset","user":"maria@shop.example"}"#,
            r#"{"action":"hired","employee":{"contact":"Maria@shop.example"}}"#,
        ];
        let mut stream = Stream::new(&rules, Redaction::default(), false);
        order.iter().for_each(|at| stream.event(lines[*at]));
        assert_eq!(stream.alerts().count(), 1, "{order:?}");
    }
}

/// Whoever writes a part of the log that is a secret by name cannot hide another part from a rule that groups by it.
#[test]
fn a_secret_chosen_to_equal_a_key_splits_no_group() {
    let rules = rules(&[PAY, &correlation("event_count", "src", "{gte: 4}")]);
    let mut stream = Stream::new(&rules, Redaction::default(), false);
    for chosen in ["203.0.113", "03.0.113.7", "203.0.", ".113.7", "3.0.113.7", "203.0.113.7", "0.113.7"] {
        stream.event(&format!(r#"{{"action":"pay","src":"203.0.113.7","cookie":"{chosen}"}}"#));
    }
    assert!(stream.alerts().count() >= 1);
}

#[test]
fn a_flood_of_secrets_hides_nothing_from_a_rule() {
    let rules = rules(&[
        "title: x\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: high\nlogsource: {product: app}\n\
         detection: {sel: {q|contains: union select}, condition: sel}\n",
    ]);
    for count in [10, 1_000, 40_000] {
        let flood = "token=abcd&".repeat(count);
        let mut stream = Stream::new(&rules, Redaction::default(), false);
        stream.event(&format!(r#"{{"q":"{flood}id=1 union select 1","user":"zoltan"}}"#));
        assert_eq!(stream.alerts().count(), 1, "{count}");
    }
}

/// A plain rule, whose incidents are told by the user: an address that may be shown is shown as it is.
#[test]
fn what_values_are_compared_by_is_never_shown() {
    let rules = rules(&[
        "title: x\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: high\nlogsource: {product: app}\n\
         detection: {sel: {action: login}, condition: sel}\nsoctop: {schema: 1, show: '{user} and {recipient}'}\n",
    ]);
    let mut stream = Stream::new(&rules, Redaction::default(), false);
    stream.event(r#"{"action":"login","user":"maria@shop.example","recipient":"bob@shop.example"}"#);
    let alert = stream.alerts().next().expect("an alert");
    assert_eq!(alert.group.get("user.name").map(String::as_str), Some("maria@shop.example"));
    assert!(alert.summary.starts_with("maria@shop.example and ‹email:"), "{}", alert.summary);
    assert!(!serde_json::to_string(alert).unwrap().contains("‹="));
}
