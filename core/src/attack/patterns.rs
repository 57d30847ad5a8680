//! The signals that are patterns, in three automata: one pass for several families.
//!
//! All in one would have too many states, one for each family takes twelve passes. Most values have no signal at all,
//! and that is asked first, because it is the cheapest question.

use std::sync::LazyLock;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};

use super::signals::{SIGNALS, Signal};

/// The families, in the order of their scores.
pub(super) const FAMILIES: [&str; 12] =
    ["sqli", "xss", "path", "command", "ssti", "jndi", "code", "nosql", "xxe", "crlf", "ssrf", "ldap"];

/// Families that are looked for together. SQL is alone: it is read with its comments and blanks squeezed.
const TOGETHER: [&[&str]; 3] = [
    &["sqli"],
    &["xss", "xxe", "crlf", "ldap", "ssti", "jndi"],
    &["path", "command", "ssrf", "code", "nosql"],
];

/// A value up to this length, in bytes, is looked at as a whole.
const WHOLE_BYTES: usize = 2 << 10;
/// Stretches of a longer one, and how much each has of the one before.
const STRETCH_BYTES: usize = 1 << 10;
const OVERLAP_BYTES: usize = 128;
/// How many stretches with a signal are read for all of theirs.
const STRETCH_LIMIT: usize = 2;

/// What becomes of the automata at run time, in bytes for each and thread.
const CACHE_BYTES: usize = 8 << 20;

static GROUPS: LazyLock<Vec<Group>> =
    LazyLock::new(|| TOGETHER.iter().map(|families| Group::new(families)).collect());

struct Group {
    regex: Regex,
    families: Vec<usize>,
    /// By pattern: its signal and the family of that.
    signals: Vec<(&'static Signal, usize)>,
}

impl Group {
    fn new(families: &[&str]) -> Self {
        let place = |name: &str| FAMILIES.iter().position(|family| *family == name);
        let families: Vec<usize> = families.iter().filter_map(|name| place(name)).collect();
        let signals = SIGNALS.iter().filter(|signal| !signal.pattern.is_empty());
        let signals: Vec<_> = signals
            .filter_map(|signal| Some((signal, place(signal.family())?)))
            .filter(|(_, family)| families.contains(family))
            .collect();
        let patterns: Vec<&str> = signals.iter().map(|(signal, _)| signal.pattern).collect();
        Self { regex: compile(&patterns), families, signals }
    }
}

fn compile(patterns: &[&str]) -> Regex {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let syntax = syntax.case_insensitive(true).dot_matches_new_line(true);
    let config = Regex::config().utf8_empty(false).match_kind(MatchKind::All);
    let config = config.nfa_size_limit(Some(32 << 20)).hybrid_cache_capacity(CACHE_BYTES);
    Regex::builder()
        .syntax(syntax)
        .configure(config)
        .build_many(patterns)
        .expect("the signals are valid patterns")
}

/// Finds the signals of values, one after the other.
pub(super) struct Finder {
    /// By group: the patterns that were found.
    found: Vec<PatternSet>,
}

impl Default for Finder {
    fn default() -> Self {
        Self { found: GROUPS.iter().map(|group| PatternSet::new(group.regex.pattern_len())).collect() }
    }
}

impl Finder {
    /// Calls `visit` with each signal and its family. `wanted` says which families the bytes of the value allow. False: not
    /// all of the value was read for all signals.
    pub(super) fn find(
        &mut self,
        text: &[u8],
        squeezed: &[u8],
        wanted: &[bool; FAMILIES.len()],
        mut visit: impl FnMut(&'static Signal, usize),
    ) -> bool {
        let mut whole = true;
        for (index, (group, found)) in GROUPS.iter().zip(&mut self.found).enumerate() {
            if !group.families.iter().any(|family| wanted[*family]) {
                continue;
            }
            found.clear();
            whole &= search(&group.regex, if index == 0 { squeezed } else { text }, found);
            for pattern in found.iter() {
                let (signal, family) = group.signals[pattern.as_usize()];
                visit(signal, family);
            }
        }
        whole
    }
}

/// What matches in a text. Of a long one, the stretches that have anything: the first few of them, and the last.
fn search(regex: &Regex, text: &[u8], found: &mut PatternSet) -> bool {
    if text.len() <= WHOLE_BYTES {
        if regex.is_match(text) {
            regex.which_overlapping_matches(&Input::new(text), found);
        }
        return true;
    }
    let (mut read, mut last) = (0, None);
    for start in (0..text.len()).step_by(STRETCH_BYTES - OVERLAP_BYTES) {
        let stretch = Input::new(text).span(start..(start + STRETCH_BYTES).min(text.len()));
        if !regex.is_match(stretch.clone().earliest(true)) {
            continue;
        }
        read += 1;
        if read <= STRETCH_LIMIT {
            regex.which_overlapping_matches(&stretch, found);
        } else {
            last = Some(stretch);
        }
    }
    if let Some(stretch) = last {
        regex.which_overlapping_matches(&stretch, found);
    }
    read <= STRETCH_LIMIT + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let mut names = Vec::new();
        let text = text.as_bytes();
        Finder::default().find(text, text, &[true; FAMILIES.len()], |signal, _| names.push(signal.name));
        names
    }

    #[test]
    fn every_signal_knows_its_text_and_not_its_neighbour() {
        let wrong: Vec<_> = SIGNALS
            .iter()
            .map(|signal| (signal.name, names(signal.knows), names(signal.not)))
            .filter(|(name, knows, not)| !knows.contains(name) || not.contains(name))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_family_is_looked_for_once() {
        let mut together: Vec<&str> = TOGETHER.concat();
        together.sort_unstable();
        let mut families = FAMILIES.to_vec();
        families.sort_unstable();
        assert_eq!(together, families);
    }

    #[test]
    fn a_long_value_is_read_in_stretches() {
        let padding = "lorem ipsum ".repeat(400);
        for payload in ["0 union select 2", "<script>", "a@@version"] {
            let alone = names(payload);
            assert!(!alone.is_empty());
            for text in [
                format!("{payload} {padding}"),
                format!("{padding} {payload} {padding}"),
                format!("{padding} {payload}"),
            ] {
                assert_eq!(names(&text), alone, "{payload}");
            }
        }
        let decoys = format!("{{{{a}}}}{padding}").repeat(8);
        let text = decoys.as_bytes();
        assert!(!Finder::default().find(text, text, &[true; FAMILIES.len()], |_, _| {}));
    }
}
