//! What several streams write.

use super::harness::{Stream, detection};

/// Times at which incidents opened.
fn opened(stream: &Stream) -> Vec<String> {
    let lines = stream.told();
    lines.iter().filter_map(|line| line.strip_prefix("open ")?.split(' ').next().map(str::to_owned)).collect()
}

/// Rule `a` counts once per `id` and `g`.
fn once() -> Vec<String> {
    let mut counted = detection("a", "low");
    counted += "soctop:\n  schema: 1\n  once_per: {fields: [id, g], within: 2s}\n";
    let rule = "title: R\nname: r\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [g]\n  timespan: 1m\n  condition: {gte: 3}\nlevel: high\n";
    vec![counted, rule.to_owned()]
}

#[test]
fn a_fact_that_several_streams_write_counts_once() {
    let mut stream = Stream::new(&once());
    let streams = ["app.log", "security.log", "stdout"];
    stream.copies("a", 0.0, &streams, "g=x id=1").copies("a", 5.0, &streams, "g=x id=2");
    assert_eq!(opened(&stream), Vec::<String>::new());
    stream.copies("a", 9.0, &streams, "g=x id=3");
    assert_eq!(opened(&stream), ["9"]);
    assert_eq!(stream.correlator.counters().copies, 6);
    stream.finish();
    assert!(stream.told().iter().all(|line| line.contains(" x3 ")), "{:?}", stream.told());
}

#[test]
fn a_request_that_two_loggers_of_one_file_tell_counts_once() {
    let mut stream = Stream::new(&once());
    for (second, id) in [(0.0, 1), (5.0, 2), (9.0, 3)] {
        for logger in ["middleware", "access"] {
            let request = "url.path=/login http.response.status_code=401";
            stream.event("a", second, &format!("g=x id={id} log.logger={logger} {request}"));
        }
        assert_eq!(opened(&stream).len(), usize::from(id == 3), "{id}");
    }
    assert_eq!(stream.correlator.counters().copies, 3);
}

#[test]
fn what_loggers_tell_otherwise_all_counts() {
    for request in ["", " url.path=/login", " url.path=/login/{} http.response.status_code=401"] {
        let mut stream = Stream::new(&once());
        for (second, logger) in [(0.0, "plain"), (0.1, "ldap"), (0.2, "oauth")] {
            let request = request.replace("{}", logger);
            stream.event("a", second, &format!("g=x id=constant log.logger={logger}{request}"));
        }
        assert_eq!(opened(&stream), ["0.2"], "{request}");
    }
}

#[test]
fn a_constant_id_hides_nothing() {
    let mut stream = Stream::new(&once());
    stream.events("a", &[0.0, 0.1, 0.2], "g=x id=constant");
    assert_eq!(opened(&stream), ["0.2"]);
}

#[test]
fn a_copy_that_knows_more_is_not_held_back() {
    let mut stream = Stream::new(&once());
    for (second, id) in [(0.0, 1), (1.0, 2), (2.0, 3)] {
        stream.copies("a", second, &["stdout"], &format!("id={id}"));
        stream.copies("a", second, &["app.log"], &format!("g=x id={id}"));
    }
    assert_eq!(opened(&stream), ["2"]);
}

#[test]
fn what_counts_once_survives_a_restart() {
    let mut first = Stream::new(&once());
    first.copies("a", 0.0, &["app.log"], "g=x id=1").copies("a", 1.0, &["app.log"], "g=x id=2");
    let saved = first.saved();
    let mut second = Stream::new(&once());
    second.correlator.restore(&saved).expect("the state can be read");
    assert_eq!(second.saved(), saved);
    second.seq = first.seq;
    second.copies("a", 1.0, &["stdout"], "g=x id=2");
    assert_eq!(opened(&second), Vec::<String>::new());
    second.copies("a", 1.5, &["stdout"], "g=x id=3");
    assert_eq!(opened(&second), ["1.5"]);
}

#[test]
fn one_id_in_common_is_enough() {
    let mut stream = Stream::new(&once());
    for (second, id) in [(0.0, 1), (5.0, 2), (9.0, 3)] {
        stream.copies("a", second, &["proxy.log"], &format!("g=x id=own{id} id={id}"));
        stream.copies("a", second + 0.1, &["app.log"], &format!("g=x id={id}"));
        assert_eq!(opened(&stream).len(), usize::from(id == 3), "{id}");
    }
    assert_eq!(stream.correlator.counters().copies, 3);
}
