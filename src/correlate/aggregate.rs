//! What is computed over the events of one window, kept up to date as events enter and leave.
//!
//! Every aggregate gives the same value whether it was built step by step or from scratch: counts
//! are integers, sums are exact fixed-point numbers, so that no rounding depends on the history.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::plan::{Condition, Measure, WindowPlan};
use super::residue::{Pane, Residue};
use super::window::Entry;
use crate::sigma::comparison::Comparison;
use crate::sigma::extension::Tie;

/// Hashes keys that already are keyed hashes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }

    fn write_u128(&mut self, n: u128) {
        self.0 = n as u64;
    }
}

pub(crate) type KeyedMap<K, V> = HashMap<K, V, BuildHasherDefault<Identity>>;

#[derive(Clone, Debug)]
pub(crate) enum Aggregate {
    Count(u64),
    /// Occurrences of each value in the window.
    Distinct(HashMap<u64, u32, foldhash::fast::RandomState>),
    Sum {
        total: i128,
        numbers: u64,
    },
    /// The numbers of the window, ascending.
    Sorted(Vec<f64>),
    /// Matches of each referenced rule, and the longest ordered chains.
    Rules {
        counts: Box<[u32]>,
        sequences: Vec<Sequence>,
    },
    Bucket {
        level: f64,
        last: i64,
        overflow: bool,
    },
}

/// Fixed-point scale of sums: 2^48 keeps 14 decimal digits behind the point and 2^79 before it.
const SCALE: f64 = 281_474_976_710_656.0;

/// A number as the sums add it.
pub(crate) fn fixed(number: f64) -> i128 {
    (number * SCALE) as i128
}

