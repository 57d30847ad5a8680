//! The tables of Zeek, between tabulators.
//!
//! Each begins with a time, an id and the two ends of a connection. Which table it is stands in the head of its file;
//! lines are read each for itself, so what stands in a few columns tells it: a flag behind a version, a reply of three
//! digits, a name with `::`.
//!
//! <https://docs.zeek.org/en/master/log-formats.html>

use std::net::IpAddr;

use super::stamp_length;
use crate::decode::line::Writer;
use crate::decode::names::{Names, ZEEK};
use crate::event::Format;

/// A column of a table, counted from the first behind the two ends, and what it must hold.
type Sign = (usize, fn(&str) -> bool);

/// What tells the tables of [`ZEEK`], in their order.
const SIGNS: [&[Sign]; ZEEK.len()] = [
    &[(0, is_version), (1, is_flag), (2, is_number)],
    &[(0, is_protocol), (5, is_state)],
    &[(0, is_request), (3, is_flag)],
    &[(2, is_shouted), (6, is_reply)],
    &[(4, is_notice)],
    &[(2, is_security)],
    &[(6, is_result)],
    &[(3, is_any), (6, is_flag)],
    &[(0, is_word), (2, is_flag), (3, is_count)],
];

/// Reads a line of any table but `http.log`.
pub(super) fn read(writer: &mut Writer<'_, '_>, names: &Names, columns: &[&str]) -> Option<Format> {
    let (ends, rest) = columns.split_at_checked(names.zeek_ends.len())?;
    let [time, uid, client, client_port, server, server_port] = ends else { return None };
    let are_ends =
        is_address(client) && is_address(server) && is_number(client_port) && is_number(server_port);
    if !are_ends || !is_uid(uid) || !time.contains('.') || stamp_length(time) != Some(time.len()) {
        return None;
    }
    let fits =
        |signs: &&[Sign]| signs.iter().all(|(at, holds)| rest.get(*at).is_some_and(|text| holds(text)));
    let table = SIGNS.iter().position(|signs| fits(signs))?;
    let own = names.zeek.get(table)?;
    for (path, column) in names.zeek_ends.iter().chain(own).zip(ends.iter().chain(rest)) {
        if is_number(column) || path == names.zeek_ends.first()? {
            writer.number(*path, column);
        } else {
            writer.string(*path, column);
        }
    }
    Some(Format::TextLog)
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_uid(text: &str) -> bool {
    text.starts_with('C') && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_flag(text: &str) -> bool {
    matches!(text, "T" | "F" | "-")
}

fn is_version(text: &str) -> bool {
    matches!(text, "1" | "2" | "-")
}

fn is_count(text: &str) -> bool {
    text == "-" || is_number(text)
}

fn is_protocol(text: &str) -> bool {
    matches!(text, "tcp" | "udp" | "icmp" | "unknown_transport")
}

fn is_state(text: &str) -> bool {
    (2..=6).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_request(text: &str) -> bool {
    matches!(text, "AS" | "TGS")
}

fn is_shouted(text: &str) -> bool {
    text == "-" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_reply(text: &str) -> bool {
    text.len() == 3 && is_number(text)
}

fn is_notice(text: &str) -> bool {
    text.contains("::")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_'))
}

fn is_security(text: &str) -> bool {
    matches!(text, "RDP" | "SSL" | "HYBRID" | "HYBRID_EX" | "RDSTLS")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn is_result(text: &str) -> bool {
    matches!(text, "success" | "failed" | "unknown")
}

fn is_any(_: &str) -> bool {
    true
}
