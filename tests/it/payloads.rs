//! The injection rules on labelled payloads, where those are at hand (`SOCTOP_SHARED`, else `../shared`).

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]
#![expect(clippy::print_stderr, reason = "the rates are the result of these tests")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use soctop::decode::Decoder;
use soctop::detect::{Matcher, MatcherOptions};
use soctop::event::{Event, Paths, Timestamp, canonical};
use soctop::normalize::{Normalizer, Options};
use soctop::sigma::RuleSet;

use super::{queries, seed_systems};

/// The rule that must flag a class of attack.
const FAMILIES: &[(&str, &[&str])] = &[
    ("sqli", &["sql_injection"]),
    ("xss", &["cross_site_scripting"]),
    ("path", &["path_traversal", "sensitive_file_request"]),
    ("command", &["command_injection"]),
    ("nosql", &["nosql_injection"]),
    ("ssti", &["template_injection"]),
    ("ssi", &["template_injection"]),
    ("ldap", &["ldap_injection"]),
    ("crlf", &["header_injection"]),
    ("mail", &["header_injection"]),
    ("xxe", &["xml_injection"]),
    // `${...}` is an expression of a template to one server and code to another.
    ("code", &["code_injection", "template_injection"]),
    // The Core Rule Set keeps its rule for XML entities among those for scripts.
    ("xss or xxe", &["cross_site_scripting", "xml_injection"]),
    ("rfi", &["server_side_request"]),
    ("ssrf", &["server_side_request"]),
];

/// Labelled as attacks in the set of commands, and by themselves ordinary values of a parameter: `?sort=id`.
const WORDS: &[&str] = &["id", "'true'", "asdf3334"];

struct Judge {
    rules: RuleSet,
    decoder: Decoder,
    normalizer: Normalizer,
    matcher: Matcher,
}

impl Judge {
    fn new() -> Self {
        let mut rules = queries::load().0;
        rules.correlations.clear();
        rules.detections.retain(|rule| rule.header.at.file.starts_with("injection/"));
        let paths = Paths::new();
        let matcher = Matcher::compile(&rules, &paths, MatcherOptions::default());
        let options = Options::default();
        Self {
            rules,
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths, options),
            matcher,
        }
    }

    fn event(&mut self, line: &Value) -> Event {
        let mut event = Event::default();
        self.decoder.decode(line.to_string().as_bytes(), false, &mut event);
        self.normalizer.translate(&mut event, Timestamp::from_seconds(1_770_000_000));
        self.normalizer.join(&mut event);
        event
    }

    /// The families that stand, each with the payload.
    fn attack(&mut self, line: &Value) -> Vec<(String, String)> {
        let event = self.event(line);
        let payload = event.get(canonical::ATTACK_PAYLOAD).unwrap_or_default();
        event.all(canonical::ATTACK_FAMILIES).map(|family| (family.to_owned(), payload.to_owned())).collect()
    }

    /// Names of the rules that match the request as a proxy's JSON log shows it.
    fn flags(&mut self, line: &Value) -> Vec<String> {
        let event = self.event(line);
        let mut matched = Vec::new();
        self.matcher.matches(&event, &mut matched);
        matched.iter().filter_map(|rule| self.rules.detections[rule.0 as usize].header.name.clone()).collect()
    }
}

