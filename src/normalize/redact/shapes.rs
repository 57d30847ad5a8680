//! Secrets that are known by how they begin.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, packed};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::cards::next_card;
use super::scan::{is_word_byte, looks_random, run_end};
use super::{Class, commands};
use crate::event::number::offset_in;

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

/// Longest rest of a link that is looked at, and shortest part of it that may be a token, in bytes.
const LINK_BYTES: usize = 256;
const TOKEN_BYTES: usize = 16;

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
    /// An address that nobody may know, for the rest of it is the secret.
    Hook,
    /// A link that works once: its random part is the secret.
    Link,
    /// A command whose argument of this number is a secret.
    Argument(usize),
    /// The command of Redis and of mail.
    Auth,
    /// The name of a secret, of which a sentence may tell what it is.
    Told,
}

use Beginning::{
    Argument, Auth, Basic, Bearer, Hook, JsonWebToken, KeyId, Link, Prefix, PrivateKey, Told, Url,
};

/// At most 64: the packed search takes no more. No beginning is the start of another.
const BEGINNINGS: [(&str, Beginning); 64] = [
    ("ghp_", Prefix(30)),
    ("ghr_", Prefix(30)),
    ("gho_", Prefix(30)),
    ("ghs_", Prefix(30)),
    ("ghu_", Prefix(30)),
    ("github_pat_", Prefix(22)),
    ("glpat-", Prefix(16)),
    ("glrt-", Prefix(16)),
    ("ASIA", KeyId(16)),
    ("AKIA", KeyId(16)),
    ("AIza", Prefix(30)),
    ("ya29.", Prefix(20)),
    ("sk-", Prefix(20)),
    ("k_live_", Prefix(16)),
    ("k_test_", Prefix(16)),
    ("whsec_", Prefix(20)),
    ("npm_", Prefix(30)),
    ("pypi-", Prefix(40)),
    ("dckr_pat_", Prefix(20)),
    ("hf_", Prefix(30)),
    ("hvs.", Prefix(20)),
    ("SG.", Prefix(30)),
    ("dop_v1_", Prefix(40)),
    ("lin_api_", Prefix(30)),
    ("shpat_", Prefix(30)),
    ("shpss_", Prefix(30)),
    ("sq0atp-", Prefix(20)),
    ("sq0csp-", Prefix(30)),
    ("xox", Prefix(12)),
    ("xapp-", Prefix(20)),
    ("eyJ", JsonWebToken),
    ("-----BEGIN", PrivateKey),
    ("AGE-SECRET-KEY-", Prefix(40)),
    ("://", Url),
    ("earer ", Bearer),
    ("EARER ", Bearer),
    ("earer%20", Bearer),
    ("asic ", Basic),
    ("ASIC ", Basic),
    ("hooks.slack.com/", Hook),
    ("/api/webhooks/", Hook),
    ("webhook.office.com/", Hook),
    ("outlook.office.com/webhook/", Hook),
    ("api.telegram.org/bot", Hook),
    ("/reset/", Link),
    ("/invite/", Link),
    ("/verify/", Link),
    ("/confirm/", Link),
    ("/activate/", Link),
    ("/magic/", Link),
    ("AUTH", Auth),
    ("\"auth", Auth),
    ("rabbitmqctl add_user ", Argument(2)),
    ("rabbitmqctl change_password ", Argument(2)),
    ("net user ", Argument(2)),
    ("mysqladmin password ", Argument(1)),
    ("vault login ", Argument(1)),
    ("set aws_secret_access_key ", Argument(1)),
    ("wpa_passphrase ", Argument(2)),
    ("assword ", Told),
    ("assphrase ", Told),
    ("asscode ", Told),
    ("oken ", Told),
    ("ecret ", Told),
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
    match PACKED.as_ref() {
        Some(packed) => packed.find_iter(bytes).all(&mut call),
        None => AUTOMATON.find_iter(bytes).all(&mut call),
    };
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
            Bearer | Basic => credentials(buffer, start, matches!(self, Bearer)),
            Auth => assignment(commands::auth(buffer, start + beginning_at(bytes, start))),
            Argument(_) | Told => {
                let end = start + beginning_at(bytes, start);
                assignment(match self {
                    Argument(number) => commands::positional(buffer, end, number),
                    _ => commands::told(buffer, end),
                })
            }
            Hook => hook(bytes, start, runs),
            Link => link(buffer, start),
        }
    }
}

