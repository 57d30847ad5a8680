//! What a value says about itself: is it a status code, a level, an outcome?

use crate::event::LogLevel;
pub(super) use crate::event::address::is_placeholder;
use crate::event::number::{rounded, to_f64, to_usize};

/// A status code of HTTP.
#[inline]
pub(super) fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}

/// `HTTP/1.1`
pub(super) fn is_protocol(text: &str) -> bool {
    let number =
        |version: &str| version.len() <= 3 && version.starts_with(|first: char| first.is_ascii_digit());
    text.strip_prefix("HTTP/").is_some_and(number)
}

/// A word that HTTP uses as a method.
#[inline]
pub(super) fn is_method(text: &str) -> bool {
    matches!(text, "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS") || is_any_method(text)
}

fn is_any_method(text: &str) -> bool {
    const METHODS: [&str; 20] = [
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "REPORT",
        "PURGE",
        "SEARCH",
        "DEBUG",
    ];
    METHODS.iter().any(|method| method.eq_ignore_ascii_case(text))
}

/// A path, or a URL that has one.
#[inline]
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') || behind_scheme(text).is_some()
}

/// What follows `http://` or `https://`, in any case.
#[inline]
pub(super) fn behind_scheme(text: &str) -> Option<&str> {
    ["http://", "https://"].iter().find_map(|scheme| {
        let begins = text.get(..scheme.len())?.eq_ignore_ascii_case(scheme);
        text.get(scheme.len()..).filter(|_| begins)
    })
}

/// The name of something that happens: `login_failed`, `auth.login`, not a sentence.
#[inline]
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= 64 && is_name(text)
}

/// The name of a logger. Those of Java are classes with their packages, and those are long.
#[inline]
pub(super) fn is_logger(text: &str) -> bool {
    text.len() <= 256 && is_name(text)
}

/// Letters, digits and what joins the parts of a name; at least one letter.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/'))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Words in the place of an action that only say what kind of line this is.
pub(super) fn is_generic(text: &str) -> bool {
    const WORDS: [&str; 18] = [
        "security",
        "audit",
        "log",
        "event",
        "message",
        "request",
        "access",
        "error",
        "record",
        "system",
        "application",
        "authentication",
        "authorization",
        "data_access",
        "data_modification",
        "configuration_change",
        "security_event",
        "security_audit",
    ];
    text.len() <= 20 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Looks like SQL.
pub(super) fn is_sql(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "select", "insert", "update", "delete", "create", "alter", "drop", "grant", "revoke", "with",
        "begin", "commit", "rollback", "set", "truncate", "copy",
    ];
    let word = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    WORDS.iter().any(|sql| sql.eq_ignore_ascii_case(word))
}

/// Whether something succeeded, from a word or a truth value.
pub(super) fn outcome(text: &str) -> Option<&'static str> {
    const SUCCESS: [&str; 14] = [
        "true",
        "success",
        "succeeded",
        "successful",
        "ok",
        "allow",
        "allowed",
        "granted",
        "pass",
        "passed",
        "accepted",
        "permit",
        "permitted",
        "authenticated",
    ];
    const FAILURE: [&str; 16] = [
        "false",
        "failure",
        "failed",
        "fail",
        "denied",
        "deny",
        "blocked",
        "rejected",
        "error",
        "unauthorized",
        "refused",
        "forbidden",
        "invalid",
        "block",
        "reject",
        "locked",
    ];
    if !(2..=13).contains(&text.len()) || text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&SUCCESS) {
        Some("success")
    } else if is(&FAILURE) {
        Some("failure")
    } else {
        None
    }
}

/// How numbers stand for levels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// By size: 0 to 7 syslog, 10 to 60 pino and bunyan, 100 to 600 Monolog, 5,000 and up logback.
    Guess,
    Python,
    OpenTelemetry,
    Syslog,
}

