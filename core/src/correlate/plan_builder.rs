//! From rules as they are written to a plan: references become numbers, conditions become windows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CorrelatorOptions;
use super::distance::{Distance, Proportion, Share};
use super::field_set::FieldSet;
use super::lateness::Lateness;
use super::numbers::{Bound, count_of};
use super::plan::{
    Clause, Condition, DEFAULT_KEYS, Evaluator, Measure, OncePlan, Plan, Role, Route, RulePlan, StatesPlan,
    Waits, WindowPlan, numbered,
};
use crate::alert::RuleSummary;
use crate::detect::record::FieldNumber;
use crate::event::number::{to_u8, to_u32, to_usize};
use crate::event::{MINUTE, Nanos};
use crate::sigma::Level;
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::extension::{Absent, Extension, StateInput, Template, Tie, WindowKind};
use crate::sigma::rule::{
    Correlation, CorrelationCondition, CorrelationKind, Diagnostic, Expression, Header, Severity, Spanned,
};

/// How late events may be: of rules that say so, and of others.
#[derive(Clone, Copy)]
pub(crate) struct Allowed(Lateness);

impl Allowed {
    pub(crate) fn of(options: &CorrelatorOptions) -> Self {
        Self(Lateness::new(options.lateness))
    }

    fn of_rule(self, own: Option<Nanos>) -> Lateness {
        if self.0 == Lateness::UNLIMITED { self.0 } else { own.map_or(self.0, Lateness::new) }
    }
}

/// One rule as it comes from the rule set.
#[derive(Clone, Copy)]
pub(crate) struct RuleInput<'r> {
    pub(crate) header: &'r Header,
    pub(crate) extension: Option<&'r Extension>,
    /// `None`: a plain detection.
    pub(crate) correlation: Option<&'r Correlation>,
    /// `generate` was written on the referenced rule itself.
    pub(crate) generate: bool,
    /// The rule looks at what lines state.
    pub(crate) asks_for_facts: bool,
}

/// The most rules one correlation can refer to: they are bits of a word.
const MOST_STEPS: usize = 56;

/// How long a plain detection stays quiet before its incident closes.
const CLOSE_AFTER: Nanos = 5 * MINUTE;

