//! Addresses as logs write them, which of several is the client's, and the words for nobody.

use crate::event::number::to_u8;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Values that stand for "none" in a field that names somebody or something.
#[inline]
pub fn is_placeholder(text: &str) -> bool {
    match text.as_bytes() {
        [] => true,
        [
            b'-' | b'.' | b'(' | b'<' | b'[' | b'"' | b'\'' | b'n' | b'N' | b'u' | b'U' | b'a' | b'A' | b's'
            | b'S' | b'?' | b'0' | b'*' | b' ',
            ..,
        ] => text.len() <= 18 && is_word_for_nothing(text),
        // Most values are told apart by their first letter.
        _ => false,
    }
}

/// In brackets or quotes, a word for nothing stays one: `(None)`, `<nil>`, `[unknown]`, `"-"`.
fn is_word_for_nothing(text: &str) -> bool {
    let (first, last) = (text.as_bytes().first().copied(), text.as_bytes().last().copied());
    let pair = matches!(
        (first, last),
        (Some(b'('), Some(b')')) | (Some(b'<'), Some(b'>')) | (Some(b'['), Some(b']'))
    ) || (text.len() > 1 && first == last && matches!(first, Some(b'"' | b'\'')));
    let text = if pair { text.get(1..text.len() - 1).unwrap_or_default() } else { text };
    let words: &[&str] = match text.len() {
        0 => return true,
        1 => return matches!(text, "-" | "?" | "0" | "*" | " "),
        2 => &["--", "na"],
        3 => &["n/a", "nil", "..."],
        4 => &["null", "none"],
        6 => &["string"],
        7 => &["unknown", "not set"],
        9 => &["undefined", "anonymous"],
        10 => &["not logged"],
        12 => &["unknown user"],
        13 => &["anonymoususer"],
        14 => &["anonymous user"],
        16 => &["system:anonymous"],
        _ => return false,
    };
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// An address, with its port where one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    pub ip: IpAddr,
    /// The address as it stands in the text, when that is its usual form.
    pub plain: Option<&'a str>,
    pub port: Option<&'a str>,
}

/// Reads `1.2.3.4`, `1.2.3.4:52782`, `[2001:db8::1]:443`, `::ffff:127.0.0.1`, `fe80::1%eth0`, `/1.2.3.4:99`,
/// `1.2.3.4(5432)`, `ipv6:[::1]:50051`, and the first of a list. Host names, `[local]` and masked addresses are none.
#[inline]
pub fn address(text: &str) -> Option<Address<'_>> {
    if let Some(ip) = ipv4(text) {
        return Some(Address { ip: IpAddr::V4(ip), plain: Some(text), port: None });
    }
    let possible = match text.as_bytes().first()? {
        b'0'..=b'9' | b' ' | b'"' | b'/' => true,
        b'a'..=b'f' | b'A'..=b'F' | b'[' | b':' | b'i' | b't' | b'u' => text.as_bytes().contains(&b':'),
        _ => false,
    };
    if possible { unusual_address(text) } else { None }
}

fn unusual_address(text: &str) -> Option<Address<'_>> {
    let text = without_decoration(text.split(',').next()?);
    let (host, port) = split_port(text);
    if let Some(ip) = ipv4(host) {
        return Some(Address {
            ip: IpAddr::V4(ip),
            plain: Some(host),
            port: port.filter(|port| is_port(port)),
        });
    }
    if let Some(ip) = ipv6(host) {
        return Some(Address { ip, plain: None, port: port.filter(|port| is_port(port)) });
    }
    // `2001:db8::1:60040`: what is no group of four digits, or one too many, is the port.
    let (host, port) = host.rsplit_once(':').filter(|(_, port)| is_port(port))?;
    Some(Address { ip: ipv6(host)?, plain: None, port: Some(port) })
}

/// Without blanks and quotes around it, the scheme or the slash that some writers put before it, and the length
/// of a network of one.
fn without_decoration(text: &str) -> &str {
    const BEFORE: [&str; 8] = ["ip:", "ipv4:", "ipv6:", "tcp://", "udp://", "tcp:", "udp:", "/"];
    let text = text.trim().trim_matches('"');
    let text = BEFORE.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    text.strip_suffix("/32").or_else(|| text.strip_suffix("/128")).unwrap_or(text)
}

