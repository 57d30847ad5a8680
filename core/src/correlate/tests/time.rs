//! Time goes on, whatever single sources do: a simulated day of sources that are busy, burst, end, lag, say
//! nothing, stop and come back, against what a list of all their events says is due, and when.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::harness::{START, Stream, detection};
use crate::alert::AlertStatus;
use crate::correlate::{CorrelatorOptions, Output};
use crate::event::{SourceId, Timestamp};

const TENTH: i64 = 100_000_000;
const SECOND: i64 = 10 * TENTH;
const LATENESS: i64 = 3 * SECOND;
const WITHIN: i64 = 20 * SECOND;
const SPAN: i64 = 10 * SECOND;
const LOCKED: i64 = 15 * SECOND;
const PATIENCE: i64 = 10 * SECOND;
/// From one look at the clock to the next, and what a source needs to say that it has told all.
const PAUSE: i64 = 3 * TENTH;

fn documents() -> Vec<String> {
    let block = |keys: &str| format!("soctop:\n  schema: 1\n  lateness: 3s\n{keys}");
    let counted = |title: &str, name: &str, of: &str, block: &str| {
        format!(
            "title: {title}\nname: {name}\ncorrelation:\n  type: event_count\n  rules: [{of}]\n  group-by: [g]\n  timespan: 10s\n  condition: {{gte: 1}}\nlevel: high\n{block}"
        )
    };
    vec![
        detection("a", "low"),
        detection("b", "low"),
        detection("c", "low"),
        detection("d", "low"),
        format!(
            "title: Absent\nname: absent\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  group-by: [g]\n  timespan: 20s\n  condition: a and not b\nlevel: high\n{}",
            block("  absent: {after: a, expect: b, within: 20s}\n")
        ),
        counted("Counted", "counted", "c", &block("")),
        counted(
            "Locked",
            "lock",
            "d",
            &block(
                "  states: {initial: open, on: [open > firing > locked], timeout: [locked 15s open], alert: [locked]}\n",
            ),
        ),
    ]
}

/// What a source does.
#[derive(Clone, Debug)]
struct Habit {
    /// Tenths of a second in which it writes, of this many.
    writes: u8,
    of: u8,
    /// Silent from this tenth to that one.
    stops: i64,
    resumes: i64,
    /// Its clock, behind the wall clock.
    lag: i64,
    /// It says when it has told all; standard input does not.
    tells: bool,
}

fn habit() -> impl Strategy<Value = Habit> {
    let kinds = prop_oneof![
        Just((1_u8, 1_u8, 10_000_i64, 10_000_i64)),           // busy
        Just((3, 40, 10_000, 10_000)),                        // bursts
        (0_i64..400).prop_map(|stops| (1, 3, stops, 10_000)), // ends
        (0_i64..200, 200_i64..500).prop_map(|(stops, resumes)| (1, 4, stops, resumes)),
        Just((0, 1, 0, 10_000)), // never says anything
    ];
    let lag = prop_oneof![3 => Just(0_i64), 1 => (60_i64..4_000).prop_map(|seconds| seconds * SECOND)];
    (kinds, lag, any::<bool>()).prop_map(|((writes, of, stops, resumes), lag, tells)| Habit {
        writes,
        of,
        stops,
        resumes,
        lag,
        // Without that nobody can tell a clock that lags from much to read.
        tells: tells || lag > 0,
    })
}

impl Habit {
    fn writes_at(&self, tenth: i64) -> bool {
        let speaks = tenth < self.stops || tenth >= self.resumes;
        speaks && tenth % i64::from(self.of) < i64::from(self.writes)
    }

    /// Which rule its line matches, if any.
    fn matches(&self, source: usize, tenth: i64) -> &'static str {
        const LINES: [&str; 12] = ["a", "x", "x", "c", "x", "d", "x", "x", "b", "x", "x", "x"];
        let step = (tenth * 7 + source as i64 * 5).rem_euclid(211) as usize;
        LINES.get(step).copied().unwrap_or("x")
    }
}

