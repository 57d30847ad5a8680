//! Numbers of windows: exact sums of decimals, and how they are compared with what a rule asks for.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::event::number::to_u64;
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;

/// Digits behind the point that a sum keeps.
const PLACES: u32 = 30;
const UNIT: i128 = 10_i128.pow(PLACES);

/// An exact sum of decimals: what is taken out again leaves no trace, in whatever order. Digits beyond the 30th
/// behind the point are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Total {
    whole: i128,
    /// In units of 10^-30, of either sign and any size.
    fraction: i128,
}

impl Total {
    /// A decimal as part of a sum; `None` where it is too large to be added up exactly (from 10^30 on).
    pub(crate) fn of(number: Decimal) -> Option<Self> {
        let (mantissa, exponent) = number.parts();
        let mantissa = i128::from(mantissa);
        if exponent >= 0 {
            let whole = 10_i128.checked_pow(exponent.unsigned_abs().into())?.checked_mul(mantissa)?;
            return (whole.abs() < UNIT).then_some(Self { whole, fraction: 0 });
        }
        let places = u32::from(exponent.unsigned_abs());
        let Some(scale) = 10_i128.checked_pow(places) else { return Some(Self::default()) };
        let (whole, rest) = (mantissa / scale, mantissa % scale);
        let fraction = match PLACES.checked_sub(places) {
            Some(more) => rest * 10_i128.pow(more),
            None => rest / 10_i128.pow(places - PLACES),
        };
        Some(Self { whole, fraction })
    }

    pub(crate) fn of_count(count: u64) -> Self {
        Self { whole: count.into(), fraction: 0 }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(other.whole),
            fraction: self.fraction.saturating_add(other.fraction),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(other.times(-1))
    }

    pub(crate) fn times(self, factor: i64) -> Self {
        let factor = i128::from(factor);
        Self { whole: self.whole.saturating_mul(factor), fraction: self.fraction.saturating_mul(factor) }
    }

    /// Against 0.
    fn sign(self) -> Ordering {
        let whole = self.whole.saturating_add(self.fraction.div_euclid(UNIT));
        whole.cmp(&0).then_with(|| self.fraction.rem_euclid(UNIT).cmp(&0)).then(Ordering::Equal)
    }

    pub(crate) fn at_least_zero(self) -> Self {
        if self.sign() == Ordering::Less { Self::default() } else { self }
    }

    /// The nearest float.
    pub(crate) fn to_f64(self) -> f64 {
        let carried = self.whole.saturating_add(self.fraction.div_euclid(UNIT));
        carried as f64 + self.fraction.rem_euclid(UNIT) as f64 / UNIT as f64
    }
}

/// What a window comes to: an exact total in this many equal parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    total: Total,
    parts: i64,
}

impl Measured {
    pub(crate) fn count(count: u64) -> Self {
        Self { total: Total::of_count(count), parts: 1 }
    }

    pub(crate) fn sum(total: Total) -> Self {
        Self { total, parts: 1 }
    }

    /// The mean of `numbers` many that add up to `total`.
    pub(crate) fn mean(total: Total, numbers: u64) -> Self {
        Self { total, parts: i64::try_from(numbers).unwrap_or(i64::MAX).max(1) }
    }

    /// Linear interpolation at rank (n-1)p/100 of ascending numbers; `None` without one.
    pub(crate) fn percentile(numbers: &[Decimal], percent: Decimal) -> Option<Self> {
        let last = i128::try_from(numbers.len().checked_sub(1)?).ok()?;
        let (mantissa, exponent) = percent.parts();
        let up = 10_i128.checked_pow(exponent.max(0).unsigned_abs().into())?;
        let down = 10_i128.checked_pow(exponent.min(0).unsigned_abs().into())?.checked_mul(100)?;
        let rank = last.checked_mul(i128::from(mantissa))?.checked_mul(up)?;
        let (index, rest) = (usize::try_from(rank / down).ok()?, rank % down);
        let common = greatest_common(rest, down);
        let (share, parts) = (i64::try_from(rest / common).ok()?, i64::try_from(down / common).ok()?);
        let below = Total::of(*numbers.get(index)?)?;
        let above = if share == 0 { below } else { Total::of(*numbers.get(index + 1)?)? };
        Some(Self { total: below.times(parts - share).plus(above.times(share)), parts })
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.total.to_f64() / self.parts as f64
    }

