//! The work on one line, in order: decode, normalise, match, correlate.
//!
//! The same `Engine` serves the live dashboard and `replay`; only the clock differs, and the clock is
//! an argument. It opens nothing, sends nothing and never fails: a bad line is an event with an
//! outcome, a bad rule was reported when it was loaded.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::crew;
use super::dating::{self, Dating, Undated};
use super::ingest::{IngestStage, Line};
use super::stored;
use super::worker::{self, Judge, Lot, Read, Setup, Unread};
use crate::alert::{AlertStatus, RuleSummary};
use crate::config::SourceConfig;
use crate::correlate::{Correlator, CorrelatorOptions, FrozenState, HotReload, Output, Seeds, SnapshotError};
use crate::detect::{MatchRecord, Matcher, MatcherOptions, RuleCounter};
use crate::event::number::to_u32;
use crate::event::{Event, EventId, GenerationId, Outcome, Paths, Record, SourceId, TimeQuality, Timestamp};
use crate::facts::Vocabulary;
use crate::normalize;
use crate::sigma::{RuleIndex, RuleSet};
use crate::state::{Ledger, RuleHits};

/// Source of events that come from the index; forgotten before anything is read.
const RECALLED: SourceId = SourceId(0);

/// The stored line of a record.
fn recalled<'r>(record: &'r Record, path: &'r Arc<str>) -> Line<'r> {
    Line {
        bytes: record.raw.as_bytes(),
        cut: record.outcome == Outcome::Cut,
        source: RECALLED,
        path,
        generation: GenerationId::default(),
        offset: 0,
        number: record.line,
        lines: 1,
        read_at: record.ingested,
    }
}

/// The place in time of an event that is looked at once more.
#[derive(Clone, Copy, Debug)]
pub struct LookBack {
    pub source: SourceId,
    pub time: Timestamp,
    /// What the event claims is not believed.
    pub is_forged: bool,
}

/// How the stages are set up.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Match rules only against events of their logsource.
    pub routing: bool,
    pub normalize: normalize::Options,
    /// What is configured about single sources.
    pub sources: Vec<SourceConfig>,
    pub correlate: CorrelatorOptions,
    /// Threads beside the one that puts events in order; `None`: as many as the cores are worth, 0: none.
    pub workers: Option<usize>,
}

/// Decode, normalise, match, correlate. Owns every buffer of the hot path, as long as nobody helps.
pub struct Engine {
    paths: Paths,
    ingest: IngestStage,
    dating: Dating,
    /// Events keep what they say: test vectors are about it.
    dates_nothing: bool,
    program: Program,
    record: MatchRecord,
    outputs: Vec<Output>,
    ledger: Ledger,
    total: Ledger,
    /// The number of the next event that is given its place in the order.
    next_seq: u64,
    /// The number of the next event that is correlated.
    concluded: u64,
    changed_since_saved: bool,
    /// How workers are set up for what is handed out to them now.
    setup: Arc<Setup>,
    workers: Option<usize>,
}

/// All that depends on the rules, and what they remember. One value, so that it is exchanged as one.
pub struct Program {
    judge: Judge,
    correlator: Correlator,
    hits: RuleTally,
}

impl Program {
    fn compile(rules: &RuleSet, paths: &Paths, options: &EngineOptions) -> Self {
        // What is wrong with them was said when they were loaded.
        let (correlator, _) = Correlator::new(rules, options.correlate.clone());
        let matcher = Matcher::compile(rules, paths, MatcherOptions { routing: options.routing });
        let judge = Judge::new(paths, matcher, correlator.needed_fields());
        Self { judge, correlator, hits: RuleTally::of(rules) }
    }

    /// How workers are set up that judge by this program.
    fn setup(&self, paths: &Paths, options: normalize::Options, sources: Vec<SourceConfig>) -> Arc<Setup> {
        let rules = Arc::clone(self.judge.matcher().rules());
        let needed = self.correlator.needed_fields().into();
        Arc::new(Setup { paths: paths.clone(), options, sources, rules, needed })
    }
}

