//! Text that a message quotes: somebody else wrote it.

use std::ops::Range;

/// Most quoted parts of one message that are told apart; the rest of the message counts as quoted.
const LIMIT: usize = 32;

/// The quoted parts of a text, without their quotes. A quote opens after white space or an opening
/// sign and closes before white space, the end, or a sign that ends something, so that `O'Brien` and
/// `user's` quote nothing. What is never closed is quoted to the end of the text.
#[must_use]
pub fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((start, close)) = next_opening(text, at) {
        if parts.len() == LIMIT {
            parts.push(start..text.len());
            break;
        }
        let end = closing(text, start, close).unwrap_or(text.len());
        parts.push(start..end);
        at = end + close.len_utf8();
    }
    parts
}

/// Where the next quoted part begins, and the sign that closes it.
fn next_opening(text: &str, from: usize) -> Option<(usize, char)> {
    let mut before = text.get(..from)?.chars().next_back();
    for (index, character) in text.get(from..)?.char_indices() {
        let close = match character {
            '"' | '\'' | '`' => Some(character),
            '\u{201c}' => Some('\u{201d}'),
            '\u{201e}' => Some('\u{201c}'),
            '«' => Some('»'),
            _ => None,
        };
        let opens = before.is_none_or(|before| before.is_whitespace() || "([{<=:,\\".contains(before));
        if let Some(close) = close.filter(|_| opens) {
            return Some((from + index + character.len_utf8(), close));
        }
        before = Some(character);
    }
    None
}

fn closing(text: &str, start: usize, close: char) -> Option<usize> {
    let inside = text.get(start..)?;
    inside.char_indices().find_map(|(index, character)| {
        let after = inside.get(index + character.len_utf8()..)?.chars().next();
        let ends = after.is_none_or(|after| after.is_whitespace() || ")]}>.,;:!?".contains(after));
        (character == close && ends).then_some(start + index)
    })
}

/// Whether a place lies in a quoted part.
#[must_use]
pub fn is_inside(parts: &[Range<usize>], place: usize) -> bool {
    parts.iter().any(|part| part.contains(&place))
}

/// Whether a place lies in a quoted part of a text of `length` bytes that is never closed: somebody typed a quote.
#[must_use]
pub fn is_inside_unclosed(parts: &[Range<usize>], place: usize, length: usize) -> bool {
    parts.iter().any(|part| part.contains(&place) && part.end == length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        quoted(text).into_iter().map(|part| text.get(part).expect("a part of the text")).collect()
    }

    #[test]
    fn quotes_are_told_from_apostrophes() {
        for (text, expect) in [
            ("search for 'login failed' returned 12", vec!["login failed"]),
            ("Login failed for user 'O'Brien' from x", vec!["O'Brien"]),
            ("the user's login doesn't fail", vec![]),
            ("note saved: \"a 'b' c\"", vec!["a 'b' c"]),
            ("broken 'never closed", vec!["never closed"]),
            ("a='b', c=\"d\".", vec!["b", "d"]),
            ("\u{201e}Login\u{201c} von x", vec!["Login"]),
        ] {
            assert_eq!(parts(text), expect, "{text}");
        }
    }
}
