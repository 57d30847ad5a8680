//! Receives what others send: syslog over sockets, OpenTelemetry over HTTP, the journal of systemd.
//!
//! ```text
//! sockets ─► frames ─► spool (files below the data directory) ─► source, like any other log
//! ```
//!
//! What is received cannot be asked for again. It therefore lies in files ([`spool`]) before anybody is told that
//! it has arrived, is read from there like every log, and its files go when the index holds all of them.
//!
//! Nothing here decodes events or knows of detection. [`Receivers::run`] does all of it on the calling thread.

mod frames;
mod http;
mod journal;
mod listener;
mod otlp;
mod seats;
mod sockets;
mod spool;

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::runtime::Builder;

use crate::event::{Cause, Cursor, shown};
use crate::source::Stop;
pub use frames::Frames;
pub use http::Token;
use listener::OpenListener;
pub use listener::{Listener, ListenerError};
pub use otlp::{NoLogs, RequestEncoding, line as telemetry_line};
pub use spool::{Spool, SpoolLimits};

/// What is received is on the disk after this, also where the power fails.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Something to be told of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverReport {
    /// Nothing is received, or not all of it, until it is over.
    Begins {
        about: String,
        cause: Cause,
        message: String,
        hint: String,
    },
    Over {
        about: String,
        cause: Cause,
    },
    /// Something that happened.
    Remark {
        message: String,
        hint: Option<String>,
    },
}

/// Where reports go.
pub(crate) type Tell = Rc<dyn Fn(ReceiverReport)>;

/// Why receiving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on `{listener}`: {source}")]
    Bind { listener: String, source: io::Error },
    #[error("cannot keep what is received in `{}`: {source}", shown(folder))]
    Spool { folder: PathBuf, source: io::Error },
    #[error("cannot start receiving: {0}")]
    Start(#[source] io::Error),
}

/// What is to be received.
#[derive(Clone, Default)]
pub struct Listeners {
    pub listeners: Vec<Listener>,
    /// What those must know who send over HTTP.
    pub token: Option<Token>,
}

impl Listeners {
    /// # Errors
    /// When anybody on the network could write into one of them.
    pub fn guarded(self) -> Result<Self, ListenerError> {
        self.listeners.iter().try_for_each(|listener| listener.guarded(self.token.as_ref()))?;
        Ok(self)
    }
}

/// Where the spools lie below the data directory.
pub const SPOOLS: &str = "spool";

/// The listener from which the lines of this file came, in its own words, where it is a segment of a spool:
/// `journal`, `udp://127.0.0.1:5514`.
#[must_use]
pub fn listener_behind(path: &Path) -> Option<String> {
    let folder = spool::folder_of_segment(path)?;
    let spools = folder.parent()?.file_name()?;
    (spools == SPOOLS).then(|| Listener::of_folder_name(folder.file_name()?.to_str()?)).flatten()
}

/// Sockets that are open, and the spools behind them.
pub struct Receivers {
    bound: Vec<(OpenListener, SharedSpool)>,
    token: Option<Token>,
    /// Of listeners of earlier runs: what was received and is not stored yet.
    left: Vec<SharedSpool>,
    /// Of what is damaged in the spools.
    remarks: Vec<ReceiverReport>,
}

impl Receivers {
    /// Opens the sockets and a spool for each below `folder`.
    ///
    /// # Errors
    /// When one cannot be opened: whoever sends there would wait in vain.
    pub fn open(wanted: Listeners, folder: &Path) -> Result<Self, Error> {
        let (bound, left, remarks) = (Vec::new(), Vec::new(), Vec::new());
        let mut receivers = Self { bound, token: wanted.token, left, remarks };
        for listener in &wanted.listeners {
            let spool = receivers.open_spool(&folder.join(listener.folder_name()))?;
            let bound = listener.bind(&spool.folder());
            let bound = bound.map_err(|source| Error::Bind { listener: listener.to_string(), source })?;
            receivers.bound.push((bound, spool));
        }
        receivers.take_up_left(folder)?;
        Ok(receivers)
    }

    fn open_spool(&mut self, folder: &Path) -> Result<SharedSpool, Error> {
        let opened = Spool::open(folder, SpoolLimits::default());
        let (spool, damage) = opened.map_err(|source| spool_error(folder, source))?;
        self.remarks.extend(damage.iter().map(damaged));
        Ok(SharedSpool::new(spool))
    }

    /// What was received before stays to be stored although nobody listens there now.
    fn take_up_left(&mut self, spools: &Path) -> Result<(), Error> {
        let known: Vec<PathBuf> = self.bound.iter().map(|(_, spool)| spool.folder()).collect();
        let Ok(folders) = std::fs::read_dir(spools) else { return Ok(()) };
        for folder in folders.flatten().filter_map(|entry| std::path::absolute(entry.path()).ok()) {
            let name = folder.file_name().and_then(|name| name.to_str());
            let is_left = name.is_some_and(|name| Listener::of_folder_name(name).is_some())
                && !known.contains(&folder)
                && spool::holds_lines(&folder);
            if is_left {
                journal::mark_kept(&folder).map_err(|source| spool_error(&folder, source))?;
                let spool = self.open_spool(&folder)?;
                spool.lock().close().map_err(|source| spool_error(&folder, source))?;
                self.left.push(spool);
            }
        }
        Ok(())
    }

