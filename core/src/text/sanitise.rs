//! The allow-list, per user-perceived character (grapheme cluster).
//!
//! Kept as it is: a letter, number, punctuation mark, symbol or U+0020 that is assigned, not
//! private, not invisible and one or two cells wide, with up to three ordinary accents. All else
//! is shown between `⟨` and `⟩`; those brackets themselves, coming from data, are shown as
//! `⟨U+27E8⟩`, so the notation cannot be forged. A list of bad characters would be the easier
//! thing to write and has been incomplete wherever it was tried.
//!
//! Emoji are reduced to their first character: the width of joined ones differs from terminal to
//! terminal, and a row whose width is in dispute is a row that can be made to overwrite its
//! neighbour. Right-to-left letters stay and the text is marked `⟨rtl⟩`: some terminals reorder
//! them together with what stands beside them.

use std::fmt::Write;

use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) const OPEN: char = '⟨';
pub(super) const CLOSE: char = '⟩';

/// A cluster keeps its accents up to this many code points (base included) and bytes; real
/// scripts need three, a pile of accents draws over the lines above and below.
const MOST_CODE_POINTS: usize = 4;
const MOST_BYTES: usize = 32;

/// An emoji of more parts than this is not one (the longest in use have ten).
const MOST_EMOJI_PARTS: usize = 10;

const ZERO_WIDTH_JOINER: char = '\u{200D}';

const CONTROL_NAMES: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS",
    "US",
];

/// The safe form of the first `limit` bytes, and how many more there are.
pub(super) fn sanitise(bytes: &[u8], limit: usize) -> String {
    if bytes.len() <= limit && bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let kept = bytes.get(..boundary(bytes, limit)).unwrap_or(bytes);
    let mut writer = Writer::default();
    for chunk in kept.utf8_chunks() {
        for cluster in chunk.valid().graphemes(true) {
            writer.cluster(cluster);
        }
        for byte in chunk.invalid() {
            writer.escape(Escape::Byte(*byte));
        }
    }
    let mut out = writer.finish();
    if kept.len() < bytes.len() {
        out.push_str(&omitted_bytes(bytes.len() - kept.len()));
    }
    out
}

/// The note that stands for what was not looked at.
pub(super) fn omitted_bytes(count: usize) -> String {
    format!("{OPEN}+{count} bytes{CLOSE}")
}

/// The longest prefix of at most `limit` bytes that ends between characters.
pub(super) fn floor(text: &str, limit: usize) -> &str {
    text.get(..boundary(text.as_bytes(), limit)).unwrap_or(text)
}

/// The greatest position up to `limit` that does not stand inside a UTF-8 sequence.
fn boundary(bytes: &[u8], limit: usize) -> usize {
    if bytes.len() <= limit {
        return bytes.len();
    }
    let is_continuation = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    (limit.saturating_sub(3)..=limit).rev().find(|at| !is_continuation(*at)).unwrap_or(limit)
}

/// What is shown instead of being obeyed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Char(char),
    Byte(u8),
    Marks(usize),
}

/// Builds the safe text; a run of one and the same escape is written once with its count.
#[derive(Default)]
struct Writer {
    out: String,
    pending: Option<(Escape, usize)>,
    right_to_left: bool,
}

impl Writer {
    fn cluster(&mut self, cluster: &str) {
        let mut chars = cluster.chars();
        let Some(base) = chars.next() else { return };
        if !is_base(base) {
            cluster.chars().for_each(|c| self.single(c));
            return;
        }
        self.keep(base);
        if !(is_pictograph(base) && is_emoji_tail(chars.as_str())) {
            self.tail(base, chars.as_str(), cluster);
        }
    }

    /// Everything of a cluster behind its base.
    fn tail(&mut self, base: char, tail: &str, cluster: &str) {
        let marks = tail.chars().filter(|c| is_mark(*c)).count();
        let too_many = cluster.chars().count() > MOST_CODE_POINTS || cluster.len() > MOST_BYTES;
        for c in tail.chars() {
            match is_mark(c) {
                true if too_many => {}
                true if keeps_width(base, c) => self.keep(c),
                _ => self.single(c),
            }
        }
        if too_many && marks > 0 {
            self.escape(Escape::Marks(marks));
        }
    }