    pub(crate) fn meets(self, bound: &Bound) -> bool {
        bound.comparison.holds(self.total.minus(bound.at.times(self.parts)).sign())
    }
}

fn greatest_common(a: i128, b: i128) -> i128 {
    if a == 0 { b } else { greatest_common(b % a, a) }
}

/// What a rule compares with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) comparison: Comparison,
    pub(crate) number: Decimal,
    at: Total,
}

impl Bound {
    /// A bound beyond all sums stands at their end.
    pub(crate) fn new(comparison: Comparison, number: Decimal) -> Self {
        let end = Total { whole: UNIT, fraction: 0 };
        let beyond = if number.is_negative() { end.times(-1) } else { end };
        Self { comparison, number, at: Total::of(number).unwrap_or(beyond) }
    }

    /// The least integer that meets a lower bound.
    pub(crate) fn least_integer(&self) -> i128 {
        let floor = self.at.whole.saturating_add(self.at.fraction.div_euclid(UNIT));
        let is_whole = self.at.fraction.rem_euclid(UNIT) == 0;
        let meets = is_whole && self.comparison != Comparison::Gt;
        if meets { floor } else { floor.saturating_add(1) }
    }
}

pub(crate) fn each_bit(mut bits: u64, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// The lower half of a hash, which is a hash as well.
pub(super) fn low_half(hash: u128) -> u64 {
    to_u64(hash & u128::from(u64::MAX))
}

/// A number of things that was computed, without its fraction; less than none is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "this cast goes to the nearest end of the range"
)]
pub(super) fn whole_part(number: f64) -> u64 {
    number as u64
}

/// A number of things that was computed, rounded up.
pub(super) fn count_of(number: f64) -> u64 {
    whole_part(number.ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    fn total(texts: &[&str]) -> Total {
        texts.iter().fold(Total::default(), |sum, text| sum.plus(Total::of(decimal(text)).expect("fits")))
    }

    fn at_least(bound: &str) -> Bound {
        Bound::new(Comparison::Gte, decimal(bound))
    }

    #[test]
    fn tenths_add_up_to_what_they_are() {
        assert!(Measured::sum(total(&["0.1", "0.2"])).meets(&at_least("0.3")));
        assert!(Measured::mean(total(&["0.2", "0.2", "0.2"]), 3).meets(&at_least("0.2")));
        assert!(!Measured::mean(total(&["0.2", "0.2", "0.1999999999999999999"]), 3).meets(&at_least("0.2")));
        assert!(Measured::sum(total(&["-0.7", "0.1"])).meets(&Bound::new(Comparison::Eq, decimal("-0.6"))));
        assert!(!Measured::sum(total(&["9007199254740992"])).meets(&at_least("9007199254740993")));
    }

    #[test]
    fn what_is_taken_out_leaves_no_trace() {
        let (small, large) = (total(&["1e-29"]), total(&["123456789012345678e11"]));
        assert_eq!(small.plus(large).minus(large), small);
        assert_eq!(Total::of(decimal("1e30")), None);
    }

    #[test]
    fn a_percentile_lies_exactly_between_its_neighbours() {
        let numbers = ["0.1", "0.3"].map(decimal);
        let median = Measured::percentile(&numbers, decimal("50")).expect("two numbers");
        assert!(median.meets(&Bound::new(Comparison::Eq, decimal("0.2"))));
        let high = Measured::percentile(&numbers, decimal("99.9")).expect("two numbers");
        assert!(high.meets(&Bound::new(Comparison::Eq, decimal("0.2998"))));
        assert_eq!(Measured::percentile(&[], decimal("50")), None);
    }
}
