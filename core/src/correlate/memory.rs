//! What a rule remembers: its groups with their windows, its machines, what it has heard and seen.

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use hashbrown::hash_map::Entry as Slot;
use serde::{Deserialize, Serialize};

use super::aggregate::KeyedMap;
use super::crowd::Crowd;
use super::dedup::Deduplicator;
use super::entry::{Entry, Position};
use super::evidence::Evidence;
use super::hashes::GroupKey;
use super::history::{Seen, Usual};
use super::plan::{RulePlan, WindowPlan};
use super::renumbering::Renumbering;
use super::route::GroupRef;
use super::state_machine::Machine;
use super::timer::Timer;
use super::window::{Change, Limits, Window};
use super::{CorrelationCounters, Names};
use crate::event::Timestamp;
use crate::sigma::rule::RuleIndex;

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
    pub(super) window: Window,
    pub(super) usual: Option<Box<Usual>>,
    /// Where the rule waits for absences.
    pub(super) forward: Option<Box<Forward>>,
}

/// The forward windows of one group.
#[derive(Clone, Debug)]
pub(super) struct Forward {
    /// Start of the newest one that was decided.
    pub(super) decided: Timestamp,
    /// Start of the newest one that waits for its end, and how many wait.
    pub(super) waiting_since: Timestamp,
    pub(super) waiting: usize,
}

impl Default for Forward {
    fn default() -> Self {
        Self { decided: Timestamp::MIN, waiting_since: Timestamp::MIN, waiting: 0 }
    }
}

impl Forward {
    /// A timer waits for the end of the forward window that begins at `start`.
    pub(super) fn wait(&mut self, start: Timestamp) {
        self.waiting_since = self.waiting_since.max(start);
        self.waiting += 1;
    }
}

/// A key of a heartbeat rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Beat {
    pub(super) names: Names,
    pub(super) heard: Timestamp,
    pub(super) silent: bool,
    pub(super) latest: Arc<Evidence>,
}

impl Group {
    pub(super) fn new(names: Names, rule: &RulePlan, window: &WindowPlan) -> Self {
        Self {
            names,
            window: Window::new(window),
            usual: rule.extension.baseline.map(|_| Box::default()),
            forward: (window.anchors != 0).then(Box::default),
        }
    }
}

/// A newest event has left every window when nothing before `settled` is expected any more.
fn is_over(newest: Timestamp, rule: &RulePlan, window: &WindowPlan, settled: Timestamp) -> bool {
    newest.plus(rule.retention(window)).plus(1) < settled
}

/// The events of a group that cannot fire by them, in their order.
#[derive(Clone, Debug)]
pub(super) struct Few {
    pub(super) names: Names,
    pub(super) entries: Vec<Entry>,
}

/// With more events a group has a window. All of so few keep their evidence, however scarce memory is.
const MOST_FEW: usize = 8;

impl Few {
    /// True when the entry is new.
    fn insert(&mut self, entry: Entry) -> bool {
        let at = self.entries.partition_point(|other| other.key() < entry.key());
        match self.entries.get_mut(at).filter(|other| other.key() == entry.key()) {
            Some(same) => same.absorb(entry),
            None => {
                self.entries.insert(at, entry);
                return true;
            }
        }
        false
    }

    /// Forgets entries that are too old for every window, as a window does. Returns how many.
    fn prune(&mut self, settled: Timestamp, window: &WindowPlan) -> usize {
        let Some(newest) = self.entries.last().map(|newest| newest.time) else { return 0 };
        let horizon = settled.min(newest).minus(window.span);
        let old = self.entries.partition_point(|entry| entry.time < horizon);
        self.entries.drain(..old).count()
    }
}

/// A group; as long as its events cannot fire it is but these, for most groups see one or two. It is shared with the state
/// that is being stored, until it changes.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Time of the newest entry that it has or had: groups that are over are found without a look into each.
    newest: Timestamp,
    content: Holding,
}

#[derive(Clone, Debug, Default)]
enum Holding {
    #[default]
    Nothing,
    /// One, whose evidence knows the names of the group.
    Lone(Entry),
    Few(Arc<Few>),
    Whole(Arc<Group>),
}

impl Default for Held {
    fn default() -> Self {
        Self { newest: Timestamp::MIN, content: Holding::Nothing }
    }
}

impl Held {
    pub(super) fn lone(newest: Timestamp, only: Entry) -> Self {
        Self { newest, content: Holding::Lone(only) }
    }

    pub(super) fn few(newest: Timestamp, few: Few) -> Self {
        Self { newest, content: Holding::Few(Arc::new(few)) }
    }

