//! Members and elements of a text of JSON, found by brackets and quotes alone.

use std::ops::Range;

use super::json::{skip_container, skip_string};

/// The value of a member of the object at `at`.
pub(super) fn member(line: &str, at: usize, name: &str) -> Option<Range<usize>> {
    members(line.as_bytes(), at).find(|(key, _)| line.get(key.clone()) == Some(name)).map(|(_, value)| value)
}

/// Keys (without quotes) and values of the object at `at`; nothing if none stands there.
pub(super) fn members(bytes: &[u8], at: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
    let mut at = if bytes.get(at) == Some(&b'{') { at + 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        at = skip_between(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = skip_string(bytes, at + 1).ok()?;
        let key = at + 1..end;
        let colon = skip_between(bytes, end + 1);
        let value =
            if bytes.get(colon) == Some(&b':') { skip_between(bytes, colon + 1) } else { return None };
        at = value_end(bytes, value);
        Some((key, value..at))
    })
}

/// The elements of the array at `at`; nothing if none stands there.
pub(super) fn elements(bytes: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = if bytes.get(at) == Some(&b'[') { at + 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        let start = skip_between(bytes, at);
        if matches!(bytes.get(start), None | Some(b']' | b'}')) {
            return None;
        }
        at = value_end(bytes, start);
        (at > start).then_some(start..at)
    })
}

fn skip_between(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let gap = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b','));
    at + gap.unwrap_or(rest.len())
}

/// Where the value ends that starts at `at`.
pub(super) fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'{' | b'[') => skip_container(bytes, at).unwrap_or(bytes.len()),
        Some(b'"') => skip_string(bytes, at + 1).map_or(bytes.len(), |end| end + 1),
        _ => {
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len())
        }
    }
}
