//! A vocabulary file as read: who speaks, how the product says what, and lines that hold it to that.

use std::sync::Arc;

use super::fact::{Fact, REASONS};
use super::template::Template;
use crate::event::Format;
use crate::yaml::diagnostic::did_you_mean;
use crate::yaml::{self, Diagnostic, Node, NodeValue, Position};

/// One product, or one part of one.
#[derive(Debug)]
pub struct File {
    /// `sshd.yml`.
    pub name: Arc<str>,
    /// By any of these the product is recognised.
    pub when: Vec<When>,
    /// Asked only where nothing else has spoken; what it states has the confidence of a sentence.
    pub last: bool,
    /// A framework under which people write sentences of their own, so that these are read too.
    pub application: bool,
    pub heads: Vec<Template>,
    /// Fields that hold for all entries, see [`Entry::map`].
    pub map: Vec<Mapping>,
    pub entries: Vec<Entry>,
    pub tests: Vec<TestLine>,
}

/// Who speaks. All `paths` must be there; of the others one is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    pub paths: Vec<String>,
    /// Names of programs in syslog and the journal; a `*` at the end stands for anything.
    pub programs: Vec<String>,
    pub loggers: Vec<String>,
    pub formats: Vec<Format>,
}

/// A canonical field, and where its value stands: the first of `from` that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub field: String,
    pub from: Vec<String>,
}

/// What a path must hold: one of these, where `*` stands for anything; none: the path must say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub path: String,
    pub values: Vec<String>,
}

/// Where `event.reason` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Word(String),
    /// The word for what a path holds.
    From {
        path: String,
        words: Vec<(String, String)>,
    },
}

/// One thing that a product says.
#[derive(Debug)]
pub struct Entry {
    /// `sshd.yml:8`.
    pub place: Arc<str>,
    pub at: Position,
    /// None: the line is known, and states nothing.
    pub fact: Option<Fact>,
    pub also: Vec<Fact>,
    pub say: Vec<Template>,
    /// The field that `say` is about, if not the message.
    pub inside: Option<String>,
    pub conditions: Vec<Condition>,
    pub map: Vec<Mapping>,
    /// Fields with a fixed value.
    pub set: Vec<(String, String)>,
    pub reason: Option<Reason>,
    /// Another line of the same attempt tells the fact again.
    pub echo: bool,
    /// The path that holds how often it happened.
    pub count: Option<String>,
    /// Whoever speaks.
    pub anywhere: bool,
}

/// A line, and what must be read from it.
#[derive(Clone, Debug, PartialEq)]
pub struct TestLine {
    pub at: Position,
    /// The line as a log has it.
    pub line: String,
    /// The line is but the message, to be put behind the head of the program.
    pub is_message: bool,
    /// `none` or the name of a fact; none: whatever.
    pub fact: Option<String>,
    /// Fields, and the value that each must have; `none`: it must have none.
    pub fields: Vec<(String, String)>,
    /// Somebody forged it: fields and facts that must not appear.
    pub never: Vec<(String, Vec<String>)>,
}

/// Reads one file. What is wrong with an entry costs that entry.
#[must_use]
pub fn read(name: &str, text: &str) -> (Option<File>, Vec<Diagnostic>) {
    let name: Arc<str> = name.into();
    let (documents, mut diagnostics) = yaml::read(&name, text);
    let mut file = None;
    if let Some(document) = documents.into_iter().next() {
        let mut reader = VocabularyReader { name, diagnostics: Vec::new() };
        file = reader.file(&document.root);
        diagnostics.append(&mut reader.diagnostics);
    }
    for diagnostic in &mut diagnostics {
        diagnostic.quote(text);
    }
    (file, diagnostics)
}

struct VocabularyReader {
    name: Arc<str>,
    diagnostics: Vec<Diagnostic>,
}

const FILE_KEYS: [&str; 10] =
    ["product", "seen", "when", "last", "application", "head", "map", "facts", "tests", "docs"];
const ENTRY_KEYS: [&str; 13] =
    ["fact", "also", "say", "in", "if", "map", "set", "reason", "echo", "count", "anywhere", "note", "over"];
const FORMATS: [(&str, Format); 8] = [
    ("json", Format::Json),
    ("nginx", Format::Nginx),
    ("nginx_error", Format::NginxError),
    ("postgres", Format::PostgresCsv),
    ("syslog", Format::Syslog),
    ("logfmt", Format::Logfmt),
    ("access", Format::Access),
    ("text", Format::TextLog),
];

