//! What holds for every rule and every stream.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::harness::{Stream, detection};
use crate::alert::{Alert, AlertStatus};
use crate::correlate::evidence::Evidence;
use crate::correlate::rule_run::RuleRun;
use crate::correlate::{Correlator, Memory};
use crate::correlate::{CorrelatorOptions, Output};
use crate::detect::MatchRecord;
use crate::event::SECOND;
use crate::sigma::RuleIndex;

/// One event: which rules it matches (bits), tenths of a second, group, value.
#[derive(Clone, Debug)]
struct Made {
    rules: u8,
    time: i32,
    group: u8,
    value: u8,
}

fn made() -> impl Strategy<Value = Made> {
    (1u8..8, 0i32..400, 0u8..3, 0u8..6).prop_map(|(rules, time, group, value)| Made {
        rules,
        time,
        group,
        value,
    })
}

fn rule() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u8..6).prop_map(|n| format!("type: event_count\n  condition: {{gte: {n}}}")),
        (1u8..5).prop_map(|n| format!("type: event_count\n  condition: {{eq: {n}}}")),
        (1u8..5).prop_map(|n| format!("type: value_count\n  condition: {{gte: {n}, field: v}}")),
        (1u8..12).prop_map(|n| format!("type: value_sum\n  condition: {{gt: {n}, field: v}}")),
        (1u8..12).prop_map(|n| format!("type: value_sum\n  condition: {{gte: 0.{n}, field: v}}")),
        (1u8..5).prop_map(|n| format!("type: value_avg\n  condition: {{lte: {n}, field: v}}")),
        (1u8..5).prop_map(|n| format!("type: value_median\n  condition: {{gte: {n}, field: v}}")),
        Just("type: temporal".to_owned()),
        Just("type: temporal_ordered".to_owned()),
        Just("type: temporal_ordered\n  condition: {gte: 2}".to_owned()),
        Just("type: temporal\n  condition: a and b and not c".to_owned()),
        Just("type: temporal\n  condition: (a or b) and c".to_owned()),
    ]
}

fn documents(rule: &str, span: u8, block: &str) -> Vec<String> {
    vec![
        detection("a", "low"),
        detection("b", "low"),
        detection("c", "low"),
        format!(
            "title: R\nname: r\ncorrelation:\n  rules: [a, b, c]\n  group-by: [g]\n  timespan: {span}s\n  {rule}\nlevel: high\n{block}"
        ),
        "title: P\nname: p\ncorrelation:\n  type: event_count\n  rules: [r]\n  group-by: [v]\n  timespan: 20s\n  condition: {gte: 2}\ngenerate: true\n".to_owned(),
    ]
}

fn records(stream: &mut Stream, events: &[Made]) -> Vec<MatchRecord> {
    events
        .iter()
        .map(|made| {
            let tenth = if made.value % 2 == 0 { "" } else { "0." };
            let fields = format!("g=G{} v={tenth}{}", made.group, made.value);
            let mut record = stream.record("none", f64::from(made.time) / 10.0, &fields);
            record.rules = (0..3).filter(|bit| made.rules & (1 << bit) != 0).map(RuleIndex).collect();
            record
        })
        .collect()
}

type Firings = BTreeMap<(u32, BTreeMap<String, String>, i64), u64>;

/// Raw firings of the events in this order.
fn firings(documents: &[String], events: &[Made], order: &[usize]) -> Firings {
    let options = CorrelatorOptions { conformance: true, seed: Some(1), ..CorrelatorOptions::default() };
    let mut stream = Stream::with(documents, options);
    let records = records(&mut stream, events);
    for index in order {
        stream.correlator.observe(&records[*index], &mut stream.out);
    }
    stream.finish();
    let firings = stream.out.iter().filter_map(|output| match output {
        Output::Firing { rule, group, time, value } => {
            Some(((rule.0, group.clone(), time.0), (value * 1e6).round() as u64))
        }
        _ => None,
    });
    firings.collect()
}

