//! What exists: the files that the inputs name at this moment, and the directories to watch.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::input::{
    Input, Part, is_compressed, is_hidden, is_journal, is_login_records, is_packed, looks_like_log,
    stands_beside_logs,
};
use super::reader::may_lead;
use super::{Options, Symlinks};
use crate::event::shown;

/// The result of looking at the file system once.
#[derive(Debug, Default)]
pub(crate) struct Expansion {
    /// In the order of the inputs, sorted by name within one, no path twice.
    pub(crate) files: Vec<PathBuf>,
    /// Directories whose changes can change `files` or their content.
    pub(crate) directories: BTreeSet<PathBuf>,
    pub(crate) skipped: Vec<(PathBuf, Skip)>,
    /// Folders and patterns that name no file, with a sentence about each.
    pub(crate) empty: Vec<(PathBuf, String)>,
    /// What was found through symbolic links, and where it really lies.
    pub(crate) targets: Vec<(PathBuf, PathBuf)>,
    /// Directories that could not be read.
    pub(crate) failures: Vec<(PathBuf, io::Error)>,
}

/// Why a file that matches is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// A compressed file does not grow: it is read by replay and ingest, not followed.
    Compressed,
    /// Compressed with something that is not read.
    UnknownCompression,
    /// Soctop's own data.
    OwnData,
    /// Where our own standard output or standard error goes.
    OwnOutput,
    /// The journal of systemd, which has a road of its own.
    Journal,
    /// Binary records of who was logged in.
    LoginRecords,
    /// A file of a folder whose name is none of a log's.
    OtherName,
}

impl Skip {
    pub(crate) const ALL: [Self; 7] = [
        Self::Compressed,
        Self::UnknownCompression,
        Self::OwnData,
        Self::OwnOutput,
        Self::Journal,
        Self::LoginRecords,
        Self::OtherName,
    ];

    /// Whether it is a log that is left out, and not something that is none.
    pub(crate) fn is_of_log(self) -> bool {
        !matches!(self, Self::Journal | Self::LoginRecords | Self::OtherName)
    }

    /// Why a file in a folder that was named as a whole is none of its logs, where that is worth a word.
    fn of_other(name: &OsStr) -> Option<Self> {
        let name = name.as_bytes();
        if is_journal(name) {
            Some(Self::Journal)
        } else if is_login_records(name) {
            Some(Self::LoginRecords)
        } else {
            (!stands_beside_logs(name)).then_some(Self::OtherName)
        }
    }

    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Compressed => "compressed files are not followed (`soctop ingest` reads them)",
            Self::UnknownCompression => "only gzip, bzip2, xz and zstd are decompressed",
            Self::OwnData => "soctop does not read its own data",
            Self::OwnOutput => "soctop does not read its own output",
            Self::Journal => "systemd's journal is read with `--journald`",
            Self::LoginRecords => "binary records of logins; what sshd and PAM write says the same",
            Self::OtherName => "by its name it is no log; name the file itself to read it",
        }
    }
}

/// What was left out, in a sentence for each reason, with the first example.
pub(crate) fn left_out(skipped: &[(PathBuf, Skip)]) -> impl Iterator<Item = (Skip, String)> + '_ {
    Skip::ALL.into_iter().filter_map(|reason| {
        let mut of_reason = skipped.iter().filter(|(_, own)| *own == reason).map(|(path, _)| path);
        let first = of_reason.next()?;
        let others = match of_reason.count() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        Some((reason, format!("`{}`{others} left out: {}", shown(first), reason.in_words())))
    })
}

/// Looks up all inputs.
pub(crate) fn expand(inputs: &[Input], options: &Options) -> Expansion {
    let mut walk = Walk { options, seen: BTreeSet::new(), result: Expansion::default(), matched: 0 };
    for input in inputs {
        walk.matched = 0;
        match input {
            Input::Path(path) => walk.named(path),
            Input::Directory(root) => walk.tree(root),
            Input::Glob(pattern) => walk.pattern(&pattern.root, &pattern.parts, 0),
            Input::Stdin => {}
        }
        if walk.matched == 0 {
            walk.result.empty.extend(empty_in_words(input));
        }
    }
    walk.result
}

/// What to say of an input that names nothing; a file may still come, and so may standard input.
fn empty_in_words(input: &Input) -> Option<(PathBuf, String)> {
    let root = match input {
        Input::Directory(root) => root,
        Input::Glob(pattern) => &pattern.root,
        Input::Path(_) | Input::Stdin => return None,
    };
    let message = match input {
        _ if !root.is_dir() => format!("there is no folder `{}`", shown(root)),
        Input::Directory(_) => format!("`{}` holds no file that looks like a log", shown(root)),
        _ => format!("nothing under `{}` matches the pattern", shown(root)),
    };
    Some((root.clone(), message))
}

/// Whether a file that matches an input is read: the one question that the start, notifications and every
/// later look ask. What was `named` by itself is read once when it is compressed.
pub(crate) fn skip_reason(path: &Path, named: bool, options: &Options) -> Option<Skip> {
    match skip_by_name(path, named, options) {
        None if is_below_own(&real(path)?, options) => Some(Skip::OwnData),
        None if is_own_output(path) => Some(Skip::OwnOutput),
        reason => reason,
    }
}

/// The part of [`skip_reason`] that needs no look at the file system.
pub(crate) fn skip_by_name(path: &Path, named: bool, options: &Options) -> Option<Skip> {
    match is_compressed(path) {
        _ if is_below_own(path, options) => Some(Skip::OwnData),
        true if !is_packed(path) => Some(Skip::UnknownCompression),
        true if options.follow && !named => Some(Skip::Compressed),
        _ => None,
    }
}

