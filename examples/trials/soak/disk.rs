//! The disk of the index, and what is wrong with it for a while: it is full, files may not grow, calls fail or take long.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::terminal::Outcome;

/// Where the index lies below the folder of a run.
pub const DATA: &str = "data";

/// Of the file system for the index, where one can be made.
const SIZE: &str = "size=600m";
/// What is left to the index when its disk is full, in bytes: too little for another commit.
const LEFT: u64 = 256 << 10;
/// What a file may hold where files may not grow, in bytes.
const LARGEST_FILE: u64 = 20_000;

/// A file system of its own for the index, where whoever runs this may mount one; else a folder, which is never full.
pub struct Disk {
    path: PathBuf,
    is_mounted: bool,
    /// Calls can be made to fail.
    is_traced: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Full,
    /// No file may become larger than a few pages.
    SmallFiles,
    /// A call of the system, and what becomes of it now and then (`strace -e inject`).
    Call(&'static str, &'static str),
}

/// One after the other; every other act has a sound disk.
const FAULTS: [Fault; 8] = [
    Fault::Full,
    Fault::Call("fdatasync", "error=EIO:when=9+11"),
    Fault::SmallFiles,
    Fault::Call("rename", "error=ENOSPC:when=7+13"),
    Fault::Call("fdatasync", "delay_exit=300000"),
    Fault::Call("fsync", "error=EIO:when=5+7"),
    Fault::Call("openat", "error=EMFILE:when=400+53"),
    Fault::Call("pread64", "error=EIO:when=300+211"),
];

impl Fault {
    pub fn is_bad(self) -> bool {
        self != Self::None
    }

    /// It can befall a program that runs, and be over while it runs.
    pub fn can_come_later(self) -> bool {
        !matches!(self, Self::Call(..))
    }

    /// The command under this fault from its first call on. Its process is that of the program either way.
    pub fn around(self, inner: &Command) -> Command {
        let Self::Call(call, what) = self else { return copied(inner.get_program(), inner) };
        let mut command = copied("strace", inner);
        let (traced, injected) = (format!("trace={call}"), format!("inject={call}:{what}"));
        command.args(["-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", &traced, "-e", &injected]);
        command.arg("--").arg(inner.get_program()).args(inner.get_args());
        command
    }
}

/// A command with the surroundings of another; where the program is the same, also with its words.
fn copied(program: impl AsRef<std::ffi::OsStr>, inner: &Command) -> Command {
    let mut command = Command::new(&program);
    if program.as_ref() == inner.get_program() {
        command.args(inner.get_args());
    }
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command
}

impl Disk {
    pub fn below(folder: &Path) -> Outcome<Self> {
        let path = folder.join(DATA);
        fs::create_dir(&path)?;
        let is_mounted = does(
            Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0700", "-o", SIZE, "none"]).arg(&path),
        );
        let is_traced = does(Command::new("strace").arg("-V"));
        if !is_mounted {
            println!("no file system can be mounted here (that needs root): the disk is never full");
        }
        if !is_traced {
            println!("strace is not installed: no call fails");
        }
        Ok(Self { path, is_mounted, is_traced })
    }

    /// What is wrong in an act, of which the first has the number 1; faults that cannot be had here are left out.
    pub fn fault_of(&self, act: u64) -> Fault {
        if !act.is_multiple_of(2) {
            return Fault::None;
        }
        let at = usize::try_from(act / 2 - 1).unwrap_or_default() % FAULTS.len();
        match FAULTS.get(at) {
            Some(Fault::Full) if !self.is_mounted => Fault::SmallFiles,
            Some(Fault::Call(..)) if !self.is_traced => Fault::SmallFiles,
            found => found.copied().unwrap_or(Fault::None),
        }
    }

    pub fn begin(&self, fault: Fault, process: u32) -> Outcome<()> {
        match fault {
            Fault::Full => {
                let stat = rustix::fs::statvfs(&self.path)?;
                let used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
                self.resize(&format!("size={}", used + LEFT))
            }
            Fault::SmallFiles => limit_files(process, &LARGEST_FILE.to_string()),
            Fault::None | Fault::Call(..) => Ok(()),
        }
    }

    pub fn end(&self, fault: Fault, process: u32) -> Outcome<()> {
        match fault {
            Fault::Full => self.resize(SIZE),
            Fault::SmallFiles => limit_files(process, "unlimited"),
            Fault::None | Fault::Call(..) => Ok(()),
        }
    }

    fn resize(&self, size: &str) -> Outcome<()> {
        let size = format!("remount,{size}");
        match does(Command::new("mount").args(["-o", &size]).arg(&self.path)) {
            true => Ok(()),
            false => Err(format!("the disk cannot be made another size: {size}").into()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            does(Command::new("umount").arg("-l").arg(&self.path));
        }
    }
}

/// The process may have ended by itself by now.
fn limit_files(process: u32, bytes: &str) -> Outcome<()> {
    let limit = format!("--fsize={bytes}:");
    does(Command::new("prlimit").args(["--pid", &process.to_string(), &limit]));
    Ok(())
}

/// Whether a command can be run and ends well.
fn does(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
