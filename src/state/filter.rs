//! The filter of the live list: a small part of the search language, decided on one record.
//!
//! ```text
//! expression  = conjunct (`OR` conjunct)*
//! conjunct    = unary (`AND`? unary)*
//! unary       = (`-` | `+` | `NOT`)? ( `(` expression `)` | term )
//! term        = word | `"` text `"` | field `:` value | field `:` (`>` | `>=` | `<` | `<=`) number
//! ```
//!
//! A bare word is looked for anywhere in the line. The value of a field must match as a whole; `*`
//! stands for any text. Letter case never matters. `level:>=warn` compares log levels. Short names
//! (`user`, `ip`, `status`, ...) stand for the canonical ones unless the line itself uses them.

use crate::event::{LogLevel, Record};

/// A parsed filter; the default one accepts everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    chips: Vec<Chip>,
}

/// One part of a filter that can be shown and removed by itself; all parts must hold.
#[derive(Clone, Debug, PartialEq)]
struct Chip {
    text: String,
    expression: Expression,
}

/// Where a filter stops making sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at column {column}")]
pub struct FilterError {
    /// In characters, from 1.
    pub column: usize,
    pub expected: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// Lower-case text anywhere in the line.
    Text(String),
    Field {
        names: Vec<String>,
        test: Test,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// Lower-case text.
    Exact(String),
    /// Lower-case pattern, `*` stands for any text.
    Pattern(String),
    Number(Order, f64),
    Level(Order, LogLevel),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// Short names and what they stand for.
const SHORT_NAMES: [(&str, &str); 12] = [
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
];

/// Expressions nest at most this deep; the filter is typed by a person.
const DEEPEST: usize = 32;

impl Filter {
    /// Reads a filter; empty text accepts everything.
    ///
    /// # Errors
    /// Where the grammar is left: the column and what was expected there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
        parser.filter(text)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chips.is_empty()
    }

    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.chips.iter().all(|chip| chip.expression.holds(record))
    }

    /// The texts of the parts, in order.
    pub fn chips(&self) -> impl Iterator<Item = &str> {
        self.chips.iter().map(|chip| chip.text.as_str())
    }

    /// The filter as it can be typed.
    #[must_use]
    pub fn text(&self) -> String {
        self.chips().collect::<Vec<_>>().join(" ")
    }

    /// Removes the last part.
    pub fn pop(&mut self) {
        self.chips.pop();
    }

    /// Adds `field:"value"` as a part, or its opposite; an equal part is not repeated, and its
    /// opposite is removed.
    pub fn push_field(&mut self, field: &str, value: &str, wanted: bool) {
        let plain = format!("{field}:{}", quoted(value));
        let negated = format!("-{plain}");
        let (text, opposite) = if wanted { (plain, negated) } else { (negated, plain) };
        self.chips.retain(|chip| chip.text != text && chip.text != opposite);
        if let Ok(mut parsed) = Self::parse(&text) {
            self.chips.append(&mut parsed.chips);
        }
    }
}

/// The value as it can be typed behind `field:`.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '@' | '-');
    let is_plain = !value.is_empty() && value.chars().all(plain) && !value.starts_with('-');
    match is_plain {
        true => value.to_owned(),
        false => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Minus,
    Plus,
    And,
    Or,
    Not,
    /// A word without a colon.
    Text(String),
    /// Text between quotes, where no character has a meaning of its own.
    Quoted(String),
    /// `field:`, and whether a value follows at once.
    Field(String),
}

/// A token, its column and the byte range it takes.
#[derive(Clone, Debug)]
struct Placed {
    token: Token,
    column: usize,
    start: usize,
    end: usize,
}

fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let mut tokens = Vec::new();
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let offset = |at: usize| chars.get(at).map_or(text.len(), |(offset, _)| *offset);
    let mut at = 0;
    while let Some((_, c)) = chars.get(at) {
        let start = at;
        let token = match c {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '-' => Token::Minus,
            '+' => Token::Plus,
            '"' => Token::Quoted(quoted_text(&chars, &mut at)?),
            _ => word(&chars, &mut at),
        };
        if at == start {
            at += 1;
        }
        tokens.push(Placed { token, column: start + 1, start: offset(start), end: offset(at) });
    }
    Ok(tokens)
}

