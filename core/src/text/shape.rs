//! Measuring, cutting and wrapping text that is already safe.
//!
//! The width of a text is the sum over its clusters, because that is how a terminal receives it,
//! cell by cell; measuring it as a whole would join letters that terminals keep apart.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::sanitise::{CLOSE, OPEN};

pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { clusters(text).map(|(_, width)| width).sum() }
}

pub(super) fn clusters(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true).map(|cluster| (cluster, cluster.width()))
}

/// Clusters, with each `⟨…⟩` in one piece.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let piece_length = match rest.starts_with(OPEN) {
            true => rest.find(CLOSE).map(|at| at + CLOSE.len_utf8()),
            false => None,
        };
        let length = piece_length.or_else(|| rest.graphemes(true).next().map(str::len))?;
        let (piece, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(piece)
    })
}

pub(super) fn truncate(text: &str, cells: usize, mark: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut out = head(text, cells.saturating_sub(mark.width())).to_owned();
    if mark.width() <= cells {
        out.push_str(mark);
    }
    out
}

/// The longest beginning that fits.
fn head(text: &str, cells: usize) -> &str {
    let (mut used, mut end) = (0, 0);
    for piece in pieces(text) {
        used += width(piece);
        if used > cells {
            break;
        }
        end += piece.len();
    }
    text.get(..end).unwrap_or_default()
}

/// The longest end that fits.
pub(super) fn tail(text: &str, cells: usize) -> &str {
    let (mut used, mut start) = (0, text.len());
    let pieces: Vec<&str> = pieces(text).collect();
    for piece in pieces.into_iter().rev() {
        used += width(piece);
        if used > cells {
            break;
        }
        start -= piece.len();
    }
    text.get(start..).unwrap_or_default()
}

pub(super) fn shorten_middle(text: &str, cells: usize, mark: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(mark.width()) else { return String::new() };
    format!("{}{mark}{}", head(text, room.div_ceil(2)), tail(text, room / 2))
}

pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let needed = width(word.trim_end_matches(' '));
        if used > 0 && used + needed > cells {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for piece in pieces(word) {
            for (cluster, wide) in breakable(piece, cells) {
                if used + wide > cells {
                    if cluster == " " {
                        continue;
                    }
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(cluster);
                used += wide;
            }
        }
    }
    lines.push(line);
    for line in &mut lines {
        line.truncate(line.trim_end_matches(' ').len());
    }
    lines
}

/// A piece whole if it fits on a line, else its clusters.
fn breakable(piece: &str, cells: usize) -> Vec<(&str, usize)> {
    let whole = width(piece);
    if whole <= cells { vec![(piece, whole)] } else { clusters(piece).collect() }
}

pub(super) fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_notation = false;
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            OPEN => {
                in_notation = true;
                out.push_str("\\<");
            }
            CLOSE => {
                in_notation = false;
                out.push('>');
            }
            '×' if in_notation => out.push('x'),
            c if c.is_ascii() => out.push(c),
            c => write!(out, "\\u{{{:x}}}", c as u32).expect("a String can be written to"),
        }
    }
    out
}
