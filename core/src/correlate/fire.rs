//! What follows from a firing: incidents, states, risk and the rules above.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::entries::Iter;
use super::entry::{Entry, Position};
use super::evidence::{Evidence, cut};
use super::hashes::GroupKey;
use super::memory::WindowRun;
use super::outlet::RawFiring;
use super::plan::{Evaluator, Measure, Plan, Role, Route, RulePlan, WindowPlan};
use super::route::{GroupRef, Signal};
use super::rule_run::RuleRun;
use super::state_machine::Input;
use super::timer::Kind;
use super::window::forward::chosen;
use super::window::{Change, ChangeKind};
use super::{Correlator, Names};
use crate::alert::{AlertKind, AlertStatus};
use crate::correlate::incident::{AlertSink, Effect, Facet, Firing, IncidentPlace};
use crate::correlate::risk::Cause;
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::number::{to_u32, to_usize};
use crate::event::veil::shown;
use crate::event::{EventId, Timestamp};
use crate::sigma::Level;
use crate::sigma::rule::RuleIndex;

/// A firing with the events behind it.
pub(super) struct Fired {
    pub(super) time: Timestamp,
    pub(super) value: f64,
    pub(super) kind: AlertKind,
    /// It held before; only its events or its value changed.
    pub(super) again: bool,
    pub(super) first: Timestamp,
    /// Of its newest event.
    pub(super) newest: Position,
    /// All events behind it, and the newest of them, which the open incident has not counted yet.
    pub(super) events: u64,
    pub(super) uncounted: u64,
    /// One more that it has not counted, among older ones that it has.
    pub(super) late: Option<Late>,
    /// Evidence of the events behind it, oldest first.
    pub(super) parts: Vec<Arc<Evidence>>,
    pub(super) approximate: bool,
    /// The open incident of another rule that tells of it, where this one has none of its own.
    pub(super) told_at: Option<IncidentPlace>,
}

/// A changed firing of a window, and the first one that changed with it.
#[derive(Clone, Copy)]
pub(super) struct Changed {
    pub(super) from: usize,
    pub(super) change: Change,
}

/// The group that a firing is of.
#[derive(Clone, Copy)]
pub(super) struct FiringGroup<'n> {
    pub(super) key: GroupKey,
    pub(super) names: &'n Names,
}

/// An event that came late.
pub(super) struct Late {
    pub(super) shown: Option<Arc<Evidence>>,
}

/// Distinct values of one field that a firing carries to rules above.
const MOST_VALUES_BEHIND: usize = 1_024;

/// Values of one field that make entities or groups.
pub(super) const MOST_VALUES: usize = 8;

impl Correlator {
    /// A plain detection matched. False when the rule's block holds the match back.
    pub(super) fn own_match(&mut self, run: RuleRun<'_>, signal: &mut Signal<'_>) -> bool {
        let RuleRun { plan, index, rule } = run;
        if !matches!(rule.evaluator, Evaluator::Match) {
            return false;
        }
        if rule.extension.first_seen.is_some() && !self.is_first(run, signal.record(), signal.time) {
            return false;
        }
        if rule.alone {
            self.outlet.matched(index, signal.record().event_id);
        }
        if !self.outlet.tells_incidents() {
            return true;
        }
        if rule.states.is_some()
            && let Some(key) = self.keys.only_group(signal.of, &rule.group_numbers)
        {
            let record = signal.record();
            let group = GroupRef { key, fields: &rule.group_numbers, record, names: None };
            self.state_input(run, &group, Input::OWN, signal);
        }
        if rule.alone && rule.incidents && !has_state_incidents(rule) {
            self.match_incident(run, signal);
        }
        if let Some(risk) = &rule.extension.risk {
            debug_assert_eq!(risk.entities.len(), rule.risk_fields.len());
            let record = signal.record();
            let mut entities: SmallVec<[(FieldNumber, &str); 4]> = SmallVec::new();
            for field in &rule.risk_fields {
                entities.extend(record.values(*field).take(MOST_VALUES).map(|value| (*field, value)));
            }
            let event = Some(signal.record().event_id);
            let cause = Cause { rule: index, plan: rule, time: signal.time, event, share: 1.0 };
            self.add_risk(plan, cause, &entities);
        }
        true
    }

