//! Access logs of proxies and load balancers that begin otherwise than those of web servers.

use std::net::IpAddr;

use super::{closing_quote, split_stamp, stamp_length};
use crate::decode::line::Writer;
use crate::decode::names::Names;
use crate::event::Format;

/// Words of a line that are looked at.
const WORDS: usize = 64;

/// Reads a line of Envoy, an application load balancer or Squid.
pub(super) fn read(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    envoy(writer, names).or_else(|| balancer(writer, names)).or_else(|| squid(writer, names))
}

/// A word, or what stands in double quotes.
#[derive(Clone, Copy)]
struct LogWord<'a> {
    text: &'a str,
    quoted: bool,
}

fn words(text: &str) -> Vec<LogWord<'_>> {
    let mut rest = text.trim_start();
    let mut words = Vec::new();
    while !rest.is_empty() && words.len() < WORDS {
        let quoted = rest.strip_prefix('"').and_then(|inner| inner.split_at_checked(closing_quote(inner)?));
        let (text, after) = match quoted {
            Some((text, after)) => (text, after.get(1..).unwrap_or_default()),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(LogWord { text, quoted: quoted.is_some() });
        rest = after.trim_start();
    }
    words
}

/// `[time] "GET / HTTP/1.1" 403 flags ... received sent duration upstream "forwarded" "agent" "id" "authority" "upstream"`;
/// meshes put reasons behind the flags.
fn envoy(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (time, rest) = writer.line.text.strip_prefix('[')?.split_once("] \"")?;
    if stamp_length(time) != Some(time.len()) {
        return None;
    }
    let (request, rest) = rest.split_at_checked(closing_quote(rest)?)?;
    let rest = words(rest.get(1..)?);
    let status = rest.first().filter(|word| word.text.len() <= 3)?;
    let at = rest.windows(5).position(|next| next.iter().all(|word| word.quoted))?;
    let [received, sent, duration, _] = rest.get(at.checked_sub(4)?..at)?.try_into().ok()?;
    let [forwarded, agent, id, authority, upstream] = rest.get(at..at + 5)?.try_into().ok()?;
    status.text.parse::<u16>().ok()?;
    writer.string(names.timestamp, time);
    writer.string(names.request, request);
    for (path, word) in [
        (names.status, *status),
        (names.bytes_received, received),
        (names.bytes_sent, sent),
        (names.duration_ms, duration),
    ] {
        writer.number(path, word.text);
    }
    for (path, word) in [
        (names.http_x_forwarded_for, forwarded),
        (names.http_user_agent, agent),
        (names.correlation_id, id),
        (names.http_host, authority),
        (names.upstream, upstream),
    ] {
        writer.string(path, word.text);
    }
    Some(Format::Access)
}

/// `https time balancer client:port target:port times.. status status received sent "request" "agent" .. "trace" "domain"`.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
fn balancer(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (kind, rest) = writer.line.text.split_once(' ')?;
    if !matches!(kind, "http" | "https" | "h2" | "grpcs" | "ws" | "wss") {
        return None;
    }
    let (time, rest) = split_stamp(rest)?;
    let words = words(rest);
    let [_, client, _, _, _, _, status, _, received, sent, request, agent, ..] = words.as_slice() else {
        return None;
    };
    let (address, port) = client.text.rsplit_once(':')?;
    address.trim_matches(['[', ']']).parse::<IpAddr>().ok().filter(|_| request.quoted)?;
    writer.string(names.timestamp, time);
    writer.string(names.client, address);
    writer.number(names.client_port, port);
    writer.number(names.status, status.text);
    writer.number(names.bytes_received, received.text);
    writer.number(names.bytes_sent, sent.text);
    writer.string(names.request, request.text);
    writer.string(names.http_user_agent, agent.text);
    if let Some(trace) = words.iter().find(|word| word.quoted && word.text.contains("Root=")) {
        writer.string(names.trace, trace.text);
    }
    Some(Format::Access)
}

/// `1795858200.123    15 1.2.3.4 TCP_DENIED/407 5 GET http://h.example/ user HIER_NONE/- text/html`.
fn squid(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let (time, rest) = split_stamp(writer.line.text).filter(|(time, _)| time.contains('.'))?;
    let words = words(rest);
    let [duration, client, result, bytes, method, url, user, ..] = words.as_slice() else { return None };
    let (_, status) = result.text.split_once('/')?;
    client.text.parse::<IpAddr>().ok()?;
    status.parse::<u16>().ok().filter(|_| duration.text.parse::<i64>().is_ok())?;
    writer.number(names.timestamp, time);
    writer.number(names.duration_ms, duration.text);
    writer.string(names.client, client.text);
    writer.number(names.status, status);
    writer.number(names.bytes_sent, bytes.text);
    writer.string(names.method, method.text);
    writer.string(names.url, url.text);
    writer.string(names.remote_user, user.text);
    Some(Format::Access)
}
