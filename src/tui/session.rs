//! What a dashboard looks like when its user comes back: the screen, the filter, what was asked, the looks.

use serde::{Deserialize, Serialize};

use super::hunts::MOST_HUNTS;
use super::model::Model;
use super::screens::events::change_filter;
use crate::state::Filter;
use crate::view::MOST_COLUMNS;
use crate::view::scene::{IncidentsShown, SavedHunt, Tab};
use crate::view::{ClockStyle, Palette};

/// Questions that are remembered.
const MOST_QUERIES: usize = 100;

/// Everything is optional: a session of another version keeps what is still understood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOff {
    /// Number of the screen, from 1.
    pub screen: usize,
    /// The filter of the live list, as it is typed.
    pub filter: String,
    /// Questions to the index, oldest first.
    pub queries: Vec<String>,
    /// `utc`, `local` or `ago`.
    pub clock: String,
    pub theme: String,
    /// All alerts are listed, not only the open ones.
    pub all_alerts: bool,
    /// Users and addresses are masked.
    pub masked: bool,
    /// Names of the fields that events are listed by; none are the usual ones.
    pub columns: Vec<String>,
    pub hunts: Vec<SavedHunt>,
}

const CLOCKS: [(&str, ClockStyle); 3] =
    [("utc", ClockStyle::Utc), ("local", ClockStyle::Local), ("ago", ClockStyle::Ago)];

impl LeftOff {
    /// How the dashboard is left.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let clock = CLOCKS.iter().find(|(_, style)| *style == model.clock.style);
        let palette = model.palette();
        let theme = Palette::NAMED.iter().find(|(known, ..)| *known == palette);
        let newest = model.queries.len().saturating_sub(MOST_QUERIES);
        Self {
            screen: Tab::ALL.iter().position(|tab| *tab == model.tab).map_or(1, |at| at + 1),
            filter: model.screens.events.filter.text(),
            queries: model.queries.iter().skip(newest).cloned().collect(),
            clock: clock.map_or("", |(name, _)| name).to_owned(),
            theme: if model.was_painted {
                theme.map_or("", |(_, name, _)| name).to_owned()
            } else {
                String::new()
            },
            all_alerts: model.screens.incidents.shown == IncidentsShown::All
                && model.screens.incidents.rule.is_none(),
            masked: model.mask.is_some(),
            columns: model.columns.clone(),
            hunts: model.hunts.clone(),
        }
    }

    /// Brings a dashboard that was just started to where it was left.
    pub(super) fn resume(&self, model: &mut Model) {
        if let Some(tab) = self.screen.checked_sub(1).and_then(|at| Tab::ALL.get(at)) {
            model.enter(*tab);
        }
        if let Ok(filter) = Filter::parse(&self.filter) {
            change_filter(model, |current| *current = filter);
        }
        model.queries.clone_from(&self.queries);
        if let Some((_, style)) = CLOCKS.iter().find(|(name, _)| *name == self.clock) {
            model.clock.style = *style;
        }
        if let Some(palette) = Palette::named(&self.theme) {
            model.paint(palette);
        }
        if self.all_alerts {
            model.screens.incidents.shown = IncidentsShown::All;
        }
        model.columns = self.columns.iter().take(MOST_COLUMNS).cloned().collect();
        model.hunts = self.hunts.iter().take(MOST_HUNTS).cloned().collect();
        if self.masked {
            model.switch_mask();
        }
    }
}
