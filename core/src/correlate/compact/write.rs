//! Values to bytes.

use std::io::{self, Write};

use serde::ser::{self, Serialize};

use super::CompactError;
use crate::event::number::to_u64;

/// The bytes of a value.
///
/// # Errors
/// When it holds a sequence or map that does not know its length.
#[cfg(test)]
pub(in crate::correlate) fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, CompactError> {
    let mut writer = CompactWriter::default();
    value.serialize(&mut writer)?;
    Ok(writer.bytes)
}

/// This many bytes are handed on together.
const HANDED_ON: usize = 64 << 10;

/// Values one behind the other, on their way to where they are kept. They are read as one value that is made of
/// them: of what is large only the part that is being written needs to be there.
pub(in crate::correlate) struct CompactStream<W> {
    writer: CompactWriter,
    sink: W,
}

impl<W: Write> CompactStream<W> {
    pub(in crate::correlate) fn new(sink: W) -> Self {
        Self { writer: CompactWriter::default(), sink }
    }

    /// The next value.
    ///
    /// # Errors
    /// Those of the sink, and as [`CompactError`] says.
    pub(in crate::correlate) fn put<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        value.serialize(&mut self.writer).map_err(io::Error::other)?;
        if self.writer.bytes.len() >= HANDED_ON { self.hand_on() } else { Ok(()) }
    }

    /// A list of values, of which only one needs to be there at a time.
    ///
    /// # Errors
    /// As [`CompactStream::put`].
    pub(in crate::correlate) fn list<T: Serialize>(
        &mut self,
        values: impl ExactSizeIterator<Item = T>,
    ) -> io::Result<()> {
        self.begin(values.len())?;
        values.into_iter().try_for_each(|value| self.put(&value))
    }

    /// The beginning of a list of this many values, which come next.
    ///
    /// # Errors
    /// As [`CompactStream::put`].
    pub(in crate::correlate) fn begin(&mut self, length: usize) -> io::Result<()> {
        self.put(&to_u64(length))
    }

    /// Hands on what is left.
    ///
    /// # Errors
    /// Those of the sink.
    pub(in crate::correlate) fn finish(mut self) -> io::Result<()> {
        self.hand_on()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.writer.bytes)?;
        self.writer.bytes.clear();
        Ok(())
    }
}

#[derive(Default)]
struct CompactWriter {
    bytes: Vec<u8>,
}

impl CompactWriter {
    fn number(&mut self, number: u128) {
        match u64::try_from(number) {
            Ok(number) => self.word(number),
            Err(_) => self.large(number),
        }
    }

    /// Nearly all numbers are such: arithmetic of one word is much quicker.
    fn word(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(low_byte(number.into()) | 0x80);
            number >>= 7;
        }
        self.bytes.push(low_byte(number.into()));
    }

    fn large(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.bytes.push(low_byte(number) | 0x80);
            number >>= 7;
        }
        self.bytes.push(low_byte(number));
    }

    /// Numbers near zero are short, whatever their sign.
    fn signed(&mut self, number: i128) {
        self.number((number.cast_unsigned() << 1) ^ (number >> 127).cast_unsigned());
    }

    fn length(&mut self, length: Option<usize>) -> Result<(), CompactError> {
        self.number(to_u64(length.ok_or(CompactError::Unknown)?).into());
        Ok(())
    }
}

fn low_byte(number: u128) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low & 0x7f
}

macro_rules! numbers {
    ($($name:ident: $type:ty => $how:ident),*) => {
        $(fn $name(self, number: $type) -> Result<(), CompactError> {
            self.$how(number.into());
            Ok(())
        })*
    };
}

impl ser::Serializer for &mut CompactWriter {
    type Ok = ();
    type Error = CompactError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(
        serialize_bool: bool => number,
        serialize_u16: u16 => number,
        serialize_u32: u32 => number,
        serialize_u64: u64 => number,
        serialize_i8: i8 => signed,
        serialize_i16: i16 => signed,
        serialize_i32: i32 => signed,
        serialize_i64: i64 => signed,
        serialize_i128: i128 => signed
    );

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_u8(self, byte: u8) -> Result<(), CompactError> {
        self.bytes.push(byte);
        Ok(())
    }

    /// They are hashes: all of their bytes count.
    fn serialize_u128(self, hash: u128) -> Result<(), CompactError> {
        self.bytes.extend_from_slice(&hash.to_le_bytes());
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), CompactError> {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, number: f64) -> Result<(), CompactError> {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, char: char) -> Result<(), CompactError> {
        self.serialize_u32(char.into())
    }

    fn serialize_str(self, text: &str) -> Result<(), CompactError> {
        self.serialize_bytes(text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), CompactError> {
        self.length(Some(bytes.len()))?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), CompactError> {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CompactError> {
        self.bytes.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CompactError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), CompactError> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        number: u32,
        _variant: &'static str,
    ) -> Result<(), CompactError> {
        self.serialize_u32(number)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), CompactError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        number: u32,
        _variant: &'static str,
        value: &T,
    ) -> Result<(), CompactError> {
        self.number(number.into());
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, CompactError> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self, CompactError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Self, CompactError> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        number: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self, CompactError> {
        self.number(number.into());
        Ok(self)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self, CompactError> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Self, CompactError> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        number: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self, CompactError> {
        self.number(number.into());
        Ok(self)
    }
}

/// Parts stand one behind the other, whatever they are parts of.
macro_rules! parts {
    ($($of:ident: $part:ident),*) => {
        $(impl ser::$of for &mut CompactWriter {
            type Ok = ();
            type Error = CompactError;

            fn $part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CompactError> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), CompactError> {
                Ok(())
            }
        })*
    };
}

parts!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

macro_rules! named_parts {
    ($($of:ident),*) => {
        $(impl ser::$of for &mut CompactWriter {
            type Ok = ();
            type Error = CompactError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _name: &'static str,
                value: &T,
            ) -> Result<(), CompactError> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), CompactError> {
                Ok(())
            }
        })*
    };
}

named_parts!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for &mut CompactWriter {
    type Ok = ();
    type Error = CompactError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CompactError> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CompactError> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), CompactError> {
        Ok(())
    }
}
