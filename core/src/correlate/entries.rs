//! The events of one group in the order of their times.
//!
//! In pieces, so that an event that comes late moves the few of its piece and not all that came after it. A small
//! group has one piece, which lies in the structure itself.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut, Range};

use super::entry::Entry;

#[derive(Clone, Debug, Default)]
struct EntryPiece {
    entries: VecDeque<Entry>,
    /// What its entries count for of the part and of the whole.
    shares: [u32; 2],
}

impl EntryPiece {
    fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is room for one more. Of many groups none has twice the room that it needs.
    fn make_room(&mut self) {
        let held = self.entries.len();
        if held == self.entries.capacity() {
            self.entries.reserve_exact((held / 2).max(4));
        }
    }

    /// Gives back room, where most of it is left.
    fn give_back(&mut self) {
        let held = self.entries.len();
        if self.entries.capacity() > 4 * held.max(8) {
            self.entries.shrink_to(2 * held);
        }
    }

    /// Takes note of an entry that came.
    fn count(&mut self, entry: &Entry) {
        self.shares = added(self.shares, entry.shares());
    }

    /// Takes note of an entry that went.
    fn discount(&mut self, entry: Entry) -> Entry {
        let [part, whole] = entry.shares();
        self.shares = [self.shares[0].saturating_sub(part), self.shares[1].saturating_sub(whole)];
        entry
    }
}

fn added(one: [u32; 2], other: [u32; 2]) -> [u32; 2] {
    [one[0].saturating_add(other[0]), one[1].saturating_add(other[1])]
}

/// Entries of a full piece; one that events were put into may have twice as many.
const PIECE: usize = 128;

#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    /// Full ones, none of them empty.
    older: VecDeque<EntryPiece>,
    newest: EntryPiece,
    len: usize,
}

/// Where an entry stands: its piece, and its place there.
type Place = (usize, usize);

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn piece(&self, number: usize) -> &EntryPiece {
        self.older.get(number).unwrap_or(&self.newest)
    }

    fn piece_mut(&mut self, number: usize) -> &mut EntryPiece {
        self.older.get_mut(number).unwrap_or(&mut self.newest)
    }

    /// Nearly always at one of the ends: where windows begin and end.
    #[inline]
    fn place(&self, index: usize) -> Place {
        let start = self.len - self.newest.len();
        if index >= start {
            return (self.older.len(), index - start);
        }
        match self.older.front() {
            Some(first) if index < first.len() => (0, index),
            _ => self.place_within(index, start),
        }
    }

    /// Looked for from the nearer end. The newest piece begins at `start`.
    fn place_within(&self, index: usize, mut start: usize) -> Place {
        let newest = self.older.len();
        if index > start / 2 {
            for (number, piece) in self.older.iter().enumerate().rev() {
                start -= piece.len();
                if index >= start {
                    return (number, index - start);
                }
            }
        }
        let mut rest = index;
        for (number, piece) in self.older.iter().enumerate() {
            if rest < piece.len() {
                return (number, rest);
            }
            rest -= piece.len();
        }
        (newest, rest)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Entry> {
        let (piece, at) = self.place(index);
        self.piece(piece).entries.get(at)
    }

    /// To change its marks and its evidence, not its rules.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Entry> {
        let (piece, at) = self.place(index);
        self.piece_mut(piece).entries.get_mut(at)
    }

    /// Takes the same event as another referenced rule into the one at `index`.
    pub(crate) fn absorb(&mut self, index: usize, same: Entry) {
        let (number, at) = self.place(index);
        let piece = self.piece_mut(number);
        let Some(entry) = piece.entries.get_mut(at) else { return };
        let before = entry.shares();
        entry.absorb(same);
        let after = entry.shares();
        let [part, whole] = added(piece.shares, after);
        piece.shares = [part.saturating_sub(before[0]), whole.saturating_sub(before[1])];
    }

    /// What some entries count for of the part and of the whole.
    pub(crate) fn shares(&self, range: Range<usize>) -> [u32; 2] {
        let (mut start, mut sum) = (0, [0; 2]);
        for piece in self.older.iter().chain([&self.newest]) {
            let end = start + piece.len();
            let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
            sum = if to - from == piece.len() {
                added(sum, piece.shares)
            } else {
                let some = piece.entries.range(from - start..to.max(from) - start);
                some.fold(sum, |sum, entry| added(sum, entry.shares()))
            };
            start = end;
        }
        sum
    }

    pub(crate) fn front(&self) -> Option<&Entry> {
        self.piece(0).entries.front()
    }

    pub(crate) fn back(&self) -> Option<&Entry> {
        self.newest.entries.back().or_else(|| self.older.back()?.entries.back())
    }

    pub(crate) fn push_back(&mut self, entry: Entry) {
        if self.newest.len() >= PIECE {
            self.older.push_back(std::mem::take(&mut self.newest));
            self.newest.entries.reserve_exact(PIECE);
        }
        self.newest.make_room();
        self.newest.count(&entry);
        self.newest.entries.push_back(entry);
        self.len += 1;
    }

    pub(crate) fn pop_front(&mut self) -> Option<Entry> {
        let piece = self.piece_mut(0);
        let entry = piece.entries.pop_front()?;
        let entry = piece.discount(entry);
        self.len -= 1;
        self.drop_empty(0);
        Some(entry)
    }

    /// Gives back the room of what has gone from the front.
    pub(crate) fn give_back(&mut self) {
        self.piece_mut(0).give_back();
        self.newest.give_back();
    }

    fn drop_empty(&mut self, piece: usize) {
        if self.older.get(piece).is_some_and(|piece| piece.entries.is_empty()) {
            self.older.remove(piece);
        }
    }

    /// Puts an entry before the one at `index`.
    pub(crate) fn insert(&mut self, index: usize, entry: Entry) {
        if index >= self.len {
            return self.push_back(entry);
        }
        let (number, at) = self.place(index);
        let piece = self.piece_mut(number);
        piece.count(&entry);
        piece.entries.insert(at, entry);
        if piece.len() > 2 * PIECE {
            let mut behind = EntryPiece { entries: piece.entries.split_off(PIECE), shares: [0; 2] };
            behind.shares = behind.entries.iter().fold([0; 2], |sum, entry| added(sum, entry.shares()));
            let mut before = std::mem::replace(piece, behind);
            before.shares = before.entries.iter().fold([0; 2], |sum, entry| added(sum, entry.shares()));
            self.older.insert(number, before);
        }
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, index: usize) -> Option<Entry> {
        let (number, at) = self.place(index);
        let piece = self.piece_mut(number);
        let entry = piece.entries.remove(at)?;
        let entry = piece.discount(entry);
        self.len -= 1;
        self.drop_empty(number);
        Some(entry)
    }

    /// How many entries there are for which `is_before` holds; those come first.
    pub(crate) fn partition_point(&self, is_before: impl Fn(&Entry) -> bool) -> usize {
        let whole = self.older.partition_point(|piece| piece.entries.back().is_some_and(&is_before));
        let before: usize = self.older.iter().take(whole).map(EntryPiece::len).sum();
        before + self.piece(whole).entries.partition_point(is_before)
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        self.range(0..self.len)
    }

    pub(crate) fn range(&self, range: Range<usize>) -> Iter<'_> {
        let end = range.end.min(self.len);
        let left = end.saturating_sub(range.start);
        Iter { entries: self, front: self.place(range.start.min(end)), back: self.place(end), left }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.older.iter_mut().chain([&mut self.newest]).flat_map(|piece| &mut piece.entries)
    }
}

