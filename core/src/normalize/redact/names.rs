//! Names of fields that promise a secret.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::scan::IsSecret;
use super::words::{
    ENDS, HARMLESS, HOLDERS, KEY_MEMBER_ENDS, KEY_MEMBERS, LAST_WORDS, NAMES, NO_SECRETS, PARENTS, PARTS,
    QUERY_NAMES, SECOND_WORDS, SINGLE_PARENTS, VALUE_MEMBERS, WEAK_ENDS, WEAK_NAMES,
};
use crate::normalize::alias::fold;

/// Names that are remembered; then all are forgotten, because log content chooses them.
const MET_LIMIT: usize = 1_024;
/// No name of the lists has fewer letters.
const FEWEST_LETTERS: usize = 3;

/// Whether a field name of this dotted path promises a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let raw = parts.next().unwrap_or_default();
    let last = fold(raw);
    let parent = parts.clone().next().map(fold).unwrap_or_default();
    let holds_value =
        VALUE_MEMBERS.iter().any(|known| name.ends_with(known)) || HOLDERS.contains(&last.as_str());
    // What is said about one is none: `password.min_length`, `credentials.type`.
    let is_about = last != "hash" && is_about_a_secret(&last);
    let mut is_below = |part: &str| {
        let part = fold(part);
        PARENTS.contains(&part.as_str())
            || SINGLE_PARENTS.contains(&part.as_str()) && !is_about
            || (holds_value && is_secret_word(&part))
    };
    is_secret_word(&last)
        || ends_in_secret_word(raw)
        || NAMES.contains(&name)
        || NAMES.contains(&format!("{parent}{last}").as_str())
        || parts.any(&mut is_below)
}

/// Whether the last of the words of a name, set apart by a sign or a capital, makes it one of a secret.
pub(super) fn ends_in_secret_word(name: &str) -> bool {
    LAST_WORDS.iter().any(|last| {
        let at = name.len().saturating_sub(last.len());
        let (Some(head), Some(tail)) = (name.get(..at), name.get(at..)) else { return false };
        let capital = tail.starts_with(|first: char| first.is_ascii_uppercase())
            && head.ends_with(|before: char| before.is_ascii_lowercase());
        tail.eq_ignore_ascii_case(last) && (capital || head.ends_with(['_', '-']) && head.len() > 1)
    })
}

/// Whether a field of this dotted path holds a secret if its value looks like a key: by its own name, or below something
/// that is one (`token.access`, `secret.data.key`).
pub(super) fn is_weak_name(name: &str) -> bool {
    let raw = name.rsplit('.').next().unwrap_or_default();
    let mut parts = name.rsplit('.').map(fold);
    let last = parts.next().unwrap_or_default();
    is_variable_of_key(raw)
        || is_weak_word(&last)
        || parts.clone().next().is_some_and(|parent| is_weak_word(&(parent + &last)))
        || !is_about_a_secret(&last) && parts.any(|parent| is_secret_word(&parent))
}

/// Whether a folded word says something about a secret and does not hold it.
pub(super) fn is_about_a_secret(word: &str) -> bool {
    ends_harmlessly(word) || NO_SECRETS.contains(&word)
}

fn ends_harmlessly(word: &str) -> bool {
    HARMLESS.iter().any(|ending| word.ends_with(ending))
}

/// `ALGOLIA_ADMIN_KEY`: a variable of an environment that holds a key, if it looks like one.
pub(super) fn is_variable_of_key(name: &str) -> bool {
    let is_variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.ends_with("_KEY") && name.bytes().all(is_variable) && !name.contains("PUBLIC")
}

/// The same for one name, folded.
pub(super) fn is_weak_word(word: &str) -> bool {
    WEAK_NAMES.contains(&word) || WEAK_ENDS.iter().any(|end| word.ends_with(end))
}

