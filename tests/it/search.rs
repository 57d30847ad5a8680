//! The store: what is found, what survives, what cannot be lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers too")]

mod faults;
mod same_answers;

use std::collections::BTreeMap;
use std::path::Path;

use soctop::alert::{Alert, AlertKind, AlertStatus};
use soctop::alert::{AlertId, RuleSummary, Window};
use soctop::event::{
    Event, EventId, Gap, GapCause, GenerationId, Kind, LogLevel, Origin, Paths, Record, Redacted, Timestamp,
};
use soctop::index::{Options, Position, Reader, Writer};
use soctop::normalize::{Redaction, Redactor};
use soctop::query::SearchRequest;
use soctop::sigma::Level;

/// The two ends of a store.
fn open_store(path: &Path, options: Options) -> Result<(Writer, Reader), soctop::index::Error> {
    let writer = Writer::open(path, options)?;
    let reader = writer.reader();
    Ok((writer, reader))
}

/// Small threads: tests open many stores.
fn options() -> Options {
    Options { heap_bytes: 15 << 20, ..Options::default() }
}

/// An event as a JSON line would give it, with canonical fields.
struct Sample<'p> {
    event: Event,
    paths: &'p Paths,
}

impl<'p> Sample<'p> {
    fn new(paths: &'p Paths, number: u64, raw: &str) -> Self {
        let mut event = Event::default();
        event.reset(raw);
        event.meta.generation = GenerationId(7);
        event.meta.offset = number * 100;
        event.meta.line = number + 1;
        event.meta.seq = number;
        event.meta.time = Some(Timestamp::from_seconds(1_772_355_600 + number as i64));
        event.meta.ingested = Timestamp::from_seconds(1_772_355_700 + number as i64);
        Self { event, paths }
    }

    fn line(mut self, name: &str, kind: Kind, value: &str) -> Self {
        self.event.push_text(self.paths.intern(name), kind, value, Origin::Line);
        self
    }

    fn text(self, name: &str, value: &str) -> Self {
        self.line(name, Kind::String, value)
    }

    /// A canonical field at the same place as the last field of the line.
    fn canonical(mut self, name: &str) -> Self {
        let last = *self.event.fields().iter().rfind(|field| field.origin == Origin::Line).unwrap();
        self.event.push(self.paths.intern(name), last.kind, last.span, Origin::Canonical);
        self
    }
}

fn add(writer: &mut Writer, sample: &Sample<'_>) {
    writer
        .add_event(&redacted(&sample.event, sample.paths), &sample.paths.read(), "/var/log/app.log")
        .unwrap();
}

fn redacted(event: &Event, paths: &Paths) -> Redacted {
    Redacted::by(&mut Redactor::new(paths, Redaction::default()), event.clone())
}

fn position(seq_next: u64) -> Position {
    Position { seq_next, ..Position::default() }
}

fn found(reader: &Reader, query: &str) -> Vec<u64> {
    records(reader, query).iter().map(|record| record.seq).collect()
}

fn records(reader: &Reader, query: &str) -> Vec<Record> {
    let request =
        SearchRequest { query: query.to_owned(), limit: 100, ascending: true, ..SearchRequest::default() };
    let response = reader.search(&request).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(response.total, response.records.len() as u64, "{query}");
    response.records
}

