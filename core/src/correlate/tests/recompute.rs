//! Incremental evaluation equals plain recomputation: random rules of every type, random streams,
//! any order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::harness::{START, Stream, detection};
use super::plain::{self, Condition, Input, Kind, Made, Rule};
use crate::alert::AlertStatus;
use crate::correlate::{CorrelatorOptions, Output};
use crate::detect::MatchRecord;
use crate::event::Timestamp;
use crate::sigma::RuleIndex;

const DETECTIONS: [&str; 3] = ["a", "b", "c"];
const SECOND: i64 = 1_000_000_000;

fn made() -> impl Strategy<Value = Made> {
    let group = prop_oneof![5 => Just(Some("G1")), 3 => Just(Some("g1")), 3 => Just(Some("g2")), 1 => Just(Some("")), 1 => Just(None)];
    let host = prop_oneof![3 => Just(Some("x")), 2 => Just(Some("g1")), 1 => Just(None)];
    let value = prop_oneof![
        2 => prop::sample::select(vec!["0", "1", "2", "2.5", "-3", "7.25", "2.0"]).prop_map(|one| vec![one]),
        3 => prop::sample::select(vec!["0.1", "0.2", "0.3", "0.6", "0.7", "0.9"]).prop_map(|one| vec![one]),
        1 => Just(vec!["word"]),
        1 => Just(vec!["WORD"]),
        1 => prop::sample::subsequence(vec!["0.1", "0.7", "word", "2", "-3"], 0..4),
    ];
    let time = prop_oneof![20 => (0i64..300, 0i64..2).prop_map(|(tenths, rest)| Some(tenths * SECOND / 10 + rest)), 1 => Just(None)];
    (0u8..8, time, group, host, value).prop_map(|(rules, time, g, h, v)| Made {
        time: time.map(|time| START * SECOND + time),
        rules: (0..3).filter(|bit| rules & (1 << bit) != 0).collect(),
        fields: fields(g, h, v),
    })
}

fn fields(
    group: Option<&'static str>,
    host: Option<&'static str>,
    values: Vec<&'static str>,
) -> BTreeMap<&'static str, Vec<&'static str>> {
    let single = |value: Option<&'static str>| value.into_iter().collect();
    let all = [("g", single(group)), ("h", single(host)), ("v", values)];
    all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["gte", "gt", "lt", "lte", "eq", "neq"])
}

fn thresholds() -> impl Strategy<Value = Condition> {
    let quarters = (-8i32..24).prop_map(|quarters| f64::from(quarters) / 4.0);
    let tenths = (-5i32..15).prop_map(|tenths| f64::from(tenths) / 10.0);
    let bound = prop_oneof![quarters, tenths];
    let whole = (0u8..6).prop_map(f64::from);
    let one = prop::collection::vec((operator(), prop_oneof![2 => whole, 1 => bound.clone()]), 1);
    let range = (bound.clone(), bound).prop_map(|(low, high)| vec![("gt", low), ("lte", high)]);
    prop_oneof![3 => one, 1 => range].prop_map(Condition::Thresholds)
}

fn measured() -> impl Strategy<Value = (Kind, Condition)> {
    let kind = prop_oneof![
        2 => Just(Kind::Count),
        1 => Just(Kind::Distinct(vec!["v"])),
        1 => Just(Kind::Distinct(vec!["v", "h"])),
        1 => Just(Kind::Sum),
        1 => Just(Kind::Average),
        1 => (0u8..=20).prop_map(|twentieth| Kind::Percentile(f64::from(twentieth) * 5.0)),
        1 => Just(Kind::Median),
    ];
    (kind, thresholds())
}

/// Clauses over the steps: each with at least one that is wanted.
fn words(steps: usize) -> impl Strategy<Value = Condition> {
    let clause =
        (0..steps, prop::collection::vec(prop::sample::select(vec![None, Some(true), Some(false)]), steps))
            .prop_map(|(sure, chosen)| {
                let chosen = chosen.into_iter().enumerate();
                let chosen =
                    chosen.map(|(step, how)| if step == sure { (step, Some(true)) } else { (step, how) });
                chosen.filter_map(|(step, how)| Some((step, how?))).collect::<Vec<_>>()
            });
    prop::collection::vec(clause, 1..3).prop_map(Condition::Words)
}

