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

use super::model::Model;
use super::screen::Screen;
use crate::state::Snapshot;
use crate::view::Feed;
use crate::view::scene::{ChosenRow, IncidentsShown, Tab};

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

/// Takes over what is new. Who has dealt with a row goes on with the next one: a cursor whose row is gone stays at its
/// place in the list.
pub(super) fn take_snapshot(model: &mut Model, snapshot: Arc<Snapshot>) {
    if Arc::ptr_eq(&model.snapshot.incidents, &snapshot.incidents) {
        model.snapshot = snapshot;
        return;
    }
    let places = [overview_place(model), incidents_place(model)];
    model.snapshot = snapshot;
    let [overview, incidents] = places;
    if let Some(row) = overview {
        let feed = Feed::of(&model.snapshot, IncidentsShown::Open, &model.screens.unfolded);
        keep_place(&feed, &mut model.screens.overview.selected, row);
    }
    if let Some(row) = incidents {
        let feed = incidents::feed(model);
        keep_place(&feed, &mut model.screens.incidents.selected, row);
    }
}

/// The cursor stays with what is being decided about, wherever that moves in the list: what comes next is meant for
/// the same.
pub(super) fn hold(model: &mut Model) {
    match model.tab {
        Tab::Overview => {
            let feed = Feed::of(&model.snapshot, IncidentsShown::Open, &model.screens.unfolded);
            let selected = &mut model.screens.overview.selected;
            *selected = feed.chosen(feed.position(selected.as_ref()));
        }
        Tab::Incidents => {
            let feed = incidents::feed(model);
            let selected = &mut model.screens.incidents.selected;
            *selected = feed.chosen(feed.position(selected.as_ref()));
        }
        _ => {}
    }
}

/// The row of the cursor, where one was chosen.
fn overview_place(model: &Model) -> Option<usize> {
    let selected = model.screens.overview.selected.as_ref()?;
    let feed = Feed::of(&model.snapshot, IncidentsShown::Open, &model.screens.unfolded);
    Some(feed.position(Some(selected)))
}

fn incidents_place(model: &Model) -> Option<usize> {
    let selected = model.screens.incidents.selected.as_ref()?;
    Some(incidents::feed(model).position(Some(selected)))
}

fn keep_place(feed: &Feed, selected: &mut Option<ChosenRow>, row: usize) {
    let is_gone = selected.as_ref().is_some_and(|chosen| !feed.has(chosen));
    if is_gone {
        *selected = feed.chosen(row.min(feed.len().saturating_sub(1))).filter(|_| row > 0);
    }
}
