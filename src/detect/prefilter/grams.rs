//! All substrings of all rules in one pass over a text.
//!
//! A text is probed with short pieces (grams) of itself in a bitmap that is small enough for the
//! first-level cache; only where a bit is set are the substrings looked up that contain this gram,
//! and then compared. Against an Aho-Corasick automaton this is several times faster at thousands of
//! patterns and needs no memory to speak of (`BENCHMARKS.md`).
//!
//! Long substrings allow to skip: in any seven bytes there is a whole aligned four-byte gram, so
//! for substrings of seven bytes and more every fourth position is enough, if all four grams of one
//! of their seven-byte windows are filed. The window whose grams are rarest is taken. Shorter
//! substrings (three to six bytes) are filed under their rarest gram and probed at every position, or
//! under two neighbouring grams and probed at every second, where none of a field has three bytes.

use std::ops::Range;

use super::{MIN_SUBSTRING, Map, Posting, Sink};

/// A folded text and the rules filed under it.
type Literal = (Box<[u8]>, Box<[Posting]>);

/// Words of a bitmap: 2^15 bits, 4 KiB. A constant, so that the loop needs no check of bounds.
const WORDS: usize = 512;

/// Bytes that eight positions look at: the last of them sees four.
const BLOCK: usize = 12;

/// The bytes of a short gram.
const THREE_BYTES: u32 = 0x00ff_ffff;

const STRIDE: usize = 4;
const WINDOW: usize = 2 * STRIDE - 1;

pub(super) struct Grams {
    literals: Vec<Literal>,
    /// Literals of seven bytes and more, probed at every fourth position.
    long: Option<Table>,
    /// Shorter ones, probed at every position, or at every second where none has three bytes.
    short: Option<Table>,
}

/// Grams of one kind.
struct Table {
    bits: Box<[u64; WORDS]>,
    /// The bytes of a gram that count: three or four.
    mask: u32,
    /// How far apart the positions are at which a text is probed.
    stride: usize,
    /// Gram → range of `places`.
    heads: Map<u32, (u32, u32)>,
    /// (literal, offset of the gram in it).
    places: Vec<(u32, u32)>,
}

impl Grams {
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
        let long = Table::build(&literals, u32::MAX, STRIDE, |literal| literal.len() >= WINDOW);
        let shortest = literals.iter().map(|(text, _)| text.len()).min().unwrap_or(0);
        let (mask, stride) = match shortest {
            0..=3 => (THREE_BYTES, 1),
            4 => (THREE_BYTES, 2),
            _ => (u32::MAX, 2),
        };
        let short = Table::build(&literals, mask, stride, |literal| literal.len() < WINDOW);
        Some(Self { literals, long, short })
    }

    /// Reports every literal that stands in a range of the (folded) text.
    pub(super) fn scan(&self, text: &[u8], range: Range<usize>, sink: &mut impl Sink) {
        if let Some(table) = &self.long {
            let part = text.get(range.clone()).unwrap_or_default();
            for (n, chunk) in part.chunks_exact(STRIDE).enumerate() {
                let gram = chunk.first_chunk::<4>().map_or(0, |gram| u32::from_le_bytes(*gram));
                if table.may_have(gram) {
                    self.verify(table, gram, (text, &range), range.start + n * STRIDE, sink);
                }
            }
        }
        match &self.short {
            Some(table) if table.stride == 2 => self.scan_short::<2>(table, text, range, sink),
            Some(table) => self.scan_short::<1>(table, text, range, sink),
            None => {}
        }
    }

    fn scan_short<const STRIDE: usize>(
        &self,
        table: &Table,
        text: &[u8],
        range: Range<usize>,
        sink: &mut impl Sink,
    ) {
        for at in range.clone().step_by(8) {
            let mut hits = match text.get(at..).and_then(|rest| rest.first_chunk()) {
                Some(block) => table.probe::<STRIDE>(block),
                None => table.probe::<STRIDE>(&last_block(text, at)),
            };
            while hits != 0 {
                let at = at + hits.trailing_zeros() as usize;
                hits &= hits - 1;
                self.verify(table, gram_at(text, at, table.mask), (text, &range), at, sink);
            }
        }
    }

    #[cold]
    fn verify(
        &self,
        table: &Table,
        gram: u32,
        (text, range): (&[u8], &Range<usize>),
        at: usize,
        sink: &mut impl Sink,
    ) {
        let Some((start, end)) = table.heads.get(&gram) else { return };
        let places = table.places.get(*start as usize..*end as usize).unwrap_or_default();
        for (literal, offset) in places {
            let Some(start) = at.checked_sub(*offset as usize) else { continue };
            let Some((literal, postings)) = self.literals.get(*literal as usize) else { continue };
            if start >= range.start
                && text.get(start..range.end).is_some_and(|rest| rest.starts_with(literal))
            {
                sink.hit(postings);
            }
        }
    }
}

