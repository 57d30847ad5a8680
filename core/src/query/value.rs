//! Tests of values: one meaning for the index and for events in memory.

use std::net::IpAddr;
use std::ops::Bound;

use regex::{Regex, RegexBuilder};

use super::expression::{Limit, Pattern, Test};
use super::words::{WordPhrase, comparable, fold, words};
use crate::event::{EventId, Timestamp};

/// Compiled size of a regular expression from a query.
const REGEX_BYTES: usize = 1 << 20;

/// A test of one value, which is put to it in its comparable form (no letter case).
#[derive(Clone, Debug)]
pub enum ValueTest {
    /// Whatever the value is.
    Any,
    /// One of these.
    Equal(Vec<Wanted>),
    Starts(String),
    Like(Pattern),
    Regex(Regex),
    Within(Comparison),
}

/// One value that is looked for; a network in the form `10.0.0.0/8` stands for its addresses too.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// In comparable form.
    pub value: String,
    pub network: Option<Network>,
}

impl Wanted {
    fn new(value: &str) -> Self {
        Self { value: comparable(value).into_owned(), network: Network::parse(value) }
    }

    fn holds(&self, value: &str) -> bool {
        self.value == value || self.network.as_ref().is_some_and(|network| network.holds(value))
    }
}

impl ValueTest {
    /// # Errors
    /// Why a regular expression is none.
    pub fn new(test: &Test) -> Result<Self, String> {
        Ok(match test {
            Test::Exists => Self::Any,
            Test::Is(value) | Test::Phrase { text: value, prefix: false, .. } => {
                Self::Equal(vec![Wanted::new(value)])
            }
            Test::OneOf(values) => Self::Equal(values.iter().map(|value| Wanted::new(value)).collect()),
            Test::Phrase { text, prefix: true, .. } => Self::Starts(comparable(text).into_owned()),
            Test::Wildcard(pattern) => Self::Like(pattern.folded()),
            Test::Regex(source) => Self::Regex(regex(source)?),
            Test::Range { from, to } => Self::Within(Comparison::of(from, to)),
        })
    }

    /// Whether a value in comparable form passes.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => wanted.iter().any(|wanted| wanted.holds(value)),
            Self::Starts(head) => value.starts_with(head.as_str()),
            Self::Like(pattern) => pattern.matches(value),
            Self::Regex(regex) => regex.is_match(value),
            Self::Within(comparison) => comparison.holds(value),
        }
    }

    /// What every passing value begins with.
    #[must_use]
    pub fn literal_head(&self) -> String {
        match self {
            Self::Starts(head) => head.clone(),
            Self::Like(pattern) => pattern.literal_head(),
            _ => String::new(),
        }
    }
}

/// Letter case never matters, so values reach the expression in lower case.
fn regex(source: &str) -> Result<Regex, String> {
    let whole = format!("^(?:{source})$");
    RegexBuilder::new(&whole).case_insensitive(true).size_limit(REGEX_BYTES).build().map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim();
        reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
    })
}

/// The addresses of events that a test names.
#[must_use]
pub fn event_ids(test: &Test) -> Vec<EventId> {
    match test {
        Test::Is(text) | Test::Phrase { text, prefix: false, .. } => {
            EventId::parse(text).into_iter().collect()
        }
        Test::OneOf(texts) => texts.iter().filter_map(|text| EventId::parse(text)).collect(),
        _ => Vec::new(),
    }
}

/// A test of the words of a text.
#[derive(Clone, Debug)]
pub enum WordsTest {
    /// Whatever the words are.
    Any,
    /// At least one of these phrases occurs.
    Phrases(Vec<WordPhrase>),
    /// At least one single word passes.
    EachWord(ValueTest),
}

impl WordsTest {
    /// # Errors
    /// Why a regular expression is none.
    pub fn new(test: &Test) -> Result<Self, String> {
        Ok(match test {
            Test::Exists => Self::Any,
            Test::Is(text) => Self::Phrases(vec![WordPhrase::of_text(text, 0, false)]),
            Test::Phrase { text, slop, prefix } => {
                Self::Phrases(vec![WordPhrase::of_text(text, *slop, *prefix)])
            }
            Test::OneOf(texts) => {
                Self::Phrases(texts.iter().map(|text| WordPhrase::of_text(text, 0, false)).collect())
            }
            Test::Wildcard(pattern) => Self::Phrases(vec![WordPhrase::of_pattern(pattern)]),
            Test::Regex(_) | Test::Range { .. } => Self::EachWord(ValueTest::new(test)?),
        })
    }

