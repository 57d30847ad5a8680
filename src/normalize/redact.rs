//! Secrets and personal data, taken out before anything else sees an event.
//!
//! The whole buffer of an event is treated at once: the raw line, decoded strings and everything
//! derived from them. Findings are replaced by markers (`‹redacted:jwt›`) and all spans are moved along,
//! so that no copy of a secret is left behind. Two kinds of finding:
//! - by name: the value of `password`, `authorization`, `set-cookie`, ... whatever it looks like, and every
//!   other place of the line that holds the same text;
//! - by shape: tokens with a known prefix, JSON web tokens, bearer and basic credentials, private keys,
//!   passwords in URLs, `?token=`, payment cards that pass Luhn's check, e-mail addresses.
//!
//! A clean line costs one packed search, one search for `@` and one vectorised look for runs of digits.
//!
//! **E-mail addresses** become pseudonyms, `‹email:1f2e3d4c5b6a›`: a keyed hash, so that equal addresses stay
//! equal and nobody without the key can find the address by guessing. Exception by default
//! ([`Emails::KeepUsers`]): an address that *is* the user of the event (`user.name`, `user.email`) stays readable in
//! that event; whoever must act on a lockout has to know whose account it is.
//!
//! **Fail closed**: an event with more than [`HIT_LIMIT`] findings beside addresses loses all its text, and so does one with more
//! than [`NAMED_LIMIT`] different secrets that are looked for everywhere. Every other cost grows with the length of
//! the event alone.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, packed};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;

use super::alias::fold;
use super::literal;
use crate::event::{Event, Field, Kind, Origin, PathId, Span, canonical};

/// More findings than this in one event and all of its text is dropped.
pub const HIT_LIMIT: usize = 1_000;
/// What is left of an event that could not be redacted.
pub const FAILED: &str = "‹redaction-failed›";

/// What a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// The value of a field with a secret's name.
    Named,
    JsonWebToken,
    /// Credentials after `Bearer` or `Basic`.
    Authorization,
    /// A key with the prefix of a known provider.
    ProviderKey,
    PrivateKey,
    /// The password in `https://user:password@host`.
    UrlPassword,
    /// `token=...`, `password: ...` inside a text.
    Assignment,
    Card,
    Email,
    /// A configured pattern.
    Pattern,
}

impl Class {
    pub const ALL: [Class; 10] = [
        Class::Named,
        Class::JsonWebToken,
        Class::Authorization,
        Class::ProviderKey,
        Class::PrivateKey,
        Class::UrlPassword,
        Class::Assignment,
        Class::Card,
        Class::Email,
        Class::Pattern,
    ];

    /// The word in the marker.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Named | Class::Pattern => "secret",
            Class::JsonWebToken => "jwt",
            Class::Authorization => "credentials",
            Class::ProviderKey => "key",
            Class::PrivateKey => "private-key",
            Class::UrlPassword | Class::Assignment => "value",
            Class::Card => "card",
            Class::Email => "email",
        }
    }
}

/// What happens to e-mail addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emails {
    /// Pseudonyms, except for the address that is the user of the event.
    #[default]
    KeepUsers,
    Pseudonyms,
    Keep,
}

/// How events are redacted.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// False: findings are counted only.
    pub enabled: bool,
    pub emails: Emails,
    /// Key of the pseudonyms. Keep it secret and keep it: pseudonyms under another key are other pseudonyms.
    pub key: [u8; 32],
    /// Further fields whose values are secrets, wherever in a dotted name they stand. Spelling does not matter.
    pub names: Vec<String>,
    /// Further shapes of secrets. None may match the empty text.
    pub patterns: Vec<Regex>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self {
            enabled: true,
            emails: Emails::default(),
            key: [0; 32],
            names: Vec::new(),
            patterns: Vec::new(),
        }
    }
}

/// Findings so far, by [`Class`] in the order of [`Class::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedactionCounters {
    pub found: [u64; Class::ALL.len()],
    /// Events that lost all their text.
    pub failed: u64,
}

/// A place in the buffer of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hit {
    start: usize,
    end: usize,
    class: Class,
    /// Stands in JSON without quotes.
    bare: bool,
}

/// A text that is secret wherever it stands.
struct Secret<'e> {
    text: &'e str,
    class: Class,
    /// How often it was found, and how often of these in the line itself.
    places: usize,
    in_raw: usize,
}