    fn is_first(&mut self, run: RuleRun<'_>, record: &MatchRecord, time: Timestamp) -> bool {
        let RuleRun { index, rule, .. } = run;
        let Some(first_seen) = &rule.extension.first_seen else { return true };
        let mut values = Vec::new();
        for field in &rule.first_seen_fields {
            let Some(value) = record.value(*field) else { return false };
            values.push(value);
        }
        let key = self.keys.of_values(values.into_iter()).short();
        self.rules[index].seen.is_new(key, time, first_seen)
    }

    /// Counts a match of a plain detection in the incident of its group.
    pub(super) fn match_incident(&mut self, run: RuleRun<'_>, signal: &mut Signal<'_>) {
        let RuleRun { plan, rule, .. } = run;
        let record = signal.record();
        let present = |fields: &Vec<FieldNumber>| fields.iter().all(|field| record.value(*field).is_some());
        let fields = rule.incident_keys.iter().find(|fields| present(fields)).map_or(&[][..], Vec::as_slice);
        let names = fields.iter().map(|field| plan.fields[usize::from(*field)].as_str());
        let values = fields.iter().filter_map(|field| record.value(*field));
        let told = |_: &Self, field| record.value(field).map(str::to_owned);
        if !rule.joins.is_empty() && self.joined(run, told).is_some() {
            return;
        }
        let key =
            self.keys.of_values(names.clone().zip(values.clone()).flat_map(|(name, value)| [name, value]));
        let firing = Firing {
            kind: AlertKind::Match,
            time: signal.time,
            first: signal.time,
            events: 1,
            value: 1.0,
            approximate: false,
            newest: (signal.time, signal.order),
            trigger: record.event_id,
            overdue: signal.time < self.settled(rule),
        };
        let group = || {
            let mut group = BTreeMap::new();
            for (name, value) in names.zip(values) {
                group.insert(name.to_owned(), cut(shown(value)).to_owned());
            }
            group
        };
        let place = run.place(Facet::Firing, key);
        let context = run.context(self.options.replayed);
        let effect = self.incidents.sight(
            place,
            firing,
            group,
            |details, effect| {
                match effect {
                    Effect::Opened if rule.extension.show.is_some() => details.note(&signal.evidence(), &[]),
                    Effect::Opened => {
                        details.note_record(record);
                        details.trigger_at(&record.path, record.line);
                    }
                    _ => details.note_record(record),
                }
                for field in &rule.detail_fields {
                    record.values(*field).for_each(|value| details.note_detail(*field, cut(value)));
                }
            },
            AlertSink { rule, context, out: &mut self.alerts },
        );
        if effect == Effect::Opened {
            self.watch_quiet(run, place);
        }
        self.hand_over();
    }

    /// Makes sure that a timer will close the incident of a place.
    pub(super) fn watch_quiet(&mut self, run: RuleRun<'_>, place: IncidentPlace) {
        if self.incidents.all.get(&place).is_some_and(|incident| incident.timed) {
            return;
        }
        let place = self.incidents.place(place);
        let Some(incident) = self.incidents.at(place).filter(|incident| !incident.timed) else {
            return;
        };
        incident.timed = true;
        let at = incident.last.plus(run.rule.close_after);
        self.timer(run, at, place.key, Kind::Quiet { facet: place.facet });
    }

    /// Follows up on one changed firing of a window. `from` is the first one that changed with it.
    pub(super) fn changed(
        &mut self,
        run: RuleRun<'_>,
        key: GroupKey,
        changed: Changed,
        late: &mut Option<Position>,
    ) {
        let RuleRun { index: to, rule, .. } = run;
        let Changed { from, change } = changed;
        match change.kind {
            ChangeKind::Quiet => {
                let place = run.place(Facet::Firing, key);
                self.incidents.calm(place, change.time, change.value, rule);
            }
            ChangeKind::Retracted => self.retract(run, key, change.time),
            ChangeKind::Changed if rule.retold == 0 && rule.is_silent() && self.outlet.tells_incidents() => {}
            ChangeKind::Changed if self.looks_the_same(run, key, from..change.point) => {}
            ChangeKind::Added | ChangeKind::Changed => {
                if let (Some(baseline), Some(usual)) =
                    (rule.extension.baseline, self.rules[to].groups.get(key).and_then(|g| g.usual.as_ref()))
                    && !usual.is_spike(change.value, change.time, baseline)
                {
                    return;
                }
                if let Some(fired) = self.gather(run, key, change, late)
                    && let Some(names) = self.names_of(to, key)
                {
                    self.fire(run, FiringGroup { key, names: &names }, fired);
                }
            }
        }
    }

