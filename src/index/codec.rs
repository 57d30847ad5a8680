//! The stored form of a document: enough to rebuild an [`event::Record`](crate::event::Record) to
//! the letter.
//!
//! Two parts. The *line* is text: the raw line, then every value that does not stand in it as it
//! is (unescaped strings, joined fields). The *form* is numbers and bytes: for each field its name, its kind
//! and where its value stands in the line, as variable-length integers.
//! Canonical names are numbers of a list that only grows; a name that stands just before its
//! value, as in `"user":"alice"` or `user=alice`, is told by its distance and length; a value that
//! an earlier field has, too, is told by how many fields ago that was. What lines of one shape have
//! in common (names, kinds, distances) stands together, apart from the lengths and numbers that differ: a
//! [block](super::block) holds each shape once.

use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::event::number::{to_u32, to_u64, to_usize};
use crate::event::{
    Event, EventId, Flags, Format, GenerationId, Kind, LogLevel, Origin, Outcome, PathNames, Record,
    RecordField, Span, TimeQuality, Timestamp, canonical,
};

/// First byte of a shape.
const VERSION: u8 = 3;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    Event,
    /// The line is the JSON of a [`Alert`](crate::alert::Alert).
    Alert,
    /// The line is the JSON of an [`event::Gap`](crate::event::Gap).
    Gap,
}

/// Names told by their position in this list. Append only: stored records hold the positions.
const NAMES: &[&str] = &[
    "@timestamp",
    "message",
    "correlation.id",
    "log.level",
    "log.logger",
    "service.name",
    "service.environment",
    "host.name",
    "event.action",
    "event.category",
    "event.outcome",
    "event.code",
    "event.reason",
    "event.duration",
    "user.name",
    "user.id",
    "user.email",
    "source.ip",
    "source.port",
    "http.request.headers.x-forwarded-for",
    "user_agent.original",
    "http.request.method",
    "url.path",
    "url.query",
    "url.domain",
    "http.response.status_code",
    "http.response.body.bytes",
    "http.request.referrer",
    "http.version",
    "error.type",
    "error.message",
    "error.stack_trace",
    "organization.id",
    "session.id",
    "rule.name",
    "event.risk_score",
    "process.pid",
    "process.name",
    "db.statement",
    "db.name",
    "soctop.breaker.name",
    "soctop.breaker.state",
    "tls.version",
    "pgaudit.class",
    "pgaudit.command",
    "pgaudit.object.type",
    "pgaudit.object.name",
    "timestamp",
    "level",
    "logger",
    "event",
    "correlation_id",
    "request_id",
    "trace_id",
    "user",
    "username",
    "ip",
    "client_ip",
    "status",
    "method",
    "path",
    "duration_ms",
    "service",
    "soctop.api_key",
    "soctop.request.decoded",
    "soctop.correlation.rejected",
    "event.type",
    "user.target.name",
    "group.name",
    "soctop.dependency",
    "soctop.original.action",
    "soctop.fact.confidence",
    "soctop.fact.entry",
    "soctop.fact.contested",
    "soctop.fact.count",
    "soctop.fact.echo",
    "soctop.attack.families",
    "soctop.attack.score",
    "soctop.attack.signals",
    "soctop.attack.place",
    "soctop.attack.payload",
    "soctop.attack.hidden",
    "soctop.attack.weak",
    "soctop.fact.until",
    "soctop.breaker.id",
    "soctop.breaker.word",
    "soctop.breaker.service",
];

static NAME_CODES: LazyLock<HashMap<&'static str, u64>> =
    LazyLock::new(|| NAMES.iter().zip(0..).map(|(name, code)| (*name, code)).collect());
static SHARED_NAMES: LazyLock<Vec<Arc<str>>> =
    LazyLock::new(|| NAMES.iter().map(|name| Arc::from(*name)).collect());

/// Flag of a field whose value an earlier field has, too.
const SAME_VALUE: u64 = 8;
/// Where the number of a name begins, after two bits of form and four flags.
const NAME_SHIFT: u32 = 6;

/// How the name of a field is told; the two lowest bits of a field's first number.
const NAME_LISTED: u64 = 0;
const NAME_INLINE: u64 = 1;
const NAME_BEFORE: u64 = 2;