/// Redacts events, one after the other.
pub(super) struct Redactor {
    options: Redaction,
    /// Configured names, folded and between dots.
    names: Vec<String>,
    hits: Vec<Hit>,
    /// How many of them are no addresses.
    secrets: usize,
    /// There are more secrets than are looked for.
    flooded: bool,
    digits: Vec<u8>,
    /// Lines of a private key that may still come, after its first line.
    key_lines: u32,
    pub(super) counters: RedactionCounters,
}

/// Longest private key, in lines, that is expected after its first line.
const KEY_LINES: u32 = 120;
/// Shorter secrets are masked where they stand, but not looked for elsewhere in the line.
const SEARCH_LENGTH: usize = 6;
/// Different secrets of one event that are looked for everywhere in it, each of which costs a pass; with more
/// of them all of its text is dropped.
pub const NAMED_LIMIT: usize = 64;
/// Longest word to which a secret is assigned.
const WORD_LENGTH: usize = 64;
/// How much of a value is looked at to tell a secret from a word; what is longer is no word.
const VALUE_LENGTH: usize = 256;
/// Users of one event whose addresses stay readable.
const USER_LIMIT: usize = 16;

impl Redactor {
    pub(super) fn new(options: Redaction) -> Self {
        Self {
            names: options.names.iter().map(|name| format!(".{}.", fold(name))).collect(),
            options,
            hits: Vec::new(),
            secrets: 0,
            flooded: false,
            digits: Vec::new(),
            key_lines: 0,
            counters: RedactionCounters::default(),
        }
    }

    /// Redacts an event. `secrets` says whether any field may be named like a secret, `is_secret` says which paths are named like a secret, `is_id` which hold ids, whose
    /// digits are no cards.
    pub(super) fn redact(
        &mut self,
        event: &mut Event,
        secrets: bool,
        is_secret: impl Fn(PathId) -> bool,
        is_id: impl Fn(PathId) -> bool,
    ) {
        self.hits.clear();
        (self.secrets, self.flooded) = (0, false);
        if secrets {
            self.find_named(event, is_secret);
        }
        if !self.options.patterns.is_empty() {
            self.find_patterns(event);
        }
        self.find_shapes(event, &is_id);
        self.find_cards(event, &is_id);
        self.find_emails(event);
        self.find_key_lines(event);
        if self.hits.is_empty() {
            return;
        }
        for hit in &self.hits {
            if let Some(count) = self.counters.found.get_mut(hit.class as usize) {
                *count += 1;
            }
        }
        if !self.options.enabled {
            return;
        }
        if self.is_flooded() {
            self.counters.failed += 1;
            event.erase(FAILED);
            return;
        }
        self.replace(event);
    }

    /// Fields by name, and every other place with the same text.
    fn find_named(&mut self, event: &Event, is_secret: impl Fn(PathId) -> bool) {
        let mut known = Vec::new();
        for (index, field) in event.fields().iter().enumerate() {
            let candidate = field.origin == Origin::Line
                && matches!(field.kind, Kind::String | Kind::Number)
                && (is_secret(field.path)
                    || (field.path == PathId::OVERFLOW && self.is_secret_overflow(event, index)));
            if candidate && !is_masked(event.text(field.span)) {
                let start = field.span.start as usize;
                let bare = field.kind == Kind::Number;
                let hit = Hit { start, end: start + field.span.len as usize, class: Class::Named, bare };
                self.note(event, hit, &mut known);
            }
        }
        for secret in known {
            self.find_everywhere(event, &secret, SEARCH_LENGTH, secret.places);
        }
    }

    /// Whether a field name promises a secret, by itself or because it was configured.
    pub(super) fn is_secret_name(&self, name: &str) -> bool {
        let configured = || {
            let name = format!(".{}.", fold(name));
            self.names.iter().any(|secret| name.contains(secret.as_str()))
        };
        is_secret_name(name) || (!self.names.is_empty() && configured())
    }

    /// Whether the dotted name of a field holds a secret, by its shape or by a configured pattern: somebody used
    /// it as a key.
    pub(super) fn name_holds_secret(&self, name: &str) -> bool {
        name_holds_secret(name) || self.options.patterns.iter().any(|pattern| pattern.is_match(name))
    }

    fn is_secret_overflow(&self, event: &Event, index: usize) -> bool {
        event.overflow_name(index).is_some_and(|name| self.is_secret_name(name))
    }