/// What a rule above holds of the firings of `r`, when nothing is too late.
fn told_above(documents: &[String], events: &[Made], order: &[usize]) -> Vec<String> {
    let options =
        CorrelatorOptions { lateness: 3_600_000_000_000, seed: Some(1), ..CorrelatorOptions::default() };
    let mut stream = Stream::with(documents, options);
    let records = records(&mut stream, events);
    for index in order {
        stream.correlator.observe(&records[*index], &mut stream.out);
    }
    let above = stream.rules.find("p").expect("the rule above");
    let plan = std::sync::Arc::clone(&stream.correlator.plan);
    let window = RuleRun::of(&plan, above).and_then(RuleRun::window).expect("a window");
    let groups = stream.correlator.rules[above].groups.all.values();
    let entries = groups.flat_map(|held| {
        let names = held.names(window);
        held.entries().map(move |entry| format!("{names:?} {:?} {:?}", entry.key(), entry.evidence))
    });
    let mut told: Vec<String> = entries.collect();
    told.sort_unstable();
    told
}

/// Incidents of a count and of the rule below it, by rule and id. Events come with how much later they arrive.
fn incidents_of(rule: &str, mut events: Vec<(Made, i32)>) -> BTreeSet<(String, u128)> {
    let documents = [
        detection("a", "low"),
        format!(
            "title: R\nname: r\ncorrelation:\n  rules: [a]\n  group-by: [g]\n  timespan: 10s\n  generate: true\n  {rule}\nlevel: high\nsoctop: {{schema: 1, alert: {{close_after: 1m}}}}\n"
        ),
    ];
    events.sort_by_key(|(made, delay)| made.time + delay);
    let mut stream = Stream::new(&documents);
    let made: Vec<Made> = events.into_iter().map(|(made, _)| made).collect();
    for record in records(&mut stream, &made) {
        stream.correlator.observe(&record, &mut stream.out);
    }
    stream.finish();
    let told = stream.alerts().into_iter();
    told.map(|alert| (alert.rule.id.clone(), alert.alert_id.0)).collect()
}

/// What is told of the incidents of a rule, with or without another above it for which every late event has to be followed
/// to each window that it changes.
fn told_of_rule(rule: &str, block: &str, followed: bool, events: &[Made]) -> Vec<String> {
    let mut documents = vec![
        detection("a", "low"),
        detection("b", "low"),
        format!(
            "title: R\nname: r\ncorrelation:\n  rules: [a, b]\n  group-by: [g]\n  timespan: 10s\n  generate: true\n  {rule}\nlevel: high\nsoctop:\n  schema: 1\n  show: '{{count}} {{value}} {{v}}'\n  alert: {{close_after: 1m}}\n{block}"
        ),
    ];
    if followed {
        documents.push("title: P\nname: p\ncorrelation:\n  type: event_count\n  rules: [r]\n  group-by: [v]\n  timespan: 20s\n  condition: {gte: 1000}\ngenerate: true\n".to_owned());
    }
    let mut stream = Stream::new(&documents);
    for mut record in records(&mut stream, events) {
        record.rules.retain(|rule| rule.0 < 2);
        if !record.rules.is_empty() {
            stream.correlator.observe(&record, &mut stream.out);
        }
    }
    stream.finish();
    let told = stream.alerts().into_iter().filter(|alert| &*alert.rule.title == "R");
    told.map(|alert| format!("{alert:?}")).collect()
}

/// The events by time, and in an order that `seed` chooses.
fn orders(events: &[Made], seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut sorted: Vec<usize> = (0..events.len()).collect();
    sorted.sort_by_key(|index| events[*index].time);
    let mut shuffled = sorted.clone();
    let mut state = seed;
    for last in (1..shuffled.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        shuffled.swap(last, (state >> 33) as usize % (last + 1));
    }
    (sorted, shuffled)
}

