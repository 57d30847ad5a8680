//! Questions to the index that nobody typed: the events behind a number.

use std::sync::Arc;

use crate::event::number::to_u64;
use crate::event::{EventId, Timestamp};
use crate::query::name::{EVENT_ID, term};
use crate::state::Incident;
use crate::view::Clock;
use crate::view::about_incidents;

/// A question to the index, and what it asks for in words where nobody typed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub query: String,
    pub about: Option<String>,
}

/// Events that one question names at most.
const MOST_NAMED: usize = 400;

impl Question {
    pub fn typed(query: String) -> Self {
        Self { query, about: None }
    }

    /// Exactly the events that are stored with the incidents. Where none are (risk, absence), those of the group.
    pub fn behind(incidents: &[Arc<Incident>], clock: Clock, now: Timestamp) -> Option<Self> {
        let first = &incidents.first()?.alert;
        let mut events: Vec<EventId> = Vec::new();
        for event in incidents.iter().flat_map(|incident| &incident.alert.events) {
            if !events.contains(event) && events.len() < MOST_NAMED {
                events.push(*event);
            }
        }
        let about = about_incidents(incidents);
        if events.is_empty() {
            let terms: Vec<String> = first.group.iter().map(|(name, value)| term(name, value)).collect();
            let about = Some(format!("those of its group, it stores none of its own: {about}"));
            return (!terms.is_empty()).then(|| Self { query: terms.join(" AND "), about });
        }
        let more = not_found(incidents, events.len());
        let starts = incidents.iter().map(|incident| incident.alert.window.start).min()?;
        let ends = incidents.iter().map(|incident| incident.alert.window.end).max()?;
        let (from, to) = (clock.moment(starts, now), clock.moment(ends, now));
        let count = events.len();
        let when = if from == to { format!("at {from}") } else { format!("{from} to {to}") };
        Some(Self::named(&events, format!("the {count} stored{more}, {when}: {about}")))
    }

    /// These events and no others.
    pub fn named(events: &[EventId], about: String) -> Self {
        let ids: Vec<String> = events.iter().map(ToString::to_string).collect();
        Self { query: format!("{EVENT_ID}: IN [{}]", ids.join(" ")), about: Some(about) }
    }
}

/// Why the rows of the incidents count another number than is stored with them; nothing where they do not.
fn not_found(incidents: &[Arc<Incident>], stored: usize) -> String {
    let (stored, counted) =
        (to_u64(stored), incidents.iter().map(|incident| incident.alert.count).sum::<u64>());
    let more: u64 = incidents.iter().map(|incident| incident.alert.events_omitted).sum();
    let named: usize = incidents.iter().map(|incident| incident.alert.events.len()).sum();
    if counted == stored && more == 0 {
        return String::new();
    }
    let why = match (more, incidents.len()) {
        (1.., _) => format!("{more} more were counted and not kept"),
        (0, 2..) if to_u64(named) > stored => "one event counts once for each of its incidents".to_owned(),
        _ => "other things than events are counted, such as names".to_owned(),
    };
    format!(" of ×{counted} ({why})")
}
