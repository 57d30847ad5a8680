use super::harness::{Stream, at, detection};
use crate::alert::{AlertKind, AlertStatus};
use crate::correlate::Output;

fn bruteforce(block: &str) -> Vec<String> {
    vec![
        detection("failed", "low"),
        detection("passed", "informational"),
        detection("locked", "medium"),
        format!(
            "title: Many failures\nname: many\ncorrelation:\n  type: event_count\n  rules: [failed]\n  group-by: [user.name]\n  timespan: 1m\n  condition: {{gte: 3}}\nlevel: high\n{block}"
        ),
    ]
}

#[test]
fn one_incident_opens_is_counted_and_closes() {
    let mut stream =
        Stream::new(&bruteforce("soctop: {schema: 1, show: '{user.name} from {source.ip} x{count}'}\n"));
    stream.events("failed", &[0.0, 1.0, 2.0, 3.0, 4.0], "user.name=Alice source.ip=192.0.2.1");
    assert_eq!(stream.told(), ["open 2 x3 high Alice from 192.0.2.1 x3"]);
    stream.event("passed", 200.0, "user.name=bob");
    insta::assert_debug_snapshot!(stream.told()[..2], @r#"
    [
        "open 2 x3 high Alice from 192.0.2.1 x3",
        "close 64 x5 high Alice from 192.0.2.1 x5",
    ]
    "#);
    let alert = stream.alerts()[1].clone();
    assert_eq!(alert.kind, AlertKind::Correlation);
    assert_eq!(alert.group.get("user.name").map(String::as_str), Some("Alice"));
    assert_eq!((alert.window.start, alert.window.end), (at(0.0), at(4.0)));
    assert_eq!(alert.events.len(), 5);
    assert_eq!(alert.source.expect("of a file").line, 3, "the line that fired it");
}

#[test]
fn groups_are_one_without_case() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.event("failed", 0.0, "user.name=Alice");
    stream.event("failed", 1.0, "user.name=ALICE");
    stream.event("failed", 2.0, "user.name=alice");
    assert_eq!(stream.told(), ["open 2 x3 high Many failures: Alice"]);
}

#[test]
fn an_event_counts_once_however_many_of_the_rules_it_matches() {
    let mut documents = bruteforce("");
    documents[3] = documents[3].replace("rules: [failed]", "rules: [failed, locked]");
    let mut stream = Stream::new(&documents);
    for second in 0..4 {
        let mut record = stream.record("failed", f64::from(second), "user.name=alice");
        record.rules.extend(stream.rules.find("locked"));
        stream.correlator.observe(&record, &mut stream.out);
    }
    stream.finish();
    let counts: Vec<u64> = stream
        .alerts()
        .iter()
        .filter(|alert| alert.rule.title == "Many failures")
        .map(|alert| alert.count)
        .collect();
    assert_eq!(counts, [3, 4]);
}

#[test]
fn a_firing_counts_once_in_the_rules_above_though_a_late_event_changes_it() {
    let mut documents = bruteforce("");
    documents.push("title: Above\nname: above\ncorrelation:\n  type: event_count\n  rules: [many]\n  group-by: [source.ip]\n  timespan: 1m\n  condition: {gte: 1}\nlevel: high\n".to_owned());
    let mut stream = Stream::new(&documents);
    stream.events("failed", &[0.0, 2.0, 3.0, 1.0, 0.5], "user.name=alice source.ip=192.0.2.1");
    stream.finish();
    let last = stream.alerts().pop().expect("alerts").clone();
    assert_eq!(last.count, 3, "firings at 1, 2 and 3");
}

#[test]
fn an_event_that_completes_a_window_late_opens_the_incident_at_its_time() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.events("failed", &[0.0, 50.0, 65.0, 20.0], "user.name=alice");
    assert_eq!(stream.told(), ["open 50 x3 high Many failures: alice"]);
    stream.finish();
    assert_eq!(stream.told()[1..], ["update 65 x4 high Many failures: alice"]);
}

#[test]
fn events_beyond_lateness_and_window_count_among_themselves() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.event("failed", 1000.0, "user.name=alice");
    stream.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    assert_eq!(stream.told(), ["open 2 x3 high Many failures: alice"]);
    let counters = stream.correlator.counters();
    assert_eq!((counters.late, counters.late_ignored), (3, 3));
    assert_eq!(stream.correlator.late_events(), 3);
}

