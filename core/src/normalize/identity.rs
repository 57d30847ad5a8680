//! One account under all the names that systems give it: `CORP\\alice`, `alice@corp.example`, `Alice`.
//!
//! `user.name` stays as it was written: rules ask for it, and two customers may share what stands before the `@`. Beside
//! it `related.user` (ECS) has the account alone, in lower case, and `user.domain` where it belongs. What is to be
//! compared over systems is compared by these.

use crate::event::{Event, Kind, Origin, Span, canonical};

/// Users of one event that are looked at.
const USERS: usize = 8;

/// Who a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account<'n> {
    name: &'n str,
    domain: &'n str,
    /// Written like the address of a mailbox.
    is_address: bool,
}

/// Adds what makes names of users comparable. Parts of addresses stay out of it where `addresses` are not to be shown.
pub(super) fn relate(event: &mut Event, addresses: bool) {
    let is_user = |path| path == canonical::USER_NAME || path == canonical::USER_TARGET_NAME;
    let users = event.fields().iter().filter(|field| is_user(field.path));
    let users = users.filter(|field| field.kind == Kind::String);
    let found: Vec<(bool, Span)> =
        users.map(|field| (field.path == canonical::USER_NAME, field.span)).take(USERS).collect();
    for (is_actor, span) in found {
        let text = event.text(span);
        let account = Account::of(text);
        if account.is_address && !addresses {
            continue;
        }
        let [name, domain] = [account.name, account.domain].map(|part| super::part(text, span, part));
        let folded = account.name.to_lowercase();
        let known = event.all(canonical::RELATED_USER).any(|known| known == folded);
        let lower = if folded == account.name { Some(name) } else { None };
        if domain.len > 0 && is_actor && event.get(canonical::USER_DOMAIN).is_none() {
            event.push(canonical::USER_DOMAIN, Kind::String, domain, Origin::Canonical);
        }
        if !known {
            let name = lower.unwrap_or_else(|| event.append_text(&folded));
            event.push(canonical::RELATED_USER, Kind::String, name, Origin::Canonical);
        }
    }
}

impl<'n> Account<'n> {
    fn of(text: &'n str) -> Self {
        let text = text.trim();
        let alone = Self { name: text, domain: "", is_address: false };
        if let Some((domain, name)) = text.split_once('\\') {
            // Logs that quote their values write the sign twice.
            let name = name.trim_start_matches('\\');
            let whole = is_domain(domain) && !name.is_empty() && !name.contains('\\');
            return if whole { Self { name, domain, is_address: false } } else { alone };
        }
        match text.rsplit_once('@') {
            Some((name, domain)) if is_domain(domain) && !name.is_empty() => {
                Self { name, domain, is_address: true }
            }
            _ => alone,
        }
    }
}

/// A name of a directory, a machine or a host.
fn is_domain(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    text.starts_with(char::is_alphanumeric) && text.len() <= 253 && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_the_same_under_all_its_names() {
        for (text, name, domain) in [
            ("alice", "alice", ""),
            (r"CORP\alice", "alice", "CORP"),
            (r"CORP\\alice", "alice", "CORP"),
            (r"NT AUTHORITY\SYSTEM", "SYSTEM", "NT AUTHORITY"),
            ("alice@corp.example", "alice", "corp.example"),
            ("host/web1.corp.example@CORP.EXAMPLE", "host/web1.corp.example", "CORP.EXAMPLE"),
            (r".\admin", r".\admin", ""),
            (r"a\b\c", r"a\b\c", ""),
            ("alice@", "alice@", ""),
            ("@alice", "@alice", ""),
            (r"CORP\", r"CORP\", ""),
            (" bob ", "bob", ""),
        ] {
            let account = Account::of(text);
            assert_eq!((account.name, account.domain), (name, domain), "{text}");
        }
    }

    fn related(names: &[&str], addresses: bool) -> (Vec<String>, Option<String>) {
        let mut event = Event::default();
        for name in names {
            event.push_text(canonical::USER_NAME, Kind::String, name, Origin::Line);
        }
        relate(&mut event, addresses);
        let related = event.all(canonical::RELATED_USER).map(str::to_owned).collect();
        (related, event.get(canonical::USER_DOMAIN).map(str::to_owned))
    }

    #[test]
    fn users_are_related_by_their_account_alone() {
        assert_eq!(related(&[r"CORP\Alice"], true), (vec!["alice".to_owned()], Some("CORP".to_owned())));
        assert_eq!(
            related(&["alice", "Alice", "bob"], true),
            (vec!["alice".to_owned(), "bob".to_owned()], None)
        );
        assert_eq!(related(&["alice@corp.example"], false), (Vec::new(), None), "no part of it may be shown");
    }
}