/// The level that a word or number means.
pub(super) fn level(text: &str, scale: Scale) -> Option<LogLevel> {
    match text {
        "info" | "INFO" => Some(LogLevel::Info),
        "warning" | "WARNING" | "warn" | "WARN" => Some(LogLevel::Warn),
        "error" | "ERROR" => Some(LogLevel::Error),
        "debug" | "DEBUG" => Some(LogLevel::Debug),
        _ => unusual_level(text, scale),
    }
}

fn unusual_level(text: &str, scale: Scale) -> Option<LogLevel> {
    let text = core_word(text)?;
    if text.as_bytes().first()?.is_ascii_digit() {
        return level_number(text.parse().ok()?, scale);
    }
    let mut lower = [0; 13];
    let lower = lower.get_mut(..text.len())?;
    for (lower, byte) in lower.iter_mut().zip(text.bytes()) {
        *lower = byte.to_ascii_lowercase();
    }
    Some(match &*lower {
        b"info" | b"information" | b"informational" | b"informative" | b"log" | b"i" | b"inf" | b"http" => {
            LogLevel::Info
        }
        b"warning" | b"warn" | b"warni" | b"w" | b"wrn" | b"wng" => LogLevel::Warn,
        b"error" | b"erro" | b"err" | b"e" | b"eror" | b"severe" | b"fail" | b"failure" => LogLevel::Error,
        b"debug" | b"debu" | b"debg" | b"d" | b"dbg" | b"dbug" | b"debugging" | b"config" | b"fine" => {
            LogLevel::Debug
        }
        b"critical" | b"crit" | b"fatal" | b"fata" | b"f" | b"panic" | b"pani" | b"alert" | b"emerg"
        | b"emergency" | b"c" | b"dpanic" | b"ftl" | b"disaster" => LogLevel::Critical,
        b"notice" | b"noti" | b"success" | b"audit" | b"n" => LogLevel::Notice,
        b"trace" | b"trac" | b"trce" | b"verbose" | b"verb" | b"trc" | b"vrb" | b"v" | b"finer"
        | b"finest" | b"silly" | b"t" => LogLevel::Trace,
        _ => return step_of_level(lower),
    })
}

/// `INFO2`, `DEBUG5`, `D3`, `WARN+1`, `DEBUG-4`: a level and how far within it (OpenTelemetry, PostgreSQL, `MongoDB`,
/// Go's slog).
fn step_of_level(lower: &[u8]) -> Option<LogLevel> {
    let (digit, word) = lower.split_last().filter(|(digit, _)| digit.is_ascii_digit())?;
    let word = word.strip_suffix(b"+").or_else(|| word.strip_suffix(b"-")).unwrap_or(word);
    let steps = *digit > b'0' && *digit < b'8';
    Some(match word {
        b"info" if steps => LogLevel::Info,
        b"warn" if steps => LogLevel::Warn,
        b"error" if steps => LogLevel::Error,
        b"debug" | b"d" if steps => LogLevel::Debug,
        b"fatal" if steps => LogLevel::Critical,
        b"trace" if steps => LogLevel::Trace,
        _ => return None,
    })
}

/// The word in `\x1b[32mINFO\x1b[0m`, `[INFO]`, `INFO:`.
fn core_word(text: &str) -> Option<&str> {
    let mut text = text;
    while let Some(rest) = text.strip_prefix("\x1b[") {
        text = rest.split_once('m')?.1;
    }
    let text = text.split('\x1b').next()?;
    let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!text.is_empty() && text.len() <= 13).then_some(text)
}

