//! What the sources have said and the engine has not taken in yet, in the order in which it was said, while a
//! [`Crew`] works on the chunks among it.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::{Receiver, never};

use super::crew::Crew;
use super::worker::{Lot, Read, Setup, Unread};
use crate::event::{Cursor, SourceId, SourceMessage, Timestamp};
use crate::state::Ledger;

/// What is left of a chunk once its bytes are events.
pub(super) struct Passage {
    pub source: SourceId,
    pub cursor: Cursor,
    pub lines: usize,
    /// Name of the source.
    pub name: Arc<str>,
    pub read_at: Timestamp,
    /// How the lines could be read, and what the events of them are like.
    pub ledger: Ledger,
    /// Time of the newest event that has one.
    pub newest: Option<Timestamp>,
}

/// Where a chunk came from, and when.
#[derive(Clone)]
pub(super) struct Arrival {
    /// Name of the source.
    pub name: Arc<str>,
    pub read_at: Timestamp,
    /// It was read as it was written.
    pub is_live: bool,
}

enum Step {
    Said(Box<SourceMessage>),
    Reading(Arrival, Receiver<Read>),
    Judging(Box<Passage>, Receiver<Lot>),
}

/// Steps in their order. The crew may be far ahead of the first.
pub(super) struct Backlog {
    steps: VecDeque<Step>,
    crew: Crew,
}

impl Backlog {
    pub fn new(crew: Crew) -> Self {
        Self { steps: VecDeque::new(), crew }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Nothing more should be taken from the sources for now.
    pub fn is_full(&self) -> bool {
        self.steps.len() > self.crew.depth()
    }

    /// Whether what comes next is another chunk.
    pub fn goes_on(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Reading(..) | Step::Judging(..)))
    }

    /// When the first chunk arrived that is not taken in yet.
    pub fn waits_since(&self) -> Option<Timestamp> {
        self.steps.iter().find_map(|step| match step {
            Step::Said(_) => None,
            Step::Reading(arrival, _) => Some(arrival.read_at),
            Step::Judging(passage, _) => Some(passage.read_at),
        })
    }

    /// Something that is no chunk; it waits for what was said before.
    pub fn say(&mut self, message: SourceMessage) {
        self.steps.push_back(Step::Said(Box::new(message)));
    }

    /// A chunk that has arrived.
    pub fn read(&mut self, setup: &Arc<Setup>, unread: Unread, arrival: Arrival) {
        self.steps.push_back(Step::Reading(arrival, self.crew.read(setup, unread)));
    }

    /// The chunk was read whose turn it was; its events are in order now and are judged.
    pub fn judge(&mut self, setup: &Arc<Setup>, passage: Passage, lot: Lot) {
        let judging = Step::Judging(Box::new(passage), self.crew.judge(setup, lot));
        if let Some(step) = self.steps.iter_mut().find(|step| matches!(step, Step::Reading(..))) {
            *step = judging;
        }
    }

    /// Where the next chunk comes from that was read.
    pub fn reading(&self) -> Receiver<Read> {
        let mut reading = self.steps.iter().filter_map(|step| match step {
            Step::Reading(_, read) => Some(read.clone()),
            _ => None,
        });
        reading.next().unwrap_or_else(never)
    }

    /// How it arrived.
    pub fn being_read(&self) -> Option<Arrival> {
        self.steps.iter().find_map(|step| match step {
            Step::Reading(arrival, _) => Some(arrival.clone()),
            _ => None,
        })
    }

    /// Where the events come from that stand before all else.
    pub fn judging(&self) -> Receiver<Lot> {
        match self.steps.front() {
            Some(Step::Judging(_, lot)) => lot.clone(),
            _ => never(),
        }
    }

    /// The first step was judged and is done.
    pub fn pass(&mut self) -> Option<Passage> {
        match self.steps.pop_front()? {
            Step::Judging(passage, _) => Some(*passage),
            other => {
                self.steps.push_front(other);
                None
            }
        }
    }

    /// What was said before everything else that waits.
    pub fn next_said(&mut self) -> Option<SourceMessage> {
        match self.steps.pop_front()? {
            Step::Said(message) => Some(*message),
            other => {
                self.steps.push_front(other);
                None
            }
        }
    }
}
