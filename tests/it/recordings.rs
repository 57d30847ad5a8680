//! Real recordings through decode and normalise: every line has one outcome, and events have the time,
//! level, correlation id and address that their streams are known to carry.
//!
//! The recordings are not part of the project. `SOCTOP_SHARED` names the folder that holds them (default:
//! `../shared` beside the checkout); without it the test has nothing to look at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use soctop::decode::Decoder;
use soctop::event::{Event, Outcome, Paths, TimeQuality, Timestamp, canonical};
use soctop::normalize::{Normalizer, Options};

/// What a stream carries: at least these numbers of its events.
struct Stream {
    file: &'static str,
    parsed: usize,
    time: usize,
    level: usize,
    id: usize,
    address: usize,
    user: usize,
}

const fn stream(file: &'static str, counts: [usize; 6]) -> Stream {
    let [parsed, time, level, id, address, user] = counts;
    Stream { file, parsed, time, level, id, address, user }
}

/// Lines that are no record at all (stack traces, the rest of a multi-line statement) are the difference
/// between `parsed` and the lines of a file; access lines of the server have no time of their own.
const STREAMS: &[Stream] = &[
    stream("agent-marketplace/json-production/stdout.log", [1726, 1367, 1726, 1349, 700, 0]),
    stream("agent-marketplace/bare-as-main/stdout.log", [264, 0, 264, 0, 255, 0]),
    stream(
        "faceless-youtube/wired-with-postgres/postgres/postgresql-2025-11-05.json",
        [1456, 1456, 1456, 0, 1439, 1373],
    ),
    stream(
        "faceless-youtube/wired-with-postgres/postgres/postgresql-2025-11-05.csv",
        [1456, 1456, 1456, 0, 1439, 1373],
    ),
    stream("faceless-youtube/wired-with-postgres/api/stdout.log", [1254, 902, 1254, 688, 827, 149]),
    stream("faceless-youtube/wired-with-postgres/api/app.log", [913, 913, 913, 688, 492, 159]),
    stream("faceless-youtube/wired-with-postgres/nginx/access.log", [348, 348, 0, 0, 348, 0]),
    stream("faceless-youtube/wired-with-postgres/nginx/access.json.log", [348, 348, 0, 348, 348, 0]),
    stream("faceless-youtube/as-shipped/api/stdout.log", [1333, 950, 1333, 750, 1000, 0]),
    stream("faceless-youtube/as-shipped/nginx/error.log", [16, 16, 16, 0, 16, 0]),
    stream("faceless-youtube/core-logging-variant/app.log", [95, 95, 0, 89, 89, 0]),
    stream("devskyy/as-shipped/logs/devskyy.log", [202, 202, 202, 202, 100, 0]),
    stream("devskyy/wired/logs/devskyy.log", [648, 648, 648, 648, 550, 10]),
    stream("devskyy/wired/logs/security.log", [84, 84, 84, 84, 66, 84]),
    stream("devskyy/wired/stdout.log", [760, 760, 760, 760, 600, 90]),
    stream("devskyy/later-logging-development/stdout.log", [92, 92, 92, 27, 50, 0]),
    stream("aia/credential-audit/credential_audit.log", [41, 41, 0, 0, 0, 39]),
    stream("aia/credential-audit/stdout.log", [42, 42, 42, 0, 0, 38]),
    stream("lattice/plain-text/stdout.log", [906, 752, 906, 18, 250, 36]),
];

fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("SOCTOP_SHARED").map(PathBuf::from);
    let root = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let recordings = root.join("data/seed-systems");
    recordings.is_dir().then_some(recordings)
}

/// Counts by name over one file; every line has exactly one outcome.
fn count(path: &Path) -> BTreeMap<&'static str, usize> {
    let bytes =
        std::fs::read(path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths, Options::default());
    let mut event = Event::default();
    let arrival = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("a time");
    let mut counts = BTreeMap::new();
    let mut add = |name, yes: bool| *counts.entry(name).or_insert(0) += usize::from(yes);
    for line in text.split(|byte| *byte == b'\n') {
        add("lines", true);
        let outcome = decoder.decode(line, false, &mut event);
        add("parsed", matches!(outcome, Outcome::Parsed | Outcome::Repaired));
        add("raw", outcome == Outcome::Raw);
        add("blank", outcome == Outcome::Blank);
        add("cut", outcome == Outcome::Cut);
        if outcome == Outcome::Blank {
            continue;
        }
        normalizer.translate(&mut event, arrival);
        normalizer.join(&mut event);
        add("time", event.meta.time_quality != TimeQuality::Absent);
        for (name, path) in [
            ("level", canonical::LOG_LEVEL),
            ("id", canonical::CORRELATION_ID),
            ("address", canonical::SOURCE_IP),
            ("user", canonical::USER_NAME),
        ] {
            add(name, event.get(path).is_some_and(|value| !value.is_empty()));
        }
    }
    counts
}

#[test]
fn recordings_are_understood_and_every_line_is_accounted_for() {
    let Some(root) = shared() else { return };
    for stream in STREAMS {
        let counts = count(&root.join(stream.file));
        let get = |name: &str| counts.get(name).copied().unwrap_or_default();
        let outcomes = get("parsed") + get("raw") + get("blank") + get("cut");
        assert_eq!(outcomes, get("lines"), "{}: {counts:?}", stream.file);
        assert_eq!(get("parsed"), stream.parsed, "{}: {counts:?}", stream.file);
        for (name, least) in [
            ("time", stream.time),
            ("level", stream.level),
            ("id", stream.id),
            ("address", stream.address),
            ("user", stream.user),
        ] {
            assert!(get(name) >= least, "{}: {name} in at least {least} events, but {counts:?}", stream.file);
        }
    }
}
