//! Modifiers: `field|contains|all`, read from left to right and applied to each value.
//!
//! A value passes through the chain as [`Value`] and ends as one or several [`Test`]s. The parts
//! of a text (literal, `*`, `?`) are kept all the way; nothing is rebuilt from the raw text, so an
//! escaped star stays a literal star under `contains`, `windash` and the rest.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::sigma::comparison::Comparison;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::matcher::{
    Affix, Cidr, FieldRef, Number, Part, Pattern, RegexError, RegexFlags, RegexTest, Test, TimePart,
};
use crate::yaml::{Node, NodeValue};

/// Most spellings one value may become by `windash`: 5 per dash.
const MAX_WINDASH: u32 = 3;
/// Most values one value may become by `expand`.
const MAX_EXPANSIONS: usize = 10_000;
/// All names, with what they mean. Aliases follow the name they stand for.
const NAMES: &[(&str, Modifier)] = &[
    ("contains", Modifier::Contains),
    ("startswith", Modifier::StartsWith),
    ("endswith", Modifier::EndsWith),
    ("all", Modifier::All),
    ("neq", Modifier::Neq),
    ("cased", Modifier::Cased),
    ("exists", Modifier::Exists),
    ("re", Modifier::Re),
    ("i", Modifier::IgnoreCase),
    ("ignorecase", Modifier::IgnoreCase),
    ("m", Modifier::Multiline),
    ("multiline", Modifier::Multiline),
    ("s", Modifier::DotAll),
    ("dotall", Modifier::DotAll),
    ("base64", Modifier::Base64),
    ("base64offset", Modifier::Base64Offset),
    ("wide", Modifier::Utf16Le),
    ("utf16le", Modifier::Utf16Le),
    ("utf16be", Modifier::Utf16Be),
    ("utf16", Modifier::Utf16),
    ("windash", Modifier::Windash),
    ("cidr", Modifier::Cidr),
    ("gt", Modifier::Gt),
    ("gte", Modifier::Gte),
    ("lt", Modifier::Lt),
    ("lte", Modifier::Lte),
    ("minute", Modifier::Minute),
    ("hour", Modifier::Hour),
    ("day", Modifier::Day),
    ("week", Modifier::Week),
    ("month", Modifier::Month),
    ("year", Modifier::Year),
    ("expand", Modifier::Expand),
    ("fieldref", Modifier::FieldRef),
];

/// Named lists of values for `expand`.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// A mistake in a chain or a value: message, and hint if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    pub message: String,
    pub hint: Option<String>,
}

