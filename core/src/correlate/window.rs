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

pub(crate) mod forward;
mod late;
mod point;

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use self::late::{Borne, EntrySpot, LateEntry, Looks};
pub(crate) use self::point::{Change, ChangeKind, Limits};
use self::point::{Seen, admit, judged, look, most_entries, quick_verdict, start_of};
use super::aggregate::{Aggregate, Sequence, View};
use super::distance::Distance;
use super::entries::Entries;
use super::entry::{Entry, Position};
use super::evicted::EvictedSummary;
use super::evidence::Evidence;
use super::plan::{Measure, WindowPlan};
use super::slack::{Headroom, Load, Margin, Slack};
use crate::event::Timestamp;
use crate::event::number::to_u64;
use crate::sigma::extension::WindowKind;

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
    /// All entries that there ever were are there.
    is_whole: bool,
    /// How far its windows are from firing, where there are so many events that this spares looks at them.
    slack: Option<Box<Slack>>,
}

/// A group with fewer events is looked at again when one comes late; what is known of its windows is forgotten.
const MANY: usize = 4;
/// A group with more events is not looked at as a whole to learn how far its windows are from firing.
const MOST_LOOKS: usize = 64;

impl Window {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        Self {
            entries: Entries::default(),
            head: 0,
            aggregate: Aggregate::new(plan),
            evicted: None,
            resets: 0,
            has_crowded: false,
            is_whole: true,
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
            is_whole: false,
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
        let time = |entry: Option<&Entry>| entry.map_or(0, |entry| entry.time.0);
        time(self.entries.front()) ^ time(self.entries.back())
    }

    pub(crate) fn newest(&self) -> Option<Timestamp> {
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
        let (key, is_shown) = (entry.key(), entry.evidence.is_some());
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
        if !plan.keeps_part || is_shown {
            self.shed_evidence(limits, plan);
        }
        if self.entries.len() > limits.entries {
            self.drop_beyond(limits.entries, plan, changes);
        }
        late
    }

    /// Puts an entry behind all others. Its window is the newest one, which is always held: also a very late event
    /// is looked at.
    fn push(&mut self, mut entry: Entry, plan: &WindowPlan, changes: &mut Vec<Change>) {
        let (index, time) = (self.entries.len(), entry.time);
        if entry.is_reset() {
            self.head = index + 1;
            self.aggregate.clear();
            self.entries.push_back(entry);
            return;
        }
        let before = self.entries.back().map(|before| (before.time, before.is_reset()));
        self.let_in(&mut entry, before, plan);
        let start = start_of(time, plan);
        let view = View { start: (start, 0), time, evicted: self.evicted.as_deref() };
        let lacks = self.aggregate.lacks(plan, view);
        let first_of_time = before.is_none_or(|(other, reset)| other != time || reset);
        let quick = match self.evicted {
            None if first_of_time => quick_verdict(&self.aggregate, plan, lacks),
            _ => None,
        };
        let Some(verdict) = quick else {
            self.entries.push_back(entry);
            let seen = Seen { aggregate: &mut self.aggregate, evicted: self.evicted.as_deref() };
            let (change, margin) = look(&mut self.entries, plan, seen, self.head, index);
            self.note(&change, margin, plan);
            changes.push(change);
            return;
        };
        entry.set_fired(verdict.holds);
        self.entries.push_back(entry);
        let (kind, margin) = if verdict.holds {
            (ChangeKind::Added, Margin::Spares(self.aggregate.spares(plan, View { evicted: None, ..view })))
        } else {
            (ChangeKind::Quiet, Margin::Lacks(lacks))
        };
        let change =
            Change { kind, time, point: index, first: self.head, value: verdict.value, undecided: false };
        self.note(&change, margin, plan);
        changes.push(change);
    }

    /// Lets an entry that will be the last into the newest window, and everything too old out of it. `before`: the time of the
    /// last one now, and whether that is a reset.
    fn let_in(&mut self, entry: &mut Entry, before: Option<(Timestamp, bool)>, plan: &WindowPlan) {
        let index = self.entries.len();
        if let (WindowKind::Session { gap }, Some((before, _))) = (plan.kind, before)
            && index > self.head
            && entry.time.since(before) > gap
        {
            self.head = index;
            self.aggregate.clear();
        }
        self.aggregate.add(entry, plan);
        let start = start_of(entry.time, plan);
        let most = most_entries(plan);
        while self.head < index {
            let oldest = &self.entries[self.head];
            if oldest.time >= start && index - self.head < most {
                break;
            }
            self.aggregate.remove(oldest);
            self.head += 1;
        }
    }

