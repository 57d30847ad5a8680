//! Which key does what, as data: dispatch, the hint line and the help page come from one table.
//!
//! One verb per key on every screen: a key may be absent somewhere, but never mean something else.
//! Nothing important sits only on a key that some keyboards lack. `[keys]` of the configuration gives actions
//! other keys; what would break the rule is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::sigma::diagnostic::did_you_mean;
use crate::view::scene::{HelpEntry, HelpGroup, Hint, KeyNames, NamedAction, Tab};

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Quit,
    Back,
    Close,
    Open,
    Show(Tab),
    NextPane,
    PreviousPane,
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    HistoryBack,
    HistoryForward,
    Edit,
    FilterIn,
    FilterOut,
    FilterOnly,
    Facets,
    Hunts,
    Columns,
    DropLast,
    DropAll,
    NextProblem,
    PreviousProblem,
    Trace,
    ViewEvents,
    Why,
    Pause,
    Follow,
    ClockStyle,
    Copy,
    Detail,
    Switch,
    Unfold,
    Fold,
    Acknowledge,
    Judge,
    Snooze,
    Mute,
    Undo,
    Report,
    Commands,
    Mouse,
    Mutes,
    Editor,
    Mask,
    ZoomIn,
    ZoomOut,
    Help,
    Redraw,
    Suspend,
}

/// A key press, without the terminal library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: Code,
    pub control: bool,
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    Char(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Backspace,
    Delete,
    Function(u8),
}

impl Key {
    #[must_use]
    pub fn plain(code: Code) -> Self {
        Self { code, control: false, alt: false }
    }

    #[must_use]
    pub fn control(c: char) -> Self {
        Self { code: Code::Char(c), control: true, alt: false }
    }

    /// Reads a name as it stands in the table (`j`, `^d`, `Alt-←`, `PgDn`, `Space`), or in words (`ctrl-d`,
    /// `alt-left`, `pgdn`, `space`).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(rest) = strip_word(name, "alt-") {
            return Some(Self { alt: true, ..Self::parse(rest)? });
        }
        if let Some(rest) = strip_word(name, "ctrl-") {
            return Some(Self { control: true, ..Self::parse(rest)? });
        }
        let mut chars = name.chars();
        if let ('^', Some(c), None) = (chars.next()?, chars.next(), chars.next()) {
            return Some(Self::control(c));
        }
        let number = strip_word(name, "f").and_then(|number| number.parse::<u8>().ok());
        if let Some(number @ 1..=12) = number {
            return Some(Self::plain(Code::Function(number)));
        }
        let named =
            NAMED_KEYS.iter().find(|(shown, word, _)| *shown == name || name.eq_ignore_ascii_case(word));
        let code = match named {
            Some((.., code)) => *code,
            None => Code::Char(name.parse().ok()?),
        };
        Some(Self::plain(code))
    }
}

/// Keys with a name: as it is shown, as it may be written, what it is.
const NAMED_KEYS: [(&str, &str, Code); 14] = [
    ("Enter", "enter", Code::Enter),
    ("Esc", "esc", Code::Escape),
    ("Tab", "tab", Code::Tab),
    ("⇧Tab", "shift-tab", Code::BackTab),
    ("↑", "up", Code::Up),
    ("↓", "down", Code::Down),
    ("←", "left", Code::Left),
    ("→", "right", Code::Right),
    ("Home", "home", Code::Home),
    ("End", "end", Code::End),
    ("PgUp", "pgup", Code::PageUp),
    ("PgDn", "pgdn", Code::PageDown),
    ("Space", "space", Code::Char(' ')),
    ("Del", "delete", Code::Delete),
];

/// What follows a word, in whatever letter case.
fn strip_word<'n>(name: &'n str, word: &str) -> Option<&'n str> {
    let (head, rest) = name.split_at_checked(word.len())?;
    (head.eq_ignore_ascii_case(word) && !rest.is_empty()).then_some(rest)
}

/// As it is shown: `^d`, `Alt-←`.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.alt {
            f.write_str("Alt-")?;
        }
        if self.control {
            f.write_str("^")?;
        }
        match (NAMED_KEYS.iter().find(|(.., code)| *code == self.code), self.code) {
            (Some((shown, ..)), _) => f.write_str(shown),
            (None, Code::Char(c)) => write!(f, "{c}"),
            (None, Code::Function(number)) => write!(f, "F{number}"),
            (None, _) => f.write_str("Backspace"),
        }
    }
}

