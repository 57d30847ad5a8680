//! Access and error logs of web servers: nginx, Apache, gunicorn.
//!
//! Half of such a line is text of the client, its name included. What the server wrote itself tells where that text
//! ends: a time in brackets before the request and a status behind it, an address and a server behind a message.

use std::net::IpAddr;

use super::{closing_quote, is_long_id, split_stamp, stamp_length};
use crate::decode::line::Writer;
use crate::decode::names::Names;
use crate::event::{Flags, Format};

/// Longest time in brackets, in bytes.
const TIME_BYTES: usize = 64;

/// `ip - user [time] "request" status bytes "referrer" "agent" ...`.
pub(super) fn access(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    if !text.contains("] \"") {
        return None;
    }
    let (entry, others) = entries(text)?;
    let peer = peer(text, others.first().map_or(entry.head, |first| first.head))?;
    let (status, rest) = entry.after.split_once(' ').unwrap_or((entry.after, ""));
    let (bytes, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    writer.string(names.http_host, peer.host);
    writer.string(names.remote_addr, peer.address);
    writer.string(names.remote_user, peer.user(entry.head));
    writer.string(names.time_local, entry.time);
    writer.string(names.request, entry.request);
    writer.number(names.status, status);
    writer.number(names.body_bytes_sent, bytes);
    let rest = headers(writer, names, rest);
    // The controller of Kubernetes, and others who add one, end with the id of the request.
    let last = rest.rsplit(' ').next().unwrap_or_default().trim_matches('"');
    if is_long_id(last) {
        writer.string(names.correlation_id, last);
    }
    if let Some(first) = others.first() {
        count_all(writer, names, &others);
        let from = text.len() - first.after.len();
        other_headers(writer, names, text.get(from..entry.head.len()).unwrap_or_default());
    }
    Some(Format::Nginx)
}

/// Several places of a line are made like a request: a client has put one into its name or a header, and the server has
/// escaped no quote. Which one it wrote cannot be told, so that all count, as with a key that stands twice.
#[cold]
fn count_all(writer: &mut Writer<'_, '_>, names: &Names, others: &[Entry<'_>]) {
    for other in others {
        writer.string(names.request, other.request);
        writer.number(names.status, other.after.get(..3).unwrap_or_default());
    }
    writer.event.meta.flags.set_if(true, Flags::DUPLICATE_KEYS);
}

/// A place that has the form of a request: a time in brackets, the request in quotes, a status.
#[derive(Clone, Copy)]
struct Entry<'a> {
    /// All that stands before the time.
    head: &'a str,
    time: &'a str,
    request: &'a str,
    /// From the status on.
    after: &'a str,
}

/// Where an entry begins: what stands before its time, the time, and where its request begins.
#[derive(Clone, Copy)]
struct Start<'a> {
    head: &'a str,
    time: &'a str,
    request: usize,
}

/// The last entry of a line, and those before it.
///
/// A quote that begins a request can stand in another one, if the server escapes none: the first and the last are taken.
fn entries(text: &str) -> Option<(Entry<'_>, Vec<Entry<'_>>)> {
    let bytes = text.as_bytes();
    let (mut last, mut others) = (None, Vec::new());
    let mut starts: [Option<Start<'_>>; 2] = [None; 2];
    let mut escaped_end = None;
    for quote in memchr::memchr_iter(b'"', bytes) {
        if let Some(start) = start_at(text, quote) {
            let slot = usize::from(starts[0].is_some());
            starts[slot] = Some(start);
        } else if starts[0].is_some() && is_before_status(bytes, quote) {
            if is_escaped(bytes, quote) {
                escaped_end = escaped_end.or(Some(quote));
                continue;
            }
            for start in starts.iter_mut().filter_map(Option::take) {
                others.extend(last.replace(entry(text, start, quote)?));
            }
        }
    }
    // A client may end its request with a backslash, which not every server escapes.
    let last = last.or_else(|| entry(text, starts[0]?, escaped_end?))?;
    Some((last, others))
}

fn entry<'a>(text: &'a str, start: Start<'a>, end: usize) -> Option<Entry<'a>> {
    let request = text.get(start.request..end)?;
    Some(Entry { head: start.head, time: start.time, request, after: text.get(end + 2..)? })
}

/// `head [time] ` before the quote.
fn start_at(text: &str, quote: usize) -> Option<Start<'_>> {
    let before = text.get(..quote)?.strip_suffix("] ")?;
    let from = before.len().saturating_sub(TIME_BYTES);
    let open = from + memchr::memrchr(b'[', before.as_bytes().get(from..)?)?;
    let (head, time) = (before.get(..open)?.strip_suffix(' ')?, before.get(open + 1..)?);
    (stamp_length(time) == Some(time.len())).then_some(Start { head, time, request: quote + 1 })
}

