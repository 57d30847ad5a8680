//! Layers of encoding, removed as the programs on the way of a request remove them.

/// How often percent-encoding is removed: as often as real chains of proxies and frameworks do.
const LAYERS: usize = 3;

/// Removes percent-encoding up to three times, then HTML entities and the escapes `\uXXXX`, `\xXX`, `%uXXXX` from what
/// stands in `out` from `start` on.
pub(crate) fn remove_layers(out: &mut Vec<u8>, start: usize) {
    for _ in 0..LAYERS {
        if !unescape(out, start, b"%", percent) {
            break;
        }
    }
    unescape(out, start, b"&", entity);
    unescape(out, start, b"\\", backslash);
}

/// Replaces forms of ASCII characters that a strict reader refuses and a lax one takes: overlong UTF-8 and full-width
/// letters. Whether there was an overlong one.
pub(super) fn plain_forms(text: &mut Vec<u8>) -> bool {
    if !text.iter().any(|byte| matches!(byte, 0xc0 | 0xc1 | 0xe0 | 0xf0 | 0xef)) {
        return false;
    }
    let full_width = unescape(text, 0, &[0xef], wide);
    let overlong = unescape(text, 0, &[0xc0, 0xc1, 0xe0, 0xf0], overlong);
    overlong && (full_width || !text.is_empty())
}

/// `C0 AE`, `E0 80 AE`, `F0 80 80 AE`: two to four bytes for a character that needs one.
fn overlong(text: &[u8]) -> Option<(Decoded, usize)> {
    let tail = |byte: u8| (byte & 0xc0 == 0x80).then_some(byte & 0x3f);
    match *text {
        [first @ (0xc0 | 0xc1), last, ..] => Some((Decoded::Byte((first & 1) << 6 | tail(last)?), 2)),
        [0xe0, middle @ (0x80 | 0x81), last, ..] => Some((Decoded::Byte((middle & 1) << 6 | tail(last)?), 3)),
        [0xf0, 0x80, middle @ (0x80 | 0x81), last, ..] => {
            Some((Decoded::Byte((middle & 1) << 6 | tail(last)?), 4))
        }
        _ => None,
    }
}

/// `U+FF01` to `U+FF5E`.
fn wide(text: &[u8]) -> Option<(Decoded, usize)> {
    match *text {
        [0xef, 0xbc, last @ 0x81..=0xbf, ..] => Some((Decoded::Byte(last - 0x60), 3)),
        [0xef, 0xbd, last @ 0x80..=0x9e, ..] => Some((Decoded::Byte(last - 0x20), 3)),
        _ => None,
    }
}

/// Replaces escapes from `start` on, in place; whether there was any. Every escape begins with one of `marks`; `read`
/// gives the character and the length of the escape at the beginning of a text.
fn unescape(
    text: &mut Vec<u8>,
    start: usize,
    marks: &[u8],
    read: fn(&[u8]) -> Option<(Decoded, usize)>,
) -> bool {
    let (mut from, mut kept, mut to) = (start, start, start);
    while let Some(at) = next_mark(text, from, marks) {
        let Some((decoded, length)) = text.get(at..).and_then(read) else {
            from = at + 1;
            continue;
        };
        // An escape is never shorter than what it stands for.
        to += moved(text, kept..at, to);
        to += put(decoded, text, to);
        from = at + length;
        kept = from.min(text.len());
    }
    if kept == start {
        return false;
    }
    let rest = kept..text.len();
    to += moved(text, rest, to);
    text.truncate(to);
    true
}

fn next_mark(text: &[u8], from: usize, marks: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    if rest.first().is_some_and(|byte| marks.contains(byte)) {
        return Some(from);
    }
    let at = match marks {
        [mark] => memchr::memchr(*mark, rest),
        _ => rest.iter().position(|byte| marks.contains(byte)),
    };
    Some(from + at?)
}

/// Moves a stretch to the front; its length.
fn moved(text: &mut [u8], stretch: std::ops::Range<usize>, to: usize) -> usize {
    let length = stretch.len();
    if stretch.start != to {
        text.copy_within(stretch, to);
    }
    length
}

/// Writes a character at a place; its length in bytes.
fn put(decoded: Decoded, text: &mut [u8], at: usize) -> usize {
    let mut buffer = [0; 4];
    let bytes = match decoded {
        Decoded::Byte(byte) => {
            buffer[0] = byte;
            &buffer[..1]
        }
        Decoded::Character(character) => character.encode_utf8(&mut buffer).as_bytes(),
    };
    if let Some(place) = text.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
    bytes.len()
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
    Some((Decoded::Byte(u8::try_from(hex(rest, 2)?).ok()?), 3))
}

/// `\u0041`, `\u{41}`, `\x41`
fn backslash(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [b'\\', b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(6).position(|byte| *byte == b'}')?;
            Some((Decoded::Character(char::from_u32(hex(rest, length)?)?), length + 4))
        }
        [b'\\', b'u', rest @ ..] => Some((Decoded::Character(char::from_u32(hex(rest, 4)?)?), 6)),
        [b'\\', b'x', rest @ ..] => Some((Decoded::Character(char::from_u32(hex(rest, 2)?)?), 4)),
        _ => None,
    }
}

fn hex(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
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
    let length = rest.iter().take(8).position(|byte| *byte == b';')? + 1;
    let name = rest.get(..length)?;
    let found = NAMED.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map(|(_, character)| (Decoded::Character(*character), length + 1))
}

/// The character of `60;` or `x3c`, and the length of that text.
fn numeric_entity(text: &[u8]) -> Option<(char, usize)> {
    let (radix, skip) = if matches!(text.first(), Some(b'x' | b'X')) { (16, 1) } else { (10, 0) };
    let mut value = 0u32;
    let mut length = skip;
    while let Some(digit) = text.get(length).and_then(|byte| (char::from(*byte)).to_digit(radix)) {
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
