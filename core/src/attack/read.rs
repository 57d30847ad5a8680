//! What functions see in a value better than expressions: balance, climbing, words of commands.

/// Whether quotes or round brackets do not balance; apostrophes between letters are no quotes.
pub(super) fn is_unbalanced(text: &[u8]) -> bool {
    let (mut single, mut double, mut depth, mut below) = (0u32, 0u32, 0i32, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\'' if !is_apostrophe(text, at) => single += 1,
            b'"' => double += 1,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        below |= depth < 0;
    }
    !single.is_multiple_of(2) || !double.is_multiple_of(2) || below || depth > 0
}

fn is_apostrophe(text: &[u8], at: usize) -> bool {
    let letter = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    at > 0 && letter(at - 1) && letter(at + 1)
}

/// Whether brackets close before they open and a filter goes on behind: `*)(uid=*`, `a)(|(b=c`.
pub(super) fn closes_first(text: &[u8]) -> bool {
    let mut depth = 0i32;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => {
                let rest = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
                let rest = rest.strip_prefix(b")").unwrap_or(rest);
                return rest.first() == Some(&b'(') && goes_on(rest.get(1..).unwrap_or_default());
            }
            b')' => depth -= 1,
            _ => {}
        }
    }
    false
}

/// `|(`, `&`, `!(`, or `name=`.
fn goes_on(filter: &[u8]) -> bool {
    let filter = filter.trim_ascii_start();
    if matches!(filter.first(), Some(b'|' | b'&' | b'!')) {
        return true;
    }
    let name = filter.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    name > 0 && matches!(filter.get(name), Some(b'=' | b'~' | b'>' | b'<' | b':'))
}

/// Whether a comparison has the same on both sides: `1=1`, `'a'='a`, `x like x`.
pub(super) fn same_sides(text: &[u8]) -> bool {
    memchr::memchr2_iter(b'=', b'<', text).take(16).any(|at| {
        let left = text.get(..at).unwrap_or_default().trim_ascii_end();
        let right = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
        let right = right.strip_prefix(b">").or_else(|| right.strip_prefix(b"=")).unwrap_or(right);
        let (left, right) = (operand_before(left), operand_after(right));
        // `a=b&b=..` and `x==` of base64 have no word before them that stands for itself.
        !left.is_empty() && left.eq_ignore_ascii_case(right)
    })
}

fn operand_before(text: &[u8]) -> &[u8] {
    let text = trim_quotes_end(text);
    let length = text.iter().rev().take(32).take_while(|byte| is_operand(**byte)).count();
    text.get(text.len() - length..).unwrap_or_default()
}

fn operand_after(text: &[u8]) -> &[u8] {
    let skip = text.iter().take_while(|byte| matches!(byte, b'\'' | b'"' | b'(' | b' ')).count();
    let text = text.get(skip..).unwrap_or_default();
    let length = text.iter().take(32).take_while(|byte| is_operand(**byte)).count();
    text.get(..length).unwrap_or_default()
}

fn trim_quotes_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'\'' | b'"' | b')' | b' '] = text {
        text = rest;
    }
    text
}

fn is_operand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

/// A handler of an event inside of a tag, or behind a quote without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    InTag,
    BehindQuote,
}

/// `<x onload=`, `" onfocus=`: the first of 16 places that has one.
pub(super) fn handler(text: &[u8]) -> Option<Handler> {
    let places = memchr::memchr2_iter(b'o', b'O', text).filter(|at| is_handler(text, *at));
    places.take(16).find_map(|at| {
        let before = text.get(at.saturating_sub(512)..at)?;
        let open = memchr::memrchr(b'<', before);
        let tag = open.and_then(|open| before.get(open + 1..));
        if tag.is_some_and(|tag| {
            tag.first()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?' | b' '))
                && !ends_tag(tag)
        }) {
            return Some(Handler::InTag);
        }
        let quote = before.iter().rposition(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let near = quote.is_some_and(|quote| before.len() - quote <= 64);
        (open.is_none() && near).then_some(Handler::BehindQuote)
    })
}

/// A `>` outside of quotes.
fn ends_tag(tag: &[u8]) -> bool {
    let mut quote = 0;
    for byte in tag {
        match byte {
            b'>' if quote == 0 => return true,
            b'"' | b'\'' if quote == 0 => quote = *byte,
            _ if *byte == quote => quote = 0,
            _ => {}
        }
    }
    false
}

/// `on` and letters and an equals sign, not in a word.
fn is_handler(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    if !rest.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'n')) {
        return false;
    }
    let letters = rest.iter().skip(1).take(26).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let after = rest.get(1 + letters..).unwrap_or_default();
    let blank = after.iter().take(8).take_while(|byte| byte.is_ascii_whitespace() || **byte < b' ').count();
    let apart = at == 0 || text.get(at - 1).is_some_and(|byte| !byte.is_ascii_alphanumeric());
    (3..=24).contains(&letters) && apart && after.get(blank) == Some(&b'=')
}

