//! Requests as the application behind them reads them: decoded, for rules that look for payloads.
//!
//! Attacks hide behind layers of encoding, each of which some program on the way removes. Rules
//! should not spell out every combination, so the decoded text of a request is a field of its own
//! (`soctop.request.decoded`), made only where there is anything that could be a payload.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::value;
use crate::attack;

/// What makes a path sensitive without one unusual character.
const SENSITIVE_PARTS: [&str; 11] =
    ["etc/", "proc/", "sys/class", "-inf", "windows", "winnt", "inetpub", "id_rsa", "//", "__", "aaaa"];
static SENSITIVE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(SENSITIVE_PARTS)
        .expect("the parts are few and short")
});
/// How much of a value is decoded, from its beginning and from its end: whoever pads a payload has to pad it on
/// both sides, by more than servers accept.
const HEAD_BYTES: usize = 64 << 10;
const TAIL_BYTES: usize = 16 << 10;

/// Pairs of which every one of `SENSITIVE`'s parts has one.
const PAIRS: [&[u8; 2]; 9] = [b"c/", b"ys", b"-i", b"wi", b"ne", b"d_", b"//", b"__", b"aa"];
/// Set for a byte that may stand in a plain path.
const PLAIN: u32 = 1 << 31;
/// By byte: whether it is plain, which pairs it ends (low half) and which it begins (above).
#[expect(clippy::cast_possible_truncation, reason = "it is a byte")]
const BYTES: [u32; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        if value.is_ascii_alphanumeric() || matches!(value, b'/' | b'_' | b'-') {
            bytes[byte] = PLAIN;
        }
        let mut pair = 0;
        while pair < PAIRS.len() {
            if PAIRS[pair][0] == value.to_ascii_lowercase() {
                bytes[byte] |= 1 << (16 + pair);
            }
            if PAIRS[pair][1] == value.to_ascii_lowercase() {
                bytes[byte] |= 1 << pair;
            }
            pair += 1;
        }
        byte += 1;
    }
    bytes
};

/// Whether a path and query can hold a payload at all. Most requests are plain words and slashes.
pub(super) fn is_plain(path: &str, query: &str) -> bool {
    let plain_query =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'=' | b'&' | b',');
    if path.len() > 256 || !query.bytes().all(plain_query) {
        return false;
    }
    let (mut plain, mut pairs, mut begun) = (PLAIN, 0, 0);
    for byte in path.bytes() {
        let byte = BYTES[usize::from(byte)];
        plain &= byte;
        pairs |= begun & byte;
        begun = (byte & !PLAIN) >> 16;
    }
    plain != 0 && (pairs == 0 || !SENSITIVE.is_match(path))
}

/// Whether a header holds what agents and referring addresses are not made of: quotes, markup, braces,
/// character references, a separator of commands at its beginning.
pub(super) fn is_strange_header(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3(b'<', b'\'', b'"', bytes).is_some()
        || memchr::memchr2(b'{', b'`', bytes).is_some()
        || memchr::memchr_iter(b'%', bytes).any(|at| {
            let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
            [b"3c", b"3C", b"27", b"22", b"7b", b"7B"].iter().any(|code| code.as_slice() == digits)
        })
        || memchr::memchr_iter(b'&', bytes).any(|at| {
            bytes.get(at + 1..).is_some_and(|rest| rest.starts_with(b"#") || rest.starts_with(b"lt"))
        })
        || matches!(bytes.first(), Some(b';' | b'|'))
}

/// Whether a header holds no more than addresses and names of hosts, as proxies write them.
pub(super) fn is_address_list(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b',' | b' ' | b'[' | b']' | b'-' | b'_')
    }) && text.split(',').all(|word| !word.trim().contains(' '))
}

/// Appends the decoded form of `text` to `out`: `+` is a space, percent-encoding is removed up to three
/// times, then HTML entities and the escapes `\uXXXX`, `\xXX`, `%uXXXX`; NUL is left out. Of a very long text, its
/// beginning and its end, a line each.
pub(super) fn decode(text: &str, out: &mut Vec<u8>) {
    if text.len() <= HEAD_BYTES + TAIL_BYTES {
        return decode_piece(text, out);
    }
    decode_piece(text.get(..boundary(text, HEAD_BYTES)).unwrap_or_default(), out);
    out.push(b'\n');
    decode_piece(text.get(boundary(text, text.len() - TAIL_BYTES)..).unwrap_or_default(), out);
}

