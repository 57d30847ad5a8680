//! Recorded logs through the same [`Work`], with event time as the only clock.
//!
//! Several files are merged by event time, so that an incident which shows in two streams is seen
//! as it happened. A line without a time stays behind the line before it, and one before all times at the
//! first of them. A line far ahead of both the
//! lines before it and the next one does not move time (nobody may blind a replay with one forged
//! timestamp); it counts as a claim from the future. The result depends on the input alone: not on the
//! wall clock, the speed, or how the bytes were cut into chunks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::work::{Line, Work};
use crate::detect::Output;
use crate::event::{Chunk, Event, Nanos, Outcome, TimeQuality, Timestamp};

/// How far ahead of its neighbours a line is believed; live, it is how far ahead of its arrival.
const FUTURE_LIMIT: Nanos = 300 * 1_000_000_000;

/// One recorded stream: its name, and its chunks in order.
pub struct Recording<I> {
    pub path: Arc<str>,
    pub chunks: I,
}

/// Lines without a time that may stand between a line and the next one with a time.
const MOST_AHEAD: usize = 10_000;

/// Runs `recordings` through `work` to their end. `pace` is called with the time of every event
/// before it is looked at (and may wait); `sink` gets what detection says, in order, with the event
/// that it is said of (none at the end of the input).
///
/// # Errors
/// The first error of a recording, of `pace` or of `sink`.
pub fn replay<I, S, E>(
    recordings: Vec<Recording<I>>,
    work: &mut Work,
    mut pace: impl FnMut(Timestamp) -> Result<(), E>,
    mut sink: impl FnMut(Vec<Output>, Option<&Event>) -> Result<(), E>,
) -> Result<(), E>
where
    I: Iterator<Item = Result<Chunk, S>>,
    E: std::convert::From<S>,
{
    let mut lanes: Vec<Lane<I>> = recordings.into_iter().map(Lane::new).collect();
    let mut next = BinaryHeap::new();
    for (index, lane) in lanes.iter_mut().enumerate() {
        if let Some(time) = lane.next_time(work)? {
            next.push(Reverse((time, index)));
        }
    }
    while let Some(Reverse((time, index))) = next.pop() {
        let Some(lane) = lanes.get_mut(index) else { continue };
        pace(time)?;
        lane.placed = false;
        if let Some(mut event) = lane.ready.pop_front() {
            work.detect(&mut event, &lane.path);
            let outputs = work.take_outputs();
            if !outputs.is_empty() {
                sink(outputs, Some(&event))?;
            }
            lane.spare.push(event);
        }
        if let Some(time) = lane.next_time(work)? {
            next.push(Reverse((time, index)));
        }
    }
    work.finish();
    sink(work.take_outputs(), None)
}

/// Further than a line is believed.
fn ahead(time: Timestamp, other: Timestamp) -> bool {
    time.since(other) > FUTURE_LIMIT
}

/// A recording with the prepared events of its current chunk.
struct Lane<I> {
    path: Arc<str>,
    chunks: I,
    ready: VecDeque<Event>,
    spare: Vec<Event>,
    /// Time of the newest event so far; lines without a time stand here.
    last_time: Timestamp,
    /// Lines before the first time have been given that time, if there is one.
    has_begun: bool,
    /// The front of `ready` has its place in time.
    placed: bool,
}

impl<I> Lane<I> {
    fn new(recording: Recording<I>) -> Self {
        Self {
            path: recording.path,
            chunks: recording.chunks,
            ready: VecDeque::new(),
            spare: Vec::new(),
            last_time: Timestamp::MIN,
            has_begun: false,
            placed: false,
        }
    }

    /// The time of the next event, reading on where necessary; `None` at the end.
    fn next_time<S>(&mut self, work: &mut Work) -> Result<Option<Timestamp>, S>
    where
        I: Iterator<Item = Result<Chunk, S>>,
    {
        while !self.placed && !self.place() {
            match self.chunks.next() {
                Some(chunk) => self.prepare(&chunk?, work),
                None if self.ready.is_empty() => return Ok(None),
                None => {
                    self.begin(true);
                    self.place_front(false);
                }
            }
        }
        Ok(self.ready.front().map(|event| event.meta.ingested))
    }

    /// Gives the front event its place in time; false when that depends on lines not read yet.
    fn place(&mut self) -> bool {
        if !self.begin(false) {
            return false;
        }
        let Some(front) = self.ready.front() else { return false };
        let jump =
            front.meta.time.filter(|time| self.last_time != Timestamp::MIN && ahead(*time, self.last_time));
        let Some(jump) = jump else {
            self.place_front(false);
            return true;
        };
        let next = self.ready.iter().skip(1).take(MOST_AHEAD).find_map(|event| event.meta.time);
        if next.is_none() && self.ready.len() <= MOST_AHEAD {
            return false;
        }
        self.place_front(next.is_some_and(|next| ahead(jump, next)));
        true
    }

    /// Finds the time at which the recording begins; false when that depends on lines not read yet.
    fn begin(&mut self, is_whole: bool) -> bool {
        if self.has_begun {
            return true;
        }
        let mut times = self.ready.iter().take(MOST_AHEAD).filter_map(|event| event.meta.time);
        let (first, second) = (times.next(), times.next());
        if second.is_none() && self.ready.len() < MOST_AHEAD && !is_whole {
            return false;
        }
        let is_forged = |first: &Timestamp| second.is_some_and(|second| ahead(*first, second));
        self.last_time =
            first.filter(|first| !is_forged(first)).or(second).or(first).unwrap_or(self.last_time);
        self.has_begun = true;
        true
    }

    /// Files are nearly in order; a line that is late in its file keeps its place there.
    fn place_front(&mut self, from_the_future: bool) {
        let Some(front) = self.ready.front_mut() else { return };
        if from_the_future {
            front.meta.time_quality = TimeQuality::Future;
        } else {
            self.last_time = self.last_time.max(front.meta.time.unwrap_or(self.last_time));
        }
        front.meta.ingested = self.last_time;
        self.placed = true;
    }

    fn prepare(&mut self, chunk: &Chunk, work: &mut Work) {
        for (index, span) in chunk.lines.iter().enumerate() {
            let mut event = self.spare.pop().unwrap_or_default();
            let line = Line::of(chunk, index as u64, span, &self.path);
            if work.prepare(&line, &mut event) == Outcome::Blank {
                self.spare.push(event);
                continue;
            }
            self.ready.push_back(event);
        }
    }
}
