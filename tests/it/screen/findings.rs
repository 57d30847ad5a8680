//! What the first review of the screen found, a test for each finding by its number. Which tests hold which finding is
//! listed in `acceptance`.

use std::sync::Arc;

use proptest::prelude::*;
use soctop::alert::{Alert, AlertStatus, RiskChange};
use soctop::event::{DAY, LogLevel, Record, Timestamp};
use soctop::pipeline::Request;
use soctop::sigma::Level;
use soctop::state::{Counted, Ledger, RuleHits, Snapshot, SourceStatus, State, Update};
use soctop::tui::{Effect, LeftOff, Message, Options};
use soctop::view::Severity;
use soctop::view::scene::Tab;

use super::fixture::{self, Line, Screen, record};
use super::{list_of, options, tour};
use crate::harness::{TestEnv, append};

#[track_caller]
fn shows(screen: &Screen, expect: &str) {
    let text = screen.text();
    assert!(text.contains(expect), "no {expect:?} in\n{text}");
}

fn look(screen: &mut Screen, state: &mut State) {
    screen.send(Message::Snapshot(Arc::new(state.snapshot())));
}

/// An alert about an address of its own.
fn lone(number: usize, level: Level) -> Alert {
    let address = format!("198.51.{}.{}", number / 250, number % 250 + 1);
    let group = std::collections::BTreeMap::from([("source.ip".to_owned(), address)]);
    Alert { group: group.into(), ..fixture::alert_of(number, level) }
}

/// A screen over alerts of these levels.
fn screen_of(width: u16, height: u16, levels: &[Level]) -> (Screen, State) {
    let mut state = fixture::quiet_state();
    for (number, level) in levels.iter().enumerate() {
        state.apply(Update::Alert(lone(number, *level)));
    }
    let snapshot = Arc::new(state.snapshot());
    (Screen::new(width, height, &options(), snapshot), state)
}

#[test]
fn f1_what_is_worse_than_the_rows_in_sight_is_named_and_said() {
    for (size, tab) in [((80, 24), "1"), ((120, 36), "1"), ((80, 24), "5"), ((120, 36), "5")] {
        let (mut screen, mut state) = screen_of(size.0, size.1, &[Level::Low; 40]);
        screen.press(&format!("{tab} {}", "j ".repeat(38)));
        for number in 50..53 {
            state.apply(Update::Alert(lone(number, Level::Critical)));
        }
        look(&mut screen, &mut state);
        let list = list_of(&screen.text(), tab == "5");
        assert!(list.contains('↑') && list.contains("█3"), "{size:?} {tab}\n{}", screen.text());
        shows(&screen, "CRIT what number 5");
        let header = screen.text().lines().next().unwrap_or_default().to_owned();
        assert!(header.contains("█3") || header.contains("█ CRIT 3"), "{header}");
    }
}

#[test]
fn f1_a_closed_incident_is_not_in_the_feed() {
    let (mut screen, mut state) = screen_of(80, 24, &[Level::High, Level::Low]);
    let closed = Alert { status: AlertStatus::Close, ..lone(0, Level::High) };
    state.apply(Update::Alert(closed));
    look(&mut screen, &mut state);
    assert!(!list_of(&screen.text(), false).contains("what number 0"), "{}", screen.text());
    screen.press("5 s");
    shows(&screen, "what number 0");
}

#[test]
fn f1_every_list_says_how_much_of_it_is_out_of_sight() {
    let moment = super::numbers::MOMENTS.last().expect("the end of the story");
    for (keys, list) in [
        ("6", "Rules"),
        ("7", "Entities"),
        ("8", "Sources"),
        ("9", "Boards"),
        ("2", "Events"),
        ("w", "Why"),
        ("2 F", "Values"),
    ] {
        let mut screen = Screen::new(60, 15, &options(), Arc::clone(&moment.snapshot));
        screen.press(&format!("{keys} G"));
        let text = screen.text();
        assert!(text.contains(" above "), "{list}\n{text}");
        screen.press("g");
        assert!(screen.text().contains(" below "), "{list}\n{}", screen.text());
    }
    // Pinned rows have no cursor: how many there are stands in the title.
    let mut state = fixture::state();
    for number in 0..30 {
        state.apply(Update::Alert(lone(number, Level::High)));
    }
    let mut screen = Screen::new(80, 24, &options(), Arc::new(state.snapshot()));
    screen.press("2");
    shows(&screen, "PIN 1/38");
}