/// How often each rule matched, and alerted.
struct RuleTally {
    /// One for each rule, in their order.
    rules: Vec<RuleHits>,
    /// Where the rule of an id stands: alerts know no more of it.
    places: HashMap<String, usize>,
}

impl Engine {
    /// Compiles `rules`.
    #[must_use]
    pub fn new(rules: &RuleSet, options: &EngineOptions) -> Self {
        Self::with_paths(rules, options, Paths::new())
    }

    /// Rules that are to take over from those of another [`Engine`], whose paths and seeds these are.
    #[must_use]
    pub fn hot_reloaded(rules: &RuleSet, options: &EngineOptions, paths: Paths, seeds: Seeds) -> Self {
        let mut engine = Self::with_paths(rules, options, paths);
        engine.program.correlator.adopt_seeds(seeds);
        engine
    }

    fn with_paths(rules: &RuleSet, options: &EngineOptions, paths: Paths) -> Self {
        let program = Program::compile(rules, &paths, options);
        Self {
            ingest: IngestStage::new(&paths, &options.normalize, &options.sources),
            dating: Dating::default(),
            dates_nothing: options.correlate.conformance,
            setup: program.setup(&paths, options.normalize.clone(), options.sources.clone()),
            workers: options.workers,
            program,
            record: MatchRecord::default(),
            outputs: Vec::new(),
            ledger: Ledger::default(),
            total: Ledger::default(),
            next_seq: 0,
            concluded: 0,
            changed_since_saved: false,
            paths,
        }
    }

    /// How many threads may help; none where the time of a line depends on those before it.
    pub(super) fn workers(&self) -> usize {
        if self.ingest.needs_order() { 0 } else { self.workers.unwrap_or_else(crew::workers) }
    }

    /// How workers are set up for what is handed out to them now.
    pub(super) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// Takes one line through all stages. `event` holds the result; what detection says of it waits
    /// in [`Engine::take_outputs`].
    pub fn line(&mut self, line: &Line<'_>, event: &mut Event) -> Outcome {
        let outcome = self.prepare(line, event);
        if outcome != Outcome::Blank {
            self.detect(event, line.path);
        }
        outcome
    }

    /// Takes the next event of that line through all stages; false if it holds no more.
    pub fn next(&mut self, line: &Line<'_>, event: &mut Event) -> bool {
        let more = self.prepare_next(line, event);
        if more {
            self.detect(event, line.path);
        }
        more
    }

    /// Decodes and normalises, without detection.
    fn prepare(&mut self, line: &Line<'_>, event: &mut Event) -> Outcome {
        let outcome = self.ingest.read(line, event);
        self.ledger.count(outcome);
        self.ledger.continued += line.lines.saturating_sub(1);
        if outcome != Outcome::Blank {
            self.follow_here(event);
        }
        outcome
    }

    /// The next event of the line that was prepared last, without detection; false if it holds no more.
    fn prepare_next(&mut self, line: &Line<'_>, event: &mut Event) -> bool {
        let more = self.ingest.read_next(line, event);
        if more {
            self.ledger.parts += 1;
            self.follow_here(event);
        }
        more
    }

    /// Matches and correlates a prepared event; it gets its place in the order here.
    fn detect(&mut self, event: &mut Event, path: &Arc<str>) {
        let mut ledger = Ledger::default();
        self.date(event, false);
        self.place(event, &mut ledger);
        self.account(&ledger);
        let mut record = std::mem::take(&mut self.record);
        self.program.judge.one(&mut self.ingest, event, path, &mut record);
        self.conclude(event, &record);
        self.record = record;
    }

    /// Reads a chunk here and now.
    pub(super) fn read(&mut self, unread: Unread) -> Read {
        worker::read(&mut self.ingest, unread)
    }

    /// Counts what was counted apart.
    pub(super) fn account(&mut self, ledger: &Ledger) {
        self.ledger.add(ledger);
    }

    /// The first step that needs order: events of a source come as they stand in it.
    pub(super) fn follow(&mut self, event: &mut Event, ledger: &mut Ledger) {
        self.ingest.follow(event);
        ledger.note(event.meta.flags);
    }

    fn follow_here(&mut self, event: &mut Event) {
        let mut ledger = Ledger::default();
        self.follow(event, &mut ledger);
        self.account(&ledger);
    }

