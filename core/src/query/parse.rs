//! From text to [`Expression`].
//!
//! ```text
//! or     := and ( OR and )*
//! and    := unary ( AND? unary )*            words side by side are all wanted
//! unary  := ( NOT | - | + ) unary | primary
//! primary:= ( or ) | [field:] value
//! value  := word | "phrase"[~n][*] | [a TO b] | {a TO b} | >a >=a <a <=a
//!         | IN [a b] | /regex/ | * | ( or )
//! ```
//!
//! Kinder than the library where a reading is obvious: an unquoted time or address after a field
//! may hold colons, `http://x` and `fe80::1` are words, a `/path/` matches as a path as well. What
//! other tools take for an operator (`||`, `&&`, `!`) is an error with a hint, not a word that
//! silently finds nothing.

use super::expression::{Clause, Expression, Limit, Pattern, Test};
use super::name::{self, MESSAGE, TIME};
use super::value::{TimeTest, ValueTest, has_words};
use super::{QueryError, QueryErrorKind};

/// Longest query in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of parentheses and negations.
const MAX_DEPTH: usize = 64;
/// Most conditions in a query.
const MAX_CLAUSES: usize = 4_096;

/// Parses a query. An empty text means everything.
///
/// # Errors
/// With the place in the text and a hint.
pub fn parse(text: &str) -> Result<Expression, QueryError> {
    let mut parser = Parser::of(text)?;
    if parser.rest().is_empty() {
        return Ok(Expression::All);
    }
    let expression = parser.or()?;
    parser.expect_end()?;
    Ok(expression)
}

/// Parses a query into the parts that all must hold, each with its text, so that they can be shown and taken
/// away one by one. Alternatives are one part; an empty text has none.
///
/// # Errors
/// As [`parse`].
pub fn parse_parts(text: &str) -> Result<Vec<(String, Expression)>, QueryError> {
    let mut parser = Parser::of(text)?;
    let mut parts = Vec::new();
    while !parser.rest().is_empty() {
        let start = parser.at;
        let part = parser.unary()?;
        parts.push((text.get(start..parser.at).unwrap_or_default().trim_end().to_owned(), part));
        parser.skip_space();
        if parser.at_keyword("OR") {
            return Ok(vec![(text.trim().to_owned(), parse(text)?)]);
        }
        if parser.take_keyword("AND") {
            parser.skip_space();
            parser.expect_more("AND")?;
        }
        parser.expect_no_stray()?;
    }
    Ok(parts)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    clauses: usize,
    /// The field of the group we are in: `user:(alice OR bob)`.
    field: Option<String>,
}

type Parsed<T> = Result<T, QueryError>;

impl<'t> Parser<'t> {
    /// At the first character that is no space.
    fn of(text: &'t str) -> Parsed<Self> {
        let mut parser = Self { text, at: 0, depth: 0, clauses: 0, field: None };
        if text.len() > MAX_BYTES {
            return Err(parser.error(0, QueryErrorKind::TooLarge));
        }
        parser.skip_space();
        Ok(parser)
    }

    fn expect_end(&self) -> Parsed<()> {
        debug_assert!(self.rest().is_empty() || self.peek() == Some(')'), "all else is read as a word");
        self.expect_no_stray()
    }

    fn expect_no_stray(&self) -> Parsed<()> {
        match self.peek() {
            Some(')') => Err(self.error(self.at, QueryErrorKind::StrayParenthesis)),
            _ => Ok(()),
        }
    }

    fn or(&mut self) -> Parsed<Expression> {
        let mut members = vec![self.and()?];
        while self.take_keyword("OR") {
            self.skip_space();
            self.expect_more("OR")?;
            members.push(self.and()?);
        }
        Ok(one_or(members, Expression::Or))
    }

