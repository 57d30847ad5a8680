//! Secrets that are known by how they begin.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::cards::next_card;
use super::links::{LINK_BYTES, TOKEN_BYTES};
use super::runs::Runs;
use super::scan::{is_word_byte, looks_like_key, looks_random, run_end};
use super::tokens::{KEY_IDS, TOKENS};
use super::{Class, commands, links, marks, sentences};

/// Whether the dotted name of a field holds anything that is redacted by its shape: somebody used a
/// secret as a key.
pub(super) fn name_holds_secret(name: &str) -> bool {
    let between_letters = |at: usize| {
        let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = name.as_bytes();
        letter(at.checked_sub(1).and_then(|before| bytes.get(before))) && letter(bytes.get(at + 1))
    };
    // Where an address ends inside of a dotted name cannot be seen.
    memchr::memchr_iter(b'@', name.as_bytes()).any(between_letters)
        || holds_secret(name)
        || name.split('.').any(holds_secret)
}

fn holds_secret(text: &str) -> bool {
    let mut found = next_card(text.as_bytes(), 0).is_some();
    let mut runs = Runs::default();
    for_each_beginning(text.as_bytes(), |met| {
        found |= met.secret(text, &mut runs).is_some();
        !found
    });
    found
}

/// How a secret begins, and how it goes on.
#[derive(Clone, Copy)]
pub(super) enum Beginning {
    JsonWebToken,
    /// A provider's prefix, followed by at least this many letters, digits, `_` and `-`.
    Prefix(usize),
    /// Like `Prefix`, but the text names a key and is none itself; it stays in fields that hold ids.
    KeyId(usize),
    /// Behind the number of a bot of Telegram.
    Bot,
    /// The hash of a password, as systems keep it.
    Crypt,
    PrivateKey,
    /// A key as PuTTY writes it.
    Putty,
    Url,
    Bearer,
    Basic,
    /// An address that nobody may know, for the rest of it is the secret.
    Hook,
    /// A link that works once: its random part is the secret, in its path or as a parameter.
    Link,
    LinkQuery,
    /// This many hexadecimal digits follow.
    Digest(usize),
    /// Stands in the middle of a key of at least this many bytes, or at its end.
    Within(usize),
    /// A honeypot tells who tried to log in with what, in brackets.
    Tried,
    /// Behind 32 digits and before the number of a data center.
    DataCenter,
    /// The names of a provider and of a file, near which a secret stands.
    Mailgun,
    PgPass,
    /// The network behind `user:password@`.
    Network,
    /// A private key in base64.
    EncodedKey,
    /// A number, a time and a signature with dots between.
    ThreeParts,
    /// A command whose argument of this number is a secret.
    Argument(usize),
    /// A command whose argument of this number is `user/secret`.
    Login(usize),
    /// The file of passwords of a web server.
    Htpasswd,
    /// What is typed into a command, or into one that asks.
    Here,
    Typed,
    /// The data of a value of the registry of Windows.
    Registry,
    /// A script that is told whom and where to log in.
    Script,
    /// A user of Windows, behind the name of the command.
    WindowsUser,
    /// A share of Windows with the password of its user.
    Share,
    /// A command of Windows with an option for a secret.
    Slash,
    /// What stands in quotes.
    Quoted,
    /// The rest of the line.
    Rest,
    /// The next word is a name, and what follows its value.
    Setting,
    /// What an earlier command writes into this one.
    Piped,
    /// The word that a device takes for a password when it is asked about itself.
    Community,
    /// The command of Redis and of mail.
    Auth,
    /// Commands of servers of mail and files.
    Pass,
    MailLogin,
    /// The name of a secret, of which a sentence may tell what it is.
    Told,
}

use Beginning::{
    Argument, Auth, Basic, Bearer, Bot, Community, Crypt, DataCenter, Digest, EncodedKey, Here, Hook,
    Htpasswd, JsonWebToken, KeyId, Link, LinkQuery, Login, MailLogin, Mailgun, Network, Pass, PgPass, Piped,
    Prefix, PrivateKey, Putty, Quoted, Registry, Rest, Script, Setting, Share, Slash, ThreeParts, Told,
    Tried, Typed, Url, WindowsUser, Within,
};

