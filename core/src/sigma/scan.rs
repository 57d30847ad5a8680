//! The plain evaluator: every rule looked at, every value compared, nothing shared.
//!
//! It is what Sigma means, written as directly as possible. The compiled matcher is held equal to
//! it by a property test (`tests/oracle/scan.rs`); `soctop rules show --event` uses it to say which part of a rule
//! matched.

use std::borrow::Cow;

use crate::event::{Event, Field, Format, Kind, Origin};
use crate::sigma::matcher::{FieldRef, Test, fold};
use crate::sigma::rule::{Condition, Detection, DetectionRule, Item, ItemValue, Search};
use crate::sigma::taxonomy::FieldResolver;

/// Whether the rule's own condition can only hold for an event in which something was found. Its
/// filters are left out of this: they narrow a rule, they do not make it one.
#[must_use]
pub fn needs_something(rule: &DetectionRule) -> bool {
    !empty_value(&rule.detection, &rule.detection.condition)
}

/// The value of a condition for the event without any field.
fn empty_value(detection: &Detection, condition: &Condition) -> bool {
    let identifier = |index: &usize| empty_search(&detection.identifiers[*index].search);
    match condition {
        Condition::Identifier(index) => identifier(index),
        Condition::Not(inner) => !empty_value(detection, inner),
        Condition::And(terms) => terms.iter().all(|term| empty_value(detection, term)),
        Condition::Or(terms) => terms.iter().any(|term| empty_value(detection, term)),
        Condition::Quantified { all: true, identifiers, .. } => identifiers.iter().all(identifier),
        Condition::Quantified { all: false, identifiers, .. } => identifiers.iter().any(identifier),
    }
}

fn empty_search(search: &Search) -> bool {
    match search {
        Search::All(inner) => inner.iter().all(empty_search),
        Search::Any(inner) => inner.iter().any(empty_search),
        Search::Item(item) => {
            let value = |value: &ItemValue| {
                value.tests.iter().any(|test| matches!(test, Test::Null | Test::Exists(false)))
            };
            let found = if item.all { item.values.iter().all(value) } else { item.values.iter().any(value) };
            found != item.negated
        }
    }
}

/// An event under the eyes of the evaluator.
pub struct View<'a> {
    pub event: &'a Event,
    pub fields: &'a mut FieldResolver,
}

impl View<'_> {
    pub fn detection(&mut self, detection: &Detection) -> bool {
        self.condition(detection, &detection.condition)
    }

    pub fn condition(&mut self, detection: &Detection, condition: &Condition) -> bool {
        let mut identifier = |index: &usize| self.search(&detection.identifiers[*index].search);
        match condition {
            Condition::Identifier(index) => identifier(index),
            Condition::Quantified { all: true, identifiers, .. } => identifiers.iter().all(identifier),
            Condition::Quantified { all: false, identifiers, .. } => identifiers.iter().any(identifier),
            Condition::Not(inner) => !self.condition(detection, inner),
            Condition::And(terms) => terms.iter().all(|term| self.condition(detection, term)),
            Condition::Or(terms) => terms.iter().any(|term| self.condition(detection, term)),
        }
    }

    pub fn search(&mut self, search: &Search) -> bool {
        match search {
            Search::All(inner) => inner.iter().all(|search| self.search(search)),
            Search::Any(inner) => inner.iter().any(|search| self.search(search)),
            Search::Item(item) => self.item(item),
        }
    }

    /// `neq` negates the whole item, so an absent field is a yes there.
    pub fn item(&mut self, item: &Item) -> bool {
        let found = if item.all {
            item.values.iter().all(|value| self.value(item, value))
        } else {
            item.values.iter().any(|value| self.value(item, value))
        };
        found != item.negated
    }

    pub fn value(&mut self, item: &Item, value: &ItemValue) -> bool {
        value.tests.iter().any(|test| match &item.field {
            Some(field) => self.field_test(field, test),
            None => self.keyword(test),
        })
    }

    fn field_test(&mut self, name: &str, test: &Test) -> bool {
        let fields = self.lookup(name);
        match test {
            Test::Exists(wanted) => fields.is_empty() != *wanted,
            Test::Null => fields.is_empty() || fields.iter().any(|field| field.kind == Kind::Null),
            Test::FieldRef(reference) => self.reference(&fields, reference),
            test => fields.iter().any(|field| {
                let text = value_text(self.event, field);
                text.is_some_and(|text| test.passes(&text, &fold(&text), field.kind))
            }),
        }
    }

    fn lookup(&mut self, name: &str) -> Vec<Field> {
        let slot = self.fields.slot(name);
        self.fields.fields(self.event, slot).into_iter().copied().collect()
    }

    fn reference(&mut self, left: &[Field], reference: &FieldRef) -> bool {
        let right = self.lookup(&reference.field);
        let texts = |fields: &[Field]| -> Vec<Cow<'_, str>> {
            let texts = fields.iter().filter(|field| field.kind != Kind::Null);
            let texts = texts.filter_map(|field| value_text(self.event, field));
            texts.map(|text| if reference.cased { text } else { fold(&text).into_owned().into() }).collect()
        };
        // One pair at a time: what `any` does with many is for the matcher to get right.
        let right = texts(&right);
        texts(left).into_iter().any(|left| {
            let left = [left];
            right.iter().any(|right| reference.any(&left, std::slice::from_ref(right)))
        })
    }

    fn keyword(&self, test: &Test) -> bool {
        keyword_texts(self.event).any(|(text, kind)| test.passes(text, &fold(text), kind))
    }
}

/// What a keyword is searched in: every scalar value of the line, and the line itself where it is
/// text and not JSON. Names of fields, and what `normalize` derived, are not searched.
pub fn keyword_texts(event: &Event) -> impl Iterator<Item = (&str, Kind)> {
    let line = (event.meta.format != Format::Json).then(|| (event.raw(), Kind::String));
    let fields = event.fields().iter().filter(|field| field.origin == Origin::Line);
    let values = fields
        .filter(|field| !field.kind.is_container() && field.kind != Kind::Null)
        .map(|field| (event.text(field.span), field.kind));
    line.into_iter().chain(values)
}

/// The text a value is compared by. Arrays are compared by their members, never as a whole; an
/// object by its JSON without the blanks between tokens.
#[must_use]
pub fn value_text<'e>(event: &'e Event, field: &Field) -> Option<Cow<'e, str>> {
    let text = event.text(field.span);
    match field.kind {
        Kind::Array => None,
        Kind::Object => Some(compact(text)),
        _ => Some(text.into()),
    }
}

/// JSON without blanks outside of texts.
fn compact(json: &str) -> Cow<'_, str> {
    if !json.contains(|c: char| c.is_ascii_whitespace()) {
        return json.into();
    }
    let (mut in_text, mut escaped) = (false, false);
    let keep = |c: &char| {
        let blank = !in_text && c.is_ascii_whitespace();
        if !escaped && *c == '"' {
            in_text = !in_text;
        }
        escaped = !escaped && *c == '\\';
        !blank
    };
    json.chars().filter(keep).collect::<String>().into()
}
