//! Which rules are worth a look: rules filed under facts they cannot match without.
//!
//! `compile` reduces every rule to a set of [`Fact`]s of which at least one must hold for the rule
//! to match (its witnesses). An [`Index`] turns that around: per field a hash of whole values, of
//! first and last eight bytes, a prefix structure for networks, and one filter for all substrings
//! ([`Grams`]). A rule without witnesses is a candidate for every event.
//!
//! Soundness, in one sentence: a rule that matches an event is always among the candidates. The
//! property test in `engine/tests.rs` holds it against the plain evaluator. Hits on a field's value
//! are verified to the letter, so a fact that says the same as an item of a rule also settles that
//! item and it is not evaluated again.

mod cidr;
mod everyday;
mod grams;

use std::ops::Range;

use hashbrown::HashMap;

use crate::sigma::comparison::Comparison;
use crate::sigma::matcher::{Cidr, Number};
use crate::sigma::taxonomy::FieldSlot;
use cidr::Networks;
pub use everyday::is_everyday;
use grams::Grams;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Shortest substring worth searching for; shorter ones are in nearly every text.
pub const MIN_SUBSTRING: usize = 3;

/// Something that can be seen in an event without evaluating a rule. Texts are folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
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

impl Fact {
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

/// A rule filed under a fact, and the item of it that the fact settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Posting {
    pub rule: u32,
    /// [`Posting::NO_ITEM`] when the fact is only necessary.
    pub item: u32,
}

impl Posting {
    pub const NO_ITEM: u32 = u32::MAX;
}

/// Takes what an index finds.
pub trait Sink {
    /// The fact holds to the letter.
    fn hit(&mut self, postings: &[Posting]);
    /// The fact may hold; the items must be evaluated.
    fn maybe(&mut self, postings: &[Posting]);
}

/// Rules by their witnesses.
pub struct Index {
    slots: Vec<Option<Box<SlotIndex>>>,
    keywords: Option<Grams>,
    /// Rules without witnesses.
    pub always: Vec<u32>,
}

impl Index {
    /// Files rules: (rule, witnesses with the item each settles); `None` for rules without.
    pub fn build<'a>(
        slots: usize,
        rules: impl IntoIterator<Item = (u32, Option<&'a [(Fact, u32)]>)>,
    ) -> Self {
        let mut always = Vec::new();
        let mut facts: Map<&'a Fact, Vec<Posting>> = Map::default();
        for (rule, witnesses) in rules {
            let Some(witnesses) = witnesses else {
                always.push(rule);
                continue;
            };
            for (fact, item) in witnesses {
                facts.entry(fact).or_default().push(Posting { rule, item: *item });
            }
        }
        let mut builders: Vec<Option<Box<SlotBuilder>>> = (0..slots).map(|_| None).collect();
        let mut keywords = Vec::new();
        for (fact, mut postings) in facts {
            postings.sort_unstable();
            postings.dedup();
            let postings = postings.into_boxed_slice();
            match fact {
                Fact::Keyword(text) => keywords.push((text.as_str(), postings)),
                Fact::Present(slot)
                | Fact::Is(slot, _)
                | Fact::StartsWith(slot, _)
                | Fact::EndsWith(slot, _)
                | Fact::Contains(slot, _)
                | Fact::Compares(slot, ..)
                | Fact::In(slot, _) => {
                    if let Some(builder) = builders.get_mut(slot.0 as usize) {
                        builder.get_or_insert_default().add(fact, postings);
                    }
                }
            }
        }
        let slots =
            builders.into_iter().map(|builder| builder.map(|builder| Box::new(builder.finish()))).collect();
        Self { slots, keywords: Grams::build(keywords), always }
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

/// All facts about one field.
pub struct SlotIndex {
    present: Box<[Posting]>,
    exact: Map<Box<str>, Box<[Posting]>>,
    /// Bit n: some whole value is n bytes long (63: or longer).
    exact_lengths: u64,
    /// Whole values that are numbers: other notations must be tried too.
    numbers: bool,
    prefixes: Affixes,
    suffixes: Affixes,
    substrings: Option<Grams>,
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
    fn add(&mut self, fact: &'a Fact, postings: Box<[Posting]>) {
        match fact {
            Fact::Present(_) => self.present = postings,
            Fact::Is(_, text) => self.exact.push((text, postings)),
            Fact::StartsWith(_, text) => self.prefixes.push((text, postings)),
            Fact::EndsWith(_, text) => self.suffixes.push((text, postings)),
            Fact::Contains(_, text) => self.substrings.push((text, postings)),
            Fact::In(_, cidr) => self.networks.push((*cidr, postings)),
            Fact::Compares(_, comparison, bound) => self.bounds.push((*comparison, *bound, postings)),
            Fact::Keyword(_) => {}
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
            substrings: Grams::build(self.substrings),
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
            let width = text.len().min(8) as u8;
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
            let width = widths.trailing_zeros() as u8;
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

    fn check(facts: &[Fact], text: &str, expect: &[u32]) {
        let witnesses: Vec<Vec<(Fact, u32)>> =
            facts.iter().map(|fact| vec![(fact.clone(), Posting::NO_ITEM)]).collect();
        let rules = witnesses.iter().enumerate().map(|(n, facts)| (n as u32, Some(facts.as_slice())));
        let index = Index::build(1, rules);
        let mut found = Collect::default();
        index.slot(0).unwrap().value(text, 0..text.len(), &mut found);
        assert_eq!(found.0.into_iter().collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn whole_values_and_numbers_in_any_notation() {
        let slot = FieldSlot(0);
        let facts =
            [Fact::Is(slot, "login".into()), Fact::Is(slot, "500".into()), Fact::Is(slot, "1.5".into())];
        check(&facts, "login", &[0]);
        check(&facts, "logins", &[]);
        check(&facts, "500", &[1]);
        check(&facts, "5e2", &[1]);
        check(&facts, "500.0", &[1]);
        check(&facts, "1.50", &[2]);
        check(&facts, "", &[]);
    }

    #[test]
    fn beginnings_and_ends_of_any_length() {
        let slot = FieldSlot(0);
        let facts = [
            Fact::EndsWith(slot, "\\powershell.exe".into()),
            Fact::EndsWith(slot, ".exe".into()),
            Fact::EndsWith(slot, "e".into()),
            Fact::StartsWith(slot, "c:\\windows\\".into()),
            Fact::StartsWith(slot, "c".into()),
        ];
        check(&facts, "c:\\windows\\powershell.exe", &[0, 1, 2, 3, 4]);
        check(&facts, "c:\\windows\\shell.exe", &[1, 2, 3, 4]);
        check(&facts, "x\\powershell.exe", &[0, 1, 2]);
        check(&facts, "exe", &[2]);
        check(&facts, "c", &[4]);
        check(&facts, "", &[]);
    }
}
