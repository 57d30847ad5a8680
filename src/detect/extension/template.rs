//! `show`: one line of text with fields in braces.

use std::fmt;

/// A line with places for fields: `{user.name} locked out from {source.ip}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    Text(String),
    /// A field of the event or group, or one of [`Template::BUILT_IN`].
    Field(String),
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateError {
    Unclosed,
    Unopened,
    Empty,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TemplateError::Unclosed => "has a `{` without its `}`",
            TemplateError::Unopened => "has a `}` without its `{`",
            TemplateError::Empty => "has braces without a field name",
        })
    }
}

impl Template {
    /// Names that are not fields: filled in from the incident itself.
    pub const BUILT_IN: [&'static str; 6] = ["count", "value", "level", "title", "state", "until"];

    /// Reads the text of a template.
    ///
    /// # Errors
    /// When a brace has no partner or no name between.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '{' | '}' if characters.peek() == Some(&c) => {
                    literal.extend(characters.next());
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match characters.next() {
                            Some('}') => break,
                            Some(c) => name.push(c),
                            None => return Err(TemplateError::Unclosed),
                        }
                    }
                    let name = name.trim();
                    if name.is_empty() {
                        return Err(TemplateError::Empty);
                    }
                    if !literal.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(TemplatePart::Field(name.to_owned()));
                }
                '}' => return Err(TemplateError::Unopened),
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(TemplatePart::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The event fields it names, without built-in names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Field(name) if !Self::BUILT_IN.contains(&name.as_str()) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The line with every field replaced by what `value` gives, `?` where it gives nothing.
    #[must_use]
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<std::borrow::Cow<'v, str>>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Field(name) => match value(name) {
                    Some(text) => out.push_str(&text),
                    None => out.push('?'),
                },
            }
        }
        out
    }
}
