//! Lines that are not JSON: web server logs, database logs, syslog, text logs of applications.
//!
//! Each reader recognises one format by its beginning and either fills the event completely or leaves
//! it alone. Fields get the names the writer of the format documents (nginx's variables, PostgreSQL's
//! jsonlog keys), so that rules written for the JSON variant hold for the text variant as well. What a
//! message says in words is not read here but in `normalize`.

mod prefix;
mod proxies;
mod servers;
mod w3c;
mod zeek;

use super::daemons;
use super::line::{Line, Writer};
use super::names::Names;
use crate::event::stamp::{self, Completion};
use crate::event::{Event, Format, Kind, Origin};
pub(super) use w3c::is_directive;

/// A line inside of a line.
#[derive(Clone, Copy)]
pub(super) struct Wrapped<'a> {
    pub(super) line: Line<'a>,
    /// Of the event, when the line has no format of its own.
    pub(super) format: Format,
    /// What it is wrapped in.
    pub(super) by: &'static str,
}

/// What is left to be read after a wrapper was taken off.
pub(super) enum Reading<'a> {
    /// The event is complete; its message comes last.
    Done(Format),
    /// The event is complete but for the objects that its writer puts after the message: context, and more of it.
    Context([Line<'a>; 2]),
    /// This part is a line of its own; what the wrapper said is in the event already.
    Inside(Wrapped<'a>),
    /// The same, but only if the part has a known format: the wrapper alone could be anything.
    Perhaps(Wrapped<'a>),
    /// Not one of the formats here.
    Unknown,
}

/// Reads a line that does not start with `{`.
pub(super) fn read<'a>(line: Line<'a>, names: &Names, event: &mut Event) -> Reading<'a> {
    let mut writer = Writer { line, event };
    if !line.text.starts_with(|c: char| c.is_ascii_alphanumeric() || "[\x1b:<-@#/".contains(c)) {
        return Reading::Unknown;
    }
    let wrapped = |line, format, by| Wrapped { line, format, by };
    if let Some(rest) = container(&mut writer, names) {
        return Reading::Inside(wrapped(line.from(rest), Format::TextLog, "cri"));
    }
    if let Some(prefix) = prefix::certain(line, names, writer.event) {
        return Reading::Inside(wrapped(line.from(prefix.rest), Format::TextLog, prefix.by));
    }
    if let Some(context) = monolog(&mut writer, names) {
        return Reading::Context(context);
    }
    let done = servers::access(&mut writer, names)
        .or_else(|| servers::nginx_error(&mut writer, names))
        .or_else(|| csvlog(&mut writer, names))
        .or_else(|| proxies::read(&mut writer, names))
        .or_else(|| w3c::read(&mut writer, names));
    if let Some(format) = done {
        return Reading::Done(format);
    }
    if let Some(message) = syslog(&mut writer, names) {
        // An object that says by itself that it is the message.
        let message = message.strip_prefix(STRUCTURED).map_or(message, str::trim_start);
        return Reading::Inside(wrapped(line.from(message), Format::Syslog, "syslog"));
    }
    // In what a program said, the name of another is but its text: whoever can log forges it.
    if writer.event.get(names.program).is_none()
        && let Some(message) = local(&mut writer, names)
    {
        return Reading::Inside(wrapped(line.from(message), Format::Syslog, "syslog"));
    }
    let done = daemons::apache_error(&mut writer, names)
        .or_else(|| daemons::weblogic(&mut writer, names))
        .or_else(|| console(&mut writer, names))
        .or_else(|| daemons::glog(&mut writer, names))
        .or_else(|| daemons::ruby(&mut writer, names))
        .or_else(|| daemons::postgres(&mut writer, names))
        .or_else(|| level_first(&mut writer, names))
        .or_else(|| in_brackets(&mut writer, names))
        .or_else(|| short_level(&mut writer, names))
        .or_else(|| server_line(&mut writer, names))
        .or_else(|| text_log(&mut writer, names));
    if let Some(format) = done {
        return Reading::Done(format);
    }
    match prefix::perhaps(line, names, writer.event) {
        Some(prefix) if prefix.is_certain => {
            Reading::Inside(wrapped(line.from(prefix.rest), Format::TextLog, prefix.by))
        }
        Some(prefix) => Reading::Perhaps(wrapped(line.from(prefix.rest), Format::TextLog, prefix.by)),
        None => Reading::Unknown,
    }
}

/// What stands before an object that is all of a message of syslog (Common Event Expression).
const STRUCTURED: &str = "@cee:";

/// Most pairs before the level of a console.
const CONSOLE_PAIRS: usize = 16;

/// Longest context of a line of Monolog that is looked for.
const CONTEXT_BYTES: usize = 8 << 10;

/// The zone and the arrival do not matter for finding where a timestamp ends.
fn stamp_length(text: &str) -> Option<usize> {
    stamp::prefix(text, Completion::default()).map(|(_, length)| length)
}

fn split_stamp(text: &str) -> Option<(&str, &str)> {
    text.split_at_checked(stamp_length(text)?)
}

/// `2022-01-28T16:04:05.413656027Z stdout F text`: the container runtime interface.
fn container<'a>(writer: &mut Writer<'_, 'a>, names: &Names) -> Option<&'a str> {
    let text = writer.line.text;
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (time, rest) = split_stamp(text)?;
    let rest = rest.strip_prefix(' ')?;
    let stream = rest.get(..6).filter(|stream| matches!(*stream, "stdout" | "stderr"))?;
    let rest = rest.get(6..)?.strip_prefix(" F ").or_else(|| rest.get(6..)?.strip_prefix(" P "))?;
    writer.string(names.time, time);
    writer.string(names.stream, stream);
    Some(rest)
}

/// Sixteen bytes in hexadecimal, with or without the dashes of a UUID.
fn is_long_id(word: &str) -> bool {
    let dashes = word.bytes().filter(|byte| *byte == b'-').count();
    let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && digits + dashes == word.len() && matches!(dashes, 0 | 4)
}

/// Where the string ends that starts at the beginning; `\"` does not end it.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// PostgreSQL's csvlog. A record whose strings hold newlines spans several lines; the first has all
/// that identifies it, the others stay text.
fn csvlog(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let (time, rest) = split_stamp(text)?;
    let mut rest =
        rest.strip_prefix(",\"").map(|_| rest).or_else(|| rest.strip_prefix(",,").map(|_| rest))?;
    let columns = names.csvlog;
    writer.string(names.timestamp, time);
    for path in columns {
        let Some(cell) = rest.strip_prefix(',') else { break };
        let cell = match cell.strip_prefix('"') {
            None => {
                let end = cell.find(',').unwrap_or(cell.len());
                let (value, after) = cell.split_at_checked(end)?;
                rest = after;
                writer.string(path, value);
                continue;
            }
            Some(quoted) => quoted,
        };
        let (value, after, doubled) = csv_cell(cell);
        rest = after;
        if doubled {
            let value = value.replace("\"\"", "\"");
            writer.event.push_text(path, Kind::String, &value, Origin::Line);
        } else {
            writer.string(path, value);
        }
    }
    Some(Format::PostgresCsv)
}

/// A quoted cell without its first quote: its text, what follows it, and whether quotes in it are
/// doubled. A cell that does not end on this line reaches to its end.
fn csv_cell(cell: &str) -> (&str, &str, bool) {
    let bytes = cell.as_bytes();
    let mut doubled = false;
    let mut at = 0;
    while let Some(quote) =
        bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)).map(|found| at + found)
    {
        if bytes.get(quote + 1) == Some(&b'"') {
            doubled = true;
            at = quote + 2;
        } else {
            let (value, after) = cell.split_at_checked(quote).unwrap_or((cell, ""));
            return (value, after.get(1..).unwrap_or_default(), doubled);
        }
    }
    (cell, "", doubled)
}