#[test]
fn an_event_from_the_future_neither_moves_time_nor_clears_anything() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.events("failed", &[0.0, 1.0], "user.name=alice");
    let mut future = stream.record("failed", 1e8, "user.name=mallory");
    future.ingested = at(1.5);
    stream.correlator.observe(&future, &mut stream.out);
    stream.event("failed", 2.0, "user.name=alice");
    assert_eq!(stream.told(), ["open 2 x3 high Many failures: alice"]);
    assert_eq!(stream.correlator.counters().future, 1);
    assert_eq!(stream.correlator.watermark(), at(2.0));
}

#[test]
fn an_event_without_time_is_detected_but_not_correlated() {
    let mut stream = Stream::new(&bruteforce(""));
    for _ in 0..5 {
        let mut record = stream.record("failed", 1.0, "user.name=alice");
        record.time = None;
        stream.correlator.observe(&record, &mut stream.out);
        let mut record = stream.record("locked", 1.0, "user.name=alice");
        record.time = None;
        stream.correlator.observe(&record, &mut stream.out);
    }
    assert_eq!(stream.told(), ["open 1 x1 medium locked: alice"]);
    assert_eq!(stream.correlator.counters().timeless, 10);
}

#[test]
fn a_missing_group_value_is_left_out_and_counted() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.events("failed", &[0.0, 1.0, 2.0], "source.ip=192.0.2.1");
    assert_eq!(stream.told(), Vec::<String>::new());
    assert_eq!(stream.correlator.counters().keyless, 3);
}

#[test]
fn updates_come_at_ten_and_hundred_times_the_first_count() {
    let mut stream = Stream::new(&bruteforce(""));
    let times: Vec<f64> = (0..400).map(|n| f64::from(n) / 10.0).collect();
    stream.events("failed", &times, "user.name=alice");
    let counts: Vec<u64> = stream.alerts().iter().map(|alert| alert.count).collect();
    assert_eq!(counts, [3, 30, 300]);
    stream.finish();
    let last = stream.alerts().pop().expect("alerts").clone();
    assert_eq!(last.count, 400);
    assert_eq!((last.events.len(), last.events_omitted), (20, 380));
}

#[test]
fn a_plain_match_is_an_incident_of_the_first_default_key_present() {
    let mut stream = Stream::new(&[detection("probe", "medium")]);
    stream.event("probe", 0.0, "source.ip=192.0.2.1 service.name=web");
    stream.event("probe", 1.0, "source.ip=192.0.2.1 service.name=api");
    stream.event("probe", 2.0, "service.name=api");
    stream.event("probe", 3.0, "");
    assert_eq!(
        stream.told(),
        ["open 0 x1 medium probe: 192.0.2.1", "open 2 x1 medium probe: api", "open 3 x1 medium probe"]
    );
    stream.event("other", 400.0, "");
    assert_eq!(stream.told()[3], "close 301 x2 medium probe: 192.0.2.1");
}

#[test]
fn a_rule_that_feeds_a_correlation_is_silent_unless_generated() {
    let mut quiet = Stream::new(&bruteforce(""));
    quiet.event("failed", 0.0, "user.name=alice");
    assert!(quiet.out.is_empty());
    let mut documents = bruteforce("");
    documents[3] = documents[3].replace("correlation:\n", "generate: true\ncorrelation:\n");
    let mut loud = Stream::new(&documents);
    loud.event("failed", 0.0, "user.name=alice");
    assert_eq!(loud.told(), ["open 0 x1 low failed: alice"]);
}

#[test]
fn suppression_and_hysteresis_hold_back_a_second_incident() {
    let block = "soctop: {schema: 1, alert: {close_after: 10s, suppress: 2m}}\n";
    let mut stream = Stream::new(&bruteforce(block));
    stream.events("failed", &[0.0, 1.0, 2.0, 100.0, 101.0, 102.0, 200.0, 201.0, 202.0], "user.name=alice");
    assert_eq!(
        stream.told(),
        [
            "open 2 x3 high Many failures: alice",
            "close 12 x3 high Many failures: alice",
            "open 202 x3 high Many failures: alice"
        ]
    );
    let block = "soctop: {schema: 1, lateness: 1s, alert: {close_after: 10s, rearm_below: 2}}\n";
    let mut stream = Stream::new(&bruteforce(block));
    stream.events("failed", &[0.0, 1.0, 2.0, 20.0, 30.0, 40.0, 300.0, 301.0, 302.0], "user.name=alice");
    let opened: Vec<String> = stream.told().into_iter().filter(|line| line.starts_with("open")).collect();
    assert_eq!(opened.len(), 2, "{opened:?}");
    assert!(opened[1].starts_with("open 302"), "{opened:?}");
}

