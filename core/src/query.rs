//! The query language: one grammar, one tree, one meaning for events in memory and for the index.
//!
//! ```text
//! text ── parse ──► Expression ──┬──► state::Filter     an event in memory: the live filter
//!                                └──► index::Reader     the index: search
//! ```
//!
//! The grammar is tantivy's, which is also Quickwit's: words, `field:value`, phrases, `AND`, `OR`,
//! `NOT`, ranges, wildcards. It is parsed here into an [`Expression`] of our own, because the
//! library's own conversion answers some questions with silence (`a AND NOT b`, `user:al*`), and
//! because the same tree is to become a request to a cluster. What a condition means for a value
//! stands in [`value`] and [`words`], what a name means in [`name`]; both executors ask there, and
//! a property test holds them together. `docs/query.md` is the page for users.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod error;
mod expression;
pub mod marks;
pub mod name;
mod parse;
mod time;
pub mod value;
pub mod words;

use serde::{Deserialize, Serialize};

pub use error::{QueryError, QueryErrorKind, SearchFailure};
pub use expression::{Clause, Expression, Limit, Pattern, Test};
pub use parse::{parse, parse_parts};
pub use time::{TimeError, parse_time};

use crate::alert::Alert;
use crate::event::{Nanos, Record, Timestamp};
use crate::sigma::diagnostic::nearest;

/// One question to the index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// In the query language; empty means everything.
    pub query: String,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub limit: usize,
    /// Oldest first instead of newest first.
    pub ascending: bool,
}

/// The answer, newest (or oldest) first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchResponse {
    pub records: Vec<Record>,
    /// Matching events in all, of which `records` are the first `limit`.
    pub total: u64,
    /// Events in the index, matching or not, of any time.
    pub indexed: u64,
    /// Everything read before this arrival time is in the answer.
    pub complete_to: Option<Timestamp>,
    pub elapsed_micros: u64,
}

/// How the events that match lie in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverTime {
    /// Start of each interval, oldest first, and the events in it.
    pub buckets: Vec<(Timestamp, u64)>,
    /// Width of an interval, a whole number of seconds.
    pub width: Nanos,
}

/// The most frequent values of a field among the events that match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrequentValues {
    pub field: String,
    /// A value and how many events have it, the most frequent first.
    pub values: Vec<(String, u64)>,
    /// How many different values there are, listed or not.
    pub distinct: u64,
}

/// Everything that carries one correlation id, in time order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    pub id: String,
    pub records: Vec<Record>,
    pub alerts: Vec<Alert>,
    /// More events carry the id than are listed.
    pub omitted: u64,
    /// Why the id is no trustworthy key, if so (constant, used by many clients, too long a time).
    pub doubt: Option<String>,
}

/// The first condition on a field that nothing has, as an error that suggests another name.
///
/// `names` are the fields that events have beside those every event may have.
#[must_use]
pub fn unknown_field(
    expression: &Expression,
    query: &str,
    mut is_known: impl FnMut(&str) -> bool,
    names: impl Fn() -> Vec<String>,
) -> Option<QueryError> {
    let mut unknown: Option<(&str, usize)> = None;
    expression.each_clause(&mut |clause| {
        let Some(field) = clause.field.as_deref() else { return };
        if unknown.is_none() && !name::is_built_in(field) && !is_known(field) {
            unknown = Some((field, clause.at));
        }
    });
    let (field, at) = unknown?;
    let names: Vec<String> = names();
    let built_in = name::built_in().map(|name| -> &str { name });
    let candidates = built_in.chain(names.iter().map(String::as_str));
    let meant = nearest(field, candidates).map(str::to_owned);
    let kind = QueryErrorKind::UnknownField { name: field.to_owned(), meant };
    Some(QueryError { kind, at, query: query.to_owned() })
}

/// The kinds of records beside events that a query asks for; what it only excludes it does not ask for.
#[must_use]
pub fn kinds_asked_for(expression: &Expression) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    add_kinds(expression, true, &mut kinds);
    kinds
}

fn add_kinds(expression: &Expression, is_asked: bool, kinds: &mut Vec<&'static str>) {
    match expression {
        Expression::And(members) | Expression::Or(members) => {
            members.iter().for_each(|member| add_kinds(member, is_asked, kinds));
        }
        Expression::Not(inner) => add_kinds(inner, !is_asked, kinds),
        Expression::Clause(clause) if is_asked && clause.field.as_deref() == Some(name::KIND) => {
            kinds.extend(kinds_that_pass(&clause.test));
        }
        Expression::Clause(_) | Expression::All => {}
    }
}

/// The kinds of records beside events that pass a test of the kind.
pub fn kinds_that_pass(test: &Test) -> impl Iterator<Item = &'static str> {
    let test = value::ValueTest::new(test).ok();
    name::KINDS.into_iter().filter(move |kind| test.as_ref().is_some_and(|test| test.holds(kind)))
}

/// The names that a query looks at, each followed by what it is short for.
#[must_use]
pub fn looked_at(expression: &Expression) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    expression.each_clause(&mut |clause| {
        let name = match clause.field.as_deref() {
            None => "all text".to_owned(),
            Some(field) => match name::long_name(field) {
                Some(long) => format!("{field} = {long}"),
                None => field.to_owned(),
            },
        };
        if !names.contains(&name) {
            names.push(name);
        }
    });
    names
}