/// RFC 5424 (`<34>1 time host app pid msgid [data] text`), RFC 3164 (`<34>Dec 10 06:55:46 host app[pid]: text`) and the
/// latter without priority, with either kind of time. With a priority it is syslog whatever follows.
///
/// Gives the message.
fn syslog<'a>(writer: &mut Writer<'_, 'a>, names: &Names) -> Option<&'a str> {
    let text = writer.line.text;
    let Some(after) = text.strip_prefix('<') else {
        return syslog_3164(writer, names, text, None);
    };
    let (priority, rest) = after.split_once('>')?;
    let priority: u16 = priority.parse().ok().filter(|priority| *priority < 192)?;
    let severity = Some(priority % 8);
    let read = match rest.strip_prefix("1 ") {
        Some(rest) => syslog_5424(writer, names, rest, severity),
        None => syslog_3164(writer, names, rest, severity),
    };
    read.or_else(|| Some(syslog_of_gear(writer, names, rest, severity)))
}

fn syslog_3164<'a>(
    writer: &mut Writer<'_, 'a>,
    names: &Names,
    rest: &'a str,
    severity: Option<u16>,
) -> Option<&'a str> {
    let (time, after) = split_stamp(rest)?;
    let (host, after) = after.strip_prefix(' ')?.split_once(' ')?;
    if severity.is_some() && local_tag(host).is_some() {
        return None;
    }
    if is_plain(host) && (after.starts_with("CEF:") || after.starts_with("LEEF:")) {
        push_severity(writer, names, severity);
        writer.string(names.timestamp, time);
        writer.string(names.hostname, host);
        return Some(after.trim());
    }
    if is_plain(host) && !is_level(host) && begins_with_header(after) {
        push_severity(writer, names, severity);
        writer.string(names.timestamp, time);
        writer.string(names.hostname, host);
        return Some(after.trim());
    }
    let (tag, message) = tagged(after)?;
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => (program, pid.strip_suffix(']')?),
        None => (tag, ""),
    };
    let mnemonic = program.strip_prefix('%').unwrap_or(program);
    // Without a priority this is only syslog if it cannot be a text log (`time LEVEL logger: text`).
    if !is_plain(host)
        || !host.contains(|c: char| c.is_ascii_alphanumeric())
        || !is_plain(mnemonic)
        || is_level(host)
        || (severity.is_none() && pid.is_empty() && is_level(program))
    {
        return None;
    }
    push_severity(writer, names, severity);
    writer.string(names.timestamp, time);
    writer.string(names.hostname, host);
    push_program(writer, names, program);
    writer.number(names.pid, pid);
    match program {
        "kernel" => daemons::netfilter(writer, names, message),
        _ if program.starts_with("haproxy") => daemons::haproxy(writer, names, message),
        _ => {}
    }
    Some(message.trim())
}

