//! A rich, fixed moment in the life of an engine, built through the same updates that a running
//! one sends. Shared by the snapshot tests and by `examples/gallery.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use soctop::alert::{Alert, AlertKind, AlertStatus, Evidence, RiskChange, RuleSummary, Transition};
use soctop::alert::{AlertId, Window};
use soctop::decode::Decoder;
use soctop::event::{
    Event, EventId, Format, LogLevel, Outcome, Paths, Record, RecordField, TimeQuality, Timestamp,
};
use soctop::pipeline::Notice;
use soctop::query::{SearchResponse, Trace};
use soctop::sigma::{Board, Level};
use soctop::state::{Counted, IndexStatus, Ledger, RuleHits, Snapshot, SourceStatus, State, Tally, Update};
use soctop::tui::keymap::{Code, Key};
use soctop::tui::{Effect, Message, Model, Options, update};
use soctop::view;

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLI;

/// 2026-03-01T09:32:07Z.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(1_772_357_527)
}

/// This many seconds before [`now`].
fn ago(seconds: i64) -> Timestamp {
    now().plus(-seconds * SECOND)
}

fn rule(title: &str, level: Level, tags: &[&str]) -> Arc<RuleSummary> {
    Arc::new(RuleSummary {
        id: format!("rule-{}", title.to_lowercase().replace(' ', "-")),
        name: String::new(),
        title: title.to_owned(),
        level,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        author: "soctop".to_owned(),
    })
}

/// A number between 0 and `below`, the same every time.
fn spread(n: i64, below: i64) -> i64 {
    (n.wrapping_mul(2_654_435_761).rem_euclid(4_294_967_296) >> 8) % below
}

pub struct Line<'a> {
    pub seq: u64,
    pub time: Timestamp,
    pub level: LogLevel,
    pub service: &'a str,
    pub message: &'a str,
    pub id: &'a str,
    pub fields: &'a [(&'a str, &'a str)],
}

pub fn record(line: &Line<'_>) -> Record {
    let field = |(name, value): &(&str, &str)| RecordField {
        name: (*name).into(),
        value: (*value).to_owned(),
        is_string: value.parse::<f64>().is_err(),
        derived: name.contains('.'),
        joined: false,
    };
    let raw = format!(
        r#"{{"timestamp":"{}","level":"{}","service":"{}","message":"{}","correlation_id":"{}"}}"#,
        line.time,
        line.level.word(),
        line.service,
        line.message,
        line.id
    );
    Record {
        event_id: EventId(u128::from(line.seq) + 1),
        seq: line.seq,
        time: line.time,
        time_quality: TimeQuality::Exact,
        ingested: line.time.plus(400 * MILLI),
        source: format!("/var/log/shop/{}.ndjson", line.service).into(),
        line: line.seq + 1000,
        outcome: Outcome::Parsed,
        flags: Default::default(),
        format: Format::Json,
        level: line.level,
        service: line.service.to_owned(),
        message: line.message.to_owned(),
        correlation_ids: if line.id.is_empty() { Vec::new() } else { vec![line.id.to_owned()] },
        fields: line.fields.iter().map(field).collect(),
        raw,
    }
}

