use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::alert::{AlertKind, AlertStatus, RuleSummary, Window};
use crate::event::Timestamp;

/// An open incident of a rule, with these group fields.
fn incident(level: Level, rule: &str, group: &[(&str, &str)]) -> Alert {
    let summary = RuleSummary {
        id: rule.to_owned(),
        name: String::new(),
        title: rule.to_owned(),
        level,
        tags: Vec::new(),
        author: String::new(),
    };
    let group: BTreeMap<String, String> =
        group.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
    Alert {
        status: AlertStatus::Open,
        alert_id: AlertId(1),
        time: Timestamp(0),
        rule: Arc::new(summary),
        kind: AlertKind::Correlation,
        summary: format!("{rule} {group:?}"),
        group: Arc::new(group),
        count: 1,
        window: Window { start: Timestamp(0), end: Timestamp(0) },
        events: Vec::new(),
        events_omitted: 0,
        correlation_ids: Vec::new(),
        source: None,
        approximate: false,
        replayed: false,
    }
}

/// `2 high of mallory, 1 low, risk 80` as facts; without `of` it is a kind of its own that names nobody.
fn facts(text: &str) -> (Vec<Alert>, Vec<f64>) {
    let (mut open, mut risks) = (Vec::new(), Vec::new());
    for part in text.split(", ").filter(|part| *part != "nothing") {
        let words: Vec<&str> = part.split(' ').collect();
        match words.as_slice() {
            ["risk", score] => risks.push(score.parse().expect("a score")),
            [count, level, rest @ ..] => {
                let level = Level::parse(level).expect("a level");
                let count: usize = count.parse().expect("a count");
                let alert = |n: usize| match rest {
                    [] => incident(level, "rule", &[("service.name", "web")]),
                    ["of", "kinds"] => incident(level, &format!("rule {n}"), &[]),
                    ["of", "attackers"] => incident(level, "rule", &[("source.ip", &format!("192.0.2.{n}"))]),
                    ["of", name] => incident(level, &format!("rule {n}"), &[("source.ip", name)]),
                    _ => panic!("no fact: {part}"),
                };
                open.extend((0..count).map(alert));
            }
            _ => panic!("no fact: {part}"),
        }
    }
    (open, risks)
}

fn assessed(text: &str) -> Assessment {
    let (open, risks) = facts(text);
    let risks = risks.iter().map(|score| RiskyEntity { field: "source.ip", value: "x", score: *score });
    assess(open.iter(), risks)
}

#[test]
fn the_documented_examples_hold() {
    let document = include_str!("../../../../docs/threat-level.md");
    let (_, examples) = document.split_once("## Examples").expect("the section of examples");
    let rows = examples.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut checked = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [text, points, level] = cells.as_slice() else { panic!("three cells: {row}") };
        let got = assessed(text);
        let got = (format!("{:.0}", got.points), got.level.word());
        assert_eq!((got.0.as_str(), got.1), (*points, *level), "{text}");
        checked += 1;
    }
    assert!(checked >= 8, "{checked} examples");
}

#[test]
fn the_largest_reason_comes_first_and_the_reasons_add_up_to_the_points() {
    let got = assessed("3 low, 2 high of mallory, risk 50");
    let points: Vec<f64> = got.reasons.iter().map(|reason| (reason.points * 100.0).round() / 100.0).collect();
    assert_eq!(points, [25.0, 12.5, 2.0, 1.6, 1.28, 0.51]);
    assert!((got.points - got.reasons.iter().map(|reason| reason.points).sum::<f64>()).abs() < 1e-9);
}

#[test]
fn small_things_never_add_up() {
    for (text, most, level) in [
        ("500 low", 10.0, ThreatLevel::Low),
        ("500 low of kinds", 10.0, ThreatLevel::Low),
        ("500 medium", 30.0, ThreatLevel::Medium),
        ("500 high of mallory", 50.0, ThreatLevel::High),
        ("500 high of attackers", 100.0, ThreatLevel::Critical),
    ] {
        let got = assessed(text);
        assert!(got.points <= most + 1e-9, "{text}: {}", got.points);
        assert_eq!(got.level, level, "{text}");
    }
    assert_eq!(assessed("500 medium, 9 low").level, ThreatLevel::Medium);
}

#[test]
fn a_chain_of_shared_names_is_one_party() {
    let lockout = incident(Level::High, "lockout", &[("user.name", "lena")]);
    let session = incident(Level::High, "session", &[("user.name", "lena"), ("source.ip", "192.0.2.1")]);
    let guessing = incident(Level::High, "guessing", &[("source.ip", "192.0.2.1")]);
    let other = incident(Level::High, "breaker", &[("soctop.breaker.name", "db")]);
    let joined = [&lockout, &guessing, &session, &other];
    assert_eq!(parties(&joined), [0, 0, 0, 1]);
    assert_eq!(justified(joined.into_iter()).level, ThreatLevel::High);
    // Without the session nothing ties the address to the account.
    let apart = [&lockout, &guessing, &other];
    assert_eq!(justified(apart.into_iter()).level, ThreatLevel::Critical);
}

#[test]
fn the_sentence_says_why_the_word_is_what_it_is() {
    assert_eq!(assessed("nothing").because, "no incident is open");
    assert_eq!(assessed("1 high, 4 low").because, "the worst open incident is HIGH");
    let raised = "3 unrelated HIGH incidents at once";
    assert_eq!(assessed("3 high of attackers").because, raised);
}
