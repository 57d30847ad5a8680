//! Secrets that commands take as options and arguments: `curl -u user:abc`, `openssl enc -k abc`, `AUTH abc`.

use super::names::is_secret_word;
use super::scan::{
    IsSecret, Quote, WORD_LENGTH, before, is_harmless, is_odd, is_of_words, is_word_byte, run_end,
};
use super::words::{COMMANDS, MECHANISMS, OPTIONS, Takes};
use crate::event::number::offset_in;
use crate::normalize::alias::fold;

/// How far before an option the name of its command may stand.
const REACH: usize = 160;
/// Shortest response to a mechanism of mail, in bytes of base64.
const RESPONSE_BYTES: usize = 8;
/// How much of a line is looked at behind a command.
const LINE_BYTES: usize = 2_048;
/// Words behind the name of a command that are looked at.
const WORDS: usize = 8;

/// What is shorter and stands right behind an option is none.
const SHORTEST_JOINED: usize = 3;

pub(super) type Place = Option<(usize, usize)>;

/// The value of the option at `at`, if it is a secret.
pub(super) fn option(buffer: &str, at: usize, is_secret: IsSecret<'_>) -> Place {
    let bytes = buffer.as_bytes();
    let start = run_end(bytes, at, |byte| byte == b'-').min(at + 2);
    let end = run_end(bytes, start, is_word_byte);
    let name = buffer.get(start..end).filter(|name| !name.is_empty() && name.len() <= WORD_LENGTH)?;
    if start == at + 1
        && let Some(place) = short_option(buffer, at, name)
    {
        return Some(place);
    }
    let (from, to) = argument(bytes, end)?;
    let value = buffer.get(from..to)?;
    if matches!(name, "u" | "user" | "proxy-user") {
        return value_behind(buffer, (from, to), ':');
    }
    // Of all that speak to shares of Windows.
    if name == "U" && start == at + 1 {
        return value_behind(buffer, (from, to), '%');
    }
    let long = start == at + 2 || name.len() > 2;
    let named = long && is_secret(&fold(name)) || start == at + 1 && OPTIONS.contains(&name);
    if !named || is_harmless(value) {
        return None;
    }
    // OpenSSL: what is no `pass:` says where the secret is.
    match name.starts_with("passin") || name.starts_with("passout") {
        true => value.strip_prefix("pass:").map(|secret| (to - secret.len(), to)),
        false => Some((from, to)),
    }
}

/// A short option, which means something else with every command.
fn short_option(buffer: &str, at: usize, name: &str) -> Place {
    let bytes = buffer.as_bytes();
    let of_name = COMMANDS.iter().filter(|(_, option, _)| name.starts_with(option));
    let mut known = of_name.filter(|(command, _, _)| runs(bytes, at, command));
    known.find_map(|(_, option, takes)| {
        let behind = at + 1 + option.len();
        match takes {
            Takes::Joined => joined(bytes, at, behind),
            _ if name != *option => None,
            Takes::Next => argument(bytes, behind),
            Takes::Behind(sign) => value_behind(buffer, argument(bytes, behind)?, *sign),
        }
    })
}

/// What stands right behind an option, unless the quote there closes the option.
fn joined(bytes: &[u8], at: usize, behind: usize) -> Place {
    let (from, to) = word(bytes, behind);
    let quote = from.checked_sub(1).filter(|quote| *quote >= behind).and_then(|quote| bytes.get(quote));
    let opened = at.checked_sub(1).and_then(|before| bytes.get(before));
    let is_value = if quote.is_some() { quote != opened } else { to - from >= SHORTEST_JOINED };
    is_value.then_some((from, to))
}

/// A command of this name, in either case, or one that begins so, stands before `at`; its words may be the elements of a list.
fn runs(bytes: &[u8], at: usize, command: &str) -> bool {
    let head = bytes.get(at.saturating_sub(REACH)..at).unwrap_or_default().to_ascii_lowercase();
    let mut words = command.split(' ');
    let first = words.next().unwrap_or_default().as_bytes();
    memchr::memmem::find_iter(&head, first).any(|found| {
        let mut at = found + first.len();
        let begins = found == 0 || !head.get(found - 1).is_some_and(|byte| is_word_byte(*byte));
        begins
            && words.clone().all(|word| {
                at = run_end(&head, at, is_between);
                let stands = head.get(at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
                at += word.len();
                stands
            })
    })
}

/// Between two words of a command.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b',' | b'\\')
}

