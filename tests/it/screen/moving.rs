//! Palette, mouse, looks, and words that must be true: what `q` does, that the story is over.

use std::sync::Arc;

use ratatui::style::Color;
use soctop::tui::{Effect, Message, Mouse, Options};
use soctop::view::Palette;

use super::fixture::{self, Screen, TOURS};
use super::{options, tour};

#[track_caller]
fn shows(screen: &Screen, expect: &str) {
    let text = screen.text();
    assert!(text.contains(expect), "no {expect:?} in\n{text}");
}

#[test]
fn every_command_is_reached_by_its_name() {
    let mut screen = tour(120, 36, &options(), ":");
    shows(&screen, "Commands");
    screen.write("boards bridge");
    shows(&screen, "No command of this name.");
    screen.press("^u");
    screen.write("breakers");
    shows(&screen, "boards (locks, breakers)");
    screen.press("Enter");
    shows(&screen, "[9 Boards]");
    screen.press(":");
    screen.write("trace abc");
    screen.press("Enter");
    assert_eq!(screen.model.screens.trace.id, "abc");
    screen.press("^k");
    screen.write("search user:lena");
    screen.press("Enter");
    assert_eq!(screen.model.screens.search.query, "user:lena");
    screen.press(":");
    screen.write("no such thing");
    screen.press("Enter");
    assert_eq!(screen.model.screens.search.query, "no such thing");
}

#[test]
fn the_palette_closes_and_chooses_with_the_arrows() {
    let mut screen = tour(120, 36, &options(), ": Esc");
    assert!(screen.model.prompt.is_none() && screen.model.overlay.is_none());
    screen.press(":");
    screen.write("theme");
    screen.press("↓ Enter");
    let dark = screen.buffer.content.iter().all(|cell| cell.bg != Color::Reset);
    assert!(dark, "the dark theme has a ground of its own");
}

#[test]
fn themes_lose_no_text_and_tell_severities_apart() {
    use soctop::view::{Role, Severity, Theme};
    let plain = tour(120, 36, &options(), "").text();
    for (palette, name, _) in Palette::NAMED {
        let themed = tour(120, 36, &Options { palette, ..options() }, "");
        assert_eq!(themed.text(), plain, "{name}");
        let theme = Theme { palette, ..Theme::default() };
        let styles = Severity::ALERTING.map(|severity| theme.style(Role::Severity(severity)));
        for (at, style) in styles.iter().enumerate() {
            assert!(!styles[..at].contains(style), "{name}");
        }
        assert!(soctop::config::THEMES.contains(&name), "{name} can be configured");
    }
}

#[test]
fn help_is_searched() {
    let mut screen = tour(120, 36, &options(), "5 ? /");
    screen.write("mute");
    shows(&screen, "mute its rule");
    assert!(!screen.text().contains("next row"), "{}", screen.text());
    screen.press("Esc Esc");
    assert!(screen.model.overlay.is_none());
}

#[test]
fn q_says_what_it_does() {
    let mut screen = tour(200, 60, &options(), "");
    shows(&screen, "q quit");
    screen.press("5");
    shows(&screen, "q back");
    screen.press("q");
    shows(&screen, "q quit");
}

#[test]
fn the_end_of_the_story_is_said() {
    let stream = soctop::view::scene::Stream::Demo;
    let ends = |seconds: i64| Some(fixture::now().plus(seconds * 1_000_000_000));
    let running = Options { stream, story_ends: ends(1), ..options() };
    assert!(tour(120, 36, &running, "").text().contains("► DEMO"));
    let over = tour(120, 36, &Options { stream, story_ends: ends(-1), ..options() }, "");
    shows(&over, "END OF THE STORY");
    shows(&over, "the story is over: ^c quits");
    shows(&over, "`soctop demo` tells it again");
    // Where one stands and by which clock is said beside it, at 80 columns too.
    let narrow = tour(80, 24, &Options { stream, story_ends: ends(-1), ..options() }, "5");
    for expect in ["row 1 of 7", "the story is over: ^c quits", "UTC"] {
        shows(&narrow, expect);
    }
}