/// Three digits behind the quote.
fn is_before_status(bytes: &[u8], quote: usize) -> bool {
    let [b' ', status @ .., end] = bytes.get(quote + 1..bytes.len().min(quote + 6)).unwrap_or_default()
    else {
        return false;
    };
    let digits = |status: &[u8]| status.iter().all(u8::is_ascii_digit);
    match (status.len(), end) {
        (3, b' ') => digits(status),
        (2, end) => digits(status) && end.is_ascii_digit(),
        _ => false,
    }
}

/// Whether an odd number of backslashes stands before it.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    let backslashes = bytes.get(..at).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\');
    !backslashes.count().is_multiple_of(2)
}

/// What a line begins with: the client, and before it perhaps the virtual host.
struct Peer<'a> {
    host: &'a str,
    address: &'a str,
}

impl Peer<'_> {
    /// What stands behind the client and its ident, to the time: whatever the client says that it is called.
    fn user<'h>(&self, head: &'h str) -> &'h str {
        let before = if self.host.is_empty() { 0 } else { self.host.len() + 1 } + self.address.len() + 1;
        let user = head.get(before..).and_then(|rest| rest.split_once(' ')).map_or("", |(_, user)| user);
        // The controller of Kubernetes once wrote the address a second time, in brackets.
        let again = user.strip_prefix('[').and_then(|rest| rest.strip_prefix(self.address));
        again.and_then(|rest| rest.strip_prefix("] - ")).unwrap_or(user)
    }
}

/// The client is the first word. Some servers write the virtual host before it (`shop.example:443 203.0.113.9 - -`).
/// `None`: what stands before an address is something else.
fn peer<'a>(text: &'a str, head: &'a str) -> Option<Peer<'a>> {
    let is_address = |word: &str| word.parse::<IpAddr>().is_ok();
    let (first, rest) = head.split_once(' ').unwrap_or((head, ""));
    let (second, _) = rest.split_once(' ').unwrap_or((rest, ""));
    let client = Peer { host: "", address: first };
    if is_address(second) {
        return stamp_length(first).is_none().then_some(Peer { host: first, address: second });
    }
    if is_address(first) || second == "-" {
        return Some(client);
    }
    let is_prefix = rest.contains('|') || rest.split(' ').any(is_address) || stamp_length(text).is_some();
    (rest.contains(' ') && !is_prefix).then_some(client)
}

/// The quoted fields behind the numbers; gives what follows the known ones.
fn headers<'a>(writer: &mut Writer<'_, 'a>, names: &Names, mut rest: &'a str) -> &'a str {
    for path in [names.http_referer, names.http_user_agent, names.http_x_forwarded_for] {
        let Some(quoted) = rest.trim_start().strip_prefix('"') else { break };
        let Some((value, after)) = closing_quote(quoted).and_then(|end| quoted.split_at_checked(end)) else {
            break;
        };
        writer.string(path, value);
        rest = after.get(1..).unwrap_or_default();
    }
    other_headers(writer, names, rest);
    rest
}

