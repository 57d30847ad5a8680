//! The loop: sleeps in the kernel, takes all input, then draws once.
//!
//! Input is drawn at once; news of the engine at most this many times a second. When the terminal is
//! slow to take a frame (a thin line), the rate is halved until it is not, and the header says so.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::TrySendError;
use crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::buffer::Buffer;

use super::keymap::{Code, Key};
use super::model::{Message, Model, Mouse};
use super::terminal::{Presence, Terminal};
use super::{Effect, Error, LeftOff, Options, editor, update};
use crate::pipeline::{Handle, Request};
use crate::state::Snapshot;
use crate::view;

/// While an answer is on its way: short enough that nobody waits for the loop.
const WAITING_POLL: Duration = Duration::from_millis(4);
/// So many frames in a row that the terminal had not taken when the next one was there: the line is slow.
const FRAMES_TO_SLOW: u32 = 2;
const LEAST_FRAMES_PER_SECOND: u32 = 2;
const MOST_FRAMES_PER_SECOND: u32 = 30;
/// This many fast frames in a row before the rate is doubled again.
const FRAMES_TO_RECOVER: u32 = 20;
/// A session is kept this long after it changed: not with every key.
const SESSION_RESTS: Duration = Duration::from_millis(500);

/// Shows the dashboard until somebody quits, a signal asks to, or the terminal is gone. `keep` is given how it stands
/// soon after that changes, so that little is lost with a killed process, and how it was left.
///
/// # Errors
/// Standard output is not a terminal, or it cannot be read or written.
pub fn run(handle: Handle, options: Options, keep: Keep<'_>) -> Result<(), Error> {
    let mut terminal = Terminal::open()?;
    let take_mouse = |terminal: &mut Terminal| terminal.want_mouse(options.mouse);
    take_mouse(&mut terminal).map_err(|source| Error::Terminal { operation: "use", source })?;
    let model = super::start(&options, handle.snapshots.load_full());
    let pace = FramePace::new(u32::from(options.frames_per_second));
    let began = Instant::now();
    let still = options.reduced_motion;
    let remembered = Remembered { kept: LeftOff::of(&model), changed: None, keep };
    let mut dashboard =
        Dashboard { handle, terminal, model, pace, began, still, remembered, unsent: Vec::new() };
    let ran = dashboard.run().map_err(|source| Error::Terminal { operation: "use", source });
    dashboard.remembered.keep_now(&dashboard.model);
    ran
}

/// Stores how a dashboard stands.
pub type Keep<'a> = &'a mut dyn FnMut(&LeftOff);

/// What is remembered of a dashboard, and whether it is older than what there is to remember.
struct Remembered<'a> {
    kept: LeftOff,
    /// Since when there is something that is not kept yet.
    changed: Option<Instant>,
    keep: Keep<'a>,
}

impl Remembered<'_> {
    /// Something was pressed: what is remembered may be another thing now.
    fn look(&mut self, model: &Model) {
        if self.changed.is_none() && LeftOff::of(model) != self.kept {
            self.changed = Some(Instant::now());
        }
    }

    /// Keeps what has changed a while ago.
    fn settle(&mut self, model: &Model) {
        if self.changed.is_some_and(|changed| changed.elapsed() >= SESSION_RESTS) {
            self.keep_now(model);
        }
    }

    fn keep_now(&mut self, model: &Model) {
        self.changed = None;
        let now = LeftOff::of(model);
        if now != self.kept {
            (self.keep)(&now);
            self.kept = now;
        }
    }
}

struct Dashboard<'a> {
    handle: Handle,
    terminal: Terminal,
    model: Model,
    pace: FramePace,
    began: Instant,
    /// Nothing moves by itself but news.
    still: bool,
    remembered: Remembered<'a>,
    /// Questions for which there was no room yet, the newest of each kind.
    unsent: Vec<Request>,
}

/// What the loop goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    End,
}