    /// A late event changes every firing after it. Of a firing that is no incident, rules above are told
    /// its newest events and, unless they need fields, nothing else: further on the late event is none of them.
    fn looks_the_same(&self, run: RuleRun<'_>, key: GroupKey, points: Range<usize>) -> bool {
        let RuleRun { index: to, rule, .. } = run;
        if !self.outlet.tells_incidents() || !rule.is_silent() || rule.carries_events {
            return false;
        }
        let Evaluator::Window(window) = &rule.evaluator else { return false };
        let Some(group) = self.rules[to].groups.get(key) else { return false };
        let after = group.window.entries.iter().take(points.end + 1).skip(points.start + 1);
        after.rev().filter(|entry| is_behind(entry, window)).nth(Evidence::MOST_PARTS - 1).is_some()
    }

    /// Collects what is behind a firing of a window.
    fn gather(
        &mut self,
        run: RuleRun<'_>,
        key: GroupKey,
        change: Change,
        late: &mut Option<Position>,
    ) -> Option<Fired> {
        let RuleRun { index: to, rule, .. } = run;
        let window = run.window()?;
        let place = run.place(incident_facet(rule), key);
        let counted = self.incidents.newest_counted(place);
        // Where groups beyond the budget share an incident, nobody knows what it has counted of which.
        let shared = counted.is_none() && self.incidents.has_common(place);
        let told_at = if counted.is_none() { self.told_elsewhere(run, key, &change) } else { None };
        let group = self.rules[to].groups.get(key)?;
        let entries = group.window.entries.range(change.first..change.point + 1);
        let newest = group.window.entries.get(change.point)?.key();
        let first = group.window.entries.get(change.first)?.time;
        let again = change.kind == ChangeKind::Changed;
        let goes_on = entries.clone().rev().nth(1).is_some_and(Entry::has_fired);
        let uncounted = match counted {
            Some(counted) => entries.clone().rev().take_while(|entry| entry.key() > counted).count(),
            None if shared && again => 0,
            None if told_at.is_some() || shared && goes_on => 1,
            None => entries.len(),
        };
        // A late event is older than what was counted last, yet new; it counts once.
        let came_late = late.take_if(|key| key.0 >= first);
        let came_late = came_late.filter(|key| counted.map_or(shared && again, |counted| *key <= counted));
        let came_late = came_late.map(|key| Late { shown: group.window.evidence_at(key) });
        let told = if rule.is_silent() || !rule.routes.is_empty() { Evidence::MOST_PARTS } else { 0 };
        let wanted = match rule.carries_events {
            false if rule.is_silent() => told,
            false => told.max(uncounted).max(1),
            true => entries.len(),
        };
        let parts = parts_of(entries.clone(), wanted, run, window);
        Some(Fired {
            time: change.time,
            value: change.value,
            kind: AlertKind::Correlation,
            again,
            first,
            newest,
            events: entries.len() as u64,
            uncounted: uncounted as u64,
            late: came_late,
            parts,
            approximate: group.window.is_approximate(window),
            told_at,
        })
    }

    /// A forward window ended without the event that was not to come.
    pub(super) fn fire_forward(&mut self, run: RuleRun<'_>, key: GroupKey, start: Timestamp, value: f64) {
        let Some(window) = run.window() else { return };
        let end = start.plus(window.span);
        let Some(group) = self.rules[run.index].groups.get(key) else { return };
        let entries: Vec<&Entry> = group.window.between(start, end).collect();
        let mut fired = Fired {
            time: end,
            value,
            kind: AlertKind::Absence,
            again: false,
            first: start,
            newest: entries.last().map_or((end, 0), |entry| entry.key()),
            events: entries.len() as u64,
            uncounted: entries.len() as u64,
            late: None,
            parts: entries.iter().filter_map(|entry| entry.evidence.clone()).collect(),
            approximate: group.window.evicted.is_some(),
            told_at: None,
        };
        let names = group.names.clone();
        fired.told_at = self.told_at(run, &names, &fired.parts);
        self.fire(run, FiringGroup { key, names: &names }, fired);
    }

