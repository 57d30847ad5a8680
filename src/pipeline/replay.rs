//! Recorded logs through the same [`Work`], with event time as the only clock.
//!
//! Several files are merged by event time, so that an incident which shows in two streams is seen
//! as it happened. A line without a time stays behind the line before it. The result depends on the
//! input alone: not on the wall clock, the speed, or how the bytes were cut into chunks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::work::{Line, Work};
use crate::detect::Output;
use crate::event::{Chunk, Event, Outcome, Timestamp};

/// One recorded stream: its name, and its chunks in order.
pub struct Recording<I> {
    pub path: Arc<str>,
    pub chunks: I,
}

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
        if let Some((_, mut event)) = lane.ready.pop_front() {
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

/// A recording with the prepared events of its current chunk.
struct Lane<I> {
    path: Arc<str>,
    chunks: I,
    ready: VecDeque<(Timestamp, Event)>,
    spare: Vec<Event>,
    /// Time of the newest event so far; lines without a time stand here.
    last_time: Timestamp,
}

impl<I> Lane<I> {
    fn new(recording: Recording<I>) -> Self {
        Self {
            path: recording.path,
            chunks: recording.chunks,
            ready: VecDeque::new(),
            spare: Vec::new(),
            last_time: Timestamp::MIN,
        }
    }

    /// The time of the next event, reading on where necessary; `None` at the end.
    fn next_time<S>(&mut self, work: &mut Work) -> Result<Option<Timestamp>, S>
    where
        I: Iterator<Item = Result<Chunk, S>>,
    {
        while self.ready.is_empty() {
            let Some(chunk) = self.chunks.next() else { return Ok(None) };
            self.prepare(&chunk?, work);
        }
        Ok(self.ready.front().map(|(time, _)| *time))
    }

    fn prepare(&mut self, chunk: &Chunk, work: &mut Work) {
        for (index, span) in chunk.lines.iter().enumerate() {
            let mut event = self.spare.pop().unwrap_or_default();
            let line = Line::of(chunk, index as u64, span, &self.path);
            if work.prepare(&line, &mut event) == Outcome::Blank {
                self.spare.push(event);
                continue;
            }
            let time = event.meta.time.unwrap_or(self.last_time);
            // Files are nearly in order; a line that is late in its file keeps its place there.
            self.last_time = self.last_time.max(time);
            event.meta.ingested = self.last_time;
            self.ready.push_back((self.last_time, event));
        }
    }
}
