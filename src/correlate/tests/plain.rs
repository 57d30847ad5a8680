//! Correlation as its meaning is written down, computed from scratch over the whole input: no state, no
//! increments, no shared code with the engine. Slow, and short enough to be read against Sigma.

use std::collections::{BTreeMap, BTreeSet};

/// One event: when, which detections (by index) it matches, and its fields.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Nanoseconds; `None` when it has no usable time.
    pub(super) time: Option<i64>,
    pub(super) rules: BTreeSet<usize>,
    pub(super) fields: BTreeMap<&'static str, &'static str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Count,
    Distinct(Vec<&'static str>),
    Temporal,
    Ordered,
    Sum,
    Average,
    Percentile(f64),
    Median,
}

/// A condition in words is an OR of ANDs of steps, each wanted or unwanted.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Of temporal types: every step.
    Default,
    Thresholds(Vec<(&'static str, f64)>),
    Words(Vec<Vec<(usize, bool)>>),
}

/// A correlation. Its rules are detections, or correlations that stand before it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) inputs: Vec<Input>,
    pub(super) group_by: Vec<&'static str>,
    /// (name, step, field): the name is read through the field.
    pub(super) aliases: Vec<(&'static str, usize, &'static str)>,
    pub(super) span: i64,
    pub(super) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Input {
    Detection(usize),
    Correlation(usize),
}

/// Values by field, in lower case.
type Fields = BTreeMap<String, BTreeSet<String>>;

/// A detection that matched or a correlation that fired: (kind, number), time, fields, events behind it.
type Signal = ((usize, usize), i64, Fields, Vec<Fields>);

/// A raw firing, with the events that contributed to it.
#[derive(Clone, Debug)]
pub(super) struct Firing {
    pub(super) time: i64,
    pub(super) group: Vec<String>,
    pub(super) value: f64,
    behind: Vec<Fields>,
}

/// One event of a group of a rule.
#[derive(Clone, Debug)]
struct Item {
    time: i64,
    steps: BTreeSet<usize>,
    /// Values by the name that the rule gives them.
    distinct: Option<Vec<String>>,
    number: Option<f64>,
    behind: Vec<Fields>,
}

/// Firings of every rule over these events.
pub(super) fn evaluate(rules: &[Rule], events: &[Made]) -> Vec<Vec<Firing>> {
    let mut all: Vec<Vec<Firing>> = Vec::new();
    let end = events.iter().filter_map(|event| event.time).max().unwrap_or(i64::MIN);
    for rule in rules {
        let firings = groups(rule, rules, events, &all)
            .into_iter()
            .flat_map(|(group, items)| of_group(rule, &group, &items, end))
            .collect();
        all.push(firings);
    }
    all
}

/// The items of every group: an event that is several steps of one group is one item.
fn groups(
    rule: &Rule,
    rules: &[Rule],
    events: &[Made],
    below: &[Vec<Firing>],
) -> BTreeMap<Vec<String>, Vec<Item>> {
    let mut found: BTreeMap<Vec<String>, BTreeMap<(usize, usize), Item>> = BTreeMap::new();
    for (step, input) in rule.inputs.iter().enumerate() {
        let signals: Vec<Signal> = match input {
            Input::Detection(detection) => events
                .iter()
                .enumerate()
                .filter(|(_, event)| event.rules.contains(detection))
                .filter_map(|(index, event)| {
                    let fields = own(event);
                    Some(((0, index), event.time?, fields.clone(), vec![fields]))
                })
                .collect(),
            Input::Correlation(child) => below[*child]
                .iter()
                .enumerate()
                .map(|(index, firing)| {
                    let fields = fields_of_firing(&rules[*child], firing);
                    ((child + 1, index), firing.time, fields, firing.behind.clone())
                })
                .collect(),
        };
        for (id, time, fields, behind) in signals {
            for group in combinations(rule, step, &fields) {
                let items = found.entry(group).or_default();
                let item = items.entry(id).or_insert_with(|| Item {
                    time,
                    steps: BTreeSet::new(),
                    distinct: distinct(rule, step, &fields),
                    number: read(rule, step, "v", &fields).first().and_then(|text| text.parse().ok()),
                    behind: behind.clone(),
                });
                item.steps.insert(step);
            }
        }
    }
    found
        .into_iter()
        .map(|(group, items)| {
            let mut items: Vec<Item> = items.into_values().collect();
            items.sort_by_key(|item| item.time);
            (group, items)
        })
        .collect()
}

fn own(event: &Made) -> Fields {
    event.fields.iter().map(|(k, v)| ((*k).to_owned(), BTreeSet::from([v.to_ascii_lowercase()]))).collect()
}

/// Fields of a firing: its group, else what the events behind it carry.
fn fields_of_firing(rule: &Rule, firing: &Firing) -> Fields {
    let mut fields: Fields = BTreeMap::new();
    for event in &firing.behind {
        for (name, values) in event {
            fields.entry(name.clone()).or_default().extend(values.iter().cloned());
        }
    }
    for (name, value) in rule.group_by.iter().zip(&firing.group) {
        fields.insert((*name).to_owned(), BTreeSet::from([value.clone()]));
    }
    fields
}

fn read(rule: &Rule, step: usize, name: &str, fields: &Fields) -> Vec<String> {
    let alias = rule.aliases.iter().find(|(alias, of, _)| *alias == name && *of == step);
    let field = alias.map_or(name, |(_, _, field)| *field);
    fields.get(field).map(|values| values.iter().cloned().collect()).unwrap_or_default()
}

/// Every combination of group values; none when one is missing.
fn combinations(rule: &Rule, step: usize, fields: &Fields) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    for name in &rule.group_by {
        let values = read(rule, step, name, fields);
        found = found
            .iter()
            .flat_map(|left| {
                values
                    .iter()
                    .map(move |value| [left.clone(), vec![value.clone()]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    found
}

fn distinct(rule: &Rule, step: usize, fields: &Fields) -> Option<Vec<String>> {
    let Kind::Distinct(names) = &rule.kind else { return None };
    names.iter().map(|name| read(rule, step, name, fields).first().cloned()).collect()
}

/// The firings of one group: at every event time, and where forward windows end.
fn of_group(rule: &Rule, group: &[String], items: &[Item], end: i64) -> Vec<Firing> {
    let mut found: BTreeMap<i64, Firing> = BTreeMap::new();
    let mut add = |time: i64, value: f64, behind: Vec<&Item>| {
        let firing = found.entry(time).or_insert_with(|| Firing {
            time,
            group: group.to_vec(),
            value,
            behind: Vec::new(),
        });
        firing.value = firing.value.max(value);
        firing.behind.extend(behind.into_iter().flat_map(|item| item.behind.iter().cloned()));
    };
    let times: BTreeSet<i64> = items.iter().map(|item| item.time).collect();
    for time in &times {
        let window = between(items, time - rule.span, *time);
        if let Some(value) = holds(rule, &window) {
            add(*time, value, contributing(rule, window));
        }
    }
    let Condition::Words(clauses) = &rule.condition else { return found.into_values().collect() };
    for clause in clauses.iter().filter(|clause| clause.iter().any(|(_, wanted)| !wanted)) {
        let is_wanted =
            |item: &Item| clause.iter().any(|(step, wanted)| *wanted && item.steps.contains(step));
        let starts: BTreeSet<i64> =
            items.iter().filter(|item| is_wanted(item)).map(|item| item.time).collect();
        for start in starts.into_iter().filter(|start| start + rule.span <= end) {
            let window = between(items, start, start + rule.span);
            let absent = |step: &usize| window.iter().all(|item| !item.steps.contains(step));
            if clause.iter().all(|(step, wanted)| *wanted || absent(step)) && met(rule, clause, &window) {
                add(start + rule.span, seen(&window), window);
            }
        }
    }
    found.into_values().collect()
}

fn between(items: &[Item], start: i64, end: i64) -> Vec<&Item> {
    items.iter().filter(|item| (start..=end).contains(&item.time)).collect()
}

/// The number of distinct steps in the window.
fn seen(window: &[&Item]) -> f64 {
    window.iter().flat_map(|item| &item.steps).collect::<BTreeSet<_>>().len() as f64
}

/// The wanted steps of a clause are in the window, in order where the type asks for it.
fn met(rule: &Rule, clause: &[(usize, bool)], window: &[&Item]) -> bool {
    let wanted: BTreeSet<usize> =
        clause.iter().filter(|(_, wanted)| *wanted).map(|(step, _)| *step).collect();
    match rule.kind {
        Kind::Ordered => earliest(&wanted.into_iter().collect::<Vec<_>>(), window).is_some(),
        _ => wanted.iter().all(|step| window.iter().any(|item| item.steps.contains(step))),
    }
}

/// The earliest items that are these steps at strictly increasing times.
fn earliest<'i>(steps: &[usize], window: &[&'i Item]) -> Option<Vec<&'i Item>> {
    let mut found: Vec<&Item> = Vec::new();
    for step in steps {
        let after = found.last().map_or(i64::MIN, |item| item.time);
        found.push(window.iter().find(|item| item.time > after && item.steps.contains(step))?);
    }
    Some(found)
}

/// The most steps that come one after the other, any of them left out.
fn longest(steps: usize, window: &[&Item]) -> f64 {
    let choices = (0..1_usize << steps).filter(|choice| {
        let chosen: Vec<usize> = (0..steps).filter(|step| choice & (1 << step) != 0).collect();
        earliest(&chosen, window).is_some()
    });
    f64::from(choices.map(usize::count_ones).max().unwrap_or(0))
}

/// The value when the condition holds for a window that looks back.
fn holds(rule: &Rule, window: &[&Item]) -> Option<f64> {
    match &rule.condition {
        Condition::Words(clauses) => clauses
            .iter()
            .filter(|clause| clause.iter().all(|(_, wanted)| *wanted))
            .any(|clause| met(rule, clause, window))
            .then(|| seen(window)),
        Condition::Default => value(rule, window).filter(|value| *value >= rule.inputs.len() as f64),
        Condition::Thresholds(bounds) => value(rule, window)
            .filter(|value| bounds.iter().all(|(operator, bound)| compare(*value, operator, *bound))),
    }
}

fn value(rule: &Rule, window: &[&Item]) -> Option<f64> {
    let mut numbers: Vec<f64> = window.iter().filter_map(|item| item.number).collect();
    numbers.sort_by(f64::total_cmp);
    let sum = || (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>());
    match &rule.kind {
        Kind::Count => Some(window.len() as f64),
        Kind::Distinct(_) => {
            Some(window.iter().filter_map(|item| item.distinct.as_ref()).collect::<BTreeSet<_>>().len() as f64)
        }
        Kind::Temporal => Some(seen(window)),
        Kind::Ordered => Some(longest(rule.inputs.len(), window)),
        Kind::Sum => sum(),
        Kind::Average => sum().map(|sum| sum / numbers.len() as f64),
        Kind::Percentile(percent) => interpolate(&numbers, *percent),
        Kind::Median => interpolate(&numbers, 50.0),
    }
}

fn interpolate(numbers: &[f64], percent: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let rank = last as f64 * percent / 100.0;
    let below = numbers[rank as usize];
    let above = numbers[(rank as usize + 1).min(last)];
    Some(below + (rank - rank.floor()) * (above - below))
}

fn compare(value: f64, operator: &str, bound: f64) -> bool {
    match operator {
        "gt" => value > bound,
        "gte" => value >= bound,
        "lt" => value < bound,
        "lte" => value <= bound,
        "eq" => (value - bound).abs() == 0.0,
        "neq" => (value - bound).abs() != 0.0,
        other => panic!("no operator: {other}"),
    }
}

fn contributing<'i>(rule: &Rule, window: Vec<&'i Item>) -> Vec<&'i Item> {
    match (&rule.kind, &rule.condition) {
        (Kind::Ordered, Condition::Default) => {
            let steps: Vec<usize> = (0..rule.inputs.len()).collect();
            let Some(chosen) = earliest(&steps, &window) else { return window };
            // Of a step that several events of one time make, all of them.
            let makes =
                |item: &Item, step: &usize| item.time == chosen[*step].time && item.steps.contains(step);
            window.into_iter().filter(|item| steps.iter().any(|step| makes(item, step))).collect()
        }
        (Kind::Sum | Kind::Average | Kind::Percentile(_) | Kind::Median, _) => {
            window.into_iter().filter(|item| item.number.is_some()).collect()
        }
        _ => window,
    }
}
