//! What is on the screen, as data: which tab, which row, which prompt. The model of the dashboard
//! owns these and changes them; drawing only reads them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::format::Clock;
use super::mask::Mask;
use super::theme::Theme;
use crate::alert::{Alert, AlertId};
use crate::event::number::to_u64;
use crate::event::{Record, Timestamp};
use crate::query::{FrequentValues, OverTime, QueryError, SearchFailure, SearchResponse, Trace};
use crate::state::{Filter, Incident, KnownNetworks, PartyName, Snapshot};

/// The screens, by their number keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    #[default]
    Overview,
    Events,
    Search,
    Trace,
    Incidents,
    Rules,
    Entities,
    Sources,
    Boards,
}

impl Tab {
    pub const ALL: [Tab; 9] = [
        Tab::Overview,
        Tab::Events,
        Tab::Search,
        Tab::Trace,
        Tab::Incidents,
        Tab::Rules,
        Tab::Entities,
        Tab::Sources,
        Tab::Boards,
    ];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Tab::Overview => "Overview",
            Tab::Events => "Events",
            Tab::Search => "Search",
            Tab::Trace => "Trace",
            Tab::Incidents => "Incidents",
            Tab::Rules => "Rules",
            Tab::Entities => "Entities",
            Tab::Sources => "Sources",
            Tab::Boards => "Boards",
        }
    }

    #[must_use]
    pub fn short_title(self) -> &'static str {
        match self {
            Tab::Overview => "Ovr",
            Tab::Events => "Evt",
            Tab::Search => "Sea",
            Tab::Trace => "Trc",
            Tab::Incidents => "Inc",
            Tab::Rules => "Rul",
            Tab::Entities => "Ent",
            Tab::Sources => "Src",
            Tab::Boards => "Brd",
        }
    }
}

/// Where the events come from, as the header says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    #[default]
    Live,
    Demo,
    /// A case that somebody made of an incident.
    Case,
}

/// Everything that decides a frame.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    pub snapshot: &'a Snapshot,
    pub theme: &'a Theme,
    pub clock: Clock,
    pub stream: Stream,
    /// Name of this machine; empty when it is not known.
    pub host: &'a str,
    pub tab: Tab,
    pub screens: &'a Screens,
    pub overlay: Option<Overlay>,
    pub prompt: Option<&'a Prompt>,
    /// What an act that is being typed or chosen is about.
    pub asked: &'a AskedAbout,
    /// What happened since this person last looked.
    pub away: Option<&'a Away>,
    /// Names of our own networks.
    pub networks: &'a KnownNetworks,
    /// A sentence about what was just done.
    pub toast: Option<&'a str>,
    /// What the cursor stands on since its row has gone.
    pub moved_to: Option<&'a AskedAbout>,
    /// The engine ended with an error.
    pub failure: Option<&'a str>,
    /// Frames per second, when the terminal is too slow for more.
    pub slow_link: Option<u32>,
    /// Keys that do something now, the most useful first.
    pub hints: &'a [Hint],
    /// Names of the fields that events are listed by; none are the usual ones.
    pub columns: &'a [String],
    pub hunts: &'a [SavedHunt],
    /// What keys are called that sentences name.
    pub keys: &'a KeyNames,
    pub help: &'a [HelpGroup],
    /// What the palette lists.
    pub commands: &'a [NamedAction],
    /// Names are not to be read.
    pub mask: Option<&'a Mask>,
    /// The recorded story that is shown has come to its end.
    pub is_over: bool,
}

/// Keys that are others than the texts of the screen are written for, by the usual key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNames(BTreeMap<&'static str, Cow<'static, str>>);

impl KeyNames {
    pub fn of(renamed: impl Iterator<Item = (&'static str, Cow<'static, str>)>) -> Self {
        Self(renamed.collect())
    }

    /// What does now what this key usually does.
    #[must_use]
    pub fn get(&self, usual: &'static str) -> &str {
        self.0.get(usual).map_or(usual, |name| name)
    }

    /// A sentence in which `<x>` stands for what does now what `x` usually does.
    #[must_use]
    pub fn fill(&self, sentence: &'static str) -> String {
        let mut filled = String::new();
        let mut rest = sentence;
        while let Some((before, (key, after))) =
            rest.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
        {
            filled.push_str(before);
            filled.push_str(self.get(key));
            rest = after;
        }
        filled + rest
    }
}

/// A key and what it does, for the bottom line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub keys: Cow<'static, str>,
    pub label: &'static str,
}

