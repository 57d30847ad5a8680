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
//! other sources cost nothing at all. Several threads may match by the same compiled rules, each with a [`Matcher`].

mod scratch;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

/// Matches by a compiled rule set. One per thread.
pub struct Matcher {
    rules: Arc<CompiledRules>,
    routes: Vec<IndexRoute>,
    scratch: Scratch,
    tally: Arc<MatcherCounts>,
}

/// What the matchers of all threads share.
pub struct CompiledRules {
    program: Program,
    paths: Paths,
    options: MatcherOptions,
    tallies: Mutex<Vec<Arc<MatcherCounts>>>,
}

/// The counters of one matcher, by rule. Only that matcher writes them.
struct MatcherCounts(Box<[(AtomicU64, AtomicU64)]>);

impl MatcherCounts {
    fn count(&self, rule: usize, matched: bool) {
        if let Some((evaluations, matches)) = self.0.get(rule) {
            add(evaluations, 1);
            add(matches, u64::from(matched));
        }
    }
}

/// Without a lock on the bus: nobody else writes.
fn add(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
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
        let (program, paths) = (Program::compile(rules, paths), paths.clone());
        Self::sharing(&Arc::new(CompiledRules { program, paths, options, tallies: Mutex::default() }))
    }

    /// A matcher for another thread. What it counts is counted with the others.
    #[must_use]
    pub fn sharing(rules: &Arc<CompiledRules>) -> Self {
        let scratch = Scratch::new(&rules.program, &rules.paths);
        let counters = rules.program.rules.iter().map(|_| <(AtomicU64, AtomicU64)>::default());
        let tally = Arc::new(MatcherCounts(counters.collect()));
        rules.tallies.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&tally));
        Self { rules: Arc::clone(rules), routes: Vec::new(), scratch, tally }
    }

    /// The rules, for matchers of other threads.
    #[must_use]
    pub fn rules(&self) -> &Arc<CompiledRules> {
        &self.rules
    }

    /// The detection rules that match, ascending; `matched` is cleared first.
    pub fn matches(&mut self, event: &Event, matched: &mut Vec<RuleIndex>) {
        matched.clear();
        let route = self.route(&event.meta.logsource);
        let Some(index) = self.routes.get_mut(route).and_then(|route| route.index.take()) else { return };
        self.scratch.begin(event, &index);
        let candidates = std::mem::take(&mut self.scratch.candidates);
        for rule in candidates.iter().chain(&index.always) {
            let Some(program) = self.rules.program.rules.get(to_usize(*rule)) else { continue };
            let holds = self.scratch.node(&program.root, &self.rules.program.items, event);
            self.tally.count(to_usize(*rule), holds);
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

    /// What each detection rule has cost and found so far, in all threads.
    #[must_use]
    pub fn counters(&self) -> Vec<RuleCounter> {
        let mut counters = vec![RuleCounter::default(); self.rules.program.rules.len()];
        for tally in self.rules.tallies.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (sum, (evaluations, matches)) in counters.iter_mut().zip(&tally.0) {
                sum.evaluated += evaluations.load(Ordering::Relaxed);
                sum.matched += matches.load(Ordering::Relaxed);
            }
        }
        counters
    }

    /// The compiled form, for `soctop rules show`.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.rules.program
    }

    /// The place of the index for a logsource; the one used last is looked at first.
    fn route(&mut self, source: &LogSource) -> usize {
        let routing = self.rules.options.routing;
        let known = self.routes.iter().position(|route| !routing || same(&route.source, source));
        if let Some(at) = known {
            return at;
        }
        if self.routes.len() >= MAX_ROUTES {
            self.routes.clear();
        }
        let admitted = |(_, rule): &(usize, &super::compile::RuleProgram)| {
            !routing || rule.logsource.admits(source, rule.needs_something)
        };
        let rules = self.rules.program.rules.iter().enumerate().filter(admitted);
        let index = Index::build(
            self.rules.program.fields.slot_count(),
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
