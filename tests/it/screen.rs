//! The dashboard: what every screen looks like, what keys do, and that nothing hostile gets through.

mod acceptance;
mod deciding;
mod findings;
mod fixture;
mod frames;
mod handling;
mod keys;
mod leaving;
mod moving;
mod numbers;
mod questions;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use fixture::{Line, Screen, TOURS, record, snapshot, state};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use soctop::alert::RuleSummary;
use soctop::event::{LogLevel, RecordField};
use soctop::sigma::Level;
use soctop::state::{Snapshot, State, Update};
use soctop::tui::{Effect, Message, Options};
use soctop::view;
use soctop::view::Severity;
use termlens::Terminal;

use crate::harness::{self, TestEnv};
use crate::svg;

fn options() -> Options {
    Options { host: "prod-auth-01".to_owned(), ..Options::default() }
}

fn mono_ascii() -> Options {
    Options { ascii: true, color: false, ..options() }
}

fn tour(width: u16, height: u16, options: &Options, keys: &str) -> Screen {
    let mut screen = Screen::new(width, height, options, snapshot());
    screen.press(keys);
    screen
}

#[test]
fn every_screen_looks_as_it_did() {
    for (name, keys) in TOURS {
        for (width, height) in [(120, 36), (80, 24)] {
            insta::assert_snapshot!(
                format!("{name}_{width}x{height}"),
                tour(width, height, &options(), keys).text()
            );
        }
    }
}

#[test]
fn small_large_and_plain_screens_look_as_they_did() {
    for (name, keys) in [("overview", ""), ("events", "2"), ("trace", "2 G o"), ("incidents", "5")] {
        insta::assert_snapshot!(format!("{name}_60x15"), tour(60, 15, &options(), keys).text());
        insta::assert_snapshot!(format!("{name}_ascii_80x24"), tour(80, 24, &mono_ascii(), keys).text());
    }
    insta::assert_snapshot!("overview_200x60", tour(200, 60, &options(), "").text());
    insta::assert_snapshot!("events_200x60", tour(200, 60, &options(), "2 d").text());
}

#[test]
fn an_empty_engine_is_explained() {
    for (name, keys) in [
        ("overview", ""),
        ("events", "2"),
        ("search", "3"),
        ("trace", "4"),
        ("incidents", "5"),
        ("sources", "8"),
    ] {
        let mut screen = Screen::new(80, 24, &options(), Arc::default());
        screen.press(keys);
        insta::assert_snapshot!(format!("empty_{name}_80x24"), screen.text());
    }
}

#[test]
fn ascii_mode_writes_nothing_else() {
    for (name, keys) in TOURS {
        let screen = tour(100, 30, &mono_ascii(), keys);
        let text = screen.text();
        assert!(text.chars().all(|c| matches!(c, ' '..='~' | '\n')), "{name}:\n{text}");
    }
}

#[test]
fn no_color_means_no_color() {
    use ratatui::style::Color::Reset;
    for (name, keys) in TOURS {
        let screen = tour(100, 30, &mono_ascii(), keys);
        assert!(screen.buffer.content.iter().all(|cell| cell.fg == Reset && cell.bg == Reset), "{name}");
    }
}

/// A letter for each combination of modifiers, so that monochrome screens can be told apart.
fn monochrome(buffer: &Buffer) -> String {
    let style = |modifier: Modifier| char::from(b'a' + (modifier.bits() % 26) as u8);
    buffer
        .content
        .iter()
        .flat_map(|cell| [cell.symbol().to_owned(), style(cell.modifier).to_string()])
        .collect()
}

#[test]
fn without_color_no_two_severities_or_states_look_alike() {
    use soctop::state::SourceHealth;
    use soctop::view::{Role, Severity, Theme};
    let theme = Theme { palette: view::Palette::Mono, ..Theme::default() };
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let looks: HashSet<_> = severities.map(|severity| (severity.shape(), severity.word())).into();
    assert_eq!(looks.len(), severities.len());
    let styles: HashSet<_> = severities.map(|severity| theme.style(Role::Severity(severity))).into();
    assert_eq!(styles.len(), severities.len());

    // The same screen in each state of its list.
    let states = ["2", "2 k", "2 Space", "2 Enter", "2 d"];
    let looks: HashSet<String> =
        states.map(|keys| monochrome(&tour(80, 24, &mono_ascii(), keys).buffer)).into();
    assert_eq!(looks.len(), states.len());

    // Sources in every state of health.
    let healths = snapshot().sources.iter().map(|source| source.health).collect::<HashSet<_>>();
    assert!(healths.is_superset(&HashSet::from([
        SourceHealth::Live,
        SourceHealth::Silent,
        SourceHealth::Trouble
    ])));
}

