//! What an analyst may see, and how it changes: [`State::apply`] takes [`Update`]s,
//! [`State::snapshot`] gives an immutable [`Snapshot`] for one frame.
//!
//! Knows neither terminal nor clock nor threads: time arrives in the updates. The dashboard draws
//! snapshots; a daemon can serialise them. Everything here is bounded, because log content decides
//! how much there would be: each part has a named limit and says what goes first. Snapshots share
//! what they can (`Arc`), so that making one costs microseconds however much is held.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod board;
mod filter;
mod incident;
mod network;
mod origin;
mod party;
mod pending;
mod pin;
mod rate;
mod risk;
mod rows;
mod sight;
mod source;
mod threat;
mod traffic;
mod trouble;
mod update;

use std::collections::VecDeque;
use std::sync::Arc;

pub use board::{BoardChange, BoardRow};
pub use filter::{Filter, Narrowing};
pub use incident::Incident;
pub use network::KnownNetworks;
pub use party::{Party, PartyKind, PartyName, parties};
pub use pending::Pending;
pub use pin::{Pin, PinSubject};
pub use rate::Rates;
pub use risk::{Contribution, Entity};
pub use rows::Rows;
pub use sight::Sight;
pub use source::{SourceHealth, SourceRow};
pub use threat::{Reason, Threat, ThreatLevel, ThreatSample};
pub use traffic::{Tally, TrafficRow};
pub use trouble::Trouble;
pub use update::{Counted, IndexStatus, Ledger, MemoryStatus, RuleHits, SourceStatus, Update};

use crate::alert::{Alert, RuleBook};
pub use crate::correlate::NearMiss;
use crate::event::{EventId, LogLevel, Record, Timestamp};
use crate::sigma::Level;
use crate::triage::Decisions;

/// Notices kept; they are for reading, and nobody reads further back than this.
const MOST_NOTICES: usize = 50;

/// Rule problems kept; the number of all is kept beside them.
const MOST_PROBLEMS: usize = 200;

/// A count that claims to lie further ahead of the clock counts as this: one event with a time of
/// the far future must not push the whole graph out of its window, nor stay in the last minute for ever.
const MOST_SECONDS_AHEAD: i64 = 60;

/// Everything the engine knows that can be shown. Owned by the pipeline.
#[derive(Debug, Default)]
pub struct State {
    now: Timestamp,
    started: Option<Timestamp>,
    ledger: Ledger,
    not_shown: u64,
    rows: Rows,
    rates: Arc<Rates>,
    incidents: incident::Incidents,
    origins: origin::Origins,
    boards: board::Boards,
    pins: pin::Pins,
    sources: source::Sources,
    traffic: traffic::Traffic,
    risk: risk::Risk,
    threat: threat::Assessor,
    rules: Arc<RuleStatus>,
    index: IndexStatus,
    memory: MemoryStatus,
    notices: Arc<VecDeque<Remark>>,
    troubles: trouble::Troubles,
    finished: bool,
}

/// Which rules run, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleStatus {
    pub loaded: usize,
    /// `file:line:column: message`, at most 200 of them.
    pub problems: Vec<String>,
    /// All problems, listed or not.
    pub problem_count: usize,
    /// Most alerts first, then by level, then most matches; those that did nothing come last.
    pub hits: Vec<RuleHits>,
    /// What each says of itself.
    pub book: Arc<RuleBook>,
    /// Groups close to firing, the closest first.
    pub near: Vec<NearMiss>,
    /// What the last change of the files did.
    pub last_change: Option<Remark>,
}

/// Something an operator should know, once.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    pub time: Timestamp,
    pub message: String,
    pub hint: Option<String>,
}

/// Everything one frame needs, immutable. Cloning is cheap: the large parts are shared.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The engine's clock when the snapshot was made.
    pub now: Timestamp,
    /// The first clock the state saw.
    pub started: Option<Timestamp>,
    pub ledger: Ledger,
    /// Events that were read and judged but never reached `rows`, because too many came.
    pub not_shown: u64,
    /// The newest events, in the order they were read.
    pub rows: Rows,
    pub rates: Arc<Rates>,
    /// Worst first: what nobody has seen, what somebody has, what is quiet, what is closed; then by level,
    /// then the latest.
    pub incidents: Arc<Vec<Arc<Incident>>>,
    /// What people decided, about these and others.
    pub decisions: Arc<Decisions>,
    /// By board, then worst first.
    pub boards: Arc<Vec<BoardRow>>,
    /// What happened in the last minute and must not scroll away; the worst first, then the latest.
    pub pins: Vec<Pin>,
    /// By path.
    pub sources: Vec<SourceRow>,
    /// Requests of the last minute, the busiest service first.
    pub traffic: Vec<TrafficRow>,
    /// Highest risk first, decayed to `now`.
    pub entities: Vec<Entity>,
    pub threat: Threat,
    /// Whether the threat level rests on anything.
    pub sight: Sight,
    pub rules: Arc<RuleStatus>,
    pub index: IndexStatus,
    pub memory: MemoryStatus,
    /// Oldest first.
    pub notices: Arc<VecDeque<Remark>>,
    /// What is not watched at the moment: what blinds first, then what began first.
    pub troubles: Arc<Vec<Trouble>>,
    /// How many troubles there are, listed or not.
    pub trouble_count: usize,
    /// All input has ended; what is shown is the end result.
    pub finished: bool,
}

