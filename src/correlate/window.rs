//! The events of one group, sorted by event time, and the windows over them.
//!
//! The newest window is kept up to date: an event in order enters it, what is older than its start
//! leaves, and each event does both once, so that the cost is constant on average. An event that
//! comes late is put where it belongs and only the event times whose window can hold it are looked
//! at again, with an aggregate built from scratch; where it can be told beforehand that none of them will say anything
//! else (see `slack`), not even those. Whether a firing holds is therefore a function of
//! the set of events alone; `the_order_of_arrival_has_no_meaning` holds that line.
//!
//! A *point* is the last of several events with one time: there, the condition is looked at once.
//! A reset splits: nothing before it is in any window after it.

use std::sync::Arc;

use super::aggregate::{Aggregate, Sequence, Verdict, View};
use super::distance::Distance;
use super::entries::Entries;
use super::entry::Entry;
use super::evicted::EvictedSummary;
use super::evidence::Evidence;
use super::plan::{Measure, WindowPlan};
use super::slack::{Headroom, Slack};
use crate::sigma::extension::{Interval, Tie, WindowKind};

/// What became of the firing at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) time: i64,
    /// Of the point and of the first event of its window, in `Window::entries`.
    pub(crate) point: usize,
    pub(crate) first: usize,
    pub(crate) value: f64,
    /// Events that had to be given up decide whether it holds.
    pub(crate) undecided: bool,
}

impl Change {
    fn holds(&self) -> bool {
        matches!(self.kind, ChangeKind::Added | ChangeKind::Changed)
    }
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
    pub(crate) settled_before: i64,
    /// Most entries a group keeps; the oldest go first.
    pub(crate) entries: usize,
    /// How many of the newest entries keep their evidence.
    pub(crate) evidence: usize,
    /// So many of the firings after a late event are told again, which have other events behind them now.
    pub(crate) retold: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) entries: Entries,
    /// First entry of the newest window.
    head: usize,
    aggregate: Aggregate,
    /// Entries of the window were given up; this is what is known of them.
    pub(crate) evicted: Option<Box<EvictedSummary>>,
    /// Entries that are resets.
    resets: usize,
    /// There was an entry that counts for more than one number: shares of its windows are not known.
    has_crowded: bool,
    /// How far its windows are from firing, where there are so many events that this spares looks at them.
    slack: Option<Box<Slack>>,
}

/// A group with fewer events is looked at again when one comes late; what is known of its windows is forgotten.
const MANY: usize = 4;

