//! Stateless matching: which rules match an event.

pub mod scan;

use super::rule::{RuleIndex, RuleSet};
use crate::event::{Event, Paths};

/// How events and rules are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Rules see only events whose logsource does not contradict theirs.
    pub routing: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { routing: true }
    }
}

/// A compiled rule set.
pub struct Engine {
    scan: scan::Scan,
}

impl Engine {
    #[must_use]
    pub fn compile(rules: &RuleSet, paths: &Paths, options: EngineOptions) -> Self {
        Self { scan: scan::Scan::new(rules, paths, options.routing) }
    }

    /// The detection rules that match, ascending; `matched` is cleared first.
    pub fn matches(&mut self, event: &Event, matched: &mut Vec<RuleIndex>) {
        self.scan.matches(event, matched);
    }
}
