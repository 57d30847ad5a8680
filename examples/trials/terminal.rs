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

    fn length(&self) -> usize {
        self.written.lock().map_or(0, |written| written.len())
    }

    /// How long it takes until a word is written behind what was there.
    pub fn until(&self, from: usize, word: &str) -> Outcome<Duration> {
        let began = Instant::now();
        loop {
            let is_there = self.written.lock().is_ok_and(|written| {
                let fresh = written.get(from..).unwrap_or_default();
                fresh.windows(word.len()).any(|at| at == word.as_bytes())
            });
            if is_there {
                return Ok(began.elapsed());
            }
            self.news
                .recv_timeout(PATIENCE.saturating_sub(began.elapsed()))
                .map_err(|_| format!("no {word:?}"))?;
        }
    }

    pub fn press(&mut self, key: &str, word: &str) -> Outcome<Duration> {
        let from = self.length();
        self.keys.write_all(key.as_bytes())?;
        self.keys.flush()?;
        self.until(from, word)
    }

    /// The most resident memory that the program had, in megabytes.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:") / 1024
    }

    /// A number of the kernel's about the program.
    fn status(&self, name: &str) -> u64 {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let pid = std::fs::read_to_string(children).unwrap_or_default();
        let status = format!("/proc/{}/status", pid.split_whitespace().next().unwrap_or_default());
        kilobytes(&std::fs::read_to_string(status).unwrap_or_default(), name)
    }
}

/// The number that a table of the kernel gives a name.
pub fn kilobytes(table: &str, name: &str) -> u64 {
    let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or(0)
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