/// Something that can be done, by name; the key is empty where it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAction {
    pub text: &'static str,
    pub keys: Cow<'static, str>,
    /// The screens that it works on, where this is none of them.
    pub only_on: &'static [Tab],
}

impl NamedAction {
    /// Where it works instead: `Overview, Incidents, Boards`.
    #[must_use]
    pub fn places(&self) -> String {
        let names: Vec<&str> = self.only_on.iter().map(|tab| tab.title()).collect();
        names.join(", ")
    }
}

/// A group of keys on the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpGroup {
    pub title: &'static str,
    pub entries: Vec<HelpEntry>,
}

/// The keys of one action, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpEntry {
    pub keys: Vec<Cow<'static, str>>,
    pub text: &'static str,
}

/// What lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Lines scrolled off at the top.
    Help { scrolled: usize },
    /// Why the threat level is what it is.
    Why { list: ListState },
    /// What is muted.
    Mutes { list: ListState },
    /// Waiting for the letter that says what to copy.
    Copy,
    /// Waiting for the letter that says in which form.
    Export,
    /// Waiting for the letter that says what the selected incidents are.
    Judge,
    /// Waiting for the digit that says how long.
    Snooze,
    /// What happened since this person last looked.
    Away,
    /// The most frequent values of what is listed.
    Values,
    /// The saved hunts.
    Hunts { list: ListState },
    /// Every command by name; what is typed stands in the prompt.
    Commands { selected: usize },
}

impl Overlay {
    /// It waits for one key of a few.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(self, Overlay::Copy | Overlay::Export | Overlay::Judge | Overlay::Snooze)
    }
}

/// What happened while somebody was not looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Away {
    /// When they last looked.
    pub since: Timestamp,
    /// Worst first, at most a few; `opened_count` are all.
    pub opened: Vec<Arc<Incident>>,
    pub opened_count: usize,
    pub closed_count: usize,
    /// What others decided, in words, newest first.
    pub decided: Vec<String>,
}

/// What an act is about, as it is asked: what decides it and is never cut, and what says more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedAbout {
    /// What will be done: `acknowledge`.
    pub verb: &'static str,
    /// To how many, and of or for whom: `3 incidents of 10.20.66.6`.
    pub whom: String,
    /// Title or summary of the only one; shortened where there is little room.
    pub what: String,
}

/// A line being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub purpose: PromptPurpose,
    pub text: String,
    /// In characters.
    pub cursor: usize,
    /// What the text means so far.
    pub filter: Result<Filter, QueryError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptPurpose {
    /// The filter of the live list, previewed while it is typed.
    Filter,
    /// A question to the index.
    Search,
    /// A correlation id.
    Trace,
    /// A note to an acknowledgement.
    Acknowledge,
    /// A note to a verdict.
    Judge,
    /// For how long something is muted, and why.
    Mute,
    /// The name of a command.
    Command,
    /// Words of the help page.
    Help,
    /// The name of a hunt.
    HuntName,
    /// Names of the fields that events are listed by.
    Columns,
}

/// The state of every screen; it survives leaving the screen.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    pub overview: OverviewScreen,
    pub events: EventsScreen,
    pub search: SearchScreen,
    pub values: ValuesScreen,
    pub trace: TraceScreen,
    pub incidents: IncidentsScreen,
    pub rules: RulesScreen,
    pub entities: ListState,
    pub sources: ListState,
    pub boards: ListState,
    /// Parties whose incidents are listed, on the overview and among the alerts.
    pub unfolded: BTreeSet<PartyName>,
}

/// A selected row and the first visible one. Drawing corrects both to what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    pub selected: usize,
    pub top: usize,
}

impl ListState {
    /// The rows that are visible in `height` rows, and the selected one.
    #[must_use]
    pub fn window(&self, len: usize, height: usize) -> (Range<usize>, usize) {
        let selected = self.selected.min(len.saturating_sub(1));
        let lowest_top = (selected + 1).saturating_sub(height.max(1));
        let top = self.top.clamp(lowest_top, selected.max(lowest_top));
        let top = top.min(len.saturating_sub(height));
        (top..len.min(top + height), selected)
    }

    /// Moves the selection by rows; the window follows.
    pub fn move_by(&mut self, rows: isize, len: usize, height: usize) {
        self.selected = self.selected.min(len.saturating_sub(1)).saturating_add_signed(rows);
        self.select(self.selected, len, height);
    }

