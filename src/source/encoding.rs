//! What a file is made of, told by its first bytes and not by its name.

use crate::event::number::to_u64;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    /// With a byte order mark, as PowerShell writes it, or without one where it begins with plain letters.
    Utf16(ByteOrder),
    /// With a tool whose format is not read.
    Compressed(&'static str),
}

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

impl Encoding {
    /// Looks at the beginning of a file.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let mut head = [0; 6];
        let mut length = 0;
        while length < head.len() {
            match file.read_at(&mut head[length..], to_u64(length))? {
                0 => break,
                count => length += count,
            }
        }
        Ok(Self::of_head(&head[..length]))
    }

    /// Whether a character takes two bytes or more.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::Utf16(_))
    }

    pub(crate) fn of_head(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xff, 0xfe, ..] => Self::Utf16(ByteOrder::Little),
            [0xfe, 0xff, ..] => Self::Utf16(ByteOrder::Big),
            [a, 0, b, 0, c, 0] if [a, b, c].into_iter().all(is_text) => Self::Utf16(ByteOrder::Little),
            [0, a, 0, b, 0, c] if [a, b, c].into_iter().all(is_text) => Self::Utf16(ByteOrder::Big),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Compressed("lz4"),
            _ => Self::Plain,
        }
    }
}

/// A byte that text begins with.
fn is_text(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

/// UTF-16 as UTF-8, without its byte order mark; what is no character becomes U+FFFD.
pub(crate) struct Utf16<R> {
    inner: R,
    order: ByteOrder,
    /// Bytes of a character that is not complete.
    rest: Vec<u8>,
    /// Text not yet asked for, from `given` on.
    text: String,
    given: usize,
    has_begun: bool,
    has_ended: bool,
    /// What ends now may go on later.
    grows: bool,
}

/// A file from a place on, by offset; more may come after its end.
pub(crate) struct Growing {
    pub(crate) file: File,
    /// Bytes read so far.
    pub(crate) at: u64,
}

impl Read for Growing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(out, self.at)?;
        self.at += to_u64(count);
        Ok(count)
    }
}

impl Utf16<Growing> {
    /// The text of a file that is still being written.
    pub(crate) fn growing(file: File, order: ByteOrder) -> Self {
        Self { grows: true, ..Self::new(Growing { file, at: 0 }, order) }
    }

    pub(crate) fn raw(&self) -> &Growing {
        &self.inner
    }

    /// Bytes of text that were decoded and not asked for yet.
    pub(crate) fn waiting(&self) -> usize {
        self.text.len() - self.given
    }
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, order: ByteOrder) -> Self {
        Self {
            inner,
            order,
            rest: Vec::new(),
            text: String::new(),
            given: 0,
            has_begun: false,
            has_ended: false,
            grows: false,
        }
    }

    /// Decodes the next piece.
    fn fill(&mut self) -> io::Result<()> {
        let mut raw = [0; 16 << 10];
        let count = self.inner.read(&mut raw)?;
        self.has_ended = count == 0;
        self.rest.extend_from_slice(&raw[..count]);
        let mut units: Vec<u16> = self.rest.chunks_exact(2).map(|pair| self.unit(pair)).collect();
        // The first half of a pair waits for the second.
        if (!self.has_ended || self.grows) && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            units.pop();
        }
        self.rest.drain(..units.len() * 2);
        self.text.clear();
        self.given = 0;
        let characters = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.text.extend(characters);
        if !self.has_begun && !self.text.is_empty() {
            self.has_begun = true;
            self.given = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        }
        Ok(())
    }

    fn unit(&self, pair: &[u8]) -> u16 {
        let bytes = [pair[0], pair[1]];
        match self.order {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.has_ended {
            self.fill()?;
        }
        self.has_ended &= !self.grows;
        let text = &self.text.as_bytes()[self.given..];
        let count = text.len().min(out.len());
        out[..count].copy_from_slice(&text[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(out.len()).min(1);
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn first_bytes_tell_the_encoding() {
        let cases: [(&[u8], Encoding); 14] = [
            (b"{\0\"\0a\0", Encoding::Utf16(ByteOrder::Little)),
            (b"\0{\0\"\0a", Encoding::Utf16(ByteOrder::Big)),
            (b"\0\0\0\0\0\0", Encoding::Plain),
            (b"a\0b\0\0\0", Encoding::Plain),
            (b"", Encoding::Plain),
            (b"{\"a\"", Encoding::Plain),
            (b"BZh is how it begins", Encoding::Plain),
            (b"\x1f\x8b\x08", Encoding::Gzip),
            (b"\xff\xfea\0", Encoding::Utf16(ByteOrder::Little)),
            (b"\xfe\xff\0a", Encoding::Utf16(ByteOrder::Big)),
            (b"\x28\xb5\x2f\xfd\x04", Encoding::Zstd),
            (b"\xfd7zXZ\0", Encoding::Xz),
            (b"BZh91AY&SY", Encoding::Bzip2),
            (b"\x04\x22\x4d\x18", Encoding::Compressed("lz4")),
        ];
        for (head, encoding) in cases {
            assert_eq!(Encoding::of_head(head), encoding, "{head:?}");
        }
    }

    #[test]
    fn utf_16_is_read_in_either_order_and_however_it_comes() {
        let text = "\u{feff}b\u{f6}b \u{1f600}\r\n";
        for (order, bytes) in [
            (ByteOrder::Little, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (ByteOrder::Big, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            let mut read = String::new();
            Utf16::new(Slow(&bytes), order).read_to_string(&mut read).expect("text");
            assert_eq!(read, "b\u{f6}b \u{1f600}\r\n");
        }
        let mut read = String::new();
        Utf16::new(&b"\xff\xfea\0\x00\xd8x\0y"[..], ByteOrder::Little)
            .read_to_string(&mut read)
            .expect("text");
        assert_eq!(read, "a\u{fffd}x", "half a character at the end is none");
    }
}
