//! JSON objects straight into fields: one pass, no tree, no recursion.
//!
//! A strict parser is strict for those who send data to each other; a log is evidence, and whoever may break a
//! line must not make it disappear. So everything that can be read is read, and [`Verdict::Mended`] says that
//! the text was not what RFC 8259 asks for: an end that is missing, text after the end, commas too many or too
//! few, comments, single quotes, keys and values without quotes, raw control characters, lone surrogates and
//! unknown escapes (U+FFFD), containers below [`DEPTH_LIMIT`] (they stay text). Numbers are never converted.
//! Only a text without one member is no object.

mod mend;

use super::DEPTH_LIMIT;
use super::keys::{After, EntryId, Keys, NONE, ROOT, join};
use super::line::Line;
use crate::event::number::{to_u16, to_u32, to_usize};
use crate::event::{Event, Flags, Kind, Origin, PathId, PathNames, Paths, Span};

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Clean,
    Mended,
    /// No JSON object; the event must be rewound.
    Broken,
}

/// Reads objects and remembers their keys.
pub(super) struct Parser {
    keys: Keys,
    stack: Vec<Container>,
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
    /// Where the text goes on after something in the place of a member that was none.
    resume: usize,
    /// Before this place no quote ends a text with quotes in it.
    no_end_before: usize,
    /// Where the object ended, if it did.
    end: Option<usize>,
    /// Where the line that is being read stands in the event's buffer.
    base: u32,
    origin: Origin,
}

