//! Secrets that a sentence or a line of a configuration tells: `the password is abc1`, `enable secret 5 abc1`,
//! `login with token abc1`, `your code is 123456`.

use super::commands::{Place, word};
use super::names::{is_about_a_secret, is_secret_word};
use super::scan::{
    Quote, WORD_LENGTH, before, is_harmless, is_odd, is_of_words, is_word_byte, name_with_word_before,
    run_end,
};
use super::words::{CODES, JOINING, NAMES, NO_SECRETS, SECOND_WORDS, TELLING};
use crate::normalize::alias::fold;

/// How far before a code is looked for what kind of code it is, in bytes.
const CODE_BYTES: usize = 16;
/// Longest code, in bytes.
const LONGEST_CODE: usize = 64;
/// Words between the name of a secret and what a sentence tells of it.
const WORDS: usize = 10;
/// What is shorter and stands right behind a name is a word, a number or a version.
const SHORTEST_DIRECT: usize = 6;
/// How much of a sentence is looked at before a colon.
const SENTENCE_BYTES: usize = 96;
/// How far back a file of logins says whose password it is.
const REACH: usize = 128;

/// What a sentence says that a secret is, whose name ends before the blank at the end of `buffer[..from]`.
pub(super) fn told(buffer: &str, from: usize) -> Place {
    let bytes = buffer.as_bytes();
    let end = from.checked_sub(1)?;
    let (start, name) =
        name_with_word_before(buffer, end, &is_secret_word).or_else(|| key_of_server(buffer, end))?;
    match telling(buffer, from) {
        Some(at) => quoted(bytes, at).or_else(|| plain(buffer, at)),
        None => direct(buffer, (start, from), name),
    }
}

/// `radius-server host 192.0.2.1 key abc`
fn key_of_server(buffer: &str, end: usize) -> Option<(usize, &str)> {
    let start = end.checked_sub("key".len())?;
    let name = buffer.get(start..end).filter(|name| *name == "key")?;
    before(buffer, start, REACH).contains("-server host ").then_some((start, name))
}

/// Where a sentence says what a secret is, behind words that belong to it: `for bob was set to`, `provided:`.
fn telling(buffer: &str, from: usize) -> Option<usize> {
    let bytes = buffer.as_bytes();
    let mut at = from;
    let mut is_told = false;
    // Whose it is: `for bob`, `of the user bob`.
    let mut whose = 0;
    for _ in 0..WORDS {
        let end = run_end(bytes, at, |byte| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'\\'));
        let next = run_end(bytes, end, |byte| byte == b' ').min(end + 1);
        let text = buffer.get(at..end)?;
        let word = text.trim_end_matches(':');
        let is_telling = TELLING.contains(&word);
        if text.ends_with(':') && NO_SECRETS.contains(&fold(word).as_str()) {
            return None;
        }
        if !is_telling && !may_name_an_owner(word, &mut whose) {
            break;
        }
        if word.len() < text.len() {
            return Some(next);
        }
        whose = if is_telling { 0 } else { whose };
        is_told = is_telling && (is_told || JOINING.contains(&word));
        at = next;
    }
    is_told.then_some(at)
}

/// Up to three words behind `for` or `of`.
fn may_name_an_owner(word: &str, count: &mut usize) -> bool {
    if *count == 0 && !matches!(word, "for" | "of") || *count > 3 || word.is_empty() {
        return false;
    }
    *count += 1;
    true
}

fn quoted(bytes: &[u8], at: usize) -> Place {
    let quote = Quote::at(bytes, at)?;
    let is_behind_a_blank = at.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b' ');
    let to = quote.end(bytes);
    (is_behind_a_blank && quote.from > at && to > quote.from && to - quote.from <= WORD_LENGTH)
        .then_some((quote.from, to))
}

/// Something that is no word of the language, nor a number that goes on.
fn plain(buffer: &str, at: usize) -> Place {
    let bytes = buffer.as_bytes();
    let (from, to) = word(bytes, at);
    let value = without_stop(buffer.get(from..to)?);
    let end = from + value.len();
    let has_letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let ends_there = !matches!((bytes.get(end), bytes.get(end + 1)), (Some(b' '), Some(_)));
    let is_secret = is_odd(value) && (has_letter || ends_there) && !value.contains("://");
    is_secret.then_some((from, end))
}

fn without_stop(text: &str) -> &str {
    text.trim_end_matches(['.', ',', ';', '!', ')'])
}