/// Five events of two requests.
fn login_store(dir: &Path) -> (Writer, Reader) {
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir, options()).unwrap();
    let events = [
        Sample::new(&paths, 0, r#"{"msg":"Login failed for alice","user":"alice","ip":"203.0.113.9"}"#)
            .text("msg", "Login failed for alice")
            .canonical("message")
            .text("user", "alice")
            .canonical("user.name")
            .text("ip", "203.0.113.9")
            .canonical("source.ip")
            .text("request_id", "req-1")
            .canonical("correlation.id")
            .line("status", Kind::Number, "401")
            .canonical("http.response.status_code"),
        Sample::new(&paths, 1, r#"{"msg":"Account locked"}"#)
            .text("msg", "Account locked")
            .canonical("message")
            .text("user", "alice")
            .canonical("user.name")
            .text("request_id", "req-1")
            .canonical("correlation.id")
            .text("trace", "tr-9")
            .canonical("correlation.id"),
        Sample::new(&paths, 2, r#"{"msg":"payment declined"}"#)
            .text("msg", "payment declined")
            .canonical("message")
            .text("user", "bob")
            .canonical("user.name")
            .text("ip", "198.51.100.7")
            .canonical("source.ip")
            .line("duration_ms", Kind::Number, "12.5")
            .text("trace", "tr-9")
            .canonical("correlation.id"),
        Sample::new(&paths, 3, "Traceback (most recent call last): ConnectionRefusedError"),
        Sample::new(&paths, 4, r#"{"msg":"ok","path":"/api/users"}"#)
            .text("msg", "ok")
            .canonical("message")
            .text("path", "/api/users")
            .canonical("url.path")
            .line("status", Kind::Number, "200")
            .canonical("http.response.status_code"),
    ];
    for sample in &events {
        add(&mut writer, sample);
    }
    writer.commit(position(5)).unwrap();
    (writer, reader)
}

#[test]
fn events_are_found_by_field_text_and_correlation_id() {
    let dir = tempfile::tempdir().unwrap();
    let (_writer, reader) = login_store(dir.path());
    let check = |query: &str, expect: &[u64]| assert_eq!(found(&reader, query), expect, "{query}");
    check("", &[0, 1, 2, 3, 4]);
    check("*", &[0, 1, 2, 3, 4]);
    check("user.name:alice", &[0, 1]);
    check("user:alice", &[0, 1]);
    check("user:Alice", &[0, 1]);
    check("ip:203.0.113.9", &[0]);
    check("status:>=400", &[0]);
    check("level:>=warn", &[]);
    check("failed", &[0]);
    check("LOGIN failed", &[0]);
    check("\"login failed\"", &[0]);
    check("\"failed login\"", &[]);
    check("NOT \"failed login\"", &[0, 1, 2, 3, 4]);
    check("\"login alice\"~2", &[0]);
    check("message:locked", &[1]);
    check("msg:locked", &[1]);
    check("msg:alice", &[0]);
    check("connectionrefusederror", &[3]);
    check("203.0.113.9", &[0]);
    check("correlation.id:req-1", &[0, 1]);
    check("request_id:req-1", &[0, 1]);
    check("req-1", &[0, 1]);
    check("tr-9", &[1, 2]);
    check("trace:tr-9", &[1, 2]);
    check("401", &[0]);
    check("status:401", &[0]);
    check("http.response.status_code:>=300", &[0]);
    check("status:[200 TO 401]", &[0, 4]);
    check("status:[200 TO 401}", &[4]);
    check("duration_ms:>12", &[2]);
    check("duration_ms:<12", &[]);
    check("source.ip:203.0.113.0/24", &[0]);
    check("source.ip:[198.51.100.0 TO 198.51.100.255]", &[2]);
    check("user.name:al*", &[0, 1]);
    check("user.name:?ob", &[2]);
    check("pay*", &[2]);
    check("message:*ked", &[1]);
    check("user.name:/a.*|bob/", &[0, 1, 2]);
    check("url.path:/api/users", &[4]);
    check("url.path:*", &[4]);
    check("msg:*", &[0, 1, 2, 4]);
    check("user.name: IN [bob carol]", &[2]);
    check("user.name:(alice OR bob) AND NOT failed", &[1, 2]);
    check("user:alice AND NOT failed", &[1]);
    check("user:alice -failed", &[1]);
    check("NOT user:alice", &[2, 3, 4]);
    check("-user:alice", &[2, 3, 4]);
    check("user:bob OR NOT user:*", &[2, 3, 4]);
    check("* AND NOT user:*", &[3, 4]);
    check("NOT (NOT user:bob)", &[2]);
    check("@timestamp:[2026-03-01T09:00:01Z TO 2026-03-01T09:00:02Z]", &[1, 2]);
    check("@timestamp:>2026-03-01T09:00:03Z", &[4]);
    check("log.file.path:\"/var/log/app.log\" failed", &[0]);
    check("soctop.outcome:raw", &[0, 1, 2, 3, 4]);
}

#[test]
fn results_come_in_order_of_time_with_ties_in_order_of_reading() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    // Read in the order 0 to 99, in ten commits; times go backwards, ten events a second.
    for seq in 0..100 {
        let mut sample = Sample::new(&paths, seq, "tick");
        sample.event.meta.time = Some(Timestamp::from_seconds(1_000 - (seq / 10) as i64));
        add(&mut writer, &sample);
        if seq % 10 == 9 {
            writer.commit(position(seq + 1)).unwrap();
        }
    }
    let ask = |ascending, limit, since: Option<i64>, until: Option<i64>| {
        let (since, until) = (since.map(Timestamp::from_seconds), until.map(Timestamp::from_seconds));
        let request = SearchRequest { query: "tick".into(), since, until, limit, ascending };
        let response = reader.search(&request).unwrap();
        (response.total, response.records.iter().map(|record| record.seq).collect::<Vec<_>>())
    };
    assert_eq!(ask(false, 3, None, None), (100, vec![9, 8, 7]));
    assert_eq!(ask(true, 3, None, None), (100, vec![90, 91, 92]));
    assert_eq!(
        ask(true, 12, Some(998), Some(1_000)),
        (20, vec![20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 10, 11])
    );
    assert_eq!(ask(false, 0, Some(2_000), None), (0, vec![]));
    assert_eq!(ask(false, 0, None, Some(992)), (10, vec![]));
    assert_eq!(ask(false, 2, None, None), (100, vec![9, 8]));
}

#[test]
fn a_record_is_found_by_its_address_and_is_the_event_to_the_letter() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    let samples: Vec<_> = (0..50)
        .map(|n| Sample::new(&paths, n, &format!("user=u{n} ok")).text("user", &format!("u{n}")))
        .collect();
    samples.iter().for_each(|sample| add(&mut writer, sample));
    writer.commit(position(50)).unwrap();
    let source = "/var/log/app.log".into();
    for sample in &samples {
        let expect = Record::from_event(&redacted(&sample.event, sample.paths), &source, &paths.read());
        assert_eq!(records(&reader, &format!("event_id:{}", sample.event.id())), [expect]);
    }
    assert_eq!(found(&reader, &format!("event_id:{}", EventId(1))), [0; 0]);
    let ids = [samples[3].event.id(), EventId(9), samples[40].event.id()].map(|id| id.to_string());
    assert_eq!(found(&reader, &format!("event_id: IN [{}]", ids.join(" "))), [3, 40]);
    assert_eq!(found(&reader, &samples[7].event.id().to_string()), [7]);
    assert_eq!(found(&reader, &format!("event_id:{}", samples[8].event.id())), [8]);
}

fn alert(id: u128, status: AlertStatus, seconds: i64, correlation_ids: &[&str]) -> Alert {
    let time = Timestamp::from_seconds(seconds);
    let rule = RuleSummary {
        id: "lockout".into(),
        name: "lockout".into(),
        title: "Account lockout".into(),
        level: Level::High,
        tags: vec![],
        author: String::new(),
    };
    Alert {
        status,
        alert_id: AlertId(id),
        time,
        rule: rule.into(),
        kind: AlertKind::Correlation,
        group: BTreeMap::from([("user.name".to_owned(), "alice".to_owned())]).into(),
        count: 5,
        window: Window { start: time, end: time },
        summary: "alice locked out".into(),
        events: vec![EventId(5)],
        events_omitted: 0,
        correlation_ids: correlation_ids.iter().map(|id| (*id).to_owned()).collect(),
        source: None,
        approximate: false,
        replayed: false,
    }
}

/// Five events, and three states of two incidents.
fn store_with_alerts(dir: &Path) -> Reader {
    let (mut writer, reader) = login_store(dir);
    for (status, seconds) in [(AlertStatus::Open, 1_772_355_601), (AlertStatus::Close, 1_772_355_699)] {
        writer.add_alert(&alert(1, status, seconds, &["req-1"])).unwrap();
    }
    writer.add_alert(&alert(2, AlertStatus::Open, 1_772_355_602, &["other"])).unwrap();
    writer.commit(position(5)).unwrap();
    reader
}

#[test]
fn a_trace_ties_events_and_the_last_state_of_alerts_together_in_time_order() {
    let dir = tempfile::tempdir().unwrap();
    let reader = store_with_alerts(dir.path());

    let trace = reader.trace("req-1").unwrap();
    assert_eq!(trace.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(trace.alerts, [alert(1, AlertStatus::Close, 1_772_355_699, &["req-1"])]);
    assert_eq!((trace.omitted, trace.doubt), (0, None));
    // By any of its ids.
    assert_eq!(reader.trace("tr-9").unwrap().records.len(), 2);
    let nothing = reader.trace("unheard-of").unwrap();
    assert_eq!((nothing.records.len(), nothing.alerts.len(), nothing.doubt), (0, 0, None));
    // Alerts are no events.
    assert_eq!(found(&reader, "user.name:alice"), [0, 1]);
    assert_eq!(found(&reader, "\"alice locked out\""), [0; 0]);
    let counts = reader.counts().unwrap();
    assert_eq!((counts.events, counts.alerts, counts.gaps), (5, 3, 0));
}

#[test]
fn alerts_are_found_by_their_kind_with_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let reader = store_with_alerts(dir.path());
    for (question, total) in [
        ("kind:alert", 3),
        ("kind:Alert alert.status:open", 2),
        ("kind:al*", 3),
        ("kind:* -kind:gap NOT soctop.outcome:*", 3),
        ("kind:alert rule.level:high user:alice level:error \"locked out\"", 3),
        ("kind:alert alert.id:00000000000000000000000000000002", 1),
        ("kind:alert req-1", 2),
        ("kind:alert user:bob", 0),
        ("kind:gap", 0),
        ("kind:alert OR user:alice", 5),
        ("-kind:alert", 5),
        ("NOT (NOT kind:alert)", 3),
    ] {
        let request = SearchRequest { query: question.into(), limit: 10, ..SearchRequest::default() };
        assert_eq!(reader.search(&request).unwrap().total, total, "{question}");
        let histogram = reader.histogram(&request, 10).unwrap();
        assert_eq!(histogram.total, total, "{question}");
    }
    let request = SearchRequest { query: "kind:alert".into(), limit: 10, ..SearchRequest::default() };
    let newest = &reader.search(&request).unwrap().records[0];
    assert_eq!(newest.message, "alice locked out");
    assert_eq!(newest.level, LogLevel::Error);
    for (name, value) in [("kind", "alert"), ("alert.status", "close"), ("user.name", "alice")] {
        assert_eq!(newest.get(name), Some(value), "{name}");
    }
    for (field, values) in [
        ("alert.status", vec![("open", 2), ("close", 1)]),
        ("kind", vec![("alert", 3)]),
        ("rule.name", vec![("Account lockout", 3)]),
    ] {
        let values: Vec<(String, u64)> =
            values.into_iter().map(|(it, count)| (it.to_owned(), count)).collect();
        assert_eq!(reader.top(&request, field).unwrap().values, values, "{field}");
    }
}

#[test]
fn the_most_frequent_sources_are_spelled_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    let sample = Sample::new(&paths, 0, "{}").text("message", "hello");
    writer.add_event(&redacted(&sample.event, &paths), &paths.read(), "/srv/Logs/App.log").unwrap();
    writer.commit(position(1)).unwrap();
    let request = SearchRequest { limit: 5, ..SearchRequest::default() };
    assert_eq!(reader.top(&request, "source").unwrap().values, [("/srv/Logs/App.log".to_owned(), 1)]);
}

