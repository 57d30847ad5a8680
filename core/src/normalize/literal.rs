//! JSON string literals that spell a text in a way that cannot be foreseen: `\u003c` for `<`, `\/` for `/`.

/// Strings inside of strings that are looked into.
const DEPTH: u32 = 2;

/// How often a text stands in another.
pub(super) type Count<'a> = &'a dyn Fn(&str) -> usize;

/// Calls `found` with the inside of every literal of `line` that holds a text more often than can be seen. `count`
/// says how often it stands in decoded text, `seen` how often in a literal as it is written.
///
/// Costs a pass over the line. What is no JSON, or has a literal that cannot be decoded, is passed over.
pub(super) fn find_hidden(
    line: &str,
    count: Count<'_>,
    seen: Count<'_>,
    mut found: impl FnMut(usize, usize),
) {
    each_escaped(line, |start, end, decoded| {
        if occurrences(decoded, count, DEPTH) > line.get(start..end).map_or(0, seen) {
            found(start, end);
        }
    });
}

/// How often the text stands in decoded text, and in the literals that this itself holds.
fn occurrences(text: &str, count: Count<'_>, depth: u32) -> usize {
    let mut all = count(text);
    if depth > 0 && text.contains('\\') {
        each_escaped(text, |start, end, decoded| {
            let plain = text.get(start..end).map_or(0, count);
            all += occurrences(decoded, count, depth - 1).saturating_sub(plain);
        });
    }
    all
}

/// Every literal with escapes: where its inside lies, and what it says.
fn each_escaped(line: &str, mut call: impl FnMut(usize, usize, &str)) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', bytes.get(at..).unwrap_or_default()).map(|quote| at + quote) {
        let Some((end, has_escapes)) = literal_end(bytes, open + 1) else { return };
        if has_escapes
            && let Some(literal) = line.get(open..=end)
            && let Ok(decoded) = serde_json::from_str::<String>(literal)
        {
            call(open + 1, end, &decoded);
        }
        at = end + 1;
    }
}

/// The closing quote, and whether there is an escape before it.
fn literal_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let (mut at, mut has_escapes) = (start, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((at, has_escapes));
        }
        has_escapes = true;
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden<'l>(line: &'l str, text: &str) -> Vec<&'l str> {
        let mut found = Vec::new();
        let count = |decoded: &str| decoded.matches(text).count();
        find_hidden(line, &count, &count, |start, end| found.extend(line.get(start..end)));
        found
    }

    #[test]
    fn only_literals_that_hide_the_text_are_found() {
        let line = r#"{"a":"go\u003cpass","b":"go<pass\n","c":"pa\/th","d":"go<pass"}"#;
        assert_eq!(hidden(line, "go<pass"), [r"go\u003cpass"]);
    }

    #[test]
    fn a_text_that_stands_twice_and_is_hidden_once_is_found() {
        assert_eq!(hidden(r#"{"a":"KD-01 KD-0\u0031"}"#, "KD-01"), [r"KD-01 KD-0\u0031"]);
    }

    #[test]
    fn strings_inside_of_strings_are_looked_into() {
        let line = r#"{"log":"{\"password\":\"go\\u003cpass\"}"}"#;
        assert_eq!(hidden(line, "go<pass"), [r#"{\"password\":\"go\\u003cpass\"}"#]);
    }

    #[test]
    fn what_is_no_json_is_passed_over() {
        for line in [r#"say "go\u003cpass"#, r#"\"#, r#"""#, r#""\"#, r#""\ud800 go<pass""#] {
            assert_eq!(hidden(line, "go<pass"), [""; 0], "{line}");
        }
    }
}
