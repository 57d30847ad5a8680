//! The state of a breaker where a line has it in fields: `"from": "CLOSED", "to": "OPEN"`.

use super::{BreakerChange, BreakerState, BreakerWords, WordClass};
use crate::event::{Event, Kind, PathNames};
use crate::facts::names;

/// Longest value that is a state or a change of it, in bytes.
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
    pub before: Option<BreakerState>,
    pub now: Option<BreakerState>,
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

    /// The states in the fields of an event.
    #[must_use]
    pub fn read(words: &BreakerWords, event: &Event, paths: &PathNames) -> Self {
        let mut states = Self::default();
        for (index, field) in event.fields().iter().enumerate() {
            let text = event.text(field.span);
            if field.kind != Kind::String || text.len() > LONGEST {
                continue;
            }
            let Some((from, to)) = states_in(words, text) else { continue };
            let path = event.name(index, paths);
            let parts: Vec<&str> = path.rsplit('.').take(PARTS).collect();
            let called: Vec<String> = parts.iter().flat_map(|part| names::words(part)).collect();
            let is = |known: &[&str]| called.iter().any(|word| known.contains(&word.as_str()));
            let all = |word: &String| {
                [&BEFORE[..], &NOW, &HOLDERS].iter().any(|known| known.contains(&word.as_str()))
            };
            if !called.iter().all(all) {
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
}

/// `OPEN`, `CircuitState.OPEN`, `CLOSED_TO_OPEN`, `closed -> open`: the state before, and the one that it is.
fn states_in(words: &BreakerWords, text: &str) -> Option<(Option<BreakerState>, BreakerState)> {
    if let Some(state) = words.state(text) {
        return Some((None, state));
    }
    let lower = text.to_ascii_lowercase();
    let (from, to) = ["_to_", "->", "=>", "→", " to "].iter().find_map(|arrow| lower.split_once(arrow))?;
    Some((Some(words.state(from)?), words.state(to)?))
}

/// Whether a text says nothing but that a breaker changes, or how one stands: `circuit breaker state changed`.
#[must_use]
pub fn tells_of_change(words: &BreakerWords, text: &str) -> bool {
    let said = names::words(text);
    let is_known = |word: &String| {
        let class = words.class(word);
        matches!(
            class,
            Some(
                WordClass::Noun
                    | WordClass::Label
                    | WordClass::Moves
                    | WordClass::Stands
                    | WordClass::Turns
                    | WordClass::Towards
                    | WordClass::Idle
            )
        )
    };
    let changes = |word: &String| matches!(words.class(word), Some(WordClass::Label | WordClass::Moves));
    said.iter().all(is_known) && said.iter().any(changes)
}
