//! Everything the world tells the state.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Remark, Tally, Trouble};
use crate::alert::{Alert, RiskChange, RuleBook, RuleSummary, Transition};
use crate::correlate::NearMiss;
use crate::correlate::risk::RiskScore;
use crate::event::{Cause, EventId, Flags, Outcome, Record, TimeQuality, Timestamp};
use crate::triage::Decisions;

/// Everything the world tells the state. One closed enum: what is not here cannot happen.
#[derive(Clone, Debug)]
pub enum Update {
    /// The newest events, oldest first. `not_shown` counts those left out because too many came;
    /// events of log level error and above are left out last, because the pinned lane lives on them.
    Events {
        rows: Vec<Arc<Record>>,
        not_shown: u64,
    },
    /// Numbers of everything that was read since the last update, whether shown or not.
    Counted(Counted),
    Alert(Alert),
    /// The addresses that events of alerts came from.
    Origins(Vec<(EventId, Arc<str>)>),
    Transition(Transition),
    Risk(RiskChange),
    Source(SourceStatus),
    /// Rules were loaded or reloaded: how many run, what is broken.
    Rules {
        loaded: usize,
        problems: Vec<String>,
    },
    /// Other rules took over. What the `void` ones (by id) said of machines holds no longer; `risks` are all
    /// scores as they are now.
    Superseded {
        void: Vec<String>,
        risks: Vec<RiskScore>,
    },
    /// What the rules that run say of themselves.
    RuleBook(Arc<RuleBook>),
    /// What a change of the rule files did.
    RulesChanged(Remark),
    /// The groups that are close to firing now.
    NearMisses(Vec<NearMiss>),
    /// Per-rule totals since the start.
    RuleHits(Vec<RuleHits>),
    /// The index: how far behind, whether writing works.
    Index(IndexStatus),
    Memory(MemoryStatus),
    /// Something an operator should know, once.
    Notice {
        time: Timestamp,
        message: String,
        hint: Option<String>,
    },
    /// Something keeps from watching, until `Over` with the same subject and cause.
    Trouble(Trouble),
    Over {
        about: Arc<str>,
        cause: Cause,
    },
    /// The clock (replay: event time; live: the wall clock).
    Clock {
        now: Timestamp,
    },
    /// People decided something: all decisions as they are now.
    Decided(Arc<Decisions>),
    /// All input has ended (replay, demo, standard input closed).
    Finished,
}

/// Counts of one batch of events that fall into the same second of event time are merged.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// (second since 1970 of arrival or replayed event time, events by log level in the order of `LogLevel::ALL`).
    pub by_second: Vec<(i64, [u64; 8])>,
    pub ledger: Ledger,
    /// (service, second, what it did), at most a few hundred.
    pub traffic: Vec<(Arc<str>, i64, Tally)>,
}

/// Every byte read has exactly one outcome; these are the lines. `lines()` is their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub parsed: u64,
    pub repaired: u64,
    pub raw: u64,
    pub cut: u64,
    pub blank: u64,
    /// Known or suspected losses.
    pub gaps: u64,
    /// Lost bytes, where known.
    pub lost_bytes: u64,
    /// Events whose time lay too far behind the watermark to be counted together with those before them.
    pub late: u64,
    pub future: u64,
    /// Events without a time that no rule that counts has seen.
    pub timeless: u64,
    /// Events that name no time and were given one: their arrival, or that of the line before.
    #[serde(default)]
    pub dated: u64,
    /// Secrets masked.
    pub redacted: u64,
    /// Events beyond the first of their line.
    #[serde(default)]
    pub parts: u64,
    /// Events in which a key stands twice.
    #[serde(default)]
    pub duplicate_keys: u64,
    /// Events with a name, a depth or a value beyond what is looked at.
    #[serde(default)]
    pub out_of_bounds: u64,
    /// Lines that continue the event of a line before them.
    #[serde(default)]
    pub continued: u64,
    /// Events that were put together from several lines.
    #[serde(default)]
    pub joined: u64,
    /// Bytes that belong to no line: zeros where a log was emptied under its writer, the mark of an encoding.
    #[serde(default)]
    pub padding_bytes: u64,
}