/// The newest events: ordinary traffic, and an attack that ends in a lockout.
fn rows() -> Vec<Arc<Record>> {
    let ordinary = [
        (LogLevel::Info, "gateway", "GET /api/products 200 in 12 ms"),
        (LogLevel::Info, "orders", "order 4711 accepted"),
        (LogLevel::Debug, "catalog", "cache hit for product 88"),
        (LogLevel::Warn, "auth", "login failed for user1949: bad password"),
        (LogLevel::Info, "gateway", "POST /api/v1/auth/login 401 in 163 ms"),
        (LogLevel::Notice, "payments", "retry 2 of 3 for payment-gateway"),
        (LogLevel::Info, "mailer", "welcome mail queued"),
    ];
    let mut rows: Vec<Record> = (0..240)
        .map(|n| {
            let (level, service, message) = ordinary[spread(n, ordinary.len() as i64) as usize];
            let id = format!("{:08x}-9791-4f1f-9cf2-{:012x}", spread(n, 1 << 20) << 12, n * 77_777);
            record(&Line {
                seq: n as u64,
                time: ago(256 - n).plus(spread(n, 1000) * MILLI),
                level,
                service,
                message,
                id: &id,
                fields: &[("user", "user1949"), ("user.name", "user1949"), ("source.ip", "185.220.101.34")],
            })
        })
        .collect();
    for (n, (millis, level, service, message)) in [
        (180, LogLevel::Critical, "auth", "login of user4417 succeeded after 212 failures"),
        (1222, LogLevel::Error, "payments", "circuit breaker payment-gateway closed -> open"),
        (1476, LogLevel::Error, "auth", "account user4417 locked after 5 attempts"),
    ]
    .into_iter()
    .enumerate()
    {
        rows.push(record(&Line {
            seq: 240 + n as u64,
            time: ago(16).plus(millis * MILLI),
            level,
            service,
            message,
            id: TRACE_ID,
            fields: &[
                ("timestamp", "2026-03-01T09:32:01.310Z"),
                ("event", "login_success"),
                ("user", "user4417"),
                ("client_ip", "185.220.101.34"),
                ("status", "200"),
                ("duration_ms", "163.7"),
                ("user_agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"),
                ("user.name", "user4417"),
                ("source.ip", "185.220.101.34"),
            ],
        }));
    }
    rows.into_iter().map(Arc::new).collect()
}

pub const TRACE_ID: &str = "e25d7cf5-979e-4441-a80a-f679c9b85e65";

fn alert(id: u128, title: &str, level: Level, seconds_ago: i64, count: u64, summary: &str) -> Alert {
    Alert {
        status: AlertStatus::Open,
        alert_id: AlertId(id),
        time: ago(seconds_ago),
        rule: rule(title, level, &["attack.t1110", "attack.credential-access"]),
        kind: AlertKind::Correlation,
        group: BTreeMap::from([("source.ip".to_owned(), "185.220.101.34".to_owned())]).into(),
        count,
        window: Window { start: ago(seconds_ago + 180), end: ago(seconds_ago) },
        summary: summary.to_owned(),
        events: (238..243).map(|n| EventId(n + 1)).collect(),
        events_omitted: count.saturating_sub(5),
        correlation_ids: vec![TRACE_ID.to_owned()],
        source: Some(Evidence { path: "/var/log/shop/auth.ndjson".into(), line: 18_204 }),
        approximate: count > 200,
        replayed: false,
    }
}

/// An open incident of this level, the later the higher its number.
pub fn alert_of(number: usize, level: Level) -> Alert {
    let seconds_ago = 600 - number as i64;
    let alert = alert(
        1_000 + number as u128,
        "Something happened",
        level,
        seconds_ago,
        1,
        &format!("what number {number} did"),
    );
    let address = format!("203.0.113.{}", number % 7);
    Alert { group: BTreeMap::from([("source.ip".to_owned(), address)]).into(), ..alert }
}

/// An engine that reads one source with one rule and has found nothing.
pub fn quiet_state() -> State {
    let mut state = State::new();
    state.apply(Update::Clock { now: ago(600) });
    state.apply(Update::Rules { loaded: 1, problems: Vec::new() });
    let path = "/var/log/shop/auth.ndjson".into();
    state.apply(Update::Source(SourceStatus { path, last_line_at: Some(ago(1)), ..SourceStatus::default() }));
    state.apply(Update::Clock { now: now() });
    state
}

/// Gives an alert the party that its text names: two of them are one attacker.
fn about(alert: Alert) -> Alert {
    let (field, value) = match alert.alert_id.0 {
        1 | 4 => return alert,
        2 => ("soctop.breaker.name", "payment-gateway"),
        3 => ("soctop.service", "auth"),
        5 => ("user.name", "svc-07"),
        6 => ("source.ip", "203.0.113.9"),
        7 => ("source.ip", "198.51.100.77"),
        8 => ("user.name", "user0310"),
        _ => ("source.ip", "192.0.2.14"),
    };
    let group = BTreeMap::from([(field.to_owned(), value.to_owned())]).into();
    let events = vec![EventId(9_000 + alert.alert_id.0)];
    Alert { group, events, events_omitted: 0, ..alert }
}

