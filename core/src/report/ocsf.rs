//! The report as an OCSF Detection Finding (class 2004, schema 1.3).

use serde_json::{Value, json};

use super::{IncidentReport, attack};
use crate::alert::AlertStatus;
use crate::event::{Record, Timestamp};
use crate::sigma::Level;
use crate::triage::{Act, Judgement, sentence};

const CLASS: u32 = 2004;

pub(super) fn render(report: &IncidentReport<'_>) -> String {
    let alert = report.alert;
    let activity = match alert.status {
        AlertStatus::Open => 1,
        AlertStatus::Update => 2,
        AlertStatus::Close => 3,
    };
    let (severity_id, severity) = severity(alert.rule.level);
    let (verdict_id, verdict) = verdict(report);
    let [what, who, stands] = report.sentences();
    let finding = json!({
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity,
        "type_uid": CLASS * 100 + activity,
        "time": millis(alert.time),
        "start_time": millis(alert.window.start),
        "end_time": millis(alert.window.end),
        "count": alert.count,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status(report),
        "verdict_id": verdict_id,
        "verdict": verdict,
        "message": alert.summary,
        "comment": comment(report),
        "metadata": {
            "version": "1.3.0",
            "product": { "name": "soctop", "vendor_name": "soctop", "version": env!("CARGO_PKG_VERSION") },
            "logged_time": millis(report.made_at),
        },
        "finding_info": {
            "uid": alert.alert_id.to_string(),
            "title": alert.rule.title,
            "desc": format!("{what} {who} {stands}"),
            "created_time": millis(alert.window.start),
            "modified_time": millis(alert.time),
            "first_seen_time": millis(alert.window.start),
            "last_seen_time": millis(alert.window.end),
            "analytic": analytic(report),
            "attacks": attack(alert).map(technique).collect::<Vec<_>>(),
        },
        "observables": observables(report),
        "evidences": report.records.iter().map(|record| json!({ "data": evidence(record) })).collect::<Vec<_>>(),
        "unmapped": {
            "completeness": report.completeness(),
            "events_stored": alert.events.len(),
            "events_not_stored": alert.events_omitted,
            "correlation_ids": alert.correlation_ids,
            "group": *alert.group,
        },
    });
    let mut text = ascii(&serde_json::to_string_pretty(&finding).unwrap_or_default());
    text.push('\n');
    text
}

/// JSON in ASCII: what could fool a reader stands as an escape. Outside of strings there is nothing to escape.
pub(super) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

fn millis(time: Timestamp) -> i64 {
    time.0 / 1_000_000
}

fn severity(level: Level) -> (u8, &'static str) {
    match level {
        Level::Informational => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Critical => (5, "Critical"),
    }
}

/// New, in progress, suppressed, resolved.
fn status(report: &IncidentReport<'_>) -> u8 {
    let is_muted = report.decisions.iter().any(|entry| matches!(entry.act, Act::Mute(_)));
    match (report.alert.status, report.decisions.is_empty()) {
        (AlertStatus::Close, _) => 4,
        (_, true) => 1,
        _ if is_muted => 3,
        _ => 2,
    }
}

fn verdict(report: &IncidentReport<'_>) -> (u8, &'static str) {
    let judged = report.decisions.iter().rev().find_map(|entry| match entry.act {
        Act::Judge { verdict, .. } => Some(verdict),
        _ => None,
    });
    match judged {
        None => (0, "Unknown"),
        Some(Judgement::False) => (1, "False Positive"),
        Some(Judgement::True) => (2, "True Positive"),
        Some(Judgement::Benign) => (5, "Benign"),
    }
}

fn comment(report: &IncidentReport<'_>) -> String {
    let said = report.decisions.iter().map(|entry| format!("{} {} {}", entry.at, entry.by, sentence(entry)));
    said.collect::<Vec<_>>().join("; ")
}

fn analytic(report: &IncidentReport<'_>) -> Value {
    let rule = &report.alert.rule;
    let mut analytic = json!({ "type_id": 1, "type": "Rule", "uid": rule.id, "name": rule.title });
    if let (Some(text), Some(fields)) = (&report.rule, analytic.as_object_mut()) {
        fields.insert("version".to_owned(), json!(format!("{:016x}", text.version)));
        fields.insert("desc".to_owned(), json!(text.description));
    }
    analytic
}

fn technique(tag: &str) -> Value {
    json!({ "technique": { "uid": tag.to_uppercase() } })
}

fn observables(report: &IncidentReport<'_>) -> Vec<Value> {
    let addresses = report.addresses().into_iter();
    let addresses = addresses.map(
        |value| json!({ "name": "src_endpoint.ip", "type_id": 2, "type": "IP Address", "value": value }),
    );
    let users = report.users().into_iter();
    let users =
        users.map(|value| json!({ "name": "user.name", "type_id": 4, "type": "User Name", "value": value }));
    addresses.chain(users).collect()
}

/// The event without its raw line, which is in the index.
fn evidence(record: &Record) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("raw");
    }
    value
}