fn level_number(number: u32, scale: Scale) -> Option<LogLevel> {
    use LogLevel::{Critical, Debug, Error, Info, Notice, Trace, Warn};
    let syslog = [Critical, Critical, Critical, Error, Warn, Notice, Info, Debug];
    Some(match scale {
        Scale::Syslog => *syslog.get(to_usize(number))?,
        Scale::OpenTelemetry => {
            *[Trace, Debug, Info, Warn, Error, Critical].get(to_usize(number.checked_sub(1)? / 4))?
        }
        Scale::Python => match number {
            1..10 => Trace,
            10..20 => Debug,
            20..30 => Info,
            30..40 => Warn,
            40..50 => Error,
            50..=60 => Critical,
            _ => return None,
        },
        Scale::Guess => match number {
            0..=7 => *syslog.get(to_usize(number))?,
            10..20 => Trace,
            20..30 => Debug,
            30..40 => Info,
            40..50 => Warn,
            50..60 => Error,
            60 => Critical,
            100 => Debug,
            200 => Info,
            250 => Notice,
            300 => Warn,
            400 => Error,
            500 | 550 | 600 => Critical,
            5_000..10_000 => Trace,
            10_000..20_000 => Debug,
            20_000..30_000 => Info,
            30_000..40_000 => Warn,
            40_000..50_000 => Error,
            50_000 => Critical,
            _ => return None,
        },
    })
}

/// Nanoseconds in one unit of a duration.
pub(super) const NANOSECOND: f64 = 1.0;
pub(super) const MICROSECOND: f64 = 1e3;
pub(super) const MILLISECOND: f64 = 1e6;
pub(super) const SECOND: f64 = 1e9;

/// A duration in nanoseconds: a number in `unit`, or a text with units of its own (`12.34ms`, `1m30.5s`,
/// `PT0.5S`, `00:00:01.25`). For lists (nginx's `0.1, 0.2`) the first counts.
pub(super) fn duration(text: &str, unit: f64) -> Option<i64> {
    if let Some(nanos) = decimal(text, rounded(unit)) {
        return Some(nanos);
    }
    let text = text.split(',').next()?.trim();
    let nanos = match text.parse::<f64>() {
        Ok(number) => number * unit,
        Err(_) => clock_duration(text).or_else(|| duration_in_units(text))?,
    };
    (0.0..9e18).contains(&nanos).then_some(rounded(nanos))
}

/// `1h2m3.5s`, `12 ms`, and ISO 8601's `PT1M30.5S`, in nanoseconds.
fn duration_in_units(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix('P').map_or(text, |iso| iso.strip_prefix('T').unwrap_or(iso));
    let mut nanos = 0.0;
    if rest.is_empty() || text.len() > 40 {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let after = after.trim_start();
        let end = after.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(after.len());
        let (word, after) = after.split_at_checked(end)?;
        nanos += number.parse::<f64>().ok()? * unit_of(word.strip_suffix('T').unwrap_or(word))?;
        rest = after.trim_start();
    }
    Some(nanos)
}

/// The nanoseconds of a unit, by its name.
fn unit_of(word: &str) -> Option<f64> {
    crate::facts::ends::unit(&word.to_lowercase()).map(to_f64)
}

/// `hh:mm:ss`, with a fraction or without, in nanoseconds.
fn clock_duration(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = |text: &str| text.parse::<u32>().ok().map(f64::from);
    let (hours, minutes, seconds) = (whole(hours)?, whole(minutes)?, seconds.parse::<f64>().ok()?);
    let valid = parts.next().is_none() && minutes < 60.0 && (0.0..60.0).contains(&seconds);
    valid.then_some((hours * 3_600.0 + minutes * 60.0 + seconds) * SECOND)
}

