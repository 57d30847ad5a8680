//! State machines in the stream: their inputs, timers, transitions and incidents.

use std::ops::Range;
use std::sync::Arc;

use super::evidence::Evidence;
use super::fire::{evidence_of, named};
use super::hashes::GroupKey;
use super::memory::Group;
use super::route::{GroupRef, Signal};
use super::rule_run::RuleRun;
use super::timer::Kind;
use super::{Correlator, Names, Output};
use crate::alert::{AlertKind, AlertStatus, Transition};
use crate::correlate::incident::{AlertSink, Effect, Facet, Firing, IncidentPlace, StateLeftFor, StateTold};
use crate::correlate::state_machine::{Input, Machine, StateChange, Step};
use crate::detect::record::FieldNumber;
use crate::event::number::to_usize;
use crate::event::quantity;
use crate::event::veil::shown;
use crate::event::{End, EventId, Timestamp};
use crate::sigma::Level;
use crate::sigma::extension::{Flapping, StateFrom, States};
use crate::sigma::rule::RuleIndex;

impl Correlator {
    /// An input of a state machine.
    pub(super) fn state_input(
        &mut self,
        run: RuleRun<'_>,
        group: &GroupRef<'_>,
        input: Input,
        signal: &mut Signal<'_>,
    ) {
        let Input { number, count } = input;
        let RuleRun { index, rule, .. } = run;
        let (Some(states), Some(machine_plan)) = (&rule.extension.states, &rule.states) else { return };
        if !self.outlet.tells_incidents() {
            return;
        }
        let end = stated_end(signal, machine_plan.until);
        let settled = self.settled(rule);
        let budget = self.options.groups_per_rule;
        let key = group.key;
        let memory = &mut self.rules[index];
        if !memory.machines.contains_key(&key) {
            let starts = machine_plan.on.iter().any(|(from, expected, to)| {
                *expected == number && *to != 0 && matches!(from, StateFrom::Any | StateFrom::State(0))
            });
            if !starts {
                return;
            }
            if memory.machines.len() >= budget {
                memory.machines.retain(|_, machine| !machine.is_spent(settled));
            }
            if memory.machines.len() >= budget {
                self.beyond_budget(run, signal.time);
                return;
            }
        }
        let machine = memory.machines.entry(key).or_insert_with(|| Machine::new(group.names()));
        let mut moves = Vec::new();
        machine.latest = Some(signal.evidence());
        let step = Step { time: signal.time, order: signal.order, input: number, count, end };
        machine.input(step, (states, machine_plan), settled, &mut moves);
        self.moved(run, key, &moves, Some((signal.order, signal.evidence())));
    }

    pub(super) fn state_ended(&mut self, run: RuleRun<'_>, key: GroupKey, at: Timestamp) {
        let RuleRun { index, rule, .. } = run;
        let Some(states) = &rule.extension.states else { return };
        let settled = self.settled(rule);
        let Some(machine) = self.rules[index].machines.get_mut(&key) else { return };
        machine.wakes = machine.wakes.filter(|wakes| *wakes != at);
        let mut moves = Vec::new();
        machine.expire(at, states, &mut moves);
        self.moved(run, key, &moves, None);
        let memory = &mut self.rules[index];
        if memory.machines.get(&key).is_some_and(|machine| machine.is_spent(settled)) {
            memory.machines.remove(&key);
        }
    }

    /// Reports moves of a machine and keeps its incident and timer.
    fn moved(
        &mut self,
        run: RuleRun<'_>,
        key: GroupKey,
        moves: &[StateChange],
        cause: Option<(u64, Arc<Evidence>)>,
    ) {
        let RuleRun { index, rule, .. } = run;
        let Some(states) = &rule.extension.states else { return };
        for moved in moves {
            let by = cause.as_ref().filter(|_| !moved.timeout);
            let transition = self.transition(run, key, moved, by);
            self.outlet.said().extend(transition.map(Output::Transition));
            self.state_incident(run, key, moved, by);
            if !moved.is_into_another() {
                continue;
            }
            let alerting = states.alert.contains(&moved.to.state);
            if let Some(after) = states.disagree_after.filter(|_| alerting && moved.to.inferred) {
                let at = moved.time.plus(after);
                self.timer(run, at, key, Kind::Disagree { since: moved.time });
            }
            if states.disagree_after.is_some() && left_early(moved, &states.alert) {
                let state = states.names.get(moved.from.state).map_or("", String::as_str);
                let words =
                    format!("should still be {state} by its own events, yet the service says otherwise");
                self.disagreement(run, key, moved.from.since..moved.time, &words);
            }
        }
        let Some(machine) = self.rules[index].machines.get_mut(&key) else { return };
        if let Some(until) = machine.now.until
            && machine.wakes.is_none_or(|wakes| until < wakes)
        {
            machine.wakes = Some(until);
            self.timer(run, until, key, Kind::State);
        }
    }