#[test]
fn no_size_panics_and_small_ones_say_what_is_needed() {
    for (name, keys) in TOURS {
        let mut screen = tour(120, 36, &options(), keys);
        for (width, height) in [
            (0, 0),
            (1, 1),
            (3, 2),
            (59, 15),
            (60, 14),
            (60, 15),
            (61, 19),
            (75, 16),
            (400, 120),
            (99, 20),
            (150, 17),
        ] {
            screen.buffer.resize(ratatui::layout::Rect { x: 0, y: 0, width, height });
            screen.draw();
            let text = screen.text();
            let needs = text.replace('\n', " ").contains("soctop needs 60x15");
            let is_small = width < 60 || height < 15;
            assert!(width * height < 60 || needs == is_small, "{name} at {width}x{height}:\n{text}");
        }
    }
}

#[test]
fn every_number_of_rows_and_columns_can_be_drawn() {
    let mut screen = Screen::new(60, 15, &options(), snapshot());
    for (_, keys) in TOURS {
        screen.press("Esc Esc 1");
        screen.press(keys);
        for width in 60..=170 {
            let height = 15 + width % 37;
            screen.buffer.resize(ratatui::layout::Rect { x: 0, y: 0, width, height });
            screen.draw();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// A terminal whose edge is dragged about while somebody types.
    #[test]
    fn a_storm_of_sizes_breaks_nothing(
        storm in prop::collection::vec((1_u16..=400, 1_u16..=120, 0_usize..TOURS.len()), 1..16),
    ) {
        let mut screen = Screen::new(120, 36, &options(), snapshot());
        for (width, height, tour) in storm {
            screen.buffer.resize(ratatui::layout::Rect { x: 0, y: 0, width, height });
            screen.send(Message::Snapshot(snapshot()));
            screen.press("Esc Esc Esc 1");
            screen.press(TOURS[tour].1);
            let text = screen.text();
            let needs = text.replace('\n', " ").contains("soctop needs 60x15");
            let is_small = width < 60 || height < 15;
            prop_assert!(width < 25 || height < 3 || needs == is_small, "{width}x{height}:\n{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever came, wherever somebody has scrolled to: the worst open level is on the screen, by its
    /// rows or by the counts of what lies above and below.
    #[test]
    fn the_worst_open_incident_is_shown_or_named(
        levels in prop::collection::vec(0_usize..4, 1..60),
        steps in prop::collection::vec(0_usize..6, 0..30),
        size in prop::sample::select(vec![(60, 15), (80, 24), (120, 36)]),
        alerts_screen in any::<bool>(),
    ) {
        let mut state = fixture::quiet_state();
        let mut screen = Screen::new(size.0, size.1, &options(), Arc::new(state.snapshot()));
        if alerts_screen {
            screen.press("5");
        }
        let mut steps = steps.into_iter();
        for (number, level) in levels.iter().enumerate() {
            state.apply(Update::Alert(fixture::alert_of(number, Level::ALL[level + 1])));
            screen.send(Message::Snapshot(Arc::new(state.snapshot())));
            screen.press(["j", "k", "PgDn", "g", "→", "←"][steps.next().unwrap_or(0)]);
            let worst = state.snapshot().incidents[0].alert.rule.level;
            let shape = Severity::from(worst).shape();
            let body = list_of(&screen.text(), alerts_screen);
            prop_assert!(body.contains(shape), "no {worst} in\n{}", screen.text());
        }
    }
}

/// The frame of the list of incidents with its borders, without header, panels and hints.
fn list_of(text: &str, alerts_screen: bool) -> String {
    let title = if alerts_screen { "─ Incidents" } else { "─ Open incidents" };
    let lines = text.lines().skip_while(|line| !line.contains(title));
    let mut list = Vec::new();
    for line in lines {
        list.push(line);
        if line.starts_with('└') {
            break;
        }
    }
    list.join("\n")
}

// --- keys -----------------------------------------------------------------------------------------

/// Presses keys, then looks for a text.
#[track_caller]
fn shows(keys: &str, expect: &str) {
    let text = tour(120, 36, &options(), keys).text();
    assert!(text.contains(expect), "after {keys:?} there is no {expect:?} in\n{text}");
}

#[test]
fn keys_lead_where_they_say() {
    for (keys, expect) in [
        ("2", "[2 Events]"),
        ("3", "[3 Search]"),
        ("5", "[5 Incidents(8)]"),
        ("Enter", "▾ 185.220.101.34  █1 ▅1"),
        ("→ ←", "▸ 185.220.101.34  █1 ▅1"),
        ("j Enter", "Circuit breaker flaps"),
        ("w Enter", "[5 Incidents(8)]"),
        ("5 [", "[1 Overview]"),
        ("5 [ ]", "[5 Incidents(8)]"),
        ("5 q", "[1 Overview]"),
        ("o", "trace ▸ e25d7cf5"),
        ("5 v", "events ▸ the 5 stored of ×213 (207 more were counted and not kept), 09:27:03 to 09:31:58"),
        ("5 j v", "events ▸ the 1 stored"),
        ("8 Enter", "query ▸ log.file.path:"),
        ("9", "[9 Boards]"),
        ("Tab Tab Enter", "[3 Search]"),
        ("Tab Tab Tab Enter", "query ▸ log.file.path:"),
        ("Tab Tab Tab Tab Enter", "query ▸ source.ip:185.220.101.34"),
        ("7 v", "query ▸ source.ip:185.220.101.34"),
        ("7 j Enter", "query ▸ user.name:user4417"),
        ("2 Enter j j j j j j j j +", "[status:200]"),
        ("2 Enter j j j j j j j j -", "[-status:200]"),
        ("2 Space", "‖ PAUSED +0 new"),
        ("2 Space Space", "► LIVE"),
        ("2 k", "DETACHED"),
        ("2 k f", "► LIVE"),
        ("2 k G", "► LIVE"),
        ("T", "+00:00"),
        ("T T", "row 1 of 7, 8 incidents │ 214 rules, 1 with problems │ 1,796,924 events │ ago"),
        ("5 s", "[all 9]"),
        ("2 e", "no error below"),
        ("2 E E", "row 241 of 243"),
        ("y", "v value"),
        ("?", "Help: Overview"),
        ("? ?", "Open incidents"),
        ("2 d", "Tab to choose a field"),
        ("5 Tab", "Enter or o opens the trace"),
        ("4", "Everything that carries one correlation id"),
    ] {
        shows(keys, expect);
    }
}

fn is_quit(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Quit))
}

#[test]
fn quitting_asks_for_the_root_or_control_c() {
    let mut screen = Screen::new(120, 36, &options(), snapshot());
    assert!(!is_quit(&screen.press("2 Enter q q q")), "detail focus, detail, then back to the overview");
    assert!(is_quit(&screen.press("q")));
    for keys in ["^c", "2 / ^c", "? ^c", "2 Enter y ^c"] {
        assert!(is_quit(&tour(120, 36, &options(), "").press(keys)), "{keys}");
    }
}

#[test]
fn escape_closes_one_thing_at_a_time() {
    let mut screen = tour(120, 36, &options(), "2 Enter ?");
    for expect in ["+ with it", "Tab to choose a field", "243 shown"] {
        screen.press("Esc");
        assert!(screen.text().contains(expect), "no {expect:?} in\n{}", screen.text());
    }
    assert!(!screen.text().contains("Detail"));
    assert!(!is_quit(&screen.press("Esc Esc")));
}

#[test]
fn a_filter_is_previewed_then_applied_then_dropped() {
    let mut screen = tour(120, 36, &options(), "2 /");
    screen.write("level:debug");
    assert!(screen.text().contains("243 shown"), "the list is only previewed");
    let dimmed = screen.buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::DIM)).count();
    screen.press("Enter");
    assert!(screen.text().contains("[level:debug]"));
    let shown = screen.model.screens.events.rows.len();
    assert!(shown > 0 && shown < 243, "{shown}");
    let still_dimmed =
        screen.buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::DIM)).count();
    assert!(dimmed > still_dimmed, "what does not match is dimmed while typing");
    screen.press("x");
    assert_eq!(screen.model.screens.events.rows.len(), 243);
}

