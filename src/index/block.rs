//! A block: the stored forms and lines of some hundred documents that follow each other, compressed as one.
//!
//! Documents are addressed by their number in the partition, so a block can be written anew (larger, better
//! compressed) without the index knowing. What lines have in common is held once in a block (their
//! [shapes](super::codec)), what grows is held as differences, and equal kinds of bytes stand together, because
//! that is what a compressor likes.
//!
//! ```text
//! head   magic 4 · documents 4 · packed bytes 4 · plain bytes 4 · number of the first 8 · checksum 8
//! body   bytes of the lines, plain and packed · the lines, as zstd
//!        zstd of: lengths of the columns, then for each document: shape, numbers, bytes of its line, lengths of its
//!        values; and the shapes
//! ```

use std::ops::Range;

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3;

use super::codec::{FormView, Numbers, Unreadable, read_number, signed, write_number, write_signed};

/// How blocks are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Plain bytes after which a block is closed.
    bytes: usize,
    /// Of zstd.
    level: i32,
}

/// While lines arrive: quickly packed, and a line of it quickly found.
pub const WRITTEN: Packing = Packing { bytes: 64 * 1024, level: 1 };
/// In a sealed partition: what lines have in common is held a third as often. This level takes three times as long as the
/// first, 2.6 us a line beside reading, and saves two percent of the raw lines; higher ones save hardly more.
pub const SEALED: Packing = Packing { bytes: 192 * 1024, level: 6 };

/// Bytes of the head.
pub const HEAD_BYTES: usize = 32;
/// No block is longer, plain: one document of the longest line and its fields fits many times.
const LONGEST: usize = 256 << 20;

const MAGIC: [u8; 4] = *b"SoB1";
const NUMBERS: usize = 6;
/// Shape of each, the numbers, bytes of each line, how many lengths, lengths, shapes.
const COLUMNS: usize = NUMBERS + 5;

/// What stands before each block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many documents.
    pub count: u32,
    pub packed: u32,
    plain: u32,
    /// The number of the first.
    pub first: u64,
    checksum: u64,
}

impl Head {
    /// Reads a head; `None` where there is none.
    pub fn parse(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let long = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        let head = Self {
            count: number(4)?,
            packed: number(8)?,
            plain: number(12)?,
            first: long(16)?,
            checksum: long(24)?,
        };
        (bytes.starts_with(&MAGIC) && head.count > 0 && head.plain as usize <= LONGEST).then_some(head)
    }

    fn bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        let parts: [&[u8]; 6] = [
            &MAGIC,
            &self.count.to_le_bytes(),
            &self.packed.to_le_bytes(),
            &self.plain.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.checksum.to_le_bytes(),
        ];
        bytes.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Of everything else in the head and of the packed bytes.
    fn sum(&self, packed: &[u8]) -> u64 {
        let mut hash = Xxh3::new();
        for part in [self.count, self.packed, self.plain] {
            hash.update(&part.to_le_bytes());
        }
        hash.update(&self.first.to_le_bytes());
        hash.update(packed);
        hash.digest()
    }

    /// Whether the block was closed because it was full.
    pub fn is_full(&self, packing: Packing) -> bool {
        self.plain as usize >= packing.bytes
    }

    /// Whether the packed bytes are those that were written.
    pub fn fits(&self, packed: &[u8]) -> bool {
        packed.len() == self.packed as usize && self.sum(packed) == self.checksum
    }

    /// Unpacks what follows the head.
    pub fn unpack(&self, packed: &[u8]) -> Result<Block, Unreadable> {
        if !self.fits(packed) {
            return Err(Unreadable("a block fails its checksum"));
        }
        let (plain_lines, from) = read_number(packed)?;
        let (packed_lines, more) = read_number(packed.get(from..).unwrap_or_default())?;
        let (from, plain_lines) = (from + more, plain_lines as usize);
        let rest = packed.get(from..).unwrap_or_default();
        let (lines, columns) = rest.split_at_checked(packed_lines as usize).ok_or(Unreadable("too short"))?;
        let plain_columns = (self.plain as usize).checked_sub(plain_lines).ok_or(Unreadable("too short"))?;
        let unpack = |packed, plain| {
            zstd::bulk::decompress(packed, plain).map_err(|_| Unreadable("a block does not unpack"))
        };
        Block::parse(unpack(lines, plain_lines)?, unpack(columns, plain_columns)?, self)
    }
}

/// A block that is being filled.
pub struct Builder {
    packing: Packing,
    count: u32,
    columns: [Vec<u8>; COLUMNS],
    lines: Vec<u8>,
    before: Numbers,
    shapes: HashMap<Box<[u8]>, u32>,
}

