//! The story of the demo, told to an engine and to the state of the dashboard, with event time as the clock.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use soctop::alert::RuleBook;
use soctop::correlate::Output;
use soctop::event::{Event, GenerationId, Outcome, Record, Redacted, SourceId, Timestamp};
use soctop::normalize::{Redaction, Redactor};
use soctop::pipeline::{Engine, EngineOptions, Line};
use soctop::sigma::Placeholders;
use soctop::state::{IndexStatus, Ledger, Pending, Snapshot, SourceStatus, State, Update};
use soctop::{config, samples};

pub struct Told {
    start: Timestamp,
    engine: Engine,
    redactor: Redactor,
    state: State,
    pending: Pending,
    streams: BTreeMap<&'static str, (SourceId, SourceStatus)>,
    lines: Peekable<IntoIter<samples::Line>>,
    /// Every event so far, as the index would hold it.
    pub records: Vec<Arc<Record>>,
}

impl Told {
    pub fn new() -> Self {
        let start = Timestamp::parse_rfc3339("2026-03-01T09:30:00Z").expect("a time");
        let rules = config::load_rules(&[], Placeholders::new()).expect("the bundled rules load").rules;
        let mut state = State::new();
        state.apply(Update::Clock { now: start });
        state.apply(Update::Rules { loaded: rules.len(), problems: Vec::new() });
        state.apply(Update::RuleBook(Arc::new(RuleBook::of(&rules))));
        let engine = Engine::new(&rules, &EngineOptions::default());
        Self {
            start,
            redactor: Redactor::new(engine.paths(), Redaction::default()),
            engine,
            state,
            pending: Pending::default(),
            streams: BTreeMap::new(),
            lines: samples::story(1, start).into_iter().peekable(),
            records: Vec::new(),
        }
    }

    /// The state this many seconds after the start of the story; no moment lies before one that was asked for.
    pub fn until(&mut self, seconds: i64) -> Snapshot {
        while let Some(line) = self.lines.next_if(|line| line.at_millis < seconds as u64 * 1_000) {
            self.tell(&line);
        }
        for (_, status) in self.streams.values() {
            self.state.apply(Update::Source(status.clone()));
        }
        let indexed = self.engine.next_seq();
        let index = IndexStatus { indexed, disk_bytes: 2 << 20, ..IndexStatus::default() };
        self.state.apply(Update::Index(index));
        self.state.apply(Update::RuleHits(self.engine.rule_hits()));
        self.state.apply(Update::Clock { now: self.start.plus(seconds * 1_000_000_000) });
        self.state.snapshot()
    }

    fn tell(&mut self, line: &samples::Line) {
        let now = self.start.plus(line.at_millis as i64 * 1_000_000);
        let next = SourceId(self.streams.len() as u32);
        let (source, status) = self.streams.entry(line.stream).or_insert((next, SourceStatus::default()));
        status.path = format!("/var/log/{}", line.stream).into();
        status.lines += 1;
        status.read_bytes += line.text.len() as u64 + 1;
        status.size_bytes = status.read_bytes;
        status.last_line_at = Some(now);
        status.last_event_time = Some(now);
        let path = Arc::clone(&status.path);
        let line = Line {
            bytes: line.text.as_bytes(),
            cut: false,
            source: *source,
            path: &path,
            generation: GenerationId(u64::from(source.0) + 1),
            offset: status.read_bytes,
            number: status.lines,
            lines: 1,
            read_at: now,
        };
        self.take(&line);
    }

    /// How many secrets were masked.
    fn hidden(&self) -> u64 {
        self.redactor.counters().found.iter().sum()
    }

    fn take(&mut self, line: &Line<'_>) {
        let mut event = Event::default();
        if self.engine.line(line, &mut event) == Outcome::Blank {
            return;
        }
        let hidden = self.hidden();
        let event = Redacted::by(&mut self.redactor, event);
        self.records.push(Arc::new(Record::from_event(&event, line.path, &self.engine.paths().read())));
        self.pending.add_events(&[event], line.path, self.engine.paths());
        self.pending.add_ledger(&Ledger { redacted: self.hidden() - hidden, ..self.engine.take_ledger() });
        self.pending.take_updates().into_iter().for_each(|update| self.state.apply(update));
        for output in self.engine.take_outputs() {
            match output {
                Output::Alert(alert) => self.state.apply(Update::Alert(alert)),
                Output::Transition(transition) => self.state.apply(Update::Transition(transition)),
                Output::Risk(risk) => self.state.apply(Update::Risk(risk)),
                _ => {}
            }
        }
        self.state.apply(Update::Clock { now: line.read_at });
    }
}