fn temporal(steps: usize) -> impl Strategy<Value = (Kind, Condition)> {
    let kind = prop_oneof![Just(Kind::Temporal), Just(Kind::Ordered)];
    let condition = prop_oneof![
        2 => Just(Condition::Default),
        1 => thresholds(),
        3 => words(steps),
    ];
    (kind, condition)
}

type Grouping = (Vec<&'static str>, Vec<(&'static str, usize, &'static str)>);

fn grouping() -> impl Strategy<Value = Grouping> {
    prop_oneof![
        1 => Just((vec![], vec![])),
        3 => Just((vec!["g"], vec![])),
        1 => Just((vec!["g", "h"], vec![])),
        // A name that no event has, and one that hides a field of that name.
        2 => Just((vec!["who"], vec![("who", 0, "g"), ("who", 1, "h"), ("who", 2, "g")])),
        1 => Just((vec!["h"], vec![("h", 0, "g"), ("h", 1, "g"), ("h", 2, "g")])),
    ]
}

/// A correlation over detections, in any order of them.
fn rule() -> impl Strategy<Value = Rule> {
    (1usize..=3, prop::sample::subsequence(vec![0, 1, 2], 3).prop_shuffle()).prop_flat_map(
        |(steps, order)| {
            let inputs: Vec<Input> = order.into_iter().take(steps).map(Input::Detection).collect();
            let condition = prop_oneof![measured(), temporal(steps)];
            (Just(inputs), condition, grouping(), 1i64..12).prop_map(
                |(inputs, (kind, condition), grouping, span)| Rule {
                    kind,
                    condition: only_named(condition, inputs.len()),
                    aliases: grouping.1.into_iter().filter(|(_, step, _)| *step < inputs.len()).collect(),
                    inputs,
                    group_by: grouping.0,
                    span: span * SECOND,
                },
            )
        },
    )
}

/// A condition in words must name every rule: those left out become an own alternative.
fn only_named(condition: Condition, steps: usize) -> Condition {
    let Condition::Words(mut clauses) = condition else { return condition };
    let named: BTreeSet<usize> = clauses.iter().flatten().map(|(step, _)| *step).collect();
    let missing: Vec<(usize, bool)> =
        (0..steps).filter(|step| !named.contains(step)).map(|step| (step, true)).collect();
    clauses.extend((!missing.is_empty()).then_some(missing));
    Condition::Words(clauses)
}

/// Correlations above the first: what they group by is in the group below or behind its firings.
fn chain() -> impl Strategy<Value = Vec<Rule>> {
    let above = (
        prop::sample::select(vec![0, 1, 2, 3]),
        prop::sample::select(vec![vec![], vec!["g"], vec!["v"]]),
        1i64..12,
        1u8..4,
    );
    (rule(), prop::collection::vec(above, 0..3)).prop_map(|(first, above)| {
        let mut rules = vec![first];
        for (kind, group_by, span, least) in above {
            let below = rules.len() - 1;
            // Which events are behind a part of an ordered rule is not defined.
            let clear = rules.iter().all(|rule: &Rule| {
                !matches!(
                    (&rule.kind, &rule.condition),
                    (Kind::Ordered, Condition::Words(_) | Condition::Thresholds(_))
                )
            });
            let group_by = if clear { group_by } else { rules[below].group_by.clone() };
            let (kind, condition, inputs) = match kind {
                0 => (
                    Kind::Count,
                    Condition::Thresholds(vec![("gte", f64::from(least))]),
                    vec![Input::Correlation(below)],
                ),
                1 => (
                    Kind::Count,
                    Condition::Thresholds(vec![("eq", f64::from(least))]),
                    vec![Input::Correlation(below)],
                ),
                2 => (
                    Kind::Temporal,
                    Condition::Words(vec![vec![(0, true), (1, false)]]),
                    vec![Input::Correlation(below), Input::Detection(2)],
                ),
                _ => {
                    (Kind::Ordered, Condition::Default, vec![Input::Detection(0), Input::Correlation(below)])
                }
            };
            rules.push(Rule { kind, inputs, group_by, aliases: Vec::new(), span: span * SECOND, condition });
        }
        rules
    })
}

fn written(index: usize, rule: &Rule) -> String {
    let name = |input: &Input| match input {
        Input::Detection(detection) => DETECTIONS[*detection].to_owned(),
        Input::Correlation(index) => format!("r{index}"),
    };
    let names: Vec<String> = rule.inputs.iter().map(name).collect();
    let field = match &rule.kind {
        Kind::Distinct(fields) => format!(", field: [{}]", fields.join(", ")),
        Kind::Sum | Kind::Average | Kind::Median => ", field: v".to_owned(),
        Kind::Percentile(percent) => format!(", field: v, percentile: {percent}"),
        Kind::Count | Kind::Temporal | Kind::Ordered => String::new(),
    };
    let kind = match &rule.kind {
        Kind::Count => "event_count",
        Kind::Distinct(_) => "value_count",
        Kind::Temporal => "temporal",
        Kind::Ordered => "temporal_ordered",
        Kind::Sum => "value_sum",
        Kind::Average => "value_avg",
        Kind::Percentile(_) => "value_percentile",
        Kind::Median => "value_median",
    };
    let condition = match &rule.condition {
        Condition::Default => String::new(),
        Condition::Thresholds(bounds) => {
            let bounds: Vec<String> =
                bounds.iter().map(|(operator, bound)| format!("{operator}: {bound}")).collect();
            format!("  condition: {{{}{field}}}\n", bounds.join(", "))
        }
        Condition::Words(clauses) => {
            let clause = |clause: &Vec<(usize, bool)>| {
                let words: Vec<String> = clause
                    .iter()
                    .map(|(step, wanted)| format!("{}{}", if *wanted { "" } else { "not " }, names[*step]))
                    .collect();
                format!("({})", words.join(" and "))
            };
            let clauses: Vec<String> = clauses.iter().map(clause).collect();
            format!("  condition: {}\n", clauses.join(" or "))
        }
    };
    let mut aliases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (alias, step, field) in &rule.aliases {
        aliases.entry(alias).or_default().push(format!("{}: {field}", names[*step]));
    }
    let aliases: String =
        aliases.iter().map(|(name, of)| format!("    {name}: {{{}}}\n", of.join(", "))).collect();
    let aliases = if aliases.is_empty() { aliases } else { format!("  aliases:\n{aliases}") };
    format!(
        "title: R{index}\nname: r{index}\ngenerate: true\ncorrelation:\n  type: {kind}\n  rules: [{}]\n  group-by: [{}]\n  timespan: {}s\n{condition}{aliases}level: high\n",
        names.join(", "),
        rule.group_by.join(", "),
        rule.span / SECOND,
    )
}

fn documents(rules: &[Rule]) -> Vec<String> {
    let detections = DETECTIONS.iter().map(|name| detection(name, "low"));
    detections.chain(rules.iter().enumerate().map(|(index, rule)| written(index, rule))).collect()
}

fn records(stream: &mut Stream, events: &[Made]) -> Vec<MatchRecord> {
    let fields: Vec<String> = stream.correlator.needed_fields().to_vec();
    events
        .iter()
        .map(|made| {
            let mut record = stream.record("none", 0.0, "");
            record.time = made.time.map(Timestamp);
            record.ingested = made.time.map_or(record.ingested, Timestamp);
            record.rules = made.rules.iter().map(|rule| RuleIndex(*rule as u32)).collect();
            for (name, values) in &made.fields {
                if let Some(number) = fields.iter().position(|field| field == name) {
                    values.iter().for_each(|value| record.push_value(number as u16, value));
                }
            }
            record
        })
        .collect()
}

/// (rule, group without case, time) and the value in millionths.
type Firings = BTreeMap<(usize, Vec<String>, i64), i64>;

fn got(rules: &[Rule], events: &[Made], order: &[usize]) -> Firings {
    let options = CorrelatorOptions { conformance: true, seed: Some(1), ..CorrelatorOptions::default() };
    let mut stream = Stream::with(&documents(rules), options);
    let records = records(&mut stream, events);
    for index in order {
        stream.correlator.observe(&records[*index], &mut stream.out);
    }
    stream.finish();
    let firings = stream.out.iter().filter_map(|output| match output {
        Output::Firing { rule, group, time, value } => {
            let rule = rule.index() - DETECTIONS.len();
            let group = rules[rule].group_by.iter().map(|name| plain::one_spelling(&group[*name])).collect();
            Some(((rule, group, time.0), (value * 1e6).round() as i64))
        }
        _ => None,
    });
    firings.collect()
}

fn expected(rules: &[Rule], events: &[Made]) -> Firings {
    let firings = plain::evaluate(rules, events).into_iter().enumerate();
    firings
        .flat_map(|(rule, firings)| {
            firings
                .into_iter()
                .map(move |firing| ((rule, firing.group, firing.time), (firing.value * 1e6).round() as i64))
        })
        .collect()
}

/// An order of arrival: `disorder` is how many places an event may be off.
fn arrival(events: &[Made], keys: &[u16], disorder: i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|index| {
        let late = i64::from(keys[*index % keys.len()]) * disorder / i64::from(u16::MAX);
        (events[*index].time.unwrap_or(0) + late, *index)
    });
    order
}

