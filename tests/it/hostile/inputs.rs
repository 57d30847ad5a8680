//! Log lines that are meant to cost time: each kind as large as one likes.
//!
//! Shared by a test, which only has to come to its end, and by `benches/hostile.rs`, which says what a byte
//! costs as the input grows.

/// A kind of hostile input: its name, and the lines of about this many bytes.
pub type Kind = (&'static str, fn(usize) -> Vec<String>);

/// All kinds.
pub const KINDS: &[Kind] = &[
    // The decoder.
    ("one long string", |size| message(&"a".repeat(size))),
    ("text that is no JSON", |size| one("a".repeat(size))),
    ("different keys", |size| object(size, |n| format!("\"key{n}\":{n}"))),
    ("the same key", |size| object(size, |_| "\"a\":1".to_owned())),
    ("keys of `log`, for Docker's wrapper", |size| object(size, |_| "\"log\":\"x\"".to_owned())),
    ("keys full of dots", |size| object(size, |n| format!("\"a.b.{n}\":1,\"a\":{{\"b\":1}}"))),
    ("objects 60 deep", |size| {
        let deep = format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60));
        object(size, |_| format!("\"x\":{deep}"))
    }),
    ("open brackets", |size| one("[".repeat(size))),
    ("open brackets in an object", |size| one(format!("{{\"a\":{}", "[".repeat(size)))),
    ("brackets, closed again", |size| {
        one(format!("{{\"a\":{}{}}}", "[".repeat(size / 2), "]".repeat(size / 2)))
    }),
    ("backslashes", |size| message(&"\\\\".repeat(size / 2))),
    ("escapes", |size| message(&"\\u00e9\\n".repeat(size / 8))),
    ("half surrogates", |size| message(&"\\ud800".repeat(size / 6))),
    ("values of an array", |size| array(size, |n| format!("\"aaaa{}\"", n % 7))),
    ("JSON in JSON in JSON", |size| {
        let inner = quoted(&format!("{{\"message\":{}}}", quoted(&"x\"".repeat(size / 8))));
        one(format!("{{\"message\":{inner}}}"))
    }),
    ("beginnings of objects in a text", |size| one(format!("x {}}}", "{\"".repeat(size / 2)))),
    ("logfmt", |size| one("a=b ".repeat(size / 4))),
    ("logfmt, quotes that are escaped", |size| one(format!("a=\"{}", "\\\"".repeat(size / 2)))),
    ("syslog, structured data", |size| {
        one(format!("<34>1 2026-03-01T09:00:00Z h a 1 m {}", "[x y=\"]\"]".repeat(size / 9)))
    }),
    ("csvlog, doubled quotes", |size| {
        one(format!("2026-03-01 09:00:00.000 UTC,\"{}", "\"\"".repeat(size / 2)))
    }),
    ("an access line, brackets and quotes", |size| {
        one(format!(
            "203.0.113.9 - - [01/Mar/2026:09:00:00 +0000] \"GET /{} HTTP/1.1\" 200 1",
            "\\\"] ".repeat(size / 4)
        ))
    }),
    ("colours", |size| one(format!("{}INFO: x", "\x1b[1m".repeat(size / 4)))),
    // Names, ids, facts, secrets.
    ("talk about breakers", |size| message(&"circuit breaker open to closed ".repeat(size / 31))),
    ("a long id", |size| one(format!("{{\"request_id\":\"{}\"}}", "a1".repeat(size / 2)))),
    ("ids that run into each other", |size| message(&" request_id=".repeat(size / 12))),
    ("ids glued together", |size| message(&format!("x {}", "request_id=".repeat(size / 11)))),
    ("blanks before an id", |size| message(&format!("x request{}id=abcdef12", " ".repeat(size)))),
    ("fields named like an id", |size| object(size, |n| format!("\"request_id\":\"abcdef{n}\""))),
    ("an id that never ends", |size| message(&format!("[{}", "a1".repeat(size / 2)))),
    ("phrases that introduce a fact", |size| message(&"from user: ip=".repeat(size / 14))),
    ("a record of pgaudit", |size| message(&format!("AUDIT: SESSION,1,1,{}", ",".repeat(size)))),
    ("addresses of proxies", |size| {
        one(format!("{{\"x_forwarded_for\":\"{}\"}}", "203.0.113.9, ".repeat(size / 13)))
    }),
    ("a path, encoded again and again", |size| {
        one(format!("{{\"method\":\"GET\",\"path\":\"/{}\"}}", "%2525".repeat(size / 5)))
    }),
    ("a time of many digits", |size| {
        one(format!("{{\"timestamp\":\"2026-03-01T09:00:00.{}Z\"}}", "1".repeat(size)))
    }),
    ("payment cards", |size| message(&"4111 1111 1111 1111 ".repeat(size / 20))),
    ("digits", |size| message(&"4".repeat(size))),
    ("groups of digits", |size| message(&"4111 ".repeat(size / 5))),
    ("cards in an id, behind many fields", |size| {
        let fields: String = (0..900).map(|n| format!("\"f{n}\":1,")).collect();
        one(format!("{{{fields}\"request_id\":\"{}\"}}", "4111111111111111 ".repeat(size / 17)))
    }),
    ("e-mail addresses", |size| message(&"a@b.example ".repeat(size / 12))),
    ("the user's address, many users", |size| {
        let users: String = (0..900).map(|n| format!("\"user.name\":\"u{n}\",")).collect();
        one(format!(
            "{{{users}\"user.email\":\"a@b.example\",\"message\":\"{}\"}}",
            "a@b.example ".repeat(size / 12)
        ))
    }),
    ("signs of addresses", |size| message(&"a@%40".repeat(size / 5))),
    ("beginnings of JSON web tokens", |size| message(&"-eyJ".repeat(size / 4))),
    ("beginnings of keys", |size| message(&"sk-".repeat(size / 3))),
    ("one token", |size| message(&format!("eyJhbGciOiJub25lIn0.{}", "aGVs".repeat(size / 4)))),
    ("bearers", |size| message(&"Bearer ".repeat(size / 7))),
    ("a bearer's long token", |size| message(&format!("Bearer {}", "aGVs".repeat(size / 4)))),
    ("assignments to a token", |size| message(&"token=".repeat(size / 6))),
    ("tokens with a colon", |size| message(&"token:".repeat(size / 6))),
    ("the word token", |size| message(&"token".repeat(size / 5))),
    ("keys in a query", |size| message(&"?key=".repeat(size / 5))),
    ("passwords in SQL", |size| message(&"password 'password: ".repeat(size / 20))),
    ("private keys", |size| message(&"-----BEGIN RSA PRIVATE KEY-----".repeat(size / 31))),
    ("passwords in URLs", |size| message(&"a://b:c@".repeat(size / 8))),
    ("schemes", |size| message(&"://:@".repeat(size / 5))),
    ("fields named like a secret", |size| object(size, |n| format!("\"password\":\"aaaaaaaa{n}\""))),
    ("the same secret", |size| object(size, |_| "\"password\":\"aaaaaaaa\"".to_owned())),
    // The rules.
    ("what wildcards look for", |size| one(format!("{{\"a\":\"{}\"}}", "a".repeat(size)))),
    ("almost what wildcards look for", |size| one(format!("{{\"a\":\"{}c\"}}", "ab".repeat(size / 2)))),
    ("every word of the rules", |size| {
        message(&"union select <script> ../../etc/passwd ; cat ${jndi: sqlmap ' or 1=1 -- ".repeat(size / 76))
    }),
    ("letters that grow in lower case", |size| message(&"İK".repeat(size / 5))),
    ("two lists compared", |size| {
        one(format!("{{\"a\":[{}],\"b\":[{}]}}", list(size / 2, "aaaaaaaab"), list(size / 2, "aaaaaaaac")))
    }),
    ("objects as values", |size| array(size, |n| format!("{{ \"k\" : {n} }}"))),
    // Correlation.
    ("failed logins of everybody", |size| logins(size, |n| (n, n))),
    ("failed logins of one user", |size| logins(size, |n| (n, 1))),
    ("failed logins at one moment", |size| logins(size, |n| (1, n))),
    ("failed logins, time running back", |size| logins(size, |n| (1_000_000 - n, n % 10))),
    // Last, because it fills the table of paths.
    ("new keys on every line", new_keys),
];

