//! Matching against 10, 100, 1,000 and all rules, decode included and apart; and loading rules.
//!
//! `SOCTOP_BENCH_LINES` names the events and `SOCTOP_BENCH_RULES` the folder of rules; without them
//! both are drawn with fixed seeds: rules ask for values that the events nearly have. One thread.

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use soctop::decode::Decoder;
use soctop::detect::{Matcher, MatcherOptions};
use soctop::event::{Event, Paths};
use soctop::sigma::{Document, LoadOptions, assemble, parse_documents};

fn lines() -> Vec<String> {
    match std::env::var("SOCTOP_BENCH_LINES") {
        Ok(path) => {
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("cannot read `{path}`: {error}"));
            text.lines().take(100_000).map(str::to_owned).collect()
        }
        Err(_) => (0..5_000).map(line).collect(),
    }
}

fn line(n: u64) -> String {
    let roll = |salt: u64, limit: u64| ((n ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % limit;
    format!(
        r#"{{"timestamp":"2026-08-01T00:{:02}:{:02}.{:03}Z","level":"info","service":"api-{}","event":"http_request","client_ip":"10.{}.{}.7","user":"user{}","method":"GET","path":"/api/v1/items/{}","status":{},"duration_ms":{}.5,"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0"}}"#,
        n / 60 % 60,
        n % 60,
        n % 1_000,
        n % 7,
        roll(1, 256),
        roll(2, 256),
        n % 500,
        n % 3_000,
        [200, 200, 200, 404, 401, 500][n as usize % 6],
        n % 400,
    )
}

fn rule_texts() -> Vec<(String, String)> {
    match std::env::var("SOCTOP_BENCH_RULES") {
        Ok(root) => {
            let mut files = Vec::new();
            collect(Path::new(&root), &mut files);
            files.sort();
            files
        }
        Err(_) => (0..3_000).map(|n| (format!("{n}.yml"), rule(n))).collect(),
    }
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.map_or_else(|error| panic!("{error}"), |entry| entry.path());
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            files.push((path.display().to_string(), text));
        }
    }
}

fn rule(n: usize) -> String {
    let search = match n % 6 {
        0 => format!("{{event: http_request, path|contains: '/items/{n}x'}}"),
        1 => format!("{{path|endswith: ['/a{n}.php', '/b{n}.jsp']}}"),
        2 => format!("{{user: user{n}, status: 401}}"),
        3 => format!("{{user_agent|contains|all: ['scan{n}', 'bot']}}"),
        4 => format!("{{client_ip|cidr: '172.16.{}.0/24', method: POST}}", n % 256),
        _ => format!("['keyword number {n}']"),
    };
    format!("title: R{n}\nlogsource: {{product: app}}\ndetection:\n  sel: {search}\n  condition: sel\n")
}

fn documents(texts: &[(String, String)]) -> Vec<Document> {
    texts.iter().flat_map(|(name, text)| parse_documents(name, text).0).collect()
}

/// Every so many documents, so that each size is a fair sample of all.
fn sample(documents: &[Document], count: usize) -> Vec<Document> {
    let step = (documents.len() / count.max(1)).max(1);
    documents.iter().step_by(step).take(count).cloned().collect()
}

fn matching(criterion: &mut Criterion) {
    let lines = lines();
    let documents = documents(&rule_texts());
    let mut group = criterion.benchmark_group("detect");
    group.throughput(Throughput::Elements(lines.len() as u64)).sample_size(10);
    for count in [0, 10, 100, 1_000, documents.len()] {
        let (rules, _) = assemble(sample(&documents, count), &LoadOptions::default());
        let paths = Paths::new();
        let mut matcher = Matcher::compile(&rules, &paths, MatcherOptions { routing: false });
        let mut decoder = Decoder::new(paths);
        let (mut event, mut matched) = (Event::default(), Vec::new());
        group.bench_function(BenchmarkId::new("decode and match", count), |bencher| {
            bencher.iter(|| {
                for line in &lines {
                    decoder.decode(line.as_bytes(), false, &mut event);
                    matcher.matches(&event, &mut matched);
                    black_box(&matched);
                }
            });
        });
    }
    group.finish();
}

fn loading(criterion: &mut Criterion) {
    let texts = rule_texts();
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Elements(texts.len() as u64)).sample_size(10);
    group.bench_function("parse, assemble, compile", |bencher| {
        bencher.iter(|| {
            let (rules, _) = assemble(documents(&texts), &LoadOptions::default());
            Matcher::compile(&rules, &Paths::new(), MatcherOptions::default())
        });
    });
    group.finish();
}

criterion_group!(benches, matching, loading);
criterion_main!(benches);
