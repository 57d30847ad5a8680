//! Correlation ids: what may be one, and where they hide in a message.

use std::borrow::Cow;

use super::value::is_placeholder;
use crate::event::number::offset_in;

/// Shortest and longest text that is taken for an id as it stands; of a longer one its beginning stands, with the
/// hash of the whole.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=1_024;
/// How much of an id that is too long is kept.
const KEPT: usize = 64;

/// The id in the value of a field that is named like one, in the spelling that all tools share. Placeholders, zeros
/// and texts with spaces are none. Of what carries a trace in a known way (W3C `traceparent`, B3, AWS, Google,
/// Jaeger, .NET) it is the trace; brackets and quotes around it are none of it; hexadecimal ids are in lower case.
pub(super) fn of_value(text: &str) -> Option<Cow<'_, str>> {
    if is_usual(text.as_bytes()) { Some(Cow::Borrowed(text)) } else { unusual(text) }
}

fn unusual(text: &str) -> Option<Cow<'_, str>> {
    let text = bare(text);
    let Some(trace) = trace(text) else { return plain(text) };
    match trace {
        Cow::Borrowed(trace) => plain(trace),
        Cow::Owned(trace) => plain(&trace).map(|id| Cow::Owned(id.into_owned())),
    }
}

/// A UUID or a trace as most write it, which stays as it is.
fn is_usual(text: &[u8]) -> bool {
    let lower = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match text.len() {
        32 => text.iter().all(lower) && !text.starts_with(&[b'0'; 16]),
        36 => {
            is_uuid(text)
                && !text.iter().any(u8::is_ascii_uppercase)
                && text.iter().any(|byte| !matches!(byte, b'0' | b'-'))
        }
        _ => false,
    }
}

fn plain(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let usable = bytes.len() >= *LENGTHS.start()
        && bytes.iter().all(|byte| byte.is_ascii_graphic())
        && !is_placeholder(text)
        && bytes.iter().any(|byte| !matches!(byte, b'0' | b'-' | b'.' | b'*' | b'x' | b'X'));
    if !usable {
        return None;
    }
    if bytes.len() > *LENGTHS.end() {
        let kept = text.get(..KEPT).unwrap_or_default();
        return Some(Cow::Owned(format!("{kept}..{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))));
    }
    Some(same_case(text))
}

/// Hexadecimal ids in lower case; others may be told apart by case.
fn same_case(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let upper = bytes.iter().any(u8::is_ascii_uppercase);
    let hexadecimal = bytes.len() >= 16 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    if upper && hexadecimal { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// Without what is written around ids.
fn bare(text: &str) -> &str {
    let mut text = text.trim_ascii();
    for (open, close) in [('"', '"'), ('\'', '\''), ('[', ']'), ('{', '}'), ('<', '>'), ('(', ')')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|text| text.strip_suffix(close)) {
            text = inner.trim_ascii();
        }
    }
    text.strip_prefix("urn:uuid:").unwrap_or(text)
}

/// The trace in a value that is more than its id.
fn trace(text: &str) -> Option<Cow<'_, str>> {
    if let Some(list) = text.split_once(',').map(|_| text.split(',')) {
        // `shop,trace,span`, as Spring writes it.
        return list.map(str::trim).find(|id| is_trace(id) || is_uuid(id.as_bytes())).map(Cow::Borrowed);
    }
    traceparent(text)
        .or_else(|| amazon(text))
        .or_else(|| google(text))
        .or_else(|| jaeger(text))
        .or_else(|| b3(text))
        .or_else(|| hierarchical(text))
        .or_else(|| is_trace(text).then(|| without_padding(text)))
}

/// 16 or 32 hexadecimal digits.
fn is_trace(text: &str) -> bool {
    matches!(text.len(), 16 | 32) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Traces of 64 bits are written with zeros before them where there is room for 128.
fn without_padding(trace: &str) -> Cow<'_, str> {
    let short = trace.get(16..).filter(|short| !short.is_empty() && trace.starts_with("0000000000000000"));
    Cow::Borrowed(short.unwrap_or(trace))
}

/// `00-<32 digits>-<16 digits>-01`.
fn traceparent(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if bytes.len() != 55
        || bytes.get(2) != Some(&b'-')
        || bytes.get(35) != Some(&b'-')
        || bytes.get(52) != Some(&b'-')
    {
        return None;
    }
    text.get(3..35).filter(|trace| is_trace(trace)).map(without_padding)
}

/// `Root=1-<8 digits>-<24 digits>;Parent=..;Sampled=1`, and the root alone: the digits are those of W3C's trace.
fn amazon(text: &str) -> Option<Cow<'_, str>> {
    let root = text.split(';').find_map(|pair| pair.trim().strip_prefix("Root=")).unwrap_or(text);
    let (time, unique) = root.strip_prefix("1-")?.split_once('-')?;
    let trace = format!("{time}{unique}");
    (time.len() == 8 && is_trace(&trace)).then_some(Cow::Owned(trace))
}

/// `<32 digits>/<span>;o=1`, `projects/<name>/traces/<32 digits>`.
fn google(text: &str) -> Option<Cow<'_, str>> {
    let trace = match text.strip_prefix("projects/") {
        Some(rest) => rest.split_once("/traces/")?.1,
        None => text.split_once('/')?.0,
    };
    (trace.len() == 32 && is_trace(trace)).then(|| without_padding(trace))
}

/// `<trace>:<span>:<parent>:<flags>`, without the zeros that a number begins with.
fn jaeger(text: &str) -> Option<Cow<'_, str>> {
    let mut parts = text.split(':').flat_map(|part| part.split("%3A"));
    let trace = parts.next()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(digits(trace)
        && trace.len() <= 32
        && parts.by_ref().take(3).filter(|part| digits(part)).count() == 3)
    {
        return None;
    }
    let width = if trace.len() > 16 { 32 } else { 16 };
    Some(if trace.len() == width { without_padding(trace) } else { Cow::Owned(format!("{trace:0>width$}")) })
}

