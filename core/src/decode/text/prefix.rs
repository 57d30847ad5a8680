//! What programs that show the output of others put before each line of it.

use super::{closing_quote, is_clock, is_level, split_stamp, stamp_length, without_leading_colour};
use crate::decode::line::Line;
use crate::decode::names::Names;
use crate::event::{Event, Kind, Origin, PathId};

/// Longest time before labels, in bytes.
const LONGEST_TIME: usize = 40;
/// Longest name in a prefix, in bytes.
const NAME_BYTES: usize = 128;

/// Takes a part of the line as the value of a field.
type Note<'n> = &'n mut dyn FnMut(PathId, &str);

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
    if let Some(rest) = counted(line.text) {
        return Some(Prefix { by: "syslog", rest, is_certain: true });
    }
    let readers = [fluent, fluent_bit, columns, multilog, kafka, labelled];
    if let Some(prefix) = readers.iter().find_map(|read| read(line.text, names, &mut note)) {
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
    let readers = [stamped, stern, group_and_stream, bracketed];
    readers.iter().find_map(|read| read(line.text, names, &mut note))
}

/// `api-1  | text`, with or without colours: docker compose; `09:30:00 web.1  | text`: Foreman. Gives the name, too.
fn compose(text: &str) -> Option<(&str, Prefix<'_>)> {
    let coloured = without_clock(without_leading_colour(text));
    let bar = coloured.bytes().take(NAME_BYTES).position(|byte| byte == b'|')?;
    let (head, rest) = coloured.split_at_checked(bar)?;
    let name = head.trim_end();
    // Supervisord says which stream it was.
    let named = name.strip_suffix(" stdout").or_else(|| name.strip_suffix(" stderr"));
    let of_stream = named.is_some();
    let name = named.unwrap_or(name);
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_name(name);
    if !is_word || is_level(name) || name.len() == head.len() {
        return None;
    }
    let rest = without_leading_colour(rest.get(1..)?);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let numbered = name.rsplit_once(['-', '_', '.']);
    let numbered =
        numbered.is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|digit| digit.is_ascii_digit()));
    let is_certain = numbered || of_stream || coloured.len() < text.len();
    Some((name, Prefix { by: "compose", rest, is_certain }))
}

/// Behind `09:30:00 `, if a text begins so.
fn without_clock(text: &str) -> &str {
    match text.split_once(' ') {
        Some((clock, rest)) if is_clock(clock) => rest,
        _ => text,
    }
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
    (is_number(number, 4) && is_name(name)).then_some((name, Prefix { by: "pm2", rest, is_certain: true }))
}

/// `2026-11-28 09:30:00.123456789 +0000 kube.web: {...}` and `[1795858200.123, {...}]`: Fluentd and Fluent Bit on standard
/// output. Nothing but a time in nanoseconds and a tag stands before the record.
fn fluent<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
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

/// `[0] kube.web: [[1795858200.123, {}], {"log"=>"text"}]`: Fluent Bit on standard output, with its metadata or without.
fn fluent_bit<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let (number, rest) =
        text.strip_prefix('[')?.split_once("] ").filter(|(number, _)| is_number(number, 9))?;
    let (tag, rest) = rest.split_once(": [").filter(|(tag, _)| !number.is_empty() && is_name(tag))?;
    let rest = rest.trim_end().strip_suffix(']')?;
    let (head, record) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once("}], ")?,
        None => rest.split_once(", ")?,
    };
    let time = head.split(',').next().filter(|time| stamp_length(time) == Some(time.len()))?;
    note(names.timestamp, time);
    note(names.log_stream, tag);
    record.starts_with('{').then_some(Prefix { by: "fluent", rest: record, is_certain: true })
}

/// A time, a tag and a record between tabs, as Fluentd writes files; the tag may come first.
fn columns<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let tab = text.bytes().take(NAME_BYTES).position(|byte| byte == b'\t')?;
    let (first, rest) = text.split_at_checked(tab)?;
    let (second, record) = rest.get(1..)?.split_once('\t')?;
    let is_time = |column: &str| stamp_length(column) == Some(column.len());
    let (time, tag) = if is_time(first) { (first, second) } else { (second, first) };
    if !record.starts_with('{') || !is_time(time) || !is_name(tag) {
        return None;
    }
    note(names.timestamp, time);
    note(names.log_stream, tag);
    Some(Prefix { by: "fluent", rest: record, is_certain: true })
}