    fn and(&mut self) -> Parsed<Expression> {
        let mut members = vec![self.unary()?];
        loop {
            self.skip_space();
            if self.take_keyword("AND") {
                self.skip_space();
                self.expect_more("AND")?;
            } else if self.rest().is_empty() || self.peek() == Some(')') || self.at_keyword("OR") {
                return Ok(one_or(members, Expression::And));
            }
            members.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Parsed<Expression> {
        self.skip_space();
        let start = self.at;
        for keyword in ["OR", "AND"] {
            if self.at_keyword(keyword) {
                return Err(self.error(start, QueryErrorKind::Operator { found: keyword.to_owned() }));
            }
        }
        let negated = self.take_keyword("NOT") || self.take_sign('-');
        if !negated && !self.take_sign('+') {
            return self.primary();
        }
        self.enter()?;
        self.skip_space();
        self.expect_more(if negated { "NOT" } else { "+" })?;
        let inner = self.unary()?;
        self.depth -= 1;
        Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn primary(&mut self) -> Parsed<Expression> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(self.error(self.at, QueryErrorKind::TooLarge));
        }
        let start = self.at;
        if self.peek() == Some('(') {
            return self.group();
        }
        for found in ["||", "&&", "!"] {
            if self.rest().starts_with(found) {
                return Err(self.error(start, QueryErrorKind::Operator { found: found.to_owned() }));
            }
        }
        let Some(field) = self.take_field() else { return self.value(start) };
        self.skip_space();
        if self.rest().is_empty() || self.peek() == Some(')') {
            return Err(self.error(self.at, QueryErrorKind::Missing { after: format!("{field}:") }));
        }
        let outer = self.field.replace(field);
        let value = if self.peek() == Some('(') { self.group() } else { self.value(start) };
        self.field = outer;
        value
    }

    fn group(&mut self) -> Parsed<Expression> {
        let open = self.at;
        self.enter()?;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(')') {
            return Err(self.error(open, QueryErrorKind::EmptyGroup));
        }
        if self.rest().is_empty() {
            return Err(self.error(open, QueryErrorKind::OpenParenthesis));
        }
        let inner = self.or()?;
        self.skip_space();
        if self.peek() != Some(')') {
            return Err(self.error(open, QueryErrorKind::OpenParenthesis));
        }
        self.at += 1;
        self.depth -= 1;
        self.skip_boost();
        Ok(inner)
    }

    /// A name before a colon, if what stands here is one.
    fn take_field(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut escaped = false;
        let mut colon = None;
        for (offset, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                ':' => {
                    colon = Some(offset);
                    break;
                }
                '"' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '*' => return None,
                c if c.is_whitespace() => return None,
                _ => {}
            }
        }
        let colon = colon?;
        let name = rest.get(..colon)?;
        let after = rest.get(colon + 1..)?;
        let is_time_or_url =
            after.starts_with([':', '/']) && after.starts_with("//") || after.starts_with(':');
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if name.is_empty() || is_time_or_url || is_number {
            return None;
        }
        self.at += colon + 1;
        Some(unescape(name))
    }

    fn value(&mut self, start: usize) -> Parsed<Expression> {
        let test = match self.peek() {
            Some('"') => self.phrase()?,
            Some('[' | '{') => self.range()?,
            Some('<' | '>') => self.comparison()?,
            Some('/') => match self.regex()? {
                Some(expression) => return Ok(expression),
                None => self.word()?,
            },
            _ if self.at_list() => return self.list(start),
            _ => self.word()?,
        };
        if self.field.is_none() && matches!(test, Test::Range { .. }) {
            return Err(self.error(start, QueryErrorKind::RangeWithoutField));
        }
        if self.field.is_none() && test == Test::Exists {
            return Ok(Expression::All);
        }
        self.clause(test, start)
    }

    /// One condition, or the reason why it could never hold.
    fn clause(&self, test: Test, at: usize) -> Parsed<Expression> {
        if let Err(kind) = check(self.field.as_deref(), &test) {
            return Err(self.error(at, kind));
        }
        Ok(Expression::Clause(Clause { field: self.field.clone(), test, at }))
    }

    fn word(&mut self) -> Parsed<Test> {
        let start = self.at;
        let mut escaped = false;
        let mut wild = false;
        let stop = self.rest().char_indices().find(|(_, c)| match c {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            '*' | '?' => {
                wild = true;
                false
            }
            '(' | ')' | '"' => true,
            c => c.is_whitespace(),
        });
        let end = stop.map_or(self.text.len(), |(offset, _)| start + offset);
        let word = self.text.get(start..end).unwrap_or_default();
        self.at = end;
        if word.is_empty() {
            let after =
                self.text.get(..start).and_then(|head| head.split_whitespace().last()).unwrap_or_default();
            return Err(self.error(start, QueryErrorKind::Missing { after: after.to_owned() }));
        }
        let word = without_boost(word);
        Ok(match word {
            "*" => Test::Exists,
            word if wild => Test::Wildcard(Pattern::parse(word)),
            word => Test::Is(unescape(word)),
        })
    }

