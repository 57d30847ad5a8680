//! The answer to a search.

use std::sync::Arc;

use crate::event::{LogLevel, Record};
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::scene::DetailPane;

pub(super) struct Search;

impl Screen for Search {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let search = &mut model.screens.search;
        let len = search.records().len();
        search.list.move_by(rows, len, model.page);
    }

    fn levels(&self, model: &Model) -> Option<(Vec<LogLevel>, usize)> {
        let search = &model.screens.search;
        Some((search.records().iter().map(|row| row.level).collect(), search.list.selected))
    }

    fn record(&self, model: &Model) -> Option<Arc<Record>> {
        model.screens.search.selected_row().cloned().map(Arc::new)
    }

    fn detail<'m>(&self, model: &'m mut Model) -> Option<&'m mut DetailPane> {
        Some(&mut model.screens.search.detail)
    }

    fn detail_state(&self, model: &Model) -> Option<DetailPane> {
        Some(model.screens.search.detail)
    }
}
