//! Names of events that services invent: `user.login.failed`, `LoginFailed`, `auth-failure`.
//!
//! A name is folded once (camel case split, lower case, `.`, `-`, `_`, `:`, `/` and spaces equal) and must then be
//! subject and verdict with nothing else left over. That law is what keeps `login_failed_total` and
//! `login_failed_email_sent` out. The longest phrase wins at each place: `logout` holds no `log`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fact::Fact;
use super::file::{fixed, list, texts};
use crate::event::address::is_placeholder;
use crate::event::number::to_usize;
use crate::yaml::{self, Diagnostic, Node};

/// Longest name that is read, in bytes, and most words of one.
const NAME_LIMIT: usize = 64;
const WORD_LIMIT: usize = 10;
/// Most words of a phrase.
const PHRASE_LIMIT: usize = 4;
/// Rows that fit into a set of bits.
const ROW_LIMIT: usize = 128;

/// The table of `names.yml`.
#[derive(Debug, Default)]
pub struct Names {
    rows: Vec<Row>,
    phrases: HashMap<String, Meaning>,
    /// Words of messages that pass the event on instead of telling it.
    passing: HashSet<String>,
    /// What may stand before the first sign of a name and says but whose event it is.
    spaces: HashSet<String>,
    /// Fields that hold who did something to somebody, and whom: best first.
    actors: Vec<String>,
    targets: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
struct Row {
    fact: Fact,
    reason: Option<String>,
    /// Fields with a fixed value.
    set: Arc<[(String, String)]>,
}

/// What a phrase may be, as sets of rows.
#[derive(Clone, Debug, Default)]
struct Meaning {
    subject: u128,
    verdict: u128,
    is_ignorable: bool,
    reason: Option<String>,
}

/// What a name states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub fact: Fact,
    pub reason: Option<String>,
    /// Fields with a fixed value.
    pub set: Arc<[(String, String)]>,
}

impl Names {
    /// Reads the table.
    #[must_use]
    pub fn read(file: &str, text: &str) -> Self {
        let mut names = Self::default();
        let (documents, diagnostics) = yaml::read(&file.into(), text);
        names.diagnostics = diagnostics;
        for document in &documents {
            names.take(&document.root);
        }
        names
    }

    fn take(&mut self, root: &Node) {
        for phrase in root.get("ignorable").map(texts).unwrap_or_default() {
            self.phrase(&phrase).is_ignorable = true;
        }
        self.actors.extend(root.get("actors").map(texts).unwrap_or_default());
        self.targets.extend(root.get("targets").map(texts).unwrap_or_default());
        self.passing.extend(root.get("passing").map(texts).unwrap_or_default());
        self.spaces.extend(root.get("spaces").map(texts).unwrap_or_default());
        for (reason, phrases) in root.get("reasons").map(Node::entries).unwrap_or_default() {
            for phrase in texts(phrases) {
                self.phrase(&phrase).reason = Some(reason.value.clone());
            }
        }
        for row in root.get("names").into_iter().flat_map(list) {
            self.row(row);
        }
    }

    fn row(&mut self, node: &Node) {
        let word = node.get("fact").and_then(Node::scalar_text).unwrap_or_default();
        let Some(fact) = Fact::named(&word).filter(|_| self.rows.len() < ROW_LIMIT) else {
            self.diagnostics.push(Diagnostic::error(&node.at, format!("no fact is called `{word}`")));
            return;
        };
        let bit = 1 << self.rows.len();
        let reason = node.get("reason").and_then(Node::scalar_text);
        self.rows.push(Row { fact, reason, set: fixed(node).into() });
        let phrases = |key: &str| node.get(key).map(texts).unwrap_or_default();
        for phrase in phrases("subject") {
            self.phrase(&phrase).subject |= bit;
        }
        for phrase in phrases("verdict") {
            self.phrase(&phrase).verdict |= bit;
        }
        for phrase in phrases("whole") {
            let meaning = self.phrase(&phrase);
            meaning.subject |= bit;
            meaning.verdict |= bit;
        }
    }