#[test]
fn a_repeat_offender_raises_the_level() {
    let block = "soctop: {schema: 1, escalate: {after: 2, within: 1d, level: critical}}\n";
    let mut stream = Stream::new(&bruteforce(block));
    stream.events("failed", &[0.0, 1.0, 2.0, 1000.0, 1001.0, 1002.0], "user.name=alice");
    stream.event("failed", 2000.0, "user.name=bob");
    assert_eq!(
        stream.told(),
        [
            "open 2 x3 high Many failures: alice",
            "close 62 x3 high Many failures: alice",
            "open 1002 x3 critical Many failures: alice",
            "close 1062 x3 critical Many failures: alice",
        ]
    );
}

#[test]
fn alert_ids_depend_on_rule_text_group_and_time_only() {
    let run = |block: &str, seed: u64| {
        let options = crate::correlate::CorrelatorOptions { seed: Some(seed), ..Default::default() };
        let mut stream = Stream::with(&bruteforce(block), options);
        stream.events("failed", &[0.0, 1.0, 2.0, 1000.0, 1001.0, 1002.0], "user.name=Alice");
        let opened = stream.alerts().into_iter().filter(|alert| alert.status == AlertStatus::Open);
        opened.map(|alert| alert.alert_id).collect::<Vec<_>>()
    };
    let ids = run("", 1);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids, run("", 2));
    assert_ne!(ids, run("description: changed\n", 1));
}

const LOCKOUT: &str = "soctop:
  schema: 1
  show: '{user.name} is {state}, {count} failures'
  reset_on: passed
  states:
    board: lockout
    initial: normal
    on: [normal > firing > locked, locked > passed > normal, '* > locked > locked']
    timeout: locked 15m normal
    alert: locked
    logged: [locked, passed]
    entity: user.name
  risk: {points: 20, entity: source.ip}
";

#[test]
fn a_lockout_locks_by_inference_and_expires_by_timer() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.events("failed", &[0.0, 1.0, 2.0, 3.0], "user.name=alice source.ip=192.0.2.1");
    assert_eq!(stream.moves(), ["2 alice normal>locked 902 inferred"]);
    stream.event("failed", 1000.0, "user.name=bob");
    assert_eq!(stream.moves()[1..], ["902 alice locked>normal - inferred"]);
    assert_eq!(
        stream.told(),
        ["open 2 x3 high alice is locked, 3 failures", "close 902 x4 high alice is normal, 4 failures"]
    );
    assert_eq!(stream.alerts()[0].kind, AlertKind::State);
    assert!(stream.out.iter().any(|output| matches!(output, Output::Risk(risk) if risk.score == 20.0)));
}

#[test]
fn the_word_of_the_service_confirms_what_was_inferred() {
    let told = |block: &str, order: [(&str, f64); 4]| {
        let mut stream = Stream::new(&bruteforce(block));
        for (name, time) in order {
            stream.event(name, time, "user.name=alice");
        }
        (stream.moves(), stream.told())
    };
    let block = LOCKOUT.replace("    entity:", "    inferred: medium\n    entity:");
    let (moves, alerts) = told(&block, [("failed", 0.0), ("failed", 1.0), ("failed", 2.0), ("locked", 10.0)]);
    assert_eq!(moves, ["2 alice normal>locked 902 inferred", "10 alice locked>locked 910 logged"]);
    assert_eq!(
        alerts,
        [
            "open 2 x3 medium alice is locked, 3 failures",
            "update 10 x4 high alice is locked, 4 failures (now high)"
        ]
    );
    // Written late, as by another stream.
    let (moves, alerts) = told(&block, [("failed", 0.0), ("failed", 1.0), ("failed", 2.0), ("locked", 1.5)]);
    assert_eq!(moves.last().unwrap(), "2 alice locked>locked 901.5 logged");
    assert!(alerts.last().unwrap().contains("high alice is locked"), "{alerts:?}");
}

#[test]
fn a_state_that_is_said_again_lasts_longer_and_is_told_once() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.event("locked", 0.0, "user.name=alice").event("locked", 60.0, "user.name=alice");
    assert_eq!(stream.moves(), ["0 alice normal>locked 900 logged", "60 alice locked>locked 960 logged"]);
    assert_eq!(stream.told().len(), 1);
    stream.event("failed", 2000.0, "user.name=bob");
    assert_eq!(stream.moves()[2..], ["960 alice locked>normal - inferred"]);
    assert!(stream.told()[1].starts_with("close 960 "));
}

