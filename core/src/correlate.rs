//! Stage two: keyed, stateful correlation in event time.
//!
//! Pure: no clock, no file, no thread. Time arrives with the records and, on an idle stream, through
//! [`Correlator::advance`]. A raw firing is a function of the set of events, not of their order of
//! arrival: late events are put where they belong (see `window`), timers run at the watermark
//! (see `clock`). Above raw firings stand incidents, states and risk.
//!
//! ```text
//! MatchRecord ─► route by rule ─► group ─► window ─► raw firing ─┬─► incident ─► Alert
//!                     ▲                                          ├─► machine ──► Transition
//!                     └────────────── rules above ◄──────────────┤
//!                                                                └─► risk ─────► RiskChange
//! ```
//!
//! Memory is bounded per rule. Of more groups than there are places those with most events have one (see `crowd`),
//! and events that a group has no room for leave a summary (see `evicted`). Counts are then upper bounds and marked;
//! a rule fires on what is known for certain, and says where it may have missed something.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

pub(crate) mod aggregate;
mod clock;
mod compact;
mod crowd;
mod dedup;
mod distance;
mod distinct_values;
mod entries;
mod entry;
mod evicted;
pub(crate) mod evidence;
mod field_set;
mod fire;
mod hashes;
mod heartbeat;
mod history;
mod hot_reload;
mod incident;
mod keys;
mod late_values;
mod lateness;
mod likeness;
mod memory;
mod near;
mod numbers;
mod outlet;
pub(crate) mod plan;
mod plan_builder;
mod ranked;
mod renumbering;
pub mod risk;
mod risks;
mod route;
mod rule_run;
mod sketch;
mod slack;
pub(crate) mod snapshot;
mod state_machine;
mod state_machines;
mod stored;
#[cfg(test)]
mod tests;
mod timer;
pub(crate) mod window;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::sync::Arc;

pub use self::compact::CompactError;
pub(crate) use self::dedup::Deduplicator;
pub(crate) use self::hashes::{OccurrenceKey, StreamKey};
pub use self::hot_reload::HotReload;
pub use self::keys::Seeds;
pub use self::near::NearMiss;
pub use self::snapshot::{FrozenState, SnapshotError};

use smallvec::SmallVec;

use self::clock::{Clock, NO_SOURCE};
use self::crowd::{Crowd, Ghost};
use self::dedup::{MOST_OCCURRENCES, SPARING_OCCURRENCES};
use self::entry::{Entry, Position, Values};
use self::evicted::EvictedSummary;
use self::evidence::Evidence;
use self::field_set::FieldSet;
use self::fire::Changed;
use self::hashes::GroupKey;
use self::keys::GroupKeys;
use self::memory::{Group, Groups, Held, Memories, Memory, WindowRun};
use self::outlet::{ConformanceOutlet, IncidentOutlet, Outlet};
use self::plan::{Evaluator, Measure, Plan, Role, Route, RulePlan, WindowPlan};
use self::plan_builder::{Allowed, RuleInput};
use self::route::{GroupRef, Signal};
use self::rule_run::RuleRun;
use self::snapshot::StateView;
use self::state_machine::Input;
use self::timer::Timers;
use self::window::{Change, ChangeKind, Limits};
use crate::alert::{Alert, RiskChange, RuleSummary, Transition};
use crate::correlate::incident::register::Incidents;
use crate::correlate::risk::{RiskScore, Risks};
use crate::detect::record::MatchRecord;
use crate::event::number::to_i64;
use crate::event::{EventId, MINUTE, Nanos, SECOND, SourceId, TimeQuality, Timestamp};
use crate::sigma::decimal::Decimal;
use crate::sigma::rule::{Diagnostic, RuleIndex, RuleSet};

/// This many events come between two looks at what groups hold.
const LOOK_EVERY: u32 = 1_024;

/// How correlation runs.
#[derive(Clone, Debug)]
pub struct CorrelatorOptions {
    /// How far behind its source an event may be and still be put exactly where it belongs, unless
    /// the rule says otherwise.
    pub lateness: Nanos,
    /// Say raw matches and firings instead of incidents: unlimited lateness, nothing is forgotten
    /// and the clock ends at the greatest timestamp. For test vectors.
    pub conformance: bool,
    /// Mark alerts as replayed.
    pub replayed: bool,
    /// Groups held exactly per rule; further ones are estimated.
    pub groups_per_rule: usize,
    /// Groups held exactly by all rules together.
    pub groups_in_all: usize,
    /// Events held per group, or four times the threshold where that is more; the oldest go first.
    pub entries_per_group: usize,
    /// Events held per rule; above this its groups hold only what their threshold needs.
    pub entries_per_rule: usize,
    /// The same for all rules together.
    pub entries_in_all: usize,
    /// Without an event for this long a source counts as idle, should nobody have said so.
    pub idle_after: Nanos,
    /// How far ahead of its arrival an event time is believed.
    pub future_limit: Nanos,
    /// Key of all hashes of log content; random unless given. A replay has a random one for its maps
    /// and a fixed one for its sketches: estimates depend on it, and two replays must say the same.
    pub seed: Option<u64>,
}

