//! What security appliances write: the Common Event Format and the Log Event Extended Format.
//!
//! `CEF:0|vendor|product|version|id|name|severity|key=value key=value`, where a value may hold blanks and ends where
//! the next key begins; `LEEF:1.0|vendor|product|version|id|key=value<tab>key=value`, where version 2 names the
//! character between the pairs. Keys stay as they are written.
//!
//! <https://docs.nxlog.co/integrate/cef.html>, <https://www.ibm.com/docs/en/dsm?topic=leef-overview>

use super::json;
use super::line::Writer;
use super::names::Names;
use crate::event::{Format, Kind, Origin, PathId};

/// Longest key that is looked for in an extension, in bytes.
const KEY_BYTES: usize = 64;

/// Reads the pairs of an extension into fields.
pub(super) struct PairReader<'p> {
    pub(super) json: &'p mut json::Parser,
}

impl PairReader<'_> {
    /// Reads a line of either format; `None`, and nothing added, if it is none.
    pub(super) fn read(&mut self, writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
        self.cef(writer, names).or_else(|| self.leef(writer, names))
    }

    fn cef(&mut self, writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
        let mut rest = writer.line.text.strip_prefix("CEF:")?;
        let mut header = [""; 7];
        for cell in &mut header {
            let end = unescaped_bar(rest)?;
            (*cell, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
        }
        let [_, vendor, product, version, id, name, severity] = header;
        let paths = [names.cef_vendor, names.cef_product, names.cef_version, names.cef_id, names.cef_name];
        for (path, cell) in paths.into_iter().zip([vendor, product, version, id, name]) {
            text(writer, path, cell);
        }
        push_severity(writer, names, severity);
        for (key, value) in pairs_with_blanks(rest) {
            self.push(writer, key, value);
        }
        Some(Format::TextLog)
    }

    fn leef(&mut self, writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
        let rest = writer.line.text.strip_prefix("LEEF:")?;
        let mut cells = rest.splitn(6, '|');
        let (kind, vendor, product) = (cells.next()?, cells.next()?, cells.next()?);
        let (version, id, rest) = (cells.next()?, cells.next()?, cells.next()?);
        let (between, pairs) = match rest.split_once('|').filter(|_| kind.starts_with('2')) {
            Some((between, pairs)) => (delimiter(between), pairs),
            None => ('\t', rest),
        };
        let paths = [names.cef_vendor, names.cef_product, names.cef_version, names.cef_id];
        for (path, cell) in paths.into_iter().zip([vendor, product, version, id]) {
            text(writer, path, cell);
        }
        for (key, value) in pairs.split(between).filter_map(|pair| pair.split_once('=')) {
            match key.trim() {
                "sev" => push_severity(writer, names, value.trim()),
                key => self.push(writer, key, value),
            }
        }
        Some(Format::TextLog)
    }

    fn push(&mut self, writer: &mut Writer<'_, '_>, key: &str, value: &str) {
        let value = value.trim();
        if key.is_empty() || value.is_empty() {
            return;
        }
        let kind = json::scalar_kind(value);
        match self.json.top_path(key) {
            Some(path) if value.contains('\\') => {
                writer.event.push_text(path, Kind::String, &super::text::unescaped(value), Origin::Line);
            }
            Some(path) => writer.event.push(path, kind, writer.line.span(value), Origin::Line),
            None => writer.event.push_overflow(key, kind, writer.line.span(value), Origin::Line),
        }
    }
}

/// A cell of the head, in which `\|` stands for a bar.
fn text(writer: &mut Writer<'_, '_>, path: PathId, cell: &str) {
    if cell.contains('\\') {
        writer.event.push_text(path, Kind::String, &super::text::unescaped(cell), Origin::Line);
    } else {
        writer.string(path, cell);
    }
}

fn unescaped_bar(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'|', bytes).find(|at| {
        let before = bytes.get(..*at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// 0 to 10, or a word, as it stands and as a level.
fn push_severity(writer: &mut Writer<'_, '_>, names: &Names, severity: &str) {
    let level = match severity {
        "0" | "1" | "2" | "3" | "Low" => "info",
        "4" | "5" | "6" | "Medium" => "warning",
        "7" | "8" | "High" => "error",
        "9" | "10" | "Very-High" => "critical",
        _ => "",
    };
    writer.string(names.cef_severity, severity);
    if !level.is_empty() {
        writer.event.push_text(names.level, Kind::String, level, Origin::Line);
    }
}

/// The character that stands between the pairs: itself, or its number in hexadecimal (`0x5E`).
fn delimiter(text: &str) -> char {
    let number = text.strip_prefix("0x").or_else(|| text.strip_prefix('x'));
    let named = number.and_then(|number| u32::from_str_radix(number, 16).ok()).and_then(char::from_u32);
    named.or_else(|| text.chars().next()).unwrap_or('\t')
}

/// `key=value` after `key=value`, where only the next key ends a value.
fn pairs_with_blanks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let (key, after) = rest.split_once('=')?;
        let end = next_key(after);
        let (value, left) = after.split_at_checked(end)?;
        rest = left.trim_start();
        Some((key.trim(), value))
    })
}

/// Where the blank stands before the next key, or the end.
fn next_key(text: &str) -> usize {
    let bytes = text.as_bytes();
    for equals in memchr::memchr_iter(b'=', bytes) {
        let before = text.get(..equals).unwrap_or_default();
        let near = before.len() - before.len().min(KEY_BYTES);
        let tail = bytes.get(near..equals).unwrap_or_default();
        let key = tail.iter().rev().take_while(|byte| is_of_key(**byte)).count();
        let blank = equals.checked_sub(key + 1).filter(|at| bytes.get(*at) == Some(&b' '));
        if let Some(blank) = blank.filter(|_| key > 0) {
            return blank;
        }
    }
    text.len()
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}
