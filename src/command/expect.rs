//! Incidents in their final state, and the form in which `.expect` files hold them: one JSON object
//! a line, in order of opening.
//!
//! ```text
//! {"rule":"account_lockout","level":"high","group":{"user.name":"alice"},"count":5}
//! ```
//! `rule` is the rule's name, else its id. Incidents of level `informational` are left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::print;
use crate::alert::threat::{ThreatLevel, justified};
use crate::alert::{Alert, AlertId, AlertStatus, RuleSummary};
use crate::sigma::Level;

/// One line of an `.expect` file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    level: Level,
    group: BTreeMap<String, String>,
    count: u64,
}

/// All incidents of a replay, each in the last state that was said of it.
#[derive(Default)]
pub struct Incidents {
    order: Vec<Alert>,
    index: HashMap<AlertId, usize>,
    /// Places in `order` of those that are open now.
    open: BTreeSet<usize>,
    worst_threat: ThreatLevel,
}

impl Incidents {
    /// Notes it; gives it back where it tells of an incident that is new, or worse than it was.
    pub fn take(&mut self, alert: Alert) -> Option<&Alert> {
        let is_open = alert.status != AlertStatus::Close;
        let level = alert.rule.level;
        let is_news = self.is_news(&alert);
        let place = *self.index.entry(alert.alert_id).or_insert(self.order.len());
        match self.order.get_mut(place) {
            Some(known) => *known = alert,
            None => self.order.push(alert),
        }
        if !is_open {
            self.open.remove(&place);
        } else if self.open.insert(place) || is_news {
            self.rise(level);
        }
        self.order.get(place).filter(|_| is_news)
    }

    fn is_news(&self, alert: &Alert) -> bool {
        let known = self.index.get(&alert.alert_id).and_then(|place| self.order.get(*place));
        alert.status != AlertStatus::Close && known.is_none_or(|known| known.rule.level < alert.rule.level)
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// In the order in which they began.
    pub fn into_last_states(self) -> Vec<Alert> {
        self.order
    }

    /// One more incident of this level is open, or one that is has come to it. Looks at the others only where that can
    /// change the word.
    fn rise(&mut self, level: Level) {
        if ThreatLevel::of(level).raised() > self.worst_threat {
            let newest_first = self.open.iter().rev().filter_map(|place| self.order.get(*place));
            self.worst_threat = self.worst_threat.max(justified(newest_first).level);
        }
    }

    pub fn by_level(&self) -> BTreeMap<Level, u64> {
        let mut counts: BTreeMap<Level, u64> = Level::ALL.into_iter().map(|level| (level, 0)).collect();
        for alert in &self.order {
            *counts.entry(alert.rule.level).or_default() += 1;
        }
        counts
    }

    /// Rule, incidents and events, worst and most frequent first.
    pub fn by_rule(&self) -> Vec<(Arc<RuleSummary>, u64, u64)> {
        let mut rules: BTreeMap<&str, (Arc<RuleSummary>, u64, u64)> = BTreeMap::new();
        for alert in &self.order {
            let entry = rules.entry(&alert.rule.id).or_insert_with(|| (Arc::clone(&alert.rule), 0, 0));
            entry.1 += 1;
            entry.2 += alert.count;
        }
        let mut rules: Vec<_> = rules.into_values().collect();
        rules.sort_by(|a, b| (b.0.level, b.1, &a.0.title).cmp(&(a.0.level, a.1, &b.0.title)));
        rules
    }

    pub fn any_at_least(&self, level: Level) -> bool {
        self.order.iter().any(|alert| alert.rule.level >= level)
    }

    /// The highest threat level that was justified at any moment of the replay.
    pub fn worst_threat(&self) -> ThreatLevel {
        self.worst_threat
    }

    /// The incidents as lines of an `.expect` file.
    pub fn lines(&self) -> Vec<String> {
        self.expected().iter().filter_map(|expected| print::json(expected).ok()).collect()
    }

    /// What differs from the text of an `.expect` file: `- missing` and `+ unexpected` lines, order aside.
    ///
    /// # Errors
    /// When a line of the file is not of the form above.
    pub fn compare(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let mut wanted = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let expected: Expected = serde_json::from_str(line)
                .with_context(|| format!("line {} is not an incident", number + 1))?;
            wanted.push(expected);
        }
        let mut found = self.expected();
        let mut differences = Vec::new();
        for expected in wanted {
            match found.iter().position(|candidate| *candidate == expected) {
                Some(at) => drop(found.remove(at)),
                None => differences.push(format!("- {}", print::json(&expected)?)),
            }
        }
        for unexpected in found {
            differences.push(format!("+ {}", print::json(&unexpected)?));
        }
        Ok(differences)
    }

    fn expected(&self) -> Vec<Expected> {
        let worth_naming = self.order.iter().filter(|alert| alert.rule.level > Level::Informational);
        worth_naming
            .map(|alert| Expected {
                rule: alert.rule.reference().to_owned(),
                level: alert.rule.level,
                group: BTreeMap::clone(&alert.group),
                count: alert.count,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertKind, Window};
    use crate::event::Timestamp;

    fn alert(id: u128, status: AlertStatus, address: &str) -> Alert {
        let rule = RuleSummary {
            id: "guessing".to_owned(),
            name: String::new(),
            title: "Guessing".to_owned(),
            level: Level::High,
            tags: Vec::new(),
            author: String::new(),
        };
        Alert {
            status,
            alert_id: AlertId(id),
            time: Timestamp(0),
            rule: Arc::new(rule),
            kind: AlertKind::Correlation,
            group: Arc::new(BTreeMap::from([("source.ip".to_owned(), address.to_owned())])),
            count: 1,
            window: Window { start: Timestamp(0), end: Timestamp(0) },
            summary: String::new(),
            events: Vec::new(),
            events_omitted: 0,
            correlation_ids: Vec::new(),
            source: None,
            approximate: false,
            replayed: true,
        }
    }

    #[test]
    fn an_incident_that_is_worse_than_it_was_is_news_and_counts_as_that() {
        let at_level = |status, level| {
            let alert = alert(1, status, "192.0.2.1");
            Alert { rule: Arc::new(RuleSummary { level, ..(*alert.rule).clone() }), ..alert }
        };
        let mut incidents = Incidents::default();
        let mut news = |status, level| {
            let is_news = incidents.take(at_level(status, level)).is_some();
            (is_news, incidents.worst_threat())
        };
        assert_eq!(news(AlertStatus::Open, Level::Medium), (true, ThreatLevel::Medium));
        assert_eq!(news(AlertStatus::Update, Level::Medium), (false, ThreatLevel::Medium));
        assert_eq!(news(AlertStatus::Update, Level::High), (true, ThreatLevel::High));
        assert_eq!(news(AlertStatus::Close, Level::High), (false, ThreatLevel::High));
    }

    #[test]
    fn the_threat_of_a_replay_is_the_highest_that_was_justified_at_a_time() {
        let (mut together, mut in_turn) = (Incidents::default(), Incidents::default());
        for (id, address) in [(1, "192.0.2.1"), (2, "192.0.2.2"), (3, "192.0.2.3")] {
            together.take(alert(id, AlertStatus::Open, address));
            in_turn.take(alert(id, AlertStatus::Open, address));
            in_turn.take(alert(id, AlertStatus::Close, address));
        }
        together.take(alert(1, AlertStatus::Close, "192.0.2.1"));
        assert_eq!(together.worst_threat(), ThreatLevel::Critical);
        assert_eq!(in_turn.worst_threat(), ThreatLevel::High);
    }
}
