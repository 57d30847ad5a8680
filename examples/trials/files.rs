//! More files than may be open: all are read, and all are read on after each of them was rotated, in a time that grows
//! with their number and not with its square.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::cpu_time;
use super::terminal::Outcome;
use super::{PlainWatch, expect, stored, until_stored};

/// Descriptors that the program may have.
const DESCRIPTORS: &str = "1024";
/// A file among four times as many may take this many times the time of the processors.
const MOST: f64 = 1.5;

/// What a number of files took of the processors: other work of the machine does not matter.
struct Took {
    files: u64,
    start: Duration,
    rotation: Duration,
}

pub fn run(program: &Path, files: u64) -> Outcome<()> {
    let few = measure(program, files / 4)?;
    measure(program, files / 2)?;
    let many = measure(program, files)?;
    let ratio = |of: fn(&Took) -> Duration| each(&many, of) / each(&few, of);
    let (start, rotation) = (ratio(|took| took.start), ratio(|took| took.rotation));
    println!(
        "of four times as many files each takes {start:.2} times as long to start, {rotation:.2} to rotate"
    );
    expect(start < MOST, "the start is linear in the number of files")?;
    expect(rotation < MOST, "a rotation is linear in the number of files")
}

/// Microseconds of a file.
fn each(took: &Took, of: fn(&Took) -> Duration) -> f64 {
    of(took).as_secs_f64() * 1e6 / took.files as f64
}

/// What it took to read all of them, and to follow all of them through a rotation.
fn measure(program: &Path, files: u64) -> Outcome<Took> {
    let folder = tempfile::tempdir()?;
    let logs = folder.path().join("logs");
    fs::create_dir(&logs)?;
    let name = |number: u64| logs.join(format!("app-{number}.log"));
    for number in 0..files {
        fs::write(name(number), line(number, "first"))?;
    }
    let running = PlainWatch::start(limited(program, folder.path())?)?;
    let patience = Duration::from_secs(1_200);
    let read = until_stored(program, folder.path(), files, patience)?;
    let start = cpu_time(&running.process())?;
    for number in 0..files {
        let path = name(number);
        fs::rename(&path, path.with_extension("log.1"))?;
        fs::write(path, line(number, "second"))?;
    }
    let rotated = until_stored(program, folder.path(), 2 * files, patience)?;
    let rotation = cpu_time(&running.process())?.saturating_sub(start);
    let peak = running.peaks.own_mb();
    running.end()?;
    let took = Took { files, start, rotation };
    println!(
        "{files} files: read after {:.1} s ({:.0} us of CPU each), rotated after {:.1} s ({:.0} us each), {peak} MB at \
         most",
        read.as_secs_f64(),
        each(&took, |took| took.start),
        rotated.as_secs_f64(),
        each(&took, |took| took.rotation),
    );
    expect(stored(program, folder.path()) == 2 * files, "every line is stored once")?;
    Ok(took)
}

fn line(number: u64, which: &str) -> String {
    format!("{{\"timestamp\":\"2026-03-01T09:30:00Z\",\"message\":\"the {which} line of file {number}\"}}\n")
}

/// The program under a hard limit of descriptors, which it cannot raise.
fn limited(program: &Path, folder: &Path) -> Outcome<Command> {
    let mut command = Command::new("sh");
    // The pattern is the program's to expand.
    let script =
        format!("ulimit -n {DESCRIPTORS} && exec \"$0\" watch --plain --data-dir data 'logs/*.log*'");
    command.args(["-c", &script]).arg(program).env("HOME", folder).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.join("said"))?);
    Ok(command)
}
