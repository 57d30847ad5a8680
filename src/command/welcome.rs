//! `soctop` alone: what looks readable here, and Enter starts watching it.

use std::fs::{self, File};
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{CommandFactory, Parser};

use super::settings::CliOverrides;
use super::watch;
use crate::cli::{Cli, Command};
use crate::config::SourceConfig;
use crate::exit::Exit;
use crate::source::looks_like_log;
use crate::text::Safe;

/// Folders in which logs lie, nearest first. Only the files directly in them are looked at.
const FOLDERS: [&str; 8] = [
    ".",
    "logs",
    "log",
    "/var/log",
    "/var/log/nginx",
    "/var/log/apache2",
    "/var/log/httpd",
    "/var/log/postgresql",
];
/// What logs are called, beside those that have no ending at all: `syslog`, `access_log`.
const ENDINGS: [&str; 3] = ["log", "ndjson", "jsonl"];
/// Files that are offered, the newest.
const MOST: usize = 20;
/// What nobody has written to for a week is no log that is being written.
const STALE_SECONDS: u64 = 7 * 86_400;

/// A file that could be watched.
struct ReadableLog {
    path: PathBuf,
    bytes: u64,
    /// Since the last line.
    quiet_seconds: u64,
}

/// What was found.
#[derive(Default)]
struct Found {
    readable: Vec<ReadableLog>,
    /// There, and not for us.
    forbidden: Vec<PathBuf>,
}

pub fn run(overrides: CliOverrides) -> anyhow::Result<Exit> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        Cli::command().print_help()?;
        return Ok(Exit::Fine);
    }
    let config = overrides.resolve()?;
    let configured: Vec<PathBuf> =
        config.sources.iter().flat_map(SourceConfig::watched).map(Path::to_owned).collect();
    let found = if configured.is_empty() { look() } else { Found::default() };
    let inputs: Vec<PathBuf> = match configured.is_empty() {
        true => found.readable.iter().map(|candidate| candidate.path.clone()).collect(),
        false => configured,
    };
    greet(&inputs, &found)?;
    if inputs.is_empty() {
        return Ok(Exit::Fine);
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if !answer.ends_with('\n') || !answer.trim().is_empty() {
        return Ok(Exit::Fine);
    }
    let words =
        ["soctop".into(), "watch".into()].into_iter().chain(inputs.into_iter().map(PathBuf::into_os_string));
    match Cli::try_parse_from(words)?.command {
        Some(Command::Watch(args)) => watch::run(&args, overrides),
        _ => Ok(Exit::Fine),
    }
}

fn look() -> Found {
    let mut found = Found::default();
    for folder in FOLDERS {
        // A folder that is not there, or not for us, holds nothing that could be offered.
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        paths.filter(|path| is_log(path)).for_each(|path| found.take(path));
    }
    found.readable.sort_by_key(|candidate| candidate.quiet_seconds);
    found.readable.truncate(MOST);
    found.forbidden.sort();
    found
}

fn is_log(path: &Path) -> bool {
    match path.extension() {
        Some(ending) => ending.to_str().is_some_and(|ending| ENDINGS.contains(&ending)),
        None => path.file_name().is_some_and(looks_like_log),
    }
}

impl Found {
    fn take(&mut self, path: PathBuf) {
        let Ok(metadata) = fs::metadata(&path) else { return };
        let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let quiet_seconds = written.elapsed().map_or(0, |quiet| quiet.as_secs());
        if !metadata.is_file() || metadata.len() == 0 || quiet_seconds > STALE_SECONDS {
            return;
        }
        match File::open(&path) {
            Ok(_) => self.readable.push(ReadableLog { path, bytes: metadata.len(), quiet_seconds }),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => self.forbidden.push(path),
            Err(_) => {}
        }
    }
}

fn greet(inputs: &[PathBuf], found: &Found) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "soctop: top for your security operations\n")?;
    if inputs.is_empty() {
        writeln!(out, "No log that is being written was found here or in /var/log.\n")?;
    } else {
        writeln!(out, "It would watch:\n")?;
    }
    for input in inputs {
        let about = found.readable.iter().find(|candidate| candidate.path == *input);
        let about = about.map_or_else(|| "configured".to_owned(), describe);
        writeln!(out, "  {:<44}  {about}", Safe::new(&input.to_string_lossy()))?;
    }
    if !found.forbidden.is_empty() {
        writeln!(out, "\nNot readable for you:\n")?;
        for path in &found.forbidden {
            writeln!(out, "  {}", Safe::new(&path.to_string_lossy()))?;
        }
        writeln!(
            out,
            "\n  sudo usermod -aG adm \"$USER\"   lets you read most of them after the next login"
        )?;
    }
    writeln!(out)?;
    if !inputs.is_empty() {
        writeln!(out, "Enter           starts watching, from the beginning of each file")?;
        writeln!(out, "q Enter         leaves")?;
    }
    writeln!(out, "soctop demo     shows what it finds in a recorded attack, without any input")?;
    writeln!(out, "soctop watch    takes files, folders and patterns such as /var/log/app/*.log")?;
    writeln!(out, "soctop --help   lists everything")?;
    out.flush()
}

/// `374 MB, last written 2 s ago`.
fn describe(candidate: &ReadableLog) -> String {
    let size = match candidate.bytes {
        bytes @ ..1_048_576 => format!("{} KB", bytes.div_ceil(1024)),
        bytes => format!("{} MB", bytes / 1_048_576),
    };
    let quiet = candidate.quiet_seconds;
    let ago = match quiet {
        0..120 => format!("{quiet} s"),
        120..7200 => format!("{} min", quiet / 60),
        _ => format!("{} h", quiet / 3600),
    };
    format!("{size}, last written {ago} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_known_by_their_names() {
        let known = ["a.log", "x/app.ndjson", "/var/log/syslog", "secure", "auth.log", "access_log"];
        assert!(known.iter().all(|name| is_log(Path::new(name))));
        let others = ["a.log.1", "b.gz", "notes.txt", "logfile", ".log"];
        assert!(!others.iter().any(|name| is_log(Path::new(name))));
    }

    #[test]
    fn empty_and_old_files_are_not_offered() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("fresh.log"), "line\n").expect("a file");
        fs::write(path("empty.log"), "").expect("a file");
        fs::write(path("old.log"), "line\n").expect("a file");
        let old = File::options().append(true).open(path("old.log")).expect("the file");
        old.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
        let mut found = Found::default();
        ["fresh.log", "empty.log", "old.log"].into_iter().for_each(|name| found.take(path(name)));
        let offered: Vec<&PathBuf> = found.readable.iter().map(|candidate| &candidate.path).collect();
        assert_eq!(offered, [&path("fresh.log")]);
    }
}