/// Groups of the help page, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Move,
    Open,
    Filter,
    Decide,
    Live,
    Do,
    Look,
}

impl Group {
    const ALL: [Group; 7] =
        [Group::Move, Group::Open, Group::Filter, Group::Decide, Group::Live, Group::Do, Group::Look];

    fn title(self) -> &'static str {
        match self {
            Group::Move => "MOVE",
            Group::Open => "OPEN",
            Group::Filter => "FILTER",
            Group::Decide => "DECIDE",
            Group::Live => "LIVE",
            Group::Do => "DO",
            Group::Look => "LOOK",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
struct Binding {
    action: Action,
    keys: &'static [&'static str],
    /// Where it does something; empty is everywhere.
    tabs: &'static [Tab],
    group: Group,
    /// For the help page.
    text: &'static str,
    /// For the hint line; empty is not hinted at.
    hint: &'static str,
    /// Hints of a lower rank come first and are dropped last.
    rank: u8,
}

const fn binding(action: Action, keys: &'static [&'static str], group: Group, text: &'static str) -> Binding {
    Binding { action, keys, tabs: &[], group, text, hint: "", rank: 0 }
}

impl Binding {
    const fn on(self, tabs: &'static [Tab]) -> Self {
        Self { tabs, ..self }
    }

    const fn hint(self, hint: &'static str, rank: u8) -> Self {
        Self { hint, rank, ..self }
    }

    fn works_on(&self, tab: Tab) -> bool {
        self.tabs.is_empty() || self.tabs.contains(&tab)
    }
}

use Tab::{Boards, Entities, Events, Incidents, Overview, Rules, Search, Sources, Trace};

const LISTS: &[Tab] = &[Overview, Events, Search, Trace, Incidents, Rules, Entities, Sources, Boards];
const WITH_INCIDENTS: &[Tab] = &[Overview, Incidents, Boards];
const WITH_MUTES: &[Tab] = &[Overview, Incidents, Boards, Rules];
const FOLDING: &[Tab] = &[Overview, Incidents];
const OPENABLE: &[Tab] = LISTS;
const WITH_FILTER: &[Tab] = &[Events];
const WITH_VALUES: &[Tab] = &[Events, Search, Trace];
const WITH_QUERY: &[Tab] = &[Events, Search];
const WITH_TRACE: &[Tab] = &[Overview, Events, Search, Incidents, Boards];
const WITH_PROMPT: &[Tab] = LISTS;
const WITH_PANES: &[Tab] = &[Overview, Events, Search, Trace, Incidents];