    fn phrase(&mut self, phrase: &str) -> &mut Meaning {
        self.phrases.entry(phrase.to_lowercase()).or_default()
    }

    /// What `name` states. `verdict` is what other fields of the line say of it: its outcome, the state of a
    /// breaker.
    #[must_use]
    pub fn find(&self, name: &str, verdict: &str) -> Option<Named> {
        if name.len() > NAME_LIMIT || is_placeholder(name) {
            return None;
        }
        // Of a class the last part of its name is the event: `\core\event\user_login_failed`.
        let name = name.rsplit('\\').next().unwrap_or(name);
        self.read_name(name, verdict).or_else(|| self.read_name(self.without_space(name)?, verdict))
    }

    /// The name behind whose event it is.
    fn without_space<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (space, rest) = name.split_once(['.', ':', '/'])?;
        self.spaces.contains(&space.to_lowercase()).then_some(rest)
    }

    fn read_name(&self, name: &str, verdict: &str) -> Option<Named> {
        let folded = fold(name);
        let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > WORD_LIMIT {
            return None;
        }
        self.decide(&words).or_else(|| {
            words.extend(verdict.split(' ').filter(|word| !word.is_empty()));
            self.decide(&words).filter(|_| !verdict.is_empty()).or_else(|| self.order_done(&words, verdict))
        })
    }

    /// An order that was carried out: `user.create` of which another field says that it succeeded.
    fn order_done(&self, words: &[&str], verdict: &str) -> Option<Named> {
        let words = words.strip_suffix(&["succeeded"]).filter(|_| verdict == "succeeded")?;
        let last = words.len().checked_sub(1)?;
        [last, 0].into_iter().find_map(|place| {
            let done = past(words.get(place)?);
            let mut words = words.to_vec();
            *words.get_mut(place)? = &done;
            self.decide(&words)
        })
    }

    /// Fields that hold who did something to somebody, and fields that hold to whom.
    #[must_use]
    pub fn parties(&self) -> (&[String], &[String]) {
        (&self.actors, &self.targets)
    }

    /// Whether a message of several words says that the event was but passed on: `webhook delivered`.
    #[must_use]
    pub fn is_passed_on(&self, message: &str) -> bool {
        let words = message.split(|c: char| !c.is_alphanumeric());
        message.contains(' ')
            && words.take(WORD_LIMIT).any(|word| self.passing.contains(&word.to_lowercase()))
    }

    fn decide(&self, words: &[&str]) -> Option<Named> {
        let (mut subject, mut verdict, mut possible) = (0, 0, u128::MAX);
        let mut reason = None;
        let mut rest = words;
        while !rest.is_empty() {
            let (meaning, length) = self.longest(rest)?;
            subject |= meaning.subject;
            verdict |= meaning.verdict;
            if !meaning.is_ignorable && meaning.reason.is_none() {
                possible &= meaning.subject | meaning.verdict;
            }
            reason = reason.or_else(|| meaning.reason.clone());
            rest = rest.get(length..)?;
        }
        let stated = subject & verdict & possible;
        let row = self.rows.get(to_usize(stated.trailing_zeros())).filter(|_| stated != 0)?;
        Some(Named {
            fact: row.fact,
            reason: reason.or_else(|| row.reason.clone()),
            set: Arc::clone(&row.set),
        })
    }

    /// The longest phrase that the words begin with, and of how many words it is.
    fn longest(&self, words: &[&str]) -> Option<(&Meaning, usize)> {
        (1..=PHRASE_LIMIT.min(words.len())).rev().find_map(|length| {
            let phrase = words.get(..length)?.join(" ");
            Some((self.phrases.get(&phrase)?, length))
        })
    }
}

/// `create` as `created`.
fn past(word: &str) -> String {
    let ending = if word.ends_with('e') { "d" } else { "ed" };
    format!("{word}{ending}")
}

