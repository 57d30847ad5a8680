//! The only place that writes cells. Everything drawn is [`Safe`]: there is no other way in.
//!
//! In the ASCII set our own glyphs are replaced here, one cell by one cell, so that layouts do not
//! depend on the set; foreign text was already turned into ASCII by [`Canvas::safe`].

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::mask::Mask;
use super::scene::{KeyNames, Span, Tab};
use super::theme::{Charset, Role, Severity, Theme};
use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;

/// A piece of a line.
pub type Part = (Safe, Style);

pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    pub theme: &'a Theme,
    mask: Option<&'a Mask>,
    keys: &'a KeyNames,
    hits: Vec<Hit>,
}

/// A part of the screen that can be clicked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub area: Rect,
    pub leads_to: LeadsTo,
}

/// What a click does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    Tab(Tab),
    /// A time of a graph.
    Time(Span),
    /// So many rows from the selected one of the list that has the keys.
    Row(isize),
}

/// The mark for text that was cut off.
const ELLIPSIS: &str = "…";

impl<'a> Canvas<'a> {
    /// With a mask foreign text shows nobody's name.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, mask: Option<&'a Mask>, keys: &'a KeyNames) -> Self {
        Self { buffer, theme, mask, keys, hits: Vec::new() }
    }

    /// A sentence of ours that names keys: `<x>` is what the key is called now that is usually called so.
    pub fn keyed(&self, sentence: &'static str, role: Role) -> Part {
        self.part(Safe::new(&self.keys.fill(sentence)), role)
    }

    /// What the key is called now that is usually called so.
    pub fn key(&self, usual: &'static str) -> Safe {
        Safe::new(self.keys.get(usual))
    }

    /// Notes what a click here leads to.
    pub fn hit(&mut self, area: Rect, leads_to: LeadsTo) {
        self.hits.push(Hit { area, leads_to });
    }

    /// What a click leads to, the topmost last.
    pub fn into_hits(self) -> Vec<Hit> {
        self.hits
    }

    /// Colours what has no colour of its own.
    pub fn cover(&mut self) {
        let Some((foreground, background)) = self.theme.ground() else { return };
        for cell in &mut self.buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = foreground;
            }
            if cell.bg == Color::Reset {
                cell.bg = background;
            }
        }
    }

    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Makes foreign text safe for this terminal.
    pub fn safe(&self, text: &str) -> Safe {
        match self.mask {
            Some(mask) => self.adapt(Safe::new(&mask.apply(text))),
            None => self.adapt(Safe::new(text)),
        }
    }

    /// Foreign text of several lines; at most `limit` bytes of it.
    pub fn safe_lines(&self, text: &str, limit: usize) -> Vec<Safe> {
        let masked = self.mask.map(|mask| mask.apply(text));
        let text = masked.as_deref().unwrap_or(text);
        Safe::lines(text, limit).into_iter().map(|line| self.adapt(line)).collect()
    }

    fn adapt(&self, safe: Safe) -> Safe {
        match self.theme.charset {
            Charset::Unicode => safe,
            Charset::Ascii => safe.to_ascii(),
        }
    }

    /// Writes at most `width` cells; what does not fit ends in `…`. Returns the cells used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &Safe, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let room = usize::from(width.min(area.right() - x));
        let fitted = text.truncate(room, ELLIPSIS);
        let mut at = x;
        for (cluster, cells) in fitted.clusters() {
            self.put(at, y, cluster, cells, style);
            at += to_u16(cells);
        }
        at - x
    }

    fn put(&mut self, x: u16, y: u16, cluster: &str, cells: usize, style: Style) {
        let symbol = match self.theme.charset {
            Charset::Unicode => cluster,
            Charset::Ascii => ascii_of(cluster),
        };
        // A reversed block would be a hole.
        let style = if is_block(cluster) { style.remove_modifier(Modifier::REVERSED) } else { style };
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
        for behind in 1..to_u16(cells) {
            if let Some(cell) = self.buffer.cell_mut((x + behind, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Writes parts one after the other; returns the cells used.
    pub fn parts(&mut self, x: u16, y: u16, width: u16, parts: &[Part]) -> u16 {
        let mut used = 0;
        for (text, style) in parts {
            used += self.text(x + used, y, width.saturating_sub(used), text, *style);
        }
        used
    }

    /// Writes parts so that they end at the right edge of `row`; those that do not fit are left
    /// out from the left. Returns the cells used.
    pub fn parts_right(&mut self, row: Rect, parts: &[Part]) -> u16 {
        let mut first = parts.len();
        let mut width = 0;
        for (index, (text, _)) in parts.iter().enumerate().rev() {
            let with_this = width + to_u16(text.width());
            if with_this > row.width {
                break;
            }
            (first, width) = (index, with_this);
        }
        let shown = parts.get(first..).unwrap_or_default();
        self.parts(row.right() - width, row.y, width, shown)
    }

    /// Writes one row of an area, by its number from the top.
    pub fn row(&mut self, area: Rect, row: u16, parts: &[Part]) -> u16 {
        if row >= area.height {
            return 0;
        }
        self.parts(area.x, area.y + row, area.width, parts)
    }

    /// Like [`Canvas::row`], but leaves out parts from the right that do not fit whole; the first
    /// `needed` parts stay, cut if they must be.
    pub fn row_fitting(&mut self, area: Rect, row: u16, parts: &[Part], needed: usize) -> u16 {
        let mut width = 0;
        let fits = |(text, _): &&Part| {
            width += text.width();
            width <= usize::from(area.width)
        };
        let count = parts.iter().take_while(fits).count();
        self.row(area, row, parts.get(..count.max(needed)).unwrap_or(parts))
    }

    /// Changes the style of cells that are already written.
    pub fn restyle(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Changes the look of a row but for what is reversed and has a colour of its own: on another ground that colour
    /// could not be read.
    pub fn restyle_row(&mut self, row: Rect, style: Style) {
        let is_reversing = style.add_modifier.contains(Modifier::REVERSED);
        for x in row.left()..row.right() {
            let Some(cell) = self.buffer.cell_mut((x, row.y)) else { continue };
            let keeps_its_ground = cell.modifier.contains(Modifier::REVERSED) && !is_reversing;
            cell.set_style(if keeps_its_ground { Style { bg: None, ..style } } else { style });
        }
    }

    /// Underlines what `places` finds in each row of cells that are already written.
    pub fn underline(&mut self, area: Rect, places: impl Fn(&str) -> Vec<Range<usize>>) {
        for y in area.top()..area.bottom() {
            let mut line = String::new();
            let mut starts = Vec::new();
            for x in area.left()..area.right() {
                starts.push((line.len(), x));
                line.push_str(self.buffer.cell((x, y)).map_or(" ", |cell| cell.symbol()));
            }
            for place in places(&line) {
                for (_, x) in starts.iter().filter(|(start, _)| place.contains(start)) {
                    let style = Style::new().add_modifier(Modifier::UNDERLINED);
                    self.buffer.set_style(Rect { x: *x, y, width: 1, height: 1 }, style);
                }
            }
        }
    }

    /// Makes everything but the style of the background blank.
    pub fn clear(&mut self, area: Rect) {
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A frame with a title at its left and a note at its right; returns what is inside.
    pub fn frame(&mut self, area: Rect, title: &[Part], note: &[Part], focused: bool) -> Rect {
        if area.width < 4 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let border = self.style(if focused { Role::FocusedBorder } else { Role::Border });
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left() + 1..right {
            self.put(x, area.y, "─", 1, border);
            self.put(x, bottom, "─", 1, border);
        }
        for y in area.top() + 1..bottom {
            self.put(area.x, y, "│", 1, border);
            self.put(right, y, "│", 1, border);
        }
        for (x, y, corner) in
            [(area.x, area.y, "┌"), (right, area.y, "┐"), (area.x, bottom, "└"), (right, bottom, "┘")]
        {
            self.put(x, y, corner, 1, border);
        }
        self.titles(area, title, note);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// The title comes first; the note only if it fits beside it.
    fn titles(&mut self, area: Rect, title: &[Part], note: &[Part]) {
        let width_of = |parts: &[Part]| parts.iter().map(|(text, _)| to_u16(text.width())).sum::<u16>();
        let blank = (safe!(" "), Style::new());
        let framed =
            |parts: &[Part]| [std::slice::from_ref(&blank), parts, std::slice::from_ref(&blank)].concat();
        if width_of(title) == 0 {
            return;
        }
        let row = Rect { x: area.x + 2, y: area.y, width: area.width.saturating_sub(4), height: 1 };
        self.forget_style(Rect { width: (width_of(title) + 2).min(row.width), ..row });
        let used = self.parts(row.x, row.y, row.width, &framed(title));
        let room = area.width.saturating_sub(used + 5);
        let note_width = width_of(note) + 2;
        if note_width > 2 && note_width <= room {
            self.forget_style(Rect { x: row.right() - note_width, width: note_width, ..row });
            self.parts_right(row, &framed(note));
        }
    }

    /// Text that is written here next does not look like the line that was drawn before.
    fn forget_style(&mut self, area: Rect) {
        for x in area.left()..area.right() {
            if let Some(cell) = self.buffer.cell_mut((x, area.y)) {
                cell.fg = Color::Reset;
                cell.modifier = Modifier::empty();
            }
        }
    }

    /// `█ CRIT`, in its style, padded to six cells.
    pub fn severity(&self, severity: impl Into<Severity>) -> Part {
        let severity = severity.into();
        (safe!("{} {:<4}", severity.shape(), severity.word()), self.theme.severity(severity))
    }

    /// A part in the style of a role.
    pub fn part(&self, text: Safe, role: Role) -> Part {
        (text, self.style(role))
    }

    /// A part of our own text.
    pub fn own(&self, text: &'static str, role: Role) -> Part {
        (Safe::literal(text), self.style(role))
    }
}

fn is_block(cluster: &str) -> bool {
    cluster.starts_with(|c| matches!(c, '\u{2580}'..='\u{259F}'))
}

/// Our own glyphs in one ASCII character each.
fn ascii_of(cluster: &str) -> &str {
    match cluster {
        "▁" | "·" | "┄" => ".",
        "▂" => ":",
        "▃" | "─" | "–" | "┈" => "-",
        "▄" | "○" => "o",
        "▅" => "=",
        "▆" | "┌" | "┐" | "└" | "┘" | "├" | "┤" => "+",
        "▇" | "•" => "*",
        "█" | "▓" => "#",
        "░" => ":",
        "│" | "┃" => "|",
        "…" => "~",
        "►" | "→" | "▸" | "›" => ">",
        "←" | "‹" => "<",
        "↑" => "^",
        "↓" | "▾" => "v",
        "×" => "x",
        "‖" => "\"",
        "⏎" => "$",
        "▏" | "▎" | "▍" | "▌" | "▋" | "▊" | "▉" => "#",
        "Δ" => "d",
        "µ" => "u",
        "≥" => ">",
        ascii if ascii.is_ascii() => ascii,
        _ => "?",
    }
}
