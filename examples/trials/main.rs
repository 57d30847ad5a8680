//! Runs that are too long and too large for a test; each says what it measured and fails where a promise is broken:
//!
//! ```text
//! cargo build --release
//! cargo run --release --example trials -- target/release/soctop flood [USERS]
//! cargo run --release --example trials -- target/release/soctop overload [SECONDS]
//! cargo run --release --example trials -- target/release/soctop files [FILES]
//! cargo run --release --example trials -- target/release/soctop trace [LINES]
//! cargo run --release --example trials -- target/release/soctop live [LINES_A_SECOND [SECONDS [FILE]]]
//! cargo run --example trials -- target/release/soctop soak [SECONDS]
//! ```
//!
//! `flood`: a million users, addresses and ids in one window, 100,000 incidents, and twenty attackers among them.
//! `overload`: twice what the machine can index, for five minutes, with a dashboard that is used meanwhile.
//! `files`: 20,000 files under 1,024 descriptors are read and rotated, and half and a quarter of them, to compare.
//! `trace`: 200 events of one id among a million lines, on the dashboard and beside `rg`.
//! `live`: what an even stream costs, of generated lines or those of a file, and how soon it is found and told.
//! `soak`: ten minutes of bursts, rotation of every kind, kills and a bad disk.

#![expect(clippy::print_stdout, reason = "a measurement prints its numbers")]

mod attack;
mod files;
mod flood;
mod lines;
mod live;
mod overload;
mod process;
mod soak;
#[allow(dead_code, reason = "others use the rest")]
mod terminal;
mod trace;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use process::Peaks;
use terminal::Outcome;

/// `--memory`, unless something else is said, in megabytes: what the program takes for itself.
const BOUND_MB: u64 = 1_073;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let program = PathBuf::from(words.next().ok_or("name the program")?).canonicalize()?;
    let trial = words.next().ok_or("name the trial: flood, overload, files, trace, live or soak")?;
    let size = words.next().map(|word| word.parse()).transpose()?;
    match trial.as_str() {
        "flood" => flood::run(&program, size.unwrap_or(1_000_000)),
        "overload" => overload::run(&program, Duration::from_secs(size.unwrap_or(300))),
        "files" => files::run(&program, size.unwrap_or(20_000)),
        "trace" => trace::run(&program, size.unwrap_or(1_000_000)),
        "live" => {
            let span = words.next().map(|word| word.parse()).transpose()?.unwrap_or(40);
            let recorded = words.next().map(PathBuf::from);
            live::run(&program, size.unwrap_or(2_000), Duration::from_secs(span), recorded.as_deref())
        }
        "soak" => soak::run(&program, Duration::from_secs(size.unwrap_or(600))),
        other => Err(format!("no trial is called {other}").into()),
    }
}

/// The program with a home of its own, below `folder`.
fn soctop(program: &Path, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    command
}

/// Events in the store below `folder`.
fn stored(program: &Path, folder: &Path) -> u64 {
    let words = ["search", "", "--count", "--data-dir", "data"];
    let Ok(found) = soctop(program, folder, &words).output() else { return 0 };
    String::from_utf8_lossy(&found.stdout).trim().replace(',', "").parse().unwrap_or(0)
}

/// Waits until this many events are stored; how long that took.
fn until_stored(program: &Path, folder: &Path, wanted: u64, patience: Duration) -> Outcome<Duration> {
    let began = Instant::now();
    loop {
        match stored(program, folder) {
            found if found == wanted => return Ok(began.elapsed()),
            found if began.elapsed() > patience => {
                return Err(format!("{found} of {wanted} events are stored").into());
            }
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// A watch without a dashboard, killed when it goes out of scope.
struct PlainWatch {
    child: Child,
    peaks: Peaks,
}

impl PlainWatch {
    fn start(mut command: Command) -> Outcome<Self> {
        let child = command.spawn()?;
        let peaks = Peaks::of(child.id().to_string());
        Ok(Self { child, peaks })
    }

    fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Ends it as a service manager does.
    fn end(mut self) -> Outcome<()> {
        Command::new("kill").args(["-TERM", &self.process()]).status()?;
        let status = self.child.wait()?;
        match status.code() {
            // As told by a signal.
            Some(0 | 130) => Ok(()),
            _ => Err(format!("the watch ended with {status}").into()),
        }
    }
}

impl Drop for PlainWatch {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What was promised, where it is not so.
fn expect(holds: bool, promise: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(promise.into()) }
}
