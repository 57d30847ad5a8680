//! Recorded logs through the same [`Engine`], with event time as the only clock.
//!
//! Several files are merged by event time, so that an incident which shows in two streams is seen
//! as it happened, and a file that ends or pauses holds back none of the others: what is due between two lines
//! happens between them (see `placing` for where a line stands in time). The result depends on the input alone: not on the
//! wall clock, the speed, how the bytes were cut into chunks, or how many threads helped.
//!
//! ```text
//! chunks ─read─► lanes ─merge─► place in the order ─lots─► judge ─► correlate in the order
//!        crew                                              crew
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::mem;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::crew::Crew;
use super::engine::Engine;
use super::in_order::InOrder;
use super::placing::{Placed, Placing};
use super::worker::{Lot, LotOrigin, Read, Unread};
use crate::correlate::Output;
use crate::detect::MatchRecord;
use crate::event::number::to_u32;
use crate::event::{Chunk, Event, Timestamp};
use crate::state::Ledger;

/// Events that are judged together by a thread, and where there is only one: few enough to stay in its caches.
const LOT: usize = 256;
const LOT_ALONE: usize = 32;

/// One recorded stream: its name, and its chunks in order.
pub struct Recording<I> {
    pub path: Arc<str>,
    pub chunks: I,
}

/// What a recording has next.
pub enum Next<T> {
    Ready(T),
    /// It is still being read.
    Later,
    End,
}

/// The chunks of a recording in their order. Every iterator is one.
pub trait Recorded {
    type Error;

    /// The next chunk; [`Next::Later`] only where nobody wants to `wait` for it.
    fn next_chunk(&mut self, wait: bool) -> Next<Result<Chunk, Self::Error>>;
}

impl<I: Iterator<Item = Result<Chunk, S>>, S> Recorded for I {
    type Error = S;

    fn next_chunk(&mut self, _: bool) -> Next<Result<Chunk, S>> {
        self.next().map_or(Next::End, Next::Ready)
    }
}

/// Runs `recordings` through `engine` to their end. `pace` is called with the time of every event
/// before it is looked at (and may wait); `sink` gets what detection says, in order, with the event
/// that it is said of (none where time alone brought it about).
///
/// # Errors
/// The first error of a recording, of `pace` or of `sink`.
///
/// # Panics
/// When a thread that helps has.
pub fn replay<I, E>(
    recordings: Vec<Recording<I>>,
    engine: &mut Engine,
    pace: impl FnMut(Timestamp) -> Result<(), E>,
    sink: impl FnMut(Vec<Output>, Option<&Event>) -> Result<(), E>,
) -> Result<(), E>
where
    I: Recorded,
    E: std::convert::From<I::Error>,
{
    let mut merge = Merge::new(recordings, Hands::of(engine));
    let mut end = InOrder::new(engine, pace, sink);
    loop {
        let next = merge.next(end.engine());
        if !matches!(next, Ok(Next::Ready(()))) {
            // What is known is told before anybody waits for more, or gives up.
            merge.hand_out(end.engine());
            merge.conclude_all(&mut end, 0)?;
        }
        match next? {
            Next::Ready(()) if merge.lot.events.len() >= merge.hands.lot() => {
                merge.hand_out(end.engine());
                let under_way = merge.hands.depth() - 1;
                merge.conclude_all(&mut end, under_way)?;
            }
            Next::Ready(()) => {}
            Next::Later => merge.wait(end.engine())?,
            Next::End => return end.end(),
        }
    }
}

/// Who reads and judges.
enum Hands {
    Own,
    Crew(Crew),
}

impl Hands {
    /// Without threads it only takes longer.
    fn of(engine: &Engine) -> Self {
        match engine.workers() {
            0 => Self::Own,
            workers => Crew::unwatched(workers).map_or(Self::Own, Self::Crew),
        }
    }

    fn lot(&self) -> usize {
        if matches!(self, Self::Own) { LOT_ALONE } else { LOT }
    }

    /// How much is under way at a time.
    fn depth(&self) -> usize {
        match self {
            Self::Own => 1,
            Self::Crew(crew) => crew.depth(),
        }
    }

    fn read(&self, engine: &mut Engine, unread: Unread) -> Coming<Read> {
        match self {
            Self::Own => Coming::Here(Box::new(engine.read(unread))),
            Self::Crew(crew) => Coming::There(crew.read(engine.setup(), unread)),
        }
    }

