//! Plain data as few bytes: numbers of variable length, no names, no marks of types.
//!
//! Only who knows what was written can read it, so a version stands in front of it. Text formats cost the work
//! thread several times as long and are several times as large.

mod read;
mod write;

use std::fmt;

pub(super) use self::read::{read, read_first};
pub(super) use self::write::CompactStream;
#[cfg(test)]
pub(super) use self::write::write;

/// Why bytes are not what they were taken for, or why something cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    #[error("it ends too early")]
    End,
    #[error("a number has too many digits")]
    Number,
    #[error("a text is not UTF-8")]
    Text,
    #[error("bytes are left at its end")]
    Left,
    #[error("nothing says what follows")]
    Unknown,
    #[error("{0}")]
    Other(String),
}

impl serde::ser::Error for CompactError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

impl serde::de::Error for CompactError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Bare,
        One(u64),
        Pair(i64, bool),
        Named { text: String, more: Option<Box<Kind>> },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        small: (u8, i8, u16, i16),
        middle: (u32, i32, u64, i64),
        large: (u128, i128, f64, char),
        kinds: Vec<Kind>,
        map: BTreeMap<String, Option<()>>,
    }

    fn kind() -> impl Strategy<Value = Kind> {
        let leaf = prop_oneof![
            Just(Kind::Bare),
            any::<u64>().prop_map(Kind::One),
            any::<(i64, bool)>().prop_map(|(number, flag)| Kind::Pair(number, flag)),
        ];
        leaf.prop_recursive(3, 8, 2, |inner| {
            (any::<String>(), prop::option::of(inner.prop_map(Box::new)))
                .prop_map(|(text, more)| Kind::Named { text, more })
        })
    }

    fn all() -> impl Strategy<Value = All> {
        let numbers = (any::<(u8, i8, u16, i16)>(), any::<(u32, i32, u64, i64)>());
        let large = (any::<u128>(), any::<i128>(), any::<i32>().prop_map(f64::from), any::<char>());
        let map = prop::collection::btree_map(any::<String>(), prop::option::of(Just(())), 0..4);
        (numbers, large, prop::collection::vec(kind(), 0..5), map)
            .prop_map(|((small, middle), large, kinds, map)| All { small, middle, large, kinds, map })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in all()) {
            let bytes = write(&value).expect("plain data");
            prop_assert_eq!(read::<All>(&bytes).expect("own bytes"), value);
            for end in 0..bytes.len() {
                prop_assert!(read::<All>(&bytes[..end]).is_err(), "cut at {}", end);
            }
        }

        #[test]
        fn anything_else_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(read::<All>(&bytes));
        }
    }

    proptest! {
        // Some are longer than what is handed on together.
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn what_is_written_in_parts_is_read_whole(
            one in all(), kinds in prop::collection::vec(kind(), 0..4_000), number in any::<u64>()
        ) {
            let mut bytes = Vec::new();
            let mut stream = CompactStream::new(&mut bytes);
            stream.put(&(&one, number)).expect("memory takes all");
            stream.list(kinds.iter()).expect("memory takes all");
            stream.put(&number).expect("memory takes all");
            stream.finish().expect("memory takes all");
            let whole = (one, number, kinds, number);
            prop_assert_eq!(&bytes, &write(&whole).expect("plain data"));
            prop_assert_eq!(read::<(All, u64, Vec<Kind>, u64)>(&bytes).expect("own bytes"), whole);
        }
    }

    #[test]
    fn small_numbers_are_small() {
        assert_eq!(write(&(1_u64, -1_i64, 300_u32, true)).expect("plain data"), [1, 1, 0xac, 2, 1]);
        assert!(matches!(read::<u8>(&[1, 2]), Err(CompactError::Left)));
    }
}