/// Lines that belong to the event of a line before them.
const CONTINUED: &str = "continuing another";

impl Ledger {
    /// Lines read.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.events() - self.parts + self.continued + self.blank
    }

    /// Events that the lines became.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.parsed + self.repaired + self.raw + self.cut + self.parts
    }

    /// What the lines became: the sum is the lines read. Of most logs no line continues another.
    #[must_use]
    pub fn outcomes(&self) -> [(u64, &'static str); 6] {
        [
            (self.parsed, "parsed"),
            (self.repaired, "repaired"),
            (self.raw, "raw"),
            (self.cut, "cut"),
            (self.blank, "blank"),
            (self.continued, CONTINUED),
        ]
    }

    pub fn add(&mut self, other: &Ledger) {
        self.parsed += other.parsed;
        self.repaired += other.repaired;
        self.raw += other.raw;
        self.cut += other.cut;
        self.blank += other.blank;
        self.gaps += other.gaps;
        self.lost_bytes += other.lost_bytes;
        self.late += other.late;
        self.future += other.future;
        self.timeless += other.timeless;
        self.dated += other.dated;
        self.redacted += other.redacted;
        self.parts += other.parts;
        self.continued += other.continued;
        self.duplicate_keys += other.duplicate_keys;
        self.out_of_bounds += other.out_of_bounds;
        self.joined += other.joined;
        self.padding_bytes += other.padding_bytes;
    }

    /// Counts a line by what became of it.
    pub fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Parsed => &mut self.parsed,
            Outcome::Repaired => &mut self.repaired,
            Outcome::Raw => &mut self.raw,
            Outcome::Cut => &mut self.cut,
            Outcome::Blank => &mut self.blank,
        };
        *counter += 1;
    }

    /// Counts what the time of an event is worth.
    pub fn count_time(&mut self, quality: TimeQuality) {
        match quality {
            TimeQuality::Absent => self.timeless += 1,
            TimeQuality::Arrival => self.dated += 1,
            TimeQuality::Future => self.future += 1,
            TimeQuality::Exact | TimeQuality::Zoneless | TimeQuality::Completed => {}
        }
    }

    /// Counts what is out of the ordinary about an event beside its outcome.
    pub fn note(&mut self, flags: Flags) {
        self.duplicate_keys += u64::from(flags.has(Flags::DUPLICATE_KEYS));
        self.out_of_bounds += u64::from(flags.has(Flags::OUT_OF_BOUNDS));
        self.joined += u64::from(flags.has(Flags::JOINED));
    }
}

/// One source as the header and the sources panel show it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceStatus {
    pub path: Arc<str>,
    /// Bytes read of the current generation.
    pub read_bytes: u64,
    /// Bytes on disk in the current generation.
    pub size_bytes: u64,
    pub lines: u64,
    /// Arrival of the newest line.
    pub last_line_at: Option<Timestamp>,
    /// Event time of the newest line.
    pub last_event_time: Option<Timestamp>,
    pub rotations: u32,
    pub gaps: u32,
    pub trouble: Option<String>,
    pub closed: bool,
}

/// What one rule did since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleHits {
    pub rule: Arc<RuleSummary>,
    /// Events that had to be looked at closely; the others were ruled out by what they do not contain.
    #[serde(default)]
    pub evaluated: u64,
    /// Events; a correlation matches none itself.
    pub matches: u64,
    /// Incidents it opened.
    pub alerts: u64,
}

/// What the process takes, and what it may take; a bound of 0: nobody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryStatus {
    pub used_bytes: u64,
    pub bound_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexStatus {
    /// Events searchable.
    pub indexed: u64,
    /// Events read but not yet searchable.
    pub pending: u64,
    pub disk_bytes: u64,
    /// Writing failed; events are kept on hold (reading stops when the queues are full).
    pub degraded: bool,
    /// The disk is nearly full: nothing is written until there is room, and reading waits.
    #[serde(default)]
    pub paused: bool,
}
