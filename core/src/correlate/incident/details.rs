//! The evidence of an incident: its events, their ids, and the details that its rule names.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::correlate::evidence::Evidence;
use crate::correlate::keys::one_value;
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::number::to_u64;
use crate::event::veil::{compared, shown};
use crate::event::{EventId, Timestamp};

/// Events listed in an alert; more are counted as omitted.
pub(crate) const MOST_EVENTS: usize = 20;
/// Correlation ids listed in an alert.
pub(crate) const MOST_CORRELATION_IDS: usize = 16;
/// The same while memory is scarce: of ten thousand incidents nobody follows twenty events each.
const FEW_EVENTS: usize = 8;
const FEW_CORRELATION_IDS: usize = 4;

/// The evidence of an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Details {
    pub(super) events: Vec<EventId>,
    pub(super) omitted: u64,
    pub(super) correlation_ids: Vec<String>,
    pub(super) path: Option<(Arc<str>, u64)>,
    /// The event whose fields fill `show`, where there is one to fill.
    pub(super) latest: Option<Arc<Evidence>>,
    /// State the incident is about, for `show`.
    pub(crate) state: Option<StateTold>,
    /// That it comes and goes, in words.
    pub(crate) flaps: Option<String>,
    /// Nobody logged that state: it follows from what was counted.
    pub(crate) inferred: bool,
    /// What the line says instead of `show`.
    pub(crate) words: Option<String>,
    /// Values of details that were met, as hashes, and those that have not been told yet.
    pub(super) met: Vec<(FieldNumber, u64)>,
    pub(super) news: Vec<(FieldNumber, Box<str>)>,
}

/// A state as an incident tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateTold {
    pub(crate) name: String,
    /// When it ends by itself.
    pub(crate) until: Option<Timestamp>,
    /// That, or that it has no end, is the word of the service.
    pub(crate) end_is_said: bool,
    /// The state that it was left for, once it is over.
    pub(crate) left_for: Option<StateLeftFor>,
    /// When it was said last.
    pub(crate) at: Timestamp,
}

/// The state after the last one that was told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateLeftFor {
    pub(crate) name: String,
    /// Nobody logged it.
    pub(crate) inferred: bool,
}

impl StateTold {
    /// The name of the state that it is in now.
    pub(super) fn now(&self) -> &str {
        self.left_for.as_ref().map_or(&self.name, |left| &left.name)
    }

    /// The end that the service has named, for a sentence: with its day where that is another one.
    pub(super) fn said_end(&self) -> Option<String> {
        if self.left_for.is_some() {
            return None;
        }
        let Some(until) = self.until.filter(|_| self.end_is_said) else {
            return self.end_is_said.then(|| "further notice".to_owned());
        };
        let (time, day) = (until.to_datetime(), self.at.to_datetime().date_naive());
        let format = if time.date_naive() == day { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
        Some(time.format(format).to_string())
    }
}

/// Values of details told apart in one incident.
const MOST_DETAILS: usize = 256;
/// Values of one detail that are told one by one; then at twice as many, and so on.
pub(super) const TOLD_SINGLY: usize = 4;

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
        if self.met.len() >= MOST_DETAILS {
            return;
        }
        let met = (field, detail_key(value));
        if self.met.contains(&met) {
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
    pub(super) fn renumber(
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
    pub(super) fn absorb(&mut self, other: Details) {
        self.omitted += other.omitted;
        for id in other.events {
            self.note_event(id, other.correlation_ids.iter().map(String::as_str));
        }
        self.latest = other.latest.or(self.latest.take());
        let new = other.met.into_iter().filter(|met| !self.met.contains(met));
        let new: Vec<_> = new.collect();
        self.met.extend(new);
    }

    /// Lists no more than a few, and gives back the room of the others.
    pub(super) fn be_brief(&mut self) {
        if let Some(more) = self.events.len().checked_sub(FEW_EVENTS).filter(|more| *more > 0) {
            self.omitted += to_u64(more);
            self.events.truncate(FEW_EVENTS);
        }
        self.correlation_ids.truncate(FEW_CORRELATION_IDS);
        if self.events.capacity() > 2 * FEW_EVENTS {
            self.events.shrink_to_fit();
        }
        if self.correlation_ids.capacity() > 2 * FEW_CORRELATION_IDS {
            self.correlation_ids.shrink_to_fit();
        }
    }

    /// Events that are known only as a number.
    pub(crate) fn note_unseen(&mut self, events: u64) {
        self.omitted += events;
    }
}

/// By what a value of a detail is known, without ASCII case.
fn detail_key(value: &str) -> u64 {
    let mut folded: SmallVec<[u8; 64]> = SmallVec::from_slice(one_value(compared(value)).as_bytes());
    folded.make_ascii_lowercase();
    xxh3_64(&folded)
}
