//! One bound of memory for all that grows with what is read: queues, batches, the writer of the index and the state
//! of detection have their shares of it; what they really take together is looked at, and made less where that comes
//! near the bound. Pages of the index that are mapped do not count: they are copies of what lies on the disk, which the
//! kernel takes back when it wants them, and no killer of processes is called for their sake.

use std::fs;

use crate::event::number::to_usize;
use crate::state::MemoryStatus;

/// Without another word: this much, and no more than half of what the machine has.
const USUAL: u64 = 1 << 30;
/// Less is not enough for the index alone.
const LEAST: u64 = 128 << 20;

/// Memory that soctop may take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryBudget(u64);

impl MemoryBudget {
    /// `wanted` bytes, or what is usual.
    pub fn of(wanted: Option<u64>) -> Self {
        let usual = || machine_bytes().map_or(USUAL, |all| USUAL.min(all / 2));
        Self(wanted.unwrap_or_else(usual).max(LEAST))
    }

    /// For the terms of what is being indexed, in each thread.
    pub fn index_heap(self) -> usize {
        self.share(16, 16, 64)
    }

    /// For events that are committed together.
    pub fn commit(self) -> usize {
        self.share(20, 8, 32)
    }

    /// For events that wait while the index cannot be written.
    pub fn held(self) -> usize {
        self.share(4, 32, 256)
    }

    /// Groups that all rules together follow exactly.
    pub fn groups(self) -> usize {
        const GROUP_BYTES: u64 = 8 << 10;
        to_usize(u32::try_from(self.0 / GROUP_BYTES).unwrap_or(u32::MAX).clamp(4_096, 131_072))
    }

    /// Events that these groups hold, each as often as rules have it.
    pub fn entries(self) -> usize {
        const ENTRY_BYTES: u64 = 1 << 10;
        to_usize(u32::try_from(self.0 / ENTRY_BYTES).unwrap_or(u32::MAX).clamp(131_072, 2_097_152))
    }

    /// One part of it, within bounds in MiB.
    fn share(self, part: u64, least: u64, most: u64) -> usize {
        let bytes = (self.0 / part).clamp(least << 20, most << 20);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// What begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryTurn {
    Scarce,
    Enough,
}

/// How much of the budget is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryWatch {
    budget: MemoryBudget,
    scarce: bool,
}

impl MemoryWatch {
    pub fn new(budget: MemoryBudget) -> Self {
        Self { budget, scarce: false }
    }

    pub fn is_scarce(self) -> bool {
        self.scarce
    }

    pub fn status(self, used_bytes: u64) -> MemoryStatus {
        MemoryStatus { used_bytes, bound_bytes: self.budget.0 }
    }

    /// Whether memory has become scarce, or is so no more. From then on incidents, evidence and what is being indexed
    /// still grow by up to two fifths of the budget, measured under twice the load that can be indexed.
    pub fn look(&mut self, used_bytes: u64) -> Option<MemoryTurn> {
        let sixteenths = used_bytes.saturating_mul(16) / self.budget.0;
        match (self.scarce, sixteenths) {
            (false, 9..) => {
                self.scarce = true;
                Some(MemoryTurn::Scarce)
            }
            (true, ..7) => {
                self.scarce = false;
                Some(MemoryTurn::Enough)
            }
            _ => None,
        }
    }
}

/// What the process takes for itself at the moment.
pub(super) fn used_bytes() -> Option<u64> {
    own_bytes(&fs::read_to_string("/proc/self/status").ok()?)
}

fn own_bytes(status: &str) -> Option<u64> {
    let [anonymous, shared] = ["RssAnon:", "RssShmem:"].map(|name| kibibytes(status, name));
    Some(anonymous? + shared?)
}

fn machine_bytes() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// The bytes that a line of a table of the kernel names.
fn kibibytes(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|number| number << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn memory_is_scarce_from_nine_sixteenths_on_until_it_is_less_than_seven() {
        let mut watch = MemoryWatch::new(MemoryBudget::of(Some(800 * MIB)));
        let turns: Vec<Option<MemoryTurn>> =
            [449, 450, 900, 350, 349, 449].into_iter().map(|used| watch.look(used * MIB)).collect();
        assert_eq!(turns, [None, Some(MemoryTurn::Scarce), None, None, Some(MemoryTurn::Enough), None]);
    }

    #[test]
    fn shares_follow_the_budget_within_bounds() {
        let shares = |mib: u64| {
            let budget = MemoryBudget::of(Some(mib * MIB));
            let mebibytes = [budget.index_heap(), budget.commit(), budget.held()].map(|bytes| bytes >> 20);
            (mebibytes, budget.groups(), budget.entries())
        };
        assert_eq!(shares(1), ([16, 8, 32], 16_384, 131_072), "never less than is needed");
        assert_eq!(shares(512), ([32, 25, 128], 65_536, 524_288));
        assert_eq!(shares(1 << 20), ([64, 32, 256], 131_072, 2_097_152));
    }

    #[test]
    fn the_kernel_says_what_the_process_takes() {
        let status = "VmHWM:\t 900 kB\nRssAnon:\t     120 kB\nRssFile:\t 300 kB\nRssShmem:\t 4 kB\n";
        assert_eq!(own_bytes(status), Some(124 << 10), "without files that are mapped");
        assert_eq!(own_bytes("VmHWM:\t 900 kB\n"), None);
        assert!(used_bytes().is_none_or(|used| used > 0));
    }
}
