//! All correlation state as bytes, so that the store can commit it together with the offsets.
//!
//! Versioned and deterministic: the same state gives the same bytes, maps are written in the order
//! of their keys. State belongs to a rule's text: on restore a rule whose content changed, or that is
//! gone, starts anew, and all others go on as if nothing had happened. The key of the hashes travels
//! along, since every group is known by it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aggregate::{KeyedMap, Sequence};
use super::clock::Clock;
use super::compact::{self, CompactError};
use super::crowd::Crowd;
use super::dedup::{Deduplicator, Occurrence};
use super::entry::Entry;
use super::evicted::EvictedSummary;
use super::evidence::Evidence;
use super::history::{Seen, Usual};
use super::keys::{GroupKeys, Seeds};
use super::memory::{Beat, Few, Forward, Group, Held, Memory};
use super::plan::{Evaluator, RulePlan, WindowPlan};
use super::renumbering::{Places, Renumbering};
use super::stored::{Shared, StoredEntry, StoredEvidences, load_entries, load_evidence};
use super::timer::{Timer, Timers};
use super::window::Window;
use super::{CorrelationCounters, Correlator, Names};
use crate::correlate::incident::register::Incidents;
use crate::correlate::incident::{Incident, Place};
use crate::correlate::risk::{Entity, Risks};
use crate::correlate::state_machine::Machine;
use crate::sigma::rule::RuleIndex;

/// Version of the format. State of another version is refused: windows fill again by themselves, and
/// a wrong reading could hide an attack.
const VERSION: u32 = 8;

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

