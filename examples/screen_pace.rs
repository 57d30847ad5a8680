//! How quickly the dashboard answers a key and how many bytes it writes, in a pseudo-terminal, while log lines come in:
//! `cargo build --release && cargo run --release --example screen_pace -- target/release/soctop [LINES_PER_SECOND]...`.
//!
//! `script` of util-linux makes the pseudo-terminal of 120x36. A key is `?` or what closes the help again; its frame is
//! there when a word is that only that frame writes. Rates are of arrival; half of the lines are failures. Where lnav is
//! installed the same is measured of it in the same run: the same keys, the same lines at the same rate, in files of
//! their own, one program after the other, so that neither disturbs the other.

#![expect(clippy::print_stdout, reason = "a measurement prints its numbers")]

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lines::Service;
use terminal::{Outcome, Watched, percentile};

#[path = "trials/lines.rs"]
mod lines;
#[path = "trials/terminal.rs"]
mod terminal;

/// Keys that are pressed at each rate, and for how long at most: a program that answers late has fewer of them.
const KEYS: usize = 100;
const PRESSED: Duration = Duration::from_secs(30);
/// Between two keys: the dashboard is to come to rest where it can.
const PAUSE: Duration = Duration::from_millis(90);
/// How long bytes are counted, without a key.
const WATCHED: Duration = Duration::from_secs(10);
/// The end of a frame (synchronized output).
const FRAME_END: &[u8] = b"\x1b[?2026l";

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let program = PathBuf::from(words.next().ok_or("name the program")?).canonicalize()?;
    let rates: Vec<u32> = words.map(|word| word.parse()).collect::<Result<_, _>>()?;
    let rates = if rates.is_empty() { vec![0, 2_000, 10_000, 50_000] } else { rates };
    let lnav = lnav();
    println!(
        "program  lines/s  keys  key to frame p50     p90     p99     max (ms)   KB/s  frames/s  memory (MB)"
    );
    for rate in rates {
        for viewer in [Some(Viewer::soctop(&program)), lnav.clone()].into_iter().flatten() {
            if let Err(error) = measure(&viewer, rate) {
                println!("{:<7}  {rate:>7}  {error}", viewer.name);
            }
        }
    }
    idle(&Viewer::soctop(&program))
}

/// A program that shows growing logs, and how its help is opened and closed.
#[derive(Clone)]
struct Viewer {
    name: &'static str,
    /// Before the names of the logs, and behind them.
    command: String,
    flags: &'static str,
    /// The key that closes what `?` opens.
    close: &'static str,
    /// Words that only the frame with the help writes, and only the one without it.
    opened: &'static str,
    closed: &'static str,
    /// A word that is there once it shows its logs.
    ready: &'static str,
    /// What is pressed so that it shows new lines as they come.
    follow: &'static str,
}

impl Viewer {
    fn soctop(program: &Path) -> Self {
        Self {
            name: "soctop",
            command: format!("'{}' watch", program.display()),
            flags: "--data-dir \"$PWD/data\" --from start",
            close: "?",
            opened: "Help:",
            closed: "Threat",
            ready: "Threat",
            follow: "",
        }
    }

    fn still(self) -> Self {
        Self { flags: "--data-dir \"$PWD/data\" --from start --no-motion", ..self }
    }
}

/// lnav with its own help; none where it is not installed.
fn lnav() -> Option<Viewer> {
    match Command::new("lnav").arg("-V").output() {
        Ok(output) if output.status.success() => {
            println!("beside it: {}", String::from_utf8_lossy(&output.stdout).trim());
            let command = "lnav".to_owned();
            // It writes changed cells only, so that few words are sure to be whole, and the title of the window just
            // before the frame of its help, which is in its favour.
            let (opened, closed) = ("\u{1b}]0;HELP", "to edit");
            Some(Viewer {
                name: "lnav",
                command,
                flags: "",
                close: "q",
                opened,
                closed,
                ready: "View Help",
                follow: "G",
            })
        }
        _ => {
            println!("lnav is not installed: not measured");
            None
        }
    }
}

/// Bytes and frames that a program writes in a while without a key.
fn quietly(watched: &Watched, span: Duration) -> (usize, usize) {
    let from = watched.length();
    thread::sleep(span);
    let written = watched.since(from);
    (written.len(), written.windows(FRAME_END.len()).filter(|at| *at == FRAME_END).count())
}

/// Log files that grow at a rate until they are dropped.
struct Logs {
    files: [PathBuf; 2],
    over: Arc<AtomicBool>,
}

impl Logs {
    fn grow(folder: &Path, rate: u32) -> Outcome<Self> {
        let files = ["app.log", "api.log"].map(|name| folder.join(name));
        let over = Arc::new(AtomicBool::new(false));
        for (number, file) in files.iter().enumerate() {
            let mut writer = OpenOptions::new().create(true).append(true).open(file)?;
            let service = Service { number: number as u64, refused_every: 2, users: 997 };
            service.write(&mut writer, 0..20)?;
            let (over, rate) = (Arc::clone(&over), u64::from(rate) / files.len() as u64);
            thread::spawn(move || {
                let (began, mut written) = (Instant::now(), 20);
                while rate > 0 && !over.load(Ordering::Relaxed) {
                    let due = 20 + u64::try_from(began.elapsed().as_millis()).unwrap_or(0) * rate / 1000;
                    if service.write(&mut writer, written..due).is_err() {
                        return;
                    }
                    written = written.max(due);
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
        Ok(Self { files, over })
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn started(viewer: &Viewer, logs: &Logs, folder: &Path) -> Outcome<Watched> {
    let names: Vec<String> = logs.files.iter().map(|file| format!("'{}'", file.display())).collect();
    let command = format!("{} {} {}", viewer.command, names.join(" "), viewer.flags);
    let watched = Watched::start(&command, folder)?;
    watched.until(0, viewer.ready)?;
    thread::sleep(Duration::from_secs(2));
    Ok(watched)
}

fn measure(viewer: &Viewer, rate: u32) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let logs = Logs::grow(folder.path(), rate)?;
    let mut watched = started(viewer, &logs, folder.path())?;
    let (began, mut waited) = (Instant::now(), Vec::new());
    while waited.len() < KEYS && began.elapsed() < PRESSED {
        for (key, word) in [("?", viewer.opened), (viewer.close, viewer.closed)] {
            waited.push(watched.press(key, word)?);
            thread::sleep(PAUSE);
        }
    }
    waited.sort();
    let millis = |share: usize| percentile(&waited, share).as_secs_f64() * 1000.0;
    watched.type_keys(viewer.follow)?;
    let (bytes, frames) = quietly(&watched, WATCHED);
    let per_second = |count: usize| count as f64 / WATCHED.as_secs_f64();
    println!(
        "{:<7}  {rate:>7}  {:>4}  {:>16.1} {:>7.1} {:>7.1} {:>7.1}        {:>5.1}  {:>8.1}  {:>11}",
        viewer.name,
        waited.len(),
        millis(50),
        millis(90),
        millis(99),
        millis(100),
        per_second(bytes) / 1000.0,
        per_second(frames),
        watched.memory_mb("VmRSS:")
    );
    Ok(())
}

/// Without a running clock nothing is written while nothing happens.
fn idle(viewer: &Viewer) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let logs = Logs::grow(folder.path(), 0)?;
    let watched = started(&viewer.clone().still(), &logs, folder.path())?;
    thread::sleep(Duration::from_secs(8));
    let (bytes, frames) = quietly(&watched, WATCHED);
    println!("idle with --no-motion: {bytes} bytes, {frames} frames in {} s", WATCHED.as_secs());
    Ok(())
}
