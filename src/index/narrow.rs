//! What a Sigma rule needs of an event, as far as the index can tell: every event that the rule matches is among
//! those that are found, and others may be.
//!
//! The index holds values without letter case, cut, and some of them under another name (see `document`). Where
//! that is not enough to decide, the event counts as found: regular expressions and parts of a time ask for the field
//! only, a negation asks for nothing. The exact look comes after.

use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, SegmentReader, Term};

use super::schema::{Fields, PARTIAL, VOID};
use super::tokenizer::{after_prefix, own_term, pair_term};
use crate::event::{Kind, canonical};
use crate::query::name::{MESSAGE, TIME};
use crate::query::words::{MARKER, VALUE_BYTES, WORD_BYTES, WordPlaces, clean_name, comparable_word};
use crate::sigma::matcher::{Part, Pattern, Test, fold};
use crate::sigma::rule::{Condition, Detection, DetectionRule, Item, Search};
use crate::sigma::taxonomy::canonical_of;

/// See the module.
#[derive(Clone, Debug)]
pub enum Need {
    /// Any event may do.
    Anything,
    All(Vec<Need>),
    Any(Vec<Need>),
    /// A field of this name with a value that may pass.
    Field(Arc<str>, Asked),
}

/// What is asked of the values of a field.
#[derive(Clone, Debug)]
pub enum Asked {
    /// That the field is there.
    Presence,
    Value(Test),
}

impl Need {
    /// What a rule needs. Its filters only take away.
    pub fn of(rule: &DetectionRule) -> Self {
        of_condition(&rule.detection, &rule.detection.condition)
    }

    /// Whether every event has to be looked at.
    pub fn is_anything(&self) -> bool {
        match self {
            Self::Anything => true,
            Self::All(members) => members.iter().all(Self::is_anything),
            Self::Any(members) => members.iter().any(Self::is_anything),
            Self::Field(..) => false,
        }
    }
}

fn of_condition(detection: &Detection, condition: &Condition) -> Need {
    let identifier = |index: &usize| match detection.identifiers.get(*index) {
        Some(identifier) => of_search(&identifier.search),
        None => Need::Anything,
    };
    let inner = |condition: &Condition| of_condition(detection, condition);
    match condition {
        Condition::Identifier(index) => identifier(index),
        Condition::Not(_) => Need::Anything,
        Condition::And(members) => Need::All(members.iter().map(inner).collect()),
        Condition::Or(members) => Need::Any(members.iter().map(inner).collect()),
        Condition::Quantified { all, identifiers, .. } => {
            let members = identifiers.iter().map(identifier).collect();
            if *all { Need::All(members) } else { Need::Any(members) }
        }
    }
}

fn of_search(search: &Search) -> Need {
    match search {
        Search::All(inner) => Need::All(inner.iter().map(of_search).collect()),
        Search::Any(inner) => Need::Any(inner.iter().map(of_search).collect()),
        Search::Item(item) => of_item(item),
    }
}

fn of_item(item: &Item) -> Need {
    let Some(field) = item.field.as_deref().filter(|_| !item.negated) else { return Need::Anything };
    let value = |tests: &[Test]| Need::Any(tests.iter().map(|test| of_test(field, test)).collect());
    let members = item.values.iter().map(|value_of| value(&value_of.tests)).collect();
    if item.all { Need::All(members) } else { Need::Any(members) }
}

/// The field as it is written, and the canonical one that is asked when it is absent.
fn of_test(field: &str, test: &Test) -> Need {
    let asked = match test {
        // An absent field passes.
        Test::Null | Test::Exists(false) => return Need::Anything,
        Test::Exists(true) | Test::Regex(_) | Test::Time(..) | Test::FieldRef(_) => Asked::Presence,
        Test::Text(pattern) => match caseless(pattern) {
            Some(pattern) => Asked::Value(Test::Text(pattern)),
            None => Asked::Presence,
        },
        Test::Number(_) | Test::Bool(_) | Test::Cidr(_) | Test::Compare(..) => Asked::Value(test.clone()),
    };
    let canonical = canonical_of(field).and_then(|path| canonical::NAMES.get(path.index()).copied());
    let names = [Some(field), canonical.filter(|name| *name != field)];
    let named = |name: &str| match name {
        TIME => Need::Anything,
        // A message is found by its words alone.
        MESSAGE if whole_words(&asked).is_empty() => Need::Anything,
        name => Need::Field(clean_name(name).into(), asked.clone()),
    };
    Need::Any(names.into_iter().flatten().map(named).collect())
}

