//! What keeps from reading, said once when it begins and once when it is over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Follow;
use crate::event::{Cause, SourceMessage, Trouble, shown};
use crate::source::paths::{Expansion, Skip, left_out};
use crate::source::reader::OpenError;
use crate::source::watch::WatchFailure;

/// The troubles there are now.
#[derive(Default)]
pub(super) struct Troubles {
    current: BTreeSet<(PathBuf, Cause)>,
}

impl Follow {
    pub(super) fn begin_trouble(&mut self, trouble: Trouble) {
        if self.troubles.current.insert((trouble.about.clone(), trouble.cause)) {
            self.outbox.push(SourceMessage::Trouble(trouble));
        }
    }

    pub(super) fn end_trouble(&mut self, about: &Path, cause: Cause) {
        if self.troubles.current.remove(&(about.to_owned(), cause)) {
            self.outbox.push(SourceMessage::Over { about: about.to_owned(), cause });
        }
    }

    /// What stands in the way at a path is gone, or something else stands there now.
    pub(super) fn end_troubles(&mut self, about: &Path, except: Option<Cause>) {
        let from = (about.to_owned(), Cause::Missing);
        let of_path: Vec<Cause> = self
            .troubles
            .current
            .range(from..)
            .take_while(|(path, _)| path == about)
            .map(|(_, cause)| *cause)
            .filter(|cause| Some(*cause) != except)
            .collect();
        for cause in of_path {
            self.end_trouble(about, cause);
        }
    }

    /// A file cannot be opened.
    pub(super) fn cannot_open(&mut self, path: &Path, error: &OpenError) {
        let cause = error.cause();
        self.end_troubles(path, Some(cause));
        let source = Some(self.sources.id(path));
        let hint = match cause {
            Cause::Missing => Some("it is read as soon as it appears".to_owned()),
            _ => error.hint(),
        };
        let message = error.to_string();
        self.begin_trouble(Trouble { source, about: path.to_owned(), cause, message, hint });
    }

    /// A folder that cannot be listed, until it can.
    pub(super) fn note_failures(&mut self, expansion: &Expansion) {
        for (directory, error) in &expansion.failures {
            let cause = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Cause::Denied,
                _ => Cause::Unreadable,
            };
            let message = format!("cannot read the directory `{}`: {error}", shown(directory));
            let hint = Some("it is tried again every few seconds".to_owned());
            let about = directory.clone();
            self.begin_trouble(Trouble { source: None, about, cause, message, hint });
        }
        for directory in &expansion.directories {
            let failed = expansion.failures.iter().any(|(own, _)| own == directory);
            if !failed {
                self.end_troubles(directory, Some(Cause::NothingNamed));
            }
        }
    }

    /// A folder or pattern that names nothing, until it does.
    pub(super) fn note_empty(&mut self, expansion: &Expansion) {
        for (about, message) in &expansion.empty {
            let hint = Some("files are read as soon as they appear".to_owned());
            let (about, message) = (about.clone(), message.clone());
            let cause = Cause::NothingNamed;
            self.begin_trouble(Trouble { source: None, about, cause, message, hint });
        }
        let over: Vec<PathBuf> = self
            .troubles
            .current
            .iter()
            .filter(|(about, cause)| {
                *cause == Cause::NothingNamed && !expansion.empty.iter().any(|(own, _)| own == about)
            })
            .map(|(about, _)| about.clone())
            .collect();
        for about in over {
            self.end_trouble(&about, Cause::NothingNamed);
        }
    }

    /// What is left out on purpose is said once for each kind, with the first example.
    pub(super) fn note_skipped(&mut self, skipped: &[(PathBuf, Skip)]) {
        for (reason, message) in left_out(skipped) {
            self.remark(Path::new(""), reason.in_words(), message);
        }
    }

    /// Without notifications changes are seen late.
    pub(super) fn note_notifications(&mut self, failure: Option<WatchFailure>) {
        let about = PathBuf::new();
        if let Some(WatchFailure { message, hint }) = failure {
            let cause = Cause::Notifications;
            self.begin_trouble(Trouble { source: None, about, cause, message, hint });
        } else if !self.blind {
            self.end_trouble(&about, Cause::Notifications);
        }
    }

    /// Says something about a path, once for each `kind`.
    pub(super) fn remark(&mut self, path: &Path, kind: &str, message: String) {
        if self.said.insert((path.to_owned(), kind.to_owned())) {
            self.outbox.remark(message, None);
        }
    }
}
