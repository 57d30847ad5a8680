//! Objects of which one member names what another holds: `{"key":"password","value":{"stringValue":"abc"}}`, at any depth
//! of quoting and in either order.

use super::names::{is_weak_word, names_another};
use super::scan::{DEEPEST_QUOTE, looks_like_key, run_end};
use super::words::{CHANGE_MEMBERS, VALUE_MEMBERS};
use crate::normalize::alias::fold;

/// How far the other member may lie from the name.
const REACH: usize = 4_096;
/// Longest name.
const NAME_LENGTH: usize = 64;
/// No member that names another is longer.
const KEY_LENGTH: usize = 24;

/// Every value whose name is one of a secret, of the members whose keys stand before these colons.
pub(super) fn secrets(text: &str, colons: &[usize], is_secret: &dyn Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut done = 0;
    for at in colons.iter().copied() {
        let Some(named) = Named::at(text, at).filter(|_| at >= done) else { continue };
        let name = fold(named.name);
        let is_secret = is_secret(&name);
        if is_secret
            || is_weak_word(name.rsplit('.').next().unwrap_or_default())
            || is_weak_word(&name.replace('.', ""))
        {
            let values = named.value_before(bytes).or_else(|| named.value_behind(bytes)).unwrap_or_default();
            let looks = |place: &(usize, usize)| text.get(place.0..place.1).is_some_and(looks_like_key);
            let values: Vec<_> = values.into_iter().filter(|place| is_secret || looks(place)).collect();
            done = values.last().map_or(done, |(_, end)| done.max(*end));
            found.extend(values);
        }
    }
    found
}

/// A member that names another.
struct Named<'t> {
    name: &'t str,
    /// Quote with its backslashes.
    quote: &'t [u8],
    /// Where the member begins and ends.
    start: usize,
    end: usize,
}

impl<'t> Named<'t> {
    /// The member whose colon stands at `colon`.
    fn at(text: &'t str, colon: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let (from, to, quote) = key_before(bytes, colon)?;
        let key = text.get(from..to)?;
        if !names_another(key) {
            return None;
        }
        let open = run_end(bytes, colon + 1, |byte| byte == b' ');
        let start = open + quote.len();
        let close = run_end(bytes, start, |byte| byte != b'"' && byte != b'\'' && byte != b'\\')
            .min(start + NAME_LENGTH + 1);
        let quoted =
            bytes.get(open..start) == Some(quote) && bytes.get(close..close + quote.len()) == Some(quote);
        let name = text.get(start..close)?;
        quoted.then_some(Self { name, quote, start: from - quote.len(), end: close + quote.len() })
    }