/// The nearest place at or before `at` that is between two characters.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn decode_piece(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }));
    attack::remove_layers(out, start);
    // NUL stands for nothing.
    if memchr::memchr(0, out.get(start..).unwrap_or_default()).is_some() {
        let kept: Vec<u8> = out.drain(start..).filter(|byte| *byte != 0).collect();
        out.extend(kept);
    }
}

/// `GET /path HTTP/1.1`: what a client sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    /// Empty where none is named, as in HTTP/0.9.
    pub(super) protocol: &'a str,
}

impl<'a> RequestLine<'a> {
    /// Servers log what they refuse as well, so that any word may be the method. Without a protocol, a method that
    /// nobody knows has to be in capitals and the target a path: other fields than access logs' have this name too.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (method, rest) = without_breaks(text).trim_end().split_once([' ', '\t'])?;
        let rest = rest.trim_start();
        let (target, protocol) = match rest.rsplit_once([' ', '\t']) {
            Some((target, protocol)) if is_protocol(protocol) => (target.trim_end(), protocol),
            _ => (rest, ""),
        };
        let certain = if protocol.is_empty() {
            is_method(method) && value::is_path(target)
        } else {
            is_token(method) && !target.is_empty()
        };
        certain.then_some(Self { method, target, protocol })
    }
}

/// A method that is known, or a word in capitals that could be one.
pub(super) fn is_method(word: &str) -> bool {
    value::is_method(word) || is_token(word) && !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// What RFC 9110 calls a token.
fn is_token(word: &str) -> bool {
    let sign = |byte| memchr::memchr(byte, b"!#$%&'*+-.^_`|~").is_some();
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || sign(byte))
}

fn is_protocol(word: &str) -> bool {
    word.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("HTTP/"))
}

/// Line breaks, blanks and other control characters before a request are skipped by servers; some log them as
/// `\r\n` or `\x0D\x0A`.
fn without_breaks(text: &str) -> &str {
    let mut text = text;
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        let length = match text.as_bytes() {
            [b'\\', b'r' | b'n' | b't', ..] => 2,
            [b'\\', b'x', b'0' | b'1', low, ..] if low.is_ascii_hexdigit() => 4,
            [b'\\', b'x', b'2', b'0', ..] => 4,
            _ => return text,
        };
        text = text.get(length..).unwrap_or_default();
    }
}

/// Whether servers read a path as it is written, but for what has to be encoded, as blanks and letters beyond ASCII:
/// no parameter stands in a segment, no segment is empty or begins with a dot.
fn is_read_as_written(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut previous = 0;
    !bytes.iter().enumerate().any(|(at, byte)| {
        let begins_segment = std::mem::replace(&mut previous, *byte) == b'/';
        match byte {
            b'%' => !is_needed_escape(bytes.get(at + 1..).unwrap_or_default()),
            b';' | b'\\' | b'#' => true,
            b'/' | b'.' => begins_segment,
            _ => false,
        }
    })
}

