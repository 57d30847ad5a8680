//! What is computed over the events of one window, kept up to date as events enter and leave.
//!
//! Every aggregate gives the same value whether it was built step by step or from scratch: counts
//! are integers, sums are exact decimals, so that no rounding depends on the history.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::distance::Distance;
use super::distinct_values::DistinctValues;
use super::entry::{Entry, Position};
use super::evicted::{EvictedSummary, Pane};
use super::numbers::{Measured, Total, each_bit, low_half};
use super::plan::{Clause, Condition, Measure, WindowPlan};
use super::ranked::Ranked;
use crate::event::Timestamp;
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
        self.0 = low_half(n);
    }
}

pub(crate) type KeyedMap<K, V> = HashMap<K, V, BuildHasherDefault<Identity>>;

#[derive(Clone, Debug)]
pub(crate) enum Aggregate {
    Count(u64),
    Distinct(DistinctValues),
    Sum {
        total: Total,
        numbers: u64,
    },
    Ranked(Box<Ranked>),
    /// Matches of each referenced rule, and the longest ordered chains.
    Rules {
        counts: SmallVec<[u32; 4]>,
        sequences: Vec<Sequence>,
        /// An event came between others: the chains are to be followed anew before they are asked for.
        stale: bool,
    },
    Bucket {
        level: f64,
        last: Timestamp,
        overflow: bool,
    },
}

