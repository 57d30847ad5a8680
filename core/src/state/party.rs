//! Who or what incidents are about: one attacker, one account, one dependency is one party.

use std::collections::HashMap;
use std::sync::Arc;

use super::Incident;
use crate::event::Timestamp;
use crate::sigma::Level;

/// What kind of thing a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartyKind {
    /// An address that something came from.
    Address,
    /// A user, customer or role.
    Account,
    /// A session or an API key.
    Credential,
    /// Something that is called: a breaker, a database.
    Dependency,
    /// One of our own services, or a path of it.
    Service,
    /// Nothing is named: the rule stands for all it found.
    Rule,
}

/// Two incidents with the same name are about the same party.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartyName {
    pub kind: PartyKind,
    pub value: String,
}

/// A party and its incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    pub name: PartyName,
    /// In the order they were given, which is worst first.
    pub incidents: Vec<Arc<Incident>>,
}

/// The kind that a field of a group names, the one that says most of who it was first.
const FIELDS: [(&str, PartyKind); 9] = [
    ("source.", PartyKind::Address),
    ("client.", PartyKind::Address),
    ("user.", PartyKind::Account),
    ("soctop.api_key", PartyKind::Credential),
    ("session.", PartyKind::Credential),
    ("soctop.breaker.", PartyKind::Dependency),
    ("soctop.service", PartyKind::Service),
    ("service.", PartyKind::Service),
    ("url.", PartyKind::Service),
];

impl PartyName {
    /// Whom the incident is about: the only address that it came from, else what its group names, else its rule.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        let alert = &incident.alert;
        let named = |(start, kind): &(&str, PartyKind)| {
            let (_, value) = alert.group.iter().find(|(field, _)| field.starts_with(start))?;
            Some(Self { kind: *kind, value: value.clone() })
        };
        let by_group = FIELDS.iter().find_map(named);
        if let Some(name) = by_group.as_ref().filter(|name| name.kind == PartyKind::Address) {
            return name.clone();
        }
        match incident.addresses.as_slice() {
            [only] => Self { kind: PartyKind::Address, value: only.to_string() },
            _ => by_group.unwrap_or_else(|| Self { kind: PartyKind::Rule, value: alert.rule.title.clone() }),
        }
    }
}

impl Party {
    /// The worst level of its incidents.
    #[must_use]
    pub fn level(&self) -> Level {
        self.incidents.iter().map(|incident| incident.alert.rule.level).max().unwrap_or(Level::Informational)
    }

    /// When its first incident opened.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        self.incidents.iter().map(|incident| incident.opened).min().unwrap_or_default()
    }

    /// When one of its incidents last changed.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.incidents.iter().map(|incident| incident.alert.time).max().unwrap_or_default()
    }

    /// Events counted in all incidents together; one that counts for two of them counts twice.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.incidents.iter().map(|incident| incident.alert.count).sum()
    }
}

/// The parties of these incidents, in the order in which they come first.
#[must_use]
pub fn parties<'a>(incidents: impl IntoIterator<Item = &'a Arc<Incident>>) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::new();
    let mut known: HashMap<PartyName, usize> = HashMap::new();
    for incident in incidents {
        let name = PartyName::of(incident);
        let at = *known.entry(name.clone()).or_insert(parties.len());
        match parties.get_mut(at) {
            Some(party) => party.incidents.push(Arc::clone(incident)),
            None => parties.push(Party { name, incidents: vec![Arc::clone(incident)] }),
        }
    }
    parties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::incident;

    fn names(incidents: &[Arc<Incident>]) -> Vec<(PartyKind, String, usize)> {
        let parties = parties(incidents);
        parties.into_iter().map(|it| (it.name.kind, it.name.value, it.incidents.len())).collect()
    }

    #[test]
    fn an_attacker_is_one_party_whatever_else_is_named() {
        let scan = incident(1, &[("source.ip", "203.0.113.9")]);
        let login = incident(2, &[("user.name", "lena"), ("source.ip", "203.0.113.9")]);
        let breaker = incident(3, &[("soctop.breaker.name", "database")]);
        let expect = [
            (PartyKind::Address, "203.0.113.9".to_owned(), 2),
            (PartyKind::Dependency, "database".to_owned(), 1),
        ];
        assert_eq!(names(&[scan, breaker, login]), expect);
    }

    #[test]
    fn an_account_attacked_from_one_address_belongs_to_the_attacker() {
        let with = |addresses: &[&str]| {
            let mut own = Incident::clone(&incident(1, &[("user.name", "lena")]));
            own.addresses = addresses.iter().map(|it| Arc::from(*it)).collect();
            PartyName::of(&own)
        };
        assert_eq!(with(&["203.0.113.9"]).value, "203.0.113.9");
        assert_eq!(with(&["203.0.113.9", "203.0.113.10"]).value, "lena");
        assert_eq!(with(&[]).kind, PartyKind::Account);
    }

    #[test]
    fn what_names_nobody_is_a_party_by_its_rule() {
        let [(kind, ..)] = names(&[incident(1, &[]), incident(2, &[])]).try_into().expect("one party");
        assert_eq!(kind, PartyKind::Rule);
    }
}
