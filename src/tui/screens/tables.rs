//! The plain lists: entities, sources.

use super::boards::open_events;
use crate::query::name::{SOURCE, term};
use crate::state::{Entity, SourceRow};
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::question::Question;
use crate::tui::screen::Screen;

pub(super) struct Entities;

impl Screen for Entities {
    fn move_by(&self, model: &mut Model, rows: isize) {
        model.screens.entities.move_by(rows, model.snapshot.entities.len(), model.page);
    }

    fn value(&self, model: &Model) -> Option<String> {
        selected_entity(model).map(|entity| entity.value.to_string())
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        let question = self.events_query(model);
        open_events(model, question)
    }

    fn events_query(&self, model: &Model) -> Option<Question> {
        selected_entity(model).map(|entity| Question::typed(term(&entity.field, &entity.value)))
    }
}

fn selected_entity(model: &Model) -> Option<&Entity> {
    let entities = &model.snapshot.entities;
    entities.get(model.screens.entities.selected.min(entities.len().checked_sub(1)?))
}

pub(super) struct Sources;

impl Screen for Sources {
    fn move_by(&self, model: &mut Model, rows: isize) {
        model.screens.sources.move_by(rows, model.snapshot.sources.len(), model.page);
    }

    fn value(&self, model: &Model) -> Option<String> {
        selected_source(model).map(|source| source.status.path.to_string())
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        let question = self.events_query(model);
        open_events(model, question)
    }

    fn events_query(&self, model: &Model) -> Option<Question> {
        selected_source(model).map(|source| Question::typed(term(SOURCE, &source.status.path)))
    }
}

fn selected_source(model: &Model) -> Option<&SourceRow> {
    let sources = &model.snapshot.sources;
    sources.get(model.screens.sources.selected.min(sources.len().checked_sub(1)?))
}
