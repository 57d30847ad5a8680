//! Incidents: what an analyst sees of a thousand firings.
//!
//! One per rule and group. It opens with the first firing, says so again at 10, 100, ... times its
//! first count, when its level rises and when a detail changes that the rule names, closes after a quiet time and
//! may open again, with another id. What comes after a quiet time in the time of the events is another incident,
//! however late the quiet is noticed: it waits until nothing can come that lies between, and opens then. Counts are exact between reports. Its id is a hash of (rule, rule text, group,
//! stretch of time in which it opened), so that the same input gives the same ids in every run, whatever order it comes
//! in. A stretch is as long as the quiet time: two incidents of a group never open in one. What remains: where the
//! event that opens an incident comes late and across the border of two stretches, the id is that of the later one.
//! States, risks and absences end for other reasons than quiet; theirs is a hash of the triggering event.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::evidence::Evidence;
use super::plan::RulePlan;
use crate::alert;
use crate::alert::{Alert, AlertId, AlertKind, AlertStatus, RuleSummary};
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::number::to_u16;
use crate::event::veil::{compared, shown};
use crate::event::{EventId, Timestamp};
use crate::sigma::Level;

/// Events listed in an alert; more are counted as omitted.
pub const MOST_EVENTS: usize = 20;
/// Correlation ids listed in an alert.
pub const MOST_CORRELATION_IDS: usize = 16;

/// The place of an incident: rule, kind (a rule may have a state and a risk incident at once), group.
pub(crate) type Place = (u32, Facet, u128);

/// Which of a rule's incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Facet {
    Firing,
    State,
    Disagreement,
    Risk,
}

/// Incidents held by all rules together.
const MOST_INCIDENTS: usize = 65_536;

/// The group of all incidents beyond a rule's budget.
const EVERYTHING_ELSE: u128 = u128::MAX;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incident {
    id: u128,
    pub(crate) kind: AlertKind,
    pub(crate) open: bool,
    /// Position in the order of opening.
    ordinal: u64,
    /// When it opened: the time of the firing.
    opened_at: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
    /// The newest entry (time, order) that has been counted.
    pub(crate) counted_to: (i64, u64),
    reported: u64,
    next_report: u64,
    level: Level,
    #[serde(with = "super::snapshot::exact")]
    value: f64,
    /// The value was below `rearm_below` since the last firing.
    below: bool,
    pub(crate) closed_at: i64,
    group: Arc<BTreeMap<String, String>>,
    pub(crate) details: Details,
    approximate: bool,
    openings: VecDeque<i64>,
    /// A timer for it is pending.
    pub(crate) timed: bool,
    /// What followed after a quiet time, while an event between may still come.
    next: Option<Box<Incident>>,
}

/// The evidence of an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Details {
    events: Vec<EventId>,
    omitted: u64,
    correlation_ids: Vec<String>,
    path: Option<(Arc<str>, u64)>,
    /// The event whose fields fill `show`, where there is one to fill.
    latest: Option<Arc<Evidence>>,
    /// State the incident is about and end of it, for `show`.
    pub(crate) state: Option<(String, Option<i64>)>,
    /// Nobody logged that state: it follows from what was counted.
    #[serde(default)]
    pub(crate) inferred: bool,
    /// What the line says instead of `show`.
    pub(crate) words: Option<String>,
    /// Values of details that were met, as hashes, and those that have not been told yet.
    met: Vec<(FieldNumber, u64)>,
    news: Vec<(FieldNumber, Box<str>)>,
}

/// Values of details told apart in one incident.
const MOST_DETAILS: usize = 256;
/// Values of one detail that are told one by one; then at twice as many, and so on.
const TOLD_SINGLY: usize = 4;

impl Details {
    /// Takes note of an event, or of a firing, and of its details.
    pub(crate) fn note(&mut self, evidence: &Arc<Evidence>, details: &[FieldNumber]) {
        self.note_events(evidence, details);
        self.latest = Some(Arc::clone(evidence));
    }

    /// Takes note of one that is older than others; it may be known only as a number.
    pub(crate) fn note_late(&mut self, evidence: Option<&Arc<Evidence>>, details: &[FieldNumber]) {
        match evidence {
            Some(evidence) => self.note_events(evidence, details),
            None => self.note_unseen(1),
        }
    }

