//! Small files that are written whole or not at all.

use std::fs;
use std::io;
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
