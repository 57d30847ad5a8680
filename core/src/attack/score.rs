//! Scores: the signals of each value, summed by family, and the best value of each.

use std::sync::LazyLock;

use super::patterns::{FAMILIES, Finder};
use super::read::{self, Handler};
use super::signals::READ;
use super::split::{self, Raw};
use super::{Place, Verdict, decode};

/// From this score on a family stands.
const STANDS: u32 = 5;
/// From this on it is worth counting.
const WEAK: u32 = 3;
/// What is looked at of a value, in bytes: this much of its beginning and of its end.
const VALUE_BYTES: usize = 256 << 10;
const END_BYTES: usize = 8 << 10;
/// Values of one request that are looked at; those that could not hold anything are not counted.
const VALUE_LIMIT: usize = 4_096;
/// Longer values are texts.
const TEXT_BYTES: usize = 600;
/// How often a value that is a document itself is split again.
const NESTING: usize = 3;

/// What a value says about a family.
#[derive(Clone, Default)]
struct Score {
    sum: u32,
    hard: bool,
    /// Names and weights.
    signals: Vec<(&'static str, u32)>,
}

impl Score {
    fn add(&mut self, name: &'static str, weight: u8, hard: bool, halved: bool) {
        let weight = u32::from(weight);
        let weight = if halved && !hard { weight.div_ceil(2) } else { weight };
        self.sum += weight;
        self.hard |= hard;
        self.signals.push((name, weight));
    }
}

/// The best value of a family so far.
#[derive(Clone, Default)]
struct Best {
    score: Score,
    place: String,
    payload: String,
}

/// Looks at the requests of one thread, one after the other.
pub struct Scanner {
    best: Vec<Best>,
    values: usize,
    /// Some value was longer than what is looked at.
    passed_over: bool,
    found: bool,
    text: Vec<u8>,
    squeezed: Vec<u8>,
    finder: Finder,
}

impl Default for Scanner {
    fn default() -> Self {
        let best = vec![Best::default(); FAMILIES.len()];
        Self {
            best,
            values: 0,
            passed_over: false,
            found: false,
            text: Vec::new(),
            squeezed: Vec::new(),
            finder: Finder::default(),
        }
    }
}

impl Scanner {
    /// The path of the request, still encoded.
    pub fn path(&mut self, text: &str) {
        self.value(Raw { place: Place::Path, name: "", text, around: "" }, 0);
    }

    /// A query, a form or what else is written as one, still encoded.
    pub fn parameters(&mut self, place: Place, text: &str) {
        split::parameters(text, place, &mut |raw| self.value(raw, 0));
        if SPLIT_STATEMENT.is_match(text.as_bytes()) {
            self.joined(place, text);
        }
    }

    /// The values of all parameters as the server may join them: a statement can be divided among several.
    #[cold]
    fn joined(&mut self, place: Place, text: &str) {
        let mut joined = String::new();
        split::parameters(text, place, &mut |raw| {
            joined.push_str(if joined.is_empty() { "" } else { "+" });
            joined.push_str(raw.text);
        });
        self.value(Raw { place, name: "", text: &joined, around: "" }, NESTING);
    }

    /// A `Cookie` header.
    pub fn cookies(&mut self, text: &str) {
        split::cookies(text, &mut |raw| self.value(raw, 0));
    }

    /// One value that the log has by itself: a header, a parameter of an object.
    pub fn named(&mut self, place: Place, name: &str, text: &str) {
        self.value(Raw { place, name, text, around: "" }, 0);
    }

    /// The name of a member, which may be an operator of a document database, and of the object that it is in.
    pub fn operator(&mut self, name: &str, around: &str) {
        self.judge(Raw { place: Place::Name, name, text: name, around });
    }

    /// A body, whatever its form.
    pub fn body(&mut self, text: &str) {
        split::body(text, &mut |raw| self.value(raw, 0));
    }

    /// Whether something was too much to be looked at since the last [`Scanner::finish`].
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.values >= VALUE_LIMIT || self.passed_over
    }

