//! Which key does what, as data: dispatch, the hint line and the help page come from one table.
//!
//! One verb per key on every screen: a key may be absent somewhere, but never mean something else.
//! Nothing important sits only on a key that some keyboards lack.

use crate::view::scene::{HelpEntry, HelpGroup, Hint, NamedAction, Tab};

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

    /// Reads a name as it stands in the table: `j`, `^d`, `Alt-←`, `PgDn`, `Space`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("Alt-") {
            return Some(Self { alt: true, ..Self::parse(rest)? });
        }
        let mut chars = name.chars();
        match (chars.next()?, chars.next(), chars.next()) {
            ('^', Some(c), None) => return Some(Self::control(c)),
            ('F', Some(digit), None) if digit.is_ascii_digit() => {
                return Some(Self::plain(Code::Function(digit.to_digit(10)? as u8)));
            }
            _ => {}
        }
        let code = match name {
            "Enter" => Code::Enter,
            "Esc" => Code::Escape,
            "Tab" => Code::Tab,
            "⇧Tab" => Code::BackTab,
            "↑" => Code::Up,
            "↓" => Code::Down,
            "←" => Code::Left,
            "→" => Code::Right,
            "Home" => Code::Home,
            "End" => Code::End,
            "PgUp" => Code::PageUp,
            "PgDn" => Code::PageDown,
            "Space" => Code::Char(' '),
            _ => Code::Char(name.parse().ok()?),
        };
        Some(Self::plain(code))
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

use Tab::{Alerts, Boards, Entities, Events, Overview, Rules, Search, Sources, Trace};

const LISTS: &[Tab] = &[Overview, Events, Search, Trace, Alerts, Rules, Entities, Sources, Boards];
const WITH_INCIDENTS: &[Tab] = &[Overview, Alerts, Boards];
const WITH_MUTES: &[Tab] = &[Overview, Alerts, Boards, Rules];
const FOLDING: &[Tab] = &[Overview, Alerts];
const OPENABLE: &[Tab] = LISTS;
const WITH_FILTER: &[Tab] = &[Events];
const WITH_VALUES: &[Tab] = &[Events, Search, Trace];
const WITH_TRACE: &[Tab] = &[Overview, Events, Search, Alerts, Boards];
const WITH_PROMPT: &[Tab] = LISTS;
const WITH_PANES: &[Tab] = &[Overview, Events, Search, Trace, Alerts];

