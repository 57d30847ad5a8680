//! Text that came from outside, made safe to show: one type, one door.
//!
//! Whoever writes to a log chooses the bytes, and whoever looks at the log runs a terminal that
//! obeys some of them. Everything that is drawn or printed and did not stand in our own source
//! therefore passes through [`Safe::new`]: log lines, field names, file names, rule titles, error
//! messages. The rule is an allow-list (`sanitise`): what is not known to be harmless and of
//! undisputed width is *shown* as `⟨ESC⟩` or `⟨U+202E⟩`, never obeyed and never silently dropped,
//! because an analyst must see that something was there.
//!
//! Two Safe texts put together are safe again, which is what [`safe!`](crate::safe) is for.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod sanitise;
mod shape;

use std::fmt;

/// Whether a terminal shows a character, by itself, as what it is.
#[must_use]
pub fn is_plain(c: char) -> bool {
    sanitise::is_base(c)
}

/// What a noun takes after a number: `1 rule`, `2 rules`.
#[must_use]
pub fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Text that holds no control, bidi, zero-width or otherwise deceptive character.
///
/// Shown on one line: line breaks have become `⟨LF⟩`. Printing it with a width (`{:<10}`) counts
/// terminal cells, not characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Safe(String);

impl Safe {
    /// Bytes of one text that are looked at; the rest is only counted (`⟨+9000 bytes⟩`), so that
    /// a line of ten megabytes costs what a line of four kilobytes does.
    pub const LIMIT: usize = 4096;

    /// Makes foreign text safe.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::with_limit(text, Self::LIMIT)
    }

    /// Like [`Safe::new`], for places that show long text in full; `limit` is in bytes.
    #[must_use]
    pub fn with_limit(text: &str, limit: usize) -> Self {
        Self(sanitise::sanitise(text.as_bytes(), limit))
    }

    /// Makes foreign bytes safe; a byte that is not part of valid UTF-8 becomes `⟨xFF⟩`.
    #[must_use]
    #[cfg(test)]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(sanitise::sanitise(bytes, Self::LIMIT))
    }

    /// Text of our own source, taken as it is.
    #[must_use]
    pub fn literal(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Makes foreign text with several lines safe, a piece per line; at most `limit` bytes of it.
    #[must_use]
    pub fn lines(text: &str, limit: usize) -> Vec<Self> {
        let kept = sanitise::floor(text, limit);
        let mut lines: Vec<Self> = kept
            .split('\n')
            .map(|line| Self::with_limit(line.strip_suffix('\r').unwrap_or(line), limit))
            .collect();
        if let (Some(last), omitted @ 1..) = (lines.last_mut(), text.len() - kept.len()) {
            last.0.push_str(&sanitise::omitted_bytes(omitted));
        }
        lines
    }

    /// Joins what [`safe!`](crate::safe) has checked.
    #[doc(hidden)]
    #[must_use]
    pub fn from_checked(arguments: fmt::Arguments<'_>) -> Self {
        Self(arguments.to_string())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends; both are safe, so the whole is.
    pub fn push(&mut self, more: &Safe) {
        self.0.push_str(&more.0);
    }

    /// Something in the text had to be made visible; such a line may be an attack on its reader.
    #[must_use]
    pub fn is_altered(&self) -> bool {
        self.0.contains(sanitise::OPEN)
    }

    /// Cells the text takes on a terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        shape::width(&self.0)
    }

    /// The text in at most `cells` cells; `mark` stands where something was cut off.
    ///
    /// Cuts between what a reader takes for one character, and never inside `⟨…⟩`.
    #[must_use]
    pub fn truncate(&self, cells: usize, mark: &'static str) -> Safe {
        Self(shape::truncate(&self.0, cells, mark))
    }

    /// The text in at most `cells` cells, cut in the middle: identifiers differ at both ends.
    #[must_use]
    pub fn shorten_middle(&self, cells: usize, mark: &'static str) -> Safe {
        Self(shape::shorten_middle(&self.0, cells, mark))
    }

    /// As much of the end of the text as `cells` cells hold.
    #[must_use]
    pub fn keep_end(&self, cells: usize) -> Safe {
        Self(shape::tail(&self.0, cells).to_owned())
    }

    /// The text in pieces of at most `cells` cells, broken at spaces where there are any.
    #[must_use]
    pub fn wrap(&self, cells: usize) -> Vec<Safe> {
        shape::wrap(&self.0, cells).into_iter().map(Self).collect()
    }

    /// The pieces of the text between separators.
    pub fn split(&self, separator: &'static str) -> impl Iterator<Item = Safe> {
        self.0.split(separator).map(|piece| Self(piece.to_owned()))
    }

    /// The same in ASCII alone: `⟨ESC⟩` becomes `\<ESC>`, `é` becomes `\u{e9}` and a backslash is
    /// doubled, so that the notation cannot be forged here either.
    #[must_use]
    pub fn to_ascii(&self) -> Safe {
        Self(shape::to_ascii(&self.0))
    }

    /// The user-perceived characters and their widths in cells, for drawing.
    pub fn clusters(&self) -> impl Iterator<Item = (&str, usize)> {
        shape::clusters(&self.0)
    }
}

/// With a width, pads to cells.
impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = f.width().unwrap_or(0).saturating_sub(self.width());
        let before = match f.align() {
            Some(fmt::Alignment::Right) => missing,
            Some(fmt::Alignment::Center) => missing / 2,
            _ => 0,
        };
        write!(f, "{:before$}{}{:after$}", "", self.0, "", after = missing - before)
    }
}

impl PartialEq<str> for Safe {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Safe {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// What may stand in [`safe!`](crate::safe): safe text, our own literals, numbers.
pub trait Printable: fmt::Display {}

impl Printable for Safe {}
impl Printable for &Safe {}
/// Only text that lives as long as the program, which is text of our own source.
impl Printable for &'static str {}

macro_rules! numbers_are_printable {
    ($($number:ty)*) => { $(impl Printable for $number {})* };
}
numbers_are_printable!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

/// Checks at compile time that an argument of [`safe!`](crate::safe) is printable.
#[doc(hidden)]
pub fn checked<T: Printable>(argument: &T) -> &T {
    argument
}

/// `format!` that yields [`Safe`] and takes only safe arguments: Safe texts, our own string
/// literals and numbers. Foreign text has no way in but [`Safe::new`].
///
/// ```
/// use soctop_core::{safe, text::Safe};
/// let user = Safe::new("al\u{202e}ice");
/// assert_eq!(safe!("{} failed {} times", user, 5), "al⟨U+202E⟩ice failed 5 times");
/// ```
///
/// ```compile_fail
/// let foreign = String::from("\u{1b}[2J");
/// soctop_core::safe!("{}", foreign.as_str());
/// ```
#[macro_export]
macro_rules! safe {
    ($format:literal $(, $argument:expr)* $(,)?) => {
        $crate::text::Safe::from_checked(format_args!($format $(, $crate::text::checked(&$argument))*))
    };
}

#[cfg(test)]
mod tests;
