//! From documents to a rule set: who refers to whom, which filters apply, what cannot run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::event::number::to_u32;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::modifier::Placeholders;
use crate::sigma::rule::{
    Condition, CorrelationRule, Detection, DetectionRule, Diagnostic, Document, Filter, Header, RuleIndex,
    RuleSet,
};

use super::resolve_placeholders;

/// What loading needs to know besides the rules.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Lists for `expand`: name without the percent signs → values.
    pub placeholders: Placeholders,
}

/// Puts documents of any number of files together.
///
/// References are resolved by id or name, filters attached, placeholders filled in, correlations
/// ordered so that inputs come first. Whatever cannot run is left out and reported; it never takes
/// others with it, except those that refer to it.
#[must_use]
pub fn assemble(documents: Vec<Document>, options: &LoadOptions) -> (RuleSet, Vec<Diagnostic>) {
    let mut assembly = Assembly { options, diagnostics: Vec::new() };
    let (mut detections, correlations, filters) = assembly.sort_out(documents);
    assembly.attach(&mut detections, filters);
    let correlations = assembly.resolve(&detections, correlations);
    (RuleSet { detections, correlations }, assembly.diagnostics)
}

struct Assembly<'a> {
    options: &'a LoadOptions,
    diagnostics: Vec<Diagnostic>,
}

