//! Where the blocks of an [archive](super::archive) begin: a line is found without looking at every block before its
//! own.
//!
//! Sixteen bytes a block, the number of its first document and its offset, in a file beside the blocks. It is
//! written without being synced and nothing is lost with it: whoever finds no block at a place (after a power failure, or
//! while a partition is packed) looks at the heads of the blocks, one after the other.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::directory::replace_in;
use super::error::Error;
use crate::event::number::to_u64;

/// The file in the directory of a partition.
pub const PLACES: &str = "lines.places";
const ENTRY: usize = 16;

/// Where a block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of its first document.
    pub first: u64,
    pub offset: u64,
}

impl Place {
    fn bytes(self) -> [u8; ENTRY] {
        (u128::from(self.offset) << 64 | u128::from(self.first)).to_le_bytes()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let both = u128::from_le_bytes(bytes.try_into().ok()?);
        Some(Self { first: both as u64, offset: (both >> 64) as u64 })
    }

    /// Whether it may stand behind `before` in the list.
    fn follows(self, before: Option<&Self>) -> bool {
        match before {
            Some(before) => self.first > before.first && self.offset > before.offset,
            None => self == Self { first: 0, offset: 0 },
        }
    }
}

/// The end that writes.
pub struct PlaceFile {
    file: File,
    blocks: u64,
}

impl PlaceFile {
    /// Begins the file anew with these.
    pub fn create(partition: &Path, places: &[Place]) -> Result<Self, Error> {
        replace(partition, places)?;
        let path = partition.join(PLACES);
        let file =
            OpenOptions::new().write(true).mode(0o600).open(&path).map_err(Error::io("open", &path))?;
        Ok(Self { file, blocks: to_u64(places.len()) })
    }

    pub fn push(&mut self, place: Place) -> io::Result<()> {
        // At a place of its own, as the block itself.
        self.file.write_all_at(&place.bytes(), self.blocks * ENTRY as u64)?;
        self.blocks += 1;
        Ok(())
    }
}

/// Writes the whole file.
pub fn replace(partition: &Path, places: &[Place]) -> Result<(), Error> {
    let bytes: Vec<u8> = places.iter().flat_map(|place| place.bytes()).collect();
    replace_in(partition, PLACES, &bytes)
}

/// Adds to `places` what the file holds beyond them, as far as it can be right.
pub fn read_on(partition: &Path, places: &mut Vec<Place>) {
    let Ok(file) = File::open(partition.join(PLACES)) else { return };
    let known = places.len() * ENTRY;
    let len = file.metadata().map_or(0, |it| usize::try_from(it.len()).unwrap_or_default());
    let mut bytes = vec![0; len.saturating_sub(known)];
    if file.read_exact_at(&mut bytes, to_u64(known)).is_err() {
        return;
    }
    for place in bytes.chunks(ENTRY).map_while(Place::parse) {
        if !place.follows(places.last()) {
            return;
        }
        places.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u64) -> Place {
        Place { first: number * 130, offset: number * 13_000 }
    }

    #[test]
    fn places_come_back_and_go_on_where_they_were_read_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = PlaceFile::create(folder.path(), &[place(0), place(1)]).unwrap();
        let mut places = Vec::new();
        read_on(folder.path(), &mut places);
        assert_eq!(places, [place(0), place(1)]);
        file.push(place(2)).unwrap();
        read_on(folder.path(), &mut places);
        assert_eq!(places, [place(0), place(1), place(2)]);
    }

    #[test]
    fn what_cannot_be_right_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(folder.path().join(PLACES), bytes).unwrap();
            let mut places = Vec::new();
            read_on(folder.path(), &mut places);
            places
        };
        let good = [place(0).bytes(), place(1).bytes()].concat();
        assert_eq!(read(&good), [place(0), place(1)]);
        assert_eq!(read(good.get(..20).unwrap()), [place(0)]);
        assert_eq!(read(&[&good[..], &[0; 32]].concat()), [place(0), place(1)]);
        assert_eq!(read(&place(3).bytes()), []);
    }
}
