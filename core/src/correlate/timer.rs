//! What must happen without an event: forward windows end, states time out, incidents close.
//!
//! A timer belongs to a moment of event time and becomes due when the clock has passed it by the
//! rule's allowed lateness, so that nothing that still may come could change its outcome. However far
//! the clock has jumped, while a timer runs it is the moment at which the timer became due: what it
//! fires is not late for the rules above. Timers with one moment run by the depth of their rule and
//! then in the order they were made: the same input gives the same order.
//!
//! A timer belongs to the source whose event it follows from, too. While that source has not told what it has
//! until the timer is due (its clock lags, it is still being read), the timer waits for it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::{Clock, NO_SOURCE};
use super::hashes::GroupKey;
use super::lateness::Lateness;
use super::plan::{Plan, RulePlan, WindowPlan};
use super::rule_run::RuleRun;
use super::window::Limits;
use super::window::forward::forward_value;
use super::{Correlator, Now};
use crate::alert::AlertKind;
use crate::correlate::incident::register::memory;
use crate::correlate::incident::{AlertSink, Facet, IncidentPlace};
use crate::event::{HOUR, Nanos, SECOND, SourceId, Timestamp};
use crate::sigma::rule::RuleIndex;

/// Groups of a rule that are over are dropped so often in the time for which one is kept, within limits.
const SWEEPS: i64 = 4;
const SHORTEST_PAUSE: Nanos = SECOND;
const LONGEST_PAUSE: Nanos = HOUR;

/// Ordered as they run; the fields stand in the order in which they decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Timer {
    /// The clock must have passed this.
    due: Timestamp,
    /// The moment itself.
    at: Timestamp,
    /// Rules below come first: their firings may be what a rule above waits for at the same moment.
    depth: u32,
    ordinal: u64,
    pub(super) rule: RuleIndex,
    key: GroupKey,
    kind: Kind,
    source: SourceId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Groups of the rule may be without events: their windows are empty.
    Sweep,
    /// The forward window that began at `start` ends.
    Forward { start: Timestamp },
    /// A heartbeat is overdue.
    Beat,
    /// An incident was quiet.
    Quiet { facet: Facet },
    /// A state ends by itself.
    State,
    /// What was inferred at `since` should have been logged by now.
    Disagree { since: Timestamp },
    /// A risk may have fallen.
    Risk,
}

impl Timer {
    /// For another numbering of the rules.
    pub(super) fn with_rule(self, rule: RuleIndex, depth: u32) -> Self {
        Self { rule, depth, ..self }
    }

    fn is_due(&self, time: Timestamp, inclusive: bool) -> bool {
        self.due < time || (inclusive && self.due == time)
    }
}

/// All timers that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    waiting: BTreeSet<Timer>,
    /// Those that are due for everybody but the source they belong to.
    held: BTreeMap<SourceId, BTreeSet<Timer>>,
    made: u64,
}

impl Timers {
    /// The timers of an earlier run, and how many had been made.
    pub(super) fn restore(timers: impl Iterator<Item = Timer>, made: u64) -> Self {
        Self { waiting: timers.collect(), held: BTreeMap::new(), made }
    }

    /// When the first of them is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first().map(|first| first.due)
    }

    pub(super) fn made(&self) -> u64 {
        self.made
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Timer> {
        self.waiting.iter().chain(self.held.values().flatten())
    }

    /// All, as they run.
    pub(super) fn sorted(&self) -> Vec<Timer> {
        let mut all: Vec<Timer> = self.iter().copied().collect();
        all.sort_unstable();
        all
    }

    fn insert(&mut self, timer: Timer) {
        self.waiting.insert(timer);
        self.made += 1;
    }

    fn remove(&mut self, timer: &Timer) {
        if !self.waiting.remove(timer)
            && let Some(held) = self.held.get_mut(&timer.source)
        {
            held.remove(timer);
        }
    }

    /// Takes in what waits elsewhere.
    pub(super) fn extend(&mut self, others: Timers, keep: impl Fn(Timer) -> Option<Timer>) {
        self.made = self.made.max(others.made);
        self.waiting.extend(others.iter().copied().filter_map(keep));
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Timer) -> bool) {
        self.change(|timer| keep(&timer).then_some(timer));
    }

    /// What was waited for from a source is expected from it no more.
    pub(super) fn forget_sources(&mut self) {
        self.change(|timer| Some(Timer { source: NO_SOURCE, ..timer }));
    }

    fn change(&mut self, change: impl Fn(Timer) -> Option<Timer>) {
        let all: Vec<Timer> = self.iter().copied().collect();
        self.held.clear();
        self.waiting = all.into_iter().filter_map(change).collect();
    }

    /// Takes out the first timer that is due by the clock. `inclusive`: nothing else will come at this very
    /// moment.
    fn pop_due(&mut self, clock: &Clock, inclusive: bool) -> Option<Timer> {
        let high = clock.high();
        while let Some(first) = self.waiting.first().copied().filter(|first| first.is_due(high, inclusive)) {
            if first.is_due(clock.frontier(first.source), inclusive) {
                break;
            }
            self.waiting.pop_first();
            self.held.entry(first.source).or_default().insert(first);
        }
        let first = self.waiting.first().copied().filter(|first| first.is_due(high, inclusive));
        let of_source = |(source, held): (&SourceId, &BTreeSet<Timer>)| {
            held.first().copied().filter(|first| first.is_due(clock.frontier(*source), inclusive))
        };
        let found = self.held.iter().filter_map(of_source).chain(first).min()?;
        if !self.waiting.remove(&found) {
            self.release(&found);
        }
        Some(found)
    }

    fn release(&mut self, timer: &Timer) {
        let Some(held) = self.held.get_mut(&timer.source) else { return };
        held.remove(timer);
        if held.is_empty() {
            self.held.remove(&timer.source);
        }
    }
}

