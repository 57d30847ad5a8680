use super::harness::{Stream, at, detection};
use crate::correlate::{CorrelatorOptions, Output};
use crate::event::SourceId;

fn counted(kind: &str, condition: &str, block: &str) -> Vec<String> {
    vec![
        detection("a", "low"),
        detection("b", "low"),
        detection("c", "low"),
        format!(
            "title: R\nname: r\ncorrelation:\n  type: {kind}\n  rules: [a, b]\n  group-by: [g]\n  timespan: 1m\n  condition: {condition}\nlevel: high\nsoctop:\n  schema: 1\n{block}"
        ),
    ]
}

/// Times at which incidents opened.
fn opened(stream: &Stream) -> Vec<String> {
    let lines = stream.told();
    lines.iter().filter_map(|line| line.strip_prefix("open ")?.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn a_session_ends_with_a_pause() {
    let mut stream = Stream::new(&counted("event_count", "{gte: 3}", "  gap: 10s\n"));
    stream.events("a", &[0.0, 5.0, 20.0, 25.0], "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("a", 30.0, "g=x");
    assert_eq!(opened(&stream), ["30"]);
}

#[test]
fn a_tumbling_window_starts_anew() {
    let mut stream = Stream::new(&counted("event_count", "{gte: 3}", "  window: tumbling\n"));
    // 1,700,000,000 s is 20 s into a minute: the next one starts at 40.
    stream.events("a", &[38.0, 39.0, 41.0, 42.0], "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("a", 43.0, "g=x");
    assert_eq!(opened(&stream), ["43"]);
}

#[test]
fn a_window_of_the_last_events_forgets_older_ones() {
    let mut stream = Stream::new(&counted("temporal", "{gte: 2}", "  last: 2\n"));
    stream.event("a", 0.0, "g=x").event("b", 1.0, "g=y").event("a", 1.0, "g=x").event("a", 2.0, "g=x");
    stream.event("b", 3.0, "g=x");
    assert_eq!(opened(&stream), ["3"]);
}

#[test]
fn a_bucket_overflows_after_its_capacity_and_leaks() {
    let block = "  bucket: {capacity: 3, leak: 10s}\n";
    let mut stream = Stream::new(&counted("event_count", "{gte: 4}", block));
    stream.events("a", &[0.0, 1.0, 2.0], "g=x");
    stream.events("a", &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0], "g=slow");
    assert_eq!(opened(&stream), Vec::<String>::new());
    let mut stream = Stream::new(&counted("event_count", "{gte: 4}", block));
    stream.events("a", &[0.0, 1.0, 2.0, 2.5], "g=x");
    assert_eq!(opened(&stream), ["2.5"]);
}

#[test]
fn a_bucket_goes_on_from_its_level_after_a_restart() {
    let documents = counted("event_count", "{gte: 4}", "  bucket: {capacity: 3, leak: 1s}\n  lateness: 2s\n");
    let mut before = Stream::new(&documents);
    // As fast as it leaks: it stays at 2, long after the events are gone that brought it there.
    let steady: Vec<f64> = (0..=30).map(f64::from).collect();
    before.event("a", 0.0, "g=x").events("a", &steady, "g=x");
    before.event("a", 35.0, "g=clock").events("a", &[31.0, 31.0], "g=x");
    assert_eq!(opened(&before), Vec::<String>::new(), "full, and not beyond");
    let bytes = before.saved();
    let mut after = Stream::new(&documents);
    after.seq = before.seq;
    assert_eq!(after.correlator.restore(&bytes).expect("own bytes"), 0);
    assert_eq!(after.saved(), bytes);
    after.event("a", 31.0, "g=x");
    assert_eq!(opened(&after), ["31"]);
}

#[test]
fn the_last_events_are_told_from_others_of_their_time() {
    let mut stream = Stream::new(&counted("temporal_ordered", "{gte: 2}", "  last: 2\n"));
    stream.event("b", 0.0, "g=x").event("a", 0.0, "g=x").event("b", 1.0, "g=x");
    assert_eq!(opened(&stream), ["1"]);
    let mut stream = Stream::new(&counted("temporal_ordered", "{gte: 2}", "  last: 2\n"));
    // Here the `a` of the same moment is not among the last two.
    stream.event("a", 0.0, "g=x").event("b", 0.0, "g=x").event("b", 1.0, "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
}

#[test]
fn a_ratio_needs_its_minimum() {
    let block = "  ratio: {of: c, in: a, gte: 50%, min: 4}\n";
    let mut stream = Stream::new(&counted("event_count", "{gte: 2}", block));
    for (time, failed) in [(0.0, true), (1.0, true), (2.0, false), (3.0, false)] {
        let mut record = stream.record("a", time, "g=x");
        if failed {
            record.rules.extend(stream.rules.find("c"));
        }
        stream.correlator.observe(&record, &mut stream.out);
    }
    assert_eq!(opened(&stream), ["3"]);
}

#[test]
fn what_does_not_come_is_noticed_when_its_time_is_over() {
    let block = "  absent: {after: a, expect: b, within: 10m}\n  lateness: 1s\n";
    let mut stream = Stream::new(&counted("temporal", "a and not b", block));
    stream.event("a", 0.0, "g=x").event("a", 1.0, "g=y").event("b", 300.0, "g=y");
    stream.event("time", 601.0, "g=z");
    assert_eq!(opened(&stream), Vec::<String>::new(), "a late `b` may still come");
    stream.event("time", 601.1, "g=z");
    assert_eq!(opened(&stream), ["600"]);
}

#[test]
fn absences_waited_for_are_bounded_and_what_is_beyond_is_said() {
    let block = "  absent: {after: a, expect: b, within: 10m}\n  lateness: 1s\n";
    let mut stream = Stream::with(&counted("temporal", "a and not b", block), over_budget(10, 50));
    let flood: Vec<f64> = (0..5000).map(|n| f64::from(n) / 100.0).collect();
    stream.events("a", &flood, "g=x");
    assert!(
        stream.correlator.timers.iter().count() <= 60,
        "{} timers",
        stream.correlator.timers.iter().count()
    );
    let degraded = stream.out.iter().filter(|output| matches!(output, Output::Degraded { .. })).count();
    assert_eq!((degraded, stream.correlator.counters().estimated), (1, 4950));
    // The ones that are waited for end as ever, and others are waited for again.
    stream.event("time", 700.0, "g=z");
    assert_eq!(opened(&stream), ["600"]);
    stream.event("a", 10_000.0, "g=x").event("time", 11_000.0, "g=z");
    assert_eq!(opened(&stream), ["600", "10600"]);
    assert_eq!(stream.correlator.counters().estimated, 4950);
}

#[test]
fn events_of_one_time_wait_for_an_absence_together() {
    let block = "  absent: {after: a, expect: b, within: 10m}\n  lateness: 1s\n";
    let mut stream = Stream::new(&counted("temporal", "a and not b", block));
    stream.events("a", &[1.0; 1000], "g=x");
    assert!(
        stream.correlator.timers.iter().count() < 5,
        "{} timers",
        stream.correlator.timers.iter().count()
    );
    stream.event("time", 700.0, "g=z");
    assert_eq!(opened(&stream), ["601"]);
}

#[test]
fn a_silent_key_alerts_once_and_recovers() {
    let block = "  heartbeat: {every: 60s, grace: 3}\n  lateness: 1s\n";
    let mut stream = Stream::new(&counted("event_count", "{lt: 1}", block));
    stream.events("a", &[0.0, 60.0, 120.0], "g=x");
    stream.events("time", &[1000.0, 2000.0], "g=z");
    assert_eq!(stream.told(), ["open 300 x1 high R: x"]);
    stream.event("a", 2100.0, "g=x");
    assert_eq!(stream.told()[1..], ["close 2100 x1 high R: x"]);
}

#[test]
fn runs_ask_for_several_of_a_step() {
    let block = "  runs: {a: 3}\n";
    let mut stream = Stream::new(&counted("temporal_ordered", "{gte: 4}", block));
    stream.events("a", &[0.0, 1.0], "g=x").event("b", 2.0, "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("a", 3.0, "g=x").event("b", 4.0, "g=x");
    assert_eq!(opened(&stream), ["4"]);
    let mut stream = Stream::new(&counted("temporal", "{gte: 2}", block));
    stream.event("b", 0.0, "g=x").events("a", &[0.5, 1.0], "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("a", 2.0, "g=x");
    assert_eq!(opened(&stream), ["2"]);
}

#[test]
fn regular_intervals_are_told_from_human_ones() {
    let block = "  interval: {of_last: 4, jitter_lte: 10%}\n";
    let mut stream = Stream::new(&counted("event_count", "{gte: 4}", block));
    stream.events("a", &[0.0, 1.0, 5.0, 6.0, 14.0, 15.0], "g=human");
    stream.events("a", &[20.0, 25.0, 30.1, 35.0], "g=machine");
    assert_eq!(stream.told(), ["open 35 x4 high R: machine"]);
}

#[test]
fn a_first_country_is_new_once_after_learning() {
    let block = "  first_seen: {field: [g, country], learn: 1m}\n";
    let mut stream = Stream::new(&counted("event_count", "{gte: 1}", block));
    stream.event("a", 0.0, "g=x country=de");
    stream.event("a", 100.0, "g=x country=de");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("a", 101.0, "g=x country=fr");
    assert_eq!(opened(&stream), ["101"]);
}

#[test]
fn a_spike_is_measured_against_the_group_itself() {
    let block = "  baseline: {method: ewma, learn: 5m, factor: 4, min: 10}\n";
    let mut stream = Stream::new(&counted("event_count", "{gte: 10}", block));
    let usual: Vec<f64> = (0..1200).map(f64::from).collect();
    stream.events("a", &usual, "g=busy");
    assert_eq!(opened(&stream), Vec::<String>::new(), "60 a minute is usual here");
    let quiet: Vec<f64> = (0..20).map(|n| f64::from(n) * 60.0).collect();
    let mut stream = Stream::new(&counted("event_count", "{gte: 10}", block));
    stream.events("a", &quiet, "g=calm");
    let burst: Vec<f64> = (0..12).map(|n| 1200.0 + f64::from(n)).collect();
    stream.events("a", &burst, "g=calm");
    assert_eq!(opened(&stream).len(), 1);
}

#[test]
fn equal_times_are_ordered_only_when_the_rule_says_so() {
    let run = |block: &str| {
        let mut stream = Stream::new(&counted("temporal_ordered", "{gte: 2}", block));
        stream.event("a", 1.0, "g=x").event("b", 1.0, "g=x");
        opened(&stream).len()
    };
    assert_eq!(run(""), 0);
    assert_eq!(run("  tie: sequence\n"), 1);
}

#[test]
fn whoever_comes_again_has_a_place_among_many_who_come_once() {
    let options =
        crate::correlate::CorrelatorOptions { groups_per_rule: 10, seed: Some(3), ..Default::default() };
    let documents = counted("event_count", "{gte: 5}", "");
    let mut stream = Stream::with(&documents, options);
    for group in 0..100 {
        stream.event("a", f64::from(group) / 100.0, &format!("g=noise{group}"));
    }
    stream.events("a", &[1.0, 1.1, 1.2, 1.3, 1.4], "g=attacker");
    let degraded =
        stream.out.iter().filter(|output| matches!(output, crate::correlate::Output::Degraded { .. }));
    assert_eq!(degraded.count(), 1);
    let alerts = stream.alerts();
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].count, alerts[0].approximate), (5, false));
    assert_eq!(alerts[0].group.get("g").map(String::as_str), Some("attacker"));
    assert_eq!(stream.correlator.groups_held(), 10);
}

#[test]
fn a_group_that_is_over_starts_anew_whether_or_not_it_is_dropped_yet() {
    let mut stream = Stream::new(&counted("event_count", "{gte: 2}", "  lateness: 1s\n"));
    stream.event("a", 0.0, "g=Name").event("a", 10.0, "g=other");
    stream.event("time", 59.0, "g=z").event("time", 62.5, "g=z");
    assert_eq!(stream.correlator.groups_held(), 2, "none is dropped before the next look");
    stream.events("a", &[63.0, 64.0], "g=name");
    let groups: Vec<_> = stream.alerts().iter().map(|alert| alert.group.get("g").cloned()).collect();
    assert_eq!(groups, [Some("name".to_owned())], "not as it was spelled in the window that is over");
    stream.event("time", 91.0, "g=z");
    assert_eq!(stream.correlator.groups_held(), 1, "`other` is dropped");
    stream.event("time", 200.0, "g=z");
    assert_eq!((stream.correlator.groups_held(), stream.correlator.groups), (0, 0));
    let waiting = stream.correlator.timers.iter().count();
    assert!(waiting <= 1, "nothing is looked for where there is nothing: {waiting} timers");
}

#[test]
fn a_flood_in_one_group_is_counted_exactly_in_bounded_memory() {
    let options =
        crate::correlate::CorrelatorOptions { entries_per_group: 10, seed: Some(3), ..Default::default() };
    let mut stream = Stream::with(&counted("event_count", "{gte: 5}", ""), options);
    for n in 0..5000 {
        stream.event("a", f64::from(n) / 1000.0, "g=x");
    }
    stream.finish();
    let last = stream.alerts().pop().expect("alerts").clone();
    assert_eq!((last.count, last.approximate), (5000, false));
    let held = stream.saved().len();
    assert!(held < 50_000, "{held} bytes");
}

#[test]
fn a_flood_of_groups_in_one_rule_leaves_others_exact() {
    let options =
        crate::correlate::CorrelatorOptions { groups_per_rule: 50, seed: Some(3), ..Default::default() };
    let mut documents = counted("event_count", "{gte: 3}", "");
    documents.push("title: Other\nname: other\ncorrelation:\n  type: event_count\n  rules: [c]\n  group-by: [g]\n  timespan: 1m\n  condition: {gte: 3}\nlevel: high\n".to_owned());
    let mut stream = Stream::with(&documents, options);
    for n in 0..10_000 {
        stream.event("a", f64::from(n) / 1000.0, &format!("g=flood{n}"));
    }
    stream.events("c", &[10.0, 10.1, 10.2], "g=quiet");
    let told = stream.told();
    assert_eq!(told.iter().filter(|line| line.contains("Other")).count(), 1, "{told:?}");
    let other = stream.alerts().into_iter().find(|alert| alert.rule.title == "Other").expect("fired");
    assert!(!other.approximate);
    assert!(stream.correlator.groups_held() <= 51);
}

fn over_budget(groups: usize, entries: usize) -> CorrelatorOptions {
    CorrelatorOptions {
        groups_per_rule: groups,
        entries_per_group: entries,
        seed: Some(3),
        ..CorrelatorOptions::default()
    }
}

/// Fills the ten places of a rule.
fn ten_others(stream: &mut Stream) {
    for group in 0..10 {
        stream.event("a", 0.0, &format!("g=other{group} v=0"));
    }
}

#[test]
fn while_memory_is_scarce_no_more_groups_are_followed() {
    let mut stream = Stream::with(&counted("event_count", "{gte: 3}", ""), over_budget(100_000, 4096));
    let held_after = |stream: &mut Stream, groups: std::ops::Range<usize>| {
        for group in groups {
            stream.event("a", 0.0, &format!("g=of{group}"));
        }
        stream.correlator.groups_held()
    };
    let before = held_after(&mut stream, 0..2_000);
    assert_eq!(before, 2_000);
    stream.correlator.be_sparing(true);
    assert_eq!(held_after(&mut stream, 2_000..4_000), before);
    // Who comes often is found all the same.
    stream.events("a", &[1.0, 2.0, 3.0], "g=often");
    assert_eq!(stream.alerts().len(), 1);
    stream.correlator.be_sparing(false);
    assert!(held_after(&mut stream, 4_000..5_000) > before);
}

#[test]
fn while_memory_is_scarce_incidents_list_fewer_events_and_count_all() {
    let mut stream = Stream::with(&counted("event_count", "{gte: 3}", ""), over_budget(100, 4096));
    let seconds: Vec<f64> = (0..30).map(f64::from).collect();
    stream.correlator.be_sparing(true);
    let updated = stream.events("a", &seconds, "g=x").finish().alerts().pop().cloned().expect("told");
    assert_eq!((updated.count, updated.events.len()), (30, 8));
    assert_eq!(updated.events_omitted, 22);
}

#[test]
fn state_that_is_written_at_once_is_that_which_is_frozen() {
    let mut stream = Stream::with(&counted("event_count", "{gte: 3}", ""), over_budget(100, 4096));
    ten_others(&mut stream);
    stream.events("a", &[1.0, 2.0, 3.0], "g=often");
    let mut written = Vec::new();
    stream.correlator.write_state(&mut written).expect("memory takes all");
    assert_eq!(written, stream.saved());
}

#[test]
fn a_group_without_a_place_for_hundreds_of_events_ends_nothing() {
    let documents = counted("event_count", "{gte: 1000}", "");
    let mut stream = Stream::with(&documents, over_budget(10, 4096));
    let often: Vec<f64> = (0..512).map(|n| f64::from(n) / 100.0).collect();
    for group in 0..10 {
        stream.events("a", &often, &format!("g=other{group}"));
    }
    stream.events("a", &often, "g=x");
    // More than the sketch can count: what it says then must still be added to.
    assert!(stream.correlator.groups_held() <= 10);
    assert!(stream.alerts().iter().all(|alert| alert.approximate));
}

#[test]
fn noise_in_a_group_does_not_hide_its_distinct_values() {
    let documents = counted("value_count", "{gte: 10, field: v}", "");
    let mut stream = Stream::with(&documents, over_budget(10, 50));
    for n in 0..9 {
        let start = f64::from(n) * 5.0;
        stream.event("a", start, &format!("g=x v=victim{n}"));
        let noise: Vec<f64> = (1..100).map(|k| start + f64::from(k) / 100.0).collect();
        stream.events("a", &noise, "g=x v=noise");
    }
    let alerts = stream.alerts();
    assert_eq!(alerts.len(), 1, "nine victims and the noise are ten");
    assert!(alerts[0].approximate);
    let noise: Vec<f64> = (0..5000).map(|k| f64::from(k) / 100.0).collect();
    let mut stream = Stream::with(&documents, over_budget(10, 50));
    for (n, time) in noise.into_iter().enumerate() {
        stream.event("a", time, &format!("g=x v={}", n % 6));
    }
    assert_eq!(stream.told(), Vec::<String>::new(), "six values are not ten");
}

#[test]
fn what_a_group_gave_up_leaves_with_its_window() {
    let documents = counted("value_count", "{gte: 10, field: v}", "");
    let mut stream = Stream::with(&documents, over_budget(10, 50));
    for n in 0..400 {
        stream.event("a", f64::from(n) / 10.0, &format!("g=x v={}", n % 8));
    }
    for n in 0..400 {
        stream.event("a", 200.0 + f64::from(n) / 10.0, &format!("g=x v={}", 8 + n % 8));
    }
    assert_eq!(stream.told(), Vec::<String>::new(), "eight values then, eight others now");
}

#[test]
fn noise_in_a_group_does_not_hide_its_first_step() {
    let mut documents = counted("event_count", "{gte: 1000}", "");
    documents.push("title: T\nname: t\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n  group-by: [g]\n  timespan: 1m\nlevel: high\n".to_owned());
    let mut stream = Stream::with(&documents, over_budget(10, 50));
    stream.event("a", 0.0, "g=x");
    let noise: Vec<f64> = (1..300).map(|n| f64::from(n) / 10.0).collect();
    stream.events("b", &noise, "g=x");
    stream.event("c", 59.0, "g=x");
    assert_eq!(opened(&stream), ["59"]);
    assert!(stream.alerts()[0].approximate);
}

#[test]
fn a_late_event_does_not_hide_a_first_step_that_was_given_up() {
    let mut documents = counted("event_count", "{gte: 1000}", "");
    documents.push("title: T\nname: t\ncorrelation:\n  type: temporal_ordered\n  rules: [a, b, c]\n  group-by: [g]\n  timespan: 1m\nlevel: high\n".to_owned());
    let run = |late: &[f64]| {
        let mut stream = Stream::with(&documents, over_budget(10, 50));
        stream.event("a", 0.0, "g=x");
        let noise: Vec<f64> = (1..300).map(|n| f64::from(n) / 10.0).collect();
        stream.events("b", &noise, "g=x").events("b", late, "g=x");
        let bytes = stream.saved();
        let mut restored = Stream::with(&documents, over_budget(10, 50));
        restored.correlator.restore(&bytes).expect("own bytes");
        restored.seq = stream.seq;
        for stream in [&mut stream, &mut restored] {
            stream.event("c", 59.0, "g=x");
            assert_eq!(opened(stream), ["59"], "{late:?}");
            assert!(stream.alerts()[0].approximate);
        }
    };
    run(&[]);
    run(&[27.05]);
    run(&[28.05, 27.05]);
}

#[test]
fn distinct_values_of_a_group_without_a_place_are_counted_distinctly() {
    let mut stream = Stream::with(&counted("value_count", "{gte: 5, field: v}", ""), over_budget(10, 4096));
    ten_others(&mut stream);
    let many: Vec<f64> = (0..50).map(|n| 1.0 + f64::from(n) / 10.0).collect();
    stream.events("a", &many, "g=busy v=same");
    assert_eq!(stream.told(), Vec::<String>::new(), "fifty events, one value");
    for n in 0..5 {
        stream.event("a", 10.0, &format!("g=attacker v={n}"));
    }
    let alerts = stream.alerts();
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].approximate, alerts[0].group["g"].as_str()), (false, "attacker"));
}