fn alerts() -> Vec<Alert> {
    let mut closed =
        alert(9, "New user agent", Level::Low, 864, 9, "sqlmap/1.8.6 was seen for the first time");
    closed.status = AlertStatus::Close;
    let own_trace = |alert: Alert| {
        let id = format!("{:08x}-0000-4000-8000-00000000cafe", alert.alert_id.0 * 0x0123_4567);
        let ids = if alert.alert_id.0 > 2 { vec![id] } else { vec![TRACE_ID.to_owned()] };
        Alert { correlation_ids: ids, ..about(alert) }
    };
    [
        alert(
            1,
            "Credential stuffing that worked",
            Level::Critical,
            9,
            1,
            "185.220.101.34 got into user4417 after 212 failed logins",
        ),
        alert(
            2,
            "Circuit breaker flaps",
            Level::Critical,
            147,
            4,
            "breaker payment-gateway opened 4 times within an hour",
        ),
        alert(3, "Lockout burst", Level::High, 55, 14, "14 accounts were locked within 5 minutes"),
        alert(
            4,
            "Brute force from one address",
            Level::High,
            124,
            212,
            "185.220.101.34 failed to log in 212 times",
        ),
        alert(
            5,
            "Role granted outside working hours",
            Level::High,
            560,
            1,
            "svc-07 was granted the role reporting",
        ),
        alert(6, "Rate limit abused", Level::Medium, 16, 38, "203.0.113.9 exceeds its rate limit"),
        alert(7, "Paths probed", Level::Medium, 228, 96, "198.51.100.77 asks for paths that do not exist"),
        alert(8, "Second factor refused", Level::Medium, 425, 6, "second factor of user0310 refused 6 times"),
        closed,
    ]
    .map(own_trace)
    .into()
}

struct State2<'a>(Board, &'a str, &'a str, i64, Option<i64>, u64, u32, bool);

fn transitions() -> Vec<Transition> {
    [
        State2(Board::Breaker, "payments→payment-gateway", "open", 72, Some(18), 12, 4, false),
        State2(Board::Breaker, "orders→inventory", "half-open", 9, None, 3, 2, false),
        State2(Board::Breaker, "auth→postgres", "closed", 518_400, None, 0, 0, false),
        State2(Board::Breaker, "catalog→postgres", "closed", 172_800, None, 0, 0, false),
        State2(Board::Breaker, "auth→redis", "closed", 14_400, None, 0, 0, true),
        State2(Board::Lockout, "user4417", "locked", 139, Some(761), 5, 1, false),
        State2(Board::Lockout, "user0092", "locked", 178, Some(722), 6, 1, false),
        State2(Board::Lockout, "user2210", "locked", 350, Some(550), 9, 2, true),
        State2(Board::BlockedAddress, "198.51.100.77", "blocked", 60, Some(3540), 96, 1, false),
        State2(Board::RateLimited, "203.0.113.9", "limited", 16, Some(44), 38, 1, false),
    ]
    .into_iter()
    .map(|State2(board, entity, to, since, until, count, entries, inferred)| Transition {
        board,
        rule: rule("State", Level::High, &[]),
        entity: entity.to_owned(),
        group: match board {
            Board::Lockout => BTreeMap::from([("user.name".to_owned(), entity.to_owned())]),
            _ => BTreeMap::new(),
        },
        from: String::new(),
        to: to.to_owned(),
        resting: to == "closed",
        time: ago(since),
        until: until.map(|seconds| now().plus(seconds * SECOND)),
        until_said: !inferred,
        count,
        inferred,
        recent_entries: entries,
        event_id: None,
        correlation_ids: Vec::new(),
    })
    .collect()
}

