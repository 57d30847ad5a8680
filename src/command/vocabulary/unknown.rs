//! `soctop vocabulary unknown`: lines that matter and state nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::VocabularyBench;
use crate::command::print::{self, Out};
use crate::config;
use crate::event::shown;
use crate::exit::Exit;
use crate::facts::unknown::Unknown;
use crate::text::{Safe, plural};

/// A line is read up to here, in bytes.
const LINE_LIMIT: u64 = 64 << 10;

pub fn run(vocabulary: &[PathBuf], limit: usize, logs: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut bench = VocabularyBench::new(config::load_vocabulary(vocabulary)?);
    let mut unknown = Unknown::default();
    let mut lines = 0;
    for log in logs {
        lines += look_through(log, &mut bench, &mut unknown)?;
    }
    let mut out = Out::new();
    for shape in unknown.most(limit) {
        out.line(&format!("{:>8}  {}", print::count(shape.count), Safe::new(&shape.shape).as_str()))?;
        out.line(&format!("{:>8}  {}", "", Safe::new(&shape.example).as_str()))?;
    }
    out.flush()?;
    print::talk(&format!(
        "{} of {} line{} matter and state nothing{}",
        print::count(unknown.lines()),
        print::count(lines),
        plural(lines),
        if unknown.lines() > 0 { "; `soctop vocabulary new` writes an entry for one" } else { "" },
    ));
    Ok(Exit::Fine)
}

/// Counts what the lines of a log leave open; how many lines there are.
fn look_through(log: &Path, bench: &mut VocabularyBench, unknown: &mut Unknown) -> anyhow::Result<u64> {
    let failed = || format!("cannot read `{}`", shown(log));
    let mut reader: Box<dyn BufRead> = if log == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(log).with_context(failed)?))
    };
    let (mut bytes, mut lines) = (Vec::new(), 0);
    while (&mut reader).take(LINE_LIMIT).read_until(b'\n', &mut bytes).with_context(failed)? > 0 {
        lines += 1;
        if !bytes.ends_with(b"\n") {
            reader.skip_until(b'\n').with_context(failed)?;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end();
        unknown.look(&bench.read(line), line);
        bytes.clear();
    }
    Ok(lines)
}
