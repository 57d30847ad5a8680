//! Everything at once, for minutes: bursts into logs that are rotated in every way, kills, a bad disk. Afterwards every
//! line is stored once, every attacker told of once, nothing is left behind, and memory has not grown.

mod disk;
mod judge;
mod logs;

use std::fs::{self, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use soctop::samples::Random;

use super::attack;
use super::lines::Service;
use super::process::Peaks;
use super::terminal::Outcome;
use super::{soctop, until_stored};
use disk::{Disk, Fault};
use judge::Told;
use logs::{Log, Way};

/// Failed logins of one attacker: an account is locked after five.
const TRIES: u64 = 8;
/// After so many acts everything that was written must be stored.
const ACTS_TO_A_CHECK: u64 = 6;
/// How long that may take, while others use the machine as well.
const PATIENCE: Duration = Duration::from_secs(300);
/// Each log is rotated so often in a run, or less: all of them stay there, to be counted.
const ROTATIONS: u32 = 90;
/// And not more often than this: what is compressed must have been seen before.
const LEAST_BETWEEN_ROTATIONS: Duration = Duration::from_secs(6);
/// What a service manager sends first.
const SIGTERM: i32 = 15;
/// Remarks that are shown of a run that has failed.
const SHOWN: usize = 20;
/// What everybody else writes: some of their logins fail.
const EVERYBODY: Service = Service { number: 7, refused_every: 50, users: 499 };

pub fn run(program: &Path, span: Duration) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let outcome = Soak::new(program, folder.path(), span).and_then(Soak::run);
    if outcome.is_err() {
        let remarks = fs::read_to_string(folder.path().join(judge::REMARKS)).unwrap_or_default();
        let last = remarks.lines().count().saturating_sub(SHOWN);
        remarks.lines().skip(last).for_each(|remark| println!("said: {remark}"));
    }
    outcome
}

struct Soak<'p> {
    program: &'p Path,
    folder: &'p Path,
    disk: Disk,
    logs: Vec<Log>,
    chance: Random,
    life: Option<Life>,
    began: Instant,
    span: Duration,
    acts: u64,
    written: u64,
    attackers: u64,
    rotations: u64,
    kills: u64,
    /// When a watch was looked at, and the most memory that it had taken, in megabytes.
    peaks: Vec<(Duration, u64)>,
    /// The most of mapped files.
    mapped: u64,
}

/// One run of the program.
struct Life {
    child: std::process::Child,
    memory: Peaks,
    /// What was wrong from its beginning on, until its end.
    fault: Fault,
}

