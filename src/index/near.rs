//! Phrases that tantivy cannot answer, or answers in part: words near each other, and words of which only
//! a pattern is known.
//!
//! tantivy's own slop depends on which word is the rarest of a segment, and its prefix looks at fifty
//! words only. Here a phrase means what [`WordPhrase`] says, as for an event in memory.

use std::fmt;
use std::sync::Arc;

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};

use super::deadline::Deadline;
use super::tokenizer::after_prefix;
use crate::event::number::to_usize;
use crate::query::words::{WordPhrase, WordTest, near, start};

/// A phrase in one tokenised field.
#[derive(Clone)]
pub(super) struct Near {
    field: Field,
    phrase: Arc<WordPhrase>,
    deadline: Deadline,
}

/// Documents that may hold the phrase, ascending, each with where it may begin by each of its words.
type Candidates = Vec<(DocId, Vec<Vec<i64>>)>;

impl Near {
    pub(super) fn new(field: Field, phrase: WordPhrase, deadline: Deadline) -> Self {
        Self { field, phrase: Arc::new(phrase), deadline }
    }

    fn documents(&self, reader: &SegmentReader) -> tantivy::Result<BitSet> {
        let mut found = BitSet::with_max_value(reader.max_doc());
        let mut candidates: Option<Candidates> = None;
        // Whole words first: they leave fewer documents to look at.
        let is_whole = |slot: &&(usize, WordTest)| matches!(slot.1, WordTest::Is(_));
        let (whole, patterns): (Vec<_>, Vec<_>) = self.phrase.slots.iter().partition(is_whole);
        for (offset, test) in whole.into_iter().chain(patterns) {
            candidates = Some(self.narrowed(reader, candidates, *offset, test)?);
        }
        let fits = |(_, lists): &(DocId, Vec<Vec<i64>>)| near(lists, self.phrase.slop);
        let documents = candidates.into_iter().flatten().filter(fits);
        documents.for_each(|(doc, _)| {
            found.insert(doc);
        });
        Ok(found)
    }

    /// The candidates that have one more word.
    fn narrowed(
        &self,
        reader: &SegmentReader,
        candidates: Option<Candidates>,
        offset: usize,
        test: &WordTest,
    ) -> tantivy::Result<Candidates> {
        let mut starts: Vec<(DocId, Vec<i64>)> = Vec::new();
        let within = candidates.as_ref().map(|all| all.iter().map(|(doc, _)| *doc).collect::<Vec<_>>());
        for word in self.words(reader, test)? {
            self.collect(reader, &word, within.as_deref(), offset, &mut starts)?;
        }
        // Several words that fit one pattern may stand in one document.
        starts.sort_by_key(|(doc, _)| *doc);
        starts.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1.append(&mut later.1);
                earlier.1.sort_unstable();
            }
            same
        });
        let Some(before) = candidates else {
            return Ok(starts.into_iter().map(|(doc, starts)| (doc, vec![starts])).collect());
        };
        let mut before = before.into_iter().peekable();
        let mut joined = Candidates::new();
        for (doc, starts) in starts {
            while before.next_if(|(other, _)| *other < doc).is_some() {}
            if let Some((doc, mut lists)) = before.next_if(|(other, _)| *other == doc) {
                lists.push(starts);
                joined.push((doc, lists));
            }
        }
        Ok(joined)
    }

    /// The words of a segment that fit.
    fn words(&self, reader: &SegmentReader, test: &WordTest) -> tantivy::Result<Vec<String>> {
        let pattern = match test {
            WordTest::Is(word) => return Ok(vec![word.clone()]),
            WordTest::Like(pattern) => pattern,
        };
        let head = pattern.literal_head();
        let index = reader.inverted_index(self.field)?;
        let mut range = index.terms().range().ge(&head);
        if let Some(end) = after_prefix(head.as_bytes()) {
            range = range.lt(end);
        }
        let mut terms = range.into_stream()?;
        let mut words = Vec::new();
        while terms.advance() {
            self.check()?;
            let word = std::str::from_utf8(terms.key()).unwrap_or_default();
            if pattern.matches(word) {
                words.push(word.to_owned());
            }
        }
        Ok(words)
    }

    /// Adds where the phrase begins in each document that has the word.
    fn collect(
        &self,
        reader: &SegmentReader,
        word: &str,
        within: Option<&[DocId]>,
        offset: usize,
        starts: &mut Vec<(DocId, Vec<i64>)>,
    ) -> tantivy::Result<()> {
        use tantivy::postings::Postings;
        self.check()?;
        let term = Term::from_field_text(self.field, word);
        let index = reader.inverted_index(self.field)?;
        let option = IndexRecordOption::WithFreqsAndPositions;
        let Some(mut postings) = index.read_postings(&term, option)? else { return Ok(()) };
        let mut positions = Vec::new();
        let mut wanted = within.map(|within| within.iter().copied());
        loop {
            let doc = match &mut wanted {
                None => postings.doc(),
                Some(wanted) => {
                    let here = postings.doc();
                    let Some(doc) = wanted.find(|doc| *doc >= here) else { return Ok(()) };
                    if doc > here && postings.seek(doc) != doc {
                        continue;
                    }
                    doc
                }
            };
            if doc == TERMINATED {
                return Ok(());
            }
            postings.positions(&mut positions);
            starts.push((doc, positions.iter().map(|at| start(to_usize(*at), offset)).collect()));
            if wanted.is_none() {
                postings.advance();
            }
        }
    }

    fn check(&self) -> tantivy::Result<()> {
        match self.deadline.is_over() {
            true => Err(TantivyError::InternalError("the phrase fits too many words".to_owned())),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").field("phrase", &self.phrase).finish_non_exhaustive()
    }
}

impl Query for Near {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Near {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(self.documents(reader)?), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("near", 1.0))
    }
}

/// A query of tantivy's, with all its documents looked up at once.
///
/// The scorers of phrases and of ranges may be asked to go back when they are unwanted (`NOT "a b"`), which
/// they answer with a failed assertion; a set of documents can be asked for any.
#[derive(Clone, Debug)]
pub(super) struct Exactly(pub(super) Arc<dyn Query>);

struct ExactlyWeight(Box<dyn Weight>);

impl Query for Exactly {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(ExactlyWeight(self.0.weight(scoring)?)))
    }
}

impl Weight for ExactlyWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut documents = BitSet::with_max_value(reader.max_doc());
        let mut phrase = self.0.scorer(reader, boost)?;
        while phrase.doc() != TERMINATED {
            documents.insert(phrase.doc());
            phrase.advance();
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(documents), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(reader, doc)
    }
}
