//! The words of a command line before they are parsed: what people type beside what the parser takes.

use std::ffi::OsString;

use clap::{ArgAction, Command, CommandFactory};

use super::Cli;

/// The words as the parser takes them: flags of a command may stand before its name, and `-word` leaves events out
/// of a search.
pub fn read_words(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let root = Cli::command();
    with_negations(&root, with_flags_behind(&root, words.collect()))
}

/// Moves flags that stand before the name of the command behind it: `soctop --data-dir X search alice`. What the
/// command does not know stays where it is, for the parser to refuse.
fn with_flags_behind(root: &Command, words: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = first_command(root, &words) else { return words };
    let (names, leaf) = chain(root, &words, first);
    let mut read: Vec<OsString> = words.iter().take(1).cloned().collect();
    let mut moved = Vec::new();
    let mut at = 1;
    while at < first {
        let length = length(root, &words, at).min(first - at);
        let own = words.get(at..at + length).unwrap_or_default();
        let is_of_command = words.get(at).and_then(|word| long_name(word)).is_some_and(|name| {
            let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
            has(leaf) && !has(root)
        });
        if is_of_command { &mut moved } else { &mut read }.extend_from_slice(own);
        at += length;
    }
    read.extend(words.iter().skip(first).take(names).cloned());
    read.append(&mut moved);
    read.extend(words.into_iter().skip(first + names));
    read
}

/// Where the name of the first command stands, if all before it are flags and their values.
fn first_command(root: &Command, words: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = words.get(at)?.to_str()?;
        if !word.starts_with('-') {
            return root.find_subcommand(word).map(|_| at);
        }
        if word == "--" {
            return None;
        }
        at += length(root, words, at);
    }
}

/// How many names of commands follow each other from there, and the last of them.
fn chain<'c>(root: &'c Command, words: &[OsString], first: usize) -> (usize, &'c Command) {
    let (mut names, mut leaf) = (0, root);
    let mut words = words.iter().skip(first).map_while(|word| word.to_str());
    while let Some(inner) = words.next().and_then(|word| leaf.find_subcommand(word)) {
        names += 1;
        leaf = inner;
    }
    (names, leaf)
}

/// A flag and the value behind it, if it takes one there.
fn length(root: &Command, words: &[OsString], at: usize) -> usize {
    1 + usize::from(words.get(at).and_then(|word| word.to_str()).is_some_and(|word| takes_next(root, word)))
}

/// Whether the word behind a flag is its value.
fn takes_next(root: &Command, word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|name| takes_word(root, name))
}

/// The name of a flag that is written out, without its value.
fn long_name(word: &OsString) -> Option<&str> {
    word.to_str()?.strip_prefix("--")?.split('=').next()
}

/// Whether the flag of this name, of whatever command, takes the next word as its value.
fn takes_word(command: &Command, name: &str) -> bool {
    let takes = |arg: &clap::Arg| {
        let takes_one = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        arg.get_long() == Some(name) && takes_one && !arg.is_require_equals_set()
    };
    command.get_arguments().any(takes) || command.get_subcommands().any(|inner| takes_word(inner, name))
}

/// The words of a command line in which `-word`, which leaves events out of a search, is no cluster of
/// flags: `search -healthz` asks for `NOT healthz`.
fn with_negations(root: &Command, words: Vec<OsString>) -> Vec<OsString> {
    let (mut subcommand, mut is_value) = (None, false);
    let mut read = Vec::new();
    for (at, word) in words.into_iter().enumerate() {
        let text = word.to_str().unwrap_or_default();
        let negated = text.strip_prefix('-').filter(|rest| !rest.starts_with('-') && !is_help(rest));
        if at == 0 || is_value || subcommand.as_deref() == Some("--") {
            is_value = false;
        } else if let (Some(rest), Some("search")) = (negated, subcommand.as_deref()) {
            read.push(format!("NOT {rest}").into());
            continue;
        } else if text == "--" {
            subcommand = Some(text.to_owned());
        } else {
            is_value = takes_next(root, text);
            if subcommand.is_none() && !text.starts_with('-') {
                subcommand = Some(text.to_owned());
            }
        }
        read.push(word);
    }
    read
}

/// What stands behind the dash of a flag that every command has.
fn is_help(rest: &str) -> bool {
    matches!(rest, "" | "h" | "V")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let words = line.split(' ').map(OsString::from);
        let read: Vec<String> =
            read_words(words).into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(read.join("|"), expect.replace(' ', "|").replace('~', " "), "{line}");
    }

    #[test]
    fn a_flag_before_the_command_is_a_flag_of_the_command() {
        check("soctop --data-dir d search alice", "soctop search --data-dir d alice");
        check("soctop --data-dir=d search alice", "soctop search --data-dir=d alice");
        check("soctop --data-dir search search x", "soctop search --data-dir search x");
        check("soctop --rules r --plain watch a.log", "soctop watch --rules r --plain a.log");
        check("soctop --no-routing replay a.log", "soctop replay --no-routing a.log");
        check("soctop --rules r rules list", "soctop rules list --rules r");
        check("soctop --data-dir d rules diff a b", "soctop rules diff --data-dir d a b");
        check("soctop --config c --data-dir d status", "soctop --config c status --data-dir d");
        check("soctop --data-dir d search -out", "soctop search --data-dir d NOT~out");
        check("soctop --since -2h search x", "soctop search --since -2h x");
        // What the command does not take, the parser refuses where it stands.
        check("soctop --data-dir d demo", "soctop --data-dir d demo");
        check("soctop --nonsense search x", "soctop --nonsense search x");
        check("soctop --data-dir d serch x", "soctop --data-dir d serch x");
        check("soctop --data-dir", "soctop --data-dir");
        check("soctop -- search", "soctop -- search");
        check("soctop", "soctop");
    }

    #[test]
    fn what_is_unwanted_is_no_flag() {
        check("soctop search -healthz 404", "soctop search NOT~healthz 404");
        check("soctop search a OR -b --limit 5", "soctop search a OR NOT~b --limit 5");
        check("soctop search --since -15m -user:bob", "soctop search --since -15m NOT~user:bob");
        check("soctop search x -h", "soctop search x -h");
        check("soctop search --count -x", "soctop search --count NOT~x");
        check("soctop search -- -x", "soctop search -- -x");
        check("soctop --config search watch -h", "soctop --config search watch -h");
        check("soctop rules -x", "soctop rules -x");
    }
}
