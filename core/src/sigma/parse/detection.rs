//! Detection rules and filters: search identifiers, items and the condition.

use crate::sigma::condition;
use crate::sigma::condition::ConditionError;
use crate::sigma::modifier;
use crate::sigma::modifier::{Mistake, Placeholders};
use crate::sigma::rule::{
    Condition, Detection, DetectionRule, Diagnostic, Filter, Identifier, Item, ItemValue, Modifier, Node,
    NodeValue, Search, Severity, Spanned,
};

use super::Reader;

impl Reader<'_> {
    pub(super) fn detection_rule(&mut self, root: &Node, text: &str) -> Option<DetectionRule> {
        let header = self.header(root, text);
        let logsource = self.logsource(root);
        let node = self.required(root, "detection")?;
        let detection = self.detection(node, "detection", &["condition", "timeframe"])?;
        Some(DetectionRule {
            header,
            logsource,
            detection,
            filters: Vec::new(),
            generate: root.get("generate").and_then(|node| self.boolean(node, "generate")),
            extension: None,
            extension_problems: Vec::new(),
        })
    }

    pub(super) fn filter(&mut self, root: &Node, text: &str) -> Option<Filter> {
        let header = self.header(root, text);
        let logsource = self.logsource(root);
        let node = self.required(root, "filter")?;
        let rules = match node.get("rules") {
            None => {
                self.error_hint(
                    &node.at,
                    "the key `rules` is missing in `filter`",
                    "list the rules, or write `rules: any`",
                );
                Vec::new()
            }
            Some(rules) if rules.value == NodeValue::String("any".into()) => Vec::new(),
            Some(rules) => self.strings(rules, "rules"),
        };
        let detection = self.detection(node, "filter", &["condition", "rules"])?;
        Some(Filter { header, logsource, rules, detection })
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.value {
            NodeValue::Bool(value) => Some(value),
            _ => {
                self.error(
                    &node.at,
                    format!("`{what}` must be `true` or `false`, this is {}", node.kind_word()),
                );
                None
            }
        }
    }

    /// The map of search identifiers and the condition; `reserved` keys are no identifiers.
    fn detection(&mut self, node: &Node, section: &str, reserved: &[&str]) -> Option<Detection> {
        if !matches!(node.value, NodeValue::Map(_)) {
            self.error(&node.at, format!("`{section}` must be a map, this is {}", node.kind_word()));
            return None;
        }
        let mut identifiers = Vec::new();
        for (key, value) in node.entries().iter().filter(|(key, _)| !reserved.contains(&key.value.as_str())) {
            if let Some(search) = self.search(value, &key.value, 0) {
                identifiers.push(Identifier { name: key.clone(), search });
            }
        }
        if let Some((key, _)) =
            node.entries().iter().find(|(key, _)| key.value == "timeframe" && section == "detection")
        {
            self.warning(&key.at, "`timeframe` has no meaning in a detection; use a correlation rule");
        }
        let written = node.entries().len()
            - node.entries().iter().filter(|(key, _)| reserved.contains(&key.value.as_str())).count();
        if written == 0 {
            self.error(&node.at, format!("`{section}` has no search identifier"));
        }
        let Some(condition) = node.get("condition") else {
            self.error(&node.at, format!("the key `condition` is missing in `{section}`"));
            return None;
        };
        // Names of broken identifiers are known too: one mistake, one message.
        let names: Vec<&str> = node
            .entries()
            .iter()
            .map(|(key, _)| key.value.as_str())
            .filter(|key| !reserved.contains(key))
            .collect();
        let (parsed, condition_text) = self.condition(condition, &names)?;
        (identifiers.len() == names.len()).then(|| Detection {
            identifiers,
            condition: parsed,
            condition_text,
            condition_at: condition.at.clone(),
        })
    }

    /// One condition, or a list of them joined by `or`.
    fn condition(&mut self, node: &Node, names: &[&str]) -> Option<(Condition, String)> {
        let nodes = match &node.value {
            NodeValue::List(nodes) if nodes.is_empty() => {
                self.error(&node.at, "the condition is empty");
                return None;
            }
            NodeValue::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut conditions = Vec::new();
        let mut texts = Vec::new();
        for node in nodes {
            let text = self.string(node, "condition")?;
            match condition::parse(&text) {
                Ok(parsed) => {
                    for warning in parsed.warnings {
                        self.condition_error(node, warning, Severity::Warning);
                    }
                    match condition::resolve(&parsed.syntax, names) {
                        Ok(condition) => conditions.push(condition),
                        Err(error) => self.condition_error(node, error, Severity::Error),
                    }
                }
                Err(error) => self.condition_error(node, error, Severity::Error),
            }
            texts.push(text);
        }
        if conditions.len() < nodes.len() {
            return None;
        }
        let condition = if conditions.len() == 1 { conditions.remove(0) } else { Condition::Or(conditions) };
        Some((condition, texts.join(" or ")))
    }

    pub(super) fn condition_error(&mut self, node: &Node, error: ConditionError, severity: Severity) {
        let at = self.locate(node, error.word.as_deref());
        self.report(severity, &at, error.message, error.hint);
    }

    /// What stands under an identifier, or within a list of it.
    fn search(&mut self, node: &Node, name: &str, depth: usize) -> Option<Search> {
        match &node.value {
            NodeValue::Map(entries) if entries.is_empty() => {
                self.error(&node.at, format!("`{name}` is empty and would match everything"));
                None
            }
            NodeValue::Map(entries) => {
                let items: Vec<Search> = entries
                    .iter()
                    .filter_map(|(key, value)| self.item(key, value))
                    .map(Search::Item)
                    .collect();
                (items.len() == entries.len()).then_some(Search::All(items))
            }
            NodeValue::List(nodes) if nodes.is_empty() => {
                self.error(&node.at, format!("`{name}` is empty and would match nothing"));
                None
            }
            NodeValue::List(_) if depth > 0 => {
                self.error(&node.at, "a list within a list has no meaning in a search identifier");
                None
            }
            NodeValue::List(nodes) if nodes.iter().all(|node| node.scalar_text().is_some()) => {
                self.keywords(nodes, node)
            }
            NodeValue::List(nodes) => {
                let searches: Vec<Search> =
                    nodes.iter().filter_map(|node| self.search(node, name, depth + 1)).collect();
                (searches.len() == nodes.len()).then_some(Search::Any(searches))
            }
            NodeValue::Null => {
                self.error(&node.at, format!("`{name}` has no value"));
                None
            }
            _ => self.keywords(std::slice::from_ref(node), node),
        }
    }

    fn keywords(&mut self, nodes: &[Node], whole: &Node) -> Option<Search> {
        let mut item = Item {
            field: None,
            modifiers: vec![],
            values: vec![],
            all: false,
            negated: false,
            at: whole.at.clone(),
        };
        for node in nodes {
            item.values.push(self.value(&[], node, true, "keyword")?);
        }
        Some(Search::Item(item))
    }

    /// `field|modifiers: value` or `field|modifiers: [values]`.
    fn item(&mut self, key: &Spanned<String>, node: &Node) -> Option<Item> {
        let mut words = key.value.split('|');
        let field = words.next().unwrap_or_default();
        let keyword = field.is_empty();
        let mut modifiers = Vec::new();
        for word in words {
            match Modifier::parse(word) {
                Ok(modifier) => modifiers.push(modifier),
                Err(mistake) => return self.mistake_in_key(key, word, mistake),
            }
        }
        if let Err(mistake) = modifier::check_chain(&modifiers, keyword) {
            let word = modifiers.last().map_or("", |modifier| modifier.word());
            return self.mistake_in_key(key, word, mistake);
        }
        if keyword && modifiers.is_empty() {
            self.error_hint(
                &key.at,
                "the field name is empty",
                "write keywords as a list, or under `'|all'`",
            );
            return None;
        }
        if let Some(syntax) = array_syntax(field) {
            self.error_hint(
                &key.at,
                format!("`{syntax}` in `{field}`: this syntax for arrays is not part of Sigma 2"),
                "without it, any value of an array may match",
            );
            return None;
        }
        let values = self.item_values(&modifiers, node, keyword, &key.value)?;
        let all = modifiers.contains(&Modifier::All);
        if all && values.len() == 1 {
            self.warning(&key.at, "`all` needs several values; with one it changes nothing");
        }
        Some(Item {
            field: (!keyword).then(|| field.to_owned()),
            negated: modifiers.contains(&Modifier::Neq),
            modifiers,
            values,
            all,
            at: key.at.clone(),
        })
    }

    fn item_values(
        &mut self,
        modifiers: &[Modifier],
        node: &Node,
        keyword: bool,
        key: &str,
    ) -> Option<Vec<ItemValue>> {
        let NodeValue::List(nodes) = &node.value else {
            return Some(vec![self.value(modifiers, node, keyword, key)?]);
        };
        if nodes.is_empty() {
            let null = Node { value: NodeValue::Null, at: node.at.clone() };
            return Some(vec![self.value(modifiers, &null, keyword, key)?]);
        }
        if let Some(null) = nodes.iter().find(|node| node.value == NodeValue::Null) {
            self.warning(
                &null.at,
                "null in a list of values is outside the specification; it means absent or null",
            );
        }
        let values: Vec<ItemValue> =
            nodes.iter().filter_map(|node| self.value(modifiers, node, keyword, key)).collect();
        (values.len() == nodes.len()).then_some(values)
    }

    fn value(&mut self, modifiers: &[Modifier], node: &Node, keyword: bool, key: &str) -> Option<ItemValue> {
        match modifier::apply(modifiers, node, keyword, None) {
            Ok(tests) => Some(ItemValue { node: node.clone(), tests }),
            Err(Mistake { message, hint }) => {
                let message = format!("{message} (in `{key}`)");
                self.report(Severity::Error, &node.at, message, hint);
                None
            }
        }
    }

    fn mistake_in_key<T>(&mut self, key: &Spanned<String>, word: &str, mistake: Mistake) -> Option<T> {
        let node = Node { value: NodeValue::Null, at: key.at.clone() };
        let at = self.locate(&node, Some(word));
        let message = format!("{} on `{}`", mistake.message, key.value);
        self.report(Severity::Error, &at, message, mistake.hint);
        None
    }
}

