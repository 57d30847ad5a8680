//! The threat level: one word and one number for how bad it is, and the reasons behind them.
//!
//! Rises at once and falls slowly, one level at a time: an attack that pauses is not over.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Entity, Incident};
use crate::detect::Level;
use crate::detect::alert::AlertId;
use crate::event::{Nanos, Timestamp};

const SECOND: Nanos = 1_000_000_000;
/// A level holds this long after it was last justified, then falls by one.
const HOLD: Nanos = 120 * SECOND;
/// Distance of the samples in the history, and how many: an hour.
const SAMPLE_EVERY: Nanos = 30 * SECOND;
const MOST_SAMPLES: usize = 120;
/// The trend is the difference to this long ago.
const TREND: Nanos = 600 * SECOND;
/// Reasons listed.
const MOST_REASONS: usize = 50;

/// How bad it is, for the whole, a service or an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThreatLevel {
    #[default]
    Low,
    Medium,
    High,
    Critical,
}

impl ThreatLevel {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ThreatLevel::Low => "LOW",
            ThreatLevel::Medium => "MEDIUM",
            ThreatLevel::High => "HIGH",
            ThreatLevel::Critical => "CRITICAL",
        }
    }

    fn one_lower(self) -> Self {
        match self {
            ThreatLevel::Low | ThreatLevel::Medium => ThreatLevel::Low,
            ThreatLevel::High => ThreatLevel::Medium,
            ThreatLevel::Critical => ThreatLevel::High,
        }
    }
}

/// One reason behind a threat level, largest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub points: f64,
    pub text: String,
    pub level: Level,
    pub alert: Option<AlertId>,
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
        let points = reasons.iter().map(|reason| reason.points).sum::<f64>().min(100.0);
        let justified = level(points, &reasons);
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
            self.level = self.level.one_lower().max(justified);
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
        points: points_of(incident.alert.rule.level),
        text: incident.alert.summary.clone(),
        level: incident.alert.rule.level,
        alert: Some(incident.alert.alert_id),
    });
    let from_entities = entities.iter().filter(|entity| entity.score >= 10.0).map(|entity| Reason {
        points: (entity.score / 10.0).min(10.0),
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

fn points_of(level: Level) -> f64 {
    match level {
        Level::Informational => 0.0,
        Level::Low => 2.0,
        Level::Medium => 8.0,
        Level::High => 25.0,
        Level::Critical => 60.0,
    }
}

fn level(points: f64, reasons: &[Reason]) -> ThreatLevel {
    let worst = reasons.iter().map(|reason| reason.level).max().unwrap_or(Level::Informational);
    match (worst, points) {
        (Level::Critical, _) => ThreatLevel::Critical,
        (_, 90.0..) => ThreatLevel::Critical,
        (Level::High, _) | (_, 50.0..) => ThreatLevel::High,
        (Level::Medium, _) | (_, 15.0..) => ThreatLevel::Medium,
        _ => ThreatLevel::Low,
    }
}
