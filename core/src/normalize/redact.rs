//! Secrets and personal data, taken out of events on their way out of memory.
//!
//! Detection, correlation keys and the context of an id see an event as it was read. Whatever is stored or shown
//! of it passes through here first ([`Redacted`](crate::event::Redacted)). The whole buffer of an event is treated
//! at once: the raw line, decoded strings and everything derived from them. Findings are replaced by pseudonyms
//! (`‹secret:1f2e3d4c5b6a›`, see [`crate::event::veil`]) and all spans are moved along, so that no copy of a
//! secret is left behind. Two kinds of finding:
//! - by name: the value of `password`, `authorization`, `set-cookie`, ... whatever it looks like, and every
//!   other place of the line that holds the same text;
//! - by shape: tokens with a known prefix, JSON web tokens, bearer and basic credentials, private keys,
//!   passwords in URLs, `?token=`, payment cards that pass Luhn's check, e-mail addresses.
//!
//! A clean line costs one packed search, one search for `@` and one vectorised look for runs of digits.
//!
//! **E-mail addresses**: by default ([`Emails::KeepUsers`]) an address that *is* a user of the event (`user.name`, `user.target.name`,
//! `user.email`) stays readable in that event; whoever must act on a lockout has to know whose account it is.
//!
//! **No number of findings hides an event.** Costs grow with the length of the event alone; where a bound is met
//! (see [`copies`]) more of its text is hidden, and never less.

mod assign;
mod cards;
mod commands;
mod copies;
mod emails;
mod known;
mod links;
mod marks;
mod members;
mod names;
mod pieces;
mod runs;
mod scan;
mod sentences;
mod shapes;
mod statements;
mod tokens;
mod words;

use std::collections::HashMap;

use foldhash::fast::RandomState;
use regex::Regex;

use self::cards::{is_other_number, may_hold_card, next_card};
use self::copies::Copies;
use self::emails::{decoded_address, email_around};
use self::known::{FOLDER, ID, Known, SECRET, SECRET_NAME, WEAK};
use self::names::{MetNames, is_secret_word};
pub(super) use self::pieces::{is_open as is_open_piece, text as piece_text};
use self::runs::Runs;
use self::scan::{looks_like_key, looks_random};
use self::shapes::for_each_beginning;
use crate::event::number::{to_u32, to_usize};
use crate::event::veil::{self, Pseudonyms};
use crate::event::{Event, Field, Kind, Origin, PathId, Paths, Redact, SecretBefore, Span, canonical};
use crate::normalize::alias::fold;

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

    /// The word of its pseudonym. Few words, so that one secret has one pseudonym wherever it is found.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Card => veil::CARD,
            Class::Email => veil::EMAIL,
            _ => veil::SECRET,
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
    /// False: nothing is hidden (test vectors).
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

/// Redacts events. What it does to one depends on that event and the options alone, so it may be asked at any
/// exit, in any order.
pub struct Redactor {
    options: Redaction,
    pseudonyms: Pseudonyms,
    known: Known,
    /// The name that fields get whose own is a secret.
    redacted_name: PathId,
    /// Names that values were assigned to.
    met: MetNames,
    hits: Vec<Hit>,
    /// Some field has a name that is to be hidden.
    renames: bool,
    digits: Vec<u8>,
    counters: RedactionCounters,
}

/// Shorter secrets are masked where they stand, but not looked for elsewhere in the line.
const SEARCH_LENGTH: usize = 6;
/// So long must an assigned value be to be looked for elsewhere: its name is a guess.
const COPY_LENGTH: usize = 12;
/// What is shorter and equal to a secret may be anything, what is longer is no name.
const ECHO_LENGTHS: std::ops::RangeInclusive<usize> = 4..=VALUE_LENGTH;
/// This many secrets of an event are looked for elsewhere in its line before they count as hidden without a look.
const ECHO_LOOKS: usize = 64;
/// How much of a value is looked at to tell a secret from a word; what is longer is no word.
const VALUE_LENGTH: usize = 256;
/// Users of one event whose addresses stay readable.
const USER_LIMIT: usize = 16;

