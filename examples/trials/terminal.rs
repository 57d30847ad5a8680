//! A program in a pseudo-terminal, for programs that measure it.

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a measurement comes to.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A program in a pseudo-terminal, and everything that it has written.
pub struct Watched {
    child: Child,
    keys: ChildStdin,
    written: Arc<Mutex<Vec<u8>>>,
    news: Receiver<()>,
}

impl Watched {
    pub fn start(command: &str, folder: &Path) -> Outcome<Self> {
        let inner = format!("stty cols 120 rows 36; exec {command}");
        let mut child = Command::new("script")
            .args(["-qefc", &inner, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("HOME", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let keys = child.stdin.take().ok_or("no input")?;
        let mut output = child.stdout.take().ok_or("no output")?;
        let written = Arc::new(Mutex::new(Vec::new()));
        let (told, news) = channel();
        let kept = Arc::clone(&written);
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = output.read(&mut buffer) {
                let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return };
                let Ok(mut kept) = kept.lock() else { return };
                kept.extend_from_slice(bytes);
                drop(kept);
                if told.send(()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, keys, written, news })
    }

    pub fn length(&self) -> usize {
        self.written.lock().map_or(0, |written| written.len())
    }

    /// What was written behind the first `from` bytes.
    pub fn since(&self, from: usize) -> Vec<u8> {
        self.written
            .lock()
            .map_or_else(|_| Vec::new(), |written| written.get(from..).unwrap_or_default().to_vec())
    }

    /// How long it takes until a word is written behind what was there.
    pub fn until(&self, from: usize, word: &str) -> Outcome<Duration> {
        let (began, mut looked) = (Instant::now(), from);
        loop {
            let fresh = self.since(looked);
            let waited = began.elapsed();
            if fresh.windows(word.len()).any(|at| at == word.as_bytes()) {
                return Ok(waited);
            }
            // What is to come may complete what the end of it begins.
            looked += fresh.len().saturating_sub(word.len());
            // News may come without end.
            let patience = PATIENCE.saturating_sub(waited);
            if patience.is_zero() || self.news.recv_timeout(patience).is_err() {
                return Err(format!("no {word:?} within {} s", PATIENCE.as_secs()).into());
            }
        }
    }

    pub fn type_keys(&mut self, keys: &str) -> std::io::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()
    }

    pub fn press(&mut self, key: &str, word: &str) -> Outcome<Duration> {
        let from = self.length();
        self.type_keys(key)?;
        self.until(from, word)
    }

    /// Memory of the program as the kernel calls it (`VmRSS:`, at most `VmHWM:`), in megabytes.
    pub fn memory_mb(&self, name: &str) -> u64 {
        memory_mb(&self.process(), name)
    }

    /// The number of its process.
    pub fn process(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        children.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

/// Memory of a process as the kernel calls it, in megabytes.
pub fn memory_mb(pid: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) * 1024
        / 1_000_000
}

/// The time that this many of a hundred do not exceed; `sorted` holds the shortest first.
pub fn percentile(sorted: &[Duration], share: usize) -> Duration {
    let at = (sorted.len() * share).div_ceil(100).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.keys.write_all(b"\x03"));
        thread::sleep(Duration::from_millis(500));
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
