//! Lines of loggers, shippers and clouds, as their documentation shows them: time, level, message, ids, address and user are
//! found whatever stands around them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::TestEnv;

const CASES: &str = include_str!("wrapped_lines.ndjson");

/// What is read in the first event of each line, by the number of the line from 1.
fn explained(env: &TestEnv, lines: &[String]) -> BTreeMap<u64, Value> {
    std::fs::write(env.path("all.log"), lines.join("\n") + "\n").expect("the file can be written");
    let said = env.stdout_of(&["explain", "--format", "ndjson", "all.log"], 0);
    let mut first = BTreeMap::new();
    for event in said.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        first.entry(event["line"].as_u64().expect("a number")).or_insert(event);
    }
    first
}

/// Whether an event has what is wanted under this name of a case.
fn has(event: &Value, name: &str, wanted: &str) -> bool {
    let holds =
        |values: &Value| values.as_array().is_some_and(|values| values.iter().any(|value| value == wanted));
    match name {
        "time" => {
            let time = event["time"].as_str().unwrap_or_default();
            time.starts_with(wanted) && event["time_quality"] != "absent"
        }
        "id" => holds(&event["correlation_ids"]),
        "level" => holds(&event["fields"]["log.level"]),
        "ip" => holds(&event["fields"]["source.ip"]),
        "user" => holds(&event["fields"]["user.name"]),
        other => holds(&event["fields"][other]),
    }
}

#[test]
fn what_stands_in_a_line_is_found_whatever_stands_around_it() {
    let cases: Vec<Value> =
        CASES.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect();
    assert!(cases.len() >= 120, "{}", cases.len());
    let lines: Vec<String> =
        cases.iter().map(|case| case["line"].as_str().expect("a line").to_owned()).collect();
    let read = explained(&TestEnv::new(), &lines);
    let mut wrong = Vec::new();
    for (case, number) in cases.iter().zip(1..) {
        let event = &read[&number];
        for (name, wanted) in case["want"].as_object().expect("what is wanted") {
            if !has(event, name, wanted.as_str().expect("a text")) {
                wrong.push(format!("{}: {name} is not {wanted}: {event}", case["case"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
