//! The seeds of the fuzz targets through the checks that the targets make (`fuzz/checks.rs`, `fuzz/received.rs`).
//!
//! `SOCTOP_FUZZ=60 cargo test --test it -- fuzz_seeds` also puts this many seconds of broken seeds to each: no libFuzzer,
//! whose coverage finds more, but a stable compiler and any machine. What fails is left in the folder for temporary files.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../../fuzz/checks.rs"]
mod checks;
#[path = "../../fuzz/received.rs"]
mod received;

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 8_192;
/// What parsers look for.
const TOKENS: [&[u8]; 18] = [
    b"\n",
    b"\0",
    b"\"",
    b"\\u",
    b"{",
    b"}",
    b"[",
    b": ",
    b"- ",
    b"|",
    b"\xff",
    b"\x80",
    b"<13>",
    b"1 of them",
    b" AND ",
    b"(",
    b"9999999999",
    b"\x1f\x8b",
];

fn targets() -> impl Iterator<Item = (&'static str, fn(&[u8]))> {
    checks::CHECKS.into_iter().chain(received::CHECKS)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let folder = fs::read_dir(root.join(target)).expect("every target has seeds");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// Puts an input to a check; one that fails is kept, because it is what somebody has to look at.
fn put(target: &str, check: fn(&[u8]), data: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| check(data))).is_err() {
        let path = std::env::temp_dir().join(format!("soctop-fuzz-{target}"));
        fs::write(&path, data).expect("a file for the input");
        panic!("{target} fails with `{}`", path.display());
    }
}

#[test]
fn every_seed_passes_the_check_of_its_target() {
    for (target, check) in targets() {
        let seeds = seeds(target);
        seeds.iter().for_each(|seed| put(target, check, seed));
        assert!(seeds.len() >= 15, "{target} has {} seeds", seeds.len());
    }
}

#[test]
fn broken_seeds_pass_the_check_of_their_target() {
    let seconds = std::env::var("SOCTOP_FUZZ").ok().and_then(|seconds| seconds.parse().ok());
    for (target, check) in targets() {
        let (seeds, mut random) = (seeds(target), Random(0x5eed));
        let began = Instant::now();
        let mut inputs = 0_u64;
        // A few in every run of the tests.
        while match seconds {
            Some(seconds) => began.elapsed() < Duration::from_secs(seconds),
            None => inputs < 20,
        } {
            put(target, check, &broken(&seeds, &mut random));
            inputs += 1;
        }
        println!("{target}: {inputs} inputs");
    }
}

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }
}

fn broken(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let (from, to) = (random.below(data.len() + 1), random.below(data.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match random.below(6) {
            0 => data.truncate(to),
            1 => drop(data.drain(from..to)),
            2 => data.extend_from_within(from..to),
            3 => drop(data.splice(from..from, TOKENS[random.below(TOKENS.len())].iter().copied())),
            4 => {
                let other = &seeds[random.below(seeds.len())];
                let at = random.below(other.len() + 1);
                drop(data.splice(from.., other[at..].iter().copied()));
            }
            _ => {
                if let Some(byte) = data.get_mut(from) {
                    *byte = random.below(256) as u8;
                }
            }
        }
        data.truncate(LONGEST);
    }
    data
}
