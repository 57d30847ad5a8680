//! Rules to one program: items shared between rules, conditions over them, and the required atoms by
//! which the prefilter finds a rule.
//!
//! An *item* (`field|modifiers: values`) is the unit that is evaluated at most once per event, however
//! many rules contain it. `neq` becomes a `not` around the positive item, so that both share it.

mod item;
mod required;

use hashbrown::HashMap;

use crate::event::Paths;
use crate::event::number::to_u32;
use crate::sigma::matcher::Test;
use crate::sigma::rule::{Condition, Detection, DetectionRule, Item, LogSourcePattern, RuleSet, Search};
use crate::sigma::scan;
use crate::sigma::taxonomy::{FieldResolver, FieldSlot};

pub use item::{ItemProgram, Target, Value};
pub use required::RequiredAtoms;

/// A condition over items.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Item(u32),
    Not(Box<Node>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
}

/// One detection rule.
#[derive(Debug)]
pub struct RuleProgram {
    pub root: Node,
    pub logsource: LogSourcePattern,
    /// The rule can match an event in which nothing was found: its logsource must be certain.
    pub needs_something: bool,
    pub required: RequiredAtoms,
}

/// A compiled rule set, before any event.
pub struct Program {
    pub fields: FieldResolver,
    pub items: Vec<ItemProgram>,
    pub rules: Vec<RuleProgram>,
}

#[derive(PartialEq, Eq, Hash)]
struct ItemKey {
    target: Target,
    all: bool,
    values: Vec<Vec<Test>>,
}

struct Compiler {
    fields: FieldResolver,
    items: Vec<ItemProgram>,
    known: HashMap<ItemKey, u32>,
}

impl Program {
    #[must_use]
    pub fn compile(rules: &RuleSet, paths: &Paths) -> Self {
        let mut compiler =
            Compiler { fields: FieldResolver::new(paths), items: Vec::new(), known: HashMap::new() };
        let roots: Vec<Node> = rules.detections.iter().map(|rule| compiler.rule(rule)).collect();
        let mut required = required::choose(&roots, &compiler.items).into_iter();
        compiler.items.iter_mut().for_each(ItemProgram::forget_tests);
        let programs = rules.detections.iter().zip(roots).map(|(rule, root)| RuleProgram {
            root,
            logsource: rule.logsource.clone(),
            needs_something: scan::needs_something(rule),
            required: required.next().flatten(),
        });
        let rules = programs.collect();
        Self { fields: compiler.fields, items: compiler.items, rules }
    }
}

impl Compiler {
    fn rule(&mut self, rule: &DetectionRule) -> Node {
        let own = self.detection(&rule.detection);
        if rule.filters.is_empty() {
            return own;
        }
        let filters: Vec<Node> =
            rule.filters.iter().map(|filter| self.detection(&filter.detection)).collect();
        and(std::iter::once(own).chain(filters).collect())
    }

    fn detection(&mut self, detection: &Detection) -> Node {
        self.condition(detection, &detection.condition)
    }

    fn condition(&mut self, detection: &Detection, condition: &Condition) -> Node {
        match condition {
            Condition::Identifier(index) => self.identifier(detection, *index),
            Condition::Not(inner) => not(self.condition(detection, inner)),
            Condition::And(terms) => and(terms.iter().map(|term| self.condition(detection, term)).collect()),
            Condition::Or(terms) => or(terms.iter().map(|term| self.condition(detection, term)).collect()),
            Condition::Quantified { all, identifiers, .. } => {
                let nodes = identifiers.iter().map(|index| self.identifier(detection, *index)).collect();
                if *all { and(nodes) } else { or(nodes) }
            }
        }
    }

    fn identifier(&mut self, detection: &Detection, index: usize) -> Node {
        match detection.identifiers.get(index) {
            Some(identifier) => self.search(&identifier.search),
            None => Node::Or(Box::default()),
        }
    }

    fn search(&mut self, search: &Search) -> Node {
        match search {
            Search::All(inner) => and(inner.iter().map(|search| self.search(search)).collect()),
            Search::Any(inner) => or(inner.iter().map(|search| self.search(search)).collect()),
            Search::Item(item) if item.negated => not(self.item(item)),
            Search::Item(item) => self.item(item),
        }
    }

    fn item(&mut self, item: &Item) -> Node {
        let target = match &item.field {
            Some(field) => Target::Field(self.fields.slot(field)),
            None => Target::Keywords,
        };
        let all = item.all && item.values.len() > 1;
        let values: Vec<Vec<Test>> = if all {
            item.values.iter().map(|value| value.tests.clone()).collect()
        } else {
            vec![item.values.iter().flat_map(|value| value.tests.iter().cloned()).collect()]
        };
        let key = ItemKey { target, all, values };
        if let Some(index) = self.known.get(&key) {
            return Node::Item(*index);
        }
        let index = to_u32(self.items.len());
        let references = &mut |name: &str| -> FieldSlot { self.fields.slot(name) };
        self.items.push(ItemProgram::new(target, &key.values, references));
        self.known.insert(key, index);
        Node::Item(index)
    }
}

fn not(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        node => Node::Not(Box::new(node)),
    }
}

fn and(nodes: Vec<Node>) -> Node {
    let flat: Vec<Node> = nodes
        .into_iter()
        .flat_map(|node| match node {
            Node::And(inner) => inner.into_vec(),
            node => vec![node],
        })
        .collect();
    single(flat, Node::And)
}

fn or(nodes: Vec<Node>) -> Node {
    let flat: Vec<Node> = nodes
        .into_iter()
        .flat_map(|node| match node {
            Node::Or(inner) => inner.into_vec(),
            node => vec![node],
        })
        .collect();
    single(flat, Node::Or)
}

fn single(mut nodes: Vec<Node>, many: fn(Box<[Node]>) -> Node) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { many(nodes.into_boxed_slice()) }
}
