//! How a field name in a rule finds its values in an event.
//!
//! The name as written comes first: an event that carries `client_ip` answers to `client_ip`. Only
//! when the event has no such field is the canonical field asked that the name stands for
//! (`c-ip`, `client_ip` → `source.ip`), which `normalize` has filled from whatever the source calls it.
//! So rules written in Sigma's taxonomy, in Elastic Common Schema or in a system's own words all
//! work, and a rule that means exactly the raw field gets exactly that.

use std::collections::HashMap;

use crate::event::number::{to_u32, to_usize};
use crate::event::{Event, Field, Kind, PathId, Paths, canonical};

/// What an event speaks for, see [`Event::service`]. Correlations may group by it; no line carries it.
pub const SERVICE: &str = "soctop.service";

/// Names that rules use, and the canonical field each stands for when the event lacks the name
/// itself. First Sigma's taxonomy (web, proxy, authentication), then what back ends log most.
const ALIASES: &[(&str, PathId)] = &[
    ("c-ip", canonical::SOURCE_IP),
    ("cs-ip", canonical::SOURCE_IP),
    ("src_ip", canonical::SOURCE_IP),
    ("c-useragent", canonical::USER_AGENT),
    ("cs-user-agent", canonical::USER_AGENT),
    ("cs-method", canonical::HTTP_METHOD),
    ("cs-uri-stem", canonical::URL_PATH),
    ("c-uri-stem", canonical::URL_PATH),
    ("cs-uri-query", canonical::URL_QUERY),
    ("c-uri-query", canonical::URL_QUERY),
    ("cs-uri", canonical::URL_PATH),
    ("c-uri", canonical::URL_PATH),
    ("cs-host", canonical::URL_DOMAIN),
    ("r-dns", canonical::URL_DOMAIN),
    ("cs-referer", canonical::HTTP_REFERRER),
    ("cs-referrer", canonical::HTTP_REFERRER),
    ("cs-username", canonical::USER_NAME),
    ("c-username", canonical::USER_NAME),
    ("cs-version", canonical::HTTP_VERSION),
    ("sc-status", canonical::HTTP_STATUS),
    ("sc-bytes", canonical::HTTP_RESPONSE_BYTES),
    ("time", canonical::TIMESTAMP),
    ("timestamp", canonical::TIMESTAMP),
    ("msg", canonical::MESSAGE),
    ("correlation_id", canonical::CORRELATION_ID),
    ("correlationId", canonical::CORRELATION_ID),
    ("request_id", canonical::CORRELATION_ID),
    ("trace_id", canonical::CORRELATION_ID),
    ("trace.id", canonical::CORRELATION_ID),
    ("level", canonical::LOG_LEVEL),
    ("severity", canonical::LOG_LEVEL),
    ("logger", canonical::LOG_LOGGER),
    ("service", canonical::SERVICE_NAME),
    ("environment", canonical::SERVICE_ENVIRONMENT),
    ("host", canonical::HOST_NAME),
    ("hostname", canonical::HOST_NAME),
    ("event", canonical::EVENT_ACTION),
    ("event_type", canonical::EVENT_ACTION),
    ("action", canonical::EVENT_ACTION),
    ("category", canonical::EVENT_CATEGORY),
    ("outcome", canonical::EVENT_OUTCOME),
    ("reason", canonical::EVENT_REASON),
    ("duration", canonical::EVENT_DURATION),
    ("user", canonical::USER_NAME),
    ("username", canonical::USER_NAME),
    ("user_name", canonical::USER_NAME),
    ("user_id", canonical::USER_ID),
    ("userId", canonical::USER_ID),
    ("email", canonical::USER_EMAIL),
    ("user_email", canonical::USER_EMAIL),
    ("client_ip", canonical::SOURCE_IP),
    ("client.ip", canonical::SOURCE_IP),
    ("client.address", canonical::SOURCE_IP),
    ("source_ip", canonical::SOURCE_IP),
    ("ip", canonical::SOURCE_IP),
    ("ip_address", canonical::SOURCE_IP),
    ("remote_addr", canonical::SOURCE_IP),
    ("remote_ip", canonical::SOURCE_IP),
    ("client_port", canonical::SOURCE_PORT),
    ("x-forwarded-for", canonical::CLIENT_FORWARDED_FOR),
    ("x_forwarded_for", canonical::CLIENT_FORWARDED_FOR),
    ("user_agent", canonical::USER_AGENT),
    ("userAgent", canonical::USER_AGENT),
    ("http_user_agent", canonical::USER_AGENT),
    ("method", canonical::HTTP_METHOD),
    ("http_method", canonical::HTTP_METHOD),
    ("request_method", canonical::HTTP_METHOD),
    ("path", canonical::URL_PATH),
    ("uri", canonical::URL_PATH),
    ("url", canonical::URL_PATH),
    ("endpoint", canonical::URL_PATH),
    ("request_path", canonical::URL_PATH),
    ("query_string", canonical::URL_QUERY),
    ("args", canonical::URL_QUERY),
    ("status", canonical::HTTP_STATUS),
    ("status_code", canonical::HTTP_STATUS),
    ("http_status", canonical::HTTP_STATUS),
    ("response_code", canonical::HTTP_STATUS),
    ("referer", canonical::HTTP_REFERRER),
    ("referrer", canonical::HTTP_REFERRER),
    ("http_referer", canonical::HTTP_REFERRER),
    ("body_bytes_sent", canonical::HTTP_RESPONSE_BYTES),
    ("error_type", canonical::ERROR_TYPE),
    ("error_code", canonical::ERROR_TYPE),
    ("exception_type", canonical::ERROR_TYPE),
    ("error_message", canonical::ERROR_MESSAGE),
    ("stack_trace", canonical::ERROR_STACK_TRACE),
    ("traceback", canonical::ERROR_STACK_TRACE),
    ("tenant_id", canonical::ORGANIZATION_ID),
    ("organization_id", canonical::ORGANIZATION_ID),
    ("session_id", canonical::SESSION_ID),
    ("risk_score", canonical::RISK_SCORE),
    ("pid", canonical::PROCESS_PID),
    ("statement", canonical::DB_STATEMENT),
    ("sql", canonical::DB_STATEMENT),
    ("database", canonical::DB_NAME),
    ("dbname", canonical::DB_NAME),
    ("circuit_name", canonical::BREAKER_NAME),
    ("breaker", canonical::BREAKER_NAME),
    ("new_state", canonical::BREAKER_STATE),
    ("ssl_protocol", canonical::TLS_VERSION),
    ("tls_version", canonical::TLS_VERSION),
];