/// What is to be told of a source, and its event time.
type Due = (&'static str, usize, i64);

struct Simulation {
    stream: Stream,
    habits: Vec<Habit>,
    wall: i64,
    /// All that matched: source, rule, event time.
    written: Vec<(usize, &'static str, i64)>,
    /// When each thing was told.
    told: BTreeMap<Due, i64>,
}

impl Simulation {
    fn new(habits: &[Habit]) -> Self {
        let options = CorrelatorOptions { seed: Some(1), idle_after: PATIENCE, ..Default::default() };
        let stream = Stream::with(&documents(), options);
        let wall = START * SECOND;
        let mut all =
            Self { stream, habits: habits.to_vec(), wall, written: Vec::new(), told: BTreeMap::new() };
        for source in 0..habits.len() {
            all.stream.correlator.source_opened(SourceId(source as u32));
            // An old line stands in each file.
            all.line(source, "x", wall - 3_600 * SECOND);
            all.has_told_all(source);
        }
        all.wall += 2 * PATIENCE;
        all.look();
        all
    }

    fn line(&mut self, source: usize, rule: &'static str, time: i64) {
        let mut record = self.stream.record(rule, 0.0, &format!("g=g{source}"));
        record.time = Some(Timestamp(time));
        record.ingested = Timestamp(self.wall);
        record.source = SourceId(source as u32);
        self.stream.correlator.observe(&record, &mut self.stream.out);
        self.written.push((source, rule, time));
        self.note();
    }

    fn has_told_all(&mut self, source: usize) {
        if self.habits[source].tells {
            self.stream.correlator.source_idle(SourceId(source as u32), &mut self.stream.out);
            self.note();
        }
    }

    fn look(&mut self) {
        self.stream.correlator.advance(Timestamp(self.wall), &mut self.stream.out);
        self.note();
    }

    fn run(&mut self, tenths: i64) {
        for tenth in 0..tenths {
            self.wall += TENTH;
            for source in 0..self.habits.len() {
                let habit = self.habits[source].clone();
                if habit.writes_at(tenth) {
                    self.line(source, habit.matches(source, tenth), self.wall - habit.lag);
                    self.has_told_all(source);
                }
            }
            self.look();
        }
    }

    fn note(&mut self) {
        for output in std::mem::take(&mut self.stream.out) {
            let (what, group, time) = match &output {
                Output::Alert(alert) => match (alert.rule.title.as_str(), alert.status) {
                    ("Absent", AlertStatus::Open | AlertStatus::Update) => {
                        ("absent", &*alert.group, alert.time)
                    }
                    ("Counted", AlertStatus::Close) => ("closed", &*alert.group, alert.time),
                    _ => continue,
                },
                Output::Transition(moved) if moved.to == "open" => ("unlocked", &moved.group, moved.time),
                _ => continue,
            };
            let source =
                group["g"].trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
            self.told.entry((what, source, time.0)).or_insert(self.wall);
        }
    }

    /// What the events say is due, with the slack that each kind may have.
    fn due(&self) -> Vec<(Due, i64)> {
        let mut due = Vec::new();
        for source in 0..self.habits.len() {
            let times = |rule: &str| -> Vec<i64> {
                let own = self.written.iter().filter(|(from, of, _)| *from == source && *of == rule);
                own.map(|(_, _, time)| *time).collect()
            };
            let expected = times("b");
            // One incident as long as it is open: its beginning is what is told.
            let mut open_until = i64::MIN;
            for after in times("a") {
                let end = after + WITHIN;
                if expected.iter().any(|time| (after..=end).contains(time)) {
                    continue;
                }
                if end > open_until {
                    due.push((("absent", source, end), LATENESS));
                }
                open_until = end + WITHIN;
            }
            due.extend(ends(&times("c"), SPAN).map(|end| (("closed", source, end), LATENESS)));
            due.extend(unlocked(&times("d")).map(|end| (("unlocked", source, end), 0)));
        }
        due
    }
}

/// When quiet times of this length are over after some times.
fn ends(times: &[i64], quiet: i64) -> impl Iterator<Item = i64> {
    let next = times.iter().skip(1).copied().chain([i64::MAX]);
    times
        .iter()
        .zip(next)
        .filter(move |(time, next)| *time + quiet < *next)
        .map(move |(time, _)| time + quiet)
}

/// A lock begins with the first event that finds it open.
fn unlocked(times: &[i64]) -> impl Iterator<Item = i64> {
    let mut until = i64::MIN;
    times.iter().filter_map(move |time| {
        let locks = *time >= until;
        until = if locks { *time + LOCKED } else { until };
        locks.then_some(until)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_fires_early_and_nothing_later_than_it_may(habits in prop::collection::vec(habit(), 1..8)) {
        let mut simulation = Simulation::new(&habits);
        simulation.run(1_200);
        let (wall, mut known) = (simulation.wall, simulation.told.clone());
        for (due, lateness) in simulation.due() {
            let (_, source, time) = due;
            let habit = &habits[source];
            let told = known.remove(&due);
            // By the clock of its source.
            let (earliest, latest) = (time + habit.lag, time + habit.lag + lateness + PAUSE + silence(&habits));
            match told {
                Some(told) => {
                    prop_assert!(told >= earliest, "{due:?} {} ns early", earliest - told);
                    prop_assert!(told <= latest, "{due:?} {} ns late, {habits:?}", told - latest);
                }
                None => prop_assert!(wall < latest, "{due:?} was not told, {habits:?}"),
            }
        }
        prop_assert!(known.is_empty(), "told without a reason: {known:?}");
    }
}

/// How long a source that does not say that it has told all may hold the others back: as long as patience asks.
fn silence(habits: &[Habit]) -> i64 {
    if habits.iter().all(|habit| habit.tells) { 0 } else { PATIENCE + 4 * TENTH }
}

#[test]
fn a_recording_that_has_ended_holds_back_no_other() {
    let mut stream = Stream::new(&documents());
    let mut told = Vec::new();
    let record = |stream: &mut Stream, rule: &str, second: f64, source: u32| {
        let mut record = stream.record(rule, second, "g=g0");
        record.source = SourceId(source);
        stream.correlator.reach(record.ingested, &mut stream.out);
        stream.correlator.observe(&record, &mut stream.out);
    };
    record(&mut stream, "a", 0.0, 0);
    for second in 1..60 {
        record(&mut stream, "x", f64::from(second), 1);
        if told.is_empty() && !stream.alerts().is_empty() {
            told.push(second);
        }
    }
    assert_eq!(told, [24], "20 s, and 3 s for what may come late");
}
