//! What incidents are made of: firings, whose they are, and by what they are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::alert::{Alert, AlertKind};
use crate::correlate::entry::Position;
use crate::correlate::hashes::GroupKey;
use crate::correlate::keys::one_value;
use crate::correlate::plan::RulePlan;
use crate::event::{EventId, Timestamp};
use crate::sigma::rule::RuleIndex;

/// Where an incident stands: a rule may have one of its firings and one of a state for a group at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct IncidentPlace {
    pub(crate) rule: RuleIndex,
    pub(crate) facet: Facet,
    pub(crate) key: GroupKey,
}

/// Which of a rule's incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Facet {
    Firing,
    State,
    Disagreement,
    Risk,
}

/// One firing, as far as incidents care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Firing {
    pub(crate) kind: AlertKind,
    pub(crate) time: Timestamp,
    /// Time of the first event behind it.
    pub(crate) first: Timestamp,
    /// Events not counted before.
    pub(crate) events: u64,
    pub(crate) value: f64,
    pub(crate) approximate: bool,
    /// Of its newest event.
    pub(crate) newest: Position,
    /// Identifies the firing within the stream: the event that triggered it.
    pub(crate) trigger: EventId,
    /// It came later than anything was expected of its time.
    pub(crate) overdue: bool,
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

/// By what incidents of one group are told apart: the stretch of time that they open in, or the triggering event where
/// another incident of that stretch may be over.
fn anchor(rule: &RulePlan, facet: Facet, firing: Firing) -> u128 {
    match (facet, firing.kind) {
        (Facet::Firing, AlertKind::Match | AlertKind::Correlation) if !firing.overdue => {
            u128::from(firing.time.period(rule.close_after.max(1)).cast_unsigned())
        }
        _ => firing.trigger.0,
    }
}

/// Hash of (rule id, rule content, facet, group without ASCII case, what tells it from others of the group).
pub(super) fn identity(
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
        feed(one_value(value).as_bytes(), true);
    }
    feed(&anchor(rule, facet, firing).to_le_bytes(), false);
    xxh3_128(bytes)
}
