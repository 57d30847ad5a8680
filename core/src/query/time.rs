//! Points in time as people write them on a command line.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::event::{DAY, HOUR, Nanos, SECOND, Timestamp};

/// A text that is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time")]
pub struct TimeError {
    pub text: String,
}

impl TimeError {
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "write `2h`, `1d12h`, `14:00`, `today`, `yesterday`, `2026-03-01`, or `2026-03-01T09:30:00Z`"
    }
}

/// Reads a point in time.
///
/// - durations before `now`: `90s`, `15m`, `2h`, `1d12h`, `1w`, also as `-15m` or `15m ago`;
/// - `now`, `today`, `yesterday` (midnight);
/// - a time of day, `14:00` or `14:00:05`: the last such moment before `now`;
/// - `2026-03-01`, `2026-03-01 09:30[:05[.123]]` with `T` or a space;
/// - RFC 3339 with a zone; seconds, milliseconds, microseconds or nanoseconds since 1970.
///
/// Days and times of day without a zone are those of the zone `offset_seconds` east of Greenwich.
///
/// # Errors
/// When the text is none of these.
pub fn parse_time(text: &str, now: Timestamp, offset_seconds: i32) -> Result<Timestamp, TimeError> {
    let trimmed = text.trim();
    let offset = i64::from(offset_seconds) * SECOND;
    word(trimmed, now, offset)
        .or_else(|| ago(trimmed, now))
        .or_else(|| Timestamp::parse_rfc3339(trimmed))
        .or_else(|| Timestamp::parse_rfc3339(&trimmed.replacen(' ', "T", 1)))
        .or_else(|| time_of_day(trimmed, now, offset))
        .or_else(|| date(trimmed, offset))
        .or_else(|| since_1970(trimmed))
        .ok_or_else(|| TimeError { text: text.to_owned() })
}

fn word(text: &str, now: Timestamp, offset: Nanos) -> Option<Timestamp> {
    let midnight = || now.plus(offset).0.div_euclid(DAY) * DAY - offset;
    match text.to_ascii_lowercase().as_str() {
        "now" => Some(now),
        "today" => Some(Timestamp(midnight())),
        "yesterday" => Some(Timestamp(midnight() - DAY)),
        _ => None,
    }
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let text = text.strip_suffix("ago").unwrap_or(text).trim();
    let mut rest = text;
    let mut total: Nanos = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|len| *len > 0)?;
        let count: Nanos = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.trim_start();
        let letters = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let nanos = count.checked_mul(unit_nanos(unit.get(..letters)?)?)?;
        total = total.checked_add(nanos)?;
        rest = unit.get(letters..)?.trim_start();
    }
    (!text.is_empty()).then(|| now.plus(-total))
}

fn unit_nanos(unit: &str) -> Option<Nanos> {
    Some(match unit {
        "ms" => SECOND / 1_000,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "m" | "min" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    })
}

fn time_of_day(text: &str, now: Timestamp, offset: Nanos) -> Option<Timestamp> {
    let time = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f"]
        .iter()
        .find_map(|it| NaiveTime::parse_from_str(text, it).ok())?;
    let of_day = time.signed_duration_since(NaiveTime::MIN).num_nanoseconds()?;
    let today = now.plus(offset).0.div_euclid(DAY) * DAY - offset + of_day;
    Some(Timestamp(if today > now.0 { today - DAY } else { today }))
}

fn date(text: &str, offset: Nanos) -> Option<Timestamp> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f"];
    let date_time = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    date_time.and_utc().timestamp_nanos_opt()?.checked_sub(offset).map(Timestamp)
}

fn since_1970(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    match text.len() {
        9 | 10 => Some(Timestamp::from_seconds(number)),
        12 | 13 => Some(Timestamp::from_millis(number)),
        15 | 16 => number.checked_mul(1_000).map(Timestamp),
        18 | 19 => Some(Timestamp(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T15:30:00Z";

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let now = Timestamp::parse_rfc3339(NOW).unwrap();
        let found = parse_time(text, now, 0).map(|time| time.to_string());
        assert_eq!(found.as_deref(), Ok(expect), "{text}");
    }

    #[test]
    fn durations_count_back_from_now() {
        check("2h", "2026-03-01T13:30:00Z");
        check("-15m", "2026-03-01T15:15:00Z");
        check("15 minutes ago", "2026-03-01T15:15:00Z");
        check("1d12h", "2026-02-28T03:30:00Z");
        check("1w", "2026-02-22T15:30:00Z");
        check("90s", "2026-03-01T15:28:30Z");
        check("250ms", "2026-03-01T15:29:59.750Z");
    }

    #[test]
    fn words_and_times_of_day() {
        check("now", NOW);
        check("today", "2026-03-01T00:00:00Z");
        check("Yesterday", "2026-02-28T00:00:00Z");
        check("14:00", "2026-03-01T14:00:00Z");
        check("15:30", "2026-03-01T15:30:00Z");
        check("15:31", "2026-02-28T15:31:00Z");
        check("14:00:05", "2026-03-01T14:00:05Z");
    }

    #[test]
    fn dates_and_numbers() {
        check("2026-02-27", "2026-02-27T00:00:00Z");
        check("2026-02-27 09:30", "2026-02-27T09:30:00Z");
        check("2026-02-27T09:30:01.5", "2026-02-27T09:30:01.500Z");
        check("2026-02-27T09:30:00+02:00", "2026-02-27T07:30:00Z");
        check("2026-02-27 09:30:00Z", "2026-02-27T09:30:00Z");
        check("1772379000", "2026-03-01T15:30:00Z");
        check("1772379000123", "2026-03-01T15:30:00.123Z");
    }

    #[test]
    fn days_begin_in_the_zone_of_the_reader() {
        let now = Timestamp::parse_rfc3339("2026-03-01T23:30:00Z").unwrap();
        let at = |text| parse_time(text, now, 2 * 3_600).unwrap().to_string();
        assert_eq!(at("today"), "2026-03-01T22:00:00Z");
        assert_eq!(at("yesterday"), "2026-02-28T22:00:00Z");
        assert_eq!(at("2026-03-01"), "2026-02-28T22:00:00Z");
        assert_eq!(at("01:00"), "2026-03-01T23:00:00Z");
        assert_eq!(at("2h"), "2026-03-01T21:30:00Z");
    }

    #[test]
    fn what_is_no_time_is_an_error_with_a_hint() {
        let now = Timestamp::parse_rfc3339(NOW).unwrap();
        for text in
            ["", "h", "2x", "tomorrowish", "25:00", "2026-13-01", "5", "99999999999999999999h", "é2h", "-"]
        {
            let error = parse_time(text, now, 0).unwrap_err();
            assert_eq!(error.text, text);
            assert!(error.hint().contains("2h"));
        }
    }
}
