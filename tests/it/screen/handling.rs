//! What somebody who handles incidents in a hurry relies on: an act says for whom it is, the cursor stays with what was
//! handled, keys that do nothing say so, and numbers on one screen agree.

use std::sync::Arc;

use soctop::alert::Transition;
use soctop::pipeline::Notice;
use soctop::sigma::{Board, Level};
use soctop::state::{BoardRow, State, Update};
use soctop::triage::{Act, Judgement};
use soctop::tui::{Effect, Message, Options};
use soctop::view::board_rows;
use soctop::view::scene::{Panel, Tab};

use super::deciding::Desk;
use super::fixture::{self, Line, Screen};

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (120, 36)];

fn screen(width: u16, height: u16, keys: &str) -> Screen {
    let mut screen = Screen::new(width, height, &Options::default(), fixture::snapshot());
    screen.press(keys);
    screen
}

#[track_caller]
fn shows(screen: &Screen, expect: &str) {
    let text = screen.text();
    assert!(text.contains(expect), "no {expect:?} in\n{text}");
}

/// The line in which something is asked, and the line of keys below it.
fn asked(screen: &Screen) -> (String, String) {
    let text = screen.text();
    let mut lines = text.lines().rev().map(str::to_owned);
    let keys = lines.next().unwrap_or_default();
    (lines.next().unwrap_or_default(), keys)
}

#[test]
fn whom_an_act_is_for_is_not_cut_at_any_width() {
    for (width, height) in SIZES {
        for (keys, whom) in [
            ("5 a", "acknowledge 2 incidents of 185.220.101.34"),
            ("5 M", "mute 2 rules for 185.220.101.34 (2 open)"),
            ("5 → j M", "mute 1 rule for 185.220.101.34 (1 open)"),
            ("5 V", "verdict on 2 incidents of 185.220.101.34"),
            ("5 V f", "false positive: 2 incidents of 185.220.101.34"),
            ("5 z", "snooze 2 incidents of 185.220.101.34"),
            ("6 M", "mute 1 rule for everybody ("),
        ] {
            let (line, _) = asked(&screen(width, height, keys));
            assert!(line.contains(whom), "{width}x{height} {keys}: {line}");
        }
    }
    // What only says more takes what is left.
    let (narrow, _) = asked(&screen(80, 24, "5 → j M"));
    let (wide, _) = asked(&screen(160, 40, "5 → j M"));
    assert!(narrow.contains('…') && !wide.contains('…'), "{narrow}\n{wide}");
}

#[test]
fn the_choices_of_a_question_are_all_there() {
    for (width, height) in SIZES {
        let (_, verdict) = asked(&screen(width, height, "5 V"));
        assert!(verdict.contains("t true positive  f false positive  b benign"), "{verdict}");
        let (_, snooze) = asked(&screen(width, height, "5 z"));
        assert!(snooze.contains("1: 15 min  2: 1 hour  3: 4 hours  4: 1 day"), "{snooze}");
    }
}

#[test]
fn a_verdict_takes_a_note_and_what_is_typed_is_no_command() {
    let mut desk = Desk::new(80, 24, fixture::state());
    desk.press("5 V");
    desk.screen.write("xMU");
    desk.shows("t, f or b says which; Esc leaves it");
    assert!(desk.journal.is_empty() && desk.screen.model.prompt.is_none());
    desk.press("f");
    assert!(desk.journal.is_empty(), "a note is asked for first");
    desk.submit("our own scanner");
    let Act::Judge { verdict, note, .. } = &desk.journal[0].act else { panic!("{:?}", desk.journal) };
    assert_eq!((*verdict, note.as_str()), (Judgement::False, "our own scanner"));
    desk.press("5 V b Enter");
    assert!(matches!(&desk.journal[1].act, Act::Judge { note, .. } if note.is_empty()));
}

/// The rows of the list of incidents.
fn rows(screen: &Screen) -> Vec<String> {
    let list = super::list_of(&screen.text(), screen.model.tab == Tab::Incidents);
    let is_row =
        |line: &&str| ["█ CRIT", "▅ HIGH", "▃ MED ", "▁ LOW "].iter().any(|word| line.contains(word));
    // Beside the list there may be another panel.
    let of_list = |line: &str| line.split("││").next().unwrap_or_default().to_owned();
    list.lines().filter(is_row).map(of_list).collect()
}

