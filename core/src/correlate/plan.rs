//! Rules as stage two runs them: references resolved to indexes, fields to numbers, conditions to
//! clauses. Built once per rule set, never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;
use std::sync::Arc;

use super::Names;
use super::distance::Distance;
use super::entry::Entry;
use super::evidence::Evidence;
use super::field_set::FieldSet;
use super::lateness::Lateness;
use super::numbers::Bound;
use crate::alert::RuleSummary;
use crate::detect::record::FieldNumber;
use crate::event::number::{to_u16, to_u32};
use crate::event::{DAY, Nanos};
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;
use crate::sigma::extension;
use crate::sigma::extension::{Bucket, Extension, Heartbeat, Tie, WindowKind};
use crate::sigma::rule::RuleIndex;

/// All rules, by rule index, and the fields they need.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) rules: Vec<RulePlan>,
    pub(crate) fields: Vec<String>,
    /// Rules with incidents of entities whose risk is too high.
    pub(crate) risk_watchers: Vec<RuleIndex>,
}

#[derive(Debug)]
pub(crate) struct RulePlan {
    pub(crate) summary: Arc<RuleSummary>,
    pub(crate) content_hash: u64,
    /// Raises incidents of its own (not merely input of a correlation).
    pub(crate) alone: bool,
    /// Firings become incidents.
    pub(crate) incidents: bool,
    /// A plain detection whose matches do nothing but feed other rules.
    pub(crate) only_feeds: bool,
    pub(crate) extension: Extension,
    /// Where its matches or firings go.
    pub(crate) routes: Vec<Route>,
    pub(crate) evaluator: Evaluator,
    /// Names of the group fields, aliases included.
    pub(crate) group_names: Vec<String>,
    /// Numbers of those names, for rules above.
    pub(crate) group_numbers: Vec<FieldNumber>,
    /// Fields that rules above need of its firings.
    pub(crate) carried: Vec<FieldNumber>,
    /// Fields of its events, or of those behind its firings, that it or rules above may ask for afterwards.
    pub(crate) asked: FieldSet,
    /// Some of these are not the names of its groups: only the events behind a firing know them.
    pub(crate) carries_events: bool,
    /// This many firings after a late event are told to others again.
    pub(crate) retold: usize,
    pub(crate) lateness: Lateness,
    /// Rules between it and the events: 0 for a plain detection.
    pub(crate) depth: u32,
    /// Quiet time after which an incident closes.
    pub(crate) close_after: Nanos,
    /// Quiet time after which the value is below any threshold.
    pub(crate) calm_after: Nanos,
    /// A plain detection makes one incident for each value of the first of these sets that is present.
    pub(crate) incident_keys: Vec<Vec<FieldNumber>>,
    /// What is told when it changes within an incident: what `show` names beside the group, and the outcome.
    pub(crate) detail_fields: Vec<FieldNumber>,
    pub(crate) risk_fields: Vec<FieldNumber>,
    pub(crate) first_seen_fields: Vec<FieldNumber>,
    pub(crate) once: Option<OncePlan>,
    /// For rules about facts: how often that of a line happened, 0 where another line has told the attempt.
    pub(crate) told: Option<FieldNumber>,
    pub(crate) states: Option<StatesPlan>,
    /// Rules whose open incidents it goes on with.
    pub(crate) joins: Vec<RuleIndex>,
}

/// By what an event is recognised that several streams write (`once_per`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OncePlan {
    /// Rules that recognise by the same have the same.
    pub(crate) number: usize,
    /// The field that it is known by, and the others that must be the same.
    pub(crate) first: FieldNumber,
    pub(crate) rest: Vec<FieldNumber>,
    /// Logger, path and status of a request.
    pub(crate) request: [FieldNumber; 3],
    pub(crate) within: Nanos,
}

/// How raw firings come about.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a rule, made once, and most are windows")]
pub(crate) enum Evaluator {
    /// Stage one decides: a plain detection.
    Match,
    Window(WindowPlan),
    Heartbeat(Heartbeat),
}