/// What else stands in quotes: headers that the format of this server adds. A quote without an end reaches to that of
/// the line.
fn other_headers(writer: &mut Writer<'_, '_>, names: &Names, mut rest: &str) {
    while let Some((_, quoted)) = rest.split_once('"') {
        let end = closing_quote(quoted).unwrap_or(quoted.len());
        let (value, after) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
        writer.string(names.other_header, value);
        rest = after.get(1..).unwrap_or_default();
    }
}

const CLIENT: &str = ", client: ";

/// `2015/10/29 20:01:02 [error] 256554#0: *99927 text, client: 1.2.3.4, server: x, request: "...", host: "..."`.
pub(super) fn nginx_error(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    if text.as_bytes().get(4) != Some(&b'/') {
        return None;
    }
    let (time, rest) = split_stamp(text)?;
    let (level, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let (process, mut message) = rest.split_once(": ")?;
    let (pid, thread) = process.split_once('#')?;
    if !thread.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    writer.string(names.timestamp, time);
    writer.string(names.level, level);
    writer.number(names.pid, pid);
    if let Some((connection, rest)) = message.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        writer.number(names.connection, connection);
        message = rest;
    }
    let (message, details) = split_details(message);
    writer.string(names.message, message);
    push_details(writer, names, message, details);
    Some(Format::NginxError)
}

fn push_details(writer: &mut Writer<'_, '_>, names: &Names, message: &str, details: &str) {
    for (key, path) in [
        (CLIENT, names.client),
        (", request: \"", names.request),
        (", upstream: \"", names.upstream),
        (", host: \"", names.http_host),
        (", referrer: \"", names.http_referer),
    ] {
        let Some((_, value)) = details.split_once(key) else { continue };
        if path == names.client && message.contains('"') && is_told_twice(details) {
            continue;
        }
        let end = if key.ends_with('"') { closing_quote(value) } else { value.find(',') };
        writer.string(path, value.get(..end.unwrap_or(value.len())).unwrap_or_default());
    }
}

/// The message, and the details that the server adds behind it. Both hold text of the client, nothing in which is
/// escaped: the details begin where all that follows has their form.
fn split_details(text: &str) -> (&str, &str) {
    let mut places = memchr::memmem::find_iter(text.as_bytes(), CLIENT);
    let Some(first) = places.next() else { return (text, "") };
    let formed =
        std::iter::once(first).chain(places).find(|at| are_details(text.get(*at..).unwrap_or_default()));
    text.split_at_checked(formed.unwrap_or(first)).unwrap_or((text, ""))
}

/// Whether a text is `, client: 1.2.3.4, server: x` and no more than the request and some of its headers. Only the
/// referrer, which is the last, may hold whatever the client likes; the server cuts a line that is too long.
fn are_details(text: &str) -> bool {
    let word = |text: &str| text.find([',', ' ', '"']).unwrap_or(text.len());
    let Some(mut rest) = text.strip_prefix(CLIENT) else { return false };
    for key in ["", ", server: "] {
        let Some(value) = rest.strip_prefix(key) else { continue };
        rest = value.get(word(value)..).unwrap_or_default();
    }
    for key in [", request: \"", ", subrequest: \"", ", upstream: \"", ", host: \"", ", login: \""] {
        let Some(value) = rest.strip_prefix(key) else { continue };
        let Some((value, after)) = value.split_once('"') else { return true };
        if value.bytes().filter(|byte| *byte == b' ').count() > 2 {
            return false;
        }
        rest = after;
    }
    rest.is_empty() || rest.starts_with(", referrer: \"")
}

/// Whether the details name another client in a form that could be the server's: which one it wrote cannot be told.
fn is_told_twice(details: &str) -> bool {
    let formed = are_details(details);
    let mut places = memchr::memmem::find_iter(details.as_bytes(), CLIENT).skip(1);
    places.any(|at| {
        let other = details.get(at..).unwrap_or_default();
        client_of(other) != client_of(details) && (!formed || are_details(other))
    })
}

fn client_of(details: &str) -> Option<&str> {
    details.strip_prefix(CLIENT)?.split(',').next()
}
