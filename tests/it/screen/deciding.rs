//! What people decide on the dashboard, and that nothing open gets lost by it.

use std::sync::Arc;

use proptest::prelude::*;
use soctop::event::Timestamp;
use soctop::pipeline::Request;
use soctop::sigma::Level;
use soctop::state::{State, Update};
use soctop::triage::{Act, Decisions, Entry, Judgement};
use soctop::tui::{Effect, Message, Options};
use soctop::view::Severity;
use soctop::view::scene::Tab;

use super::fixture::{self, Screen};

fn options() -> Options {
    Options { user: "kim".to_owned(), ..Options::default() }
}

/// A dashboard on an engine that writes decisions down.
pub struct Desk {
    pub state: State,
    pub screen: Screen,
    pub journal: Vec<Entry>,
}

impl Desk {
    pub fn new(width: u16, height: u16, mut state: State) -> Self {
        let screen = Screen::new(width, height, &options(), Arc::new(state.snapshot()));
        Self { state, screen, journal: Vec::new() }
    }

    pub fn press(&mut self, keys: &str) {
        let effects = self.screen.press(keys);
        self.take(&effects);
    }

    /// Types into a prompt and ends it.
    pub fn submit(&mut self, text: &str) {
        self.screen.write(text);
        self.press("Enter");
    }

    fn take(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Request(Request::Decide { entry }) = effect {
                self.journal.push(entry.clone());
            }
        }
        self.look();
    }

    pub fn look(&mut self) {
        self.state.apply(Update::Decided(Arc::new(Decisions::new(self.journal.clone()))));
        self.screen.send(Message::Snapshot(Arc::new(self.state.snapshot())));
    }

    #[track_caller]
    pub fn shows(&self, expect: &str) {
        let text = self.screen.text();
        assert!(text.contains(expect), "no {expect:?} in\n{text}");
    }

    fn new_incidents(&mut self) -> usize {
        self.state.snapshot().incidents.iter().filter(|incident| incident.is_new()).count()
    }
}

#[test]
fn acknowledging_a_party_says_how_many_takes_a_note_and_can_be_undone() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.press("a");
    desk.shows("acknowledge 2 incidents of 185.220.101.34");
    desk.submit("on it");
    desk.shows("U undoes: acknowledged 2 incidents of 185.220.101.34: on it");
    desk.shows("8 open of 9 · 6 new · 2 acknowledged");
    assert_eq!(desk.new_incidents(), 6);
    let Act::Acknowledge { incidents, note } = &desk.journal[0].act else { panic!("{:?}", desk.journal) };
    assert_eq!((incidents.len(), note.as_str(), desk.journal[0].by.as_str()), (2, "on it", "kim"));

    desk.press("U");
    desk.shows("undone: acknowledged 2 incidents");
    assert_eq!(desk.new_incidents(), 8);
    desk.press("U");
    desk.shows("you have decided nothing that could be undone");
}

#[test]
fn what_is_decided_next_is_about_the_same_row() {
    for screen in ["", "5"] {
        let mut desk = Desk::new(80, 24, fixture::state());
        desk.press(&format!("{screen} a"));
        desk.shows("acknowledge 2 incidents of 185.220.101.34");
        desk.submit("on it");
        desk.press("M");
        desk.shows("mute 2 rules for 185.220.101.34");
        desk.press("Esc S");
        assert!(desk.screen.text().contains("185.220.101.34"), "{}", desk.screen.text());
    }
}

#[test]
fn muting_needs_a_reason_says_what_it_hides_and_ends() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.press("5 M");
    desk.shows("mute 2 rules for 185.220.101.34 (2 open)");
    desk.press("Enter");
    desk.shows("say why after it: 1d planned work");
    assert!(desk.journal.is_empty());
    desk.submit(" our own scanner");
    assert_eq!(desk.new_incidents(), 6);
    desk.shows("show ▸ [open 6]");
    desk.shows("2 muted");
    desk.state.apply(Update::Clock { now: fixture::now().plus(86_400 * 1_000_000_000 + 1) });
    desk.look();
    assert_eq!(desk.new_incidents(), 8, "after a day it is over");
}

#[test]
fn a_true_incident_is_not_hidden_by_a_mute() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.press("5 V t Enter");
    desk.shows("marked 2 incidents of 185.220.101.34 as true positives");
    desk.press("G M");
    desk.shows("mute 2 rules for 185.220.101.34");
    desk.submit("noise");
    desk.shows("show ▸ [open 8]");
}

#[test]
fn a_false_alarm_leaves_list_and_level_and_stays_among_all() {
    let mut desk = Desk::new(120, 36, fixture::state());
    let reasons = desk.state.snapshot().threat.reasons.len();
    desk.press("5 V f Enter");
    assert!(matches!(desk.journal[0].act, Act::Judge { verdict: Judgement::False, .. }));
    assert_eq!(desk.state.snapshot().threat.reasons.len(), reasons - 2);
    desk.shows("2 false or benign");
    desk.press("s");
    desk.shows("185.220.101.34");
}

