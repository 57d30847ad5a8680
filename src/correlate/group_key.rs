//! By what a group is known within its rule.

use serde::{Deserialize, Serialize};

use super::numbers::low_half;

/// A keyed hash of what a group has in common: the values of its fields, in their order and without ASCII case. Entities
/// at risk have one too, of a field's name and its value. It means nothing to a correlator with other seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub(crate) struct GroupKey(pub(super) u128);

impl GroupKey {
    /// Of what concerns a rule as a whole.
    pub(crate) const NONE: Self = Self(0);
    /// Of the common incident of all groups beyond a rule's budget.
    pub(crate) const EVERYTHING_ELSE: Self = Self(u128::MAX);

    /// As the key of a map that has room for half of it.
    pub(super) fn short(self) -> u64 {
        low_half(self.0)
    }
}

/// What sketches know a group by: a hash with a seed of its own, so that two replays estimate alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct SketchKey(pub(super) u128);
