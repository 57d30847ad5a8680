//! A request as values: what a parameter, a leaf, a part, a cookie holds, each by itself.
//!
//! Framing is no text: the separators of a form, the headers of a part and the braces of a document are not what
//! somebody put into a field.

use super::Place;

/// One value before its encoding is removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) place: Place,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// The name of the object around it, for what is told by both.
    pub(super) around: &'a str,
}

/// Levels of a document that are followed.
const DEPTH_LIMIT: usize = 12;

/// The beginning of a text, at most `limit` bytes.
pub(super) fn head(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Both ends of a text, at most `first` and `last` bytes; the second is empty where the first is all of it.
pub(super) fn ends(text: &str, first: usize, last: usize) -> (&str, &str) {
    let begin = head(text, first);
    let mut from = text.len().saturating_sub(last).max(begin.len());
    while !text.is_char_boundary(from) {
        from += 1;
    }
    (begin, text.get(from..).unwrap_or_default())
}

/// `a=1&b=2`: each parameter. What follows an ampersand and can be no name belongs to the value before it, whose
/// writer did not encode it.
pub(super) fn parameters<'a>(text: &'a str, place: Place, visit: &mut impl FnMut(Raw<'a>)) {
    let mut rest = text;
    loop {
        let mut end = next_ampersand(rest, 0);
        while end < rest.len() && !begins_name(rest.get(end + 1..).unwrap_or_default()) {
            end = next_ampersand(rest, end + 1);
        }
        let pair = rest.get(..end).unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        visit(Raw { place, name, text: value, around: "" });
        match rest.get(end + 1..) {
            Some(after) => rest = after,
            None => return,
        }
    }
}

fn next_ampersand(text: &str, from: usize) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    memchr::memchr(b'&', rest).map_or(text.len(), |at| from + at)
}

/// Letters, digits and what programmers put between them; an encoded blank or bracket is none of it.
fn begins_name(text: &str) -> bool {
    let end = text.bytes().take(64).position(|byte| matches!(byte, b'=' | b'&'));
    let name = text.get(..end.unwrap_or(text.len().min(64))).unwrap_or_default();
    !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'_' | b'-' | b'.' | b'[' | b']' | b'$' | b'@' | b':' | b'%' | b'*' | b',' | b'~' | b'+'
                )
                || byte >= 0x80
        })
        && !["%20", "%27", "%22", "%28", "%29", "%3C", "%3c", "%2F", "%2f"]
            .iter()
            .any(|code| name.contains(code))
}

/// `a=1; b=2`: each cookie.
pub(super) fn cookies<'a>(text: &'a str, visit: &mut impl FnMut(Raw<'a>)) {
    for pair in text.split("; ") {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        visit(Raw { place: Place::Cookie, name: name.trim(), text: value, around: "" });
    }
}

/// A body, by what it looks like; what it says it is may be wrong.
pub(super) fn body<'a>(text: &'a str, visit: &mut impl FnMut(Raw<'a>)) {
    let start = text.trim_start();
    if is_multipart(start) {
        return parts(start, visit);
    }
    if is_json(start) && json(start, visit) {
        return;
    }
    if is_xml(start) {
        visit(Raw { place: Place::Document, name: "", text, around: "" });
        return xml(start, visit);
    }
    if is_form(text) {
        return parameters(text, Place::Form, visit);
    }
    visit(Raw { place: Place::Raw, name: "", text, around: "" });
}

fn is_multipart(text: &str) -> bool {
    text.starts_with("--") && head(text, 512).to_ascii_lowercase().contains("content-disposition:")
}

pub(super) fn is_json(text: &str) -> bool {
    let after = |open: char| text.strip_prefix(open).map(|inner| inner.trim_start().chars().next());
    match (after('{'), after('[')) {
        (Some(next), _) => matches!(next, Some('"' | '}')),
        (_, Some(next)) => next.is_some_and(|c| matches!(c, '"' | '{' | '[' | '-') || c.is_ascii_digit()),
        _ => false,
    }
}

pub(super) fn is_xml(text: &str) -> bool {
    let start = head(text, 512).to_ascii_lowercase();
    let declared =
        start.starts_with("<?xml") || start.starts_with("<!doctype") || start.starts_with("<!entity");
    declared || (start.starts_with('<') && (start.contains("xmlns") || start.contains("<soap")))
}

/// Names, an equals sign, and no blank or bracket before it.
fn is_form(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'$' | b'%' | b'+' | b'&' | b'@' | b':')
        })
}

/// Each part of a multipart body: its content, and the name of its file as a value of its own.
fn parts<'a>(text: &'a str, visit: &mut impl FnMut(Raw<'a>)) {
    let Some(boundary) = text.lines().next().map(str::trim_end) else { return };
    for part in text.split(boundary).skip(1) {
        let part = part.trim_start_matches(['\r', '\n']);
        let split = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"));
        let Some((headers, content)) = split else { continue };
        if let Some(file) = attribute(headers, "filename=") {
            visit(Raw { place: Place::Part, name: "filename", text: file, around: "" });
        }
        let name = attribute(headers, " name=").unwrap_or_default();
        visit(Raw {
            place: Place::Part,
            name,
            text: content.trim_end_matches(['\r', '\n', '-']),
            around: "",
        });
    }
}

/// What stands in quotes behind `key`: to the last quote of the line, because a quote may be part of it.
fn attribute<'a>(headers: &'a str, key: &str) -> Option<&'a str> {
    let line = headers.lines().find(|line| line.contains(key))?;
    let (_, value) = line.split_once(key)?;
    let value = value.strip_prefix('"').unwrap_or(value);
    if key == "filename=" {
        return value.rfind('"').map_or(Some(value), |end| value.get(..end));
    }
    value.split('"').next()
}

/// Each leaf of a document, and each key that is more than a word. False: it is no JSON, whatever it looked like.
pub(super) fn json<'a>(text: &'a str, visit: &mut impl FnMut(Raw<'a>)) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut count) = (0, 0usize, 0);
    let mut keys = [""; DEPTH_LIMIT + 1];
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if let (Some(outer), true) = (keys.get(depth - 1).copied(), depth <= DEPTH_LIMIT) {
                    keys[depth] = outer;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(end) = string_end(bytes, at + 1) else { return false };
                let string = text.get(at + 1..end).unwrap_or_default();
                at = end;
                let key = bytes.get(end + 1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
                let level = depth.min(DEPTH_LIMIT);
                let around = keys[level.saturating_sub(1)];
                if key {
                    keys[level] = string;
                    visit(Raw { place: Place::Name, name: string, text: string, around });
                } else {
                    visit(Raw { place: Place::Json, name: keys[level], text: string, around });
                }
                count += 1;
            }
            b',' | b':' | b'+' | b'-' | b'.' => {}
            _ if byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() => {}
            _ => return false,
        }
        at += 1;
    }
    count > 0
}

fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Each text and each value of an attribute.
fn xml<'a>(text: &'a str, visit: &mut impl FnMut(Raw<'a>)) {
    let mut visit = |text: &'a str| {
        if !text.trim().is_empty() {
            visit(Raw { place: Place::Xml, name: "", text, around: "" });
        }
    };
    for piece in text.split('<').skip(1) {
        if let Some(data) = piece.strip_prefix("![CDATA[") {
            visit(data.split("]]>").next().unwrap_or(data));
            continue;
        }
        let (tag, content) = piece.split_once('>').unwrap_or((piece, ""));
        visit(content);
        if !tag.starts_with(['!', '?']) {
            tag.split('"').skip(1).step_by(2).for_each(&mut visit);
        }
    }
}