impl Window {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        Self {
            entries: Entries::default(),
            head: 0,
            aggregate: Aggregate::new(plan),
            evicted: None,
            resets: 0,
            has_crowded: false,
            slack: None,
        }
    }

    /// Rebuilds the newest window around stored entries.
    pub(crate) fn restore(
        entries: Entries,
        evicted: Option<Box<EvictedSummary>>,
        sequences: Vec<Sequence>,
        plan: &WindowPlan,
    ) -> Self {
        let mut window = Self {
            head: 0,
            aggregate: Aggregate::new(plan),
            evicted,
            resets: entries.iter().filter(|entry| entry.is_reset()).count(),
            has_crowded: entries.iter().any(|entry| entry.numbers().len() > 1),
            slack: None,
            entries,
        };
        window.rebuild_newest(plan);
        if !sequences.is_empty() {
            window.aggregate.resume_sequences(sequences);
        }
        window
    }

    /// What is known of the newest window beyond its entries and the summary, for [`Window::restore`].
    pub(crate) fn sequences(&self) -> &[Sequence] {
        if self.evicted.is_some() { self.aggregate.sequences() } else { &[] }
    }

    /// What the newest window has come to, where that is one number which more events only raise.
    pub(crate) fn reached(&self) -> Option<f64> {
        self.aggregate.reached()
    }

    /// Reads what an entry that comes will be compared with.
    pub(crate) fn fetch(&self) -> i64 {
        let time = |entry: Option<&Entry>| entry.map_or(0, |entry| entry.time);
        time(self.entries.front()) ^ time(self.entries.back())
    }

    pub(crate) fn newest(&self) -> Option<i64> {
        self.entries.back().map(|entry| entry.time)
    }

    /// Puts an entry where it belongs and reports what changed. True when it is new and older than the
    /// newest.
    pub(crate) fn insert(
        &mut self,
        mut entry: Entry,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) -> bool {
        let key = entry.key();
        self.has_crowded |= !plan.distance.mark(&mut entry);
        self.resets += usize::from(entry.is_reset());
        self.evicted = self.evicted.take().filter(|evicted| !evicted.is_over(key.0));
        if let Some(evicted) = &mut self.evicted {
            evicted.see(&entry);
        }
        let in_order = self.entries.back().is_none_or(|last| last.key() < key);
        let late = if in_order {
            self.push(entry, plan, changes);
            false
        } else {
            self.insert_late(entry, plan, limits, changes)
        };
        self.shed_evidence(limits);
        while self.entries.len() > limits.entries {
            self.drop_oldest(plan, changes);
        }
        late
    }

    fn push(&mut self, entry: Entry, plan: &WindowPlan, changes: &mut Vec<Change>) {
        let index = self.entries.len();
        self.entries.push_back(entry);
        admit(&mut self.entries, plan, &mut self.aggregate, &mut self.head, index);
        // Its window is the newest one, which is always held: also a very late event is looked at.
        if !self.entries[index].is_reset() {
            let seen = Seen { aggregate: &mut self.aggregate, evicted: self.evicted.as_deref() };
            let (change, lacks) = look(&mut self.entries, plan, seen, self.head, index);
            self.note(&change, lacks, plan);
            changes.push(change);
        }
    }

    /// Remembers how far a window is from firing, where that is of use.
    fn note(&mut self, change: &Change, lacks: u64, plan: &WindowPlan) {
        if !plan.tells_distance() {
            return;
        }
        if self.entries.len() < MANY {
            self.slack = None;
            return;
        }
        if self.slack.is_none() && self.newest() == Some(change.time) {
            self.slack = Some(Box::new(Slack::known_since(change.time)));
        }
        if let Some(slack) = &mut self.slack {
            let lacks = if self.resets > 0 { 0 } else { lacks };
            slack.note(change.time, lacks, change.holds(), plan);
        }
    }

    /// True when the entry is new.
    fn insert_late(
        &mut self,
        entry: Entry,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) -> bool {
        let key = entry.key();
        let time = entry.time;
        let at = self.entries.partition_point(|other| other.key() < key);
        let known = self.entries.get(at).filter(|other| other.key() == key);
        let new = known.is_none();
        let says_nothing = known.is_some_and(|same| {
            let counted = same.rules() | entry.rules() == same.rules();
            counted && (entry.evidence.is_none() || entry.evidence == same.evidence)
        });
        if says_nothing {
            return false;
        }
        if let Some(same) = known.filter(|same| same.says_as_much_as(&entry))
            && self.is_quiet(same.time, plan)
        {
            self.entries[at].evidence = entry.evidence;
            return false;
        }
        if new && let Some(borne) = self.bears(at, &entry, plan, limits) {
            self.slip_in(at, entry, borne.own, plan);
            if borne.holds {
                self.retell(at, plan, limits, changes);
            }
            return true;
        }
        let before = self.rewind(&entry, plan);
        match self.entries.get(at).filter(|_| !new) {
            // The same event as another referenced rule: one entry for both. A firing that holds as
            // before may have other events behind it now.
            Some(_) => self.entries.absorb(at, entry),
            None => {
                self.entries.insert(at, entry);
                if at <= self.head {
                    self.head += 1;
                }
            }
        }
        self.look_again(EntrySpot { at, time }, before, plan, limits, changes);
        new
    }

    /// Whether no window that an event of `time` belongs to holds.
    fn is_quiet(&mut self, time: i64, plan: &WindowPlan) -> bool {
        self.room(time, time.saturating_add(plan.span), plan).is_some_and(|room| !room.holds)
    }

    /// What is known of the windows that end from `first` to `last`.
    fn room(&mut self, first: i64, last: i64, plan: &WindowPlan) -> Option<Headroom> {
        self.slack.as_mut()?.room(first, last, plan)
    }

    /// Whether no window that a late entry belongs to comes to hold by it, and those that hold go on.
    fn bears(&mut self, at: usize, entry: &Entry, plan: &WindowPlan, limits: Limits) -> Option<Borne> {
        if !plan.tells_distance() || entry.is_reset() || self.resets > 0 || self.has_crowded {
            return None;
        }
        // Somebody asks for the value of every window, of this one as well; and of chains that began with events
        // given up only the newest window knows.
        if plan.is_asked || (!self.aggregate.is_any_order() && self.evicted.is_some()) {
            return None;
        }
        let weight = self.aggregate.weight(entry, plan);
        let Headroom { lacks, holds } = self.room(entry.time, entry.time.saturating_add(plan.span), plan)?;
        let own = self.own_lack(at, entry, weight, plan)?;
        let counted = plan.measure == Measure::Count && plan.interval.is_none() && self.evicted.is_none();
        let goes_on = (counted && limits.retold < usize::MAX) || (own > 0 && !holds);
        let borne = Borne { own, holds: holds || own == 0 };
        (goes_on && plan.distance.after(lacks, weight) > 0).then_some(borne)
    }

    /// How much the window lacks at the least that ends with a late entry.
    fn own_lack(&mut self, at: usize, entry: &Entry, weight: u64, plan: &WindowPlan) -> Option<u64> {
        if self.entries.get(at).is_some_and(|next| next.time == entry.time) {
            return Some(u64::MAX);
        }
        let start = start_of(entry.time, plan);
        if let Distance::Count(all) | Distance::All(all) = plan.distance {
            // It has no more than the window before it, and the entry.
            let before = at.checked_sub(1).and_then(|before| self.entries.get(before));
            let Some(before) = before.map(|before| before.time).filter(|time| *time >= start) else {
                return Some(if self.evicted.is_some() { 0 } else { plan.distance.after(all, weight) });
            };
            let room = self.room(before, before, plan)?;
            let lacks = plan.distance.common(room.lacks, all);
            return Some(if room.holds { 0 } else { plan.distance.after(lacks, weight) });
        }
        let first = self.entries.partition_point(|other| other.time < start);
        let [mut part, mut whole] = self.entries.shares(first..at);
        let [own_part, own_whole] = entry.shares();
        (part, whole) = (part.saturating_add(own_part), whole.saturating_add(own_whole));
        if let (Distance::Ratio(_), Some(evicted)) = (plan.distance, &self.evicted) {
            part = part.saturating_add(evicted.may_hold(start).first_rule());
        }
        Some(plan.distance.lacks_of([part, whole]))
    }

    /// Puts such an entry where it belongs.
    fn slip_in(&mut self, at: usize, mut entry: Entry, own_lack: u64, plan: &WindowPlan) {
        let last = entry.time.saturating_add(plan.span);
        let weight = self.aggregate.weight(&entry, plan);
        if let Some(slack) = &mut self.slack {
            slack.bear(entry.time, last, weight, plan);
            if own_lack > 0 {
                slack.note(entry.time, own_lack, false, plan);
            }
        }
        let start = self.newest().map_or(i64::MIN, |newest| start_of(newest, plan));
        if entry.time >= start {
            self.aggregate.add_late(&mut entry, plan);
        } else {
            self.head += 1;
        }
        self.entries.insert(at, entry);
    }

    /// Counts of windows that hold have risen by a late entry. Told of them are those that it is among the newest
    /// events of, the oldest, which counts it, and the newest of all: what others say of their events and of their
    /// count is the same.
    fn retell(&mut self, at: usize, plan: &WindowPlan, limits: Limits, changes: &mut Vec<Change>) {
        let Some(time) = self.entries.get(at).map(|entry| entry.time) else { return };
        let last = time.saturating_add(plan.span);
        let behind = self.entries.partition_point(|entry| entry.time <= last);
        let near = at..behind.min(at + 1 + limits.retold);
        let told = changes.len();
        for index in near.clone() {
            changes.extend(self.tell_count(index, plan, limits));
        }
        let mut left = near.end..behind;
        if changes.len() == told {
            let oldest = left.find(|index| self.holds_at(*index, limits));
            changes.extend(oldest.and_then(|index| self.tell_count(index, plan, limits)));
        }
        let newest = left.rev().find(|index| self.holds_at(*index, limits));
        changes.extend(newest.and_then(|index| self.tell_count(index, plan, limits)));
    }

    /// Whether a point fired that is not final yet.
    fn holds_at(&self, index: usize, limits: Limits) -> bool {
        self.entries.get(index).is_some_and(|entry| entry.has_fired() && entry.time >= limits.settled_before)
    }

    /// Looks again at a point by its count alone, if anything was told of it or it is new.
    fn tell_count(&mut self, index: usize, plan: &WindowPlan, limits: Limits) -> Option<Change> {
        let time = self.entries[index].time;
        let Distance::Count(least) = plan.distance else { return None };
        if !self.is_point(index) || time < limits.settled_before {
            return None;
        }
        let first = self.entries.partition_point(|entry| entry.time < start_of(time, plan));
        let count = (index + 1).saturating_sub(first) as u64;
        let kind = mark(&mut self.entries, index, count >= least);
        let change = Change { kind, time, point: index, first, value: count as f64, undecided: false };
        self.note(&change, least.saturating_sub(count), plan);
        (kind != ChangeKind::Quiet).then_some(change)
    }

    /// Takes the events from the time of a late `entry` on out of the newest window: what is left, and its first
    /// event. `None` where it is no less work to put that window together anew, or where the order of events
    /// matters. Lines are nearly in order everywhere, and then this costs as much as they are out of it.
    fn rewind(&mut self, entry: &Entry, plan: &WindowPlan) -> Option<(Aggregate, usize)> {
        let time = entry.time;
        let newest = self.newest()?;
        let any_order = plan.kind == WindowKind::Sliding && self.aggregate.is_any_order();
        if !any_order || entry.is_reset() || newest > time.saturating_add(plan.span) {
            return None;
        }
        let start = start_of(time, plan);
        let first = self.entries.partition_point(|other| other.time < start);
        let from = self.entries.partition_point(|other| other.time < time);
        let undone = self.entries.len() - from.max(self.head);
        let brought_back = self.head.min(from).saturating_sub(first);
        let is_cheaper = undone + brought_back < from - first;
        if !is_cheaper || self.resets > 0 {
            return None;
        }
        let mut aggregate = std::mem::replace(&mut self.aggregate, Aggregate::new(plan));
        for entry in self.entries.range(from.max(self.head)..self.entries.len()) {
            aggregate.remove(entry);
        }
        for index in first..self.head.min(from).max(first) {
            aggregate.add(&mut self.entries[index], plan);
        }
        Some((aggregate, first))
    }

    /// Takes an entry out again (a firing of a rule below that no longer holds).
    pub(crate) fn remove(
        &mut self,
        key: (i64, u64),
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) {
        let at = self.entries.partition_point(|other| other.key() < key);
        let Some(removed) = self.entries.get(at).filter(|entry| entry.key() == key).cloned() else { return };
        self.entries.remove(at);
        self.resets -= usize::from(removed.is_reset());
        if at < self.head {
            self.head -= 1;
        }
        let neighbour = |index: Option<usize>| {
            index.and_then(|index| self.entries.get(index)).is_some_and(|entry| entry.time == key.0)
        };
        let alone = !neighbour(at.checked_sub(1)) && !neighbour(Some(at));
        if removed.has_fired() {
            if alone {
                let time = key.0;
                let kind = ChangeKind::Retracted;
                changes.push(Change { kind, time, point: at, first: at, value: 0.0, undecided: false });
            } else if let Some(before) = at.checked_sub(1).and_then(|index| self.entries.get_mut(index))
                && before.time == key.0
            {
                before.set_fired(true);
            }
        }
        self.look_again(EntrySpot { at, time: key.0 }, None, plan, limits, changes);
    }

    /// Looks again at every point whose window can hold an event of `time`, which stands at `at`. `before` is
    /// the window before that time, if it is known.
    fn look_again(
        &mut self,
        spot: EntrySpot,
        before: Option<(Aggregate, usize)>,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) {
        let EntrySpot { at, time } = spot;
        let mut from = at.min(self.entries.len());
        while from > 0 && self.entries[from - 1].time == time {
            from -= 1;
        }
        if from == self.entries.len() {
            self.rebuild_newest(plan);
            return;
        }
        let (mut aggregate, mut head) = before.unwrap_or_else(|| self.before(from, plan));
        let reach = match plan.measure {
            Measure::Bucket(_) => i64::MAX,
            _ => time.saturating_add(plan.span),
        };
        let ends_with_all = self.newest().is_some_and(|newest| newest <= reach);
        let renewed = if ends_with_all { i64::MAX } else { reach };
        if let Some(slack) = &mut self.slack {
            slack.renew(time.max(limits.settled_before), renewed, plan);
        }
        for index in from..self.entries.len() {
            if self.entries[index].time > reach {
                return;
            }
            admit(&mut self.entries, plan, &mut aggregate, &mut head, index);
            if self.is_point(index) && self.entries[index].time >= limits.settled_before {
                let seen = Seen { aggregate: &mut aggregate, evicted: self.evicted.as_deref() };
                let (change, lacks) = look(&mut self.entries, plan, seen, head, index);
                self.note(&change, lacks, plan);
                changes.push(change);
            }
        }
        self.aggregate = aggregate;
        self.head = head;
    }

    /// The window that ends at `index` before that entry is let in, and its first entry.
    fn before(&mut self, index: usize, plan: &WindowPlan) -> (Aggregate, usize) {
        let mut head = self.first_of_window(index, plan);
        let mut aggregate = Aggregate::new(plan);
        if let Some(evicted) = &self.evicted {
            aggregate.assume(evicted);
        }
        // A bucket goes on from the level that it had; everything else begins with its first event.
        let bucket = matches!(plan.measure, Measure::Bucket(_));
        let first = if bucket { index } else { head };
        if let Some(before) = first.checked_sub(1) {
            aggregate.resume(&self.entries[before]);
        }
        for index in first..index {
            admit(&mut self.entries, plan, &mut aggregate, &mut head, index);
        }
        (aggregate, head)
    }

    fn rebuild_newest(&mut self, plan: &WindowPlan) {
        let Some(last) = self.entries.len().checked_sub(1) else {
            (self.aggregate, self.head) = (Aggregate::new(plan), 0);
            return;
        };
        (self.aggregate, self.head) = self.before(last, plan);
        if matches!(plan.measure, Measure::Bucket(_)) {
            // What was before its entries may be gone; the level is still known.
            self.aggregate.resume(&self.entries[last]);
            if self.entries[last].is_reset() {
                self.head = last + 1;
            }
        } else {
            admit(&mut self.entries, plan, &mut self.aggregate, &mut self.head, last);
        }
    }

    fn is_point(&self, index: usize) -> bool {
        let entry = &self.entries[index];
        !entry.is_reset()
            && self.entries.get(index + 1).is_none_or(|next| next.time != entry.time || next.is_reset())
    }

    /// The first entry of the window that ends at `index`, found backwards.
    fn first_of_window(&self, index: usize, plan: &WindowPlan) -> usize {
        let start = start_of(self.entries[index].time, plan);
        if plan.kind == WindowKind::Sliding && self.resets == 0 {
            return self.entries.partition_point(|entry| entry.time < start).min(index);
        }
        let mut first = index;
        while let Some(before) = first.checked_sub(1).and_then(|before| self.entries.get(before)) {
            let pause = self.entries[first].time.saturating_sub(before.time);
            let apart = matches!(plan.kind, WindowKind::Session { gap } if pause > gap);
            let full = matches!(plan.kind, WindowKind::Last { count } if index - first + 1 >= count);
            if before.is_reset() || before.time < start || apart || full {
                break;
            }
            first -= 1;
        }
        first
    }

    /// Only the newest entries keep what is shown of them.
    fn shed_evidence(&mut self, limits: Limits) {
        if let Some(old) = self.entries.len().checked_sub(limits.evidence.saturating_add(1))
            && let Some(entry) = self.entries.get_mut(old)
        {
            entry.evidence = None;
        }
    }

    /// Gives up the oldest entry. What is left holds the newest ones, so a lower bound of a count below
    /// their number is decided as before; for everything else there is the summary.
    fn drop_oldest(&mut self, plan: &WindowPlan, changes: &mut [Change]) {
        if self.head == 0 {
            self.aggregate.follow_chains(self.entries.range(0..self.entries.len()), plan);
        }
        let Some(oldest) = self.entries.pop_front() else { return };
        self.resets -= usize::from(oldest.is_reset());
        if self.head == 0 {
            if !oldest.is_reset() {
                self.aggregate.remove(&oldest);
                let evicted = self.evicted.get_or_insert_with(|| Box::new(EvictedSummary::new(plan)));
                evicted.fold(&oldest, plan, |value| self.aggregate.holds_value(value));
            }
        } else {
            self.head -= 1;
        }
        for change in changes {
            change.point = change.point.saturating_sub(1);
            change.first = change.first.saturating_sub(1);
        }
    }

    /// Whether what the window says rests on more than the entries it holds.
    pub(crate) fn is_approximate(&self, plan: &WindowPlan) -> bool {
        // A lower bound of a count is decided exactly by the newest events alone.
        let decided = plan.measure == Measure::Count && plan.threshold().is_some();
        self.evicted.is_some() && !decided
    }

    /// Forgets entries older than `horizon` that are outside the newest window, but for the one that
    /// knows with which level a bucket went on.
    pub(crate) fn prune(&mut self, horizon: i64, plan: &WindowPlan) {
        let kept = usize::from(matches!(plan.measure, Measure::Bucket(_)));
        while self.head > kept && self.entries.front().is_some_and(|entry| entry.time < horizon) {
            let gone = self.entries.pop_front();
            self.resets -= usize::from(gone.is_some_and(|entry| entry.is_reset()));
            self.head -= 1;
        }
    }

    /// What is kept of the entry at a position.
    pub(crate) fn evidence_at(&self, key: (i64, u64)) -> Option<Arc<Evidence>> {
        let at = self.entries.partition_point(|entry| entry.key() < key);
        self.entries.get(at).filter(|entry| entry.key() == key)?.evidence.clone()
    }

    /// Entries of the closed interval.
    pub(crate) fn between(&self, start: i64, end: i64) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.time < start);
        self.entries.range(from..self.entries.len()).take_while(move |entry| entry.time <= end)
    }
}

