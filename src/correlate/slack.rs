//! How far a group is from firing: what lets an event come late without another look at all that came after it.
//!
//! Lines are nearly in order everywhere and hardly ever quite. A late event raises every window after it by what it
//! weighs; where each of them lacks more than that, nothing changes but the newest window.

use super::plan::WindowPlan;

/// The least that any of the newest windows lacks, by blocks of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slack {
    /// Time of the newest window that held.
    fired: i64,
    current: u64,
    previous: u64,
    /// Where the current block ends.
    until: i64,
}

/// Length of a block, in timespans of the rule: a late event is covered that reaches back less than one.
const BLOCK: i64 = 2;

impl Default for Slack {
    fn default() -> Self {
        Self { fired: i64::MIN, current: u64::MAX, previous: u64::MAX, until: i64::MIN }
    }
}

impl Slack {
    /// Nothing is known of the windows until `newest`.
    pub(crate) fn unknown(newest: i64, plan: &WindowPlan) -> Self {
        Self { fired: newest, current: 0, previous: 0, until: newest.saturating_add(block(plan)) }
    }

    /// A window that ends at `time` lacks so much; nothing: it holds.
    pub(crate) fn note(&mut self, time: i64, lacks: u64, plan: &WindowPlan) {
        if time >= self.until {
            let skipped = self.until != i64::MIN && time >= self.until.saturating_add(block(plan));
            self.previous = if skipped { u64::MAX } else { self.current };
            self.current = u64::MAX;
            self.until = time.saturating_add(block(plan));
        }
        if lacks == 0 {
            self.fired = self.fired.max(time);
        }
        self.current = self.current.min(lacks);
    }

    /// Whether an event of `time` that weighs so much makes no window hold, and changes none that holds.
    pub(crate) fn bears(&self, time: i64, weight: u64, plan: &WindowPlan) -> bool {
        let first = time.saturating_sub(plan.span);
        let covered = first >= self.until.saturating_sub(block(plan).saturating_mul(2));
        let least = self.current.min(self.previous).min(plan.least.unwrap_or(0));
        covered && self.fired < first && least > weight
    }

    /// Such an event came.
    pub(crate) fn bear(&mut self, weight: u64) {
        self.current = self.current.saturating_sub(weight);
        self.previous = self.previous.saturating_sub(weight);
    }
}

fn block(plan: &WindowPlan) -> i64 {
    plan.span.saturating_mul(BLOCK)
}
