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
use std::time::{Duration, Instant};

use soctop::decode::Decoder;
use soctop::detect::{
    AlertStatus, Correlator, CorrelatorOptions, Engine, EngineOptions, Extractor, LoadOptions, MatchRecord,
    Output, RuleSet, assemble, parse_documents,
};
use soctop::event::{Event, EventId, GenerationId, Paths, SourceId, TimeQuality, Timestamp};
use soctop::normalize::{Normalizer, Options};

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

/// Records of a file, and the time that decoding with normalising and matching took.
fn records(rules: &RuleSet, file: &Path) -> (Vec<MatchRecord>, [Duration; 3]) {
    let text = std::fs::read(file).expect("events");
    let paths = Paths::new();
    let mut engine = Engine::compile(rules, &paths, EngineOptions { routing: false });
    let (correlator, _) = Correlator::new(rules, CorrelatorOptions::default());
    let mut extractor = Extractor::new(&paths, correlator.needed_fields());
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths.clone(), Options::default());
    let (mut event, mut matched) = (Event::default(), Vec::new());
    let source: Arc<str> = file.display().to_string().into();
    let mut times = [Duration::ZERO; 3];
    let mut out = Vec::new();
    for (seq, line) in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let start = Instant::now();
        decoder.decode(line, false, &mut event);
        event.meta.generation = GenerationId(1);
        (event.meta.offset, event.meta.seq) = (seq as u64, seq as u64);
        normalizer.normalize(&mut event, Timestamp::default());
        let decoded = Instant::now();
        engine.matches(&event, &mut matched);
        let detected = Instant::now();
        let mut record = MatchRecord::default();
        if matched.is_empty() {
            (record.time, record.time_quality) = (event.meta.time, event.meta.time_quality);
        } else {
            extractor.fill(&event, &matched, &source, &mut record);
        }
        let filled = Instant::now();
        times[0] += decoded - start;
        times[1] += detected - decoded;
        times[2] += filled - detected;
        out.push(record);
    }
    (out, times)
}

fn observe_all(
    rules: &RuleSet,
    records: &[MatchRecord],
    options: CorrelatorOptions,
) -> (Vec<Output>, Duration) {
    let (mut correlator, _) = Correlator::new(rules, options);
    let mut out = Vec::new();
    let start = Instant::now();
    for record in records {
        if record.rules.is_empty() {
            correlator.progress(SourceId(0), record.time, record.ingested, &mut out);
        } else {
            correlator.observe(record, &mut out);
        }
    }
    correlator.finish(&mut out);
    let elapsed = start.elapsed();
    println!("  held at the end: {} groups, {:?}", correlator.groups_held(), correlator.counters());
    (out, elapsed)
}

fn recorded(rules: &RuleSet, file: &Path) {
    let (records, [decode, detect, fill]) = records(rules, file);
    let events = records.len();
    println!("{}: {events} events", file.display());
    println!("  decode and normalize {decode:.2?}, match {detect:.2?}, fill records {fill:.2?}");
    let raw = CorrelatorOptions { conformance: true, ..CorrelatorOptions::default() };
    let (out, elapsed) = observe_all(rules, &records, raw);
    let mut firings: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for output in &out {
        if let Output::Firing { rule, group, .. } = output {
            let name = rules.header(*rule).expect("rule").title.clone();
            let entry = firings.entry(name).or_default();
            entry.0 += 1;
            entry.1.insert(format!("{group:?}"));
        }
    }
    for (name, (count, groups)) in firings {
        println!("  {name}: {count} firings, {} groups", groups.len());
    }
    println!("  conformance mode: {elapsed:.2?}");
    let lateness =
        std::env::var("SOCTOP_BENCH_LATENESS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let live = CorrelatorOptions { lateness: lateness * 1_000_000_000, ..CorrelatorOptions::default() };
    let (out, elapsed) = observe_all(rules, &records, live);
    let mut incidents: BTreeMap<String, usize> = BTreeMap::new();
    for output in &out {
        if let Output::Alert(alert) = output
            && alert.status == AlertStatus::Open
        {
            *incidents.entry(alert.rule.title.clone()).or_default() += 1;
        }
    }
    println!("  incidents: {incidents:?}");
    let each = elapsed.as_nanos() as f64 / events as f64;
    println!(
        "  correlation {elapsed:.2?}, {each:.0} ns an event, {:.1} % of matching",
        100.0 * elapsed.as_secs_f64() / detect.as_secs_f64()
    );
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
    record.rules.push(0);
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
        let start = Instant::now();
        records.iter().for_each(|record| correlator.observe(record, &mut out));
        let each = start.elapsed().as_nanos() as f64 / records.len() as f64;
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
        let start = Instant::now();
        for n in 0..1_000_000_u64 {
            let group = format!("203.0.113.{n}");
            let record = record(&correlator, n, n as i64, &[("g", &group)]);
            correlator.observe(&record, &mut out);
        }
        let each = start.elapsed().as_nanos() as f64 / 1e6;
        let used = resident().saturating_sub(before);
        println!(
            "1,000,000 groups, budget {budget}: {:.1} MB more, {:.0} B a group held, {each:.0} ns an event, {} outputs",
            used as f64 / 1e6,
            used as f64 / correlator.groups_held() as f64,
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
