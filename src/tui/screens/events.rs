//! The live list: follows, stays where somebody is, or is frozen; filtered while events come in.

use std::sync::Arc;

use crate::event::number::to_u64;
use crate::event::{LogLevel, Record};
use crate::state::Filter;
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::scene::{DetailPane, Flow, PromptPurpose};

pub(super) struct Events;

impl Screen for Events {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let events = &mut model.screens.events;
        let before = events.selected_index();
        let after = before.saturating_add_signed(rows).min(events.rows.len().saturating_sub(1));
        let was_above = match events.flow {
            Flow::Following => before.min(model.page.saturating_sub(1)),
            Flow::Detached | Flow::Paused { .. } => events.above,
        };
        if events.flow == Flow::Following {
            if after == before {
                return;
            }
            events.flow = Flow::Detached;
        }
        let step = isize::try_from(after).unwrap_or(0) - isize::try_from(before).unwrap_or(0);
        events.above = was_above.saturating_add_signed(step).min(model.page.saturating_sub(1));
        events.selected = events.rows.get(after).map(|row| row.seq);
        events.detail.selected = 0;
    }

    fn last(&self, model: &mut Model) {
        follow(model);
    }

    fn levels(&self, model: &Model) -> Option<(Vec<LogLevel>, usize)> {
        let events = &model.screens.events;
        Some((events.rows.iter().map(|row| row.level).collect(), events.selected_index()))
    }

    fn record(&self, model: &Model) -> Option<Arc<Record>> {
        model.screens.events.selected_row().cloned()
    }

    fn detail<'m>(&self, model: &'m mut Model) -> Option<&'m mut DetailPane> {
        Some(&mut model.screens.events.detail)
    }

    fn detail_state(&self, model: &Model) -> Option<DetailPane> {
        Some(model.screens.events.detail)
    }

    fn edit(&self, model: &mut Model) {
        let text = model.screens.events.filter.text();
        let text = if text.is_empty() { text } else { format!("{text} ") };
        model.open_prompt(PromptPurpose::Filter, &text);
    }
}

/// Appends what passed the filter since the last snapshot, and forgets what the engine forgot.
pub(in crate::tui) fn take_new_rows(model: &mut Model) {
    let rows = &model.snapshot.rows;
    let events = &mut model.screens.events;
    let paused = matches!(events.flow, Flow::Paused { .. });
    let fresh: Vec<&Arc<Record>> = match events.seen {
        Some(seen) => rows.after(seen).collect(),
        None => rows.iter().collect(),
    };
    if let Some(newest) = fresh.last() {
        events.seen = Some(newest.seq);
    }
    if let Some(mask) = &mut model.mask {
        fresh.iter().for_each(|row| mask.learn(row));
        mask.learn_all(&model.snapshot);
    }
    for row in fresh {
        if !events.filter.matches(row) {
            continue;
        }
        if events.flow != Flow::Following {
            events.waiting += 1;
        }
        if !paused {
            events.rows.push_back(Arc::clone(row));
        }
    }
    if paused {
        return;
    }
    if let Some(oldest) = rows.get(0) {
        while events.rows.front().is_some_and(|row| row.seq < oldest.seq) {
            events.rows.pop_front();
        }
    }
}

/// Filters everything that is held anew, up to the pause if there is one.
pub(in crate::tui) fn rebuild_rows(model: &mut Model) {
    let events = &mut model.screens.events;
    let limit = events.frozen_at.unwrap_or(u64::MAX);
    let held = model.snapshot.rows.iter().filter(|row| row.seq <= limit);
    events.rows = held.filter(|row| events.filter.matches(row)).cloned().collect();
    events.waiting = 0;
    if let (Flow::Paused { .. }, Some(frozen_at)) = (events.flow, events.frozen_at) {
        let waiting = model.snapshot.rows.after(frozen_at).filter(|row| events.filter.matches(row));
        events.waiting = to_u64(waiting.count());
    }
}

pub(in crate::tui) fn pause_or_resume(model: &mut Model) {
    let now = model.snapshot.now;
    let events = &mut model.screens.events;
    if let Flow::Paused { .. } = events.flow {
        let following = events.resume_following;
        events.flow = if following { Flow::Following } else { Flow::Detached };
        events.frozen_at = None;
        rebuild_rows(model);
        return;
    }
    events.resume_following = events.flow == Flow::Following;
    events.selected = events.selected_row().map(|row| row.seq);
    if events.resume_following {
        events.above = events.selected_index().min(model.page.saturating_sub(1));
    }
    events.frozen_at = Some(events.seen.unwrap_or(0));
    events.waiting = 0;
    events.flow = Flow::Paused { since: now };
}

pub(in crate::tui) fn follow(model: &mut Model) {
    let events = &mut model.screens.events;
    let was_paused = matches!(events.flow, Flow::Paused { .. });
    events.flow = Flow::Following;
    events.selected = None;
    events.frozen_at = None;
    events.waiting = 0;
    events.detail.selected = 0;
    if was_paused {
        rebuild_rows(model);
    }
}

pub(in crate::tui) fn change_filter(model: &mut Model, change: impl FnOnce(&mut Filter)) {
    // The same event stays selected if it is still there.
    let events = &mut model.screens.events;
    events.selected = events.selected_row().map(|row| row.seq).or(events.selected);
    change(&mut events.filter);
    rebuild_rows(model);
}