/// A type of document that is at a place of the writer's.
pub(super) fn is_foreign_type(text: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(text, b"<!").map(|at| at + 2) else { return false };
    let rest = text.get(at..text.len().min(at + 256)).unwrap_or_default();
    let declared = rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"));
    let url = memchr::memmem::find(rest, b"\"http").or_else(|| memchr::memmem::find(rest, b"'http"));
    let known = [&b"www.w3.org"[..], b"java.sun.com", b"www.apple.com", b"docbook.org"];
    declared && url.is_some() && !known.iter().any(|host| memchr::memmem::find(rest, host).is_some())
}

/// How far a path climbs: whether above its own beginning, and how often it goes up.
pub(super) fn climbs(text: &[u8]) -> (bool, u32) {
    let (mut depth, mut above, mut count) = (0i32, false, 0);
    for segment in text.split(|byte| matches!(byte, b'/' | b'\\')) {
        match segment {
            b".." => {
                depth -= 1;
                count += 1;
            }
            b"" | b"." => {}
            _ => depth += 1,
        }
        above |= depth < 0;
    }
    // `=../a`: the first segment has the way up at its end.
    let glued = memchr::memchr2_iter(b'/', b'\\', text)
        .filter(|at| text.get(at.saturating_sub(2)..*at) == Some(b"..".as_slice()))
        .count();
    (above, count.max(u32::try_from(glued).unwrap_or(u32::MAX)))
}

/// How many kinds of openings of templates a value has.
pub(super) fn openings(text: &[u8]) -> usize {
    let kinds: [&[u8]; 6] = [b"{{", b"${", b"<%", b"#{", b"{%", b"@("];
    kinds.iter().filter(|kind| memchr::memmem::find(text, kind).is_some()).count()
}

/// Prose: at least four ordinary words that make two fifths of all.
pub(super) fn is_prose(text: &[u8]) -> bool {
    const TECHNICAL: &[&str] = &[
        "select", "union", "from", "where", "and", "or", "not", "null", "like", "insert", "into", "update",
        "set", "delete", "drop", "table", "order", "by", "group", "having", "limit", "exec", "waitfor",
        "delay", "all", "cat", "echo", "curl", "wget", "bash", "sh", "ls", "rm", "ping", "sleep", "id", "if",
        "then", "else", "in", "is", "as", "between",
    ];
    let (mut words, mut ordinary) = (0, 0);
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        words += 1;
        let bare = word.strip_suffix(b",").or_else(|| word.strip_suffix(b".")).unwrap_or(word);
        let bare = bare.strip_suffix(b":").or_else(|| bare.strip_suffix(b"?")).unwrap_or(bare);
        let letters = (1..=16).contains(&bare.len())
            && bare.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
        let technical = TECHNICAL.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(bare));
        ordinary += u32::from(letters && !technical);
    }
    ordinary >= 4 && ordinary * 5 >= words * 2
}

/// What a word after a separator of commands says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShellCommand {
    /// A program, and what follows it fits.
    pub(super) program: bool,
    /// A program that is a word of English as well, alone.
    pub(super) word: bool,
    /// A program whose name was hidden by quotes, backslashes, carets or `$@`.
    pub(super) hidden: bool,
    /// A program with an option or a path at the beginning of the value.
    pub(super) first: bool,
    /// The value begins with the name of a program.
    pub(super) called: bool,
}