/// Whether a line begins with time, host and tag, which a relay has put its own before.
fn begins_with_header(text: &str) -> bool {
    let header = || {
        let (time, rest) = split_stamp(text)?;
        let (host, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
        let (tag, _) = tagged(rest)?;
        Some(time.len() >= 15 && is_plain(host) && !is_level(host) && tag.contains('[') && !tag.contains(' '))
    };
    let is_prioritised = || {
        let (priority, rest) = text.strip_prefix('<')?.split_once('>')?;
        Some(priority.len() <= 3 && priority.parse::<u8>().is_ok() && !rest.is_empty())
    };
    is_prioritised() == Some(true) || header() == Some(true)
}

/// Behind `[   12.345678] ` and `[   12.345678 <    0.000123 >] `: seconds since the machine began, as journalctl shows
/// them instead of a time.
fn behind_uptime(text: &str) -> Option<&str> {
    let (uptime, rest) = text.strip_prefix('[')?.split_once("] ")?;
    let is_uptime = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b' ' | b'<' | b'>');
    (uptime.contains('.') && uptime.bytes().all(is_uptime)).then_some(rest)
}

/// `sshd[812]: text`, as programs begin their lines; before it nothing, or how long the machine has been up and its name.
fn local<'a>(writer: &mut Writer<'_, 'a>, names: &Names) -> Option<&'a str> {
    let text = writer.line.text;
    let (host, text) = behind_uptime(text).and_then(|rest| rest.split_once(' ')).unwrap_or(("", text));
    let (word, message) = text.split_once(' ')?;
    let (program, pid) = local_tag(word).filter(|(_, pid)| !pid.is_empty())?;
    writer.string(names.hostname, host);
    push_program(writer, names, program);
    writer.number(names.pid, pid);
    Some(message.trim())
}

