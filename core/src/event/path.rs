//! Interned dotted paths.
//!
//! Log content chooses keys, so the table is bounded: past [`Paths::LIMIT`] a new path becomes
//! [`PathId::OVERFLOW`] and its name is kept in the event itself. Canonical fields are interned
//! first and in a fixed order, which makes their ids constants ([`canonical`]).

use crate::event::number::{to_u32, to_usize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// A dotted path, as a number. Valid for the [`Paths`] that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathId(pub u32);

impl PathId {
    /// A path that was not interned because the table is full.
    pub const OVERFLOW: PathId = PathId(u32::MAX);

    #[must_use]
    pub fn index(self) -> usize {
        to_usize(self.0)
    }
}

/// The table of all paths seen, shared by every stage. Cloning shares it.
#[derive(Clone)]
pub struct Paths(Arc<RwLock<PathNames>>);

/// The names behind the ids; a read guard of [`Paths`], or a test's own table.
pub struct PathNames {
    names: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, PathId>,
    /// Length of the longest name, in bytes.
    longest: usize,
}

impl PathNames {
    /// The dotted name; empty for an id of another table.
    #[must_use]
    pub fn name(&self, path: PathId) -> &str {
        self.names.get(path.index()).map_or("", |name| name)
    }

    #[must_use]
    pub fn shared_name(&self, path: PathId) -> Option<Arc<str>> {
        self.names.get(path.index()).cloned()
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathId> {
        self.ids.get(name).copied()
    }

    /// Length of the longest name, in bytes: a longer one need not be looked for.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }

    fn intern(&mut self, name: &str) -> PathId {
        if let Some(id) = self.find(name) {
            return id;
        }
        if self.names.len() >= Paths::LIMIT {
            return PathId::OVERFLOW;
        }
        self.longest = self.longest.max(name.len());
        let id = PathId(to_u32(self.names.len()));
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::new()
    }
}

impl Paths {
    /// How many different paths are interned at most: real systems have hundreds, and an
    /// attacker who invents keys must not grow memory without end.
    pub const LIMIT: usize = 65_536;

    /// Longest name of a log that is interned, in bytes; with [`Paths::LIMIT`] it bounds the memory of the table.
    pub const NAME_LIMIT: usize = 256;

    #[must_use]
    pub fn new() -> Self {
        let mut names = PathNames { names: Vec::new(), ids: HashMap::new(), longest: 0 };
        for name in canonical::NAMES {
            names.intern(name);
        }
        Self(Arc::new(RwLock::new(names)))
    }

    /// The id of a name that soctop, its configuration or a rule asks for, however long it is, interning it if
    /// there is room. Takes the lock: stages keep caches.
    #[must_use]
    pub fn intern(&self, name: &str) -> PathId {
        if let Some(id) = self.read().find(name) {
            return id;
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).intern(name)
    }

    /// The id of a name that a log has chosen, interning it if there is room and it is not too long.
    #[must_use]
    pub fn intern_from_log(&self, name: &str) -> PathId {
        let known = self.read().find(name);
        match known {
            Some(id) => id,
            None if name.len() > Paths::NAME_LIMIT => PathId::OVERFLOW,
            None => self.intern(name),
        }
    }

    /// A view of the names for as long as the guard lives. Do not hold it while decoding.
    pub fn read(&self) -> RwLockReadGuard<'_, PathNames> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Canonical fields: Elastic Common Schema names, with ids known at compile time.
pub mod canonical {
    use super::PathId;

    macro_rules! canonical_fields {
        ($($constant:ident = $name:literal,)*) => {
            #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "counts the constants below")]
            #[repr(u32)]
            enum Index { $($constant,)* }
            $(pub const $constant: PathId = PathId(Index::$constant as u32);)*
            /// All canonical names, in the order of their ids.
            pub const NAMES: &[&str] = &[$($name,)*];
        };
    }

    canonical_fields! {
        TIMESTAMP = "@timestamp",
        MESSAGE = "message",
        CORRELATION_ID = "correlation.id",
        LOG_LEVEL = "log.level",
        LOG_LOGGER = "log.logger",
        SERVICE_NAME = "service.name",
        SERVICE_ENVIRONMENT = "service.environment",
        HOST_NAME = "host.name",
        EVENT_ACTION = "event.action",
        EVENT_CATEGORY = "event.category",
        EVENT_OUTCOME = "event.outcome",
        EVENT_CODE = "event.code",
        EVENT_REASON = "event.reason",
        EVENT_DURATION = "event.duration",
        USER_NAME = "user.name",
        USER_ID = "user.id",
        USER_EMAIL = "user.email",
        SOURCE_IP = "source.ip",
        SOURCE_PORT = "source.port",
        CLIENT_FORWARDED_FOR = "http.request.headers.x-forwarded-for",
        USER_AGENT = "user_agent.original",
        HTTP_METHOD = "http.request.method",
        URL_PATH = "url.path",
        URL_QUERY = "url.query",
        URL_DOMAIN = "url.domain",
        HTTP_STATUS = "http.response.status_code",
        HTTP_RESPONSE_BYTES = "http.response.body.bytes",
        HTTP_REFERRER = "http.request.referrer",
        HTTP_VERSION = "http.version",
        ERROR_TYPE = "error.type",
        ERROR_MESSAGE = "error.message",
        ERROR_STACK_TRACE = "error.stack_trace",
        ORGANIZATION_ID = "organization.id",
        SESSION_ID = "session.id",
        RULE_NAME = "rule.name",
        RISK_SCORE = "event.risk_score",
        PROCESS_PID = "process.pid",
        PROCESS_NAME = "process.name",
        DB_STATEMENT = "db.statement",
        DB_NAME = "db.name",
        BREAKER_NAME = "soctop.breaker.name",
        BREAKER_STATE = "soctop.breaker.state",
        TLS_VERSION = "tls.version",
        PGAUDIT_CLASS = "pgaudit.class",
        PGAUDIT_COMMAND = "pgaudit.command",
        PGAUDIT_OBJECT_TYPE = "pgaudit.object.type",
        PGAUDIT_OBJECT_NAME = "pgaudit.object.name",
        API_KEY = "soctop.api_key",
        REQUEST_DECODED = "soctop.request.decoded",
        CORRELATION_REJECTED = "soctop.correlation.rejected",
        EVENT_TYPE = "event.type",
        USER_TARGET_NAME = "user.target.name",
        GROUP_NAME = "group.name",
        DEPENDENCY = "soctop.dependency",
        ORIGINAL_ACTION = "soctop.original.action",
        FACT_CONFIDENCE = "soctop.fact.confidence",
        FACT_ENTRY = "soctop.fact.entry",
        FACT_CONTESTED = "soctop.fact.contested",
        FACT_COUNT = "soctop.fact.count",
        FACT_ECHO = "soctop.fact.echo",
        ATTACK_FAMILIES = "soctop.attack.families",
        ATTACK_SCORE = "soctop.attack.score",
        ATTACK_SIGNALS = "soctop.attack.signals",
        ATTACK_PLACE = "soctop.attack.place",
        ATTACK_PAYLOAD = "soctop.attack.payload",
        ATTACK_HIDDEN = "soctop.attack.hidden",
        ATTACK_WEAK = "soctop.attack.weak",
        USER_DOMAIN = "user.domain",
        RELATED_USER = "related.user",
        READING_FLAGS = "soctop.flags",
        FACT_UNTIL = "soctop.fact.until",
        BREAKER_ID = "soctop.breaker.id",
        BREAKER_WORD = "soctop.breaker.word",
        BREAKER_SERVICE = "soctop.breaker.service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_ids_are_the_first_of_every_table() {
        let paths = Paths::new();
        assert_eq!(paths.intern("@timestamp"), canonical::TIMESTAMP);
        assert_eq!(paths.read().name(canonical::REQUEST_DECODED), "soctop.request.decoded");
        assert_eq!(paths.read().names.len(), canonical::NAMES.len());
    }

    #[test]
    fn a_long_name_is_interned_only_for_those_who_ask_for_it() {
        let paths = Paths::new();
        let long = "k".repeat(Paths::NAME_LIMIT + 1);
        assert_eq!(paths.intern_from_log(&long), PathId::OVERFLOW);
        let of_a_rule = paths.intern(&long);
        assert_eq!(paths.intern_from_log(&long), of_a_rule);
        assert_eq!(paths.read().longest(), long.len());
    }

    #[test]
    fn a_full_table_gives_the_overflow_id_and_keeps_known_names() {
        let paths = Paths::new();
        for n in 0..Paths::LIMIT {
            assert_ne!(paths.intern_from_log(&format!("k{n}")), PathId(0));
        }
        assert_eq!(paths.intern_from_log("one-too-many"), PathId::OVERFLOW);
        assert_eq!(paths.intern_from_log("message"), canonical::MESSAGE);
    }
}
