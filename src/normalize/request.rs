//! Requests as the application behind them reads them: decoded, for rules that look for payloads.
//!
//! Attacks hide behind layers of encoding, each of which some program on the way removes. Rules
//! should not spell out every combination, so the decoded text of a request is a field of its own
//! (`soctop.request.decoded`), made only where there is anything that could be a payload.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// How often percent-encoding is removed: as often as real chains of proxies and frameworks do.
const LAYERS: usize = 3;
/// What makes a path sensitive without one unusual character.
static SENSITIVE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let parts =
        ["etc/", "proc/", "sys/class", "-inf", "windows", "winnt", "inetpub", "id_rsa", "//", "__", "aaaa"];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(parts)
        .expect("the parts are few and short")
});
/// How much of a request is decoded; payloads stand early, and rules cost time by length.
const LENGTH_LIMIT: usize = 8_192;

/// Whether a path and query can hold a payload at all. Most requests are plain words and slashes.
pub(super) fn is_plain(path: &str, query: &str) -> bool {
    let plain_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    let plain_query =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'=' | b'&' | b',');
    path.len() <= 256
        && path.bytes().all(plain_byte)
        && query.bytes().all(plain_query)
        && !SENSITIVE.is_match(path)
}

/// Appends the decoded form of `text` to `out`: `+` is a space, percent-encoding is removed up to three
/// times, then HTML entities and the escapes `\uXXXX`, `\xXX`, `%uXXXX`; NUL is left out.
pub(super) fn decode(text: &str, out: &mut Vec<u8>) {
    let mut end = text.len().min(LENGTH_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let start = out.len();
    out.extend(text.bytes().take(end).map(|byte| if byte == b'+' { b' ' } else { byte }));
    for _ in 0..LAYERS {
        if !unescape(out, start, percent) {
            break;
        }
    }
    unescape(out, start, entity);
    unescape(out, start, backslash);
    out.retain(|byte| *byte != 0);
}

/// Replaces escapes from `start` on, in place; whether there was any. `read` gives the character and the
/// length of the escape at the beginning of a text.
fn unescape(text: &mut Vec<u8>, start: usize, read: fn(&[u8]) -> Option<(Decoded, usize)>) -> bool {
    let (mut from, mut to) = (start, start);
    while from < text.len() {
        match text.get(from..).and_then(read) {
            Some((decoded, length)) => {
                let mut buffer = [0; 4];
                let bytes = match decoded {
                    Decoded::Byte(byte) => {
                        buffer[0] = byte;
                        &buffer[..1]
                    }
                    Decoded::Character(character) => character.encode_utf8(&mut buffer).as_bytes(),
                };
                // An escape is never shorter than what it stands for.
                for byte in bytes {
                    text[to] = *byte;
                    to += 1;
                }
                from += length;
            }
            None => {
                text[to] = text[from];
                to += 1;
                from += 1;
            }
        }
    }
    let changed = to < text.len();
    text.truncate(to);
    changed
}

enum Decoded {
    Byte(u8),
    Character(char),
}

/// `%41`, `%u0041`
fn percent(text: &[u8]) -> Option<(Decoded, usize)> {
    let rest = text.strip_prefix(b"%")?;
    if let [b'u' | b'U', rest @ ..] = rest {
        return Some((Decoded::Character(char::from_u32(hex(rest, 4)?)?), 6));
    }
    Some((Decoded::Byte(hex(rest, 2)? as u8), 3))
}

/// `\u0041`, `\x41`
fn backslash(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [b'\\', b'u', rest @ ..] => Some((Decoded::Character(char::from_u32(hex(rest, 4)?)?), 6)),
        [b'\\', b'x', rest @ ..] => Some((Decoded::Character(char::from_u32(hex(rest, 2)?)?), 4)),
        _ => None,
    }
}

fn hex(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + (*digit as char).to_digit(16)?))
}

/// `&lt;`, `&#60;`, `&#x3c`
fn entity(text: &[u8]) -> Option<(Decoded, usize)> {
    const NAMED: [(&[u8], char); 11] = [
        (b"lt;", '<'),
        (b"gt;", '>'),
        (b"amp;", '&'),
        (b"quot;", '"'),
        (b"apos;", '\''),
        (b"tab;", '\t'),
        (b"newline;", '\n'),
        (b"colon;", ':'),
        (b"lpar;", '('),
        (b"rpar;", ')'),
        (b"nbsp;", ' '),
    ];
    let rest = text.strip_prefix(b"&")?;
    if let Some(number) = rest.strip_prefix(b"#") {
        return numeric_entity(number).map(|(character, length)| (Decoded::Character(character), length + 2));
    }
    NAMED.iter().find_map(|(name, character)| {
        let head = rest.get(..name.len())?;
        head.eq_ignore_ascii_case(name).then_some((Decoded::Character(*character), name.len() + 1))
    })
}

/// The character of `60;` or `x3c`, and the length of that text.
fn numeric_entity(text: &[u8]) -> Option<(char, usize)> {
    let (radix, skip) = if matches!(text.first(), Some(b'x' | b'X')) { (16, 1) } else { (10, 0) };
    let mut value = 0u32;
    let mut length = skip;
    while let Some(digit) = text.get(length).and_then(|byte| (*byte as char).to_digit(radix)) {
        if length - skip >= 7 {
            return None;
        }
        value = value * radix + digit;
        length += 1;
    }
    if length == skip {
        return None;
    }
    let closed = usize::from(text.get(length) == Some(&b';'));
    Some((char::from_u32(value)?, length + closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut out = Vec::new();
        decode(text, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn layers_of_encoding_are_removed() {
        for (text, expect) in [
            ("/a?q=1+UNION%20SELECT", "/a?q=1 UNION SELECT"),
            ("%2527%2520or", "' or"),
            ("%252525252e", "%252e"),
            ("%u003cscript%u003E", "<script>"),
            ("&lt;b&#62;&#x3C;&#60", "<b><<"),
            (r"\u003cimg\x3e", "<img>"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("a%00b", "ab"),
            ("&#99999999999;", "&#99999999999;"),
            ("caf%C3%A9", "café"),
            ("", ""),
        ] {
            assert_eq!(decoded(text), expect, "{text}");
        }
    }

    #[test]
    fn ordinary_requests_are_plain_and_payloads_are_not() {
        for (path, query) in [("/api/v1/orders/4711", ""), ("/search", "q=shoes&page=2"), ("/", "")] {
            assert!(is_plain(path, query), "{path}?{query}");
        }
        for (path, query) in [
            ("/etc/passwd", ""),
            ("/.env", ""),
            ("/a", "q=1%27"),
            ("/a", "q=a+b"),
            ("/WEB-INF/web.xml", ""),
            ("/a", "file=../x"),
        ] {
            assert!(!is_plain(path, query), "{path}?{query}");
        }
    }

    #[test]
    fn decoding_ends_and_never_grows() {
        use proptest::prelude::*;
        proptest!(|(text in "(%|&|\\\\|#|x|u|[0-9a-f]|;|é|.){0,64}")| {
            let mut out = b"kept".to_vec();
            decode(&text, &mut out);
            prop_assert!(out.starts_with(b"kept"));
            prop_assert!(out.len() <= 4 + text.len());
        });
    }
}