#[test]
fn putting_off_is_over_when_it_said() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.press("5 z 1");
    desk.shows("2 snoozed");
    desk.state.apply(Update::Clock { now: fixture::now().plus(15 * 60 * 1_000_000_000) });
    desk.look();
    assert_eq!(desk.new_incidents(), 8);
}

#[test]
fn a_decision_that_could_not_be_written_does_not_hold_and_says_so() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.screen.send(Message::Notice(soctop::pipeline::Notice::Decided(Err("disk full".to_owned()))));
    desk.shows("disk full");
    assert_eq!(desk.new_incidents(), 8);
}

#[test]
fn who_comes_back_is_told_what_happened() {
    let mut desk = Desk::new(120, 36, fixture::state());
    let looked = |by: &str, at: Timestamp, act| Entry { at, by: by.to_owned(), about: "x".to_owned(), act };
    let then = fixture::now().plus(-300 * 1_000_000_000);
    desk.journal.push(looked("kim", then, Act::Looked));
    let judged = Act::Judge {
        incidents: desk.state.snapshot().incidents.iter().take(1).map(|it| it.alert.alert_id).collect(),
        verdict: Judgement::Benign,
        note: String::new(),
    };
    desk.journal.push(looked("alex", then.plus(1), judged));
    desk.look();
    desk.shows("While you were away");
    desk.shows("alex marked x as benign");
    desk.press("Esc");
    assert!(!desk.screen.text().contains("While you were away"));
    desk.look();
    assert!(!desk.screen.text().contains("While you were away"), "it is told once");
    let effects = desk.screen.press("^c");
    let leaves = |effect: &Effect| matches!(effect, Effect::Request(Request::Decide { entry }) if entry.act == Act::Looked);
    assert!(effects.iter().any(leaves), "leaving is remembered");
}

#[test]
fn names_of_own_networks_stand_beside_the_address() {
    use soctop::state::KnownNetworks;
    let network = soctop::sigma::matcher::Cidr::parse("185.220.101.0/24").expect("a network");
    let networks = KnownNetworks::new([("pentest".to_owned(), network)]);
    let options = Options { networks, ..options() };
    let screen = Screen::new(80, 24, &options, fixture::snapshot());
    assert!(screen.text().contains("▸ 185.220.101.34 (pentest)"), "{}", screen.text());
}

#[test]
fn a_board_row_shows_until_when_and_opens_its_history() {
    let mut desk = Desk::new(80, 24, fixture::state());
    desk.press("9");
    desk.shows("× locked   user2210");
    desk.shows("09:41:17");
    desk.shows("inferred from failures");
    desk.shows("→ locked");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is acknowledged, muted, put off or judged: the worst new level is on the screen, by its rows or
    /// by the counts of what lies above and below, and what is open is either listed or counted as quiet.
    #[test]
    fn the_worst_new_incident_is_shown_or_named_whatever_was_decided(
        levels in prop::collection::vec(0_usize..4, 1..40),
        acts in prop::collection::vec(0_usize..8, 0..20),
        size in prop::sample::select(vec![(60, 15), (80, 24), (120, 36)]),
    ) {
        let mut desk = Desk::new(size.0, size.1, fixture::quiet_state());
        let mut acts = acts.into_iter();
        for (number, level) in levels.iter().enumerate() {
            desk.state.apply(Update::Alert(fixture::alert_of(number, Level::ALL[level + 1])));
            desk.look();
            match acts.next() {
                Some(0) => { desk.press("a"); desk.submit("seen") }
                Some(1) => { desk.press("M"); desk.submit("noise") }
                Some(2) => desk.press("V b Enter"),
                Some(3) => desk.press("V t Enter"),
                Some(4) => desk.press("z 2"),
                Some(5) => desk.press("U"),
                Some(6) => desk.press("j →"),
                Some(7) => desk.press("PgDn"),
                _ => {}
            }
            let snapshot = desk.state.snapshot();
            let new = snapshot.incidents.iter().filter(|it| it.is_new()).map(|it| it.alert.rule.level).max();
            if let Some(worst) = new {
                let text = desk.screen.text();
                // Where there is nothing to decide about, Enter opens the row instead.
                let list = super::list_of(&text, desk.screen.model.tab == Tab::Incidents);
                prop_assert!(list.contains(Severity::from(worst).shape()), "no {worst} in\n{text}");
            }
            let open = snapshot.incidents.iter().filter(|it| it.is_open()).count();
            let listed = snapshot.incidents.iter().filter(|it| it.is_listed()).count();
            let quiet = snapshot.incidents.iter().filter(|it| it.is_open() && it.standing.quiet.is_some()).count();
            prop_assert_eq!(listed + quiet, open);
        }
    }
}
