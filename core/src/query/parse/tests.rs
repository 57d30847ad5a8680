use super::*;

/// The tree in words: `&` all, `|` any, `!` not.
fn show(expression: &Expression) -> String {
    let join = |members: &[Expression], by: &str| {
        format!("({})", members.iter().map(show).collect::<Vec<_>>().join(by))
    };
    match expression {
        Expression::All => "*".to_owned(),
        Expression::And(members) => join(members, " & "),
        Expression::Or(members) => join(members, " | "),
        Expression::Not(inner) => format!("!{}", show(inner)),
        Expression::Clause(clause) => {
            let field = clause.field.as_ref().map(|field| format!("{field}=")).unwrap_or_default();
            format!("{field}{}", show_test(&clause.test))
        }
    }
}

fn show_test(test: &Test) -> String {
    let end = |limit: &Limit| match limit {
        Limit::Open => "..".to_owned(),
        Limit::Including(value) => format!("[{value}]"),
        Limit::Excluding(value) => format!("({value})"),
    };
    match test {
        Test::Exists => "exists".to_owned(),
        Test::Is(value) => value.clone(),
        Test::Phrase { text, slop, prefix } => {
            format!(
                "'{text}'{}{}",
                if *slop > 0 { format!("~{slop}") } else { String::new() },
                if *prefix { "*" } else { "" }
            )
        }
        Test::Wildcard(pattern) => format!("glob:{}", pattern.literal_head()),
        Test::Regex(source) => format!("re:{source}"),
        Test::Range { from, to } => format!("{}-{}", end(from), end(to)),
        Test::OneOf(values) => format!("{values:?}"),
    }
}

#[track_caller]
fn check(query: &str, expect: &str) {
    match parse(query) {
        Ok(expression) => assert_eq!(show(&expression), expect, "{query}"),
        Err(error) => panic!("{query}: {error}"),
    }
}

#[test]
fn words_side_by_side_are_all_wanted_and_or_binds_loosest() {
    check("", "*");
    check("  ", "*");
    check("*", "*");
    check("failed", "failed");
    check("failed login", "(failed & login)");
    check("a b OR c d", "((a & b) | (c & d))");
    check("a AND b OR c AND d", "((a & b) | (c & d))");
    check("(a OR b) c", "((a | b) & c)");
    check("and or not", "(and & or & not)");
}

#[test]
fn negation_in_every_spelling() {
    check("a AND NOT b", "(a & !b)");
    check("a NOT b", "(a & !b)");
    check("a -b", "(a & !b)");
    check("a AND -b", "(a & !b)");
    check("NOT a AND b", "(!a & b)");
    check("-a", "!a");
    check("NOT NOT a", "!!a");
    check("NOT (a OR b)", "!(a | b)");
    check("+a -b", "(a & !b)");
    check("a-b c", "(a-b & c)");
}

