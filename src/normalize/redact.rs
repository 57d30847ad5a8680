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

mod cards;
mod emails;
mod names;
mod shapes;

use regex::Regex;

use self::cards::{may_hold_card, next_card};
use self::emails::{decoded_address, email_around, push_pseudonym};
use self::shapes::{Runs, for_each_beginning};
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
        names::is_secret_name(name) || (!self.names.is_empty() && configured())
    }

    /// Whether the dotted name of a field holds a secret, by its shape or by a configured pattern: somebody used
    /// it as a key.
    pub(super) fn name_holds_secret(&self, name: &str) -> bool {
        shapes::name_holds_secret(name) || self.options.patterns.iter().any(|pattern| pattern.is_match(name))
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
