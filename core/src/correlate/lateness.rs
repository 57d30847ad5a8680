//! How late an event may be.

use crate::event::{Nanos, Timestamp};

/// How far behind its source an event may be and still be put exactly where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lateness(Nanos);

impl Lateness {
    /// Nothing is ever late, and nothing is settled before all has come.
    pub(crate) const UNLIMITED: Self = Self(Nanos::MAX);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new(allowed: Nanos) -> Self {
        Self(allowed.max(0))
    }

    /// The time by which what belongs to `time` has come.
    pub(crate) fn after(self, time: Timestamp) -> Timestamp {
        if self == Self::UNLIMITED { Timestamp::MAX } else { time.plus(self.0) }
    }

    /// The time before which nothing more is expected at `time`.
    pub(crate) fn before(self, time: Timestamp) -> Timestamp {
        if self == Self::UNLIMITED { Timestamp::MIN } else { time.minus(self.0) }
    }
}
