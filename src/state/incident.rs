//! Incidents: the alerts of one id, folded into where they stand.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use crate::alert::AlertId;
use crate::alert::{Alert, AlertStatus};
use crate::event::Timestamp;

/// One incident: its newest alert, and when it opened and closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The newest state; `status` says whether it is open.
    pub alert: Alert,
    pub opened: Timestamp,
    pub closed: Option<Timestamp>,
    /// Changes since it opened.
    pub updates: u32,
}

impl Incident {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// All incidents that are held, by id.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    by_id: HashMap<AlertId, Arc<Incident>>,
    /// The order for display; emptied by a change and made anew when asked for.
    sorted: Option<Arc<Vec<Arc<Incident>>>>,
}

/// Incidents held at the most. When there are more, closed ones go first, then the least of the
/// open ones; all of them stay in the index.
const LIMIT: usize = 2000;

impl Incidents {
    pub fn apply(&mut self, alert: Alert) -> Arc<Incident> {
        self.sorted = None;
        let id = alert.alert_id;
        let closed = (alert.status == AlertStatus::Close).then_some(alert.time);
        let incident = match self.by_id.get(&id) {
            Some(known) => {
                Incident { opened: known.opened, closed, updates: known.updates.saturating_add(1), alert }
            }
            None => Incident { opened: alert.window.start.min(alert.time), closed, updates: 0, alert },
        };
        let incident = Arc::new(incident);
        self.by_id.insert(id, Arc::clone(&incident));
        self.forget_the_least();
        incident
    }

    /// Worst first.
    pub fn sorted(&mut self) -> Arc<Vec<Arc<Incident>>> {
        let by_id = &self.by_id;
        let sorted = self.sorted.get_or_insert_with(|| {
            let mut all: Vec<Arc<Incident>> = by_id.values().cloned().collect();
            all.sort_unstable_by_key(|incident| rank(incident));
            Arc::new(all)
        });
        Arc::clone(sorted)
    }

    /// Drops a tenth at once, so that the sorting is paid rarely.
    fn forget_the_least(&mut self) {
        if self.by_id.len() <= LIMIT {
            return;
        }
        for incident in self.sorted().iter().skip(LIMIT - LIMIT / 10) {
            self.by_id.remove(&incident.alert.alert_id);
        }
        self.sorted = None;
    }
}

/// The id last: equal moments must not make rows swap places from frame to frame.
fn rank(incident: &Incident) -> impl Ord + use<> {
    let alert = &incident.alert;
    (!incident.is_open(), Reverse(alert.rule.level), Reverse(alert.time), alert.alert_id)
}
