//! Search: what may be asked of the index, as data, and the language people ask in.
//!
//! The grammar is tantivy's, which is also Quickwit's: words, `field:value`, phrases, `AND`, `OR`,
//! `NOT`, ranges, wildcards. It is parsed here into an [`Expression`] of our own, because the
//! library's own conversion answers some questions with silence (`a AND NOT b`, `user:al*`), and
//! because the same tree is to become a request to a cluster.

mod error;
mod expression;
mod parse;
mod time;

use serde::{Deserialize, Serialize};

pub use error::{QueryError, QueryErrorKind};
pub use expression::{Clause, Expression, Limit, Pattern, Test};
pub use parse::{looks_like_id, parse};
pub use time::{TimeError, parse_time};

use crate::alert::Alert;
use crate::event::{Record, Timestamp};

/// One question to the index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// tantivy's grammar over canonical and original field names; empty means everything.
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
    /// Everything read before this arrival time is in the answer.
    pub complete_to: Option<Timestamp>,
    pub elapsed_micros: u64,
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
