//! All incidents: where they open, close and are remembered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

use super::firing::identity;
use super::{AlertSink, Context, Details, Effect, Firing, Incident, IncidentPlace};
use crate::alert::{Alert, AlertStatus};
use crate::correlate::entry::Position;
use crate::correlate::hashes::GroupKey;
use crate::correlate::plan::RulePlan;
use crate::event::{Nanos, Timestamp};
use crate::sigma::Level;
use crate::sigma::rule::RuleIndex;

/// Incidents held by all rules together.
const MOST_INCIDENTS: usize = 65_536;

/// All incidents, open and remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incidents {
    /// Shared with the state that is being stored, until they change.
    pub(crate) all: HashMap<IncidentPlace, Arc<Incident>>,
    /// Incidents held per rule.
    held: HashMap<RuleIndex, usize>,
    opened: u64,
    /// Most incidents per rule.
    budget: usize,
    /// Memory is scarce: few events of each are listed.
    pub(crate) brief: bool,
    /// Reused for what ids are made of.
    buffer: Vec<u8>,
}

impl Incidents {
    /// No incidents yet, and room for `budget` per rule.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// The incident of a place, open or remembered.
    pub(crate) fn at(&mut self, place: IncidentPlace) -> Option<&mut Incident> {
        self.all.get_mut(&place).map(Arc::make_mut)
    }

    /// Whether the incident of a place is open.
    pub(crate) fn is_open(&self, place: IncidentPlace) -> bool {
        self.all.get(&place).is_some_and(|incident| incident.open)
    }

    /// The newest event that the incident of a place has counted, if it is open.
    pub(crate) fn newest_counted(&self, place: IncidentPlace) -> Option<Position> {
        let incident = self.all.get(&place).filter(|incident| incident.open)?;
        Some(incident.newest_counted())
    }

    /// The incident of a place, if it is open.
    pub(crate) fn open_at(&mut self, place: IncidentPlace) -> Option<&mut Incident> {
        self.at(place).filter(|incident| incident.open)
    }

    /// Where the firing of a group belongs: its own place, or the common one when the rule holds
    /// too many.
    pub(crate) fn place(&self, place: IncidentPlace) -> IncidentPlace {
        let full = self.all.len() >= MOST_INCIDENTS
            || self.held.get(&place.rule).copied().unwrap_or(0) >= self.budget;
        if full && !self.all.contains_key(&place) {
            IncidentPlace { key: GroupKey::EVERYTHING_ELSE, ..place }
        } else {
            place
        }
    }

    /// Whether the firings of a place belong to the common incident, and that is open.
    pub(crate) fn has_common(&self, place: IncidentPlace) -> bool {
        let common = self.place(place);
        common != place && self.all.get(&common).is_some_and(|incident| incident.open)
    }

    /// Counts one firing: opens an incident or adds to the open one.
    pub(crate) fn sight(
        &mut self,
        place: IncidentPlace,
        firing: Firing,
        group: impl FnOnce() -> BTreeMap<String, String>,
        collect: impl FnOnce(&mut Details, Effect),
        report: AlertSink<'_>,
    ) -> Effect {
        let (rule, brief) = (report.rule, self.brief);
        let collect = |details: &mut Details, effect| {
            collect(details, effect);
            if brief {
                details.be_brief();
            }
        };
        let place = match self.all.get_mut(&place).map(Arc::make_mut) {
            Some(incident) if incident.open => {
                return incident.take(firing, collect, place.facet, &mut self.buffer, report);
            }
            Some(_) => place,
            None => self.place(place),
        };
        match self.all.get_mut(&place).map(Arc::make_mut) {
            Some(incident) if incident.open => {
                incident.take(firing, collect, place.facet, &mut self.buffer, report)
            }
            Some(incident) if incident.is_held_back(rule, &firing) => {
                incident.last = incident.last.max(firing.time);
                Effect::Suppressed
            }
            _ => {
                let group = match place.key {
                    GroupKey::EVERYTHING_ELSE => BTreeMap::new(),
                    _ => group(),
                };
                let mut incident = self.begin(place, rule, firing, group, collect);
                report.out.push(incident.report(AlertStatus::Open, firing.time, rule, report.context));
                self.all.insert(place, Arc::new(incident));
                Effect::Opened
            }
        }
    }

    /// An incident that opens with this firing, not told yet.
    fn begin(
        &mut self,
        place: IncidentPlace,
        rule: &RulePlan,
        firing: Firing,
        group: BTreeMap<String, String>,
        collect: impl FnOnce(&mut Details, Effect),
    ) -> Incident {
        let before = self.all.remove(&place);
        if before.is_none() {
            *self.held.entry(place.rule).or_insert(0) += 1;
        }
        let mut openings = before.as_ref().map(|old| old.openings.clone()).unwrap_or_default();
        let level = escalated(rule, &mut openings, firing.time);
        let id = identity(rule, place.facet, &group, firing, &mut self.buffer);
        let mut incident = Incident::new(id, self.opened, rule, firing, Arc::new(group));
        incident.level = level;
        incident.openings = openings;
        incident.approximate |= place.key == GroupKey::EVERYTHING_ELSE;
        incident.collect(collect, Effect::Opened);
        let inferred = rule.extension.states.as_ref().and_then(|states| states.inferred);
        incident.level = inferred.filter(|_| incident.details.inferred).unwrap_or(incident.level);
        self.opened += 1;
        incident
    }

