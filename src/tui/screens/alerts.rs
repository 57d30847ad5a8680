//! The alerts: a list of incidents, and the evidence of the selected one.

use std::sync::Arc;

use crate::alert::AlertId;
use crate::event::Record;
use crate::state::Incident;
use crate::tui::ask;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::scene::{AlertsShown, Tab};
use crate::view::{held_evidence, listed_incidents};

pub(super) struct Alerts;

impl Screen for Alerts {
    fn move_by(&self, model: &mut Model, rows: isize) {
        if model.screens.alerts.evidence_focused {
            let held = |i: Arc<Incident>| held_evidence(&model.snapshot, &i.alert).len();
            let len = self.incident(model).map_or(0, held);
            let evidence = &mut model.screens.alerts.evidence;
            *evidence = evidence.saturating_add_signed(rows).min(len.saturating_sub(1));
            return;
        }
        let ids = ids(listed_incidents(&model.snapshot, model.screens.alerts.shown).into_iter());
        let alerts = &mut model.screens.alerts;
        alerts.selected = moved(&ids, alerts.selected, rows);
        alerts.above = alerts.above.saturating_add_signed(rows).min(model.page.saturating_sub(1));
    }

    fn record(&self, model: &Model) -> Option<Arc<Record>> {
        let alerts = model.screens.alerts;
        let incident = self.incident(model).filter(|_| alerts.evidence_focused)?;
        let held = held_evidence(&model.snapshot, &incident.alert);
        held.get(alerts.evidence.min(held.len().checked_sub(1)?)).map(|row| Arc::clone(row))
    }

    fn incident(&self, model: &Model) -> Option<Arc<Incident>> {
        let alerts = model.screens.alerts;
        selected_of(&listed_incidents(&model.snapshot, alerts.shown), alerts.selected)
    }

    fn switch_pane(&self, model: &mut Model) {
        let alerts = &mut model.screens.alerts;
        alerts.evidence_focused = !alerts.evidence_focused;
        alerts.evidence = 0;
    }

    fn close(&self, model: &mut Model) -> bool {
        std::mem::take(&mut model.screens.alerts.evidence_focused)
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        if model.screens.alerts.evidence_focused {
            return ask::open_trace_of(model, self.correlation_id(model));
        }
        self.switch_pane(model);
        Vec::new()
    }

    fn events_query(&self, model: &Model) -> Option<String> {
        self.incident(model).map(|incident| ask::query_of_alert(&incident.alert))
    }
}

pub(super) fn ids<'a>(incidents: impl Iterator<Item = &'a Arc<Incident>>) -> Vec<AlertId> {
    incidents.map(|incident| incident.alert.alert_id).collect()
}

/// The selected one of those listed, else the first.
pub(super) fn selected_of(listed: &[&Arc<Incident>], selected: Option<AlertId>) -> Option<Arc<Incident>> {
    let is_selected = |incident: &&&Arc<Incident>| Some(incident.alert.alert_id) == selected;
    listed.iter().find(is_selected).or(listed.first()).map(|incident| Arc::clone(incident))
}

/// The id that many rows away from the selected one. None is the first row, whatever stands there: who
/// goes to the top sees the worst from then on.
pub(super) fn moved(ids: &[AlertId], selected: Option<AlertId>, rows: isize) -> Option<AlertId> {
    let at = ids.iter().position(|id| Some(*id) == selected).unwrap_or(0);
    match at.saturating_add_signed(rows).min(ids.len().saturating_sub(1)) {
        0 => None,
        row => ids.get(row).copied(),
    }
}

pub(in crate::tui) fn show_alert(model: &mut Model, alert: Option<AlertId>) {
    let is_open = |id| model.snapshot.incidents.iter().any(|i| i.alert.alert_id == id && i.is_open());
    if alert.is_some_and(|id| !is_open(id)) {
        model.screens.alerts.shown = AlertsShown::All;
    }
    model.screens.alerts.selected = alert;
    model.screens.alerts.evidence_focused = false;
    model.show(Tab::Alerts);
}
