//! Secrets that are known by a mark in their middle, at their end or near them: a name of a provider, what a driver puts
//! behind a login, bytes that a provider writes into all of its keys.

use super::Class;
use super::scan::{before, is_word_byte, looks_like_key, run_end};
use crate::event::number::offset_in;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Longest key around a mark, in bytes.
const KEY_BYTES: usize = 256;
/// How far behind the name of a provider its key may stand, in bytes.
const NEAR_BYTES: usize = 64;
/// How much of an encoded key is decoded to see what it is, in bytes of base64.
const HEAD_BYTES: usize = 64;

type Found = Option<(usize, usize, Class)>;

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

fn is_base64_byte(byte: u8) -> bool {
    is_word_byte(byte) || matches!(byte, b'+' | b'/' | b'=')
}

/// Where the run of such bytes begins that ends at `at`.
fn run_start(bytes: &[u8], at: usize, accept: impl Fn(u8) -> bool) -> usize {
    let head = bytes.get(at.saturating_sub(KEY_BYTES)..at).unwrap_or_default();
    at - head.iter().rev().take_while(|byte| accept(**byte)).count()
}

/// This many hexadecimal digits, no more and no less, from `from` on; `start` is where their prefix begins.
pub(super) fn digest(buffer: &str, start: usize, from: usize, length: usize) -> Found {
    let bytes = buffer.as_bytes();
    let to = run_end(bytes, from, is_word_byte);
    let joined = start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| is_word_byte(*byte));
    let text = buffer.get(from..to)?;
    (text.len() == length && is_hex(text) && !joined).then_some((start, to, Class::ProviderKey))
}

/// The key around a mark that stands in all keys of a provider; it has at least this many bytes.
pub(super) fn around(buffer: &str, mark: (usize, usize), length: usize) -> Found {
    let bytes = buffer.as_bytes();
    let start = run_start(bytes, mark.0, is_base64_byte);
    let to = run_end(bytes.get(..bytes.len().min(mark.1 + KEY_BYTES))?, mark.1, is_base64_byte);
    let is_key = to - start >= length && looks_like_key(buffer.get(start..to)?);
    is_key.then_some((start, to, Class::ProviderKey))
}

/// `0123...-us12`: 32 digits before the number of a data center; the mark is `-us`.
pub(super) fn with_data_center(buffer: &str, mark: (usize, usize)) -> Found {
    let bytes = buffer.as_bytes();
    let start = run_start(bytes, mark.0, |byte| byte.is_ascii_alphanumeric());
    let to = run_end(bytes, mark.1, is_word_byte);
    let number = buffer.get(mark.1..to)?;
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let key = buffer.get(start..mark.0)?;
    (is_number && key.len() == 32 && is_hex(key)).then_some((start, to, Class::ProviderKey))
}

/// `mailgun key 0123...-01234567-01234567`: three groups of digits near the name of the provider.
pub(super) fn near_mailgun(buffer: &str, from: usize) -> Found {
    let mut most = buffer.len().min(from + NEAR_BYTES);
    while !buffer.is_char_boundary(most) {
        most += 1;
    }
    let is_key = |word: &&str| {
        let mut groups = word.split('-').map(str::len);
        let lengths = [groups.next(), groups.next(), groups.next(), groups.next()];
        lengths == [Some(32), Some(8), Some(8), None] && word.split('-').all(is_hex)
    };
    let whole = |word: &str| {
        let start = offset_in(word, buffer);
        let to = run_end(buffer.as_bytes(), start, is_word_byte);
        Some((start, buffer.get(start..to).filter(|word| is_key(word))?.len()))
    };
    let words = buffer.get(from..most)?.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let (start, length) = words.filter(|word| !word.is_empty()).find_map(whole)?;
    Some((start, start + length, Class::ProviderKey))
}

/// `user:abc@tcp(db:3306)/shop` of Go; the mark begins at the `@`.
pub(super) fn before_network(buffer: &str, at: usize) -> Found {
    let is_part = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'/' | b'\\' | b'<' | b'>');
    let start = run_start(buffer.as_bytes(), at, is_part);
    let (user, secret) = buffer.get(start..at)?.split_once(':')?;
    (!user.is_empty() && !secret.is_empty()).then_some((at - secret.len(), at, Class::UrlPassword))
}