/// `<trace>-<span>-<sampled>-<parent>`: B3 in one header, Sentry, and Spring's brackets.
fn b3(text: &str) -> Option<Cow<'_, str>> {
    let mut parts = text.split('-');
    let (trace, span) = (parts.next()?, parts.next()?);
    (is_trace(trace) && span.len() == 16 && is_trace(span)).then(|| without_padding(trace))
}

/// `|<trace>.<span>.`: .NET's hierarchical ids.
fn hierarchical(text: &str) -> Option<Cow<'_, str>> {
    let (root, _) = text.strip_prefix('|')?.split_once('.')?;
    Some(Cow::Borrowed(root))
}

/// Calls `found` with every id that a message names: `[id] text`, `request_id=id`, `[Request-ID: id]`, and
/// a UUID at its end.
pub(super) fn in_message<'m>(message: &'m str, mut found: impl FnMut(&'m str)) {
    if let Some(id) = prefix(message) {
        found(id);
    }
    if let Some(id) = last_uuid(message) {
        found(id);
    }
    named(message, &mut found);
}

/// The id in `[id] text`: a UUID, or at least eight letters and digits of which some are digits; the trace of
/// `[service,trace,span]`.
fn prefix(message: &str) -> Option<&str> {
    let (id, _) = message.strip_prefix('[')?.split_once(']')?;
    let trace = id.split(',').map(str::trim).find(|part| id.contains(',') && is_trace(part));
    trace.or_else(|| looks_random(id).then_some(id))
}

fn looks_random(id: &str) -> bool {
    let bytes = id.as_bytes();
    if is_uuid(bytes) {
        return true;
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    (8..=64).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && digits >= 2
        && letters >= 1
}

/// 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn last_uuid(message: &str) -> Option<&str> {
    let end = message.trim_end_matches([' ', ')', ']', '.']);
    let start = end.len().checked_sub(36)?;
    if end.as_bytes().get(start + 8) != Some(&b'-') {
        return None;
    }
    let apart = start == 0 || !end.as_bytes().get(start - 1).is_some_and(u8::is_ascii_alphanumeric);
    let id = end.get(start..)?;
    (apart && is_uuid(id.as_bytes())).then_some(id)
}

/// `request_id=id`, `Request-ID: id`, `correlation id "id"`, `trace_id='id'`.
fn named<'m>(message: &'m str, found: &mut impl FnMut(&'m str)) {
    const NAMES: [&str; 4] = ["request", "correlation", "trace", "req"];
    let bytes = message.as_bytes();
    let mut from = 0;
    for at in memchr::memchr2_iter(b'd', b'D', bytes) {
        // `id`, behind a separator or an upper-case I, behind one of the names.
        let Some(letter) = at.checked_sub(1).filter(|letter| *letter >= from) else { continue };
        if !bytes.get(letter).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'i')) {
            continue;
        }
        let before = message.get(..letter).unwrap_or_default();
        if !NAMES.iter().any(|word| ends_with(before.trim_end_matches(['_', '-', ' ']), word)) {
            continue;
        }
        let Some(id) = value_of_name(message.get(at + 1..).unwrap_or_default()) else { continue };
        // No byte is looked at for two names.
        from = offset_in(id, message) + id.len();
        let id = id.trim_end_matches('.');
        if id.len() >= 6 && of_value(id).is_some() {
            found(id);
        }
    }
}