fn risks() -> Vec<RiskChange> {
    let ip = "source.ip";
    let user = "user.name";
    [
        (ip, "185.220.101.34", "Brute force from one address", 31.0, 40.0, 120),
        (ip, "185.220.101.34", "Credential stuffing that worked", 54.0, 94.0, 9),
        (user, "user4417", "Credential stuffing that worked", 71.0, 71.0, 9),
        (ip, "198.51.100.77", "Paths probed", 55.0, 55.0, 228),
        (user, "svc-07", "Role granted outside working hours", 48.0, 48.0, 560),
        (ip, "203.0.113.9", "Rate limit abused", 41.0, 41.0, 16),
        ("service.name", "payments", "Circuit breaker flaps", 30.0, 30.0, 72),
        (user, "a.very.long.account.name@department.example", "Second factor refused", 12.0, 12.0, 425),
    ]
    .into_iter()
    .map(|(field, entity, title, points, score, seconds)| RiskChange {
        entity_field: field.to_owned(),
        entity: entity.to_owned(),
        rule: rule(title, Level::High, &[]),
        points,
        score,
        half_life_seconds: 14_400.0,
        time: ago(seconds),
        event_id: None,
    })
    .collect()
}

fn sources() -> Vec<SourceStatus> {
    let source = |name: &str, lines: u64, silent: i64, lag_millis: i64| SourceStatus {
        path: format!("/var/log/shop/{name}").into(),
        read_bytes: lines * 375,
        size_bytes: lines * 375,
        lines,
        last_line_at: Some(ago(silent)),
        last_event_time: Some(ago(silent).plus(-lag_millis * MILLI)),
        ..SourceStatus::default()
    };
    vec![
        source("auth.ndjson", 412_000, 0, 200),
        source("gateway.ndjson", 980_441, 0, 400),
        source("orders.ndjson", 201_007, 1, 300),
        source("payments.ndjson", 199_310, 0, 300),
        source("mailer.ndjson", 4_112, 370, 100),
        SourceStatus {
            trouble: Some("permission denied (owner root, mode 0640)".to_owned()),
            ..source("audit.log", 0, 0, 0)
        },
    ]
}

fn counts() -> Counted {
    let second = |n: i64| {
        let attack = if n < 300 { 3 } else { 1 };
        let info = 20 + spread(n, 9) as u64;
        let warn = (spread(n + 7, 5) as u64) * attack;
        let error = u64::from(spread(n + 3, 11) == 0) * attack;
        let critical = u64::from(n < 300 && spread(n + 5, 37) == 0);
        (ago(n).seconds(), [0, 2, 0, info, 1, warn, error, critical])
    };
    let ledger = Ledger {
        parsed: 1_796_870,
        repaired: 12,
        raw: 41,
        cut: 1,
        blank: 7,
        late: 3,
        redacted: 118,
        ..Ledger::default()
    };
    Counted { by_second: (0..880).rev().map(second).collect(), ledger, traffic: traffic() }
}

/// Answers of three services in the last minute, one of them slow and failing.
fn traffic() -> Vec<(Arc<str>, i64, Tally)> {
    let mut decoder = Decoder::new(Paths::new());
    let mut event = Event::default();
    let mut tallies = Vec::new();
    for (service, answers, nanos, failing) in [
        ("checkout", 12_u64, 18_000_000_u64, 40_u64),
        ("gateway", 31, 6_000_000, 500),
        ("recommend", 3, 840_000_000, 4),
    ] {
        for second in 0..60 {
            let mut tally = Tally::default();
            for n in 0..answers {
                let number = second * answers + n;
                let status = match number {
                    _ if number % failing == 3 => 503,
                    _ if number % 97 == 5 => 429,
                    _ => 200,
                };
                let nanos = nanos + nanos * (number % 20) / 4;
                let line = format!(
                    r#"{{"http.response.status_code":{status},"event.duration":{nanos},"url.path":"/v1/token"}}"#
                );
                decoder.decode(line.as_bytes(), false, &mut event);
                tally.count(&event);
            }
            tallies.push((service.into(), ago(second as i64).seconds(), tally));
        }
    }
    tallies
}