/// Host and port of `[host]:port`, `host(port)`, `host#port` and `1.2.3.4:port`.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    if let Some((host, port)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        return (host, Some(port));
    }
    if let Some((host, port)) = text.split_once('#') {
        return (host, Some(port));
    }
    match text.split_once(':') {
        Some((host, port)) if host.contains('.') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Without its zone; an IPv4 address that is written or translated into one is itself.
fn ipv6(text: &str) -> Option<IpAddr> {
    let ip: Ipv6Addr = text.split('%').next()?.parse().ok()?;
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = ip.segments() {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        return Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
    }
    Some(ip.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.len() <= 5 && text != "0" && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[inline(always)]
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    if text.len() > 15 {
        return None;
    }
    let mut octets = [0u8; 4];
    let mut index = 0;
    let mut value = 0u32;
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 && !(digits > 0 && value == 0) => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && index < 3 && value < 256 => {
                octets[index] = to_u8(value);
                index += 1;
                value = 0;
                digits = 0;
            }
            _ => return None,
        }
    }
    if index != 3 || digits == 0 || value > 255 {
        return None;
    }
    octets[3] = to_u8(value);
    Some(Ipv4Addr::from(octets))
}

/// Addresses that begin alike: `203.0.113.0/24`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    mask: u128,
    v4: bool,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, length) = text.split_once('/').map_or((text, None), |(host, length)| (host, Some(length)));
        let ip = address(host)?.ip;
        let width = if ip.is_ipv4() { 32 } else { 128 };
        let length =
            length.map_or(Some(width), |length| length.parse().ok().filter(|n: &u32| *n <= width))?;
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0);
        Some(Self { bits: number(ip) & mask, mask, v4: ip.is_ipv4() })
    }

    /// Whether the address is one of them.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.v4 == ip.is_ipv4() && number(ip) & self.mask == self.bits
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// Whether an address can only be a machine of one's own: this host, a private or shared network, a link.
pub fn is_inner(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}

/// Whether a peer is this very host, by another name than an address: a socket file.
pub fn is_local_peer(text: &str) -> bool {
    text == "@" || text == "localhost" || text.starts_with("unix:")
}

/// The client behind proxies of one's own: going back from the last entry of the header's lines, the first that
/// is `foreign`; where none is, the entry that the chain begins with. Everything before a foreign address may be
/// invented by it.
pub fn client_of<'a>(
    lines: impl DoubleEndedIterator<Item = &'a str>,
    foreign: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut first = None;
    for entry in lines.rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = forwarded(entry).and_then(address) else { continue };
        first = Some(address.ip);
        if foreign(address.ip) {
            break;
        }
    }
    first
}