/// The words of the header that name this level and how many are unseen.
fn is_named(screen: &Screen, level: Level, count: usize) -> bool {
    let severity = Severity::from(level);
    let header = screen.text().lines().next().unwrap_or_default().to_owned();
    let (short, long) =
        (format!("{}{count}", severity.shape()), format!("{} {} {count}", severity.shape(), severity.word()));
    header.contains(&short) || header.contains(&long)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever came, on whatever screen of whatever size, wherever somebody went and whatever they decided: the worst
    /// level that nobody has seen is named with its number, and a list of incidents shows it or names it as being
    /// above or below.
    #[test]
    fn f1_every_frame_names_the_worst_that_nobody_has_seen(
        levels in prop::collection::vec(0_usize..4, 1..40),
        steps in prop::collection::vec(0_usize..KEYS.len(), 20..60),
        size in prop::sample::select(vec![(60, 15), (80, 24), (120, 36), (200, 60)]),
    ) {
        let mut state = fixture::quiet_state();
        let mut screen = Screen::new(size.0, size.1, &options(), Arc::new(state.snapshot()));
        let mut journal = Vec::new();
        let mut levels = levels.into_iter().enumerate();
        for step in steps {
            if let Some((number, level)) = levels.next() {
                state.apply(Update::Alert(fixture::alert_of(number, Level::ALL[level + 1])));
            }
            for effect in screen.press(KEYS[step]) {
                if let Effect::Request(Request::Decide { entry }) = effect {
                    journal.push(entry);
                }
            }
            state.apply(Update::Decided(Arc::new(soctop::triage::Decisions::new(journal.clone()))));
            look(&mut screen, &mut state);
            let snapshot = state.snapshot();
            let unseen = || snapshot.incidents.iter().filter(|it| it.is_new()).map(|it| it.alert.rule.level);
            let Some(worst) = unseen().max() else { continue };
            let count = unseen().filter(|level| *level == worst).count();
            prop_assert!(is_named(&screen, worst, count), "{count} {worst} on {:?}\n{}", screen.model.tab, screen.text());
            let is_list = matches!(screen.model.tab, Tab::Overview | Tab::Incidents);
            if is_list && screen.model.overlay.is_none() && screen.model.screens.incidents.rule.is_none() {
                let list = list_of(&screen.text(), screen.model.tab == Tab::Incidents);
                prop_assert!(list.contains(Severity::from(worst).shape()), "no {worst} in\n{}", screen.text());
            }
        }
    }
}

/// Keys that lead everywhere and decide things.
const KEYS: [&str; 24] = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "j",
    "k",
    "PgDn",
    "g",
    "G",
    "→",
    "←",
    "a Enter",
    "M x Enter",
    "V b",
    "z 2",
    "U",
    "w",
    "Esc",
    "Tab",
];

#[test]
fn f2_trouble_stays_on_every_screen_until_it_ends() {
    let mut screen = Screen::new(80, 24, &options(), super::moving::troubled());
    for number in 1..=9 {
        screen.press(&number.to_string());
        shows(&screen, "NOT WATCHING");
        shows(&screen, "BLIND");
    }
    screen.press("8");
    shows(&screen, "auth.log");
    shows(&screen, "permission denied");
    shows(&screen, "adm");
    let mut state = fixture::quiet_state();
    look(&mut screen, &mut state);
    assert!(!screen.text().contains("NOT WATCHING"), "{}", screen.text());
}