    /// Remembers how far a window is from firing, where that is of use.
    fn note(&mut self, change: &Change, margin: Margin, plan: &WindowPlan) {
        if !plan.tells_distance() {
            return;
        }
        if self.entries.len() < MANY {
            self.slack = None;
            return;
        }
        if self.slack.is_none() && self.newest() == Some(change.time) {
            self.slack = Some(Box::new(self.known(change.time, plan)));
        }
        if let Some(slack) = &mut self.slack {
            let margin = match margin {
                Margin::Lacks(_) | Margin::Short(_) if self.resets > 0 => Margin::Lacks(0),
                Margin::Spares(_) if self.resets > 0 => Margin::Spares(0),
                known => known,
            };
            slack.note(change.time, margin, plan);
        }
    }

    /// What is known where nothing was noted so far: of the windows of a group that has lost nothing all, of another the
    /// newest, which ends at `newest`.
    fn known(&mut self, newest: Timestamp, plan: &WindowPlan) -> Slack {
        if !self.is_whole || self.resets > 0 || self.entries.len() > MOST_LOOKS {
            return Slack::known_since(newest);
        }
        let mut slack = Slack::default();
        let (mut aggregate, mut head) = (Aggregate::new(plan), 0);
        for index in 0..self.entries.len() {
            admit(&mut self.entries, plan, &mut aggregate, &mut head, index);
            if self.is_point(index) {
                let seen = Seen { aggregate: &mut aggregate, evicted: None };
                let (_, _, margin) = judged(&self.entries, plan, seen, head, index);
                slack.note(self.entries[index].time, margin, plan);
            }
        }
        slack
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
        if at == 0 && self.is_beyond(&entry, plan, limits) {
            return true;
        }
        let new = self.entries.get(at).is_none_or(|other| other.key() != key);
        if !new && self.comes_again(at, &entry, plan, limits, changes) {
            return false;
        }
        let mut looks = Looks::All;
        if let Some(late) = self.late_entry(at, &entry, plan)
            && let Some(borne) = self.bears(&late, plan, limits)
        {
            if (!borne.holds && borne.own > 0) || Self::is_counted(plan) {
                self.slip_in(late, entry, borne.own, plan);
                if borne.holds {
                    self.retell(at, plan, limits, changes);
                } else if borne.own == 0 {
                    changes.extend(self.tell_point(at, plan, limits));
                }
                return new;
            }
            self.bear(&late, borne.own, plan);
            looks = Looks::Few;
        }
        let before = self.rewind(&entry, plan);
        match self.entries.get(at).filter(|_| !new) {
            // The same event as another referenced rule: one entry for both. A firing that holds as
            // before may have other events behind it now.
            Some(_) => self.entries.absorb(at, entry),
            None => {
                self.put_at(at, entry);
                if at <= self.head {
                    self.head += 1;
                }
            }
        }
        self.look_again(EntrySpot { at, time, looks }, before, plan, limits, changes);
        new
    }

    /// Takes in an event that is there already, at `at`, where that changes nothing or only the newest window. False where
    /// more has to be looked at.
    fn comes_again(
        &mut self,
        at: usize,
        same: &Entry,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) -> bool {
        let known = &self.entries[at];
        let is_counted = known.rules() | same.rules() == known.rules();
        if is_counted && (same.evidence.is_none() || same.evidence == known.evidence) {
            return true;
        }
        if known.says_as_much_as(same) && self.is_quiet(same.time, plan) {
            self.entries[at].evidence.clone_from(&same.evidence);
            return true;
        }
        at + 1 == self.entries.len() && self.renew_newest(same, plan, limits, changes)
    }

    /// Counts an event with those that were given up where it is older than all that a full group holds: it would be given
    /// up at once. False where that may matter.
    fn is_beyond(&mut self, entry: &Entry, plan: &WindowPlan, limits: Limits) -> bool {
        let is_added_up = Self::is_counted(plan) || plan.measure == Measure::Distinct;
        let is_full = self.entries.len() >= limits.entries && !entry.is_reset() && is_added_up;
        let is_older = self.entries.front().is_some_and(|oldest| entry.key() < oldest.key());
        let Some(evicted) = self.evicted.as_mut().filter(|_| is_full && is_older) else { return false };
        evicted.fold(entry, plan, |value| self.aggregate.holds_value(value));
        true
    }

