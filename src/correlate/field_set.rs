//! Some of the fields that correlation knows by number.

use smallvec::SmallVec;

use crate::detect::record::FieldNumber;

const BITS: usize = u64::BITS as usize;

/// One bit a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(SmallVec<[u64; 4]>);

fn place(field: FieldNumber) -> (usize, u64) {
    let at = usize::from(field);
    (at / BITS, 1 << (at % BITS))
}

impl FieldSet {
    pub(crate) fn contains(&self, field: FieldNumber) -> bool {
        let (word, bit) = place(field);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(crate) fn insert(&mut self, field: FieldNumber) {
        let (word, bit) = place(field);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    /// Takes in all of `others`.
    pub(crate) fn join(&mut self, others: &Self) {
        if self.0.len() < others.0.len() {
            self.0.resize(others.0.len(), 0);
        }
        for (own, other) in self.0.iter_mut().zip(&others.0) {
            *own |= other;
        }
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
        set.extend(&[3, 200]);
        let mut more = FieldSet::default();
        more.insert(64);
        more.join(&set);
        let held: Vec<FieldNumber> = (0..300).filter(|field| more.contains(*field)).collect();
        assert_eq!(held, [3, 64, 200]);
        assert!(!set.contains(64));
    }
}
