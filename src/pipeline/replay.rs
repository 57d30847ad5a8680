//! Recorded logs through the same [`Engine`], with event time as the only clock.
//!
//! Several files are merged by event time, so that an incident which shows in two streams is seen
//! as it happened, and a file that ends or pauses holds back none of the others: what is due between two lines
//! happens between them. A line without a time stays behind the line before it, and one before all times at the
//! first of them. A line far ahead of both the
//! lines before it and most of the next ones does not move time (nobody may blind a replay with a few forged
//! timestamps); it counts as a claim from the future. The result depends on the input alone: not on the
//! wall clock, the speed, or how the bytes were cut into chunks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::engine::{self, Engine};
use super::ingest::Line;
use crate::correlate::Output;
use crate::event::{Chunk, Event, MINUTE, Nanos, Outcome, TimeQuality, Timestamp};

/// How far ahead of its neighbours a line is believed; live, it is how far ahead of its arrival.
const FUTURE_LIMIT: Nanos = 5 * MINUTE;

/// One recorded stream: its name, and its chunks in order.
pub struct Recording<I> {
    pub path: Arc<str>,
    pub chunks: I,
}

/// Lines that are read ahead at the most, to find times.
const MOST_AHEAD: usize = 10_000;
/// Times that are asked whether one before them is believed.
const WITNESSES: usize = 9;

/// Runs `recordings` through `engine` to their end. `pace` is called with the time of every event
/// before it is looked at (and may wait); `sink` gets what detection says, in order, with the event
/// that it is said of (none where time alone brought it about).
///
/// # Errors
/// The first error of a recording, of `pace` or of `sink`.
pub fn replay<I, S, E>(
    recordings: Vec<Recording<I>>,
    engine: &mut Engine,
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
        if let Some(time) = lane.next_time(engine)? {
            next.push(Reverse((time, index)));
        }
    }
    while let Some(Reverse((time, index))) = next.pop() {
        let Some(lane) = lanes.get_mut(index) else { continue };
        while let Some(due) = engine.next_due().filter(|due| *due < time) {
            pace(due)?;
            engine.reach(due.plus(1));
            sink(engine.take_outputs(), None)?;
        }
        pace(time)?;
        engine.reach(time);
        lane.placed = false;
        if let Some(mut event) = lane.ready.pop_front() {
            engine.detect(&mut event, &lane.path);
            let outputs = engine.take_outputs();
            if !outputs.is_empty() {
                sink(outputs, Some(&event))?;
            }
            lane.spare.push(event);
        }
        if let Some(time) = lane.next_time(engine)? {
            next.push(Reverse((time, index)));
        }
    }
    engine.finish();
    sink(engine.take_outputs(), None)
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
    /// All of the recording has been read.
    is_whole: bool,
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
            is_whole: false,
        }
    }

    /// The time of the next event, reading on where necessary; `None` at the end.
    fn next_time<S>(&mut self, engine: &mut Engine) -> Result<Option<Timestamp>, S>
    where
        I: Iterator<Item = Result<Chunk, S>>,
    {
        while !self.placed && !self.place() {
            match self.chunks.next() {
                Some(chunk) => self.prepare(chunk?, engine),
                None if self.ready.is_empty() => return Ok(None),
                None => self.is_whole = true,
            }
        }
        Ok(self.ready.front().map(|event| event.meta.ingested))
    }

    /// Gives the front event its place in time; false when that depends on lines not read yet.
    fn place(&mut self) -> bool {
        if !self.has_begun && !self.begin() {
            return false;
        }
        let Some(front) = self.ready.front() else { return false };
        let jump =
            front.meta.time.filter(|time| self.last_time != Timestamp::MIN && ahead(*time, self.last_time));
        let Some(jump) = jump else {
            self.place_front(false);
            return true;
        };
        let Some(is_forged) = self.is_forged(jump, 1) else { return false };
        self.place_front(is_forged);
        true
    }

    /// Whether most of the times from one line on are far behind this one; `None` when that depends on
    /// lines not read yet.
    fn is_forged(&self, time: Timestamp, from: usize) -> Option<bool> {
        let ready = self.ready.iter().take(MOST_AHEAD).skip(from);
        let next = ready.filter_map(|event| event.meta.time).take(WITNESSES);
        let (asked, against) =
            next.fold((0, 0), |(asked, against), next| (asked + 1, against + usize::from(ahead(time, next))));
        if asked < WITNESSES && self.ready.len() < MOST_AHEAD && !self.is_whole {
            return None;
        }
        Some(2 * against > asked)
    }

    /// Finds the time at which the recording begins; false when that depends on lines not read yet.
    fn begin(&mut self) -> bool {
        let lines = self.ready.iter().take(MOST_AHEAD).enumerate();
        let times = lines.filter_map(|(at, event)| event.meta.time.map(|time| (at, time)));
        let mut first = None;
        for (at, time) in times.take(WITNESSES) {
            first = first.or(Some(time));
            match self.is_forged(time, at + 1) {
                None => return false,
                Some(true) => {}
                Some(false) => {
                    first = Some(time);
                    break;
                }
            }
        }
        if first.is_none() && self.ready.len() < MOST_AHEAD && !self.is_whole {
            return false;
        }
        self.last_time = first.unwrap_or(self.last_time);
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

    fn prepare(&mut self, mut chunk: Chunk, engine: &mut Engine) {
        let groups = engine::groups(&mut chunk);
        for group in groups {
            let mut event = self.spare.pop().unwrap_or_default();
            let line = Line::of(&chunk, &group, &self.path);
            let mut more = engine.prepare(&line, &mut event) != Outcome::Blank;
            while more {
                self.ready.push_back(event);
                event = self.spare.pop().unwrap_or_default();
                more = engine.prepare_next(&line, &mut event);
            }
            self.spare.push(event);
        }
    }
}
