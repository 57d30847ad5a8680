//! What events look like after both stages, by example.

use super::*;
use crate::decode::Decoder;
use crate::event::{LogSource, Redact, Redacted};

/// Without a vocabulary: what normalisation finds by itself. What lines state is tested in `facts`.
fn alone() -> Options {
    Options { vocabulary: Arc::default(), ..Options::default() }
}

/// What follows from other fields; it has tests of its own.
const OF_ALL: [PathId; 3] = [canonical::REQUEST_DECODED, canonical::RELATED_USER, canonical::READING_FLAGS];

fn normalized(line: &str, options: Options, paths: &Paths) -> Event {
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    let arrival = Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").expect("a time");
    Normalizer::new(paths.clone(), options).normalize(&mut event, arrival);
    event
}

/// Canonical fields as `name=value`, sorted; the time first.
fn canonical_fields(line: &str) -> Vec<String> {
    let paths = Paths::new();
    let event = normalized(line, alone(), &paths);
    let names = paths.read();
    let mut shape: Vec<String> = event
        .fields()
        .iter()
        .filter(|field| field.origin == Origin::Canonical && !OF_ALL.contains(&field.path))
        .map(|field| format!("{}={}", names.name(field.path), event.text(field.span)))
        .collect();
    shape.sort();
    if let Some(time) = event.meta.time {
        shape.insert(0, format!("{time} {:?}", event.meta.time_quality));
    }
    shape
}

fn check(line: &str, expect: &[&str]) {
    assert_eq!(canonical_fields(line), expect, "{line}");
}

