//! Rule files: text in, documents and diagnostics out.
//!
//! Every mistake of a file is reported, each with its place, and a document with an error is left
//! out while the others load. References between documents are the business of [`assemble`](fn@assemble).

mod assemble;
mod correlation;
mod detection;
mod header;

use std::sync::Arc;

pub use assemble::{LoadOptions, assemble};
pub(super) use detection::resolve_placeholders;

use crate::event::number::{to_u32, to_usize};
use crate::sigma::diagnostic::{did_you_mean, lines};
use crate::sigma::extension;
use crate::sigma::rule::{Diagnostic, Document, Node, NodeValue, Position, Severity, Spanned};
use crate::yaml;

/// Reads all documents of one rule file. `file` is how messages call it.
///
/// Documents with an error are left out; the diagnostics say why, and also hold warnings about
/// documents that were read.
#[must_use]
pub fn parse_documents(file: &str, text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let file: Arc<str> = file.into();
    let (roots, mut diagnostics) = yaml::read(&file, text);
    let mut documents = Vec::new();
    // The documents of a collection are fragments: one message instead of one for each.
    let action = roots.iter().find_map(|root| collection_action(&root.root));
    if let Some(action) = action {
        let diagnostic = Diagnostic::error(&action.at, "rule collections (`action`) were removed from Sigma");
        diagnostics.push(diagnostic.with_hint("write each rule of this file in full; those that are, load"));
    }
    for root in roots.iter().filter(|root| action.is_none() || is_whole(&root.root)) {
        let mut reader = Reader { text, diagnostics: Vec::new() };
        let document = reader.document(&root.root, root.text);
        let failed = reader.diagnostics.iter().any(Diagnostic::is_error);
        let mut document = document.filter(|_| !failed);
        if let Some(document) = &mut document {
            read_block(document, &root.root, text);
        }
        let rule = title_of(&root.root);
        for mut diagnostic in reader.diagnostics {
            diagnostic.rule = diagnostic.rule.or_else(|| rule.clone());
            diagnostics.push(diagnostic);
        }
        documents.extend(document);
    }
    excerpts(&mut diagnostics, text);
    diagnostics.sort_by(|a, b| a.at.cmp(&b.at));
    (documents, diagnostics)
}

/// Gives a rule what its `soctop:` block says. A block with an error is left out as a whole, and the Sigma
/// part of the rule still runs.
fn read_block(document: &mut Document, root: &Node, text: &str) {
    let reference = document.header().reference().to_owned();
    let (place, problems) = match document {
        Document::Detection(rule) => (&mut rule.extension, &mut rule.extension_problems),
        Document::Correlation(rule) => (&mut rule.extension, &mut rule.extension_problems),
        Document::Filter(_) => return,
    };
    let Some(block) = root.get("soctop") else { return };
    let (extension, mut diagnostics) = extension::parse(block);
    excerpts(&mut diagnostics, text);
    *place = extension;
    problems.extend(diagnostics.into_iter().map(|diagnostic| diagnostic.of_rule(&reference)));
}

/// Gives every diagnostic the line that it is about.
fn excerpts(diagnostics: &mut [Diagnostic], text: &str) {
    if diagnostics.is_empty() {
        return;
    }
    let lines: Vec<&str> = lines(text).collect();
    for diagnostic in diagnostics {
        let line = lines.get(to_usize(diagnostic.at.line.max(1)) - 1);
        diagnostic.excerpt = line.map(|line| line.trim_end().to_owned());
    }
}

/// The key by which old tools merged the documents of a file with each other.
fn collection_action(root: &Node) -> Option<&Node> {
    let action = root.get("action")?;
    let word = action.scalar_text()?;
    ["global", "reset", "repeat"].contains(&word.as_str()).then_some(action)
}

/// Whether a document of a file with collections is a rule by itself, and no fragment of one.
fn is_whole(root: &Node) -> bool {
    let of_a_kind = root.get("correlation").is_some()
        || root.get("logsource").is_some()
            && (root.get("detection").is_some() || root.get("filter").is_some());
    collection_action(root).is_none() && root.get("title").is_some() && of_a_kind
}

