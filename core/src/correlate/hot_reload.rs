//! Another rule set takes over from the one that runs.
//!
//! A rule whose text is the same goes on as if nothing had happened. A rule with another text, or a new
//! one, brings what it has found in recent events: its memory was filled by observing them again, with
//! the seeds of the correlator it succeeds. Where it has found an incident that is open already, that incident
//! goes on under its id, so that nobody hears of it twice; what it has found besides is told; what
//! it has not found again is closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::renumbering::{Places, Renumbering};
use super::{Correlator, Output};
use crate::alert::AlertStatus;
use crate::correlate::incident::register::Incidents;
use crate::correlate::incident::{Incident, IncidentPlace};
use crate::sigma::rule::RuleIndex;

/// What a change of rules means for those who follow what the rules say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HotReload {
    /// Incidents that end with the change, and those that the new rules find in recent events.
    pub told: Vec<Output>,
    /// How things stand for the rules that start anew: for whoever shows it, no news.
    pub standing: Vec<Output>,
    /// Ids of the rules that are gone or have another text: what they said of machines is void.
    pub void: Vec<String>,
    pub kept: usize,
    pub changed: usize,
    pub added: usize,
    pub removed: usize,
}

/// Takes over from `old`, in the middle of its stream. What is left of `old` is of no use.
pub(super) fn hot_reload(own: &mut Correlator, old: &mut Correlator) -> HotReload {
    let plan = Arc::clone(&own.plan);
    let earlier = old.plan.rules.iter().map(|rule| (rule.summary.id.as_str(), rule.content_hash));
    let places = Places::new(earlier, &plan.rules);
    let fields = Renumbering::new(&old.plan.fields, &plan.fields);
    let kept = places.kept();

    catch_up(own, old);
    take_timers(own, old, &places, &kept);
    take_memories(own, old, &places, &fields, &kept);
    own.find_sweeps();
    take_risks(own, old, &places, &fields, &kept);
    let mut change = count_changes(own, old, &places);
    let mut tell = Vec::new();
    take_incidents(own, old, &places, &fields, &kept, &mut tell);
    own.alerts.append(&mut tell);
    own.saying(&mut change.told, Correlator::hand_over);
    own.saying(&mut change.standing, |own| own.standing_of(|rule| !kept.contains(&rule)));
    change
}

/// What was due by now is over before anything is compared, and was told at its time, if at all.
fn catch_up(own: &mut Correlator, old: &mut Correlator) {
    own.clock = std::mem::take(&mut old.clock);
    own.finished = old.finished;
    own.late_events = old.late_events;
    own.saying(&mut Vec::new(), |own| own.run_timers(false));
}

fn take_timers(own: &mut Correlator, old: &mut Correlator, places: &Places, kept: &BTreeSet<RuleIndex>) {
    own.timers.retain(|timer| !kept.contains(&timer.rule));
    let theirs = std::mem::take(&mut old.timers);
    let plan = Arc::clone(&own.plan);
    own.timers.extend(theirs, |timer| {
        let rule = places.of(timer.rule)?;
        Some(timer.with_rule(rule, plan[rule].depth))
    });
}

fn take_memories(
    own: &mut Correlator,
    old: &mut Correlator,
    places: &Places,
    fields: &Renumbering,
    kept: &BTreeSet<RuleIndex>,
) {
    own.counters = old.counters;
    for (index, memory) in own.rules.numbered_mut() {
        if !kept.contains(&index) {
            // These events were counted when they came.
            memory.counters = Default::default();
        }
    }
    for (index, mut memory) in std::mem::take(&mut old.rules).into_numbered() {
        match places.of(index) {
            Some(place) => {
                memory.renumber(fields);
                own.rules[place] = memory;
            }
            None => own.counters.add_rule(&memory.counters),
        }
    }
    own.groups = own.rules.iter().map(|memory| memory.groups.len()).sum();
}