    fn note_events(&mut self, evidence: &Evidence, details: &[FieldNumber]) {
        evidence.each_event(&mut |event| {
            self.note_event(event.id, event.correlation_ids());
        });
        for field in details {
            evidence.each_event(&mut |event| {
                event.values(*field).for_each(|value| self.note_detail(*field, value));
            });
        }
    }

    /// The cheap form, for a match of a plain detection that fills no `show`.
    pub(crate) fn note_record(&mut self, record: &MatchRecord) {
        self.note_event(record.event_id, record.correlation_ids());
    }

    /// A value of a detail that the rule names.
    pub(crate) fn note_detail(&mut self, field: FieldNumber, value: &str) {
        let met = (field, xxh3_64(super::keys::one_value(compared(value)).to_ascii_lowercase().as_bytes()));
        if self.met.len() >= MOST_DETAILS || self.met.contains(&met) {
            return;
        }
        let before = self.met.iter().filter(|(other, _)| *other == field).count();
        self.met.push(met);
        if before > 0 && (before < TOLD_SINGLY || (before + 1).is_power_of_two()) {
            self.news.push((field, shown(value).into()));
        }
    }

    /// The line that opened it.
    pub(crate) fn trigger_at(&mut self, path: &Arc<str>, line: u64) {
        self.path = (!path.is_empty()).then(|| (Arc::clone(path), line));
    }

    fn note_event<'i>(&mut self, id: EventId, correlation_ids: impl Iterator<Item = &'i str>) {
        if self.events.len() >= MOST_EVENTS {
            self.omitted += 1;
        } else if !self.events.contains(&id) {
            self.events.push(id);
        }
        if self.correlation_ids.len() < MOST_CORRELATION_IDS {
            for id in correlation_ids.take(MOST_CORRELATION_IDS) {
                if !self.correlation_ids.iter().any(|known| known == id) {
                    self.correlation_ids.push(id.to_owned());
                }
            }
        }
    }

    /// For other field numbers: `number` gives those of now.
    fn renumber(
        &mut self,
        evidence: &impl Fn(&Arc<Evidence>) -> Arc<Evidence>,
        number: &impl Fn(FieldNumber) -> Option<FieldNumber>,
    ) {
        self.latest = self.latest.as_ref().map(evidence);
        self.met.retain_mut(|(field, _)| match number(*field) {
            Some(now) => {
                *field = now;
                true
            }
            None => false,
        });
    }

    /// Takes in what another part of the same incident collected.
    fn absorb(&mut self, other: Details) {
        self.omitted += other.omitted;
        for id in other.events {
            self.note_event(id, other.correlation_ids.iter().map(String::as_str));
        }
        self.latest = other.latest.or(self.latest.take());
        let new = other.met.into_iter().filter(|met| !self.met.contains(met));
        let new: Vec<_> = new.collect();
        self.met.extend(new);
    }

    /// Events that are known only as a number.
    pub(crate) fn note_unseen(&mut self, events: u64) {
        self.omitted += events;
    }
}

/// One firing, as far as incidents care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Firing {
    pub(crate) kind: AlertKind,
    pub(crate) time: i64,
    /// Time of the first event behind it.
    pub(crate) first: i64,
    /// Events not counted before.
    pub(crate) events: u64,
    pub(crate) value: f64,
    pub(crate) approximate: bool,
    /// (time, order) of its newest event.
    pub(crate) newest: (i64, u64),
    /// Identifies the firing within the stream: the event that triggered it.
    pub(crate) trigger: EventId,
}

/// What a firing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Opened,
    Counted,
    Suppressed,
}

/// What every alert needs to be written.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    /// Names of the needed fields, by number.
    pub(crate) fields: &'c [String],
    pub(crate) replayed: bool,
}

/// Whose incident it is, and where its alerts go.
pub(crate) struct AlertSink<'r> {
    pub(crate) rule: &'r RulePlan,
    pub(crate) context: Context<'r>,
    pub(crate) out: &'r mut Vec<Alert>,
}

/// What an alert lists.
struct Listed {
    events: Vec<EventId>,
    correlation_ids: Vec<String>,
}

/// All incidents, open and remembered.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    pub(crate) all: HashMap<Place, Box<Incident>>,
    /// Incidents held per rule.
    held: HashMap<u32, usize>,
    opened: u64,
    /// Most incidents per rule.
    budget: usize,
    /// Reused for what ids are made of.
    buffer: Vec<u8>,
}