impl Default for CorrelatorOptions {
    fn default() -> Self {
        Self {
            lateness: 30 * SECOND,
            conformance: false,
            replayed: false,
            groups_per_rule: 16_384,
            groups_in_all: 131_072,
            entries_per_group: 4096,
            entries_per_rule: 524_288,
            entries_in_all: 2_097_152,
            idle_after: 10 * SECOND,
            future_limit: 5 * MINUTE,
            seed: None,
        }
    }
}

impl CorrelatorOptions {
    /// With what a run without limits has instead of them.
    fn with_limits(self) -> Self {
        if !self.conformance {
            return self;
        }
        Self {
            lateness: Nanos::MAX,
            groups_per_rule: usize::MAX,
            groups_in_all: usize::MAX,
            entries_per_group: usize::MAX,
            entries_per_rule: usize::MAX,
            entries_in_all: usize::MAX,
            future_limit: Nanos::MAX,
            ..self
        }
    }
}

/// What correlation says.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A rule that reports its own matches matched (conformance mode).
    Match {
        rule: RuleIndex,
        event: EventId,
    },
    /// A raw firing (conformance mode, at the end).
    Firing {
        rule: RuleIndex,
        group: BTreeMap<String, String>,
        time: Timestamp,
        value: f64,
    },
    Alert(Alert),
    Transition(Transition),
    Risk(RiskChange),
    /// A rule has more groups than places, or a group more absences to wait for or more events than it may hold:
    /// what the others do may be missed, counts may be too high. Said once.
    Degraded {
        rule: Arc<RuleSummary>,
        since: Timestamp,
    },
}

/// What was left out, and why. Totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CorrelationCounters {
    /// Events of rules that came after the watermark, exactly counted or not.
    pub late: u64,
    /// Of those, events too late for any window that is held: they count among themselves where more of them only raise
    /// what is counted, and are left out elsewhere.
    pub late_ignored: u64,
    /// Event times ahead of the arrival; the arrival was used.
    pub future: u64,
    /// Events without a usable time.
    pub timeless: u64,
    /// Events without a value for a group field.
    pub keyless: u64,
    /// Values that are no numbers where numbers are added up.
    pub not_numeric: u64,
    /// Events of groups without a place, and events whose absence of another is not followed.
    pub estimated: u64,
    /// Events that another stream wrote before (`once_per`).
    pub copies: u64,
}

impl CorrelationCounters {
    /// Adds what one rule left out.
    fn add_rule(&mut self, rule: &CorrelationCounters) {
        self.late += rule.late;
        self.late_ignored += rule.late_ignored;
        self.keyless += rule.keyless;
        self.not_numeric += rule.not_numeric;
        self.estimated += rule.estimated;
        self.copies += rule.copies;
    }
}

/// Keyed, stateful correlation of a rule set.
pub struct Correlator {
    plan: Arc<Plan>,
    options: CorrelatorOptions,
    /// Memory is scarce.
    sparing: bool,
    /// Groups hold more entries than all rules together may have.
    is_crowded: bool,
    /// Events until that is looked at again.
    until_look: u32,
    keys: GroupKeys,
    clock: Clock,
    timers: Timers,
    /// By whose time what happens now is judged.
    now: Now,
    /// Input has ended: nothing is late any more.
    finished: bool,
    rules: Memories,
    incidents: Incidents,
    risks: Risks,
    /// Scores that were reached with the event that is taken in.
    reached: Vec<risks::Reached>,
    is_within_event: bool,
    outlet: Box<dyn Outlet>,
    /// Groups of all rules.
    groups: usize,
    counters: CorrelationCounters,
    /// Events that came too late for a window of some rule.
    late_events: u64,
    /// Of the event that is being taken in.
    is_late: bool,
    /// Reused buffers.
    alerts: Vec<Alert>,
    changes: Vec<Change>,
}

/// The source that speaks, or whose timer runs, and how far it has told everything: the time by which to judge
/// what is late.
#[derive(Clone, Copy, Debug)]
struct Now {
    source: SourceId,
    time: Timestamp,
}