/// A container that is still open.
#[derive(Clone, Copy)]
struct Container {
    slot: Slot,
    array: bool,
    /// The last key of an object, or where its first is to be expected.
    after: After,
    /// Serial number of the object.
    serial: u32,
    /// Its own field; an object that is the line itself has none.
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

/// The text ended before the object did.
pub(super) struct Ended;

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
            resume: 0,
            no_end_before: 0,
            end: None,
            base: 0,
            origin: Origin::Line,
        }
    }

    /// The path of a key at the top of a line, if it can be interned.
    pub(super) fn top_path(&mut self, key: &str) -> Option<PathId> {
        self.keys.find(ROOT, key).map(|id| self.keys.path(id))
    }

    /// Reads the object that the line starts with, as far as it goes; [`Parser::end`] says where it ended. When
    /// `cut`, nobody expects an end. On [`Verdict::Broken`] the event must be rewound.
    pub(super) fn parse(&mut self, line: Line<'_>, cut: bool, event: &mut Event) -> Verdict {
        let top = Slot { entry: ROOT, path: PathId::OVERFLOW, name: (0, 0), dotted: false };
        self.origin = Origin::Line;
        self.parse_at(top, line, cut, event)
    }

    /// Reads an object whose members belong to the event under a name of their own.
    pub(super) fn parse_under(&mut self, name: &str, line: Line<'_>, event: &mut Event) {
        let Some(entry) = self.keys.find(ROOT, name) else { return };
        let slot = Slot { entry, path: self.keys.path(entry), name: (0, 0), dotted: false };
        let mark = event.mark();
        self.origin = Origin::Line;
        if self.parse_at(slot, line, false, event) == Verdict::Broken {
            event.rewind(mark);
        }
    }

    /// Reads an object that a text of the event holds: its members are found under the name of the text.
    pub(super) fn parse_quoted(&mut self, path: PathId, line: Line<'_>, event: &mut Event) {
        let mark = event.mark();
        if self.quoted(path, line, event) == Verdict::Broken {
            event.rewind(mark);
        }
    }

    /// The same, if the object is flawless and all of the line; else the event must be rewound.
    pub(super) fn parse_strictly_quoted(&mut self, path: PathId, line: Line<'_>, event: &mut Event) -> bool {
        self.quoted(path, line, event) == Verdict::Clean
    }

    fn quoted(&mut self, path: PathId, line: Line<'_>, event: &mut Event) -> Verdict {
        let slot = Slot { entry: NONE, path, name: (0, 0), dotted: false };
        self.origin = Origin::Quoted;
        let flags = event.meta.flags;
        let verdict = self.parse_at(slot, line, false, event);
        event.meta.flags = flags;
        verdict
    }

    fn parse_at(&mut self, slot: Slot, line: Line<'_>, cut: bool, event: &mut Event) -> Verdict {
        self.base = line.base;
        let first_field = event.fields().len();
        let line = line.text;
        self.stack.clear();
        self.names.clear();
        self.dotted.clear();
        self.nested = false;
        self.mended = false;
        self.no_end_before = 0;
        self.end = self.object(slot, line, event).ok();
        if self.end.is_none() {
            self.mended |= !cut;
            self.close_all(line.len(), first_field, event);
        }
        let complete = self.end.is_some_and(|end| rest_is_blank(line.as_bytes(), end));
        self.mended |= !complete && !cut;
        if self.mended && !(event.fields().len() > first_field && (complete || begins_with_a_key(line))) {
            return Verdict::Broken;
        }
        if self.nested && !self.dotted.is_empty() {
            self.prefer_flat(event);
        }
        if self.mended { Verdict::Mended } else { Verdict::Clean }
    }

    /// All names.
    pub(super) fn names(&self) -> std::sync::RwLockReadGuard<'_, PathNames> {
        self.keys.names()
    }

    /// Where the last object ended in its line; `None`: with the line, unfinished.
    pub(super) fn end(&self) -> Option<usize> {
        self.end
    }

    fn object(&mut self, root: Slot, line: &str, event: &mut Event) -> Result<usize, Ended> {
        let bytes = line.as_bytes();
        let mut at = 1;
        let mut container = self.open(root, false, None);
        let mut first = true;
        loop {
            at = skip_white(bytes, at);
            let closing = if container.array { b']' } else { b'}' };
            if byte(bytes, at)? == closing {
                self.mended |= !first;
            } else {
                match self.item(line, at, &mut container, event)? {
                    Value::Scalar(end) => at = skip_white(bytes, end),
                    Value::Opens { slot, opening, field } => {
                        at = opening + 1;
                        let array = bytes.get(opening) == Some(&b'[');
                        self.stack.push(container);
                        container = self.open(slot, array, field);
                        first = true;
                        continue;
                    }
                }
            }
            // A value or a container has ended: what follows it?
            loop {
                match byte(bytes, at)? {
                    b',' => {
                        at += 1;
                        first = false;
                        break;
                    }
                    b'}' if !container.array => at += 1,
                    b']' if container.array => at += 1,
                    _ => match self.mend_end(line, at, container.array, event)? {
                        Next::Item(next) => {
                            at = next;
                            first = false;
                            break;
                        }
                        Next::Closed(next) => at = next,
                    },
                }
                self.close(&container, at, event);
                match self.stack.pop() {
                    Some(outer) => container = outer,
                    None if goes_on(bytes, at) => self.mended = true,
                    None => return Ok(at),
                }
                at = skip_white(bytes, at);
            }
        }
    }

    /// Reads a member of an object or an element of an array, which starts at `at`.
    #[inline(always)]
    fn item(
        &mut self,
        line: &str,
        at: usize,
        container: &mut Container,
        event: &mut Event,
    ) -> Result<Value, Ended> {
        if container.array {
            return self.value(line, at, container.slot, event);
        }
        let Some((slot, at)) = self.member(line, at, container, event)? else {
            return Ok(Value::Scalar(self.resume));
        };
        let fields = to_u32(event.fields().len());
        let value = self.value(line, at, slot, event)?;
        if slot.dotted && matches!(value, Value::Scalar(_)) {
            self.note_dotted(fields, event);
        }
        Ok(value)
    }

    /// Something else than a comma or the end of the container follows a value: finds where it goes on.
    #[cold]
    fn mend_end(&mut self, line: &str, mut at: usize, array: bool, event: &mut Event) -> Result<Next, Ended> {
        self.mended = true;
        let bytes = line.as_bytes();
        loop {
            at = skip_white(bytes, at);
            match byte(bytes, at)? {
                b',' => return Ok(Next::Item(at + 1)),
                b'}' if !array => return Ok(Next::Closed(at + 1)),
                b']' if array => return Ok(Next::Closed(at + 1)),
                b'}' if self.stack.iter().any(|outer| !outer.array) => return Ok(Next::Closed(at)),
                b']' if self.stack.iter().any(|outer| outer.array) => return Ok(Next::Closed(at)),
                b'}' | b']' => at += 1,
                // A comma is missing.
                b'"' => return Ok(Next::Item(at)),
                b'{' | b'[' | b'0'..=b'9' | b'-' if array => return Ok(Next::Item(at)),
                _ => at = self.step_over(bytes, at, event),
            }
        }
    }

    /// Where something ends that has no meaning. If it follows a text in quotes, the text was meant to go on.
    fn step_over(&mut self, bytes: &[u8], at: usize, event: &mut Event) -> usize {
        if let Some(end) = mend::comment_end(bytes, at) {
            return end;
        }
        let before = bytes.get(..at).unwrap_or_default().trim_ascii_end();
        if let Some(quote @ (b'"' | b'\'')) = before.last().copied()
            && at >= self.no_end_before
        {
            match mend::real_end(bytes, quote, at) {
                Ok(end) => {
                    self.extend_text(before.len() - 1, end, event);
                    return end + 1;
                }
                Err(looked) => self.no_end_before = looked,
            }
        }
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let next = rest.iter().position(|byte| matches!(byte, b',' | b'"' | b'}' | b']'));
        at + 1 + next.unwrap_or(rest.len())
    }

    /// The text that seemed to end at `quote` reaches to `end`; one that had to be decoded stays as it is.
    fn extend_text(&self, quote: usize, end: usize, event: &mut Event) {
        let (quote, end) = (self.base + to_u32(quote), self.base + to_u32(end));
        if let Some(field) = event.fields_mut().last_mut()
            && field.kind == Kind::String
            && field.span.start + field.span.len == quote
        {
            field.span.len = end - field.span.start;
        }
    }

    fn open(&mut self, slot: Slot, array: bool, field: Option<u32>) -> Container {
        self.serial = self.serial.wrapping_add(1).max(1);
        Container {
            slot,
            array,
            after: After::Opening(slot.entry),
            serial: self.serial,
            field,
            names: to_u32(self.names.len()),
            dotted_from: if slot.dotted { field } else { None },
        }
    }

    fn close(&mut self, container: &Container, end: usize, event: &mut Event) {
        if let Some(field) = container.field
            && let Some(field) = event.fields_mut().get_mut(to_usize(field))
        {
            field.span.len = self.base + to_u32(end) - field.span.start;
        }
        self.names.truncate(to_usize(container.names));
        if let Some(from) = container.dotted_from {
            self.note_dotted(from, event);
        }
    }

    /// Ends the containers that a cut line left open.
    fn close_all(&self, end: usize, first_field: usize, event: &mut Event) {
        for field in event.fields_mut().iter_mut().skip(first_field) {
            if field.kind.is_container() && field.span.len == 0 {
                field.span.len = self.base + to_u32(end) - field.span.start;
            }
        }
    }

    /// Reads a key, its colon and the white space after it; returns where its value goes and starts. `None`:
    /// no key stands there, and [`Parser::resume`] says where the text goes on.
    #[inline(always)]
    fn member(
        &mut self,
        line: &str,
        at: usize,
        container: &mut Container,
        event: &mut Event,
    ) -> Result<Option<(Slot, usize)>, Ended> {
        let bytes = line.as_bytes();
        let (id, end) = match self.keys.predict(container.after, bytes, at) {
            Some((id, length)) => (id, at + length),
            None => {
                let Some(end) = self.read_key(line, at)? else { return Ok(None) };
                let known = container.slot.entry != NONE;
                match if known { self.keys.find(container.slot.entry, &self.key) } else { None } {
                    Some(id) => {
                        self.keys.learn(container.after, id);
                        (id, end)
                    }
                    None => return Ok(Some((self.overflow_slot(container, event), skip_white(bytes, end)))),
                }
            }
        };
        container.after = After::Key(id);
        let entry = self.keys.entry_mut(id).ok_or(Ended)?;
        event.meta.flags.set_if(entry.seen == container.serial, Flags::DUPLICATE_KEYS);
        entry.seen = container.serial;
        let slot = Slot { entry: id, path: entry.path, name: (0, 0), dotted: entry.dotted };
        Ok(Some((slot, skip_white(bytes, end))))
    }

    /// Decodes the key at `at` into `self.key`; gives the place after its colon.
    #[cold]
    fn read_key(&mut self, line: &str, at: usize) -> Result<Option<usize>, Ended> {
        let bytes = line.as_bytes();
        if byte(bytes, at)? != b'"' {
            return self.read_odd_key(line, at);
        }
        let from = at + 1;
        let (quote, special) = string_end(bytes, from)?;
        let mut end = quote;
        self.key.clear();
        if special == b'"' {
            self.key.push_str(line.get(from..quote).ok_or(Ended)?);
        } else {
            end = decode_string(line, from, quote, &mut self.key, &mut self.mended)?;
        }
        self.read_colon(bytes, end + 1)
    }

    fn read_colon(&mut self, bytes: &[u8], after_key: usize) -> Result<Option<usize>, Ended> {
        let colon = skip_white(bytes, after_key);
        if byte(bytes, colon)? == b':' {
            return Ok(Some(colon + 1));
        }
        self.mended = true;
        let length = mend::colon(bytes, colon);
        if length == 0 {
            self.resume = after_key;
            return Ok(None);
        }
        Ok(Some(colon + length))
    }

    /// A key in single quotes or without any, or something that is no key.
    fn read_odd_key(&mut self, line: &str, at: usize) -> Result<Option<usize>, Ended> {
        let bytes = line.as_bytes();
        self.mended = true;
        self.key.clear();
        if let Some(end) = mend::comment_end(bytes, at) {
            self.resume = end;
            return if byte(bytes, skip_white(bytes, end))? == b',' {
                Ok(None)
            } else {
                self.read_key_after(line, end)
            };
        }
        // Ruby: `:key=>1`; Python 2: `u'key': 1`.
        let at = at + usize::from(bytes.get(at) == Some(&b':') || is_prefix(bytes, at));
        match byte(bytes, at)? {
            b'"' => self.read_key(line, at),
            b'\'' => {
                let (end, closed) = mend::single_quoted(line, at + 1, &mut self.key);
                if closed { self.read_colon(bytes, end) } else { Err(Ended) }
            }
            _ => {
                let end = mend::bare_key_end(bytes, at);
                self.key.push_str(line.get(at..end).ok_or(Ended)?);
                if end == at {
                    self.resume = at + usize::from(!matches!(byte(bytes, at)?, b',' | b'}' | b']'));
                    return Ok(None);
                }
                self.read_colon(bytes, end)
            }
        }
    }

    /// The key after a comment, of which there may be several.
    fn read_key_after(&mut self, line: &str, comment_end: usize) -> Result<Option<usize>, Ended> {
        let bytes = line.as_bytes();
        let mut at = skip_white(bytes, comment_end);
        while let Some(end) = mend::comment_end(bytes, at) {
            at = skip_white(bytes, end);
        }
        match byte(bytes, at)? {
            b'}' | b']' => {
                self.resume = at;
                Ok(None)
            }
            _ => self.read_key(line, at),
        }
    }

    /// A slot for the key in `self.key`, whose path has no entry. Names that are asked for are found all the same.
    fn overflow_slot(&mut self, container: &Container, event: &mut Event) -> Slot {
        self.names.truncate(to_usize(container.names));
        let start = self.names.len();
        if container.slot.entry != NONE {
            self.keys.push_name(container.slot.entry, &mut self.names);
        } else if container.slot.path != PathId::OVERFLOW {
            self.names.push_str(self.keys.names().name(container.slot.path));
        } else {
            let (from, to) = container.slot.name;
            let parent = self.names.get(to_usize(from)..to_usize(to)).unwrap_or_default().to_owned();
            self.names.push_str(&parent);
        }
        join(&mut self.names, container.slot.entry == ROOT, &self.key);
        let longest = self.keys.names().longest().max(Paths::NAME_LIMIT);
        let whole = self.names.len() - start <= longest;
        shorten(&mut self.names, start + longest);
        event.meta.flags.set_if(!whole, Flags::OUT_OF_BOUNDS);
        let name = self.names.get(start..).unwrap_or_default();
        let path = if whole { self.keys.names().find(name) } else { None };
        Slot {
            entry: NONE,
            path: path.unwrap_or(PathId::OVERFLOW),
            name: (to_u32(start), to_u32(self.names.len())),
            dotted: false,
        }
    }

    /// Reads a scalar, or the bracket that opens a container.
    #[inline(always)]
    fn value(&mut self, line: &str, at: usize, slot: Slot, event: &mut Event) -> Result<Value, Ended> {
        let bytes = line.as_bytes();
        match byte(bytes, at)? {
            b'"' => self.string(line, at + 1, slot, event).map(Value::Scalar),
            opening @ (b'{' | b'[') => {
                let array = opening == b'[';
                let kind = if array { Kind::Array } else { Kind::Object };
                if self.stack.len() + 1 >= DEPTH_LIMIT {
                    let end = skip_container(bytes, at).unwrap_or(bytes.len());
                    self.mended = true;
                    event.meta.flags.set(Flags::OUT_OF_BOUNDS);
                    self.push(slot, kind, self.span(at, end), event);
                    return Ok(Value::Scalar(end));
                }
                self.nested |= !array;
                let field = Some(self.push(slot, kind, self.span(at, at), event));
                Ok(Value::Opens { slot, opening: at, field })
            }
            b't' => self.word(line, at, Kind::True, slot, event),
            b'f' => self.word(line, at, Kind::False, slot, event),
            b'n' => self.word(line, at, Kind::Null, slot, event),
            b'-' | b'0'..=b'9' => self.number(line, at, slot, event),
            _ => self.odd_value(line, at, slot, event),
        }
    }

    #[inline(always)]
    fn string(&mut self, line: &str, from: usize, slot: Slot, event: &mut Event) -> Result<usize, Ended> {
        let (end, special) = match string_end(line.as_bytes(), from) {
            Ok(found) => found,
            Err(ended) => {
                self.push(slot, Kind::String, self.span(from, line.len()), event);
                return Err(ended);
            }
        };
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
    ) -> Result<usize, Ended> {
        let start = event.begin_text();
        let end = decode_string(line, from, special, event.text_mut(), &mut self.mended);
        let decoded = Span { start: to_u32(start), len: to_u32(event.buffer().len() - start) };
        self.push(slot, Kind::String, decoded, event);
        Ok(end? + 1)
    }

    #[inline(always)]
    fn word(
        &mut self,
        line: &str,
        at: usize,
        kind: Kind,
        slot: Slot,
        event: &mut Event,
    ) -> Result<Value, Ended> {
        let word: &[u8] = match kind {
            Kind::True => b"true",
            Kind::False => b"false",
            _ => b"null",
        };
        let rest = line.as_bytes().get(at..).unwrap_or_default();
        if !rest.starts_with(word) || rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric) {
            return self.odd_value(line, at, slot, event);
        }
        self.push(slot, kind, self.span(at, at + word.len()), event);
        Ok(Value::Scalar(at + word.len()))
    }

    #[inline(always)]
    fn number(&mut self, line: &str, at: usize, slot: Slot, event: &mut Event) -> Result<Value, Ended> {
        let bytes = line.as_bytes();
        match number_end(bytes, at) {
            Some(end) if ends_a_value(bytes.get(end)) => {
                self.push(slot, Kind::Number, self.span(at, end), event);
                Ok(Value::Scalar(end))
            }
            _ => self.odd_value(line, at, slot, event),
        }
    }

    /// What stands in the place of a value and is none of JSON's: in single quotes, or a bare word.
    #[cold]
    fn odd_value(
        &mut self,
        line: &str,
        mut at: usize,
        slot: Slot,
        event: &mut Event,
    ) -> Result<Value, Ended> {
        self.mended = true;
        let bytes = line.as_bytes();
        let mut commented = false;
        while let Some(end) = mend::comment_end(bytes, at) {
            at = skip_white(bytes, end);
            commented = true;
        }
        at += usize::from(is_prefix(bytes, at));
        match byte(bytes, at)? {
            b'\'' => self.single_quoted(line, at + 1, slot, event),
            b'"' => self.string(line, at + 1, slot, event).map(Value::Scalar),
            _ if commented => self.value(line, at, slot, event),
            _ => {
                let end = mend::bare_end(bytes, at);
                let text = line.get(at..end).unwrap_or_default().trim_end();
                if !text.is_empty() {
                    let kind = if number_end(text.as_bytes(), 0) == Some(text.len()) {
                        Kind::Number
                    } else {
                        mend::bare_kind(text)
                    };
                    self.push(slot, kind, self.span(at, at + text.len()), event);
                }
                Ok(Value::Scalar(end))
            }
        }
    }

    fn single_quoted(
        &mut self,
        line: &str,
        from: usize,
        slot: Slot,
        event: &mut Event,
    ) -> Result<Value, Ended> {
        let start = event.begin_text();
        let (end, _) = mend::single_quoted(line, from, event.text_mut());
        let decoded = Span { start: to_u32(start), len: to_u32(event.buffer().len() - start) };
        self.push(slot, Kind::String, decoded, event);
        Ok(Value::Scalar(end))
    }

    #[inline(always)]
    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.base + to_u32(start), len: to_u32(end - start) }
    }

    /// Adds a field and returns its index.
    #[inline(always)]
    fn push(&mut self, slot: Slot, kind: Kind, span: Span, event: &mut Event) -> u32 {
        let index = event.fields().len();
        if slot.path == PathId::OVERFLOW {
            let name = self.names.get(to_usize(slot.name.0)..to_usize(slot.name.1)).unwrap_or_default();
            event.push_overflow(name, kind, span, self.origin);
        } else {
            event.push(slot.path, kind, span, self.origin);
        }
        to_u32(index)
    }

    fn note_dotted(&mut self, from: u32, event: &Event) {
        let to = to_u32(event.fields().len());
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
            let range = to_usize(*from)..to_usize(*to);
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
    /// A container whose bracket stands at `opening`.
    Opens { slot: Slot, opening: usize, field: Option<u32> },
}

