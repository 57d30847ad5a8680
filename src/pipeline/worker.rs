//! The work on events that looks at nothing but the event itself, so that several threads may do it: before the order of
//! events matters it reads them, and after that it judges them.
//!
//! ```text
//! chunk ──read──► events ──in order: follow, join, number──► lot ──judge──► records ──in order: correlate──► alerts
//! ```

use std::sync::Arc;

use super::ingest::{self, IngestStage, Line};
use crate::config::SourceConfig;
use crate::detect::{CompiledRules, Extractor, MatchRecord, Matcher, View};
use crate::event::number::to_usize;
use crate::event::{Chunk, Event, Outcome, Paths, Redacted, Timestamp};
use crate::normalize;
use crate::sigma::RuleIndex;
use crate::state::Ledger;

/// What a worker is made of. It is exchanged as a whole, with the work that is to be done by it.
#[derive(Clone)]
pub(super) struct Setup {
    pub paths: Paths,
    pub options: normalize::Options,
    pub sources: Vec<SourceConfig>,
    pub rules: Arc<CompiledRules>,
    /// Fields that correlation needs, as [`crate::correlate::Correlator::needed_fields`] has them.
    pub needed: Arc<[String]>,
}

/// All buffers and caches of a thread that reads and judges.
pub(super) struct Worker {
    ingest: IngestStage,
    judge: Judge,
}

/// A chunk to be read.
pub(super) struct Unread {
    pub chunk: Chunk,
    /// Path of the source.
    pub path: Arc<str>,
    /// When it arrived, where that is not what the chunk says.
    pub read_at: Option<Timestamp>,
    /// Buffers to be used again.
    pub spare: Vec<Event>,
}

/// A chunk that was read.
pub(super) struct Read {
    pub chunk: Chunk,
    /// In the order of the lines.
    pub events: Vec<Event>,
    /// How the lines could be read.
    pub ledger: Ledger,
    /// Buffers that were not used.
    pub spare: Vec<Event>,
}

/// Events in their order, to be judged together.
#[derive(Default)]
pub(super) struct Lot {
    pub events: Vec<Event>,
    /// One for each event; one without rules says that none matched.
    pub records: Vec<MatchRecord>,
    pub origin: LotOrigin,
    /// What may leave of the events, where that is wanted: then it stands in their place.
    pub leaving: Option<Vec<Redacted>>,
    /// Secrets that were hidden in what leaves.
    pub hidden: u64,
}

/// Where the events of a lot were read.
pub(super) enum LotOrigin {
    One(Arc<str>),
    /// By event a number of one of the paths.
    Several {
        paths: Arc<[Arc<str>]>,
        of_event: Vec<u32>,
    },
}

impl Default for LotOrigin {
    fn default() -> Self {
        Self::One(Arc::default())
    }
}

impl LotOrigin {
    /// The path of the source of an event.
    fn path(&self, event: usize) -> Option<&Arc<str>> {
        match self {
            Self::One(path) => Some(path),
            Self::Several { paths, of_event } => paths.get(to_usize(*of_event.get(event)?)),
        }
    }
}

impl Worker {
    pub fn new(setup: &Setup) -> Self {
        Self {
            ingest: IngestStage::new(&setup.paths, &setup.options, &setup.sources),
            judge: Judge::new(&setup.paths, Matcher::sharing(&setup.rules), &setup.needed),
        }
    }

    pub fn read(&mut self, unread: Unread) -> Read {
        read(&mut self.ingest, unread)
    }

    pub fn judge(&mut self, lot: &mut Lot) {
        self.judge.all(&mut self.ingest, lot);
    }
}

/// Decodes and normalises the lines of a chunk.
pub(super) fn read(ingest: &mut IngestStage, unread: Unread) -> Read {
    let Unread { mut chunk, path, read_at, mut spare } = unread;
    let mut events = Vec::with_capacity(chunk.lines.len());
    let mut ledger = Ledger { padding_bytes: chunk.padding_bytes, ..Ledger::default() };
    for group in ingest::groups(&mut chunk) {
        let line = Line::of(&chunk, &group, &path);
        let line = Line { read_at: read_at.unwrap_or(line.read_at), ..line };
        let mut event = spare.pop().unwrap_or_default();
        let outcome = ingest.read(&line, &mut event);
        ledger.count(outcome);
        ledger.continued += line.lines.saturating_sub(1);
        let mut more = outcome != Outcome::Blank;
        while more {
            events.push(event);
            event = spare.pop().unwrap_or_default();
            more = ingest.read_next(&line, &mut event);
            ledger.parts += u64::from(more);
        }
        spare.push(event);
    }
    Read { chunk, events, ledger, spare }
}

/// Stage one of detection: which rules match an event, and what stage two is told of it. One per thread.
pub(super) struct Judge {
    matcher: Matcher,
    extractor: Extractor,
    matched: Vec<RuleIndex>,
    /// The event that matched, as it may be shown, or as it was read where it stays as it may be shown.
    other: Event,
}

impl Judge {
    pub fn new(paths: &Paths, matcher: Matcher, needed: &[String]) -> Self {
        let extractor = Extractor::new(paths, needed);
        Self { matcher, extractor, matched: Vec::new(), other: Event::default() }
    }

    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Judges all events of a lot.
    pub fn all(&mut self, ingest: &mut IngestStage, lot: &mut Lot) {
        lot.records.resize_with(lot.events.len(), MatchRecord::default);
        let Lot { events, records, origin, leaving, .. } = lot;
        if let Some(leaving) = leaving {
            for (at, (event, record)) in events.drain(..).zip(records).enumerate() {
                let Some(path) = origin.path(at) else { continue };
                leaving.push(self.let_go(ingest, event, path, record));
            }
        } else {
            for (at, (event, record)) in events.iter().zip(records).enumerate() {
                let Some(path) = origin.path(at) else { continue };
                self.one(ingest, event, path, record);
            }
        }
        lot.hidden = ingest.take_hidden();
    }

    /// Makes `record` the record of an event; it has no rules where none matches.
    pub fn one(
        &mut self,
        ingest: &mut IngestStage,
        event: &Event,
        path: &Arc<str>,
        record: &mut MatchRecord,
    ) {
        record.rules.clear();
        self.matcher.matches(event, &mut self.matched);
        if self.matched.is_empty() {
            return;
        }
        // Rules have seen it as it was read; what is remembered of it and said about it may be stored and shown.
        match ingest.pseudonyms() {
            None => self.extractor.fill(event, &self.matched, path, record),
            pseudonyms => {
                let hides = ingest.show(event, path, &mut self.other);
                let shown = if hides { &self.other } else { event };
                self.extractor.fill_view(View { event, shown, pseudonyms }, &self.matched, path, record);
            }
        }
    }

    /// The same for an event that leaves memory, which is looked through for secrets once for both.
    fn let_go(
        &mut self,
        ingest: &mut IngestStage,
        event: Event,
        path: &Arc<str>,
        record: &mut MatchRecord,
    ) -> Redacted {
        record.rules.clear();
        self.matcher.matches(&event, &mut self.matched);
        if self.matched.is_empty() {
            return ingest.redact(event, path);
        }
        let (shown, hides) = ingest.redact_beside(event, path, &mut self.other);
        let event: &Event = if hides { &self.other } else { &shown };
        let view = View { event, shown: &shown, pseudonyms: ingest.pseudonyms() };
        self.extractor.fill_view(view, &self.matched, path, record);
        shown
    }
}
