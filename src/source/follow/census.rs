//! What lies in the folders where a log may have gone, at one moment: each folder is listed once in a look,
//! however many of its files have moved.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::source::identity::Identity;
use crate::source::input::{is_compressed, is_packed, rotation_bases};

/// A folder of more entries is not listed again within [`RELIST_AFTER`], however many of its logs are emptied.
const QUICKLY_LISTED: usize = 1_000;
const RELIST_AFTER: Duration = Duration::from_secs(1);

/// The regular files of some folders.
#[derive(Default)]
pub(super) struct Census {
    /// How many entries those have that were listed.
    folders: HashMap<PathBuf, usize>,
    /// When what was listed was last distrusted.
    distrusted_at: Option<Instant>,
    files: HashMap<Identity, PathBuf>,
    /// By device-less identity: device numbers may change when the machine starts anew.
    born: HashMap<(u64, i64), Identity>,
    /// The files whose names say that they come from a log, by the path of the log.
    companions: HashMap<PathBuf, Vec<Companion>>,
    /// Compressed ones, likewise.
    compressed: HashMap<PathBuf, Vec<PathBuf>>,
}

/// A file beside a log whose name says that it comes from the log, or the log itself.
#[derive(Clone, Debug)]
pub(super) struct Companion {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    pub(super) size: u64,
}

impl Census {
    /// Lists the folder of `path`, unless that was done.
    pub(super) fn visit(&mut self, path: &Path) {
        let Some(folder) = path.parent() else { return };
        if self.folders.contains_key(folder) {
            return;
        }
        let mut entries = 0;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            self.enter(&entry);
            entries += 1;
        }
        self.folders.insert(folder.to_owned(), entries);
    }

    /// Has the folder of `path` listed again: what is looked for there may be younger than the last look.
    pub(super) fn distrust(&mut self, path: &Path, now: Instant) {
        let Some(entries) = path.parent().and_then(|folder| self.folders.get(folder)) else { return };
        let is_fresh = self.distrusted_at.is_some_and(|at| now.duration_since(at) < RELIST_AFTER);
        if *entries > QUICKLY_LISTED && is_fresh {
            return;
        }
        self.distrusted_at = Some(now);
        self.folders.clear();
        self.companions.clear();
        self.compressed.clear();
    }

    fn enter(&mut self, entry: &fs::DirEntry) {
        let Ok(metadata) = entry.metadata() else { return };
        if !metadata.is_file() {
            return;
        }
        let path = entry.path();
        if is_compressed(&path) {
            if is_packed(&path) {
                let plain = path.with_extension("");
                for base in rotation_bases(&plain).into_iter().chain([plain]) {
                    self.compressed.entry(base).or_default().push(path.clone());
                }
            }
            return;
        }
        let identity = Identity::of(&metadata);
        self.note(identity, &path);
        for base in rotation_bases(&path).into_iter().chain([path.clone()]) {
            let companion = Companion { path: path.clone(), identity, size: metadata.len() };
            self.companions.entry(base).or_default().push(companion);
        }
    }

    /// Notes a file that was found otherwise.
    pub(super) fn note(&mut self, identity: Identity, path: &Path) {
        self.files.entry(identity).or_insert_with(|| path.to_owned());
        if let Some(birth) = identity.birth {
            self.born.insert((identity.inode, birth), identity);
        }
    }

    /// All files that were noted, with where they are.
    pub(super) fn all(&self) -> impl Iterator<Item = (Identity, &Path)> {
        self.files.iter().map(|(identity, path)| (*identity, path.as_path()))
    }

    /// Where this very file is now.
    pub(super) fn place_of(&self, identity: Identity) -> Option<&Path> {
        self.files.get(&identity).map(PathBuf::as_path)
    }

    /// A file of the same number and birth on what is now another device: file systems get their device
    /// numbers anew when they are mounted.
    pub(super) fn remounted(&self, identity: Identity) -> Option<Identity> {
        let found = *self.born.get(&(identity.inode, identity.birth?))?;
        (found.device != identity.device).then_some(found)
    }

    /// The rotated and copied files beside a log, and the log itself.
    pub(super) fn companions(&mut self, path: &Path) -> Vec<Companion> {
        self.visit(path);
        self.companions.get(path).cloned().unwrap_or_default()
    }

    /// Compressed files beside a log that may hold what it held.
    pub(super) fn compressed(&mut self, path: &Path) -> Vec<PathBuf> {
        self.visit(path);
        self.compressed.get(path).cloned().unwrap_or_default()
    }
}
