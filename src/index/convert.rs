//! From an [`Expression`] to tantivy's queries.
//!
//! A condition on a named field is a term of `fields`, or a scan of the stretch of terms with that
//! name. Values that would be repeated or very long are not there; a marker says under which name
//! they are found (see `document`), and the condition is put to that one too. Without a field, the words are
//! looked up in the message and in the other texts, and the whole as a correlation id.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;

use regex::RegexBuilder;
use tantivy::index::InvertedIndexReader;
use tantivy::query::{
    AllQuery, BitSetDocSet, BooleanQuery, ConstScorer, EmptyQuery, EnableScoring, Explanation, Occur,
    PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, Scorer, TermQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DateTime, DocId, Score, Searcher, SegmentReader, TantivyError, Term};

use super::document::{CORRELATION_ID, IN_WORDS, event_key};
use super::error::Error;
use super::reader::Deadline;
use super::schema::Fields;
use super::tokenizer::{MARKER, PAIR_SEPARATOR, VALUE_BYTES, head, marker_term, pair_term, words};
use crate::event::{EventId, Timestamp};
use crate::query::{Clause, Expression, Limit, QueryError, QueryErrorKind, Test};

/// Compiled size of a regular expression from a query.
const REGEX_BYTES: usize = 1 << 20;
/// How many other names are followed, and how far.
const MAX_HOMES: usize = 16;
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
        match clause.field.as_deref() {
            None => self.everywhere(clause),
            Some("message") => self.in_message(clause),
            Some("@timestamp") => self.time(clause),
            Some("event_id") => self.event_id(clause),
            Some(name) => self.field(name, clause, 0),
        }
    }

    /// A condition without a field.
    fn everywhere(&self, clause: &Clause) -> Converted {
        let texts = [self.fields.message, self.fields.text];
        let in_words = texts.into_iter().map(|field| self.in_words(field, clause));
        let id = match &clause.test {
            Test::Is(text) => Some(text),
            Test::Phrase { text, prefix: false, .. } => Some(text),
            _ => None,
        };
        let Some(id) = id else { return any(in_words) };
        let mut members: Vec<Converted> = in_words.collect();
        members.push(Ok(self.pair(CORRELATION_ID, id)));
        if let Some(id) = EventId::parse(id) {
            members.push(Ok(self.key(id)));
        }
        any(members)
    }

    fn in_message(&self, clause: &Clause) -> Converted {
        if clause.test == Test::Exists {
            // Every event has a message: where the line names none it is the line itself.
            return Ok(Box::new(AllQuery));
        }
        self.in_words(self.fields.message, clause)
    }

    /// A condition on the words of a tokenised field.
    fn in_words(&self, field: Field, clause: &Clause) -> Converted {
        match &clause.test {
            Test::Exists => Ok(Box::new(AllQuery)),
            Test::Is(text) => Ok(phrase(field, text, 0, false)),
            Test::Phrase { text, slop, prefix } => Ok(phrase(field, text, *slop, *prefix)),
            Test::OneOf(values) => any(values.iter().map(|value| Ok(phrase(field, value, 0, false)))),
            Test::Wildcard(pattern) => {
                let pattern = pattern.to_lowercase();
                let scan = Scan::of_words(field, &pattern.literal_head(), self.deadline);
                Ok(scan.keeping(move |word| pattern.matches(word)))
            }
            Test::Regex(source) => {
                let regex = self.regex(source, clause)?;
                Ok(Scan::of_words(field, "", self.deadline).keeping(move |word| regex.is_match(word)))
            }
            Test::Range { from, to } => {
                let compare = Comparison::of(from, to);
                Ok(Scan::of_words(field, "", self.deadline).keeping(move |word| compare.holds(word)))
            }
        }
    }

    /// A condition on a named field.
    fn field(&self, name: &str, clause: &Clause, depth: usize) -> Converted {
        let scan = |literal: &str| Scan::of_field(self.fields.fields, name, literal, self.deadline);
        let exact = match &clause.test {
            Test::Exists => return Ok(scan("").everything()),
            Test::Is(value) | Test::Phrase { text: value, prefix: false, .. } => self.value(name, value),
            Test::OneOf(values) => any_of(values.iter().map(|value| self.value(name, value)).collect()),
            Test::Phrase { text, prefix: true, .. } => {
                let text = text.clone();
                scan(&text).keeping(move |value| value.starts_with(&text))
            }
            Test::Wildcard(pattern) => {
                let pattern = pattern.clone();
                scan(&pattern.literal_head()).keeping(move |value| pattern.matches(value))
            }
            Test::Regex(source) => {
                let regex = self.regex(source, clause)?;
                scan("").keeping(move |value| regex.is_match(value))
            }
            Test::Range { from, to } => {
                let compare = Comparison::of(from, to);
                scan("").keeping(move |value| compare.holds(value))
            }
        };
        let mut members: Vec<Converted> = vec![Ok(exact)];
        for home in self.homes(name, depth)? {
            let condition = self.at_home(&home, clause, depth)?;
            members.push(Ok(all([term(self.fields.fields, &marker_term(name, &home)), condition], [])));
        }
        any(members)
    }

    /// The same condition where the value is found instead.
    fn at_home(&self, home: &str, clause: &Clause, depth: usize) -> Converted {
        let is_range = matches!(clause.test, Test::Range { .. });
        match home {
            // A test that cannot be put to a time or to words finds nothing there.
            "@timestamp" => Ok(self.time(clause).unwrap_or_else(|_| Box::new(EmptyQuery))),
            "message" | IN_WORDS if is_range => Ok(Box::new(EmptyQuery)),
            "message" => self.in_words(self.fields.message, clause),
            IN_WORDS => {
                any([self.fields.message, self.fields.text].map(|field| self.in_words(field, clause)))
            }
            home => self.field(home, clause, depth + 1),
        }
    }

    /// Under which names values of `name` are found instead. Log content could make up chains of
    /// names, so both length and number are limited.
    fn homes(&self, name: &str, depth: usize) -> Result<BTreeSet<String>, Error> {
        let mut homes = BTreeSet::new();
        if depth > MAX_HOME_DEPTH {
            return Ok(homes);
        }
        let start = marker_term(name, "");
        for segment in self.searcher.segment_readers() {
            let found = segment.inverted_index(self.fields.fields).and_then(|index| {
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

    fn value(&self, name: &str, value: &str) -> Box<dyn Query> {
        let Some(network) = Network::parse(value) else { return self.pair(name, value) };
        let scan = Scan::of_field(self.fields.fields, name, "", self.deadline);
        let inside = scan.keeping(move |value| network.holds(value));
        any_of(vec![self.pair(name, value), inside])
    }

    fn pair(&self, name: &str, value: &str) -> Box<dyn Query> {
        term(self.fields.fields, &pair_term(name, value))
    }

    fn key(&self, id: EventId) -> Box<dyn Query> {
        let key = Term::from_field_u64(self.fields.event_key, event_key(id.0));
        Box::new(RangeQuery::new(Bound::Included(key.clone()), Bound::Included(key)))
    }

    fn event_id(&self, clause: &Clause) -> Converted {
        let own = match &clause.test {
            Test::Is(text) | Test::Phrase { text, .. } => EventId::parse(text).map(|id| self.key(id)),
            Test::Exists => return Ok(Box::new(AllQuery)),
            _ => None,
        };
        let in_line = self.field("event_id", clause, 0)?;
        Ok(any_of(own.into_iter().chain([in_line]).collect()))
    }

    fn time(&self, clause: &Clause) -> Converted {
        let bad = |value: &str| {
            let kind = QueryErrorKind::Time { value: value.to_owned() };
            QueryError { kind, at: clause.at, query: String::new() }
        };
        let instant = |value: &str| time_of(value).ok_or_else(|| bad(value));
        let column =
            |time: Timestamp| Term::from_field_date(self.fields.time, DateTime::from_timestamp_nanos(time.0));
        let bound = |limit: &Limit| -> Result<Bound<Term>, QueryError> {
            Ok(match limit {
                Limit::Open => Bound::Unbounded,
                Limit::Including(value) => Bound::Included(column(instant(value)?)),
                Limit::Excluding(value) => Bound::Excluded(column(instant(value)?)),
            })
        };
        match &clause.test {
            Test::Exists => Ok(Box::new(AllQuery)),
            Test::Range { from: Limit::Open, to: Limit::Open } => Ok(Box::new(AllQuery)),
            Test::Range { from, to } => Ok(Box::new(RangeQuery::new(bound(from)?, bound(to)?))),
            // A time to the second means that whole second, as on a cluster.
            Test::Is(value) | Test::Phrase { text: value, .. } => {
                let time = instant(value)?;
                let whole = if time.0 % 1_000_000_000 == 0 { 999_999_999 } else { 0 };
                let (from, to) = (column(time), column(time.plus(whole)));
                Ok(Box::new(RangeQuery::new(Bound::Included(from), Bound::Included(to))))
            }
            _ => Err(bad("a pattern").into()),
        }
    }

    fn regex(&self, source: &str, clause: &Clause) -> Result<regex::Regex, Error> {
        RegexBuilder::new(&format!("^(?:{source})$")).size_limit(REGEX_BYTES).build().map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason).to_owned();
            let kind = QueryErrorKind::Regex { reason };
            QueryError { kind, at: clause.at, query: String::new() }.into()
        })
    }
}

