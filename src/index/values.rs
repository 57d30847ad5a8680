//! Which values a field has among the events that match, and how often.
//!
//! The terms of the field are walked once and each is counted within the hits; no event is fetched but one
//! for each value that is shown, because terms have no letter case and people want the spelling of the log.

use std::collections::HashMap;

use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocAddress};

use super::convert::homes;
use super::deadline::Deadline;
use super::document::IN_WORDS;
use super::error::Error;
use super::tokenizer::{after_prefix, marker_term, own_term, pair_term};
use super::top::Spot;
use super::view::View;
use crate::event::Record;
use crate::query::name::{self, EVENT_ID, KIND, MESSAGE, TIME};
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
    example: Spot,
}

impl Counted {
    /// One event for each of the first `limit` values.
    pub(super) fn examples(&self, limit: usize) -> Vec<Spot> {
        self.values.iter().take(limit).map(|(_, count)| count.example).collect()
    }

    /// The values as these events, one for each, spell them.
    pub(super) fn spelled(self, examples: &[Record]) -> TopValues {
        let distinct = self.values.len();
        let spelled = |((key, count), record): ((String, Count), &Record)| {
            let values = record.fields.iter().map(|field| field.value.as_str());
            // The path stands beside the fields.
            let mut values = values.chain([&*record.source]);
            let value = values.find(|value| comparable(value) == key).map(str::to_owned);
            (value.unwrap_or(key), count.events)
        };
        let values = self.values.into_iter().zip(examples).map(spelled).collect();
        TopValues { values, distinct, longer: self.longer }
    }
}

/// Counts the values of a field, one partition after the other.
pub(super) struct Counter {
    name: String,
    deadline: Deadline,
    counts: HashMap<String, Count>,
    longer: u64,
}

/// The partition that is being counted.
#[derive(Clone, Copy)]
struct Place<'v> {
    part: usize,
    view: &'v View,
}

impl Counter {
    /// # Errors
    /// [`Error::NotCounted`] for a field of which nearly every event has a value of its own.
    pub(super) fn of(field: &str, deadline: Deadline) -> Result<Self, Error> {
        let name = name::long_name(field).unwrap_or(field);
        if [MESSAGE, TIME, EVENT_ID].contains(&name) {
            return Err(Error::NotCounted { field: field.to_owned() });
        }
        Ok(Self { name: name.to_owned(), deadline, counts: HashMap::new(), longer: 0 })
    }

    /// Adds the hits of each segment of a partition.
    pub(super) fn count(&mut self, part: usize, view: &View, hits: &[BitSet]) -> Result<(), Error> {
        let place = Place { part, view };
        let name = self.name.clone();
        let homes = homes(&view.searcher, view.fields, &name)?;
        for (segment, hits) in (0..).zip(hits) {
            self.stretch(place, segment, &pair_term(&name, ""), hits)?;
            if name == KIND {
                self.stretch(place, segment, &own_term(KIND, ""), hits)?;
            }
            for home in &homes {
                let there = marked(view, segment, &marker_term(&name, home), hits)?;
                match home.as_str() {
                    IN_WORDS | MESSAGE | TIME => self.longer += there.len() as u64,
                    home => self.stretch(place, segment, &pair_term(home, ""), &there)?,
                }
            }
        }
        Ok(())
    }

    /// The most frequent first.
    pub(super) fn sorted(self) -> Counted {
        let mut values: Vec<(String, Count)> = self.counts.into_iter().collect();
        values.sort_by(|(a, one), (b, other)| other.events.cmp(&one.events).then_with(|| a.cmp(b)));
        Counted { values, longer: self.longer }
    }

    /// Counts each value behind the `start` of terms among the hits.
    fn stretch(&mut self, place: Place<'_>, segment: u32, start: &str, hits: &BitSet) -> Result<(), Error> {
        if hits.len() == 0 {
            return Ok(());
        }
        let view = place.view;
        let index = view.searcher.segment_reader(segment).inverted_index(view.fields.fields);
        let index = index.map_err(|error| Error::search(&error))?;
        let end = after_prefix(start.as_bytes()).unwrap_or_default();
        let range = index.terms().range().ge(start).lt(end);
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
                let document = DocAddress::new(segment, *first);
                self.add(&value, found.len() as u64, Spot { part: place.part, document })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, value: &str, events: u64, example: Spot) -> Result<(), Error> {
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
}

/// The hits that have a term.
fn marked(view: &View, segment: u32, term: &str, hits: &BitSet) -> Result<BitSet, Error> {
    let reader = view.searcher.segment_reader(segment);
    let mut marked = BitSet::with_max_value(reader.max_doc());
    let index = reader.inverted_index(view.fields.fields).map_err(|error| Error::search(&error))?;
    let term = tantivy::Term::from_field_text(view.fields.fields, term);
    let postings = index.read_block_postings(&term, IndexRecordOption::Basic);
    if let Some(postings) = postings.map_err(|error| Error::search(&error.into()))? {
        within(postings, hits).into_iter().for_each(|doc| {
            marked.insert(doc);
        });
    }
    Ok(marked)
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
