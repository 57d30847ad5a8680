//! Secrets that commands take as options and arguments (`curl -u user:abc`, `openssl enc -k abc`, `AUTH abc`), and those
//! that a sentence tells (`the password is abc1`).

use super::scan::{IsSecret, Quote, WORD_LENGTH, before, is_harmless, is_word_byte, run_end};
use super::words::{CODES, COMMANDS, MECHANISMS, OPTIONS, TELLING, Takes};
use crate::normalize::alias::fold;

/// How far before an option the name of its command may stand.
const REACH: usize = 160;
/// Shortest response to a mechanism of mail, in bytes of base64.
const RESPONSE_BYTES: usize = 8;
/// How far before a code is looked for what kind of code it is, in bytes.
const CODE_BYTES: usize = 16;
/// Words between the name of a secret and what a sentence tells of it.
const WORDS: usize = 8;

type Place = Option<(usize, usize)>;

/// The value of the option at `at`, if it is a secret.
pub(super) fn option(buffer: &str, at: usize, is_secret: IsSecret<'_>) -> Place {
    let bytes = buffer.as_bytes();
    let start = run_end(bytes, at, |byte| byte == b'-').min(at + 2);
    let end = run_end(bytes, start, is_word_byte);
    let name = buffer.get(start..end).filter(|name| !name.is_empty() && name.len() <= WORD_LENGTH)?;
    if start == at + 1
        && let Some(place) = short_option(buffer, at, name)
    {
        return Some(place);
    }
    let (from, to) = argument(bytes, end)?;
    let value = buffer.get(from..to)?;
    if matches!(name, "u" | "user" | "proxy-user") {
        return behind(buffer, (from, to), ':');
    }
    let long = start == at + 2 || name.len() > 2;
    let named = long && is_secret(&fold(name)) || start == at + 1 && OPTIONS.contains(&name);
    if !named || is_harmless(value) {
        return None;
    }
    // OpenSSL: what is no `pass:` says where the secret is.
    match name.starts_with("passin") || name.starts_with("passout") {
        true => value.strip_prefix("pass:").map(|secret| (to - secret.len(), to)),
        false => Some((from, to)),
    }
}

/// An option of one letter, which means something else with every command.
fn short_option(buffer: &str, at: usize, name: &str) -> Place {
    let bytes = buffer.as_bytes();
    let letter = name.get(..1)?;
    let of_letter = COMMANDS.iter().filter(|(_, option, _)| *option == letter);
    let mut known = of_letter.filter(|(command, _, _)| runs(bytes, at, command));
    known.find_map(|(_, _, takes)| match takes {
        Takes::Joined => {
            let from = at + 1 + letter.len();
            let (from, to) = word(bytes, from);
            (name.len() > 3 || bytes.get(at + 2).is_some_and(|byte| matches!(byte, b'\'' | b'"')))
                .then_some((from, to))
        }
        _ if name != letter => None,
        Takes::Next => argument(bytes, at + 1 + letter.len()),
        Takes::Behind(sign) => behind(buffer, argument(bytes, at + 1 + letter.len())?, *sign),
    })
}

/// A command of this name, or one that begins so, stands before `at`.
fn runs(bytes: &[u8], at: usize, command: &str) -> bool {
    let head = bytes.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    let begins = |found: usize| found == 0 || !head.get(found - 1).is_some_and(|byte| is_word_byte(*byte));
    memchr::memmem::find_iter(head, command.as_bytes()).any(begins)
}

/// The argument behind an option, also as the next element of a list: `"--token", "abc"`.
fn argument(bytes: &[u8], end: usize) -> Place {
    let between = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b',' | b'\\');
    let mut from = run_end(bytes, end, between).min(end + 8);
    // The last quote before it is its own.
    while from > end && !matches!(bytes.get(from - 1), Some(b' ' | b',')) {
        from -= 1;
    }
    let place = word(bytes, from);
    let option = bytes.get(place.0) == Some(&b'-');
    (from > end && place.0 < place.1 && !option).then_some(place)
}

/// The word at `from`, or what stands in quotes there.
fn word(bytes: &[u8], from: usize) -> (usize, usize) {
    match Quote::at(bytes, from) {
        Some(quote) => (quote.from, quote.end(bytes)),
        None => {
            let ends = |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'\'' | b'\\');
            (from, run_end(bytes, from, |byte| !ends(byte)))
        }
    }
}

/// `user:abc`; numbers are a user and a group of a system.
fn behind(buffer: &str, argument: (usize, usize), sign: char) -> Place {
    let (from, to) = argument;
    let value = buffer.get(from..to)?;
    let (user, secret) = value.split_once(sign)?;
    let numbers = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    (!numbers && !user.is_empty() && !secret.is_empty() && !secret.starts_with('/'))
        .then_some((to - secret.len(), to))
}

/// The argument of this number, from 1, behind the name of a command that ends at `from`; options do not count.
pub(super) fn positional(buffer: &str, from: usize, number: usize) -> Place {
    let bytes = buffer.as_bytes();
    let (mut at, mut left) = (from, number);
    for _ in 0..WORDS {
        at = run_end(bytes, at, |byte| byte == b' ');
        let (from, to) = word(bytes, at);
        if from >= to {
            return None;
        }
        if !matches!(bytes.get(from), Some(b'-' | b'/')) {
            left -= 1;
        }
        if left == 0 {
            return (!is_harmless(buffer.get(from..to)?)).then_some((from, to));
        }
        // The quote behind a word without one ends the whole text.
        if from == at && bytes.get(to).is_some_and(|byte| *byte != b' ') {
            return None;
        }
        at = to + usize::from(to < bytes.len() && bytes.get(to) != Some(&b' '));
    }
    None
}