#[derive(Debug)]
pub(crate) struct WindowPlan {
    pub(crate) span: Nanos,
    pub(crate) kind: WindowKind,
    pub(crate) measure: Measure,
    pub(crate) condition: Condition,
    /// The clauses that look forward.
    pub(crate) forward: Vec<Clause>,
    /// Rule bits of events that open a forward window.
    pub(crate) anchors: u64,
    pub(crate) tie: Tie,
    /// Least count per rule bit.
    pub(crate) runs: Vec<u32>,
    /// Order of the rules, for ordered types; a rule with runs stands several times.
    pub(crate) order: Vec<u8>,
    pub(crate) interval: Option<extension::Interval>,
    /// How far it is from holding, where that can be told of its kind.
    pub(crate) distance: Distance,
    /// Somebody asks for the value of windows that do not hold.
    pub(crate) is_asked: bool,
    /// Entries that a group needs room for.
    pub(crate) wanted: usize,
    /// By rule bit: where the group values stand in an event.
    pub(crate) groups: Vec<Vec<FieldNumber>>,
    /// Of which events of a group it is known that they cannot fire, where nobody asks for its window.
    pub(crate) waits: Waits,
    /// It is a share that only feeds other rules: what they tell of it are the events of the part.
    pub(crate) keeps_part: bool,
}