impl Incidents {
    /// No incidents yet, and room for `budget` per rule.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// The incident of a place, if it is open.
    pub(crate) fn open_at(&mut self, place: Place) -> Option<&mut Incident> {
        self.all.get_mut(&place).map(Box::as_mut).filter(|incident| incident.open)
    }

    /// Where the firing of a group belongs: its own place, or the common one when the rule holds
    /// too many.
    pub(crate) fn place(&self, place: Place) -> Place {
        let full =
            self.all.len() >= MOST_INCIDENTS || self.held.get(&place.0).copied().unwrap_or(0) >= self.budget;
        if full && !self.all.contains_key(&place) { (place.0, place.1, EVERYTHING_ELSE) } else { place }
    }

    /// Whether the firings of a place belong to the common incident, and that is open.
    pub(crate) fn has_common(&self, place: Place) -> bool {
        let common = self.place(place);
        common != place && self.all.get(&common).is_some_and(|incident| incident.open)
    }

    /// Counts one firing: opens an incident or adds to the open one.
    pub(crate) fn sight(
        &mut self,
        place: Place,
        firing: Firing,
        group: impl FnOnce() -> BTreeMap<String, String>,
        collect: impl FnOnce(&mut Details, Effect),
        report: AlertSink<'_>,
    ) -> Effect {
        let rule = report.rule;
        let place = match self.all.get_mut(&place) {
            Some(incident) if incident.open => {
                return incident.take(firing, collect, place.1, &mut self.buffer, report);
            }
            Some(_) => place,
            None => self.place(place),
        };
        match self.all.get_mut(&place) {
            Some(incident) if incident.open => {
                incident.take(firing, collect, place.1, &mut self.buffer, report)
            }
            Some(incident) if incident.is_held_back(rule, &firing) => {
                incident.last = incident.last.max(firing.time);
                Effect::Suppressed
            }
            _ => {
                let group = match place.2 {
                    EVERYTHING_ELSE => BTreeMap::new(),
                    _ => group(),
                };
                let mut incident = self.begin(place, rule, firing, group, collect);
                report.out.push(incident.report(AlertStatus::Open, firing.time, rule, report.context));
                self.all.insert(place, incident);
                Effect::Opened
            }
        }
    }

    /// An incident that opens with this firing, not told yet.
    fn begin(
        &mut self,
        place: Place,
        rule: &RulePlan,
        firing: Firing,
        group: BTreeMap<String, String>,
        collect: impl FnOnce(&mut Details, Effect),
    ) -> Box<Incident> {
        let before = self.all.remove(&place);
        if before.is_none() {
            *self.held.entry(place.0).or_insert(0) += 1;
        }
        let mut openings = before.as_ref().map(|old| old.openings.clone()).unwrap_or_default();
        let level = escalated(rule, &mut openings, firing.time);
        let id = identity(rule, place.1, &group, firing, &mut self.buffer);
        let mut incident = Box::new(Incident::new(id, self.opened, rule, firing, Arc::new(group)));
        incident.level = level;
        incident.openings = openings;
        incident.approximate |= place.2 == EVERYTHING_ELSE;
        incident.collect(collect, Effect::Opened);
        self.opened += 1;
        incident
    }

    /// Opens what followed on an incident that has closed, if anything did.
    pub(crate) fn open_next(
        &mut self,
        place: Place,
        next: Option<Box<Incident>>,
        report: AlertSink<'_>,
    ) -> bool {
        let AlertSink { rule, context, out } = report;
        let Some(mut next) = next else { return false };
        let firing = next.opening();
        if let Some(before) = self.all.get_mut(&place) {
            if before.is_held_back(rule, &firing) {
                before.last = before.last.max(next.last);
                return false;
            }
            next.openings = before.openings.clone();
        } else {
            *self.held.entry(place.0).or_insert(0) += 1;
        }
        next.level = escalated(rule, &mut next.openings, firing.time);
        next.id = identity(rule, place.1, &next.group, firing, &mut self.buffer);
        next.ordinal = self.opened;
        self.opened += 1;
        let opened_at = firing.time;
        out.push(next.report(AlertStatus::Open, opened_at, rule, context));
        self.all.insert(place, next);
        true
    }

