//! YAML as rules and vocabularies need it: every node with its place, every mistake reported, nothing expanded
//! without bound.
//!
//! The text is cut at its `---` lines first (YAML forbids such a line inside any scalar), so that
//! a syntax error costs its own document and not the rest of the file. `saphyr-parser` then gives
//! events, from which nodes are built here rather than by `saphyr`'s own loader: that one stops at
//! the first duplicate key, forgets how a number was written, and keeps no place for keys.
//!
//! Scalars follow the core schema of YAML 1.2: `yes` and `on` are texts.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

pub mod diagnostic;
mod node;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use diagnostic::lines;
pub use diagnostic::{Diagnostic, Severity};
pub use node::{Node, NodeValue, Position, Spanned};

/// Longest rule file that is read. The longest of SigmaHQ, a list of driver hashes, has 288 KiB.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
/// Deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 64;
/// Most nodes of one document, copies made by aliases included: enough for any rule (the largest
/// of SigmaHQ has 3,000), far too few for an alias bomb to hurt.
pub const MAX_NODES: usize = 50_000;

/// Stands for the entries of another map.
const MERGE_KEY: &str = "<<";

/// One document of a file.
pub struct YamlDocument<'a> {
    pub root: Node,
    /// The text it was read from, without its `---` line.
    pub text: &'a str,
}

/// Reads all documents of a file. A document with an error is left out and reported; empty
/// documents are nothing.
#[must_use]
pub fn read<'a>(file: &Arc<str>, text: &'a str) -> (Vec<YamlDocument<'a>>, Vec<Diagnostic>) {
    let start = Position { file: Arc::clone(file), line: 1, column: 1 };
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes, at most {MAX_FILE_BYTES} are read", text.len());
        return (
            Vec::new(),
            vec![Diagnostic::error(&start, message).with_hint("split it into several files")],
        );
    }
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (first_line, part) in split_documents(text) {
        if is_blank(part) {
            continue;
        }
        let mut builder = TreeBuilder::new(file, first_line);
        builder.read(part);
        diagnostics.append(&mut builder.diagnostics);
        if !builder.failed {
            documents.extend(builder.roots.into_iter().map(|root| YamlDocument { root, text: part }));
        }
    }
    (documents, diagnostics)
}

/// The parts between `---` lines, each with the number of lines before it.
fn split_documents(text: &str) -> Vec<(u32, &str)> {
    if !text.starts_with("---") && memchr::memmem::find(text.as_bytes(), b"\n---").is_none() {
        return vec![(0, text)];
    }
    let mut parts = Vec::new();
    let (mut start, mut start_line, mut offset, mut number) = (0, 0, 0, 0);
    for line in text.split_inclusive('\n') {
        let rest = line.strip_prefix("---");
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            parts.push((start_line, text.get(start..offset).unwrap_or_default()));
            // Content on the marker's own line stays; only a bare marker is dropped.
            let skip = if is_blank(rest) { line.len() } else { 0 };
            start = offset + skip;
            start_line = number + if skip > 0 { place(lines(line).count()) } else { 0 };
        }
        offset += line.len();
        number += place(lines(line).count());
    }
    parts.push((start_line, text.get(start..).unwrap_or_default()));
    parts
}

/// Only comments, directives and white space.
fn is_blank(part: &str) -> bool {
    part.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with(['#', '%']) || line == "..."
    })
}

/// A list or map that is not closed yet.
struct Open {
    value: NodeValue,
    at: Position,
    anchor: usize,
    /// In a map: the key that waits for its value.
    key: Option<Spanned<String>>,
    /// In a map of many keys: those seen, to find duplicates.
    seen: HashSet<String>,
}

impl Open {
    /// Whether the map has the key already.
    fn has(&mut self, key: &str) -> bool {
        const MANY: usize = 16;
        let NodeValue::Map(entries) = &self.value else { return false };
        if entries.len() < MANY {
            return entries.iter().any(|(known, _)| known.value == key);
        }
        if self.seen.is_empty() {
            self.seen.extend(entries.iter().map(|(known, _)| known.value.clone()));
        }
        !self.seen.insert(key.to_owned())
    }
}

/// A line or column, as positions hold it: files end long before.
fn place(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct TreeBuilder<'a> {
    file: &'a Arc<str>,
    /// Lines of the file before this part.
    lines_before: u32,
    open: Vec<Open>,
    roots: Vec<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    diagnostics: Vec<Diagnostic>,
    failed: bool,
}

impl<'a> TreeBuilder<'a> {
    fn new(file: &'a Arc<str>, lines_before: u32) -> Self {
        Self {
            file,
            lines_before,
            open: Vec::new(),
            roots: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            diagnostics: Vec::new(),
            failed: false,
        }
    }