/// `db:5432:shop:app:abc`, a line of the file of passwords of PostgreSQL, near its name.
pub(super) fn near_pgpass(buffer: &str, from: usize) -> Found {
    let bytes = buffer.as_bytes();
    let mut most = buffer.len().min(from + KEY_BYTES);
    while !buffer.is_char_boundary(most) {
        most -= 1;
    }
    let is_end = |c: char| c <= ' ' || matches!(c, '"' | '\'' | '\\');
    let line = buffer.get(from..most)?.split(is_end).find(|word| word.matches(':').count() >= 4)?;
    let mut parts = line.splitn(5, ':');
    let (_, port) = (parts.next()?, parts.next()?);
    let is_port = port == "*" || !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let secret = parts.nth(2).filter(|secret| is_port && !secret.is_empty())?;
    let start = offset_in(secret, buffer);
    Some((start, run_end(bytes, start, |byte| !is_end(char::from(byte))), Class::Assignment))
}

/// A private key in base64, as secrets of clusters hold it: its first words say what it is.
pub(super) fn encoded_key(buffer: &str, start: usize) -> Found {
    let bytes = buffer.as_bytes();
    let to = run_end(bytes, start, is_base64_byte);
    let head = buffer.get(start..to.min(start + HEAD_BYTES))?.trim_end_matches('=');
    let head = head.get(..head.len() / 4 * 4)?;
    let text = STANDARD_NO_PAD.decode(head).ok()?;
    memchr::memmem::find(&text, b"PRIVATE KEY").map(|_| (start, to, Class::PrivateKey))
}

/// A token of a bot of Discord: its number in base64, a time and a signature, with dots between.
pub(super) fn three_parts(buffer: &str, start: usize) -> Found {
    let bytes = buffer.as_bytes();
    let joined = before(buffer, start, 1).bytes().any(is_word_byte);
    let to = run_end(bytes, start, |byte| is_word_byte(byte) || byte == b'.');
    let token = buffer.get(start..to)?.trim_end_matches('.');
    let mut parts = token.split('.').map(str::len);
    let is_token = matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(23..=28), Some(6), Some(27..=40), None)
    );
    (is_token && !joined).then_some((start, start + token.len(), Class::ProviderKey))
}

#[cfg(test)]
mod tests {
    use crate::normalize::redact::runs::Runs;
    use crate::normalize::redact::shapes::for_each_beginning;

    /// What is found in a text, each with what it stands for in brackets.
    fn hidden(text: &str) -> String {
        let (mut shown, mut from, mut runs) = (String::new(), 0, Runs::default());
        let mut found = Vec::new();
        for_each_beginning(text.as_bytes(), |met| {
            found.extend(met.secret(text, &mut runs));
            true
        });
        found.sort_unstable();
        for (start, end, _) in found {
            shown += text.get(from..start.max(from)).unwrap_or_default();
            shown += "‹›";
            from = end;
        }
        shown + text.get(from..).unwrap_or_default()
    }

    #[test]
    fn keys_of_digits_are_known_by_what_stands_at_them() {
        let digits = "0123456789abcdef0123456789abcdef";
        for (text, expect) in [
            (format!("mail by key-{digits}"), "mail by ‹›"),
            (format!("mailgun key {digits}-01234567-89abcdef ok"), "mailgun key ‹› ok"),
            (format!("list {digits}-us12 synced"), "list ‹› synced"),
            (format!("calls by SK{digits}"), "calls by ‹›"),
            ("agent eu01xx0123456789abcdef0123456789abcdNRAL ok".to_owned(), "agent ‹› ok"),
        ] {
            assert_eq!(hidden(&text), expect);
        }
        for text in [
            format!("md5 {digits}"),
            format!("monkey-{digits}"),
            format!("host {digits}-us-east"),
            format!("mailgun queued {digits}"),
            "region eu-us1 key-value".to_owned(),
        ] {
            assert_eq!(hidden(&text), text);
        }
    }

    #[test]
    fn tokens_with_parts_and_logins_before_a_network_are_known() {
        for (text, expect) in [
            ("bot MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs in", "bot ‹› in"),
            ("open app:a1b@tcp(db:3306)/shop", "open app:‹›@tcp(db:3306)/shop"),
            ("pgpass db:5432:shop:app:a1b2", "pgpass db:5432:shop:app:‹›"),
            (
                "tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTkJna3Foa2lH end",
                "tls.key: ‹› end",
            ),
        ] {
            assert_eq!(hidden(text), expect);
        }
        for text in [
            "MTk4NjIyNDgzNDcxOTI1MjQ4",
            "listen @tcp(db:3306)",
            "pgpass not found at 12:30:45",
            "tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUQ= end",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