/// Why a stored document cannot be read. Only damage on disk or another format can cause it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a stored record is not readable: {0}")]
pub struct Unreadable(pub &'static str);

/// Where values of an event stand in its stored line. Values inside the raw line stay where they
/// are; others are appended once.
pub struct LineWriter<'l> {
    line: &'l mut String,
    start: usize,
    raw_len: u32,
    /// Spans appended last and where they went: canonical fields repeat those of the original.
    recent: [(Span, u32); 8],
    next: usize,
}

impl<'l> LineWriter<'l> {
    /// Starts with the raw line at the end of `line`.
    pub fn new(event: &Event, line: &'l mut String) -> Self {
        let start = line.len();
        line.push_str(event.raw());
        let none = (Span { start: u32::MAX, len: 0 }, 0);
        Self { line, start, raw_len: event.raw_span().len, recent: [none; 8], next: 0 }
    }

    /// The place of `span` in the stored line.
    pub fn place(&mut self, event: &Event, span: Span) -> Span {
        let text = event.text(span);
        if text.is_empty() {
            return Span::default();
        }
        if span.start.saturating_add(span.len) <= self.raw_len {
            return span;
        }
        if let Some((_, start)) = self.recent.iter().find(|(recent, _)| *recent == span) {
            return Span { start: *start, len: span.len };
        }
        let start = to_u32(self.line.len() - self.start);
        self.line.push_str(text);
        self.recent[self.next % self.recent.len()] = (span, start);
        self.next += 1;
        Span { start, len: span.len }
    }
}

/// The stored form of a document, beside its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredForm {
    /// What is greater by little than for the document before.
    pub numbers: Numbers,
    /// The shape, which lines of one make have in common, then the lengths of the values.
    bytes: Vec<u8>,
    shape_len: usize,
}

/// Number, place in the file, time, arrival (both in nanoseconds), line number and bytes of the raw line of an
/// event.
pub type Numbers = [i64; 6];

/// A form as it is read back.
#[derive(Clone, Copy, Debug)]
pub struct FormView<'f> {
    pub numbers: Numbers,
    pub shape: &'f [u8],
    pub lengths: &'f [u8],
}

impl StoredForm {
    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub fn view(&self) -> FormView<'_> {
        let (shape, lengths) = self.bytes.split_at(self.shape_len.min(self.bytes.len()));
        FormView { numbers: self.numbers, shape, lengths }
    }

    fn end_shape(&mut self, lengths: &Lengths) {
        self.shape_len = self.bytes.len();
        lengths.write(&mut self.bytes);
    }
}

/// Writes the form of `event` and its stored line. Returns the place of the message in the line.
pub fn encode_event(
    event: &Event,
    names: &PathNames,
    source: &str,
    line: &mut String,
    form: &mut StoredForm,
) -> Span {
    let start = line.len();
    let mut places = LineWriter::new(event, line);
    let first = |path| event.fields().iter().find(|field| field.path == path).map(|field| field.span);
    let message_span = first(canonical::MESSAGE).unwrap_or(event.raw_span());
    let service_span = first(canonical::SERVICE_NAME).unwrap_or_default();
    let message = places.place(event, message_span);
    let service = places.place(event, service_span);
    form.numbers = numbers(event);
    form.bytes.clear();
    let record = &mut form.bytes;
    write_head(event, source, record);
    let mut lengths = Lengths::default();
    let scalars = event.fields().iter().enumerate().filter(|(_, field)| !field.kind.is_container());
    write_number(record, to_u64(scalars.clone().count()));
    let mut spans = RecentSpans::default();
    let mut previous_end = 0;
    for (index, field) in scalars.clone() {
        let flags = u64::from(field.kind == Kind::String)
            | u64::from(field.origin == Origin::Canonical) << 1
            | u64::from(field.origin == Origin::Joined) << 2;
        let name = event.name(index, names);
        if let Some(back) = spans.back(field.span) {
            write_name(record, name, flags | SAME_VALUE, &[], Span::default());
            write_number(record, back);
            continue;
        }
        let place = places.place(event, field.span);
        let raw = places.line.as_bytes().get(start..).unwrap_or_default();
        write_name(record, name, flags, raw, place);
        write_signed(record, i64::from(place.start) - previous_end);
        lengths.push(place.len);
        previous_end = i64::from(place.start) + i64::from(place.len);
    }
    for (span, place) in [(message_span, message), (service_span, service)] {
        // Most often a field has the same value.
        match scalars.clone().position(|(_, field)| field.span == span && span.len > 0) {
            Some(field) => write_number(record, to_u64(field) + 1),
            None => {
                write_number(record, 0);
                write_number(record, u64::from(place.start));
                lengths.push(place.len);
            }
        }
    }
    form.end_shape(&lengths);
    message
}

