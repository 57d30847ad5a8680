//! Rows in columns. Columns keep their order; narrow screens lose the least important ones, and a
//! row never wraps.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::{Canvas, LeadsTo, Part};
use super::format;
use super::scene::ListState;
use super::theme::Role;
use crate::event::number::{to_u16, to_u64};
use crate::safe;
use crate::text::Safe;

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'t> {
    pub title: &'t str,
    /// Cells; for the flexible column the least it is worth having.
    pub width: u16,
    /// Takes what the others leave. At most one column.
    pub flexible: bool,
    pub right: bool,
    /// The table must be this wide for the column to be shown.
    pub from_width: u16,
}

impl<'t> Column<'t> {
    pub const fn fixed(title: &'t str, width: u16) -> Self {
        Self { title, width, flexible: false, right: false, from_width: 0 }
    }

    pub const fn flexible(title: &'t str) -> Self {
        Self { title, width: 8, flexible: true, right: false, from_width: 0 }
    }

    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    /// Only where the table has this many cells.
    pub const fn from(self, width: u16) -> Self {
        Self { from_width: width, ..self }
    }
}

/// What a row shows: a part per column, in the order of the columns.
pub type Row = Vec<Part>;

/// How the selected row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Here,
    Elsewhere,
    /// No row is selected.
    None,
}

/// Cells in front of the first column, for the cursor.
const GUTTER: u16 = 2;

/// Column widths for a table of `width` cells; 0 for those that are left out.
fn widths(columns: &[Column<'_>], width: u16) -> Vec<u16> {
    let shown = |column: &Column<'_>| width >= column.from_width;
    let fixed: u16 = columns.iter().filter(|c| shown(c) && !c.flexible).map(|c| c.width + 2).sum();
    // The flexible column has a gap behind it too; one cell stays free at the right edge.
    let rest = width.saturating_sub(GUTTER + fixed + 1);
    columns
        .iter()
        .map(|column| match column {
            column if !shown(column) => 0,
            column if column.flexible => rest,
            column => column.width,
        })
        .collect()
}

/// A list to draw: its columns, where it stands and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pub columns: &'a [Column<'a>],
    pub list: ListState,
    /// Rows of the whole list.
    pub len: usize,
    pub focus: Focus,
}

/// What of a list could be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Rows that fit.
    pub page: usize,
    /// The rows that were drawn, by their number in the list.
    pub window: Range<usize>,
}

/// The column titles, then the rows of the window that `row` makes.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    table: &Table<'_>,
    mut row: impl FnMut(&Canvas<'_>, usize) -> Row,
) -> Shown {
    let Table { columns, list, len, focus } = *table;
    let widths = widths(columns, area.width);
    let titled = columns.iter().any(|column| !column.title.is_empty()) && area.height > 1;
    let mut y = area.y;
    if titled {
        let titles: Row =
            columns.iter().map(|column| canvas.part(Safe::new(column.title), Role::Muted)).collect();
        cells(canvas, Rect { y, ..area }, columns, &widths, &titles);
        y += 1;
    }
    let page = usize::from(area.bottom() - y);
    let (window, selected) = list.window(len, page);
    for index in window.clone() {
        let parts = row(canvas, index);
        cells(canvas, Rect { y, ..area }, columns, &widths, &parts);
        if focus == Focus::Here {
            let offset = isize::try_from(index).unwrap_or(0) - isize::try_from(selected).unwrap_or(0);
            canvas.hit(Rect { y, height: 1, ..area }, LeadsTo::Row(offset));
        }
        if index == selected && focus != Focus::None {
            mark_selected(canvas, Rect { y, height: 1, ..area }, focus);
        }
        y += 1;
    }
    Shown { page, window }
}

/// Says on the lower border of the frame around `inner` how many rows are out of sight, if any.
pub fn note_cut(canvas: &mut Canvas<'_>, inner: Rect, shown: &Shown, len: usize) {
    let (above, below) = (shown.window.start, len.saturating_sub(shown.window.end));
    let counted = |rows: usize| format::count(to_u64(rows));
    let text = match (above, below) {
        (0, 0) => return,
        (0, below) => safe!(" ↓ {} below ", counted(below)),
        (above, 0) => safe!(" ↑ {} above ", counted(above)),
        (above, below) => safe!(" ↑ {} above · ↓ {} below ", counted(above), counted(below)),
    };
    let border = Rect { y: inner.bottom(), height: 1, ..inner };
    canvas.parts_right(border, &[canvas.part(text, Role::Muted)]);
}

