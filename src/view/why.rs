//! Why the threat level is what it is: every contribution, largest first.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::Canvas;
use super::format::{self, ClockStyle};
use super::scene::{ListState, Scene};
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;

/// Draws over the screen; returns the rows that fit.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, list: ListState) -> usize {
    let threat = &scene.snapshot.threat;
    let area = super::help::overlay_area(body, 100, (to_u16(threat.reasons.len()) + 8).max(11));
    canvas.restyle(body, canvas.style(Role::Muted).remove_modifier(Modifier::REVERSED));
    canvas.clear(area);
    let title = canvas.own("Why this threat level", Role::Title);
    let note = canvas.keyed("<Enter> opens the incident · <Esc> close", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let severity = Severity::from(threat.level);
    let level = (safe!("{} {}", severity.shape(), threat.level.word()), canvas.theme.severity(severity));
    let sum = canvas.part(safe!("  {:.0} of at most 100 points, from:", threat.points), Role::Text);
    canvas.row(inner, 0, &[level, sum]);
    let bottom = if threat.holding {
        "What is open now justifies less; the level falls one step every two minutes."
    } else {
        ""
    };
    canvas.row(inner, inner.height.saturating_sub(1), &[canvas.own(bottom, Role::Muted)]);
    canvas.row(inner, 1, &[canvas.part(word(canvas, scene), Role::Muted)]);
    let rows = Rect { y: inner.y + 3, height: inner.height.saturating_sub(5), ..inner };
    if threat.reasons.is_empty() {
        let sentence = safe!("No incident is open and no entity is at risk.");
        table::empty(canvas, rows, &sentence, &safe!("The level rises when a rule fires."));
        return 1;
    }
    let columns = [Column::fixed("points", 6).right(), Column::fixed("level", 6), Column::flexible("reason")];
    let table = Table { columns: &columns, list, len: threat.reasons.len(), focus: Focus::Here };
    let shown = table::draw(canvas, rows, &table, |canvas, index| {
        let Some(reason) = threat.reasons.get(index) else { return Vec::new() };
        vec![
            canvas.part(points(reason.points), Role::Strong),
            canvas.severity(reason.level),
            canvas.part(canvas.safe(&reason.text), Role::Text),
        ]
    });
    table::note_cut(canvas, Rect { y: inner.y, height: inner.height, ..inner }, &shown, threat.reasons.len());
    shown.page
}

/// Why it is this word: what is open, or what has ended and holds it for a while.
pub fn word(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Safe {
    let threat = &scene.snapshot.threat;
    let because = canvas.safe(&threat.because);
    let Some(hold) = &threat.hold else { return because };
    let now = scene.snapshot.now;
    let until = scene.clock.seconds(hold.until, now);
    let until = if scene.clock.style == ClockStyle::Ago {
        safe!("for {}", format::duration(hold.until.since(now)))
    } else {
        safe!("until {}", until)
    };
    let ended = hold.ended.as_ref().and_then(|incident| Some((incident, incident.closed?)));
    let Some((incident, closed)) = ended else { return safe!("{} more; now {}", until, because) };
    let word = Severity::from(incident.alert.rule.level).word();
    let title = canvas.safe(&incident.alert.rule.title);
    safe!("{}: {} incident ended {}, {}", until, word, scene.clock.seconds(closed, now), title)
}

/// The weight of a reason: `+25`. What rounds to nothing is still no nothing.
pub fn points(points: f64) -> Safe {
    if points < 0.5 { safe!("<1") } else { safe!("{:+.0}", points) }
}