#[test]
fn a_gap_is_counted_and_is_no_event() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, reader) = login_store(dir.path());
    let gap = Gap {
        generation: GenerationId(7),
        path: "/var/log/app.log".into(),
        from: 10,
        to: None,
        cause: GapCause::Truncated,
    };
    writer.add_gap(&gap, Timestamp::from_seconds(1)).unwrap();
    writer.commit(position(5)).unwrap();
    assert_eq!(reader.counts().unwrap().gaps, 1);
    assert_eq!(found(&reader, "").len(), 5);
    for question in ["kind:gap", "kind:gap AND log.file.path:*app.log", "kind:gap AND app.log"] {
        let request = SearchRequest { query: question.into(), limit: 10, ..SearchRequest::default() };
        let response = reader.search(&request).unwrap();
        assert_eq!(response.total, 1, "{question}");
        let record = &response.records[0];
        assert_eq!((&*record.source, record.time), ("/var/log/app.log", Timestamp::from_seconds(1)));
        assert!(record.message.contains("lines may be lost after byte 10"), "{}", record.message);
    }
    assert_eq!(found(&reader, "NOT kind:gap").len(), 5);
}

#[test]
fn an_id_that_names_no_single_request_is_doubted() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    let with_id = |seq: u64, id: &str, ip: &str| {
        Sample::new(&paths, seq, "x")
            .text("rid", id)
            .canonical("correlation.id")
            .text("ip", ip)
            .canonical("source.ip")
    };
    for seq in 0..30 {
        add(&mut writer, &with_id(seq, "-", "10.0.0.1"));
        add(&mut writer, &with_id(100 + seq, "shared", &format!("10.0.0.{seq}")));
        let mut slow = with_id(200 + seq, "slow", "10.0.0.1");
        slow.event.meta.time = Some(Timestamp::from_seconds(seq as i64 * 7_200));
        add(&mut writer, &slow);
        add(&mut writer, &with_id(300 + seq, "fine", "10.0.0.1"));
    }
    for seq in 0..10_020 {
        add(&mut writer, &with_id(1_000 + seq, "constant", "10.0.0.1"));
    }
    writer.commit(position(20_000)).unwrap();
    let doubt = |id: &str| reader.trace(id).unwrap().doubt.unwrap_or_default();
    assert_eq!(doubt("-"), "the id is a placeholder, not the name of one request");
    assert_eq!(doubt("shared"), "30 different addresses use this id");
    assert_eq!(doubt("slow"), "the events are 58 hours apart");
    assert_eq!(doubt("fine"), "");
    assert_eq!(doubt("constant"), "10020 events carry this id: it does not name one request");
    let trace = reader.trace("constant").unwrap();
    assert_eq!((trace.records.len(), trace.omitted), (10_000, 20));
    assert_eq!(trace.records.last().map(|record| record.seq), Some(11_019), "the newest are kept");
}

