//! A state ends when its service has said, not when the rule's own timer has run out.

use super::harness::{Stream, at, detection};

const LOCKOUT: &str = "title: Locked
name: lockout
logsource: {product: app}
detection:
  s: {e: locked}
  condition: s
level: high
soctop:
  schema: 1
  show: '{user.name} is locked[ until {said_until}]'
  alert: {group-by: [user.name]}
  states:
    board: lockout
    initial: free
    on: ['* > firing > locked', locked > unlocked > free]
    timeout: locked 15m free
    alert: locked
    logged: [lockout, unlocked]
    entity: user.name
";

fn rules() -> [String; 3] {
    [LOCKOUT.to_owned(), detection("unlocked", "low"), detection("other", "low")]
}

fn stream() -> Stream {
    Stream::new(&rules())
}

/// Fields of an event that says when what it begins is over.
fn until(seconds: f64) -> String {
    format!("user.name=alice soctop.fact.until={}", at(seconds))
}

#[test]
fn a_state_ends_when_its_service_says_sooner_or_later_than_the_timer() {
    for end in [60.0, 3600.0] {
        let mut stream = stream();
        stream.event("lockout", 0.0, &until(end));
        // Neither is over before: the one that is later has outlived the timer.
        stream.event("other", end - 1.0, "").event("other", end + 1.0, "");
        assert_eq!(
            stream.moves(),
            [format!("0 alice free>locked {end} logged"), format!("{end} alice locked>free - logged")]
        );
    }
}

#[test]
fn what_is_told_names_the_end_and_what_it_ended_in() {
    let mut stream = stream();
    stream.event("lockout", 0.0, &until(60.0)).event("other", 100.0, "");
    assert_eq!(
        stream.told()[..2],
        ["open 0 x1 high alice is locked until 22:14:20 UTC", "close 60 x1 high alice is locked (now free)"]
    );
    let mut stream = self::stream();
    stream.event("lockout", 0.0, &until(86_400.0));
    assert_eq!(stream.told(), ["open 0 x1 high alice is locked until 2023-11-15 22:13:20 UTC"]);
}

#[test]
fn what_has_no_end_lasts_until_somebody_lifts_it() {
    let mut stream = stream();
    stream.event("lockout", 0.0, "user.name=alice soctop.fact.until=never");
    stream.event("other", 1e6, "").event("unlocked", 2e6, "user.name=alice");
    assert_eq!(stream.moves(), ["0 alice free>locked - logged", "2000000 alice locked>free - logged"]);
    assert_eq!(stream.told()[0], "open 0 x1 high alice is locked until further notice");
}

#[test]
fn what_is_said_once_more_without_an_end_keeps_the_one_that_was_said() {
    let mut stream = stream();
    stream.event("lockout", 0.0, &until(60.0)).event("lockout", 30.0, "user.name=alice");
    stream.event("lockout", 40.0, &until(90.0)).event("other", 2000.0, "");
    let ends: Vec<String> = stream.moves();
    assert_eq!(
        ends,
        [
            "0 alice free>locked 60 logged",
            "40 alice locked>locked 90 logged",
            "90 alice locked>free - logged"
        ]
    );
}

#[test]
fn an_end_that_comes_after_its_beginning_counts() {
    let mut stream = stream();
    stream.event("lockout", 0.0, "user.name=alice").event("lockout", 0.5, &until(60.0));
    stream.event("other", 100.0, "");
    assert_eq!(stream.moves()[1..], ["0.5 alice locked>locked 60 logged", "60 alice locked>free - logged"]);
    // The same, read in the other order.
    let mut stream = self::stream();
    stream.event("lockout", 0.5, &until(60.0)).event("lockout", 0.0, "user.name=alice");
    stream.event("other", 100.0, "");
    assert_eq!(stream.moves().last().expect("moves"), "60 alice locked>free - logged");
}

#[test]
fn an_end_beyond_belief_is_none() {
    for end in [-5.0, 0.0, 400.0 * 86_400.0] {
        let mut stream = stream();
        stream.event("lockout", 0.0, &until(end));
        assert_eq!(stream.moves(), ["0 alice free>locked 900 logged"]);
    }
}

#[test]
fn an_end_outlives_a_restart() {
    let mut before = stream();
    before.event("lockout", 0.0, &until(3600.0));
    let bytes = before.saved();
    let mut after = stream();
    assert_eq!(after.correlator.restore(&bytes).expect("own bytes"), 0);
    after.seq = before.seq;
    after.event("other", 1800.0, "").event("lockout", 2000.0, "user.name=alice").event("other", 4000.0, "");
    assert_eq!(after.moves(), ["3600 alice locked>free - logged"]);
}
