//! A file to counted alerts in one thread: read a line, decode, match, correlate in event time, count.
//!
//! ```text
//! cargo bench --no-default-features --bench one_thread -- RULES EVENTS [normalised] [routed] [firings | matches] [digest] [snapshot] [instructions] [100]
//! ```
//!
//! One configuration a process, so that peak memory is its own. Without `normalised` rules see the
//! fields as they stand in the lines and event time is read from `timestamp`; with it events go
//! through normalisation like in the program. With `firings` raw matches and firings are counted
//! instead of alerts: nothing is late, nothing forgotten. With `matches` it ends before correlation. `digest`
//! hashes all that is said, so that two states can be compared. `snapshot` stores the state of detection at the end.
//! `instructions` asks for no CPU time: for `valgrind --tool=callgrind`, which knows no clock of the kernel. Every rule sees every event unless `routed` is said. A number takes a fair sample of this many rules.

#![expect(clippy::print_stdout, reason = "a report on standard output")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use soctop::alert::AlertStatus;
use soctop::correlate::{Correlator, CorrelatorOptions, Output};
use soctop::decode::Decoder;
use soctop::detect::{Extractor, MatchRecord, Matcher, MatcherOptions};
use soctop::event::stamp::{Completion, parse};
use soctop::event::{Event, GenerationId, PathId, Paths, SourceId, TimeQuality, Timestamp};
use soctop::normalize::{Normalizer, Options};
use soctop::sigma::{Document, LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use clock::cpu_time;

mod clock;

/// The program's allocator, as the program's own path has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes read at once; no line may be longer.
const CHUNK: usize = 1 << 18;

/// Events that are matched before they are correlated: few enough to stay in the first caches, enough
/// that looking at the clock costs nothing.
const BATCH: usize = 16;

fn main() {
    // cargo adds `--bench`
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [rules, events, words @ ..] = arguments.as_slice() else {
        println!("one_thread: nothing to measure; name RULES and EVENTS");
        return;
    };
    let word = |word: &str| words.iter().any(|other| other == word);
    let shape = Shape {
        normalised: word("normalised"),
        routed: word("routed"),
        firings: word("firings"),
        matches: word("matches"),
        digest: word("digest"),
        snapshot: word("snapshot"),
    };
    let now = || if word("instructions") { Duration::ZERO } else { cpu_time() };
    let start = now();
    let count = words.iter().find_map(|word| word.parse().ok()).unwrap_or(usize::MAX);
    let mut worker = Worker::new(&load(Path::new(rules), count), shape);
    let loading = now().saturating_sub(start);

    let start = now();
    let lines = worker.run(Path::new(events));
    let spent = now().saturating_sub(start);
    let each = spent.as_nanos() as f64 / lines.max(1) as f64;
    println!(
        "{}: {lines} events, CPU {:.3} s, {:.0} events/s, {each:.0} ns an event, loading {:.3} s, peak {:.0} MB",
        if words.is_empty() { "as written".to_owned() } else { words.join(" ") },
        spent.as_secs_f64(),
        1e9 / each,
        loading.as_secs_f64(),
        peak_memory() / 1e6,
    );
    println!("  {} matches; {:?}; digest {:016x}", worker.matches, worker.said, worker.digest);
    println!(
        "  correlation {:.0} ns an event, {:.1} % on top of what comes before (wall clock, in turn each {BATCH} events)",
        worker.correlating.as_nanos() as f64 / lines.max(1) as f64,
        100.0 * worker.correlating.as_secs_f64() / worker.matching.as_secs_f64(),
    );
}

fn load(folder: &Path, count: usize) -> RuleSet {
    let mut files = Vec::new();
    rule_files(folder, &mut files);
    files.sort();
    let documents: Vec<Document> = files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("rule file");
            parse_documents(&file.display().to_string(), &text).0
        })
        .collect();
    let step = (documents.len() / count.max(1)).max(1);
    let sample = documents.into_iter().step_by(step).take(count).collect();
    assemble(sample, &LoadOptions::default()).0
}

fn rule_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder of rules") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            rule_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
}

/// What a run does.
#[derive(Clone, Copy)]
struct Shape {
    normalised: bool,
    routed: bool,
    firings: bool,
    matches: bool,
    digest: bool,
    snapshot: bool,
}

/// An event and the rules that it matches.
#[derive(Default)]
struct Matched {
    event: Event,
    rules: Vec<RuleIndex>,
}

struct Worker {
    shape: Shape,
    decoder: Decoder,
    normalizer: Option<Normalizer>,
    timestamp: PathId,
    matcher: Matcher,
    extractor: Extractor,
    correlator: Correlator,
    batch: Vec<Matched>,
    /// How much of the batch is filled.
    filled: usize,
    record: MatchRecord,
    source: Arc<str>,
    out: Vec<Output>,
    matches: usize,
    matching: Duration,
    correlating: Duration,
    since: Instant,
    /// What was said, by kind.
    said: BTreeMap<&'static str, usize>,
    digest: u64,
}

