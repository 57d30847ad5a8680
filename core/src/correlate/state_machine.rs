//! State machines: an account is locked, a breaker is open, until an event or a timer says otherwise.
//!
//! A machine is a function of its inputs in event time. It keeps the inputs that are still within
//! the allowed lateness, so that a late one is put where it belongs and the state computed anew from
//! the last settled one. Timers run in event time too: a timeout happened at its exact end, whenever
//! that is noticed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Names;
use super::evidence::Evidence;
use super::plan::StatesPlan;
use crate::event::number::to_u32;
use crate::event::{DAY, End, HOUR, Nanos, Timestamp};
use crate::sigma::extension::{StateFrom, States};

/// An input of a state machine: its number, and how much it counts for.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    pub(crate) number: usize,
    pub(crate) count: u64,
}

impl Input {
    /// One match or firing of the rule itself.
    pub(crate) const OWN: Self = Self { number: 0, count: 1 };
}

/// A state and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateEntry {
    /// Index in `States::names`.
    pub(crate) state: usize,
    pub(crate) since: Timestamp,
    /// When it ends by itself.
    pub(crate) until: Option<Timestamp>,
    /// Its end, or that it has none, is the word of the service, not of the rule.
    pub(crate) end_is_said: bool,
    /// Not the word of the service.
    pub(crate) inferred: bool,
    /// What the inputs counted.
    pub(crate) count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) time: Timestamp,
    pub(crate) order: u64,
    pub(crate) input: usize,
    pub(crate) count: u64,
    /// When the state that it leads to is over, as it says itself.
    pub(crate) end: Option<End>,
}

/// The machine of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    settled: StateEntry,
    /// Inputs after `settled`, in event time.
    recent: Vec<Step>,
    pub(crate) now: StateEntry,
    /// Group values in original spelling.
    pub(crate) names: Names,
    /// Times of entries into alerting states, as flapping counts them, at most [`MOST_ENTRIES`].
    entries: Vec<Timestamp>,
    /// The last thing the service said itself: (time, state).
    pub(crate) said: Option<(Timestamp, usize)>,
    pub(crate) latest: Option<Arc<Evidence>>,
    /// The next timer for it.
    pub(crate) wakes: Option<Timestamp>,
}

/// One move of a machine: into another state, or within one whose end or authority changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StateChange {
    pub(crate) from: StateEntry,
    pub(crate) to: StateEntry,
    pub(crate) time: Timestamp,
    /// By a timer.
    pub(crate) timeout: bool,
}

impl StateChange {
    pub(crate) fn is_into_another(&self) -> bool {
        self.from.state != self.to.state
    }

    /// The service has said what was inferred before.
    pub(crate) fn confirms(&self) -> bool {
        !self.is_into_another() && self.from.inferred && !self.to.inferred
    }

    /// It goes on as it is; at most its end has changed.
    pub(crate) fn goes_on(&self) -> bool {
        !self.is_into_another() && !self.confirms()
    }
}

/// Inputs kept for late events; a flood settles earlier.
const MOST_RECENT: usize = 1024;
const MOST_ENTRIES: usize = 256;

impl Machine {
    pub(crate) fn new(names: Names) -> Self {
        let rest = StateEntry {
            state: 0,
            since: Timestamp::MIN,
            until: None,
            end_is_said: false,
            inferred: true,
            count: 0,
        };
        Self {
            settled: rest,
            recent: Vec::new(),
            now: rest,
            names,
            entries: Vec::new(),
            said: None,
            latest: None,
            wakes: None,
        }
    }

    /// Takes an input where it belongs in event time and reports the moves it makes.
    pub(crate) fn input(
        &mut self,
        step: Step,
        rule: (&States, &StatesPlan),
        settled_before: Timestamp,
        moves: &mut Vec<StateChange>,
    ) {
        let (states, plan) = rule;
        let Step { time, input, .. } = step;
        let key = |step: &Step| (step.time, step.order, step.input);
        let at = self.recent.partition_point(|other| key(other) < key(&step));
        let late = at < self.recent.len() || time < self.now.since;
        if plan.logged.get(input) == Some(&true) && self.said.is_none_or(|(said, _)| said <= time) {
            self.said = Some((time, 0));
        }
        self.recent.insert(at, step.clone());
        if late {
            self.recompute(states, plan, moves);
        } else {
            self.expire(time, states, moves);
            let before = self.now;
            if apply(&mut self.now, &step, states, plan) {
                self.moved(before, time, false, states, moves);
            }
        }
        if let Some((said, state)) = &mut self.said
            && *said == time
        {
            *state = self.now.state;
        }
        self.settle(settled_before, states, plan);
    }

    /// Lets timeouts happen that lie at or before `time`.
    pub(crate) fn expire(&mut self, time: Timestamp, states: &States, moves: &mut Vec<StateChange>) {
        while let Some(until) = self.now.until.filter(|until| *until <= time) {
            let before = self.now;
            time_out(&mut self.now, until, states);
            self.moved(before, until, true, states, moves);
        }
    }

