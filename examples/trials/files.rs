//! More files than may be open: all are read, and all are read on after each of them was rotated, in a time that grows
//! with their number and not with its square.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::terminal::Outcome;
use super::{PlainWatch, expect, stored, until_stored};

/// Descriptors that the program may have.
const DESCRIPTORS: &str = "1024";
/// Four times as many files may take this many times as long.
const MOST: f64 = 8.0;

pub fn run(program: &Path, files: u64) -> Outcome<()> {
    let (few_started, few_rotated) = measure(program, files / 4)?;
    let (started, rotated) = measure(program, files)?;
    let ratio = |many: Duration, few: Duration| many.as_secs_f64() / few.as_secs_f64().max(0.5);
    let (start, rotation) = (ratio(started, few_started), ratio(rotated, few_rotated));
    println!("four times as many files: {start:.1} times as long to start, {rotation:.1} to rotate");
    expect(start < MOST, "the start is linear in the number of files")?;
    expect(rotation < MOST, "a rotation is linear in the number of files")
}

/// How long it took to read all of them, and to follow all of them through a rotation.
fn measure(program: &Path, files: u64) -> Outcome<(Duration, Duration)> {
    let folder = tempfile::tempdir()?;
    let logs = folder.path().join("logs");
    fs::create_dir(&logs)?;
    let name = |number: u64| logs.join(format!("app-{number}.log"));
    for number in 0..files {
        fs::write(name(number), line(number, "first"))?;
    }
    let running = PlainWatch::start(limited(program, folder.path())?)?;
    let patience = Duration::from_secs(1_200);
    let started = until_stored(program, folder.path(), files, patience)?;
    for number in 0..files {
        let path = name(number);
        fs::rename(&path, path.with_extension("log.1"))?;
        fs::write(path, line(number, "second"))?;
    }
    let rotated = until_stored(program, folder.path(), 2 * files, patience)?;
    let peak = running.peak_memory();
    running.end()?;
    println!(
        "{files} files: read after {:.1} s, rotated after {:.1} s, {peak} MB at most",
        started.as_secs_f64(),
        rotated.as_secs_f64()
    );
    expect(stored(program, folder.path()) == 2 * files, "every line is stored once")?;
    Ok((started, rotated))
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