#[test]
fn an_acknowledged_row_stays_where_it_is_until_somebody_moves_on() {
    for tab in ["", "5"] {
        for (width, height) in SIZES {
            let mut desk = Desk::new(width, height, fixture::state());
            desk.press(tab);
            let before = rows(&desk.screen);
            desk.press("a");
            desk.submit("on it");
            let after = rows(&desk.screen);
            assert_eq!(before.len(), after.len());
            assert!(after[0].starts_with("│►") && after[0].contains("185.220.101.34"), "{after:?}");
            assert_eq!(before[1..], after[1..], "what is worst and not seen is still in sight");
            desk.press("M");
            desk.shows("mute 2 rules for 185.220.101.34");
            desk.press("Esc S");
            desk.press("j");
            let moved = rows(&desk.screen);
            assert!(!moved[0].contains("185.220.101.34"), "{moved:?}");
            assert!(moved[0].starts_with("│►"), "the next one is chosen: {moved:?}");
        }
    }
}

#[test]
fn a_row_that_leaves_says_what_is_selected_now() {
    for tab in ["", "5"] {
        for (width, height) in SIZES {
            let mut desk = Desk::new(width, height, fixture::state());
            desk.press(&format!("{tab} V f Enter"));
            desk.shows("selected now: 1 incident");
            desk.press("j");
            assert!(!desk.screen.text().contains("selected now"), "it is told once");
        }
    }
}

#[test]
fn a_cursor_on_a_board_stays_with_its_row_when_others_come_before_it() {
    let mut state = fixture::state();
    let mut screen = Screen::new(120, 36, &Options::default(), Arc::new(state.snapshot()));
    screen.press("9 j j");
    let at = |screen: &Screen| {
        let rows = board_rows(&screen.model.snapshot);
        rows[screen.model.screens.boards.selected].transition.clone()
    };
    let chosen = at(&screen);
    let row = screen.model.screens.boards.selected;
    let until = fixture::now().plus(1_000_000_000);
    let earlier = Transition { entity: "somebody.else".to_owned(), until: Some(until), ..chosen.clone() };
    state.apply(Update::Transition(earlier));
    screen.send(Message::Snapshot(Arc::new(state.snapshot())));
    assert_eq!(at(&screen).entity, chosen.entity);
    assert_ne!(screen.model.screens.boards.selected, row, "another row stands there now");
}

#[test]
fn a_rule_that_opened_no_incident_is_not_told_with_the_numbers_of_others() {
    let screen = screen(80, 24, "6 G Enter");
    shows(&screen, "has opened no incident.");
    shows(&screen, "Esc shows those of all rules");
    shows(&screen, "[all 0]");
    assert!(!screen.text().contains("is closed"), "{}", screen.text());
}

#[test]
fn open_is_one_number_on_the_screen_whatever_was_decided() {
    let mut desk = Desk::new(120, 36, fixture::state());
    desk.press("a");
    desk.submit("");
    desk.press("j M");
    desk.submit("noise");
    let listed = desk.state.snapshot().incidents.iter().filter(|it| it.is_listed()).count();
    let new = desk.state.snapshot().incidents.iter().filter(|it| it.is_new()).count();
    desk.shows(&format!("5 Incidents({listed})"));
    desk.shows(&format!("{listed} open of 9 · {new} new · 2 acknowledged · 1 muted"));
    desk.shows("new █ CRIT 0");
    desk.press("5");
    desk.shows(&format!("show ▸ [open {listed}]"));
    assert!(!desk.screen.text().contains("decided"), "{}", desk.screen.text());
}

#[test]
fn a_report_of_a_folded_group_says_which_one_it_is_of() {
    let mut screen = screen(80, 24, "5 S");
    screen.send(Message::Notice(Notice::Reported(Ok("/home/kim/soctop-report-0a1b2c3d.md".to_owned()))));
    shows(&screen, "the worst of 2 incidents of 185.220.101.34: soctop-report-0a1b2c3d.md");
    screen.press("→ j S");
    screen.send(Message::Notice(Notice::Reported(Ok("soctop-report-0a1b2c3d.md".to_owned()))));
    shows(&screen, "the incident of 185.220.101.34: soctop-report-0a1b2c3d.md");
}