fn take_risks(
    own: &mut Correlator,
    old: &mut Correlator,
    places: &Places,
    fields: &Renumbering,
    kept: &BTreeSet<RuleIndex>,
) {
    own.risks.entities.retain(|_, entity| {
        entity.renumber(|rule| (!kept.contains(&rule)).then_some(rule));
        !entity.is_empty()
    });
    for (key, mut entity) in std::mem::take(&mut old.risks.entities) {
        entity.renumber(|rule| places.of(rule));
        let Some(field) = fields.number(entity.field).filter(|_| !entity.is_empty()) else { continue };
        entity.field = field;
        match own.risks.entities.get_mut(&key) {
            Some(found) => found.absorb(entity),
            None => drop(own.risks.entities.insert(key, entity)),
        }
    }
}

fn take_incidents(
    own: &mut Correlator,
    old: &mut Correlator,
    places: &Places,
    fields: &Renumbering,
    kept: &BTreeSet<RuleIndex>,
    tell: &mut Vec<crate::alert::Alert>,
) {
    let plan = Arc::clone(&own.plan);
    let context = own.context(&plan);
    let numbers = (0..).map(RuleIndex);
    let now_at: BTreeMap<&str, RuleIndex> =
        plan.rules.iter().zip(numbers).map(|(rule, index)| (rule.summary.id.as_str(), index)).collect();
    let found = std::mem::replace(&mut own.incidents, Incidents::new(own.options.groups_per_rule));
    let mut found: BTreeMap<IncidentPlace, Incident> = {
        let mut found = found;
        found.take_all().into_iter().filter(|(place, _)| !kept.contains(&place.rule)).collect()
    };
    let mut known = BTreeSet::new();
    let high = own.clock.high();
    let old_plan = Arc::clone(&old.plan);
    for (before, mut incident) in old.incidents.take_all() {
        if let Some(rule) = places.of(before.rule) {
            incident.renumber(&|evidence| fields.evidence(evidence), &|field| fields.number(field));
            own.incidents.insert(IncidentPlace { rule, ..before }, incident);
            continue;
        }
        let Some(old_rule) = old_plan.rules.get(before.rule.index()).filter(|_| incident.open) else {
            continue;
        };
        let place =
            now_at.get(old_rule.summary.id.as_str()).map(|rule| IncidentPlace { rule: *rule, ..before });
        let again = place.and_then(|place| Some((place, found.get_mut(&place).filter(|found| found.open)?)));
        match again {
            Some((place, again)) => {
                again.continue_as(&incident);
                known.insert(place);
            }
            None => {
                let time = high.max(incident.last);
                let context = super::incident::Context { fields: &old_plan.fields, ..context };
                tell.push(incident.report(AlertStatus::Close, time, old_rule, context));
            }
        }
    }
    let mut found: Vec<(IncidentPlace, Incident)> = found.into_iter().collect();
    found.sort_unstable_by_key(|(place, incident)| (incident.first, *place));
    for (place, mut incident) in found {
        if incident.open && !known.contains(&place) {
            tell.push(incident.report(AlertStatus::Open, incident.last, &plan[place.rule], context));
        }
        own.incidents.insert_newest(place, incident);
    }
}

fn count_changes(own: &Correlator, old: &Correlator, places: &Places) -> HotReload {
    let now: BTreeSet<&str> = own.plan.rules.iter().map(|rule| rule.summary.id.as_str()).collect();
    let mut counts = HotReload::default();
    for (rule, index) in old.plan.rules.iter().zip((0..).map(RuleIndex)) {
        let id = rule.summary.id.as_str();
        match places.of(index) {
            Some(_) => counts.kept += 1,
            None if now.contains(id) => counts.changed += 1,
            None => counts.removed += 1,
        }
        if places.of(index).is_none() {
            counts.void.push(id.to_owned());
        }
    }
    counts.added = own.plan.rules.len() - (counts.kept + counts.changed).min(own.plan.rules.len());
    counts
}