/// Resolves rules; what is wrong is reported and left out.
pub(crate) fn build(inputs: &[RuleInput<'_>], lateness: Allowed) -> (Plan, Vec<Diagnostic>) {
    let mut builder = Builder {
        inputs,
        names: names(inputs),
        ids: ids(inputs),
        fields: Vec::new(),
        numbers: BTreeMap::new(),
        diagnostics: Vec::new(),
        lateness,
        consumed: BTreeSet::new(),
    };
    builder.consumed = builder.consumed();
    let rules = builder.rules();
    (Plan::of(rules, builder.fields), builder.diagnostics)
}

/// Rules by name.
fn names(inputs: &[RuleInput<'_>]) -> BTreeMap<String, usize> {
    let named =
        inputs.iter().enumerate().filter_map(|(index, input)| Some((input.header.name.clone()?, index)));
    first_of_each(named)
}

/// Rules by id, which is compared without case: in lower case.
fn ids(inputs: &[RuleInput<'_>]) -> BTreeMap<String, usize> {
    let named = inputs.iter().enumerate();
    first_of_each(named.filter_map(|(index, input)| Some((input.header.id.as_ref()?.to_lowercase(), index))))
}

fn first_of_each(named: impl Iterator<Item = (String, usize)>) -> BTreeMap<String, usize> {
    let mut first = BTreeMap::new();
    for (name, index) in named {
        first.entry(name).or_insert(index);
    }
    first
}

struct Builder<'r> {
    inputs: &'r [RuleInput<'r>],
    names: BTreeMap<String, usize>,
    ids: BTreeMap<String, usize>,
    fields: Vec<String>,
    numbers: BTreeMap<String, FieldNumber>,
    diagnostics: Vec<Diagnostic>,
    lateness: Allowed,
    /// Rules that only feed others.
    consumed: BTreeSet<usize>,
}

/// A route found while building the consumer, to be hung on the producer.
type Found = (usize, Route);

impl Builder<'_> {
    fn rules(&mut self) -> Vec<RulePlan> {
        let mut found: Vec<Found> = Vec::new();
        let mut rules: Vec<RulePlan> =
            (0..self.inputs.len()).map(|index| self.rule(index, &mut found)).collect();
        self.break_cycles(&mut found);
        for (from, route) in found {
            if !rules[from].routes.contains(&route) {
                rules[from].routes.push(route);
            }
        }
        for index in &self.consumed {
            rules[*index].alone = false;
        }
        rules
    }

    /// Rules that only feed others: referenced without `generate` (one `true` wins), or named in
    /// `states`, `ratio` or `absent`.
    fn consumed(&self) -> BTreeSet<usize> {
        let mut consumed = BTreeSet::new();
        let mut generated = BTreeSet::new();
        for (index, input) in self.inputs.iter().enumerate() {
            if input.generate {
                generated.insert(index);
            }
            let Some(correlation) = input.correlation else { continue };
            for reference in &correlation.rules {
                if let Some(index) = self.called(&reference.value) {
                    consumed.insert(index);
                    if correlation.generate {
                        generated.insert(index);
                    }
                }
            }
        }
        for (index, input) in self.inputs.iter().enumerate() {
            let Some(extension) = input.extension else { continue };
            let mut named: Vec<&Spanned<String>> = Vec::new();
            if let Some(states) = &extension.states {
                named.extend(states.on.iter().filter_map(|transition| match &transition.input {
                    StateInput::Rule(reference) => Some(reference),
                    StateInput::Firing => None,
                }));
            }
            named.extend(extension.ratio.iter().flat_map(|ratio| [&ratio.of, &ratio.among]));
            named.extend(extension.absent.iter().flat_map(|absent| [&absent.after, &absent.expect]));
            let others = named.iter().filter_map(|reference| self.called(&reference.value));
            consumed.extend(others.filter(|other| *other != index));
        }
        consumed.difference(&generated).copied().collect()
    }

    /// Drops routes that close a circle; the parser refuses such rules, this keeps hand-made sets safe.
    fn break_cycles(&mut self, found: &mut Vec<Found>) {
        let mut kept: Vec<Found> = Vec::new();
        for (from, route) in std::mem::take(found) {
            if reaches(&kept, route.to.index(), from) {
                let header = self.inputs[route.to.index()].header;
                self.report(
                    header,
                    header.at.clone(),
                    "the rule takes part in a circle of correlations".into(),
                    None,
                );
            } else {
                kept.push((from, route));
            }
        }
        *found = kept;
    }

    fn report(
        &mut self,
        header: &Header,
        at: crate::sigma::rule::Position,
        message: String,
        hint: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Error,
            at,
            message,
            hint,
            excerpt: None,
            rule: Some(header.reference().to_owned()),
        });
    }

    fn field(&mut self, name: &str) -> FieldNumber {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = FieldNumber::try_from(self.fields.len()).unwrap_or(FieldNumber::MAX - 1);
        self.fields.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn field_numbers<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) -> Vec<FieldNumber> {
        names.into_iter().map(|name| self.field(name)).collect()
    }

    /// The rule with this name or id.
    fn called(&self, reference: &str) -> Option<usize> {
        self.names.get(reference).or_else(|| self.ids.get(&reference.to_lowercase())).copied()
    }

    fn resolve(&mut self, header: &Header, reference: &Spanned<String>) -> Option<usize> {
        let found = self.called(&reference.value);
        if found.is_none() {
            let hint =
                did_you_mean(&reference.value, self.names.keys().chain(self.ids.keys()).map(String::as_str));
            let message = format!("no rule has the id or name `{}`", reference.value);
            self.report(header, reference.at.clone(), message, hint);
        }
        found
    }

    fn rule(&mut self, index: usize, found: &mut Vec<Found>) -> RulePlan {
        let input = self.inputs[index];
        let extension = input.extension.cloned().unwrap_or_default();
        let summary = RuleSummary::of(input.header);
        let incidents = has_incidents(input, &extension, summary.level);
        let shows = input.correlation.is_some()
            || extension.states.is_some()
            || (incidents && !self.consumed.contains(&index));
        if let Some(show) = extension.show.as_ref().filter(|_| shows) {
            for name in show.fields() {
                self.field(name);
            }
        }
        let mut plan = RulePlan {
            content_hash: input.header.content_hash,
            alone: true,
            incidents,
            only_feeds: false,
            routes: Vec::new(),
            evaluator: Evaluator::Match,
            group_names: Vec::new(),
            group_numbers: Vec::new(),
            carried: Vec::new(),
            asked: FieldSet::default(),
            carries_events: false,
            retold: 0,
            lateness: self.lateness.of_rule(extension.lateness),
            depth: 0,
            close_after: extension.alert.close_after.unwrap_or(CLOSE_AFTER),
            calm_after: 0,
            incident_keys: Vec::new(),
            detail_fields: Vec::new(),
            risk_fields: extension.risk.iter().flat_map(|risk| self.field_numbers(&risk.entities)).collect(),
            first_seen_fields: extension
                .first_seen
                .iter()
                .flat_map(|first_seen| self.field_numbers(&first_seen.fields))
                .collect(),
            once: self.once(&extension),
            told: input.asks_for_facts.then(|| self.field("soctop.fact.count")),
            states: None,
            joins: Vec::new(),
            extension,
            summary: Arc::new(summary),
        };
        self.evaluate(index, &mut plan, found);
        if shows {
            plan.detail_fields = self.details(&plan);
        }
        plan
    }

    /// By what copies of its matches are recognised. Numbered when all rules are known.
    fn once(&mut self, extension: &Extension) -> Option<OncePlan> {
        let once = extension.once_per.as_ref()?;
        let fields = self.field_numbers(&once.fields);
        let (first, rest) = fields.split_first()?;
        let request = ["log.logger", "url.path", "http.response.status_code"].map(|name| self.field(name));
        Some(OncePlan { number: 0, first: *first, rest: rest.to_vec(), request, within: once.within })
    }

    /// How its firings come about, and from what.
    fn evaluate(&mut self, index: usize, plan: &mut RulePlan, found: &mut Vec<Found>) {
        let input = self.inputs[index];
        if let (Some(once), Some(_)) = (&plan.extension.once_per, input.correlation) {
            let message = "`once_per` belongs to the detections that a correlation refers to";
            self.report(input.header, once.at.clone(), message.to_owned(), None);
        }
        match input.correlation {
            None => self.detection(plan),
            Some(correlation) => self.correlation(index, correlation, plan, found),
        }
        self.extras(index, plan, input.correlation, found);
    }

    /// Fields that `show` names and that are not what makes the group, and the outcome.
    fn details(&mut self, plan: &RulePlan) -> Vec<FieldNumber> {
        let shown = plan.extension.show.iter().flat_map(|show| show.fields());
        let mut names: Vec<String> = shown.map(|name| name.to_string()).collect();
        names.push("event.outcome".to_owned());
        names.retain(|name| !Template::BUILT_IN.contains(&name.as_str()) && !plan.group_names.contains(name));
        let numbers: BTreeSet<FieldNumber> = names.iter().map(|name| self.field(name)).collect();
        numbers.into_iter().collect()
    }

    fn detection(&mut self, plan: &mut RulePlan) {
        let chosen = &plan.extension.alert.group_by;
        plan.incident_keys = if chosen.is_empty() {
            let entity = plan.extension.states.as_ref().and_then(|states| states.entity.clone());
            match entity {
                Some(entity) => vec![vec![self.field(&entity)]],
                None => DEFAULT_KEYS.iter().map(|key| vec![self.field(key)]).collect(),
            }
        } else {
            vec![self.field_numbers(&chosen.clone())]
        };
        if let [only] = plan.incident_keys.as_slice() {
            plan.group_numbers = only.clone();
            plan.group_names = only.iter().map(|number| self.fields[usize::from(*number)].clone()).collect();
        }
    }

    fn correlation(
        &mut self,
        index: usize,
        correlation: &Correlation,
        plan: &mut RulePlan,
        found: &mut Vec<Found>,
    ) {
        plan.group_names = correlation.group_by.clone();
        plan.group_numbers = self.field_numbers(&correlation.group_by);
        plan.calm_after = correlation.timespan;
        if plan.extension.alert.close_after.is_none() {
            plan.close_after = correlation.timespan;
        }
        let header = self.inputs[index].header;
        if correlation.rules.len() > MOST_STEPS {
            let message = format!("more than {MOST_STEPS} rules in one correlation");
            self.report(header, header.at.clone(), message, None);
        }
        let extension = plan.extension.clone();
        if let Some(heartbeat) = extension.heartbeat {
            plan.evaluator = Evaluator::Heartbeat(heartbeat);
        } else if let Some(absent) = &extension.absent {
            plan.evaluator = Evaluator::Window(absence(absent));
            self.steps(index, correlation, &[&absent.after, &absent.expect], found);
            return;
        } else if let Some(ratio) = &extension.ratio {
            let mut window = window(correlation, &extension, &[]);
            window.measure = Measure::Rules { rules: 2 };
            window.condition = Condition::Ratio { gte: ratio.gte, min: ratio.min };
            window.distance = distance(&window);
            window.wanted = 0;
            window.forward.clear();
            plan.evaluator = Evaluator::Window(window);
            self.steps(index, correlation, &[&ratio.of, &ratio.among], found);
            return;
        } else {
            let runs = self.runs(header, correlation, &extension);
            plan.evaluator = Evaluator::Window(window(correlation, &extension, &runs));
        }
        let references: Vec<&Spanned<String>> = correlation.rules.iter().take(MOST_STEPS).collect();
        self.steps(index, correlation, &references, found);
    }

    /// `runs` by rule bit.
    fn runs(&mut self, header: &Header, correlation: &Correlation, extension: &Extension) -> Vec<u32> {
        let mut runs = vec![1; correlation.rules.len()];
        for (name, count) in &extension.runs {
            let wanted = self.resolve(header, name);
            let position = correlation
                .rules
                .iter()
                .position(|reference| wanted.is_some() && self.called(&reference.value) == wanted);
            match position {
                Some(position) => runs[position] = *count,
                None if wanted.is_some() => {
                    let message = format!("`{}` in `runs` is not one of the correlation's rules", name.value);
                    self.report(header, name.at.clone(), message, None);
                }
                None => {}
            }
        }
        runs
    }

    fn steps(
        &mut self,
        index: usize,
        correlation: &Correlation,
        references: &[&Spanned<String>],
        found: &mut Vec<Found>,
    ) {
        let value = match &correlation.condition {
            CorrelationCondition::Thresholds { fields, .. } => fields.clone(),
            CorrelationCondition::Expression(_) => Vec::new(),
        };
        for (bit, reference) in references.iter().enumerate() {
            let Some(from) = self.resolve(self.inputs[index].header, reference) else { continue };
            let aliases = [&correlation.aliases];
            let group = self.read_through(&aliases, &correlation.group_by, reference, from);
            let value = self.read_through(&aliases, &value, reference, from);
            found.push((
                from,
                Route { to: numbered(index), role: Role::Step(to_u8(bit)), group, grouping: 0, value },
            ));
        }
    }

    /// The fields behind names for one referenced rule: an alias wins over a field of that name.
    fn read_through(
        &mut self,
        aliases: &[&BTreeMap<String, BTreeMap<String, String>>],
        names: &[String],
        reference: &Spanned<String>,
        rule: usize,
    ) -> Vec<FieldNumber> {
        let header = self.inputs[rule].header;
        names
            .iter()
            .map(|name| {
                let field = aliases.iter().filter_map(|aliases| aliases.get(name)).find_map(|aliases| {
                    let of_rule = aliases.iter().find(|(rule, _)| header.is_called(rule));
                    aliases.get(&reference.value).or(of_rule.map(|(_, field)| field))
                });
                self.field(field.unwrap_or(name))
            })
            .collect()
    }

    /// Inputs named in the block: `reset_on` and `states`.
    fn extras(
        &mut self,
        index: usize,
        plan: &mut RulePlan,
        correlation: Option<&Correlation>,
        found: &mut Vec<Found>,
    ) {
        let header = self.inputs[index].header;
        for reference in &plan.extension.reset_on.clone() {
            if let Some(from) = self.resolve(header, reference) {
                let group = self.group_of(plan, correlation, reference, from);
                found.push((
                    from,
                    Route { to: numbered(index), role: Role::Reset, group, grouping: 0, value: Vec::new() },
                ));
            }
        }
        for reference in &plan.extension.joins.clone() {
            plan.joins.extend(self.resolve(header, reference).map(numbered));
        }
        let Some(states) = plan.extension.states.clone() else { return };
        let mut inputs = vec!["firing".to_owned()];
        let mut on = Vec::new();
        for transition in &states.on {
            let number = match &transition.input {
                StateInput::Firing => 0,
                StateInput::Rule(reference) => {
                    let known = inputs.iter().position(|input| *input == reference.value);
                    known.unwrap_or_else(|| {
                        inputs.push(reference.value.clone());
                        if let Some(from) = self.resolve(header, reference) {
                            let role = Role::State(inputs.len() - 1);
                            let group = self.group_of(plan, correlation, reference, from);
                            found.push((
                                from,
                                Route { to: numbered(index), role, group, grouping: 0, value: Vec::new() },
                            ));
                        }
                        inputs.len() - 1
                    })
                }
            };
            on.push((transition.from, number, transition.to));
        }
        let logged = self.logged(index, &states.logged, &inputs);
        let entity = states.entity.as_ref().map(|entity| self.field(entity));
        let until = self.field("soctop.fact.until");
        plan.states = Some(StatesPlan { on, logged, entity, until });
    }

    fn logged(&mut self, own: usize, logged: &[Spanned<String>], inputs: &[String]) -> Vec<bool> {
        let header = self.inputs[own].header;
        let wanted: Vec<Option<usize>> =
            logged.iter().map(|reference| self.resolve(header, reference)).collect();
        inputs
            .iter()
            .enumerate()
            .map(|(number, input)| {
                let index = if number == 0 { Some(own) } else { self.called(input) };
                index.is_some() && wanted.contains(&index)
            })
            .collect()
    }

    fn group_of(
        &mut self,
        plan: &RulePlan,
        correlation: Option<&Correlation>,
        reference: &Spanned<String>,
        from: usize,
    ) -> Vec<FieldNumber> {
        let Some(correlation) = correlation else { return plan.group_numbers.clone() };
        let of_states = plan.extension.states.iter().map(|states| &states.aliases);
        let aliases: Vec<_> = of_states.chain([&correlation.aliases]).collect();
        self.read_through(&aliases, &correlation.group_by, reference, from)
    }
}