/// Beside the tokens of providers. None has fewer than three bytes.
const BEGINNINGS: [(&str, Beginning); 185] = [
    ("eyJ", JsonWebToken),
    (":AA", Bot),
    ("$1$", Crypt),
    ("$5$", Crypt),
    ("$6$", Crypt),
    ("$y$", Crypt),
    ("$2a$", Crypt),
    ("$2b$", Crypt),
    ("$2y$", Crypt),
    ("$argon2", Crypt),
    ("{SSHA", Crypt),
    ("-----BEGIN", PrivateKey),
    ("Private-Lines:", Putty),
    ("AGE-SECRET-KEY-", Prefix(40)),
    ("://", Url),
    ("earer ", Bearer),
    ("EARER ", Bearer),
    ("earer%20", Bearer),
    ("asic ", Basic),
    ("ASIC ", Basic),
    ("hooks.slack.com/", Hook),
    ("/api/webhooks/", Hook),
    ("webhook.office.com/", Hook),
    ("outlook.office.com/webhook/", Hook),
    ("api.telegram.org/bot", Hook),
    ("/hooks/catch/", Hook),
    ("/bot/v2/hook/", Hook),
    ("/with/key/", Hook),
    ("events.pagerduty.com/integration/", Hook),
    ("hooks.airtable.com/", Hook),
    ("/hooks/", Link),
    ("/webhooks/", Link),
    ("/webhook/", Link),
    ("/reset/", Link),
    ("reset-password/", Link),
    ("reset_password/", Link),
    ("password-reset/", Link),
    ("password_resets/", Link),
    ("/passwords/", Link),
    ("/invite/", Link),
    ("/invites/", Link),
    ("/invitation/", Link),
    ("/invitations/", Link),
    ("/verify/", Link),
    ("verify-email/", Link),
    ("verify_email/", Link),
    ("/verification/", Link),
    ("/confirm/", Link),
    ("confirm-email/", Link),
    ("/confirmation/", Link),
    ("/activate/", Link),
    ("/activation/", Link),
    ("/recover/", Link),
    ("/recovery/", Link),
    ("/unsubscribe/", Link),
    ("/magic/", Link),
    ("magic-link/", Link),
    ("magic_link/", Link),
    ("magiclink/", Link),
    ("reset?", LinkQuery),
    ("reset-password?", LinkQuery),
    ("reset_password?", LinkQuery),
    ("/invite?", LinkQuery),
    ("/accept?", LinkQuery),
    ("/verify?", LinkQuery),
    ("verify-email?", LinkQuery),
    ("/confirm?", LinkQuery),
    ("/activate?", LinkQuery),
    ("/recover?", LinkQuery),
    ("/unsubscribe?", LinkQuery),
    ("/magic?", LinkQuery),
    ("magic-link?", LinkQuery),
    ("magiclink?", LinkQuery),
    ("key-", Digest(32)),
    ("SK0", Digest(31)),
    ("SK1", Digest(31)),
    ("SK2", Digest(31)),
    ("SK3", Digest(31)),
    ("SK4", Digest(31)),
    ("SK5", Digest(31)),
    ("SK6", Digest(31)),
    ("SK7", Digest(31)),
    ("SK8", Digest(31)),
    ("SK9", Digest(31)),
    ("SKa", Digest(31)),
    ("SKb", Digest(31)),
    ("SKc", Digest(31)),
    ("SKd", Digest(31)),
    ("SKe", Digest(31)),
    ("SKf", Digest(31)),
    ("-us", DataCenter),
    ("ailgun", Mailgun),
    ("pgpass", PgPass),
    ("@tcp(", Network),
    ("@unix(", Network),
    ("@tcp6(", Network),
    ("LS0tLS1CRUdJTi", EncodedKey),
    ("NRAL", Within(40)),
    ("JQQJ9", Within(80)),
    ("+ASt", Within(86)),
    ("AzFu", Within(52)),
    ("AzSe", Within(52)),
    ("AzCa", Within(52)),
    ("MTA", ThreeParts),
    ("MTE", ThreeParts),
    ("MTI", ThreeParts),
    ("MTM", ThreeParts),
    ("MTQ", ThreeParts),
    ("MTU", ThreeParts),
    ("MTY", ThreeParts),
    ("MTc", ThreeParts),
    ("MTg", ThreeParts),
    ("MTk", ThreeParts),
    ("AUTH", Auth),
    ("\"auth", Auth),
    ("PASS ", Pass),
    (" LOGIN ", MailLogin),
    ("rabbitmqctl add_user ", Argument(2)),
    ("rabbitmqctl change_password ", Argument(2)),
    ("htpasswd ", Htpasswd),
    ("htpasswd\"", Htpasswd),
    ("htpasswd\\", Htpasswd),
    (".py ", Script),
    (" user ", WindowsUser),
    (" USER ", WindowsUser),
    ("net use ", Share),
    ("schtasks ", Slash),
    ("freerdp ", Slash),
    ("isql ", Argument(3)),
    ("mysqladmin password ", Argument(1)),
    ("vault login ", Argument(1)),
    ("vault unseal ", Argument(1)),
    ("Unseal Key ", Argument(2)),
    ("user_pw ", Argument(1)),
    ("owner_pw ", Argument(1)),
    ("requirepass ", Argument(1)),
    ("masterauth ", Argument(1)),
    ("rocommunity ", Argument(1)),
    ("rwcommunity ", Argument(1)),
    ("community ", Community),
    ("-server key ", Argument(1)),
    ("ConvertTo-SecureString ", Argument(1)),
    ("wpa_passphrase ", Argument(2)),
    ("sqlplus ", Login(1)),
    ("expdp ", Login(1)),
    ("impdp ", Login(1)),
    ("sqlldr ", Login(1)),
    ("oracle:thin:", Login(1)),
    ("::add-mask::", Rest),
    ("issecret=true]", Rest),
    ("ENV ", Setting),
    ("setenv ", Setting),
    ("onfig set ", Setting),
    ("ONFIG SET ", Setting),
    ("onfigure set ", Setting),
    ("| chpasswd", Piped),
    ("| sudo -S", Piped),
    ("| cryptsetup", Piped),
    ("| kinit", Piped),
    ("kinit ", Here),
    ("send ", Typed),
    (" /d ", Registry),
    ("radtest ", Argument(2)),
    ("mc alias set ", Argument(4)),
    ("rclone obscure ", Argument(1)),
    ("assword-stdin", Piped),
    ("asswd --stdin", Piped),
    ("assword ", Told),
    ("ASSWORD ", Told),
    ("asswd ", Told),
    ("ASSWD ", Told),
    ("sp_addlogin '", Argument(2)),
    ("cargo login ", Argument(1)),
    ("http-basic.", Argument(3)),
    ("NickServ :IDENTIFY ", Rest),
    ("NickServ identify ", Rest),
    ("ickserv identify ", Rest),
    ("PSK ", Quoted),
    ("XAUTH ", Quoted),
    ("EAP ", Quoted),
    ("PIN ", Told),
    ("bindpw ", Argument(1)),
    ("sudo -S ", Here),
    ("signtool ", Slash),
    ("ogin attempt [", Tried),
];

