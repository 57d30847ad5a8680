//! Which correlation ids a sealed partition holds: a few bits for each, so that a question for one id opens only
//! the partitions that have it.
//!
//! A Bloom filter in blocks of 64 bytes, one of which is read for a question. It may say that an id is there
//! which is not (one in two hundred), never the opposite; each block has a checksum, because a flipped bit
//! would be just that.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The file in the directory of a partition.
pub const IDS: &str = "ids.filter";

const BLOCK: usize = 64;
/// The rest is the checksum.
const BITS: u64 = (BLOCK as u64 - 4) * 8;
const BITS_PER_ID: u64 = 12;
const PROBES: u32 = 6;

/// What the filter knows of an id: a hash of its term.
pub fn hash(term: &[u8]) -> u128 {
    xxh3_128(term)
}

/// The bytes of a filter of these ids. `count`: how many there are.
pub fn build(ids: impl Iterator<Item = u128>, count: u64) -> Vec<u8> {
    let blocks = (count * BITS_PER_ID).div_ceil(BITS).max(1);
    let mut bytes = vec![0; usize::try_from(blocks).unwrap_or(usize::MAX / BLOCK) * BLOCK];
    for id in ids {
        let (block, bits) = places(id, blocks);
        for bit in bits {
            if let Some(byte) = bytes.get_mut(block * BLOCK + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
    }
    for block in bytes.chunks_exact_mut(BLOCK) {
        let (bits, sum) = block.split_at_mut(BLOCK - 4);
        sum.copy_from_slice(&checksum(bits));
    }
    bytes
}

/// Whether the partition may hold the id; true, too, where the filter is missing or damaged.
pub fn may_hold(partition: &Path, id: u128) -> bool {
    look(&partition.join(IDS), id).unwrap_or(true)
}

/// Whether every block of the filter is what was written; `None` without one.
pub fn is_whole(partition: &Path) -> Option<bool> {
    let bytes = std::fs::read(partition.join(IDS)).ok()?;
    let fits =
        |block: &[u8]| block.split_at_checked(BLOCK - 4).is_some_and(|(bits, sum)| checksum(bits) == sum);
    Some(!bytes.is_empty() && bytes.chunks(BLOCK).all(fits))
}

fn look(path: &Path, id: u128) -> io::Result<bool> {
    let file = File::open(path)?;
    let blocks = file.metadata()?.len() / BLOCK as u64;
    if blocks == 0 {
        return Ok(true);
    }
    let (block, bits) = places(id, blocks);
    let mut bytes = [0; BLOCK];
    file.read_exact_at(&mut bytes, (block * BLOCK) as u64)?;
    let (held, sum) = bytes.split_at(BLOCK - 4);
    if checksum(held) != sum {
        return Ok(true);
    }
    Ok(bits.into_iter().all(|bit| held.get(bit / 8).is_some_and(|byte| byte & 1 << (bit % 8) != 0)))
}

/// The block of an id, and its bits in there.
fn places(hash: u128, blocks: u64) -> (usize, [usize; PROBES as usize]) {
    let block = ((hash >> 64) * u128::from(blocks)) >> 64;
    let mut bits = [0; PROBES as usize];
    for (bit, shift) in bits.iter_mut().zip((0..).step_by(10)) {
        *bit = ((hash >> shift) as u64 % 1_024 * BITS / 1_024) as usize;
    }
    (usize::try_from(block).unwrap_or_default(), bits)
}

fn checksum(bits: &[u8]) -> [u8; 4] {
    (xxh3_64(bits) as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> u128 {
        hash(format!("req-{number}").as_bytes())
    }

    #[test]
    fn every_id_is_found_and_few_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(IDS), build((0..20_000).map(id), 20_000)).unwrap();
        assert!((0..20_000).all(|number| may_hold(folder.path(), id(number))));
        let wrong = (20_000..40_000).filter(|number| may_hold(folder.path(), id(*number))).count();
        assert!(wrong < 400, "{wrong} of 20,000");
        assert_eq!(is_whole(folder.path()), Some(true));
    }

    #[test]
    fn a_damaged_or_missing_filter_excludes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(may_hold(folder.path(), hash(b"x")));
        assert_eq!(is_whole(folder.path()), None);
        let mut bytes = build((0..10).map(id), 10);
        bytes.iter_mut().step_by(BLOCK).for_each(|byte| *byte ^= 0xff);
        std::fs::write(folder.path().join(IDS), bytes).unwrap();
        assert!((0..10).all(|number| may_hold(folder.path(), id(number))));
        assert_eq!(is_whole(folder.path()), Some(false));
    }
}