fn cells(canvas: &mut Canvas<'_>, row: Rect, columns: &[Column<'_>], widths: &[u16], parts: &[Part]) {
    let mut at = row.x + GUTTER;
    for ((column, width), (text, style)) in columns.iter().zip(widths).zip(parts) {
        if *width == 0 {
            continue;
        }
        let missing = usize::from(*width).saturating_sub(text.width());
        let shift = if column.right { to_u16(missing) } else { 0 };
        canvas.text(at + shift, row.y, *width - shift, text, *style);
        at += width + 2;
    }
}

/// The cursor, and the row behind it in another style.
pub fn mark_selected(canvas: &mut Canvas<'_>, row: Rect, focus: Focus) {
    let role = if focus == Focus::Here { Role::Selection } else { Role::FaintSelection };
    let style = canvas.style(role).remove_modifier(Modifier::DIM);
    canvas.restyle_row(row, style);
    // The cursor is where the keys are.
    let mark = if focus == Focus::Here { safe!("►") } else { safe!("·") };
    canvas.text(row.x, row.y, 1, &mark, style);
}

/// A sentence in the middle of an area that has nothing else to show, with what to do about it.
pub fn empty(canvas: &mut Canvas<'_>, area: Rect, sentence: &Safe, advice: &Safe) {
    if area.height == 0 {
        return;
    }
    let lines: Vec<(Safe, Role)> = [(sentence, Role::Text), (advice, Role::Muted)]
        .into_iter()
        .filter(|(text, _)| !text.is_empty())
        .flat_map(|(text, role)| {
            let lines = wrap_phrases(text, usize::from(area.width.saturating_sub(4)));
            lines.into_iter().map(move |line| (line, role))
        })
        .collect();
    let top = area.y + area.height.saturating_sub(to_u16(lines.len())) / 3;
    for (index, (line, role)) in lines.iter().enumerate() {
        let y = top + to_u16(index);
        if y < area.bottom() {
            canvas.text(area.x + 2, y, area.width.saturating_sub(2), line, canvas.style(*role));
        }
    }
}

/// Between phrases that each say something by themselves.
const BETWEEN_PHRASES: &str = "   ";

/// Lines of a text; a key is not parted from what it does as long as both fit on a line.
pub fn wrap_phrases(text: &Safe, cells: usize) -> Vec<Safe> {
    let mut lines: Vec<Safe> = Vec::new();
    let mut line = Safe::default();
    for phrase in text.split(BETWEEN_PHRASES) {
        let joined = if line.is_empty() { phrase.clone() } else { safe!("{}   {}", line, phrase) };
        if joined.width() <= cells {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut pieces = phrase.wrap(cells);
        line = pieces.pop().unwrap_or_default();
        lines.extend(pieces);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_parted_from_what_it_does() {
        let text = safe!("/ type a query: user:alice   H saved hunts");
        assert_eq!(wrap_phrases(&text, 32), ["/ type a query: user:alice", "H saved hunts"].map(Safe::new));
        assert_eq!(wrap_phrases(&text, 80), [text]);
        assert_eq!(wrap_phrases(&safe!("one two"), 4), ["one", "two"].map(Safe::new));
    }

    #[test]
    fn narrow_tables_lose_columns_and_the_flexible_one_takes_the_rest() {
        let columns = [
            Column::fixed("time", 8),
            Column::fixed("user", 10).from(60),
            Column::flexible("message"),
            Column::fixed("id", 9).from(40),
        ];
        assert_eq!(widths(&columns, 80), [8, 10, 44, 9]);
        assert_eq!(widths(&columns, 59), [8, 0, 35, 9]);
        assert_eq!(widths(&columns, 30), [8, 0, 17, 0]);
        assert_eq!(widths(&columns, 3), [8, 0, 0, 0]);
    }
}