/// Whether firings of a rule become incidents. Sigma: no alert should be triggered by informational rules, they enrich.
fn has_incidents(input: RuleInput<'_>, extension: &Extension, level: Level) -> bool {
    let speaks = extension.alert.given
        || input.correlation.is_some()
        || extension.states.is_some()
        || level > Level::Informational;
    extension.alert.enabled && speaks
}

fn reaches(routes: &[Found], from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(rule) = open.pop() {
        if rule == to {
            return true;
        }
        if seen.insert(rule) {
            open.extend(routes.iter().filter(|(start, _)| *start == rule).map(|(_, route)| route.to.index()));
        }
    }
    false
}

fn absence(absent: &Absent) -> WindowPlan {
    WindowPlan {
        measure: Measure::Rules { rules: 2 },
        forward: vec![Clause { required: 1, forbidden: 2 }],
        anchors: 1,
        order: vec![0, 1],
        ..counting(absent.within)
    }
}

/// Windows that count, and never fire.
fn counting(span: Nanos) -> WindowPlan {
    WindowPlan {
        span,
        kind: WindowKind::Sliding,
        measure: Measure::Count,
        condition: Condition::Never,
        forward: Vec::new(),
        anchors: 0,
        tie: Tie::Strict,
        runs: Vec::new(),
        order: Vec::new(),
        interval: None,
        distance: Distance::Unknown,
        is_asked: false,
        wanted: 0,
        groups: Vec::new(),
        waits: Waits::Never,
        keeps_part: false,
    }
}

