//! Rules as read: the abstract syntax of Sigma documents, with the position of every node.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::alert::Level;
use crate::event::Nanos;

/// A place in a rule file; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub at: Position,
}

/// A YAML node with its position. Numbers keep their text.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    pub at: Position,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    Null,
    Bool(bool),
    /// An integer or float as written (plain scalar).
    Number(String),
    String(String),
    List(Vec<Node>),
    /// In document order; duplicate keys are an error of the reader.
    Map(Vec<(Spanned<String>, Node)>),
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

/// What is wrong with a rule: `file:line:column: message`, the line with a caret, a suggestion.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub at: Position,
    /// Lower case, no full stop, the thing in backticks.
    pub message: String,
    /// ``did you mean `startswith`?``
    pub hint: Option<String>,
    /// The source line, for the caret.
    pub excerpt: Option<String>,
    /// Id, else name, else title of the rule, where known.
    pub rule: Option<String>,
}

/// What every kind of rule has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    pub title: String,
    pub id: Option<String>,
    pub name: Option<String>,
    pub status: Option<String>,
    pub description: String,
    pub author: String,
    pub references: Vec<String>,
    pub tags: Vec<String>,
    pub false_positives: Vec<String>,
    pub fields: Vec<String>,
    pub level: Level,
    /// `level` was written in the rule; without it Sigma gives none and we use `medium`.
    pub level_given: bool,
    pub at: Position,
    /// Hash of the document's text: a changed rule starts with fresh state and new alert ids.
    pub content_hash: u64,
    /// Root keys we do not know, kept.
    pub custom: Vec<(String, Node)>,
}

impl Header {
    /// Id, else name, else title: how alerts and messages refer to the rule.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.id.as_deref().or(self.name.as_deref()).unwrap_or(&self.title)
    }
}

/// `type` of a correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    ValuePercentile,
    ValueMedian,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
    Eq,
    Neq,
}

/// `condition` of a correlation.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrelationCondition {
    /// All thresholds must hold (a range is two of them). Empty for a temporal default condition.
    Thresholds {
        thresholds: Vec<(Comparison, f64)>,
        /// `field`: one, or a tuple of several for `value_count`.
        fields: Vec<String>,
        /// 0 to 100, for `value_percentile`.
        percentile: Option<f64>,
    },
    /// Extended condition over rule names: `a and b and not c`.
    Expression(Expression),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Index in [`Correlation::rules`].
    Rule(usize),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

/// The `correlation` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub kind: CorrelationKind,
    /// References by id or name, as written. Resolved when the rule set is assembled.
    pub rules: Vec<Spanned<String>>,
    pub group_by: Vec<String>,
    /// Nanoseconds, more than 0.
    pub timespan: Nanos,
    pub condition: CorrelationCondition,
    /// alias → (rule reference → field).
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// Referenced rules also alert alone.
    pub generate: bool,
}

/// A correlation rule.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrelationRule {
    pub header: Header,
    pub correlation: Correlation,
    /// The `soctop:` block, unparsed; `detect::extension` reads it.
    pub extension: Option<Node>,
}