#[test]
fn a_filter_that_makes_no_sense_says_where() {
    let mut screen = tour(120, 36, &options(), "2 /");
    screen.write("level:>=x");
    assert!(screen.text().contains("`x` is not a log level (column 1)"), "{}", screen.text());
    screen.press("Enter");
    assert!(screen.model.prompt.is_some(), "what was typed is not lost");
    assert_eq!(screen.model.screens.events.rows.len(), 243);
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    use soctop::pipeline::Notice;
    let mut screen = tour(120, 36, &options(), "3 /");
    screen.write("alice");
    screen.press("Enter");
    screen.send(Message::Notice(Notice::Search { ticket: 0, result: Err(failure("late", None)) }));
    assert!(screen.text().contains("2,117 hits"));
}

#[test]
fn a_failed_question_is_said_in_words() {
    use soctop::pipeline::Notice;
    let mut screen = tour(120, 36, &options(), "3 /");
    screen.write("a \"b");
    screen.press("Enter");
    let ticket = screen.model.screens.search.ticket;
    screen.send(Message::Notice(Notice::Search {
        ticket,
        result: Err(failure("the quote is not closed", Some(3))),
    }));
    let text = screen.text();
    assert!(text.contains("Results of the query before") && text.contains("2,117"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("^ the quote is not closed")).expect("a caret");
    let column = |line: &str, what: &str| line.split(what).next().map(|before| before.chars().count());
    assert_eq!(column(lines[at], "^"), column(lines[at - 1], "a \"b").map(|start| start + 2), "{text}");
    // The next answer takes the place of both.
    screen.press("/");
    screen.write("alice");
    screen.press("Enter");
    assert!(!screen.text().contains("the query before"), "{}", screen.text());
}

fn failure(message: &str, column: Option<usize>) -> soctop::query::SearchFailure {
    soctop::query::SearchFailure { message: message.to_owned(), column, hint: None }
}

#[test]
fn a_field_that_nothing_has_is_refused_with_a_suggestion() {
    let mut screen = tour(120, 36, &options(), "2 /");
    screen.write("user.nmae:alice");
    assert!(screen.text().contains("no field user.nmae; did you mean user.name?"), "{}", screen.text());
}

#[test]
fn pasting_an_id_goes_to_its_trace_and_never_acts_as_keys() {
    let mut screen = tour(120, 36, &options(), "");
    screen.send(Message::Paste(" q^c \n".to_owned()));
    assert!(screen.text().contains("trace ▸ e25d7cf5"), "the engine answered the question for an id");
    assert_eq!(screen.model.screens.trace.id, "q^c");
    let effects = screen.send(Message::Paste("two words".to_owned()));
    assert!(effects.is_empty());
    screen.press("3 /");
    screen.send(Message::Paste("a\u{1b}[2Jb\nc".to_owned()));
    assert_eq!(screen.model.prompt.as_ref().map(|prompt| prompt.text.as_str()), Some("a[2Jbc"));
}

#[test]
fn copies_are_safe_text_except_the_raw_line() {
    let copied = |keys: &str| {
        let effects = hostile_screen(120, 36, "\u{1b}[31mred\u{202e}", &options()).press(keys);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        })
    };
    assert_eq!(copied("2 y v").as_deref(), Some("⟨ESC⟩[31mred⟨U+202E⟩"));
    assert!(copied("2 y r").is_some_and(|raw| raw.contains('\u{1b}')));
    assert!(copied("2 y j").is_some_and(|json| json.contains("\\u001b")));
    assert_eq!(copied("2 y x"), None);
    let off = Options { clipboard: false, ..options() };
    assert!(tour(120, 36, &off, "2").press("y c").is_empty());
}

