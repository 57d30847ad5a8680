//! What sources send: whole lines with their addresses, and facts about the source itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::source::{GenerationId, SourceId};
use super::{Cadence, Cause, Timestamp, Trouble, file};

/// One line in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSpan {
    /// Where the line starts in [`Chunk::bytes`], and its length there, without `\n` and a `\r` before it.
    pub start: u32,
    pub len: u32,
    /// Byte offset of the line in its generation.
    pub offset: u64,
    /// Length in bytes on disk, terminator included. More than `len` + 2 only for a cut line.
    pub disk_len: u64,
    /// The line was longer than the limit; `bytes` holds its head.
    pub cut: bool,
}

/// Consecutive lines of one generation. One without lines only says where reading stands: the first
/// of each generation does, so that a commit knows the generation before any of its lines.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    pub source: SourceId,
    pub generation: GenerationId,
    /// Number of the first line in the generation, from 1.
    pub first_line: u64,
    pub bytes: Vec<u8>,
    pub lines: Vec<LineSpan>,
    /// Bytes passed over that belong to no line (NUL padding, byte order mark).
    pub padding_bytes: u64,
    /// Where reading stands after this chunk; commit it together with the chunk's events.
    pub cursor: Cursor,
    /// When the bytes were read, UTC.
    pub read_at: Timestamp,
}

/// How far one generation has been read. Committed with the events, verified before resuming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub generation: GenerationId,
    /// Where an input names the file, or named it when it was first read.
    #[serde(with = "file::whole")]
    pub path: PathBuf,
    /// Where the file itself was last seen, if not there: it was renamed, or `path` is a link.
    #[serde(default, with = "file::optional", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<PathBuf>,
    pub device: u64,
    pub inode: u64,
    /// Nanoseconds since 1970; `None` where the file system has no birth time.
    pub birth: Option<i64>,
    /// Everything before this byte has been read. Always just after a newline, or at a finished end.
    pub end: u64,
    /// Lines before `end`.
    pub lines: u64,
    /// Hash of the first `head_len` bytes (at most 1 KiB).
    pub head_len: u32,
    pub head_hash: u64,
    /// Hash of the `fingerprint_len` bytes before `end` (at most 4 KiB).
    #[serde(alias = "witness_len")]
    pub fingerprint_len: u32,
    #[serde(alias = "witness_hash")]
    pub fingerprint_hash: u64,
    /// Bytes in the file when it was last looked at; 0 where that is not known.
    #[serde(default)]
    pub size: u64,
    /// Nothing more will come: rotated away and read to its end.
    pub finished: bool,
    /// How the source has spoken while it was followed.
    #[serde(default)]
    pub cadence: Cadence,
}

/// Bytes known or suspected lost. A first-class record: shown, indexed, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub generation: GenerationId,
    #[serde(with = "file::whole")]
    pub path: PathBuf,
    pub from: u64,
    /// `None`: unknown how much.
    pub to: Option<u64>,
    pub cause: GapCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The file became shorter than what had been read.
    Truncated,
    /// The bytes before the cursor are not those that were read.
    Rewritten,
    /// The generation vanished before it was read to its end.
    Vanished,
    /// The operating system refused to read.
    Unreadable,
}

impl GapCause {
    /// Why bytes are missing, as the end of a sentence.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Truncated => "it was truncated before it was read to its end",
            Self::Rewritten => "it was rewritten: what was read of it is no longer there",
            Self::Vanished => "it vanished, or was compressed, before it was read to its end",
            Self::Unreadable => "it could not be read any further",
        }
    }
}

/// Everything a source can say.
#[derive(Clone, Debug)]
pub enum SourceMessage {
    /// A generation is being read from `offset`.
    Opened {
        source: SourceId,
        path: PathBuf,
        offset: u64,
        size: u64,
        /// What it holds has been written since somebody looks: it was not there before, or is a stream.
        is_live: bool,
    },
    Lines(Chunk),
    Gap(SourceId, Gap),
    /// Everything on disk has been read; `size` is the size then.
    CaughtUp {
        source: SourceId,
        size: u64,
    },
    /// Progress that needs no lines: how many bytes are on disk now.
    Grown {
        source: SourceId,
        size: u64,
    },
    /// The generation is finished (rotated, deleted, end of standard input or of a replay).
    Closed {
        source: SourceId,
        cursor: Cursor,
    },
    /// Something that happened and is over, in words.
    Remark {
        message: String,
        hint: Option<String>,
    },
    /// Something keeps from reading, until [`SourceMessage::Over`] says that it does not any more.
    Trouble(Trouble),
    Over {
        about: PathBuf,
        cause: Cause,
    },
    /// A finished generation whose file exists no more: its cursor need not be kept for ever.
    Gone(GenerationId),
    /// All sources that can end have ended (replay, ingest, standard input closed).
    Finished,
}
