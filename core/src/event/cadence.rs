//! How often a source speaks, and whether it has fallen silent.

use serde::{Deserialize, Serialize};

use super::{HOUR, MINUTE, Nanos, Timestamp};

/// Silence shorter than this is never remarkable.
const SHORTEST_SILENCE: Nanos = MINUTE;
/// Until this many pauses were seen nobody knows what is usual for a source.
const PAUSES_TO_KNOW: u32 = 5;
/// Silence that is remarkable of a source that is hardly known.
const LONG_SILENCE: Nanos = HOUR;
/// Silence this many times as long as usual is.
const UNUSUAL: Nanos = 5;

/// When a source was heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// Arrival of the newest line.
    heard_at: Option<Timestamp>,
    /// The longest recent pause between arrivals, in nanoseconds; it decays, so that one long night is forgotten.
    usual_pause: Nanos,
    pauses: u32,
}

impl Cadence {
    /// A line arrived.
    pub fn hear(&mut self, at: Timestamp) {
        let before = self.heard_at.replace(at);
        if let Some(before) = before.filter(|before| at > *before) {
            let decayed = self.usual_pause - self.usual_pause / 64;
            self.usual_pause = decayed.max(at.since(before));
            self.pauses = self.pauses.saturating_add(1);
        }
    }

    /// Since the newest line; `None` where there was none.
    #[must_use]
    pub fn silent_for(&self, now: Timestamp) -> Option<Nanos> {
        self.heard_at.map(|at| now.since(at).max(0))
    }

    /// The arrival of the newest line, where that is much longer ago than usual.
    #[must_use]
    pub fn silent_since(&self, now: Timestamp) -> Option<Timestamp> {
        let least = if self.pauses < PAUSES_TO_KNOW { LONG_SILENCE } else { SHORTEST_SILENCE };
        let usual = self.usual_pause.saturating_mul(UNUSUAL).max(least);
        self.heard_at.filter(|at| now.since(*at) > usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_judged_by_what_is_usual_for_the_source() {
        let mut cadence = Cadence::default();
        let at = |seconds: i64| Timestamp::from_seconds(seconds);
        assert_eq!(cadence.silent_since(at(1_000_000)), None, "it never spoke");
        cadence.hear(at(0));
        assert_eq!(cadence.silent_since(at(3_600)), None, "nobody knows yet what is usual");
        assert_eq!(cadence.silent_since(at(3_601)), Some(at(0)));
        (1..=5).for_each(|number| cadence.hear(at(number * 30)));
        assert_eq!(cadence.silent_since(at(150 + 150)), None, "five pauses");
        assert_eq!(cadence.silent_since(at(150 + 151)), Some(at(150)));
        assert_eq!(cadence.silent_for(at(160)), Some(10_000_000_000));
        let mut talker = Cadence::default();
        (0..9).for_each(|number| talker.hear(at(number)));
        assert_eq!(talker.silent_since(at(8 + 60)), None, "a minute is never remarkable");
        assert_eq!(talker.silent_since(at(8 + 61)), Some(at(8)));
    }
}