/// Whether a member of this name names another member.
pub(super) fn names_another(word: &str) -> bool {
    let ends = |end: &&str| {
        word.len() >= end.len()
            && word.get(word.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    KEY_MEMBERS.iter().any(|known| known.eq_ignore_ascii_case(word)) || KEY_MEMBER_ENDS.iter().any(ends)
}

/// The same for one name, folded.
pub(super) fn is_secret_word(word: &str) -> bool {
    if NAMES.contains(&word) {
        return true;
    }
    if ends_harmlessly(word) && !word.ends_with("sessid") || word.starts_with("public") {
        return false;
    }
    PARTS.iter().any(|part| word.contains(part)) || ENDS.iter().any(|end| word.ends_with(end))
}

/// What a word before a sign may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MetName {
    /// A secret can be assigned to it, or it says of something else that it is one.
    pub takes_a_secret: bool,
    /// As the name of a member it names another member.
    pub names_another: bool,
}

/// Words that stood before a sign, and what they may be. Logs repeat their names, so each is compared with the lists
/// once; the clock in front of a colon is none.
pub(super) struct MetNames {
    known: HashMap<Box<str>, MetName, RandomState>,
    fewest_letters: usize,
}

impl MetNames {
    /// `configured` are names of secrets beside those of the lists.
    pub(super) fn new<'n>(configured: impl Iterator<Item = &'n str>) -> Self {
        let fewest = configured.map(letters).min().unwrap_or(FEWEST_LETTERS);
        Self { known: HashMap::default(), fewest_letters: fewest.min(FEWEST_LETTERS) }
    }

    /// What `word` may be.
    pub(super) fn look_up(&mut self, word: &str, is_secret: IsSecret<'_>) -> MetName {
        let number = word.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        if number && letters(word) < self.fewest_letters {
            return MetName::default();
        }
        match self.known.get(word) {
            Some(known) => *known,
            None => self.meet(word, is_secret),
        }
    }

    #[cold]
    fn meet(&mut self, word: &str, is_secret: IsSecret<'_>) -> MetName {
        let folded = fold(word);
        let takes_a_secret = folded == FORM_NAME
            || folded == ATTRIBUTE
            || folded.ends_with(SIGNATURE)
            || [&QUERY_NAMES[..], &SECOND_WORDS].iter().any(|list| list.contains(&folded.as_str()))
            || is_weak_word(&folded)
            || is_variable_of_key(word)
            || ends_in_secret_word(word)
            || is_secret(&folded);
        let names_another = names_another(word);
        if self.known.len() >= MET_LIMIT {
            self.known.clear();
        }
        let met = MetName { takes_a_secret, names_another };
        self.known.insert(word.into(), met);
        met
    }
}

/// Before the name of a part of a form.
pub(super) const FORM_NAME: &str = "name";
/// The attribute of an element that holds what another one names.
pub(super) const ATTRIBUTE: &str = "value";
/// How names of signatures end.
pub(super) const SIGNATURE: &str = "signature";

fn letters(word: &str) -> usize {
    word.bytes().filter(u8::is_ascii_alphabetic).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_lists_may_take_a_secret_and_is_remembered() {
        let mut met = MetNames::new(std::iter::empty());
        for _ in 0..2 {
            for name in NAMES.iter().chain(&ENDS).chain(&PARTS).chain(&QUERY_NAMES) {
                assert!(met.look_up(name, &is_secret_word).takes_a_secret, "{name}");
                let other = format!("2My-{}", name.to_uppercase());
                assert!(met.look_up(&other, &|_| true).takes_a_secret, "{name}");
            }
            for name in KEY_MEMBERS {
                assert!(met.look_up(&name.to_uppercase(), &is_secret_word).names_another, "{name}");
            }
            for name in ["status", "2026-08-01T12", "https", "k1"] {
                assert_eq!(met.look_up(name, &is_secret_word), MetName::default(), "{name}");
            }
        }
        let mut met = MetNames::new(["1k"].into_iter());
        assert!(met.look_up("1-K", &|name| name == "1k").takes_a_secret, "as it was configured");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut met = MetNames::new(std::iter::empty());
        for n in 0..3 * MET_LIMIT {
            met.look_up(&format!("key{n}"), &is_secret_word);
        }
        assert!(met.known.len() <= MET_LIMIT);
    }

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in [
            "password",
            "Password",
            "user.password",
            "new_password",
            "db_passwd",
            "api_key",
            "X-Api-Key",
            "apiKey",
            "Authorization",
            "http.request.headers.authorization",
            "set-cookie",
            "access_token",
            "reset_token",
            "client_secret",
            "private_key",
            "otp",
            "pin",
            "cvv",
            "password.new",
            "session",
            "AWS_SECRET_ACCESS_KEY_secret",
            "AWS_SECRET_ACCESS_KEY",
            "request_Cookie",
            "requestHeaderCookie",
            "downstream_Set-Cookie",
            "JSESSIONID",
            "PHPSESSID",
            "Proxy-Authorization",
            "spring.datasource.password",
            "headers.cookie.sid",
            "fields.token.value",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_type",
            "secret_name",
            "api_key_id",
            "public_key",
            "keyword",
            "monkey",
            "password_changed",
            "max_tokens",
            "token_count",
            "session_id",
            "auth_method",
            "passenger",
            "spin",
            "author",
            "password_policy",
            "tokens",
            "cookie_policy",
            "compass",
            "bypass",
            "authorization_error",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
