//! What all look at who look for secrets in a text: runs of bytes, quotes, words that say nothing.

use super::words::{HARMLESS_VALUES, KEY_MEMBERS, SECOND_WORDS};
use crate::normalize::alias::fold;

/// Most backslashes before a quote: of a text in a text, four times over.
pub(super) const DEEPEST_QUOTE: usize = 15;
/// Longest name of a secret.
pub(super) const WORD_LENGTH: usize = 64;
/// Says of a folded name that it is the name of a secret.
pub(super) type IsSecret<'n> = &'n dyn Fn(&str) -> bool;

pub(super) fn is_word_byte(byte: u8) -> bool {
    WORD_BYTES[usize::from(byte)]
}

#[expect(clippy::cast_possible_truncation, reason = "it is a byte")]
const WORD_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-');
        byte += 1;
    }
    bytes
};

/// What stands before `at`, and not more than `most` bytes of it.
pub(super) fn before(buffer: &str, at: usize, most: usize) -> &str {
    let mut begin = at.saturating_sub(most);
    while !buffer.is_char_boundary(begin) {
        begin += 1;
    }
    buffer.get(begin..at).unwrap_or_default()
}

pub(super) fn run_end(bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len())
}

/// Letters and digits mixed, or simply long: `Bearer authentication failed` is none.
pub(super) fn looks_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 24
        || (digits >= 2 && digits < text.len())
        || (digits >= 1 && text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// No word of a language: it has a digit, or capitals behind its first letter.
pub(super) fn is_odd(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().skip(1).any(|byte| is(&byte));
    let digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let mixed = has(u8::is_ascii_uppercase) && value.bytes().any(|byte| byte.is_ascii_lowercase());
    value.len() >= 4 && (digit || mixed) && !is_harmless(value)
}

/// Words and numbers between signs, as names, versions and dates are: `db-main-01`, `v1.2.3`, `2026-03-01`.
pub(super) fn is_of_words(text: &str) -> bool {
    let is_word = |part: &str| {
        let part = part.strip_prefix('v').unwrap_or(part);
        let rest = part.get(1..).unwrap_or_default();
        part.bytes().all(|byte| byte.is_ascii_digit())
            || part.bytes().all(|byte| byte.is_ascii_uppercase())
            || part.is_ascii()
                && part.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
                && rest.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    text.split(['-', '_', '.', '/', ':', ',']).all(is_word)
}

/// As long and as mixed as a key, and no name put together of words.
pub(super) fn looks_like_key(text: &str) -> bool {
    text.len() >= KEY_LENGTH && is_odd(text) && !is_of_words(text) && !text.contains(' ')
}

/// What is shorter may be a name.
const KEY_LENGTH: usize = 16;

/// Where the name of a secret begins that ends at `end`, and its last word: a word, or with the one before it where that makes
/// it one (`api key`).
pub(super) fn name_with_word_before<'b>(
    buffer: &'b str,
    end: usize,
    is_secret: IsSecret<'_>,
) -> Option<(usize, &'b str)> {
    let start = word_start(buffer, end);
    let name = buffer.get(start..end)?;
    let folded = fold(name);
    if is_secret(&folded) {
        return Some((start, name));
    }
    let blank = start.checked_sub(1).filter(|at| buffer.as_bytes().get(*at) == Some(&b' '))?;
    let first = word_start(buffer, blank);
    let both = fold(buffer.get(first..end)?);
    (SECOND_WORDS.contains(&folded.as_str()) && is_secret(both.trim_end_matches('s')))
        .then_some((first, name))
}

fn word_start(buffer: &str, end: usize) -> usize {
    let head = buffer.as_bytes().get(end.saturating_sub(WORD_LENGTH)..end).unwrap_or_default();
    end - head.iter().rev().take_while(|byte| is_word_byte(**byte)).count()
}

/// A quote that opens a value, with the backslashes before it.
pub(super) struct Quote {
    byte: u8,
    pub(super) level: usize,
    /// Behind it.
    pub(super) from: usize,
}

impl Quote {
    pub(super) fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let quote = run_end(bytes, at, |byte| byte == b'\\').min(at + DEEPEST_QUOTE);
        let byte = bytes.get(quote).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
        Some(Self { byte, level: quote - at, from: quote + 1 })
    }

    /// Where the value ends: at its backslashes, or at the end of the line.
    pub(super) fn end(&self, bytes: &[u8]) -> usize {
        let mut at = self.from;
        while let Some(next) = memchr::memchr2(self.byte, b'\n', bytes.get(at..).unwrap_or_default()) {
            let quote = at + next;
            if bytes.get(quote) == Some(&b'\n') {
                return quote;
            }
            let body = bytes.get(self.from..quote).unwrap_or_default();
            let slashes = body.iter().rev().take(64).take_while(|byte| **byte == b'\\').count();
            if slashes <= self.level || (self.level == 0 && slashes.is_multiple_of(2)) {
                return quote - slashes.min(self.level);
            }
            at = quote + 1;
        }
        bytes.len()
    }
}

/// Nothing, a word of every day, or the name of a member that says what another one is.
pub(super) fn is_harmless(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ',', '!']);
    text.is_empty()
        || super::is_masked(text)
        || HARMLESS_VALUES.iter().any(|word| word.eq_ignore_ascii_case(text))
        || KEY_MEMBERS.contains(&text)
}
