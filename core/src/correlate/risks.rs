//! Risk in the stream: who gets points, and the incidents of those who have too many.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evidence::Evidence;
use super::fire::{MOST_VALUES, newest};
use super::hashes::GroupKey;
use super::plan::{Plan, RulePlan};
use super::rule_run::RuleRun;
use super::timer::Kind;
use super::{Correlator, Names, Output};
use crate::alert::AlertKind;
use crate::alert::threat::entity_in_words;
use crate::correlate::incident::{AlertSink, Effect, Facet, Firing, IncidentPlace};
use crate::correlate::risk::Cause;
use crate::detect::record::FieldNumber;
use crate::event::veil::shown;
use crate::event::{EventId, Nanos, Timestamp};
use crate::sigma::rule::RuleIndex;

/// An entity whose risk has risen.
#[derive(Clone, Copy)]
struct AtRisk<'e> {
    field: FieldNumber,
    name: &'e str,
    value: &'e str,
    key: GroupKey,
}

/// A score that a rule watches was reached.
pub(super) struct Reached {
    index: RuleIndex,
    field: FieldNumber,
    name: String,
    value: String,
    key: GroupKey,
    score: f64,
    time: Timestamp,
    event: Option<EventId>,
}

impl Correlator {
    pub(super) fn firing_risk(
        &mut self,
        run: RuleRun<'_>,
        names: &Names,
        parts: &[Arc<Evidence>],
        time: Timestamp,
    ) {
        let RuleRun { plan, index, rule } = run;
        let event = parts.last().map(|evidence| evidence.id);
        for field in &rule.risk_fields {
            let values = self.values_behind(rule, names, parts, *field);
            let last = self.values_behind(rule, names, newest(parts), *field);
            let among = 1.0 / (values.len().max(1) as f64);
            let others = values.iter().filter(|value| !last.contains(value));
            for value in last.iter().chain(others).take(MOST_VALUES) {
                // Who came last made it fire.
                let share = if last.contains(value) { 1.0 } else { among };
                let cause = Cause { rule: index, plan: rule, time, event, share };
                self.add_risk(plan, cause, &[(*field, value.as_str())]);
            }
        }
    }

    pub(super) fn add_risk(&mut self, plan: &Plan, cause: Cause<'_>, entities: &[(FieldNumber, &str)]) {
        for (field, value) in entities {
            let name = plan.fields[usize::from(*field)].as_str();
            let key = self.keys.of_entity(*field, name, value);
            let value = super::evidence::cut(shown(value));
            let change = self.risks.add(key, (*field, name), value, cause, &plan.rules);
            let Some(change) = change else {
                continue;
            };
            let score = change.score;
            self.outlet.said().push(Output::Risk(change));
            self.risk_incidents(plan, cause, AtRisk { field: *field, name, value, key }, score);
        }
    }

    /// Rules that watch the score of such entities.
    fn risk_incidents(
        &mut self,
        plan: &Plan,
        Cause { time, event, .. }: Cause<'_>,
        entity: AtRisk<'_>,
        score: f64,
    ) {
        let AtRisk { field, name, value, key } = entity;
        for index in plan.risk_watchers.iter().copied() {
            let Some(run) = RuleRun::of(plan, index) else { continue };
            let rule = run.rule;
            let Some(bound) = rule.extension.risk.as_ref().and_then(|risk| risk.alert_at) else { continue };
            if score < bound || !rule.risk_fields.contains(&field) {
                continue;
            }
            let place = run.place(Facet::Risk, key);
            let reached =
                Reached { index, field, name: name.into(), value: value.into(), key, score, time, event };
            // What it would join may open with the same event.
            if self.is_within_event && !rule.joins.is_empty() && !self.incidents.is_open(place) {
                self.reached.push(reached);
            } else {
                self.risk_incident(run, reached);
            }
        }
    }

    /// Opens what waited for the end of an event.
    pub(super) fn open_risks(&mut self, plan: &Plan) {
        for reached in std::mem::take(&mut self.reached) {
            if let Some(run) = RuleRun::of(plan, reached.index) {
                self.risk_incident(run, reached);
            }
        }
    }

    fn risk_incident(&mut self, run: RuleRun<'_>, reached: Reached) {
        let Reached { field, name, value, key, score, time, event, .. } = reached;
        let place = run.place(Facet::Risk, key);
        let told = |_: &Self, asked: FieldNumber| (asked == field).then(|| value.clone());
        let is_open = self.incidents.is_open(place);
        if !run.rule.joins.is_empty() && !is_open && self.joined(run, told).is_some() {
            return;
        }
        let firing = Firing {
            kind: AlertKind::Risk,
            time,
            first: time,
            events: 1,
            value: score,
            approximate: false,
            newest: (time, 0),
            trigger: event.unwrap_or_default(),
            overdue: false,
        };
        let words = format!("risk of {} reached {score:.0}", entity_in_words(&name, &value));
        let context = run.context(self.options.replayed);
        let effect = self.incidents.sight(
            place,
            firing,
            || BTreeMap::from([(name, super::evidence::cut(&value).to_owned())]),
            |details, _| details.words = Some(words),
            AlertSink { rule: run.rule, context, out: &mut self.alerts },
        );
        self.hand_over();
        if effect == Effect::Opened {
            self.timer(run, time.plus(half_life(run.rule) / 4), key, Kind::Risk);
        }
    }

    pub(super) fn risk_fell(&mut self, run: RuleRun<'_>, place: IncidentPlace, at: Timestamp) {
        let rule = run.rule;
        let bound = rule.extension.risk.as_ref().and_then(|risk| risk.alert_at).unwrap_or(0.0);
        if !self.incidents.is_open(place) {
            return;
        }
        if self.risks.score(place.key, at) < bound / 2.0 {
            self.close_incident(run, place, at);
        } else {
            let soon = at.plus((half_life(rule) / 4).max(1));
            let next = self.risks.newest(place.key).map_or(soon, |newest| soon.max(newest));
            self.timer(run, next, place.key, Kind::Risk);
        }
    }
}

fn half_life(rule: &RulePlan) -> Nanos {
    rule.extension.risk.as_ref().map_or(1, |risk| risk.half_life)
}
