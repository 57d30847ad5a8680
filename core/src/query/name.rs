//! Names of fields: short ones, those of events, and those of the log itself.

use super::expression::{Limit, Test};
use crate::event::{LogLevel, canonical};

/// The time of an event.
pub const TIME: &str = "@timestamp";
/// What the event says; found by its words.
pub const MESSAGE: &str = "message";
/// The address of an event.
pub const EVENT_ID: &str = "event_id";
/// Every correlation id of an event.
pub const CORRELATION_ID: &str = "correlation.id";
/// The path of the source, as in the Elastic Common Schema.
pub const SOURCE: &str = "log.file.path";
/// What became of the line: `parsed`, `repaired`, `raw`, `cut`.
pub const OUTCOME: &str = "soctop.outcome";
const LEVEL: &str = "log.level";

/// Short names and what they stand for. A line that uses the short name itself is found by it as well.
pub const SHORT_NAMES: &[(&str, &str)] = &[
    ("user", "user.name"),
    ("ip", "source.ip"),
    ("client_ip", "source.ip"),
    ("status", "http.response.status_code"),
    ("method", "http.request.method"),
    ("path", "url.path"),
    ("agent", "user_agent.original"),
    ("event", "event.action"),
    ("outcome", "event.outcome"),
    ("host", "host.name"),
    ("logger", "log.logger"),
    ("error", "error.type"),
    ("level", LEVEL),
    ("sev", LEVEL),
    ("service", "service.name"),
    ("source", SOURCE),
    ("id", CORRELATION_ID),
    ("corr", CORRELATION_ID),
    ("trace", CORRELATION_ID),
    ("time", TIME),
];

/// Canonical fields of few different values, repeated in most events. The index does not hold their words once
/// more for each event: a search without a field looks at the different values themselves.
pub const REPEATED: &[&str] = &[
    "event.action",
    "event.category",
    "event.outcome",
    "event.reason",
    "event.type",
    "host.name",
    "http.request.method",
    "http.response.status_code",
    "log.level",
    "log.logger",
    "process.name",
    "service.name",
    "user_agent.original",
];

/// Whether the values of a field are searched by their words where no field is named.
#[must_use]
pub fn is_repeated(name: &str) -> bool {
    REPEATED.contains(&name)
}

/// What beside events is in the index, by its kind: `kind:alert` finds what detection said, `kind:gap` what was lost.
pub const KIND: &str = "kind";
pub const KIND_ALERT: &str = "alert";
pub const KIND_GAP: &str = "gap";
/// Every kind beside events.
pub const KINDS: [&str; 2] = [KIND_ALERT, KIND_GAP];

/// Names that no line writes.
const OWN: [&str; 4] = [EVENT_ID, SOURCE, OUTCOME, KIND];

/// The names under which a field is looked for: as it was written, and what it is short for. Whoever asks for a user
/// means also those to whom something is done.
pub fn meanings(name: &str) -> impl Iterator<Item = &str> {
    let related = (name == "user").then_some("related.user");
    std::iter::once(name).chain(long_name(name)).chain(related)
}

/// What a short name stands for.
#[must_use]
pub fn long_name(name: &str) -> Option<&'static str> {
    SHORT_NAMES.iter().find(|(short, _)| *short == name).map(|(_, long)| *long)
}

/// Whether the name can be asked for whatever the logs hold.
#[must_use]
pub fn is_built_in(name: &str) -> bool {
    built_in().any(|known| known == name)
}

/// Names that can be asked for whatever the logs hold.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    let short = SHORT_NAMES.iter().map(|(short, _)| *short);
    canonical::NAMES.iter().copied().chain(OWN).chain(short)
}

/// Whether the field is the log level.
#[must_use]
pub fn is_level(name: &str) -> bool {
    meanings(name).any(|name| name == LEVEL)
}

/// The log level that a word names, in any letter case.
#[must_use]
pub fn level(word: &str) -> Option<LogLevel> {
    let word = word.to_lowercase();
    let level = match word.as_str() {
        "crit" | "emerg" | "panic" => LogLevel::Critical,
        "err" => LogLevel::Error,
        "information" | "informational" => LogLevel::Info,
        word => LogLevel::parse(word),
    };
    Some(level).filter(|level| *level != LogLevel::Unknown)
}

