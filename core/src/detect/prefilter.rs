//! Which rules are worth a look: rules filed under atoms they cannot match without.
//!
//! `compile` reduces every rule to a set of [`Atom`]s of which at least one must hold for the rule
//! to match (its required atoms). An [`Index`] turns that around: per field a hash of whole values, of
//! first and last eight bytes, a prefix structure for networks, and one filter for all substrings
//! ([`Ngrams`]). A rule without any is a candidate for every event.
//!
//! Soundness, in one sentence: a rule that matches an event is always among the candidates. The
//! property test in `matcher/tests.rs` holds it against the plain evaluator. Hits on a field's value
//! are verified to the letter, so an atom that says the same as an item of a rule also settles that
//! item and it is not evaluated again.

mod cidr;
mod common;
mod ngrams;

use std::ops::Range;

use hashbrown::HashMap;

use crate::event::number::{to_u8, to_usize};
use crate::sigma::comparison::Comparison;
use crate::sigma::matcher::{Cidr, Number};
use crate::sigma::taxonomy::FieldSlot;
use cidr::Networks;
pub use common::is_common;
use ngrams::Ngrams;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Shortest substring worth searching for; shorter ones are in nearly every text.
pub const MIN_SUBSTRING: usize = 3;

/// Something that can be seen in an event without evaluating a rule. Texts are folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    /// The field is there, whatever its value.
    Present(FieldSlot),
    /// A value is this text, or this number in any notation.
    Is(FieldSlot, String),
    StartsWith(FieldSlot, String),
    EndsWith(FieldSlot, String),
    Contains(FieldSlot, String),
    In(FieldSlot, Cidr),
    /// A value is a number that stands so to the bound.
    Compares(FieldSlot, Comparison, Number),
    /// The text stands somewhere in the event.
    Keyword(String),
}

impl Atom {
    /// The (folded) text that must stand somewhere.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Is(_, text)
            | Self::StartsWith(_, text)
            | Self::EndsWith(_, text)
            | Self::Contains(_, text)
            | Self::Keyword(text) => Some(text),
            Self::Present(_) | Self::In(..) | Self::Compares(..) => None,
        }
    }
}

/// A rule filed under an atom, and the item of it that the atom settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Posting {
    pub rule: u32,
    /// [`Posting::NO_ITEM`] when the atom is only necessary.
    pub item: u32,
}

impl Posting {
    pub const NO_ITEM: u32 = u32::MAX;
}

/// Takes what an index finds.
pub trait Sink {
    /// The atom holds to the letter.
    fn hit(&mut self, postings: &[Posting]);
    /// The atom may hold; the items must be evaluated.
    fn maybe(&mut self, postings: &[Posting]);
}

/// Rules by their required atoms.
pub struct Index {
    slots: Vec<Option<Box<SlotIndex>>>,
    keywords: Option<Ngrams>,
    /// Rules without required atoms.
    pub always: Vec<u32>,
}

impl Index {
    /// Files rules: (rule, required atoms with the item each settles); `None` for rules without.
    pub fn build<'a>(
        slots: usize,
        rules: impl IntoIterator<Item = (u32, Option<&'a [(Atom, u32)]>)>,
    ) -> Self {
        let mut always = Vec::new();
        let mut atoms: Map<&'a Atom, Vec<Posting>> = Map::default();
        for (rule, required) in rules {
            let Some(required) = required else {
                always.push(rule);
                continue;
            };
            for (atom, item) in required {
                atoms.entry(atom).or_default().push(Posting { rule, item: *item });
            }
        }
        let mut builders: Vec<Option<Box<SlotBuilder>>> = (0..slots).map(|_| None).collect();
        let mut keywords = Vec::new();
        for (atom, mut postings) in atoms {
            postings.sort_unstable();
            postings.dedup();
            let postings = postings.into_boxed_slice();
            match atom {
                Atom::Keyword(text) => keywords.push((text.as_str(), postings)),
                Atom::Present(slot)
                | Atom::Is(slot, _)
                | Atom::StartsWith(slot, _)
                | Atom::EndsWith(slot, _)
                | Atom::Contains(slot, _)
                | Atom::Compares(slot, ..)
                | Atom::In(slot, _) => {
                    if let Some(builder) = builders.get_mut(to_usize(slot.0)) {
                        builder.get_or_insert_default().add(atom, postings);
                    }
                }
            }
        }
        let slots =
            builders.into_iter().map(|builder| builder.map(|builder| Box::new(builder.finish()))).collect();
        Self { slots, keywords: Ngrams::build(keywords), always }
    }

    #[must_use]
    pub fn slot(&self, slot: usize) -> Option<&SlotIndex> {
        self.slots.get(slot)?.as_deref()
    }

    /// Whether any rule asks for keywords.
    #[must_use]
    pub fn has_keywords(&self) -> bool {
        self.keywords.is_some()
    }

