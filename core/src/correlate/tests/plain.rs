//! Correlation as its meaning is written down, computed from scratch over the whole input: no state, no
//! increments, no shared code with the engine. Slow, and short enough to be read against Sigma.

use std::collections::{BTreeMap, BTreeSet};

/// One event: when, which detections (by index) it matches, and its fields.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Nanoseconds; `None` when it has no usable time.
    pub(super) time: Option<i64>,
    pub(super) rules: BTreeSet<usize>,
    pub(super) fields: BTreeMap<&'static str, Vec<&'static str>>,
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
    distinct: BTreeSet<Vec<String>>,
    numbers: Vec<i64>,
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
                    numbers: read(rule, step, "v", &fields)
                        .iter()
                        .filter_map(|text| hundredths(text))
                        .collect(),
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
    let values = |of: &Vec<&str>| of.iter().map(|value| one_spelling(value)).collect();
    event.fields.iter().map(|(k, v)| ((*k).to_owned(), values(v))).collect()
}

/// Without case, and 27.0 as 27.
pub(super) fn one_spelling(value: &str) -> String {
    let whole = value.strip_suffix(".0").filter(|whole| whole.parse::<i64>().is_ok());
    whole.unwrap_or(value).to_ascii_lowercase()
}

/// A number with at most two digits behind the point, exactly.
fn hundredths(text: &str) -> Option<i64> {
    text.parse().ok().map(|number: f64| (number * 100.0).round() as i64)
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

/// Every tuple of values.
fn distinct(rule: &Rule, step: usize, fields: &Fields) -> BTreeSet<Vec<String>> {
    let Kind::Distinct(names) = &rule.kind else { return BTreeSet::new() };
    let begin = BTreeSet::from([Vec::new()]);
    names.iter().fold(begin, |found, name| {
        let values = read(rule, step, name, fields);
        let longer = |left: &Vec<String>| {
            values.iter().map(|value| [left.clone(), vec![value.clone()]].concat()).collect::<Vec<_>>()
        };
        found.iter().flat_map(longer).collect()
    })
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

/// A fraction, in hundredths.
#[derive(Clone, Copy)]
struct Exact {
    above: i128,
    below: i128,
}

impl Exact {
    fn whole(number: usize) -> Self {
        Self { above: number as i128 * 100, below: 1 }
    }

    fn to_f64(self) -> f64 {
        self.above as f64 / self.below as f64 / 100.0
    }
}

/// The value when the condition holds for a window that looks back.
fn holds(rule: &Rule, window: &[&Item]) -> Option<f64> {
    match &rule.condition {
        Condition::Words(clauses) => clauses
            .iter()
            .filter(|clause| clause.iter().all(|(_, wanted)| *wanted))
            .any(|clause| met(rule, clause, window))
            .then(|| seen(window)),
        Condition::Default => {
            value(rule, window).map(Exact::to_f64).filter(|value| *value >= rule.inputs.len() as f64)
        }
        Condition::Thresholds(bounds) => value(rule, window)
            .filter(|value| bounds.iter().all(|(operator, bound)| compare(*value, operator, *bound)))
            .map(|value| if rule.kind == Kind::Ordered { seen(window) } else { value.to_f64() }),
    }
}

fn value(rule: &Rule, window: &[&Item]) -> Option<Exact> {
    let mut numbers: Vec<i64> = window.iter().flat_map(|item| &item.numbers).copied().collect();
    numbers.sort_unstable();
    let sum = |parts: usize| {
        let total = numbers.iter().map(|number| i128::from(*number)).sum();
        (!numbers.is_empty()).then_some(Exact { above: total, below: parts as i128 })
    };
    match &rule.kind {
        Kind::Count => Some(Exact::whole(window.len())),
        Kind::Distinct(_) => {
            Some(Exact::whole(window.iter().flat_map(|item| &item.distinct).collect::<BTreeSet<_>>().len()))
        }
        Kind::Temporal => Some(Exact::whole(seen(window) as usize)),
        Kind::Ordered => Some(Exact::whole(longest(rule.inputs.len(), window) as usize)),
        Kind::Sum => sum(1),
        Kind::Average => sum(numbers.len().max(1)),
        Kind::Percentile(percent) => interpolate(&numbers, *percent as i128),
        Kind::Median => interpolate(&numbers, 50),
    }
}

fn interpolate(numbers: &[i64], percent: i128) -> Option<Exact> {
    let last = numbers.len().checked_sub(1)?;
    let rank = last as i128 * percent;
    let (index, share) = ((rank / 100) as usize, rank % 100);
    let (low, high) = (i128::from(numbers[index]), i128::from(numbers[(index + 1).min(last)]));
    Some(Exact { above: low * (100 - share) + high * share, below: 100 })
}

fn compare(value: Exact, operator: &str, bound: f64) -> bool {
    let order = value.above.cmp(&((bound * 100.0).round() as i128 * value.below));
    match operator {
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        "eq" => order.is_eq(),
        "neq" => order.is_ne(),
        other => panic!("no operator: {other}"),
    }
}

fn contributing<'i>(rule: &Rule, window: Vec<&'i Item>) -> Vec<&'i Item> {
    match (&rule.kind, &rule.condition) {
        (Kind::Ordered, Condition::Default) => {
            let steps: Vec<usize> = (0..rule.inputs.len()).collect();
            let Some(mut chosen) = earliest(&steps, &window) else { return window };
            // The newest ends the chain anew.
            if let (Some(newest), Some(last)) = (window.last(), steps.last())
                && newest.steps.contains(last)
            {
                chosen[*last] = newest;
            }
            // Of a step that several events of one time make, all of them.
            let makes =
                |item: &Item, step: &usize| item.time == chosen[*step].time && item.steps.contains(step);
            window.into_iter().filter(|item| steps.iter().any(|step| makes(item, step))).collect()
        }
        (Kind::Sum | Kind::Average | Kind::Percentile(_) | Kind::Median, _) => {
            window.into_iter().filter(|item| !item.numbers.is_empty()).collect()
        }
        _ => window,
    }
}
