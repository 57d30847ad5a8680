//! Events of a recording that wait for others which happened before them, so that correlation sees them in the order of
//! time: a late event makes it look again at everything that happened after it.
//!
//! While events come in order nothing waits. Once one came late, as where a request is logged at its end with the time of
//! its start, those that follow wait until so many came, or so much time passed, that hardly any will be older. It is a
//! matter of costs alone: what correlation says does not depend on the order of arrival within its lateness.

use std::collections::BTreeMap;

use crate::detect::MatchRecord;
use crate::event::{Event, MINUTE, Nanos, TimeQuality, Timestamp};

/// An event waits until another one is so much newer, at most.
pub(super) const LONGEST_WAIT: Nanos = 5 * MINUTE;
/// Events that wait at most, and the bytes of their texts.
const MOST_WAITING: usize = 16_384;
const MOST_BYTES: usize = 32 << 20;
/// After so many events in order none waits any more.
const CALM_AFTER: usize = 16_384;

/// An event that was judged.
#[derive(Default)]
pub(super) struct Judged {
    pub event: Event,
    pub record: MatchRecord,
}

/// Whether events came late just before: more of them will.
#[derive(Default)]
pub(super) struct Wariness {
    newest: Option<Timestamp>,
    /// Events until it ends.
    left: usize,
}

impl Wariness {
    /// Takes note of the next event.
    pub fn note(&mut self, time: Timestamp) {
        let is_late = self.newest.is_some_and(|newest| time < newest);
        self.newest = self.newest.max(Some(time));
        self.left = if is_late { CALM_AFTER } else { self.left.saturating_sub(1) };
    }

    pub fn is_wary(&self) -> bool {
        self.left > 0
    }
}

#[derive(Default)]
pub(super) struct Reordering {
    /// By time; those of one time by their number.
    waiting: BTreeMap<(Timestamp, u64), Box<Judged>>,
    bytes: usize,
    wariness: Wariness,
    has_ended: bool,
}

impl Reordering {
    /// Whether an event need not wait: all before it came in order, and have passed.
    pub fn lets_pass(&mut self, event: &Event) -> bool {
        self.wariness.note(time_of(event));
        !self.wariness.is_wary() && self.waiting.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in an event that has to wait.
    pub fn push(&mut self, judged: Judged) {
        self.bytes += judged.event.buffer().len();
        self.waiting.insert((time_of(&judged.event), judged.event.meta.seq), Box::new(judged));
    }

    /// No more events will come: none waits any more.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// The oldest event, if it has waited long enough.
    pub fn next(&mut self) -> Option<Judged> {
        let (time, _) = self.waiting.first_key_value()?.0;
        let has_waited = self.has_ended
            || !self.wariness.is_wary()
            || self.waiting.len() > MOST_WAITING
            || self.bytes > MOST_BYTES
            || self.wariness.newest.is_some_and(|newest| *time < newest.minus(LONGEST_WAIT));
        let (_, judged) = has_waited.then(|| self.waiting.pop_first())??;
        self.bytes = self.bytes.saturating_sub(judged.event.buffer().len());
        Some(*judged)
    }
}

/// When an event happened, as far as that is believed.
pub(super) fn time_of(event: &Event) -> Timestamp {
    let is_believed = !matches!(event.meta.time_quality, TimeQuality::Future | TimeQuality::Absent);
    event.meta.time.filter(|_| is_believed).unwrap_or(event.meta.ingested)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(seq: u64, seconds: i64) -> Judged {
        let mut judged = Judged::default();
        judged.event.meta.seq = seq;
        judged.event.meta.time = Some(Timestamp::from_seconds(seconds));
        judged.event.meta.time_quality = TimeQuality::Exact;
        judged
    }

    /// The numbers of the events in the order in which they pass.
    fn passed(seconds: &[i64]) -> Vec<u64> {
        let (mut order, mut passed) = (Reordering::default(), Vec::new());
        for (seq, seconds) in (0..).zip(seconds) {
            let judged = judged(seq, *seconds);
            if order.lets_pass(&judged.event) {
                passed.push(seq);
            } else {
                order.push(judged);
            }
            passed.extend(std::iter::from_fn(|| order.next()).map(|judged| judged.event.meta.seq));
        }
        order.end();
        passed.extend(std::iter::from_fn(|| order.next()).map(|judged| judged.event.meta.seq));
        passed
    }

    #[test]
    fn nothing_waits_while_all_is_in_order() {
        let mut order = Reordering::default();
        assert!((0..100).all(|seq| order.lets_pass(&judged(seq, 7).event)));
    }

    #[test]
    fn after_a_late_event_others_wait_for_those_before_them() {
        assert_eq!(passed(&[10, 9, 30, 20, 25]), [0, 1, 3, 4, 2]);
    }

    #[test]
    fn nobody_waits_for_longer_than_five_minutes_of_events() {
        assert_eq!(passed(&[10, 9, 400, 100]), [0, 1, 3, 2]);
        assert_eq!(passed(&[10, 9, 100, 500, 90]), [0, 1, 2, 4, 3]);
    }

    #[test]
    fn events_in_order_end_the_wait() {
        let (mut order, mut has_passed) = (Reordering::default(), false);
        let late = [10, 9].into_iter().chain(std::iter::repeat_n(10, CALM_AFTER + 1));
        for (seq, seconds) in (0..).zip(late) {
            let judged = judged(seq, seconds);
            has_passed = order.lets_pass(&judged.event);
            if !has_passed {
                order.push(judged);
            }
            while order.next().is_some() {}
        }
        assert!(has_passed);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Reordering::default();
        for seq in (0..).take(2 * MOST_WAITING) {
            let judged = judged(seq, if seq % 2 == 0 { 10 } else { 9 });
            if !order.lets_pass(&judged.event) {
                order.push(judged);
            }
            while order.next().is_some() {}
        }
        assert!(order.waiting.len() <= MOST_WAITING);
    }
}