impl Dashboard<'_> {
    fn run(&mut self) -> io::Result<()> {
        self.draw()?;
        loop {
            let pause = if self.model.is_waiting() { WAITING_POLL } else { self.pace.until_next() };
            if self.terminal.wait(pause)? == Presence::Gone {
                return Ok(());
            }
            let had_input = self.terminal.has_input()?;
            if had_input && self.take_input()? == Next::End {
                return Ok(());
            }
            if had_input {
                self.remembered.look(&self.model);
            }
            self.remembered.settle(&self.model);
            if self.terminal.is_asked_to_end() {
                return Ok(());
            }
            if self.terminal.is_asked_to_stop() {
                self.terminal.suspend()?;
            }
            let had_answer = self.take_notices()?;
            std::mem::take(&mut self.unsent).into_iter().for_each(|request| self.request(request));
            let is_due = self.pace.until_next().is_zero();
            let has_news = is_due && self.take_snapshot()?;
            let toast_ended = is_due && self.tick()?;
            if had_input || had_answer || has_news || toast_ended {
                self.draw()?;
            } else if is_due {
                self.pace.rest();
            }
        }
    }

    /// All input that is there: a held key is one frame, not many.
    fn take_input(&mut self) -> io::Result<Next> {
        self.tick()?;
        loop {
            let message = match event::read()? {
                Event::Key(key) => key_of(key).map(Message::Key),
                Event::Paste(text) => Some(Message::Paste(text)),
                Event::Mouse(event) => mouse_of(event).map(Message::Mouse),
                _ => None,
            };
            if let Some(message) = message
                && self.send(message)? == Next::End
            {
                return Ok(Next::End);
            }
            if !self.terminal.has_input()? {
                return Ok(Next::Go);
            }
        }
    }

    fn take_notices(&mut self) -> io::Result<bool> {
        let mut had_any = false;
        while let Ok(notice) = self.handle.notices.try_recv() {
            had_any |= !matches!(notice, crate::pipeline::Notice::Changed);
            self.send(Message::Notice(notice))?;
        }
        Ok(had_any)
    }

    /// The newest snapshot, if it says something new.
    fn take_snapshot(&mut self) -> io::Result<bool> {
        let newest = self.handle.snapshots.load_full();
        let is_known = Arc::ptr_eq(&newest, &self.model.snapshot);
        if is_known || (self.still && differs_in_time_only(&self.model.snapshot, &newest)) {
            return Ok(false);
        }
        self.send(Message::Snapshot(newest))?;
        Ok(true)
    }

    /// Says whether something on the screen has had its time.
    fn tick(&mut self) -> io::Result<bool> {
        let had_toast = self.model.toast.is_some();
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.send(Message::Tick(millis))?;
        Ok(had_toast && self.model.toast.is_none())
    }

    fn send(&mut self, message: Message) -> io::Result<Next> {
        for effect in update(&mut self.model, message) {
            match effect {
                Effect::Quit => return Ok(Next::End),
                Effect::Request(request) => self.request(request),
                Effect::Copy(text) => self.terminal.copy(&text)?,
                Effect::Bell => self.terminal.bell()?,
                Effect::Redraw => self.terminal.forget(),
                Effect::Mouse(wanted) => self.terminal.want_mouse(wanted)?,
                Effect::Suspend => self.terminal.suspend()?,
                Effect::Edit { file, line } => self.edit(&file, line)?,
            }
        }
        Ok(Next::Go)
    }

    /// Lends the terminal to the user's editor. A rule that comes along with soctop has no file.
    fn edit(&mut self, file: &str, line: u32) -> io::Result<()> {
        let said = match Path::new(file).is_file() {
            true => match self.terminal.lend(|| editor::command(file, line).status())? {
                Ok(status) if status.success() => return Ok(()),
                Ok(status) => format!("the editor ended with {status}"),
                Err(error) => format!("the editor could not be started: {error}"),
            },
            false => "this rule is bundled: `soctop rules export DIR` writes it out to edit".to_owned(),
        };
        self.send(Message::Trouble(said)).map(drop)
    }

    fn request(&mut self, request: Request) {
        use crate::pipeline::Notice;
        use crate::query::SearchFailure;
        self.unsent.retain(|older| !request.replaces(older));
        let (reason, request) = match self.handle.requests.try_send(request) {
            Ok(()) => return,
            // A query that is typed at once asks with every letter.
            Err(TrySendError::Full(request)) if request.is_question() => return self.unsent.push(request),
            Err(TrySendError::Full(request)) => ("the engine is busy; ask again", request),
            Err(TrySendError::Disconnected(request)) => ("the engine has ended", request),
        };
        let failure = SearchFailure { message: reason.to_owned(), ..SearchFailure::default() };
        let refused = match request {
            Request::Search { ticket, .. } => Notice::Search { ticket, result: Err(failure) },
            Request::OverTime { ticket, .. } => Notice::OverTime { ticket, result: Err(failure) },
            Request::Facets { ticket, .. } => Notice::Facets { ticket, result: Err(failure) },
            Request::Trace { ticket, .. } => Notice::Trace { ticket, result: Err(failure) },
            Request::Export { .. } => Notice::Exported(Err(reason.to_owned())),
            Request::Decide { .. } => Notice::Decided(Err(reason.to_owned())),
            Request::Report { .. } => Notice::Reported(Err(reason.to_owned())),
        };
        update(&mut self.model, Message::Notice(refused));
    }

    fn draw(&mut self) -> io::Result<()> {
        let mut buffer = Buffer::empty(self.terminal.area()?);
        let drawn = view::draw(&mut buffer, &self.model.scene());
        let queued = self.terminal.is_behind();
        self.terminal.show(&buffer, drawn.cursor)?;
        let slow_link = self.pace.drawn(queued);
        self.send(Message::Drawn(drawn))?;
        self.send(Message::SlowLink(slow_link))?;
        Ok(())
    }
}

