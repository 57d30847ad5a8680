//! All substrings of all rules in one pass over a text.
//!
//! A text is probed with short pieces (ngrams) of itself in a table that is small enough for the
//! first-level cache; only where it has something are the substrings looked up that contain this
//! n-gram, and then compared. Against an Aho-Corasick automaton this is several times faster at thousands
//! of patterns and needs no memory to speak of (`BENCHMARKS.md`).
//!
//! Long substrings allow to skip: in any seven bytes there is a whole aligned four-byte n-gram, so
//! for substrings of seven bytes and more every fourth position is enough, if all four ngrams of one
//! of their seven-byte windows are filed. The window whose ngrams are rarest is taken. Shorter
//! substrings (three to six bytes) are filed under their rarest three bytes and probed at every position.

use std::ops::Range;

use super::common::commonness;
use super::{MIN_SUBSTRING, Map, Posting, Sink};
use crate::event::number::{to_u32, to_usize};

/// A folded text and the rules filed under it.
type Literal = (Box<[u8]>, Box<[Posting]>);

/// Bytes of the ngrams of long literals, and how far apart the positions are at which they are looked for.
const STRIDE: usize = 4;
const WINDOW: usize = 2 * STRIDE - 1;

/// Positions of a text that are probed at once, and the bytes that they look at: the last of them sees four.
const POSITIONS: usize = 8;
const BLOCK: usize = POSITIONS + 4;

/// The bytes of a short n-gram.
const THREE_BYTES: u32 = 0x00ff_ffff;

/// More short ngrams than this go into the large table.
const FEW: usize = 256;
const FLAGS_OF_FEW: usize = 1 << 13;
const FLAGS_OF_MANY: usize = 1 << 15;

pub(super) struct Ngrams {
    literals: Vec<Literal>,
    /// Literals of seven bytes and more.
    long: Option<(Bits, Places)>,
    /// Shorter ones.
    short: Option<(Flags, Places)>,
}

/// Where the ngrams of one kind stand.
#[derive(Default)]
struct Places {
    /// Gram → range of `places`.
    heads: Map<u32, (u32, u32)>,
    /// (literal, offset of the n-gram in it).
    places: Vec<(u32, u32)>,
}

/// Words of [`Bits`]: 2^16 bits, 8 KiB. A constant, so that the loop needs no check of bounds.
const WORDS: usize = 1024;

/// Whether a four-byte n-gram is filed, perhaps.
struct Bits(Box<[u64; WORDS]>);

/// Whether a three-byte n-gram is filed, perhaps: a byte for each hash. This is asked for every position of
/// every text, and a byte is cheaper to ask than a bit.
enum Flags {
    Few(Box<[u8; FLAGS_OF_FEW]>),
    Many(Box<[u8; FLAGS_OF_MANY]>),
}

/// A value that is searched, in the text of its event.
struct Haystack<'t> {
    text: &'t [u8],
    range: Range<usize>,
}

impl Ngrams {
    /// `None` without literals. All must have at least [`MIN_SUBSTRING`] bytes.
    pub(super) fn build(literals: Vec<(&str, Box<[Posting]>)>) -> Option<Self> {
        let mut literals: Vec<Literal> = literals
            .into_iter()
            .filter(|(text, _)| text.len() >= MIN_SUBSTRING)
            .map(|(text, postings)| (text.as_bytes().into(), postings))
            .collect();
        if literals.is_empty() {
            return None;
        }
        // Sets come in random order; the same rules must give the same tables.
        literals.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let long = Places::build(&literals, u32::MAX, STRIDE, |literal| literal.len() >= WINDOW);
        let short = Places::build(&literals, THREE_BYTES, 1, |literal| literal.len() < WINDOW);
        Some(Self {
            literals,
            long: long.map(|places| (Bits::of(&places), places)),
            short: short.map(|places| (Flags::of(&places), places)),
        })
    }

    /// Reports every literal that stands in a range of the (folded) text.
    pub(super) fn scan(&self, text: &[u8], range: Range<usize>, sink: &mut impl Sink) {
        let hay = Haystack { text, range };
        if let Some((bits, places)) = &self.long {
            let part = text.get(hay.range.clone()).unwrap_or_default();
            for (n, chunk) in part.chunks_exact(STRIDE).enumerate() {
                let ngram = chunk.first_chunk::<4>().map_or(0, |ngram| u32::from_le_bytes(*ngram));
                if bits.may_have(ngram) {
                    self.verify(places, ngram, &hay, hay.range.start + n * STRIDE, sink);
                }
            }
        }
        match &self.short {
            Some((Flags::Few(flags), places)) => self.scan_short(flags, places, &hay, sink),
            Some((Flags::Many(flags), places)) => self.scan_short(flags, places, &hay, sink),
            None => {}
        }
    }

