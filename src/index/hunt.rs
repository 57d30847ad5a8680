//! What a hunt over the index is given: every event in the order of reading, with its time and its file, and which
//! of them the rules may match. Only those are read whole.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::{DocAddress, DocId};

use super::error::Error;
use super::guard::guarded;
use super::inquiry::Inquiry;
use super::narrow::{Documents, Narrower, Need};
use super::part::Part;
use super::schema::{FILE, TIMELESS};
use super::top::Spot;
use super::view::View;
use crate::event::number::to_u32;
use crate::event::{Record, Timestamp};
use crate::sigma::RuleSet;

/// A hunt over the partitions that were there when it began.
pub struct Hunt {
    inquiry: Inquiry,
    needs: Vec<Need>,
    /// The files that were met so far.
    files: HashMap<Box<str>, u32>,
}

/// An event that is passed.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// Which file it is of: a number that stays.
    pub file: u32,
    /// `None` where the line names none.
    pub time: Option<Timestamp>,
    /// Where it stands, if some rule may match it.
    pub candidate: Option<Spot>,
}

impl Hunt {
    pub(super) fn new(inquiry: Inquiry, rules: &RuleSet) -> Self {
        let needs = rules.detections.iter().map(Need::of).collect();
        Self { inquiry, needs, files: HashMap::new() }
    }

    /// Calls `visit` with every event, in the order of reading.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn walk(&mut self, mut visit: impl FnMut(Passed)) -> Result<(), Error> {
        let parts = Arc::clone(&self.inquiry.parts);
        for (number, part) in parts.iter().enumerate() {
            if part.may_meet(self.inquiry.times) {
                guarded(|| self.part(number, part, &mut visit))?;
            }
        }
        Ok(())
    }

    fn part(&mut self, number: usize, part: &Part, visit: &mut dyn FnMut(Passed)) -> Result<(), Error> {
        let Some(view) = part.view()? else { return Ok(()) };
        let failed = |error: tantivy::TantivyError| Error::search(&error);
        let segments = view.searcher.segment_readers().iter();
        let segments = segments.map(|segment| self.segment(&view, segment).map_err(failed));
        let segments = segments.collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<(u64, DocAddress, i64)> = Vec::new();
        let (times, deadline) = (self.inquiry.times, &self.inquiry.deadline);
        view.visit(&*view.all_events(), deadline, &mut |segment, docs: &[DocId], columns| {
            let timed = docs.iter().map(|doc| (*doc, columns.time(*doc)));
            let held = timed.filter(|(_, time)| times.holds(*time));
            order.extend(held.map(|(doc, time)| (columns.seq(doc), DocAddress::new(segment, doc), time)));
        })?;
        order.sort_unstable();
        for (_, document, time) in order {
            let Some(segment) = segments.get(document.segment_ord as usize) else { continue };
            let doc = document.doc_id;
            visit(Passed {
                file: segment.files.get(doc as usize).copied().unwrap_or_default(),
                time: (!segment.timeless.holds(doc)).then_some(Timestamp(time)),
                candidate: segment.candidates.holds(doc).then_some(Spot { part: number, document }),
            });
        }
        Ok(())
    }

    fn segment(&mut self, view: &View, segment: &tantivy::SegmentReader) -> tantivy::Result<SegmentMarks> {
        let narrower = Narrower::over(segment, view.fields)?;
        let mut candidates = Documents::none(segment.max_doc());
        for need in &self.needs {
            candidates.add(&narrower.find(need)?);
        }
        let mut files = vec![0; segment.max_doc() as usize];
        narrower.each_own(FILE, |name, docs| {
            let next = to_u32(self.files.len());
            let number = *self.files.entry(name.into()).or_insert(next);
            for doc in docs {
                if let Some(file) = files.get_mut(*doc as usize) {
                    *file = number;
                }
            }
        })?;
        Ok(SegmentMarks { candidates, timeless: narrower.own(TIMELESS, "")?, files })
    }

    /// The events at these places, in their order. Of a partition that was removed meanwhile there are none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn records(&self, spots: &[Spot]) -> Result<Vec<Record>, Error> {
        guarded(|| self.inquiry.records(spots))
    }

    /// The names of the files by number.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let mut names: Vec<(u32, &str)> =
            self.files.iter().map(|(name, number)| (*number, &**name)).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// For every detection rule whether it looks at every event, because nothing that it asks for is indexed.
    #[must_use]
    pub fn looks_at_all(&self) -> Vec<bool> {
        self.needs.iter().map(Need::is_anything).collect()
    }
}

/// What is known of the documents of a segment.
struct SegmentMarks {
    candidates: Documents,
    timeless: Documents,
    files: Vec<u32>,
}
