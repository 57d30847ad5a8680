//! The overview: the cursor stands in the feed of open incidents.

use std::sync::Arc;

use super::alerts::{ids, moved, selected_of, show_alert};
use crate::state::Incident;
use crate::tui::ask;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::listed_incidents;
use crate::view::scene::AlertsShown;

pub(super) struct Overview;

impl Screen for Overview {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let ids = ids(listed_incidents(&model.snapshot, AlertsShown::Open).into_iter());
        let selected = &mut model.screens.overview.selected;
        *selected = moved(&ids, *selected, rows);
    }

    fn incident(&self, model: &Model) -> Option<Arc<Incident>> {
        selected_of(&listed_incidents(&model.snapshot, AlertsShown::Open), model.screens.overview.selected)
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        let selected = self.incident(model).map(|incident| incident.alert.alert_id);
        show_alert(model, selected);
        Vec::new()
    }

    fn events_query(&self, model: &Model) -> Option<String> {
        self.incident(model).map(|incident| ask::query_of_alert(&incident.alert))
    }
}
