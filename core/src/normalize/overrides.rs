//! What is configured about the fields of a source, where names and values alone mislead.
//!
//! Everything here is decided when a name is looked up for the first time; nothing is done per event but
//! to fill in what is missing everywhere.

use super::alias::{CONFIGURED, Claim, Role};
use super::{Network, target};
use crate::event::{Event, Kind, LogSource, Origin, PathId, canonical};

/// What is configured about the fields of a source.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// What a field is, by its own dotted name. Wins over what its name and others suggest, as long as its
    /// value is usable.
    pub fields: Vec<(String, FieldTarget)>,
    /// Fields that hold correlation ids, by their dotted names.
    pub id_fields: Vec<String>,
    /// Fields that hold none whatever their names promise; `message` stands for ids in texts.
    pub never_ids: Vec<String>,
    /// Where the events come from, as far as it is known; the rest is recognised.
    pub logsource: LogSource,
    /// Machines that forward requests of others: one's own proxies, balancers and the network before them.
    pub proxies: Vec<Network>,
    /// Values of canonical fields that an event lacks.
    pub defaults: Vec<(PathId, String)>,
}

/// What a configured field is: a canonical field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldTarget(Role);

/// Canonical fields whose values need work, and `event.duration` in the units of logs.
const WORKED: [(&str, Role); 12] = [
    ("@timestamp", Role::Time),
    ("log.level", Role::Level),
    ("event.outcome", Role::Outcome),
    ("event.duration", Role::Nanoseconds),
    ("event.duration_us", Role::Microseconds),
    ("event.duration_ms", Role::Milliseconds),
    ("event.duration_s", Role::Seconds),
    ("source.ip", Role::SourceIp),
    ("url.path", Role::Path),
    ("soctop.breaker.name", Role::BreakerName),
    ("soctop.breaker.state", Role::BreakerState),
    ("correlation.id", Role::Id),
];

/// Whether a field that was configured for the role may hold any text: who says so knows better than what
/// usually stands there.
pub(super) fn is_text(role: Role) -> bool {
    let shaped = matches!(
        role,
        Role::Status
            | Role::Bytes
            | Role::Pid
            | Role::SourcePort
            | Role::Risk
            | Role::StackTrace
            | Role::Message
    );
    target(role).is_some() && !shaped
}

impl FieldTarget {
    /// The target that has this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|(known, _)| *known == name).map(|(_, target)| target)
    }

    /// Every name that [`FieldTarget::parse`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::all().map(|(name, _)| name)
    }

    fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let copied = Role::ALL.into_iter().filter_map(|role| {
            let name = canonical::NAMES.get(target(role)?.index())?;
            Some((*name, Self(role)))
        });
        copied.chain(WORKED.into_iter().map(|(name, role)| (name, Self(role))))
    }
}

impl Overrides {
    /// Changes what a field of this name may stand for.
    pub(super) fn apply(&self, name: &str, claims: &mut Vec<Claim>) {
        if let Some((_, target)) = self.fields.iter().find(|(known, _)| known == name) {
            claims.retain(|claim| claim.role != target.0);
            claims.push(Claim { role: target.0, rank: CONFIGURED });
        }
        if self.id_fields.iter().any(|known| known == name) {
            claims.retain(|claim| claim.role != Role::Id);
            claims.push(Claim { role: Role::Id, rank: CONFIGURED });
        }
        if self.distrusts(name) {
            claims.retain(|claim| claim.role != Role::Id);
        }
    }

    fn distrusts(&self, name: &str) -> bool {
        self.never_ids.iter().any(|known| known == name)
    }

    pub(super) fn distrusts_messages(&self) -> bool {
        self.distrusts("message")
    }

    /// A field of the line that bears the canonical name itself and must be no key.
    pub(super) fn hide_ids(&self, event: &mut Event) {
        const NAME: &str = "correlation.id";
        if !self.distrusts(NAME) {
            return;
        }
        for index in 0..event.fields().len() {
            if event.fields().get(index).is_some_and(|field| field.path == canonical::CORRELATION_ID) {
                event.shadow(index, NAME);
            }
        }
    }

    /// Fills in what the event lacks.
    pub(super) fn complete(&self, event: &mut Event) {
        for (path, value) in &self.defaults {
            if !super::has_value(event, *path) {
                event.push_text(*path, Kind::String, value, Origin::Canonical);
            }
        }
        let source = &mut event.meta.logsource;
        for (part, configured) in [
            (&mut source.category, &self.logsource.category),
            (&mut source.product, &self.logsource.product),
            (&mut source.service, &self.logsource.service),
        ] {
            if configured.is_some() {
                part.clone_from(configured);
            }
        }
    }
}