impl Assembly<'_> {
    /// Drops duplicates and what lacks placeholders.
    fn sort_out(
        &mut self,
        documents: Vec<Document>,
    ) -> (Vec<DetectionRule>, Vec<CorrelationRule>, Vec<Filter>) {
        let mut seen = HashMap::new();
        let (mut detections, mut correlations, mut filters) = (Vec::new(), Vec::new(), Vec::new());
        for mut document in documents {
            if self.is_duplicate(document.header(), &mut seen) {
                continue;
            }
            let complete = match &mut document {
                Document::Detection(rule) => self.expand(&rule.header, &mut rule.detection),
                Document::Filter(filter) => self.expand(&filter.header, &mut filter.detection),
                Document::Correlation(_) => true,
            };
            if !complete {
                continue;
            }
            match document {
                Document::Detection(mut rule) => {
                    self.diagnostics.append(&mut rule.extension_problems);
                    detections.push(rule);
                }
                Document::Correlation(mut rule) => {
                    self.diagnostics.append(&mut rule.extension_problems);
                    correlations.push(rule);
                }
                Document::Filter(filter) => filters.push(filter),
            }
        }
        (detections, correlations, filters)
    }

    fn is_duplicate(&mut self, header: &Header, seen: &mut HashMap<(&'static str, String), String>) -> bool {
        let keys = [
            header.id.as_ref().map(|id| ("id", id.to_lowercase())),
            header.name.as_ref().map(|name| ("name", name.clone())),
        ];
        for key in keys.iter().flatten() {
            if let Some(first) = seen.get(key) {
                let message = format!("another rule has the same {}: `{}`", key.0, key.1);
                let diagnostic = Diagnostic::error(&header.at, message).of_rule(header.reference());
                self.diagnostics.push(diagnostic.with_hint(format!("the other one is at {first}")));
                return true;
            }
        }
        let place = header.at.to_string();
        seen.extend(keys.into_iter().flatten().map(|key| (key, place.clone())));
        false
    }

    fn expand(&mut self, header: &Header, detection: &mut Detection) -> bool {
        match resolve_placeholders(detection, &self.options.placeholders) {
            Ok(()) => true,
            Err(diagnostics) => {
                let named = diagnostics.into_iter().map(|diagnostic| diagnostic.of_rule(header.reference()));
                self.diagnostics.extend(named);
                false
            }
        }
    }

    /// Gives each filter to the rules it is for.
    fn attach(&mut self, detections: &mut [DetectionRule], filters: Vec<Filter>) {
        for filter in filters {
            let filter = Arc::new(filter);
            for reference in &filter.rules {
                if !detections.iter().any(|rule| rule.header.is_called(&reference.value)) {
                    let message = format!(
                        "the filter refers to `{}`, which is not a loaded detection rule",
                        reference.value
                    );
                    let diagnostic = Diagnostic::warning(&reference.at, message);
                    self.diagnostics.push(diagnostic.of_rule(filter.header.reference()));
                }
            }
            if !has_not(&filter.detection.condition) {
                let message = "the filter keeps only events that match its condition";
                let diagnostic = Diagnostic::warning(&filter.detection.condition_at, message)
                    .with_hint("to leave such events out, write `not` in front");
                self.diagnostics.push(diagnostic.of_rule(filter.header.reference()));
            }
            for rule in detections.iter_mut() {
                let meant = filter.rules.is_empty()
                    || filter.rules.iter().any(|reference| rule.header.is_called(&reference.value));
                if meant && filter.logsource.covers(&rule.logsource) {
                    rule.filters.push(Arc::clone(&filter));
                }
            }
        }
    }

    /// Resolves the references of correlations; those that cannot be are dropped, until all can.
    fn resolve(
        &mut self,
        detections: &[DetectionRule],
        mut waiting: Vec<CorrelationRule>,
    ) -> Vec<CorrelationRule> {
        let mut places = Places::default();
        for (index, rule) in detections.iter().enumerate() {
            places.add(&rule.header, RuleIndex(to_u32(index)));
        }
        let mut resolved: Vec<CorrelationRule> = Vec::new();
        loop {
            let before = waiting.len();
            let mut still_waiting = Vec::new();
            for mut rule in waiting {
                let inputs =
                    rule.correlation.rules.iter().map(|reference| places.find(&reference.value)).collect();
                match inputs {
                    Some(inputs) => {
                        rule.inputs = inputs;
                        let index = RuleIndex(to_u32(detections.len() + resolved.len()));
                        places.add(&rule.header, index);
                        resolved.push(rule);
                    }
                    None => still_waiting.push(rule),
                }
            }
            waiting = still_waiting;
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        self.report_unresolved(&waiting, &places);
        resolved
    }

    /// What is left refers to something unknown, to itself in a circle, or to one of these.
    fn report_unresolved(&mut self, waiting: &[CorrelationRule], places: &Places) {
        for rule in waiting {
            for reference in &rule.correlation.rules {
                if places.find(&reference.value).is_some() {
                    continue;
                }
                let name = &reference.value;
                let known = waiting.iter().find(|other| other.header.is_called(name));
                let message = match known {
                    Some(_) if reaches(rule, rule, waiting) => {
                        format!("`{}` refers to itself through `{name}`", rule.header.reference())
                    }
                    Some(_) => {
                        format!("`{}` refers to `{name}`, which could not be loaded", rule.header.reference())
                    }
                    None => format!(
                        "`{}` refers to `{name}`, and no loaded rule has this id or name",
                        rule.header.reference()
                    ),
                };
                let mut diagnostic =
                    Diagnostic::error(&reference.at, message).of_rule(rule.header.reference());
                if known.is_none() {
                    diagnostic.hint = did_you_mean(name, places.names.keys().map(String::as_str));
                }
                self.diagnostics.push(diagnostic);
            }
        }
    }
}

/// Where rules stand, by the two ways of referring to them.
#[derive(Default)]
struct Places {
    names: BTreeMap<String, RuleIndex>,
    /// In small letters.
    ids: BTreeMap<String, RuleIndex>,
}

impl Places {
    fn add(&mut self, header: &Header, index: RuleIndex) {
        self.ids.extend(header.id.iter().map(|id| (id.to_lowercase(), index)));
        self.names.extend(header.name.iter().map(|name| (name.clone(), index)));
    }

    fn find(&self, reference: &str) -> Option<RuleIndex> {
        self.ids.get(&reference.to_lowercase()).or_else(|| self.names.get(reference)).copied()
    }
}

/// Whether `from` refers to `goal`, directly or through other unresolved rules.
fn reaches(from: &CorrelationRule, goal: &CorrelationRule, rules: &[CorrelationRule]) -> bool {
    let mut seen: Vec<&CorrelationRule> = Vec::new();
    let mut open = vec![from];
    while let Some(rule) = open.pop() {
        for reference in &rule.correlation.rules {
            let Some(next) = rules.iter().find(|other| other.header.is_called(&reference.value)) else {
                continue;
            };
            if std::ptr::eq(next, goal) {
                return true;
            }
            if !seen.iter().any(|known| std::ptr::eq(*known, next)) {
                seen.push(next);
                open.push(next);
            }
        }
    }
    false
}

fn has_not(condition: &Condition) -> bool {
    match condition {
        Condition::Not(_) => true,
        Condition::And(terms) | Condition::Or(terms) => terms.iter().any(has_not),
        Condition::Identifier(_) | Condition::Quantified { .. } => false,
    }
}
