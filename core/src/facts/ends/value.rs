//! How moments and lengths of time are written.

use crate::event::number::rounded;
use crate::event::stamp::{self, Completion};
use crate::event::{DAY, HOUR, MILLISECOND, MINUTE, Nanos, SECOND, Timestamp, Zone};

/// Longest text that is read as one.
const LONGEST: usize = 64;
/// Last year that has times of its own; what is said of later ones means never.
const LAST_YEAR: u16 = 2_261;
/// Last second of the year 9999, which is the end of time for some.
const END_OF_TIME: f64 = 253_402_300_799.0;

/// What a value says about time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TimeTold {
    Moment(Timestamp),
    /// `10:45:30`: a time of the day, or a length.
    Clock(Nanos),
    Span(Nanos),
    /// Without a unit.
    Number(f64),
    Never,
}

const UNITS: [(&[&str], Nanos); 8] = [
    (&["ns", "nanos", "nanosecond", "nanoseconds"], 1),
    (&["us", "µs", "μs", "micros", "microsecond", "microseconds"], MILLISECOND / 1_000),
    (&["ms", "msec", "msecs", "millis", "milli", "millisecond", "milliseconds"], MILLISECOND),
    (
        &[
            "s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden", "seconde", "secondes",
            "segundo", "segundos", "secondi",
        ],
        SECOND,
    ),
    (&["m", "min", "mins", "minute", "minutes", "minuten", "minuto", "minutos", "minuti"], MINUTE),
    (
        &[
            "h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "heure", "heures", "hora",
            "horas", "ore",
        ],
        HOUR,
    ),
    (
        &[
            "d", "day", "days", "tag", "tage", "tagen", "jour", "jours", "dia", "dias", "día", "días",
            "giorni",
        ],
        DAY,
    ),
    (&["w", "wk", "week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas"], 7 * DAY),
];

/// The length of a unit, by its name in lower case.
#[must_use]
pub fn unit(word: &str) -> Option<Nanos> {
    UNITS.iter().find(|(words, _)| words.contains(&word)).map(|(_, unit)| *unit)
}

/// Nanoseconds of so many units; none of what is negative or beyond all time.
pub(super) fn nanos(number: f64, unit: Nanos) -> Option<Nanos> {
    let nanos = rounded(number * crate::event::number::to_f64(unit));
    (0..Nanos::MAX).contains(&nanos).then_some(nanos)
}

/// Reads a whole value.
pub(super) fn read(text: &str, completion: Completion) -> Option<TimeTold> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    if is_never(text) {
        return Some(TimeTold::Never);
    }
    if let Some(number) = number(text) {
        return Some(match stamp::epoch(text) {
            Some(stamp) => TimeTold::Moment(stamp.time),
            None if number >= END_OF_TIME => TimeTold::Never,
            None => TimeTold::Number(number),
        });
    }
    if let Some(stamp) = stamp::parse(text, completion) {
        return Some(TimeTold::Moment(stamp.time));
    }
    let whole = |(told, length): (TimeTold, usize)| (length == text.len()).then_some(told);
    clock(text).and_then(whole).or_else(|| iso_span(text)).or_else(|| span(text).and_then(whole))
}

/// Reads what a text begins with, and says how long that is.
pub(super) fn prefix(text: &str, completion: Completion) -> Option<(TimeTold, usize)> {
    let moment =
        || stamp::prefix(text, completion).map(|(stamp, length)| (TimeTold::Moment(stamp.time), length));
    moment().or_else(|| clock(text)).or_else(|| span(text))
}

fn number(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    if is_plain { text.parse().ok() } else { None }
}

/// Words for no end, and years that nobody lives to see.
fn is_never(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "never",
        "permanent",
        "permanently",
        "forever",
        "indefinite",
        "indefinitely",
        "infinite",
        "infinity",
        "unlimited",
        "perpetual",
        "manual",
    ];
    let year = text.get(..4).filter(|_| text.as_bytes().get(4) == Some(&b'-'));
    let is_beyond = year.and_then(|year| year.parse::<u16>().ok()).is_some_and(|year| year > LAST_YEAR);
    is_beyond || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// `10:45`, `10:45:30`, `0:15:00`, `10:45:30.5`; of a length also `1.02:00:00` and `1 day, 2:00:00`.
fn clock(text: &str) -> Option<(TimeTold, usize)> {
    let (days, rest) = days_before(text);
    let at = text.len() - rest.len();
    let (hours, length) = digits(rest, 2)?;
    let rest = rest.get(length..)?.strip_prefix(':')?;
    let minutes = two_digits(rest)?;
    let (mut seconds, mut fraction, mut end) = (0, 0, at + length + 3);
    let mut rest = rest.get(2..)?;
    if let Some(behind) = rest.strip_prefix(':')
        && let Some(found) = two_digits(behind)
    {
        (seconds, end, rest) = (found, end + 3, behind.get(2..)?);
        if let Some((parts, length)) = rest.strip_prefix('.').and_then(|rest| digits(rest, 9)) {
            fraction = parts * 10_i64.pow(9 - u32::try_from(length).unwrap_or(9));
            (end, rest) = (end + 1 + length, rest.get(1 + length..)?);
        }
    }
    let is_over = !rest.starts_with(|c: char| c.is_alphanumeric() || c == ':') || rest.starts_with('Z');
    let is_clock = hours < 24 && minutes < 60 && seconds < 60 && is_over;
    let nanos = days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction;
    let zone =
        ["Z", " UTC", " GMT"].iter().find(|zone| rest.starts_with(**zone)).map_or(0, |zone| zone.len());
    is_clock.then_some((TimeTold::Clock(nanos), end + zone))
}

