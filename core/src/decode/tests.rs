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

/// The fields of a line of an access log whose client calls itself so.
fn of_user(user: &str) -> String {
    without_time(&format!(
        r#"203.0.113.9 - {user} [29/Nov/2026:12:00:00 +0000] "GET /x?id=1 HTTP/1.1" 401 10 "-" "M""#
    ))
}

#[test]
fn whatever_a_client_calls_itself_the_rest_of_the_line_is_read() {
    for user in [
        "-",
        "alice",
        "[",
        "x [",
        "x 1.2.3.4",
        "root from 1.2.3.4",
        "1.2.3.4 - -",
        "a|b",
        "a | b",
        "[x] y",
        "[29/Nov/2026:12:00:00 +0000]",
        "] ",
        "\\x22",
        &"A".repeat(255),
        &"A ".repeat(40_000),
        r#"a\" [29/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200"#,
    ] {
        let named = if user == "-" { String::new() } else { format!(" remote_user={user}") };
        let expect = format!(
            "body_bytes_sent=10 http_user_agent=M remote_addr=203.0.113.9{named} request=GET /x?id=1 HTTP/1.1 status=401"
        );
        assert_eq!(of_user(user), expect);
    }
}

#[test]
fn a_second_request_that_nobody_escaped_counts_as_well() {
    for line in [
        of_user(r#"x [29/Nov/2026:12:00:00 +0000] "POST /y HTTP/1.1" 200 1 "-" "-""#),
        of_user(r#"x [29/Nov/2026:12:00:00 +0000] "POST /y HTTP/1.1" 200"#),
        without_time(
            r#"203.0.113.9 - - [29/Nov/2026:12:00:00 +0000] "GET /x?id=1 HTTP/1.1" 401 1 "-" "a [29/Nov/2026:12:00:00 +0000] "POST /y HTTP/1.1" 200 5 "-"""#,
        ),
    ] {
        for part in [
            "remote_addr=203.0.113.9 ",
            "request=GET /x?id=1 ",
            "request=POST /y ",
            "status=401",
            "status=200",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    let (event, ..) = decode(
        br#"203.0.113.9 - x [29/Nov/2026:12:00:00 +0000] "A / HTTP/1.1" 200 [29/Nov/2026:12:00:00 +0000] "B / HTTP/1.1" 200 1"#,
    );
    assert!(event.meta.flags.has(Flags::DUPLICATE_KEYS));
}

#[test]
fn quotes_and_backslashes_do_not_end_a_request() {
    let of = |request: &str| {
        without_time(&format!(r#"203.0.113.9 - - [29/Nov/2026:12:00:00 +0000] "{request}" 200 1 "-" "M""#))
    };
    for request in
        [r#"GET /a?b="c" HTTP/1.1"#, r"GET /a\", r"GET /a\\", r#"GET /"[29/Nov/2026:12:00:00 +0000]"x"#, ""]
    {
        let named = if request.is_empty() { String::new() } else { format!(" request={request}") };
        let expect = format!("body_bytes_sent=1 http_user_agent=M remote_addr=203.0.113.9{named} status=200");
        assert_eq!(of(request), expect);
    }
}

#[test]
fn every_quoted_field_of_an_access_log_is_read() {
    let line = without_time(
        r#"203.0.113.9 - - [29/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "M" "198.51.100.7" 0.2 "en" up="x"#,
    );
    for part in ["http_x_forwarded_for=198.51.100.7", "request_headers.other=en", "request_headers.other=x"] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn the_client_of_an_access_log_stands_first_but_for_a_host() {
    let of =
        |head: &str| without_time(&format!(r#"{head} [29/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1"#));
    for (head, expect) in [
        ("shop.example:443 203.0.113.9 - -", "http_host=shop.example:443 remote_addr=203.0.113.9"),
        (
            "shop.example:443 203.0.113.9 - a 1.2.3.4",
            "http_host=shop.example:443 remote_addr=203.0.113.9 remote_user=a 1.2.3.4",
        ),
        ("host.example - a 1.2.3.4", "remote_addr=host.example remote_user=a 1.2.3.4"),
        ("2001:db8::9 - -", "remote_addr=2001:db8::9"),
        ("203.0.113.9 - [203.0.113.9] - a", "remote_addr=203.0.113.9 remote_user=a"),
        ("203.0.113.9 - ", "remote_addr=203.0.113.9"),
    ] {
        let line = of(head);
        let line = line.replace("body_bytes_sent=1 ", "").replace(" request=GET / HTTP/1.1 status=200", "");
        assert_eq!(line, expect, "{head}");
    }
    let wrapped = of("Nov 29 12:00:00 web1 nginx: host.example - a 1.2.3.4");
    assert!(wrapped.contains("remote_addr=host.example") && wrapped.contains("hostname=web1"), "{wrapped}");
}

/// Client and message of a line of nginx's error log.
fn of_error(rest: &str) -> (String, String) {
    let (event, _, paths) = decode(format!("2026/11/29 12:00:00 [error] 7#7: *1 {rest}").as_bytes());
    let text = |path: &str| event.get(paths.intern(path)).unwrap_or_default().to_owned();
    (text("client"), text("message"))
}

#[test]
fn text_of_a_client_is_not_taken_for_details_of_an_error() {
    let (open, details) = (
        r#"" was not found in "/etc/nginx/.htpasswd""#,
        r#", client: 203.0.113.9, server: x, request: "GET / HTTP/1.1", host: "x""#,
    );
    for user in [
        r#"a", client: 6.6.6.6, server: y"#,
        r#"a", client: 6.6.6.6, server: y, request: "GET / HTTP/1.1", host: "x"#,
        ", client: 6.6.6.6",
        ", client: , client: ",
    ] {
        let message = format!(r#"user "{user}{open}"#);
        assert_eq!(of_error(&format!("{message}{details}")), ("203.0.113.9".to_owned(), message));
    }
    let referred = format!("access forbidden by rule{details}, referrer: \"x{details}\"")
        .replace("x, client: 203.0.113.9", "x, client: 6.6.6.6");
    assert_eq!(of_error(&referred).0, "203.0.113.9");
    let loose = format!(r#"user "a": password mismatch{details}, referrer: "x, client: 6.6.6.6, server: y""#);
    assert_eq!(of_error(&loose).0, "203.0.113.9");
    // Either of the two may have been written by the server.
    let contested = format!(
        r#"user "a": password mismatch{details}, referrer: "": password mismatch, client: 6.6.6.6, server: y, request: "GET / HTTP/1.1""#
    );
    assert_eq!(of_error(&contested).0, "");
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
    for line in
        ["Traceback (most recent call last):", "{", "{\"a\"", "{\"a\":", "{\"a\" 1}", "[1,2]", "\"text\""]
    {
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
    assert!(event.meta.flags.has(Flags::DUPLICATE_KEYS));
    assert_eq!(event.all(paths.intern("a")).collect::<Vec<_>>(), ["1", "3"]);
    for line in [r#"{"a":1,"b":{"a":2}}"#, r#"{"a":[{"b":1},{"b":2}]}"#] {
        assert!(!decode(line.as_bytes()).0.meta.flags.has(Flags::DUPLICATE_KEYS), "{line}");
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
    assert_eq!(
        shape(&event, &paths.read()),
        ["a=1", r#"b:{"c":"x","d":"lost"#, r#"b.c="x""#, r#"b.d="lost""#]
    );
    assert!(event.meta.flags.has(Flags::CUT) && !event.meta.flags.has(Flags::REPAIRED));
}

#[test]
fn of_a_line_over_the_limit_both_ends_are_read() {
    let paths = Paths::new();
    let mut event = Event::default();
    let fillers =
        [format!("\"b\":\"{}\"", "x".repeat(LINE_LIMIT)), format!("\"b\":[{}1]", "1,".repeat(LINE_LIMIT))];
    for filler in fillers {
        let long = format!(r#"{{"a":1,{filler},"z":"end"}}"#);
        assert_eq!(Decoder::new(paths.clone()).decode(long.as_bytes(), false, &mut event), Outcome::Cut);
        assert_eq!(event.raw().len(), LINE_LIMIT + CUT_MARK.len());
        assert_eq!(event.get(paths.intern("a")), Some("1"));
        assert_eq!(event.get(paths.intern("z")), Some("end"));
    }
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
    let (event, outcome, _) = decode("{\"a\":".repeat(200_000).as_bytes());
    assert_eq!(outcome, Outcome::Repaired, "what is open ends with the line");
    assert!(event.meta.flags.has(Flags::OUT_OF_BOUNDS));
}

#[test]
fn there_are_as_many_fields_as_the_line_holds() {
    let mut line = String::from("{");
    for n in 0..10_000 {
        line += &format!("\"k{n}\":{n},");
    }
    line += &format!("\"list\":[{}0],\"last\":\"x\"}}", "7,".repeat(100_000));
    let (event, outcome, paths) = decode(line.as_bytes());
    assert_eq!(outcome, Outcome::Parsed);
    assert_eq!(event.fields().len(), 10_000 + 1 + 100_001 + 1);
    assert_eq!(event.get(paths.intern("last")), Some("x"));
    assert!(event.meta.flags.is_empty());
}

#[test]
fn a_long_name_is_found_when_somebody_asks_for_it() {
    let long = "k".repeat(Paths::NAME_LIMIT + 50);
    let paths = Paths::new();
    let (top, inside) = (paths.intern(&long), paths.intern(&format!("{long}.deep.er")));
    let line = format!(r#"{{"{long}":{{"x":1,"deep":{{"er":[2,3]}}}}}}"#);
    let mut event = Event::default();
    Decoder::new(paths.clone()).decode(line.as_bytes(), false, &mut event);
    assert!(event.fields().iter().any(|field| field.path == top && field.kind == Kind::Object));
    assert_eq!(event.all(inside).collect::<Vec<_>>(), ["2", "3"]);
}

/// A line that is no JSON, and what is read of it.
#[track_caller]
fn mended(line: &str, expect: &[&str]) {
    check(line, Outcome::Repaired, expect);
    assert!(decode(line.as_bytes()).0.meta.flags.has(Flags::REPAIRED), "{line}");
}

#[test]
fn an_object_without_its_end_is_read_as_far_as_it_goes() {
    mended(r#"{"a":1,"b":"x""#, &["a=1", r#"b="x""#]);
    mended(r#"{"a":1,"b":"half of a te"#, &["a=1", r#"b="half of a te""#]);
    mended(r#"{"a":1,"b":"esc\"aped and op"#, &["a=1", r#"b="esc\"aped and op""#]);
    mended(r#"{"a":1,"b":"#, &["a=1"]);
    mended(r#"{"a":1,"b"#, &["a=1"]);
    mended(r#"{"a":{"b":[1,2"#, &["a:{\"b\":[1,2", "a.b:[1,2", "a.b=1", "a.b=2"]);
    mended(r#"{"a":tru"#, &[r#"a="tru""#]);
}

#[test]
fn what_follows_an_object_is_kept_beside_it() {
    mended(r#"{"a":1} and more"#, &["a=1", r#"soctop.trailing="and more""#]);
    mended(r#"{"a":1}}"#, &["a=1", r#"soctop.trailing="}""#]);
    mended("{\"a\":1}\u{1b}[0m", &["a=1"]);
    mended(r#"{"a":1} // said the editor"#, &["a=1", r#"soctop.trailing="// said the editor""#]);
}

#[test]
fn commas_may_be_too_many_or_too_few() {
    mended(r#"{"a":1,}"#, &["a=1"]);
    mended(r#"{,"a":1,,"b":[1,,2,],}"#, &["a=1", "b:[1,,2,]", "b=1", "b=2"]);
    mended(r#"{"a":1 "b":2}"#, &["a=1", "b=2"]);
    mended(
        r#"{"a":"x" "b":{"c":1} "d":[1 2]}"#,
        &[r#"a="x""#, "b:{\"c\":1}", "b.c=1", "d:[1 2]", "d=1", "d=2"],
    );
    mended(r#"{"a":[1,2},"b":3}"#, &["a:[1,2", "a=1", "a=2", "b=3"]);
    mended(r#"{"a":{"x":1],"b":3}"#, &["a:{\"x\":1],\"b\":3}", "a.x=1", "a.b=3"]);
}

#[test]
fn comments_are_stepped_over() {
    mended(r#"{/* who */"a":1,/* x */ /* y */ "b":/* z */2/* end */}"#, &["a=1", "b=2"]);
    mended("{\"a\":1, // first\n\"b\":2 // second\n}", &["a=1", "b=2"]);
    mended(r#"{"a":1, // no end of line "b":2}"#, &["a=1", "b=2"]);
    mended(r#"{"a":1 /* never closed "b":2}"#, &["a=1"]);
}

#[test]
fn words_and_numbers_of_other_languages_are_values() {
    mended(
        r#"{"a":True,"b":None,"c":undefined,"d":01,"e":+1,"f":0x1F,"g":.5,"h":1.,"i":1_000}"#,
        &[
            "a=True",
            "b=None",
            "c=undefined",
            r#"d="01""#,
            r#"e="+1""#,
            r#"f="0x1F""#,
            r#"g=".5""#,
            r#"h="1.""#,
            r#"i="1_000""#,
        ],
    );
    mended(
        r#"{"a":False,"b":nil,"c":truest,"d":nully}"#,
        &["a=False", "b=nil", r#"c="truest""#, r#"d="nully""#],
    );
    mended(
        r#"{"id":UUID('0af7'),"at":datetime.datetime(2026, 1, 2),"n":1}"#,
        &[r#"id="UUID('0af7')""#, r#"at="datetime.datetime(2026, 1, 2)""#, "n=1"],
    );
    mended(r#"{"a":,"b":2}"#, &["b=2"]);
}

#[test]
fn quotes_may_be_single_or_missing() {
    mended(
        r"{'event': 'login_failed', 'ok': False, 'who': None, 'n': 3, 'note': 'it\'s \x41\n', 'm': {'k': ['v']}}",
        &[
            r#"event="login_failed""#,
            "ok=False",
            "who=None",
            "n=3",
            r#"note="it's A\n""#,
            "m:{'k': ['v']}",
            "m.k:['v']",
            r#"m.k="v""#,
        ],
    );
    mended(r#"{'a': "it's", u'b': u'x', "c": b"y"}"#, &[r#"a="it's""#, r#"b="x""#, r#"c="y""#]);
    mended(r#"{a: 1, b: "x"}"#, &["a=1", r#"b="x""#]);
    mended(r#"{:a=>1, "b"=>"x"}"#, &["a=1", r#"b="x""#]);
    mended(r#"{"msg":"he said "no" twice","b":1}"#, &[r#"msg="he said \"no\" twice""#, "b=1"]);
    mended(r#"{"msg":"broken" junk "b":1,"c":"x"}"#, &[r#"msg="broken""#, "b=1", r#"c="x""#]);
}

#[test]
fn an_object_behind_escapes_of_a_terminal_is_read() {
    for before in ["\u{1b}[31m", "\u{1b}", "\u{1b}]0;title\u{7}", "\0\0", "\u{feff}\u{1b}[1m "] {
        let (event, _, paths) = decode(format!("{before}{{\"a\":1}}").as_bytes());
        assert_eq!(shape(&event, &paths.read()), ["a=1"], "{before:?}");
    }
}

#[test]
fn prose_in_braces_is_no_object() {
    for line in [
        "{hello} world",
        "{user: alice} logged in",
        "{}x",
        "{{ template }}",
        "{",
        "{0} items",
        "{'a', 'b'} is a set",
    ] {
        let (event, outcome, _) = decode(line.as_bytes());
        assert_eq!((outcome, event.meta.format), (Outcome::Raw, Format::Plain), "{line}");
        assert_eq!(event.get(canonical::MESSAGE), Some(line));
    }
}

proptest! {
    /// Whatever is done to an object, its members before that place are read, and nothing panics.
    #[test]
    fn members_before_the_damage_are_read(
        at in 0_usize..200,
        put in prop::collection::vec(prop::sample::select(b"{}[]\"':,/*\\ \x1bu0x".to_vec()), 0..6),
        take in 0_usize..8,
    ) {
        let line = br#"{"event":"login_failed","user":{"name":"alice","roles":["a","b"]},"n":[1,2.5,null],"ip":"203.0.113.9"}"#;
        let at = at.min(line.len());
        let end = (at + take).min(line.len());
        let damaged = [&line[..at], &put, &line[end..]].concat();
        let (event, _, paths) = decode(&damaged);
        for field in event.fields() {
            let range = field.span.start as usize..(field.span.start + field.span.len) as usize;
            prop_assert!(event.buffer().get(range).is_some());
        }
        if at > 23 {
            prop_assert_eq!(event.get(paths.intern("event")), Some("login_failed"));
        }
    }
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
fn columns_that_a_directive_names_are_read() {
    check_format(
        "2026-11-29 12:00:01 10.0.0.1 GET /a id=1%27 443 CORP\\alice 203.0.113.9 curl/8 - 404 0 2 15",
        Format::Access,
        &[
            r#"date="2026-11-29""#,
            r#"time="12:00:01""#,
            r#"tz="Z""#,
            r#"method="GET""#,
            r#"cs-uri-stem="/a""#,
            r#"cs-uri-query="id=1%27""#,
            r#"remote_user="CORP\\alice""#,
            r#"remote_addr="203.0.113.9""#,
            r#"http_user_agent="curl/8""#,
            "status=404",
        ],
    );
    check_format(
        "2026-11-29\t12:00:00\tIAD1\t390\t203.0.113.9\tPOST\td.example\t/login\t401\t-\tcurl/8\ta=1\t-",
        Format::Access,
        &[
            r#"date="2026-11-29""#,
            r#"time="12:00:00""#,
            r#"tz="Z""#,
            "bytes_sent=390",
            "status=401",
            r#"remote_addr="203.0.113.9""#,
            r#"method="POST""#,
            r#"http_host="d.example""#,
            r#"cs-uri-stem="/login""#,
            r#"http_user_agent="curl/8""#,
            r#"cs-uri-query="a=1""#,
        ],
    );
    for line in ["#Fields: date time c-ip", "#Version: 1.0", "#separator \\x09", "#fields\tts\tuid"] {
        check(line, Outcome::Blank, &[]);
    }
    check("# a comment", Outcome::Raw, &[r##"message="# a comment""##]);
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
        Format::PostgresCsv,
        &[
            r#"timestamp="2025-11-05 08:30:07.845 UTC""#,
            r#"error_severity="FATAL""#,
            r#"pid="14648""#,
            r#"message="no such user""#,
        ],
    );
}

#[test]
fn database_records_are_read_behind_the_prefixes_that_people_configure() {
    let read = |line: &str| {
        let (event, _, paths) = decode(line.as_bytes());
        assert_eq!(event.meta.format, Format::PostgresCsv, "{line}");
        shape(&event, &paths.read()).join(" ")
    };
    assert_eq!(
        read(r#"2026-11-28 09:30:00.774 UTC [309]: [1-1] db=shop,user=admin FATAL:  no such user"#),
        r#"timestamp="2026-11-28 09:30:00.774 UTC" error_severity="FATAL" pid="309" dbname="shop" user="admin" message="no such user""#
    );
    assert_eq!(
        read("2026-11-28 09:30:00 UTC:192.0.2.7(5432) u=admin d=shop h=192.0.2.7(5432) LOG:  ready"),
        r#"timestamp="2026-11-28 09:30:00 UTC" error_severity="LOG" user="admin" dbname="shop" connection_from="192.0.2.7" message="ready""#
    );
    // Whoever logs in chooses the name: a second address in it is not believed, nor the first.
    assert_eq!(
        read("2026-11-28 09:30:00 UTC [309]: [1-1] user=a,client=198.51.100.9,client=192.0.2.7 FATAL:  x"),
        r#"timestamp="2026-11-28 09:30:00 UTC" error_severity="FATAL" pid="309" user="a" message="x""#
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
        &[r#"level="info""#, r#"time="2022-01-28T16:04:05.413656027Z""#, r#"stream="stdout""#],
    );
}

#[test]
fn an_object_in_a_text_is_data_of_the_event() {
    check_format(
        r#"{"message":"{\"event\":\"x\",\"user\":{\"name\":\"v\"}}","level":"INFO"}"#,
        Format::Json,
        &[
            r#"message="{\"event\":\"x\",\"user\":{\"name\":\"v\"}}""#,
            r#"level="INFO""#,
            r#"message.event="x""#,
            r#"message.user:{"name":"v"}"#,
            r#"message.user.name="v""#,
        ],
    );
    check_format(
        r#"2022-01-28T16:04:05Z [warn][API]: Failed sign-in {"ip":"::ffff:127.0.0.1"}"#,
        Format::TextLog,
        &[
            r#"timestamp="2022-01-28T16:04:05Z""#,
            r#"level="warn""#,
            r#"logger="API""#,
            r#"message="Failed sign-in""#,
            r#"message.ip="::ffff:127.0.0.1""#,
            r#"message.object="{\"ip\":\"::ffff:127.0.0.1\"}""#,
        ],
    );
    check_format(
        r#"request done {"status":200}"#,
        Format::TextLog,
        &[r#"message="request done""#, "message.status=200", r#"message.object="{\"status\":200}""#],
    );
    for line in [
        r#"{"level":"info","message":"{\"user\":\"victim\"}"}"#,
        r#"<14>Nov 28 09:30:00 web1 api[811]: query was {"user":"victim"}"#,
        r#"the query was {"user":"victim"}"#,
        r#"2026-11-28 09:30:00,123 - app - INFO - query was {"user":"victim"}"#,
        r#"{"log":"query was {\"user\":\"victim\"}\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}"#,
    ] {
        let (event, _, paths) = decode(line.as_bytes());
        assert_eq!(event.get(paths.intern("user")), None, "{line}");
        let name = if line.contains("\"log\"") { "log.user" } else { "message.user" };
        let quoted = shape(&event, &paths.read()).contains(&format!("{name}=\"victim\""));
        assert!(quoted, "{line}: {:?}", shape(&event, &paths.read()));
    }
}

#[test]
fn a_line_in_a_wrapper_is_read_as_if_it_stood_alone() {
    let inner = [
        (r#"{"level":"error","msg":"x"}"#, "level", "error"),
        (
            r#"203.0.113.9 - - [28/Nov/2026:09:30:00 +0000] "GET /a HTTP/1.1" 403 153 "-" "curl/8" "-""#,
            "status",
            "403",
        ),
        ("2026-11-28 09:30:00,123 - app.pay - ERROR - payment failed", "logger", "app.pay"),
        ("time=2026-11-28T09:30:00Z level=error msg=\"payment failed\" order=17", "order", "17"),
    ];
    for (line, name, value) in inner {
        let quoted = serde_json::to_string(line).unwrap_or_default();
        let wrapped = [
            ("compose", format!("api-1  | {line}")),
            ("compose", format!("\u{1b}[36mapi |\u{1b}[0m {line}")),
            ("compose", format!("api-1  | 2026-11-28T09:30:00.000000000Z {line}")),
            ("compose", format!("09:30:00 web.1  | {line}")),
            ("compose", format!("web stdout | {line}")),
            ("multilog", format!("@4000000069a40e2a075bca00 {line}")),
            ("loki", format!(r#"2026-11-28T09:30:00Z {{app="web",pod="web-1"}} {line}"#)),
            ("kafka", format!("CreateTime:1795858200000\tkey\t{line}")),
            ("cloudwatch", format!("/aws/lambda/web 2026/11/28/[$LATEST]ab12 {line}")),
            ("kubectl", format!("[pod/api-5f7d/api] {line}")),
            ("stern", format!("api-5f7d9c api {line}")),
            ("heroku", format!("2026-11-28T09:30:00.000000+00:00 app[web.1]: {line}")),
            ("cloudwatch", format!("2026-11-28T09:30:00.000000+00:00 ecs/api/0af7 {line}")),
            ("timestamps", format!("2026-11-28T09:30:00.000000000Z {line}")),
            ("cri", format!("2026-11-28T09:30:00.000000000Z stdout F {line}")),
            ("syslog", format!("<14>1 2026-11-28T09:30:00.000Z web1 api 811 - - {line}")),
            ("syslog", format!("Nov 28 09:30:00 web1 api[811]: {line}")),
            ("syslog", format!("<190>Nov 28 09:30:00 web1 api: {line}")),
            ("container", format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-11-28T09:30:00Z"}}"#)),
            ("container", format!(r#"{{"log":{quoted},"kubernetes":{{"pod_name":"api-1"}}}}"#)),
            ("journald", format!(r#"{{"__REALTIME_TIMESTAMP":"1","PRIORITY":"6","MESSAGE":{quoted}}}"#)),
            ("gelf", format!(r#"{{"version":"1.1","host":"h","short_message":{quoted},"level":6}}"#)),
            (
                "shipper",
                format!(
                    r#"{{"@timestamp":"2026-11-28T09:30:00Z","message":{quoted},"agent":{{"type":"filebeat"}}}}"#
                ),
            ),
            ("shipper", format!(r#"{{"file":"/x","host":"h","message":{quoted},"source_type":"file"}}"#)),
        ];
        for (by, text) in wrapped {
            let (event, outcome, paths) = decode(text.as_bytes());
            let (alone, ..) = decode(line.as_bytes());
            assert_eq!(event.get(paths.intern(name)), Some(value), "{text}");
            assert_eq!((event.meta.wrapper, outcome), (by, Outcome::Parsed), "{text}");
            assert_eq!(event.meta.format, alone.meta.format, "{text}");
            assert_eq!(event.meta.inner_fields as usize, alone.fields().len(), "{text}");
        }
    }
}

#[test]
fn what_looks_like_a_prefix_only_is_none() {
    for line in ["name | age | town", "ERROR | app | text", "one-1 two three", "2026-11-28 | something"] {
        let (event, outcome, _) = decode(line.as_bytes());
        assert_eq!((event.get(canonical::MESSAGE), outcome), (Some(line), Outcome::Raw), "{line}");
        assert_eq!(event.meta.wrapper, "");
    }
}

#[test]
fn a_text_of_an_event_with_fields_of_its_own_is_unpacked_by_nobody() {
    for line in [
        r#"{"level":"error","schema":"login","payload":"{\"user\":\"victim\"}"}"#,
        r#"{"level":"info","message":{"data":"eyJ1c2VyIjoidmljdGltIn0=","messageId":1}}"#,
        r#"{"level":"info","data":"eyJ1c2VyIjoidmljdGltIn0="}"#,
        r#"{"level":"info","category":"x","properties":"{\"user\":\"victim\"}"}"#,
    ] {
        let (event, _, paths) = decode(line.as_bytes());
        assert_eq!(event.get(paths.intern("user")), None, "{line}");
        assert!(event.get(paths.intern("level")).is_some(), "{line}");
    }
}

#[test]
fn a_message_of_bytes_is_a_text() {
    let bytes: Vec<u8> = "login failed\r".bytes().collect();
    let line = format!(r#"{{"__REALTIME_TIMESTAMP":"1","MESSAGE":{bytes:?}}}"#);
    let (event, ..) = decode(line.as_bytes());
    let texts: Vec<_> = event
        .fields()
        .iter()
        .filter(|field| field.kind == Kind::String)
        .map(|field| event.text(field.span))
        .collect();
    assert!(texts.contains(&"login failed"), "{texts:?}");
}

#[test]
fn pairs_that_are_all_of_a_message_are_fields() {
    for line in [
        "2026-11-20 10:00:00,123 - web - INFO - method=POST path=/login status=401",
        "I, [2026-11-20T10:00:00.123456 #812]  INFO -- : [3f1c-0aa1] [web] method=POST path=/login status=401",
    ] {
        let (event, _, paths) = decode(line.as_bytes());
        let has = |name: &str| paths.intern(name);
        assert_eq!(event.get(has("status")), Some("401"), "{line}");
        assert!(event.get(has("message")).is_some_and(|message| message.ends_with("status=401")), "{line}");
    }
    let (event, _, paths) = decode(b"2026-11-20 10:00:00,123 - web - INFO - saved a=1 b=2 status=401");
    assert_eq!(event.get(paths.intern("status")), None);
}

#[test]
fn the_context_of_monolog_is_the_events_own() {
    let line = r#"[2026-11-28T09:30:00.123456+00:00] security.WARNING: Login failed for {"username":"victim"} {"username":"alice","ip":"203.0.113.9"} {"request_id":"req-55cc1020"}"#;
    check_format(
        line,
        Format::TextLog,
        &[
            r#"timestamp="2026-11-28T09:30:00.123456+00:00""#,
            r#"level="WARNING""#,
            r#"logger="security""#,
            r#"message="Login failed for {\"username\":\"victim\"}""#,
            r#"context.username="alice""#,
            r#"context.ip="203.0.113.9""#,
            r#"extra.request_id="req-55cc1020""#,
        ],
    );
    check_format(
        r#"[2026-11-28 09:30:01] production.ERROR: Login failed {"username":"bob"} "#,
        Format::TextLog,
        &[
            r#"timestamp="2026-11-28 09:30:01""#,
            r#"level="ERROR""#,
            r#"logger="production""#,
            r#"message="Login failed""#,
            r#"context.username="bob""#,
        ],
    );
    let (event, _, paths) =
        decode(br#"[2026-11-28 09:30:01] production.ERROR: Login failed for {"username":"victim"}  "#);
    assert_eq!(event.get(paths.intern("context.username")), None, "the text may end so, without context");
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
        // The events of a list stand without what is around them.
        if !rest.replace([' ', ','], "").contains("[{") {
            prop_assert_eq!(event.raw(), line);
        }
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
            prop_assert!(!event.meta.flags.has(Flags::DUPLICATE_KEYS));
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
            // Numbers out of range are the one thing that we read as it stands and serde_json does not.
            Outcome::Parsed if event.meta.format == Format::Json => prop_assert!(strict.is_ok() || out_of_range),
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

/// Name and value of some field of each event of a line.
fn each_event(line: &str, name: &str) -> Vec<String> {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut event = Event::default();
    let mut values = Vec::new();
    let mut more = decoder.decode(line.as_bytes(), false, &mut event) != Outcome::Blank;
    while more {
        assert_eq!(event.meta.part as usize, values.len(), "{line}");
        let alone = decode(event.raw().as_bytes());
        assert_eq!(
            shape(&alone.0, &alone.2.read()),
            shape(&event, &paths.read()),
            "what is stored reads the same"
        );
        values.push(event.get(paths.intern(name)).unwrap_or_default().to_owned());
        more = decoder.decode_next(&mut event).is_some();
    }
    values
}

#[test]
fn a_line_may_hold_many_events() {
    for line in [
        r#"[{"u":"a"},{"u":"b"}]"#,
        r#"[ {"u":"a"} , {"u":"b","x":[{"u":1}]} ]"#,
        r#"{"u":"a"}{"u":"b"}"#,
        r#"{"u":"a"}, {"u":"b"}"#,
        r#"{"Records":[{"u":"a"},{"u":"b"}]}"#,
        r#"{"value":[{"u":"a"},{"u":"b"}],"@odata.nextLink":"x"}"#,
        r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","u":"a"},{"id":"2","u":"b"}]}"#,
        r#"{"events":[{"u":"a"},{"u":"b"}]}"#,
    ] {
        assert_eq!(each_event(line, "u"), ["a", "b"], "{line}");
    }
    let group = r#"{"logGroup":"g","logEvents":[{"message":"x"},{"message":"y"}]}"#;
    assert_eq!(each_event(group, "logGroup"), ["g", "g"], "what the container says is said of each");
    assert_eq!(each_event(r#"{"Records":[{"u":"a"}]}"#, "u"), ["a"]);
    assert_eq!(each_event(r#"{"u":"a"} {"u":"b"} and text"#, "soctop.trailing"), ["", "and text"]);
}

#[test]
fn a_batch_in_a_wrapper_is_many_events_in_that_wrapper() {
    let batches = [
        r#"{"Records":[{"user":"a"},{"user":"b"}]}"#,
        r#"[{"user":"a"},{"user":"b"}]"#,
        r#"{"user":"a"}{"user":"b"}"#,
    ];
    for batch in batches {
        let quoted = serde_json::Value::from(format!("{batch}\n")).to_string();
        let docker = format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-11-28T09:30:00.1Z"}}"#);
        let twice = serde_json::Value::from(docker.clone()).to_string();
        for (line, name, outer) in [
            (docker.clone(), "stream", "stdout"),
            (format!("2026-11-28T09:30:00.1Z stdout F {batch}"), "stream", "stdout"),
            (format!("<34>Nov 28 09:30:00 web1 app[42]: {batch}"), "program", "app"),
            (format!("<34>1 2026-11-28T09:30:00Z web1 app 42 - - {batch}"), "program", "app"),
            (format!("api-1  | {batch}"), "container.name", "api-1"),
            (format!("<34>Nov 28 09:30:00 web1 dockerd[42]: {docker}"), "stream", "stdout"),
            (format!(r#"{{"MESSAGE":{},"_PID":"7"}}"#, serde_json::Value::from(batch)), "_PID", "7"),
            (format!(r#"{{"MESSAGE":{twice},"_HOSTNAME":"web1"}}"#), "stream", "stdout"),
        ] {
            assert_eq!(each_event(&line, "user"), ["a", "b"], "{line}");
            assert_eq!(each_event(&line, name), [outer, outer], "{line}");
        }
    }
}

#[test]
fn wrappers_are_not_repeated_without_end() {
    let records = vec![r#"{"a":1}"#; 3_000].join(",");
    let line = format!("<34>Nov 28 09:30:00 web1 app[42]: [{records}]");
    assert_eq!(each_event(&line, "program").len(), 3_000);
    let quoted = serde_json::Value::from(format!("[{records}]")).to_string();
    let name = "n".repeat(10_000);
    let line = format!(r#"{{"log":{quoted},"stream":"stdout","container_name":"{name}"}}"#);
    let named = each_event(&line, "container_name").iter().filter(|held| **held == name).count();
    assert!((100..1_000).contains(&named), "{named}");
    assert_eq!(each_event(&line, "a"), vec!["1"; 3_000]);
}

#[test]
fn a_list_in_an_event_is_no_batch() {
    for line in [
        r#"{"u":"a","events":[{"u":"b"},{"u":"c"}]}"#,
        r#"{"level":"info","msg":"x","value":[{"u":"b"}],"u":"a"}"#,
        r#"{"u":"a","Records":["x","y"]}"#,
        r#"{"u":"a","events":[]}"#,
    ] {
        assert_eq!(each_event(line, "u"), ["a"], "{line}");
    }
    assert_eq!(each_event("[1,2]", "message"), ["[1,2]"]);
    assert_eq!(each_event("[]", "message"), ["[]"]);
}

#[test]
fn a_record_of_telemetry_has_its_attributes_by_name() {
    let record = |n: u32, user: &str| {
        format!(
            r#"{{"timeUnixNano":"179585820000000000{n}","severityText":"WARN","body":{{"stringValue":"login failed"}},"attributes":[{{"key":"user.name","value":{{"stringValue":"{user}"}}}},{{"key":"n","value":{{"intValue":"{n}"}}}}],"traceId":"0af7{n}"}}"#
        )
    };
    let scope =
        |name: &str, records: &str| format!(r#"{{"scope":{{"name":"{name}"}},"logRecords":[{records}]}}"#);
    let resource = |name: &str, scopes: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{name}"}}}}]}},"scopeLogs":[{scopes}]}}"#
        )
    };
    let two = [record(1, "alice"), record(2, "bob")].join(",");
    let one = record(3, "carol");
    let shop = resource("shop", &[scope("auth", &two), scope("pay", &one)].join(","));
    let other = resource("mail", &scope("smtp", &record(4, "dave")));
    let line = format!(r#"{{"resourceLogs":[{shop},{other}]}}"#);
    assert_eq!(each_event(&line, "user.name"), ["alice", "bob", "carol", "dave"]);
    assert_eq!(each_event(&line, "service.name"), ["shop", "shop", "shop", "mail"]);
    assert_eq!(each_event(&line, "traceId"), ["0af71", "0af72", "0af73", "0af74"]);
    assert_eq!(each_event(&line, "body"), ["login failed"; 4]);
    let spans = r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"name":"GET /a","traceId":"x","attributes":[{"key":"u","value":{"stringValue":"a"}}]},{"name":"GET /b"}]}]}]}"#;
    assert_eq!(each_event(spans, "name"), ["GET /a", "GET /b"]);
    assert_eq!(each_event(spans, "u"), ["a", ""]);
}

#[test]
fn what_a_batch_says_of_all_its_records_is_not_repeated_without_end() {
    let big = "x".repeat(200_000);
    let records = vec!["{\"traceId\":\"t\"}"; 500].join(",");
    let line = format!(
        r#"{{"resourceLogs":[{{"resource":{{"big":"{big}"}},"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#
    );
    let mut decoder = Decoder::new(Paths::new());
    let mut event = Event::default();
    decoder.decode(line.as_bytes(), false, &mut event);
    let (mut bytes, mut flagged) = (0, 0);
    while decoder.decode_next(&mut event).is_some() {
        bytes += event.raw().len();
        flagged += usize::from(event.meta.flags.has(Flags::OUT_OF_BOUNDS));
    }
    assert!(bytes < 9 << 20, "{bytes}");
    assert!(flagged > 400, "{flagged}");
}

proptest! {
    #[test]
    fn objects_after_each_other_are_events_in_their_order(users in prop::collection::vec("[a-z]{1,6}", 2..20), form in 0_usize..5) {
        let objects: Vec<String> = users.iter().map(|user| format!(r#"{{"u":"{user}","t":"x }}, {{"}}"#)).collect();
        let line = match form {
            0 => objects.concat(),
            1 => objects.join(" "),
            2 => format!("[{}]", objects.join(",")),
            3 => format!(r#"{{"Records":[{}]}}"#, objects.join(" , ")),
            _ => format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, objects.join(",")),
        };
        prop_assert_eq!(each_event(&line, "u"), users);
    }
}