    /// Selects a row; the window follows.
    pub fn select(&mut self, row: usize, len: usize, height: usize) {
        self.selected = row.min(len.saturating_sub(1));
        self.top = self.window(len, height).0.start;
    }
}

/// A row of a list of incidents, as it is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenRow {
    Party(PartyName),
    Incident(AlertId),
}

/// A party that somebody decided about stays where it is in the list until they move on: what comes next is meant for
/// it, and what is worst stays in sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldParty {
    pub name: PartyName,
    /// Its place among the parties.
    pub at: usize,
    /// Its incidents as they stood.
    pub order: Vec<AlertId>,
}

/// A panel of the overview that can have the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    Feed,
    Breakers,
    Lockouts,
    Sources,
    Entities,
    Graph,
}

impl Panel {
    pub const ALL: [Panel; 6] =
        [Panel::Feed, Panel::Breakers, Panel::Lockouts, Panel::Sources, Panel::Entities, Panel::Graph];
}

/// The cursor of the overview stands in the alert feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewScreen {
    /// The selected row; none is the first.
    pub selected: Option<ChosenRow>,
    pub held: Option<HeldParty>,
    /// The panel that has the keys.
    pub panel: Panel,
    /// The row of that panel; the feed has a cursor of its own.
    pub row: usize,
    /// A second of the chosen bar of the graph; none are all of them.
    pub second: Option<i64>,
}

/// Whether the live list moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// The newest event is selected and stays in sight.
    #[default]
    Following,
    /// The cursor was moved up; new events are appended out of sight.
    Detached,
    /// The list is frozen; reading and detecting go on.
    Paused { since: Timestamp },
}

/// The live list.
#[derive(Clone, Debug, Default)]
pub struct EventsScreen {
    pub filter: Filter,
    pub flow: Flow,
    /// Events that pass the filter, oldest first.
    pub rows: VecDeque<Arc<Record>>,
    /// Sequence number of the newest event that was looked at.
    pub seen: Option<u64>,
    /// Matching events that came while the list did not follow.
    pub waiting: u64,
    /// Sequence number of the selected event; none is the newest.
    pub selected: Option<u64>,
    /// Rows between the top of the list and the selected one.
    pub above: usize,
    /// Sequence number of the newest event when the list was paused.
    pub frozen_at: Option<u64>,
    /// The list followed when it was paused, and will again.
    pub resume_following: bool,
    pub detail: DetailPane,
}

impl EventsScreen {
    /// Position of the selected event.
    #[must_use]
    pub fn selected_index(&self) -> usize {
        let newest = self.rows.len().saturating_sub(1);
        let Some(seq) = self.selected.filter(|_| self.flow != Flow::Following) else { return newest };
        self.rows.partition_point(|row| row.seq < seq).min(newest)
    }

    #[must_use]
    pub fn selected_row(&self) -> Option<&Arc<Record>> {
        self.rows.get(self.selected_index())
    }

    /// As a list of rows: anchored to the selected event, not to its number.
    #[must_use]
    pub fn list(&self, height: usize) -> ListState {
        let selected = self.selected_index();
        let above = match self.flow {
            Flow::Following => height.saturating_sub(1),
            Flow::Detached | Flow::Paused { .. } => self.above,
        };
        ListState { selected, top: selected.saturating_sub(above) }
    }
}

/// The pane with all fields of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetailPane {
    pub open: bool,
    /// The keys move through the fields instead of the list.
    pub focused: bool,
    /// The selected line among those of the event.
    pub selected: usize,
}

/// What came back from the engine, or is on its way.
#[derive(Clone, Debug, Default)]
pub enum Answer<T> {
    #[default]
    None,
    Waiting,
    Ready(T),
    Failed(SearchFailure),
}