fn start_of(time: i64, plan: &WindowPlan) -> i64 {
    match plan.kind {
        WindowKind::Tumbling => time.div_euclid(plan.span).saturating_mul(plan.span),
        WindowKind::Sliding | WindowKind::Session { .. } | WindowKind::Last { .. } => {
            time.saturating_sub(plan.span)
        }
    }
}

/// Lets the entry at `index` into the window and everything too old out of it.
fn admit(
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
        && time.saturating_sub(entries[index - 1].time) > gap
    {
        *head = index;
        aggregate.clear();
    }
    aggregate.add(&mut entries[index], plan);
    let start = start_of(time, plan);
    let most = match plan.kind {
        WindowKind::Last { count } => count,
        _ => usize::MAX,
    };
    while *head < index && (entries[*head].time < start || index - *head + 1 > most) {
        aggregate.remove(&entries[*head]);
        *head += 1;
    }
}

/// A time, and the place of an entry of it.
#[derive(Clone, Copy)]
struct EntrySpot {
    at: usize,
    time: i64,
}

/// How windows bear a late entry.
struct Borne {
    /// What its own window lacks at the least; nothing: it has to be looked at.
    own: u64,
    /// Some of them hold.
    holds: bool,
}

/// What is known of a window.
struct Seen<'w> {
    aggregate: &'w mut Aggregate,
    evicted: Option<&'w EvictedSummary>,
}