/// The canonical field that a name stands for when an event lacks the name itself.
#[must_use]
pub fn canonical_of(name: &str) -> Option<PathId> {
    ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, path)| *path)
}

/// A field name known to a [`FieldResolver`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldSlot(pub u32);

#[derive(Clone, Debug)]
struct Slot {
    name: String,
    primary: PathId,
    fallback: Option<PathId>,
}

/// Field names of rules, each looked up once: in the table of paths, not in the event.
#[derive(Clone)]
pub struct FieldResolver {
    paths: Paths,
    slots: Vec<Slot>,
    by_name: HashMap<String, FieldSlot>,
}

impl FieldResolver {
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self { paths: paths.clone(), slots: Vec::new(), by_name: HashMap::new() }
    }

    /// The slot of a name; the same name gives the same slot.
    pub fn slot(&mut self, name: &str) -> FieldSlot {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        let slot = FieldSlot(to_u32(self.slots.len()));
        let primary = self.paths.intern(name);
        let fallback = canonical_of(name).filter(|fallback| *fallback != primary);
        self.slots.push(Slot { name: name.to_owned(), primary, fallback });
        self.by_name.insert(name.to_owned(), slot);
        slot
    }

    /// How many slots there are; they are numbered from 0.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    #[must_use]
    pub fn name(&self, slot: FieldSlot) -> &str {
        self.slots.get(to_usize(slot.0)).map_or("", |slot| &slot.name)
    }

    /// The path as written, and the canonical one that is asked when it is absent.
    #[must_use]
    pub fn paths_of(&self, slot: FieldSlot) -> (PathId, Option<PathId>) {
        self.slots
            .get(to_usize(slot.0))
            .map_or((PathId::OVERFLOW, None), |slot| (slot.primary, slot.fallback))
    }

    /// All fields of the event that the name means: also nulls and containers.
    #[must_use]
    pub fn fields<'e>(&self, event: &'e Event, slot: FieldSlot) -> Vec<&'e Field> {
        let Some(slot) = self.slots.get(to_usize(slot.0)) else { return Vec::new() };
        let of = |path: PathId| -> Vec<&'e Field> {
            let named = |(index, _): &(usize, &Field)| {
                path != PathId::OVERFLOW || self.overflow_name(event, *index, &slot.name)
            };
            let fields = event.fields().iter().enumerate();
            fields.filter(|(_, field)| field.path == path).filter(named).map(|(_, field)| field).collect()
        };
        let found = of(slot.primary);
        match slot.fallback {
            Some(fallback) if found.is_empty() => of(fallback),
            _ => found,
        }
    }

    /// A name that found no room in the table of paths is compared as text.
    fn overflow_name(&self, event: &Event, index: usize, name: &str) -> bool {
        event.name(index, &self.paths.read()) == name
    }

    /// The texts of the scalar, non-null values that the name means.
    pub fn values<'e>(&self, event: &'e Event, slot: FieldSlot) -> impl Iterator<Item = &'e str> + use<'e> {
        self.fields(event, slot)
            .into_iter()
            .filter(|field| !field.kind.is_container() && field.kind != Kind::Null)
            .map(|field| event.text(field.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Origin;

    #[test]
    fn the_written_name_wins_and_the_canonical_field_fills_in() {
        let paths = Paths::new();
        let mut resolver = FieldResolver::new(&paths);
        let slot = resolver.slot("client_ip");
        assert_eq!(resolver.slot("client_ip"), slot);
        let mut event = Event::default();
        event.reset("");
        event.push_text(canonical::SOURCE_IP, Kind::String, "192.0.2.1", Origin::Canonical);
        assert_eq!(resolver.values(&event, slot).collect::<Vec<_>>(), ["192.0.2.1"]);
        event.push_text(paths.intern("client_ip"), Kind::String, "192.0.2.2", Origin::Line);
        assert_eq!(resolver.values(&event, slot).collect::<Vec<_>>(), ["192.0.2.2"]);
    }

    #[test]
    fn no_alias_is_listed_twice() {
        let mut names: Vec<&str> = ALIASES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALIASES.len());
    }

    #[test]
    fn names_beyond_the_table_of_paths_are_found_by_text() {
        let paths = Paths::new();
        for n in 0..Paths::LIMIT {
            assert_ne!(paths.intern(&format!("k{n}")), PathId(u32::MAX - 1));
        }
        let mut resolver = FieldResolver::new(&paths);
        let slot = resolver.slot("late");
        let mut event = Event::default();
        event.reset("x");
        let span = event.raw_span();
        event.push_overflow("other", Kind::String, span, Origin::Line);
        assert_eq!(resolver.values(&event, slot).count(), 0);
        event.push_overflow("late", Kind::String, span, Origin::Line);
        assert_eq!(resolver.values(&event, slot).collect::<Vec<_>>(), ["x"]);
    }
}
