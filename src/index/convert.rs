//! From an [`Expression`] to tantivy's queries.
//!
//! A condition on a named field is a term of `fields`, or a scan of the stretch of terms with that
//! name. Values that would be repeated or very long are not there; a marker says under which name
//! they are found (see `document`), and the condition is put to that one too. Without a field, the words are
//! looked up in the message and in the other texts, and the whole as a correlation id. What a test means for a
//! value, and what a name is short for, is asked of [`query`](crate::query).

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::query::{
    AllQuery, BitSetDocSet, BooleanQuery, ConstScorer, EmptyQuery, EnableScoring, Explanation, Occur,
    PhraseQuery, Query, RangeQuery, Scorer, TermQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DateTime, DocAddress, DocId, Score, Searcher, SegmentReader, TantivyError, Term};

use super::codec::level_code;
use super::deadline::Deadline;
use super::document::{IN_WORDS, event_key};
use super::error::Error;
use super::near::{Exactly, Near};
use super::schema::Fields;
use super::tokenizer::{PAIR_SEPARATOR, after_prefix, marker_term, own_term, pair_term};
use crate::event::{EventId, LogLevel, Timestamp};
use crate::query::name::{self, CORRELATION_ID, EVENT_ID, KIND, MESSAGE, REPEATED, TIME};
use crate::query::value::{TimeTest, ValueTest, WordsTest, event_ids};
use crate::query::words::{MARKER, VALUE_BYTES, WordPhrase, WordTest, head};
use crate::query::{Clause, Expression, Test, kinds_that_pass};

/// How many other names are followed, and how far. Only canonical names are homes.
const MAX_HOMES: usize = 128;
const MAX_HOME_DEPTH: usize = 2;

pub fn query(
    expression: &Expression,
    searcher: &Searcher,
    fields: Fields,
    deadline: &Deadline,
) -> Result<Box<dyn Query>, Error> {
    Converter { searcher, fields, deadline: *deadline }.expression(expression)
}

struct Converter<'s> {
    searcher: &'s Searcher,
    fields: Fields,
    deadline: Deadline,
}

type Converted = Result<Box<dyn Query>, Error>;