/// The days that some write before a clock, and what follows.
fn days_before(text: &str) -> (i64, &str) {
    let before = |sign: &str| {
        let (days, rest) = text.split_once(sign)?;
        let (count, length) = digits(days, 4)?;
        let word = days.get(length..)?.trim();
        (word.is_empty() && sign == "." || matches!(word, "day" | "days") && sign == ",")
            .then(|| (count, rest.trim_start()))
    };
    before(",").or_else(|| before(".").filter(|(_, rest)| rest.contains(':'))).unwrap_or((0, text))
}

/// Up to so many digits that a text begins with.
fn digits(text: &str, most: usize) -> Option<(i64, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > most { None } else { Some((text.get(..length)?.parse().ok()?, length)) }
}

fn two_digits(text: &str) -> Option<i64> {
    text.get(..2).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// `PT15M`, `P1D`, `PT1H30M`, `PT0.5S`
fn iso_span(text: &str) -> Option<TimeTold> {
    let mut rest = text.strip_prefix('P')?;
    let (mut total, mut in_clock, mut any) = (0_i64, false, false);
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('T') {
            (rest, in_clock) = (behind, true);
            continue;
        }
        let (count, length) = decimal(rest)?;
        let unit = match (rest.get(length..)?.chars().next()?, in_clock) {
            ('W', false) => 7 * DAY,
            ('D', false) => DAY,
            ('H', true) => HOUR,
            ('M', true) => MINUTE,
            ('S', true) => SECOND,
            _ => return None,
        };
        total = total.checked_add(nanos(count, unit)?)?;
        (rest, any) = (rest.get(length + 1..)?, true);
    }
    any.then_some(TimeTold::Span(total))
}

/// `90s`, `1h30m`, `15 minutes`, `1 hour and 30 minutes`, `an hour`: numbers with their units.
pub(super) fn span(text: &str) -> Option<(TimeTold, usize)> {
    let (mut total, mut end) = (0_i64, 0);
    loop {
        let rest = text.get(end..)?;
        let blanks = rest.len() - rest.trim_start_matches([' ', ',']).len();
        let part = rest.get(blanks..)?;
        let joined = if end > 0 { part.strip_prefix("and ").unwrap_or(part) } else { part };
        let Some((count, number)) = decimal(joined).or_else(|| article(joined)) else { break };
        let behind = joined.get(number..)?;
        let word_at = number + behind.len() - behind.trim_start_matches([' ', '-']).len();
        let word: String = joined.get(word_at..)?.chars().take_while(|c| c.is_alphabetic()).collect();
        let Some(unit) = unit(&word.to_lowercase()) else { break };
        total = total.checked_add(nanos(count, unit)?)?;
        end += blanks + (part.len() - joined.len()) + word_at + word.len();
    }
    (end > 0).then_some((TimeTold::Span(total), end))
}

/// A number that a text begins with, and its length.
pub(super) fn decimal(text: &str) -> Option<(f64, usize)> {
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(whole..)?;
    let fraction =
        rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let length = if fraction > 0 { whole + 1 + fraction } else { whole };
    if whole == 0 || whole > 15 { None } else { Some((text.get(..length)?.parse().ok()?, length)) }
}

/// `an` of `an hour`.
fn article(text: &str) -> Option<(f64, usize)> {
    const ARTICLES: [&str; 12] =
        ["an ", "a ", "one ", "eine ", "einen ", "ein ", "une ", "un ", "una ", "two ", "zwei ", "deux "];
    let word = ARTICLES
        .iter()
        .find(|word| text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)))?;
    let count = if matches!(*word, "two " | "zwei " | "deux ") { 2.0 } else { 1.0 };
    Some((count, word.len() - 1))
}

/// The next moment after `time` at which clocks show this.
pub(super) fn next(clock: Nanos, time: Timestamp, completion: Completion) -> Option<Timestamp> {
    let of_day = |days: i64| {
        let day = time.plus(days * DAY);
        let local = match completion.zone {
            Zone::Fixed(seconds) => day.plus(i64::from(seconds) * SECOND).to_datetime().date_naive(),
            Zone::Named(zone) => day.to_datetime().with_timezone(&zone).date_naive(),
        };
        let seconds = clock / SECOND;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = format!("{local} {hour:02}:{minute:02}:{second:02}.{:09}", clock % SECOND);
        stamp::parse(&text, completion).map(|stamp| stamp.time)
    };
    if clock >= DAY {
        return None;
    }
    [0, 1].into_iter().filter_map(of_day).find(|moment| *moment > time)
}