/// Nothing but the clock has changed.
fn differs_in_time_only(old: &Snapshot, new: &Snapshot) -> bool {
    let healths =
        |snapshot: &Snapshot| snapshot.sources.iter().map(|source| source.health).collect::<Vec<_>>();
    old.ledger == new.ledger
        && Arc::ptr_eq(&old.incidents, &new.incidents)
        && Arc::ptr_eq(&old.boards, &new.boards)
        && Arc::ptr_eq(&old.decisions, &new.decisions)
        && old.rules == new.rules
        && old.notices == new.notices
        && old.index == new.index
        && old.finished == new.finished
        && old.pins.len() == new.pins.len()
        && old.threat.level == new.threat.level
        && healths(old) == healths(new)
}

/// How often frames may be drawn.
#[derive(Debug)]
struct FramePace {
    wanted: u32,
    /// Frames per second now.
    current: u32,
    last: Instant,
    fast_frames: u32,
    slow_frames: u32,
}

impl FramePace {
    fn new(frames_per_second: u32) -> Self {
        let wanted = frames_per_second.clamp(1, MOST_FRAMES_PER_SECOND);
        Self { wanted, current: wanted, last: Instant::now(), fast_frames: 0, slow_frames: 0 }
    }

    fn until_next(&self) -> Duration {
        (Duration::from_secs(1) / self.current).saturating_sub(self.last.elapsed())
    }

    /// There was nothing to draw this time.
    fn rest(&mut self) {
        self.last = Instant::now();
    }

    /// A frame was written; `queued`: the terminal had not taken the one before. How long the writing took says
    /// nothing: on a busy machine everything takes long. Returns the rate if it had to be lowered.
    fn drawn(&mut self, queued: bool) -> Option<u32> {
        self.last = Instant::now();
        self.slow_frames = if queued { self.slow_frames + 1 } else { 0 };
        self.fast_frames = if queued { 0 } else { self.fast_frames + 1 };
        if self.slow_frames >= FRAMES_TO_SLOW {
            self.current = (self.current / 2).max(LEAST_FRAMES_PER_SECOND.min(self.wanted));
            self.slow_frames = 0;
        }
        if self.fast_frames >= FRAMES_TO_RECOVER {
            self.current = (self.current * 2).min(self.wanted);
            self.fast_frames = 0;
        }
        (self.current < self.wanted).then_some(self.current)
    }
}

/// A key of the terminal library as one of ours; releases and unknown keys are none.
fn key_of(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Escape,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::F(number) => Code::Function(number),
        _ => return None,
    };
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    Some(Key { code, control, alt })
}

/// What the mouse did, without the terminal library; movements without a button are nothing.
fn mouse_of(event: MouseEvent) -> Option<Mouse> {
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click { x, y }),
        MouseEventKind::Drag(MouseButton::Left) => Some(Mouse::Drag { x, y }),
        MouseEventKind::Up(MouseButton::Left) => Some(Mouse::Release),
        MouseEventKind::ScrollUp => Some(Mouse::Scroll { rows: -3 }),
        MouseEventKind::ScrollDown => Some(Mouse::Scroll { rows: 3 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_halves_the_rate_and_a_fast_one_restores_it() {
        let mut pace = FramePace::new(10);
        assert_eq!(pace.drawn(true), None, "one frame that waits is no slow line");
        assert_eq!(pace.drawn(true), Some(5));
        assert_eq!([pace.drawn(true), pace.drawn(true)], [Some(5), Some(2)]);
        assert_eq!([pace.drawn(true), pace.drawn(true)], [Some(2), Some(2)]);
        let rates: Vec<Option<u32>> = (0..60).map(|_| pace.drawn(false)).collect();
        assert_eq!((rates[18], rates[19], rates[39], rates[59]), (Some(2), Some(4), Some(8), None));
    }

    #[test]
    fn f12_a_terminal_that_takes_every_frame_is_no_slow_line_however_long_it_takes() {
        let mut pace = FramePace::new(10);
        assert!((0..200).all(|_| pace.drawn(false).is_none()), "nothing waits to be taken");
        // A frame now and then that waits is the terminal's business.
        assert!((0..200).all(|number| pace.drawn(number % 2 == 0).is_none()));
    }

    #[test]
    fn the_rate_stays_within_its_bounds() {
        assert_eq!(FramePace::new(0).current, 1);
        assert_eq!(FramePace::new(500).current, 30);
        let mut slowest = FramePace::new(1);
        assert_eq!(
            [slowest.drawn(true), slowest.drawn(true)],
            [None, None],
            "one frame a second was asked for"
        );
    }

    #[test]
    fn keys_are_translated() {
        let press = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('d'), KeyModifiers::CONTROL), Key::parse("^d"));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Key::parse("G"));
        assert_eq!(press(KeyCode::Left, KeyModifiers::ALT), Key::parse("Alt-←"));
        assert_eq!(press(KeyCode::BackTab, KeyModifiers::SHIFT), Key::parse("⇧Tab"));
        assert_eq!(press(KeyCode::CapsLock, KeyModifiers::NONE), None);
        let release = KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(key_of(release), None);
    }
}
