//! The files of `sample-logs/`: one attack or fault each, and its harmless look-alike.

mod access;
mod backing;
mod host;
mod operation;
mod traffic;

use super::Sheet;
use super::look_alikes::look_alikes;
use super::signals::signals;
use soctop::event::Timestamp;

/// A file of `sample-logs/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `<subject>-<what>` or `<subject>-<what>.benign`, without `.log`.
    pub name: &'static str,
    /// What it shows, one line for the README.
    pub about: &'static str,
    pub text: String,
    /// Which of its lines are near misses, and of which rules.
    pub look_alikes: Vec<LookAlike>,
}

/// A harmless line that resembles what a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// Name of the rule.
    pub rule: &'static str,
    pub line: String,
}

/// All sample files, in the order of the README.
#[must_use]
pub fn samples() -> Vec<Sample> {
    [
        access::authentication(),
        access::guessing(),
        access::denied(),
        access::denied_by_origin(),
        access::keys(),
        access::roles(),
        access::resets(),
        access::tokens(),
        access::sessions(),
        host::host(),
        host::refusing(),
        host::slowly(),
        traffic::rate_limits(),
        traffic::abuse(),
        traffic::injection(),
        backing::circuit_breakers(),
        backing::database(),
        backing::suspicious_queries(),
        backing::database_access(),
        backing::database_takeover(),
        backing::database_statements(),
        backing::database_exports(),
        traffic::transport(),
        backing::encryption(),
        backing::secrets(),
        operation::configuration(),
        operation::availability(),
        operation::retries_and_latency(),
        operation::correlation_ids(),
        signals(),
        look_alikes(),
        benign_days(),
    ]
    .concat()
}

/// One visit at a time in milliseconds.
type Visit = fn(&mut Sheet, u64);

/// An ordinary day of each system, in small: nothing may stand out.
fn benign_days() -> Vec<Sample> {
    let ordinary: [(&'static str, &'static str, Visit); 5] = [
        ("shop-day.benign", "an ordinary day at the shop", |tape, at| tape.shop_visit(at, "10.30.0.5")),
        ("market-day.benign", "an ordinary day at the marketplace", |tape, at| {
            tape.market_visit(at, "10.40.7.3")
        }),
        ("media-day.benign", "an ordinary day of the media pipeline", |tape, at| {
            tape.media_visit(at, "10.20.0.14")
        }),
        ("lattice-day.benign", "an ordinary day of the lattice", |tape, at| {
            tape.lattice_visit(at, "10.70.0.4")
        }),
        ("assist-day.benign", "an ordinary day of the assistant", |tape, at| {
            tape.assist_visit(at, "10.30.0.9")
        }),
    ];
    let day = |(name, about, visit): (&'static str, &'static str, Visit)| {
        sample(name, about, move |tape| {
            for hour in 0..12 {
                visit(tape, hour * 60 * MINUTE);
                visit(tape, hour * 60 * MINUTE + 20 * MINUTE);
            }
            tape.shop_login(9 * MINUTE, "maria@shop.example", "10.30.0.5", true);
            tape.shop_login(10 * MINUTE, "maria@shop.example", "10.30.0.5", false);
            tape.shop_login(11 * MINUTE, "maria@shop.example", "10.30.0.5", true);
        })
    };
    ordinary.into_iter().map(day).collect()
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const DAY: &str = "2026-03-01T09:00:00Z";

pub(super) fn sample(name: &'static str, about: &'static str, write: impl FnOnce(&mut Sheet)) -> Sample {
    let start = Timestamp::parse_rfc3339(DAY).unwrap_or_default();
    let mut tape = Sheet::new(seed_of(name), start);
    write(&mut tape);
    let (lines, look_alikes) = tape.into_parts();
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    Sample { name, about, text, look_alikes }
}

/// Every file has ids of its own and keeps them when others are added.
fn seed_of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
