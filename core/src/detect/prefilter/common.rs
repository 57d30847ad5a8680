//! What is met in logs every day: a rule is better not filed under it.

use std::sync::LazyLock;

use hashbrown::HashSet;

use super::MIN_SUBSTRING;

/// What stands in logs of every kind, in lower case.
const COMMON: &str = r"timestamp level info warning error critical debug message logger event event_id
    hostname service server client process thread module username user_id request_id response method path
    status code duration address agent session token authentication authorization access account password
    login logout failed failure success denied allowed blocked invalid missing required expired connection
    timeout internal external database query select from where insert into update delete create table
    network interface system security policy administrator configuration version number type name value
    get post put patch head options http https http/1.1 application/json text/html charset=utf-8 gzip
    mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/
    (macintosh; intel mac os x 10_15_7) firefox/ version/ mobile/ (iphone; cpu iphone os) (x11; linux
    x86_64) android curl/ python-requests/ go-http-client/1.1 (compatible; bot; +http://www. https://api.
    .com/ .org/ .net/ index.html /api/v1/ /static/ /assets/ /images/ /users/ home/ root/ /usr/bin/
    /usr/lib/ /usr/local/ /var/log/ /var/lib/ /etc/ /tmp/ /proc/ .py .js .css .php c:\windows\system32\
    c:\program files (x86)\ c:\users\ appdata\local\ microsoft\ powershell.exe cmd.exe .dll /c
    hkey_local_machine\software\ true false null none unknown 127.0.0.1 0.0.0.0 192.168.";

/// How much dearer an n-gram is that stands in [`COMMON`] than one that does not.
const COMMON_COST: u32 = 40;

/// The ngrams of [`COMMON`], of three bytes and of four.
static COMMON_NGRAMS: LazyLock<HashSet<&[u8], foldhash::fast::RandomState>> = LazyLock::new(|| {
    let lines = COMMON.lines().map(|line| line.trim().as_bytes());
    lines.flat_map(|line| line.windows(3).chain(line.windows(4))).collect()
});

/// Whether a folded text is met in many events, whatever they are about.
pub fn is_common(text: &str) -> bool {
    text.len() >= MIN_SUBSTRING && COMMON.contains(text)
}

/// The cost of an n-gram of three bytes or four: greater where it is met more often.
pub(super) fn commonness(ngram: &[u8]) -> u32 {
    let bytes: u32 = ngram.iter().map(|byte| byte_commonness(*byte)).sum();
    bytes + if COMMON_NGRAMS.contains(ngram) { COMMON_COST } else { 0 }
}

fn byte_commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'0'..=b'9' => 8,
        b'l' | b'c' | b'd' | b'p' | b'm' | b'u' | b'"' => 7,
        b'h' | b'g' | b'f' | b'w' | b'b' | b'.' | b'/' | b'-' | b' ' | b',' | b':' => 6,
        b'y' | b'v' | b'_' | b'\\' => 5,
        b'k' | b'x' | b'j' | b'q' | b'z' | b'=' | b';' | b'(' | b')' => 3,
        _ => 1,
    }
}