/// The pattern for values without letter case; `None` where it may cover what is not held as a value: an empty
/// text, an object as JSON, or a value that is cut.
fn caseless(pattern: &Pattern) -> Option<Pattern> {
    let cut = |part: &Part| matches!(part, Part::Literal(text) if text.len() > LONGEST_WHOLE);
    let lower = pattern.clone().finish(false);
    let is_json = |text: &str| lower.matches(text);
    let opens = match lower.parts.first() {
        Some(Part::Literal(text)) => text.starts_with(['{', MARKER]),
        _ => false,
    };
    (!opens && !is_json("{}") && !lower.parts.iter().any(cut)).then_some(lower)
}

/// The words that stand in every text that passes, from end to end.
fn whole_words(asked: &Asked) -> Vec<String> {
    let Asked::Value(Test::Text(pattern)) = asked else { return Vec::new() };
    let mut words = Vec::new();
    for (at, part) in pattern.parts.iter().enumerate() {
        let Part::Literal(text) = part else { continue };
        let (is_first, is_last) = (at == 0, at + 1 == pattern.parts.len());
        let places = WordPlaces::of(text).map(|(_, place)| place);
        let whole = places.filter(|place| {
            let before = text.get(..place.start).and_then(|text| text.chars().next_back());
            let after = text.get(place.end..).and_then(|text| text.chars().next());
            place.len() < WORD_BYTES / 2 && ends_word(before, is_first) && ends_word(after, is_last)
        });
        let whole = whole.filter_map(|place| text.get(place));
        words.extend(whole.map(|word| comparable_word(word).into_owned()));
    }
    words
}

/// Whether a word ends at this character of a pattern, or where the pattern begins or ends. One beyond ASCII may be what
/// is left of a letter without its case: a lower `İ` is an `i` and a dot.
fn ends_word(beside: Option<char>, is_end: bool) -> bool {
    beside.map_or(is_end, |c| c.is_ascii())
}

/// A longer value may be the head of one.
const LONGEST_WHOLE: usize = VALUE_BYTES - 4;

/// Documents of a segment.
#[derive(Clone)]
pub struct Documents {
    words: Vec<u64>,
}

impl Documents {
    pub fn none(most: DocId) -> Self {
        Self { words: vec![0; (most as usize).div_ceil(64)] }
    }

    pub fn all(most: DocId) -> Self {
        Self { words: vec![u64::MAX; (most as usize).div_ceil(64)] }
    }

    pub fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    pub fn holds(&self, doc: DocId) -> bool {
        self.words.get(doc as usize / 64).is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    pub fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }
}

/// Finds what is needed in one segment.
pub struct Narrower {
    index: Arc<InvertedIndexReader>,
    /// Words of messages, and of the other texts, with the field of each.
    words: [(Field, Arc<InvertedIndexReader>); 2],
    most: DocId,
    /// Events of which something is not indexed: they may be anything.
    partial: Documents,
}

impl Narrower {
    pub fn over(segment: &SegmentReader, fields: Fields) -> tantivy::Result<Self> {
        let index = segment.inverted_index(fields.fields)?;
        let most = segment.max_doc();
        let words = |field| segment.inverted_index(field).map(|index| (field, index));
        let words = [words(fields.message)?, words(fields.text)?];
        let mut narrower = Self { index, words, most, partial: Documents::none(most) };
        narrower.partial = narrower.own(PARTIAL, "")?;
        Ok(narrower)
    }

