//! How lines are read whose format is configured instead of recognised.

use regex::Regex;

use super::json;
use super::line::Line;
use super::text;
use super::{Decoder, first_visible};
use crate::event::number::{offset_in, to_u32};
use crate::event::{Event, Format, Kind, Origin, Outcome, Span, canonical};

/// How the lines of a source are read.
#[derive(Clone, Debug, Default)]
pub enum LineFormat {
    /// By content, line by line.
    #[default]
    Recognised,
    /// JSON objects; every other line is raw text.
    Json,
    /// `key=value` pairs, also few of them; every other line is raw text.
    Logfmt,
    /// Text that nothing is read out of: whoever can write into it forges nothing but words.
    Plain,
    /// Fields are the named groups of an expression; a line that it does not match is raw text.
    Pattern(LinePattern),
}

/// An expression with named groups.
#[derive(Clone, Debug)]
pub struct LinePattern {
    regex: Regex,
    /// Number and name of each group that has a name.
    groups: Vec<(usize, String)>,
}

/// Why an expression cannot read lines.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("not a regular expression: {0}")]
    Syntax(String),
    #[error("no group of the expression has a name: write `(?<user.name>...)`")]
    NoGroups,
}

impl LinePattern {
    /// # Errors
    /// When the expression is none, or names no field.
    pub fn new(expression: &str) -> Result<Self, PatternError> {
        let regex = Regex::new(expression).map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            PatternError::Syntax(reason.trim_start_matches("error: ").to_owned())
        })?;
        let names = regex.capture_names().enumerate();
        let groups: Vec<_> = names.filter_map(|(at, name)| Some((at, name?.to_owned()))).collect();
        if groups.is_empty() { Err(PatternError::NoGroups) } else { Ok(Self { regex, groups }) }
    }
}

impl LineFormat {
    /// The word in the configuration.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            LineFormat::Recognised => "auto",
            LineFormat::Json => "json",
            LineFormat::Logfmt => "logfmt",
            LineFormat::Plain => "plain",
            LineFormat::Pattern(_) => "pattern",
        }
    }
}

impl Decoder {
    /// Reads a line in the configured format. What does not fit is raw text and never guessed at.
    pub(super) fn decode_configured(
        &mut self,
        format: &LineFormat,
        line: &str,
        cut: bool,
        event: &mut Event,
    ) -> Outcome {
        event.reset(line);
        let Some(start) = first_visible(line) else { return Outcome::Blank };
        let part = Line { text: line.get(start..).unwrap_or_default(), base: to_u32(start) };
        let start_mark = event.mark();
        let understood = match format {
            LineFormat::Json => self.decode_json(part, cut, event),
            LineFormat::Logfmt => self.configured_logfmt(part, event),
            LineFormat::Pattern(pattern) => self.matched(pattern, part, event),
            LineFormat::Plain => {
                whole_line(part, event);
                return Outcome::Parsed;
            }
            LineFormat::Recognised => None,
        };
        let Some(outcome) = understood else {
            whole_line(part, event);
            event.meta.prose = true;
            return Outcome::Raw;
        };
        outcome.and(self.unwrap_json(start_mark, super::WRAPPER_LIMIT, event))
    }

    fn configured_logfmt(&mut self, part: Line<'_>, event: &mut Event) -> Option<Outcome> {
        let mut pairs = 0;
        let mut end = 0;
        text::logfmt(part.text, |_, value, _| {
            pairs += 1;
            end = offset_in(value, part.text) + value.len();
        });
        // Everything must have been read, a closing quote at most is left.
        let rest = part.text.get(end..).unwrap_or_default();
        if pairs == 0 || !matches!(rest.trim_end(), "" | "\"") {
            return None;
        }
        self.push_logfmt(part, event);
        Some(Outcome::Parsed)
    }

    fn matched(&mut self, pattern: &LinePattern, part: Line<'_>, event: &mut Event) -> Option<Outcome> {
        let captures = pattern.regex.captures(part.text)?;
        for (group, name) in &pattern.groups {
            let Some(found) = captures.get(*group).map(|found| found.as_str()) else { continue };
            let (kind, span) = (json::scalar_kind(found), part.span(found));
            match self.json.top_path(name) {
                Some(path) => event.push(path, kind, span, Origin::Line),
                None => event.push_overflow(name, kind, span, Origin::Line),
            }
        }
        event.meta.format = Format::TextLog;
        Some(Outcome::Parsed)
    }
}

fn whole_line(part: Line<'_>, event: &mut Event) {
    let message = part.text.trim_end();
    let span = Span { start: part.base, len: to_u32(message.len()) };
    event.push(canonical::MESSAGE, Kind::String, span, Origin::Line);
    event.meta.format = Format::Plain;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Paths;

    /// Outcome, and fields as `name=value`.
    fn read(format: &LineFormat, line: &str) -> (Outcome, Vec<String>) {
        let paths = Paths::new();
        let mut event = Event::default();
        let outcome = Decoder::new(paths.clone()).decode_as(format, line.as_bytes(), false, &mut event);
        let names = paths.read();
        let fields = event.fields().iter();
        let shown = fields.map(|field| format!("{}={}", names.name(field.path), event.text(field.span)));
        (outcome, shown.collect())
    }

    fn check(format: &LineFormat, line: &str, outcome: Outcome, expect: &[&str]) {
        let expect: Vec<String> = expect.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!(read(format, line), (outcome, expect), "{line}");
    }

    #[test]
    fn an_expression_gives_its_groups_as_fields() {
        let pattern = LinePattern::new(r"^(?<wann>\S+)\|(?<user.name>[^|]*)\|(?<code>\d+)?\|(?<text>.*)$");
        let format = LineFormat::Pattern(pattern.expect("an expression"));
        check(
            &format,
            "  12:00|alice|401|no way",
            Outcome::Parsed,
            &["wann=12:00", "user.name=alice", "code=401", "text=no way"],
        );
        check(&format, "12:00|bob||x", Outcome::Parsed, &["wann=12:00", "user.name=bob", "text=x"]);
        check(&format, "Traceback:", Outcome::Raw, &["message=Traceback:"]);
        assert_eq!(read(&format, " ").0, Outcome::Blank);
    }

    #[test]
    fn an_expression_that_reads_nothing_is_refused() {
        assert!(matches!(LinePattern::new("(a"), Err(PatternError::Syntax(_))));
        assert!(matches!(LinePattern::new("(a)"), Err(PatternError::NoGroups)));
    }

    #[test]
    fn a_forced_format_takes_nothing_else() {
        check(&LineFormat::Json, r#"{"a":1}"#, Outcome::Parsed, &["a=1"]);
        check(&LineFormat::Json, "a=1 b=2 c=3", Outcome::Raw, &["message=a=1 b=2 c=3"]);
        check(&LineFormat::Logfmt, "a=1", Outcome::Parsed, &["a=1"]);
        check(&LineFormat::Logfmt, "a=\"x y\"", Outcome::Parsed, &["a=x y"]);
        check(&LineFormat::Logfmt, "a=1 and so on", Outcome::Raw, &["message=a=1 and so on"]);
        check(&LineFormat::Plain, r#"{"user":"root"}"#, Outcome::Parsed, &[r#"message={"user":"root"}"#]);
    }
}