/// `@4000000069a40e2a075bca00 text`: multilog, svlogd, s6-log.
fn multilog<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let (time, rest) = split_stamp(text).filter(|_| text.starts_with('@'))?;
    let rest = rest.strip_prefix(' ')?;
    note(names.timestamp, time);
    Some(Prefix { by: "multilog", rest, is_certain: true })
}

/// `CreateTime:1795858200123<TAB>key<TAB>text`: the console of Kafka; what else it was asked for stands between.
fn kafka<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let rest = text.strip_prefix("CreateTime:").or_else(|| text.strip_prefix("LogAppendTime:"))?;
    let (time, mut rest) =
        rest.split_once('\t').filter(|(time, _)| stamp_length(time) == Some(time.len()))?;
    while let Some((column, after)) =
        rest.split_once('\t').filter(|(column, _)| is_name(column) || column.contains(':'))
    {
        let is_column = column.len() <= NAME_BYTES && !column.contains([' ', '{', '"']);
        if !is_column {
            break;
        }
        rest = after;
    }
    note(names.timestamp, time);
    Some(Prefix { by: "kafka", rest, is_certain: true })
}

/// `2026-11-28T09:30:00Z {app="web", pod="web-1"} text`: logcli of Loki.
fn labelled<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let brace = text.bytes().take(LONGEST_TIME).position(|byte| byte == b'{')?;
    let (time, labels) = text.split_at_checked(brace)?;
    let time = time.strip_suffix(' ').filter(|time| stamp_length(time) == Some(time.len()))?;
    let end = labels_end(labels)?;
    let rest = labels.get(end..)?.strip_prefix(' ')?;
    note(names.timestamp, time);
    note(names.log_stream, labels.get(..end)?);
    Some(Prefix { by: "loki", rest, is_certain: true })
}

/// Where `{app="web", pod="web-1"}` ends.
fn labels_end(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix('{')?;
    loop {
        let (name, value) = rest.split_once("=\"")?;
        let is_label =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let after = value.get(closing_quote(value).filter(|_| is_label)? + 1..)?;
        if let Some(behind) = after.strip_prefix('}') {
            return Some(text.len() - behind.len());
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// `312 <158>1 ...`: syslog in a stream, as somebody has kept it with the count of its bytes.
fn counted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(' ').filter(|(count, _)| is_number(count, 7))?;
    let (priority, _) = rest.strip_prefix('<')?.split_once('>')?;
    is_number(priority, 3).then_some(rest)
}

fn is_number(word: &str, most: usize) -> bool {
    (1..=most).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[pod/api-5f7d/api] text`: kubectl logs --prefix.
fn kubectl<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
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
fn stamped<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
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
fn stern<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
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

/// `/aws/lambda/web 2026/03/01/[$LATEST]ab12 text`: the group and the stream of CloudWatch, as awslogs shows them.
fn group_and_stream<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let (group, rest) = text.strip_prefix('/').and(text.split_once(' '))?;
    let (stream, rest) = rest.split_once(' ').filter(|(stream, _)| stream.contains('/'))?;
    let is_long = group.len() > NAME_BYTES || stream.len() > NAME_BYTES;
    note(names.log_stream, Some(stream).filter(|_| !is_long)?);
    Some(Prefix { by: "cloudwatch", rest, is_certain: false })
}

/// `[api] text`: the name of a process, as concurrently and other runners of several show it.
fn bracketed<'a>(text: &'a str, names: &Names, note: Note<'_>) -> Option<Prefix<'a>> {
    let (name, rest) = without_leading_colour(text).strip_prefix('[')?.split_once("] ")?;
    if !is_name(name) || is_level(name) {
        return None;
    }
    note(names.container, name);
    Some(Prefix { by: "runner", rest: without_leading_colour(rest), is_certain: false })
}

/// What containers, pods and processes may be called.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.len() <= NAME_BYTES
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@'))
}
