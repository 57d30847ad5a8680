//! Small files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file by one that holds `bytes`. Not synced: what is lost with the power is made again.
///
/// # Errors
/// The file beside it could not be written or renamed; the old one is still there.
pub fn replace_file(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, path)
}

/// The same, and after a loss of power either the old or the new one is there, whole.
///
/// # Errors
/// As [`replace_file`].
pub fn replace_file_surely(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes.as_ref())?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}
