//! What is assigned to the name of a secret inside of a text: `token=abc`, `"password": "abc"` at any depth of quoting,
//! options of commands with a value, headers, Python and Ruby, forms of several parts, elements, members that name one another.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::names::{
    ATTRIBUTE, FORM_NAME, MetNames, SIGNATURE, ends_in_secret_word, is_secret_word, is_variable_of_key,
    is_weak_word,
};
use super::scan::{
    DEEPEST_QUOTE, IsSecret, Quote, WORD_LENGTH, before, is_harmless, is_odd, is_word_byte, looks_like_key,
    looks_random, name_with_word_before, run_end,
};
use super::words::{QUERY_NAMES, SCHEMES, SECOND_WORDS};
use super::{VALUE_LENGTH, commands, members, sentences, statements};
use crate::normalize::alias::fold;

/// Longest header with a scheme that nobody knows, and longest text of an element.
const HEADER_LENGTH: usize = 2_048;
const CONTENT_LENGTH: usize = 8_192;
/// Longest beginning of an element that is looked at.
const TAG_LENGTH: usize = 256;
/// What is shorter signs nothing.
const SIGNATURE_LENGTH: usize = 20;

/// What else may assign something: an encoded sign, options behind a space or a quote, a text of SQL.
static ENCODED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"%3"));
static OPTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" -"));
static QUOTED_OPTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"-"));
static SQL_TEXT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" '"));
static CALL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"('"));
static LIST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"[\""));
static ERLANG: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b",<<"));
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
        if at >= until && text.get(at) == Some(b':') {
            until = take(sentences::announced(buffer, at)).max(until);
        }
        match text.get(at) {
            Some(b'>') => {
                take(text.behind_bracket(at));
            }
            Some(b':') if name.names_another || text.is_far_from_its_key(at) => named_elsewhere.push(at),
            _ => {}
        }
    }
    text.for_each_sign(&mut |place| {
        take(place);
    });
    statements::for_each(buffer, &is_secret, |from, to| {
        take(Some((from, to)));
    });
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
    /// What other signs assign something: each is looked for by itself.
    fn for_each_sign(&self, take: &mut dyn FnMut(Option<(usize, usize)>)) {
        let is_secret = |name: &str| self.is_secret(name);
        for at in ENCODED.find_iter(self.bytes).filter(|at| self.is_encoded_sign(*at)) {
            take(self.assigned_encoded(at));
        }
        for finder in [&OPTION, &QUOTED_OPTION] {
            finder
                .find_iter(self.bytes)
                .for_each(|at| take(commands::option(self.buffer, at + 1, &is_secret)));
        }
        SQL_TEXT.find_iter(self.bytes).for_each(|at| take(self.sql(at)));
        CALL.find_iter(self.bytes).for_each(|at| take(self.sql(at).or_else(|| self.pair(at + 1))));
        LIST.find_iter(self.bytes).for_each(|at| take(self.pair(at + 1)));
        ERLANG.find_iter(self.bytes).for_each(|at| take(self.binary(at)));
        CODE.find_iter(self.bytes).for_each(|at| take(sentences::code(self.buffer, at)));
    }

    /// Behind the end of an arrow or of an element with attributes.
    fn behind_bracket(&self, at: usize) -> Option<(usize, usize)> {
        match at.checked_sub(1).and_then(|before| self.get(before)) {
            Some(b'=' | b'-') => self.changed(at - 1),
            Some(b'"' | b'\'') => self.element_with_attributes(at),
            _ => None,
        }
    }

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
        word.bytes().last().is_some_and(|last| last.is_ascii_alphanumeric()).then_some(word)
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
        let in_query = self.is_parameter(before, at) && QUERY_NAMES.contains(&word.as_str());
        if !in_query && word.ends_with(SIGNATURE) {
            return self.signature(at);
        }
        if !in_query && !self.takes_a_secret((start, end), &word) {
            let is_variable = self.buffer.get(start..end).is_some_and(is_variable_of_key);
            return (is_variable || is_weak_word(&word)).then(|| self.weak(at)).flatten();
        }
        // One of several words with colons between them, as in the name of a resource.
        if self.get(at) == Some(b':') && before == Some(b':') {
            return None;
        }
        let from = self.value_start(at)?;
        // The folder that somebody works in, as sudo logs it.
        let first = Quote::at(self.bytes, from).map_or(from, |quote| quote.from);
        if word == "pwd" && matches!(self.get(first), Some(b'/' | b'~')) {
            return None;
        }
        match word.as_str() {
            word if word.ends_with("authorization") => self.credentials(from),
            word if word.ends_with("cookie") || word.ends_with("cookies") => self.cookies(from),
            _ => self.value(from, at, in_query),
        }
    }

    /// Whether what stands before the sign is the name of a secret, by itself or with the word before it.
    fn takes_a_secret(&self, place: (usize, usize), folded: &str) -> bool {
        let (start, end) = place;
        let raw = self.buffer.get(start..end).unwrap_or_default();
        self.is_secret(folded)
            || ends_in_secret_word(raw)
            || SECOND_WORDS.contains(&folded)
                && name_with_word_before(self.buffer, end, &|name| self.is_secret(name)).is_some()
    }

    /// Whether the sign at `at` may stand in a query of a URL; `before` is what stands before its name.
    fn is_parameter(&self, before: Option<u8>, at: usize) -> bool {
        let parameters = || self.get(run_end(self.bytes, at + 1, is_value_byte)) == Some(b'&');
        let first = before.is_none_or(|byte| matches!(byte, b'?' | b'&' | b';' | b'\n' | b'"'));
        self.get(at) == Some(b'=') && (first || before == Some(b' ') && parameters())
    }

    /// A value that is a secret if it looks like a key.
    fn weak(&self, at: usize) -> Option<(usize, usize)> {
        let from = self.value_start(at)?;
        let (from, to) = match Quote::at(self.bytes, from) {
            Some(quote) => (quote.from, quote.end(self.bytes)),
            None => (from, run_end(self.bytes, from, is_value_byte)),
        };
        let value = self.buffer.get(from..to)?;
        let value = value.strip_prefix("base64:").unwrap_or(value);
        (looks_like_key(value) && !value.contains("://")).then_some((from, to))
    }

    /// `password = "" => "abc"`, `password: "old" -> "abc"`, `password -> abc`: what stands behind the arrow at `at`.
    fn changed(&self, at: usize) -> Option<(usize, usize)> {
        let from = run_end(self.bytes, at + 2, |byte| byte == b' ').min(at + 4);
        let end = self.back(at, 2, |byte| byte == b' ');
        let quote =
            end.checked_sub(1).and_then(|at| self.get(at)).filter(|byte| matches!(byte, b'"' | b'\''));
        let name_end = match quote {
            Some(quote) => {
                let to = self.back(end - 1, DEEPEST_QUOTE, |byte| byte == b'\\');
                let least = to.saturating_sub(VALUE_LENGTH);
                let open = least + memchr::memrchr(quote, self.bytes.get(least..to)?)?;
                let open = self.back(open, DEEPEST_QUOTE, |byte| byte == b'\\');
                let sign = self.back(open, 2, |byte| byte == b' ').checked_sub(1)?;
                matches!(self.get(sign), Some(b'=' | b':')).then_some(sign)?
            }
            None if self.get(at) == Some(b'-') => end,
            None => return None,
        };
        let (start, end) = self.word_before(name_end)?;
        if !self.takes_a_secret((start, end), &fold(self.buffer.get(start..end)?)) {
            return None;
        }
        self.value(from, at, false)
    }

    /// `('Authorization', 'Token abc')`, `["x-api-key", "abc"]`: the element behind a name; the quote of that stands at `at`.
    fn pair(&self, at: usize) -> Option<(usize, usize)> {
        let quote = Quote::at(self.bytes, at)?;
        let end = quote.end(self.bytes);
        let name = self.buffer.get(quote.from..end).filter(|name| name.len() <= WORD_LENGTH)?;
        if !is_secret_word(&fold(name)) {
            return None;
        }
        let next = run_end(self.bytes, end + quote.level + 1, |byte| matches!(byte, b',' | b' '));
        let value = Quote::at(self.bytes, next).filter(|_| self.get(end + quote.level + 1) == Some(b','))?;
        let to = value.end(self.bytes);
        let text = self.buffer.get(value.from..to)?;
        let looks = text.contains(['=', ' ']) || looks_random(text);
        (looks && !super::is_masked(text)).then_some((value.from, to))
    }

    /// `{password,<<"abc">>}` of Erlang.
    fn binary(&self, comma: usize) -> Option<(usize, usize)> {
        let (start, end) = self.word_before(comma)?;
        let named = self.is_secret(&fold(self.buffer.get(start..end)?));
        named.then(|| self.value(comma + 3, comma, false)).flatten()
    }

    /// What signs a request and lets others repeat it: `Signature=`, `X-Amz-Signature=`.
    fn signature(&self, at: usize) -> Option<(usize, usize)> {
        let from = if self.get(at) == Some(b'=') { self.value_start(at)? } else { return None };
        let to = run_end(self.bytes, from, is_value_byte);
        (to - from >= SIGNATURE_LENGTH && looks_random(self.buffer.get(from..to)?)).then_some((from, to))
    }

    /// The word before a sign: `"word":`, `\"word\" :`, `[word]=`.
    fn word_before(&self, at: usize) -> Option<(usize, usize)> {
        let end = self.word_end(at);
        let start = self.back(end, WORD_LENGTH + 1, is_word_byte);
        (start < end && end - start <= WORD_LENGTH).then_some((start, end))
    }

    /// Where a word before a sign would end. Nearly every one stands right before it, or in quotes.
    fn word_end(&self, at: usize) -> usize {
        let before = |bytes: usize| at.checked_sub(bytes).and_then(|at| self.get(at)).unwrap_or_default();
        match before(1) {
            byte if is_word_byte(byte) => return at,
            b'"' | b'\'' if is_word_byte(before(2)) => return at - 1,
            _ => {}
        }
        let at = self.back(at, 2, |byte| byte == b' ');
        let at = self.back(at, 1, |byte| byte == b']');
        let at = self.back(at, 1, |byte| matches!(byte, b'"' | b'\''));
        self.back(at, DEEPEST_QUOTE, |byte| byte == b'\\')
    }

    /// How far back from `at` the bytes are such, at most this many of them.
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
        // Of a literal in Python or SQL: b'...', N'...'.
        let prefixed = matches!(self.get(from), Some(b'b' | b'u' | b'r' | b'N'))
            && matches!(self.get(from + 1), Some(b'\'' | b'"'));
        Some(self.behind_type(from) + usize::from(prefixed))
    }

    /// Behind what a dump of PHP, Rust or Erlang says of the kind of a value: `string(9) "abc"`, `Some("abc")`, `<<"abc">>`.
    fn behind_type(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        if rest.starts_with(b"Some(") {
            return from + 5;
        }
        if rest.starts_with(b"<<") {
            return from + 2;
        }
        match rest.strip_prefix(b"string(") {
            Some(length) => {
                let digits = run_end(length, 0, |byte| byte.is_ascii_digit());
                let is_type = length.get(digits..).is_some_and(|rest| rest.starts_with(b") "));
                from + if is_type { "string(".len() + digits + ") ".len() } else { 0 }
            }
            None => from,
        }
    }

    /// A quoted value or one without quotes.
    fn value(&self, from: usize, sign: usize, in_query: bool) -> Option<(usize, usize)> {
        if let Some(quote) = Quote::at(self.bytes, from) {
            let to = quote.end(self.bytes);
            let value = self.buffer.get(quote.from..to)?;
            // A quote that closes what stands before opens nothing.
            let holds =
                !value.is_empty() && !value.starts_with(['{', '[', ' ', ',', '}', ']', ')', ';', '&']);
            let looks = !in_query || value.len() >= 8 && looks_random(value);
            return (holds && looks && !super::is_masked(value)).then_some((quote.from, to));
        }
        let to = run_end(self.bytes, from, is_value_byte);
        let value = self.buffer.get(from..to)?;
        let secret = match self.get(sign) {
            _ if value.len() > VALUE_LENGTH => true,
            // Another name.
            _ if is_harmless(value) || value.ends_with(':') => false,
            _ if in_query => value.len() >= 8 && looks_random(value) && !is_plain_path(value),
            Some(b'=') => value.len() >= 3,
            _ => self.is_told(value, to, from == sign + 1, sign),
        };
        secret.then_some((from, to))
    }

    /// After `token: ` a sentence may go on.
    fn is_told(&self, value: &str, to: usize, close: bool, sign: usize) -> bool {
        let digit = value.bytes().any(|byte| byte.is_ascii_digit());
        let mixed = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
            && value.bytes().any(|byte| byte.is_ascii_lowercase());
        let last = self.bytes.get(to).is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b'"' | b'\\' | b'}'));
        // A name of a variable is what is to hold the secret.
        let variable = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let alone = last && value.len() >= 6 && !variable && self.takes_words(sign);
        let close = close && (is_odd(value) || !self.is_plural(sign));
        // `pam_unix(passwd:chauthtok)` is a service and what it does.
        let in_brackets = self.get(to) == Some(b')');
        value.len() >= 4
            && !value.contains('@')
            && (digit || mixed || (alone && !value.ends_with('.')) || close && !in_brackets)
            || value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// A password may be a word of a language; a token, a cookie or a number is none.
    fn takes_words(&self, sign: usize) -> bool {
        let name = self.word_before(sign).and_then(|(start, end)| self.buffer.get(start..end));
        let name = fold(name.unwrap_or_default());
        !["token", "cookie", "jwt", "csrf", "session", "pin", "otp", "cvv", "cvc"]
            .iter()
            .any(|end| name.ends_with(end))
    }

    /// `secrets:write` is a right.
    fn is_plural(&self, sign: usize) -> bool {
        sign.checked_sub(1).and_then(|at| self.get(at)) == Some(b's')
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
        if !known && from > first && scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return self.foreign_credentials(from).or_else(|| self.lone_credential(scheme, from));
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

    /// What follows a scheme that nobody here knows: `GoogleLogin auth=abc`, `Hawk id="x", mac="abc"`.
    fn foreign_credentials(&self, from: usize) -> Option<(usize, usize)> {
        let to = self.header_end(from);
        let all = self.buffer.get(from..to)?;
        let named = all.split(' ').next().is_some_and(|first| first.contains(['=', ':']));
        let mut parts = all.split(['=', ':', '"', ',', ' ', '\\']);
        (named && parts.any(|part| part.len() >= 8 && looks_random(part))).then_some((from, to))
    }

    /// What follows such a scheme alone: `SSWS abc`, `Bot abc`.
    fn lone_credential(&self, scheme: &str, from: usize) -> Option<(usize, usize)> {
        let to = run_end(self.bytes, from, is_header_byte);
        let is_last = self.get(to).is_none_or(|byte| byte != b' ' && byte != b';');
        let is_key = looks_like_key(self.buffer.get(from..to)?) && !is_harmless(scheme);
        (is_last && is_key).then_some((from, to))
    }

    /// Where a header ends that may hold quotes of its own: these stand behind a `=`, and deeper than the one that ends it.
    fn header_end(&self, from: usize) -> usize {
        let head = self.bytes.get(..self.bytes.len().min(from + HEADER_LENGTH)).unwrap_or_default();
        let line = run_end(head, from, |byte| (b' '..=b'~').contains(&byte) && byte != b'\'');
        let mut own = None;
        for quote in memchr::memchr_iter(b'"', self.bytes.get(from..line).unwrap_or_default()) {
            let open = self.back(from + quote, DEEPEST_QUOTE, |byte| byte == b'\\');
            let level = from + quote - open;
            match own {
                None if open > from && self.get(open - 1) == Some(b'=') => own = Some(level),
                Some(own) if level >= own => {}
                _ => return open,
            }
        }
        line
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

    /// `<password>abc</password>`, `<password><value>abc</value></password>`, `<entry key="password">abc</entry>`, `<name>password</name><value>abc</value>`
    fn element(&self, before: Option<u8>, word: &str, at: usize) -> Option<(usize, usize)> {
        let is_tag = matches!(before, Some(b'<' | b':'));
        let wrapped = || {
            let inner = self.bytes.get(at + 1..).filter(|_| self.is_secret(word))?.strip_prefix(b"<")?;
            let name = run_end(inner, 0, |byte| byte.is_ascii_alphabetic());
            let is_value = fold(std::str::from_utf8(inner.get(..name)?).ok()?) == ATTRIBUTE;
            (is_value && inner.get(name) == Some(&b'>')).then(|| self.content(at + 3 + name)).flatten()
        };
        let content = if is_tag { self.content(at + 1).or_else(wrapped) } else { None };
        let (from, to) = content?;
        if self.is_secret(word) {
            return Some((from, to));
        }
        if word == FORM_NAME || word == "key" {
            let name = self.buffer.get(from..to).filter(|name| name.len() <= WORD_LENGTH)?;
            let next = to + run_end(self.bytes.get(to..)?, 0, |byte| byte != b'>') + 1;
            let open = run_end(self.bytes, next, |byte| byte <= b' ');
            let close =
                run_end(self.bytes, open, |byte| byte != b'>' && byte != b'/').min(open + WORD_LENGTH);
            return (self.is_secret(&fold(name)) && self.get(open) == Some(b'<'))
                .then(|| self.content(close + 1))
                .flatten();
        }
        None
    }

    /// The text of an element that begins at `from`, if one ends behind it.
    fn content(&self, from: usize) -> Option<(usize, usize)> {
        let text = self.bytes.get(from..self.bytes.len().min(from + CONTENT_LENGTH))?;
        let to = from + memchr::memchr2(b'<', b'\n', text)?;
        (self.bytes.get(to..to + 2) == Some(b"</")).then_some((from, to))
    }

    /// The text of an element with attributes: its name says what it is, or its attribute `name` or `key` does.
    fn element_with_attributes(&self, at: usize) -> Option<(usize, usize)> {
        let head = before(self.buffer, at, TAG_LENGTH);
        let tag = head.get(head.rfind('<')? + 1..)?;
        let name = tag.split(' ').next()?.rsplit(':').next()?;
        let named = tag.split([' ', '"', '\'', '\\']).filter(|part| !part.is_empty());
        let by_attribute = || {
            let mut parts = named.skip_while(|part| *part != "key=" && *part != "name=");
            parts.nth(1).is_some_and(|value| self.is_secret(&fold(value)))
        };
        (self.is_secret(&fold(name)) || by_attribute()).then(|| self.content(at + 1)).flatten()
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

    /// `<add key="password" value="abc"/>`, `{name='sid', value='abc'}`: the attribute before it says what it is.
    fn attribute(&self, start: usize, at: usize) -> Option<(usize, usize)> {
        let head = before(self.buffer, start, WORD_LENGTH + 16).trim_end_matches([' ', ',']);
        let quote = head.chars().next_back().filter(|quote| matches!(quote, '"' | '\''))?;
        let (before, name) = head.strip_suffix(quote)?.trim_end_matches('\\').rsplit_once(quote)?;
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
        let of_somebody = || {
            head.trim_ascii_end().ends_with(b"=")
                && before(self.buffer, at, WORD_LENGTH).to_ascii_lowercase().contains("password for ")
        };
        let identified = || {
            ends(b" by")
                && before(self.buffer, at, WORD_LENGTH).to_ascii_lowercase().contains("identified with ")
        };
        if !ends(b"password") && !ends(b"identified by") && !identified() && !of_somebody() {
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