    /// Whether there is anybody to receive from.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.bound.is_empty()
    }

    /// The spools, to read from and to be told what is stored.
    #[must_use]
    pub fn spools(&self) -> Vec<SharedSpool> {
        self.bound.iter().map(|(_, spool)| spool).chain(&self.left).cloned().collect()
    }

    /// Receives until `stop` is used.
    ///
    /// # Errors
    /// When the runtime of the sockets cannot be started.
    pub fn run(self, stop: &Stop, tell: impl Fn(ReceiverReport) + 'static) -> Result<(), Error> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
        let local = tokio::task::LocalSet::new();
        self.remarks.iter().cloned().for_each(&tell);
        let tell: Tell = Rc::new(tell);
        local.block_on(&runtime, self.receive(stop, tell)).map_err(Error::Start)
    }

    async fn receive(self, stop: &Stop, tell: Tell) -> io::Result<()> {
        let stopped = pipe::Receiver::from_owned_fd(stop.fd().try_clone_to_owned()?)?;
        let spools: Vec<SharedSpool> = self.bound.iter().map(|(_, spool)| spool.clone()).collect();
        for (bound, spool) in self.bound {
            let intake = Intake { name: bound.name(), spool, tell: Rc::clone(&tell) };
            tokio::task::spawn_local(bound.receive(intake, self.token.clone()));
        }
        let mut tick = tokio::time::interval(SYNC_EVERY);
        loop {
            tokio::select! {
                _ = stopped.readable() => break,
                _ = tick.tick() => for_all(&spools, &tell, Spool::tick),
            }
        }
        for_all(&spools, &tell, Spool::close);
        Ok(())
    }
}

fn spool_error(folder: &Path, source: io::Error) -> Error {
    Error::Spool { folder: folder.to_owned(), source }
}

fn for_all(spools: &[SharedSpool], tell: &Tell, act: impl Fn(&mut Spool) -> io::Result<()>) {
    for spool in spools {
        let mut spool = spool.lock();
        if let Err(error) = act(&mut spool) {
            let message = format!("cannot keep what is received in `{}`: {error}", shown(spool.folder()));
            tell(ReceiverReport::Remark { message, hint: None });
        }
    }
}

fn damaged(damage: &spool::Damage) -> ReceiverReport {
    let message = format!(
        "`{}` was damaged between byte {} and {} after it was received",
        shown(&damage.path),
        damage.from,
        damage.to
    );
    ReceiverReport::Remark {
        message,
        hint: Some("look at the disk: its errors are in the kernel's log".to_owned()),
    }
}

/// A spool that a receiver fills and the committer empties.
#[derive(Clone)]
pub struct SharedSpool(Arc<Mutex<Spool>>);

impl SharedSpool {
    fn new(spool: Spool) -> Self {
        Self(Arc::new(Mutex::new(spool)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Spool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder whose files are to be read.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.lock().folder().to_owned()
    }

    /// Lets go of files of which everything is stored.
    pub fn stored(&self, cursors: &[Cursor]) {
        self.lock().stored(cursors);
    }
}

/// What a receiver does with what it has received.
#[derive(Clone)]
pub(crate) struct Intake {
    /// The listener, as the user named it.
    name: String,
    spool: SharedSpool,
    tell: Tell,
}

/// A receiver that has no room waits this long before it tries again.
const FULL_LOOK: Duration = Duration::from_millis(200);

impl Intake {
    /// Keeps whole lines; `Err` where there is no room, and then nothing is kept.
    fn keep(&self, lines: &[u8]) -> Result<(), spool::Full> {
        let kept = self.spool.lock().append(lines);
        match kept {
            Ok(had_been_full) => {
                if had_been_full {
                    let (about, cause) = (self.name.clone(), Cause::Store);
                    (self.tell)(ReceiverReport::Over { about, cause });
                }
                Ok(())
            }
            Err(full) => {
                if full.is_news {
                    (self.tell)(self.no_room(&full));
                }
                Err(full)
            }
        }
    }

    /// Keeps whole lines, waiting for room: whoever sends waits as well.
    async fn keep_in_time(&self, lines: &[u8]) {
        while self.keep(lines).is_err() {
            tokio::time::sleep(FULL_LOOK).await;
        }
    }

    /// What was kept is on the disk.
    fn sync(&self) -> io::Result<()> {
        self.spool.lock().sync()
    }

    /// Whether the last line that was kept is needed even when it is stored.
    fn hold_last(&self, is_needed: bool) {
        self.spool.lock().hold_last(is_needed);
    }

    fn remark(&self, message: String, hint: Option<String>) {
        (self.tell)(ReceiverReport::Remark { message, hint });
    }

    fn no_room(&self, full: &spool::Full) -> ReceiverReport {
        ReceiverReport::Begins {
            about: self.name.clone(),
            cause: Cause::Store,
            message: format!("`{}` takes nothing more: {full}", self.name),
            hint: "streams wait, HTTP clients are told to try again, datagrams are lost; receiving resumes once the index has caught up".to_owned(),
        }
    }
}