/// What stands right behind a name, as in a configuration or in `login with token abc1`; how it is kept may stand
/// between (`secret 5 abc1`). A file of logins says whose it is first, and then anything is the password.
fn direct(buffer: &str, name_at: (usize, usize), name: &str) -> Place {
    let bytes = buffer.as_bytes();
    let mut at = run_end(bytes, name_at.1, |byte| byte == b' ');
    let (from, to) = word(bytes, at);
    if buffer.get(from..to).is_some_and(says_how_it_is_kept) && bytes.get(to) == Some(&b' ') {
        at = to + 1;
    }
    let (from, to) = word(bytes, at);
    let text = buffer.get(from..to)?;
    let value = if from > at { text } else { without_stop(text) };
    let head = before(buffer, name_at.0, REACH);
    let of_logins = name == "password" && head.contains("machine ") && head.contains(" login ");
    let is_secret = of_logins && !is_harmless(value) || is_key(value);
    is_secret.then_some((from, from + value.len()))
}

/// `secret 5 abc1`, `password ENC abc1`: what network gear writes before a secret.
fn says_how_it_is_kept(word: &str) -> bool {
    let is_digit = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit());
    is_digit
        || ["ENC", "cipher", "simple", "encrypted", "irreversible-cipher", "plaintext", "hash", "ascii-text"]
            .contains(&word)
}

/// Odd, and not put together of words and numbers, nor something else of its own form.
fn is_key(value: &str) -> bool {
    value.len() >= SHORTEST_DIRECT
        && is_odd(value)
        && !is_of_words(value)
        && !value.starts_with(['/', '(', '[', '{', '<', '-', '.', '*'])
        && !value.trim_end_matches('=').contains(['@', ':', '=', '(', '{', '<', ' '])
}

/// A code that works once: `verification code is 123456`, `OTP code 123456`; `at` is behind the first letter of `code`.
pub(super) fn code(buffer: &str, at: usize) -> Place {
    let bytes = buffer.as_bytes();
    let start = at.checked_sub(1).filter(|start| matches!(bytes.get(*start), Some(b'c' | b'C')))?;
    let head = before(buffer, start, CODE_BYTES);
    let kind = head.trim_end().rsplit([' ', '"', '\'', '(', '=', ':']).next()?;
    if !head.ends_with([' ', '-', '_'])
        || !CODES.iter().any(|known| known.eq_ignore_ascii_case(kind.trim_end_matches(['-', '_'])))
    {
        return None;
    }
    let mut from = at + "ode".len();
    for between in ["s", ":", "=", " is", " was", ":"] {
        from += if buffer.get(from..)?.starts_with(between) { between.len() } else { 0 };
    }
    let from = run_end(bytes, from, |byte| matches!(byte, b' ' | b'"' | b'\'' | b'#')).min(from + 3);
    let to = run_end(bytes, from, is_word_byte);
    let value = buffer.get(from..to)?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_number =
        (4..=8).contains(&digits) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_mixed = is_key(value) && value.len() <= LONGEST_CODE;
    (is_number || is_mixed).then_some((from, to))
}

/// A sentence about a secret that ends with it: `Use the following password to log in: abc1`; the colon stands at `colon`.
pub(super) fn announced(buffer: &str, colon: usize) -> Place {
    let bytes = buffer.as_bytes();
    let from = colon + 2;
    if bytes.get(colon + 1) != Some(&b' ') || !bytes.get(from).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (from, to) = word(bytes, from);
    let value = without_stop(buffer.get(from..to)?);
    let ends_there = bytes.get(to).is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'\n'));
    if !ends_there || !is_key(value) {
        return None;
    }
    let sentence = before(buffer, colon, SENTENCE_BYTES).rsplit(['.', '!', '?', ';', '"', '\n']).next()?;
    let words = || {
        sentence.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').filter(|word| !word.is_empty())
    };
    let last = fold(words().next_back()?);
    // A token, a key or a cookie has too many properties of which the same could be said.
    let is_password = |word: &str| {
        let word = fold(word);
        ["password", "passwd", "passphrase", "passcode"].iter().any(|end| word.ends_with(end))
    };
    let two = |(first, second): (&str, &str)| {
        let second = fold(second);
        let both = fold(first) + &second;
        SECOND_WORDS.contains(&second.as_str()) && NAMES.contains(&both.trim_end_matches('s'))
    };
    let is_told = words().any(is_password) || words().zip(words().skip(1)).any(two);
    (is_told && !is_about_a_secret(&last)).then_some((from, from + value.len()))
}

/// `snmp-server community abc RO`
pub(super) fn community(buffer: &str, start: usize, end: usize) -> Place {
    let head = before(buffer, start, WORD_LENGTH).to_ascii_lowercase();
    let (from, to) = word(buffer.as_bytes(), end);
    let value = buffer.get(from..to)?;
    (head.contains("snmp") && !is_harmless(value) && fold(value) != "string").then_some((from, to))
}