/// An engine that reads nothing: one file is not there, one is not for us.
pub fn troubled() -> Arc<soctop::state::Snapshot> {
    use soctop::event::Cause;
    use soctop::state::{SourceStatus, State, Trouble, Update};
    let mut state = State::new();
    state.apply(Update::Clock { now: fixture::now().plus(-60_000_000_000) });
    state.apply(Update::Rules { loaded: 3, problems: vec!["a.yml:1:1: unknown key".to_owned()] });
    let (path, trouble) = ("/var/log/auth.log".into(), Some("permission denied".to_owned()));
    state.apply(Update::Source(SourceStatus { path, trouble, ..SourceStatus::default() }));
    state.apply(Update::Trouble(Trouble {
        since: fixture::now(),
        about: "/var/log/auth.log".into(),
        cause: Cause::Unreadable,
        message: "`/var/log/auth.log`: permission denied".to_owned(),
        hint: Some("run as a member of group adm".to_owned()),
    }));
    state.apply(Update::Clock { now: fixture::now() });
    Arc::new(state.snapshot())
}

#[test]
fn every_screen_is_whole_at_every_size_with_data_without_while_starting_and_in_trouble() {
    use soctop::view::scene::Tab;
    let quiet = Arc::new(fixture::quiet_state().snapshot());
    let states = [
        ("data", fixture::snapshot()),
        ("empty", quiet),
        ("starting", Arc::default()),
        ("trouble", troubled()),
    ];
    for (state, snapshot) in &states {
        for (width, height) in [(60, 15), (80, 24), (120, 36), (200, 60)] {
            let mut screen = Screen::new(width, height, &options(), Arc::clone(snapshot));
            for (index, tab) in Tab::ALL.into_iter().enumerate() {
                screen.press(&(index + 1).to_string());
                let context = format!("{tab:?}, {state}, {width}x{height}");
                super::assert_cells_are_harmless(&screen, &context);
                let text = screen.text();
                let title = if width >= 112 { tab.title() } else { tab.short_title() };
                assert!(text.contains(title), "{context}:\n{text}");
                let said = match *state {
                    "trouble" => "NOT WATCHING",
                    "starting" => "starting",
                    _ => "lost 0",
                };
                assert!(text.contains(said), "{context}:\n{text}");
            }
        }
    }
}

/// Where a text begins on the screen.
fn place(screen: &Screen, text: &str) -> (u16, u16) {
    let lines = screen.text();
    let found = lines.lines().enumerate().find_map(|(y, line)| {
        let before = line.split_once(text)?.0;
        Some((before.chars().count() as u16, y as u16))
    });
    found.unwrap_or_else(|| panic!("no {text:?} in\n{lines}"))
}

fn click(screen: &mut Screen, text: &str) {
    let (x, y) = place(screen, text);
    screen.send(Message::Mouse(Mouse::Click { x, y }));
}

#[test]
fn the_mouse_shows_tabs_selects_rows_and_opens_the_selected_one() {
    let mut screen = tour(120, 36, &options(), "");
    click(&mut screen, "5 Incidents");
    shows(&screen, "[5 Incidents(8)]");
    click(&mut screen, "203.0.113.9 exceeds its rate limit");
    shows(&screen, "► ▃ MED");
    click(&mut screen, "203.0.113.9 exceeds its rate limit");
    shows(&screen, "Enter or o opens the trace");
    screen.press("Esc");
    screen.send(Message::Mouse(Mouse::Scroll { rows: -30 }));
    shows(&screen, "► █ CRIT");
    screen.press("/");
    click(&mut screen, "7 Entities");
    shows(&screen, "[5 Incidents(8)]");
}

#[test]
fn m_frees_the_mouse_and_takes_it_back() {
    let mut screen = tour(120, 36, &options(), "");
    let wanted = |effects: Vec<Effect>| {
        effects
            .into_iter()
            .find_map(|effect| if let Effect::Mouse(wanted) = effect { Some(wanted) } else { None })
    };
    assert_eq!(wanted(screen.press("m")), Some(false));
    shows(&screen, "the mouse is free");
    assert_eq!(wanted(screen.press("F2")), Some(true));
}

#[test]
fn clicks_fall_on_what_is_drawn_at_every_size() {
    for (name, keys) in TOURS {
        for (width, height) in [(60, 15), (80, 24), (200, 60)] {
            let mut screen = Screen::new(width, height, &options(), fixture::snapshot());
            screen.press(keys);
            for y in 0..height {
                screen.send(Message::Mouse(Mouse::Click { x: width / 3, y }));
                screen.send(Message::Snapshot(Arc::clone(&fixture::snapshot())));
            }
            assert!(!screen.text().is_empty(), "{name}");
        }
    }
}
