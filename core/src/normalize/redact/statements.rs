//! What statements of SQL insert into columns of secrets: `INSERT INTO users (name, password) VALUES ('bob', 'abc')`, also
//! where the values follow as parameters, and the keys and passwords that functions take.

use super::scan::{IsSecret, Quote, is_word_byte, run_end};
use super::words::FUNCTIONS;
use crate::normalize::alias::fold;

/// Most columns and rows that are looked at.
const COLUMNS: usize = 64;
const ROWS: usize = 64;
/// Longest call of a function, and how far behind a statement its parameters may stand, in bytes.
const CALL_BYTES: usize = 2_048;
const PARAMETER_BYTES: usize = 8_192;
/// No function of the list has a shorter name.
const SHORTEST_FUNCTION: usize = 5;
/// Longest name of a table, in bytes.
const TABLE_BYTES: usize = 128;

/// Calls `found` with the values of secrets that statements insert.
pub(super) fn for_each(buffer: &str, is_secret: IsSecret<'_>, mut found: impl FnMut(usize, usize)) {
    let bytes = buffer.as_bytes();
    let mut behind = 0;
    for at in memchr::memchr_iter(b'(', bytes) {
        let name = bytes.get(at.saturating_sub(TABLE_BYTES)..at).unwrap_or_default();
        if at >= behind && ends_with_table(name) {
            let (places, end) = inserted(buffer, at, is_secret);
            places.into_iter().for_each(|(from, to)| found(from, to));
            behind = end;
        } else if at >= behind
            && let Some(number) = key_of_function(name)
            && let Some((from, to)) = argument(bytes, at, number)
        {
            found(from, to);
        }
    }
}

/// Which argument of the function whose name ends here is a key.
fn key_of_function(text: &[u8]) -> Option<usize> {
    let start = text.iter().rposition(|byte| !is_word_byte(*byte)).map_or(0, |at| at + 1);
    let name = text.get(start..).filter(|name| name.len() >= SHORTEST_FUNCTION)?;
    let known = FUNCTIONS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    known.map(|(_, number)| *number)
}

fn argument(bytes: &[u8], open: usize, number: usize) -> Option<(usize, usize)> {
    let call = bytes.get(..bytes.len().min(open + CALL_BYTES))?;
    let (from, to) = *list(call, open, true).0.get(number)?;
    let start = run_end(bytes, from, |byte| byte == b' ');
    let quoted = Quote::at(bytes, start).map(|quote| (quote.from, quote.end(bytes)));
    literal(bytes, from, to).or(quoted.filter(|(from, end)| from < end && *end <= to))
}

/// The text of the parameter `$2` that stands in the place of a value: `parameters: $1 = 'bob', $2 = 'abc'`.
fn parameter(buffer: &str, from: usize, to: usize) -> Option<(usize, usize)> {
    let number = buffer.get(from..to)?.trim().strip_prefix('$')?;
    let is_number =
        !number.is_empty() && number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let sign = is_number.then(|| format!("${number} = '"))?;
    let behind = buffer.as_bytes().get(to..buffer.len().min(to + PARAMETER_BYTES))?;
    let start = memchr::memmem::find(behind, sign.as_bytes())? + sign.len();
    let length = memchr::memchr(b'\'', behind.get(start..)?)?;
    let start = to + start;
    (length > 0).then_some((start, start + length))
}

/// `INSERT INTO shop.users `: the name of a table behind `into`.
fn ends_with_table(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let blank = memchr::memrchr(b' ', text).unwrap_or(0);
    let before = text.get(..blank).unwrap_or_default().trim_ascii_end();
    before.len() >= 4 && before.get(before.len() - 4..).is_some_and(|word| word.eq_ignore_ascii_case(b"into"))
}

/// The values of secrets in a statement whose columns begin at `open`, and where it ends.
fn inserted(buffer: &str, open: usize, is_secret: IsSecret<'_>) -> (Vec<(usize, usize)>, usize) {
    let bytes = buffer.as_bytes();
    let (columns, mut end) = list(bytes, open, false);
    let is_secret = |(from, to): &(usize, usize)| is_column(buffer, *from, *to, is_secret);
    let secret: Vec<bool> = columns.iter().map(is_secret).collect();
    let keyword = run_end(bytes, end, |byte| byte == b' ' || byte == b'\n');
    let is_values = bytes.get(keyword..keyword + 6).is_some_and(|word| word.eq_ignore_ascii_case(b"values"));
    if !secret.contains(&true) || !is_values {
        return (Vec::new(), open);
    }
    end = keyword + 6;
    let mut found = Vec::new();
    for _ in 0..ROWS {
        let open = run_end(bytes, end, |byte| matches!(byte, b' ' | b',' | b'\n'));
        if bytes.get(open) != Some(&b'(') {
            break;
        }
        let (values, next) = list(bytes, open, true);
        let pairs = values.iter().zip(&secret).filter(|(_, secret)| **secret);
        found.extend(pairs.filter_map(|((from, to), _)| {
            literal(bytes, *from, *to).or_else(|| parameter(buffer, *from, *to))
        }));
        end = next;
    }
    (found, end)
}

fn is_column(buffer: &str, from: usize, to: usize, is_secret: IsSecret<'_>) -> bool {
    let name = buffer.get(from..to).unwrap_or_default();
    is_secret(&fold(name.trim_matches(['"', '`', '[', ']', ' '])))
}

/// The elements of a list in brackets, and where it ends. Quotes and brackets inside, where they are `nested`, hold
/// commas of their own.
fn list(bytes: &[u8], open: usize, nested: bool) -> (Vec<(usize, usize)>, usize) {
    let (mut elements, mut from, mut depth) = (Vec::new(), open + 1, 0_u32);
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'\'') => quote = Some(b'\''),
            (None, b'(') if depth > 0 && !nested => break,
            (None, b'(') => depth += 1,
            (None, b')' | b',') if depth <= 1 => {
                elements.push((from, at));
                from = at + 1;
                if *byte == b')' || elements.len() >= COLUMNS {
                    return (elements, at + 1);
                }
            }
            (None, b')') => depth -= 1,
            _ => {}
        }
    }
    (elements, bytes.len())
}

/// What stands between the quotes of an element.
fn literal(bytes: &[u8], from: usize, to: usize) -> Option<(usize, usize)> {
    let open = memchr::memchr(b'\'', bytes.get(from..to)?)? + from + 1;
    let close = memchr::memrchr(b'\'', bytes.get(open..to)?)? + open;
    (open < close).then_some((open, close))
}
