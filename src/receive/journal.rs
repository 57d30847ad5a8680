//! The journal of systemd, through `journalctl`, which knows its files; entries are JSON, a line each.
//!
//! Each entry holds the cursor after which a new run goes on. The last one is also kept beside the spool, whose
//! segments go when they are stored.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::{Intake, spool};
use crate::whole_file::replace_file_surely;

/// A journal that ends (it was rotated, the reader was killed) is opened again after this.
const REOPEN: Duration = Duration::from_secs(5);
/// The cursor is written this often at most while entries come.
const ENTRIES_PER_CURSOR: usize = 1000;
const MARK_EVERY: Duration = Duration::from_secs(1);

/// The journal of a unit, or the whole.
pub(super) struct Journald {
    unit: Option<String>,
    cursor_file: PathBuf,
}

/// Of an entry, what is needed to find it again.
#[derive(Deserialize)]
struct EntryPlace {
    #[serde(rename = "__CURSOR")]
    cursor: String,
}

impl Journald {
    /// Goes on after the last entry in the spool of `folder`, which knows it best as long as it holds any, else
    /// after the one that was marked.
    ///
    /// # Errors
    /// When the place cannot be kept.
    pub(super) fn new(unit: Option<String>, folder: &Path) -> io::Result<Self> {
        mark_kept(folder)?;
        Ok(Self { unit, cursor_file: folder.join(CURSOR_FILE) })
    }

    /// Keeps entries for ever.
    pub(super) async fn receive(self, intake: &Intake) -> io::Result<()> {
        let mut said = String::new();
        loop {
            let ended = self.follow(intake).await;
            let words = match ended {
                Ok(status) => format!("the journal cannot be read: `journalctl` ended with {status}"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(io::Error::new(error.kind(), "`journalctl` is not installed"));
                }
                Err(error) => format!("the journal cannot be read: {error}"),
            };
            if words != said {
                let hint =
                    "`journalctl -n 1` as the same user shows why; the group systemd-journal may read it";
                intake.remark(words.clone(), Some(hint.to_owned()));
                said = words;
            }
            tokio::time::sleep(REOPEN).await;
        }
    }

    async fn follow(&self, intake: &Intake) -> io::Result<std::process::ExitStatus> {
        let mut child = self.start()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        self.keep_entries(output, intake).await?;
        child.wait().await
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new("journalctl");
        command.args(["--follow", "--output=json", "--all", "--no-pager", "--quiet"]);
        match fs::read_to_string(&self.cursor_file) {
            Ok(cursor) => command.arg(format!("--after-cursor={cursor}")),
            Err(_) => command.arg("--lines=all"),
        };
        if let Some(unit) = &self.unit {
            command.arg(format!("--unit={unit}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()
    }

    async fn keep_entries(&self, output: ChildStdout, intake: &Intake) -> io::Result<()> {
        let mut entries = BufReader::with_capacity(256 << 10, output);
        let mut line = Vec::new();
        let mut last = None;
        let mut unmarked = 0;
        loop {
            let more = tokio::time::timeout(MARK_EVERY, entries.read_until(b'\n', &mut line)).await;
            let (has_ended, is_late) = (matches!(more, Ok(Ok(0))), more.is_err());
            if let Ok(read) = more {
                read?;
                if line.ends_with(b"\n") {
                    intake.hold_last(true);
                    intake.keep_in_time(&line).await;
                    last = cursor_of(&line).or(last);
                    line.clear();
                    unmarked += 1;
                }
            }
            if unmarked > 0 && (is_late || has_ended || unmarked >= ENTRIES_PER_CURSOR) {
                // Entries first, then the place: what lies between them the spool still holds.
                intake.sync()?;
                last.as_deref().map_or(Ok(()), |cursor| mark(&self.cursor_file, cursor))?;
                intake.hold_last(false);
                unmarked = 0;
            }
            if has_ended {
                return Ok(());
            }
        }
    }
}

/// Beside the segments of a spool.
const CURSOR_FILE: &str = "cursor";

/// Marks the last entry in the spool of `folder`, if there is any: its segment goes when it is stored.
///
/// # Errors
/// When the place cannot be kept.
pub(super) fn mark_kept(folder: &Path) -> io::Result<()> {
    let kept = spool::last_line(folder).and_then(|line| cursor_of(&line));
    kept.map_or(Ok(()), |cursor| mark(&folder.join(CURSOR_FILE), &cursor))
}

/// A new run goes on after this entry.
fn mark(cursor_file: &Path, cursor: &str) -> io::Result<()> {
    replace_file_surely(cursor_file, cursor)
}

fn cursor_of(entry: &[u8]) -> Option<String> {
    serde_json::from_slice::<EntryPlace>(entry).ok().map(|place| place.cursor)
}
