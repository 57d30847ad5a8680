//! Lines of single daemons: Apache's error log, glog (Kubernetes, Envoy), `HAProxy`.

use super::line::Writer;
use super::names::Names;
use crate::event::stamp::{self, Completion};
use crate::event::{Format, PathId};

/// The zone and the arrival do not matter for finding where a timestamp ends.
fn stamp_length(text: &str) -> Option<usize> {
    stamp::prefix(text, Completion::default()).map(|(_, length)| length)
}

/// `[Sat Nov 28 09:30:43.6 2026] [php:error] [pid 9652:tid 14] [client 1.2.3.4:60041] text`; before 2.4 the level
/// stands alone.
pub(super) fn apache_error(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (time, rest) = writer.line.text.strip_prefix('[')?.split_once("] [")?;
    let (level, mut rest) = rest.split_once(']')?;
    let (module, level) = level.rsplit_once(':').unwrap_or(("", level));
    if !is_apache_level(level) || stamp_length(time) != Some(time.len()) {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(names.level, level.trim_end_matches(|c: char| c.is_ascii_digit()));
    writer.string(names.logger, module);
    while let Some((group, after)) = rest.strip_prefix(" [").and_then(|rest| rest.split_once("] ")) {
        let Some((name, value)) = group.split_once(' ') else { break };
        match name {
            "pid" => writer.number(names.pid, value.split(':').next().unwrap_or_default()),
            "client" | "remote" => writer.string(names.client, value),
            _ => break,
        }
        // The blank before the next group.
        rest = rest.get(rest.len() - after.len() - 1..).unwrap_or_default();
    }
    writer.string(names.message, rest.trim());
    Some(Format::TextLog)
}

fn is_apache_level(word: &str) -> bool {
    const LEVELS: [&str; 9] = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "trace"];
    LEVELS.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// `####<time> <Notice> <Security> <machine> <server> <thread> <user> <> <context> <1795858200123> <BEA-1> <text>`: `WebLogic`;
/// newer ones have attributes behind the number, and standard output has time, severity, subsystem, code and text.
pub(super) fn weblogic(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let of_file = text.strip_prefix("####");
    let inner = of_file.unwrap_or(text).strip_prefix('<')?.trim_end().strip_suffix('>')?;
    let (time, rest) = inner.split_once("> <")?;
    stamp_length(time)?;
    let (severity, rest) = rest.split_once("> <")?;
    let (subsystem, mut rest) = rest.split_once("> <").filter(|_| is_weblogic_severity(severity))?;
    let mut time = time;
    if of_file.is_some() {
        let mut own = rest.splitn(8, "> <");
        let (machine, _server, _thread) = (own.next()?, own.next()?, own.next()?);
        let (user, _transaction, context) = (own.next()?, own.next()?, own.next()?);
        let (number, after) = (own.next()?, own.next()?);
        writer.string(names.hostname, machine);
        writer
            .string(names.remote_user, Some(user).filter(|user| !user.starts_with('<')).unwrap_or_default());
        writer.string(names.correlation_id, context);
        time = if stamp_length(number) == Some(number.len()) { number } else { time };
        rest =
            after.strip_prefix('[').and_then(|data| data.split_once("]> <")).map_or(after, |(_, rest)| rest);
    }
    let (code, message) = rest.split_once("> <")?;
    writer.string(names.timestamp, time);
    writer.string(names.level, severity);
    writer.string(names.logger, subsystem);
    writer.string(names.msgid, code);
    writer.string(names.message, message.trim());
    Some(Format::TextLog)
}

fn is_weblogic_severity(word: &str) -> bool {
    const SEVERITIES: [&str; 9] =
        ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Info", "Debug", "Trace"];
    SEVERITIES.contains(&word)
}

/// A prefix of PostgreSQL may be so long, in bytes.
const PREFIX_BYTES: usize = 1024;

/// `2026-11-28 09:30:00 UTC [31]: [1-1] user=admin,db=shop,client=192.0.2.7 FATAL:  text`: PostgreSQL with any
/// `log_line_prefix` that begins with a time. The two blanks after the severity are its own.
///
/// <https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX>
pub(super) fn postgres(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let (time, rest) = text.split_at_checked(stamp_length(text)?)?;
    let (head, message) = rest.split_once(":  ")?;
    let (prefix, severity) = head.rsplit_once([' ', ',', ':', ']'])?;
    if prefix.len() > PREFIX_BYTES || !is_postgres_severity(severity) {
        return None;
    }
    let [_, _, _, _, _, _, _, _, _, _, severity_path, _, message_path, ..] = names.csvlog;
    let parts = prefix_parts(prefix, names);
    if parts.is_empty() {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(severity_path, severity);
    // A name may hold what looks like another part: what is said twice is not known.
    for (path, value) in &parts {
        if parts.iter().filter(|(other, _)| other == path).count() == 1 {
            writer.string(*path, value);
        }
    }
    writer.string(message_path, message);
    Some(Format::PostgresCsv)
}

/// What a prefix says of who is connected, from where and to what.
fn prefix_parts<'a>(prefix: &'a str, names: &Names) -> Vec<(PathId, &'a str)> {
    let [user, database, pid, from, ..] = names.csvlog;
    let mut parts = Vec::new();
    for part in prefix.split([' ', ',']) {
        let part = part.trim_end_matches(':');
        if let Some((name, value)) = part.split_once('=') {
            match name {
                "user" | "usr" | "u" => parts.push((user, value)),
                "db" | "database" | "d" => parts.push((database, value)),
                "client" | "host" | "remote" | "h" | "r" => parts.push((from, address_of(value))),
                "pid" | "p" => parts.push((pid, value)),
                _ => {}
            }
        } else if let Some((name, base)) = part.split_once('@') {
            parts.extend([(user, name), (database, base)]);
        } else if let Some(process) = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'))
            && process.bytes().all(|byte| byte.is_ascii_digit())
        {
            parts.push((pid, process));
        }
    }
    parts
}

/// `192.0.2.7(5432)` without the port.
fn address_of(client: &str) -> &str {
    client.split('(').next().unwrap_or_default()
}

fn is_postgres_severity(word: &str) -> bool {
    const SEVERITIES: [&str; 13] = [
        "DEBUG",
        "LOG",
        "INFO",
        "NOTICE",
        "WARNING",
        "ERROR",
        "FATAL",
        "PANIC",
        "DETAIL",
        "HINT",
        "QUERY",
        "CONTEXT",
        "STATEMENT",
    ];
    SEVERITIES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// `E1128 09:30:00.123456       1 authentication.go:73] text`, with the year before the month in newer versions.
pub(super) fn glog(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    let (level, rest) = text.split_at_checked(1)?;
    let length = stamp_length(rest).filter(|length| *length >= "1128 09:30:00.1".len())?;
    if !matches!(level, "I" | "W" | "E" | "F" | "D") || !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (time, rest) = rest.split_at_checked(length)?;
    let (thread, rest) = rest.strip_prefix(' ')?.trim_start().split_once(' ')?;
    let (place, message) = rest.split_once("] ")?;
    if place.contains(' ') || !place.contains(':') || !thread.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.number(names.pid, thread);
    writer.string(names.logger, place);
    writer.string(names.message, message.trim());
    Some(Format::TextLog)
}

/// `1.2.3.4:34858 [time] frontend backend/server timers status bytes ... "GET / HTTP/1.1"`, in the message of syslog.
pub(super) fn haproxy(writer: &mut Writer<'_, '_>, names: &Names, message: &str) {
    let Some((peer, rest)) = message.split_once(" [") else { return };
    let Some((client, port)) = peer.rsplit_once(':') else { return };
    let Some((time, rest)) = rest.split_once("] ") else { return };
    if stamp_length(time) != Some(time.len()) {
        return;
    }
    writer.string(names.client, client);
    writer.number(names.client_port, port);
    writer.string(names.time_local, time);
    // Only in HTTP mode there are five timers, and a status after them.
    let (head, request) = rest.split_once(" \"").unwrap_or((rest, ""));
    let mut words = head.split(' ').skip(2);
    let timers = words.next().unwrap_or_default();
    let status = words.next().filter(|status| status.len() == 3).unwrap_or_default();
    if timers.split('/').count() == 5 {
        writer.number(names.status, status);
        writer.number(names.bytes_sent, words.next().unwrap_or_default());
        writer.string(names.request, request.strip_suffix('"').unwrap_or(request));
    }
}

/// `I, [2026-11-28T09:30:00.123456 #42]  INFO -- program: text`: Ruby.
pub(super) fn ruby(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (letter, rest) = writer.line.text.split_once(", [")?;
    let (time, rest) = rest.split_once(" #")?;
    if letter.len() != 1 || stamp_length(time) != Some(time.len()) {
        return None;
    }
    let (pid, rest) = rest.split_once(']')?;
    let (level, rest) = rest.trim_start().split_once(" -- ")?;
    let (program, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.number(names.pid, pid);
    writer.string(names.program, program);
    writer.string(names.message, message.trim());
    Some(Format::TextLog)
}

/// `[UFW BLOCK] IN=eth0 OUT= MAC=... SRC=1.2.3.4 DST=10.0.0.1 LEN=40 ... PROTO=TCP SPT=4022 DPT=22`, in the message of the
/// kernel.
pub(super) fn netfilter(writer: &mut Writer<'_, '_>, names: &Names, message: &str) {
    if !(message.contains("IN=") && message.contains(" SRC=")) {
        return;
    }
    let fields = [
        ("IN", names.packet_in),
        ("OUT", names.packet_out),
        ("SRC", names.packet_from),
        ("DST", names.packet_to),
        ("PROTO", names.packet_protocol),
        ("SPT", names.packet_from_port),
        ("DPT", names.packet_to_port),
    ];
    // An error message quotes the packet that it answers, in brackets behind its own.
    let own = message.split(" [SRC=").next().unwrap_or(message);
    for (name, value) in own.split(' ').filter_map(|word| word.split_once('=')) {
        match fields.iter().find(|(known, _)| *known == name) {
            Some((_, path)) if name.ends_with("PT") => writer.number(*path, value),
            Some((_, path)) => writer.string(*path, value),
            None => {}
        }
    }
}