    /// Whatever a configured pattern matches in the line or in a value, and every other place with that text.
    #[cold]
    fn find_patterns(&mut self, event: &Event) {
        let patterns = std::mem::take(&mut self.options.patterns);
        let whole = Span { start: 0, len: event.raw().len() as u32 };
        let values = event.fields().iter().filter(|field| !field.kind.is_container());
        // Half a number would be no number, and the line no JSON.
        let numbers = Places::of_numbers(event);
        let mut known = Vec::new();
        for span in std::iter::once(whole).chain(values.map(|field| field.span)) {
            for found in patterns.iter().flat_map(|pattern| pattern.find_iter(event.text(span))) {
                let start = span.start as usize + found.start();
                let end = span.start as usize + found.end();
                let number = numbers.around(start, end);
                let (start, end) = number.unwrap_or((start, end));
                self.note(
                    event,
                    Hit { start, end, class: Class::Pattern, bare: number.is_some() },
                    &mut known,
                );
                if self.is_flooded() {
                    break;
                }
            }
        }
        for secret in known {
            // The line and its values show the same place twice.
            self.find_everywhere(event, &secret, 1, 1);
        }
        self.options.patterns = patterns;
    }

    /// Keeps a finding, and its text as one to look for everywhere.
    fn note<'e>(&mut self, event: &'e Event, hit: Hit, known: &mut Vec<Secret<'e>>) {
        let text = event.buffer().get(hit.start..hit.end).unwrap_or_default();
        let in_raw = usize::from(hit.start < event.raw().len());
        self.push(hit.start, hit.end, hit.class, hit.bare);
        if let Some(secret) = known.iter_mut().find(|secret| secret.text == text) {
            secret.places += 1;
            secret.in_raw += in_raw;
        } else if known.len() < NAMED_LIMIT {
            known.push(Secret { text, class: hit.class, places: 1, in_raw });
        } else {
            self.flooded = true;
        }
    }

    /// All places of a secret of at least so many bytes: as it stands, as JSON writes it inside a string, and
    /// inside a string inside a string. When fewer of them lie in the line than there must be, the line has it
    /// with escapes that cannot be foreseen, and goes whole.
    fn find_everywhere(&mut self, event: &Event, secret: &Secret<'_>, least: usize, in_raw: usize) {
        let (buffer, raw_length) = (event.buffer(), event.raw().len());
        let is_short = secret.text.len() < least;
        let mut found = if is_short { secret.in_raw } else { 0 };
        let mut spellings = vec![secret.text.to_owned()];
        while spellings.len() < 3
            && let Some(next) = spellings.last().and_then(|text| escaped(text))
        {
            spellings.push(next);
        }
        for text in spellings.iter().filter(|_| !is_short) {
            for at in memchr::memmem::find_iter(buffer.as_bytes(), text.as_bytes()) {
                found += usize::from(at < raw_length);
                self.push(at, at + text.len(), secret.class, false);
                if self.is_flooded() {
                    return;
                }
            }
        }
        found += self.find_hidden(event.raw(), secret, &spellings, is_short);
        if found < in_raw {
            self.push(0, raw_length, secret.class, false);
        }
    }

    /// Strings of the line that spell a secret as nobody could foresee are masked whole; returns how many. A
    /// short secret may be a part of any word, so only a string that is nothing else counts.
    fn find_hidden(&mut self, raw: &str, secret: &Secret<'_>, spellings: &[String], is_short: bool) -> usize {
        if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
            return 0;
        }
        let count = |text: &str| match is_short {
            true => usize::from(text == secret.text),
            false => text.matches(secret.text).count(),
        };
        let seen = |text: &str| match is_short {
            true => count(text),
            false => spellings.iter().map(|spelling| text.matches(spelling.as_str()).count()).sum(),
        };
        let mut found = 0;
        literal::find_hidden(raw, &count, &seen, |start, end| {
            found += 1;
            self.push(start, end, secret.class, false);
        });
        found
    }

    fn is_flooded(&self) -> bool {
        self.flooded || self.is_full()
    }

    /// More secrets than are masked one by one. Addresses do not count: anybody can send a thousand of them,
    /// and an event without its text is one that no rule can judge.
    fn is_full(&self) -> bool {
        self.secrets > HIT_LIMIT
    }

    fn push(&mut self, start: usize, end: usize, class: Class, bare: bool) {
        if start < end && !self.is_full() {
            self.secrets += usize::from(class != Class::Email);
            self.hits.push(Hit { start, end, class, bare });
        }
    }

    /// Everything that is recognised by its beginning.
    fn find_shapes(&mut self, event: &Event, is_id: &impl Fn(PathId) -> bool) {
        let buffer = event.buffer();
        let mut ids = None;
        let mut runs = Runs::default();
        for_each_beginning(buffer.as_bytes(), |beginning, start| {
            if let Some((from, to, class)) = beginning.secret(buffer, start, &mut runs)
                && !buffer.get(from..to).is_none_or(is_masked)
                && !(beginning.is_key_id()
                    && ids.get_or_insert_with(|| Places::of_ids(event, is_id)).cover(from, to))
            {
                self.push(from, to, class, false);
            }
            !self.is_full()
        });
    }

    fn find_cards(&mut self, event: &Event, is_id: &impl Fn(PathId) -> bool) {
        let bytes = event.buffer().as_bytes();
        if !may_hold_card(bytes, &mut self.digits) {
            return;
        }
        let mut at = 0;
        let (mut ids, mut numbers) = (None, None);
        while let Some((start, end)) = next_card(bytes, at).filter(|_| !self.is_full()) {
            at = end;
            if !ids.get_or_insert_with(|| Places::of_ids(event, is_id)).cover(start, end) {
                let bare = numbers.get_or_insert_with(|| Places::of_numbers(event)).cover(start, end);
                self.push(start, end, Class::Card, bare);
            }
        }
    }

    fn find_emails(&mut self, event: &Event) {
        if self.options.emails == Emails::Keep {
            return;
        }
        let buffer = event.buffer();
        let bytes = buffer.as_bytes();
        let mut users = None;
        for at in memchr::memchr2_iter(b'@', b'%', bytes) {
            let width = if bytes.get(at) == Some(&b'@') { 1 } else { 3 };
            if width == 3 && bytes.get(at..at + 3) != Some(b"%40") {
                continue;
            }
            let Some((start, end)) = email_around(bytes, at, width) else { continue };
            let keep = self.options.emails == Emails::KeepUsers
                && buffer.get(start..end).is_some_and(|address| {
                    let address = decoded_address(address);
                    let users = users.get_or_insert_with(|| users_of(event));
                    users.iter().any(|user| user.eq_ignore_ascii_case(&address))
                });
            if !keep {
                self.push(start, end, Class::Email, false);
            }
        }
    }

    /// The lines after `-----BEGIN ... PRIVATE KEY-----`, where a key spans several lines of a text log.
    fn find_key_lines(&mut self, event: &Event) {
        let raw = event.raw();
        let key_begins = self.hits.iter().any(|hit| hit.class == Class::PrivateKey);
        if key_begins {
            let json = raw.trim_start().starts_with('{');
            self.key_lines = if json || raw.contains("-----END") { 0 } else { KEY_LINES };
        } else if self.key_lines > 0 {
            let line = raw.trim();
            let part_of_key = line.len() <= 80
                && line
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
            if line.contains("-----END") {
                self.key_lines = 0;
            } else if part_of_key && !line.is_empty() {
                self.key_lines -= 1;
                self.push(0, event.buffer().len(), Class::PrivateKey, false);
            }
        }
    }

    /// Puts markers in the place of all findings.
    fn replace(&mut self, event: &mut Event) {
        self.hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
        self.hits.dedup_by(|later, earlier| {
            let overlaps = later.start < earlier.end;
            if overlaps {
                earlier.end = earlier.end.max(later.end);
                earlier.bare |= later.bare;
            }
            overlaps
        });
        let ranges: Vec<_> = self.hits.iter().map(|hit| hit.start..hit.end).collect();
        let (hits, key) = (&self.hits, &self.options.key);
        event.rewrite(&ranges, |index, old, out| {
            let Some(hit) = hits.get(index) else { return };
            if hit.bare {
                out.push('"');
            }
            match hit.class {
                Class::Email => push_pseudonym(key, &decoded_address(old), out),
                class => {
                    out.push_str("‹redacted:");
                    out.push_str(class.word());
                    out.push('›');
                }
            }
            if hit.bare {
                out.push('"');
            }
        });
        unquote_numbers(event);
    }
}

