//! The numbers of one window, for percentiles.
//!
//! That a percentile is below a bound follows from how many numbers are below it: two counters. The numbers are put
//! in order when the percentile itself is wanted, and kept in order as long as it is.

use super::distance::{Distance, Share};
use super::entry::Entry;
use super::plan::WindowPlan;
use crate::sigma::decimal::Decimal;

#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    /// Tells which numbers are counted; without it they are always in order.
    share: Option<Share>,
    /// Numbers of the window, and those of them that take the percentile towards the bound.
    all: usize,
    counted: usize,
    ordered: Option<Vec<Decimal>>,
    /// How often the order was kept without being wanted.
    unused: usize,
}

impl Ranked {
    pub(crate) fn new(plan: &WindowPlan) -> Self {
        let share = match plan.distance {
            Distance::Percentile(share) if plan.tells_distance() && !plan.is_asked => Some(share),
            _ => None,
        };
        Self { share, all: 0, counted: 0, ordered: share.is_none().then(Vec::new), unused: 0 }
    }

    pub(crate) fn clear(&mut self) {
        (self.all, self.counted) = (0, 0);
        if let Some(ordered) = &mut self.ordered {
            ordered.clear();
        }
    }

    pub(crate) fn add(&mut self, entry: &Entry) {
        for number in entry.numbers() {
            self.all += 1;
            self.counted += usize::from(self.is_counted(*number));
            if let Some(ordered) = &mut self.ordered {
                let at = ordered.partition_point(|other| other < number);
                ordered.insert(at, *number);
            }
        }
        self.unused += 1;
        if self.share.is_some() && self.ordered.as_ref().is_some_and(|ordered| self.unused > ordered.len()) {
            self.ordered = None;
        }
    }

    pub(crate) fn remove(&mut self, entry: &Entry) {
        for number in entry.numbers() {
            self.all = self.all.saturating_sub(1);
            self.counted -= usize::from(self.is_counted(*number)).min(self.counted);
            let Some(ordered) = &mut self.ordered else { continue };
            let at = ordered.partition_point(|other| other < number);
            if at < ordered.len() {
                ordered.remove(at);
            }
        }
    }

    fn is_counted(&self, number: Decimal) -> bool {
        self.share.is_some_and(|share| share.is_counted(number))
    }

    /// How many more numbers must reach the bound at least.
    pub(crate) fn lacks(&self) -> u64 {
        self.share.map_or(0, |share| share.lacks(self.all - self.counted, self.all))
    }

    /// How many numbers below the bound it bears, in parts of one.
    pub(crate) fn spares(&self) -> u64 {
        self.share.map_or(0, |share| share.spare(self.all - self.counted, self.all))
    }

    /// Puts the numbers in order, which are those of `window`.
    pub(crate) fn put_in_order<'e>(&mut self, window: impl Iterator<Item = &'e Entry>) {
        self.unused = 0;
        self.ordered.get_or_insert_with(|| {
            let mut all: Vec<Decimal> = window.flat_map(Entry::numbers).copied().collect();
            all.sort_unstable();
            all
        });
    }

    /// The numbers, ascending; none where nobody has put them in order.
    pub(crate) fn ordered(&self) -> &[Decimal] {
        self.ordered.as_deref().unwrap_or_default()
    }
}
