//! Every command and flag that a text of ours names exists: hints are read when nothing else helps.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use soctop::cli::Cli;

/// Words that follow our name in prose and in names of ours, and name no command.
const PROSE: [&str; 1] = ["SUBCOMMAND"];
/// Flags of other programs that documents show.
const FOREIGN: &[&str] =
    &["--no-default-features", "--locked", "--path", "--release", "--profile", "--test", "--lib", "--bench"];

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// Texts in backquotes or indented that begin with our name: what somebody would type.
fn typed(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (at, _) in text.match_indices("soctop ") {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let is_typed = matches!(before, Some('`' | '$' | ' ' | '\n') | None);
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(['`', '\n', '"', '\\']).unwrap_or(rest.len());
        if is_typed
            && (before == Some('`')
                || text.get(..at).is_some_and(|head| head.ends_with("\n") || head.ends_with("$ ")))
        {
            commands.push(rest.get(..end).unwrap_or_default().to_owned());
        }
    }
    commands
}

fn names(command: &clap::Command, commands: &mut BTreeSet<String>, flags: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        flags.extend(argument.get_long().map(|long| format!("--{long}")));
    }
    for inner in command.get_subcommands() {
        commands.insert(inner.get_name().to_owned());
        names(inner, commands, flags);
    }
}

/// What our command line knows.
struct Known {
    commands: BTreeSet<String>,
    flags: BTreeSet<String>,
}

impl Known {
    fn new() -> Self {
        let mut known = Self {
            commands: BTreeSet::from(["help".to_owned()]),
            flags: BTreeSet::from(["--help".to_owned(), "--version".to_owned()]),
        };
        names(&Cli::command(), &mut known.commands, &mut known.flags);
        known
    }

    /// What a text sends its reader to and is not there; and how many commands it names.
    fn missing(&self, text: &str) -> (Vec<String>, usize) {
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for line in typed(text) {
            let first = line.split_whitespace().nth(1).unwrap_or_default();
            let is_word = !first.is_empty() && first.chars().all(|c| c.is_ascii_lowercase());
            if is_word && !self.commands.contains(first) && !PROSE.contains(&first) {
                wrong.push(format!("`{line}` names no command"));
            }
            seen += usize::from(is_word);
        }
        // A flag stands in backquotes: `--flag`, or within a command in them.
        let quoted = text.split('`').skip(1).step_by(2);
        for quoted in quoted.filter(|it| it.starts_with("--") || it.starts_with("soctop ")) {
            let flags = quoted.split_whitespace().filter_map(flag);
            for flag in flags.filter(|flag| !self.flags.contains(*flag) && !FOREIGN.contains(flag)) {
                wrong.push(format!("`{quoted}`: no flag {flag}"));
            }
        }
        (wrong, seen)
    }
}

/// The flag that a word is, without its value and what ends the sentence.
fn flag(word: &str) -> Option<&str> {
    let flag = word.split(['=', ',', '.', ')']).next().filter(|flag| flag.len() > 3)?;
    let name = flag.strip_prefix("--")?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '-').then_some(flag)
}

#[test]
fn every_command_and_flag_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = vec![root.join("README.md")];
    files(&root.join("src"), "rs", &mut sources);
    files(&root.join("docs"), "md", &mut sources);
    let known = Known::new();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in sources {
        let (missing, commands) = known.missing(&std::fs::read_to_string(&file).unwrap());
        wrong.extend(missing.into_iter().map(|it| format!("{}: {it}", file.display())));
        seen += commands;
    }
    assert!(seen > 20, "the texts were not read: {seen} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_hint_to_what_does_not_exist_is_found() {
    for text in [
        "attach to the running soctop with `soctop attach`, or name another `--data-dir`",
        "set the index aside with `soctop quarantine`",
        "give it less with `--max-sizes 5GB`",
        "$ soctop serach alice",
        "type `soctop search --sinec 1h alice`",
    ] {
        assert_ne!(Known::new().missing(text).0, Vec::<String>::new(), "{text}");
    }
}