    /// Says how everything stands, to somebody who has heard of nothing yet: every open incident, and
    /// every machine that is not at rest, in the order of the rules and of their entry.
    pub fn standing(&mut self, out: &mut Vec<Output>) {
        self.saying(out, |own| own.standing_of(|_| true));
    }

    /// The same for some of the rules.
    pub(super) fn standing_of(&mut self, wanted: impl Fn(RuleIndex) -> bool) {
        let plan = Arc::clone(&self.plan);
        self.incidents.report_standing(&plan.rules, self.context(&plan), &mut self.alerts, &wanted);
        self.hand_over();
        let mut standing = Vec::new();
        for (index, memory) in self.rules.numbered().filter(|(index, _)| wanted(*index)) {
            let Some(run) = RuleRun::of(&plan, index) else { continue };
            for (key, machine) in &memory.machines {
                let moved = StateChange {
                    from: machine.now,
                    to: machine.now,
                    time: machine.now.since,
                    timeout: false,
                };
                let cause = machine.latest.as_ref().map(|latest| (0, Arc::clone(latest)));
                standing.extend(self.transition(run, *key, &moved, cause.as_ref()));
            }
        }
        standing.retain(|transition| !transition.resting);
        standing.sort_by(|a, b| (a.time, &a.rule.id, &a.entity).cmp(&(b.time, &b.rule.id, &b.entity)));
        self.outlet.said().extend(standing.into_iter().map(Output::Transition));
    }

    fn transition(
        &self,
        run: RuleRun<'_>,
        key: GroupKey,
        moved: &StateChange,
        cause: Option<&(u64, Arc<Evidence>)>,
    ) -> Option<Transition> {
        let RuleRun { index, rule, .. } = run;
        let states = rule.extension.states.as_ref()?;
        let machine = self.rules[index].machines.get(&key)?;
        let group = named(rule, &machine.names);
        let of_evidence = |number: FieldNumber| {
            machine
                .latest
                .as_ref()
                .and_then(|latest| latest.values(number).next().map(|value| shown(value).to_owned()))
        };
        let entity = rule
            .states
            .as_ref()
            .and_then(|states| states.entity)
            .and_then(|number| {
                let position = rule.group_numbers.iter().position(|other| *other == number);
                position
                    .and_then(|position| machine.names.get(position).map(|name| shown(name).to_owned()))
                    .or_else(|| of_evidence(number))
            })
            .unwrap_or_else(|| listed(&machine.names));
        Some(Transition {
            board: states.board,
            rule: Arc::clone(&rule.summary),
            entity,
            group,
            from: states.names.get(moved.from.state).cloned().unwrap_or_default(),
            to: states.names.get(moved.to.state).cloned().unwrap_or_default(),
            resting: states.resting.contains(&moved.to.state),
            time: moved.time,
            until: moved.to.until,
            until_said: moved.to.end_is_said,
            count: moved.to.count,
            inferred: moved.to.inferred,
            recent_entries: machine.recent_entries(moved.time),
            event_id: cause.map(|(_, evidence)| evidence.id),
            correlation_ids: cause
                .map(|(_, evidence)| evidence.correlation_ids().map(str::to_owned).collect())
                .unwrap_or_default(),
        })
    }

