//! Every command and flag that a text of ours names exists: hints are read when nothing else helps.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use soctop::cli::Cli;

/// Flags of other programs that documents show.
const FOREIGN: &[&str] = &[
    "--no-default-features",
    "--timings",
    "--locked",
    "--path",
    "--release",
    "--profile",
    "--test",
    "--lib",
    "--bench",
];

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

/// Texts that begin with our name where somebody would copy them: in backquotes, behind a prompt or a pipe, alone on a line
/// of an example, or with an explanation beside them.
fn typed(text: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut in_example = false;
    for line in text.lines() {
        in_example ^= line.trim_start().starts_with("```");
        for (at, _) in line.match_indices("soctop ") {
            let (before, rest) = line.split_at(at);
            let is_alone = before.trim().is_empty() && (in_example || rest.contains("  "));
            if is_alone || ["`", "$ ", "| ", "&& "].iter().any(|end| before.ends_with(end)) {
                let end = rest.find(['`', '"', '\\', '#', '|', ';']).unwrap_or(rest.len());
                let command = rest.get(..end).unwrap_or_default();
                commands.extend(command.split("  ").next().and_then(|it| it.split(" > ").next()));
            }
        }
    }
    commands
}

/// What our command line knows: the definition that parses it.
struct Known(clap::Command);

impl Known {
    fn new() -> Self {
        let mut command = Cli::command();
        // Gives every command its `help` and `--help`.
        command.build();
        Self(command)
    }

    /// The words of a line that name no command and no flag of the command.
    fn unknown<'l>(&self, line: &'l str) -> Vec<&'l str> {
        let mut chain = vec![&self.0];
        let (mut unknown, mut before) = (Vec::new(), "");
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        for word in words.iter().copied() {
            let command = chain[chain.len() - 1];
            match command.find_subcommand(word) {
                Some(inner) => chain.push(inner),
                // What stands behind a flag may be its value.
                None if command.has_subcommands() && is_name(word) && !before.starts_with("--") => {
                    unknown.push(word);
                }
                None => {}
            }
            before = word;
        }
        let has = |name: &str| chain.iter().any(|command| has_flag(command, name));
        unknown.extend(words.into_iter().filter_map(flag).filter(|name| !has(name)));
        unknown
    }

    /// Whether some command has a flag.
    fn has_somewhere(&self, name: &str) -> bool {
        fn has(command: &clap::Command, name: &str) -> bool {
            has_flag(command, name) || command.get_subcommands().any(|inner| has(inner, name))
        }
        has(&self.0, name)
    }

    /// What a text sends its reader to and is not there; and how many commands it names.
    fn missing(&self, text: &str) -> (Vec<String>, usize) {
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for line in typed(text) {
            seen += 1;
            wrong.extend(self.unknown(line).iter().map(|word| format!("`{line}`: there is no {word}")));
        }
        // A flag alone in backquotes, with or without its value.
        for quoted in text.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with("--")) {
            let flag = quoted.split_whitespace().next().and_then(flag);
            let unknown = flag.filter(|flag| !self.has_somewhere(flag) && !FOREIGN.contains(flag));
            wrong.extend(unknown.map(|flag| format!("`{quoted}`: there is no {flag}")));
        }
        (wrong, seen)
    }
}

fn has_flag(command: &clap::Command, name: &str) -> bool {
    command.get_arguments().filter_map(clap::Arg::get_long).any(|long| name.strip_prefix("--") == Some(long))
}

/// Whether a word could be the name of a command, and stands for no other.
fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
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
    let mut sources = Vec::new();
    for folder in ["docs", "queries", "sample-logs", "vocabulary"] {
        files(&root.join(folder), "md", &mut sources);
    }
    let documents = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    sources.extend(documents.filter(|path| path.extension().is_some_and(|it| it == "md")));
    for folder in ["src", "core/src"] {
        files(&root.join(folder), "rs", &mut sources);
    }
    let known = Known::new();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in sources {
        let (missing, commands) = known.missing(&std::fs::read_to_string(&file).unwrap());
        wrong.extend(missing.into_iter().map(|it| format!("{}: {it}", file.display())));
        seen += commands;
    }
    assert!(seen > 100, "the texts were not read: {seen} commands");
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
        "type `soctop status --journald`: a flag, but not of this command",
        "```sh\nsoctop ingest app.log --max-sise 20GB   # the oldest go\n```",
        "```sh\ndocker logs api | soctop watch - --plian\n```",
        "`soctop rules chek my-rules`",
        "    soctop demmo            see it at work\n",
    ] {
        assert_ne!(Known::new().missing(text).0, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_exists_and_what_is_prose_is_no_fault() {
    for text in [
        "`soctop --data-dir DIR search alice --since 2h`, `soctop rules check --rules DIR`, `--max-size 20GB`",
        "$ soctop watch /var/log/app/*.log --journald=ssh.service",
        "soctop-like names, and `soctop` alone; here soctop reads, and there soctop writes",
        "```sh\nsoctop search -healthz 'status:>=500' --since 2h   # no --nonsense\n```",
    ] {
        assert_eq!(Known::new().missing(text).0, Vec::<String>::new(), "{text}");
    }
}