#[test]
fn f3_a_name_that_nothing_has_is_refused_in_search_and_filter() {
    let mut screen = tour(80, 24, &options(), "2 /");
    screen.write("user.nmae:lena");
    shows(&screen, "did you mean user.name?");
    let env = TestEnv::new();
    append(&env.log("a.log"), "{\"level\":\"ERROR\",\"message\":\"x\",\"user\":\"lena\",\"status\":503}\n");
    env.stdout_of(&["ingest", "logs/a.log"], 0);
    let count = |query: &str| env.stdout_of(&["search", "--count", query], 0).trim().to_owned();
    for query in ["level:error", "level:ERROR", "level:>=warn", "status:>=500", "user:len*"] {
        assert_eq!(count(query), "1", "{query}");
    }
}

#[test]
fn f4_the_level_comes_from_the_worst_that_is_open_and_comes_down() {
    let word = |levels: &[Level]| {
        let (screen, _) = screen_of(120, 36, levels);
        let header = screen.text().lines().next().unwrap_or_default().to_owned();
        header.split_whitespace().nth(4).unwrap_or_default().to_owned()
    };
    assert_eq!(word(&[Level::Low; 118]), "LOW");
    // Several attackers together are worse than each; four alerts about one are not.
    let mut state = fixture::quiet_state();
    (0..4).for_each(|number| state.apply(Update::Alert(fixture::alert_of(number * 7, Level::High))));
    assert_eq!(state.snapshot().threat.level, soctop::state::ThreatLevel::High);
    assert_eq!(word(&[Level::Low, Level::Critical]), "CRITICAL");
    let (_, mut state) = screen_of(120, 36, &[Level::Critical]);
    let before = state.snapshot().threat.points;
    state.apply(Update::Alert(Alert { status: AlertStatus::Close, ..lone(0, Level::Critical) }));
    for minute in 1..90 {
        state.apply(Update::Clock { now: fixture::now().plus(minute * 60_000_000_000) });
        drop(state.snapshot());
    }
    let after = state.snapshot().threat;
    assert!(after.points < before / 2.0 && after.level < soctop::state::ThreatLevel::High, "{after:?}");
}

#[test]
fn f5_unique_ids_raise_no_alarm_however_little_is_held() {
    use soctop::correlate::{CorrelatorOptions, Output};
    use soctop::event::{Event, GenerationId, SourceId};
    use soctop::pipeline::{Engine, EngineOptions};
    let rules = soctop::config::load_rules(&[], Default::default()).expect("the bundled rules load").rules;
    let correlate =
        CorrelatorOptions { groups_per_rule: 64, groups_in_all: 512, ..CorrelatorOptions::default() };
    let mut engine = Engine::new(&rules, &EngineOptions { correlate, ..EngineOptions::default() });
    let path: Arc<str> = "app.log".into();
    let mut event = Event::default();
    for number in 0..6_000_u64 {
        let (request, time) = (number / 2, Timestamp(1_772_357_000_000_000_000 + number as i64 * 10_000_000));
        let address = format!("198.{}.{}.{}", 18 + request / 65_536, request / 256 % 256, request % 256);
        let line = format!(
            r#"{{"timestamp":"{time}","level":"info","message":"step {}","ip_address":"{address}","correlation_id":"7d4c{request:04x}-0000-4000-8000-{request:012x}"}}"#,
            number % 2
        );
        let line = soctop::pipeline::Line {
            bytes: line.as_bytes(),
            cut: false,
            source: SourceId(0),
            path: &path,
            generation: GenerationId(1),
            offset: number * 200,
            number: number + 1,
            lines: 1,
            read_at: time,
        };
        engine.line(&line, &mut event);
    }
    engine.finish();
    let said: Vec<String> = engine
        .take_outputs()
        .into_iter()
        .filter_map(|output| match output {
            Output::Alert(alert) => Some(alert.summary),
            _ => None,
        })
        .collect();
    assert!(said.is_empty(), "{} alarms, such as {:?}", said.len(), said.first());
}