/// Reads `"…"` with `\"` and `\\`; leaves `at` behind the closing quote.
fn quoted_text(chars: &[(usize, char)], at: &mut usize) -> Result<String, FilterError> {
    let mut text = String::new();
    *at += 1;
    loop {
        match chars.get(*at).map(|(_, c)| *c) {
            Some('"') => break,
            Some('\\') => {
                *at += 1;
                text.extend(chars.get(*at).map(|(_, c)| *c));
            }
            Some(c) => text.push(c),
            None => return Err(FilterError { column: chars.len() + 1, expected: "a closing quote" }),
        }
        *at += 1;
    }
    *at += 1;
    Ok(text)
}

/// Reads up to a blank or parenthesis, or up to and with the first colon.
fn word(chars: &[(usize, char)], at: &mut usize) -> Token {
    let mut text = String::new();
    while let Some((_, c)) = chars.get(*at) {
        if c.is_whitespace() || matches!(c, '(' | ')' | '"') {
            break;
        }
        *at += 1;
        if *c == ':' && is_field_name(&text) {
            return Token::Field(text);
        }
        text.push(*c);
    }
    match text.as_str() {
        "AND" => Token::And,
        "OR" => Token::Or,
        "NOT" => Token::Not,
        _ => Token::Text(text),
    }
}

