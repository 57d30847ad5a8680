//! One attempt that several lines tell.
//!
//! sshd says `Invalid user`, PAM `authentication failure`, and then sshd `Failed password`: one attempt.
//! Where sshd takes keys only, the first is the only line. So within five seconds, and for one request, one process, or one
//! address and user, an attempt is told as often as the entry that tells it most: a line counts for as much
//! as it raises that number. An echo counts nothing where a line that is none has told the attempt.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::fact::Fact;
use crate::event::Timestamp;

/// Lines of one attempt are not further apart, in nanoseconds.
const APART: i64 = 5_000_000_000;
/// sudo says what became of all its questions when it gives up, PAM at the first wrong answer: whoever is asked has minutes.
const APART_IN_PROCESS: i64 = 300_000_000_000;
/// Attempts that are remembered; then those that are over are forgotten, or all.
const LIMIT: usize = 8_192;
/// Attempts that are remembered of one request, process or somebody.
const MOST_OF_ONE: usize = 256;

/// Attempts that are being told.
#[derive(Debug, Default)]
pub struct Echoes {
    attempts: HashMap<(Fact, String), VecDeque<Attempt>>,
    held: usize,
}

#[derive(Debug)]
struct Attempt {
    first: Timestamp,
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
    /// A process that serves one attempt.
    Process(String),
    Somebody(String),
}

impl Attempt {
    /// Whether a line of this time may belong to it.
    fn reaches(&self, time: Timestamp, apart: i64) -> bool {
        time.since(self.last) <= apart && self.first.since(time) <= apart
    }

    /// How often it was told by the entry that tells it most. Of a deed, other words of the same product tell another one:
    /// who grants a right and then all of them has done two things.
    fn most(&self, telling: &Telling) -> u64 {
        let is_attempt = telling.fact.name().ends_with("failed")
            || ["login_attempted", "privilege_refused"].contains(&telling.fact.name());
        let is_another = |told: &&Told| {
            !is_attempt && told.entry != telling.entry && product(&told.entry) == product(&telling.entry)
        };
        self.told.iter().filter(|told| !is_another(told)).map(|told| told.times).max().unwrap_or_default()
    }

    /// For how much a line counts here.
    fn counts(&self, telling: &Telling, of_request: bool) -> u64 {
        let is_told = self.told.iter().any(|told| of_request || !told.echo);
        if telling.echo && is_told {
            return 0;
        }
        let before = self.told.iter().find(|told| told.entry == telling.entry).map_or(0, |told| told.times);
        before.saturating_add(telling.times).saturating_sub(self.most(telling))
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

/// The file of an entry: `postgresql.yml:14`.
fn product(entry: &str) -> &str {
    entry.split(':').next().unwrap_or(entry)
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
        let counts: Vec<u64> = whom
            .iter()
            .map(|whom| self.at_attempt(whom, telling, |attempt| attempt.counts(telling, whom.is_request())))
            .collect();
        let counted = counts.iter().min().copied().unwrap_or(telling.times);
        for (whom, alone) in whom.iter().zip(counts) {
            let is_echo_of_another = telling.echo && alone == 0;
            if !is_echo_of_another && (counted > 0 || alone == 0) {
                self.at_attempt(whom, telling, |attempt| attempt.add(telling));
            }
        }
        counted
    }

    /// Does something with the attempt that a line belongs to. Files are read one after the other, so that the second
    /// teller of an attempt may come behind many later ones.
    fn at_attempt<T>(&mut self, whom: &Whom, telling: &Telling, act: impl FnOnce(&mut Attempt) -> T) -> T {
        let (now, apart) = (telling.time, whom.apart(telling.fact));
        if self.held >= LIMIT {
            self.forget(now);
        }
        let known = self.attempts.entry((kind(telling.fact), whom.name())).or_default();
        if let Some(attempt) = known.iter_mut().rev().find(|attempt| attempt.reaches(now, apart)) {
            attempt.first = attempt.first.min(now);
            attempt.last = attempt.last.max(now);
            return act(attempt);
        }
        let mut attempt = Attempt { first: now, last: now, told: Vec::new() };
        let result = act(&mut attempt);
        if known.len() < MOST_OF_ONE {
            self.held += 1;
        } else {
            known.pop_front();
        }
        known.push_back(attempt);
        result
    }

    /// Makes room: what is over by now goes, and if that is nothing, all.
    fn forget(&mut self, now: Timestamp) {
        self.attempts.retain(|_, known| {
            known.retain(|attempt| attempt.reaches(now, APART));
            !known.is_empty()
        });
        self.held = self.attempts.values().map(VecDeque::len).sum();
        if self.held >= LIMIT {
            self.attempts.clear();
            self.held = 0;
        }
    }
}

impl Whom {
    fn apart(&self, fact: Fact) -> i64 {
        match self {
            Self::Process(_) if fact.name() == "privilege_refused" => APART_IN_PROCESS,
            _ => APART,
        }
    }

    fn is_request(&self) -> bool {
        matches!(self, Self::Request(_))
    }

    fn name(&self) -> String {
        match self {
            Self::Request(id) => format!("request {id}"),
            Self::Process(name) | Self::Somebody(name) => name.clone(),
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

    /// PAM speaks at the first wrong answer, sudo after the third.
    #[test]
    fn who_is_asked_three_times_takes_a_while() {
        let mut echoes = Echoes::default();
        let mut count = |fact: &str, entry: &str, echo, times, second| {
            let (fact, time) = (Fact::named(fact).unwrap(), Timestamp::from_seconds(second));
            let telling = Telling { fact, entry: entry.into(), echo, times, time };
            echoes.count(&[Whom::Process("web1 77".into())], &telling)
        };
        assert_eq!(count("privilege_refused", "pam", true, 1, 0), 1);
        assert_eq!(count("privilege_refused", "sudo", false, 3, 90), 2);
        // A server serves the next one in the same process.
        assert_eq!(count("login_failed", "pam", true, 1, 0), 1);
        assert_eq!(count("login_failed", "login", false, 1, 90), 1);
    }

    #[test]
    fn two_deeds_in_the_words_of_one_product_are_two() {
        let mut echoes = Echoes::default();
        let mut count = |entry: &str| {
            let (fact, time) = (Fact::named("role_granted").unwrap(), Timestamp::from_seconds(0));
            let telling = Telling { fact, entry: entry.into(), echo: false, times: 1, time };
            echoes.count(&[Whom::Somebody("203.0.113.9 dba".into())], &telling)
        };
        let lines = ["postgresql.yml:22", "postgresql.yml:22", "postgresql.yml:14", "pgbouncer.yml:3"];
        assert_eq!(lines.map(&mut count), [1, 1, 1, 0]);
    }

    #[test]
    fn the_second_file_is_read_behind_the_first() {
        let times = [0_i64, 30, 60, 90];
        let lines = |entry, second: i64| times.map(|time| (entry, false, time + second));
        let whom = || Whom::Somebody("203.0.113.9 alice".into());
        let told = [lines("app", 0), lines("security", 1)].concat();
        assert_eq!(counts(&told, whom), [1, 1, 1, 1, 0, 0, 0, 0]);
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
