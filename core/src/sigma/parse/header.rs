//! What all kinds of documents share: title, id, level, logsource and the rest of the root.

use xxhash_rust::xxh3::xxh3_64;

use crate::sigma::Level;
use crate::sigma::diagnostic::{did_you_mean, nearest};
use crate::sigma::rule::{Header, LogSourcePattern, Node, NodeValue, Severity};

use super::Reader;

/// Root keys of the specification; all others are kept as custom attributes.
const ROOT_KEYS: &[&str] = &[
    "title",
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "logsource",
    "detection",
    "correlation",
    "filter",
    "fields",
    "falsepositives",
    "tags",
    "scope",
    "level",
    "generate",
    "sigma-version",
    "soctop",
];

/// The newest major version of the specification that is read here.
const SIGMA_VERSION: u32 = 2;

/// Other keys of a logsource are allowed; one that is nearly one of these was meant to be it.
const LOGSOURCE_KEYS: [&str; 3] = ["category", "product", "service"];

const STATUSES: &[&str] = &["stable", "test", "experimental", "deprecated", "unsupported"];
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 65_535;

impl Reader<'_> {
    pub(super) fn header(&mut self, root: &Node, text: &str) -> Header {
        let content_hash = xxh3_64(text.as_bytes());
        let mut header = Header { at: root.at.clone(), content_hash, text: text.into(), ..Header::default() };
        self.required(root, "title");
        for (key, node) in root.entries() {
            match key.value.as_str() {
                "title" => header.title = self.title(node),
                "id" => header.id = self.string(node, "id").filter(|id| !id.is_empty()),
                "name" => header.name = self.string(node, "name").filter(|name| !name.is_empty()),
                "status" => header.status = self.one_of(node, "status", STATUSES),
                "description" => header.description = self.description(node),
                "author" => header.author = self.texts(node).join(", "),
                "references" => header.references = self.texts(node),
                "tags" => header.tags = self.texts(node),
                "falsepositives" => header.false_positives = self.texts(node),
                "fields" => header.fields = self.texts(node),
                "level" => self.level(node, &mut header),
                "taxonomy" => self.taxonomy(node),
                "sigma-version" => self.sigma_version(node),
                known if ROOT_KEYS.contains(&known) => {}
                custom => {
                    self.doubtful_key(key, root);
                    header.custom.push((custom.to_owned(), node.clone()));
                }
            }
        }
        header
    }

    fn title(&mut self, node: &Node) -> String {
        let title = self.string(node, "title").unwrap_or_default();
        if title.chars().count() > MAX_TITLE {
            self.warning(&node.at, format!("the title is longer than {MAX_TITLE} characters"));
        }
        title
    }

    fn description(&mut self, node: &Node) -> String {
        let text = node.scalar_text().unwrap_or_default();
        if text.chars().count() > MAX_DESCRIPTION {
            self.warning(&node.at, format!("the description is longer than {MAX_DESCRIPTION} characters"));
        }
        text
    }

    fn level(&mut self, node: &Node, header: &mut Header) {
        if node.value == NodeValue::Null {
            return;
        }
        let word = self.string(node, "level").unwrap_or_default();
        match Level::parse(&word) {
            Some(level) => {
                header.level = level;
                header.level_given = true;
            }
            None => {
                let words = Level::ALL.map(Level::word);
                let hint =
                    did_you_mean(&word, words).unwrap_or_else(|| format!("one of {}", words.join(", ")));
                self.report(Severity::Error, &node.at, format!("`{word}` is not a level"), Some(hint));
            }
        }
    }

    fn one_of(&mut self, node: &Node, what: &str, words: &[&str]) -> Option<String> {
        let word = node.scalar_text()?;
        if !words.contains(&word.as_str()) {
            let hint = did_you_mean(&word, words.iter().copied());
            self.report(Severity::Warning, &node.at, format!("`{word}` is not a {what}"), hint);
        }
        Some(word)
    }

    /// Field names are looked up in the event as written, then among the canonical names, so any
    /// taxonomy works whose names the events carry; another one than the known is worth a word.
    fn taxonomy(&mut self, node: &Node) {
        let name = node.scalar_text().unwrap_or_default();
        if !matches!(name.as_str(), "sigma" | "ecs" | "") {
            self.warning(&node.at, format!("field names of the taxonomy `{name}` are used as they are"));
        }
    }

    /// A newer version may mean something else by the same words: such a rule is refused.
    fn sigma_version(&mut self, node: &Node) {
        let written = node.scalar_text().unwrap_or_default();
        let digits = written.trim_start_matches(['v', 'V']).split('.').next().unwrap_or_default();
        match digits.parse::<u32>() {
            Ok(version) if version <= SIGMA_VERSION => {}
            Ok(_) => self.error_hint(
                &node.at,
                format!("`sigma-version: {written}` is newer than what soctop reads"),
                format!("versions up to {SIGMA_VERSION} are read"),
            ),
            Err(_) => self.error(&node.at, format!("`{written}` is not a version of Sigma")),
        }
    }

    /// Metadata is not worth refusing a rule for: what is no text is left out with a warning.
    fn texts(&mut self, node: &Node) -> Vec<String> {
        let nodes = match &node.value {
            NodeValue::List(nodes) => nodes.as_slice(),
            NodeValue::Null => &[],
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for node in nodes {
            match node.scalar_text() {
                Some(text) => texts.push(text),
                None => self.warning(&node.at, format!("a text belongs here, not {}", node.kind_word())),
            }
        }
        texts
    }

    /// An unknown root key is allowed; one that looks like a typo of a key not present is told.
    fn doubtful_key(&mut self, key: &crate::sigma::rule::Spanned<String>, root: &Node) {
        if let Some(known) =
            nearest(&key.value, ROOT_KEYS.iter().copied()).filter(|known| root.get(known).is_none())
        {
            let message = format!("unknown key `{}` is kept but has no meaning", key.value);
            self.report(Severity::Warning, &key.at, message, Some(format!("did you mean `{known}`?")));
        }
    }

    pub(super) fn logsource(&mut self, root: &Node) -> LogSourcePattern {
        let mut pattern = LogSourcePattern::default();
        let Some(node) = self.required(root, "logsource") else { return pattern };
        if !matches!(node.value, NodeValue::Map(_)) {
            self.error(&node.at, format!("`logsource` must be a map, this is {}", node.kind_word()));
        }
        for (key, value) in node.entries() {
            let text = match value.value {
                NodeValue::Null => None,
                _ => self.string(value, &key.value),
            };
            let Some(text) = text else { continue };
            match key.value.as_str() {
                "category" => pattern.category = Some(text.into()),
                "product" => pattern.product = Some(text.into()),
                "service" => pattern.service = Some(text.into()),
                _ => {
                    if let Some(hint) = did_you_mean(&key.value, LOGSOURCE_KEYS.iter().copied()) {
                        let message = format!("unknown key `{}` in `logsource`", key.value);
                        self.report(Severity::Warning, &key.at, message, Some(hint));
                    }
                    pattern.custom.push((key.value.clone(), text));
                }
            }
        }
        pattern
    }
}
