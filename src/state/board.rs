//! Boards: entities in a state with a timer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::Transition;
use crate::event::Timestamp;
use crate::sigma::Board;

/// A row of a board: an entity in a state with a timer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    pub board: Board,
    pub transition: Transition,
    /// When it entered the state.
    pub since: Timestamp,
}

/// One row a machine. Within one rule a timer that ran out and the service's own words are the same
/// machine; two rules, one that counts failures and one that reads what the service says, stand
/// side by side, so that the analyst sees when they disagree.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    board: Board,
    entity: String,
    rule: String,
}

#[derive(Debug, Default)]
pub(super) struct Boards {
    rows: HashMap<Key, BoardRow>,
    sorted: Option<Arc<Vec<BoardRow>>>,
}

/// Rows held at the most over all boards; beyond, the longest unchanged are forgotten.
const LIMIT: usize = 5000;

impl Boards {
    pub fn apply(&mut self, transition: Transition) {
        self.sorted = None;
        let board = transition.board;
        let key = Key { board, entity: transition.entity.clone(), rule: transition.rule.id.clone() };
        if transition.resting && !stays_when_resting(board) {
            self.rows.remove(&key);
            return;
        }
        let since = match self.rows.get(&key) {
            Some(known) if known.transition.to == transition.to => known.since,
            _ => transition.time,
        };
        self.rows.insert(key, BoardRow { board, transition, since });
        self.forget_the_oldest();
    }

    /// Forgets what these rules said.
    pub fn forget(&mut self, rules: &[String]) {
        self.sorted = None;
        self.rows.retain(|key, _| !rules.contains(&key.rule));
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
