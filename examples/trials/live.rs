//! A log that grows at an even rate: what watching it costs, how soon a line can be found, how soon an attacker is told of.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::attack;
use super::lines::Service;
use super::process::cpu_time;
use super::terminal::{Outcome, memory_mb, percentile};
use super::{PlainWatch, expect, soctop, stored, until_stored};

/// Without lines of somebody's own.
const SERVICE: Service = Service { number: 0, refused_every: 20, users: 9_973 };
/// Before the measurement begins.
const WARM_UP: Duration = Duration::from_secs(10);
/// Writers collect lines for so long.
const TICK: Duration = Duration::from_millis(10);
/// Ticks from one attack to the next: the phase against commits is another each time.
const TICKS_TO_AN_ATTACK: u64 = 73;
const TRIES: u64 = 8;

pub fn run(program: &Path, rate: u64, span: Duration, recorded: Option<&Path>) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("app.log");
    File::create(&log)?;
    let mut command = soctop(program, folder.path(), &["watch", "--plain", "--data-dir", "data", "app.log"]);
    command.stdout(Stdio::piped()).stderr(File::create(folder.path().join("said"))?);
    let mut running = PlainWatch::start(command)?;
    let told = victims(running.child.stdout.take().ok_or("no output")?);
    let process = running.process();
    let mut writing = Writing::new(&log, rate, recorded)?;
    let mut course = Course::default();
    writing.go_on(WARM_UP, |_| Ok(()))?;
    let (began, cpu) = (Instant::now(), cpu_time(&process)?);
    writing.go_on(span, |writing| {
        course.look(&folder.path().join("data/position.json"), writing);
        course.memory.push(memory_mb(&process, "VmRSS:"));
        Ok(())
    })?;
    let share = (cpu_time(&process)? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    let lag = until_stored(program, folder.path(), writing.lines, Duration::from_secs(600))?;
    let peak = running.peaks.own_mb();
    expect(stored(program, folder.path()) == writing.lines, "every line is stored once")?;
    running.end()?;
    course.told(&told, &writing.attacks);
    course.print(rate, share, lag, peak);
    Ok(())
}

/// When each victim was first told of.
fn victims(output: impl std::io::Read + Send + 'static) -> Receiver<(u64, Instant)> {
    let (told, victims) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix("victim")?.parse().ok());
            if let Some(victim) = word.filter(|_| line.contains("would be locked"))
                && told.send((victim, Instant::now())).is_err()
            {
                return;
            }
        }
    });
    victims
}

/// The log and what was written to it.
struct Writing {
    file: File,
    rate: u64,
    /// Lines to repeat, with times of now.
    recorded: Vec<String>,
    began: Instant,
    lines: u64,
    bytes: u64,
    ticks: u64,
    attacks: HashMap<u64, Instant>,
}

impl Writing {
    fn new(log: &Path, rate: u64, recorded: Option<&Path>) -> Outcome<Self> {
        let recorded = recorded.map(fs::read_to_string).transpose()?.unwrap_or_default();
        Ok(Self {
            file: OpenOptions::new().append(true).open(log)?,
            rate,
            recorded: recorded.lines().map(str::to_owned).collect(),
            began: Instant::now(),
            lines: 0,
            bytes: 0,
            ticks: 0,
            attacks: HashMap::new(),
        })
    }

    fn go_on(&mut self, span: Duration, mut each: impl FnMut(&Self) -> Outcome<()>) -> Outcome<()> {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.write()?;
            each(self)?;
            thread::sleep(TICK);
        }
        Ok(())
    }

    fn write(&mut self) -> Outcome<()> {
        let millis = u64::try_from(self.began.elapsed().as_millis())?;
        let due = millis * self.rate / 1_000;
        let mut text = Vec::new();
        if self.recorded.is_empty() {
            SERVICE.write(&mut text, self.lines..due.max(self.lines))?;
        } else {
            self.repeat(&mut text, due)?;
        }
        self.lines = due.max(self.lines);
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICKS_TO_AN_ATTACK) {
            let attacker = self.attacks.len() as u64;
            attack::write(&mut text, attacker, self.lines..self.lines + TRIES)?;
            self.lines += TRIES;
            self.attacks.insert(attacker, Instant::now());
        }
        self.bytes += text.len() as u64;
        Ok(self.file.write_all(&text)?)
    }

    /// Recorded lines, which begin with their times.
    fn repeat(&self, text: &mut Vec<u8>, due: u64) -> Outcome<()> {
        let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        for number in self.lines..due {
            let at = usize::try_from(number)? % self.recorded.len();
            let line = self.recorded.get(at).map(String::as_str).unwrap_or_default();
            let rest = line.split_once(',').map_or("", |(_, rest)| rest);
            writeln!(text, "{{\"timestamp\":\"{time}\",{rest}")?;
        }
        Ok(())
    }
}

/// What was seen meanwhile.
#[derive(Default)]
struct Course {
    /// Ends of what was written, not found yet, and when it was written.
    waiting: Vec<(u64, Instant)>,
    found: Vec<Duration>,
    alerts: Vec<Duration>,
    memory: Vec<u64>,
}

impl Course {
    /// How far the last commit goes.
    fn look(&mut self, position: &Path, writing: &Writing) {
        self.waiting.push((writing.bytes, Instant::now()));
        let Some(stored) = stored_bytes(position) else { return };
        let found = &mut self.found;
        self.waiting.retain(|(end, written)| {
            if *end <= stored {
                found.push(written.elapsed());
            }
            *end > stored
        });
    }

    fn told(&mut self, told: &Receiver<(u64, Instant)>, attacks: &HashMap<u64, Instant>) {
        let mut first: HashMap<u64, Instant> = HashMap::new();
        for (victim, when) in told.try_iter() {
            first.entry(victim).or_insert(when);
        }
        let waited = |(victim, when): (&u64, &Instant)| Some(when.duration_since(*attacks.get(victim)?));
        self.alerts = first.iter().filter_map(waited).collect();
    }

    fn print(mut self, rate: u64, share: f64, lag: Duration, peak: u64) {
        self.found.sort();
        self.alerts.sort();
        let at = |part: usize| self.memory.get(self.memory.len() * part / 4).copied().unwrap_or_default();
        let last = self.memory.last().copied().unwrap_or_default();
        println!(
            "{rate} lines/s: {:.1} % of a core; found after {:?} (p50), {:?} (p99); {} attackers told of after {:?} (p50), \
             {:?} (p99); {:.1} s behind at the end; {}, {}, {}, {last} MB in its course, {peak} MB at most",
            share * 100.0,
            percentile(&self.found, 50),
            percentile(&self.found, 99),
            self.alerts.len(),
            percentile(&self.alerts, 50),
            percentile(&self.alerts, 99),
            lag.as_secs_f64(),
            at(1),
            at(2),
            at(3),
        );
    }
}

fn stored_bytes(position: &Path) -> Option<u64> {
    let text = fs::read_to_string(position).ok()?;
    let payload: serde_json::Value = serde_json::from_str(text.splitn(3, ' ').nth(2)?).ok()?;
    payload["cursors"].as_array()?.iter().filter_map(|cursor| cursor["end"].as_u64()).max()
}