/// Whether what follows a percent sign stands for something that may not stand in a path as it is.
fn is_needed_escape(text: &[u8]) -> bool {
    let digit = |at| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (Some(high), Some(low)) = (digit(0), digit(1)) else { return false };
    let Ok(byte) = u8::try_from(high * 16 + low) else { return false };
    byte >= 0x80 || matches!(byte, b' ' | b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// The path as servers read it: decoded, without parameters of segments, ways up and down and double slashes. `None`:
/// it is written like that.
pub(super) fn plain_path(path: &str) -> Option<String> {
    if is_read_as_written(path) {
        return None;
    }
    let sent = path.split('#').next().unwrap_or_default();
    let mut decoded = sent.as_bytes().to_vec();
    attack::remove_layers(&mut decoded, 0);
    decoded.retain(|byte| *byte != 0);
    let mut plain = Vec::with_capacity(decoded.len());
    for segment in decoded.split(|byte| matches!(byte, b'/' | b'\\')) {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        step(&mut plain, name);
    }
    let plain = String::from_utf8_lossy(&plain);
    (plain != path).then(|| plain.into_owned())
}

/// Follows one segment; `plain` always ends where the next one is to be written.
fn step(plain: &mut Vec<u8>, segment: &[u8]) {
    match segment {
        b"" | b"." => {
            if plain.last() != Some(&b'/') {
                plain.push(b'/');
            }
        }
        b".." => {
            let trimmed = plain.strip_suffix(b"/").unwrap_or(plain);
            let parent = memchr::memrchr(b'/', trimmed).map_or(0, |at| at + 1);
            plain.truncate(parent);
            if plain.is_empty() {
                plain.push(b'/');
            }
        }
        name => {
            if !plain.is_empty() && plain.last() != Some(&b'/') {
                plain.push(b'/');
            }
            plain.extend_from_slice(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_word_is_a_method_and_the_protocol_may_be_missing() {
        for (text, method, target) in [
            ("GET /a HTTP/1.1", "GET", "/a"),
            ("FOO /a?b=c HTTP/1.1", "FOO", "/a?b=c"),
            ("foo /a HTTP/1.1", "foo", "/a"),
            ("M-SEARCH * HTTP/1.1", "M-SEARCH", "*"),
            ("VERSION-CONTROL /a http/1.1", "VERSION-CONTROL", "/a"),
            ("GET /a", "GET", "/a"),
            ("get /a b", "get", "/a b"),
            ("QUERY /a", "QUERY", "/a"),
            (r"\x0D\x0AGET /a HTTP/1.1", "GET", "/a"),
            (r"\r\n\x20PUT /a HTTP/1.1", "PUT", "/a"),
            ("\r\n GET\t/a\tHTTP/1.1", "GET", "/a"),
            ("GET   /a   HTTP/2", "GET", "/a"),
            ("CONNECT h.example:443 HTTP/1.1", "CONNECT", "h.example:443"),
            ("GET HTTP://h.example/a", "GET", "HTTP://h.example/a"),
        ] {
            let read = RequestLine::read(text).map(|line| (line.method, line.target));
            assert_eq!(read, Some((method, target)), "{text}");
        }
        for text in
            ["", "GET", "see /var/log", "payment request", "GET lost", r"\x16\x03\x01 a", "a\"b /c HTTP/1.1"]
        {
            assert_eq!(RequestLine::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_read_as_servers_read_it() {
        for (path, expect) in [
            ("/log%69n", "/login"),
            ("/log%2569n", "/login"),
            ("//login", "/login"),
            ("/./login", "/login"),
            ("/x/../login", "/login"),
            ("/x/..%2flogin", "/login"),
            ("/x/%2e%2e/login/", "/login/"),
            ("/../../login", "/login"),
            ("/login;jsessionid=1", "/login"),
            ("/a;x/..;/login", "/login"),
            (r"/x\..\login", "/login"),
            ("/login#x", "/login"),
            ("/login%00", "/login"),
            ("/login/.", "/login/"),
            ("/login/x/..", "/login/"),
            ("/%E2%82%AC/log%69n", "/€/login"),
            ("//", "/"),
        ] {
            assert_eq!(plain_path(path).as_deref(), Some(expect), "{path}");
        }
        for path in
            ["", "/", "/login", "/.env", "/a/.git/config", "/a.b/c", "*", "/%zz", "/a%20b", "/caf%C3%A9"]
        {
            assert_eq!(plain_path(path), None, "{path}");
        }
    }

    #[test]
    fn every_sensitive_part_has_a_pair() {
        for part in SENSITIVE_PARTS {
            let has_pair = part.as_bytes().windows(2).any(|two| PAIRS.iter().any(|pair| pair[..] == *two));
            assert!(has_pair, "{part}");
            assert!(!is_plain(&format!("/x{}y", part.to_uppercase()), ""), "{part}");
        }
        assert!(is_plain("/api/v1/auth/login", "q=1"));
    }

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
    fn only_strange_headers_are_looked_at() {
        for text in [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "https://www.example.com/search?q=red%20shoes&from=%2Fhome&$top=5&lang=en",
            "",
        ] {
            assert!(!is_strange_header(text), "{text}");
        }
        for text in [
            "${jndi:ldap://h.example/a}",
            "() { :; }; id",
            "1' or '1'='1",
            "/?q=%3Cscript%3e",
            "&#60;b",
            ";env",
        ] {
            assert!(is_strange_header(text), "{text}");
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
