//! What a sentence says of a circuit breaker: that it opened, lets a few calls through, closed, or refused a call, and
//! which breaker it was.
//!
//! Every library and every team words this differently, but all with the same few words, which stand under `breakers`
//! in `sentences.yml`. Four kinds of evidence count, the first that is there: where a change leads (`closed -> open`,
//! `switched to OPEN`), a verb beside the word *breaker* (`tripped`, `recovered`), how it stands (`is open`), and calls that it
//! refuses. What is planned (`half-open in 20s`), denied or supposed states nothing.

mod change;
mod fields;
mod name;
mod tokens;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use self::change::{Course, place_of};
pub use self::fields::{FieldStates, tells_of_change};
use self::name::Names;
use self::tokens::tokens;
use super::fact::Fact;
use super::file::texts;
use super::quotes;
use super::scan::head;
use crate::yaml::Node;

/// Longest word for a state, in bytes.
const LONGEST_STATE: usize = 24;

/// The words of `breakers`, folded: small, without `-` and `_`.
#[derive(Debug, Default)]
pub struct BreakerWords {
    classes: HashMap<String, WordClass>,
    /// As they are looked for in messages.
    nouns: Vec<String>,
    /// What happens to calls at an open breaker; of several words.
    refusals: Vec<String>,
    /// What only a half-open one lets through.
    probes: Vec<String>,
    /// Words of another world, and words that are no names: those of all sentences.
    veto: HashSet<String>,
    ordinary: HashSet<String>,
}

/// What a word is for a sentence about breakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordClass {
    Noun,
    /// How one stands.
    Is(BreakerState),
    /// What one does.
    Does(BreakerState),
    /// `switched`, `went`: what follows behind `to` is the state.
    Moves,
    /// `entering`: what follows is the state.
    Enters,
    Towards,
    /// `is`, `remains`.
    Stands,
    /// `still`
    Lasts,
    /// `now`, `again`
    Turns,
    /// `state`
    Label,
    /// `service`, `upstream`: what follows is its name.
    Thing,
    /// `for`
    Of,
    /// `calls`, `talking`: behind `to` follows the name.
    Calls,
    /// `because`, `after`: why it happened is another matter.
    Cause,
    /// `will`, `if`: all of the clause is supposed.
    Supposes,
    /// Nobody's name.
    Idle,
}

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Open,
    HalfOpen,
    Closed,
}

impl BreakerState {
    /// As it stands in `soctop.breaker.state`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Closed => "closed",
        }
    }
}

/// What is said of a breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerSentence {
    pub change: Option<BreakerChange>,
    /// Where the message says so.
    pub place: Range<usize>,
    /// Where its name stands in the message.
    pub name: Option<Range<usize>>,
}

/// What one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerChange {
    Becomes(BreakerState),
    RefusesCall,
}

impl BreakerChange {
    /// The fact that it is.
    #[must_use]
    pub fn fact(self) -> Option<Fact> {
        Fact::named(match self {
            Self::Becomes(BreakerState::Open) => "breaker_opened",
            Self::Becomes(BreakerState::HalfOpen) => "breaker_half_opened",
            Self::Becomes(BreakerState::Closed) => "breaker_closed",
            Self::RefusesCall => "breaker_rejected",
        })
    }

    /// The state that it is in now, where that is said to be new.
    #[must_use]
    pub fn state(self) -> Option<BreakerState> {
        match self {
            Self::Becomes(state) => Some(state),
            Self::RefusesCall => None,
        }
    }
}

impl BreakerWords {
    /// Takes the words under `breakers`; `veto` and `ordinary` are those of all sentences.
    pub(super) fn take(&mut self, root: &Node, veto: &HashSet<String>, ordinary: &HashSet<String>) {
        const CLASSES: [(&str, WordClass); 19] = [
            ("nouns", WordClass::Noun),
            ("open", WordClass::Is(BreakerState::Open)),
            ("opens", WordClass::Does(BreakerState::Open)),
            ("half_open", WordClass::Is(BreakerState::HalfOpen)),
            ("half_opens", WordClass::Does(BreakerState::HalfOpen)),
            ("closed", WordClass::Is(BreakerState::Closed)),
            ("closes", WordClass::Does(BreakerState::Closed)),
            ("moves", WordClass::Moves),
            ("enters", WordClass::Enters),
            ("towards", WordClass::Towards),
            ("stands", WordClass::Stands),
            ("lasts", WordClass::Lasts),
            ("turns", WordClass::Turns),
            ("labels", WordClass::Label),
            ("things", WordClass::Thing),
            ("of", WordClass::Of),
            ("calls", WordClass::Calls),
            ("causes", WordClass::Cause),
            ("idle", WordClass::Idle),
        ];
        let Some(node) = root.get("breakers") else { return };
        let words = |key: &str| node.get(key).map(texts).unwrap_or_default();
        for (key, class) in CLASSES {
            self.classes.extend(words(key).iter().map(|word| (fold(word), class)));
        }
        self.classes.extend(words("supposes").iter().map(|word| (fold(word), WordClass::Supposes)));
        self.nouns.extend(words("nouns"));
        self.refusals.extend(words("refusals"));
        self.probes.extend(words("probes"));
        self.veto.clone_from(veto);
        self.ordinary.clone_from(ordinary);
    }

    /// What the message says of a breaker. `None`: it speaks of none. `is_about_one`: a field beside the message says that
    /// the line is about a breaker.
    #[must_use]
    pub fn read(&self, message: &str, is_about_one: bool) -> Option<BreakerSentence> {
        let message = head(message);
        let quoted = quotes::quoted(message);
        let tokens = tokens(self, message, &quoted);
        let lower = message.to_ascii_lowercase();
        let [refused, probed] = [&self.refusals, &self.probes].map(|texts| place_of(&lower, texts));
        let course = Course { words: self, tokens: &tokens, message, is_about_one, refused, probed };
        if !is_about_one && !course.speaks_of_one() {
            return None;
        }
        let claim = course.claim();
        let name = Names { words: self, tokens: &tokens, claim: claim.as_ref() }.find();
        let place = claim.as_ref().map(|claim| course.place(claim)).unwrap_or_default();
        let change = claim.filter(|claim| !course.is_vetoed(claim, name.as_ref())).map(|claim| claim.change);
        Some(BreakerSentence { change, place, name })
    }

    /// The words for a breaker.
    pub(super) fn nouns(&self) -> &[String] {
        &self.nouns
    }

    fn class(&self, folded: &str) -> Option<WordClass> {
        self.classes.get(folded).copied()
    }

    /// The state that a value names: `HALF_OPEN`, `half open`, `CircuitState.OPEN`.
    #[must_use]
    pub fn state(&self, value: &str) -> Option<BreakerState> {
        let word = value.trim().rsplit('.').next().filter(|word| word.len() <= LONGEST_STATE)?;
        match self.class(&fold(word).replace(' ', ""))? {
            WordClass::Is(state) | WordClass::Does(state) => Some(state),
            _ => None,
        }
    }
}

/// Whether a field, or its name, may speak of a breaker at all.
#[must_use]
pub fn may_mention(text: &str) -> bool {
    /// Without the letter that may be large; a name is written in small letters or in large ones.
    static PIECES: LazyLock<[Finder<'static>; 4]> =
        LazyLock::new(|| ["reaker", "REAKER", "ircuit", "IRCUIT"].map(Finder::new));
    PIECES.iter().any(|piece| piece.find(text.as_bytes()).is_some())
}

/// A word as it is looked up: `Half_Open` as `halfopen`.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
