//! What is allowed but probably not meant.
//!
//! Conditions are judged by their truth table over search identifiers: that finds conditions that
//! are always or never true, and identifiers without effect, whatever their form.

use hashbrown::HashMap;

use crate::sigma::matcher::{Part, Test};
use crate::sigma::rule::{Condition, Detection, DetectionRule, Diagnostic, Header, Item, RuleSet, Search};
use crate::sigma::scan;
use crate::sigma::taxonomy::SERVICE;

/// Conditions over more identifiers than this are not tabulated (2^n rows).
const MAX_TABLE: usize = 12;

/// All warnings about the detection rules and filters of a set.
#[must_use]
pub fn lint(rules: &RuleSet) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut twins: HashMap<String, &DetectionRule> = HashMap::new();
    for rule in &rules.detections {
        let mut linter = Linter { rule: rule.header.reference(), diagnostics: &mut diagnostics };
        linter.id(&rule.header);
        linter.condition(&rule.detection);
        linter.identifiers(&rule.detection);
        linter.filters(&rule.detection);
        linter.reach(rule);
        match twins.entry(meaning(rule)) {
            hashbrown::hash_map::Entry::Occupied(first) => linter.twin(rule, first.get()),
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(rule);
            }
        }
    }
    for rule in &rules.correlations {
        Linter { rule: rule.header.reference(), diagnostics: &mut diagnostics }.id(&rule.header);
    }
    diagnostics
}

struct Linter<'a> {
    rule: &'a str,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Linter<'_> {
    fn warn(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.of_rule(self.rule));
    }

    /// Sigma asks for a UUID, so that rules of several authors can be told apart.
    fn id(&mut self, header: &Header) {
        if let Some(id) = &header.id
            && !is_uuid(id)
        {
            let hint = "`uuidgen` makes one; rules may also refer to each other by `name`";
            let message = format!("the id `{id}` is not a UUID");
            self.warn(Diagnostic::warning(&header.at, message).with_hint(hint));
        }
    }

    /// Always true, never true, or indifferent to one of its identifiers.
    fn condition(&mut self, detection: &Detection) {
        let count = detection.identifiers.len();
        if count > MAX_TABLE {
            return;
        }
        let table: Vec<bool> = (0..1_usize << count)
            .map(|row| holds(&detection.condition, &|index| row >> index & 1 != 0))
            .collect();
        let at = &detection.condition_at;
        if table.iter().all(|value| *value) {
            let hint = "the rule reports every event of its logsource";
            self.warn(Diagnostic::warning(at, "the condition is always true").with_hint(hint));
            return;
        }
        if !table.iter().any(|value| *value) {
            self.warn(Diagnostic::warning(at, "the condition is never true"));
            return;
        }
        for (index, identifier) in detection.identifiers.iter().enumerate() {
            let name = &identifier.name.value;
            let has_effect = (0..table.len()).any(|row| table[row] != table[row ^ (1 << index)]);
            if !uses(&detection.condition, index) {
                let message = format!("the condition does not use `{name}`");
                self.warn(Diagnostic::warning(&identifier.name.at, message));
            } else if !has_effect {
                let message = format!("`{name}` has no effect on the condition");
                self.warn(Diagnostic::warning(&identifier.name.at, message));
            }
        }
    }

    fn identifiers(&mut self, detection: &Detection) {
        for identifier in &detection.identifiers {
            self.search(&identifier.search);
        }
    }

    /// An identifier that is called a filter is there to leave events out.
    fn filters(&mut self, detection: &Detection) {
        for (index, identifier) in detection.identifiers.iter().enumerate() {
            let name = &identifier.name.value;
            if name.starts_with("filter") && is_asked_for(&detection.condition, index, true) {
                let message = format!("`{name}` is asked for by the condition, not left out");
                let hint = format!("write `not {name}`, or give it another name");
                self.warn(Diagnostic::warning(&identifier.name.at, message).with_hint(hint));
            }
        }
    }

    fn search(&mut self, search: &Search) {
        match search {
            Search::All(inner) | Search::Any(inner) => inner.iter().for_each(|search| self.search(search)),
            Search::Item(item) => self.item(item),
        }
    }

    fn item(&mut self, item: &Item) {
        if item.field.as_deref() == Some(SERVICE) {
            let message = format!("no line carries `{SERVICE}`: this never matches");
            let hint = "it is for the `group-by` of a correlation; a line may carry `service.name`";
            self.warn(Diagnostic::warning(&item.at, message).with_hint(hint));
        }
        for value in &item.values {
            if value.tests.iter().any(matches_any_text) {
                let message = match &item.field {
                    Some(field) => format!("this value matches whatever `{field}` holds"),
                    None => "this keyword matches every event".to_owned(),
                };
                let diagnostic = Diagnostic::warning(&value.node.at, message);
                self.warn(match &item.field {
                    Some(field) => diagnostic.with_hint(format!("`{field}|exists: true` says so openly")),
                    None => diagnostic,
                });
            }
        }
    }

    fn reach(&mut self, rule: &DetectionRule) {
        if !scan::needs_something(rule) {
            let message = "the condition holds for an event in which nothing is found";
            let hint = "the rule looks only at events whose logsource is known and equal; add something it must find";
            self.warn(Diagnostic::warning(&rule.detection.condition_at, message).with_hint(hint));
        }
    }

    fn twin(&mut self, rule: &DetectionRule, first: &DetectionRule) {
        let message = format!("the rule asks the same as `{}`", first.header.reference());
        self.warn(
            Diagnostic::warning(&rule.header.at, message).with_hint(format!("it is at {}", first.header.at)),
        );
    }
}

