//! From the numbers of one rule set to those of another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::Evidence;
use super::plan::RulePlan;
use crate::detect::record::FieldNumber;
use crate::event::number::to_u16;
use crate::sigma::rule::RuleIndex;

/// From the numbers of earlier rules to those of the present ones with the same text.
pub(super) struct Places(Vec<Option<RuleIndex>>);

impl Places {
    /// `earlier` are ids and hashes of the text.
    pub(super) fn new<'r>(earlier: impl Iterator<Item = (&'r str, u64)>, present: &[RulePlan]) -> Self {
        let known: BTreeMap<(&str, u64), RuleIndex> = present
            .iter()
            .zip((0..).map(RuleIndex))
            .map(|(rule, index)| ((rule.summary.id.as_str(), rule.content_hash), index))
            .collect();
        Self(earlier.map(|rule| known.get(&rule).copied()).collect())
    }

    /// Where the rule stands now; `None` when its text changed or it is gone.
    pub(super) fn of(&self, earlier: RuleIndex) -> Option<RuleIndex> {
        self.0.get(earlier.index()).copied().flatten()
    }

    /// The present rules that an earlier one has the text of.
    pub(super) fn kept(&self) -> BTreeSet<RuleIndex> {
        self.0.iter().copied().flatten().collect()
    }
}

/// From the field numbers of earlier rules to those of the present ones.
pub(super) struct Renumbering {
    numbers: Vec<Option<FieldNumber>>,
    pub(super) same: bool,
}

impl Renumbering {
    pub(super) fn new(old: &[String], new: &[String]) -> Self {
        let find = |name: &String| new.iter().position(|other| other == name).map(to_u16);
        Self { numbers: old.iter().map(find).collect(), same: new.starts_with(old) }
    }

    pub(super) fn number(&self, old: FieldNumber) -> Option<FieldNumber> {
        self.numbers.get(usize::from(old)).copied().flatten()
    }

    pub(super) fn evidence(&self, evidence: &Arc<Evidence>) -> Arc<Evidence> {
        if self.same {
            return Arc::clone(evidence);
        }
        Arc::new(evidence.renumbered(&|old| self.number(old)))
    }
}