fn time_of(value: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value).or_else(|| {
        let number: i64 = value.parse().ok()?;
        Some(match value.len() {
            ..=10 => Timestamp::from_seconds(number),
            11..=13 => Timestamp::from_millis(number),
            14..=16 => Timestamp(number.checked_mul(1_000)?),
            _ => Timestamp(number),
        })
    })
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

/// The words of `text` in order; no words find nothing.
fn phrase(field: Field, text: &str, slop: u32, prefix: bool) -> Box<dyn Query> {
    let mut found: Vec<(usize, Term)> =
        words(text).into_iter().map(|(at, word)| (at, Term::from_field_text(field, &word))).collect();
    match (found.len(), prefix) {
        (0, _) => Box::new(EmptyQuery),
        (1, false) => Box::new(TermQuery::new(found.remove(0).1, IndexRecordOption::Basic)),
        (_, false) => Box::new(PhraseQuery::new_with_offset_and_slop(found, slop)),
        (_, true) => Box::new(PhrasePrefixQuery::new_with_offset(found)),
    }
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

/// A range over values that are text: compared as numbers, addresses or times where both ends are,
/// else letter by letter.
enum Comparison {
    Numbers(Bound<f64>, Bound<f64>),
    Addresses(Bound<IpAddr>, Bound<IpAddr>),
    Times(Bound<Timestamp>, Bound<Timestamp>),
    Texts(Bound<String>, Bound<String>),
}

impl Comparison {
    fn of(from: &Limit, to: &Limit) -> Self {
        fn bounds<T>(
            from: &Limit,
            to: &Limit,
            read: impl Fn(&str) -> Option<T>,
        ) -> Option<(Bound<T>, Bound<T>)> {
            let bound = |limit: &Limit| {
                Some(match limit {
                    Limit::Open => Bound::Unbounded,
                    Limit::Including(value) => Bound::Included(read(value)?),
                    Limit::Excluding(value) => Bound::Excluded(read(value)?),
                })
            };
            Some((bound(from)?, bound(to)?))
        }
        if let Some((from, to)) = bounds(from, to, |value| value.parse().ok()) {
            return Self::Numbers(from, to);
        }
        if let Some((from, to)) = bounds(from, to, |value| value.parse().ok()) {
            return Self::Addresses(from, to);
        }
        if let Some((from, to)) = bounds(from, to, Timestamp::parse_rfc3339) {
            return Self::Times(from, to);
        }
        let texts = bounds(from, to, |value| Some(head(value, VALUE_BYTES).to_owned()));
        let (from, to) = texts.unwrap_or((Bound::Unbounded, Bound::Unbounded));
        Self::Texts(from, to)
    }

    fn holds(&self, value: &str) -> bool {
        fn inside<T: PartialOrd>(range: (&Bound<T>, &Bound<T>), value: Option<T>) -> bool {
            let Some(value) = value else { return false };
            let after = match range.0 {
                Bound::Unbounded => true,
                Bound::Included(from) => value >= *from,
                Bound::Excluded(from) => value > *from,
            };
            after
                && match range.1 {
                    Bound::Unbounded => true,
                    Bound::Included(to) => value <= *to,
                    Bound::Excluded(to) => value < *to,
                }
        }
        match self {
            Self::Numbers(from, to) => inside((from, to), value.parse().ok()),
            Self::Addresses(from, to) => {
                let same_family = |value: &IpAddr| match from {
                    Bound::Included(from) | Bound::Excluded(from) => from.is_ipv4() == value.is_ipv4(),
                    Bound::Unbounded => true,
                };
                inside((from, to), value.parse().ok().filter(same_family))
            }
            Self::Times(from, to) => inside((from, to), Timestamp::parse_rfc3339(value)),
            Self::Texts(from, to) => inside((from, to), Some(value.to_owned())),
        }
    }
}

/// A network in the form `10.0.0.0/8`.
#[derive(Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(&self, value: &str) -> bool {
        match (self.address, value.parse()) {
            (IpAddr::V4(network), Ok(IpAddr::V4(address))) => {
                let shift = 32 - self.bits;
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(network), Ok(IpAddr::V6(address))) => {
                let shift = 128 - self.bits;
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
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

/// The least text after everything that begins with `prefix`.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
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
