use super::*;
use crate::yaml::{NodeValue, Position};

const MINUTE: Nanos = 60_000_000_000;

/// A node from JSON, which is enough of YAML here; every node stands at 1:1.
fn node(json: &str) -> Node {
    let value: serde_json::Value = serde_json::from_str(json).expect("the test writes JSON");
    convert(&value)
}

fn convert(value: &serde_json::Value) -> Node {
    let at = Position { file: "rule.yml".into(), line: 1, column: 1 };
    let value = match value {
        serde_json::Value::Null => NodeValue::Null,
        serde_json::Value::Bool(value) => NodeValue::Bool(*value),
        serde_json::Value::Number(number) => NodeValue::Number(number.to_string()),
        serde_json::Value::String(text) => NodeValue::String(text.clone()),
        serde_json::Value::Array(items) => NodeValue::List(items.iter().map(convert).collect()),
        serde_json::Value::Object(map) => NodeValue::Map(
            map.iter()
                .map(|(key, value)| (Spanned { value: key.clone(), at: at.clone() }, convert(value)))
                .collect(),
        ),
    };
    Node { value, at }
}

fn accept(json: &str) -> Extension {
    let (extension, diagnostics) = parse(&node(json));
    assert_eq!(diagnostics, [], "{json}");
    extension.expect("no diagnostics")
}

fn refuse(json: &str) -> String {
    let (extension, diagnostics) = parse(&node(json));
    assert!(extension.is_none(), "{json} was accepted");
    let first = &diagnostics[0];
    match &first.hint {
        Some(hint) => format!("{}; {hint}", first.message),
        None => first.message.clone(),
    }
}