const TABLE: &[Binding] = &[
    binding(Action::Help, &["?", "F1"], Group::Look, "this help").hint("help", 0),
    binding(Action::Commands, &[":", "^k"], Group::Look, "every command by name").hint("commands", 5),
    binding(Action::Mouse, &["m", "F2"], Group::Look, "mouse: soctop or terminal"),
    binding(Action::Down, &["j", "↓"], Group::Move, "next row").on(LISTS),
    binding(Action::Up, &["k", "↑"], Group::Move, "previous row").on(LISTS),
    binding(Action::PageDown, &["^d", "PgDn"], Group::Move, "a page on").on(LISTS),
    binding(Action::PageUp, &["^u", "PgUp"], Group::Move, "a page back").on(LISTS),
    binding(Action::First, &["g", "Home"], Group::Move, "first row").on(LISTS),
    binding(Action::Last, &["G", "End"], Group::Move, "last row, follow").on(LISTS),
    binding(Action::NextProblem, &["e"], Group::Move, "next error")
        .on(&[Events, Search, Trace])
        .hint("next error", 60),
    binding(Action::PreviousProblem, &["E"], Group::Move, "previous error").on(&[Events, Search, Trace]),
    binding(Action::NextPane, &["Tab"], Group::Move, "next pane").on(WITH_PANES).hint("pane", 50),
    binding(Action::PreviousPane, &["⇧Tab"], Group::Move, "pane before").on(WITH_PANES),
    binding(Action::HistoryBack, &["[", "Alt-←"], Group::Move, "screen before"),
    binding(Action::HistoryForward, &["]", "Alt-→"], Group::Move, "screen after"),
    binding(Action::Open, &["Enter"], Group::Open, "details, evidence").on(OPENABLE).hint("open", 20),
    binding(Action::Trace, &["o"], Group::Open, "trace of this id").on(WITH_TRACE).hint("trace", 22),
    binding(Action::ViewEvents, &["v"], Group::Open, "its events in the index")
        .on(&[Overview, Incidents, Entities, Events, Search, Sources, Boards])
        .hint("events", 24),
    binding(Action::Why, &["w"], Group::Open, "why this threat level").hint("why", 45),
    binding(Action::Show(Overview), &["1"], Group::Open, "overview"),
    binding(Action::Show(Events), &["2"], Group::Open, "live events"),
    binding(Action::Show(Search), &["3"], Group::Open, "search the index"),
    binding(Action::Show(Trace), &["4"], Group::Open, "trace"),
    binding(Action::Show(Incidents), &["5"], Group::Open, "incidents"),
    binding(Action::Show(Rules), &["6"], Group::Open, "rules"),
    binding(Action::Show(Entities), &["7"], Group::Open, "entities by risk"),
    binding(Action::Show(Sources), &["8"], Group::Open, "sources"),
    binding(Action::Show(Boards), &["9"], Group::Open, "boards (locks, breakers)"),
    binding(Action::Edit, &["/"], Group::Filter, "type filter, query or id")
        .on(WITH_PROMPT)
        .hint("filter", 10),
    binding(Action::FilterIn, &["+"], Group::Filter, "with this value").on(WITH_VALUES),
    binding(Action::FilterOut, &["-"], Group::Filter, "without this value").on(WITH_VALUES),
    binding(Action::FilterOnly, &["="], Group::Filter, "nothing but this value").on(WITH_VALUES),
    binding(Action::Facets, &["F"], Group::Filter, "most frequent values").on(WITH_QUERY).hint("values", 12),
    binding(Action::Hunts, &["H"], Group::Filter, "saved hunts").on(WITH_QUERY).hint("hunts", 62),
    binding(Action::Columns, &["C"], Group::Look, "choose the columns").on(WITH_QUERY).hint("columns", 64),
    binding(Action::DropLast, &["x"], Group::Filter, "drop the last part").on(WITH_FILTER),
    binding(Action::DropAll, &["X"], Group::Filter, "drop all parts").on(WITH_FILTER),
    binding(Action::Switch, &["s"], Group::Filter, "open incidents or all")
        .on(&[Incidents, Rules])
        .hint("open/all", 30),
    binding(Action::Acknowledge, &["a"], Group::Decide, "acknowledge, with a note")
        .on(WITH_INCIDENTS)
        .hint("ack", 23),
    binding(Action::Judge, &["V"], Group::Decide, "verdict: what it was")
        .on(WITH_INCIDENTS)
        .hint("verdict", 46),
    binding(Action::Snooze, &["z"], Group::Decide, "snooze for a while")
        .on(WITH_INCIDENTS)
        .hint("snooze", 47),
    binding(Action::Mute, &["M"], Group::Decide, "mute its rule for a while").on(WITH_MUTES).hint("mute", 26),
    binding(Action::Mutes, &["L"], Group::Decide, "mutes, and what they hide"),
    binding(Action::Undo, &["U"], Group::Decide, "undo your last decision").hint("undo", 58),
    binding(Action::Report, &["S"], Group::Do, "report of the incident")
        .on(&[Overview, Incidents, Boards, Events, Search])
        .hint("report", 48),
    binding(Action::Mask, &["P"], Group::Look, "hide names and addresses"),
    binding(Action::ZoomIn, &["."], Group::Look, "zoom in on the row").on(&[Trace, Search]).hint("zoom", 30),
    binding(Action::ZoomOut, &[","], Group::Look, "zoom out").on(&[Trace, Search]),
    binding(Action::Editor, &["^o"], Group::Do, "open the rule in $EDITOR").on(&[Rules]).hint("editor", 28),
    binding(Action::Unfold, &["→", "l"], Group::Open, "list its incidents").on(FOLDING),
    binding(Action::Fold, &["←", "h"], Group::Open, "fold them again").on(FOLDING),
    binding(Action::Pause, &["Space"], Group::Live, "pause, resume the list").on(&[Events]).hint("pause", 30),
    binding(Action::Follow, &["f"], Group::Live, "follow the newest").on(&[Events]).hint("follow", 35),
    binding(Action::ClockStyle, &["T"], Group::Live, "clock: UTC, local, age"),
    binding(Action::Copy, &["y"], Group::Do, "copy a value or the line")
        .on(&[Overview, Events, Search, Trace, Incidents, Entities, Sources, Boards])
        .hint("copy", 55),
    binding(Action::Detail, &["d"], Group::Look, "detail pane").on(&[Events, Search]).hint("detail", 33),
    binding(Action::Close, &["Esc"], Group::Look, "close the topmost thing"),
    binding(Action::Back, &["q"], Group::Look, "back; quit at the start").hint("quit", 70),
    binding(Action::Redraw, &["^l"], Group::Look, "redraw the screen"),
    binding(Action::Suspend, &["^z"], Group::Look, "suspend"),
    binding(Action::Quit, &["^c"], Group::Look, "quit"),
];