/// What a group has to have at least before it can fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// It may fire with any event.
    Never,
    /// A second event, or more values in one than these.
    Values(u64),
    /// All of these rules, as bits.
    Rules(u64),
    /// This many events.
    Events(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measure {
    Count,
    Distinct,
    Sum,
    Average,
    Percentile(Decimal),
    Rules { rules: u32 },
    OrderedRules { rules: u32 },
    Bucket(Bucket),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Thresholds(Vec<Bound>),
    /// An OR of ANDs; those with a forbidden rule never hold backwards.
    Clauses(Vec<Clause>),
    Ratio {
        gte: f64,
        min: u32,
    },
    /// A full bucket.
    Overflow,
    /// Only forward windows.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Clause {
    pub(crate) required: u64,
    pub(crate) forbidden: u64,
}

impl Index<RuleIndex> for Plan {
    type Output = RulePlan;

    fn index(&self, rule: RuleIndex) -> &RulePlan {
        &self.rules[rule.index()]
    }
}

impl RulePlan {
    /// Whether it has no incidents of its own and only feeds others.
    pub(crate) fn is_silent(&self) -> bool {
        !self.alone || !self.incidents
    }

    /// How long after its newest event a group is kept.
    pub(crate) fn retention(&self, window: &WindowPlan) -> Nanos {
        // A group that is compared with its own history keeps that history over quiet times.
        let history = self.extension.baseline.map_or(0, |baseline| baseline.learn.max(14 * DAY));
        window.span.max(history)
    }
}

impl WindowPlan {
    /// The chains to follow: one per clause, or one for all rules.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = Vec<u8>> {
        let ordered = matches!(self.measure, Measure::OrderedRules { .. });
        let masks: Vec<u64> = match &self.condition {
            _ if !ordered => Vec::new(),
            Condition::Clauses(clauses) => clauses.iter().map(|clause| clause.required).collect(),
            _ => vec![u64::MAX],
        };
        masks.into_iter().map(|mask| self.steps(mask))
    }

    /// The order of the rules in `mask`.
    pub(crate) fn steps(&self, mask: u64) -> Vec<u8> {
        self.order.iter().copied().filter(|bit| mask & (1 << bit) != 0).collect()
    }

    /// Rules without which the condition never holds, as bits; none where that depends.
    pub(super) fn needed(&self) -> u64 {
        let (Measure::Rules { rules } | Measure::OrderedRules { rules }) = self.measure else { return 0 };
        match &self.condition {
            Condition::Clauses(clauses) => match clauses.as_slice() {
                [only] if only.forbidden == 0 => only.required,
                _ => 0,
            },
            Condition::Thresholds(bounds) if self.is_lower_bound() => {
                let ordered = matches!(self.measure, Measure::OrderedRules { .. });
                let all = if ordered { self.order.len() } else { rules as usize };
                let least = bounds.iter().map(Bound::least_integer).max();
                if least.is_some_and(|least| least >= all as i128) { (1 << rules) - 1 } else { 0 }
            }
            _ => 0,
        }
    }

    /// Whether it can be said of late events beforehand what they change.
    pub(crate) fn tells_distance(&self) -> bool {
        self.kind == WindowKind::Sliding && self.distance != Distance::Unknown
    }

    /// Whether events are but counted: then one that is late, however much, only raises what the condition asks for. Of
    /// different values those of other days would stand beside each other.
    pub(crate) fn only_rises(&self) -> bool {
        self.anchors == 0 && matches!((self.distance, self.measure), (Distance::Count(_), Measure::Count))
    }

    /// Whether a group of a few events needs no window with one more: it cannot fire, and nobody asks for it.
    pub(crate) fn waits(&self, held: &[Entry], more: &Entry) -> bool {
        match self.waits {
            Waits::Never => false,
            Waits::Values(most) => held.is_empty() && more.fingerprints().len() as u64 <= most,
            Waits::Rules(all) => {
                let met = held.iter().fold(more.rules(), |met, entry| met | entry.rules());
                met & all != all
            }
            Waits::Events(least) => (held.len() as u64) + 1 < least,
        }
    }

    /// Whether anybody may ask for what is kept of an event of these rules.
    pub(crate) fn shows(&self, rules: u64) -> bool {
        !self.keeps_part || rules & PART != 0
    }

    /// The group that an event of one value for each group field belongs to.
    pub(crate) fn names_of(&self, entry: &Entry) -> Names {
        let fields = self.groups.get(entry.rules().trailing_zeros() as usize).map_or(&[][..], Vec::as_slice);
        let value = |field: &FieldNumber| entry.evidence.as_ref()?.values(*field).next();
        fields.iter().map(|field| value(field).unwrap_or_default().into()).collect()
    }

    /// The condition asks for at least this much, and nothing else.
    pub(crate) fn is_lower_bound(&self) -> bool {
        matches!(&self.condition, Condition::Thresholds(thresholds)
            if thresholds.iter().all(|bound| matches!(bound.comparison, Comparison::Gt | Comparison::Gte)))
    }

    /// The least value that fires, where only a lower bound is given: how far a group has come.
    pub(crate) fn threshold(&self) -> Option<f64> {
        match (&self.condition, self.measure) {
            (Condition::Thresholds(thresholds), Measure::Count | Measure::Distinct) => {
                let [bound] = thresholds.as_slice() else { return None };
                match bound.comparison {
                    Comparison::Gte => Some(bound.number.to_f64().ceil()),
                    Comparison::Gt => Some(bound.number.to_f64().floor() + 1.0),
                    _ => None,
                }
            }
            (Condition::Overflow, Measure::Bucket(bucket)) => Some(f64::from(bucket.capacity) + 1.0),
            _ => None,
        }
    }
}

/// One consumer of a rule's matches or firings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) to: RuleIndex,
    pub(crate) role: Role,
    /// Where the group values of the consumer stand in this rule's fields.
    pub(crate) group: Vec<FieldNumber>,
    /// Number of those fields: routes that group by the same have the same.
    pub(crate) grouping: usize,
    /// Where the values stand that the consumer counts or adds up.
    pub(crate) value: Vec<FieldNumber>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Counts, as the referenced rule with this bit.
    Step(u8),
    /// Clears the group.
    Reset,
    /// Input of the state machine, by its number.
    State(usize),
}

#[derive(Debug)]
pub(crate) struct StatesPlan {
    /// `on` with input numbers; 0 is the rule's own firing.
    pub(crate) on: Vec<(extension::StateFrom, usize, usize)>,
    /// Inputs that are the word of the service.
    pub(crate) logged: Vec<bool>,
    pub(crate) entity: Option<FieldNumber>,
    /// Where an input says when what it begins is over.
    pub(crate) until: FieldNumber,
}

/// Bit of the first rule of a share.
const PART: u64 = 1;

