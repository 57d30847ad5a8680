//! What a vocabulary costs a line that states nothing, by its size.
//!
//! The best of some runs counts, in CPU time of the thread: `cargo bench --bench facts`.

#![expect(clippy::print_stdout, reason = "a report of its own")]

use std::fmt::Write as _;
use std::sync::Arc;

use clock::cpu_time;
use soctop::decode::Decoder;
use soctop::event::{Event, Paths, Timestamp};
use soctop::facts::{BUNDLED, Vocabulary};
use soctop::normalize::{Normalizer, Options};

mod clock;

const RUNS: usize = 9;
const ROUNDS: u32 = 500;

/// Lines of applications, hosts and servers that state nothing.
const LINES: [&str; 8] = [
    r#"{"timestamp":"2026-03-01T09:30:00Z","level":"INFO","logger":"shop.orders","message":"Order 48213 was packed by worker 7 in 31 ms"}"#,
    r#"{"timestamp":"2026-03-01T09:30:00Z","level":"INFO","logger":"shop.mail","message":"Sent the receipt of order 48213, template receipt-v3, queue length 12"}"#,
    r#"{"timestamp":"2026-03-01T09:30:00Z","level":"DEBUG","logger":"shop.cache","message":"cache hit ratio 0.93 over the last minute, 4211 keys"}"#,
    "2026-03-01 09:30:00,123 INFO shop.stock: shelf A-12 now holds 31 of 40",
    "Mar  1 09:30:01 web1 CRON[900]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
    "Mar  1 09:30:01 web1 systemd[1]: Finished logrotate.service - Rotate log files.",
    "2026-03-01 09:30:00.123 UTC [4711] LOG:  checkpoint complete: wrote 112 buffers (0.7%)",
    "worker 7 finished a batch of 200 pictures, 4 were skipped because they are too small to be scaled",
];

fn main() {
    let own = |count: usize| vec![("generated.yml".to_owned(), generated(count))];
    let bundled = || BUNDLED.iter().map(|(name, text)| (*name, *text));
    let some = bundled().filter(|(name, _)| *name < "g");
    let sizes: [(&str, Vocabulary); 4] = [
        ("none", Vocabulary::read(std::iter::empty())),
        ("a third of the bundled files", Vocabulary::read(some)),
        ("all bundled files", Vocabulary::read(bundled())),
        ("the bundled files and 1,500 entries more", Vocabulary::with(&own(1_500))),
    ];
    for (name, vocabulary) in sizes {
        println!("{name:<42} {:.2} us a line", cost(Arc::new(vocabulary)));
    }
}

/// Entries that hold whoever speaks, each with a text of its own.
fn generated(count: usize) -> String {
    let mut text = "product: generated\nseen: 1\nfacts:\n".to_owned();
    for number in 0..count {
        let word: String =
            number.to_string().chars().map(|digit| char::from(b'a' + digit as u8 - b'0')).collect();
        writeln!(
            text,
            "  - fact: login_failed\n    anywhere: true\n    say: 'gate {word} of the {word}house did not open for {{user.name}}'"
        )
        .expect("a text takes everything");
    }
    text
}

/// Microseconds that a line costs to be normalised.
fn cost(vocabulary: Arc<Vocabulary>) -> f64 {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths, Options { vocabulary, ..Options::default() });
    let arrival = Timestamp::from_seconds(1_772_350_000);
    let mut events: Vec<Event> = Vec::new();
    for line in LINES {
        let mut event = Event::default();
        decoder.decode(line.as_bytes(), false, &mut event);
        events.push(event);
    }
    let mut run = || {
        let copies: Vec<Event> = (0..ROUNDS).flat_map(|_| events.iter().cloned()).collect();
        let start = cpu_time();
        for mut event in copies {
            normalizer.translate(&mut event, arrival);
            std::hint::black_box(&event);
        }
        (cpu_time() - start).as_nanos() as f64 / 1e3 / f64::from(ROUNDS) / LINES.len() as f64
    };
    (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min)
}