impl Aggregate {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        match plan.measure {
            Measure::Count => Self::Count(0),
            Measure::Distinct => Self::Distinct(HashMap::default()),
            Measure::Sum | Measure::Average => Self::Sum { total: 0, numbers: 0 },
            Measure::Percentile(_) => Self::Sorted(Vec::new()),
            Measure::Rules { rules } | Measure::OrderedRules { rules } => Self::Rules {
                counts: vec![0; rules as usize].into(),
                sequences: plan.sequences().map(Sequence::new).collect(),
            },
            Measure::Bucket(_) => Self::Bucket { level: 0.0, last: i64::MIN, overflow: false },
        }
    }

    /// Whether it says the same in whatever order its events were added.
    pub(crate) fn is_any_order(&self) -> bool {
        match self {
            Self::Count(_) | Self::Distinct(_) | Self::Sum { .. } | Self::Sorted(_) => true,
            Self::Rules { sequences, .. } => sequences.is_empty(),
            Self::Bucket { .. } => false,
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Count(count) => *count = 0,
            Self::Distinct(values) => values.clear(),
            Self::Sum { total, numbers } => (*total, *numbers) = (0, 0),
            Self::Sorted(numbers) => numbers.clear(),
            Self::Rules { counts, sequences } => {
                counts.fill(0);
                sequences.iter_mut().for_each(Sequence::clear);
            }
            Self::Bucket { level, overflow, .. } => (*level, *overflow) = (0.0, false),
        }
    }

    pub(crate) fn add(&mut self, entry: &mut Entry, plan: &WindowPlan) {
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(values) => {
                if let Some(value) = entry.value() {
                    *values.entry(value).or_insert(0) += 1;
                }
            }
            Self::Sum { total, numbers } => {
                if let Some(number) = entry.number() {
                    *total = total.saturating_add(fixed(number));
                    *numbers += 1;
                }
            }
            Self::Sorted(numbers) => {
                if let Some(number) = entry.number() {
                    let at = numbers.partition_point(|other| *other < number);
                    numbers.insert(at, number);
                }
            }
            Self::Rules { counts, sequences } => {
                each_bit(entry.rules(), |bit| {
                    if let Some(count) = counts.get_mut(bit) {
                        *count += 1;
                    }
                });
                for sequence in sequences {
                    sequence.add(entry, plan.tie);
                }
            }
            Self::Bucket { level, last, overflow } => {
                let Measure::Bucket(bucket) = plan.measure else { return };
                let leaked = entry.time.saturating_sub(*last) as f64 / bucket.leak as f64;
                let before = (*level - leaked).max(0.0);
                *overflow = before + 1.0 > f64::from(bucket.capacity);
                *level = (before + 1.0).min(f64::from(bucket.capacity));
                *last = entry.time;
                entry.set_number(*level);
            }
        }
    }

    pub(crate) fn remove(&mut self, entry: &Entry) {
        match self {
            Self::Count(count) => *count = count.saturating_sub(1),
            Self::Distinct(values) => {
                if let Some(value) = entry.value()
                    && let Some(count) = values.get_mut(&value)
                {
                    *count -= 1;
                    if *count == 0 {
                        values.remove(&value);
                    }
                }
            }
            Self::Sum { total, numbers } => {
                if let Some(number) = entry.number() {
                    *total = total.saturating_sub(fixed(number));
                    *numbers = numbers.saturating_sub(1);
                }
            }
            Self::Sorted(numbers) => {
                if let Some(number) = entry.number() {
                    let at = numbers.partition_point(|other| *other < number);
                    if at < numbers.len() {
                        numbers.remove(at);
                    }
                }
            }
            Self::Rules { counts, .. } => each_bit(entry.rules(), |bit| {
                if let Some(count) = counts.get_mut(bit) {
                    *count = count.saturating_sub(1);
                }
            }),
            Self::Bucket { .. } => {}
        }
    }

    /// Takes what the group had to give up for what must have happened before `time`, so that nothing
    /// that is built on it comes out too low.
    pub(crate) fn assume(&mut self, residue: &Residue, time: i64) {
        match self {
            Self::Rules { sequences, .. } => {
                for sequence in sequences {
                    residue.each_pane(&mut |rules, newest| sequence.assume(rules, newest));
                }
            }
            // So many events within the time that a full bucket takes to run empty have filled it.
            Self::Bucket { level, last, .. } => (*level, *last) = (f64::INFINITY, time),
            _ => {}
        }
    }

    pub(crate) fn sequences(&self) -> &[Sequence] {
        match self {
            Self::Rules { sequences, .. } => sequences,
            _ => &[],
        }
    }

    pub(crate) fn resume_sequences(&mut self, stored: Vec<Sequence>) {
        if let Self::Rules { sequences, .. } = self {
            *sequences = stored;
        }
    }

    /// Puts a bucket into the state it had after `entry`; other aggregates need no memory of what
    /// left the window.
    pub(crate) fn resume(&mut self, entry: &Entry) {
        if let Self::Bucket { level, last, .. } = self {
            (*level, *last) = (entry.number().unwrap_or(0.0), entry.time);
        }
    }

    /// The value when the condition holds for a window that starts at `start`. `residue`: what the
    /// group had to give up.
    pub(crate) fn holds(&self, plan: &WindowPlan, start: Position, residue: Option<&Residue>) -> Option<f64> {
        match &plan.condition {
            Condition::Thresholds(thresholds) => {
                let value = self.value(plan, start, residue)?;
                thresholds
                    .iter()
                    .all(|(comparison, bound)| compare(value, *comparison, *bound))
                    .then_some(value)
            }
            Condition::Clauses(clauses) => {
                let Self::Rules { sequences, .. } = self else { return None };
                let given_up = given_up(residue, start);
                let seen = self.seen(plan, &given_up);
                let met = clauses.iter().enumerate().any(|(index, clause)| {
                    clause.forbidden == 0
                        && clause.required & seen == clause.required
                        && sequences
                            .get(index)
                            .is_none_or(|sequence| sequence.longest(start) == sequence.steps.len())
                });
                met.then(|| self.rule_counts(&given_up).filter(|count| *count > 0).count() as f64)
            }
            Condition::Ratio { gte, min } => {
                let given_up = given_up(residue, start);
                let mut counts = self.rule_counts(&given_up);
                let (of, among) = (counts.next()?, counts.next()?);
                let ratio = f64::from(of) / f64::from(among.max(1));
                (among >= *min && ratio >= *gte).then_some(ratio)
            }
            Condition::Overflow => match self {
                Self::Bucket { level, overflow: true, .. } => Some(*level),
                _ => None,
            },
            Condition::Never => None,
        }
    }

    /// What the thresholds compare; `None` when there is nothing to compare (no number).
    pub(crate) fn value(&self, plan: &WindowPlan, start: Position, residue: Option<&Residue>) -> Option<f64> {
        match self {
            Self::Count(count) => Some((*count + given_up(residue, start).events) as f64),
            Self::Distinct(values) => {
                Some(residue.map_or(0, Residue::distinct).max(values.len() as u64) as f64)
            }
            Self::Sum { total, numbers } => {
                let given_up = given_up(residue, start);
                let sum = total.saturating_add(given_up.total) as f64 / SCALE;
                let numbers = numbers + given_up.numbers;
                (numbers > 0).then(|| match plan.measure {
                    Measure::Average => sum / numbers as f64,
                    _ => sum,
                })
            }
            Self::Sorted(numbers) => match plan.measure {
                Measure::Percentile(percent) => percentile(numbers, percent),
                _ => None,
            },
            Self::Rules { sequences, .. } => match plan.measure {
                Measure::OrderedRules { .. } => {
                    sequences.first().map(|sequence| sequence.longest(start) as f64)
                }
                _ => Some(f64::from(self.seen(plan, &given_up(residue, start)).count_ones())),
            },
            Self::Bucket { level, .. } => Some(*level),
        }
    }

    /// Matches of each referenced rule.
    fn rule_counts<'a>(&'a self, given_up: &'a Pane) -> impl Iterator<Item = u32> + 'a {
        let counts = match self {
            Self::Rules { counts, .. } => &counts[..],
            _ => &[],
        };
        let more = given_up.rules.iter().copied().chain(std::iter::repeat(0));
        counts.iter().zip(more).map(|(count, more)| count.saturating_add(more))
    }

    /// The rules that were seen often enough.
    fn seen(&self, plan: &WindowPlan, given_up: &Pane) -> u64 {
        let least = |bit: usize| plan.runs.get(bit).copied().unwrap_or(1);
        let bits = self.rule_counts(given_up).enumerate().filter(|(bit, count)| *count >= least(*bit));
        bits.fold(0, |seen, (bit, _)| seen | 1 << bit)
    }
}