fn window(correlation: &Correlation, extension: &Extension, runs: &[u32]) -> WindowPlan {
    let rules = to_u32(correlation.rules.len().min(MOST_STEPS));
    let ordered = correlation.kind == CorrelationKind::TemporalOrdered;
    let repeats = |bit: u32| runs.get(bit as usize).copied().unwrap_or(1).min(32);
    let order: Vec<u8> = (0..rules).flat_map(|bit| (0..repeats(bit)).map(move |_| to_u8(bit))).collect();
    let mut plan = WindowPlan {
        kind: extension.window,
        tie: extension.tie,
        runs: runs.to_vec(),
        order,
        interval: extension.interval,
        is_asked: extension.alert.rearm_below.is_some(),
        ..counting(correlation.timespan)
    };
    if let Some(bucket) = extension.bucket {
        plan.measure = Measure::Bucket(bucket);
        plan.condition = Condition::Overflow;
        plan.span = bucket.leak.saturating_mul(i64::from(bucket.capacity) + 1);
        return plan;
    }
    let median = Decimal::from_u64(50);
    let percent = match &correlation.condition {
        CorrelationCondition::Thresholds { percentile, .. } => percentile.unwrap_or(median),
        CorrelationCondition::Expression(_) => median,
    };
    plan.measure = match correlation.kind {
        CorrelationKind::EventCount => Measure::Count,
        CorrelationKind::ValueCount => Measure::Distinct,
        CorrelationKind::Temporal => Measure::Rules { rules },
        CorrelationKind::TemporalOrdered => Measure::OrderedRules { rules },
        CorrelationKind::ValueSum => Measure::Sum,
        CorrelationKind::ValueAvg => Measure::Average,
        CorrelationKind::ValuePercentile => Measure::Percentile(percent),
        CorrelationKind::ValueMedian => Measure::Percentile(median),
    };
    match &correlation.condition {
        CorrelationCondition::Thresholds { thresholds, .. } if thresholds.is_empty() => {
            let all = if ordered { plan.order.len() } else { rules as usize };
            let all = Decimal::from_u64(all as u64);
            plan.condition = Condition::Thresholds(vec![Bound::new(Comparison::Gte, all)]);
        }
        CorrelationCondition::Thresholds { thresholds, .. } => {
            let bounds = thresholds.iter().map(|(comparison, number)| Bound::new(*comparison, *number));
            plan.condition = Condition::Thresholds(bounds.collect());
        }
        CorrelationCondition::Expression(expression) => {
            let clauses = clauses(expression, false);
            plan.forward = clauses.iter().copied().filter(|clause| clause.forbidden != 0).collect();
            plan.anchors = plan.forward.iter().fold(0, |bits, clause| bits | clause.required);
            plan.condition = Condition::Clauses(clauses);
        }
    }
    plan.distance = distance(&plan);
    plan.wanted = to_usize(count_of(plan.threshold().unwrap_or(0.0).clamp(0.0, 1e7)));
    plan
}