fn hits() -> Vec<RuleHits> {
    [
        ("Brute force from one address", Level::High, 212, 1),
        ("Failed login", Level::Informational, 2117, 0),
        ("Lockout burst", Level::High, 14, 1),
        ("Paths probed", Level::Medium, 96, 1),
        ("Circuit breaker flaps", Level::Critical, 4, 1),
        ("Never matched", Level::Low, 0, 0),
    ]
    .into_iter()
    .map(|(title, level, matches, alerts)| RuleHits {
        evaluated: matches * 3,
        rule: rule(title, level, &["attack.t1110"]),
        matches,
        alerts,
    })
    .collect()
}

/// A state in which much has happened.
pub fn state() -> State {
    let mut state = State::new();
    let mut send = |update| state.apply(update);
    send(Update::Clock { now: ago(880) });
    // A source is called silent only when its usual pauses are known.
    for second in 0..10 {
        send(Update::Clock { now: ago(860 - second) });
        for mut status in sources() {
            status.lines = status.lines.saturating_sub(600 - second as u64 * 50);
            status.last_line_at = status.last_line_at.map(|at| at.plus((second - 10) * SECOND));
            status.trouble = None;
            send(Update::Source(status));
        }
    }
    send(Update::Rules {
        loaded: 214,
        problems: vec![
            "queries/local/impossible_travel.yml:22:5: unknown modifier `startwith` on field `geo`"
                .to_owned(),
        ],
    });
    send(Update::RuleHits(hits()));
    for second in (0..6).rev() {
        send(Update::Clock { now: ago(second) });
        for mut status in sources() {
            let speaks = status.last_line_at > Some(ago(10));
            let each_second = status.lines / 2000;
            status.lines = status.lines.saturating_sub(if speaks { second as u64 * each_second } else { 0 });
            send(Update::Source(status));
        }
    }
    send(Update::Counted(counts()));
    send(Update::Events { rows: rows(), not_shown: 1_796_000 });
    for alert in alerts() {
        send(Update::Alert(alert));
    }
    for transition in transitions() {
        send(Update::Transition(transition));
    }
    for change in risks() {
        send(Update::Risk(change));
    }
    send(Update::Index(IndexStatus {
        indexed: 1_796_800,
        pending: 124,
        disk_bytes: 931_000_000,
        degraded: false,
        paused: false,
    }));
    send(Update::Clock { now: now() });
    state
}

pub fn snapshot() -> Arc<Snapshot> {
    Arc::new(state().snapshot())
}

/// One request through five services, with a silent gap and a failure.
pub fn trace() -> Trace {
    let start = ago(16);
    let steps = [
        (0, LogLevel::Info, "gateway", "POST /login", 1482),
        (16, LogLevel::Info, "auth", "password check", 0),
        (180, LogLevel::Critical, "auth", "login of user4417 succeeded after 212 failures", 0),
        (201, LogLevel::Info, "auth", "token issued", 0),
        (240, LogLevel::Info, "orders", "GET /cart", 160),
        (262, LogLevel::Info, "inventory", "stock looked up", 128),
        (410, LogLevel::Warn, "payments", "POST /capture", 0),
        (1222, LogLevel::Error, "payments", "circuit breaker payment-gateway closed -> open", 0),
        (1470, LogLevel::Error, "gateway", "503 to client", 0),
        (1476, LogLevel::Error, "auth", "account user4417 locked after 5 attempts", 0),
    ];
    // Those that the live list holds too are the same events.
    let live = [(180, 240), (1222, 241), (1476, 242)];
    let records = steps.iter().enumerate().map(|(n, (millis, level, service, message, took))| {
        let duration = (took * MILLI).to_string();
        let fields = [("event.duration", duration.as_str()), ("user.name", "user4417")];
        record(&Line {
            seq: live.iter().find(|(at, _)| at == millis).map_or(10_000 + n as u64, |(_, seq)| *seq),
            time: start.plus((millis + took) * MILLI),
            level: *level,
            service,
            message,
            id: TRACE_ID,
            fields: if *took > 0 { &fields } else { &fields[1..] },
        })
    });
    let mut records: Vec<Record> = records.collect();
    records.sort_by_key(|record| record.time);
    let mut opened =
        alert(2, "Circuit breaker flaps", Level::Critical, 147, 4, "breaker payment-gateway opened 4 times");
    opened.time = start.plus(1230 * MILLI);
    Trace { id: TRACE_ID.to_owned(), records, alerts: vec![opened], omitted: 0, doubt: None }
}

