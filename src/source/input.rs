//! What the user named: a file, a pattern, a directory or standard input.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use globset::GlobMatcher;

use crate::glob;

/// One thing to read.
#[derive(Clone, Debug)]
pub enum Input {
    /// One file, which need not exist yet.
    Path(PathBuf),
    /// All files that match, now and later.
    Glob(Pattern),
    /// All files below a directory that look like logs (see [`looks_like_log`]), now and later.
    Directory(PathBuf),
    Stdin,
}

/// Why a word of the command line names nothing that can be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("`{pattern}` is not a pattern: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("the name of the input is empty")]
    Empty,
}

impl Input {
    /// Reads a word of the command line: `-`, a directory, a pattern (`*`, `?`, `[..]`, `{a,b}`, `**`)
    /// or a file. A word with pattern characters that names an existing file is that file.
    pub fn parse(word: impl AsRef<OsStr>) -> Result<Self, InputError> {
        let word = word.as_ref();
        let path = Path::new(word);
        if word.is_empty() {
            return Err(InputError::Empty);
        }
        if word == "-" {
            return Ok(Self::Stdin);
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self::Directory(path.to_owned())),
            Err(_) if is_pattern(word) && fs::symlink_metadata(path).is_err() => {
                Pattern::new(path).map(Self::Glob)
            }
            _ => Ok(Self::Path(path.to_owned())),
        }
    }

    /// The same input with a path that does not depend on the working directory.
    pub(crate) fn absolute(self) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        match self {
            Self::Path(path) => Self::Path(absolute(path)),
            Self::Directory(path) => Self::Directory(absolute(path)),
            Self::Glob(pattern) => Self::Glob(Pattern { root: absolute(pattern.root), ..pattern }),
            Self::Stdin => Self::Stdin,
        }
    }

    /// The same input by the real path of its folder, if there is one.
    pub(crate) fn real(self) -> Option<Self> {
        let real = |path: PathBuf| fs::canonicalize(path).ok();
        match self {
            Self::Path(path) => real(path).map(Self::Path),
            Self::Directory(path) => real(path).map(Self::Directory),
            Self::Glob(pattern) => {
                Some(Self::Glob(Pattern { root: real(pattern.root)?, parts: pattern.parts }))
            }
            Self::Stdin => None,
        }
    }

    /// True when the input reads a file of this path, if it exists.
    pub(crate) fn covers(&self, path: &Path, depth: usize) -> bool {
        match self {
            Self::Path(own) => own == path,
            Self::Glob(pattern) => pattern.matches(path),
            Self::Directory(root) => path.strip_prefix(root).is_ok_and(|rest| {
                rest.components().count() <= depth
                    && !rest.components().any(|part| is_hidden(part.as_os_str()))
                    && rest.file_name().is_some_and(looks_like_log)
            }),
            Self::Stdin => false,
        }
    }

    /// True when a directory of this path can hold, or lead to, files of the input.
    pub(crate) fn reaches(&self, directory: &Path) -> bool {
        let (Self::Path(root) | Self::Directory(root) | Self::Glob(Pattern { root, .. })) = self else {
            return false;
        };
        root.starts_with(directory) || (!matches!(self, Self::Path(_)) && directory.starts_with(root))
    }
}

fn is_pattern(word: &OsStr) -> bool {
    word.as_bytes().iter().any(|byte| b"*?[{".contains(byte))
}

/// A pattern over paths, matched part by part so that expanding it reads only directories it names.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The directory the first part is looked up in.
    pub(crate) root: PathBuf,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Literal(OsString),
    /// One name. `hidden`: names that begin with a dot match too.
    Wild {
        matcher: GlobMatcher,
        hidden: bool,
    },
    /// `**`: any number of directories.
    Recursive,
}