    /// Takes the newest event in as another referenced rule, whatever else there is of its time. False where the newest
    /// window has to be put together anew for it.
    fn renew_newest(
        &mut self,
        same: &Entry,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(index) = self.entries.len().checked_sub(1) else { return false };
        if same.is_reset() || self.entries[index].is_reset() || !self.aggregate.takes_again(plan) {
            return false;
        }
        self.aggregate.remove(&self.entries[index]);
        self.entries.absorb(index, same.clone());
        self.aggregate.add(&mut self.entries[index], plan);
        if same.time >= limits.settled_before {
            let seen = Seen { aggregate: &mut self.aggregate, evicted: self.evicted.as_deref() };
            let (change, margin) = look(&mut self.entries, plan, seen, self.head, index);
            self.note(&change, margin, plan);
            changes.push(change);
        }
        true
    }

    /// Whether no window that an event of `time` belongs to holds.
    fn is_quiet(&mut self, time: Timestamp, plan: &WindowPlan) -> bool {
        self.room(time, time.plus(plan.span), plan).is_some_and(|room| !room.holds())
    }

    /// What is known of the windows that end from `first` to `last`.
    fn room(&mut self, first: Timestamp, last: Timestamp, plan: &WindowPlan) -> Option<Headroom> {
        self.slack.as_mut()?.room(first, last, plan)
    }

    /// What comes late with an entry that belongs at a place: all of it, or what the same event as another rule of a
    /// share adds.
    fn late_entry(&self, at: usize, entry: &Entry, plan: &WindowPlan) -> Option<LateEntry> {
        if !plan.tells_distance() || entry.is_reset() || self.resets > 0 || self.has_crowded {
            return None;
        }
        let known = self.entries.get(at).filter(|known| known.key() == entry.key());
        let is_new = known.is_none();
        let (mut shares, mut rules) = (entry.shares(), entry.rules());
        let mut adds_nothing = false;
        if let Some(known) = known {
            let is_ratio = matches!(plan.distance, Distance::Ratio(_));
            adds_nothing =
                matches!(plan.measure, Measure::Count | Measure::Distinct) && known.has_values_of(entry);
            if !is_ratio && !adds_nothing {
                return None;
            }
            rules &= !known.rules();
            shares = [shares[0].max(known.shares()[0]), shares[1].max(known.shares()[1])];
        }
        let mut more = Entry::of(rules, entry.time, entry.order);
        more.values.clone_from(&entry.values);
        let weight = self.aggregate.weight(&more, plan);
        let load = match adds_nothing {
            true => Load { weight: 0, events: 0, loss: Some(0) },
            false => Load { weight, events: more.rules() >> 1 & 1, loss: plan.distance.loss(&more) },
        };
        Some(LateEntry { at, is_new, adds_nothing, more, shares, load })
    }

    /// Whether no window that a late entry belongs to comes to hold by it, and those that hold go on.
    fn bears(&mut self, late: &LateEntry, plan: &WindowPlan, limits: Limits) -> Option<Borne> {
        // Somebody asks for the value of every window, of this one as well; and of chains that began with events
        // given up only the newest window knows.
        if plan.is_asked || (!self.aggregate.is_any_order() && self.evicted.is_some()) {
            return None;
        }
        let (time, Load { weight, events, loss }) = (late.more.time, late.load);
        let room = self.room(time, time.plus(plan.span), plan)?;
        let own = match (late.adds_nothing, room.holds()) {
            (true, true) => 0,
            (true, false) => u64::MAX,
            (false, _) => self.own_lack(late, plan)?,
        };
        let is_one_value =
            matches!(plan.measure, Measure::Count | Measure::Distinct | Measure::Percentile(_))
                || matches!(plan.distance, Distance::Ratio(_));
        let is_told_singly = is_one_value && plan.interval.is_none() && limits.retold < usize::MAX;
        let stays = loss.is_some_and(|loss| room.spare.is_none_or(|spare| spare >= loss));
        let goes_on = (is_told_singly && stays) || (own > 0 && !room.holds());
        let borne = Borne { own, holds: room.holds() };
        let is_far =
            late.adds_nothing || (plan.distance.after(room.lacks, weight) > 0 && room.short > events);
        (goes_on && is_far).then_some(borne)
    }

