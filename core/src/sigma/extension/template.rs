//! `show`: one line of text with fields in braces.

use std::borrow::Cow;
use std::fmt;

/// A line with places for fields: `{user.name} locked out[ from {source.ip}]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    Text(String),
    /// A field of the event or group, or one of [`Template::BUILT_IN`].
    Field(String),
    /// Text in brackets, left out when it would say nothing: see [`Template::fill`].
    Optional(Vec<TemplatePart>),
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateError {
    Unclosed,
    Unopened,
    Empty,
    UnclosedBracket,
    UnopenedBracket,
    NestedBracket,
    BracketWithoutField,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TemplateError::Unclosed => "has a `{` without its `}`",
            TemplateError::Unopened => "has a `}` without its `{`",
            TemplateError::Empty => "has braces without a field name",
            TemplateError::UnclosedBracket => "has a `[` without its `]`",
            TemplateError::UnopenedBracket => "has a `]` without its `[`",
            TemplateError::NestedBracket => "has brackets within brackets",
            TemplateError::BracketWithoutField => {
                "has brackets without a field between; a doubled `[[` is a bracket"
            }
        })
    }
}

impl Template {
    /// Names that are not fields: filled in from the incident itself.
    pub const BUILT_IN: [&'static str; 9] =
        ["count", "value", "level", "title", "state", "until", "said_until", "inferred", "logged"];

    /// Reads the text of a template.
    ///
    /// # Errors
    /// When a brace or bracket has no partner or no name between, or brackets stand within brackets.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Parts::default();
        let mut outside: Option<Parts> = None;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '{' | '}' | '[' | ']' if characters.peek() == Some(&c) => {
                    parts.literal.extend(characters.next());
                }
                '{' => parts.field(&mut characters)?,
                '}' => return Err(TemplateError::Unopened),
                '[' if outside.is_some() => return Err(TemplateError::NestedBracket),
                '[' => outside = Some(std::mem::take(&mut parts)),
                ']' => {
                    let before = outside.take().ok_or(TemplateError::UnopenedBracket)?;
                    let optional = std::mem::replace(&mut parts, before).finish();
                    if !optional.iter().any(|part| matches!(part, TemplatePart::Field(_))) {
                        return Err(TemplateError::BracketWithoutField);
                    }
                    parts.push(TemplatePart::Optional(optional));
                }
                c => parts.literal.push(c),
            }
        }
        match outside {
            Some(_) => Err(TemplateError::UnclosedBracket),
            None => Ok(Self { parts: parts.finish() }),
        }
    }

    /// The event fields it names, without built-in names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let flat = self.parts.iter().flat_map(|part| match part {
            TemplatePart::Optional(inner) => inner.as_slice(),
            part => std::slice::from_ref(part),
        });
        flat.filter_map(|part| match part {
            TemplatePart::Field(name) if !Self::BUILT_IN.contains(&name.as_str()) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it has a place of this name.
    #[must_use]
    pub fn names(&self, wanted: &str) -> bool {
        let is_wanted = |part: &TemplatePart| matches!(part, TemplatePart::Field(name) if name == wanted);
        self.parts.iter().any(|part| match part {
            TemplatePart::Optional(inner) => inner.iter().any(is_wanted),
            part => is_wanted(part),
        })
    }

    /// The line with every field replaced by what `value` gives, by words for it where it gives nothing. Brackets are
    /// left out when a field in them is missing, or the `{count}` in them is 1, which goes without saying.
    #[must_use]
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Field(name) => {
                    out.push_str(
                        &value(name).map_or(Cow::Borrowed(unnamed(name)), |text| in_words(name, text)),
                    );
                }
                TemplatePart::Optional(inner) => {
                    out.push_str(&fill_optional(inner, &value).unwrap_or_default())
                }
            }
        }
        out
    }
}

/// What stands in a sentence for a field that nobody knows.
fn unnamed(field: &str) -> &'static str {
    let kind = field.split('.').next().unwrap_or_default();
    match kind {
        "user" => "somebody",
        "source" | "client" => "an unknown address",
        "host" => "a host",
        "service" => "a service",
        _ => "something",
    }
}

