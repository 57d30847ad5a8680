//! What lines become, by example and against `serde_json` on generated documents.

use proptest::prelude::*;

use super::*;
use crate::event::{PathId, PathNames};

fn decode(line: &[u8]) -> (Event, Outcome, Paths) {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut event = Event::default();
    let outcome = decoder.decode(line, false, &mut event);
    (event, outcome, paths)
}

/// `name=value` of every field, strings in quotes, containers in brackets.
fn shape(event: &Event, names: &PathNames) -> Vec<String> {
    event
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let (name, text) = (event.name(index, names), event.text(field.span));
            match field.kind {
                Kind::String => format!("{name}={text:?}"),
                Kind::Object | Kind::Array => format!("{name}:{text}"),
                _ => format!("{name}={text}"),
            }
        })
        .collect()
}

fn check(line: &str, outcome: Outcome, expect: &[&str]) {
    let (event, found, paths) = decode(line.as_bytes());
    assert_eq!(shape(&event, &paths.read()), expect, "{line}");
    assert_eq!(found, outcome, "{line}");
    assert_eq!(event.meta.outcome, outcome, "{line}");
}

#[test]
fn lines_of_daemons_say_who_and_how_loud() {
    for (line, expect) in [
        (
            "[Sat Nov 28 09:30:43.631808 2026] [php:error] [pid 96528] [client 2001:db8::99aa:60040] script not found",
            "client=2001:db8::99aa:60040 level=error logger=php message=script not found pid=96528",
        ),
        (
            "[Sat Nov 28 09:30:43 2026] [warn] [client 203.0.113.9] old",
            "client=203.0.113.9 level=warn message=old",
        ),
        (
            "[Sat Nov 28 09:30:44.6 2026] [ssl:trace3] [pid 9652:tid 1402] [remote 203.0.113.9:443] [0] x",
            "client=203.0.113.9:443 level=trace logger=ssl message=[0] x pid=9652",
        ),
        (
            "E1128 09:30:00.123456       1 authentication.go:73] \"Unable\" err=\"x\"",
            "level=E logger=authentication.go:73 message=\"Unable\" err=\"x\" pid=1",
        ),
        ("I20261128 09:30:00.123456 77 main.cc:21] up", "level=I logger=main.cc:21 message=up pid=77"),
        (
            "2026/11/28 09:30:00 auth.go:199:SignInPost() [W] c",
            "level=W logger=auth.go:199:SignInPost() message=c",
        ),
    ] {
        assert_eq!(without_time(line), expect, "{line}");
    }
}

#[test]
fn haproxy_names_the_client_and_the_request() {
    let of = |rest: &str| without_time(&format!("Nov 28 09:30:00 lb1 haproxy[2212]: {rest}"));
    let line = of(
        "2001:db8::1:8340 [28/Nov/2026:09:30:00.430] public~ pool/app12 0/0/1/6/7 401 649 - - ---- 2/2/3/2/0 0/0 \"POST /login HTTP/1.1\"",
    );
    for part in [
        "client=2001:db8::1 client_port=8340",
        "request=POST /login HTTP/1.1",
        "status=401",
        "bytes_sent=649",
    ] {
        assert!(line.contains(part), "{line}");
    }
    let tcp = of("203.0.113.81:34858 [28/Nov/2026:09:30:00.430] front back/srv 0/0/5 649 -- 2/2/3/2/0 0/0");
    assert!(tcp.contains("client=203.0.113.81") && !tcp.contains("status="), "{tcp}");
    assert!(!of("Server app/web1 is DOWN").contains("client="));
}

/// The fields of a line by name, without its times.
fn without_time(line: &str) -> String {
    let (event, _, paths) = decode(line.as_bytes());
    let names = paths.read();
    let mut fields: Vec<_> = event
        .fields()
        .iter()
        .map(|field| format!("{}={}", names.name(field.path), event.text(field.span)))
        .filter(|field| !field.starts_with("time"))
        .collect();
    fields.sort();
    fields.join(" ")
}