    /// Searches a range of the folded text of an event for keywords.
    pub fn keywords(&self, text: &[u8], range: Range<usize>, sink: &mut impl Sink) {
        if let Some(keywords) = &self.keywords {
            keywords.scan(text, range, sink);
        }
    }
}

/// All atoms about one field.
pub struct SlotIndex {
    present: Box<[Posting]>,
    exact: Map<Box<str>, Box<[Posting]>>,
    /// Bit n: some whole value is n bytes long (63: or longer).
    exact_lengths: u64,
    /// Whole values that are numbers: other notations must be tried too.
    numbers: bool,
    prefixes: Affixes,
    suffixes: Affixes,
    substrings: Option<Ngrams>,
    networks: Option<Networks>,
    bounds: Vec<Bound>,
}

/// A comparison and the rules filed under it.
type Bound = (Comparison, Number, Box<[Posting]>);

#[derive(Default)]
struct SlotBuilder<'a> {
    bounds: Vec<Bound>,
    present: Box<[Posting]>,
    exact: Vec<(&'a str, Box<[Posting]>)>,
    prefixes: Vec<(&'a str, Box<[Posting]>)>,
    suffixes: Vec<(&'a str, Box<[Posting]>)>,
    substrings: Vec<(&'a str, Box<[Posting]>)>,
    networks: Vec<(Cidr, Box<[Posting]>)>,
}

impl<'a> SlotBuilder<'a> {
    fn add(&mut self, atom: &'a Atom, postings: Box<[Posting]>) {
        match atom {
            Atom::Present(_) => self.present = postings,
            Atom::Is(_, text) => self.exact.push((text, postings)),
            Atom::StartsWith(_, text) => self.prefixes.push((text, postings)),
            Atom::EndsWith(_, text) => self.suffixes.push((text, postings)),
            Atom::Contains(_, text) => self.substrings.push((text, postings)),
            Atom::In(_, cidr) => self.networks.push((*cidr, postings)),
            Atom::Compares(_, comparison, bound) => self.bounds.push((*comparison, *bound, postings)),
            Atom::Keyword(_) => {}
        }
    }

    fn finish(self) -> SlotIndex {
        let exact_lengths = self.exact.iter().fold(0, |bits, (text, _)| bits | length_bit(text.len()));
        SlotIndex {
            present: self.present,
            exact_lengths,
            numbers: self.exact.iter().any(|(text, _)| Number::parse(text).is_some()),
            exact: self.exact.into_iter().map(|(text, postings)| (text.into(), postings)).collect(),
            prefixes: Affixes::build(self.prefixes, first_bytes),
            suffixes: Affixes::build(self.suffixes, last_bytes),
            substrings: Ngrams::build(self.substrings),
            networks: Networks::build(self.networks),
            bounds: self.bounds,
        }
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

impl SlotIndex {
    /// The field is there.
    pub fn present(&self, sink: &mut impl Sink) {
        if !self.present.is_empty() {
            sink.hit(&self.present);
        }
    }

    /// One value of the field: a range of a folded text. What stands around it is only looked past, which
    /// is quicker than to stop short.
    pub fn value(&self, whole: &str, range: Range<usize>, sink: &mut impl Sink) {
        let Some(text) = whole.get(range.clone()) else { return };
        if self.exact_lengths & length_bit(text.len()) != 0
            && let Some(postings) = self.exact.get(text)
        {
            sink.hit(postings);
        }
        if self.numbers {
            self.other_notation(text, sink);
        }
        self.prefixes.find(text.as_bytes(), first_bytes, <[u8]>::starts_with, sink);
        self.suffixes.find(text.as_bytes(), last_bytes, <[u8]>::ends_with, sink);
        if let Some(substrings) = &self.substrings {
            substrings.scan(whole.as_bytes(), range, sink);
        }
        if let Some(networks) = &self.networks {
            networks.find(text, sink);
        }
        if !self.bounds.is_empty()
            && let Some(number) = Number::parse(text)
        {
            for (comparison, bound, postings) in &self.bounds {
                if number.holds(*comparison, *bound) {
                    sink.hit(postings);
                }
            }
        }
    }

    /// A number that is not written the way numbers are filed (`500.0`, `5e2`).
    fn other_notation(&self, text: &str, sink: &mut impl Sink) {
        let plain = |byte: &u8| byte.is_ascii_digit();
        let first = text.as_bytes().first();
        if !first.is_some_and(|byte| plain(byte) || *byte == b'-') || text.bytes().all(|byte| plain(&byte)) {
            return;
        }
        let Some(number) = Number::parse(text) else { return };
        let filed = filed_number(number);
        if filed != text
            && let Some(postings) = self.exact.get(filed.as_str())
        {
            // The same entry may hold texts, which do not match in another notation.
            sink.maybe(postings);
        }
    }
}

/// The notation under which a number is filed; equal numbers give equal texts. Integers stand as
/// digits, so that the usual event text finds them without being parsed.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "as large as fits, by the comparison before it")]
pub fn filed_number(number: Number) -> String {
    match number {
        Number::Integer(value) => value.to_string(),
        Number::Float(value) if value.fract() == 0.0 && value.abs() < 1e38 => (value as i128).to_string(),
        Number::Float(value) => format!("{value:?}"),
    }
}

/// A text and the rules filed under it.
type Affix = (Box<str>, Box<[Posting]>);

/// Texts by their first or last (up to) eight bytes.
#[derive(Default)]
struct Affixes {
    /// By (number of bytes, those bytes).
    table: Map<(u8, u64), Box<[Affix]>>,
    /// Bit n: some key has n bytes.
    widths: u16,
}

impl Affixes {
    fn build(texts: Vec<(&str, Box<[Posting]>)>, bytes: fn(&[u8]) -> u64) -> Self {
        let mut table: Map<(u8, u64), Vec<Affix>> = Map::default();
        let mut widths = 0;
        for (text, postings) in texts {
            let width = to_u8(text.len().min(8));
            widths |= 1 << width;
            let key = (width, narrow(bytes(text.as_bytes()), width));
            table.entry(key).or_default().push((text.into(), postings));
        }
        Self { table: table.into_iter().map(|(key, texts)| (key, texts.into())).collect(), widths }
    }

    fn find(
        &self,
        text: &[u8],
        bytes: fn(&[u8]) -> u64,
        verify: fn(&[u8], &[u8]) -> bool,
        sink: &mut impl Sink,
    ) {
        let mut widths = self.widths;
        if widths == 0 {
            return;
        }
        let key = bytes(text);
        while widths != 0 {
            let width = to_u8(widths.trailing_zeros());
            widths &= widths - 1;
            if usize::from(width) > text.len() {
                return;
            }
            let Some(found) = self.table.get(&(width, narrow(key, width))) else { continue };
            for (affix, postings) in found {
                if verify(text, affix.as_bytes()) {
                    sink.hit(postings);
                }
            }
        }
    }
}

/// The first eight bytes, the first of them lowest.
fn first_bytes(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => text.iter().rev().fold(0, |key, byte| key << 8 | u64::from(*byte)),
    }
}

/// The last eight bytes, the last of them lowest.
fn last_bytes(text: &[u8]) -> u64 {
    match text.last_chunk::<8>() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => text.iter().fold(0, |key, byte| key << 8 | u64::from(*byte)),
    }
}

/// The lowest `width` bytes.
fn narrow(key: u64, width: u8) -> u64 {
    if width >= 8 { key } else { key & ((1 << (8 * width)) - 1) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Collects the rules that were hit.
    #[derive(Default)]
    pub(crate) struct Collect(pub(crate) std::collections::BTreeSet<u32>);

    impl Sink for Collect {
        fn hit(&mut self, postings: &[Posting]) {
            self.0.extend(postings.iter().map(|posting| posting.rule));
        }

        fn maybe(&mut self, postings: &[Posting]) {
            self.hit(postings);
        }
    }

    fn check(atoms: &[Atom], text: &str, expect: &[u32]) {
        let required: Vec<Vec<(Atom, u32)>> =
            atoms.iter().map(|atom| vec![(atom.clone(), Posting::NO_ITEM)]).collect();
        let rules = required.iter().enumerate().map(|(n, atoms)| (n as u32, Some(atoms.as_slice())));
        let index = Index::build(1, rules);
        let mut found = Collect::default();
        index.slot(0).unwrap().value(text, 0..text.len(), &mut found);
        assert_eq!(found.0.into_iter().collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn whole_values_and_numbers_in_any_notation() {
        let slot = FieldSlot(0);
        let atoms =
            [Atom::Is(slot, "login".into()), Atom::Is(slot, "500".into()), Atom::Is(slot, "1.5".into())];
        check(&atoms, "login", &[0]);
        check(&atoms, "logins", &[]);
        check(&atoms, "500", &[1]);
        check(&atoms, "5e2", &[1]);
        check(&atoms, "500.0", &[1]);
        check(&atoms, "1.50", &[2]);
        check(&atoms, "", &[]);
    }

    #[test]
    fn beginnings_and_ends_of_any_length() {
        let slot = FieldSlot(0);
        let atoms = [
            Atom::EndsWith(slot, "\\powershell.exe".into()),
            Atom::EndsWith(slot, ".exe".into()),
            Atom::EndsWith(slot, "e".into()),
            Atom::StartsWith(slot, "c:\\windows\\".into()),
            Atom::StartsWith(slot, "c".into()),
        ];
        check(&atoms, "c:\\windows\\powershell.exe", &[0, 1, 2, 3, 4]);
        check(&atoms, "c:\\windows\\shell.exe", &[1, 2, 3, 4]);
        check(&atoms, "x\\powershell.exe", &[0, 1, 2]);
        check(&atoms, "exe", &[2]);
        check(&atoms, "c", &[4]);
        check(&atoms, "", &[]);
    }
}