/// Markers in the place of numbers stand in quotes, so that the line stays JSON; the field has the text
/// between them.
fn unquote_numbers(event: &mut Event) {
    for index in 0..event.fields().len() {
        let Some(field) = event.fields().get(index).copied() else { return };
        if field.kind == Kind::Number
            && event.text(field.span).starts_with("\"‹")
            && let Some(field) = event.fields_mut().get_mut(index)
        {
            field.kind = Kind::String;
            field.span.start += 1;
            field.span.len -= 2;
        }
    }
}

/// `‹email:` and twelve digits of a keyed hash of the address in lower case.
fn push_pseudonym(key: &[u8; 32], address: &str, out: &mut String) {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(b"email\0");
    hasher.update(address.to_ascii_lowercase().as_bytes());
    let hash = hasher.finalize().to_hex();
    out.push_str("‹email:");
    out.push_str(hash.get(..12).unwrap_or_default());
    out.push('›');
}

fn decoded_address(address: &str) -> String {
    address.replace("%40", "@")
}

/// Who the event is about: different names only, and not more than an event has users.
fn users_of(event: &Event) -> Vec<&str> {
    let mut users = Vec::new();
    for user in [canonical::USER_NAME, canonical::USER_EMAIL].into_iter().flat_map(|path| event.all(path)) {
        if users.len() < USER_LIMIT && !users.contains(&user) {
            users.push(user);
        }
    }
    users
}