/// What a snapshot holds: when it is made, what the correlator has; when it is read, what is its own.
#[derive(Serialize, Deserialize)]
struct Stored<'m> {
    seed: u64,
    sketch_seed: u64,
    clock: Clock,
    /// Names of the fields behind field numbers.
    fields: Cow<'m, [String]>,
    evidence: StoredEvidences<'m>,
    rules: Vec<StoredRule<'m>>,
    timers: Vec<Timer>,
    timers_made: u64,
    incidents: Vec<(Place, Cow<'m, Incident>)>,
    risks: Vec<(u128, Cow<'m, Entity>)>,
    counters: CorrelationCounters,
}

#[derive(Serialize, Deserialize)]
struct StoredRule<'m> {
    id: Cow<'m, str>,
    content_hash: u64,
    groups: Vec<(u128, StoredHeld<'m>)>,
    beats: Vec<(u128, Cow<'m, Beat>)>,
    machines: Vec<(u128, Cow<'m, Machine>)>,
    learning_since: Option<i64>,
    seen: Vec<(u64, i64)>,
    seen_approximate: bool,
    once: Vec<(u64, Cow<'m, [Occurrence]>)>,
    crowd: Option<Cow<'m, Crowd>>,
    degraded_since: Option<i64>,
    links: Vec<StoredLink<'m>>,
    counters: CorrelationCounters,
}

/// (time, order) of a firing of a rule below, and the groups that it went to.
type StoredLink<'m> = ((i64, u64), Cow<'m, [u128]>);

/// A group, and the time of its newest event.
#[derive(Serialize, Deserialize)]
enum StoredHeld<'m> {
    /// Without a window that anybody could ask for.
    Nothing(i64),
    /// Known by its only event.
    Lone(i64, Vec<StoredEntry<'m>>),
    Few(i64, Cow<'m, Names>, Vec<StoredEntry<'m>>),
    Whole(i64, Box<StoredGroup<'m>>),
}

#[derive(Serialize, Deserialize)]
struct StoredGroup<'m> {
    names: Cow<'m, Names>,
    entries: Vec<StoredEntry<'m>>,
    evicted: Option<Cow<'m, EvictedSummary>>,
    /// Beside a summary: chains that began with events given up.
    sequences: Cow<'m, [Sequence]>,
    usual: Option<Cow<'m, Usual>>,
    /// Start of the newest forward window that was decided.
    decided: Option<i64>,
}

/// All state, for [`restore`].
pub(super) fn snapshot(own: &Correlator) -> Vec<u8> {
    let seeds = own.keys.seeds();
    let mut shared = Shared::default();
    let rules = own.plan.rules.iter().zip(own.rules.iter());
    let rules = rules.map(|(rule, memory)| store(rule, memory, &mut shared)).collect();
    let stored = Stored {
        seed: seeds.maps,
        sketch_seed: seeds.sketches,
        clock: own.clock.clone(),
        fields: Cow::Borrowed(&own.plan.fields),
        rules,
        evidence: shared.into_all(),
        timers: own.timers.sorted(),
        timers_made: own.timers.made(),
        incidents: sorted(
            own.incidents.all.iter().map(|(place, incident)| (*place, Cow::Borrowed(&**incident))),
        ),
        risks: sorted(borrowed(&own.risks.entities)),
        counters: own.counters,
    };
    compact::write(&(VERSION, stored)).expect("plain data always serialises")
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
    let (_, stored): (u32, Stored<'static>) = compact::read(bytes)?;
    Ok(take_over(own, stored))
}

fn take_over(own: &mut Correlator, stored: Stored<'static>) -> usize {
    let plan = Arc::clone(&own.plan);
    let rules = stored.rules.iter().map(|rule| (&*rule.id, rule.content_hash));
    let places = Places::new(rules, &plan.rules);
    let fields = Renumbering::new(&stored.fields, &plan.fields);
    own.keys = GroupKeys::new(Seeds { maps: stored.seed, sketches: stored.sketch_seed });
    let evidence = load_evidence(stored.evidence);
    let evidence: Vec<_> = evidence.iter().map(|evidence| fields.evidence(evidence)).collect();
    own.clock = stored.clock;
    own.counters = stored.counters;
    let timers = stored.timers.into_iter().filter_map(|timer| {
        places.of(timer.rule).map(|rule| timer.with_rule(rule, plan[RuleIndex(rule)].depth))
    });
    own.timers = Timers::restore(timers, stored.timers_made);
    own.groups = 0;
    let mut kept = 0;
    for (index, rule) in (0..).zip(stored.rules) {
        if let Some(place) = places.of(index).map(RuleIndex) {
            own.rules[place] = load(rule, &plan[place], &evidence, &fields);
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
    for ((rule, facet, key), incident) in stored.incidents {
        if let Some(rule) = places.of(rule) {
            let mut incident = incident.into_owned();
            incident.renumber(&|evidence| fields.evidence(evidence), &|field| fields.number(field));
            incidents.insert((rule, facet, key), incident);
        }
    }
    own.incidents = incidents;
    own.risks = Risks::default();
    for (key, entity) in stored.risks {
        let mut entity = entity.into_owned();
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

fn store<'m>(rule: &'m RulePlan, memory: &'m Memory, shared: &mut Shared<'m>) -> StoredRule<'m> {
    let groups = memory.groups.all.iter().map(|(key, held)| (*key, held));
    let groups = sorted(groups).into_iter().map(|(key, held)| (key, store_held(held, rule, shared)));
    let links = memory.links.iter().map(|(position, groups)| (*position, Cow::Borrowed(groups.as_slice())));
    StoredRule {
        id: Cow::Borrowed(&rule.summary.id),
        content_hash: rule.content_hash,
        groups: groups.collect(),
        beats: sorted(borrowed(&memory.beats)),
        machines: sorted(borrowed(&memory.machines)),
        learning_since: memory.seen.learning_since,
        seen: sorted(memory.seen.last.iter().map(|(key, time)| (*key, *time))),
        seen_approximate: memory.seen.approximate,
        once: sorted(memory.once.all()),
        crowd: memory.crowd.as_deref().map(Cow::Borrowed),
        degraded_since: memory.degraded_since,
        links: links.collect(),
        counters: memory.counters,
    }
}

fn store_held<'m>(held: &'m Held, rule: &'m RulePlan, shared: &mut Shared<'m>) -> StoredHeld<'m> {
    let newest = held.newest();
    let Evaluator::Window(window) = &rule.evaluator else { return StoredHeld::Nothing(newest) };
    if let Some(few) = held.few_events() {
        let entries = shared.store_all(few.entries.iter(), newest);
        return StoredHeld::Few(newest, Cow::Borrowed(&few.names), entries);
    }
    let whole = held.whole().filter(|group| lone_of(group, window).is_none());
    let only = held.only().or_else(|| held.whole().and_then(|group| lone_of(group, window)));
    match (whole, only) {
        (Some(group), _) => StoredHeld::Whole(newest, Box::new(store_group(newest, group, shared))),
        (None, Some(only)) => StoredHeld::Lone(newest, shared.store_all(std::iter::once(only), newest)),
        (None, None) => StoredHeld::Nothing(newest),
    }
}

/// The only entry of a group that needs no window.
fn lone_of<'g>(group: &'g Group, window: &WindowPlan) -> Option<&'g Entry> {
    let only = group.window.entries.front().filter(|_| group.window.entries.len() == 1)?;
    let waits = group.window.evicted.is_none() && window.waits(&[], only);
    (waits && group.names == window.names_of(only)).then_some(only)
}

fn store_group<'m>(newest: i64, group: &'m Group, shared: &mut Shared<'m>) -> StoredGroup<'m> {
    StoredGroup {
        names: Cow::Borrowed(&group.names),
        entries: shared.store_all(group.window.entries.iter(), newest),
        evicted: group.window.evicted.as_deref().map(Cow::Borrowed),
        sequences: Cow::Borrowed(group.window.sequences()),
        usual: group.usual.as_deref().map(Cow::Borrowed),
        decided: group.forward.as_ref().map(|forward| forward.decided),
    }
}

fn load_held(stored: StoredHeld<'static>, window: &WindowPlan, evidence: &[Arc<Evidence>]) -> Held {
    match stored {
        StoredHeld::Nothing(newest) => Held::nothing(newest),
        StoredHeld::Lone(newest, entry) => match load_entries(entry, newest, evidence).pop() {
            Some(only) => Held::lone(only),
            None => Held::nothing(newest),
        },
        StoredHeld::Few(newest, names, entries) => {
            let entries = load_entries(entries, newest, evidence);
            Held::few(newest, Few { names: names.into_owned(), entries })
        }
        StoredHeld::Whole(newest, group) => {
            Held::of_group(newest, load_group(newest, *group, window, evidence))
        }
    }
}

fn load_group(
    newest: i64,
    stored: StoredGroup<'static>,
    window: &WindowPlan,
    evidence: &[Arc<Evidence>],
) -> Group {
    let entries = load_entries(stored.entries, newest, evidence).into_iter().collect();
    let evicted = stored.evicted.map(|evicted| Box::new(evicted.into_owned()));
    let decided = stored.decided.unwrap_or(i64::MIN);
    let forward = || Box::new(Forward { decided, ..Forward::default() });
    Group {
        names: stored.names.into_owned(),
        window: Window::restore(entries, evicted, stored.sequences.into_owned(), window),
        usual: stored.usual.map(|usual| Box::new(usual.into_owned())),
        forward: (window.anchors != 0).then(forward),
    }
}

fn load(
    stored: StoredRule<'static>,
    rule: &RulePlan,
    evidence: &[Arc<Evidence>],
    fields: &Renumbering,
) -> Memory {
    let mut memory = Memory {
        seen: Seen {
            learning_since: stored.learning_since,
            last: stored.seen.into_iter().collect(),
            approximate: stored.seen_approximate,
        },
        once: Deduplicator::restore(stored.once),
        crowd: stored.crowd.map(|crowd| Box::new(crowd.into_owned())),
        degraded_since: stored.degraded_since,
        links: stored.links.into_iter().map(|(position, groups)| (position, groups.into_owned())).collect(),
        counters: stored.counters,
        ..Memory::default()
    };
    if let Evaluator::Window(window) = &rule.evaluator {
        for (key, group) in stored.groups {
            let held = load_held(group, window, evidence);
            memory.entries += held.events();
            memory.groups.all.insert(key, held);
        }
    }
    for (key, beat) in stored.beats {
        let mut beat = beat.into_owned();
        beat.latest = fields.evidence(&beat.latest);
        memory.beats.insert(key, beat);
    }
    for (key, machine) in stored.machines {
        let mut machine = machine.into_owned();
        machine.latest = machine.latest.take().map(|evidence| fields.evidence(&evidence));
        memory.machines.insert(key, machine);
    }
    memory
}

/// Everything a map holds.
fn borrowed<V: Clone>(map: &KeyedMap<u128, V>) -> impl Iterator<Item = (u128, Cow<'_, V>)> {
    map.iter().map(|(key, value)| (*key, Cow::Borrowed(value)))
}

fn sorted<K: Ord + Copy, V>(entries: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut entries: Vec<(K, V)> = entries.collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