/// Only wildcards: `*`, or nothing but an empty `contains`.
fn matches_any_text(test: &Test) -> bool {
    matches!(test, Test::Text(pattern) if pattern.parts == [Part::Any])
}

fn holds(condition: &Condition, value: &impl Fn(usize) -> bool) -> bool {
    match condition {
        Condition::Identifier(index) => value(*index),
        Condition::Not(inner) => !holds(inner, value),
        Condition::And(terms) => terms.iter().all(|term| holds(term, value)),
        Condition::Or(terms) => terms.iter().any(|term| holds(term, value)),
        Condition::Quantified { all: true, identifiers, .. } => identifiers.iter().all(|index| value(*index)),
        Condition::Quantified { all: false, identifiers, .. } => {
            identifiers.iter().any(|index| value(*index))
        }
    }
}

fn uses(condition: &Condition, index: usize) -> bool {
    match condition {
        Condition::Identifier(used) => *used == index,
        Condition::Not(inner) => uses(inner, index),
        Condition::And(terms) | Condition::Or(terms) => terms.iter().any(|term| uses(term, index)),
        Condition::Quantified { identifiers, .. } => identifiers.contains(&index),
    }
}

/// Whether an identifier stands anywhere in a condition under an even number of `not`.
fn is_asked_for(condition: &Condition, index: usize, positive: bool) -> bool {
    match condition {
        Condition::Identifier(used) => positive && *used == index,
        Condition::Not(inner) => is_asked_for(inner, index, !positive),
        Condition::And(terms) | Condition::Or(terms) => {
            terms.iter().any(|term| is_asked_for(term, index, positive))
        }
        Condition::Quantified { identifiers, .. } => positive && identifiers.contains(&index),
    }
}

/// What a rule asks, without its names, places and prose.
fn meaning(rule: &DetectionRule) -> String {
    let mut text = format!("{}|{:?}|", rule.logsource, rule.detection.condition);
    for identifier in &rule.detection.identifiers {
        meaning_of(&identifier.search, &mut text);
        text.push('|');
    }
    let filters: Vec<&str> = rule.filters.iter().map(|filter| filter.header.reference()).collect();
    // Rules that ask the same and count it differently are two.
    let once = rule.extension.as_ref().and_then(|block| block.once_per.as_ref());
    let once = once.map(|once| (&once.fields, once.within));
    format!("{text}{}|{once:?}", filters.join(","))
}

fn meaning_of(search: &Search, text: &mut String) {
    let (open, inner) = match search {
        Search::All(inner) => ("all[", inner),
        Search::Any(inner) => ("any[", inner),
        Search::Item(item) => {
            let tests: Vec<&Vec<Test>> = item.values.iter().map(|value| &value.tests).collect();
            text.push_str(&format!("{:?}{}{}{tests:?};", item.field, item.all, item.negated));
            return;
        }
    };
    text.push_str(open);
    inner.iter().for_each(|inner| meaning_of(inner, text));
    text.push(']');
}

