//! The terminal, taken over and given back.
//!
//! It is restored on every way out: leaving the loop, an error, a panic (the hook restores before
//! the report is printed), SIGTERM, SIGHUP, SIGINT, SIGQUIT and SIGABRT (the loop sees a flag), SIGTSTP (restored,
//! stopped, taken over again). A frame is one write, between the marks of synchronized output, and
//! holds only the cells that changed; an unchanged frame writes nothing at all.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::{SigId, flag, low_level};

use super::Error;
use super::hangup::HangupWatch;
use crate::pipeline::panic_is_handled;

/// The terminal is ours. Restoring looks here, so that it happens once, whoever comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Bytes written at once before the frame is, in the case of a very large screen, split.
const FRAME_CAPACITY: usize = 64 * 1024;

/// Whether somebody is still at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    There,
    Gone,
}

/// The screen while it is ours.
pub struct Terminal {
    /// Not `io::stdout`, which would cut a frame at line ends.
    output: File,
    /// The cells the terminal shows; empty when that is not known.
    shown: Buffer,
    cursor: Option<(u16, u16)>,
    frame: Vec<u8>,
    signals: Signals,
    _hangup: HangupWatch,
    mouse: bool,
}

/// Clicks and the wheel, without movements, with coordinates of any size.
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Standard output is no terminal, or it refuses.
    pub fn open() -> Result<Self, Error> {
        if !io::stdout().is_terminal() {
            return Err(Error::NoTerminal);
        }
        let failed = |operation| move |source| Error::Terminal { operation, source };
        let output = io::stdout().as_fd().try_clone_to_owned().map_err(failed("open"))?;
        let signals = Signals::register().map_err(failed("watch the signals of"))?;
        let watched = output.try_clone().map_err(failed("watch"))?;
        let hangup = HangupWatch::start(watched, Arc::clone(&signals.end)).map_err(failed("watch"))?;
        install_panic_hook();
        take().map_err(failed("take over"))?;
        Ok(Self {
            output: File::from(output),
            shown: Buffer::default(),
            cursor: None,
            frame: Vec::with_capacity(FRAME_CAPACITY),
            signals,
            _hangup: hangup,
            mouse: false,
        })
    }

    /// The size of the screen now.
    ///
    /// # Errors
    /// The terminal does not say.
    pub fn area(&self) -> io::Result<Rect> {
        let (width, height) = size()?;
        Ok(Rect { x: 0, y: 0, width, height })
    }

    /// Shows a frame: writes what differs from the last one. Returns the bytes written.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn show(&mut self, buffer: &Buffer, cursor: Option<(u16, u16)>) -> io::Result<usize> {
        let fresh = self.shown.area != buffer.area;
        let blank = Buffer::empty(buffer.area);
        let changes = if fresh { blank.diff(buffer) } else { self.shown.diff(buffer) };
        if changes.is_empty() && self.cursor == cursor && !fresh {
            return Ok(0);
        }
        self.frame.clear();
        queue!(self.frame, BeginSynchronizedUpdate, Hide)?;
        if fresh {
            queue!(self.frame, SetAttribute(Attribute::Reset), Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut self.frame).draw(changes.into_iter())?;
        if let Some((x, y)) = cursor {
            queue!(self.frame, MoveTo(x, y), Show)?;
        }
        queue!(self.frame, EndSynchronizedUpdate)?;
        self.output.write_all(&self.frame)?;
        self.shown.clone_from(buffer);
        self.cursor = cursor;
        Ok(self.frame.len())
    }

    /// The next frame is written in full.
    pub fn forget(&mut self) {
        self.shown = Buffer::default();
    }

    /// Hands text to the clipboard of the terminal, also over SSH (OSC 52).
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        write!(self.output, "\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))
    }

    /// Asks for mouse events, or no longer.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn want_mouse(&mut self, wanted: bool) -> io::Result<()> {
        self.mouse = wanted;
        self.output.write_all(if wanted { MOUSE_ON } else { MOUSE_OFF })
    }

    /// The terminal has not yet taken what was written before: there is no room for more.
    pub fn is_behind(&self) -> bool {
        let mut asked = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::OUT)];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut asked, Some(&none)).is_ok_and(|ready| ready == 0)
    }

    /// Rings.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn bell(&mut self) -> io::Result<()> {
        self.output.write_all(b"\x07")
    }

    /// Gives the terminal back, stops the process, and takes it over when it goes on.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.lend(|| low_level::emulate_default_handler(SIGTSTP))?
    }

    /// Gives the terminal back while something else uses it, and takes it over again, whatever came of that.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn lend<T>(&mut self, other: impl FnOnce() -> T) -> io::Result<T> {
        restore()?;
        let outcome = other();
        self.forget();
        take()?;
        self.want_mouse(self.mouse)?;
        Ok(outcome)
    }

    /// Waits for a key, a signal or the end of `pause`. `Gone` when there is nobody at the terminal
    /// any more: the event reader would spin on an end of input for ever, so it is not asked then.
    ///
    /// # Errors
    /// The terminal cannot be waited for.
    pub fn wait(&self, pause: Duration) -> io::Result<Presence> {
        self.presence(Timespec::try_from(pause).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 }))
    }

    /// Whether a key is there to be read. Asks whether anybody is at the terminal first, each time: between two keys of
    /// one reading a connection may break, too.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn has_input(&self) -> io::Result<bool> {
        let presence = self.presence(Timespec { tv_sec: 0, tv_nsec: 0 })?;
        Ok(presence == Presence::There && event::poll(Duration::ZERO)?)
    }

    fn presence(&self, timeout: Timespec) -> io::Result<Presence> {
        let mut waited = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
        match poll(&mut waited, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [terminal] = waited;
        let lost = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        let gone = terminal.revents().intersects(lost) || self.is_asked_to_end();
        Ok(if gone { Presence::Gone } else { Presence::There })
    }

    /// Somebody asked the process to end.
    pub fn is_asked_to_end(&self) -> bool {
        self.signals.end.load(Ordering::Relaxed)
    }

    /// Somebody asked the process to stop for a while; asks once.
    pub fn is_asked_to_stop(&self) -> bool {
        self.signals.stop.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nobody is left to tell when the terminal is gone.
        restore().unwrap_or_default();
    }
}

/// Flags that signal handlers set.
struct Signals {
    end: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    registered: Vec<SigId>,
}

impl Signals {
    fn register() -> io::Result<Self> {
        let (end, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut registered = vec![flag::register(SIGTSTP, Arc::clone(&stop))?];
        for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT] {
            registered.push(flag::register(signal, Arc::clone(&end))?);
        }
        Ok(Self { end, stop, registered })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)
}

/// Gives the terminal back if it is ours.
fn restore() -> io::Result<()> {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let left = io::stdout().write_all(MOUSE_OFF).and_then(|()| give_back());
    // Raw mode ends even if the screen could not be left.
    disable_raw_mode().and(left)
}

fn give_back() -> io::Result<()> {
    execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        SetAttribute(Attribute::Reset),
        DisableBracketedPaste,
        Show,
        LeaveAlternateScreen
    )
}

/// A panic anywhere in the process would otherwise print into the alternate screen, unseen.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |report| {
            // What is about to become an error message leaves a living dashboard alone.
            if !panic_is_handled() {
                restore().unwrap_or_default();
                previous(report);
            }
        }));
    });
}