proptest! {
    #![proptest_config(super::recompute::config())]

    #[test]
    fn the_order_of_arrival_has_no_meaning(
        rule in rule(),
        span in 1u8..15,
        events in prop::collection::vec(made(), 0..40),
        seed in any::<u64>(),
    ) {
        let documents = documents(&rule, span, "");
        let (sorted, shuffled) = orders(&events, seed);
        prop_assert_eq!(
            firings(&documents, &events, &sorted),
            firings(&documents, &events, &shuffled),
            "{}", rule
        );
    }

    #[test]
    fn what_rules_above_are_told_does_not_depend_on_the_order_of_arrival(
        rule in rule(),
        span in 1u8..15,
        // As many as keep their evidence.
        events in prop::collection::vec(made(), 0..Evidence::MOST_PARTS),
        above in prop::sample::select(vec!["", "  group-by: [g]\n", "  group-by: [v]\n"]),
        generate in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut documents = documents(&rule, span, "");
        documents[4] = format!(
            "title: P\nname: p\ncorrelation:\n  type: event_count\n  rules: [r]\n  generate: {generate}\n{above}  timespan: 20s\n  condition: {{gte: 2}}\n"
        );
        let (sorted, shuffled) = orders(&events, seed);
        prop_assert_eq!(
            told_above(&documents, &events, &sorted),
            told_above(&documents, &events, &shuffled),
            "{}", documents.join("---\n")
        );
    }

    #[test]
    fn incidents_and_their_ids_do_not_depend_on_the_order_of_arrival(
        rule in prop_oneof![
            (1u8..6).prop_map(|n| format!("type: event_count\n  condition: {{gte: {n}}}")),
            (1u8..5).prop_map(|n| format!("type: value_count\n  condition: {{gte: {n}, field: v}}")),
        ],
        // Episodes that begin a quiet time apart and lie within one stretch of it each.
        events in prop::collection::vec((0..4_i32, 400..650_i32, 0u8..3, 0u8..6, 0..250_i32), 0..60),
    ) {
        let made = |(episode, tenth, group, value, _): (i32, i32, u8, u8, i32)| {
            Made { rules: 1, time: episode * 6_000 + tenth, group, value }
        };
        let sorted = events.iter().map(|event| (made(*event), 0)).collect();
        let shuffled = events.iter().map(|event| (made(*event), event.4)).collect();
        prop_assert_eq!(incidents_of(&rule, sorted), incidents_of(&rule, shuffled), "{}", rule);
    }

    #[test]
    fn a_late_event_says_the_same_when_few_windows_are_looked_at(
        rule in prop_oneof![
            (1u8..12).prop_map(|n| (format!("type: event_count\n  condition: {{gte: {n}}}"), String::new())),
            (1u8..5).prop_map(|n| (format!("type: value_count\n  condition: {{gte: {n}, field: v}}"), String::new())),
            (1u8..5).prop_map(|n| (format!("type: value_median\n  condition: {{gte: {n}, field: v}}"), String::new())),
            (1u8..10, 1u8..6).prop_map(|(tenths, min)| {
                let ratio = format!("  ratio: {{of: a, in: b, gte: 0.{tenths}, min: {min}}}\n");
                ("type: event_count\n  condition: {gte: 1}".to_owned(), ratio)
            }),
        ],
        events in prop::collection::vec((made(), 0..250_i32), 0..120),
    ) {
        let mut events = events;
        events.sort_by_key(|(made, delay)| made.time + delay);
        let events: Vec<Made> = events.into_iter().map(|(made, _)| made).collect();
        let told = |followed| told_of_rule(&rule.0, &rule.1, followed, &events);
        prop_assert_eq!(told(false), told(true), "{:?}", rule);
    }

    #[test]
    fn a_restored_correlator_goes_on_as_if_nothing_had_happened(
        rule in rule(),
        span in 1u8..15,
        mut events in prop::collection::vec(made(), 1..40),
        block in prop::sample::select(BLOCKS.to_vec()),
        tight in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        // Mostly in order, some late.
        events.sort_by_key(|made| made.time / 50);
        let cut = cut.index(events.len());
        let mut options =
            CorrelatorOptions { lateness: 2_000_000_000, seed: Some(5), ..CorrelatorOptions::default() };
        if tight {
            (options.groups_per_rule, options.entries_per_group) = (2, 3);
        }
        let [interrupted, whole] = interrupted(&documents(&rule, span, block), &options, &events, cut);
        prop_assert_eq!(interrupted, whole);
    }
}

