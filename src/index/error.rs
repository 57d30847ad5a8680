//! What can go wrong with the store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::query::{QueryError, SearchFailure};

/// An error of the store. [`Error::hint`] says what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {operation} `{}`", path.display())]
    Io {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the data directory `{}` is in use by {}", path.display(), holder(*pid))]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error("the data directory `{}` can be written by other users (mode {mode:o})", path.display())]
    Insecure { path: PathBuf, mode: u32 },
    #[error("the data directory `{}` belongs to user {owner}, or is a link of theirs", path.display())]
    Foreign { path: PathBuf, owner: u32 },
    #[error("`{}` is not a soctop data directory", path.display())]
    NotAStore { path: PathBuf },
    #[error("the data directory `{}` has format {found}, this program reads format {expected}", path.display())]
    Format { path: PathBuf, found: u32, expected: u32 },
    /// The store was initialised, but its index is gone: never treated as a fresh start.
    #[error("the index in `{}` is lost: `{}` is missing", path.display(), missing.display())]
    Lost { path: PathBuf, missing: PathBuf },
    #[error("the index in `{}` is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("the index cannot be written: {reason}")]
    Write { reason: String },
    /// Writing failed, and more was added since the last commit than is held in memory: reading
    /// must start again from the committed cursors.
    #[error("the index cannot be written and events since the last commit must be read again: {reason}")]
    Rewind { reason: String },
    /// Writing failed and the memory for events on hold is full.
    #[error("the index cannot be written and {held} events wait: {reason}")]
    Full { held: usize, reason: String },
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the search failed: {reason}")]
    Search { reason: String },
    #[error("the search took longer than {seconds} seconds and was given up")]
    TooSlow { seconds: u64 },
    /// Several correlation ids begin so.
    #[error("several ids begin with `{beginning}`: {}", ids.join(", "))]
    AmbiguousId { beginning: String, ids: Vec<String> },
    #[error("the values of `{field}` are not counted: nearly every event has its own")]
    NotCounted { field: String },
    #[error("the field has more than {most} different values")]
    TooManyValues { most: usize },
}

/// The error of the operating system behind an error, when it says nothing about what lies in the files:
/// too many open files, no permission, a broken disk.
pub(super) fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<io::Error> {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let code = causes.into_iter().find_map(|cause| {
        let plain = cause.downcast_ref::<io::Error>();
        let shared = cause.downcast_ref::<std::sync::Arc<io::Error>>();
        plain.or(shared.map(|shared| &**shared))?.raw_os_error()
    })?;
    let refusal = io::Error::from_raw_os_error(code);
    (refusal.kind() != io::ErrorKind::NotFound).then_some(refusal)
}

/// Whether the process, or the system, has as many files open as it may.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        rustix::io::Errno::from_io_error(error),
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl Error {
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    pub(super) fn write(error: &tantivy::TantivyError) -> Self {
        Self::Write { reason: error.to_string() }
    }

    /// What is to be stored cannot be written as JSON.
    pub(super) fn form(error: &serde_json::Error) -> Self {
        Self::Write { reason: error.to_string() }
    }

    pub(super) fn search(error: &tantivy::TantivyError) -> Self {
        match refusal(error) {
            Some(source) => Self::Io { operation: "search", path: "the index".into(), source },
            None => Self::Search { reason: error.to_string() },
        }
    }

    /// What the dashboard is told.
    #[must_use]
    pub fn failure(&self) -> SearchFailure {
        match self {
            Self::Query(error) => error.into(),
            other => SearchFailure { message: other.to_string(), column: None, hint: other.hint() },
        }
    }

    /// A next step for the operator.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "run as the owner of the data directory, or name another with `--data-dir`".to_owned()
            }
            Self::Io { source, .. } if is_out_of_descriptors(source) => {
                "allow more open files (`ulimit -n`)".to_owned()
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free space on the disk, or name a directory on another one with `--data-dir`".to_owned()
            }
            Self::Locked { .. } => {
                "end that process, or name another `--data-dir`; `soctop search` and `soctop trace` read beside it"
                    .to_owned()
            }
            Self::Insecure { path, .. } => format!("run `chmod 700 {}`", path.display()),
            Self::Foreign { .. } => "run as its owner, or name another with `--data-dir`".to_owned(),
            Self::NotAStore { .. } => {
                "name an empty or new directory with `--data-dir`, or read logs with `soctop ingest` first"
                    .to_owned()
            }
            Self::Format { found, expected, .. } if found > expected => {
                "a newer soctop wrote it: use that one, or name another `--data-dir`".to_owned()
            }
            Self::Format { path, .. } => older_store(path),
            Self::Lost { .. } | Self::Damaged { .. } | Self::Search { .. } => {
                "`soctop doctor` shows what is damaged, and `--quarantine` puts it aside; or name another `--data-dir` \
                 and read the logs again with `soctop ingest`"
                    .to_owned()
            }
            Self::Write { .. } | Self::Full { .. } => {
                "look at free space and permissions of the data directory; writing is tried again".to_owned()
            }
            Self::AmbiguousId { .. } => "write more of the id".to_owned(),
            Self::NotCounted { .. } => "count another field, or list the events".to_owned(),
            Self::TooManyValues { .. } | Self::TooSlow { .. } => "narrow the query or the time: `--since 1h`".to_owned(),
            Self::Query(error) => return error.hint(),
            Self::Io { .. } | Self::Rewind { .. } => return None,
        };
        Some(hint)
    }
}

/// What to type where an older soctop wrote the store: logs that still exist are read again, and all others come out of it
/// as the lines that they were.
fn older_store(path: &Path) -> String {
    let path = path.display();
    format!(
        "an older soctop wrote it. `mv {path} {path}.old`, then start again: logs that still exist are read from their \
         beginning. For lines that are in no log any more: `OLD_SOCTOP search '' --data-dir {path}.old --limit 1000000000 \
         --sort oldest --format raw > old.log` with the older program, then `soctop ingest old.log`"
    )
}
