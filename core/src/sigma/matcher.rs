//! What a single value of a rule asks of a single value of an event.
//!
//! This is the meaning of Sigma's values after all modifiers; how many rules share the work of
//! finding it out is the business of `compile` and `prefilter`. Caseless comparison folds both
//! sides by Unicode lower case, character by character; rule texts are folded once, when read.

mod dialect;
mod regex;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use chrono::{DateTime, Datelike, Timelike, Utc};

pub use self::regex::{RegexError, RegexFlags, RegexTest};

use crate::event::Kind;
use crate::event::stamp::{self, Completion};
use crate::sigma::comparison::Comparison;

/// What one value of a rule means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The whole text, with wildcards.
    Text(Pattern),
    /// Equal as numbers; numeric text counts.
    Number(Number),
    /// A JSON boolean or the text of one.
    Bool(bool),
    /// Absent or JSON null.
    Null,
    /// The key is there, whatever its value.
    Exists(bool),
    Regex(RegexTest),
    Cidr(Cidr),
    Compare(Comparison, Number),
    /// A part of the timestamp in the field, UTC.
    Time(TimePart, Comparison, Number),
    FieldRef(FieldRef),
}

/// A text with wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    pub parts: Vec<Part>,
    pub cased: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Folded when the pattern is not cased. Never empty.
    Literal(String),
    /// `*`: anything, also nothing, also line breaks. Never twice in a row.
    Any,
    /// `?`: exactly one character.
    One,
}

/// A network; host bits are zero. IPv4-mapped IPv6 networks are held as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    pub network: IpAddr,
    pub prefix: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Comparison with another field of the same event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldRef {
    pub field: String,
    pub how: Affix,
    pub cased: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affix {
    Whole,
    Contains,
    StartsWith,
    EndsWith,
}

/// A number, exact as long as it is an integer.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Some(Ordering::Equal)
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal numbers of both kinds must hash alike.
        self.to_f64().to_bits().hash(state);
    }
}

impl Number {
    /// Reads a number as JSON writes it; nothing else is numeric (no `+1`, `007`, ` 1`, `inf`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::usual(text.as_bytes()).or_else(|| Self::any(text))
    }

    /// `200` and `12.5`: nearly all numbers of logs, at a fraction of the cost. Up to 15 digits both the
    /// digits and the power of ten are exact as floats, so that their quotient is rounded once.
    fn usual(text: &[u8]) -> Option<Self> {
        if text.len() > 16 || !text.last()?.is_ascii_digit() {
            return None;
        }
        let (mut digits, mut scale) = (0_u64, None);
        for byte in text {
            match (byte, scale) {
                (b'0'..=b'9', _) => {
                    digits = digits * 10 + u64::from(byte - b'0');
                    scale = scale.map(|scale: f64| scale * 10.0);
                }
                (b'.', None) => scale = Some(1.0),
                _ => return None,
            }
        }
        // `.5` and `007` are none.
        let whole = text.iter().take(2).take_while(|byte| **byte != b'.').count();
        match scale {
            _ if whole == 0 || (whole > 1 && text.first() == Some(&b'0')) => None,
            Some(scale) if digits != 0 => Some(Self::Float(digits as f64 / scale)),
            _ => Some(Self::Integer(digits.into())),
        }
    }

    fn any(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let first = digits.bytes().next()?;
        if !first.is_ascii_digit() || text.len() > 400 {
            return None;
        }
        let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
        if first == b'0' && whole > 1 {
            return None;
        }
        if whole == digits.len() {
            return text.parse().ok().map(Self::Integer).or_else(|| Self::float(text));
        }
        // Rust reads `1.` and `1e5`; JSON wants a digit after the point.
        let rest = digits.as_bytes().get(whole..)?;
        let point_without_digit = rest[0] == b'.' && !rest.get(1).is_some_and(u8::is_ascii_digit);
        if point_without_digit || !matches!(rest[0], b'.' | b'e' | b'E') {
            return None;
        }
        Self::float(text)
    }

    fn float(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        if value == 0.0 {
            return Some(Self::Integer(0));
        }
        value.is_finite().then_some(Self::Float(value))
    }

    /// Reads a number as a rule writes it: also `+1`, `0x1F`, `0o17`, `.5`.
    #[must_use]
    pub fn parse_rule(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix("0x") {
            return i128::from_str_radix(hex, 16).ok().map(Self::Integer);
        }
        if let Some(octal) = text.strip_prefix("0o") {
            return i128::from_str_radix(octal, 8).ok().map(Self::Integer);
        }
        text.parse().ok().map(Self::Integer).or_else(|| Self::float(text))
    }

    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// Exact comparison, also between integers and floats.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => compare_mixed(a, b),
            (Self::Float(a), Self::Integer(b)) => compare_mixed(b, a).map(Ordering::reverse),
        }
    }

    /// Whether `self comparison bound` holds.
    #[must_use]
    pub fn holds(self, comparison: Comparison, bound: Self) -> bool {
        let Some(order) = self.compare(bound) else { return comparison == Comparison::Neq };
        comparison.holds(order)
    }
}