#[test]
fn more_than_a_terminal_takes_is_not_copied() {
    let mut screen = hostile_screen(120, 36, &"long ".repeat(40_000), &options());
    let effects = screen.press("2 y r");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
    assert!(screen.text().contains("more than 64 KiB: not copied"), "{}", screen.text());
}

#[test]
fn help_is_shown_at_sixty_columns() {
    for (_, keys) in TOURS.iter().filter(|(name, _)| !matches!(*name, "help" | "commands")) {
        let mut screen = tour(60, 20, &options(), keys);
        screen.press("Esc Esc Esc");
        let last = screen.text().lines().last().unwrap_or_default().to_owned();
        assert!(last.trim_start().starts_with("? help"), "{keys}: {last}");
        screen.press("?");
        assert!(screen.text().contains("Help: "), "{keys}\n{}", screen.text());
    }
}

// --- the live list --------------------------------------------------------------------------------

fn more(state: &mut State, from: u64, count: u64) -> Arc<Snapshot> {
    let rows = (from..from + count)
        .map(|seq| {
            Arc::new(record(&Line {
                seq,
                time: fixture::now(),
                level: LogLevel::Info,
                service: "gateway",
                message: &format!("later {seq}"),
                id: "",
                fields: &[],
            }))
        })
        .collect();
    state.apply(Update::Events { rows, not_shown: 0 });
    Arc::new(state.snapshot())
}