fn numbers(event: &Event) -> Numbers {
    let meta = &event.meta;
    let time = meta.time.unwrap_or(meta.ingested);
    let raw_len = i64::from(event.raw_span().len);
    [meta.seq as i64, meta.offset as i64, time.0, meta.ingested.0, meta.line as i64, raw_len]
}

/// Lengths are kept apart from the shape and read in the order in which they were met.
#[derive(Default)]
struct Lengths(SmallVec<[u32; 64]>);

impl Lengths {
    fn push(&mut self, length: u32) {
        self.0.push(length);
    }

    fn write(&self, record: &mut Vec<u8>) {
        self.0.iter().for_each(|length| write_number(record, u64::from(*length)));
    }
}

/// The places of the last fields whose value was written.
#[derive(Default)]
struct RecentSpans {
    spans: [Span; 32],
    written: usize,
}

impl RecentSpans {
    /// How many written values ago the same place was written, else notes that it is now. Places
    /// without text are always written.
    fn back(&mut self, span: Span) -> Option<u64> {
        if span.len == 0 {
            self.written += 1;
            self.spans[self.written % self.spans.len()] = span;
            return None;
        }
        let reach = self.written.min(self.spans.len() - 1);
        let found = (0..reach).find(|back| self.spans[(self.written - back) % self.spans.len()] == span);
        if found.is_none() {
            self.written += 1;
            self.spans[self.written % self.spans.len()] = span;
        }
        found.map(to_u64)
    }
}

/// The form of an alert or a gap; its line is JSON.
pub fn encode_other(kind: DocumentKind, number: u64, time: Timestamp) -> StoredForm {
    let bytes = vec![VERSION, kind_code(kind)];
    let numbers = [number as i64, 0, time.0, time.0, 0, 0];
    StoredForm { numbers, shape_len: bytes.len(), bytes }
}

fn write_head(event: &Event, source: &str, record: &mut Vec<u8>) {
    let meta = &event.meta;
    let level = LogLevel::parse(event.get(canonical::LOG_LEVEL).unwrap_or_default());
    record.push(VERSION);
    record.push(kind_code(DocumentKind::Event));
    record.extend_from_slice(&meta.generation.0.to_le_bytes());
    record.extend([
        time_quality_code(meta.time_quality),
        outcome_code(meta.outcome),
        format_code(meta.format),
        level_byte(level),
        meta.flags.bits(),
    ]);
    write_number(record, u64::from(meta.part));
    write_text(record, source);
}

/// A name: in the list, or just before its value, or spelled out.
fn write_name(record: &mut Vec<u8>, name: &str, flags: u64, line: &[u8], value: Span) {
    let flags = flags << 2;
    if let Some(code) = NAME_CODES.get(name) {
        return write_number(record, code << NAME_SHIFT | flags | NAME_LISTED);
    }
    let at = to_usize(value.start);
    let before = (1..=4).find(|distance| {
        value.len > 0
            && !name.is_empty()
            && at
                .checked_sub(*distance)
                .and_then(|end| line.get(..end))
                .is_some_and(|head| head.ends_with(name.as_bytes()))
    });
    if let Some(distance) = before {
        let told = to_u64(name.len()) << 2 | (to_u64(distance) - 1);
        write_number(record, told << NAME_SHIFT | flags | NAME_BEFORE);
    } else {
        write_number(record, to_u64(name.len()) << NAME_SHIFT | flags | NAME_INLINE);
        record.extend_from_slice(name.as_bytes());
    }
}

/// What a stored document is.
pub fn kind(form: &FormView<'_>) -> Result<DocumentKind, Unreadable> {
    match form.shape {
        [VERSION, 0, ..] => Ok(DocumentKind::Event),
        [VERSION, 1, ..] => Ok(DocumentKind::Alert),
        [VERSION, 2, ..] => Ok(DocumentKind::Gap),
        [VERSION, ..] => Err(Unreadable("unknown kind")),
        _ => Err(Unreadable("unknown version")),
    }
}