/// Fields that make incidents of a plain detection, in this order of preference.
pub(crate) const DEFAULT_KEYS: [&str; 3] = ["user.name", "source.ip", "service.name"];

impl Plan {
    /// Rules that refer to one another, and the fields that they need.
    pub(super) fn of(rules: Vec<RulePlan>, fields: Vec<String>) -> Self {
        let mut plan = Self { rules, fields, risk_watchers: Vec::new() };
        plan.number_groupings();
        plan.number_onces();
        plan.find_risk_watchers();
        plan.carry();
        plan.spread_lateness();
        plan.measure_depth();
        plan.find_groups();
        plan.find_listeners();
        plan.find_asked();
        plan
    }

    fn number_groupings(&mut self) {
        let mut numbers: BTreeMap<Vec<FieldNumber>, usize> = BTreeMap::new();
        for route in self.rules.iter_mut().flat_map(|rule| &mut rule.routes) {
            let next = numbers.len();
            route.grouping = *numbers.entry(route.group.clone()).or_insert(next);
        }
    }

    fn number_onces(&mut self) {
        let mut numbers: BTreeMap<OncePlan, usize> = BTreeMap::new();
        for once in self.rules.iter_mut().filter_map(|rule| rule.once.as_mut()) {
            let next = numbers.len();
            once.number = *numbers.entry(once.clone()).or_insert(next);
        }
    }

    fn find_risk_watchers(&mut self) {
        let watches =
            |rule: &RulePlan| rule.extension.risk.as_ref().is_some_and(|risk| risk.alert_at.is_some());
        let watchers = self.rules.iter().enumerate().filter(|(_, rule)| watches(rule));
        self.risk_watchers = watchers.map(|(index, _)| numbered(index)).collect();
    }

    /// What firings must carry: what their consumers group by or count, all the way up.
    fn carry(&mut self) {
        for _ in 0..self.rules.len() {
            let mut changed = false;
            for rule in 0..self.rules.len() {
                let mut carried: BTreeSet<FieldNumber> = self.rules[rule].carried.iter().copied().collect();
                for route in &self.rules[rule].routes {
                    carried.extend(route.group.iter().chain(&route.value));
                    carried.extend(&self.rules[route.to.index()].carried);
                }
                changed |= carried.len() != self.rules[rule].carried.len();
                self.rules[rule].carried = carried.into_iter().collect();
            }
            if !changed {
                break;
            }
        }
        for rule in &mut self.rules {
            rule.carries_events = rule.carried.iter().any(|field| !rule.group_numbers.contains(field));
        }
    }

