//! Risk of entities: points that decay, and where they came from.

use std::collections::HashMap;
use std::sync::Arc;

use crate::alert::{RiskChange, RuleSummary};
use crate::correlate::risk::RiskScore;
use crate::event::{MINUTE, Nanos, Timestamp};

/// An entity and how risky it is at the time of the snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// `user.name`, `source.ip`, `service.name`, ...
    pub field: Arc<str>,
    pub value: Arc<str>,
    pub score: f64,
    /// The score is larger than it was a minute before, i.e. points came within that time.
    pub rising: bool,
    pub half_life_seconds: f64,
    /// The latest contributions, newest first.
    pub contributions: Arc<Vec<Contribution>>,
}

/// Points that one rule added.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    pub rule: Arc<RuleSummary>,
    pub points: f64,
    pub time: Timestamp,
    /// How often in a row the same rule added.
    pub times: u32,
}

/// Entities held at the most; beyond, those of the lowest score are forgotten.
const LIMIT: usize = 4000;
/// Entities in a snapshot.
const TOP: usize = 100;
/// Contributions kept for an entity.
const MOST_CONTRIBUTIONS: usize = 12;
/// Below this an entity is not worth a row.
const NEGLIGIBLE: f64 = 0.5;
const RISING_WITHIN: Nanos = MINUTE;

#[derive(Debug)]
struct Held {
    field: Arc<str>,
    value: Arc<str>,
    score: f64,
    at: Timestamp,
    half_life_seconds: f64,
    contributions: Arc<Vec<Contribution>>,
}

impl Held {
    fn score_at(&self, now: Timestamp) -> f64 {
        let seconds = now.since(self.at) as f64 / 1e9;
        if self.half_life_seconds <= 0.0 || seconds <= 0.0 {
            return self.score;
        }
        self.score * (-seconds / self.half_life_seconds).exp2()
    }
}

#[derive(Debug, Default)]
pub(super) struct Risk(HashMap<(Arc<str>, Arc<str>), Held>);

impl Risk {
    pub fn apply(&mut self, change: RiskChange, now: Timestamp) {
        let field: Arc<str> = change.entity_field.into();
        let value: Arc<str> = change.entity.into();
        let held = self.0.entry((Arc::clone(&field), Arc::clone(&value))).or_insert_with(|| Held {
            field,
            value,
            score: 0.0,
            at: change.time,
            half_life_seconds: 0.0,
            contributions: Arc::default(),
        });
        held.score = change.score;
        held.at = held.at.max(change.time);
        held.half_life_seconds = change.half_life_seconds;
        let contributions = Arc::make_mut(&mut held.contributions);
        match contributions.first_mut() {
            Some(last) if last.rule.id == change.rule.id => {
                last.points += change.points;
                last.time = change.time;
                last.times = last.times.saturating_add(1);
            }
            _ => {
                let (rule, points, time) = (change.rule, change.points, change.time);
                contributions.insert(0, Contribution { rule, points, time, times: 1 });
                contributions.truncate(MOST_CONTRIBUTIONS);
            }
        }
        self.forget_the_least(now);
    }

    /// Takes over all scores as of `now`. Entities that are not among them have none; what a score is made
    /// of is told by the rules that are.
    pub fn replace(&mut self, scores: &[RiskScore], now: Timestamp) {
        let listed: HashMap<(&str, &str), &RiskScore> =
            scores.iter().map(|risk| ((risk.entity_field.as_str(), risk.entity.as_str()), risk)).collect();
        self.0.retain(|(field, value), held| {
            let Some(risk) = listed.get(&(&**field, &**value)) else { return false };
            if (held.score_at(now) - risk.score).abs() > NEGLIGIBLE {
                held.score = risk.score;
                held.at = now;
            }
            let is_part = |contribution: &Contribution| {
                risk.parts.iter().any(|(rule, _)| rule.id == contribution.rule.id)
            };
            Arc::make_mut(&mut held.contributions).retain(is_part);
            true
        });
    }

    fn forget_the_least(&mut self, now: Timestamp) {
        if self.0.len() <= LIMIT {
            return;
        }
        let mut scores: Vec<f64> = self.0.values().map(|held| held.score_at(now)).collect();
        scores.sort_unstable_by(f64::total_cmp);
        let least_kept = scores.get(LIMIT / 10).copied().unwrap_or_default();
        self.0.retain(|_, held| held.score_at(now) > least_kept);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn top(&self, now: Timestamp) -> Vec<Entity> {
        let mut scored: Vec<(f64, &Held)> = self
            .0
            .values()
            .map(|held| (held.score_at(now), held))
            .filter(|(score, _)| *score >= NEGLIGIBLE)
            .collect();
        scored.sort_unstable_by(|(a, left), (b, right)| {
            b.total_cmp(a).then_with(|| (&left.field, &left.value).cmp(&(&right.field, &right.value)))
        });
        scored.truncate(TOP);
        scored.into_iter().map(|(score, held)| entity(score, held, now)).collect()
    }
}

fn entity(score: f64, held: &Held, now: Timestamp) -> Entity {
    Entity {
        field: Arc::clone(&held.field),
        value: Arc::clone(&held.value),
        score,
        rising: now.since(held.at) < RISING_WITHIN,
        half_life_seconds: held.half_life_seconds,
        contributions: Arc::clone(&held.contributions),
    }
}