#[test]
fn f6_the_events_of_an_alert_are_those_that_it_stores() {
    let mut screen = tour(120, 36, &options(), "5 → j");
    let snapshot = fixture::snapshot();
    let selected = screen.model.screens.incidents.selected.clone();
    let Some(soctop::view::scene::ChosenRow::Incident(id)) = selected else { panic!("{selected:?}") };
    let alert = &snapshot.incidents.iter().find(|it| it.alert.alert_id == id).expect("an incident").alert;
    let asked = screen.press("v").into_iter().find_map(|effect| match effect {
        Effect::Request(Request::Search { request, .. }) => Some(request),
        _ => None,
    });
    let query = asked.expect("a question").query;
    for event in &alert.events {
        assert!(query.contains(&event.to_string()), "{query}");
    }
    assert_eq!(query.split_whitespace().count(), alert.events.len() + 2, "nothing but these: {query}");
    shows(&screen, &format!("the {} stored", alert.events.len()));
}

#[test]
fn f7_a_trace_holds_the_alert_it_was_opened_from_and_those_its_events_fired() {
    let mut state = fixture::state();
    let mut from = fixture::alert_of(70, Level::High);
    from.correlation_ids = vec![fixture::TRACE_ID.to_owned()];
    let mut fired = fixture::alert_of(71, Level::High);
    fired.events = vec![fixture::trace().records[0].event_id];
    for alert in [from, fired] {
        state.apply(Update::Alert(alert));
    }
    let mut screen = Screen::new(120, 36, &options(), Arc::new(state.snapshot()));
    screen.press("2 G o");
    let titles = |screen: &Screen| {
        let answer = screen.model.screens.trace.answer.ready().expect("a trace");
        answer.alerts.iter().map(|alert| alert.summary.clone()).collect::<Vec<_>>()
    };
    let listed = titles(&screen);
    assert!(listed.contains(&"what number 70 did".to_owned()), "{listed:?}");
    assert!(listed.contains(&"what number 71 did".to_owned()), "{listed:?}");
}

/// A trace of a request of 40 ms, with a line whose stamp says the second only.
fn coarse_trace() -> soctop::query::Trace {
    let at = |micros: i64| Timestamp(fixture::now().seconds() * 1_000_000_000 + micros * 1000);
    let line = |seq, micros, service: &'static str, message: &'static str| {
        record(&Line {
            seq,
            time: at(micros),
            level: LogLevel::Info,
            service,
            message,
            id: fixture::TRACE_ID,
            fields: &[],
        })
    };
    let mut coarse = line(1, 0, "nginx", "GET / 200");
    coarse.source = "access.log".into();
    let fine = [(2, 500_123, "api", "began"), (3, 520_456, "db", "asked"), (4, 540_789, "api", "done")];
    let fine = fine.map(|(seq, micros, service, message)| line(seq, micros, service, message));
    let records = std::iter::once(coarse).chain(fine).collect();
    soctop::query::Trace { id: fixture::TRACE_ID.to_owned(), records, ..soctop::query::Trace::default() }
}

#[test]
fn f7_a_coarse_stamp_is_doubt_and_takes_no_axis() {
    let mut screen = tour(120, 36, &options(), "2 G o");
    let ticket = screen.model.screens.trace.ticket;
    let mut snapshot = Snapshot::clone(&fixture::snapshot());
    snapshot.rows = Default::default();
    screen.send(Message::Snapshot(Arc::new(snapshot)));
    screen.send(Message::Notice(soctop::pipeline::Notice::Trace { ticket, result: Ok(coarse_trace()) }));
    let text = screen.text();
    assert!(text.contains("3 services"), "{text}");
    assert!(text.contains("40 ms") && !text.contains("0 ms per column"), "{text}");
    let lane = text.lines().find(|line| line.contains(" nginx ")).unwrap_or_default();
    assert!(lane.contains('┄') && !lane.contains('█'), "{lane}");
    let api = text.lines().find(|line| line.contains(" api ")).unwrap_or_default();
    assert!(api.contains('█') || api.contains('░'), "{api}");
    screen.press(". .");
    shows(&screen, "zoom 4×");
    screen.press(", ,");
    assert!(!screen.text().contains("zoom 2×"));
}

