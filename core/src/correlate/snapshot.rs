//! All correlation state as bytes, so that the store can commit it together with the offsets.
//!
//! Versioned and deterministic: the same state gives the same bytes, maps are written in the order
//! of their keys. State belongs to a rule's text: on restore a rule whose content changed, or that is
//! gone, starts anew, and all others go on as if nothing had happened. The key of the hashes travels
//! along, since every group is known by it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aggregate::{KeyedMap, Sequence};
use super::clock::Clock;
use super::compact::{self, CompactError, CompactStream};
use super::crowd::Crowd;
use super::dedup::{Deduplicator, Occurrence};
use super::entry::{Entry, Position};
use super::evicted::EvictedSummary;
use super::hashes::{GroupKey, OccurrenceKey};
use super::history::{Seen, Usual};
use super::keys::{GroupKeys, Seeds};
use super::memory::{Beat, Few, Forward, Group, Held, Memories, Memory};
use super::plan::{Evaluator, Plan, RulePlan, WindowPlan};
use super::renumbering::{Places, Renumbering};
use super::stored::{LoadedEvents, Shared, StoredEntry, StoredEvents, StoredTime};
use super::timer::{Timer, Timers};
use super::window::Window;
use super::{CorrelationCounters, Correlator, Names};
use crate::correlate::incident::register::Incidents;
use crate::correlate::incident::{Incident, IncidentPlace};
use crate::correlate::risk::{Entity, Risks};
use crate::correlate::state_machine::Machine;
use crate::event::Timestamp;
use crate::sigma::rule::RuleIndex;

/// Version of the format. State of another version is refused: windows fill again by themselves, and
/// a wrong reading could hide an attack.
const VERSION: u32 = 11;

/// Floats as the integer of their bits: text would not always give back the same number.
pub(crate) mod exact {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

/// Why stored state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("the correlation state has version {found}, this program reads {VERSION}")]
    Version { found: u32 },
    #[error("the correlation state cannot be read")]
    Malformed(#[from] CompactError),
}

/// What a snapshot holds after its version, as [`FrozenState::write`] writes it.
#[derive(Deserialize)]
struct Stored {
    seed: u64,
    sketch_seed: u64,
    clock: Clock,
    /// Names of the fields behind field numbers.
    fields: Vec<String>,
    rules: Vec<StoredRule>,
    events: StoredEvents,
    timers: Vec<Timer>,
    timers_made: u64,
    incidents: Vec<(IncidentPlace, Incident)>,
    risks: Vec<(Option<GroupKey>, Entity)>,
    counters: CorrelationCounters,
}

/// What it holds of a rule, as [`Writer::rule`] writes it.
#[derive(Deserialize)]
struct StoredRule {
    id: String,
    content_hash: u64,
    groups: Vec<(Option<GroupKey>, StoredHeld<'static>)>,
    beats: Vec<(GroupKey, Beat)>,
    machines: Vec<(GroupKey, Machine)>,
    learning_since: Option<Timestamp>,
    seen: Vec<(u64, Timestamp)>,
    seen_approximate: bool,
    once: Vec<(OccurrenceKey, Cow<'static, [Occurrence]>)>,
    crowd: Option<Crowd>,
    degraded_since: Option<Timestamp>,
    links: Vec<StoredLink>,
    counters: CorrelationCounters,
}

/// Where a firing of a rule below stands, and the groups that it went to.
type StoredLink = (Position, GroupKey);

/// A group, and the time of its newest event after that of its last entry. Its key stands before it where that does not
/// follow from its names.
#[derive(Serialize, Deserialize)]
enum StoredHeld<'m> {
    /// Without a window that anybody could ask for.
    Nothing(StoredTime),
    /// Known by its only event.
    Lone(StoredTime, StoredEntry<'m>),
    Few(StoredTime, StoredNames<'m>, Vec<StoredEntry<'m>>),
    Whole(StoredTime, Box<StoredGroup<'m>>),
}

/// The names of a group, where its first entry does not know them.
type StoredNames<'m> = Option<Cow<'m, Names>>;

#[derive(Serialize, Deserialize)]
struct StoredGroup<'m> {
    names: StoredNames<'m>,
    entries: Vec<StoredEntry<'m>>,
    evicted: Option<Cow<'m, EvictedSummary>>,
    /// Beside a summary: chains that began with events given up.
    sequences: Cow<'m, [Sequence]>,
    usual: Option<Cow<'m, Usual>>,
    /// Start of the newest forward window that was decided.
    decided: Option<Timestamp>,
}

/// All state as it was at one moment. What it holds of groups and incidents it shares with the correlator, which copies one
/// before it changes it: so it is taken in little time, and made bytes of where nobody waits for it.
pub struct FrozenState {
    plan: Arc<Plan>,
    seeds: Seeds,
    clock: Clock,
    rules: Memories,
    timers: Timers,
    incidents: Incidents,
    risks: Risks,
    counters: CorrelationCounters,
}

impl FrozenState {
    pub(super) fn of(own: &Correlator) -> Self {
        Self {
            plan: Arc::clone(&own.plan),
            seeds: own.keys.seeds(),
            clock: own.clock.clone(),
            rules: own.rules.clone(),
            timers: own.timers.clone(),
            incidents: own.incidents.clone(),
            risks: own.risks.clone(),
            counters: own.counters,
        }
    }

    /// Writes it for [`Correlator::restore`], in parts: beside what the sink keeps it takes little memory.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&self, sink: impl Write) -> io::Result<()> {
        let Self { plan, seeds, clock, rules, timers, incidents, risks, counters } = self;
        let counters = *counters;
        StateView { plan, seeds: *seeds, clock, rules, timers, incidents, risks, counters }.write(sink)
    }
}

/// All state, of the correlator itself or frozen.
pub(super) struct StateView<'s> {
    plan: &'s Plan,
    seeds: Seeds,
    clock: &'s Clock,
    rules: &'s Memories,
    timers: &'s Timers,
    incidents: &'s Incidents,
    risks: &'s Risks,
    counters: CorrelationCounters,
}

impl<'s> StateView<'s> {
    pub(super) fn of(own: &'s Correlator) -> Self {
        Self {
            plan: &own.plan,
            seeds: own.keys.seeds(),
            clock: &own.clock,
            rules: &own.rules,
            timers: &own.timers,
            incidents: &own.incidents,
            risks: &own.risks,
            counters: own.counters,
        }
    }