/// Rebuilds the record of an event.
pub fn decode_event(line: &str, form: &FormView<'_>, sources: &mut Names) -> Result<Record, Unreadable> {
    if kind(form)? != DocumentKind::Event {
        return Err(Unreadable("not an event"));
    }
    let [seq, offset, time, ingested, line_number, raw_len] = form.numbers;
    let mut bytes = Bytes(form.shape.get(2..).unwrap_or_default());
    let mut lengths = Bytes(form.lengths);
    let generation = GenerationId(u64::from_le_bytes(bytes.array()?));
    let time_quality = bytes.code(TIME_QUALITIES)?;
    let outcome = bytes.code(OUTCOMES)?;
    let format = bytes.code(FORMATS)?;
    let level = bytes.code(LEVELS)?;
    let flags = u8::from_le_bytes(bytes.array()?);
    let part = bytes.number()? as u32;
    let source = sources.shared(bytes.text()?);
    let raw_len = usize::try_from(raw_len).map_err(|_| Unreadable("raw line"))?;
    let count = to_usize(bytes.number()?);
    let mut fields = Vec::with_capacity(count.min(form.shape.len()));
    // Places of the values written so far, for fields that repeat one.
    let mut written: Vec<&str> = Vec::with_capacity(fields.capacity());
    let mut previous_end = 0_i64;
    for _ in 0..count {
        fields.push(bytes.field(line, &mut lengths, &mut previous_end, &mut written, sources)?);
    }
    let message = bytes.repeated(line, &mut lengths, &fields)?;
    let service = bytes.repeated(line, &mut lengths, &fields)?;
    let correlation_ids = fields
        .iter()
        .filter(|field| &*field.name == "correlation.id")
        .map(|field| field.value.clone())
        .collect();
    Ok(Record {
        event_id: EventId::of(generation, offset as u64).part(part),
        seq: seq as u64,
        time: Timestamp(time),
        time_quality,
        ingested: Timestamp(ingested),
        source,
        line: line_number as u64,
        outcome,
        flags: Flags::from_bits(flags),
        format,
        level,
        service,
        message,
        correlation_ids,
        fields,
        raw: line.get(..raw_len).ok_or(Unreadable("raw line"))?.to_owned(),
    })
}

/// Names and source paths met while decoding, shared by the records of one answer.
#[derive(Default)]
pub struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    /// An answer of many records repeats few names; hostile ones are not kept beyond this.
    const LIMIT: usize = 4_096;

    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(shared) = self.0.get(name) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = name.into();
        if self.0.len() < Self::LIMIT {
            self.0.insert(name.into(), Arc::clone(&shared));
        }
        shared
    }
}

struct Bytes<'r>(&'r [u8]);

impl<'r> Bytes<'r> {
    fn take(&mut self, len: usize) -> Result<&'r [u8], Unreadable> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(Unreadable("too short"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.take(N)?.try_into().map_err(|_| Unreadable("too short"))
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        let (number, len) = read_number(self.0)?;
        self.take(len)?;
        Ok(number)
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        self.number().map(signed)
    }

    fn code<T: Copy>(&mut self, values: &[T]) -> Result<T, Unreadable> {
        let [code] = self.array()?;
        values.get(usize::from(code)).copied().ok_or(Unreadable("code"))
    }

    fn text(&mut self) -> Result<&'r str, Unreadable> {
        let len = to_usize(self.number()?);
        std::str::from_utf8(self.take(len)?).map_err(|_| Unreadable("text"))
    }

    /// A text that a field has, too, or one with a place of its own.
    fn repeated(
        &mut self,
        line: &str,
        lengths: &mut Bytes<'_>,
        fields: &[RecordField],
    ) -> Result<String, Unreadable> {
        let text = match self.number()?.checked_sub(1) {
            None => text_at(line, self.number()?, lengths.number()?)?,
            Some(field) => {
                let field = usize::try_from(field).ok().and_then(|at| fields.get(at));
                field.map(|field| field.value.as_str()).ok_or(Unreadable("repeated text"))?
            }
        };
        Ok(text.to_owned())
    }

    fn field<'l>(
        &mut self,
        line: &'l str,
        lengths: &mut Bytes<'_>,
        previous_end: &mut i64,
        written: &mut Vec<&'l str>,
        names: &mut Names,
    ) -> Result<RecordField, Unreadable> {
        let head = self.number()?;
        let (form, flags, told) = (head & 3, head >> 2 & 15, head >> NAME_SHIFT);
        let inline = if form == NAME_INLINE { self.take(to_usize(told))? } else { &[] };
        let mut start = 0;
        let value = if flags & SAME_VALUE != 0 {
            let back = usize::try_from(self.number()?).map_err(|_| Unreadable("repeated value"))?;
            written.iter().rev().nth(back).copied().ok_or(Unreadable("repeated value"))?
        } else {
            start =
                u64::try_from(previous_end.wrapping_add(self.signed()?)).map_err(|_| Unreadable("span"))?;
            let value = text_at(line, start, lengths.number()?)?;
            *previous_end = start as i64 + value.len() as i64;
            written.push(value);
            value
        };
        let name = match form {
            NAME_LISTED => {
                let listed = usize::try_from(told).ok().and_then(|at| SHARED_NAMES.get(at));
                Arc::clone(listed.ok_or(Unreadable("name"))?)
            }
            NAME_INLINE => names.shared(std::str::from_utf8(inline).map_err(|_| Unreadable("name"))?),
            _ => names.shared(name_before(line, to_usize(start), told).ok_or(Unreadable("name"))?),
        };
        Ok(RecordField {
            name,
            value: value.to_owned(),
            is_string: flags & 1 != 0,
            derived: flags & 2 != 0,
            joined: flags & 4 != 0,
        })
    }
}

