//! What is assigned to the name of a secret inside of a text: `token=abc`, `"password": "abc"` at any depth of quoting,
//! options of commands with a value, headers, Python and Ruby, forms of several parts, elements, members that name one another.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::names::{ATTRIBUTE, FORM_NAME, MetNames, SIGNATURE, is_secret_word};
use super::scan::{IsSecret, Quote, WORD_LENGTH, before, is_harmless, is_word_byte, looks_random, run_end};
use super::words::{QUERY_NAMES, SCHEMES};
use super::{VALUE_LENGTH, commands, members, statements};
use crate::normalize::alias::fold;

/// What is shorter signs nothing.
const SIGNATURE_LENGTH: usize = 32;

/// What else may assign something: an encoded sign, options behind a space or a quote, a text of SQL.
static ENCODED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"%3"));
static OPTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" -"));
static QUOTED_OPTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"-"));
static SQL_TEXT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" '"));
static CALL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"('"));
static CODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"ode"));

/// Calls `found` with every value that is assigned to a secret. `met` remembers names for the same `configured`.
pub(super) fn for_each(
    buffer: &str,
    configured: IsSecret<'_>,
    met: &mut MetNames,
    mut found: impl FnMut(usize, usize),
) {
    let text = Text { buffer, bytes: buffer.as_bytes(), configured };
    let is_secret = |name: &str| text.is_secret(name);
    let mut done = 0;
    let mut take = |range: Option<(usize, usize)>| {
        if let Some((from, to)) = range.filter(|(from, to)| from < to) {
            done = done.max(to);
            found(from, to);
        }
        done
    };
    let (mut until, mut named_elsewhere) = (0, Vec::new());
    for at in memchr::memchr3_iter(b'=', b':', b'>', text.bytes) {
        let name = text.word(at).map(|word| met.look_up(word, &is_secret)).unwrap_or_default();
        if at >= until && name.takes_a_secret {
            until = take(text.assigned(at));
        }
        if text.get(at) == Some(b':') && (name.names_another || text.is_far_from_its_key(at)) {
            named_elsewhere.push(at);
        }
    }
    for at in ENCODED.find_iter(text.bytes).filter(|at| text.is_encoded_sign(*at)) {
        take(text.assigned_encoded(at));
    }
    for at in OPTION.find_iter(text.bytes) {
        take(commands::option(buffer, at + 1, &is_secret));
    }
    for at in QUOTED_OPTION.find_iter(text.bytes) {
        take(commands::option(buffer, at + 1, &is_secret));
    }
    for at in SQL_TEXT.find_iter(text.bytes) {
        take(text.sql(at));
    }
    for at in CALL.find_iter(text.bytes) {
        take(text.sql(at));
    }
    statements::for_each(buffer, &is_secret, |from, to| {
        take(Some((from, to)));
    });
    for at in CODE.find_iter(text.bytes) {
        take(commands::code(buffer, at));
    }
    for (from, to) in members::secrets(buffer, &named_elsewhere, &is_secret) {
        take(Some((from, to)));
    }
}

/// A text, and who knows names of secrets.
struct Text<'b> {
    buffer: &'b str,
    bytes: &'b [u8],
    configured: IsSecret<'b>,
}

