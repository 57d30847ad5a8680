//! A query as a tree. No names of index fields, no library types: it can be searched here or sent.

use crate::event::wildcard;

/// A question about events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Every event.
    All,
    /// All of them. Never empty.
    And(Vec<Expression>),
    /// At least one of them. Never empty.
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Clause(Clause),
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// A canonical or original name; `None` searches all text.
    pub field: Option<String>,
    pub test: Test,
    /// Byte offset in the text of the query.
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The field is there, whatever its value.
    Exists,
    /// The value, or the word.
    Is(String),
    /// The words in this order, at most `slop` moves apart; the last may be the head of a word.
    Phrase {
        text: String,
        slop: u32,
        prefix: bool,
    },
    Wildcard(Pattern),
    /// A regular expression for the whole value (or the whole word in full text).
    Regex(String),
    Range {
        from: Limit,
        to: Limit,
    },
    OneOf(Vec<String>),
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    Open,
    Including(String),
    Excluding(String),
}

impl Expression {
    /// Calls `visit` with every condition.
    pub fn each_clause<'e>(&'e self, visit: &mut dyn FnMut(&'e Clause)) {
        match self {
            Self::All => {}
            Self::And(members) | Self::Or(members) => {
                members.iter().for_each(|member| member.each_clause(visit));
            }
            Self::Not(inner) => inner.each_clause(visit),
            Self::Clause(clause) => visit(clause),
        }
    }
}

impl Limit {
    /// The value of the end, if it has one.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Including(value) | Self::Excluding(value) => Some(value),
        }
    }
}

/// A text with `*` (any run of characters) and `?` (any one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<PatternPiece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PatternPiece {
    Character(char),
    One,
    Any,
}

impl Pattern {
    /// Reads a pattern; `\` takes the meaning from the character after it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => pieces.push(PatternPiece::Character(characters.next().unwrap_or('\\'))),
                '*' if pieces.last() == Some(&PatternPiece::Any) => {}
                '*' => pieces.push(PatternPiece::Any),
                '?' => pieces.push(PatternPiece::One),
                c => pieces.push(PatternPiece::Character(c)),
            }
        }
        Self(pieces)
    }

    /// The pattern of everything that begins with `text`.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self(text.chars().map(PatternPiece::Character).chain([PatternPiece::Any]).collect())
    }

    /// The same pattern for text without letter case.
    #[must_use]
    pub fn folded(&self) -> Self {
        let lower = |piece: &PatternPiece| match piece {
            PatternPiece::Character(c) => c.to_lowercase().map(PatternPiece::Character).collect(),
            other => vec![*other],
        };
        Self(self.0.iter().flat_map(lower).collect())
    }

    /// The pattern cut where its text has neither letters nor digits.
    #[must_use]
    pub fn words(&self) -> Vec<Self> {
        let separates =
            |piece: &PatternPiece| matches!(piece, PatternPiece::Character(c) if !c.is_alphanumeric());
        let parts = self.0.split(separates).filter(|part| !part.is_empty());
        parts.map(|part| Self(part.to_vec())).collect()
    }

    /// The text, if the pattern has no wildcard.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        let literal = |piece: &PatternPiece| match piece {
            PatternPiece::Character(c) => Some(*c),
            _ => None,
        };
        self.0.iter().map(literal).collect()
    }

    /// Whether it stands for any text.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == [PatternPiece::Any]
    }

    /// The characters before the first `*` or `?`.
    #[must_use]
    pub fn literal_head(&self) -> String {
        let literal = |piece: &PatternPiece| match piece {
            PatternPiece::Character(c) => Some(*c),
            _ => None,
        };
        self.0.iter().map_while(literal).collect()
    }

    /// Whether the whole of `text` fits. Linear in the text for each `*` at worst.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let fits_one = |piece: &PatternPiece, found| match piece {
            PatternPiece::Character(expected) => *expected == found,
            PatternPiece::One => true,
            PatternPiece::Any => false,
        };
        wildcard::fits(&self.0, text.chars(), |piece| *piece == PatternPiece::Any, fits_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_whole_values() {
        #[track_caller]
        fn check(pattern: &str, text: &str, expect: bool) {
            assert_eq!(Pattern::parse(pattern).matches(text), expect, "{pattern} on {text}");
        }
        check("al*", "alice", true);
        check("al*", "al", true);
        check("al*", "malice", false);
        check("*ice", "alice", true);
        check("*ice", "alices", false);
        check("*l*c*", "alice", true);
        check("a?ice", "alice", true);
        check("a?ice", "aice", false);
        check("????", "日本語x", true);
        check("a\\*b", "a*b", true);
        check("a\\*b", "axb", false);
        check("*", "", true);
        check("", "", true);
        check("", "a", false);
        check("*aab", "aaaaab", true);
        check("a**b", "ab", true);
    }

    #[test]
    fn a_pattern_of_many_stars_does_not_explode() {
        let pattern = Pattern::parse(&"*a".repeat(200));
        assert!(!pattern.matches(&"a".repeat(199)));
        assert!(pattern.matches(&"a".repeat(200)));
    }

    #[test]
    fn the_literal_head_stops_at_the_first_wildcard() {
        assert_eq!(Pattern::parse("al\\*x?b").literal_head(), "al*x");
        assert_eq!(Pattern::parse("*x").literal_head(), "");
    }
}