/// The log levels that pass a test of the level, where the test names levels. An event without a level passes
/// no test of it.
///
/// # Errors
/// The end of a range that is neither a level nor a number.
pub fn levels(test: &Test) -> Result<Option<Vec<LogLevel>>, String> {
    match test {
        Test::Is(word) | Test::Phrase { text: word, prefix: false, .. } => {
            Ok(level(word).map(|level| vec![level]))
        }
        Test::Range { from, to } => range(from, to),
        _ => Ok(None),
    }
}

fn range(from: &Limit, to: &Limit) -> Result<Option<Vec<LogLevel>>, String> {
    let ends = [from.value(), to.value()];
    let mut named = ends.iter().flatten();
    let Some(first) = named.clone().find(|end| end.parse::<f64>().is_err()) else { return Ok(None) };
    if let Some(stranger) = named.find(|end| level(end).is_none()) {
        return Err((*stranger).to_owned());
    }
    debug_assert!(level(first).is_some(), "checked above");
    let above = |known: LogLevel| match from {
        Limit::Open => true,
        Limit::Including(end) => level(end).is_some_and(|end| known >= end),
        Limit::Excluding(end) => level(end).is_some_and(|end| known > end),
    };
    let below = |known: LogLevel| match to {
        Limit::Open => true,
        Limit::Including(end) => level(end).is_some_and(|end| known <= end),
        Limit::Excluding(end) => level(end).is_some_and(|end| known < end),
    };
    let known = LogLevel::ALL.into_iter().filter(|level| *level != LogLevel::Unknown);
    Ok(Some(known.filter(|level| above(*level) && below(*level)).collect()))
}

/// `name:"value"`, as it can be typed.
#[must_use]
pub fn term(name: &str, value: &str) -> String {
    format!("{}:{}", typed(name), quoted(value))
}

/// A name as it can be typed before a colon.
#[must_use]
pub fn typed(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    let mut text = String::with_capacity(name.len());
    for (at, c) in name.chars().enumerate() {
        if !plain(c) || (at == 0 && (c == '-' || is_number)) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// The value as it can be typed after `name:`, in quotes where it needs them.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '@' | '-');
    let begins_plain = value.starts_with(char::is_alphanumeric);
    match begins_plain && value.chars().all(plain) {
        true => value.to_owned(),
        false => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_name_stands_for_a_name_that_events_have() {
        for (short, long) in SHORT_NAMES {
            assert!(canonical::NAMES.contains(long) || OWN.contains(long), "{short} → {long}");
            assert!(long_name(long).is_none(), "{short} stands for another short name");
        }
    }

    #[test]
    fn levels_are_compared_in_order_and_an_unknown_one_passes_nothing() {
        let over = |word: &str| Test::Range { from: Limit::Including(word.into()), to: Limit::Open };
        let under = |word: &str| Test::Range { from: Limit::Open, to: Limit::Excluding(word.into()) };
        use LogLevel::{Critical, Debug, Error, Info, Notice, Trace, Warn};
        assert_eq!(levels(&over("WARNING")), Ok(Some(vec![Warn, Error, Critical])));
        assert_eq!(levels(&under("warn")), Ok(Some(vec![Trace, Debug, Info, Notice])));
        assert_eq!(levels(&Test::Is("Err".into())), Ok(Some(vec![Error])));
        assert_eq!(levels(&over("30")), Ok(None));
        assert_eq!(levels(&over("wrn")), Err("wrn".to_owned()));
        assert_eq!(levels(&Test::Is("audit".into())), Ok(None));
    }

    #[test]
    fn terms_can_be_typed() {
        assert_eq!(term("user.name", "alice"), "user.name:alice");
        assert_eq!(term("user.name", "o\"brien x"), r#"user.name:"o\"brien x""#);
        assert_eq!(term("a b", "-1"), r#"a\ b:"-1""#);
    }
}
