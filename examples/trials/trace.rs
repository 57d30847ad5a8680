//! Everything of one id among a million lines: how long until the dashboard has painted it, and the command line beside
//! `rg` on the same file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::lines::Service;
use super::terminal::{Outcome, Watched, percentile};
use super::{expect, soctop};

/// The id that is asked for, and the events that carry it.
const ID: &str = "7ace0000-0000-4000-8000-00000000abcd";
const EVENTS: u64 = 200;
/// How often each is asked.
const ROUNDS: usize = 15;
/// Between two questions: the dashboard is to come to rest.
const PAUSE: Duration = Duration::from_millis(300);
/// The goal, for the middle one of the rounds: from Enter to the frame.
const PAINTED: Duration = Duration::from_millis(50);

pub fn run(program: &Path, lines: u64) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("app.log");
    let service = Service { number: 0, refused_every: 1_000, users: 9_973 };
    let every = lines / EVENTS;
    let id_of = |number| match number % every == 0 && number / every < EVENTS {
        true => ID.to_owned(),
        false => format!("00000000-0000-4000-8000-{number:012x}"),
    };
    let mut writer = BufWriter::new(File::create(&log)?);
    for first in (0..lines).step_by(10_000) {
        service.write_with(&mut writer, first..lines.min(first + 10_000), id_of)?;
    }
    writer.flush()?;
    let stored = soctop(program, folder.path(), &["ingest", "--data-dir", "data", "app.log"]).output()?;
    expect(stored.status.success(), "ingest ends well")?;
    let bytes = std::fs::metadata(&log)?.len();
    println!("{lines} lines, {} MB; {EVENTS} of them carry the id", bytes / 1_000_000);

    let ours = timed(|| Ok(soctop(program, folder.path(), &["trace", ID, "--data-dir", "data"])))?;
    say("soctop trace", &ours);
    let theirs = timed(|| {
        let mut command = Command::new("rg");
        command.args(["--no-config", "--fixed-strings", ID]).arg(&log).stdin(Stdio::null());
        Ok(command)
    });
    match &theirs {
        Ok(theirs) => say("rg", theirs),
        Err(_) => println!("rg is not installed: not measured"),
    }
    let painted = painted(program, folder.path())?;
    say("the dashboard, Enter to frame", &painted);
    expect(percentile(&painted, 50) <= PAINTED, "a trace of 200 of a million is painted within 50 ms")?;
    expect(
        theirs.is_ok_and(|theirs| percentile(&ours, 50) < percentile(&theirs, 50)),
        "the command line is faster than rg on the same file",
    )
}

fn say(name: &str, times: &[Duration]) {
    let millis = |share| percentile(times, share).as_secs_f64() * 1_000.0;
    println!("{name:<30} p50 {:>7.1} ms  most {:>7.1} ms", millis(50), millis(100));
}

/// How long a command takes that must find every event, the shortest first.
fn timed(mut command: impl FnMut() -> Outcome<Command>) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let found = command()?.output()?;
        times.push(began.elapsed());
        let found = String::from_utf8_lossy(&found.stdout).lines().count();
        expect(found as u64 >= EVENTS, "every event is found")?;
    }
    times.sort();
    Ok(times)
}

/// How long after Enter the frame with the whole trace is there.
fn painted(program: &Path, folder: &Path) -> Outcome<Vec<Duration>> {
    let command = format!("'{}' watch app.log --data-dir data --no-motion", program.display());
    let mut watched = Watched::start(&command, folder)?;
    watched.until(0, "Threat")?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        // Another screen lies between, so that every frame has the words anew.
        watched.press("2", "newest at")?;
        thread::sleep(PAUSE);
        watched.press(":", "Commands")?;
        watched.type_keys(&format!("trace {ID}"))?;
        thread::sleep(PAUSE);
        // Only cells that change are written: of `0 events` before the answer some stay.
        times.push(watched.press("\r", &format!("{EVENTS} "))?);
    }
    times.sort();
    Ok(times)
}
