//! Which values a field has among the events that match, and how often.
//!
//! The terms of the field are walked once and each is counted within the hits; no event is fetched but one
//! for each value that is shown, because terms have no letter case and people want the spelling of the log.

use std::collections::HashMap;

use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocAddress, Searcher};

use super::convert::{after_prefix, homes};
use super::deadline::Deadline;
use super::document::IN_WORDS;
use super::error::Error;
use super::schema::Fields;
use super::tokenizer::{marker_term, pair_term};
use crate::event::Record;
use crate::query::name::{self, EVENT_ID, MESSAGE, TIME};
use crate::query::words::{MARKER, comparable};

/// At most this many different values are counted.
const MOST_VALUES: usize = 1_000_000;

/// The most frequent values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopValues {
    /// A value in the spelling of one event that has it, and how many events have it.
    pub values: Vec<(String, u64)>,
    /// How many different values there are.
    pub distinct: usize,
    /// Events whose value is so long that only its words are indexed; they are not counted above.
    pub longer: u64,
}

/// Values in comparable form, the most frequent first.
#[derive(Default)]
pub(super) struct Counted {
    values: Vec<(String, Count)>,
    longer: u64,
}

struct Count {
    events: u64,
    example: DocAddress,
}

impl Counted {
    /// One event for each of the first `limit` values.
    pub(super) fn examples(&self, limit: usize) -> Vec<DocAddress> {
        self.values.iter().take(limit).map(|(_, count)| count.example).collect()
    }

    /// The values as these events, one for each, spell them.
    pub(super) fn spelled(self, examples: &[Record]) -> TopValues {
        let distinct = self.values.len();
        let spelled = |((key, count), record): ((String, Count), &Record)| {
            let field = record.fields.iter().find(|field| comparable(&field.value) == key);
            (field.map_or(key, |field| field.value.clone()), count.events)
        };
        let values = self.values.into_iter().zip(examples).map(spelled).collect();
        TopValues { values, distinct, longer: self.longer }
    }
}

/// Counts the values of `field` among the hits of each segment.
pub(super) fn count(
    searcher: &Searcher,
    fields: Fields,
    field: &str,
    hits: &[BitSet],
    deadline: &Deadline,
) -> Result<Counted, Error> {
    let name = name::long_name(field).unwrap_or(field);
    if [MESSAGE, TIME, EVENT_ID].contains(&name) {
        return Err(Error::NotCounted { field: field.to_owned() });
    }
    let mut counter = Counter { searcher, fields, deadline, counts: HashMap::new(), longer: 0 };
    for (segment, hits) in (0..).zip(hits) {
        counter.stretch(segment, name, hits)?;
        for home in homes(searcher, fields, name)? {
            let there = counter.marked(segment, &marker_term(name, &home), hits)?;
            match home.as_str() {
                IN_WORDS | MESSAGE | TIME => counter.longer += there.len() as u64,
                home => counter.stretch(segment, home, &there)?,
            }
        }
    }
    let mut values: Vec<(String, Count)> = counter.counts.into_iter().collect();
    values.sort_by(|(a, one), (b, other)| other.events.cmp(&one.events).then_with(|| a.cmp(b)));
    Ok(Counted { values, longer: counter.longer })
}

struct Counter<'s> {
    searcher: &'s Searcher,
    fields: Fields,
    deadline: &'s Deadline,
    counts: HashMap<String, Count>,
    longer: u64,
}

impl Counter<'_> {
    /// Counts each value under a name among the hits.
    fn stretch(&mut self, segment: u32, name: &str, hits: &BitSet) -> Result<(), Error> {
        if hits.len() == 0 {
            return Ok(());
        }
        let start = pair_term(name, "");
        let index = self.searcher.segment_reader(segment).inverted_index(self.fields.fields);
        let index = index.map_err(|error| Error::search(&error))?;
        let end = after_prefix(start.as_bytes()).unwrap_or_default();
        let range = index.terms().range().ge(&start).lt(end);
        let mut terms = range.into_stream().map_err(|error| Error::search(&error.into()))?;
        while terms.advance() {
            self.deadline.check()?;
            let value = String::from_utf8_lossy(terms.key().get(start.len()..).unwrap_or_default());
            if value.starts_with(MARKER) {
                continue;
            }
            let postings = index.read_block_postings_from_terminfo(terms.value(), IndexRecordOption::Basic);
            let found = within(postings.map_err(|error| Error::search(&error.into()))?, hits);
            if let Some(first) = found.first() {
                self.add(&value, found.len() as u64, DocAddress::new(segment, *first))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, value: &str, events: u64, example: DocAddress) -> Result<(), Error> {
        if let Some(count) = self.counts.get_mut(value) {
            count.events += events;
            return Ok(());
        }
        if self.counts.len() >= MOST_VALUES {
            return Err(Error::TooManyValues { most: MOST_VALUES });
        }
        self.counts.insert(value.to_owned(), Count { events, example });
        Ok(())
    }

    /// The hits that have a term.
    fn marked(&self, segment: u32, term: &str, hits: &BitSet) -> Result<BitSet, Error> {
        let reader = self.searcher.segment_reader(segment);
        let mut marked = BitSet::with_max_value(reader.max_doc());
        let index = reader.inverted_index(self.fields.fields).map_err(|error| Error::search(&error))?;
        let term = tantivy::Term::from_field_text(self.fields.fields, term);
        let postings = index.read_block_postings(&term, IndexRecordOption::Basic);
        if let Some(postings) = postings.map_err(|error| Error::search(&error.into()))? {
            within(postings, hits).into_iter().for_each(|doc| {
                marked.insert(doc);
            });
        }
        Ok(marked)
    }
}

/// The documents of a term that are among the hits.
fn within(mut postings: tantivy::postings::BlockSegmentPostings, hits: &BitSet) -> Vec<u32> {
    let mut found = Vec::new();
    while !postings.docs().is_empty() {
        found.extend(postings.docs().iter().copied().filter(|doc| hits.contains(*doc)));
        postings.advance();
    }
    found
}