/// The argument behind an option, also as the next element of a list: `"--token", "abc"`.
fn argument(bytes: &[u8], end: usize) -> Place {
    let mut from = run_end(bytes, end, is_between).min(end + 8);
    // The last quote before it is its own.
    while from > end && !matches!(bytes.get(from - 1), Some(b' ' | b',')) {
        from -= 1;
    }
    let place = word(bytes, from);
    let option = bytes.get(place.0) == Some(&b'-');
    (from > end && place.0 < place.1 && !option).then_some(place)
}

/// The word at `from`, or what stands in quotes there.
pub(super) fn word(bytes: &[u8], from: usize) -> (usize, usize) {
    match Quote::at(bytes, from) {
        Some(quote) => (quote.from, quote.end(bytes)),
        None => {
            let ends = |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'\'' | b'\\');
            (from, run_end(bytes, from, |byte| !ends(byte)))
        }
    }
}

/// `user:abc`; numbers are a user and a group of a system.
fn value_behind(buffer: &str, argument: (usize, usize), sign: char) -> Place {
    let (from, to) = argument;
    let value = buffer.get(from..to)?;
    let (user, secret) = value.split_once(sign)?;
    let numbers = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    (!numbers && !user.is_empty() && !secret.is_empty() && !secret.starts_with('/'))
        .then_some((to - secret.len(), to))
}

/// The argument of this number, from 1, behind the name of a command that ends at `from`; options do not count.
pub(super) fn positional(buffer: &str, from: usize, number: usize) -> Place {
    let bytes = buffer.as_bytes();
    let (mut at, mut left) = (run_end(bytes, from, is_quote), number);
    for _ in 0..WORDS {
        at = run_end(bytes, at, |byte| matches!(byte, b' ' | b','));
        let (from, to) = word(bytes, at);
        if from >= to {
            return None;
        }
        left -= usize::from(bytes.get(from) != Some(&b'-'));
        if left == 0 {
            let value = buffer.get(from..to)?;
            // A switch of Windows, or what is asked for later.
            let none = value.starts_with(['/', '$']) || value == "*" || is_harmless(value);
            return (!none).then_some((from, to));
        }
        // The quote behind a word without one ends the whole text.
        if from == at && bytes.get(to).is_some_and(|byte| *byte != b' ') {
            return None;
        }
        at = run_end(bytes, to, is_quote);
    }
    None
}

/// `htpasswd -b file bob abc`; with `-n` there is no file, and `-C` takes an argument.
pub(super) fn htpasswd(buffer: &str, from: usize) -> Place {
    let options = line_at(buffer, from).split(' ').filter(|word| word.starts_with('-')).take(WORDS);
    let has = |letter: char| options.clone().any(|word| word.contains(letter));
    positional(buffer, from, if has('n') { 2 } else { 3 } + usize::from(has('C')))
}

/// `net user bob abc /add`, whatever the file of the command is called; its word stands before `start`.
pub(super) fn windows_user(buffer: &str, start: usize, from: usize) -> Place {
    let head = before(buffer, start, WORD_LENGTH).trim_end_matches(['"', '\\']).to_ascii_lowercase();
    let name = head.rsplit([' ', '\\', '/', '"']).next()?;
    let is_net = matches!(name.strip_suffix(".exe").unwrap_or(name), "net" | "net1");
    let (start, to) = if is_net { positional(buffer, from, 2)? } else { return None };
    // Behind a word it may be one of a sentence, unless it looks like no word or switches follow.
    let in_sentence = head.strip_suffix(name)?.trim_end().ends_with(|c: char| c.is_ascii_alphabetic());
    let is_command = !in_sentence || line_at(buffer, to).contains(" /");
    (is_command || is_odd(buffer.get(start..to)?)).then_some((start, to))
}

/// A quote, or what stands before one in a text inside of a text.
fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\')
}

/// `AUTH abc`, `AUTH user abc`: all of a text, or behind the name of the server; as the server shows its commands, each
/// word in quotes. The word ends at `end`.
pub(super) fn auth(buffer: &str, end: usize) -> Place {
    let bytes = buffer.as_bytes();
    if bytes.get(end) != Some(&b' ') {
        return quoted_auth(bytes, end);
    }
    let before = bytes.get(..end.checked_sub("AUTH".len())?)?;
    let certain =
        before.last().is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'\n')) || runs(bytes, end, "redis");
    let begins = [&b"- "[..], b": ", b"] ", b"> ", b"| "].iter().any(|sign| before.ends_with(sign));
    let from = end + 1;
    let ends = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b'\n' | b'\r');
    let to = run_end(bytes, from, |byte| !ends(byte));
    let mut words = buffer.get(from..to)?.split(' ').filter(|word| !word.is_empty());
    let (first, second, more) = (words.next()?, words.next(), words.next());
    let secret = second.unwrap_or(first);
    let is_upper = bytes.get(end - 1) == Some(&b'H');
    let mechanism = second.is_none() && secret.bytes().all(|byte| byte.is_ascii_uppercase());
    let place = secret.as_ptr() as usize - buffer.as_ptr() as usize;
    let end = place + secret.len();
    let is_argument = more.is_none()
        && !mechanism
        && !first.ends_with(':')
        && !is_harmless(secret)
        && (certain && (is_upper || is_odd(secret)) || begins && is_odd(secret));
    let is_response = MECHANISMS.contains(&first)
        && second.is_some_and(|word| word.len() >= RESPONSE_BYTES && !MECHANISMS.contains(&word));
    (is_argument || is_response).then_some((place, end))
}

