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

proptest! {
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