#[test]
fn a_histogram_covers_all_hits_and_tells_the_levels_apart() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    for seq in 0..60 {
        let level = if seq % 6 == 0 { "error" } else { "info" };
        add(&mut writer, &Sample::new(&paths, seq, "x").text("severity", level).canonical("log.level"));
    }
    writer.commit(position(60)).unwrap();
    let histogram = reader.histogram(&SearchRequest::default(), 6).unwrap();
    assert_eq!(histogram.total, 60);
    assert!(histogram.buckets.len() <= 7, "{:?}", histogram.buckets);
    let by_level = |level: LogLevel| {
        let at = LogLevel::ALL.iter().position(|it| *it == level).unwrap();
        histogram.buckets.iter().map(|(_, levels)| levels[at]).sum::<u64>()
    };
    assert_eq!((by_level(LogLevel::Error), by_level(LogLevel::Info)), (10, 50));
    let errors = SearchRequest { query: "log.level:error".into(), ..SearchRequest::default() };
    assert_eq!(reader.histogram(&errors, 6).unwrap().total, 10);
    assert_eq!(reader.search(&errors).unwrap().total, 10);
    let none = SearchRequest { query: "log.level:critical".into(), ..SearchRequest::default() };
    assert_eq!(reader.histogram(&none, 6).unwrap().buckets, []);
}