    /// Closes an incident; forgets it unless its rule needs to remember.
    pub(crate) fn close(
        &mut self,
        place: Place,
        time: i64,
        rule: &RulePlan,
        context: Context<'_>,
        out: &mut Vec<Alert>,
    ) {
        let Some(incident) = self.all.get_mut(&place).filter(|incident| incident.open) else { return };
        if memory(rule) == 0 {
            let last_words = self.forget(place);
            out.extend(last_words.map(|mut incident| incident.end(time, rule, context)));
        } else {
            incident.open = false;
            incident.closed_at = time;
            out.push(incident.report(AlertStatus::Close, time, rule, context));
        }
    }

    pub(crate) fn forget(&mut self, place: Place) -> Option<Box<Incident>> {
        let forgotten = self.all.remove(&place)?;
        if let Some(held) = self.held.get_mut(&place.0) {
            *held = held.saturating_sub(1);
        }
        Some(forgotten)
    }

    /// Gives out all incidents, in order of opening.
    pub(crate) fn take_all(&mut self) -> Vec<(Place, Incident)> {
        self.held.clear();
        let mut all: Vec<(Place, Incident)> =
            self.all.drain().map(|(place, incident)| (place, *incident)).collect();
        all.sort_unstable_by_key(|(place, incident)| (incident.ordinal, *place));
        all
    }

    /// Puts an incident in as the one that opened last.
    pub(crate) fn insert_newest(&mut self, place: Place, incident: Incident) {
        self.insert(place, Incident { ordinal: self.opened, ..incident });
    }

    /// Puts a stored incident back.
    pub(crate) fn insert(&mut self, place: Place, incident: Incident) {
        self.opened = self.opened.max(incident.ordinal + 1);
        if self.all.insert(place, Box::new(incident)).is_none() {
            *self.held.entry(place.0).or_insert(0) += 1;
        }
    }

    /// The value of a group was seen below the threshold at `time`.
    pub(crate) fn calm(&mut self, place: Place, time: i64, value: f64, rule: &RulePlan) {
        let Some(bound) = rule.extension.alert.rearm_below else { return };
        if value < bound
            && let Some(incident) = self.all.get_mut(&place)
            && incident.last <= time
        {
            incident.below = true;
        }
    }

    /// Reports every open incident whose count has grown since its last report, in order of opening.
    pub(crate) fn report_open(&mut self, plan: &[RulePlan], context: Context<'_>, out: &mut Vec<Alert>) {
        self.report_those(plan, context, out, |_, incident| {
            incident.open && incident.reported != incident.count
        });
    }

    /// Reports every open incident of these rules, in order of opening: for somebody who has heard of
    /// none yet.
    pub(crate) fn report_standing(
        &mut self,
        plan: &[RulePlan],
        context: Context<'_>,
        out: &mut Vec<Alert>,
        wanted: impl Fn(u32) -> bool,
    ) {
        self.report_those(plan, context, out, |place, incident| incident.open && wanted(place.0));
    }

    fn report_those(
        &mut self,
        plan: &[RulePlan],
        context: Context<'_>,
        out: &mut Vec<Alert>,
        wanted: impl Fn(&Place, &Incident) -> bool,
    ) {
        let mut due: Vec<(u64, Place)> = self
            .all
            .iter()
            .filter(|(place, incident)| wanted(place, incident))
            .map(|(place, incident)| (incident.ordinal, *place))
            .collect();
        due.sort_unstable();
        for (_, place) in due {
            if let (Some(incident), Some(rule)) = (self.all.get_mut(&place), plan.get(place.0 as usize)) {
                out.push(incident.report(AlertStatus::Update, incident.last, rule, context));
            }
        }
    }
}

/// How long a closed incident is remembered.
pub(crate) fn memory(rule: &RulePlan) -> i64 {
    let alert = &rule.extension.alert;
    let rearm = alert.rearm_below.map_or(0, |_| rule.calm_after);
    let repeat = rule.extension.escalate.map_or(0, |escalate| escalate.within);
    alert.suppress.unwrap_or(0).max(rearm).max(repeat)
}

fn escalated(rule: &RulePlan, openings: &mut VecDeque<i64>, time: i64) -> Level {
    let Some(escalate) = rule.extension.escalate else { return rule.summary.level };
    openings.push_back(time);
    while openings.front().is_some_and(|first| time.saturating_sub(*first) > escalate.within)
        || openings.len() > 1024
    {
        openings.pop_front();
    }
    let repeated = openings.len() >= escalate.after as usize;
    if repeated { escalate.level.max(rule.summary.level) } else { rule.summary.level }
}

