//! E-mail addresses.

/// The address as it is written outside of a URL.
pub(super) fn decoded_address(address: &str) -> String {
    address.replace("%40", "@")
}

/// The address around the `@` (or `%40`) at `at`.
pub(super) fn email_around(bytes: &[u8], at: usize, width: usize) -> Option<(usize, usize)> {
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let before = bytes.get(at.saturating_sub(64)..at)?;
    let mut start = at - before.iter().rev().take_while(|byte| local(byte)).count();
    // `\nname@host` in raw JSON: the letter belongs to the escape.
    if start > 0
        && bytes.get(start - 1) == Some(&b'\\')
        && bytes.get(start).is_some_and(|byte| matches!(byte, b'n' | b't' | b'r'))
    {
        start += 1;
    }
    let after = bytes.get(at + width..(at + width + 128).min(bytes.len()))?;
    let mut length = after.iter().take_while(|byte| domain(byte)).count();
    while length > 0 && after.get(length - 1).is_some_and(|byte| matches!(byte, b'.' | b'-')) {
        length -= 1;
    }
    let host = after.get(..length)?;
    let dot = memchr::memrchr(b'.', host)?;
    let top = host.get(dot + 1..)?;
    let valid = start < at && dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    valid.then_some((start, at + width + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_with_their_borders() {
        let check = |text: &str| {
            let at = text.find('@').map(|at| (at, 1)).or_else(|| text.find("%40").map(|at| (at, 3)));
            at.and_then(|(at, width)| email_around(text.as_bytes(), at, width))
                .and_then(|(start, end)| text.get(start..end).map(str::to_owned))
        };
        assert_eq!(check("to <maria.x+y@shop.example>."), Some("maria.x+y@shop.example".to_owned()));
        assert_eq!(check("a\\nmaria@shop.example."), Some("maria@shop.example".to_owned()));
        assert_eq!(check("?u=maria%40shop.example&x"), Some("maria%40shop.example".to_owned()));
        for text in ["ana***@shop.example", "user@host", "@shop.example", "x@1.2.3.4", "a@.com"] {
            assert_eq!(check(text), None, "{text}");
        }
    }
}
