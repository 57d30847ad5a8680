//! Templates: what a line looks like that states a fact.
//!
//! Text stands for itself, `[..]` is optional, `(a|b)` one of several, `{field:type}` a capture, `{_:type}` a
//! skip, `\` takes the meaning from the next character. A template is the whole text: both of its ends are
//! anchored, and nothing says otherwise. It becomes a regular expression of the engine that is linear in the
//! length of the text, compiled when it is first needed.
//!
//! Whoever writes a line may put our own words into the free parts of it. Where an address stands between
//! two free parts, the shortest and the longest reading are compared, and an address that differs is no
//! address.

use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

use super::signs::Signs;
use crate::event::address;
use crate::event::stamp::{self, Completion};

/// Longest template, in bytes.
const TEMPLATE_LIMIT: usize = 1_024;
/// Deepest nesting of `[..]` and `(..)`.
const DEPTH_LIMIT: usize = 8;

/// What a capture accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An address, in brackets or not.
    Ip,
    Int,
    /// Up to white space or the next character of the template.
    Word,
    /// Free text in which a client may write what it likes.
    Name,
    /// Free text to the end.
    Rest,
    /// Text in single or double quotes, without them.
    Quoted,
    /// A point in time in one of the usual forms.
    Date,
    /// A time of day: `09:30:01.123`.
    Clock,
}

const TYPES: [(&str, Type); 8] = [
    ("ip", Type::Ip),
    ("int", Type::Int),
    ("word", Type::Word),
    ("name", Type::Name),
    ("rest", Type::Rest),
    ("quoted", Type::Quoted),
    ("date", Type::Date),
    ("clock", Type::Clock),
];

impl Type {
    fn is_free(self) -> bool {
        matches!(self, Self::Name | Self::Rest)
    }

    /// The type that a field has by its name.
    fn of_field(field: &str) -> Self {
        match field {
            "source.ip" => Self::Ip,
            "source.port" | "process.pid" | "count" => Self::Int,
            "message" => Self::Rest,
            "@timestamp" | "time" => Self::Date,
            _ => Self::Name,
        }
    }
}

/// Why a template cannot be read; the place counts characters from 0.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {at} of the template")]
pub struct TemplateError {
    pub message: String,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// Index in `Template::fields`, or none for a skip.
    Capture(Option<usize>, Type),
    Optional(Vec<Part>),
    OneOf(Vec<Vec<Part>>),
}

/// A template, ready to be tried.
#[derive(Debug)]
pub struct Template {
    /// The captured fields, in the order of their places.
    fields: Vec<(String, Type)>,
    /// By capture group, from 1: the field.
    groups: Vec<usize>,
    /// What every text begins and ends with, and the longest text that stands in each.
    prefix: String,
    suffix: String,
    literal: String,
    /// All that stands in each, in its order.
    texts: Vec<Finder<'static>>,
    /// Of all of them.
    signs: Signs,
    /// An address stands between two free parts.
    compares: bool,
    shortest: Lazy,
    longest: Lazy,
}

/// An expression that is compiled when it is first needed.
#[derive(Debug)]
struct Lazy {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Lazy {
    fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    fn get(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| RegexBuilder::new(&self.source).size_limit(4 << 20).build().ok())
            .as_ref()
    }
}