    fn fire(&mut self, run: RuleRun<'_>, group: FiringGroup<'_>, fired: Fired) {
        let RuleRun { index, rule, .. } = run;
        let FiringGroup { key, names } = group;
        if rule.alone {
            let Fired { time, value, again, .. } = fired;
            self.outlet.fired(RawFiring { rule: index, names, time, value, again });
        }
        if !fired.again && rule.extension.first_seen.is_some() && !self.is_first_of(run, names, &fired) {
            return;
        }
        if self.outlet.tells_incidents() {
            self.firing_incident(run, group, &fired);
            if !fired.again && rule.states.is_some() {
                let record = MatchRecord::at(fired.time, fired.newest.1);
                let evidence = fired.parts.last().cloned();
                let of = self.keys.subject(&record);
                let mut signal = Signal::shown_as(of, fired.time, fired.newest.1, evidence);
                let group = GroupRef { key, fields: &[], record: &record, names: Some(names.clone()) };
                self.state_input(run, &group, Input { count: fired.events, ..Input::OWN }, &mut signal);
            }
        }
        if !rule.routes.is_empty() {
            self.feed_rules_above(run, names, fired);
        }
    }

    fn names_of(&self, to: RuleIndex, key: GroupKey) -> Option<Names> {
        self.rules[to].groups.get(key).map(|group| group.names.clone())
    }

    fn is_first_of(&mut self, run: RuleRun<'_>, names: &Names, fired: &Fired) -> bool {
        let RuleRun { index, rule, .. } = run;
        let Some(first_seen) = &rule.extension.first_seen else { return true };
        let mut values = Vec::new();
        for field in &rule.first_seen_fields {
            let behind = newest(&fired.parts);
            match self.values_behind(rule, names, behind, *field).into_iter().next() {
                Some(value) => values.push(value),
                None => return false,
            }
        }
        let key = self.keys.of_values(values.iter().map(String::as_str)).short();
        self.rules[index].seen.is_new(key, fired.time, first_seen)
    }

    /// Where an incident of a rule that this one joins tells of a change: then its events are not counted here.
    fn told_elsewhere(&mut self, run: RuleRun<'_>, key: GroupKey, change: &Change) -> Option<IncidentPlace> {
        if run.rule.joins.is_empty() {
            return None;
        }
        let group = self.rules[run.index].groups.get(key)?;
        let entries = group.window.entries.range(change.first..change.point + 1);
        let parts = parts_of(entries, 1, run, run.window()?);
        let names = group.names.clone();
        self.told_at(run, &names, &parts)
    }

    /// Where an incident of a rule that this one joins tells of a firing with these events behind it.
    pub(super) fn told_at(
        &mut self,
        run: RuleRun<'_>,
        names: &Names,
        parts: &[Arc<Evidence>],
    ) -> Option<IncidentPlace> {
        if run.rule.joins.is_empty() {
            return None;
        }
        let newest = newest(parts);
        self.joined(run, |own, field| own.values_behind(run.rule, names, newest, field).into_iter().next())
    }

    /// Goes on with the incident of another rule: it rises to the level of this one.
    fn go_on_with(&mut self, run: RuleRun<'_>, place: IncidentPlace, group: FiringGroup<'_>, fired: &Fired) {
        let Some(other) = RuleRun::of(run.plan, place.rule) else { return };
        if self.raise(place, other, run.rule.summary.level, fired.time) {
            self.firing_risk(run, group.names, &fired.parts, fired.time);
        }
    }

    /// Raises the level of an incident that is open. True when it was lower.
    fn raise(&mut self, place: IncidentPlace, run: RuleRun<'_>, level: Level, time: Timestamp) -> bool {
        let context = run.context(self.options.replayed);
        let Some(incident) = self.incidents.open_at(place) else { return false };
        let is_raised = incident.raise(level);
        if is_raised {
            let alert = incident.report(AlertStatus::Update, time, run.rule, context);
            self.alerts.push(alert);
            self.hand_over();
        }
        is_raised
    }