/// Compares by the whole part first: converting the integer to a float would round it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the values are within the bounds that are asked for before"
)]
fn compare_mixed(integer: i128, float: f64) -> Option<Ordering> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if float.is_nan() {
        return None;
    }
    // The usual numbers of logs, without 128-bit arithmetic.
    if integer.unsigned_abs() <= EXACT as u128 {
        return (integer as i64 as f64).partial_cmp(&float);
    }
    let whole = float.trunc();
    if whole.abs() >= 1e38 {
        return Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let order = integer.cmp(&(whole as i128));
    Some(order.then_with(|| 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)))
}

impl Test {
    /// Whether one value of a field passes. `folded` is [`fold`]ed `text`. Null, existence and
    /// references to other fields are about the field, not about a value, and never pass here.
    #[must_use]
    pub fn passes(&self, text: &str, folded: &str, kind: Kind) -> bool {
        if kind == Kind::Null {
            return false;
        }
        match self {
            Test::Text(pattern) => pattern.matches(if pattern.cased { text } else { folded }),
            Test::Number(number) => Number::parse(text).is_some_and(|value| value == *number),
            Test::Bool(value) => folded == if *value { "true" } else { "false" },
            Test::Regex(test) => test.is_match(text),
            Test::Cidr(cidr) => cidr.contains_text(text),
            Test::Compare(comparison, bound) => {
                Number::parse(text).is_some_and(|value| value.holds(*comparison, *bound))
            }
            Test::Time(part, comparison, bound) => parse_time(text)
                .is_some_and(|time| Number::Integer(part.of(&time).into()).holds(*comparison, *bound)),
            Test::Null | Test::Exists(_) | Test::FieldRef(_) => false,
        }
    }
}

impl FieldRef {
    /// Whether any value of the item's field stands to any of the field referred to as asked. Both are folded,
    /// unless the reference is cased. Numbers are equal by value.
    #[must_use]
    pub fn any(&self, left: &[Cow<'_, str>], right: &[Cow<'_, str>]) -> bool {
        // An event chooses how many values it has: equal ones are looked up, not compared with each other.
        match self.how {
            Affix::Whole => {
                let known: HashSet<&str> = right.iter().map(|text| plain_number(text)).collect();
                left.iter().any(|left| known.contains(plain_number(left)))
            }
            Affix::Contains => right.iter().any(|right| {
                let finder = memchr::memmem::Finder::new(right.as_bytes());
                left.iter().any(|left| finder.find(left.as_bytes()).is_some())
            }),
            Affix::StartsWith => left.iter().any(|left| right.iter().any(|right| left.starts_with(&**right))),
            Affix::EndsWith => left.iter().any(|left| right.iter().any(|right| left.ends_with(&**right))),
        }
    }
}

/// A decimal without zeros that say nothing (`1.50` is `1.5`, `1.0` is `1`); any other text as it is.
fn plain_number(text: &str) -> &str {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) if digits(whole.trim_start_matches('-')) && digits(fraction) => {
            text.trim_end_matches('0').trim_end_matches('.')
        }
        _ => text,
    }
}

