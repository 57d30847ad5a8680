//! When something that a line states is over.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// An end as a line states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    At(Timestamp),
    /// Not by itself.
    Never,
}

/// What is written for what does not end by itself.
const NEVER: &str = "never";

impl End {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == NEVER { Some(Self::Never) } else { Timestamp::parse_rfc3339(text).map(Self::At) }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.fmt(f),
            Self::Never => f.write_str(NEVER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_as_they_are_written() {
        for end in [End::Never, End::At(Timestamp(1_785_582_000_500_000_000))] {
            assert_eq!(End::parse(&end.to_string()), Some(end));
        }
        assert_eq!(End::parse("tomorrow"), None);
    }
}
