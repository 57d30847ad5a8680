//! The overview: the cursor stands in the feed of open incidents.

use std::sync::Arc;

use super::boards;
use super::incidents::{is_jump, show_incident, unfold_row};
use crate::query::name::{SOURCE, term};
use crate::state::{BoardRow, Incident, SourceRow};
use crate::tui::ask;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::question::Question;
use crate::tui::screen::Screen;
use crate::view::scene::{ChosenRow, ListState, OverviewScreen, Panel, Tab};
use crate::view::{Feed, FeedItem, PanelRow, board_rows, panel_rows};

pub(super) struct Overview;

pub(super) fn feed(model: &Model) -> Feed {
    Feed::of_overview(&model.snapshot, &model.screens)
}

fn row(model: &Model, feed: &Feed) -> usize {
    feed.position(model.screens.overview.selected.as_ref())
}

/// The board row, source or entity under the cursor, where another panel than the feed has the keys.
fn panel_row(model: &Model) -> Option<PanelRow<'_>> {
    let OverviewScreen { panel, row, .. } = model.screens.overview;
    let rows = panel_rows(&model.snapshot, panel);
    rows.get(row.min(rows.len().checked_sub(1)?)).copied()
}

/// Enter: what it does to the same row on its own screen. That screen has its cursor on the row from then on.
fn open_panel_row(model: &mut Model) -> Vec<Effect> {
    let (tab, at) = match panel_row(model) {
        Some(PanelRow::Board(row)) => {
            let is_it = |other: &&BoardRow| std::ptr::eq(*other, row);
            (Tab::Boards, board_rows(&model.snapshot).iter().position(is_it))
        }
        Some(PanelRow::Source(row)) => {
            let is_it = |other: &SourceRow| other.status.path == row.status.path;
            (Tab::Sources, model.snapshot.sources.iter().position(is_it))
        }
        Some(PanelRow::Entity(row)) => (Tab::Entities, Some(row)),
        None => return Vec::new(),
    };
    let list = ListState { selected: at.unwrap_or(0), top: 0 };
    match tab {
        Tab::Boards => model.screens.boards = list,
        Tab::Sources => model.screens.sources = list,
        _ => model.screens.entities = list,
    }
    let question = events_of_panel(model);
    boards::open_events(model, question)
}

/// The events of the row of a panel.
fn events_of_panel(model: &Model) -> Option<Question> {
    match panel_row(model)? {
        PanelRow::Board(row) => boards::events_of(model, row),
        PanelRow::Source(row) => Some(Question::typed(term(SOURCE, &row.status.path))),
        PanelRow::Entity(row) => {
            let entity = model.snapshot.entities.get(row)?;
            Some(Question::typed(term(&entity.field, &entity.value)))
        }
    }
}

/// The events that the chosen bar counts, or all of its lane.
fn open_bar(model: &mut Model) -> Vec<Effect> {
    let Some(graph) = model.graph else { return Vec::new() };
    let OverviewScreen { row, second, .. } = model.screens.overview;
    let question = Question::typed(graph.lane(row).query.to_owned());
    ask::search_within(model, question, Some(graph.time(second)))
}

impl Screen for Overview {
    fn switch_pane(&self, model: &mut Model) {
        let here = model.screens.overview.panel;
        let has_rows = |panel: &Panel| match panel {
            Panel::Feed => true,
            Panel::Graph => model.graph.is_some(),
            panel => !panel_rows(&model.snapshot, *panel).is_empty(),
        };
        let next =
            Panel::ALL.iter().cycle().skip_while(|panel| **panel != here).skip(1).find(|it| has_rows(it));
        let next = next.copied().unwrap_or_default();
        model.screens.overview.panel = next;
        model.screens.overview.row = 0;
        model.screens.overview.second = None;
    }

    fn close(&self, model: &mut Model) -> bool {
        std::mem::take(&mut model.screens.overview.panel) != Panel::Feed
    }

    fn move_by(&self, model: &mut Model, rows: isize) {
        if model.screens.overview.panel != Panel::Feed {
            let len = match (model.screens.overview.panel, model.graph) {
                (Panel::Graph, graph) => graph.map_or(0, |graph| graph.lanes),
                (panel, _) => panel_rows(&model.snapshot, panel).len(),
            };
            let row = &mut model.screens.overview.row;
            *row = row.saturating_add_signed(rows).min(len.saturating_sub(1));
            return;
        }
        if is_jump(rows) {
            model.screens.overview.held = None;
        }
        let feed = feed(model);
        let screen = &mut model.screens.overview;
        screen.selected = feed.moved(screen.selected.as_ref(), rows);
        screen.held = None;
    }

    fn meant(&self, model: &Model) -> Vec<Arc<Incident>> {
        if model.screens.overview.panel != Panel::Feed {
            let Some(PanelRow::Board(row)) = panel_row(model) else { return Vec::new() };
            return boards::incident_of(model, row).into_iter().collect();
        }
        let feed = feed(model);
        feed.meant(row(model, &feed))
    }

    fn value(&self, model: &Model) -> Option<String> {
        match panel_row(model) {
            Some(PanelRow::Board(row)) => Some(row.transition.entity.clone()),
            Some(PanelRow::Source(row)) => Some(row.status.path.to_string()),
            Some(PanelRow::Entity(row)) => model.snapshot.entities.get(row).map(|it| it.value.to_string()),
            None => self.incident(model).map(|incident| incident.alert.summary.clone()),
        }
    }

    fn correlation_id(&self, model: &Model) -> Option<String> {
        match panel_row(model) {
            Some(PanelRow::Board(row)) => row.transition.correlation_ids.first().cloned(),
            _ => self.incident(model)?.alert.correlation_ids.first().cloned(),
        }
    }

    fn unfold(&self, model: &mut Model, open: bool) {
        if let (Panel::Graph, Some(graph)) = (model.screens.overview.panel, model.graph) {
            let second = &mut model.screens.overview.second;
            *second = graph.beside(*second, open);
            return;
        }
        if model.screens.overview.panel != Panel::Feed {
            model.say_keyed("only incidents unfold here: <Esc> goes to them");
            return;
        }
        let feed = feed(model);
        let at = row(model, &feed);
        if let Some(name) = unfold_row(model, &feed, at, open) {
            model.screens.overview.selected = Some(ChosenRow::Party(name));
        }
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        match model.screens.overview.panel {
            Panel::Feed => {}
            Panel::Graph => return open_bar(model),
            _ => return open_panel_row(model),
        }
        let feed = feed(model);
        match feed.item(row(model, &feed)) {
            Some(FeedItem::Party { is_folded, .. }) => self.unfold(model, is_folded),
            Some(FeedItem::Incident { incident, .. }) => show_incident(model, Some(incident.alert.alert_id)),
            None => show_incident(model, None),
        }
        Vec::new()
    }

    fn events_query(&self, model: &Model) -> Option<Question> {
        if model.screens.overview.panel != Panel::Feed {
            return events_of_panel(model);
        }
        Question::behind(&self.meant(model), model.clock, model.snapshot.now)
    }
}