impl Pattern {
    /// Reads a Sigma text: `*` and `?` are wildcards, a backslash takes that away from them and
    /// from itself, and is itself before anything else.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.peek() {
                    Some(next @ ('*' | '?' | '\\')) => {
                        literal.push(*next);
                        chars.next();
                    }
                    _ => literal.push('\\'),
                },
                '*' => {
                    pattern.push_literal(&mut literal);
                    pattern.push(Part::Any);
                }
                '?' => {
                    pattern.push_literal(&mut literal);
                    pattern.push(Part::One);
                }
                _ => literal.push(c),
            }
        }
        pattern.push_literal(&mut literal);
        pattern
    }

    /// A text without wildcards.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut pattern = Self::default();
        pattern.push_literal(&mut text.to_owned());
        pattern
    }

    fn push_literal(&mut self, literal: &mut String) {
        if !literal.is_empty() {
            self.push(Part::Literal(std::mem::take(literal)));
        }
    }

    /// Appends a part, keeping the invariants: no two `Any` and no two literals in a row.
    pub fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (Some(Part::Any), Part::Any) => {}
            (Some(Part::Literal(last)), Part::Literal(text)) => last.push_str(&text),
            (_, part) => self.parts.push(part),
        }
    }

    /// `*` before, unless one is there.
    pub fn open_start(&mut self) {
        if self.parts.first() != Some(&Part::Any) {
            self.parts.insert(0, Part::Any);
        }
    }

    /// `*` after, unless one is there.
    pub fn open_end(&mut self) {
        self.push(Part::Any);
    }

    /// The text of a pattern without wildcards.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Ends the reading of a pattern: folds the literals unless `cased`.
    #[must_use]
    pub fn finish(mut self, cased: bool) -> Self {
        self.cased = cased;
        if !cased {
            for part in &mut self.parts {
                if let Part::Literal(text) = part {
                    *text = fold(text).into_owned();
                }
            }
        }
        self
    }

    /// Whether the pattern covers all of `text` (folded, unless the pattern is cased).
    ///
    /// Between two `*` the leftmost occurrence is always as good as any other, so there is no
    /// backtracking: the cost is at most text × pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(first_any) = self.parts.iter().position(|part| *part == Part::Any) else {
            return match_here(&self.parts, text) == Some(text.len());
        };
        let (head, rest) = self.parts.split_at(first_any);
        let Some(mut at) = match_here(head, text) else { return false };
        let last_any = self.parts.iter().rposition(|part| *part == Part::Any).unwrap_or(first_any);
        let (middle, tail) = rest.split_at(last_any - first_any);
        for segment in middle.split(|part| *part == Part::Any).filter(|segment| !segment.is_empty()) {
            match text.get(at..).and_then(|rest| find(segment, rest)) {
                Some(end) => at += end,
                None => return false,
            }
        }
        text.get(at..).is_some_and(|rest| match_at_end(&tail[1..], rest))
    }
}

/// Matches literals and `?` at the start of `text`; returns where they end.
fn match_here(segment: &[Part], text: &str) -> Option<usize> {
    let mut rest = text;
    for part in segment {
        rest = match part {
            Part::Literal(literal) => rest.strip_prefix(literal.as_str())?,
            Part::One => {
                let mut chars = rest.chars();
                chars.next()?;
                chars.as_str()
            }
            Part::Any => return None,
        };
    }
    Some(text.len() - rest.len())
}

/// Finds the leftmost place of a segment; returns where it ends.
fn find(segment: &[Part], text: &str) -> Option<usize> {
    if let [Part::Literal(literal)] = segment {
        return memchr::memmem::find(text.as_bytes(), literal.as_bytes()).map(|at| at + literal.len());
    }
    text.char_indices().map(|(at, _)| at).chain([text.len()]).find_map(|start| {
        let end = match_here(segment, text.get(start..)?)?;
        Some(start + end)
    })
}

fn match_at_end(segment: &[Part], text: &str) -> bool {
    let mut rest = text;
    for part in segment.iter().rev() {
        let shorter = match part {
            Part::Literal(literal) => rest.strip_suffix(literal.as_str()),
            Part::One => {
                let mut chars = rest.chars();
                chars.next_back().map(|_| chars.as_str())
            }
            Part::Any => None,
        };
        match shorter {
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
    true
}

/// Lower case, character by character (no context rules), so that folding a text folds its parts.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if !text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Borrowed(text);
        }
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

impl Cidr {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address.
    ///
    /// # Errors
    /// Says what is wrong: no address, prefix out of range, host bits set.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| format!("`{text}` is not a network"))?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) => prefix
                .parse::<u8>()
                .ok()
                .filter(|prefix| *prefix <= width)
                .ok_or_else(|| format!("`{prefix}` is not a prefix length from 0 to {width}"))?,
        };
        let network = masked(address, prefix);
        if network != address {
            return Err(format!("host bits are set in `{text}`; the network is `{network}/{prefix}`"));
        }
        Ok(match (address, address.to_canonical()) {
            (IpAddr::V6(_), mapped @ IpAddr::V4(_)) if prefix >= 96 => {
                Self { network: mapped, prefix: prefix - 96 }
            }
            _ => Self { network, prefix },
        })
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.prefix) == self.network
    }

    /// Whether the text is an address of this network.
    #[must_use]
    pub fn contains_text(&self, text: &str) -> bool {
        parse_address(text).is_some_and(|address| self.contains(address))
    }
}

