//! What is noted of a partition when it is sealed, so that it need not be opened to be passed over.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::view::Counts;
use crate::event::Timestamp;

/// The file in the directory of a partition; written last when it is sealed.
pub const SUMMARY: &str = "summary.json";

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSummary {
    pub counts: Counts,
    /// The least and the greatest event time, nanoseconds; `None` without an event.
    pub times: Option<(i64, i64)>,
    /// When its first and its last line were read.
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

impl SealedSummary {
    /// What was noted; `None` as long as the partition is not sealed, or where the file cannot be read.
    pub fn read(partition: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(partition.join(SUMMARY)).ok()?).ok()
    }
}