impl Life {
    /// Ends it as a service manager does.
    fn end(&mut self) -> Outcome<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        match (status.code(), status.signal()) {
            // As told by a signal, or before it listened for signals.
            (Some(0 | 130), _) | (_, Some(SIGTERM)) => Ok(()),
            _ if !self.fault.can_come_later() => Ok(()),
            _ => Err(format!("the watch ended with {status}").into()),
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl<'p> Soak<'p> {
    fn new(program: &'p Path, folder: &'p Path, span: Duration) -> Outcome<Self> {
        let interval = (span / ROTATIONS).max(LEAST_BETWEEN_ROTATIONS);
        fs::create_dir(folder.join("logs"))?;
        let logs = Way::ALL.iter().map(|way| Log::new(*way, folder, interval)).collect::<Result<_, _>>()?;
        Ok(Self {
            program,
            folder,
            disk: Disk::below(folder)?,
            logs,
            chance: Random::new(20_261_129),
            life: None,
            began: Instant::now(),
            span,
            acts: 0,
            written: 0,
            attackers: 0,
            rotations: 0,
            kills: 0,
            peaks: Vec::new(),
            mapped: 0,
        })
    }

    fn run(mut self) -> Outcome<()> {
        while self.began.elapsed() < self.span {
            self.act()?;
            if self.acts.is_multiple_of(ACTS_TO_A_CHECK) {
                self.check()?;
            }
        }
        self.check()?;
        self.end()
    }

    /// A while of the same disk, in which much is written and rotated.
    fn act(&mut self) -> Outcome<()> {
        self.acts += 1;
        let fault = self.disk.fault_of(self.acts);
        self.prepare(fault)?;
        self.disk.begin(fault, self.process())?;
        let until = Instant::now() + Duration::from_millis(3_000 + self.chance.below(5_000));
        while Instant::now() < until {
            self.write()?;
            self.rotate()?;
            self.bury_the_dead()?;
            thread::sleep(Duration::from_millis(self.chance.below(700)));
        }
        self.disk.end(fault, self.process())
    }

    /// A program that can have this fault: in most cases the one that runs.
    fn prepare(&mut self, fault: Fault) -> Outcome<()> {
        let is_sound = self.life.as_ref().is_some_and(|life| life.fault.can_come_later());
        let goes_on = is_sound && fault.can_come_later() && (fault.is_bad() || !self.one_in(2));
        if goes_on {
            return Ok(());
        }
        self.end_life()?;
        match fault.can_come_later() && fault.is_bad() {
            // It befalls a program that has begun.
            true => self.check(),
            false => self.begin_life(fault),
        }
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.chance.below(many) == 0
    }

    fn process(&self) -> u32 {
        self.life.as_ref().map_or(0, |life| life.child.id())
    }

    /// A burst into one of the logs, at times a large one or an attack.
    fn write(&mut self) -> Outcome<()> {
        let at = usize::try_from(self.chance.below(self.logs.len() as u64))?;
        let count = if self.one_in(20) { 8_000 } else { 10 + self.chance.below(600) };
        let numbers = self.written..self.written + count;
        self.written += count;
        let mut text = Vec::new();
        EVERYBODY.write(&mut text, numbers)?;
        if self.one_in(4) {
            let numbers = self.written..self.written + TRIES;
            self.written += TRIES;
            attack::write(&mut text, self.attackers, numbers)?;
            self.attackers += 1;
        }
        let log = self.logs.get_mut(at).ok_or("no such log")?;
        Ok(log.append(&text)?)
    }

    fn rotate(&mut self) -> Outcome<()> {
        for log in &mut self.logs {
            self.rotations += u64::from(log.rotate_if_due()?);
        }
        Ok(())
    }

    fn begin_life(&mut self, fault: Fault) -> Outcome<()> {
        let words = ["watch", "--plain", "--data-dir", disk::DATA, "logs"];
        let mut command = fault.around(&soctop(self.program, self.folder, &words));
        let appended = |name: &str| OpenOptions::new().create(true).append(true).open(self.folder.join(name));
        command.stdin(Stdio::null()).stdout(appended(judge::ALERTS)?).stderr(appended(judge::REMARKS)?);
        let child = command.spawn()?;
        self.life = Some(Life { memory: Peaks::of(child.id().to_string()), child, fault });
        Ok(())
    }

    /// Ends the program, in most cases by a kill.
    fn end_life(&mut self) -> Outcome<()> {
        self.note_memory();
        let Some(mut life) = self.life.take() else { return Ok(()) };
        if self.one_in(4) {
            return life.end();
        }
        self.kills += 1;
        life.child.kill()?;
        life.child.wait()?;
        Ok(())
    }

    /// The program may give up where its calls fail, and nowhere else.
    fn bury_the_dead(&mut self) -> Outcome<()> {
        let Some(life) = &mut self.life else { return Ok(()) };
        let Some(status) = life.child.try_wait()? else { return Ok(()) };
        if life.fault.can_come_later() {
            return Err(format!("the watch ended by itself: {status}").into());
        }
        let fault = life.fault;
        self.begin_life(fault)
    }

    /// On a sound disk everything that was written is stored within a while.
    fn check(&mut self) -> Outcome<()> {
        if self.life.as_ref().is_none_or(|life| !life.fault.can_come_later()) {
            self.end_life()?;
            self.begin_life(Fault::None)?;
        }
        let took = until_stored(self.program, self.folder, self.written, PATIENCE)?;
        self.bury_the_dead()?;
        self.logs.iter_mut().for_each(Log::is_seen);
        self.note_memory();
        println!(
            "{:4} s: {} lines, {} attackers, {} rotations, {} kills; all stored {:.1} s later; {} MB",
            self.began.elapsed().as_secs(),
            self.written,
            self.attackers,
            self.rotations,
            self.kills,
            took.as_secs_f64(),
            self.peaks.last().map_or(0, |(_, peak)| *peak)
        );
        Ok(())
    }

    fn note_memory(&mut self) {
        if let Some(life) = &self.life {
            self.peaks.push((self.began.elapsed(), life.memory.own_mb()));
            self.mapped = self.mapped.max(life.memory.mapped_mb());
        }
    }

    fn end(mut self) -> Outcome<()> {
        if let Some(mut life) = self.life.take() {
            life.end()?;
        }
        let told = Told { program: self.program, folder: self.folder };
        told.every_line_is_stored_once(self.written)?;
        told.every_attacker_is_told_of_once(self.attackers)?;
        told.nothing_is_left_behind()?;
        println!("{} MB of mapped files at most", self.mapped);
        judge::memory_has_not_grown(&self.peaks, self.span)
    }
}
