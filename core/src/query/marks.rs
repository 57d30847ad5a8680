//! What of an event made it match, for showing.

use std::ops::Range;

use super::expression::{Clause, Expression};
use super::name::{self, MESSAGE};
use super::value::{ValueTest, WordsTest};
use super::words::{WordPlaces, comparable, comparable_word, words};

/// The conditions of a query that say what is wanted, not what is unwanted.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    words: Vec<WordsTest>,
    fields: Vec<(String, ValueTest)>,
}

impl Marks {
    #[must_use]
    pub fn of(expression: &Expression) -> Self {
        let mut marks = Self::default();
        marks.collect(expression);
        marks
    }

    fn collect(&mut self, expression: &Expression) {
        match expression {
            Expression::And(members) | Expression::Or(members) => {
                members.iter().for_each(|member| self.collect(member));
            }
            Expression::Clause(clause) => self.add(clause),
            Expression::All | Expression::Not(_) => {}
        }
    }

    fn add(&mut self, clause: &Clause) {
        let field = clause.field.as_deref();
        if field.is_none_or(|field| field == MESSAGE) {
            self.words.extend(WordsTest::new(&clause.test));
        }
        let Some(field) = field else { return };
        let Ok(test) = ValueTest::new(&clause.test) else { return };
        self.fields.extend(name::meanings(field).map(|name| (name.to_owned(), test.clone())));
    }

    /// Whether the value of a field is one that was asked for.
    #[must_use]
    pub fn wants(&self, field: &str, value: &str) -> bool {
        let value = comparable(value);
        self.fields.iter().any(|(name, test)| name == field && test.holds(&value))
    }

    /// The words of a text that were asked for, in order.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        if self.words.is_empty() {
            return Vec::new();
        }
        let all = words(text);
        let found: Vec<&WordsTest> = self.words.iter().filter(|test| test.holds(&all)).collect();
        let is_wanted = |place: &Range<usize>| {
            let word = comparable_word(text.get(place.clone()).unwrap_or_default());
            found.iter().any(|test| is_part(test, &word))
        };
        WordPlaces::of(text).map(|(_, place)| place).filter(is_wanted).collect()
    }
}

/// Whether a word is what the test looks for, or a part of it.
fn is_part(test: &WordsTest, word: &str) -> bool {
    match test {
        WordsTest::Any => false,
        WordsTest::Phrases(phrases) => {
            phrases.iter().flat_map(|phrase| &phrase.slots).any(|(_, test)| test.holds(word))
        }
        WordsTest::EachWord(test) => test.holds(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse;

    fn marked(query: &str, text: &str) -> Vec<String> {
        let marks = Marks::of(&parse(query).unwrap());
        marks
            .places(text)
            .into_iter()
            .map(|place| text.get(place).expect("a part of the text").to_owned())
            .collect()
    }

    #[test]
    fn words_that_matched_are_marked_and_unwanted_ones_are_not() {
        let text = "Login FAILED for alice from 10.0.0.7";
        assert_eq!(marked("failed ali* -for", text), ["FAILED", "alice"]);
        assert_eq!(marked("\"failed for\"", text), ["FAILED", "for"]);
        assert_eq!(marked("\"for failed\"", text), [""; 0]);
        assert_eq!(marked("message:alice OR user:bob", text), ["alice"]);
        assert_eq!(marked("10.0.0.*", text), ["10", "0", "0"]);
    }

    #[test]
    fn values_that_matched_are_wanted() {
        let marks = Marks::of(&parse("user:AL* status:>=500 -ip:10.0.0.7").unwrap());
        assert!(marks.wants("user.name", "Alice"));
        assert!(!marks.wants("user.name", "bob"));
        assert!(marks.wants("http.response.status_code", "503"));
        assert!(!marks.wants("source.ip", "10.0.0.7"));
    }
}