/// `"AUTH" "abc"`, `"auth" "user" "abc"`: the last of one or two words in quotes.
fn quoted_auth(bytes: &[u8], end: usize) -> Place {
    let mut last = None;
    let mut at = end;
    for _ in 0..2 {
        let behind = Quote::at(bytes, at)?.from;
        let Some(quote) = Quote::at(bytes, behind + 1).filter(|_| bytes.get(behind) == Some(&b' ')) else {
            break;
        };
        at = quote.end(bytes);
        last = Some((quote.from, at));
    }
    last
}

/// `user/abc@server` as the argument of this number.
pub(super) fn login(buffer: &str, from: usize, number: usize) -> Place {
    let (from, to) = positional(buffer, from, number)?;
    let value = buffer.get(from..to)?;
    let value = value.split('@').next().unwrap_or(value);
    value_behind(buffer, (from, from + value.len()), '/')
}

/// The line from `from` on, as far as it goes and is looked at.
fn line_at(buffer: &str, from: usize) -> &str {
    let ends = |byte: u8| matches!(byte, b'"' | b'\n' | b'\r');
    let mut most = buffer.len().min(from + LINE_BYTES);
    while !buffer.is_char_boundary(most) {
        most -= 1;
    }
    let bytes = buffer.as_bytes().get(..most).unwrap_or_default();
    buffer.get(from..run_end(bytes, from, |byte| !ends(byte))).unwrap_or_default()
}

fn place_of(part: &str, buffer: &str) -> Place {
    let from = offset_in(part, buffer);
    (!part.is_empty()).then_some((from, from + part.len()))
}

/// `secretsdump.py CORP/bob:abc@192.0.2.1`: the word that names whom and where to log in, behind a script.
pub(super) fn target(buffer: &str, from: usize) -> Place {
    let words = line_at(buffer, from).split([' ', '\'', '\\']).filter(|word| !word.is_empty()).take(WORDS);
    words.into_iter().find_map(|word| {
        let (login, host) = word.rsplit_once('@')?;
        let (user, secret) = login.split_once(':')?;
        let is_login =
            user.contains('/') && !host.is_empty() && !host.contains(':') && !secret.starts_with('/');
        place_of(secret, buffer).filter(|_| is_login)
    })
}

/// `net use z: \\\\srv\\share abc /user:bob`: what is no drive, share or switch.
pub(super) fn share(buffer: &str, from: usize) -> Place {
    let line = line_at(buffer, from);
    if !line.contains("\\\\") {
        return None;
    }
    let words = line.split(' ').filter(|word| !word.is_empty()).take(WORDS);
    let mut secret = words.filter(|word| !word.starts_with(['/', '\\', '*', '-']) && !word.ends_with(':'));
    place_of(secret.next()?, buffer)
}

/// Behind `/p ` or `/p:`, and behind `/rp `.
pub(super) fn slash(buffer: &str, from: usize) -> Place {
    let line = line_at(buffer, from);
    let behind = [" /p ", " /p:", " /rp "].iter().find_map(|option| line.split_once(option));
    place_of(behind?.1.split(' ').next()?, buffer)
}

/// `: PSK "abc"`
pub(super) fn quoted(buffer: &str, from: usize) -> Place {
    let bytes = buffer.as_bytes();
    let quote = Quote::at(bytes, from)?;
    Some((quote.from, quote.end(bytes)))
}

/// All that a line says from here on.
pub(super) fn rest(buffer: &str, from: usize) -> Place {
    let rest = line_at(buffer, from).trim_end_matches('\\');
    if is_harmless(rest) { None } else { place_of(rest, buffer) }
}

/// `DB_PASSWORD abc` behind what sets a variable.
pub(super) fn setting(buffer: &str, from: usize) -> Place {
    let bytes = buffer.as_bytes();
    let end = run_end(bytes, from, |byte| byte > b' ' && !matches!(byte, b'=' | b'"' | b'\''));
    let name = buffer.get(from..end)?.rsplit(['.', '/', ':']).next()?;
    let at = run_end(bytes, end, |byte| byte == b' ');
    if at == end || name.len() > WORD_LENGTH || !is_secret_word(&fold(name)) {
        return None;
    }
    let (from, to) = word(bytes, at);
    (!is_harmless(buffer.get(from..to)?)).then_some((from, to))
}

