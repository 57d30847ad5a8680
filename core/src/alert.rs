//! What detection says: alerts (incidents), state transitions and risk.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod rulebook;
pub mod threat;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use rulebook::{RuleBook, RuleNote};
use serde::{Deserialize, Serialize};

use crate::event::{EventId, Timestamp};
use crate::sigma::rule::Header;
use crate::sigma::{Board, Level};

/// Address of an alert: hash of (rule id, rule content, group, event that fired it). The same
/// input gives the same id in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertId(pub u128);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for AlertId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    Open,
    Update,
    Close,
}

impl AlertStatus {
    /// As it is stored and asked for.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Update => "update",
            Self::Close => "close",
        }
    }
}

/// What kind of rule raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    Match,
    Correlation,
    State,
    Risk,
    Absence,
}

impl AlertKind {
    /// As it is stored and asked for.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Correlation => "correlation",
            Self::State => "state",
            Self::Risk => "risk",
            Self::Absence => "absence",
        }
    }
}

/// The rule behind an alert, shared by all its alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleSummary {
    /// The rule's `id`, else its `name`, else its title.
    pub id: String,
    /// The rule's `name`, where it has one: shorter than an id, unique within a rule set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub title: String,
    pub level: Level,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
}

impl RuleSummary {
    /// What alerts need to know of a rule.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        Self {
            id: header.reference().to_owned(),
            name: header.name.clone().unwrap_or_default(),
            title: header.title.clone(),
            level: header.level,
            tags: header.tags.clone(),
            author: header.author.clone(),
        }
    }

    /// What is said when the rule has more to follow than its budget (`correlate::Output::Degraded`).
    #[must_use]
    pub fn over_budget(&self) -> String {
        format!("`{}` has more to follow than its budget: it may have missed something", self.title)
    }

    /// Name, else id: how people and `.expect` files refer to the rule.
    #[must_use]
    pub fn reference(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// First and last event time of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// The line that fired the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub path: Arc<str>,
    pub line: u64,
}

/// One state of one incident, as `replay --format ndjson` prints it (with `"kind":"alert"`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub status: AlertStatus,
    pub alert_id: AlertId,
    /// Event time of the event that opened, updated or closed it.
    pub time: Timestamp,
    pub rule: Arc<RuleSummary>,
    #[serde(rename = "type")]
    pub kind: AlertKind,
    /// Group-by fields and their values, original spelling; shared by all alerts of an incident.
    pub group: Arc<BTreeMap<String, String>>,
    /// Events counted so far in this incident.
    pub count: u64,
    pub window: Window,
    /// One line for a tired person: the rule's `show` template filled in, else title and group.
    pub summary: String,
    /// Capped; `events_omitted` says how many more.
    pub events: Vec<EventId>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events_omitted: u64,
    pub correlation_ids: Vec<String>,
    pub source: Option<Evidence>,
    /// The count rests on a sketch (state over budget) and may be too high, never too low.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    #[serde(default)]
    pub replayed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// An entity entered a state: an account was locked, a breaker opened, a timer ran out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub board: Board,
    pub rule: Arc<RuleSummary>,
    /// The entity in words: the user, the breaker, the address.
    pub entity: String,
    pub group: BTreeMap<String, String>,
    pub from: String,
    pub to: String,
    /// `to` is the state to rest in (closed, unlocked): the row leaves the board.
    pub resting: bool,
    pub time: Timestamp,
    /// When the state ends by itself, if it does.
    pub until: Option<Timestamp>,
    /// That end, or that there is none, is what the service itself has said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub until_said: bool,
    /// Failures counted towards or in this state.
    pub count: u64,
    /// Inferred from failures by soctop, not said by the service itself.
    pub inferred: bool,
    /// How often the entity entered an alerting state within the last hour (flapping).
    pub recent_entries: u32,
    pub event_id: Option<EventId>,
    pub correlation_ids: Vec<String>,
}

/// A rule added risk to an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskChange {
    /// `user.name`, `source.ip`, `service.name`, ...
    pub entity_field: String,
    pub entity: String,
    pub rule: Arc<RuleSummary>,
    pub points: f64,
    /// Score after this change, decayed to `time`.
    pub score: f64,
    /// Seconds after which the score has halved.
    pub half_life_seconds: f64,
    pub time: Timestamp,
    pub event_id: Option<EventId>,
}
