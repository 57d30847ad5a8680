//! How text becomes terms. Two ways, both the same when writing and when asking.
//!
//! *Words* (`message`, `text`): as [`query::words`](crate::query::words) cuts them; a long run is cut to its
//! head instead of dropped, so that a hash or a token can be found.
//!
//! *Pairs* (`fields`): one term `name NUL value` for each field of an event, the value in its comparable form,
//! without letter case. All fields of all
//! names share one term dictionary, sorted by name and then by value; existence, prefixes,
//! wildcards, ranges and networks are scans of one stretch of it. A tantivy JSON field would give
//! the same order, but costs a path lookup, a position map and a boxed token stream for each value,
//! and it drops names that hold a NUL. The document hands over all pairs of an event at once, in
//! the frames of [`push_pair`].

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::query::words::{MARKER, VALUE_BYTES, WordPlaces, clean_name, comparable, comparable_word, head};

/// Between the name and the value of a pair. Sorts before everything that a name may hold.
pub const PAIR_SEPARATOR: char = '\0';

/// The term of a pair.
pub fn pair_term(name: &str, value: &str) -> String {
    let (name, value) = (clean_name(name), comparable(value));
    let mut term = String::with_capacity(name.len() + 1 + value.len());
    term.push_str(&name);
    term.push(PAIR_SEPARATOR);
    term.push_str(&value);
    term
}

/// The term of a name of our own, which no field of an event can have: it starts with U+0001.
pub fn own_term(name: &str, value: &str) -> String {
    format!("\u{1}{name}\0{}", head(value, VALUE_BYTES))
}

/// The term that says: the value of `name` is found under `home`.
pub fn marker_term(name: &str, home: &str) -> String {
    format!("{}{PAIR_SEPARATOR}{MARKER}{}", clean_name(name), clean_name(home))
}

/// The least text after everything that begins with `prefix`.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

/// Appends one framed pair: the length of its term as two characters of seven bits, then the term.
pub fn push_pair(frames: &mut String, name: &str, value: &str) {
    push_frame(frames, &[&clean_name(name), "\0", &comparable(value)]);
}

/// Appends the frame of a [`marker_term`].
pub fn push_marker(frames: &mut String, name: &str, home: &str) {
    push_frame(frames, &[&clean_name(name), "\0\u{2}", &clean_name(home)]);
}

/// Like [`push_pair`] for a name of our own.
pub fn push_own(frames: &mut String, name: &str, value: &str) {
    push_frame(frames, &["\u{1}", name, "\0", head(value, VALUE_BYTES)]);
}

fn push_frame(frames: &mut String, parts: &[&str]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    frames.push(char::from((len & 0x7f) as u8));
    frames.push(char::from((len >> 7 & 0x7f) as u8));
    parts.iter().for_each(|part| frames.push_str(part));
}

/// Takes framed pairs apart; see the module.
#[derive(Clone, Default)]
pub struct PairTokenizer {
    token: Token,
}

pub struct PairStream<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl Tokenizer for PairTokenizer {
    type TokenStream<'a> = PairStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PairStream<'a> {
        self.token.reset();
        self.token.position = 0;
        PairStream { rest: text, token: &mut self.token }
    }
}

impl TokenStream for PairStream<'_> {
    fn advance(&mut self) -> bool {
        let [low, high, ..] = *self.rest.as_bytes() else { return false };
        let end = 2 + usize::from(low) + (usize::from(high) << 7);
        let (Some(term), Some(rest)) = (self.rest.get(2..end), self.rest.get(end..)) else { return false };
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(term);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Cuts text into words; see the module.
#[derive(Clone, Default)]
pub struct WordTokenizer {
    token: Token,
}

pub struct WordStream<'a> {
    text: &'a str,
    places: WordPlaces<'a>,
    token: &'a mut Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, places: WordPlaces::of(text), token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((position, place)) = self.places.next() else { return false };
        self.token.position = position;
        self.token.offset_from = place.start;
        self.token.offset_to = place.end;
        self.token.text.clear();
        self.token.text.push_str(&comparable_word(self.text.get(place).unwrap_or_default()));
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(frames: &str) -> Vec<String> {
        let mut tokenizer = PairTokenizer::default();
        let mut stream = tokenizer.token_stream(frames);
        let mut terms = Vec::new();
        while stream.advance() {
            terms.push(stream.token().text.clone());
        }
        terms
    }

    /// The words of a text with their positions, as the index gets them.
    fn words(text: &str) -> Vec<(usize, String)> {
        let mut tokenizer = WordTokenizer::default();
        let mut stream = tokenizer.token_stream(text);
        let mut words = Vec::new();
        while stream.advance() {
            words.push((stream.token().position, stream.token().text.clone()));
        }
        words
    }

    #[test]
    fn words_are_lower_case_runs_of_letters_and_digits() {
        #[track_caller]
        fn check(text: &str, expect: &[(usize, &str)]) {
            let found = words(text);
            let found: Vec<(usize, &str)> = found.iter().map(|(at, word)| (*at, word.as_str())).collect();
            assert_eq!(found, expect);
        }
        check("", &[]);
        check(" -- ", &[]);
        check(
            "Failed LOGIN_for bob@10.0.0.5",
            &[(0, "failed"), (1, "login"), (2, "for"), (3, "bob"), (4, "10"), (5, "0"), (6, "0"), (7, "5")],
        );
        check("Übergröße naïveX 日本語", &[(0, "übergröße"), (1, "naïvex"), (2, "日本語")]);
        check("one\u{1f}two", &[(0, "one"), (2, "two")]);
    }

    #[test]
    fn a_long_run_is_cut_at_a_character_and_still_a_word() {
        let long = "é".repeat(1_000);
        let found = words(&long);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.len(), 254);
    }

    #[test]
    fn pairs_come_out_as_they_went_in_whatever_they_hold() {
        let mut frames = String::new();
        push_pair(&mut frames, "user.name", "Alice");
        push_pair(&mut frames, "", "");
        push_pair(&mut frames, "a\0b\u{1}", "v\0\u{1}\u{1f}");
        push_pair(&mut frames, &"n".repeat(70_000), &"ü".repeat(70_000));
        push_own(&mut frames, "kind", "alert");
        let terms = pairs(&frames);
        assert_eq!(terms.len(), 5);
        assert_eq!(terms[0], "user.name\0alice");
        assert_eq!(terms[1], "\0");
        assert_eq!(terms[2], "a?b?\0v\0\u{1}\u{1f}");
        assert_eq!(terms[3].len(), 256 + 1 + 254);
        assert_eq!(terms[4], "\u{1}kind\0alert");
    }
}