    /// How much the window lacks at least that ends with a late entry.
    fn own_lack(&mut self, late: &LateEntry, plan: &WindowPlan) -> Option<u64> {
        let (at, time, weight) = (late.at, late.more.time, late.load.weight);
        let next = at + usize::from(!late.is_new);
        if self.entries.get(next).is_some_and(|next| next.time == time) {
            return Some(u64::MAX);
        }
        let start = start_of(time, plan);
        if let Distance::Count(all) | Distance::All(all) = plan.distance {
            // It has no more than the window before it, and the entry.
            let before = at.checked_sub(1).and_then(|before| self.entries.get(before));
            let Some(before) = before.map(|before| before.time).filter(|time| *time >= start) else {
                return Some(if self.evicted.is_some() { 0 } else { plan.distance.after(all, weight) });
            };
            let room = self.room(before, before, plan)?;
            let lacks = plan.distance.common(room.lacks, all);
            return Some(if room.holds() { 0 } else { plan.distance.after(lacks, weight) });
        }
        let first = self.entries.partition_point(|other| other.time < start);
        let [mut part, mut whole] = self.entries.shares(first..at);
        (part, whole) = (part.saturating_add(late.shares[0]), whole.saturating_add(late.shares[1]));
        if let (Distance::Ratio(_), Some(evicted)) = (plan.distance, &self.evicted) {
            part = part.saturating_add(evicted.may_hold(start).first_rule());
        }
        Some(plan.distance.lacks_of([part, whole]))
    }

    /// Whether what its windows say is a matter of counts alone.
    fn is_counted(plan: &WindowPlan) -> bool {
        plan.measure == Measure::Count || matches!(plan.distance, Distance::Ratio(_))
    }

    /// Takes note of what a late entry does to windows that are not looked at again.
    fn bear(&mut self, late: &LateEntry, own_lack: u64, plan: &WindowPlan) {
        let (time, Some(slack)) = (late.more.time, &mut self.slack) else { return };
        slack.bear(time, time.plus(plan.span), late.load, plan);
        if own_lack > 0 {
            slack.note(time, Margin::Lacks(own_lack), plan);
        }
    }

    /// Puts such an entry where it belongs.
    fn slip_in(&mut self, late: LateEntry, entry: Entry, own_lack: u64, plan: &WindowPlan) {
        self.bear(&late, own_lack, plan);
        let LateEntry { at, is_new, adds_nothing, mut more, .. } = late;
        let start = self.newest().map_or(Timestamp::MIN, |newest| start_of(newest, plan));
        if entry.time >= start {
            if !adds_nothing {
                self.aggregate.add_late(&mut more, plan);
            }
        } else {
            self.head += usize::from(is_new);
        }
        if is_new {
            self.put_at(at, entry);
        } else {
            self.entries.absorb(at, entry);
        }
    }

    /// Puts an entry at its place. A run of one time has its mark at its last entry, whether or not anybody looks at it
    /// now: one that comes behind a marked entry takes the mark.
    fn put_at(&mut self, at: usize, mut entry: Entry) {
        let time = entry.time;
        let goes_on = |other: &Entry| other.is_of_run(time);
        let is_last = !entry.is_reset() && !self.entries.get(at).is_some_and(goes_on);
        let before = at.checked_sub(1).filter(|_| is_last).and_then(|before| self.entries.get_mut(before));
        if let Some(before) = before.filter(|before| goes_on(before) && before.has_fired()) {
            before.set_fired(false);
            entry.set_fired(true);
        }
        self.entries.insert(at, entry);
    }

    /// Counts of windows that hold have risen by a late entry. Told of them are those that it is among the newest
    /// events of, the oldest, which counts it, and the newest of all: what others say of their events and of their
    /// count is the same.
    fn retell(&mut self, at: usize, plan: &WindowPlan, limits: Limits, changes: &mut Vec<Change>) {
        let Some(time) = self.entries.get(at).map(|entry| entry.time) else { return };
        let last = time.plus(plan.span);
        let behind = self.entries.partition_point(|entry| entry.time <= last);
        let near = at..behind.min(at + 1 + limits.retold);
        let told = changes.len();
        for index in near.clone() {
            changes.extend(self.tell_point(index, plan, limits));
        }
        let mut left = near.end..behind;
        if changes.len() == told {
            let oldest = left.find(|index| self.holds_at(*index, limits));
            changes.extend(oldest.and_then(|index| self.tell_point(index, plan, limits)));
        }
        let newest = left.rev().find(|index| self.holds_at(*index, limits));
        changes.extend(newest.and_then(|index| self.tell_point(index, plan, limits)));
    }