    pub(super) fn write(&self, sink: impl Write) -> io::Result<()> {
        let held = self.rules.iter().flat_map(|memory| memory.groups.all.values());
        let mut writer = Writer {
            shared: Shared::of(held.flat_map(Held::entries)),
            keys: GroupKeys::new(self.seeds),
            out: CompactStream::new(sink),
        };
        let Seeds { maps, sketches } = self.seeds;
        writer.out.put(&(VERSION, maps, sketches, self.clock, &self.plan.fields))?;
        writer.out.begin(self.plan.rules.len())?;
        for (rule, memory) in self.plan.rules.iter().zip(self.rules.iter()) {
            writer.rule(rule, memory)?;
        }
        let Writer { shared, mut keys, mut out } = writer;
        shared.write(&mut out)?;
        out.put(&(self.timers.sorted(), self.timers.made()))?;
        let incidents = self.incidents.all.iter().map(|(place, incident)| (*place, &**incident));
        out.list(sorted(incidents).into_iter())?;
        out.list(sorted(borrowed(&self.risks.entities)).into_iter().map(|(key, entity)| {
            let name = self.plan.fields[usize::from(entity.field)].as_str();
            let known = keys.of_entity(entity.field, name, &entity.value);
            ((key != known).then_some(key), entity)
        }))?;
        out.put(&self.counters)?;
        out.finish()
    }
}

/// Takes over stored state for every rule whose text is the same. Returns how many rules start anew.
///
/// # Errors
/// When the bytes are not a snapshot of this version; nothing has changed then.
pub(super) fn restore(own: &mut Correlator, bytes: &[u8]) -> Result<usize, SnapshotError> {
    let found = compact::read_first(bytes)?;
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    let (_, stored): (u32, Stored) = compact::read(bytes)?;
    Ok(take_over(own, stored))
}

fn take_over(own: &mut Correlator, stored: Stored) -> usize {
    let plan = Arc::clone(&own.plan);
    let rules = stored.rules.iter().map(|rule| (rule.id.as_str(), rule.content_hash));
    let places = Places::new(rules, &plan.rules);
    let fields = Renumbering::new(&stored.fields, &plan.fields);
    own.keys = GroupKeys::new(Seeds { maps: stored.seed, sketches: stored.sketch_seed });
    let mut reader = Reader {
        events: LoadedEvents::of(stored.events, |evidence| fields.evidence(evidence)),
        keys: GroupKeys::new(own.keys.seeds()),
    };
    own.clock = stored.clock;
    own.counters = stored.counters;
    let timers = stored
        .timers
        .into_iter()
        .filter_map(|timer| places.of(timer.rule).map(|rule| timer.with_rule(rule, plan[rule].depth)));
    own.timers = Timers::restore(timers, stored.timers_made);
    own.groups = 0;
    let mut kept = 0;
    for (index, rule) in (0..).map(RuleIndex).zip(stored.rules) {
        if let Some(place) = places.of(index) {
            own.rules[place] = reader.load(rule, &plan[place], &fields);
            own.groups += own.rules[place].groups.len();
            kept += 1;
        }
    }
    own.find_sweeps();
    for (rule, key, start) in own.waiting() {
        let group = own.rules[rule].groups.get_mut(key);
        if let Some(forward) = group.and_then(|group| group.forward.as_mut()) {
            forward.wait(start);
        }
    }
    let mut incidents = Incidents::new(own.options.groups_per_rule);
    for (place, mut incident) in stored.incidents {
        if let Some(rule) = places.of(place.rule) {
            incident.renumber(&|evidence| fields.evidence(evidence), &|field| fields.number(field));
            incidents.insert(IncidentPlace { rule, ..place }, incident);
        }
    }
    own.incidents = incidents;
    own.risks = Risks::default();
    for (key, mut entity) in stored.risks {
        let name = stored.fields.get(usize::from(entity.field)).map_or("", String::as_str);
        let key = key.unwrap_or_else(|| reader.keys.of_values([name, &entity.value].into_iter()));
        entity.renumber(|rule| places.of(rule));
        if let Some(field) = fields.number(entity.field)
            && !entity.is_empty()
        {
            entity.field = field;
            own.risks.entities.insert(key, entity);
        }
    }
    plan.rules.len() - kept
}

/// Writes what rules remember.
struct Writer<'m, W> {
    shared: Shared<'m>,
    /// The keys by which groups are known.
    keys: GroupKeys,
    out: CompactStream<W>,
}

