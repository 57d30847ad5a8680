//! What must be true afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::disk::DATA;
use crate::attack;
use crate::terminal::Outcome;
use crate::{BOUND_MB, expect, soctop};

/// Where the watches print their alerts, and where they say what is wrong.
pub const ALERTS: &str = "alerts";
pub const REMARKS: &str = "remarks";

/// The rule that tells of an attacker.
const RULE: &str = "\"name\":\"account_lockout\"";
/// Memory of the second half may be more by this part: what rules remember of requests fills up within a quarter of an
/// hour, and how much waits to be stored depends on what was written just before.
const GROWTH_PERCENT: u64 = 50;

/// What a store says when all is over.
pub struct Told<'p> {
    pub program: &'p Path,
    pub folder: &'p Path,
}

impl Told<'_> {
    fn lines_of(&self, words: &[&str], mut each: impl FnMut(&str)) -> Outcome<()> {
        let words = [words, &["--data-dir", DATA]].concat();
        let mut child =
            soctop(self.program, self.folder, &words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(output).lines() {
            each(&line?);
        }
        child.wait()?;
        Ok(())
    }

    pub fn every_line_is_stored_once(&self, written: u64) -> Outcome<()> {
        let mut times = vec![0_u8; usize::try_from(written)?];
        let mut strangers = 0_u64;
        self.lines_of(
            &["search", "", "--limit", "100000000", "--format", "ndjson"],
            |line| match number_of(line).and_then(|number| times.get_mut(number)) {
                Some(times) => *times = times.saturating_add(1),
                None => strangers += 1,
            },
        )?;
        let of = |wanted: fn(u8) -> bool| times.iter().filter(|times| wanted(**times)).count();
        let (missing, doubled) = (of(|times| times == 0), of(|times| times > 1));
        println!("{written} lines written: {missing} missing, {doubled} doubled, {strangers} strange");
        expect(missing == 0 && doubled == 0 && strangers == 0, "every line is stored once")?;
        let mut gaps = Vec::new();
        self.lines_of(&["search", "kind:gap", "--format", "ndjson"], |gap| gaps.push(gap.to_owned()))?;
        expect(gaps.is_empty(), &format!("nothing is said to be lost: {gaps:#?}"))?;
        let found = soctop::index::examine(&self.folder.join(DATA), true)?;
        let payload = found.payload.ok_or("the store does not say how far it is")?;
        let read: u64 = payload.cursors.iter().map(|cursor| cursor.lines).sum();
        println!("{read} lines by the positions of {} files", payload.cursors.len());
        expect(read == written, "the positions agree with the lines")?;
        expect(found.partitions.iter().all(|part| part.damage.is_empty()), "nothing is damaged")
    }

    pub fn every_attacker_is_told_of_once(&self, attackers: u64) -> Outcome<()> {
        let mut wrong = Vec::new();
        for attacker in 0..attackers {
            let mut states: BTreeMap<String, u64> = BTreeMap::new();
            self.lines_of(&["trace", &attack::id_of(attacker, 0), "--format", "ndjson"], |line| {
                if line.contains("\"kind\":\"alert\"") && line.contains(RULE) {
                    *states.entry(state_of(line)).or_default() += 1;
                }
            })?;
            let opened = states.iter().filter(|(state, _)| state.contains("\"open\"")).count();
            if opened != 1 || states.values().any(|times| *times != 1) {
                wrong.push(format!("{attacker}: {states:?}"));
            }
        }
        println!("{attackers} attackers, {} of them not told of once", wrong.len());
        expect(wrong.is_empty(), &format!("every attacker is told of once: {wrong:?}"))?;
        let said = fs::read_to_string(self.folder.join(ALERTS))?;
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        let victims =
            said.lines().filter(|line| line.contains("would be locked") && !line.contains("(update)"));
        for victim in
            victims.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("victim")))
        {
            *times.entry(victim).or_default() += 1;
        }
        let twice: Vec<&&str> =
            times.iter().filter(|(_, times)| **times > 1).map(|(victim, _)| victim).collect();
        println!("{} of them were printed", times.len());
        expect(twice.is_empty(), &format!("nobody is printed twice: {twice:?}"))
    }

    /// Of what is made on the way to a file nothing is left, whatever has happened.
    pub fn nothing_is_left_behind(&self) -> Outcome<()> {
        let remarks = fs::read_to_string(self.folder.join(REMARKS))?;
        println!("{} remarks", remarks.lines().count());
        expect(!remarks.contains("panicked"), "no thread breaks down")?;
        let mut left = Vec::new();
        leftovers(&self.folder.join(DATA), &mut left)?;
        expect(left.is_empty(), &format!("no temporary file is left behind: {left:?}"))?;
        let side_files = |kind: &str| {
            let names = fs::read_dir(self.folder.join(DATA)).into_iter().flatten().flatten();
            names.filter(|entry| entry.file_name().to_string_lossy().starts_with(kind)).count()
        };
        expect(side_files("cursors-") <= 1 && side_files("detection-") <= 1, "old side files are removed")
    }
}

fn leftovers(folder: &Path, left: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_left = name.starts_with(".tmp")
            || name.ends_with(".new")
            || name.ends_with(".unfinished")
            || name.starts_with("removed-");
        if is_left {
            left.push(name);
        } else if entry.file_type()?.is_dir() {
            leftovers(&entry.path(), left)?;
        }
    }
    Ok(())
}

/// The number of a line that is stored, from its message.
fn number_of(record: &str) -> Option<usize> {
    let rest = record.split(" number ").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest.get(..end)?.parse().ok()
}

/// An alert by its id, its state and its count: no two are the same.
fn state_of(alert: &str) -> String {
    let part = |name: &str| {
        let value = alert.split(&format!("\"{name}\":")).nth(1).unwrap_or_default();
        value.split(',').next().unwrap_or_default().to_owned()
    };
    [part("alert_id"), part("status"), part("count")].join(" ")
}

/// The second half of a run takes about as much memory as the first.
pub fn memory_has_not_grown(peaks: &[(Duration, u64)], span: Duration) -> Outcome<()> {
    let most = |second: bool| {
        let of_half = peaks.iter().filter(|(when, _)| (*when > span / 2) == second);
        of_half.map(|(_, peak)| *peak).max().unwrap_or_default()
    };
    let (first, second) = (most(false), most(true));
    println!("{first} MB at most in the first half, {second} MB in the second");
    expect(first.max(second) < BOUND_MB, "memory stays in its bound")?;
    expect(second <= first + first * GROWTH_PERCENT / 100, "memory does not grow on and on")
}