/// An action is a code, such as `privilege_used`; in a sentence it stands in words.
fn in_words<'v>(field: &str, value: Cow<'v, str>) -> Cow<'v, str> {
    match field {
        "event.action" if value.contains('_') => Cow::Owned(value.replace('_', " ")),
        _ => value,
    }
}

/// What stands in brackets, when it says something.
fn fill_optional<'v>(
    parts: &[TemplatePart],
    value: &impl Fn(&str) -> Option<Cow<'v, str>>,
) -> Option<String> {
    let mut out = String::new();
    for part in parts {
        match part {
            TemplatePart::Text(text) => out.push_str(text),
            TemplatePart::Field(name) => {
                let text = value(name).filter(|text| !(name == "count" && text == "1"))?;
                out.push_str(&in_words(name, text));
            }
            TemplatePart::Optional(_) => {}
        }
    }
    Some(out)
}

/// Parts that are being read.
#[derive(Default)]
struct Parts {
    done: Vec<TemplatePart>,
    literal: String,
}

impl Parts {
    /// Reads a field up to its closing brace.
    fn field(&mut self, characters: &mut impl Iterator<Item = char>) -> Result<(), TemplateError> {
        let mut name = String::new();
        loop {
            match characters.next() {
                Some('}') => break,
                Some(c) => name.push(c),
                None => return Err(TemplateError::Unclosed),
            }
        }
        match name.trim() {
            "" => Err(TemplateError::Empty),
            name => {
                self.push(TemplatePart::Field(name.to_owned()));
                Ok(())
            }
        }
    }

    fn push(&mut self, part: TemplatePart) {
        if !self.literal.is_empty() {
            self.done.push(TemplatePart::Text(std::mem::take(&mut self.literal)));
        }
        self.done.push(part);
    }

    fn finish(mut self) -> Vec<TemplatePart> {
        if !self.literal.is_empty() {
            self.done.push(TemplatePart::Text(self.literal));
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &[(&str, &'static str)]) -> String {
        let template = Template::parse(template).expect("a template");
        template
            .fill(|name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn brackets_are_left_out_when_they_would_say_nothing() {
        let line = "{user.name} locked out[ after {count} failures][, last from {source.ip}]";
        for (values, expect) in [
            (
                &[("user.name", "alice"), ("count", "5"), ("source.ip", "203.0.113.9")][..],
                "alice locked out after 5 failures, last from 203.0.113.9",
            ),
            (&[("user.name", "alice"), ("count", "5")], "alice locked out after 5 failures"),
            (
                &[("user.name", "alice"), ("count", "1"), ("source.ip", "203.0.113.9")],
                "alice locked out, last from 203.0.113.9",
            ),
            (&[("count", "1")], "somebody locked out"),
        ] {
            assert_eq!(filled(line, values), expect);
        }
    }

    #[test]
    fn a_count_outside_of_brackets_always_stands() {
        assert_eq!(filled("{count} refused logins", &[("count", "1")]), "1 refused logins");
    }

    #[test]
    fn doubled_signs_are_themselves() {
        assert_eq!(filled("[[{{a}}]] {a}", &[("a", "x")]), "[{a}] x");
    }

    #[test]
    fn fields_in_brackets_are_fields() {
        let template = Template::parse("{a}[ {b} {count}]").expect("a template");
        assert_eq!(template.fields().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expect) in [
            ("{a", TemplateError::Unclosed),
            ("a}", TemplateError::Unopened),
            ("{ }", TemplateError::Empty),
            ("[ from {a}", TemplateError::UnclosedBracket),
            ("{a}]", TemplateError::UnopenedBracket),
            ("[ {a} [{b}] ]", TemplateError::NestedBracket),
            ("[nothing]", TemplateError::BracketWithoutField),
        ] {
            assert_eq!(Template::parse(text), Err(expect), "{text}");
        }
    }
}
