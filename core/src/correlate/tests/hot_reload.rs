//! Rules that change under a running stream.

use super::harness::{Stream, detection};
use crate::correlate::{HotReload, Output};

/// `count` failures of one user within a minute.
fn guessing(name: &str, count: u32) -> String {
    format!(
        "title: Guessing {name}\nname: {name}\ncorrelation:\n  type: event_count\n  rules: [failed]\n  \
         group-by: [user.name]\n  timespan: 1m\n  condition: {{gte: {count}}}\nlevel: high\n"
    )
}

/// `failed` has the number of its field behind that of another rule's: evidence must be renumbered.
fn with_more_fields(documents: &[String]) -> Vec<String> {
    let first = detection("aaa", "low") + "soctop:\n  schema: 1\n  alert: {group-by: [host.name]}\n";
    std::iter::once(first).chain(documents.iter().cloned()).collect()
}

/// Both see the events; the new rules as their history.
fn both(old: &mut Stream, new: &mut Stream, rule: &str, seconds: &[f64], fields: &str) {
    old.events(rule, seconds, fields);
    new.events(rule, seconds, fields);
}

/// The new rules take over; what they said of their history is not heard.
fn hand_over(mut old: Stream, new: &mut Stream) -> HotReload {
    new.out.clear();
    let mut change = new.correlator.hot_reload(&mut old.correlator);
    new.out.append(&mut change.told);
    change
}

#[test]
fn a_rule_with_the_same_text_counts_on() {
    let rules = [detection("failed", "low"), guessing("guess", 5)];
    let mut old = Stream::new(&rules);
    old.events("failed", &[0.0, 1.0, 2.0], "user.name=alice");
    let mut new = Stream::new(&with_more_fields(&rules));
    new.seq = old.seq;
    let change = hand_over(old, &mut new);
    assert_eq!((change.kept, change.added, change.changed, change.removed), (2, 1, 0, 0));
    new.events("failed", &[3.0, 4.0], "user.name=alice");
    assert_eq!(new.told(), ["open 4 x5 high Guessing guess: alice"]);
    assert_eq!(new.alerts()[0].events.len(), 5, "the evidence of before the change is there");
}

#[test]
fn a_changed_rule_finds_in_its_history_what_is_open_and_says_only_what_is_new() {
    let mut old = Stream::new(&[detection("failed", "low"), guessing("guess", 3)]);
    let mut new = Stream::new(&[detection("failed", "low"), guessing("guess", 2)]);
    both(&mut old, &mut new, "failed", &[0.0, 1.0, 2.0], "user.name=alice");
    both(&mut old, &mut new, "failed", &[3.0, 4.0], "user.name=bob");
    let known = old.alerts()[0].alert_id;
    let change = hand_over(old, &mut new);
    assert_eq!((change.kept, change.changed), (1, 1));
    assert_eq!(new.told(), ["open 4 x2 high Guessing guess: bob"], "alice was told of before");
    let standing: Vec<_> = change.standing.iter().filter_map(alert_id).collect();
    assert!(standing.contains(&known), "alice's incident goes on under its id");
    new.out.clear();
    new.event("failed", 5.0, "user.name=alice");
    assert_eq!(new.told(), Vec::<String>::new(), "one more of an open incident");
    new.correlator.advance(super::harness::at(1000.0), &mut new.out);
    let closed: Vec<_> = new.alerts().iter().map(|alert| alert.alert_id).collect();
    assert!(closed.contains(&known), "{:?}", new.told());
}

fn alert_id(output: &Output) -> Option<crate::alert::AlertId> {
    match output {
        Output::Alert(alert) => Some(alert.alert_id),
        _ => None,
    }
}

#[test]
fn what_a_changed_rule_does_not_find_again_is_closed_and_so_is_what_a_removed_one_left() {
    let mut old = Stream::new(&[detection("failed", "low"), guessing("guess", 3), guessing("gone", 2)]);
    let mut new = Stream::new(&[detection("failed", "low"), guessing("guess", 10)]);
    both(&mut old, &mut new, "failed", &[0.0, 1.0, 2.0], "user.name=alice");
    let change = hand_over(old, &mut new);
    assert_eq!(new.told(), ["close 2 x3 high Guessing gone: alice", "close 2 x3 high Guessing guess: alice"]);
    assert_eq!((change.changed, change.removed), (1, 1));
    assert_eq!(change.void, ["guess", "gone"]);
    assert_eq!(new.correlator.risks(super::harness::at(3.0), 0.0), []);
}