/// What is told of a stream when the state is stored and restored after `cut` of its events, and when it is not.
fn interrupted(
    documents: &[String],
    options: &CorrelatorOptions,
    events: &[Made],
    cut: usize,
) -> [Vec<Output>; 2] {
    // The clock moves on an idle stream, too.
    let feed = |stream: &mut Stream, record: &MatchRecord| {
        stream.correlator.observe(record, &mut stream.out);
        if record.seq.is_multiple_of(7) {
            stream.correlator.advance(record.ingested.plus(15_000_000_000), &mut stream.out);
        }
        check_counts(&stream.correlator);
    };
    let mut whole = Stream::with(documents, options.clone());
    let all = records(&mut whole, events);
    let mut before = Stream::with(documents, options.clone());
    for record in &all {
        feed(&mut whole, record);
    }
    for record in &all[..cut] {
        feed(&mut before, record);
    }
    let bytes = before.saved();
    let mut after = Stream::with(documents, CorrelatorOptions { seed: Some(6), ..options.clone() });
    assert_eq!(after.correlator.restore(&bytes).expect("own bytes"), 0);
    assert!(after.saved() == bytes, "the same state has the same bytes");
    for record in &all[cut..] {
        feed(&mut after, record);
    }
    whole.finish();
    after.finish();
    before.out.extend(after.out);
    [before.out, whole.out]
}

/// Hardly any room.
fn crowded() -> CorrelatorOptions {
    CorrelatorOptions {
        lateness: 2_000_000_000,
        seed: Some(5),
        groups_per_rule: 2,
        entries_per_group: 3,
        ..CorrelatorOptions::default()
    }
}

#[test]
fn events_of_an_incident_that_groups_share_are_counted_once_after_a_restart_too() {
    let times = [0, 0, 0, 78, 92, 50, 75, 50, 114, 115, 114, 115];
    let groups = [0, 1, 0, 0, 0, 0, 0, 2, 2, 1, 0, 2];
    let values = [0, 0, 1, 0, 4, 0, 0, 4, 1, 0, 0, 0];
    let first = times.into_iter().zip(groups).zip(values);
    let then = [100, 150].into_iter().flat_map(|time| [((time, 0), 0); 11]);
    let events = first.chain(then).map(|((time, group), value)| Made { rules: 1, time, group, value });
    let events: Vec<Made> = events.collect();
    let options = crowded();
    let documents = documents("type: value_sum\n  condition: {gte: 0.1, field: v}", 12, "");
    for cut in 1..events.len() {
        let [interrupted, whole] = interrupted(&documents, &options, &events, cut);
        assert_eq!(interrupted, whole, "interrupted after {cut}");
    }
}

#[test]
fn a_group_that_needs_a_window_has_given_up_what_it_has_no_room_for() {
    let events = [(4, 0), (2, 0), (1, 7), (1, 10), (1, 30)];
    let events = events.map(|(rules, time)| Made { rules, time, group: 1, value: 0 });
    let options = crowded();
    let mut stream = Stream::with(&documents("type: temporal", 4, ""), options);
    for record in records(&mut stream, &events) {
        stream.correlator.observe(&record, &mut stream.out);
        check_counts(&stream.correlator);
    }
}

/// What is counted along is what is there, and groups have one timer that sees to their end.
fn check_counts(correlator: &Correlator) {
    let groups = |memory: &Memory| memory.groups.len();
    assert_eq!(correlator.groups, correlator.rules.iter().map(groups).sum::<usize>());
    for memory in correlator.rules.iter() {
        let entries = memory.groups.all.values().map(|held| held.events());
        assert_eq!(memory.entries, entries.sum::<usize>());
        let waits = memory.sweep.is_some_and(|sweep| correlator.timers.iter().any(|timer| *timer == sweep));
        assert_eq!(waits, memory.groups.len() > 0);
    }
}

/// One block for each of the keys that keep state, and one with many.
const BLOCKS: [&str; 15] = [
    "",
    EVERYTHING,
    "soctop: {schema: 1, bucket: {capacity: 2, leak: 1s}}\n",
    "soctop: {schema: 1, last: 3}\n",
    "soctop: {schema: 1, window: tumbling}\n",
    "soctop: {schema: 1, gap: 1s}\n",
    "soctop: {schema: 1, ratio: {of: a, in: b, gte: 0.5, min: 2}, last: 4}\n",
    "soctop: {schema: 1, absent: {after: a, expect: b, within: 3s}}\n",
    "soctop: {schema: 1, heartbeat: {every: 1s, grace: 2, forget: 20s}}\n",
    "soctop: {schema: 1, baseline: {learn: 2s, factor: 1.5, min: 2, season: hour_of_day}}\n",
    "soctop: {schema: 1, first_seen: {field: v, learn: 1s, forget: 10s}}\n",
    "soctop: {schema: 1, runs: {a: 2}, tie: sequence}\n",
    "soctop: {schema: 1, interval: {of_last: 3, jitter_lte: 50%}, alert: {rearm_below: 2}}\n",
    "soctop: {schema: 1, lateness: 5s, escalate: {after: 2, within: 30s, level: critical}, until: c}\n",
    "soctop: {schema: 1, states: {board: breaker, initial: closed, on: ['closed > firing > open', '* > c > closed'], timeout: [open 2s half_open, half_open 3s], alert: [open, half_open], flapping: {entries: 2, within: 20s}}}\n",
];