/// Tag and message; some programs leave out the colon behind their process id.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    if word.ends_with(']') && word.contains('[') && !word.starts_with('[') {
        return Some((word, rest));
    }
    text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")))
}

/// Program and process of `sshd[812]:` or `sudo:`, which is how programs begin their lines on the socket of their own
/// host: they name none.
fn local_tag(word: &str) -> Option<(&str, &str)> {
    let tag = word.strip_suffix(':')?;
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => (program, pid.strip_suffix(']')?),
        None => (tag, ""),
    };
    let is_program = program.starts_with(|c: char| c.is_ascii_alphabetic())
        && !program.contains(':')
        && is_plain(program)
        && !is_level(program);
    (is_program && pid.bytes().all(|byte| byte.is_ascii_digit())).then_some((program, pid))
}

/// `%ASA-6-113015` is the code of a message; what it begins with is who speaks.
fn push_program(writer: &mut Writer<'_, '_>, names: &Names, program: &str) {
    match program.strip_prefix('%') {
        Some(mnemonic) => {
            writer.string(names.program, mnemonic.split('-').next().unwrap_or(mnemonic));
            writer.string(names.msgid, mnemonic);
        }
        None => writer.string(names.program, program),
    }
}

/// What stands behind a priority and keeps to no standard: network gear counts its lines, marks a clock that is not set
/// right, leaves out the host or the tag.
fn syslog_of_gear<'a>(
    writer: &mut Writer<'_, 'a>,
    names: &Names,
    rest: &'a str,
    severity: Option<u16>,
) -> &'a str {
    push_severity(writer, names, severity);
    let counted = rest.split_once(": ").filter(|(count, _)| count.bytes().all(|byte| byte.is_ascii_digit()));
    let rest = counted.map_or(rest, |(_, rest)| rest).trim_start_matches(['*', '.', ':', ' ']);
    let (time, after) = split_stamp(rest).unwrap_or(("", rest));
    writer.string(names.timestamp, time);
    let after = after.trim_start_matches([':', ' ']);
    let word = after.split_once(' ').filter(|(_, message)| !message.trim_start().starts_with('%'));
    if let Some(((program, pid), message)) = word.and_then(|(word, rest)| Some((local_tag(word)?, rest))) {
        push_program(writer, names, program);
        writer.number(names.pid, pid);
        return message.trim();
    }
    let message = match after.split_once(' ') {
        Some((host, message)) if !time.is_empty() && is_plain(host) && !is_level(host) => {
            writer.string(names.hostname, host);
            message.trim_start_matches([':', ' '])
        }
        _ => after,
    };
    let coded = message.strip_prefix('%').and_then(|_| message.split_once(": "));
    let Some((code, message)) = coded.filter(|(code, _)| !code.contains(' ')) else { return message.trim() };
    push_program(writer, names, code);
    message.trim()
}

/// A name of a host or a program.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 64
        && word.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b':' | b'(' | b')')
        })
}

fn syslog_5424<'a>(
    writer: &mut Writer<'_, 'a>,
    names: &Names,
    rest: &'a str,
    severity: Option<u16>,
) -> Option<&'a str> {
    let mut parts = rest.splitn(6, ' ');
    let (time, host, app) = (parts.next()?, parts.next()?, parts.next()?);
    let (pid, id, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if time != "-" && stamp_length(time) != Some(time.len()) {
        return None;
    }
    let (_, message) = match rest.strip_prefix('-') {
        Some(message) => ("", message),
        // Heroku leaves the data out.
        None if !rest.starts_with('[') => ("", rest),
        None => rest.split_at_checked(structured_data_end(rest)?)?,
    };
    push_severity(writer, names, severity);
    writer.string(names.timestamp, time);
    writer.string(names.hostname, host);
    writer.string(names.program, app);
    writer.string(names.pid, pid);
    writer.string(names.msgid, id);
    Some(message.trim().trim_start_matches('\u{feff}'))
}

