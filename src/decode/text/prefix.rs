//! What programs that show the output of others put before each line of it.

use super::{is_level, split_stamp, without_leading_colour};
use crate::decode::line::Line;
use crate::decode::names::Names;
use crate::event::{Event, Kind, Origin, PathId};

/// Longest name in a prefix, in bytes.
const NAME_BYTES: usize = 128;

/// What stands before a line.
pub(super) struct Prefix<'a> {
    pub(super) by: &'static str,
    /// The line.
    pub(super) rest: &'a str,
    /// Nobody else writes lines that begin so; otherwise the rest has to be a line of a known format.
    pub(super) is_certain: bool,
}

/// Takes a prefix off that nobody else writes, and puts what it says into the event.
pub(super) fn certain<'a>(line: Line<'a>, names: &Names, event: &mut Event) -> Option<Prefix<'a>> {
    let mut note = |path: PathId, part: &str| event.push(path, Kind::String, line.span(part), Origin::Line);
    if let Some(prefix) = fluent(line.text, names, &mut note) {
        return Some(prefix);
    }
    let prefix =
        compose(line.text).filter(|(_, prefix)| prefix.is_certain).or_else(|| process_manager(line.text));
    match prefix {
        Some((name, prefix)) => {
            note(names.container, name);
            Some(prefix)
        }
        None => kubectl(line.text, names, &mut note),
    }
}

/// Takes off what could be a prefix of a line that no reader has understood.
pub(super) fn perhaps<'a>(line: Line<'a>, names: &Names, event: &mut Event) -> Option<Prefix<'a>> {
    let mut note = |path: PathId, part: &str| event.push(path, Kind::String, line.span(part), Origin::Line);
    if let Some((name, prefix)) = compose(line.text) {
        note(names.container, name);
        return Some(prefix);
    }
    stamped(line.text, names, &mut note).or_else(|| stern(line.text, names, &mut note))
}

/// `api-1  | text`, with or without colours: docker compose. Gives the name, too.
fn compose(text: &str) -> Option<(&str, Prefix<'_>)> {
    let coloured = without_leading_colour(text);
    let bar = coloured.bytes().take(NAME_BYTES).position(|byte| byte == b'|')?;
    let (head, rest) = coloured.split_at_checked(bar)?;
    let name = head.trim_end();
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_name(name);
    if !is_word || is_level(name) || name.len() == head.len() {
        return None;
    }
    let rest = without_leading_colour(rest.get(1..)?);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let numbered = name.rsplit_once(['-', '_', '.']);
    let numbered =
        numbered.is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|digit| digit.is_ascii_digit()));
    let is_certain = numbered || coloured.len() < text.len();
    Some((name, Prefix { by: "compose", rest, is_certain }))
}

/// `0|api      | text`: number and name of a process of PM2. Gives the name, too.
fn process_manager(text: &str) -> Option<(&str, Prefix<'_>)> {
    let coloured = without_leading_colour(text);
    let (number, rest) = coloured.split_once('|')?;
    let (name, rest) = rest
        .get(..rest.len().min(NAME_BYTES))
        .and_then(|head| head.find("| "))
        .map(|bar| (rest.get(..bar), rest.get(bar + 2..)))?;
    let (name, rest) = (name?.trim_end(), without_leading_colour(rest?));
    let is_number = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && is_name(name)).then_some((name, Prefix { by: "pm2", rest, is_certain: true }))
}

/// `2026-11-28 09:30:00.123456789 +0000 kube.web: {...}` and `[1795858200.123, {...}]`: Fluentd and Fluent Bit on standard
/// output. Nothing but a time in nanoseconds and a tag stands before the record.
fn fluent<'a>(text: &'a str, names: &Names, note: &mut impl FnMut(PathId, &str)) -> Option<Prefix<'a>> {
    let by = "fluent";
    if let Some(inner) = text.strip_prefix('[') {
        let (time, rest) = inner.split_once(", ").or_else(|| inner.split_once(','))?;
        let is_time = time.contains('.')
            && time.len() <= 24
            && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rest = rest.trim_end().strip_suffix(']').filter(|rest| is_time && rest.starts_with('{'))?;
        note(names.timestamp, time);
        return Some(Prefix { by, rest, is_certain: true });
    }
    let fraction = text.get(19..29)?;
    let is_fine = fraction.starts_with('.') && fraction.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let (time, rest) = split_stamp(text).filter(|_| is_fine)?;
    let (tag, record) = rest.strip_prefix(' ')?.split_once(": ")?;
    if !is_name(tag) || !record.starts_with('{') {
        return None;
    }
    note(names.timestamp, time);
    Some(Prefix { by, rest: record, is_certain: true })
}

/// `[pod/api-5f7d/api] text`: kubectl logs --prefix.
fn kubectl<'a>(text: &'a str, names: &Names, note: &mut impl FnMut(PathId, &str)) -> Option<Prefix<'a>> {
    let (path, rest) = text.strip_prefix("[pod/")?.split_once("] ")?;
    let (pod, container) = path.split_once('/')?;
    if !is_name(pod) || !is_name(container) {
        return None;
    }
    note(names.pod, pod);
    note(names.container, container);
    Some(Prefix { by: "kubectl", rest, is_certain: true })
}

/// A time and then a line: `docker logs -t`, `kubectl logs --timestamps`; between them the name of a stream
/// (CloudWatch) or of a process (Heroku: `app[web.1]: text`).
fn stamped<'a>(text: &'a str, names: &Names, note: &mut impl FnMut(PathId, &str)) -> Option<Prefix<'a>> {
    let (time, rest) = split_stamp(text)?;
    let rest = rest.strip_prefix(' ').or_else(|| rest.strip_prefix(": "))?;
    if let Some((process, message)) = rest.split_once("]: ")
        && let Some((program, dyno)) = process.split_once('[')
        && is_name(program)
        && is_name(dyno)
    {
        note(names.timestamp, time);
        note(names.program, program);
        return Some(Prefix { by: "heroku", rest: message, is_certain: true });
    }
    if let Some((stream, line)) = rest.split_once(' ')
        && (stream.contains('/') || stream.contains('['))
        && !stream.starts_with(['{', '[', '"'])
    {
        note(names.timestamp, time);
        note(names.log_stream, stream);
        return Some(Prefix { by: "cloudwatch", rest: line, is_certain: false });
    }
    note(names.timestamp, time);
    Some(Prefix { by: "timestamps", rest, is_certain: false })
}

/// `pod container text`: stern.
fn stern<'a>(text: &'a str, names: &Names, note: &mut impl FnMut(PathId, &str)) -> Option<Prefix<'a>> {
    let (pod, rest) = without_leading_colour(text).split_once(' ')?;
    let (container, rest) = without_leading_colour(rest).split_once(' ')?;
    let [pod, container] = [pod, container].map(|word| word.split('\x1b').next().unwrap_or(word));
    if !(is_name(pod) && pod.contains('-') && is_name(container)) || is_level(container) {
        return None;
    }
    note(names.pod, pod);
    note(names.container, container);
    Some(Prefix { by: "stern", rest: without_leading_colour(rest), is_certain: false })
}

/// What containers, pods and processes may be called.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.len() <= NAME_BYTES
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@'))
}