#[test]
fn conditions_on_fields() {
    check("user.name:alice", "user.name=alice");
    check("user.name: alice", "user.name=alice");
    check(r"k8s\.pod\.name:x", "k8s.pod.name=x");
    check("user:(alice OR bob) ok", "((user=alice | user=bob) & ok)");
    check("user:(alice role:admin)", "(user=alice & role=admin)");
    check("a:*", "a=exists");
    check("a:al*", "a=glob:al");
    check("a: IN [x \"y z\" w]", "a=[\"x\", \"y z\", \"w\"]");
    check("a:IN [x]", "a=[\"x\"]");
    check("a:INTEGER", "a=INTEGER");
    check("a:/re.x/", "(a=re:re.x | a=/re.x/)");
    check("url.path:/api/v1/users", "url.path=/api/v1/users");
    check("level:error^2 x", "(level=error & x)");
    check("a:\"\"", "a=''");
    check("a:\"x y\"~3", "a='x y'~3");
    check("a:\"x y\"*", "a='x y'*");
    check(r#"a:"say \"hi\"""#, "a='say \"hi\"'");
}

#[test]
fn ranges_and_comparisons() {
    check("a:[1 TO 5]", "a=[1]-[5]");
    check("a:{1 TO 5}", "a=(1)-(5)");
    check("a:[1 TO *]", "a=[1]-..");
    check(
        "a:[2026-01-01T00:00:00Z TO 2026-02-01T00:00:00Z}",
        "a=[2026-01-01T00:00:00Z]-(2026-02-01T00:00:00Z)",
    );
    check("a:>5", "a=(5)-..");
    check("a:>= 5", "a=[5]-..");
    check("a:<5 b", "(a=..-(5) & b)");
    check("a:<=-5", "a=..-[-5]");
}

#[test]
fn what_only_looks_like_a_field_is_a_word() {
    check("14:00:05", "14:00:05");
    check("fe80::1", "fe80::1");
    check("::1", "::1");
    check("http://example.com/x?y=z", "glob:http://example.com/x");
    check("ts:2026-01-01T00:00:00Z", "ts=2026-01-01T00:00:00Z");
    check("source.ip:10.0.0.0/8", "source.ip=10.0.0.0/8");
}

#[test]
fn errors_have_a_place_and_a_hint() {
    #[track_caller]
    fn check(query: &str, column: usize, message: &str) {
        let error = parse(query).expect_err(query);
        assert_eq!((error.column(), error.kind.to_string().as_str()), (column, message), "{query}");
        assert!(error.hint().is_some(), "{query}");
    }
    check("a \"b", 3, "the quote is not closed");
    check("a AND (b", 7, "the parenthesis is not closed");
    check("a AND (", 7, "the parenthesis is not closed");
    check("a) b", 2, "this `)` closes nothing");
    check("()", 1, "the parentheses are empty");
    check("a AND", 6, "nothing follows `AND`");
    check("a OR ", 6, "nothing follows `OR`");
    check("NOT ", 5, "nothing follows `NOT`");
    check("AND a", 1, "`AND` is not an operator");
    check("a || b", 3, "`||` is not an operator");
    check("ä && b", 3, "`&&` is not an operator");
    check("!a", 1, "`!` is not an operator");
    check("user:", 6, "nothing follows `user:`");
    check("a:>", 3, "nothing follows `>`");
    check("a:[1 TO", 3, "the range is not closed");
    check("a:[1 2]", 3, "a range has the form `[from TO to]`");
    check("[1 TO 2]", 1, "a range or a comparison needs a field");
    check(">5", 1, "a range or a comparison needs a field");
    check("IN [a b]", 1, "a list without a field");
    check("a: IN [x", 4, "the list is not closed");
    check("a -- b", 4, "`-` has neither letters nor digits to look for");
    check("a *.*", 3, "`*` has neither letters nor digits to look for");
    check("level:>=wrn", 1, "`wrn` is not a log level");
    check("b @timestamp:soon", 3, "`soon` is not a time");
    check("a:/[/", 3, "the regular expression is not valid: unclosed character class");
    check(
        "/timed out/",
        1,
        "a regular expression without a field is matched against single words, which contain no spaces",
    );
}

#[test]
fn depth_and_length_are_limited() {
    let deep = format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000));
    assert_eq!(parse(&deep).unwrap_err().kind, QueryErrorKind::TooLarge);
    assert_eq!(parse(&"NOT ".repeat(1_000)).unwrap_err().kind, QueryErrorKind::TooLarge);
    assert_eq!(parse(&"a ".repeat(10_000)).unwrap_err().kind, QueryErrorKind::TooLarge);
    assert_eq!(parse(&"a".repeat(100_000)).unwrap_err().kind, QueryErrorKind::TooLarge);
}

#[test]
fn parts_are_what_must_all_hold() {
    #[track_caller]
    fn check(query: &str, expect: &[&str]) {
        let parts = parse_parts(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let texts: Vec<&str> = parts.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, expect, "{query}");
    }
    check("", &[]);
    check(" a  b:c -\"d e\" ", &["a", "b:c", "-\"d e\""]);
    check("a AND (b OR c) NOT d", &["a", "(b OR c)", "NOT d"]);
    check("a b OR c", &["a b OR c"]);
    assert!(parse_parts("a b) c").is_err());
    assert!(parse_parts("a AND").is_err());
}

proptest::proptest! {
    #[test]
    fn parts_together_are_the_whole(
        words in proptest::collection::vec(
            proptest::sample::select(vec!["a", "b:c", "-d", "(e OR f)", "g:>1", "OR", "AND", "NOT", "\"h i\""]), 0..8)
    ) {
        let query = words.join(" ");
        match (parse(&query), parse_parts(&query)) {
            (Ok(Expression::All), Ok(parts)) => proptest::prop_assert!(parts.is_empty()),
            (Ok(Expression::And(members)), Ok(parts)) if parts.len() > 1 => {
                let parts: Vec<String> = parts.iter().map(|(_, part)| show(part)).collect();
                proptest::prop_assert_eq!(parts, members.iter().map(show).collect::<Vec<_>>());
            }
            (Ok(whole), Ok(parts)) => {
                proptest::prop_assert_eq!(parts.len(), 1);
                proptest::prop_assert_eq!(show(&parts[0].1), show(&whole));
            }
            (whole, parts) => proptest::prop_assert_eq!(whole.is_err(), parts.is_err()),
        }
    }

    #[test]
    fn no_text_makes_the_parser_fail_otherwise_than_by_an_error(text in "\\PC{0,80}") {
        if let Err(error) = parse(&text) {
            proptest::prop_assert!(error.at <= text.len());
        }
    }

    #[test]
    fn operators_in_any_order_never_loop_or_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec!["a", "b:", "(", ")", "\"", "AND", "OR", "NOT", "-", "+", "[", "TO", "]",
                "{", "}", ">", "<=", "*", "?", "/", "\\", "IN", "~2", "^3", " ", "é"]), 0..30)
    ) {
        drop(parse(&parts.concat()));
        drop(parse(&parts.join(" ")));
    }
}
