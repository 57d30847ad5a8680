//! Records of what soctop itself has to say, among those of what it has read.

use std::sync::Arc;

use crate::event::{EventId, Flags, Format, LogLevel, Outcome, Record, RecordField, TimeQuality, Timestamp};

/// The service that says it.
pub const SERVICE: &str = "soctop";

/// A record of `time` (UTC) about `source`, without an address, fields or text of its own.
pub fn record(time: Timestamp, level: LogLevel, source: Arc<str>, message: String) -> Record {
    Record {
        event_id: EventId(0),
        seq: 0,
        time,
        time_quality: TimeQuality::Exact,
        ingested: time,
        level,
        message,
        source,
        line: 0,
        outcome: Outcome::Parsed,
        flags: Flags::default(),
        format: Format::default(),
        service: SERVICE.to_owned(),
        correlation_ids: Vec::new(),
        fields: Vec::new(),
        raw: String::new(),
    }
}

/// A field that stands in no line.
pub fn field(name: &str, value: String, is_string: bool) -> RecordField {
    RecordField { name: name.into(), value, is_string, derived: true, joined: false }
}