/// How messages call a document that may not be readable: id, else name, else title.
fn title_of(root: &Node) -> Option<String> {
    ["id", "name", "title"].iter().find_map(|key| root.get(key)?.scalar_text())
}

/// Reads one document, collecting what is wrong with it.
struct Reader<'a> {
    /// The whole file, to find words within folded texts.
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn document(&mut self, root: &Node, text: &str) -> Option<Document> {
        if !matches!(root.value, NodeValue::Map(_)) {
            self.error(&root.at, format!("a rule is a map, this is {}", root.kind_word()));
            return None;
        }
        if root.get("correlation").is_some() {
            return self.correlation_rule(root, text).map(Document::Correlation);
        }
        if root.get("filter").is_some() {
            return self.filter(root, text).map(Document::Filter);
        }
        self.detection_rule(root, text).map(Document::Detection)
    }

    fn error(&mut self, at: &Position, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(at, message));
    }

    fn error_hint(&mut self, at: &Position, message: impl Into<String>, hint: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(at, message).with_hint(hint));
    }

    fn warning(&mut self, at: &Position, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(at, message));
    }

    fn report(&mut self, severity: Severity, at: &Position, message: String, hint: Option<String>) {
        let mut diagnostic = Diagnostic::error(at, message);
        diagnostic.severity = severity;
        diagnostic.hint = hint;
        self.diagnostics.push(diagnostic);
    }

    /// ``unknown key `x` in `section` `` with the nearest known key as a hint.
    fn unknown_key(&mut self, key: &Spanned<String>, section: &str, known: &[&str]) {
        let message = format!("unknown key `{}` in `{section}`", key.value);
        let hint = did_you_mean(&key.value, known.iter().copied());
        self.report(Severity::Error, &key.at, message, hint);
    }

    /// A required key of the document.
    fn required<'n>(&mut self, root: &'n Node, key: &str) -> Option<&'n Node> {
        let found = root.get(key);
        if found.is_none() {
            let similar = root.entries().iter().map(|(key, _)| key.value.as_str());
            let hint = super::diagnostic::nearest(key, similar)
                .map(|found| format!("did you mean `{key}` by `{found}`?"));
            self.report(Severity::Error, &root.at, format!("the key `{key}` is missing"), hint);
        }
        found
    }

    /// A text; numbers and booleans are taken as written.
    fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = node.scalar_text();
        if text.is_none() {
            self.error(&node.at, format!("`{what}` must be a text, this is {}", node.kind_word()));
        }
        text
    }

    /// A list of texts, or one text.
    fn strings(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        let nodes = match &node.value {
            NodeValue::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        nodes
            .iter()
            .filter_map(|node| Some(Spanned { value: self.string(node, what)?, at: node.at.clone() }))
            .collect()
    }

    /// Where `word` stands within the scalar `node`; the start of the scalar if it is not found.
    fn locate(&self, node: &Node, word: Option<&str>) -> Position {
        const LINES: usize = 50;
        let Some(word) = word else { return node.at.clone() };
        let first = to_usize(node.at.line.max(1)) - 1;
        for (n, line) in lines(self.text).enumerate().skip(first).take(LINES) {
            let skip = if n == first { to_usize(node.at.column.max(1)) - 1 } else { 0 };
            let from = line.char_indices().nth(skip).map_or(line.len(), |(at, _)| at);
            if let Some(at) = find_word(line.get(from..).unwrap_or_default(), word) {
                let column = line.get(..from + at).unwrap_or_default().chars().count() + 1;
                return Position {
                    file: Arc::clone(&node.at.file),
                    line: to_u32(n) + 1,
                    column: to_u32(column),
                };
            }
        }
        node.at.clone()
    }
}

/// The byte offset of `word` where it is no part of a longer one.
fn find_word(line: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '.');
    line.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = line.get(..*at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !word.starts_with(is_word) || (!before.is_some_and(is_word) && !after.is_some_and(is_word))
    })
}

#[cfg(test)]
mod tests;