fn text_at(line: &str, start: u64, len: u64) -> Result<&str, Unreadable> {
    let start = usize::try_from(start).map_err(|_| Unreadable("span"))?;
    let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len)).ok_or(Unreadable("span"))?;
    line.get(start..end).ok_or(Unreadable("span"))
}

fn name_before(line: &str, value_start: usize, told: u64) -> Option<&str> {
    let distance = (told & 3) as usize + 1;
    let end = value_start.checked_sub(distance)?;
    line.get(end.checked_sub(to_usize(told >> 2))?..end)
}

/// Appends a number in as many bytes as it needs, seven bits each.
pub fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A number at the beginning of `bytes`, and how many of them it takes.
pub fn read_number(bytes: &[u8]) -> Result<(u64, usize), Unreadable> {
    let mut value = 0_u64;
    for (len, (byte, shift)) in (1..).zip(bytes.iter().zip((0..64).step_by(7))) {
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok((value, len));
        }
    }
    Err(Unreadable("number"))
}

/// A number whose sign is in its lowest bit: small ones of both signs take few bytes.
pub fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The opposite of [`signed`].
pub fn write_signed(out: &mut Vec<u8>, value: i64) {
    write_number(out, (value << 1 ^ value >> 63).cast_unsigned());
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_number(out, to_u64(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn kind_code(kind: DocumentKind) -> u8 {
    match kind {
        DocumentKind::Event => 0,
        DocumentKind::Alert => 1,
        DocumentKind::Gap => 2,
    }
}

/// Stored numbers of an enum's variants. The match makes a new variant a compile error here.
macro_rules! stored_codes {
    ($function:ident, $list:ident, $type:ident, $($variant:ident = $code:literal,)*) => {
        const $list: &[$type] = &[$($type::$variant,)*];
        fn $function(value: $type) -> u8 {
            match value { $($type::$variant => $code,)* }
        }
    };
}

stored_codes!(
    time_quality_code,
    TIME_QUALITIES,
    TimeQuality,
    Exact = 0,
    Zoneless = 1,
    Completed = 2,
    Future = 3,
    Absent = 4,
    Arrival = 5,
);
stored_codes!(outcome_code, OUTCOMES, Outcome, Parsed = 0, Repaired = 1, Raw = 2, Cut = 3, Blank = 4,);
stored_codes!(
    format_code,
    FORMATS,
    Format,
    Json = 0,
    Nginx = 1,
    NginxError = 2,
    PostgresCsv = 3,
    Syslog = 4,
    Logfmt = 5,
    Access = 6,
    TextLog = 7,
    Plain = 8,
);
stored_codes!(
    level_byte,
    LEVELS,
    LogLevel,
    Trace = 0,
    Debug = 1,
    Unknown = 2,
    Info = 3,
    Notice = 4,
    Warn = 5,
    Error = 6,
    Critical = 7,
);

/// The number of a level, in the order of urgency.
pub fn level_code(level: LogLevel) -> u64 {
    u64::from(level_byte(level))
}

#[cfg(test)]
mod tests;