impl Aggregate {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        match plan.measure {
            Measure::Count => Self::Count(0),
            Measure::Distinct => Self::Distinct(DistinctValues::default()),
            Measure::Sum | Measure::Average => Self::Sum { total: Total::default(), numbers: 0 },
            Measure::Percentile(_) => Self::Ranked(Box::new(Ranked::new(plan))),
            Measure::Rules { rules } | Measure::OrderedRules { rules } => Self::Rules {
                counts: SmallVec::from_elem(0, rules as usize),
                sequences: plan.sequences().map(Sequence::new).collect(),
                stale: false,
            },
            Measure::Bucket(_) => Self::Bucket { level: 0.0, last: Timestamp::MIN, overflow: false },
        }
    }

    /// Whether it says the same in whatever order its events were added.
    pub(crate) fn is_any_order(&self) -> bool {
        match self {
            Self::Count(_) | Self::Distinct(_) | Self::Sum { .. } | Self::Ranked(_) => true,
            Self::Rules { sequences, .. } => sequences.is_empty(),
            Self::Bucket { .. } => false,
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Count(count) => *count = 0,
            Self::Distinct(values) => values.clear(),
            Self::Sum { total, numbers } => (*total, *numbers) = (Total::default(), 0),
            Self::Ranked(numbers) => numbers.clear(),
            Self::Rules { counts, sequences, stale } => {
                counts.fill(0);
                sequences.iter_mut().for_each(Sequence::clear);
                *stale = false;
            }
            Self::Bucket { level, overflow, .. } => (*level, *overflow) = (0.0, false),
        }
    }

    pub(crate) fn add(&mut self, entry: &mut Entry, plan: &WindowPlan) {
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(values) => entry.fingerprints().iter().for_each(|value| values.add(*value)),
            Self::Sum { total, numbers } => {
                for number in entry.numbers().iter().filter_map(|number| Total::of(*number)) {
                    *total = total.plus(number);
                    *numbers += 1;
                }
            }
            Self::Ranked(numbers) => numbers.add(entry),
            Self::Rules { counts, sequences, stale } => {
                each_bit(entry.rules(), |bit| {
                    if let Some(count) = counts.get_mut(bit) {
                        *count += 1;
                    }
                });
                for sequence in sequences.iter_mut().filter(|_| !*stale) {
                    sequence.add(entry, plan.tie);
                }
            }
            Self::Bucket { level, last, overflow } => {
                let Measure::Bucket(bucket) = plan.measure else { return };
                let leaked = entry.time.since(*last) as f64 / bucket.leak as f64;
                let before = (*level - leaked).max(0.0);
                *overflow = before + 1.0 > f64::from(bucket.capacity);
                *level = (before + 1.0).min(f64::from(bucket.capacity));
                *last = entry.time;
                entry.set_level(*level);
            }
        }
    }

    /// Adds an entry that is not the newest.
    pub(crate) fn add_late(&mut self, entry: &mut Entry, plan: &WindowPlan) {
        if let Self::Rules { sequences, stale, .. } = self {
            *stale |= !sequences.is_empty();
        }
        self.add(entry, plan);
    }

    pub(crate) fn remove(&mut self, entry: &Entry) {
        match self {
            Self::Count(count) => *count = count.saturating_sub(1),
            Self::Distinct(values) => entry.fingerprints().iter().for_each(|value| values.remove(*value)),
            Self::Sum { total, numbers } => {
                for number in entry.numbers().iter().filter_map(|number| Total::of(*number)) {
                    *total = total.minus(number);
                    *numbers = numbers.saturating_sub(1);
                }
            }
            Self::Ranked(numbers) => numbers.remove(entry),
            Self::Rules { counts, .. } => each_bit(entry.rules(), |bit| {
                if let Some(count) = counts.get_mut(bit) {
                    *count = count.saturating_sub(1);
                }
            }),
            Self::Bucket { .. } => {}
        }
    }

    /// Whether the newest entry can be taken back and added again when more is known of it. Of events of one time that
    /// follow one another it would follow itself.
    pub(crate) fn takes_again(&self, plan: &WindowPlan) -> bool {
        match self {
            Self::Rules { sequences, .. } => sequences.is_empty() || plan.tie != Tie::Sequence,
            Self::Bucket { .. } => false,
            Self::Count(_) | Self::Distinct(_) | Self::Sum { .. } | Self::Ranked(_) => true,
        }
    }

    /// Takes in the newest of the events that the group had to give up, as far as they begin chains.
    pub(crate) fn assume(&mut self, evicted: &EvictedSummary) {
        let Self::Rules { sequences, .. } = self else { return };
        for (time, rules) in evicted.newest_of_rules() {
            let entry = Entry::of_rules(rules, time);
            sequences.iter_mut().for_each(|sequence| sequence.add(&entry, Tie::Strict));
        }
    }

    /// Prepares it to be judged over `window`, the entries that it was made of.
    pub(crate) fn prepare<'e>(&mut self, window: impl Iterator<Item = &'e Entry>, plan: &WindowPlan) {
        match self {
            Self::Ranked(numbers) => numbers.put_in_order(window),
            _ => self.follow_chains(window, plan),
        }
    }

    /// Follows the chains of `window` anew, where one of its entries came late.
    pub(crate) fn follow_chains<'e>(&mut self, window: impl Iterator<Item = &'e Entry>, plan: &WindowPlan) {
        let Self::Rules { sequences, stale, .. } = self else { return };
        if !std::mem::take(stale) {
            return;
        }
        sequences.iter_mut().for_each(Sequence::clear);
        for entry in window {
            sequences.iter_mut().for_each(|sequence| sequence.add(entry, plan.tie));
        }
    }

    /// Whether an entry holds this value.
    pub(crate) fn holds_value(&self, value: u64) -> bool {
        matches!(self, Self::Distinct(values) if values.contains(value))
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
            (*level, *last) = (entry.level(), entry.time);
        }
    }

    /// Whether the condition holds in a window, and the value.
    pub(crate) fn judge(&self, plan: &WindowPlan, view: View<'_>) -> Verdict {
        let Some(evicted) = view.evicted else {
            let known = Pane::default();
            let value = self.value(plan, view.start, Bounds { known: &known, distinct: 0 });
            let holds = self.holds(plan, view.start, Bounds { known: &known, distinct: 0 });
            return Verdict { holds, undecided: false, value: value.unwrap_or(0.0) };
        };
        let (start, end) = (view.start.0, view.time);
        let (least, most) = (evicted.holds(start, end), evicted.may_hold(start));
        let distinct = evicted.distinct(start, end);
        let least = Bounds { known: &with_rules(least, evicted.rules_in(start, end)), distinct: distinct.0 };
        let most = Bounds { known: &most, distinct: distinct.1 };
        let (low, high) = (self.holds(plan, view.start, least), self.holds(plan, view.start, most));
        let open_ended = most.known.unknown > 0 && !self.bounds_unknown(plan);
        // A ratio may lie anywhere between what its two counts allow.
        let holds = match &plan.condition {
            Condition::Ratio { gte, min } => self.ratio(least, most, *gte, *min),
            Condition::Thresholds(_) => low && high && !open_ended,
            _ => low,
        };
        let value = self.value(plan, view.start, most).unwrap_or(0.0);
        Verdict { holds, undecided: !holds && (low || high || open_ended), value }
    }

    /// Events of which only their number is known still bound the value.
    fn bounds_unknown(&self, plan: &WindowPlan) -> bool {
        match plan.measure {
            Measure::Count | Measure::Distinct => true,
            Measure::Rules { .. } | Measure::OrderedRules { .. } => plan.is_lower_bound(),
            _ => false,
        }
    }

    fn holds(&self, plan: &WindowPlan, start: Position, bounds: Bounds<'_>) -> bool {
        match &plan.condition {
            Condition::Thresholds(thresholds) => {
                let measured = self.measured(plan, start, bounds);
                measured.is_some_and(|measured| thresholds.iter().all(|bound| measured.meets(bound)))
            }
            Condition::Clauses(clauses) => self.meets_one(plan, clauses, start, bounds),
            Condition::Ratio { gte, min } => self.ratio(bounds, bounds, *gte, *min),
            Condition::Overflow => matches!(self, Self::Bucket { overflow: true, .. }),
            Condition::Never => false,
        }
    }

    fn meets_one(&self, plan: &WindowPlan, clauses: &[Clause], start: Position, bounds: Bounds<'_>) -> bool {
        let Self::Rules { sequences, .. } = self else { return false };
        let seen = self.seen(plan, bounds);
        clauses.iter().enumerate().any(|(index, clause)| {
            let in_order = || {
                sequences.get(index).is_none_or(|sequence| sequence.longest(start) == sequence.steps.len())
            };
            clause.forbidden == 0 && clause.required & seen == clause.required && in_order()
        })
    }

    /// Whether the share is large enough with the least of the part and the most of the whole.
    fn ratio(&self, least: Bounds<'_>, most: Bounds<'_>, gte: f64, min: u32) -> bool {
        let of = self.rule_counts(least).next().unwrap_or(0);
        let among = self.rule_counts(most).nth(1).unwrap_or(0);
        let enough = self.rule_counts(least).nth(1).unwrap_or(0) >= min;
        enough && f64::from(of) / f64::from(among.max(1)) >= gte
    }

    /// The count that a lower bound is compared with.
    pub(crate) fn plain_count(&self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(*count),
            Self::Distinct(values) => Some(values.len() as u64),
            _ => None,
        }
    }

    /// What a least value is compared with.
    pub(crate) fn reached(&self) -> Option<f64> {
        match self {
            Self::Bucket { level, .. } => Some(*level),
            _ => self.plain_count().map(|count| count as f64),
        }
    }

    /// How much more the condition needs at least; 0 where that is not known.
    pub(crate) fn lacks(&self, plan: &WindowPlan, View { start, time, evicted }: View<'_>) -> u64 {
        let start = start.0;
        match (plan.distance, self) {
            (Distance::Ratio(ratio), Self::Rules { counts, .. }) => {
                let before = evicted.map_or(0, |evicted| evicted.may_hold(start).first_rule());
                match **counts {
                    [of, among, ..] => ratio.lacks(of.saturating_add(before), among),
                    _ => 0,
                }
            }
            (Distance::Count(least), Self::Count(count)) => {
                let before = evicted.map_or(0, |evicted| evicted.holds(start, time).events);
                least.saturating_sub(count.saturating_add(before))
            }
            _ if evicted.is_some_and(|evicted| evicted.may_hold(start).unknown > 0) => 0,
            (Distance::Percentile(_), Self::Ranked(numbers)) => numbers.lacks(),
            _ if evicted.is_some() => 0,
            (Distance::All(all), Self::Rules { .. }) => {
                all & !self.seen(plan, Bounds { known: &Pane::default(), distinct: 0 })
            }
            (Distance::Count(least), Self::Rules { .. }) => {
                let seen = self.seen(plan, Bounds { known: &Pane::default(), distinct: 0 });
                least.saturating_sub(seen.count_ones().into())
            }
            (Distance::Count(least), _) => least.saturating_sub(self.plain_count().unwrap_or(least)),
            _ => 0,
        }
    }

    /// How many events a share needs before it matters, where they are too few.
    pub(crate) fn short(&self, plan: &WindowPlan, evicted: Option<&EvictedSummary>) -> Option<u64> {
        let (Condition::Ratio { min, .. }, Self::Rules { counts, .. }) = (&plan.condition, self) else {
            return None;
        };
        let missing = min.saturating_sub(*counts.get(1)?);
        (missing > 0 && evicted.is_none()).then_some(missing.into())
    }

    /// How much a condition that holds can spare; 0 where that is not known.
    pub(crate) fn spares(&self, plan: &WindowPlan, View { start, time, evicted }: View<'_>) -> u64 {
        let start = start.0;
        match (plan.distance, self) {
            (Distance::Count(_), _) => u64::MAX,
            (Distance::Ratio(ratio), Self::Rules { counts, .. }) => {
                let [of, among, ..] = counts[..] else { return 0 };
                let Some(evicted) = evicted else { return ratio.spare(of, among) };
                let certain = evicted.holds(start, time).first_rule();
                let given_up = evicted.may_hold(start).second_rule();
                ratio.spare(of.saturating_add(certain), among.saturating_add(given_up))
            }
            (Distance::Percentile(_), Self::Ranked(numbers)) if evicted.is_none() => numbers.spares(),
            _ => 0,
        }
    }

    /// What one more event adds to that at most.
    pub(crate) fn weight(&self, entry: &Entry, plan: &WindowPlan) -> u64 {
        match (plan.distance, self) {
            (Distance::Ratio(ratio), _) => ratio.weight(entry.rules()),
            (Distance::Percentile(share), _) => {
                entry.numbers().iter().filter(|number| share.is_counted(**number)).count() as u64
            }
            (Distance::All(_), _) => entry.rules(),
            (_, Self::Distinct(_)) => entry.fingerprints().len() as u64,
            (_, Self::Rules { .. }) => entry.rules().count_ones().into(),
            _ => 1,
        }
    }

    /// What is told of a window, as a float.
    fn value(&self, plan: &WindowPlan, start: Position, bounds: Bounds<'_>) -> Option<f64> {
        match (self, &plan.condition) {
            (Self::Bucket { level, .. }, _) => Some(*level),
            // What is told is how many of the rules were seen; an ordered type compares its longest chain.
            (Self::Rules { .. }, Condition::Clauses(_)) => {
                Some(self.rule_counts(bounds).filter(|count| *count > 0).count() as f64)
            }
            (Self::Rules { .. }, Condition::Ratio { .. }) => {
                let mut counts = self.rule_counts(bounds);
                let (of, among) = (counts.next()?, counts.next()?);
                Some(f64::from(of) / f64::from(among.max(1)))
            }
            (Self::Rules { .. }, _) => Some(f64::from(self.seen(plan, bounds).count_ones())),
            _ => self.measured(plan, start, bounds).map(Measured::to_f64),
        }
    }

    /// What the thresholds compare; `None` when there is nothing to compare (no number).
    fn measured(&self, plan: &WindowPlan, start: Position, bounds: Bounds<'_>) -> Option<Measured> {
        let known = bounds.known;
        match self {
            Self::Count(count) => Some(Measured::count(*count + known.events + known.unknown)),
            Self::Distinct(values) => Some(Measured::count(values.len() as u64 + bounds.distinct)),
            Self::Sum { total, numbers } => {
                let (total, numbers) = (total.plus(known.total()), numbers + known.numbers);
                (numbers > 0).then(|| match plan.measure {
                    Measure::Average => Measured::mean(total, numbers),
                    _ => Measured::sum(total),
                })
            }
            Self::Ranked(numbers) => match plan.measure {
                Measure::Percentile(percent) => Measured::percentile(numbers.ordered(), percent),
                _ => None,
            },
            Self::Rules { sequences, .. } => match plan.measure {
                Measure::OrderedRules { .. } => {
                    sequences.first().map(|sequence| Measured::count(sequence.longest(start) as u64))
                }
                _ => Some(Measured::count(self.seen(plan, bounds).count_ones().into())),
            },
            Self::Bucket { .. } => None,
        }
    }

    /// Matches of each referenced rule.
    fn rule_counts<'a>(&'a self, bounds: Bounds<'a>) -> impl Iterator<Item = u32> + 'a {
        let counts = match self {
            Self::Rules { counts, .. } => &counts[..],
            _ => &[],
        };
        let more = bounds.known.rules.iter().copied().chain(std::iter::repeat(0));
        counts.iter().zip(more).map(|(count, more)| count.saturating_add(more))
    }

    /// The rules that were seen often enough.
    fn seen(&self, plan: &WindowPlan, bounds: Bounds<'_>) -> u64 {
        let least = |bit: usize| plan.runs.get(bit).copied().unwrap_or(1);
        let bits = self.rule_counts(bounds).enumerate().filter(|(bit, count)| *count >= least(*bit));
        bits.fold(0, |seen, (bit, _)| seen | 1 << bit)
    }
}