    fn judge(&self, engine: &mut Engine, mut lot: Lot) -> Coming<Lot> {
        match self {
            Self::Own => {
                engine.judge(&mut lot);
                Coming::Here(Box::new(lot))
            }
            Self::Crew(crew) => Coming::There(crew.judge(engine.setup(), lot)),
        }
    }
}

/// What was handed out.
enum Coming<T> {
    Here(Box<T>),
    There(Receiver<T>),
}

impl<T> Coming<T> {
    fn take(self) -> T {
        match self {
            Self::Here(result) => *result,
            Self::There(result) => result.recv().expect("no thread that helps panics"),
        }
    }
}

/// The recordings as one stream of events in the order of time, and the lot that is being filled with it.
struct Merge<I: Recorded> {
    lanes: Vec<Lane<I>>,
    paths: Arc<[Arc<str>]>,
    /// Lanes whose next event is known, by its time.
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Lanes whose next event is not known yet.
    open: Vec<usize>,
    hands: Hands,
    lot: Lot,
    of_event: Vec<u32>,
    /// Counts of its events.
    ledger: Ledger,
    /// Lots that are being judged, in their order.
    judging: VecDeque<Coming<Lot>>,
    spare: Spare,
}

/// Events for this many chunks are kept to be used again.
const SPARE_CHUNKS: usize = 4;

/// Buffers to be used again.
#[derive(Default)]
struct Spare {
    events: Vec<Event>,
    records: Vec<MatchRecord>,
}

impl<I: Recorded> Merge<I> {
    fn new(recordings: Vec<Recording<I>>, hands: Hands) -> Self {
        let paths = recordings.iter().map(|recording| Arc::clone(&recording.path)).collect();
        let ahead = hands.depth().div_ceil(recordings.len().max(1));
        let lanes: Vec<Lane<I>> =
            recordings.into_iter().map(|recording| Lane::new(recording, ahead)).collect();
        Self {
            paths,
            next: BinaryHeap::new(),
            // The first is asked first.
            open: (0..lanes.len()).rev().collect(),
            lanes,
            hands,
            lot: Lot::default(),
            of_event: Vec::new(),
            ledger: Ledger::default(),
            judging: VecDeque::new(),
            spare: Spare::default(),
        }
    }

    /// Adds the next event of all to the lot. [`Next::Later`] while one of the recordings has none and may get some.
    fn next(&mut self, engine: &mut Engine) -> Result<Next<()>, I::Error> {
        while let Some(index) = self.open.last().copied() {
            let Some(lane) = self.lanes.get_mut(index) else { break };
            match lane.next_time(engine, &self.hands, &mut self.spare)? {
                Next::Ready(time) => self.next.push(Reverse((time, index))),
                Next::Later => return Ok(Next::Later),
                Next::End => {}
            }
            self.open.pop();
        }
        let Some(Reverse((_, index))) = self.next.pop() else { return Ok(Next::End) };
        self.open.push(index);
        if let Some(mut event) = self.lanes.get_mut(index).and_then(|lane| lane.front.take()) {
            engine.place(&mut event, &mut self.ledger);
            self.lot.events.push(event);
            self.of_event.push(to_u32(index));
        }
        Ok(Next::Ready(()))
    }

    /// Waits for the recording that holds up all others.
    fn wait(&mut self, engine: &mut Engine) -> Result<(), I::Error> {
        let lane = self.open.last().and_then(|index| self.lanes.get_mut(*index));
        lane.map_or(Ok(()), |lane| lane.take_in(true, engine, &self.hands, &mut self.spare).map(drop))
    }

    /// Hands out the lot as it is.
    fn hand_out(&mut self, engine: &mut Engine) {
        if self.lot.events.is_empty() {
            return;
        }
        let mut lot = mem::take(&mut self.lot);
        lot.records = mem::take(&mut self.spare.records);
        let (paths, of_event) = (Arc::clone(&self.paths), mem::take(&mut self.of_event));
        lot.origin = LotOrigin::Several { paths, of_event };
        engine.account(&mem::take(&mut self.ledger));
        self.judging.push_back(self.hands.judge(engine, lot));
    }

