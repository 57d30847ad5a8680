//! Events for other programs: NDJSON and CSV in characters that no terminal, editor or spreadsheet acts upon.

use super::ocsf::ascii;
use crate::event::Record;
use crate::text::Safe;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    Ndjson,
    Csv,
}

impl ExportForm {
    /// The end of a file name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            ExportForm::Ndjson => "ndjson",
            ExportForm::Csv => "csv",
        }
    }
}

/// Columns of the CSV, with the field that each shows; the others are of the event itself.
const COLUMNS: [&str; 9] = [
    "@timestamp",
    "log.level",
    "service.name",
    "user.name",
    "source.ip",
    "message",
    "correlation.id",
    "source",
    "line",
];

/// Events in a form, a line each.
pub fn export<'a>(records: impl IntoIterator<Item = &'a Record>, form: ExportForm) -> String {
    let mut text = String::new();
    if form == ExportForm::Csv {
        text.push_str(&COLUMNS.join(","));
        text.push_str("\r\n");
    }
    for record in records {
        match form {
            ExportForm::Ndjson => {
                text.push_str(&(ascii(&serde_json::to_string(record).unwrap_or_default()) + "\n"))
            }
            ExportForm::Csv => text.push_str(&(row(record) + "\r\n")),
        }
    }
    text
}

fn row(record: &Record) -> String {
    let time = record.time.to_string();
    let line = record.line.to_string();
    let ids = record.correlation_ids.join(" ");
    let field = |name: &str| record.get(name).unwrap_or_default();
    let cells = [
        time.as_str(),
        record.level.word(),
        &record.service,
        field("user.name"),
        field("source.ip"),
        &record.message,
        &ids,
        &record.source,
        &line,
    ];
    cells.map(cell).join(",")
}

/// A cell in quotes; what a spreadsheet would calculate stands behind an apostrophe.
fn cell(text: &str) -> String {
    let safe = Safe::new(text).to_string().replace('"', "\"\"");
    let calculates = safe.starts_with(['=', '+', '-', '@']);
    format!("\"{}{safe}\"", if calculates { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, record};

    #[test]
    fn an_export_is_harmless_whatever_the_log_holds() {
        for text in HOSTILE.into_iter().chain(["=cmd|' /C calc'!A0", "@SUM(1)", "a,b\"c\n\"d"]) {
            let records = [record(text)];
            let lines = export(&records, ExportForm::Ndjson);
            assert!(lines.chars().all(|c| matches!(c, ' '..='~' | '\n')), "{lines}");
            let read: Record = serde_json::from_str(lines.trim_end()).expect("the event");
            assert_eq!(read, records[0]);
            let table = export(&records, ExportForm::Csv);
            assert_eq!(table.lines().count(), 2, "a line break makes no row: {table}");
            let cells = table.lines().nth(1).unwrap_or_default();
            assert_eq!(cells.matches("\",\"").count(), COLUMNS.len() - 1, "{cells}");
            assert!(!cells.contains("\"=") && !cells.contains("\"@"), "{cells}");
            assert!(!cells.contains('\u{1b}') && !cells.contains('\u{202e}'), "{cells}");
        }
    }
}