    /// What the values since the last call say; `None` where nothing scores.
    pub fn finish(&mut self) -> Option<Verdict> {
        self.values = 0;
        self.passed_over = false;
        if !std::mem::take(&mut self.found) {
            return None;
        }
        let verdict = self.verdict();
        self.best.iter_mut().for_each(|best| *best = Best::default());
        verdict
    }

    fn verdict(&self) -> Option<Verdict> {
        let names = |range: std::ops::RangeInclusive<u32>| {
            let scores = FAMILIES.iter().zip(&self.best);
            scores.filter(move |(_, best)| range.contains(&best.score.sum)).map(|(name, _)| *name).collect()
        };
        let top = self.best.iter().max_by_key(|best| best.score.sum).filter(|best| best.score.sum >= WEAK)?;
        let mut signals: Vec<_> = self
            .best
            .iter()
            .filter(|best| best.score.sum >= WEAK)
            .flat_map(|best| &best.score.signals)
            .collect();
        signals.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        Some(Verdict {
            families: names(STANDS..=u32::MAX),
            weak: names(WEAK..=STANDS - 1),
            score: top.score.sum,
            signals: signals.into_iter().map(|(name, _)| *name).take(8).collect(),
            place: top.place.clone(),
            payload: top.payload.clone(),
            hidden: self.best.iter().any(|best| best.score.hard && best.score.sum >= STANDS),
        })
    }

    fn value(&mut self, raw: Raw<'_>, depth: usize) {
        if self.values >= VALUE_LIMIT {
            return;
        }
        if raw.place != Place::Name && raw.place != Place::Path && !is_word(raw.name) {
            self.judge(Raw { place: Place::Name, text: raw.name, ..raw });
        }
        if is_plain(raw) {
            return;
        }
        self.values += 1;
        self.passed_over |= raw.text.len() > VALUE_BYTES + END_BYTES;
        if raw.place != Place::Path && depth < NESTING && self.split_again(raw, depth) {
            return;
        }
        self.judge(raw);
    }

