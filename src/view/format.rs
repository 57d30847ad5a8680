//! Numbers, sizes and times as people read them. Everything here is our own text.

use chrono::{DateTime, FixedOffset, Timelike, Utc};

use crate::event::number::{rounded, to_f64, to_u64};
use crate::event::{DAY, Nanos, SECOND, Timestamp};
use crate::safe;
use crate::text::Safe;

/// `1,842`.
pub fn count(n: u64) -> Safe {
    let digits = n.to_string();
    let mut out = Safe::default();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(&safe!(","));
        }
        out.push(&safe!("{}", digit.to_digit(10).unwrap_or_default()));
    }
    out
}

/// `842`, `1.8k`, `110k`, `2.4M`: at most five cells.
pub fn compact(n: u64) -> Safe {
    let scaled = |unit: u64, letter: &'static str| match n / unit {
        0..10 => safe!("{:.1}{}", (n * 10 / unit) as f64 / 10.0, letter),
        whole => safe!("{}{}", whole, letter),
    };
    match n {
        0..1000 => safe!("{}", n),
        1000..1_000_000 => scaled(1000, "k"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "M"),
        _ => scaled(1_000_000_000, "G"),
    }
}

/// Events per second: one decimal below ten.
pub fn rate(per_second: f64) -> Safe {
    if per_second > 0.0 && per_second < 9.95 {
        safe!("{:.1}", per_second)
    } else {
        count(to_u64(rounded(per_second.max(0.0))))
    }
}

/// `812 B`, `1.2 KB`, `88 MB`.
pub fn bytes(n: u64) -> Safe {
    let scaled = |power: i32, unit: &'static str| {
        let value = n as f64 / 1024_f64.powi(power);
        if value < 9.95 { safe!("{:.1} {}", value, unit) } else { safe!("{:.0} {}", value, unit) }
    };
    match n {
        0..1024 => safe!("{} B", n),
        1024..1_048_576 => scaled(1, "KB"),
        1_048_576..1_073_741_824 => scaled(2, "MB"),
        _ => scaled(3, "GB"),
    }
}

/// `0s`, `59s`, `12m41s`, `1h05m`, `6d03h`; never longer than six cells below a hundred days.
pub fn duration(nanos: Nanos) -> Safe {
    let seconds = nanos.max(0) / SECOND;
    match seconds {
        0..60 => safe!("{}s", seconds),
        60..3600 => safe!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => safe!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        86_400..8_640_000 => safe!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
        _ => safe!("{}d", seconds / 86_400),
    }
}

/// Like [`duration`], with tenths below ten seconds: for lags.
pub fn short_duration(nanos: Nanos) -> Safe {
    if (0..10 * SECOND).contains(&nanos) {
        safe!("{:.1}s", to_f64(nanos) / to_f64(SECOND))
    } else {
        duration(nanos)
    }
}

/// `0.4ms`, `12ms`, `1.8s`: how long an answer took.
pub fn response_time(nanos: Nanos) -> Safe {
    let millis = nanos as f64 / 1e6;
    match millis {
        ..9.95 => safe!("{:.1}ms", millis),
        ..999.5 => safe!("{:.0}ms", millis),
        _ => short_duration(nanos),
    }
}

/// Between two steps of a request: `+16`, `+1,222` milliseconds, or seconds when there are many.
pub fn step(nanos: Nanos) -> Safe {
    let sign = if nanos < 0 { "-" } else { "+" };
    let millis = nanos.unsigned_abs() / 1_000_000;
    if millis >= 1_000_000 {
        safe!("{}{}", sign, duration(nanos.saturating_abs()))
    } else {
        safe!("{}{}", sign, count(millis))
    }
}

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStyle {
    #[default]
    Utc,
    Local,
    Ago,
}

/// One clock for the whole screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    pub style: ClockStyle,
    /// East of Greenwich.
    pub local_offset_seconds: i32,
}

impl Clock {
    fn local(&self, time: Timestamp) -> DateTime<FixedOffset> {
        let offset = match self.style {
            ClockStyle::Local => self.local_offset_seconds,
            ClockStyle::Utc | ClockStyle::Ago => 0,
        };
        let utc: DateTime<Utc> = time.to_datetime();
        FixedOffset::east_opt(offset).map_or_else(|| utc.fixed_offset(), |offset| utc.with_timezone(&offset))
    }

    /// `14:32:07`, or the age.
    pub fn seconds(&self, time: Timestamp, now: Timestamp) -> Safe {
        if self.style == ClockStyle::Ago {
            return self.age(time, now);
        }
        let time = self.local(time);
        safe!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    }

    /// `14:32:07.123`, or the age.
    pub fn millis(&self, time: Timestamp, now: Timestamp) -> Safe {
        if self.style == ClockStyle::Ago {
            return self.age(time, now);
        }
        let millis = self.local(time).nanosecond() / 1_000_000 % 1000;
        safe!("{}.{:03}", self.seconds(time, now), millis)
    }

    /// `14:32:07` for a column of eight; the age without a word, with a sign where it is still to come.
    pub fn cell(&self, time: Timestamp, now: Timestamp) -> Safe {
        match (self.style, now.since(time)) {
            (ClockStyle::Ago, age @ 0..) => duration(age),
            (ClockStyle::Ago, age) => safe!("+{}", duration(-age)),
            _ => self.seconds(time, now),
        }
    }

    /// The same, and of another day how long ago that is.
    pub fn day_cell(&self, time: Timestamp, now: Timestamp) -> Safe {
        match now.since(time) {
            age @ DAY.. if self.style != ClockStyle::Ago => safe!("{}d ago", age / DAY),
            _ => self.cell(time, now),
        }
    }

