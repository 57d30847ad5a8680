//! Why a text is no query, where, and what to write instead.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An error in a query, with the place in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    pub kind: QueryErrorKind,
    /// Byte offset in `query`.
    pub at: usize,
    pub query: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryErrorKind {
    #[error("the quote is not closed")]
    OpenQuote,
    #[error("the parenthesis is not closed")]
    OpenParenthesis,
    #[error("this `)` closes nothing")]
    StrayParenthesis,
    #[error("the range is not closed")]
    OpenRange,
    #[error("a range has the form `[from TO to]`")]
    RangeForm,
    #[error("the list is not closed")]
    OpenList,
    #[error("a list without a field")]
    ListWithoutField,
    #[error("nothing follows `{after}`")]
    Missing { after: String },
    #[error("`{found}` is not an operator")]
    Operator { found: String },
    #[error("the parentheses are empty")]
    EmptyGroup,
    #[error("the regular expression is not valid: {reason}")]
    Regex { reason: String },
    #[error("a range or a comparison needs a field")]
    RangeWithoutField,
    #[error("`{value}` is not a time")]
    Time { value: String },
    #[error("`{value}` is not a log level")]
    Level { value: String },
    #[error("`{text}` has neither letters nor digits to look for")]
    NoWords { text: String },
    #[error("a regular expression without a field is matched against single words, which contain no spaces")]
    RegexOverWords,
    #[error("no field {name}{}", meant.as_ref().map(|meant| format!("; did you mean {meant}?")).unwrap_or_default())]
    UnknownField { name: String, meant: Option<String> },
    #[error("the query is too deep or too long")]
    TooLarge,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (column {})", self.kind, self.column())
    }
}

impl std::error::Error for QueryError {}

impl QueryError {
    /// Number of the character where the error stands, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.query.char_indices().take_while(|(at, _)| *at < self.at).count() + 1
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.kind {
            QueryErrorKind::OpenQuote => "close it, or write `\\\"` for a quote that belongs to the text",
            QueryErrorKind::OpenParenthesis | QueryErrorKind::StrayParenthesis => {
                "put text that holds parentheses in quotes"
            }
            QueryErrorKind::OpenRange | QueryErrorKind::RangeForm => {
                "write `field:[1 TO 5]`, `field:{1 TO 5}` without the ends, or `field:>=1`"
            }
            QueryErrorKind::OpenList | QueryErrorKind::ListWithoutField => "write `field: IN [one two]`",
            QueryErrorKind::Missing { .. } => {
                "quote a value that is empty or begins with an operator: `field:\"\"`"
            }
            QueryErrorKind::Operator { found } => match found.as_str() {
                "||" => "write `OR`",
                "&&" => "write `AND`",
                _ => "write `NOT` or `-`",
            },
            QueryErrorKind::EmptyGroup => "remove them, or quote them",
            QueryErrorKind::Regex { .. } => "put a path in quotes: `url.path:\"/api/\"`",
            QueryErrorKind::RangeWithoutField => "write `field:>5`, or quote the text",
            QueryErrorKind::Time { .. } => "write a time as `2026-03-01T09:30:00Z`, or use `--since 2h`",
            QueryErrorKind::Level { .. } => {
                "the levels are trace, debug, info, notice, warn, error, critical"
            }
            QueryErrorKind::NoWords { .. } => "name the field that holds it: `field:\"--\"`",
            QueryErrorKind::RegexOverWords => {
                "write a phrase, `\"timed out\"`, or name a field: `url.path:/a b/`"
            }
            QueryErrorKind::UnknownField { .. } => {
                "a field is named as the log names it (`soctop search '*' --limit 1 --format ndjson`) or by a canonical name"
            }
            QueryErrorKind::TooLarge => return None,
        };
        Some(hint.to_owned())
    }
}

/// Why a question was not answered, as data that can cross to the dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchFailure {
    pub message: String,
    /// Number of the character of the query where the error stands, from 1.
    pub column: Option<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<&QueryError> for SearchFailure {
    fn from(error: &QueryError) -> Self {
        Self { message: error.kind.to_string(), column: Some(error.column()), hint: error.hint() }
    }
}