    pub(super) fn nothing(newest: Timestamp) -> Self {
        Self { newest, content: Holding::Nothing }
    }

    pub(super) fn of_group(newest: Timestamp, group: Group) -> Self {
        Self { newest, content: Holding::Whole(Arc::new(group)) }
    }

    pub(super) fn newest(&self) -> Timestamp {
        self.newest
    }

    /// How many entries it has.
    pub(super) fn events(&self) -> usize {
        match &self.content {
            Holding::Nothing => 0,
            Holding::Lone(_) => 1,
            Holding::Few(few) => few.entries.len(),
            Holding::Whole(group) => group.window.entries.len(),
        }
    }

    /// In their order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let (few, group): (&[Entry], _) = match &self.content {
            Holding::Nothing => (&[], None),
            Holding::Lone(only) => (std::slice::from_ref(only), None),
            Holding::Few(few) => (&few.entries, None),
            Holding::Whole(group) => (&[], Some(group)),
        };
        few.iter().chain(group.into_iter().flat_map(|group| group.window.entries.iter()))
    }

    pub(super) fn whole(&self) -> Option<&Group> {
        match &self.content {
            Holding::Whole(group) => Some(group),
            Holding::Nothing | Holding::Lone(_) | Holding::Few(_) => None,
        }
    }

    fn whole_mut(&mut self) -> Option<&mut Group> {
        match &mut self.content {
            Holding::Whole(group) => Some(Arc::make_mut(group)),
            Holding::Nothing | Holding::Lone(_) | Holding::Few(_) => None,
        }
    }

    pub(super) fn only(&self) -> Option<&Entry> {
        match &self.content {
            Holding::Lone(only) => Some(only),
            Holding::Nothing | Holding::Few(_) | Holding::Whole(_) => None,
        }
    }

    pub(super) fn few_events(&self) -> Option<&Few> {
        match &self.content {
            Holding::Few(few) => Some(few),
            Holding::Nothing | Holding::Lone(_) | Holding::Whole(_) => None,
        }
    }

    pub(super) fn names(&self, window: &WindowPlan) -> Names {
        match &self.content {
            Holding::Nothing => Names::default(),
            Holding::Lone(only) => window.names_of(only),
            Holding::Few(few) => few.names.clone(),
            Holding::Whole(group) => group.names.clone(),
        }
    }

    pub(super) fn is_over(&self, rule: &RulePlan, window: &WindowPlan, settled: Timestamp) -> bool {
        is_over(self.newest, rule, window, settled)
    }

    fn prune_few(&mut self, settled: Timestamp, window: &WindowPlan) -> usize {
        match &mut self.content {
            Holding::Few(few) => Arc::make_mut(few).prune(settled, window),
            Holding::Nothing | Holding::Lone(_) | Holding::Whole(_) => 0,
        }
    }

    /// Keeps an entry for later, where the group cannot fire with it and needs no window: whether it is one more. Gives it
    /// back where it does.
    fn keep(&mut self, at: &GroupRef<'_>, entry: Entry, window: &WindowPlan) -> Result<bool, Entry> {
        match &mut self.content {
            Holding::Nothing if window.waits(&[], &entry) => {
                let newest = entry.time;
                *self = match entry.evidence {
                    Some(_) if at.names.is_none() => Self::lone(newest, entry),
                    _ => Self::few(newest, Few { names: at.names(), entries: vec![entry] }),
                };
                return Ok(true);
            }
            Holding::Lone(only) if window.waits(std::slice::from_ref(only), &entry) => {
                let names = window.names_of(only);
                let Holding::Lone(only) = std::mem::take(&mut self.content) else { return Err(entry) };
                *self = Self::few(self.newest, Few { names, entries: vec![only] });
            }
            Holding::Few(few) if few.entries.len() < MOST_FEW && window.waits(&few.entries, &entry) => {}
            _ => return Err(entry),
        }
        let Holding::Few(few) = &mut self.content else { return Err(entry) };
        self.newest = self.newest.max(entry.time);
        Ok(Arc::make_mut(few).insert(entry))
    }

    /// Has a window from now on, that an entry of `time` can be put into. Returns how many of its entries that has no
    /// room for.
    fn open_window(&mut self, names: impl FnOnce() -> Names, time: Timestamp, run: WindowRun<'_>) -> usize {
        let WindowRun { rule, window, limits } = run;
        let (names, entries) = match std::mem::take(&mut self.content) {
            whole @ Holding::Whole(_) => {
                self.content = whole;
                return 0;
            }
            Holding::Nothing => {
                *self = Self::of_group(time, Group::new(names(), rule, window));
                return 0;
            }
            Holding::Lone(only) => (window.names_of(&only), vec![only]),
            Holding::Few(few) => {
                let few = Arc::unwrap_or_clone(few);
                (few.names, few.entries)
            }
        };
        let (mut group, before) = (Group::new(names, rule, window), entries.len());
        for entry in entries {
            group.window.insert(entry, window, limits, &mut Vec::new());
        }
        let given_up = before.saturating_sub(group.window.entries.len());
        *self = Self::of_group(self.newest, group);
        given_up
    }

    /// Changes its window, where it has one; `entries` counts those of all groups of the rule.
    fn change<T>(&mut self, entries: &mut usize, change: impl FnOnce(&mut Group) -> T) -> Option<T> {
        let group = self.whole_mut()?;
        let before = group.window.entries.len();
        let result = change(group);
        *entries = (*entries + group.window.entries.len()).saturating_sub(before);
        // Where everything was withdrawn the time stays: the group may have a history.
        if let Some(newest) = group.window.newest() {
            self.newest = newest;
        }
        Some(result)
    }
}