    /// A value that is JSON itself is its leaves.
    fn split_again(&mut self, raw: Raw<'_>, depth: usize) -> bool {
        let start = raw.text.trim_start();
        let encoded = start.starts_with("%7B")
            || start.starts_with("%5B")
            || start.starts_with("%7b")
            || start.starts_with("{\\\"");
        if !(encoded || split::is_json(start)) || raw.place == Place::Document {
            return false;
        }
        let mut text = Vec::new();
        self.decode(raw, &mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        if !split::is_json(text.trim_start()) {
            return false;
        }
        split::json(text.trim_start(), &mut |inner| self.value(inner, depth + 1))
    }

    fn decode(&self, raw: Raw<'_>, out: &mut Vec<u8>) {
        let (text, end) = split::ends(raw.text, VALUE_BYTES, END_BYTES);
        // A body without any blank is encoded as a form is.
        let plus = matches!(raw.place, Place::Query | Place::Form | Place::Name)
            || (raw.place == Place::Raw && !text.trim_ascii().contains(' '));
        out.clear();
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(end.as_bytes());
        if plus {
            out.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
        }
        if raw.place == Place::Json {
            json_escapes(out);
        }
        decode::remove_layers(out, 0);
    }

    /// Every signal of one value.
    fn judge(&mut self, raw: Raw<'_>) {
        let mut text = std::mem::take(&mut self.text);
        self.decode(raw, &mut text);
        let overlong = decode::plain_forms(&mut text);
        let halved = is_text(raw) || text.len() > TEXT_BYTES || read::is_prose(&text);
        let mut squeezed = std::mem::take(&mut self.squeezed);
        squeeze(&text, &mut squeezed);
        let mut wanted = wanted(&text);
        // The name of a program is a command where a parameter is called so.
        if is_shell_name(raw.name) {
            FAMILIES.iter().zip(&mut wanted).for_each(|(family, wanted)| *wanted |= *family == "command");
        }
        let mut scores: [Score; FAMILIES.len()] = std::array::from_fn(|_| Score::default());
        let whole = self.finder.find(&text, &squeezed, &wanted, |signal, family| {
            if signal.places.has(raw.place) {
                scores[family].add(signal.name, signal.weight, signal.hard, halved);
            }
        });
        self.passed_over |= !whole;
        if raw.place != Place::Document {
            let value = Value { raw, text: &text, squeezed: &squeezed, overlong };
            for (index, score) in scores.iter_mut().enumerate().filter(|(index, _)| wanted[*index]) {
                read_signals(FAMILIES[index], &value, &mut |signal| {
                    if let Some((signal, weight, hard)) = READ.iter().find(|(known, ..)| *known == signal) {
                        score.add(signal, *weight, *hard, halved);
                    }
                });
            }
        }
        for (index, score) in scores.into_iter().enumerate() {
            self.keep(index, score, raw, &text);
        }
        self.text = text;
        self.squeezed = squeezed;
    }

    fn keep(&mut self, index: usize, score: Score, raw: Raw<'_>, text: &[u8]) {
        let Some(best) = self.best.get_mut(index).filter(|best| score.sum > best.score.sum) else { return };
        self.found |= score.sum >= WEAK;
        if score.sum >= WEAK {
            best.payload = payload(text);
            best.place = if raw.name.is_empty() || raw.place == Place::Name {
                raw.place.word().to_owned()
            } else {
                format!("{}:{}", raw.place.word(), split::head(raw.name, 64))
            };
        }
        best.score = score;
    }
}

/// Families that the bytes of a value allow.
fn wanted(text: &[u8]) -> [bool; FAMILIES.len()] {
    let mut bytes = [false; 256];
    for byte in text {
        bytes[usize::from(*byte)] = true;
    }
    FAMILIES.map(|family| needs(family).iter().any(|byte| bytes[usize::from(*byte)]))
}

/// Bytes of which a value needs one to have any signal of a family.
fn needs(family: &str) -> &'static [u8] {
    match family {
        "sqli" => b"'\"(=;#|@*< _\xa0\x0b\x0c\t\r\n",
        "xss" => b"<=(`[:{-",
        "path" => b"/\\.\x00:;=",
        "command" => b";|&$`(){}<>/%\n-!'\"^ :",
        "ssti" => b"{<_#[|(.",
        "jndi" => b"{:",
        "code" => b"(<$_[.:%#=?!{A0|",
        "nosql" => b"$\r\n.([|&;",
        "xxe" => b"</",
        "crlf" => b"\r\n\xe5",
        "ssrf" => b"/.",
        "ldap" => b")",
        _ => &[],
    }
}

/// A value with what was done to it.
struct Value<'v> {
    raw: Raw<'v>,
    text: &'v [u8],
    squeezed: &'v [u8],
    overlong: bool,
}

/// What functions see, by family.
fn read_signals(family: &str, value: &Value<'_>, see: &mut impl FnMut(&'static str)) {
    let text = value.text;
    match family {
        "sqli" => {
            if read::is_unbalanced(value.squeezed) {
                see("sqli/unbalanced");
            }
            if read::same_sides(value.squeezed) && value.raw.place != Place::Name {
                see("sqli/same-sides");
            }
        }
        "xss" => match read::handler(text) {
            Some(Handler::InTag) => see("xss/handler"),
            Some(Handler::BehindQuote) => see("xss/attribute-break"),
            None => {}
        },
        "path" => read_path(value, see),
        "command" => {
            let found = read::commands(text);
            for (seen, name) in [
                (found.program, "command/program"),
                (found.word, "command/program-word"),
                (found.hidden, "command/hidden-spelling"),
                (found.first, "command/first-word"),
                (found.called && is_shell_name(value.raw.name), "command/named-so"),
            ] {
                if seen {
                    see(name);
                }
            }
        }
        "ssti" if read::openings(text) >= 3 => see("ssti/many-openings"),
        "nosql" => read_operator(value.raw, see),
        "xxe" if read::is_foreign_type(text) => see("xxe/foreign-type"),
        "ldap" if read::closes_first(text) => see("ldap/closes-first"),
        _ => {}
    }
}

