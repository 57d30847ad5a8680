//! A hermetic home for the real binary: its own folders, no environment but what is set here.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use termlens::Terminal;

/// Longer than anything takes on a loaded machine; only failures wait for it.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub struct TestEnv {
    root: TempDir,
}

impl TestEnv {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("logs")).expect("a folder for logs");
        // Hides a configuration of the machine.
        let own = root.path().join(".config/soctop");
        std::fs::create_dir_all(&own).expect("a folder for the configuration");
        std::fs::write(own.join("config.toml"), "").expect("an empty configuration");
        Self { root }
    }

    /// A path in the home folder, which is also the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.root.path().join("logs").join(name)
    }

    /// The binary with an empty environment and home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soctop"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.root.path())
            .env("TZ", "UTC")
            .current_dir(self.root.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs and returns standard output; fails with everything it said when the status is another.
    pub fn stdout_of(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(status),
            "soctop {args:?}\nstdout: {}\nstderr: {}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        String::from_utf8(output.stdout).expect("standard output is UTF-8")
    }

    /// A plain watch of which nobody hears.
    pub fn watch(&self, args: &[&str]) -> Running {
        let mut command = self.command(&[&["watch", "--plain"], args].concat());
        start(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// The binary in a pseudo-terminal.
    pub fn terminal(&self, columns: u16, rows: u16, args: &[&str]) -> Terminal {
        Terminal::builder()
            .size(columns, rows)
            .env_clear()
            .env("HOME", self.root.path())
            .env("TZ", "UTC")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .current_dir(self.root.path())
            .timeout(DEADLINE)
            .args(args)
            .spawn(env!("CARGO_BIN_EXE_soctop"))
            .expect("the binary starts in a pseudo-terminal")
    }
}

/// A process that ends with its test, also when the test fails. `architecture.rs` sees to it that there are no others.
pub struct Running(Child);

pub fn start(command: &mut Command) -> Running {
    Running(command.spawn().expect("the program starts"))
}

/// Runs a program with this on its standard input to its end, whether it reads that or not. Fails where the program is not
/// there.
pub fn fed(command: &mut Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map(Running)?;
    if let Some(mut stdin) = child.stdin.take() {
        drop(stdin.write_all(input));
    }
    child.output()
}

fn everything(pipe: Option<impl Read>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}

impl Running {
    /// Everything it says until it ends.
    fn output(&mut self) -> std::io::Result<Output> {
        let (out, err) = (self.0.stdout.take(), self.0.stderr.take());
        let said = std::thread::spawn(|| everything(err));
        let stdout = everything(out)?;
        let stderr = said.join().expect("it reads")?;
        Ok(Output { status: self.0.wait()?, stdout, stderr })
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a status").is_some()
    }

    /// As a crash does; returns when it is gone.
    pub fn crash(&mut self) {
        self.0.kill().expect("it is killed");
        self.0.wait().expect("it is reaped");
    }

    /// As Ctrl-C does; returns when it has ended.
    pub fn interrupt(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the signal is sent");
        self.0.wait().expect("it has ended");
    }
}

/// The bytes of every file below a folder, but for those that go meanwhile.
pub fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.extend(std::fs::read(&path)),
        }
    }
    found
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Appends to a file as a log writer does: one write, flushed.
pub fn append(path: &Path, text: &str) {
    let mut file: File =
        OpenOptions::new().create(true).append(true).open(path).expect("the log can be opened");
    file.write_all(text.as_bytes()).expect("the log can be written");
}

/// A named pipe that nobody writes to.
pub fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
}

/// Waits until `probe` gives something, and says what was awaited when it never does.
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
