//! What the compiled matcher is held equal to: every rule looked at, by the plain evaluator. Unit tests and fuzz
//! targets share it.

use soctop::event::{Event, Paths};
use soctop::sigma::rule::{DetectionRule, RuleIndex, RuleSet};
use soctop::sigma::scan::{View, needs_something};
use soctop::sigma::taxonomy::FieldResolver;

/// The plain evaluator of a rule set.
pub struct Scan {
    rules: Vec<(DetectionRule, bool)>,
    routing: bool,
    fields: FieldResolver,
}

impl Scan {
    pub fn new(rules: &RuleSet, paths: &Paths, routing: bool) -> Self {
        let rules = rules.detections.iter().map(|rule| (rule.clone(), needs_something(rule))).collect();
        Self { rules, routing, fields: FieldResolver::new(paths) }
    }

    /// All detection rules that match the event, ascending.
    pub fn matches(&mut self, event: &Event, matched: &mut Vec<RuleIndex>) {
        matched.clear();
        let mut view = View { event, fields: &mut self.fields };
        for (index, (rule, needs_something)) in (0..).zip(&self.rules) {
            let routed = !self.routing || rule.logsource.admits(&event.meta.logsource, *needs_something);
            if routed
                && view.detection(&rule.detection)
                && rule.filters.iter().all(|filter| view.detection(&filter.detection))
            {
                matched.push(RuleIndex(index));
            }
        }
    }
}
