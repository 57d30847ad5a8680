//! JSON objects straight into fields: one pass, no tree, no recursion.
//!
//! Differences from a strict parser, each reported as [`Verdict::Mended`]: raw control characters in
//! strings are kept, lone surrogates and unknown escapes become U+FFFD, `NaN` and `Infinity` (Python
//! writes them) become strings, containers below [`DEPTH_LIMIT`] stay text. Numbers are never
//! converted. Everything else must follow RFC 8259, or the line is no JSON.

use super::keys::{After, EntryId, Keys, NONE, ROOT, join};
use super::line::Line;
use super::{DEPTH_LIMIT, FIELD_LIMIT};
use crate::event::{Event, Kind, Origin, PathId, Paths, Span};

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Clean,
    Mended,
    /// No JSON object, or text after it; the event holds half of it and must be reset.
    Broken,
}

/// Reads objects and remembers their keys.
pub(super) struct Parser {
    keys: Keys,
    stack: Vec<Frame>,
    /// Names of containers whose path is not interned.
    names: String,
    /// A key that held escapes, decoded.
    key: String,
    /// Field ranges under keys that contain a dot.
    dotted: Vec<(u32, u32)>,
    /// Some key held an object.
    nested: bool,
    serial: u32,
    mended: bool,
    /// Where the line that is being read stands in the event's buffer.
    base: u32,
}

/// A container that is still open.
#[derive(Clone, Copy)]
struct Frame {
    slot: Slot,
    array: bool,
    /// The last key of an object, or where its first is to be expected.
    after: After,
    /// Serial number of the object.
    serial: u32,
    /// Its own field, if there was room for one.
    field: Option<u32>,
    /// Length of [`Parser::names`] before it.
    names: u32,
    /// Number of fields when its key was read, if the key contains a dot.
    dotted_from: Option<u32>,
}

/// Where values go: an interned path, or a range of [`Parser::names`].
#[derive(Clone, Copy)]
struct Slot {
    entry: EntryId,
    path: PathId,
    name: (u32, u32),
    dotted: bool,
}

struct Broken;

impl Parser {
    pub(super) fn new(paths: Paths) -> Self {
        Self {
            keys: Keys::new(paths),
            stack: Vec::new(),
            names: String::new(),
            key: String::new(),
            dotted: Vec::new(),
            nested: false,
            serial: 0,
            mended: false,
            base: 0,
        }
    }

    /// The path of a key at the top of a line, if it can be interned.
    pub(super) fn top_path(&mut self, key: &str) -> Option<PathId> {
        self.keys.find(ROOT, key).map(|id| self.keys.path(id))
    }

    /// Reads the object that the line starts with and must end with. When `cut`, the line ends somewhere
    /// inside: the fields up to there are kept. On [`Verdict::Broken`] the event must be rewound.
    pub(super) fn parse(&mut self, line: Line<'_>, cut: bool, event: &mut Event) -> Verdict {
        self.base = line.base;
        let first_field = event.fields().len();
        let line = line.text;
        self.stack.clear();
        self.names.clear();
        self.dotted.clear();
        self.nested = false;
        self.mended = false;
        let end = self.object(line, event);
        let complete = matches!(end, Ok(end) if rest_is_blank(line.as_bytes(), end));
        if !complete && !cut {
            return Verdict::Broken;
        }
        if !complete {
            self.close_all(line.len(), first_field, event);
        }
        if self.nested && !self.dotted.is_empty() {
            self.prefer_flat(event);
        }
        if self.mended { Verdict::Mended } else { Verdict::Clean }
    }

