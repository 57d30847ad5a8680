//! How people say in a sentence when something is over: `locked for 60 minutes`, `try again in 30s`, `until 02:40:54`.
//!
//! What stands before a length or a moment is read as a name of a field is, so that "after 5 failures in 10 minutes" and
//! "100 requests per 1 minute" say nothing about a lock.

use std::ops::Range;

use super::Begin;
use super::name::{self, EndName};
use super::value::{self, TimeTold};
use crate::event::End;
use crate::event::address::address;
use crate::facts::quotes::{is_inside, quoted};

/// Most words of one sentence that are looked at.
const MOST_WORDS: usize = 200;
/// Words before a value that may name it.
const PHRASE: usize = 5;
/// Words between what lasts and that it does so for good.
const NEAR: usize = 3;

/// One word of a message.
struct MessageWord<'t> {
    /// Where it begins.
    at: usize,
    /// Without the signs around it.
    text: &'t str,
    /// What stands before it is another clause.
    begins_clause: bool,
    /// What follows is another clause.
    ends_clause: bool,
    /// A value follows.
    introduces: bool,
}

/// The first end that a message tells, but for what stands in quotes or is one of `names`: others wrote that.
pub(super) fn end(begin: Begin, message: &str, names: &[&str]) -> Option<End> {
    let words = words(message, names);
    (0..words.len()).find_map(|at| end_at(begin, message, &words, at)).or_else(|| never(begin, &words))
}

fn words<'t>(message: &'t str, names: &[&str]) -> Vec<MessageWord<'t>> {
    let mut foreign: Vec<Range<usize>> = quoted(message);
    for name in names.iter().filter(|name| !name.is_empty()) {
        foreign.extend(message.match_indices(name).map(|(at, name)| at..at + name.len()));
    }
    let mut words = Vec::new();
    let mut at = 0;
    for piece in message.split_inclusive(char::is_whitespace).take(MOST_WORDS) {
        let start = at;
        at += piece.len();
        let piece = piece.trim_end();
        let inner = piece.trim_start_matches(OPENING);
        let text = inner.trim_end_matches(CLOSING);
        let begins = start + piece.len() - inner.len();
        if is_inside(&foreign, begins) || address(text).is_some() {
            continue;
        }
        let behind = inner.get(text.len()..).unwrap_or_default();
        let introduces = behind.ends_with([':', '=']);
        let begins_clause = piece.len() > inner.len();
        let ends_clause = !behind.is_empty() || text.is_empty();
        words.push(MessageWord { at: begins, text, begins_clause, ends_clause, introduces });
    }
    words
}

const OPENING: [char; 4] = ['(', '[', '{', '<'];
const CLOSING: [char; 13] = [')', ']', '}', '>', ',', ';', ':', '.', '!', '?', '=', '-', '|'];

