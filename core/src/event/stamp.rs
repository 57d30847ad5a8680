//! Timestamps as logs write them, to nanoseconds since 1970.
//!
//! Hand-written because every event has one: the usual form (RFC 3339 and its relatives) costs some
//! ten nanoseconds. Beside it: nginx and Apache (`17/May/2015:10:05:03 +0000`), the nginx error log
//! (`2015/10/29 20:01:02`), RFC 2822, asctime, syslog without a year (`Dec 10 06:55:46`), and epoch
//! numbers in seconds, milli-, micro- or nanoseconds, told apart by their size.

use super::zone::{self, Zone};
use super::{DAY, Nanos, SECOND, TimeQuality, Timestamp};
use crate::event::number::to_u32;

/// 2100-01-01, in seconds.
const END_OF_CENTURY: i64 = 4_102_444_800;

const DAY_SECONDS: i64 = DAY / SECOND;

/// A timestamp found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub time: Timestamp,
    /// `Exact`, `Zoneless` or `Completed`.
    pub quality: TimeQuality,
}

/// What a timestamp that lacks a part is completed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Zone of times that name none.
    pub zone: Zone,
    /// Year of the first time without a year; `None`: the arrival gives it.
    pub year: Option<i32>,
    /// Arrival of the line: gives the year where there is none.
    pub arrival: Timestamp,
    /// Newest time of the same source so far: tells the two passes of a repeated hour apart, and when
    /// the next year has begun.
    pub latest: Option<Timestamp>,
}

/// Reads a text that is a timestamp from its first to its last character.
#[must_use]
pub fn parse(text: &str, completion: Completion) -> Option<Stamp> {
    let whole = |found: &(Stamp, usize)| found.1 == text.len();
    let found = prefix(text, completion).filter(whole).or_else(|| scientific(text));
    found.map(|(stamp, _)| stamp)
}

/// Reads the timestamp that a text starts with, and says how many bytes it takes.
#[must_use]
pub fn prefix(text: &str, completion: Completion) -> Option<(Stamp, usize)> {
    let bytes = text.as_bytes();
    match *bytes.first()? {
        b'0'..=b'9' => year_first(bytes, completion)
            .or_else(|| day_first(bytes, completion))
            .or_else(|| basic(bytes, completion))
            .or_else(|| epoch_prefix(text)),
        b'-' | b'+' => None,
        b'/' => dotnet(text),
        b'@' => tai(text),
        _ => month_first(bytes, completion),
    }
}

/// Reads an epoch number in seconds, milli-, micro- or nanoseconds. Numbers that mean no moment between 2001 and
/// 2100 in any of them are counts, sizes and dates: none.
#[must_use]
pub fn epoch(text: &str) -> Option<Stamp> {
    let whole = |found: &(Stamp, usize)| found.1 == text.len();
    epoch_prefix(text).filter(whole).or_else(|| scientific(text)).map(|(stamp, _)| stamp)
}

/// Reads the JSON text of an array of calendar fields, as Java writes local times: year, month, day, hour, minute
/// and perhaps second and nanosecond. Anything else is no time.
#[must_use]
pub fn calendar(text: &str, completion: Completion) -> Option<Stamp> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut parts = [0i64; 7];
    let mut count = 0;
    for number in inner.split(',') {
        *parts.get_mut(count)? = number.trim().parse().ok()?;
        count += 1;
    }
    let [year, month, day, hour, minute, second, nanos] = parts;
    let small = |number: i64, limit: i64| (0..=limit).contains(&number);
    let valid =
        count >= 5 && small(hour, 23) && small(minute, 59) && small(second, 60) && small(nanos, SECOND - 1);
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let civil = civil(year, month, day, hour * 3_600 + minute * 60 + second, nanos).filter(|_| valid)?;
    Some(Stamp { time: civil.local(completion)?, quality: TimeQuality::Zoneless })
}

/// Reads the JSON text of an object that is a time: seconds beside a fraction, as protocol buffers, Rust, Java and C
/// have it (`{"seconds":1795858200,"nanos":5000000}`), or an extended type of MongoDB (`{"$date":...}`).
#[must_use]
pub fn object(text: &str, completion: Completion) -> Option<Stamp> {
    const SECONDS: [&str; 8] =
        ["seconds", "epochsecond", "secssinceepoch", "sec", "secs", "tvsec", "$date", "$numberlong"];
    const FRACTIONS: [(&str, i64); 10] = [
        ("nanos", 1),
        ("nano", 1),
        ("nanoofsecond", 1),
        ("nanossinceepoch", 1),
        ("nsec", 1),
        ("tvnsec", 1),
        ("nanoseconds", 1),
        ("usec", 1_000),
        ("micros", 1_000),
        ("millis", 1_000_000),
    ];
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    if let Some((name, value)) =
        inner.split_once(':').filter(|(_, value)| value.trim_start().starts_with('{'))
    {
        return SECONDS.contains(&member(name)).then(|| object(value.trim(), completion))?;
    }
    let (mut stamp, mut fraction) = (None, 0);
    for (name, value) in inner.split(',').filter_map(|pair| pair.split_once(':')) {
        let name: String = member(name).chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        let value = value.trim().trim_matches('"');
        if SECONDS.contains(&name.as_str()) {
            stamp = parse(value, completion);
        } else if let Some((_, unit)) = FRACTIONS.iter().find(|(known, _)| *known == name) {
            fraction =
                value.parse::<i64>().ok()?.checked_mul(*unit).filter(|nanos| (0..SECOND).contains(nanos))?;
        }
    }
    stamp.map(|stamp| Stamp { time: Timestamp(stamp.time.0.saturating_add(fraction)), ..stamp })
}

/// The name of a member without its quotes.
fn member(name: &str) -> &str {
    name.trim().trim_matches('"')
}