    /// One incident while the machine is in alerting states.
    fn state_incident(
        &mut self,
        run: RuleRun<'_>,
        key: GroupKey,
        moved: &StateChange,
        cause: Option<&(u64, Arc<Evidence>)>,
    ) {
        let rule = run.rule;
        let Some(states) = &rule.extension.states else { return };
        if !rule.alone || !rule.incidents || states.alert.is_empty() {
            return;
        }
        let place = run.place(Facet::State, key);
        if !states.alert.contains(&moved.to.state) {
            let incident = self.incidents.open_at(place);
            let state = incident.and_then(|incident| incident.details.state.as_mut());
            state.into_iter().for_each(|state| state.left_for = Some(left_for(states, moved)));
            self.close_incident(run, place, moved.time);
            return;
        }
        if moved.goes_on() {
            let incident = self.incidents.open_at(place);
            incident.into_iter().for_each(|incident| incident.details.state = Some(told(states, moved)));
            return;
        }
        let flaps = self.flaps(run, key, moved.time);
        let state = told(states, moved);
        let context = run.context(self.options.replayed);
        let is_open = self.incidents.is_open(place);
        if !is_open {
            self.open_state_incident(run, place, moved, state.clone(), cause);
        }
        let Some(incident) = self.incidents.open_at(place) else { return };
        let flapping = flaps.is_some() && incident.raise(one_higher(rule.summary.level));
        incident.details.flaps = flaps;
        let mut raised_to = flapping.then(|| one_higher(rule.summary.level));
        if is_open {
            incident.details.state = Some(state);
            incident.details.inferred = moved.to.inferred;
            if !moved.to.inferred && incident.raise(rule.summary.level) {
                raised_to = Some(rule.summary.level);
            }
            if let Some((_, evidence)) = cause.filter(|_| moved.confirms()) {
                incident.details.note(evidence, &[]);
                incident.count = incident.count.saturating_add(1);
            }
            incident.last = incident.last.max(moved.time);
        }
        if is_open || flapping {
            let mut alert = incident.report(AlertStatus::Update, moved.time, rule, context);
            if let Some(level) = raised_to {
                alert.summary = format!("{} (now {level})", alert.summary);
            }
            self.alerts.push(alert);
        }
        self.hand_over();
    }

    /// What is said of a machine that flaps.
    fn flaps(&self, run: RuleRun<'_>, key: GroupKey, time: Timestamp) -> Option<String> {
        let states = run.rule.extension.states.as_ref()?;
        let Flapping { entries, within, into } = states.flapping?;
        let found = self.rules[run.index].machines.get(&key)?.entries_within(time, within);
        let name = into.and_then(|into| states.names.get(into)).map(|name| format!(" {name}"));
        let within = quantity::span_text(within);
        (found >= entries)
            .then(|| format!("flapping: {found} times{} within {within}", name.unwrap_or_default()))
    }

    /// Opens the incident of a machine that came into an alerting state, with its name and end.
    fn open_state_incident(
        &mut self,
        run: RuleRun<'_>,
        place: IncidentPlace,
        moved: &StateChange,
        state: StateTold,
        cause: Option<&(u64, Arc<Evidence>)>,
    ) {
        let (rule, key) = (run.rule, place.key);
        let Some(machine) = self.rules[run.index].machines.get(&key) else { return };
        let names = machine.names.clone();
        let firing = Firing {
            kind: AlertKind::State,
            time: moved.time,
            first: self.window_start(run, key, moved.time),
            events: moved.to.count.max(1),
            value: moved.to.count as f64,
            approximate: false,
            newest: (moved.time, cause.map_or(0, |(order, _)| *order)),
            trigger: cause.map_or(EventId::default(), |(_, evidence)| evidence.id),
            overdue: false,
        };
        let mut evidence = self.parts_of_window(run, key, moved.to.count);
        if evidence.is_empty() {
            evidence.extend(cause.map(|(_, evidence)| Arc::clone(evidence)));
        }
        let effect = self.incidents.sight(
            place,
            firing,
            || named(rule, &names),
            |details, _| {
                details.state = Some(state);
                details.inferred = moved.to.inferred;
                evidence.iter().for_each(|evidence| details.note(evidence, &[]));
            },
            AlertSink { rule, context: run.context(self.options.replayed), out: &mut self.alerts },
        );
        if effect == Effect::Opened {
            self.hand_over();
            self.firing_risk(run, &names, &evidence, moved.time);
        }
    }

    /// A group whose newest event has not left every window.
    fn live_group(&self, run: RuleRun<'_>, key: GroupKey) -> Option<&Group> {
        let RuleRun { index, rule, .. } = run;
        let window = run.window()?;
        let settled = self.settled(rule);
        let held = self.rules[index].groups.all.get(&key);
        held.filter(|held| !held.is_over(rule, window, settled))?.whole()
    }

