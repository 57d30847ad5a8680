//! The dashboard: keys in, frames out.
//!
//! ```text
//! terminal ─► Key ─┐                      ┌─► Effect ─► requests, clipboard, terminal
//! engine ─► Notice ┼─► update(&mut Model) ┤
//! snapshots ───────┘                      └─► Model ─► Scene ─► view::draw ─► cells
//! ```
//!
//! `keymap`, `model` and `update` know no terminal and are tested as tables. `terminal` owns the
//! screen and gives it back on every way out. `run` is the loop: it sleeps in the kernel, takes
//! all input before it draws, draws only when something changed and at most a few times a second,
//! and writes a frame in one piece.

mod arranging;
mod ask;
mod away;
mod brushing;
mod commanding;
mod completing;
mod copying;
mod deciding;
mod editor;
mod effect;
mod exporting;
mod following;
mod hangup;
mod hunts;
pub mod keymap;
mod model;
mod narrowing;
mod question;
mod run;
mod screen;
mod screens;
mod session;
mod terminal;
mod typing;
mod update;

pub use effect::Effect;
pub use model::{Message, Model, Mouse};
pub use run::{Keep, run};
pub use session::LeftOff;
pub use update::{start, update};

use crate::event::Timestamp;
use crate::state::KnownNetworks;
use crate::view::Clock;
use crate::view::scene::Stream;
use crate::view::{Charset, Palette, Theme};

/// How the dashboard behaves; resolved from flags, environment and configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nothing above 0x7e is drawn.
    pub ascii: bool,
    /// False with `NO_COLOR`: bold, dim and reversed only.
    pub color: bool,
    pub stream: Stream,
    pub clock: Clock,
    /// Which key does what.
    pub keymap: keymap::Keymap,
    /// The colours; `color` decides whether there are any.
    pub palette: Palette,
    /// Mouse events are asked for.
    pub mouse: bool,
    /// When the recorded story that is shown comes to its end.
    pub story_ends: Option<Timestamp>,
    /// Name of who looks, for decisions.
    pub user: String,
    /// Names of our own networks.
    pub networks: KnownNetworks,
    /// Name of this machine for the header; empty when unknown.
    pub host: String,
    /// Frames per second at most, 1 to 30.
    pub frames_per_second: u16,
    /// No running clock: an idle dashboard draws nothing.
    pub reduced_motion: bool,
    /// Copying through the terminal (OSC 52) is allowed.
    pub clipboard: bool,
    /// The terminal bell rings when a critical incident opens.
    pub bell: bool,
    /// How the dashboard was left before.
    pub session: LeftOff,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ascii: false,
            color: true,
            stream: Stream::Live,
            clock: Clock::default(),
            host: String::new(),
            keymap: keymap::Keymap::default(),
            palette: Palette::Ansi,
            mouse: true,
            story_ends: None,
            user: String::new(),
            networks: KnownNetworks::default(),
            frames_per_second: 10,
            reduced_motion: false,
            clipboard: true,
            bell: true,
            session: LeftOff::default(),
        }
    }
}

impl Options {
    fn theme(&self) -> Theme {
        Theme {
            palette: if self.color { self.palette } else { Palette::Mono },
            charset: if self.ascii { Charset::Ascii } else { Charset::Unicode },
        }
    }
}

/// The dashboard could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("standard output is not a terminal")]
    NoTerminal,
    #[error("could not {operation} the terminal")]
    Terminal { operation: &'static str, source: std::io::Error },
}