#[test]
fn the_word_of_the_service_ends_a_state() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.event("locked", 0.0, "user.name=alice");
    stream.event("passed", 60.0, "user.name=alice");
    assert_eq!(stream.moves(), ["0 alice normal>locked 900 logged", "60 alice locked>normal - logged"]);
    assert_eq!(stream.told().len(), 2);
}

#[test]
fn a_state_that_is_entered_again_and_again_waits_with_one_timer() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    for n in 0..500 {
        let time = f64::from(n) / 10.0;
        stream.event("locked", time, "user.name=alice").event("passed", time + 0.05, "user.name=alice");
    }
    let waiting = stream.correlator.timers.iter().count();
    assert!(waiting < 20, "{waiting} timers");
    stream.event("locked", 60.0, "user.name=alice").event("failed", 2000.0, "user.name=bob");
    let last = stream.moves().pop().expect("moves");
    assert_eq!(last, "960 alice locked>normal - inferred");
}

#[test]
fn a_success_resets_the_count() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.events("failed", &[0.0, 1.0], "user.name=alice");
    stream.event("passed", 2.0, "user.name=alice");
    stream.events("failed", &[3.0, 4.0], "user.name=alice");
    assert!(stream.out.is_empty(), "{:?}", stream.told());
    stream.event("failed", 5.0, "user.name=alice");
    assert_eq!(stream.moves(), ["5 alice normal>locked 905 inferred"]);
}

#[test]
fn a_late_success_corrects_the_board() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.events("failed", &[0.0, 1.0, 3.0], "user.name=alice");
    stream.event("passed", 4.0, "user.name=alice");
    stream.event("locked", 3.5, "user.name=alice");
    assert_eq!(
        stream.moves(),
        ["3 alice normal>locked 903 inferred", "4 alice locked>normal - logged"],
        "the late line changes nothing after the success"
    );
}

#[test]
fn risk_adds_up_to_its_cap_and_halves() {
    let mut rule = detection("probe", "low");
    rule.push_str("soctop: {schema: 1, alert: false, risk: {points: 30, entity: source.ip, half_life: 10m, cap: 50, alert_at: 40}}\n");
    let mut stream = Stream::new(&[rule]);
    stream.events("probe", &[0.0, 0.0, 0.0], "source.ip=192.0.2.1");
    let scores: Vec<f64> = stream
        .out
        .iter()
        .filter_map(|output| match output {
            Output::Risk(risk) => Some(risk.score),
            _ => None,
        })
        .collect();
    assert_eq!(scores, [30.0, 50.0, 50.0]);
    let listed = stream.correlator.risks(at(600.0), 1.0);
    assert_eq!((listed[0].entity.as_str(), listed[0].score), ("192.0.2.1", 25.0));
    assert_eq!(stream.told(), ["open 0 x1 low risk of 192.0.2.1 reached 50"]);
    stream.event("other", 3600.0, "");
    assert!(stream.told()[1].starts_with("close 900"), "{:?}", stream.told());
}

#[test]
fn a_flapping_breaker_raises_its_incident() {
    let documents = [
        detection("opened", "high"),
        detection("closed", "informational"),
        "title: Breaker\nname: breaker\ncorrelation:\n  type: event_count\n  rules: [opened]\n  group-by: [name]\n  timespan: 10m\n  condition: {gte: 1}\nlevel: medium\nsoctop:\n  schema: 1\n  states:\n    board: breaker\n    initial: closed\n    on: ['* > opened > open', '* > closed > closed']\n    timeout: open 30s half_open\n    alert: [open, half_open]\n    logged: [opened, closed]\n    flapping: {entries: 3, within: 10m}\n".to_owned(),
    ];
    let mut stream = Stream::new(&documents);
    for round in 0..3 {
        let start = f64::from(round) * 20.0;
        stream.event("opened", start, "name=db");
        stream.event("closed", start + 10.0, "name=db");
    }
    let levels: Vec<String> =
        stream.alerts().iter().map(|alert| format!("{:?} {}", alert.status, alert.rule.level)).collect();
    assert_eq!(
        levels,
        [
            "Open medium",
            "Close medium",
            "Open medium",
            "Close medium",
            "Open medium",
            "Update high",
            "Close high"
        ]
    );
    stream.event("opened", 100.0, "name=db");
    stream.event("opened", 200.0, "name=web");
    assert_eq!(stream.moves().iter().rev().nth(1).expect("moves"), "130 db open>half_open - inferred");
}