/// The name of an action in the configuration.
fn name(action: Action) -> &'static str {
    match action {
        Action::Quit => "quit",
        Action::Back => "back",
        Action::Close => "close",
        Action::Open => "open",
        Action::Show(tab) => show_name(tab),
        Action::NextPane => "next_pane",
        Action::PreviousPane => "previous_pane",
        Action::Down => "down",
        Action::Up => "up",
        Action::PageDown => "page_down",
        Action::PageUp => "page_up",
        Action::First => "first",
        Action::Last => "last",
        Action::HistoryBack => "history_back",
        Action::HistoryForward => "history_forward",
        Action::Edit => "edit",
        Action::FilterIn => "include",
        Action::FilterOut => "exclude",
        Action::FilterOnly => "only",
        Action::Facets => "values",
        Action::Hunts => "hunts",
        Action::Columns => "columns",
        Action::DropLast => "drop_last",
        Action::DropAll => "drop_all",
        Action::NextProblem => "next_error",
        Action::PreviousProblem => "previous_error",
        Action::Trace => "trace",
        Action::ViewEvents => "events",
        Action::Why => "why",
        Action::Pause => "pause",
        Action::Follow => "follow",
        Action::ClockStyle => "clock",
        Action::Copy => "copy",
        Action::Detail => "detail",
        Action::Switch => "switch",
        Action::Unfold => "unfold",
        Action::Fold => "fold",
        Action::Acknowledge => "acknowledge",
        Action::Judge => "verdict",
        Action::Snooze => "snooze",
        Action::Mute => "mute",
        Action::Undo => "undo",
        Action::Report => "report",
        Action::Commands => "commands",
        Action::Mouse => "mouse",
        Action::Mutes => "mutes",
        Action::Editor => "editor",
        Action::Mask => "mask",
        Action::ZoomIn => "zoom_in",
        Action::ZoomOut => "zoom_out",
        Action::Help => "help",
        Action::Redraw => "redraw",
        Action::Suspend => "suspend",
    }
}

fn show_name(tab: Tab) -> &'static str {
    match tab {
        Overview => "show_overview",
        Events => "show_events",
        Search => "show_search",
        Trace => "show_trace",
        Incidents => "show_incidents",
        Rules => "show_rules",
        Entities => "show_entities",
        Sources => "show_sources",
        Boards => "show_boards",
    }
}

/// What the keys are for: the table, with the keys of the configuration in it.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<BoundKeys>,
}

/// A line of the table with the keys that it has.
#[derive(Clone, Debug)]
struct BoundKeys {
    binding: &'static Binding,
    /// As they are shown, and as they are pressed; the first is the one that is hinted at.
    keys: Vec<(Cow<'static, str>, Key)>,
}

/// What can be done, as a list of it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionKeys {
    /// As the configuration calls it.
    pub name: &'static str,
    pub keys: String,
    pub text: &'static str,
}

/// Why a line of `[keys]` cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMistake {
    /// Which of the lines.
    pub line: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = TABLE.iter().map(|binding| BoundKeys {
            binding,
            keys: binding
                .keys
                .iter()
                .filter_map(|name| Some((Cow::Borrowed(*name), Key::parse(name)?)))
                .collect(),
        });
        Self { bound: bound.collect() }
    }
}

