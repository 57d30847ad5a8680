//! When what a line states is over, by its own words: a lock "for 60 minutes", a block "until 02:40:54", a limit with
//! `retry_after: 30`, a breaker with `open_seconds: 90`.
//!
//! No product is known here, only grammar: which names of fields mean an end or a length ([`name`]), how both are written
//! ([`value`]), and how people put them into a sentence ([`text`]). A name counts when all of its words are known: of
//! `token_expires_in`, `session_timeout` and `window_minutes` one is not, and they say nothing of a lock.

mod name;
mod text;
mod value;

pub use self::value::unit;
use super::Fact;
use crate::event::stamp::Completion;
use crate::event::{DAY, End, Nanos, SECOND, Timestamp};

/// What lasts for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// An account is locked.
    Lock,
    /// An address is blocked.
    Block,
    /// Somebody is over a limit.
    Limit,
    /// A breaker is open.
    Breaker,
}

impl Lasting {
    /// What a fact is the beginning of.
    #[must_use]
    pub fn begun_by(fact: Fact) -> Option<Self> {
        match fact.name() {
            "account_locked" => Some(Self::Lock),
            "address_blocked" => Some(Self::Block),
            "rate_limited" => Some(Self::Limit),
            "breaker_opened" => Some(Self::Breaker),
            _ => None,
        }
    }

    /// Whether it may last until somebody ends it.
    fn may_last(self) -> bool {
        matches!(self, Self::Lock | Self::Block)
    }

    /// The longest that is believed. What a lock or block is said to last longer, nobody waits for.
    fn longest(self) -> Nanos {
        match self {
            Self::Lock | Self::Block => 366 * DAY,
            Self::Limit => 31 * DAY,
            Self::Breaker => DAY,
        }
    }
}

/// What is stated, when, and what completes the times in it.
#[derive(Clone, Copy)]
pub struct Begin {
    pub what: Lasting,
    pub time: Timestamp,
    pub completion: Completion,
}

impl Begin {
    /// `None` when that lies in the past, or farther off than anybody means.
    fn at(self, end: Timestamp) -> Option<End> {
        let left = end.since(self.time);
        match left {
            ..=0 => None,
            _ if left <= self.what.longest() => Some(End::At(end)),
            _ => self.never(),
        }
    }

    fn after(self, span: Nanos) -> Option<End> {
        self.at(self.time.plus(span))
    }

    fn never(self) -> Option<End> {
        self.what.may_last().then_some(End::Never)
    }

    /// A bare number where its unit is a matter of habit: seconds. Libraries that count in milliseconds give themselves
    /// away by numbers of which no second is meant.
    fn after_number(self, number: f64) -> Option<End> {
        const DAY_SECONDS: f64 = 86_400.0;
        let in_millis = match self.what {
            Lasting::Breaker => number >= 1_000.0,
            _ => number >= 100_000.0 && number % DAY_SECONDS != 0.0 && number % 1_000.0 == 0.0,
        };
        self.after(value::nanos(number, if in_millis { SECOND / 1_000 } else { SECOND })?)
    }
}

/// How surely a name means the end of what is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndRank {
    /// It names what ends, and the moment.
    End,
    /// It names what ends, and for how long.
    Span,
    /// It may be about something else.
    Likely,
}

/// The end by one field of a line, given by its dotted name.
#[must_use]
pub fn of_field(begin: Begin, name: &str, value: &str) -> Option<(EndRank, End)> {
    let meaning = name::meaning(begin.what, name)?;
    Some((meaning.rank(), meaning.end(begin, value)?))
}

/// The end by what a message says. `names`: of whom and what it speaks, which others have chosen.
#[must_use]
pub fn of_text(begin: Begin, message: &str, names: &[&str]) -> Option<End> {
    text::end(begin, message, names)
}