impl Pattern {
    /// # Errors
    /// When a part cannot be parsed; a `/` inside braces or brackets is one such case.
    pub fn new(path: &Path) -> Result<Self, InputError> {
        let mut root = PathBuf::new();
        let mut parts = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) if parts.is_empty() && !is_pattern(name) => root.push(name),
                Component::Normal(name) => parts.push(Part::new(path, name)?),
                other => root.push(other),
            }
        }
        if root.as_os_str().is_empty() {
            root.push(".");
        }
        Ok(Self { root, parts })
    }

    fn matches(&self, path: &Path) -> bool {
        let Ok(rest) = path.strip_prefix(&self.root) else { return false };
        let names: Vec<&OsStr> = rest.components().map(Component::as_os_str).collect();
        match_parts(&self.parts, &names)
    }
}

impl Part {
    fn new(whole: &Path, name: &OsStr) -> Result<Self, InputError> {
        let fail = |reason: String| InputError::Pattern { pattern: whole.display().to_string(), reason };
        if name == "**" {
            return Ok(Self::Recursive);
        }
        if !is_pattern(name) {
            return Ok(Self::Literal(name.to_owned()));
        }
        let text = name.to_str().ok_or_else(|| fail("it is not valid UTF-8".to_owned()))?;
        let matcher = glob::compile(text).map_err(fail)?;
        Ok(Self::Wild { matcher, hidden: text.starts_with('.') })
    }

    /// True when the part accepts this one name; `**` accepts every name that is not hidden.
    pub(crate) fn accepts(&self, name: &OsStr) -> bool {
        match self {
            Self::Literal(own) => own == name,
            Self::Wild { matcher, hidden } => (*hidden || !is_hidden(name)) && matcher.is_match(name),
            Self::Recursive => !is_hidden(name),
        }
    }
}

fn match_parts(parts: &[Part], names: &[&OsStr]) -> bool {
    match (parts, names) {
        ([], []) => true,
        ([Part::Recursive], names) => !names.is_empty() && names.iter().all(|name| !is_hidden(name)),
        ([Part::Recursive, rest @ ..], names) => (0..=names.len())
            .take_while(|at| *at == 0 || !is_hidden(names[at - 1]))
            .any(|at| match_parts(rest, &names[at..])),
        ([part, parts @ ..], [name, names @ ..]) => part.accepts(name) && match_parts(parts, names),
        _ => false,
    }
}

pub(crate) fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

pub(crate) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| PACKED.iter().chain(&["lz4"]).any(|known| extension == *known))
}

/// Compressed in a way that is read.
pub(crate) fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| PACKED.iter().any(|known| extension == *known))
}

const PACKED: [&str; 4] = ["gz", "bz2", "xz", "zst"];

/// Whether a file in a directory that was named as a whole is taken for a log, by its name alone.
///
/// Yes for `log json ndjson jsonl txt out err csv` and the levels of syslog as extension (`mail.warn`), for names that end in
/// `log` (`access_log`, `mainlog`) or begin with `log.` (`log.smbd`), and for the names of syslog's facilities; each with a
/// rotation suffix (`.1`, `-20260301`, `.old`) or `.gz` and its kin after it, and for names such as `app.log.2026-03-01`.
/// No for what stands beside recordings and is not one: see [`stands_beside_logs`].
#[must_use]
pub fn looks_like_log(name: &OsStr) -> bool {
    const EXTENSIONS: [&str; 16] = [
        "log", "json", "ndjson", "jsonl", "txt", "out", "err", "csv", "info", "notice", "warn", "warning",
        "error", "crit", "debug", "trace",
    ];
    const NAMES: [&str; 19] = [
        "syslog", "messages", "secure", "auth", "authpriv", "mail", "cron", "daemon", "kern", "user", "news",
        "lpr", "ftp", "boot", "dmesg", "debug", "warn", "firewall", "console",
    ];
    /// Facilities `local0` to `local7`.
    const LOCAL: &[u8] = b"local";
    let name = name.as_bytes();
    if stands_beside_logs(name) || is_login_records(name) {
        return false;
    }
    let unpacked = PACKED.iter().find_map(|known| name.strip_suffix(known.as_bytes())?.strip_suffix(b"."));
    let stem = without_rotation(unpacked.unwrap_or(name));
    let among = |known: &[&str], name: &[u8]| known.iter().any(|own| own.as_bytes() == name);
    match stem.iter().rposition(|byte| *byte == b'.') {
        _ if stem.starts_with(b"log.") => true,
        Some(dot) => among(&EXTENSIONS, stem.get(dot + 1..).unwrap_or_default()),
        None => {
            let is_local = stem.strip_prefix(LOCAL).is_some_and(|number| matches!(number, [b'0'..=b'7']));
            among(&NAMES, stem) || is_local || ends_in_log(stem)
        }
    }
}

