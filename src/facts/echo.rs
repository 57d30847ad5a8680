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

    /// For how much a line counts here.
    fn counts(&self, telling: &Telling, of_request: bool) -> u64 {
        let is_told = self.told.iter().any(|told| of_request || !told.echo);
        if telling.echo && is_told {
            return 0;
        }
        let before = self.told.iter().find(|told| told.entry == telling.entry).map_or(0, |told| told.times);
        before.saturating_add(telling.times).saturating_sub(self.most())
    }

    fn add(&mut self, telling: &Telling) {
        match self.told.iter_mut().find(|told| told.entry == telling.entry) {
            Some(told) => told.times = told.times.saturating_add(telling.times),
            None => {
                let entry = Arc::clone(&telling.entry);
                self.told.push(Told { entry, echo: telling.echo, times: telling.times });
            }
        }
    }
}

/// Facts of one kind tell one attempt: a connection that is given up behind a wrong password is no second one.
fn kind(fact: Fact) -> Fact {
    match fact.name() {
        "login_attempted" => Fact::named("login_failed").unwrap_or(fact),
        _ => fact,
    }
}

impl Echoes {
    /// For how many attempts a line counts, which is known by each of `whom`: by the least of them. What counts nothing
    /// because of one is not held against the others: the next line of the attempt may be the one that counts.
    pub fn count(&mut self, whom: &[Whom], telling: &Telling) -> u64 {
        let counts: Vec<u64> =
            whom.iter().map(|whom| self.attempt(whom, telling).counts(telling, whom.is_request())).collect();
        let counted = counts.iter().min().copied().unwrap_or(telling.times);
        for (whom, alone) in whom.iter().zip(counts) {
            let is_echo_of_another = telling.echo && alone == 0;
            if !is_echo_of_another && (counted > 0 || alone == 0) {
                self.attempt(whom, telling).add(telling);
            }
        }
        counted
    }

    /// The attempt that a line belongs to.
    fn attempt(&mut self, whom: &Whom, telling: &Telling) -> &mut Attempt {
        let now = telling.time;
        let is_over = |attempt: &Attempt| now.since(attempt.last).abs() > APART;
        if self.attempts.len() >= LIMIT {
            self.attempts.retain(|_, attempt| !is_over(attempt));
        }
        if self.attempts.len() >= LIMIT {
            self.attempts.clear();
        }
        let attempt = self
            .attempts
            .entry((kind(telling.fact), whom.name()))
            .or_insert_with(|| Attempt { last: now, told: Vec::new() });
        if is_over(attempt) {
            attempt.told.clear();
        }
        attempt.last = now;
        attempt
    }
}

impl Whom {
    fn is_request(&self) -> bool {
        matches!(self, Self::Request(_))
    }

    fn name(&self) -> String {
        match self {
            Self::Request(id) => format!("request {id}"),
            Self::Somebody(name) => name.clone(),
        }
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
            echoes.count(&[whom()], &Telling { fact, entry: (*entry).into(), echo: *echo, times: 1, time })
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
    fn giving_up_behind_a_wrong_password_is_no_second_attempt() {
        let mut echoes = Echoes::default();
        let mut count = |fact: &str, echo, entry: &str| {
            let fact = Fact::named(fact).unwrap();
            let time = Timestamp::from_seconds(0);
            let telling = Telling { fact, entry: entry.into(), echo, times: 1, time };
            echoes.count(&[Whom::Somebody("web1 812".into())], &telling)
        };
        assert_eq!(count("login_failed", false, "failed password"), 1);
        assert_eq!(count("login_attempted", true, "closed by user"), 0);
    }

    #[test]
    fn a_request_is_echoed_once() {
        let lines = [("answer", true, 0), ("answer", true, 0), ("event", false, 1), ("answer", true, 1)];
        assert_eq!(counts(&lines, || Whom::Request("r1".into())), [1, 0, 0, 0]);
        let constant = [("event", false, 0), ("event", false, 1), ("event", false, 2)];
        assert_eq!(counts(&constant, || Whom::Request("r1".into())), [1, 1, 1]);
    }

    /// PAM and sshd tell every attempt of one account, each from a process of its own.
    #[test]
    fn each_attempt_of_a_guesser_counts_once_although_two_lines_tell_it() {
        let mut echoes = Echoes::default();
        let fact = Fact::named("login_failed").unwrap();
        let mut counts = Vec::new();
        for process in 0..5 {
            for (entry, echo, second) in [("pam", true, 0), ("failed password", false, 2)] {
                let whom = ["203.0.113.9 alice".to_owned(), format!("web1 {process}")].map(Whom::Somebody);
                let time = Timestamp::from_seconds(3 * process + second);
                counts
                    .push(echoes.count(&whom, &Telling { fact, entry: entry.into(), echo, times: 1, time }));
            }
        }
        assert_eq!(counts, [1, 0, 0, 1, 0, 1, 0, 1, 0, 1]);
    }
}