    /// Whether a value in comparable form passes by its words.
    #[must_use]
    pub fn holds_value(&self, value: &str) -> bool {
        match self {
            // Most values do not even hold the letters.
            Self::Phrases(phrases) if !phrases.iter().any(|phrase| phrase.may_occur(value)) => false,
            _ => self.holds(&words(value)),
        }
    }

    /// Whether words in comparable form pass.
    #[must_use]
    pub fn holds(&self, words: &[(usize, String)]) -> bool {
        match self {
            Self::Any => true,
            Self::Phrases(phrases) => phrases.iter().any(|phrase| phrase.occurs(words)),
            Self::EachWord(test) => words.iter().any(|(_, word)| test.holds(word)),
        }
    }
}

/// A test of the time of an event: between two ends, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTest {
    pub from: Bound<Timestamp>,
    pub to: Bound<Timestamp>,
}

impl TimeTest {
    /// # Errors
    /// The text that is not a time.
    pub fn new(test: &Test) -> Result<Self, String> {
        match test {
            Test::Exists => Ok(Self { from: Bound::Unbounded, to: Bound::Unbounded }),
            Test::Range { from, to } => Ok(Self { from: bound(from)?, to: bound(to)? }),
            // A time to the second means that whole second, as on a cluster.
            Test::Is(value) | Test::Phrase { text: value, .. } => {
                let time = instant(value).ok_or(value)?;
                let whole = if time.0 % 1_000_000_000 == 0 { 999_999_999 } else { 0 };
                Ok(Self { from: Bound::Included(time), to: Bound::Included(time.plus(whole)) })
            }
            Test::Wildcard(_) | Test::Regex(_) => Err("a pattern".to_owned()),
            Test::OneOf(_) => Err("a list".to_owned()),
        }
    }

    #[must_use]
    pub fn holds(&self, time: Timestamp) -> bool {
        inside((&self.from, &self.to), Some(time))
    }
}

fn bound(limit: &Limit) -> Result<Bound<Timestamp>, String> {
    let time = |value: &String| instant(value).ok_or_else(|| value.clone());
    Ok(match limit {
        Limit::Open => Bound::Unbounded,
        Limit::Including(value) => Bound::Included(time(value)?),
        Limit::Excluding(value) => Bound::Excluded(time(value)?),
    })
}

/// Whether a value of the line is nothing but the time of its event. It is found as a time, and not by its
/// text, of which every event has another.
#[must_use]
pub fn is_time_of(value: &str, time: Timestamp) -> bool {
    let looks_like_one = value.len() > "2026-03-01T".len() && value.as_bytes().get(4) == Some(&b'-');
    looks_like_one && Timestamp::parse_rfc3339(value) == Some(time)
}

/// RFC 3339, or seconds, milliseconds, microseconds or nanoseconds since 1970.
fn instant(value: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value).or_else(|| {
        let number: i64 = value.parse().ok()?;
        Some(match value.len() {
            ..=10 => Timestamp::from_seconds(number),
            11..=13 => Timestamp::from_millis(number),
            14..=16 => Timestamp(number.checked_mul(1_000)?),
            _ => Timestamp(number),
        })
    })
}

/// A range over values that are text: compared as numbers, addresses or times where both ends are,
/// else letter by letter.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    Numbers(Bound<f64>, Bound<f64>),
    Addresses(Bound<IpAddr>, Bound<IpAddr>),
    Times(Bound<Timestamp>, Bound<Timestamp>),
    Texts(Bound<String>, Bound<String>),
}

impl Comparison {
    fn of(from: &Limit, to: &Limit) -> Self {
        if let Some((from, to)) = ends(from, to, |value| value.parse().ok()) {
            return Self::Numbers(from, to);
        }
        if let Some((from, to)) = ends(from, to, |value| value.parse().ok()) {
            return Self::Addresses(from, to);
        }
        if let Some((from, to)) = ends(from, to, Timestamp::parse_rfc3339) {
            return Self::Times(from, to);
        }
        let texts = ends(from, to, |value| Some(comparable(value).into_owned()));
        let (from, to) = texts.unwrap_or((Bound::Unbounded, Bound::Unbounded));
        Self::Texts(from, to)
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Numbers(from, to) => inside((from, to), value.parse().ok()),
            Self::Addresses(from, to) => {
                let family = match from {
                    Bound::Included(from) | Bound::Excluded(from) => Some(from.is_ipv4()),
                    Bound::Unbounded => None,
                };
                let same = |value: &IpAddr| family.is_none_or(|is_v4| is_v4 == value.is_ipv4());
                inside((from, to), value.parse().ok().filter(same))
            }
            Self::Times(from, to) => {
                inside((from, to), Timestamp::parse_rfc3339(&value.to_ascii_uppercase()))
            }
            Self::Texts(from, to) => inside((from, to), Some(value.to_owned())),
        }
    }
}

