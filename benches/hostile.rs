//! What a byte of hostile input costs as the input grows, up to each stage.
//!
//! Every kind of input is run at 1/8, 1/4, 1/2 and all of the longest line; work is linear when a byte costs
//! the same in all of them. A stage is counted with those before it: differences of noisy numbers would be
//! noise. The best of some runs counts, in CPU time of the thread. Ends with 1 if any cost grows:
//! `cargo bench --bench hostile [part of a name]`.

#![expect(clippy::print_stdout, reason = "a report of its own")]

use std::process::ExitCode;

use soctop::decode::LINE_LIMIT;

use clock::cpu_time;

mod clock;
#[path = "../tests/it/hostile/inputs.rs"]
mod inputs;
#[path = "../tests/it/hostile/stages.rs"]
mod stages;

const STAGES: [&str; 5] = ["decode", "normalize", "match", "correlate", "redact"];
const PARTS: [usize; 4] = [8, 4, 2, 1];
const RUNS: usize = 3;
/// A byte may cost this much more in the longest input than in one an eighth as long: caches end somewhere.
/// Work that grows with the square costs eight times as much.
const GROWTH: f64 = 4.0;

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let rules = stages::rules();
    let mut grows = 0;
    println!("ns/byte at 1/8, 1/4, 1/2 and all of {LINE_LIMIT} bytes, and their growth\n");
    for (name, lines) in inputs::KINDS {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        for (number, stage) in STAGES.iter().enumerate() {
            let costs = PARTS.map(|part| cost(&rules, &lines((LINE_LIMIT - 40_000) / part), number + 1));
            let growth = costs[PARTS.len() - 1] / costs[0];
            let bad = growth > GROWTH;
            grows += u32::from(bad);
            let shown: String = costs.iter().map(|cost| format!("{cost:>8.2}")).collect();
            println!("{name:<40} {stage:<10}{shown}  {growth:>5.1}{}", if bad { "  GROWS" } else { "" });
        }
    }
    println!("\n{grows} grow");
    if grows == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nanoseconds per byte for the stages up to one.
fn cost(rules: &soctop::sigma::RuleSet, lines: &[String], upto: usize) -> f64 {
    let bytes: usize = lines.iter().map(String::len).sum();
    let run = |_| {
        let mut stages = stages::Stages::new(rules);
        // Buffers grow and indexes are built with the first line.
        stages.line("{\"a\":\"b\"}", 0, upto);
        let start = cpu_time();
        for (number, line) in lines.iter().enumerate() {
            stages.line(line, number, upto);
        }
        (cpu_time() - start).as_nanos() as f64 / bytes as f64
    };
    (0..RUNS).map(run).fold(f64::MAX, f64::min)
}