/// By what incidents of one group are told apart: the stretch of time that they open in, or the triggering event.
fn anchor(rule: &RulePlan, facet: Facet, firing: Firing) -> u128 {
    match (facet, firing.kind) {
        (Facet::Firing, AlertKind::Match | AlertKind::Correlation) => {
            u128::from(firing.time.div_euclid(rule.close_after.max(1)).cast_unsigned())
        }
        _ => firing.trigger.0,
    }
}

/// Hash of (rule id, rule content, facet, group without ASCII case, what tells it from others of the group).
fn identity(
    rule: &RulePlan,
    facet: Facet,
    group: &BTreeMap<String, String>,
    firing: Firing,
    bytes: &mut Vec<u8>,
) -> u128 {
    bytes.clear();
    let mut feed = |part: &[u8], folded: bool| {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        let start = bytes.len();
        bytes.extend_from_slice(part);
        if let Some(part) = bytes.get_mut(start..).filter(|_| folded) {
            part.make_ascii_lowercase();
        }
    };
    feed(rule.summary.id.as_bytes(), false);
    feed(&rule.content_hash.to_le_bytes(), false);
    feed(&[facet as u8], false);
    for (name, value) in group {
        feed(name.as_bytes(), false);
        feed(super::keys::one_value(value).as_bytes(), true);
    }
    feed(&anchor(rule, facet, firing).to_le_bytes(), false);
    xxh3_128(bytes)
}

impl Incident {
    /// Open from this firing on.
    fn new(
        id: u128,
        ordinal: u64,
        rule: &RulePlan,
        firing: Firing,
        group: Arc<BTreeMap<String, String>>,
    ) -> Self {
        Self {
            id,
            kind: firing.kind,
            open: true,
            ordinal,
            opened_at: firing.time,
            first: firing.first,
            last: firing.time,
            count: firing.events.max(1),
            counted_to: firing.newest,
            reported: 0,
            next_report: firing.events.max(1).saturating_mul(10),
            level: rule.summary.level,
            value: firing.value,
            below: false,
            closed_at: i64::MIN,
            group,
            details: Details::default(),
            approximate: firing.approximate,
            openings: VecDeque::new(),
            timed: false,
            next: None,
        }
    }

    fn collect(&mut self, collect: impl FnOnce(&mut Details, Effect), effect: Effect) {
        collect(&mut self.details, effect);
        if effect == Effect::Opened {
            // What it opens with is no change.
            self.details.news.clear();
            if let Some(trigger) = self.details.latest.clone() {
                self.details.trigger_at(&trigger.path, trigger.line);
            }
        }
    }

    /// As far as it matters for opening.
    fn opening(&self) -> Firing {
        Firing {
            kind: self.kind,
            time: self.opened_at,
            first: self.first,
            events: self.count,
            value: self.value,
            approximate: self.approximate,
            newest: self.counted_to,
            trigger: EventId::default(),
        }
    }

    /// Whether a firing at this time came after it had been quiet for as long as closes it.
    fn is_apart(&self, rule: &RulePlan, facet: Facet, time: i64) -> bool {
        facet == Facet::Firing
            && self.kind != AlertKind::Absence
            && time > self.last.saturating_add(rule.close_after)
    }

    /// Counts a firing, here or in what followed after a quiet time.
    fn take(
        &mut self,
        firing: Firing,
        collect: impl FnOnce(&mut Details, Effect),
        facet: Facet,
        buffer: &mut Vec<u8>,
        mut report: AlertSink<'_>,
    ) -> Effect {
        let rule = report.rule;
        if !self.is_apart(rule, facet, firing.time) {
            let effect = self.count(firing, collect, &mut report);
            self.join(facet, &mut report);
            return effect;
        }
        match &mut self.next {
            // Nobody has heard of it yet: it tells when it opens.
            Some(next) => {
                next.take(firing, collect, facet, buffer, AlertSink { out: &mut Vec::new(), ..report })
            }
            None => {
                let id = identity(rule, facet, &self.group, firing, buffer);
                let mut next = Self::new(id, self.ordinal, rule, firing, Arc::clone(&self.group));
                next.collect(collect, Effect::Opened);
                self.next = Some(Box::new(next));
                Effect::Counted
            }
        }
    }