    fn object(&mut self, line: &str, event: &mut Event) -> Result<usize, Broken> {
        let bytes = line.as_bytes();
        let mut at = 1;
        let root = Slot { entry: ROOT, path: PathId::OVERFLOW, name: (0, 0), dotted: false };
        let mut frame = self.open(root, false, None);
        let mut first = true;
        loop {
            at = skip_white(bytes, at);
            let byte = byte(bytes, at)?;
            let closing = if frame.array { b']' } else { b'}' };
            if !(first && byte == closing) {
                let slot = if frame.array {
                    frame.slot
                } else {
                    let slot;
                    (slot, at) = self.member(line, at, &mut frame, event)?;
                    slot
                };
                let fields = event.fields().len() as u32;
                match self.value(line, at, slot, event)? {
                    Value::Scalar(end) => at = end,
                    Value::Opens { array, field } => {
                        self.stack.push(frame);
                        frame = self.open(slot, array, field);
                        at += 1;
                        first = true;
                        continue;
                    }
                }
                if slot.dotted && !frame.array {
                    self.note_dotted(fields, event);
                }
                at = skip_white(bytes, at);
            }
            // A value or a container has ended: what follows it?
            loop {
                match self::byte(bytes, at)? {
                    b',' => {
                        at += 1;
                        first = false;
                        break;
                    }
                    b'}' if !frame.array => {}
                    b']' if frame.array => {}
                    _ => return Err(Broken),
                }
                at += 1;
                self.close(&frame, at, event);
                match self.stack.pop() {
                    Some(outer) => frame = outer,
                    None => return Ok(at),
                }
                at = skip_white(bytes, at);
            }
        }
    }

    fn open(&mut self, slot: Slot, array: bool, field: Option<u32>) -> Frame {
        self.serial = self.serial.wrapping_add(1).max(1);
        Frame {
            slot,
            array,
            after: After::Opening(slot.entry),
            serial: self.serial,
            field,
            names: self.names.len() as u32,
            dotted_from: if slot.dotted { field } else { None },
        }
    }

    fn close(&mut self, frame: &Frame, end: usize, event: &mut Event) {
        if let Some(field) = frame.field
            && let Some(field) = event.fields_mut().get_mut(field as usize)
        {
            field.span.len = self.base + end as u32 - field.span.start;
        }
        self.names.truncate(frame.names as usize);
        if let Some(from) = frame.dotted_from {
            self.note_dotted(from, event);
        }
    }

    /// Ends the containers that a cut line left open.
    fn close_all(&self, end: usize, first_field: usize, event: &mut Event) {
        for field in event.fields_mut().iter_mut().skip(first_field) {
            if field.kind.is_container() && field.span.len == 0 {
                field.span.len = self.base + end as u32 - field.span.start;
            }
        }
    }

    /// Reads a key, its colon and the white space after it; returns where its value goes and starts.
    #[inline(always)]
    fn member(
        &mut self,
        line: &str,
        at: usize,
        frame: &mut Frame,
        event: &mut Event,
    ) -> Result<(Slot, usize), Broken> {
        let bytes = line.as_bytes();
        let (id, end) = match self.keys.predict(frame.after, bytes, at) {
            Some((id, length)) => (id, at + length),
            None => match self.read_key(line, at, frame, event)? {
                (Some(id), end) => {
                    self.keys.learn(frame.after, id);
                    (id, end)
                }
                (None, end) => return Ok((self.overflow_slot(frame, event), skip_white(bytes, end))),
            },
        };
        frame.after = After::Key(id);
        let entry = self.keys.entry_mut(id).ok_or(Broken)?;
        event.meta.duplicate_keys |= entry.seen == frame.serial;
        entry.seen = frame.serial;
        let slot = Slot { entry: id, path: entry.path, name: (0, 0), dotted: entry.dotted };
        Ok((slot, skip_white(bytes, end)))
    }

    /// The key at `at` by its text: its entry, if it has one, and the place after its colon. The
    /// decoded key is left in `self.key` when it has none.
    #[cold]
    fn read_key(
        &mut self,
        line: &str,
        at: usize,
        frame: &Frame,
        event: &Event,
    ) -> Result<(Option<EntryId>, usize), Broken> {
        let bytes = line.as_bytes();
        if byte(bytes, at)? != b'"' {
            return Err(Broken);
        }
        let from = at + 1;
        let (quote, special) = string_end(bytes, from)?;
        let mut end = quote;
        self.key.clear();
        if special == b'"' {
            self.key.push_str(line.get(from..quote).ok_or(Broken)?);
        } else {
            end = decode_string(line, from, quote, &mut self.key, &mut self.mended)?;
        }
        let colon = skip_white(bytes, end + 1);
        if byte(bytes, colon)? != b':' {
            return Err(Broken);
        }
        let full = event.fields().len() >= FIELD_LIMIT;
        let known = frame.slot.entry != NONE && !full;
        let id = if known { self.keys.find(frame.slot.entry, &self.key) } else { None };
        Ok((id, colon + 1))
    }