#[test]
fn steps_and_sums_of_a_group_without_a_place_are_not_missed() {
    let mut stream = Stream::with(&counted("temporal", "{gte: 2}", ""), over_budget(10, 4096));
    ten_others(&mut stream);
    stream.events("a", &[1.0, 1.1, 1.2], "g=x");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("b", 2.0, "g=x");
    assert_eq!(opened(&stream), ["2"]);
    let mut stream = Stream::with(&counted("value_sum", "{gt: 100, field: v}", ""), over_budget(10, 4096));
    ten_others(&mut stream);
    stream.events("a", &[1.0, 1.1, 1.2], "g=x v=33");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.event("b", 2.0, "g=x v=1.5");
    assert_eq!(opened(&stream), ["2"]);
}

#[test]
fn a_group_without_a_place_is_heard_by_the_rules_above() {
    let mut documents = counted("event_count", "{gte: 3}", "");
    documents.push("title: Above\nname: above\ncorrelation:\n  type: temporal\n  rules: [r, c]\n  group-by: [g]\n  timespan: 1m\nlevel: high\n".to_owned());
    let mut stream = Stream::with(&documents, over_budget(10, 4096));
    ten_others(&mut stream);
    stream.events("a", &[1.0, 1.1, 1.2], "g=x").event("c", 2.0, "g=x");
    assert_eq!(opened(&stream), ["2"]);
}