fn read_path(value: &Value<'_>, see: &mut impl FnMut(&'static str)) {
    let (above, count) = read::climbs(value.text);
    match count {
        0 => {}
        _ if value.raw.place == Place::Path => {
            if above {
                see("path/above-root");
            }
        }
        1 => see("path/climbs-once"),
        2 => see("path/climbs-twice"),
        _ => see("path/climbs"),
    }
    if count > 0 && has_encoded_climb(value.raw.text.as_bytes()) {
        see("path/encoded-climb");
    }
    let dots = || memchr::memmem::find(value.text, b"..").is_some();
    if value.overlong && (count > 0 || value.text.contains(&b'/') || dots()) {
        see("path/overlong");
    }
}

/// No client encodes a dot, and none encodes a percent sign of its own in a path that climbs.
fn has_encoded_climb(raw: &[u8]) -> bool {
    memchr::memchr_iter(b'%', raw).any(|at| {
        let code = raw.get(at + 1..).unwrap_or_default();
        let is = |known: &[u8]| code.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
        let dot = is(b"2e")
            && (matches!(code.get(2), Some(b'.' | b'%'))
                || raw.get(..at).is_some_and(|head| head.ends_with(b".")));
        dot || is(b"252e") || is(b"252f") || is(b"255c")
    })
}

/// Names of parameters under which web shells take what they run.
fn is_shell_name(name: &str) -> bool {
    const NAMES: [&str; 9] = ["cmd", "exec", "execute", "command", "shell", "run", "system", "cli", "daemon"];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// An operator in brackets of a form, or below a user or password, is somebody's who asks for more than a filter.
fn read_operator(raw: Raw<'_>, see: &mut impl FnMut(&'static str)) {
    let name = if raw.place == Place::Name { raw.text } else { return };
    let Some((operator, bracketed)) = read::operator_of(name) else { return };
    let account = ["user", "login", "mail", "pass", "pwd", "token", "name", "secret", "key"]
        .iter()
        .any(|word| raw.around.to_ascii_lowercase().contains(word));
    // A comparison that stands for the value itself: a filter has it below the name of a field.
    let instead = raw.around.is_empty() && read::COMPARISONS.contains(&operator);
    if bracketed || account || instead || operator == "where" {
        see("nosql/operator-name");
    } else {
        see("nosql/operator-in-filter");
    }
}

/// Whether a name is one that programmers give.
fn is_word(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a value is made of what identifiers, numbers, dates and addresses are made of.
fn is_plain(raw: Raw<'_>) -> bool {
    let text = raw.text.as_bytes();
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b',' | b'@' | b' ');
    match raw.place {
        Place::Document => false,
        Place::Path => is_plain_path(text),
        Place::Agent | Place::Referer => false,
        _ if text.starts_with(b"--") => false,
        // `__proto__`, and what a serialised object begins with.
        _ if memchr::memmem::find(text, b"__").is_some() || is_serialised(text) || is_class(text) => false,
        _ => {
            text.iter().all(plain)
                && !has_blank_and_statement(text)
                && memchr::memmem::find(text, b"..").is_none()
                && memchr::memmem::find(text, b"0x2e").is_none()
                && !is_shell_name(raw.name)
        }
    }
}

fn is_serialised(text: &[u8]) -> bool {
    text.len() > 12
        && (text.starts_with(b"rO0AB") || text.starts_with(b"aced0005") || text.starts_with(b"H4sIA"))
}

/// The dotted name of a class, by its first words.
fn is_class(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 5] = [b"java", b"org.", b"com.", b"class.", b"process."];
    let dotted = text.iter().filter(|byte| **byte == b'.').count() >= 1;
    dotted && BEGINNINGS.iter().any(|beginning| memchr::memmem::find(text, beginning).is_some())
}

/// Words alone can be a statement.
fn has_blank_and_statement(text: &[u8]) -> bool {
    let blank = text.contains(&b' ');
    blank && (text.len() > 16 || text.iter().any(|byte| byte.is_ascii_digit() || *byte == b'_'))
}

