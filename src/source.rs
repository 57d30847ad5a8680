//! Reads logs: files that grow, rotate and vanish, whole directories of them, and standard input.
//!
//! ```text
//! Input ─► paths: what exists ─► identity: which file is it ─► reader ─► lines ─► Chunk
//!             ▲                        ▲                          ▲
//!        every few seconds        watch: hints             cursor, fingerprint
//! ```
//!
//! [`run`] does all of it on the calling thread and sends [`SourceMessage`]s
//! through a bounded channel: when the consumer is slow, reading waits and the files are the buffer.
//!
//! Promises, each with its test in `tests/it/tail.rs`:
//! - every complete line of a file that still exists is sent once, through rotation, truncation and
//!   restart from the committed cursors;
//! - the byte ledger adds up: a generation's end is the sum of its lines and its padding;
//! - where bytes are or may be lost, a gap is sent that says so;
//! - nothing is ever written, no path can block an open, and memory does not depend on file sizes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::event::{Cursor, LineSpan, Timestamp};

mod changes;
mod encoding;
mod follow;
mod identity;
mod input;
mod lines;
mod once;
mod outbox;
mod paths;
mod reader;
mod stop;
mod watch;

pub use changes::{Changes, Woken};
pub use input::{Input, InputError, Pattern, looks_like_log};
pub use once::{Listing, list};
pub use stop::Stop;

use crossbeam_channel::Sender;

use crate::event::SourceMessage;
use lines::LineLimits;
use outbox::Outbox;
use reader::Sizes;

/// Where reading begins in a file that is there at the start and has no cursor. A file that
/// appears later is always read from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    #[default]
    Start,
    End,
}

/// Which symbolic links are followed. A file named by itself is followed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    Follow,
    /// Links of root, and links whose owner also owns the target: whoever may write into a log
    /// directory cannot make soctop read what they could not read themselves.
    #[default]
    SameOwner,
    Never,
}

/// How events are addressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// By device, inode and birth time: a file keeps its address through renames and restarts.
    #[default]
    File,
    /// By place in the input and first bytes: the same recording has the same addresses everywhere.
    Content,
}

/// How much of the end of a cut line is kept.
const CUT_TAIL_BYTES: usize = 64 << 10;

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    pub from: From,
    /// Goes on after the end of the files; otherwise each is read once, in order, to its end.
    pub follow: bool,
    pub addresses: Addresses,
    /// How far earlier runs have read, in any order.
    pub cursors: Vec<Cursor>,
    /// Longer lines are cut.
    pub line_limit_bytes: usize,
    /// What is kept of the beginning of a cut line; of its end it is what is left of the limit, up to 64 KiB.
    pub cut_head_bytes: usize,
    /// At most this much is read at once; the usual size of a chunk when there is much to read.
    pub chunk_bytes: usize,
    /// Everything is looked at this often, whatever the notifications say.
    pub reconcile_interval: Duration,
    /// The same where notifications do not work.
    pub poll_interval: Duration,
    /// Without notifications nothing is watched: file systems without events, tests.
    pub notifications: bool,
    /// While data keeps coming it is collected for this long.
    pub coalesce: Duration,
    /// A rotated or deleted file is closed when it has been silent for this long.
    pub rotation_quiet: Duration,
    /// Never read: soctop's own data.
    pub exclude: Vec<PathBuf>,
    /// Folders below `exclude` that are read, and from their start: what was received and is not stored yet.
    pub spools: Vec<PathBuf>,
    pub symlinks: Symlinks,
    /// How many levels below a directory, or below `**`, are looked at.
    pub directory_depth: usize,
    /// Beyond so many open files, or half of what the process may open, those that are idle are
    /// closed and reopened when they change.
    pub open_files_max: usize,
    /// Sets the addresses of standard input apart from those of another run.
    pub instance: u64,
    /// Sets the addresses of a file apart from those of an equal one read by another `run`
    /// ([`Addresses::Content`] only).
    pub first_ordinal: u64,
    /// How many of the last of these lines may be parts of an event that goes on in what is read next. They are given
    /// together with it, or when nothing has come for [`Options::patience`].
    pub waiting: fn(&[u8], &[LineSpan]) -> usize,
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            from: From::Start,
            follow: true,
            addresses: Addresses::File,
            cursors: Vec::new(),
            line_limit_bytes: 1 << 20,
            cut_head_bytes: (1 << 20) - CUT_TAIL_BYTES,
            chunk_bytes: 256 << 10,
            reconcile_interval: Duration::from_secs(5),
            poll_interval: Duration::from_secs(1),
            notifications: true,
            coalesce: Duration::from_millis(20),
            rotation_quiet: Duration::from_secs(30),
            exclude: Vec::new(),
            spools: Vec::new(),
            symlinks: Symlinks::SameOwner,
            directory_depth: 8,
            open_files_max: 1024,
            instance: 0,
            first_ordinal: 0,
            waiting: |_, _| 0,
            patience: Duration::from_millis(200),
        }
    }
}

impl Options {
    pub(crate) fn sizes(&self) -> Sizes {
        let limits =
            LineLimits { line: self.line_limit_bytes, head: self.cut_head_bytes, tail: CUT_TAIL_BYTES };
        Sizes { limits, chunk: self.chunk_bytes, waiting: self.waiting }
    }
}

/// Why reading could not begin. Trouble with a single file is a message, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot make a pipe to wait for changes: {0}")]
    Pipe(#[source] std::io::Error),
}

/// Reads the inputs on the calling thread until they end, `stop` is used or the receiver is gone.
///
/// Blocks while the channel is full. Ends by itself when nothing is followed, or when standard
/// input was the only input and has ended; then the last message is [`SourceMessage::Finished`].
pub fn run(
    inputs: Vec<Input>,
    options: Options,
    sender: Sender<SourceMessage>,
    stop: Stop,
) -> Result<(), Error> {
    let outbox = Outbox::new(sender, stop);
    if options.follow {
        // Links to directories and the working directory may change while we follow.
        let inputs = inputs.into_iter().map(Input::absolute).collect();
        follow::run(inputs, options, outbox)
    } else {
        once::run(&inputs, &options, outbox);
        Ok(())
    }
}

/// Whether a file of this path would be read for the input, by its name, also where the input goes by
/// another name of the same folder.
#[must_use]
pub fn would_read(input: &Input, path: &Path, options: &Options) -> bool {
    let input = input.clone().absolute();
    let real = input.clone().real();
    [Some(input), real].into_iter().flatten().any(|input| input.covers(path, options.directory_depth))
}

/// The arrival time, UTC.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