    /// Takes in what seemed to follow after a quiet time, when an event between has come.
    fn join(&mut self, facet: Facet, report: &mut AlertSink<'_>) {
        let rule = report.rule;
        while let Some(next) = &self.next
            && !self.is_apart(rule, facet, next.opened_at)
            && let Some(next) = self.next.take()
        {
            let more = Firing { time: next.last, trigger: EventId::default(), ..next.opening() };
            let parts = *next;
            self.count(more, |details, _| details.absorb(parts.details), report);
            self.next = parts.next;
        }
    }

    /// Replaces what it holds of events and fields, for other field numbers.
    pub(crate) fn renumber(
        &mut self,
        evidence: &impl Fn(&Arc<Evidence>) -> Arc<Evidence>,
        number: &impl Fn(FieldNumber) -> Option<FieldNumber>,
    ) {
        self.details.renumber(evidence, number);
        let mut next = self.next.as_deref_mut();
        while let Some(incident) = next {
            incident.details.renumber(evidence, number);
            next = incident.next.as_deref_mut();
        }
    }

    /// What followed it, when it is over.
    pub(crate) fn take_next(&mut self) -> Option<Box<Incident>> {
        self.next.take()
    }

    /// The newest entry counted, here or in what followed.
    pub(crate) fn newest_counted(&self) -> (i64, u64) {
        self.next.as_ref().map_or(self.counted_to, |next| next.newest_counted())
    }

    /// Counts a firing while it is open.
    fn count(
        &mut self,
        firing: Firing,
        collect: impl FnOnce(&mut Details, Effect),
        report: &mut AlertSink<'_>,
    ) -> Effect {
        let AlertSink { rule, context, .. } = *report;
        let before = self.count;
        self.count = self.count.saturating_add(firing.events);
        self.first = self.first.min(firing.first);
        if self.reported == 0 {
            // Nobody has heard of it yet: it opens with its earliest firing.
            self.opened_at = self.opened_at.min(firing.time);
        }
        self.last = self.last.max(firing.time);
        self.counted_to = self.counted_to.max(firing.newest);
        self.value = firing.value;
        self.below = false;
        self.approximate |= firing.approximate;
        self.collect(collect, Effect::Counted);
        let mut words = self.changes(context);
        if firing.kind != self.kind {
            self.kind = firing.kind;
            words.push(format!("now by {}", kind_in_words(self.kind)));
        }
        if self.count >= self.next_report {
            words.push(format!("grown from {before} to {} events", self.count));
            while self.count >= self.next_report {
                self.next_report = self.next_report.saturating_mul(10);
            }
        }
        if !words.is_empty() {
            let mut alert = self.report(AlertStatus::Update, firing.time, rule, context);
            alert.summary = format!("{} ({})", alert.summary, words.join(", "));
            report.out.push(alert);
        }
        Effect::Counted
    }

    /// What has changed in the details that the rule names, in words.
    fn changes(&mut self, context: Context<'_>) -> Vec<String> {
        let name = |field: FieldNumber| context.fields.get(usize::from(field)).map_or("", String::as_str);
        let news = mem::take(&mut self.details.news);
        let count = |field| self.details.met.iter().filter(|(other, _)| *other == field).count();
        let words = news.iter().map(|(field, value)| match count(*field) {
            0..=TOLD_SINGLY => format!("also {} {value}", name(*field)),
            many => format!("{} has {many} values, now {value}", name(*field)),
        });
        words.collect()
    }

    /// Goes on as the incident that stood at the same place for an earlier text of the rule: under its
    /// id, so that whoever has heard of it hears no more than what is new.
    pub(crate) fn continue_as(&mut self, before: &Incident) {
        self.id = before.id;
        self.first = self.first.min(before.first);
        self.count = self.count.max(before.count);
        self.reported = self.count;
        self.next_report = self.next_report.max(before.next_report);
    }

    fn is_held_back(&self, rule: &RulePlan, firing: &Firing) -> bool {
        let alert = &rule.extension.alert;
        let suppressed =
            alert.suppress.is_some_and(|suppress| firing.time < self.closed_at.saturating_add(suppress));
        let armed = alert.rearm_below.is_none()
            || self.below
            || firing.time.saturating_sub(self.last) > rule.calm_after;
        suppressed || !armed
    }

