//! The first two stages on one line, and the last, in the way that is configured for its source.

use std::ops::Range;
use std::sync::Arc;

use crate::config::SourceConfig;
use crate::decode::Decoder;
use crate::decode::joining::{self, Joined};
use crate::event::number::{to_u64, to_usize};
use crate::event::veil::Pseudonyms;
use crate::event::{
    Chunk, Event, Flags, GenerationId, LineSpan, Outcome, Paths, Redacted, SourceId, Timestamp,
};
use crate::facts::Vocabulary;
use crate::normalize::{self, Normalizer, Redactor};

/// One line and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub bytes: &'a [u8],
    pub cut: bool,
    pub source: SourceId,
    /// Path of the source, for evidence.
    pub path: &'a Arc<str>,
    pub generation: GenerationId,
    pub offset: u64,
    pub number: u64,
    /// How many lines of the file it is made of.
    pub lines: u64,
    pub read_at: Timestamp,
}

impl<'a> Line<'a> {
    /// The lines of `chunk` that are one event.
    #[must_use]
    pub fn of(chunk: &'a Chunk, group: &Joined, path: &'a Arc<str>) -> Self {
        let span = chunk.lines.get(group.first).copied().unwrap_or(NO_LINE);
        Self {
            bytes: chunk.bytes.get(group.text.clone()).unwrap_or_default(),
            cut: span.cut,
            source: chunk.source,
            path,
            generation: chunk.generation,
            offset: span.offset,
            number: chunk.first_line + to_u64(group.first),
            lines: to_u64(group.count),
            read_at: chunk.read_at,
        }
    }

    /// A line that stands in no file, read at `read_at` (UTC).
    #[must_use]
    pub fn alone(bytes: &'a [u8], path: &'a Arc<str>, read_at: Timestamp) -> Self {
        Self {
            bytes,
            cut: false,
            source: SourceId::default(),
            path,
            generation: GenerationId::default(),
            offset: 0,
            number: 1,
            lines: 1,
            read_at,
        }
    }

    /// Tells an event where it stands.
    pub fn place(&self, event: &mut Event) {
        event.meta.source = self.source;
        event.meta.generation = self.generation;
        event.meta.offset = self.offset;
        event.meta.line = self.number;
        event.meta.ingested = self.read_at;
        event.meta.flags.set_if(self.lines > 1, Flags::JOINED);
    }
}

const NO_LINE: LineSpan = LineSpan { start: 0, len: 0, offset: 0, disk_len: 0, cut: false };

/// The lines of `chunk`, those that are parts of one event together.
pub fn groups(chunk: &mut Chunk) -> Vec<Joined> {
    joining::join(&mut chunk.bytes, &ranges(&chunk.lines))
}

/// How many of the last lines of a chunk may go on in the next.
pub(super) fn waiting(bytes: &[u8], lines: &[LineSpan]) -> usize {
    joining::waiting(bytes, &ranges(lines))
}

fn ranges(lines: &[LineSpan]) -> Vec<Range<usize>> {
    lines.iter().map(|line| to_usize(line.start)..to_usize(line.start) + to_usize(line.len)).collect()
}

/// Decodes and normalises. Sources about which nothing is configured share one normalizer; each entry of
/// the configuration has its own, for what names mean differs. The context of correlation ids is one.
pub struct IngestStage {
    decoder: Decoder,
    normalizer: Normalizer,
    redactor: Redactor,
    configured: Vec<Configured>,
    /// The path of the last line, and which entry is about it: lines of a source come together.
    last: Option<(Arc<str>, Option<usize>)>,
    /// Secrets that were taken out, as far as that was told.
    hidden: u64,
}

struct Configured {
    source: SourceConfig,
    normalizer: Normalizer,
    redactor: Redactor,
}

/// The second stage on an event that arrived then.
type Normalize = fn(&mut Normalizer, &mut Event, Timestamp);

impl IngestStage {
    /// Reads what lines state by other words from now on.
    pub fn exchange_vocabulary(&mut self, vocabulary: &Arc<Vocabulary>) {
        self.normalizer.exchange_vocabulary(vocabulary);
        self.configured.iter_mut().for_each(|of| of.normalizer.exchange_vocabulary(vocabulary));
    }