    /// The second: the place of an event in the order of all, and what those before it know of its request.
    pub(super) fn place(&mut self, event: &mut Event, ledger: &mut Ledger) {
        event.meta.seq = self.next_seq;
        self.next_seq += 1;
        self.ingest.join(event);
        ledger.count_time(event.meta.time_quality);
    }

    /// Judges a lot here and now.
    pub(super) fn judge(&mut self, lot: &mut Lot) {
        self.program.judge.all(&mut self.ingest, lot);
    }

    /// The third, and last: correlates an event that was judged, in the order of all.
    pub(super) fn conclude(&mut self, event: &Event, record: &MatchRecord) {
        self.concluded = self.concluded.max(event.meta.seq + 1);
        self.changed_since_saved = true;
        if record.rules.is_empty() {
            return self.pass(event.meta.source, event.meta.time, event.meta.ingested);
        }
        if event.meta.time.is_none() && !dating::is_beside(event) {
            self.dating.matched(event.meta.source);
        }
        self.program.hits.count(&record.rules);
        self.program.correlator.observe(record, &mut self.outputs);
    }

    /// Gives an event a time that names none, before it gets its place. `is_live`: it was read as it was written.
    pub(super) fn date(&mut self, event: &mut Event, is_live: bool) {
        if !self.dates_nothing {
            self.dating.date(event, is_live);
        }
    }

    /// Puts an event of a recording where it stands in time.
    pub(super) fn stand_at(&self, event: &mut Event, time: Timestamp, is_forged: bool) {
        event.meta.ingested = time;
        if is_forged {
            event.meta.time_quality = TimeQuality::Future;
        }
    }

    /// A source is about to be read: timers wait until it has spoken or is idle.
    pub fn source_opened(&mut self, source: SourceId) {
        self.program.correlator.source_opened(source);
    }

    /// A source has ended.
    pub fn source_closed(&mut self, source: SourceId) {
        self.source_idle(source);
        self.dating.forget(source);
        self.ingest.forget(source);
    }

    /// What of a source no rule that counts has seen since the last call, because it has no time.
    pub fn take_undated(&mut self, source: SourceId) -> Option<Undated> {
        self.dating.take_undated(source)
    }

    /// A source has nothing more to read for now: timers no longer wait for it.
    pub fn source_idle(&mut self, source: SourceId) {
        self.program.correlator.source_idle(source, &mut self.outputs);
    }

    /// Moves the clock: timers that are due fire.
    pub fn advance(&mut self, now: Timestamp) {
        self.program.correlator.advance(now, &mut self.outputs);
    }

    /// Everything until this time has been read, of every recording: timers that are due fire.
    pub fn reach(&mut self, time: Timestamp) {
        self.program.correlator.reach(time, &mut self.outputs);
    }

