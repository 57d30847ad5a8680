//! All of one event: every field, where it came from, its ids and the raw line.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Part};
use super::format;
use super::format::Clock;
use super::records;
use super::scene::DetailPane;
use super::table::{Focus, mark_selected};
use super::theme::Role;
use crate::event::number::to_u16;
use crate::event::{Outcome, Record, TimeQuality, Timestamp};
use crate::safe;
use crate::text::{Safe, plural};

/// Bytes of a raw line that are shown; the rest is counted.
const RAW_LIMIT: usize = 64 * 1024;

/// The message stands in full among the fields.
const HEADING_LINES: usize = 2;

/// Bytes of one value.
const VALUE_LIMIT: usize = 16 * 1024;

/// One entry of the pane. What the cursor stands on can be filtered for and copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    Heading,
    Time,
    Source,
    CorrelationId(&'a str),
    Field { name: &'a str, value: &'a str, joined: bool, derived: bool },
    Raw,
}

impl Item<'_> {
    /// The value as it stands in the event.
    #[must_use]
    pub fn value(&self, record: &Record) -> String {
        match self {
            Item::Heading => record.message.clone(),
            Item::Time => record.time.to_string(),
            Item::Source => format!("{}:{}", record.source, record.line),
            Item::CorrelationId(id) => (*id).to_owned(),
            Item::Field { value, .. } => (*value).to_owned(),
            Item::Raw => record.raw.clone(),
        }
    }
}

/// The entries of an event: fields of the line first, then derived ones that say something new.
#[must_use]
pub fn items(record: &Record) -> Vec<Item<'_>> {
    let mut items = vec![Item::Heading, Item::Time, Item::Source];
    items.extend(record.correlation_ids.iter().map(|id| Item::CorrelationId(id)));
    items.extend(record.fields.iter().map(|field| Item::Field {
        name: &field.name,
        value: &field.value,
        joined: field.joined,
        derived: field.derived,
    }));
    items.push(Item::Raw);
    items
}

/// Draws the pane; the cursor is shown when it has the keys.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    record: Option<&Record>,
    pane: DetailPane,
    clock: Clock,
    now: Timestamp,
) {
    let title = canvas.own("Detail", Role::Title);
    let note = match pane.focused {
        true => canvas.keyed("<+> with it · <-> without · <=> only it · <y> copy · <Esc> back", Role::Muted),
        false => canvas.keyed("<Tab> to choose a field", Role::Muted),
    };
    let inner = canvas.frame(area, &[title], &[note], pane.focused);
    let Some(record) = record else {
        let nothing = safe!("No event is selected.");
        super::table::empty(canvas, inner, &nothing, &Safe::default());
        return;
    };
    let items = items(record);
    let label_width = label_width(inner.width, record);
    let page = DetailPage { record, width: inner.width, label_width, clock, now };
    let selected = pane.selected.min(items.len() - 1);
    let lines: Vec<(usize, Line)> = items
        .iter()
        .enumerate()
        .flat_map(|(index, item)| {
            let lines = lines_of(canvas, &page, item);
            lines.into_iter().map(move |line| (index, line))
        })
        .collect();
    let top = if pane.focused { top_line(&lines, selected, usize::from(inner.height)) } else { 0 };
    for (row, (index, line)) in lines.iter().skip(top).take(usize::from(inner.height)).enumerate() {
        let y = inner.y + to_u16(row);
        canvas.text(inner.x + 1, y, label_width, &line.label.0, line.label.1);
        let x = inner.x + 1 + line.indent;
        canvas.text(x, y, (inner.right() - 1).saturating_sub(x), &line.text.0, line.text.1);
        if pane.focused && *index == selected && !line.continued {
            mark_selected(canvas, Rect { x: inner.x, y, width: inner.width, height: 1 }, Focus::Here);
        }
    }
    more_below(canvas, inner, lines.len().saturating_sub(top));
}

struct Line {
    label: Part,
    text: Part,
    indent: u16,
    continued: bool,
}

/// The line to begin with so that the selected entry is in sight, whole if it can be.
fn top_line(lines: &[(usize, Line)], selected: usize, height: usize) -> usize {
    let first = lines.iter().position(|(index, _)| *index == selected).unwrap_or(0);
    let last = lines.iter().rposition(|(index, _)| *index == selected).unwrap_or(0);
    (last + 1).saturating_sub(height).min(first)
}

