//! All correlation state as bytes, so that the store can commit it together with the offsets.
//!
//! Versioned and deterministic: the same state gives the same bytes, maps are written in the order
//! of their keys. State belongs to a rule's text: on restore a rule whose content changed, or that is
//! gone, starts anew, and all others go on as if nothing had happened. The key of the hashes travels
//! along, since every group is known by it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aggregate::Sequence;
use super::clock::Clock;
use super::crowd::Crowd;
use super::dedup::{Deduplicator, Occurrence};
use super::entry::Entry;
use super::evicted::EvictedSummary;
use super::evidence::Evidence;
use super::history::{Seen, Usual};
use super::keys::{GroupKeys, Seeds};
use super::memory::{Beat, Forward, Group, Held, Memory};
use super::plan::{Evaluator, RulePlan, WindowPlan};
use super::renumbering::{Places, Renumbering};
use super::stored::{Shared, StoredEntry, StoredEvidence, load_evidence};
use super::timer::{Timer, Timers};
use super::window::Window;
use super::{CorrelationCounters, Correlator, Names};
use crate::correlate::incident::{Incident, Incidents, Place};
use crate::correlate::risk::{Entity, Risks};
use crate::correlate::state_machine::Machine;
use crate::sigma::rule::RuleIndex;

/// Version of the format. State of another version is refused: windows fill again by themselves, and
/// a wrong reading could hide an attack.
const VERSION: u32 = 6;

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
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    seed: u64,
    sketch_seed: u64,
    clock: Clock,
    /// Names of the fields behind field numbers.
    fields: Vec<String>,
    evidence: Vec<StoredEvidence>,
    rules: Vec<StoredRule>,
    timers: Vec<Timer>,
    timers_made: u64,
    incidents: Vec<(Place, Incident)>,
    risks: Vec<(u128, Entity)>,
    counters: CorrelationCounters,
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    id: String,
    content_hash: u64,
    groups: Vec<(u128, StoredGroup)>,
    beats: Vec<(u128, Beat)>,
    machines: Vec<(u128, Machine)>,
    learning_since: Option<i64>,
    seen: Vec<(u64, i64)>,
    seen_approximate: bool,
    #[serde(default)]
    once: Vec<(u64, Vec<Occurrence>)>,
    crowd: Option<Box<Crowd>>,
    degraded_since: Option<i64>,
    links: Vec<((i64, u64), Vec<u128>)>,
    counters: CorrelationCounters,
}

#[derive(Default, Serialize, Deserialize)]
struct StoredGroup {
    names: Names,
    newest: i64,
    entries: Vec<StoredEntry>,
    evicted: Option<Box<EvictedSummary>>,
    /// Beside a summary: chains that began with events given up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sequences: Vec<Sequence>,
    usual: Option<Box<Usual>>,
    decided: i64,
}

impl Correlator {
    /// All state, for [`Correlator::restore`].
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let seeds = self.keys.seeds();
        let mut shared = Shared::default();
        let rules = self.plan.rules.iter().zip(self.rules.iter());
        let rules = rules.map(|(rule, memory)| store(rule, memory, &mut shared)).collect();
        let stored = Stored {
            version: VERSION,
            seed: seeds.maps,
            sketch_seed: seeds.sketches,
            clock: self.clock.clone(),
            fields: self.plan.fields.clone(),
            evidence: shared.into_all(),
            rules,
            timers: self.timers.sorted(),
            timers_made: self.timers.made(),
            incidents: sorted(
                self.incidents.all.iter().map(|(place, incident)| (*place, Incident::clone(incident))),
            ),
            risks: sorted(self.risks.entities.iter().map(|(key, entity)| (*key, entity.clone()))),
            counters: self.counters,
        };
        serde_json::to_vec(&stored).expect("plain data with string keys always serialises")
    }

    /// Takes over stored state for every rule whose text is the same. Returns how many rules start
    /// anew.
    ///
    /// # Errors
    /// When the bytes are not a snapshot of this version; nothing has changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<usize, SnapshotError> {
        let head: Head = serde_json::from_slice(bytes)?;
        if head.version != VERSION {
            return Err(SnapshotError::Version { found: head.version });
        }
        let stored: Stored = serde_json::from_slice(bytes)?;
        Ok(self.take_over(stored))
    }

    fn take_over(&mut self, stored: Stored) -> usize {
        let plan = Arc::clone(&self.plan);
        let rules = stored.rules.iter().map(|rule| (rule.id.as_str(), rule.content_hash));
        let places = Places::new(rules, &plan.rules);
        let fields = Renumbering::new(&stored.fields, &plan.fields);
        self.keys = GroupKeys::new(Seeds { maps: stored.seed, sketches: stored.sketch_seed });
        let evidence = load_evidence(stored.evidence);
        let evidence: Vec<_> = evidence.iter().map(|evidence| fields.evidence(evidence)).collect();
        self.clock = stored.clock;
        self.counters = stored.counters;
        let timers = stored.timers.into_iter().filter_map(|timer| {
            places.of(timer.rule).map(|rule| timer.with_rule(rule, plan[RuleIndex(rule)].depth))
        });
        self.timers = Timers::restore(timers, stored.timers_made);
        self.groups = 0;
        let mut kept = 0;
        for (index, rule) in (0..).zip(stored.rules) {
            if let Some(place) = places.of(index).map(RuleIndex) {
                self.rules[place] = load(rule, &plan[place], &evidence, &fields);
                self.groups += self.rules[place].groups.len();
                kept += 1;
            }
        }
        self.find_sweeps();
        for (rule, key, start) in self.waiting() {
            let group = self.rules[rule].groups.get_mut(key);
            if let Some(forward) = group.and_then(|group| group.forward.as_mut()) {
                forward.wait(start);
            }
        }
        let mut incidents = Incidents::new(self.options.groups_per_rule);
        for ((rule, facet, key), mut incident) in stored.incidents {
            if let Some(rule) = places.of(rule) {
                incident.renumber(&|evidence| fields.evidence(evidence), &|field| fields.number(field));
                incidents.insert((rule, facet, key), incident);
            }
        }
        self.incidents = incidents;
        self.risks = Risks::default();
        for (key, mut entity) in stored.risks {
            entity.renumber(|rule| places.of(rule));
            if let Some(field) = fields.number(entity.field)
                && !entity.is_empty()
            {
                entity.field = field;
                self.risks.entities.insert(key, entity);
            }
        }
        plan.rules.len() - kept
    }
}