fn is_plain_path(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/' | b'.');
    text.iter().all(plain)
        && memchr::memmem::find(text, b"/.").is_none()
        && memchr::memmem::find(text, b"//").is_none()
        && memchr::memmem::find(text, b"__").is_none()
        && !SYSTEM_PARTS.is_match(text)
}

/// The two words of a statement in different parameters.
static SPLIT_STATEMENT: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
    regex::bytes::RegexBuilder::new(r"\bunion\b[^&]*&.*\bselect\b[^&]*(?:[\d*@('\x22,]|null|from)")
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .unicode(false)
        .build()
        .expect("the pattern is valid")
});

/// What makes a path worth a look without one unusual character.
static SYSTEM_PARTS: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
    regex::bytes::RegexBuilder::new(
        r"etc/|proc/|-inf|windows|winnt|inetpub|id_[rd]sa|/s?bin/|wp-config|web\.config|var/|\.ini|actuator/|jolokia|jmx|invoker|heapdump|server-(?:status|info)|pprof|manager/|phpinfo|(?:/vendor/|node_modules|bower_components|upload).*\.(?:ph|inc|jsp|as[hp]|cgi|pl)|\.(?:bak|old|sql|swp|pem|key|kdbx|tfstate)$",
    )
    .case_insensitive(true)
    .unicode(false)
    .build()
    .expect("the pattern is valid")
});

/// Whether a value of a body is named as texts are.
fn is_text(raw: Raw<'_>) -> bool {
    matches!(raw.place, Place::Form | Place::Json | Place::Part | Place::Xml) && is_text_field(raw.name)
}

/// Names of fields that hold texts.
fn is_text_field(name: &str) -> bool {
    const NAMES: [&str; 26] = [
        "body",
        "text",
        "md",
        "markdown",
        "html",
        "code",
        "message",
        "msg",
        "comment",
        "description",
        "content",
        "title",
        "subject",
        "note",
        "notes",
        "bio",
        "about",
        "summary",
        "yaml",
        "snippet",
        "prompt",
        "answer",
        "question",
        "feedback",
        "review",
        "formula",
    ];
    let last = name.rsplit('.').next().unwrap_or(name);
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(last))
}

/// The escapes of a JSON string other than `\u`, which the layers remove.
fn json_escapes(text: &mut Vec<u8>) {
    if !text.contains(&b'\\') {
        return;
    }
    let (mut from, mut to) = (0, 0);
    while let Some(byte) = text.get(from).copied() {
        let escaped = match (byte, text.get(from + 1)) {
            (b'\\', Some(b'n')) => Some(b'\n'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(same @ (b'"' | b'\\' | b'/'))) => Some(*same),
            _ => None,
        };
        if let Some(slot) = text.get_mut(to) {
            *slot = escaped.unwrap_or(byte);
        }
        from += if escaped.is_some() { 2 } else { 1 };
        to += 1;
    }
    text.truncate(to);
}

/// Comments of SQL and runs of blanks as one blank each; what a comment makes one server execute stays.
fn squeeze(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'/' if is_comment(text, at) => {
                // An unclosed comment stays: it is a way to end a statement.
                let rest = text.get(at..).unwrap_or_default();
                let body = rest.get(2..).unwrap_or_default();
                let Some(end) = body.windows(2).position(|pair| pair == b"*/") else {
                    out.extend_from_slice(rest);
                    return;
                };
                push_blank(out);
                at += end + 3;
            }
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0xa0 => push_blank(out),
            _ => out.push(*byte),
        }
        at += 1;
    }
    while out.last() == Some(&b' ') {
        out.pop();
    }
}

/// `/*`, and not one that a server executes.
fn is_comment(text: &[u8], at: usize) -> bool {
    text.get(at + 1) == Some(&b'*') && text.get(at + 2) != Some(&b'!')
}

fn push_blank(out: &mut Vec<u8>) {
    if out.last() != Some(&b' ') {
        out.push(b' ');
    }
}