    /// The events of the lots that were handed out happen, but for the last few.
    fn conclude_all<E, P, K>(&mut self, end: &mut InOrder<'_, P, K>, but: usize) -> Result<(), E>
    where
        P: FnMut(Timestamp) -> Result<(), E>,
        K: FnMut(Vec<Output>, Option<&Event>) -> Result<(), E>,
    {
        while self.judging.len() > but
            && let Some(lot) = self.judging.pop_front()
        {
            let mut lot = lot.take();
            end.engine().account(&Ledger { redacted: lot.hidden, ..Ledger::default() });
            for (event, record) in lot.events.iter_mut().zip(&mut lot.records) {
                end.take_in(event, record)?;
            }
            self.take_back(lot);
        }
        Ok(())
    }

    /// Takes buffers back.
    fn take_back(&mut self, lot: Lot) {
        self.spare.events.extend(lot.events);
        self.spare.records = lot.records;
        if let LotOrigin::Several { mut of_event, .. } = lot.origin
            && self.of_event.capacity() == 0
        {
            of_event.clear();
            self.of_event = of_event;
        }
    }
}

/// A recording with the events of its current chunk.
struct Lane<I: Recorded> {
    path: Arc<str>,
    chunks: I,
    /// Chunks that are being read, in their order, and how many of them there should be.
    reading: VecDeque<Result<Coming<Read>, I::Error>>,
    ahead: usize,
    /// There are no further chunks.
    has_ended: bool,
    placing: Placing<Event>,
    /// The next event, with its place in time.
    front: Option<Event>,
}

impl<I: Recorded> Lane<I> {
    fn new(recording: Recording<I>, ahead: usize) -> Self {
        let Recording { path, chunks } = recording;
        Self {
            path,
            chunks,
            reading: VecDeque::new(),
            ahead,
            has_ended: false,
            placing: Placing::default(),
            front: None,
        }
    }

    /// The time of the next event, reading on where necessary.
    fn next_time(
        &mut self,
        engine: &mut Engine,
        hands: &Hands,
        spare: &mut Spare,
    ) -> Result<Next<Timestamp>, I::Error> {
        while self.front.is_none() {
            if let Some(placed) = self.placing.next() {
                self.front = Some(Self::stands(placed, engine));
            } else if self.take_in(false, engine, hands, spare)? {
                continue;
            } else if !self.has_ended {
                return Ok(Next::Later);
            } else if self.placing.is_empty() {
                return Ok(Next::End);
            } else {
                self.placing.end();
            }
        }
        Ok(self.front.as_ref().map_or(Next::End, |event| Next::Ready(event.meta.ingested)))
    }

    /// The event where it stands.
    fn stands(placed: Placed<Event>, engine: &Engine) -> Event {
        let Placed { line: mut event, time, is_forged } = placed;
        engine.stand_at(&mut event, time, is_forged);
        event
    }

    /// Gives the next events a place; false when there are none, or none yet.
    fn take_in(
        &mut self,
        wait: bool,
        engine: &mut Engine,
        hands: &Hands,
        spare: &mut Spare,
    ) -> Result<bool, I::Error> {
        while !self.has_ended && self.reading.len() < self.ahead {
            match self.chunks.next_chunk(wait && self.reading.is_empty()) {
                Next::Ready(Ok(chunk)) => self.hand_out(chunk, engine, hands, spare),
                // It is told behind what was read before.
                Next::Ready(Err(error)) => {
                    self.reading.push_back(Err(error));
                    self.has_ended = true;
                }
                Next::Later => break,
                Next::End => self.has_ended = true,
            }
        }
        let Some(read) = self.reading.pop_front() else { return Ok(false) };
        let read = read?.take();
        let mut ledger = read.ledger;
        for mut event in read.events {
            engine.follow(&mut event, &mut ledger);
            engine.date(&mut event, false);
            self.placing.push(event.meta.time, event);
        }
        engine.account(&ledger);
        spare.events.extend(read.spare);
        Ok(true)
    }

    fn hand_out(&mut self, chunk: Chunk, engine: &mut Engine, hands: &Hands, spare: &mut Spare) {
        let wanted = chunk.lines.len() + 1;
        let left = spare.events.len().saturating_sub(wanted);
        let own = spare.events.split_off(left);
        // Lines of many events give back more of them than they took.
        spare.events.truncate(SPARE_CHUNKS * wanted);
        let unread = Unread { chunk, path: Arc::clone(&self.path), read_at: None, spare: own };
        self.reading.push_back(Ok(hands.read(engine, unread)));
    }
}