fn store(rule: &RulePlan, memory: &Memory, shared: &mut Shared) -> StoredRule {
    let groups = memory.groups.all.iter().map(|(key, held)| (*key, held));
    let groups = sorted(groups).into_iter().map(|(key, held)| (key, store_held(held, rule, shared)));
    StoredRule {
        id: rule.summary.id.clone(),
        content_hash: rule.content_hash,
        groups: groups.collect(),
        beats: sorted(memory.beats.iter().map(|(key, beat)| (*key, beat.clone()))),
        machines: sorted(memory.machines.iter().map(|(key, machine)| (*key, machine.clone()))),
        learning_since: memory.seen.learning_since,
        seen: sorted(memory.seen.last.iter().map(|(key, time)| (*key, *time))),
        seen_approximate: memory.seen.approximate,
        once: memory.once.store(),
        crowd: memory.crowd.clone(),
        degraded_since: memory.degraded_since,
        links: memory.links.iter().map(|(position, groups)| (*position, groups.clone())).collect(),
        counters: memory.counters,
    }
}

/// A group of one event is known by that event.
fn store_held(held: &Held, rule: &RulePlan, shared: &mut Shared) -> StoredGroup {
    let Evaluator::Window(window) = &rule.evaluator else { return StoredGroup::default() };
    let whole = held.whole().filter(|group| lone_of(group, window).is_none());
    let only = held.only().or_else(|| held.whole().and_then(|group| lone_of(group, window)));
    match whole {
        Some(group) => store_group(held.newest(), group, shared),
        None => StoredGroup {
            newest: held.newest(),
            entries: only.map(|only| shared.store(only)).into_iter().collect(),
            decided: i64::MIN,
            ..StoredGroup::default()
        },
    }
}

/// The only entry of a group that needs no window.
fn lone_of<'g>(group: &'g Group, window: &WindowPlan) -> Option<&'g Entry> {
    let only = group.window.entries.front().filter(|_| group.window.entries.len() == 1)?;
    let waits = group.window.evicted.is_none() && window.waits_for_more(only);
    (waits && group.names == window.names_of(only)).then_some(only)
}

fn store_group(newest: i64, group: &Group, shared: &mut Shared) -> StoredGroup {
    StoredGroup {
        names: group.names.clone(),
        newest,
        entries: group.window.entries.iter().map(|entry| shared.store(entry)).collect(),
        evicted: group.window.evicted.clone(),
        sequences: group.window.sequences().to_vec(),
        usual: group.usual.clone(),
        decided: group.forward.as_ref().map_or(i64::MIN, |forward| forward.decided),
    }
}

fn load_held(stored: StoredGroup, window: &WindowPlan, evidence: &[Arc<Evidence>]) -> Held {
    let mut entries: Vec<Entry> = stored.entries.into_iter().map(|entry| entry.load(evidence)).collect();
    if let ([only], None) = (entries.as_slice(), &stored.evicted)
        && (stored.names.is_empty() && window.waits_for_more(only))
        && let Some(only) = entries.pop()
    {
        return Held::lone(only);
    }
    let forward = || Box::new(Forward { decided: stored.decided, ..Forward::default() });
    let group = Group {
        names: stored.names,
        window: Window::restore(entries.into_iter().collect(), stored.evicted, stored.sequences, window),
        usual: stored.usual,
        forward: (window.anchors != 0).then(forward),
    };
    Held::of_group(stored.newest, group)
}

fn load(stored: StoredRule, rule: &RulePlan, evidence: &[Arc<Evidence>], fields: &Renumbering) -> Memory {
    let mut memory = Memory {
        seen: Seen {
            learning_since: stored.learning_since,
            last: stored.seen.into_iter().collect(),
            approximate: stored.seen_approximate,
        },
        once: Deduplicator::restore(stored.once),
        crowd: stored.crowd,
        degraded_since: stored.degraded_since,
        links: stored.links.into_iter().collect(),
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

fn sorted<K: Ord + Copy, V>(entries: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut entries: Vec<(K, V)> = entries.collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
