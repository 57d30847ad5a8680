//! Zones of times that name none, with the history of their summer times.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// The zone of times that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Seconds east of UTC.
    Fixed(i32),
    Named(Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self::Fixed(0)
    }
}

impl Zone {
    /// Reads `Europe/Berlin`, `UTC`, `+02:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(zone) = text.parse() {
            return Some(Self::Named(zone));
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let two = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<i32>().ok()).flatten()
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours <= 18 && minutes < 60).then_some(Self::Fixed(sign * (hours * 3_600 + minutes * 60)))
    }

    /// Every name that [`Zone::parse`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }
}

/// The offsets (seconds east of UTC) that a local time may have, the earlier moment first; `None` beside
/// the calendar. `local_seconds` counts from 1970 as the clock on the wall does.
///
/// When clocks are put back an hour comes twice. When they are put forward, who still writes a time of the
/// hour that does not exist has not put theirs forward yet.
pub(super) fn offsets(zone: Tz, local_seconds: i64) -> Option<[i64; 2]> {
    /// Gaps are an hour, but Samoa left out a day.
    const BEFORE_A_GAP_HOURS: [i64; 2] = [3, 27];
    let local = DateTime::from_timestamp(local_seconds, 0)?.naive_utc();
    let before = |hours: i64| local.checked_sub_signed(TimeDelta::hours(hours));
    match offset(zone, local) {
        MappedLocalTime::Single(offset) => Some([offset, offset]),
        MappedLocalTime::Ambiguous(one, other) => Some([one.max(other), one.min(other)]),
        MappedLocalTime::None => BEFORE_A_GAP_HOURS
            .into_iter()
            .find_map(|hours| offset(zone, before(hours)?).latest())
            .map(|offset| [offset, offset]),
    }
}

fn offset(zone: Tz, local: NaiveDateTime) -> MappedLocalTime<i64> {
    zone.offset_from_local_datetime(&local).map(|offset| i64::from(offset.fix().local_minus_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_or_written_as_offsets() {
        assert_eq!(Zone::parse("+02:00"), Some(Zone::Fixed(7_200)));
        assert_eq!(Zone::parse("-03:30"), Some(Zone::Fixed(-12_600)));
        assert_eq!(Zone::parse("Europe/Berlin"), Some(Zone::Named(Tz::Europe__Berlin)));
        for text in ["", "Berlin", "+2", "+02", "+19:00", "+02:60", "+é:00", "02:00"] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
        assert!(Zone::names().any(|name| name == "Pacific/Apia"));
    }

    #[test]
    fn a_day_that_was_left_out_has_an_offset() {
        let local = DateTime::parse_from_rfc3339("2011-12-30T12:00:00Z").expect("a time").timestamp();
        assert_eq!(offsets(Tz::Pacific__Apia, local), Some([-36_000, -36_000]));
    }
}