#[test]
fn escape_says_how_one_gets_back_where_it_closes_nothing() {
    shows(&screen(80, 24, "Esc"), "nothing is open over this screen: q quits");
    shows(&screen(80, 24, "5 Esc"), "nothing is open over this screen: q goes back");
}

#[test]
fn a_panel_of_the_overview_does_what_the_screen_of_its_rows_does() {
    let asks = |effects: &[Effect]| {
        let is_search =
            |effect: &Effect| matches!(effect, Effect::Request(soctop::pipeline::Request::Search { .. }));
        effects.iter().any(is_search)
    };
    for key in ["Enter", "v"] {
        let mut screen = screen(80, 24, "Tab Tab");
        assert_eq!(screen.model.screens.overview.panel, Panel::Lockouts);
        assert!(screen.text().lines().last().unwrap_or_default().contains("Enter its events"));
        let cursors = |text: &str| text.lines().skip(2).map(|line| line.matches('►').count()).sum::<usize>();
        assert_eq!(cursors(&screen.text()), 1, "{}", screen.text());
        assert!(asks(&screen.press(key)), "{key}");
    }
}

#[test]
fn paused_is_said_where_space_resumes() {
    let mut screen = screen(80, 24, "2 Space");
    shows(&screen, "‖ PAUSED");
    screen.press("5");
    assert!(!screen.text().contains("PAUSED"), "{}", screen.text());
    screen.press("2");
    shows(&screen, "‖ PAUSED");
    screen.press("Space");
    assert!(!screen.text().contains("PAUSED"), "{}", screen.text());
}

#[test]
fn an_empty_value_is_no_filter() {
    let mut state = fixture::quiet_state();
    let line = Line {
        seq: 1,
        time: fixture::now(),
        level: soctop::event::LogLevel::Info,
        service: "",
        message: "started",
        id: "",
        fields: &[],
    };
    let rows = vec![Arc::new(fixture::record(&line))];
    state.apply(Update::Events { rows, not_shown: 0 });
    let mut screen = Screen::new(80, 24, &Options::default(), Arc::new(state.snapshot()));
    for key in ["+", "-", "="] {
        screen.press(&format!("2 Enter {key}"));
        shows(&screen, "there is no value here to filter by");
        assert!(screen.model.screens.events.filter.is_empty());
    }
}

#[test]
fn the_palette_says_where_a_command_works_that_does_not_work_here() {
    let mut screen = screen(80, 24, "3 :");
    screen.write("acknowledge");
    shows(&screen, "on Overview, Incidents, Boards");
    shows(&screen, "Enter say where it works");
    assert!(screen.press("Enter").is_empty(), "nothing is asked");
    shows(&screen, "a (acknowledge, with a note) works on Overview, Incidents, Boards");
    screen.press(":");
    screen.write("this help");
    shows(&screen, "► this help");
    screen.press("^u");
    screen.write("theme: d");
    let text = screen.text();
    let commands = screen.model.scene().commands.to_vec();
    assert!(commands.len() > 1 && commands.iter().all(|command| text.contains(command.text)), "{text}");
    screen.press("^u");
    screen.write("no such thing");
    shows(&screen, "Enter search the index for it");
}

#[test]
fn a_key_that_has_nothing_to_do_says_so() {
    for (keys, expect) in [
        ("7 a", "a (acknowledge, with a note) works on"),
        ("7 o", "o (trace of this id) works on"),
        ("7 Tab", "Tab (next pane) works on"),
        ("8 a", "works on"),
        ("8 S", "S (report of the incident) works on"),
        ("6 a", "works on"),
        ("6 o", "works on"),
        ("6 v", "works on"),
        ("9 Tab", "works on"),
        ("4 o", "this is the trace; / asks for another id"),
        ("2 v", "then choose a field"),
    ] {
        shows(&screen(80, 24, keys), expect);
    }
    let quiet = Arc::new(fixture::quiet_state().snapshot());
    for (keys, expect) in [
        ("5 o", "nothing is selected here that a trace could be of"),
        ("7 Enter", "there is no row here whose events are known"),
        ("5 v", "nothing is selected here that has events"),
        ("9 Enter", "there is no row here whose events are known"),
    ] {
        let mut screen = Screen::new(80, 24, &Options::default(), Arc::clone(&quiet));
        screen.press(keys);
        shows(&screen, expect);
    }
}

