//! What nobody understood: lines that matter and stated nothing, counted by their shape.
//!
//! This is the list from which a vocabulary grows, and the answer to products that change their wording: what was
//! read yesterday and is not today stands here.

use std::collections::HashMap;

use super::quotes::quoted;
use super::scan::beginning;
use crate::event::{Event, canonical};

/// Shapes that are kept apart; of more, the rarer half is forgotten.
const SHAPES: usize = 4_096;
/// Characters of a shape.
const SHAPE_LENGTH: usize = 160;
/// Bytes of a message that its shape is made of, and of an example.
const LOOKED_AT: usize = 4_096;

/// Stems of words for logins, in the languages of the sentences.
const LOGIN_STEMS: [&str; 14] = [
    "login",
    "logon",
    "log in",
    "sign in",
    "sign-in",
    "auth",
    "passw",
    "credential",
    "anmeld",
    "kennwort",
    "passwort",
    "connexion",
    "mot de passe",
    "contrase",
];

/// Levels from a warning on.
const LOUD: [&str; 3] = ["warn", "error", "critical"];

/// Lines of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineShape {
    pub shape: String,
    pub count: u64,
    /// The first line of it.
    pub example: String,
}

/// Shapes of what stated no fact.
#[derive(Debug, Default)]
pub struct Unknown {
    shapes: HashMap<String, (u64, String)>,
    lines: u64,
}

impl Unknown {
    /// Counts a line if it matters and states nothing; `raw` is the line as it was written.
    pub fn look(&mut self, event: &Event, raw: &str) {
        let Some(message) = event.get(canonical::MESSAGE).filter(|text| !text.trim().is_empty()) else {
            return;
        };
        if !matters(event, message) {
            return;
        }
        self.lines += 1;
        let shape = shape(beginning(message, LOOKED_AT));
        if let Some((count, _)) = self.shapes.get_mut(&shape) {
            *count += 1;
            return;
        }
        if self.shapes.len() >= SHAPES {
            self.forget_rare();
        }
        self.shapes.insert(shape, (1, beginning(raw, LOOKED_AT).to_owned()));
    }

    /// Makes room for many, so that it is seldom done.
    fn forget_rare(&mut self) {
        let mut counts: Vec<u64> = self.shapes.values().map(|(count, _)| *count).collect();
        let (_, median, _) = counts.select_nth_unstable(SHAPES / 2);
        let median = *median;
        self.shapes.retain(|_, (count, _)| *count > median);
    }

    /// Lines that were counted.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The most frequent shapes.
    #[must_use]
    pub fn most(&self, limit: usize) -> Vec<LineShape> {
        let of = |(shape, (count, example)): (&String, &(u64, String))| LineShape {
            shape: shape.clone(),
            count: *count,
            example: example.clone(),
        };
        let mut shapes: Vec<LineShape> = self.shapes.iter().map(of).collect();
        shapes.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.shape.cmp(&other.shape)));
        shapes.truncate(limit);
        shapes
    }
}

/// A warning or worse, or talk of logins, that stated nothing. Requests are judged by their answers.
fn matters(event: &Event, message: &str) -> bool {
    let states = event.get(canonical::FACT_ENTRY).is_some();
    let is_request = event.get(canonical::HTTP_METHOD).is_some();
    if states || is_request {
        return false;
    }
    let is_loud = event.get(canonical::LOG_LEVEL).is_some_and(|level| LOUD.contains(&level));
    is_loud || {
        let message = message.to_lowercase();
        LOGIN_STEMS.iter().any(|stem| message.contains(stem))
    }
}

/// A message without what differs from line to line: numbers, addresses and what is quoted.
fn shape(message: &str) -> String {
    let mut out = String::with_capacity(message.len().min(SHAPE_LENGTH));
    let mut at = 0;
    let quotes = quoted(message);
    for range in quotes.iter().filter(|range| range.start >= at).cloned().collect::<Vec<_>>() {
        fold(message.get(at..range.start).unwrap_or_default(), &mut out);
        out.push('_');
        at = range.end;
    }
    fold(message.get(at..).unwrap_or_default(), &mut out);
    match out.char_indices().nth(SHAPE_LENGTH) {
        Some((end, _)) => out.get(..end).unwrap_or_default().to_owned(),
        None => out,
    }
}

/// Words with a digit become one, blanks one.
fn fold(text: &str, out: &mut String) {
    for (number, word) in text.split(' ').enumerate() {
        if number > 0 && !out.ends_with(' ') {
            out.push(' ');
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.chars().any(|c| c.is_ascii_digit()) {
            out.push_str(&word.replacen(bare, "0", 1));
        } else {
            out.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_kind_have_one_shape() {
        assert_eq!(shape("user 'bob' could not get in (203.0.113.9)"), "user '_' could not get in (0)");
        assert_eq!(shape("user 'eve' could not get in (2001:db8::1)"), "user '_' could not get in (0)");
        assert_eq!(shape("worker-7 took 12ms"), "0 took 0");
        assert_eq!(shape(&"word ".repeat(100)).chars().count(), SHAPE_LENGTH);
    }

    /// An event that matters and states nothing.
    fn loud(paths: &crate::event::Paths, message: &str) -> Event {
        let mut event = Event::default();
        event.reset(message);
        for (name, text) in [("message", message), ("log.level", "error")] {
            event.push_text(paths.intern(name), crate::event::Kind::String, text, crate::event::Origin::Line);
        }
        event
    }

    /// A word of letters for each number.
    fn word(number: usize) -> String {
        let letters = (0..5).map(|place| number / 26_usize.pow(place) % 26);
        letters.map(|letter| char::from(b'a' + u8::try_from(letter).unwrap())).collect()
    }

    #[test]
    fn frequent_shapes_are_counted_on_whatever_else_comes() {
        let paths = crate::event::Paths::new();
        let mut unknown = Unknown::default();
        for number in 0..3 * SHAPES {
            for message in ["the disk is broken".to_owned(), format!("odd {}", word(number))] {
                unknown.look(&loud(&paths, &message), &message);
            }
        }
        let most = unknown.most(2);
        assert_eq!((most[0].shape.as_str(), most[0].count), ("the disk is broken", 3 * SHAPES as u64));
        assert!(unknown.shapes.len() <= SHAPES);
    }

    #[test]
    fn of_a_long_line_only_the_beginning_is_kept() {
        let paths = crate::event::Paths::new();
        let mut unknown = Unknown::default();
        let line = "x".repeat(1 << 20);
        unknown.look(&loud(&paths, &line), &line);
        assert_eq!(unknown.most(1)[0].example.len(), LOOKED_AT);
    }
}