    /// The open incident that a rule goes on with: of one of the rules it joins, about the same. `value` gives what is
    /// known of a field.
    pub(super) fn joined(
        &mut self,
        run: RuleRun<'_>,
        value: impl Fn(&Self, FieldNumber) -> Option<String>,
    ) -> Option<IncidentPlace> {
        for other in run.rule.joins.iter().filter_map(|index| RuleRun::of(run.plan, *index)) {
            let fields = other.rule.group_numbers.iter();
            let Some(values) = fields.map(|field| value(self, *field)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let key = self.keys.of_values(values.iter().map(String::as_str));
            let places = [Facet::Firing, Facet::State].map(|facet| other.place(facet, key));
            if let Some(open) = places.into_iter().find(|place| self.incidents.is_open(*place)) {
                return Some(open);
            }
        }
        None
    }

    /// Counts a firing in the incident of its group.
    pub(super) fn firing_incident(&mut self, run: RuleRun<'_>, group: FiringGroup<'_>, fired: &Fired) {
        let FiringGroup { key, names } = group;
        let rule = run.rule;
        if rule.is_silent() {
            return;
        }
        let place = run.place(incident_facet(rule), key);
        if !self.incidents.is_open(place) {
            if has_state_incidents(rule) {
                return;
            }
            if let Some(other) = fired.told_at {
                return self.go_on_with(run, other, group, fired);
            }
        }
        let firing = Firing {
            kind: if has_state_incidents(rule) { AlertKind::State } else { fired.kind },
            time: fired.time,
            first: fired.first,
            events: fired.uncounted + u64::from(fired.late.is_some()),
            value: fired.value,
            approximate: fired.approximate,
            newest: fired.newest,
            trigger: fired.parts.last().map_or(EventId::default(), |evidence| evidence.id),
            overdue: fired.time < self.settled(rule),
        };
        let context = run.context(self.options.replayed);
        let noted = fired.parts.len().min(to_usize(fired.uncounted));
        let effect = self.incidents.sight(
            place,
            firing,
            || named(rule, names),
            |details, _| {
                if let Some(late) = &fired.late {
                    details.note_late(late.shown.as_ref(), &rule.detail_fields);
                }
                for evidence in fired.parts.iter().skip(fired.parts.len() - noted) {
                    details.note(evidence, &rule.detail_fields);
                }
                details.note_unseen(fired.uncounted - noted as u64);
            },
            AlertSink { rule, context, out: &mut self.alerts },
        );
        self.watch_quiet(run, place);
        self.hand_over();
        if effect == Effect::Opened {
            self.firing_risk(run, names, &fired.parts, fired.time);
        }
    }

    /// Values of a field of a firing: of its group, else of the events behind it, in the order of the newest of each.
    pub(super) fn values_behind(
        &self,
        rule: &RulePlan,
        names: &Names,
        parts: &[Arc<Evidence>],
        field: FieldNumber,
    ) -> Vec<String> {
        if let Some(position) = rule.group_numbers.iter().position(|number| *number == field)
            && let Some(name) = names.get(position)
        {
            return vec![name.to_string()];
        }
        let mut found: Vec<String> = Vec::new();
        let mut add = |value: &str| {
            if found.len() < MOST_VALUES_BEHIND
                && !found.iter().any(|known| super::keys::is_same(known, value))
            {
                found.push(value.to_owned());
            }
        };
        // An older event with a value that a newer one has makes no difference then, also where they are cut.
        for part in parts.iter().rev() {
            part.each_value(field, &mut add);
        }
        found.reverse();
        found
    }

    /// Makes a record of a firing and brings it to the rules that listen to it.
    pub(super) fn feed_rules_above(&mut self, run: RuleRun<'_>, names: &Names, fired: Fired) {
        let RuleRun { plan, index: to, rule } = run;
        let mut record = MatchRecord::at(fired.time, 0);
        if let Some(last) = fired.parts.last() {
            record.event_id = last.id;
            record.path = Arc::clone(&last.path);
            record.line = last.line;
        }
        for field in &rule.carried {
            for value in self.values_behind(rule, names, &fired.parts, *field) {
                record.push_value(*field, &value);
            }
        }
        let order = firing_order(to, names, fired.time);
        let newest = fired.parts.len().saturating_sub(Evidence::MOST_PARTS);
        let parts = fired.parts.into_iter().skip(newest).collect();
        let of = self.keys.subject(&record);
        let mut signal = Signal::of_firing(of, fired.time, order, rule.asked.clone(), parts);
        for route in &rule.routes {
            let again = fired.again && matches!(route.role, Role::Step(_));
            if again {
                self.withdraw_moved(plan, route, &signal);
            } else if fired.again {
                continue;
            }
            self.deliver(plan, route, &mut signal, true);
        }
    }

    /// Takes a firing out of groups of a rule above that it no longer belongs to.
    fn withdraw_moved(&mut self, plan: &Plan, route: &Route, signal: &Signal<'_>) {
        let Some(to) = RuleRun::of(plan, route.to) else { return };
        let position = (signal.time, signal.order);
        let old = self.rules[route.to].links.of(position);
        if old.is_empty() {
            return;
        }
        let now = self.keys.groups_of(signal.record(), &route.group);
        let now: Vec<GroupKey> = now.into_iter().map(|(key, _)| key).collect();
        for key in old.into_iter().filter(|key| !now.contains(key)) {
            self.withdraw(to, key, position);
        }
    }

    /// A firing no longer holds.
    fn retract(&mut self, run: RuleRun<'_>, key: GroupKey, time: Timestamp) {
        let RuleRun { plan, index: to, rule } = run;
        let Some(names) = self.names_of(to, key) else { return };
        self.outlet.withdrawn(to, &names, time);
        let position = (time, firing_order(to, &names, time));
        for route in &rule.routes {
            let linked = self.rules[route.to].links.take(position);
            let Some(above) = RuleRun::of(plan, route.to) else { continue };
            for key in linked {
                self.withdraw(above, key, position);
            }
        }
    }

    fn withdraw(&mut self, run: RuleRun<'_>, key: GroupKey, position: Position) {
        let Some(window) = run.window() else { return };
        let (rule, limits) = (run.rule, self.limits(run, window));
        let mut changes = Vec::new();
        self.rules[run.index].change(key, WindowRun { rule, window, limits }, |entries| {
            entries.remove(position, window, limits, &mut changes);
        });
        self.follow(run, key, &changes, None);
    }
}

/// What is kept of the newest `wanted` entries that have a part in what the window says, oldest first; of a chain that
/// rules above need, of its steps.
fn parts_of(entries: Iter<'_>, wanted: usize, run: RuleRun<'_>, window: &WindowPlan) -> Vec<Arc<Evidence>> {
    if matches!(window.measure, Measure::OrderedRules { .. }) && run.rule.carries_events {
        let picked = ending_last(entries, window);
        return picked.into_iter().filter_map(evidence_of).collect();
    }
    let behind = entries.rev().filter(|entry| is_behind(entry, window));
    let mut newest: Vec<Arc<Evidence>> = behind.take(wanted).filter_map(evidence_of).collect();
    newest.reverse();
    newest
}

/// The events of a chain: the earliest of each step, of the last the newest where it ends the chain anew. What the
/// chain ended with before was told then.
fn ending_last<'e>(entries: Iter<'e>, window: &WindowPlan) -> Vec<&'e Entry> {
    let steps = window.steps(u64::MAX);
    let Some(mut picked) = chosen(entries.clone(), &steps, window) else { return entries.collect() };
    let ends_it = |entry: &&Entry| steps.last().is_some_and(|step| entry.rules() & (1 << step) != 0);
    let (newest, last) = (entries.clone().next_back().filter(ends_it), picked.last().map(|entry| entry.time));
    if let (Some(newest), Some(last)) = (newest, last)
        && newest.time > last
    {
        picked.retain(|entry| entry.time < last);
        picked.extend(entries.filter(|entry| entry.time == newest.time).filter(ends_it));
    }
    picked
}