/// What counts as the same payload: digits are 0, blanks one.
fn payload(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..text.len().min(240)).unwrap_or_default());
    let mut out = String::with_capacity(120);
    for character in text.chars() {
        let character = match character {
            '0'..='9' => '0',
            c if c.is_whitespace() || c.is_control() => ' ',
            c => c,
        };
        let repeated = matches!(character, '0' | ' ') && out.ends_with(character);
        if repeated {
            continue;
        }
        if out.len() + character.len_utf8() > 120 {
            break;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(feed: impl FnOnce(&mut Scanner)) -> String {
        let mut scanner = Scanner::default();
        feed(&mut scanner);
        scanner.finish().map(|verdict| verdict.families.join(" ")).unwrap_or_default()
    }

    #[test]
    fn a_value_is_the_same_wherever_it_stands() {
        for (value, expect) in [
            ("1' union select password from users-- -", "sqli"),
            ("<img src=x onerror=alert(1)>", "xss"),
            ("../../../../etc/passwd", "path"),
            ("1.1.1.1; cat /etc/hosts", "path command"),
            ("{{7*7}}", "ssti"),
            ("*)(uid=*", "ldap"),
            ("http://169.254.169.254/latest/", "ssrf"),
            ("an ordinary sentence, with a comma; and more", ""),
        ] {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let json = format!("{{\"a\": {{\"b\": \"{}\"}}}}", value.replace('"', "\\\""));
            let boundary = "--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n";
            assert_eq!(
                families(|scanner| scanner.parameters(Place::Query, &format!("a=1&b={encoded}"))),
                expect,
                "{value}"
            );
            assert_eq!(families(|scanner| scanner.body(&format!("a=1&b={encoded}"))), expect, "{value}");
            assert_eq!(families(|scanner| scanner.body(&json)), expect, "{value}");
            assert_eq!(
                families(|scanner| scanner.body(&format!("{boundary}{value}\r\n--x--"))),
                expect,
                "{value}"
            );
            assert_eq!(families(|scanner| scanner.cookies(&format!("s=1; b={encoded}"))), expect, "{value}");
        }
    }

    #[test]
    fn framing_is_no_text_and_prose_says_half() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b.png\"\r\n\
            Content-Type: image/png\r\n\r\nGIF\r\n--x--\r\n";
        assert_eq!(families(|scanner| scanner.body(multipart)), "");
        let xml = "<?xml version=\"1.0\"?><a xmlns=\"http://a.example/\"><b>Ann</b></a>";
        assert_eq!(families(|scanner| scanner.body(xml)), "");
        let asked = "q=what+does+the+word+%3Cscript%3E+mean+on+a+page";
        assert_eq!(families(|scanner| scanner.parameters(Place::Query, asked)), "");
        assert_eq!(families(|scanner| scanner.parameters(Place::Query, "q=%3Cscript%3Ealert(1)")), "xss");
    }

    #[test]
    fn a_verdict_says_where_and_what_differs() {
        let mut scanner = Scanner::default();
        scanner.parameters(Place::Query, "page=2&id=17%27+union+select+1,22--+-");
        let verdict = scanner.finish().expect("it scores");
        assert_eq!(
            (verdict.place.as_str(), verdict.payload.as_str()),
            ("query:id", "0' union select 0,0-- -")
        );
        assert!(verdict.signals.contains(&"sqli/union-select") && !verdict.hidden);
        assert_eq!(scanner.finish(), None);
        scanner.parameters(Place::Query, "id=17%27+%2f*%2150000union*%2f+select+1");
        assert!(scanner.finish().is_some_and(|verdict| verdict.hidden));
    }

    #[test]
    fn any_value_is_survived_and_bounded() {
        use proptest::prelude::*;
        proptest!(|(text in "(%|<|'|\"|\\(|\\{|/|;|&|=|\\.|[a-z0-9]|é|.){0,96}")| {
            let mut scanner = Scanner::default();
            scanner.path(&text);
            scanner.parameters(Place::Query, &text);
            scanner.body(&text);
            scanner.cookies(&text);
            if let Some(verdict) = scanner.finish() {
                prop_assert!(verdict.payload.len() <= 120 && verdict.signals.len() <= 8);
            }
        });
    }
}
