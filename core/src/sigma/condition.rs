//! The condition language: `selection and not 1 of filter_*`.
//!
//! One grammar serves detections, filters and the extended conditions of correlations:
//!
//! ```text
//! or    := and ("or" and)*
//! and   := not ("and" not)*
//! not   := "not" not | "(" or ")" | quantifier "of" target | name
//! quantifier := "1" | "any" | "all"        target := "them" | name with "*" anywhere
//! ```
//!
//! Words are cut at blanks and parentheses, so a name may begin with a keyword (`notes`, `order`).

use crate::event::wildcard::fits_stars;
use crate::sigma::diagnostic::did_you_mean;
use crate::sigma::rule::{Condition, Expression};

/// Longest condition.
const MAX_LENGTH: usize = 64 * 1024;
/// Deepest nesting of parentheses and `not`.
const MAX_DEPTH: usize = 64;

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionError {
    pub message: String,
    pub hint: Option<String>,
    /// The word it is about, to be found in the source line.
    pub word: Option<String>,
}

impl ConditionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, word: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn at(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }
}

/// A condition before its names are looked up.
#[derive(Clone, Debug, PartialEq)]
pub enum Syntax {
    Name(String),
    Not(Box<Syntax>),
    And(Vec<Syntax>),
    Or(Vec<Syntax>),
    Quantified { all: bool, target: String },
}

/// A condition that could be read, and what is doubtful about it.
pub struct Parsed {
    pub syntax: Syntax,
    pub warnings: Vec<ConditionError>,
}

/// # Errors
/// The first thing that is no condition.
pub fn parse(text: &str) -> Result<Parsed, ConditionError> {
    if text.len() > MAX_LENGTH {
        return Err(ConditionError::new(format!("the condition is longer than {MAX_LENGTH} bytes")));
    }
    let words = words(text);
    if let Some(word) = words.iter().find(|word| word.contains('|')) {
        return Err(ConditionError::new("aggregations (`|`) were removed from Sigma")
            .hint("count with a correlation rule (`type: event_count`) that refers to this one")
            .at(word));
    }
    let mut reader = Reader { words: &words, at: 0, depth: 0, warnings: Vec::new() };
    if reader.peek().is_none() {
        return Err(ConditionError::new("the condition is empty"));
    }
    let syntax = reader.or()?;
    match reader.peek() {
        None => Ok(Parsed { syntax, warnings: reader.warnings }),
        Some(")") => Err(ConditionError::new("`)` without `(`").at(")")),
        Some("near") => Err(ConditionError::new("`near` was removed from Sigma")
            .hint("use a correlation rule with `type: temporal`")
            .at("near")),
        Some(_) if words.iter().any(|word| ["count", "sum", "min", "max", "avg"].contains(word)) => {
            Err(ConditionError::new("aggregations were removed from Sigma")
                .hint("count with a correlation rule (`type: event_count`) that refers to this one"))
        }
        Some(word) => Err(ConditionError::new(format!("expected `and` or `or` before `{word}`"))
            .hint("a condition has search identifiers, `and`, `or`, `not`, `1 of`, `all of` and parentheses")
            .at(word)),
    }
}

fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let mut rest = chunk;
        while let Some(at) = rest.find(['(', ')']) {
            let (before, from) = rest.split_at(at);
            let (parenthesis, after) = from.split_at(1);
            words.extend([before, parenthesis].iter().filter(|word| !word.is_empty()));
            rest = after;
        }
        words.extend(Some(rest).filter(|rest| !rest.is_empty()));
    }
    words
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    depth: usize,
    warnings: Vec<ConditionError>,
}