fn lines(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(seed_systems::shared()?.join("data").join(file)).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The request as a proxy logs it that leaves nothing out.
fn request(case: &Value) -> Value {
    let query = text(case, "query");
    let uri = if query.is_empty() {
        text(case, "path").to_owned()
    } else {
        format!("{}?{query}", text(case, "path"))
    };
    json!({
        "time": "2026-03-01T09:00:00+00:00", "remote_addr": "203.0.113.7", "method": case["method"], "uri": uri,
        "status": 200, "request_time": 0.01, "request_body": text(case, "body"), "http_cookie": text(case, "cookie"),
        "http_user_agent": text(case, "user_agent"), "http_referer": text(case, "referer"),
        "request_headers": case["other_headers"],
    })
}

fn is_right(class: &str, flags: &[String]) -> Option<bool> {
    let (_, wanted) = FAMILIES.iter().find(|(family, _)| *family == class)?;
    Some(wanted.iter().any(|rule| flags.iter().any(|flag| flag == rule)))
}

/// With `SOCTOP_MISSES` set, what is not flagged is written out, to be judged by a person.
fn report_miss(class: &str, case: &Value, flags: &[String]) {
    if std::env::var_os("SOCTOP_MISSES").is_some() {
        eprintln!("missed {class} {} {flags:?} {}", text(case, "case"), request(case));
    }
}

/// What a source of payloads is to these rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Signals and weights were chosen on it.
    Chosen,
    /// Nobody chose anything on it.
    Unseen,
}

/// How much of a source has to be told: in percent, by the right family and by any rule. First measured, then held.
const SOURCES: &[(&str, Role, u32, u32)] = &[
    ("core rule set, level 1", Role::Chosen, 83, 84),
    ("core rule set, above", Role::Chosen, 21, 24),
    ("parameters", Role::Chosen, 96, 96),
    ("firewall tests", Role::Unseen, 85, 88),
];

/// By source and class: all, any rule, the right family.
type Table = BTreeMap<(&'static str, String), [u32; 3]>;

fn add(table: &mut Table, source: &'static str, class: &str, flags: &[String], right: bool) {
    let entry = table.entry((source, class.to_owned())).or_default();
    entry[0] += 1;
    entry[1] += u32::from(!flags.is_empty());
    entry[2] += u32::from(right);
}

fn percent(part: u32, all: u32) -> f64 {
    f64::from(part) * 100.0 / f64::from(all.max(1))
}

fn print(table: &Table) {
    eprintln!("{:<24} {:<10} {:>5} {:>7} {:>7}", "source", "class", "all", "any %", "right %");
    for ((source, class), [all, any, right]) in table {
        eprintln!(
            "{source:<24} {class:<10} {all:>5} {:>7.1} {:>7.1}",
            percent(*any, *all),
            percent(*right, *all)
        );
    }
}

fn sum<'t>(rows: impl Iterator<Item = &'t [u32; 3]>) -> [u32; 3] {
    rows.fold([0; 3], |sum, row| [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]])
}

/// The attacks of every source, and what the rules say of each; what is harmless, apart.
fn judged() -> Option<(Table, Vec<String>, usize)> {
    let mut judge = Judge::new();
    let (mut table, mut false_alarms, mut harmless) = (Table::new(), Vec::new(), 0);
    for case in &lines("waf-payloads/waf-payloads.ndjson")? {
        let flags = judge.flags(&request(case));
        let class = text(case, "class");
        if text(case, "label") == "benign" {
            harmless += 1;
            if !flags.is_empty() {
                false_alarms.push(format!("{flags:?} {}", text(case, "payload")));
            }
            continue;
        }
        let source =
            if text(case, "source").starts_with("wallarm") { "firewall tests" } else { "parameters" };
        let Some(right) = is_right(class, &flags).filter(|_| !WORDS.contains(&text(case, "payload"))) else {
            continue;
        };
        add(&mut table, source, class, &flags, right);
        if !right && source == "core rule set, level 1" {
            report_miss(class, case, &flags);
        }
    }
    for case in &lines("crs/crs-payloads.ndjson")? {
        if text(case, "expect") != "match" || !case["direction"].is_null() {
            continue;
        }
        let flags = judge.flags(&request(case));
        let class = if case["crs_rule"] == 941_130 { "xss or xxe" } else { text(case, "class") };
        let Some(right) = is_right(class, &flags) else { continue };
        let first = case["paranoia_level"].as_u64() == Some(1);
        let source = if first { "core rule set, level 1" } else { "core rule set, above" };
        add(&mut table, source, text(case, "class"), &flags, right);
        if !right {
            report_miss(class, case, &flags);
        }
    }
    Some((table, false_alarms, harmless))
}

