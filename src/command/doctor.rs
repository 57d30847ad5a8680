//! `soctop doctor`: what lies in the index, what of it is damaged, and what can be done about it.

use std::path::Path;

use super::live::{index_error, wall_clock};
use super::print::{self, Out};
use super::search::existing_data_dir;
use super::settings::CliOverrides;
use super::standing::{self, ReadSource, SourceState};
use crate::cli::DoctorArgs;
use crate::event::{Cursor, Timestamp};
use crate::exit::Exit;
use crate::index::{self, Examination, Examined, Options, PartSizes};
use crate::text::Safe;

pub fn run(args: &DoctorArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let folder = existing_data_dir(&config)?;
    let found = index::examine(&folder, !args.quick).map_err(index_error)?;
    let cursors = found.payload.as_ref().map(|payload| payload.cursors.clone()).unwrap_or_default();
    let mut out = Out::new();
    print_partitions(&mut out, &found)?;
    print_sources(&mut out, &standing::of(&cursors, wall_clock()))?;
    for partition in &found.partitions {
        print_slower(&mut out, partition)?;
    }
    let damaged: Vec<&Examined> = found.partitions.iter().filter(|it| !it.damage.is_empty()).collect();
    if damaged.is_empty() {
        let how =
            if args.quick { "opened, not read: leave out `--quick`" } else { "every byte was compared" };
        out.line(&format!("no damage found ({how})"))?;
        out.flush()?;
        return Ok(Exit::Fine);
    }
    for partition in &damaged {
        print_damage(&mut out, partition)?;
    }
    out.flush()?;
    if args.quarantine {
        put_aside(&folder, &found)?;
    } else {
        print::talk(
            "`soctop doctor --quarantine` sets the damaged partitions aside, so that the others work again",
        );
    }
    say_what_can_be_read_again(&cursors);
    Ok(Exit::Findings)
}

fn print_partitions(out: &mut Out, found: &Examination) -> std::io::Result<()> {
    out.line("PARTITION     EVENTS      ALERTS    BYTES     LINES     TERMS     POSTINGS  COLUMNS   OTHER     EVENT TIMES")?;
    for partition in &found.partitions {
        let counts = partition.counts.unwrap_or_default();
        let times = partition.times.map_or_else(
            || "none".to_owned(),
            |(from, to)| format!("{} to {}", print::time(Timestamp(from)), print::time(Timestamp(to))),
        );
        let open = if partition.is_sealed { "" } else { ", being written" };
        let start = format!(
            "{:<14}{:<12}{:<10}",
            name(partition),
            print::count(counts.events),
            print::count(counts.alerts)
        );
        out.line(&format!("{start}{}{times}{open}", columns(partition.sizes)))?;
    }
    let all = found.partitions.iter().fold(PartSizes::default(), |all, it| all.and(it.sizes));
    out.line(&format!("{:<36}{}", "all", columns(all)))?;
    out.line(&format!(
        "besides these {}: state of detection, positions, what was set aside",
        print::bytes(found.other_bytes)
    ))
}

fn columns(sizes: PartSizes) -> String {
    let PartSizes { lines, terms, postings, columns, other } = sizes;
    let cell = |bytes: u64| format!("{:<10}", print::bytes(bytes));
    [sizes.all(), lines, terms, postings, columns, other].map(cell).concat()
}

fn name(partition: &Examined) -> String {
    partition.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn print_sources(out: &mut Out, sources: &[ReadSource<'_>]) -> std::io::Result<()> {
    for source in sources {
        let read = print::count(source.cursor.end);
        let lines = print::count(source.cursor.lines);
        out.line(&format!(
            "{}: read to byte {read}, {lines} lines; {}",
            source.name(),
            source.state.in_words()
        ))?;
    }
    Ok(())
}

fn print_slower(out: &mut Out, partition: &Examined) -> std::io::Result<()> {
    for slower in &partition.slower {
        out.line(&format!("SLOWER  {}: {slower}; nothing is missed", name(partition)))?;
    }
    Ok(())
}

fn print_damage(out: &mut Out, partition: &Examined) -> std::io::Result<()> {
    for damage in &partition.damage {
        out.line(&format!("DAMAGED {}: {}", name(partition), Safe::new(damage)))?;
    }
    Ok(())
}

/// Moves the damaged partitions out of the index, the newest, which is written, last.
fn put_aside(folder: &Path, found: &Examination) -> anyhow::Result<()> {
    for partition in found.partitions.iter().filter(|it| !it.damage.is_empty()) {
        let aside = match partition.is_sealed {
            true => index::quarantine_sealed(folder, &partition.path),
            false => index::quarantine(folder, Options::default()),
        };
        let aside = aside.map_err(index_error)?;
        print::talk(&format!("{} is now in `{}`", name(partition), aside.display()));
    }
    Ok(())
}

/// Which sources are still there to be read again, from their beginning, into another directory.
fn say_what_can_be_read_again(cursors: &[Cursor]) {
    let sources = standing::of(cursors, wall_clock());
    let is_there = |source: &&ReadSource<'_>| {
        !matches!(source.state, SourceState::Replaced | SourceState::Gone(_) | SourceState::Over)
    };
    let there: Vec<String> =
        sources.iter().filter(is_there).map(|source| format!("`{}`", source.name())).collect();
    match there.is_empty() {
        true => print::talk(
            "none of the files that were read is still there: what is damaged cannot be read again",
        ),
        false => print::talk(&format!(
            "still there and can be read again with `soctop ingest FILE --data-dir OTHER`: {}",
            there.join(", ")
        )),
    }
}
