//! Asked by signal: SIGINT and SIGTERM stop an engine that has no dashboard, SIGHUP makes it read its
//! rules again. (The dashboard sees to its own signals, because it has a terminal to give back.)

use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::SIGHUP;
use signal_hook::{SigId, low_level};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::source::Stop;

/// Stops reading on the first SIGINT or SIGTERM; what was read is then committed as at any stop. The
/// flag tells afterwards whether that happened. The thread waits in the kernel and ends with the
/// process.
///
/// # Errors
/// When signals cannot be watched.
pub fn stop_on_signal(stop: Stop) -> io::Result<Arc<AtomicBool>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&interrupted);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        told.store(true, Ordering::Relaxed);
        stop.stop();
    })?;
    Ok(interrupted)
}

/// SIGHUP, which means two things: "read your files again", and, of old, that the terminal is gone.
pub(super) struct Hangups {
    asked: UnixStream,
    /// Kept, for a stream whose other end is closed can always be read.
    _asking: UnixStream,
    signal: Option<SigId>,
    terminals: usize,
}

impl Hangups {
    /// With `listen` false the signal keeps the meaning it has.
    ///
    /// # Errors
    /// When the signal cannot be watched.
    pub fn new(listen: bool) -> io::Result<Self> {
        let (asked, asking) = UnixStream::pair()?;
        asked.set_nonblocking(true)?;
        let signal =
            if listen { Some(low_level::pipe::register(SIGHUP, asking.try_clone()?)?) } else { None };
        Ok(Self { asked, _asking: asking, signal, terminals: terminals() })
    }

    /// Can be read when the signal came.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.asked.as_fd()
    }

    /// Takes note of the signal; true when a terminal is gone that was there at the start.
    pub fn take_terminal_lost(&mut self) -> bool {
        let mut rings = [0; 64];
        while matches!(self.asked.read(&mut rings), Ok(64)) {}
        terminals() < self.terminals
    }
}

impl Drop for Hangups {
    fn drop(&mut self) {
        if let Some(signal) = self.signal.take() {
            low_level::unregister(signal);
        }
    }
}

/// How many of the standard streams are terminals.
fn terminals() -> usize {
    let streams = [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
    streams.into_iter().filter(|is_terminal| *is_terminal).count()
}
