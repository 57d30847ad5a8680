//! What the dashboard remembers: which screen, which row, what is being asked. Data of the engine
//! is not in here, only the newest snapshot.

use std::sync::Arc;

use tui_input::Input;

use super::Options;
use super::keymap::{Key, Keymap};
use crate::event::Timestamp;
use crate::pipeline::Notice;
use crate::state::{Filter, Incident, KnownNetworks, Snapshot};
use crate::triage::{Judgement, Mute};
use crate::view::scene::{
    AskedAbout, Away, HelpGroup, Hint, KeyNames, NamedAction, Overlay, Panel, Prompt, PromptPurpose,
    SavedHunt, Scene, Screens, Stream, Tab,
};
use crate::view::{Clock, Drawn, GraphShown, Hit, Mask, Palette, Theme};

/// Everything that can happen to a dashboard.
#[derive(Clone, Debug)]
pub enum Message {
    Key(Key),
    Paste(String),
    Mouse(Mouse),
    Snapshot(Arc<Snapshot>),
    Notice(Notice),
    /// The last frame told how much room there is.
    Drawn(Drawn),
    /// Time passes: milliseconds since the dashboard began.
    Tick(u64),
    /// An effect could not be carried out.
    Trouble(String),
    SlowLink(Option<u32>),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    Click {
        x: u16,
        y: u16,
    },
    /// Moved with the button held.
    Drag {
        x: u16,
        y: u16,
    },
    Release,
    /// Negative is up.
    Scroll {
        rows: isize,
    },
}

/// The dashboard.
#[derive(Debug)]
pub struct Model {
    pub snapshot: Arc<Snapshot>,
    pub tab: Tab,
    pub screens: Screens,
    pub overlay: Option<Overlay>,
    pub prompt: Option<Prompt>,
    pub toast: Option<Toast>,
    /// What the cursor stands on since its row has gone; told until the next key.
    pub(super) moved_to: Option<AskedAbout>,
    /// Somebody decided about the row of a list and has not moved on: the cursor stays with it.
    pub(super) is_held: bool,
    pub failure: Option<String>,
    pub clock: Clock,
    pub slow_link: Option<u32>,
    pub(super) input: Input,
    /// Queries asked before, oldest first, and which of them the prompt shows.
    pub(super) queries: Vec<String>,
    pub(super) recalled: usize,
    pub(super) back: Vec<Tab>,
    pub(super) forward: Vec<Tab>,
    pub(super) page: usize,
    /// What a click leads to, by where it is on the screen.
    pub(super) hits: Vec<Hit>,
    pub(super) scrollable: usize,
    /// The graph of the overview as it was drawn last.
    pub(super) graph: Option<GraphShown>,
    pub(super) last_ticket: u64,
    pub(super) millis: u64,
    pub(super) last_bell_millis: Option<u64>,
    pub(super) clipboard: bool,
    pub(super) bell: bool,
    /// What is being decided about.
    pub(super) meant: Meant,
    /// Who looks, as decisions name them.
    pub(super) user: String,
    /// What happened since they last looked; none once it has been shown.
    pub(super) away: Option<Away>,
    /// Whether it has been found out what happened while they were away.
    pub(super) welcomed: bool,
    /// What Tab goes through in a prompt.
    pub(super) completion: Option<WordChoices>,
    /// Names are not to be read.
    pub(super) mask: Option<Mask>,
    /// The colours were chosen here, not in the configuration.
    pub(super) was_painted: bool,
    /// Names of the fields that events are listed by; none are the usual ones.
    pub(super) columns: Vec<String>,
    pub(super) hunts: Vec<SavedHunt>,
    theme: Theme,
    stream: Stream,
    host: String,
    networks: KnownNetworks,
    pub(super) keymap: Keymap,
    /// What sentences call the keys.
    pub(super) keys: KeyNames,
    hints: Vec<Hint>,
    help: Vec<HelpGroup>,
    /// What the palette lists.
    pub(super) commands: Vec<NamedAction>,
    /// The mouse is ours.
    pub(super) mouse: bool,
    story_ends: Option<Timestamp>,
}

/// What is being decided about, from the key on: the list may move while somebody types.
#[derive(Clone, Debug, Default)]
pub(super) struct Meant {
    pub incidents: Vec<Arc<Incident>>,
    /// What is to be kept quiet.
    pub mute: Option<Mute>,
    /// In words, as it is noted.
    pub about: String,
    /// The same as it is asked about.
    pub asked: AskedAbout,
    /// What the letter behind `V` said.
    pub verdict: Option<Judgement>,
}

/// What a word of a prompt could go on with, and where Tab stands among it.
#[derive(Clone, Debug, Default)]
pub(super) struct WordChoices {
    /// What stands before and behind the word.
    pub before: String,
    pub behind: String,
    pub candidates: Vec<String>,
    pub next: usize,
    /// All of them, with how often they occur.
    pub said: String,
}

/// A sentence that goes away by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    pub until_millis: u64,
}

/// How long a sentence stays.
const TOAST_MILLIS: u64 = 5000;

