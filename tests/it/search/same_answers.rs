//! One language, two executors: what the live filter says of an event in memory is what the index says of it.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use soctop::event::{Event, GenerationId, Kind, Origin, Outcome, Paths, Record, Timestamp};
use soctop::index::Reader;
use soctop::query::SearchRequest;
use soctop::state::Filter;

use super::{open_store, options, position, redacted};

const SOURCE: &str = "/var/log/App.log";

/// What a line and its normalisation may hold: a name, its kind, its value and who put it there.
type Part = (&'static str, Kind, String, Origin);

fn value() -> impl Strategy<Value = String> {
    let plain = select(vec![
        "alice",
        "Alice",
        "bob",
        "ALICE bob",
        "login_failed",
        "10.0.0.7",
        "10.0.0.12",
        "2001:DB8::1",
        "401",
        "503",
        "12.5",
        "-1",
        "",
        "null",
        "/api/Users/7",
        "Login FAILED for alice",
        "ärger im Büro",
        "ÄRGER",
        "İstanbul",
        "2026-03-01T09:00:01Z",
        "2026-03-01T09:00:02.5Z",
        "req-1",
        "REQ-1",
        "a\u{1f}b",
        "\u{2}message",
        "error",
        "x^2",
        "a*b",
        "--",
        "one two three",
    ]);
    prop_oneof![
        12 => plain.prop_map(str::to_owned),
        1 => select(vec!["é".repeat(200), "long words of a trace ".repeat(20), "z".repeat(300)]),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let line = select(vec![
        "user",
        "msg",
        "ts",
        "tag",
        "level",
        "status",
        "ip",
        "note",
        "request_id",
        "user.name",
        "id",
    ]);
    let canonical = select(vec![
        "user.name",
        "user.id",
        "source.ip",
        "message",
        "@timestamp",
        "correlation.id",
        "service.name",
        "event.action",
        "http.response.status_code",
        "error.message",
    ]);
    let kind = prop_oneof![8 => Just(Kind::String), 2 => Just(Kind::Number)];
    prop_oneof![
        6 => (line.clone(), kind, value(), Just(Origin::Line)),
        4 => (canonical.clone(), Just(Kind::String), value(), Just(Origin::Canonical)),
        1 => (canonical, Just(Kind::String), value(), Just(Origin::Joined)),
        1 => (line.clone(), Just(Kind::Null), Just("null".to_owned()), Just(Origin::Line)),
        1 => (line, Just(Kind::Object), Just("{}".to_owned()), Just(Origin::Line)),
    ]
}

/// An event; half of its canonical fields repeat a value of the line, as normalisation makes them.
fn event(paths: &Paths, number: u64, parts: &[Part], level: &str, seed: u64) -> Event {
    let mut event = Event::default();
    event.reset(if seed.is_multiple_of(3) { "Login FAILED for alice" } else { "{}" });
    event.meta.generation = GenerationId(7);
    event.meta.offset = number * 100;
    event.meta.seq = number;
    event.meta.outcome = if seed.is_multiple_of(2) { Outcome::Parsed } else { Outcome::Raw };
    event.meta.time = Some(Timestamp(1_772_355_600_000_000_000 + (seed % 4) as i64 * 500_000_000));
    for (name, kind, value, origin) in parts {
        // No decoder calls a text a number.
        let is_number = value.parse::<f64>().is_ok();
        let kind = if *kind == Kind::Number && !is_number { &Kind::String } else { kind };
        let last = event.fields().iter().rfind(|field| field.origin == Origin::Line).copied();
        match last.filter(|_| *origin == Origin::Canonical && (value.len() as u64 + seed).is_multiple_of(2)) {
            Some(last) => event.push(paths.intern(name), last.kind, last.span, Origin::Canonical),
            None => event.push_text(paths.intern(name), *kind, value, *origin),
        }
    }
    if !level.is_empty() {
        event.push_text(paths.intern("log.level"), Kind::String, level, Origin::Canonical);
    }
    event
}

fn condition() -> impl Strategy<Value = String> {
    let name = select(vec![
        "user",
        "user.name",
        "msg",
        "message",
        "ts",
        "tag",
        "status",
        "ip",
        "note",
        "request_id",
        "corr",
        "id",
        "service",
        "source",
        "soctop.outcome",
        "event",
        "user.id",
        "error.message",
        "event_id",
    ]);
    let word = select(vec![
        "alice",
        "ALICE",
        "al*",
        "*B",
        "a?ice",
        "login_*",
        "10.0.0.*",
        "10.0.0.0/8",
        "2001:db8:0::1",
        "401",
        "ärger",
        "ÄR*",
        "i*",
        "login",
        "failed",
        "req-1",
        "\"login failed\"",
        "\"failed alice\"~1",
        "\"alice login\"~3",
        "\"login fa\"*",
        "\"long words\"",
        "\"\"",
        "/a.*/",
        "/[a-z]+_failed/",
        "*",
        "words",
        "zzz*",
        "null",
        "parsed",
        "*app.LOG",
        "\"Login FAILED for alice\"",
        "\"a b\"",
        "\"one three\"~2",
        "one/*/three",
        "message",
    ]);
    let range = select(vec![
        ">=401",
        "<500",
        ">10.0.0.7",
        "[10.0.0.0 TO 10.0.0.9]",
        "{a TO b}",
        "[A TO *]",
        "<=-1",
        ">2026-03-01T09:00:01Z",
        "[alice TO bob}",
    ]);
    let list = select(vec![" IN [alice BOB]", " IN [401 503 req-1]", " IN [\"one two three\" login]"]);
    let level = select(vec![
        "level:error",
        "level:>=warn",
        "sev:<ERROR",
        "level: IN [info err]",
        "level:*",
        "level:{debug TO warn]",
    ]);
    let time = select(vec![
        "time:2026-03-01T09:00:00Z",
        "@timestamp:>=2026-03-01T09:00:01Z",
        "@timestamp:{* TO 2026-03-01T09:00:01Z}",
    ]);
    let bare = word.clone().prop_filter("has words", |word| *word != "\"\"");
    let own = |text: &'static str| text.to_owned();
    Union::new_weighted(vec![
        (6, (name.clone(), word).prop_map(|(name, word)| format!("{name}:{word}")).boxed()),
        (2, (name.clone(), range).prop_map(|(name, range)| format!("{name}:{range}")).boxed()),
        (1, (name, list).prop_map(|(name, list)| format!("{name}:{list}")).boxed()),
        (2, level.prop_map(own).boxed()),
        (1, time.prop_map(own).boxed()),
        (3, bare.prop_map(own).boxed()),
    ])
}

fn query() -> impl Strategy<Value = String> {
    condition().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.clone().prop_map(|a| format!("(NOT {a})")),
            inner.prop_map(|a| format!("(* -{a})")),
        ]
    })
}

