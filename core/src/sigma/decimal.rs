//! Decimal numbers as they are written, in rules and in logs.
//!
//! 0.1 has no exact place among binary fractions, and three times 0.2 must meet a threshold of 0.6. What is added
//! up and compared here is therefore the decimal itself.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// `mantissa` times ten to the power of `exponent`, without trailing zeros: equal numbers are equal. The first
/// 18 digits are kept, and every integer of 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decimal {
    mantissa: i64,
    exponent: i16,
}

/// This many digits are kept of every number.
const KEPT_DIGITS: usize = 18;
/// Digits that are read at all; further ones only move the point.
const MOST_DIGITS: usize = 37;
/// Beyond it a number is none.
const LARGEST_EXPONENT: i64 = 400;

impl Decimal {
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// Reads a number as JSON writes it; nothing else is numeric (no `+1`, `007`, ` 1`, `.5`, `inf`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, rest) = digits(rest)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(rest) => power(rest)?,
            None if rest.is_empty() => 0,
            None => return None,
        };
        Self::of_digits(negative, whole, fraction, exponent)
    }

    /// Whether a text is a number with a fraction as [`Display`](fmt::Display) spells it: it needs not be read to be
    /// the one spelling of its number. False for some that are.
    #[must_use]
    pub(crate) fn is_spelled_so(text: &str) -> bool {
        let Some((whole, fraction)) = text.strip_prefix('-').unwrap_or(text).split_once('.') else {
            return false;
        };
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole_is = whole == "0" || !whole.is_empty() && !whole.starts_with('0');
        whole_is
            && !fraction.is_empty()
            && !fraction.ends_with('0')
            && whole.len() + fraction.len() <= KEPT_DIGITS
            && are_digits(whole)
            && are_digits(fraction)
    }

    fn of_digits(negative: bool, whole: &str, fraction: &str, exponent: i64) -> Option<Self> {
        let (mut mantissa, mut dropped, mut read) = (0_i128, 0_i64, 0);
        for digit in whole.bytes().chain(fraction.bytes()) {
            if read == MOST_DIGITS {
                dropped += 1;
                continue;
            }
            read += usize::from(mantissa != 0 || digit != b'0');
            mantissa = mantissa * 10 + i128::from(digit - b'0');
        }
        let behind = i64::try_from(fraction.len()).ok()?;
        let signed = if negative { -mantissa } else { mantissa };
        Self::normal(signed, exponent.checked_add(dropped)?.checked_sub(behind)?)
    }

    /// Without trailing zeros, and with no more digits than fit.
    fn normal(mut mantissa: i128, mut exponent: i64) -> Option<Self> {
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        while mantissa % 10 == 0 || i64::try_from(mantissa).is_err() {
            mantissa /= 10;
            exponent += 1;
        }
        let in_range = exponent.abs() <= LARGEST_EXPONENT;
        let (mantissa, exponent) = (i64::try_from(mantissa).ok()?, i16::try_from(exponent).ok()?);
        in_range.then_some(Self { mantissa, exponent })
    }

    /// The shortest decimal that is read as this float; `None` for infinities and NaN.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        Self::parse(&format!("{number:?}"))
    }

    #[must_use]
    pub fn from_u64(number: u64) -> Self {
        Self::normal(i128::from(number), 0).unwrap_or(Self::ZERO)
    }

    #[must_use]
    pub fn to_f64(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(0.0)
    }

    /// Mantissa and power of ten.
    #[must_use]
    pub fn parts(self) -> (i64, i16) {
        (self.mantissa, self.exponent)
    }

    #[must_use]
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.mantissa, other.mantissa);
        if a.signum() != b.signum() || a == 0 {
            return a.signum().cmp(&b.signum());
        }
        let sizes = self.size().cmp(&other.size());
        let by_size = if a < 0 { sizes.reverse() } else { sizes };
        by_size.then_with(|| {
            // As many digits before the point: the shorter mantissa is brought to the exponent of the other.
            let least = self.exponent.min(other.exponent);
            let raised = |number: &Self| {
                let zeros = u32::try_from(number.exponent - least).unwrap_or(0);
                i128::from(number.mantissa).saturating_mul(10_i128.saturating_pow(zeros))
            };
            raised(self).cmp(&raised(other))
        })
    }
}

impl Decimal {
    /// Power of ten of its first digit.
    fn size(self) -> i64 {
        i64::from(self.mantissa.unsigned_abs().checked_ilog10().unwrap_or(0)) + i64::from(self.exponent)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    /// Without an exponent where that is short; equal numbers have one spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let point = i64::try_from(digits.len()).unwrap_or(0) + i64::from(self.exponent);
        match (usize::try_from(point), self.exponent) {
            (Ok(point), 0..) if point <= 24 => write!(f, "{sign}{digits:0<point$}"),
            (Ok(point), _) if (1..=24).contains(&point) => {
                let (whole, fraction) = digits.split_at(point.min(digits.len()));
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ if (-24..=0).contains(&point) => {
                let zeros = usize::try_from(-point).unwrap_or(0);
                write!(f, "{sign}0.{:0<zeros$}{digits}", "")
            }
            _ => write!(f, "{sign}{digits}e{}", self.exponent),
        }
    }
}

/// The digits that a text begins with, at least one, and what follows.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    (end > 0).then(|| text.split_at(end))
}

fn power(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, rest) = digits(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let power: i64 = digits.parse().unwrap_or(i64::from(i32::MAX));
    Some(if negative { -power } else { power })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is no number"))
    }

    #[test]
    fn one_number_has_one_spelling() {
        for (written, shown) in [
            ("27", "27"),
            ("27.0", "27"),
            ("28.50", "28.5"),
            ("-0.0", "0"),
            ("1e3", "1000"),
            ("0.10", "0.1"),
            ("-0.001", "-0.001"),
            ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551615", "18446744073709551610"),
            ("1e300", "1e300"),
            ("1.5E-300", "15e-301"),
        ] {
            assert_eq!(decimal(written).to_string(), shown);
        }
    }

    #[test]
    fn nothing_else_is_numeric() {
        for text in ["", "-", "+1", "007", " 1", "1 ", ".5", "5.", "1e", "inf", "NaN", "0x10", "1e999", "1,5"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_order_is_that_of_the_numbers(a in -100_000_i64..100_000, b in -100_000_i64..100_000, places in 0_u32..5) {
            let written = |number: i64| decimal(&format!("{number}e-{places}"));
            proptest::prop_assert_eq!(written(a).cmp(&written(b)), a.cmp(&b));
            proptest::prop_assert_eq!(decimal(&written(a).to_string()), written(a));
        }

        #[test]
        fn what_is_spelled_so_is_the_spelling(text in "-?(0|[0-9]{1,12})\\.[0-9]{0,12}") {
            let is_own = Decimal::parse(&text).is_some_and(|number| number.to_string() == text);
            proptest::prop_assert!(!Decimal::is_spelled_so(&text) || is_own, "{text}");
            let is_short = text.len() <= 18 && text.contains('.');
            proptest::prop_assert!(!is_short || Decimal::is_spelled_so(&text) == is_own, "{text}");
        }

        #[test]
        fn floats_of_all_sizes_keep_their_order(a in proptest::num::f64::NORMAL, b in proptest::num::f64::NORMAL) {
            if let (Some(x), Some(y)) = (Decimal::from_f64(a), Decimal::from_f64(b)) {
                proptest::prop_assert_eq!(x.cmp(&y), a.total_cmp(&b));
                proptest::prop_assert_eq!(x.to_f64(), a);
            }
        }
    }
}
