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
        assert!(screen.text().contains("newest events begins with"), "{}", screen.text());
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

fn chips(screen: &Screen) -> Vec<String> {
    screen.model.screens.events.filter.chips().map(str::to_owned).collect()
}

#[test]
fn a_value_of_a_found_event_is_taken_into_the_question() {
    let mut screen = tour(120, 36, &options(), "3 / Enter");
    let effects = screen.press("+");
    assert!(searches(&effects).is_empty(), "there is no value yet");
    assert!(screen.text().contains("+ with it"), "the pane has the keys\n{}", screen.text());
    let service = screen.model.screens.search.selected_row().map(|it| it.service.clone()).expect("an event");
    let query = |effects: &[Effect]| searches(effects).last().map(|it| it.query.clone()).unwrap_or_default();
    let first = query(&screen.press("+"));
    assert_eq!(first, format!("service:{service}"));
    let second = query(&screen.press("Tab j j j j -"));
    assert!(second.starts_with(&first) && second.contains(" -"), "{second}");
    let only = query(&screen.press("Tab ="));
    assert!(!only.is_empty() && !only.contains('-') && !only.contains(' '), "{only}");
    assert_eq!(screen.model.tab, soctop::view::scene::Tab::Search);
}

#[test]
fn the_most_frequent_values_are_counted_and_narrow_what_is_listed() {
    let mut screen = tour(120, 36, &options(), "2 F");
    let text = screen.text();
    assert!(text.contains("Values") && text.contains("service.name"), "{text}");
    let snapshot = fixture::snapshot();
    let row = screen.model.screens.values.rows()[0];
    let (field, value, events) = (row.field.to_owned(), row.value.to_owned(), row.events);
    assert_eq!(field, "log.level");
    let same = snapshot.rows.iter().filter(|row| row.level.word() == value).count();
    assert_eq!(events, same as u64);
    screen.press("Enter");
    assert_eq!(screen.model.screens.events.rows.len(), same);
    assert_eq!(chips(&screen).len(), 1);

    let mut screen = tour(120, 36, &options(), "3 / Enter");
    let asked = screen.press("F").into_iter().find_map(|effect| match effect {
        Effect::Request(Request::Facets { ticket, fields, .. }) => Some((ticket, fields)),
        _ => None,
    });
    let (ticket, fields) = asked.expect("a question");
    assert!(fields.iter().any(|field| field == "source.ip"), "{fields:?}");
    let values = vec![("203.0.113.9".to_owned(), 12), ("10.0.0.1".to_owned(), 3)];
    let facet = soctop::query::FrequentValues { field: "source.ip".to_owned(), values, distinct: 9 };
    screen.send(Message::Notice(Notice::Facets { ticket, result: Ok(vec![facet]) }));
    assert!(screen.text().contains("source.ip +7"), "{}", screen.text());
    let effects = screen.press("j -");
    assert_eq!(searches(&effects).last().map(|it| it.query.as_str()), Some("-source.ip:10.0.0.1"));
}

#[test]
fn a_hunt_is_named_run_kept_and_deleted() {
    let mut screen = tour(120, 36, &options(), "2 H");
    assert!(screen.text().contains("No hunt is saved."), "{}", screen.text());
    screen.press("Esc /");
    screen.write("level:warn");
    screen.press("Enter H n");
    screen.write("warnings");
    screen.press("Enter X H");
    assert!(screen.text().contains("warnings"), "{}", screen.text());
    screen.press("Enter");
    assert_eq!(chips(&screen), ["level:warn"]);
    let left = soctop::tui::LeftOff::of(&screen.model);
    let options = soctop::tui::Options { session: left.clone(), ..options() };
    let mut screen = Screen::new(120, 36, &options, fixture::snapshot());
    assert_eq!(left.hunts.len(), 1);
    let effects = screen.press("3 H Enter");
    assert_eq!(searches(&effects).last().map(|it| it.query.as_str()), Some("level:warn"));
    screen.press("H d");
    assert!(screen.text().contains("No hunt is saved."), "{}", screen.text());
    assert!(soctop::tui::LeftOff::of(&screen.model).hunts.is_empty());
}

#[test]
fn columns_are_chosen_by_name_and_come_back() {
    let mut screen = tour(120, 36, &options(), "2 C ^u");
    screen.write("time user nosuchfield");
    screen.press("Enter");
    assert!(screen.text().contains("no event has a field nosuchfield"), "{}", screen.text());
    screen.press("^w");
    screen.write("message source.ip");
    screen.press("Enter");
    let options = soctop::tui::Options { session: soctop::tui::LeftOff::of(&screen.model), ..options() };
    let back = Screen::new(120, 36, &options, fixture::snapshot());
    for screen in [&screen, &back] {
        let text = screen.text();
        let titles = text.lines().find(|line| line.contains("user.name")).unwrap_or_default();
        let at = |name: &str| titles.find(name);
        assert!(at("user.name") < at("message") && at("message") < at("source.ip"), "{text}");
        assert!(!titles.contains("level"), "{text}");
    }
    screen.press("C ^u Enter");
    assert!(!screen.text().contains("user.name "), "{}", screen.text());
}

#[test]
fn the_mouse_over_the_graph_chooses_a_time_and_escape_gives_it_back() {
    use soctop::tui::Mouse;
    let mut screen = tour(120, 36, &options(), "3 / Enter");
    let buckets = (0..60).map(|n| (Timestamp::from_seconds(1_000 + n * 10), 1 + n as u64 % 4)).collect();
    let over_time = OverTime { buckets, width: 10_000_000_000 };
    let ticket = screen.model.screens.search.ticket;
    screen.send(Message::Notice(Notice::OverTime { ticket, result: Ok(over_time) }));
    let plain = screen.buffer.clone();
    screen.send(Message::Mouse(Mouse::Click { x: 11, y: 3 }));
    screen.send(Message::Mouse(Mouse::Drag { x: 4, y: 3 }));
    assert_ne!(screen.buffer, plain, "what is gone over is seen");
    screen.send(Message::Mouse(Mouse::Drag { x: 4, y: 9 }));
    let effects = screen.send(Message::Mouse(Mouse::Release));
    let asked = searches(&effects).pop().expect("a question");
    let seconds = |time: Option<Timestamp>| time.map(|time| time.seconds());
    assert_eq!((seconds(asked.since), seconds(asked.until)), (Some(1_030), Some(1_110)));
    assert!(searches(&screen.send(Message::Mouse(Mouse::Release))).is_empty(), "it was let go already");
    let asked = searches(&screen.press("Esc")).pop().expect("a question");
    assert_eq!((asked.since, asked.until), (None, None));
}
