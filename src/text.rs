//! Text that came from outside, made safe to show: one type, one door.
//!
//! Everything that is drawn or printed and did not stand in our own source passes through
//! [`Safe::new`]: log lines, field names, file names, rule titles, error messages.

use std::fmt;

/// Text that holds no control, bidi, zero-width or otherwise deceptive character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Safe(String);

impl Safe {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
