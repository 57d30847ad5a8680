//! What the engine hands over, whatever order its workers and the sources keep. The clock stands where it is set.

use crossbeam_channel::bounded;
use proptest::prelude::*;

use super::super::engine::EngineOptions;
use super::super::memory::MemoryBudget;
use super::*;
use crate::event::{GenerationId, LineSpan, MILLISECOND};
use crate::sigma::RuleSet;

/// An engine with two workers, and what it hands over.
struct Simulated {
    thread: EngineThread,
    batches: Receiver<Batch>,
    now: Timestamp,
    /// When how many lines came to the engine.
    heard: Vec<(Timestamp, usize)>,
    /// Arrivals of the events of all batches so far.
    stored: Vec<Timestamp>,
    offsets: [u64; 3],
}

/// What happens next.
#[derive(Clone, Debug)]
enum Happens {
    /// A source says this many lines, which happened so many seconds ago.
    Lines { source: usize, lines: usize, age_seconds: i64 },
    /// Time passes.
    Wait { millis: i64 },
    /// One result of the workers is taken.
    Taken,
    /// The state of detection is saved.
    Saved,
    /// A file that was read before is gone, which may be said while lines wait.
    Gone,
    /// A source has grown, and was not read.
    Grown { source: usize },
}

impl Simulated {
    fn new() -> Self {
        let now = Timestamp::from_seconds(1_800_000_000);
        let engine = Engine::new(&RuleSet::default(), &EngineOptions::default());
        let (batches, handed_over) = bounded(10_000);
        let (notices, _) = bounded(1);
        let channels = Channels {
            sources: never(),
            reports: never(),
            rules: never(),
            batches,
            recycled: never(),
            notices,
            remarks: None,
            snapshots: Arc::default(),
            decisions: Arc::default(),
        };
        let conditions = Conditions {
            clock: Clock::scaled(now, 0.0),
            timers: TimerPolicy::WhenIdle,
            memory: MemoryWatch::new(MemoryBudget::of(None)),
        };
        let thread = EngineThread::new(engine, String::new(), State::new(), channels, conditions)
            .with(Crew::unwatched(2).expect("threads"));
        Self { thread, batches: handed_over, now, heard: Vec::new(), stored: Vec::new(), offsets: [0; 3] }
    }

    fn happens(&mut self, what: &Happens) {
        match *what {
            Happens::Lines { source, lines, age_seconds } => {
                while self.thread.backlog.as_ref().is_some_and(Backlog::is_full) {
                    self.thread.go_on();
                }
                let chunk = self.chunk(source, lines, self.now.seconds() - age_seconds);
                self.heard.push((self.now, lines));
                self.thread.hear(SourceMessage::Lines(chunk));
            }
            Happens::Wait { millis } => {
                self.now = self.now.plus(millis * MILLISECOND);
                self.thread.clock = Clock::scaled(self.now, 0.0);
            }
            Happens::Taken if !self.thread.is_idle() => self.thread.go_on(),
            Happens::Taken => {}
            Happens::Saved => self.thread.save_detection(),
            Happens::Gone => self.thread.hear(SourceMessage::Gone(GenerationId(9))),
            Happens::Grown { source } => {
                let grown = SourceMessage::Grown { source: source_id(source), size: u64::MAX / 2 };
                self.thread.hear(grown);
            }
        }
    }

    fn chunk(&mut self, source: usize, lines: usize, seconds: i64) -> Chunk {
        let line = format!("{{\"timestamp\":{seconds},\"level\":\"info\",\"message\":\"x\"}}\n");
        let line = line.as_bytes();
        let length = line.len() as u64;
        let offset = self.offsets[source];
        let span = |number: u64| LineSpan {
            start: (number * length) as u32,
            len: length as u32 - 1,
            offset: offset + number * length,
            disk_len: length,
            cut: false,
        };
        self.offsets[source] += lines as u64 * length;
        Chunk {
            source: source_id(source),
            generation: GenerationId(source as u64 + 1),
            bytes: line.repeat(lines),
            lines: (0..lines as u64).map(span).collect(),
            cursor: Cursor { end: self.offsets[source], ..Cursor::default() },
            ..Chunk::default()
        }
    }

    /// After every batch a commit is possible. What it would call complete is there.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for batch in self.batches.try_iter() {
            self.stored
                .extend(batch.chunks.iter().flat_map(|chunk| &chunk.events).map(|event| event.meta.ingested));
            let arrived = self.heard.iter().filter(|(at, _)| *at < batch.read_to);
            let arrived: usize = arrived.map(|(_, lines)| lines).sum();
            let stored = self.stored.iter().filter(|at| **at < batch.read_to).count();
            prop_assert_eq!(stored, arrived, "complete to {} at {}", batch.read_to, self.now);
            // The state of detection that may be saved with it knows of these events and no others.
            prop_assert_eq!(self.stored.len() as u64, batch.next_seq);
        }
        Ok(())
    }
}

fn source_id(source: usize) -> SourceId {
    SourceId(source as u32)
}

fn happening() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0_usize..3, prop_oneof![Just(1), Just(FEW_LINES), Just(FEW_LINES * 2)], 0_i64..4)
            .prop_map(|(source, lines, age_seconds)| Happens::Lines { source, lines, age_seconds }),
        4 => (0_i64..3_000).prop_map(|millis| Happens::Wait { millis }),
        3 => Just(Happens::Taken),
        2 => Just(Happens::Saved),
        1 => Just(Happens::Gone),
        1 => (0_usize..3).prop_map(|source| Happens::Grown { source }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However late the workers are, whatever else is handed over meanwhile: everything that arrived before the time
    /// up to which the index calls itself complete is in it.
    #[test]
    fn complete_to_is_never_later_than_the_truth(steps in prop::collection::vec(happening(), 1..60)) {
        let mut simulated = Simulated::new();
        for step in &steps {
            simulated.happens(step);
            simulated.check()?;
        }
        simulated.thread.catch_up();
        simulated.check()?;
        let heard: usize = simulated.heard.iter().map(|(_, lines)| lines).sum();
        prop_assert_eq!(simulated.stored.len(), heard);
    }
}

/// What each batch holds of chunks of these ages that wait one behind the other.
fn chunks_by_batch(ages_seconds: &[i64]) -> Vec<usize> {
    let mut simulated = Simulated::new();
    for age_seconds in ages_seconds.iter().copied() {
        simulated.happens(&Happens::Lines { source: 0, lines: FEW_LINES, age_seconds });
    }
    simulated.thread.catch_up();
    simulated.batches.try_iter().map(|batch| batch.chunks.len()).filter(|chunks| *chunks > 0).collect()
}

#[test]
fn chunks_that_come_late_and_those_behind_them_are_one_batch() {
    assert_eq!(chunks_by_batch(&[0, 0, 0]), [1, 1, 1]);
    assert_eq!(chunks_by_batch(&[0, 5, 3]), [1, 2]);
}
