//! Patterns in which `*` stands for any run and other pieces for one item each. Sigma's values have a matcher of
//! their own (`sigma::matcher`), which knows literals of many bytes.

/// Whether all of `text` fits `pattern`, piece by piece. At worst as many steps as text times pattern: what
/// follows the last `*` is tried anew one item later, and earlier ones never again.
pub fn fits<P, T>(
    pattern: &[P],
    mut text: T,
    is_star: impl Fn(&P) -> bool,
    fits_one: impl Fn(&P, T::Item) -> bool,
) -> bool
where
    T: Iterator<Item: Copy> + Clone,
{
    let mut piece = 0;
    let mut retry: Option<(usize, T)> = None;
    loop {
        if pattern.get(piece).is_some_and(&is_star) {
            piece += 1;
            retry = Some((piece, text.clone()));
            continue;
        }
        match (pattern.get(piece), text.next()) {
            (None, None) => return true,
            (Some(wanted), Some(item)) if fits_one(wanted, item) => {
                piece += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        piece = *after_star;
        text = from.clone();
    }
}

/// Whether `text` fits a pattern in which only `*` is special.
#[must_use]
pub fn fits_stars(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.bytes(), |byte| *byte == b'*', |wanted, byte| *wanted == byte)
}

/// As [`fits_stars`]; the case of ASCII letters does not matter.
#[must_use]
pub fn fits_stars_caseless(pattern: &str, text: &str) -> bool {
    let same = |wanted: &u8, byte: u8| wanted.eq_ignore_ascii_case(&byte);
    fits(pattern.as_bytes(), text.bytes(), |byte| *byte == b'*', same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_have_stars() {
        for (pattern, text, expect) in [
            ("login_error", "LOGIN_ERROR", true),
            ("login_*", "LOGIN_ERROR", true),
            ("*.b.*", "a.b.c", true),
            ("*.d", "a.b.c", false),
            ("*", "", true),
            ("", "x", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(fits_stars_caseless(pattern, text), expect, "{text} {pattern}");
        }
        assert!(!fits_stars("login_*", "LOGIN_ERROR"));
        assert!(!fits_stars(&"*a".repeat(200), &"a".repeat(199)), "and ends soon");
    }

    proptest! {
        #[test]
        fn stars_mean_what_an_expression_means(pattern in "[ab*é]{0,8}", text in "[abé]{0,10}") {
            let expression = format!("^(?s){}$", pattern.replace('*', ".*"));
            let expect = regex::Regex::new(&expression).expect("an expression").is_match(&text);
            prop_assert_eq!(fits_stars(&pattern, &text), expect);
        }
    }
}
