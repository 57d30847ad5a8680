//! Secrets that are known by how they begin, or by the word before them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, packed};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::cards::next_card;
use super::names::is_secret_word;
use super::{Class, VALUE_LENGTH};
use crate::normalize::alias::fold;

/// Longest word to which a secret is assigned.
const WORD_LENGTH: usize = 64;

/// Whether the dotted name of a field holds anything that is redacted by its shape: somebody used a
/// secret as a key.
pub(super) fn name_holds_secret(name: &str) -> bool {
    let between_letters = |at: usize| {
        let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = name.as_bytes();
        letter(at.checked_sub(1).and_then(|before| bytes.get(before))) && letter(bytes.get(at + 1))
    };
    // Where an address ends inside of a dotted name cannot be seen.
    memchr::memchr_iter(b'@', name.as_bytes()).any(between_letters)
        || holds_secret(name)
        || name.split('.').any(holds_secret)
}

fn holds_secret(text: &str) -> bool {
    let mut found = next_card(text.as_bytes(), 0).is_some();
    let mut runs = Runs::default();
    for_each_beginning(text.as_bytes(), |beginning, start| {
        found |= beginning.secret(text, start, &mut runs).is_some();
        !found
    });
    found
}

/// How a secret begins, and how it goes on.
#[derive(Clone, Copy)]
pub(super) enum Beginning {
    JsonWebToken,
    /// A provider's prefix, followed by at least so many letters, digits, `_` and `-`.
    Prefix(usize),
    /// Like `Prefix`, but the text names a key and is none itself; it stays in fields that hold ids.
    KeyId(usize),
    PrivateKey,
    Url,
    Bearer,
    Basic,
    /// The end of a word like `token` or `password`: an assignment may follow.
    Word,
}

use Beginning::{Basic, Bearer, JsonWebToken, KeyId, Prefix, PrivateKey, Url, Word};

/// At most 32: the packed search is fastest up to there. Whatever is assigned with `=` is found by that
/// sign, so that words are needed here only for `token: ...`, `"token": ...` and the like.
///
/// The order is for speed alone: the packed search puts every eighth one into the same bucket, and a bucket of
/// beginnings that look alike raises few false alarms. No beginning is the start of another.
const BEGINNINGS: [(&str, Beginning); 32] = [
    ("ghp_", Prefix(30)),
    ("ghr_", Prefix(30)),
    ("ASIA", KeyId(16)),
    ("earer ", Bearer),
    ("oken", Word),
    ("sk-", Prefix(20)),
    ("npm_", Prefix(36)),
    ("://", Url),
    ("gho_", Prefix(30)),
    ("github_pat_", Prefix(22)),
    ("assw", Word),
    ("ecret", Word),
    ("k_live_", Prefix(16)),
    ("shpat_", Prefix(32)),
    ("xoxb-", Prefix(10)),
    ("-----BEGIN", PrivateKey),
    ("ghs_", Prefix(30)),
    ("glpat-", Prefix(20)),
    ("AKIA", KeyId(16)),
    ("eyJ", JsonWebToken),
    ("k_test_", Prefix(16)),
    ("pypi-", Prefix(50)),
    ("hf_", Prefix(30)),
    ("asic ", Basic),
    ("ghu_", Prefix(30)),
    ("EARER ", Bearer),
    ("AIza", Prefix(35)),
    ("ASSW", Word),
    ("_key", Word),
    ("dop_v1_", Prefix(60)),
    ("ya29.", Prefix(20)),
    ("xoxp-", Prefix(10)),
];

static PACKED: LazyLock<Option<packed::Searcher>> =
    LazyLock::new(|| packed::Config::new().builder().extend(BEGINNINGS.map(|(text, _)| text)).build());

/// Without vector instructions there is no packed search.
static AUTOMATON: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(BEGINNINGS.map(|(text, _)| text)).expect("the beginnings are few and short")
});

/// Calls `found` with every beginning and where it stands, until that says no.
pub(super) fn for_each_beginning(bytes: &[u8], mut found: impl FnMut(Beginning, usize) -> bool) {
    let mut call = |hit: aho_corasick::Match| {
        let beginning = BEGINNINGS.get(hit.pattern().as_usize());
        beginning.is_none_or(|(_, beginning)| found(*beginning, hit.start()))
    };
    let more = match PACKED.as_ref() {
        Some(packed) => packed.find_iter(bytes).all(&mut call),
        None => AUTOMATON.find_iter(bytes).all(&mut call),
    };
    if more {
        // The word before `=`; its last letter is where an assignment is looked for.
        let signs = memchr::memchr_iter(b'=', bytes).filter_map(|at| at.checked_sub(1));
        signs.take_while(|at| found(Word, *at)).for_each(drop);
    }
}