#[test]
fn what_the_service_does_not_say_is_a_finding() {
    let block = LOCKOUT.replace("    entity:", "    disagree_after: 1m\n    entity:");
    let mut stream = Stream::new(&bruteforce(&block));
    stream.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    stream.event("failed", 200.0, "user.name=bob");
    let told = stream.told();
    assert!(
        told.iter().any(|line| line.starts_with("open 62") && line.contains("has not said so")),
        "{told:?}"
    );
    let mut stream = Stream::new(&bruteforce(&block));
    stream.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    stream.event("locked", 3.0, "user.name=alice");
    stream.event("failed", 200.0, "user.name=bob");
    assert!(!stream.told().iter().any(|line| line.contains("has not said so")), "{:?}", stream.told());
}

#[test]
fn a_service_that_ends_an_inferred_state_early_is_a_finding() {
    let block = LOCKOUT.replace("    entity:", "    disagree_after: 1h\n    entity:");
    let mut stream = Stream::new(&bruteforce(&block));
    stream.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    stream.event("passed", 60.0, "user.name=alice");
    let told = stream.told();
    assert!(
        told.iter().any(|line| line.starts_with("open 60") && line.contains("the service says otherwise")),
        "{told:?}"
    );
    let mut stream = Stream::new(&bruteforce(&block));
    stream.event("locked", 0.0, "user.name=alice").event("passed", 60.0, "user.name=alice");
    assert!(!stream.told().iter().any(|line| line.contains("says otherwise")), "its own word both times");
}

#[test]
fn a_breaker_of_each_dependency_has_its_own_threshold_and_timer() {
    let breaker = |name: &str, failures: u8, open: &str| {
        format!(
            "title: Breaker {name}\nname: breaker_{name}\ncorrelation:\n  type: event_count\n  rules: [{name}_failed]\n  group-by: [name]\n  timespan: 1m\n  condition: {{gte: {failures}}}\nlevel: high\nsoctop:\n  schema: 1\n  reset_on: {name}_worked\n  states:\n    board: breaker\n    initial: closed\n    on: [closed > firing > open, half_open > {name}_failed > open, half_open > {name}_worked > closed]\n    timeout: open {open} half_open\n    alert: [open, half_open]\n"
        )
    };
    let detections = ["db_failed", "db_worked", "ai_failed", "ai_worked"].map(|name| detection(name, "low"));
    let mut documents = detections.to_vec();
    documents.extend([breaker("db", 3, "30s"), breaker("ai", 5, "60s")]);
    let mut stream = Stream::new(&documents);
    for second in [0.0, 1.0, 2.0, 3.0, 4.0] {
        stream.event("db_failed", second, "name=db").event("ai_failed", second, "name=ai");
    }
    // Each is probed after its own time: one fails again, the other has recovered.
    stream.event("db_failed", 40.0, "name=db").event("ai_worked", 70.0, "name=ai");
    stream.event("db_worked", 80.0, "name=db");
    assert_eq!(
        stream.moves(),
        [
            "2 db closed>open 32 inferred",
            "4 ai closed>open 64 inferred",
            "32 db open>half_open - inferred",
            "40 db half_open>open 70 inferred",
            "64 ai open>half_open - inferred",
            "70 ai half_open>closed - inferred",
            "70 db open>half_open - inferred",
            "80 db half_open>closed - inferred",
        ]
    );
}

#[test]
fn risk_of_several_tactics_weighs_more() {
    let rule = |name: &str, tag: &str| {
        let block =
            "soctop: {schema: 1, alert: false, risk: {points: 10, entity: source.ip, tactics: true}}\n";
        format!("{}tags: [{tag}, attack.t1110]\n{block}", detection(name, "low"))
    };
    let mut stream =
        Stream::new(&[rule("scan", "attack.discovery"), rule("guess", "attack.credential-access")]);
    for name in ["scan", "scan", "guess"] {
        stream.event(name, 0.0, "source.ip=192.0.2.1");
    }
    let points = stream.out.iter().filter_map(|output| match output {
        Output::Risk(risk) => Some(risk.points),
        _ => None,
    });
    assert_eq!(points.collect::<Vec<_>>(), [10.0, 10.0, 20.0]);
}

#[test]
fn a_timer_of_an_idle_stream_runs_by_the_clock() {
    let mut stream = Stream::new(&bruteforce(LOCKOUT));
    stream.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    stream.correlator.advance(at(300.0), &mut stream.out);
    assert_eq!(stream.moves().len(), 1);
    stream.correlator.advance(at(902.0), &mut stream.out);
    assert_eq!(stream.moves()[1..], ["902 alice locked>normal - inferred"]);
}

