//! The distinct values of one window, and how often each occurs. Most windows have a few: those lie in the structure
//! itself and are looked through.

use hashbrown::HashMap;
use smallvec::SmallVec;

/// As many are looked through.
const FEW: usize = 12;

#[derive(Clone, Debug, Default)]
pub(crate) struct DistinctValues {
    /// Values with their number of occurrences, while there are few.
    few: SmallVec<[(u64, u32); 2]>,
    many: Option<Box<HashMap<u64, u32, foldhash::fast::RandomState>>>,
}

impl DistinctValues {
    pub(crate) fn len(&self) -> usize {
        self.many.as_ref().map_or(self.few.len(), |many| many.len())
    }

    pub(crate) fn clear(&mut self) {
        self.few.clear();
        self.many = None;
    }

    pub(crate) fn contains(&self, value: u64) -> bool {
        match &self.many {
            Some(many) => many.contains_key(&value),
            None => self.few.iter().any(|(known, _)| *known == value),
        }
    }

    pub(crate) fn add(&mut self, value: u64) {
        if let Some(many) = &mut self.many {
            *many.entry(value).or_insert(0) += 1;
        } else if let Some((_, count)) = self.few.iter_mut().find(|(known, _)| *known == value) {
            *count += 1;
        } else if self.few.len() < FEW {
            self.few.push((value, 1));
        } else {
            let all = self.few.drain(..).chain([(value, 1)]).collect();
            self.many = Some(Box::new(all));
        }
    }

    /// Takes out one occurrence.
    pub(crate) fn remove(&mut self, value: u64) {
        if let Some(many) = &mut self.many {
            let Some(count) = many.get_mut(&value) else { return };
            *count -= 1;
            if *count == 0 {
                many.remove(&value);
            }
            if many.is_empty() {
                self.many = None;
            }
            return;
        }
        let Some(at) = self.few.iter().position(|(known, _)| *known == value) else { return };
        self.few[at].1 -= 1;
        if self.few[at].1 == 0 {
            self.few.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_and_go(steps in prop::collection::vec((any::<bool>(), 0..30_u64), 0..300)) {
            let (mut values, mut model) = (DistinctValues::default(), BTreeMap::<u64, u32>::new());
            for (comes, value) in steps {
                if comes {
                    values.add(value);
                    *model.entry(value).or_default() += 1;
                } else {
                    values.remove(value);
                    if let Some(count) = model.get_mut(&value) {
                        *count -= 1;
                    }
                    model.retain(|_, count| *count > 0);
                }
                prop_assert_eq!(values.len(), model.len());
                prop_assert_eq!(values.contains(value), model.contains_key(&value));
            }
        }
    }
}
