//! The state of a breaker where a line has it in fields: `"from": "CLOSED", "to": "OPEN"`.

use super::{BreakerChange, BreakerWords, Class, State, fold};
use crate::event::{Event, Kind, PathNames};
use crate::facts::names;

/// Longest value that is a state, in bytes.
const LONGEST: usize = 40;
/// Parts of a path, from its end, that say what its value is.
const PARTS: usize = 2;
const BEFORE: [&str; 6] = ["from", "old", "previous", "prev", "last", "prior"];
const NOW: [&str; 12] = [
    "to",
    "new",
    "current",
    "now",
    "next",
    "state",
    "status",
    "transition",
    "circuit",
    "breaker",
    "circuitbreaker",
    "cb",
];
/// What holds the fields of an event.
const HOLDERS: [&str; 14] = [
    "data",
    "payload",
    "event",
    "change",
    "details",
    "detail",
    "attributes",
    "metadata",
    "extra",
    "context",
    "fields",
    "body",
    "record",
    "labels",
];

/// What the fields say: the state before, if they tell it, and the state now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldStates {
    pub before: Option<State>,
    pub now: Option<State>,
}

impl FieldStates {
    /// What they tell: a change where there is one before, or where the line `told` of one. That one is closed is how it should be.
    #[must_use]
    pub fn change(self, told: bool) -> Option<BreakerChange> {
        let now = self.now?;
        let changes = match self.before {
            Some(before) => before != now,
            None => told,
        };
        changes.then_some(BreakerChange::Becomes(now))
    }
}

impl BreakerWords {
    /// The states in the fields of an event.
    #[must_use]
    pub fn states_of(&self, event: &Event, paths: &PathNames) -> FieldStates {
        let mut states = FieldStates::default();
        for (index, field) in event.fields().iter().enumerate() {
            let text = event.text(field.span);
            if field.kind != Kind::String || text.len() > LONGEST {
                continue;
            }
            let Some((from, to)) = self.states_in(text) else { continue };
            let path = event.name(index, paths);
            let parts: Vec<&str> = path.rsplit('.').take(PARTS).collect();
            let words: Vec<String> = parts.iter().flat_map(|part| names::words(part)).collect();
            let is = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
            let all = |word: &String| {
                [&BEFORE[..], &NOW, &HOLDERS].iter().any(|known| known.contains(&word.as_str()))
            };
            if !words.iter().all(all) {
                continue;
            }
            if is(&BEFORE) {
                states.before = states.before.or(Some(to));
            } else if is(&NOW) {
                states.now = states.now.or(Some(to));
                states.before = states.before.or(from);
            }
        }
        states
    }

    /// `OPEN`, `CircuitState.OPEN`, `CLOSED_TO_OPEN`, `closed -> open`: the state before, and the one that it is.
    fn states_in(&self, text: &str) -> Option<(Option<State>, State)> {
        let state = |text: &str| match self.class(&fold(text.trim().rsplit('.').next()?))? {
            Class::Is(state) | Class::Does(state) => Some(state),
            _ => None,
        };
        if let Some(state) = state(text) {
            return Some((None, state));
        }
        let lower = text.to_ascii_lowercase();
        let (from, to) =
            ["_to_", "->", "=>", "→", " to "].iter().find_map(|arrow| lower.split_once(arrow))?;
        Some((Some(state(from)?), state(to)?))
    }

    /// Whether a text says nothing but that a breaker changes, or how one stands: `circuit breaker state changed`.
    #[must_use]
    pub fn tells_of_change(&self, text: &str) -> bool {
        let words = names::words(text);
        let is_known = |word: &String| {
            let class = self.class(word);
            matches!(
                class,
                Some(
                    Class::Noun
                        | Class::Label
                        | Class::Moves
                        | Class::Stands
                        | Class::Turns
                        | Class::Towards
                        | Class::Idle
                )
            )
        };
        let changes = |word: &String| matches!(self.class(word), Some(Class::Label | Class::Moves));
        words.iter().all(is_known) && words.iter().any(changes)
    }
}