/// The groups of a rule, by key.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    pub(super) all: KeyedMap<GroupKey, Held>,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// A group with a window: what may have fired.
    pub(super) fn get(&self, key: GroupKey) -> Option<&Group> {
        self.all.get(&key)?.whole()
    }

    pub(super) fn get_mut(&mut self, key: GroupKey) -> Option<&mut Group> {
        self.all.get_mut(&key)?.whole_mut()
    }

    pub(super) fn insert(&mut self, key: GroupKey, newest: Timestamp, group: Group) {
        self.all.insert(key, Held::of_group(newest, group));
    }

    /// How many entries a group has, if there is one.
    pub(super) fn events_of(&self, key: GroupKey) -> Option<usize> {
        self.all.get(&key).map(Held::events)
    }

    /// Every group of more than one event.
    pub(super) fn with_windows(&self) -> impl Iterator<Item = &Group> {
        self.all.values().filter_map(Held::whole)
    }
}

/// Groups that firings of rules below went to, by their position.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(BTreeSet<(Position, GroupKey)>);

impl Links {
    pub(super) fn note(&mut self, firing: Position, group: GroupKey) {
        self.0.insert((firing, group));
    }

    /// The groups that a firing went to.
    pub(super) fn of(&self, firing: Position) -> Vec<GroupKey> {
        let all = (firing, GroupKey::NONE)..=(firing, GroupKey::EVERYTHING_ELSE);
        self.0.range(all).map(|(_, group)| *group).collect()
    }

    /// The same; they are known no more.
    pub(super) fn take(&mut self, firing: Position) -> Vec<GroupKey> {
        let groups = self.of(firing);
        groups.iter().for_each(|group| {
            self.0.remove(&(firing, *group));
        });
        groups
    }

    /// Firings before `horizon` will not be withdrawn.
    pub(super) fn forget_before(&mut self, horizon: Timestamp) {
        while self.0.first().is_some_and(|((time, _), _)| *time < horizon) {
            self.0.pop_first();
        }
    }

    pub(super) fn all(&self) -> impl ExactSizeIterator<Item = (Position, GroupKey)> {
        self.0.iter().copied()
    }
}

