//! Everything with one correlation id.

use std::sync::Arc;

use crate::event::{LogLevel, Record};
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::scene::{DetailPane, PromptPurpose};
use crate::view::{TraceStep, trace_steps};

pub(super) struct TraceOf;

impl Screen for TraceOf {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let trace = &mut model.screens.trace;
        let len = trace.answer.ready().map_or(0, |trace| trace_steps(trace).len());
        trace.list.move_by(rows, len, model.page);
    }

    /// An alert in a trace counts as a problem.
    fn levels(&self, model: &Model) -> Option<(Vec<LogLevel>, usize)> {
        let screen = &model.screens.trace;
        let steps = screen.answer.ready().map(trace_steps).unwrap_or_default();
        let level = |step: TraceStep<'_>| match step {
            TraceStep::Event(record) => record.level,
            TraceStep::Alert(_) => LogLevel::Critical,
            TraceStep::Gap { .. } => LogLevel::Debug,
        };
        Some((steps.into_iter().map(level).collect(), screen.list.selected))
    }

    fn record(&self, model: &Model) -> Option<Arc<Record>> {
        let screen = &model.screens.trace;
        let steps = trace_steps(screen.answer.ready()?);
        match steps.get(screen.list.selected.min(steps.len().checked_sub(1)?))? {
            TraceStep::Event(record) | TraceStep::Gap { after: record, .. } => {
                Some(Arc::new((*record).clone()))
            }
            TraceStep::Alert(_) => None,
        }
    }

    fn correlation_id(&self, model: &Model) -> Option<String> {
        Some(model.screens.trace.id.clone()).filter(|id| !id.is_empty())
    }

    fn detail<'m>(&self, model: &'m mut Model) -> Option<&'m mut DetailPane> {
        Some(&mut model.screens.trace.detail)
    }

    fn detail_state(&self, model: &Model) -> Option<DetailPane> {
        Some(model.screens.trace.detail)
    }

    fn edit(&self, model: &mut Model) {
        model.open_prompt(PromptPurpose::Trace, "");
    }
}
