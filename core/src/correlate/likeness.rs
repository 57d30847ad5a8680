//! When two values mean the same: one account in other letters, one client that changes its address.
//!
//! What is shown stays as it was written; only by what groups and counts know a value is the same for all its spellings.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::event::address;
use crate::event::number::to_u8;

/// Ends of domains that only a directory of one's own has: what stands before the `@` is the account.
const OWN_DOMAINS: [&str; 7] =
    [".local", ".localdomain", ".lan", ".internal", ".intranet", ".corp", ".home.arpa"];

/// Bits of an IPv6 address that one client has for itself.
const CLIENT_BITS: u32 = 64;

/// A value as all its spellings have it in common, but for the case of ASCII letters.
pub(super) fn usual(value: &str) -> Cow<'_, str> {
    // Every byte is looked at, so that several are at once.
    let is_plain = value.bytes().fold(true, |is_plain, byte| {
        is_plain & byte.is_ascii_graphic() & (byte != b'\\') & (byte != b'@') & (byte != b':')
    });
    if is_plain {
        return Cow::Borrowed(value);
    }
    match network(value) {
        Some(network) => Cow::Owned(network),
        None => account(legible(value)),
    }
}

/// The network of a foreign IPv6 address: whoever has one address has all of its /64.
fn network(value: &str) -> Option<String> {
    let colons = value.bytes().filter(|byte| *byte == b':').take(2).count();
    let may_be = colons == 2 && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let ip: Ipv6Addr = if may_be { value.parse().ok()? } else { return None };
    if address::is_inner(ip.into()) {
        return None;
    }
    let kept = u128::from(ip) >> CLIENT_BITS << CLIENT_BITS;
    Some(format!("{}/{CLIENT_BITS}", Ipv6Addr::from(kept)))
}

/// Without what nobody sees: blanks around it, controls, characters without width; full-width letters are letters.
fn legible(value: &str) -> Cow<'_, str> {
    let trimmed = value.trim();
    if trimmed.is_ascii() && !trimmed.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(trimmed);
    }
    let seen = trimmed.chars().filter(|c| !is_unseen(*c)).map(narrow);
    Cow::Owned(seen.flat_map(char::to_lowercase).collect::<String>().trim().to_owned())
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// `ａ` as `a`.
fn narrow(c: char) -> char {
    match u32::from(c).checked_sub(0xfee0) {
        Some(code @ 0x21..=0x7e) => char::from(to_u8(code)),
        _ => c,
    }
}

/// The account alone of `CORP\alice` and of `alice@corp.local`. Who has an address of the public web is known by all of
/// it: two customers may share what stands before the `@`.
fn account(value: Cow<'_, str>) -> Cow<'_, str> {
    let is_domain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' '))
    };
    let behind = value.split_once('\\').map(|(domain, name)| (domain, name.trim_start_matches('\\')));
    let whole =
        behind.filter(|(domain, name)| is_domain(domain) && !name.is_empty() && !name.contains(['\\', '/']));
    if let Some((_, name)) = whole {
        return Cow::Owned(name.to_owned());
    }
    let before = value.rsplit_once('@').filter(|(name, domain)| !name.is_empty() && is_own_domain(domain));
    match before {
        Some((name, _)) => Cow::Owned(name.to_owned()),
        None => value,
    }
}

fn is_own_domain(domain: &str) -> bool {
    let lower = domain.to_ascii_lowercase();
    OWN_DOMAINS.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_account_are_one() {
        for text in [
            "alice",
            " alice ",
            "ali\u{200b}ce",
            "ali\u{ad}ce",
            "ａｌｉｃｅ",
            "alice\u{202e}",
            "alice\0",
            r"CORP\alice",
            r"CORP\\alice",
            "alice@corp.local",
        ] {
            assert_eq!(usual(text), "alice", "{text:?}");
        }
        for text in ["alice@shop.example", r"C:\alice", r"a\b\c", "а\u{43b}ice", "alice@", "12:34:56", "a b"]
        {
            assert_eq!(usual(text), text, "{text:?}");
        }
    }

    #[test]
    fn a_client_is_known_by_its_network() {
        assert_eq!(usual("2001:db8:1:1::5a"), usual("2001:db8:1:1:ffff::1"));
        assert_ne!(usual("2001:db8:1:1::5a"), usual("2001:db8:1:2::5a"));
        assert_eq!(usual("fd00::1"), "fd00::1", "neighbours in one's own network are several");
        assert_eq!(usual("203.0.113.9"), "203.0.113.9");
    }
}