/// Five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups =
        text.split('-').map(|group| group.bytes().all(|b| b.is_ascii_hexdigit()).then_some(group.len()));
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::{LoadOptions, assemble, parse_documents};

    fn messages(rules: &[(&str, &str)]) -> Vec<String> {
        let texts = rules.iter().map(|(searches, condition)| {
            format!(
                "title: T\nlogsource: {{product: app}}\ndetection:\n{searches}\n  condition: {condition}\n"
            )
        });
        let text = texts.collect::<Vec<_>>().join("---\n");
        let (documents, diagnostics) = parse_documents("t.yml", &text);
        assert_eq!(diagnostics, []);
        let (set, _) = assemble(documents, &LoadOptions::default());
        lint(&set).into_iter().map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn conditions_are_judged_by_their_truth_table() {
        let check = |condition: &str, expect: &[&str]| {
            assert_eq!(messages(&[("  a: {x: 1}\n  b: {y: 1}", condition)]), expect, "{condition}");
        };
        let open = "the condition holds for an event in which nothing is found";
        check("a and b", &[]);
        check("a or not a", &["the condition is always true", open]);
        check("a and not a", &["the condition is never true"]);
        check("a", &["the condition does not use `b`"]);
        check("a or (a and b)", &["`b` has no effect on the condition"]);
        check("not a and not b", &[open]);
        check("not 1 of them or b", &[open]);
    }

    #[test]
    fn the_service_of_an_event_is_no_field_of_a_line() {
        let message = "no line carries `soctop.service`: this never matches";
        assert_eq!(messages(&[("  a: {soctop.service|contains: web}", "a")]), [message]);
        assert_eq!(messages(&[("  a: {service.name|contains: web}", "a")]), [""; 0]);
    }

    #[test]
    fn an_id_is_a_uuid() {
        for (id, is_one) in [
            ("1878a16c-40c5-4a67-8c15-972d78063488", true),
            ("1878A16C-40C5-4A67-8C15-972D78063488", true),
            ("1878a16c-40c5-4a67-8c15-972d7806348", false),
            ("1878a16c40c54a678c15972d78063488", false),
            ("1878a16c-40c5-4a67-8c15-972d7806348g", false),
            ("my-rule", false),
        ] {
            assert_eq!(is_uuid(id), is_one, "{id}");
        }
        assert_eq!(messages(&[("  a: {x: 1}", "a\nid: my-rule")]), ["the id `my-rule` is not a UUID"]);
    }

    #[test]
    fn filters_are_left_out_and_not_asked_for() {
        let check = |condition: &str, expect: &[&str]| {
            let searches = "  a: {x: 1}\n  filter_b: {y: 1}";
            assert_eq!(messages(&[(searches, condition)]), expect, "{condition}");
        };
        let asked = "`filter_b` is asked for by the condition, not left out";
        check("a and not filter_b", &[]);
        check("a and not 1 of filter_*", &[]);
        check("not (not a or filter_b)", &[]);
        check("a and filter_b", &[asked]);
        check("all of them", &[asked]);
        check("a and not (not filter_b)", &[asked]);
    }

    #[test]
    fn values_that_match_everything_and_twins_are_told() {
        assert_eq!(messages(&[("  a: {x: '*'}", "a")]), ["this value matches whatever `x` holds"]);
        assert_eq!(messages(&[("  a: ['*']", "a")]), ["this keyword matches every event"]);
        assert_eq!(
            messages(&[("  a: {x: 1}", "a"), ("  b: {x: 1}", "b")]),
            ["the rule asks the same as `T`"]
        );
        assert_eq!(messages(&[("  a: {x: 1}", "a"), ("  b: {x: 2}", "b")]), [""; 0]);
        let once = "b\nsoctop: {schema: 1, once_per: {fields: [id], within: 2s}}";
        assert_eq!(messages(&[("  a: {x: 1}", "a"), ("  b: {x: 1}", once)]), [""; 0]);
    }
}