    fn scan_short<const N: usize>(
        &self,
        flags: &[u8; N],
        places: &Places,
        hay: &Haystack<'_>,
        sink: &mut impl Sink,
    ) {
        let last = hay.range.end.saturating_sub(MIN_SUBSTRING - 1);
        for at in (hay.range.start..last).step_by(POSITIONS) {
            let found = match hay.text.get(at..).and_then(|rest| rest.first_chunk()) {
                Some(block) => probe(flags, block),
                None => probe(flags, &last_block(hay.text, at)),
            };
            if found {
                self.look_closer(flags, places, hay, at, sink);
            }
        }
    }

    /// Some position of a block has an n-gram that may be filed.
    #[cold]
    fn look_closer<const N: usize>(
        &self,
        flags: &[u8; N],
        places: &Places,
        hay: &Haystack<'_>,
        at: usize,
        sink: &mut impl Sink,
    ) {
        for at in at..at + POSITIONS {
            let ngram = ngram_at(hay.text, at, THREE_BYTES);
            if flags[flag::<N>(ngram)] != 0 {
                self.verify(places, ngram, hay, at, sink);
            }
        }
    }

    #[cold]
    fn verify(&self, places: &Places, ngram: u32, hay: &Haystack<'_>, at: usize, sink: &mut impl Sink) {
        for (literal, offset) in places.of(ngram) {
            let Some(start) = at.checked_sub(to_usize(*offset)) else { continue };
            let Some((literal, postings)) = self.literals.get(to_usize(*literal)) else { continue };
            if start >= hay.range.start
                && hay.text.get(start..hay.range.end).is_some_and(|rest| rest.starts_with(literal))
            {
                sink.hit(postings);
            }
        }
    }
}

impl Places {
    /// Files those literals that are `wanted`, each under as many neighbouring ngrams as the stride is
    /// wide, so that one of them is met.
    fn build(literals: &[Literal], mask: u32, stride: usize, wanted: impl Fn(&[u8]) -> bool) -> Option<Self> {
        let width = if mask == THREE_BYTES { 3 } else { 4 };
        let mut filed: Map<u32, Vec<(u32, u32)>> = Map::default();
        for (index, (literal, _)) in literals.iter().enumerate() {
            if !wanted(literal) {
                continue;
            }
            let windows = literal.len() + 1 - width - (stride - 1);
            let crowd = |at| filed.get(&ngram_at(literal, at, mask)).map_or(0, |places| to_u32(places.len()));
            let ngrams = literal.windows(width).enumerate();
            let costs: Vec<u32> = ngrams.map(|(at, ngram)| commonness(ngram) + 4 * crowd(at)).collect();
            let cost = |start: &usize| costs.iter().skip(*start).take(stride).sum::<u32>();
            let best = (0..windows).min_by_key(cost).unwrap_or(0);
            for at in best..best + stride {
                filed.entry(ngram_at(literal, at, mask)).or_default().push((to_u32(index), to_u32(at)));
            }
        }
        let mut all = Self::default();
        for (ngram, places) in filed {
            let start = to_u32(all.places.len());
            all.places.extend(places);
            all.heads.insert(ngram, (start, to_u32(all.places.len())));
        }
        (!all.places.is_empty()).then_some(all)
    }

    /// (literal, offset of the n-gram in it).
    fn of(&self, ngram: u32) -> &[(u32, u32)] {
        let (start, end) = self.heads.get(&ngram).copied().unwrap_or_default();
        self.places.get(to_usize(start)..to_usize(end)).unwrap_or_default()
    }
}

impl Bits {
    fn of(places: &Places) -> Self {
        let mut bits = Box::new([0; WORDS]);
        for ngram in places.heads.keys() {
            let (word, bit) = Self::place(*ngram);
            bits[word] |= 1 << bit;
        }
        Self(bits)
    }

    /// One load and no branch.
    #[inline(always)]
    fn may_have(&self, ngram: u32) -> bool {
        let (word, bit) = Self::place(ngram);
        self.0[word].wrapping_shr(bit) & 1 != 0
    }

    #[inline(always)]
    fn place(ngram: u32) -> (usize, u32) {
        let hash = ngram.wrapping_mul(MULTIPLIER) >> 16;
        ((hash >> 6) as usize % WORDS, hash % 64)
    }
}

impl Flags {
    fn of(places: &Places) -> Self {
        if places.heads.len() <= FEW {
            Self::Few(Self::table(places))
        } else {
            Self::Many(Self::table(places))
        }
    }

    fn table<const N: usize>(places: &Places) -> Box<[u8; N]> {
        let mut flags = Box::new([0; N]);
        places.heads.keys().for_each(|ngram| flags[flag::<N>(*ngram)] = 1);
        flags
    }
}

const MULTIPLIER: u32 = 0x9e37_79b1;

