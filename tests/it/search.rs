//! The store: what is found, what survives, what cannot be lost.

use std::path::Path;

use soctop::event::{Event, GenerationId, Kind, Origin, Paths, Timestamp};
use soctop::index::{Options, Position, Reader, Store, Writer};
use soctop::query::SearchRequest;

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
    writer.add_event(&sample.event, &sample.paths.read(), "/var/log/app.log").unwrap();
}

fn position(seq_next: u64) -> Position {
    Position { seq_next, ..Position::default() }
}

fn found(reader: &Reader, query: &str) -> Vec<u64> {
    let request =
        SearchRequest { query: query.to_owned(), limit: 100, ascending: true, ..SearchRequest::default() };
    let response = reader.search(&request).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(response.total, response.records.len() as u64, "{query}");
    response.records.iter().map(|record| record.seq).collect()
}

/// Five events of two requests.
fn login_store(dir: &Path) -> (Writer, Reader) {
    let paths = Paths::new();
    let (mut writer, reader) = Store::open(dir, options()).unwrap();
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
    check("user:Alice", &[]);
    check("nosuch:alice", &[]);
    check("failed", &[0]);
    check("LOGIN failed", &[0]);
    check("\"login failed\"", &[0]);
    check("\"failed login\"", &[]);
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