    /// The documents with a value of a name of our own that begins like this.
    pub fn own(&self, name: &str, beginning: &str) -> tantivy::Result<Documents> {
        let mut found = Documents::none(self.most);
        self.scan(own_term(name, beginning).as_bytes(), &mut found, |_| true)?;
        Ok(found)
    }

    /// Calls `each` with the values of a name of our own and the documents that have them.
    pub fn each_own(&self, name: &str, mut each: impl FnMut(&str, &[DocId])) -> tantivy::Result<()> {
        let start = own_term(name, "");
        self.terms(start.as_bytes(), |value, docs| each(value.get(start.len()..).unwrap_or_default(), docs))
    }

    /// The events that may be what is needed.
    pub fn find(&self, need: &Need) -> tantivy::Result<Documents> {
        let mut found = match need {
            Need::Anything => return Ok(Documents::all(self.most)),
            Need::All(members) => {
                let mut found = Documents::all(self.most);
                for member in members.iter().filter(|member| !member.is_anything()) {
                    found.keep(&self.find(member)?);
                }
                found
            }
            Need::Any(members) => {
                let mut found = Documents::none(self.most);
                for member in members {
                    found.add(&self.find(member)?);
                }
                found
            }
            Need::Field(name, asked) => self.field(name, asked)?,
        };
        found.add(&self.partial);
        Ok(found)
    }

    fn field(&self, name: &str, asked: &Asked) -> tantivy::Result<Documents> {
        let mut found = Documents::none(self.most);
        match asked {
            _ if name == MESSAGE => return self.in_words(asked),
            Asked::Presence => self.present(name, &mut found)?,
            Asked::Value(test) => self.passing(name, test, &mut found)?,
        }
        Ok(found)
    }

    /// Events with a message, or another text, in which the words stand.
    fn in_words(&self, asked: &Asked) -> tantivy::Result<Documents> {
        let mut found = Documents::all(self.most);
        for word in whole_words(asked) {
            let mut having = Documents::none(self.most);
            for (field, index) in &self.words {
                let term = Term::from_field_text(*field, &word);
                if let Some(mut postings) = index.read_block_postings(&term, IndexRecordOption::Basic)? {
                    each_block(&mut postings, |docs| docs.iter().for_each(|doc| having.insert(*doc)));
                }
            }
            found.keep(&having);
        }
        Ok(found)
    }

    /// A value of any kind, also one without text, or members.
    fn present(&self, name: &str, found: &mut Documents) -> tantivy::Result<()> {
        self.scan(pair_term(name, "").as_bytes(), found, |_| true)?;
        self.scan(own_term(VOID, name).as_bytes(), found, |_| true)?;
        self.members(name, found)
    }

    /// An object of this name: it is compared as JSON.
    fn members(&self, name: &str, found: &mut Documents) -> tantivy::Result<()> {
        self.scan(format!("{name}.").as_bytes(), found, |_| true)?;
        self.scan(own_term(VOID, &format!("{name}.")).as_bytes(), found, |_| true)
    }

    fn passing(&self, name: &str, test: &Test, found: &mut Documents) -> tantivy::Result<()> {
        let start = pair_term(name, "");
        let (beginning, is_whole) = literal_beginning(test);
        let prefix = format!("{start}{beginning}");
        self.scan(prefix.as_bytes(), found, |term| {
            let value = term.get(start.len()..).unwrap_or_default();
            if is_whole { term.len() == prefix.len() } else { may_pass(test, value) }
        })?;
        if is_open(test) {
            self.members(name, found)?;
        }
        self.elsewhere(name, test, found)
    }

    /// Events in which the value stands under another name, or among the words.
    fn elsewhere(&self, name: &str, test: &Test, found: &mut Documents) -> tantivy::Result<()> {
        let start = format!("{}{MARKER}", pair_term(name, ""));
        let mut homes = Vec::new();
        self.terms(start.as_bytes(), |term, docs| {
            let home = term.get(start.len()..).unwrap_or_default().to_owned();
            let mut marked = Documents::none(self.most);
            docs.iter().for_each(|doc| marked.insert(*doc));
            match homes.last_mut() {
                Some((last, all)) if *last == home => Documents::add(all, &marked),
                _ => homes.push((home, marked)),
            }
        })?;
        for (home, mut marked) in homes {
            if !matches!(home.as_str(), "" | TIME) && home != name {
                marked.keep(&self.find(&Need::Field(home.as_str().into(), Asked::Value(test.clone())))?);
            }
            found.add(&marked);
        }
        Ok(())
    }

