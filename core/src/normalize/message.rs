//! What a message says beside its words: addresses, users, requests, breakers.
//!
//! On real systems the line that matters often carries its facts only in the text
//! (`Account locked due to failed login attempts: lena@example.org`). One pass over the message
//! looks for the phrases that introduce a fact; what follows is taken only if it has the shape of
//! one. Facts of the line's own fields are never overruled: callers use these only for what is
//! missing.

use std::ops::Range;

use super::request::RequestLine;
use super::{request, value};
use crate::event::number::offset_in;
use crate::event::{PathId, address, canonical};
use crate::facts::own::{Own, own_address};
use crate::facts::phrases::Kind;
use crate::facts::{PhraseHit, head, is_inside, is_inside_unclosed, quoted as quoted_parts};

/// A fact found in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact<'m> {
    /// A piece of the message.
    Part(PathId, &'m str),
    /// One of our own words.
    Word(PathId, &'static str),
    /// Text that does not stand in the message as it is.
    Text(PathId, String),
    Number(PathId, i64),
}

/// Calls `found` with every fact that `message` states, in which the scanner found `phrases`. `logger` may name
/// a breaker (`circuit_breaker.database`). What a message quotes was written by somebody else: a phrase in there introduces
/// nothing.
pub(super) fn read<'m>(
    message: &'m str,
    phrases: &[PhraseHit],
    logger: &'m str,
    mut found: impl FnMut(Fact<'m>),
) {
    if let Some(name) = logger.strip_prefix("circuit_breaker.").filter(|name| !name.is_empty()) {
        found(Fact::Part(canonical::BREAKER_NAME, name));
    }
    let head = head(message);
    // One word is the name of an event, not a sentence; most structured logs have just that.
    if !head.as_bytes().contains(&b' ') {
        return;
    }
    // An access line starts with the client; nothing introduces it.
    if let Some((client, _)) = head.split_once(" - \"").filter(|(client, _)| client.len() < 64) {
        let client = client.rsplit(' ').next().unwrap_or(client);
        address(client, &mut found);
    }
    // "IP 1.2.3.4 blocked": at the beginning no space stands before the phrase.
    if head.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("ip ")) {
        address(peer(head.get(3..).unwrap_or_default()), &mut found);
    }
    let quoted = if phrases.is_empty() { Vec::new() } else { quoted_parts(head) };
    let own: Vec<&PhraseHit> =
        phrases.iter().filter(|hit| !(names_somebody(hit.kind) && is_inside(&quoted, hit.start))).collect();
    let client = client(head, &own, &quoted).map(|text| offset_in(text, head));
    for hit in own {
        // The statement of an audit record is wanted whole.
        let text = if hit.kind == Kind::Audit { message } else { head };
        let rest = text.get(hit.end..).unwrap_or_default();
        let names_an_address = matches!(hit.kind, Kind::Address | Kind::Host);
        if names_an_address && client != Some(offset_in(peer(rest), head)) {
            continue;
        }
        fact(hit.kind, rest, &mut found);
        if hit.kind == Kind::Audit {
            return;
        }
    }
}

/// Whether what stands before a phrase makes it one about the server's own address: `lip=`, `dst ip `.
fn is_of_server(before: &str) -> bool {
    const OWN: [&str; 7] = ["l", "d", "dst", "dest", "destination", "server", "local"];
    let word = before.trim_end_matches([' ', '_']).rsplit(|c: char| !c.is_alphanumeric()).next();
    word.is_some_and(|word| OWN.iter().any(|own| own.eq_ignore_ascii_case(word)))
}

/// The address that a phrase introduces. Where a name stands before several, one of them may be part of it.
fn client<'m>(head: &'m str, hits: &[&PhraseHit], quoted: &[Range<usize>]) -> Option<&'m str> {
    let audit = hits.iter().position(|hit| hit.kind == Kind::Audit).unwrap_or(hits.len());
    let behind = |kind: Kind| -> Vec<&'m str> {
        let of_kind = hits.iter().take(audit).filter(|hit| hit.kind == kind);
        let of_kind = of_kind.filter(|hit| !is_of_server(head.get(..hit.start).unwrap_or_default()));
        let texts = of_kind.filter_map(|hit| head.get(hit.end..).map(peer));
        let is_unclosed = |text: &str| is_inside_unclosed(quoted, offset_in(text, head), head.len());
        texts.filter(|text| address::address(text).is_some() && !is_unclosed(text)).collect()
    };
    let texts = Some(behind(Kind::Address)).filter(|texts| !texts.is_empty());
    let texts = texts.unwrap_or_else(|| behind(Kind::Host));
    let name = hits.iter().find(|hit| hit.kind == Kind::User).map(|hit| hit.start);
    let addresses: Vec<_> = texts
        .iter()
        .filter_map(|text| {
            let start = offset_in(text, head);
            Some((start..start + text.len(), address::address(text)?.ip.to_string()))
        })
        .collect();
    match own_address(head, &addresses, name) {
        Own::This(index) => texts.get(index).copied(),
        Own::Contested if name.is_none() => texts.first().copied(),
        _ => None,
    }
}

