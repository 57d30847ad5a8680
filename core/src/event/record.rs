//! An event that left the hot path: owned, self-describing, serialisable.
//!
//! The dashboard's rows, search results and `soctop trace` all speak `Record`; the index stores
//! enough to rebuild one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Event, EventId, Flags, Format, Kind, Origin, Outcome, PathId, PathNames, Redacted, TimeQuality,
    Timestamp, canonical,
};

/// Severity as the log says it, in the order of urgency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Trace,
    Debug,
    /// The line names no level.
    #[default]
    Unknown,
    Info,
    Notice,
    Warn,
    Error,
    Critical,
}

impl LogLevel {
    pub const ALL: [LogLevel; 8] = [
        Self::Trace,
        Self::Debug,
        Self::Unknown,
        Self::Info,
        Self::Notice,
        Self::Warn,
        Self::Error,
        Self::Critical,
    ];

    /// Reads a canonical level word (as `normalize` writes it).
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "notice" => Self::Notice,
            "warn" | "warning" => Self::Warn,
            "error" => Self::Error,
            "critical" | "fatal" | "alert" | "emergency" => Self::Critical,
            _ => Self::Unknown,
        }
    }

    /// The canonical word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Unknown => "",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// A field by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordField {
    pub name: Arc<str>,
    pub value: String,
    /// False for numbers, booleans and null: they print without quotes.
    pub is_string: bool,
    /// Found by `normalize` or joined, not written in the line under this name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
}

/// An event as people look at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub event_id: EventId,
    pub seq: u64,
    /// Event time; the arrival where the line had none (see `time_quality`).
    #[serde(rename = "@timestamp")]
    pub time: Timestamp,
    pub time_quality: TimeQuality,
    pub ingested: Timestamp,
    /// Path of the file, or `stdin`.
    pub source: Arc<str>,
    pub line: u64,
    pub outcome: Outcome,
    /// What is out of the ordinary about how it was read.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    pub flags: Flags,
    pub format: Format,
    pub level: LogLevel,
    pub service: String,
    pub message: String,
    pub correlation_ids: Vec<String>,
    /// Scalar fields, in document order, then derived ones.
    pub fields: Vec<RecordField>,
    pub raw: String,
}

impl Record {
    /// Copies what people look at out of an event.
    #[must_use]
    pub fn from_event(event: &Redacted, source: &Arc<str>, paths: &PathNames) -> Self {
        let fields = event
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| !field.kind.is_container())
            .map(|(index, field)| RecordField {
                name: shared_name(event, index, field.path, paths),
                value: event.text(field.span).to_owned(),
                is_string: field.kind == Kind::String,
                derived: field.origin == Origin::Canonical,
                joined: field.origin == Origin::Joined,
            })
            .collect();
        let own = |path| event.get(path).unwrap_or_default().to_owned();
        Self {
            event_id: event.id(),
            seq: event.meta.seq,
            time: event.meta.time.unwrap_or(event.meta.ingested),
            time_quality: event.meta.time_quality,
            ingested: event.meta.ingested,
            source: Arc::clone(source),
            line: event.meta.line,
            outcome: event.meta.outcome,
            flags: event.meta.flags,
            format: event.meta.format,
            level: LogLevel::parse(event.get(canonical::LOG_LEVEL).unwrap_or_default()),
            service: own(canonical::SERVICE_NAME),
            message: event.get(canonical::MESSAGE).unwrap_or(event.raw()).to_owned(),
            correlation_ids: event.all(canonical::CORRELATION_ID).map(str::to_owned).collect(),
            fields,
            raw: event.raw().to_owned(),
        }
    }

    /// The value of the first field with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| &*field.name == name).map(|field| field.value.as_str())
    }
}

fn shared_name(event: &Event, index: usize, path: PathId, paths: &PathNames) -> Arc<str> {
    paths.shared_name(path).unwrap_or_else(|| event.name(index, paths).into())
}