const EVERYTHING: &str = "soctop:
  schema: 1
  show: '{g} {v} {count} {state}'
  reset_on: c
  alert: {close_after: 3s, suppress: 2s}
  escalate: {after: 2, within: 1m, level: critical}
  risk: {points: 10, entity: [g, v], half_life: 5s, alert_at: 15}
  states:
    board: lockout
    initial: normal
    on: [normal > firing > locked, locked > b > normal]
    timeout: locked 4s normal
    alert: locked
    disagree_after: 1s
    logged: b
";

#[test]
fn a_changed_rule_starts_anew_and_others_keep_their_state() {
    let rule = |gte: u8| {
        vec![
            detection("a", "low"),
            format!("title: R\nname: r\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [g]\n  timespan: 1m\n  condition: {{gte: {gte}}}\n"),
            "title: S\nname: s\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [g]\n  timespan: 1m\n  condition: {gte: 3}\n".to_owned(),
        ]
    };
    let mut before = Stream::new(&rule(3));
    before.event("a", 0.0, "g=x").event("a", 1.0, "g=x");
    let bytes = before.saved();
    // Another order, another field, another threshold.
    let mut changed = rule(2);
    changed.swap(1, 2);
    changed.insert(0, detection("b", "low") + "soctop: {schema: 1, show: '{other}'}\n");
    let mut after = Stream::new(&changed);
    assert_eq!(after.correlator.restore(&bytes).expect("own bytes"), 2, "`b` and the changed rule");
    after.event("a", 2.0, "g=x");
    assert_eq!(after.told(), ["open 2 x3 medium S: x"]);
    after.event("a", 3.0, "g=x");
    assert_eq!(after.told().len(), 2, "the changed rule has seen two events since");
}

/// An event that is later than the rule allows finds the incident of its time over: what it opens is another one, and
/// whoever stores both under their ids keeps both.
#[test]
fn an_event_that_is_too_late_opens_no_incident_of_a_known_id() {
    let block = "soctop: {schema: 1, lateness: 5s, alert: {close_after: 10m, group-by: [g]}}\n";
    let mut stream = Stream::new(&[detection("a", "medium") + block]);
    for (second, group) in [(0.0, "g=x"), (3_000.0, "g=y"), (60.0, "g=x"), (6_000.0, "g=y"), (30.0, "g=x")] {
        stream.event("a", second, group);
    }
    let opened: Vec<_> =
        stream.alerts().into_iter().filter(|alert| alert.status == AlertStatus::Open).collect();
    let after = |alert: &&Alert| (alert.time.0 - opened[0].time.0) / SECOND;
    assert_eq!(opened.iter().map(after).collect::<Vec<_>>(), [0, 3_000, 60, 6_000, 30]);
    let ids: BTreeSet<_> = opened.iter().map(|alert| alert.alert_id).collect();
    assert_eq!(ids.len(), opened.len());
}

#[test]
fn foreign_bytes_are_refused() {
    let mut stream = Stream::new(&[detection("a", "low")]);
    assert!(stream.correlator.restore(b"{\"version\": 99}").is_err());
    assert!(stream.correlator.restore(b"nonsense").is_err());
}

#[test]
fn every_opened_incident_has_its_own_id() {
    let mut stream = Stream::new(&documents("type: event_count\n  condition: {gte: 2}", 2, ""));
    for n in 0..100 {
        stream.event("a", f64::from(n) * 1.5, &format!("g=G{} v={}", n % 3, n % 2));
    }
    let opened = stream.alerts().into_iter().filter(|alert| alert.status == AlertStatus::Open);
    let ids: Vec<_> = opened.map(|alert| alert.alert_id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}