impl<T> Answer<T> {
    #[must_use]
    pub fn ready(&self) -> Option<&T> {
        match self {
            Answer::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// From a time until before another.
pub type Span = (Timestamp, Timestamp);

/// A question to the index and its answer.
#[derive(Clone, Debug, Default)]
pub struct SearchScreen {
    pub query: String,
    /// What the query finds, in words, where it was not typed: `events of lena locked out`.
    pub about: Option<String>,
    /// The last answer there was; it stays until the next one is there.
    pub answer: Answer<SearchResponse>,
    /// The query of that answer.
    pub answered: String,
    /// A newer question is on its way.
    pub waiting: bool,
    /// Why the newest question has no answer.
    pub problem: Option<SearchFailure>,
    /// How the hits lie in time; none while that is not known.
    pub over_time: Option<OverTime>,
    /// Only events of this time were asked for.
    pub range: Option<(Timestamp, Timestamp)>,
    /// The time that the mouse is dragging over, from where the button was pressed.
    pub brush: Option<(Span, Span)>,
    /// Answers to older questions are not for us.
    pub ticket: u64,
    pub list: ListState,
    pub detail: DetailPane,
}

impl SearchScreen {
    /// What the mouse has gone over so far, whichever way.
    #[must_use]
    pub fn brushed(&self) -> Option<Span> {
        self.brush.map(|(one, other)| (one.0.min(other.0), one.1.max(other.1)))
    }

    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.answer.ready().map_or(&[], |answer| &answer.records)
    }

    #[must_use]
    pub fn selected_row(&self) -> Option<&Record> {
        let records = self.records();
        records.get(self.list.selected.min(records.len().checked_sub(1)?))
    }
}

/// A question with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedHunt {
    pub name: String,
    pub query: String,
}

/// The most frequent values of what is listed.
#[derive(Clone, Debug, Default)]
pub struct ValuesScreen {
    pub facets: Vec<FrequentValues>,
    /// The answer is on its way.
    pub waiting: bool,
    /// Why there is none.
    pub problem: Option<String>,
    /// Answers to older questions are not for us.
    pub ticket: u64,
    pub list: ListState,
}

/// One value of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRow<'a> {
    pub field: &'a str,
    pub value: &'a str,
    pub events: u64,
    /// The first of its field.
    pub is_first: bool,
    /// Values of the field that are not listed.
    pub others: u64,
}

impl ValuesScreen {
    /// All values, field by field.
    #[must_use]
    pub fn rows(&self) -> Vec<ValueRow<'_>> {
        let of_facet = |facet: &'_ FrequentValues| facet.distinct.saturating_sub(to_u64(facet.values.len()));
        let rows = self.facets.iter().flat_map(|facet| {
            facet.values.iter().enumerate().map(move |(number, (value, events))| ValueRow {
                field: &facet.field,
                value,
                events: *events,
                is_first: number == 0,
                others: of_facet(facet),
            })
        });
        rows.collect()
    }
}

/// Everything with one correlation id.
#[derive(Clone, Debug, Default)]
pub struct TraceScreen {
    pub id: String,
    /// What is known so far: the events still held are there at once.
    pub answer: Answer<Trace>,
    /// The index has not answered yet.
    pub waiting: bool,
    /// Sequence number of the newest event that was looked at.
    pub seen: u64,
    /// The alert that it was opened from: it stands in it, whatever ids it carries.
    pub opened_from: Option<Alert>,
    /// How often the axis was halved.
    pub zoom: u32,
    pub ticket: u64,
    pub list: ListState,
    pub detail: DetailPane,
}

/// By what the rules are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleOrder {
    #[default]
    Incidents,
    /// By the events that had to be looked at closely.
    Cost,
    /// By how close a group is to firing.
    Near,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RulesScreen {
    pub list: ListState,
    pub order: RuleOrder,
}

/// Which incidents are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncidentsShown {
    #[default]
    Open,
    All,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentsScreen {
    pub shown: IncidentsShown,
    /// Id of the only rule whose incidents are listed.
    pub rule: Option<String>,
    /// The selected row; none is the first.
    pub selected: Option<ChosenRow>,
    pub held: Option<HeldParty>,
    /// Rows between the top of the list and the selected one.
    pub above: usize,
    /// The keys move through the evidence.
    pub evidence_focused: bool,
    pub evidence: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_selected_row_is_always_in_the_window(
            selected in 0_usize..100, top in 0_usize..100, len in 0_usize..80, height in 0_usize..40,
        ) {
            let (window, row) = ListState { selected, top }.window(len, height);
            prop_assert!(window.end <= len);
            prop_assert!(window.len() <= height);
            prop_assert!(len == 0 || height == 0 || window.contains(&row), "{window:?} {row}");
            prop_assert!(window.len() == height.min(len), "the window is as full as it can be");
        }

        #[test]
        fn moving_keeps_the_window_where_it_is_while_it_can(steps in prop::collection::vec(-5_isize..5, 1..40)) {
            let mut list = ListState::default();
            for step in steps {
                let before = list;
                list.move_by(step, 50, 10);
                if (before.top..before.top + 10).contains(&list.selected) {
                    prop_assert_eq!(list.top, before.top);
                }
            }
        }
    }
}
