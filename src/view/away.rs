//! What happened since this person last looked.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::Canvas;
use super::scene::Scene;
use super::theme::Role;
use super::{feed, format};
use crate::event::number::to_u16;
use crate::safe;

/// Draws over the screen.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) {
    let Some(away) = scene.away else { return };
    let lines = away.opened.len() + away.decided.len() + 6;
    let area = super::help::overlay_area(body, 100, to_u16(lines));
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("While you were away", Role::Title);
    let note = canvas.keyed("<Enter> or <Esc> continues", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let now = scene.snapshot.now;
    let since = scene.clock.day_and_seconds(away.since, now);
    let gone = format::duration(now.since(away.since));
    let head = safe!(
        "since {} ({}): {} opened, {} closed, {} decided by others",
        since,
        gone,
        away.opened_count,
        away.closed_count,
        away.decided.len()
    );
    canvas.row(inner, 0, &[canvas.part(head, Role::Text)]);
    let mut row = 2;
    for incident in &away.opened {
        let severity = canvas.severity(incident.alert.rule.level);
        let text = safe!("  {}", feed::incident_text(canvas, incident, false));
        canvas.row(inner, row, &[severity, canvas.part(text, Role::Text)]);
        row += 1;
    }
    if away.opened_count > away.opened.len() {
        let more = safe!("and {} more", away.opened_count - away.opened.len());
        canvas.row(inner, row, &[canvas.part(more, Role::Muted)]);
        row += 1;
    }
    for decided in &away.decided {
        canvas.row(inner, row, &[canvas.part(canvas.safe(decided), Role::Muted)]);
        row += 1;
    }
}
