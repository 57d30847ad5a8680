//! The screens, one file each; the lists without details share one.

pub(super) mod alerts;
mod boards;
pub(super) mod events;
mod overview;
mod search;
mod tables;
mod trace;

use super::screen::Screen;
use crate::view::scene::Tab;

/// The behaviour of a tab.
pub(super) fn of(tab: Tab) -> &'static dyn Screen {
    match tab {
        Tab::Overview => &overview::Overview,
        Tab::Events => &events::Events,
        Tab::Search => &search::Search,
        Tab::Trace => &trace::TraceOf,
        Tab::Alerts => &alerts::Alerts,
        Tab::Rules => &tables::Rules,
        Tab::Entities => &tables::Entities,
        Tab::Sources => &tables::Sources,
        Tab::Boards => &boards::BoardList,
    }
}
