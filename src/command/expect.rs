//! Incidents in their final state, and the form in which `.expect` files hold them: one JSON object
//! a line, in order of opening.
//!
//! ```text
//! {"rule":"account_lockout","level":"high","group":{"user.name":"alice"},"count":5}
//! ```
//! `rule` is the rule's name, else its id. Incidents of level `informational` are left out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::alert::AlertId;
use crate::alert::{Alert, RuleSummary};
use crate::sigma::Level;
use crate::state::ThreatLevel;

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
}

impl Incidents {
    pub fn take(&mut self, alert: Alert) {
        match self.index.get(&alert.alert_id).and_then(|at| self.order.get_mut(*at)) {
            Some(known) => *known = alert,
            None => {
                self.index.insert(alert.alert_id, self.order.len());
                self.order.push(alert);
            }
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

    /// The highest threat level that an incident of the replay stands for.
    pub fn worst_threat(&self) -> ThreatLevel {
        match self.order.iter().map(|alert| alert.rule.level).max() {
            Some(Level::Critical) => ThreatLevel::Critical,
            Some(Level::High) => ThreatLevel::High,
            Some(Level::Medium) => ThreatLevel::Medium,
            _ => ThreatLevel::Low,
        }
    }

    /// The incidents as lines of an `.expect` file.
    pub fn lines(&self) -> Vec<String> {
        self.expected().iter().filter_map(|expected| serde_json::to_string(expected).ok()).collect()
    }

    /// What differs from the text of an `.expect` file: `- missing` and `+ unexpected` lines, order aside.
    ///
    /// # Errors
    /// When a line of the file is not of the form above.
    pub fn compare(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let mut wanted = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let expected: Expected =
                serde_json::from_str(line).with_context(|| format!("line {} is no incident", number + 1))?;
            wanted.push(expected);
        }
        let mut found = self.expected();
        let mut differences = Vec::new();
        for expected in wanted {
            match found.iter().position(|candidate| *candidate == expected) {
                Some(at) => drop(found.remove(at)),
                None => differences.push(format!("- {}", serde_json::to_string(&expected)?)),
            }
        }
        for unexpected in found {
            differences.push(format!("+ {}", serde_json::to_string(&unexpected)?));
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
