//! The journal of decisions beside the data: one line an entry, only ever appended to, on disk before it
//! counts. Everybody who looks at the same data reads the same file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::event::number::to_u64;
use crate::triage::{Decisions, Entry};

/// Name of the file in the data directory.
const FILE: &str = "decisions.ndjson";

/// The open journal.
pub struct Journal {
    path: PathBuf,
    /// Length of the file when it was last read.
    read_to: u64,
}

/// What the file holds.
#[derive(Debug, Default)]
pub struct Journalled {
    pub decisions: Decisions,
    /// Lines that are no entries.
    pub unreadable: usize,
}

impl Journal {
    /// Where the journal of a data directory is; the file may not be there yet.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FILE), read_to: 0 }
    }

    /// Everything in it. A journal that is not there is empty.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&mut self) -> io::Result<Journalled> {
        let mut text = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        self.read_to = to_u64(text.len());
        let mut decisions = Decisions::default();
        let mut unreadable = 0;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(entry) => drop(decisions.push(entry)),
                Err(_) => {
                    decisions.skip();
                    unreadable += 1;
                }
            }
        }
        Ok(Journalled { decisions, unreadable })
    }

    /// Somebody else has written since it was read.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| found.len() != self.read_to)
    }

    /// Appends an entry. It is on disk when this returns.
    ///
    /// # Errors
    /// It could not be written; then it does not count.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut options = File::options();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let mut file = options.open(&self.path)?;
        let mut line = Vec::new();
        if !ends_with_line(&mut file)? {
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()
    }
}

/// A write that was cut off leaves half a line, which the next one must not continue.
fn ends_with_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Timestamp;
    use crate::triage::Act;

    fn entry(by: &str) -> Entry {
        Entry { at: Timestamp::from_seconds(1), by: by.to_owned(), about: String::new(), act: Act::Looked }
    }

    fn people(journal: &mut Journal) -> (Vec<String>, usize) {
        let read = journal.read().expect("a journal");
        (read.decisions.entries().map(|(_, entry, _)| entry.by.clone()).collect(), read.unreadable)
    }

    #[test]
    fn entries_of_everybody_are_read_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut one, mut other) = (Journal::of(folder.path()), Journal::of(folder.path()));
        assert_eq!(people(&mut one), (vec![], 0));
        other.append(&entry("kim")).expect("written");
        assert!(one.has_changed());
        one.append(&entry("alex")).expect("written");
        assert_eq!(people(&mut one), (vec!["kim".to_owned(), "alex".to_owned()], 0));
        assert!(!one.has_changed());
    }

    #[test]
    fn half_a_line_of_a_crash_spoils_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::of(folder.path());
        journal.append(&entry("kim")).expect("written");
        let mut file = File::options().append(true).open(folder.path().join(FILE)).expect("the file");
        file.write_all(b"{\"at\":\"1970").expect("half a line");
        journal.append(&entry("alex")).expect("written");
        assert_eq!(people(&mut journal), (vec!["kim".to_owned(), "alex".to_owned()], 1));
        // An undo names its entry by number: what cannot be read keeps its own.
        let numbers = |journal: &mut Journal| {
            let read = journal.read().expect("a journal");
            read.decisions.entries().map(|(number, _, holds)| (number, holds)).collect::<Vec<_>>()
        };
        journal.append(&Entry { act: Act::Undo { entry: 3 }, ..entry("kim") }).expect("written");
        assert_eq!(numbers(&mut journal), [(1, true), (3, false), (4, true)]);
    }
}
