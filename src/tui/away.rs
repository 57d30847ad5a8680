//! What happened while somebody was not looking: found out once, when the journal has been read.

use super::model::Model;
use crate::triage::{Act, sentence};
use crate::view::scene::{Away, Overlay};

/// Incidents and decisions that are listed; the others are counted.
const MOST_LISTED: usize = 8;
/// Who was gone for less has missed nothing that is not on the screen.
const SHORT_NANOS: i64 = 60 * 1_000_000_000;

/// Shows it once, unless there is nothing to tell.
pub(super) fn welcome(model: &mut Model) {
    if model.welcomed || model.snapshot.decisions.is_empty() {
        return;
    }
    model.welcomed = true;
    let Some(away) = since_last_look(model) else { return };
    model.away = Some(away);
    if model.overlay.is_none() && model.prompt.is_none() {
        model.overlay = Some(Overlay::Away);
    }
}

fn since_last_look(model: &Model) -> Option<Away> {
    let snapshot = &model.snapshot;
    let since = snapshot.decisions.last_look(&model.user)?;
    if snapshot.now.since(since) < SHORT_NANOS {
        return None;
    }
    let mut opened = snapshot.incidents.iter().filter(|incident| incident.opened > since);
    let opened_count = opened.clone().count();
    let opened = opened.by_ref().take(MOST_LISTED).cloned().collect();
    let closed = |at: Option<crate::event::Timestamp>| at.is_some_and(|at| at > since);
    let closed_count = snapshot.incidents.iter().filter(|incident| closed(incident.closed)).count();
    let by_others = snapshot
        .decisions
        .entries()
        .rev()
        .filter(|(_, entry, _)| entry.at > since && entry.by != model.user && entry.act != Act::Looked);
    let decided: Vec<String> = by_others
        .take(MOST_LISTED)
        .map(|(_, entry, _)| format!("{} {}", entry.by, sentence(entry)))
        .collect();
    let is_quiet = opened_count == 0 && closed_count == 0 && decided.is_empty();
    (!is_quiet).then_some(Away { since, opened, opened_count, closed_count, decided })
}