/// How `rules` are evaluated, and what is wrong with their blocks and references.
fn plan(rules: &RuleSet, lateness: Allowed) -> (Plan, Vec<Diagnostic>) {
    let detections = rules.detections.iter().map(|rule| RuleInput {
        header: &rule.header,
        extension: rule.extension.as_ref(),
        correlation: None,
        generate: rule.generate == Some(true),
        asks_for_facts: rule.detection.asks_for("event.action"),
    });
    let correlations = rules.correlations.iter().map(|rule| RuleInput {
        header: &rule.header,
        extension: rule.extension.as_ref(),
        correlation: Some(&rule.correlation),
        generate: false,
        asks_for_facts: false,
    });
    let inputs: Vec<RuleInput<'_>> = detections.chain(correlations).collect();
    plan_builder::build(&inputs, lateness)
}

impl Correlator {
    /// What [`Correlator::new`] would report.
    #[must_use]
    pub fn check(rules: &RuleSet) -> Vec<Diagnostic> {
        plan(rules, Allowed::of(&CorrelatorOptions::default())).1
    }

    /// Prepares the rules. Blocks and references with mistakes are reported; such a rule runs without
    /// its block.
    #[must_use]
    pub fn new(rules: &RuleSet, options: CorrelatorOptions) -> (Self, Vec<Diagnostic>) {
        let options = options.with_limits();
        let (plan, diagnostics) = plan(rules, Allowed::of(&options));
        let outlet: Box<dyn Outlet> = match options.conformance {
            true => Box::new(ConformanceOutlet::default()),
            false => Box::new(IncidentOutlet::default()),
        };
        let random = || RandomState::new().hash_one(0_u8);
        let maps = options.seed.unwrap_or_else(random);
        let sketches = options.seed.or(options.replayed.then_some(REPLAY_SKETCH_SEED)).unwrap_or_else(random);
        let correlator = Self {
            keys: GroupKeys::new(Seeds { maps, sketches }),
            clock: Clock::default(),
            timers: Timers::default(),
            now: Now { source: NO_SOURCE, time: Timestamp::MIN },
            finished: false,
            rules: Memories::new(plan.rules.len()),
            incidents: Incidents::new(options.groups_per_rule),
            risks: Risks::default(),
            reached: Vec::new(),
            is_within_event: false,
            outlet,
            groups: 0,
            counters: CorrelationCounters::default(),
            late_events: 0,
            is_late: false,
            alerts: Vec::new(),
            changes: Vec::new(),
            plan: Arc::new(plan),
            options,
            sparing: false,
            is_crowded: false,
            until_look: 0,
        };
        (correlator, diagnostics)
    }

    /// Fields that a record must carry; a field's number is its index here.
    #[must_use]
    pub fn needed_fields(&self) -> &[String] {
        &self.plan.fields
    }

    /// What was left out so far, of all rules.
    #[must_use]
    pub fn counters(&self) -> CorrelationCounters {
        let mut total = self.counters;
        for memory in self.rules.iter() {
            total.add_rule(&memory.counters);
        }
        total
    }

    /// Events that came when time had gone on past the windows in which some rule counts them.
    #[must_use]
    pub fn late_events(&self) -> u64 {
        self.late_events
    }

    /// The groups that have come closest to firing, at most `most` of each rule.
    #[must_use]
    pub fn near_misses(&self, most: usize) -> Vec<NearMiss> {
        near::near_misses(&self.plan, &self.rules, self.clock.high(), most)
    }

    /// Groups, machines and heartbeat keys held, of all rules.
    #[must_use]
    #[cfg(test)]
    pub fn groups_held(&self) -> usize {
        self.rules.iter().map(|memory| memory.groups.len() + memory.machines.len() + memory.beats.len()).sum()
    }

    /// All sources together have reached this event time.
    #[must_use]
    #[cfg(test)]
    pub fn watermark(&self) -> Timestamp {
        self.clock.high()
    }

    /// A source is about to be read: it holds the watermark back until it has spoken or is idle.
    pub fn source_opened(&mut self, source: SourceId) {
        self.clock.open(source);
    }

    /// Another run begins, whose sources have other numbers.
    pub fn forget_sources(&mut self) {
        self.clock.forget_sources();
        self.timers.forget_sources();
    }

    /// Everything until this time is known of every source: they come merged in the order of their times.
    /// Timers run until there.
    pub fn reach(&mut self, time: Timestamp, out: &mut Vec<Output>) {
        self.clock.reach(time);
        self.saying(out, |own| own.run_timers(false));
    }

    /// When the next timer will run, if nothing happens until then.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Whoever reads was busy with something else until `now`: silence of a source begins there.
    pub fn was_busy_until(&mut self, now: Timestamp) {
        self.clock.restart_patience(now);
    }

    /// A source has nothing (more) to read: it no longer holds the watermark back.
    pub fn source_idle(&mut self, source: SourceId, out: &mut Vec<Output>) {
        self.clock.idle(source);
        self.saying(out, |own| own.run_timers(false));
    }

