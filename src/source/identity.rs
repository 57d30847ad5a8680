//! Which file is it: device, inode and birth time; and the address that its events get.
//!
//! An inode number alone names nothing: ext4 gives the number of a deleted file to the next one.
//! The birth time tells the two apart; where a file system has none, the fingerprint before the cursor
//! does. A hash of the first bytes is never an identity, only a reason to look closer: many logs
//! begin with the same header.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::xxh3_64;

use crate::event::{Cursor, GenerationId};

/// One file of a file system, for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// Nanoseconds since 1970; `None` where the file system keeps no birth time.
    pub(crate) birth: Option<i64>,
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let birth = metadata.created().ok().and_then(|time| {
            let since = time.duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(since.as_nanos()).ok()
        });
        Self { device: metadata.dev(), inode: metadata.ino(), birth }
    }

    pub(crate) fn of_cursor(cursor: &Cursor) -> Self {
        Self { device: cursor.device, inode: cursor.inode, birth: cursor.birth }
    }

    /// The generation of this file when it is first seen.
    pub(crate) fn generation(self) -> GenerationId {
        let birth = self.birth.unwrap_or(i64::MIN);
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.device.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.inode.to_le_bytes());
        bytes[16..].copy_from_slice(&birth.to_le_bytes());
        GenerationId(xxh3_64(&bytes))
    }
}

/// The generation that follows `previous` in the same file, after it was truncated or rewritten
/// when `end` bytes of it had been read. The same history gives the same id.
pub(crate) fn successor(previous: GenerationId, end: u64, fingerprint_hash: u64) -> GenerationId {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&previous.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&end.to_le_bytes());
    bytes[16..].copy_from_slice(&fingerprint_hash.to_le_bytes());
    GenerationId(xxh3_64(&bytes))
}

/// The generation of a recording that is replayed: the same content at the same place of the input
/// has the same events, wherever the file lies and however often it is read.
pub(crate) fn of_content(ordinal: u64, head: &[u8]) -> GenerationId {
    GenerationId(xxh3_64(&[&ordinal.to_le_bytes(), head].concat()))
}

/// A cursor must cover this many bytes before a file is taken for a copy on the strength of its
/// content alone; shorter beginnings are often the same in different logs.
const EVIDENCE_BYTES: u64 = 1024;

/// True when a file that holds what stands before the cursor can only be a copy of the cursor's file.
pub(crate) fn is_evidence(cursor: &Cursor) -> bool {
    cursor.end >= EVIDENCE_BYTES && cursor.head_len > 0
}