impl Redact for Redactor {
    fn redact(&mut self, event: &mut Event) {
        if self.find(event) {
            self.count();
            self.replace(event);
        }
    }

    fn redact_beside(&mut self, event: &mut Event, raw: &mut Event) -> bool {
        let found = self.find(event);
        if found {
            raw.copy_from(event);
            self.count();
            self.replace(event);
        }
        found
    }
}

impl Redactor {
    /// `paths` are those of the events.
    #[must_use]
    pub fn new(paths: &Paths, options: Redaction) -> Self {
        let known = Known::new(paths, &options);
        Self {
            pseudonyms: Pseudonyms::new(options.key),
            met: MetNames::new(known.configured()),
            known,
            redacted_name: paths.intern("‹redacted›"),
            options,
            hits: Vec::new(),
            renames: false,
            digits: Vec::new(),
            counters: RedactionCounters::default(),
        }
    }

    /// What has been found by [`Redact::redact`].
    #[must_use]
    pub fn counters(&self) -> &RedactionCounters {
        &self.counters
    }

    /// Makes `shown` what may be shown of `event`, with the same fields in the same order. False, and nothing done,
    /// when all of it may be.
    pub fn show(&mut self, event: &Event, shown: &mut Event) -> bool {
        let found = self.find(event);
        if found {
            shown.copy_from(event);
            self.replace(shown);
        }
        found
    }

    /// A text that belongs to no event, such as the note of somebody, without the secrets in it.
    #[must_use]
    pub fn text(&mut self, text: &str) -> Option<String> {
        let mut event = Event::default();
        event.reset(text);
        self.find(&event).then(|| {
            self.replace(&mut event);
            event.raw().to_owned()
        })
    }

    /// The key of its pseudonyms; `None` when nothing is hidden.
    #[must_use]
    pub fn pseudonyms(&self) -> Option<Pseudonyms> {
        self.options.enabled.then_some(self.pseudonyms)
    }

    fn count(&mut self) {
        for hit in &self.hits {
            if let Some(count) = self.counters.found.get_mut(hit.class as usize) {
                *count += 1;
            }
        }
    }

    /// Whether anything is to be hidden; what, stays in `hits` and `renames`.
    fn find(&mut self, event: &Event) -> bool {
        self.hits.clear();
        self.renames = false;
        if !self.options.enabled {
            return false;
        }
        self.find_named(event);
        if !self.options.patterns.is_empty() {
            self.find_patterns(event);
        }
        self.find_shapes(event);
        self.find_assignments(event);
        self.find_cards(event);
        self.find_echoes(event);
        self.find_emails(event);
        self.find_continued(event);
        self.renames || !self.hits.is_empty()
    }

    /// Fields by name, and every other place with the same text.
    fn find_named(&mut self, event: &Event) {
        let mut copies = Copies::default();
        for (index, field) in event.fields().iter().enumerate() {
            let announced = is_announced(event, index);
            let flags = self.known.flags(field.path);
            self.renames |= flags & SECRET_NAME != 0;
            let named = announced
                || flags & SECRET != 0
                || (field.path == PathId::OVERFLOW
                    && event.overflow_name(index).is_some_and(|name| self.known.is_secret_name(name)));
            // Most fields are neither.
            if !named && flags & WEAK == 0 {
                continue;
            }
            let in_line = matches!(field.origin, Origin::Line | Origin::Quoted);
            let scalar = matches!(field.kind, Kind::String | Kind::Number);
            let value = event.text(field.span);
            let named = named && !(flags & FOLDER != 0 && value.starts_with(['/', '~']))
                || flags & WEAK != 0 && looks_like_key(value);
            if named && scalar && in_line && !is_masked(value) {
                let start = to_usize(field.span.start);
                let bare = field.kind == Kind::Number;
                let hit = Hit { start, end: start + to_usize(field.span.len), class: Class::Named, bare };
                self.note(event, hit, &mut copies);
            }
        }
        copies.find(event, SEARCH_LENGTH, Class::Named, &mut self.hits);
    }

