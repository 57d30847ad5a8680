//! The closed list of what a line may state, with the words of the Elastic Common Schema for each.
//!
//! A fact that no rule or board asks for is not in the list.

use crate::event::number::to_u8;
use std::fmt;

/// What a line states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact(u8);

/// What the schema says of a fact.
struct Meaning {
    name: &'static str,
    categories: &'static [&'static str],
    types: &'static [&'static str],
    outcome: &'static str,
}

macro_rules! facts {
    ($($name:ident: $categories:expr, $types:expr, $outcome:literal;)*) => {
        /// In the order of the documentation.
        const MEANINGS: &[Meaning] = &[$(Meaning {
            name: stringify!($name),
            categories: &$categories,
            types: &$types,
            outcome: $outcome,
        },)*];
    };
}

facts! {
    login_failed: ["authentication"], ["start"], "failure";
    login_succeeded: ["authentication"], ["start"], "success";
    login_attempted: ["authentication"], ["start"], "unknown";
    logout: ["authentication"], ["end"], "success";
    mfa_failed: ["authentication"], ["info"], "failure";
    mfa_succeeded: ["authentication"], ["info"], "success";
    mfa_enabled: ["iam"], ["change", "user"], "success";
    mfa_disabled: ["iam"], ["change", "user"], "success";
    account_locked: ["iam"], ["change", "user"], "";
    account_unlocked: ["iam"], ["change", "user"], "";
    user_created: ["iam"], ["creation", "user"], "";
    user_changed: ["iam"], ["change", "user"], "";
    user_deleted: ["iam"], ["deletion", "user"], "";
    user_disabled: ["iam"], ["change", "user"], "";
    password_changed: ["iam"], ["change", "user"], "success";
    password_reset_requested: ["iam"], ["info", "user"], "";
    role_granted: ["iam"], ["change", "admin"], "";
    role_revoked: ["iam"], ["change", "admin"], "";
    group_created: ["iam"], ["creation", "group"], "";
    group_member_added: ["iam"], ["change", "group"], "";
    group_member_removed: ["iam"], ["change", "group"], "";
    session_started: ["session"], ["start"], "";
    session_ended: ["session"], ["end"], "";
    token_issued: ["authentication"], ["info"], "success";
    token_refreshed: ["authentication"], ["info"], "success";
    token_revoked: ["authentication"], ["info"], "";
    token_rejected: ["authentication"], ["info"], "failure";
    token_reused: ["authentication"], ["info"], "failure";
    api_key_created: ["iam"], ["creation"], "success";
    api_key_revoked: ["iam"], ["deletion"], "success";
    api_key_rejected: ["authentication"], ["info"], "failure";
    api_key_used: ["authentication"], ["info"], "success";
    access_denied: ["web"], ["access", "denied"], "failure";
    address_refused: ["web"], ["access", "denied"], "failure";
    origin_refused: ["web"], ["access", "denied"], "failure";
    host_refused: ["web"], ["access", "denied"], "failure";
    request_refused: ["web"], ["access", "denied"], "failure";
    request_started: ["web"], ["access"], "unknown";
    request_failed: ["web"], ["error"], "failure";
    content_policy_violated: ["web"], ["info"], "";
    tls_failed: ["network"], ["connection", "denied"], "failure";
    verification_failed: ["iam"], ["info", "user"], "failure";
    privilege_used: ["process"], ["start"], "success";
    privilege_refused: ["process"], ["denied"], "failure";
    rate_limited: ["web"], ["denied"], "failure";
    address_blocked: ["intrusion_detection"], ["denied"], "";
    address_unblocked: ["intrusion_detection"], ["allowed"], "";
    injection_reported: ["intrusion_detection"], ["info"], "";
    threat_reported: ["intrusion_detection"], ["info"], "";
    breaker_opened: ["host"], ["change"], "";
    breaker_half_opened: ["host"], ["change"], "";
    breaker_closed: ["host"], ["change"], "";
    breaker_rejected: ["host"], ["denied"], "failure";
    dependency_failed: ["host"], ["error"], "failure";
    dependency_recovered: ["host"], ["info"], "success";
    dependency_ejected: ["host"], ["change"], "";
    dependency_restored: ["host"], ["change"], "";
    retry_failed: ["host"], ["error"], "failure";
    pool_exhausted: ["database"], ["error"], "failure";
    secret_read: ["database"], ["access"], "";
    data_exported: ["database"], ["access"], "";
    data_read: ["database"], ["access"], "";
    privacy_requested: ["database"], ["access"], "";
    table_dropped: ["database"], ["deletion"], "";
    schema_changed: ["database"], ["change"], "";
    statement_cancelled: ["database"], ["error"], "failure";
    program_executed: ["process"], ["start"], "";
    code_installed: ["package"], ["installation"], "";
    decryption_failed: ["host"], ["error"], "failure";
    weakness_found: ["vulnerability"], ["info"], "";
    config_changed: ["configuration"], ["change"], "";
    audit_disabled: ["configuration"], ["change"], "";
    audit_enabled: ["configuration"], ["change"], "";
    log_cleared: ["configuration"], ["change"], "";
    service_started: ["process"], ["start"], "";
    service_stopped: ["process"], ["end"], "";
    service_crashed: ["process"], ["error"], "failure";
    start_failed: ["process"], ["error"], "failure";
}