    /// A slot for the key in `self.key`, whose path is not interned.
    fn overflow_slot(&mut self, frame: &Frame, event: &Event) -> Slot {
        let none = Slot { entry: NONE, path: PathId::OVERFLOW, name: (0, 0), dotted: false };
        if event.fields().len() >= FIELD_LIMIT {
            return none;
        }
        self.names.truncate(frame.names as usize);
        let start = self.names.len();
        if frame.slot.entry == NONE {
            let (from, to) = frame.slot.name;
            let parent = self.names.get(from as usize..to as usize).unwrap_or_default().to_owned();
            self.names.push_str(&parent);
        } else {
            self.keys.push_name(frame.slot.entry, &mut self.names);
        }
        join(&mut self.names, frame.slot.entry == ROOT, &self.key);
        shorten(&mut self.names, start + Paths::NAME_LIMIT);
        Slot { name: (start as u32, self.names.len() as u32), ..none }
    }

    /// Reads a scalar, or the bracket that opens a container.
    #[inline(always)]
    fn value(&mut self, line: &str, at: usize, slot: Slot, event: &mut Event) -> Result<Value, Broken> {
        let bytes = line.as_bytes();
        match byte(bytes, at)? {
            b'"' => self.string(line, at + 1, slot, event).map(Value::Scalar),
            opening @ (b'{' | b'[') => {
                let array = opening == b'[';
                let kind = if array { Kind::Array } else { Kind::Object };
                if self.stack.len() + 1 >= DEPTH_LIMIT {
                    let end = skip_container(bytes, at)?;
                    self.mended = true;
                    self.push(slot, kind, self.span(at, end), event);
                    return Ok(Value::Scalar(end));
                }
                self.nested |= !array;
                let field = self.push(slot, kind, self.span(at, at), event);
                Ok(Value::Opens { array, field })
            }
            b't' => self.word(bytes, at, b"true", Kind::True, slot, event),
            b'f' => self.word(bytes, at, b"false", Kind::False, slot, event),
            b'n' => self.word(bytes, at, b"null", Kind::Null, slot, event),
            b'-' | b'0'..=b'9' => self.number(bytes, at, slot, event),
            b'N' => self.mend_word(bytes, at, b"NaN", slot, event),
            b'I' => self.mend_word(bytes, at, b"Infinity", slot, event),
            _ => Err(Broken),
        }
    }

    #[inline(always)]
    fn string(&mut self, line: &str, from: usize, slot: Slot, event: &mut Event) -> Result<usize, Broken> {
        let (end, special) = string_end(line.as_bytes(), from)?;
        if special == b'"' {
            self.push(slot, Kind::String, self.span(from, end), event);
            return Ok(end + 1);
        }
        self.escaped_string(line, from, end, slot, event)
    }

    fn escaped_string(
        &mut self,
        line: &str,
        from: usize,
        special: usize,
        slot: Slot,
        event: &mut Event,
    ) -> Result<usize, Broken> {
        let start = event.begin_text();
        let end = decode_string(line, from, special, event.text_mut(), &mut self.mended)?;
        let decoded = Span { start: start as u32, len: (event.buffer().len() - start) as u32 };
        self.push(slot, Kind::String, decoded, event);
        Ok(end + 1)
    }

