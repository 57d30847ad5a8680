//! Gaps as documents: what is lost is searchable like what was read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::own;
use crate::event::{EventId, Gap, LogLevel, Record, Timestamp, shown};
use crate::query::name::{KIND, KIND_GAP};

/// What is stored of a gap.
#[derive(Serialize, Deserialize)]
pub struct StoredGap {
    /// When it was found.
    #[serde(default)]
    pub at: Timestamp,
    #[serde(flatten)]
    pub gap: Gap,
}

impl StoredGap {
    /// The gap as people look at events.
    pub fn into_record(self, json: String) -> Record {
        let Self { at, gap } = self;
        let lost = gap.to.map(|to| to.saturating_sub(gap.from));
        let source: Arc<str> = shown(&gap.path).to_string().into();
        let (from, why) = (gap.from, gap.cause.in_words());
        let what = match lost {
            Some(0) => "it was emptied after it was read; nothing is known to be lost".to_owned(),
            Some(bytes) => format!("{bytes} bytes were lost after byte {from}: {why}"),
            None => format!("lines may be lost after byte {from}: {why}"),
        };
        let number = |name: &str, value: u64| own::field(name, value.to_string(), false);
        let mut fields = vec![own::field(KIND, KIND_GAP.to_owned(), true)];
        fields.push(number("gap.from", gap.from));
        fields.extend(gap.to.map(|to| number("gap.to", to)));
        fields.extend(lost.map(|bytes| number("gap.lost_bytes", bytes)));
        let message = format!("{source}: {what}");
        Record {
            event_id: EventId::of(gap.generation, gap.from),
            fields,
            raw: json,
            ..own::record(at, LEVEL, source, message)
        }
    }
}

/// The level by which lists and graphs order a gap among events.
pub const LEVEL: LogLevel = LogLevel::Warn;