/// What follows `Bearer` or `Basic`.
fn credentials(buffer: &str, start: usize, is_bearer: bool) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let from = run_end(bytes, start + 4, |byte| byte.is_ascii_alphabetic()).min(start + 5);
    let from = run_end(bytes, from, |byte| byte == b' ');
    let from = if bytes.get(from..from + 3) == Some(b"%20") { from + 3 } else { from };
    let to =
        run_end(bytes, from, |byte| is_word_byte(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'='));
    let text = buffer.get(from..to)?;
    let secret = if is_bearer { text.len() >= 8 && looks_random(text) } else { is_basic(text) };
    secret.then_some((from, to, Class::Authorization))
}

/// The rest of an address that nobody may know.
fn hook(bytes: &[u8], start: usize, runs: &mut Runs) -> Option<(usize, usize, Class)> {
    let from = start + beginning_at(bytes, start);
    let ends =
        |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b'>' | b')' | b',' | b'?');
    let to = runs.hook.end(bytes, from, |byte| !ends(byte));
    (to - from >= 8).then_some((from, to, Class::ProviderKey))
}

/// From the first part of the path that is as long and random as a token to the end of the path.
fn link(buffer: &str, start: usize) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let from = start + beginning_at(bytes, start);
    let is_path = |byte: u8| is_word_byte(byte) || matches!(byte, b'/' | b'.' | b'~' | b'=');
    let to = run_end(bytes, from, is_path).min(from + LINK_BYTES);
    let path = buffer.get(from..to)?;
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let is_token = |part: &&str| part.len() >= TOKEN_BYTES && (2..part.len()).contains(&digits(part));
    let token = path.split('/').find(is_token)?;
    Some((from + offset_in(token, path), to, Class::ProviderKey))
}

/// How long the beginning is that stands at `start`.
fn beginning_at(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let text = BEGINNINGS.iter().find(|(text, _)| rest.starts_with(text.as_bytes()));
    text.map_or(0, |(text, _)| text.len())
}

fn assignment(place: Option<(usize, usize)>) -> Option<(usize, usize, Class)> {
    place.map(|(from, to)| (from, to, Class::Assignment))
}

/// The runs of bytes that were read last, each by the end it shares with everything that begins inside of
/// it: `sk-sk-sk-...` is read once and not once for every `sk-`.
#[derive(Default)]
pub(super) struct Runs {
    /// Of a token.
    token: Run,
    /// Of the rest of an address.
    hook: Run,
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

/// No letter or digit stands before; the letter of an escape (`\n`) in raw JSON does not count.
fn starts_word(bytes: &[u8], start: usize) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| bytes.get(at));
    let escape = before(2) == Some(&b'\\') && matches!(before(1), Some(b'n' | b't' | b'r'));
    escape || !before(1).is_some_and(u8::is_ascii_alphanumeric)
}

/// From `-----BEGIN ... PRIVATE KEY-----` to the end of the matching `-----END ...-----`, or of everything.
fn private_key(buffer: &str, start: usize) -> Option<(usize, usize, Class)> {
    let head = buffer.as_bytes().get(start..(start + 64).min(buffer.len()))?;
    memchr::memmem::find(head, b"PRIVATE KEY")?;
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

fn is_no_example(text: &str) -> bool {
    !(text.contains("XXXX") || text.contains("0000000000") || text.contains("xxxxxxxx"))
}