impl<'m, W: Write> Writer<'m, W> {
    /// Writes a [`StoredRule`].
    fn rule(&mut self, rule: &'m RulePlan, memory: &'m Memory) -> io::Result<()> {
        self.out.put(&(&rule.summary.id, rule.content_hash))?;
        self.out.begin(memory.groups.len())?;
        for (key, held) in sorted(memory.groups.all.iter().map(|(key, held)| (*key, held))) {
            let held = self.held(key, held, rule);
            self.out.put(&held)?;
        }
        self.out.list(sorted(borrowed(&memory.beats)).into_iter())?;
        self.out.list(sorted(borrowed(&memory.machines)).into_iter())?;
        self.out.put(&memory.seen.learning_since)?;
        self.out.list(sorted(memory.seen.last.iter().map(|(key, time)| (*key, *time))).into_iter())?;
        self.out.put(&memory.seen.approximate)?;
        self.out.list(sorted(memory.once.all()).into_iter())?;
        self.out.put(&(&memory.crowd, memory.degraded_since))?;
        self.out.list(memory.links.all())?;
        self.out.put(&memory.counters)
    }

    fn held(
        &mut self,
        key: GroupKey,
        held: &'m Held,
        rule: &'m RulePlan,
    ) -> (Option<GroupKey>, StoredHeld<'m>) {
        let last = held.entries().last().map_or(Timestamp::default(), |last| last.time);
        let newest = StoredTime::after(last, held.newest());
        let Evaluator::Window(window) = &rule.evaluator else {
            return (Some(key), StoredHeld::Nothing(newest));
        };
        let names = held.names(window);
        let known = self.keys.of_values(names.iter().map(|name| &**name));
        ((key != known).then_some(key), self.content(newest, held, window))
    }

    fn content(&mut self, newest: StoredTime, held: &'m Held, window: &WindowPlan) -> StoredHeld<'m> {
        if let Some(few) = held.few_events() {
            let entries = few.entries.iter();
            let names = names_beside(&few.names, entries.clone().next(), window);
            return StoredHeld::Few(newest, names, entries.map(|entry| self.shared.store(entry)).collect());
        }
        let whole = held.whole().filter(|group| lone_of(group, window).is_none());
        let only = held.only().or_else(|| held.whole().and_then(|group| lone_of(group, window)));
        match (whole, only) {
            (Some(group), _) => StoredHeld::Whole(newest, Box::new(self.group(group, window))),
            (None, Some(only)) => StoredHeld::Lone(newest, self.shared.store(only)),
            (None, None) => StoredHeld::Nothing(newest),
        }
    }

    fn group(&mut self, group: &'m Group, window: &WindowPlan) -> StoredGroup<'m> {
        let entries = group.window.entries.iter();
        StoredGroup {
            names: names_beside(&group.names, entries.clone().next(), window),
            entries: entries.map(|entry| self.shared.store(entry)).collect(),
            evicted: group.window.evicted.as_deref().map(Cow::Borrowed),
            sequences: Cow::Borrowed(group.window.sequences()),
            usual: group.usual.as_deref().map(Cow::Borrowed),
            decided: group.forward.as_ref().map(|forward| forward.decided),
        }
    }
}

/// The only entry of a group that needs no window.
fn lone_of<'g>(group: &'g Group, window: &WindowPlan) -> Option<&'g Entry> {
    let only = group.window.entries.front().filter(|_| group.window.entries.len() == 1)?;
    let waits = group.window.evicted.is_none() && window.waits(&[], only);
    (waits && group.names == window.names_of(only)).then_some(only)
}

