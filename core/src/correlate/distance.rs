//! How far a window is from firing, for conditions of which that can be said: what an event adds to it is then known
//! before the window is looked at.

use super::entry::Entry;
use super::numbers::{count_of, whole_part};
use crate::event::number::{to_f64, to_u64};
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;

/// In what the distance to the condition is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Distance {
    Unknown,
    /// A count, which more events only raise, must be at least this.
    Count(u64),
    /// All of these rules must be seen: those that were not, as bits.
    All(u64),
    Ratio(Proportion),
    Percentile(Share),
}

/// A share of events among others that is at least this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Proportion(pub(crate) f64);

/// A percentile that must be at least (or above) a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    pub(crate) percent: f64,
    pub(crate) comparison: Comparison,
    pub(crate) number: Decimal,
}

/// One event of a ratio.
const EVENT: u64 = 1 << 20;
/// Far more than floats are off by in what they say of a ratio, far less than an event.
const ROUNDING: f64 = 2.0;

impl Proportion {
    /// How many more of the first rule there must be, in parts of an event, however many others are asked for.
    pub(crate) fn lacks(self, of: u32, among: u32) -> u64 {
        let events = self.0 * f64::from(among) - f64::from(of);
        whole_part(events * to_f64(EVENT) - ROUNDING)
    }

    /// How many of the first rule there are beyond what is asked for, in parts of an event.
    pub(crate) fn spare(self, of: u32, among: u32) -> u64 {
        let events = f64::from(of) - self.0 * f64::from(among);
        whole_part(events * to_f64(EVENT) - ROUNDING)
    }

    /// An event of the second rule alone takes the share down.
    pub(crate) fn weight(self, rules: u64) -> u64 {
        (rules & 1) * EVENT
    }

    /// By how much it does, in parts of an event.
    pub(crate) fn loss(self, rules: u64) -> u64 {
        if rules & 3 == 2 { whole_part(self.0 * to_f64(EVENT) + ROUNDING) } else { 0 }
    }
}

impl Share {
    /// A number that takes the percentile towards the bound.
    pub(crate) fn is_counted(self, number: Decimal) -> bool {
        self.comparison.holds(number.cmp(&self.number))
    }

    /// How many more such numbers there must be at least, where `below` of `all` are none.
    pub(crate) fn lacks(self, below: usize, all: usize) -> u64 {
        // The percentile lies between the numbers at the rank: both are below the bound where there are more such.
        let rank = all.saturating_sub(1) as f64 * self.percent / 100.0;
        let lacks = to_u64(below).saturating_sub(count_of(rank + 1e-6));
        if below == all { lacks.max(1) } else { lacks }
    }

    /// By how much the rank lies above the numbers below the bound, in parts of a number: so far the percentile is
    /// certainly one of the others.
    pub(crate) fn spare(self, below: usize, all: usize) -> u64 {
        let rank = all.saturating_sub(1) as f64 * self.percent / 100.0;
        whole_part((rank - below as f64) * to_f64(EVENT) - ROUNDING)
    }

    /// How much a number takes of that.
    pub(crate) fn loss(self, number: Decimal) -> u64 {
        if self.is_counted(number) {
            return 0;
        }
        whole_part((1.0 - self.percent / 100.0) * to_f64(EVENT) + ROUNDING)
    }
}

impl Distance {
    /// Marks what an entry counts for of the part and of the whole. False when it counts for more than one.
    pub(crate) fn mark(self, entry: &mut Entry) -> bool {
        let (part, whole) = match self {
            Self::Ratio(_) => (entry.rules() & 1 != 0, entry.rules() & 2 != 0),
            Self::Percentile(share) => match entry.numbers() {
                [] => (false, false),
                [only] => (share.is_counted(*only), true),
                _ => return false,
            },
            Self::All(_) | Self::Count(_) | Self::Unknown => (false, false),
        };
        entry.set_shares(part, whole);
        true
    }

    /// How much a window lacks whose entries count for this much of the part and of the whole.
    pub(crate) fn lacks_of(self, [part, whole]: [u32; 2]) -> u64 {
        match self {
            Self::Ratio(ratio) => ratio.lacks(part, whole),
            Self::Percentile(share) => share.lacks(whole.saturating_sub(part) as usize, whole as usize),
            Self::All(_) | Self::Count(_) | Self::Unknown => 0,
        }
    }

    /// By how much an event can take a window back that holds; `None` where that is not known.
    pub(crate) fn loss(self, entry: &Entry) -> Option<u64> {
        match self {
            // More events only raise what they count.
            Self::Count(_) => Some(0),
            Self::Ratio(ratio) => Some(ratio.loss(entry.rules())),
            Self::Percentile(share) => Some(entry.numbers().iter().map(|number| share.loss(*number)).sum()),
            Self::All(_) | Self::Unknown => None,
        }
    }

    /// What is lacking of two windows at least.
    pub(crate) fn common(self, one: u64, other: u64) -> u64 {
        if matches!(self, Self::All(_)) { one & other } else { one.min(other) }
    }

    /// What is lacking after an event that weighs this much.
    pub(crate) fn after(self, lacks: u64, weight: u64) -> u64 {
        if matches!(self, Self::All(_)) { lacks & !weight } else { lacks.saturating_sub(weight) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_lacks_what_would_have_to_come() {
        let ratio = Proportion(0.5);
        assert!(ratio.lacks(4, 10) > 0 && ratio.lacks(4, 10) < ratio.weight(1));
        assert_eq!(ratio.lacks(5, 10), 0);
        assert_eq!(ratio.weight(2), 0);
    }

    #[test]
    fn a_ratio_that_holds_bears_what_it_can_spare() {
        let ratio = Proportion(0.5);
        assert_eq!(ratio.spare(5, 10), 0);
        assert!(ratio.spare(6, 10) >= ratio.loss(2) && ratio.spare(6, 10) < 2 * ratio.loss(2));
        assert_eq!((ratio.loss(1), ratio.loss(3)), (0, 0));
    }

    #[test]
    fn a_percentile_lacks_numbers_above_its_bound() {
        let number = Decimal::parse("1000").expect("a number");
        let share = Share { percent: 95.0, comparison: Comparison::Gte, number };
        assert!(share.is_counted(number));
        assert_eq!(share.lacks(100, 100), 5, "at least");
        assert_eq!(share.lacks(95, 100), 0);
        assert_eq!(share.lacks(1, 1), 1, "one more above the bound may reach it");
        let below = Decimal::parse("1").expect("a number");
        assert_eq!((share.loss(number), share.spare(96, 100)), (0, 0));
        assert!(share.spare(90, 101) / share.loss(below) >= 99, "5 above the rank bear 100 more at 95 %");
    }
}