impl<'a> Reader<'a> {
    /// The next word; keywords in capitals are taken as meant.
    fn peek(&self) -> Option<&'a str> {
        let word = *self.words.get(self.at)?;
        Some(match word {
            "AND" | "And" => "and",
            "OR" | "Or" => "or",
            "NOT" | "Not" => "not",
            _ => word,
        })
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        let written = self.words[self.at];
        if written != word {
            let message = format!("keywords are lower case: `{word}`, not `{written}`");
            self.warnings.push(ConditionError::new(message).at(written));
        }
        self.at += 1;
        Some(word)
    }

    fn takes(&mut self, word: &str) -> bool {
        let taken = self.peek() == Some(word);
        if taken {
            self.next();
        }
        taken
    }

    fn or(&mut self) -> Result<Syntax, ConditionError> {
        let mut terms = vec![self.and()?];
        while self.takes("or") {
            terms.push(self.and()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Syntax::Or(terms) })
    }

    fn and(&mut self) -> Result<Syntax, ConditionError> {
        let mut terms = vec![self.not()?];
        while self.takes("and") {
            terms.push(self.not()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Syntax::And(terms) })
    }

    fn not(&mut self) -> Result<Syntax, ConditionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConditionError::new(format!(
                "the condition is nested deeper than {MAX_DEPTH} levels"
            )));
        }
        let result = if self.takes("not") { Ok(Syntax::Not(Box::new(self.not()?))) } else { self.primary() };
        self.depth -= 1;
        result
    }

    fn primary(&mut self) -> Result<Syntax, ConditionError> {
        let Some(word) = self.next() else {
            let last = self.words.last().copied().unwrap_or_default();
            return Err(ConditionError::new(format!("the condition ends after `{last}`")).at(last));
        };
        match word {
            "(" => {
                let inner = self.or()?;
                if self.takes(")") {
                    return Ok(inner);
                }
                Err(ConditionError::new("`(` without `)`").at("("))
            }
            "and" | "or" | "of" | ")" => {
                Err(ConditionError::new(format!("expected a search identifier, found `{word}`")).at(word))
            }
            "near" if self.peek().is_some() => Err(ConditionError::new("`near` was removed from Sigma")
                .hint("use a correlation rule with `type: temporal`")
                .at("near")),
            _ if self.peek() == Some("of") => self.quantified(word),
            _ if is_name(word) => Ok(Syntax::Name(word.to_owned())),
            _ if word.contains('*') => Err(ConditionError::new(format!("`{word}` needs a quantifier"))
                .hint(format!("write `1 of {word}` or `all of {word}`"))
                .at(word)),
            _ => Err(ConditionError::new(format!("`{word}` is not a search identifier")).at(word)),
        }
    }

    fn quantified(&mut self, quantifier: &str) -> Result<Syntax, ConditionError> {
        let all = match quantifier {
            "1" | "any" => false,
            "all" => true,
            _ => {
                return Err(ConditionError::new(format!("`{quantifier} of` is not Sigma"))
                    .hint("`1 of`, `any of` and `all of` are")
                    .at(quantifier));
            }
        };
        self.next();
        match self.next() {
            Some(target) if target == "them" || target.chars().all(|c| is_name_char(c) || c == '*') => {
                Ok(Syntax::Quantified { all, target: target.to_owned() })
            }
            Some(target) => Err(ConditionError::new(format!("`{target}` is not a target of `of`"))
                .hint("`them`, or a name with `*` in it")
                .at(target)),
            None => Err(ConditionError::new("the condition ends after `of`").at("of")),
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-' || c == '.'
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_name_char)
}

/// Looks up the names of a detection's condition among its search identifiers.
///
/// # Errors
/// A name or target that stands for nothing.
pub fn resolve(syntax: &Syntax, names: &[&str]) -> Result<Condition, ConditionError> {
    let many =
        |terms: &[Syntax]| terms.iter().map(|term| resolve(term, names)).collect::<Result<Vec<_>, _>>();
    Ok(match syntax {
        Syntax::Name(name) => Condition::Identifier(position(name, names)?),
        Syntax::Not(inner) => Condition::Not(Box::new(resolve(inner, names)?)),
        Syntax::And(terms) => Condition::And(many(terms)?),
        Syntax::Or(terms) => Condition::Or(many(terms)?),
        Syntax::Quantified { all, target } => {
            let identifiers = targets(target, names);
            if identifiers.is_empty() {
                let error =
                    ConditionError::new(format!("`{target}` matches no search identifier")).at(target);
                return Err(match did_you_mean(target.trim_matches('*'), names.iter().copied()) {
                    Some(hint) => error.hint(hint),
                    None => error,
                });
            }
            Condition::Quantified { all: *all, target: target.clone(), identifiers }
        }
    })
}

fn position(name: &str, names: &[&str]) -> Result<usize, ConditionError> {
    names.iter().position(|known| *known == name).ok_or_else(|| {
        let mut error = ConditionError::new(format!("unknown search identifier `{name}`")).at(name);
        error.hint = did_you_mean(name, names.iter().copied());
        error
    })
}

/// What `them` or a glob stands for. Names with a leading `_` are hidden from both, unless the
/// glob itself begins with one.
fn targets(target: &str, names: &[&str]) -> Vec<usize> {
    let pattern = if target == "them" { "*" } else { target };
    let visible = |name: &str| pattern.starts_with('_') || !name.starts_with('_');
    names
        .iter()
        .enumerate()
        .filter(|(_, name)| visible(name) && fits_stars(pattern, name))
        .map(|(index, _)| index)
        .collect()
}