/// The address in an entry of `X-Forwarded-For`, or of `Forwarded` (`for="[2001:db8::1]:80";proto=https`).
fn forwarded(entry: &str) -> Option<&str> {
    let entry = entry.trim();
    if !entry.contains('=') {
        return Some(entry);
    }
    entry.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_name_nobody() {
        for text in [
            "",
            "-",
            "--",
            "null",
            "None",
            "unknown",
            "N/A",
            "...",
            "undefined",
            "(None)",
            "<nil>",
            "\"-\"",
            "''",
            "AnonymousUser",
            "anonymous",
            "[unknown]",
            "(null)",
            "<anonymous>",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["alice", "root", "0a", "7", "nonesuch", "(alice)", "O'Brien", "<a>"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (text, ip, port) in [
            ("1.2.3.4", "1.2.3.4", None),
            ("1.2.3.4:52782", "1.2.3.4", Some("52782")),
            ("203.0.113.104:0", "203.0.113.104", None),
            ("[2001:db8::1]:443", "2001:db8::1", Some("443")),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("2001:DB8:0::1", "2001:db8::1", None),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", None),
            ("2001:db8:1:2:3:4:5:6:60040", "2001:db8:1:2:3:4:5:6", Some("60040")),
            ("2001:db8::1:58340", "2001:db8::1", Some("58340")),
            ("::ffff:127.0.0.1", "127.0.0.1", None),
            ("::ffff:cb00:7109", "203.0.113.9", None),
            ("[::ffff:203.0.113.9]:80", "203.0.113.9", Some("80")),
            ("64:ff9b::203.0.113.9", "203.0.113.9", None),
            ("ip:1.2.3.4", "1.2.3.4", None),
            ("ipv4:1.2.3.4:50051", "1.2.3.4", Some("50051")),
            ("ipv6:[2001:db8::1]:50051", "2001:db8::1", Some("50051")),
            ("/1.2.3.4:52782", "1.2.3.4", Some("52782")),
            ("/[2001:db8::1]:52782", "2001:db8::1", Some("52782")),
            ("1.2.3.4(5432)", "1.2.3.4", Some("5432")),
            ("1.2.3.4#53", "1.2.3.4", Some("53")),
            ("1.2.3.4/32", "1.2.3.4", None),
            ("2001:db8::1/128", "2001:db8::1", None),
            ("\"1.2.3.4\"", "1.2.3.4", None),
            ("10.0.0.2, 10.0.0.1", "10.0.0.2", None),
            ("fe80::1%eth0", "fe80::1", None),
            ("[fe80::1%12]:80", "fe80::1", Some("80")),
            ("1::", "1::", None),
        ] {
            let found = address(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.ip.to_string().as_str(), found.port), (ip, port), "{text}");
            assert!(found.plain.is_none_or(|plain| plain == ip), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            "-",
            "localhost",
            "[local]",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.xxx",
            "testclient",
            "auth-api-1",
            "unix:/run/app.sock",
            "10:30:00",
            "/var/log/a",
            "dead:beef",
            "2001:db8::1::2",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    fn client(lines: &[&str], proxies: &[&str]) -> String {
        let proxies: Vec<_> = proxies.iter().map(|text| Network::parse(text).expect("a network")).collect();
        let foreign = |ip| !is_inner(ip) && !proxies.iter().any(|proxy| proxy.contains(ip));
        client_of(lines.iter().copied(), foreign).map(|ip| ip.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_client_is_the_nearest_foreign_address() {
        for (lines, proxies, expect) in [
            (&["203.0.113.51, 172.18.0.1"][..], &[][..], "203.0.113.51"),
            (&["198.51.100.1, 203.0.113.51"], &[], "203.0.113.51"),
            (&["198.51.100.1, 203.0.113.51"], &["203.0.113.0/24"], "198.51.100.1"),
            (&["198.51.100.1", "203.0.113.51, 10.0.0.1"], &[], "203.0.113.51"),
            (&["10.1.1.1, 10.0.0.1"], &[], "10.1.1.1"),
            (&["unknown, 203.0.113.51:4711, 100.64.0.7"], &[], "203.0.113.51"),
            (&["for=198.51.100.1, for=\"[2001:db8::17]:4711\";proto=http;by=10.0.0.1"], &[], "2001:db8::17"),
            (&["For=203.0.113.60;proto=https"], &[], "203.0.113.60"),
            (&["2001:db8::1, fe80::1"], &["2001:db8::/32"], "2001:db8::1"),
            (&["<script>"], &[], ""),
        ] {
            assert_eq!(client(lines, proxies), expect, "{lines:?}");
        }
    }

    #[test]
    fn networks_are_of_one_family() {
        let network = |text| Network::parse(text).expect("a network");
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(network("0.0.0.0/0").contains(ip("8.8.8.8")));
        assert!(!network("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(network("203.0.113.7").contains(ip("203.0.113.7")));
        assert!(!network("203.0.113.7").contains(ip("203.0.113.6")));
        assert!(network("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
        assert!(!network("2001:db8::/33").contains(ip("2001:db8:8000::1")));
        for text in ["", "10.0.0.0/33", "example", "10.0.0.0/x"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
