//! When files that are not logs may have changed: rules, lists, the configuration.
//!
//! The same hints as for logs, with the same distrust: a hint says "look there", and everything is looked
//! at every few seconds as well. Editors write a file in several steps (a temporary file and a rename, or
//! truncate and write), so that a change is told when it has been quiet for a moment.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::follow::poll_until;
use super::stop::{Stop, Wake};
use super::watch::{Interest, Watcher};

/// A change is over when nothing has happened for this long.
const QUIET: Duration = Duration::from_millis(300);
/// It is told after this long, whether over or not.
const MOST_PATIENCE: Duration = Duration::from_secs(3);
/// Looked at this often, whatever the hints say.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same where there are no hints.
const LOOK_EVERY_BLIND: Duration = Duration::from_secs(1);

/// Why [`Changes::wait`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    Stopped,
    /// The descriptor of the caller can be read.
    Asked,
    /// Something has changed, and is quiet by now.
    Changed,
    /// Nothing is known to have changed.
    Elapsed,
}

/// Waits for changes of files.
pub struct Changes {
    watcher: Watcher,
    wake: Arc<Wake>,
    watched: Arc<Watched>,
    directories: BTreeSet<PathBuf>,
}

/// What is watched now; the kernel's thread asks.
#[derive(Default)]
struct Watched(Mutex<Places>);

#[derive(Default)]
struct Places {
    roots: Vec<PathBuf>,
    files: BTreeSet<PathBuf>,
}

impl Interest for Arc<Watched> {
    /// Any file of a folder, for a name says little: the folder is read again and the facts decide.
    fn covers(&self, path: &Path) -> bool {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.files.contains(path) || places.roots.iter().any(|root| path.starts_with(root))
    }

    fn reaches(&self, directory: &Path) -> bool {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_near = |path: &PathBuf| path.starts_with(directory) || directory.starts_with(path);
        places.roots.iter().chain(&places.files).any(is_near)
    }
}

impl Changes {
    /// # Errors
    /// When no pipe can be made (no file descriptors left). Without notifications there is no error:
    /// looking replaces them.
    pub fn new() -> io::Result<Self> {
        let wake = Arc::new(Wake::new()?);
        let watched: Arc<Watched> = Arc::default();
        let (watcher, _) = Watcher::new(Arc::clone(&watched), Arc::clone(&wake), true);
        Ok(Self { watcher, wake, watched, directories: BTreeSet::new() })
    }

    /// Watches these folders with all that is below, and these files, none of which need exist. Call it
    /// before looking: what changes after the look then gives a hint.
    pub fn watch<'p>(
        &mut self,
        folders: impl IntoIterator<Item = &'p Path>,
        files: impl IntoIterator<Item = &'p Path>,
    ) {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let places = Places {
            roots: folders.into_iter().map(absolute).collect(),
            files: files.into_iter().map(absolute).collect(),
        };
        self.directories.clear();
        for root in &places.roots {
            add_folders(root, &mut self.directories);
        }
        // Whatever is replaced as a whole changes the folder that it stands in.
        let parents = places.roots.iter().chain(&places.files).filter_map(|path| path.parent());
        self.directories.extend(parents.map(Path::to_owned));
        *self.watched.0.lock().unwrap_or_else(PoisonError::into_inner) = places;
        // Of a failure the reader of logs says more; here looking more often is enough.
        drop(self.watcher.watch(&self.directories));
    }

    /// Waits for a change that is over, for `asked` or `stop`, or until it is time to look.
    pub fn wait(&self, stop: &Stop, asked: BorrowedFd<'_>) -> Woken {
        let is_blind = self.watcher.is_blind(&self.directories);
        let until = Instant::now() + if is_blind { LOOK_EVERY_BLIND } else { LOOK_EVERY };
        let mut waited =
            [stop.fd(), asked, self.wake.fd()].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        poll_until(&mut waited, until);
        let [_, asked, _] = waited;
        match () {
            () if stop.is_stopped() => Woken::Stopped,
            () if !asked.revents().is_empty() => Woken::Asked,
            () if self.watcher.take().is_empty() => Woken::Elapsed,
            () => self.settle(stop),
        }
    }

    fn settle(&self, stop: &Stop) -> Woken {
        let limit = Instant::now() + MOST_PATIENCE;
        loop {
            let mut waited =
                [stop.fd(), self.wake.fd()].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            poll_until(&mut waited, limit.min(Instant::now() + QUIET));
            if stop.is_stopped() {
                return Woken::Stopped;
            }
            if self.watcher.take().is_empty() || Instant::now() >= limit {
                return Woken::Changed;
            }
        }
    }
}

/// A folder and all below it, without hidden ones. A link is not followed: it may lead in circles, and
/// what it leads to is looked at anyway.
fn add_folders(folder: &Path, folders: &mut BTreeSet<PathBuf>) {
    folders.insert(folder.to_owned());
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !super::input::is_hidden(&entry.file_name()) {
            add_folders(&entry.path(), folders);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// A folder that is watched by somebody whom nobody asks anything.
    struct Watch {
        changes: Changes,
        stop: Stop,
        asked: UnixStream,
        _asking: UnixStream,
    }

    impl Watch {
        fn new(folder: &Path) -> Self {
            let mut changes = Changes::new().unwrap();
            changes.watch([folder], []);
            let (asked, asking) = UnixStream::pair().unwrap();
            Self { changes, stop: Stop::new().unwrap(), asked, _asking: asking }
        }

        fn wait(&self) -> Woken {
            self.changes.wait(&self.stop, self.asked.as_fd())
        }
    }

    #[test]
    fn several_steps_of_an_editor_are_one_change() {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::new(folder.path());
        let (temporary, rule) = (folder.path().join(".a.yml.tmp"), folder.path().join("a.yml"));
        fs::write(&temporary, "title: a").unwrap();
        fs::rename(&temporary, &rule).unwrap();
        fs::write(&rule, "title: b").unwrap();
        assert_eq!(watch.wait(), Woken::Changed);
        assert!(watch.changes.watcher.take().is_empty(), "all of it was told at once");
    }

    #[test]
    fn a_folder_that_comes_back_is_seen() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("rules");
        fs::create_dir(&folder).unwrap();
        let mut watch = Watch::new(&folder);
        fs::remove_dir(&folder).unwrap();
        assert_eq!(watch.wait(), Woken::Changed);
        watch.changes.watch([folder.as_path()], []);
        fs::create_dir(&folder).unwrap();
        assert_eq!(watch.wait(), Woken::Changed);
        watch.changes.watch([folder.as_path()], []);
        fs::write(folder.join("a.yml"), "title: a").unwrap();
        assert_eq!(watch.wait(), Woken::Changed);
    }

    #[test]
    fn a_stop_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::new(folder.path());
        watch.stop.stop();
        assert_eq!(watch.wait(), Woken::Stopped);
    }
}