impl Converter<'_> {
    fn expression(&self, expression: &Expression) -> Converted {
        match expression {
            Expression::All => Ok(Box::new(AllQuery)),
            Expression::Not(inner) => Ok(all([], [self.expression(inner)?])),
            Expression::Or(members) => any(members.iter().map(|member| self.expression(member))),
            Expression::And(members) => {
                let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
                for member in members {
                    match member {
                        Expression::Not(inner) => unwanted.push(self.expression(inner)?),
                        other => wanted.push(self.expression(other)?),
                    }
                }
                Ok(all(wanted, unwanted))
            }
            Expression::Clause(clause) => self.clause(clause),
        }
    }

    fn clause(&self, clause: &Clause) -> Converted {
        let Some(field) = clause.field.as_deref() else { return self.everywhere(&clause.test) };
        match name::levels(&clause.test) {
            Ok(Some(levels)) if name::is_level(field) => Ok(any_of(self.levels(&levels))),
            _ if field == KIND => {
                Ok(any_of(vec![self.field(KIND, &clause.test, 0)?, self.kinds(&clause.test)]))
            }
            _ => any(name::meanings(field).map(|name| self.named(name, &clause.test))),
        }
    }

    /// What is no event, by its kind. A line may have a field of the same name.
    fn kinds(&self, test: &Test) -> Box<dyn Query> {
        let of_kind = |kind| term(self.fields.fields, &own_term(KIND, kind));
        any_of(kinds_that_pass(test).map(of_kind).collect())
    }

    fn named(&self, name: &str, test: &Test) -> Converted {
        match name {
            MESSAGE => self.in_words(&[self.fields.message], test),
            TIME => Ok(self.time(test)),
            EVENT_ID => self.event_id(test),
            name => self.field(name, test, 0),
        }
    }

    /// A condition without a field.
    fn everywhere(&self, test: &Test) -> Converted {
        let in_words = self.in_all_words(test)?;
        let (Test::Is(_) | Test::Phrase { prefix: false, .. }) = test else { return Ok(in_words) };
        let event = event_ids(test).into_iter().map(|id| self.key(id));
        let as_id = self.value(CORRELATION_ID, &value_test(test)?);
        Ok(any_of([in_words, as_id].into_iter().chain(event).collect()))
    }

    /// A condition on the words of an event, wherever they are found.
    fn in_all_words(&self, test: &Test) -> Converted {
        let mut members = vec![self.in_words(&[self.fields.message, self.fields.text], test)?];
        let test = WordsTest::new(test).map_err(|reason| Error::Search { reason })?;
        for name in REPEATED {
            let test = test.clone();
            let scan = Scan::of_field(self.fields.fields, name, "", self.deadline);
            members.push(scan.keeping(move |value| test.holds_value(value)));
        }
        Ok(any_of(members))
    }

    /// A condition on the words of tokenised fields, at least one of which must meet it.
    fn in_words(&self, fields: &[Field], test: &Test) -> Converted {
        let test = WordsTest::new(test).map_err(|reason| Error::Search { reason })?;
        let in_field = |field: &Field| -> Box<dyn Query> {
            match &test {
                WordsTest::Any => Box::new(AllQuery),
                WordsTest::Phrases(phrases) => {
                    any_of(phrases.iter().map(|phrase| self.phrase(*field, phrase)).collect())
                }
                WordsTest::EachWord(test) => {
                    let test = test.clone();
                    Scan::of_words(*field, "", self.deadline).keeping(move |word| test.holds(word))
                }
            }
        };
        Ok(any_of(fields.iter().map(in_field).collect()))
    }

    /// The words of a phrase side by side; no words find nothing.
    fn phrase(&self, field: Field, phrase: &WordPhrase) -> Box<dyn Query> {
        let term = |word: &str| Term::from_field_text(field, word);
        match phrase.slots.as_slice() {
            [] => Box::new(EmptyQuery),
            [(_, WordTest::Is(word))] => Box::new(TermQuery::new(term(word), IndexRecordOption::Basic)),
            [(_, WordTest::Like(pattern))] => {
                let pattern = pattern.clone();
                let scan = Scan::of_words(field, &pattern.literal_head(), self.deadline);
                scan.keeping(move |word| pattern.matches(word))
            }
            slots => {
                let whole = |(at, test): &(usize, WordTest)| match test {
                    WordTest::Is(word) => Some((*at, term(word))),
                    WordTest::Like(_) => None,
                };
                match slots.iter().map(whole).collect::<Option<Vec<_>>>() {
                    Some(terms) if phrase.slop == 0 => {
                        Box::new(Exactly(Arc::new(PhraseQuery::new_with_offset_and_slop(terms, 0))))
                    }
                    _ => Box::new(Near::new(field, phrase.clone(), self.deadline)),
                }
            }
        }
    }

    /// A condition on the values under one name.
    fn field(&self, name: &str, test: &Test, depth: usize) -> Converted {
        let values = value_test(test)?;
        if matches!(values, ValueTest::Any) {
            return Ok(Scan::of_field(self.fields.fields, name, "", self.deadline).everything());
        }
        let mut members = vec![self.value(name, &values)];
        for home in self.homes(name, depth)? {
            let condition = self.at_home(&home, test, depth)?;
            members.push(all([term(self.fields.fields, &marker_term(name, &home)), condition], []));
        }
        Ok(any_of(members))
    }

    /// The same condition where the value is found instead.
    fn at_home(&self, home: &str, test: &Test, depth: usize) -> Converted {
        let is_range = matches!(test, Test::Range { .. });
        match home {
            TIME => Ok(self.time(test)),
            MESSAGE | IN_WORDS if is_range => Ok(Box::new(EmptyQuery)),
            MESSAGE => self.in_words(&[self.fields.message], test),
            IN_WORDS => self.in_all_words(test),
            home => self.field(home, test, depth + 1),
        }
    }

    fn homes(&self, name: &str, depth: usize) -> Result<BTreeSet<String>, Error> {
        match depth {
            0..=MAX_HOME_DEPTH => homes(self.searcher, self.fields, name),
            _ => Ok(BTreeSet::new()),
        }
    }

    /// The terms of a name whose values pass.
    fn value(&self, name: &str, test: &ValueTest) -> Box<dyn Query> {
        let scan = |head: &str, test: ValueTest| {
            let scan = Scan::of_field(self.fields.fields, name, head, self.deadline);
            scan.keeping(move |value| test.holds(value))
        };
        let ValueTest::Equal(wanted) = test else { return scan(&test.literal_head(), test.clone()) };
        let mut members: Vec<Box<dyn Query>> = Vec::new();
        for wanted in wanted {
            members.push(term(self.fields.fields, &pair_term(name, &wanted.value)));
            if wanted.network.is_some() {
                members.push(scan("", ValueTest::Equal(vec![wanted.clone()])));
            }
        }
        any_of(members)
    }

    /// One number at a time: a level that no line names lies between the others.
    fn levels(&self, levels: &[LogLevel]) -> Vec<Box<dyn Query>> {
        let is = |level: &LogLevel| exactly(Term::from_field_u64(self.fields.level, level_code(*level)));
        levels.iter().map(is).collect()
    }

    fn key(&self, id: EventId) -> Box<dyn Query> {
        exactly(Term::from_field_u64(self.fields.event_key, event_key(id.0)))
    }

    fn event_id(&self, test: &Test) -> Converted {
        if *test == Test::Exists {
            return Ok(Box::new(AllQuery));
        }
        let own = event_ids(test).into_iter().map(|id| self.key(id));
        let in_line = self.field(EVENT_ID, test, 0)?;
        Ok(any_of(own.chain([in_line]).collect()))
    }

    /// A condition on the time of events; one that cannot be put to a time finds nothing.
    fn time(&self, test: &Test) -> Box<dyn Query> {
        let Ok(TimeTest { from, to }) = TimeTest::new(test) else { return Box::new(EmptyQuery) };
        if (from, to) == (Bound::Unbounded, Bound::Unbounded) {
            return Box::new(AllQuery);
        }
        let column =
            |time: Timestamp| Term::from_field_date(self.fields.time, DateTime::from_timestamp_nanos(time.0));
        range(from.map(column), to.map(column))
    }
}

