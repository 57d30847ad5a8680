//! What is known of groups and events that there is no room for: bounds from above, never more.
//!
//! - [`CountMin`]: how many events a group may have had that has no place of its own.
//! - [`DistinctInTime`]: how many distinct values may have been given up (HyperLogLog).
//!
//! An estimate decides who gets a place and what is marked as incomplete; no incident rests on it. Both work on
//! keyed hashes. An estimate depends on the key, so a live run has a random one, which nobody who writes logs can
//! guess, and a replay has one that is always the same: two replays say the same.

mod count_min;
mod hyperloglog;

pub(crate) use self::count_min::CountMin;
pub(crate) use self::hyperloglog::DistinctInTime;

use crate::event::{Nanos, Timestamp};

/// A window covers at most this many whole panes and one more.
const PANES: i64 = 4;

fn width(span: Nanos) -> Nanos {
    (span / PANES).max(1)
}

/// The number of the pane of a time.
pub(super) fn pane_of(time: Timestamp, span: Nanos) -> i64 {
    time.period(width(span))
}

/// The first moment of a pane.
pub(super) fn start_of(pane: i64, span: Nanos) -> Timestamp {
    Timestamp::of_period(pane, width(span))
}

/// Whether a pane has anything in common with a window that starts at `start`.
pub(super) fn touches(pane: i64, start: Timestamp, span: Nanos) -> bool {
    pane >= pane_of(start, span)
}
