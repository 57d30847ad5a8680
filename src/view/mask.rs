//! Names that nobody who looks at a shared screen is to read: users and addresses get pseudonyms, the same one for the
//! same name as long as the dashboard runs.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use crate::event::Record;
use crate::state::Snapshot;

/// Fields that name somebody.
const NAMED: [&str; 3] = ["user.name", "user.id", "user.email"];
/// Names that are remembered; log content decides how many there would be.
const MOST_NAMES: usize = 50_000;
/// What is shorter is as likely a word as a name.
const SHORTEST: usize = 3;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    names: HashSet<String>,
    key: RandomState,
}

impl Mask {
    /// Knows everybody who is named now.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut mask = Self::default();
        snapshot.rows.iter().for_each(|row| mask.learn(row));
        mask.learn_all(snapshot);
        mask
    }

    /// Takes note of who a record names.
    pub fn learn(&mut self, record: &Record) {
        for value in NAMED.iter().filter_map(|field| record.get(field)) {
            self.name(value);
        }
    }

    /// Takes note of whom incidents, boards and scores are about.
    pub fn learn_all(&mut self, snapshot: &Snapshot) {
        let groups = snapshot.incidents.iter().map(|it| &*it.alert.group);
        let groups = groups.chain(snapshot.boards.iter().map(|it| &it.transition.group));
        for (_, value) in groups.flatten().filter(|(field, _)| field.starts_with("user.")) {
            self.name(value);
        }
        let users = snapshot.entities.iter().filter(|it| it.field.starts_with("user."));
        users.for_each(|it| self.name(&it.value));
    }

    fn name(&mut self, value: &str) {
        if value.len() >= SHORTEST && self.names.len() < MOST_NAMES && !self.names.contains(value) {
            self.names.insert(value.to_owned());
        }
    }

    /// The text with pseudonyms in it.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_of_word) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|c| !is_of_word(c)).unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            out.push_str(before);
            out.push_str(&self.word(word));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// A word, or the parts of it that name somebody: `203.0.113.9:443`, `user=lena`.
    fn word(&self, word: &str) -> String {
        if let Some(pseudonym) = self.pseudonym(word) {
            return pseudonym;
        }
        let trimmed = word.trim_end_matches(['.', ':', '-']);
        if trimmed.len() < word.len() && !trimmed.is_empty() {
            return self.word(trimmed) + word.get(trimmed.len()..).unwrap_or_default();
        }
        match word.rsplit_once(':').or_else(|| word.rsplit_once('/')) {
            Some((left, right)) => {
                let mark = word.get(left.len()..left.len() + 1).unwrap_or_default();
                format!("{}{mark}{}", self.word(left), self.word(right))
            }
            None => word.to_owned(),
        }
    }

    fn pseudonym(&self, word: &str) -> Option<String> {
        let kind = if word.parse::<IpAddr>().is_ok() {
            "ip"
        } else if self.names.contains(word) || is_mail(word) {
            "user"
        } else {
            return None;
        };
        Some(format!("{kind}-{:04x}", self.key.hash_one(word) & 0xffff))
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '@' | '%' | '+' | '/')
}

fn is_mail(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_addresses_are_hidden_wherever_they_stand() {
        let mut mask = Mask::default();
        mask.name("lena");
        mask.name("u-1042");
        let texts = [
            "lena locked out from 203.0.113.9",
            "risk of user.id u-1042: 2001:db8::7",
            "GET /a?b=lena&c=203.0.113.9:443 kim@example.org.",
            "203.0.113.0/24, (lena)",
        ];
        for text in texts {
            let masked = mask.apply(text);
            for name in ["lena", "u-1042", "203.0.113", "2001:db8", "kim@"] {
                assert!(!masked.contains(name), "{name} in {masked}");
            }
        }
        assert_eq!(mask.apply("lena lena"), {
            let one = mask.apply("lena");
            format!("{one} {one}")
        });
        let kept = "Circuit breaker opened 4 times at 09:30:12.345, 12 ms; GET /login 200 lenas";
        assert_eq!(mask.apply(kept), kept);
    }
}