fn selected(screen: &Screen) -> Option<u64> {
    screen.model.screens.events.selected_row().map(|row| row.seq)
}

#[test]
fn following_moves_detached_stays_and_paused_freezes() {
    let mut state = state();
    let mut screen = tour(120, 36, &options(), "2");
    screen.send(Message::Snapshot(more(&mut state, 1000, 5)));
    assert_eq!(selected(&screen), Some(1004));

    screen.press("k k");
    let text_before: Vec<String> = list_lines(&screen);
    screen.send(Message::Snapshot(more(&mut state, 2000, 5)));
    assert_eq!(selected(&screen), Some(1002));
    assert_eq!(list_lines(&screen), text_before, "new events do not move what is being read");
    assert!(screen.text().contains("DETACHED +5"));

    screen.press("f Space");
    screen.send(Message::Snapshot(more(&mut state, 3000, 7)));
    assert!(screen.text().contains("PAUSED +7 new"));
    assert_eq!(selected(&screen), Some(2004));
    screen.press("Space");
    assert_eq!(selected(&screen), Some(3006), "it followed before and does again");
}

/// The lines of the list, without their frame.
fn list_lines(screen: &Screen) -> Vec<String> {
    let text = screen.text();
    text.lines().skip_while(|line| !line.contains("─ Events ")).skip(2).take(15).map(str::to_owned).collect()
}

#[test]
fn the_list_forgets_what_the_engine_forgot_and_keeps_its_place() {
    let mut state = state();
    let mut screen = tour(120, 36, &options(), "2");
    for round in 0..10 {
        screen.send(Message::Snapshot(more(&mut state, 1000 + round * 1000, 1000)));
    }
    let held = state.snapshot().rows.count();
    assert_eq!(screen.model.screens.events.rows.len(), held);
    screen.press("g");
    assert!(selected(&screen).is_some());
}

#[test]
fn a_filter_keeps_the_selected_event() {
    let mut screen = tour(120, 36, &options(), "2 E E");
    let before = selected(&screen);
    screen.press("/");
    screen.write("level:>=error");
    screen.press("Enter");
    assert_eq!(selected(&screen), before);
    screen.press("X");
    assert_eq!(selected(&screen), before);
}

#[test]
fn another_size_or_screen_keeps_the_selected_row() {
    for keys in ["2 E E", "3 / Enter j j j", "5 j j", "6 j j", "7 j j", "8 j j", "9 j j", "2 G o j j"] {
        let mut screen = tour(120, 36, &options(), keys);
        let chosen = |screen: &Screen| {
            let text = screen.text();
            let row =
                text.lines().find(|line| line.contains('►') && !line.contains("► LIVE")).unwrap_or_default();
            row.chars().skip_while(|c| *c != '►').skip(2).take(9).collect::<String>()
        };
        let before = chosen(&screen);
        assert!(before.trim().len() > 1, "{keys}\n{}", screen.text());
        for (width, height) in [(80, 24), (60, 15), (200, 60), (120, 36)] {
            screen.buffer.resize(ratatui::layout::Rect { x: 0, y: 0, width, height });
            screen.send(Message::Snapshot(snapshot()));
        }
        assert_eq!(chosen(&screen), before, "{keys}\n{}", screen.text());
        screen.press("1 [");
        assert_eq!(chosen(&screen), before, "{keys}\n{}", screen.text());
    }
}