impl Correlator {
    pub(super) fn timer(&mut self, run: RuleRun<'_>, at: Timestamp, key: GroupKey, kind: Kind) -> Timer {
        let RuleRun { rule, index, .. } = run;
        // A state is shown as soon as it is known and corrected when a late event says otherwise.
        let waits = !self.finished && !matches!(kind, Kind::State | Kind::Risk);
        let due = if waits { rule.lateness.after(at) } else { at };
        let (depth, ordinal, source) = (rule.depth, self.timers.made, self.now.source);
        let source = if kind == Kind::Sweep { NO_SOURCE } else { source };
        let timer = Timer { due, at, depth, ordinal, rule: index, key, kind, source };
        self.timers.insert(timer);
        timer
    }

    /// Runs timers that are due: those before the clock and, when nothing else will come at this
    /// very moment (`inclusive`), those at it.
    pub(super) fn run_timers(&mut self, inclusive: bool) {
        let Some(first) = self.timers.pop_due(&self.clock, inclusive) else { return };
        let plan = Arc::clone(&self.plan);
        let mut next = Some(first);
        while let Some(timer) = next {
            self.now = Now { source: timer.source, time: timer.due };
            self.run(&plan, &timer);
            next = self.timers.pop_due(&self.clock, inclusive);
        }
    }

    /// At the end of the input nothing is waited for.
    pub(super) fn stop_waiting(&mut self) {
        self.timers.change(|timer| Some(Timer { due: timer.at, ..timer }));
    }

    fn run(&mut self, plan: &Plan, timer: &Timer) {
        let Some(run) = RuleRun::of(plan, timer.rule) else { return };
        match timer.kind {
            Kind::Sweep => self.sweep(run, timer.at),
            Kind::Forward { start } => self.forward_ended(run, timer.key, start),
            Kind::Beat => self.beat_missed(run, timer.key, timer.at),
            Kind::Quiet { facet } => self.quiet(run, run.place(facet, timer.key), timer.at),
            Kind::State => self.state_ended(run, timer.key, timer.at),
            Kind::Disagree { since } => self.compare_states(run, timer.key, since, timer.at),
            Kind::Risk => self.risk_fell(run, run.place(Facet::Risk, timer.key), timer.at),
        }
    }

    /// Sees to it that groups of a rule go when their windows are empty.
    pub(super) fn expect_sweep(&mut self, run: RuleRun<'_>, window: &WindowPlan) {
        self.sweep_at(run, self.newest_due(run.rule).plus(pause(run.rule, window)));
    }

    /// One sweep waits for each rule. One that waits for longer makes way: the clock was set back.
    fn sweep_at(&mut self, run: RuleRun<'_>, at: Timestamp) {
        let to = run.index;
        let waiting = self.rules[to].sweep;
        if waiting.is_some_and(|sweep| sweep.at <= at) {
            return;
        }
        if let Some(sweep) = waiting {
            self.timers.remove(&sweep);
        }
        self.rules[to].sweep = Some(self.timer(run, at, GroupKey::NONE, Kind::Sweep));
    }

    /// Takes note of the sweeps that wait, after timers came from elsewhere.
    pub(super) fn find_sweeps(&mut self) {
        for timer in self.timers.iter().filter(|timer| timer.kind == Kind::Sweep) {
            self.rules[timer.rule].sweep = Some(*timer);
        }
    }

    /// At the end of the input nothing is late any more.
    fn lateness(&self, rule: &RulePlan) -> Lateness {
        if self.finished { Lateness::NONE } else { rule.lateness }
    }

    /// The newest moment of which the timers of the rule are due.
    fn newest_due(&self, rule: &RulePlan) -> Timestamp {
        self.lateness(rule).before(self.clock.high()).minus(1)
    }

