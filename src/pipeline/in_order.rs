//! The end of the way of recorded events, where all are in order: what they lead to, and what time brings about between
//! them.

use std::mem;

use super::engine::Engine;
use super::reordering::{Judged, Reordering, time_of};
use crate::correlate::Output;
use crate::detect::MatchRecord;
use crate::event::{Event, SourceId, Timestamp};

/// Lets recorded events happen. `pace` is called with each time that is reached; `sink` gets what detection says, in
/// order, with the event that it is said of (none where time alone brought it about).
pub(super) struct InOrder<'e, P, K> {
    engine: &'e mut Engine,
    order: Reordering,
    /// Where the last event stands in time.
    end: Option<Timestamp>,
    pace: P,
    sink: K,
}

impl<'e, E, P, K> InOrder<'e, P, K>
where
    P: FnMut(Timestamp) -> Result<(), E>,
    K: FnMut(Vec<Output>, Option<&Event>) -> Result<(), E>,
{
    pub fn new(engine: &'e mut Engine, pace: P, sink: K) -> Self {
        Self { engine, order: Reordering::default(), end: None, pace, sink }
    }

    pub fn engine(&mut self) -> &mut Engine {
        self.engine
    }

    /// Takes in the next event, which stands where it arrived. One that rules match may wait, and is emptied then.
    pub fn take_in(&mut self, event: &mut Event, record: &mut MatchRecord) -> Result<(), E> {
        let placed = event.meta.ingested;
        self.end = self.end.max(Some(placed));
        // Time does not pass those that wait.
        if self.order.is_empty() {
            self.reach(placed)?;
        }
        if record.rules.is_empty() || self.order.lets_pass(event) {
            return self.happens(event, record);
        }
        self.order.push(Judged { event: mem::take(event), record: mem::take(record) });
        self.let_pass()
    }

    /// There are no more events.
    pub fn end(self) -> Result<(), E> {
        let end = self.end;
        self.end_at(end)
    }

    /// There are no more events that rules may match, and the last of all stands at `end`.
    pub fn end_at(mut self, end: Option<Timestamp>) -> Result<(), E> {
        self.order.end();
        self.let_pass()?;
        if let Some(end) = end {
            self.reach(end)?;
            self.engine.pass(SourceId::default(), Some(end), end);
        }
        self.engine.finish();
        (self.sink)(self.engine.take_outputs(), None)
    }

    /// Those that have waited long enough happen.
    fn let_pass(&mut self) -> Result<(), E> {
        while let Some(Judged { event, record }) = self.order.next() {
            self.reach(time_of(&event))?;
            self.happens(&event, &record)?;
        }
        Ok(())
    }

    /// Lets time pass until there; what is due before that happens on the way.
    fn reach(&mut self, time: Timestamp) -> Result<(), E> {
        while let Some(due) = self.engine.next_due().filter(|due| *due < time) {
            (self.pace)(due)?;
            self.engine.reach(due.plus(1));
            (self.sink)(self.engine.take_outputs(), None)?;
        }
        (self.pace)(time)?;
        self.engine.reach(time);
        Ok(())
    }

    fn happens(&mut self, event: &Event, record: &MatchRecord) -> Result<(), E> {
        self.engine.conclude(event, record);
        let outputs = self.engine.take_outputs();
        if outputs.is_empty() { Ok(()) } else { (self.sink)(outputs, Some(event)) }
    }
}