/// Where `[id key="value"][id ...]` ends; brackets in values are escaped or stand in quotes.
fn structured_data_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let mut quoted = false;
        loop {
            at += 1;
            match bytes.get(at)? {
                b'"' => quoted = !quoted,
                b'\\' => at += 1,
                b']' if !quoted => break,
                _ => {}
            }
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

fn push_severity(writer: &mut Writer<'_, '_>, names: &Names, severity: Option<u16>) {
    if let Some(severity) = severity {
        writer.event.push_text(names.syslog_severity, Kind::Number, &severity.to_string(), Origin::Line);
    }
}

/// uvicorn: `INFO:     1.2.3.4:52782 - "POST /login HTTP/1.1" 401 Unauthorized`, `ERROR:    Exception in ASGI application`.
/// Also the basic format of Python: `WARNING:app.auth:text`.
fn server_line(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (word, rest) = writer.line.text.split_once(':')?;
    let level = without_colour(word);
    if !is_upper_level(level) {
        return None;
    }
    let rest = without_leading_colour(rest);
    let (logger, message) = match rest.split_once(':') {
        Some((logger, message)) if !rest.starts_with(' ') && is_logger(logger) => (logger, message),
        _ => ("", rest),
    };
    let message = message.trim();
    let access = message.split_once(" - \"").is_some_and(|(peer, _)| !peer.contains(' '));
    if message.is_empty() {
        return None;
    }
    writer.string(names.level, level);
    writer.string(names.logger, logger);
    writer.string(names.message, message);
    Some(if access { Format::Access } else { Format::TextLog })
}

/// Monolog, the logger of PHP: `[time] channel.LEVEL: text {context} {extra}`. It writes both objects after every
/// text (`[]` when empty), or neither and leaves the blanks; only so is an object there its own and not part of
/// the text.
fn monolog<'a>(writer: &mut Writer<'_, 'a>, names: &Names) -> Option<[Line<'a>; 2]> {
    let line = writer.line;
    let (time, rest) = line.text.strip_prefix('[')?.split_once("] ")?;
    stamp_length(time).filter(|length| *length == time.len())?;
    let (head, rest) = rest.split_once(": ")?;
    let (channel, level) = head.rsplit_once('.')?;
    if !is_upper_level(level) || !is_logger(channel) {
        return None;
    }
    let (message, context, extra) = match rest.strip_suffix("  ") {
        Some(message) => (message, "", ""),
        None => {
            let (rest, extra) = object_before(rest)?;
            let (message, context) = object_before(rest)?;
            (message, context, extra)
        }
    };
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.string(names.logger, channel);
    writer.string(names.message, message.trim());
    Some([line.from(context), line.from(extra)])
}

/// The text before an object, an empty array or nothing, which follows a blank and ends the text.
fn object_before(text: &str) -> Option<(&str, &str)> {
    if let Some(before) = text.strip_suffix(" []").or_else(|| text.strip_suffix(' ')) {
        return Some((before, ""));
    }
    let mut from = text.len();
    while let Some(at) = text.get(..from)?.rfind(" {") {
        let (before, object) = (text.get(..at)?, text.get(at + 1..)?);
        if serde_json::from_str::<serde::de::IgnoredAny>(object).is_ok() {
            return Some((before, object));
        }
        from = at;
        if text.len() - from > CONTEXT_BYTES {
            break;
        }
    }
    None
}

