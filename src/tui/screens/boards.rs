//! The boards: what is open, locked, blocked or limited, and the history of each.

use std::sync::Arc;

use crate::event::EventId;
use crate::query::name::term;
use crate::state::{BoardRow, Incident};
use crate::tui::ask;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::question::Question;
use crate::tui::screen::Screen;
use crate::view::board_rows;

pub(super) struct BoardList;

fn selected(model: &Model) -> Option<&BoardRow> {
    let rows = board_rows(&model.snapshot);
    rows.get(model.screens.boards.selected.min(rows.len().checked_sub(1)?)).copied()
}

impl Screen for BoardList {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let len = board_rows(&model.snapshot).len();
        model.screens.boards.move_by(rows, len, model.page);
    }

    fn meant(&self, model: &Model) -> Vec<Arc<Incident>> {
        selected(model).map(|row| incident_of(model, row)).into_iter().flatten().collect()
    }

    fn value(&self, model: &Model) -> Option<String> {
        selected(model).map(|row| row.transition.entity.clone())
    }

    fn correlation_id(&self, model: &Model) -> Option<String> {
        selected(model)?.transition.correlation_ids.first().cloned()
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        let question = self.events_query(model);
        open_events(model, question)
    }

    fn events_query(&self, model: &Model) -> Option<Question> {
        selected(model).and_then(|row| events_of(model, row))
    }
}

/// The incident that the same rule made of the same group.
pub(super) fn incident_of(model: &Model, row: &BoardRow) -> Option<Arc<Incident>> {
    let transition = &row.transition;
    let is_it = |incident: &&Arc<Incident>| {
        incident.alert.rule.id == transition.rule.id && *incident.alert.group == transition.group
    };
    model.snapshot.incidents.iter().find(is_it).cloned()
}

/// The events of its incident. Where there is none, those that changed its state, or that name it.
pub(super) fn events_of(model: &Model, row: &BoardRow) -> Option<Question> {
    if let Some(incident) = incident_of(model, row) {
        return Question::behind(&[incident], model.clock, model.snapshot.now);
    }
    let changes: Vec<EventId> = row.history.iter().filter_map(|change| change.event_id).collect();
    if !changes.is_empty() {
        let who = Some(&row.transition.entity).filter(|entity| !entity.is_empty());
        let who = who.unwrap_or(&row.transition.rule.title);
        return Some(Question::named(&changes, format!("what changed the state of {who}")));
    }
    let group = &row.transition.group;
    let terms: Vec<String> = group.iter().map(|(name, value)| term(name, value)).collect();
    (!terms.is_empty()).then(|| Question::typed(terms.join(" AND ")))
}

/// Enter on a row that stands for events.
pub(super) fn open_events(model: &mut Model, question: Option<Question>) -> Vec<Effect> {
    match question {
        Some(question) => ask::search(model, question),
        None => {
            model.say("there is no row here whose events are known");
            Vec::new()
        }
    }
}
