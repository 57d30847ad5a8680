//! Layers of encoding, removed as the programs on the way of a request remove them.

/// How often percent-encoding is removed: as often as real chains of proxies and frameworks do.
const LAYERS: usize = 3;

/// Removes percent-encoding up to three times, then HTML entities and the escapes `\uXXXX`, `\xXX`, `%uXXXX` from what
/// stands in `out` from `start` on.
pub(crate) fn remove_layers(out: &mut Vec<u8>, start: usize) {
    for _ in 0..LAYERS {
        if !unescape(out, start, percent) {
            break;
        }
    }
    unescape(out, start, entity);
    unescape(out, start, backslash);
}

/// Replaces forms of ASCII characters that a strict reader refuses and a lax one takes: overlong UTF-8 and full-width
/// letters. Whether there was an overlong one.
pub(super) fn plain_forms(text: &mut Vec<u8>) -> bool {
    if !text.iter().any(|byte| matches!(byte, 0xc0 | 0xc1 | 0xe0 | 0xf0 | 0xef)) {
        return false;
    }
    let full_width = unescape(text, 0, wide);
    let overlong = unescape(text, 0, overlong);
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
    Some((Decoded::Byte(u8::try_from(hex(rest, 2)?).ok()?), 3))
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
