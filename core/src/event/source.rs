//! What is read: a source, and the files that it is one after the other.

use serde::{Deserialize, Serialize};

/// Number of a source (a path, or standard input) within one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

/// One concrete incarnation of a file: hash of (device, inode, birth time or head). Stable across runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GenerationId(pub u64);
