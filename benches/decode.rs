//! Decode, and decode with normalise, against a bare `serde_json::Value` parse of the same lines in
//! the same run.
//!
//! The lines are the security events of a web service (410 to 457 bytes, seven shapes), drawn by a
//! generator of our own with a fixed seed. `SOCTOP_BENCH_LINES` names a file to measure instead.
//! One thread; criterion prints bytes/s and elements/s (one element is one event).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use soctop::decode::Decoder;
use soctop::event::{Event, Paths, Redact, Timestamp};
use soctop::normalize::{Normalizer, Options, Redaction, Redactor};

const LINES: usize = 20_000;

fn lines() -> Vec<String> {
    match std::env::var("SOCTOP_BENCH_LINES") {
        Ok(path) => std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read `{path}`: {error}"))
            .lines()
            .take(200_000)
            .map(str::to_owned)
            .collect(),
        Err(_) => Generator(0x5eed).lines(LINES),
    }
}

/// xorshift64*: the same lines on every machine.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    fn id(&mut self) -> String {
        let (a, b, c) = (self.next(), self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a & 0xffff_ffff,
            b & 0xffff,
            b >> 20 & 0xfff,
            b >> 32 & 0xfff,
            c & 0xffff_ffff_ffff
        )
    }

    fn address(&mut self) -> String {
        format!("203.0.{}.{}", self.below(256), 1 + self.below(254))
    }

    fn lines(&mut self, count: usize) -> Vec<String> {
        (0..count as u64).map(|n| self.line(n)).collect()
    }

    fn line(&mut self, n: u64) -> String {
        let seconds = n / 50;
        let time = format!(
            "2026-08-01T{:02}:{:02}:{:02}.{:03}Z",
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            n * 20 % 1000
        );
        let service = self.pick(&["auth-api", "orders-api", "payments-api", "catalog-api", "search-api"]);
        let shape = self.below(100);
        let (level, logger, event) = match shape {
            0..66 => ("info", "app.access", "http_request"),
            66..80 => ("info", "app.auth", "login_success"),
            80..86 => ("warning", "app.auth", "login_failed"),
            86..90 => ("warning", "app.ratelimit", "rate_limit_exceeded"),
            90..95 => ("info", "app.auth", "token_refreshed"),
            95..97 => ("error", "app.circuit_breaker", "circuit_breaker_state_change"),
            _ => ("warning", "app.auth", "account_locked"),
        };
        let mut line = format!(
            r#"{{"timestamp":"{time}","level":"{level}","service":"{service}","logger":"{logger}","event":"{event}","correlation_id":"{}","host":"{service}-{}""#,
            self.id(),
            1 + self.below(6)
        );
        if shape < 95 {
            line += &format!(r#","client_ip":"{}""#, self.address());
        }
        if self.below(10) < 6 {
            line += &format!(r#","user":"user{:04}""#, self.below(5000));
        }
        let agent = self.pick(&[
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "python-requests/2.32.3",
        ]);
        if shape < 95 {
            let path = self.pick(&[
                "/api/v1/orders",
                "/api/v1/search?q=lamp&page=2",
                "/api/v1/auth/login",
                "/healthz",
            ]);
            line += &format!(
                r#","method":"{}","path":"{path}","status":{},"duration_ms":{}.{:02},"bytes_out":{},"user_agent":"{agent}""#,
                self.pick(&["GET", "GET", "POST", "PUT"]),
                self.pick(&["200", "200", "200", "201", "404", "401", "500"]),
                self.below(220),
                self.below(100),
                self.below(9000)
            );
        } else {
            line += r#","failure_rate":0.731,"failure_threshold":0.5,"window_calls":172,"message":"state change \"closed\" -> \"open\" after repeated failures""#;
        }
        if self.below(20) == 0 {
            line += r#","details":{"reason":"bad \"password\"","attempt":3,"tags":["a","b"]}"#;
        }
        line.push('}');
        line
    }
}

fn decode(c: &mut Criterion) {
    let lines = lines();
    let bytes: u64 = lines.iter().map(|line| line.len() as u64).sum();
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(bytes)), ("events", Throughput::Elements(lines.len() as u64))]
    {
        let mut group = c.benchmark_group(format!("decode-{unit}"));
        group.throughput(throughput);
        group.sample_size(20);
        group.bench_function(BenchmarkId::from_parameter("serde_json-value"), |b| {
            b.iter(|| {
                for line in &lines {
                    let value: Result<serde_json::Value, _> = serde_json::from_slice(line.as_bytes());
                    black_box(&value);
                }
            });
        });
        group.bench_function(BenchmarkId::from_parameter("decode"), |b| {
            let mut decoder = Decoder::new(Paths::new());
            let mut event = Event::default();
            b.iter(|| {
                for line in &lines {
                    black_box(decoder.decode(line.as_bytes(), false, &mut event));
                    black_box(&event);
                }
            });
        });
        group.bench_function(BenchmarkId::from_parameter("decode+normalize"), |b| {
            let paths = Paths::new();
            let mut decoder = Decoder::new(paths.clone());
            let mut normalizer = Normalizer::new(paths, Options::default());
            let mut event = Event::default();
            let arrival = Timestamp::from_seconds(1_790_000_000);
            b.iter(|| {
                for line in &lines {
                    decoder.decode(line.as_bytes(), false, &mut event);
                    normalizer.translate(&mut event, arrival);
                    normalizer.join(&mut event);
                    black_box(&event);
                }
            });
        });
        group.bench_function(BenchmarkId::from_parameter("decode+normalize+redact"), |b| {
            let paths = Paths::new();
            let mut decoder = Decoder::new(paths.clone());
            let mut normalizer = Normalizer::new(paths.clone(), Options::default());
            let mut redactor = Redactor::new(&paths, Redaction::default());
            let mut event = Event::default();
            let arrival = Timestamp::from_seconds(1_790_000_000);
            b.iter(|| {
                for line in &lines {
                    decoder.decode(line.as_bytes(), false, &mut event);
                    normalizer.translate(&mut event, arrival);
                    normalizer.join(&mut event);
                    redactor.redact(&mut event);
                    black_box(&event);
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
