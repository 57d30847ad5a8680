//! Cursors of thousands of files. To write all of them with each commit took longer than the commit: those that have
//! changed travel in it, and the others stay in a file, which is written anew when too many have.

use std::collections::HashMap;

use super::directory::Directory;
use super::error::Error;
use super::payload::FileReference;
use crate::event::{Cursor, GenerationId};

/// Cursors larger than this, as JSON, go to the file: what is told in a commit is written again with every merge.
const TOLD_BYTES: usize = 160 << 10;

/// What the file holds that the last commits name.
#[derive(Default)]
pub struct CursorFile {
    file: Option<FileReference>,
    cursors: HashMap<GenerationId, Cursor>,
}

impl CursorFile {
    /// What the commit `epoch` tells of these cursors itself, and the file that holds the rest, written anew where that
    /// pays. One that is in the file and no longer among these is read again after a restart, and forgotten again.
    ///
    /// # Errors
    /// When the file cannot be written; the one before is still there.
    pub fn write(
        &mut self,
        all: &[Cursor],
        directory: &Directory,
        epoch: u64,
    ) -> Result<(Vec<Cursor>, Option<FileReference>), Error> {
        let changed: Vec<Cursor> = all.iter().filter(|cursor| !self.holds(cursor)).cloned().collect();
        if to_json(&changed)?.len() <= TOLD_BYTES {
            return Ok((changed, self.file.clone()));
        }
        let json = to_json(all)?;
        let file = FileReference::of(format!("cursors-{epoch}.json"), &json);
        directory.replace(&file.name, &json)?;
        self.cursors = all.iter().map(|cursor| (cursor.generation, cursor.clone())).collect();
        self.file = Some(file.clone());
        Ok((Vec::new(), Some(file)))
    }

    fn holds(&self, cursor: &Cursor) -> bool {
        self.cursors.get(&cursor.generation) == Some(cursor)
    }
}

fn to_json(cursors: &[Cursor]) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(cursors).map_err(|error| Error::form(&error))
}

#[cfg(test)]
mod tests {
    use super::super::payload::Payload;
    use super::*;

    fn cursors(count: u64, end: impl Fn(u64) -> u64) -> Vec<Cursor> {
        let cursor = |number| Cursor {
            generation: GenerationId(number),
            path: format!("/var/log/app-{number}.log").into(),
            end: end(number),
            ..Cursor::default()
        };
        (0..count).map(cursor).collect()
    }

    /// Commits the cursors; what a restart reads, and how many the commit itself told.
    fn committed(
        file: &mut CursorFile,
        all: &[Cursor],
        directory: &Directory,
        epoch: u64,
    ) -> (Vec<Cursor>, usize) {
        let (told, cursors_file) = file.write(all, directory, epoch).unwrap();
        let count = told.len();
        let mut payload = Payload { told, cursors_file, ..Payload::default() };
        let text = payload.to_text().unwrap();
        payload = Payload::parse(Some(&text)).unwrap();
        payload.read_cursors(directory).unwrap();
        payload.cursors.sort_by_key(|cursor| cursor.generation.0);
        (payload.cursors, count)
    }

    #[test]
    fn of_many_cursors_a_commit_tells_those_that_changed() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::create(folder.path()).unwrap();
        let mut file = CursorFile::default();
        let few = cursors(50, |_| 1);
        assert_eq!(committed(&mut file, &few, &directory, 1), (few, 50));
        let many = cursors(5_000, |_| 1);
        assert_eq!(committed(&mut file, &many, &directory, 2), (many, 0));
        let some = cursors(5_000, |number| if number % 100 == 0 { 9 } else { 1 });
        assert_eq!(committed(&mut file, &some, &directory, 3), (some, 50));
        let all = cursors(5_000, |_| 9);
        assert_eq!(committed(&mut file, &all, &directory, 4), (all, 0));
        assert_eq!(file.file.map(|file| file.name), Some("cursors-4.json".to_owned()));
    }
}