impl Table {
    /// Files those literals that are `wanted`, each under as many neighbouring grams as the stride is
    /// wide, so that one of them is met.
    fn build(literals: &[Literal], mask: u32, stride: usize, wanted: impl Fn(&[u8]) -> bool) -> Option<Self> {
        let mut filed: Map<u32, Vec<(u32, u32)>> = Map::default();
        for (index, (literal, _)) in literals.iter().enumerate() {
            if !wanted(literal) {
                continue;
            }
            let width = if mask == u32::MAX { 4 } else { 3 };
            let windows = literal.len() + 1 - width - (stride - 1);
            let costs: Vec<u32> = (0..windows + stride - 1)
                .map(|at| {
                    let gram = gram_at(literal, at, mask);
                    commonness(gram, width) + 4 * filed.get(&gram).map_or(0, |places| places.len() as u32)
                })
                .collect();
            let cost = |start: &usize| costs.iter().skip(*start).take(stride).sum::<u32>();
            let best = (0..windows).min_by_key(cost).unwrap_or(0);
            for at in best..best + stride {
                filed.entry(gram_at(literal, at, mask)).or_default().push((index as u32, at as u32));
            }
        }
        if filed.is_empty() {
            return None;
        }
        let mut table =
            Self { bits: Box::new([0; WORDS]), mask, stride, heads: Map::default(), places: Vec::new() };
        for (gram, places) in filed {
            let (word, bit) = place(gram);
            table.bits[word] |= 1 << bit;
            let start = table.places.len() as u32;
            table.places.extend(places);
            table.heads.insert(gram, (start, table.places.len() as u32));
        }
        Some(table)
    }

    /// The positions (bits) among the first eight of a block, or every second of them, at which a gram
    /// may begin: one branch for all, taken only where there are any.
    #[inline(always)]
    fn probe<const STRIDE: usize>(&self, block: &[u8; BLOCK]) -> u32 {
        let low = u64::from_le_bytes(*block.first_chunk().unwrap_or(&[0; 8]));
        let high = u64::from_le_bytes(*block.last_chunk().unwrap_or(&[0; 8]));
        let mut hits = 0_u32;
        for n in (0..4).step_by(STRIDE) {
            let (low, high) = (low.wrapping_shr(8 * n) as u32, high.wrapping_shr(8 * n) as u32);
            hits |= u32::from(self.may_have(low & self.mask)).wrapping_shl(n);
            hits |= u32::from(self.may_have(high & self.mask)).wrapping_shl(n + 4);
        }
        hits
    }

    /// One load and no branch: this runs for every position of every text.
    #[inline(always)]
    fn may_have(&self, gram: u32) -> bool {
        let (word, bit) = place(gram);
        self.bits[word].wrapping_shr(bit) & 1 != 0
    }
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

/// The word and the bit of a gram.
#[inline(always)]
fn place(gram: u32) -> (usize, u32) {
    let hash = gram.wrapping_mul(0x9e37_79b1) >> 17;
    ((hash >> 6) as usize % WORDS, hash % 64)
}

fn gram_at(literal: &[u8], at: usize, mask: u32) -> u32 {
    let byte = |n: usize| literal.get(at + n).copied().unwrap_or(0);
    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]) & mask
}

/// How often a gram is met in logs, roughly: the sum over its bytes.
fn commonness(gram: u32, width: usize) -> u32 {
    gram.to_le_bytes().iter().take(width).map(|byte| byte_commonness(*byte)).sum()
}

fn byte_commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 8,
        b'l' | b'c' | b'd' | b'p' | b'm' | b'u' | b'"' | b'0' | b'1' => 7,
        b'h' | b'g' | b'f' | b'w' | b'b' | b'2' | b'3' | b'.' | b'/' | b'-' | b' ' | b',' | b':' => 6,
        b'4'..=b'9' | b'y' | b'v' | b'_' | b'\\' => 5,
        b'k' | b'x' | b'j' | b'q' | b'z' | b'=' | b';' | b'(' | b')' => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Collect;
    use super::*;

    fn find(literals: &[&str], text: &str) -> Vec<u32> {
        let literals = literals
            .iter()
            .enumerate()
            .map(|(n, text)| (*text, vec![Posting { rule: n as u32, item: Posting::NO_ITEM }].into()))
            .collect();
        let mut found = Collect::default();
        if let Some(grams) = Grams::build(literals) {
            grams.scan(text.as_bytes(), 0..text.len(), &mut found);
        }
        found.0.into_iter().collect()
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
            literals in proptest::collection::btree_set("[ab/.]{3,9}", 1..20),
            text in "[ab/.]{0,60}",
        ) {
            let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            let expect: Vec<u32> = (0u32..).zip(&literals).filter(|(_, l)| text.contains(**l)).map(|(n, _)| n).collect();
            prop_assert_eq!(find(&literals, &text), expect);
        }
    }
}
