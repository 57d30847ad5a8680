//! The exchange itself, without files and threads.

use super::*;
use crate::event::{GenerationId, Outcome, Record, Redacted, SourceId, Timestamp};
use crate::normalize::{Redaction, Redactor};
use crate::pipeline::Line;
use crate::sigma::{LoadOptions, assemble, parse_documents};

/// One rule that counts failures of a user, and one that never changes.
fn rules(count: u32) -> RuleSet {
    let counting = |name: &str, count: u32| {
        format!(
            "---\ntitle: {name}\nname: {name}\ncorrelation:\n  type: event_count\n  rules: [failed]\n  \
             group-by: [user.name]\n  timespan: 10m\n  condition: {{gte: {count}}}\nlevel: high\n"
        )
    };
    let failed = "title: failed\nname: failed\nlogsource: {category: application}\ndetection:\n  \
                  s: {event: failed}\n  condition: s\n";
    let text = failed.to_owned() + &counting("changing", count) + &counting("steady", 6);
    let (documents, diagnostics) = parse_documents("rules.yml", &text);
    assert_eq!(diagnostics, []);
    assemble(documents, &LoadOptions::default()).0
}

/// A running engine, with all it has read.
struct Running {
    engine: Engine,
    tail: Tail,
    path: Arc<str>,
    read: Vec<Record>,
}

impl Running {
    fn new(rules: &RuleSet) -> Self {
        let engine = Engine::new(rules, &EngineOptions::default());
        Self { engine, tail: Tail::default(), path: "app.log".into(), read: Vec::new() }
    }

