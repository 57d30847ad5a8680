//! Bytes to values.

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use super::CompactError;
use crate::event::number::to_usize;

/// The value that `bytes` were written of.
///
/// # Errors
/// When they are not those of such a value.
pub(in crate::correlate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CompactError> {
    let mut reader = CompactReader { rest: bytes };
    let value = T::deserialize(&mut reader)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(CompactError::Left) }
}

/// The number that bytes begin with.
///
/// # Errors
/// When they begin with none.
pub(in crate::correlate) fn read_first(bytes: &[u8]) -> Result<u32, CompactError> {
    CompactReader { rest: bytes }.unsigned()
}

struct CompactReader<'b> {
    rest: &'b [u8],
}

impl<'b> CompactReader<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], CompactError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CompactError::End)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CompactError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CompactError::End)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, CompactError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u128, CompactError> {
        let mut number = 0;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(CompactError::Number)
    }

    fn unsigned<T: TryFrom<u128>>(&mut self) -> Result<T, CompactError> {
        T::try_from(self.number()?).map_err(|_| CompactError::Number)
    }

    fn signed<T: TryFrom<i128>>(&mut self) -> Result<T, CompactError> {
        let folded = self.number()?;
        let number = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
        T::try_from(number).map_err(|_| CompactError::Number)
    }

    /// How much follows; each part of it is at least as long as nothing.
    fn length(&mut self) -> Result<usize, CompactError> {
        self.unsigned::<u32>().map(to_usize)
    }

    fn bytes(&mut self) -> Result<&'b [u8], CompactError> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'b str, CompactError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| CompactError::Text)
    }
}

macro_rules! numbers {
    ($($name:ident: $visit:ident, $how:ident),*) => {
        $(fn $name<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
            visitor.$visit(self.$how()?)
        })*
    };
}

macro_rules! never_asked {
    ($($name:ident),*) => {
        $(fn $name<V: Visitor<'b>>(self, _visitor: V) -> Result<V::Value, CompactError> {
            Err(CompactError::Unknown)
        })*
    };
}

impl<'b> de::Deserializer<'b> for &mut CompactReader<'b> {
    type Error = CompactError;

    numbers!(
        deserialize_u8: visit_u8, byte,
        deserialize_u16: visit_u16, unsigned,
        deserialize_u32: visit_u32, unsigned,
        deserialize_u64: visit_u64, unsigned,
        deserialize_i8: visit_i8, signed,
        deserialize_i16: visit_i16, signed,
        deserialize_i32: visit_i32, signed,
        deserialize_i64: visit_i64, signed,
        deserialize_i128: visit_i128, signed,
        deserialize_str: visit_borrowed_str, text,
        deserialize_string: visit_borrowed_str, text,
        deserialize_bytes: visit_borrowed_bytes, bytes,
        deserialize_byte_buf: visit_borrowed_bytes, bytes
    );
    never_asked!(deserialize_any, deserialize_identifier, deserialize_ignored_any);

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            _ => Err(CompactError::Number),
        }
    }

    fn deserialize_u128<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_u128(u128::from_le_bytes(self.array()?))
    }

    fn deserialize_f32<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_f32(f32::from_le_bytes(self.array()?))
    }

    fn deserialize_f64<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_f64(f64::from_le_bytes(self.array()?))
    }

    fn deserialize_char<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        let char = char::from_u32(self.unsigned()?).ok_or(CompactError::Text)?;
        visitor.visit_char(char)
    }

    fn deserialize_option<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            _ => Err(CompactError::Number),
        }
    }

    fn deserialize_unit<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'b>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'b>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        let left = self.length()?;
        visitor.visit_seq(Following { reader: self, left })
    }

    fn deserialize_tuple<V: Visitor<'b>>(self, left: usize, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_seq(Following { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'b>>(
        self,
        _name: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_seq(Following { reader: self, left })
    }

    fn deserialize_map<V: Visitor<'b>>(self, visitor: V) -> Result<V::Value, CompactError> {
        let left = self.length()?;
        visitor.visit_map(Following { reader: self, left })
    }

    fn deserialize_struct<V: Visitor<'b>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_seq(Following { reader: self, left: fields.len() })
    }

    fn deserialize_enum<V: Visitor<'b>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_enum(self)
    }
}

/// What stands one behind the other.
struct Following<'r, 'b> {
    reader: &'r mut CompactReader<'b>,
    left: usize,
}

impl Following<'_, '_> {
    /// No more than there are bytes: whoever makes room for them is not led on.
    fn hint(&self) -> Option<usize> {
        Some(self.left.min(self.reader.rest.len()))
    }

    fn has_next(&mut self) -> bool {
        let left = self.left > 0;
        self.left -= usize::from(left);
        left
    }
}

impl<'b> de::SeqAccess<'b> for Following<'_, 'b> {
    type Error = CompactError;

    fn next_element_seed<T: DeserializeSeed<'b>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, CompactError> {
        let next = self.has_next();
        next.then(|| seed.deserialize(&mut *self.reader)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

impl<'b> de::MapAccess<'b> for Following<'_, 'b> {
    type Error = CompactError;

    fn next_key_seed<K: DeserializeSeed<'b>>(&mut self, seed: K) -> Result<Option<K::Value>, CompactError> {
        let next = self.has_next();
        next.then(|| seed.deserialize(&mut *self.reader)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'b>>(&mut self, seed: V) -> Result<V::Value, CompactError> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

impl<'b> de::EnumAccess<'b> for &mut CompactReader<'b> {
    type Error = CompactError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'b>>(self, seed: V) -> Result<(V::Value, Self), CompactError> {
        let number: u32 = self.unsigned()?;
        let number: U32Deserializer<CompactError> = number.into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'b> de::VariantAccess<'b> for &mut CompactReader<'b> {
    type Error = CompactError;

    fn unit_variant(self) -> Result<(), CompactError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'b>>(self, seed: T) -> Result<T::Value, CompactError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'b>>(self, left: usize, visitor: V) -> Result<V::Value, CompactError> {
        visitor.visit_seq(Following { reader: self, left })
    }

    fn struct_variant<V: Visitor<'b>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CompactError> {
        visitor.visit_seq(Following { reader: self, left: fields.len() })
    }
}
