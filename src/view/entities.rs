//! Entities by risk, and where the points came from.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::scene::Scene;
use super::table::{self, Column, Focus, Table};
use super::theme::{Role, Severity};
use super::{Drawn, columns, format};
use crate::event::number::{to_u16, to_u64};
use crate::safe;
use crate::state::Entity;
use crate::text::{Safe, plural};

/// Cells of the bar for a hundred points.
const BAR: usize = 6;

/// One line for the overview: kind, name, score, bar, direction.
pub fn line(canvas: &Canvas<'_>, entity: &Entity, width: u16) -> Vec<Part> {
    let kind = canvas.safe(kind(&entity.field)).truncate(5, "…");
    let name_width = usize::from(width).saturating_sub(6 + 6 + BAR + 2);
    let name = canvas.safe(&entity.value).truncate(name_width, "…");
    vec![
        canvas.part(safe!("{:<5} ", kind), Role::Muted),
        canvas.part(safe!("{:<1$} ", name, name_width), Role::Text),
        canvas.part(safe!("{:>4.0} ", entity.score), Role::Strong),
        (safe!("{:<1$}", bar(entity.score), BAR), canvas.theme.bar(severity(entity.score))),
        canvas.part(safe!(" {}", if entity.rising { "↑" } else { "→" }), Role::Muted),
    ]
}

/// The last part of the field says enough: `source.ip` is an address, `user.name` a user.
fn kind(field: &str) -> &str {
    match field {
        "source.ip" | "client.ip" => "ip",
        "user.name" | "user.id" | "user.email" => "user",
        "service.name" => "svc",
        other => other.rsplit('.').next().unwrap_or(other),
    }
}

fn severity(score: f64) -> Severity {
    match score {
        90.0.. => Severity::Critical,
        50.0.. => Severity::High,
        20.0.. => Severity::Medium,
        _ => Severity::Low,
    }
}

fn bar(score: f64) -> Safe {
    let eighths = (score.clamp(0.0, 100.0) / 100.0 * BAR as f64 * 8.0).round() as usize;
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let mut bar = Safe::default();
    for _ in 0..eighths / 8 {
        bar.push(&safe!("█"));
    }
    bar.push(&Safe::literal(parts[eighths % 8]));
    bar
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Drawn {
    let entities = &scene.snapshot.entities;
    let beside = area.width >= 100;
    let (list_area, card_area) = if beside {
        match columns(area, &[58, 42]).as_slice() {
            [left, right] => (*left, *right),
            _ => (area, Rect::default()),
        }
    } else {
        let below = (area.height * 2 / 5).max(5);
        let list = Rect { height: area.height - below, ..area };
        (list, Rect { y: list.bottom(), height: below, ..area })
    };
    let page = list(canvas, list_area, scene);
    let selected = scene.screens.entities.selected.min(entities.len().saturating_sub(1));
    card(canvas, card_area, scene, entities.get(selected));
    let position = match entities.len() {
        0 => safe!("no entity"),
        len => safe!("{} of {}", selected + 1, len),
    };
    Drawn {
        page,
        position: vec![position, safe!("risk fades with time: by half in each half-life")],
        ..Drawn::default()
    }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> usize {
    let entities = &scene.snapshot.entities;
    let title = canvas.own("Entities by risk", Role::Title);
    let note = canvas.part(safe!("{} at risk", format::count(to_u64(entities.len()))), Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    if entities.is_empty() {
        let sentence = safe!("No entity has risk points.");
        let advice = safe!("Rules add points to addresses, users and services; points decay.");
        table::empty(canvas, inner, &sentence, &advice);
        return usize::from(inner.height);
    }
    let columns = [
        Column::fixed("kind", 6),
        Column::flexible("entity"),
        Column::fixed("risk", 5).right(),
        Column::fixed("", to_u16(BAR)),
        Column::fixed("", 1),
    ];
    let table =
        Table { columns: &columns, list: scene.screens.entities, len: entities.len(), focus: Focus::Here };
    let shown = table::draw(canvas, inner, &table, |canvas, index| {
        let Some(entity) = entities.get(index) else { return Vec::new() };
        vec![
            canvas.part(canvas.safe(kind(&entity.field)), Role::Muted),
            canvas.part(canvas.safe(&entity.value), Role::Text),
            canvas.part(safe!("{:.0}", entity.score), Role::Strong),
            (bar(entity.score), canvas.theme.bar(severity(entity.score))),
            canvas.own(if entity.rising { "↑" } else { "→" }, Role::Muted),
        ]
    });
    table::note_cut(canvas, inner, &shown, table.len);
    shown.page
}

fn card(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, entity: Option<&Entity>) {
    let Some(entity) = entity else {
        let title = canvas.own("Score", Role::Title);
        canvas.frame(area, &[title], &[], false);
        return;
    };
    let title = canvas.part(canvas.safe(&entity.value).truncate(30, "…"), Role::Title);
    let note = canvas.keyed("<v> its events", Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let parts = to_u64(entity.contributions.len());
    let sum = safe!("made of {} part{}", format::count(parts), plural(parts));
    let sum = if inner.height < 4 && parts > 1 { safe!("{}: a taller screen lists them", sum) } else { sum };
    canvas.row(inner, 1, &[canvas.part(sum, Role::Muted)]);
    let half_life = format::duration((entity.half_life_seconds * 1e9) as i64);
    let field = canvas.safe(&entity.field);
    canvas.row(
        inner,
        0,
        &[canvas.part(safe!("{}   risk {:.0}   half-life {}", field, entity.score, half_life), Role::Text)],
    );
    let room = usize::from(inner.height.saturating_sub(2));
    let listed = if entity.contributions.len() > room { room.saturating_sub(1) } else { room };
    let hidden = entity.contributions.len().saturating_sub(listed);
    if hidden > 0 && listed > 0 {
        let rest: f64 = entity.contributions.iter().skip(listed).map(|it| it.points).sum();
        let more = safe!("{:>6}  in {} more", super::why::points(rest), hidden);
        canvas.row(inner, to_u16(listed) + 2, &[canvas.part(more, Role::Muted)]);
    }
    for (row, contribution) in entity.contributions.iter().take(listed).enumerate() {
        let times = if contribution.times > 1 { safe!(" ×{}", contribution.times) } else { Safe::default() };
        let time = scene.clock.day_cell(contribution.time, scene.snapshot.now);
        let parts = [
            canvas.part(safe!("{:>6}  ", super::why::points(contribution.points)), Role::Strong),
            canvas.part(safe!("{}  ", time), Role::Muted),
            canvas.part(safe!("{}{}", canvas.safe(&contribution.rule.title), times), Role::Text),
        ];
        canvas.row(inner, to_u16(row) + 2, &parts);
    }
}