impl Keymap {
    /// The table with other keys: actions and the keys that each shall have, in place of its own.
    ///
    /// # Errors
    /// Everything that is wrong: an action or a key that there is not, an action twice or without a key, a key that
    /// would be for two actions.
    pub fn configured<'w>(
        wanted: impl Iterator<Item = (&'w str, &'w [String])>,
    ) -> Result<Self, Vec<KeyMistake>> {
        let mut keymap = Self::default();
        let mut mistakes = Vec::new();
        let mut lines: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (line, (action, keys)) in wanted.enumerate() {
            match keymap.give(action, keys) {
                Ok(action) => drop(lines.insert(action, line)),
                Err((message, hint)) => mistakes.push(KeyMistake { line, message, hint }),
            }
        }
        mistakes.extend(keymap.conflicts(&lines));
        mistakes.sort_by_key(|mistake| mistake.line);
        if mistakes.is_empty() { Ok(keymap) } else { Err(mistakes) }
    }

    /// Gives an action these keys alone; returns its name as the table has it.
    fn give(&mut self, action: &str, keys: &[String]) -> Result<&'static str, (String, Option<String>)> {
        let names = || self.bound.iter().map(|bound| name(bound.binding.action));
        let Some(at) = names().position(|known| known == action) else {
            return Err((format!("no action is called `{action}`"), did_you_mean(action, names())));
        };
        let mut given = Vec::new();
        for text in keys {
            let Some(key) = Key::parse(text) else {
                let hint = "keys are characters, `ctrl-k`, `alt-left`, `space`, `enter`, `pgdn`, `f5`";
                return Err((format!("`{text}` is not a key"), Some(hint.to_owned())));
            };
            if key == Key::control('c') {
                return Err(("`ctrl-c` always quits".to_owned(), Some("choose another key".to_owned())));
            }
            given.push((Cow::Owned(key.to_string()), key));
        }
        if given.is_empty() {
            let hint = "leave the line out to keep its usual key".to_owned();
            return Err((format!("`{action}` would have no key"), Some(hint)));
        }
        let bound = self.bound.get_mut(at).ok_or_else(|| (String::new(), None))?;
        bound.keys = given;
        Ok(name(bound.binding.action))
    }

    /// Keys that are for two actions; said of the one that the configuration gave it to.
    fn conflicts(&self, lines: &BTreeMap<&'static str, usize>) -> Vec<KeyMistake> {
        let mut owners: Vec<(Key, &'static str)> = Vec::new();
        let mut mistakes = Vec::new();
        for bound in &self.bound {
            let action = name(bound.binding.action);
            for (shown, key) in &bound.keys {
                let Some((_, other)) = owners.iter().find(|(known, _)| known == key) else {
                    owners.push((*key, action));
                    continue;
                };
                let (line, one, two) = match (lines.get(action), lines.get(other)) {
                    (Some(line), _) => (*line, action, *other),
                    (None, Some(line)) => (*line, *other, action),
                    (None, None) => continue,
                };
                let message = format!("`{shown}` would be for `{one}` and for `{two}`");
                let hint = format!("choose another key, or give `{two}` one, too");
                mistakes.push(KeyMistake { line, message, hint: Some(hint) });
            }
        }
        mistakes
    }

    fn on(&self, tab: Tab) -> impl Iterator<Item = &BoundKeys> {
        self.bound.iter().filter(move |bound| bound.binding.works_on(tab))
    }

    /// What a key means on a screen.
    #[must_use]
    pub fn action(&self, tab: Tab, key: Key) -> Option<Action> {
        let has_key = |bound: &&BoundKeys| bound.keys.iter().any(|(_, known)| *known == key);
        self.on(tab).find(has_key).map(|bound| bound.binding.action)
    }

    /// What a key is for on other screens, where it does nothing on this one.
    #[must_use]
    pub fn elsewhere(&self, tab: Tab, key: Key) -> Option<NamedAction> {
        let has_key = |bound: &&BoundKeys| bound.keys.iter().any(|(_, known)| *known == key);
        self.bound.iter().filter(|bound| !bound.binding.works_on(tab)).find(has_key).map(BoundKeys::elsewhere)
    }

    /// The hint line of a screen, the most useful first. `q` goes back where there is a screen to go back to.
    #[must_use]
    pub fn hints(&self, tab: Tab, can_go_back: bool) -> Vec<Hint> {
        self.hints_like(tab, tab, can_go_back)
    }

    /// The hint line of a screen while a part of it has the keys that does what another screen does.
    #[must_use]
    pub fn hints_like(&self, tab: Tab, like: Tab, can_go_back: bool) -> Vec<Hint> {
        let works = |bound: &&BoundKeys| match bound.binding.action {
            Action::NextPane => true,
            // Enter does the same there.
            Action::ViewEvents if matches!(like, Entities | Sources | Boards) => false,
            _ => bound.binding.works_on(like),
        };
        let mut hinted: Vec<&BoundKeys> =
            self.on(tab).filter(|bound| !bound.binding.hint.is_empty()).filter(works).collect();
        hinted.sort_by_key(|bound| rank(bound.binding, like));
        let hint =
            |bound: &&BoundKeys| Hint { keys: bound.first(), label: label(bound.binding, like, can_go_back) };
        hinted.iter().map(hint).collect()
    }

    /// What can be done on a screen, by name, with the key for it.
    #[must_use]
    pub fn commands(&self, tab: Tab) -> Vec<NamedAction> {
        let others = self.on(tab).filter(|bound| bound.binding.action != Action::Commands);
        let here = |bound: &BoundKeys| NamedAction {
            text: text(bound.binding, tab),
            keys: bound.first(),
            only_on: &[],
        };
        others.map(here).collect()
    }

    /// What can be done on other screens alone.
    #[must_use]
    pub fn commands_elsewhere(&self, tab: Tab) -> Vec<NamedAction> {
        self.bound.iter().filter(|bound| !bound.binding.works_on(tab)).map(BoundKeys::elsewhere).collect()
    }

    /// The help page of a screen: only what works there.
    #[must_use]
    pub fn help(&self, tab: Tab) -> Vec<HelpGroup> {
        let entries = |group: Group| {
            let of_group = self.on(tab).filter(move |bound| bound.binding.group == group);
            of_group
                .map(|bound| HelpEntry { keys: bound.names(), text: text(bound.binding, tab) })
                .collect::<Vec<_>>()
        };
        let groups = Group::ALL.map(|group| HelpGroup { title: group.title(), entries: entries(group) });
        groups.into_iter().filter(|group| !group.entries.is_empty()).collect()
    }

    /// Everything that keys do.
    pub fn actions(&self) -> impl Iterator<Item = ActionKeys> {
        self.bound.iter().map(|bound| ActionKeys {
            name: name(bound.binding.action),
            keys: bound.names().join(" "),
            text: bound.binding.text,
        })
    }

    /// The keys that are others than usual, for sentences that name them.
    #[must_use]
    pub fn renamed(&self) -> KeyNames {
        let usual = self.bound.iter().filter_map(|bound| Some((*bound.binding.keys.first()?, bound.first())));
        KeyNames::of(usual.filter(|(usual, now)| usual != now))
    }
}

