//! Every other place of a line that holds a text which is known to be secret.
//!
//! A few secrets are looked for one by one. More of them are looked for at once, in one pass; what that would cost
//! more than a bound is hidden without a look.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Class, Hit};
use crate::event::Event;
use crate::normalize::literal;

/// This many secrets are looked for one by one.
const FEW: usize = 8;
/// Bytes of all secrets that are looked for at once, in all spellings; of more than that all of the event is hidden. A
/// line as long as it may be stays below.
const MOST_BYTES: usize = 4 << 20;

/// A text that is secret wherever it stands.
pub(super) struct Secret<'e> {
    text: &'e str,
    /// How often it was found, and how often of these in the line itself.
    places: usize,
    in_raw: usize,
}

/// The secrets of one event.
#[derive(Default)]
pub(super) struct Copies<'e> {
    secrets: Vec<Secret<'e>>,
    /// Where a text stands in `secrets`, as soon as there are more than a few.
    index: HashMap<&'e str, usize>,
}

impl<'e> Copies<'e> {
    /// Adds a place of a secret; `in_raw`: in the line itself. Whoever chooses a secret that is a piece of an address
    /// does not get to hide that address.
    pub(super) fn note(&mut self, text: &'e str, in_raw: bool) {
        if is_of_address(text) {
            return;
        }
        let known = match self.index.is_empty() {
            true => self.secrets.iter().position(|secret| secret.text == text),
            false => self.index.get(text).copied(),
        };
        if let Some(secret) = known.and_then(|at| self.secrets.get_mut(at)) {
            secret.places += 1;
            secret.in_raw += usize::from(in_raw);
            return;
        }
        self.secrets.push(Secret { text, places: 1, in_raw: usize::from(in_raw) });
        if self.secrets.len() > FEW {
            let new = self.index.len();
            self.index.extend(self.secrets.iter().map(|secret| secret.text).zip(0..).skip(new));
        }
    }

    /// Several places may be one.
    pub(super) fn count_once(&mut self) {
        self.secrets.iter_mut().for_each(|secret| secret.places = 1);
    }

    /// All places of the secrets of at least this many bytes: as they stand, as JSON writes them inside a string, and
    /// inside a string inside a string. When fewer of them lie in the line than there must be, the line has one
    /// with escapes that cannot be foreseen, and goes whole.
    pub(super) fn find(&self, event: &Event, least: usize, class: Class, hits: &mut Vec<Hit>) {
        let mut found = Found { raw_length: event.raw().len(), class, hits };
        if self.secrets.len() <= FEW {
            self.secrets.iter().for_each(|secret| find_one(event, secret, least, &mut found));
        } else {
            self.find_many(event, least, &mut found);
        }
    }

    #[cold]
    fn find_many(&self, event: &Event, least: usize, found: &mut Found<'_>) {
        let long = self.secrets.iter().enumerate().filter(|(_, secret)| secret.text.len() >= least);
        let spelled: Vec<(usize, String)> = long
            .flat_map(|(owner, secret)| spellings(secret.text).into_iter().map(move |text| (owner, text)))
            .collect();
        let search = Search::new(&spelled);
        let Some(search) = search.filter(|_| bytes(&spelled) <= MOST_BYTES) else {
            return found.push(0, event.buffer().len());
        };
        let mut in_raw: Vec<usize> = self.secrets.iter().map(|secret| secret.in_raw).collect();
        let is_short = |secret: &Secret<'_>| secret.text.len() < least;
        for (count, secret) in in_raw.iter_mut().zip(&self.secrets) {
            *count = if is_short(secret) { *count } else { 0 };
        }
        let whole = search.each(event.buffer(), |owner, start, end| {
            if start < found.raw_length
                && let Some(count) = spelled.get(owner).and_then(|(owner, _)| in_raw.get_mut(*owner))
            {
                *count += 1;
            }
            found.push(start, end);
        });
        let count = |text: &str| search.count(text);
        let hidden = found.push_hidden(event.raw(), &count, &count);
        let lacking = in_raw.iter().zip(&self.secrets);
        let lacking: usize = lacking.map(|(count, secret)| secret.places.saturating_sub(*count)).sum();
        if !whole || lacking > hidden {
            found.push(0, found.raw_length);
        }
    }
}