/// Evaluates the point at `index` and moves the mark of its run there; also, how much it lacks to hold.
fn look(
    entries: &mut Entries,
    plan: &WindowPlan,
    Seen { aggregate, evicted }: Seen<'_>,
    first: usize,
    index: usize,
) -> (Change, u64) {
    let time = entries[index].time;
    let lacks = aggregate.lacks(plan, evicted, start_of(time, plan));
    let quick = aggregate.plain_count().filter(|_| evicted.is_none());
    let verdict = match (plan.distance, quick) {
        (Distance::Count(_), Some(count)) => {
            Verdict { holds: lacks == 0, undecided: false, value: count as f64 }
        }
        (Distance::Ratio(_) | Distance::Percentile(_) | Distance::All(_), _)
            if lacks > 0 && !plan.is_asked =>
        {
            Verdict { holds: false, undecided: false, value: 0.0 }
        }
        _ => {
            let start = match plan.kind {
                WindowKind::Last { .. } | WindowKind::Session { .. } => entries[first].key(),
                _ => (start_of(time, plan), 0),
            };
            aggregate.prepare(entries.range(first..index + 1), plan);
            aggregate.judge(plan, View { start, time, evicted })
        }
    };
    let holds = verdict.holds && plan.interval.is_none_or(|interval| spaced(entries, first, index, interval));
    let kind = mark(entries, index, holds);
    // Where the value alone does not decide, a late event may change anything.
    let lacks = if verdict.holds || verdict.undecided { 0 } else { lacks };
    (Change { kind, time, point: index, first, value: verdict.value, undecided: verdict.undecided }, lacks)
}

