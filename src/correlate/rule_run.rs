//! A rule at work: what is known of it travels as one value.

use std::ops::{Index, IndexMut};

use super::incident::{Context, Facet, Place};
use super::memory::Memory;
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
    pub(super) fn place(self, facet: Facet, key: u128) -> Place {
        (self.index.0, facet, key)
    }

    /// What its alerts need to be written.
    pub(super) fn context(self, replayed: bool) -> Context<'p> {
        Context { fields: &self.plan.fields, replayed }
    }
}

/// What the rules remember, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Memories(Vec<Memory>);

impl Memories {
    pub(super) fn new(rules: usize) -> Self {
        Self(std::iter::repeat_with(Memory::default).take(rules).collect())
    }

    pub(super) fn get(&self, rule: RuleIndex) -> Option<&Memory> {
        self.0.get(rule.index())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Memory> {
        self.0.iter()
    }

    /// With their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (RuleIndex, &Memory)> {
        (0..).map(RuleIndex).zip(&self.0)
    }

    pub(super) fn numbered_mut(&mut self) -> impl Iterator<Item = (RuleIndex, &mut Memory)> {
        (0..).map(RuleIndex).zip(&mut self.0)
    }

    pub(super) fn into_numbered(self) -> impl Iterator<Item = (RuleIndex, Memory)> {
        (0..).map(RuleIndex).zip(self.0)
    }
}

impl Index<RuleIndex> for Memories {
    type Output = Memory;

    fn index(&self, rule: RuleIndex) -> &Memory {
        &self.0[rule.index()]
    }
}

impl IndexMut<RuleIndex> for Memories {
    fn index_mut(&mut self, rule: RuleIndex) -> &mut Memory {
        &mut self.0[rule.index()]
    }
}