/// Where findings go.
struct Found<'h> {
    raw_length: usize,
    class: Class,
    hits: &'h mut Vec<Hit>,
}

impl Found<'_> {
    fn push(&mut self, start: usize, end: usize) {
        if start < end {
            self.hits.push(Hit { start, end, class: self.class, bare: false });
        }
    }

    /// Strings of the line that spell a secret as nobody could foresee are masked whole; returns how many.
    fn push_hidden(&mut self, raw: &str, count: literal::Count<'_>, seen: literal::Count<'_>) -> usize {
        if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
            return 0;
        }
        let mut found = 0;
        literal::find_hidden(raw, count, seen, |start, end| {
            found += 1;
            self.push(start, end);
        });
        found
    }
}

fn find_one(event: &Event, secret: &Secret<'_>, least: usize, found: &mut Found<'_>) {
    let is_short = secret.text.len() < least;
    let mut in_raw = if is_short { secret.in_raw } else { 0 };
    let spellings = spellings(secret.text);
    for text in spellings.iter().filter(|_| !is_short) {
        for at in memchr::memmem::find_iter(event.buffer().as_bytes(), text.as_bytes()) {
            in_raw += usize::from(at < found.raw_length);
            found.push(at, at + text.len());
        }
    }
    // A short secret may be a part of any word, so only a string that is nothing else counts.
    let count = |text: &str| match is_short {
        true => usize::from(text == secret.text),
        false => text.matches(secret.text).count(),
    };
    let seen = |text: &str| match is_short {
        true => count(text),
        false => spellings.iter().map(|spelling| text.matches(spelling.as_str()).count()).sum(),
    };
    in_raw += found.push_hidden(event.raw(), &count, &seen);
    if in_raw < secret.places {
        found.push(0, found.raw_length);
    }
}

/// Many texts, looked for in one pass.
struct Search(AhoCorasick);

impl Search {
    fn new(spelled: &[(usize, String)]) -> Option<Self> {
        // Built for one event: what is quick to make, not what is quickest to run.
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let mut builder = AhoCorasick::builder();
        let builder = builder.kind(kind).match_kind(MatchKind::Standard);
        builder.build(spelled.iter().map(|(_, text)| text)).ok().map(Self)
    }

    /// Calls `found` with every match; false when there were more than the text has bytes, and the rest was left
    /// out.
    fn each(&self, text: &str, mut found: impl FnMut(usize, usize, usize)) -> bool {
        let mut matches = self.0.find_overlapping_iter(text);
        for hit in matches.by_ref().take(text.len()) {
            found(hit.pattern().as_usize(), hit.start(), hit.end());
        }
        matches.next().is_none()
    }

    fn count(&self, text: &str) -> usize {
        self.0.find_overlapping_iter(text).take(text.len()).count()
    }
}

/// Digits with dots or colons between them, as addresses have.
fn is_of_address(text: &str) -> bool {
    text.len() >= 3
        && text.contains(['.', ':'])
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
}

fn bytes(spelled: &[(usize, String)]) -> usize {
    spelled.iter().map(|(_, text)| text.len()).sum()
}

/// A text as it stands, and as JSON writes it inside a string, and inside a string inside a string.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    while spellings.len() < 3
        && let Some(next) = spellings.last().and_then(|text| escaped(text))
    {
        spellings.push(next);
    }
    spellings
}

/// The text as it stands inside a JSON string, if that differs.
fn escaped(text: &str) -> Option<String> {
    let quoted = serde_json::to_string(text).ok()?;
    let inner = quoted.get(1..quoted.len() - 1)?;
    (inner != text).then(|| inner.to_owned())
}