const SHAPE_OF: usize = 0;
const FIRST_NUMBER: usize = 1;
const LINE_BYTES: usize = FIRST_NUMBER + NUMBERS;
const LENGTH_BYTES: usize = LINE_BYTES + 1;
const LENGTHS: usize = LENGTH_BYTES + 1;
const SHAPES: usize = LENGTHS + 1;

/// What the numbers of a document are expected to be, from those of the one before: a line begins where the
/// last one ended.
fn expected(before: Numbers) -> Numbers {
    let [seq, offset, time, arrival, line, raw_len] = before;
    let next = offset.wrapping_add(raw_len).wrapping_add(1);
    [seq.wrapping_add(1), next, time, arrival, line.wrapping_add(1), raw_len]
}

impl Builder {
    pub fn new(packing: Packing) -> Self {
        Self {
            packing,
            count: 0,
            columns: Default::default(),
            lines: Vec::new(),
            before: Numbers::default(),
            shapes: HashMap::new(),
        }
    }

    pub fn push(&mut self, form: FormView<'_>, line: &str) {
        let shape = self.shape(form.shape);
        write_number(&mut self.columns[SHAPE_OF], u64::from(shape));
        let columns = self.columns.iter_mut().skip(FIRST_NUMBER);
        for (column, (number, expected)) in columns.zip(form.numbers.iter().zip(expected(self.before))) {
            write_signed(column, number.wrapping_sub(expected));
        }
        self.before = form.numbers;
        let [.., raw_len] = form.numbers;
        write_signed(&mut self.columns[LINE_BYTES], (line.len() as i64).wrapping_sub(raw_len));
        write_number(&mut self.columns[LENGTH_BYTES], form.lengths.len() as u64);
        self.columns[LENGTHS].extend_from_slice(form.lengths);
        self.lines.extend_from_slice(line.as_bytes());
        self.count += 1;
    }

    fn shape(&mut self, shape: &[u8]) -> u32 {
        if let Some(known) = self.shapes.get(shape) {
            return *known;
        }
        let number = self.shapes.len() as u32;
        self.shapes.insert(shape.into(), number);
        write_number(&mut self.columns[SHAPES], shape.len() as u64);
        self.columns[SHAPES].extend_from_slice(shape);
        number
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn is_full(&self) -> bool {
        self.plain_bytes() >= self.packing.bytes
    }

    fn plain_bytes(&self) -> usize {
        self.columns.iter().map(Vec::len).sum::<usize>() + self.lines.len()
    }

    /// Closes the block, whose first document has the number `first`: its bytes, head and body, and how
    /// many documents it holds. The builder is empty again.
    pub fn finish(&mut self, first: u64) -> std::io::Result<(Vec<u8>, u32)> {
        let mut columns = Vec::with_capacity(self.plain_bytes() - self.lines.len() + 64);
        self.columns.iter().for_each(|column| write_number(&mut columns, column.len() as u64));
        for column in &mut self.columns {
            columns.extend_from_slice(column);
            column.clear();
        }
        // Apart from each other both are packed better.
        let lines = zstd::bulk::compress(&self.lines, self.packing.level)?;
        let mut packed = Vec::with_capacity(lines.len() + columns.len());
        write_number(&mut packed, self.lines.len() as u64);
        write_number(&mut packed, lines.len() as u64);
        packed.extend_from_slice(&lines);
        packed.extend_from_slice(&zstd::bulk::compress(&columns, self.packing.level)?);
        let plain = columns.len() + self.lines.len();
        self.lines.clear();
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let count = std::mem::take(&mut self.count);
        let mut head = Head { count, packed: size(packed.len()), plain: size(plain), first, checksum: 0 };
        head.checksum = head.sum(&packed);
        self.shapes.clear();
        self.before = Numbers::default();
        Ok(([&head.bytes()[..], &packed].concat(), count))
    }
}

/// An unpacked block.
#[derive(Debug)]
pub struct Block {
    lines: Vec<u8>,
    columns: Vec<u8>,
    documents: Vec<Place>,
}

/// Where the parts of a document stand.
#[derive(Clone, Debug)]
struct Place {
    numbers: Numbers,
    shape: Range<usize>,
    lengths: Range<usize>,
    line: Range<usize>,
}

impl Block {
    /// The form and the line of the document with this place in the block.
    pub fn document(&self, at: usize) -> Result<(FormView<'_>, &str), Unreadable> {
        let place = self.documents.get(at).ok_or(Unreadable("no such document in its block"))?;
        let bytes = |range: &Range<usize>| self.columns.get(range.clone()).unwrap_or_default();
        let line = self.lines.get(place.line.clone()).unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| Unreadable("line"))?;
        let form =
            FormView { numbers: place.numbers, shape: bytes(&place.shape), lengths: bytes(&place.lengths) };
        Ok((form, line))
    }

    pub fn len(&self) -> usize {
        self.documents.len()
    }

