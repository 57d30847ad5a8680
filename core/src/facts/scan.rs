//! One pass over a message for everything that is looked for in it: the phrases that introduce a
//! fact, the entries that hold whoever speaks, and the stems of sentences.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::phrases::{Kind, PHRASES};

/// How much of a message is read; what comes later is a stack trace.
pub const READ_LIMIT: usize = 1_024;
/// Hits of one message that are looked at: more are noise, or meant to cost time.
const HIT_LIMIT: usize = 96;
/// Phrases that are looked at.
const PHRASE_LIMIT: usize = 16;
/// With more patterns the table of the quick automaton takes too much memory: 700 take some 8 MiB.
const QUICK_LIMIT: usize = 700;

/// What a hit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    Phrase(Kind),
    Entry(u32),
    Stem(u32),
}

/// A stem of a sentence and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StemHit {
    pub stem: u32,
    pub start: usize,
    pub end: usize,
}

/// A phrase and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhraseHit {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// What stands in a message. Kept from message to message.
#[derive(Debug, Default)]
pub struct Hits {
    /// Longest first at each place, apart from each other, in their order.
    pub phrases: Vec<PhraseHit>,
    /// Entries whose longest text is there.
    pub entries: Vec<u32>,
    pub stems: Vec<StemHit>,
}

impl Hits {
    pub(super) fn clear(&mut self) {
        self.phrases.clear();
        self.entries.clear();
        self.stems.clear();
    }

    /// Of phrases that overlap the first counts, and of those at one place the longest.
    fn settle_phrases(&mut self) {
        self.phrases.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
        let mut end = 0;
        self.phrases.retain(|hit| {
            let apart = hit.start >= end;
            end = if apart { hit.end } else { end };
            apart
        });
        self.phrases.truncate(PHRASE_LIMIT);
    }
}

/// The automaton.
#[derive(Debug)]
pub struct Scanner {
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
}

impl Scanner {
    /// `entries` and `stems`: what is looked for, in lower or any case, and its number.
    pub(super) fn new(entries: &[(u32, String)], stems: &[(u32, String)]) -> Self {
        let mut patterns = Vec::new();
        let mut texts: Vec<&str> = Vec::new();
        for (phrase, kind) in PHRASES {
            patterns.push(Pattern::Phrase(*kind));
            texts.push(phrase);
        }
        for (entry, text) in entries {
            patterns.push(Pattern::Entry(*entry));
            texts.push(text);
        }
        for (stem, text) in stems {
            patterns.push(Pattern::Stem(*stem));
            texts.push(text);
        }
        let kind =
            if texts.len() <= QUICK_LIMIT { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let builder = |kind| {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(kind));
            builder.build(&texts).ok()
        };
        Self { automaton: builder(kind), patterns }
    }

    /// Fills `hits` with what stands in the beginning of `message`. One word is the name of an event and no
    /// sentence: it is not read.
    pub(super) fn read(&self, message: &str, hits: &mut Hits) {
        hits.clear();
        let head = head(message);
        let Some(automaton) = self.automaton.as_ref().filter(|_| head.as_bytes().contains(&b' ')) else {
            return;
        };
        for hit in automaton.find_overlapping_iter(head).take(HIT_LIMIT) {
            let (start, end) = (hit.start(), hit.end());
            match self.patterns.get(hit.pattern().as_usize()) {
                Some(Pattern::Phrase(kind)) => hits.phrases.push(PhraseHit { kind: *kind, start, end }),
                Some(Pattern::Entry(entry)) => hits.entries.push(*entry),
                Some(Pattern::Stem(stem)) if begins_word(head, start) => {
                    hits.stems.push(StemHit { stem: *stem, start, end });
                }
                _ => {}
            }
        }
        hits.settle_phrases();
        hits.entries.sort_unstable();
        hits.entries.dedup();
    }
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let first = text.get(at..).and_then(|rest| rest.chars().next());
    before.is_none_or(|before| !before.is_alphanumeric() && before != '_') || first.is_some_and(is_unspaced)
}

/// A letter of a script that puts no blanks between words: kana, Han and Hangul.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// The first part of a message, and not more than is worth reading.
#[must_use]
pub fn head(message: &str) -> &str {
    let mut end = message.len().min(READ_LIMIT);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}