#[test]
fn a_new_critical_incident_rings_once() {
    let bells = |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Bell)).count();
    let mut screen = Screen::new(120, 36, &options(), Arc::default());
    screen.press("2");
    assert_eq!(bells(&screen.send(Message::Snapshot(snapshot()))), 1);
    assert!(screen.text().contains("CRIT 185.220.101.34 got into user4417"));
    assert_eq!(bells(&screen.send(Message::Snapshot(snapshot()))), 0);
}

// --- hostile content ------------------------------------------------------------------------------

/// Texts that fool terminals, readers or layouts.
fn hostile_texts() -> Vec<String> {
    let single: Vec<char> = (0..0x20_u32)
        .chain(0x7f..0xa0)
        .chain([0xad, 0x61c, 0x115f, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202e, 0x2066, 0x2800, 0x3164])
        .chain([0xfeff, 0xfe0f, 0xffa0, 0xe0041, 0xe0100, 0x1f1e6, 0xe000, 0x1f3fd])
        .filter_map(char::from_u32)
        .collect();
    let several = |chars: &[char]| chars.iter().map(|c| format!("{c}b")).collect();
    let mut texts: Vec<String> = single.chunks(12).map(several).collect();
    texts.extend([
        "\u{1b}]52;c;ZXZpbA==\u{7}".to_owned(),
        "\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\".to_owned(),
        "\u{1b}[2J\u{1b}[H".to_owned(),
        "one\ntwo\r\nthree".to_owned(),
        format!("z{}", "\u{301}".repeat(10_000)),
        "漢字".repeat(4000),
        "🙂👩\u{200d}💻".repeat(100),
        "שלום العربية".to_owned(),
        "⟨ESC⟩ [red] %s {} $(id)".to_owned(),
        "x".repeat(1_000_000),
    ]);
    texts
}

/// Every place that data can reach holds the text.
fn hostile_state(text: &str) -> State {
    use soctop::alert::Transition;
    let mut state = state();
    let mut line = record(&Line {
        seq: 9000,
        time: fixture::now(),
        level: LogLevel::Error,
        service: text,
        message: text,
        id: text,
        fields: &[],
    });
    line.raw = text.to_owned();
    line.source = text.into();
    line.fields.push(RecordField {
        name: text.into(),
        value: text.to_owned(),
        is_string: true,
        derived: false,
        joined: true,
    });
    state.apply(Update::Events { rows: vec![Arc::new(line)], not_shown: 0 });
    let rows = state.snapshot();
    for incident in rows.incidents.iter() {
        let mut alert = incident.alert.clone();
        let rule = Arc::make_mut(&mut alert.rule);
        text.clone_into(&mut rule.title);
        text.clone_into(&mut rule.id);
        rule.tags = vec![text.to_owned()];
        text.clone_into(&mut alert.summary);
        alert.group = BTreeMap::from([(text.to_owned(), text.to_owned())]).into();
        alert.correlation_ids = vec![text.to_owned()];
        if let Some(source) = &mut alert.source {
            source.path = text.into();
        }
        state.apply(Update::Alert(alert));
    }
    for row in rows.boards.iter() {
        let transition =
            Transition { entity: text.to_owned(), to: text.to_owned(), ..row.transition.clone() };
        state.apply(Update::Transition(transition));
    }
    for source in &rows.sources {
        let mut status = source.status.clone();
        status.path = format!("{text}{}", source.status.path).into();
        status.trouble = Some(text.to_owned());
        state.apply(Update::Source(status));
    }
    for entity in &rows.entities {
        state.apply(Update::Risk(soctop::alert::RiskChange {
            entity_field: text.to_owned(),
            entity: text.to_owned(),
            rule: Arc::clone(&entity.contributions[0].rule),
            points: 90.0,
            score: 90.0,
            half_life_seconds: 100.0,
            time: fixture::now(),
            event_id: None,
        }));
    }
    state.apply(Update::Rules { loaded: 1, problems: vec![text.to_owned()] });
    state
}

fn hostile_screen(width: u16, height: u16, text: &str, options: &Options) -> Screen {
    Screen::new(width, height, options, Arc::new(hostile_state(text).snapshot()))
}

