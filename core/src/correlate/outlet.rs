//! Where goes what correlation says: to people, who are told of incidents, or to test vectors, which hear every
//! match and every firing.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::{Names, Output};
use crate::event::{EventId, Timestamp};
use crate::sigma::rule::RuleIndex;

/// Hears of matches and firings, and keeps what is said until it is handed out.
pub(super) trait Outlet: Send {
    /// What waits to be handed out.
    fn said(&mut self) -> &mut Vec<Output>;

    /// Whether incidents, states and risk follow from matches and firings. Otherwise each of these is heard, also
    /// those that would be no news to an incident.
    fn tells_incidents(&self) -> bool;

    /// A plain detection that reports its own matches matched.
    fn matched(&mut self, rule: RuleIndex, event: EventId);

    /// A rule that reports its own firings fired, or fires with another value.
    fn fired(&mut self, firing: RawFiring<'_>);

    /// A firing no longer holds.
    fn withdrawn(&mut self, rule: RuleIndex, names: &Names, time: Timestamp);

    /// The input has ended.
    fn end(&mut self, plan: &Plan);
}

/// A firing as test vectors know it.
#[derive(Clone, Copy)]
pub(super) struct RawFiring<'n> {
    pub(super) rule: RuleIndex,
    pub(super) names: &'n Names,
    pub(super) time: Timestamp,
    pub(super) value: f64,
    /// It held before: this is its value now.
    pub(super) again: bool,
}

/// Incidents for people.
#[derive(Default)]
pub(super) struct IncidentOutlet {
    said: Vec<Output>,
}

impl Outlet for IncidentOutlet {
    fn said(&mut self) -> &mut Vec<Output> {
        &mut self.said
    }

    fn tells_incidents(&self) -> bool {
        true
    }

    fn matched(&mut self, _rule: RuleIndex, _event: EventId) {}

    fn fired(&mut self, _firing: RawFiring<'_>) {}

    fn withdrawn(&mut self, _rule: RuleIndex, _names: &Names, _time: Timestamp) {}

    fn end(&mut self, _plan: &Plan) {}
}

/// (rule, time, group) of a raw firing.
type RawKey = (RuleIndex, Timestamp, Vec<Box<str>>);

/// Matches when they come, and firings at the end.
#[derive(Default)]
pub(super) struct ConformanceOutlet {
    said: Vec<Output>,
    firings: BTreeMap<RawKey, f64>,
}

fn raw_key(rule: RuleIndex, names: &Names, time: Timestamp) -> RawKey {
    (rule, time, names.iter().map(|name| name.to_ascii_lowercase().into()).collect())
}

impl Outlet for ConformanceOutlet {
    fn said(&mut self) -> &mut Vec<Output> {
        &mut self.said
    }

    fn tells_incidents(&self) -> bool {
        false
    }

    fn matched(&mut self, rule: RuleIndex, event: EventId) {
        self.said.push(Output::Match { rule, event });
    }

    fn fired(&mut self, firing: RawFiring<'_>) {
        let key = raw_key(firing.rule, firing.names, firing.time);
        let value = self.firings.entry(key).or_insert(firing.value);
        *value = if firing.again { firing.value } else { value.max(firing.value) };
    }

    fn withdrawn(&mut self, rule: RuleIndex, names: &Names, time: Timestamp) {
        self.firings.remove(&raw_key(rule, names, time));
    }

    fn end(&mut self, plan: &Plan) {
        for ((rule, time, group), value) in std::mem::take(&mut self.firings) {
            let names = plan.rules.get(rule.index()).map(|rule| rule.group_names.as_slice());
            let values = group.iter().map(|value| value.to_string());
            let group = names.unwrap_or_default().iter().cloned().zip(values).collect();
            self.said.push(Output::Firing { rule, group, time, value });
        }
    }
}
