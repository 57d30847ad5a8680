//! Addresses as logs write them, and the words for nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Values that stand for "none" in a field that names somebody or something.
#[inline]
pub(crate) fn is_placeholder(text: &str) -> bool {
    match text.as_bytes() {
        [] => true,
        [
            b'-' | b'.' | b'(' | b'<' | b'n' | b'N' | b'u' | b'U' | b'a' | b'A' | b's' | b'S' | b'?' | b'0'
            | b'*' | b' ',
            ..,
        ] => text.len() <= 16 && is_word_for_nothing(text),
        // Most values are told apart by their first letter.
        _ => false,
    }
}

fn is_word_for_nothing(text: &str) -> bool {
    let words: &[&str] = match text.len() {
        1 => return matches!(text, "-" | "?" | "0" | "*" | " "),
        2 => &["--", "na"],
        3 => &["n/a", "nil", "..."],
        4 => &["null", "none"],
        5 => &["<nil>"],
        6 => &["(null)", "<none>", "(none)", "string"],
        7 => &["unknown", "not set"],
        9 => &["undefined", "anonymous"],
        12 => &["<not logged>"],
        13 => &["anonymoususer"],
        16 => &["system:anonymous"],
        _ => return false,
    };
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// An address, with its port where one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) ip: IpAddr,
    /// The address as it stands in the text, when that is its usual form.
    pub(crate) plain: Option<&'a str>,
    pub(crate) port: Option<&'a str>,
}

/// Reads `1.2.3.4`, `1.2.3.4:52782`, `[2001:db8::1]:443`, `::ffff:127.0.0.1`, `ip:1.2.3.4`, and the first of a
/// list. Host names, `[local]` and masked addresses are none.
#[inline]
pub(crate) fn address(text: &str) -> Option<Address<'_>> {
    if let Some(ip) = ipv4(text) {
        return Some(Address { ip: IpAddr::V4(ip), plain: Some(text), port: None });
    }
    let possible = match text.as_bytes().first()? {
        b'0'..=b'9' => true,
        b' ' => true,
        b'a'..=b'f' | b'A'..=b'F' | b'[' | b':' | b'i' => text.as_bytes().contains(&b':'),
        _ => false,
    };
    if possible { unusual_address(text) } else { None }
}

fn unusual_address(text: &str) -> Option<Address<'_>> {
    let text = text.strip_prefix("ip:").unwrap_or(text);
    let text = text.split(',').next()?.trim();
    let first = *text.as_bytes().first()?;
    if first.is_ascii_digit() && !text.bytes().take(5).any(|byte| byte == b':') {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text.strip_suffix("/32").unwrap_or(text), None),
        };
        let ip = ipv4(host)?;
        return Some(Address {
            ip: IpAddr::V4(ip),
            plain: Some(host),
            port: port.filter(|port| is_port(port)),
        });
    }
    if !text.contains(':') {
        return None;
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => (text, None),
    };
    let host = host.split('%').next()?;
    let ip: Ipv6Addr = host.parse().ok()?;
    Some(Address { ip: ip.to_canonical(), plain: None, port: port.filter(|port| is_port(port)) })
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
                octets[index] = value as u8;
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
    octets[3] = value as u8;
    Some(Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (text, ip, port) in [
            ("1.2.3.4", "1.2.3.4", None),
            ("1.2.3.4:52782", "1.2.3.4", Some("52782")),
            ("203.0.113.104:0", "203.0.113.104", None),
            ("[2001:db8::1]:443", "2001:db8::1", Some("443")),
            ("2001:DB8:0::1", "2001:db8::1", None),
            ("::ffff:127.0.0.1", "127.0.0.1", None),
            ("ip:1.2.3.4", "1.2.3.4", None),
            ("10.0.0.2, 10.0.0.1", "10.0.0.2", None),
            ("fe80::1%eth0", "fe80::1", None),
            ("1::", "1::", None),
        ] {
            let found = address(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.ip.to_string().as_str(), found.port), (ip, port), "{text}");
            assert!(found.plain.is_none_or(|plain| plain == ip), "{text}");
        }
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
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn nobody_has_many_names() {
        for word in ["-", "--", "(None)", "anonymous", "AnonymousUser", "system:anonymous", "<nil>"] {
            assert!(is_placeholder(word), "{word}");
        }
        for word in ["nora", "sys", "system:admin", "anonymous coward"] {
            assert!(!is_placeholder(word), "{word}");
        }
    }
}
