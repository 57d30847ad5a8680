//! The screens, one file each; the lists without details share one.

mod boards;
pub(super) mod events;
pub(super) mod incidents;
mod overview;
pub(super) mod rules;
mod search;
mod tables;
mod trace;

use std::sync::Arc;

use super::following;
use super::model::Model;
use super::screen::Screen;
use crate::state::Snapshot;
use crate::view::scene::{AskedAbout, ChosenRow, Panel, Tab};
use crate::view::{Feed, FeedItem, asked_about};

/// The behaviour of a tab.
pub(super) fn of(tab: Tab) -> &'static dyn Screen {
    match tab {
        Tab::Overview => &overview::Overview,
        Tab::Events => &events::Events,
        Tab::Search => &search::Search,
        Tab::Trace => &trace::TraceOf,
        Tab::Incidents => &incidents::IncidentList,
        Tab::Rules => &rules::Rules,
        Tab::Entities => &tables::Entities,
        Tab::Sources => &tables::Sources,
        Tab::Boards => &boards::BoardList,
    }
}

/// Takes over what is new. Cursors stay with their rows. Who has dealt with a row goes on with the next one: a cursor
/// whose row is gone stays at its place in the list, and it is told where that is.
pub(super) fn take_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) {
    let rows = following::selected_rows(model);
    let are_same = Arc::ptr_eq(&model.snapshot.incidents, &snapshot.incidents);
    let places = if are_same { [None, None] } else { [overview_place(model), incidents_place(model)] };
    model.snapshot = snapshot;
    following::follow(model, rows);
    let [overview, incidents] = places;
    if let Some(row) = overview {
        let feed = overview::feed(model);
        let now = keep_place(&feed, &mut model.screens.overview.selected, row);
        tell(model, Tab::Overview, now);
    }
    if let Some(row) = incidents {
        let feed = incidents::feed(model);
        let now = keep_place(&feed, &mut model.screens.incidents.selected, row);
        tell(model, Tab::Incidents, now);
    }
}

fn tell(model: &mut Model, tab: Tab, now: Option<AskedAbout>) {
    let is_feed = tab != Tab::Overview || model.screens.overview.panel == Panel::Feed;
    if now.is_some() && model.tab == tab && is_feed {
        model.moved_to = now;
    }
}

/// Cursor and row stay with what is being decided about, however the list is sorted from now on: what comes next is meant
/// for the same, and what is worst is not scrolled away by it.
pub(super) fn hold(model: &mut Model) {
    model.is_held = true;
    match model.tab {
        Tab::Overview if model.screens.overview.panel == Panel::Feed => {
            let feed = overview::feed(model);
            let screen = &mut model.screens.overview;
            let row = feed.position(screen.selected.as_ref());
            (screen.selected, screen.held) = (feed.chosen(row), feed.hold(row));
        }
        Tab::Incidents => {
            let feed = incidents::feed(model);
            let screen = &mut model.screens.incidents;
            let row = feed.position(screen.selected.as_ref());
            (screen.selected, screen.held) = (feed.chosen(row), feed.hold(row));
        }
        _ => {}
    }
}

/// The row of the cursor, where one was chosen.
fn overview_place(model: &Model) -> Option<usize> {
    let selected = model.screens.overview.selected.as_ref()?;
    Some(overview::feed(model).position(Some(selected)))
}

fn incidents_place(model: &Model) -> Option<usize> {
    let selected = model.screens.incidents.selected.as_ref()?;
    Some(incidents::feed(model).position(Some(selected)))
}

/// Returns what the cursor stands on now if its row is gone.
fn keep_place(feed: &Feed, selected: &mut Option<ChosenRow>, row: usize) -> Option<AskedAbout> {
    if selected.as_ref().is_none_or(|chosen| feed.has(chosen)) {
        return None;
    }
    let row = row.min(feed.len().saturating_sub(1));
    *selected = feed.chosen(row).filter(|_| row > 0);
    let incidents = match feed.item(row)? {
        FeedItem::Party { party, .. } => party.incidents.clone(),
        FeedItem::Incident { incident, .. } => vec![Arc::clone(incident)],
    };
    Some(asked_about("selected now:", &incidents))
}