#[test]
fn f8_a_score_is_explained_by_what_it_is_made_of() {
    let mut state = fixture::quiet_state();
    let rule = Arc::clone(&fixture::alert_of(0, Level::Low).rule);
    for number in 0..200 {
        state.apply(Update::Risk(RiskChange {
            entity_field: "source.ip".to_owned(),
            entity: "203.0.113.9".to_owned(),
            rule: Arc::clone(&rule),
            points: 2.0,
            score: 2.0 * f64::from(number + 1),
            half_life_seconds: 3600.0,
            time: fixture::now(),
            event_id: None,
        }));
    }
    let snapshot = state.snapshot();
    let entity = &snapshot.entities[0];
    let sum: f64 = entity.contributions.iter().map(|it| it.points).sum();
    assert!((sum - entity.score).abs() < 1.0, "{sum} of {}", entity.score);
    let mut screen = Screen::new(80, 24, &options(), Arc::new(snapshot));
    screen.press("7");
    assert!(!screen.text().contains("+0 "), "{}", screen.text());
}

#[test]
fn f8_rate_and_lag_are_of_what_arrives_now() {
    use soctop::state::SourceStatus;
    let mut state = fixture::quiet_state();
    // Lines of yesterday come in by the thousand.
    for second in 0..10 {
        let now = fixture::now().plus(second * 1_000_000_000);
        state.apply(Update::Source(SourceStatus {
            path: "/var/log/shop/auth.ndjson".into(),
            lines: 2_000 * second as u64,
            last_line_at: Some(now),
            last_event_time: Some(now.plus(-86_400_000_000_000)),
            ..SourceStatus::default()
        }));
        state.apply(Update::Clock { now });
    }
    let screen = Screen::new(120, 36, &options(), Arc::new(state.snapshot()));
    let header = screen.text().lines().next().unwrap_or_default().to_owned();
    assert_eq!(header.matches(",667 lines/s").count(), 1, "{header}");
    assert!(header.contains("lag 0"), "what is old was not late: {header}");
    // Whoever has fallen silent has no lag that could be told.
    state.apply(Update::Clock { now: fixture::now().plus(3_600_000_000_000) });
    let screen = Screen::new(120, 36, &options(), Arc::new(state.snapshot()));
    let header = screen.text().lines().next().unwrap_or_default().to_owned();
    assert!(header.contains("lag 0"), "{header}");
}

#[test]
fn f9_panels_and_boards_are_lists_that_open_at_80_columns() {
    let mut screen = tour(80, 24, &options(), "9");
    for timer in ["user4417", "until", "12m41s", "OPEN", "09:32:25"] {
        shows(&screen, timer);
    }
    let asks = |effects: Vec<Effect>| {
        effects.iter().any(|effect| matches!(effect, Effect::Request(Request::Search { .. })))
    };
    assert!((0..7).any(|_| asks(screen.press("9 j v"))), "a board row leads to its events");
    // A row of a panel does what it does on its own screen, and that screen has its cursor on it.
    for tabs in 1..=4 {
        let mut screen = tour(80, 24, &options(), &"Tab ".repeat(tabs));
        let is_asked = asks(screen.press("Enter"));
        // The breakers of the fixture know no events.
        assert_eq!(is_asked, tabs > 1, "panel {tabs}");
        shows(&screen, if is_asked { "[3Sea]" } else { "there is no row here whose events are known" });
    }
}

#[test]
fn f10_every_key_of_triage_does_something() {
    for (keys, expect) in [
        ("5 a", "acknowledge"),
        ("5 V", "t true positive"),
        ("5 z", "1: 15 min"),
        ("5 M", "for how long, why"),
        ("5 U", "you have decided nothing"),
        ("5 L", "Nothing is muted."),
        (":", "Commands"),
    ] {
        shows(&tour(120, 36, &options(), keys), expect);
    }
    let asked = tour(120, 36, &options(), "5").press("S");
    assert!(matches!(asked.as_slice(), [Effect::Request(Request::Report { .. })]));
}

