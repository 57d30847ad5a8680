//! What a window says at one point of time.

use crate::correlate::aggregate::{Aggregate, Verdict, View};
use crate::correlate::distance::Distance;
use crate::correlate::entries::Entries;
use crate::correlate::entry::Entry;
use crate::correlate::evicted::EvictedSummary;
use crate::correlate::plan::WindowPlan;
use crate::correlate::slack::Margin;
use crate::event::Timestamp;
use crate::sigma::extension::{Interval, WindowKind};

/// What became of the firing at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) time: Timestamp,
    /// Of the point and of the first event of its window, in `Window::entries`.
    pub(crate) point: usize,
    pub(crate) first: usize,
    pub(crate) value: f64,
    /// Events that had to be given up decide whether it holds.
    pub(crate) undecided: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    /// It held before and holds, perhaps with another value or other events.
    Changed,
    Retracted,
    /// It did not hold and does not; reported for hysteresis and history only.
    Quiet,
}

/// Limits of one evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Points before this are final and not looked at again.
    pub(crate) settled_before: Timestamp,
    /// Most entries a group keeps; the oldest go first.
    pub(crate) entries: usize,
    /// How many of the newest entries keep their evidence.
    pub(crate) evidence: usize,
    /// This many of the firings after a late event are told again, which have other events behind them now.
    pub(crate) retold: usize,
}

pub(super) fn start_of(time: Timestamp, plan: &WindowPlan) -> Timestamp {
    match plan.kind {
        WindowKind::Tumbling => Timestamp::of_period(time.period(plan.span), plan.span),
        WindowKind::Sliding | WindowKind::Session { .. } | WindowKind::Last { .. } => time.minus(plan.span),
    }
}

/// How many entries a window has at most.
pub(super) fn most_entries(plan: &WindowPlan) -> usize {
    match plan.kind {
        WindowKind::Last { count } => count,
        _ => usize::MAX,
    }
}

/// Lets the entry at `index` into the window and everything too old out of it.
pub(super) fn admit(
    entries: &mut Entries,
    plan: &WindowPlan,
    aggregate: &mut Aggregate,
    head: &mut usize,
    index: usize,
) {
    let time = entries[index].time;
    if entries[index].is_reset() {
        *head = index + 1;
        aggregate.clear();
        return;
    }
    if let WindowKind::Session { gap } = plan.kind
        && index > *head
        && time.since(entries[index - 1].time) > gap
    {
        *head = index;
        aggregate.clear();
    }
    aggregate.add(&mut entries[index], plan);
    let (start, most) = (start_of(time, plan), most_entries(plan));
    while *head < index && (entries[*head].time < start || index - *head >= most) {
        aggregate.remove(&entries[*head]);
        *head += 1;
    }
}

/// What is known of a window.
pub(super) struct Seen<'w> {
    pub(super) aggregate: &'w mut Aggregate,
    pub(super) evicted: Option<&'w EvictedSummary>,
}

/// What a window says by its count alone.
fn plain_verdict(aggregate: &Aggregate, plan: &WindowPlan, lacks: u64) -> Option<Verdict> {
    let Distance::Count(_) = plan.distance else { return None };
    let count = aggregate.plain_count()?;
    Some(Verdict { holds: lacks == 0, undecided: false, value: count as f64 })
}

/// What a window says that is known to lack something, where nobody asks for its value.
fn far_verdict(plan: &WindowPlan, lacks: u64) -> Option<Verdict> {
    let tells = matches!(plan.distance, Distance::Ratio(_) | Distance::Percentile(_) | Distance::All(_));
    (tells && lacks > 0 && !plan.is_asked).then_some(Verdict { holds: false, undecided: false, value: 0.0 })
}

/// What a window says for which its entries need not be looked at.
pub(super) fn quick_verdict(aggregate: &Aggregate, plan: &WindowPlan, lacks: u64) -> Option<Verdict> {
    let verdict = plain_verdict(aggregate, plan, lacks).or_else(|| far_verdict(plan, lacks))?;
    (!verdict.holds || plan.interval.is_none()).then_some(verdict)
}