/// `AUTH abc`, `AUTH user abc`: all of a text, or behind the name of the server; as the server shows its commands, each
/// word in quotes. The word ends at `end`.
pub(super) fn auth(buffer: &str, end: usize) -> Place {
    let bytes = buffer.as_bytes();
    if bytes.get(end) != Some(&b' ') {
        return quoted_auth(bytes, end);
    }
    let before = bytes.get(..end.checked_sub("AUTH".len())?)?;
    let certain =
        before.last().is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'\n')) || runs(bytes, end, "redis");
    let begins = [&b"- "[..], b": ", b"] ", b"> ", b"| "].iter().any(|sign| before.ends_with(sign));
    let from = end + 1;
    let ends = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b'\n' | b'\r');
    let to = run_end(bytes, from, |byte| !ends(byte));
    let mut words = buffer.get(from..to)?.split(' ').filter(|word| !word.is_empty());
    let (first, second, more) = (words.next()?, words.next(), words.next());
    let secret = second.unwrap_or(first);
    let mechanism = second.is_none() && secret.bytes().all(|byte| byte.is_ascii_uppercase());
    let place = secret.as_ptr() as usize - buffer.as_ptr() as usize;
    let end = place + secret.len();
    let is_argument = more.is_none()
        && !mechanism
        && !is_harmless(secret)
        && (certain || begins && is_told_secret(secret, bytes, end));
    let is_response = MECHANISMS.contains(&first)
        && second.is_some_and(|word| word.len() >= RESPONSE_BYTES && !MECHANISMS.contains(&word));
    (is_argument || is_response).then_some((place, end))
}

/// `"AUTH" "abc"`, `"auth" "user" "abc"`: the last of one or two words in quotes.
fn quoted_auth(bytes: &[u8], end: usize) -> Place {
    let mut last = None;
    let mut at = end;
    for _ in 0..2 {
        let behind = Quote::at(bytes, at)?.from;
        let Some(quote) = Quote::at(bytes, behind + 1).filter(|_| bytes.get(behind) == Some(&b' ')) else {
            break;
        };
        at = quote.end(bytes);
        last = Some((quote.from, at));
    }
    last
}

/// What a sentence says that a secret is, whose name ends at `from`.
pub(super) fn told(buffer: &str, from: usize) -> Place {
    let bytes = buffer.as_bytes();
    let mut at = from;
    let mut is_told = false;
    // Whose it is: `for bob`, `of the user bob`.
    let mut whose = 0;
    for _ in 0..WORDS {
        let end = run_end(bytes, at, |byte| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'\\'));
        let word = buffer.get(at..end)?;
        let telling = TELLING.contains(&word);
        if !telling && (is_told || !may_name_an_owner(word, &mut whose)) {
            break;
        }
        let joins =
            !matches!(word, "now" | "set" | "reset" | "changed" | "updated" | "has" | "been" | "will");
        is_told = telling && (is_told || joins);
        at = run_end(bytes, end, |byte| byte == b' ').min(end + 1);
    }
    if !is_told {
        return None;
    }
    if let Some(quote) =
        Quote::at(bytes, at).filter(|quote| bytes.get(at - 1) == Some(&b' ') && quote.from > at)
    {
        let to = quote.end(bytes);
        return (to > quote.from && to - quote.from <= WORD_LENGTH).then_some((quote.from, to));
    }
    let (from, to) = word(bytes, at);
    let value = buffer.get(from..to)?.trim_end_matches(['.', ',', ';', '!', ')']);
    is_told_secret(value, bytes, from + value.len()).then_some((from, from + value.len()))
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
    for between in [":", " is", " was", ":"] {
        from += if buffer.get(from..)?.starts_with(between) { between.len() } else { 0 };
    }
    let from = run_end(bytes, from, |byte| matches!(byte, b' ' | b'"' | b'\'' | b'#')).min(from + 3);
    let to = run_end(bytes, from, |byte| byte.is_ascii_digit() || byte == b'-');
    let digits = bytes.get(from..to)?.iter().filter(|byte| byte.is_ascii_digit()).count();
    let ends = bytes.get(to).is_none_or(|byte| !is_word_byte(*byte));
    ((4..=8).contains(&digits) && ends).then_some((from, to))
}

/// Up to three words behind `for` or `of`.
fn may_name_an_owner(word: &str, count: &mut usize) -> bool {
    if *count == 0 && !matches!(word, "for" | "of") || *count > 3 || word.is_empty() {
        return false;
    }
    *count += 1;
    true
}

/// Something that is no word of the language, nor a number that goes on.
fn is_told_secret(value: &str, bytes: &[u8], end: usize) -> bool {
    let digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let mixed = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase());
    let ends_there = !matches!((bytes.get(end), bytes.get(end + 1)), (Some(b' '), Some(_)));
    let odd = if letter { digit || mixed } else { digit && ends_there };
    value.len() >= 4 && odd && !is_harmless(value) && !value.contains("://")
}
