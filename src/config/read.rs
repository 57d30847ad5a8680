//! Small files as a whole: rules, lists, the configuration.
//!
//! A folder of rules may hold anything, and it is read again while events come in: what is no file may
//! keep nobody waiting, and what never ends may not fill the memory.

use crate::event::number::to_u64;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Far above what anybody writes by hand, and little to hold in memory.
const LIMIT_MIB: u64 = 16;
const LIMIT: u64 = LIMIT_MIB << 20;

/// The bytes of a regular file.
///
/// # Errors
/// When it cannot be read, is something else, such as a pipe or a device, is larger than 16 MiB, or is reached by a link
/// of somebody who could not read it themselves.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Looked at before it is opened, since whoever writes to a pipe notices that it is opened.
    let there = std::fs::metadata(path)?;
    check(&there)?;
    check_link(&std::fs::symlink_metadata(path)?, &there)?;
    let file = open(path)?;
    // It may be another than a moment ago.
    check(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    check_size(to_u64(bytes.len()))?;
    Ok(bytes)
}

/// The text of a regular file.
///
/// # Errors
/// Those of [`read_file`], and when it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let no_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not valid UTF-8");
    String::from_utf8(read_file(path)?).map_err(no_text)
}

/// Waits for nobody: a pipe without a writer would.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn check(file: &Metadata) -> io::Result<()> {
    if !file.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    check_size(file.len())
}

/// Whoever may put a link into a folder does not decide what is read with our rights.
fn check_link(link: &Metadata, target: &Metadata) -> io::Result<()> {
    let own = rustix::process::geteuid().as_raw();
    match link.uid() {
        owner if owner == 0 || owner == own || owner == target.uid() => Ok(()),
        _ => {
            let message = "it is a symbolic link of another user into files that are not theirs";
            Err(io::Error::new(ErrorKind::PermissionDenied, message))
        }
    }
}

fn check_size(bytes: u64) -> io::Result<()> {
    if bytes > LIMIT {
        let message = format!("it is larger than {LIMIT_MIB} MiB");
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, device) = (folder.path().join("pipe"), folder.path().join("device"));
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        symlink("/dev/zero", &device).unwrap();
        for path in [&pipe, &device, folder.path()] {
            let error = read_file(path).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file", "{}", path.display());
        }
        assert!(!open(&pipe).unwrap().metadata().unwrap().is_file(), "nor does opening it wait");
    }

    #[test]
    fn a_link_of_somebody_else_leads_to_their_files_only() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("rule.yml"), folder.path().join("link.yml"));
        std::fs::write(&file, "title: T").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read_file(&link).unwrap(), b"title: T", "a link of our own");
        std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
        let error = read_file(&link).unwrap_err().to_string();
        assert!(error.contains("link of another user"), "{error}");
        std::os::unix::fs::chown(&file, Some(65_534), None).unwrap();
        assert_eq!(read_file(&link).unwrap(), b"title: T", "their own file");
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_refused_above() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let file = File::create(&path).unwrap();
        file.set_len(LIMIT).unwrap();
        assert_eq!(read_file(&path).unwrap().len() as u64, LIMIT);
        file.set_len(LIMIT + 1).unwrap();
        assert_eq!(read_file(&path).unwrap_err().to_string(), "it is larger than 16 MiB");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin");
        std::fs::write(&path, b"caf\xe9").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"caf\xe9");
        assert_eq!(read_text(&path).unwrap_err().to_string(), "it is not valid UTF-8");
    }
}