/// `09:30:00.123 request_id=F3x [error] text`, also behind a date: the console of Elixir, which puts what it knows
/// before the level.
fn console(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let (time, rest) = split_stamp(text).or_else(|| Some(("", text.get(clock_length(text)?..)?)))?;
    let message = rest.strip_prefix(' ')?;
    let (level, sentence) = level_behind_pairs(message)?;
    if !time.is_empty() && message.starts_with('[') {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.string(names.message, if message.starts_with('[') { sentence } else { message }.trim());
    Some(Format::TextLog)
}

/// Length of a time of day with a fraction: `09:30:00.123`.
fn clock_length(text: &str) -> Option<usize> {
    let (clock, rest) = text.split_at_checked(8).filter(|(clock, _)| is_clock(clock))?;
    let digits = rest.strip_prefix('.')?.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then_some(clock.len() + 1 + digits)
}

/// `09:30:00`.
fn is_clock(text: &str) -> bool {
    let is_usual = |(at, byte)| if matches!(at, 2 | 5) { byte == b':' } else { u8::is_ascii_digit(&byte) };
    text.len() == 8 && text.bytes().enumerate().all(is_usual)
}

/// A level in brackets behind any number of pairs, and what follows it.
fn level_behind_pairs(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    for _ in 0..CONSOLE_PAIRS {
        if let Some((level, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once("] ")) {
            return is_level(level).then_some((level, after));
        }
        let (pair, after) = rest.split_once(' ')?;
        let (name, _) = pair.split_once('=')?;
        rest = Some(after).filter(|_| is_logger(name))?;
    }
    None
}

/// A timestamp, then level, logger and message in any of the usual orders and separators:
/// `time - logger - LEVEL - text`, `time [LEVEL] logger: text`, `[time] [LEVEL] [id] logger - text`,
/// `time | LEVEL | logger - text`, `time UTC [pid] LOG:  text`, `time LEVEL logger text`.
fn text_log(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let (time, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').filter(|(time, _)| stamp_length(time) == Some(time.len()))?,
        None => split_stamp(text)?,
    };
    if rest.starts_with(|c: char| c.is_alphanumeric()) || time.len() < 15 {
        return None;
    }
    let mut level = "";
    let mut logger = "";
    let mut id = "";
    let mut pid = "";
    let mut rest = rest;
    let mut dashed = false;
    for _ in 0..5 {
        let trimmed = rest.trim_start_matches([' ', '\t', '|', '-', ',']);
        dashed |= rest.starts_with(" - ");
        let Some((token, after, bracketed)) = token(trimmed) else { break };
        let word = without_colour(token);
        let ends = token.ends_with(':') || after.starts_with(':');
        let clean = word.trim_end_matches(':');
        let (clean, process) = with_process(clean).unwrap_or((clean, ""));
        if level.is_empty() && (is_level(clean) || (bracketed && is_letter_of_level(clean))) {
            level = clean;
            pid = if process.is_empty() { pid } else { process };
        } else if id.is_empty() && is_long_id(clean) {
            id = clean;
        } else if bracketed && level.is_empty() && (clean.is_empty() || clean.starts_with("0x")) {
            // An id that there is none of, or where a thread lies in memory.
        } else if (bracketed || level.is_empty())
            && pid.is_empty()
            && id.is_empty()
            && clean.len() < 8
            && clean.bytes().all(|byte| byte.is_ascii_digit())
        {
            pid = clean;
        } else if bracketed
            && id.is_empty()
            && !level.is_empty()
            && (token.is_empty() || !is_logger(clean) || clean.len() >= 32)
        {
            id = clean;
        } else if logger.is_empty()
            && (level.is_empty() && is_place_in_code(clean)
                || is_logger(clean)
                    && (bracketed || ends || after.starts_with(" - ") || (dashed && level.is_empty())))
        {
            logger = clean;
        } else {
            rest = trimmed;
            break;
        }
        rest = after;
        if ends && !level.is_empty() {
            break;
        }
    }
    if level.is_empty() {
        return None;
    }
    let message = rest.trim_start_matches([' ', ':', '|']);
    let message = message.strip_prefix("- ").unwrap_or(message).trim();
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.string(names.logger, logger);
    writer.string(names.correlation_id, id);
    writer.number(names.pid, pid);
    writer.string(names.message, message);
    Some(Format::TextLog)
}

/// `NOTICE[42]`: a level and who wrote it.
fn with_process(word: &str) -> Option<(&str, &str)> {
    let (word, process) = word.strip_suffix(']')?.split_once('[')?;
    let number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    (number && is_level(word)).then_some((word, process))
}

/// `INFO  [main] 2026-11-28 09:30:00,123 Daemon.java:42 - text`, `[info] 2026-11-28 09:30:00 text`: the level stands before
/// the time.
fn level_first(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let bracketed = text.strip_prefix('[').and_then(|inner| inner.split_once("] "));
    let bare = || text.split_once(' ').filter(|(level, _)| is_upper_level(level));
    let (level, rest) = bracketed.filter(|(word, _)| is_level(word)).or_else(bare)?;
    let rest = rest.trim_start();
    let rest = match token(rest) {
        Some((_, after, true)) => after.trim_start(),
        _ => rest,
    };
    let (time, rest) = split_stamp(rest).filter(|(time, _)| time.len() >= 15)?;
    let rest = rest.trim_start_matches([' ', '|', '-', ':']);
    let (logger, message) = match rest.split_once(' ') {
        Some((word, after)) if is_place_in_code(word) => (word, after),
        Some((word, after)) if is_logger(word) && (word.ends_with(':') || after.starts_with("- ")) => {
            (word.trim_end_matches(':'), after)
        }
        _ => ("", rest),
    };
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.string(names.logger, logger);
    writer.string(names.message, message.trim_start_matches(['-', ' ']).trim());
    Some(Format::TextLog)
}

/// `[2026-11-28T09:30:00Z ERROR app::auth] text`, `[2026-11-28 09:30:00,123: ERROR/Worker-1] text`: time, level and logger in
/// one pair of brackets.
fn in_brackets(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (head, message) = writer.line.text.strip_prefix('[')?.split_once("] ")?;
    let (time, rest) = split_stamp(head).filter(|(time, _)| time.len() >= 15)?;
    let mut words = rest.trim_start_matches(':').split([' ', '/']).filter(|word| !word.is_empty());
    let (level, logger) = (words.next().filter(|word| is_level(word))?, words.next().unwrap_or_default());
    if words.next().is_some() || !logger.is_empty() && !is_logger(logger) {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.string(names.logger, logger);
    writer.string(names.message, message.trim());
    Some(Format::TextLog)
}

/// `ERRO[0042] text`, `WARN[2026-11-28T09:30:00Z] text`: Logrus on a terminal; a number is seconds since the program began.
fn short_level(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = without_leading_colour(writer.line.text);
    let (level, rest) = text.split_once('[').filter(|(level, _)| level.len() <= 16)?;
    let level = without_colour(level);
    let (time, message) = rest.split_once(']')?;
    let is_count = time.len() == 4 && time.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = stamp_length(time) == Some(time.len());
    if level.len() != 4 || !is_upper_level(level) || !(is_count || is_time) {
        return None;
    }
    if is_time && !is_count {
        writer.string(names.timestamp, time);
    }
    writer.string(names.level, level);
    writer.string(names.message, message.trim());
    Some(Format::TextLog)
}

/// The time that a line of no known format begins with, in brackets or not.
pub(super) fn leading_time(text: &str) -> Option<&str> {
    let (time, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (time, rest) = inner.split_once(']')?;
            (Some(time).filter(|time| stamp_length(time) == Some(time.len()))?, rest)
        }
        None => split_stamp(text)?,
    };
    // A number is only a time where a clock has put brackets around it or a fraction behind.
    let is_clock = time.len() >= 15 || text.starts_with('[') || time.contains('.');
    (is_clock && !rest.starts_with(|c: char| c.is_alphanumeric())).then_some(time)
}

/// The next word: in brackets, or up to white space or a bar.
fn token(text: &str) -> Option<(&str, &str, bool)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (word, after) = inner.split_once(']')?;
        return (word.len() <= 128).then_some((word.trim(), after, true));
    }
    for (open, close) in [('<', '>'), ('{', '}')] {
        let inner = text.strip_prefix(open).and_then(|inner| inner.split_once(close));
        // Others stand for themselves.
        if let Some((word, after)) = inner.filter(|(word, _)| {
            word.is_empty() || is_level(word) || is_long_id(word) || is_place_in_code(word)
        }) {
            return Some((word, after, true));
        }
    }
    let end = text.find([' ', '|', '\t']).unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end)?;
    (!word.is_empty() && word.len() <= 128).then_some((word, after, false))
}