/// Reads the extended condition of a correlation as an expression over `rules`.
///
/// # Errors
/// A name that is not among the rules, or a quantifier.
pub fn resolve_rules(syntax: &Syntax, rules: &[String]) -> Result<Expression, ConditionError> {
    let many =
        |terms: &[Syntax]| terms.iter().map(|term| resolve_rules(term, rules)).collect::<Result<Vec<_>, _>>();
    Ok(match syntax {
        Syntax::Name(name) => {
            let index = rules.iter().position(|rule| rule == name).ok_or_else(|| {
                let error = ConditionError::new(format!("`{name}` is not one of the `rules`")).at(name);
                match did_you_mean(name, rules.iter().map(String::as_str)) {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            })?;
            Expression::Rule(index)
        }
        Syntax::Not(inner) => Expression::Not(Box::new(resolve_rules(inner, rules)?)),
        Syntax::And(terms) => Expression::And(many(terms)?),
        Syntax::Or(terms) => Expression::Or(many(terms)?),
        Syntax::Quantified { target, .. } => {
            return Err(ConditionError::new("`of` has no place in the condition of a correlation").at(target));
        }
    })
}

/// All names of a condition, in order, each once.
#[must_use]
pub fn names(syntax: &Syntax) -> Vec<String> {
    fn collect(syntax: &Syntax, names: &mut Vec<String>) {
        match syntax {
            Syntax::Name(name) if !names.contains(name) => names.push(name.clone()),
            Syntax::Name(_) | Syntax::Quantified { .. } => {}
            Syntax::Not(inner) => collect(inner, names),
            Syntax::And(terms) | Syntax::Or(terms) => terms.iter().for_each(|term| collect(term, names)),
        }
    }
    let mut found = Vec::new();
    collect(syntax, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["sel", "notes", "order", "x_sel_1", "x_sel_2", "_hidden"];

    fn show(condition: &Condition) -> String {
        let join = |terms: &[Condition], word: &str| {
            format!("({})", terms.iter().map(show).collect::<Vec<_>>().join(word))
        };
        match condition {
            Condition::Identifier(index) => NAMES[*index].to_owned(),
            Condition::Not(inner) => format!("!{}", show(inner)),
            Condition::And(terms) => join(terms, " & "),
            Condition::Or(terms) => join(terms, " | "),
            Condition::Quantified { all, identifiers, .. } => format!("{all}{identifiers:?}"),
        }
    }

    #[test]
    fn precedence_quantifiers_and_keyword_boundaries() {
        let check = |text, expect: &str| {
            let condition = resolve(&parse(text).unwrap().syntax, NAMES).unwrap();
            assert_eq!(show(&condition), expect, "{text}");
        };
        check("sel or notes and not order", "(sel | (notes & !order))");
        check("(sel or notes)\n and order", "((sel | notes) & order)");
        check("not not sel", "!!sel");
        check("notes and(order)", "(notes & order)");
        check("1 of them", "false[0, 1, 2, 3, 4]");
        check("all of x_*", "true[3, 4]");
        check("any of *sel*", "false[0, 3, 4]");
        check("all of x_*_1", "true[3]");
        check("1 of _*", "false[5]");
        check("1 of sel", "false[0]");
        check("sel AND NOT notes", "(sel & !notes)");
    }

    #[test]
    fn what_is_no_condition_is_said_with_a_hint() {
        let check = |text: &str, message: &str, hint: Option<&str>| {
            let error = parse(text).and_then(|parsed| resolve(&parsed.syntax, NAMES)).unwrap_err();
            assert_eq!(error.message, message, "{text}");
            if let Some(hint) = hint {
                assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint);
            }
        };
        check("", "the condition is empty", None);
        check("sell", "unknown search identifier `sell`", Some("`sel`"));
        check("sel and", "the condition ends after `and`", None);
        check("sel notes", "expected `and` or `or` before `notes`", None);
        check("(sel", "`(` without `)`", None);
        check("sel)", "`)` without `(`", None);
        check("2 of x_*", "`2 of` is not Sigma", Some("1 of"));
        check("1 of nope*", "`nope*` matches no search identifier", None);
        check("sel | count() > 5", "aggregations (`|`) were removed from Sigma", Some("event_count"));
        check("sel near notes", "`near` was removed from Sigma", Some("temporal"));
        check("x_*", "`x_*` needs a quantifier", Some("1 of x_*"));
        check(&"not ".repeat(100), "the condition is nested deeper than 64 levels", None);
        check(&"(".repeat(100_000), "the condition is longer than 65536 bytes", None);
    }

    #[test]
    fn keywords_in_capitals_are_a_warning() {
        let parsed = parse("sel AND notes").unwrap();
        assert_eq!(parsed.warnings.len(), 1);
    }
}