    fn single(&mut self, c: char) {
        if is_base(c) { self.keep(c) } else { self.escape(Escape::Char(c)) }
    }

    fn keep(&mut self, c: char) {
        self.flush();
        self.right_to_left |= is_right_to_left(c);
        self.out.push(c);
    }

    fn escape(&mut self, escape: Escape) {
        match &mut self.pending {
            Some((last, count)) if *last == escape => *count += 1,
            _ => {
                self.flush();
                self.pending = Some((escape, 1));
            }
        }
    }

    fn flush(&mut self) {
        let Some((escape, count)) = self.pending.take() else { return };
        self.out.push(OPEN);
        let written = match escape {
            Escape::Byte(byte) => write!(self.out, "x{byte:02X}"),
            Escape::Marks(marks) => write!(self.out, "+{marks} marks"),
            Escape::Char('\u{7f}') => write!(self.out, "DEL"),
            Escape::Char(c) => match CONTROL_NAMES.get(c as usize) {
                Some(name) => write!(self.out, "{name}"),
                None => write!(self.out, "U+{:04X}", c as u32),
            },
        };
        written.expect("a String can be written to");
        if count > 1 {
            write!(self.out, "×{count}").expect("a String can be written to");
        }
        self.out.push(CLOSE);
    }

    fn finish(mut self) -> String {
        self.flush();
        if self.right_to_left {
            self.out.insert_str(0, "⟨rtl⟩");
        }
        self.out
    }
}

/// May stand by itself.
pub(super) fn is_base(c: char) -> bool {
    use Category as C;
    let visible = match c.general_category() {
        C::UppercaseLetter | C::LowercaseLetter | C::TitlecaseLetter | C::ModifierLetter | C::OtherLetter => {
            true
        }
        C::DecimalNumber | C::LetterNumber | C::OtherNumber => true,
        C::ConnectorPunctuation | C::DashPunctuation | C::OpenPunctuation | C::ClosePunctuation => true,
        C::InitialPunctuation | C::FinalPunctuation | C::OtherPunctuation => true,
        C::MathSymbol | C::CurrencySymbol | C::ModifierSymbol | C::OtherSymbol => true,
        _ => c == ' ',
    };
    visible
        && !matches!(c, OPEN | CLOSE)
        && !is_invisible(c)
        && !is_skin_tone(c)
        && !is_regional_indicator(c)
        && matches!(c.width(), Some(1 | 2))
}

/// May stand on a base: an accent that takes no cell of its own.
pub(super) fn is_mark(c: char) -> bool {
    c.general_category() == Category::NonspacingMark && !is_invisible(c) && c.width() == Some(0)
}

/// Default ignorable or blank, although its category is that of a letter, mark or symbol:
/// Hangul fillers, the combining grapheme joiner, Khmer inherent vowels, Mongolian and other
/// variation selectors, the blank braille pattern.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{034F}' | '\u{17B4}' | '\u{17B5}' | '\u{2800}'
            | '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
    )
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Half of a flag.
fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

fn is_pictograph(c: char) -> bool {
    c.general_category() == Category::OtherSymbol
}

/// Only what turns a pictograph into a variant of itself, and not more than a real emoji has.
fn is_emoji_tail(tail: &str) -> bool {
    let is_selector = |c: char| matches!(c, '\u{FE0E}' | '\u{FE0F}');
    let mut last = '\0';
    tail.chars().count() < MOST_EMOJI_PARTS
        && tail.chars().all(|c| {
            let joined = std::mem::replace(&mut last, c) == ZERO_WIDTH_JOINER;
            is_selector(c) || is_skin_tone(c) || c == ZERO_WIDTH_JOINER || (joined && is_pictograph(c))
        })
}

/// The accent does not change how wide its base is.
fn keeps_width(base: char, mark: char) -> bool {
    let mut pair = [0; 8];
    let at = base.encode_utf8(&mut pair).len();
    let both = at + mark.encode_utf8(pair.get_mut(at..).unwrap_or_default()).len();
    let pair = pair.get(..both).and_then(|bytes| std::str::from_utf8(bytes).ok());
    pair.map(UnicodeWidthStr::width) == base.width()
}

/// Letters (and their digits and marks) of scripts that run from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'
    )
}
