//! The threat level: one word and one number for how bad it is, and the reasons behind them.
//!
//! Rises at once and falls slowly, one level at a time: an attack that pauses is not over.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Entity, Incident};
pub use crate::alert::threat::{Reason, ThreatLevel};
use crate::alert::threat::{level_of, points_of_incident, points_of_risk, total};
use crate::event::{Nanos, Timestamp};
use crate::sigma::Level;

const SECOND: Nanos = 1_000_000_000;
/// A level holds this long after it was last justified, then falls by one.
const HOLD: Nanos = 120 * SECOND;
/// Distance of the samples in the history, and how many: an hour.
const SAMPLE_EVERY: Nanos = 10 * SECOND;
const MOST_SAMPLES: usize = 360;
/// The trend is the difference to this long ago.
const TREND: Nanos = 600 * SECOND;
/// Reasons listed.
const MOST_REASONS: usize = 50;

/// The next lower level.
fn one_lower(level: ThreatLevel) -> ThreatLevel {
    match level {
        ThreatLevel::Low | ThreatLevel::Medium => ThreatLevel::Low,
        ThreatLevel::High => ThreatLevel::Medium,
        ThreatLevel::Critical => ThreatLevel::High,
    }
}

/// The level, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threat {
    pub level: ThreatLevel,
    /// The sum of the reasons, at most 100.
    pub points: f64,
    /// Points more than ten minutes ago (negative: fewer); none when it is not known.
    pub trend: Option<f64>,
    /// What the present facts justify is lower; the level holds for a while.
    pub holding: bool,
    /// Largest first.
    pub reasons: Vec<Reason>,
    /// Over the last hour, oldest first.
    pub history: Arc<VecDeque<ThreatSample>>,
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
    justified_at: Timestamp,
    history: Arc<VecDeque<ThreatSample>>,
}

impl Assessor {
    pub fn assess(&mut self, now: Timestamp, incidents: &[Arc<Incident>], entities: &[Entity]) -> Threat {
        let reasons = reasons(incidents, entities);
        // The sum of nothing is minus zero.
        let points = total(&reasons) + 0.0;
        let worst = reasons.iter().map(|reason| reason.level).max().unwrap_or(Level::Informational);
        let justified = level_of(worst, points);
        self.settle(now, justified);
        self.remember(ThreatSample { time: now, level: self.level, points });
        Threat {
            level: self.level,
            points,
            trend: self.trend(now, points),
            holding: justified < self.level,
            reasons,
            history: Arc::clone(&self.history),
        }
    }

    fn settle(&mut self, now: Timestamp, justified: ThreatLevel) {
        if justified >= self.level {
            self.level = justified;
            self.justified_at = now;
        } else if now.since(self.justified_at) >= HOLD {
            self.level = one_lower(self.level).max(justified);
            self.justified_at = now;
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

fn reasons(incidents: &[Arc<Incident>], entities: &[Entity]) -> Vec<Reason> {
    let open = incidents.iter().filter(|incident| incident.is_open());
    let from_incidents = open.map(|incident| Reason {
        points: points_of_incident(incident.alert.rule.level),
        text: incident.alert.summary.clone(),
        level: incident.alert.rule.level,
        alert: Some(incident.alert.alert_id),
    });
    let from_entities = entities.iter().filter(|entity| entity.score >= 10.0).map(|entity| Reason {
        points: points_of_risk(entity.score),
        text: format!("risk of {} {} is {:.0}", entity.field, entity.value, entity.score),
        level: Level::Low,
        alert: None,
    });
    let mut reasons: Vec<Reason> =
        from_incidents.filter(|reason| reason.points > 0.0).chain(from_entities).collect();
    reasons.sort_by(|a, b| b.points.total_cmp(&a.points));
    reasons.truncate(MOST_REASONS);
    reasons
}
