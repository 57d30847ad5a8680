//! What the names of fields say about their values, looked up once per path.

use super::{Redaction, names, shapes};
use crate::event::{PathId, Paths, canonical};
use crate::normalize::alias::{self, fold};

/// The value is a secret, whatever it looks like.
pub(super) const SECRET: u8 = 1;
/// The name itself holds a secret: somebody used it as a key.
pub(super) const SECRET_NAME: u8 = 2;
/// The value identifies something; its digits are no payment card.
pub(super) const ID: u8 = 4;
/// The value is a secret if it looks like a key.
pub(super) const WEAK: u8 = 16;
/// The value is a secret, unless it is the path of a folder.
pub(super) const FOLDER: u8 = 32;
const LOOKED_UP: u8 = 8;

/// The names of paths.
pub(super) struct Known {
    paths: Paths,
    /// By path.
    flags: Vec<u8>,
    /// Configured names, folded and between dots.
    names: Vec<String>,
    patterns: Vec<regex::Regex>,
}

impl Known {
    pub(super) fn new(paths: &Paths, options: &Redaction) -> Self {
        Self {
            paths: paths.clone(),
            flags: Vec::new(),
            names: options.names.iter().map(|name| format!(".{}.", fold(name))).collect(),
            patterns: options.patterns.clone(),
        }
    }

    pub(super) fn flags(&mut self, path: PathId) -> u8 {
        match self.flags.get(path.index()) {
            Some(flags) if flags & LOOKED_UP != 0 => *flags,
            _ => self.look_up(path),
        }
    }

    #[cold]
    fn look_up(&mut self, path: PathId) -> u8 {
        if path == PathId::OVERFLOW {
            return 0;
        }
        let names = self.paths.read();
        let name = names.name(path);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = LOOKED_UP
            | flag(self.is_secret_name(name), SECRET)
            | flag(names::is_weak_name(name), WEAK)
            | flag(name.rsplit('.').next() == Some("pwd"), FOLDER)
            | flag(self.name_holds_secret(name), SECRET_NAME)
            | flag(alias::is_id(name) || path == canonical::CORRELATION_ID, ID);
        drop(names);
        if self.flags.len() <= path.index() {
            self.flags.resize(path.index() + 1, 0);
        }
        if let Some(known) = self.flags.get_mut(path.index()) {
            *known = flags;
        }
        flags
    }

    /// Whether a field name promises a secret, by itself or because it was configured.
    pub(super) fn is_secret_name(&self, name: &str) -> bool {
        let configured = || {
            let name = format!(".{}.", fold(name));
            self.names.iter().any(|secret| name.contains(secret.as_str()))
        };
        names::is_secret_name(name) || (!self.names.is_empty() && configured())
    }

    /// The configured names, folded.
    pub(super) fn configured(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|known| known.trim_matches('.'))
    }

    /// Whether a folded name was configured.
    pub(super) fn is_configured(&self, name: &str) -> bool {
        self.configured().any(|known| known == name)
    }

    /// Whether the dotted name of a field holds a secret, by its shape or by a configured pattern.
    fn name_holds_secret(&self, name: &str) -> bool {
        shapes::name_holds_secret(name) || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}
