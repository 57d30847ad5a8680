//! The help page: generated from the key table, so that it cannot be out of date.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::columns;
use super::scene::{HelpEntry, HelpGroup, PromptPurpose, Scene};
use super::theme::{Role, Severity};
use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;

/// Cells of the keys of an entry.
const KEYS_WIDTH: usize = 9;

/// What is left of the screen beside something that lies over it is nothing to read when it is narrower than this.
const WORTH_SEEING: u16 = 10;

/// An area for something that lies over the screen, in the middle of it.
pub fn overlay_area(body: Rect, width: u16, height: u16) -> Rect {
    let width = if body.width < width.saturating_add(2 * WORTH_SEEING) { body.width } else { width };
    let height = height.min(body.height);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height }
}

/// Draws over the screen; returns how many lines can still be scrolled.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, scrolled: usize) -> usize {
    let area = body;
    canvas.clear(area);
    let title = canvas.part(safe!("Help: {}", scene.tab.title()), Role::Title);
    let note = safe!(
        "{} look for · {} {} scroll · {} or {} close",
        canvas.key("/"),
        canvas.key("j"),
        canvas.key("k"),
        canvas.key("?"),
        canvas.key("Esc")
    );
    let note = canvas.part(note, Role::Muted);
    let inner = canvas.frame(area, &[title], &[note], true);
    let inner = Rect { x: inner.x + 2, width: inner.width.saturating_sub(3), ..inner };
    let count = match inner.width {
        110.. => 3,
        70..110 => 2,
        _ => 1,
    };
    let wanted = match scene.prompt {
        Some(prompt) if prompt.purpose == PromptPurpose::Help => prompt.text.to_lowercase(),
        _ => String::new(),
    };
    let lines = side_by_side(canvas, &matching(scene.help, &wanted), count);
    let legend = legend(canvas);
    let total = lines.iter().map(Vec::len).max().unwrap_or(0);
    let all = total + legend.len();
    let height = usize::from(inner.height);
    let first = scrolled.min(all.saturating_sub(height));
    let below = all.saturating_sub(first + height);
    if below > 0 {
        let border = Rect { y: inner.bottom(), height: 1, ..inner };
        canvas.parts_right(border, &[canvas.part(safe!(" ↓ {} below ", below), Role::Strong)]);
    }
    let column_areas = columns(inner, &vec![1; count]);
    for row in 0..height {
        let line = first + row;
        if line < total {
            for (lines, column) in lines.iter().zip(&column_areas) {
                if let Some(parts) = lines.get(line) {
                    canvas.row(Rect { width: column.width.saturating_sub(2), ..*column }, to_u16(row), parts);
                }
            }
        } else if let Some(parts) = legend.get(line - total) {
            canvas.row(inner, to_u16(row), parts);
        }
    }
    all.saturating_sub(height)
}

/// The groups with the entries in which the words stand; all without words.
fn matching(groups: &[HelpGroup], words: &str) -> Vec<HelpGroup> {
    let fits = |entry: &&HelpEntry| {
        let keys = entry.keys.join(" ").to_lowercase();
        words.split_whitespace().all(|word| entry.text.to_lowercase().contains(word) || keys.contains(word))
    };
    let groups = groups.iter().map(|group| HelpGroup {
        title: group.title,
        entries: group.entries.iter().filter(fits).cloned().collect(),
    });
    groups.filter(|group| !group.entries.is_empty()).collect()
}

/// The groups, dealt out to columns of about the same length.
fn side_by_side(canvas: &Canvas<'_>, groups: &[HelpGroup], count: usize) -> Vec<Vec<Vec<Part>>> {
    let mut columns: Vec<Vec<Vec<Part>>> = vec![Vec::new(); count];
    for group in groups {
        let Some(shortest) = columns.iter_mut().min_by_key(|column| column.len()) else { continue };
        shortest.push(vec![canvas.own(group.title, Role::Title)]);
        for entry in &group.entries {
            let keys = entry.keys.iter().fold(Safe::default(), |mut keys, key| {
                if !keys.is_empty() {
                    keys.push(&safe!(" "));
                }
                keys.push(&Safe::new(key));
                keys
            });
            let width = KEYS_WIDTH;
            shortest.push(vec![
                canvas.part(safe!("{:<1$} ", keys, width), Role::Key),
                canvas.part(Safe::literal(entry.text), Role::Text),
            ]);
        }
        shortest.push(Vec::new());
    }
    columns
}

/// What the marks mean.
fn legend(canvas: &Canvas<'_>) -> Vec<Vec<Part>> {
    let mut marks = vec![canvas.own("MARKS   ", Role::Title)];
    for severity in Severity::ALERTING {
        marks.push((safe!("{} {}", severity.shape(), severity.word()), canvas.theme.severity(severity)));
        marks.push(canvas.own("   ", Role::Text));
    }
    marks.push(canvas.own("o ok  ~ changing  ! attention  × failed  ► cursor  ‖ paused", Role::Text));
    let safe_text = vec![
        canvas.own("TEXT    ", Role::Title),
        canvas.own("⟨ESC⟩ between brackets = a character that could fool you: shown, not obeyed", Role::Text),
    ];
    let filter = vec![
        canvas.own("FILTER  ", Role::Title),
        canvas.own(
            "word   \"two words\"   user:alice   status:>=500   level:>=warn   -out   (a OR b)",
            Role::Text,
        ),
    ];
    vec![marks, safe_text, filter]
}