/// The newest of what is behind a firing; nothing where nothing is kept.
pub(super) fn newest(parts: &[Arc<Evidence>]) -> &[Arc<Evidence>] {
    parts.last().map_or(&[], std::slice::from_ref)
}

/// Whether an entry has a part in what the window says.
pub(super) fn is_behind(entry: &Entry, window: &WindowPlan) -> bool {
    let has_number = !matches!(window.measure, Measure::Sum | Measure::Average | Measure::Percentile(_))
        || !entry.numbers().is_empty();
    has_number && window.shows(entry.rules())
}

pub(super) fn evidence_of(entry: &Entry) -> Option<Arc<Evidence>> {
    entry.evidence.clone()
}

pub(super) fn has_state_incidents(rule: &RulePlan) -> bool {
    rule.extension.states.as_ref().is_some_and(|states| !states.alert.is_empty())
}

pub(super) fn incident_facet(rule: &RulePlan) -> Facet {
    if has_state_incidents(rule) { Facet::State } else { Facet::Firing }
}

pub(super) fn named(rule: &RulePlan, names: &Names) -> BTreeMap<String, String> {
    rule.group_names.iter().cloned().zip(names.iter().map(|name| shown(name).to_owned())).collect()
}

/// Identifies a firing among the inputs of the rules above; never equal to a `seq`.
fn firing_order(rule: RuleIndex, names: &Names, time: Timestamp) -> u64 {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&u64::from(rule.0).to_le_bytes());
    bytes.extend_from_slice(&time.0.to_le_bytes());
    for name in names {
        bytes.extend_from_slice(&to_u32(name.len()).to_le_bytes());
        bytes.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    xxh3_64(&bytes) | 1 << 63
}
