//! Regular events that stay away.

use std::sync::Arc;

use super::Correlator;
use super::fire::{Fired, FiringGroup};
use super::hashes::GroupKey;
use super::memory::Beat;
use super::outlet::RawFiring;
use super::plan::Evaluator;
use super::route::{GroupRef, Signal};
use super::rule_run::RuleRun;
use super::state_machine::Input;
use super::timer::Kind;
use crate::alert::AlertKind;
use crate::correlate::incident::Facet;
use crate::detect::record::MatchRecord;
use crate::event::Timestamp;
use crate::sigma::extension::Heartbeat;

impl Correlator {
    /// A key of a heartbeat rule was heard.
    pub(super) fn beat(
        &mut self,
        run: RuleRun<'_>,
        heartbeat: Heartbeat,
        group: &GroupRef<'_>,
        signal: &mut Signal<'_>,
    ) {
        let (to, key) = (run.index, group.key);
        let budget = self.options.groups_per_rule;
        let memory = &mut self.rules[to];
        let Some(beat) = memory.beats.get_mut(&key) else {
            if memory.beats.len() >= budget {
                self.beyond_budget(run, signal.time);
                return;
            }
            let latest = signal.evidence();
            memory
                .beats
                .insert(key, Beat { names: group.names(), heard: signal.time, silent: false, latest });
            self.timer(run, overdue(signal.time, heartbeat), key, Kind::Beat);
            return;
        };
        if signal.time <= beat.heard {
            return;
        }
        beat.heard = signal.time;
        beat.latest = signal.evidence();
        if std::mem::take(&mut beat.silent) {
            self.timer(run, overdue(signal.time, heartbeat), key, Kind::Beat);
            self.close_incident(run, run.place(Facet::Firing, key), signal.time);
        }
    }

    pub(super) fn beat_missed(&mut self, run: RuleRun<'_>, key: GroupKey, at: Timestamp) {
        let RuleRun { index: to, rule, .. } = run;
        let Evaluator::Heartbeat(heartbeat) = &rule.evaluator else { return };
        let Some(beat) = self.rules[to].beats.get_mut(&key) else { return };
        let due = overdue(beat.heard, *heartbeat);
        let forgotten = beat.heard.plus(heartbeat.forget);
        if due > at {
            self.timer(run, due, key, Kind::Beat);
            return;
        }
        if beat.silent {
            if at >= forgotten {
                self.rules[to].beats.remove(&key);
                self.close_incident(run, run.place(Facet::Firing, key), at);
            }
            return;
        }
        beat.silent = true;
        let (names, latest, heard) = (beat.names.clone(), Arc::clone(&beat.latest), beat.heard);
        let silence = at.since(heard) as f64 / 1e9;
        let told_at = self.told_at(run, &names, std::slice::from_ref(&latest));
        let fired = Fired {
            time: at,
            value: silence,
            kind: AlertKind::Absence,
            again: false,
            first: heard,
            newest: (at, 0),
            events: 1,
            uncounted: 1,
            late: None,
            parts: vec![latest],
            approximate: false,
            told_at,
        };
        self.timer(run, forgotten.max(at), key, Kind::Beat);
        self.outlet.fired(RawFiring { rule: to, names: &names, time: at, value: silence, again: true });
        if !self.outlet.tells_incidents() {
            return;
        }
        self.firing_incident(run, FiringGroup { key, names: &names }, &fired);
        if rule.states.is_some() {
            let record = MatchRecord::default();
            let evidence = fired.parts.last().cloned();
            let mut signal = Signal::shown_as(self.keys.subject(&record), at, 0, evidence);
            let group = GroupRef { key, fields: &[], record: &record, names: Some(names.clone()) };
            self.state_input(run, &group, Input::OWN, &mut signal);
        }
        if !rule.routes.is_empty() {
            self.feed_rules_above(run, &names, fired);
        }
    }
}

fn overdue(heard: Timestamp, heartbeat: Heartbeat) -> Timestamp {
    heard.plus(heartbeat.every.saturating_mul(i64::from(heartbeat.grace)))
}