    /// Drops the groups of a rule whose newest event has left every window. All at once, every now and then:
    /// most groups see one event, and a timer for each costs more than the event. However far the clock has
    /// jumped, two looks are enough: one where timers stand, one where the clock stands.
    fn sweep(&mut self, run: RuleRun<'_>, at: Timestamp) {
        let RuleRun { rule, index: to, .. } = run;
        let Some(window) = run.window() else { return };
        // Compared with the moment of the timer, not with the clock, which may be far ahead of other timers of
        // a group that are still waiting. Sources whose clocks lag still have events for older groups.
        let settled = at.plus(1).min(self.lateness(rule).before(self.clock.low()));
        let memory = &mut self.rules[to];
        memory.sweep = None;
        self.groups = self.groups.saturating_sub(memory.drop_over(rule, window, settled));
        let left = memory.groups.len();
        let next = at.plus(pause(rule, window)).max(self.newest_due(rule));
        // At the end of time there is no next.
        if left > 0 && next > at {
            self.sweep_at(run, next);
        }
    }

    /// An event of `start` opened a forward window: waits for its end, once for all events of one time.
    /// A group waits for as many as it may hold events.
    pub(super) fn wait_forward(&mut self, run: RuleRun<'_>, key: GroupKey, start: Timestamp, limits: Limits) {
        let Some(window) = run.window() else { return };
        let group = self.rules[run.index].groups.get_mut(key);
        let Some(forward) = group.and_then(|group| group.forward.as_mut()) else { return };
        if forward.waiting_since == start {
            return;
        }
        if forward.waiting >= limits.entries {
            self.beyond_budget(run, start);
            return;
        }
        forward.wait(start);
        let end = start.plus(window.span);
        self.timer(run, end, key, Kind::Forward { start });
    }

    /// The groups that wait for the end of forward windows, and the starts of these.
    pub(super) fn waiting(&self) -> Vec<(RuleIndex, GroupKey, Timestamp)> {
        let forward = self.timers.iter().filter_map(|timer| match timer.kind {
            Kind::Forward { start } => Some((timer.rule, timer.key, start)),
            _ => None,
        });
        forward.collect()
    }

    fn forward_ended(&mut self, run: RuleRun<'_>, key: GroupKey, start: Timestamp) {
        let Some(window) = run.window() else { return };
        let Some(group) = self.rules[run.index].groups.get_mut(key) else { return };
        let Some(forward) = &mut group.forward else { return };
        forward.waiting = forward.waiting.saturating_sub(1);
        if forward.decided == start {
            return;
        }
        forward.decided = start;
        if let Some(value) = forward_value(&group.window, start, window) {
            self.fire_forward(run, key, start, value);
        }
    }

    /// Closes a quiet incident, waits on for a busy one, forgets a closed one.
    fn quiet(&mut self, run: RuleRun<'_>, place: IncidentPlace, at: Timestamp) {
        let rule = run.rule;
        let Some(incident) = self.incidents.at(place) else { return };
        incident.timed = false;
        if !incident.open {
            let forgotten_at = incident.closed_at.plus(memory(rule));
            if forgotten_at > at {
                incident.timed = true;
                self.timer(run, forgotten_at, place.key, Kind::Quiet { facet: place.facet });
            } else {
                drop(self.incidents.forget(place));
            }
            return;
        }
        let quiet_at = incident.last.plus(rule.close_after);
        let is_silent = || self.rules[run.index].is_silent(place.key);
        let holds = place.facet == Facet::State || (incident.kind == AlertKind::Absence && is_silent());
        if holds {
            return;
        }
        if quiet_at > at {
            incident.timed = true;
            self.timer(run, quiet_at, place.key, Kind::Quiet { facet: place.facet });
            return;
        }
        self.close_incident(run, place, quiet_at);
    }

    pub(super) fn close_incident(&mut self, run: RuleRun<'_>, place: IncidentPlace, time: Timestamp) {
        let rule = run.rule;
        let context = run.context(self.options.replayed);
        let next = self.incidents.open_at(place).and_then(|incident| incident.take_next());
        self.incidents.close(place, time, rule, context, &mut self.alerts);
        if self.incidents.open_next(place, next, AlertSink { rule, context, out: &mut self.alerts }) {
            self.hand_over();
            self.watch_quiet(run, place);
            return;
        }
        self.hand_over();
        if memory(rule) > 0
            && let Some(incident) = self.incidents.at(place)
            && !incident.timed
        {
            incident.timed = true;
            let at = time.plus(memory(rule));
            self.timer(run, at, place.key, Kind::Quiet { facet: place.facet });
        }
    }
}

/// How long groups that are over may stay before they are dropped.
fn pause(rule: &RulePlan, window: &WindowPlan) -> Nanos {
    (rule.retention(window) / SWEEPS).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}
