//! What a rule learned: values it has seen (`first_seen`) and how much is usual (`baseline`).

use serde::{Deserialize, Serialize};

use super::aggregate::KeyedMap;
use crate::event::number::to_usize;
use crate::event::{HOUR, Nanos, Timestamp};
use crate::sigma::extension::{Baseline, FirstSeen, Season};

/// Values seen so far, as keyed fingerprints.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) learning_since: Option<Timestamp>,
    pub(crate) last: KeyedMap<u64, Timestamp>,
    /// Values were forgotten for want of room: they will fire again.
    pub(crate) approximate: bool,
}

/// Values remembered per rule.
const MOST_VALUES: usize = 262_144;

impl Seen {
    /// Remembers a value; true when it is new and learning is over.
    pub(crate) fn is_new(&mut self, value: u64, time: Timestamp, rule: &FirstSeen) -> bool {
        let since = *self.learning_since.get_or_insert(time);
        let learned = time >= since.plus(rule.learn);
        let before = self.last.get(&value).copied();
        self.last.insert(value, before.map_or(time, |before| before.max(time)));
        if self.last.len() > MOST_VALUES {
            self.forget_oldest();
        }
        let forgotten = |before: Timestamp| rule.forget.is_some_and(|forget| time.since(before) > forget);
        learned && before.is_none_or(forgotten)
    }

    /// Drops the older half, so that the cost is shared by many insertions.
    fn forget_oldest(&mut self) {
        let mut times: Vec<Timestamp> = self.last.values().copied().collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.last.retain(|_, time| *time > median);
        self.approximate = true;
    }
}

/// What one group usually has in one timespan, by season.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usual {
    since: Option<Timestamp>,
    /// Number of the timespan being counted, and events in it.
    period: i64,
    count: u32,
    /// By slot of the season.
    means: Vec<Mean>,
}

/// Exponentially weighted mean of this many periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mean {
    #[serde(with = "super::snapshot::exact")]
    value: f64,
    periods: u32,
}

/// Weight of the newest period.
const WEIGHT: f64 = 0.2;
/// Empty periods folded one by one before the mean is taken as forgotten.
const MOST_EMPTY: i64 = 64;

impl Usual {
    /// Counts an event at `time`.
    pub(crate) fn count(&mut self, time: Timestamp, span: Nanos, baseline: Baseline) {
        let period = time.period(span);
        if self.since.is_none() {
            self.since = Some(time);
            self.period = period;
        }
        if period > self.period {
            self.fold(self.period, self.count, span, baseline);
            let empty = (self.period + 1..period).rev().take(to_usize(MOST_EMPTY));
            for missed in empty {
                self.fold(missed, 0, span, baseline);
            }
            self.period = period;
            self.count = 0;
        }
        if period == self.period {
            self.count = self.count.saturating_add(1);
        }
    }

    fn fold(&mut self, period: i64, count: u32, span: Nanos, baseline: Baseline) {
        let slot = slot(Timestamp::of_period(period, span), baseline.season);
        if self.means.len() <= slot {
            self.means.resize(slot + 1, Mean::default());
        }
        let mean = &mut self.means[slot];
        let count = f64::from(count);
        mean.value = if mean.periods == 0 { count } else { mean.value + WEIGHT * (count - mean.value) };
        mean.periods = mean.periods.saturating_add(1);
    }

    /// Whether `value` at `time` is unusual; never while there is nothing to compare with.
    pub(crate) fn is_spike(&self, value: f64, time: Timestamp, baseline: Baseline) -> bool {
        let learned = self.since.is_some_and(|since| time >= since.plus(baseline.learn));
        let mean = self.means.get(slot(time, baseline.season)).filter(|mean| mean.periods > 0);
        learned && value >= baseline.min && mean.is_some_and(|mean| value >= baseline.factor * mean.value)
    }
}

fn slot(time: Timestamp, season: Season) -> usize {
    match season {
        Season::None => 0,
        Season::HourOfDay => to_usize(time.period(HOUR).rem_euclid(24)),
        Season::HourOfWeek => to_usize(time.period(HOUR).rem_euclid(168)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_new_once_after_learning() {
        let rule = FirstSeen { fields: Vec::new(), learn: 10, forget: Some(100) };
        let mut seen = Seen::default();
        assert!(!seen.is_new(1, Timestamp(0), &rule), "still learning");
        assert!(!seen.is_new(1, Timestamp(20), &rule), "learned");
        assert!(seen.is_new(2, Timestamp(20), &rule));
        assert!(!seen.is_new(2, Timestamp(21), &rule));
        assert!(seen.is_new(2, Timestamp(200), &rule), "forgotten");
    }

    #[test]
    fn a_spike_is_many_times_the_usual() {
        let baseline = Baseline { season: Season::None, learn: 30, factor: 4.0, min: 5.0 };
        let mut usual = Usual::default();
        for time in 0..100 {
            usual.count(Timestamp(time), 10, baseline);
        }
        assert!(!usual.is_spike(39.0, Timestamp(99), baseline));
        assert!(usual.is_spike(40.0, Timestamp(99), baseline));
        assert!(!usual.is_spike(40.0, Timestamp(20), baseline), "still learning");
    }
}