    #[inline(always)]
    fn word(
        &mut self,
        bytes: &[u8],
        at: usize,
        word: &[u8],
        kind: Kind,
        slot: Slot,
        event: &mut Event,
    ) -> Result<Value, Broken> {
        if !bytes.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Broken);
        }
        self.push(slot, kind, self.span(at, at + word.len()), event);
        Ok(Value::Scalar(at + word.len()))
    }

    #[cold]
    fn mend_word(
        &mut self,
        bytes: &[u8],
        at: usize,
        word: &[u8],
        slot: Slot,
        event: &mut Event,
    ) -> Result<Value, Broken> {
        self.mended = true;
        self.word(bytes, at, word, Kind::String, slot, event)
    }

    #[inline(always)]
    fn number(&mut self, bytes: &[u8], at: usize, slot: Slot, event: &mut Event) -> Result<Value, Broken> {
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"-Infinity")) {
            return self.mend_word(bytes, at, b"-Infinity", slot, event);
        }
        let end = number_end(bytes, at).ok_or(Broken)?;
        self.push(slot, Kind::Number, self.span(at, end), event);
        Ok(Value::Scalar(end))
    }

    #[inline(always)]
    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.base + start as u32, len: (end - start) as u32 }
    }

    /// Adds a field and returns its index, or counts it when the event is full.
    #[inline(always)]
    fn push(&mut self, slot: Slot, kind: Kind, span: Span, event: &mut Event) -> Option<u32> {
        let index = event.fields().len();
        if index >= FIELD_LIMIT {
            event.meta.fields_over_limit = event.meta.fields_over_limit.saturating_add(1);
            return None;
        }
        if slot.path == PathId::OVERFLOW {
            let name = self.names.get(slot.name.0 as usize..slot.name.1 as usize).unwrap_or_default();
            event.push_overflow(name, kind, span, Origin::Line);
        } else {
            event.push(slot.path, kind, span, Origin::Line);
        }
        Some(index as u32)
    }

    fn note_dotted(&mut self, from: u32, event: &Event) {
        let to = event.fields().len() as u32;
        if from < to {
            self.dotted.push((from, to));
        }
    }

    /// A key that contains dots wins over a nested path of the same name (Sigma): the nested fields
    /// keep their names but can no longer be reached by them.
    #[cold]
    fn prefer_flat(&mut self, event: &mut Event) {
        let mut flat: Vec<PathId> = Vec::new();
        let mut inside = vec![false; event.fields().len()];
        for (from, to) in &self.dotted {
            let range = *from as usize..*to as usize;
            inside.get_mut(range.clone()).into_iter().flatten().for_each(|inside| *inside = true);
            flat.extend(event.fields().get(range).into_iter().flatten().map(|field| field.path));
        }
        flat.sort_unstable();
        let names = self.keys.names();
        for (index, inside) in inside.into_iter().enumerate() {
            let path = event.fields()[index].path;
            if !inside && path != PathId::OVERFLOW && flat.binary_search(&path).is_ok() {
                let name = names.name(path).to_owned();
                event.shadow(index, &name);
            }
        }
    }
}

enum Value {
    /// A scalar that ends here.
    Scalar(usize),
    Opens {
        array: bool,
        field: Option<u32>,
    },
}

#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> Result<u8, Broken> {
    bytes.get(at).copied().ok_or(Broken)
}

#[inline(always)]
fn skip_white(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The kind of a value that stands without quotes in a text format.
pub(super) fn scalar_kind(text: &str) -> Kind {
    match text {
        "true" => Kind::True,
        "false" => Kind::False,
        "null" | "nil" => Kind::Null,
        _ if number_end(text.as_bytes(), 0) == Some(text.len()) => Kind::Number,
        _ => Kind::String,
    }
}

fn rest_is_blank(bytes: &[u8], at: usize) -> bool {
    skip_white(bytes, at) == bytes.len()
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Marks (with its highest bit) the first byte of a word that is a quote, a backslash or a control
/// character. Later marks may be wrong, the first never is.
#[inline(always)]
fn specials(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quotes = quote.wrapping_sub(ONES) & !quote;
    let backslashes = backslash.wrapping_sub(ONES) & !backslash;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | backslashes | controls) & HIGHS
}

/// Where the first quote, backslash or control character stands from `at` on, and which it is.
#[inline(always)]
fn string_end(bytes: &[u8], mut at: usize) -> Result<(usize, u8), Broken> {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marks = specials(u64::from_le_bytes(*chunk));
        if marks != 0 {
            let end = at + (marks.trailing_zeros() / 8) as usize;
            return Ok((end, byte(bytes, end)?));
        }
        at += 8;
    }
    loop {
        match byte(bytes, at)? {
            special @ (b'"' | b'\\' | 0..0x20) => return Ok((at, special)),
            _ => at += 1,
        }
    }
}