    /// Whether a point fired that is not final yet.
    fn holds_at(&self, index: usize, limits: Limits) -> bool {
        self.entries.get(index).is_some_and(|entry| entry.has_fired() && entry.time >= limits.settled_before)
    }

    /// Looks again at a point, if anything was told of it or it is new.
    fn tell_point(&mut self, index: usize, plan: &WindowPlan, limits: Limits) -> Option<Change> {
        let time = self.entries[index].time;
        if !self.is_point(index) || time < limits.settled_before {
            return None;
        }
        let first = self.entries.partition_point(|entry| entry.time < start_of(time, plan));
        let mut counted = self.counted(first..index + 1, plan)?;
        let seen = Seen { aggregate: &mut counted, evicted: self.evicted.as_deref() };
        let (change, margin) = look(&mut self.entries, plan, seen, first, index);
        self.note(&change, margin, plan);
        (change.kind != ChangeKind::Quiet).then_some(change)
    }

    /// What the entries of a window amount to, where that is a matter of counts alone.
    fn counted(&self, window: Range<usize>, plan: &WindowPlan) -> Option<Aggregate> {
        match plan.distance {
            Distance::Count(_) => Some(Aggregate::Count(to_u64(window.len()))),
            Distance::Ratio(_) => {
                let counts = SmallVec::from_slice(&self.entries.shares(window));
                Some(Aggregate::Rules { counts, sequences: Vec::new(), stale: false })
            }
            _ => None,
        }
    }