/// Each cell holds one character that is harmless and as wide as the layout thinks.
#[track_caller]
fn assert_cells_are_harmless(screen: &Screen, context: &str) {
    let area = screen.buffer.area;
    for (index, cell) in screen.buffer.content.iter().enumerate() {
        let symbol = cell.symbol();
        let safe = soctop::text::Safe::new(symbol);
        let is_own_notation = matches!(symbol, "⟨" | "⟩");
        assert!(is_own_notation || safe.as_str().ends_with(symbol), "{symbol:?} at cell {index}: {context}");
        assert!(symbol.chars().count() <= 4, "{symbol:?} at cell {index}: {context}");
    }
    // Frames are closed: what opens at the left edge of a row closes at its right edge.
    for y in area.top()..area.bottom() {
        let (left, right) = (screen.buffer[(0, y)].symbol(), screen.buffer[(area.right() - 1, y)].symbol());
        let expected = match left {
            "│" => ["│", "│"],
            "┌" => ["┐", "┐"],
            "└" => ["┘", "┘"],
            _ => continue,
        };
        assert!(
            expected.contains(&right),
            "row {y} opens with {left} and ends with {right}: {context}\n{}",
            screen.text()
        );
    }
}

#[test]
fn hostile_content_reaches_no_screen() {
    for text in hostile_texts() {
        let shown: String = text.chars().take(12).collect();
        let mut screen = hostile_screen(120, 36, &text, &options());
        for (name, keys) in TOURS {
            screen.press("Esc Esc Esc 1");
            screen.press(keys);
            assert_cells_are_harmless(&screen, &format!("{name} with {shown:?}"));
        }
        screen.model.toast = None;
        screen.send(Message::Trouble(text.clone()));
        assert_cells_are_harmless(&screen, &format!("a toast with {shown:?}"));
        screen.send(Message::Notice(soctop::pipeline::Notice::Stopped(Err(text))));
        assert_cells_are_harmless(&screen, &format!("a failure with {shown:?}"));
    }
}

#[test]
fn a_line_break_in_a_message_makes_no_row() {
    let screen_of = |text: &str| {
        let mut screen = hostile_screen(120, 36, text, &options());
        screen.press("2");
        list_lines(&screen).len()
    };
    assert_eq!(screen_of("one\n09:32:07.000  █ CRIT  auth  forged"), screen_of("one"));
}

#[test]
fn a_state_of_somebody_the_log_does_not_name_says_what_happened() {
    let mut state = state();
    let known = state.snapshot().boards.iter().find(|row| row.transition.entity == "user4417").cloned();
    let mut transition = known.expect("a lockout").transition;
    transition.entity.clear();
    transition.time = fixture::now();
    transition.rule =
        Arc::new(RuleSummary { title: "Token revoked".to_owned(), ..(*transition.rule).clone() });
    state.apply(Update::Transition(transition));
    let screen = Screen::new(120, 36, &options(), Arc::new(state.snapshot()));
    assert!(screen.text().contains("× Token revoked"), "{}", screen.text());
}

#[test]
fn deceptive_characters_are_shown_and_marked() {
    let mut screen = hostile_screen(120, 36, "user\u{202e}nimda", &options());
    screen.press("2");
    assert!(screen.text().contains("! user⟨U+202E⟩nimda"), "{}", screen.text());
}

// --- the real terminal ----------------------------------------------------------------------------

/// The dashboard over one log file, in a pseudo-terminal, with its first frame drawn.
fn watching(env: &TestEnv, extra: &[&str]) -> Terminal {
    harness::append(&env.log("app.log"), "{\"level\":\"info\",\"message\":\"first line\"}\n");
    let log = env.log("app.log").display().to_string();
    let mut args = vec!["watch", log.as_str(), "--from", "start"];
    args.extend(extra);
    let mut terminal = env.terminal(100, 30, &args);
    terminal
        .wait_until(|screen| screen.contains("THREAT") && screen.contains("1 event"))
        .expect("a first frame");
    terminal
}

#[track_caller]
fn assert_restored(terminal: &Terminal) {
    let screen = terminal.screen();
    assert!(!screen.alternate_screen(), "the alternate screen was left");
    assert!(screen.cursor_visible(), "the cursor is shown again");
    assert!(!screen.bracketed_paste(), "pasting is ordinary again");
}