/// How a text goes on after something that does not belong there.
enum Next {
    /// With another item of the container.
    Item(usize),
    /// The container has ended.
    Closed(usize),
}

/// Whether another member follows the end of an object, which then was no end.
#[inline(always)]
fn goes_on(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    !rest.is_empty()
        && matches!(
            rest.trim_ascii_start().strip_prefix(b",").map(<[u8]>::trim_ascii_start),
            Some([b'"' | b'\'', ..])
        )
}

/// Whether the first thing in the braces is a key in quotes, or nothing at all: prose in braces is no object.
fn begins_with_a_key(line: &str) -> bool {
    let inside = line.get(1..).unwrap_or_default().trim_start();
    inside.starts_with(['"', '\'', ':', '/', ',']) || is_prefix(inside.as_bytes(), 0)
}

/// `u'`, `b"` and their kin, which Python writes before a text.
fn is_prefix(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..), Some([b'u' | b'U' | b'b' | b'B' | b'r' | b'R', b'"' | b'\'', ..]))
}

/// Whether a number may stand before this byte.
#[inline(always)]
fn ends_a_value(byte: Option<&u8>) -> bool {
    !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-'))
}

#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> Result<u8, Ended> {
    bytes.get(at).copied().ok_or(Ended)
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
fn string_end(bytes: &[u8], mut at: usize) -> Result<(usize, u8), Ended> {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marks = specials(u64::from_le_bytes(*chunk));
        if marks != 0 {
            let end = at + to_usize(marks.trailing_zeros() / 8);
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
) -> Result<usize, Ended> {
    let bytes = line.as_bytes();
    loop {
        out.push_str(line.get(from..special).ok_or(Ended)?);
        match byte(bytes, special)? {
            b'"' => return Ok(special),
            b'\\' => from = unescape(line, special + 1, out, mended)?,
            control => {
                *mended = true;
                out.push(char::from(control));
                from = special + 1;
            }
        }
        special = match string_end(bytes, from) {
            Ok((special, _)) => special,
            Err(ended) => {
                out.push_str(line.get(from..).unwrap_or_default());
                return Err(ended);
            }
        };
    }
}

/// Decodes the escape whose letter stands at `at`; returns where the text goes on.
#[inline(always)]
fn unescape(line: &str, at: usize, out: &mut String, mended: &mut bool) -> Result<usize, Ended> {
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
fn unescape_unicode(bytes: &[u8], at: usize, out: &mut String, mended: &mut bool) -> Result<usize, Ended> {
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
        Some(code << 4 | to_u16(digit))
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
pub(super) fn skip_container(bytes: &[u8], mut at: usize) -> Result<usize, Ended> {
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
pub(super) fn skip_string(bytes: &[u8], mut at: usize) -> Result<usize, Ended> {
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
