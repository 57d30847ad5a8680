//! Where the dashboard was left, as a file beside the data: one for each person who looks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::tui::LeftOff;
use crate::whole_file::replace_file;

/// A session that is longer was not written by us.
const MOST_BYTES: u64 = 1 << 20;

/// The file of this person in the data directory.
fn file(data_dir: &Path, user: &str) -> PathBuf {
    let name: String = user.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    data_dir.join(format!("session-{name}.json"))
}

/// How the dashboard was left; as new where that is not known.
pub fn read(data_dir: &Path, user: &str) -> LeftOff {
    let path = file(data_dir, user);
    let is_small = fs::metadata(&path).is_ok_and(|found| found.len() <= MOST_BYTES);
    let text = if is_small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Remembers it, whole or not at all.
///
/// # Errors
/// The file could not be written.
pub fn write(data_dir: &Path, user: &str, session: &LeftOff) -> io::Result<()> {
    replace_file(&file(data_dir, user), serde_json::to_vec_pretty(session)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_comes_back_and_what_is_none_is_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |user: &str| super::read(folder.path(), user);
        assert_eq!(read("kim"), LeftOff::default());
        let session = LeftOff { screen: 5, filter: "level:warn".to_owned(), ..LeftOff::default() };
        write(folder.path(), "kim", &session).expect("written");
        assert_eq!((read("kim"), read("alex")), (session, LeftOff::default()));
        fs::write(file(folder.path(), "kim"), "{\"screen\":\"x\"").expect("written");
        assert_eq!(read("kim"), LeftOff::default());
        write(folder.path(), "../../etc/x", &LeftOff::default()).expect("a name of letters");
        assert!(folder.path().join("session-______etc_x.json").exists());
    }
}