/// Decodes a string from `from` into `out` and returns where its closing quote stands; `special` is
/// the first byte in it that needs care.
fn decode_string(
    line: &str,
    mut from: usize,
    mut special: usize,
    out: &mut String,
    mended: &mut bool,
) -> Result<usize, Broken> {
    let bytes = line.as_bytes();
    loop {
        out.push_str(line.get(from..special).ok_or(Broken)?);
        match byte(bytes, special)? {
            b'"' => return Ok(special),
            b'\\' => from = unescape(line, special + 1, out, mended)?,
            control => {
                *mended = true;
                out.push(char::from(control));
                from = special + 1;
            }
        }
        (special, _) = string_end(bytes, from)?;
    }
}

/// Decodes the escape whose letter stands at `at`; returns where the text goes on.
#[inline(always)]
fn unescape(line: &str, at: usize, out: &mut String, mended: &mut bool) -> Result<usize, Broken> {
    let bytes = line.as_bytes();
    let plain = match byte(bytes, at)? {
        letter @ (b'"' | b'\\' | b'/') => char::from(letter),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unescape_unicode(bytes, at + 1, out, mended),
        _ => {
            // Not JSON (`\x41`, `\'`): the backslash stays, what follows is read as text.
            *mended = true;
            out.push('\\');
            return Ok(at);
        }
    };
    out.push(plain);
    Ok(at + 1)
}

/// Decodes the four digits of `\uXXXX` at `at`, and the second half of a surrogate pair.
fn unescape_unicode(bytes: &[u8], at: usize, out: &mut String, mended: &mut bool) -> Result<usize, Broken> {
    let Some(high) = four_digits(bytes, at) else {
        *mended = true;
        out.push_str("\\u");
        return Ok(at);
    };
    let mut end = at + 4;
    let mut code = u32::from(high);
    if (0xd800..0xdc00).contains(&high)
        && bytes.get(end..end + 2) == Some(b"\\u")
        && let Some(low) = four_digits(bytes, end + 2).filter(|low| (0xdc00..0xe000).contains(low))
    {
        code = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
        end += 6;
    }
    out.push(char::from_u32(code).unwrap_or_else(|| {
        *mended = true;
        char::REPLACEMENT_CHARACTER
    }));
    Ok(end)
}

fn four_digits(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 4)?.iter().try_fold(0u16, |code, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(code << 4 | digit as u16)
    })
}

/// Where a number of RFC 8259's grammar ends.
#[inline(always)]
fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let from = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut at = digits(from);
    if at == from || (bytes.get(from) == Some(&b'0') && at > from + 1) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let fraction = at + 1;
        at = digits(fraction);
        if at == fraction {
            return None;
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = at + 1 + sign;
        at = digits(exponent);
        if at == exponent {
            return None;
        }
    }
    Some(at)
}

/// Where the container that opens at `at` ends. Brackets are counted outside of strings, their kinds
/// are not compared: the text is kept, not understood.
fn skip_container(bytes: &[u8], mut at: usize) -> Result<usize, Broken> {
    let mut depth = 0usize;
    loop {
        match byte(bytes, at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            b'"' => at = skip_string(bytes, at + 1)?,
            _ => {}
        }
        at += 1;
    }
}

/// Where the string that starts at `at` has its closing quote.
fn skip_string(bytes: &[u8], mut at: usize) -> Result<usize, Broken> {
    loop {
        match string_end(bytes, at)? {
            (end, b'"') => return Ok(end),
            (end, b'\\') => at = end + 2,
            (end, _) => at = end + 1,
        }
    }
}

/// Cuts a text to at most `limit` bytes, between characters.
fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}