/// `12` or `12.5` in `unit` nanoseconds, exactly; `None` for every other form.
fn decimal(text: &str, unit: i64) -> Option<i64> {
    let mut nanos = 0i64;
    let mut scale = unit;
    let mut fraction = false;
    if !text.as_bytes().first()?.is_ascii_digit() || text.len() > 15 {
        return None;
    }
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if fraction => {
                scale /= 10;
                nanos += i64::from(byte - b'0') * scale;
            }
            b'0'..=b'9' => nanos = nanos * 10 + i64::from(byte - b'0') * unit,
            b'.' if !fraction => fraction = true,
            _ => return None,
        }
        if nanos > i64::MAX / 16 {
            return None;
        }
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_words_numbers_and_colours() {
        for (text, scale, expect) in [
            ("INFO", Scale::Guess, Some("info")),
            ("\u{1b}[32mINFO\u{1b}[0m", Scale::Guess, Some("info")),
            ("\u{1b}[1m\u{1b}[31mERROR\u{1b}[0m", Scale::Guess, Some("error")),
            ("[warn]", Scale::Guess, Some("warn")),
            ("WARNING:", Scale::Guess, Some("warn")),
            ("Information", Scale::Guess, Some("info")),
            ("LOG", Scale::Guess, Some("info")),
            ("PANIC", Scale::Guess, Some("critical")),
            ("30", Scale::Guess, Some("info")),
            ("30", Scale::Python, Some("warn")),
            ("9", Scale::OpenTelemetry, Some("info")),
            ("6", Scale::Syslog, Some("info")),
            ("40000", Scale::Guess, Some("error")),
            ("null", Scale::Guess, None),
            ("", Scale::Guess, None),
            ("high", Scale::Guess, None),
            ("900", Scale::Guess, None),
            ("ERRO", Scale::Guess, Some("error")),
            ("[W]", Scale::Guess, Some("warn")),
            ("dbug", Scale::Guess, Some("debug")),
            ("trce", Scale::Guess, Some("trace")),
            ("INFO2", Scale::Guess, Some("info")),
            ("DEBUG5", Scale::Guess, Some("debug")),
            ("D1", Scale::Guess, Some("debug")),
            ("ERROR+1", Scale::Guess, Some("error")),
            ("DEBUG-4", Scale::Guess, Some("debug")),
            ("INFO9", Scale::Guess, None),
            ("200", Scale::Guess, Some("info")),
            ("250", Scale::Guess, Some("notice")),
            ("550", Scale::Guess, Some("critical")),
            ("60", Scale::Guess, Some("critical")),
            ("21", Scale::OpenTelemetry, Some("critical")),
            ("24", Scale::OpenTelemetry, Some("critical")),
            ("25", Scale::OpenTelemetry, None),
            ("0", Scale::OpenTelemetry, None),
            ("0", Scale::Syslog, Some("critical")),
            ("8", Scale::Syslog, None),
            ("a sentence of words", Scale::Guess, None),
        ] {
            assert_eq!(level(text, scale).map(LogLevel::word), expect, "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, unit, expect) in [
            ("12.3", MILLISECOND, Some(12_300_000)),
            ("0.012", SECOND, Some(12_000_000)),
            ("12.34ms", SECOND, Some(12_340_000)),
            ("0.1, 0.2", SECOND, Some(100_000_000)),
            ("5", NANOSECOND, Some(5)),
            ("5.9", NANOSECOND, Some(5)),
            ("1.234567890123", SECOND, Some(1_234_567_890)),
            ("999999999999999", SECOND, None),
            ("-", SECOND, None),
            ("-1", SECOND, None),
            ("1e400", SECOND, None),
            ("3 parsecs", SECOND, None),
            ("NaN", SECOND, None),
            ("1m30s", SECOND, Some(90_000_000_000)),
            ("1h0m0.5s", SECOND, Some(3_600_500_000_000)),
            ("12 ms", SECOND, Some(12_000_000)),
            ("350µs", SECOND, Some(350_000)),
            ("2 minutes", SECOND, Some(120_000_000_000)),
            ("PT0.25S", MILLISECOND, Some(250_000_000)),
            ("PT1H2M", SECOND, Some(3_720_000_000_000)),
            ("P1DT1S", SECOND, Some(86_401_000_000_000)),
            ("00:00:01.25", SECOND, Some(1_250_000_000)),
            ("01:00:61", SECOND, None),
            ("1.5e-3", SECOND, Some(1_500_000)),
            ("fast", SECOND, None),
            ("ms", SECOND, None),
        ] {
            assert_eq!(duration(text, unit), expect, "{text}");
        }
    }
}
