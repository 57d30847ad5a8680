//! Correlation ids: what may be one, and where they hide in a message.

use super::value::is_placeholder;

/// Shortest and longest text that is taken for an id.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=128;

/// The id in the value of a field that is named like one. Placeholders, zeros and texts with spaces
/// are none; of a W3C `traceparent` it is the trace.
pub(super) fn of_value(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    if let Some(trace) = traceparent(text) {
        return of_value(trace);
    }
    let bytes = text.as_bytes();
    let usable = LENGTHS.contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_graphic())
        && !is_placeholder(text)
        && bytes.iter().any(|byte| !matches!(byte, b'0' | b'-' | b'.' | b'*' | b'x' | b'X'));
    usable.then_some(text)
}

/// `00-<32 digits>-<16 digits>-01`.
fn traceparent(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    if bytes.len() != 55
        || bytes.get(2) != Some(&b'-')
        || bytes.get(35) != Some(&b'-')
        || bytes.get(52) != Some(&b'-')
    {
        return None;
    }
    let trace = text.get(3..35)?;
    trace.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(trace)
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

/// The id in `[id] text`: a UUID, or at least eight letters and digits of which some are digits.
fn prefix(message: &str) -> Option<&str> {
    let (id, _) = message.strip_prefix('[')?.split_once(']')?;
    looks_random(id).then_some(id)
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
    for at in memchr::memchr2_iter(b'd', b'D', bytes) {
        // `id`, behind a separator or an upper-case I, behind one of the names.
        let Some(letter) = at.checked_sub(1) else { continue };
        if !bytes.get(letter).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'i')) {
            continue;
        }
        let before = message.get(..letter).unwrap_or_default();
        let name = before.trim_end_matches(['_', '-', ' ']);
        let ends_with = |word: &str| {
            name.len()
                .checked_sub(word.len())
                .and_then(|from| name.get(from..))
                .is_some_and(|end| end.eq_ignore_ascii_case(word))
        };
        if !NAMES.iter().any(|word| ends_with(word)) {
            continue;
        }
        let rest = message.get(at + 1..).unwrap_or_default();
        let rest = rest.trim_start_matches(['"', '\'']);
        let Some(rest) = rest.strip_prefix(['=', ':']) else { continue };
        let rest = rest.trim_start_matches([' ', '"', '\'']);
        let is_id = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'=')
        };
        // One byte beyond the longest id tells that this is none, however far it goes on.
        let end = rest.bytes().take(LENGTHS.end() + 1).take_while(|byte| is_id(byte)).count();
        if let Some(id) = rest.get(..end).and_then(of_value).filter(|id| id.len() >= 6) {
            found(id.trim_end_matches('.'));
        }
    }
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
            assert_eq!(of_value(text), None, "{text}");
        }
        assert_eq!(of_value(" req-1 "), Some("req-1"));
        assert_eq!(
            of_value("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
    }

    #[test]
    fn ids_are_found_in_messages() {
        for (message, expect) in [
            (format!("[{UUID}] Incoming request"), vec![UUID]),
            (format!("🌐 GET /health - 200 - 1.24ms - 10.30.0.5 - {UUID}"), vec![UUID]),
            (format!("done request_id={UUID}, next"), vec![UUID]),
            (format!("Request started: GET / [Request-ID: {UUID}]"), vec![UUID, UUID]),
            (format!("x {{\"correlation_id\": \"{UUID}\"}}"), vec![UUID]),
            ("traceId: 4bf92f3577b34da6".to_owned(), vec!["4bf92f3577b34da6"]),
            ("[a1b2c3d4e5] text".to_owned(), vec!["a1b2c3d4e5"]),
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
