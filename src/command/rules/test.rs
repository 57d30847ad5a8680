//! `soctop rules test`: the tests that stand in rules.
//!
//! ```yaml
//! soctop:
//!   tests:
//!     - name: five failures lock
//!       events:
//!         - {timestamp: "2026-03-01T09:30:00Z", event: login_failed, user: alice, repeat: 5, every: 1s}
//!       expect:
//!         - {group: {user.name: alice}, count: 5}
//! ```
//! Events go through the same stages as in `replay`, each test with a fresh state. `expect` lists the
//! incidents of this rule in order of opening; only what is written is compared. A rule or a block with an
//! error has no tests that could be run, which is no success.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::print::{self, Out};
use crate::alert::{Alert, AlertId};
use crate::config::Config;
use crate::correlate::{CorrelatorOptions, Output};
use crate::event::number::{to_u64, to_usize};
use crate::event::{Event, GenerationId, Nanos, Outcome, SourceId, Timestamp};
use crate::exit::Exit;
use crate::pipeline::{Engine, EngineOptions, Line};
use crate::sigma::rule::{Header, Node, NodeValue};
use crate::sigma::{Diagnostic, RuleSet, extension};
use crate::text::Safe;

/// Most events of one test.
const MAX_EVENTS: usize = 100_000;

pub fn run(config: &Config) -> anyhow::Result<Exit> {
    let loaded = super::super::live::load_rules(config)?;
    super::super::live::report_rule_problems(&loaded);
    let unread = loaded.diagnostics.iter().any(Diagnostic::is_error);
    let mut out = Out::new();
    let (mut passed, mut failed) = (0, 0);
    for (header, tests) in tests(&loaded.rules) {
        for (number, test) in tests.iter().enumerate() {
            let name =
                test.get("name").and_then(Node::scalar_text).unwrap_or_else(|| format!("{}", number + 1));
            let title = format!("{}: {name}", header.reference());
            match run_one(&loaded.rules, header, test) {
                Ok(()) => {
                    passed += 1;
                    out.line(&format!("ok      {}", Safe::new(&title)))?;
                }
                Err(reasons) => {
                    failed += 1;
                    out.line(&format!("FAILED  {}  ({})", Safe::new(&title), test.at))?;
                    for reason in reasons {
                        out.line(&format!("        {}", Safe::new(&reason)))?;
                    }
                }
            }
        }
    }
    out.flush()?;
    let none = if passed + failed == 0 && !unread { ": no rule has `soctop: tests:`" } else { "" };
    print::talk(&format!("{passed} passed, {failed} failed{none}"));
    Ok(match (unread, failed) {
        (true, _) => Exit::Mistakes,
        (false, 0) => Exit::Fine,
        (false, _) => Exit::Findings,
    })
}

/// Every rule with tests.
fn tests(rules: &RuleSet) -> Vec<(&Header, &[Node])> {
    let detections = rules.detections.iter().map(|rule| (&rule.header, &rule.extension));
    let correlations = rules.correlations.iter().map(|rule| (&rule.header, &rule.extension));
    detections
        .chain(correlations)
        .filter_map(|(header, block)| Some((header, block.as_ref()?.tests.as_slice())))
        .filter(|(_, tests)| !tests.is_empty())
        .collect()
}

