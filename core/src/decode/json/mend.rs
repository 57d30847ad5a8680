//! Text that is no JSON but stands in the place of some: how far it reaches and what it means.
//!
//! Writers of such text: Python (`True`, `None`, single quotes), JavaScript (`undefined`, keys without quotes),
//! Ruby (`:key=>`), C formats that forget to escape, and whoever wants a line not to be read. Each function is
//! linear in what it steps over.

use crate::event::Kind;

/// Where a comment ends that starts at `at`: `/* */`, or `//` up to the end of the text line; where the line
/// has no end, up to the next thing that looks like a member or an end.
pub(super) fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    if rest.starts_with(b"/*") {
        let end = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |found| found + 2);
        return Some(at + end);
    }
    if !rest.starts_with(b"//") {
        return None;
    }
    let end = memchr::memchr(b'\n', rest).or_else(|| memchr::memchr3(b'"', b'}', b']', rest));
    Some(at + end.unwrap_or(rest.len()))
}

/// Where a value without quotes ends that starts at `at`: before a comma or closing bracket outside of
/// round brackets and the quotes in them.
pub(super) fn bare_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b',' | b'}' | b']' if depth == 0 => break,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            quote @ (b'"' | b'\'') if depth > 0 => {
                let rest = bytes.get(end + 1..).unwrap_or_default();
                end += memchr::memchr(*quote, rest).map_or(rest.len(), |found| found + 1);
            }
            _ => {}
        }
        end += 1;
    }
    end.min(bytes.len())
}

/// The kind of a value that stands without quotes.
pub(super) fn bare_kind(text: &str) -> Kind {
    match text {
        "True" | "TRUE" => Kind::True,
        "False" | "FALSE" => Kind::False,
        "None" | "undefined" | "nil" | "NULL" | "Null" => Kind::Null,
        _ => Kind::String,
    }
}

/// Where a key without quotes ends that starts at `at`.
pub(super) fn bare_key_end(bytes: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| {
        matches!(byte, b':' | b'=' | b',' | b'{' | b'}' | b'[' | b']' | b'"' | b'\'' | b' ' | b'\t' | b'\n')
    };
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

/// How long the sign between a key and its value is: `:`, and outside of JSON also `=`, `=>`.
pub(super) fn colon(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..).unwrap_or_default() {
        [b'=', b'>', ..] => 2,
        [b':' | b'=', ..] => 1,
        _ => 0,
    }
}

/// Where the quote stands that ends a text which holds quotes of its own: the next one that is followed by
/// a comma, a closing bracket or the end. A key that comes first is more than a text; then, or if there is no such
/// quote, it gives how far it has looked.
pub(super) fn real_end(bytes: &[u8], quote: u8, at: usize) -> Result<usize, usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    for end in memchr::memchr_iter(quote, rest).map(|found| at + found) {
        let after = bytes.get(end + 1..).unwrap_or_default();
        match after.trim_ascii_start().first() {
            None | Some(b',' | b'}' | b']') => return Ok(end),
            Some(b':') => return Err(end),
            Some(_) => {}
        }
    }
    Err(bytes.len())
}

/// Decodes a text in single quotes from `from` into `out`; gives the place after its closing quote, and
/// whether there was one.
pub(super) fn single_quoted(line: &str, from: usize, out: &mut String) -> (usize, bool) {
    let rest = line.get(from..).unwrap_or_default();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return (from + at + 1, true),
            '\\' => match characters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, 'x')) => push_code(&mut characters, 2, out),
                Some((_, 'u')) => push_code(&mut characters, 4, out),
                Some((_, other)) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    (line.len(), false)
}

/// The character whose code is the next hexadecimal digits.
fn push_code(characters: &mut std::str::CharIndices<'_>, digits: usize, out: &mut String) {
    let mut ahead = characters.clone();
    let code = (0..digits).try_fold(0, |code, _| Some(code << 4 | ahead.next()?.1.to_digit(16)?));
    match code {
        Some(code) => {
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            *characters = ahead;
        }
        None => out.push('\\'),
    }
}
