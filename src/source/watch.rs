//! Hints from the operating system that something changed.
//!
//! A hint only says "look there"; every fact is established by looking. Hints may be missing, late,
//! doubled or wrong (queue overflow, network file systems), therefore everything is looked at every
//! few seconds as well. When the kernel grants no more watches, looking more often replaces them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::input::Input;
use super::stop::Wake;

/// More changed paths than this between two looks are treated as "anything may have changed".
const DIRTY_PATHS_MAX: usize = 10_000;

/// What changed since the last question.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) paths: HashSet<PathBuf>,
    /// Hints were lost, or directories came or went: look at everything.
    pub(crate) everything: bool,
}

impl Dirty {
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }
}

/// Watches directories, if it can.
pub(crate) struct Watcher {
    notify: Option<RecommendedWatcher>,
    /// Directory to (device, inode) when the watch was placed.
    watched: HashMap<PathBuf, (u64, u64)>,
    shared: Arc<Shared>,
}

/// Which paths matter to whoever watches.
pub(crate) trait Interest: Send + Sync + 'static {
    /// A file of this path matters.
    fn covers(&self, path: &Path) -> bool;
    /// A directory of this path can hold, or lead to, files that matter.
    fn reaches(&self, directory: &Path) -> bool;
}

/// The files that inputs name, this many directories deep.
pub(crate) struct Inputs {
    /// Apart, for a shell may have named them by the thousand.
    named: HashSet<PathBuf>,
    /// The folders that lead to them.
    leading: HashSet<PathBuf>,
    others: Vec<Input>,
    directory_depth: usize,
}

impl Inputs {
    pub(crate) fn new(inputs: &[Input], directory_depth: usize) -> Self {
        let named: HashSet<PathBuf> = inputs.iter().filter_map(named).map(Path::to_owned).collect();
        let leading = named.iter().flat_map(|path| path.ancestors().skip(1)).map(Path::to_owned).collect();
        let others = inputs.iter().filter(|input| names_many(input)).cloned().collect();
        Self { named, leading, others, directory_depth }
    }

    /// True for a file that was named by itself.
    pub(crate) fn names(&self, path: &Path) -> bool {
        self.named.contains(path)
    }
}

fn named(input: &Input) -> Option<&Path> {
    match input {
        Input::Path(path) => Some(path),
        _ => None,
    }
}

fn names_many(input: &Input) -> bool {
    matches!(input, Input::Directory(_) | Input::Glob(_))
}

impl Interest for Inputs {
    fn covers(&self, path: &Path) -> bool {
        self.named.contains(path) || self.others.iter().any(|input| input.covers(path, self.directory_depth))
    }

    fn reaches(&self, directory: &Path) -> bool {
        self.leading.contains(directory) || self.others.iter().any(|input| input.reaches(directory))
    }
}

impl Interest for Arc<Inputs> {
    fn covers(&self, path: &Path) -> bool {
        (**self).covers(path)
    }

    fn reaches(&self, directory: &Path) -> bool {
        (**self).reaches(directory)
    }
}

struct Shared {
    wake: Arc<Wake>,
    interest: Box<dyn Interest>,
    // A mutex, because the kernel's thread writes and the reader's takes; both hold it for microseconds.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dirty: Dirty,
    /// Paths that matter besides those the inputs name: link targets and renamed files.
    also: HashSet<PathBuf>,
}