/// A dotted or single word such as modules have: `api.saas_server`, `app.main:login:42`.
fn is_logger(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.len() <= 100
        && word.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':' | b'/' | b'<' | b'>')
        })
}

/// `auth.go:199`, `auth.go:199:SignIn()`.
fn is_place_in_code(word: &str) -> bool {
    let Some((file, rest)) = word.split_once(':') else { return false };
    let line = rest.split(':').next().unwrap_or_default();
    file.contains('.')
        && is_logger(file)
        && !line.is_empty()
        && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// In brackets, one letter is a level.
fn is_letter_of_level(word: &str) -> bool {
    matches!(word, "T" | "D" | "I" | "N" | "W" | "E" | "C" | "F")
}

const LEVELS: [&str; 37] = [
    "DEBG",
    "ERRO",
    "DEBU",
    "NOTI",
    "WARNI",
    "FATA",
    "PANI",
    "TRAC",
    "INF",
    "WRN",
    "DBG",
    "FTL",
    "TRC",
    "VERBOSE",
    "INFORMATION",
    "EMERGENCY",
    "FINE",
    "CONFIG",
    "TRACE",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARN",
    "WARNING",
    "ERROR",
    "ERR",
    "CRITICAL",
    "CRIT",
    "FATAL",
    "ALERT",
    "EMERG",
    "PANIC",
    "LOG",
    "SUCCESS",
    "SEVERE",
    "DETAIL",
    "STATEMENT",
];

fn is_upper_level(word: &str) -> bool {
    LEVELS.contains(&word)
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// The word inside of terminal colours.
fn without_colour(word: &str) -> &str {
    let word = without_leading_colour(word);
    word.split('\x1b').next().unwrap_or(word)
}

pub(super) fn without_leading_colour(text: &str) -> &str {
    let mut text = text;
    while let Some((_, rest)) = text.strip_prefix("\x1b[").and_then(|rest| rest.split_once('m')) {
        text = rest;
    }
    text
}

/// A quoted value without its backslashes.
pub(super) fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// What follows the tags that a logger sets before a message: `[3f1c] [web] text`.
pub(super) fn behind_tags(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|tag| tag.split_once("] ")) {
        rest = after.trim_start();
    }
    rest
}

/// `key=value key="two words"`, at least three pairs from the start of the line.
pub(super) fn logfmt<'a>(text: &'a str, mut pair: impl FnMut(&'a str, &'a str, bool)) -> bool {
    let mut rest = text.trim_start();
    let mut pairs = 0;
    while !rest.is_empty() {
        let Some((key, after)) = rest.split_once('=') else { break };
        let valid = !key.is_empty()
            && key.len() <= 64
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@' | b'/'));
        if !valid {
            break;
        }
        let (value, after, quoted) = match after.strip_prefix('"') {
            Some(quoted) => {
                let Some((value, after)) = closing_quote(quoted).and_then(|end| quoted.split_at_checked(end))
                else {
                    break;
                };
                (value, after.get(1..).unwrap_or_default(), true)
            }
            None => {
                let (value, after) = after
                    .split_at_checked(after.find([' ', '\t']).unwrap_or(after.len()))
                    .unwrap_or((after, ""));
                (value, after, false)
            }
        };
        pair(key, value, quoted);
        pairs += 1;
        rest = after.trim_start();
    }
    pairs >= 3 && rest.is_empty()
}