/// `PROPTEST_CASES` many cases, else 256.
pub(super) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn incremental_evaluation_equals_recomputation_from_scratch(
        rules in chain(),
        events in prop::collection::vec(made(), 0..40),
        keys in prop::collection::vec(any::<u16>(), 1..40),
        disorder in prop::sample::select(vec![0, SECOND, 5 * SECOND, 60 * SECOND]),
    ) {
        let order = arrival(&events, &keys, disorder);
        prop_assert_eq!(got(&rules, &events, &order), expected(&rules, &events), "{}", documents(&rules).join("---\n"));
    }

    /// Pruning, expiry and timers lose nothing: whoever fires by recomputation has an incident.
    #[test]
    fn every_group_that_fires_has_an_incident_and_no_other_has(
        rule in rule(),
        least in 1u8..5,
        events in prop::collection::vec(made(), 0..40),
        keys in prop::collection::vec(any::<u16>(), 1..40),
        lateness in 1i64..6,
    ) {
        // Only what a further event cannot take back: a provisional incident stays in the record.
        let condition = match rule.kind {
            Kind::Temporal | Kind::Ordered => Condition::Default,
            _ => Condition::Thresholds(vec![("gte", f64::from(least))]),
        };
        let kind = match rule.kind {
            Kind::Sum | Kind::Average | Kind::Percentile(_) | Kind::Median => Kind::Count,
            kind => kind,
        };
        let rules = [Rule { kind, condition, ..rule }];
        let order = arrival(&events, &keys, lateness * SECOND);
        let options = CorrelatorOptions { lateness: lateness * SECOND, seed: Some(1), ..CorrelatorOptions::default() };
        let mut stream = Stream::with(&documents(&rules), options);
        let records = records(&mut stream, &events);
        for index in order {
            stream.correlator.observe(&records[index], &mut stream.out);
        }
        stream.finish();
        let opened: BTreeSet<Vec<String>> = stream
            .alerts()
            .into_iter()
            .filter(|alert| alert.status == AlertStatus::Open)
            .filter(|alert| alert.rule.title == "R0")
            .map(|alert| rules[0].group_by.iter().map(|name| plain::one_spelling(&alert.group[*name])).collect())
            .collect();
        let fired: BTreeSet<Vec<String>> =
            plain::evaluate(&rules, &events).remove(0).into_iter().map(|firing| firing.group).collect();
        prop_assert_eq!(opened, fired, "{}", documents(&rules).join("---\n"));
    }
}