#[test]
fn replay_visits_every_event_once_in_the_order_of_reading() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new();
    let (mut writer, reader) = open_store(dir.path(), options()).unwrap();
    for seq in 0..1_000 {
        let mut sample = Sample::new(&paths, seq, "x");
        sample.event.meta.time = Some(Timestamp::from_seconds((seq * 7_919 % 1_000) as i64));
        add(&mut writer, &sample);
        if seq % 97 == 0 {
            writer.commit(position(seq + 1)).unwrap();
        }
    }
    writer.commit(position(1_000)).unwrap();
    let mut seen = Vec::new();
    reader
        .replay(250, 64, |record| {
            seen.push(record.seq);
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, (250..1_000).collect::<Vec<_>>());
}

#[test]
fn a_bad_query_is_an_error_with_place_and_hint() {
    let dir = tempfile::tempdir().unwrap();
    let (_writer, reader) = login_store(dir.path());
    let error = |query: &str| {
        let request = SearchRequest { query: query.to_owned(), ..SearchRequest::default() };
        let error = reader.search(&request).expect_err(query);
        format!("{error} | {}", error.hint().unwrap_or_default())
    };
    assert_eq!(
        error("user:alice AND ("),
        "the parenthesis is not closed (column 16) | put text that holds parentheses in quotes"
    );
    assert_eq!(
        error("failed user.nmae:alice"),
        "no field user.nmae; did you mean user.name? (column 8) | a field is named as the log names it \
         (`soctop search '*' --limit 1 --format ndjson`) or by a canonical name"
    );
    assert_eq!(
        error("duration_sm:1").split('(').next(),
        Some("no field duration_sm; did you mean duration_ms? ")
    );
    assert_eq!(
        error("ok user:/[/"),
        "the regular expression is not valid: unclosed character class (column 9) | \
         put a path in quotes: `url.path:\"/api/\"`"
    );
    assert_eq!(
        error("@timestamp:>yesterday"),
        "`yesterday` is not a time (column 1) | write a time as `2026-03-01T09:30:00Z`, or use `--since 2h`"
    );
}
