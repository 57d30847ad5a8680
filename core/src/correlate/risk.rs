//! Risk: points of many rules on one entity, decaying by themselves.
//!
//! Every rule decays with its own half-life and adds at most its own cap, so the score of an entity
//! is the sum of its parts and always has an explanation.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aggregate::KeyedMap;
use super::hashes::GroupKey;
use super::plan::RulePlan;
use crate::alert::{RiskChange, RuleSummary};
use crate::detect::record::FieldNumber;
use crate::event::{EventId, Nanos, Timestamp};
use crate::sigma::rule::RuleIndex;

/// One entity, for example the address 203.0.113.9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub(crate) field: FieldNumber,
    pub(crate) value: Box<str>,
    parts: Vec<Part>,
}

/// What one rule added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    rule: RuleIndex,
    /// At `time`.
    #[serde(with = "super::snapshot::exact")]
    points: f64,
    time: Timestamp,
    half_life: Nanos,
}

/// Scores of all entities, by keyed fingerprint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Risks {
    pub(crate) entities: KeyedMap<GroupKey, Entity>,
}

/// Entities held; above this the lowest half is dropped.
const MOST_ENTITIES: usize = 65_536;

/// The score of an entity and what it is made of, largest part first.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskScore {
    pub entity_field: String,
    pub entity: String,
    pub score: f64,
    /// Of the part that lasts longest.
    pub half_life_seconds: f64,
    pub parts: Vec<(Arc<RuleSummary>, f64)>,
}

/// Where points come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'c> {
    pub(crate) rule: RuleIndex,
    pub(crate) plan: &'c RulePlan,
    pub(crate) time: Timestamp,
    pub(crate) event: Option<EventId>,
    /// The part of the points that one entity gets: one among many is hardly to blame for what all did together.
    pub(crate) share: f64,
}

impl Risks {
    /// Adds the rule's points to one entity.
    pub(crate) fn add(
        &mut self,
        key: GroupKey,
        field: (FieldNumber, &str),
        value: &str,
        cause: Cause<'_>,
        rules: &[RulePlan],
    ) -> Option<RiskChange> {
        let options = cause.plan.extension.risk.as_ref()?;
        let entity = self.entities.entry(key).or_insert_with(|| Entity {
            field: field.0,
            value: value.into(),
            parts: Vec::new(),
        });
        let index = entity.parts.iter().position(|part| part.rule == cause.rule).unwrap_or_else(|| {
            let (rule, time, half_life) = (cause.rule, cause.time, options.half_life);
            entity.parts.push(Part { rule, points: 0.0, time, half_life });
            entity.parts.len() - 1
        });
        let times = if options.tactics { entity.tactics(cause, rules) as f64 } else { 1.0 };
        let part = &mut entity.parts[index];
        let now = part.time.max(cause.time);
        let before = part.at(now);
        // Points that come late have already lost some of their weight.
        let fresh = options.points * times * cause.share * decay(now.since(cause.time), options.half_life);
        part.points = (before + fresh).min(options.cap.max(before));
        part.time = now;
        let added = part.points - before;
        let change = RiskChange {
            entity_field: field.1.to_owned(),
            entity: entity.value.to_string(),
            rule: Arc::clone(&cause.plan.summary),
            points: added,
            score: entity.score(now),
            half_life_seconds: options.half_life as f64 / 1e9,
            time: cause.time,
            event_id: cause.event,
        };
        if self.entities.len() > MOST_ENTITIES {
            self.drop_lowest(now);
        }
        Some(change)
    }

    pub(crate) fn score(&self, key: GroupKey, now: Timestamp) -> f64 {
        self.entities.get(&key).map_or(0.0, |entity| entity.score(now))
    }

    /// Event time of the newest points of an entity; those of the future begin to decay only then.
    pub(crate) fn newest(&self, key: GroupKey) -> Option<Timestamp> {
        self.entities.get(&key)?.parts.iter().map(|part| part.time).max()
    }

    fn drop_lowest(&mut self, now: Timestamp) {
        let mut scores: Vec<f64> = self.entities.values().map(|entity| entity.score(now)).collect();
        let middle = scores.len() / 2;
        let (_, median, _) = scores.select_nth_unstable_by(middle, f64::total_cmp);
        let median = *median;
        self.entities.retain(|_, entity| entity.score(now) > median);
    }

    /// Entities with a score of at least `least`, highest first.
    pub(crate) fn listed(
        &self,
        now: Timestamp,
        least: f64,
        fields: &[String],
        rules: &[RulePlan],
    ) -> Vec<RiskScore> {
        let mut all: Vec<RiskScore> = self
            .entities
            .values()
            .filter(|entity| entity.score(now) >= least)
            .map(|entity| entity.explained(now, fields, rules))
            .collect();
        all.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then_with(|| (&a.entity_field, &a.entity).cmp(&(&b.entity_field, &b.entity)))
        });
        all
    }
}

impl Entity {
    pub(crate) fn score(&self, now: Timestamp) -> f64 {
        self.parts.iter().map(|part| part.at(now)).sum()
    }

    /// ATT&CK tactics of the cause and of the rules that the entity has at least a point of; at least 1.
    fn tactics(&self, cause: Cause<'_>, rules: &[RulePlan]) -> usize {
        let weighty = self.parts.iter().filter(|part| part.at(cause.time) >= 1.0);
        let others = weighty.filter_map(|part| rules.get(part.rule.index()));
        let tags = others.chain([cause.plan]).flat_map(|rule| &rule.summary.tags);
        tags.filter_map(|tag| tactic(tag)).collect::<BTreeSet<_>>().len().max(1)
    }

    /// Drops the parts of rules that `keep` does not know and renumbers the others.
    pub(crate) fn renumber(&mut self, keep: impl Fn(RuleIndex) -> Option<RuleIndex>) {
        self.parts.retain_mut(|part| match keep(part.rule) {
            Some(rule) => {
                part.rule = rule;
                true
            }
            None => false,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds the parts that other rules found.
    pub(crate) fn absorb(&mut self, other: Entity) {
        self.parts.extend(other.parts);
    }

    fn explained(&self, now: Timestamp, fields: &[String], rules: &[RulePlan]) -> RiskScore {
        let mut parts: Vec<(Arc<RuleSummary>, f64)> = self
            .parts
            .iter()
            .filter_map(|part| Some((Arc::clone(&rules.get(part.rule.index())?.summary), part.at(now))))
            .collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.id.cmp(&b.0.id)));
        let half_life = self.parts.iter().map(|part| part.half_life).max().unwrap_or_default();
        RiskScore {
            half_life_seconds: half_life as f64 / 1e9,
            entity_field: fields.get(usize::from(self.field)).cloned().unwrap_or_default(),
            entity: self.value.to_string(),
            score: self.score(now),
            parts,
        }
    }
}

impl Part {
    fn at(&self, now: Timestamp) -> f64 {
        self.points * decay(now.since(self.time), self.half_life)
    }
}

/// The tactic that a tag names: `attack.credential-access`, not a technique, group or software.
fn tactic(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix("attack.")?;
    name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_')).then_some(name)
}

/// What is left of one point after `elapsed`.
fn decay(elapsed: Nanos, half_life: Nanos) -> f64 {
    (-(elapsed.max(0) as f64) / half_life.max(1) as f64).exp2()
}
