//! Where the events of incidents came from. An alert names the events that fired it; some of them came past
//! before it, the last one comes after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::alert::{Alert, AlertId, AlertStatus};
use crate::event::EventId;

/// Events that are remembered, and that are waited for; beyond, the oldest are forgotten. At a hundred bytes
/// each both together are less than a megabyte.
const LIMIT: usize = 4096;
/// Events of one alert that are looked up, the newest.
const OF_ONE_ALERT: usize = 20;
pub(super) const ADDRESS: &str = "source.ip";

/// A map that forgets what was put in first.
#[derive(Debug)]
struct Ring<T> {
    values: HashMap<EventId, T>,
    order: VecDeque<EventId>,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T: Default> Ring<T> {
    fn entry(&mut self, id: EventId) -> &mut T {
        if !self.values.contains_key(&id) {
            self.order.push_back(id);
        }
        if self.order.len() > LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        self.values.entry(id).or_default()
    }
}

/// Which addresses belong to which incidents.
#[derive(Debug, Default)]
pub(super) struct Origins {
    recent: Ring<Option<Arc<str>>>,
    awaited: Ring<Vec<AlertId>>,
}

impl Origins {
    /// The addresses of the alert's events that have come past; the others are waited for.
    pub fn of_alert(&mut self, alert: &Alert) -> Vec<Arc<str>> {
        if alert.status == AlertStatus::Close {
            return Vec::new();
        }
        let mut addresses = Vec::new();
        for event in alert.events.iter().rev().take(OF_ONE_ALERT) {
            match self.recent.values.get(event) {
                Some(address) => addresses.extend(address.clone()),
                None => self.awaited.entry(*event).push(alert.alert_id),
            }
        }
        addresses
    }

    /// An event comes past: its address if it has one, and the incidents that waited for it.
    pub fn seen(&mut self, id: EventId, address: Option<Arc<str>>) -> Option<(Arc<str>, Vec<AlertId>)> {
        self.recent.entry(id).clone_from(&address);
        let waiting = self.awaited.values.get_mut(&id).map(std::mem::take)?;
        Some((address?, waiting))
    }
}
