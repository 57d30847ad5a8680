//! Pictures of frames for documentation, from the program's own cells: a rectangle per run of
//! background, a text per run of style, each of fixed length so that no font can shift a column.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The advance and the line height of DejaVu Sans Mono at this size: box lines then meet.
const CELL_WIDTH: f64 = 8.43;
const CELL_HEIGHT: f64 = 16.3;
const MARGIN: f64 = 12.0;
const FOREGROUND: &str = "#d7dae0";
const BACKGROUND: &str = "#14171c";
const FAINT: &str = "#7d8590";

/// The frame as an SVG document on a dark background.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let rows: String = (buffer.area.top()..buffer.area.bottom()).flat_map(|y| pieces(buffer, y)).collect();
    document(buffer.area, "", &rows)
}

/// The document around runs of cells, with a style of its own.
pub fn document(area: Rect, style: &str, rows: &str) -> String {
    let width = f64::from(area.width) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f64::from(area.height) * CELL_HEIGHT + 2.0 * MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\">\n{style}\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" \
         xml:space=\"preserve\">\n{rows}</g>\n</svg>\n"
    )
}

/// The runs of a row, each as it is drawn.
pub fn pieces(buffer: &Buffer, y: u16) -> impl Iterator<Item = String> {
    let area = buffer.area;
    runs(buffer, y).into_iter().map(move |run| run.svg(y - area.top(), area.left()))
}

/// Neighbouring cells of one look.
struct Run {
    x: u16,
    cells: u16,
    text: String,
    look: Look,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    foreground: &'static str,
    background: Option<&'static str>,
    bold: bool,
    underlined: bool,
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let Some(cell) = buffer.cell((x, y)) else { break };
        let cells = cell.symbol().width().max(1) as u16;
        let look = look(cell);
        match runs.last_mut() {
            // A block glyph keeps a run of its own, as its neighbours do not stretch with it.
            Some(run)
                if run.look == look && cells == 1 && run.text.chars().count() == usize::from(run.cells) =>
            {
                run.cells += cells;
                run.text.push_str(cell.symbol());
            }
            _ => runs.push(Run { x, cells, text: cell.symbol().to_owned(), look }),
        }
        x += cells;
    }
    runs
}

impl Run {
    fn svg(&self, row: u16, left: u16) -> String {
        let x = f64::from(self.x - left) * CELL_WIDTH + MARGIN;
        let y = f64::from(row) * CELL_HEIGHT + MARGIN;
        let width = f64::from(self.cells) * CELL_WIDTH;
        let mut out = String::new();
        if let Some(background) = self.look.background {
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{background}\"/>"
            )
            .expect("a String can be written to");
        }
        if self.text.trim().is_empty() {
            return out;
        }
        let weight = if self.look.bold { " font-weight=\"bold\"" } else { "" };
        let underline = if self.look.underlined { " text-decoration=\"underline\"" } else { "" };
        let baseline = y + 13.0;
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{}\"{weight}{underline}>{}</text>",
            self.look.foreground,
            escaped(&self.text)
        )
        .expect("a String can be written to");
        out
    }
}

fn look(cell: &Cell) -> Look {
    let dim = cell.modifier.contains(Modifier::DIM);
    let foreground = color(cell.fg).unwrap_or(if dim { FAINT } else { FOREGROUND });
    let background = color(cell.bg);
    let (foreground, background) = match cell.modifier.contains(Modifier::REVERSED) {
        true => (background.unwrap_or(BACKGROUND), Some(foreground)),
        false => (foreground, background),
    };
    Look {
        foreground,
        background,
        bold: cell.modifier.contains(Modifier::BOLD),
        underlined: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// The sixteen colours of a terminal; the default ones have none.
fn color(color: Color) -> Option<&'static str> {
    Some(match color {
        Color::Black => "#14171c",
        Color::Red => "#e5484d",
        Color::Green => "#46a758",
        Color::Yellow => "#e2a336",
        Color::Blue => "#3e7bd6",
        Color::Magenta => "#b45bcf",
        Color::Cyan => "#3fb6c6",
        Color::Gray => "#b4bac4",
        Color::DarkGray => "#7d8590",
        Color::LightRed => "#ff7b72",
        Color::LightGreen => "#6fd086",
        Color::LightYellow => "#f2cc60",
        Color::LightBlue => "#79b8ff",
        Color::LightMagenta => "#d2a8ff",
        Color::LightCyan => "#76e3ea",
        Color::White => "#ffffff",
        _ => return None,
    })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            ' ' => out.push('\u{a0}'),
            c => out.push(c),
        }
    }
    out
}
