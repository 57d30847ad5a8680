//! Lines that fail2ban and CrowdSec test themselves with: is the login seen, is the address right, is the source reported?
//!
//! Wording was taken from the documentation of products, not from these lines; the figures say how far that carries. The
//! lines are not part of the project (`SOCTOP_SHARED`, else `../shared`).

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use regex::Regex;
use serde_json::Value;

use super::{queries, sample_logs, seed_systems};
use crate::harness::TestEnv;

fn records(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(seed_systems::shared()?.join("data").join(file)).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_default()
}

/// What soctop reads in a line.
#[derive(Clone, Default)]
struct Read {
    facts: BTreeSet<String>,
    addresses: BTreeSet<String>,
    time: String,
}

/// Addresses in one spelling.
fn address(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_canonical().to_string())
}

/// What is read in each line; what a line is to its neighbours does not matter here.
fn explained(env: &TestEnv, lines: &[&str]) -> Vec<Read> {
    let all: String = lines.iter().map(|line| line.replace('\n', " ") + "\n").collect();
    std::fs::write(env.path("all.log"), all).unwrap();
    let mut read = vec![Read::default(); lines.len()];
    for said in env.stdout_of(&["explain", "--format", "ndjson", "all.log"], 0).lines() {
        let said: Value = serde_json::from_str(said).unwrap();
        let number = usize::try_from(said["line"].as_u64().unwrap()).unwrap();
        let of = &mut read[number - 1];
        let facts = said["facts"].as_array().into_iter().flatten();
        of.facts.extend(facts.map(|fact| text(fact, "fact").to_owned()));
        let addresses = said["fields"]["source.ip"].as_array().into_iter().flatten();
        of.addresses.extend(addresses.filter_map(Value::as_str).map(address));
        text(&said, "time").clone_into(&mut of.time);
    }
    read
}

/// Facts that say of a login that it went wrong or was refused.
const REFUSALS: &[&str] = &[
    "login_failed",
    "login_attempted",
    "access_denied",
    "address_refused",
    "address_blocked",
    "account_locked",
    "mfa_failed",
    "privilege_refused",
    "rate_limited",
    "threat_reported",
    "token_rejected",
];

#[test]
fn failed_logins_of_many_products_are_recognised_and_nobody_is_wrongly_accused() {
    let Some(records) = records("fail2ban/fail2ban-logs.ndjson") else { return };
    let lines: Vec<&str> = records.iter().map(|record| text(record, "message")).collect();
    let read = explained(&TestEnv::new(), &lines);
    let about_logins = Regex::new("(?i)login|logon|log in|auth|passw|credential").unwrap();
    let (mut asked, mut told, mut wrong) = (0, 0, Vec::new());
    for (record, read) in records.iter().zip(&read) {
        let refused = read.facts.iter().any(|fact| REFUSALS.contains(&fact.as_str()));
        let host = address(text(record, "expected_host"));
        let names_an_address = host.parse::<IpAddr>().is_ok();
        if refused && names_an_address && !read.addresses.is_empty() && !read.addresses.contains(&host) {
            wrong.push(text(record, "id"));
        }
        if record["match"] == true && about_logins.is_match(text(record, "message")) {
            asked += 1;
            told += u32::from(refused);
        }
    }
    eprintln!("fail2ban: {told} of {asked} lines about logins, {} with a wrong address", wrong.len());
    assert!(told >= 255, "{told} of {asked}");
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// By set: its lines in the order in which they happened, as far as they say so.
fn in_order<'r>(records: &'r [Value], read: &'r [Read]) -> BTreeMap<&'r str, Vec<&'r str>> {
    let mut sets: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (record, read) in records.iter().zip(read) {
        let set = sets.entry(text(record, "set")).or_default();
        let before = set.last().map_or("", |(time, _)| time);
        let time = if read.time.is_empty() { before } else { &read.time };
        set.push((time, text(record, "raw")));
    }
    let sorted = |mut lines: Vec<(&'r str, &'r str)>| {
        lines.sort_by_key(|(time, _)| *time);
        lines.into_iter().map(|(_, line)| line).collect()
    };
    sets.into_iter().map(|(set, lines)| (set, sorted(lines))).collect()
}

#[test]
fn sources_that_another_tool_reports_are_read_and_reported() {
    let Some(lines) = records("crowdsec/lines.ndjson") else { return };
    let env = TestEnv::new();
    let raw: Vec<&str> = lines.iter().map(|line| text(line, "raw")).collect();
    let read = explained(&env, &raw);
    let (mut asked, mut right, mut other) = (0, 0, 0);
    for event in records("crowdsec/expected-events.ndjson").unwrap() {
        let expected = &event["expected"]["source_ip"];
        let Some(expected) = expected.as_str().map(address) else { continue };
        let message = text(&event, "message");
        let quoted = serde_json::to_string(message).unwrap();
        let quoted = quoted.trim_matches('"');
        let is_it = |line: &Value| {
            line["set"] == event["set"]
                && (text(line, "raw").contains(message) || text(line, "raw").contains(quoted))
        };
        let found: BTreeSet<&String> = lines
            .iter()
            .zip(&read)
            .filter(|(line, _)| is_it(line))
            .flat_map(|(_, read)| &read.addresses)
            .collect();
        asked += 1;
        right += u32::from(found.contains(&expected));
        other += u32::from(!found.is_empty() && !found.contains(&expected));
    }
    eprintln!("crowdsec: address of {right} of {asked} events, another one of {other}");
    let (mut sources, mut reported) = (0, 0);
    let sets = in_order(&lines, &read);
    let mut said_of: BTreeMap<String, String> = BTreeMap::new();
    let (rules, _) = queries::load();
    for alert in records("crowdsec/expected-alerts.ndjson").unwrap() {
        let set = text(&alert, "set").to_owned();
        let said = said_of.entry(set).or_insert_with_key(|set| {
            let all: String = sets[set.as_str()].iter().map(|line| line.replace('\n', " ") + "\n").collect();
            let file = env.path("set.log");
            std::fs::write(&file, all).unwrap();
            let found = sample_logs::incidents(&rules, &[file], 0);
            found.iter().map(|found| serde_json::to_string(&found.alert).unwrap()).collect()
        });
        for source in alert["sources"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            sources += 1;
            reported += u32::from(said.contains(source.as_str()) || said.contains(&address(source)));
        }
    }
    eprintln!("crowdsec: {reported} of {sources} reported sources are told of");
    assert!(right * 100 >= asked * 80, "{right} of {asked}");
    assert!(reported * 100 >= sources * 59, "{reported} of {sources}");
}