    fn parse(lines: Vec<u8>, plain: Vec<u8>, head: &Head) -> Result<Self, Unreadable> {
        let mut at = ColumnAt { bytes: &plain, at: 0 };
        let mut lengths = [0; COLUMNS];
        for length in &mut lengths {
            *length = at.number()? as usize;
        }
        let mut start = at.at;
        let places = lengths.map(|length| {
            let column = start..start.saturating_add(length);
            start = column.end;
            column
        });
        if start != plain.len() {
            return Err(Unreadable("columns of a block"));
        }
        let documents = documents(&plain, &places, head.count as usize)?;
        Ok(Self { lines, columns: plain, documents })
    }
}

fn documents(
    plain: &[u8],
    columns: &[Range<usize>; COLUMNS],
    count: usize,
) -> Result<Vec<Place>, Unreadable> {
    let mut cursors = columns.clone().map(|column| ColumnAt { bytes: plain, at: column.start });
    let shapes = shapes(plain, &columns[SHAPES])?;
    let (mut numbers, mut line_end) = (Numbers::default(), 0_usize);
    let mut places = Vec::with_capacity(count.min(plain.len()));
    for _ in 0..count {
        let shape = cursors[SHAPE_OF].number()? as usize;
        numbers = expected(numbers);
        for (number, cursor) in numbers.iter_mut().zip(&mut cursors[FIRST_NUMBER..]) {
            *number = number.wrapping_add(cursor.signed()?);
        }
        let [.., raw_len] = numbers;
        let len = usize::try_from(raw_len.wrapping_add(cursors[LINE_BYTES].signed()?));
        let line = line_end..line_end.saturating_add(len.map_err(|_| Unreadable("line"))?);
        line_end = line.end;
        let lengths = cursors[LENGTH_BYTES].number()? as usize;
        places.push(Place {
            numbers,
            shape: shapes.get(shape).cloned().ok_or(Unreadable("shape"))?,
            lengths: cursors[LENGTHS].take(lengths)?,
            line,
        });
    }
    Ok(places)
}

fn shapes(plain: &[u8], column: &Range<usize>) -> Result<Vec<Range<usize>>, Unreadable> {
    let mut cursor = ColumnAt { bytes: plain, at: column.start };
    let mut shapes = Vec::new();
    while cursor.at < column.end {
        let len = cursor.number()? as usize;
        shapes.push(cursor.take(len)?);
    }
    Ok(shapes)
}

struct ColumnAt<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl ColumnAt<'_> {
    fn number(&mut self) -> Result<u64, Unreadable> {
        let (number, len) = read_number(self.bytes.get(self.at..).unwrap_or_default())?;
        self.at += len;
        Ok(number)
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        self.number().map(signed)
    }

    fn take(&mut self, len: usize) -> Result<Range<usize>, Unreadable> {
        let taken = self.at..self.at.saturating_add(len);
        self.at = taken.end;
        if taken.end > self.bytes.len() { Err(Unreadable("too short")) } else { Ok(taken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(number: i64, shape: &'a [u8], lengths: &'a [u8]) -> FormView<'a> {
        FormView {
            numbers: [number, number * 400, i64::MIN + number, -number, 1, number % 7],
            shape,
            lengths,
        }
    }

    fn filled() -> (Vec<u8>, Head) {
        let mut builder = Builder::new(WRITTEN);
        for number in 0..500 {
            let shape = format!("shape {}", number % 3);
            builder.push(view(number, shape.as_bytes(), &[number as u8, 9]), &format!("line {number}"));
        }
        let (bytes, count) = builder.finish(7).unwrap();
        assert_eq!(count, 500);
        assert!(builder.is_empty());
        let head = Head::parse(bytes.first_chunk().unwrap()).unwrap();
        (bytes, head)
    }

    #[test]
    fn documents_come_out_as_they_went_in() {
        let (bytes, head) = filled();
        assert_eq!((head.first, head.count), (7, 500));
        let block = head.unpack(bytes.get(HEAD_BYTES..).unwrap()).unwrap();
        assert_eq!(block.len(), 500);
        for number in [0, 1, 254, 255, 499] {
            let (form, line) = block.document(number).unwrap();
            let wanted = view(number as i64, form.shape, form.lengths);
            assert_eq!(form.numbers, wanted.numbers);
            assert_eq!(form.shape, format!("shape {}", number % 3).as_bytes());
            assert_eq!(form.lengths, [number as u8, 9]);
            assert_eq!(line, format!("line {number}"));
        }
        assert!(block.document(500).is_err());
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let (bytes, _) = filled();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let head = Head::parse(damaged.first_chunk().unwrap());
            let block = head.map(|head| head.unpack(damaged.get(HEAD_BYTES..).unwrap()));
            assert!(block.is_none_or(|block| block.is_err()), "byte {at}");
        }
    }
}