/// Reads an address; IPv4-mapped IPv6 becomes IPv4.
#[must_use]
pub fn parse_address(text: &str) -> Option<IpAddr> {
    // The zone (`fe80::1%12`) names the way out of one machine; it is no part of the address.
    if let Some((address, zone)) = text.split_once('%') {
        let address = (address.len() <= 45 && !zone.is_empty()).then(|| address.parse().ok())?;
        return address.map(|address: Ipv6Addr| IpAddr::V6(address).to_canonical());
    }
    if text.len() > 45 {
        return None;
    }
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The address with everything after the first `prefix` bits zero.
#[must_use]
pub fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

impl TimePart {
    fn of(self, time: &DateTime<Utc>) -> i64 {
        match self {
            TimePart::Minute => time.minute().into(),
            TimePart::Hour => time.hour().into(),
            TimePart::Day => time.day().into(),
            TimePart::Week => time.iso_week().week().into(),
            TimePart::Month => time.month().into(),
            TimePart::Year => time.year().into(),
        }
    }
}

/// Reads the timestamps that fields carry, in every form that log lines carry them in; UTC where there is
/// no zone.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = stamp::parse(text, Completion::default()).or_else(|| stamp::epoch(text));
    found.map(|stamp| stamp.time.to_datetime())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).finish(false).matches(&fold(text))
    }

    #[test]
    fn wildcards_and_escapes() {
        let check = |pattern, text, expect| assert_eq!(matches(pattern, text), expect, "{pattern} ~ {text}");
        check("foo", "FOO", true);
        check("foo", "food", false);
        check("f?o", "féo", true);
        check("f?o", "fo", false);
        check("*", "", true);
        check("?*", "", false);
        check("a*b*c", "a\nb xx bc", true);
        check("a*b*c", "a c b", false);
        check("*ab?*d", "xabab1zd", true);
        check("ab*ba", "aba", false);
        check("**x**", "axb", true);
        check(r"a\*b", "a*b", true);
        check(r"a\*b", "axb", false);
        check(r"C:\\*", r"C:\win", true);
        check(r"C:\\*", "C:*", false);
        check(r"x\\\*", r"x\*", true);
        check(r"x\\\*", r"x\y", false);
        check(r"\\\\a", r"\\a", true);
        check(r"\\\a", r"\\a", true);
        check(r"\cmd", r"\cmd", true);
        check(r"end\", r"end\", true);
        check("ÉCOLE", "école", true);
        check("", "", true);
        check("", "x", false);
    }

    #[test]
    fn numbers_compare_exactly_across_kinds() {
        let check = |a: &str, b: &str, expect| {
            assert_eq!(Number::parse(a).unwrap().compare(Number::parse(b).unwrap()), Some(expect), "{a} {b}");
        };
        check("9007199254740993", "9007199254740992", Ordering::Greater);
        check("9007199254740993", "9007199254740992.0", Ordering::Greater);
        check("500", "512.0", Ordering::Less);
        check("-1", "-1.5", Ordering::Greater);
        check("2", "2.0", Ordering::Equal);
        check("2", "1e300", Ordering::Less);
        check("-0.0", "0", Ordering::Equal);
        for text in ["", "-", "007", "+1", " 1", "1.", ".5", "inf", "0x10", "1a", "1.2.3"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_usual_numbers_are_read_like_all_others(text in "-?[0-9]{1,10}(\\.[0-9]{0,9})?") {
            let bits = |number: Option<Number>| match number {
                Some(Number::Integer(value)) => Some((0, value as u128)),
                Some(Number::Float(value)) => Some((1, u128::from(value.to_bits()))),
                None => None,
            };
            proptest::prop_assert_eq!(bits(Number::parse(&text)), bits(Number::any(&text)));
        }
    }

    #[test]
    fn networks_hold_addresses_in_every_spelling() {
        let check = |cidr: &str, text, expect| {
            assert_eq!(Cidr::parse(cidr).unwrap().contains_text(text), expect, "{cidr} {text}");
        };
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("10.0.0.0/8", "10.1.2.3.4", false);
        check("::ffff:10.0.0.0/104", "10.1.2.3", true);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::1", false);
        check("2001:db8::/32", "2001:DB8:0:0::1", true);
        check("192.168.1.1", "192.168.1.1", true);
        assert!(Cidr::parse("10.0.0.1/8").unwrap_err().contains("`10.0.0.0/8`"));
        assert!(Cidr::parse("10.0.0.0/33").is_err());
        assert!(Cidr::parse("ten/8").is_err());
    }

    #[test]
    fn parts_of_timestamps_are_utc() {
        let hour = |text| parse_time(text).map(|time| TimePart::Hour.of(&time));
        assert_eq!(hour("2026-08-01T03:10:00Z"), Some(3));
        assert_eq!(hour("2026-08-01T03:10:00+02:00"), Some(1));
        assert_eq!(hour("2026-08-01 03:10:00.123"), Some(3));
        assert_eq!(hour("2026-08-01T03:10:00,123"), Some(3));
        assert_eq!(hour("1785553800"), Some(3));
        assert_eq!(hour("1785553800000"), Some(3));
        assert_eq!(hour("01/Aug/2026:23:10:00 +0000"), Some(23));
        assert_eq!(hour("[01/Aug/2026:23:10:00 +0200]"), Some(21));
        assert_eq!(hour("yesterday"), None);
        let week = parse_time("2027-01-01T00:00:00Z").map(|time| TimePart::Week.of(&time));
        assert_eq!(week, Some(53), "ISO week of the year before");
    }
}