impl Mistake {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One word after `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modifier {
    Contains,
    StartsWith,
    EndsWith,
    All,
    Neq,
    Cased,
    Exists,
    Re,
    IgnoreCase,
    Multiline,
    DotAll,
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    Utf16,
    Windash,
    Cidr,
    Gt,
    Gte,
    Lt,
    Lte,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Expand,
    FieldRef,
}

impl Modifier {
    /// # Errors
    /// The word is no modifier; the hint names a similar one.
    pub fn parse(word: &str) -> Result<Self, Mistake> {
        if let Some((_, modifier)) = NAMES.iter().find(|(name, _)| *name == word) {
            return Ok(*modifier);
        }
        let mut mistake = Mistake::new(format!("unknown modifier `{word}`"));
        mistake.hint = did_you_mean(word, NAMES.iter().map(|(name, _)| *name));
        Err(mistake)
    }

    /// The word that rules use most for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        NAMES.iter().find(|(_, modifier)| *modifier == self).map_or("", |(name, _)| name)
    }

    fn is_flag(self) -> bool {
        matches!(self, Self::IgnoreCase | Self::Multiline | Self::DotAll)
    }

    fn is_encoding(self) -> bool {
        matches!(self, Self::Base64 | Self::Base64Offset | Self::Utf16Le | Self::Utf16Be | Self::Utf16)
    }

    fn comparison(self) -> Option<Comparison> {
        Some(match self {
            Self::Gt => Comparison::Gt,
            Self::Gte => Comparison::Gte,
            Self::Lt => Comparison::Lt,
            Self::Lte => Comparison::Lte,
            _ => return None,
        })
    }

    fn time_part(self) -> Option<TimePart> {
        Some(match self {
            Self::Minute => TimePart::Minute,
            Self::Hour => TimePart::Hour,
            Self::Day => TimePart::Day,
            Self::Week => TimePart::Week,
            Self::Month => TimePart::Month,
            Self::Year => TimePart::Year,
            _ => return None,
        })
    }

    fn affix(self) -> Option<Affix> {
        Some(match self {
            Self::Contains => Affix::Contains,
            Self::StartsWith => Affix::StartsWith,
            Self::EndsWith => Affix::EndsWith,
            _ => return None,
        })
    }

    /// What decides how a value is compared; a chain has at most one. `contains` and its kind are
    /// no operator after `re` and `fieldref`, which they only modify.
    fn is_operator(self) -> bool {
        matches!(self, Self::Re | Self::Cidr | Self::Exists | Self::FieldRef)
            || self.comparison().is_some()
            || self.affix().is_some()
    }
}

/// Checks that the modifiers of a chain go together.
///
/// # Errors
/// The first combination that means nothing.
pub fn check_chain(chain: &[Modifier], keyword: bool) -> Result<(), Mistake> {
    for (n, modifier) in chain.iter().enumerate() {
        let before = chain.get(..n).unwrap_or_default();
        check_step(*modifier, before, keyword)?;
    }
    Ok(())
}

fn check_step(modifier: Modifier, before: &[Modifier], keyword: bool) -> Result<(), Mistake> {
    let word = modifier.word();
    if before.contains(&modifier) {
        return Err(Mistake::new(format!("modifier `{word}` is given twice")));
    }
    if modifier.is_flag() && !before.contains(&Modifier::Re) {
        return Err(
            Mistake::new(format!("`{word}` is a flag of `re` and must follow it")).hint(format!("re|{word}"))
        );
    }
    if modifier == Modifier::Exists && !before.is_empty() {
        return Err(Mistake::new("`exists` must be the only modifier in front of its value"));
    }
    if before.contains(&Modifier::Exists) {
        return Err(Mistake::new(format!("`{word}` cannot follow `exists`")));
    }
    if keyword
        && (modifier == Modifier::Exists || modifier == Modifier::FieldRef || modifier.time_part().is_some())
    {
        return Err(Mistake::new(format!("`{word}` needs a field; this is a keyword")));
    }
    let operator = before.iter().copied().find(|m| m.is_operator());
    if modifier.is_operator() {
        check_operator(modifier, operator, before)?;
    }
    // `windash` keeps wildcards apart from the text and may stand on either side of `contains`.
    let too_late = modifier.is_encoding()
        || (modifier == Modifier::Windash && operator.is_none_or(|m| m.affix().is_none()));
    if too_late && operator.is_some() {
        let operator = operator.map_or("", Modifier::word);
        return Err(Mistake::new(format!("`{word}` changes the value and must come before `{operator}`"))
            .hint(format!("{word}|{operator}")));
    }
    if modifier.time_part().is_some() && !before.is_empty() {
        return Err(Mistake::new(format!("`{word}` must be the first modifier")));
    }
    Ok(())
}

fn check_operator(
    modifier: Modifier,
    operator: Option<Modifier>,
    before: &[Modifier],
) -> Result<(), Mistake> {
    let word = modifier.word();
    if let Some(operator) = operator {
        let extends = modifier.affix().is_some() && matches!(operator, Modifier::Re | Modifier::FieldRef);
        if !extends {
            let mistake = Mistake::new(format!("`{}` and `{word}` cannot be combined", operator.word()));
            return Err(if modifier == Modifier::Re {
                mistake.hint("`re` searches anywhere by itself")
            } else {
                mistake
            });
        }
    }
    if before.iter().any(|m| m.time_part().is_some()) && modifier.comparison().is_none() {
        return Err(Mistake::new(format!("`{word}` cannot follow a part of a timestamp")));
    }
    let changed = before.iter().find(|m| m.is_encoding() || **m == Modifier::Windash);
    if let Some(changed) = changed.filter(|_| modifier.affix().is_none()) {
        return Err(Mistake::new(format!("`{}` cannot come before `{word}`", changed.word())));
    }
    Ok(())
}

/// A value on its way through a chain.
enum Value {
    Text(Pattern),
    /// What an encoding made of a text; may not be UTF-8.
    Bytes(Vec<u8>),
}

/// Applies a chain to one value. `expand` needs the placeholders; without them (`None`) a value
/// under `expand` gives no test yet.
///
/// # Errors
/// The value does not fit the chain, or a placeholder is not configured.
pub fn apply(
    chain: &[Modifier],
    node: &Node,
    keyword: bool,
    placeholders: Option<&Placeholders>,
) -> Result<Vec<Test>, Mistake> {
    if chain.contains(&Modifier::Exists) {
        return exists(node).map(|test| vec![test]);
    }
    if let Some(part) = chain.iter().find_map(|m| m.time_part()) {
        let comparison = chain.iter().find_map(|m| m.comparison()).unwrap_or(Comparison::Eq);
        return Ok(vec![Test::Time(part, comparison, number(node)?)]);
    }
    if let Some(comparison) = chain.iter().find_map(|m| m.comparison()) {
        return Ok(vec![Test::Compare(comparison, number(node)?)]);
    }
    let text = match (&node.value, text_only(chain)) {
        (NodeValue::List(_) | NodeValue::Map(_), _) => {
            return Err(Mistake::new(format!("{} cannot be a value here", node.kind_word())));
        }
        (NodeValue::Null, None) if !keyword => return Ok(vec![Test::Null]),
        (NodeValue::Null, Some(modifier)) => {
            return Err(Mistake::new(format!("`{}` needs a text, this is null", modifier.word())));
        }
        (NodeValue::Null, None) => return Err(Mistake::new("a keyword cannot be null")),
        (NodeValue::Number(text), None) if !keyword && !chain.contains(&Modifier::Cased) => {
            return Number::parse_rule(text)
                .map(|number| vec![Test::Number(number)])
                .ok_or_else(|| Mistake::new(format!("`{text}` is out of range for a number")));
        }
        (NodeValue::Bool(value), None) if !keyword => return Ok(vec![Test::Bool(*value)]),
        (NodeValue::Bool(value), _) => value.to_string(),
        (NodeValue::Number(text) | NodeValue::String(text), _) => text.clone(),
    };
    if chain.contains(&Modifier::Expand) {
        let Some(placeholders) = placeholders else { return Ok(Vec::new()) };
        let rest: Vec<Modifier> = chain.iter().copied().filter(|m| *m != Modifier::Expand).collect();
        let mut tests = Vec::new();
        for text in expand(&text, placeholders)? {
            tests.extend(text_tests(&rest, &text, keyword)?);
        }
        return Ok(tests);
    }
    text_tests(chain, &text, keyword)
}

/// The first modifier of the chain that makes sense for texts only.
fn text_only(chain: &[Modifier]) -> Option<Modifier> {
    chain.iter().copied().find(|m| !matches!(m, Modifier::All | Modifier::Neq | Modifier::Cased))
}

fn exists(node: &Node) -> Result<Test, Mistake> {
    match &node.value {
        NodeValue::Bool(value) => Ok(Test::Exists(*value)),
        _ => Err(Mistake::new(format!("`exists` needs `true` or `false`, this is {}", node.kind_word()))),
    }
}

fn number(node: &Node) -> Result<Number, Mistake> {
    let NodeValue::Number(text) = &node.value else {
        let mistake = Mistake::new(format!("a number is needed here, this is {}", node.kind_word()));
        let numeric = node.scalar_text().is_some_and(|text| Number::parse(&text).is_some());
        return Err(if numeric { mistake.hint("write it without quotes") } else { mistake });
    };
    Number::parse_rule(text).ok_or_else(|| Mistake::new(format!("`{text}` is out of range for a number")))
}

/// All tests that a text becomes.
fn text_tests(chain: &[Modifier], text: &str, keyword: bool) -> Result<Vec<Test>, Mistake> {
    let cased = chain.contains(&Modifier::Cased);
    if chain.contains(&Modifier::Re) {
        return regex(chain, text).map(|test| vec![Test::Regex(test)]);
    }
    if chain.contains(&Modifier::Cidr) {
        return Cidr::parse(text).map(|cidr| vec![Test::Cidr(cidr)]).map_err(Mistake::new);
    }
    if chain.contains(&Modifier::FieldRef) {
        let how = chain.iter().find_map(|m| m.affix()).unwrap_or(Affix::Whole);
        return Ok(vec![Test::FieldRef(FieldRef { field: text.to_owned(), how, cased })]);
    }
    let mut values = vec![Value::Text(Pattern::parse(text))];
    for modifier in chain {
        let mut next = Vec::new();
        for value in values {
            transform(*modifier, value, &mut next)?;
        }
        values = next;
    }
    values.into_iter().map(|value| into_pattern(value, keyword, cased).map(Test::Text)).collect()
}

/// The end of the chain: keywords search within values, fields compare whole ones.
fn into_pattern(value: Value, keyword: bool, cased: bool) -> Result<Pattern, Mistake> {
    let mut pattern = match value {
        Value::Text(pattern) => pattern,
        Value::Bytes(bytes) => Pattern::literal(&utf8(bytes)?),
    };
    if keyword {
        pattern.open_start();
        pattern.open_end();
    }
    Ok(pattern.finish(cased))
}

fn utf8(bytes: Vec<u8>) -> Result<String, Mistake> {
    String::from_utf8(bytes).map_err(|_| {
        Mistake::new("the encoded value is not UTF-8 and can be found in no event")
            .hint("add `base64offset|contains`")
    })
}

/// One step of the chain for one value; may give several.
fn transform(modifier: Modifier, value: Value, out: &mut Vec<Value>) -> Result<(), Mistake> {
    match modifier {
        Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith => {
            let mut pattern = match value {
                Value::Text(pattern) => pattern,
                Value::Bytes(bytes) => Pattern::literal(&utf8(bytes)?),
            };
            if modifier != Modifier::StartsWith {
                pattern.open_start();
            }
            if modifier != Modifier::EndsWith {
                pattern.open_end();
            }
            out.push(Value::Text(pattern));
        }
        Modifier::Utf16Le => out.push(Value::Bytes(utf16(&plain(value, modifier)?, u16::to_le_bytes, &[]))),
        Modifier::Utf16Be => out.push(Value::Bytes(utf16(&plain(value, modifier)?, u16::to_be_bytes, &[]))),
        Modifier::Utf16 => {
            out.push(Value::Bytes(utf16(&plain(value, modifier)?, u16::to_le_bytes, &[0xff, 0xfe])))
        }
        Modifier::Base64 => {
            let encoded = BASE64_STANDARD.encode(bytes(value, modifier)?);
            out.push(Value::Text(Pattern::literal(&encoded)));
        }
        Modifier::Base64Offset => {
            let bytes = bytes(value, modifier)?;
            out.extend((0..3).map(|offset| Value::Text(Pattern::literal(&base64_at(&bytes, offset)))));
        }
        Modifier::Windash => {
            let Value::Text(pattern) = value else {
                return Err(Mistake::new("`windash` must come before an encoding"));
            };
            out.extend(windash(&pattern)?.into_iter().map(Value::Text));
        }
        _ => out.push(value),
    }
    Ok(())
}

/// The text of a value without wildcards.
fn plain(value: Value, modifier: Modifier) -> Result<String, Mistake> {
    let no_wildcards = || {
        Mistake::new(format!("a value with wildcards cannot be encoded by `{}`", modifier.word()))
            .hint("escape `*` and `?` with a backslash if they are meant literally")
    };
    match value {
        Value::Text(pattern) => pattern.as_literal().map(str::to_owned).ok_or_else(no_wildcards),
        Value::Bytes(bytes) => utf8(bytes),
    }
}

fn bytes(value: Value, modifier: Modifier) -> Result<Vec<u8>, Mistake> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        text @ Value::Text(_) => plain(text, modifier).map(String::into_bytes),
    }
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2], mark: &[u8]) -> Vec<u8> {
    mark.iter().copied().chain(text.encode_utf16().flat_map(order)).collect()
}

/// The characters of the base64 text that depend on nothing but `bytes`, when these stand at a
/// byte position that leaves `offset` modulo 3: the neighbours' bits are cut off at both ends.
fn base64_at(bytes: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let encoded = BASE64_STANDARD.encode(&padded);
    let start = [0, 2, 3][offset];
    let cut = [0, 3, 2][padded.len() % 3];
    encoded.get(start..encoded.len().saturating_sub(cut)).unwrap_or_default().to_owned()
}

const DASHES: [&str; 5] = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"];

/// Every spelling of the dashes that begin a word: those not preceded by a word character.
fn windash(pattern: &Pattern) -> Result<Vec<Pattern>, Mistake> {
    let mut spellings = vec![Pattern::default()];
    let mut dashes = 0;
    for part in &pattern.parts {
        let Part::Literal(text) = part else {
            spellings.iter_mut().for_each(|spelling| spelling.push(part.clone()));
            continue;
        };
        for piece in split_dashes(text) {
            let choices: &[&str] = if piece.is_dash { &DASHES } else { &[piece.text] };
            dashes += u32::from(piece.is_dash);
            if dashes > MAX_WINDASH {
                let mistake = format!("`windash` finds more than {MAX_WINDASH} dashes in one value");
                return Err(Mistake::new(mistake).hint("split the value, and add `all`"));
            }
            spellings = spellings
                .iter()
                .flat_map(|spelling| {
                    choices.iter().map(|choice| {
                        let mut spelling = spelling.clone();
                        spelling.push(Part::Literal((*choice).to_owned()));
                        spelling
                    })
                })
                .collect();
        }
    }
    Ok(spellings)
}

struct DashPiece<'a> {
    text: &'a str,
    is_dash: bool,
}

/// Cuts a text at the dashes that match `\B[-/]\b`.
fn split_dashes(text: &str) -> Vec<DashPiece<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut pieces = Vec::new();
    let (mut start, mut previous) = (0, None);
    for (at, c) in text.char_indices() {
        let next = text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        if matches!(c, '-' | '/') && !previous.is_some_and(is_word) && next.is_some_and(is_word) {
            pieces.push(DashPiece { text: text.get(start..at).unwrap_or_default(), is_dash: false });
            pieces.push(DashPiece { text: text.get(at..=at).unwrap_or_default(), is_dash: true });
            start = at + 1;
        }
        previous = Some(c);
    }
    pieces.push(DashPiece { text: text.get(start..).unwrap_or_default(), is_dash: false });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

fn regex(chain: &[Modifier], text: &str) -> Result<RegexTest, Mistake> {
    let has = |modifier| chain.contains(&modifier);
    // `contains` and its kind after `re` add `.*`, which changes nothing in a search.
    let flags = RegexFlags {
        ignore_case: has(Modifier::IgnoreCase),
        multi_line: has(Modifier::Multiline),
        dot_all: has(Modifier::DotAll),
    };
    RegexTest::new(text, flags).map_err(|error| regex_mistake(&error))
}

fn regex_mistake(error: &RegexError) -> Mistake {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let mistake = Mistake::new(format!("not a regular expression that can be run: {reason}"));
    match error {
        RegexError::Refused(refused) => mistake.hint(refused.hint),
        RegexError::Engine(_) => mistake,
    }
}

/// Fills in `%name%`; `\%` is a percent sign. A text without a placeholder stays as it is.
fn expand(text: &str, placeholders: &Placeholders) -> Result<Vec<String>, Mistake> {
    let mut results = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('\\') {
            results.iter_mut().for_each(|result| {
                result.push_str(before);
                result.push('%');
            });
            rest = from.get(1..).unwrap_or_default();
            continue;
        }
        let Some((name, after)) = from.get(1..).and_then(|rest| rest.split_once('%')) else { break };
        let values = lookup(name, placeholders)?;
        results = results
            .iter()
            .flat_map(|result| values.iter().map(move |value| format!("{result}{before}{value}")))
            .collect();
        if results.len() > MAX_EXPANSIONS {
            return Err(Mistake::new(format!("`{text}` expands to more than {MAX_EXPANSIONS} values")));
        }
        rest = after;
    }
    results.iter_mut().for_each(|result| result.push_str(rest));
    Ok(results)
}

fn lookup<'a>(name: &str, placeholders: &'a Placeholders) -> Result<&'a [String], Mistake> {
    if let Some(values) = placeholders.get(name).filter(|values| !values.is_empty()) {
        return Ok(values);
    }
    let mistake = Mistake::new(format!("the placeholder `%{name}%` has no values"));
    Err(match did_you_mean(name, placeholders.keys().map(String::as_str)) {
        Some(hint) => mistake.hint(hint),
        None => mistake.hint("give it a list of values in the configuration"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::sigma::matcher::fold;
    use crate::sigma::rule::Position;

    fn chain(words: &str) -> Result<Vec<Modifier>, Mistake> {
        let chain: Vec<Modifier> = words.split('|').map(Modifier::parse).collect::<Result<_, _>>()?;
        check_chain(&chain, false).map(|()| chain)
    }

    fn tests(words: &str, value: NodeValue) -> Result<Vec<Test>, Mistake> {
        let lists = BTreeMap::from([("admins".to_owned(), vec!["root".to_owned(), "adm*".to_owned()])]);
        apply(&chain(words)?, &Node { value, at: Position::default() }, false, Some(&lists))
    }

    fn passes(words: &str, value: &str, text: &str) -> bool {
        let tests = tests(words, NodeValue::String(value.into())).unwrap();
        tests.iter().any(|test| test.passes(text, &fold(text), Kind::String))
    }

    #[test]
    fn chains_that_mean_something() {
        let check = |words, value, text, expect| {
            assert_eq!(passes(words, value, text), expect, "{words} {value} ~ {text}");
        };
        check("contains", "b", "aBc", true);
        check("startswith", "b", "abc", false);
        check("endswith", r"\*", "a*", true);
        check("contains|cased", "B", "abc", false);
        check("re", "fo+", "xfooy", true);
        check("re", "fo+", "FOO", false);
        check("re|i", "fo+", "FOO", true);
        check("re", r"a\\b", r"a\b", true);
        check("base64", "foo", "Zm9v", true);
        check("wide|base64offset|contains", "IEX", "eABJAEUAWAAgAA==", true);
        check("utf16|base64", "a", "//5hAA==", true);
        check("windash|contains", " -enc", "x /enc", true);
        check("windash|contains", " /enc", "x \u{2015}enc", true);
        check("windash|contains", " -foo-bar", "x /foo/bar", false);
        check("contains|windash", "-foo", "x /foo", true);
        check("endswith|windash", " -a", "x /a", true);
        check("expand", "plain", "plain", true);
        check("expand", "%admins%", "ADMIN", true);
        check("expand|contains", r"\%x %admins%!", "a %x root! b", true);
    }

    #[test]
    fn base64_offsets_find_every_place_in_a_blob() {
        for (place, text) in ["foobarxyz", "xfoobaryz", "xyfoobarz", "xxfoobar"].iter().enumerate() {
            let blob = BASE64_STANDARD.encode(text);
            assert!(passes("base64offset|contains", "foobar", &blob), "{place}: {blob}");
        }
        assert!(!passes("base64offset|contains", "foobar", &BASE64_STANDARD.encode("nothing here")));
    }

    #[test]
    fn chains_that_mean_nothing_are_refused() {
        let check = |words, expect: &str| {
            let mistake = chain(words).unwrap_err();
            assert!(mistake.message.contains(expect), "{words}: {}", mistake.message);
        };
        check("containz", "unknown modifier `containz`");
        check("i", "flag of `re`");
        check("contains|re", "cannot be combined");
        check("re|cidr", "cannot be combined");
        check("gt|lt", "cannot be combined");
        check("contains|base64", "must come before");
        check("base64|re", "cannot come before");
        check("windash|cidr", "cannot come before");
        check("re|windash", "must come before");
        check("all|exists", "only modifier");
        check("contains|contains", "twice");
        check("hour|contains", "part of a timestamp");
        assert_eq!(chain("startwith").unwrap_err().hint.as_deref(), Some("did you mean `startswith`?"));
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let check = |words, value: NodeValue, expect: &str| {
            let mistake = tests(words, value).unwrap_err();
            assert!(mistake.message.contains(expect), "{words}: {}", mistake.message);
        };
        let text = |text: &str| NodeValue::String(text.into());
        check("gt", text("5"), "a number is needed");
        check("exists", text("yes"), "`true` or `false`");
        check("base64", text("a*b"), "wildcards");
        check("cidr", text("10.0.0.1/8"), "host bits");
        check("re", text("a(?=b)"), "look-around");
        check("re", text("a("), "unclosed group");
        check("expand", text("%nobody%"), "no values");
        check("contains", NodeValue::Null, "needs a text");
        check("windash", text("-a -b -c -d"), "more than 3");
        check("contains", NodeValue::List(vec![]), "a list cannot be a value");
    }

    #[test]
    fn plain_numbers_and_booleans_keep_their_type() {
        let check = |value, text: &str, expect| {
            let tests = tests("all", value).unwrap();
            assert_eq!(tests[0].passes(text, &fold(text), Kind::String), expect, "{text}");
        };
        check(NodeValue::Number("4625".into()), "4625", true);
        check(NodeValue::Number("4625".into()), "4625.0", true);
        check(NodeValue::Number("4625".into()), "46250", false);
        check(NodeValue::Bool(true), "True", true);
        check(NodeValue::Bool(true), "1", false);
    }
}