/// Whether a field name of this dotted path promises a secret.
fn is_secret_name(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let last = parts.next().is_some_and(|part| is_secret_word(&fold(part)));
    last || parts
        .any(|part| matches!(fold(part).as_str(), "password" | "credentials" | "secrets" | "cookies"))
}

fn is_secret_word(word: &str) -> bool {
    const WORDS: [&str; 32] = [
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "authorization",
        "proxyauthorization",
        "cookie",
        "cookies",
        "setcookie",
        "httpcookie",
        "cscookie",
        "apikey",
        "xapikey",
        "privatekey",
        "otp",
        "totp",
        "pin",
        "cvv",
        "cvc",
        "ssn",
        "cardnumber",
        "creditcard",
        "jwt",
        "credentials",
        "connectionstring",
        "dsn",
        "accesskey",
        "session",
    ];
    /// Endings of names that are about a secret without being one.
    const HARMLESS: [&str; 26] = [
        "name",
        "id",
        "ids",
        "type",
        "count",
        "policy",
        "hash",
        "enabled",
        "required",
        "expires",
        "expiry",
        "expiresin",
        "expiresat",
        "length",
        "changed",
        "changedat",
        "attempts",
        "age",
        "url",
        "uri",
        "path",
        "status",
        "valid",
        "limit",
        "usage",
        "method",
    ];
    const PARTS: [&str; 11] = [
        "password",
        "passwd",
        "secretkey",
        "clientsecret",
        "apikey",
        "privatekey",
        "accesstoken",
        "refreshtoken",
        "signingkey",
        "encryptionkey",
        "secretaccess",
    ];
    if WORDS.contains(&word) {
        return true;
    }
    if HARMLESS.iter().any(|ending| word.ends_with(ending)) || word.starts_with("public") {
        return false;
    }
    PARTS.iter().any(|part| word.contains(part)) || word.ends_with("token") || word.ends_with("secret")
}