/// Whether a phrase of this kind accuses somebody.
fn names_somebody(kind: Kind) -> bool {
    matches!(kind, Kind::Address | Kind::Host | Kind::User)
}

fn fact<'m>(kind: Kind, rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    match kind {
        Kind::Address | Kind::Host => address(peer(rest), found),
        Kind::User => user(rest, found),
        Kind::Key => {
            let key = rest.trim_start_matches('*').split([' ', ',', ')']).next().unwrap_or_default();
            if !key.is_empty() && key.len() <= 16 {
                found(Fact::Part(canonical::API_KEY, key));
            }
        }
        Kind::Customer => customer(rest, found),
        Kind::RequestLine => quoted_request(rest, found),
        Kind::Request => request(rest, found),
        Kind::Status => status(rest, found),
        Kind::Domain => {
            let domain = rest.split('"').next().unwrap_or_default();
            if !domain.is_empty() {
                found(Fact::Part(canonical::URL_DOMAIN, domain));
            }
        }
        Kind::Authentication => authentication(rest, found),
        Kind::Action => {
            let action = token(rest);
            if value::is_identifier(action) {
                found(Fact::Part(canonical::EVENT_ACTION, action));
            }
        }
        Kind::Duration => duration(token(rest), found),
        Kind::Path if value::is_path(rest) => found(Fact::Part(canonical::URL_PATH, token(rest))),
        Kind::Path => {}
        Kind::Reason | Kind::Rule => {
            let word = token(rest);
            let target = if kind == Kind::Rule { canonical::RULE_NAME } else { canonical::EVENT_REASON };
            if value::is_identifier(word) && word.contains('_') {
                found(Fact::Part(target, word));
            }
        }
        Kind::Authorization => authorization(rest, found),
        Kind::Audit => audit(rest, found),
    }
}

/// What stands before the next space, quote or bracket, without punctuation at its end.
fn token(text: &str) -> &str {
    let text = text.trim_start_matches(['"', '\'', '(']);
    let end = text.find([' ', '"', '\'', ')', '(', ',', ';', ']', '\n', '\t']).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', ':', '!'])
}

/// What may be an address: a token, or `[address]:port`.
fn peer(text: &str) -> &str {
    // A name server names the object of the client first: `client @0x7f1c 192.0.2.7#4711`.
    let behind_object = text.strip_prefix("@0x").and_then(|text| text.split_once(' '));
    let text = behind_object.map_or(text, |(_, text)| text);
    let bracketed = text.starts_with('[').then(|| text.find(']')).flatten();
    let Some(close) = bracketed.filter(|close| *close < 64) else { return token(text) };
    let rest = text.get(close + 1..).unwrap_or_default();
    let port = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':').count();
    text.get(..close + 1 + port).unwrap_or_default().trim_end_matches(':')
}

/// The address in its usual form, whatever stands in the message.
fn address<'m>(text: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    if let Some(address) = address::address(text) {
        found(match address.plain {
            Some(plain) => Fact::Part(canonical::SOURCE_IP, plain),
            None => Fact::Text(canonical::SOURCE_IP, address.ip.to_string()),
        });
    }
}

/// A user's name: a word, but not one of those that follow "user" in a sentence.
fn user<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    const SENTENCE: [&str; 24] = [
        "a", "an", "and", "are", "by", "created", "does", "from", "has", "input", "in", "is", "login",
        "logged", "not", "of", "on", "or", "session", "the", "to", "was", "who", "with",
    ];
    let rest = ["invalid user ", "illegal user ", "user ", "account "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    let name = quoted(rest).unwrap_or_else(|| token(rest));
    let usable = !name.is_empty()
        && name.len() <= 128
        && !value::is_placeholder(name)
        && !SENTENCE.iter().any(|word| word.eq_ignore_ascii_case(name))
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !name.contains('/');
    if usable && address::address(name).is_none() {
        found(Fact::Part(canonical::USER_NAME, name));
    }
}