/// `echo abc | passwd --stdin`, `echo abc | sudo -S`, `echo bob:abc | chpasswd`, `passwd --stdin <<< abc`
pub(super) fn piped(buffer: &str, at: usize) -> Place {
    let bytes = buffer.as_bytes();
    let head = before(buffer, at, REACH);
    let echo = ["echo ", "printf "].iter().filter_map(|command| Some(head.rfind(command)? + command.len()));
    let from = match echo.max() {
        Some(found) => at - head.len() + found,
        None => at + line_at(buffer, at).find("<<< ")? + "<<< ".len(),
    };
    let (from, to) = positional(buffer, from, 1)?;
    match bytes.get(at..).is_some_and(|rest| rest.starts_with(b"| chpasswd")) {
        true => value_behind(buffer, (from, to), ':'),
        false => Some((from, to)),
    }
}

/// `login attempt [bob/abc]`, `[b'bob'/b'abc']`: what a honeypot was offered.
pub(super) fn tried(buffer: &str, from: usize) -> Place {
    let (login, _) = line_at(buffer, from).split_once(']')?;
    let (user, secret) = login.split_once('/')?;
    // Which of how many it was.
    if [user, secret].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    place_of(secret.trim_start_matches("b'").trim_end_matches('\''), buffer)
}

/// `kinit bob <<< abc`
pub(super) fn here(buffer: &str, from: usize) -> Place {
    let (_, word) = line_at(buffer, from).split_once("<<< ")?;
    positional(buffer, offset_in(word, buffer), 1)
}

/// `expect password; send abc\r`: what a script types where it is asked for a password.
pub(super) fn typed(buffer: &str, start: usize, from: usize) -> Place {
    let asked = before(buffer, start, WORD_LENGTH).to_ascii_lowercase().contains("assword");
    let (from, to) = word(buffer.as_bytes(), run_end(buffer.as_bytes(), from, |byte| byte == b'-'));
    let value = buffer.get(from..to)?.trim_end_matches("\\r").trim_end_matches('\\');
    (asked && !is_harmless(value) && !value.starts_with(['$', '{'])).then_some((from, from + value.len()))
}

/// `reg add HKLM\... /v DefaultPassword /t REG_SZ /d abc`: the data of a value whose name is one of a secret.
pub(super) fn registry(buffer: &str, start: usize, from: usize) -> Place {
    let head = before(buffer, start, REACH);
    let name = head.rsplit_once("/v ")?.1.split(' ').next()?;
    let (from, to) = word(buffer.as_bytes(), from);
    (is_secret_word(&fold(name)) && !is_harmless(buffer.get(from..to)?)).then_some((from, to))
}

/// What may stand before a command in a transcript.
fn begins_command(head: &str) -> bool {
    head.is_empty()
        || head.ends_with(['"', '\'', '\n'])
        || ["- ", ": ", "] ", "> ", "| "].iter().any(|sign| head.ends_with(sign))
}

/// `PASS abc` of FTP and POP3, alone or behind `USER bob `.
pub(super) fn pass(buffer: &str, start: usize, end: usize) -> Place {
    let head = before(buffer, start, WORD_LENGTH);
    let of_user = head.trim_end().rsplit(' ').nth(1).is_some_and(|word| word.ends_with("USER"));
    let value = line_at(buffer, end).trim_end_matches('\\');
    let is_secret = is_odd(value) && !is_of_words(value) && !value.contains([' ', '/']);
    (is_secret && (of_user || begins_command(head))).then(|| place_of(value, buffer)).flatten()
}

/// `a1 LOGIN bob abc` of IMAP.
pub(super) fn mail_login(buffer: &str, start: usize, end: usize) -> Place {
    let bytes = buffer.as_bytes();
    let tag = before(buffer, start, WORD_LENGTH).rsplit([' ', '"']).next()?;
    let user = word(bytes, end);
    let at = run_end(bytes, user.1, |byte| byte != b' ') + 1;
    let (from, to) = word(bytes, at);
    let value = buffer.get(from..to)?;
    let is_last = line_at(buffer, to).trim_matches(['"', '\\']).is_empty();
    let is_secret = from > at || is_odd(value) && !is_of_words(value);
    let is_tag = tag == "." || tag.bytes().any(|byte| byte.is_ascii_digit());
    (is_tag && is_last && is_secret && !is_harmless(value)).then_some((from, to))
}