    /// `,"value": ...` behind it.
    fn value_behind(&self, bytes: &[u8]) -> Option<Vec<(usize, usize)>> {
        let mut at = self.end;
        let mut changed = Vec::new();
        // Other members may stand between the two.
        for _ in 0..4 {
            at = run_end(bytes, at, |byte| matches!(byte, b' ' | b','));
            let key_start = at + self.quote.len();
            if bytes.get(at..key_start) != Some(self.quote) {
                break;
            }
            let key_end = run_end(bytes, key_start, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let colon = run_end(bytes, key_end + self.quote.len(), |byte| byte == b' ');
            if bytes.get(colon) != Some(&b':') {
                break;
            }
            let from = run_end(bytes, colon + 1, |byte| byte == b' ');
            let to = self.value_end(bytes, from);
            let key = bytes.get(key_start..key_end)?;
            if is_value_member(key) {
                return Some(self.texts(bytes, from, to));
            }
            if is_one_of(&CHANGE_MEMBERS, key) {
                changed.push((from, to));
            }
            at = to;
        }
        // One alone is something else: where a login came from, say.
        let texts = |(from, to): (usize, usize)| self.texts(bytes, from, to);
        (changed.len() > 1).then(|| changed.into_iter().flat_map(texts).collect())
    }

    /// `"value": "...",` right before it.
    fn value_before(&self, bytes: &[u8]) -> Option<Vec<(usize, usize)>> {
        let least = self.start.saturating_sub(REACH);
        let head = bytes.get(least..self.start)?;
        let open = least + memchr::memrchr(b'{', head)?;
        let at = run_end(bytes, open + 1, |byte| byte == b' ');
        let key_start = at + self.quote.len();
        let key_end = run_end(bytes, key_start, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_value_member(bytes.get(key_start..key_end)?) || key_end > self.start {
            return None;
        }
        Some(self.texts(bytes, key_end + self.quote.len(), self.start))
    }

    /// Where the value at `from` ends: a string, an object or a list, else what stands before a comma.
    fn value_end(&self, bytes: &[u8], from: usize) -> usize {
        let most = (from + REACH).min(bytes.len());
        match bytes.get(from) {
            Some(b'{' | b'[') => {
                let mut depth = 0_usize;
                let inside = bytes.get(from..most).unwrap_or_default().iter().position(|byte| {
                    depth += usize::from(matches!(byte, b'{' | b'['));
                    let closes = matches!(byte, b'}' | b']');
                    depth -= usize::from(closes && depth > 0);
                    closes && depth == 0
                });
                inside.map_or(most, |at| from + at + 1)
            }
            _ if bytes.get(from..from + self.quote.len()) == Some(self.quote) => {
                let inner = from + self.quote.len();
                self.string_end(bytes, inner) + self.quote.len()
            }
            _ => run_end(bytes, from, |byte| !matches!(byte, b',' | b'}' | b']' | b' ')),
        }
    }

    /// Where the string ends whose inside begins at `inner`.
    fn string_end(&self, bytes: &[u8], inner: usize) -> usize {
        let mut at = inner;
        while let Some(next) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), self.quote) {
            let quote = at + next;
            let body = bytes.get(inner..quote).unwrap_or_default();
            let slashes = body.iter().rev().take(64).take_while(|byte| **byte == b'\\').count();
            if slashes.is_multiple_of(2) && (slashes == 0 || self.quote.len() == 1) {
                return quote;
            }
            at = quote + self.quote.len();
        }
        bytes.len()
    }

    /// Every string and number between two places that is no key.
    fn texts(&self, bytes: &[u8], from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            if bytes.get(at..at + self.quote.len()) == Some(self.quote) {
                let start = at + self.quote.len();
                let end = self.string_end(bytes, start).min(to);
                at = (end + self.quote.len()).max(start);
                let is_key = bytes.get(run_end(bytes, at, |byte| byte == b' ')) == Some(&b':');
                found.extend((!is_key).then_some((start, end)));
            } else if bytes.get(at).is_some_and(u8::is_ascii_digit) {
                let end = run_end(bytes, at, |byte| byte.is_ascii_digit() || byte == b'.');
                found.push((at, end));
                at = end;
            } else {
                at += 1;
            }
        }
        found
    }
}

/// The quoted key before a colon: where its inside lies, and its quote.
fn key_before(bytes: &[u8], colon: usize) -> Option<(usize, usize, &[u8])> {
    let mut close = colon;
    while close > 0 && bytes.get(close - 1) == Some(&b' ') {
        close -= 1;
    }
    let byte =
        close.checked_sub(1).and_then(|at| bytes.get(at)).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let head = bytes.get(..close - 1)?;
    let level = head.iter().rev().take(DEEPEST_QUOTE).take_while(|byte| **byte == b'\\').count();
    let to = close - 1 - level;
    let length = bytes
        .get(to.saturating_sub(KEY_LENGTH)..to)?
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let from = to - length;
    let quote = bytes.get(to..close)?;
    let opens = from.checked_sub(quote.len()).and_then(|at| bytes.get(at..from)) == Some(quote);
    (opens && length > 0 && quote.last() == Some(byte)).then_some((from, to, quote))
}

fn is_value_member(key: &[u8]) -> bool {
    let ends_in_value = key.len() > 5 && key[key.len() - 5..].eq_ignore_ascii_case(b"value");
    ends_in_value || is_one_of(&VALUE_MEMBERS, key)
}

fn is_one_of(known: &[&str], key: &[u8]) -> bool {
    known.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(key))
}
