//! Drawing: from a [`Snapshot`](crate::state::Snapshot) and a [`Scene`] to cells. Pure: no clock,
//! no channel, no terminal; the same scene always gives the same cells.
//!
//! ```text
//! header    soctop  host  THREAT ▅ HIGH 72 ↑  counts            ► LIVE rate lag lost
//! tabs      [1 Overview]  2 Events  …                                   14:32:07 UTC
//! body      one screen, one file each
//! status    Screen │ position │ completeness          (or the prompt)
//! hints     ? help  / filter  …                       (generated from the key table)
//! ```
//!
//! No widget of a library is used: they treat foreign text each in its own way. Everything drawn is
//! [`Safe`] and goes through one function, `canvas::Canvas::text`.

mod away;
mod boards;
mod canvas;
mod chrome;
mod commands;
pub mod detail;
mod entities;
mod events;
mod feed;
pub mod format;
mod graph;
mod help;
mod hunts;
mod incidents;
mod mask;
mod mutes;
mod overview;
mod records;
mod rules;
pub mod scene;
mod search;
mod sources;
mod table;
mod theme;
mod trace;
mod values;
mod why;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use boards::rows as board_rows;
use canvas::Canvas;
pub use canvas::{Hit, LeadsTo};
pub use feed::{Feed, FeedItem, about as about_incidents, asked as asked_about};
pub use format::{Clock, ClockStyle};
pub use graph::GraphShown;
pub use incidents::held_evidence;
pub use mask::Mask;
pub use mutes::mute_rows;
pub use overview::{PanelRow, panel_rows};
pub use records::{MOST_COLUMNS, USUAL_COLUMNS};
pub use rules::{RuleRow, rule_rows};
pub use scene::Scene;
pub use theme::{Charset, Palette, Role, Severity, Theme};
pub use trace::{Step as TraceStep, steps as trace_steps};

use crate::event::number::to_u16;
use crate::safe;
use crate::text::Safe;
use scene::{Overlay, Tab};

/// The smallest screen that everything fits on.
pub const LEAST_WIDTH: u16 = 60;
pub const LEAST_HEIGHT: u16 = 15;

/// What a frame tells the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Rows that the list of the screen shows at once.
    pub page: usize,
    /// Lines the overlay could still scroll.
    pub scrollable: usize,
    /// Where the text cursor stands, if there is one.
    pub cursor: Option<(u16, u16)>,
    /// What a click leads to, the topmost last.
    pub hits: Vec<Hit>,
    /// The graph of the overview, where there is room for it.
    pub graph: Option<GraphShown>,
    /// For the status line.
    position: Vec<Safe>,
}

/// Draws one frame over everything that was in the buffer.
pub fn draw(buffer: &mut Buffer, scene: &Scene<'_>) -> Drawn {
    buffer.reset();
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, scene.theme, scene.mask, scene.keys);
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        too_small(&mut canvas);
        return Drawn { page: 1, ..Drawn::default() };
    }
    let row = |y: u16| Rect { y, height: 1, ..area };
    // On a short screen the hints are worth more than the status, except while a prompt is open.
    let footer = if area.height >= 20 { 2 } else { 1 };
    let body = Rect { y: 2, height: area.height - 2 - footer, ..area };
    chrome::header(&mut canvas, row(0), scene);
    chrome::tabs(&mut canvas, row(1), scene);
    let mut drawn = screen(&mut canvas, body, scene);
    let has_word = scene.prompt.is_some()
        || scene.toast.is_some()
        || scene.moved_to.is_some()
        || scene.failure.is_some();
    // Who is asked something sees what about and by which keys, over the last row of the screen if it must be.
    let is_asked = scene.prompt.is_some() || scene.overlay.is_some_and(Overlay::is_choice);
    match scene.overlay {
        Some(Overlay::Help { scrolled }) => drawn.scrollable = help::draw(&mut canvas, body, scene, scrolled),
        Some(Overlay::Why { list }) => drawn.page = why::draw(&mut canvas, body, scene, list),
        Some(Overlay::Mutes { list }) => drawn.page = mutes::draw(&mut canvas, body, scene, list),
        Some(Overlay::Values) => drawn.page = values::draw(&mut canvas, body, scene),
        Some(Overlay::Hunts { list }) => drawn.page = hunts::draw(&mut canvas, body, scene, list),
        Some(Overlay::Away) => away::draw(&mut canvas, body, scene),
        Some(Overlay::Commands { selected }) => commands::draw(&mut canvas, body, scene, selected),
        Some(Overlay::Copy | Overlay::Export | Overlay::Judge | Overlay::Snooze) | None => {}
    }
    if footer == 2 || has_word || is_asked {
        let footer = if is_asked { 2 } else { footer };
        canvas.clear(row(area.height - footer));
        drawn.cursor = chrome::status(&mut canvas, row(area.height - footer), scene, &drawn.position);
    }
    if footer == 2 || !has_word || is_asked {
        canvas.clear(row(area.height - 1));
        chrome::hints(&mut canvas, row(area.height - 1), scene);
    }
    canvas.cover();
    drawn.hits = canvas.into_hits();
    drawn
}

fn screen(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) -> Drawn {
    match scene.tab {
        Tab::Overview => overview::draw(canvas, body, scene),
        Tab::Events => events::draw(canvas, body, scene),
        Tab::Search => search::draw(canvas, body, scene),
        Tab::Trace => trace::draw(canvas, body, scene),
        Tab::Incidents => incidents::draw(canvas, body, scene),
        Tab::Rules => rules::draw(canvas, body, scene),
        Tab::Entities => entities::draw(canvas, body, scene),
        Tab::Sources => sources::draw(canvas, body, scene),
        Tab::Boards => boards::draw(canvas, body, scene),
    }
}

fn too_small(canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    let needed = safe!("{}x{}", LEAST_WIDTH, LEAST_HEIGHT);
    let text = safe!("soctop needs {}, this is {}x{}. Detection goes on.", needed, area.width, area.height);
    for (row, line) in text.wrap(usize::from(area.width)).iter().enumerate() {
        canvas.text(0, to_u16(row), area.width, line, canvas.style(Role::Text));
    }
}

/// Where the detail pane goes: beside the list on a wide screen, below it otherwise.
fn split_detail(area: Rect, open: bool) -> (Rect, Option<Rect>) {
    if !open {
        return (area, None);
    }
    if area.width >= 150 {
        let width = area.width * 2 / 5;
        let list = Rect { width: area.width - width, ..area };
        return (list, Some(Rect { x: list.right(), width, ..area }));
    }
    let height = (area.height / 2).max(6).min(area.height);
    let list = Rect { height: area.height - height, ..area };
    (list, Some(Rect { y: list.bottom(), height, ..area }))
}

/// Splits a width into columns by weight, without a remainder.
fn columns(area: Rect, weights: &[u16]) -> Vec<Rect> {
    let total: u32 = weights.iter().map(|weight| u32::from(*weight)).sum();
    let mut x = area.x;
    let mut passed = 0;
    weights
        .iter()
        .map(|weight| {
            passed += u32::from(*weight);
            let right = area.x + to_u16(u32::from(area.width) * passed / total.max(1));
            let column = Rect { x, width: right - x, ..area };
            x = right;
            column
        })
        .collect()
}