/// Whether the dotted name of a field holds anything that is redacted by its shape: somebody used a
/// secret as a key.
fn name_holds_secret(name: &str) -> bool {
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

/// Somebody else has masked the value already, or it says nothing.
fn is_masked(text: &str) -> bool {
    text.is_empty()
        || (text.len() <= VALUE_LENGTH && text.contains("***"))
        || text.starts_with("‹")
        || text.starts_with("[REDACTED")
        || text.starts_with("[FILTERED")
        || text.eq_ignore_ascii_case("<redacted>")
        || text.eq_ignore_ascii_case("redacted")
        || matches!(text, "-" | "null" | "None" | "true" | "false")
}

/// The text as it stands inside a JSON string, if that differs.
fn escaped(text: &str) -> Option<String> {
    let quoted = serde_json::to_string(text).ok()?;
    let inner = quoted.get(1..quoted.len() - 1)?;
    (inner != text).then(|| inner.to_owned())
}

/// How a secret begins, and how it goes on.
#[derive(Clone, Copy)]
enum Beginning {
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
fn for_each_beginning(bytes: &[u8], mut found: impl FnMut(Beginning, usize) -> bool) {
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
    fn is_key_id(self) -> bool {
        matches!(self, KeyId(_))
    }

    /// Where the secret lies that begins (or is announced) at `start`.
    fn secret(self, buffer: &str, start: usize, runs: &mut Runs) -> Option<(usize, usize, Class)> {
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
struct Runs {
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

/// Ranges of the buffer, ready to be asked for what lies inside of one.
struct Places {
    starts: Vec<usize>,
    /// The furthest end of the ranges up to here.
    ends: Vec<usize>,
}

impl Places {
    fn new(mut ranges: Vec<(usize, usize)>) -> Self {
        ranges.sort_unstable();
        let mut furthest = 0;
        let ends = ranges.iter().map(|(_, end)| {
            furthest = furthest.max(*end);
            furthest
        });
        Self { ends: ends.collect(), starts: ranges.iter().map(|(start, _)| *start).collect() }
    }

    fn of(event: &Event, wanted: impl Fn(&Field) -> bool) -> Self {
        let fields = event.fields().iter().filter(|field| wanted(field));
        let range = |field: &Field| {
            let start = field.span.start as usize;
            (start, start + field.span.len as usize)
        };
        Self::new(fields.map(range).collect())
    }

    /// Values of fields that hold ids.
    fn of_ids(event: &Event, is_id: &impl Fn(PathId) -> bool) -> Self {
        Self::of(event, |field| !field.kind.is_container() && is_id(field.path))
    }

    /// Numbers, which stand in JSON without quotes.
    fn of_numbers(event: &Event) -> Self {
        Self::of(event, |field| field.kind == Kind::Number)
    }

    fn cover(&self, start: usize, end: usize) -> bool {
        self.around(start, end).is_some()
    }

    /// The range that holds a place, where ranges do not overlap.
    fn around(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let last = self.starts.partition_point(|known| *known <= start).checked_sub(1)?;
        let furthest = *self.ends.get(last)?;
        (end <= furthest).then_some((*self.starts.get(last)?, furthest))
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// No letter or digit stands before; the letter of an escape (`\n`) in raw JSON does not count.
fn starts_word(bytes: &[u8], start: usize) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| bytes.get(at));
    let escape = before(2) == Some(&b'\\') && matches!(before(1), Some(b'n' | b't' | b'r'));
    escape || !before(1).is_some_and(u8::is_ascii_alphanumeric)
}

fn run_end(bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
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

/// Whether digits stand at certain places of a row of 13, where every way to write a card number has them:
/// together, in groups of four, or as 4-6-5. One vectorised pass marks digits, a second looks at ten marks at once.
fn may_hold_card(bytes: &[u8], digits: &mut Vec<u8>) -> bool {
    const BLOCK: usize = 32;
    const WINDOW: usize = BLOCK + 12;
    digits.clear();
    digits.extend(bytes.iter().map(|byte| u8::from(byte.wrapping_sub(b'0') < 10)));
    // Marks of nothing after the end, so that the last block is a whole one.
    digits.resize(bytes.len() + WINDOW, 0);
    let mut at = 0;
    while let Some(w) = digits.get(at..).and_then(|rest| rest.first_chunk::<WINDOW>()) {
        let mut any = 0;
        for i in 0..BLOCK {
            let first = w[i] & w[i + 1] & w[i + 2] & w[i + 3];
            let second = w[i + 5] & w[i + 6] & w[i + 7] & w[i + 8];
            any |= first & second & w[i + 10] & w[i + 12];
        }
        if any != 0 {
            return true;
        }
        at += BLOCK;
    }
    false
}

/// The next card number from `at` on. Groups of digits may be set apart by single spaces or hyphens; what
/// stands before and after may be groups of digits, too.
fn next_card(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    loop {
        let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
        let mut end = digits_end(bytes, start);
        let mut digits = end - start;
        at = end;
        for _ in 0..MOST_GROUPS {
            if (13..=19).contains(&digits) && is_card(bytes, start, end) {
                return Some((start, end));
            }
            let separated = matches!(bytes.get(end), Some(b' ' | b'-'));
            let next = digits_end(bytes, end + 1);
            if !separated || next == end + 1 || digits > 19 {
                break;
            }
            digits += next - end - 1;
            end = next;
        }
    }
}

/// `4111 1111 1111 1111 111`
const MOST_GROUPS: usize = 5;

fn digits_end(bytes: &[u8], start: usize) -> usize {
    let digits =
        bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    start + digits
}

/// 13 to 19 digits of an issuer's range that pass Luhn's check, not part of a longer word or number.
fn is_card(bytes: &[u8], start: usize, end: usize) -> bool {
    let text = bytes.get(start..end).unwrap_or_default();
    let digits: Vec<u8> =
        text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').take(20).collect();
    let separators = text.len() - text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let joined = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
    };
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = match bytes.get(end) {
        // The end of a sentence.
        Some(b'.') if !bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => None,
        other => other,
    };
    // Inside raw JSON a letter before the digits may belong to an escape: `\n4111...`.
    let escape =
        matches!(before, Some(b'n' | b't' | b'r')) && start >= 2 && bytes.get(start - 2) == Some(&b'\\');
    (13..=19).contains(&digits.len())
        && (separators == 0 || (2..=4).contains(&separators))
        && (escape || !joined(before))
        && !joined(after)
        && is_issuer(&digits)
        && luhn(&digits)
}

fn is_issuer(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0u32, |head, digit| head * 10 + u32::from(*digit));
    match digits.len() {
        15 => matches!(head / 100, 34 | 37),
        14 => matches!(head / 100, 30 | 36 | 38 | 39),
        13 | 16 | 19 if head / 1000 == 4 => true,
        16 => {
            matches!(head / 100, 51..=55 | 35 | 65)
                || (2221..=2720).contains(&head)
                || head == 6011
                || (6440..6500).contains(&head)
                || head / 100 == 62
        }
        17..=19 => matches!(head / 100, 62 | 63 | 67),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(*digit) * if index % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The address around the `@` (or `%40`) at `at`.
fn email_around(bytes: &[u8], at: usize, width: usize) -> Option<(usize, usize)> {
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let before = bytes.get(at.saturating_sub(64)..at)?;
    let mut start = at - before.iter().rev().take_while(|byte| local(byte)).count();
    // `\nname@host` in raw JSON: the letter belongs to the escape.
    if start > 0
        && bytes.get(start - 1) == Some(&b'\\')
        && bytes.get(start).is_some_and(|byte| matches!(byte, b'n' | b't' | b'r'))
    {
        start += 1;
    }
    let after = bytes.get(at + width..(at + width + 128).min(bytes.len()))?;
    let mut length = after.iter().take_while(|byte| domain(byte)).count();
    while length > 0 && after.get(length - 1).is_some_and(|byte| matches!(byte, b'.' | b'-')) {
        length -= 1;
    }
    let host = after.get(..length)?;
    let dot = memchr::memrchr(b'.', host)?;
    let top = host.get(dot + 1..)?;
    let valid = start < at && dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    valid.then_some((start, at + width + length))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn cards_pass_luhn_and_stand_alone() {
        let check = |text: &str| {
            let bytes = text.as_bytes();
            let mut digits = Vec::new();
            let found = next_card(bytes, 0).is_some();
            assert!(!found || may_hold_card(bytes, &mut digits), "the prefilter must not miss {text}");
            found
        };
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111 declined",
            "5500-0000-0000-0004.",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "x\\n4111111111111111",
            "a8 4111111111111111",
            "12 4111 1111 1111 1111 7",
        ] {
            assert!(check(text), "{text}");
        }
        for text in [
            "4111111111111112",
            "1762331559019123",
            "1762331559019",
            "04111111111111111",
            "a4111111111111111",
            "4111111111111111-9ee8",
            "4111.111111111111",
            "0000000000000000",
            "2025-11-01 10:10:37",
        ] {
            assert!(!check(text), "{text}");
        }
    }

    #[test]
    fn addresses_are_found_with_their_borders() {
        let check = |text: &str| {
            let at = text.find('@').map(|at| (at, 1)).or_else(|| text.find("%40").map(|at| (at, 3)));
            at.and_then(|(at, width)| email_around(text.as_bytes(), at, width))
                .and_then(|(start, end)| text.get(start..end).map(str::to_owned))
        };
        assert_eq!(check("to <maria.x+y@shop.example>."), Some("maria.x+y@shop.example".to_owned()));
        assert_eq!(check("a\\nmaria@shop.example."), Some("maria@shop.example".to_owned()));
        assert_eq!(check("?u=maria%40shop.example&x"), Some("maria%40shop.example".to_owned()));
        for text in ["ana***@shop.example", "user@host", "@shop.example", "x@1.2.3.4", "a@.com"] {
            assert_eq!(check(text), None, "{text}");
        }
    }
}