    /// When the next timer will fire, if nothing happens until then.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.program.correlator.next_due()
    }

    /// Nothing was read until `now` because there was other work: that is no silence of the sources.
    pub fn was_busy_until(&mut self, now: Timestamp) {
        self.program.correlator.was_busy_until(now);
    }

    /// The clock was wrong and has been set back.
    pub fn clock_set_back(&mut self, now: Timestamp) {
        self.program.correlator.clock_set_back(now);
    }

    /// Says what is open and how machines stand, as if it were new: after a restart the dashboard has
    /// heard of nothing yet.
    pub fn standing(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.program.correlator.standing(&mut outputs);
        outputs
    }

    /// The input has ended: everything that was still open is closed.
    pub fn finish(&mut self) {
        self.program.correlator.finish(&mut self.outputs);
    }

    /// What detection has said since the last call, in order.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        self.program.hits.count_alerts(&self.outputs);
        std::mem::take(&mut self.outputs)
    }

    /// Events so far that came too late to be counted among the others.
    #[must_use]
    pub fn late_events(&self) -> u64 {
        self.program.correlator.late_events()
    }

    /// Counts since the last call.
    pub fn take_ledger(&mut self) -> Ledger {
        let mut ledger = std::mem::take(&mut self.ledger);
        let late = self.late_events();
        ledger.late = late.saturating_sub(self.total.late);
        self.total.add(&ledger);
        ledger
    }

    /// Counts bytes that are, or may be, lost; 0 where nobody knows how many.
    pub fn lost(&mut self, bytes: u64) {
        self.ledger.gaps += 1;
        self.ledger.lost_bytes += bytes;
    }

    /// Counts up to the last [`Engine::take_ledger`].
    #[must_use]
    pub fn total_ledger(&self) -> Ledger {
        self.total
    }

    /// The number of the next event that is given its place in the order.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The number of the next event that is correlated: all that was said is said of those before it.
    #[must_use]
    pub fn concluded(&self) -> u64 {
        self.concluded
    }

    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    #[must_use]
    pub fn correlator(&self) -> &Correlator {
        &self.program.correlator
    }

    /// While memory is scarce, less is followed exactly.
    pub fn be_sparing(&mut self, sparing: bool) {
        self.program.correlator.be_sparing(sparing);
    }

    /// The state of detection, to be committed with the events before [`Engine::concluded`].
    pub fn save(&mut self) -> FrozenState {
        self.changed_since_saved = false;
        self.program.correlator.freeze()
    }

    /// Writes the same at once, without a copy of anything.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_state(&mut self, sink: impl io::Write) -> io::Result<()> {
        self.changed_since_saved = false;
        self.program.correlator.write_state(sink)
    }

    /// Whether events came since the last [`Engine::save`].
    #[must_use]
    pub fn changed_since_saved(&self) -> bool {
        self.changed_since_saved
    }

    /// Continues where a saved state stood; rules whose text has changed since start anew.
    ///
    /// # Errors
    /// When the state cannot be read (another version); detection then starts anew.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), SnapshotError> {
        self.program.correlator.restore(saved)?;
        self.program.correlator.forget_sources();
        Ok(())
    }

    /// An event of the index once more, at its place in time. Rules see what was stored: as it was read, normalised and
    /// joined then, without what was hidden.
    /// `known` is made what rules know of it. False when the line is blank.
    pub(super) fn judge_again(
        &mut self,
        record: &Record,
        place: LookBack,
        event: &mut Event,
        known: &mut MatchRecord,
    ) -> bool {
        if !self.read_again(record, event) {
            return false;
        }
        event.meta.source = place.source;
        event.meta.seq = self.next_seq;
        self.next_seq += 1;
        self.stand_at(event, place.time, place.is_forged);
        self.program.judge.one(&mut self.ingest, event, &record.source, known);
        known.event_id = record.event_id;
        true
    }

    /// Events of a source up to here are passed by: no rule can match them.
    pub fn pass(&mut self, source: SourceId, time: Option<Timestamp>, arrival: Timestamp) {
        self.program.correlator.progress(source, time, arrival, &mut self.outputs);
    }

    /// Decodes the stored line of a record, and puts what was stored beside it in place of what is derived from it now.
    fn read_again(&mut self, record: &Record, event: &mut Event) -> bool {
        let path = Arc::clone(&record.source);
        let line = recalled(record, &path);
        if self.ingest.prepare(&line, event) == Outcome::Blank {
            return false;
        }
        // Of a line with several events the one that was stored.
        while !stored::is_of(event, record) && self.ingest.prepare_next(&line, event) {}
        stored::overlay(record, &self.paths, event);
        true
    }

    /// Looks again at an event of the index that the state of detection does not contain yet. Nothing
    /// that follows is said twice: what it led to was committed with it.
    pub fn recall(&mut self, record: &Record, event: &mut Event) {
        let path = Arc::clone(&record.source);
        if self.ingest.prepare(&recalled(record, &path), event) == Outcome::Blank {
            return;
        }
        stored::date(record, event);
        self.ingest.join(event);
        event.meta.seq = record.seq;
        self.recall_event(event, &path, record.event_id);
    }

    /// Looks again at an event that another [`Engine`] has prepared and numbered.
    pub fn recall_prepared(&mut self, event: &mut Event, path: &Arc<str>) {
        event.meta.source = RECALLED;
        self.recall_event(event, path, event.id());
    }

    fn recall_event(&mut self, event: &Event, path: &Arc<str>, id: EventId) {
        self.program.judge.one(&mut self.ingest, event, path, &mut self.record);
        if self.record.rules.is_empty() {
            return;
        }
        self.record.event_id = id;
        self.program.correlator.observe(&self.record, &mut self.outputs);
        self.outputs.clear();
    }

    /// The number of the next event; nothing more is recalled.
    pub fn continue_at(&mut self, next_seq: u64) {
        self.next_seq = next_seq;
        self.concluded = next_seq;
        self.program.correlator.source_idle(RECALLED, &mut self.outputs);
        self.program.correlator.forget_sources();
        self.outputs.clear();
    }

    /// Other rules take over between two events: those of `next`, which has looked again at what
    /// came before. It is left with what is to be thrown away.
    pub fn exchange(&mut self, next: &mut Engine) -> HotReload {
        std::mem::swap(&mut self.program, &mut next.program);
        self.setup_anew(self.setup.options.clone());
        self.changed_since_saved = true;
        self.program.hits.take_over(&next.program.hits);
        let change = self.program.correlator.hot_reload(&mut next.program.correlator);
        self.program.hits.count_alerts(&change.told);
        change
    }

    /// Reads what lines state by other words from now on.
    pub fn exchange_vocabulary(&mut self, vocabulary: &Arc<Vocabulary>) {
        self.ingest.exchange_vocabulary(vocabulary);
        let vocabulary = Arc::clone(vocabulary);
        self.setup_anew(normalize::Options { vocabulary, ..self.setup.options.clone() });
    }

    fn setup_anew(&mut self, options: normalize::Options) {
        self.setup = self.program.setup(&self.paths, options, self.setup.sources.clone());
    }

    /// How often each rule was looked at, matched and alerted, where it did any of that.
    #[must_use]
    pub fn rule_hits(&self) -> Vec<RuleHits> {
        self.program.hits.list(&self.program.judge.matcher().counters())
    }
}

