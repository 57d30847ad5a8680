//! What is out of the ordinary about how an event was read.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of remarks on an event. Never silent: explained, stored with the event, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

/// Every flag with its word.
const WORDS: [(Flags, &str); 8] = [
    (Flags::REPAIRED, "repaired"),
    (Flags::CUT, "cut"),
    (Flags::DUPLICATE_KEYS, "duplicate_keys"),
    (Flags::OUT_OF_BOUNDS, "out_of_bounds"),
    (Flags::JOINED, "joined_lines"),
    (Flags::STRAY, "stray"),
    (Flags::UNSEARCHED, "unsearched_fields"),
    (Flags::FORMAT_LOST, "format_lost"),
];

impl Flags {
    /// The text breaks the rules of its format and was read as far as it goes.
    pub const REPAIRED: Flags = Flags(1);
    /// Longer than the line limit: the middle is missing.
    pub const CUT: Flags = Flags(1 << 1);
    /// The same key stands twice in one object.
    pub const DUPLICATE_KEYS: Flags = Flags(1 << 2);
    /// A name, a depth or a value is beyond what is looked at.
    pub const OUT_OF_BOUNDS: Flags = Flags(1 << 3);
    /// Put together from several lines.
    pub const JOINED: Flags = Flags(1 << 4);
    /// Of no known format, in a source whose lines usually have one.
    pub const STRAY: Flags = Flags(1 << 5);
    /// It has more fields than can be searched for; rules see all of them.
    pub const UNSEARCHED: Flags = Flags(1 << 6);
    /// With it, a quarter of the newest lines of a source are strays.
    pub const FORMAT_LOST: Flags = Flags(1 << 7);

    #[must_use]
    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    pub fn set(&mut self, flag: Flags) {
        self.0 |= flag.0;
    }

    pub fn set_if(&mut self, holds: bool, flag: Flags) {
        if holds {
            self.set(flag);
        }
    }

    /// As one byte, for storage.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The flags of [`Flags::bits`].
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The words of the flags that are set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, word)| word)
    }
}

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Words)
    }
}

/// Reads the words; those of a later version are passed over.
struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = Flags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of flags")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Flags, A::Error> {
        let mut flags = Flags::default();
        while let Some(word) = words.next_element::<String>()? {
            let known = WORDS.into_iter().find(|(_, known)| *known == word);
            flags.set(known.map_or(Flags::default(), |(flag, _)| flag));
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_travel_as_words_and_unknown_words_are_passed_over() {
        let mut flags = Flags::default();
        flags.set(Flags::CUT);
        flags.set(Flags::OUT_OF_BOUNDS);
        let text = serde_json::to_string(&flags).expect("words");
        assert_eq!(text, r#"["cut","out_of_bounds"]"#);
        assert_eq!(serde_json::from_str::<Flags>(&text).expect("a list"), flags);
        let later = serde_json::from_str::<Flags>(r#"["cut","of a later version","out_of_bounds"]"#);
        assert_eq!(later.expect("a list"), flags);
    }
}