/// The words of a name, once each, without the numbers at their ends: `openaiChat2` is `openai` and `chat`.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let folded = fold(name);
    let is_joint = |c: char| !c.is_alphanumeric();
    for word in folded.split(is_joint).map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit())) {
        if !word.is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// `LoginFailed` and `login.failed` as `login failed`.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 8);
    let mut before = ' ';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let next_is_small = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase()
            && (before.is_lowercase() || before.is_ascii_digit() || (before.is_uppercase() && next_is_small));
        if begins {
            folded.push(' ');
        }
        match character {
            '.' | '-' | '_' | ':' | '/' | '\\' | ' ' => folded.push(' '),
            _ => folded.extend(character.to_lowercase()),
        }
        before = character;
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
ignorable: [user, attempt, event]
reasons: {bad_password: [invalid password]}
names:
  - {fact: login_failed, subject: [login, auth, log in], verdict: [failed, failure, invalid]}
  - {fact: logout, whole: [logout]}
  - {fact: login_succeeded, subject: [login], verdict: [success]}
";

    #[test]
    fn a_name_is_subject_and_verdict_with_nothing_left_over() {
        let names = Names::read("names.yml", TABLE);
        assert_eq!(names.diagnostics, []);
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(names.find(name, "").map(|named| named.fact.name()), expect, "{name}");
        };
        for name in [
            "login_failed",
            "LoginFailed",
            "user.login.failed",
            "auth-failure",
            "failed_login_attempt",
            "userLogInFailed",
        ] {
            check(name, Some("login_failed"));
        }
        check("logout", Some("logout"));
        for name in [
            "login_failed_total",
            "login_failed_email_sent",
            "login",
            "failed",
            "table_login_failed",
            "",
            "-",
        ] {
            check(name, None);
        }
        assert_eq!(names.find("auth_failed_invalid_password", "").unwrap().reason.unwrap(), "bad_password");
    }

    #[test]
    fn the_outcome_of_the_line_is_a_verdict() {
        let names = Names::read("names.yml", TABLE);
        let find = |name, outcome| names.find(name, outcome).map(|named| named.fact.name());
        assert_eq!(find("user_login", "failure"), Some("login_failed"));
        assert_eq!(find("login", "success"), Some("login_succeeded"));
        assert_eq!(find("policy_loaded", "success"), None);
    }

    #[test]
    fn an_order_that_succeeded_is_done() {
        let table = "names: [{fact: user_created, subject: [user], verdict: [created]}, {fact: access_denied, subject: [access], verdict: [denied]}]";
        let names = Names::read("names.yml", table);
        let find = |name, outcome| names.find(name, outcome).map(|named| named.fact.name());
        for name in ["user.create", "create_user", "createUser", "USER_CREATE"] {
            assert_eq!(find(name, "succeeded"), Some("user_created"), "{name}");
        }
        assert_eq!(find("user.create", "failed"), None);
        assert_eq!(find("user.create", ""), None);
        assert_eq!(find("user.create.hint", "succeeded"), None);
        assert_eq!(find("access.deny", "succeeded"), None);
    }

    #[test]
    fn a_row_may_know_the_reason_and_what_it_is_about() {
        let table = "names: [{fact: token_rejected, reason: csrf, set: {soctop.dependency: forms}, subject: [csrf token], verdict: [missing]}]";
        let named = Names::read("names.yml", table).find("csrf_token_missing", "").unwrap();
        assert_eq!(named.reason.as_deref(), Some("csrf"));
        assert_eq!(*named.set, [("soctop.dependency".to_owned(), "forms".to_owned())]);
    }

    #[test]
    fn camel_case_is_split() {
        assert_eq!(fold("LoginFailed"), "login failed");
        assert_eq!(fold("MFAChallengeFailed"), "mfa challenge failed");
        assert_eq!(fold("user.failed_login"), "user failed login");
    }
}
