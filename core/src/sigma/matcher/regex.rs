//! Regular expressions of rules: checked when a rule is read, compiled when an event first needs them.
//!
//! Compiling one costs as much as reading ten rules, and of a large rule set few are ever run, because
//! the literals they require never occur. What is wrong with an expression must still be said when its
//! rule is read: its syntax is checked there, and one that might exceed the limit of size is compiled
//! at once.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::dialect::{Refused, translate};
use crate::event::number::to_usize;

/// Bound of a compiled expression, in bytes, so that a rule cannot take all memory.
const SIZE_LIMIT: usize = 4 << 20;
/// The lazy automaton's cache; small, since an expression runs only where its literals were found.
const CACHE_LIMIT: usize = 256 << 10;
/// An expression of this many states at most stays below [`SIZE_LIMIT`]: none takes more than 40 bytes.
const SURELY_SMALL: usize = 80_000;
/// The most states that one range of characters takes: 16 sequences of bytes, of 4 at most, share some.
const STATES_OF_RANGE: usize = 48;

/// How an expression is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegexFlags {
    pub ignore_case: bool,
    pub multi_line: bool,
    pub dot_all: bool,
}

/// Why an expression is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegexError {
    #[error("{}", .0.reason)]
    Refused(Refused),
    #[error(transparent)]
    Engine(#[from] regex::Error),
}

impl From<Refused> for RegexError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// A regular expression; equal when written the same.
#[derive(Clone, Debug)]
pub struct RegexTest {
    /// Flags and text, as written: `(?i)a.b`.
    pub pattern: String,
    /// The text in the syntax of the engine.
    translated: String,
    flags: RegexFlags,
    /// Shared by all copies. `None`: it turned out not to compile, and matches nothing.
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl RegexTest {
    /// Checks an expression.
    ///
    /// # Errors
    /// Says what is wrong with it: its syntax, or its size once compiled.
    pub fn new(text: &str, flags: RegexFlags) -> Result<Self, RegexError> {
        let translated = translate(text, flags.multi_line)?;
        let compiled = if is_surely_small(&translated, flags) {
            OnceLock::new()
        } else {
            OnceLock::from(Some(compile(&translated, flags)?))
        };
        let pattern = format!("{}{text}", flags.prefix());
        Ok(Self { pattern, translated, flags, compiled: Arc::new(compiled) })
    }

    /// The expression as the engine's parser reads it, `None` if it does not.
    #[must_use]
    pub fn syntax(&self) -> Option<Hir> {
        parser(self.flags).parse(&self.translated).ok()
    }

    /// Whether it matches somewhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| compile(&self.translated, self.flags).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl PartialEq for RegexTest {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for RegexTest {}

impl Hash for RegexTest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pattern.hash(state);
    }
}

impl RegexFlags {
    /// `(?im)`, or nothing.
    fn prefix(self) -> String {
        let all = [(self.ignore_case, 'i'), (self.multi_line, 'm'), (self.dot_all, 's')];
        let flags: String = all.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
        if flags.is_empty() { flags } else { format!("(?{flags})") }
    }
}

fn compile(text: &str, flags: RegexFlags) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(CACHE_LIMIT)
        .build()
}

fn parser(flags: RegexFlags) -> regex_syntax::Parser {
    regex_syntax::ParserBuilder::new()
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .build()
}

/// Whether an expression is valid and cannot exceed the limit of size.
fn is_surely_small(text: &str, flags: RegexFlags) -> bool {
    parser(flags).parse(text).is_ok_and(|hir| most_states(&hir) <= SURELY_SMALL)
}

/// An upper bound of the states of the automaton.
fn most_states(hir: &Hir) -> usize {
    let sum = |parts: &[Hir]| parts.iter().map(most_states).fold(1, usize::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => 1 + STATES_OF_RANGE * class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len(),
        HirKind::Capture(capture) => most_states(&capture.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = to_usize(repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1));
            most_states(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> Result<RegexTest, RegexError> {
        RegexTest::new(text, RegexFlags::default())
    }

    #[test]
    fn flags_count_and_stand_before_the_text() {
        let flags = RegexFlags { ignore_case: true, dot_all: true, ..RegexFlags::default() };
        let test = RegexTest::new("a.b", flags).unwrap();
        assert_eq!(test.pattern, "(?is)a.b");
        assert!(test.is_match("xA\nB"));
        assert!(!new("a.b").unwrap().is_match("xA\nB"));
    }

    #[test]
    fn what_is_wrong_is_said_when_the_rule_is_read() {
        assert!(matches!(new("a("), Err(RegexError::Engine(regex::Error::Syntax(_)))));
        assert!(matches!(new("(?=a)"), Err(RegexError::Refused(_))));
        assert!(matches!(new(r"\w{2000}"), Err(RegexError::Engine(regex::Error::CompiledTooBig(_)))));
    }

    #[test]
    fn only_what_is_surely_small_waits() {
        let waits = |text: &str| new(text).unwrap().compiled.get().is_none();
        assert!(waits(r"/cgi-bin/.*(;|\|)[a-z]+"));
        assert!(waits(r"\w+"));
        assert!(!waits(r"\w{4}"));
    }

    proptest::proptest! {
        #[test]
        fn an_expression_that_waits_compiles(
            class in proptest::sample::select(vec![".", r"\w", r"\d", r"\s", "[^a]", r"\pL", "a", "(?i:k)"]),
            times in 1..400_u32,
        ) {
            let text = format!("{class}{{{times}}}");
            if is_surely_small(&text, RegexFlags::default()) {
                proptest::prop_assert!(compile(&text, RegexFlags::default()).is_ok(), "{text}");
            }
        }
    }
}
