//! The incidents by who, and the evidence of the selected one.

use std::sync::Arc;

use crate::alert::AlertId;
use crate::event::Record;
use crate::state::{Incident, PartyName};
use crate::tui::ask;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::question::Question;
use crate::tui::screen::Screen;
use crate::view::scene::{ChosenRow, IncidentsShown, Tab};
use crate::view::{Feed, FeedItem, held_evidence};

pub(super) struct IncidentList;

pub(super) fn feed(model: &Model) -> Feed {
    Feed::of_list(&model.snapshot, &model.screens)
}

fn row(model: &Model, feed: &Feed) -> usize {
    feed.position(model.screens.incidents.selected.as_ref())
}

impl Screen for IncidentList {
    fn move_by(&self, model: &mut Model, rows: isize) {
        if model.screens.incidents.evidence_focused {
            let held = |i: Arc<Incident>| held_evidence(&model.snapshot, &i.alert).len();
            let len = self.incident(model).map_or(0, held);
            let evidence = &mut model.screens.incidents.evidence;
            *evidence = evidence.saturating_add_signed(rows).min(len.saturating_sub(1));
            return;
        }
        if is_jump(rows) {
            model.screens.incidents.held = None;
        }
        let feed = feed(model);
        let screen = &mut model.screens.incidents;
        screen.selected = feed.moved(screen.selected.as_ref(), rows);
        screen.held = None;
        screen.above = screen.above.saturating_add_signed(rows).min(model.page.saturating_sub(1));
    }

    fn record(&self, model: &Model) -> Option<Arc<Record>> {
        let screen = &model.screens.incidents;
        let incident = self.incident(model).filter(|_| screen.evidence_focused)?;
        let held = held_evidence(&model.snapshot, &incident.alert);
        held.get(screen.evidence.min(held.len().checked_sub(1)?)).map(|row| Arc::clone(row))
    }

    fn meant(&self, model: &Model) -> Vec<Arc<Incident>> {
        let feed = feed(model);
        feed.meant(row(model, &feed))
    }

    fn unfold(&self, model: &mut Model, open: bool) {
        let feed = feed(model);
        let at = row(model, &feed);
        if let Some(name) = unfold_row(model, &feed, at, open) {
            model.screens.incidents.selected = Some(ChosenRow::Party(name));
        }
    }

    /// A party has no evidence of its own: its worst incident has.
    fn switch_pane(&self, model: &mut Model) {
        let feed = feed(model);
        if let Some(FeedItem::Party { party, .. }) = feed.item(row(model, &feed)) {
            let worst = party.incidents.first().map(|incident| incident.alert.alert_id);
            model.screens.unfolded.insert(party.name.clone());
            model.screens.incidents.selected = worst.map(ChosenRow::Incident);
        }
        let screen = &mut model.screens.incidents;
        screen.evidence_focused = !screen.evidence_focused;
        screen.evidence = 0;
    }

    fn close(&self, model: &mut Model) -> bool {
        let screen = &mut model.screens.incidents;
        if std::mem::take(&mut screen.evidence_focused) {
            return true;
        }
        let was_of_rule = screen.rule.take().is_some();
        screen.held = screen.held.take().filter(|_| !was_of_rule);
        if was_of_rule {
            screen.shown = IncidentsShown::Open;
        }
        was_of_rule
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        if model.screens.incidents.evidence_focused {
            let from = self.incident(model).map(|incident| incident.alert.clone());
            return ask::open_trace_of(model, self.correlation_id(model), from);
        }
        let feed = feed(model);
        match feed.item(row(model, &feed)) {
            Some(FeedItem::Party { is_folded, .. }) => self.unfold(model, is_folded),
            _ => self.switch_pane(model),
        }
        Vec::new()
    }

    fn events_query(&self, model: &Model) -> Option<Question> {
        Question::behind(&self.meant(model), model.clock, model.snapshot.now)
    }
}

/// To the first or the last row: of the list as it is sorted now.
pub(super) fn is_jump(rows: isize) -> bool {
    rows.unsigned_abs() > isize::MAX.unsigned_abs() / 4
}

/// Folds or unfolds the party of a row; returns it where that changed something.
pub(super) fn unfold_row(model: &mut Model, feed: &Feed, row: usize, open: bool) -> Option<PartyName> {
    let party = feed.party(row).filter(|party| party.incidents.len() > 1)?;
    let name = party.name.clone();
    let unfolded = &mut model.screens.unfolded;
    let changed = if open { unfolded.insert(name.clone()) } else { unfolded.remove(&name) };
    changed.then_some(name)
}

pub(in crate::tui) fn show_incident(model: &mut Model, alert: Option<AlertId>) {
    let incident = model.snapshot.incidents.iter().find(|i| Some(i.alert.alert_id) == alert);
    if incident.is_some_and(|incident| !incident.is_listed()) {
        model.screens.incidents.shown = IncidentsShown::All;
    }
    // Among others of its party it has a row only while they are listed.
    if let Some(incident) = incident {
        model.screens.unfolded.insert(PartyName::of(incident));
    }
    model.screens.incidents.rule = None;
    model.screens.incidents.held = None;
    model.screens.incidents.selected = alert.map(ChosenRow::Incident);
    model.screens.incidents.evidence_focused = false;
    model.show(Tab::Incidents);
}

/// All incidents of one rule, as many as its row says, what is open first.
pub(in crate::tui) fn show_rule(model: &mut Model, rule: String) {
    let screen = &mut model.screens.incidents;
    screen.shown = IncidentsShown::All;
    screen.rule = Some(rule);
    (screen.selected, screen.held) = (None, None);
    screen.evidence_focused = false;
    model.show(Tab::Incidents);
}
