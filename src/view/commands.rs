//! The command palette: what can be done, each with its key, so that it teaches the keys.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::Canvas;
use super::scene::{ListState, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::Role;
use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;

/// Draws over the screen; what is typed stands in the status line.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, selected: usize) {
    // Frame and titles take three rows.
    let height = to_u16(scene.commands.len()).saturating_add(3).max(5).min(body.height.saturating_sub(2));
    let area = super::help::overlay_area(body, 76, height);
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("Commands", Role::Title);
    let note = canvas.own("type · ↑ ↓ · Enter runs · Esc closes", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if scene.commands.is_empty() {
        let sentence = safe!("No command of this name.");
        table::empty(canvas, inner, &sentence, &safe!("Enter searches the index for it."));
        return;
    }
    let is_other = scene.commands.iter().any(|command| !command.only_on.is_empty());
    let place = if is_other { 34 } else { 0 };
    let columns = [
        Column::flexible("command"),
        Column::fixed("", place).from(if is_other { 0 } else { u16::MAX }),
        Column::fixed("key", 8),
    ];
    let list = ListState { selected, top: 0 };
    let table = Table { columns: &columns, list, len: scene.commands.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(command) = scene.commands.get(index) else { return Vec::new() };
        let is_here = command.only_on.is_empty();
        let places = if is_here { Safe::default() } else { safe!("on {}", Safe::new(&command.places())) };
        vec![
            canvas.part(Safe::literal(command.text), if is_here { Role::Text } else { Role::Muted }),
            canvas.part(places, Role::Muted),
            canvas.part(Safe::new(&command.keys), Role::Key),
        ]
    });
    table::note_cut(canvas, inner, &shown, table.len);
}
