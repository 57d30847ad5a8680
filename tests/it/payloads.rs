//! The injection rules on labelled payloads, where those are at hand (`SOCTOP_SHARED`, else `../shared`).

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use soctop::decode::Decoder;
use soctop::detect::{Engine, EngineOptions, RuleSet};
use soctop::event::{Event, Paths, Timestamp};
use soctop::normalize::{Normalizer, Options};

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
    ("code", &["code_injection"]),
    ("rfi", &["server_side_request"]),
    ("ssrf", &["server_side_request"]),
];

/// Flagged and all, by class.
type Tally = BTreeMap<String, (u32, u32)>;

struct Judge {
    rules: RuleSet,
    decoder: Decoder,
    normalizer: Normalizer,
    engine: Engine,
}

impl Judge {
    fn new() -> Self {
        let mut rules = queries::load().0;
        rules.correlations.clear();
        rules.detections.retain(|rule| rule.header.at.file.starts_with("injection/"));
        let paths = Paths::new();
        let engine = Engine::compile(&rules, &paths, EngineOptions::default());
        let options = Options::default();
        Self {
            rules,
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths, options),
            engine,
        }
    }

    /// Names of the rules that match the request as a proxy's JSON log shows it.
    fn flags(&mut self, line: &Value) -> Vec<String> {
        let mut event = Event::default();
        self.decoder.decode(line.to_string().as_bytes(), false, &mut event);
        self.normalizer.normalize(&mut event, Timestamp::from_seconds(1_770_000_000));
        let mut matched = Vec::new();
        self.engine.matches(&event, &mut matched);
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

/// The request as nginx logs it when the body and cookies are logged too.
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
        "http_user_agent": text(case, "user_agent"),
    })
}

fn is_right(class: &str, flags: &[String]) -> Option<bool> {
    let (_, wanted) = FAMILIES.iter().find(|(family, _)| *family == class)?;
    Some(wanted.iter().any(|rule| flags.iter().any(|flag| flag == rule)))
}

fn show(tally: &Tally) -> String {
    tally
        .iter()
        .map(|(class, (hit, all))| {
            format!("{class} {hit}/{all} ({:.1} %)\n", f64::from(*hit) * 100.0 / f64::from(*all))
        })
        .collect()
}

#[test]
fn labelled_payloads_are_flagged_by_their_family() {
    let Some(cases) = lines("waf-payloads/waf-payloads.ndjson") else { return };
    let mut judge = Judge::new();
    let mut tally = Tally::new();
    let mut false_alarms = Vec::new();
    let mut harmless = 0;
    for case in &cases {
        let flags = judge.flags(&request(case));
        if text(case, "label") == "benign" {
            harmless += 1;
            if !flags.is_empty() {
                false_alarms.push(format!("{flags:?} {}", text(case, "payload")));
            }
        } else if let Some(right) = is_right(text(case, "class"), &flags) {
            let entry = tally.entry(text(case, "class").to_owned()).or_default();
            entry.0 += u32::from(right);
            entry.1 += 1;
        }
    }
    eprintln!("{}false alarms {} of {harmless}", show(&tally), false_alarms.len());
    let (hit, all) = tally.values().fold((0, 0), |sum, class| (sum.0 + class.0, sum.1 + class.1));
    assert!(f64::from(hit) >= 0.95 * f64::from(all), "{}", show(&tally));
    for class in ["sqli", "xss", "path"] {
        let (hit, all) = tally[class];
        assert!(f64::from(hit) >= 0.95 * f64::from(all), "{class}: {hit} of {all}");
    }
    assert!(
        false_alarms.len() * 200 < harmless,
        "{} of {harmless}:\n{}",
        false_alarms.len(),
        false_alarms.join("\n")
    );
}

/// The regression cases of the Core Rule Set test single rules with fragments; how many are flagged is
/// recorded, and must not fall.
#[test]
fn core_rule_set_cases_are_flagged_as_often_as_before() {
    let Some(cases) = lines("crs/crs-payloads.ndjson") else { return };
    let mut judge = Judge::new();
    let mut tally = Tally::new();
    for case in cases.iter().filter(|case| text(case, "expect") == "match" && case["direction"].is_null()) {
        let flags = judge.flags(&request(case));
        if let Some(right) = is_right(text(case, "class"), &flags) {
            let paranoia = case["paranoia_level"].as_u64().unwrap_or(9).min(2);
            let entry = tally.entry(format!("{} paranoia {paranoia}", text(case, "class"))).or_default();
            entry.0 += u32::from(right);
            entry.1 += 1;
        }
    }
    eprintln!("{}", show(&tally));
    for (class, least) in [
        ("sqli paranoia 1", 0.65),
        ("xss paranoia 1", 0.6),
        ("path paranoia 1", 0.7),
        ("code paranoia 1", 0.6),
    ] {
        let (hit, all) = tally[class];
        assert!(f64::from(hit) >= least * f64::from(all), "{class}: {hit} of {all}");
    }
}
