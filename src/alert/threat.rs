//! The threat level: one word for how bad it is, from open incidents and decaying risk.
//!
//! A pure function of facts; the table is `docs/threat-level.md`, and a test reads it from there.
//! That a level falls slowly is the business of whoever shows it.

use serde::{Deserialize, Serialize};

use crate::alert::AlertId;
use crate::sigma::Level;

/// How bad it is, for the whole, a service or an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThreatLevel {
    #[default]
    Low,
    Medium,
    High,
    Critical,
}

impl ThreatLevel {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ThreatLevel::Low => "LOW",
            ThreatLevel::Medium => "MEDIUM",
            ThreatLevel::High => "HIGH",
            ThreatLevel::Critical => "CRITICAL",
        }
    }
}

/// One reason behind a threat level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub points: f64,
    pub text: String,
    pub level: Level,
    pub alert: Option<AlertId>,
}

/// The level that the facts justify, and why: largest reason first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    pub level: ThreatLevel,
    /// Sum of the reasons, at most 100.
    pub points: f64,
    pub reasons: Vec<Reason>,
}

/// Points of one open incident.
#[must_use]
pub fn points_of_incident(level: Level) -> f64 {
    match level {
        Level::Informational => 0.0,
        Level::Low => 2.0,
        Level::Medium => 8.0,
        Level::High => 25.0,
        Level::Critical => 60.0,
    }
}

/// Points of one entity by its risk score: a tenth of it, at most 10; nothing below a score of 10.
#[must_use]
pub fn points_of_risk(score: f64) -> f64 {
    if score < 10.0 { 0.0 } else { (score / 10.0).min(10.0) }
}

/// The level of a sum of points whose worst incident has the level `worst`.
#[must_use]
pub fn level_of(worst: Level, points: f64) -> ThreatLevel {
    match (worst, points) {
        (Level::Critical, _) | (_, 90.0..) => ThreatLevel::Critical,
        (Level::High, _) | (_, 50.0..) => ThreatLevel::High,
        (Level::Medium, _) | (_, 15.0..) => ThreatLevel::Medium,
        _ => ThreatLevel::Low,
    }
}

/// Adds up reasons; those without points are left out. Reasons of equal weight stand in the order of
/// their text.
#[must_use]
pub fn assess(reasons: impl IntoIterator<Item = Reason>) -> Assessment {
    let mut reasons: Vec<Reason> = reasons.into_iter().filter(|reason| reason.points > 0.0).collect();
    reasons.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.text.cmp(&b.text)));
    let points = total(&reasons);
    let worst = reasons.iter().map(|reason| reason.level).max().unwrap_or(Level::Informational);
    Assessment { level: level_of(worst, points), points, reasons }
}

/// Sum of the points, at most 100.
#[must_use]
pub fn total(reasons: &[Reason]) -> f64 {
    // `sum` of nothing is -0.
    reasons.iter().fold(0.0, |total, reason| total + reason.points).min(100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(level: Level) -> Reason {
        Reason { points: points_of_incident(level), text: level.to_string(), level, alert: None }
    }

    fn risk(score: f64) -> Reason {
        let text = format!("risk {score}");
        Reason { points: points_of_risk(score), text, level: Level::Informational, alert: None }
    }

    /// `2 high, 1 low, risk 80` as reasons.
    fn facts(text: &str) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| *part != "nothing") {
            match part.split_once(' ') {
                Some(("risk", score)) => reasons.push(risk(score.parse().expect("a score"))),
                Some((count, level)) => {
                    let level = Level::parse(level).expect("a level");
                    let count: usize = count.parse().expect("a count");
                    reasons.extend((0..count).map(|_| incident(level)));
                }
                None => panic!("no fact: {part}"),
            }
        }
        reasons
    }

    #[test]
    fn the_documented_examples_hold() {
        let document = include_str!("../../docs/threat-level.md");
        let (_, examples) = document.split_once("## Examples").expect("the section of examples");
        let rows = examples.lines().filter(|line| line.starts_with("| ")).skip(2);
        let mut checked = 0;
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [text, points, level] = cells.as_slice() else { panic!("three cells: {row}") };
            let got = assess(facts(text));
            assert_eq!(
                (&format!("{}", got.points), got.level.word()),
                (&(*points).to_owned(), *level),
                "{text}"
            );
            checked += 1;
        }
        assert!(checked >= 8, "{checked} examples");
    }

    #[test]
    fn the_largest_reason_comes_first() {
        let got = assess(facts("3 low, 1 high, risk 50"));
        let points: Vec<f64> = got.reasons.iter().map(|reason| reason.points).collect();
        assert_eq!(points, [25.0, 5.0, 2.0, 2.0, 2.0]);
    }
}
