//! `states:` a small state machine per group.

use std::collections::BTreeMap;

use super::read::Reader;
use crate::event::Nanos;
use crate::sigma::{Board, Level};
use crate::yaml::diagnostic::did_you_mean;
use crate::yaml::{Node, NodeValue, Spanned};

/// A state machine: its states are numbered in the order of their first mention, the initial one is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    pub board: Board,
    /// Names of the states; index 0 is `initial`.
    pub names: Vec<String>,
    pub on: Vec<StateTransition>,
    pub timeouts: Vec<StateTimeout>,
    /// States during which an incident is open.
    pub alert: Vec<usize>,
    /// States to rest in: a row in one of them leaves the board. Always holds the initial state.
    pub resting: Vec<usize>,
    /// Inputs that are the word of the service itself; all others are inferred.
    pub logged: Vec<Spanned<String>>,
    /// Of a rule that names the group otherwise: its fields, by those of the group.
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// Level of an incident as long as its state is but inferred; default: that of the rule.
    pub inferred: Option<Level>,
    /// The field that names the entity; default: all values of the group.
    pub entity: Option<String>,
    pub flapping: Option<Flapping>,
    /// An incident when what was inferred and what the service says differ for this long.
    pub disagree_after: Option<Nanos>,
}

/// This many entries within the time are flapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    pub entries: u32,
    pub within: Nanos,
    /// Into this state; default: into any that alerts.
    pub into: Option<usize>,
}

/// `"locked > login_success > normal"`.
#[derive(Clone, Debug, PartialEq)]
pub struct StateTransition {
    pub from: From,
    pub input: Input,
    pub to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// `*`
    Any,
    State(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// `firing`: the rule's own condition holds (of a plain detection: it matches).
    Firing,
    Rule(Spanned<String>),
}

/// `"locked 15m normal"`: the state ends by itself. Without a next state: into the initial one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StateTimeout {
    pub state: usize,
    pub after: Nanos,
    pub to: usize,
}

const KEYS: &[&str] = &[
    "board",
    "initial",
    "on",
    "timeout",
    "alert",
    "resting",
    "logged",
    "aliases",
    "inferred",
    "entity",
    "flapping",
    "disagree_after",
];

pub(super) fn parse(node: &Node, reader: &mut Reader) -> Option<States> {
    let map = reader.map(node, "states", KEYS)?;
    let boards = [
        ("lockout", Board::Lockout),
        ("breaker", Board::Breaker),
        ("blocked_address", Board::BlockedAddress),
        ("rate_limited", Board::RateLimited),
        ("revoked_token", Board::RevokedToken),
        ("silent_source", Board::SilentSource),
        ("other", Board::Other),
    ];
    let board = map.get("board").map_or(Some(Board::Other), |node| reader.word(node, "board", &boards))?;
    let initial = reader.required(&map, node, "initial").and_then(|node| reader.string(node))?;
    let mut names = vec![initial];
    let on = reader.required(&map, node, "on").map(|on| transitions(on, &mut names, reader))?;
    let timeouts = map.get("timeout").map(|node| timeouts(node, &mut names, reader)).unwrap_or_default();
    let alert = map.get("alert").map(|node| known_states(node, &names, reader)).unwrap_or_default();
    let mut resting = map.get("resting").map(|node| known_states(node, &names, reader)).unwrap_or_default();
    if !resting.contains(&0) {
        resting.push(0);
    }
    let flapping = map.get("flapping").and_then(|node| flapping(node, &names, reader));
    let aliases = map.get("aliases").map(|node| aliases(node, &on, reader)).unwrap_or_default();
    Some(States {
        board,
        on,
        timeouts,
        alert,
        resting,
        logged: map.get("logged").map(|node| reader.references(node)).unwrap_or_default(),
        aliases,
        inferred: map.get("inferred").and_then(|node| level(node, reader)),
        entity: map.get("entity").and_then(|node| reader.string(node)),
        flapping,
        disagree_after: map.get("disagree_after").and_then(|node| reader.duration(node)),
        names,
    })
}

