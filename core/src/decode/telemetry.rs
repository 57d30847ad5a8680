//! OpenTelemetry's JSON: what a record, its scope and its resource say, under plain names.
//!
//! The protocol writes attributes as a list of keys and typed values, so that no rule could name one. Beside the
//! fields as they stand, each attribute becomes a field of its own name, the record's first; so do the record's own
//! members (`traceId`, `severityText`) and its body.

use crate::event::{Event, Kind, PathNames, Span};

/// Where records stand, and their scopes and resources.
const LEVELS: [&str; 6] = [
    "resourceLogs.scopeLogs.logRecords.",
    "resourceSpans.scopeSpans.spans.",
    "resourceLogs.scopeLogs.scope.",
    "resourceSpans.scopeSpans.scope.",
    "resourceLogs.resource.",
    "resourceSpans.resource.",
];
/// The levels of records.
const RECORDS: usize = 2;

/// A field to add.
pub(super) struct Plain {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) span: Span,
    level: usize,
}

/// What an event that holds one record is to be given, in the order in which it counts.
pub(super) fn plain_fields(event: &Event, names: &PathNames) -> Vec<Plain> {
    let mut plain = Vec::new();
    let mut key = "";
    for (index, field) in event.fields().iter().enumerate() {
        let name = event.name(index, names);
        let Some((level, rest)) = level_of(name) else { continue };
        let scalar = !field.kind.is_container();
        let mut add = |name: &str| {
            plain.push(Plain {
                name: name.to_owned(),
                kind: field.kind,
                span: field.span,
                level: level / RECORDS,
            });
        };
        match rest {
            "attributes.key" | "body.kvlistValue.values.key" => key = event.text(field.span),
            "body.stringValue" => add("body"),
            _ if !scalar => {}
            _ if is_value_of_pair(rest) && !key.is_empty() => add(key),
            _ if is_value_of_pair(rest) => {}
            _ if level < RECORDS && !rest.contains('.') => add(rest),
            _ => {}
        }
    }
    plain.sort_by_key(|field| field.level);
    plain
}

fn is_value_of_pair(name: &str) -> bool {
    name.starts_with("attributes.value.") || name.starts_with("body.kvlistValue.values.value.")
}

fn level_of(name: &str) -> Option<(usize, &str)> {
    LEVELS.iter().enumerate().find_map(|(level, prefix)| Some((level, name.strip_prefix(prefix)?)))
}
