//! The rules: what each did, and the way to its incidents, its text and its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::incidents::show_rule;
use crate::alert::RuleSummary;
use crate::event::Timestamp;
use crate::state::Incident;
use crate::triage::Mute;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::view::rule_rows;
use crate::view::scene::RuleOrder;

pub(super) struct Rules;

fn selected(model: &Model) -> Option<&RuleSummary> {
    let screen = &model.screens.rules;
    let rows = rule_rows(&model.snapshot, screen.order);
    rows.get(screen.list.selected.min(rows.len().checked_sub(1)?)).map(|row| row.rule)
}

/// Sorts the rules by something else.
pub(in crate::tui) fn reorder(model: &mut Model) {
    let screen = &mut model.screens.rules;
    screen.order = match screen.order {
        RuleOrder::Incidents => RuleOrder::Cost,
        RuleOrder::Cost => RuleOrder::Near,
        RuleOrder::Near => RuleOrder::Incidents,
    };
    screen.list = Default::default();
}

/// Where the selected rule is written.
pub(in crate::tui) fn edit(model: &mut Model) -> Vec<Effect> {
    let note = selected(model).and_then(|rule| model.snapshot.rules.book.get(&rule.id));
    match note {
        Some(note) => vec![Effect::Edit { file: Arc::clone(&note.file), line: note.line }],
        None => {
            model.say("this rule is no longer loaded");
            Vec::new()
        }
    }
}

impl Screen for Rules {
    fn move_by(&self, model: &mut Model, rows: isize) {
        let len = rule_rows(&model.snapshot, model.screens.rules.order).len();
        model.screens.rules.list.move_by(rows, len, model.page);
    }

    fn value(&self, model: &Model) -> Option<String> {
        selected(model).map(|rule| rule.id.clone())
    }

    fn meant(&self, model: &Model) -> Vec<Arc<Incident>> {
        let Some(rule) = selected(model) else { return Vec::new() };
        let of_rule = |it: &&Arc<Incident>| it.alert.rule.id == rule.id && it.is_listed();
        model.snapshot.incidents.iter().filter(of_rule).cloned().collect()
    }

    /// The rule itself, for everybody.
    fn mute(&self, model: &Model) -> Option<Mute> {
        let rules = vec![selected(model)?.id.clone()];
        Some(Mute { rules, group: BTreeMap::new(), until: Timestamp::default(), reason: String::new() })
    }

    fn open(&self, model: &mut Model) -> Vec<Effect> {
        match selected(model).map(|rule| rule.id.clone()) {
            Some(rule) => show_rule(model, rule),
            None => model.say("no rule is selected here"),
        }
        Vec::new()
    }
}