fn is_field_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@')) && text.chars().all(is_part)
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser {
    /// The top level: parts that all must hold become chips, unless an `OR` joins them.
    fn filter(&mut self, text: &str) -> Result<Filter, FilterError> {
        let mut chips = Vec::new();
        while self.peek().is_some() {
            let start = self.start();
            let expression = self.unary()?;
            chips.push(Chip { text: text.get(start..self.end()).unwrap_or_default().to_owned(), expression });
            match self.peek() {
                Some(Token::And) => self.after_operator()?,
                Some(Token::Or) => return self.disjunction(text),
                Some(Token::Close) => return Err(self.expected("a filter")),
                _ => {}
            }
        }
        Ok(Filter { chips })
    }

    fn disjunction(&mut self, text: &str) -> Result<Filter, FilterError> {
        self.next = 0;
        let expression = self.expression()?;
        if self.peek().is_some() {
            return Err(self.expected("a filter"));
        }
        Ok(Filter { chips: vec![Chip { text: text.trim().to_owned(), expression }] })
    }

    fn expression(&mut self) -> Result<Expression, FilterError> {
        let mut any = vec![self.conjunction()?];
        while self.peek() == Some(&Token::Or) {
            self.after_operator()?;
            any.push(self.conjunction()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expression::Any(any) })
    }

    fn conjunction(&mut self) -> Result<Expression, FilterError> {
        let mut all = vec![self.unary()?];
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => break,
                Some(Token::And) => self.after_operator()?,
                _ => {}
            }
            all.push(self.unary()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::All(all) })
    }

    fn unary(&mut self) -> Result<Expression, FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected("fewer levels"));
        }
        let expression = match self.take() {
            Some(Token::Minus | Token::Not) => Ok(Expression::Not(Box::new(self.unary()?))),
            Some(Token::Plus) => self.unary(),
            Some(Token::Open) => self.parenthesised(),
            Some(Token::Text(text) | Token::Quoted(text)) => Ok(Expression::Text(text.to_lowercase())),
            Some(Token::Field(name)) => self.field(&name),
            _ => {
                self.next = self.next.saturating_sub(1);
                Err(self.expected("a word or `field:value`"))
            }
        };
        self.depth -= 1;
        expression
    }

    fn parenthesised(&mut self) -> Result<Expression, FilterError> {
        let expression = self.expression()?;
        match self.peek() {
            Some(Token::Close) => {
                self.next += 1;
                Ok(expression)
            }
            _ => Err(self.expected("a closing parenthesis")),
        }
    }

    /// `field:value` or `field:(value OR value)`.
    fn field(&mut self, name: &str) -> Result<Expression, FilterError> {
        let behind = self.end();
        let adjacent = self.tokens.get(self.next).is_some_and(|placed| placed.start == behind);
        match self.peek().filter(|_| adjacent).cloned() {
            Some(Token::Text(value)) => {
                let column = self.column();
                self.next += 1;
                comparison(name, &value, column)
            }
            Some(Token::Quoted(value)) => {
                self.next += 1;
                Ok(field(name, Test::Exact(value.to_lowercase())))
            }
            Some(Token::Minus) => self.negative_number(name),
            Some(Token::Open) => {
                self.next += 1;
                self.values(name)
            }
            _ => Err(FilterError { column: self.column_behind(), expected: "a value" }),
        }
    }

    /// A value that begins with a minus sign, which is a token of its own.
    fn negative_number(&mut self, name: &str) -> Result<Expression, FilterError> {
        self.next += 1;
        let column = self.column();
        match self.take() {
            Some(Token::Text(value)) => comparison(name, &format!("-{value}"), column),
            _ => Err(FilterError { column, expected: "a value" }),
        }
    }

    fn values(&mut self, name: &str) -> Result<Expression, FilterError> {
        let mut any = Vec::new();
        loop {
            let column = self.column();
            match self.take() {
                Some(Token::Text(value)) => any.push(comparison(name, &value, column)?),
                Some(Token::Quoted(value)) => any.push(field(name, Test::Exact(value.to_lowercase()))),
                Some(Token::Or) if !any.is_empty() => {}
                Some(Token::Close) if !any.is_empty() => return Ok(Expression::Any(any)),
                _ => return Err(FilterError { column, expected: "values and a closing parenthesis" }),
            }
        }
    }

    fn after_operator(&mut self) -> Result<(), FilterError> {
        self.next += 1;
        match self.peek() {
            None | Some(Token::Close | Token::And | Token::Or) => {
                Err(self.expected("a word or `field:value`"))
            }
            _ => Ok(()),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn start(&self) -> usize {
        self.tokens.get(self.next).map_or(0, |placed| placed.start)
    }

    /// Where the last taken token ends.
    fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |placed| placed.end)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.next).map_or_else(|| self.column_behind(), |placed| placed.column)
    }

    /// The column behind the last taken token.
    fn column_behind(&self) -> usize {
        let last = self.next.min(self.tokens.len()).checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(1, |placed| {
            placed.column
                + match &placed.token {
                    Token::Field(name) => name.chars().count() + 1,
                    _ => placed.end - placed.start,
                }
        })
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        FilterError { column: self.column(), expected }
    }
}

fn comparison(name: &str, value: &str, column: usize) -> Result<Expression, FilterError> {
    let (order, operand) =
        [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)]
            .into_iter()
            .find_map(|(sign, order)| Some((order, value.strip_prefix(sign)?)))
            .unwrap_or((Order::Equal, value));
    let test = match level(name, operand) {
        Some(level) => Test::Level(order, level),
        None if order == Order::Equal => Test::Pattern(value.to_lowercase()),
        None => {
            let number = operand.parse().map_err(|_| FilterError { column, expected: "a number" })?;
            Test::Number(order, number)
        }
    };
    Ok(field(name, test))
}

fn field(name: &str, test: Test) -> Expression {
    let long = SHORT_NAMES.iter().find(|(short, _)| *short == name).map(|(_, long)| *long);
    let names = std::iter::once(name).chain(long).map(str::to_owned).collect();
    Expression::Field { names, test }
}

/// The log level that `value` names, if the field is one for levels.
fn level(name: &str, value: &str) -> Option<LogLevel> {
    if !matches!(name, "level" | "log.level" | "sev") {
        return None;
    }
    let word = match value.to_lowercase().as_str() {
        "crit" => "critical",
        "err" => "error",
        _ => return Some(LogLevel::parse(&value.to_lowercase())).filter(|l| *l != LogLevel::Unknown),
    };
    Some(LogLevel::parse(word))
}