/// Whether the point at `index` holds, what it says, and how far it is from saying something else.
pub(super) fn judged(
    entries: &Entries,
    plan: &WindowPlan,
    Seen { aggregate, evicted }: Seen<'_>,
    first: usize,
    index: usize,
) -> (bool, Verdict, Margin) {
    let time = entries[index].time;
    let view = View { start: (start_of(time, plan), 0), time, evicted };
    let lacks = aggregate.lacks(plan, view);
    let quick = match evicted {
        None => plain_verdict(aggregate, plan, lacks),
        Some(_) => None,
    };
    let verdict = quick.or_else(|| far_verdict(plan, lacks)).unwrap_or_else(|| {
        let start = match plan.kind {
            WindowKind::Last { .. } | WindowKind::Session { .. } => entries[first].key(),
            _ => view.start,
        };
        aggregate.prepare(entries.range(first..index + 1), plan);
        aggregate.judge(plan, View { start, ..view })
    });
    let holds = verdict.holds && plan.interval.is_none_or(|interval| spaced(entries, first, index, interval));
    // Where the value alone does not decide, a late event may change anything.
    let margin = match holds {
        true => Margin::Spares(aggregate.spares(plan, view)),
        false if verdict.holds => Margin::Lacks(0),
        false if lacks > 0 => Margin::Lacks(lacks),
        false => aggregate.short(plan, evicted).map_or(Margin::Lacks(0), Margin::Short),
    };
    (holds, verdict, margin)
}

/// Evaluates the point at `index` and moves the mark of its run there; also, how far it is from saying something else.
pub(super) fn look(
    entries: &mut Entries,
    plan: &WindowPlan,
    seen: Seen<'_>,
    first: usize,
    index: usize,
) -> (Change, Margin) {
    let time = entries[index].time;
    let (holds, verdict, margin) = judged(entries, plan, seen, first, index);
    let kind = mark(entries, index, holds);
    (Change { kind, time, point: index, first, value: verdict.value, undecided: verdict.undecided }, margin)
}

/// Moves the mark of a run of one time to its last entry, at `index`: what became of the firing there.
///
/// Only the entry that was the last before can have it, so that a run costs the same however long it is: of a clock that
/// counts seconds, a busy group has thousands in one.
fn mark(entries: &mut Entries, index: usize, holds: bool) -> ChangeKind {
    let (time, mut fired) = (entries[index].time, entries[index].has_fired());
    if let Some(before) = index.checked_sub(1).filter(|before| entries[*before].is_of_run(time)) {
        fired |= entries[before].has_fired();
        entries[before].set_fired(false);
        debug_assert!(!has_mark_before(entries, before), "only the last of a run is marked");
    }
    entries[index].set_fired(holds);
    match (fired, holds) {
        (false, true) => ChangeKind::Added,
        (true, true) => ChangeKind::Changed,
        (true, false) => ChangeKind::Retracted,
        (false, false) => ChangeKind::Quiet,
    }
}

/// Whether one of the entries of a run is marked that stand nearest before its entry at `index`.
fn has_mark_before(entries: &Entries, index: usize) -> bool {
    const NEAREST: usize = 64;
    let time = entries[index].time;
    let nearest = (index.saturating_sub(NEAREST)..index).rev().map(|at| &entries[at]);
    nearest.take_while(|entry| entry.is_of_run(time)).any(Entry::has_fired)
}

/// Whether the newest events of the window have the wanted spacing.
fn spaced(entries: &Entries, first: usize, index: usize, wanted: Interval) -> bool {
    if index + 1 < first + wanted.of_last {
        return false;
    }
    let from = index + 1 - wanted.of_last;
    let mut gaps: Vec<f64> =
        (from..index).map(|at| entries[at + 1].time.since(entries[at].time) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>() / gaps.len() as f64;
    gaps.sort_by(f64::total_cmp);
    let middle = gaps.len() / 2;
    let median =
        if gaps.len() % 2 == 1 { gaps[middle] } else { f64::midpoint(gaps[middle - 1], gaps[middle]) };
    wanted.median_gte.is_none_or(|least| median >= least as f64)
        && wanted.median_lte.is_none_or(|most| median <= most as f64)
        && wanted.jitter_lte.is_none_or(|most| mean > 0.0 && variance.sqrt() / mean <= most)
}
