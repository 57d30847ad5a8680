//! The configuration while a program runs that may see it change: asked again in the same words.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::settings::{Config, ConfigError, Environment, Flags};
use crate::sigma::Diagnostic;
use crate::sigma::rule::Position;

/// How closely files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Every file is read.
    Closely,
    /// Those that look as before are taken to be the same.
    Briefly,
}

/// What changes with a file, as far as can be told without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigStamp {
    identity: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl ConfigStamp {
    pub(super) fn of(file: &Metadata) -> Self {
        Self {
            identity: (file.dev(), file.ino()),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// What the program was started with, and the files that were read for it.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    flags: Flags,
    environment: Environment,
    files: Vec<(PathBuf, Option<ConfigStamp>)>,
}

impl Followed {
    pub(super) fn new(flags: Flags, environment: Environment, config: &Config) -> Self {
        Self { flags, environment, files: stamped(config.files()) }
    }

    /// Files whose change changes the configuration.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    /// The configuration as it is now. `None` when a brief look finds no file that looks different.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn look(&mut self, look: Look) -> Option<Result<Config, Vec<Diagnostic>>> {
        let before = stamped(self.files());
        // Where there was no file, one may have come.
        if look == Look::Briefly && !before.is_empty() && before == self.files {
            return None;
        }
        let resolved = Config::resolve(&self.flags, &self.environment);
        self.files = match &resolved {
            Ok(config) => stamped(config.files()),
            Err(_) => before,
        };
        Some(resolved.map_err(mistakes))
    }
}

fn stamped<'p>(paths: impl Iterator<Item = &'p Path>) -> Vec<(PathBuf, Option<ConfigStamp>)> {
    let stamp = |path: &Path| std::fs::metadata(path).ok().map(|metadata| ConfigStamp::of(&metadata));
    paths.map(|path| (path.to_owned(), stamp(path))).collect()
}

fn mistakes(error: ConfigError) -> Vec<Diagnostic> {
    match error {
        ConfigError::Mistakes { diagnostics, .. } => diagnostics,
        ConfigError::Unreadable { path, source } => {
            let at = Position { file: path.to_string_lossy().into(), line: 1, column: 1 };
            vec![Diagnostic::error(&at, format!("cannot be read ({source})"))]
        }
    }
}
