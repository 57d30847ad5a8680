//! Which bytes and pairs of bytes stand in a text, roughly: enough to tell at once that most templates do not fit it.

/// A bit for each of the hashes of pairs of neighbouring bytes, and of single bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pairs: [u64; 4],
    bytes: u64,
}

impl Signs {
    pub(super) fn of(text: &str) -> Self {
        let mut signs = Self::default();
        let bytes = text.as_bytes();
        signs.bytes = bytes.iter().fold(0, |bits, byte| bits | 1 << (byte & 63));
        for (first, second) in bytes.iter().zip(bytes.iter().skip(1)) {
            let bit = first.wrapping_mul(0x9d) ^ second.wrapping_mul(0x3b);
            if let Some(word) = signs.pairs.get_mut(usize::from(bit >> 6)) {
                *word |= 1 << (bit & 63);
            }
        }
        signs
    }

    pub(super) fn add(&mut self, other: Self) {
        self.bytes |= other.bytes;
        for (mine, theirs) in self.pairs.iter_mut().zip(other.pairs) {
            *mine |= theirs;
        }
    }

    /// False where a text with these signs cannot hold all texts that `wanted` is of.
    pub(super) fn may_hold(&self, wanted: &Self) -> bool {
        let holds = |(mine, wanted): (&u64, u64)| mine & wanted == wanted;
        self.bytes & wanted.bytes == wanted.bytes && self.pairs.iter().zip(wanted.pairs).all(holds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_texts_are_told_apart() {
        let line = Signs::of("Finished logrotate.service - Rotate log files.");
        assert!(line.may_hold(&Signs::of("logrotate")));
        assert!(!line.may_hold(&Signs::of("authentication failure")));
        assert!(!line.may_hold(&Signs::of(";")));
    }

    proptest! {
        #[test]
        fn what_a_text_holds_it_may_hold(before in ".{0,40}", held in ".{0,20}", after in ".{0,40}") {
            let whole = [before, held.clone(), after].concat();
            prop_assert!(Signs::of(&whole).may_hold(&Signs::of(&held)));
        }
    }
}
