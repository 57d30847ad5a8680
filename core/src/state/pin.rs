//! The pinned lane: what is bad enough that it must not scroll away for a minute.
//!
//! At a few thousand events a second a line stands on the screen for milliseconds. Errors and
//! alerts therefore get a lane of their own, in which equal ones are counted instead of repeated.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::Incident;
use crate::alert::AlertId;
use crate::event::{LogLevel, MINUTE, Nanos, Record, Timestamp};

/// How long something stays pinned after it last happened.
const PINNED_FOR: Nanos = MINUTE;

/// Different pins held at most; beyond, the mildest and then the oldest goes.
const LIMIT: usize = 64;

/// One pinned line.
#[derive(Clone, Debug)]
pub struct Pin {
    pub subject: PinSubject,
    /// How often it happened since it was pinned.
    pub count: u64,
    /// When it happened last, by the engine's clock.
    pub last: Timestamp,
}

/// What is pinned.
#[derive(Clone, Debug)]
pub enum PinSubject {
    /// An open incident of level high or critical.
    Incident(Arc<Incident>),
    /// The newest of several equal events of log level error or critical.
    Event(Arc<Record>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Incident(AlertId),
    /// Hash of level, service and message. Two that collide share a line, which is bearable.
    Event(u64),
}

#[derive(Debug, Default)]
pub(super) struct Pins(Vec<(Key, Pin)>);

impl Pins {
    pub fn pin_incident(&mut self, incident: &Arc<Incident>, now: Timestamp) {
        let key = Key::Incident(incident.alert.alert_id);
        self.pin(key, PinSubject::Incident(Arc::clone(incident)), now);
    }

    pub fn pin_event(&mut self, record: &Arc<Record>, now: Timestamp) {
        let mut hasher = DefaultHasher::new();
        (record.level, &record.service, &record.message).hash(&mut hasher);
        self.pin(Key::Event(hasher.finish()), PinSubject::Event(Arc::clone(record)), now);
    }

    fn pin(&mut self, key: Key, subject: PinSubject, now: Timestamp) {
        if let Some((_, pin)) = self.0.iter_mut().find(|(known, _)| *known == key) {
            *pin = Pin { subject, count: pin.count + 1, last: now };
            return;
        }
        self.0.push((key, Pin { subject, count: 1, last: now }));
        if self.0.len() > LIMIT {
            self.forget_lapsed(now);
            self.0.sort_by_key(|(_, pin)| rank(pin));
            self.0.truncate(LIMIT);
        }
    }

    /// What is pinned at `now`: the worst first, then the latest.
    pub fn current(&mut self, now: Timestamp) -> Vec<Pin> {
        self.forget_lapsed(now);
        let mut pins: Vec<Pin> = self.0.iter().map(|(_, pin)| pin.clone()).collect();
        pins.sort_by_key(rank);
        pins
    }

    fn forget_lapsed(&mut self, now: Timestamp) {
        self.0.retain(|(_, pin)| now.since(pin.last) < PINNED_FOR);
    }
}

/// Alerts before events: an alert is a judgement, a log level only a claim.
fn rank(pin: &Pin) -> impl Ord + use<> {
    let (is_event, badness) = match &pin.subject {
        PinSubject::Incident(incident) => (false, incident.alert.rule.level as u8),
        PinSubject::Event(record) => (true, u8::from(record.level == LogLevel::Critical)),
    };
    (is_event, Reverse(badness), Reverse(pin.last))
}