/// Why some directories are not watched, in words, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WatchFailure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Watcher {
    /// With `enabled` false no watch is ever placed.
    pub(crate) fn new(
        interest: impl Interest,
        wake: Arc<Wake>,
        enabled: bool,
    ) -> (Self, Option<WatchFailure>) {
        let interest = Box::new(interest);
        let shared = Arc::new(Shared { wake, interest, state: Mutex::default() });
        let mut watcher = Self { notify: None, watched: HashMap::new(), shared: Arc::clone(&shared) };
        if !enabled {
            return (watcher, None);
        }
        match notify::recommended_watcher(move |event| shared.note(event)) {
            Ok(notify) => watcher.notify = Some(notify),
            Err(error) => return (watcher, Some(describe(&error))),
        }
        (watcher, None)
    }

    /// True when some changes are only seen by looking.
    pub(crate) fn is_blind(&self, directories: &BTreeSet<PathBuf>) -> bool {
        self.notify.is_none() || directories.iter().any(|directory| !self.watched.contains_key(directory))
    }

    /// Watches exactly these directories; returns why some could not be, once per reason.
    pub(crate) fn watch(&mut self, directories: &BTreeSet<PathBuf>) -> Option<WatchFailure> {
        let notify = self.notify.as_mut()?;
        self.watched.retain(|directory, identity| {
            let keep = directories.contains(directory) && identity_of(directory) == Some(*identity);
            if !keep {
                // The watch of a directory that is gone is gone too, which is what was wanted.
                drop(notify.unwatch(directory));
            }
            keep
        });
        let mut failure = None;
        for directory in directories {
            if self.watched.contains_key(directory) {
                continue;
            }
            let Some(identity) = identity_of(directory) else { continue };
            match notify.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(directory.clone(), identity);
                }
                // Its contents are looked at as well as they can be; the others are watched all the same.
                Err(error) if is_refused(&error) => {}
                // Every further attempt would fail the same way.
                Err(error) => {
                    failure = Some(describe(&error));
                    break;
                }
            }
        }
        failure
    }

    /// Also reports changes of these paths.
    pub(crate) fn also(&self, paths: impl Iterator<Item = PathBuf>) {
        self.shared.lock().also = paths.collect();
    }

    pub(crate) fn take(&self) -> Dirty {
        self.shared.wake.silence();
        std::mem::take(&mut self.shared.lock().dirty)
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, event: notify::Result<Event>) {
        let mut state = self.lock();
        let before = state.dirty.is_empty();
        match event {
            Ok(event) if event.need_rescan() => state.dirty.everything = true,
            Ok(event) => self.note_paths(&mut state, event),
            Err(_) => state.dirty.everything = true,
        }
        if before && !state.dirty.is_empty() {
            self.wake.wake();
        }
    }

    fn note_paths(&self, state: &mut State, event: Event) {
        // Opening and reading, our own included, change nothing.
        if event.kind.is_access() {
            return;
        }
        for path in event.paths {
            if state.dirty.everything {
                return;
            }
            if self.may_be_directory(event.kind, &path) || state.dirty.paths.len() >= DIRTY_PATHS_MAX {
                state.dirty.everything = true;
            } else if state.also.contains(&path) || self.interest.covers(&path) {
                state.dirty.paths.insert(path);
            }
        }
    }

    fn may_be_directory(&self, kind: EventKind, path: &Path) -> bool {
        let structural = match kind {
            EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => true,
            EventKind::Modify(ModifyKind::Name(_)) => path.is_dir(),
            _ => false,
        };
        structural && self.interest.reaches(path)
    }
}

fn identity_of(directory: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(directory).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// One directory may not be read; that it may not is told by whoever lists it.
fn is_refused(error: &notify::Error) -> bool {
    matches!(&error.kind, ErrorKind::Io(source) if source.kind() == io::ErrorKind::PermissionDenied)
}

/// The kernel says "no space left on device" when it means a limit; say which.
fn describe(error: &notify::Error) -> WatchFailure {
    let out_of = |what: &str, sysctl: &str| WatchFailure {
        message: format!(
            "no more {what} are available: some logs are looked at once a second instead of at once"
        ),
        hint: Some(format!("raise the limit, for example `sysctl {sysctl}`")),
    };
    match &error.kind {
        ErrorKind::MaxFilesWatch => out_of("inotify watches", "fs.inotify.max_user_watches=524288"),
        // notify wraps EMFILE of inotify_init both ways.
        ErrorKind::Io(source) if source.raw_os_error() == Some(24) => {
            out_of("inotify instances", "fs.inotify.max_user_instances=512")
        }
        _ => WatchFailure {
            message: format!(
                "file notifications do not work here, logs are looked at once a second: {error}"
            ),
            hint: None,
        },
    }
}
