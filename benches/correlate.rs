//! What correlation costs and whether its answers are right, over recorded or generated events.
//!
//! ```text
//! SOCTOP_BENCH_RULES=rules-small SOCTOP_BENCH_EVENTS=events.ndjson cargo bench --bench correlate
//! ```
//!
//! Prints the raw firings and groups of every correlation, the incidents, and the time of each stage.
//! Without these variables it measures made-up streams only: cost per event by distinct values per
//! window, and memory per group.

#![expect(clippy::print_stdout, reason = "a report on standard output")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use soctop::alert::AlertStatus;
use soctop::correlate::{Correlator, CorrelatorOptions, Output};
use soctop::decode::Decoder;
use soctop::detect::{Extractor, MatchRecord, Matcher, MatcherOptions};
use soctop::event::{Event, EventId, GenerationId, Paths, SourceId, TimeQuality, Timestamp};
use soctop::normalize::{Normalizer, Options};
use soctop::sigma::{LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

use clock::cpu_time;

mod clock;

fn main() {
    let rules = std::env::var_os("SOCTOP_BENCH_RULES");
    let events = std::env::var_os("SOCTOP_BENCH_EVENTS");
    if let (Some(rules), Some(events)) = (rules, events) {
        recorded(&read_rules(Path::new(&rules)), Path::new(&events));
    }
    distinct_values();
    many_groups();
}

fn read_rules(directory: &Path) -> RuleSet {
    let mut files: Vec<_> =
        std::fs::read_dir(directory).expect("rules").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let mut documents = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("rule file");
        documents.extend(parse_documents(&file.display().to_string(), &text).0);
    }
    assemble(documents, &LoadOptions::default()).0
}

/// Everything before correlation, event by event.
struct Front {
    decoder: Decoder,
    normalizer: Normalizer,
    matcher: Matcher,
    extractor: Extractor,
    event: Event,
    matched: Vec<RuleIndex>,
    record: MatchRecord,
    source: Arc<str>,
}

impl Front {
    fn new(rules: &RuleSet, correlator: &Correlator) -> Self {
        let paths = Paths::new();
        Self {
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths.clone(), Options::default()),
            matcher: Matcher::compile(rules, &paths, MatcherOptions { routing: false }),
            extractor: Extractor::new(&paths, correlator.needed_fields()),
            event: Event::default(),
            matched: Vec::new(),
            record: MatchRecord::default(),
            source: "events.ndjson".into(),
        }
    }

    fn decode(&mut self, seq: usize, line: &[u8]) {
        self.decoder.decode(line, false, &mut self.event);
        self.event.meta.generation = GenerationId(1);
        (self.event.meta.offset, self.event.meta.seq) = (seq as u64, seq as u64);
        self.normalizer.translate(&mut self.event, Timestamp::default());
        self.normalizer.join(&mut self.event);
    }

    fn detect(&mut self) {
        self.matcher.matches(&self.event, &mut self.matched);
    }

    fn correlate(&mut self, correlator: &mut Correlator, out: &mut Vec<Output>) {
        if self.matched.is_empty() {
            correlator.progress(SourceId(0), self.event.meta.time, self.event.meta.ingested, out);
        } else {
            self.extractor.fill(&self.event, &self.matched, &self.source, &mut self.record);
            correlator.observe(&self.record, out);
        }
    }
}

/// How far a run goes.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Stage {
    Decode,
    Detect,
    Correlate,
}

/// Runs a file up to a stage; outputs are handed to `take` as they come. Returns events and CPU time.
fn run(
    rules: &RuleSet,
    lines: &[&[u8]],
    stage: Stage,
    options: CorrelatorOptions,
    take: &mut dyn FnMut(Output),
) -> Duration {
    let (mut correlator, _) = Correlator::new(rules, options);
    let mut front = Front::new(rules, &correlator);
    let mut out = Vec::new();
    let start = cpu_time();
    for (seq, line) in lines.iter().enumerate() {
        front.decode(seq, line);
        if stage >= Stage::Detect {
            front.detect();
        }
        if stage >= Stage::Correlate {
            front.correlate(&mut correlator, &mut out);
            out.drain(..).for_each(&mut *take);
        }
    }
    correlator.finish(&mut out);
    let elapsed = cpu_time().saturating_sub(start);
    out.drain(..).for_each(&mut *take);
    elapsed
}

