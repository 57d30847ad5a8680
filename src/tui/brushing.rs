//! The mouse over a graph, of the results or of the overview: dragging selects a time.

use super::ask;
use super::effect::Effect;
use super::model::Model;
use super::question::Question;
use crate::view::LeadsTo;
use crate::view::scene::{Span, Tab};

/// The button went down over a bar.
pub(super) fn press(model: &mut Model, span: Span) {
    model.screens.search.brush = Some((span, span));
}

/// The mouse moved on. Beside the graph nothing changes.
pub(super) fn drag(model: &mut Model, over: Option<LeadsTo>) {
    let Some(LeadsTo::Time(span)) = over else { return };
    if let Some((_, end)) = &mut model.screens.search.brush {
        *end = span;
    }
}

/// The button was let go: what was gone over is asked for.
pub(super) fn release(model: &mut Model) -> Vec<Effect> {
    let search = &mut model.screens.search;
    let Some(span) = search.brushed() else { return Vec::new() };
    search.brush = None;
    if model.tab != Tab::Search {
        return ask::search_within(model, Question::typed(String::new()), Some(span));
    }
    search.range = Some(span);
    ask::search_again(model)
}
