//! How text is compared: without regard to letter case, whole or cut into words.
//!
//! The index and the live filter both compare what these functions return, so that a query finds
//! the same events in both.

use std::borrow::Cow;
use std::ops::Range;

use super::expression::Pattern;

/// Longest word in bytes; longer runs are cut to their head.
pub const WORD_BYTES: usize = 255;
/// Longest value in bytes that is compared as a whole. A longer text is found by its words.
pub const VALUE_BYTES: usize = 255;
/// Longest field name in bytes.
pub const NAME_BYTES: usize = 256;
/// At most this many bytes of a message, and of the other texts of an event, are cut into words.
pub const WORDS_BYTES: usize = 64 * 1024;
/// Between two values that stand in one text: no phrase reaches across it.
pub const VALUE_BREAK: char = '\u{1f}';
/// No value begins with it when it is compared: the index marks its own terms with it.
pub const MARKER: char = '\u{2}';

/// The text without letter case: what is compared, never what is shown.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.chars().flat_map(char::to_lowercase).collect());
    }
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// The longest head of `text` that has at most `bytes` bytes and ends between two characters.
#[must_use]
pub fn head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    (0..=bytes).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// A value in the form in which values are compared: no letter case, at most [`VALUE_BYTES`].
#[must_use]
pub fn comparable(value: &str) -> Cow<'_, str> {
    match fold(head(value.trim_start_matches(MARKER), VALUE_BYTES)) {
        Cow::Borrowed(value) => Cow::Borrowed(value),
        // Lower case may be longer.
        Cow::Owned(value) if value.len() > VALUE_BYTES => Cow::Owned(head(&value, VALUE_BYTES).to_owned()),
        owned => owned,
    }
}

/// A field name as it is compared: cut, and without the two characters that the index uses itself.
#[must_use]
pub fn clean_name(name: &str) -> Cow<'_, str> {
    let name = head(name, NAME_BYTES);
    if name.bytes().any(|byte| byte <= 1) {
        return Cow::Owned(name.replace(['\0', '\u{1}'], "?"));
    }
    Cow::Borrowed(name)
}

/// Whether a value of the line that is not its message is searched by its words.
#[must_use]
pub fn is_wordy(is_string: bool, value: &str) -> bool {
    !value.is_empty() && (is_string || (value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Appends a value to a text of many, at most as much as there is room for.
pub fn push_value(text: &mut String, start: usize, value: &str) {
    let room = WORDS_BYTES.saturating_sub(text.len() - start);
    text.push_str(head(value, room));
    text.push(VALUE_BREAK);
}

/// The places of the words of a text: runs of letters and digits, as tantivy's `default` analyser
/// and a Quickwit cluster cut them.
#[derive(Clone, Debug)]
pub struct WordPlaces<'t> {
    text: &'t str,
    at: usize,
    /// Number of the last word, from 0; a value break counts as one.
    position: usize,
}

impl<'t> WordPlaces<'t> {
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        Self { text, at: 0, position: usize::MAX }
    }

    /// Moves to the next letter or digit. A value break on the way costs a position.
    fn skip_separators(&mut self) -> Option<()> {
        for (offset, c) in self.text.get(self.at..)?.char_indices() {
            if c.is_alphanumeric() {
                self.at += offset;
                return Some(());
            }
            if c == VALUE_BREAK {
                self.position = self.position.wrapping_add(1);
            }
        }
        self.at = self.text.len();
        None
    }
}

impl Iterator for WordPlaces<'_> {
    /// The number of the word and where it stands.
    type Item = (usize, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.position = self.position.wrapping_add(1);
        self.skip_separators()?;
        let start = self.at;
        self.at += word_len(self.text.get(start..)?);
        Some((self.position, start..self.at))
    }
}

fn word_len(text: &str) -> usize {
    let ascii = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    match text.as_bytes().get(ascii) {
        Some(byte) if !byte.is_ascii() => {}
        _ => return ascii,
    }
    text.char_indices().find(|(_, c)| !c.is_alphanumeric()).map_or(text.len(), |(at, _)| at)
}

/// A word in the form in which words are compared.
#[must_use]
pub fn comparable_word(word: &str) -> Cow<'_, str> {
    fold(head(word, WORD_BYTES))
}

/// The words of a text with their numbers.
#[must_use]
pub fn words(text: &str) -> Vec<(usize, String)> {
    let word = |place| comparable_word(text.get(place).unwrap_or_default()).into_owned();
    WordPlaces::of(text).map(|(position, place)| (position, word(place))).collect()
}

/// Words side by side; a single word is the common case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPhrase {
    /// What is wanted, and how many words after the first.
    pub slots: Vec<(usize, WordTest)>,
    /// How far the words may be from their places.
    pub slop: u32,
}

/// What one word of a phrase must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordTest {
    Is(String),
    Like(Pattern),
}

impl WordTest {
    #[must_use]
    pub fn holds(&self, word: &str) -> bool {
        match self {
            Self::Is(wanted) => wanted == word,
            Self::Like(pattern) => pattern.matches(word),
        }
    }
}

