//! Search as it is typed: what completes a word, answers while one types, hits over time, marks, and what is written out.

use ratatui::style::Modifier;
use soctop::event::Timestamp;
use soctop::pipeline::{ListedEvents, Notice, Request};
use soctop::query::{OverTime, SearchRequest};
use soctop::report::ExportForm;
use soctop::tui::keymap::{Code, Key};
use soctop::tui::{Effect, Message};

use super::fixture::{self, Screen};
use super::{options, tour};

fn typed(screen: &Screen) -> String {
    screen.model.prompt.as_ref().map(|prompt| prompt.text.clone()).unwrap_or_default()
}

fn searches(effects: &[Effect]) -> Vec<SearchRequest> {
    let of = |effect: &Effect| match effect {
        Effect::Request(Request::Search { request, .. }) => Some(request.clone()),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

#[test]
fn tab_completes_fields_and_values_with_how_often_they_occur() {
    for keys in ["3 /", "2 /"] {
        let mut screen = tour(120, 36, &options(), keys);
        screen.write("-path:/x (user.na");
        screen.press("Tab");
        assert_eq!(typed(&screen), "-path:/x (user.name:");
        screen.write("user44");
        screen.press("Tab");
        assert_eq!(typed(&screen), "-path:/x (user.name:user4417");
        let count =
            fixture::snapshot().rows.iter().filter(|row| row.get("user.name") == Some("user4417")).count();
        assert!(screen.text().contains(&format!("user4417 {count}")), "{}", screen.text());
        screen.write(" nothingbeginsso");
        screen.press("Tab");
        assert!(screen.text().contains("newest events goes on like"), "{}", screen.text());
    }
    let mut screen = tour(120, 36, &options(), "3 /");
    screen.write("level:");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        screen.press("Tab");
        seen.insert(typed(&screen));
    }
    assert!(seen.len() > 1 && seen.iter().all(|text| text.starts_with("level:")), "{seen:?}");
}

#[test]
fn the_answer_comes_while_the_question_is_typed() {
    let mut screen = tour(120, 36, &options(), "3 /");
    let effects = screen.send(Message::Key(Key::plain(Code::Char('a'))));
    assert_eq!(searches(&effects).first().map(|it| it.query.as_str()), Some("a"));
    let effects = screen.send(Message::Key(Key::plain(Code::Char('"'))));
    assert!(searches(&effects).is_empty(), "what cannot be understood yet is not asked");
    assert!(screen.text().contains("2,117 hits"), "the answer before stays");
}

#[test]
fn hits_lie_on_an_axis_that_narrows_and_widens() {
    let mut screen = tour(120, 36, &options(), "3 / Enter");
    let start = Timestamp(fixture::now().0 - 3_600_000_000_000);
    let buckets = (0..60).map(|minute| (start.plus(minute * 60_000_000_000), minute as u64)).collect();
    let over_time = OverTime { buckets, width: 60_000_000_000 };
    let ticket = screen.model.screens.search.ticket;
    screen.send(Message::Notice(Notice::OverTime { ticket, result: Ok(over_time.clone()) }));
    assert!(screen.text().contains("a bar is 1m00s · peak 59"), "{}", screen.text());
    let asked = searches(&screen.press("."));
    let (since, until) = (asked[0].since.expect("a start"), asked[0].until.expect("an end"));
    assert_eq!(until.since(since), 1_800_000_000_000);
    let selected = screen.model.screens.search.selected_row().expect("a row").time;
    assert!((since..until).contains(&selected));
    assert!(screen.text().contains(", widens"), "{}", screen.text());
    // Another question is of all times again.
    screen.press("/");
    screen.write("alice");
    assert_eq!(searches(&screen.press("Enter")).last().and_then(|it| it.since), None);
}

#[test]
fn the_words_that_were_asked_for_stand_out() {
    let mut screen = tour(120, 36, &options(), "3 /");
    let word =
        fixture::search_response().records[0].message.split_whitespace().next().expect("a word").to_owned();
    screen.write(&word);
    screen.press("Enter");
    let marked: String = screen
        .buffer
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::UNDERLINED))
        .map(|cell| cell.symbol())
        .collect();
    assert!(marked.to_lowercase().contains(&word.to_lowercase()), "{word} in {marked:?}");
}

#[test]
fn what_is_listed_is_written_or_asked_for_by_a_command() {
    let exported = |keys: &str| {
        let effects = tour(120, 36, &options(), "").press(keys);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Request(Request::Export { events, form }) => Some((events, form)),
            _ => None,
        })
    };
    assert!(
        matches!(exported("2 S n"), Some((ListedEvents::Held(rows), ExportForm::Ndjson)) if rows.len() == 243)
    );
    assert!(matches!(exported("3 / Enter S c"), Some((ListedEvents::Found(_), ExportForm::Csv))));
    assert!(exported("2 S Esc").is_none());
    let mut screen = tour(120, 36, &options(), "3 /");
    screen.write("user:lena");
    let copied = screen.press("Enter S l").into_iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("soctop search --format ndjson --limit 100000 -- 'user:lena'"));
}
