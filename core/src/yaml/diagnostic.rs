//! Diagnostics as people read them: where, what, the line with a caret, and what was meant.

use std::fmt;

use super::Position;

/// Longest part of a source line that is shown; the caret's surroundings are kept.
const EXCERPT_WIDTH: usize = 120;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

/// What is wrong with a rule: `file:line:column: message`, the line with a caret, a suggestion.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub at: Position,
    /// Lower case, no full stop, the thing in backticks.
    pub message: String,
    /// ``did you mean `startswith`?``
    pub hint: Option<String>,
    /// The source line, for the caret.
    pub excerpt: Option<String>,
    /// Id, else name, else title of the rule, where known.
    pub rule: Option<String>,
}

impl Diagnostic {
    #[must_use]
    pub fn error(at: &Position, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, at, message.into())
    }

    #[must_use]
    pub fn warning(at: &Position, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, at, message.into())
    }

    fn new(severity: Severity, at: &Position, message: String) -> Self {
        Self { severity, at: at.clone(), message, hint: None, excerpt: None, rule: None }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn of_rule(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Fills in the source line from the text of the file.
    pub fn quote(&mut self, text: &str) {
        let line = lines(text).nth((self.at.line.max(1) - 1) as usize);
        self.excerpt = line.map(|line| line.trim_end().to_owned());
    }
}

/// The lines of a rule file. For YAML a lone carriage return ends one, too.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('\r'))
}

/// Several lines: `severity: message`, the place, the source line with a caret, the hint.
/// Control characters of the file are shown as `�`: a rule file must not drive the terminal.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        writeln!(f, "{word}: {}", visible(&self.message))?;
        let margin = self.at.line.to_string().len();
        write!(f, "{:margin$}--> {}", "", visible(&self.at.to_string()))?;
        if let Some(excerpt) = &self.excerpt {
            let (shown, caret) = window(excerpt, self.at.column.max(1) as usize - 1);
            write!(f, "\n{:margin$} |\n{} | {shown}\n{:margin$} | {:caret$}^", "", self.at.line, "", "")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{:margin$} = hint: {}", "", visible(hint))?;
        }
        Ok(())
    }
}

/// Cuts a long line around the caret (a character index) and returns where the caret then stands.
fn window(line: &str, caret: usize) -> (String, usize) {
    let first = caret.saturating_sub(EXCERPT_WIDTH / 2);
    let shown: String = line.chars().skip(first).take(EXCERPT_WIDTH).collect();
    (visible(&shown), caret - first)
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { if c == '\t' { ' ' } else { '\u{fffd}' } } else { c }).collect()
}

/// The candidate that `word` was probably meant to be, as a hint.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|found| format!("did you mean `{found}`?"))
}

/// The most similar candidate, if it is similar enough to be meant: at most a third of the
/// characters may differ, and at least one typo is always forgiven.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    if lower.len() > 64 {
        return None;
    }
    let length = lower.chars().count();
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64 && candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_recognised_and_strangers_are_not() {
        let words = ["startswith", "endswith", "contains", "re"];
        let check = |word, expect: Option<&str>| assert_eq!(nearest(word, words), expect, "{word}");
        check("startwith", Some("startswith"));
        check("containz", Some("contains"));
        check("CONTAINS", Some("contains"));
        check("enswdith", Some("endswith"));
        check("banana", None);
        check("rr", Some("re"));
    }

    #[test]
    fn lines_end_as_yaml_ends_them() {
        assert_eq!(lines("a\r\nb\rc\n\nd").collect::<Vec<_>>(), ["a", "b", "c", "", "d"]);
    }

    #[test]
    fn a_name_of_a_file_obeys_no_terminal() {
        let at = Position { file: "a\u{7f}\u{1b}[2J.yml".into(), line: 1, column: 1 };
        let shown = Diagnostic::error(&at, "wrong\u{9b}").to_string();
        assert!(shown.contains("a\u{fffd}\u{fffd}[2J.yml:1:1"), "{shown}");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }

    #[test]
    fn a_diagnostic_shows_place_line_caret_and_hint() {
        let at = Position { file: "a.yml".into(), line: 2, column: 5 };
        let mut diagnostic = Diagnostic::error(&at, "unknown modifier `x`").with_hint("did you mean `re`?");
        diagnostic.quote("title: t\n    a|x: 1\n");
        insta::assert_snapshot!(diagnostic, @r"
        error: unknown modifier `x`
         --> a.yml:2:5
          |
        2 |     a|x: 1
          |     ^
          = hint: did you mean `re`?
        ");
    }
}