/// Whether a three-byte n-gram that may be filed begins at one of the first eight positions of a block: one
/// branch for all.
#[expect(clippy::cast_possible_truncation, reason = "four bytes of eight are meant")]
#[inline(always)]
fn probe<const N: usize>(flags: &[u8; N], block: &[u8; BLOCK]) -> bool {
    let low = u64::from_le_bytes(*block.first_chunk().unwrap_or(&[0; 8]));
    let high = u64::from_le_bytes(*block.last_chunk().unwrap_or(&[0; 8]));
    let mut found = 0;
    for n in 0..4 {
        found |= flags[flag::<N>(low.wrapping_shr(8 * n) as u32)];
        found |= flags[flag::<N>(high.wrapping_shr(8 * n) as u32)];
    }
    found != 0
}

/// The flag of the three lowest bytes of `ngram`: the multiplier moves the fourth out of the product.
#[inline(always)]
fn flag<const N: usize>(ngram: u32) -> usize {
    ngram.wrapping_mul(MULTIPLIER << 8).wrapping_shr(u32::BITS - N.ilog2()) as usize % N
}

/// What is left of a text from `at` on (less than a block), with zeros behind it: a hit there is compared
/// with the text.
fn last_block(text: &[u8], at: usize) -> [u8; BLOCK] {
    let rest = text.get(at..).unwrap_or_default();
    let mut block = [0; BLOCK];
    match text.last_chunk::<BLOCK>() {
        Some(end) => {
            let mut wide = [0; 16];
            wide[..BLOCK].copy_from_slice(end);
            let shifted = u128::from_le_bytes(wide) >> (8 * BLOCK.saturating_sub(rest.len()));
            block.copy_from_slice(&shifted.to_le_bytes()[..BLOCK]);
        }
        None => block.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte),
    }
    block
}

fn ngram_at(literal: &[u8], at: usize, mask: u32) -> u32 {
    let byte = |n: usize| literal.get(at + n).copied().unwrap_or(0);
    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]) & mask
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::super::tests::Collect;
    use super::*;

    fn find(literals: &[&str], text: &str) -> Vec<u32> {
        find_in(literals, text, 0..text.len())
    }

    fn find_in(literals: &[&str], text: &str, range: Range<usize>) -> Vec<u32> {
        let literals = literals
            .iter()
            .enumerate()
            .map(|(n, text)| (*text, vec![Posting { rule: n as u32, item: Posting::NO_ITEM }].into()))
            .collect();
        let mut found = Collect::default();
        if let Some(ngrams) = Ngrams::build(literals) {
            ngrams.scan(text.as_bytes(), range, &mut found);
        }
        found.0.into_iter().collect()
    }

    /// A text in which literals stand, whole or cut off, with something or nothing between them.
    fn text_with(literals: &[&str], pieces: &[(Index, String, usize, usize)]) -> String {
        let piece = |(literal, filler, head, tail): &(Index, String, usize, usize)| {
            let chars: Vec<char> = literal.get(literals).chars().collect();
            let rest = chars.iter().skip(*head);
            let whole = chars.len().saturating_sub(head + tail);
            [filler.clone(), rest.take(whole).collect()].concat()
        };
        pieces.iter().map(piece).collect()
    }

    #[test]
    #[expect(clippy::string_slice, reason = "the text is ASCII")]
    fn substrings_of_every_length_at_every_place() {
        let word = "abcdefghijkl";
        for length in MIN_SUBSTRING..=word.len() {
            for before in 0..9 {
                let literal = &word[..length];
                let text = format!("{}{literal}", "-".repeat(before));
                assert_eq!(find(&[literal], &text), [0], "{text}");
                assert_eq!(find(&[literal], &format!("{text}--")), [0], "{text}--");
                assert_eq!(find(&[literal], &text[..text.len() - 1]), [0; 0]);
            }
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            literals in btree_set("[ab/.]{3,9}", 1..20),
            text in "[ab/.]{0,60}",
        ) {
            let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            let expect: Vec<u32> = (0u32..).zip(&literals).filter(|(_, l)| text.contains(**l)).map(|(n, _)| n).collect();
            prop_assert_eq!(find(&literals, &text), expect);
        }

        #[test]
        fn finds_what_stands_in_a_value_and_nothing_that_reaches_out_of_it(
            few in btree_set("[\\x00 -~é字]{3,12}", 1..12),
            many in prop_oneof![Just(BTreeSet::new()), btree_set("[a-z]{3,6}", 2 * FEW)],
            pieces in vec(
                (any::<Index>(), "[\\x00 -~é字]{0,12}", select(vec![0, 0, 0, 1]), select(vec![0, 0, 0, 1])),
                0..12,
            ),
            (from, to) in any::<(Index, Index)>(),
        ) {
            let literals: Vec<&str> = few.union(&many).map(String::as_str).collect();
            let text = text_with(&literals, &pieces);
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (from, to) = (*from.get(&bounds), *to.get(&bounds));
            let range = from.min(to)..from.max(to);
            let value = text.get(range.clone()).expect("bounds of characters");
            let expect: Vec<u32> = (0u32..).zip(&literals).filter(|(_, l)| value.contains(**l)).map(|(n, _)| n).collect();
            prop_assert_eq!(find_in(&literals, &text, range), expect, "{:?} in {:?}", value, text);
        }
    }
}