/// Names to be stored, where the first entry does not know them.
fn names_beside<'m>(names: &'m Names, first: Option<&Entry>, window: &WindowPlan) -> StoredNames<'m> {
    let known = first.is_some_and(|first| window.names_of(first) == *names);
    (!known).then_some(Cow::Borrowed(names))
}

/// Makes what rules remember of what was stored.
struct Reader {
    events: LoadedEvents,
    /// The keys by which groups are known.
    keys: GroupKeys,
}

impl Reader {
    fn held(&self, stored: StoredHeld<'static>, window: &WindowPlan) -> Held {
        match stored {
            StoredHeld::Nothing(newest) => Held::nothing(newest.since(Timestamp::default())),
            StoredHeld::Lone(newest, entry) => match self.events.entry(entry) {
                Some(only) => Held::lone(newest.since(only.time), only),
                None => Held::nothing(newest.since(Timestamp::default())),
            },
            StoredHeld::Few(newest, names, entries) => {
                let entries = self.entries(entries);
                let last = entries.last().map_or(Timestamp::default(), |last| last.time);
                Held::few(newest.since(last), Few { names: names_of(names, &entries, window), entries })
            }
            StoredHeld::Whole(newest, stored) => {
                let group = self.group(*stored, window);
                let last = group.window.newest().unwrap_or_default();
                Held::of_group(newest.since(last), group)
            }
        }
    }

    fn entries(&self, stored: Vec<StoredEntry<'static>>) -> Vec<Entry> {
        stored.into_iter().filter_map(|entry| self.events.entry(entry)).collect()
    }

    fn group(&self, stored: StoredGroup<'static>, window: &WindowPlan) -> Group {
        let entries = self.entries(stored.entries);
        let names = names_of(stored.names, &entries, window);
        let evicted = stored.evicted.map(|evicted| Box::new(evicted.into_owned()));
        let decided = stored.decided.unwrap_or(Timestamp::MIN);
        let forward = || Box::new(Forward { decided, ..Forward::default() });
        let sequences = stored.sequences.into_owned();
        Group {
            names,
            window: Window::restore(entries.into_iter().collect(), evicted, sequences, window),
            usual: stored.usual.map(|usual| Box::new(usual.into_owned())),
            forward: (window.anchors != 0).then(forward),
        }
    }

    fn load(&mut self, stored: StoredRule, rule: &RulePlan, fields: &Renumbering) -> Memory {
        let mut memory = Memory {
            seen: Seen {
                learning_since: stored.learning_since,
                last: stored.seen.into_iter().collect(),
                approximate: stored.seen_approximate,
            },
            once: Deduplicator::restore(stored.once),
            crowd: stored.crowd.map(Box::new),
            degraded_since: stored.degraded_since,
            links: stored.links.into_iter().collect(),
            counters: stored.counters,
            ..Memory::default()
        };
        if let Evaluator::Window(window) = &rule.evaluator {
            for (key, group) in stored.groups {
                let held = self.held(group, window);
                let known = || self.keys.of_values(held.names(window).iter().map(|name| &**name));
                let key = key.unwrap_or_else(known);
                memory.entries += held.events();
                memory.groups.all.insert(key, held);
            }
        }
        for (key, mut beat) in stored.beats {
            beat.latest = fields.evidence(&beat.latest);
            memory.beats.insert(key, beat);
        }
        for (key, mut machine) in stored.machines {
            machine.latest = machine.latest.take().map(|evidence| fields.evidence(&evidence));
            memory.machines.insert(key, machine);
        }
        memory
    }
}

/// Names that were stored, or those that the first entry knows.
fn names_of(stored: StoredNames<'static>, entries: &[Entry], window: &WindowPlan) -> Names {
    let known = || entries.first().map(|first| window.names_of(first)).unwrap_or_default();
    stored.map_or_else(known, Cow::into_owned)
}

/// Everything a map holds.
fn borrowed<V>(map: &KeyedMap<GroupKey, V>) -> impl Iterator<Item = (GroupKey, &V)> {
    map.iter().map(|(key, value)| (*key, value))
}

fn sorted<K: Ord + Copy, V>(entries: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut entries: Vec<(K, V)> = entries.collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
