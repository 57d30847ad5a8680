//! Spans of time and sizes as people type them.

use super::{Nanos, SECOND};

const SPANS: [(&str, u64); 5] = [("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Units that a size is written in again, the largest first.
const SIZES: [(&str, u64); 4] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1)];

/// Nanoseconds of `30d`, `12h`, `4w`, `90m`.
///
/// # Errors
/// What a span looks like, when this is none.
pub fn span(text: &str) -> Result<Nanos, String> {
    let seconds = of_units(text, &SPANS).and_then(|seconds| i64::try_from(seconds).ok());
    let nanos = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
    nanos.ok_or_else(|| "a span is a number and a unit: `30d`, `12h`, `4w`".to_owned())
}

/// Bytes of `20GB`, `500MB`; `GiB` counts by 1,024.
///
/// # Errors
/// What a size looks like, when this is none.
pub fn size(text: &str) -> Result<u64, String> {
    let units = [
        ("tib", 1 << 40),
        ("gib", 1 << 30),
        ("mib", 1 << 20),
        ("kib", 1 << 10),
        ("tb", 1_000_000_000_000),
        ("gb", 1_000_000_000),
        ("mb", 1_000_000),
        ("kb", 1_000),
        ("t", 1_000_000_000_000),
        ("g", 1_000_000_000),
        ("m", 1_000_000),
        ("k", 1_000),
        ("b", 1),
    ];
    let bytes = of_units(text, &units);
    bytes.ok_or_else(|| "a size is a number and a unit: `20GB`, `500MB`".to_owned())
}

/// A span as [`span`] reads it.
#[must_use]
pub fn span_text(nanos: Nanos) -> String {
    in_largest_unit(u64::try_from(nanos / SECOND).unwrap_or_default(), &SPANS)
}

/// A size as [`size`] reads it.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    in_largest_unit(bytes, &SIZES)
}

/// In the largest unit of which it is a whole number.
fn in_largest_unit(number: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, each): &&(&str, u64)| number.is_multiple_of(*each);
    units
        .iter()
        .find(fits)
        .map_or_else(|| number.to_string(), |(unit, each)| format!("{}{unit}", number / each))
}

/// A number above zero and one of these units, the first that fits.
fn of_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, each) = units.iter().find_map(|(unit, each)| Some((text.strip_suffix(unit)?, each)))?;
    let number: u64 = number.trim_end().parse().ok()?;
    number.checked_mul(*each).filter(|all| *all > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_have_units() {
        assert_eq!(span("30d"), Ok(30 * 86_400 * 1_000_000_000));
        assert_eq!(span(" 4 W"), Ok(4 * 7 * 86_400 * 1_000_000_000));
        assert_eq!(size("20GB"), Ok(20_000_000_000));
        assert_eq!(size("512 MiB"), Ok(512 << 20));
        assert_eq!(size("7b"), Ok(7));
        assert_eq!(
            [span("4w"), span("28d"), span("90m")].map(|it| it.map(span_text)),
            ["4w", "4w", "90m"].map(|it| Ok(it.to_owned()))
        );
        assert_eq!(
            ["20GB", "1500MB", "7B"].map(|it| size(it).map(size_text)),
            ["20GB", "1500MB", "7B"].map(|it| Ok(it.to_owned()))
        );
        for wrong in ["", "d", "0d", "-1d", "30", "1.5d", "99999999999999999999d", "9999999999w"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "GB", "0GB", "20", "20XB", "99999999999TB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