fn recorded(rules: &RuleSet, file: &Path) {
    let text = std::fs::read(file).expect("events");
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    println!("{}: {} events", file.display(), lines.len());
    let raw = CorrelatorOptions { conformance: true, ..CorrelatorOptions::default() };
    let mut firings: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    run(rules, &lines, Stage::Correlate, raw, &mut |output| {
        if let Output::Firing { rule, group, .. } = output {
            let entry = firings.entry(rules.header(rule).expect("rule").title.clone()).or_default();
            entry.0 += 1;
            entry.1.insert(format!("{group:?}"));
        }
    });
    for (name, (count, groups)) in firings {
        println!("  {name}: {count} firings, {} groups", groups.len());
    }
    let lateness =
        std::env::var("SOCTOP_BENCH_LATENESS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let live = CorrelatorOptions { lateness: lateness * 1_000_000_000, ..CorrelatorOptions::default() };
    let mut incidents: BTreeMap<String, usize> = BTreeMap::new();
    run(rules, &lines, Stage::Correlate, live.clone(), &mut |output| {
        if let Output::Alert(alert) = output
            && alert.status == AlertStatus::Open
        {
            *incidents.entry(alert.rule.title.clone()).or_default() += 1;
        }
    });
    println!("  incidents: {incidents:?}");
    let without = RuleSet { detections: rules.detections.clone(), correlations: Vec::new() };
    let mut rounds: Vec<[f64; 4]> = Vec::new();
    for _ in 0..3 {
        let time = |rules: &RuleSet, stage| {
            run(rules, &lines, stage, live.clone(), &mut drop).as_nanos() as f64 / lines.len() as f64
        };
        rounds.push([
            time(rules, Stage::Decode),
            time(rules, Stage::Detect),
            time(&without, Stage::Correlate),
            time(rules, Stage::Correlate),
        ]);
    }
    let median = |column: usize| {
        let mut values: Vec<f64> = rounds.iter().map(|round| round[column]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let [decode, detect, plain, all] = [0, 1, 2, 3].map(median);
    println!(
        "  CPU ns an event, median of 3: decode {decode:.0}, + match {:.0}, + incidents of plain rules {:.0}, + correlations {:.0}",
        detect - decode,
        plain - detect,
        all - plain
    );
    println!("  correlations add {:.1} % to decoding, matching and incidents", 100.0 * (all - plain) / plain);
}

fn one_rule(correlation: &str) -> RuleSet {
    let text = format!(
        "title: a\nname: a\nlogsource: {{product: app}}\ndetection:\n  s: {{e: a}}\n  condition: s\n---\ntitle: r\nname: r\ncorrelation:\n  rules: [a]\n  group-by: [g]\n  timespan: 10m\n{correlation}\nlevel: high\n"
    );
    let (documents, diagnostics) = parse_documents("bench.yml", &text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assemble(documents, &LoadOptions::default()).0
}

fn record(correlator: &Correlator, seq: u64, micros: i64, fields: &[(&str, &str)]) -> MatchRecord {
    let mut record = MatchRecord::default();
    record.event_id = EventId(u128::from(seq));
    record.seq = seq;
    record.time = Some(Timestamp(micros * 1000));
    record.time_quality = TimeQuality::Exact;
    record.rules.push(RuleIndex(0));
    for (name, value) in fields {
        if let Some(number) = correlator.needed_fields().iter().position(|field| field == name) {
            record.push_value(number as u16, value);
        }
    }
    record
}

/// `value_count` with few and many distinct values in the window of one group.
fn distinct_values() {
    let rules = one_rule("  type: value_count\n  condition: {gte: 1000000, field: v}");
    println!("value_count, one group, 12,000 events a window:");
    for distinct in [10_u64, 100, 1_000, 10_000] {
        let (mut correlator, _) = Correlator::new(&rules, CorrelatorOptions::default());
        let records: Vec<MatchRecord> = (0..400_000_u64)
            .map(|n| {
                let value = format!("value-{}", n.wrapping_mul(7919) % distinct);
                record(&correlator, n, n as i64 * 50_000, &[("g", "one"), ("v", &value)])
            })
            .collect();
        let mut out = Vec::new();
        let start = cpu_time();
        records.iter().for_each(|record| correlator.observe(record, &mut out));
        let each = cpu_time().saturating_sub(start).as_nanos() as f64 / records.len() as f64;
        println!("  {distinct:>6} distinct values: {each:.0} ns an event");
    }
}

/// Resident memory of a million groups in one rule.
fn many_groups() {
    let rules = one_rule("  type: event_count\n  condition: {gte: 5}");
    for budget in [1_000_000, 16_384] {
        let options = CorrelatorOptions { groups_per_rule: budget, ..CorrelatorOptions::default() };
        let (mut correlator, _) = Correlator::new(&rules, options);
        let mut out = Vec::new();
        let before = resident();
        let start = cpu_time();
        for n in 0..1_000_000_u64 {
            let group = format!("203.0.113.{n}");
            let record = record(&correlator, n, n as i64, &[("g", &group)]);
            correlator.observe(&record, &mut out);
        }
        let each = cpu_time().saturating_sub(start).as_nanos() as f64 / 1e6;
        let used = resident().saturating_sub(before);
        println!(
            "1,000,000 groups, budget {budget}: {:.1} MB more, {:.0} B a group held, {each:.0} ns an event, {} outputs",
            used as f64 / 1e6,
            used as f64 / budget as f64,
            out.len()
        );
    }
}

/// Resident memory in bytes, 0 where it cannot be known.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
