//! Every summary is a sentence: no hole where a name is missing, no `locked` where nobody locks.
//!
//! Read as somebody who is woken at three: what `show` says must hold for every event that the rule can meet.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::path::Path;

use regex::Regex;
use soctop::sigma::extension::{Template, TemplatePart};

use super::{queries, sample_logs};

/// Fields that a template needs: those outside of its brackets.
fn needed(show: &Template) -> impl Iterator<Item = &str> {
    show.parts.iter().filter_map(|part| match part {
        TemplatePart::Field(name) if !Template::BUILT_IN.contains(&name.as_str()) => Some(name.as_str()),
        _ => None,
    })
}

/// The words of a rule file without what its rules show and without their tests, which may name any field.
fn conditions(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let is_condition =
        |line: &&str| !line.trim_start().starts_with("show:") && !line.contains("\"timestamp\"");
    text.lines().filter(is_condition).collect::<Vec<_>>().join("\n")
}

/// A field that neither makes the group nor is asked for by the rule may be missing: it belongs into brackets.
#[test]
fn a_summary_needs_no_field_that_may_be_missing() {
    let (rules, _) = queries::load();
    let detections = rules.detections.iter().map(|rule| (&rule.header, &rule.extension));
    let correlations = rules.correlations.iter().map(|rule| (&rule.header, &rule.extension));
    let mut wrong = String::new();
    for (header, extension) in detections.chain(correlations) {
        let Some(show) = extension.as_ref().and_then(|extension| extension.show.as_ref()) else { continue };
        let conditions = conditions(&header.at.file);
        for field in needed(show).filter(|field| *field == "service.name" || !conditions.contains(field)) {
            // What an attack is told by stands in every verdict.
            if field.starts_with("soctop.attack.") {
                continue;
            }
            wrong += &format!("{}: {field}\n", header.reference());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_summary_of_every_sample_reads_as_a_sentence() {
    let hole = Regex::new(r"(^|[\s(,:])\?([\s),:]|$)|[{}]|\s{2}|\s[,.:]|\(\)|\bNaN\b|,\s*$|:\s*$").unwrap();
    let number =
        Regex::new(r"(\b1 (failed|requests|values|times|addresses)\b)|\b0 (failed|requests|times)\b")
            .unwrap();
    let mut wrong = String::new();
    for (sample, found) in sample_logs::FOUND.iter() {
        for alert in found.iter().map(|found| &found.alert) {
            // What a client sent may hold anything.
            let quoted = alert.rule.reference() == "suspicious_query";
            let claims_a_lock = alert.summary.contains("lock")
                && alert.rule.reference() == "account_lockout"
                && !alert.summary.contains("(inferred)")
                && !alert.summary.contains("says the service");
            if !quoted && (hole.is_match(&alert.summary) || number.is_match(&alert.summary)) || claims_a_lock
            {
                wrong += &format!("{}: {}: {}\n", sample.name, alert.rule.reference(), alert.summary);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
