//! Rules as read: the abstract syntax of Sigma documents, with the position of every node.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::number::{to_u32, to_usize};
use crate::event::{LogSource, Nanos};
use crate::sigma::Level;
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;
use crate::sigma::extension::Extension;
use crate::sigma::matcher::Test;
pub use crate::sigma::modifier::Modifier;
pub use crate::yaml::{Diagnostic, Node, NodeValue, Position, Severity, Spanned};

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
    /// The document as it is written: what a case carries along.
    pub text: Arc<str>,
    /// Root keys we do not know, kept.
    pub custom: Vec<(String, Node)>,
}

impl Header {
    /// Whether a reference by id or name means this rule. Ids are compared without case.
    #[must_use]
    pub fn is_called(&self, reference: &str) -> bool {
        self.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(reference))
            || self.name.as_deref() == Some(reference)
    }

    /// Id, else name, else title: how alerts and messages refer to the rule.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.id.as_deref().or(self.name.as_deref()).unwrap_or(&self.title)
    }
}

/// `logsource` of a rule or filter: what it names must agree with the event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSourcePattern {
    pub category: Option<Arc<str>>,
    pub product: Option<Arc<str>>,
    pub service: Option<Arc<str>>,
    /// Keys of the writer's own; kept, never looked at.
    pub custom: Vec<(String, String)>,
}

/// What a rule wants of one dimension, and what is known of it.
type Dimension<'a> = (Option<&'a str>, Option<&'a str>);

impl LogSourcePattern {
    fn dimensions<'a>(&'a self, source: &'a LogSource) -> [Dimension<'a>; 3] {
        [
            (self.category.as_deref(), source.category.as_deref()),
            (self.product.as_deref(), source.product.as_deref()),
            (self.service.as_deref(), source.service.as_deref()),
        ]
    }

    /// No dimension that both know differs. What the event does not know agrees with every rule.
    #[must_use]
    pub fn agrees(&self, source: &LogSource) -> bool {
        self.dimensions(source).iter().all(|pair| match pair {
            (Some(wanted), Some(known)) => wanted.eq_ignore_ascii_case(known),
            _ => true,
        })
    }

    /// Every dimension named here is known of the event and equal.
    #[must_use]
    pub fn confirmed(&self, source: &LogSource) -> bool {
        self.dimensions(source).iter().all(|pair| match pair {
            (Some(wanted), Some(known)) => wanted.eq_ignore_ascii_case(known),
            (Some(_), None) => false,
            (None, _) => true,
        })
    }

    /// Whether a rule looks at events of that source. One that could match an event without finding anything in it must
    /// know for sure that the event is of its kind.
    #[must_use]
    pub fn admits(&self, source: &LogSource, needs_something: bool) -> bool {
        if needs_something { self.agrees(source) } else { self.confirmed(source) }
    }

    /// Every dimension named here is named by `rule` with the same value: whether a filter with
    /// this logsource covers that rule.
    #[must_use]
    pub fn covers(&self, rule: &LogSourcePattern) -> bool {
        let rule = LogSource {
            category: rule.category.clone(),
            product: rule.product.clone(),
            service: rule.service.clone(),
        };
        self.confirmed(&rule)
    }
}

impl fmt::Display for LogSourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |part: &Option<Arc<str>>| part.as_deref().unwrap_or("-").to_owned();
        f.pad(&format!("{}/{}/{}", word(&self.product), word(&self.category), word(&self.service)))
    }
}

/// `field|modifiers: values`, or keywords when there is no field.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub field: Option<String>,
    pub modifiers: Vec<Modifier>,
    pub values: Vec<ItemValue>,
    /// `all`: every value must match, instead of any.
    pub all: bool,
    /// `neq`: the item is true when its values are not.
    pub negated: bool,
    pub at: Position,
}

/// One value of an item, as written and as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemValue {
    pub node: Node,
    /// Any of these: one value becomes several by `windash`, `base64offset`, `expand`. Empty until
    /// `assemble` has filled in the placeholders of `expand`.
    pub tests: Vec<Test>,
}

/// What stands under a search identifier.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// The entries of a map.
    All(Vec<Search>),
    /// The members of a list.
    Any(Vec<Search>),
    Item(Item),
}

/// A named search.
#[derive(Clone, Debug, PartialEq)]
pub struct Identifier {
    pub name: Spanned<String>,
    pub search: Search,
}