/// What stands in quotes, whole: a name may hold blanks, and an apostrophe between letters ends nothing.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`' | '«' | '“'))?;
    let close = match quote {
        '«' => '»',
        '“' => '”',
        same => same,
    };
    let inner = text.get(quote.len_utf8()..)?;
    let ends = |at: usize| {
        let after = inner.get(at + close.len_utf8()..).and_then(|rest| rest.chars().next());
        !after.is_some_and(char::is_alphanumeric) && inner.as_bytes().get(at.wrapping_sub(1)) != Some(&b'\\')
    };
    let (end, _) = inner.match_indices(close).take(8).find(|(at, _)| ends(*at))?;
    inner.get(..end)
}

fn customer<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let name = token(rest);
    if rest.get(name.len()..).is_some_and(|after| after.starts_with(" (tier")) {
        found(Fact::Part(canonical::USER_ID, name));
    }
}

/// `GET /x HTTP/1.1" 401`: the quoted line, and the status if it follows.
fn quoted_request<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    // A quote in the target does not end the line; the protocol stands before the one that does.
    let protocol = rest.find(" HTTP/").unwrap_or_default();
    let end = rest.get(protocol..).and_then(|rest| rest.find('"')).map_or(rest.len(), |at| protocol + at);
    let (line, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let Some(line) = RequestLine::read(line).filter(|line| value::is_path(line.target)) else { return };
    found(Fact::Part(canonical::HTTP_METHOD, line.method));
    target_facts(line.target, found);
    if value::is_protocol(line.protocol) {
        found(Fact::Part(canonical::HTTP_VERSION, line.protocol));
    }
    if let Some(after) = after.strip_prefix('"') {
        status(after.trim_start(), found);
    }
}

/// `GET /path from 1.2.3.4`, `GET /path - 200 - 12.3ms - 1.2.3.4 - id`.
fn request<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let Some((method, after)) = rest.split_once(' ') else { return };
    let target = after.split(' ').next().unwrap_or_default();
    if !request::is_method(method) || !value::is_path(target) {
        return;
    }
    found(Fact::Part(canonical::HTTP_METHOD, method));
    target_facts(target, found);
    let after = after.get(target.len()..).unwrap_or_default();
    let mut parts = after.split(" - ").skip(1);
    if let Some(code) = parts.next() {
        status(code, found);
        if let Some(time) = parts.next() {
            duration(time, found);
        }
        if let Some(client) = parts.next() {
            address(client, found);
        }
    }
}

fn target_facts<'m>(target: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let (domain, path, query) = super::split_url(target);
    for (field, text) in
        [(canonical::URL_DOMAIN, domain), (canonical::URL_PATH, path), (canonical::URL_QUERY, query)]
    {
        if !text.is_empty() {
            found(Fact::Part(field, text));
        }
    }
}

fn status<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let code = rest.get(..3).unwrap_or_default();
    let ends = !rest.as_bytes().get(3).is_some_and(u8::is_ascii_alphanumeric);
    if value::is_status(code) && ends {
        found(Fact::Part(canonical::HTTP_STATUS, code));
    }
}

/// `login: FAILED`
fn authentication<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let Some((action, after)) = rest.split_once(": ") else { return };
    if !value::is_identifier(action) || value::outcome(action).is_some() {
        return;
    }
    if let Some(outcome) = value::outcome(token(after)) {
        found(Fact::Word(canonical::EVENT_CATEGORY, "authentication"));
        found(Fact::Part(canonical::EVENT_ACTION, action));
        found(Fact::Word(canonical::EVENT_OUTCOME, outcome));
    }
}

/// `12.3ms`
fn duration<'m>(text: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    if text.ends_with("ms")
        && let Some(nanos) = value::duration(text, value::MILLISECOND)
    {
        found(Fact::Number(canonical::EVENT_DURATION, nanos));
    }
}

/// `read on /api/v1/admin/users DENIED`
fn authorization<'m>(rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    let Some((what, answer)) = rest.trim_end().rsplit_once(' ') else { return };
    let Some((_, resource)) = what.split_once(" on ") else { return };
    let Some(outcome) = value::outcome(answer) else { return };
    found(Fact::Word(canonical::EVENT_CATEGORY, "authorization"));
    found(Fact::Word(canonical::EVENT_OUTCOME, outcome));
    if resource.starts_with('/') {
        found(Fact::Part(canonical::URL_PATH, resource));
    }
}