/// What a template found: the place of each captured field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Field (index of [`Template::fields`]) and its place in the text.
    pub captures: Vec<(usize, Range<usize>)>,
    /// The address has two readings, and was left out.
    pub contested: bool,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When brackets do not match, a type is unknown, or the template is too long.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser { text: text.chars().collect(), at: 0, fields: Vec::new(), depth: 0 };
        if text.len() > TEMPLATE_LIMIT {
            return Err(parser.error(format!("longer than {TEMPLATE_LIMIT} bytes")));
        }
        let parts = parser.sequence(&[])?;
        Ok(Self::of(&parts, parser.fields))
    }

    fn of(parts: &[Part], fields: Vec<(String, Type)>) -> Self {
        let mut groups = Vec::new();
        let expression = |lazy: bool, groups: &mut Vec<usize>| {
            let mut writer = Writer { out: String::from("(?s)^(?:"), lazy, groups };
            writer.sequence(parts, &[]);
            writer.out.push_str(")$");
            writer.out
        };
        let shortest = Lazy::new(expression(true, &mut groups));
        let longest = Lazy::new(expression(false, &mut Vec::new()));
        let text = |part: Option<&Part>| match part {
            Some(Part::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let texts = parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            _ => None,
        });
        let finders = texts.clone().map(|text| Finder::new(text).into_owned()).collect();
        let mut signs = Signs::default();
        texts.clone().for_each(|text| signs.add(Signs::of(text)));
        Self {
            prefix: text(parts.first()),
            suffix: text(parts.last()),
            literal: texts.max_by_key(|text| text.len()).cloned().unwrap_or_default(),
            texts: finders,
            signs,
            compares: is_between_free_parts(parts),
            fields,
            groups,
            shortest,
            longest,
        }
    }

    /// The captured fields and their types, in the order of their places.
    #[must_use]
    pub fn fields(&self) -> &[(String, Type)] {
        &self.fields
    }

    /// The longest text that stands in everything that the template matches.
    #[must_use]
    pub fn literal(&self) -> &str {
        &self.literal
    }

    /// Whether two readings are compared, because an address stands between two free parts.
    #[must_use]
    pub fn compares(&self) -> bool {
        self.compares
    }

    /// Whether the expression behind the template can be compiled; matching says no where it cannot.
    #[cfg(test)]
    pub(crate) fn is_sound(&self) -> bool {
        self.shortest.get().is_some() && self.longest.get().is_some()
    }

    /// What stands in every text that it matches.
    pub(super) fn signs(&self) -> &Signs {
        &self.signs
    }

    /// False where it certainly does not match a text with these signs.
    pub(super) fn may_match(&self, signs: &Signs) -> bool {
        signs.may_hold(&self.signs)
    }

    /// Matches the whole of `text`. Costs time by its length alone.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Found> {
        if !self.may_hold(text) {
            return None;
        }
        let mut found = self.read(&self.shortest, text)?;
        if self.compares {
            let other = self.read(&self.longest, text);
            self.compare(&mut found, &other.unwrap_or_default());
        }
        Some(found)
    }

    /// Cheaply: all that must stand in the text does, in its order.
    fn may_hold(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        text.starts_with(&self.prefix)
            && text.ends_with(&self.suffix)
            && self.texts.iter().all(|wanted| {
                let behind = wanted.find(rest).and_then(|at| rest.get(at + wanted.needle().len()..));
                rest = behind.unwrap_or_default();
                behind.is_some()
            })
    }

    fn read(&self, expression: &Lazy, text: &str) -> Option<Found> {
        let captures = expression.get()?.captures(text)?;
        let mut found = Found::default();
        for (group, field) in self.groups.iter().enumerate() {
            let Some(capture) = captures.get(group + 1) else { continue };
            if !self.accepts(*field, capture.as_str()) {
                return None;
            }
            found.captures.push((*field, capture.range()));
        }
        Some(found)
    }

    fn accepts(&self, field: usize, text: &str) -> bool {
        match self.fields.get(field) {
            Some((_, Type::Ip)) => address::address(text).is_some(),
            Some((_, Type::Date)) => {
                let whole = stamp::prefix(text, Completion::default()).map(|(_, length)| length);
                whole == Some(text.len()) || stamp::epoch(text).is_some()
            }
            _ => true,
        }
    }

    /// Leaves out an address that the two readings place differently.
    fn compare(&self, found: &mut Found, other: &Found) {
        let is_ip = |field: usize| self.fields.get(field).is_some_and(|(_, kind)| *kind == Type::Ip);
        let before = found.captures.len();
        found.captures.retain(|capture| !is_ip(capture.0) || other.captures.contains(capture));
        found.contested = found.captures.len() < before;
    }
}

/// Whether an address stands after a free part and before another.
fn is_between_free_parts(parts: &[Part]) -> bool {
    let mut kinds = Vec::new();
    collect_types(parts, &mut kinds);
    let ips = kinds.iter().enumerate().filter(|(_, kind)| **kind == Type::Ip);
    ips.into_iter().any(|(at, _)| {
        kinds.iter().take(at).any(|kind| kind.is_free()) && kinds.iter().skip(at).any(|kind| kind.is_free())
    })
}

fn collect_types(parts: &[Part], kinds: &mut Vec<Type>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Capture(_, kind) => kinds.push(*kind),
            Part::Optional(inner) => collect_types(inner, kinds),
            Part::OneOf(branches) => branches.iter().for_each(|branch| collect_types(branch, kinds)),
        }
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    fields: Vec<(String, Type)>,
    depth: usize,
}

impl Parser {
    fn error(&self, message: impl Into<String>) -> TemplateError {
        TemplateError { message: message.into(), at: self.at }
    }