#[test]
fn the_legend_of_the_help_page_is_whole_at_80_columns() {
    let mut screen = screen(80, 24, "? G");
    for word in ["‖ paused", "not obeyed", "-out", "(a OR b)", "DETACHED +24"] {
        shows(&screen, word);
    }
    screen.press("/");
    screen.write("no such words");
    shows(&screen, "No key of this screen has these words.");
}

#[test]
fn a_breaker_keeps_its_name_where_its_service_has_no_room() {
    let mut state: State = fixture::state();
    let snapshot = fixture::snapshot();
    let is_open = |row: &&BoardRow| row.board == Board::Breaker && !row.transition.resting;
    let open = snapshot.boards.iter().find(is_open).expect("a breaker").transition.clone();
    let entity = "assistant-backend/anthropic_api".to_owned();
    let until = Some(fixture::now().plus(46 * 1_000_000_000));
    state.apply(Update::Transition(Transition { entity, until, until_said: true, ..open }));
    let snapshot = Arc::new(state.snapshot());
    for (width, height) in [(80, 24), (100, 30), (120, 36)] {
        let screen = Screen::new(width, height, &Options::default(), Arc::clone(&snapshot));
        let text = screen.text();
        let line = text.lines().find(|line| line.contains("anthropic_api")).unwrap_or_default();
        assert!(line.contains("46s"), "{width}: {text}");
        // Beside the number, or over it.
        let said = if width < 120 { "─ probe in ─┐" } else { "probe in 46s" };
        assert!(text.contains(said), "{width}: {text}");
    }
}

#[test]
fn what_is_hidden_below_does_not_stick_to_the_corner() {
    let mut state = fixture::quiet_state();
    for number in 0..40 {
        state.apply(Update::Alert(fixture::alert_of(number, Level::High)));
    }
    let snapshot = Arc::new(state.snapshot());
    for (width, height) in SIZES {
        let mut screen = Screen::new(width, height, &Options::default(), Arc::clone(&snapshot));
        screen.press("5 →");
        let list = super::list_of(&screen.text(), true);
        let border = list.lines().last().unwrap_or_default();
        assert!(border.ends_with("─┘") && (height > 15 || border.contains('↓')), "{border}");
    }
}

#[test]
fn a_mute_has_the_name_of_its_rule_at_80_columns() {
    for (width, height) in SIZES {
        let mut desk = Desk::new(width, height, fixture::state());
        desk.press("5 → j M");
        desk.submit("noise");
        desk.press("L");
        let incidents = desk.state.snapshot();
        let muted = incidents.incidents.iter().find(|it| it.standing.quiet.is_some()).expect("muted");
        let title: String = muted.alert.rule.title.chars().take(10).collect();
        let text = desk.screen.text();
        let list: String = text.lines().skip_while(|line| !line.contains("─ Muted ")).collect();
        assert!(list.contains(&title), "{title}\n{text}");
    }
}

#[test]
fn the_threat_box_says_what_holds_the_level() {
    use soctop::alert::{Alert, AlertStatus};
    let mut state = fixture::quiet_state();
    let worst = fixture::alert_of(1, Level::Critical);
    state.apply(Update::Alert(worst.clone()));
    assert_eq!(state.snapshot().threat.level.word(), "CRITICAL");
    let closed = Alert { status: AlertStatus::Close, time: fixture::now(), ..worst };
    state.apply(Update::Alert(closed));
    state.apply(Update::Alert(fixture::alert_of(2, Level::High)));
    let snapshot = Arc::new(state.snapshot());
    for (width, height) in SIZES {
        let screen = Screen::new(width, height, &Options::default(), Arc::clone(&snapshot));
        shows(&screen, "CRITICAL");
        shows(&screen, "until 09:34:07: CRIT");
    }
}