    fn phrase(&mut self) -> Parsed<Test> {
        let start = self.at;
        let text = self.quoted()?;
        let mut slop = 0;
        if self.peek() == Some('~') {
            self.at += 1;
            slop = self.number();
        }
        let prefix = self.peek() == Some('*');
        if prefix {
            self.at += 1;
        }
        self.skip_boost();
        if self.text.get(start..).is_some_and(|it| it.starts_with("\"\"")) && self.field.is_none() {
            return Err(self.error(start, QueryErrorKind::Missing { after: "\"".to_owned() }));
        }
        Ok(Test::Phrase { text, slop, prefix })
    }

    /// A text in quotes, of which the opening one stands here.
    fn quoted(&mut self) -> Parsed<String> {
        let open = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = characters.next() {
            match c {
                '"' => {
                    self.at = open + offset + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, c)| c)),
                c => text.push(c),
            }
        }
        Err(self.error(open, QueryErrorKind::OpenQuote))
    }

    fn range(&mut self) -> Parsed<Test> {
        let open = self.at;
        let from_included = self.peek() == Some('[');
        self.at += 1;
        let from = self.range_end(open)?;
        if !self.take_keyword("TO") {
            return Err(self.error(open, QueryErrorKind::RangeForm));
        }
        let to = self.range_end(open)?;
        self.skip_space();
        let to_included = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.error(open, QueryErrorKind::OpenRange)),
        };
        self.at += 1;
        self.skip_boost();
        Ok(Test::Range { from: limit(from, from_included), to: limit(to, to_included) })
    }

    fn range_end(&mut self, open: usize) -> Parsed<String> {
        self.skip_space();
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ']' | '}')).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        if word.is_empty() {
            let kind = if rest.is_empty() { QueryErrorKind::OpenRange } else { QueryErrorKind::RangeForm };
            return Err(self.error(open, kind));
        }
        self.at += end;
        Ok(unescape(word))
    }

    fn comparison(&mut self) -> Parsed<Test> {
        let start = self.at;
        let rest = self.rest();
        let sign = if rest.get(1..).is_some_and(|rest| rest.starts_with('=')) { 2 } else { 1 };
        let operator = rest.get(..sign).unwrap_or_default();
        self.at += sign;
        self.skip_space();
        let value = match self.peek() {
            Some('"') => self.quoted()?,
            None | Some(')') => {
                return Err(self.error(start, QueryErrorKind::Missing { after: operator.to_owned() }));
            }
            Some(_) => match self.word()? {
                Test::Is(value) => value,
                _ => return Err(self.error(start, QueryErrorKind::RangeForm)),
            },
        };
        let end = limit(value, sign == 2);
        Ok(match operator.chars().next() {
            Some('>') => Test::Range { from: end, to: Limit::Open },
            _ => Test::Range { from: Limit::Open, to: end },
        })
    }

    fn at_list(&self) -> bool {
        let rest = self.rest();
        rest.strip_prefix("IN").is_some_and(|rest| rest.trim_start().starts_with('['))
    }

    fn list(&mut self, at: usize) -> Parsed<Expression> {
        let start = self.at;
        if self.field.is_none() {
            return Err(self.error(start, QueryErrorKind::ListWithoutField));
        }
        self.at += self.rest().find('[').unwrap_or_default() + 1;
        let mut values = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => return Err(self.error(start, QueryErrorKind::OpenList)),
                Some(']') => break,
                Some('"') => values.push(self.quoted()?),
                Some(_) => {
                    let rest = self.rest();
                    let end = rest.find(|c: char| c.is_whitespace() || c == ']').unwrap_or(rest.len());
                    values.push(unescape(rest.get(..end).unwrap_or_default()));
                    self.at += end;
                }
            }
        }
        self.at += 1;
        if !self.field.as_deref().is_some_and(|field| name::is_level(field) || is_time(field)) {
            return self.clause(Test::OneOf(values), at);
        }
        // Levels and times are compared one by one, not as texts.
        let members: Parsed<Vec<_>> =
            values.into_iter().map(|value| self.clause(Test::Is(value), at)).collect();
        match members? {
            members if members.is_empty() => self.clause(Test::OneOf(Vec::new()), at),
            members => Ok(one_or(members, Expression::Or)),
        }
    }

    /// `/…/`, if it ends before white space: else it is a path, and a word.
    fn regex(&mut self) -> Parsed<Option<Expression>> {
        let start = self.at;
        let Some((source, path)) = self.take_regex() else { return Ok(None) };
        let regex = self.clause(Test::Regex(source), start)?;
        if path.contains(char::is_whitespace) {
            return Ok(Some(regex));
        }
        let path = self.clause(Test::Is(path), start);
        Ok(Some(path.map_or(regex.clone(), |path| Expression::Or(vec![regex, path]))))
    }

    /// The expression between the slashes, and the same with them.
    fn take_regex(&mut self) -> Option<(String, String)> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })?;
        let after = rest.get(end.0 + 1..)?;
        if !(after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == ')' || c == '^')) {
            return None;
        }
        let source = rest.get(1..end.0)?.replace("\\/", "/");
        let path = rest.get(..=end.0)?.to_owned();
        self.at += end.0 + 1;
        self.skip_boost();
        Some((source, path))
    }

    fn skip_boost(&mut self) {
        let rest = self.rest();
        if let Some(number) = rest.strip_prefix('^') {
            let len = number.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(number.len());
            if len > 0 {
                self.at += 1 + len;
            }
        }
    }

    fn number(&mut self) -> u32 {
        let rest = self.rest();
        let len = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(self.at, QueryErrorKind::TooLarge));
        }
        Ok(())
    }

    fn expect_more(&self, after: &str) -> Parsed<()> {
        if self.rest().is_empty() || self.peek() == Some(')') {
            return Err(self.error(self.at, QueryErrorKind::Missing { after: after.to_owned() }));
        }
        Ok(())
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        let after = self.rest().trim_start().strip_prefix(keyword);
        after.is_some_and(|after| {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(')
        })
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.skip_space();
            self.at += keyword.len();
        }
        found
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let found =
            self.rest().strip_prefix(sign).is_some_and(|after| !after.starts_with(char::is_whitespace));
        let found = found && self.rest().len() > 1;
        if found {
            self.at += 1;
        }
        found
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, at: usize, kind: QueryErrorKind) -> QueryError {
        QueryError { kind, at, query: self.text.to_owned() }
    }
}

