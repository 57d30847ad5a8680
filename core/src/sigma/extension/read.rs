//! Typed reading of rule nodes: every getter either returns the value or reports what is wrong,
//! where, and what would be right.

use crate::event::{DAY, HOUR, MILLISECOND, MINUTE, Nanos, SECOND};
use crate::sigma::extension::Template;
use crate::yaml::diagnostic::did_you_mean;
use crate::yaml::{Diagnostic, Node, NodeValue, Severity, Spanned};

/// The entries of a mapping whose keys have been checked.
pub(super) struct Map<'n>(&'n [(Spanned<String>, Node)]);

impl<'n> Map<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.0.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }
}

/// Collects what is wrong while a block is read.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(super) fn error(&mut self, node: &Node, message: impl Into<String>) {
        self.report(node, message.into(), None);
    }

    pub(super) fn error_with_hint(
        &mut self,
        node: &Node,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(node, message.into(), Some(hint.into()));
    }

    fn report(&mut self, node: &Node, message: String, hint: Option<String>) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Error,
            at: node.at.clone(),
            message,
            hint,
            excerpt: None,
            rule: None,
        });
    }

    /// The node as a mapping with no other keys than `keys`.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str, keys: &[&str]) -> Option<Map<'n>> {
        let NodeValue::Map(entries) = &node.value else {
            self.error(node, format!("`{what}` must be a mapping"));
            return None;
        };
        for (key, _) in entries {
            if !keys.contains(&key.value.as_str()) {
                let hint = did_you_mean(&key.value, keys.iter().copied())
                    .unwrap_or_else(|| format!("the keys of `{what}` are {}", listed(keys)));
                self.diagnostics.push(Diagnostic {
                    severity: Severity::Error,
                    at: key.at.clone(),
                    message: format!("unknown key `{}` in `{what}`", key.value),
                    hint: Some(hint),
                    excerpt: None,
                    rule: None,
                });
            }
        }
        Some(Map(entries))
    }

    /// The entries of a mapping with free keys.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Spanned<String>, &'n Node)> {
        let NodeValue::Map(entries) = &node.value else {
            self.error(node, format!("`{what}` must be a mapping"));
            return Vec::new();
        };
        entries.iter().map(|(key, node)| (key, node)).collect()
    }

    pub(super) fn required<'n>(&mut self, map: &Map<'n>, parent: &Node, key: &str) -> Option<&'n Node> {
        let found = map.get(key);
        if found.is_none() {
            self.error(parent, format!("`{key}` is missing"));
        }
        found
    }

    pub(super) fn string(&mut self, node: &Node) -> Option<String> {
        let found = match &node.value {
            NodeValue::String(text) | NodeValue::Number(text) => Some(text.clone()),
            NodeValue::Bool(value) => Some(value.to_string()),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => None,
        };
        if found.is_none() {
            self.error(node, "a single word is expected here");
        }
        found
    }

    /// A list of strings; a single string is a list of one.
    pub(super) fn strings(&mut self, node: &Node) -> Vec<String> {
        self.references(node).into_iter().map(|text| text.value).collect()
    }

    pub(super) fn reference(&mut self, node: &Node) -> Option<Spanned<String>> {
        self.string(node).map(|value| Spanned { value, at: node.at.clone() })
    }

    pub(super) fn references(&mut self, node: &Node) -> Vec<Spanned<String>> {
        match &node.value {
            NodeValue::List(nodes) => nodes.iter().filter_map(|node| self.reference(node)).collect(),
            _ => self.reference(node).into_iter().collect(),
        }
    }

    pub(super) fn list(&mut self, node: &Node) -> Vec<Node> {
        match &node.value {
            NodeValue::List(nodes) => nodes.clone(),
            _ => {
                self.error(node, "a list is expected here");
                Vec::new()
            }
        }
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Nanos> {
        let found = text(node).and_then(duration);
        if found.is_none() {
            self.error_with_hint(
                node,
                "not a duration",
                "write a whole number and a unit: `500ms`, `30s`, `5m`, `1h`, `7d`, `2w`",
            );
        }
        found
    }

    /// A duration that may be nothing: `0s`.
    pub(super) fn duration_from_zero(&mut self, node: &Node) -> Option<Nanos> {
        if matches!(text(node), Some("0" | "0s" | "0m" | "0h" | "0d")) {
            Some(0)
        } else {
            self.duration(node)
        }
    }

    /// A finite number.
    pub(super) fn number(&mut self, node: &Node) -> Option<f64> {
        let found = text(node).and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite());
        if found.is_none() {
            self.error(node, "a number is expected here");
        }
        found
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, node: &Node) -> Option<u32> {
        let found = text(node).and_then(|text| text.parse().ok()).filter(|count| *count > 0);
        if found.is_none() {
            self.error(node, "a whole number of at least 1 is expected here");
        }
        found
    }

    /// A share as a fraction (`0.5`) or in percent (`50%`).
    pub(super) fn share(&mut self, node: &Node) -> Option<f64> {
        let found = text(node)
            .and_then(|text| match text.strip_suffix('%') {
                Some(percent) => percent.trim().parse().ok().map(|percent: f64| percent / 100.0),
                None => text.parse().ok(),
            })
            .filter(|share| (0.0..=1.0).contains(share));
        if found.is_none() {
            self.error(node, "a share is expected here: `0.5` or `50%`");
        }
        found
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let written = text(node);
        let found = words.iter().find(|(word, _)| Some(*word) == written).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.error_with_hint(
                node,
                format!("unknown `{what}`: `{}`", written.unwrap_or("")),
                format!("one of {}", listed(&names)),
            );
        }
        found
    }

    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        let text = self.string(node)?;
        match Template::parse(&text) {
            Ok(template) => Some(template),
            Err(problem) => {
                self.error_with_hint(
                    node,
                    format!("`show` {problem}"),
                    "put fields in braces, `{user.name}`; double a literal brace, `{{`",
                );
                None
            }
        }
    }
}

/// The text of a scalar string or number.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        NodeValue::String(text) | NodeValue::Number(text) => Some(text),
        _ => None,
    }
}

pub(super) fn boolean(node: &Node) -> Option<bool> {
    match &node.value {
        NodeValue::Bool(value) => Some(*value),
        _ => None,
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Reads a Sigma timespan (`30s`, `5m`, `1h`, `7d`, also `w`, `M`, `y` and `ms`) as nanoseconds.
/// `None` for anything else, for zero, and for what does not fit into 292 years.
#[must_use]
pub fn duration(text: &str) -> Option<Nanos> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit: Nanos = match unit {
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => 7 * DAY,
        "M" => 2_629_746 * SECOND,
        "y" => 31_556_952 * SECOND,
        _ => return None,
    };
    number.parse::<Nanos>().ok()?.checked_mul(unit).filter(|nanos| *nanos > 0)
}
