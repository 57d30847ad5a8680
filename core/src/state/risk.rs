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
    /// What the score is made of, largest first; together they are the score.
    pub contributions: Arc<Vec<Contribution>>,
}

/// What is left of the points that one rule added.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    pub rule: Arc<RuleSummary>,
    pub points: f64,
    /// When it last added some.
    pub time: Timestamp,
    /// How often it added.
    pub times: u32,
}

/// Entities held at most; beyond, those of the lowest score are forgotten.
const LIMIT: usize = 4000;
/// Entities in a snapshot.
const TOP: usize = 100;
/// Rules that are named for an entity, those that gave most.
const MOST_CONTRIBUTIONS: usize = 24;
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

    fn contribution(&self, rule: &str) -> Option<&Contribution> {
        self.contributions.iter().find(|contribution| contribution.rule.id == rule)
    }
}

/// Makes the parts add up to `sum`, each keeping its share.
fn scale(parts: &mut [Contribution], sum: f64) {
    let total: f64 = parts.iter().map(|part| part.points).sum();
    if total > 0.0 {
        parts.iter_mut().for_each(|part| part.points *= sum / total);
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
        let before = held.score_at(change.time);
        let contributions = Arc::make_mut(&mut held.contributions);
        scale(contributions, before);
        match contributions.iter_mut().find(|known| known.rule.id == change.rule.id) {
            Some(known) => {
                known.points += change.points;
                known.time = change.time;
                known.times = known.times.saturating_add(1);
            }
            None => {
                let (rule, points, time) = (change.rule, change.points, change.time);
                contributions.push(Contribution { rule, points, time, times: 1 });
            }
        }
        contributions.sort_by(|a, b| b.points.total_cmp(&a.points));
        contributions.truncate(MOST_CONTRIBUTIONS);
        // A rule may be at its cap, and then its points count for less than they say.
        scale(contributions, change.score);
        held.score = change.score;
        held.at = held.at.max(change.time);
        held.half_life_seconds = change.half_life_seconds;
        self.forget_the_least(now);
    }

    /// Takes over all scores as of `now`, with what they are made of.
    pub fn replace(&mut self, scores: &[RiskScore], now: Timestamp) {
        let mut known = std::mem::take(&mut self.0);
        for risk in scores {
            let key: (Arc<str>, Arc<str>) = (risk.entity_field.as_str().into(), risk.entity.as_str().into());
            let before = known.remove(&key);
            let parts = risk.parts.iter().map(|(rule, points)| {
                let told = before.as_ref().and_then(|held| held.contribution(&rule.id));
                let (time, times) = told.map_or((now, 1), |told| (told.time, told.times));
                Contribution { rule: Arc::clone(rule), points: *points, time, times }
            });
            let held = Held {
                field: Arc::clone(&key.0),
                value: Arc::clone(&key.1),
                score: risk.score,
                at: now,
                half_life_seconds: risk.half_life_seconds,
                contributions: Arc::new(parts.take(MOST_CONTRIBUTIONS).collect()),
            };
            self.0.insert(key, held);
        }
        self.forget_the_least(now);
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
    let mut contributions = Arc::clone(&held.contributions);
    if score < held.score {
        scale(Arc::make_mut(&mut contributions).as_mut_slice(), score);
    }
    Entity {
        field: Arc::clone(&held.field),
        value: Arc::clone(&held.value),
        score,
        rising: now.since(held.at) < RISING_WITHIN,
        half_life_seconds: held.half_life_seconds,
        contributions,
    }
}
