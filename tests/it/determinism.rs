//! The same input gives the same answer: at any speed, and however it is cut into pieces.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers too")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use soctop::correlate::{CorrelationCounters, Correlator, CorrelatorOptions, Output};
use soctop::event::{Chunk, GenerationId, LineSpan, SourceId, Timestamp};
use soctop::normalize;
use soctop::pipeline::{Engine, EngineOptions, Recording, replay};
use soctop::sigma::RuleSet;
use soctop::state::{Ledger, RuleHits};

use super::harness::TestEnv;

/// Failed and successful logins of a few users: locked, unlocked and locked again.
fn logins(seconds: u32) -> String {
    let mut text = String::new();
    for second in 0..seconds {
        let (user, address) = (["alice", "bob", "eve"][second as usize % 3], second % 5);
        let event = if second % 11 == 10 { "login_success" } else { "login_failed" };
        let time = Timestamp::from_seconds(1_772_357_400 + i64::from(second));
        writeln!(
            text,
            r#"{{"timestamp": "{time}", "event": "{event}", "user": "{user}", "client_ip": "203.0.113.{address}"}}"#
        )
        .unwrap();
    }
    text
}

type Chunks = Vec<Result<Chunk, std::io::Error>>;

fn chunks(text: &str, lines_at_once: usize) -> Chunks {
    cut(text, 1, || lines_at_once)
}

/// The lines of a source in chunks of this many lines each.
fn cut(text: &str, source: u32, mut lines_at_once: impl FnMut() -> usize) -> Chunks {
    let lines: Vec<&str> = text.lines().collect();
    let (mut offset, mut first) = (0, 0);
    let mut chunks = Vec::new();
    while first < lines.len() {
        let end = (first + lines_at_once()).min(lines.len());
        let mut chunk = Chunk {
            source: SourceId(source),
            generation: GenerationId(source.into()),
            first_line: first as u64 + 1,
            ..Chunk::default()
        };
        for line in &lines[first..end] {
            let (start, len) = (chunk.bytes.len() as u32, line.len() as u32);
            let disk_len = u64::from(len) + 1;
            chunk.lines.push(LineSpan { start, len, offset, disk_len, cut: false });
            chunk.bytes.extend_from_slice(line.as_bytes());
            offset += disk_len;
        }
        chunks.push(Ok(chunk));
        first = end;
    }
    chunks
}

/// With too little room, so that what is given up must agree as well.
fn replayed(rules: &RuleSet, text: &str, lines_at_once: usize) -> (Vec<Output>, Ledger, CorrelationCounters) {
    replayed_in(2, rules, text, lines_at_once)
}

fn replayed_in(
    groups_per_rule: usize,
    rules: &RuleSet,
    text: &str,
    lines_at_once: usize,
) -> (Vec<Output>, Ledger, CorrelationCounters) {
    let options = EngineOptions {
        routing: false,
        normalize: normalize::Options { max_skew: None, ..normalize::Options::default() },
        correlate: CorrelatorOptions { replayed: true, groups_per_rule, ..CorrelatorOptions::default() },
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(rules, &options);
    assert_eq!(Correlator::check(rules), []);
    let recording = Recording { path: Arc::from("app.log"), chunks: chunks(text, lines_at_once).into_iter() };
    let mut all = Vec::new();
    replay(
        vec![recording],
        &mut engine,
        |_| Ok::<(), std::io::Error>(()),
        |outputs, _| {
            all.extend(outputs);
            Ok(())
        },
    )
    .unwrap();
    engine.take_ledger();
    (all, engine.total_ledger(), engine.correlator().counters())
}

#[test]
fn a_replay_depends_on_nothing_but_its_input() {
    let (rules, _) = super::queries::load();
    let text = logins(400);
    let whole = replayed(&rules, &text, 1_000);
    assert!(whole.0.iter().any(|output| matches!(output, Output::Transition(_))));
    assert!(whole.2.estimated > 0, "{:?}", whole.2);
    for lines_at_once in [1, 7, 64] {
        let cut = replayed(&rules, &text, lines_at_once);
        assert!(cut == whole, "in chunks of {lines_at_once} lines");
    }
}

/// What a replay of several recordings says and counts.
fn merged(
    rules: &RuleSet,
    texts: &[String],
    seed: u64,
    workers: usize,
) -> (Vec<Output>, Ledger, Vec<RuleHits>) {
    let options = EngineOptions {
        routing: true,
        normalize: normalize::Options { max_skew: None, ..normalize::Options::default() },
        correlate: CorrelatorOptions { replayed: true, ..CorrelatorOptions::default() },
        workers: Some(workers),
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(rules, &options);
    let mut random = seed;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (random >> 33) as usize % 200
    };
    let recordings = (1..).zip(texts).map(|(source, text)| Recording {
        path: Arc::from(format!("{source}.log")),
        chunks: cut(text, source, &mut next).into_iter(),
    });
    let mut all = Vec::new();
    let sink = |outputs, _: Option<&_>| {
        all.extend(outputs);
        Ok(())
    };
    replay(recordings.collect(), &mut engine, |_| Ok::<(), std::io::Error>(()), sink).unwrap();
    engine.take_ledger();
    (all, engine.total_ledger(), engine.rule_hits())
}

#[test]
fn a_replay_is_the_same_however_many_threads_help() {
    let (rules, _) = super::queries::load();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut samples: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "log")).collect();
    samples.sort();
    let mut told = 0;
    for (seed, samples) in (1..).zip(samples.chunks(24)) {
        let texts: Vec<String> = samples.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let alone = merged(&rules, &texts, seed, 0);
        told += alone.0.len();
        for workers in [1, 3] {
            assert!(merged(&rules, &texts, seed, workers) == alone, "{workers} threads, {samples:?}");
        }
    }
    assert!(told > 1_000, "{told}");
}