/// A flood of invented keys, with some attackers in it.
fn flood(documents: &[String], line: impl Fn(u32) -> String) -> Stream {
    let strangers: u32 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let mut stream = Stream::with(documents, CorrelatorOptions { seed: Some(3), ..Default::default() });
    let every = strangers / 200;
    for n in 0..strangers {
        let time = f64::from(n) * 50.0 / f64::from(strangers);
        stream.event("a", time, &line(n));
        if n % every == 0 {
            // Twenty attackers take turns, ten times each.
            stream.event("a", time, &format!("g=attacker{} v={n}", n / every % 20));
        }
    }
    stream
}

fn attackers(stream: &Stream) -> std::collections::BTreeSet<String> {
    let alerts = stream.alerts();
    assert!(alerts.iter().all(|alert| alert.group["g"].starts_with("attacker")), "no false incident");
    alerts.iter().map(|alert| alert.group["g"].clone()).collect()
}

#[test]
fn a_flood_of_keys_opens_no_false_incident_and_hides_no_attacker() {
    let counted_events = counted("event_count", "{gte: 5}", "");
    let counted_values = counted("value_count", "{gte: 5, field: v}", "");
    for documents in [counted_events, counted_values] {
        let stream = flood(&documents, |n| format!("g=stranger{n} v={n}"));
        assert_eq!(attackers(&stream).len(), 20);
        assert!(stream.correlator.groups_held() <= 16_384);
        let held = stream.saved().len();
        assert!(held < 64_000_000, "{held} bytes");
    }
}