    #[must_use]
    pub fn new(paths: &Paths, options: &normalize::Options, sources: &[SourceConfig]) -> Self {
        let configured = sources.iter().map(|source| Configured {
            normalizer: Normalizer::new(paths.clone(), source.options(options)),
            redactor: Redactor::new(paths, source.options(options).redaction),
            source: source.clone(),
        });
        Self {
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths.clone(), options.clone()),
            redactor: Redactor::new(paths, options.redaction.clone()),
            configured: configured.collect(),
            last: None,
            hidden: 0,
        }
    }

    /// Fills `event` from a line; the lines of a source come in their order.
    pub fn prepare(&mut self, line: &Line<'_>, event: &mut Event) -> Outcome {
        self.fill(line, event, Normalizer::translate)
    }

    /// Fills `event` with the next event of the line that was prepared last; false if it holds no more.
    pub fn prepare_next(&mut self, line: &Line<'_>, event: &mut Event) -> bool {
        self.fill_next(line, event, Normalizer::translate)
    }

    /// Fills `event` from a line alone: what those before it say about it, [`IngestStage::follow`] adds.
    pub fn read(&mut self, line: &Line<'_>, event: &mut Event) -> Outcome {
        self.fill(line, event, Normalizer::read)
    }

    /// Fills `event` with the next event of the line that was read last; false if it holds no more.
    pub fn read_next(&mut self, line: &Line<'_>, event: &mut Event) -> bool {
        self.fill_next(line, event, Normalizer::read)
    }

    fn fill(&mut self, line: &Line<'_>, event: &mut Event, normalize: Normalize) -> Outcome {
        let configured = self.entry(line.path);
        let configured = configured.and_then(|entry| self.configured.get_mut(entry));
        let (outcome, normalizer) = match configured {
            Some(entry) => {
                let format = &entry.source.format;
                (self.decoder.decode_as(format, line.bytes, line.cut, event), &mut entry.normalizer)
            }
            None => (self.decoder.decode(line.bytes, line.cut, event), &mut self.normalizer),
        };
        if outcome != Outcome::Blank {
            // Before the second stage, which looks at the source.
            line.place(event);
            normalize(normalizer, event, line.read_at);
        }
        outcome
    }

    fn fill_next(&mut self, line: &Line<'_>, event: &mut Event, normalize: Normalize) -> bool {
        if self.decoder.decode_next(event).is_none() {
            return false;
        }
        line.place(event);
        let configured = self.entry(line.path).and_then(|entry| self.configured.get_mut(entry));
        let normalizer = configured.map_or(&mut self.normalizer, |entry| &mut entry.normalizer);
        normalize(normalizer, event, line.read_at);
        true
    }

    /// Says what is remarkable about an event after those before it. The events of a source come in their order.
    pub fn follow(&mut self, event: &mut Event) {
        self.normalizer.follow(event);
    }

    /// A source has ended: nothing of it is remembered.
    pub fn forget(&mut self, source: SourceId) {
        self.normalizer.forget(source);
    }

    /// Whether what came before in a source tells what the time of a line means.
    #[must_use]
    pub fn needs_order(&self) -> bool {
        let configured = self.configured.iter().map(|entry| &entry.normalizer);
        configured.chain([&self.normalizer]).any(|normalizer| normalizer.options().needs_order())
    }

    /// Fills in what other events of the same request know. Call it in the order of the events.
    pub fn join(&mut self, event: &mut Event) {
        self.normalizer.join(event);
    }

    /// What may be stored and shown of an event of the source at `path`.
    pub fn redact(&mut self, event: Event, path: &Arc<str>) -> Redacted {
        Redacted::by(self.redactor(path), event)
    }

    /// The same, with `raw` as the event was read where anything of it is hidden; says whether there is.
    pub fn redact_beside(&mut self, event: Event, path: &Arc<str>, raw: &mut Event) -> (Redacted, bool) {
        Redacted::beside(self.redactor(path), event, raw)
    }

    /// Makes `shown` what may be shown of `event`; false, and nothing done, when that is all of it.
    pub fn show(&mut self, event: &Event, path: &Arc<str>, shown: &mut Event) -> bool {
        self.redactor(path).show(event, shown)
    }

    /// The key of the pseudonyms, which all sources share; `None` when nothing is hidden.
    #[must_use]
    pub fn pseudonyms(&self) -> Option<Pseudonyms> {
        self.redactor.pseudonyms()
    }

    fn redactor(&mut self, path: &Arc<str>) -> &mut Redactor {
        match self.entry(path).and_then(|entry| self.configured.get_mut(entry)) {
            Some(entry) => &mut entry.redactor,
            None => &mut self.redactor,
        }
    }

    /// Secrets taken out since the last call.
    pub fn take_hidden(&mut self) -> u64 {
        let all = self.configured.iter().map(|entry| &entry.redactor).chain([&self.redactor]);
        let hidden = all.map(|redactor| redactor.counters().found.iter().sum::<u64>()).sum();
        hidden - std::mem::replace(&mut self.hidden, hidden)
    }

    /// The first entry of the configuration that is about the source at `path`.
    fn entry(&mut self, path: &Arc<str>) -> Option<usize> {
        if self.configured.is_empty() {
            return None;
        }
        match &self.last {
            Some((last, entry)) if Arc::ptr_eq(last, path) => *entry,
            _ => {
                let entry = self.configured.iter().position(|entry| entry.source.is_about(path));
                self.last = Some((Arc::clone(path), entry));
                entry
            }
        }
    }
}
