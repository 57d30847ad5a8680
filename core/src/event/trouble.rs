//! What keeps from watching: states that begin and end, not sentences.

use std::path::PathBuf;

use super::source::SourceId;

/// Why something cannot be read or stored at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A file that was named is not there.
    Missing,
    /// The operating system does not allow it.
    Denied,
    /// A directory, a FIFO, a device: nothing that is read as a log.
    NotAFile,
    /// A symbolic link into another owner's files.
    ForeignLink,
    /// Compressed in a way that is not read, or not followed.
    Compressed,
    /// A pattern or a folder names nothing.
    NothingNamed,
    /// Reading fails: a broken disk, a server that does not answer.
    Unreadable,
    /// No more files may be open.
    Descriptors,
    /// Changes are seen late, because the kernel does not notify.
    Notifications,
    /// The index cannot be written.
    Store,
    /// The disk of the index is nearly full: writing, and then reading, wait.
    DiskFull,
    /// What is read takes nearly all the memory that it may: not everything is followed exactly.
    Memory,
    /// No rule is loaded.
    NoRules,
    /// What was read of it has no time.
    NoTime,
    /// Lines of it come long after others of their time.
    Late,
    /// More want to send to it than it hears at a time.
    Crowded,
}

impl Cause {
    /// Whether something goes unseen while it lasts. What is left out on purpose, or only seen later, is not
    /// such a thing.
    #[must_use]
    pub fn blinds(self) -> bool {
        !matches!(self, Self::Notifications | Self::Compressed | Self::Memory | Self::NoTime | Self::Late)
    }

    /// Whether it is that something cannot be read.
    #[must_use]
    pub fn is_of_source(self) -> bool {
        self.blinds() && !matches!(self, Self::Store | Self::DiskFull | Self::NoRules | Self::Crowded)
    }

    /// What to say when it is over.
    #[must_use]
    pub fn over_in_words(self) -> &'static str {
        match self {
            Self::Missing => "is there now",
            Self::Denied | Self::Unreadable => "can be read now",
            Self::NotAFile => "is a regular file now",
            Self::ForeignLink => "is no longer somebody else's link",
            Self::Compressed => "is read now",
            Self::NothingNamed => "there is something to read now",
            Self::Descriptors => "enough files can be open again",
            Self::Notifications => "changes are seen at once again",
            Self::Store => "writing works again",
            Self::DiskFull => "there is room on the disk again",
            Self::Memory => "there is memory enough again",
            Self::NoRules => "rules are loaded",
            Self::NoTime => "its lines have times now",
            Self::Late => "its lines come in time now",
            Self::Crowded => "it hears all who are connected again",
        }
    }

    /// In two or three words, for a column.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Missing => "not there",
            Self::Denied => "permission denied",
            Self::NotAFile => "not a regular file",
            Self::ForeignLink => "foreign link",
            Self::Compressed => "compressed",
            Self::NothingNamed => "matches nothing",
            Self::Unreadable => "cannot be read",
            Self::Descriptors => "too many open files",
            Self::Notifications => "seen late",
            Self::Store => "cannot be stored",
            Self::DiskFull => "disk nearly full",
            Self::Memory => "memory scarce",
            Self::NoRules => "no rules",
            Self::NoTime => "without time",
            Self::Late => "lines come late",
            Self::Crowded => "too many senders",
        }
    }
}

/// Something keeps from reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub source: Option<SourceId>,
    /// The file, folder or pattern; with the cause it tells one trouble from another.
    pub about: PathBuf,
    pub cause: Cause,
    /// A sentence with path and operation.
    pub message: String,
    /// What the operator can do.
    pub hint: Option<String>,
}
