//! Rows in columns. Columns keep their order; narrow screens lose the least important ones, and a
//! row never wraps.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::{Canvas, Part};
use super::scene::ListState;
use super::theme::Role;
use crate::safe;
use crate::text::Safe;

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub title: &'static str,
    /// Cells; for the flexible column the least it is worth having.
    pub width: u16,
    /// Takes what the others leave. At most one column.
    pub flexible: bool,
    pub right: bool,
    /// The table must be this wide for the column to be shown.
    pub from_width: u16,
}

impl Column {
    pub const fn fixed(title: &'static str, width: u16) -> Self {
        Self { title, width, flexible: false, right: false, from_width: 0 }
    }

    pub const fn flexible(title: &'static str) -> Self {
        Self { title, width: 8, flexible: true, right: false, from_width: 0 }
    }

    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    /// Only where the table has so many cells.
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
fn widths(columns: &[Column], width: u16) -> Vec<u16> {
    let shown = |column: &Column| width >= column.from_width;
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

/// The column titles, then the rows of the window that `row` makes. Returns how many rows fit.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    columns: &[Column],
    list: ListState,
    len: usize,
    focus: Focus,
    mut row: impl FnMut(&Canvas<'_>, usize) -> Row,
) -> usize {
    let widths = widths(columns, area.width);
    let titled = columns.iter().any(|column| !column.title.is_empty()) && area.height > 1;
    let mut y = area.y;
    if titled {
        let titles: Row = columns.iter().map(|column| canvas.own(column.title, Role::Muted)).collect();
        cells(canvas, area.x, y, columns, &widths, &titles);
        y += 1;
    }
    let height = usize::from(area.bottom() - y);
    let (window, selected) = list.window(len, height);
    for index in window {
        let parts = row(canvas, index);
        cells(canvas, area.x, y, columns, &widths, &parts);
        if index == selected && focus != Focus::None {
            mark_selected(canvas, Rect { y, height: 1, ..area }, focus);
        }
        y += 1;
    }
    height
}

fn cells(canvas: &mut Canvas<'_>, x: u16, y: u16, columns: &[Column], widths: &[u16], parts: &[Part]) {
    let mut at = x + GUTTER;
    for ((column, width), (text, style)) in columns.iter().zip(widths).zip(parts) {
        if *width == 0 {
            continue;
        }
        let missing = usize::from(*width).saturating_sub(text.width());
        let shift = if column.right { missing as u16 } else { 0 };
        canvas.text(at + shift, y, *width - shift, text, *style);
        at += width + 2;
    }
}

/// The cursor, and the row behind it in another style.
pub fn mark_selected(canvas: &mut Canvas<'_>, row: Rect, focus: Focus) {
    let role = if focus == Focus::Here { Role::Selection } else { Role::FaintSelection };
    let style = canvas.style(role).remove_modifier(Modifier::DIM);
    canvas.restyle(row, style);
    canvas.text(row.x, row.y, 1, &safe!("►"), style);
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
            text.wrap(usize::from(area.width.saturating_sub(4))).into_iter().map(move |line| (line, role))
        })
        .collect();
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 3;
    for (index, (line, role)) in lines.iter().enumerate() {
        let y = top + index as u16;
        if y < area.bottom() {
            canvas.text(area.x + 2, y, area.width.saturating_sub(2), line, canvas.style(*role));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