/// `access_log`, `mainlog`, `xferlog`, and no word of the language.
fn ends_in_log(name: &[u8]) -> bool {
    const WORDS: [&str; 5] = ["catalog", "changelog", "dialog", "backlog", "analog"];
    let lower = name.to_ascii_lowercase();
    lower.ends_with(b"log") && !WORDS.iter().any(|word| lower.ends_with(word.as_bytes()))
}

/// What stands beside logs and is none: descriptions, expectations, what editors and services leave.
pub(crate) fn stands_beside_logs(name: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 3] = [b".", b"README", b"LICENSE"];
    const NAMES: [&[u8]; 3] = [b"scenario.json", b"package.json", b"core"];
    const ENDINGS: [&[u8]; 9] =
        [b".md", b".expect", b".swp", b".pid", b".sock", b".lock", b".state", b".tmp", b"~"];
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Who was logged in, in binary records: `wtmp` and its kin, also rotated.
pub(crate) fn is_login_records(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [b"wtmp", b"btmp", b"utmp", b"lastlog", b"faillog", b"tallylog"];
    NAMES.contains(&without_rotation(name)) || name.ends_with(b"wtmp.db") || name.ends_with(b"lastlog2.db")
}

/// A file of systemd's journal.
pub(crate) fn is_journal(name: &[u8]) -> bool {
    name.ends_with(b".journal") || name.ends_with(b".journal~")
}

/// A file name without what rotation appends: `.1`, `-20260301`, `.2026-03-01T02-00-00.000`, `.old`, any
/// number of them.
fn without_rotation(name: &[u8]) -> &[u8] {
    let mut name = name;
    while let Some(shorter) = without_one_suffix(name) {
        name = shorter;
    }
    name
}

fn without_one_suffix(name: &[u8]) -> Option<&[u8]> {
    let at = name.iter().rposition(|byte| b".-_".contains(byte)).filter(|at| *at > 0)?;
    let (stem, suffix) = (name.get(..at)?, name.get(at + 1..)?);
    // A number, or a piece of a date with its `T` and `Z`.
    let is_date = suffix.first().is_some_and(u8::is_ascii_digit)
        && suffix.iter().all(|byte| byte.is_ascii_digit() || b"TZtz:".contains(byte));
    (is_date || [&b"old"[..], b"bak", b"copy", b"prev"].contains(&suffix)).then_some(stem)
}

