//! Pictures of frames for documentation, from the program's own cells: a rectangle per run of
//! background, a text per run of style, each of fixed length so that no font can shift a column.

use std::fmt::{self, Display, Formatter, Write};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The advance and the line height of DejaVu Sans Mono at this size: box lines then meet.
const CELL_WIDTH: f64 = 8.43;
const CELL_HEIGHT: f64 = 16.3;
const MARGIN: f64 = 12.0;
const FOREGROUND: Paint = Paint(0xd7, 0xda, 0xe0);
const BACKGROUND: Paint = Paint(0x14, 0x17, 0x1c);
const FAINT: Paint = Paint(0x7d, 0x85, 0x90);

/// A colour by its red, green and blue.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Paint(u8, u8, u8);

impl Display for Paint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The frame as an SVG document on a dark background; that of a theme lies below the cells, which do not meet to a hair.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let area = buffer.area;
    let rows: String = (area.top()..area.bottom()).flat_map(|y| pieces(buffer, y)).collect();
    let below = buffer.cell((area.left(), area.top())).and_then(|cell| color(cell.bg));
    let (width, height) = (f64::from(area.width) * CELL_WIDTH, f64::from(area.height) * CELL_HEIGHT);
    let below = below.map(|paint| {
        format!("<rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{paint}\"/>\n")
    });
    document(area, "", &(below.unwrap_or_default() + &rows))
}

/// The document around runs of cells, with a style of its own.
pub fn document(area: Rect, style: &str, rows: &str) -> String {
    let width = f64::from(area.width) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f64::from(area.height) * CELL_HEIGHT + 2.0 * MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\">\n{style}\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g shape-rendering=\"crispEdges\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" \
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
    foreground: Paint,
    background: Option<Paint>,
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

/// The colours of a terminal; the default ones have none.
fn color(color: Color) -> Option<Paint> {
    Some(match color {
        Color::Black => Paint(0x14, 0x17, 0x1c),
        Color::Red => Paint(0xe5, 0x48, 0x4d),
        Color::Green => Paint(0x46, 0xa7, 0x58),
        Color::Yellow => Paint(0xe2, 0xa3, 0x36),
        Color::Blue => Paint(0x3e, 0x7b, 0xd6),
        Color::Magenta => Paint(0xb4, 0x5b, 0xcf),
        Color::Cyan => Paint(0x3f, 0xb6, 0xc6),
        Color::Gray => Paint(0xb4, 0xba, 0xc4),
        Color::DarkGray => Paint(0x7d, 0x85, 0x90),
        Color::LightRed => Paint(0xff, 0x7b, 0x72),
        Color::LightGreen => Paint(0x6f, 0xd0, 0x86),
        Color::LightYellow => Paint(0xf2, 0xcc, 0x60),
        Color::LightBlue => Paint(0x79, 0xb8, 0xff),
        Color::LightMagenta => Paint(0xd2, 0xa8, 0xff),
        Color::LightCyan => Paint(0x76, 0xe3, 0xea),
        Color::White => Paint(0xff, 0xff, 0xff),
        Color::Indexed(number) => indexed(number),
        _ => return None,
    })
}

/// A colour beyond the sixteen: a cube of six steps each, then greys.
fn indexed(number: u8) -> Paint {
    let step = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
    match number {
        0..16 => FOREGROUND,
        16..232 => Paint(step((number - 16) / 36), step((number - 16) / 6 % 6), step((number - 16) % 6)),
        _ => {
            let grey = 8 + (number - 232) * 10;
            Paint(grey, grey, grey)
        }
    }
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
