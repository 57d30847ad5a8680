//! A rule at work: what is known of it travels as one value.

use super::hashes::GroupKey;
use super::incident::{Context, Facet, IncidentPlace};
use super::plan::{Evaluator, Plan, RulePlan, WindowPlan};
use crate::sigma::rule::RuleIndex;

/// A rule, its number, and all others.
#[derive(Clone, Copy)]
pub(super) struct RuleRun<'p> {
    pub(super) plan: &'p Plan,
    pub(super) index: RuleIndex,
    pub(super) rule: &'p RulePlan,
}

impl<'p> RuleRun<'p> {
    pub(super) fn of(plan: &'p Plan, index: RuleIndex) -> Option<Self> {
        plan.rules.get(index.index()).map(|rule| Self { plan, index, rule })
    }

    /// Where the firings of the rule are counted, if it has windows.
    pub(super) fn window(self) -> Option<&'p WindowPlan> {
        match &self.rule.evaluator {
            Evaluator::Window(window) => Some(window),
            Evaluator::Match | Evaluator::Heartbeat(_) => None,
        }
    }

    /// The place of one of its incidents.
    pub(super) fn place(self, facet: Facet, key: GroupKey) -> IncidentPlace {
        IncidentPlace { rule: self.index, facet, key }
    }

    /// What its alerts need to be written.
    pub(super) fn context(self, replayed: bool) -> Context<'p> {
        Context { fields: &self.plan.fields, replayed }
    }
}
