//! The mutes that hold, as Sigma filter files beside the journal.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::event::Timestamp;
use crate::triage::{Decisions, FilterFile};
use crate::whole_file::replace_file;

/// Name of the folder in the data directory.
const FOLDER: &str = "mutes";

/// The folder of the files.
pub(super) struct MuteFolder {
    path: PathBuf,
    /// What was written last.
    written: Option<BTreeMap<String, String>>,
}

impl MuteFolder {
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FOLDER), written: None }
    }

    /// Makes the files be those of the mutes that hold at `now`; does nothing where they are.
    ///
    /// # Errors
    /// A file could not be written or removed; the mutes hold all the same.
    pub fn mirror(&mut self, decisions: &Decisions, now: Timestamp) -> io::Result<()> {
        let holding = decisions.mutes(now).filter_map(|(number, _)| {
            let file = FilterFile::of(number, decisions.entry(number)?)?;
            Some((file.name, file.text))
        });
        let wanted: BTreeMap<String, String> = holding.collect();
        if self.written.as_ref() == Some(&wanted) {
            return Ok(());
        }
        if !wanted.is_empty() {
            fs::create_dir_all(&self.path)?;
        }
        self.remove_others(&wanted)?;
        for (name, text) in &wanted {
            write(&self.path.join(name), text)?;
        }
        self.written = Some(wanted);
        Ok(())
    }

    fn remove_others(&self, wanted: &BTreeMap<String, String>) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name: OsString = entry?.file_name();
            // What others have put there is theirs.
            let own = name.to_str().filter(|name| name.starts_with("mute-") && name.ends_with(".yml"));
            if own.is_some_and(|name| !wanted.contains_key(name)) {
                fs::remove_file(self.path.join(name))?;
            }
        }
        Ok(())
    }
}

/// Writes what is not there yet.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    replace_file(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::{Act, Entry, Mute};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn muted(until: i64) -> Entry {
        let mute = Mute {
            rules: vec!["scan".to_owned()],
            group: BTreeMap::new(),
            until: at(until),
            reason: "ours".to_owned(),
        };
        Entry { at: at(1), by: "kim".to_owned(), about: "a scan".to_owned(), act: Act::Mute(mute) }
    }

    #[test]
    fn files_come_and_go_with_what_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mutes = MuteFolder::of(folder.path());
        let names = || {
            let entries = fs::read_dir(folder.path().join(FOLDER)).into_iter().flatten();
            let mut names: Vec<_> = entries
                .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
                .collect();
            names.sort();
            names
        };
        let mut decisions = Decisions::new(vec![muted(100), muted(200)]);
        mutes.mirror(&decisions, at(10)).expect("written");
        fs::write(folder.path().join(FOLDER).join("own.yml"), "").expect("a file of somebody else");
        assert_eq!(names(), ["mute-00001.yml", "mute-00002.yml", "own.yml"]);
        mutes.mirror(&decisions, at(150)).expect("written");
        assert_eq!(names(), ["mute-00002.yml", "own.yml"], "a mute that is over has no file");
        decisions.push(Entry { act: Act::Undo { entry: 2 }, ..muted(0) });
        mutes.mirror(&decisions, at(151)).expect("written");
        assert_eq!(names(), ["own.yml"]);
    }
}
