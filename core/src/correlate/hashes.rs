//! By what groups, occurrences and streams are known: hashes, each a type of its own, so that none is taken for
//! another. They mean nothing to a correlator with other seeds.

use serde::{Deserialize, Serialize};

use super::numbers::low_half;

/// A keyed hash of what a group has in common: the values of its fields, in their order and without ASCII case. Entities
/// at risk have one too, of a field's name and its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub(crate) struct GroupKey(pub(super) u128);

impl GroupKey {
    /// Of what concerns a rule as a whole.
    pub(crate) const NONE: Self = Self(0);
    /// Of the common incident of all groups beyond a rule's budget.
    pub(crate) const EVERYTHING_ELSE: Self = Self(u128::MAX);

    /// Half of it, which is a hash as well.
    pub(super) fn short(self) -> u64 {
        low_half(self.0)
    }
}

/// What sketches know a group by: a hash with a seed of its own, so that two replays estimate alike.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct SketchKey(pub(super) u128);

/// What several streams write about one occurrence: a hash of its id and of what else must be the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub(crate) struct OccurrenceKey(pub(crate) u64);

/// Who writes of an occurrence: a hash of the name of a file, or of a logger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub(crate) struct StreamKey(pub(crate) u64);