/// Moves the mark of a run of one time to its last entry, at `index`: what became of the firing there.
fn mark(entries: &mut Entries, index: usize, holds: bool) -> ChangeKind {
    let time = entries[index].time;
    let mut fired = false;
    let mut at = index;
    loop {
        fired |= entries[at].has_fired();
        entries[at].set_fired(false);
        match at.checked_sub(1) {
            Some(before) if entries[before].time == time && !entries[before].is_reset() => at = before,
            _ => break,
        }
    }
    entries[index].set_fired(holds);
    match (fired, holds) {
        (false, true) => ChangeKind::Added,
        (true, true) => ChangeKind::Changed,
        (true, false) => ChangeKind::Retracted,
        (false, false) => ChangeKind::Quiet,
    }
}

/// Whether the newest events of the window have the wanted spacing.
fn spaced(entries: &Entries, first: usize, index: usize, wanted: Interval) -> bool {
    if index + 1 < first + wanted.of_last {
        return false;
    }
    let from = index + 1 - wanted.of_last;
    let mut gaps: Vec<f64> =
        (from..index).map(|at| entries[at + 1].time.saturating_sub(entries[at].time) as f64).collect();
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

/// Whether a forward window that opens at `start` ends without a forbidden event: the number of
/// rules seen in it, when one of the clauses is met.
pub(crate) fn forward_value(window: &Window, start: i64, plan: &WindowPlan) -> Option<f64> {
    let end = start.saturating_add(plan.span);
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
fn in_order(window: &Window, start: i64, end: i64, required: u64, plan: &WindowPlan) -> bool {
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
    let (mut made, mut time) = (0, i64::MIN);
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