#[test]
fn an_informational_match_enriches_and_raises_nothing_unless_asked() {
    let mut stream = Stream::new(&[detection("login", "informational")]);
    stream.event("login", 0.0, "user.name=alice");
    assert!(stream.out.is_empty());
    let asked = detection("login", "informational") + "soctop: {schema: 1, alert: {close_after: 1m}}\n";
    let mut stream = Stream::new(&[asked]);
    stream.event("login", 0.0, "user.name=alice");
    assert_eq!(stream.told(), ["open 0 x1 informational login: alice"]);
}

/// Statuses, times and counts of what was told of the bruteforce rule.
fn said(stream: &Stream) -> Vec<String> {
    let own = stream.told();
    own.iter().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn another_value_of_a_detail_is_told_in_an_open_incident() {
    let mut stream = Stream::new(&bruteforce("soctop: {schema: 1, show: '{user.name} from {source.ip}'}\n"));
    stream.events("failed", &[0.0, 1.0, 2.0, 3.0], "user.name=alice source.ip=192.0.2.1");
    stream.event("failed", 4.0, "user.name=alice source.ip=198.51.100.7 event.outcome=success");
    stream.event("failed", 5.0, "user.name=ALICE source.ip=198.51.100.7 event.outcome=success");
    assert_eq!(stream.told()[1..], ["update 4 x5 high alice from 198.51.100.7 (also address 198.51.100.7)"]);
    stream.event("failed", 6.0, "user.name=alice source.ip=198.51.100.7 event.outcome=failure");
    assert_eq!(stream.told()[2..], ["update 6 x7 high alice from 198.51.100.7 (also event.outcome failure)"]);
}

#[test]
fn ten_times_as_many_are_told_with_words_of_their_own() {
    let mut stream = Stream::new(&bruteforce(""));
    let times: Vec<f64> = (0..30).map(f64::from).collect();
    stream.events("failed", &times, "user.name=alice");
    assert_eq!(stream.told()[1..], ["update 29 x30 high Many failures: alice (now 30 events)"]);
}

#[test]
fn what_comes_after_a_quiet_time_is_another_incident_however_late_that_is_noticed() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.events("failed", &[0.0, 1.0, 2.0, 70.0, 71.0, 72.0], "user.name=alice");
    assert_eq!(said(&stream), ["open 2 x3"], "an event between may still come");
    stream.event("passed", 93.0, "user.name=bob");
    assert_eq!(said(&stream), ["open 2 x3", "close 62 x3", "open 72 x3"]);
    stream.event("passed", 300.0, "user.name=bob");
    assert_eq!(said(&stream)[3..], ["close 132 x3"]);
}

#[test]
fn two_halves_of_one_episode_join_when_the_event_between_comes() {
    let mut stream = Stream::new(&bruteforce(""));
    stream.events("failed", &[0.0, 1.0, 2.0, 70.0, 71.0, 72.0, 50.0], "user.name=alice");
    stream.event("passed", 93.0, "user.name=bob");
    assert_eq!(said(&stream), ["open 2 x3"]);
    stream.event("passed", 300.0, "user.name=bob");
    assert_eq!(said(&stream)[1..], ["close 132 x7"]);
}

proptest::proptest! {
    #![proptest_config(super::recompute::config())]

    #[test]
    fn the_number_of_incidents_does_not_depend_on_the_order_of_arrival(
        times in proptest::collection::vec(0_u32..6_000, 0..60),
        delays in proptest::collection::vec(0_u32..290, 60),
    ) {
        let mut sorted: Vec<(u32, u32)> = times.iter().copied().zip(delays).collect();
        sorted.sort_unstable();
        let mut jittered = sorted.clone();
        jittered.sort_by_key(|(time, delay)| time + delay);
        let opened = |order: &[(u32, u32)]| {
            let mut stream = Stream::new(&bruteforce(""));
            for (time, _) in order {
                stream.event("failed", f64::from(*time) / 10.0, "user.name=alice");
            }
            stream.event("passed", 2_000.0, "user.name=bob");
            let ends = stream.alerts().into_iter().filter(|alert| alert.status == AlertStatus::Close);
            ends.map(|alert| (alert.window.start, alert.window.end)).collect::<Vec<_>>()
        };
        proptest::prop_assert_eq!(opened(&sorted), opened(&jittered));
    }
}