    /// Adds the documents of the terms that begin like this and are kept.
    fn scan(&self, prefix: &[u8], found: &mut Documents, keep: impl Fn(&str) -> bool) -> tantivy::Result<()> {
        self.terms_kept(prefix, keep, |_, docs| docs.iter().for_each(|doc| found.insert(*doc)))
    }

    fn terms(&self, prefix: &[u8], each: impl FnMut(&str, &[DocId])) -> tantivy::Result<()> {
        self.terms_kept(prefix, |_| true, each)
    }

    fn terms_kept(
        &self,
        prefix: &[u8],
        keep: impl Fn(&str) -> bool,
        mut each: impl FnMut(&str, &[DocId]),
    ) -> tantivy::Result<()> {
        let mut range = self.index.terms().range().ge(prefix);
        if let Some(end) = after_prefix(prefix) {
            range = range.lt(end);
        }
        let mut terms = range.into_stream()?;
        while terms.advance() {
            let term = String::from_utf8_lossy(terms.key()).into_owned();
            if !keep(&term) {
                continue;
            }
            let option = IndexRecordOption::Basic;
            let mut postings = self.index.read_block_postings_from_terminfo(terms.value(), option)?;
            each_block(&mut postings, |docs| each(&term, docs));
        }
        Ok(())
    }
}

fn each_block(postings: &mut BlockSegmentPostings, mut each: impl FnMut(&[DocId])) {
    while !postings.docs().is_empty() {
        each(postings.docs());
        postings.advance();
    }
}

/// What every value that passes begins with, and whether it is all of it.
fn literal_beginning(test: &Test) -> (&str, bool) {
    match test {
        Test::Text(pattern) => match pattern.parts.as_slice() {
            [] => ("", true),
            [Part::Literal(text)] => (text, true),
            [Part::Literal(text), ..] => (text, false),
            _ => ("", false),
        },
        _ => ("", false),
    }
}

/// Whether a text that passes may begin with anything.
fn is_open(test: &Test) -> bool {
    matches!(test, Test::Text(pattern) if matches!(pattern.parts.first(), Some(Part::Any | Part::One)))
}

/// Whether a value as the index holds it may be one that passes.
fn may_pass(test: &Test, value: &str) -> bool {
    if value.starts_with(MARKER) {
        return false;
    }
    value.len() > LONGEST_WHOLE || test.passes(value, &fold(value), Kind::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).finish(true)
    }

    #[test]
    fn what_a_value_may_hide_behind_is_asked_for_by_its_field_alone() {
        assert!(caseless(&pattern("{*")).is_none());
        assert!(caseless(&pattern("*")).is_none());
        assert!(caseless(&pattern(&"x".repeat(300))).is_none());
        let text = caseless(&pattern("Admin*")).unwrap();
        assert!(text.matches("administrator") && !text.matches("root"));
    }

    #[test]
    fn only_words_that_cannot_go_on_are_whole() {
        let words = |text| whole_words(&Asked::Value(Test::Text(pattern(text).finish(false))));
        assert_eq!(words("*failed password for*"), ["password"]);
        assert_eq!(words("Failed password*"), ["failed"]);
        assert_eq!(words("*by root"), ["root"]);
        assert_eq!(words("one"), ["one"]);
        assert!(words("*one*").is_empty() && words("?one?").is_empty());
    }

    #[test]
    fn a_value_that_may_be_cut_may_pass() {
        let test = Test::Text(pattern("*end").finish(false));
        assert!(may_pass(&test, "the end") && !may_pass(&test, "the beginning"));
        assert!(may_pass(&test, &"x".repeat(LONGEST_WHOLE + 1)));
        assert!(!may_pass(&test, &format!("{MARKER}end")));
    }
}