#[test]
fn a_replay_prints_the_same_at_any_speed() {
    let env = TestEnv::new();
    super::harness::append(&env.log("app.log"), &logins(200));
    let printed = |speed: &str| -> Vec<String> {
        let printed = env.stdout_of(&["replay", "--format", "ndjson", "--speed", speed, "logs/app.log"], 0);
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        let mut summary: serde_json::Value = serde_json::from_str(&lines.pop().unwrap()).unwrap();
        let summary_fields = summary.as_object_mut().unwrap();
        summary_fields.remove("elapsed_seconds").unwrap();
        summary_fields.remove("events_per_second").unwrap();
        lines.push(summary.to_string());
        lines
    };
    let fast = printed("max");
    assert!(fast.len() > 3, "{fast:?}");
    assert_eq!(printed("max"), fast);
    assert_eq!(printed("400"), fast);
}

#[test]
fn a_few_forged_times_do_not_blind_a_replay() {
    let (rules, _) = super::queries::load();
    let honest = logins(400);
    let lines: Vec<&str> = honest.lines().collect();
    let forged = r#"{"timestamp": "2036-01-01T00:00:00Z", "event": "login_failed", "user": "mallory"}"#;
    let with_forged =
        |at: usize, times: usize| [&lines[..at], &vec![forged; times], &lines[at..]].concat().join("\n");
    let count = |text: &str, lines_at_once: usize| {
        let (outputs, ledger, counters) = replayed_in(100, &rules, text, lines_at_once);
        let moves = outputs.iter().filter(|output| matches!(output, Output::Transition(_))).count();
        (moves, ledger.future, counters.future, counters.late_ignored)
    };
    let (moves, ..) = count(&honest, 1_000);
    for (at, lines_at_once) in [(100, 1), (100, 101), (100, 1_000), (0, 1), (0, 1_000)] {
        for times in [1, 2, 4] {
            let text = with_forged(at, times);
            let forged = (moves, times as u64, times as u64, 0);
            assert_eq!(count(&text, lines_at_once), forged, "{times} at {at} in chunks of {lines_at_once}");
        }
    }
    // A pause is no forgery: what comes after it goes on from there.
    let later = honest.replace("2026-03-01T", "2026-03-02T");
    assert_eq!(count(&format!("{honest}{later}"), 1_000).1, 0);
}

#[test]
fn lines_before_the_first_time_stand_at_it() {
    let (rules, _) = super::queries::load();
    let banner = "Starting\nSuspicious pattern in URL\n";
    let times = |text: &str, lines_at_once: usize| -> BTreeSet<Timestamp> {
        let alerts = replayed(&rules, text, lines_at_once).0.into_iter();
        let times = alerts.filter_map(|output| match output {
            Output::Alert(alert) => Some(alert.window.start),
            _ => None,
        });
        times.collect()
    };
    let timed = format!("{banner}{}", logins(1));
    let first = Timestamp::from_seconds(1_772_357_400);
    for lines_at_once in [1, 1_000] {
        assert_eq!(times(&timed, lines_at_once).first(), Some(&first), "in chunks of {lines_at_once}");
    }
    // Where there is no time at all, nothing is made up.
    assert_eq!(times(banner, 1_000), BTreeSet::from([Timestamp::MIN]));
}