/// Ends of names of secrets, behind which a sentence or a line of a configuration may tell them.
const TOLD: [&str; 9] =
    ["assphrase ", "asscode ", "oken ", "OKEN ", "ecret ", "ECRET ", "ookie ", "ey ", "EY "];

/// A beginning where it was met.
#[derive(Clone, Copy)]
pub(super) struct Met {
    beginning: Beginning,
    start: usize,
    end: usize,
}

/// All beginnings, looked for at once: nearly no place of a text has the first bytes of one.
struct Beginnings {
    /// A bit for each pair of bytes that begins one.
    pairs: Box<BeginningBits>,
    /// A bit for a hash of the first three bytes of each.
    triples: Box<BeginningBits>,
    /// By fewer bits of that hash: a part of `all`.
    slots: Vec<(u16, u16)>,
    /// In the order of their slots, and in each of their length.
    all: Vec<(&'static str, Beginning, usize)>,
}

/// A bit for every number of 16 bits.
type BeginningBits = [u32; 1 << 11];

/// Of those of about one length, this many together, none begins within another.
const GROUP_LENGTH: usize = 64;
const GROUPS: usize = (BEGINNINGS.len() + TOKENS.len() + KEY_IDS.len() + TOLD.len()).div_ceil(GROUP_LENGTH);
const SLOTS: usize = 1_024;

static BEGINNING_INDEX: LazyLock<Beginnings> = LazyLock::new(|| {
    let tokens = TOKENS.map(|(text, length)| (text, Prefix(length)));
    let ids = KEY_IDS.map(|(text, length)| (text, KeyId(length)));
    let told = TOLD.map(|text| (text, Told));
    let mut all = [&BEGINNINGS[..], &tokens, &ids, &told].concat();
    all.sort_by_key(|(text, _)| text.len());
    Beginnings::new(&all)
});

impl Beginnings {
    fn new(ordered: &[(&'static str, Beginning)]) -> Self {
        let grouped = ordered.iter().enumerate().map(|(at, (text, what))| (*text, *what, at / GROUP_LENGTH));
        let mut all: Vec<(&'static str, Beginning, usize)> = grouped.collect();
        all.sort_by_key(|(text, ..)| slot(text.as_bytes()));
        let (mut pairs, mut triples) = (Box::new([0; 1 << 11]), Box::new([0; 1 << 11]));
        let mut slots = vec![(0, 0); SLOTS];
        for (at, (text, ..)) in (0..).zip(&all) {
            let [pair, triple] = first_bytes(text.as_bytes());
            set(&mut pairs, pair);
            set(&mut triples, triple);
            let part = &mut slots[slot(text.as_bytes())];
            *part = if part.0 == part.1 { (at, at + 1) } else { (part.0, at + 1) };
        }
        Self { pairs, triples, slots, all }
    }

    /// False when `found` said no.
    fn search(&self, bytes: &[u8], found: &mut impl FnMut(Met) -> bool) -> bool {
        let mut ends = [0; GROUPS];
        bytes.windows(3).enumerate().all(|(at, three)| {
            let [pair, triple] = first_bytes(three);
            let may_begin = is_set(&self.pairs, pair) && is_set(&self.triples, triple);
            !may_begin || self.meet(bytes, at, &mut ends, found)
        })
    }

    /// Looks at those that may begin at `at`. `ends`: behind the last one of each group.
    fn meet(
        &self,
        bytes: &[u8],
        at: usize,
        ends: &mut [usize; GROUPS],
        found: &mut impl FnMut(Met) -> bool,
    ) -> bool {
        let rest = bytes.get(at..).unwrap_or_default();
        let (from, to) = self.slots.get(slot(rest)).copied().unwrap_or_default();
        let candidates = self.all.get(usize::from(from)..usize::from(to)).unwrap_or_default();
        candidates.iter().all(|(text, beginning, group)| {
            let Some(end) = ends.get_mut(*group).filter(|end| at >= **end) else { return true };
            if !rest.starts_with(text.as_bytes()) {
                return true;
            }
            *end = at + text.len();
            found(Met { beginning: *beginning, start: at, end: *end })
        })
    }
}

/// The first two bytes, and a hash of the first three.
fn first_bytes(bytes: &[u8]) -> [u16; 2] {
    let [first, second, third, ..] = *bytes else { return [0; 2] };
    let number = u32::from_le_bytes([first, second, third, 0]);
    let [.., low, high] = number.wrapping_mul(0x9e37_79b1).to_le_bytes();
    [u16::from_le_bytes([first, second]), u16::from_le_bytes([low, high])]
}

fn slot(bytes: &[u8]) -> usize {
    usize::from(first_bytes(bytes)[1]) / (65_536 / SLOTS)
}

fn is_set(bits: &BeginningBits, number: u16) -> bool {
    bits[usize::from(number >> 5)] & 1 << (number & 31) != 0
}

fn set(bits: &mut BeginningBits, number: u16) {
    bits[usize::from(number >> 5)] |= 1 << (number & 31);
}

/// Calls `found` with every beginning, until that says no.
pub(super) fn for_each_beginning(bytes: &[u8], mut found: impl FnMut(Met) -> bool) {
    BEGINNING_INDEX.search(bytes, &mut found);
}

impl Met {
    pub(super) fn is_key_id(&self) -> bool {
        matches!(self.beginning, KeyId(_))
    }

    /// Where the secret lies that begins (or is announced) here.
    pub(super) fn secret(&self, buffer: &str, runs: &mut Runs) -> Option<(usize, usize, Class)> {
        let (bytes, start, end) = (buffer.as_bytes(), self.start, self.end);
        match self.beginning {
            JsonWebToken => json_web_token(buffer, start, runs),
            Prefix(length) | KeyId(length) => token(buffer, (start, end), length, runs),
            Bot => bot(bytes, start),
            Crypt => crypt(bytes, start),
            PrivateKey | Putty if start < runs.key_end => None,
            PrivateKey | Putty => {
                let is_putty = matches!(self.beginning, Putty);
                let key = if is_putty { putty_key(buffer, end) } else { private_key(buffer, start)? };
                runs.key_end = key.1;
                Some(key)
            }
            Url => url_password(bytes, start + 3),
            Bearer | Basic => credentials(buffer, start, matches!(self.beginning, Bearer)),
            Hook => links::hook(bytes, end, runs),
            Link => links::link(buffer, end),
            LinkQuery => links::parameter(buffer, end),
            Digest(length) => marks::digest(buffer, start, end, length),
            Within(length) => marks::around(buffer, (start, end), length),
            DataCenter => marks::with_data_center(buffer, (start, end)),
            Mailgun => marks::near_mailgun(buffer, end),
            PgPass => marks::near_pgpass(buffer, end),
            Network => marks::before_network(buffer, start),
            EncodedKey => marks::encoded_key(buffer, start),
            ThreeParts => marks::three_parts(buffer, start),
            _ => self.assigned(buffer).map(|(from, to)| (from, to, Class::Assignment)),
        }
    }

    /// What stands behind the name of a secret or is given to a command.
    fn assigned(&self, buffer: &str) -> Option<(usize, usize)> {
        let end = self.end;
        match self.beginning {
            Auth => commands::auth(buffer, end),
            Argument(number) => commands::positional(buffer, end, number),
            Login(number) => commands::login(buffer, end, number),
            Htpasswd => commands::htpasswd(buffer, end),
            Here => commands::here(buffer, end),
            Tried => commands::tried(buffer, end),
            Typed => commands::typed(buffer, self.start, end),
            Registry => commands::registry(buffer, self.start, end),
            Script => commands::target(buffer, end),
            WindowsUser => commands::windows_user(buffer, self.start, end),
            Share => commands::share(buffer, end),
            Slash => commands::slash(buffer, end),
            Quoted => commands::quoted(buffer, end),
            Rest => commands::rest(buffer, end),
            Setting => commands::setting(buffer, end),
            Piped => commands::piped(buffer, self.start),
            Community => sentences::community(buffer, self.start, end),
            Pass => commands::pass(buffer, self.start, end),
            MailLogin => commands::mail_login(buffer, self.start, end),
            _ => sentences::told(buffer, end),
        }
    }
}

fn json_web_token(buffer: &str, start: usize, runs: &mut Runs) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    if !starts_word(bytes, start) {
        return None;
    }
    let end = runs.token.end(bytes, start, |byte| is_word_byte(byte) || byte == b'.');
    let whole = runs.token.is_noise() || is_json_web_token(buffer.get(start..end)?);
    whole.then_some((start, end, Class::JsonWebToken))
}

/// A token with at least this many bytes behind what it begins with.
fn token(
    buffer: &str,
    prefix: (usize, usize),
    length: usize,
    runs: &mut Runs,
) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let (start, behind) = prefix;
    // `sk_live_` and `rk_live_` are found by their second letter.
    let start = start.checked_sub(usize::from(bytes.get(start) == Some(&b'k')))?;
    if !starts_word(bytes, start) {
        return None;
    }
    let end = runs.token.end(bytes, behind, |byte| is_word_byte(byte) || byte == b'.');
    let text = buffer.get(start..end)?.trim_end_matches('.');
    let whole = text.len() >= length + 3 && (runs.token.is_noise() || is_no_example(text) && is_noisy(text));
    whole.then_some((start, start + text.len(), Class::ProviderKey))
}

/// A digit or both cases behind the first letters: no word of a language, and no name in a program.
fn is_noisy(text: &str) -> bool {
    let rest = text.get(4..).unwrap_or_default();
    let has = |is: fn(&u8) -> bool| rest.bytes().any(|byte| is(&byte));
    has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// `1234567890:AA...`, from the number on; the colon stands at `colon`.
fn bot(bytes: &[u8], colon: usize) -> Option<(usize, usize, Class)> {
    let head = bytes.get(colon.saturating_sub(11)..colon)?;
    let digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let to = run_end(bytes, colon + 1, is_word_byte);
    let is_token = (8..=10).contains(&digits) && (32..=40).contains(&(to - colon - 1));
    is_token.then_some((colon + 1, to, Class::ProviderKey))
}

/// A hash of a password with its salt: `$6$salt$hash`, `{SSHA}hash`.
fn crypt(bytes: &[u8], start: usize) -> Option<(usize, usize, Class)> {
    let bytes = bytes.get(..bytes.len().min(start + LINK_BYTES))?;
    let to = run_end(bytes, start, |byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'$' | b'.' | b'/' | b'=' | b',' | b'+' | b'{' | b'}' | b'-')
    });
    let text = bytes.get(start..to)?;
    let dollars = text.iter().filter(|byte| **byte == b'$').count();
    (text.len() >= 20 && (dollars >= 3 || text.first() == Some(&b'{'))).then_some((
        start,
        to,
        Class::ProviderKey,
    ))
}

/// The lines of a private key that PuTTY wrote.
fn putty_key(buffer: &str, from: usize) -> (usize, usize, Class) {
    let rest = buffer.get(from..).unwrap_or_default();
    (from, from + rest.find("Private-MAC").unwrap_or(rest.len()), Class::PrivateKey)
}

/// What follows `Bearer` or `Basic`.
fn credentials(buffer: &str, start: usize, is_bearer: bool) -> Option<(usize, usize, Class)> {
    let bytes = buffer.as_bytes();
    let from = run_end(bytes, start + 4, |byte| byte.is_ascii_alphabetic()).min(start + 5);
    let from = run_end(bytes, from, |byte| byte == b' ');
    let from = if bytes.get(from..from + 3) == Some(b"%20") { from + 3 } else { from };
    let to =
        run_end(bytes, from, |byte| is_word_byte(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'='));
    let text = buffer.get(from..to)?;
    let secret = if is_bearer { text.len() >= 8 && looks_random(text) } else { is_basic(text) };
    secret.then_some((from, to, Class::Authorization))
}

/// No letter or digit stands before; the letter of an escape (`\n`) in raw JSON does not count.
fn starts_word(bytes: &[u8], start: usize) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| bytes.get(at));
    let escape = before(2) == Some(&b'\\') && matches!(before(1), Some(b'n' | b't' | b'r'));
    escape || !before(1).is_some_and(u8::is_ascii_alphanumeric)
}

