//! Lines of products of which most have no words of their own here, and of hand-written services: what each states, and
//! for those that only look like it, that they state nothing.

use serde_json::Value;

use crate::harness::TestEnv;

/// One object a line: `source`, `line`, `fact` (null: none), `fields` that must be read.
const LINES: &str = include_str!("other_products.ndjson");

/// The objects of a file with one a line.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// What is read of each line, as `soctop explain` says it.
pub(crate) fn explained(lines: &[&str]) -> Vec<Value> {
    let env = TestEnv::new();
    std::fs::write(env.path("all.log"), lines.join("\n") + "\n").expect("a log");
    objects(&env.stdout_of(&["explain", "--format", "ndjson", "all.log"], 0))
}

/// The texts of a list, or those that its objects have under a key.
pub(crate) fn texts<'v>(values: &'v Value, key: &str) -> Vec<&'v str> {
    let members = values.as_array().map(Vec::as_slice).unwrap_or_default();
    members
        .iter()
        .filter_map(|value| if key.is_empty() { value.as_str() } else { value[key].as_str() })
        .collect()
}

#[test]
fn what_other_products_write_is_read() {
    let cases = objects(LINES);
    let lines: Vec<&str> = cases.iter().map(|case| case["line"].as_str().expect("a line")).collect();
    let read = explained(&lines);
    assert_eq!(read.len(), cases.len());
    for (case, read) in cases.iter().zip(&read) {
        let facts = texts(&read["facts"], "fact");
        match case["fact"].as_str() {
            Some(fact) => assert!(facts.contains(&fact), "{facts:?} of {case}"),
            None => assert!(facts.is_empty(), "{facts:?} of {case}"),
        }
        for (name, value) in case["fields"].as_object().expect("fields") {
            let have = texts(&read["fields"][name], "");
            assert!(have.contains(&value.as_str().expect("a text")), "{name} is {have:?} of {case}");
        }
    }
}

#[test]
fn an_address_that_a_name_brings_along_accuses_nobody() {
    let innocent = "198.51.100.77";
    let lines = [
        "2026-11-29T12:00:00Z WARN  login failed user=mallory ip=198.51.100.77 ip=203.0.113.9",
        "2026-11-29T12:00:00Z WARN  Login failed for user \"mallory\" ip=198.51.100.77 from 203.0.113.9",
        "2026-11-29T12:00:00Z WARN  Invalid password for mallory client=198.51.100.77, client=203.0.113.9",
        "2026-11-29T12:00:00Z WARN  user mallory ip 198.51.100.77 failed to log in, ip 203.0.113.9",
        "2026-11-29T12:00:00Z WARN  Login failed for user mallory from 203.0.113.9 agent=x from 198.51.100.77",
        "time=2026-11-29T12:00:00Z level=warn msg=\"login failed\" user=mallory ip=198.51.100.77 ip=203.0.113.9",
        "2026-11-29T12:00:00Z WARN  login failed user=x\" ip=\"198.51.100.77 ip=203.0.113.9",
    ];
    for (line, read) in lines.iter().zip(explained(&lines)) {
        let addresses = texts(&read["fields"]["source.ip"], "");
        assert!(!addresses.contains(&innocent), "{addresses:?} of {line}");
        assert_eq!(texts(&read["facts"], "fact"), ["login_failed"], "{line}");
    }
}