fn given_up(residue: Option<&Residue>, start: Position) -> Pane {
    residue.map(|residue| residue.since(start.0)).unwrap_or_default()
}

/// Linear interpolation at rank (n-1)p/100 of ascending numbers.
pub(crate) fn percentile(numbers: &[f64], percent: f64) -> Option<f64> {
    let rank = numbers.len().checked_sub(1)? as f64 * percent / 100.0;
    let below = *numbers.get(rank.floor() as usize)?;
    let above = *numbers.get(rank.ceil() as usize)?;
    Some(below + (above - below) * rank.fract())
}

pub(crate) fn compare(value: f64, comparison: Comparison, bound: f64) -> bool {
    match comparison {
        Comparison::Gt => value > bound,
        Comparison::Gte => value >= bound,
        Comparison::Lt => value < bound,
        Comparison::Lte => value <= bound,
        Comparison::Eq => value == bound,
        Comparison::Neq => value != bound,
    }
}

pub(crate) fn each_bit(mut bits: u64, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// (time, order) of an entry.
pub(crate) type Position = (i64, u64);

/// Before every entry.
const NEVER: Position = (i64::MIN, 0);

/// Longest chains of rules in order: for every (length, last rule) the latest position at which such a
/// chain can have started. A chain lies in the window exactly when that start does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sequence {
    /// Rule bits in the order they must come.
    steps: Vec<u8>,
    /// `latest[(length - 1) * steps + last]`, including events at `time`.
    latest: Vec<Position>,
    /// The same before the events at `time`, which cannot follow one another.
    before: Vec<Position>,
    time: i64,
}

impl Sequence {
    fn new(steps: Vec<u8>) -> Self {
        let cells = steps.len() * steps.len();
        Self { steps, latest: vec![NEVER; cells], before: vec![NEVER; cells], time: i64::MIN }
    }

    fn clear(&mut self) {
        self.latest.fill(NEVER);
        self.before.fill(NEVER);
        self.time = i64::MIN;
    }

    fn add(&mut self, entry: &Entry, tie: Tie) {
        if entry.time > self.time || tie == Tie::Sequence {
            self.before.clone_from(&self.latest);
            self.time = entry.time;
        }
        let n = self.steps.len();
        for last in 0..n {
            if entry.rules() & (1 << self.steps[last]) == 0 {
                continue;
            }
            self.latest[last] = self.latest[last].max(entry.key());
            for length in 1..n {
                let row = (length - 1) * n;
                let start = self.before[row..row + last].iter().copied().max().unwrap_or(NEVER);
                let cell = &mut self.latest[length * n + last];
                *cell = (*cell).max(start);
            }
        }
    }

    /// Some events of these rules came until `newest`, in whatever order makes the longest chains.
    fn assume(&mut self, rules: u64, newest: i64) {
        for step in 0..self.steps.len() {
            let entry = Entry::of_rules(rules & 1 << self.steps[step], newest);
            self.add(&entry, Tie::Sequence);
        }
        self.time = i64::MIN;
    }

    /// Steps of the longest chain that starts at or after `start`.
    fn longest(&self, start: Position) -> usize {
        let n = self.steps.len();
        (1..=n)
            .rev()
            .find(|length| {
                let row = (length - 1) * n;
                self.latest[row..row + n].iter().any(|time| *time != NEVER && *time >= start)
            })
            .unwrap_or(0)
    }
}
