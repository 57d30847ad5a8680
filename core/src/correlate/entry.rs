//! One event in a group, as windows count it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::event::Timestamp;
use crate::sigma::decimal::Decimal;

/// (time, order) of an entry.
pub(crate) type Position = (Timestamp, u64);

/// One event (or firing of a rule below) in a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) time: Timestamp,
    /// Order of reading; breaks ties and identifies the entry.
    pub(crate) order: u64,
    /// Rule bits and, in the highest bits, marks.
    bits: u64,
    pub(crate) values: Values,
    pub(crate) evidence: Option<Arc<Evidence>>,
}

/// What a window counts or adds up of an event: all values of the field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Values {
    #[default]
    None,
    /// Fingerprint of the only value, or tuple of values.
    One(u64),
    Several(Box<[u64]>),
    Number(Decimal),
    Numbers(Box<[Decimal]>),
    /// How full a bucket was after the event, as the bits of a float.
    Level(u64),
}

impl Values {
    pub(crate) fn of_fingerprints(all: &[u64]) -> Self {
        match all {
            [] => Self::None,
            [only] => Self::One(*only),
            several => Self::Several(several.into()),
        }
    }

    pub(crate) fn of_numbers(all: &[Decimal]) -> Self {
        match all {
            [] => Self::None,
            [only] => Self::Number(*only),
            several => Self::Numbers(several.into()),
        }
    }
}

const RESET: u64 = 1 << 63;
const FIRED: u64 = 1 << 62;
/// For a share: it is of the whole, and of the part.
const WHOLE: u64 = 1 << 61;
const PART: u64 = 1 << 60;
const RULES: u64 = (1 << 60) - 1;

impl Entry {
    /// With the marks of [`Entry::bits`].
    pub(crate) fn with_bits(time: Timestamp, order: u64, bits: u64) -> Self {
        Self { time, order, bits, values: Values::None, evidence: None }
    }

    pub(crate) fn step(time: Timestamp, order: u64, bit: u8) -> Self {
        Self::with_bits(time, order, 1 << bit)
    }

    /// An event of these rules.
    pub(crate) fn of(rules: u64, time: Timestamp, order: u64) -> Self {
        Self::with_bits(time, order, rules & RULES)
    }

    /// All that is known of some events of these rules: they came before every entry after `time`.
    pub(crate) fn of_rules(rules: u64, time: Timestamp) -> Self {
        Self::with_bits(time, u64::MAX, rules & RULES)
    }

    pub(crate) fn reset(time: Timestamp, order: u64) -> Self {
        Self::with_bits(time, order, RESET)
    }

    /// Fingerprints of its values.
    pub(crate) fn fingerprints(&self) -> &[u64] {
        match &self.values {
            Values::One(only) => std::slice::from_ref(only),
            Values::Several(several) => several,
            _ => &[],
        }
    }

    pub(crate) fn numbers(&self) -> &[Decimal] {
        match &self.values {
            Values::Number(only) => std::slice::from_ref(only),
            Values::Numbers(several) => several,
            _ => &[],
        }
    }

    pub(crate) fn level(&self) -> f64 {
        match self.values {
            Values::Level(bits) => f64::from_bits(bits),
            _ => 0.0,
        }
    }

    pub(crate) fn set_level(&mut self, level: f64) {
        self.values = Values::Level(level.to_bits());
    }

    /// Its rules and marks, to be stored.
    pub(crate) fn bits(&self) -> u64 {
        self.bits
    }

    pub(crate) fn rules(&self) -> u64 {
        self.bits & RULES
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.bits & RESET != 0
    }

    /// Whether it is one of a run of events of one time, which a reset would end.
    pub(crate) fn is_of_run(&self, time: Timestamp) -> bool {
        self.time == time && !self.is_reset()
    }

    /// The condition held at this entry.
    pub(crate) fn has_fired(&self) -> bool {
        self.bits & FIRED != 0
    }

    pub(crate) fn set_fired(&mut self, fired: bool) {
        self.bits = if fired { self.bits | FIRED } else { self.bits & !FIRED };
    }

    /// How much it counts for of the part and of the whole.
    pub(crate) fn shares(&self) -> [u32; 2] {
        [u32::from(self.bits & PART != 0), u32::from(self.bits & WHOLE != 0)]
    }

    pub(crate) fn set_shares(&mut self, part: bool, whole: bool) {
        self.bits &= !(PART | WHOLE);
        self.bits |= if part { PART } else { 0 } | if whole { WHOLE } else { 0 };
    }

    pub(crate) fn key(&self) -> Position {
        (self.time, self.order)
    }

    /// Whether the same event counts for no more than this already does.
    pub(crate) fn says_as_much_as(&self, same: &Self) -> bool {
        self.rules() | same.rules() == self.rules()
            && self.is_reset() == same.is_reset()
            && self.has_values_of(same)
    }

    /// Whether the same event as another referenced rule brings no value that is not known.
    pub(crate) fn has_values_of(&self, same: &Self) -> bool {
        same.values == Values::None || same.values == self.values
    }

    /// Takes in the same event as another referenced rule.
    pub(crate) fn absorb(&mut self, same: Self) {
        self.bits |= same.bits;
        self.evidence = same.evidence.or(self.evidence.take());
        if same.values != Values::None {
            self.values = same.values;
        }
    }
}