impl WordPhrase {
    /// The words of `text` in this order; with `prefix` the last may be the head of a word.
    #[must_use]
    pub fn of_text(text: &str, slop: u32, prefix: bool) -> Self {
        let mut slots: Vec<_> = words(text).into_iter().map(|(at, word)| (at, WordTest::Is(word))).collect();
        if let (true, Some((_, last))) = (prefix, slots.last_mut())
            && let WordTest::Is(word) = last
        {
            *last = WordTest::Like(Pattern::prefix(word));
        }
        Self { slots, slop }
    }

    /// A pattern over words: what separates words in it separates words in the text. A `*` that
    /// stands alone between separators is any one word.
    #[must_use]
    pub fn of_pattern(pattern: &Pattern) -> Self {
        let mut slots: Vec<(usize, WordTest)> = Vec::new();
        for (at, part) in pattern.words().into_iter().enumerate() {
            match part.literal() {
                Some(word) => slots.push((at, WordTest::Is(comparable_word(&word).into_owned()))),
                None if part.is_any() => {}
                None => slots.push((at, WordTest::Like(part.folded()))),
            }
        }
        Self { slots, slop: 0 }
    }

    /// Whether a text in comparable form holds the letters of each whole word.
    #[must_use]
    pub fn may_occur(&self, text: &str) -> bool {
        let holds = |test: &WordTest| match test {
            WordTest::Is(word) => text.contains(word.as_str()),
            WordTest::Like(_) => true,
        };
        self.slots.iter().all(|(_, test)| holds(test))
    }

    /// Whether the phrase occurs among these words; a phrase without words never does.
    #[must_use]
    pub fn occurs(&self, words: &[(usize, String)]) -> bool {
        let mut places = Vec::with_capacity(self.slots.len());
        for (offset, test) in &self.slots {
            let fitting = words.iter().filter(|(_, word)| test.holds(word));
            let starts: Vec<i64> = fitting.map(|(at, _)| start(*at, *offset)).collect();
            if starts.is_empty() {
                return false;
            }
            places.push(starts);
        }
        !places.is_empty() && near(&places, self.slop)
    }
}

/// Where a phrase begins whose word number `offset` stands at `position`.
#[must_use]
pub fn start(position: usize, offset: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX).saturating_sub(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// Whether one number can be taken from each of these ascending lists so that the smallest and the
/// greatest are at most `slop` apart.
#[must_use]
pub fn near(lists: &[Vec<i64>], slop: u32) -> bool {
    let mut next = vec![0_usize; lists.len()];
    loop {
        let mut lowest: Option<(i64, usize)> = None;
        let mut highest = i64::MIN;
        for (list, (numbers, at)) in lists.iter().zip(&next).enumerate() {
            let Some(number) = numbers.get(*at) else { return false };
            if lowest.is_none_or(|(low, _)| *number < low) {
                lowest = Some((*number, list));
            }
            highest = highest.max(*number);
        }
        let Some((number, list)) = lowest else { return false };
        if highest.saturating_sub(number) <= i64::from(slop) {
            return true;
        }
        next[list] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_is_dropped_and_long_values_are_cut_between_characters() {
        assert_eq!(fold("Alice"), "alice");
        assert_eq!(fold("ÄRGER"), "ärger");
        assert_eq!(comparable("\u{2}\u{2}X"), "x");
        assert_eq!(comparable(&"É".repeat(300)).len(), 254);
        // A letter whose lower case is longer does not push the value over its bound.
        assert!(comparable(&"İ".repeat(300)).len() <= VALUE_BYTES);
    }

    #[test]
    fn words_have_numbers_and_a_value_break_costs_one() {
        let found = words("Failed LOGIN_for\u{1f}bob");
        let expect = [(0, "failed"), (1, "login"), (2, "for"), (4, "bob")];
        assert_eq!(found, expect.map(|(at, word)| (at, word.to_owned())));
    }

    #[test]
    fn phrases_occur_in_order_with_gaps_and_beginnings() {
        #[track_caller]
        fn check(phrase: &WordPhrase, text: &str, expect: bool) {
            assert_eq!(phrase.occurs(&words(text)), expect, "{phrase:?} in {text}");
        }
        let text = "login failed for alice from 10.0.0.7";
        check(&WordPhrase::of_text("failed for", 0, false), text, true);
        check(&WordPhrase::of_text("for failed", 0, false), text, false);
        check(&WordPhrase::of_text("login alice", 2, false), text, true);
        check(&WordPhrase::of_text("login alice", 1, false), text, false);
        check(&WordPhrase::of_text("for ali", 0, true), text, true);
        check(&WordPhrase::of_text("--", 0, false), text, false);
        let pattern = |text: &str| WordPhrase::of_pattern(&Pattern::parse(text));
        check(&pattern("10.0.0.*"), text, true);
        check(&pattern("10.0.1.*"), text, false);
        check(&pattern("FAIL*"), text, true);
        check(&pattern("login/*/for"), text, true);
        check(&pattern("login/*/alice"), text, false);
        check(&pattern("*.*"), text, false);
    }

    #[test]
    fn near_finds_the_one_choice_that_fits() {
        assert!(near(&[vec![0, 10], vec![5, 11], vec![10]], 1));
        assert!(!near(&[vec![0, 10], vec![5, 12]], 1));
        assert!(near(&[vec![3]], 0));
    }
}