impl Beginning {
    pub(super) fn is_key_id(self) -> bool {
        matches!(self, KeyId(_))
    }

    /// Where the secret lies that begins (or is announced) at `start`.
    pub(super) fn secret(self, buffer: &str, start: usize, runs: &mut Runs) -> Option<(usize, usize, Class)> {
        let bytes = buffer.as_bytes();
        match self {
            JsonWebToken => {
                if !starts_word(bytes, start) {
                    return None;
                }
                let end = runs.token.end(bytes, start, |byte| is_word_byte(byte) || byte == b'.');
                let whole = runs.token.is_noise() || is_json_web_token(buffer.get(start..end)?);
                whole.then_some((start, end, Class::JsonWebToken))
            }
            Prefix(length) | KeyId(length) => {
                // `sk_live_` and `rk_live_` are found by their second letter.
                let start = start.checked_sub(usize::from(bytes.get(start) == Some(&b'k')))?;
                if !starts_word(bytes, start) {
                    return None;
                }
                let end = runs.token.end(bytes, start, |byte| is_word_byte(byte) || byte == b'.');
                let text = buffer.get(start..end)?.trim_end_matches('.');
                let whole = text.len() >= length + 3 && (runs.token.is_noise() || is_no_example(text));
                whole.then_some((start, start + text.len(), Class::ProviderKey))
            }
            PrivateKey if start < runs.key_end => None,
            PrivateKey => {
                let key = private_key(buffer, start)?;
                runs.key_end = key.1;
                Some(key)
            }
            Url => url_password(bytes, start + 3),
            Bearer | Basic => {
                let from = run_end(bytes, start + 5, |byte| byte == b' ');
                let to = run_end(bytes, from, |byte| {
                    is_word_byte(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
                });
                let text = buffer.get(from..to)?;
                let secret = if matches!(self, Bearer) {
                    text.len() >= 8 && looks_random(text)
                } else {
                    is_basic(text)
                };
                secret.then_some((from, to, Class::Authorization))
            }
            Word => assignment(buffer, start, &mut runs.value),
        }
    }
}

/// The runs of bytes that were read last, each by the end it shares with everything that begins inside of
/// it: `sk-sk-sk-...` is read once and not once for every `sk-`.
#[derive(Default)]
pub(super) struct Runs {
    /// Of a token.
    token: Run,
    /// Of an assigned value without quotes.
    value: Run,
    /// Where the last private key ends.
    key_end: usize,
}

#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
    /// How many beginnings were tried in this run.
    tries: u32,
}

impl Run {
    /// So many beginnings in one run are no names; where they are tokens, all of it is one.
    const TRIES: u32 = 16;

    /// Where the run ends that `start` lies in. `accept` must be the same every time.
    fn end(&mut self, bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
        if !(self.start..self.end).contains(&start) {
            *self = Self { start, end: run_end(bytes, start, accept), tries: 0 };
        }
        self.tries += 1;
        self.end
    }

    fn is_noise(&self) -> bool {
        self.tries > Self::TRIES
    }
}

pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// No letter or digit stands before; the letter of an escape (`\n`) in raw JSON does not count.
fn starts_word(bytes: &[u8], start: usize) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| bytes.get(at));
    let escape = before(2) == Some(&b'\\') && matches!(before(1), Some(b'n' | b't' | b'r'));
    escape || !before(1).is_some_and(u8::is_ascii_alphanumeric)
}

pub(super) fn run_end(bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len())
}

/// From `-----BEGIN ... PRIVATE KEY-----` to the end of the matching `-----END ...-----`, or of everything.
fn private_key(buffer: &str, start: usize) -> Option<(usize, usize, Class)> {
    let head = buffer.as_bytes().get(start..(start + 64).min(buffer.len()))?;
    memchr::memmem::find(head, b"PRIVATE KEY-----")?;
    let rest = buffer.get(start + 10..)?;
    let end = match rest.find("-----END") {
        Some(at) => {
            let after = at + 8;
            rest.get(after..)?.find("-----").map_or(rest.len(), |dashes| after + dashes + 5)
        }
        None => rest.len(),
    };
    Some((start, start + 10 + end, Class::PrivateKey))
}

/// `user:password@host` after `://`.
fn url_password(bytes: &[u8], start: usize) -> Option<(usize, usize, Class)> {
    let ends =
        |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\') || byte <= b' ';
    let end = run_end(bytes, start, |byte| !ends(byte));
    let authority = bytes.get(start..end)?;
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..at)?)?;
    (colon + 1 < at).then_some((start + colon + 1, start + at, Class::UrlPassword))
}