    /// What may be asked for of events that are kept: what rules show, group and carry on, and all the rules above them.
    fn find_asked(&mut self) {
        for rule in 0..self.rules.len() {
            let own = self.own_asked(&self.rules[rule]);
            self.rules[rule].asked = own;
        }
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for rule in 0..self.rules.len() {
                let mut asked = self.rules[rule].asked.clone();
                self.rules[rule]
                    .routes
                    .iter()
                    .for_each(|route| asked.join(&self.rules[route.to.index()].asked));
                changed |= asked != self.rules[rule].asked;
                self.rules[rule].asked = asked;
            }
        }
    }

    fn own_asked(&self, rule: &RulePlan) -> FieldSet {
        let shown = rule.extension.show.iter().flat_map(|show| show.fields());
        let number = |name: &str| self.fields.iter().position(|field| field == name).map(to_u16);
        let mut asked = FieldSet::default();
        shown.filter_map(number).for_each(|field| asked.insert(field));
        asked.extend(rule.routes.iter().flat_map(|route| &route.group));
        let lists = [&rule.detail_fields, &rule.risk_fields, &rule.first_seen_fields, &rule.group_numbers];
        lists.into_iter().for_each(|fields| asked.extend(fields));
        asked.extend(rule.states.iter().filter_map(|states| states.entity.as_ref()));
        asked.extend(rule.states.iter().map(|states| &states.until));
        // Of an event that matched, its record is asked.
        if !matches!(rule.evaluator, Evaluator::Match) {
            asked.extend(&rule.carried);
        }
        asked
    }

    /// A rule waits at least as long as the rules it listens to.
    fn spread_lateness(&mut self) {
        // Matches come as they are; only firings may come later than their events.
        let lateness =
            |rule: &RulePlan| (!matches!(rule.evaluator, Evaluator::Match)).then_some(rule.lateness);
        self.raise_along_routes(lateness, |rule| &mut rule.lateness);
    }

    /// Raises what each rule has to what is `given` by those it listens to, and those they listen to. In as many rounds
    /// as there are rules nothing is left to raise, so that a circle ends as well.
    fn raise_along_routes<V: Copy + Ord>(
        &mut self,
        given: impl Fn(&RulePlan) -> Option<V>,
        own: impl Fn(&mut RulePlan) -> &mut V,
    ) {
        for _ in 0..self.rules.len() {
            let mut changed = false;
            for rule in 0..self.rules.len() {
                let Some(value) = given(&self.rules[rule]) else { continue };
                let targets: Vec<usize> =
                    self.rules[rule].routes.iter().map(|route| route.to.index()).collect();
                for to in targets {
                    let own = own(&mut self.rules[to]);
                    changed |= *own < value;
                    *own = value.max(*own);
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// To whom it matters which events are behind a firing that goes on: windows show the newest of them.
    fn find_listeners(&mut self) {
        let has_window: Vec<bool> =
            self.rules.iter().map(|rule| matches!(rule.evaluator, Evaluator::Window(_))).collect();
        for rule in &mut self.rules {
            let shows = |route: &Route| matches!(route.role, Role::Step(_)) && has_window[route.to.index()];
            rule.retold = match rule.routes.iter().any(shows) {
                _ if rule.carries_events || rule.extension.baseline.is_some() => usize::MAX,
                true => Evidence::MOST_PARTS - 1,
                false => 0,
            };
        }
    }

    /// Where each rule finds its groups, and of which a single event needs no window.
    fn find_groups(&mut self) {
        let routes: Vec<Route> = self.rules.iter().flat_map(|from| &from.routes).cloned().collect();
        for (to, rule) in self.rules.iter_mut().enumerate() {
            let into = routes.iter().filter(|route| route.to.index() == to);
            rule.only_feeds = matches!(rule.evaluator, Evaluator::Match)
                && rule.states.is_none()
                && rule.extension.first_seen.is_none()
                && rule.extension.risk.is_none()
                && !(rule.alone && rule.incidents);
            let asked = rule.states.is_some() || rule.extension.baseline.is_some();
            let is_fed_on = rule.is_silent() && rule.extension.first_seen.is_none();
            let Evaluator::Window(window) = &mut rule.evaluator else { continue };
            for route in into {
                let Role::Step(bit) = route.role else { continue };
                let bit = usize::from(bit);
                window.groups.resize(window.groups.len().max(bit + 1), Vec::new());
                window.groups[bit].clone_from(&route.group);
            }
            if !asked && !window.is_asked && window.anchors == 0 {
                window.waits = waits(window);
            }
            let is_share = matches!(window.condition, Condition::Ratio { .. });
            window.keeps_part = is_share && !asked && is_fed_on && !rule.carries_events;
        }
    }

    /// The longest way from an event to each rule.
    fn measure_depth(&mut self) {
        self.raise_along_routes(|rule| Some(rule.depth + 1), |rule| &mut rule.depth);
    }
}

/// What a group needs at least before it can fire.
fn waits(window: &WindowPlan) -> Waits {
    if !matches!(window.kind, WindowKind::Sliding | WindowKind::Last { .. }) {
        return Waits::Never;
    }
    match (window.distance, window.measure, &window.condition) {
        (Distance::Count(least), Measure::Count | Measure::Distinct, _) if least > 1 => {
            Waits::Values(least - 1)
        }
        (Distance::All(all), ..) => Waits::Rules(all),
        (.., Condition::Ratio { min, .. }) => Waits::Events(u64::from(*min)),
        _ => Waits::Never,
    }
}

pub(super) fn numbered(index: usize) -> RuleIndex {
    RuleIndex(to_u32(index))
}