#[test]
fn incidents_of_history_that_are_over_are_not_told() {
    let rules = [detection("failed", "low")];
    let mut old = Stream::new(&rules);
    let mut new = Stream::new(&[detection("failed", "low"), guessing("guess", 2)]);
    both(&mut old, &mut new, "failed", &[0.0, 1.0], "user.name=alice");
    old.correlator.advance(super::harness::at(500.0), &mut old.out);
    hand_over(old, &mut new);
    assert_eq!(new.told(), Vec::<String>::new());
    assert_eq!(new.correlator.groups_held(), 0, "its window is empty by now");
}

#[test]
fn risk_is_that_of_the_rules_that_run() {
    let risky = |name: &str, points: u32| {
        detection(name, "low")
            + &format!(
                "soctop:\n  schema: 1\n  risk: {{entity: [source.ip], points: {points}, half_life: 1h}}\n"
            )
    };
    let mut old = Stream::new(&[risky("kept", 10), risky("changed", 20), risky("gone", 40)]);
    let mut new = Stream::new(&with_more_fields(&[risky("kept", 10), risky("changed", 5)]));
    both(&mut old, &mut new, "kept", &[0.0], "source.ip=203.0.113.9");
    both(&mut old, &mut new, "changed", &[0.0], "source.ip=203.0.113.9");
    old.event("gone", 0.0, "source.ip=203.0.113.9");
    hand_over(old, &mut new);
    let risks = new.correlator.risks(super::harness::at(0.0), 0.0);
    let scores: Vec<(&str, f64)> = risks.iter().map(|risk| (risk.entity.as_str(), risk.score)).collect();
    assert_eq!(scores, [("203.0.113.9", 15.0)]);
}

#[test]
fn a_changed_machine_stands_as_its_history_says() {
    let lockout = |minutes: u32| {
        guessing("guess", 2)
            + &format!(
                "soctop:\n  schema: 1\n  states:\n    board: lockout\n    initial: free\n    on: [free > firing > locked]\n    \
                 timeout: locked {minutes}m free\n    alert: locked\n    entity: user.name\n"
            )
    };
    let mut old = Stream::new(&[detection("failed", "low"), lockout(15)]);
    let mut new = Stream::new(&[detection("failed", "low"), lockout(30)]);
    both(&mut old, &mut new, "failed", &[0.0, 1.0], "user.name=alice");
    assert_eq!(old.moves(), ["1 alice free>locked 901 inferred"]);
    let change = hand_over(old, &mut new);
    assert_eq!(new.told(), Vec::<String>::new());
    let ends: Vec<_> = change
        .standing
        .iter()
        .filter_map(|output| match output {
            Output::Transition(transition) => Some((transition.to.as_str(), transition.until)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [("locked", Some(super::harness::at(1801.0)))]);
}

#[test]
fn counts_of_what_was_left_out_never_shrink() {
    let mut old = Stream::new(&[detection("failed", "low"), guessing("gone", 3)]);
    old.event("failed", 0.0, "");
    let before = old.correlator.counters();
    assert_eq!(before.keyless, 1);
    let mut new = Stream::new(&[detection("failed", "low")]);
    hand_over(old, &mut new);
    assert_eq!(new.correlator.counters(), before);
}

#[test]
fn an_end_that_was_said_outlives_other_rules() {
    let rules = |other: &str| {
        [
            detection("failed", "low"),
            "title: Locked\nname: locked\nlogsource: {product: app}\ndetection:\n  s: {e: locked}\n  condition: s\nlevel: high\n\
             soctop:\n  schema: 1\n  alert: {group-by: [user.name]}\n  states:\n    board: lockout\n    initial: free\n    \
             on: ['* > firing > locked']\n    timeout: locked 15m free\n    alert: locked\n    logged: locked\n    \
             entity: user.name\n"
                .to_owned(),
            detection(other, "low"),
        ]
    };
    let (mut old, mut new) = (Stream::new(&rules("one")), Stream::new(&with_more_fields(&rules("another"))));
    let end = super::harness::at(3600.0);
    old.event("locked", 0.0, &format!("user.name=alice soctop.fact.until={end}"));
    new.seq = old.seq;
    hand_over(old, &mut new);
    new.event("failed", 5000.0, "");
    assert_eq!(new.moves(), ["3600 alice locked>free - logged"]);
}
