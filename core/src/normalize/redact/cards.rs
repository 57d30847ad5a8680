//! Numbers of payment cards: runs of digits that pass Luhn's check.

use super::words::{CARD_WORDS, OTHER_NUMBERS};

/// Whether digits stand at certain places of a row of 13, where every way to write a card number has them:
/// together, in groups of four, or as 4-6-5. One vectorised pass marks digits, a second looks at ten marks at once.
pub(super) fn may_hold_card(bytes: &[u8], digits: &mut Vec<u8>) -> bool {
    const BLOCK: usize = 32;
    const WINDOW: usize = BLOCK + 12;
    digits.clear();
    digits.extend(bytes.iter().map(|byte| u8::from(byte.wrapping_sub(b'0') < 10)));
    // Marks of nothing after the end, so that the last block is a whole one.
    digits.resize(bytes.len() + WINDOW, 0);
    let mut at = 0;
    while let Some(w) = digits.get(at..).and_then(|rest| rest.first_chunk::<WINDOW>()) {
        let mut any = 0;
        for i in 0..BLOCK {
            let first = w[i] & w[i + 1] & w[i + 2] & w[i + 3];
            let second = w[i + 5] & w[i + 6] & w[i + 7] & w[i + 8];
            any |= first & second & w[i + 10] & w[i + 12];
        }
        if any != 0 {
            return true;
        }
        at += BLOCK;
    }
    false
}

/// The next card number from `at` on. Groups of digits may be set apart by single spaces or hyphens; what
/// stands before and after may be groups of digits, too.
pub(super) fn next_card(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    loop {
        let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
        let mut end = digits_end(bytes, start);
        let mut digits = end - start;
        at = end;
        for _ in 0..MOST_GROUPS {
            if (13..=19).contains(&digits) && is_card(bytes, start, end) {
                return Some((start, end));
            }
            let separated = matches!(bytes.get(end), Some(b' ' | b'-'));
            let next = digits_end(bytes, end + 1);
            if !separated || next == end + 1 || digits > 19 {
                break;
            }
            digits += next - end - 1;
            end = next;
        }
    }
}

/// Whether the words before say that the number is another one: an order, an id, a time. Digits in the groups of a
/// card are one whatever is said.
pub(super) fn is_other_number(bytes: &[u8], start: usize, end: usize) -> bool {
    let grouped = bytes.get(start..end).is_some_and(|text| text.iter().any(|byte| !byte.is_ascii_digit()));
    let head = bytes.get(start.saturating_sub(40)..start).unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&[u8]> =
        head.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    let near = words.iter().rev().take(3);
    let is_card = |word: &&[u8]| CARD_WORDS.iter().any(|known| word.starts_with(known.as_bytes()));
    let is_other = |word: &&[u8]| {
        let rest = OTHER_NUMBERS.iter().filter_map(|known| word.strip_prefix(known.as_bytes()));
        rest.into_iter().any(|rest| matches!(rest, b"" | b"s" | b"no" | b"nr" | b"number" | b"id"))
    };
    !grouped && !words.iter().any(is_card) && near.into_iter().any(is_other)
}

/// `4111 1111 1111 1111 111`
const MOST_GROUPS: usize = 5;

pub(super) fn digits_end(bytes: &[u8], start: usize) -> usize {
    let digits =
        bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    start + digits
}

/// 13 to 19 digits of an issuer's range that pass Luhn's check, not part of a longer word or number.
fn is_card(bytes: &[u8], start: usize, end: usize) -> bool {
    let text = bytes.get(start..end).unwrap_or_default();
    let digits: Vec<u8> =
        text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').take(20).collect();
    let separators = text.len() - text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let joined = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
    };
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = match bytes.get(end) {
        // The end of a sentence.
        Some(b'.') if !bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => None,
        other => other,
    };
    // Inside raw JSON a letter before the digits may belong to an escape: `\n4111...`.
    let escape =
        matches!(before, Some(b'n' | b't' | b'r')) && start >= 2 && bytes.get(start - 2) == Some(&b'\\');
    (13..=19).contains(&digits.len())
        && (separators == 0 || (2..=4).contains(&separators))
        && (escape || !joined(before))
        && !joined(after)
        && is_issuer(&digits)
        && luhn(&digits)
}

fn is_issuer(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0u32, |head, digit| head * 10 + u32::from(*digit));
    match digits.len() {
        15 => matches!(head / 100, 34 | 37),
        14 => matches!(head / 100, 30 | 36 | 38 | 39),
        13 | 16 | 19 if head / 1000 == 4 => true,
        16 => {
            matches!(head / 100, 51..=55 | 35 | 65)
                || (2221..=2720).contains(&head)
                || head == 6011
                || (6440..6500).contains(&head)
                || head / 100 == 62
        }
        17..=19 => matches!(head / 100, 62 | 63 | 67),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(*digit) * if index % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_pass_luhn_and_stand_alone() {
        let check = |text: &str| {
            let bytes = text.as_bytes();
            let mut digits = Vec::new();
            let found = next_card(bytes, 0).is_some();
            assert!(!found || may_hold_card(bytes, &mut digits), "the prefilter must not miss {text}");
            found
        };
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111 declined",
            "5500-0000-0000-0004.",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "x\\n4111111111111111",
            "a8 4111111111111111",
            "12 4111 1111 1111 1111 7",
        ] {
            assert!(check(text), "{text}");
        }
        for text in [
            "4111111111111112",
            "1762331559019123",
            "1762331559019",
            "04111111111111111",
            "a4111111111111111",
            "4111111111111111-9ee8",
            "4111.111111111111",
            "0000000000000000",
            "2025-11-01 10:10:37",
        ] {
            assert!(!check(text), "{text}");
        }
    }
}