/// How far windows of this kind are from holding, where that can be told.
fn distance(plan: &WindowPlan) -> Distance {
    if plan.kind != WindowKind::Sliding {
        return match &plan.condition {
            Condition::Thresholds(bounds) => least(plan, bounds).map_or(Distance::Unknown, Distance::Count),
            _ => Distance::Unknown,
        };
    }
    match (&plan.condition, plan.measure) {
        (Condition::Ratio { gte, .. }, _) => Distance::Ratio(Proportion(*gte)),
        // Where order decides as well, it holds no sooner than all have been seen.
        (_, Measure::Rules { .. } | Measure::OrderedRules { .. }) if plan.needed() > 0 => {
            Distance::All(plan.needed())
        }
        (Condition::Thresholds(bounds), Measure::Percentile(percent)) => match bounds.as_slice() {
            [Bound { comparison: comparison @ (Comparison::Gte | Comparison::Gt), number, .. }] => {
                let (percent, comparison, number) = (percent.to_f64(), *comparison, *number);
                Distance::Percentile(Share { percent, comparison, number })
            }
            _ => Distance::Unknown,
        },
        (Condition::Thresholds(bounds), _) => least(plan, bounds).map_or(Distance::Unknown, Distance::Count),
        _ => Distance::Unknown,
    }
}

