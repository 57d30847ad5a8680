//! The saved hunts.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::Canvas;
use super::scene::{ListState, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use crate::event::number::to_u16;
use crate::safe;

/// Draws over the screen; returns the rows that fit.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, list: ListState) -> usize {
    let area = super::help::overlay_area(body, 100, (to_u16(scene.hunts.len()) + 3).max(8));
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("Saved hunts", Role::Title);
    let note = canvas.keyed("<Enter> runs · n saves this query · d deletes · <Esc> close", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if scene.hunts.is_empty() {
        let advice = safe!("n saves the query of this screen under a name, in the data directory.");
        table::empty(canvas, inner, &safe!("No hunt is saved."), &advice);
        return usize::from(inner.height);
    }
    let columns = [Column::fixed("name", 28), Column::flexible("query")];
    let table = Table { columns: &columns, list, len: scene.hunts.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(hunt) = scene.hunts.get(index) else { return Vec::new() };
        vec![
            canvas.part(canvas.safe(&hunt.name), Role::Strong),
            canvas.part(canvas.safe(&hunt.query), Role::Text),
        ]
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}
