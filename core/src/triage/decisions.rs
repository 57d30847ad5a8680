//! What all entries of the journal amount to.

use std::collections::{HashMap, HashSet};

use super::{Act, Entry, Judgement, Mute, Quiet, Standing, Subject};
use crate::alert::AlertId;
use crate::event::Timestamp;

/// The journal, and what holds of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    /// By number, from 1; nothing where a line could not be read.
    entries: Vec<Option<Entry>>,
    /// Numbers of the entries that were undone.
    undone: HashSet<usize>,
    /// Numbers of the entries that name an incident, ascending.
    about: HashMap<AlertId, Vec<usize>>,
    /// Numbers of the entries that mute.
    mutes: Vec<usize>,
}

impl Decisions {
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut decisions = Self::default();
        for entry in entries {
            decisions.push(entry);
        }
        decisions
    }

    /// Adds an entry; returns its number.
    pub fn push(&mut self, entry: Entry) -> usize {
        let number = self.entries.len() + 1;
        for id in entry.act.incidents() {
            self.about.entry(*id).or_default().push(number);
        }
        match &entry.act {
            Act::Mute(_) => self.mutes.push(number),
            Act::Undo { entry } => {
                self.undone.insert(*entry);
            }
            _ => {}
        }
        self.entries.push(Some(entry));
        number
    }

    /// A line of the journal that is no entry: the others keep their numbers.
    pub fn skip(&mut self) {
        self.entries.push(None);
    }

    /// All entries with their numbers, oldest first, and whether each still holds.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (usize, &Entry, bool)> {
        let numbered = self.entries.iter().enumerate();
        numbered.filter_map(|(at, entry)| Some((at + 1, entry.as_ref()?, !self.undone.contains(&(at + 1)))))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of this number, undone or not.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number.checked_sub(1)?)?.as_ref()
    }

    fn holding(&self, number: usize) -> Option<&Entry> {
        self.entry(number).filter(|_| !self.undone.contains(&number))
    }

    /// What was decided about one incident, oldest first.
    pub fn about(&self, id: AlertId) -> impl Iterator<Item = &Entry> {
        let numbers = self.about.get(&id).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.holding(*number))
    }

    /// The mutes that hold at `now`, with their numbers.
    pub fn mutes(&self, now: Timestamp) -> impl Iterator<Item = (usize, &Mute)> {
        self.mutes.iter().filter_map(move |number| match &self.holding(*number)?.act {
            Act::Mute(mute) if mute.until > now => Some((*number, mute)),
            _ => None,
        })
    }

    /// The last thing this person decided that can be undone.
    #[must_use]
    pub fn last_of(&self, by: &str) -> Option<(usize, &Entry)> {
        let can_be_undone = |entry: &Entry| !matches!(entry.act, Act::Undo { .. } | Act::Looked);
        let own =
            self.entries().rev().find(|(_, entry, holds)| *holds && entry.by == by && can_be_undone(entry));
        own.map(|(number, entry, _)| (number, entry))
    }

    /// When this person last had the dashboard open.
    #[must_use]
    pub fn last_look(&self, by: &str) -> Option<Timestamp> {
        let looked = |entry: &&Entry| entry.by == by && entry.act == Act::Looked;
        self.entries.iter().flatten().rev().find(looked).map(|entry| entry.at)
    }

    /// Where an incident stands at `now`.
    #[must_use]
    pub fn standing(&self, subject: Subject<'_>, now: Timestamp) -> Standing {
        let mut standing = Standing::default();
        for entry in self.about(subject.alert.alert_id) {
            match &entry.act {
                Act::Acknowledge { .. } if entry.at >= subject.opened => {
                    standing.acknowledged = Some(entry.by.clone());
                }
                Act::Judge { verdict, .. } => standing.judgement = Some(*verdict),
                Act::Snooze { until, .. } if *until > now => {
                    standing.quiet = Some(Quiet::Snoozed { until: *until });
                }
                _ => {}
            }
        }
        standing.quiet = match standing.judgement {
            // Whoever found it true wants to see it.
            Some(Judgement::True) => None,
            Some(harmless) => Some(Quiet::Harmless(harmless)),
            None => self.muted(subject, now).or(standing.quiet),
        };
        standing
    }

    fn muted(&self, subject: Subject<'_>, now: Timestamp) -> Option<Quiet> {
        let fits = |(_, mute): &(usize, &Mute)| mute.fits(subject);
        self.mutes(now).find(fits).map(|(entry, mute)| Quiet::Muted { entry, until: mute.until })
    }

    /// The next moment at which something that is quiet is so no longer.
    #[must_use]
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let ends =
            self.entries().filter(|(_, _, holds)| *holds).filter_map(|(_, entry, _)| match &entry.act {
                Act::Snooze { until, .. } => Some(*until),
                Act::Mute(mute) => Some(mute.until),
                _ => None,
            });
        ends.filter(|end| *end > now).min()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::alert::{Alert, AlertKind, AlertStatus, RuleSummary, Window};
    use crate::sigma::Level;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn alert(id: u128) -> Alert {
        let rule = RuleSummary {
            id: "scan".to_owned(),
            name: String::new(),
            title: "Scan".to_owned(),
            level: Level::High,
            tags: Vec::new(),
            author: String::new(),
        };
        let group = BTreeMap::from([(super::super::ADDRESS.to_owned(), "203.0.113.9".to_owned())]);
        Alert {
            status: AlertStatus::Open,
            alert_id: AlertId(id),
            time: at(0),
            rule: Arc::new(rule),
            kind: AlertKind::Correlation,
            group: group.into(),
            count: 1,
            window: Window { start: at(0), end: at(0) },
            summary: String::new(),
            events: Vec::new(),
            events_omitted: 0,
            correlation_ids: Vec::new(),
            source: None,
            approximate: false,
            replayed: false,
        }
    }

    fn entry(seconds: i64, act: Act) -> Entry {
        Entry { at: at(seconds), by: "kim".to_owned(), about: String::new(), act }
    }

    fn mute(until: i64) -> Act {
        let group = BTreeMap::from([(super::super::ADDRESS.to_owned(), "203.0.113.9".to_owned())]);
        Act::Mute(Mute {
            rules: vec!["scan".to_owned()],
            group,
            until: at(until),
            reason: "our scanner".to_owned(),
        })
    }

    fn judge(verdict: Judgement) -> Act {
        Act::Judge { incidents: vec![AlertId(1)], verdict, note: String::new() }
    }

    fn standing(entries: &[Act], alert: &Alert, now: i64) -> Standing {
        let entries = entries.iter().map(|act| entry(10, act.clone())).collect();
        let subject = Subject { alert, addresses: &[], opened: at(0) };
        Decisions::new(entries).standing(subject, at(now))
    }

    #[test]
    fn an_acknowledged_incident_is_new_again_when_it_opens_again() {
        let acknowledge = Act::Acknowledge { incidents: vec![AlertId(1)], note: "on it".to_owned() };
        let decisions = Decisions::new(vec![entry(10, acknowledge)]);
        let (alert, other) = (alert(1), alert(2));
        let standing = |alert, opened| {
            let subject = Subject { alert, addresses: &[], opened: at(opened) };
            decisions.standing(subject, at(100)).acknowledged
        };
        assert_eq!(standing(&alert, 0).as_deref(), Some("kim"));
        assert_eq!(standing(&alert, 20), None);
        assert_eq!(standing(&other, 0), None);
    }

    #[test]
    fn what_was_called_true_is_never_hidden() {
        let alert = alert(1);
        assert!(matches!(standing(&[mute(500)], &alert, 20).quiet, Some(Quiet::Muted { entry: 1, .. })));
        for acts in [[mute(500), judge(Judgement::True)], [judge(Judgement::True), mute(500)]] {
            assert_eq!(standing(&acts, &alert, 20).quiet, None);
        }
        let snooze = Act::Snooze { incidents: vec![AlertId(1)], until: at(500) };
        assert_eq!(standing(&[judge(Judgement::True), snooze], &alert, 20).quiet, None);
    }

    #[test]
    fn a_mute_ends_and_a_snooze_does() {
        let alert = alert(1);
        let snooze = Act::Snooze { incidents: vec![AlertId(1)], until: at(60) };
        for act in [mute(60), snooze] {
            assert!(standing(std::slice::from_ref(&act), &alert, 59).quiet.is_some());
            assert!(standing(std::slice::from_ref(&act), &alert, 60).is_new());
            assert_eq!(Decisions::new(vec![entry(0, act)]).next_end(at(30)), Some(at(60)));
        }
    }

    #[test]
    fn harmless_and_muted_do_not_count_snoozed_does() {
        let alert = alert(1);
        let snooze = Act::Snooze { incidents: vec![AlertId(1)], until: at(60) };
        let counts = |act| standing(&[act], &alert, 20).counts();
        let counted = [snooze, mute(60), judge(Judgement::Benign), judge(Judgement::False)].map(counts);
        assert_eq!(counted, [true, false, false, false]);
    }

    #[test]
    fn undoing_restores_what_was_and_stays_in_the_journal() {
        let mut decisions = Decisions::new(vec![entry(10, judge(Judgement::Benign)), entry(11, mute(500))]);
        let alert = alert(1);
        let subject = Subject { alert: &alert, addresses: &[], opened: at(0) };
        for expect in [2, 1] {
            let (number, _) = decisions.last_of("kim").expect("something to undo");
            assert_eq!(number, expect);
            decisions.push(entry(20, Act::Undo { entry: number }));
        }
        assert!(decisions.standing(subject, at(30)).is_new());
        assert!(decisions.last_of("kim").is_none());
        assert_eq!(
            decisions.entries().map(|(_, _, holds)| holds).collect::<Vec<_>>(),
            [false, false, true, true]
        );
        assert!(decisions.last_of("alex").is_none());
    }

    #[test]
    fn a_mute_of_an_address_fits_incidents_that_came_from_it_alone() {
        let Act::Mute(mute) = mute(500) else { unreachable!() };
        let mut nameless = alert(3);
        nameless.group = std::sync::Arc::default();
        let fits = |addresses: &[&str]| {
            let addresses: Vec<Arc<str>> = addresses.iter().map(|it| Arc::from(*it)).collect();
            mute.fits(Subject { alert: &nameless, addresses: &addresses, opened: at(0) })
        };
        assert!(fits(&["203.0.113.9"]));
        assert!(!fits(&["203.0.113.9", "203.0.113.10"]) && !fits(&[]));
    }

    #[test]
    fn entries_survive_the_file() {
        let entries = vec![entry(10, judge(Judgement::False)), entry(11, mute(60)), entry(12, Act::Looked)];
        let lines: Vec<String> =
            entries.iter().map(|entry| serde_json::to_string(entry).expect("a line")).collect();
        assert_eq!(lines[2], r#"{"at":"1970-01-12T13:46:52Z","by":"kim","act":"looked"}"#);
        let read: Vec<Entry> =
            lines.iter().map(|line| serde_json::from_str(line).expect("an entry")).collect();
        assert_eq!(read, entries);
    }
}
