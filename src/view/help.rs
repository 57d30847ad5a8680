//! The help page: generated from the key table, so that it cannot be out of date.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::columns;
use super::scene::{HelpEntry, HelpGroup, PromptPurpose, Scene};
use super::table::wrap_phrases;
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
    let found = matching(scene.help, &wanted);
    if found.is_empty() {
        let sentence = safe!("No key of this screen has these words.");
        let advice =
            canvas.keyed("<Esc> shows all keys   <:> looks among those of all screens", Role::Muted).0;
        super::table::empty(canvas, inner, &sentence, &advice);
        return 0;
    }
    let lines = side_by_side(canvas, &found, count);
    let legend = legend(canvas, usize::from(inner.width));
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

/// What the marks mean, in lines of so many cells.
fn legend(canvas: &Canvas<'_>, cells: usize) -> Vec<Vec<Part>> {
    let mut marks = Safe::default();
    for severity in Severity::ALERTING {
        marks.push(&safe!("{} {}   ", severity.shape(), severity.word()));
    }
    marks.push(&safe!("o ok   ~ changing   ! attention   × failed   ► cursor   ‖ paused"));
    let texts = [
        ("MARKS", marks),
        (
            "LIVE",
            safe!("► LIVE = read as it comes   DETACHED +24 = the cursor is not at the end, 24 came since"),
        ),
        ("COUNT", safe!("×12 = events counted   ~ = about   new = open and not acknowledged")),
        ("TEXT", safe!("⟨ESC⟩ between brackets = a character that could fool you: shown, not obeyed")),
        (
            "FILTER",
            safe!("word   \"two words\"   user:alice   status:>=500   level:>=warn   -out   (a OR b)"),
        ),
    ];
    let lines = texts.into_iter().flat_map(|(label, text)| {
        let lines = wrap_phrases(&text, cells.saturating_sub(LEGEND_LABEL));
        lines.into_iter().enumerate().map(move |(at, line)| (if at == 0 { label } else { "" }, line))
    });
    let line = |(label, text): (&'static str, Safe)| {
        let label = canvas.part(safe!("{:<1$}", label, LEGEND_LABEL), Role::Title);
        vec![label, canvas.part(text, Role::Text)]
    };
    lines.map(line).collect()
}

/// Cells before the text of a line of the legend.
const LEGEND_LABEL: usize = 8;