fn one(line: String) -> Vec<String> {
    vec![line]
}

/// `text` as it stands between the quotes of a JSON string.
fn message(text: &str) -> Vec<String> {
    one(format!("{{\"timestamp\":\"2026-03-01T09:00:00Z\",\"level\":\"info\",\"message\":\"x {text}\"}}"))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn members(size: usize, member: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= size {
            break;
        }
        if n > 0 {
            text.push(',');
        }
        text.push_str(&member(n));
    }
    text
}

fn object(size: usize, member: impl Fn(usize) -> String) -> Vec<String> {
    one(format!("{{{}}}", members(size, member)))
}

fn array(size: usize, value: impl Fn(usize) -> String) -> Vec<String> {
    one(format!("{{\"a\":[{}]}}", members(size, value)))
}

/// Few long values: an event has a limited number of them.
fn list(size: usize, unit: &str) -> String {
    let long = unit.repeat(size / 400 / unit.len());
    members(size, |n| format!("\"{long}{n}\""))
}

/// A thousand keys a line that no line before had: past the bound they are no longer remembered.
fn new_keys(size: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut bytes = 0;
    while bytes < size {
        let number = lines.len();
        let keys = members(13_000, |n| format!("\"k{number}x{n}\":1"));
        bytes += keys.len();
        lines.push(format!("{{{keys}}}"));
    }
    lines
}

/// Lines of (second, user).
fn logins(size: usize, which: fn(usize) -> (usize, usize)) -> Vec<String> {
    let line = |n| {
        let (second, user) = which(n);
        format!(
            "{{\"timestamp\":{},\"event\":\"login_failed\",\"user\":\"u{user}\",\"a\":\"login_failed\"}}",
            1_772_355_600 + second
        )
    };
    (0..size / 320).map(line).collect()
}
