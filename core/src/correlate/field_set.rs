//! Some of the fields that correlation knows by number.

use crate::detect::record::FieldNumber;

const BITS: usize = u64::BITS as usize;
/// Words that lie in the structure itself: as many as most rule sets need.
const NEAR: usize = 4;

/// One bit a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    near: [u64; NEAR],
    far: Vec<u64>,
}

fn place(field: FieldNumber) -> (usize, u64) {
    let at = usize::from(field);
    (at / BITS, 1 << (at % BITS))
}

impl FieldSet {
    pub(crate) fn contains(&self, field: FieldNumber) -> bool {
        let (word, bit) = place(field);
        let bits = self.near.get(word).or_else(|| self.far.get(word - NEAR));
        bits.is_some_and(|bits| bits & bit != 0)
    }

    pub(crate) fn insert(&mut self, field: FieldNumber) {
        let (word, bit) = place(field);
        if let Some(bits) = self.near.get_mut(word) {
            *bits |= bit;
            return;
        }
        let word = word - NEAR;
        if self.far.len() <= word {
            self.far.resize(word + 1, 0);
        }
        self.far[word] |= bit;
    }

    /// Takes in all of `others`.
    pub(crate) fn join(&mut self, others: &Self) {
        self.near.iter_mut().zip(&others.near).for_each(|(own, other)| *own |= other);
        if others.far.is_empty() {
            return;
        }
        if self.far.len() < others.far.len() {
            self.far.resize(others.far.len(), 0);
        }
        self.far.iter_mut().zip(&others.far).for_each(|(own, other)| *own |= other);
    }
}

impl<'f> Extend<&'f FieldNumber> for FieldSet {
    fn extend<I: IntoIterator<Item = &'f FieldNumber>>(&mut self, fields: I) {
        fields.into_iter().for_each(|field| self.insert(*field));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in_it() {
        let mut set = FieldSet::default();
        set.extend(&[3, 900]);
        let mut more = FieldSet::default();
        more.insert(64);
        more.join(&set);
        let held: Vec<FieldNumber> = (0..1_000).filter(|field| more.contains(*field)).collect();
        assert_eq!(held, [3, 64, 900]);
        assert!(!set.contains(64));
    }
}
