//! Rules over what is already in the index, as if its lines were replayed now.
//!
//! All events are passed by their times alone, so that each stands where it would in a [`replay`](super::replay()); those
//! that a rule may match are read and looked at, in the order of event time. The result is that of a replay of the same
//! lines, as they were stored: what was hidden before it was stored is hidden here, too.

use super::engine::{Engine, LookBack};
use super::in_order::InOrder;
use super::placing::{Placed, Placing};
use crate::correlate::Output;
use crate::detect::MatchRecord;
use crate::event::number::{to_u32, to_u64};
use crate::event::{Event, SourceId, Timestamp};
use crate::index::{self, Hunt, Spot};

/// Suspects that are read together.
const READ_AT_ONCE: usize = 256;

/// What a hunt went over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hunted {
    pub events: u64,
    /// Events that some rule might have matched, and that were read.
    pub looked_at: u64,
}

/// An event that a rule may match.
struct Suspect {
    time: Timestamp,
    file: u32,
    is_forged: bool,
    spot: Spot,
}

/// Passes everything in the index. `sink` gets what detection says, in order.
///
/// # Errors
/// When the index cannot be read; those of `sink`.
pub fn hunt<E: From<index::Error>>(
    hunt: &mut Hunt,
    engine: &mut Engine,
    mut sink: impl FnMut(Vec<Output>) -> Result<(), E>,
) -> Result<Hunted, E> {
    let mut files = FilesInTime::default();
    let mut hunted = Hunted::default();
    hunt.walk(|passed| {
        hunted.events += 1;
        files.push(passed);
    })?;
    let (candidates, end) = files.in_order(&hunt.files());
    hunted.looked_at = to_u64(candidates.len());
    let (mut event, mut known) = (Event::default(), MatchRecord::default());
    let mut in_order = InOrder::new(engine, |_| Ok(()), |outputs, _| sink(outputs));
    for candidates in candidates.chunks(READ_AT_ONCE) {
        let spots: Vec<Spot> = candidates.iter().map(|candidate| candidate.spot).collect();
        for (candidate, record) in candidates.iter().zip(hunt.records(&spots)?) {
            let Suspect { time, file, is_forged, .. } = *candidate;
            let place = LookBack { source: SourceId(file), time, is_forged };
            if in_order.engine().judge_again(&record, place, &mut event, &mut known) {
                in_order.take_in(&mut event, &mut known)?;
            }
        }
    }
    in_order.end_at(end)?;
    Ok(hunted)
}

/// The files of a hunt, each with the lines that have no place in time yet.
#[derive(Default)]
struct FilesInTime {
    placing: Vec<Placing<Option<Spot>>>,
    candidates: Vec<Suspect>,
    end: Option<Timestamp>,
}

impl FilesInTime {
    fn push(&mut self, passed: index::Passed) {
        let file = passed.file as usize;
        if file >= self.placing.len() {
            self.placing.resize_with(file + 1, Placing::default);
        }
        if let Some(placing) = self.placing.get_mut(file) {
            placing.push(passed.time, passed.candidate);
        }
        self.take_placed(file);
    }

    fn take_placed(&mut self, file: usize) {
        let Some(placing) = self.placing.get_mut(file) else { return };
        while let Some(Placed { line, time, is_forged }) = placing.next() {
            self.end = self.end.max(Some(time));
            if let Some(spot) = line {
                self.candidates.push(Suspect { time, file: to_u32(file), is_forged, spot });
            }
        }
    }

    /// All candidates as a replay of the files would come to them, and the time of the last event.
    fn in_order(mut self, names: &[&str]) -> (Vec<Suspect>, Option<Timestamp>) {
        for file in 0..self.placing.len() {
            if let Some(placing) = self.placing.get_mut(file) {
                placing.end();
            }
            self.take_placed(file);
        }
        let ranks = ranks(names);
        for candidate in &mut self.candidates {
            candidate.file = ranks.get(candidate.file as usize).copied().unwrap_or_default();
        }
        // Those of one file are in their order already.
        self.candidates.sort_by_key(|candidate| (candidate.time, candidate.file));
        (self.candidates, self.end)
    }
}

/// The place of each name in the order of names.
fn ranks(names: &[&str]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|number| names.get(*number).copied());
    let mut ranks = vec![0; names.len()];
    for (rank, number) in order.into_iter().enumerate() {
        if let Some(place) = ranks.get_mut(number) {
            *place = to_u32(rank);
        }
    }
    ranks
}