    fn moved(
        &mut self,
        from: StateEntry,
        time: Timestamp,
        timeout: bool,
        states: &States,
        moves: &mut Vec<StateChange>,
    ) {
        let change = StateChange { from, to: self.now, time, timeout };
        if change.goes_on() && (from.until, from.end_is_said) == (self.now.until, self.now.end_is_said) {
            return;
        }
        if change.is_into_another() && is_entry(self.now.state, states) {
            if self.entries.len() >= MOST_ENTRIES {
                self.entries.remove(0);
            }
            self.entries.push(time);
        }
        moves.push(change);
    }

    /// Computes the state anew after a late input and reports at most one move: the correction.
    fn recompute(&mut self, states: &States, plan: &StatesPlan, moves: &mut Vec<StateChange>) {
        let shown = self.now;
        let mut mark = self.settled;
        for step in &self.recent {
            while let Some(until) = mark.until.filter(|until| *until <= step.time) {
                time_out(&mut mark, until, states);
            }
            apply(&mut mark, step, states, plan);
        }
        self.now = mark;
        self.moved(shown, mark.since.max(shown.since), false, states, moves);
    }

    /// Folds inputs before `horizon` into the settled state.
    fn settle(&mut self, horizon: Timestamp, states: &States, plan: &StatesPlan) {
        let ready = self.recent.partition_point(|step| step.time < horizon);
        let ready = ready.max(self.recent.len().saturating_sub(MOST_RECENT));
        for step in self.recent.drain(..ready) {
            while let Some(until) = self.settled.until.filter(|until| *until <= step.time) {
                time_out(&mut self.settled, until, states);
            }
            apply(&mut self.settled, &step, states, plan);
        }
    }

    /// Entries within `span` before `time`.
    pub(crate) fn entries_within(&self, time: Timestamp, span: Nanos) -> u32 {
        let within = |entry: &&Timestamp| **entry <= time && **entry >= time.minus(span);
        to_u32(self.entries.iter().filter(within).count())
    }

    pub(crate) fn recent_entries(&self, time: Timestamp) -> u32 {
        self.entries_within(time, HOUR)
    }

    /// Nothing is left to remember of it at `horizon`.
    pub(crate) fn is_spent(&self, horizon: Timestamp) -> bool {
        self.now.state == 0
            && self.now.until.is_none()
            && self.recent.last().is_none_or(|step| step.time < horizon)
            && self.entries.last().is_none_or(|entry| *entry < horizon.minus(HOUR))
    }
}

/// Whether coming into the state is one of the entries that are counted.
fn is_entry(state: usize, states: &States) -> bool {
    let into = states.flapping.and_then(|flapping| flapping.into);
    into.map_or_else(|| states.alert.contains(&state), |into| into == state)
}

/// Applies the first transition that fits; true when one did.
fn apply(mark: &mut StateEntry, step: &Step, states: &States, plan: &StatesPlan) -> bool {
    let fits = |from: StateFrom| match from {
        StateFrom::Any => true,
        StateFrom::State(state) => state == mark.state,
    };
    let Some((_, _, to)) = plan.on.iter().find(|(from, input, _)| *input == step.input && fits(*from)) else {
        return false;
    };
    let again = *to == mark.state;
    let logged = plan.logged.get(step.input) == Some(&true);
    let (until, end_is_said) = end_of(mark, step, *to, states);
    *mark = StateEntry {
        state: *to,
        since: if again { mark.since } else { step.time },
        until,
        end_is_said,
        // Once the service has said so, the state is no longer a guess.
        inferred: if again { mark.inferred && !logged } else { !logged },
        count: if again { mark.count.saturating_add(1).max(step.count) } else { step.count },
    };
    true
}

/// The longest that a state lasts by what an input says.
const LONGEST: Nanos = 366 * DAY;

/// When a state ends, and whether that is said: as the input says, as an earlier one has said, else by the rule's timer. A
/// state without a timer has no end that anybody could state: where it leads to is not known.
fn end_of(mark: &StateEntry, step: &Step, to: usize, states: &States) -> (Option<Timestamp>, bool) {
    let Some(timer) = deadline(to, step.time, states) else { return (None, false) };
    match step.end {
        Some(End::At(end)) if (1..=LONGEST).contains(&end.since(step.time)) => (Some(end), true),
        Some(End::Never) => (None, true),
        _ if to == mark.state && mark.end_is_said => (mark.until, true),
        _ => (Some(timer), false),
    }
}

fn time_out(mark: &mut StateEntry, at: Timestamp, states: &States) {
    let to = states.timeouts.iter().find(|timeout| timeout.state == mark.state).map(|timeout| timeout.to);
    let Some(to) = to else {
        mark.until = None;
        return;
    };
    *mark = StateEntry {
        state: to,
        since: at,
        until: deadline(to, at, states),
        end_is_said: false,
        // That it is over then, the service has said.
        inferred: !mark.end_is_said,
        count: mark.count,
    };
}

fn deadline(state: usize, since: Timestamp, states: &States) -> Option<Timestamp> {
    let timeout = states.timeouts.iter().find(|timeout| timeout.state == state)?;
    Some(since.plus(timeout.after))
}
