//! The key of the pseudonyms: 32 random bytes beside the index, made at the first start.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "redaction.key";

/// The key file cannot be read or made.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the pseudonym key in `{path}`")]
pub struct KeyError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// The key of the index in `folder`, made when there is none. Whoever has it can find out which
/// address a pseudonym stands for; whoever loses it cannot find old pseudonyms by address any more.
///
/// # Errors
/// When the file cannot be read, is no key, or cannot be written.
pub fn redaction_key(folder: &Path) -> Result<[u8; 32], KeyError> {
    let path = folder.join(NAME);
    let result = match File::open(&path) {
        Ok(mut file) => read(&mut file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder, &path),
        Err(error) => Err(error),
    };
    result.map_err(|source| KeyError { path, source })
}

fn read(file: &mut File) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    Ok(key)
}

/// Under its name it is whole or not there: a start that was cut short, or a full disk, leaves no half of a key.
fn make(folder: &Path, path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    read_random(&mut key)?;
    let mut file = tempfile::Builder::new().prefix(NAME).tempfile_in(folder)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            File::open(folder)?.sync_all()?;
            Ok(key)
        }
        // Another start was faster: its key is the one.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => read(&mut File::open(path)?),
        Err(error) => Err(error.error),
    }
}

fn read_random(key: &mut [u8; 32]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = redaction_key(folder.path()).unwrap();
        assert_eq!(redaction_key(folder.path()).unwrap(), first);
        assert_ne!(first, [0; 32]);
        let mode = std::fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_short_file_is_an_error_and_not_a_weak_key() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), b"short").unwrap();
        let error = redaction_key(folder.path()).unwrap_err();
        assert!(error.to_string().contains(NAME), "{error}");
    }
}