/// Programs whose names are no words.
const PROGRAMS: &[&str] = &[
    "whoami",
    "uname",
    "wget",
    "curl",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "bash",
    "sh",
    "zsh",
    "ksh",
    "csh",
    "dash",
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "irb",
    "php",
    "nslookup",
    "ipconfig",
    "ifconfig",
    "chmod",
    "chown",
    "powershell",
    "pwsh",
    "cmd",
    "systeminfo",
    "netstat",
    "netsh",
    "tasklist",
    "taskkill",
    "wmic",
    "mshta",
    "certutil",
    "bitsadmin",
    "rundll32",
    "regsvr32",
    "schtasks",
    "bcdedit",
    "regedit",
    "pwd",
    "grep",
    "egrep",
    "awk",
    "gawk",
    "sed",
    "printenv",
    "telnet",
    "tftp",
    "ssh",
    "scp",
    "getent",
    "lastlog",
    "base64",
    "xxd",
    "busybox",
    "sudo",
    "nohup",
    "xargs",
    "crontab",
    "kubectl",
    "nmap",
    "tcpdump",
    "gdb",
    "strace",
    "ltrace",
    "gcc",
    "gzip",
    "bzip2",
    "gunzip",
    "zcat",
    "openssl",
    "htop",
    "ls",
    "rm",
    "cp",
    "mv",
    "ps",
    "dig",
    "su",
    "ping6",
    "traceroute",
    "systemctl",
    "journalctl",
    "dpkg",
    "rpm",
    "pip",
    "npm",
    "apt-get",
    "mkfifo",
    "mknod",
    "useradd",
    "adduser",
    "passwd",
    "iptables",
    "ip",
    "lsof",
    "lscpu",
    "dmesg",
    "env",
    "echo",
    "cat",
    "mkdir",
    "rmdir",
    "nl",
    "od",
    "tac",
    "strings",
    "hexdump",
    "rev",
    "tee",
    "jobs",
    "lynx",
    "fetch",
    "vim",
    "vi",
    "nano",
    "ed",
    "ftp",
    "rsync",
    "mysql",
    "psql",
    "sqlite3",
    "docker",
    "ansible",
    "ansible-playbook",
    "terraform",
    "svn",
    "hg",
    "yum",
    "dnf",
    "apk",
    "pacman",
    "arp",
    "df",
    "du",
    "chroot",
    "chgrp",
    "ln",
    "killall",
    "pkill",
    "pgrep",
    "arch",
    "dir",
    "findstr",
    "copy",
    "xcopy",
    "del",
    "ver",
    "vssadmin",
    "cscript",
    "wscript",
    "sc",
    "reg",
    "attrib",
    "icacls",
    "takeown",
    "w",
    "ulimit",
    "uptime",
    "hostid",
    "groups",
    "expr",
    "unzip",
    "7z",
    "cpan",
    "gem",
    "lua",
    "node",
    "emacs",
    "screen",
    "tmux",
    "watch",
    "timeout",
    "setsid",
    "stdbuf",
    "unshare",
    "capsh",
    "pico",
    "aptitude",
    "c89",
    "c99",
    "visudo",
    "finger",
    "rlogin",
    "zip",
    "cpio",
    "chattr",
    "lsattr",
    "readlink",
    "realpath",
    "basename",
    "dirname",
    "mktemp",
    "shuf",
    "tr",
    "xz",
    "zstd",
    "bsdtar",
    "perf",
    "rmt",
    "check_log",
    "phpinfo",
    "doas",
    "pkexec",
];

/// Programs that are words as well.
const WORDS: &[&str] = &[
    "id", "type", "find", "more", "less", "head", "tail", "sort", "time", "date", "who", "test", "kill",
    "touch", "ping", "sleep", "set", "host", "hostname", "last", "history", "exec", "eval", "source",
    "printf", "print", "make", "install", "true", "false", "net", "tree", "top", "free", "mount", "help",
    "read", "export", "alias", "cut", "split", "join", "paste", "diff", "cmp", "file", "stat", "locate",
    "which", "whereis", "man", "info", "at", "batch", "nice", "wait", "command", "service", "shutdown",
    "reboot", "halt", "route", "start", "call", "go", "java", "git", "tar", "dd", "as", "cc", "ar", "fish",
    "apt", "query", "view", "users", "groups", "comm", "look", "write", "wall", "script", "watch", "factor",
    "seq", "yes", "uniq", "fold", "column", "login",
];

/// Looks at the words after separators, at most 48 of them.
pub(super) fn commands(text: &[u8]) -> ShellCommand {
    let mut found = ShellCommand::default();
    let mut seen = 0;
    for (at, byte) in text.iter().enumerate() {
        let start = match byte {
            b';' | b'|' | b'\n' | b'`' => at + 1,
            b'&' => at + 1,
            b'(' if at > 0 && matches!(text.get(at - 1), Some(b'$' | b'<' | b'>')) => at + 1,
            _ => continue,
        };
        // The end of an entity, and of a type of data.
        if *byte == b';' && text.get(start..).is_some_and(|rest| rest.starts_with(b"base64,")) {
            continue;
        }
        seen += 1;
        if seen > 48 {
            break;
        }
        look(text.get(start..).unwrap_or_default(), *byte, &mut found);
    }
    let (word, hidden, rest) = command_word(text);
    let option = rest.trim_ascii_start();
    let blank = option.len() < rest.len();
    let fits = blank && matches!(option.first(), Some(b'-' | b'/' | b'.' | b'~' | b'$'));
    let program = is_in(PROGRAMS, &word);
    found.called = program || word == "id";
    found.first = fits && (program || is_in(WORDS, &word)) && option.len() > 1;
    let (second, ..) = command_word(option);
    found.program |= program && blank && (fits && option.len() > 1 || is_in(PROGRAMS, &second));
    found.hidden |= hidden && fits && is_in(PROGRAMS, &word);
    found
}

