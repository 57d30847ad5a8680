//! What a rule remembers: its groups with their windows, its machines, what it has heard and seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::hash_map::Entry as Slot;
use serde::{Deserialize, Serialize};

use super::aggregate::KeyedMap;
use super::crowd::Crowd;
use super::dedup::Deduplicator;
use super::entry::Entry;
use super::evidence::Evidence;
use super::history::{Seen, Usual};
use super::plan::{RulePlan, WindowPlan};
use super::renumbering::Renumbering;
use super::route::GroupRef;
use super::state_machine::Machine;
use super::timer::Timer;
use super::window::{Change, Limits, Window};
use super::{CorrelationCounters, Names};

/// A rule with a window, and the limits that hold for it now.
#[derive(Clone, Copy)]
pub(super) struct WindowRun<'p> {
    pub(super) rule: &'p RulePlan,
    pub(super) window: &'p WindowPlan,
    pub(super) limits: Limits,
}

/// One group of one rule.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) names: Names,
    /// Time of the newest entry that its window has or had: here groups that are over are found without a look
    /// into each window.
    pub(super) newest: i64,
    pub(super) window: Window,
    pub(super) usual: Option<Box<Usual>>,
    /// Where the rule waits for absences.
    pub(super) forward: Option<Box<Forward>>,
}

/// The forward windows of one group.
#[derive(Clone, Debug)]
pub(super) struct Forward {
    /// Start of the newest one that was decided.
    pub(super) decided: i64,
    /// Start of the newest one that waits for its end, and how many wait.
    pub(super) waiting_since: i64,
    pub(super) waiting: usize,
}

impl Default for Forward {
    fn default() -> Self {
        Self { decided: i64::MIN, waiting_since: i64::MIN, waiting: 0 }
    }
}

impl Forward {
    /// A timer waits for the end of the forward window that begins at `start`.
    pub(super) fn wait(&mut self, start: i64) {
        self.waiting_since = self.waiting_since.max(start);
        self.waiting += 1;
    }
}

/// A key of a heartbeat rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Beat {
    pub(super) names: Names,
    pub(super) heard: i64,
    pub(super) silent: bool,
    pub(super) latest: Arc<Evidence>,
}

impl Group {
    pub(super) fn new(names: Names, time: i64, rule: &RulePlan, window: &WindowPlan) -> Self {
        Self {
            names,
            newest: time,
            window: Window::new(window),
            usual: rule.extension.baseline.map(|_| Box::default()),
            forward: (window.anchors != 0).then(Box::default),
        }
    }

    /// Changes its window; `entries` counts those of all groups of the rule.
    fn change<T>(&mut self, entries: &mut usize, change: impl FnOnce(&mut Window) -> T) -> T {
        let before = self.window.entries.len();
        let result = change(&mut self.window);
        *entries = (*entries + self.window.entries.len()).saturating_sub(before);
        // Where everything was withdrawn the time stays: the group may have a history.
        self.newest = self.window.newest().unwrap_or(self.newest);
        result
    }

    pub(super) fn is_over(&self, rule: &RulePlan, window: &WindowPlan, settled: i64) -> bool {
        is_over(self.newest, rule, window, settled)
    }
}

/// A newest event has left every window when nothing before `settled` is expected any more.
fn is_over(newest: i64, rule: &RulePlan, window: &WindowPlan, settled: i64) -> bool {
    newest.saturating_add(rule.retention(window)).saturating_add(1) < settled
}

/// A group; until its second event that is its only event, for most groups see one.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    only: Option<Entry>,
    whole: Option<Box<Group>>,
}

impl Held {
    pub(super) fn lone(only: Entry) -> Self {
        Self { only: Some(only), whole: None }
    }

    pub(super) fn of_group(group: Group) -> Self {
        Self { only: None, whole: Some(Box::new(group)) }
    }

    pub(super) fn newest(&self) -> i64 {
        let whole = self.whole.as_ref().map(|group| group.newest);
        whole.or(self.only.as_ref().map(|only| only.time)).unwrap_or(i64::MIN)
    }

    /// How many entries it has.
    pub(super) fn events(&self) -> usize {
        self.whole.as_ref().map_or(usize::from(self.only.is_some()), |group| group.window.entries.len())
    }

    pub(super) fn oldest(&self) -> Option<&Entry> {
        self.only.as_ref().or_else(|| self.whole.as_ref()?.window.entries.front())
    }

    pub(super) fn whole(&self) -> Option<&Group> {
        self.whole.as_deref()
    }

    pub(super) fn only(&self) -> Option<&Entry> {
        self.only.as_ref()
    }

    pub(super) fn names(&self, window: &WindowPlan) -> Names {
        let only = || self.only.as_ref().map(|only| window.names_of(only));
        self.whole.as_ref().map(|group| group.names.clone()).or_else(only).unwrap_or_default()
    }

    /// The group with a window that an entry of `time` can be put into.
    fn window_for(&mut self, at: &GroupRef<'_>, time: i64, run: WindowRun<'_>) -> &mut Group {
        let WindowRun { rule, window, limits } = run;
        let only = &mut self.only;
        self.whole.get_or_insert_with(|| {
            let Some(only) = only.take() else { return Box::new(Group::new(at.names(), time, rule, window)) };
            let mut group = Group::new(window.names_of(&only), only.time, rule, window);
            group.window.insert(only, window, limits, &mut Vec::new());
            Box::new(group)
        })
    }
}