/// What the word at a place says, with those before it.
fn end_at(begin: Begin, message: &str, words: &[MessageWord<'_>], at: usize) -> Option<End> {
    let word = words.get(at)?;
    let rest = message.get(word.at..)?;
    if let Some((key, _)) = word.text.split_once('=') {
        return of_pair(begin, key, message.get(word.at + key.len() + 1..)?);
    }
    if let Some(end) = until_somebody(begin, words, at) {
        return Some(end);
    }
    let phrase = phrase(words, at);
    let introduced =
        words.get(..at).and_then(<[MessageWord<'_>]>::last).is_some_and(|before| before.introduces);
    let (told, length) = value_at(begin, rest, introduced)?;
    let named = (0..phrase.len()).find_map(|from| {
        let name: Vec<String> = phrase.get(from..)?.iter().flat_map(|word| name::words(word.text)).collect();
        name::of_words(begin.what, &name, false).filter(|meaning| meaning.is_named())?.told(begin, told)
    });
    named.or_else(|| before_noun(begin, told, rest.get(length..)?))
}

/// The words before a place that belong to what stands there.
fn phrase<'w, 't>(words: &'w [MessageWord<'t>], at: usize) -> &'w [MessageWord<'t>] {
    let before = words.get(at.saturating_sub(PHRASE)..at).unwrap_or_default();
    let last = before.len().saturating_sub(1);
    let from = (0..before.len()).rev().find_map(|index| {
        let word = before.get(index)?;
        let is_over = word.ends_clause && !(index == last && word.introduces);
        if is_over { Some(index + 1) } else { word.begins_clause.then_some(index) }
    });
    before.get(from.unwrap_or_default()..).unwrap_or_default()
}

/// The value that a text begins with. A bare number is one only behind a sign that introduces it.
fn value_at(begin: Begin, text: &str, introduced: bool) -> Option<(TimeTold, usize)> {
    let bare = || {
        let (number, length) = value::decimal(text).filter(|_| introduced)?;
        let ends = !text.get(length..)?.starts_with(|c: char| c.is_alphanumeric() || c == '-');
        ends.then_some((TimeTold::Number(number), length))
    };
    value::prefix(text, begin.completion).or_else(bare)
}

/// `retry_after=30`
fn of_pair(begin: Begin, key: &str, text: &str) -> Option<End> {
    let meaning: EndName = name::meaning(begin.what, key)?;
    meaning.told(begin, value_at(begin, text.trim_start_matches('"'), true)?.0)
}

/// `a 30 minute ban`
fn before_noun(begin: Begin, told: TimeTold, rest: &str) -> Option<End> {
    const NOUNS: [&str; 11] = [
        "ban",
        "lock",
        "lockout",
        "block",
        "suspension",
        "cooldown",
        "cooloff",
        "penalty",
        "throttle",
        "quarantine",
        "jail",
    ];
    let TimeTold::Span(span) = told else { return None };
    let noun: String =
        rest.trim_start_matches([' ', '-']).chars().take_while(|c| c.is_alphabetic()).collect();
    if NOUNS.contains(&noun.to_lowercase().as_str()) { begin.after(span) } else { None }
}

/// `until an administrator unlocks it`, `until further notice`
fn until_somebody(begin: Begin, words: &[MessageWord<'_>], at: usize) -> Option<End> {
    const WORDS: [&str; 23] = [
        "she",
        "he",
        "they",
        "reset",
        "reviewed",
        "approved",
        "lifted",
        "support",
        "helpdesk",
        "staff",
        "further",
        "admin",
        "admins",
        "administrator",
        "administrators",
        "manual",
        "manually",
        "released",
        "unlocked",
        "unblocked",
        "somebody",
        "someone",
        "operator",
    ];
    const ARTICLES: [&str; 3] = ["an", "a", "the"];
    let is_one_of = |at: usize, list: &[&str]| {
        words.get(at).is_some_and(|word| list.iter().any(|known| known.eq_ignore_ascii_case(word.text)))
    };
    if !is_one_of(at, &["until", "till"]) {
        return None;
    }
    let next = if is_one_of(at + 1, &ARTICLES) { at + 2 } else { at + 1 };
    if is_one_of(next, &WORDS) { begin.never() } else { None }
}

/// `permanently locked`, `banned for good`
fn never(begin: Begin, words: &[MessageWord<'_>]) -> Option<End> {
    const WORDS: [&str; 10] = [
        "permanently",
        "permanent",
        "indefinitely",
        "indefinite",
        "forever",
        "good",
        "dauerhaft",
        "définitivement",
        "permanentemente",
        "indefinidamente",
    ];
    let is_subject =
        |word: &MessageWord<'_>| name::words(word.text).iter().any(|word| name::is_subject(begin.what, word));
    let is_said = |at: usize, word: &MessageWord<'_>| {
        let is_word = WORDS.iter().any(|known| known.eq_ignore_ascii_case(word.text));
        let for_good = || {
            !word.text.eq_ignore_ascii_case("good")
                || words.get(at.wrapping_sub(1)).is_some_and(|before| before.text.eq_ignore_ascii_case("for"))
        };
        let near = || words.get(at.saturating_sub(NEAR)..(at + NEAR + 1).min(words.len()));
        is_word && for_good() && near().is_some_and(|near| near.iter().any(is_subject))
    };
    let is_for_good = words.iter().enumerate().any(|(at, word)| is_said(at, word));
    if is_for_good { begin.never() } else { None }
}