/// Why a condition could hold for no event whatever it holds.
fn check(field: Option<&str>, test: &Test) -> Result<(), QueryErrorKind> {
    if let Test::Regex(source) = test {
        ValueTest::new(test).map_err(|reason| QueryErrorKind::Regex { reason })?;
        if field.is_none_or(|field| field == MESSAGE) && source.contains(' ') {
            return Err(QueryErrorKind::RegexOverWords);
        }
    }
    match field {
        None => check_words(test),
        Some(field) if is_time(field) => {
            TimeTest::new(test).map(drop).map_err(|value| QueryErrorKind::Time { value })
        }
        Some(field) if name::is_level(field) => {
            name::levels(test).map(drop).map_err(|value| QueryErrorKind::Level { value })
        }
        Some(_) => Ok(()),
    }
}

fn is_time(field: &str) -> bool {
    name::meanings(field).any(|name| name == TIME)
}

/// What is looked for in all text is looked for by its words.
fn check_words(test: &Test) -> Result<(), QueryErrorKind> {
    let no_words = |text: &str| QueryErrorKind::NoWords { text: text.to_owned() };
    match test {
        Test::Is(text) | Test::Phrase { text, .. } if !has_words(text) => Err(no_words(text)),
        Test::Wildcard(pattern) if pattern.words().iter().all(Pattern::is_any) => Err(no_words("*")),
        _ => Ok(()),
    }
}

fn one_or(mut members: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match members.len() {
        1 => members.remove(0),
        _ => many(members),
    }
}

fn limit(value: String, included: bool) -> Limit {
    match (value.as_str(), included) {
        ("*", _) => Limit::Open,
        (_, true) => Limit::Including(value),
        (_, false) => Limit::Excluding(value),
    }
}

/// Boosts change a score that we do not have: `error^2` is `error`.
fn without_boost(word: &str) -> &str {
    match word.rsplit_once('^') {
        Some((head, boost)) if !head.is_empty() && boost.parse::<f32>().is_ok() => head,
        _ => word,
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        out.push(if c == '\\' { characters.next().unwrap_or('\\') } else { c });
    }
    out
}

#[cfg(test)]
mod tests;
