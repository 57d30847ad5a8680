//! `soctop decisions`: who decided what, from the journal beside the data.

use super::print::{self, Out};
use super::settings::{self, CliOverrides};
use crate::cli::{AlertFormat, DecisionsArgs};
use crate::exit::Exit;
use crate::pipeline::Journal;
use crate::text::{Safe, plural};
use crate::triage::{Act, sentence};

pub fn run(args: &DecisionsArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let read = Journal::of(&settings::data_dir(&config)?).read()?;
    let mut out = Out::new();
    let mut found = false;
    for (number, entry, holds) in read.decisions.entries() {
        match args.format {
            AlertFormat::Ndjson => out.json(entry)?,
            AlertFormat::Table if entry.act == Act::Looked => continue,
            AlertFormat::Table => {
                let undone = if holds { "" } else { "  (undone)" };
                let (by, what) = (Safe::new(&entry.by), Safe::new(&sentence(entry)));
                out.line(&format!("{number:>5}  {}  {by:<12}  {what}{undone}", print::time(entry.at)))?;
            }
        }
        found = true;
    }
    out.flush()?;
    if read.unreadable > 0 {
        let lines = read.unreadable as u64;
        print::talk(&format!("{lines} line{} of the journal could not be read", plural(lines)));
    }
    if !found {
        print::talk("no decision yet: a, V, z and M in the dashboard make one");
    }
    Ok(if found { Exit::Fine } else { Exit::Nothing })
}