fn is_below_own(path: &Path, options: &Options) -> bool {
    let is_below = |folders: &[PathBuf]| folders.iter().any(|own| path.starts_with(own));
    is_below(&options.exclude) && !is_below(&options.spools)
}

/// Where a path leads; one that leads nowhere yet lies in a folder that leads somewhere.
fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok().or_else(|| fs::canonicalize(path.parent()?).ok())
}

/// Reading what we write would never end.
fn is_own_output(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    let is_it = |stat: Result<rustix::fs::Stat, _>| {
        stat.is_ok_and(|stat| stat.st_dev == metadata.dev() && stat.st_ino == metadata.ino())
    };
    metadata.is_file() && (is_it(rustix::fs::fstat(io::stdout())) || is_it(rustix::fs::fstat(io::stderr())))
}

struct Walk<'a> {
    options: &'a Options,
    seen: BTreeSet<PathBuf>,
    result: Expansion,
    /// Files that the input at hand names, those left out included.
    matched: usize,
}

impl Walk<'_> {
    /// A file named by itself is read whatever its name; one that is not there yet is waited for.
    fn named(&mut self, path: &Path) {
        self.matched += 1;
        if let Some(reason) = skip_by_name(path, true, self.options) {
            self.result.skipped.push((path.to_owned(), reason));
            return;
        }
        if self.seen.insert(path.to_owned()) {
            self.result.files.push(path.to_owned());
        }
        self.watch_nearest(path.parent().unwrap_or(Path::new("/")));
        self.watch_target(path);
    }

    /// Data arrives where a link points, and only that directory says so.
    fn watch_target(&mut self, path: &Path) {
        if let Ok(target) = fs::canonicalize(path)
            && target != path
            && let Some(parent) = target.parent()
        {
            self.result.directories.insert(parent.to_owned());
            self.result.targets.push((target, path.to_owned()));
        }
    }

    fn watch_nearest(&mut self, directory: &Path) {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        if let Some(existing) = directory.ancestors().find(|ancestor| ancestor.is_dir()) {
            self.result.directories.insert(existing.to_owned());
        }
    }

    fn tree(&mut self, root: &Path) {
        if !root.is_dir() {
            return self.watch_nearest(root);
        }
        let first = self.result.files.len();
        let mut pending = vec![(root.to_owned(), 1)];
        while let Some((directory, depth)) = pending.pop() {
            for entry in self.list(&directory) {
                let hidden = entry.file_name().is_none_or(is_hidden);
                // A linked directory is not entered: it may lead back here, or anywhere.
                if entry.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    if depth < self.options.directory_depth && !hidden {
                        pending.push((entry, depth + 1));
                    }
                } else if entry.file_name().is_some_and(looks_like_log) {
                    self.found(entry);
                } else if let Some(reason) = entry.file_name().and_then(Skip::of_other) {
                    self.result.skipped.push((entry, reason));
                }
            }
        }
        self.result.files[first..].sort();
    }

    fn pattern(&mut self, directory: &Path, parts: &[Part], depth: usize) {
        if depth > self.options.directory_depth.max(parts.len()) {
            return;
        }
        let Some((part, rest)) = parts.split_first() else { return };
        match part {
            Part::Literal(name) => self.matched(directory.join(name), rest, depth),
            Part::Wild { .. } => {
                for entry in self.list_or_wait(directory) {
                    if entry.file_name().is_some_and(|name| part.accepts(name)) {
                        self.matched(entry, rest, depth);
                    }
                }
            }
            Part::Recursive => {
                if !rest.is_empty() {
                    self.pattern(directory, rest, depth);
                }
                for entry in self.list_or_wait(directory) {
                    if entry.file_name().is_none_or(is_hidden) {
                        continue;
                    }
                    if entry.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                        self.pattern(&entry, parts, depth + 1);
                    } else if rest.is_empty() {
                        self.found(entry);
                    }
                }
            }
        }
    }

    fn matched(&mut self, path: PathBuf, rest: &[Part], depth: usize) {
        if !rest.is_empty() {
            if self.may_enter(&path) {
                self.pattern(&path, rest, depth + 1);
            }
        } else if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            self.found(path);
        }
    }

    /// A linked directory in a pattern is followed under the same rule as a linked file.
    fn may_enter(&self, directory: &Path) -> bool {
        let (Ok(link), Ok(target)) = (directory.symlink_metadata(), directory.metadata()) else {
            return false;
        };
        if !target.is_dir() || !link.is_symlink() {
            return target.is_dir();
        }
        match self.options.symlinks {
            Symlinks::Follow => true,
            Symlinks::SameOwner => may_lead(link.uid(), target.uid()),
            Symlinks::Never => false,
        }
    }

    fn found(&mut self, path: PathBuf) {
        self.matched += 1;
        if let Some(reason) = skip_by_name(&path, false, self.options) {
            self.result.skipped.push((path, reason));
            return;
        }
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            self.watch_target(&path);
        }
        if self.seen.insert(path.clone()) {
            self.result.files.push(path);
        }
    }

    fn list_or_wait(&mut self, directory: &Path) -> Vec<PathBuf> {
        if directory.is_dir() {
            return self.list(directory);
        }
        self.watch_nearest(directory);
        Vec::new()
    }

    /// The entries of a directory, sorted by name.
    fn list(&mut self, directory: &Path) -> Vec<PathBuf> {
        if real(directory).is_some_and(|real| is_below_own(&real, self.options)) {
            self.result.skipped.push((directory.to_owned(), Skip::OwnData));
            return Vec::new();
        }
        self.result.directories.insert(directory.to_owned());
        match fs::read_dir(directory) {
            Ok(entries) => {
                let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                paths.sort();
                paths
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.result.failures.push((directory.to_owned(), error));
                }
                Vec::new()
            }
        }
    }
}