/// `{user.name: {account_locked_by_another: user.target.name}}`, of rules that a transition names.
fn aliases(
    node: &Node,
    on: &[StateTransition],
    reader: &mut Reader,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let inputs: Vec<&str> = on
        .iter()
        .filter_map(|transition| match &transition.input {
            Input::Firing => None,
            Input::Rule(rule) => Some(rule.value.as_str()),
        })
        .collect();
    let mut out = BTreeMap::new();
    for (field, rules) in node.entries() {
        for (rule, _) in rules.entries().iter().filter(|(rule, _)| !inputs.contains(&rule.value.as_str())) {
            let at = Node { value: NodeValue::Null, at: rule.at.clone() };
            reader.error(&at, format!("`{}` is in no transition of `on`", rule.value));
        }
        let named = rules.entries().iter();
        let named = named.filter_map(|(rule, field)| Some((rule.value.clone(), reader.string(field)?)));
        out.insert(field.value.clone(), named.collect());
    }
    out
}

fn level(node: &Node, reader: &mut Reader) -> Option<Level> {
    let words = Level::ALL.map(|level| (level.word(), level));
    reader.word(node, "inferred", &words)
}

fn transitions(node: &Node, names: &mut Vec<String>, reader: &mut Reader) -> Vec<StateTransition> {
    let mut out = Vec::new();
    for line in reader.references(node) {
        let at = Node { value: NodeValue::Null, at: line.at.clone() };
        let parts: Vec<&str> = line.value.split('>').map(str::trim).collect();
        let [from, input, to] = parts.as_slice() else {
            reader.error_with_hint(
                &at,
                format!("`{}` is not a transition", line.value),
                "write `state > rule > state`, with `*` for any state and `firing` for this rule itself",
            );
            continue;
        };
        if from.is_empty() || input.is_empty() || to.is_empty() || *to == "*" {
            reader.error(&at, format!("`{}` lacks a state or a rule", line.value));
            continue;
        }
        let from = if *from == "*" { From::Any } else { From::State(state(names, from)) };
        let input = if *input == "firing" {
            Input::Firing
        } else {
            Input::Rule(Spanned { value: (*input).to_owned(), at: line.at.clone() })
        };
        out.push(StateTransition { from, input, to: state(names, to) });
    }
    out
}

fn timeouts(node: &Node, names: &mut Vec<String>, reader: &mut Reader) -> Vec<StateTimeout> {
    let mut out = Vec::new();
    for line in reader.references(node) {
        let at = Node { value: NodeValue::Null, at: line.at.clone() };
        let words: Vec<&str> = line.value.split_whitespace().collect();
        let parsed = match words.as_slice() {
            [from, after, to] => super::duration(after).map(|after| (*from, after, (*to).to_owned())),
            // Into the initial state.
            [from, after] => {
                super::duration(after).zip(names.first()).map(|(after, to)| (*from, after, to.clone()))
            }
            _ => None,
        };
        match parsed {
            Some((from, after, to)) => {
                out.push(StateTimeout { state: state(names, from), after, to: state(names, &to) });
            }
            None => reader.error_with_hint(
                &at,
                format!("`{}` is not a timeout", line.value),
                "write `state duration next-state`, for example `locked 15m normal`",
            ),
        }
    }
    out
}

fn flapping(node: &Node, names: &[String], reader: &mut Reader) -> Option<Flapping> {
    let map = reader.map(node, "flapping", &["entries", "within", "into"])?;
    let entries = reader.required(&map, node, "entries").and_then(|node| reader.count(node));
    let within = reader.required(&map, node, "within").and_then(|node| reader.duration(node));
    let into = map.get("into").and_then(|node| known_states(node, names, reader).first().copied());
    Some(Flapping { entries: entries?, within: within?, into })
}

fn state(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn known_states(node: &Node, names: &[String], reader: &mut Reader) -> Vec<usize> {
    let mut out = Vec::new();
    for written in reader.references(node) {
        match names.iter().position(|name| *name == written.value) {
            Some(index) => out.push(index),
            None => {
                let at = Node { value: NodeValue::Null, at: written.at.clone() };
                let hint = did_you_mean(&written.value, names.iter().map(String::as_str))
                    .unwrap_or_else(|| format!("states: {}", names.join(", ")));
                reader.error_with_hint(
                    &at,
                    format!("no transition names the state `{}`", written.value),
                    hint,
                );
            }
        }
    }
    out
}