/// The condition of a detection or filter; numbers are indexes of identifiers.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Identifier(usize),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    /// `1 of`, `all of`: the identifiers that the target stands for, never empty.
    Quantified {
        all: bool,
        target: String,
        identifiers: Vec<usize>,
    },
}

/// Search identifiers and the condition over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    pub identifiers: Vec<Identifier>,
    pub condition: Condition,
    /// As written; several conditions joined by ` or `.
    pub condition_text: String,
    pub condition_at: Position,
}

impl Search {
    fn asks_for(&self, field: &str) -> bool {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().any(|search| search.asks_for(field)),
            Self::Item(item) => item.field.as_deref() == Some(field),
        }
    }
}

impl Detection {
    /// Whether any of its searches looks at the field.
    #[must_use]
    pub fn asks_for(&self, field: &str) -> bool {
        self.identifiers.iter().any(|identifier| identifier.search.asks_for(field))
    }
}

/// A detection rule.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionRule {
    pub header: Header,
    pub logsource: LogSourcePattern,
    pub detection: Detection,
    /// Filters that apply to it, found by `assemble`: the rule matches only where all of them do.
    pub filters: Vec<Arc<Filter>>,
    /// `generate` at the root, which some writers put on the referenced rule; `None` if not written.
    pub generate: Option<bool>,
    /// The `soctop:` block; none as well where the block was refused.
    pub extension: Option<Extension>,
    /// What is wrong with the block; `assemble` says it.
    pub extension_problems: Vec<Diagnostic>,
}

/// A filter (meta rule).
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub header: Header,
    pub logsource: LogSourcePattern,
    /// References by id or name; empty means any rule.
    pub rules: Vec<Spanned<String>>,
    pub detection: Detection,
}

/// One document of a rule file.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    Detection(DetectionRule),
    Correlation(CorrelationRule),
    Filter(Filter),
}

impl Document {
    #[must_use]
    pub fn header(&self) -> &Header {
        match self {
            Document::Detection(rule) => &rule.header,
            Document::Correlation(rule) => &rule.header,
            Document::Filter(filter) => &filter.header,
        }
    }
}

/// Position of a rule in its [`RuleSet`]: detections first, then correlations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleIndex(pub u32);

impl RuleIndex {
    #[must_use]
    pub fn index(self) -> usize {
        to_usize(self.0)
    }
}

/// Rules that belong together: references resolved, filters applied, placeholders filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    pub detections: Vec<DetectionRule>,
    /// A correlation stands after every correlation it refers to.
    pub correlations: Vec<CorrelationRule>,
}