/// A window that is looked at: its start, the time of its newest event, and what the group had to give up.
#[derive(Clone, Copy)]
pub(crate) struct View<'w> {
    pub(crate) start: Position,
    pub(crate) time: Timestamp,
    pub(crate) evicted: Option<&'w EvictedSummary>,
}

/// What a look at a window came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Certainly.
    pub(crate) holds: bool,
    /// It may hold: what was given up decides.
    pub(crate) undecided: bool,
    /// At most, where something was given up.
    pub(crate) value: f64,
}

/// Events given up that are taken to be in the window, and distinct values among them.
#[derive(Clone, Copy)]
struct Bounds<'p> {
    known: &'p Pane,
    distinct: u64,
}

/// Of each of these rules at least one event was in the window.
fn with_rules(mut pane: Pane, rules: u64) -> Pane {
    each_bit(rules, |bit| {
        pane.rules.resize(pane.rules.len().max(bit + 1), 0);
        pane.rules[bit] = pane.rules[bit].max(1);
    });
    pane
}

/// Before every entry.
const NEVER: Position = (Timestamp::MIN, 0);

/// Those of two steps, which most chains have, lie in the structure itself.
type Cells = SmallVec<[Position; 4]>;

/// Longest chains of rules in order: for every (length, last rule) the latest position at which such a
/// chain can have started. A chain lies in the window exactly when that start does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sequence {
    /// Rule bits in the order they must come.
    steps: SmallVec<[u8; 8]>,
    /// `latest[(length - 1) * steps + last]`, including events at `time`.
    latest: Cells,
    /// The same before the events at `time`, which cannot follow one another.
    before: Cells,
    time: Timestamp,
}

impl Sequence {
    fn new(steps: Vec<u8>) -> Self {
        let cells = steps.len() * steps.len();
        let none = Cells::from_elem(NEVER, cells);
        Self { steps: steps.into(), latest: none.clone(), before: none, time: Timestamp::MIN }
    }

    fn clear(&mut self) {
        self.latest.fill(NEVER);
        self.before.fill(NEVER);
        self.time = Timestamp::MIN;
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