    /// Takes note of an event that matched nothing: time goes on.
    pub fn progress(
        &mut self,
        source: SourceId,
        time: Option<Timestamp>,
        ingested: Timestamp,
        out: &mut Vec<Output>,
    ) {
        self.saying(out, |own| own.go_on(source, time, ingested));
    }

    fn go_on(&mut self, source: SourceId, time: Option<Timestamp>, ingested: Timestamp) {
        match time {
            None => self.counters.timeless += 1,
            Some(time) if self.is_future(time, ingested) => self.counters.future += 1,
            Some(time) => {
                self.clock.observe(source, time, ingested);
                self.run_timers(false);
            }
        }
    }

    /// Takes one record and appends what follows from it.
    pub fn observe(&mut self, record: &MatchRecord, out: &mut Vec<Output>) {
        self.saying(out, |own| own.take_in(record));
    }

    /// Runs with `out` as the place of what is said.
    fn saying(&mut self, out: &mut Vec<Output>, run: impl FnOnce(&mut Self)) {
        std::mem::swap(self.outlet.said(), out);
        run(self);
        std::mem::swap(self.outlet.said(), out);
    }

    /// Counts what groups hold, once in a while.
    fn look_for_crowds(&mut self) {
        if self.until_look > 0 {
            self.until_look -= 1;
            return;
        }
        self.until_look = LOOK_EVERY;
        let entries: usize = self.rules.iter().map(|memory| memory.entries).sum();
        self.is_crowded = entries > self.options.entries_in_all;
    }

    fn take_in(&mut self, record: &MatchRecord) {
        self.look_for_crowds();
        let claimed = record.time.filter(|_| record.time_quality != TimeQuality::Absent);
        let source = record.source;
        self.go_on(source, claimed, record.ingested);
        self.now = Now { source, time: self.clock.frontier(source) };
        let plan = Arc::clone(&self.plan);
        let correlated = claimed.is_some();
        let time = match claimed {
            Some(time) if !self.is_future(time, record.ingested) => time,
            // Claims that cannot be believed do not move others: the arrival counts.
            _ => record.ingested,
        };
        let mut signal = Signal::of_event(self.keys.subject(record), time, record.seq, asked(&plan, record));
        self.fetch_groups(&plan, &signal);
        self.is_within_event = true;
        let all = || record.rules.iter().filter_map(|index| RuleRun::of(&plan, *index));
        // Those that join come last: what they would join may open with this event.
        let joining = all().filter(|run| !run.rule.joins.is_empty());
        for run in all().filter(|run| run.rule.joins.is_empty()).chain(joining) {
            let times = times_told(record, run.rule);
            if correlated && (times == 0 || self.is_copy(run, &signal)) {
                continue;
            }
            let plain = run.rule.only_feeds && self.outlet.tells_incidents();
            if !(plain || self.own_match(run, &mut signal)) || !correlated {
                continue;
            }
            for route in &run.rule.routes {
                // Those that one line stands for are apart by a nanosecond: two at one place would be one.
                for nth in 0..to_i64(times) {
                    signal.time = time.plus(nth);
                    self.deliver(&plan, route, &mut signal, false);
                }
                signal.time = time;
            }
        }
        self.is_within_event = false;
        self.open_risks(&plan);
        self.late_events += u64::from(std::mem::take(&mut self.is_late));
    }

    /// Whether a match is the copy of one that counted already. Without the first of the fields that `once_per` names
    /// there is nothing to recognise it by.
    fn is_copy(&mut self, run: RuleRun<'_>, signal: &Signal<'_>) -> bool {
        let Some(once) = &run.rule.once else { return false };
        let settled = self.settled(run.rule);
        let keys = self.keys.occurrence(signal.of, once);
        let most = if self.sparing { SPARING_OCCURRENCES } else { MOST_OCCURRENCES };
        let memory = &mut self.rules[run.index];
        memory.once.hold_at_most(most);
        let copy = memory.once.is_copy(keys, signal.time, once.within, settled);
        memory.counters.copies += u64::from(copy);
        copy
    }

    /// Reads the groups that a record belongs to before any of them is changed. They lie far apart in memory: the
    /// processor waits for all of them at once where none depends on what happens to another.
    fn fetch_groups(&mut self, plan: &Plan, signal: &Signal<'_>) {
        let mut places: SmallVec<[(RuleIndex, GroupKey); GROUPS_AT_ONCE]> = SmallVec::new();
        let rules = signal.record().rules.iter().filter_map(|index| RuleRun::of(plan, *index));
        for route in rules.flat_map(|run| &run.rule.routes) {
            if places.len() < GROUPS_AT_ONCE
                && let Some(key) = self.keys.group_of_route(signal.of, route)
            {
                places.push((route.to, key));
            }
        }
        let held = places.iter().filter_map(|(to, key)| self.rules.get(*to)?.groups.all.get(key));
        let held: SmallVec<[&Held; GROUPS_AT_ONCE]> = held.collect();
        let groups: SmallVec<[&Group; GROUPS_AT_ONCE]> =
            held.iter().filter_map(|held| held.whole()).collect();
        std::hint::black_box(groups.iter().fold(0, |read, group| read ^ group.window.fetch()));
    }