impl State {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one piece of news.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Events { rows, not_shown } => self.apply_events(rows, not_shown),
            Update::Counted(counted) => self.apply_counts(&counted),
            Update::Alert(alert) => self.apply_alert(alert),
            Update::Origins(origins) => {
                origins.into_iter().for_each(|(id, address)| self.seen(id, Some(address)))
            }
            Update::Transition(transition) => self.boards.apply(transition),
            Update::Risk(change) => self.risk.apply(change, self.now),
            Update::Source(status) => self.sources.apply(status, self.now),
            Update::Rules { loaded, problems } => self.apply_rules(loaded, problems),
            Update::Superseded { void, risks } => {
                self.boards.forget(&void);
                self.risk.replace(&risks, self.now);
            }
            Update::RuleBook(book) => Arc::make_mut(&mut self.rules).book = book,
            Update::RulesChanged(remark) => Arc::make_mut(&mut self.rules).last_change = Some(remark),
            Update::NearMisses(near) => self.apply_near_misses(near),
            Update::RuleHits(hits) => self.apply_hits(hits),
            Update::Index(status) => self.index = status,
            Update::Memory(status) => self.memory = status,
            Update::Notice { time, message, hint } => self.apply_notice(Remark { time, message, hint }),
            Update::Trouble(trouble) => self.troubles.begin(trouble),
            Update::Over { about, cause } => drop(self.troubles.end(&about, cause)),
            Update::Decided(decisions) => self.incidents.decide(decisions, self.now),
            Update::Clock { now } => self.apply_clock(now),
            Update::Finished => self.finished = true,
        }
    }

    /// What is not read or not stored now, what blinds first.
    #[must_use]
    pub fn troubles(&self) -> Arc<Vec<Trouble>> {
        self.troubles.current()
    }

    /// What may be seen now. Takes `&mut self` to settle what was put off until somebody looks.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        let incidents = self.incidents.sorted();
        let entities = self.risk.top(self.now);
        let sources = self.sources.rows(self.now);
        let running = self.started.map(|started| self.now.since(started));
        Snapshot {
            sight: sight::sight(&self.rules, &sources, running),
            now: self.now,
            started: self.started,
            ledger: self.ledger,
            not_shown: self.not_shown,
            rows: self.rows.clone(),
            rates: Arc::clone(&self.rates),
            boards: self.boards.sorted(),
            pins: self.pins.current(self.now),
            sources,
            traffic: self.traffic.rows(self.now),
            threat: self.threat.assess(self.now, &incidents, &entities),
            incidents,
            decisions: self.incidents.decisions(),
            entities,
            rules: Arc::clone(&self.rules),
            index: self.index,
            memory: self.memory,
            notices: Arc::clone(&self.notices),
            troubles: self.troubles.current(),
            trouble_count: self.troubles.count(),
            finished: self.finished,
        }
    }

    fn apply_events(&mut self, rows: Vec<Arc<Record>>, not_shown: u64) {
        self.not_shown += not_shown;
        for row in rows {
            if row.level >= LogLevel::Error {
                self.pins.pin_event(&row, self.now);
            }
            self.seen(row.event_id, row.get(origin::ADDRESS).map(Arc::from));
            self.rows.push(row);
        }
    }

    /// An event came past, from this address if it names one.
    fn seen(&mut self, id: EventId, address: Option<Arc<str>>) {
        if let Some((address, incidents)) = self.origins.seen(id, address) {
            incidents.into_iter().for_each(|id| self.incidents.came_from(id, &address, self.now));
        }
    }

    fn apply_counts(&mut self, counted: &Counted) {
        self.ledger.add(&counted.ledger);
        let latest = self.started.map_or(i64::MAX, |_| self.now.seconds() + MOST_SECONDS_AHEAD);
        for (service, second, tally) in &counted.traffic {
            self.traffic.add(service, (*second).min(latest), tally);
        }
        let rates = Arc::make_mut(&mut self.rates);
        for (second, counts) in &counted.by_second {
            rates.add((*second).min(latest), counts);
        }
    }

    fn apply_alert(&mut self, alert: Alert) {
        let (id, addresses) = (alert.alert_id, self.origins.of_alert(&alert));
        let incident = self.incidents.apply(alert, self.now);
        addresses.iter().for_each(|address| self.incidents.came_from(id, address, self.now));
        if incident.alert.rule.level >= Level::High && incident.is_open() {
            self.pins.pin_incident(&incident, self.now);
        }
    }

    fn apply_rules(&mut self, loaded: usize, mut problems: Vec<String>) {
        let rules = Arc::make_mut(&mut self.rules);
        rules.loaded = loaded;
        rules.problem_count = problems.len();
        problems.truncate(MOST_PROBLEMS);
        rules.problems = problems;
    }

    fn apply_hits(&mut self, mut hits: Vec<RuleHits>) {
        hits.sort_by_key(|hit| std::cmp::Reverse((hit.alerts, hit.rule.level, hit.matches)));
        if self.rules.hits != hits {
            Arc::make_mut(&mut self.rules).hits = hits;
        }
    }

    fn apply_near_misses(&mut self, near: Vec<NearMiss>) {
        if self.rules.near != near {
            Arc::make_mut(&mut self.rules).near = near;
        }
    }

    fn apply_notice(&mut self, remark: Remark) {
        let notices = Arc::make_mut(&mut self.notices);
        notices.push_back(remark);
        if notices.len() > MOST_NOTICES {
            notices.pop_front();
        }
    }

    /// The clock never runs backwards: a late update must not bring a lapsed timer back.
    fn apply_clock(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.started.get_or_insert(now);
        self.incidents.pass_time(self.now);
    }
}

#[cfg(test)]
mod tests;
