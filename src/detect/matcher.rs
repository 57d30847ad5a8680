//! Stateless matching: which rules match an event.
//!
//! One event goes through four steps:
//!
//! ```text
//! fields ──► slots        each field once: path id → the rules' field names it answers to
//! values ──► candidates   the prefilter: hashes, affixes, ngrams; hits also settle items
//! rules  ──► items        conditions of candidates; an item is evaluated at most once
//! items  ──► matches
//! ```
//!
//! Nothing is allocated per event once buffers have grown. State of an event is stamped with its
//! number instead of being cleared. Events are routed by logsource: each logsource that occurs gets
//! an index of the rules that do not contradict it, built when it is first seen, so that rules for
//! other sources cost nothing at all.

mod scratch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::detect::compile::Program;
use crate::detect::prefilter::Index;
use crate::event::number::{to_u32, to_usize};
use crate::event::{Event, LogSource, Paths};
use crate::sigma::rule::{RuleIndex, RuleSet};

use scratch::Scratch;

/// How events and rules are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatcherOptions {
    /// Rules see only events whose logsource does not contradict theirs.
    pub routing: bool,
}

impl Default for MatcherOptions {
    fn default() -> Self {
        Self { routing: true }
    }
}

/// How often a rule was looked at and matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounter {
    /// Events whose content made the rule a candidate.
    pub evaluated: u64,
    pub matched: u64,
}

/// Most logsources that have an index of their own at a time; real systems have a dozen.
const MAX_ROUTES: usize = 64;

/// A compiled rule set.
pub struct Matcher {
    program: Program,
    options: MatcherOptions,
    routes: Vec<IndexRoute>,
    scratch: Scratch,
    counters: Vec<RuleCounter>,
}

/// The rules that events of one logsource can match.
struct IndexRoute {
    source: LogSource,
    /// Taken out while an event is matched.
    index: Option<Box<Index>>,
}

impl Matcher {
    #[must_use]
    pub fn compile(rules: &RuleSet, paths: &Paths, options: MatcherOptions) -> Self {
        let program = Program::compile(rules, paths);
        let scratch = Scratch::new(&program, paths);
        let counters = vec![RuleCounter::default(); program.rules.len()];
        Self { program, options, routes: Vec::new(), scratch, counters }
    }

    /// The detection rules that match, ascending; `matched` is cleared first.
    pub fn matches(&mut self, event: &Event, matched: &mut Vec<RuleIndex>) {
        matched.clear();
        let route = self.route(&event.meta.logsource);
        let Some(index) = self.routes.get_mut(route).and_then(|route| route.index.take()) else { return };
        self.scratch.begin(event, &index);
        let candidates = std::mem::take(&mut self.scratch.candidates);
        for rule in candidates.iter().chain(&index.always) {
            let Some(program) = self.program.rules.get(to_usize(*rule)) else { continue };
            let holds = self.scratch.node(&program.root, &self.program.items, event);
            if let Some(counter) = self.counters.get_mut(to_usize(*rule)) {
                counter.evaluated += 1;
                counter.matched += u64::from(holds);
            }
            if holds {
                matched.push(RuleIndex(*rule));
            }
        }
        self.scratch.candidates = candidates;
        if let Some(route) = self.routes.get_mut(route) {
            route.index = Some(index);
        }
        matched.sort_unstable();
    }

    /// What each detection rule has cost and found so far.
    #[must_use]
    pub fn counters(&self) -> &[RuleCounter] {
        &self.counters
    }

    /// The compiled form, for `soctop rules show`.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The place of the index for a logsource; the one used last is looked at first.
    fn route(&mut self, source: &LogSource) -> usize {
        let known = self.routes.iter().position(|route| !self.options.routing || same(&route.source, source));
        if let Some(at) = known {
            return at;
        }
        if self.routes.len() >= MAX_ROUTES {
            self.routes.clear();
        }
        let admitted = |(_, rule): &(usize, &super::compile::RuleProgram)| {
            !self.options.routing
                || if rule.needs_something {
                    rule.logsource.agrees(source)
                } else {
                    rule.logsource.confirmed(source)
                }
        };
        let rules = self.program.rules.iter().enumerate().filter(admitted);
        let index = Index::build(
            self.program.fields.slot_count(),
            rules.map(|(index, rule)| (to_u32(index), rule.required.as_deref())),
        );
        self.routes.push(IndexRoute { source: source.clone(), index: Some(Box::new(index)) });
        self.routes.len() - 1
    }
}

/// Equal, most often because shared.
fn same(a: &LogSource, b: &LogSource) -> bool {
    let part = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        (None, None) => true,
        _ => false,
    };
    part(&a.product, &b.product) && part(&a.category, &b.category) && part(&a.service, &b.service)
}
