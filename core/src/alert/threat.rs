//! The threat level: one word for how bad it is, and one number.
//!
//! The word is that of the worst open incident; several at that level that have nothing to do with each
//! other raise it by one. The number adds classes that saturate, so that any amount of small things stays
//! small. Screen, replay and documentation (`docs/threat-level.md`, which a test reads) share [`assess`]
//! and [`justified`].
//!
//! A pure function of what is open. That a level falls slowly is the business of whoever shows it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertId};
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

    /// The level that one open incident stands for.
    #[must_use]
    pub fn of(level: Level) -> Self {
        match level {
            Level::Informational | Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }

    /// The level that several independent incidents of this one stand for together. Small things never
    /// add up to more.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Low => Self::Low,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    /// The level below, for one that falls slowly.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Low | Self::Medium => Self::Low,
            Self::High => Self::Medium,
            Self::Critical => Self::High,
        }
    }
}

/// One reason behind the number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub points: f64,
    pub text: String,
    pub level: Level,
    pub alert: Option<AlertId>,
    /// Field and value of the entity whose risk it is.
    #[serde(default)]
    pub entity: Option<(String, String)>,
}

/// An entity and its risk score, decayed to now.
#[derive(Clone, Copy, Debug)]
pub struct RiskyEntity<'a> {
    pub field: &'a str,
    pub value: &'a str,
    pub score: f64,
}

/// The level that the facts justify, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    pub level: ThreatLevel,
    /// Sum of the reasons, at most 100.
    pub points: f64,
    /// Largest first; those of equal weight in the order of their text.
    pub reasons: Vec<Reason>,
    /// Why it is this word, in one sentence.
    pub because: String,
}

/// The word alone, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub level: ThreatLevel,
    /// Level of the worst open incident; `Informational` where nothing is open.
    pub worst: Level,
    /// Independent parties at that level. Above [`SEVERAL`] the count may be short.
    pub parties: usize,
}

/// As many parties at the worst level raise the word by one.
pub const SEVERAL: usize = 3;
/// Incidents of the worst level that are compared with each other. Among so many, three that have
/// nothing in common are found, or there are none worth telling apart.
const MOST_COMPARED: usize = 512;
/// Each further small incident counts this much of the one before: the sum of a class never exceeds five
/// times its first.
const FURTHER: f64 = 0.8;
/// Each further grave incident of the same party counts this much of the one before.
const FURTHER_OF_A_PARTY: f64 = 0.5;
/// A risk score counts from here on, and as much as one low incident from `FULL_RISK` on.
const LEAST_RISK: f64 = 10.0;
const FULL_RISK: f64 = 100.0;

/// The word for the open incidents. Of many at the worst level the first are compared.
#[must_use]
pub fn justified<'a>(open: impl Iterator<Item = &'a Alert> + Clone) -> Verdict {
    let worst = open.clone().map(|alert| alert.rule.level).max().unwrap_or(Level::Informational);
    let word = ThreatLevel::of(worst);
    let gravest: Vec<&Alert> = open.filter(|alert| alert.rule.level == worst).take(MOST_COMPARED).collect();
    let parties = parties(&gravest).into_iter().max().map_or(0, |last| last + 1);
    let level = if parties >= SEVERAL { word.raised() } else { word };
    Verdict { level, worst, parties }
}

/// Word, number and reasons for what is open. Give only incidents that nobody has called harmless.
#[must_use]
pub fn assess<'a>(
    open: impl Iterator<Item = &'a Alert> + Clone,
    risks: impl Iterator<Item = RiskyEntity<'a>>,
) -> Assessment {
    let verdict = justified(open.clone());
    let of = |level| -> Vec<&Alert> { open.clone().filter(|alert| alert.rule.level == level).collect() };
    let mut low: Vec<Reason> = risks.filter_map(reason_of_risk).collect();
    low.extend(of(Level::Low).into_iter().map(|alert| reason(alert, first_points(Level::Low))));
    let mut reasons = saturating(low);
    let medium = of(Level::Medium).into_iter();
    reasons.extend(saturating(medium.map(|alert| reason(alert, first_points(Level::Medium))).collect()));
    reasons.extend(by_party(&[of(Level::Critical), of(Level::High)].concat()));
    sort(&mut reasons);
    // The sum of nothing would be minus zero.
    let points = reasons.iter().fold(0.0, |total, reason| total + reason.points).min(100.0);
    Assessment { level: verdict.level, points, reasons, because: because(verdict) }
}