#[test]
fn objects_become_flat_fields_in_document_order() {
    use Outcome::Parsed;
    check("{}", Parsed, &[]);
    check(r#" { "a" : 1 , "b" : "x" } "#, Parsed, &["a=1", r#"b="x""#]);
    check(
        r#"{"t":true,"f":false,"n":null,"e":"","x":-0.5e-3}"#,
        Parsed,
        &["t=true", "f=false", "n=null", r#"e="""#, "x=-0.5e-3"],
    );
    check(
        r#"{"a":{"b":{"c":1},"d":2},"e":3}"#,
        Parsed,
        &[r#"a:{"b":{"c":1},"d":2}"#, r#"a.b:{"c":1}"#, "a.b.c=1", "a.d=2", "e=3"],
    );
    check(
        r#"{"a":[1,"x",null,[2,[]],{"b":3},{"b":4,"c":{}}],"z":[]}"#,
        Parsed,
        &[
            r#"a:[1,"x",null,[2,[]],{"b":3},{"b":4,"c":{}}]"#,
            "a=1",
            r#"a="x""#,
            "a=null",
            "a:[2,[]]",
            "a=2",
            "a:[]",
            r#"a:{"b":3}"#,
            "a.b=3",
            r#"a:{"b":4,"c":{}}"#,
            "a.b=4",
            "a.c:{}",
            "z:[]",
        ],
    );
}

#[test]
fn escapes_are_decoded_in_values_and_keys() {
    use Outcome::Parsed;
    check(
        r#"{"a":"C:\\Windows\\\"x\" \/ \b\f\n\r\t"}"#,
        Parsed,
        &[r#"a="C:\\Windows\\\"x\" / \u{8}\u{c}\n\r\t""#],
    );
    check(r#"{"a":"\u00e9\ud83d\udea8 \u0041é🚨"}"#, Parsed, &[r#"a="é🚨 Aé🚨""#]);
    check(r#"{"\u0061b":1,"c\n":2}"#, Parsed, &["ab=1", "c\n=2"]);
}

#[test]
fn numbers_keep_every_digit() {
    check(
        r#"{"a":123456789012345678901234567890,"b":1e400,"c":0.10}"#,
        Outcome::Parsed,
        &["a=123456789012345678901234567890", "b=1e400", "c=0.10"],
    );
}

#[test]
fn what_is_not_quite_json_is_mended() {
    use Outcome::Repaired;
    check(r#"{"a":"\ud83d"}"#, Repaired, &["a=\"\u{fffd}\""]);
    check(r#"{"a":"\ud83dx\udea8"}"#, Repaired, &["a=\"\u{fffd}x\u{fffd}\""]);
    check("{\"a\":\"x\ty\"}", Repaired, &[r#"a="x\ty""#]);
    check(r#"{"a":"\x41\'"}"#, Repaired, &[r#"a="\\x41\\'""#]);
    check(r#"{"a":"\u00g0"}"#, Repaired, &[r#"a="\\u00g0""#]);
    check(
        r#"{"a":NaN,"b":[Infinity,-Infinity]}"#,
        Repaired,
        &[r#"a="NaN""#, "b:[Infinity,-Infinity]", r#"b="Infinity""#, r#"b="-Infinity""#],
    );
    let (event, outcome, paths) = decode(b"{\"a\":\"x\xffy\"}");
    assert_eq!(shape(&event, &paths.read()), ["a=\"x\u{fffd}y\""]);
    assert_eq!(outcome, Repaired);
}

#[test]
fn what_is_no_json_is_kept_as_the_message() {
    for line in [
        "Traceback (most recent call last):",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":\"x}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":tru}",
        "{\"a\":[1}",
        "{\"a\":[1,]}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1} {\"b\":2}",
        "{\"a\":1} trailing",
        "[1,2]",
        "\"text\"",
        "\0\0{",
    ] {
        check(line, Outcome::Raw, &[&format!("message={line:?}")]);
    }
    check("   at foo  ", Outcome::Raw, &[r#"message="at foo""#]);
}

#[test]
fn blank_lines_are_no_events() {
    for line in ["", " ", "\t\r", "\u{feff}", "\u{feff} "] {
        check(line, Outcome::Blank, &[]);
    }
}

#[test]
fn duplicate_keys_are_kept_and_flagged() {
    let (event, outcome, paths) = decode(br#"{"a":1,"b":{"a":2},"a":3}"#);
    assert_eq!(outcome, Outcome::Parsed);
    assert!(event.meta.duplicate_keys);
    assert_eq!(event.all(paths.intern("a")).collect::<Vec<_>>(), ["1", "3"]);
    for line in [r#"{"a":1,"b":{"a":2}}"#, r#"{"a":[{"b":1},{"b":2}]}"#] {
        assert!(!decode(line.as_bytes()).0.meta.duplicate_keys, "{line}");
    }
}

#[test]
fn a_flat_key_with_dots_wins_over_a_nested_path() {
    let line = br#"{"a":{"b":"nested","c":{"d":1}},"a.b":"flat","a.c":{"d":2}}"#;
    let (event, _, paths) = decode(line);
    assert_eq!(event.all(paths.intern("a.b")).collect::<Vec<_>>(), ["flat"]);
    assert_eq!(event.all(paths.intern("a.c.d")).collect::<Vec<_>>(), ["2"]);
    assert_eq!(event.get(paths.intern("a.c")), Some(r#"{"d":2}"#));
    let names = paths.read();
    assert!(shape(&event, &names).contains(&r#"a.b="nested""#.to_owned()), "nothing is lost");
}

#[test]
fn names_of_our_own_cannot_be_claimed_by_a_line() {
    check(
        r#"{"soctop":{"breaker":{"state":"open"}},"soctop.risk":9,"x":{"soctop":1}}"#,
        Outcome::Parsed,
        &[
            r#"claimed.soctop:{"breaker":{"state":"open"}}"#,
            r#"claimed.soctop.breaker:{"state":"open"}"#,
            r#"claimed.soctop.breaker.state="open""#,
            "claimed.soctop.risk=9",
            r#"x:{"soctop":1}"#,
            "x.soctop=1",
        ],
    );
}

#[test]
fn the_head_of_a_cut_line_keeps_its_fields() {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut event = Event::default();
    let outcome = decoder.decode(br#"{"a":1,"b":{"c":"x","d":"lost"#, true, &mut event);
    assert_eq!(outcome, Outcome::Cut);
    assert_eq!(shape(&event, &paths.read()), ["a=1", r#"b:{"c":"x","d":"lost"#, r#"b.c="x""#]);
    let long = format!(r#"{{"a":1,"b":"{}"}}"#, "x".repeat(LINE_LIMIT));
    assert_eq!(decoder.decode(long.as_bytes(), false, &mut event), Outcome::Cut);
    assert_eq!(event.raw().len(), HEAD_LIMIT);
    assert_eq!(shape(&event, &paths.read()), ["a=1"]);
}

#[test]
fn deep_nesting_is_kept_as_text_without_recursion() {
    let deep = |depth: usize| format!(r#"{{"a":{}1{},"z":"after"}}"#, "[".repeat(depth), "]".repeat(depth));
    let (event, outcome, paths) = decode(deep(60).as_bytes());
    assert_eq!(outcome, Outcome::Parsed);
    assert_eq!(event.all(paths.intern("a")).collect::<Vec<_>>(), ["1"]);
    let (event, outcome, paths) = decode(deep(200_000).as_bytes());
    assert_eq!(outcome, Outcome::Repaired);
    assert_eq!(event.get(paths.intern("z")), Some("after"));
    assert!(event.fields().len() <= DEPTH_LIMIT + 1);
    assert_eq!(decode("{\"a\":".repeat(200_000).as_bytes()).1, Outcome::Raw);
}

#[test]
fn fields_over_the_limit_are_counted_not_kept() {
    let mut line = String::from("{");
    for n in 0..10_000 {
        line += &format!("\"k{n}\":{n},");
    }
    line += "\"last\":[1,2,3]}";
    let (event, outcome, paths) = decode(line.as_bytes());
    assert_eq!(outcome, Outcome::Parsed);
    assert_eq!(event.fields().len(), FIELD_LIMIT);
    assert_eq!(event.meta.fields_over_limit as usize, 10_000 + 4 - FIELD_LIMIT);
    assert!(paths.read().len() < 2 * FIELD_LIMIT, "names that are not kept are not interned");
}

#[test]
fn names_that_cannot_be_interned_go_into_the_event() {
    let long = "k".repeat(Paths::NAME_LIMIT + 50);
    let cut = "k".repeat(Paths::NAME_LIMIT);
    let line = format!(r#"{{"a":{{"{long}":1}},"{long}":{{"x":[2,3]}},"z":4}}"#);
    let (event, _, paths) = decode(line.as_bytes());
    let expect = [
        format!(r#"a:{{"{long}":1}}"#),
        format!("a.{}=1", "k".repeat(Paths::NAME_LIMIT - 2)),
        format!(r#"{cut}:{{"x":[2,3]}}"#),
        format!("{cut}:[2,3]"),
        format!("{cut}=2"),
        format!("{cut}=3"),
        "z=4".to_owned(),
    ];
    assert_eq!(shape(&event, &paths.read()), expect);
}

#[test]
fn a_full_path_table_loses_no_value() {
    let paths = Paths::new();
    for n in 0..Paths::LIMIT {
        assert_ne!(paths.intern(&format!("k{n}")), PathId(0));
    }
    let mut decoder = Decoder::new(paths.clone());
    let mut event = Event::default();
    decoder.decode(br#"{"new":{"deep":[1,{"er":2}]},"message":"m"}"#, false, &mut event);
    let shape = shape(&event, &paths.read());
    assert_eq!(
        shape[1..],
        ["new.deep:[1,{\"er\":2}]", "new.deep=1", "new.deep:{\"er\":2}", "new.deep.er=2", "message=\"m\""]
    );
}

fn check_format(line: &str, format: Format, expect: &[&str]) {
    check(line, Outcome::Parsed, expect);
    assert_eq!(decode(line.as_bytes()).0.meta.format, format, "{line}");
}

#[test]
fn web_server_logs_are_read() {
    check_format(
        r#"203.0.113.160 - alice [05/Nov/2025:09:03:49 +0000] "PUT /api/videos/2 HTTP/1.1" 403 48 "-" "Mozilla/5.0 (\"x\")""#,
        Format::Nginx,
        &[
            r#"remote_addr="203.0.113.160""#,
            r#"remote_user="alice""#,
            r#"time_local="05/Nov/2025:09:03:49 +0000""#,
            r#"request="PUT /api/videos/2 HTTP/1.1""#,
            "status=403",
            "body_bytes_sent=48",
            r#"http_user_agent="Mozilla/5.0 (\\\"x\\\")""#,
        ],
    );
    check_format(
        r#"12.34.56.78 - - [20/Jan/2015:19:53:28 +0100] "" 400 0 "-" "-" "-""#,
        Format::Nginx,
        &[
            r#"remote_addr="12.34.56.78""#,
            r#"time_local="20/Jan/2015:19:53:28 +0100""#,
            "status=400",
            "body_bytes_sent=0",
        ],
    );
    check_format(
        r#"2015/10/29 20:01:02 [error] 256554#0: *99927 limiting requests, excess: 1.852 by zone "one", client: 1.2.3.4, server: x, request: "GET /a HTTP/1.1", host: "h""#,
        Format::NginxError,
        &[
            r#"timestamp="2015/10/29 20:01:02""#,
            r#"level="error""#,
            "pid=256554",
            "connection=99927",
            r#"message="limiting requests, excess: 1.852 by zone \"one\"""#,
            r#"client="1.2.3.4""#,
            r#"request="GET /a HTTP/1.1""#,
            r#"http_host="h""#,
        ],
    );
    check_format(
        r#"INFO:     1.2.3.4:52782 - "POST /login HTTP/1.1" 401 Unauthorized"#,
        Format::Access,
        &[r#"level="INFO""#, r#"message="1.2.3.4:52782 - \"POST /login HTTP/1.1\" 401 Unauthorized""#],
    );
}

#[test]
fn text_logs_are_read_in_any_order() {
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            "2025-11-01 10:10:37,180 - api.saas_server - INFO - Login attempt - x",
            "INFO",
            "api.saas_server",
            "Login attempt - x",
        ),
        ("2025-11-01 10:10:37 INFO api.saas_server: Login", "INFO", "api.saas_server", "Login"),
        (
            "2025-11-01 10:10:37.123 | WARNING  | app.main:login:42 - text",
            "WARNING",
            "app.main:login:42",
            "text",
        ),
        ("2025-11-01T10:10:37Z ERROR [app.main] broken: x", "ERROR", "app.main", "broken: x"),
        ("2025-11-01 10:10:37,180 INFO hello world", "INFO", "", "hello world"),
        ("2025-12-04 10:00:10 - api.mid - \u{1b}[32mINFO\u{1b}[0m - 🌐 GET", "INFO", "api.mid", "🌐 GET"),
        ("ERROR:    Exception in ASGI application", "ERROR", "", "Exception in ASGI application"),
        ("\u{1b}[32mINFO\u{1b}[0m:     Started", "INFO", "", "Started"),
        ("WARNING:app.auth:text: more", "WARNING", "app.auth", "text: more"),
    ];
    for (line, level, logger, message) in cases {
        let (event, outcome, paths) = decode(line.as_bytes());
        let get = |name: &str| event.get(paths.intern(name)).unwrap_or_default().to_owned();
        let found = (get("level"), get("logger"), get("message"));
        assert_eq!(found, ((*level).into(), (*logger).into(), (*message).into()), "{line}");
        assert_eq!((outcome, event.meta.format), (Outcome::Parsed, Format::TextLog), "{line}");
    }
    check_format(
        "[2025-11-01 10:10:37] [INFO] [c0ffee00-aaaa-4bbb-8ccc-0123456789ab] core.x - done",
        Format::TextLog,
        &[
            r#"timestamp="2025-11-01 10:10:37""#,
            r#"level="INFO""#,
            r#"logger="core.x""#,
            r#"correlation_id="c0ffee00-aaaa-4bbb-8ccc-0123456789ab""#,
            r#"message="done""#,
        ],
    );
    check_format(
        "2025-11-05 08:30:07.845 UTC [14648] FATAL:  no such user",
        Format::TextLog,
        &[
            r#"timestamp="2025-11-05 08:30:07.845 UTC""#,
            r#"level="FATAL""#,
            "pid=14648",
            r#"message="no such user""#,
        ],
    );
}

#[test]
fn database_records_are_read_from_their_columns() {
    check_format(
        r#"2025-11-05 08:30:07.845 UTC,"alice","shop",14648,"127.0.8.10:60963",690b0b0f.3938,2,"authentication",2025-11-05 08:30:07 UTC,3/4,0,LOG,00000,"connection authenticated: identity=""alice""",,,,,,,,,"","client backend",,0"#,
        Format::PostgresCsv,
        &[
            r#"timestamp="2025-11-05 08:30:07.845 UTC""#,
            r#"user="alice""#,
            r#"dbname="shop""#,
            r#"pid="14648""#,
            r#"connection_from="127.0.8.10:60963""#,
            r#"session_id="690b0b0f.3938""#,
            r#"line_num="2""#,
            r#"ps="authentication""#,
            r#"session_start="2025-11-05 08:30:07 UTC""#,
            r#"vxid="3/4""#,
            r#"txid="0""#,
            r#"error_severity="LOG""#,
            r#"state_code="00000""#,
            r#"message="connection authenticated: identity=\"alice\"""#,
            r#"backend_type="client backend""#,
            r#"query_id="0""#,
        ],
    );
}

#[test]
fn syslog_is_read_in_both_dialects() {
    check_format(
        "<34>Dec 10 06:55:46 web1 sshd[42]: Failed password",
        Format::Syslog,
        &[
            "syslog.severity=2",
            r#"timestamp="Dec 10 06:55:46""#,
            r#"hostname="web1""#,
            r#"program="sshd""#,
            "pid=42",
            r#"message="Failed password""#,
        ],
    );
    check_format(
        "Dec 10 06:55:46 web1 sshd[42]: Failed password",
        Format::Syslog,
        &[
            r#"timestamp="Dec 10 06:55:46""#,
            r#"hostname="web1""#,
            r#"program="sshd""#,
            "pid=42",
            r#"message="Failed password""#,
        ],
    );
    check_format(
        r#"<165>1 2003-10-11T22:14:15.003Z host app 12 ID47 [x@1 a="b]c"] An event"#,
        Format::Syslog,
        &[
            "syslog.severity=5",
            r#"timestamp="2003-10-11T22:14:15.003Z""#,
            r#"hostname="host""#,
            r#"program="app""#,
            r#"pid="12""#,
            r#"msgid="ID47""#,
            r#"message="An event""#,
        ],
    );
}

#[test]
fn pairs_of_keys_and_values_are_read() {
    check_format(
        r#"time=2026-01-01T00:00:00Z level=info msg="hello \"you\"" status=200 ok=true"#,
        Format::Logfmt,
        &[
            r#"time="2026-01-01T00:00:00Z""#,
            r#"level="info""#,
            r#"msg="hello \"you\"""#,
            "status=200",
            "ok=true",
        ],
    );
    check("a=1 b=2 and text", Outcome::Raw, &[r#"message="a=1 b=2 and text""#]);
}

#[test]
fn json_inside_of_other_things_is_unwrapped() {
    check_format(
        r#"{"message":"{\"event\":\"x\",\"level\":\"info\"}","level":"INFO"}"#,
        Format::Json,
        &[r#"event="x""#, r#"level="info""#, r#"message:{"event":"x","level":"info"}"#, r#"level="INFO""#],
    );
    check_format(
        r#"{"log":"{\"a\":\"{\\\"b\\\":1}\"}\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}"#,
        Format::Json,
        &[
            r#"a="{\"b\":1}""#,
            "log:{\"a\":\"{\\\"b\\\":1}\"}\n",
            r#"stream="stdout""#,
            r#"time="2026-01-01T00:00:00Z""#,
        ],
    );
    check_format(
        r#"{"log":"ERROR:    broken\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}"#,
        Format::TextLog,
        &[
            r#"level="ERROR""#,
            r#"message="broken""#,
            "log:ERROR:    broken\n",
            r#"stream="stderr""#,
            r#"time="2026-01-01T00:00:00Z""#,
        ],
    );
    check_format(
        r#"2022-01-28T16:04:05.413656027Z stdout F {"level":"info"}"#,
        Format::Json,
        &[r#"time="2022-01-28T16:04:05.413656027Z""#, r#"stream="stdout""#, r#"level="info""#],
    );
    check_format(
        r#"2022-01-28T16:04:05Z [warn][API]: Failed sign-in {"ip":"::ffff:127.0.0.1"}"#,
        Format::TextLog,
        &[
            r#"timestamp="2022-01-28T16:04:05Z""#,
            r#"level="warn""#,
            r#"logger="API""#,
            r#"message="Failed sign-in {\"ip\":\"::ffff:127.0.0.1\"}""#,
            r#"ip="::ffff:127.0.0.1""#,
        ],
    );
    check_format(
        r#"request done {"status":200}"#,
        Format::TextLog,
        &["status=200", r#"message="request done""#],
    );
}

/// Fields of a `serde_json` value as the decoder should give them.
fn flatten(value: &serde_json::Value, name: &str, out: &mut Vec<String>) {
    use serde_json::Value;
    match value {
        Value::Null => out.push(format!("{name}=null")),
        Value::Bool(truth) => out.push(format!("{name}={truth}")),
        Value::Number(number) => out.push(format!("{name}={number}")),
        Value::String(text) => out.push(format!("{name}={text:?}")),
        Value::Array(members) => members.iter().for_each(|member| flatten(member, name, out)),
        Value::Object(members) => {
            for (key, member) in members {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(member, &name, out);
            }
        }
    }
}

fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::String),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(depth, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Few keys, so that predictions hit and miss; some need escapes. No dots: those have a test of their own.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "a",
            "b",
            "timestamp",
            "a-key-of-more-than-sixteen-bytes",
            "é",
            "q\"uote",
            "x\ny"
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,20}",
    ]
}

fn object() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::vec((key(), json(5)), 0..8)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
}

const STARTS: [&str; 12] = [
    "2025-11-01 10:10:37,180 - ",
    "2025-11-01T10:10:37Z stdout F ",
    "[2025-11-01 10:10:37] [INFO] [",
    "2015/10/29 20:01:02 [error] 1#0: *9 x, client: ",
    "1.2.3.4 - - [20/Jan/2015:19:53:28 +0100] \"",
    "2025-11-05 08:30:07.845 UTC,\"",
    "<34>1 2003-10-11T22:14:15.003Z host app - - [",
    "<34>Dec 10 06:55:46 ",
    "INFO: ",
    "a=b c=\"",
    "{\"log\":\"INFO: x\",\"stream\":\"stdout\",\"message\":\"{",
    "\u{1b}[32mINFO\u{1b}[0m: ",
];

proptest! {
    #[test]
    fn nearly_any_format_never_panics(
        start in prop::sample::select(STARTS.to_vec()), rest in r#"([a-z0-9 ="\\,\[\]:{}é-]|INFO){0,40}"#, cut in any::<bool>()
    ) {
        let mut decoder = Decoder::new(Paths::new());
        let mut event = Event::default();
        let line = format!("{start}{rest}");
        let outcome = decoder.decode(line.as_bytes(), cut, &mut event);
        prop_assert_eq!(event.meta.outcome, outcome);
        prop_assert_eq!(event.raw(), line);
        for field in event.fields() {
            let range = field.span.start as usize..(field.span.start + field.span.len) as usize;
            prop_assert!(event.buffer().get(range).is_some());
        }
    }

    #[test]
    fn valid_documents_give_the_scalars_of_serde_json(documents in prop::collection::vec(object(), 1..4), pretty in any::<bool>()) {
        let paths = Paths::new();
        let mut decoder = Decoder::new(paths.clone());
        let mut event = Event::default();
        for document in documents {
            let line = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let outcome = decoder.decode(line.as_deref().unwrap_or_default().as_bytes(), false, &mut event);
            prop_assert_eq!(outcome, Outcome::Parsed);
            prop_assert!(!event.meta.duplicate_keys);
            let mut expect = Vec::new();
            flatten(&document, "", &mut expect);
            let names = paths.read();
            let scalars = shape(&event, &names).into_iter().zip(event.fields())
                .filter(|(_, field)| !field.kind.is_container()).map(|(shape, _)| shape).collect::<Vec<_>>();
            prop_assert_eq!(scalars, expect);
            for field in event.fields().iter().filter(|field| field.kind.is_container()) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(event.text(field.span)).is_ok());
            }
        }
    }

    #[test]
    fn damaged_documents_never_panic_and_agree_with_serde_json(
        document in object(), at in any::<prop::sample::Index>(), byte in any::<u8>(), remove in any::<bool>()
    ) {
        let mut line = serde_json::to_vec(&document).unwrap_or_default();
        let at = at.index(line.len());
        if remove { line.remove(at); } else { line[at] = byte; }
        let (event, outcome, _) = decode(&line);
        let strict: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&line);
        let out_of_range = strict.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        match outcome {
            // Numbers out of range are the one thing that we read and serde_json does not.
            Outcome::Parsed => prop_assert!(strict.is_ok() || out_of_range),
            Outcome::Repaired => prop_assert!(strict.is_err()),
            _ => prop_assert!(strict.is_err()),
        }
        prop_assert_eq!(event.meta.outcome, outcome);
    }

    #[test]
    fn any_bytes_have_exactly_one_outcome(line in prop::collection::vec(any::<u8>(), 0..200), cut in any::<bool>()) {
        let mut decoder = Decoder::new(Paths::new());
        let mut event = Event::default();
        let outcome = decoder.decode(&line, cut, &mut event);
        prop_assert_eq!(event.meta.outcome, outcome);
        for field in event.fields() {
            prop_assert!((field.span.start + field.span.len) as usize <= event.buffer().len());
        }
    }

    #[test]
    fn nearly_json_never_panics(line in r#"\{?("[a\\u0-9]{0,4}":?|[\[\]{},:]|-?[0-9.e]{1,4}|true|nul|\s){0,30}\}?"#, cut in any::<bool>()) {
        let mut decoder = Decoder::new(Paths::new());
        let mut event = Event::default();
        let outcome = decoder.decode(line.as_bytes(), cut, &mut event);
        prop_assert_eq!(event.meta.outcome, outcome);
    }
}

/// Keys are compared in place once they are learned; what needs escapes must be read every time.
#[test]
fn a_decoder_that_has_learned_reads_like_a_new_one() {
    for (lesson, line) in [
        (r#"{"a\"b":1}"#, r#"{"a"b":1}"#),
        (r#"{"a\\b":1}"#, r#"{"a\b":1}"#),
        (r#"{"x":0,"a\nb":1}"#, "{\"x\":0,\"a\nb\":1}"),
        (r#"{"\u0061":1}"#, r#"{"a":1}"#),
    ] {
        let (fresh, outcome, paths) = decode(line.as_bytes());
        let learned = Paths::new();
        let mut decoder = Decoder::new(learned.clone());
        let mut event = Event::default();
        decoder.decode(lesson.as_bytes(), false, &mut event);
        assert_eq!(decoder.decode(line.as_bytes(), false, &mut event), outcome, "{line}");
        assert_eq!(shape(&event, &learned.read()), shape(&fresh, &paths.read()), "{line}");
    }
}