    /// Takes the events from the time of a late `entry` on out of the newest window: what is left, and its first
    /// event. `None` where it is no less work to put that window together anew, or where the order of events
    /// matters. Lines are nearly in order everywhere, and then this costs as much as they are out of it.
    fn rewind(&mut self, entry: &Entry, plan: &WindowPlan) -> Option<(Aggregate, usize)> {
        let time = entry.time;
        let newest = self.newest()?;
        let any_order = plan.kind == WindowKind::Sliding && self.aggregate.is_any_order();
        if !any_order || entry.is_reset() || newest > time.plus(plan.span) {
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
        key: Position,
        plan: &WindowPlan,
        limits: Limits,
        changes: &mut Vec<Change>,
    ) {
        let at = self.entries.partition_point(|other| other.key() < key);
        let Some(removed) = self.entries.get(at).filter(|entry| entry.key() == key).cloned() else { return };
        self.entries.remove(at);
        self.is_whole = false;
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
        self.look_again(EntrySpot { at, time: key.0, looks: Looks::All }, None, plan, limits, changes);
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
        let EntrySpot { at, time, looks } = spot;
        let mut from = at.min(self.entries.len());
        while from > 0 && self.entries[from - 1].time == time {
            from -= 1;
        }
        if from == self.entries.len() {
            self.rebuild_newest(plan);
            return;
        }
        let (mut aggregate, mut head) = before.unwrap_or_else(|| self.before(from, plan));
        let reach = self.reach(at, time, plan);
        let ends_with_all = self.newest().is_some_and(|newest| newest <= reach);
        let renewed = if ends_with_all { Timestamp::MAX } else { reach };
        if let Some(slack) = self.slack.as_mut().filter(|_| looks == Looks::All) {
            slack.renew(time.max(limits.settled_before), renewed, plan);
        }
        let few = (looks == Looks::Few).then(|| self.few(at, reach, limits));
        let told = changes.len();
        for index in from..self.entries.len() {
            if self.entries[index].time > reach {
                return;
            }
            admit(&mut self.entries, plan, &mut aggregate, &mut head, index);
            let is_wanted = few.as_ref().is_none_or(|(near, newest)| {
                let is_oldest = changes.len() == told && self.holds_at(index, limits);
                near.contains(&index) || Some(index) == *newest || is_oldest
            });
            if is_wanted && self.is_point(index) && self.entries[index].time >= limits.settled_before {
                let seen = Seen { aggregate: &mut aggregate, evicted: self.evicted.as_deref() };
                let (change, margin) = look(&mut self.entries, plan, seen, head, index);
                self.note(&change, margin, plan);
                let is_news = few.is_none() || change.kind != ChangeKind::Quiet;
                changes.extend(is_news.then_some(change));
            }
        }
        self.aggregate = aggregate;
        self.head = head;
    }

    /// Until when windows can hold an event of `time`, which stands at `at`. More newer ones than a
    /// window keeps push it out.
    fn reach(&self, at: usize, time: Timestamp, plan: &WindowPlan) -> Timestamp {
        let reach = match plan.measure {
            Measure::Bucket(_) => Timestamp::MAX,
            _ => time.plus(plan.span),
        };
        let most = most_entries(plan);
        self.entries.get(at.saturating_add(most)).map_or(reach, |pushes_out| reach.min(pushes_out.time))
    }

    /// What is told after an entry that windows bear, as [`Window::retell`] has it: those near it, and the newest.
    fn few(&self, at: usize, reach: Timestamp, limits: Limits) -> (Range<usize>, Option<usize>) {
        let behind = self.entries.partition_point(|entry| entry.time <= reach);
        let near = at..behind.min(at + 1 + limits.retold);
        let newest = (near.end..behind).rev().find(|index| self.holds_at(*index, limits));
        (near, newest)
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
        !entry.is_reset() && self.entries.get(index + 1).is_none_or(|next| !next.is_of_run(entry.time))
    }

    /// The first entry of the window that ends at `index`, found backwards.
    fn first_of_window(&self, index: usize, plan: &WindowPlan) -> usize {
        let start = start_of(self.entries[index].time, plan);
        if plan.kind == WindowKind::Sliding && self.resets == 0 {
            return self.entries.partition_point(|entry| entry.time < start).min(index);
        }
        let mut first = index;
        while let Some(before) = first.checked_sub(1).and_then(|before| self.entries.get(before)) {
            let pause = self.entries[first].time.since(before.time);
            let apart = matches!(plan.kind, WindowKind::Session { gap } if pause > gap);
            let full = matches!(plan.kind, WindowKind::Last { count } if index - first + 1 >= count);
            if before.is_reset() || before.time < start || apart || full {
                break;
            }
            first -= 1;
        }
        first
    }

    /// Only the newest entries keep what is shown of them; of a share that only feeds others, the newest of the part.
    fn shed_evidence(&mut self, limits: Limits, plan: &WindowPlan) {
        if plan.keeps_part {
            let shown = self.entries.iter().rev().enumerate().filter(|(_, entry)| entry.evidence.is_some());
            if let Some(newer) = shown.map(|(newer, _)| newer).nth(limits.evidence) {
                let old = self.entries.len() - 1 - newer;
                self.entries[old].evidence = None;
            }
            return;
        }
        if let Some(old) = self.entries.len().checked_sub(limits.evidence.saturating_add(1))
            && let Some(entry) = self.entries.get_mut(old)
        {
            entry.evidence = None;
        }
    }

    /// Gives up the oldest entries, so many that `most` are left, and what is known of windows that end before the rest.
    fn drop_beyond(&mut self, most: usize, plan: &WindowPlan, changes: &mut [Change]) {
        while self.entries.len() > most {
            self.drop_oldest(plan, changes);
        }
        self.entries.give_back();
        if let (Some(slack), Some(oldest)) = (&mut self.slack, self.entries.front()) {
            slack.forget_until(oldest.time, plan);
        }
    }

    /// Gives up the oldest entry. What is left holds the newest ones, so a lower bound of a count below
    /// their number is decided as before; for everything else there is the summary.
    fn drop_oldest(&mut self, plan: &WindowPlan, changes: &mut [Change]) {
        if self.head == 0 {
            self.aggregate.follow_chains(self.entries.range(0..self.entries.len()), plan);
        }
        let Some(oldest) = self.entries.pop_front() else { return };
        self.is_whole = false;
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
    pub(crate) fn prune(&mut self, horizon: Timestamp, plan: &WindowPlan) {
        let kept = usize::from(matches!(plan.measure, Measure::Bucket(_)));
        while self.head > kept && self.entries.front().is_some_and(|entry| entry.time < horizon) {
            let gone = self.entries.pop_front();
            self.is_whole = false;
            self.resets -= usize::from(gone.is_some_and(|entry| entry.is_reset()));
            self.head -= 1;
        }
    }

    /// What is kept of the entry at a position.
    pub(crate) fn evidence_at(&self, key: Position) -> Option<Arc<Evidence>> {
        let at = self.entries.partition_point(|entry| entry.key() < key);
        self.entries.get(at).filter(|entry| entry.key() == key)?.evidence.clone()
    }

    /// Entries of the closed interval.
    pub(crate) fn between(&self, start: Timestamp, end: Timestamp) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.time < start);
        self.entries.range(from..self.entries.len()).take_while(move |entry| entry.time <= end)
    }
}