/// Words that `event.reason` may have beside those of the source.
pub const REASONS: [&str; 15] = [
    "bad_password",
    "unknown_user",
    "locked",
    "disabled",
    "expired",
    "policy",
    "mfa",
    "too_many_attempts",
    "csrf",
    "token",
    "certificate",
    "out_of_memory",
    "signature",
    "revoked",
    "too_old",
];

impl Fact {
    /// The fact of this name, as it stands in `event.action`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        MEANINGS.iter().position(|meaning| meaning.name == name).map(|index| Self(to_u8(index)))
    }

    /// All facts, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..MEANINGS.len()).map(|index| Self(to_u8(index)))
    }

    fn meaning(self) -> &'static Meaning {
        &MEANINGS[usize::from(self.0)]
    }

    /// `login_failed`: the value of `event.action`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.meaning().name
    }

    /// Values of `event.category`.
    #[must_use]
    pub fn categories(self) -> &'static [&'static str] {
        self.meaning().categories
    }

    /// Values of `event.type`.
    #[must_use]
    pub fn types(self) -> &'static [&'static str] {
        self.meaning().types
    }

    /// The value of `event.outcome`: `success`, `failure`, `unknown`; `None` where the fact has none.
    #[must_use]
    pub fn outcome(self) -> Option<&'static str> {
        Some(self.meaning().outcome).filter(|outcome| !outcome.is_empty())
    }

    /// Whether the fact is about a circuit breaker.
    #[must_use]
    pub fn is_about_breaker(self) -> bool {
        self.name().starts_with("breaker_")
    }

    /// Whether somebody is given a role, or loses it.
    #[must_use]
    pub fn is_about_role(self) -> bool {
        self.name().starts_with("role_")
    }

    /// Whether somebody does it to another account.
    #[must_use]
    pub fn is_done_to_somebody(self) -> bool {
        let kinds = [
            "user_",
            "role_",
            "group_member_",
            "account_",
            "mfa_disabled",
            "mfa_enabled",
            "password_changed",
        ];
        kinds.iter().any(|kind| self.name().starts_with(kind))
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure a fact is, by who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Generic words, or anything in a foreign envelope.
    Sentence,
    /// A product's own phrase in its own envelope.
    Phrase,
    /// A structured entry, or the name of an event.
    Field,
}

impl Confidence {
    /// The value of `soctop.fact.confidence`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sentence => "sentence",
            Self::Phrase => "phrase",
            Self::Field => "field",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_is_found_by_its_name_and_has_words_of_the_schema() {
        for fact in Fact::all() {
            assert_eq!(Fact::named(fact.name()), Some(fact));
            assert!(!fact.categories().is_empty() && !fact.types().is_empty(), "{fact}");
        }
        assert_eq!(Fact::named("login"), None);
        assert_eq!(Fact::named("login_failed").and_then(Fact::outcome), Some("failure"));
    }
}
