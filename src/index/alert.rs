//! Alerts as documents: what detection said is searchable like what was read, one document for each state of an incident.

use std::sync::Arc;

use super::own;
use crate::alert::Alert;
use crate::event::{EventId, LogLevel, Record};
use crate::query::name::{CORRELATION_ID, KIND, KIND_ALERT};
use crate::sigma::Level;

/// A field of an alert under the name by which it is asked for.
pub struct AlertField<'a> {
    pub name: &'a str,
    pub value: String,
    is_string: bool,
}

/// What of an alert can be asked for: which rule, about whom, how bad, and where the incident stands.
pub fn fields(alert: &Alert) -> Vec<AlertField<'_>> {
    let text = |name, value: &str| AlertField { name, value: value.to_owned(), is_string: true };
    let mut fields = vec![
        AlertField { name: "alert.id", value: alert.alert_id.to_string(), is_string: true },
        text("alert.status", alert.status.word()),
        text("alert.type", alert.kind.word()),
        AlertField { name: "alert.count", value: alert.count.to_string(), is_string: false },
        text("rule.id", &alert.rule.id),
        text("rule.name", &alert.rule.title),
        text("rule.level", alert.rule.level.word()),
    ];
    fields.extend(alert.group.iter().map(|(name, value)| text(name, value)));
    fields.extend(alert.correlation_ids.iter().map(|id| text(CORRELATION_ID, id)));
    fields
}

/// The level by which lists and graphs order an alert among events.
pub fn log_level(alert: &Alert) -> LogLevel {
    match alert.rule.level {
        Level::Informational => LogLevel::Info,
        Level::Low => LogLevel::Notice,
        Level::Medium => LogLevel::Warn,
        Level::High => LogLevel::Error,
        Level::Critical => LogLevel::Critical,
    }
}

/// The alert as people look at events; `number` is that of the state among all that were stored.
pub fn into_record(alert: Alert, number: u64, json: &str) -> Record {
    let kind = own::field(KIND, KIND_ALERT.to_owned(), true);
    let field = |field: AlertField<'_>| own::field(field.name, field.value, field.is_string);
    let fields = std::iter::once(kind).chain(fields(&alert).into_iter().map(field)).collect();
    let log_level = log_level(&alert);
    let (source, line) = match &alert.source {
        Some(evidence) => (Arc::clone(&evidence.path), evidence.line),
        None => (Arc::from(own::SERVICE), 0),
    };
    Record {
        event_id: EventId(alert.alert_id.0),
        seq: number,
        line,
        correlation_ids: alert.correlation_ids,
        fields,
        raw: json.to_owned(),
        ..own::record(alert.time, log_level, source, alert.summary)
    }
}