/// Where only a lower bound of a count is asked for: that bound, rounded up.
fn least(plan: &WindowPlan, bounds: &[Bound]) -> Option<u64> {
    let counts = matches!(plan.measure, Measure::Count | Measure::Distinct | Measure::Rules { .. });
    if !counts || !plan.is_lower_bound() {
        return None;
    }
    // Any of the bounds that is not met keeps the condition from holding; the highest decides.
    let highest = bounds.iter().map(Bound::least_integer).max()?;
    u64::try_from(highest.max(0)).ok().filter(|least| *least < 1 << 50)
}

/// The expression as an OR of ANDs, without clauses that contradict themselves.
fn clauses(expression: &Expression, negated: bool) -> Vec<Clause> {
    let found = match (expression, negated) {
        (Expression::Rule(rule), false) => vec![Clause { required: bit(*rule), forbidden: 0 }],
        (Expression::Rule(rule), true) => vec![Clause { required: 0, forbidden: bit(*rule) }],
        (Expression::Not(inner), negated) => clauses(inner, !negated),
        (Expression::Or(parts), false) | (Expression::And(parts), true) => {
            parts.iter().flat_map(|part| clauses(part, negated)).collect()
        }
        (Expression::And(parts), false) | (Expression::Or(parts), true) => {
            let start = vec![Clause { required: 0, forbidden: 0 }];
            parts.iter().fold(start, |left, part| product(&left, &clauses(part, negated)))
        }
    };
    let unique: BTreeSet<Clause> =
        found.into_iter().filter(|clause| clause.required & clause.forbidden == 0).collect();
    unique.into_iter().collect()
}

fn product(left: &[Clause], right: &[Clause]) -> Vec<Clause> {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    pairs
        .map(|(a, b)| Clause { required: a.required | b.required, forbidden: a.forbidden | b.forbidden })
        // A hostile rule must not multiply without end.
        .take(1024)
        .collect()
}

fn bit(rule: usize) -> u64 {
    1 << rule.min(MOST_STEPS - 1)
}