/// The request of an access log, and what attacks are found in it.
fn attacks_in(request: &str) -> Vec<String> {
    let line = format!(r#"203.0.113.9 - - [21/Nov/2026:00:00:00 +0000] "{request}" 400 150 "-" "-""#);
    let fields = canonical_fields(&line);
    fields.into_iter().filter(|field| field.starts_with("soctop.attack.")).collect()
}

#[test]
fn what_is_no_request_may_hold_a_payload_all_the_same() {
    for request in
        [r"\xFFx|/x?id=1%27%20UNION%20SELECT%20a%20FROM%20b--", "x;y' UNION SELECT a,b FROM users-- "]
    {
        let found = attacks_in(request);
        assert!(found.contains(&"soctop.attack.families=sqli".to_owned()), "{request}: {found:?}");
    }
    // What scanners of other protocols send to a web server.
    for request in [
        r"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\x8A;\xD1\x9E'(\xC4|\x1F`\x22\xB0\x00>\x13\x02\x13\x03\xC0,\xC00",
        r"\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr",
        r"\x00\x0E8\x0F0\xB3\xAEv7\xC2\x8C\x00\x00\x00\x00\x00",
        r"\x05\x01\x00",
        "SSH-2.0-Go",
        "MGLNDD_203.0.113.9_443",
        "t3 12.1.2",
        "<BADREQ>",
        r"\x01default",
        "EHLO example.org",
        "QUIT",
    ] {
        let found = attacks_in(request);
        assert!(
            !found.iter().any(|field| field.starts_with("soctop.attack.families")),
            "{request}: {found:?}"
        );
    }
}

#[test]
fn a_path_stands_as_it_was_sent_and_as_it_is_read() {
    check(
        r#"{"time":"2026-08-01T00:00:00Z","request":"QUERY /x/..%2flog%69n?a=b"}"#,
        &[
            "2026-08-01T00:00:00Z Exact",
            "http.request.method=QUERY",
            "url.path=/login",
            "url.path=/x/..%2flog%69n",
            "url.query=a=b",
        ],
    );
}

#[test]
fn a_logger_may_have_the_long_name_of_a_class() {
    let class = "org.springframework.security.authentication.dao.DaoAuthenticationProvider";
    let line = format!(r#"{{"time":"2026-08-01T00:00:00Z","logger_name":"{class}","message":"m"}}"#);
    assert!(canonical_fields(&line).contains(&format!("log.logger={class}")));
}

#[test]
fn one_event_under_the_names_of_five_writers() {
    check(
        r#"{"timestamp":"2026-08-01T00:00:00.172Z","level":"warning","service":"auth-api","logger":"app.auth","event":"login_failed","correlation_id":"c0ffee-1","host":"auth-api-3","client_ip":"203.0.113.9","user":"alice","method":"POST","path":"/login?next=1","status":401,"duration_ms":12.5,"reason":"bad_password"}"#,
        &[
            "2026-08-01T00:00:00.172Z Exact",
            "correlation.id=c0ffee-1",
            "event.action=login_failed",
            "event.duration=12500000",
            "event.reason=bad_password",
            "host.name=auth-api-3",
            "http.request.method=POST",
            "http.response.status_code=401",
            "log.level=warn",
            "log.logger=app.auth",
            "message=login_failed",
            "service.name=auth-api",
            "source.ip=203.0.113.9",
            "url.path=/login",
            "url.query=next=1",
            "user.name=alice",
        ],
    );
    check(
        r#"{"time":"2025-11-05T08:32:39+00:00","msec":"1762331559.019","request_id":"32ed06ee32b5c1fa1d9e8e27c4cdbb2a","upstream_request_id":"2da62a7c-bd4a-4c80-a8a5-c163c2a2cf5a","remote_addr":"10.20.0.22","remote_user":"","host":"127.0.0.1","request":"GET /api/x?a=b HTTP/1.1","status":"404","request_time":0.002,"http_user_agent":"curl/8","ssl_protocol":"TLSv1.3"}"#,
        &[
            "2025-11-05T08:32:39.019Z Exact",
            "correlation.id=2da62a7c-bd4a-4c80-a8a5-c163c2a2cf5a",
            "correlation.id=32ed06ee32b5c1fa1d9e8e27c4cdbb2a",
            "event.duration=2000000",
            "http.request.method=GET",
            "http.response.status_code=404",
            "http.version=HTTP/1.1",
            "log.level=warn",
            "source.ip=10.20.0.22",
            "tls.version=TLSv1.3",
            "url.path=/api/x",
            "url.query=a=b",
            "user_agent.original=curl/8",
        ],
    );
    check(
        r#"{"level":30,"time":1762331559019,"pid":7,"hostname":"web1","reqId":"req-1","req":{"method":"GET","url":"/a","remoteAddress":"::ffff:10.0.0.1","remotePort":5},"res":{"statusCode":200},"responseTime":12,"msg":"request completed"}"#,
        &[
            "2025-11-05T08:32:39.019Z Exact",
            "correlation.id=req-1",
            "event.duration=12000000",
            "host.name=web1",
            "http.request.method=GET",
            "http.response.status_code=200",
            "log.level=info",
            "message=request completed",
            "process.pid=7",
            "source.ip=10.0.0.1",
            "source.port=5",
            "url.path=/a",
        ],
    );
    check(
        r#"{"@timestamp":"2026-08-01T00:00:00Z","log.level":"WARN","message":"m","source":{"ip":"1.2.3.4:99"},"trace":{"id":"4bf92f3577b34da6a3ce929d0e0e4736"},"event":{"outcome":"failure"},"error":{"type":"E","message":"broken"}}"#,
        &[
            "2026-08-01T00:00:00Z Exact",
            "correlation.id=4bf92f3577b34da6a3ce929d0e0e4736",
            "log.level=warn",
            "source.ip=1.2.3.4",
            "source.port=99",
        ],
    );
    check(
        r#"{"text":"t\n","record":{"time":{"repr":"x","timestamp":1762331559.5},"level":{"name":"ERROR","no":40},"message":"boom","name":"app.main","extra":{"request_id":"abc-123","client_ip":"2001:db8::1"}}}"#,
        &[
            "2025-11-05T08:32:39.500Z Exact",
            "correlation.id=abc-123",
            "log.level=error",
            "log.logger=app.main",
            "message=boom",
            "source.ip=2001:db8::1",
        ],
    );
}

#[test]
fn collectors_and_frameworks_are_understood() {
    check(
        r#"{"@t":"2025-11-05T08:32:39Z","@mt":"Login of {User}","@l":"Warning","@tr":"4bf92f3577b34da6a3ce929d0e0e4736","SourceContext":"App.Auth","User":"alice"}"#,
        &[
            "2025-11-05T08:32:39Z Exact",
            "correlation.id=4bf92f3577b34da6a3ce929d0e0e4736",
            "log.level=warn",
            "log.logger=App.Auth",
            "message=Login of \"alice\"",
            "user.name=alice",
        ],
    );
    check(
        r#"{"version":"1.1","host":"web1","short_message":"refused","timestamp":1762331559.5,"level":4,"_remote_addr":"203.0.113.9"}"#,
        &[
            "2025-11-05T08:32:39.500Z Exact",
            "host.name=web1",
            "log.level=warn",
            "message=refused",
            "source.ip=203.0.113.9",
        ],
    );
    check(
        r#"{"__REALTIME_TIMESTAMP":"1762331559500000","PRIORITY":"3","MESSAGE":"Failed password for root from 203.0.113.9 port 22 ssh2","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"42"}"#,
        &[
            "2025-11-05T08:32:39.500Z Exact",
            "host.name=web1",
            "log.level=error",
            "message=Failed password for root from 203.0.113.9 port 22 ssh2",
            "process.pid=42",
            "service.name=sshd",
            "source.ip=203.0.113.9",
            "user.name=root",
        ],
    );
    check(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1762331559500000000","severityNumber":17,"body":{"stringValue":"broken"},"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}]}]}]}"#,
        &[
            "2025-11-05T08:32:39.500Z Exact",
            "correlation.id=4bf92f3577b34da6a3ce929d0e0e4736",
            "log.level=error",
            "message=broken",
        ],
    );
    check(
        r#"203.0.113.160 - alice [05/Nov/2025:09:03:49 +0000] "PUT /api/videos/2?x=1 HTTP/1.1" 403 48 "-" "curl/8""#,
        &[
            "2025-11-05T09:03:49Z Exact",
            "http.request.method=PUT",
            "http.response.body.bytes=48",
            "http.response.status_code=403",
            "http.version=HTTP/1.1",
            "log.level=warn",
            "source.ip=203.0.113.160",
            "url.path=/api/videos/2",
            "url.query=x=1",
            "user.name=alice",
            "user_agent.original=curl/8",
        ],
    );
}

