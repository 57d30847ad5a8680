//! What is listed, by the most frequent values of its fields.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::Canvas;
use super::format;
use super::scene::{Scene, Tab};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;

/// Cells for the name of a field.
const FIELD: u16 = 26;

/// Draws over the screen; returns the rows that fit.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) -> usize {
    let screen = &scene.screens.values;
    let rows = screen.rows();
    let area = super::help::overlay_area(body, 90, (to_u16(rows.len()) + 3).max(8));
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("Values", Role::Title);
    let subtitle = match scene.tab {
        Tab::Search => canvas.own("  of all events that match", Role::Muted),
        _ => canvas.own("  of the events that are listed", Role::Muted),
    };
    let note = canvas.keyed("<Enter> with it · <-> without · <=> only · <Esc> close", Role::Muted);
    let inner = canvas.frame(area, &[title, subtitle], &[note], true);
    if rows.is_empty() {
        let sentence = match (&screen.problem, screen.waiting) {
            (Some(problem), _) => safe!("× {}", canvas.safe(problem)),
            (None, true) => safe!("Counting …"),
            (None, false) => safe!("No event is listed, so there are no values."),
        };
        table::empty(canvas, inner, &sentence, &Safe::default());
        return usize::from(inner.height);
    }
    let columns =
        [Column::fixed("field", FIELD), Column::fixed("events", 9).right(), Column::flexible("value")];
    // Paths differ at their ends.
    let cells = usize::from(inner.width.saturating_sub(FIELD + 9 + 8));
    let table = Table { columns: &columns, list: screen.list, len: rows.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(row) = rows.get(index) else { return Vec::new() };
        let field = match row.others {
            _ if !row.is_first => Safe::default(),
            0 => canvas.safe(row.field),
            others => safe!("{} +{}", canvas.safe(row.field).truncate(19, "…"), format::compact(others)),
        };
        vec![
            canvas.part(field, Role::Muted),
            canvas.part(format::count(row.events), Role::Text),
            canvas.part(canvas.safe(row.value).shorten_middle(cells, "…"), Role::Strong),
        ]
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}