impl VocabularyReader {
    fn error(&mut self, at: &Position, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(at, message));
    }

    fn check_keys(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in node.entries() {
            if !known.contains(&key.value.as_str()) {
                let mut wrong = Diagnostic::error(&key.at, format!("unknown key `{}`", key.value));
                wrong.hint = did_you_mean(&key.value, known.iter().copied());
                self.diagnostics.push(wrong);
            }
        }
    }

    fn file(&mut self, root: &Node) -> Option<File> {
        if !matches!(root.value, NodeValue::Map(_)) {
            self.error(&root.at, "a vocabulary file is a map with `product` and `facts`");
            return None;
        }
        self.check_keys(root, &FILE_KEYS);
        let names_product = root.get("product").and_then(Node::scalar_text).is_some();
        if !names_product {
            self.error(&root.at, "`product` is missing: whose words these are");
        }
        let when = root.get("when").map(|node| list(node).map(|one| self.when(one)).collect());
        let heads = root.get("head").map(|node| self.templates(node)).unwrap_or_default();
        let map = root.get("map").map(|node| self.mappings(node)).unwrap_or_default();
        let entries =
            root.get("facts").into_iter().flat_map(list).filter_map(|node| self.entry(node)).collect();
        let tests = root.get("tests").into_iter().flat_map(list).filter_map(|node| self.test(node)).collect();
        let name = Arc::clone(&self.name);
        let last = root.get("last").is_some_and(is_true);
        let application = root.get("application").is_some_and(is_true);
        names_product.then(|| File {
            name,
            when: when.unwrap_or_default(),
            last,
            application,
            heads,
            map,
            entries,
            tests,
        })
    }

    fn when(&mut self, node: &Node) -> When {
        self.check_keys(node, &["paths", "program", "logger", "format"]);
        let texts = |key: &str| node.get(key).map(texts).unwrap_or_default();
        let mut formats = Vec::new();
        for word in texts("format") {
            match FORMATS.iter().find(|(name, _)| *name == word) {
                Some((_, format)) => formats.push(*format),
                None => self.error(&node.at, format!("no format is called `{word}`")),
            }
        }
        When { paths: texts("paths"), programs: texts("program"), loggers: texts("logger"), formats }
    }

    fn entry(&mut self, node: &Node) -> Option<Entry> {
        self.check_keys(node, &ENTRY_KEYS);
        let fact = self.fact(node.get("fact").unwrap_or(node))?;
        let also = node.get("also").into_iter().flat_map(list).filter_map(|node| self.fact(node)?).collect();
        let say = node.get("say").map(|node| self.templates(node)).unwrap_or_default();
        let conditions = node.get("if").map(conditions).unwrap_or_default();
        if say.is_empty() && conditions.is_empty() {
            self.error(&node.at, "an entry needs `say` or `if`");
            return None;
        }
        let entry = Entry {
            place: format!("{}:{}", self.name.rsplit('/').next().unwrap_or_default(), node.at.line).into(),
            at: node.at.clone(),
            fact,
            also,
            say,
            inside: node.get("in").and_then(Node::scalar_text),
            conditions,
            map: node.get("map").map(|node| self.mappings(node)).unwrap_or_default(),
            set: node.get("set").map(pairs).unwrap_or_default(),
            reason: node.get("reason").and_then(|node| self.reason(node)),
            echo: node.get("echo").is_some_and(is_true),
            count: node.get("count").and_then(Node::scalar_text),
            anywhere: node.get("anywhere").is_some_and(is_true),
        };
        self.lint(&entry);
        Some(entry)
    }

    /// What is legal and dangerous.
    fn lint(&mut self, entry: &Entry) {
        for template in &entry.say {
            if entry.anywhere && template.literal().chars().count() < ANYWHERE_LITERAL {
                let message = format!(
                    "`anywhere` needs {ANYWHERE_LITERAL} characters in one piece that no person writes; the longest here is `{}`",
                    template.literal()
                );
                self.error(&entry.at, message);
            }
            if template.compares() {
                let message = "`source.ip` stands between two free parts; readings are compared, and an address with two is left out";
                let hint = "say how one of the sides begins or ends";
                self.diagnostics.push(Diagnostic::warning(&entry.at, message).with_hint(hint));
            }
        }
    }

    /// A fact, or none for the word `none`; nothing and an error for any other.
    fn fact(&mut self, node: &Node) -> Option<Option<Fact>> {
        let word = node.scalar_text().unwrap_or_default();
        if word == "none" {
            return Some(None);
        }
        let fact = Fact::named(&word);
        if fact.is_none() {
            let mut wrong = Diagnostic::error(&node.at, format!("no fact is called `{word}`"));
            wrong.hint = did_you_mean(&word, Fact::all().map(Fact::name));
            self.diagnostics.push(wrong);
        }
        fact.map(Some)
    }

    fn templates(&mut self, node: &Node) -> Vec<Template> {
        let mut templates = Vec::new();
        for node in list(node) {
            let Some(text) = node.scalar_text() else { continue };
            match Template::parse(&text) {
                Ok(template) => templates.push(template),
                Err(error) => self.error(&node.at, error.to_string()),
            }
        }
        templates
    }

    fn mappings(&mut self, node: &Node) -> Vec<Mapping> {
        let mapping = |field: &str, node: &Node| Mapping {
            field: field.to_owned(),
            from: texts(node).into_iter().map(|path| path.replace("[]", "")).collect(),
        };
        node.entries().iter().map(|(field, node)| mapping(&field.value, node)).collect()
    }

    fn reason(&mut self, node: &Node) -> Option<Reason> {
        if let Some(word) = node.scalar_text() {
            self.check_reason(&word, &node.at);
            return Some(Reason::Word(word));
        }
        let path = node.get("from").and_then(Node::scalar_text)?;
        let words: Vec<_> = pairs(node).into_iter().filter(|(key, _)| key != "from").collect();
        for (_, word) in &words {
            self.check_reason(word, &node.at);
        }
        Some(Reason::From { path, words })
    }

    fn check_reason(&mut self, word: &str, at: &Position) {
        if !REASONS.contains(&word) {
            let mut wrong = Diagnostic::error(at, format!("no reason is called `{word}`"));
            wrong.hint = did_you_mean(word, REASONS);
            self.diagnostics.push(wrong);
        }
    }

    fn test(&mut self, node: &Node) -> Option<TestLine> {
        let (line, message) = (node.get("line"), node.get("message"));
        let text = line.or(message).and_then(Node::scalar_text);
        let Some(text) = text else {
            self.error(&node.at, "a test needs `line`, or `message` where a program speaks");
            return None;
        };
        let never = node.get("never").map(|node| {
            node.entries().iter().map(|(field, values)| (field.value.clone(), texts(values))).collect()
        });
        let is_own = |key: &str| matches!(key, "line" | "message" | "fact" | "never" | "note");
        Some(TestLine {
            at: node.at.clone(),
            line: text,
            is_message: line.is_none(),
            fact: node.get("fact").and_then(Node::scalar_text),
            fields: pairs(node).into_iter().filter(|(key, _)| !is_own(key)).collect(),
            never: never.unwrap_or_default(),
        })
    }
}