impl Index<usize> for Entries {
    type Output = Entry;

    #[inline]
    fn index(&self, index: usize) -> &Entry {
        let (piece, at) = self.place(index);
        &self.piece(piece).entries[at]
    }
}

impl IndexMut<usize> for Entries {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut Entry {
        let (piece, at) = self.place(index);
        &mut self.piece_mut(piece).entries[at]
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut all = Self::default();
        entries.into_iter().for_each(|entry| all.push_back(entry));
        all
    }
}

/// Some entries, from either end.
#[derive(Clone)]
pub(crate) struct Iter<'e> {
    entries: &'e Entries,
    front: Place,
    /// Behind the last.
    back: Place,
    left: usize,
}

impl<'e> Iterator for Iter<'e> {
    type Item = &'e Entry;

    fn next(&mut self) -> Option<&'e Entry> {
        self.left = self.left.checked_sub(1)?;
        let piece = self.entries.piece(self.front.0);
        let entry = piece.entries.get(self.front.1);
        self.front.1 += 1;
        if self.front.1 == piece.len() {
            self.front = (self.front.0 + 1, 0);
        }
        entry
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        while self.back.1 == 0 {
            let before = self.back.0.checked_sub(1)?;
            self.back = (before, self.entries.piece(before).len());
        }
        self.back.1 -= 1;
        self.entries.piece(self.back.0).entries.get(self.back.1)
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Timestamp;

    #[derive(Clone, Debug)]
    enum Step {
        Push,
        Pop,
        Insert(prop::sample::Index),
        Remove(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => Just(Step::Push),
            1 => Just(Step::Pop),
            4 => any::<prop::sample::Index>().prop_map(Step::Insert),
            1 => any::<prop::sample::Index>().prop_map(Step::Remove),
        ]
    }

    fn orders<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<u64> {
        entries.map(|entry| entry.order).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn pieces_are_as_good_as_one(steps in prop::collection::vec(step(), 0..1_500), from in 0..400_usize) {
            let (mut entries, mut one) = (Entries::default(), Vec::new());
            for (order, step) in (0..).zip(steps) {
                let mut entry = Entry::step(Timestamp::default(), order, 0);
                entry.set_shares(order % 3 == 0, order % 2 == 0);
                match step {
                    Step::Push => (entries.push_back(entry), one.push(order)).1,
                    Step::Insert(at) => {
                        let at = at.index(one.len() + 1);
                        entries.insert(at, entry);
                        one.insert(at, order);
                    }
                    Step::Pop if one.is_empty() => prop_assert!(entries.pop_front().is_none()),
                    Step::Pop => prop_assert_eq!(entries.pop_front().map(|entry| entry.order), Some(one.remove(0))),
                    Step::Remove(_) if one.is_empty() => prop_assert!(entries.remove(0).is_none()),
                    Step::Remove(at) => {
                        let at = at.index(one.len());
                        prop_assert_eq!(entries.remove(at).map(|entry| entry.order), Some(one.remove(at)));
                    }
                }
            }
            prop_assert_eq!(entries.len(), one.len());
            prop_assert_eq!(orders(entries.iter()), one.clone());
            prop_assert_eq!(entries.back().map(|entry| entry.order), one.last().copied());
            let from = from.min(one.len());
            let backwards: Vec<u64> = one.iter().skip(from).rev().copied().collect();
            prop_assert_eq!(orders(entries.range(from..one.len()).rev()), backwards);
            let of = |by: u64| one.iter().skip(from).filter(|order| **order % by == 0).count() as u32;
            prop_assert_eq!(entries.shares(from..one.len()), [of(3), of(2)]);
            for (index, order) in one.iter().enumerate() {
                prop_assert_eq!(entries[index].order, *order);
            }
            for (index, entry) in entries.iter_mut().enumerate() {
                entry.time = Timestamp(index as i64);
            }
            prop_assert_eq!(entries.partition_point(|entry| entry.time < Timestamp(from as i64)), from);
        }
    }
}