fn ends<T>(from: &Limit, to: &Limit, read: impl Fn(&str) -> Option<T>) -> Option<(Bound<T>, Bound<T>)> {
    let bound = |limit: &Limit| {
        Some(match limit {
            Limit::Open => Bound::Unbounded,
            Limit::Including(value) => Bound::Included(read(value)?),
            Limit::Excluding(value) => Bound::Excluded(read(value)?),
        })
    };
    Some((bound(from)?, bound(to)?))
}

fn inside<T: PartialOrd>(range: (&Bound<T>, &Bound<T>), value: Option<T>) -> bool {
    let Some(value) = value else { return false };
    let after = match range.0 {
        Bound::Unbounded => true,
        Bound::Included(from) => value >= *from,
        Bound::Excluded(from) => value > *from,
    };
    after
        && match range.1 {
            Bound::Unbounded => true,
            Bound::Included(to) => value <= *to,
            Bound::Excluded(to) => value < *to,
        }
}

/// A network in the form `10.0.0.0/8`, or one address of version 6, which has several spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let Some((address, bits)) = text.split_once('/') else {
            let address: IpAddr = text.parse().ok()?;
            return address.is_ipv6().then_some(Self { address, bits: 128 });
        };
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(&self, value: &str) -> bool {
        match (self.address, value.parse()) {
            (IpAddr::V4(network), Ok(IpAddr::V4(address))) => {
                let shift = 32 - self.bits;
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(network), Ok(IpAddr::V6(address))) => {
                let shift = 128 - self.bits;
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// Whether a text has a letter or digit, by which it could be found.
#[must_use]
pub fn has_words(text: &str) -> bool {
    fold(text).chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(test: &Test, value: &str, expect: bool) {
        let found = ValueTest::new(test).map(|test| test.holds(&comparable(value)));
        assert_eq!(found, Ok(expect), "{test:?} on {value}");
    }

    #[test]
    fn letter_case_never_matters() {
        check(&Test::Is("ALICE".into()), "Alice", true);
        check(&Test::OneOf(vec!["Bob".into(), "aLice".into()]), "ALICE", true);
        check(&Test::Wildcard(Pattern::parse("AL*")), "alice", true);
        check(&Test::Regex("A[H-M]ICE".into()), "alice", true);
        check(&Test::Phrase { text: "AL".into(), slop: 0, prefix: true }, "alice", true);
        let range = Test::Range { from: Limit::Including("A".into()), to: Limit::Excluding("B".into()) };
        check(&range, "alice", true);
        check(&range, "BOB", false);
    }

    #[test]
    fn ranges_compare_numbers_addresses_and_times_as_what_they_are() {
        let over = |value: &str| Test::Range { from: Limit::Excluding(value.into()), to: Limit::Open };
        check(&over("9"), "10", true);
        check(&over("9"), "ten", false);
        check(&over("10.0.0.9"), "10.0.0.10", true);
        check(&over("10.0.0.9"), "::1", false);
        check(&over("2026-03-01T10:00:00+02:00"), "2026-03-01T08:00:01Z", true);
        check(&over("2026-03-01T10:00:00Z"), "2026-03-01T11:00:00+02:00", false);
    }

    #[test]
    fn networks_and_the_spellings_of_an_address() {
        check(&Test::Is("10.0.0.0/8".into()), "10.200.3.4", true);
        check(&Test::Is("10.0.0.0/8".into()), "11.0.0.1", false);
        check(&Test::Is("2001:DB8::1".into()), "2001:db8:0:0::1", true);
        check(&Test::Is("2001:db8::/32".into()), "2001:db8::7", true);
        check(&Test::Is("0.0.0.0/0".into()), "1.2.3.4", true);
        check(&Test::Is("10.0.0.0/40".into()), "10.0.0.1", false);
    }

    #[test]
    fn a_second_is_the_whole_second() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let test = TimeTest::new(&Test::Is("2026-03-01T09:00:01Z".into())).unwrap();
        assert!(test.holds(at("2026-03-01T09:00:01.999Z")));
        assert!(!test.holds(at("2026-03-01T09:00:02Z")));
        assert_eq!(TimeTest::new(&Test::Is("yesterday".into())), Err("yesterday".to_owned()));
    }
}
