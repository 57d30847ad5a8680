//! One attempt that several lines tell.
//!
//! sshd says `Invalid user`, PAM `authentication failure`, and then sshd `Failed password`: one attempt.
//! Where sshd takes keys only, the first is the only line. So within five seconds, and for one request, one process, or one
//! address and user, an attempt is told as often as the entry that tells it most: a line counts for as much
//! as it raises that number. An echo counts nothing where a line that is none has told the attempt.

use std::collections::HashMap;
use std::sync::Arc;

use super::fact::Fact;
use crate::event::Timestamp;

/// Lines of one attempt are not further apart, in nanoseconds.
const APART: i64 = 5_000_000_000;
/// Attempts that are remembered; then those that are over are forgotten, or all.
const LIMIT: usize = 4_096;

/// Attempts that are being told.
#[derive(Debug, Default)]
pub struct Echoes {
    attempts: HashMap<(Fact, String), Attempt>,
}

#[derive(Debug)]
struct Attempt {
    last: Timestamp,
    told: Vec<Told>,
}

/// How often an entry told an attempt.
#[derive(Debug)]
struct Told {
    entry: Arc<str>,
    echo: bool,
    times: u64,
}

/// A line that tells an attempt.
#[derive(Clone, Debug)]
pub struct Telling {
    pub fact: Fact,
    pub entry: Arc<str>,
    /// Another line of the same attempt tells it, too.
    pub echo: bool,
    pub times: u64,
    pub time: Timestamp,
}

/// What attempts are known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// One request is one attempt, however many lines echo it.
    Request(String),
    /// A process or somebody.
    Somebody(String),
}

impl Attempt {
    fn most(&self) -> u64 {
        self.told.iter().map(|told| told.times).max().unwrap_or_default()
    }

    fn add(&mut self, telling: &Telling, of_request: bool) -> u64 {
        let is_told = self.told.iter().any(|told| of_request || !told.echo);
        if telling.echo && is_told {
            return 0;
        }
        let before = self.most();
        match self.told.iter_mut().find(|told| told.entry == telling.entry) {
            Some(told) => told.times = told.times.saturating_add(telling.times),
            None => {
                let entry = Arc::clone(&telling.entry);
                self.told.push(Told { entry, echo: telling.echo, times: telling.times });
            }
        }
        self.most() - before
    }
}

impl Echoes {
    /// For how many attempts of `whom` a line counts.
    pub fn count(&mut self, whom: Whom, telling: &Telling) -> u64 {
        let now = telling.time;
        let is_over = |attempt: &Attempt| now.since(attempt.last).abs() > APART;
        if self.attempts.len() >= LIMIT {
            self.attempts.retain(|_, attempt| !is_over(attempt));
        }
        if self.attempts.len() >= LIMIT {
            self.attempts.clear();
        }
        let (name, of_request) = match whom {
            Whom::Request(id) => (format!("request {id}"), true),
            Whom::Somebody(name) => (name, false),
        };
        let attempt = self
            .attempts
            .entry((telling.fact, name))
            .or_insert_with(|| Attempt { last: now, told: Vec::new() });
        if is_over(attempt) {
            attempt.told.clear();
        }
        attempt.last = now;
        attempt.add(telling, of_request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, bool, i64)], whom: impl Fn() -> Whom) -> Vec<u64> {
        let mut echoes = Echoes::default();
        let fact = Fact::named("login_failed").unwrap();
        let count = |(entry, echo, second): &(&str, bool, i64)| {
            let time = Timestamp::from_seconds(*second);
            echoes.count(whom(), &Telling { fact, entry: (*entry).into(), echo: *echo, times: 1, time })
        };
        of.iter().map(count).collect()
    }

    #[test]
    fn an_attempt_is_told_as_often_as_by_the_entry_that_tells_it_most() {
        let lines = [
            ("invalid user", true, 0),
            ("pam", true, 1),
            ("failed password", false, 2),
            ("pam", true, 3),
            ("failed password", false, 4),
            ("pam", true, 11),
        ];
        let whom = || Whom::Somebody("web1 812".into());
        assert_eq!(counts(&lines, whom), [1, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn a_request_is_echoed_once() {
        let lines = [("answer", true, 0), ("answer", true, 0), ("event", false, 1), ("answer", true, 1)];
        assert_eq!(counts(&lines, || Whom::Request("r1".into())), [1, 0, 0, 0]);
        let constant = [("event", false, 0), ("event", false, 1), ("event", false, 2)];
        assert_eq!(counts(&constant, || Whom::Request("r1".into())), [1, 1, 1]);
    }
}
