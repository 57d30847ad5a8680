//! `soctop ingest`: files into the index, once.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;

use super::settings::{self, CliOverrides};
use super::{live, print};
use crate::cli::IngestArgs;
use crate::config;
use crate::event::SECOND;
use crate::event::number::{to_f64, to_u64};
use crate::exit::Exit;
use crate::pipeline::{self, Clock, LiveOptions};
use crate::receive;
use crate::source::{self, Input};
use crate::state::Snapshot;
use crate::text::{Safe, plural};

/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

pub fn run(args: &IngestArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.rules(&args.rules).store(&args.store).keep(args.keep).resolve()?;
    let loaded = live::load_rules(&config)?;
    live::report_rule_problems(&loaded);
    let running = live::start(LiveOptions {
        received: receive::Listeners::default(),
        inputs: inputs(&args.inputs)?,
        from: source::From::Start,
        follow: false,
        rules: loaded,
        sources: config.sources.clone(),
        redaction: config.redaction.clone(),
        routing: config.rules.routing.value,
        vocabulary: live::load_vocabulary(&config)?,
        benign: live::known_benign(&config),
        data_dir: settings::data_dir(&config)?,
        retention: settings::retention(&config),
        limits: settings::limits(&config),
        clock: Clock::Wall,
        plain: None,
        reload: None,
        vocabulary_files: config::VocabularyFiles::default(),
    })?;
    let handle = running.handle();
    let talkative = io::stderr().is_terminal();
    loop {
        // Nothing but a change can end this; the timeout only refreshes the progress line.
        match handle.notices.recv_timeout(PROGRESS_EVERY) {
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
            Ok(pipeline::Notice::Stopped(_)) => break,
            Ok(_) | Err(_) => {}
        }
        let snapshot = handle.snapshots.load();
        if talkative {
            show_progress(&snapshot)?;
        }
        if snapshot.finished {
            break;
        }
    }
    let snapshots = handle.snapshots.clone();
    drop(handle);
    running.stop()?;
    if talkative {
        print::talk("");
    }
    let end = snapshots.load();
    say_the_end(&end);
    live::refuse_blindness(&end)?;
    Ok(Exit::Fine)
}

/// What there was to say, and how much was read.
fn say_the_end(end: &Snapshot) {
    let ledger = end.ledger;
    for remark in end.notices.iter() {
        print::talk(Safe::new(&remark.message).as_str());
    }
    print::talk(&format!(
        "{} line{} read, {} event{}",
        print::count(ledger.lines()),
        plural(ledger.lines()),
        print::count(ledger.events()),
        plural(ledger.events()),
    ));
}

/// What to read. A file that was named and is not there is a mistake, and not an empty input.
fn inputs(words: &[String]) -> anyhow::Result<Vec<Input>> {
    let inputs = words.iter().map(Input::parse).collect::<Result<Vec<_>, _>>()?;
    for input in &inputs {
        if let Input::Path(path) = input {
            std::fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        }
    }
    Ok(inputs)
}

/// How far, how fast, how long yet, and what was found so far.
fn show_progress(snapshot: &Snapshot) -> io::Result<()> {
    let (read, size) = snapshot
        .sources
        .iter()
        .fold((0, 0), |(read, size), row| (read + row.status.read_bytes, size + row.status.size_bytes));
    let percent = if size == 0 { 0.0 } else { to_f64(read) / to_f64(size) * 100.0 };
    let nanos = snapshot.started.map_or(0, |started| snapshot.now.since(started));
    let seconds = to_u64(nanos / SECOND).max(1);
    let left = size.saturating_sub(read) / (read / seconds).max(1);
    let lines = snapshot.ledger.lines();
    let alerts = to_u64(snapshot.incidents.len());
    let mut stderr = io::stderr().lock();
    write!(
        stderr,
        "\r{percent:5.1} %  {} lines, {} a second, {left} s left, {} incident{}   ",
        print::count(lines),
        print::count(lines / seconds),
        print::count(alerts),
        plural(alerts)
    )?;
    stderr.flush()
}