fn ends_with(text: &str, word: &str) -> bool {
    let end = text.len().checked_sub(word.len()).and_then(|from| text.get(from..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// What may be an id in `=id`, `": "id"` and the like.
fn value_of_name(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches(['"', '\'']).strip_prefix(['=', ':'])?;
    let rest = rest.trim_start_matches([' ', '"', '\'', '[', '{', '<']);
    let is_id =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'=');
    let end = rest.bytes().take_while(|byte| is_id(byte)).count();
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "de38ed15-9ee8-4305-8231-ffcbf19360b2";

    #[test]
    fn placeholders_are_no_ids() {
        for text in [
            "",
            "-",
            "null",
            "None",
            "unknown",
            "N/A",
            "...",
            "0",
            "000",
            "00000000-0000-0000-0000-000000000000",
            "two words",
            "ab",
            "00-00000000000000000000000000000000-0000000000000000-00",
            "***",
        ] {
            assert_eq!(of_value(text).as_deref(), None, "{text}");
        }
    }

    #[test]
    fn usual_ids_are_what_a_closer_look_makes_of_them() {
        let mut usual = 0;
        for text in [
            UUID,
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "01234567890123456789012345678901",
            "0000000000000000a3ce929d0e0e4736",
            "4BF92F3577B34DA6A3CE929D0E0E4736",
            "DE38ED15-9ee8-4305-8231-ffcbf19360b2",
            "00000000-0000-0000-0000-000000000000",
            "1-580d6a2a-58bb56f6e7cd6d1a4bf92f",
        ] {
            if is_usual(text.as_bytes()) {
                usual += 1;
                assert_eq!(unusual(text).as_deref(), Some(text));
            }
        }
        assert_eq!(usual, 3);
    }

    #[test]
    fn one_trace_has_one_spelling() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        const SHORT: &str = "a3ce929d0e0e4736";
        for (text, expect) in [
            (" req-1 ".to_owned(), "req-1"),
            ("Ab-Cd".to_owned(), "Ab-Cd"),
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), TRACE),
            (TRACE.to_uppercase(), TRACE),
            ("Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1".to_owned(), TRACE),
            (
                "Self=1-67891234-12456789abcdef012345678a;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736"
                    .to_owned(),
                TRACE,
            ),
            ("1-4bf92f35-77b34da6a3ce929d0e0e4736".to_owned(), TRACE),
            (format!("{TRACE}/12345678901234567;o=1"), TRACE),
            (format!("projects/shop-1/traces/{TRACE}"), TRACE),
            (format!("{TRACE}:00f067aa0ba902b7:0:1"), TRACE),
            (format!("{TRACE}%3A00f067aa0ba902b7%3A0%3A1"), TRACE),
            (format!("{TRACE}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90"), TRACE),
            (format!("|{TRACE}.00f067aa0ba902b7."), TRACE),
            (format!("shop,{TRACE},00f067aa0ba902b7"), TRACE),
            (format!("0000000000000000{SHORT}"), SHORT),
            (format!("{SHORT}:1:0:1"), SHORT),
            ("3ce929d0e0e4736:1:0:1".to_owned(), "03ce929d0e0e4736"),
            (format!("[{UUID}]"), UUID),
            (format!("{{{}}}", UUID.to_uppercase()), UUID),
            (format!("urn:uuid:{UUID}"), UUID),
            (format!("\"{UUID}\""), UUID),
        ] {
            assert_eq!(of_value(&text).as_deref(), Some(expect), "{text}");
        }
    }

    #[test]
    fn a_long_id_is_one_whatever_its_length() {
        let long = "a1".repeat(200);
        assert_eq!(of_value(&long).as_deref(), Some(long.as_str()));
        let (first, second) = (format!("{}x", "a1".repeat(600)), format!("{}y", "a1".repeat(600)));
        let ids = [&first, &second].map(|text| of_value(text).map(Cow::into_owned).unwrap_or_default());
        assert_ne!(ids[0], ids[1]);
        assert_eq!(Some(ids[0].as_str()), of_value(&first).as_deref());
        assert_eq!(ids[0].len(), KEPT + 2 + 32);
    }

    #[test]
    fn ids_are_found_in_messages() {
        let long = "a1".repeat(160);
        for (message, expect) in [
            (format!("[{UUID}] Incoming request"), vec![UUID]),
            (format!("🌐 GET /health - 200 - 1.24ms - 10.30.0.5 - {UUID}"), vec![UUID]),
            (format!("done request_id={UUID}, next"), vec![UUID]),
            (format!("Request started: GET / [Request-ID: {UUID}]"), vec![UUID, UUID]),
            (format!("x {{\"correlation_id\": \"{UUID}\"}}"), vec![UUID]),
            ("traceId: 4bf92f3577b34da6".to_owned(), vec!["4bf92f3577b34da6"]),
            ("[a1b2c3d4e5] text".to_owned(), vec!["a1b2c3d4e5"]),
            (
                "[shop,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7] paid".to_owned(),
                vec!["4bf92f3577b34da6a3ce929d0e0e4736"],
            ),
            (format!("request_id={long}"), vec![long.as_str()]),
            ("Request started: GET / [Request-ID: ]".to_owned(), vec![]),
            ("[warn][API]: Failed sign-in".to_owned(), vec![]),
            ("[12345678] text".to_owned(), vec![]),
            ("[2025-11-01] text".to_owned(), vec![]),
            ("did the request id: unknown".to_owned(), vec![]),
            ("é".to_owned(), vec![]),
        ] {
            let mut found = Vec::new();
            in_message(&message, |id| found.push(id));
            assert_eq!(found, expect, "{message}");
        }
    }
}
