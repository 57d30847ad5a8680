//! What is known to be harmless: own scanners, monitoring, deployments, backups.
//!
//! It is named once, in the configuration, and every event of it is marked once. One filter of the bundled rules
//! leaves marked events out; nothing else treats them differently, so that they are stored and found as all others.

use std::net::IpAddr;

use super::Network;
use crate::event::wildcard::fits_stars_caseless;
use crate::event::{Event, Kind, Origin, PathId, canonical};

/// The name of what an event is known as.
pub(super) const FIELD: &str = "soctop.benign";

/// One harmless thing. All that is named must hold; of the values of one kind any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Benign {
    pub name: String,
    /// Where it comes from.
    pub from: Vec<Network>,
    /// On which hosts it works; of these and of the rest `*` stands for anything.
    pub hosts: Vec<String>,
    /// As whom.
    pub users: Vec<String>,
    /// What it calls itself.
    pub agents: Vec<String>,
    /// What it asks for.
    pub paths: Vec<String>,
}

impl Benign {
    fn holds(&self, event: &Event) -> bool {
        self.comes_from_there(event)
            && is_one_of(event, canonical::HOST_NAME, &self.hosts)
            && is_one_of(event, canonical::USER_NAME, &self.users)
            && is_one_of(event, canonical::USER_AGENT, &self.agents)
            && is_one_of(event, canonical::URL_PATH, &self.paths)
    }

    /// All addresses of the event: one that is another's makes it somebody else.
    fn comes_from_there(&self, event: &Event) -> bool {
        let is_there = |text: &str| {
            text.parse::<IpAddr>()
                .is_ok_and(|ip| self.from.iter().any(|network| network.contains(ip.to_canonical())))
        };
        let mut addresses = event.all(canonical::SOURCE_IP).peekable();
        self.from.is_empty() || (addresses.peek().is_some() && addresses.all(is_there))
    }
}

fn is_one_of(event: &Event, path: PathId, patterns: &[String]) -> bool {
    let fits = |value: &str| patterns.iter().any(|pattern| fits_stars_caseless(pattern, value));
    patterns.is_empty() || event.all(path).any(fits)
}

/// Marks the event with the name of the first that holds.
pub(super) fn mark(event: &mut Event, path: PathId, known: &[Benign]) {
    let Some(benign) = known.iter().find(|benign| benign.holds(event)) else { return };
    let span = event.append_text(&benign.name);
    event.push(path, Kind::String, span, Origin::Canonical);
}