impl RuleSet {
    #[must_use]
    pub fn len(&self) -> usize {
        self.detections.len() + self.correlations.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Header of a rule of either kind.
    #[must_use]
    pub fn header(&self, rule: RuleIndex) -> Option<&Header> {
        match self.detections.get(rule.index()) {
            Some(rule) => Some(&rule.header),
            None => self.correlation(rule).map(|rule| &rule.header),
        }
    }

    /// The rule with this id or name.
    #[must_use]
    pub fn find(&self, reference: &str) -> Option<RuleIndex> {
        let headers = self
            .detections
            .iter()
            .map(|rule| &rule.header)
            .chain(self.correlations.iter().map(|rule| &rule.header));
        headers.enumerate().find(|(_, header)| header.is_called(reference)).map(|(n, _)| RuleIndex(to_u32(n)))
    }

    /// These rules, and those that they refer to in turn: what they count, and by what they are cleared or change state.
    #[must_use]
    pub fn with_all_they_name(&self, rules: impl IntoIterator<Item = RuleIndex>) -> BTreeSet<RuleIndex> {
        let named = |rule| self.extension(rule).into_iter().flat_map(Extension::rules_named);
        closure(rules, |rule| {
            let named = named(rule).filter_map(|name| self.find(name));
            self.counted_by(rule).chain(named).collect()
        })
    }

    /// These rules, and what they count in turn.
    #[must_use]
    pub fn with_all_they_count(&self, rules: impl IntoIterator<Item = RuleIndex>) -> BTreeSet<RuleIndex> {
        closure(rules, |rule| self.counted_by(rule).collect())
    }

    fn counted_by(&self, rule: RuleIndex) -> impl Iterator<Item = RuleIndex> {
        self.correlation(rule).into_iter().flat_map(|rule| rule.inputs.iter().copied())
    }

    /// The rules that reach into incidents of these without being named by them: those that go on with one instead of
    /// opening their own, and where the risk of an entity opens one, all that add to it.
    #[must_use]
    pub fn reaching_into(&self, rules: &BTreeSet<RuleIndex>) -> BTreeSet<RuleIndex> {
        let risk = |rule: RuleIndex| self.extension(rule).and_then(|extension| extension.risk.as_ref());
        let rest_on_risk = rules.iter().any(|rule| risk(*rule).is_some_and(|risk| risk.alert_at.is_some()));
        let joins_one = |rule: RuleIndex| {
            let joined = self.extension(rule).into_iter().flat_map(|extension| &extension.joins);
            joined.filter_map(|name| self.find(&name.value)).any(|joined| rules.contains(&joined))
        };
        let all = (0..self.len()).map(|index| RuleIndex(to_u32(index)));
        all.filter(|rule| joins_one(*rule) || rest_on_risk && risk(*rule).is_some()).collect()
    }

    fn correlation(&self, rule: RuleIndex) -> Option<&CorrelationRule> {
        self.correlations.get(rule.index().checked_sub(self.detections.len())?)
    }

    fn extension(&self, rule: RuleIndex) -> Option<&Extension> {
        match self.detections.get(rule.index()) {
            Some(rule) => rule.extension.as_ref(),
            None => self.correlation(rule)?.extension.as_ref(),
        }
    }

    /// Only these rules; none refers to a rule that is not among them.
    #[must_use]
    pub fn only(&self, wanted: &BTreeSet<RuleIndex>) -> Self {
        let place = |index: &RuleIndex| wanted.iter().position(|wanted| wanted == index).map(to_u32);
        let detections = wanted.iter().filter_map(|index| self.detections.get(index.index()).cloned());
        let correlations = wanted.iter().filter_map(|index| {
            let mut rule = self.correlation(*index)?.clone();
            rule.inputs = rule.inputs.iter().filter_map(place).map(RuleIndex).collect();
            Some(rule)
        });
        Self { detections: detections.collect(), correlations: correlations.collect() }
    }
}

/// These rules, and where each leads to, and so on.
fn closure(
    rules: impl IntoIterator<Item = RuleIndex>,
    leads_to: impl Fn(RuleIndex) -> Vec<RuleIndex>,
) -> BTreeSet<RuleIndex> {
    let mut all = BTreeSet::new();
    let mut next: Vec<RuleIndex> = rules.into_iter().collect();
    while let Some(rule) = next.pop() {
        if all.insert(rule) {
            next.extend(leads_to(rule));
        }
    }
    all
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

impl CorrelationKind {
    pub const ALL: [(&'static str, CorrelationKind); 8] = [
        ("event_count", CorrelationKind::EventCount),
        ("value_count", CorrelationKind::ValueCount),
        ("temporal", CorrelationKind::Temporal),
        ("temporal_ordered", CorrelationKind::TemporalOrdered),
        ("value_sum", CorrelationKind::ValueSum),
        ("value_avg", CorrelationKind::ValueAvg),
        ("value_percentile", CorrelationKind::ValuePercentile),
        ("value_median", CorrelationKind::ValueMedian),
    ];

    /// The word in the rule.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    #[must_use]
    pub fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    /// Works on the values of a field.
    #[must_use]
    pub fn needs_field(self) -> bool {
        !self.is_temporal() && self != Self::EventCount
    }
}

/// `condition` of a correlation.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrelationCondition {
    /// All thresholds must hold (a range is two of them). Empty for a temporal default condition.
    Thresholds {
        thresholds: Vec<(Comparison, Decimal)>,
        /// `field`: one, or a tuple of several for `value_count`.
        fields: Vec<String>,
        /// 0 to 100, for `value_percentile`.
        percentile: Option<Decimal>,
    },
    /// Extended condition over rule names: `a and b and not c`.
    Expression(Expression),
}

/// An extended condition: `a and not b` over the referenced rules.
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
    /// [`Correlation::rules`] resolved by `assemble`, in the same order.
    pub inputs: Vec<RuleIndex>,
    /// The `soctop:` block; none as well where the block was refused.
    pub extension: Option<Extension>,
    /// What is wrong with the block; `assemble` says it.
    pub extension_problems: Vec<Diagnostic>,
}
