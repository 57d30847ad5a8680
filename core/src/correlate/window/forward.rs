//! Windows that look forward, and chains of events.

use super::Window;
use crate::correlate::entry::Entry;
use crate::correlate::plan::{Measure, WindowPlan};
use crate::event::Timestamp;
use crate::sigma::extension::Tie;

/// Whether a forward window that opens at `start` ends without a forbidden event: the number of
/// rules seen in it, when one of the clauses is met.
pub(crate) fn forward_value(window: &Window, start: Timestamp, plan: &WindowPlan) -> Option<f64> {
    let end = start.plus(plan.span);
    let mut anchor = window.between(start, start).fold(0, |bits, entry| bits | entry.rules());
    let mut given_up = 0;
    if let Some(evicted) = &window.evicted
        && window.entries.front().is_some_and(|oldest| oldest.time > start)
    {
        // The event that opened the window had to be given up: it was there. Which rule it matched is known where
        // only one opens windows; and what was not to come must not be among the others.
        let forbidden = plan.forward.iter().fold(0, |bits, clause| bits | clause.forbidden);
        let counts = evicted.may_hold(start).rules;
        let may_have_come = counts.iter().zip(0_u32..);
        let came = may_have_come.filter(|(count, _)| **count > 0).fold(0, |bits, (_, bit)| bits | 1 << bit);
        if plan.anchors.count_ones() != 1 || came & forbidden != 0 {
            return None;
        }
        (anchor, given_up) = (plan.anchors, plan.anchors);
    }
    if window.between(start, end).any(Entry::is_reset) {
        return None;
    }
    let held = window.between(start, end).fold(0, |bits, entry| bits | entry.rules());
    let seen = held | given_up;
    let met = plan.forward.iter().any(|clause| {
        anchor & clause.required != 0
            && seen & clause.required == clause.required
            && held & clause.forbidden == 0
            && (given_up != 0 || in_order(window, start, end, clause.required, plan))
    });
    met.then(|| f64::from(seen.count_ones()))
}

/// For ordered types: the required rules come one after the other.
fn in_order(window: &Window, start: Timestamp, end: Timestamp, required: u64, plan: &WindowPlan) -> bool {
    if !matches!(plan.measure, Measure::OrderedRules { .. }) {
        return true;
    }
    chosen(window.between(start, end), &plan.steps(required), plan).is_some()
}

/// The earliest events that make up the steps, one after the other. Of a step that several events of
/// one time make, all of them: nothing says which came first.
pub(crate) fn chosen<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    steps: &[u8],
    plan: &WindowPlan,
) -> Option<Vec<&'e Entry>> {
    let strict = plan.tie == Tie::Strict;
    let mut found: Vec<&Entry> = Vec::new();
    let (mut made, mut time) = (0, Timestamp::MIN);
    for entry in entries {
        let makes = |step: &u8| entry.rules() & (1 << step) != 0;
        if strict && made > 0 && entry.time == time {
            found.extend(makes(&steps[made - 1]).then_some(entry));
            continue;
        }
        let Some(step) = steps.get(made) else { break };
        if makes(step) {
            found.push(entry);
            (made, time) = (made + 1, entry.time);
        }
    }
    (made == steps.len()).then_some(found)
}
