//! Boards: entities in a state with a timer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::Transition;
use crate::event::{EventId, Timestamp};
use crate::sigma::Board;

/// A row of a board: an entity in a state with a timer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    pub board: Board,
    pub transition: Transition,
    /// When it entered the state.
    pub since: Timestamp,
    /// The last changes of its state, newest first.
    #[serde(default)]
    pub history: Arc<Vec<BoardChange>>,
}

/// One change of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardChange {
    pub time: Timestamp,
    pub from: String,
    pub to: String,
    /// Inferred from failures, not said by the service.
    pub inferred: bool,
    /// Failures counted towards it.
    pub count: u64,
    /// The event that did it; none where a timer did.
    #[serde(default)]
    pub event_id: Option<EventId>,
}

/// Changes kept of one machine.
const MOST_CHANGES: usize = 20;

/// One row a machine. Within one rule a timer that ran out and the service's own words are the same
/// machine; two rules, one that counts failures and one that reads what the service says, stand
/// side by side, so that the analyst sees when they disagree.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    board: Board,
    entity: String,
    rule: String,
}

impl Key {
    fn of(transition: &Transition) -> Self {
        let (entity, rule) = (transition.entity.clone(), transition.rule.id.clone());
        Self { board: transition.board, entity, rule }
    }
}

#[derive(Debug, Default)]
pub(super) struct Boards {
    rows: HashMap<Key, BoardRow>,
    /// Also of machines that rest and have no row.
    histories: HashMap<Key, Arc<Vec<BoardChange>>>,
    sorted: Option<Arc<Vec<BoardRow>>>,
}

/// Rows held at most over all boards; beyond, the longest unchanged are forgotten.
const LIMIT: usize = 5000;

impl Boards {
    pub fn apply(&mut self, transition: Transition) {
        self.sorted = None;
        let board = transition.board;
        let key = Key::of(&transition);
        let history = self.remember(&transition);
        if transition.resting && !stays_when_resting(board) {
            self.rows.remove(&key);
            return;
        }
        let since = match self.rows.get(&key) {
            Some(known) if known.transition.to == transition.to => known.since,
            _ => transition.time,
        };
        self.rows.insert(key, BoardRow { board, transition, since, history });
        self.forget_the_oldest();
    }

    /// Adds a change to the history of its machine. Being told the state that it is in already is none, unless it was
    /// inferred until then.
    fn remember(&mut self, transition: &Transition) -> Arc<Vec<BoardChange>> {
        if self.histories.len() > LIMIT {
            self.histories.retain(|key, _| self.rows.contains_key(key));
        }
        let history = self.histories.entry(Key::of(transition)).or_default();
        let is_told =
            |last: &BoardChange| last.to == transition.to && (transition.inferred || !last.inferred);
        if !history.first().is_some_and(is_told) {
            let change = BoardChange {
                time: transition.time,
                from: transition.from.clone(),
                to: transition.to.clone(),
                inferred: transition.inferred,
                count: transition.count,
                event_id: transition.event_id,
            };
            let changes = Arc::make_mut(history);
            changes.insert(0, change);
            changes.truncate(MOST_CHANGES);
        }
        Arc::clone(history)
    }

    /// Forgets what these rules said.
    pub fn forget(&mut self, rules: &[String]) {
        self.sorted = None;
        self.rows.retain(|key, _| !rules.contains(&key.rule));
        self.histories.retain(|key, _| !rules.contains(&key.rule));
    }

    pub fn sorted(&mut self) -> Arc<Vec<BoardRow>> {
        let rows = &self.rows;
        let sorted = self.sorted.get_or_insert_with(|| {
            let mut all: Vec<BoardRow> = rows.values().cloned().collect();
            all.sort_by(|a, b| rank(a).cmp(&rank(b)));
            Arc::new(all)
        });
        Arc::clone(sorted)
    }

    fn forget_the_oldest(&mut self) {
        if self.rows.len() <= LIMIT {
            return;
        }
        let mut times: Vec<(bool, Timestamp)> = self.rows.values().map(age).collect();
        times.sort_unstable();
        let Some(&oldest_kept) = times.get(LIMIT / 10) else { return };
        self.rows.retain(|_, row| age(row) >= oldest_kept);
    }
}

/// Resting rows count as older than all others.
fn age(row: &BoardRow) -> (bool, Timestamp) {
    (!row.transition.resting, row.transition.time)
}

/// A breaker that is closed is still known and says that the dependency is fine; an account that
/// is not locked is not news.
fn stays_when_resting(board: Board) -> bool {
    board == Board::Breaker
}

/// Board, then states that alarm before those that rest, then the newest entry, then the name.
fn rank(row: &BoardRow) -> impl Ord + use<'_> {
    (row.board, row.transition.resting, Reverse(row.since), &row.transition.entity, row.transition.inferred)
}
