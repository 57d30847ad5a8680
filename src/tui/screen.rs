//! What a screen is, to whoever turns keys into changes: a list with a cursor, what stands under the
//! cursor, and what opening it does. One implementation a tab, in `screens`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::effect::Effect;
use super::model::Model;
use super::question::Question;
use crate::event::{LogLevel, Record, Timestamp};
use crate::query::name::term;
use crate::state::{Incident, PartyKind, PartyName};
use crate::triage::{self, Mute};
use crate::view::detail;
use crate::view::scene::{DetailPane, PromptPurpose};

/// What the keys ask of a tab. The defaults are those of a list without details.
pub(super) trait Screen: Sync {
    /// Moves the cursor by this many rows, negative is up; beyond the ends is the end.
    fn move_by(&self, model: &mut Model, rows: isize);

    /// To the last row.
    fn last(&self, model: &mut Model) {
        self.move_by(model, isize::MAX / 2);
    }

    /// The levels of the listed rows and the row of the cursor, where rows have levels.
    fn levels(&self, _model: &Model) -> Option<(Vec<LogLevel>, usize)> {
        None
    }

    /// The event under the cursor.
    fn record(&self, _model: &Model) -> Option<Arc<Record>> {
        None
    }

    /// The incidents that an act is about: the one under the cursor, or all of a party, the worst first.
    fn meant(&self, _model: &Model) -> Vec<Arc<Incident>> {
        Vec::new()
    }

    /// The incident under the cursor.
    fn incident(&self, model: &Model) -> Option<Arc<Incident>> {
        self.meant(model).into_iter().next()
    }

    /// What muting the row would keep quiet; end and reason are still open.
    fn mute(&self, model: &Model) -> Option<Mute> {
        let incidents = self.meant(model);
        (!incidents.is_empty()).then(|| mute_of(&incidents))
    }

    /// Shows what a row stands for, or no longer.
    fn unfold(&self, _model: &mut Model, _open: bool) {}

    /// What copying the value takes, unless a field of the detail pane is selected.
    fn value(&self, model: &Model) -> Option<String> {
        let message = self.record(model).map(|record| record.message.clone());
        message.or_else(|| self.incident(model).map(|incident| incident.alert.summary.clone()))
    }

    /// The correlation id of what is under the cursor.
    fn correlation_id(&self, model: &Model) -> Option<String> {
        let of_record = self.record(model).and_then(|record| record.correlation_ids.first().cloned());
        of_record.or_else(|| self.incident(model)?.alert.correlation_ids.first().cloned())
    }

    /// What is under the cursor, as JSON.
    fn json(&self, model: &Model) -> Option<String> {
        match self.record(model) {
            Some(record) => serde_json::to_string(&*record).ok(),
            None => serde_json::to_string(&self.incident(model)?.alert).ok(),
        }
    }

    /// The pane with the fields of the selected event, where the screen has one.
    fn detail<'m>(&self, _model: &'m mut Model) -> Option<&'m mut DetailPane> {
        None
    }

    /// Where the cursor of that pane is.
    fn detail_state(&self, _model: &Model) -> Option<DetailPane> {
        None
    }

    /// Tab: the keys go to the other pane.
    fn switch_pane(&self, model: &mut Model) {
        if let Some(pane) = self.detail(model) {
            pane.focused = !pane.focused;
            pane.open |= pane.focused;
            pane.selected = 0;
        }
    }

    /// Closes one thing of the screen; says whether there was one.
    fn close(&self, model: &mut Model) -> bool {
        let Some(pane) = self.detail(model) else { return false };
        if pane.focused {
            pane.focused = false;
            return true;
        }
        std::mem::take(&mut pane.open)
    }

    /// Enter.
    fn open(&self, model: &mut Model) -> Vec<Effect> {
        if let Some(pane) = self.detail(model) {
            *pane = DetailPane { open: true, focused: true, selected: pane.selected };
        }
        Vec::new()
    }

    /// The query for the events behind what is selected.
    fn events_query(&self, model: &Model) -> Option<Question> {
        let record = self.record(model)?;
        let (name, value) = selected_field(self.detail_state(model)?, &record)?;
        if value.trim().is_empty() {
            return None;
        }
        let name = if name == "corr" { "correlation.id" } else { &name };
        Some(Question::typed(term(name, &value)))
    }

    /// `/`: what is typed here.
    fn edit(&self, model: &mut Model) {
        let query = model.screens.search.query.clone();
        model.open_prompt(PromptPurpose::Search, &query);
    }
}

/// Name and value of the field under the cursor of a detail pane that has the keys.
pub(super) fn selected_field(pane: DetailPane, record: &Record) -> Option<(String, String)> {
    match detail::items(record).get(pane.selected).filter(|_| pane.focused)? {
        detail::Item::Field { name, value, .. } => Some(((*name).to_owned(), (*value).to_owned())),
        detail::Item::CorrelationId(id) => Some(("corr".to_owned(), (*id).to_owned())),
        detail::Item::Source => Some(("source".to_owned(), record.source.to_string())),
        detail::Item::Heading => Some(("service".to_owned(), record.service.clone())),
        detail::Item::Time | detail::Item::Raw => None,
    }
}

/// The selected entry and the number of entries, when the detail pane has the keys.
pub(super) fn focused_detail(screen: &dyn Screen, model: &Model) -> Option<(DetailPane, usize)> {
    let pane = screen.detail_state(model).filter(|pane| pane.focused)?;
    let record = screen.record(model)?;
    Some((pane, detail::items(&record).len()))
}

/// The rules of the incidents, for the address if there is one, else for the group that all share.
fn mute_of(incidents: &[Arc<Incident>]) -> Mute {
    let rules: BTreeSet<String> = incidents.iter().map(|incident| incident.alert.rule.id.clone()).collect();
    let group = match incidents {
        [] => BTreeMap::new(),
        [first, ..] => match PartyName::of(first) {
            PartyName { kind: PartyKind::Address, value } => {
                BTreeMap::from([(triage::ADDRESS.to_owned(), value)])
            }
            _ => shared_group(incidents),
        },
    };
    let (until, reason) = (Timestamp::default(), String::new());
    Mute { rules: rules.into_iter().collect(), group, until, reason }
}

fn shared_group(incidents: &[Arc<Incident>]) -> BTreeMap<String, String> {
    let mut incidents = incidents.iter().map(|incident| &incident.alert.group);
    let mut shared = incidents.next().map(|group| BTreeMap::clone(group)).unwrap_or_default();
    for group in incidents {
        shared.retain(|field, value| group.get(field) == Some(value));
    }
    shared
}