    /// Time of the first event in the rule's own newest window.
    fn window_start(&self, run: RuleRun<'_>, key: GroupKey, time: Timestamp) -> Timestamp {
        let Some(window) = run.window() else { return time };
        let Some(group) = self.live_group(run, key) else { return time };
        group.window.between(time.minus(window.span), time).next().map_or(time, |entry| entry.time)
    }

    /// Evidence of the newest `count` events of the rule's own window.
    fn parts_of_window(&self, run: RuleRun<'_>, key: GroupKey, count: u64) -> Vec<Arc<Evidence>> {
        let Some(group) = self.live_group(run, key) else { return Vec::new() };
        let entries = &group.window.entries;
        let skipped = entries.len().saturating_sub(to_usize(count));
        entries.range(skipped..entries.len()).filter_map(evidence_of).collect()
    }

    /// What was inferred should have been said by the service by now.
    pub(super) fn compare_states(
        &mut self,
        run: RuleRun<'_>,
        key: GroupKey,
        since: Timestamp,
        at: Timestamp,
    ) {
        let RuleRun { index, rule, .. } = run;
        let Some(states) = &rule.extension.states else { return };
        let Some(machine) = self.rules[index].machines.get(&key) else { return };
        let said = machine.said.is_some_and(|(time, _)| time >= rule.lateness.before(since));
        if said {
            return;
        }
        let state = states.names.get(machine.now.state).map_or("", String::as_str);
        let words = format!("{state} by its own events, yet the service has not said so");
        self.disagreement(run, key, since..at, &words);
    }

    /// What soctop inferred and what the service says differ.
    fn disagreement(&mut self, run: RuleRun<'_>, key: GroupKey, time: Range<Timestamp>, words: &str) {
        let RuleRun { index, rule, .. } = run;
        if !rule.alone || !rule.incidents {
            return;
        }
        let Some(machine) = self.rules[index].machines.get(&key) else { return };
        let (names, latest) = (machine.names.clone(), machine.latest.clone());
        let words = format!("{}: {words}", listed(&names));
        let firing = Firing {
            kind: AlertKind::State,
            time: time.end,
            first: time.start,
            events: 1,
            value: 1.0,
            approximate: false,
            newest: (time.end, 0),
            trigger: latest.as_ref().map_or(EventId::default(), |evidence| evidence.id),
            overdue: false,
        };
        let place = run.place(Facet::Disagreement, key);
        let context = run.context(self.options.replayed);
        self.incidents.sight(
            place,
            firing,
            || named(rule, &names),
            |details, _| {
                details.words = Some(words);
                latest.iter().for_each(|evidence| details.note(evidence, &[]));
            },
            AlertSink { rule, context, out: &mut self.alerts },
        );
        self.watch_quiet(run, place);
        self.hand_over();
    }
}

/// What an input says of the end of what it begins; of several events behind it the newest that does.
fn stated_end(signal: &mut Signal<'_>, field: FieldNumber) -> Option<End> {
    let mut newest = None;
    signal.evidence().each_event(&mut |event| {
        newest = event.values(field).next().and_then(End::parse).or(newest);
    });
    newest
}

/// What an incident tells of the state that a machine came into.
fn told(states: &States, moved: &StateChange) -> StateTold {
    StateTold {
        name: states.names.get(moved.to.state).cloned().unwrap_or_default(),
        until: moved.to.until,
        end_is_said: moved.to.end_is_said,
        left_for: None,
        at: moved.time,
    }
}

fn left_for(states: &States, moved: &StateChange) -> StateLeftFor {
    StateLeftFor { name: told(states, moved).name, inferred: moved.to.inferred }
}

/// The service ended an alerting state that was inferred and had still to last.
fn left_early(moved: &StateChange, alerting: &[usize]) -> bool {
    let (from, to) = (&moved.from, &moved.to);
    let ended = alerting.contains(&from.state) && !alerting.contains(&to.state);
    ended && from.inferred && !to.inferred && from.until.is_some_and(|until| until > moved.time)
}

/// What may be shown of a group, in one line.
fn listed(names: &Names) -> String {
    names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ")
}

fn one_higher(level: Level) -> Level {
    Level::ALL.into_iter().find(|other| *other > level).unwrap_or(level)
}
