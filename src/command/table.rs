//! Events as a table: who and from where at every width, what matched marked, and no line longer than the
//! terminal.

use std::io;

use super::print::{self, Out};
use crate::event::{Record, file_with_folder};
use crate::query::marks::Marks;
use crate::query::name;
use crate::text::Safe;

/// Columns where nothing else was asked for.
const USUAL: [&str; 6] = ["time", "level", "service", "user", "ip", "message"];
/// The same where there is little room.
const NARROW: [&str; 5] = ["time", "level", "user", "ip", "message"];
/// Narrower than this is little room, in cells.
const WIDE: usize = 110;
/// A column but the last is at most this wide, in cells.
const WIDEST: usize = 40;

/// Whether a column is made here, whatever fields events have.
pub fn is_own(column: &str) -> bool {
    ["time", "level", "service", "message", "source", "corr"].contains(&column)
}

/// Prints the events, one a line.
pub fn print(out: &mut Out, records: &[Record], columns: &[String], marks: &Marks) -> io::Result<()> {
    let room = out.width();
    let usual: Vec<String> = match room {
        Some(room) if room < WIDE => NARROW.map(str::to_owned).to_vec(),
        _ => USUAL.map(str::to_owned).to_vec(),
    };
    let columns = if columns.is_empty() { &usual } else { columns };
    let rows: Vec<Vec<Safe>> =
        records.iter().map(|record| columns.iter().map(|column| cell(record, column)).collect()).collect();
    let widths: Vec<usize> = (0..columns.len()).map(|at| width(&rows, at)).collect();
    for (row, record) in rows.iter().zip(records) {
        let line = line(out, record, columns, row, &widths, marks);
        out.line(&line)?;
    }
    Ok(())
}

fn width(rows: &[Vec<Safe>], at: usize) -> usize {
    rows.iter().filter_map(|row| row.get(at)).map(Safe::width).max().unwrap_or_default().min(WIDEST)
}

fn line(
    out: &Out,
    record: &Record,
    columns: &[String],
    row: &[Safe],
    widths: &[usize],
    marks: &Marks,
) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
        let is_last = at + 1 == columns.len();
        let room = match (is_last, out.width()) {
            (true, Some(all)) => all.saturating_sub(used).max(1),
            (true, None) => usize::MAX,
            (false, _) => widths.get(at).copied().unwrap_or_default(),
        };
        let shown = if cell.width() > room { cell.truncate(room, "…") } else { cell.clone() };
        line.push_str(&painted(out, record, column, &shown, marks));
        if !is_last {
            line.push_str(&" ".repeat(room.saturating_sub(shown.width()) + 2));
            used += room + 2;
        }
    }
    line.trim_end().to_owned()
}

fn painted(out: &Out, record: &Record, column: &str, shown: &Safe, marks: &Marks) -> String {
    let wanted = |name: &str| record.get(name).is_some_and(|value| marks.wants(name, value));
    match column {
        "level" => out.level_word(record.level, shown.as_str()),
        "time" => shown.to_string(),
        "message" => marked(out, shown.as_str(), marks),
        column if name::meanings(column).any(wanted) => out.mark(shown.as_str()),
        _ => shown.to_string(),
    }
}

/// The text with the words that matched marked.
fn marked(out: &Out, text: &str, marks: &Marks) -> String {
    let mut line = String::with_capacity(text.len());
    let mut done = 0;
    for place in marks.places(text) {
        line.push_str(text.get(done..place.start).unwrap_or_default());
        line.push_str(&out.mark(text.get(place.clone()).unwrap_or_default()));
        done = place.end;
    }
    line.push_str(text.get(done..).unwrap_or_default());
    line
}

fn cell(record: &Record, column: &str) -> Safe {
    match column {
        "time" => Safe::new(print::time(record.time).trim_end()),
        "level" => Safe::new(record.level.word()),
        "service" if record.service.is_empty() => Safe::new(file_with_folder(&record.source)),
        "service" => Safe::new(&record.service),
        "message" => Safe::new(&record.message),
        "source" => Safe::new(&record.source),
        "corr" => Safe::new(record.correlation_ids.first().map_or("", String::as_str)),
        column => {
            let value = name::meanings(column).find_map(|name| record.get(name));
            Safe::new(value.unwrap_or_default())
        }
    }
}