    fn is_future(&self, time: Timestamp, ingested: Timestamp) -> bool {
        ingested > Timestamp::default() && time > ingested.plus(self.options.future_limit)
    }

    /// The wall clock says `now`. Call it when there is nothing to read; timers of an idle stream run.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.clock.advance(now, self.options.idle_after);
        self.saying(out, |own| own.run_timers(true));
    }

    /// The wall clock was set back to `now`: what [`Correlator::advance`] was told before was wrong, and
    /// events of the true time are not late.
    pub fn clock_set_back(&mut self, now: Timestamp) {
        self.clock.set_back(now);
    }

    /// All input has ended: the clock stands at the greatest timestamp. Open incidents stay open and
    /// say their final counts.
    pub fn finish(&mut self, out: &mut Vec<Output>) {
        self.saying(out, Self::end);
    }

    fn end(&mut self) {
        self.clock.finish();
        self.finished = true;
        self.stop_waiting();
        self.run_timers(true);
        let plan = Arc::clone(&self.plan);
        self.incidents.report_open(&plan.rules, self.context(&plan), &mut self.alerts);
        self.hand_over();
        self.outlet.end(&plan);
    }

    /// All state as it is now, to be stored for [`Correlator::restore`].
    #[must_use]
    pub fn freeze(&self) -> FrozenState {
        FrozenState::of(self)
    }

    /// Writes the same at once. Nothing is copied for that, but nothing can be observed meanwhile: for when memory is scarcer
    /// than time.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_state(&self, sink: impl io::Write) -> io::Result<()> {
        StateView::of(self).write(sink)
    }

    /// Takes over stored state for every rule whose text is the same. Returns how many rules start
    /// anew.
    ///
    /// # Errors
    /// When the bytes are not a snapshot of this version; nothing has changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<usize, SnapshotError> {
        snapshot::restore(self, bytes)
    }

    #[must_use]
    pub fn seeds(&self) -> Seeds {
        self.keys.seeds()
    }

    /// Hashes as the correlator with these seeds does, in order to succeed it. Call it before anything is
    /// observed.
    pub fn adopt_seeds(&mut self, seeds: Seeds) {
        self.keys = GroupKeys::new(seeds);
    }

    /// Takes over from `old`, in the middle of its stream. What is left of `old` is of no use.
    pub fn hot_reload(&mut self, old: &mut Correlator) -> HotReload {
        hot_reload::hot_reload(self, old)
    }

    /// Entities with at least this risk, highest first.
    #[must_use]
    pub fn risks(&self, now: Timestamp, least: f64) -> Vec<RiskScore> {
        self.risks.listed(now, least, &self.plan.fields, &self.plan.rules)
    }

    /// Event time before which nothing more is expected for the rule.
    fn settled(&self, rule: &RulePlan) -> Timestamp {
        if self.finished { self.now.time } else { rule.lateness.before(self.now.time) }
    }

    fn limits(&self, RuleRun { index: to, rule, .. }: RuleRun<'_>, window: &WindowPlan) -> Limits {
        let settled_before = self.settled(rule);
        if !self.outlet.tells_incidents() {
            let all = usize::MAX;
            return Limits { settled_before, entries: all, evidence: all, retold: all };
        }
        let threshold = window.wanted;
        let scarce =
            self.sparing || self.is_crowded || self.rules[to].entries > self.options.entries_per_rule;
        let (entries, evidence) = if scarce {
            ((2 * threshold).max(16), 8)
        } else {
            ((4 * threshold).max(self.options.entries_per_group), Evidence::MOST_PARTS)
        };
        // Rules above need the fields of all events behind a firing.
        let evidence = if rule.carries_events && !scarce { entries } else { evidence };
        Limits { settled_before, entries, evidence, retold: rule.retold }
    }

    /// There is no room for one more group of the rule.
    fn is_full(&self, to: RuleIndex) -> bool {
        let own = self.rules[to].groups.len();
        own >= self.options.groups_per_rule
            || (own >= FEWEST_GROUPS && (self.sparing || self.groups >= self.options.groups_in_all))
    }

    /// While memory is scarce no rule follows more groups than it does, and each keeps fewer of its events; groups that
    /// come are estimated, or take the place of others. Incidents list fewer events.
    pub fn be_sparing(&mut self, sparing: bool) {
        self.sparing = sparing;
        self.incidents.brief = sparing;
    }

    /// Brings a signal to one consumer. `from_rule`: it is a firing, which may be withdrawn later.
    fn deliver(&mut self, plan: &Plan, route: &Route, signal: &mut Signal<'_>, from_rule: bool) {
        match self.keys.group_of_route(signal.of, route) {
            Some(key) => {
                let group = GroupRef { key, fields: &route.group, record: signal.record(), names: None };
                self.deliver_to(plan, route, &group, signal, from_rule);
            }
            None => self.deliver_to_several(plan, route, signal, from_rule),
        }
    }

    fn deliver_to_several(&mut self, plan: &Plan, route: &Route, signal: &mut Signal<'_>, from_rule: bool) {
        let groups = self.keys.groups_of(signal.record(), &route.group);
        if groups.is_empty() {
            self.rules[route.to].counters.keyless += 1;
        }
        for (key, names) in groups {
            let group = GroupRef { key, fields: &route.group, record: signal.record(), names: Some(names) };
            self.deliver_to(plan, route, &group, signal, from_rule);
        }
    }

    fn deliver_to(
        &mut self,
        plan: &Plan,
        route: &Route,
        group: &GroupRef<'_>,
        signal: &mut Signal<'_>,
        from_rule: bool,
    ) {
        let Some(to) = RuleRun::of(plan, route.to) else { return };
        match route.role {
            Role::Step(bit) => {
                if from_rule {
                    self.forget_links(to);
                    self.rules[route.to].links.note((signal.time, signal.order), group.key);
                }
                self.step(to, Step { route, bit }, group, signal);
            }
            Role::Reset => self.reset(to, group.key, signal),
            Role::State(input) => {
                self.state_input(to, group, Input { number: input, count: 1 }, signal);
            }
        }
    }

    /// Firings of rules below that are settled will not be withdrawn.
    fn forget_links(&mut self, run: RuleRun<'_>) {
        let horizon = self.settled(run.rule);
        self.rules[run.index].links.forget_before(horizon);
    }

    fn step(&mut self, run: RuleRun<'_>, step: Step<'_>, group: &GroupRef<'_>, signal: &mut Signal<'_>) {
        let Step { route, bit } = step;
        match &run.rule.evaluator {
            Evaluator::Match => {}
            Evaluator::Heartbeat(heartbeat) => {
                self.beat(run, *heartbeat, group, signal);
            }
            Evaluator::Window(window) => {
                let is_held = self.is_held(run, window, signal.time);
                if !is_held && !window.only_rises() {
                    return;
                }
                let mut entry = Entry::step(signal.time, signal.order, bit);
                self.set_value(&mut entry, window, route, signal);
                if is_held {
                    self.insert(run, group, entry, signal);
                } else {
                    self.insert_apart(run, group, entry, signal);
                }
            }
        }
    }

    /// Counts late events; false for one whose windows are all given up.
    fn is_held(&mut self, run: RuleRun<'_>, window: &WindowPlan, time: Timestamp) -> bool {
        let settled = self.settled(run.rule);
        if time >= settled {
            return true;
        }
        let counters = &mut self.rules[run.index].counters;
        counters.late += 1;
        let is_held = time >= settled.minus(window.span);
        counters.late_ignored += u64::from(!is_held);
        self.is_late |= !is_held;
        is_held
    }

    /// Counts an event whose windows are given up among others like it, as if they came from a source of their own whose
    /// clock lags: a host behind others in one stream, a clock that is set back, lines that were held up.
    fn insert_apart(&mut self, run: RuleRun<'_>, at: &GroupRef<'_>, entry: Entry, signal: &mut Signal<'_>) {
        let Some(window) = run.window() else { return };
        let until = self.clock.high().plus(window.span);
        self.rules[run.index].wait_apart(at.key, until);
        let now = std::mem::replace(&mut self.now.time, entry.time);
        self.insert(run, at, entry, signal);
        self.now.time = now;
    }

    /// Sets what the window counts or adds up of the record: all values of the field.
    fn set_value(&mut self, entry: &mut Entry, window: &WindowPlan, route: &Route, signal: &Signal<'_>) {
        match window.measure {
            Measure::Distinct => entry.values = self.keys.counted(signal.of, &route.value),
            Measure::Sum | Measure::Average | Measure::Percentile(_) => {
                let texts =
                    route.value.first().map(|field| signal.record().values(*field)).into_iter().flatten();
                let numbers: SmallVec<[Decimal; 4]> = texts.filter_map(Decimal::parse).collect();
                if numbers.is_empty() {
                    self.rules[route.to].counters.not_numeric += 1;
                }
                entry.values = Values::of_numbers(&numbers);
            }
            Measure::Count | Measure::Rules { .. } | Measure::OrderedRules { .. } | Measure::Bucket(_) => {}
        }
    }

    /// Puts an entry into its group and follows up on what changed.
    fn insert(&mut self, run: RuleRun<'_>, at: &GroupRef<'_>, mut entry: Entry, signal: &mut Signal<'_>) {
        let RuleRun { rule, index: to, .. } = run;
        let Some(window) = run.window() else { return };
        let in_window = WindowRun { rule, window, limits: self.limits(run, window) };
        let key = at.key;
        if self.is_full(to) && !self.rules[to].groups.all.contains_key(&key) {
            self.beyond_budget(run, entry.time);
            let Some(before) = self.make_room(to, window, at, entry.time) else { return };
            self.take_back(run, at, before, in_window, entry.time);
        }
        entry.evidence = window.shows(entry.rules()).then(|| signal.evidence());
        let (time, order) = entry.key();
        let opens_forward = entry.rules() & window.anchors != 0;
        // What follows may come back here for a rule above.
        let mut changes = std::mem::take(&mut self.changes);
        let put = self.rules[to].put(at, entry, in_window, &mut changes);
        if put.fresh {
            self.groups += 1;
            self.expect_sweep(run, window);
        }
        self.rules[to].note_size(key, self.options.groups_per_rule);
        if opens_forward {
            self.wait_forward(run, key, time, in_window.limits);
        }
        self.follow(run, key, &changes, put.late.then_some((time, order)));
        changes.clear();
        self.changes = changes;
    }

    fn reset(&mut self, run: RuleRun<'_>, key: GroupKey, signal: &Signal<'_>) {
        let Some(window) = run.window() else { return };
        let (rule, limits) = (run.rule, self.limits(run, window));
        let mut changes = Vec::new();
        let reset = Entry::reset(signal.time, signal.order);
        self.rules[run.index].change(key, WindowRun { rule, window, limits }, |entries| {
            entries.insert(reset, window, limits, &mut changes);
        });
        self.follow(run, key, &changes, None);
    }

    /// Hands changed firings on, one after the other.
    fn follow(&mut self, run: RuleRun<'_>, key: GroupKey, changes: &[Change], mut late: Option<Position>) {
        let Some(from) = changes.first().map(|change| change.point) else { return };
        if changes.iter().any(|change| change.undecided) {
            self.beyond_budget(run, changes[0].time);
        }
        let minds_calm = run.rule.extension.alert.rearm_below.is_some();
        let known = self.carries_on(run, key, changes, late);
        let told = changes.iter().filter(|change| change.kind != ChangeKind::Quiet || minds_calm);
        let goes_on = |change: &Change| change.kind == ChangeKind::Changed && known.contains(&change.point);
        for change in told.filter(|change| !goes_on(change)) {
            self.changed(run, key, Changed { from, change: *change }, &mut late);
        }
    }

    /// The points at which nothing need be said of firings that go on over a late event.
    fn carries_on(
        &self,
        run: RuleRun<'_>,
        key: GroupKey,
        changes: &[Change],
        late: Option<Position>,
    ) -> Range<usize> {
        let is_told = self.outlet.tells_incidents();
        let (Some(late), Some(window)) = (late.filter(|_| is_told), run.window()) else { return 0..0 };
        let group = self.rules[run.index].groups.get(key);
        group.map_or(0..0, |group| {
            late_values::points_that_go_on(&group.window.entries, run.rule, window, changes, late)
        })
    }

    /// Finds a place for one more group of a full rule, where it is worth more than another: what is known of it.
    fn make_room(
        &mut self,
        to: RuleIndex,
        window: &WindowPlan,
        at: &GroupRef<'_>,
        time: Timestamp,
    ) -> Option<Before> {
        let names = at.names();
        let sketch_key = self.keys.sketch_key(&names);
        let Memory { groups, crowd, entries, .. } = &mut self.rules[to];
        let crowd = crowd.get_or_insert_with(|| Box::new(Crowd::new(window.span, by_age(groups, window))));
        let (counted, ghost) = crowd.recall(at.key, sketch_key);
        let victim = crowd.make_room(counted + 1, |key| groups.events_of(key));
        let Some((key, group)) = victim.and_then(|key| Some((key, groups.all.remove(&key)?))) else {
            crowd.count(sketch_key, 1, time);
            if let Some(ghost) = ghost {
                crowd.keep(ghost);
            }
            return None;
        };
        *entries = entries.saturating_sub(group.events());
        self.groups = self.groups.saturating_sub(1);
        self.send_away(to, window, key, &group);
        Some(Before { counted, ghost })
    }

    /// Remembers of a group that has to go what there is room for.
    fn send_away(&mut self, to: RuleIndex, window: &WindowPlan, key: GroupKey, group: &Held) {
        let sketch_key = self.keys.sketch_key(&group.names(window));
        let Some(crowd) = &mut self.rules[to].crowd else { return };
        crowd.count(sketch_key, group.events() as u64, group.newest());
        if let (Some(entry), 1) = (group.entries().next(), group.events())
            && !entry.is_reset()
        {
            let (time, order) = entry.key();
            crowd.keep(Ghost { key, time, order, rules: entry.rules(), values: entry.values.clone() });
        }
    }

    /// Gives a group that came back its place, and what is known of it: the event that was kept, and that there
    /// were more.
    fn take_back(
        &mut self,
        run: RuleRun<'_>,
        at: &GroupRef<'_>,
        before: Before,
        in_window: WindowRun<'_>,
        time: Timestamp,
    ) {
        let WindowRun { rule, window, limits } = in_window;
        let start = time.minus(window.span);
        let ghost = before.ghost.filter(|ghost| ghost.time >= start && ghost.time <= time);
        let missing = before.counted.saturating_sub(u64::from(ghost.is_some()));
        let mut group = Group::new(at.names(), rule, window);
        if let Some(ghost) = ghost {
            let mut entry = Entry::of(ghost.rules, ghost.time, ghost.order);
            entry.values = ghost.values;
            group.window.insert(entry, window, limits, &mut Vec::new());
        }
        if missing > 0 {
            group.window.evicted = Some(Box::new(EvictedSummary::of_unknown(window, missing, time)));
        }
        let memory = &mut self.rules[run.index];
        memory.entries += group.window.entries.len();
        memory.groups.insert(at.key, time, group);
        self.groups += 1;
        self.expect_sweep(run, window);
    }

    /// Counts an event that there is no room to follow exactly, and says so the first time.
    fn beyond_budget(&mut self, run: RuleRun<'_>, time: Timestamp) {
        let memory = &mut self.rules[run.index];
        memory.counters.estimated += 1;
        if memory.degraded_since.is_none() {
            memory.degraded_since = Some(time);
            self.outlet.said().push(Output::Degraded { rule: Arc::clone(&run.rule.summary), since: time });
        }
    }

    fn context<'c>(&self, plan: &'c Plan) -> incident::Context<'c> {
        incident::Context { fields: &plan.fields, replayed: self.options.replayed }
    }

    /// Moves finished alerts to the output.
    fn hand_over(&mut self) {
        self.outlet.said().extend(self.alerts.drain(..).map(Output::Alert));
    }
}