/// A way out, and how one goes it.
type Leave = (&'static str, fn(&mut Terminal));

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    let leave: [Leave; 4] = [
        ("q", |terminal| terminal.send_str("q").expect("a key")),
        ("^c", |terminal| terminal.send(termlens::Key::Ctrl('c')).expect("a key")),
        ("SIGTERM", |terminal| terminal.signal(termlens::Signal::Term).expect("a signal")),
        ("SIGHUP", |terminal| terminal.signal(termlens::Signal::Hup).expect("a signal")),
    ];
    for (name, leave) in leave {
        let env = TestEnv::new();
        let mut terminal = watching(&env, &[]);
        assert!(terminal.screen().alternate_screen() && terminal.screen().bracketed_paste());
        leave(&mut terminal);
        let status = terminal.wait_exit().expect("it ends");
        assert!(status.code().is_some(), "{name}: {status:?}");
        assert_restored(&terminal);
    }
}

#[test]
fn a_killed_dashboard_comes_back_as_it_was() {
    let env = TestEnv::new();
    let mut terminal = watching(&env, &["--data-dir", "data"]);
    terminal.send_str("2/level:info\rHnmine\rC\u{15}time message\r").expect("keys");
    let kept = |what: &'static str| {
        harness::wait_for(what, || {
            let files = std::fs::read_dir(env.path("data")).ok()?.filter_map(Result::ok);
            let session = files.map(|file| file.path()).find(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                name.starts_with("session-") && name.ends_with(".json")
            })?;
            std::fs::read_to_string(session).ok().filter(|text| text.contains(what))
        })
    };
    for what in ["\"level:info\"", "\"mine\"", "\"@timestamp\""] {
        kept(what);
    }
    terminal.signal(termlens::Signal::Kill).expect("a signal");
    terminal.wait_exit().expect("it ends");
    let log = env.log("app.log").display().to_string();
    let mut terminal = env.terminal(100, 30, &["watch", &log, "--data-dir", "data"]);
    terminal.wait_until(|screen| screen.contains("[level:info]")).expect("the filter");
    terminal.send_str("H").expect("a key");
    terminal.wait_until(|screen| screen.contains("mine")).expect("the hunt");
    terminal.send_str("q").expect("a key");
}

#[test]
fn an_idle_dashboard_without_motion_draws_nothing() {
    let env = TestEnv::new();
    let mut terminal = watching(&env, &["--no-motion"]);
    terminal.send_str("2").expect("a key");
    terminal.wait_until(|screen| screen.contains("first line")).expect("the list");
    terminal.wait_stable(Duration::from_secs(2)).expect("it comes to rest");
    let before = terminal.screen().repaints();
    terminal.wait_idle(Duration::from_secs(3)).expect("nothing is written for three seconds");
    assert_eq!(terminal.screen().repaints(), before);
}

#[test]
fn a_resized_terminal_is_drawn_anew_and_a_tiny_one_says_so() {
    let env = TestEnv::new();
    let mut terminal = watching(&env, &[]);
    terminal.resize(50, 10).expect("a size");
    terminal.wait_until(|screen| screen.contains("soctop needs 60x15, this is 50x10")).expect("the sentence");
    terminal.resize(80, 24).expect("a size");
    terminal.wait_until(|screen| screen.contains("Circuit breakers")).expect("the overview");
    terminal.send_str("q").expect("a key");
    terminal.wait_exit().expect("it ends");
}

#[test]
fn copying_goes_through_the_terminal() {
    let env = TestEnv::new();
    let mut terminal = watching(&env, &[]);
    terminal.send_str("2").expect("a key");
    terminal.wait_until(|screen| screen.contains("first line")).expect("the list");
    terminal.send_str("yv").expect("keys");
    terminal
        .wait_until(|screen| screen.clipboard().and_then(|copied| copied.text()) == Some("first line"))
        .expect("the clipboard");
    terminal.send_str("q").expect("a key");
}

// --- pictures -------------------------------------------------------------------------------------

#[test]
fn pictures_are_complete_and_well_formed() {
    let mut screen = hostile_screen(80, 24, "<script>&\"'", &options());
    screen.press("2");
    let picture = svg::render(&screen.buffer);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert_eq!(picture.matches("<text ").count(), picture.matches("</text>").count());
    assert!(picture.contains("&lt;script&gt;&amp;"), "markup from data is text");
    assert!(!picture.contains("<script>"));
}