fn look(rest: &[u8], separator: u8, found: &mut ShellCommand) {
    let (word, hidden, after) = command_word(rest);
    let program = is_in(PROGRAMS, &word);
    if !program && !is_in(WORDS, &word) {
        return;
    }
    let next = after.trim_ascii_start();
    let ends = next.is_empty()
        || matches!(next.first(), Some(b';' | b'|' | b'&' | b'`' | b')' | b'<' | b'>' | b'"' | b'\''))
        || after.first() == Some(&b'\n');
    let argument = after.len() > next.len()
        && matches!(next.first(), Some(b'-' | b'/' | b'.' | b'~' | b'$' | b'%' | b'*' | b'@' | b'\\' | b'{'))
        || next.first().is_some_and(u8::is_ascii_digit) && after.len() > next.len()
        || matches!(after.first(), Some(b'$' | b'{' | b'+' | b'%'))
        || windows_path(next)
        || next.starts_with(b"http://")
        || next.starts_with(b"https://")
        || has_option(next);
    let strong = matches!(separator, b'|' | b'`' | b'(' | b';' | b'&' | b'\n');
    found.hidden |= hidden && (ends || argument);
    let called = program && (ends || argument || word.len() > 4) && strong || argument && separator != b'\n';
    let alone = ends && (matches!(separator, b'`' | b'(') || word == "id");
    if called || alone {
        found.program = true;
    } else {
        found.word |= program || ends;
    }
}

/// An option among the next words: `/add`, `-x`.
fn has_option(text: &[u8]) -> bool {
    text.split(u8::is_ascii_whitespace).take(6).any(|word| {
        matches!(word, [b'-' | b'/', first, rest @ ..]
            if first.is_ascii_alphabetic() && rest.len() < 16 && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-'))
    })
}

fn windows_path(text: &[u8]) -> bool {
    matches!(text, [b'a'..=b'z' | b'A'..=b'Z', b':', b'\\' | b'/', ..])
}

fn is_in(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// The word of a command in lower case, without its path and ending; whether it was spelt so that a list does not
/// know it; and what follows.
fn command_word(text: &[u8]) -> (String, bool, &[u8]) {
    let skip = text
        .iter()
        .take(32)
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b'{' | b'!' | b'@'))
        .count();
    let text = text.get(skip..).unwrap_or_default();
    let (mut word, mut at, mut quotes, mut marks) = (String::new(), 0, 0, 0);
    while let Some(byte) = text.get(at).filter(|_| at < 64) {
        match byte {
            b'\'' | b'"' => quotes += u32::from(!word.is_empty()),
            b'\\' | b'^' => marks += u32::from(text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)),
            b'$' if matches!(text.get(at + 1), Some(b'@' | b'*' | b'1'..=b'9')) => {
                marks += 1;
                at += 1;
            }
            b'/' => word.clear(),
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') => {
                word.push(char::from(byte.to_ascii_lowercase()));
            }
            _ => break,
        }
        at += 1;
    }
    let name = word.strip_suffix(".exe").unwrap_or(&word).trim_end_matches('.').to_owned();
    // One pair of quotes around the whole word hides nothing.
    let hidden = marks > 0 || quotes >= 2;
    (name, hidden, text.get(at..).unwrap_or_default())
}

/// Operators of document databases that compare a field with a value.
pub(super) const COMPARISONS: [&str; 9] = ["ne", "gt", "gte", "lt", "lte", "in", "nin", "regex", "exists"];

/// The operator in the name of a parameter, as document databases take it: `$ne`, `user[$ne]`, `a.$gt`.
pub(super) fn operator_of(name: &str) -> Option<(&str, bool)> {
    const OPERATORS: [&str; 20] = [
        "ne",
        "gt",
        "gte",
        "lt",
        "lte",
        "in",
        "nin",
        "regex",
        "exists",
        "where",
        "or",
        "and",
        "not",
        "nor",
        "expr",
        "eq",
        "all",
        "elemMatch",
        "type",
        "mod",
    ];
    let at = name.find('$')?;
    let bracketed = name.get(..at).is_some_and(|before| before.ends_with('['));
    let operator = name.get(at + 1..)?.split(']').next()?;
    OPERATORS.contains(&operator).then_some((operator, bracketed))
}