fn found(reader: &Reader, query: &str) -> Vec<u64> {
    let request = SearchRequest { query: query.to_owned(), limit: 1_000, ..SearchRequest::default() };
    let response = reader.search(&request).unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut found: Vec<u64> = response.records.iter().map(|record| record.seq).collect();
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_live_filter_and_the_index_find_the_same_events(
        events in prop::collection::vec((prop::collection::vec(part(), 0..7), select(vec!["", "info", "warn", "error"]), 0_u64..100), 1..40),
        queries in prop::collection::vec(query(), 40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new();
        let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
        let source: Arc<str> = SOURCE.into();
        let mut records = Vec::new();
        // Every name occurs, so that no query asks for a field that nothing has.
        let names = ["user", "msg", "ts", "tag", "status", "ip", "note", "request_id", "level", "id"];
        let all: Vec<Part> =
            names.into_iter().map(|name| (name, Kind::String, "filler".to_owned(), Origin::Line)).collect();
        let events = events.iter().map(|(parts, level, seed)| (parts, *level, *seed)).chain([(&all, "", 1)]);
        for (number, (parts, level, seed)) in (0..).zip(events) {
            let event = redacted(&event(&paths, number, parts, level, seed), &paths);
            writer.add_event(&event, &paths.read(), SOURCE).unwrap();
            records.push(Record::from_event(&event, &source, &paths.read()));
            if number % 15 == 7 {
                writer.commit(position(number + 1)).unwrap();
            }
        }
        writer.commit(position(records.len() as u64)).unwrap();
        for query in queries {
            let filter = Filter::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
            let expect: Vec<u64> =
                records.iter().filter(|record| filter.matches(record)).map(|record| record.seq).collect();
            let found = found(&reader, &query);
            let differ = records.iter().find(|it| expect.contains(&it.seq) != found.contains(&it.seq));
            prop_assert_eq!(&found, &expect, "{}\n{:#?}", query, differ.map(|it| (&it.fields, &it.message, it.level)));
        }
    }
}