#[test]
fn f11_a_dashboard_is_as_it_was_left() {
    let mut screen = tour(120, 36, &options(), "2 /");
    screen.write("level:>=warn");
    screen.press("Enter 3 /");
    screen.write("user:lena");
    screen.press("Enter T 5 s P");
    let left = LeftOff::of(&screen.model);
    let kept: LeftOff =
        serde_json::from_str(&serde_json::to_string(&left).expect("JSON")).expect("a session");
    let back = Screen::new(120, 36, &Options { session: kept, ..options() }, fixture::snapshot());
    shows(&back, "[5 Incidents");
    shows(&back, "[all ");
    shows(&back, "MASKED");
    shows(&back, "+00:00");
    assert_eq!(LeftOff::of(&back.model), left);
    assert!(back.model.screens.events.filter.chips().any(|chip| chip == "level:>=warn"));
}

#[test]
fn f13_who_and_from_where_stand_there_at_every_width() {
    for (width, height) in [(60, 15), (80, 24), (120, 36), (200, 60)] {
        for keys in ["2", "3 / Enter"] {
            let screen = tour(width, height, &options(), keys);
            let text = screen.text();
            assert!(text.contains("185.220.101.34"), "{width} {keys}\n{text}");
            assert!(
                text.lines().any(|line| line.contains("user") && line.contains("185.220.101.34")),
                "{text}"
            );
        }
    }
}

#[test]
fn f14_a_hint_names_a_command_that_is_there() {
    let env = TestEnv::new();
    append(&env.log("a.log"), "{\"message\":\"x\"}\n");
    env.stdout_of(&["ingest", "logs/a.log"], 0);
    let output = env.run(&["search", "-healthz", "404"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("Usage") && output.status.code() == Some(1), "{said}");
}

#[test]
fn f15_small_things() {
    // A selected HIGH row is not dressed as CRIT.
    let (screen, _) = screen_of(120, 36, &[Level::High, Level::Critical]);
    let place = |screen: &Screen, word: &str| {
        let text = screen.text();
        let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains(word)).expect("a row");
        let x = line.split(word).next().map_or(0, |before| before.chars().count());
        screen.buffer[(x as u16 + 2, y as u16)].style()
    };
    let critical = place(&screen, "█ CRIT ");
    let (alone, _) = screen_of(120, 36, &[Level::High]);
    assert_ne!(place(&alone, "▅ HIGH "), critical);
    // Help of a list that nothing is appended to promises no following.
    let help = tour(120, 36, &options(), "6 ?").text();
    assert!(help.contains("last row") && !help.contains("follow"), "{help}");
    assert!(help.contains("⟨ESC⟩"), "{help}");
}

#[test]
fn f15_a_source_has_one_name_on_all_screens() {
    let mut state = fixture::quiet_state();
    for path in ["/var/log/market/stdout.log", "/var/log/shop/stdout.log"] {
        state.apply(Update::Source(SourceStatus {
            path: path.into(),
            last_line_at: Some(fixture::now()),
            ..SourceStatus::default()
        }));
        let line = Line { service: "", id: "", ..an_error() };
        let row = Record { source: path.into(), service: String::new(), ..record(&line) };
        state.apply(Update::Events { rows: vec![Arc::new(row)], not_shown: 0 });
    }
    let mut screen = Screen::new(160, 36, &options(), Arc::new(state.snapshot()));
    for tab in ["1", "2", "8"] {
        screen.press(tab);
        shows(&screen, "market/stdout.log");
        shows(&screen, "shop/stdout.log");
    }
    // In a narrow column the end of the name is left.
    let mut screen = Screen::new(120, 36, &options(), Arc::new(state.snapshot()));
    screen.press("2");
    shows(&screen, "…et/stdout.log");
}