pub fn search_response() -> SearchResponse {
    let mut records: Vec<Record> = rows().iter().map(|row| Record::clone(row)).collect();
    records.reverse();
    SearchResponse {
        records,
        total: 2117,
        indexed: 1_000_000,
        complete_to: Some(ago(1)),
        elapsed_micros: 7123,
    }
}

/// A dashboard and a screen of a size.
pub struct Screen {
    pub model: Model,
    pub buffer: Buffer,
}

impl Screen {
    pub fn new(width: u16, height: u16, options: &Options, snapshot: Arc<Snapshot>) -> Self {
        let buffer = Buffer::empty(Rect { x: 0, y: 0, width, height });
        let mut screen = Self { model: soctop::tui::start(options, snapshot), buffer };
        screen.draw();
        screen
    }

    /// Presses keys by their names, separated by blanks, and draws after each.
    pub fn press(&mut self, names: &str) -> Vec<Effect> {
        let keys = names.split_whitespace().map(|name| Key::parse(name).expect("the name of a key"));
        let effects = keys.flat_map(|key| self.send(Message::Key(key))).collect();
        self.draw();
        effects
    }

    /// Types text into a prompt.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.send(Message::Key(Key::plain(Code::Char(c))));
        }
        self.draw();
    }

    pub fn send(&mut self, message: Message) -> Vec<Effect> {
        let effects = update(&mut self.model, message);
        self.answer(&effects);
        self.draw();
        effects
    }

    /// What the engine would answer.
    fn answer(&mut self, effects: &[Effect]) {
        use soctop::pipeline::Request;
        for effect in effects {
            let notice = match effect {
                Effect::Request(Request::Search { ticket, .. }) => {
                    Notice::Search { ticket: *ticket, result: Ok(search_response()) }
                }
                Effect::Request(Request::Trace { ticket, .. }) => {
                    Notice::Trace { ticket: *ticket, result: Ok(trace()) }
                }
                Effect::Request(Request::Decide { entry }) => Notice::Decided(Ok(entry.clone())),
                _ => continue,
            };
            update(&mut self.model, Message::Notice(notice));
        }
    }

    pub fn draw(&mut self) {
        let drawn = view::draw(&mut self.buffer, &self.model.scene());
        update(&mut self.model, Message::Drawn(drawn));
    }

    /// The characters on the screen, a line per row, without blanks at line ends.
    pub fn text(&self) -> String {
        let area = self.buffer.area;
        let rows = (area.top()..area.bottom()).map(|y| {
            let mut row = String::new();
            let mut skip = 0;
            for x in area.left()..area.right() {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = self.buffer[(x, y)].symbol();
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                row.push_str(symbol);
            }
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

/// The screens worth looking at, by name and the keys that lead there.
pub const TOURS: [(&str, &str); 22] = [
    ("overview", ""),
    ("events", "2"),
    ("detail", "2 Enter j j j j j"),
    ("paused", "2 k k k Space"),
    ("values", "2 F j"),
    ("hunts", "2 H"),
    ("columns", "2 C"),
    ("search", "3 / Enter"),
    ("search_detail", "3 / Enter d"),
    ("trace", "2 G o j j"),
    ("incidents", "5"),
    ("unfolded", "5 → j"),
    ("commands", ": t h e m"),
    ("judge", "5 V"),
    ("note", "a"),
    ("mute", "5 M"),
    ("boards", "9 j"),
    ("rules", "6"),
    ("entities", "7"),
    ("sources", "8"),
    ("why", "w"),
    ("help", "2 ?"),
];