#[test]
fn strangers_who_come_twice_are_worth_less_than_those_who_come_often() {
    let stream = flood(&counted("event_count", "{gte: 5}", ""), |n| format!("g=stranger{} v=x", n / 2));
    assert_eq!(attackers(&stream).len(), 20);
}

#[test]
fn two_replays_say_the_same_also_where_they_estimate() {
    let run = || {
        let options = CorrelatorOptions { replayed: true, seed: None, ..over_budget(50, 16) };
        let mut stream = Stream::with(&counted("value_count", "{gte: 4, field: v}", ""), options);
        let mut state = 1_u64;
        for n in 0..4000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (group, value) = ((state >> 33) % 300, (state >> 50) % 40);
            stream.event("a", f64::from(n) / 50.0, &format!("g={group} v={value}"));
        }
        stream.finish();
        stream.out
    };
    let (first, second) = (run(), run());
    assert!(first.iter().filter(|output| matches!(output, crate::correlate::Output::Alert(_))).count() > 100);
    assert_eq!(first, second);
}

#[test]
fn what_a_timer_fires_is_not_late_for_the_rules_above() {
    let block = "  absent: {after: a, expect: b, within: 10s}\n  lateness: 1s\n";
    let mut documents = counted("temporal", "a and not b", block);
    documents.push("title: Above\nname: above\ncorrelation:\n  type: event_count\n  rules: [r]\n  group-by: [h]\n  timespan: 1m\n  condition: {gte: 2}\nlevel: high\n".to_owned());
    let mut stream = Stream::new(&documents);
    stream.event("a", 0.0, "g=x h=1").event("a", 1.0, "g=y h=1");
    // The stream paused for far longer than any window.
    stream.event("time", 36_000.0, "");
    assert_eq!(opened(&stream), ["11"]);
}

