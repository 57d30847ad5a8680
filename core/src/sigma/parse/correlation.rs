//! Correlation rules: the `correlation` section, its condition and time span.

use std::collections::BTreeMap;

use crate::event::{Nanos, SECOND};
use crate::sigma::comparison::Comparison;
use crate::sigma::condition;
use crate::sigma::decimal::Decimal;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::rule::{
    Correlation, CorrelationCondition, CorrelationKind, CorrelationRule, Node, NodeValue, Severity, Spanned,
};

use super::Reader;

const KEYS: &[&str] = &["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];

/// Names that other engines give to temporal types with a condition in words; here it is one type.
const EXTENDED_NAMES: &[(&str, &str)] =
    &[("temporal_extended", "temporal"), ("temporal_ordered_extended", "temporal_ordered")];

/// Nanoseconds of each unit; month and year are mean Gregorian ones.
const UNITS: &[(char, i64)] =
    &[('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800), ('M', 2_629_746), ('y', 31_556_952)];

impl Reader<'_> {
    pub(super) fn correlation_rule(&mut self, root: &Node, text: &str) -> Option<CorrelationRule> {
        let header = self.header(root, text);
        let node = self.required(root, "correlation")?;
        if !matches!(node.value, NodeValue::Map(_)) {
            self.error(&node.at, format!("`correlation` must be a map, this is {}", node.kind_word()));
            return None;
        }
        self.unknown_correlation_keys(node);
        let generate = [root.get("generate"), node.get("generate")]
            .into_iter()
            .flatten()
            .map(|node| self.boolean(node, "generate") == Some(true))
            .fold(false, |a, b| a | b);
        let kind = self.kind(node);
        let timespan = self.timespan(node);
        let mut rules = node.get("rules").map(|node| self.strings(node, "rules")).unwrap_or_default();
        let condition = kind.and_then(|kind| self.correlation_condition(kind, node, &mut rules));
        if rules.is_empty()
            && !matches!(node.get("condition").map(|node| &node.value), Some(NodeValue::String(_)))
        {
            self.error(&node.at, "the key `rules` is missing in `correlation`");
        }
        let group_by = node.get("group-by").map(|node| self.strings(node, "group-by")).unwrap_or_default();
        let aliases = node.get("aliases").map(|node| self.aliases(node, &rules)).unwrap_or_default();
        let correlation = Correlation {
            kind: kind?,
            rules,
            group_by: group_by.into_iter().map(|field| field.value).collect(),
            timespan: timespan?,
            condition: condition?,
            aliases,
            generate,
        };
        Some(CorrelationRule {
            header,
            correlation,
            inputs: Vec::new(),
            extension: None,
            extension_problems: Vec::new(),
        })
    }

    fn unknown_correlation_keys(&mut self, node: &Node) {
        for (key, _) in node.entries() {
            match key.value.as_str() {
                "timeframe" => self.error_hint(&key.at, "`timeframe` is the old name", "write `timespan`"),
                known if KEYS.contains(&known) => {}
                _ => self.unknown_key(key, "correlation", KEYS),
            }
        }
    }

    fn kind(&mut self, node: &Node) -> Option<CorrelationKind> {
        let Some(node) = node.get("type") else {
            self.error(&node.at, "the key `type` is missing in `correlation`");
            return None;
        };
        let word = self.string(node, "type")?;
        let name =
            EXTENDED_NAMES.iter().find(|(extended, _)| *extended == word).map_or(&*word, |(_, name)| name);
        let kind = CorrelationKind::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        if kind.is_none() {
            let hint = did_you_mean(&word, CorrelationKind::ALL.iter().map(|(name, _)| *name));
            self.report(Severity::Error, &node.at, format!("`{word}` is not a correlation type"), hint);
        }
        kind
    }

    fn timespan(&mut self, node: &Node) -> Option<Nanos> {
        let Some(span) = node.get("timespan") else {
            if node.get("timeframe").is_none() {
                self.error(&node.at, "the key `timespan` is missing in `correlation`");
            }
            return None;
        };
        let text = self.string(span, "timespan")?;
        match parse_timespan(&text) {
            Ok(nanos) => Some(nanos),
            Err(message) => {
                self.error_hint(&span.at, message, "a whole number and one of s, m, h, d, w, M, y: `5m`");
                None
            }
        }
    }

    fn correlation_condition(
        &mut self,
        kind: CorrelationKind,
        node: &Node,
        rules: &mut Vec<Spanned<String>>,
    ) -> Option<CorrelationCondition> {
        match node.get("condition") {
            None if kind.is_temporal() => Some(CorrelationCondition::Thresholds {
                thresholds: Vec::new(),
                fields: Vec::new(),
                percentile: None,
            }),
            None => {
                self.error(&node.at, format!("`{}` needs a `condition`", kind.word()));
                None
            }
            Some(node) => match &node.value {
                NodeValue::Map(_) => self.thresholds(kind, node),
                NodeValue::String(text) => self.extended(kind, node, text, rules),
                _ => {
                    self.error(
                        &node.at,
                        format!("`condition` must be a map or a text, this is {}", node.kind_word()),
                    );
                    None
                }
            },
        }
    }

    fn thresholds(&mut self, kind: CorrelationKind, node: &Node) -> Option<CorrelationCondition> {
        let mut thresholds = Vec::new();
        let mut fields = Vec::new();
        let mut percentile = None;
        for (key, value) in node.entries() {
            match key.value.as_str() {
                "field" => {
                    fields = self.strings(value, "field").into_iter().map(|field| field.value).collect()
                }
                "percentile" => percentile = self.percentile(value),
                word => match Comparison::ALL.iter().find(|(name, _)| *name == word) {
                    Some((_, comparison)) => {
                        thresholds.extend(self.number(value, word).map(|bound| (*comparison, bound)));
                    }
                    None => {
                        let known: Vec<&str> = Comparison::ALL
                            .iter()
                            .map(|(word, _)| *word)
                            .chain(["field", "percentile"])
                            .collect();
                        self.unknown_key(key, "condition", &known);
                    }
                },
            }
        }
        self.check_thresholds(kind, node, &thresholds, &fields, percentile);
        Some(CorrelationCondition::Thresholds { thresholds, fields, percentile })
    }

    fn check_thresholds(
        &mut self,
        kind: CorrelationKind,
        node: &Node,
        thresholds: &[(Comparison, Decimal)],
        fields: &[String],
        percentile: Option<Decimal>,
    ) {
        let word = kind.word();
        if thresholds.is_empty()
            && !node.entries().iter().any(|(key, _)| Comparison::ALL.iter().any(|c| c.0 == key.value))
        {
            self.error_hint(&node.at, "`condition` has no threshold", "one of gt, gte, lt, lte, eq, neq");
        }
        if kind.needs_field() && fields.is_empty() {
            self.error(&node.at, format!("`{word}` needs a `field` in its condition"));
        }
        if !kind.needs_field() && !fields.is_empty() {
            self.warning(&node.at, format!("`field` has no meaning for `{word}`"));
        }
        if kind.needs_field() && kind != CorrelationKind::ValueCount && fields.len() > 1 {
            self.error(&node.at, format!("`{word}` works on a single field"));
        }
        let wants_percentile = kind == CorrelationKind::ValuePercentile;
        if wants_percentile && percentile.is_none() && node.get("percentile").is_none() {
            self.error_hint(&node.at, "`value_percentile` needs a `percentile`", "a number from 0 to 100");
        }
        if !wants_percentile && percentile.is_some() {
            self.warning(&node.at, format!("`percentile` has no meaning for `{word}`"));
        }
    }

    fn percentile(&mut self, node: &Node) -> Option<Decimal> {
        let value = self.number(node, "percentile")?;
        if !(Decimal::ZERO..=Decimal::from_u64(100)).contains(&value) {
            self.error(&node.at, format!("`percentile` must be from 0 to 100, this is {value}"));
            return None;
        }
        Some(value)
    }

    fn number(&mut self, node: &Node, what: &str) -> Option<Decimal> {
        let number = match &node.value {
            NodeValue::Number(text) => {
                Decimal::parse(text).or_else(|| text.parse().ok().and_then(Decimal::from_f64))
            }
            _ => None,
        };
        if number.is_none() {
            self.error(&node.at, format!("`{what}` must be a number, this is {}", node.kind_word()));
        }
        number
    }

    /// An extended condition: `a and not b` over rule names. `rules` may be left out.
    fn extended(
        &mut self,
        kind: CorrelationKind,
        node: &Node,
        text: &str,
        rules: &mut Vec<Spanned<String>>,
    ) -> Option<CorrelationCondition> {
        if !kind.is_temporal() {
            let message =
                format!("`{}` needs thresholds; conditions in words are for temporal types", kind.word());
            self.error_hint(&node.at, message, "condition: {gte: 5}");
            return None;
        }
        let parsed = match condition::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.condition_error(node, error, Severity::Error);
                return None;
            }
        };
        let names = condition::names(&parsed.syntax);
        if rules.is_empty() {
            *rules = names
                .iter()
                .map(|name| Spanned { value: name.clone(), at: self.locate(node, Some(name)) })
                .collect();
        }
        if let Some(unused) = rules.iter().find(|rule| !names.contains(&rule.value)) {
            let (at, message) =
                (unused.at.clone(), format!("`{}` is not part of the condition", unused.value));
            self.error_hint(&at, message, "`rules` and the condition must name the same rules");
        }
        let known: Vec<String> = rules.iter().map(|rule| rule.value.clone()).collect();
        match condition::resolve_rules(&parsed.syntax, &known) {
            Ok(expression) => Some(CorrelationCondition::Expression(expression)),
            Err(error) => {
                self.condition_error(node, error, Severity::Error);
                None
            }
        }
    }

    fn aliases(
        &mut self,
        node: &Node,
        rules: &[Spanned<String>],
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut aliases = BTreeMap::new();
        if !matches!(node.value, NodeValue::Map(_) | NodeValue::Null) {
            self.error(&node.at, format!("`aliases` must be a map, this is {}", node.kind_word()));
        }
        for (alias, fields) in node.entries() {
            if fields.entries().is_empty() {
                self.error_hint(
                    &fields.at,
                    format!("the alias `{}` names no field", alias.value),
                    "rule: field",
                );
            }
            let mut by_rule = BTreeMap::new();
            for (rule, field) in fields.entries() {
                if !rules.iter().any(|known| known.value == rule.value) {
                    // It may name the same rule by its id where `rules` names it by its name.
                    let hint = did_you_mean(&rule.value, rules.iter().map(|rule| rule.value.as_str()));
                    let message = format!("`{}` is not written like this in `rules`", rule.value);
                    self.report(Severity::Warning, &rule.at, message, hint);
                }
                if let Some(field) = self.string(field, &rule.value) {
                    by_rule.insert(rule.value.clone(), field);
                }
            }
            aliases.insert(alias.value.clone(), by_rule);
        }
        aliases
    }
}

/// Reads `5m`, `90s`, `1d`; more than 0 and less than 292 years.
///
/// # Errors
/// Says what is wrong.
pub fn parse_timespan(text: &str) -> Result<Nanos, String> {
    let invalid = || format!("`{text}` is not a time span");
    let mut digits = text.chars();
    let unit = digits.next_back().ok_or_else(invalid)?;
    let seconds =
        UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds).ok_or_else(invalid)?;
    if !digits.as_str().bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    let count: i64 = digits.as_str().parse().map_err(|_| invalid())?;
    if count == 0 {
        return Err(format!("the time span `{text}` is empty"));
    }
    count
        .checked_mul(seconds)
        .and_then(|seconds| seconds.checked_mul(SECOND))
        .ok_or_else(|| format!("the time span `{text}` is too long"))
}