impl FromIterator<(Position, GroupKey)> for Links {
    fn from_iter<I: IntoIterator<Item = (Position, GroupKey)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// Groups of a rule that are kept for what comes late.
const MOST_APART: usize = 1_024;

/// Everything one rule remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) groups: Groups,
    pub(super) beats: KeyedMap<GroupKey, Beat>,
    pub(super) machines: KeyedMap<GroupKey, Machine>,
    pub(super) seen: Seen,
    pub(super) once: Deduplicator,
    /// Who gets a place; since there are more groups than places.
    pub(super) crowd: Option<Box<Crowd>>,
    pub(super) degraded_since: Option<Timestamp>,
    /// Groups that a firing of a rule below went to, by where the firing stands.
    pub(super) links: Links,
    /// Entries of all groups.
    pub(super) entries: usize,
    /// Waits to drop groups that are over.
    pub(super) sweep: Option<Timer>,
    /// Groups of events that came when their windows were given up, and until when more of them are waited for.
    pub(super) apart: KeyedMap<GroupKey, Timestamp>,
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
        let (held, fresh) = match self.groups.all.entry(at.key) {
            Slot::Vacant(slot) => (slot.insert(Held::default()), true),
            Slot::Occupied(slot) => (slot.into_mut(), false),
        };
        if held.is_over(rule, window, limits.settled_before) {
            self.entries = self.entries.saturating_sub(held.events());
            *held = Held::default();
        }
        self.entries = self.entries.saturating_sub(held.prune_few(limits.settled_before, window));
        let entry = match held.keep(at, entry, window) {
            Ok(is_new) => {
                self.entries += usize::from(is_new);
                return Put { fresh, late: false };
            }
            Err(entry) => entry,
        };
        let given_up = held.open_window(|| at.names(), time, run);
        self.entries = self.entries.saturating_sub(given_up);
        let late = held.change(&mut self.entries, |group| {
            if let (Some(usual), Some(baseline)) = (&mut group.usual, rule.extension.baseline) {
                usual.count(time, window.span, baseline);
            }
            group.window.prune(limits.settled_before.minus(window.span), window);
            group.window.insert(entry, window, limits, changes)
        });
        Put { fresh, late: late.unwrap_or(false) }
    }

    /// Does not drop a group before `until`, however old its events are.
    pub(super) fn wait_apart(&mut self, key: GroupKey, until: Timestamp) {
        if self.apart.len() < MOST_APART || self.apart.contains_key(&key) {
            self.apart.insert(key, until);
        }
    }

    /// Takes note of how many events a group has come to, where that decides who has a place.
    pub(super) fn note_size(&mut self, key: GroupKey, places: usize) {
        let Self { groups, crowd: Some(crowd), .. } = self else { return };
        if let Some(events) = groups.events_of(key) {
            crowd.stands(key, events);
            crowd.tidy(places, |key| groups.events_of(key));
        }
    }

    /// Changes the window of a group, if there is one that is not over.
    pub(super) fn change(&mut self, key: GroupKey, run: WindowRun<'_>, change: impl FnOnce(&mut Window)) {
        let WindowRun { rule, window, limits } = run;
        let held = self.groups.all.get_mut(&key);
        let held = held.filter(|held| !held.is_over(rule, window, limits.settled_before));
        if let Some(held) = held.filter(|held| held.events() > 0) {
            let given_up = held.open_window(Names::default, held.newest, run);
            self.entries = self.entries.saturating_sub(given_up);
            held.change(&mut self.entries, |group| change(&mut group.window));
        }
    }

    /// Drops the groups whose newest event has left every window. Returns how many.
    pub(super) fn drop_over(&mut self, rule: &RulePlan, window: &WindowPlan, settled: Timestamp) -> usize {
        let (before, mut entries) = (self.groups.len(), 0);
        self.apart.retain(|_, until| *until > settled);
        let apart = &self.apart;
        self.groups.all.retain(|key, held| {
            let stays = !held.is_over(rule, window, settled) || apart.contains_key(key);
            entries += if stays { held.events() } else { 0 };
            stays
        });
        self.entries = entries;
        before - self.groups.len()
    }

    /// The incident of a silent key stays open until the key is heard again.
    pub(super) fn is_silent(&self, key: GroupKey) -> bool {
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
            match &mut held.content {
                Holding::Nothing => {}
                Holding::Lone(only) => renumber(only),
                Holding::Few(few) => Arc::make_mut(few).entries.iter_mut().for_each(renumber),
                Holding::Whole(group) => Arc::make_mut(group).window.entries.iter_mut().for_each(renumber),
            }
        }
        for beat in self.beats.values_mut() {
            beat.latest = fields.evidence(&beat.latest);
        }
        for machine in self.machines.values_mut() {
            machine.latest = machine.latest.take().map(|evidence| fields.evidence(&evidence));
        }
    }
}

/// What the rules remember, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Memories(Vec<Memory>);

impl Memories {
    pub(super) fn new(rules: usize) -> Self {
        Self(std::iter::repeat_with(Memory::default).take(rules).collect())
    }

    pub(super) fn get(&self, rule: RuleIndex) -> Option<&Memory> {
        self.0.get(rule.index())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Memory> {
        self.0.iter()
    }

    /// With their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (RuleIndex, &Memory)> {
        (0..).map(RuleIndex).zip(&self.0)
    }

    pub(super) fn numbered_mut(&mut self) -> impl Iterator<Item = (RuleIndex, &mut Memory)> {
        (0..).map(RuleIndex).zip(&mut self.0)
    }

    pub(super) fn into_numbered(self) -> impl Iterator<Item = (RuleIndex, Memory)> {
        (0..).map(RuleIndex).zip(self.0)
    }
}

impl Index<RuleIndex> for Memories {
    type Output = Memory;

    fn index(&self, rule: RuleIndex) -> &Memory {
        &self.0[rule.index()]
    }
}

impl IndexMut<RuleIndex> for Memories {
    fn index_mut(&mut self, rule: RuleIndex) -> &mut Memory {
        &mut self.0[rule.index()]
    }
}