impl Expression {
    fn holds(&self, record: &Record) -> bool {
        match self {
            Expression::All(all) => all.iter().all(|expression| expression.holds(record)),
            Expression::Any(any) => any.iter().any(|expression| expression.holds(record)),
            Expression::Not(expression) => !expression.holds(record),
            Expression::Text(text) => {
                let places = [&record.raw, &record.message, &record.service];
                places.into_iter().any(|place| contains(place, text))
            }
            Expression::Field { test: Test::Level(order, level), .. } => order.holds(record.level.cmp(level)),
            Expression::Field { names, test } => values(record, names).any(|value| test.holds(value)),
        }
    }
}

/// All values that a record has under one of the names.
fn values<'a>(record: &'a Record, names: &'a [String]) -> impl Iterator<Item = &'a str> {
    let named = names.iter().flat_map(|name| {
        record.fields.iter().filter(move |field| *field.name == **name).map(|field| field.value.as_str())
    });
    let own = names.iter().filter_map(|name| match name.as_str() {
        "service" => Some(record.service.as_str()),
        "source" => Some(&*record.source),
        "message" => Some(record.message.as_str()),
        "raw" => Some(record.raw.as_str()),
        "level" => Some(record.level.word()),
        _ => None,
    });
    let wants_id = names.iter().any(|name| matches!(name.as_str(), "id" | "corr" | "trace"));
    let ids = record.correlation_ids.iter().filter(move |_| wants_id).map(String::as_str);
    named.chain(own).chain(ids)
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Test::Exact(text) => value.to_lowercase() == *text,
            Test::Pattern(pattern) => matches_pattern(value, pattern),
            Test::Number(order, operand) => {
                value.parse::<f64>().ok().and_then(|n| n.partial_cmp(operand)).is_some_and(|o| order.holds(o))
            }
            Test::Level(..) => false,
        }
    }
}

impl Order {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Order::Less => ordering.is_lt(),
            Order::AtMost => ordering.is_le(),
            Order::Equal => ordering.is_eq(),
            Order::AtLeast => ordering.is_ge(),
            Order::More => ordering.is_gt(),
        }
    }
}

/// `needle` is lower case.
fn contains(text: &str, needle: &str) -> bool {
    if !needle.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let Some(first) = needle.first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).any(|at| {
        text.get(at..at + needle.len()).is_some_and(|candidate| candidate.eq_ignore_ascii_case(needle))
    })
}