    /// Reads up to one of `ends`, which is left where it is; to the end of the text if there are none.
    fn sequence(&mut self, ends: &[char]) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        while let Some(character) = self.text.get(self.at).copied() {
            if ends.contains(&character) {
                break;
            }
            let special = matches!(character, '[' | '(' | '{');
            if special && !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            self.at += 1;
            match character {
                '[' => parts.push(self.optional()?),
                '(' => parts.push(self.one_of()?),
                '{' => parts.push(self.capture()?),
                ']' | ')' | '}' => {
                    return Err(self.error(format!("`{character}` closes nothing; write `\\{character}`")));
                }
                '\\' => {
                    let next = self.text.get(self.at).copied();
                    literal.push(next.ok_or_else(|| self.error("a `\\` with nothing behind it"))?);
                    self.at += 1;
                }
                _ => literal.push(character),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(parts)
    }

    fn deeper(&mut self) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT { Err(self.error("too deeply nested")) } else { Ok(()) }
    }

    fn close(&mut self, bracket: char) -> Result<(), TemplateError> {
        if self.text.get(self.at) != Some(&bracket) {
            return Err(self.error(format!("`{bracket}` is missing")));
        }
        self.at += 1;
        Ok(())
    }

    fn optional(&mut self) -> Result<Part, TemplateError> {
        self.deeper()?;
        let inner = self.sequence(&[']'])?;
        self.close(']')?;
        self.depth -= 1;
        Ok(Part::Optional(inner))
    }

    fn one_of(&mut self) -> Result<Part, TemplateError> {
        self.deeper()?;
        let mut branches = vec![self.sequence(&['|', ')'])?];
        while self.text.get(self.at) == Some(&'|') {
            self.at += 1;
            branches.push(self.sequence(&['|', ')'])?);
        }
        self.close(')')?;
        self.depth -= 1;
        Ok(Part::OneOf(branches))
    }

    fn capture(&mut self) -> Result<Part, TemplateError> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|character| *character != '}') {
            self.at += 1;
        }
        let inside: String = self.text.get(start..self.at).unwrap_or_default().iter().collect();
        self.close('}')?;
        let (field, word) =
            inside.split_once(':').map_or((inside.as_str(), None), |(field, word)| (field, Some(word)));
        let kind = match word {
            None => Type::of_field(field),
            Some(word) => TYPES
                .iter()
                .find(|(name, _)| *name == word)
                .map(|(_, kind)| *kind)
                .ok_or_else(|| self.error(format!("no type is called `{word}`")))?,
        };
        if field == "_" || field.is_empty() {
            return Ok(Part::Capture(None, kind));
        }
        let field = if field == "time" { "@timestamp" } else { field };
        let index = self.fields.iter().position(|(name, _)| name == field).unwrap_or_else(|| {
            self.fields.push((field.to_owned(), kind));
            self.fields.len() - 1
        });
        Ok(Part::Capture(Some(index), kind))
    }
}

/// Writes a template as a regular expression.
struct Writer<'w> {
    out: String,
    /// Free parts take as little as they can.
    lazy: bool,
    groups: &'w mut Vec<usize>,
}

impl Writer<'_> {
    /// `after` are characters that may follow the parts.
    fn sequence(&mut self, parts: &[Part], after: &[char]) {
        for (index, part) in parts.iter().enumerate() {
            let next = first_characters(parts.get(index + 1..).unwrap_or_default(), after);
            self.part(part, &next);
        }
    }

    fn part(&mut self, part: &Part, next: &[char]) {
        match part {
            Part::Text(text) => self.out.push_str(&regex::escape(text)),
            Part::Capture(field, kind) => self.capture(*field, *kind, next),
            Part::Optional(inner) => {
                self.out.push_str("(?:");
                self.sequence(inner, next);
                self.out.push_str(")?");
            }
            Part::OneOf(branches) => {
                self.out.push_str("(?:");
                for (index, branch) in branches.iter().enumerate() {
                    self.out.push_str(if index > 0 { "|" } else { "" });
                    self.sequence(branch, next);
                }
                self.out.push(')');
            }
        }
    }

    fn capture(&mut self, field: Option<usize>, kind: Type, next: &[char]) {
        let open = if field.is_some() { "(" } else { "(?:" };
        if kind == Type::Quoted {
            // Without its quotes: one group for each kind of them.
            let inner =
                [r#""{}(?:[^"\\]|\\.)*)""#, r"'{}(?:[^'\\]|\\.)*)'"].map(|form| form.replace("{}", open));
            self.out.push_str(&format!("(?:{})", inner.join("|")));
            self.groups.extend(field.into_iter().chain(field));
            return;
        }
        self.out.push_str(open);
        match kind {
            Type::Ip => self.out.push_str(IP),
            Type::Int => self.out.push_str(r"\d+"),
            Type::Word => self.out.push_str(&word(next)),
            Type::Date => self.out.push_str(DATE),
            Type::Clock => self.out.push_str(r"\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"),
            Type::Name | Type::Rest | Type::Quoted => {
                self.out.push_str(if self.lazy { ".*?" } else { ".*" });
            }
        }
        self.out.push(')');
        self.groups.extend(field);
    }
}

