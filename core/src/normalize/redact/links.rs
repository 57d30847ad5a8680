//! Addresses that nobody may know: hooks, and links that work once.

use super::Class;
use super::runs::Runs;
use super::scan::{is_of_words, is_word_byte, looks_like_key, run_end};
use crate::event::number::offset_in;

/// Longest rest of a link that is looked at, and shortest part of it that may be a token, in bytes.
pub(super) const LINK_BYTES: usize = 256;
pub(super) const TOKEN_BYTES: usize = 16;

fn ends_address(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b'>' | b')' | b',')
}

/// The rest of an address that nobody may know.
pub(super) fn hook(bytes: &[u8], from: usize, runs: &mut Runs) -> Option<(usize, usize, Class)> {
    let to = runs.hook.end(bytes, from, |byte| !ends_address(byte) && byte != b'?');
    (to - from >= 8).then_some((from, to, Class::ProviderKey))
}

/// From the first part of the path that is as long and random as a token to the end of the path.
pub(super) fn link(buffer: &str, from: usize) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let is_path = |byte: u8| is_word_byte(byte) || matches!(byte, b'/' | b'.' | b'~' | b'=');
    let to = run_end(bytes, from, is_path).min(from + LINK_BYTES);
    let path = buffer.get(from..to)?;
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let is_token = |part: &&str| {
        part.len() >= TOKEN_BYTES && (2..part.len()).contains(&digits(part)) && !is_of_words(part)
    };
    let token = path.split('/').find(is_token)?;
    Some((from + offset_in(token, path), to, Class::ProviderKey))
}

/// The first parameter of such a link that looks like a key, whatever it is called.
pub(super) fn parameter(buffer: &str, from: usize) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let most = bytes.get(..bytes.len().min(from + LINK_BYTES))?;
    let query = buffer.get(from..run_end(most, from, |byte| !ends_address(byte)))?;
    let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    let token = values.into_iter().find(|value| looks_like_key(value))?;
    let from = offset_in(token, buffer);
    let to = run_end(bytes, from, |byte| !ends_address(byte) && byte != b'&');
    Some((from, to, Class::ProviderKey))
}
