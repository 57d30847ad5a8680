//! The threat level: one word and one number for how bad it is, and the reasons behind them.
//!
//! Rises at once and falls slowly, one level at a time: an attack that pauses is not over. What ended long ago, in logs
//! that were read only now, has had that time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Entity, Incident};
use crate::alert::threat::{Assessment, RiskyEntity, assess};
pub use crate::alert::threat::{Reason, ThreatLevel};
use crate::event::{MINUTE, Nanos, SECOND, Timestamp};

/// A level holds this long after it was last justified, then falls by one.
const HOLD: Nanos = 2 * MINUTE;
/// Distance of the samples in the history, and how many: an hour.
const SAMPLE_EVERY: Nanos = 10 * SECOND;
const MOST_SAMPLES: usize = 360;
/// The trend is the difference to this long ago.
const TREND: Nanos = 10 * MINUTE;
/// Reasons listed.
const MOST_REASONS: usize = 50;

/// The level, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threat {
    pub level: ThreatLevel,
    /// The sum of all reasons, at most 100.
    pub points: f64,
    /// Why the facts justify this word, in one sentence.
    pub because: String,
    /// Points more than ten minutes ago (negative: fewer); none when it is not known.
    pub trend: Option<f64>,
    /// What the present facts justify is lower; the level holds for a while.
    pub holding: bool,
    /// Until when it holds, and what it holds for.
    pub hold: Option<Hold>,
    /// The largest, largest first.
    pub reasons: Vec<Reason>,
    /// Over the last hour, oldest first.
    pub history: Arc<VecDeque<ThreatSample>>,
}

/// Why a level is higher than what is open now.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// It falls by one then.
    pub until: Timestamp,
    /// What ended last of what justified it; none where nothing ended: it was muted or found harmless.
    pub ended: Option<Arc<Incident>>,
}

/// The threat level at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreatSample {
    pub time: Timestamp,
    pub level: ThreatLevel,
    pub points: f64,
}

/// Remembers what a level needs to fall slowly.
#[derive(Debug, Default)]
pub(super) struct Assessor {
    level: ThreatLevel,
    /// When the level was last justified, or fell to where it is.
    justified_at: Timestamp,
    is_falling: bool,
    history: Arc<VecDeque<ThreatSample>>,
}

impl Assessor {
    pub fn assess(&mut self, now: Timestamp, incidents: &[Arc<Incident>], entities: &[Entity]) -> Threat {
        let counts = |incident: &&Arc<Incident>| incident.is_open() && incident.standing.counts();
        let open = incidents.iter().filter(counts).map(|incident| &incident.alert);
        let mut now_justified = assess(open, entities.iter().map(risky));
        now_justified.reasons.truncate(MOST_REASONS);
        let Assessment { level: justified, points, reasons, because } = now_justified;
        let ended = || last_ended(incidents, justified);
        self.settle(now, justified, || ended().and_then(|incident| incident.closed));
        let hold = (justified < self.level)
            .then(|| Hold { until: self.justified_at.plus(HOLD), ended: ended().cloned() });
        self.remember(ThreatSample { time: now, level: self.level, points });
        Threat {
            level: self.level,
            points,
            because,
            trend: self.trend(now, points),
            holding: justified < self.level,
            hold,
            reasons,
            history: Arc::clone(&self.history),
        }
    }

    fn settle(&mut self, now: Timestamp, justified: ThreatLevel, ended: impl FnOnce() -> Option<Timestamp>) {
        if justified >= self.level {
            (self.level, self.justified_at, self.is_falling) = (justified, now, false);
            return;
        }
        if !self.is_falling {
            self.is_falling = true;
            self.justified_at = ended().map_or(self.justified_at, |ended| ended.min(self.justified_at));
        }
        while self.level > justified && now.since(self.justified_at) >= HOLD {
            self.level = self.level.lowered().max(justified);
            self.justified_at = self.justified_at.plus(HOLD);
        }
    }

    fn remember(&mut self, sample: ThreatSample) {
        let due = self.history.back().is_none_or(|last| sample.time.since(last.time) >= SAMPLE_EVERY);
        if !due {
            return;
        }
        let history = Arc::make_mut(&mut self.history);
        history.push_back(sample);
        if history.len() > MOST_SAMPLES {
            history.pop_front();
        }
    }

    fn trend(&self, now: Timestamp, points: f64) -> Option<f64> {
        let then = self.history.iter().rev().find(|sample| now.since(sample.time) >= TREND)?;
        Some(points - then.points)
    }
}

/// The last incident to close of those that, open, justified more than this.
fn last_ended(incidents: &[Arc<Incident>], justified: ThreatLevel) -> Option<&Arc<Incident>> {
    let justified_more = |incident: &&Arc<Incident>| {
        incident.standing.counts() && ThreatLevel::of(incident.alert.rule.level).raised() > justified
    };
    let closed = incidents.iter().filter(justified_more).filter(|incident| incident.closed.is_some());
    closed.max_by_key(|incident| incident.closed)
}

fn risky(entity: &Entity) -> RiskyEntity<'_> {
    RiskyEntity { field: &entity.field, value: &entity.value, score: entity.score }
}
