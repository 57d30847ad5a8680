//! Incidents: the alerts of one id, folded into where they stand.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use crate::alert::AlertId;
use crate::alert::{Alert, AlertStatus};
use crate::event::Timestamp;
use crate::triage::{Decisions, Standing, Subject};

/// One incident: its newest alert, and when it opened and closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The newest state; `status` says whether it is open.
    pub alert: Alert,
    pub opened: Timestamp,
    pub closed: Option<Timestamp>,
    /// Changes since it opened.
    pub updates: u32,
    /// Addresses of the events that fired it, as far as they were seen since the start; at most
    /// [`Incident::MOST_ADDRESSES`].
    pub addresses: Vec<Arc<str>>,
    /// When it last opened; later than `opened` if it was closed in between.
    pub opened_again: Timestamp,
    /// What people decided about it.
    pub standing: Standing,
}

impl Incident {
    /// More addresses than these say no more of who it was.
    pub const MOST_ADDRESSES: usize = 8;

    /// An alert without an incident before it.
    #[must_use]
    pub fn new(alert: Alert) -> Self {
        let closed = (alert.status == AlertStatus::Close).then_some(alert.time);
        let opened = alert.window.start.min(alert.time);
        let (addresses, standing) = (Vec::new(), Standing::default());
        Self { opened, closed, updates: 0, addresses, opened_again: opened, standing, alert }
    }

    fn renewed(&self, alert: Alert) -> Self {
        let closed = (alert.status == AlertStatus::Close).then_some(alert.time);
        let opened_again = if self.is_open() || closed.is_some() { self.opened_again } else { alert.time };
        let (addresses, standing) = (self.addresses.clone(), self.standing.clone());
        let updates = self.updates.saturating_add(1);
        Self { opened: self.opened, closed, updates, addresses, opened_again, standing, alert }
    }

    /// As decisions look at it.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject { alert: &self.alert, addresses: &self.addresses, opened: self.opened_again }
    }

    /// It is open and nothing keeps it quiet: it is listed.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.is_open() && self.standing.quiet.is_none()
    }

    /// It is open and nobody has seen it.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_open() && self.standing.is_new()
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// All incidents that are held, by id.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    by_id: HashMap<AlertId, Arc<Incident>>,
    decisions: Arc<Decisions>,
    /// What is quiet now is so until then, if that is known.
    quiet_until: Option<Timestamp>,
    /// The order for display; emptied by a change and made anew when asked for.
    sorted: Option<Arc<Vec<Arc<Incident>>>>,
}

/// Incidents held at most. When there are more, closed ones go first, then the least of the
/// open ones; all of them stay in the index.
const LIMIT: usize = 2000;

impl Incidents {
    pub fn apply(&mut self, alert: Alert, now: Timestamp) -> Arc<Incident> {
        self.sorted = None;
        let id = alert.alert_id;
        let mut incident = match self.by_id.get(&id) {
            Some(known) => known.renewed(alert),
            None => Incident::new(alert),
        };
        incident.standing = self.decisions.standing(incident.subject(), now);
        let incident = Arc::new(incident);
        self.by_id.insert(id, Arc::clone(&incident));
        self.forget_the_least();
        incident
    }

    /// Takes over what people decided.
    pub fn decide(&mut self, decisions: Arc<Decisions>, now: Timestamp) {
        self.decisions = decisions;
        self.stand_anew(now);
    }

    /// Lets end what is over: who put something off wants to see it again.
    pub fn pass_time(&mut self, now: Timestamp) {
        if self.quiet_until.is_some_and(|end| end <= now) {
            self.stand_anew(now);
        }
    }

    fn stand_anew(&mut self, now: Timestamp) {
        self.quiet_until = self.decisions.next_end(now);
        for incident in self.by_id.values_mut() {
            let standing = self.decisions.standing(incident.subject(), now);
            if standing != incident.standing {
                Arc::make_mut(incident).standing = standing;
            }
        }
        self.sorted = None;
    }

    pub fn decisions(&self) -> Arc<Decisions> {
        Arc::clone(&self.decisions)
    }

    /// One of its events came from this address.
    pub fn came_from(&mut self, id: AlertId, address: &Arc<str>, now: Timestamp) {
        let Some(incident) = self.by_id.get_mut(&id) else { return };
        let is_known = incident.addresses.iter().any(|known| known == address);
        if is_known || incident.addresses.len() >= Incident::MOST_ADDRESSES {
            return;
        }
        let incident = Arc::make_mut(incident);
        incident.addresses.push(Arc::clone(address));
        incident.standing = self.decisions.standing(incident.subject(), now);
        self.sorted = None;
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

/// What nobody has seen stands before what somebody has, that before what is quiet, and that before what is
/// closed. The id last: equal moments must not make rows swap places from frame to frame.
fn rank(incident: &Incident) -> impl Ord + use<> {
    let alert = &incident.alert;
    let seen = (!incident.is_open(), !incident.is_listed(), !incident.is_new());
    (seen, Reverse(alert.rule.level), Reverse(alert.time), alert.alert_id)
}