    /// Whatever a configured pattern matches in the line or in a value, and every other place with that text.
    #[cold]
    fn find_patterns(&mut self, event: &Event) {
        let patterns = std::mem::take(&mut self.options.patterns);
        let whole = Span { start: 0, len: to_u32(event.raw().len()) };
        let values = event.fields().iter().filter(|field| !field.kind.is_container());
        // Half a number would be no number, and the line no JSON.
        let numbers = Places::of_numbers(event);
        let mut copies = Copies::default();
        for span in std::iter::once(whole).chain(values.map(|field| field.span)) {
            for found in patterns.iter().flat_map(|pattern| pattern.find_iter(event.text(span))) {
                let start = to_usize(span.start) + found.start();
                let end = to_usize(span.start) + found.end();
                let number = numbers.around(start, end);
                let (start, end) = number.unwrap_or((start, end));
                let hit = Hit { start, end, class: Class::Pattern, bare: number.is_some() };
                self.note(event, hit, &mut copies);
            }
        }
        // The line and its values show the same place twice.
        copies.count_once();
        copies.find(event, 1, Class::Pattern, &mut self.hits);
        self.options.patterns = patterns;
    }

    /// Keeps a finding, and its text as one to look for everywhere.
    fn note<'e>(&mut self, event: &'e Event, hit: Hit, copies: &mut Copies<'e>) {
        let text = event.buffer().get(hit.start..hit.end).unwrap_or_default();
        copies.note(text, hit.start < event.raw().len());
        self.push(hit.start, hit.end, hit.class, hit.bare);
    }

    fn push(&mut self, start: usize, end: usize, class: Class, bare: bool) {
        if start < end {
            self.hits.push(Hit { start, end, class, bare });
        }
    }

    /// Everything that is recognised by its beginning.
    fn find_shapes(&mut self, event: &Event) {
        let buffer = event.buffer();
        let mut ids = None;
        let mut runs = Runs::default();
        for_each_beginning(buffer.as_bytes(), |met| {
            if let Some((from, to, class)) = met.secret(buffer, &mut runs)
                && !buffer.get(from..to).is_none_or(is_masked)
                && !veil::in_pseudonym(buffer, from)
                && !(met.is_key_id()
                    && ids.get_or_insert_with(|| Places::of_ids(event, &mut self.known)).cover(from, to))
            {
                self.push(from, to, class, false);
            }
            true
        });
    }

    /// Everything that is assigned to a name of a secret, and what is equal to it.
    fn find_assignments(&mut self, event: &Event) {
        let (buffer, raw_length) = (event.buffer(), event.raw().len());
        let mut copies = Copies::default();
        let (known, met, hits) = (&self.known, &mut self.met, &mut self.hits);
        assign::for_each(buffer, &|name| known.is_configured(name), met, |start, end| {
            let Some(text) = buffer.get(start..end) else { return };
            if !is_masked(text) && !veil::in_pseudonym(buffer, start) {
                let bare = bytes_around(buffer, start, end) == Some((b':', b',')) && is_number(text);
                hits.push(Hit { start, end, class: Class::Assignment, bare });
                if start < raw_length && text.len() >= COPY_LENGTH {
                    copies.note(text, true);
                }
            }
        });
        copies.find(event, COPY_LENGTH, Class::Assignment, hits);
    }

    /// Values that were made of a secret, in capitals or small letters: somebody typed a password in the place of a
    /// name. What the line says elsewhere is no secret there.
    fn find_echoes(&mut self, event: &Event) {
        let raw = event.raw();
        merge(&mut self.hits);
        let mut secrets = secrets_of(raw, &self.hits);
        if secrets.is_empty() {
            return;
        }
        let lower = raw.to_ascii_lowercase();
        let mut looks = ECHO_LOOKS;
        for field in event.fields() {
            let (start, length) = (to_usize(field.span.start), to_usize(field.span.len));
            if start < raw.len() || !ECHO_LENGTHS.contains(&length) {
                continue;
            }
            let value = event.text(field.span).to_ascii_lowercase();
            let Some(secret) = secrets.get_mut(&value) else { continue };
            let is_hidden = *secret.is_hidden_everywhere.get_or_insert_with(|| {
                let places = memchr::memmem::find_iter(lower.as_bytes(), value.as_bytes());
                let looked = looks > 0;
                looks -= usize::from(looked);
                !looked || places.take(secret.hits + 1).count() <= secret.hits
            });
            if is_hidden {
                self.push(start, start + length, Class::Assignment, false);
            }
        }
    }

    /// What goes on from an earlier line.
    fn find_continued(&mut self, event: &Event) {
        match event.meta.secret_before {
            SecretBefore::No => {}
            SecretBefore::Line => self.push(0, event.buffer().len(), Class::PrivateKey, false),
            SecretBefore::Text => self.find_rest(event),
        }
    }

    /// The text of a piece of a line up to where the secret ends that an earlier piece begins with.
    #[cold]
    fn find_rest(&mut self, event: &Event) {
        let text = pieces::text(event.raw());
        let rest = text.split(['"', '\'', '&', ' ', '\\', ',', '\n']).next().unwrap_or_default();
        let mut copies = Copies::default();
        if !rest.is_empty() {
            copies.note(rest, false);
        }
        copies.find(event, 1, Class::Assignment, &mut self.hits);
    }

    fn find_cards(&mut self, event: &Event) {
        let bytes = event.buffer().as_bytes();
        if !may_hold_card(bytes, &mut self.digits) {
            return;
        }
        let mut at = 0;
        let (mut ids, mut numbers) = (None, None);
        while let Some((start, end)) = next_card(bytes, at) {
            at = end;
            let other = is_other_number(bytes, start, end)
                || ids.get_or_insert_with(|| Places::of_ids(event, &mut self.known)).cover(start, end);
            if !other {
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

    /// Puts pseudonyms in the place of all findings.
    fn replace(&mut self, event: &mut Event) {
        if self.renames {
            for field in event.fields_mut() {
                if self.known.flags(field.path) & SECRET_NAME != 0 {
                    field.path = self.redacted_name;
                }
            }
        }
        merge(&mut self.hits);
        let ranges: Vec<_> = self.hits.iter().map(|hit| hit.start..hit.end).collect();
        let (hits, pseudonyms) = (&self.hits, self.pseudonyms);
        event.rewrite(&ranges, |index, old, out| {
            let Some(hit) = hits.get(index) else { return };
            let quote = if hit.bare { "\"" } else { "" };
            out.push_str(quote);
            pseudonyms.push(hit.class.word(), &identity(hit.class, old), out);
            out.push_str(quote);
        });
        unquote_numbers(event);
    }
}

/// A secret of a line, as small letters spell it.
#[derive(Default)]
struct Spelled {
    /// How often it was found.
    hits: usize,
    /// It stands nowhere else in the line.
    is_hidden_everywhere: Option<bool>,
}

/// What was found in the line itself, but for cards and addresses.
fn secrets_of(raw: &str, hits: &[Hit]) -> HashMap<String, Spelled, RandomState> {
    let mut secrets: HashMap<String, Spelled, RandomState> = HashMap::default();
    let is_secret = |hit: &&Hit| !matches!(hit.class, Class::Card | Class::Email);
    let texts = hits.iter().filter(is_secret).filter_map(|hit| raw.get(hit.start..hit.end));
    for text in texts.filter(|text| ECHO_LENGTHS.contains(&text.len())) {
        secrets.entry(text.to_ascii_lowercase()).or_default().hits += 1;
    }
    secrets
}

/// Whether the element of a list before the one at `index` is the name of a header with a secret, as in lists of headers
/// that are names and values in turns.
fn is_announced(event: &Event, index: usize) -> bool {
    let field = |index: usize| event.fields().get(index).filter(|field| field.kind == Kind::String);
    let Some((before, value)) = index.checked_sub(1).and_then(field).zip(field(index)) else { return false };
    // Fields beyond the names that are kept have one path and names of their own.
    let is_list = before.path == value.path && event.overflow_name(index - 1) == event.overflow_name(index);
    if !is_list {
        return false;
    }
    let (name, value) = (event.text(before.span), event.text(value.span));
    let looks = || value.contains('=') || value.contains(' ') || looks_random(value);
    name.len() <= LONGEST_HEADER && !name.contains(' ') && looks() && is_secret_word(&fold(name))
}

/// Longest name of a header that is looked at.
const LONGEST_HEADER: usize = 64;

/// Whether a text ends within a secret: it may go on in the next piece of a line.
pub(super) fn ends_in_secret(text: &str) -> bool {
    let mut ends = false;
    let mut met = MetNames::new(std::iter::empty());
    assign::for_each(text, &|_| false, &mut met, |_, end| ends |= end == text.len());
    let mut runs = Runs::default();
    for_each_beginning(text.as_bytes(), |met| {
        ends |= met.secret(text, &mut runs).is_some_and(|(_, end, _)| end == text.len());
        !ends
    });
    ends
}

/// The bytes around a place; the end of everything counts as a comma.
fn bytes_around(text: &str, start: usize, end: usize) -> Option<(u8, u8)> {
    let before = text.as_bytes().get(..start)?.trim_ascii_end().last().copied()?;
    let after = text.as_bytes().get(end).copied().unwrap_or(b',');
    Some((before, if matches!(after, b'}' | b']') { b',' } else { after }))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Joins findings that overlap.
fn merge(hits: &mut Vec<Hit>) {
    hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    hits.dedup_by(|later, earlier| {
        let overlaps = later.start < earlier.end;
        if overlaps {
            if later.end > earlier.end || earlier.class == Class::Email {
                earlier.class = later.class;
            }
            earlier.end = earlier.end.max(later.end);
            earlier.bare |= later.bare;
        }
        overlaps
    });
}

/// What a finding stands for, in one spelling.
fn identity(class: Class, text: &str) -> std::borrow::Cow<'_, str> {
    match class {
        Class::Email => decoded_address(text).into(),
        Class::Card => text.chars().filter(char::is_ascii_digit).collect::<String>().into(),
        _ => text.into(),
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
    for user in [canonical::USER_NAME, canonical::USER_TARGET_NAME, canonical::USER_EMAIL]
        .into_iter()
        .flat_map(|path| event.all(path))
    {
        if users.len() < USER_LIMIT && !users.contains(&user) {
            users.push(user);
        }
    }
    users
}

/// Somebody has masked the value already, or it says nothing.
fn is_masked(text: &str) -> bool {
    text.is_empty()
        || (text.len() <= VALUE_LENGTH && text.contains("***"))
        || veil::is_pseudonym(text)
        || text.starts_with("[REDACTED")
        || text.starts_with("[FILTERED")
        || text.eq_ignore_ascii_case("<redacted>")
        || text.eq_ignore_ascii_case("redacted")
        || matches!(text, "-" | "null" | "None" | "true" | "false")
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

    fn of(event: &Event, mut wanted: impl FnMut(&Field) -> bool) -> Self {
        let fields = event.fields().iter().filter(|field| wanted(field));
        let range = |field: &Field| {
            let start = to_usize(field.span.start);
            (start, start + to_usize(field.span.len))
        };
        Self::new(fields.map(range).collect())
    }

    /// Values of fields that hold ids.
    fn of_ids(event: &Event, known: &mut Known) -> Self {
        Self::of(event, |field| !field.kind.is_container() && known.flags(field.path) & ID != 0)
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
