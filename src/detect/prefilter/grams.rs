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
//! substrings (three to six bytes) are filed under their rarest gram and probed at every position.

use super::{MIN_SUBSTRING, Map, Posting, Sink};

/// A folded text and the rules filed under it.
type Literal = (Box<[u8]>, Box<[Posting]>);

/// Words of a bitmap: 2^15 bits, 4 KiB. A constant, so that the loop needs no check of bounds.
const WORDS: usize = 512;

const STRIDE: usize = 4;
const WINDOW: usize = 2 * STRIDE - 1;

pub(super) struct Grams {
    literals: Vec<Literal>,
    /// Literals of seven bytes and more, probed at every fourth position.
    long: Option<Table>,
    /// Shorter ones, probed at every position.
    short: Option<Table>,
}

/// Grams of one kind.
struct Table {
    bits: Box<[u64; WORDS]>,
    /// The bytes of a gram that count: three or four.
    mask: u32,
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
        let long =
            Table::build(&literals, u32::MAX, |literal| if literal.len() >= WINDOW { STRIDE } else { 0 });
        let shortest = literals.iter().map(|(text, _)| text.len()).min().unwrap_or(0);
        let mask = if shortest == MIN_SUBSTRING { 0x00ff_ffff } else { u32::MAX };
        let short = Table::build(&literals, mask, |literal| usize::from(literal.len() < WINDOW));
        Some(Self { literals, long, short })
    }

    /// Reports every literal that stands in the (folded) text.
    pub(super) fn scan(&self, text: &[u8], sink: &mut impl Sink) {
        if let Some(table) = &self.long {
            for (n, chunk) in text.chunks_exact(STRIDE).enumerate() {
                let gram = chunk.first_chunk::<4>().map_or(0, |gram| u32::from_le_bytes(*gram));
                if table.may_have(gram) {
                    self.verify(table, gram, text, n * STRIDE, sink);
                }
            }
        }
        if let Some(table) = &self.short {
            self.scan_short(table, text, sink);
        }
    }

    /// Eight positions at a time: one branch for all of them, taken only where one may be a hit.
    fn scan_short(&self, table: &Table, text: &[u8], sink: &mut impl Sink) {
        let mut at = 0;
        while let Some(block) = text.get(at..at + 12).and_then(|block| block.first_chunk::<12>()) {
            let low = u64::from_le_bytes(*block.first_chunk().unwrap_or(&[0; 8]));
            let high = u64::from_le_bytes(*block.last_chunk().unwrap_or(&[0; 8]));
            let mut hits = 0_u32;
            for n in 0..4 {
                let (low, high) = (low.wrapping_shr(8 * n) as u32, high.wrapping_shr(8 * n) as u32);
                hits |= u32::from(table.may_have(low & table.mask)).wrapping_shl(n);
                hits |= u32::from(table.may_have(high & table.mask)).wrapping_shl(n + 4);
            }
            while hits != 0 {
                let n = hits.trailing_zeros() as usize;
                hits &= hits - 1;
                self.verify(table, gram_at(text, at + n, table.mask), text, at + n, sink);
            }
            at += 8;
        }
        // What is left is shorter than a block. Where grams have four bytes, the last three
        // positions give grams that end in zeros, which no literal has.
        for at in at..text.len() {
            let gram = gram_at(text, at, table.mask);
            if table.may_have(gram) {
                self.verify(table, gram, text, at, sink);
            }
        }
    }

    #[cold]
    fn verify(&self, table: &Table, gram: u32, text: &[u8], at: usize, sink: &mut impl Sink) {
        let Some((start, end)) = table.heads.get(&gram) else { return };
        let places = table.places.get(*start as usize..*end as usize).unwrap_or_default();
        for (literal, offset) in places {
            let Some(start) = at.checked_sub(*offset as usize) else { continue };
            let Some((literal, postings)) = self.literals.get(*literal as usize) else { continue };
            if text.get(start..).is_some_and(|rest| rest.starts_with(literal)) {
                sink.hit(postings);
            }
        }
    }
}

impl Table {
    /// `grams` says how many consecutive grams of a literal are filed; 0 leaves it to another table.
    fn build(literals: &[Literal], mask: u32, grams: impl Fn(&[u8]) -> usize) -> Option<Self> {
        let mut filed: Map<u32, Vec<(u32, u32)>> = Map::default();
        for (index, (literal, _)) in literals.iter().enumerate() {
            let count = grams(literal);
            if count == 0 {
                continue;
            }
            let width = if mask == u32::MAX { 4 } else { 3 };
            let windows = literal.len() + 1 - width - (count - 1);
            let cost = |offset: usize| -> u32 {
                (offset..offset + count)
                    .map(|at| {
                        let gram = gram_at(literal, at, mask);
                        commonness(gram, width) + 4 * filed.get(&gram).map_or(0, |places| places.len() as u32)
                    })
                    .sum()
            };
            let best = (0..windows).min_by_key(|offset| cost(*offset)).unwrap_or(0);
            for at in best..best + count {
                filed.entry(gram_at(literal, at, mask)).or_default().push((index as u32, at as u32));
            }
        }
        if filed.is_empty() {
            return None;
        }
        let mut table = Self { bits: Box::new([0; WORDS]), mask, heads: Map::default(), places: Vec::new() };
        for (gram, places) in filed {
            let (word, bit) = place(gram);
            table.bits[word] |= 1 << bit;
            let start = table.places.len() as u32;
            table.places.extend(places);
            table.heads.insert(gram, (start, table.places.len() as u32));
        }
        Some(table)
    }

    /// One load and no branch: this runs for every position of every text.
    #[inline(always)]
    fn may_have(&self, gram: u32) -> bool {
        let (word, bit) = place(gram);
        self.bits[word].wrapping_shr(bit) & 1 != 0
    }
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
            grams.scan(text.as_bytes(), &mut found);
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
