//! More than the machine can index, for minutes: keys are answered, memory stays in its bound, and afterwards
//! everything is there.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::lines::Service;
use super::terminal::{Outcome, Watched, percentile};
use super::{BOUND_MB, Peaks, expect, soctop, stored, until_stored};

/// What writes.
const SERVICE: Service = Service { number: 0, refused_every: 10, users: 9_973 };
/// Lines that tell how many the machine indexes in a second.
const MEASURED: u64 = 200_000;
/// Between two keys.
const PAUSE: Duration = Duration::from_millis(200);
/// A key is answered by then, but for one in a hundred.
const ANSWER: Duration = Duration::from_millis(100);
/// Words that only the frame with the help writes, and only the one without it.
const OPENED: &str = "Help:";
const CLOSED: &str = "Threat";

pub fn run(program: &Path, span: Duration) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let capacity = capacity(program, folder.path())?;
    println!("{capacity} lines a second are indexed; twice as many come for {} s", span.as_secs());
    let log = folder.path().join("app.log");
    File::create(&log)?;
    let command = format!("'{}' watch app.log --data-dir data", program.display());
    let mut watched = Watched::start(&command, folder.path())?;
    watched.until(0, CLOSED)?;
    let peaks = Peaks::of(watched.process());
    let flood = Flood::start(log, 2 * capacity);
    let mut waited = press_keys(&mut watched, span)?;
    let written = flood.end()?;
    let behind = written.saturating_sub(stored(program, folder.path()));
    let caught_up = until_stored(program, folder.path(), written, 20 * span)?;
    waited.sort();
    let answered = |share: usize| percentile(&waited, share);
    let (peak, mapped) = (peaks.own_mb(), peaks.mapped_mb());
    println!(
        "{written} lines written, {behind} behind at the end, caught up {:.0} s later; {} keys answered in {:?} (p50), \
         {:?} (p99), {:?} (most); {peak} MB at most and {mapped} MB of mapped files",
        caught_up.as_secs_f64(),
        waited.len(),
        answered(50),
        answered(99),
        answered(100)
    );
    drop(watched);
    expect(stored(program, folder.path()) == written, "every line is stored once")?;
    expect(peak < BOUND_MB, "memory stays in its bound")?;
    expect(answered(99) < ANSWER, "keys are answered within 100 ms")
}

/// Lines that are indexed in a second where all are there.
fn capacity(program: &Path, folder: &Path) -> Outcome<u64> {
    let path = folder.join("measured.log");
    SERVICE.write(&mut BufWriter::new(File::create(&path)?), 0..MEASURED)?;
    let began = Instant::now();
    let words = ["ingest", "--data-dir", "measured", "measured.log"];
    let ended = soctop(program, folder, &words).output()?;
    expect(ended.status.success(), "ingest ends well")?;
    std::fs::remove_file(path)?;
    Ok((MEASURED as f64 / began.elapsed().as_secs_f64()) as u64)
}

/// How long each key took to be answered.
fn press_keys(watched: &mut Watched, span: Duration) -> Outcome<Vec<Duration>> {
    let (began, mut waited) = (Instant::now(), Vec::new());
    while began.elapsed() < span {
        for word in [OPENED, CLOSED] {
            waited.push(watched.press("?", word)?);
            thread::sleep(PAUSE);
        }
    }
    Ok(waited)
}

/// A log that grows at a rate until it is ended.
struct Flood {
    over: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writer: JoinHandle<std::io::Result<()>>,
}

impl Flood {
    fn start(log: PathBuf, rate: u64) -> Self {
        let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, counts) = (Arc::clone(&over), Arc::clone(&written));
        let writer = thread::spawn(move || {
            let mut file = OpenOptions::new().append(true).open(log)?;
            let began = Instant::now();
            while !ends.load(Ordering::Relaxed) {
                let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let (from, due) = (counts.load(Ordering::Relaxed), millis.saturating_mul(rate) / 1_000);
                SERVICE.write(&mut file, from..due.max(from))?;
                counts.store(due.max(from), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        });
        Self { over, written, writer }
    }

    /// How many lines were written.
    fn end(self) -> Outcome<u64> {
        self.over.store(true, Ordering::Relaxed);
        self.writer.join().map_err(|_| "the writer broke down")??;
        Ok(self.written.load(Ordering::Relaxed))
    }
}