/// What is assigned to the word around `start`: `token=abc`, `"password": "abc"` (also with the quotes escaped),
/// `api_key: abc123`, SQL's `PASSWORD 'abc'`.
fn assignment(buffer: &str, start: usize, run: &mut Run) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let before = bytes.get(start.saturating_sub(40)..start)?;
    let word_start = start - before.iter().rev().take_while(|byte| is_word_byte(**byte)).count();
    let word = bytes.get(start..).unwrap_or_default().iter().take(WORD_LENGTH + 1);
    let word_end = start + word.take_while(|byte| is_word_byte(**byte)).count();
    let mut at = skip_quote(bytes, word_end).0;
    at = run_end(bytes, at, |byte| byte == b' ').min(at + 2);
    let separator = bytes.get(at).copied().filter(|byte| matches!(byte, b'=' | b':'));
    // Most words stand in paths and sentences, and nothing is assigned to them.
    if separator.is_none() && !bytes.get(word_end..).is_some_and(|rest| rest.starts_with(b" '")) {
        return None;
    }
    let word = fold(buffer.get(word_start..word_end)?);
    let sql = word == "password";
    let in_query = matches!(word_start.checked_sub(1).and_then(|at| bytes.get(at)), Some(b'?' | b'&' | b';'))
        && matches!(word.as_str(), "key" | "sig" | "signature" | "code" | "auth");
    if !(is_secret_word(&word) || sql || in_query) || word_end - word_start > WORD_LENGTH {
        return None;
    }
    if sql && let Some(rest) = buffer.get(word_end..)?.strip_prefix(" '") {
        let from = buffer.len() - rest.len();
        return Some((from, from + rest.find('\'')?, Class::Assignment));
    }
    let separator = separator?;
    at += 1;
    at = run_end(bytes, at, |byte| byte == b' ').min(at + 2);
    let (from, quote) = skip_quote(bytes, at);
    let to = match quote {
        Some(quote) => run_end(bytes, from, |byte| byte != quote && byte != b'\\'),
        None => run.end(bytes, from, is_value_byte),
    };
    let value = buffer.get(from..to)?;
    let long = quote.is_none() && value.len() > VALUE_LENGTH;
    let secret = match (separator, quote) {
        _ if long => true,
        _ if in_query => value.len() >= 8 && looks_random(value) && !is_plain_path(value),
        (_, Some(_)) => !value.is_empty() && !value.starts_with(['{', '[']),
        (b'=', None) => value.len() >= 3 && !is_harmless_word(value),
        // After `token: ` a sentence may go on.
        _ => value.len() >= 4 && !value.contains('@') && value.bytes().any(|byte| byte.is_ascii_digit()),
    };
    secret.then_some((from, to, Class::Assignment))
}

/// A byte of a value without quotes.
fn is_value_byte(byte: u8) -> bool {
    byte > b' '
        && !matches!(
            byte,
            b'&' | b'"' | b'\'' | b'\\' | b',' | b';' | b')' | b'}' | b']' | b'<' | b'>' | b'|'
        )
}

/// Past a quote, which may be escaped, and which quote it is.
fn skip_quote(bytes: &[u8], at: usize) -> (usize, Option<u8>) {
    let quote = run_end(bytes, at, |byte| byte == b'\\').min(at + 3);
    match bytes.get(quote) {
        Some(byte @ (b'"' | b'\'')) => (quote + 1, Some(*byte)),
        _ => (at, None),
    }
}

fn is_harmless_word(text: &str) -> bool {
    ["true", "false", "none", "null", "required", "invalid", "expired", "missing", "nil"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

/// The first part decodes to JSON that names an algorithm.
fn is_json_web_token(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(header) else { return false };
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes)
        .is_ok_and(|header| header.contains_key("alg"))
}

/// Base64 of `name:password`.
fn is_basic(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.contains(&b':') && bytes.iter().all(|byte| (0x20..0x7f).contains(byte)))
}

/// Letters and digits mixed, or simply long: `Bearer authentication failed` is none.
fn looks_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 24
        || (digits >= 2 && digits < text.len())
        || (digits >= 1 && text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// `/path/to/.docker/secrets`: a path in lower case without a digit. Of random values of 24 characters, one in a
/// hundred million has neither a digit nor a capital.
fn is_plain_path(text: &str) -> bool {
    text.starts_with(['/', '.'])
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'.' | b'-' | b'_'))
}

fn is_no_example(text: &str) -> bool {
    !(text.contains("EXAMPLE")
        || text.contains("XXXX")
        || text.contains("0000000000")
        || text.contains("xxxxxxxx"))
}