impl BoundKeys {
    fn first(&self) -> Cow<'static, str> {
        self.keys.first().map_or(Cow::Borrowed(""), |(shown, _)| shown.clone())
    }

    fn elsewhere(&self) -> NamedAction {
        let tabs = self.binding.tabs;
        let text = tabs.first().map_or(self.binding.text, |tab| text(self.binding, *tab));
        NamedAction { text, keys: self.first(), only_on: tabs }
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.keys.iter().map(|(shown, _)| shown.clone()).collect()
    }
}

/// The events behind a row are what one wants to see next, except where rows are events.
fn rank(binding: &Binding, tab: Tab) -> u8 {
    match (binding.action, tab) {
        (Action::ViewEvents, Events | Search) => 40,
        _ => binding.rank,
    }
}

/// `/` asks for what the screen is about.
fn label(binding: &Binding, tab: Tab, can_go_back: bool) -> &'static str {
    match (binding.action, tab) {
        (Action::Back, _) if can_go_back => "back",
        (Action::Edit, Search) => "query",
        (Action::Edit, Trace) => "trace id",
        (Action::Edit, Overview | Incidents | Rules | Entities | Sources | Boards) => "search",
        (Action::Open, Sources | Boards | Entities) => "its events",
        (Action::Open, Rules) => "its incidents",
        (Action::Switch, Rules) => "order",
        (Action::Report, Events | Search) => "export",
        (Action::Open, Events | Search | Trace) => "details",
        _ => binding.hint,
    }
}

/// What an action is called on a screen.
fn text(binding: &Binding, tab: Tab) -> &'static str {
    match (binding.action, tab) {
        // Only these go on with what comes.
        (Action::Last, Events | Trace) => binding.text,
        (Action::Last, _) => "last row",
        // As the hint line calls it.
        (Action::Open, Sources | Boards | Entities) => "its events",
        (Action::Open, Rules) => "its incidents",
        (Action::Open, Events | Search | Trace) => "details",
        (Action::Report, Events | Search) => "export what is listed",
        (Action::Switch, Rules) => "another order of rules",
        (Action::Switch, _) => "open incidents or all",
        _ => binding.text,
    }
}

