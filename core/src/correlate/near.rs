//! Groups that have come closest to what their rule asks for, without reaching it: for whoever tunes a threshold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fire::named;
use super::memory::{Memories, Memory};
use super::plan::{Evaluator, Plan, RulePlan, WindowPlan};
use crate::alert::RuleSummary;
use crate::event::Timestamp;

/// A group that has not fired.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    pub rule: Arc<RuleSummary>,
    pub group: BTreeMap<String, String>,
    /// What it has come to with its newest event.
    pub value: f64,
    /// What the rule asks for at least.
    pub needs: f64,
    /// When that event was.
    pub newest: Timestamp,
}

impl NearMiss {
    /// How much of the way it has gone.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.value / self.needs
    }
}

/// One event is a beginning and no miss.
const LEAST: f64 = 2.0;

/// The closest groups of every rule that asks for a least value, at most `most` of each, the closest first. Groups
/// whose newest event has left the window at `now` are none.
pub(super) fn near_misses(plan: &Plan, memories: &Memories, now: Timestamp, most: usize) -> Vec<NearMiss> {
    let rules = plan.rules.iter().zip(memories.iter());
    let mut all: Vec<NearMiss> = rules.flat_map(|(rule, memory)| of_rule(rule, memory, now, most)).collect();
    all.sort_by(|one, other| other.share().total_cmp(&one.share()));
    all
}

fn of_rule(rule: &RulePlan, memory: &Memory, now: Timestamp, most: usize) -> Vec<NearMiss> {
    let Evaluator::Window(window) = &rule.evaluator else { return Vec::new() };
    let Some(needs) = window.threshold() else { return Vec::new() };
    let mut closest: Vec<(f64, Timestamp, &super::Names)> = Vec::new();
    for group in memory.groups.with_windows() {
        let value = group.window.reached().filter(|value| (LEAST..needs).contains(value));
        let (Some(value), Some(newest)) = (value, group.window.newest()) else { continue };
        let at = closest.partition_point(|(other, known, _)| (*other, *known) > (value, newest));
        if at < most && is_current(newest, window, now) {
            closest.insert(at, (value, newest, &group.names));
            closest.truncate(most);
        }
    }
    let miss = |(value, newest, names)| NearMiss {
        rule: Arc::clone(&rule.summary),
        group: named(rule, names),
        value,
        needs,
        newest,
    };
    closest.into_iter().map(miss).collect()
}

fn is_current(newest: Timestamp, window: &WindowPlan, now: Timestamp) -> bool {
    newest.plus(window.span) >= now
}