/// The shape of an address; whether it is one is decided by the function that fields use.
const IP: &str = r"(?:\[[0-9A-Fa-f:.]{2,45}(?:%\w+)?\]|(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?:%\w+)?|\d{1,3}(?:\.\d{1,3}){3})";
const DATE: &str = r"[0-9A-Za-z:.,+/-]+(?: {1,2}[0-9A-Za-z:.,+/-]+){0,5}?";

fn word(next: &[char]) -> String {
    let mut class = String::from(r"[^\s");
    for character in next {
        class.push_str(&format!(r"\x{{{:x}}}", u32::from(*character)));
    }
    class.push_str("]*");
    class
}

/// The literal characters that what follows may begin with.
fn first_characters(parts: &[Part], after: &[char]) -> Vec<char> {
    let mut characters = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => {
                characters.extend(text.chars().next());
                return characters;
            }
            Part::Capture(..) => return characters,
            Part::Optional(inner) => characters.extend(first_characters(inner, &[])),
            Part::OneOf(branches) => {
                characters.extend(branches.iter().flat_map(|branch| first_characters(branch, &[])));
                return characters;
            }
        }
    }
    characters.extend(after);
    characters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is captured, as `field=text`.
    fn read(template: &str, text: &str) -> Option<String> {
        let template = Template::parse(template).unwrap();
        assert!(template.is_sound());
        let found = template.find(text)?;
        let mut said: Vec<String> = found
            .captures
            .iter()
            .map(|(field, place)| {
                format!(
                    "{}={}",
                    template.fields()[*field].0,
                    text.get(place.clone()).expect("a part of the text")
                )
            })
            .collect();
        if found.contested {
            said.push("contested".into());
        }
        Some(said.join(" "))
    }

    const FAILED: &str =
        "Failed {method:word} for [invalid user ]{user.name} from {source.ip} port {source.port}[ ssh2]";

    #[test]
    fn optional_parts_and_types_are_read() {
        let check = |text, expect: Option<&str>| assert_eq!(read(FAILED, text).as_deref(), expect, "{text}");
        check(
            "Failed password for root from 203.0.113.9 port 4022 ssh2",
            Some("method=password user.name=root source.ip=203.0.113.9 source.port=4022"),
        );
        check(
            "Failed none for invalid user  from ::1 port 4022",
            Some("method=none user.name= source.ip=::1 source.port=4022"),
        );
        check("Failed password for root from 203.0.113.999 port 4022 ssh2", None);
        check("x Failed password for root from 203.0.113.9 port 4022 ssh2", None);
        check("Failed password for root from 203.0.113.9 port 4022 ssh2 x", None);
    }

    #[test]
    fn a_name_that_imitates_the_line_accuses_nobody() {
        for text in [
            "Failed password for invalid user root from 198.51.100.77 from 203.0.113.9 port 1 ssh2",
            "Failed password for a from 198.51.100.77 port 22 ssh2 from 203.0.113.9 port 1 ssh2",
        ] {
            assert!(read(FAILED, text).unwrap().contains("source.ip=203.0.113.9 "), "{text}");
        }
    }

    #[test]
    fn an_address_between_free_parts_with_two_readings_is_left_out() {
        let template = "{user.name} came from {source.ip}: {_:rest}";
        let check = |text, expect: &str| assert_eq!(read(template, text).as_deref(), Some(expect), "{text}");
        check("alice came from 203.0.113.9: hello", "user.name=alice source.ip=203.0.113.9");
        check("a came from 198.51.100.77: b came from 203.0.113.9: hello", "user.name=a contested");
    }

    #[test]
    fn words_end_at_the_next_character_of_the_template() {
        assert_eq!(read("user={a:word}, ip={b:word}", "user=x, ip=y").unwrap(), "a=x b=y");
        assert_eq!(read("user={a:word}, ip={b:word}", "user=x,y, ip=z"), None);
        assert_eq!(read("({a:word}|none)", "none").unwrap(), "a=none");
        assert_eq!(read("say {a:quoted}!", "say \"it's\"!").unwrap(), "a=it's");
        assert_eq!(read(r"\[{a:word}\]", "[x]").unwrap(), "a=x");
    }

    #[test]
    fn mistakes_have_a_place() {
        let check = |text: &str, expect| assert_eq!(Template::parse(text).unwrap_err().to_string(), expect);
        check("a [b", "`]` is missing, at character 4 of the template");
        check("a ]", "`]` closes nothing; write `\\]`, at character 3 of the template");
        check("{a:ipp}", "no type is called `ipp`, at character 7 of the template");
    }
}