/// What stands in brackets at the end of a part of a field's name: `[any]`, `[*]`, `[0]`.
fn array_syntax(field: &str) -> Option<&str> {
    field.split('.').find_map(|part| {
        let syntax = part.get(part.find('[')?..)?;
        let inner = syntax.strip_prefix('[')?.strip_suffix(']')?;
        let known = ["", "*", "any", "all", "none", "each"].contains(&inner.to_lowercase().as_str());
        (known || inner.bytes().all(|byte| byte.is_ascii_digit())).then_some(syntax)
    })
}

/// Fills in the values of `expand`.
///
/// # Errors
/// Every value whose placeholder has no values; the rule must not run then.
pub(crate) fn resolve_placeholders(
    detection: &mut Detection,
    placeholders: &Placeholders,
) -> Result<(), Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for identifier in &mut detection.identifiers {
        resolve_search(&mut identifier.search, placeholders, &mut diagnostics);
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

fn resolve_search(search: &mut Search, placeholders: &Placeholders, diagnostics: &mut Vec<Diagnostic>) {
    let item = match search {
        Search::All(inner) | Search::Any(inner) => {
            inner.iter_mut().for_each(|search| resolve_search(search, placeholders, diagnostics));
            return;
        }
        Search::Item(item) => item,
    };
    if !item.modifiers.contains(&Modifier::Expand) {
        return;
    }
    for value in &mut item.values {
        match modifier::apply(&item.modifiers, &value.node, item.field.is_none(), Some(placeholders)) {
            Ok(tests) => value.tests = tests,
            Err(Mistake { message, hint }) => {
                let mut diagnostic = Diagnostic::error(&value.node.at, message);
                diagnostic.hint = hint;
                diagnostics.push(diagnostic);
            }
        }
    }
}
