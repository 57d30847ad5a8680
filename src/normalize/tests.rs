//! What events look like after both stages, by example.

use super::*;
use crate::decode::Decoder;

/// Canonical fields as `name=value`, sorted; the time first.
fn canonical_fields(line: &str) -> Vec<String> {
    let paths = Paths::new();
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    let arrival = Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").expect("a time");
    Normalizer::new(paths.clone(), Options::default()).normalize(&mut event, arrival);
    let names = paths.read();
    let mut shape: Vec<String> = event
        .fields()
        .iter()
        .filter(|field| field.origin == Origin::Canonical && field.path != canonical::REQUEST_DECODED)
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
        &[
            "log.logger=circuit_breaker.database",
            "service.name=shop",
            "soctop.breaker.name=database",
            "soctop.breaker.state=open",
        ],
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
    ] {
        let paths = Paths::new();
        let mut event = Event::default();
        Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
        Normalizer::new(paths, Options::default()).normalize(&mut event, Timestamp::default());
        assert_eq!(event.get(canonical::REQUEST_DECODED), expect, "{line}");
    }
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
            "soctop.breaker.state=half_open",
        ],
    );
    check(
        r#"{"message":"Circuit breaker event","service":"redis","state":"OPEN"}"#,
        &["service.name=redis", "soctop.breaker.name=redis", "soctop.breaker.state=open"],
    );
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