fn value_test(test: &Test) -> Result<ValueTest, Error> {
    ValueTest::new(test).map_err(|reason| Error::Search { reason })
}

fn range(from: Bound<Term>, to: Bound<Term>) -> Box<dyn Query> {
    Box::new(Exactly(Arc::new(RangeQuery::new(from, to))))
}

fn exactly(term: Term) -> Box<dyn Query> {
    range(Bound::Included(term.clone()), Bound::Included(term))
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

fn any(members: impl IntoIterator<Item = Converted>) -> Converted {
    Ok(any_of(members.into_iter().collect::<Result<_, _>>()?))
}

fn any_of(mut members: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match members.len() {
        0 => Box::new(EmptyQuery),
        1 => members.remove(0),
        _ => Box::new(BooleanQuery::new(members.into_iter().map(|member| (Occur::Should, member)).collect())),
    }
}

/// All of `wanted` and none of `unwanted`. Only unwanted ones leave everything else.
fn all(
    wanted: impl IntoIterator<Item = Box<dyn Query>>,
    unwanted: impl IntoIterator<Item = Box<dyn Query>>,
) -> Box<dyn Query> {
    let mut clauses: Vec<_> = wanted.into_iter().map(|query| (Occur::Must, query)).collect();
    if clauses.is_empty() {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    clauses.extend(unwanted.into_iter().map(|query| (Occur::MustNot, query)));
    Box::new(BooleanQuery::new(clauses))
}

/// All documents whose terms, in one stretch of the dictionary, pass a test.
#[derive(Clone)]
struct Scan {
    field: Field,
    /// Terms begin with this; the value begins at `value_at`.
    prefix: Vec<u8>,
    value_at: usize,
    keep: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    markers: bool,
    deadline: Deadline,
}

impl Scan {
    fn of_words(field: Field, literal: &str, deadline: Deadline) -> Self {
        let keep = Arc::new(|_: &str| true);
        Self { field, prefix: literal.as_bytes().to_vec(), value_at: 0, keep, markers: true, deadline }
    }

    fn of_field(field: Field, name: &str, literal: &str, deadline: Deadline) -> Self {
        let start = pair_term(name, "");
        let prefix = format!("{start}{}", head(literal, VALUE_BYTES)).into_bytes();
        let keep = Arc::new(|_: &str| true);
        Self { field, prefix, value_at: start.len(), keep, markers: false, deadline }
    }

    fn keeping(mut self, keep: impl Fn(&str) -> bool + Send + Sync + 'static) -> Box<dyn Query> {
        self.keep = Arc::new(keep);
        Box::new(self)
    }

    /// Every term of the stretch, markers too.
    fn everything(mut self) -> Box<dyn Query> {
        self.markers = true;
        Box::new(self)
    }

    fn passes(&self, term: &[u8]) -> bool {
        let value = term.get(self.value_at..).unwrap_or_default();
        if !self.markers && value.first() == Some(&(MARKER as u8)) {
            return false;
        }
        std::str::from_utf8(value).is_ok_and(|value| (self.keep)(value))
    }

    fn documents(&self, reader: &SegmentReader) -> tantivy::Result<BitSet> {
        let mut documents = BitSet::with_max_value(reader.max_doc());
        let index = reader.inverted_index(self.field)?;
        let mut range = index.terms().range().ge(&self.prefix);
        if let Some(end) = after_prefix(&self.prefix) {
            range = range.lt(end);
        }
        let mut terms = range.into_stream()?;
        let mut seen = 0_u32;
        while terms.advance() {
            seen += 1;
            if seen.is_multiple_of(4_096) && self.deadline.is_over() {
                return Err(TantivyError::InternalError("the pattern fits too many values".to_owned()));
            }
            if !self.passes(terms.key()) {
                continue;
            }
            let mut postings =
                index.read_block_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
            while !postings.docs().is_empty() {
                for doc in postings.docs() {
                    documents.insert(*doc);
                }
                postings.advance();
            }
        }
        Ok(documents)
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("prefix", &String::from_utf8_lossy(&self.prefix)).finish_non_exhaustive()
    }
}

impl Query for Scan {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Scan {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(self.documents(reader)?), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("scan", 1.0))
    }
}

/// Under which names values of `name` are found instead.
pub(super) fn homes(searcher: &Searcher, fields: Fields, name: &str) -> Result<BTreeSet<String>, Error> {
    let mut homes = BTreeSet::new();
    let start = marker_term(name, "");
    for segment in searcher.segment_readers() {
        let found = segment.inverted_index(fields.fields).and_then(|index| {
            let end = after_prefix(start.as_bytes()).unwrap_or_default();
            let mut terms = index.terms().range().ge(&start).lt(end).into_stream()?;
            while homes.len() < MAX_HOMES && terms.advance() {
                let home = terms.key().get(start.len()..).unwrap_or_default();
                homes.insert(String::from_utf8_lossy(home).into_owned());
            }
            Ok(())
        });
        found.map_err(|error| Error::search(&error))?;
    }
    Ok(homes)
}

/// Whether an event has a field of this name.
pub fn holds_name(searcher: &Searcher, fields: Fields, name: &str) -> bool {
    let start = pair_term(name, "");
    searcher.segment_readers().iter().any(|segment| {
        let found = segment.inverted_index(fields.fields).and_then(|index| {
            let end = after_prefix(start.as_bytes()).unwrap_or_default();
            let mut terms = index.terms().range().ge(&start).lt(end).into_stream()?;
            Ok(terms.advance())
        });
        // What cannot be read is an error when it is searched, not an unknown name.
        found.unwrap_or(true)
    })
}

/// One document for each correlation id that begins like this, of at most `limit` ids and a segment each.
pub fn first_documents(
    searcher: &Searcher,
    fields: Fields,
    beginning: &str,
    limit: usize,
) -> tantivy::Result<Vec<DocAddress>> {
    let start = pair_term(CORRELATION_ID, beginning);
    let mut found = Vec::new();
    for (segment, reader) in (0..).zip(searcher.segment_readers()) {
        let index = reader.inverted_index(fields.fields)?;
        let end = after_prefix(start.as_bytes()).unwrap_or_default();
        let mut terms = index.terms().range().ge(&start).lt(end).into_stream()?;
        let mut ids = 0;
        while ids < limit && terms.advance() {
            let postings =
                index.read_block_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
            let alive = |doc: &&DocId| reader.alive_bitset().is_none_or(|alive| alive.is_alive(**doc));
            if let Some(doc) = postings.docs().iter().find(alive) {
                found.push(DocAddress::new(segment, *doc));
                ids += 1;
            }
        }
    }
    Ok(found)
}

/// The field names in a segment, at most `limit`; one seek for each.
pub fn names(index: &InvertedIndexReader, limit: usize) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut from = Vec::new();
    while names.len() < limit {
        let mut stream = index.terms().range().ge(&from).into_stream()?;
        if !stream.advance() {
            break;
        }
        let term = stream.key();
        let name = term.split(|byte| *byte == PAIR_SEPARATOR as u8).next().unwrap_or_default();
        from = name.to_vec();
        if name.first() == Some(&1) {
            from.truncate(0);
            from.push(2);
            continue;
        }
        from.push(1);
        names.push(String::from_utf8_lossy(name).into_owned());
    }
    Ok(names)
}