/// What a name in [`Keymap::commands`] means.
#[must_use]
pub fn action_of(text: &str, tab: Tab) -> Option<Action> {
    let mut bindings = TABLE.iter().filter(|binding| binding.works_on(tab));
    bindings.find(|binding| self::text(binding, tab) == text).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Cells for what a key does on the help page of a terminal of 80 columns.
    const HELP_WIDTH: usize = 25;

    #[test]
    fn what_a_key_does_is_not_cut_on_the_help_page() {
        for binding in TABLE {
            for tab in Tab::ALL {
                let text = text(binding, tab);
                assert!(text.chars().count() <= HELP_WIDTH, "{text}");
            }
        }
    }

    #[test]
    fn every_name_in_the_table_is_a_key() {
        for binding in TABLE {
            for name in binding.keys {
                assert!(Key::parse(name).is_some(), "{name}");
            }
        }
        assert_eq!(Key::parse(""), None);
        assert_eq!(Key::parse("Hyper"), None);
    }

    #[test]
    fn a_command_has_one_name_and_is_found_by_it() {
        for tab in Tab::ALL {
            for command in Keymap::default().commands(tab) {
                let action = action_of(command.text, tab);
                let key = Key::parse(&command.keys).expect("a key");
                assert_eq!(action, Keymap::default().action(tab, key), "{} on {tab:?}", command.text);
            }
        }
    }

    #[test]
    fn a_key_means_one_thing_on_all_screens() {
        let mut meaning: HashMap<Key, Action> = HashMap::new();
        for binding in TABLE {
            for name in binding.keys {
                let key = Key::parse(name).expect("a key");
                let earlier = meaning.insert(key, binding.action);
                assert_eq!(earlier, None, "{name} means {earlier:?} and {:?}", binding.action);
            }
        }
    }

    #[test]
    fn the_last_line_and_the_help_page_say_the_same_of_enter() {
        let enter = TABLE.iter().find(|binding| binding.action == Action::Open).expect("a binding");
        for tab in [Events, Search, Trace, Rules, Entities, Sources, Boards] {
            assert_eq!(label(enter, tab, false), text(enter, tab), "{tab:?}");
        }
    }

    #[test]
    fn a_key_that_does_nothing_here_is_known_by_where_it_does() {
        let elsewhere = |tab, key: &str| Keymap::default().elsewhere(tab, Key::parse(key).expect("a key"));
        let acknowledge = elsewhere(Search, "a").expect("it works elsewhere");
        assert_eq!(acknowledge.places(), "Overview, Incidents, Boards");
        assert_eq!(elsewhere(Boards, "a"), None, "it works here");
        for binding in TABLE {
            for tab in Tab::ALL {
                let known = elsewhere(tab, binding.keys[0]);
                assert_eq!(known.is_some(), !binding.works_on(tab), "{:?} on {tab:?}", binding.action);
            }
        }
    }

    #[test]
    fn every_binding_is_found_where_it_works_and_nowhere_else() {
        for binding in TABLE {
            for tab in Tab::ALL {
                for name in binding.keys {
                    let found = Keymap::default().action(tab, Key::parse(name).expect("a key"));
                    assert_eq!(found == Some(binding.action), binding.works_on(tab), "{name} on {tab:?}");
                }
            }
        }
    }

    #[test]
    fn every_action_stands_in_the_help_of_its_screen_and_help_is_the_first_hint() {
        for tab in Tab::ALL {
            let help = Keymap::default().help(tab);
            let listed = help.iter().map(|group| group.entries.len()).sum::<usize>();
            assert_eq!(listed, TABLE.iter().filter(|binding| binding.works_on(tab)).count(), "{tab:?}");
            let hints = Keymap::default().hints(tab, false);
            assert_eq!(hints.first(), Some(&Hint { keys: "?".into(), label: "help" }));
        }
    }

    fn configured(lines: &[(&str, &[&str])]) -> Result<Keymap, Vec<KeyMistake>> {
        let lines: Vec<(&str, Vec<String>)> = lines
            .iter()
            .map(|(action, keys)| (*action, keys.iter().map(|key| (*key).to_owned()).collect()))
            .collect();
        Keymap::configured(lines.iter().map(|(action, keys)| (*action, keys.as_slice())))
    }

    #[test]
    fn a_configured_key_takes_the_place_of_the_usual_one_everywhere() {
        let keymap =
            configured(&[("acknowledge", &["A", "ctrl-a"]), ("page_down", &["alt-down"])]).expect("keys");
        let key = |name: &str| keymap.action(Incidents, Key::parse(name).expect("a key"));
        assert_eq!(key("A"), Some(Action::Acknowledge));
        assert_eq!(key("^a"), Some(Action::Acknowledge));
        assert_eq!(key("a"), None);
        assert_eq!(key("Alt-↓"), Some(Action::PageDown));
        assert!(keymap.hints(Incidents, false).contains(&Hint { keys: "A".into(), label: "ack" }));
        let help = keymap.help(Incidents);
        let shown: Vec<&str> =
            help.iter().flat_map(|it| &it.entries).flat_map(|it| &it.keys).map(|it| &**it).collect();
        assert!(shown.contains(&"Alt-↓") && shown.contains(&"^a") && !shown.contains(&"a"), "{shown:?}");
        assert_eq!((keymap.renamed().get("a"), keymap.renamed().get("j")), ("A", "j"));
        let swapped = configured(&[("down", &["k"]), ("up", &["j"])]).expect("keys");
        assert_eq!(swapped.action(Events, Key::parse("k").expect("a key")), Some(Action::Down));
    }

    /// Each by itself on a key that nothing has: it does the same there, wherever it works, and nowhere else.
    #[test]
    fn every_action_can_have_another_key() {
        for binding in TABLE.iter().filter(|binding| binding.action != Action::Quit) {
            let keymap = configured(&[(name(binding.action), &["F9"])]).expect("a key");
            let other = Key::parse("F9").expect("a key");
            for tab in Tab::ALL {
                let works = binding.works_on(tab).then_some(binding.action);
                assert_eq!(keymap.action(tab, other), works, "{:?} on {tab:?}", binding.action);
                let listed = keymap.commands(tab).iter().any(|command| command.keys == "F9");
                let is_palette = binding.action == Action::Commands;
                assert_eq!(listed, works.is_some() && !is_palette, "{:?} on {tab:?}", binding.action);
            }
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_the_reason() {
        let refused = |lines: &[(&str, &[&str])]| {
            let mistakes = configured(lines).expect_err("refused");
            mistakes.into_iter().map(|it| (it.line, it.message)).collect::<Vec<_>>()
        };
        let one = |line: usize, message: &str| vec![(line, message.to_owned())];
        assert_eq!(refused(&[("acknowlege", &["A"])]), one(0, "no action is called `acknowlege`"));
        assert_eq!(refused(&[("mute", &["hyper-m"])]), one(0, "`hyper-m` is not a key"));
        assert_eq!(refused(&[("mute", &["ctrl-c"])]), one(0, "`ctrl-c` always quits"));
        assert_eq!(refused(&[("mute", &[])]), one(0, "`mute` would have no key"));
        assert_eq!(
            refused(&[("why", &["W"]), ("mute", &["x"])]),
            one(1, "`x` would be for `mute` and for `drop_last`")
        );
        assert_eq!(refused(&[("mute", &["Z"]), ("why", &["Z"])]).len(), 1);
    }

    #[test]
    fn every_action_has_a_name_of_its_own_and_every_key_is_read_as_it_is_shown() {
        let names: std::collections::BTreeSet<&str> =
            TABLE.iter().map(|binding| name(binding.action)).collect();
        assert_eq!(names.len(), TABLE.len());
        for binding in TABLE {
            for shown in binding.keys {
                let key = Key::parse(shown).expect("a key");
                assert_eq!(key.to_string(), *shown);
            }
        }
        for (shown, word, _) in NAMED_KEYS {
            assert_eq!(Key::parse(shown), Key::parse(word));
        }
    }

    #[test]
    fn nothing_rests_on_keys_that_some_keyboards_lack() {
        let rare = ["[", "]", "{", "}", "~", "`", "\\", "@"];
        for binding in TABLE {
            let others = binding.keys.iter().filter(|name| !rare.contains(name)).count();
            assert!(others > 0, "{:?} needs another key", binding.action);
        }
    }
}