/// `1.795858200123E9`: seconds, as some encoders write what is large.
fn scientific(text: &str) -> Option<(Stamp, usize)> {
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let (whole, fraction) = number.split_once('.')?;
    let exponent = exponent.trim_start_matches('+').parse().ok().filter(|exponent| *exponent == 9usize)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || !digits(whole) || !digits(fraction) || fraction.len() > 2 * exponent {
        return None;
    }
    let plain = format!("{whole}{fraction:0<exponent$}");
    let (seconds, rest) = plain.split_at_checked(exponent + 1)?;
    let (stamp, _) = epoch_prefix(&format!("{seconds}.{rest}0"))?;
    Some((stamp, text.len()))
}

fn epoch_prefix(text: &str) -> Option<(Stamp, usize)> {
    let bytes = text.as_bytes();
    let whole_end = digits_end(bytes, 0);
    let whole: i64 = text.get(..whole_end)?.parse().ok()?;
    let unit = match whole_end {
        10 => SECOND,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    if !(1_000_000_000..END_OF_CENTURY).contains(&(whole / (SECOND / unit))) {
        return None;
    }
    let mut end = whole_end;
    let mut fraction = 0;
    // A comma is one of a list, unless it is the last.
    let decimal_comma = || bytes.get(end) == Some(&b',') && digits_end(bytes, end + 1) == bytes.len();
    if bytes.get(end) == Some(&b'.') || decimal_comma() {
        (fraction, end) = read_fraction(bytes, end + 1)?;
    }
    if bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let nanos = whole.checked_mul(unit)?.checked_add(fraction / (SECOND / unit))?;
    Some((Stamp { time: Timestamp(nanos), quality: TimeQuality::Exact }, end))
}

/// A calendar time before its zone is known.
#[derive(Clone, Copy)]
struct Civil {
    year: i64,
    month: u32,
    day: u32,
    seconds: i64,
    nanos: i64,
}

impl Civil {
    /// Nanoseconds since 1970 at `offset` seconds east of UTC; `None` outside of 1678 to 2261.
    #[inline]
    fn at(self, offset: i64) -> Option<Timestamp> {
        if !(1678..=2261).contains(&self.year) {
            return None;
        }
        let seconds = days(self.year, self.month, self.day) * DAY_SECONDS + self.seconds - offset;
        Some(Timestamp(seconds * SECOND + self.nanos))
    }

    /// The same in the zone that was not written.
    #[inline]
    fn local(self, completion: Completion) -> Option<Timestamp> {
        match completion.zone {
            Zone::Fixed(seconds) => self.at(i64::from(seconds)),
            Zone::Named(zone) => {
                let seconds = days(self.year, self.month, self.day) * DAY_SECONDS + self.seconds;
                let possible = zone::offsets(zone, seconds)?.map(|offset| self.at(offset));
                match possible {
                    [Some(first), Some(second)] => Some(pass(first, second, completion)),
                    [first, second] => first.or(second),
                }
            }
        }
    }
}

/// Which of two possible moments is meant: the second one when the source has come further than the first
/// allows, or when the line arrives just then; else the first.
fn pass(first: Timestamp, second: Timestamp, completion: Completion) -> Timestamp {
    /// How far a source may fall behind itself; one that is silent for the rest of the hour is misjudged.
    const DISORDER: Nanos = 600 * SECOND;
    let further = completion.latest.is_some_and(|latest| latest.since(first) > DISORDER);
    let arrives_now = completion.arrival.since(second).unsigned_abs() < DISORDER.unsigned_abs();
    if further || arrives_now { second } else { first }
}

/// Days since 1970-01-01 (Howard Hinnant's `days_from_civil`).
#[inline]
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2026-03-01T09:30:00.123Z` and its relatives: `/` for `-`, a space, `_` or `:` for `T`, a comma before the
/// fraction, any number of digits in it, zones as `Z`, `+02:00`, `+0200`, `+02`, ` UTC`, ` CET` or none.
#[inline]
fn year_first(bytes: &[u8], completion: Completion) -> Option<(Stamp, usize)> {
    let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/' | b'.') || bytes.get(7) != Some(&separator) {
        return None;
    }
    let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
    if !matches!(bytes.get(10)?, b'T' | b' ' | b't' | b'_' | b':' | b'\t') {
        return None;
    }
    // MariaDB pads the hour with a blank.
    let padded = usize::from(bytes.get(10..12) == Some(b"  "));
    let (seconds, nanos, end) = clock(bytes, 11 + padded)?;
    let civil = civil(i64::from(year), month, day, seconds, nanos)?;
    zoned(civil, bytes, end, completion)
}

/// `20261128T093000Z`, `20261128-09:30:00.5`, and glog's `1128 09:30:00.123456`.
fn basic(bytes: &[u8], completion: Completion) -> Option<(Stamp, usize)> {
    let (first, second) = (two(bytes, 0)?, two(bytes, 2)?);
    if bytes.get(4) == Some(&b' ') {
        let (seconds, nanos, end) = clock(bytes, 5)?;
        civil(2000, first, second, seconds, nanos)?;
        let civil = Civil { year: 2000, month: first, day: second, seconds, nanos };
        return Some((without_year(civil, completion)?, end));
    }
    let (month, day) = (two(bytes, 4)?, two(bytes, 6)?);
    if !matches!(bytes.get(8)?, b'T' | b't' | b'-' | b' ' | b'_') {
        return None;
    }
    let (seconds, nanos, end) = clock(bytes, 9).or_else(|| basic_clock(bytes, 9))?;
    zoned(civil(i64::from(first * 100 + second), month, day, seconds, nanos)?, bytes, end, completion)
}

/// `hhmmss[.fraction]`
fn basic_clock(bytes: &[u8], at: usize) -> Option<(i64, i64, usize)> {
    let (hour, minute, second) = (two(bytes, at)?, two(bytes, at + 2)?, two(bytes, at + 4)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, end) = fraction_at(bytes, at + 6)?;
    Some((i64::from(hour * 3_600 + minute * 60 + second), nanos, end))
}

/// `@4000000069a40e2a075bca00`: TAI64 and TAI64N, as multilog, svlogd and qmail write them. Beside 2^62 they count ten
/// seconds more than have passed since 1970, and no leap seconds.
fn tai(text: &str) -> Option<(Stamp, usize)> {
    const EPOCH: u64 = (1 << 62) + 10;
    let label = text.strip_prefix('@')?;
    let digits = label.bytes().take_while(u8::is_ascii_hexdigit).count();
    let ends = !label.as_bytes().get(digits).is_some_and(u8::is_ascii_alphanumeric);
    let seconds = u64::from_str_radix(label.get(..16)?, 16).ok()?.checked_sub(EPOCH)?;
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds < END_OF_CENTURY)?;
    let nanos = match digits {
        16 => 0,
        24 | 32 => i64::from_str_radix(label.get(16..24)?, 16).ok()?,
        _ => return None,
    };
    let time = Timestamp(seconds * SECOND + nanos);
    (ends && nanos < SECOND).then_some((Stamp { time, quality: TimeQuality::Exact }, 1 + digits))
}

/// `/Date(1795858200123)/`
fn dotnet(text: &str) -> Option<(Stamp, usize)> {
    let rest = text.strip_prefix("/Date(")?;
    let (stamp, length) = epoch_prefix(rest)?;
    rest.get(length..)?.starts_with(")/").then_some((stamp, "/Date(".len() + length + ")/".len()))
}

/// `17/May/2015:10:05:03 +0000`, `20 Nov 2026 20:19:33`, `29.11.2026 23:59:58`.
fn day_first(bytes: &[u8], completion: Completion) -> Option<(Stamp, usize)> {
    let (day, end) = one_or_two(bytes, 0)?;
    let separator = *bytes.get(end)?;
    if separator == b'.' {
        return dotted(day, bytes, end, completion);
    }
    if separator == b'/' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        return slashed(day, bytes, end, completion);
    }
    if !matches!(separator, b'/' | b'-' | b' ') {
        return None;
    }
    let month = month(bytes, end + 1)?;
    if bytes.get(end + 4) != Some(&separator) {
        return None;
    }
    let year = two(bytes, end + 5)? * 100 + two(bytes, end + 7)?;
    if !matches!(bytes.get(end + 9)?, b':' | b' ') {
        return None;
    }
    let (seconds, nanos, at) = clock(bytes, end + 10)?;
    zoned(civil(i64::from(year), month, day, seconds, nanos)?, bytes, at, completion)
}

/// The rest of `29.11.2026 23:59:58`: with dots, the day comes first everywhere.
fn dotted(day: u32, bytes: &[u8], at: usize, completion: Completion) -> Option<(Stamp, usize)> {
    let month = two(bytes, at + 1)?;
    if bytes.get(at + 3) != Some(&b'.') {
        return None;
    }
    let year = year_at(bytes, at + 4)?;
    let clock_at =
        at + 8 + bytes.get(at + 8..)?.iter().take_while(|byte| matches!(byte, b' ' | b',' | b'T')).count();
    if !(at + 9..=at + 10).contains(&clock_at) {
        return None;
    }
    let (seconds, nanos, end) = clock(bytes, clock_at)?;
    zoned(civil(year, month, day, seconds, nanos)?, bytes, end, completion)
}

/// The rest of `28/11/2026 09:30:00` and `11/28/2026 9:30:00 AM`. Which of the two is the month is known where one of
/// them is none, or by the halves of the day; where it is not, there is no time rather than a wrong one.
fn slashed(first: u32, bytes: &[u8], at: usize, completion: Completion) -> Option<(Stamp, usize)> {
    let (second, end) = one_or_two(bytes, at + 1)?;
    let year = year_at(bytes, end + 1).filter(|_| bytes.get(end) == Some(&b'/'))?;
    let clock_at = end + 5 + usize::from(bytes.get(end + 5) == Some(&b','));
    if bytes.get(clock_at) != Some(&b' ') {
        return None;
    }
    let (seconds, nanos, end) = clock(bytes, clock_at + 1)?;
    let has_halves = !bytes.get(end - 1)?.is_ascii_digit();
    let (day, month) = match (first > 12, second > 12 || has_halves) {
        (true, _) => (first, second),
        (false, true) => (second, first),
        (false, false) => return None,
    };
    zoned(civil(year, month, day, seconds, nanos)?, bytes, end, completion)
}

/// `Mon, 02 Jan 2006 15:04:05 GMT`, `Sun Jul 28 21:05:31.178 2013`, `Dec 10 06:55:46`.
fn month_first(bytes: &[u8], completion: Completion) -> Option<(Stamp, usize)> {
    let mut at = 0;
    if weekday(bytes) {
        at = 3 + usize::from(bytes.get(3) == Some(&b','));
        if bytes.get(at) != Some(&b' ') {
            return None;
        }
        at += 1;
        if bytes.get(at).is_some_and(u8::is_ascii_digit) {
            let rest = bytes.get(at..)?;
            let (stamp, length) = day_first(rest, completion).or_else(|| year_first(rest, completion))?;
            return Some((stamp, at + length));
        }
    }
    let month = month(bytes, at)?;
    if bytes.get(at + 3) != Some(&b' ') {
        return None;
    }
    let day_at = at + 4 + usize::from(bytes.get(at + 4) == Some(&b' '));
    let (day, end) = one_or_two(bytes, day_at)?;
    let end = end + usize::from(bytes.get(end) == Some(&b','));
    if bytes.get(end) != Some(&b' ') {
        return None;
    }
    // Some network devices write the year here, and Java and browsers: `Nov 28, 2026, 9:30:00 AM`.
    if let Some(year) = year_at(bytes, end + 1) {
        let clock_at = end + 5 + usize::from(bytes.get(end + 5) == Some(&b','));
        if bytes.get(clock_at) == Some(&b' ')
            && let Some((seconds, nanos, end)) = clock(bytes, clock_at + 1)
        {
            return zoned(civil(year, month, day, seconds, nanos)?, bytes, end, completion);
        }
    }
    let (seconds, nanos, end) = clock(bytes, end + 1)?;
    // `date` of the shell: `Sat Nov 28 09:30:00 UTC 2026`.
    if let Some((offset, zone_end)) = named_zone(bytes, end + 1)
        && let Some(year) = year_at(bytes, zone_end + 1)
    {
        let time = civil(year, month, day, seconds, nanos)?.at(offset)?;
        return Some((Stamp { time, quality: TimeQuality::Exact }, zone_end + 5));
    }
    if bytes.get(end) == Some(&b' ')
        && let Some(year) = year_at(bytes, end + 1)
        && !bytes.get(end + 5).is_some_and(u8::is_ascii_alphanumeric)
    {
        return zoned(civil(year, month, day, seconds, nanos)?, bytes, end + 5, completion);
    }
    let civil = Civil { year: 2000, month, day, seconds, nanos };
    Some((without_year(civil, completion)?, end))
}

fn year_at(bytes: &[u8], at: usize) -> Option<i64> {
    let year = two(bytes, at)? * 100 + two(bytes, at + 2)?;
    (1970..2262).contains(&year).then_some(i64::from(year))
}

/// The configured year or, later in the same source, the next; else the year in which the time lies closest
/// to the arrival, at most a week ahead of it.
fn without_year(civil: Civil, completion: Completion) -> Option<Stamp> {
    const WEEK: Nanos = 7 * DAY;
    if let Some(year) = completion.year {
        return in_year(civil, i64::from(year), completion);
    }
    let arrival_year = civil_year(completion.arrival);
    let stamp = (0..9)
        .map(|back| arrival_year + 1 - back)
        .filter(|year| civil.day <= days_in_month(*year, civil.month))
        .filter_map(|year| Civil { year, ..civil }.local(completion))
        .find(|time| time.since(completion.arrival) <= WEEK)?;
    Some(Stamp { time: stamp, quality: TimeQuality::Completed })
}

/// The first year from `year` on in which the source does not fall back by half a year: January after
/// December is the next one.
fn in_year(civil: Civil, year: i64, completion: Completion) -> Option<Stamp> {
    const HALF_A_YEAR: Nanos = 183 * DAY;
    let from = completion.latest.map_or(year, |latest| year.max(civil_year(latest) - 1));
    let time = (from..from + 3)
        .filter(|year| civil.day <= days_in_month(*year, civil.month))
        .filter_map(|year| Civil { year, ..civil }.local(completion))
        .find(|time| completion.latest.is_none_or(|latest| latest.since(*time) < HALF_A_YEAR))?;
    Some(Stamp { time, quality: TimeQuality::Completed })
}

fn civil_year(time: Timestamp) -> i64 {
    let day = time.seconds().div_euclid(DAY_SECONDS);
    let mut year = 1970 + day.div_euclid(if day < 0 { 365 } else { 366 });
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    year
}

fn civil(year: i64, month: u32, day: u32, seconds: i64, nanos: i64) -> Option<Civil> {
    let valid = (1..=12).contains(&month) && day >= 1 && (day <= 28 || day <= days_in_month(year, month));
    valid.then_some(Civil { year, month, day, seconds, nanos })
}

/// `hh:mm[:ss[.fraction]]`, with ` AM` or ` PM` or without: seconds of the day, nanoseconds, end.
#[inline]
fn clock(bytes: &[u8], at: usize) -> Option<(i64, i64, usize)> {
    let (hour, colon) = one_or_two(bytes, at)?;
    let minute = two(bytes, colon + 1)?;
    if bytes.get(colon) != Some(&b':') || hour > 23 || minute > 59 {
        return None;
    }
    let (mut second, mut nanos, mut end) = (0, 0, colon + 3);
    if bytes.get(end) == Some(&b':') {
        second = two(bytes, end + 1)?;
        (nanos, end) = fraction_at(bytes, end + 3)?;
    }
    // A leap second is the first of the next minute: order is kept, nothing is refused.
    if second > 60 {
        return None;
    }
    let (hour, end) = match half_of_day(bytes, end) {
        None => (hour, end),
        Some((_, _)) if !(1..=12).contains(&hour) => return None,
        Some((afternoon, end)) => (hour % 12 + afternoon, end),
    };
    Some((i64::from(hour * 3600 + minute * 60 + second), nanos, end))
}

/// ` AM`, `PM`, ` p.m.`: the hours it adds and where it ends.
#[inline]
fn half_of_day(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    // Browsers put a narrow space that does not break before it.
    let rest = bytes.get(at..)?;
    let gap = match rest {
        [b' ', ..] => 1,
        [0xe2, 0x80, 0xaf, ..] => 3,
        _ => 0,
    };
    let hours = match rest.get(gap)? {
        b'a' | b'A' => 0,
        b'p' | b'P' => 12,
        _ => return None,
    };
    let length = match rest.get(gap + 1..)? {
        [b'm' | b'M', ..] => 2,
        [b'.', b'm' | b'M', b'.', ..] => 4,
        _ => return None,
    };
    let end = at + gap + length;
    (!bytes.get(end).is_some_and(u8::is_ascii_alphanumeric)).then_some((hours, end))
}

/// Nanoseconds of a fraction, if one begins here, and where it ends.
#[inline]
fn fraction_at(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    if matches!(bytes.get(at), Some(b'.' | b',')) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        return read_fraction(bytes, at + 1);
    }
    Some((0, at))
}

/// Digits after the point as nanoseconds; more than nine are passed over.
#[inline]
fn read_fraction(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let end = digits_end(bytes, at);
    if end == at {
        return None;
    }
    let mut nanos = 0;
    let mut scale = SECOND;
    for digit in bytes.get(at..end.min(at + 9))? {
        nanos = nanos * 10 + i64::from(digit - b'0');
        scale /= 10;
    }
    Some((nanos * scale, end))
}

/// Applies the zone that stands at `at`, or the configured one.
#[inline]
fn zoned(civil: Civil, bytes: &[u8], at: usize, completion: Completion) -> Option<(Stamp, usize)> {
    let written = match bytes.get(at) {
        Some(b'Z' | b'z') => Some((0, at + 1)),
        Some(b'+' | b'-') => numeric_zone(bytes, at),
        Some(b' ') => match bytes.get(at + 1) {
            Some(b'+' | b'-') => numeric_zone(bytes, at + 1),
            Some(b'A'..=b'Z') => named_zone(bytes, at + 1),
            _ => None,
        },
        _ => None,
    };
    if let Some((offset, end)) = written {
        let stamp = Stamp { time: civil.at(offset)?, quality: TimeQuality::Exact };
        return Some((stamp, zone_again(bytes, end)));
    }
    if let Some((zone, end)) = region(bytes, at) {
        let time = civil.local(Completion { zone, ..completion })?;
        return Some((Stamp { time, quality: TimeQuality::Exact }, end));
    }
    Some((Stamp { time: civil.local(completion)?, quality: TimeQuality::Zoneless }, at))
}

/// Where what repeats an offset in other words ends: `[Europe/Berlin]`, ` CET`, ` +0100`, ` (Central European Time)`,
/// and the reading of Go's other clock, ` m=+0.000123`.
#[inline]
fn zone_again(bytes: &[u8], at: usize) -> usize {
    let end = match bytes.get(at..) {
        Some([b'[', ..]) => region(bytes, at).map(|(_, end)| end),
        Some([b' ', b'(', rest @ ..]) => rest
            .iter()
            .take(48)
            .position(|byte| !(byte.is_ascii_alphabetic() || *byte == b' '))
            .filter(|length| rest.get(*length) == Some(&b')') && zone_words(rest, *length))
            .map(|length| at + 3 + length),
        Some([b' ', b'+' | b'-', ..]) => numeric_zone(bytes, at + 1).map(|(_, end)| end),
        Some([b' ', b'A'..=b'Z', ..]) => named_zone(bytes, at + 1).map(|(_, end)| end),
        _ => None,
    };
    let end = end.unwrap_or(at);
    let monotonic = bytes.get(end..).and_then(|rest| rest.strip_prefix(b" m="));
    let length = monotonic.map_or(0, |rest| {
        3 + rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')).count()
    });
    end + length
}

/// Whether the words in round brackets name a zone: capital letters, or a name that ends in `Time`.
fn zone_words(rest: &[u8], length: usize) -> bool {
    let words = rest.get(..length).unwrap_or_default();
    words.ends_with(b"Time") || ((3..=5).contains(&length) && words.iter().all(u8::is_ascii_uppercase))
}

/// `[Europe/Berlin]`: RFC 9557.
fn region(bytes: &[u8], at: usize) -> Option<(Zone, usize)> {
    let rest = bytes.get(at..)?.strip_prefix(b"[")?;
    let length = rest.iter().take(48).position(|byte| *byte == b']')?;
    let name = std::str::from_utf8(rest.get(..length)?).ok()?;
    let known = name.contains('/') || matches!(name, "UTC" | "GMT" | "Z");
    let zone = if name == "Z" { Some(Zone::Fixed(0)) } else { Zone::parse(name) };
    zone.filter(|_| known).map(|zone| (zone, at + length + 2))
}

/// `+02:00`, `+0200`, `+02`.
fn numeric_zone(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let sign = if bytes.get(at)? == &b'-' { -1 } else { 1 };
    let hours = i64::from(two(bytes, at + 1)?);
    let (minutes, end) = if bytes.get(at + 3) == Some(&b':') {
        (i64::from(two(bytes, at + 4)?), at + 6)
    } else if let Some(minutes) = two(bytes, at + 3) {
        (i64::from(minutes), at + 5)
    } else {
        (0, at + 3)
    };
    let valid = hours <= 18 && minutes < 60 && !bytes.get(end).is_some_and(u8::is_ascii_digit);
    valid.then_some((sign * (hours * 3600 + minutes * 60), end))
}

/// Abbreviations that PostgreSQL and syslog daemons write and that mean one thing in practice.
fn named_zone(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    const ZONES: [(&[u8], i64); 18] = [
        (b"UTC", 0),
        (b"Z", 0),
        (b"WET", 0),
        (b"AEST", 10),
        (b"AEDT", 11),
        (b"GMT", 0),
        (b"CEST", 2),
        (b"CET", 1),
        (b"EEST", 3),
        (b"EET", 2),
        (b"MSK", 3),
        (b"JST", 9),
        (b"EST", -5),
        (b"EDT", -4),
        (b"CDT", -5),
        (b"MDT", -6),
        (b"PDT", -7),
        (b"PST", -8),
    ];
    let rest = bytes.get(at..)?;
    let (name, hours) = ZONES.iter().find(|(name, _)| rest.starts_with(name))?;
    let end = at + name.len();
    // `GMT+0100`, `UTC-05:00`
    if *hours == 0
        && matches!(bytes.get(end), Some(b'+' | b'-'))
        && let Some(zone) = numeric_zone(bytes, end)
    {
        return Some(zone);
    }
    let whole = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    whole.then_some((hours * 3600, end))
}

#[inline(always)]
fn two(bytes: &[u8], at: usize) -> Option<u32> {
    let pair = bytes.get(at..)?.first_chunk::<2>()?;
    let (tens, ones) = (pair[0].wrapping_sub(b'0'), pair[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn one_or_two(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    if let Some(number) = two(bytes, at) {
        return Some((number, at + 2));
    }
    let digit = bytes.get(at)?.checked_sub(b'0').filter(|digit| *digit < 10)?;
    Some((u32::from(digit), at + 1))
}

#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

fn month(bytes: &[u8], at: usize) -> Option<u32> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let name = bytes.get(at..)?.first_chunk::<3>()?;
    let index = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    Some(to_u32(index) + 1)
}

fn weekday(bytes: &[u8]) -> bool {
    const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    bytes.first_chunk::<3>().is_some_and(|name| DAYS.iter().any(|day| day.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion() -> Completion {
        let arrival = Timestamp::parse_rfc3339("2026-03-01T00:00:00Z").expect("a time");
        Completion { arrival, ..Completion::default() }
    }

    fn check(text: &str, expect: Option<(&str, TimeQuality)>) {
        let found = parse(text, completion()).map(|stamp| (stamp.time.to_string(), stamp.quality));
        assert_eq!(found, expect.map(|(time, quality)| (time.to_owned(), quality)), "{text}");
    }

    #[test]
    fn the_forms_that_logs_write_are_read() {
        use TimeQuality::{Completed, Exact, Zoneless};
        for (text, time, quality) in [
            ("2025-10-22T09:11:23.317630Z", "2025-10-22T09:11:23.317630Z", Exact),
            ("2025-10-22T09:11:23.317630", "2025-10-22T09:11:23.317630Z", Zoneless),
            ("2025-10-10T14:15:10.260033+00:00", "2025-10-10T14:15:10.260033Z", Exact),
            ("2025-08-03T14:32:00.02-04:00", "2025-08-03T18:32:00.020Z", Exact),
            ("2026-11-20 20:19:33,123", "2026-11-20T20:19:33.123Z", Zoneless),
            ("@4000000069a40e2a075bca00", "2026-03-01T10:00:00.123456Z", Exact),
            ("@4000000069a40e2a", "2026-03-01T10:00:00Z", Exact),
            ("@4000000069a40e2a075bca0000000000", "2026-03-01T10:00:00.123456Z", Exact),
            ("Sun 2026-03-01 10:00:00 UTC", "2026-03-01T10:00:00Z", Exact),
            ("29.11.2026 23:59:58", "2026-11-29T23:59:58Z", Zoneless),
            ("29/11/2026 23:59:58.5", "2026-11-29T23:59:58.500Z", Zoneless),
            ("11/29/2026 23:59:58", "2026-11-29T23:59:58Z", Zoneless),
            ("2/11/2026, 9:05:00 PM", "2026-02-11T21:05:00Z", Zoneless),
            ("29/11/2026 23:59:58 +0100", "2026-11-29T22:59:58Z", Exact),
            ("9.11.2026, 23:59:58.5 +0100", "2026-11-09T22:59:58.500Z", Exact),
            ("2026-11-20T20:19:33+0000", "2026-11-20T20:19:33Z", Exact),
            ("2026-11-20T20:19:33+02", "2026-11-20T18:19:33Z", Exact),
            ("2022-01-28T16:04:05.413656027Z", "2022-01-28T16:04:05.413656027Z", Exact),
            ("2022-01-28T16:04:05.4136560271234Z", "2022-01-28T16:04:05.413656027Z", Exact),
            ("2022-11-27 18:58:02.096 UTC", "2022-11-27T18:58:02.096Z", Exact),
            ("2022-11-27 18:58:02.096 CET", "2022-11-27T17:58:02.096Z", Exact),
            ("2015/10/29 20:01:02", "2015-10-29T20:01:02Z", Zoneless),
            ("17/May/2015:10:05:03 +0000", "2015-05-17T10:05:03Z", Exact),
            ("17/May/2015:10:05:03 -0130", "2015-05-17T11:35:03Z", Exact),
            ("Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05Z", Exact),
            ("Sun Jul 28 21:05:31.178340 2013", "2013-07-28T21:05:31.178340Z", Zoneless),
            ("Dec 10 06:55:46", "2025-12-10T06:55:46Z", Completed),
            ("Mar  3 00:17:22", "2026-03-03T00:17:22Z", Completed),
            ("Mar 30 00:17:22", "2025-03-30T00:17:22Z", Completed),
            ("Feb 29 00:17:22", "2024-02-29T00:17:22Z", Completed),
            ("1762331559.019", "2025-11-05T08:32:39.019Z", Exact),
            ("1762331559", "2025-11-05T08:32:39Z", Exact),
            ("1762331559019", "2025-11-05T08:32:39.019Z", Exact),
            ("1762331559019.5", "2025-11-05T08:32:39.019500Z", Exact),
            ("1762331559019123", "2025-11-05T08:32:39.019123Z", Exact),
            ("1762331559019123456", "2025-11-05T08:32:39.019123456Z", Exact),
            ("2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z", Exact),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z", Exact),
            ("2026-11-20T20:19", "2026-11-20T20:19:00Z", Zoneless),
            ("2026-11-28T10:30:00.123+01:00[Europe/Berlin]", "2026-11-28T09:30:00.123Z", Exact),
            ("2026-07-28T11:30:00[Europe/Berlin]", "2026-07-28T09:30:00Z", Exact),
            ("2026-11-28T09:30:00Z[UTC]", "2026-11-28T09:30:00Z", Exact),
            ("20261128T093000Z", "2026-11-28T09:30:00Z", Exact),
            ("20261128T103000.5+0100", "2026-11-28T09:30:00.500Z", Exact),
            ("20261128-09:30:00.123", "2026-11-28T09:30:00.123Z", Zoneless),
            ("20261128 093000", "2026-11-28T09:30:00Z", Zoneless),
            ("2026-11-28 10:30:00 +0100 CET", "2026-11-28T09:30:00Z", Exact),
            ("2026-11-28 12:30:00 +0300 +03", "2026-11-28T09:30:00Z", Exact),
            ("2026-11-28 09:30:00.5 +0000 UTC m=+0.000123", "2026-11-28T09:30:00.500Z", Exact),
            ("2026-11-28 09:30:00 Z", "2026-11-28T09:30:00Z", Exact),
            ("2026-11-28 04:30:00 UTC-05:00", "2026-11-28T09:30:00Z", Exact),
            ("Sat Nov 28 09:30:00 UTC 2026", "2026-11-28T09:30:00Z", Exact),
            ("Sat Nov 28 10:30:00 CET 2026", "2026-11-28T09:30:00Z", Exact),
            ("Sat Nov 28 2026 10:30:00 GMT+0100 (CET)", "2026-11-28T09:30:00Z", Exact),
            (
                "Sat Nov 28 2026 10:30:00 GMT+0100 (Central European Standard Time)",
                "2026-11-28T09:30:00Z",
                Exact,
            ),
            ("Nov 28, 2026 9:30:00 AM", "2026-11-28T09:30:00Z", Zoneless),
            ("Nov 28, 2026, 9:30:00\u{202f}PM", "2026-11-28T21:30:00Z", Zoneless),
            ("2026-11-28 12:00:53 PM", "2026-11-28T12:00:53Z", Zoneless),
            ("2026-11-28 12:05:00 AM", "2026-11-28T00:05:00Z", Zoneless),
            ("2026-11-28 1:20:10 p.m.", "2026-11-28T13:20:10Z", Zoneless),
            ("2026-11-28 11:59:59.5 PM +0000", "2026-11-28T23:59:59.500Z", Exact),
            ("1795858200,5", "2026-11-28T09:30:00.500Z", Exact),
            ("1.795858200123E9", "2026-11-28T09:30:00.123Z", Exact),
            ("1.7958582e+09", "2026-11-28T09:30:00Z", Exact),
            ("/Date(1795858200123)/", "2026-11-28T09:30:00.123Z", Exact),
            ("1128 09:30:00.123456", "2025-11-28T09:30:00.123456Z", Completed),
        ] {
            check(text, Some((time, quality)));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "2025",
            "2025-13-01T00:00:00Z",
            "@4000000069a40e2a075bca0",
            "@4000000069a40e2affffffff",
            "@0000000069a40e2a",
            "@400000ff69a40e2a",
            "2025-02-29T00:00:00Z",
            "2025-00-10T00:00:00Z",
            "2025-10-10T24:00:00Z",
            "2025-10-10T00:61:00Z",
            "9999-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "2025-10-10T00:00:00Zulu",
            "2025-10-10",
            "12345",
            "99999999999999999999",
            "9999999999999999999",
            "1762331559x",
            "-1762331559",
            "23.0.0.10",
            "23.13.2026 10:00:00",
            "23.10.26 10:00:00",
            "02/03/2026 10:00:00",
            "13/13/2026 10:00:00",
            "Dec",
            "Decoy 10",
            "é",
            "123456789",
            "999999999",
            "4102444800",
            "5551234567",
            "12345678901",
            "20261128",
            "20261128093000",
            "12345678901234567",
            "2026-11-28 13:00:00 PM",
            "2026-11-28 00:30:00 AM",
            "20261328T093000Z",
            "20261128T253000Z",
            "1300 09:30:00",
            "2026-11-28T10:30:00[main]",
            "2026-11-28T10:30:00Z[Nowhere/City]",
            "/Date(x)/",
            "1.5E3",
            "1795858200,5,6",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn an_array_of_calendar_fields_is_one_time_or_none() {
        for (text, expect) in [
            ("[2026,11,28,9,30,0,123000000]", Some("2026-11-28T09:30:00.123Z")),
            ("[2026, 11, 28, 9, 30]", Some("2026-11-28T09:30:00Z")),
            ("[2026,11,28,9,30,5]", Some("2026-11-28T09:30:05Z")),
            ("[2026,11,28]", None),
            ("[2026,13,28,9,30]", None),
            ("[2026,11,28,9,30,0,1000000000]", None),
            ("[2026,11,28,9,30,0,0,0]", None),
            ("[1795858200]", None),
            ("[\"2026-11-28T09:30:00Z\"]", None),
            ("[]", None),
        ] {
            let found = calendar(text, completion());
            assert_eq!(found.map(|stamp| stamp.time.to_string()).as_deref(), expect, "{text}");
            assert!(found.is_none_or(|stamp| stamp.quality == TimeQuality::Zoneless), "{text}");
        }
    }

    #[test]
    fn a_prefix_says_where_the_rest_begins() {
        for (text, rest) in [
            ("2025-11-01 10:10:37,180 - api.saas_server - INFO", " - api.saas_server - INFO"),
            ("2015/10/29 20:01:02 [error] 1#0", " [error] 1#0"),
            ("2022-01-28T16:04:05.413656027Z stdout F x", " stdout F x"),
            ("Dec 10 06:55:46 host sshd[1]: x", " host sshd[1]: x"),
            ("2025-11-05 08:30:07.845 UTC,\"faceless\"", ",\"faceless\""),
            ("2025-11-05 08:30:07 - x", " - x"),
            ("2025-11-05 08:30:07 [main] x", " [main] x"),
            ("2025-11-05T08:30:07Z [main] x", " [main] x"),
            ("2025-11-05 08:30:07 AMQP ready", " AMQP ready"),
            ("2025-11-05 08:30:07 +0100 (pool 3) x", " (pool 3) x"),
            ("2025-11-05 08:30:07 +0100 WARN x", " WARN x"),
            ("1795858200,5,6", ",5,6"),
        ] {
            let length = prefix(text, completion()).map(|(_, length)| length);
            assert_eq!(length.and_then(|length| text.get(length..)), Some(rest), "{text}");
        }
    }

    #[test]
    fn a_configured_zone_applies_to_times_without_one() {
        let completion = Completion { zone: Zone::Fixed(7200), ..completion() };
        let stamp = parse("2026-01-01 12:00:00", completion).expect("a time");
        assert_eq!(stamp.time.to_string(), "2026-01-01T10:00:00Z");
        let stamp = parse("2026-01-01 12:00:00Z", completion).expect("a time");
        assert_eq!(stamp.time.to_string(), "2026-01-01T12:00:00Z");
    }

    /// The times of `texts` in Berlin, each with the newest before it.
    fn in_berlin(texts: &[&str], arrival: &str) -> Vec<String> {
        let zone = Zone::parse("Europe/Berlin").expect("a zone");
        let arrival = Timestamp::parse_rfc3339(arrival).expect("a time");
        let mut completion = Completion { zone, arrival, ..Completion::default() };
        let mut times = Vec::new();
        for text in texts {
            let stamp = parse(text, completion).expect("a time");
            completion.latest = completion.latest.max(Some(stamp.time));
            times.push(stamp.time.to_string());
        }
        times
    }

    #[test]
    fn a_named_zone_has_summer_and_winter() {
        let times = in_berlin(&["2026-01-01 12:00:00", "2026-07-01 12:00:00", "2026-07-01 12:00:00Z"], FAR);
        assert_eq!(times, ["2026-01-01T11:00:00Z", "2026-07-01T10:00:00Z", "2026-07-01T12:00:00Z"]);
    }

    const FAR: &str = "2030-01-01T00:00:00Z";

    #[test]
    fn the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_source() {
        let texts = [
            "2025-10-26 01:59:59",
            "2025-10-26 02:00:00",
            "2025-10-26 02:59:59",
            // A writer's small disorder is no second pass.
            "2025-10-26 02:58:00",
            "2025-10-26 02:00:01",
            "2025-10-26 02:30:00",
            "2025-10-26 02:59:59",
            "2025-10-26 03:00:00",
        ];
        let times = in_berlin(&texts, FAR);
        assert_eq!(
            times,
            [
                "2025-10-25T23:59:59Z",
                "2025-10-26T00:00:00Z",
                "2025-10-26T00:59:59Z",
                "2025-10-26T00:58:00Z",
                "2025-10-26T01:00:01Z",
                "2025-10-26T01:30:00Z",
                "2025-10-26T01:59:59Z",
                "2025-10-26T02:00:00Z",
            ]
        );
    }

    #[test]
    fn a_line_that_arrives_in_the_second_pass_belongs_there() {
        let text = ["2025-10-26 02:30:00"];
        assert_eq!(in_berlin(&text, "2025-10-26T00:30:01Z"), ["2025-10-26T00:30:00Z"]);
        assert_eq!(in_berlin(&text, "2025-10-26T01:30:01Z"), ["2025-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_time_that_does_not_exist_is_of_a_clock_that_was_not_put_forward() {
        let times = in_berlin(&["2026-03-29 01:59:59", "2026-03-29 02:30:00", "2026-03-29 03:30:00"], FAR);
        assert_eq!(times, ["2026-03-29T00:59:59Z", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"]);
    }

    #[test]
    fn a_configured_year_goes_on_when_january_follows_december() {
        let mut completion = Completion { year: Some(2019), ..completion() };
        let mut times = Vec::new();
        for text in ["Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:58", "Feb 29 12:00:00"] {
            let stamp = parse(text, completion).expect("a time");
            completion.latest = completion.latest.max(Some(stamp.time));
            times.push(stamp.time.to_string());
        }
        assert_eq!(
            times,
            ["2019-12-31T23:59:59Z", "2020-01-01T00:00:01Z", "2019-12-31T23:59:58Z", "2020-02-29T12:00:00Z"]
        );
    }

    proptest::proptest! {
        #[test]
        fn every_time_is_read_back(nanos in proptest::prelude::any::<i64>()) {
            let time = Timestamp(nanos);
            let text = time.to_string();
            let expect = (1678..=2261).contains(&civil_year(time)).then_some(time);
            proptest::prop_assert_eq!(parse(&text, completion()).map(|stamp| stamp.time), expect);
        }

        #[test]
        fn any_time_in_any_zone_is_survived(
            nanos in proptest::prelude::any::<i64>(),
            zone in 0..chrono_tz::TZ_VARIANTS.len(),
            latest in proptest::prelude::any::<Option<i64>>(),
        ) {
            let text = Timestamp(nanos).to_string();
            let zone = Zone::Named(chrono_tz::TZ_VARIANTS[zone]);
            let completion = Completion { zone, latest: latest.map(Timestamp), ..completion() };
            let text = text.trim_end_matches('Z');
            let fits = (1678..=2261).contains(&civil_year(Timestamp(nanos)));
            if let Some(stamp) = parse(text, completion) {
                let apart = stamp.time.since(Timestamp(nanos)).unsigned_abs();
                proptest::prop_assert!(apart <= 27 * 3_600 * SECOND as u64, "{text} is {}", stamp.time);
            } else {
                proptest::prop_assert!(!fits, "{text}");
            }
        }

        #[test]
        fn any_text_is_survived(text in ".{0,40}") {
            if let Some((_, length)) = prefix(&text, completion()) {
                proptest::prop_assert!(length <= text.len());
            }
        }
    }
}