    /// Opens what followed on an incident that has closed, if anything did.
    pub(crate) fn open_next(
        &mut self,
        place: IncidentPlace,
        next: Option<Box<Incident>>,
        report: AlertSink<'_>,
    ) -> bool {
        let AlertSink { rule, context, out } = report;
        let Some(mut next) = next else { return false };
        let firing = next.opening();
        if let Some(before) = self.at(place) {
            if before.is_held_back(rule, &firing) {
                before.last = before.last.max(next.last);
                return false;
            }
            next.openings = before.openings.clone();
        } else {
            *self.held.entry(place.rule).or_insert(0) += 1;
        }
        next.level = escalated(rule, &mut next.openings, firing.time);
        next.id = identity(rule, place.facet, &next.group, firing, &mut self.buffer);
        next.ordinal = self.opened;
        self.opened += 1;
        let opened_at = firing.time;
        out.push(next.report(AlertStatus::Open, opened_at, rule, context));
        self.all.insert(place, Arc::new(*next));
        true
    }

    /// Closes an incident; forgets it unless its rule needs to remember.
    pub(crate) fn close(
        &mut self,
        place: IncidentPlace,
        time: Timestamp,
        rule: &RulePlan,
        context: Context<'_>,
        out: &mut Vec<Alert>,
    ) {
        let Some(incident) = self.at(place).filter(|incident| incident.open) else { return };
        if memory(rule) == 0 {
            let last_words = self.forget(place);
            out.extend(last_words.map(|mut incident| incident.end(time, rule, context)));
        } else {
            incident.open = false;
            incident.closed_at = time;
            out.push(incident.report(AlertStatus::Close, time, rule, context));
        }
    }

    pub(crate) fn forget(&mut self, place: IncidentPlace) -> Option<Incident> {
        let forgotten = self.all.remove(&place)?;
        if let Some(held) = self.held.get_mut(&place.rule) {
            *held = held.saturating_sub(1);
        }
        Some(Arc::unwrap_or_clone(forgotten))
    }

    /// Gives out all incidents, in order of opening.
    pub(crate) fn take_all(&mut self) -> Vec<(IncidentPlace, Incident)> {
        self.held.clear();
        let mut all: Vec<(IncidentPlace, Incident)> =
            self.all.drain().map(|(place, incident)| (place, Arc::unwrap_or_clone(incident))).collect();
        all.sort_unstable_by_key(|(place, incident)| (incident.ordinal, *place));
        all
    }

    /// Puts an incident in as the one that opened last.
    pub(crate) fn insert_newest(&mut self, place: IncidentPlace, incident: Incident) {
        self.insert(place, Incident { ordinal: self.opened, ..incident });
    }

    /// Puts a stored incident back.
    pub(crate) fn insert(&mut self, place: IncidentPlace, incident: Incident) {
        self.opened = self.opened.max(incident.ordinal + 1);
        if self.all.insert(place, Arc::new(incident)).is_none() {
            *self.held.entry(place.rule).or_insert(0) += 1;
        }
    }

    /// The value of a group was seen below the threshold at `time`.
    pub(crate) fn calm(&mut self, place: IncidentPlace, time: Timestamp, value: f64, rule: &RulePlan) {
        let Some(bound) = rule.extension.alert.rearm_below else { return };
        if value < bound
            && let Some(incident) = self.at(place)
            && incident.last <= time
        {
            incident.below = true;
        }
    }

    /// Reports every open incident whose count has grown since its last report, in order of opening.
    pub(crate) fn report_open(&mut self, plan: &[RulePlan], context: Context<'_>, out: &mut Vec<Alert>) {
        self.report_those(plan, context, out, |_, incident| {
            incident.open && incident.reported != incident.count
        });
    }

    /// Reports every open incident of these rules, in order of opening: for somebody who has heard of
    /// none yet.
    pub(crate) fn report_standing(
        &mut self,
        plan: &[RulePlan],
        context: Context<'_>,
        out: &mut Vec<Alert>,
        wanted: impl Fn(RuleIndex) -> bool,
    ) {
        self.report_those(plan, context, out, |place, incident| incident.open && wanted(place.rule));
    }

    fn report_those(
        &mut self,
        plan: &[RulePlan],
        context: Context<'_>,
        out: &mut Vec<Alert>,
        wanted: impl Fn(&IncidentPlace, &Incident) -> bool,
    ) {
        let mut due: Vec<(u64, IncidentPlace)> = self
            .all
            .iter()
            .filter(|(place, incident)| wanted(place, incident))
            .map(|(place, incident)| (incident.ordinal, *place))
            .collect();
        due.sort_unstable();
        for (_, place) in due {
            if let (Some(incident), Some(rule)) = (self.at(place), plan.get(place.rule.index())) {
                out.push(incident.report(AlertStatus::Update, incident.last, rule, context));
            }
        }
    }
}

/// How long a closed incident is remembered.
pub(crate) fn memory(rule: &RulePlan) -> Nanos {
    let alert = &rule.extension.alert;
    let rearm = alert.rearm_below.map_or(0, |_| rule.calm_after);
    let repeat = rule.extension.escalate.map_or(0, |escalate| escalate.within);
    alert.suppress.unwrap_or(0).max(rearm).max(repeat)
}

fn escalated(rule: &RulePlan, openings: &mut VecDeque<Timestamp>, time: Timestamp) -> Level {
    let Some(escalate) = rule.extension.escalate else { return rule.summary.level };
    openings.push_back(time);
    while openings.front().is_some_and(|first| time.since(*first) > escalate.within) || openings.len() > 1024
    {
        openings.pop_front();
    }
    let repeated = openings.len() >= escalate.after as usize;
    if repeated { escalate.level.max(rule.summary.level) } else { rule.summary.level }
}