/// The groups of a rule, by key.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) all: KeyedMap<u128, Held>,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// A group with a window: what may have fired.
    pub(super) fn get(&self, key: u128) -> Option<&Group> {
        self.all.get(&key)?.whole()
    }

    pub(super) fn get_mut(&mut self, key: u128) -> Option<&mut Group> {
        self.all.get_mut(&key)?.whole.as_deref_mut()
    }

    pub(super) fn insert(&mut self, key: u128, group: Group) {
        self.all.insert(key, Held::of_group(group));
    }

    /// How many entries a group has, if there is one.
    pub(super) fn events_of(&self, key: u128) -> Option<usize> {
        self.all.get(&key).map(Held::events)
    }

    /// Every group of more than one event.
    pub(super) fn with_windows(&self) -> impl Iterator<Item = &Group> {
        self.all.values().filter_map(Held::whole)
    }
}

/// Everything one rule remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) groups: Groups,
    pub(super) beats: KeyedMap<u128, Beat>,
    pub(super) machines: KeyedMap<u128, Machine>,
    pub(super) seen: Seen,
    pub(super) once: Deduplicator,
    /// Who gets a place; since there are more groups than places.
    pub(super) crowd: Option<Box<Crowd>>,
    pub(super) degraded_since: Option<i64>,
    /// Groups that a firing of a rule below went to, by (time, order) of the firing.
    pub(super) links: BTreeMap<(i64, u64), Vec<u128>>,
    /// Entries of all groups.
    pub(super) entries: usize,
    /// Waits to drop groups that are over.
    pub(super) sweep: Option<Timer>,
    pub(super) counters: CorrelationCounters,
}

/// What an entry has met in its group.
pub(super) struct Put {
    /// The group is new.
    pub(super) fresh: bool,
    /// A newer entry was there before.
    pub(super) late: bool,
}

impl Memory {
    /// Puts an entry into its group. One that is over starts anew, whether it has been dropped by now or not:
    /// no event within the allowed lateness shares a window with what stands in it.
    pub(super) fn put(
        &mut self,
        at: &GroupRef<'_>,
        entry: Entry,
        run: WindowRun<'_>,
        changes: &mut Vec<Change>,
    ) -> Put {
        let WindowRun { rule, window, limits } = run;
        let time = entry.time;
        let waits = at.names.is_none() && window.waits_for_more(&entry);
        let (held, fresh) = match self.groups.all.entry(at.key) {
            Slot::Vacant(slot) => (slot.insert(Held::default()), true),
            Slot::Occupied(slot) => (slot.into_mut(), false),
        };
        if is_over(held.newest(), rule, window, limits.settled_before) {
            self.entries = self.entries.saturating_sub(held.events());
            *held = Held::default();
        }
        if waits && held.events() == 0 {
            self.entries += 1;
            *held = Held::lone(entry);
            return Put { fresh, late: false };
        }
        let group = held.window_for(at, time, run);
        if let (Some(usual), Some(baseline)) = (&mut group.usual, rule.extension.baseline) {
            usual.count(time, window.span, baseline);
        }
        let late = group.change(&mut self.entries, |entries| {
            entries.prune(limits.settled_before.saturating_sub(window.span), window);
            entries.insert(entry, window, limits, changes)
        });
        Put { fresh, late }
    }

    /// Takes note of how many events a group has come to, where that decides who has a place.
    pub(super) fn note_size(&mut self, key: u128, places: usize) {
        let Self { groups, crowd: Some(crowd), .. } = self else { return };
        if let Some(events) = groups.events_of(key) {
            crowd.stands(key, events);
            crowd.tidy(places, |key| groups.events_of(key));
        }
    }

    /// Changes the window of a group, if there is one that is not over.
    pub(super) fn change(&mut self, key: u128, run: WindowRun<'_>, change: impl FnOnce(&mut Window)) {
        let WindowRun { rule, window, limits } = run;
        let group = self.groups.get_mut(key);
        if let Some(group) = group.filter(|group| !group.is_over(rule, window, limits.settled_before)) {
            group.change(&mut self.entries, change);
        }
    }

    /// Drops the groups whose newest event has left every window. Returns how many.
    pub(super) fn drop_over(&mut self, rule: &RulePlan, window: &WindowPlan, settled: i64) -> usize {
        let (before, mut entries) = (self.groups.len(), 0);
        self.groups.all.retain(|_, held| {
            let stays = !is_over(held.newest(), rule, window, settled);
            entries += if stays { held.events() } else { 0 };
            stays
        });
        self.entries = entries;
        before - self.groups.len()
    }

    /// The incident of a silent key stays open until the key is heard again.
    pub(super) fn is_silent(&self, key: u128) -> bool {
        self.beats.get(&key).is_some_and(|beat| beat.silent)
    }

    /// For other field numbers.
    pub(super) fn renumber(&mut self, fields: &Renumbering) {
        if fields.same {
            return;
        }
        let renumber = |entry: &mut Entry| {
            entry.evidence = entry.evidence.take().map(|evidence| fields.evidence(&evidence));
        };
        for held in self.groups.all.values_mut() {
            held.only.iter_mut().for_each(renumber);
            held.whole.iter_mut().for_each(|group| group.window.entries.iter_mut().for_each(renumber));
        }
        for beat in self.beats.values_mut() {
            beat.latest = fields.evidence(&beat.latest);
        }
        for machine in self.machines.values_mut() {
            machine.latest = machine.latest.take().map(|evidence| fields.evidence(&evidence));
        }
    }
}