    /// Raises the level; true when it was lower.
    pub(crate) fn raise(&mut self, level: Level) -> bool {
        let raised = level > self.level;
        self.level = self.level.max(level);
        raised
    }

    pub(crate) fn report(
        &mut self,
        status: AlertStatus,
        time: i64,
        rule: &RulePlan,
        context: Context<'_>,
    ) -> Alert {
        self.reported = self.count;
        let listed = Listed {
            events: self.details.events.clone(),
            correlation_ids: self.details.correlation_ids.clone(),
        };
        self.tell(status, time, rule, context, listed)
    }

    /// The last report of an incident that is remembered no longer.
    fn end(&mut self, time: i64, rule: &RulePlan, context: Context<'_>) -> Alert {
        let listed = Listed {
            events: mem::take(&mut self.details.events),
            correlation_ids: mem::take(&mut self.details.correlation_ids),
        };
        self.tell(AlertStatus::Close, time, rule, context, listed)
    }

    fn tell(
        &self,
        status: AlertStatus,
        time: i64,
        rule: &RulePlan,
        context: Context<'_>,
        listed: Listed,
    ) -> Alert {
        let summary = Arc::clone(&rule.summary);
        let leveled = if summary.level == self.level {
            summary
        } else {
            Arc::new(RuleSummary { level: self.level, ..RuleSummary::clone(&summary) })
        };
        let trigger = self.details.path.as_ref();
        Alert {
            status,
            alert_id: AlertId(self.id),
            time: Timestamp(time),
            kind: self.kind,
            group: Arc::clone(&self.group),
            count: self.count,
            window: alert::Window { start: Timestamp(self.first), end: Timestamp(self.last) },
            summary: self.summary(rule, context),
            events: listed.events,
            events_omitted: self.details.omitted,
            correlation_ids: listed.correlation_ids,
            source: trigger.map(|(path, line)| alert::Evidence { path: Arc::clone(path), line: *line }),
            approximate: self.approximate,
            replayed: context.replayed,
            rule: leveled,
        }
    }

    fn summary(&self, rule: &RulePlan, context: Context<'_>) -> String {
        if let Some(words) = &self.details.words {
            return words.clone();
        }
        let Some(template) = &rule.extension.show else {
            let title = &rule.summary.title;
            let length = self.group.values().fold(title.len(), |length, value| length + 2 + value.len());
            let mut text = String::with_capacity(length);
            text.push_str(title);
            for (n, value) in self.group.values().enumerate() {
                text.push_str(if n == 0 { ": " } else { ", " });
                text.push_str(value);
            }
            return text;
        };
        template.fill(|name| {
            let built_in = match name {
                "count" => Some(self.count.to_string()),
                "value" => Some(short_number(self.value)),
                "level" => Some(self.level.to_string()),
                "title" => Some(rule.summary.title.clone()),
                "state" => self.details.state.as_ref().map(|(state, _)| state.clone()),
                "inferred" => {
                    self.details.state.as_ref().filter(|_| self.details.inferred).map(|_| "inferred".into())
                }
                "logged" => self
                    .details
                    .state
                    .as_ref()
                    .filter(|_| !self.details.inferred)
                    .map(|_| "says the service".into()),
                "until" => self.details.state.as_ref()?.1.map(|until| Timestamp(until).to_string()),
                _ => None,
            };
            if let Some(text) = built_in.or_else(|| self.group.get(name).cloned()) {
                return Some(text.into());
            }
            let number = context.fields.iter().position(|field| field == name)?;
            let latest = self.details.latest.as_ref()?;
            let mut found = None;
            if let Some(value) = latest.values(to_u16(number)).next() {
                found = Some(shown(value).to_owned());
            } else {
                latest.each_event(&mut |event| {
                    if let Some(value) = event.values(to_u16(number)).next() {
                        found = Some(shown(value).to_owned());
                    }
                });
            }
            found.map(Into::into)
        })
    }
}

fn kind_in_words(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Absence => "what did not come",
        AlertKind::State => "a state",
        AlertKind::Risk => "risk",
        AlertKind::Match | AlertKind::Correlation => "what came",
    }
}

/// At most two digits behind the point, none for whole numbers.
pub(crate) fn short_number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{rounded}")
}
