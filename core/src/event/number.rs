//! Conversions between whole numbers, in one place. Rust has `From` only where every machine has the room, and `as`
//! cuts silently. These go to the nearest number there is: what is counted or numbered here (bytes of a text, rows,
//! rules, cells of a screen) stands in memory and fits, and where it does not, the end of the range is never somebody
//! else's number.

/// A whole number of any width.
pub trait Whole: Copy + Default + PartialOrd {
    /// The end of a range on whose side it lies.
    #[inline]
    fn end<T>(self, least: T, most: T) -> T {
        if self < Self::default() { least } else { most }
    }
}

impl<N: Copy + Default + PartialOrd> Whole for N {}

/// As an index or a length.
#[inline]
#[must_use]
pub fn to_usize<N: Whole + TryInto<usize>>(number: N) -> usize {
    number.try_into().unwrap_or(number.end(0, usize::MAX))
}

/// As a count, or a place in a file.
#[inline]
#[must_use]
pub fn to_u64<N: Whole + TryInto<u64>>(number: N) -> u64 {
    number.try_into().unwrap_or(number.end(0, u64::MAX))
}

/// As a place in a text or table that is kept in 32 bits: texts of events end long before.
#[inline]
#[must_use]
pub fn to_u32<N: Whole + TryInto<u32>>(number: N) -> u32 {
    number.try_into().unwrap_or(number.end(0, u32::MAX))
}

/// As cells of a screen.
#[inline]
#[must_use]
pub fn to_u16<N: Whole + TryInto<u16>>(number: N) -> u16 {
    number.try_into().unwrap_or(number.end(0, u16::MAX))
}

/// As a small number: a prefix of an address, a rank.
#[inline]
#[must_use]
pub fn to_u8<N: Whole + TryInto<u8>>(number: N) -> u8 {
    number.try_into().unwrap_or(number.end(0, u8::MAX))
}

/// As a number that may be negative elsewhere; what is too large for it becomes the largest.
#[inline]
#[must_use]
pub fn to_i64<N: Whole + TryInto<i64>>(number: N) -> i64 {
    number.try_into().unwrap_or(number.end(i64::MIN, i64::MAX))
}

/// As a number with a fraction, for shares and means: beyond 2^53 the nearest there is.
#[inline]
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
pub fn to_f64<N: Whole + TryInto<u64>>(number: N) -> f64 {
    to_u64(number) as f64
}

/// The nearest whole number; what is no number is 0.
#[inline]
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "this cast goes to the nearest end of the range")]
pub fn rounded(number: f64) -> i64 {
    number.round() as i64
}

/// Where `part` begins in `text`, of which it was cut; not before the end of it when it was not.
#[inline]
#[must_use]
pub fn offset_in(part: &str, text: &str) -> usize {
    part.as_ptr().addr().wrapping_sub(text.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_becomes_the_largest() {
        assert_eq!((to_u32(7_usize), to_u32(usize::MAX), to_u16(70_000_u32)), (7, u32::MAX, u16::MAX));
        assert_eq!((to_usize(9_u32), to_u64(9_usize)), (9, 9));
        assert_eq!((to_u64(-1_i64), to_u8(300_u32), to_i64(i128::MIN)), (0, u8::MAX, i64::MIN));
        assert_eq!((rounded(2.5), rounded(-1e30), rounded(f64::NAN)), (3, i64::MIN, 0));
    }

    #[test]
    fn a_part_knows_where_it_begins() {
        let text = "one two";
        assert_eq!(text.split(' ').map(|part| offset_in(part, text)).collect::<Vec<_>>(), [0, 4]);
        assert!(offset_in("elsewhere", text) >= text.len());
    }
}