impl Worker {
    fn new(rules: &RuleSet, shape: Shape) -> Self {
        let paths = Paths::new();
        let seed = shape.digest.then_some(1);
        let options = CorrelatorOptions { conformance: shape.firings, seed, ..CorrelatorOptions::default() };
        let (correlator, _) = Correlator::new(rules, options);
        let mut matcher = Matcher::compile(rules, &paths, MatcherOptions { routing: shape.routed });
        // The first event makes the index of the rules for its logsource: this belongs to loading.
        matcher.matches(&Event::default(), &mut Vec::new());
        Self {
            shape,
            decoder: Decoder::new(paths.clone()),
            normalizer: shape.normalised.then(|| Normalizer::new(paths.clone(), Options::default())),
            timestamp: paths.intern("timestamp"),
            extractor: Extractor::new(&paths, correlator.needed_fields()),
            correlator,
            matcher,
            batch: std::iter::repeat_with(Matched::default).take(BATCH).collect(),
            filled: 0,
            record: MatchRecord::default(),
            source: "events.ndjson".into(),
            out: Vec::new(),
            matches: 0,
            matching: Duration::ZERO,
            correlating: Duration::ZERO,
            since: Instant::now(),
            said: BTreeMap::new(),
            digest: 0,
        }
    }

    /// Takes in a whole file; returns how many lines it had.
    fn run(&mut self, file: &Path) -> u64 {
        let mut file = File::open(file).expect("events");
        self.since = Instant::now();
        let (mut buffer, mut held, mut lines) = (vec![0; CHUNK], 0, 0);
        loop {
            let read = file.read(&mut buffer[held..]).expect("a chunk");
            let chunk = &buffer[..held + read];
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', chunk) {
                self.line(lines, &chunk[start..end]);
                start = end + 1;
                lines += 1;
            }
            held = chunk.len() - start;
            buffer.copy_within(start..start + held, 0);
            if read == 0 {
                break;
            }
        }
        self.correlate();
        if self.shape.snapshot {
            self.store();
        }
        self.correlator.finish(&mut self.out);
        self.count();
        lines
    }

    /// What the work thread and a commit have to wait for.
    fn store(&self) {
        let ms = |since| cpu_time().saturating_sub(since).as_secs_f64() * 1e3;
        let start = cpu_time();
        let frozen = self.correlator.freeze();
        let held_up = ms(start);
        let start = cpu_time();
        let mut bytes = Vec::new();
        frozen.write(&mut bytes).expect("memory takes all");
        let megabytes = bytes.len() as f64 / 1e6;
        println!("  snapshot: {megabytes:.1} MB, frozen in {held_up:.1} ms, written in {:.1} ms", ms(start));
    }

    fn line(&mut self, seq: u64, line: &[u8]) {
        let Matched { event, rules } = &mut self.batch[self.filled];
        self.decoder.decode(line, false, event);
        event.meta.generation = GenerationId(1);
        (event.meta.offset, event.meta.seq) = (seq, seq);
        match &mut self.normalizer {
            Some(normalizer) => {
                normalizer.translate(event, Timestamp::default());
                normalizer.join(event);
            }
            None => {
                let stamp = event.get(self.timestamp).and_then(|text| parse(text, Completion::default()));
                event.meta.time = stamp.map(|stamp| stamp.time);
                event.meta.time_quality = TimeQuality::Exact;
            }
        }
        self.matcher.matches(event, rules);
        self.matches += rules.len();
        if !self.shape.matches {
            self.filled += 1;
            if self.filled == BATCH {
                self.correlate();
            }
        }
    }

    /// Correlates what is matched so far.
    fn correlate(&mut self) {
        let matching = self.lap();
        self.matching += matching;
        for n in 0..std::mem::take(&mut self.filled) {
            let Matched { event, rules } = &self.batch[n];
            if rules.is_empty() {
                let meta = &event.meta;
                self.correlator.progress(SourceId(0), meta.time, meta.ingested, &mut self.out);
            } else {
                self.extractor.fill(event, rules, &self.source, &mut self.record);
                self.correlator.observe(&self.record, &mut self.out);
            }
            self.count();
        }
        let correlating = self.lap();
        self.correlating += correlating;
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.since, now))
    }

    fn count(&mut self) {
        for output in self.out.drain(..) {
            if self.shape.digest {
                self.digest = xxh3_64_with_seed(format!("{output:?}").as_bytes(), self.digest);
            }
            let kind = match output {
                Output::Match { .. } => "matches",
                Output::Firing { .. } => "firings",
                Output::Alert(alert) => match alert.status {
                    AlertStatus::Open => "incidents opened",
                    AlertStatus::Update => "updates",
                    AlertStatus::Close => "closed",
                },
                Output::Transition(_) | Output::Risk(_) => "states and risk",
                Output::Degraded { .. } => "degraded",
            };
            *self.said.entry(kind).or_default() += 1;
        }
    }
}

/// Greatest resident memory of this process in bytes, zero where it cannot be known.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