    /// `14:32:07` within a day, else with the date, or the age.
    pub fn moment(&self, time: Timestamp, now: Timestamp) -> Safe {
        match now.since(time).abs() {
            DAY.. => self.day_and_seconds(time, now),
            _ => self.seconds(time, now),
        }
    }

    /// `14:32`.
    pub fn minutes(&self, time: Timestamp) -> Safe {
        let time = self.local(time);
        safe!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// `08-01 14:32:07`, or the age.
    pub fn day_and_seconds(&self, time: Timestamp, now: Timestamp) -> Safe {
        use chrono::Datelike;
        if self.style == ClockStyle::Ago {
            return self.age(time, now);
        }
        let date = self.local(time);
        safe!("{:02}-{:02} {}", date.month(), date.day(), self.seconds(time, now))
    }

    /// Date, time and zone in full.
    pub fn full(&self, time: Timestamp) -> Safe {
        let local = self.local(time);
        match self.style {
            ClockStyle::Local => Safe::new(&local.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)),
            ClockStyle::Utc | ClockStyle::Ago => Safe::new(&time.to_string()),
        }
    }

    fn age(&self, time: Timestamp, now: Timestamp) -> Safe {
        let age = now.since(time);
        if age < 0 { safe!("in {}", duration(-age)) } else { safe!("{} ago", duration(age)) }
    }

    /// `UTC`, `+02:00`, `ago`.
    pub fn name(&self) -> Safe {
        match self.style {
            ClockStyle::Utc => safe!("UTC"),
            ClockStyle::Ago => safe!("ago"),
            ClockStyle::Local => {
                let minutes = self.local_offset_seconds / 60;
                let sign = if minutes < 0 { "-" } else { "+" };
                safe!("{}{:02}:{:02}", sign, minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        let counts: Vec<Safe> = [0, 7, 999, 1000, 1_234_567].into_iter().map(count).collect();
        assert_eq!(counts, ["0", "7", "999", "1,000", "1,234,567"]);
        let compacts: Vec<Safe> = [0, 999, 1000, 1849, 9999, 10_000, 999_999, 2_400_000, 7_000_000_000]
            .into_iter()
            .map(compact)
            .collect();
        assert_eq!(compacts, ["0", "999", "1.0k", "1.8k", "9.9k", "10k", "999k", "2.4M", "7.0G"]);
        assert!([u64::MAX, 0].into_iter().all(|n| compact(n).width() <= 12));
    }

    #[test]
    fn rates_have_a_decimal_while_it_tells_something() {
        let rates: Vec<Safe> = [0.0, 0.25, 9.9, 9.96, 1841.6].into_iter().map(rate).collect();
        assert_eq!(rates, ["0", "0.2", "9.9", "10", "1,842"]);
    }

    #[test]
    fn sizes_and_durations_have_two_units_at_most() {
        let sizes: Vec<Safe> =
            [0, 1023, 1024, 90_000, 92_000_000, 20_000_000_000].into_iter().map(bytes).collect();
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KB", "88 KB", "88 MB", "19 GB"]);
        let durations: Vec<Safe> = [-5, 0, 59, 60, 761, 3900, 530_000, 23_600_000]
            .into_iter()
            .map(|seconds| duration(seconds * SECOND))
            .collect();
        assert_eq!(durations, ["0s", "0s", "59s", "1m00s", "12m41s", "1h05m", "6d03h", "273d"]);
        assert_eq!(short_duration(SECOND * 4 / 10), "0.4s");
        assert_eq!(short_duration(SECOND * 12), "12s");
    }

    #[test]
    fn steps_are_milliseconds_until_there_are_too_many() {
        let steps: Vec<Safe> =
            [0, 16, 1222, -5, 2_000_000].into_iter().map(|millis| step(millis * 1_000_000)).collect();
        assert_eq!(steps, ["+0", "+16", "+1,222", "-5", "+33m20s"]);
    }

    #[test]
    fn clocks_differ_in_zone_only() {
        let time = Timestamp::from_millis(1_767_225_599_123);
        let now = time.plus(9 * SECOND);
        let clock = |style, local_offset_seconds| Clock { style, local_offset_seconds };
        let utc = clock(ClockStyle::Utc, 3600);
        assert_eq!(utc.millis(time, now), "23:59:59.123");
        assert_eq!(utc.day_and_seconds(time, now), "12-31 23:59:59");
        assert_eq!(utc.full(time), "2025-12-31T23:59:59.123Z");
        let local = clock(ClockStyle::Local, -5400);
        assert_eq!((local.seconds(time, now), local.name()), (safe!("22:29:59"), safe!("-01:30")));
        assert_eq!(local.full(time), "2025-12-31T22:29:59.123-01:30");
        let ago = clock(ClockStyle::Ago, 0);
        assert_eq!(ago.seconds(time, now), "9s ago");
        assert_eq!(ago.seconds(now, time), "in 9s");
        assert_eq!((ago.cell(time, now), ago.cell(now, time)), (safe!("9s"), safe!("+9s")));
        assert!(ago.cell(time.plus(-99 * 60 * SECOND), now).width() <= 8);
        assert_eq!(utc.cell(time, now), "23:59:59");
        let days_later = now.plus(300 * DAY);
        assert_eq!(
            (utc.day_cell(time, now), utc.day_cell(time, days_later)),
            (safe!("23:59:59"), safe!("300d ago"))
        );
        assert_eq!(ago.day_cell(time, days_later), "300d");
        assert_eq!(
            (utc.moment(time, now), utc.moment(time, days_later)),
            (utc.seconds(time, now), safe!("12-31 23:59:59"))
        );
    }
}