fn an_error() -> Line<'static> {
    Line {
        seq: 900,
        time: fixture::now(),
        level: LogLevel::Error,
        service: "auth",
        message: "it failed",
        id: "",
        fields: &[],
    }
}

#[test]
fn events_and_pins_of_another_day_say_their_day() {
    let mut state = fixture::quiet_state();
    let line = Line { time: fixture::now().plus(-3 * DAY), ..an_error() };
    state.apply(Update::Events { rows: vec![Arc::new(record(&line))], not_shown: 0 });
    for (width, height) in [(80, 24), (120, 36)] {
        let mut screen = Screen::new(width, height, &options(), Arc::new(state.snapshot()));
        screen.press("2");
        let text = screen.text();
        let dated = text.lines().filter(|line| line.contains("02-26 09:32:07")).count();
        assert_eq!(dated, 2, "the row and the pin\n{text}");
    }
}

#[test]
fn what_is_over_is_said_where_nothing_is_open() {
    let mut state = fixture::quiet_state();
    for number in [50, 51] {
        let alert = lone(number, Level::High);
        state.apply(Update::Alert(Alert { time: fixture::now().plus(-3 * DAY), ..alert.clone() }));
        let closed = Alert { status: AlertStatus::Close, time: fixture::now().plus(-2 * DAY), ..alert };
        state.apply(Update::Alert(closed));
    }
    let screen = Screen::new(80, 24, &options(), Arc::new(state.snapshot()));
    shows(&screen, "▁ LOW  0 / 100");
    shows(&screen, "2 incidents are over: 5 lists them");
}

#[test]
fn what_every_line_became_adds_up_and_a_correlation_matches_nothing_itself() {
    let mut state = fixture::quiet_state();
    let ledger = Ledger { parsed: 1200, continued: 5, ..Ledger::default() };
    state.apply(Update::Counted(Counted { ledger, ..Counted::default() }));
    let rule = fixture::alert_of(50, Level::High).rule;
    state.apply(Update::Alert(lone(50, Level::High)));
    state.apply(Update::RuleHits(vec![RuleHits { rule, evaluated: 0, matches: 0, alerts: 1 }]));
    let mut screen = Screen::new(80, 24, &options(), Arc::new(state.snapshot()));
    screen.press("8");
    shows(&screen, "1,205 lines = 1,200 parsed + 5 continuing another");
    screen.press("6");
    shows(&screen, "it matches no event itself");
    assert!(!screen.text().contains("matched 0"), "{}", screen.text());
}

