use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::alert::{AlertId, AlertKind, RuleSummary, Window};
use crate::event::{EventId, Format, LogLevel, Outcome, TimeQuality};
use crate::sigma::Level;
use crate::triage::Act;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_357_000 + seconds)
}

/// An incident in which every text that logs or people choose is this one.
pub fn alert(text: &str) -> Alert {
    let rule = RuleSummary {
        id: text.to_owned(),
        name: String::new(),
        title: text.to_owned(),
        level: Level::High,
        tags: vec!["attack.t1110.003".to_owned(), "attack.credential-access".to_owned()],
        author: text.to_owned(),
    };
    Alert {
        status: AlertStatus::Open,
        alert_id: AlertId(0xabc),
        time: at(60),
        rule: Arc::new(rule),
        kind: AlertKind::Correlation,
        group: BTreeMap::from([("source.ip".to_owned(), text.to_owned())]).into(),
        count: 29,
        window: Window { start: at(0), end: at(60) },
        summary: text.to_owned(),
        events: vec![EventId(1), EventId(2)],
        events_omitted: 27,
        correlation_ids: vec![text.to_owned()],
        source: None,
        approximate: false,
        replayed: false,
    }
}

pub fn record(text: &str) -> Record {
    Record {
        event_id: EventId(1),
        seq: 1,
        time: at(1),
        time_quality: TimeQuality::Exact,
        ingested: at(1),
        source: "a.log".into(),
        line: 1,
        outcome: Outcome::Parsed,
        flags: Default::default(),
        format: Format::Json,
        level: LogLevel::Warn,
        service: text.to_owned(),
        message: text.to_owned(),
        correlation_ids: Vec::new(),
        fields: Vec::new(),
        raw: text.to_owned(),
    }
}

fn entry(text: &str) -> Entry {
    let act = Act::Acknowledge { incidents: vec![AlertId(0xabc)], note: text.to_owned() };
    Entry { at: at(90), by: "kim".to_owned(), about: text.to_owned(), act }
}

fn rendered(text: &str, form: ReportForm) -> String {
    let (alert, records, entry) = (alert(text), [record(text)], entry(text));
    let rule = RuleNote {
        rule: Arc::clone(&alert.rule),
        description: text.to_owned(),
        false_positives: vec![text.to_owned()],
        version: 7,
        file: text.into(),
        line: 1,
    };
    let report = IncidentReport {
        alert: &alert,
        records: &records,
        decisions: vec![&entry],
        rule: Some(&rule),
        made_at: at(100),
        made_by: text,
    };
    render(&report, form)
}

#[test]
fn a_report_says_what_who_when_decided_and_how_complete() {
    let page = rendered("203.0.113.9", ReportForm::Markdown);
    for expect in [
        "the rule “203.0.113.9” (high) found: 203.0.113.9.",
        "It counted 29 events between 2026-03-01T09:23:20Z and 2026-03-01T09:24:20Z, from 203.0.113.9",
        "kim acknowledged 203.0.113.9: 203.0.113.9",
        "- ATT&CK: ` T1110.003 `",
        "- version: ` 0000000000000007 `",
        "Events stored with it: 2; found in the index: 1. No longer in the index: 1. Counted, but not stored with it: 27.",
        "`soctop report 00000000000000000000000000000abc`",
    ] {
        assert!(page.contains(expect), "no {expect:?} in\n{page}");
    }
}

/// What attackers write so that a report does something.
pub const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://203.0.113.9/track.png)",
    "``` ` `` ````\n# heading\n| a | b |",
    "</pre></body><b>",
    "\u{1b}]52;c;YQ==\u{7}\u{202e}gnp.exe",
    "http://203.0.113.9/ www.example.org kim@example.org",
    "'; --<!-- \\` \\\\",
];

#[test]
fn markdown_holds_foreign_text_in_code_only() {
    for text in HOSTILE {
        let page = rendered(text, ReportForm::Markdown);
        let outside = outside_of_code(&page);
        for mark in ["<", "](", "![", "http", "www", "@", "javascript", "heading"] {
            assert!(!outside.contains(mark), "{mark} of {text:?} in\n{outside}\nof\n{page}");
        }
    }
}

/// The page without its fenced blocks and code spans, read as CommonMark reads them.
fn outside_of_code(page: &str) -> String {
    let mut outside = String::new();
    let mut fence: Option<usize> = None;
    for line in page.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.trim_matches('`').is_empty() => fence = None,
            Some(_) => {}
            None if ticks >= 3 && !line.get(ticks..).unwrap_or_default().contains('`') => fence = Some(ticks),
            None => outside.push_str(&format!("{}\n", without_spans(line))),
        }
    }
    assert_eq!(fence, None, "a block is not closed:\n{page}");
    outside
}

fn without_spans(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(rest.get(..start).unwrap_or_default());
        let after = rest.get(start..).unwrap_or_default();
        let ticks = after.len() - after.trim_start_matches('`').len();
        let body = after.get(ticks..).unwrap_or_default();
        let close = runs(body).find(|(_, length)| *length == ticks).map(|(at, _)| at);
        let close = close.unwrap_or_else(|| panic!("a span is not closed: {line}"));
        rest = body.get(close + ticks..).unwrap_or_default();
    }
    outside.push_str(rest);
    outside
}

/// Where runs of backticks begin, and how long they are.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find('`')?;
        let rest = text.get(start..)?;
        let length = rest.len() - rest.trim_start_matches('`').len();
        at = start + length;
        Some((start, length))
    })
}

#[test]
fn html_has_no_markup_but_its_own_and_loads_nothing() {
    for text in HOSTILE {
        let page = rendered(text, ReportForm::Html);
        let own = [
            "!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd",
            "pre",
        ];
        for tag in page.split('<').skip(1) {
            let name =
                tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric() && c != '!').next();
            assert!(own.contains(&name.unwrap_or_default()), "{tag:?} of {text:?}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    }
}

#[test]
fn ocsf_is_json_that_says_what_was_found() {
    for text in HOSTILE {
        let page = rendered(text, ReportForm::Ocsf);
        let finding: serde_json::Value = serde_json::from_str(&page).expect("JSON");
        assert_eq!(finding["class_uid"], 2004);
        assert_eq!(finding["type_uid"], 200_401);
        assert_eq!(finding["severity_id"], 4);
        assert_eq!(finding["message"], text);
        assert_eq!(finding["finding_info"]["attacks"][0]["technique"]["uid"], "T1110.003");
        assert_eq!(finding["evidences"].as_array().map(Vec::len), Some(1));
        assert_eq!(finding["evidences"][0]["data"]["raw"], serde_json::Value::Null);
        assert!(page.chars().all(|c| matches!(c, ' '..='~' | '\n')), "what could fool a reader is escaped");
    }
}
