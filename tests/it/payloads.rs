//! The injection rules on labelled payloads, where those are at hand (`SOCTOP_SHARED`, else `../shared`).

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]
#![expect(clippy::print_stderr, reason = "the rates are the result of these tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use soctop::decode::Decoder;
use soctop::detect::{Engine, EngineOptions};
use soctop::event::{Event, Paths, Timestamp};
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

/// Families with fewer cases say nothing about a rate.
const SMALL: u32 = 20;

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

fn show(tally: &Tally) -> String {
    tally
        .iter()
        .map(|(class, (hit, all))| {
            format!("{class} {hit}/{all} ({:.1} %)\n", f64::from(*hit) * 100.0 / f64::from(*all))
        })
        .collect()
}

/// Every family of some size is flagged in at least 95 of 100 cases.
fn assert_families<'a>(families: impl Iterator<Item = (&'a String, &'a (u32, u32))>) {
    for (class, (hit, all)) in families {
        assert!(*all < SMALL || hit * 100 >= all * 95, "{class}: {hit} of {all}");
    }
}

fn count(tally: &mut Tally, class: &str, right: bool) {
    let entry = tally.entry(class.to_owned()).or_default();
    entry.0 += u32::from(right);
    entry.1 += 1;
}

/// With `SOCTOP_MISSES` set, what is not flagged is written out, to be judged by a person.
fn report_miss(class: &str, case: &Value, flags: &[String]) {
    if std::env::var_os("SOCTOP_MISSES").is_some() {
        eprintln!("missed {class} {} {flags:?} {}", text(case, "case"), request(case));
    }
}

/// Holds a tally against the rates that were reached once.
fn assert_rates(tally: &Tally, least: &[(&str, u32)]) {
    eprintln!("{}", show(tally));
    for (class, hits) in least {
        let (hit, all) = tally.get(*class).copied().unwrap_or_default();
        assert!(hit >= *hits, "{class}: {hit} of {all}, were {hits}");
    }
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
        let class = text(case, "class");
        if text(case, "label") == "benign" {
            harmless += 1;
            if !flags.is_empty() {
                false_alarms.push(format!("{flags:?} {}", text(case, "payload")));
            }
        } else if let Some(right) = is_right(class, &flags) {
            let word = if WORDS.contains(&text(case, "payload")) { ", an ordinary word" } else { "" };
            count(&mut tally, &format!("{class}{word}"), right);
            if !right {
                report_miss(class, case, &flags);
            }
        }
    }
    eprintln!("false alarms {} of {harmless}", false_alarms.len());
    assert_rates(
        &tally,
        &[
            ("sqli", 1204),
            ("xss", 286),
            ("path", 142),
            ("command", 52),
            ("ldap", 3),
            ("nosql", 5),
            ("xxe", 7),
        ],
    );
    assert_families(tally.iter().filter(|(class, _)| !class.ends_with("word")));
    let (hit, all) = tally.values().fold((0, 0), |sum, class| (sum.0 + class.0, sum.1 + class.1));
    assert!(f64::from(hit) >= 0.99 * f64::from(all), "{}", show(&tally));
    assert!(
        false_alarms.len() * 1000 < harmless,
        "{} of {harmless}:\n{}",
        false_alarms.len(),
        false_alarms.join("\n")
    );
}

/// The regression cases of the Core Rule Set test one expression of one rule each, at higher paranoia levels with
/// fragments and ordinary words. Cookies are masked before any rule sees them, so these cases are counted apart.
#[test]
fn core_rule_set_cases_are_flagged_as_often_as_before() {
    let Some(cases) = lines("crs/crs-payloads.ndjson") else { return };
    let mut judge = Judge::new();
    let mut tally = Tally::new();
    for case in cases.iter().filter(|case| text(case, "expect") == "match" && case["direction"].is_null()) {
        let flags = judge.flags(&request(case));
        let class = if case["crs_rule"] == 941_130 { "xss or xxe" } else { text(case, "class") };
        let Some(right) = is_right(class, &flags) else { continue };
        let paranoia = case["paranoia_level"].as_u64().unwrap_or(9).min(2);
        let masked = if text(case, "cookie").is_empty() { "" } else { ", in a cookie" };
        let class = format!("{} {paranoia}{masked}", text(case, "class"));
        count(&mut tally, &class, right);
        if !right {
            report_miss(&class, case, &flags);
        }
    }
    assert_rates(&tally, LEAST);
    assert_families(tally.iter().filter(|(class, _)| class.ends_with(" 1")));
}

/// Class and paranoia level (2: and above), and how many cases are flagged.
const LEAST: &[(&str, u32)] = &[
    ("code 1", 561),
    ("code 2", 57),
    ("command 1", 270),
    ("command 2", 72),
    ("path 1", 28),
    ("rfi 1", 6),
    ("sqli 1", 145),
    ("sqli 2", 93),
    ("ssrf 1", 28),
    ("xss 1", 71),
    ("xss 2", 10),
];

#[test]
fn requests_that_exploit_known_holes_are_noticed() {
    let Some(cases) = lines("cve-requests/cve-requests.ndjson") else { return };
    let mut judge = Judge::new();
    let mut tally = Tally::new();
    for case in cases.iter().filter(|case| text(case, "label") == "attack") {
        let flags = judge.flags(&request(case));
        count(&mut tally, "known holes", !flags.is_empty());
        if flags.is_empty() {
            report_miss("known hole", case, &flags);
        }
    }
    assert_rates(&tally, &[("known holes", 80)]);
}

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