#[test]
fn a_long_trouble_is_read_to_its_end_at_80_columns() {
    let mut state = fixture::quiet_state();
    state.apply(Update::Trouble(soctop::state::Trouble {
        since: fixture::now(),
        about: "/srv/a.log".into(),
        cause: soctop::event::Cause::Unreadable,
        message: "2 lines of `/srv/some/deep/folder/a.log` have no time that soctop can read: no rule that counts sees them"
            .to_owned(),
        hint: Some("`soctop explain /srv/some/deep/folder/a.log` shows what is read of a line".to_owned()),
    }));
    let mut screen = Screen::new(80, 24, &options(), Arc::new(state.snapshot()));
    screen.press("8");
    for end in ["sees them   for", "read of a line"] {
        let text = screen.text().replace(['│', '\n'], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let end: Vec<&str> = end.split_whitespace().collect();
        assert!(words.windows(end.len()).any(|at| at == end), "{}", screen.text());
    }
}

#[test]
fn what_is_typed_into_a_prompt_is_seen_at_60_columns() {
    let mut screen = tour(60, 15, &options(), "5 M");
    screen.write("our own test");
    shows(&screen, "1d our own test");
}

#[test]
fn tab_offers_what_the_index_holds_beside_events() {
    let mut screen = tour(120, 36, &options(), "3 /");
    screen.write("kin");
    screen.press("Tab");
    shows(&screen, "query ▸ kind:");
    screen.write("a");
    screen.press("Tab");
    shows(&screen, "query ▸ kind:alert");
}

#[test]
fn who_deals_with_a_row_goes_on_with_the_next() {
    let (mut screen, mut state) = screen_of(120, 36, &[Level::High; 6]);
    screen.press("5 j j");
    let before = screen.model.screens.incidents.selected.clone();
    let Some(soctop::view::scene::ChosenRow::Incident(id)) = before else { panic!("{before:?}") };
    let closed =
        state.snapshot().incidents.iter().find(|it| it.alert.alert_id == id).cloned().expect("it is there");
    state.apply(Update::Alert(Alert { status: AlertStatus::Close, ..closed.alert.clone() }));
    look(&mut screen, &mut state);
    shows(&screen, "row 3 of 5");
}

#[test]
fn why_a_rule_fired_is_read_at_80_columns() {
    let mut screen = tour(80, 24, &options(), "5 → j");
    shows(&screen, "more lines: Enter");
    screen.press("Enter");
    for fact in ["counted", "incident  0000", "trace ", "evidence: all 5"] {
        shows(&screen, fact);
    }
    let evidence = screen.text().lines().skip_while(|line| !line.contains("evidence: all 5")).count();
    assert!(evidence >= 6, "three events, the border, two lines\n{}", screen.text());
    // The row of the list that is read about is still in sight; the cursor is in the evidence.
    shows(&screen, "· █ CRIT");
}

#[test]
fn a_tall_overview_says_what_is_known_of_the_chosen_row() {
    let mut screen = tour(200, 60, &options(), "");
    shows(&screen, "2 incidents count 213, of 212 different events");
    screen.press("j");
    shows(&screen, "Why it fired");
}

#[test]
fn while_something_is_asked_the_last_line_has_the_keys_of_that() {
    for (keys, expect, wrong) in [
        ("2 F", "= nothing else", "Space pause"),
        ("2 H", "n save this query", "Space pause"),
        ("2 C", "Tab complete", "? help"),
        ("2 /", "Enter filter", "? help"),
        ("3 /", "Enter search", "? help"),
        ("a", "Enter acknowledge", "? help"),
        ("5 M", "first for how long", "? help"),
        ("5 V", "t true positive  f false positive  b benign  Esc nothing", "? help"),
        ("5 j V", "t true positive  f false positive  b benign  Esc nothing", "? help"),
        ("5 j z", "1: 15 min  2: 1 hour  3: 4 hours  4: 1 day  Esc nothing", "? help"),
        ("w", "Enter open the incident", "? help"),
        ("?", "Esc close", "? help"),
    ] {
        let screen = tour(80, 24, &options(), keys);
        let last = screen.text().lines().last().unwrap_or_default().to_owned();
        assert!(last.contains(expect) && !last.contains(wrong), "{keys}: {last}");
    }
}

#[test]
fn an_answer_says_which_sources_were_not_heard() {
    let screen = tour(120, 36, &options(), "3 / Enter");
    shows(&screen, "audit.log in trouble");
    shows(&screen, "mailer.ndjson silent 6m10s");
}

#[test]
fn tab_goes_on_with_the_name_of_a_column() {
    let mut screen = tour(120, 36, &options(), "2 C");
    screen.write("user_a");
    screen.press("Tab Enter");
    shows(&screen, "columns: ");
    assert!(LeftOff::of(&screen.model).columns.contains(&"user_agent".to_owned()), "{}", screen.text());
}

#[test]
fn names_are_masked_on_every_screen() {
    let mut screen = tour(120, 36, &options(), "P");
    for (name, keys) in fixture::TOURS {
        screen.press("Esc Esc Esc 1");
        screen.press(keys);
        let text = screen.text();
        for secret in ["185.220.101.34", "user4417", "203.0.113.9"] {
            assert!(!text.contains(secret), "{secret} on {name}\n{text}");
        }
    }
    shows(&screen, "MASKED");
}
