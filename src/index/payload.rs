//! What a commit says beside its documents: how far every source was read, what comes next, where
//! detection stands. It travels in tantivy's commit payload, so documents and position become
//! durable in one step or not at all; every other file is named by it or is a copy of it.
//!
//! Form: `soctop1 <checksum, 16 hex digits> <JSON>`. The checksum guards against a foreign or
//! half-written payload, not against malice.

use std::collections::HashSet;
use std::io;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::archive::ArchiveExtent;
use super::directory::Directory;
use super::error::Error;
use crate::event::{Cursor, GenerationId, Timestamp};

/// A fifth smaller than zstd's quickest, at a time that a state of detection every few seconds does not feel.
const SNAPSHOT_LEVEL: i32 = 3;

/// What the committer wants to be durable together with the documents added since the last commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Position {
    /// How far each generation has been read, all of them, finished ones included.
    pub cursors: Vec<Cursor>,
    /// The number the next event will get.
    pub seq_next: u64,
    /// Everything that was read before this arrival time is in the commit.
    pub read_to: Option<Timestamp>,
    /// Counts of what became of every line; the store does not look inside.
    pub ledger: serde_json::Value,
    /// A new snapshot of the detection state; `None` keeps the one committed before.
    pub detection: Option<Detection>,
    /// Alerts before this one have left the process.
    pub outbox_done: u64,
    /// What the writer cannot read at the time, in words.
    pub unread: Vec<String>,
}

/// Detection state, packed, with what is needed to know whether it still fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    pub(super) packed: Vec<u8>,
    /// Hash of the rules it belongs to.
    pub rules: String,
    /// The snapshot contains every event before this number.
    pub seq: u64,
}

impl Detection {
    /// The state that `write` writes: it is packed on the way, and never there as a whole.
    ///
    /// # Errors
    /// Those of `write`, and when there is no memory to pack it.
    pub fn written(
        rules: String,
        seq: u64,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let packed = pack(write).map_err(|error| Error::Write { reason: error.to_string() })?;
        Ok(Self { packed, rules, seq })
    }

    /// What was written.
    ///
    /// # Errors
    /// When it is not what was packed.
    pub fn snapshot(&self) -> io::Result<Vec<u8>> {
        zstd::stream::decode_all(self.packed.as_slice())
    }
}

fn pack(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut packer = zstd::stream::Encoder::new(Vec::new(), SNAPSHOT_LEVEL)?;
    write(&mut packer)?;
    packer.finish()
}

/// What a commit holds, as it was read back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// Number of the commit; every document carries the number of the commit that made it durable.
    pub epoch: u64,
    /// Which store this is; must agree with the marker of the directory.
    pub instance: String,
    pub seq_next: u64,
    /// The number the next alert document will get.
    pub alerts_next: u64,
    /// All of them, once they were [read](Payload::read_cursors).
    #[serde(skip)]
    pub cursors: Vec<Cursor>,
    /// Those that are told here: all, or such as are further than in the file.
    #[serde(default, rename = "cursors")]
    pub(super) told: Vec<Cursor>,
    /// The others stand in this file, because they are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursors_file: Option<FileReference>,
    #[serde(default)]
    pub read_to: Option<Timestamp>,
    #[serde(default)]
    pub ledger: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionReference>,
    #[serde(default)]
    pub outbox_done: u64,
    /// What the writer could not read at the time, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// How far the archive of the partition goes.
    #[serde(default)]
    pub(super) archive: ArchiveExtent,
    /// The partition is full: the next commit goes to another.
    #[serde(default)]
    pub(super) sealed: bool,
    /// When the first line of the partition was read.
    #[serde(default)]
    pub began: Option<Timestamp>,
    /// What was removed to keep to the age and size that were asked for.
    #[serde(default)]
    pub retired: Retired,
}

/// What retention has removed since the store was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    pub partitions: u64,
    pub events: u64,
    pub alerts: u64,
    /// What was read before this arrival time may be gone.
    pub read_to: Option<Timestamp>,
}

impl Retired {
    /// What was removed, as a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let until = self.read_to.map(|time| format!(", read until {time}")).unwrap_or_default();
        format!("{} old events and {} alerts were removed from the index{until}", self.events, self.alerts)
    }

    /// The sum with what is removed now.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            partitions: self.partitions + more.partitions,
            events: self.events + more.events,
            alerts: self.alerts + more.alerts,
            read_to: self.read_to.max(more.read_to),
        }
    }
}

/// A file beside the index, with the hash of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReference {
    pub name: String,
    pub blake3: String,
}

impl FileReference {
    pub(super) fn of(name: String, bytes: &[u8]) -> Self {
        Self { name, blake3: blake3::hash(bytes).to_hex().to_string() }
    }

    /// Whether `bytes` are those that were written.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        blake3::hash(bytes).to_hex().as_str() == self.blake3
    }
}

/// Where the detection snapshot stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionReference {
    #[serde(flatten)]
    pub file: FileReference,
    pub rules: String,
    pub seq: u64,
}

/// Why a commit payload is not one of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PayloadError {
    #[error("the last commit has no position")]
    Absent,
    #[error("the position in the last commit has an unknown form")]
    Form,
    #[error("the position in the last commit fails its checksum")]
    Checksum,
}

const TAG: &str = "soctop1";

impl Payload {
    /// Puts all cursors together: those that are told, and those of the file, where they are many.
    ///
    /// # Errors
    /// When the file is not there or not what was written.
    pub(super) fn read_cursors(&mut self, directory: &Directory) -> Result<(), Error> {
        self.cursors.clone_from(&self.told);
        let Some(file) = &self.cursors_file else { return Ok(()) };
        let bytes = directory.read(&file.name)?;
        let damaged = |reason| Error::Damaged { path: directory.path().join(&file.name), reason };
        if !file.fits(&bytes) {
            return Err(damaged("it is not what was written".to_owned()));
        }
        let others: Vec<Cursor> =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let told: HashSet<GenerationId> = self.told.iter().map(|cursor| cursor.generation).collect();
        self.cursors.extend(others.into_iter().filter(|cursor| !told.contains(&cursor.generation)));
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<String, Error> {
        let json = serde_json::to_string(self).map_err(|error| Error::form(&error))?;
        Ok(format!("{TAG} {:016x} {json}", xxh3_64(json.as_bytes())))
    }

    pub(super) fn parse(text: Option<&str>) -> Result<Self, PayloadError> {
        let text = text.ok_or(PayloadError::Absent)?;
        let mut parts = text.splitn(3, ' ');
        let (Some(TAG), Some(checksum), Some(json)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(PayloadError::Form);
        };
        if checksum != format!("{:016x}", xxh3_64(json.as_bytes())) {
            return Err(PayloadError::Checksum);
        }
        serde_json::from_str(json).map_err(|_| PayloadError::Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_back_and_damage_is_named() {
        let payload = Payload { epoch: 7, instance: "a b".into(), seq_next: 9, ..Payload::default() };
        let text = payload.to_text().unwrap();
        assert_eq!(Payload::parse(Some(&text)), Ok(payload));
        assert_eq!(Payload::parse(None), Err(PayloadError::Absent));
        assert_eq!(Payload::parse(Some("")), Err(PayloadError::Form));
        assert_eq!(Payload::parse(Some("{\"epoch\":1}")), Err(PayloadError::Form));
        assert_eq!(Payload::parse(Some(&text.replace(":7", ":8"))), Err(PayloadError::Checksum));
        assert_eq!(Payload::parse(text.get(..text.len() - 1)), Err(PayloadError::Checksum));
    }
}