/// Judged by source: a sum over all would only say which source is the largest.
#[test]
fn attacks_are_told_by_source_and_harmless_values_are_not() {
    let Some((table, false_alarms, harmless)) = judged() else { return };
    print(&table);
    eprintln!("false alarms {} of {harmless}", false_alarms.len());
    for (source, _, right, any) in SOURCES {
        let rows = table.iter().filter(|((name, _), _)| name == source).map(|(_, row)| row);
        let [all, told, well] = sum(rows);
        eprintln!("{source}: any {:.1} %, right {:.1} % of {all}", percent(told, all), percent(well, all));
        assert!(percent(well, all) >= f64::from(*right) && percent(told, all) >= f64::from(*any), "{source}");
    }
    let unseen: Vec<_> = SOURCES.iter().filter(|(_, role, ..)| *role == Role::Unseen).collect();
    let is_unseen = |source: &str| unseen.iter().any(|(name, ..)| *name == source);
    let [all, told, well] = sum(table.iter().filter(|((name, _), _)| is_unseen(name)).map(|(_, row)| row));
    eprintln!("not chosen on: any {:.1} %, right {:.1} % of {all}", percent(told, all), percent(well, all));
    assert!(percent(well, all) >= 80.0 && percent(told, all) >= 87.0);
    assert!(
        false_alarms.len() * 1000 < harmless,
        "{} of {harmless}:\n{}",
        false_alarms.len(),
        false_alarms.join("\n")
    );
}

/// Some payloads of one client: three that differ, or two families, as the campaign rules count.
#[test]
fn a_client_that_tries_some_payloads_is_told() {
    let Some(cases) = lines("waf-payloads/waf-payloads.ndjson") else { return };
    let attacks: Vec<&Value> = cases.iter().filter(|case| text(case, "label") == "attack").collect();
    let mut judge = Judge::new();
    let found: Vec<_> = attacks.iter().map(|case| judge.attack(&request(case))).collect();
    for (payloads, wanted_percent) in [(5, 97), (10, 100)] {
        // Neighbours in the file are alike: a client takes every this many.
        let clients = attacks.len() / payloads;
        let mine = |client: usize| (0..payloads).map(move |n| client + n * clients);
        let told = (0..clients).filter(|client| {
            let found: Vec<_> = mine(*client).filter_map(|at| found.get(at)).flatten().collect();
            let payloads = found.iter().map(|(_, payload)| payload).collect::<BTreeSet<_>>();
            let families = found.iter().map(|(family, _)| family).collect::<BTreeSet<_>>();
            payloads.len() >= 3 || families.len() >= 2
        });
        let told = told.count();
        eprintln!("clients told after {payloads} payloads: {told} of {clients}");
        assert!(told * 100 >= clients * wanted_percent, "{told} of {clients}");
    }
}

#[test]
fn requests_that_exploit_known_holes_are_noticed() {
    let Some(cases) = lines("cve-requests/cve-requests.ndjson") else { return };
    let mut judge = Judge::new();
    let attacks: Vec<&Value> = cases.iter().filter(|case| text(case, "label") == "attack").collect();
    let told = attacks.iter().filter(|case| !judge.flags(&request(case)).is_empty()).count();
    eprintln!("known holes {told} of {}", attacks.len());
    assert!(told >= KNOWN_HOLES, "{told}");
}

/// Many of them are a path and nothing else; those are told by other rules or not at all.
const KNOWN_HOLES: usize = 60;

/// A day of an ordinary web server, robots and broken links included.
#[test]
fn an_ordinary_access_log_holds_next_to_no_payloads() {
    let Some(lines) = lines("events/web-access-apache.ndjson") else { return };
    let mut judge = Judge::new();
    let alarms: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let flags = judge.flags(&line["event"]);
            (!flags.is_empty()).then(|| format!("{flags:?} {}", line["event"]["cs-uri"]))
        })
        .collect();
    eprintln!("flagged {} of {} lines of an access log", alarms.len(), lines.len());
    assert!(alarms.len() <= 1, "{}", alarms.join("\n"));
}