#[test]
fn a_line_of_no_known_format_names_nobody() {
    check("Rate limit exceeded: 203.0.113.9 - user: root", &[]);
}

#[test]
fn a_message_names_the_breaker_and_its_state() {
    let of = |message: &str| format!(r#"{{"service":"shop","message":"{message}"}}"#);
    for (line, name, state) in [
        ("Circuit breaker 'database' transitioned to OPEN".to_owned(), Some("database"), Some("open")),
        (
            r#"{"logger":"circuit_breaker.database","service":"shop","message":"Circuit breaker database OPENED - failing"}"#
                .to_owned(),
            Some("database"),
            Some("open"),
        ),
        (of("🚨 Circuit breaker database OPENED - service failing"), Some("database"), Some("open")),
        (of("🔄 Circuit breaker openai_api transitioning to HALF_OPEN"), Some("openai_api"), Some("half_open")),
        (of("Circuit breaker 'database' transitioned to CLOSED"), Some("database"), Some("closed")),
        (of("Circuit breaker 'database' is OPEN. Rejecting call."), Some("database"), None),
        (of("Circuit breaker 'database' recorded failure: TimeoutError"), Some("database"), None),
        // Without a name it is that of the service.
        (of("Circuit breaker opening"), Some("shop"), Some("open")),
        (r#"{"logger":"circuit_breaker.redis","message":"breaker event"}"#.to_owned(), Some("redis"), None),
    ] {
        let paths = Paths::new();
        let mut event = Event::default();
        Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
        Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
        assert_eq!(event.get(canonical::BREAKER_NAME), name, "{line}");
        assert_eq!(event.get(canonical::BREAKER_STATE), state, "{line}");
    }
}

#[test]
fn other_events_of_the_request_fill_what_is_missing() {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths, Options::default());
    let mut event = Event::default();
    let arrival = Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").expect("a time");
    for line in [
        r#"{"timestamp":"2025-10-22T09:00:36Z","message":"Request started","trace_id":"a8ba6412-b24e","client_host":"203.0.113.9","path":"/x"}"#,
        r#"{"timestamp":"2025-10-22T09:00:37Z","message":"Suspicious pattern in URL","trace_id":"a8ba6412-b24e"}"#,
    ] {
        decoder.decode(line.as_bytes(), false, &mut event);
        normalizer.normalize(&mut event, arrival);
    }
    let joined = event.fields().iter().filter(|field| field.origin == Origin::Joined).count();
    assert_eq!(joined, 2);
    assert_eq!(event.get(canonical::SOURCE_IP), Some("203.0.113.9"));
    assert_eq!(event.get(canonical::URL_PATH), Some("/x"));
}

#[test]
fn what_stands_for_nothing_fills_nothing() {
    check(
        r#"{"level":null,"correlation_id":"","trace_id":"unknown","request_id":null,"user":"-","client_ip":"unknown","status":0,"user_agent":null}"#,
        &[],
    );
    let line = r#"{"correlation":{"id":"N/A"},"message":"","msg":"text","correlation.id":"-"}"#;
    let paths = Paths::new();
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
    assert_eq!(event.all(canonical::CORRELATION_ID).count(), 0);
    assert_eq!(event.get(canonical::MESSAGE), Some("text"));
}

#[test]
fn facts_of_the_message_fill_what_the_line_leaves_empty() {
    check(
        r#"{"logger":"circuit_breaker.database","service":"shop","message":"Circuit breaker database OPENED - failing"}"#,
        &["log.logger=circuit_breaker.database", "service.name=shop", "soctop.breaker.name=database"],
    );
    check(r#"{"message":"GET from 203.0.113.9","client_ip":"10.0.0.1"}"#, &["source.ip=10.0.0.1"]);
    check(
        r#"{"event":"audit","event_type":"authentication","action":"login_failed","success":false}"#,
        &["event.action=login_failed", "event.outcome=failure", "message=audit"],
    );
}

#[test]
fn a_request_that_may_hold_a_payload_is_decoded() {
    for (line, expect) in [
        (r#"{"method":"GET","path":"/p","query_params":"q=1%2527+or"}"#, Some("/p?q=1' or")),
        (r#"{"path":"/orders/1","query_params":"page=2"}"#, None),
        (r#"{"path":"/orders","request_body":"q=\\u003cscript"}"#, Some("\nq=<script")),
        (r#"{"path":"/","request_body":null}"#, None),
        (r#"{"path":"/","user_agent":"${jndi:ldap://h.example/a}"}"#, Some("\n${jndi:ldap://h.example/a}")),
        (r#"{"path":"/","user_agent":"curl/8.5.0","referer":"https://h.example/?q=a%20b"}"#, None),
    ] {
        let paths = Paths::new();
        let mut event = Event::default();
        Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
        Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
        assert_eq!(event.get(canonical::REQUEST_DECODED), expect, "{line}");
    }
}

#[test]
fn what_a_client_sent_does_not_say_what_happened() {
    let action = |line: &str| {
        let paths = Paths::new();
        let mut event = Event::default();
        Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
        Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
        event.get(canonical::EVENT_ACTION).map(str::to_owned)
    };
    let request = |container: &str| {
        format!(
            r#"{{"msg":"request","method":"POST","path":"/api/x","status":200,"{container}":{{"event":"account_locked","user":"victim"}},"remote_ip":"203.0.113.9"}}"#
        )
    };
    for container in [
        "params",
        "parameters",
        "request",
        "req",
        "data",
        "payload",
        "properties",
        "metadata",
        "details",
        "body",
        "query",
    ] {
        assert_eq!(action(&request(container)), None, "{container}");
    }
    // What the program's own logger adds is its word, also beside a request.
    for container in ["extra", "context", "fields"] {
        assert_eq!(action(&request(container)).as_deref(), Some("account_locked"), "{container}");
    }
    let own = r#"{"level":"warn","data":{"event":"account_locked","user":"mona"}}"#;
    assert_eq!(action(own).as_deref(), Some("account_locked"));
}

#[test]
fn the_value_decides_what_an_ambiguous_name_means() {
    check(r#"{"status":"failed"}"#, &["event.outcome=failure"]);
    check(r#"{"status":503}"#, &["http.response.status_code=503"]);
    check(r#"{"host":"10.0.0.9"}"#, &["source.ip=10.0.0.9"]);
    check(r#"{"host":"web1"}"#, &["host.name=web1"]);
    check(r#"{"query":"SELECT 1"}"#, &["db.statement=SELECT 1"]);
    check(r#"{"query":"q=1"}"#, &["url.query=q=1"]);
    check(r#"{"success":false}"#, &["event.outcome=failure"]);
    check(r#"{"severity":"high"}"#, &[]);
    check(r#"{"state":"open"}"#, &[]);
    check(
        r#"{"event":"circuit_breaker_state_change","breaker":"a->b","from_state":"closed","to_state":"half_open"}"#,
        &[
            "event.action=circuit_breaker_state_change",
            "message=circuit_breaker_state_change",
            "soctop.breaker.name=a->b",
        ],
    );
}

/// The words for states stand in the vocabulary.
#[test]
fn the_state_of_a_breaker_is_one_of_three_words() {
    let changes = r#"{"event":"circuit_breaker_state_change","breaker":"a->b","from_state":"closed","to_state":"half_open"}"#;
    for (line, name, state) in [
        (changes, Some("a->b"), Some("half_open")),
        (
            r#"{"message":"Circuit breaker event","service":"redis","state":"OPEN"}"#,
            Some("redis"),
            Some("open"),
        ),
        (
            r#"{"circuit_breaker":"redis","breaker_state":"CircuitState.CLOSED"}"#,
            Some("redis"),
            Some("closed"),
        ),
        (r#"{"message":"Order 4711","service":"shop","state":"OPEN"}"#, None, None),
    ] {
        let event = normalized(line, Options::default(), &Paths::new());
        assert_eq!(event.get(canonical::BREAKER_NAME), name, "{line}");
        assert_eq!(event.get(canonical::BREAKER_STATE), state, "{line}");
    }
    check(r#"{"message":"Circuit breaker event","service":"redis","state":"OPEN"}"#, &["service.name=redis"]);
}

#[test]
fn a_canonical_name_with_another_spelling_keeps_both_ours_first() {
    let paths = Paths::new();
    let mut event = Event::default();
    let line = r#"{"log":{"level":"WARNING"},"source":{"ip":"::ffff:1.2.3.4"}}"#;
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
    assert_eq!(event.all(canonical::LOG_LEVEL).collect::<Vec<_>>(), ["warn", "WARNING"]);
    assert_eq!(event.get(canonical::SOURCE_IP), Some("1.2.3.4"));
}

#[test]
fn what_was_odd_about_a_line_is_a_field_of_it() {
    for (line, flags) in [
        (r#"{"a":1}"#, &[][..]),
        (r#"{"a":01}"#, &["repaired"]),
        (r#"{"a":1,"a":2}"#, &["duplicate_keys"]),
        (r#"{"a":1,"a":2"#, &["repaired", "duplicate_keys"]),
        ("no format at all", &["raw"]),
    ] {
        let paths = Paths::new();
        let mut event = Event::default();
        Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
        Normalizer::new(paths, alone()).normalize(&mut event, Timestamp::default());
        assert_eq!(event.all(canonical::READING_FLAGS).collect::<Vec<_>>(), flags, "{line}");
    }
}

#[test]
fn times_far_ahead_of_their_arrival_are_marked() {
    check(r#"{"time":"2027-11-21T00:00:00Z"}"#, &["2027-11-21T00:00:00Z Future"]);
    check(r#"{"time":"2026-11-21T00:04:00"}"#, &["2026-11-21T00:04:00Z Zoneless"]);
    check(r#"{"time":"soon"}"#, &[]);
}

#[test]
fn ids_come_from_messages_too() {
    check(
        r#"{"message":"[de38ed15-9ee8-4305-8231-ffcbf19360b2] hello","correlation_id":"7d3b28ea-e613-472e-8e78-f887da46e4dc"}"#,
        &[
            "correlation.id=7d3b28ea-e613-472e-8e78-f887da46e4dc",
            "correlation.id=de38ed15-9ee8-4305-8231-ffcbf19360b2",
        ],
    );
}

/// An event after both stages, and everything that is shown of it.
fn shown(lines: &[&str], options: Options) -> String {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut redactor = Redactor::new(&paths, options.redaction.clone());
    let mut normalizer = Normalizer::new(paths.clone(), options);
    let mut event = Event::default();
    let mut out = String::new();
    for line in lines {
        decoder.decode(line.as_bytes(), false, &mut event);
        normalizer.normalize(&mut event, Timestamp::default());
        let event = Redacted::by(&mut redactor, event.clone());
        let names = paths.read();
        let record = crate::event::Record::from_event(&event, &"test.log".into(), &names);
        out += event.buffer();
        out += &serde_json::to_string(&record).expect("a record");
        for index in 0..event.fields().len() {
            out += event.name(index, &names);
        }
    }
    out
}

/// One of each class, none of them real.
const SECRETS: &[&str] = &[
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "AKIAQ3EGRIP7A2BCDEFG",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "xoxb-123456789012-abcdefGHIJKL",
    "4111111111111111",
    "4111 1111 1111 1111",
    "canary.person@mail.example",
];

#[test]
fn planted_secrets_are_gone_from_every_position() {
    for secret in SECRETS {
        for template in [
            r#"{"note":"§"}"#,
            r#"{"message":"before § after"}"#,
            r#"{"message":"caf\u00e9 \ud83d\udea8 §\nnext"}"#,
            r#"{"a":{"b":[{"c":"§"}]}}"#,
            r#"{"§":1,"x":{"§":{"y":2}}}"#,
            r#"{"message":"{\"note\":\"§\",\"level\":\"info\"}"}"#,
            r#"{"log":"{\"message\":\"{\\\"note\\\":\\\"§\\\"}\"}\n","stream":"stdout"}"#,
            r#"{"path":"/a?q=§&x=1","referer":"https://h.example/?v=§"}"#,
            r#"{"exception":["Traceback","  raise E('§')"]}"#,
            "2025-11-01 10:10:37,180 - api - INFO - text §",
            r#"1.2.3.4 - - [20/Jan/2015:19:53:28 +0100] "GET /?q=§ HTTP/1.1" 200 5 "-" "§""#,
            r#"2025-11-05 08:30:07.845 UTC,"u","d",1,"1.2.3.4:5",s,2,"x",t,v,0,LOG,00000,"AUDIT: SESSION,1,1,READ,SELECT,,,""SELECT '§'"",<not logged>""#,
            "<34>Dec 10 06:55:46 web1 app[42]: §",
            r#"level=info msg="§" x=1 y=2"#,
            "plain § text",
            "§",
        ] {
            let line = template
                .replace('§', secret)
                .replace("\"GET /?q=4111 1111 1111 1111 ", "\"GET /?q=4111-1111-1111-1111 ");
            let shown = shown(&[&line], Options::default());
            assert!(!shown.contains(secret), "{secret} in {line}:\n{shown}");
            assert!(shown.contains('‹'), "{line}");
        }
    }
}

#[test]
fn values_with_the_name_of_a_secret_are_gone_whatever_they_are() {
    for (line, secret) in [
        (r#"{"password":"hunter2!"}"#, "hunter2!"),
        (r#"{"user":{"Password":"x1"}}"#, "\"x1\""),
        (r#"{"pin":1234,"a":[5]}"#, "1234"),
        (r#"{"headers":{"Authorization":"Custom abc","set-cookie":["a=b; Path=/","c=ddd"]}}"#, "ddd"),
        (r#"{"api_key":"p\"a\\s'w#rd1","message":"it was p\"a\\s'w#rd1"}"#, "s'w#rd1"),
        (r#"{"api_key":"\u0068unter\u0032x","m":1}"#, "unter"),
        (r#"{"message":"{\"password\":\"hun\\\"ter2\"}"}"#, "ter2"),
        (r#"{"secret":"hunter2!","url":"/x?a=hunter2!","text":"hunter2!"}"#, "hunter2!"),
        (r#"level=info password=hunter2 x=1"#, "hunter2"),
    ] {
        let shown = shown(&[line], Options::default());
        assert!(!shown.contains(secret), "{secret} in {line}:\n{shown}");
    }
}

#[test]
fn credentials_inside_of_texts_are_gone() {
    for (line, secret) in [
        ("GET /x Authorization: Bearer abcDEF123456.xyz", "abcDEF123456"),
        ("curl -H 'authorization: bearer 0123456789abcdef'", "0123456789abcdef"),
        ("Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "YWxhZGRpbjpvcGVuc2VzYW1l"),
        ("connect to postgres://app:s3cr3t@db.example/x", "s3cr3t"),
        ("connect to redis://:s3cr3t@db:6379/0", "s3cr3t"),
        ("GET /reset?token=abc123def&x=1", "abc123def"),
        ("login with password=hunter2 failed", "hunter2"),
        (r#"CREATE ROLE x PASSWORD 'hunter2'"#, "hunter2"),
        ("env AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG API_KEY=abcdef", "wJalr"),
        ("env API_KEY=abcdef DB_PASSWORD=hunter2", "abcdef"),
        (r#"{"body":"{\"password\": \"hunter2\"}"}"#, "hunter2"),
        (r#"{"path":"/a?api_key=k%2F1234567"}"#, "1234567"),
        ("GET /callback?code=/0AX4XfWhabcdefabcdefabcdef", "abcdefabcdef"),
        ("GET /callback?code=abcdefghijklmnopqrstuvwxyz", "ghijkl"),
        (r#"{"key":"-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----\n"}"#, "MIIEabc"),
    ] {
        let shown = shown(&[line], Options::default());
        assert!(!shown.contains(secret), "{secret} in {line}:\n{shown}");
    }
    let key = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "-----END PRIVATE KEY-----",
        "MIIEafterwards",
    ];
    let shown = shown(&key, Options::default());
    assert!(!shown.contains("MIIEvQ"));
    assert!(shown.contains("MIIEafterwards"));
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for (line, keep) in [
        ("Bearer authentication failed for user", "Bearer authentication failed"),
        ("basic understanding of things", "understanding"),
        (r#"{"token_type":"bearer","secret_name":"db","max_tokens":4096}"#, "4096"),
        (r#"{"order_id":"4111111111111111"}"#, "4111111111111111"),
        (r#"{"ts":1762331559019123}"#, "1762331559019123"),
        (
            r#"{"correlation_id":"7d3b28ea-e613-472e-8e78-f887da46e4dc"}"#,
            "7d3b28ea-e613-472e-8e78-f887da46e4dc",
        ),
        (r#"{"api_key":"***opeN"}"#, "***opeN"),
        ("see https://h.example:8080/a and mail@", "https://h.example:8080/a"),
        ("Blacklisted token used: maria", "maria"),
        ("Retrieved required secret: DATABASE_URL", "DATABASE_URL"),
        (r#"{"userIdentity":{"accessKeyId":"AKIAQ3EGRIP7A2BCDEFG"}}"#, "AKIAQ3EGRIP7A2BCDEFG"),
        (
            r#"{"auth_method":"password","reason":"bad_password","event":"token_refreshed"}"#,
            "token_refreshed",
        ),
        (r#"{"message":"JWT validation error: token expired"}"#, "token expired"),
        ("GET /get?code=/path/to/.docker/secrets-of-all", "/path/to/.docker/secrets-of-all"),
    ] {
        let shown = shown(&[line], Options::default());
        assert!(shown.contains(keep), "{keep} in {line}:\n{shown}");
        assert!(!shown.contains('‹'), "{line}:\n{shown}");
    }
}

#[test]
fn addresses_of_users_stay_and_others_become_pseudonyms() {
    let line =
        r#"{"user":"maria@shop.example","message":"mail from maria@shop.example to Bob@Shop.example"}"#;
    let kept = shown(&[line], Options::default());
    assert!(kept.contains("mail from maria@shop.example to ‹email:"), "{kept}");
    assert!(!kept.contains("Bob@"), "{kept}");
    let all = Options {
        redaction: Redaction { emails: Emails::Pseudonyms, ..Redaction::default() },
        ..Options::default()
    };
    assert!(!shown(&[line], all.clone()).contains("maria@"));
    let pseudonym = |line: &str, key: u8| {
        let redaction = Redaction { key: [key; 32], ..all.redaction.clone() };
        let text = shown(&[line], Options { redaction, ..all.clone() });
        let start = text.find("‹email:").expect("a pseudonym");
        text.get(start..).and_then(|rest| rest.split('›').next()).map(str::to_owned)
    };
    assert_eq!(pseudonym("bob@shop.example", 1), pseudonym("to BOB%40shop.example", 1), "equality survives");
    assert_ne!(pseudonym("bob@shop.example", 1), pseudonym("bob@shop.example", 2));
    assert_ne!(pseudonym("bob@shop.example", 1), pseudonym("rob@shop.example", 1));
}

/// An event after decoding and normalisation, with what redacts it.
fn read(line: &str, options: Options) -> (Event, Redactor) {
    let paths = Paths::new();
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    let redactor = Redactor::new(&paths, options.redaction.clone());
    Normalizer::new(paths, options).normalize(&mut event, Timestamp::default());
    (event, redactor)
}

#[test]
fn normalisation_leaves_secrets_to_the_exits_and_these_count_them() {
    let line = r#"{"password":"x","m":"a@b.example c@d.example"}"#;
    let (mut event, mut redactor) = read(line, Options::default());
    assert_eq!(event.raw(), line);
    redactor.redact(&mut event);
    let found = redactor.counters().found;
    assert_eq!(found[Class::Named as usize], 1);
    assert_eq!(found[Class::Email as usize], 2);
}

#[test]
fn no_number_of_secrets_takes_the_rest_of_an_event_with_them() {
    for count in [1, 9, 65, 1_001, 20_000] {
        let flood = "password=hunter1234&".repeat(count);
        let members: String = (0..count).map(|n| format!("\"password\":\"hunter{n:06}\",")).collect();
        for line in [format!("{flood} zoltan"), format!("{{{members}\"user\":\"zoltan\"}}")] {
            let shown = shown(&[&line], Options::default());
            assert!(shown.contains("zoltan") && !shown.contains("hunter"), "{count}");
        }
    }
}

#[test]
fn redacting_twice_changes_nothing() {
    for secret in SECRETS {
        let line = format!(r#"{{"password":"{secret}","m":"x {secret} y","user":"a@b.example"}}"#);
        let (mut event, mut redactor) = read(&line, Options::default());
        redactor.redact(&mut event);
        let (mut again, mut redactor) = read(event.raw(), Options::default());
        redactor.redact(&mut again);
        assert_eq!(again.raw(), event.raw());
    }
}

#[test]
fn a_flood_of_addresses_hides_nothing_else() {
    let flood = "a@b.example,".repeat(1_001);
    let shown = shown(&[&format!(r#"{{"user":"zoltan","q":"{flood}"}}"#)], Options::default());
    assert!(shown.contains("zoltan") && !shown.contains("a@b"), "{shown}");
}

#[test]
fn a_key_that_lacks_its_first_letter_at_the_very_beginning_is_no_key() {
    let shown = shown(&["k_live_9fK2mQ7xT4bV8nL1cR5z"], Options::default());
    assert!(shown.contains("k_live_9f"), "{shown}");
}

#[test]
fn a_secret_with_needless_escapes_takes_nothing_else_with_it() {
    for secret in [r"go\u003cpass1", r"a\/b", r"geh\u0065imnis"] {
        let line = format!(r#"{{"user":"zoltan","password":"{secret}","note":"line\nbreak"}}"#);
        let shown = shown(&[&line], Options::default());
        assert!(shown.contains("zoltan") && shown.contains("break"), "{shown}");
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_secret_in_clear_does_not_hide_its_other_spelling() {
    let line = r#"{"password":"geheimé123","pwd":"geheim\u00e9123","user":"eve"}"#;
    let shown = shown(&[line], Options::default());
    assert!(!shown.contains("geheim"), "{shown}");
}

/// What begins like a token sixteen times and goes on is one, or hides one.
#[test]
fn tokens_are_found_behind_any_number_of_beginnings() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl";
    for beginnings in [0, 1, 15, 16, 17, 1_000] {
        let line = format!("x {}{token} y", "-eyJ".repeat(beginnings) + "-");
        let shown = shown(&[&line], Options::default());
        assert!(!shown.contains("c2lnbmF0dXJl"), "{beginnings}: {shown}");
        assert!(shown.contains(" y"), "{shown}");
    }
}

proptest::proptest! {
    #[test]
    fn spans_stay_in_bounds_whatever_is_replaced(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "\"", "{\"password\":\"", "é", "a@b.example", "\\n", "\\u0041", "4111111111111111", "token=abc12345", "{\"a\":", "}", " ",
            "Bearer abc123456789", "‹", ":", ",", "x",
        ]), 0..12)
    ) {
        let line = parts.concat();
        let (mut event, mut redactor) = read(&line, Options::default());
        redactor.redact(&mut event);
        for field in event.fields() {
            let range = field.span.start as usize..(field.span.start + field.span.len) as usize;
            proptest::prop_assert!(event.buffer().get(range).is_some(), "{line}");
        }
    }
}

/// Canonical fields of a line under overrides, as [`canonical_fields`] shows them.
fn overridden(overrides: Overrides, line: &str) -> Vec<String> {
    let paths = Paths::new();
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    let options = Options { overrides: Some(overrides), ..alone() };
    Normalizer::new(paths.clone(), options).normalize(&mut event, Timestamp::default());
    let names = paths.read();
    let added = event.fields().iter().filter(|field| field.origin == Origin::Canonical);
    let mut shown: Vec<String> =
        added.map(|field| format!("{}={}", names.name(field.path), event.text(field.span))).collect();
    shown.sort();
    shown
}

fn fields(pairs: &[(&str, &str)]) -> Overrides {
    let target = |name: &str| FieldTarget::parse(name).expect("a canonical field");
    let fields = pairs.iter().map(|(name, meant)| ((*name).to_owned(), target(meant))).collect();
    Overrides { fields, ..Overrides::default() }
}

#[test]
fn a_configured_field_wins_over_what_names_suggest() {
    let line =
        r#"{"user":"proxy","wer":"alice","wo":{"ip":"203.0.113.9:80"},"tat":"login failed","dauer":1.5}"#;
    let known = [
        ("wer", "user.name"),
        ("wo.ip", "source.ip"),
        ("tat", "event.action"),
        ("dauer", "event.duration_ms"),
    ];
    assert_eq!(
        overridden(fields(&known), line),
        [
            "event.action=login failed",
            "event.duration=1500000",
            "related.user=alice",
            "source.ip=203.0.113.9",
            "source.port=80",
            "user.name=alice"
        ]
    );
    assert_eq!(
        overridden(fields(&known), r#"{"user":"proxy","wer":"-"}"#),
        ["related.user=proxy", "user.name=proxy"]
    );
}

#[test]
fn every_canonical_name_that_a_field_can_be_is_known() {
    let names: Vec<&str> = FieldTarget::names().collect();
    for name in
        ["@timestamp", "message", "user.name", "source.ip", "correlation.id", "http.response.status_code"]
    {
        assert!(names.contains(&name), "{name}");
    }
    assert_eq!(FieldTarget::parse("usr.name"), None);
}

#[test]
fn ids_are_taken_from_configured_fields_and_never_from_others() {
    let line = r#"{"vorgang":"4711-a","request_id":"chosen-1","correlation.id":"chosen-2","message":"[a1b2c3d4e5] x"}"#;
    let ids = |never: &[&str]| {
        let overrides = Overrides {
            id_fields: vec!["vorgang".to_owned()],
            never_ids: never.iter().map(|name| (*name).to_owned()).collect(),
            ..Overrides::default()
        };
        let found = overridden(overrides, line).into_iter();
        found.filter_map(|field| field.strip_prefix("correlation.id=").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["4711-a", "a1b2c3d4e5", "chosen-1"]);
    assert_eq!(ids(&["request_id", "correlation.id", "message"]), ["4711-a"]);
}

#[test]
fn defaults_fill_only_what_is_missing() {
    let overrides = || Overrides {
        defaults: vec![
            (canonical::SERVICE_NAME, "lattice".to_owned()),
            (canonical::HOST_NAME, "web-1".to_owned()),
        ],
        ..Overrides::default()
    };
    assert_eq!(overridden(overrides(), r#"{"a":1}"#), ["host.name=web-1", "service.name=lattice"]);
    assert_eq!(overridden(overrides(), r#"{"service":"other"}"#), ["host.name=web-1", "service.name=other"]);
}

#[test]
fn a_configured_logsource_replaces_only_its_parts() {
    let paths = Paths::new();
    let mut event = Event::default();
    let line = r#"203.0.113.9 - - [01/Mar/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8""#;
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    let logsource = LogSource { service: Some("caddy".into()), ..LogSource::default() };
    let overrides = Overrides { logsource, ..Overrides::default() };
    let options = Options { overrides: Some(overrides), ..alone() };
    Normalizer::new(paths, options).normalize(&mut event, Timestamp::default());
    let source = &event.meta.logsource;
    assert_eq!((source.category.as_deref(), source.service.as_deref()), (Some("webserver"), Some("caddy")));
}

#[test]
fn configured_secrets_leave_no_copy_behind() {
    let options = Options {
        redaction: Redaction {
            names: vec!["Steuer-Nummer".to_owned(), "customer.iban".to_owned()],
            patterns: vec![
                regex::Regex::new(r"KD-\d{4}").expect("a pattern"),
                regex::Regex::new(r"^9\d{3}$").expect("a pattern"),
            ],
            ..Redaction::default()
        },
        ..Options::default()
    };
    for (line, secret) in [
        (r#"{"steuernummer":"12/345"}"#, "12/345"),
        (r#"{"a":{"steuer_nummer":{"x":"geheim-1"}}}"#, "geheim-1"),
        (r#"{"customer":{"IBAN":"DE02120300000000202051"},"message":"to DE02120300000000202051"}"#, "DE0212"),
        (r#"{"message":"order of KD-1234, KD-1234"}"#, "KD-1234"),
        (r#"{"message":"order of K\u0044-1234"}"#, "-1234"),
        (r#"{"a":"KD-1234","b":"KD-123\u0034"}"#, r"KD-123\u0034"),
        (r#"{"o":{"KD-1234":{"x":1}},"KD-1234":2}"#, "KD-1234"),
        (r#"{"kunde":9123,"a":1}"#, "9123"),
        ("order of KD-1234", "KD-1234"),
    ] {
        let shown = shown(&[line], options.clone());
        assert!(!shown.contains(secret), "{line}:\n{shown}");
        assert!(shown.contains("‹secret:"), "{line}:\n{shown}");
    }
}
