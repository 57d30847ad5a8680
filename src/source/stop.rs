//! The token that ends a source, wherever it is waiting.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// Asks a running source to stop; all clones are one token. A pipe stands behind it, so that a
/// source that waits for file events or standard input wakes up at once.
#[derive(Clone)]
pub struct Stop(Arc<Inner>);

struct Inner {
    stopped: AtomicBool,
    wake: Wake,
}

impl Stop {
    /// # Errors
    /// When no pipe can be made (no file descriptors left).
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Inner { stopped: AtomicBool::new(false), wake: Wake::new()? })))
    }

    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        self.0.wake.wake();
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Becomes readable for good once stopped.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.wake.fd()
    }
}

/// A pipe used as a bell: any number of rings before it is silenced count as one.
pub(crate) struct Wake {
    receiver: OwnedFd,
    sender: OwnedFd,
}

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        let (receiver, sender) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { receiver, sender })
    }

    pub(crate) fn wake(&self) {
        // A full pipe already rings; nothing else can go wrong with a pipe whose reader we hold.
        while rustix::io::write(&self.sender, &[1]) == Err(Errno::INTR) {}
    }

    pub(crate) fn silence(&self) {
        let mut rings = [0; 64];
        while matches!(rustix::io::read(&self.receiver, &mut rings), Ok(64) | Err(Errno::INTR)) {}
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.receiver.as_fd()
    }
}

/// Waits until a stream can be read or a stop was asked for.
pub(crate) fn wait_readable(stop: &Stop, descriptor: BorrowedFd<'_>) {
    let mut waited = [
        PollFd::from_borrowed_fd(stop.fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(descriptor, PollFlags::IN),
    ];
    poll(&mut waited, None).unwrap_or_default();
}