    /// One more failure; returns the alerts.
    fn fail(&mut self) -> Vec<String> {
        let number = self.read.len() as u64;
        let time = Timestamp::from_seconds(1_800_000_000 + number as i64);
        let text = format!(r#"{{"timestamp":"{time}","event":"failed","user":{{"name":"ann"}}}}"#);
        let line = Line {
            bytes: text.as_bytes(),
            cut: false,
            source: SourceId(1),
            path: &self.path,
            generation: GenerationId::default(),
            offset: number * 100,
            number,
            lines: 1,
            read_at: time,
        };
        let mut event = Event::default();
        assert_ne!(self.engine.line(&line, &mut event), Outcome::Blank);
        let mut redactor = Redactor::new(self.engine.paths(), Redaction::default());
        let redacted = Redacted::by(&mut redactor, event.clone());
        self.read.push(Record::from_event(&redacted, &self.path, &self.engine.paths().read()));
        self.tail.keep(&[event], &self.path);
        told(&self.engine.take_outputs())
    }

    /// Other rules, which have seen what was read before event `recalled_to`.
    fn prepare(&self, rules: &RuleSet, recalled_to: usize) -> Prepared {
        let (paths, seeds) = (self.engine.paths().clone(), self.engine.correlator().seeds());
        let mut engine = Engine::hot_reloaded(rules, &EngineOptions::default(), paths, seeds);
        for record in &self.read[..recalled_to] {
            engine.recall(record, &mut Event::default());
        }
        let (done, _) = bounded(1);
        let report = RuleReport::default();
        Prepared { engine, recalled_to: recalled_to as u64, fingerprint: String::new(), report, done }
    }

    fn exchange(&mut self, mut prepared: Prepared) -> (Vec<String>, String) {
        let (change, sentence) = exchange(&mut self.engine, &mut prepared, &mut self.tail);
        (told(&change.told), sentence)
    }
}

/// Alerts as `title xcount`.
fn told(outputs: &[Output]) -> Vec<String> {
    let alerts = outputs.iter().filter_map(|output| match output {
        Output::Alert(alert) => Some(format!("{} x{}", alert.rule.title, alert.count)),
        _ => None,
    });
    alerts.collect()
}

#[test]
fn every_rule_has_seen_every_event_once() {
    let mut running = Running::new(&rules(20));
    running.fail();
    running.fail();
    running.tail.begin();
    running.fail();
    running.fail();
    // The index has one of the copies already.
    let prepared = running.prepare(&rules(5), 3);
    let (told, sentence) = running.exchange(prepared);
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(sentence, "rules reloaded: 1 changed; 3 run");
    assert_eq!(running.fail(), ["changing x5"]);
    assert_eq!(running.fail(), ["steady x6"]);
}

#[test]
fn what_the_new_rules_find_is_told_with_the_exchange() {
    let mut running = Running::new(&rules(20));
    running.tail.begin();
    running.fail();
    running.fail();
    let prepared = running.prepare(&rules(2), 0);
    assert_eq!(running.exchange(prepared).0, ["changing x2"]);
    assert_eq!(running.fail(), Vec::<String>::new(), "one more of an incident that is open");
}

#[test]
fn a_saved_state_of_before_or_after_the_exchange_can_be_restored() {
    let mut running = Running::new(&rules(20));
    running.tail.begin();
    for _ in 0..4 {
        running.fail();
    }
    let before = running.engine.save();
    let prepared = running.prepare(&rules(6), 0);
    running.exchange(prepared);
    let after = running.engine.save();
    for (saved, expected) in [(before, vec!["steady x6"]), (after, vec!["changing x6", "steady x6"])] {
        let mut again = Running::new(&rules(6));
        again.read = running.read.clone();
        let mut bytes = Vec::new();
        saved.write(&mut bytes).expect("memory takes all");
        again.engine.restore(&bytes).expect("a snapshot");
        again.engine.continue_at(4);
        again.fail();
        let mut told = again.fail();
        told.sort();
        assert_eq!(told, expected);
    }
}

#[test]
fn what_rules_did_is_counted_for_correlations_too_and_across_an_exchange() {
    let mut running = Running::new(&rules(2));
    let hits = |running: &Running| -> Vec<_> {
        let hits = running.engine.rule_hits();
        hits.iter().map(|hit| (hit.rule.title.clone(), hit.matches, hit.alerts)).collect()
    };
    for _ in 0..4 {
        running.fail();
    }
    let expected = [("failed".to_owned(), 4, 0), ("changing".to_owned(), 0, 1)];
    assert_eq!(hits(&running), expected, "one incident, whatever becomes of it");
    running.tail.begin();
    let prepared = running.prepare(&rules(3), 4);
    running.exchange(prepared);
    running.fail();
    running.fail();
    assert_eq!(hits(&running)[0], ("failed".to_owned(), 6, 0));
    assert_eq!(hits(&running)[2], ("steady".to_owned(), 0, 1));
}

#[test]
fn only_the_newest_events_are_copied() {
    let mut tail = Tail::default();
    let path: Arc<str> = "app.log".into();
    let event = |seq: usize| {
        let mut event = Event::default();
        event.meta.seq = seq as u64;
        event
    };
    tail.keep(&[event(0)], &path);
    assert!(tail.kept.is_none(), "nothing is copied before somebody asks");
    tail.begin();
    for seq in 0..RECALLED_EVENTS + 5 {
        tail.keep(&[event(seq)], &path);
    }
    let kept = tail.kept.expect("copies");
    assert_eq!((kept.len(), kept[0].0.meta.seq), (RECALLED_EVENTS, 5));
}

#[test]
fn copies_take_a_bounded_number_of_bytes_and_what_is_missing_is_said() {
    let mut running = Running::new(&rules(20));
    running.tail.begin();
    running.fail();
    let mut event = Event::default();
    event.reset(&"x".repeat(1 << 20));
    for seq in 1..100 {
        event.meta.seq = seq;
        running.tail.keep(&[event.clone()], &running.path);
    }
    let kept = running.tail.kept.as_ref().expect("copies");
    assert!(kept.iter().map(|(event, _)| event.size()).sum::<usize>() <= RECALLED_BYTES);
    assert_eq!((kept.len(), kept[0].0.meta.seq), (63, 37));
    // The index has the first ten of those that are not there any more.
    let prepared = Prepared { recalled_to: 10, ..running.prepare(&rules(5), 0) };
    let (_, sentence) = running.exchange(prepared);
    assert_eq!(
        sentence,
        "rules reloaded: 1 changed; 3 run; new rules have not seen the 27 events that came in between"
    );
    assert_eq!(running.tail.bytes, 0);
}
