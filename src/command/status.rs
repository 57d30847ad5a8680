//! `soctop status`: is anybody reading, and how far.

use super::live::{index_error, wall_clock};
use super::print::{self, Out};
use super::search::existing_data_dir;
use super::settings::CliOverrides;
use super::standing::{self, ReadSource};
use crate::cli::StatusArgs;
use crate::exit::Exit;
use crate::index::{self, DiskRoom, Examination};
use crate::state::Ledger;
use crate::text::{Safe, plural};

pub fn run(args: &StatusArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let folder = existing_data_dir(&config)?;
    let found = index::examine(&folder, false).map_err(index_error)?;
    let cursors = found.payload.as_ref().map(|payload| payload.cursors.clone()).unwrap_or_default();
    let sources = standing::of(&cursors, wall_clock());
    let mut out = Out::new();
    out.line(&reader_line(&found))?;
    out.line(&index_line(&found))?;
    let room = DiskRoom::of(&folder, config.retention.keep_free.value);
    let mut troubles = troubles(&found, &sources);
    troubles.extend(room.shortage(0).map(|shortage| format!("{shortage} ({})", shortage.hint())));
    for trouble in &troubles {
        out.line(trouble)?;
    }
    out.flush()?;
    Ok(if troubles.is_empty() { Exit::Fine } else { Exit::Findings })
}

fn reader_line(found: &Examination) -> String {
    let read_to = found.payload.as_ref().and_then(|payload| payload.read_to);
    let read_to = read_to.map_or_else(
        || "nothing has been read yet".to_owned(),
        |time| format!("everything read until {} is indexed", print::time(time)),
    );
    match found.writer {
        Some(process) => format!("reading: process {process}; {read_to}"),
        None => format!("not running; {read_to}"),
    }
}

fn index_line(found: &Examination) -> String {
    let counts = found.partitions.iter().filter_map(|part| part.counts);
    let (events, alerts) =
        counts.fold((0, 0), |(events, alerts), it| (events + it.events, alerts + it.alerts));
    let bytes = found.partitions.iter().map(|part| part.sizes.all()).sum::<u64>() + found.other_bytes;
    let partitions = found.partitions.len() as u64;
    format!(
        "{} event{} and {} alert record{} in {} partition{}, {}",
        print::count(events),
        plural(events),
        print::count(alerts),
        plural(alerts),
        partitions,
        plural(partitions),
        print::bytes(bytes)
    )
}

/// What wants attention, a line each.
fn troubles(found: &Examination, sources: &[ReadSource<'_>]) -> Vec<String> {
    let mut troubles = Vec::new();
    if found.writer.is_none() {
        troubles.push("the logs are not read: no `soctop watch` is running".to_owned());
    }
    if let Some(payload) = found.payload.as_ref().filter(|_| found.writer.is_some()) {
        troubles.extend(payload.unread.iter().map(|it| Safe::new(it).as_str().to_owned()));
    }
    let behind = sources.iter().filter(|source| source.state.is_trouble());
    troubles.extend(behind.map(|source| format!("{}: {}", source.name(), source.state.in_words())));
    for part in found.partitions.iter().filter(|part| !part.damage.is_empty()) {
        let name = part.path.file_name().unwrap_or_default().to_string_lossy();
        troubles.push(format!("partition {name} is damaged: `soctop doctor` says more"));
    }
    if let Some(ledger) = ledger(found) {
        troubles.extend(lost(&ledger));
        troubles.extend(out_of_time(&ledger));
    }
    troubles
}

/// What became of the lines since the writer of the newest commit began.
fn ledger(found: &Examination) -> Option<Ledger> {
    let ledger = found.payload.as_ref()?.ledger.clone();
    serde_json::from_value(ledger).ok()
}

/// Lines that rules which count have not seen, or not with the others.
fn out_of_time(ledger: &Ledger) -> Vec<String> {
    let (timeless, late) = (print::count(ledger.timeless), print::count(ledger.late));
    let timeless = (ledger.timeless > 0).then(|| {
        format!("{timeless} line{} without a time: no rule that counts sees them", plural(ledger.timeless))
    });
    let late = (ledger.late > 0).then(|| {
        format!(
            "{late} line{} far behind what was read before, counted apart: `soctop hunt` looks at all in the order of \
             their times",
            plural(ledger.late)
        )
    });
    timeless.into_iter().chain(late).collect()
}

fn lost(ledger: &Ledger) -> Option<String> {
    let Ledger { gaps, lost_bytes, .. } = *ledger;
    (gaps > 0).then(|| {
        format!(
            "{} gap{}, {} bytes lost where that is known: `soctop search kind:gap` lists them",
            print::count(gaps),
            plural(gaps),
            print::count(lost_bytes)
        )
    })
}
