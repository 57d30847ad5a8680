//! Ends the program when its terminal is gone and the loop cannot hear of it: the reader of keys that is asked while the
//! line breaks reads nothing for ever (crossterm 0.29, `event::poll` at the end of its input).

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, process, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// How long the loop has to end by itself. What is not committed by then is read again, as after a crash.
const GRACE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Exit status of a program that SIGHUP ended, as shells count it.
const HANGUP: i32 = 129;

/// Watches a terminal from a thread of its own, until it is dropped.
pub(super) struct HangupWatch {
    /// The thread waits for its end.
    _end: OwnedFd,
}

impl HangupWatch {
    /// `lost` becomes true when nobody is at the terminal any more.
    ///
    /// # Errors
    /// No thread or pipe can be had.
    pub(super) fn start(terminal: OwnedFd, lost: Arc<AtomicBool>) -> io::Result<Self> {
        let (over, end) = pipe_with(PipeFlags::CLOEXEC)?;
        thread::Builder::new().name("hangup".to_owned()).spawn(move || watch(&terminal, &over, &lost))?;
        Ok(Self { _end: end })
    }
}

fn watch(terminal: &OwnedFd, over: &OwnedFd, lost: &AtomicBool) {
    if !hangs_up(terminal, over) {
        return;
    }
    lost.store(true, Ordering::Relaxed);
    let mut waited = [PollFd::new(over, PollFlags::IN)];
    if poll(&mut waited, Some(&GRACE)) == Ok(0) {
        #[expect(clippy::exit, reason = "the thread that could return is the one that does not")]
        process::exit(HANGUP);
    }
}

/// Waits until nobody is at the terminal, or the watch is over; says whether it was the first.
fn hangs_up(terminal: &OwnedFd, over: &OwnedFd) -> bool {
    loop {
        let mut waited = [PollFd::new(terminal, PollFlags::empty()), PollFd::new(over, PollFlags::IN)];
        match poll(&mut waited, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return false,
        }
        let [terminal, over] = waited;
        if !over.revents().is_empty() {
            return false;
        }
        if !terminal.revents().is_empty() {
            return true;
        }
    }
}