const TABLE: &[Binding] = &[
    binding(Action::Help, &["?", "F1"], Group::Look, "this help").hint("help", 0),
    binding(Action::Commands, &[":", "^k"], Group::Look, "every command by name").hint("commands", 5),
    binding(Action::Mouse, &["m", "F2"], Group::Look, "mouse for soctop, or for the terminal"),
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
        .on(&[Overview, Alerts, Entities, Events, Search, Sources, Boards])
        .hint("events", 40),
    binding(Action::Why, &["w"], Group::Open, "why this threat level").hint("why", 45),
    binding(Action::Show(Overview), &["1"], Group::Open, "overview"),
    binding(Action::Show(Events), &["2"], Group::Open, "live events"),
    binding(Action::Show(Search), &["3"], Group::Open, "search the index"),
    binding(Action::Show(Trace), &["4"], Group::Open, "trace"),
    binding(Action::Show(Alerts), &["5"], Group::Open, "alerts"),
    binding(Action::Show(Rules), &["6"], Group::Open, "rules"),
    binding(Action::Show(Entities), &["7"], Group::Open, "entities by risk"),
    binding(Action::Show(Sources), &["8"], Group::Open, "sources"),
    binding(Action::Show(Boards), &["9"], Group::Open, "breakers, lockouts and other states"),
    binding(Action::Edit, &["/"], Group::Filter, "type filter, query or id")
        .on(WITH_PROMPT)
        .hint("filter", 10),
    binding(Action::FilterIn, &["+"], Group::Filter, "only this value").on(WITH_VALUES),
    binding(Action::FilterOut, &["-"], Group::Filter, "not this value").on(WITH_VALUES),
    binding(Action::DropLast, &["x"], Group::Filter, "drop the last part").on(WITH_FILTER),
    binding(Action::DropAll, &["X"], Group::Filter, "drop all parts").on(WITH_FILTER),
    binding(Action::Switch, &["s"], Group::Filter, "open alerts or all")
        .on(&[Alerts, Rules])
        .hint("open or all", 30),
    binding(Action::Acknowledge, &["a"], Group::Decide, "acknowledge, with a note")
        .on(WITH_INCIDENTS)
        .hint("ack", 24),
    binding(Action::Judge, &["V"], Group::Decide, "verdict: true, false, benign")
        .on(WITH_INCIDENTS)
        .hint("verdict", 46),
    binding(Action::Snooze, &["z"], Group::Decide, "put off for a while")
        .on(WITH_INCIDENTS)
        .hint("later", 47),
    binding(Action::Mute, &["M"], Group::Decide, "mute its rule for it, with a reason")
        .on(WITH_MUTES)
        .hint("mute", 26),
    binding(Action::Mutes, &["L"], Group::Decide, "what is muted, and what it hid"),
    binding(Action::Undo, &["U"], Group::Decide, "undo what you decided last").hint("undo", 58),
    binding(Action::Report, &["S"], Group::Do, "write a report of the incident")
        .on(&[Overview, Alerts, Boards, Events, Search])
        .hint("report", 48),
    binding(Action::Mask, &["P"], Group::Look, "hide names of users and addresses"),
    binding(Action::ZoomIn, &["."], Group::Look, "zoom in, around the selected row")
        .on(&[Trace, Search])
        .hint("zoom", 30),
    binding(Action::ZoomOut, &[","], Group::Look, "zoom out").on(&[Trace, Search]),
    binding(Action::Editor, &["^o"], Group::Do, "the text of the rule in $EDITOR")
        .on(&[Rules])
        .hint("editor", 28),
    binding(Action::Unfold, &["→", "l"], Group::Open, "list the alerts of a row").on(FOLDING),
    binding(Action::Fold, &["←", "h"], Group::Open, "fold them again").on(FOLDING),
    binding(Action::Pause, &["Space"], Group::Live, "pause, resume the list").on(&[Events]).hint("pause", 30),
    binding(Action::Follow, &["f"], Group::Live, "follow the newest").on(&[Events]).hint("follow", 35),
    binding(Action::ClockStyle, &["T"], Group::Live, "clock: UTC, local, age"),
    binding(Action::Copy, &["y"], Group::Do, "copy value, line, id, JSON")
        .on(&[Overview, Events, Search, Trace, Alerts, Entities, Sources, Boards])
        .hint("copy", 55),
    binding(Action::Detail, &["d"], Group::Look, "detail pane").on(&[Events, Search]).hint("detail", 33),
    binding(Action::Close, &["Esc"], Group::Look, "close the topmost thing"),
    binding(Action::Back, &["q"], Group::Look, "back; quit at the start").hint("quit", 70),
    binding(Action::Redraw, &["^l"], Group::Look, "redraw the screen"),
    binding(Action::Suspend, &["^z"], Group::Look, "suspend"),
    binding(Action::Quit, &["^c"], Group::Look, "quit"),
];

/// What a key means on a screen.
#[must_use]
pub fn action(tab: Tab, key: Key) -> Option<Action> {
    let has_key = |binding: &&Binding| binding.keys.iter().any(|name| Key::parse(name) == Some(key));
    TABLE.iter().filter(|binding| binding.works_on(tab)).find(has_key).map(|binding| binding.action)
}

