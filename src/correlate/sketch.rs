//! What a rule knows of groups and events that it has no room for. Never too little.
//!
//! - [`CountMin`]: a count for every group beyond the budget.
//! - [`Heavy`]: the heaviest of these groups, counted one by one (space-saving).
//! - [`DistinctInTime`]: distinct values without keeping them (HyperLogLog).
//!
//! All of them work on keyed hashes. An estimate depends on the key, so a live run has a random one,
//! which nobody who writes logs can guess, and a replay has one that is always the same: two replays
//! say the same also where they estimate. Exact answers depend on no key.

mod count_min;
mod heavy;
mod hyperloglog;

use serde::{Deserialize, Serialize};

use self::count_min::CountMin;
use self::heavy::Heavy;
pub(crate) use self::hyperloglog::DistinctInTime;
use super::aggregate::compare;
use super::plan::{Condition, Measure, WindowPlan};
use super::window::Entry;
use crate::sigma::comparison::Comparison;

/// A window covers at most this many whole panes and one more.
const PANES: i64 = 4;

/// The number of the pane of a time.
pub(super) fn pane_of(time: i64, span: i64) -> i64 {
    time.div_euclid((span / PANES).max(1))
}

/// The first moment after a pane.
pub(super) fn end_of(pane: i64, span: i64) -> i64 {
    pane.saturating_add(1).saturating_mul((span / PANES).max(1))
}

/// Whether a pane has anything in common with a window that starts at `start`.
pub(super) fn touches(pane: i64, start: i64, span: i64) -> bool {
    pane >= pane_of(start, span)
}

/// All groups of a rule beyond its budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    counts: CountMin,
    heavy: Heavy,
}

impl Sketch {
    pub(crate) fn new(span: i64) -> Self {
        Self { counts: CountMin::new(span), heavy: Heavy::new(span) }
    }

    /// Takes note of an event of the group with this keyed hash. The value, when the condition may hold;
    /// it is at least the true one. Order, spacing and history are not asked for, and absences are not
    /// waited for.
    pub(crate) fn add(&mut self, key: u128, entry: &Entry, plan: &WindowPlan) -> Option<f64> {
        match plan.measure {
            Measure::Count | Measure::Bucket(_) => {
                let count = self.sum(key, 1, None, entry.time).sum as f64;
                may_hold(plan, count).then_some(count)
            }
            Measure::Distinct => {
                let known = self.sum(key, 1, entry.value(), entry.time);
                let distinct = known.distinct.min(known.sum) as f64;
                may_hold(plan, distinct).then_some(distinct)
            }
            Measure::Sum => {
                let weight = entry.number().unwrap_or(0.0).max(0.0).ceil() as u64;
                let sum = self.sum(key, weight, None, entry.time).sum as f64;
                may_hold(plan, sum).then_some(sum)
            }
            // Mean and percentile lie between two numbers of the window: one of them is on the right
            // side of a bound when they are.
            Measure::Average | Measure::Percentile(_) => {
                let number = entry.number()?;
                let decided = match &plan.condition {
                    Condition::Thresholds(bounds) => match bounds.as_slice() {
                        [(Comparison::Eq | Comparison::Neq, _)] => true,
                        [(comparison, bound)] => compare(number, *comparison, *bound),
                        _ => true,
                    },
                    _ => false,
                };
                decided.then_some(number)
            }
            Measure::Rules { rules } | Measure::OrderedRules { rules } => self.rules(key, rules, entry, plan),
        }
    }

    fn sum(&mut self, key: u128, weight: u64, value: Option<u64>, time: i64) -> heavy::Known {
        let estimate = self.counts.add(key, weight, time);
        let light = heavy::Known { sum: estimate, distinct: estimate };
        self.heavy.add(key, (weight, estimate), value, time).unwrap_or(light)
    }

    /// Which rules the group has seen, each counted for itself.
    fn rules(&mut self, key: u128, rules: u32, entry: &Entry, plan: &WindowPlan) -> Option<f64> {
        let mut counts = vec![0; rules as usize];
        for (bit, count) in counts.iter_mut().enumerate() {
            let key = key.rotate_left(bit as u32 * 2 + 1) ^ u128::from(bit as u64 + 1);
            *count = if entry.rules() & (1 << bit) != 0 {
                self.counts.add(key, 1, entry.time)
            } else {
                self.counts.estimate(key)
            };
        }
        let least = |bit: usize| u64::from(plan.runs.get(bit).copied().unwrap_or(1));
        let seen =
            (0..counts.len()).filter(|bit| counts[*bit] >= least(*bit)).fold(0, |seen, bit| seen | 1 << bit);
        let number = f64::from(u64::count_ones(seen));
        let holds = match &plan.condition {
            Condition::Thresholds(_) => {
                // In ordered types a rule with `runs` is several steps.
                let steps = plan.order.iter().filter(|bit| seen & (1 << **bit) != 0).count() as f64;
                let ordered = matches!(plan.measure, Measure::OrderedRules { .. });
                may_hold(plan, if ordered { steps } else { number })
            }
            Condition::Clauses(clauses) => clauses
                .iter()
                .any(|clause| clause.forbidden == 0 && clause.required & seen == clause.required),
            Condition::Ratio { gte, min } => {
                let of = counts.first().copied().unwrap_or(0) as f64;
                of >= gte * f64::from(*min) && of > 0.0
            }
            Condition::Overflow | Condition::Never => false,
        };
        holds.then_some(number)
    }
}

/// Whether the condition can hold when the true value is at most `most`.
fn may_hold(plan: &WindowPlan, most: f64) -> bool {
    match &plan.condition {
        Condition::Thresholds(bounds) => bounds.iter().all(|(comparison, bound)| match comparison {
            Comparison::Gt | Comparison::Gte => compare(most, *comparison, *bound),
            Comparison::Eq => most >= *bound,
            Comparison::Lt | Comparison::Lte | Comparison::Neq => true,
        }),
        Condition::Overflow => plan.threshold().is_some_and(|threshold| most >= threshold),
        Condition::Clauses(_) | Condition::Ratio { .. } | Condition::Never => false,
    }
}

/// Bytes as base64: most of a megabyte of numbers would be commas.
mod bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}