fn label_width(width: u16, record: &Record) -> u16 {
    let longest = record.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0);
    to_u16(longest).saturating_add(2).clamp(12, (width / 3).max(12))
}

/// What every line of the pane is made of.
struct DetailPage<'a> {
    record: &'a Record,
    width: u16,
    label_width: u16,
    clock: Clock,
    now: Timestamp,
}

fn lines_of(canvas: &Canvas<'_>, page: &DetailPage<'_>, item: &Item<'_>) -> Vec<Line> {
    let DetailPage { record, width, label_width, clock, now } = *page;
    let muted = |text: &'static str| canvas.own(text, Role::Muted);
    match item {
        Item::Heading => {
            let text = records::message(canvas, record);
            let (level, style) = records::level(canvas, record);
            let service = records::service(canvas, record).0;
            let text = safe!("{}  {}  {}", level, service, text);
            let mut lines = wrapped(muted(""), &[text], style, 0, width);
            lines.truncate(HEADING_LINES);
            lines
        }
        Item::Time => {
            let quality = match record.time_quality {
                TimeQuality::Exact => "",
                TimeQuality::Zoneless => "  (no zone given)",
                TimeQuality::Completed => "  (year completed)",
                TimeQuality::Future => "  (in the future; arrival counts)",
                TimeQuality::Absent => "  (when it was read; the line has no time: no rule counts it)",
                TimeQuality::Arrival => "  (arrival; the line has no time)",
            };
            let age = format::duration(now.since(record.time));
            let text = safe!("{}  {} ago{}", clock.full(record.time), age, quality);
            wrapped(muted("time"), &[text], canvas.style(Role::Text), label_width, width)
        }
        Item::Source => {
            let outcome = match record.outcome {
                Outcome::Parsed | Outcome::Blank => "",
                Outcome::Repaired => "  (repaired)",
                Outcome::Raw => "  (kept as text)",
                Outcome::Cut => "  (cut: too long)",
            };
            let text = safe!("{}:{}{}", canvas.safe(&record.source), record.line, outcome);
            wrapped(muted("source"), &[text], canvas.style(Role::Text), label_width, width)
        }
        Item::CorrelationId(id) => {
            wrapped(muted("correlation"), &[canvas.safe(id)], canvas.style(Role::Link), label_width, width)
        }
        Item::Field { name, value, joined, derived } => {
            let role = if *derived || *joined { Role::Muted } else { Role::Text };
            let label = canvas.part(canvas.safe(name).truncate(usize::from(label_width) - 1, "…"), role);
            let mut texts = canvas.safe_lines(value, VALUE_LIMIT);
            if let (true, Some(last)) = (*joined, texts.last_mut()) {
                last.push(&safe!("  (joined)"));
            }
            wrapped(label, &texts, canvas.style(Role::Strong), label_width, width)
        }
        Item::Raw => {
            let texts = canvas.safe_lines(&record.raw, RAW_LIMIT);
            wrapped(muted("raw line"), &texts, canvas.style(Role::Muted), label_width, width)
        }
    }
}

/// A label and the text beside it; a line break of the data begins with `⏎`, one of ours does not.
fn wrapped(label: Part, texts: &[Safe], style: ratatui::style::Style, indent: u16, width: u16) -> Vec<Line> {
    let room = usize::from(width.saturating_sub(indent + 2).max(8));
    let mut lines = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let marked = if number > 0 { safe!("⏎ {}", text) } else { text.clone() };
        for line in marked.wrap(room) {
            let first = lines.is_empty();
            let label = if first { label.clone() } else { Part::default() };
            lines.push(Line { label, text: (line, style), indent, continued: !first });
        }
    }
    lines
}

/// Says that the pane is not all there is.
fn more_below(canvas: &mut Canvas<'_>, inner: Rect, remaining: usize) {
    let hidden = remaining.saturating_sub(usize::from(inner.height));
    if hidden > 0 && inner.height > 0 {
        let text = safe!(" ↓ {} more line{} ", hidden, plural(hidden as u64));
        let width = to_u16(text.width());
        if width + 4 < inner.width {
            let style = canvas.style(Role::Muted);
            canvas.text(inner.right() - width - 2, inner.bottom(), width, &text, style);
        }
    }
}