impl Text<'_> {
    fn is_secret(&self, folded: &str) -> bool {
        is_secret_word(folded) || (self.configured)(folded)
    }

    fn get(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// The word before the sign at `at`, if it may be a name.
    fn word(&self, at: usize) -> Option<&str> {
        let (start, end) = self.word_before(at)?;
        let word = self.buffer.get(start..end)?;
        word.ends_with(|last: char| last.is_ascii_alphanumeric()).then_some(word)
    }

    /// What is assigned by the sign at `at`, before which a name stands.
    fn assigned(&self, at: usize) -> Option<(usize, usize)> {
        let (start, end) = self.word_before(at)?;
        let word = fold(self.buffer.get(start..end)?);
        let before = start.checked_sub(1).and_then(|at| self.get(at));
        match self.get(at) {
            Some(b'>') => return self.element(before, &word, at),
            Some(b'=') if word == FORM_NAME => return self.part_of_form(at),
            Some(b'=') if word == ATTRIBUTE => return self.attribute(start, at),
            _ => {}
        }
        let first = before.is_none_or(|byte| matches!(byte, b'?' | b'&' | b';' | b'\n' | b'"'));
        let parameters = || self.get(run_end(self.bytes, at + 1, is_value_byte)) == Some(b'&');
        let first = first || (before == Some(b' ') && parameters());
        let in_query = first && self.get(at) == Some(b'=') && QUERY_NAMES.contains(&word.as_str());
        if !in_query && word.ends_with(SIGNATURE) {
            return self.signature(at);
        }
        if !in_query && !self.is_secret(&word) {
            return None;
        }
        let from = self.value_start(at)?;
        // The folder that somebody works in, as sudo logs it.
        if word == "pwd" && matches!(self.get(from), Some(b'/' | b'~')) {
            return None;
        }
        match word.as_str() {
            word if word.ends_with("authorization") => self.credentials(from),
            word if word.ends_with("cookie") || word.ends_with("cookies") => self.cookies(from),
            _ => self.value(from, at, in_query),
        }
    }

    /// What signs a request and lets others repeat it: `Signature=`, `X-Amz-Signature=`.
    fn signature(&self, at: usize) -> Option<(usize, usize)> {
        let from = if self.get(at) == Some(b'=') { self.value_start(at)? } else { return None };
        let to = run_end(self.bytes, from, is_value_byte);
        (to - from >= SIGNATURE_LENGTH && looks_random(self.buffer.get(from..to)?)).then_some((from, to))
    }

    /// The word before a sign: `"word":`, `\"word\" :`, `[word]=`.
    fn word_before(&self, at: usize) -> Option<(usize, usize)> {
        let at = self.back(at, 2, |byte| byte == b' ');
        let at = self.back(at, 1, |byte| matches!(byte, b'"' | b'\'' | b']'));
        let end = self.back(at, 7, |byte| byte == b'\\');
        let start = self.back(end, WORD_LENGTH + 1, is_word_byte);
        (start < end && end - start <= WORD_LENGTH).then_some((start, end))
    }

    /// How far back from `at` the bytes are such, at the most so many of them.
    fn back(&self, at: usize, most: usize, accept: impl Fn(u8) -> bool) -> usize {
        let head = self.bytes.get(at.saturating_sub(most)..at).unwrap_or_default();
        at - head.iter().rev().take_while(|byte| accept(**byte)).count()
    }

    /// So many spaces stand before the sign that a key of JSON may, and a name of an assignment may not.
    fn is_far_from_its_key(&self, at: usize) -> bool {
        at.checked_sub(3).and_then(|from| self.bytes.get(from..at)) == Some(b"   ")
    }

    /// Where the value begins behind the sign; `None` where nothing is assigned.
    fn value_start(&self, at: usize) -> Option<usize> {
        let next = match (self.get(at), self.get(at + 1)) {
            (Some(b'='), Some(b'>')) => at + 2,
            (Some(b'='), Some(b'=' | b'~')) | (Some(b':'), Some(b':')) => return None,
            (Some(b':'), Some(b'=')) => at + 2,
            (Some(b':'), Some(b'/')) if self.get(at + 2) == Some(b'/') => return None,
            _ => at + 1,
        };
        let from = run_end(self.bytes, next, |byte| matches!(byte, b' ' | b'\t')).min(next + 4);
        // Of a literal in Python: b'...'.
        let prefixed = matches!(self.get(from), Some(b'b' | b'u' | b'r'))
            && matches!(self.get(from + 1), Some(b'\'' | b'"'));
        Some(from + usize::from(prefixed))
    }

    /// A quoted value or one without quotes.
    fn value(&self, from: usize, sign: usize, in_query: bool) -> Option<(usize, usize)> {
        if let Some(quote) = Quote::at(self.bytes, from) {
            let to = quote.end(self.bytes);
            let value = self.buffer.get(quote.from..to)?;
            // A quote that closes what stands before opens nothing.
            let holds =
                !value.is_empty() && !value.starts_with(['{', '[', ' ', ',', '}', ']', ')', ';', '&']);
            return (holds && !super::is_masked(value)).then_some((quote.from, to));
        }
        let to = run_end(self.bytes, from, is_value_byte);
        let value = self.buffer.get(from..to)?;
        let secret = match self.get(sign) {
            _ if value.len() > VALUE_LENGTH => true,
            _ if is_harmless(value) => false,
            _ if in_query => value.len() >= 8 && looks_random(value) && !is_plain_path(value),
            Some(b'=') => value.len() >= 3,
            _ => self.is_told(value, to, from == sign + 1),
        };
        secret.then_some((from, to))
    }

    /// After `token: ` a sentence may go on.
    fn is_told(&self, value: &str, to: usize, close: bool) -> bool {
        let digit = value.bytes().any(|byte| byte.is_ascii_digit());
        let mixed = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
            && value.bytes().any(|byte| byte.is_ascii_lowercase());
        let last = self.bytes.get(to).is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b'"' | b'\\' | b'}'));
        // A name of a variable is what is to hold the secret.
        let variable = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let alone = last && value.len() >= 6 && !variable;
        // `pam_unix(passwd:chauthtok)` is a service and what it does.
        let in_brackets = self.get(to) == Some(b')');
        value.len() >= 4
            && !value.contains('@')
            && (digit || mixed || (alone && !value.ends_with('.')) || close && !in_brackets)
            || value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// What follows in the header `Authorization`, behind its scheme.
    fn credentials(&self, from: usize) -> Option<(usize, usize)> {
        let start = Quote::at(self.bytes, from).map_or(from, |quote| quote.from);
        let first = run_end(self.bytes, start, is_header_byte);
        let scheme = self.buffer.get(start..first)?;
        let known = SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
        let from = run_end(self.bytes, first, |byte| byte == b' ');
        if known && scheme.eq_ignore_ascii_case("digest") {
            return Some((from, run_end(self.bytes, from, |byte| byte >= b' ')));
        }
        let (from, to) = match known && from > first {
            true => (from, run_end(self.bytes, from, is_header_byte)),
            false => (start, first),
        };
        let value = self.buffer.get(from..to)?;
        let secret =
            value.len() >= 4 && !is_harmless(value) && (known || value.len() >= 8 && looks_random(value));
        (secret && !super::is_masked(value)).then_some((from, to))
    }

    /// Pairs set apart by `; `.
    fn cookies(&self, from: usize) -> Option<(usize, usize)> {
        let start = Quote::at(self.bytes, from).map_or(from, |quote| quote.from);
        let mut to = start;
        loop {
            to = run_end(self.bytes, to, |byte| is_header_byte(byte) || byte == b';');
            let goes_on = self.bytes.get(..to).is_some_and(|head| head.ends_with(b";"));
            if !goes_on || self.get(to) != Some(b' ') {
                break;
            }
            to += 1;
        }
        let value = self.buffer.get(start..to)?;
        (value.contains('=') && value.len() >= 3 && !super::is_masked(value)).then_some((start, to))
    }

    /// `<password>abc</password>`
    fn element(&self, before: Option<u8>, word: &str, at: usize) -> Option<(usize, usize)> {
        let from = at + 1;
        let to = run_end(self.bytes, from, |byte| byte != b'<' && byte != b'\n');
        let closes = self.bytes.get(to..to + 2) == Some(b"</");
        (matches!(before, Some(b'<' | b':')) && closes && self.is_secret(word)).then_some((from, to))
    }

    /// `name="password"`, an empty line, and the value.
    fn part_of_form(&self, at: usize) -> Option<(usize, usize)> {
        let quote = Quote::at(self.bytes, at + 1)?;
        let end = quote.end(self.bytes);
        if !self.is_secret(&fold(self.buffer.get(quote.from..end).filter(|name| name.len() <= WORD_LENGTH)?))
        {
            return None;
        }
        let behind = end + quote.level + 1;
        let line_ends = self.bytes.get(behind..)?.iter();
        let breaks = line_ends.take_while(|byte| matches!(byte, b'\r' | b'\n' | b'\\' | b'r' | b'n')).count();
        let from = behind + breaks;
        let to = run_end(self.bytes, from, |byte| byte >= b' ' && byte != b'\\');
        (breaks >= 2).then_some((from, to))
    }

    /// `<add key="password" value="abc"/>`: the attribute before it says what it is.
    fn attribute(&self, start: usize, at: usize) -> Option<(usize, usize)> {
        let quoted = before(self.buffer, start, WORD_LENGTH + 16).trim_end().strip_suffix('"')?;
        let (before, name) = quoted.trim_end_matches('\\').rsplit_once('"')?;
        let before = before.trim_end_matches('\\');
        let is_named = before.ends_with("key=") || before.ends_with("name=");
        let quote = Quote::at(self.bytes, at + 1)?;
        (is_named && name.len() <= WORD_LENGTH && self.is_secret(&fold(name)))
            .then(|| (quote.from, quote.end(self.bytes)))
    }

    /// `%3D` or `%3A`.
    fn is_encoded_sign(&self, at: usize) -> bool {
        matches!(self.get(at + 2), Some(b'D' | b'd' | b'A' | b'a'))
    }

    /// The same as [`Text::assigned`] where signs and quotes are percent-encoded.
    fn assigned_encoded(&self, at: usize) -> Option<(usize, usize)> {
        let encoded_quote = |at: usize| matches!(self.bytes.get(at..at + 3), Some(b"%22" | b"%27"));
        let end = if at >= 3 && encoded_quote(at - 3) { at - 3 } else { at };
        let head = self.bytes.get(end.saturating_sub(WORD_LENGTH)..end)?;
        let start = end - head.iter().rev().take_while(|byte| is_word_byte(**byte)).count();
        // The digits of an escape before the word look like a part of it.
        let escape = start > 0 && self.get(start - 1) == Some(b'%');
        let word = fold(self.buffer.get(start + if escape { 2 } else { 0 }..end)?);
        if !self.is_secret(&word) {
            return None;
        }
        let mut from = at + 3;
        while matches!(self.bytes.get(from..from + 3), Some(b"%20" | b"%22" | b"%27")) {
            from += 3;
        }
        let to = run_end(self.bytes, from, |byte| is_value_byte(byte) && byte != b'%');
        let value = self.buffer.get(from..to)?;
        (value.len() >= 3 && !is_harmless(value)).then_some((from, to))
    }

    /// `PASSWORD 'abc'`, `IDENTIFIED BY 'abc'`
    fn sql(&self, at: usize) -> Option<(usize, usize)> {
        let head = self.bytes.get(at.saturating_sub(13)..at)?;
        let ends = |word: &[u8]| {
            head.len() >= word.len() && head[head.len() - word.len()..].eq_ignore_ascii_case(word)
        };
        if !ends(b"password") && !ends(b"identified by") {
            return None;
        }
        let from = at + 2;
        let length = memchr::memchr(b'\'', self.bytes.get(from..)?)?;
        Some((from, from + length))
    }
}

/// A byte of a value without quotes.
fn is_value_byte(byte: u8) -> bool {
    byte > b' '
        && !matches!(
            byte,
            b'&' | b'"' | b'\'' | b'\\' | b',' | b';' | b')' | b'}' | b']' | b'<' | b'>' | b'|'
        )
}

/// A byte of a header's value without spaces.
fn is_header_byte(byte: u8) -> bool {
    byte > b' ' && !matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b';')
}

/// `/path/to/.docker/secrets`: a path in lower case without a digit. Of random values of 24 characters, one in a
/// hundred million has neither a digit nor a capital.
fn is_plain_path(text: &str) -> bool {
    text.starts_with(['/', '.'])
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'.' | b'-' | b'_'))
}