#[test]
fn an_empty_block_changes_nothing() {
    assert_eq!(accept(r#"{"schema": 1}"#), Extension::default());
}

#[test]
fn a_lockout_block_is_read() {
    let block = accept(
        r#"{"schema": 1, "show": "{user.name} locked out from {source.ip}",
            "alert": {"suppress": "15m", "rearm_below": 3, "close_after": "10m"},
            "reset_on": "login_success", "risk": {"points": 20, "entity": ["user.name", "source.ip"]},
            "states": {"board": "lockout", "initial": "normal", "entity": "user.name",
                "on": ["normal > firing > locked", "locked > login_success > normal", "* > account_locked > locked"],
                "timeout": "locked 15m normal", "alert": "locked", "logged": ["account_locked"]}}"#,
    );
    assert_eq!(block.alert.suppress, Some(15 * MINUTE));
    assert_eq!(block.reset_on[0].value, "login_success");
    let show = block.show.expect("given");
    assert_eq!(show.fields().collect::<Vec<_>>(), ["user.name", "source.ip"]);
    let states = block.states.expect("given");
    assert_eq!(states.names, ["normal", "locked"]);
    assert_eq!(states.alert, [1]);
    assert_eq!(states.resting, [0]);
    assert_eq!(states.timeouts, [StateTimeout { state: 1, after: 15 * MINUTE, to: 0 }]);
    assert_eq!(states.on[2].from, StateFrom::Any);
}

#[test]
fn window_kinds_are_implied_by_their_settings() {
    assert_eq!(accept(r#"{"schema": 1, "last": 100}"#).window, WindowKind::Last { count: 100 });
    assert_eq!(accept(r#"{"schema": 1, "gap": "5m"}"#).window, WindowKind::Session { gap: 5 * MINUTE });
    assert_eq!(accept(r#"{"schema": 1, "window": "tumbling"}"#).window, WindowKind::Tumbling);
    let bucket =
        accept(r#"{"schema": 1, "window": "bucket", "bucket": {"capacity": 5, "leak": "10s"}}"#).bucket;
    assert_eq!(bucket, Some(Bucket { capacity: 5, leak: 10_000_000_000 }));
}

#[test]
fn shares_may_be_percent() {
    let block = accept(r#"{"schema": 1, "interval": {"of_last": 5, "jitter_lte": "10%"}}"#);
    assert_eq!(block.interval.expect("given").jitter_lte, Some(0.1));
    let block = accept(r#"{"schema": 1, "ratio": {"of": "a", "in": "b", "gte": 0.5, "min": 20}}"#);
    assert_eq!(block.ratio.expect("given").min, 20);
}

#[test]
fn learning_may_take_no_time() {
    let block = accept(r#"{"schema": 1, "first_seen": {"field": "user.name", "learn": "0s"}}"#);
    assert_eq!(block.first_seen.expect("given").learn, 0);
}

#[test]
fn alerts_can_be_switched_off() {
    assert!(!accept(r#"{"schema": 1, "alert": false}"#).alert.enabled);
}

#[test]
fn mistakes_are_named_with_a_suggestion() {
    for (block, expect) in [
        (r#"{"show": "x"}"#, "the `soctop` block lacks `schema`; write `schema: 1` as its first key"),
        (r#"{"schema": 2}"#, "`schema` must be 1, the only version there is"),
        (r#"{"schema": 1, "supress": "1m"}"#, "unknown key `supress` in `soctop`; the keys of `soctop` are"),
        (
            r#"{"schema": 1, "alert": {"supress": "1m"}}"#,
            "unknown key `supress` in `alert`; did you mean `suppress`?",
        ),
        (r#"{"schema": 1, "lateness": "soon"}"#, "not a duration; write a whole number and a unit"),
        (r#"{"schema": 1, "show": "{user"}"#, "`show` has a `{` without its `}`"),
        (r#"{"schema": 1, "window": "slide"}"#, "unknown `window`: `slide`; one of `sliding`, `tumbling`"),
        (r#"{"schema": 1, "window": "session"}"#, "`window: session` lacks `gap`"),
        (r#"{"schema": 1, "bucket": {"capacity": 5}}"#, "`leak` is missing"),
        (r#"{"schema": 1, "last": 3, "gap": "5m", "window": "session"}"#, "`window` contradicts"),
        (r#"{"schema": 1, "states": {"initial": "a", "on": "a > b"}}"#, "`a > b` is not a transition"),
        (
            r#"{"schema": 1, "states": {"initial": "closed", "on": "closed > x > open", "alert": "opne"}}"#,
            "no transition names the state `opne`; did you mean `open`?",
        ),
        (r#"{"schema": 1, "risk": {"points": -1, "entity": "user.name"}}"#, "`points` must be more than 0"),
        (r#"{"schema": 1, "interval": {"of_last": 4}}"#, "`interval` needs one of"),
        (r#"[]"#, "`soctop` must be a mapping"),
    ] {
        let message = refuse(block);
        assert!(message.starts_with(expect), "{block}\n  got {message}\n  expected {expect}");
    }
}

#[test]
fn templates_fill_fields_and_keep_doubled_braces() {
    let template = Template::parse("{{{a}}} {b}").expect("valid");
    assert_eq!(template.fill(|name| (name == "a").then(|| "1".into())), "{1} something");
    let template = Template::parse("{user.name} came from {source.ip}").expect("valid");
    assert_eq!(template.fill(|_| None), "somebody came from an unknown address");
}

#[test]
fn durations_have_a_unit_and_fit() {
    assert_eq!(duration("500ms"), Some(500_000_000));
    assert_eq!(duration("2w"), Some(14 * 24 * 60 * MINUTE));
    for bad in ["", "5", "m", "0s", "-1s", "1.5h", "5 m", "99999999999y"] {
        assert_eq!(duration(bad), None, "{bad}");
    }
}

#[test]
fn a_timeout_without_a_next_state_ends_in_the_initial_one() {
    let block = accept(
        r#"{"schema": 1, "states": {"initial": "closed", "on": "closed > firing > open", "timeout": "open 5m"}}"#,
    );
    let states = block.states.expect("states");
    assert_eq!(states.timeouts, [StateTimeout { state: 1, after: 5 * MINUTE, to: 0 }]);
}