impl RuleTally {
    fn of(rules: &RuleSet) -> Self {
        let headers = (0..rules.len()).filter_map(|index| rules.header(RuleIndex(to_u32(index))));
        let rules = headers.map(|header| {
            let rule = Arc::new(RuleSummary::of(header));
            RuleHits { rule, evaluated: 0, matches: 0, alerts: 0 }
        });
        let rules: Vec<_> = rules.collect();
        let places = rules.iter().enumerate().map(|(place, hits)| (hits.rule.id.clone(), place));
        Self { places: places.collect(), rules }
    }

    fn count(&mut self, matched: &[RuleIndex]) {
        for rule in matched {
            if let Some(hits) = self.rules.get_mut(rule.index()) {
                hits.matches += 1;
            }
        }
    }

    /// Counts incidents, not what becomes of them.
    fn count_alerts(&mut self, outputs: &[Output]) {
        for output in outputs {
            let Output::Alert(alert) = output else { continue };
            let place = self.places.get(&alert.rule.id).filter(|_| alert.status == AlertStatus::Open);
            if let Some(hits) = place.and_then(|place| self.rules.get_mut(*place)) {
                hits.alerts += 1;
            }
        }
    }

    /// Goes on counting for the rules that `old` has counted for.
    fn take_over(&mut self, old: &RuleTally) {
        for hits in &mut self.rules {
            let counted = old.places.get(&hits.rule.id).and_then(|place| old.rules.get(*place));
            (hits.matches, hits.alerts) = counted.map_or((0, 0), |old| (old.matches, old.alerts));
        }
    }

    /// Correlations match no event, but they alert. `counters` are of detections, which stand first; those of rules
    /// that were reloaded begin anew.
    fn list(&self, counters: &[RuleCounter]) -> Vec<RuleHits> {
        let evaluated = counters.iter().map(|counter| counter.evaluated).chain(std::iter::repeat(0));
        let hits = self.rules.iter().zip(evaluated);
        let hits = hits.map(|(hits, evaluated)| RuleHits { evaluated, ..hits.clone() });
        hits.filter(|hits| hits.evaluated > 0 || hits.matches > 0 || hits.alerts > 0).collect()
    }
}
