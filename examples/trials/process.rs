//! What a process takes, by the accounts of the kernel.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::terminal::Outcome;

/// A tick of the processor's accounts, in milliseconds.
const ACCOUNT_TICK: u64 = 10;
/// Memory is looked at this often: the kernel keeps the peak of all of it, and not of its parts.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a process has had of the processors.
pub fn cpu_time(process: &str) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * ACCOUNT_TICK))
}

/// The most memory that a process has had since it is looked at. Its own is what its bound is about; pages of files that
/// it has mapped are copies of what lies on the disk, which the kernel takes back when it wants them.
pub struct Peaks {
    own: Arc<AtomicU64>,
    mapped: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Peaks {
    pub fn of(process: String) -> Self {
        let (own, mapped, over) = (Arc::default(), Arc::default(), Arc::default());
        let mut peaks = Self { own, mapped, over, watcher: None };
        let (own, mapped, over) =
            (Arc::clone(&peaks.own), Arc::clone(&peaks.mapped), Arc::clone(&peaks.over));
        peaks.watcher = Some(thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
                let bytes = |name| bytes_of(&status, name);
                own.fetch_max(bytes("RssAnon:") + bytes("RssShmem:"), Ordering::Relaxed);
                mapped.fetch_max(bytes("RssFile:"), Ordering::Relaxed);
                thread::sleep(LOOK_EVERY);
            }
        }));
        peaks
    }

    /// Its own, in megabytes.
    pub fn own_mb(&self) -> u64 {
        self.own.load(Ordering::Relaxed) / 1_000_000
    }

    /// Of mapped files, in megabytes.
    pub fn mapped_mb(&self) -> u64 {
        self.mapped.load(Ordering::Relaxed) / 1_000_000
    }
}

impl Drop for Peaks {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // It does nothing that can break down.
        drop(self.watcher.take().map(JoinHandle::join));
    }
}

/// What a line of a table of the kernel names.
fn bytes_of(table: &str, name: &str) -> u64 {
    let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) * 1024
}
