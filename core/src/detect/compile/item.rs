//! The tests of an item, sorted by how they are answered fastest.

use std::borrow::Cow;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use hashbrown::HashSet;
use memchr::memmem::Finder;

use crate::event::Kind;
use crate::sigma::matcher::{FieldRef, Number, Part, Pattern, Test};
use crate::sigma::taxonomy::FieldSlot;

/// From how many whole values on a hash is faster than looking through them.
const HASH_FROM: usize = 6;
/// From how many substrings on an automaton is faster than searching for each.
const AUTOMATON_FROM: usize = 8;

/// What an item looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Field(FieldSlot),
    /// Every value of the event.
    Keywords,
}

/// An item: every one of `values` must be found (there is one, unless the item says `all`).
#[derive(Debug)]
pub struct ItemProgram {
    pub target: Target,
    pub values: Vec<AnyOf>,
}

/// Tests of which one must pass.
#[derive(Debug, Default)]
pub struct AnyOf {
    /// As in the rule, until required atoms are chosen.
    pub tests: Vec<Test>,
    pub null: bool,
    pub exists: bool,
    pub absent: bool,
    pub references: Vec<(FieldSlot, FieldRef)>,
    exact: Exact,
    prefixes: Vec<Box<str>>,
    suffixes: Vec<Box<str>>,
    substrings: Substrings,
    numbers: Vec<Number>,
    /// Everything else, as it stands.
    rest: Vec<Test>,
}

#[derive(Debug, Default)]
enum Exact {
    #[default]
    None,
    List(Vec<Box<str>>),
    Set(HashSet<Box<str>, foldhash::fast::RandomState>),
}

#[derive(Debug, Default)]
enum Substrings {
    #[default]
    None,
    Each(Vec<Finder<'static>>),
    /// Many texts, and their automaton once it is asked for: few items ever are.
    Many(Box<[Box<str>]>, OnceLock<Option<Box<AhoCorasick>>>),
}

/// One value of an event, in the two spellings that tests look at.
#[derive(Clone)]
pub struct Value<'e> {
    pub text: Cow<'e, str>,
    pub folded: Cow<'e, str>,
    pub kind: Kind,
}

impl ItemProgram {
    pub fn new(target: Target, values: &[Vec<Test>], slot: &mut impl FnMut(&str) -> FieldSlot) -> Self {
        Self { target, values: values.iter().map(|tests| AnyOf::new(tests, slot)).collect() }
    }

    /// Required atoms are chosen: what is evaluated stands in other shapes.
    pub(super) fn forget_tests(&mut self) {
        self.values.iter_mut().for_each(|any| any.tests = Vec::new());
    }
}

impl AnyOf {
    fn new(tests: &[Test], slot: &mut impl FnMut(&str) -> FieldSlot) -> Self {
        let mut any = Self { tests: tests.to_vec(), ..Self::default() };
        let mut exact: Vec<Box<str>> = Vec::new();
        let mut substrings: Vec<&str> = Vec::new();
        for test in tests {
            match test {
                Test::Null => any.null = true,
                Test::Exists(true) => any.exists = true,
                Test::Exists(false) => any.absent = true,
                Test::FieldRef(reference) => any.references.push((slot(&reference.field), reference.clone())),
                Test::Number(number) => any.numbers.push(*number),
                Test::Bool(value) => exact.push(if *value { "true" } else { "false" }.into()),
                Test::Text(pattern) => match shape(pattern) {
                    Shape::Whole(text) => exact.push(text.into()),
                    Shape::Start(text) => any.prefixes.push(text.into()),
                    Shape::End(text) => any.suffixes.push(text.into()),
                    Shape::Inside(text) => substrings.push(text),
                    Shape::Other => any.rest.push(test.clone()),
                },
                Test::Regex(_) | Test::Cidr(_) | Test::Compare(..) | Test::Time(..) => {
                    any.rest.push(test.clone())
                }
            }
        }
        any.exact = Exact::new(exact);
        any.substrings = Substrings::new(&substrings);
        any
    }

    /// Whether one value passes one of the tests. Nulls and arrays are no values.
    pub fn passes(&self, value: &Value<'_>) -> bool {
        let folded: &str = &value.folded;
        self.exact.has(folded)
            || self.prefixes.iter().any(|prefix| folded.starts_with(&**prefix))
            || self.suffixes.iter().any(|suffix| folded.ends_with(&**suffix))
            || self.number(&value.text)
            || self.substrings.are_in(folded)
            || self.rest.iter().any(|test| test.passes(&value.text, folded, value.kind))
    }

    fn number(&self, text: &str) -> bool {
        !self.numbers.is_empty() && Number::parse(text).is_some_and(|number| self.numbers.contains(&number))
    }
}

impl Exact {
    fn new(texts: Vec<Box<str>>) -> Self {
        match texts.len() {
            0 => Self::None,
            n if n < HASH_FROM => Self::List(texts),
            _ => Self::Set(texts.into_iter().collect()),
        }
    }

    fn has(&self, text: &str) -> bool {
        match self {
            Self::None => false,
            Self::List(texts) => texts.iter().any(|known| **known == *text),
            Self::Set(texts) => texts.contains(text),
        }
    }
}

impl Substrings {
    fn new(texts: &[&str]) -> Self {
        if texts.is_empty() {
            return Self::None;
        }
        if texts.len() >= AUTOMATON_FROM {
            return Self::Many(texts.iter().map(|text| (*text).into()).collect(), OnceLock::new());
        }
        Self::Each(texts.iter().map(|text| Finder::new(text).into_owned()).collect())
    }

    fn are_in(&self, text: &str) -> bool {
        match self {
            Self::None => false,
            Self::Each(finders) => finders.iter().any(|finder| finder.find(text.as_bytes()).is_some()),
            Self::Many(texts, automaton) => match automaton.get_or_init(|| automaton_of(texts)) {
                Some(automaton) => automaton.is_match(text),
                None => texts.iter().any(|known| text.contains(&**known)),
            },
        }
    }
}

/// `None` when the texts are too many for one.
fn automaton_of(texts: &[Box<str>]) -> Option<Box<AhoCorasick>> {
    let mut builder = AhoCorasickBuilder::new();
    builder.kind(Some(AhoCorasickKind::ContiguousNFA));
    builder.build(texts.iter().map(|text| text.as_bytes())).ok().map(Box::new)
}

/// The simple forms of a caseless pattern.
pub(super) enum Shape<'p> {
    Whole(&'p str),
    Start(&'p str),
    End(&'p str),
    Inside(&'p str),
    Other,
}

pub(super) fn shape(pattern: &Pattern) -> Shape<'_> {
    if pattern.cased {
        return Shape::Other;
    }
    match pattern.parts.as_slice() {
        [] => Shape::Whole(""),
        [Part::Literal(text)] => Shape::Whole(text),
        [Part::Literal(text), Part::Any] => Shape::Start(text),
        [Part::Any, Part::Literal(text)] => Shape::End(text),
        [Part::Any, Part::Literal(text), Part::Any] => Shape::Inside(text),
        _ => Shape::Other,
    }
}
