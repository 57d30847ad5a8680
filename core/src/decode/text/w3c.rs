//! The extended log format of the W3C, as IIS and CloudFront write it, and the tables of Zeek.
//!
//! A directive of the file (`#Fields:`) names the columns. Lines are read each for itself here, and by several threads, so
//! the columns are known by what stands in them: a date and a time of day, a method before a path, an address, a status
//! before nothing but numbers. That holds for all selections of columns that keep those.
//!
//! <https://www.w3.org/TR/WD-logfile.html>, <https://docs.zeek.org/en/master/log-formats.html>

use std::net::IpAddr;

use super::{stamp_length, zeek};
use crate::decode::line::Writer;
use crate::decode::names::Names;
use crate::event::Format;

/// Columns of a line that are looked at.
const COLUMNS: usize = 64;

/// What directives begin with, behind the `#`.
const DIRECTIVES: [&str; 14] = [
    "Fields:",
    "Version:",
    "Software:",
    "Date:",
    "Start-Date:",
    "End-Date:",
    "Remark:",
    "separator ",
    "set_separator",
    "empty_field",
    "unset_field",
    "path\t",
    "open\t",
    "fields\t",
];

/// Whether a line is about the lines of its file.
pub(in crate::decode) fn is_directive(line: &str) -> bool {
    let text = line.strip_prefix('#').unwrap_or_default();
    DIRECTIVES.iter().any(|directive| text.starts_with(directive))
        || text.starts_with("types\t")
        || text.starts_with("close\t")
}

/// Reads a line of a web server of one of these formats.
pub(super) fn read(writer: &mut Writer<'_, '_>, names: &Names) -> Option<Format> {
    let text = writer.line.text;
    if text.contains('\t') {
        let columns: Vec<&str> = text.split('\t').take(COLUMNS).collect();
        return cloudfront(writer, names, &columns)
            .or_else(|| zeek_requests(writer, names, &columns))
            .or_else(|| zeek::read(writer, names, &columns));
    }
    if text.as_bytes().get(4) != Some(&b'-') || text.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let columns: Vec<&str> = text.split(' ').take(COLUMNS).collect();
    extended(writer, names, &columns)
}

/// `date time .. METHOD /path query .. port user client agent .. status numbers`.
fn extended(writer: &mut Writer<'_, '_>, names: &Names, columns: &[&str]) -> Option<Format> {
    let [date, time, rest @ ..] = columns else { return None };
    let at = rest.windows(2).position(|pair| is_method(pair[0]) && pair[1].starts_with('/'))?;
    let (method, path, behind) = (rest.get(at)?, rest.get(at + 1)?, rest.get(at + 2..)?);
    let client = behind.iter().position(|column| is_address(column))?;
    let (between, behind_client) = (behind.get(..client)?, behind.get(client + 1..)?);
    let numbers = behind_client.iter().rev().take_while(|column| is_number(column)).count();
    let from = behind_client.len() - numbers;
    let status = behind_client.get(from..)?.iter().position(|column| is_status(column))?;
    if !is_date(date) || !is_clock(time) || numbers == 0 {
        return None;
    }
    put_time(writer, names, date, time);
    writer.string(names.method, method);
    writer.string(names.stem, path);
    if let Some(query) = between.first().filter(|query| !is_number(query)) {
        writer.string(names.stem_query, query);
    }
    let user = between.iter().skip(1).rev().find(|column| !is_number(column) && **column != "-");
    if let Some(user) = user {
        writer.string(names.remote_user, user);
    }
    writer.string(names.remote_addr, behind.get(client)?);
    if let Some(agent) = behind_client.first().filter(|_| from > 0) {
        writer.string(names.http_user_agent, agent);
    }
    if let Some(referer) = behind_client.get(..from)?.iter().find(|column| column.contains("://")) {
        writer.string(names.http_referer, referer);
    }
    writer.number(names.status, behind_client.get(from + status)?);
    Some(Format::Access)
}

/// `date time location bytes client METHOD host /path status referrer agent query ..`, between tabulators.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>
fn cloudfront(writer: &mut Writer<'_, '_>, names: &Names, columns: &[&str]) -> Option<Format> {
    let [date, time, _, bytes, client, method, host, path, status, referer, agent, query, ..] = columns
    else {
        return None;
    };
    let fits =
        is_date(date) && is_clock(time) && is_method(method) && is_address(client) && is_status(status);
    if !fits || !path.starts_with('/') {
        return None;
    }
    put_time(writer, names, date, time);
    writer.number(names.bytes_sent, bytes);
    writer.number(names.status, status);
    for (name, column) in [
        (names.remote_addr, client),
        (names.method, method),
        (names.http_host, host),
        (names.stem, path),
        (names.http_referer, referer),
        (names.http_user_agent, agent),
        (names.stem_query, query),
    ] {
        writer.string(name, column);
    }
    Some(Format::Access)
}

/// `ts uid client port server port depth METHOD host uri referrer version agent .. status`, between tabulators: `http.log`.
fn zeek_requests(writer: &mut Writer<'_, '_>, names: &Names, columns: &[&str]) -> Option<Format> {
    let [time, _, client, port, server, _, _, method, host, uri, referer, _, agent, _, _, _, status, ..] =
        columns
    else {
        return None;
    };
    let fits = time.contains('.') && is_address(client) && is_address(server) && is_method(method);
    if !fits || stamp_length(time) != Some(time.len()) {
        return None;
    }
    writer.number(names.timestamp, time);
    writer.number(names.client_port, port);
    writer.number(names.status, status);
    for (name, column) in [
        (names.client, client),
        (names.method, method),
        (names.http_host, host),
        (names.url, uri),
        (names.http_referer, referer),
        (names.http_user_agent, agent),
    ] {
        writer.string(name, column);
    }
    Some(Format::Access)
}

/// Times of the format are those of Greenwich.
fn put_time(writer: &mut Writer<'_, '_>, names: &Names, date: &str, time: &str) {
    writer.string(names.date, date);
    writer.string(names.clock, time);
    let zone = writer.event.append_text("Z");
    writer.event.push(names.zone, crate::event::Kind::String, zone, crate::event::Origin::Line);
}

fn is_method(text: &str) -> bool {
    (3..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_status(text: &str) -> bool {
    text.len() == 3 && is_number(text) && text.starts_with(['1', '2', '3', '4', '5'])
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.split('-').count() == 3 && text.split('-').all(is_number)
}

fn is_clock(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or_default();
    whole.len() == 8 && whole.split(':').count() == 3 && whole.split(':').all(is_number)
}