/// The hint line of a screen, the most useful first. `q` goes back where there is a screen to go back to.
#[must_use]
pub fn hints(tab: Tab, can_go_back: bool) -> Vec<Hint> {
    let mut hinted: Vec<&Binding> =
        TABLE.iter().filter(|binding| binding.works_on(tab) && !binding.hint.is_empty()).collect();
    hinted.sort_by_key(|binding| binding.rank);
    hinted
        .iter()
        .map(|binding| Hint { keys: binding.keys[0], label: label(binding, tab, can_go_back) })
        .collect()
}

/// `/` asks for what the screen is about.
fn label(binding: &Binding, tab: Tab, can_go_back: bool) -> &'static str {
    match (binding.action, tab) {
        (Action::Back, _) if can_go_back => "back",
        (Action::Edit, Search) => "query",
        (Action::Edit, Trace) => "trace id",
        (Action::Edit, Overview | Alerts | Rules | Entities | Sources | Boards) => "search",
        (Action::Open, Sources | Boards | Entities) => "events",
        (Action::Open, Rules) => "its alerts",
        (Action::Switch, Rules) => "order",
        (Action::Report, Events | Search) => "export",
        (Action::Open, Events | Search) => "detail",
        _ => binding.hint,
    }
}

/// What an action is called on a screen.
fn text(binding: &Binding, tab: Tab) -> &'static str {
    match (binding.action, tab) {
        // Only these go on with what comes.
        (Action::Last, Events | Trace) => binding.text,
        (Action::Last, _) => "last row",
        (Action::Report, Events | Search) => "write what is listed: NDJSON, CSV, command",
        (Action::Switch, Rules) => "rules by alerts, cost or closeness",
        (Action::Switch, _) => "open alerts or all",
        _ => binding.text,
    }
}

/// What can be done on a screen, by name, with the key for it.
#[must_use]
pub fn commands(tab: Tab) -> Vec<NamedAction> {
    let bindings = TABLE.iter().filter(|binding| binding.works_on(tab) && binding.action != Action::Commands);
    bindings.map(|binding| NamedAction { text: text(binding, tab), keys: binding.keys[0] }).collect()
}

/// What a name in [`commands`] means.
#[must_use]
pub fn action_of(text: &str, tab: Tab) -> Option<Action> {
    let mut bindings = TABLE.iter().filter(|binding| binding.works_on(tab));
    bindings.find(|binding| self::text(binding, tab) == text).map(|binding| binding.action)
}

/// The help page of a screen: only what works there.
#[must_use]
pub fn help(tab: Tab) -> Vec<HelpGroup> {
    let entries = |group: Group| {
        TABLE
            .iter()
            .filter(move |binding| binding.group == group && binding.works_on(tab))
            .map(|binding| HelpEntry { keys: binding.keys.to_vec(), text: text(binding, tab) })
            .collect::<Vec<_>>()
    };
    let groups = Group::ALL.map(|group| HelpGroup { title: group.title(), entries: entries(group) });
    groups.into_iter().filter(|group| !group.entries.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

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
            for command in commands(tab) {
                let action = action_of(command.text, tab);
                let key = Key::parse(command.keys).expect("a key");
                assert_eq!(action, super::action(tab, key), "{} on {tab:?}", command.text);
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
    fn every_binding_is_found_where_it_works_and_nowhere_else() {
        for binding in TABLE {
            for tab in Tab::ALL {
                for name in binding.keys {
                    let found = action(tab, Key::parse(name).expect("a key"));
                    assert_eq!(found == Some(binding.action), binding.works_on(tab), "{name} on {tab:?}");
                }
            }
        }
    }

    #[test]
    fn every_action_stands_in_the_help_of_its_screen_and_help_is_the_first_hint() {
        for tab in Tab::ALL {
            let help = help(tab);
            let listed = help.iter().map(|group| group.entries.len()).sum::<usize>();
            assert_eq!(listed, TABLE.iter().filter(|binding| binding.works_on(tab)).count(), "{tab:?}");
            assert_eq!(hints(tab, false).first(), Some(&Hint { keys: "?", label: "help" }));
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
