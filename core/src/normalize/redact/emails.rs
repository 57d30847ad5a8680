//! E-mail addresses.

use super::words::{NO_DOMAINS, NOBODY};

/// The address as it is written outside of a URL.
pub(super) fn decoded_address(address: &str) -> String {
    address.replace("%40", "@")
}

/// The address around the `@` (or `%40`) at `at`.
pub(super) fn email_around(bytes: &[u8], at: usize, width: usize) -> Option<(usize, usize)> {
    let start = local_start(bytes, at)?;
    let end = host_end(bytes, at + width)?;
    let local = bytes.get(start..at)?;
    let path = bytes.get(end) == Some(&b':')
        && bytes.get(end + 1).is_some_and(|byte| matches!(byte, b'/' | b'~') || byte.is_ascii_alphabetic());
    let nobody = NOBODY.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(local));
    // A method of a class is called: `@java.lang.Runtime@getRuntime()`.
    let called = matches!(bytes.get(end), Some(b'@' | b'(')) || bytes.get(end..end + 3) == Some(b"%40");
    let is_person = !(called || nobody && path);
    is_person.then_some((start, end))
}

fn local_start(bytes: &[u8], at: usize) -> Option<usize> {
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-');
    let before = bytes.get(at.saturating_sub(64)..at)?;
    let mut start = at - before.iter().rev().take_while(|byte| local(byte)).count();
    let previous = start.checked_sub(1).and_then(|at| bytes.get(at));
    // `\nname@host` in raw JSON: the letter belongs to the escape. So do two digits behind `%`.
    if previous == Some(&b'\\') && matches!(bytes.get(start), Some(b'n' | b't' | b'r')) {
        start += 1;
    } else if previous == Some(&b'%') {
        let digits = bytes.get(start..start + 2)?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
        start += 2;
    }
    (start < at).then_some(start)
}

/// Where the host ends that begins at `from`, if it is one.
fn host_end(bytes: &[u8], from: usize) -> Option<usize> {
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let after = bytes.get(from..(from + 128).min(bytes.len()))?;
    let mut length = after.iter().take_while(|byte| domain(byte)).count();
    while length > 0 && after.get(length - 1).is_some_and(|byte| matches!(byte, b'.' | b'-')) {
        length -= 1;
    }
    let host = after.get(..length)?;
    let dot = memchr::memrchr(b'.', host)?;
    let top = host.get(dot + 1..)?;
    let one_case = top.iter().all(u8::is_ascii_lowercase)
        || top.iter().skip(1).all(u8::is_ascii_uppercase)
        || top.iter().skip(1).all(u8::is_ascii_lowercase);
    let file = NO_DOMAINS.iter().any(|end| end.as_bytes().eq_ignore_ascii_case(top));
    let named = dot > 0 && (2..=24).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic);
    (named && one_case && !file).then_some(from + length)
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
        assert_eq!(check("%22maria%40shop.example%22"), Some("maria%40shop.example".to_owned()));
        for text in [
            "ana***@shop.example",
            "user@host",
            "@shop.example",
            "x@1.2.3.4",
            "a@.com",
            "%23a%3D%40org.apache.commons.io.IOUtils%40toString",
            "a@org.apache.commons.io.IOUtils",
            "x@java.lang.runtime@get",
            "logo@2x.png",
            "getty@tty1.service",
            "git@github.com:x/y.git",
        ] {
            assert_eq!(check(text), None, "{text}");
        }
    }
}
