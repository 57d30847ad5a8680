//! Thousands of incidents of one rule within seconds become a few lines that say so: nobody reads the others, and a
//! terminal or a log that is filled with them hides the one incident of another rule. All of them are in the index.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::event::{Nanos, SECOND, Timestamp};
use crate::sigma::Level;

/// How long lines are counted together, in seconds.
pub const PERIOD_SECONDS: u64 = 10;
const PERIOD: Nanos = 10 * SECOND;
/// Lines of one rule in a period, while there is no storm of them.
const LINES: u64 = 100;
/// The same in the periods after one in which there were more.
const LINES_IN_STORM: u64 = 3;
/// Rules that are told of by name when a period is over.
const NAMED: usize = 20;

/// What one rule has said in this period.
#[derive(Clone, Copy, Debug)]
struct Said {
    level: Level,
    lines: u64,
    limit: u64,
}

impl Said {
    fn held_back(self) -> u64 {
        self.lines.saturating_sub(self.limit)
    }
}

/// Which lines are printed, by rule.
#[derive(Debug)]
pub struct Storm {
    since: Timestamp,
    rules: BTreeMap<String, Said>,
}

/// Lines of a rule that were held back.
#[derive(Debug, PartialEq, Eq)]
pub struct HeldBack {
    pub title: String,
    pub level: Level,
    pub lines: u64,
}

impl Storm {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, rules: BTreeMap::new() }
    }

    /// Whether this line is printed. Ask after [`Storm::over`].
    pub fn admits(&mut self, alert: &Alert) -> bool {
        self.counts(&alert.rule.title, alert.rule.level)
    }

    fn counts(&mut self, title: &str, level: Level) -> bool {
        let said = self.rules.entry(title.to_owned()).or_insert(Said { level, lines: 0, limit: LINES });
        said.lines += 1;
        said.lines <= said.limit
    }

    /// What was held back, the worst and the most first, when a period is over at `now`; and how many other rules.
    pub fn over(&mut self, now: Timestamp) -> (Vec<HeldBack>, usize) {
        // A clock that was put back ends the period, too.
        if (0..PERIOD).contains(&now.since(self.since)) {
            return (Vec::new(), 0);
        }
        self.since = now;
        let rules = std::mem::take(&mut self.rules);
        let stormy = rules.iter().filter(|(_, said)| said.held_back() > 0);
        let mut held: Vec<HeldBack> = stormy
            .clone()
            .map(|(title, said)| HeldBack {
                title: title.clone(),
                level: said.level,
                lines: said.held_back(),
            })
            .collect();
        let calmed =
            stormy.map(|(title, said)| (title.clone(), Said { lines: 0, limit: LINES_IN_STORM, ..*said }));
        self.rules = calmed.collect();
        held.sort_by_key(|held| std::cmp::Reverse((held.level, held.lines)));
        let others = held.len().saturating_sub(NAMED);
        held.truncate(NAMED);
        (held, others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints this many lines of a rule; how many came through.
    fn printed(storm: &mut Storm, title: &str, level: Level, lines: usize) -> usize {
        (0..lines).filter(|_| storm.counts(title, level)).count()
    }

    #[test]
    fn a_hundred_thousand_incidents_are_a_few_lines_and_hide_no_other() {
        let start = Timestamp::from_seconds(1_772_400_000);
        let after = |periods: i64| Timestamp(start.0 + periods * PERIOD);
        let mut storm = Storm::new(start);
        assert_eq!(printed(&mut storm, "injection", Level::Low, 50_000), 100);
        assert_eq!(printed(&mut storm, "lockout", Level::High, 2), 2);
        assert_eq!(storm.over(start), (Vec::new(), 0), "the period is not over");
        let held = |lines| HeldBack { title: "injection".to_owned(), level: Level::Low, lines };
        assert_eq!(storm.over(after(1)), (vec![held(49_900)], 0));
        assert_eq!(printed(&mut storm, "injection", Level::Low, 50_000), 3);
        assert_eq!(printed(&mut storm, "lockout", Level::High, 2), 2);
        assert_eq!(storm.over(after(2)), (vec![held(49_997)], 0));
        assert_eq!(storm.over(after(3)), (Vec::new(), 0), "nothing more");
        assert_eq!(printed(&mut storm, "injection", Level::Low, 5), 5, "and it is over");
    }

    #[test]
    fn of_very_many_rules_the_worst_are_named() {
        let start = Timestamp::from_seconds(1_772_400_000);
        let mut storm = Storm::new(start);
        for rule in 0..30 {
            let level = if rule == 17 { Level::Critical } else { Level::Low };
            printed(&mut storm, &format!("rule {rule}"), level, 101 + rule);
        }
        let (held, others) = storm.over(Timestamp(start.0 + PERIOD));
        assert_eq!((held.len(), others), (20, 10));
        assert_eq!(held.first().map(|held| held.title.as_str()), Some("rule 17"));
    }
}