#[test]
fn a_clock_that_jumps_over_decades_costs_no_look_at_each_of_their_minutes() {
    let mut stream = Stream::new(&counted("event_count", "{gte: 2}", "  lateness: 1s\n"));
    // Another log holds the clock back, and one line comes from a device that does not know the year.
    stream.correlator.source_opened(SourceId(1));
    stream.event("a", -50.0 * 365.0 * 86_400.0, "g=old");
    for n in 0..100 {
        stream.event("a", f64::from(n), &format!("g={n}"));
    }
    let before = stream.correlator.timers.made();
    stream.correlator.source_idle(SourceId(1), &mut stream.out);
    assert_eq!(stream.correlator.groups_held(), 62, "those before 38 s are over");
    let looks = stream.correlator.timers.made() - before;
    assert!(looks <= 3, "{looks} looks");
}

#[test]
fn groups_go_in_time_after_a_clock_that_was_wrong_by_years() {
    let mut stream = Stream::new(&counted("event_count", "{gte: 2}", "  lateness: 1s\n"));
    stream.event("a", 3e8, "g=ahead");
    stream.correlator.clock_set_back(at(0.0));
    stream.correlator.forget_sources();
    stream.event("a", 1.0, "g=x").event("a", 2.0, "g=y");
    assert_eq!(stream.correlator.groups_held(), 3);
    stream.event("time", 200.0, "g=z");
    assert_eq!(stream.correlator.groups_held(), 1, "only what is years ahead");
    assert_eq!(stream.correlator.timers.iter().count(), 1);
}

#[test]
fn a_firing_stays_one_whatever_joins_its_time_late() {
    let rule = "title: Counted\nname: counted\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [g]\n  timespan: 10s\n  condition: {gte: 2}\nlevel: high\nsoctop:\n  schema: 1\n  lateness: 3s\n";
    let mut stream = Stream::new(&[detection("a", "low"), rule.to_owned()]);
    stream.events("a", &[20.0, 20.0, 24.0], "g=x");
    // Too late to be looked at, not too late to be held.
    stream.event("a", 20.0, "g=x");
    // So late that it is counted among such alone, beside what is still held.
    stream.event("a", 35.0, "g=y").event("a", 20.0, "g=x").finish();
    let told = stream.told();
    let opened = told.iter().filter(|told| told.contains("open")).count();
    assert_eq!(opened, 1, "{told:?}");
}