impl Model {
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            snapshot: Arc::default(),
            tab: Tab::Overview,
            screens: Screens::default(),
            overlay: None,
            prompt: None,
            toast: None,
            moved_to: None,
            is_held: false,
            failure: None,
            clock: options.clock,
            slow_link: None,
            input: Input::default(),
            queries: Vec::new(),
            recalled: 0,
            back: Vec::new(),
            forward: Vec::new(),
            page: 1,
            hits: Vec::new(),
            scrollable: 0,
            graph: None,
            last_ticket: 0,
            millis: 0,
            last_bell_millis: None,
            clipboard: options.clipboard,
            bell: options.bell,
            completion: None,
            mask: None,
            was_painted: false,
            columns: Vec::new(),
            hunts: Vec::new(),
            theme: options.theme(),
            stream: options.stream,
            host: options.host.clone(),
            networks: options.networks.clone(),
            meant: Meant::default(),
            user: options.user.clone(),
            away: None,
            welcomed: false,
            hints: options.keymap.hints(Tab::Overview, false),
            help: options.keymap.help(Tab::Overview),
            keys: options.keymap.renamed(),
            keymap: options.keymap.clone(),
            commands: Vec::new(),
            mouse: options.mouse,
            story_ends: options.story_ends,
        }
    }

    /// What the next frame shows.
    #[must_use]
    pub fn scene(&self) -> Scene<'_> {
        Scene {
            snapshot: &self.snapshot,
            theme: &self.theme,
            clock: self.clock,
            stream: self.stream,
            host: &self.host,
            tab: self.tab,
            screens: &self.screens,
            overlay: self.overlay,
            prompt: self.prompt.as_ref(),
            asked: &self.meant.asked,
            away: self.away.as_ref(),
            networks: &self.networks,
            toast: self.toast.as_ref().map(|toast| toast.text.as_str()),
            moved_to: self.moved_to.as_ref(),
            failure: self.failure.as_deref(),
            slow_link: self.slow_link,
            hints: &self.hints,
            keys: &self.keys,
            columns: &self.columns,
            hunts: &self.hunts,
            help: &self.help,
            commands: &self.commands,
            mask: self.mask.as_ref(),
            is_over: self.story_ends.is_some_and(|end| self.snapshot.now > end),
        }
    }

    /// An answer is on its way, which the loop should not sleep through.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        use crate::view::scene::Answer::Waiting;
        let search = &self.screens.search;
        search.waiting || matches!(search.answer, Waiting) || self.screens.trace.waiting
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast { text: text.into(), until_millis: self.millis + TOAST_MILLIS });
    }

    /// Says a sentence in which `<x>` stands for a key.
    pub(super) fn say_keyed(&mut self, sentence: &'static str) {
        self.say(self.keys.fill(sentence));
    }

    /// Goes to a screen; the one that is left can be returned to.
    pub(super) fn show(&mut self, tab: Tab) {
        if tab != self.tab {
            self.back.push(self.tab);
            self.forward.clear();
            self.enter(tab);
        }
    }

    pub(super) fn enter(&mut self, tab: Tab) {
        self.tab = tab;
        self.renew_hints();
        self.is_held = false;
        self.moved_to = None;
        self.help = self.keymap.help(tab);
    }

    /// The keys of the pane that has them: a panel of the overview does what the screen of its rows does.
    pub(super) fn renew_hints(&mut self) {
        let like = match (self.tab, self.screens.overview.panel) {
            (Tab::Overview, Panel::Breakers | Panel::Lockouts) => Tab::Boards,
            (Tab::Overview, Panel::Sources | Panel::Graph) => Tab::Sources,
            (Tab::Overview, Panel::Entities) => Tab::Entities,
            (tab, _) => tab,
        };
        self.hints = self.keymap.hints_like(self.tab, like, !self.back.is_empty());
    }

    pub(super) fn open_prompt(&mut self, purpose: PromptPurpose, text: &str) {
        self.input = Input::new(text.to_owned());
        self.recalled = self.queries.len();
        self.prompt = Some(Prompt { purpose, text: String::new(), cursor: 0, filter: Ok(Filter::default()) });
        self.renew_prompt();
    }

    /// Takes over what was typed.
    pub(super) fn renew_prompt(&mut self) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.text = self.input.value().to_owned();
        prompt.cursor = self.input.cursor();
        prompt.filter = match prompt.purpose {
            PromptPurpose::Filter => Filter::parse(&prompt.text)
                .and_then(|filter| filter.unknown_field(&self.snapshot.rows).map_or(Ok(filter), Err)),
            _ => Ok(Filter::default()),
        };
    }

    /// Changes the colours.
    pub(super) fn paint(&mut self, palette: Palette) {
        self.theme.palette = palette;
        self.was_painted = true;
    }

    pub(super) fn palette(&self) -> Palette {
        self.theme.palette
    }

    /// Hides names, or shows them again.
    pub(super) fn switch_mask(&mut self) {
        self.mask = match self.mask {
            Some(_) => None,
            None => Some(Mask::of(&self.snapshot)),
        };
    }

    pub(super) fn next_ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }
}
