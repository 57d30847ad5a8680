//! Addresses of events.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::GenerationId;

/// 128-bit address of an event: a hash of (source generation, byte offset), not of its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

impl EventId {
    #[must_use]
    pub fn of(generation: GenerationId, offset: u64) -> Self {
        Self(xxh3_128_with_seed(&generation.0.to_le_bytes(), offset))
    }

    /// The address of the event at this place, from 0, of a line whose address this is.
    #[must_use]
    pub fn part(self, place: u32) -> Self {
        if place == 0 { self } else { Self(xxh3_128_with_seed(&self.0.to_le_bytes(), u64::from(place))) }
    }

    /// The id whose `Display` is `text`: 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u128::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("an event id has 32 hexadecimal digits"))
    }
}