/// The fields of an event that somebody may ask for afterwards, by the rules that it matches.
fn asked(plan: &Plan, record: &MatchRecord) -> FieldSet {
    let mut asked = FieldSet::default();
    let rules = record.rules.iter().filter_map(|index| plan.rules.get(index.index()));
    rules.for_each(|rule| asked.join(&rule.asked));
    asked
}

/// A signal as one of the rules that a correlation counts.
#[derive(Clone, Copy)]
struct Step<'p> {
    route: &'p Route,
    bit: u8,
}

/// What is known of a group that gets a place late.
struct Before {
    /// Events that it may have had.
    counted: u64,
    /// One of them.
    ghost: Option<Ghost>,
}

/// Groups and the number of their events, oldest first.
fn by_age(groups: &Groups, window: &WindowPlan) -> impl Iterator<Item = (GroupKey, usize)> {
    let aged = |(key, group): (&GroupKey, &Held)| (group.newest(), group.names(window), *key, group.events());
    let mut all: Vec<(Timestamp, Names, GroupKey, usize)> = groups.all.iter().map(aged).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, _, key, events)| (key, events))
}

/// Groups that are read at once.
const GROUPS_AT_ONCE: usize = 24;

/// Groups that a rule may always hold, however many the others have.
const FEWEST_GROUPS: usize = 256;

/// Key of the sketches of a replay.
const REPLAY_SKETCH_SEED: u64 = 0x736f_6374_6f70;

/// How often the fact of a line happened, as `soctop.fact.count` says: 0 for an attempt that another line has
/// told. What a line claims beyond `TIMES_LIMIT` is not counted.
fn times_told(record: &MatchRecord, rule: &plan::RulePlan) -> usize {
    const TIMES_LIMIT: usize = 1_000;
    let times = rule.told.and_then(|told| record.value(told)).and_then(|text| text.parse().ok());
    times.map_or(1, |times: usize| times.min(TIMES_LIMIT))
}

/// Group values in original spelling, cut to a bounded length.
pub(crate) type Names = SmallVec<[Box<str>; 1]>;