/// Literal characters in one piece that an entry needs to hold whoever speaks.
pub const ANYWHERE_LITERAL: usize = 16;

fn is_true(node: &Node) -> bool {
    node.value == NodeValue::Bool(true)
}

/// The members of a list, or the node itself.
pub(super) fn list(node: &Node) -> std::slice::Iter<'_, Node> {
    match &node.value {
        NodeValue::List(items) => items.iter(),
        _ => std::slice::from_ref(node).iter(),
    }
}

/// The texts of a list, or of the node itself.
pub(super) fn texts(node: &Node) -> Vec<String> {
    list(node).filter_map(Node::scalar_text).collect()
}

/// The fields with a fixed value that `set` of a row names.
pub(super) fn fixed(row: &Node) -> Vec<(String, String)> {
    row.get("set").map(pairs).unwrap_or_default()
}

fn pairs(node: &Node) -> Vec<(String, String)> {
    node.entries().iter().filter_map(|(key, value)| Some((key.value.clone(), value.scalar_text()?))).collect()
}

fn conditions(node: &Node) -> Vec<Condition> {
    let condition = |path: &str, node: &Node| Condition { path: path.replace("[]", ""), values: texts(node) };
    node.entries().iter().map(|(path, node)| condition(&path.value, node)).collect()
}