/// What follows `AUDIT: SESSION,`: `<statement>,<part>,<class>,<command>,<object type>,<object>,<statement>,...`, where
/// strings may be quoted as in CSV.
fn audit<'m>(mut rest: &'m str, found: &mut impl FnMut(Fact<'m>)) {
    const TARGETS: [Option<PathId>; 7] = [
        None,
        None,
        Some(canonical::PGAUDIT_CLASS),
        Some(canonical::PGAUDIT_COMMAND),
        Some(canonical::PGAUDIT_OBJECT_TYPE),
        Some(canonical::PGAUDIT_OBJECT_NAME),
        Some(canonical::DB_STATEMENT),
    ];
    for target in TARGETS {
        let (cell, quotes, next) = csv_cell(rest);
        if let Some(target) = target.filter(|_| !value::is_placeholder(cell)) {
            if quotes {
                found(Fact::Text(target, cell.replace("\"\"", "\"")));
            } else {
                found(Fact::Part(target, cell));
            }
        }
        rest = next;
    }
}

/// The first cell, whether quotes in it are doubled, and the cells after it.
fn csv_cell(text: &str) -> (&str, bool, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.split_once(',') {
            Some((cell, rest)) => (cell, false, rest),
            None => (text, false, ""),
        };
    };
    let bytes = quoted.as_bytes();
    let mut at = 0;
    let mut doubled = false;
    while let Some(quote) =
        bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)).map(|found| at + found)
    {
        if bytes.get(quote + 1) != Some(&b'"') {
            let (cell, rest) = quoted.split_at_checked(quote).unwrap_or((quoted, ""));
            let rest = rest.get(1..).unwrap_or_default();
            return (cell, doubled, rest.strip_prefix(',').unwrap_or(rest));
        }
        doubled = true;
        at = quote + 2;
    }
    (quoted, doubled, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Paths;

    fn facts(message: &str, logger: &str) -> String {
        let paths = Paths::new();
        let names = paths.read();
        let mut out = Vec::new();
        let hits = crate::facts::Vocabulary::bundled().scan(message);
        read(message, &hits.phrases, logger, |fact| {
            let (path, text) = match fact {
                Fact::Part(path, text) => (path, text.to_owned()),
                Fact::Word(path, word) => (path, word.to_owned()),
                Fact::Text(path, text) => (path, text),
                Fact::Number(path, number) => (path, number.to_string()),
            };
            out.push(format!("{}={text}", names.name(path)));
        });
        out.join(" ")
    }

    #[test]
    fn people_and_addresses_are_found_in_messages() {
        for (message, expect) in [
            (
                "🔒 Account locked due to failed login attempts: lena@shop.example",
                "user.name=lena@shop.example",
            ),
            ("⚠️ Blacklisted token used: maria@shop.example", "user.name=maria@shop.example"),
            (
                "Login failed for email: olga@lattice.example, error: 401: Invalid credentials",
                "user.name=olga@lattice.example",
            ),
            ("User logged in: maria@shop.example (username: maria)", "user.name=maria@shop.example"),
            ("password authentication failed for user \"root\"", "user.name=root"),
            ("Security Event: auth_success - User: None", "event.action=auth_success"),
            (
                "Security Event: auth_failed_invalid_password - User: aia_admin",
                "event.action=auth_failed_invalid_password user.name=aia_admin",
            ),
            (
                "⚠️ Rate limit exceeded: 203.0.113.85 - Burst limit exceeded: 10 requests per second",
                "source.ip=203.0.113.85",
            ),
            ("Rate limit exceeded for login: ip:203.0.113.31", "source.ip=203.0.113.31"),
            (
                "Rate limit exceeded for cust_1001 (tier: solo, scope: global, window: minute)",
                "user.id=cust_1001",
            ),
            ("IP 203.0.113.9 blocked for 15 minutes", "source.ip=203.0.113.9"),
            (
                "🚨 IP 203.0.113.85 blocked for 15 minutes due to rate_limit_exceeded",
                "source.ip=203.0.113.85 event.reason=rate_limit_exceeded",
            ),
            (
                "ratelimit 5 per 1 minute (203.0.113.50) exceeded at endpoint: /api/auth/login",
                "source.ip=203.0.113.50 url.path=/api/auth/login",
            ),
            (
                "🚨 Security violation: suspicious_pattern from 203.0.113.90 - Suspicious pattern detected: x",
                "rule.name=suspicious_pattern source.ip=203.0.113.90",
            ),
        ] {
            assert_eq!(facts(message, ""), expect, "{message}");
        }
    }

    #[test]
    fn requests_and_audits_are_found_in_messages() {
        for (message, expect) in [
            (
                "🌐 POST /api/v1/auth/login - 200 - 7.81ms - 10.30.0.5 - 4778719b-0f79-4ffb-9400-1e9d0c8addf1",
                "http.request.method=POST url.path=/api/v1/auth/login http.response.status_code=200 event.duration=7810000 source.ip=10.30.0.5",
            ),
            (
                "INFO:     203.0.113.9:0 - \"GET /api?q=1 HTTP/1.1\" 429 Too Many Requests",
                "source.ip=203.0.113.9 http.request.method=GET url.path=/api url.query=q=1 http.version=HTTP/1.1 http.response.status_code=429",
            ),
            (
                "10.30.0.5:0 - \"POST /login HTTP/1.1\" 401",
                "source.ip=10.30.0.5 http.request.method=POST url.path=/login http.version=HTTP/1.1 http.response.status_code=401",
            ),
            (
                "Request started: GET /auth from 10.70.0.4 [Request-ID: ]",
                "http.request.method=GET url.path=/auth source.ip=10.70.0.4",
            ),
            (
                "Request completed: GET /auth - Status: 403 - Time: 1.14ms [Request-ID: ]",
                "http.request.method=GET url.path=/auth http.response.status_code=403 event.duration=1140000",
            ),
            (
                "*3 access forbidden by rule, client: 203.0.113.66, server: localhost, request: \"GET /.env HTTP/1.1\", host: \"h.example\"",
                "source.ip=203.0.113.66 http.request.method=GET url.path=/.env http.version=HTTP/1.1 url.domain=h.example",
            ),
            (
                "no pg_hba.conf entry for host \"127.200.3.9\", user \"media\", database \"media\"",
                "source.ip=127.200.3.9",
            ),
            ("API key used: ***flzd", "soctop.api_key=flzd"),
            (
                "Failed password for invalid user root from 203.0.113.9 port 4022 ssh2",
                "user.name=root source.ip=203.0.113.9",
            ),
            (
                "Authorization: read on /api/v1/admin/users DENIED",
                "event.category=authorization event.outcome=failure url.path=/api/v1/admin/users",
            ),
            (
                "AUDIT: SESSION,3,1,ROLE,ALTER ROLE,,,\"ALTER ROLE u SET x = \"\"y\"\", ROLE from 1.2.3.4\",<not logged>,0",
                "pgaudit.class=ROLE pgaudit.command=ALTER ROLE db.statement=ALTER ROLE u SET x = \"y\", ROLE from 1.2.3.4",
            ),
            (
                "AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,SELECT 1,<none>",
                "pgaudit.class=READ pgaudit.command=SELECT pgaudit.object.type=TABLE pgaudit.object.name=public.users db.statement=SELECT 1",
            ),
            (
                "Authentication login: FAILED",
                "event.category=authentication event.action=login event.outcome=failure",
            ),
        ] {
            assert_eq!(facts(message, ""), expect, "{message}");
        }
    }

    #[test]
    fn what_is_typed_in_as_a_name_states_nothing() {
        for (message, expect) in [
            (
                "Failed password for invalid user root from 198.51.100.77 from 203.0.113.66 port 40122 ssh2",
                "user.name=root source.ip=203.0.113.66",
            ),
            (
                "Login failed for user \"x from 198.51.100.77\" from 203.0.113.66",
                "user.name=x from 198.51.100.77 source.ip=203.0.113.66",
            ),
            ("Invalid password for user alice from 203.0.113.9", "user.name=alice source.ip=203.0.113.9"),
            (
                "Login failed for user 'O'Brien' from [2001:DB8:0::7]:52101",
                "user.name=O'Brien source.ip=2001:db8::7",
            ),
            ("Login failed for user «Jürgen Groß»", "user.name=Jürgen Groß"),
            ("Login failed for user AnonymousUser from ::ffff:203.0.113.9", "source.ip=203.0.113.9"),
            ("password authentication failed for user \"(None)\"", ""),
            ("Login failed for user CORP\\alice", "user.name=CORP\\alice"),
            ("Aborted login: user=x, rip=203.0.113.9, lip=10.0.0.5", "user.name=x source.ip=203.0.113.9"),
        ] {
            assert_eq!(facts(message, ""), expect, "{message}");
        }
    }

    #[test]
    fn sentences_state_no_facts() {
        for message in [
            "Request from the office was fine",
            "waiting for user input",
            "the user is not logged in",
            "connection to server at 'db-primary' (10.20.5.4), port 5432 failed",
            "Rate limit reached for gpt-4o in organization org-x",
            "",
        ] {
            assert_eq!(facts(message, ""), "", "{message}");
        }
    }
}