/// Runs one test; `Err` holds what was expected and what came.
fn run_one(rules: &RuleSet, header: &Header, test: &Node) -> Result<(), Vec<String>> {
    let lines = events(test).map_err(|reason| vec![reason])?;
    let expected: Vec<Value> = match test.get("expect").map(|node| (to_json(node), node)) {
        Some((Value::Array(expected), _)) => expected,
        _ => return Err(vec!["the test has no list `expect`".to_owned()]),
    };
    let incidents = replay(rules, header, &lines);
    let mut reasons = Vec::new();
    if incidents.len() != expected.len() {
        let wanted = super::counted(expected.len(), "incident");
        reasons.push(format!("expected {wanted}, got {}", incidents.len()));
    }
    for (n, expected) in expected.iter().enumerate() {
        match incidents.get(n) {
            Some(alert) => reasons.extend(differences(n + 1, expected, alert)),
            None => reasons.push(format!("incident {} is missing: {expected}", n + 1)),
        }
    }
    for alert in incidents.iter().skip(expected.len()) {
        reasons.push(format!("not expected: {}", as_value(alert)));
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

fn as_value(alert: &Alert) -> Value {
    json!({"group": alert.group, "count": alert.count, "level": alert.rule.level, "summary": alert.summary})
}

/// What differs between an incident and what is written about it.
fn differences(number: usize, expected: &Value, alert: &Alert) -> Vec<String> {
    let got = as_value(alert);
    let Some(expected) = expected.as_object() else {
        return vec![format!("`expect` must be a list of maps, this is {expected}")];
    };
    expected
        .iter()
        .filter(|(key, wanted)| got.get(key.as_str()).is_none_or(|got| !same(got, wanted)))
        .map(|(key, wanted)| {
            let got = got.get(key.as_str()).map_or("no such key".to_owned(), Value::to_string);
            format!("incident {number}, {key}: expected {wanted}, got {got}")
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Equal, numbers and texts alike: group values are texts, YAML writes them either way.
fn same(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => {
            got.len() == wanted.len()
                && wanted.iter().all(|(key, wanted)| got.get(key).is_some_and(|got| same(got, wanted)))
        }
        (got, wanted) => text(got) == text(wanted),
    }
}

/// The incidents of one rule, each in its last state, in order of opening.
fn replay(rules: &RuleSet, header: &Header, lines: &[(Arc<str>, String)]) -> Vec<Alert> {
    let options = EngineOptions {
        correlate: CorrelatorOptions { replayed: true, ..CorrelatorOptions::default() },
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(rules, &options);
    let mut event = Event::default();
    for (number, (path, line)) in lines.iter().enumerate() {
        let line = Line {
            bytes: line.as_bytes(),
            cut: false,
            source: SourceId::default(),
            path,
            generation: GenerationId::default(),
            offset: to_u64(number),
            number: to_u64(number) + 1,
            lines: 1,
            read_at: Timestamp::MAX,
        };
        let mut more = engine.line(&line, &mut event) != Outcome::Blank;
        while more {
            more = engine.next(&line, &mut event);
        }
    }
    engine.finish();
    let mut order: Vec<Alert> = Vec::new();
    let mut places: HashMap<AlertId, usize> = HashMap::new();
    for output in engine.take_outputs() {
        let Output::Alert(alert) = output else { continue };
        if alert.rule.id != header.reference() {
            continue;
        }
        match places.get(&alert.alert_id).and_then(|place| order.get_mut(*place)) {
            Some(known) => *known = alert,
            None => {
                places.insert(alert.alert_id, order.len());
                order.push(alert);
            }
        }
    }
    order
}

/// The stream of events that are not said to be written to others.
const STREAM: &str = "test";

/// The log lines of a test, each with its stream.
fn events(test: &Node) -> Result<Vec<(Arc<str>, String)>, String> {
    let Some(Node { value: NodeValue::List(nodes), .. }) = test.get("events") else {
        return Err("the test has no list `events`".to_owned());
    };
    let mut lines = Vec::new();
    for node in nodes {
        let Value::Object(mut event) = to_json(node) else {
            // A line that is no JSON: as it stands.
            lines.push((Arc::from(STREAM), node.scalar_text().unwrap_or_default()));
            continue;
        };
        let repeat = to_usize(event.remove("repeat").and_then(|count| count.as_u64()).unwrap_or(1));
        let streams = match event.remove("written_to") {
            Some(Value::Array(streams)) => streams.iter().map(|name| text(name).into()).collect(),
            Some(stream) => vec![text(&stream).into()],
            None => vec![Arc::from(STREAM)],
        };
        let every = match event.remove("every") {
            Some(every) => extension::duration(every.as_str().unwrap_or_default())
                .ok_or_else(|| format!("`every` is not a duration: {every}"))?,
            None => 0,
        };
        if lines.len() + repeat > MAX_EVENTS {
            return Err(format!("a test has at most {MAX_EVENTS} events"));
        }
        for n in 0..repeat {
            let line = Value::Object(moved(&event, every.saturating_mul(n as Nanos))).to_string();
            lines.extend(streams.iter().map(|stream| (Arc::clone(stream), line.clone())));
        }
    }
    Ok(lines)
}

/// The event with its timestamp moved on.
fn moved(event: &Map<String, Value>, by: Nanos) -> Map<String, Value> {
    let mut event = event.clone();
    for key in ["timestamp", "@timestamp", "time", "ts"] {
        let time = event.get(key).and_then(Value::as_str).and_then(Timestamp::parse_rfc3339);
        if let Some(time) = time {
            event.insert(key.to_owned(), time.plus(by).to_string().into());
        }
    }
    event
}

/// A node of the rule as JSON. Numbers that JSON cannot hold stay text.
fn to_json(node: &Node) -> Value {
    match &node.value {
        NodeValue::Null => Value::Null,
        NodeValue::Bool(value) => Value::Bool(*value),
        NodeValue::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
        NodeValue::String(text) => Value::String(text.clone()),
        NodeValue::List(nodes) => nodes.iter().map(to_json).collect(),
        NodeValue::Map(entries) => {
            entries.iter().map(|(key, value)| (key.value.clone(), to_json(value))).collect()
        }
    }
}