/// Points of the first incident of a level.
fn first_points(level: Level) -> f64 {
    match level {
        Level::Informational => 0.0,
        Level::Low => 2.0,
        Level::Medium => 6.0,
        Level::High => 25.0,
        Level::Critical => 60.0,
    }
}

fn reason(alert: &Alert, points: f64) -> Reason {
    let (text, level) = (alert.summary.clone(), alert.rule.level);
    Reason { points, text, level, alert: Some(alert.alert_id), entity: None }
}

/// Whom a risk is of, in a sentence: addresses and names of users speak for themselves.
#[must_use]
pub fn entity_in_words(field: &str, value: &str) -> String {
    match field {
        "source.ip" | "user.name" | "user.email" => value.to_owned(),
        _ => format!("{field} {value}"),
    }
}

fn reason_of_risk(risk: RiskyEntity<'_>) -> Option<Reason> {
    let RiskyEntity { field, value, score } = risk;
    (score >= LEAST_RISK).then(|| Reason {
        points: (score / FULL_RISK).min(1.0) * first_points(Level::Low),
        text: format!("risk of {} is {score:.0}", entity_in_words(field, value)),
        level: Level::Low,
        alert: None,
        entity: Some((field.to_owned(), value.to_owned())),
    })
}

/// The reasons of a class: each counts less than the one before.
fn saturating(mut reasons: Vec<Reason>) -> Vec<Reason> {
    sort(&mut reasons);
    let mut weight = 1.0;
    for reason in &mut reasons {
        reason.points *= weight;
        weight *= FURTHER;
    }
    reasons
}

/// Grave incidents, worst first: the first of a party counts in full, each further one half of that.
fn by_party(grave: &[&Alert]) -> Vec<Reason> {
    let mut weights: HashMap<usize, f64> = HashMap::new();
    let parties = parties(grave).into_iter().zip(grave);
    let weighed = parties.map(|(party, alert)| {
        let weight = weights.entry(party).or_insert(1.0);
        let points = first_points(alert.rule.level) * *weight;
        *weight *= FURTHER_OF_A_PARTY;
        reason(alert, points)
    });
    weighed.collect()
}

fn sort(reasons: &mut [Reason]) {
    reasons.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.text.cmp(&b.text)));
}

fn because(verdict: Verdict) -> String {
    let Verdict { level, worst, parties } = verdict;
    let word = ThreatLevel::of(worst).word();
    match worst {
        Level::Informational => "no incident is open".to_owned(),
        _ if level > ThreatLevel::of(worst) => {
            format!("{parties} unrelated {word} incidents at once")
        }
        _ => format!("the worst open incident is {word}"),
    }
}

/// The party behind each of the incidents, numbered from 0 in order of appearance.
///
/// Two belong to one party when they name a same person, address, session or key. Those that name no
/// address are also of one party when they are of one kind (rule): ten accounts that are locked may be
/// the work of one.
fn parties(incidents: &[&Alert]) -> Vec<usize> {
    let mut joined = JoinedIncidents((0..incidents.len()).collect());
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    for (at, alert) in incidents.iter().enumerate() {
        for tie in ties(alert) {
            let other = *known.entry(tie).or_insert(at);
            joined.join(at, other);
        }
    }
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    (0..incidents.len())
        .map(|at| {
            let next = numbers.len();
            *numbers.entry(joined.root(at)).or_insert(next)
        })
        .collect()
}

/// What ties an incident to others.
fn ties(alert: &Alert) -> impl Iterator<Item = (&str, &str)> {
    let identities = alert.group.iter().filter(|(field, _)| is_identity(field));
    let kind = (!alert.group.keys().any(|field| is_address(field))).then_some(("", alert.rule.id.as_str()));
    identities.map(|(field, value)| (field.as_str(), value.as_str())).chain(kind)
}

fn is_address(field: &str) -> bool {
    ["source.", "client."].iter().any(|start| field.starts_with(start))
}

fn is_identity(field: &str) -> bool {
    is_address(field)
        || ["user.", "session."].iter().any(|start| field.starts_with(start))
        || ["soctop.api_key", "correlation.id"].contains(&field)
}

/// Sets of incidents that have been found to belong together: each points towards the first of its set.
struct JoinedIncidents(Vec<usize>);

impl JoinedIncidents {
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(next) = self.0.get(at).copied().filter(|next| *next != at) {
            // Halves the way for the next who asks.
            let beyond = self.0.get(next).copied().unwrap_or(next);
            if let Some(place) = self.0.get_mut(at) {
                *place = beyond;
            }
            at = beyond;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(place) = self.0.get_mut(one.max(other)) {
            *place = one.min(other);
        }
    }
}

#[cfg(test)]
mod tests;
