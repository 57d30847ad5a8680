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

    /// The incident that the same rule made of the same group.
    fn meant(&self, model: &Model) -> Vec<Arc<Incident>> {
        let Some(row) = selected(model) else { return Vec::new() };
        let transition = &row.transition;
        let is_it = |incident: &&Arc<Incident>| {
            incident.alert.rule.id == transition.rule.id && *incident.alert.group == transition.group
        };
        model.snapshot.incidents.iter().find(is_it).cloned().into_iter().collect()
    }

    fn value(&self, model: &Model) -> Option<String> {
        selected(model).map(|row| row.transition.entity.clone())
    }

    fn correlation_id(&self, model: &Model) -> Option<String> {
        selected(model)?.transition.correlation_ids.first().cloned()
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        match self.events_query(model) {
            Some(question) => ask::search(model, question),
            None => {
                model.say("no event is known of this state");
                Vec::new()
            }
        }
    }

    /// The events of its incident. Where there is none, those that changed its state, or that name it.
    fn events_query(&self, model: &Model) -> Option<Question> {
        if let Some(incident) = self.incident(model) {
            return Question::behind(&[incident], model.clock, model.snapshot.now);
        }
        let row = selected(model)?;
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
}