/// The logs that `path` may be a rotated or copied companion of, by its name: `app.log` for
/// `app.log.1`, `app.log-20260301`, `app-20260301.log` and `app.1.log`.
pub(crate) fn rotation_bases(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().map(OsStr::as_bytes) else { return Vec::new() };
    let named = |name: &[u8]| path.with_file_name(OsStr::from_bytes(name));
    let mut bases = Vec::new();
    let mut candidate = name;
    while let Some(shorter) = without_one_suffix(candidate) {
        bases.push(named(shorter));
        candidate = shorter;
    }
    if let Some(dot) = name.iter().rposition(|byte| *byte == b'.') {
        let (mut stem, extension) = name.split_at(dot);
        while let Some(shorter) = without_one_suffix(stem) {
            bases.push(named(&[shorter, extension].concat()));
            stem = shorter;
        }
    }
    bases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str, expect: bool) {
        assert_eq!(looks_like_log(OsStr::new(name)), expect, "{name}");
    }

    #[test]
    fn logs_in_a_directory_are_told_by_their_names() {
        for name in [
            "app.log",
            "app.log.1",
            "app.log.2.gz",
            "access.json.log",
            "postgresql-2025-11-05.csv",
            "app.log-20260301",
            "app.log.2026-03-01",
            "syslog",
            "syslog.1",
            "messages-20260301",
            "events.ndjson",
            "catalina.out",
            "access_log",
            "access_log-20260301.gz",
            "mainlog.1",
            "xferlog",
            "log.smbd",
            "log.smbd.1",
            "mail.warn",
            "auth",
            "local7",
        ] {
            log(name, true);
        }
        for name in [
            "README.md",
            "README.txt",
            "scenario.json",
            "a.expect",
            ".app.log",
            "wtmp",
            "core",
            "x.bin",
            "a.log.swp",
            "lastlog",
            "faillog",
            "btmp.1",
            "system.journal",
            "ChangeLog",
            "local8",
            "authorized",
        ] {
            log(name, false);
        }
    }

    fn pattern(pattern: &str, path: &str, expect: bool) {
        let compiled = Pattern::new(Path::new(pattern)).unwrap();
        assert_eq!(compiled.matches(Path::new(path)), expect, "{pattern} on {path}");
    }

    #[test]
    fn patterns_match_part_by_part() {
        pattern("/v/*.log", "/v/a.log", true);
        pattern("/v/*.log", "/v/w/a.log", false);
        pattern("/v/*.log", "/v/.a.log", false);
        pattern("/v/.*.log", "/v/.a.log", true);
        pattern("/v/**/*.log", "/v/a.log", true);
        pattern("/v/**/*.log", "/v/w/x/a.log", true);
        pattern("/v/**/*.log", "/v/.w/a.log", false);
        pattern("/v/**", "/v/w/a", true);
        pattern("/v/{a,b}/x[12].log", "/v/b/x2.log", true);
        pattern("/v/{a,b}/x[12].log", "/v/c/x2.log", false);
        pattern("/v/*/current", "/v/s/current", true);
    }

    #[test]
    fn a_pattern_that_cannot_be_parsed_says_why() {
        let error = Pattern::new(Path::new("/v/{a/b}")).unwrap_err();
        assert!(error.to_string().starts_with("`/v/{a/b}` is not a pattern"), "{error}");
    }

    fn rotation(path: &str, base: &str, expect: bool) {
        let bases = rotation_bases(Path::new(path));
        assert_eq!(bases.iter().any(|own| own == Path::new(base)), expect, "{path} of {base}");
    }

    #[test]
    fn companions_of_a_rotated_log_are_recognised() {
        rotation("/v/app.log.1", "/v/app.log", true);
        rotation("/v/app.log-20260301", "/v/app.log", true);
        rotation("/v/app.log.2026-03-01", "/v/app.log", true);
        rotation("/v/app-20260301.log", "/v/app.log", true);
        rotation("/v/app.1.log", "/v/app.log", true);
        rotation("/v/app-2026-11-29T02-00-00.000.log", "/v/app.log", true);
        rotation("/v/app.log.20261129T102233", "/v/app.log", true);
        rotation("/v/app.log.2026-11-29T10:22:33Z", "/v/app.log", true);
        rotation("/v/0.log.20261129-102233", "/v/0.log", true);
        rotation("/v/app.log", "/v/app.log", false);
        rotation("/v/other.log.1", "/v/app.log", false);
        rotation("/v/app.log.err", "/v/app.log", false);
        rotation("/w/app.log.1", "/v/app.log", false);
    }

    #[test]
    fn words_become_inputs() {
        let directory = tempfile::tempdir().unwrap();
        let odd = directory.path().join("a[1].log");
        fs::write(&odd, "").unwrap();
        assert!(matches!(Input::parse("-"), Ok(Input::Stdin)));
        assert!(matches!(Input::parse(directory.path()), Ok(Input::Directory(_))));
        assert!(matches!(Input::parse(&odd), Ok(Input::Path(path)) if path == odd));
        assert!(matches!(Input::parse(directory.path().join("*.log")), Ok(Input::Glob(_))));
        assert!(matches!(Input::parse(directory.path().join("later.log")), Ok(Input::Path(_))));
        assert!(matches!(Input::parse(""), Err(InputError::Empty)));
    }
}