/// Matches the whole value; `pattern` is lower case, and its `*` stand for any text. Linear in the
/// value for every star, with no way to make it slower.
fn matches_pattern(value: &str, pattern: &str) -> bool {
    if !pattern.contains('*') && value.is_ascii() {
        return value.eq_ignore_ascii_case(pattern);
    }
    let value = value.to_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = value.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{EventId, Format, Outcome, RecordField, TimeQuality, Timestamp};

    fn record() -> Record {
        let field = |name: &str, value: &str| RecordField {
            name: name.into(),
            value: value.to_owned(),
            is_string: true,
            derived: false,
            joined: false,
        };
        Record {
            event_id: EventId(1),
            seq: 1,
            time: Timestamp(0),
            time_quality: TimeQuality::Exact,
            ingested: Timestamp(0),
            source: "/var/log/auth.log".into(),
            line: 1,
            outcome: Outcome::Parsed,
            flags: Default::default(),
            format: Format::Json,
            level: LogLevel::Warn,
            service: "auth".to_owned(),
            message: "Login FAILED for Ärger".to_owned(),
            correlation_ids: vec!["abc-1".to_owned(), "def-2".to_owned()],
            fields: vec![
                field("user.name", "alice"),
                field("http.response.status_code", "401"),
                field("source.ip", "10.0.0.7"),
                field("tag", "one"),
                field("tag", "two"),
            ],
            raw: r#"{"msg":"Login FAILED","user":"alice"}"#.to_owned(),
        }
    }

    #[test]
    fn filters_decide_on_records() {
        for (text, expect) in [
            ("", true),
            ("failed", true),
            ("\"login failed\"", true),
            ("ärger", true),
            ("absent", false),
            ("-absent", true),
            ("NOT failed", false),
            ("+failed alice", true),
            ("failed absent", false),
            ("failed AND alice", true),
            ("absent OR alice", true),
            ("absent OR missing", false),
            ("(absent OR alice) failed", true),
            ("-(absent OR alice)", false),
            ("user:alice", true),
            ("user.name:ALICE", true),
            ("user:ali", false),
            ("user:ali*", true),
            ("user:*ice", true),
            ("user:a*c*", true),
            ("user:a*x*", false),
            ("user:*", true),
            ("missing:*", false),
            ("tag:two", true),
            ("tag:(three OR two)", true),
            ("tag:(three four)", false),
            ("status:401", true),
            ("status:>=400", true),
            ("status:<400", false),
            ("status:>401", false),
            ("status:<=401", true),
            ("status:>-1", true),
            ("level:warn", true),
            ("level:warning", true),
            ("level:>=warn", true),
            ("level:>warn", false),
            ("level:<err", true),
            ("service:auth", true),
            ("source:*auth.log", true),
            ("corr:def-2", true),
            ("id:nothing", false),
            ("-user:bob -user:eve", true),
            ("ip:10.0.0.7", true),
            ("10.0.0.7:443", false),
        ] {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.matches(&record()), expect, "{text}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, expect) in [
            ("user:", "expected a value at column 6"),
            ("user: alice", "expected a value at column 6"),
            ("a status:>=x", "expected a number at column 10"),
            ("(a OR b", "expected a closing parenthesis at column 8"),
            ("a OR", "expected a word or `field:value` at column 5"),
            ("\"open", "expected a closing quote at column 6"),
            ("a)", "expected a filter at column 2"),
            ("-", "expected a word or `field:value` at column 2"),
            ("user:(a", "expected values and a closing parenthesis at column 8"),
            ("AND a", "expected a word or `field:value` at column 1"),
        ] {
            let error = Filter::parse(text).expect_err(text);
            assert_eq!(error.to_string(), expect, "{text}");
        }
        assert!(Filter::parse(&"(".repeat(100_000)).is_err());
        assert!(Filter::parse(&"-".repeat(100_000)).is_err());
    }

    #[test]
    fn parts_are_chips_that_can_be_added_and_removed() {
        let mut filter = Filter::parse("level:>=warn  service:(auth OR pay) -\"a b\"").expect("parses");
        assert_eq!(filter.chips().collect::<Vec<_>>(), ["level:>=warn", "service:(auth OR pay)", "-\"a b\""]);
        filter.pop();
        filter.push_field("user.name", "o\"brien x", true);
        assert_eq!(filter.text(), r#"level:>=warn service:(auth OR pay) user.name:"o\"brien x""#);
        filter.push_field("user.name", "o\"brien x", false);
        assert_eq!(filter.chips().count(), 3);
        assert_eq!(filter.chips().last(), Some(r#"-user.name:"o\"brien x""#));
        assert_eq!(Filter::parse(&filter.text()), Ok(filter));
        assert_eq!(Filter::parse("a OR b").expect("parses").chips().collect::<Vec<_>>(), ["a OR b"]);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_panic(text in ".{0,60}") {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!(error.column >= 1);
            }
        }

        #[test]
        fn any_value_can_be_filtered_in_and_out(value in ".{0,30}") {
            let mut hit = record();
            hit.fields[0].value.clone_from(&value);
            let mut filter = Filter::default();
            filter.push_field("user.name", &value, true);
            prop_assert!(filter.matches(&hit), "{:?}", filter.text());
            filter.push_field("user.name", &value, false);
            prop_assert!(!filter.matches(&hit), "{:?}", filter.text());
        }
    }
}