/// From `-----BEGIN ... PRIVATE KEY-----` to the end of the matching `-----END ...-----`, or of everything.
fn private_key(buffer: &str, start: usize) -> Option<(usize, usize, Class)> {
    let head = buffer.as_bytes().get(start..(start + 64).min(buffer.len()))?;
    memchr::memmem::find(head, b"PRIVATE KEY")?;
    let rest = buffer.get(start + 10..)?;
    let end = match rest.find("-----END") {
        Some(at) => {
            let after = at + 8;
            rest.get(after..)?.find("-----").map_or(rest.len(), |dashes| after + dashes + 5)
        }
        None => rest.len(),
    };
    Some((start, start + 10 + end, Class::PrivateKey))
}

/// `user:password@host` after `://`.
fn url_password(bytes: &[u8], start: usize) -> Option<(usize, usize, Class)> {
    let ends = |byte: u8| byte <= b' ' || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'\\');
    let end = run_end(bytes, start, |byte| !ends(byte));
    let authority = bytes.get(start..end)?;
    let user = authority.get(..memchr::memrchr(b'@', authority)?)?;
    // Where `?` and `#` are no part of a password, they end what names the server.
    let query = user.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let from = match memchr::memchr(b':', user) {
        Some(colon) if query.is_none_or(|at| colon < at && !is_port(user.get(colon + 1..at))) => colon + 1,
        // A token in the place of the user.
        None if query.is_none() && user.len() >= TOKEN_BYTES => {
            std::str::from_utf8(user).is_ok_and(looks_like_key).then_some(0)?
        }
        _ => return None,
    };
    (from < user.len()).then_some((start + from, start + user.len(), Class::UrlPassword))
}

fn is_port(text: Option<&[u8]>) -> bool {
    text.is_none_or(|text| text.iter().all(u8::is_ascii_digit))
}

/// The first part decodes to JSON that names an algorithm.
fn is_json_web_token(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(header) else { return false };
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes)
        .is_ok_and(|header| header.contains_key("alg"))
}

/// Base64 of `name:password`.
fn is_basic(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.contains(&b':') && bytes.iter().all(|byte| (0x20..0x7f).contains(byte)))
}

fn is_no_example(text: &str) -> bool {
    !(text.contains("XXXX") || text.contains("0000000000") || text.contains("xxxxxxxx"))
}