    fn read(&mut self, part: &str) {
        let mut parser = Parser::new_from_str(part);
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => {
                    let at = self.position(&span.start);
                    if !self.accept(event, &at) {
                        return;
                    }
                }
                Err(error) => {
                    let at = self.within(part, error.marker());
                    self.fail(&at, format!("not valid YAML: {}", error.info()));
                    return;
                }
            }
        }
    }

    fn position(&self, marker: &Marker) -> Position {
        Position {
            file: Arc::clone(self.file),
            line: self.lines_before + place(marker.line().max(1)),
            column: place(marker.col()) + 1,
        }
    }

    /// A place that exists: what is missing at the end of a text is reported behind its last line.
    fn within(&self, part: &str, marker: &Marker) -> Position {
        let at = self.position(marker);
        let count = place(lines(part).count());
        if at.line <= self.lines_before + count {
            return at;
        }
        let column = place(lines(part).last().map_or(0, |line| line.chars().count())) + 1;
        Position { line: self.lines_before + count, column, ..at }
    }

    fn fail(&mut self, at: &Position, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(at, message));
        self.failed = true;
    }

    /// Takes one event; false stops reading (a limit is passed).
    fn accept(&mut self, event: Event<'_>, at: &Position) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text.into_owned(), style, tag.as_deref());
                self.place(Node { value, at: at.clone() }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.enter(NodeValue::List(Vec::new()), anchor, at),
            Event::MappingStart(anchor, _) => self.enter(NodeValue::Map(Vec::new()), anchor, at),
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(anchor) => self.copy(anchor, at),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => true,
        }
    }

    fn enter(&mut self, value: NodeValue, anchor: usize, at: &Position) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.fail(at, format!("nested deeper than {MAX_DEPTH} levels"));
            return false;
        }
        self.open.push(Open { value, at: at.clone(), anchor, key: None, seen: HashSet::new() });
        true
    }

    fn leave(&mut self) -> bool {
        match self.open.pop() {
            Some(open) => {
                let value = self.merged(open.value);
                self.place(Node { value, at: open.at }, open.anchor)
            }
            None => true,
        }
    }

    /// The map with what its merge key (`<<`) names. Its own keys win over merged ones, and the first of
    /// several maps over the next.
    fn merged(&mut self, value: NodeValue) -> NodeValue {
        let NodeValue::Map(mut entries) = value else { return value };
        let Some(place) = entries.iter().position(|(key, _)| key.value == MERGE_KEY) else {
            return NodeValue::Map(entries);
        };
        let (key, source) = entries.remove(place);
        let sources = match source.value {
            NodeValue::List(maps) => maps,
            _ => vec![source],
        };
        let mut merged: Vec<(Spanned<String>, Node)> = Vec::new();
        for source in sources {
            let NodeValue::Map(others) = source.value else {
                self.fail(&key.at, "a merge key (`<<`) takes a map or a list of maps");
                break;
            };
            let own = |name: &str, known: &[(Spanned<String>, Node)]| {
                known.iter().any(|(key, _)| key.value == name)
            };
            for (name, node) in others {
                if !own(&name.value, &entries) && !own(&name.value, &merged) {
                    merged.push((name, node));
                }
            }
        }
        merged.append(&mut entries);
        NodeValue::Map(merged)
    }

    fn copy(&mut self, anchor: usize, at: &Position) -> bool {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            self.fail(at, "alias to an anchor that is not complete here");
            return false;
        };
        self.nodes += count(&node).saturating_sub(1);
        self.place(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.fail(&node.at.clone(), format!("more than {MAX_NODES} values in one document"));
            return false;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return true;
        };
        match &mut open.value {
            NodeValue::List(items) => items.push(node),
            NodeValue::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => return self.take_key(node),
            },
            _ => unreachable!("only lists and maps are opened"),
        }
        true
    }

    fn take_key(&mut self, node: Node) -> bool {
        let Some(text) = node.scalar_text() else {
            self.fail(&node.at, "a key must be a plain text");
            return false;
        };
        let key = Spanned { value: text, at: node.at };
        let duplicate = self.open.last_mut().is_some_and(|open| {
            open.key = Some(key.clone());
            open.has(&key.value)
        });
        if duplicate {
            self.fail(&key.at, format!("the key `{}` is given twice here", key.value));
        }
        true
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        NodeValue::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        NodeValue::Map(entries) => 1 + entries.iter().map(|(_, value)| 1 + count(value)).sum::<usize>(),
        _ => 1,
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> NodeValue {
    let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    if style != ScalarStyle::Plain || tag == Some("str") {
        return NodeValue::String(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        _ if is_number(&text) => NodeValue::Number(text),
        _ => NodeValue::String(text),
    }
}

/// Integers (decimal, `0x`, `0o`) and floats of the core schema, without infinities.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && all_digits(whole)
        && all_digits(fraction)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(text: &str) -> Node {
        let (mut documents, diagnostics) = read(&"t.yml".into(), text);
        assert_eq!(diagnostics, []);
        assert_eq!(documents.len(), 1);
        documents.remove(0).root
    }

    fn messages(text: &str) -> Vec<String> {
        let (_, diagnostics) = read(&"t.yml".into(), text);
        diagnostics.iter().map(|d| format!("{}:{}: {}", d.at.line, d.at.column, d.message)).collect()
    }

    #[test]
    fn a_merge_key_stands_for_the_entries_of_another_map() {
        let text = "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nall:\n  <<: [*b, *o]\n  x: 9\n";
        let (documents, diagnostics) = read(&"t.yml".into(), text);
        assert_eq!(diagnostics, []);
        let all = documents[0].root.get("all").unwrap();
        let value = |key: &str| all.get(key).unwrap().scalar_text().unwrap();
        assert_eq!((value("x"), value("y"), value("z")), ("9".into(), "2".into(), "4".into()));
        assert_eq!(all.entries().len(), 3);
        let (documents, diagnostics) = read(&"t.yml".into(), "a:\n  <<: text\n");
        assert_eq!((documents.len(), diagnostics.len()), (0, 1));
    }

    #[test]
    fn every_node_knows_its_place_in_the_file() {
        let root = read_one("# c\n---\na: 1\nb:\n  - x\n  - {c: 'y'}\n");
        let b = root.get("b").unwrap();
        let NodeValue::List(items) = &b.value else { panic!("{b:?}") };
        assert_eq!((items[0].at.line, items[0].at.column), (5, 5));
        let c = items[1].get("c").unwrap();
        assert_eq!((c.at.line, c.at.column), (6, 9));
    }

    #[test]
    fn scalars_follow_the_core_schema_and_numbers_keep_their_text() {
        let check =
            |text: &str, expect: NodeValue| assert_eq!(scalar(text.into(), ScalarStyle::Plain, None), expect);
        let number = |text: &str| NodeValue::Number(text.into());
        let string = |text: &str| NodeValue::String(text.into());
        check("9007199254740993", number("9007199254740993"));
        check("-1.50", number("-1.50"));
        check("1e3", number("1e3"));
        check("0x1F", number("0x1F"));
        check("yes", string("yes"));
        check("1.2.3", string("1.2.3"));
        check("2024-01-02", string("2024-01-02"));
        check(".", string("."));
        check("-", string("-"));
        check("e5", string("e5"));
        check("True", NodeValue::Bool(true));
        check("~", NodeValue::Null);
    }

    #[test]
    fn duplicate_keys_are_all_reported() {
        assert_eq!(
            messages("a: 1\na: 2\nb: {c: 1, c: 2}\n"),
            ["2:1: the key `a` is given twice here", "3:11: the key `c` is given twice here",]
        );
    }

    #[test]
    fn a_broken_document_does_not_cost_its_neighbours() {
        let (documents, diagnostics) = read(&"t.yml".into(), "a: 1\n---\nb: [1\nc: ]]\n---\nd: 4\n");
        assert_eq!(documents.len(), 2);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].at.line, 4);
        assert_eq!(documents[1].root.get("d").unwrap().at.line, 6);
    }

    #[test]
    fn places_count_lines_as_yaml_does() {
        assert_eq!(
            messages("a: 1\r\rb: 2\ra: 3\n---\r\nc: 1\nc: 2\n"),
            ["4:1: the key `a` is given twice here", "7:1: the key `c` is given twice here",]
        );
    }

    #[test]
    fn alias_bombs_deep_nesting_and_huge_files_are_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for n in 1..9 {
            let previous = n - 1;
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{previous}"); 10].join(",")));
        }
        assert!(messages(&bomb)[0].contains("more than 50000 values"), "{:?}", messages(&bomb));
        let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(messages(&deep)[0].contains("nested deeper than 64"));
        assert!(messages(&"# \n".repeat(400_000))[0].contains("at most 1048576"));
    }

    #[test]
    fn aliases_and_tags_work() {
        let root = read_one("a: &x [1, 2]\nb: *x\nc: !!str 12\n");
        assert_eq!(root.get("a").unwrap().value, root.get("b").unwrap().value);
        assert_eq!(root.get("c").unwrap().value, NodeValue::String("12".into()));
    }
}
