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
/// Bytes of all patterns, up to which the quick automaton is taken: its table has some 300 bytes for each.
const QUICK_LIMIT: usize = 64 << 10;

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

/// What is looked for.
#[derive(Debug)]
pub struct Scanner {
    ascii: Automaton,
    /// Apart, and only asked about texts that are not ASCII: with their bytes the table of the others would be four times as
    /// large.
    foreign: Automaton,
}

/// Some patterns, and what each stands for.
#[derive(Debug)]
struct Automaton {
    texts: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
}

impl Automaton {
    fn new(patterns: Vec<(Pattern, &str)>, quick_limit: usize) -> Self {
        let bytes: usize = patterns.iter().map(|(_, text)| text.len()).sum();
        let kind = if bytes <= quick_limit { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let (patterns, texts): (Vec<Pattern>, Vec<&str>) = patterns.into_iter().unzip();
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(kind));
        Self { texts: builder.build(&texts).ok(), patterns }
    }

    /// Adds what stands in `text` to `hits`.
    fn read(&self, text: &str, hits: &mut Hits) {
        let found = self.texts.iter().flat_map(|texts| texts.find_overlapping_iter(text));
        for hit in found.take(HIT_LIMIT) {
            let (start, end) = (hit.start(), hit.end());
            match self.patterns.get(hit.pattern().as_usize()) {
                Some(Pattern::Phrase(kind)) => hits.phrases.push(PhraseHit { kind: *kind, start, end }),
                Some(Pattern::Entry(entry)) => hits.entries.push(*entry),
                Some(Pattern::Stem(stem)) if begins_word(text, start) => {
                    hits.stems.push(StemHit { stem: *stem, start, end });
                }
                _ => {}
            }
        }
    }
}

impl Scanner {
    /// `entries` and `stems`: what is looked for, in lower or any case, and its number.
    pub(super) fn new(entries: &[(u32, String)], stems: &[(u32, String)]) -> Self {
        let phrases = PHRASES.iter().map(|(phrase, kind)| (Pattern::Phrase(*kind), *phrase));
        let entries = entries.iter().map(|(entry, text)| (Pattern::Entry(*entry), text.as_str()));
        let stems = stems.iter().map(|(stem, text)| (Pattern::Stem(*stem), text.as_str()));
        let all = phrases.chain(entries).chain(stems);
        let (ascii, foreign) = all.partition(|(_, text)| text.is_ascii());
        Self { ascii: Automaton::new(ascii, QUICK_LIMIT), foreign: Automaton::new(foreign, 0) }
    }

    /// Fills `hits` with what stands in the beginning of `message`. One word is the name of an event and no
    /// sentence: it is not read.
    pub(super) fn read(&self, message: &str, hits: &mut Hits) {
        hits.clear();
        let head = head(message);
        if !head.as_bytes().contains(&b' ') {
            return;
        }
        self.ascii.read(head, hits);
        if !head.is_ascii() {
            self.foreign.read(head, hits);
            // As they end, the longest first, as one automaton would find them.
            hits.stems.sort_by_key(|hit| (hit.end, hit.start));
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
    beginning(message, READ_LIMIT)
}

/// Up to so many bytes of a text, in whole characters.
pub(super) fn beginning(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
