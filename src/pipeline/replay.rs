//! Recorded logs through the same [`Engine`], with event time as the only clock.
//!
//! Several files are merged by event time, so that an incident which shows in two streams is seen
//! as it happened, and a file that ends or pauses holds back none of the others: what is due between two lines
//! happens between them (see `placing` for where a line stands in time). The result depends on the input alone: not on the
//! wall clock, the speed, or how the bytes were cut into chunks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::engine::{self, Engine};
use super::ingest::Line;
use super::placing::{Placed, Placing};
use crate::correlate::Output;
use crate::event::{Chunk, Event, Outcome, TimeQuality, Timestamp};

/// One recorded stream: its name, and its chunks in order.
pub struct Recording<I> {
    pub path: Arc<str>,
    pub chunks: I,
}

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
        if let Some(mut event) = lane.front.take() {
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

/// A recording with the prepared events of its current chunk.
struct Lane<I> {
    path: Arc<str>,
    chunks: I,
    placing: Placing<Event>,
    /// The next event, with its place in time.
    front: Option<Event>,
    spare: Vec<Event>,
}

impl<I> Lane<I> {
    fn new(recording: Recording<I>) -> Self {
        let Recording { path, chunks } = recording;
        Self { path, chunks, placing: Placing::default(), front: None, spare: Vec::new() }
    }

    /// The time of the next event, reading on where necessary; `None` at the end.
    fn next_time<S>(&mut self, engine: &mut Engine) -> Result<Option<Timestamp>, S>
    where
        I: Iterator<Item = Result<Chunk, S>>,
    {
        while self.front.is_none() {
            if let Some(placed) = self.placing.next() {
                self.front = Some(in_place(placed));
                continue;
            }
            match self.chunks.next() {
                Some(chunk) => self.prepare(chunk?, engine),
                None if self.placing.is_empty() => return Ok(None),
                None => self.placing.end(),
            }
        }
        Ok(self.front.as_ref().map(|event| event.meta.ingested))
    }

    fn prepare(&mut self, mut chunk: Chunk, engine: &mut Engine) {
        let groups = engine::groups(&mut chunk);
        for group in groups {
            let mut event = self.spare.pop().unwrap_or_default();
            let line = Line::of(&chunk, &group, &self.path);
            let mut more = engine.prepare(&line, &mut event) != Outcome::Blank;
            while more {
                self.placing.push(event.meta.time, event);
                event = self.spare.pop().unwrap_or_default();
                more = engine.prepare_next(&line, &mut event);
            }
            self.spare.push(event);
        }
    }
}

fn in_place(placed: Placed<Event>) -> Event {
    let Placed { line: mut event, time, is_forged } = placed;
    event.meta.ingested = time;
    if is_forged {
        event.meta.time_quality = TimeQuality::Future;
    }
    event
}
